"""Counts of uses in fixed windows (gateway.ports_policy.Quotas): in this process, and in Redis or Valkey beside it.

Both count every use and the larger count is told. So a server that is lost, slow or emptied never lets anybody do more
than this process alone would let him: what he did before is not forgotten.
"""

import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.exceptions import RedisError

from adapters.stores.redis import server_at
from gateway.ports_policy import Counted, Quotas, Use

_MOST = 300_000
_REST_SECONDS = 1.0
_PREFIX = "motlan:use:"
_Kept = TypeVar("_Kept")


class MemoryQuotas:
    """Counts of this process; when there is no room, whoever was not seen longest is forgotten first."""

    __slots__ = ("_counts", "_now", "_seen")

    def __init__(self, *, most: int = _MOST, now: Callable[[], float] = time.time) -> None:
        """At most `most` counts for each length of window, a tenth of those which remember what was counted."""
        self._now = now
        self._counts = _Windows(most, 0)
        self._seen = _Windows[tuple[str, ...]](max(1, most // 10), ())

    async def use(self, uses: Sequence[Use]) -> Sequence[Counted]:
        """Count each once more."""
        now = self._now()
        return [Counted(self._times(one, now), ends_in(one, now)) for one in uses]

    async def close(self) -> None:
        """Forget everything."""
        self._counts.clear()
        self._seen.clear()

    def _times(self, one: Use, now: float) -> int:
        if not one.once:
            return self._counts.change(one, now, lambda times: times + 1)
        once = one.once
        return len(self._seen.change(one, now, lambda seen: seen if once in seen else (*seen, once)))


class _Windows(Generic[_Kept]):
    """What is kept of each key in the window that runs, for each length of windows."""

    __slots__ = ("_begin", "_most", "_windows")

    def __init__(self, most: int, begin: _Kept) -> None:
        self._most = most
        self._begin = begin
        #: seconds -> number of the window that runs, what is kept in it
        self._windows: dict[int, tuple[int, OrderedDict[str, _Kept]]] = {}

    def clear(self) -> None:
        self._windows.clear()

    def change(self, one: Use, now: float, by: Callable[[_Kept], _Kept]) -> _Kept:
        number, kept = self._windows.get(one.seconds, (-1, OrderedDict()))
        # a clock that is set back stays in the window that it has seen: nobody gets a new one by it
        if (current := int(now // one.seconds)) > number:
            kept = OrderedDict()
            self._windows[one.seconds] = (current, kept)
        changed = by(kept.pop(one.key, self._begin))
        if len(kept) >= self._most:
            kept.popitem(last=False)
        kept[one.key] = changed
        return changed


class SharedQuotas:
    """Counts of all processes at one `redis://`, `rediss://` or `unix://` address; connects with the first use."""

    __slots__ = ("_memory", "_now", "_redis", "_rest_until", "_tick")

    def __init__(
        self, url: str, *, now: Callable[[], float] = time.time, tick: Callable[[], float] = time.monotonic
    ) -> None:
        """`tick` decides when a server that failed is tried again."""
        self._redis: Redis = server_at(url)
        self._memory = MemoryQuotas(now=now)
        self._now = now
        self._tick = tick
        self._rest_until = 0.0

    async def use(self, uses: Sequence[Use]) -> Sequence[Counted]:
        """Count each once more, here and there."""
        own = await self._memory.use(uses)
        shared = await self._shared(uses)
        if len(shared) != len(own):
            return own
        return [one._replace(times=max(one.times, count)) for one, count in zip(own, shared, strict=True)]

    async def close(self) -> None:
        """Free the connections."""
        with contextlib.suppress(RedisError, OSError):
            await self._redis.aclose()

    async def _shared(self, uses: Sequence[Use]) -> list[int]:
        if self._tick() < self._rest_until:
            return []
        now, places = self._now(), list[int]()
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                for one in uses:
                    key = f"{_PREFIX}{one.seconds}:{int(now // one.seconds)}:{one.key}"
                    if one.once:
                        pipe.sadd(key, one.once)
                    places.append(len(pipe))
                    count = pipe.scard if one.once else pipe.incr
                    count(key)
                    pipe.expire(key, one.seconds)
                told = await pipe.execute()
        except (RedisError, OSError, TimeoutError):
            self._rest_until = self._tick() + _REST_SECONDS
            return []
        return [int(told[place]) for place in places]


def ends_in(one: Use, now: float) -> int:
    """Seconds until the window that runs ends, at least 1."""
    return max(1, int(one.seconds - now % one.seconds))


def open_quotas(url: str) -> Quotas:
    """Counts beside the cache at `url`: shared where that is shared, else of this process."""
    return MemoryQuotas() if urlsplit(url).scheme == "memory" else SharedQuotas(url)
