"""Counts of uses in fixed windows (gateway.ports_policy.Quotas): in this process, and in Redis or Valkey beside it.

Both count every use and the larger count is told. So a server that is lost, slow or emptied never lets anybody do more
than this process alone would let him: what he did before is not forgotten.
"""

import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.exceptions import RedisError

from adapters.stores.redis import server_at
from gateway.ports_policy import Counted, Quotas, Use

_MOST = 300_000
_REST_SECONDS = 1.0
_PREFIX = "motlan:use:"


class MemoryQuotas:
    """Counts of this process; when there is no room, whoever was not seen longest is forgotten first."""

    __slots__ = ("_most", "_now", "_windows")

    def __init__(self, *, most: int = _MOST, now: Callable[[], float] = time.time) -> None:
        """At most `most` counts for each length of window; `now` gives POSIX seconds."""
        self._most = most
        self._now = now
        #: seconds -> number of the window that runs, its counts
        self._windows: dict[int, tuple[int, OrderedDict[str, int]]] = {}

    async def use(self, uses: Sequence[Use]) -> Sequence[Counted]:
        """Count each once more."""
        now = self._now()
        return [Counted(self._count(one, now), ends_in(one, now)) for one in uses]

    async def close(self) -> None:
        """Forget everything."""
        self._windows.clear()

    def _count(self, one: Use, now: float) -> int:
        number, counts = self._windows.get(one.seconds, (-1, OrderedDict()))
        # a clock that is set back stays in the window that it has seen: nobody gets a new one by it
        if (current := int(now // one.seconds)) > number:
            counts = OrderedDict()
            self._windows[one.seconds] = (current, counts)
        count = counts.pop(one.key, 0) + 1
        if len(counts) >= self._most:
            counts.popitem(last=False)
        counts[one.key] = count
        return count


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
        now = self._now()
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                for one in uses:
                    key = f"{_PREFIX}{one.seconds}:{int(now // one.seconds)}:{one.key}"
                    pipe.incr(key)
                    pipe.expire(key, one.seconds)
                told = await pipe.execute()
        except (RedisError, OSError, TimeoutError):
            self._rest_until = self._tick() + _REST_SECONDS
            return []
        return [int(count) for count in told[::2]]


def ends_in(one: Use, now: float) -> int:
    """Seconds until the window that runs ends, at least 1."""
    return max(1, int(one.seconds - now % one.seconds))


def open_quotas(url: str) -> Quotas:
    """Counts beside the cache at `url`: shared where that is shared, else of this process."""
    return MemoryQuotas() if urlsplit(url).scheme == "memory" else SharedQuotas(url)
