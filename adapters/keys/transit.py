"""Keys held by a transit engine (the HTTP interface of Vault and OpenBao), which sign and wrap without leaving it.

`url` is the address of the engine (`https://vault.example:8200/v1/transit`), `key` the name of the key there.
One version of a key is used (`options: {version: "1"}`): another version is another key, and has its own setting
while keys are changed. Each use is one call, which gives up after five seconds without a byte.
"""

import base64
import binascii
import http.client
import json
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from gateway.domain import sentences as say
from gateway.domain.errors import ConfigError, KeyUnavailable, Problem
from gateway.ports.keys import ED25519, ES256, KeyWrapper, Signer, SignerPublicKey

if TYPE_CHECKING:
    from gateway.config.values import KeyService

_SECONDS = 5.0
_ANSWER_BYTES = 65_536
_PLACE = "config/gateway.yaml"
_MARK = b"vault:"
_OPTIONS = {"ca", "version"}
_ALGORITHMS = {"ed25519": ED25519, "ecdsa-p256": ES256}


class Engine:
    """One engine, and one version of one key in it."""

    def __init__(self, settings: "KeyService") -> None:
        """Raises ConfigError for an address, options or a token that cannot be used; calls nobody."""
        parts = urlsplit(settings.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or set(settings.options) - _OPTIONS:
            raise _unfit("the address or an option cannot be used", "write 'url: https://…/v1/transit'")
        version = settings.options.get("version", "1")
        if not (version.isascii() and version.isdecimal() and int(version)):
            raise _unfit(f"'version: {version}' is no version", "write a number from 1 on")
        self.version = int(version)
        self.name = f"{settings.key} v{version}"
        self._key = quote(settings.key, safe="")
        self._host, self._port, self._path = parts.hostname, parts.port, parts.path.rstrip("/")
        self._headers = {"Content-Type": "application/json", "X-Vault-Request": "true"}
        if settings.token is not None:
            self._headers["X-Vault-Token"] = settings.token.reveal().strip()
        try:
            ca = settings.options.get("ca")
            self._tls = ssl.create_default_context(cafile=ca) if parts.scheme == "https" else None
        except (OSError, ValueError):
            raise _unfit("the certificates of 'ca' cannot be read", "name a PEM file") from None

    def ask(self, verb: str, body: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """Its data; None if it refuses the input (400). KeyUnavailable when there is no answer that holds."""
        connection = self._connection()
        try:
            path = f"{self._path}/{verb}/{self._key}"
            sent = None if body is None else json.dumps(body).encode()
            connection.request("GET" if body is None else "POST", path, sent, self._headers)
            with connection.getresponse() as answer:
                content = answer.read(_ANSWER_BYTES)
            if answer.status == http.client.BAD_REQUEST:
                return None
            found = json.loads(content)["data"] if answer.status == http.client.OK else None
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
            raise KeyUnavailable(say.HOLDER_SILENT) from None
        finally:
            connection.close()
        if not isinstance(found, dict):
            raise KeyUnavailable(say.HOLDER_REFUSES)
        return found

    def _connection(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=_SECONDS)
        return http.client.HTTPSConnection(self._host, self._port, timeout=_SECONDS, context=self._tls)


class TransitSigner:
    """A key that signs there."""

    def __init__(self, engine: Engine) -> None:
        """Asks once for the public key. ConfigError for one that does not sign, KeyUnavailable without an answer."""
        self._engine = engine
        self.name = engine.name
        found = engine.ask("keys") or {}
        self.algorithm = _ALGORITHMS.get(str(found.get("type")), "")
        versions = found.get("keys")
        given: Any = versions.get(str(engine.version)) if isinstance(versions, dict) else None
        try:
            self._public = _public(str(given["public_key"]), self.algorithm)
        except (KeyError, TypeError, ValueError, binascii.Error):
            what = f"the key '{engine.name}' does not sign"
            raise _unfit(what, "make one of type ed25519 or ecdsa-p256") from None

    def public_key(self) -> SignerPublicKey:
        """What verifies."""
        return self._public

    def sign(self, data: bytes, /) -> bytes:
        """64 bytes."""
        body: dict[str, Any] = {"input": _encoded(data), "key_version": self._engine.version}
        if self.algorithm == ES256:
            body |= {"hash_algorithm": "sha2-256", "marshaling_algorithm": "jws"}
        signature = _value(self._engine.ask("sign", body), "signature").rpartition(":")[2]
        return _decoded(signature.replace("-", "+").replace("_", "/") + "=" * (-len(signature) % 4))


class TransitRoot:
    """A key that wraps there."""

    def __init__(self, engine: Engine) -> None:
        """Asks nothing yet."""
        self._engine = engine
        self.name = engine.name

    def wrap(self, plain: bytes, context: bytes) -> bytes:
        """The engine's own text, which names the version."""
        body = {
            "plaintext": _encoded(plain), "associated_data": _encoded(context), "key_version": self._engine.version,
        }  # fmt: skip
        return _value(self._engine.ask("encrypt", body), "ciphertext").encode()

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes | None:
        """What was wrapped; None if this version did not wrap it. What other keys wrapped is not sent."""
        if not wrapped.startswith(_MARK + b"v%d:" % self._engine.version) or not wrapped.isascii():
            return None
        body = {"ciphertext": wrapped.decode("ascii"), "associated_data": _encoded(context)}
        found = self._engine.ask("decrypt", body)
        return None if found is None else _decoded(_value(found, "plaintext"))

    def derive(self, label: bytes) -> bytes:
        """32 bytes: HMAC-SHA-256 under this version."""
        body = {"input": _encoded(label), "algorithm": "sha2-256", "key_version": self._engine.version}
        return _decoded(_value(self._engine.ask("hmac", body), "hmac").rpartition(":")[2])


def _public(text: str, algorithm: str) -> SignerPublicKey:
    if algorithm == ED25519:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    key = load_pem_public_key(text.encode())
    if (
        algorithm != ES256
        or not isinstance(key, EllipticCurvePublicKey)
        or not isinstance(key.curve, SECP256R1)
    ):
        raise ValueError("another kind of key")
    return key


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise KeyUnavailable(say.HOLDER_NO_BASE64) from None


def _value(found: dict[str, Any] | None, name: str) -> str:
    value = (found or {}).get(name)
    if not isinstance(value, str) or not value:
        raise KeyUnavailable(say.HOLDER_REFUSES)
    return value


def _unfit(what: str, remedy: str) -> ConfigError:
    return ConfigError([Problem(_PLACE, 0, what, remedy)])


def open_signer(settings: "KeyService") -> Signer:
    """The key that signs. Raises ConfigError if it is none, KeyUnavailable while nobody answers."""
    return TransitSigner(Engine(settings))


def open_root(settings: "KeyService") -> KeyWrapper:
    """The key that wraps. Raises ConfigError for unfit settings."""
    return TransitRoot(Engine(settings))
