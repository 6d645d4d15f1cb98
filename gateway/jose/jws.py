"""Compact JWS (RFC 7515) over two algorithms, EdDSA with Ed25519 (RFC 8037) and ES256 (RFC 7518), and nothing else.

The size is limited before decoding. Only canonical base64url, no member twice, no unknown header member:
`crit`, `jku`, `x5u`, `x5c`, `b64` and `zip` are refused. A key is taken from a message only if the
caller asks for it (DPoP); a `kid` is only compared with known ids.

Not joserfc (1.8, as fast): it accepts a header member twice and keys of low order, warns at each use of `EdDSA`, and
cannot sign with a key held by another service.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, TypeGuard

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.domain import i_json
from gateway.domain import sentences as say
from gateway.domain.i_json import NotIJson
from gateway.domain.sentences import Sentence

#: name in a header -> the algorithm; RFC 9864 calls EdDSA over Ed25519 by the curve's name
ALGORITHMS = {"EdDSA": "EdDSA", "Ed25519": "EdDSA", "ES256": "ES256"}
LARGEST = 8_192
_SIGNATURE = 64
_HALF = 32
_DEEPEST, _LARGEST = 16, 2**53
_KNOWN = frozenset({"alg", "typ", "kid", "jwk"})
_ES256 = ECDSA(SHA256())

VerifyingKey = Ed25519PublicKey | EllipticCurvePublicKey
PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey


class JoseBroken(Exception):
    """A compact JWS that is malformed, not of an accepted kind, or not signed by the key."""

    def __init__(self, sentence: Sentence) -> None:
        """`sentence`: the fault, without a quotation."""
        super().__init__(sentence.en)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Jws:
    """A well-formed message, not verified yet."""

    algorithm: str
    #: lower case, without `application/`; empty if absent
    typ: str
    kid: str | None
    #: the member `jwk`, only with `with_key`
    jwk: dict[str, Any] | None
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def read(token: str, *, with_key: bool = False) -> Jws:
    """The parsed message. Raises JoseBroken.

    `with_key`: its header must have a `jwk`; without, it must not.
    """
    if len(token) > LARGEST:
        raise JoseBroken(say.JWS_TOO_LONG(largest=LARGEST))
    parts = token.split(".")
    if len(parts) != 3:
        raise JoseBroken(say.JWS_NOT_THREE_PARTS)
    header = json_object(decoded(parts[0]))
    algorithm, typ, kid, jwk = _checked(header, with_key=with_key)
    signature = decoded(parts[2])
    if len(signature) != _SIGNATURE:
        raise JoseBroken(say.JWS_SIGNATURE_LENGTH)
    signed = f"{parts[0]}.{parts[1]}".encode()
    return Jws(algorithm, typ, kid, jwk, json_object(decoded(parts[1])), signed, signature)


def _checked(header: dict[str, Any], *, with_key: bool) -> tuple[str, str, str | None, dict[str, Any] | None]:
    if not header.keys() <= _KNOWN:
        raise JoseBroken(say.JWS_HEADER_MEMBERS)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise JoseBroken(say.JWS_ALGORITHM)
    typ, kid, jwk = header.get("typ", ""), header.get("kid"), header.get("jwk")
    if not isinstance(typ, str) or not isinstance(kid, str | None) or ("kid" in header and kid is None):
        raise JoseBroken(say.JWS_HEADER_TYPE)
    if with_key != isinstance(jwk, dict) or ("jwk" in header) != with_key:
        raise JoseBroken(say.JWS_KEY_WANTED if with_key else say.JWS_KEY_UNWANTED)
    return ALGORITHMS[algorithm], typ.lower().removeprefix("application/"), kid, jwk


def is_signed_by(message: Jws, key: VerifyingKey) -> bool:
    """Whether the key made the signature, with the key's own algorithm."""
    own = "EdDSA" if isinstance(key, Ed25519PublicKey) else "ES256"
    return message.algorithm == own and verifies(key, message.signature, message.signed)


def verifies(key: VerifyingKey, signature: bytes, signed: bytes) -> bool:
    """Whether the key made a raw signature of 64 bytes: Ed25519 (RFC 8032), or ECDSA as r and s."""
    if len(signature) != _SIGNATURE:
        return False
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, signed)
        else:
            r, s = (int.from_bytes(half) for half in (signature[:_HALF], signature[_HALF:]))
            key.verify(encode_dss_signature(r, s), signed, _ES256)
    except InvalidSignature:
        return False
    return True


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether a claim is a number (RFC 7519, NumericDate), not true or false."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def sign(header: dict[str, Any], claims: dict[str, Any], key: PrivateKey) -> str:
    """A compact JWS; `alg` is the key's own."""
    is_edwards = isinstance(key, Ed25519PrivateKey)
    head = {"alg": "EdDSA" if is_edwards else "ES256", **header}
    signed = f"{encoded(_compact(head))}.{encoded(_compact(claims))}"
    if isinstance(key, Ed25519PrivateKey):
        signature = key.sign(signed.encode())
    else:
        r, s = decode_dss_signature(key.sign(signed.encode(), _ES256))
        signature = r.to_bytes(_HALF) + s.to_bytes(_HALF)
    return f"{signed}.{encoded(signature)}"


def decoded(text: str) -> bytes:
    """Bytes from canonical base64url without padding. Raises JoseBroken."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise JoseBroken(say.JWS_NOT_BASE64) from None
    if encoded(raw) != text:
        raise JoseBroken(say.JWS_SPELLING)
    return raw


def encoded(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def json_object(raw: bytes) -> dict[str, Any]:
    """A JSON object without duplicate members. Raises JoseBroken."""
    try:
        found, _ = i_json.parse(raw, _DEEPEST, _LARGEST, _LARGEST)
    except NotIJson:
        raise JoseBroken(say.JWS_NO_PLAIN_OBJECT) from None
    if not isinstance(found, dict):
        raise JoseBroken(say.JWS_NO_OBJECT)
    return found


def _compact(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
