"""Tokens that another issuer signed (RFC 7519), and the keys that it publishes (RFC 7517, 7518).

RS256 and PS256 with 2048 bits or more, ES256, EdDSA with Ed25519; the caller says which of them count. A key is never
taken from a token: its header may only name one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.domain import sentences as say
from gateway.jose import jwk, jws
from gateway.jose.jws import JoseBroken

LEAST_BITS, MOST_BITS = 2_048, 8_192
_SHA256: Final = SHA256()
#: of RSA
_PADDINGS: Final[Mapping[str, AsymmetricPadding]] = {
    "RS256": PKCS1v15(),
    "PS256": PSS(MGF1(_SHA256), _SHA256.digest_size),
}
#: name in a header -> the algorithm
ALGORITHMS: Final[Mapping[str, str]] = {**jws.ALGORITHMS, **{name: name for name in _PADDINGS}}
#: `x5t` names a certificate; no key is read from it
_KNOWN = frozenset({"alg", "typ", "kid", "x5t", "x5t#S256"})
#: keys of one issuer
_MOST_KEYS = 64
_LONGEST_EXPONENT = 8

IssuerKey = jws.VerifyingKey | RSAPublicKey


@dataclass(frozen=True, slots=True)
class ForeignToken:
    """A well-formed token, not verified yet."""

    algorithm: str
    #: lower case, without `application/`; empty if absent
    typ: str
    kid: str | None
    claims: Mapping[str, Any] = field(repr=False)
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class JwkSetKey:
    """A key of a JWK set. Blank `kid`, `algorithm`: the issuer does not say."""

    key: IssuerKey
    kid: str
    algorithm: str

    def fits(self, token: ForeignToken) -> bool:
        """Whether the token may be signed by it."""
        named = token.kid is None or self.kid in {"", token.kid}
        return named and self.algorithm in {"", token.algorithm}


def read(
    token: str, algorithms: Mapping[str, str] = ALGORITHMS, *, largest: int = jws.LARGEST
) -> ForeignToken:
    """The parsed token. Raises JoseBroken."""
    if len(token) > largest:
        raise JoseBroken(say.JWS_TOO_LONG(largest=largest))
    parts = token.split(".")
    if len(parts) != 3:
        raise JoseBroken(say.JWS_NOT_THREE_PARTS)
    header = jws.json_object(jws.decoded(parts[0]))
    algorithm, typ, kid = header.get("alg"), header.get("typ", ""), header.get("kid")
    if not header.keys() <= _KNOWN:
        raise JoseBroken(say.JWS_HEADER_MEMBERS)
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise JoseBroken(say.LOGIN_ALGORITHM)
    if not isinstance(typ, str) or not isinstance(kid, str | None) or ("kid" in header and kid is None):
        raise JoseBroken(say.JWS_HEADER_TYPE)
    claims, signed = jws.json_object(jws.decoded(parts[1])), f"{parts[0]}.{parts[1]}".encode()
    kind = typ.lower().removeprefix("application/")
    return ForeignToken(algorithms[algorithm], kind, kid, claims, signed, jws.decoded(parts[2]))


def is_signed_by(token: ForeignToken, key: IssuerKey) -> bool:
    """Whether the key made the signature; a key of another kind than the algorithm's made none."""
    if not isinstance(key, RSAPublicKey):
        message = jws.Jws(token.algorithm, "", None, None, {}, token.signed, token.signature)
        return jws.is_signed_by(message, key)
    padding = _PADDINGS.get(token.algorithm)
    if padding is None or key.key_size < LEAST_BITS:
        return False
    try:
        key.verify(token.signature, token.signed, padding, _SHA256)
    except InvalidSignature:
        return False
    return True


def key_set(found: object) -> tuple[JwkSetKey, ...]:
    """The usable keys of a JWK set, parsed; others are left out. Raises JoseBroken when it is no set."""
    keys = found.get("keys") if isinstance(found, Mapping) else None
    if not isinstance(keys, list) or len(keys) > _MOST_KEYS:
        raise JoseBroken(say.KEY_SET)
    return tuple(key for one in keys if isinstance(one, dict) and (key := _published(one)) is not None)


def _published(one: dict[str, Any]) -> JwkSetKey | None:
    """None: a key for something else, of another kind, or too weak."""
    kid, algorithm, purposes = one.get("kid", ""), one.get("alg", ""), one.get("key_ops", ["verify"])
    if not isinstance(kid, str) or not isinstance(algorithm, str) or not isinstance(purposes, list):
        return None
    if "verify" not in purposes or (algorithm and algorithm not in ALGORITHMS):
        return None
    try:
        key = _rsa(one) if one.get("kty") == "RSA" else jwk.from_jwk({**one, "kid": kid or None}).key
    except (JoseBroken, ValueError):
        return None
    return JwkSetKey(key, kid, ALGORITHMS.get(algorithm, ""))


def _rsa(one: dict[str, Any]) -> RSAPublicKey:
    """Raises JoseBroken or ValueError for a key that is not accepted."""
    modulus, exponent = one.get("n"), one.get("e")
    if one.get("use", "sig") != "sig" or not isinstance(modulus, str) or not isinstance(exponent, str):
        raise ValueError("no key for signatures")
    number = int.from_bytes(jws.decoded(modulus))
    if len(exponent) > _LONGEST_EXPONENT or not LEAST_BITS <= number.bit_length() <= MOST_BITS:
        raise ValueError("too weak, or too large to verify with")
    return RSAPublicNumbers(int.from_bytes(jws.decoded(exponent)), number).public_key()
