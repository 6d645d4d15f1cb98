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
from gateway.exchange_log.key_files import SuccessiveKeys, key_from_text, key_in, new_key_text
from gateway.jose import jwk


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
        return TokenKeys(lambda: seeds_in(folder), files_in(folder).stamps)
    named = {
        name: key_from_text(secret.reveal(), f"access.{name}")
        for name in ("signing_key", "next_signing_key", "former_signing_key")
        if (secret := getattr(settings, name)) is not None
    }
    seeds = Seeds(named["signing_key"], named.get("next_signing_key"), named.get("former_signing_key"))
    return TokenKeys(lambda: seeds)


def files_in(folder: Path) -> SuccessiveKeys:
    """The files of a state folder."""
    return SuccessiveKeys.of(folder, "token-signing")


def seeds_in(folder: Path) -> Seeds:
    """The keys of a state folder; missing current and next keys are made."""
    files = files_in(folder)
    # The former one last: what another process rotates meanwhile is then read twice, and never missed.
    current, following = key_in(files.current), key_in(files.next)
    return Seeds(current, following, key_in(files.former) if files.former.exists() else None)


def rotate(folder: Path) -> None:
    """Rotate, with a new next key; after an interruption the next call continues. Raises OSError."""
    seeds_in(folder)
    files_in(folder).rotate(new_key_text())


def replace_all(folder: Path) -> None:
    """Replace all keys, if they may be stolen: tokens of the old keys are refused."""
    files_in(folder).replace(new_key_text(), new_key_text())


def name_of(seed: bytes) -> str:
    """The key id of a seed."""
    return TokenSigningKey.of(seed).kid
