"""Signed tokens of the simulated identity providers (RFC 7515, RFC 7519), good ones and forged ones.

Promises: keys are published on purpose. Each lie of `identity_lies` about a token changes one thing of a good token.
"""

import hashlib
import hmac
import secrets
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.sandbox.accounts import read_key
from adapters.sandbox.identity_lies import Lie

Claims = dict[str, Any]
#: the issuer of a forger
STRANGER = "https://stranger.sandbox.example/oauth2/token"
_DAY = 86_400
_HOUR = 3_600


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key that signs, and its id: the thumbprint (RFC 7638)."""

    private: RSAPrivateKey
    kid: str

    def public_jwk(self) -> dict[str, str]:
        """The public half, as `keys` of a JWK set has it."""
        return {**_members(self.private), "kid": self.kid, "use": "sig", "alg": "RS256"}


def token_key(private: RSAPrivateKey) -> TokenKey:
    """The key with its thumbprint."""
    canonical = orjson.dumps(_members(private), option=orjson.OPT_SORT_KEYS)
    return TokenKey(private, encoded(hashlib.sha256(canonical).digest()))


class ProviderKeys:
    """The keys of one provider: the newest signs, the others are still published."""

    def __init__(self, published: str, stranger: str) -> None:
        """`published`, `stranger`: private keys of the file, read when they are first needed."""
        self._published, self._stranger = published, stranger
        self._held: list[TokenKey] = []

    @property
    def newest(self) -> TokenKey:
        """The key that signs."""
        if not self._held:
            self._held.append(token_key(read_key(self._published)))
        return self._held[0]

    @property
    def stranger(self) -> TokenKey:
        """The key of a forger."""
        return token_key(read_key(self._stranger))

    def rotate(self, *, keep: bool) -> None:
        """Sign with a new key; `keep`: go on publishing the former ones."""
        former = [self.newest, *self._held[1:]] if keep else []
        self._held = [token_key(generate_private_key(65_537, 2_048)), *former]

    def published(self) -> dict[str, Any]:
        """The JWK set."""
        return {"keys": [self.newest.public_jwk(), *(one.public_jwk() for one in self._held[1:])]}

    def is_own(self, token: str) -> bool:
        """Whether a key that is still published signed a token."""
        text, _, signature = token.rpartition(".")
        return any(_is_signature(one.private, text, signature) for one in [self.newest, *self._held[1:]])

    def signed(self, claims: Claims, typ: str = "JWT") -> str:
        """A good token."""
        key = self.newest
        return signed({"alg": "RS256", "typ": typ, "kid": key.kid}, claims, key.private)


def encoded(raw: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def left_half(token: str) -> str:
    """`at_hash` of an access token (OpenID Connect Core 1.0, 3.1.3.6)."""
    return encoded(hashlib.sha256(token.encode()).digest()[:16])


def signed(header: Mapping[str, Any], claims: Claims | bytes, key: RSAPrivateKey) -> str:
    """Compact serialization, signed by `RS256` (`RS512` where the header says so)."""
    text = _signing_input(header, claims)
    digest = hashes.SHA512() if header.get("alg") == "RS512" else hashes.SHA256()
    return f"{text}.{encoded(key.sign(text.encode(), padding.PKCS1v15(), digest))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgery:
    """A good ID token's claims, and what a forger of it knows."""

    claims: Claims
    keys: ProviderKeys
    client_secret: str
    #: address of a stranger's keys and certificate
    stranger_at: str


def forged(lie: Lie, good: Forgery) -> str:
    """The ID token with the lie in it; a good one for a lie at another place."""
    if lie in _CLAIMS:
        return good.keys.signed(_CLAIMS[lie](dict(good.claims)))
    make = _TOKENS.get(lie)
    return make(good) if make is not None else good.keys.signed(good.claims)


def without(name: str) -> Callable[[Claims], Claims]:
    """Leaves a claim out."""
    return lambda claims: {key: value for key, value in claims.items() if key != name}


_CLAIMS: Mapping[Lie, Callable[[Claims], Claims]] = {
    Lie.WRONG_NONCE: lambda c: c | {"nonce": secrets.token_urlsafe(32)},
    Lie.MISSING_NONCE: without("nonce"),
    Lie.WRONG_AUD: lambda c: c | {"aud": "neighbour", "azp": "neighbour"},
    Lie.MORE_AUD: lambda c: c | {"aud": [c["aud"], "neighbour"], "azp": "neighbour"},
    Lie.MISSING_AUD: without("aud"),
    Lie.WRONG_ISS: lambda c: c | {"iss": STRANGER},
    Lie.ISS_WITH_SLASH: lambda c: c | {"iss": c["iss"] + "/"},
    Lie.EXPIRED: lambda c: c | {"iat": c["iat"] - 2 * _HOUR, "exp": c["iat"] - _HOUR},
    Lie.MISSING_EXP: without("exp"),
    Lie.EXP_AS_TEXT: lambda c: c | {"exp": str(c["exp"])},
    Lie.NOT_YET_VALID: lambda c: (
        c | {"iat": c["iat"] + _HOUR, "nbf": c["iat"] + _HOUR, "exp": c["iat"] + 2 * _HOUR}
    ),
    Lie.OLD_AUTHENTICATION: lambda c: c | {"auth_time": c["iat"] - 7 * _DAY},
    Lie.MISSING_SUB: without("sub"),
    Lie.WRONG_AT_HASH: lambda c: c | {"at_hash": left_half("another")},
}


def _none(name: str, *, with_signature: bool = False) -> Callable[[Forgery], str]:
    def made(good: Forgery) -> str:
        text = _signing_input({"alg": name, "typ": "JWT"}, good.claims)
        return f"{text}.{encoded(secrets.token_bytes(256)) if with_signature else ''}"

    return made


def _by_stranger(more: Callable[[Forgery, TokenKey], Mapping[str, Any]]) -> Callable[[Forgery], str]:
    """A token that a stranger signed, with more in the header."""

    def made(good: Forgery) -> str:
        stranger = good.keys.stranger
        header = {"alg": "RS256", "typ": "JWT", "kid": stranger.kid, **more(good, stranger)}
        return signed(header, good.claims, stranger.private)

    return made


def _stripped(good: Forgery) -> str:
    return good.keys.signed(good.claims).rpartition(".")[0] + "."


def _broken_signature(good: Forgery) -> str:
    head, _, signature = good.keys.signed(good.claims).rpartition(".")
    return f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def _changed_claim(good: Forgery) -> str:
    header, _, signature = good.keys.signed(good.claims).split(".")
    return f"{header}.{encoded(orjson.dumps(good.claims | {'sub': 'somebody-else'}))}.{signature}"


def _hs256(secret_of: Callable[[Forgery], bytes]) -> Callable[[Forgery], str]:
    def made(good: Forgery) -> str:
        header = {"alg": "HS256", "typ": "JWT", "kid": good.keys.newest.kid}
        text = _signing_input(header, good.claims)
        return f"{text}.{encoded(hmac.digest(secret_of(good), text.encode(), 'sha256'))}"

    return made


def _published_pem(good: Forgery) -> bytes:
    public = good.keys.newest.private.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _other_algorithm(good: Forgery) -> str:
    key = good.keys.newest
    return signed({"alg": "RS512", "typ": "JWT", "kid": key.kid}, good.claims, key.private)


def _crit(good: Forgery) -> str:
    key = good.keys.newest
    header = {"alg": "RS256", "kid": key.kid, "crit": ["http://sandbox.example/must"]}
    return signed({**header, "http://sandbox.example/must": True}, good.claims, key.private)


def _duplicate_claims(good: Forgery) -> str:
    key = good.keys.newest
    text = orjson.dumps(good.claims)[:-1] + b',"sub":"somebody-else"}'
    return signed({"alg": "RS256", "kid": key.kid}, text, key.private)


def _duplicate_header(good: Forgery) -> str:
    key = good.keys.newest
    header = encoded(orjson.dumps({"alg": "none", "kid": key.kid})[:-1] + b',"alg":"RS256"}')
    text = f"{header}.{encoded(orjson.dumps(good.claims))}"
    return f"{text}.{encoded(key.private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _encoded_twice(good: Forgery) -> str:
    """256 bytes end in a letter of which four bits count: the other bits are set."""
    token = good.keys.signed(good.claims)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + letters[letters.index(token[-1]) | 1]


def _json_serialization(good: Forgery) -> str:
    header, payload, signature = good.keys.signed(good.claims).split(".")
    return orjson.dumps({"protected": header, "payload": payload, "signature": signature}).decode()


def certificate(key: RSAPrivateKey) -> bytes:
    """A self-signed certificate of a stranger, DER."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sandbox stranger")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


_TOKENS: Mapping[Lie, Callable[[Forgery], str]] = {
    Lie.ALG_NONE: _none("none"),
    Lie.ALG_NONE_SIGNED: _none("nOnE", with_signature=True),
    Lie.STRIPPED: _stripped,
    Lie.BROKEN_SIGNATURE: _broken_signature,
    Lie.CHANGED_CLAIM: _changed_claim,
    Lie.HS256_PUBLIC_KEY: _hs256(_published_pem),
    Lie.HS256_CLIENT_SECRET: _hs256(lambda good: good.client_secret.encode()),
    Lie.OTHER_ALGORITHM: _other_algorithm,
    Lie.OTHER_KEY: _by_stranger(lambda good, _: {"kid": good.keys.newest.kid}),
    Lie.UNKNOWN_KID: _by_stranger(lambda _, stranger: {"kid": stranger.kid}),
    Lie.KID_PATH: _by_stranger(lambda *_: {"kid": "../../../dev/null' OR '1'='1"}),
    Lie.EMBEDDED_JWK: _by_stranger(lambda _, stranger: {"jwk": stranger.public_jwk()}),
    Lie.JKU: _by_stranger(lambda good, _: {"jku": f"{good.stranger_at}/jwks"}),
    Lie.X5U: _by_stranger(lambda good, _: {"x5u": f"{good.stranger_at}/certificate"}),
    Lie.X5C: _by_stranger(lambda _, one: {"x5c": [b64encode(certificate(one.private)).decode()]}),
    Lie.CRIT: _crit,
    Lie.DUPLICATE_CLAIMS: _duplicate_claims,
    Lie.DUPLICATE_HEADER: _duplicate_header,
    Lie.ENCODED_TWICE: _encoded_twice,
    Lie.JSON_SERIALIZATION: _json_serialization,
}


def logout_token(lie: Lie | None, claims: Claims, keys: ProviderKeys, id_token: str) -> str:
    """A logout token (Back-Channel Logout 1.0, 2.4); with a lie in it where there is one."""
    header = {"alg": "RS256", "typ": "logout+jwt", "kid": keys.newest.kid}
    match lie:
        case Lie.ID_TOKEN_AS_LOGOUT_TOKEN:
            return id_token
        case Lie.LOGOUT_ALG_NONE:
            return _signing_input({"alg": "none", "typ": "logout+jwt"}, claims) + "."
        case Lie.LOGOUT_OTHER_KEY:
            return signed(header, claims, keys.stranger.private)
        case None:
            return signed(header, claims, keys.newest.private)
        case _:
            return signed(header, _LOGOUT[lie](dict(claims)), keys.newest.private)


_LOGOUT: Mapping[Lie, Callable[[Claims], Claims]] = {
    Lie.LOGOUT_NONCE: lambda c: c | {"nonce": "n"},
    Lie.LOGOUT_NO_EVENTS: without("events"),
    Lie.LOGOUT_WRONG_AUD: lambda c: c | {"aud": "neighbour"},
    Lie.LOGOUT_EXPIRED: lambda c: c | {"iat": c["iat"] - _DAY, "exp": c["exp"] - _DAY},
    Lie.LOGOUT_NOBODY: lambda c: without("sub")(without("sid")(c)),
}


def _is_signature(key: RSAPrivateKey, text: str, signature: str) -> bool:
    try:
        raw = urlsafe_b64decode(signature + "==")
        key.public_key().verify(raw, text.encode(), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def _signing_input(header: Mapping[str, Any], claims: Claims | bytes) -> str:
    payload = claims if isinstance(claims, bytes) else orjson.dumps(claims)
    return f"{encoded(orjson.dumps(dict(header)))}.{encoded(payload)}"


def _members(private: RSAPrivateKey) -> dict[str, str]:
    numbers = private.public_key().public_numbers()
    modulus = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8)
    return {"e": encoded(numbers.e.to_bytes(3)), "kty": "RSA", "n": encoded(modulus)}
