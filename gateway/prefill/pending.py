"""Late answers, kept for at most 15 minutes: encrypted, and bound to the requester that asked.

Only the holder of the token can open them: the store knows neither the token nor the key.
A token carries its requester and its expiry, readable by this gateway only: so a lost answer is distinguished from one
that never existed.
"""

import asyncio
import base64
import binascii
import hmac
import secrets
from hashlib import blake2b
from weakref import WeakValueDictionary

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.domain import sentences as say
from gateway.domain.errors import NotFound, PendingUnavailable
from gateway.domain.identifiers import RequesterId
from gateway.domain.problems import ProblemCode
from gateway.exchange_log.aead import seal, unseal
from gateway.ports.cache import Cache
from gateway.ports.clock import Clock

_RANDOM_BYTES = 24
_TIME_BYTES = 5
_MARK_BYTES = 10


class PendingStore:
    """Stores and reads the state of a prefill that continues after its answer left."""

    def __init__(self, cache: Cache, seconds: int, secret: bytes, clock: Clock) -> None:
        """`seconds`: how long a state may be fetched; `secret`, shared by all processes, authenticates tokens."""
        self._cache = cache
        self._seconds = seconds
        self._secret = secret
        self._clock = clock
        #: lives while a request waits for it
        self._changes: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()

    def new_token(self, requester: RequesterId) -> str:
        """A fresh token: 192 random bits, its expiry, and an authentication mark; URL-safe."""
        until = int(self._clock.now().timestamp()) + self._seconds
        content = secrets.token_bytes(_RANDOM_BYTES) + until.to_bytes(_TIME_BYTES)
        return base64.urlsafe_b64encode(content + self._mark(content, requester)).decode()

    def change(self, token: str) -> asyncio.Event:
        """An event set when this process next puts the token's state. Get it before `get`: no change is missed."""
        return self._changes.setdefault(token, asyncio.Event())

    async def put(self, token: str, requester: RequesterId, state: dict[str, object]) -> None:
        """Keep the state under the token, for this requester alone. Raises PendingUnavailable when it is not kept."""
        sealed = seal(_key(token), orjson.dumps(state), requester.encode())
        await self._cache.put(_place(token), sealed, self._seconds, requester)
        if (change := self._changes.pop(token, None)) is not None:
            change.set()

    async def get(self, token: str, requester: RequesterId) -> dict[str, object]:
        """The state. Raises NotFound when there is none or it is another requester's (the same answer).

        Raises PendingUnavailable when the store cannot be reached, or lost the state before the token expired.
        """
        sealed = await self._cache.get(_place(token))
        if sealed is None and self._is_good(token, requester):
            raise lost()
        plain = None if sealed is None else unseal(_key(token), sealed, requester.encode())
        if plain is None:
            raise unknown()
        state: dict[str, object] = orjson.loads(plain)
        return state

    def _is_good(self, token: str, requester: RequesterId) -> bool:
        """Whether the token belongs to this requester and is not expired."""
        try:
            given = base64.b64decode(token, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return False
        content, mark = given[:-_MARK_BYTES], given[-_MARK_BYTES:]
        if len(content) != _RANDOM_BYTES + _TIME_BYTES or not hmac.compare_digest(
            mark, self._mark(content, requester)
        ):
            return False
        return int.from_bytes(content[_RANDOM_BYTES:]) > self._clock.now().timestamp()

    def _mark(self, content: bytes, requester: RequesterId) -> bytes:
        named = content + requester.encode()
        return blake2b(named, key=self._secret, digest_size=_MARK_BYTES, person=b"motlan-pending").digest()


def lost() -> PendingUnavailable:
    """The error for a promised state that the store lost."""
    return PendingUnavailable(say.PENDING_LOST)


def unknown() -> NotFound:
    """The error for a token without a state, whatever the reason."""
    return NotFound(say.NOTHING_PENDING, code=ProblemCode.PENDING_UNKNOWN)


def _derive(token: str, purpose: bytes) -> bytes:
    return blake2b(token.encode("utf-8", "surrogatepass"), digest_size=32, person=purpose).digest()


def _key(token: str) -> AESGCM:
    return AESGCM(_derive(token, b"motlan-seal"))


def _place(token: str) -> str:
    return "pending:" + _derive(token, b"motlan-place").hex()
