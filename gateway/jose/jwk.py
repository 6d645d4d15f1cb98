"""Public keys as JSON Web Keys (RFC 7517) and their thumbprints (RFC 7638): Ed25519 and P-256 only.

A key with secret members is refused.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from gateway.domain import sentences as say
from gateway.exchange_log.ed25519 import is_weak_key
from gateway.jose.jws import JoseBroken, VerifyingKey, decoded, encoded

_LENGTH = 32
_SECRET = frozenset("d k p q dp dq qi oth".split())


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key and its ids."""

    key: VerifyingKey
    #: `EdDSA` or `ES256`
    algorithm: str
    #: RFC 7638
    thumbprint: str
    #: the owner's id for it; by default the thumbprint
    kid: str


def from_jwk(jwk: dict[str, Any]) -> PublicKey:
    """The key of a JWK. Raises JoseBroken for a key that is not accepted."""
    if _SECRET & jwk.keys():
        raise JoseBroken(say.KEY_PRIVATE)
    kid, use = jwk.get("kid"), jwk.get("use", "sig")
    if not isinstance(kid, str | None) or use != "sig":
        raise JoseBroken(say.KEY_NOT_FOR_SIGNING)
    try:
        match jwk.get("kty"), jwk.get("crv"):
            case "OKP", "Ed25519":
                key: VerifyingKey = Ed25519PublicKey.from_public_bytes(_coordinate(jwk, "x"))
            case "EC", "P-256":
                x, y = (int.from_bytes(_coordinate(jwk, name)) for name in "xy")
                key = EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
            case _:
                raise JoseBroken(say.KEY_KIND_JWK)
    except ValueError:
        raise JoseBroken(say.KEY_NOT_ON_CURVE) from None
    found = of(key, kid)
    if jwk.get("alg", found.algorithm) not in {found.algorithm, jwk.get("crv")}:
        raise JoseBroken(say.KEY_ALGORITHM)
    return found


def from_pem(pem: bytes) -> PublicKey:
    """The key of a PEM file. Raises JoseBroken for a key that is not accepted."""
    if b"PRIVATE" in pem:
        raise JoseBroken(say.KEY_PRIVATE_PEM)
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise JoseBroken(say.KEY_NO_PEM) from None
    is_p256 = isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    if not isinstance(key, Ed25519PublicKey) and not is_p256:
        raise JoseBroken(say.KEY_KIND)
    assert isinstance(key, Ed25519PublicKey | EllipticCurvePublicKey)
    return of(key)


def of(key: VerifyingKey, kid: str | None = None) -> PublicKey:
    """The key with its ids. Raises JoseBroken for one of low order: forged signatures verify under it."""
    if isinstance(key, Ed25519PublicKey) and is_weak_key(key.public_bytes_raw()):
        raise JoseBroken(say.KEY_LOW_ORDER)
    name = thumbprint(jwk_of(key))
    return PublicKey(key, "EdDSA" if isinstance(key, Ed25519PublicKey) else "ES256", name, kid or name)


def jwk_of(key: VerifyingKey) -> dict[str, str]:
    """The members for the thumbprint (RFC 7638), in its order."""
    if isinstance(key, Ed25519PublicKey):
        return {
            "crv": "Ed25519",
            "kty": "OKP",
            "x": encoded(key.public_bytes(Encoding.Raw, PublicFormat.Raw)),
        }
    numbers = key.public_numbers()
    x, y = (encoded(one.to_bytes(_LENGTH)) for one in (numbers.x, numbers.y))
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


def thumbprint(jwk: dict[str, str]) -> str:
    """SHA-256 of the members, in base64url."""
    text = ",".join(f'"{name}":"{jwk[name]}"' for name in sorted(jwk))
    return encoded(hashlib.sha256(f"{{{text}}}".encode()).digest())


def thumbprint_bytes(hexadecimal: str) -> str:
    """A hexadecimal SHA-256 as base64url."""
    return encoded(bytes.fromhex(hexadecimal))


def _coordinate(jwk: dict[str, Any], name: str) -> bytes:
    text = jwk.get(name)
    raw = decoded(text) if isinstance(text, str) and len(text) < 64 else b""
    if len(raw) != _LENGTH:
        raise JoseBroken(say.KEY_BYTES(name=name))
    return raw
