"""Keys that sign access tokens: current, next, former; their public keys as a JWK set (RFC 7517, RFC 7638).

The next key is published before it signs, and the former one is accepted until its tokens have ended. So
processes may read a rotation at different times, and no token is refused.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.config.gateway import AccessSettings
from gateway.exchange_log.durable import replace_file, sync_folder
from gateway.exchange_log.key_files import key_from_text, key_in, new_key_text
from gateway.jose import jwk

CURRENT_FILE = "token-signing.key"
_NEXT_FILE = "token-signing-next.key"
_FORMER_FILE = "token-signing-former.key"


@dataclass(frozen=True, slots=True)
class Seeds:
    """Ed25519 seeds, 32 bytes each."""

    current: bytes
    next: bytes | None = None
    former: bytes | None = None


@dataclass(frozen=True, slots=True)
class TokenSigningKey:
    """One key, by its thumbprint."""

    kid: str
    private: Ed25519PrivateKey
    public: jwk.PublicKey
    #: key of nonces
    secret: bytes

    @classmethod
    def of(cls, seed: bytes) -> "TokenSigningKey":
        """The key of a seed."""
        private = Ed25519PrivateKey.from_private_bytes(seed)
        public = jwk.of(private.public_key())
        return cls(public.kid, private, public, hmac.digest(seed, b"motlan dpop nonce v1", "sha256"))


class TokenKeys:
    """The keys in use; `refresh` reads changes."""

    def __init__(self, read: Callable[[], Seeds], stamp: Callable[[], object] = lambda: None) -> None:
        """`read` returns the stored keys, `stamp` a value that changes with them."""
        self._read = read
        self._stamp_of = stamp
        self._stamp: object = None
        #: number of readings; a new reading empties the cache of tokens
        self.loads = 0
        self.current: TokenSigningKey
        self._all: dict[str, TokenSigningKey] = {}
        self._load()

    def refresh(self) -> None:
        """Read the stored keys, if they changed. Raises ConfigError."""
        if self._stamp_of() != self._stamp:
            self._load()

    def named(self, kid: str | None) -> TokenSigningKey | None:
        """The key with this id; None if unknown."""
        return self._all.get(kid) if kid is not None else None

    def secrets(self) -> list[bytes]:
        """The keys of nonces; the first makes new ones."""
        return [one.secret for one in self._all.values()]

    def jwks(self) -> list[dict[str, Any]]:
        """The public keys: current, next, former."""
        return [
            {**jwk.jwk_of(one.public.key), "kid": one.kid, "alg": "EdDSA", "use": "sig"}
            for one in self._all.values()
        ]

    def _load(self) -> None:
        stamp = self._stamp_of()
        seeds = self._read()
        kept = [
            TokenSigningKey.of(one) for one in (seeds.current, seeds.next, seeds.former) if one is not None
        ]
        self._all = {one.kid: one for one in kept}
        self.current = kept[0]
        self._stamp = stamp
        self.loads += 1


def open_ring(settings: AccessSettings, folder: Path) -> TokenKeys:
    """The keys of the configuration, else of the state folder, where missing keys are made."""
    if settings.signing_key is None:
        return TokenKeys(lambda: seeds_in(folder), lambda: _stamps(folder))
    named = {
        name: key_from_text(secret.reveal(), f"access.{name}")
        for name in ("signing_key", "next_signing_key", "former_signing_key")
        if (secret := getattr(settings, name)) is not None
    }
    seeds = Seeds(named["signing_key"], named.get("next_signing_key"), named.get("former_signing_key"))
    return TokenKeys(lambda: seeds)


def seeds_in(folder: Path) -> Seeds:
    """The keys of a state folder; missing current and next keys are made."""
    former = folder / _FORMER_FILE
    return Seeds(
        key_in(folder / CURRENT_FILE),
        key_in(folder / _NEXT_FILE),
        key_in(former) if former.exists() else None,
    )


def rotated_at(folder: Path) -> float:
    """Time of the folder's last rotation (POSIX seconds); 0 for none."""
    former = folder / _FORMER_FILE
    if not former.exists() or former.read_bytes() == (folder / CURRENT_FILE).read_bytes():
        return 0.0  # never, or interrupted after its first step
    return former.stat().st_mtime


def rotate(folder: Path) -> None:
    """Rotate: next becomes current, current becomes former, and a new next key is made.

    Three atomic steps; after an interruption the next call continues. Raises OSError.
    """
    seeds = seeds_in(folder)
    current, following, former = (folder / name for name in (CURRENT_FILE, _NEXT_FILE, _FORMER_FILE))
    if seeds.current != seeds.next:
        replace_file(former, current.read_bytes())
        replace_file(current, following.read_bytes())
    replace_file(following, new_key_text())


def replace_all(folder: Path) -> None:
    """Replace all keys, if they may be stolen: tokens of the old keys are refused."""
    (folder / _FORMER_FILE).unlink(missing_ok=True)
    replace_file(folder / _NEXT_FILE, new_key_text())
    replace_file(folder / CURRENT_FILE, new_key_text())
    sync_folder(folder)


def name_of(seed: bytes) -> str:
    """The key id of a seed."""
    return TokenSigningKey.of(seed).kid


def _stamps(folder: Path) -> object:
    found = []
    for name in (CURRENT_FILE, _NEXT_FILE, _FORMER_FILE):
        try:
            known = (folder / name).stat()
        except FileNotFoundError:
            found.append((0, 0))
            continue
        found.append((known.st_ino, known.st_mtime_ns))
    return tuple(found)
