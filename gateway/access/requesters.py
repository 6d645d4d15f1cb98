"""The requesters of the configuration, by client id and by requester id."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.access.certificates import Pinned, pinned
from gateway.config.access import CertificateSettings, KeySettings, Method, RequesterSettings
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.identifiers import RequesterId
from gateway.domain.parties import Requester
from gateway.jose import jwk
from gateway.jose.jws import JoseBroken


@dataclass(frozen=True, slots=True)
class RegisteredRequester:
    """One requester and its credentials."""

    requester: Requester
    agency: str
    client_id: str
    method: Method
    #: SHA-256 of its secret; empty for none
    secret: bytes
    keys: tuple[jwk.PublicKey, ...]
    certificate: CertificateSettings | None
    pinned: Pinned | None
    needs_dpop: bool
    revoked: bool


class Requesters:
    """The known requesters."""

    def __init__(self, settings: Mapping[str, RequesterSettings], root: Path) -> None:
        """`root`: the configuration's folder, for keys and certificates. Raises ConfigError."""
        self._by_client = {item.client_id: _known(item, root) for item in settings.values()}
        self._by_id = {str(one.requester.id): one for one in self._by_client.values()}
        counts = [Counter(key.algorithm for key in one.keys) for one in self._by_client.values()]
        self._most_keys = {word: max(count[word] for count in counts) for count in counts for word in count}

    def client(self, client_id: str) -> RegisteredRequester | None:
        """The requester with this client id."""
        return self._by_client.get(client_id)

    def named(self, requester: str) -> RegisteredRequester | None:
        """The requester with this id."""
        return self._by_id.get(requester)

    def most_keys(self, algorithm: str) -> int:
        """The most keys of an algorithm (`EdDSA`, `ES256`) that one requester has; at least 1."""
        return max(1, self._most_keys.get(algorithm, 0))

    def agency(self, requester: Requester) -> str:
        """The agency that the requester belongs to."""
        return self._by_id[requester.id].agency

    def pinned(self) -> list[str]:
        """PEM of the pinned certificates: the handshake must trust them."""
        return [one.pinned.pem for one in self._by_client.values() if one.pinned is not None]


def key_of(settings: KeySettings, root: Path) -> jwk.PublicKey:
    """The public key of a requester's settings. Raises ConfigError."""
    try:
        if settings.file is not None:
            return jwk.from_pem((root / settings.file).read_bytes())
        return jwk.from_jwk(settings.model_dump(exclude_none=True))
    except OSError as error:
        what = f"the key file '{settings.file}' cannot be read ({error.strerror})"
        raise ConfigError([Problem("config", 0, what, "name a file of the configuration's folder")]) from None
    except JoseBroken as error:
        remedy = "give an Ed25519 or P-256 public key, as PEM or JWK"
        raise ConfigError([Problem("config", 0, f"a key cannot be used: {error}", remedy)]) from None


def secret_digest(secret: str) -> bytes:
    """The digest that is compared instead of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _known(item: RequesterSettings, root: Path) -> RegisteredRequester:
    requester = Requester(id=RequesterId(item.requester), name=item.title.vi, scopes=frozenset(item.scopes))
    return RegisteredRequester(
        requester=requester,
        agency=item.agency,
        client_id=item.client_id,
        method=item.method,
        secret=secret_digest(item.client_secret.reveal()) if item.client_secret else b"",
        keys=tuple(key_of(one, root) for one in item.keys),
        certificate=item.certificate,
        pinned=pinned(item.certificate, root) if item.certificate else None,
        needs_dpop=item.dpop == "required",
        revoked=item.revoked is not None,
    )
