"""Counts of uses in fixed windows (gateway.ports.policy.Quotas): in this process, and in Redis or Valkey beside it.

Both count every use, and the larger count is the answer. A lost, slow or emptied server therefore never raises a limit
above that of this process alone.
The library `limits` does not fit: it counts in one store only, and cannot count different words once each.
"""

import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.exceptions import RedisError

from adapters.stores.redis import server_at
from gateway.domain.dates import DISORDER, VIETNAM
from gateway.ports.policy import Quotas, Use, UseCount

_MOST = 300_000
_REST_SECONDS = 1.0
_PREFIX = "motlan:use:"
#: of Việt Nam before UTC; whole hours, so that minutes and hours begin as everywhere
_AHEAD_SECONDS = int(VIETNAM.utcoffset(None).total_seconds())
#: a clock that is further ahead was wrong, and begins anew when it is set right
_DISORDER_SECONDS = DISORDER.total_seconds()
# How many words there are, this one with them. The first that is one too many is remembered: it closes the count.
_WORD = """
if redis.call('SCARD', KEYS[1]) <= tonumber(ARGV[2]) then redis.call('SADD', KEYS[1], ARGV[1]) end
return redis.call('SCARD', KEYS[1])
"""


class MemoryQuotas:
    """Counts uses in this process. When it is full, the busiest owner's oldest counts are dropped."""

    __slots__ = ("_counts", "_now", "_seen")

    def __init__(self, *, most: int = _MOST, now: Callable[[], float] = time.time) -> None:
        """At most `most` counts for each length of window, a tenth of those which remember what was counted."""
        self._now = now
        self._counts = _Windows(most)
        self._seen = _Windows(max(1, most // 10))

    async def use(self, uses: Sequence[Use]) -> Sequence[UseCount]:
        """Count each once more."""
        return self.count(uses, self._now())

    async def close(self) -> None:
        """Forget everything."""
        self._counts.running.clear()
        self._seen.running.clear()

    def count(self, uses: Iterable[Use], now: float) -> list[UseCount]:
        """Count each once more, at that time."""
        found = []
        for one in uses:
            windows = self._seen if one.once else self._counts
            number, window = int((now + _AHEAD_SECONDS) // one.seconds), windows.running.get(one.seconds)
            if window is None or (window.number != number and not window.runs(one, now)):
                window = windows.running[one.seconds] = _Window(number, windows.most)
            kept = window.kept.get(one.within)
            if kept is None:
                kept = window.kept[one.within] = OrderedDict()
            known = kept.pop(one.key, None)
            if known is None:
                if window.size >= window.most:
                    window.forget()
                window.size += 1
            if one.once:
                seen: dict[str, None] = known or {}
                if len(seen) <= one.most:
                    seen[one.once] = None
                kept[one.key] = seen
                times = len(seen)
            else:
                times = kept[one.key] = (known or 0) + 1
            end = (window.number + 1) * one.seconds - _AHEAD_SECONDS
            found.append(UseCount(times, max(1, int(end - now))))
        return found


class _Windows:
    """The open windows, one for each length; each has at most `most` counts."""

    __slots__ = ("most", "running")

    def __init__(self, most: int) -> None:
        self.most = most
        self.running: dict[int, _Window] = {}


class _Window:
    """Counts of one window by `within` and key, least recently used first."""

    __slots__ = ("kept", "most", "number", "size")

    def __init__(self, number: int, most: int) -> None:
        self.most = most
        self.number = number
        self.size = 0
        self.kept: dict[str, OrderedDict[str, Any]] = {}

    def runs(self, one: Use, now: float) -> bool:
        """Whether the window is still open. A small clock step back does not open a new one."""
        return number_of(one, now + _DISORDER_SECONDS) >= self.number >= number_of(one, now)

    def forget(self) -> None:
        """Drop old counts of the `within` that has most.

        The lowest counts are dropped first, so an attacker cannot push out others.
        """
        largest = max(self.kept.values(), key=len)
        fewest = 1 + len(largest) // 64
        oldest = sorted(islice(largest, 8 * fewest), key=lambda key: _height(largest[key]))
        for key in oldest[:fewest]:
            del largest[key]
            self.size -= 1


def _height(kept: Any) -> int:  # noqa: ANN401 -- a count, or the words that were counted
    return kept if isinstance(kept, int) else len(kept)


class SharedQuotas:
    """Counts of all processes at one `redis://`, `rediss://` or `unix://` address; connects with the first use."""

    __slots__ = ("_memory", "_now", "_redis", "_rest_until", "_tick")

    def __init__(
        self, url: str, *, now: Callable[[], float] = time.time, tick: Callable[[], float] = time.monotonic
    ) -> None:
        """`tick` gives the time for the next attempt after a failure."""
        self._redis: Redis = server_at(url)
        self._memory = MemoryQuotas(now=now)
        self._now = now
        self._tick = tick
        self._rest_until = 0.0

    async def use(self, uses: Sequence[Use]) -> Sequence[UseCount]:
        """Count each use in this process and on the server."""
        shared, now = await self._shared(uses), self._now()
        counts = self._memory.count(uses, now)
        if not shared:
            return counts
        return [one._replace(times=max(times, one.times)) for one, times in zip(counts, shared, strict=True)]

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
                    key = f"{_PREFIX}{one.seconds}:{number_of(one, now)}:{one.key}"
                    places.append(len(pipe))
                    if one.once:
                        pipe.eval(_WORD, 1, key, one.once, one.most)
                    else:
                        pipe.incr(key)
                    pipe.expire(key, one.seconds)
                counts = await pipe.execute()
        except (RedisError, OSError, TimeoutError):
            self._rest_until = self._tick() + _REST_SECONDS
            return []
        return [int(counts[place]) for place in places]


def number_of(one: Use, now: float) -> int:
    """The number of the open window; days begin at midnight in Việt Nam."""
    return int((now + _AHEAD_SECONDS) // one.seconds)


def ends_in(one: Use, now: float, number: int | None = None) -> int:
    """Seconds until the window of that number ends, else the open one; at least 1."""
    end = (number_of(one, now) if number is None else number) + 1
    return max(1, int(end * one.seconds - _AHEAD_SECONDS - now))


def open_quotas(url: str) -> Quotas:
    """Counts beside the cache at `url`: shared where that is shared, else of this process."""
    return MemoryQuotas() if urlsplit(url).scheme == "memory" else SharedQuotas(url)
