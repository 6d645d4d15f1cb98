"""The state of logins (gateway.ports.sessions.Sessions): in this process, and in Redis or Valkey.

Anybody can begin a login, so attempts are what a flood makes, and open pages are what one signed-in person can make of
them. In this process these have a share of the room of their own, and the oldest of them go first; a session, a code or
a token is never dropped before its time: when there is no room for another, LoginsUnavailable.
At a server each value is one key with an expiry, so a flood lasts as long as an attempt does; set `maxmemory` and
`maxmemory-policy noeviction` (or `volatile-ttl`, which drops what ends soonest: attempts before sessions).
Each operation touches one key and is atomic at the server.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from struct import Struct
from typing import Any
from urllib.parse import urlsplit

from adapters.stores.redis import RedisServer
from gateway.domain import sentences as say
from gateway.domain.errors import LoginsUnavailable
from gateway.ports.sessions import Sessions

_ENTRIES = 100_000
_BYTES = 64 * 1024 * 1024
#: what an entry costs beside key and value
_OVERHEAD = 280
#: uses (the key up to its colon) that anybody can begin: attempts, authorization requests, and their open pages
BEGUN_BY_ANYBODY = frozenset({"at", "az", "ch", "cp"})
#: of entries and bytes: what these may take
_THEIR_SHARE = 0.5
_MINUTE, _SLACK = 60, 64
_END = Struct("d")
_PREFIX = "motlan:login:"
#: how long the server may take: longer than for a cache, without which the work goes on
_SECONDS = 1.0
#: replaces exactly the value that the caller has seen
_SWAP = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
"""


class MemorySessions:
    """A bounded map with expiry; for one loop."""

    __slots__ = ("_begun", "_ends", "_entries", "_items", "_noted", "_now", "_room", "_swept", "_taken")

    def __init__(
        self, *, entries: int = _ENTRIES, room: int = _BYTES, now: Callable[[], float] = time.monotonic
    ) -> None:
        """At most `entries` entries that take at most `room` bytes together, keys and overhead included."""
        #: key -> when it is over, then the value: in one object, as most entries are small
        self._items: dict[str, bytes] = {}
        #: keys that anybody can begin, oldest first
        self._begun: OrderedDict[str, None] = OrderedDict()
        #: minute -> keys that may be over then; those that were replaced or taken stay until then
        self._ends: dict[int, list[str]] = {}
        #: how many those are; the minute up to which they were looked at
        self._noted = self._swept = 0
        self._entries = entries
        self._room = room
        #: bytes of what anybody can begin, and of the rest
        self._taken = [0, 0]
        self._now = now

    async def put(self, key: str, value: bytes, seconds: int) -> None:
        """Store a value for `seconds`, over a former one. LoginsUnavailable: there is no room."""
        if seconds > 0:
            self._store(key, value, seconds)
        else:
            self._forget(key)

    async def add(self, key: str, value: bytes, seconds: int) -> bool:
        """Store a value where there is none; whether it was stored."""
        if seconds <= 0 or self._found(key) is not None:
            return False
        self._store(key, value, seconds)
        return True

    async def get(self, key: str) -> bytes | None:
        """The value; None when it is over, taken, or was never there."""
        return self._found(key)

    async def take(self, key: str) -> bytes | None:
        """The value, which is then gone."""
        value = self._found(key)
        self._forget(key)
        return value

    async def swap(self, key: str, before: bytes, after: bytes, seconds: int) -> bool:
        """Replace exactly `before`; False when another value, or none, is there."""
        if self._found(key) != before:
            return False
        await self.put(key, after, seconds)
        return True

    async def drop(self, key: str) -> None:
        """Forget a value."""
        self._forget(key)

    async def count(self, use: str) -> int:
        """How many values there are whose keys begin with this use."""
        now = self._now()
        return sum(key.startswith(use) and _end(item) > now for key, item in self._items.items())

    async def close(self) -> None:
        """Forget everything."""
        for kept in (self._items, self._begun, self._ends):
            kept.clear()
        self._noted = 0
        self._taken = [0, 0]

    def _found(self, key: str) -> bytes | None:
        item = self._items.get(key)
        if item is None:
            return None
        if _end(item) <= self._now():
            self._forget(key)
            return None
        return item[_END.size :]

    def _store(self, key: str, value: bytes, seconds: int) -> None:
        self._forget_ended()
        size, anybody = _size(key, value), _use(key) in BEGUN_BY_ANYBODY
        while not self._fits(key, size, anybody=anybody):
            now = self._now()
            if self._forget_keys(self._ends.get(int(now // _MINUTE), ()), now):
                continue
            if not self._begun:
                raise LoginsUnavailable(say.CACHE_FULL)
            self._forget(next(iter(self._begun)))
        self._forget(key)
        end = self._now() + seconds
        self._items[key] = _END.pack(end) + value
        self._note_end(key, end)
        self._taken[not anybody] += size
        if anybody:
            self._begun[key] = None

    def _fits(self, key: str, size: int, *, anybody: bool) -> bool:
        """Whether it fits, in place of what has the key now: in all the room, and in the share of its kind."""
        former = self._items.get(key)
        more, entry = (size, 1) if former is None else (size - _size(key, former[_END.size :]), 0)
        fits = len(self._items) + entry <= self._entries and sum(self._taken) + more <= self._room
        if not anybody:
            return fits
        share = len(self._begun) + entry <= self._entries * _THEIR_SHARE
        return fits and share and self._taken[0] + more <= self._room * _THEIR_SHARE

    def _forget(self, key: str) -> None:
        item = self._items.pop(key, None)
        if item is None:
            return
        self._begun.pop(key, None)
        self._taken[_use(key) not in BEGUN_BY_ANYBODY] -= _size(key, item[_END.size :])

    def _note_end(self, key: str, end: float) -> None:
        self._ends.setdefault(int(end // _MINUTE), []).append(key)
        self._noted += 1

    def _forget_ended(self) -> None:
        """Once in a minute."""
        now = self._now()
        minute = int(now // _MINUTE)
        if minute != self._swept:
            self._swept = minute
            for one in [one for one in self._ends if one < minute]:
                self._noted -= len(self._ends[one])
                self._forget_keys(self._ends.pop(one), now)
        if self._noted > 2 * len(self._items) + _SLACK:
            self._ends.clear()
            self._noted = 0
            for key, item in self._items.items():
                self._note_end(key, _end(item))

    def _forget_keys(self, keys: Sequence[str], now: float) -> int:
        ended = [key for key in keys if key in self._items and _end(self._items[key]) <= now]
        for key in ended:
            self._forget(key)
        return len(ended)


def _end(item: bytes) -> float:
    end: float = _END.unpack_from(item)[0]
    return end


class RedisSessions:
    """Values at one `redis://`, `rediss://` or `unix://` address; connects with the first use."""

    __slots__ = ("_server",)

    def __init__(self, url: str, *, now: Callable[[], float] = time.monotonic) -> None:
        """`now` decides when a server that failed is tried again."""
        self._server = RedisServer(url, now=now, seconds=_SECONDS)

    async def put(self, key: str, value: bytes, seconds: int) -> None:
        """Store a value for `seconds`, over a former one."""
        if seconds <= 0:
            await self.drop(key)
            return
        await self._server.ask(
            lambda: self._server.client.set(_PREFIX + key, value, ex=seconds), LoginsUnavailable
        )

    async def add(self, key: str, value: bytes, seconds: int) -> bool:
        """Store a value where there is none; whether it was stored."""
        if seconds <= 0:
            return False
        return bool(
            await self._server.ask(
                lambda: self._server.client.set(_PREFIX + key, value, ex=seconds, nx=True), LoginsUnavailable
            )
        )

    async def get(self, key: str) -> bytes | None:
        """The value; None when it is over, taken, or was never there."""
        return _bytes(
            await self._server.ask(lambda: self._server.client.get(_PREFIX + key), LoginsUnavailable)
        )

    async def take(self, key: str) -> bytes | None:
        """The value, which is then gone."""
        return _bytes(
            await self._server.ask(lambda: self._server.client.getdel(_PREFIX + key), LoginsUnavailable)
        )

    async def swap(self, key: str, before: bytes, after: bytes, seconds: int) -> bool:
        """Replace exactly `before`; False when another value, or none, is there."""
        client: Any = self._server.client
        return bool(
            await self._server.ask(
                lambda: client.eval(_SWAP, 1, _PREFIX + key, before, after, max(1, seconds)),
                LoginsUnavailable,
            )
        )

    async def drop(self, key: str) -> None:
        """Forget a value."""
        await self._server.ask(lambda: self._server.client.delete(_PREFIX + key), LoginsUnavailable)

    async def count(self, use: str) -> int:
        """How many values there are whose keys begin with this use: the server looks at a thousand keys at a time."""
        client: Any = self._server.client
        cursor = found = 0
        while True:
            cursor, keys = await self._server.ask(
                partial(client.scan, cursor, match=f"{_PREFIX}{use}*", count=1_000), LoginsUnavailable
            )
            found += len(keys)
            if not cursor:
                return found

    async def close(self) -> None:
        """Free the connections."""
        await self._server.close()


def open_sessions(url: str) -> Sessions:
    """The state of logins beside the cache at `url`: of this process for `memory://`, else shared."""
    return MemorySessions() if urlsplit(url).scheme == "memory" else RedisSessions(url)


def _use(key: str) -> str:
    return key.partition(":")[0]


def _size(key: str, value: bytes) -> int:
    return len(key) + len(value) + _OVERHEAD


def _bytes(value: object) -> bytes | None:
    return value if isinstance(value, bytes) else None
