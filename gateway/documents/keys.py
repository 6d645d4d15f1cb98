"""The key that signs passports of answers and receipts. Its public key is a JWK (RFC 7517, RFC 8037).

Its signatures are used for years, so former public keys stay published.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.domain.errors import ConfigError, Problem
from gateway.exchange_log.durable import replace_file
from gateway.exchange_log.key_files import key_in, new_key_text
from gateway.jose import jwk
from gateway.jose.jws import JoseBroken
from gateway.ports.keys import Signer

#: files of the state folder: the seed of the key, and a JWK set of former keys
CURRENT_FILE: Final = "document-signing.key"
FORMER_FILE: Final = "document-signing-former.jwks"
#: a former key from the time when receipts had their own key
FORMER_SEED_FILE: Final = "document-signing-former.key"


class DocumentKey:
    """One key by its thumbprint (RFC 7638), and the former public keys."""

    def __init__(self, signer: Signer, *, held: bool, former: Sequence[jwk.PublicKey] = ()) -> None:
        """`held`: a key service holds it, so signing may block."""
        known = jwk.of(signer.public_key())
        self.kid = known.kid
        #: `EdDSA` or `ES256`
        self.algorithm = known.algorithm
        self._signer = signer
        self._held = held
        self._public = tuple(_published(one) for one in (known, *former))

    async def sign(self, data: bytes) -> bytes:
        """A signature of 64 bytes (RFC 7518, 3.4; RFC 8037, 3.1). Raises KeyUnavailable."""
        if self._held:
            return await asyncio.to_thread(self._signer.sign, data)
        return self._signer.sign(data)

    def jwks(self) -> Sequence[Mapping[str, Any]]:
        """The public keys, the current one first."""
        return self._public


def _published(key: jwk.PublicKey) -> dict[str, Any]:
    return {**jwk.jwk_of(key.key), "kid": key.thumbprint, "alg": key.algorithm, "use": "sig"}


def former_in(path: Path) -> list[jwk.PublicKey]:
    """The public keys of a JWK set file, the newest first. Raises ConfigError."""
    try:
        members = json.loads(path.read_bytes())["keys"]
        return [jwk.from_jwk(one) for one in members]
    except OSError as error:
        what, remedy = f"{path.name} cannot be read: {error.strerror}", "name a readable file"
    except JoseBroken as error:
        what, remedy = f"{path.name} has an unfit key: {error}", "keep public Ed25519 and P-256 keys in it"
    except (ValueError, KeyError, TypeError, AttributeError):
        what, remedy = f"{path.name} is no JWK set", 'write {"keys": [{"kty": …}]}'
    raise ConfigError([Problem(path.name, 0, what, remedy)])


def rotate(folder: Path) -> tuple[str, str]:
    """Make a new key in the state folder; the old public key stays published. Returns the old and the new id.

    Two atomic steps: add the old key to the former ones, then replace it.
    """
    old = jwk.of(_private(folder).public_key())
    former = former_in(folder / FORMER_FILE) if (folder / FORMER_FILE).exists() else []
    kept = [_published(old), *(_published(one) for one in former if one.thumbprint != old.thumbprint)]
    replace_file(folder / FORMER_FILE, orjson.dumps({"keys": kept}, option=orjson.OPT_INDENT_2) + b"\n")
    replace_file(folder / CURRENT_FILE, new_key_text())
    return old.thumbprint, jwk.of(_private(folder).public_key()).thumbprint


def _private(folder: Path) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(key_in(folder / CURRENT_FILE))
