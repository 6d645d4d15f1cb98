"""Login state at rest: sealed under a key that the store does not have (AES-256-GCM, NIST SP 800-38D).

Who reads the store learns nothing, and who writes to it makes no session. Each value opens under its own key only.
"""

from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.exchange_log.aead import seal, unseal
from gateway.ports.sessions import Sessions


class ReadValue(NamedTuple):
    """A value, and the bytes in the store, for `swap`."""

    plain: bytes
    sealed: bytes


class SealedValues:
    """Sessions whose values only this gateway can read and make. Raises LoginsUnavailable as they do."""

    __slots__ = ("_key", "store")

    def __init__(self, store: Sessions, key: bytes) -> None:
        """`key`: 32 bytes, the same in all processes."""
        self.store = store
        self._key = AESGCM(key)

    async def put(self, key: str, plain: bytes, seconds: int) -> None:
        """Store a value for `seconds`, over a former one."""
        await self.store.put(key, self._sealed(key, plain), seconds)

    async def add(self, key: str, plain: bytes, seconds: int) -> bool:
        """Store a value where there is none; whether it was stored."""
        return await self.store.add(key, self._sealed(key, plain), seconds)

    async def get(self, key: str) -> bytes | None:
        """The value; None when there is none, or another made it."""
        found = await self.read(key)
        return None if found is None else found.plain

    async def read(self, key: str) -> ReadValue | None:
        """The value with what `swap` needs."""
        sealed = await self.store.get(key)
        return None if sealed is None else self._read(key, sealed)

    async def take(self, key: str) -> bytes | None:
        """The value, which is then gone."""
        sealed = await self.store.take(key)
        found = None if sealed is None else self._read(key, sealed)
        return None if found is None else found.plain

    async def swap(self, key: str, before: ReadValue, plain: bytes, seconds: int) -> bool:
        """Replace exactly what was read; False when another value, or none, is there."""
        return await self.store.swap(key, before.sealed, self._sealed(key, plain), seconds)

    async def drop(self, key: str) -> None:
        """Forget a value."""
        await self.store.drop(key)

    def _sealed(self, key: str, plain: bytes) -> bytes:
        return seal(self._key, plain, key.encode())

    def _read(self, key: str, sealed: bytes) -> ReadValue | None:
        plain = unseal(self._key, sealed, key.encode())
        return None if plain is None else ReadValue(plain, sealed)
