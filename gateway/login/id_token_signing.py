"""ID tokens and logout tokens (OpenID Connect Core 1.0, 2; Back-Channel Logout 1.0, 2.4), and the keys that sign them.

A bundle has one key for each algorithm: RS256 (which every client knows), ES256, EdDSA. The current bundle signs, the
next is published before it signs, and the former one until what it signed has ended.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.config.gateway import LoginKeySettings
from gateway.config.values import Secret
from gateway.domain.errors import ConfigError, Problem
from gateway.exchange_log.durable import create_file
from gateway.exchange_log.key_files import SuccessiveKeys
from gateway.jose import jwk, jws
from gateway.jose.jws import JoseBroken

ALGORITHMS = ("RS256", "ES256", "EdDSA")
_BITS, _EXPONENT = 2_048, 65_537
_END = b"-----END PRIVATE KEY-----"
_LARGEST = 8_192

_PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class LoginSigningKey:
    """One key; its id is its thumbprint (RFC 7638)."""

    algorithm: str
    kid: str
    private: _PrivateKey
    public: Mapping[str, str]

    @classmethod
    def of(cls, private: _PrivateKey) -> "LoginSigningKey":
        """A private key with its ids."""
        if isinstance(private, RSAPrivateKey):
            algorithm, public = "RS256", _rsa_jwk(private.public_key())
        else:
            algorithm = "EdDSA" if isinstance(private, Ed25519PrivateKey) else "ES256"
            public = jwk.jwk_of(private.public_key())
        return cls(algorithm, jwk.thumbprint(public), private, public)

    def sign(self, header: Mapping[str, str], claims: Mapping[str, Any]) -> str:
        """A compact JWS."""
        head = {**header, "alg": self.algorithm, "kid": self.kid}
        if not isinstance(self.private, RSAPrivateKey):
            return jws.sign(head, dict(claims), self.private)
        signed = f"{jws.encoded(orjson.dumps(head))}.{jws.encoded(orjson.dumps(claims))}"
        return f"{signed}.{jws.encoded(self.private.sign(signed.encode(), PKCS1v15(), SHA256()))}"

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made a signature."""
        public = self.private.public_key()
        if not isinstance(public, RSAPublicKey):
            return jws.verifies(public, signature, message)
        try:
            public.verify(signature, message, PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True


#: algorithm -> key
Bundle = Mapping[str, LoginSigningKey]


class LoginKeys:
    """The keys in use; `refresh` reads changes."""

    def __init__(
        self, read: Callable[[], Sequence[Bundle]], stamp: Callable[[], object] = lambda: None
    ) -> None:
        """`read` returns the stored bundles, the current one first; `stamp` a value that changes with them."""
        self._read = read
        self._stamp_of = stamp
        self._stamp: object = None
        self._bundles: Sequence[Bundle] = ()
        self._load()

    def refresh(self) -> None:
        """Read the stored keys, if they changed. Raises ConfigError."""
        if self._stamp_of() != self._stamp:
            self._load()

    def current(self, algorithm: str) -> LoginSigningKey | None:
        """The key that signs by this algorithm."""
        return self._bundles[0].get(algorithm)

    def named(self, kid: object) -> LoginSigningKey | None:
        """The key with this id."""
        return next((one for one in self._all() if one.kid == kid), None)

    def jwks(self) -> list[dict[str, Any]]:
        """The public keys."""
        return [{**one.public, "kid": one.kid, "alg": one.algorithm, "use": "sig"} for one in self._all()]

    def _all(self) -> Iterator[LoginSigningKey]:
        for bundle in self._bundles:
            yield from bundle.values()

    def _load(self) -> None:
        stamp = self._stamp_of()
        self._bundles = self._read()
        self._stamp = stamp


class IdTokens:
    """Signs for systems, and reads what it signed."""

    def __init__(self, keys: LoginKeys) -> None:
        """With the keys in use."""
        self._keys = keys

    def sign(self, claims: Mapping[str, Any], algorithm: str, typ: str = "JWT") -> str:
        """A signed token; `typ` of logout tokens is `logout+jwt`."""
        key = self._keys.current(algorithm)
        assert key is not None, algorithm  # `check_algorithms` looked
        return key.sign({"typ": typ}, claims)

    def hint(self, token: str, issuer: str) -> Mapping[str, Any] | None:
        """The claims of an ID token that this gateway signed, also an expired one; None for any other text."""
        parts = token.split(".")
        if len(token) > _LARGEST or len(parts) != 3:
            return None
        try:
            header, claims = (jws.json_object(jws.decoded(one)) for one in parts[:2])
            key, signature = self._keys.named(header.get("kid")), jws.decoded(parts[2])
        except JoseBroken:
            return None
        if key is None or header.get("alg") != key.algorithm or header.get("typ") != "JWT":
            return None
        signed = key.signed(f"{parts[0]}.{parts[1]}".encode(), signature)
        return claims if signed and claims.get("iss") == issuer else None


def left_half(text: str, algorithm: str) -> str:
    """`at_hash` (OpenID Connect Core 1.0, 3.1.3.6): half a digest, of the algorithm's own hash."""
    digest = (hashlib.sha512 if algorithm == "EdDSA" else hashlib.sha256)(text.encode()).digest()
    return jws.encoded(digest[: len(digest) // 2])


def open_keys(settings: LoginKeySettings, folder: Path) -> LoginKeys:
    """The keys of the configuration, else of the state folder, where missing ones are made (slow).

    Raises ConfigError.
    """
    if settings.signing_key is None:
        return LoginKeys(lambda: bundles_in(folder), files_in(folder).stamps)
    names = ("signing_key", "next_signing_key", "former_signing_key")
    given = [(name, getattr(settings, name)) for name in names]
    bundles = [
        _bundle(secret.reveal().encode(), f"access.login.{name}")
        for name, secret in given
        if secret is not None
    ]
    return LoginKeys(lambda: bundles)


def check_algorithms(keys: LoginKeys, used: Collection[str]) -> None:
    """Raises ConfigError when there is no key for an algorithm that a system wants."""
    for algorithm in sorted(used):
        if keys.current(algorithm) is None:
            what = f"it has no key for {algorithm}, which a requester's 'login.id_token_alg' wants"
            remedy = f"add a private key for {algorithm} to the text, or use RS256 there"
            raise ConfigError([Problem("access.login.signing_key", 0, what, remedy)])


def check_bundle(secret: Secret, used: Collection[str]) -> None:
    """Raises ConfigError for a text that lacks keys: RS256 always, and the algorithms that systems want."""
    bundle = _bundle(secret.reveal().encode(), "access.login.signing_key")
    check_algorithms(LoginKeys(lambda: [bundle]), used)


def files_in(folder: Path) -> SuccessiveKeys:
    """The files of a state folder."""
    return SuccessiveKeys.of(folder, "login-signing")


def bundles_in(folder: Path) -> list[Bundle]:
    """The bundles of a state folder: current, next, former; missing current and next ones are made."""
    files = files_in(folder)
    for path in (files.current, files.next):
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            create_file(path, new_bundle())
    return [_bundle(path.read_bytes(), path.name) for path in files if path.exists()]


def names_in(folder: Path) -> dict[str, str]:
    """Algorithm -> id of the key that signs by it; empty without keys."""
    path = files_in(folder).current
    found = _bundle(path.read_bytes(), path.name) if path.exists() else {}
    return {algorithm: key.kid for algorithm, key in found.items()}


def rotate(folder: Path) -> None:
    """Rotate, with a new next bundle; after an interruption the next call continues. Raises OSError."""
    bundles_in(folder)
    files_in(folder).rotate(new_bundle())


def replace_all(folder: Path) -> None:
    """Replace all keys, if they may be stolen: what they signed is refused."""
    files_in(folder).replace(new_bundle(), new_bundle())


def new_bundle() -> bytes:
    """New keys, one for each algorithm, as PEM."""
    keys: list[_PrivateKey] = [
        generate_rsa_key(_EXPONENT, _BITS), generate_private_key(SECP256R1()), Ed25519PrivateKey.generate(),
    ]  # fmt: skip
    return b"".join(one.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) for one in keys)


def _bundle(pem: bytes, place: str) -> Bundle:
    """The keys of a PEM text (PKCS #8, one after the other). Raises ConfigError."""
    found: dict[str, LoginSigningKey] = {}
    for block in pem.split(_END)[:-1]:
        try:
            # Whether factors are prime takes longer than the rest of a start: what is tried is that it signs.
            pem_block = block.strip() + b"\n" + _END + b"\n"
            private = load_pem_private_key(pem_block, None, unsafe_skip_rsa_key_validation=True)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise _unusable(place) from None
        if not isinstance(private, _PrivateKey) or not _is_strong(private):
            raise _unusable(place)
        key = LoginSigningKey.of(private)
        if isinstance(private, RSAPrivateKey) and not _signs(key, private):
            raise _unusable(place)
        found[key.algorithm] = key
    if "RS256" not in found:
        raise _unusable(place)
    return found


def _signs(key: LoginSigningKey, private: RSAPrivateKey) -> bool:
    """Whether what it signs verifies: its parts belong together."""
    try:
        return key.signed(b"", private.sign(b"", PKCS1v15(), SHA256()))
    except ValueError:
        return False


def _is_strong(private: _PrivateKey) -> bool:
    if isinstance(private, RSAPrivateKey):
        return private.key_size >= _BITS
    return not isinstance(private, EllipticCurvePrivateKey) or isinstance(private.curve, SECP256R1)


def _rsa_jwk(key: RSAPublicKey) -> dict[str, str]:
    numbers = key.public_numbers()
    e, n = (jws.encoded(one.to_bytes((one.bit_length() + 7) // 8)) for one in (numbers.e, numbers.n))
    return {"e": e, "kty": "RSA", "n": n}


def _unusable(place: str) -> ConfigError:
    remedy = (
        "write private keys as PEM (PKCS #8): an RSA key of 2048 bits or more, then P-256 and Ed25519 if used"
    )
    return ConfigError([Problem(place, 0, "it has no keys that can sign ID tokens", remedy)])
