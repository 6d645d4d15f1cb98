"""Late answers, kept for at most 15 minutes: encrypted, and bound to the requester that asked.

Only the holder of the token can open them: the store knows neither the token nor the key.
"""

import asyncio
import secrets
from hashlib import blake2b
from weakref import WeakValueDictionary

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.domain import sentences as say
from gateway.domain.errors import NotFound
from gateway.domain.identifiers import RequesterId
from gateway.exchange_log.aead import seal, unseal
from gateway.ports.cache import Cache


class PendingStore:
    """Puts and gets the state of a prefill that goes on after its answer left."""

    def __init__(self, cache: Cache, seconds: int) -> None:
        """`seconds`: how long a state may be fetched."""
        self._cache = cache
        self._seconds = seconds
        #: lives while somebody waits for it
        self._changes: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()

    def new_token(self) -> str:
        """A fresh token: 192 random bits, URL-safe."""
        return secrets.token_urlsafe(24)

    def change(self, token: str) -> asyncio.Event:
        """Is set when this process puts the token's state the next time. To be had before `get`, to miss nothing."""
        return self._changes.setdefault(token, asyncio.Event())

    async def put(self, token: str, requester: RequesterId, state: dict[str, object]) -> None:
        """Keep the state under the token, for this requester alone."""
        sealed = seal(_key(token), orjson.dumps(state), requester.encode())
        await self._cache.put(_place(token), sealed, self._seconds, requester)
        if (change := self._changes.pop(token, None)) is not None:
            change.set()

    async def get(self, token: str, requester: RequesterId) -> dict[str, object]:
        """The state; NotFound when there is none, or when it is not this requester's (the same answer)."""
        sealed = await self._cache.get(_place(token))
        plain = None if sealed is None else unseal(_key(token), sealed, requester.encode())
        if plain is None:
            raise unknown()
        state: dict[str, object] = orjson.loads(plain)
        return state


def unknown() -> NotFound:
    """Nothing is to be had under a token (any more), whatever the reason."""
    return NotFound(say.NOTHING_PENDING, code="pending_unknown")


def _derive(token: str, purpose: bytes) -> bytes:
    return blake2b(token.encode("utf-8", "surrogatepass"), digest_size=32, person=purpose).digest()


def _key(token: str) -> AESGCM:
    return AESGCM(_derive(token, b"motlan-seal"))


def _place(token: str) -> str:
    return "pending:" + _derive(token, b"motlan-place").hex()
