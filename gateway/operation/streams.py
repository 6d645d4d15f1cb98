"""Open event streams of one process: how many there may be, and the tick at which all of them show what changed.

A stream ends with its session, when its configuration was replaced, or after ten minutes: browsers open it again.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from gateway.domain import sentences as say
from gateway.domain.errors import TooMany

MOST, MOST_OF_SESSION = 1_000, 6
#: a stream ends after so many seconds
LONGEST = 600.0
_RETRY_AFTER = 30


class Streams:
    """Counts streams and wakes them together, so that what all of them show is made once."""

    def __init__(
        self, most: int = MOST, most_of_session: int = MOST_OF_SESSION, seconds: float = 1.0
    ) -> None:
        """`seconds` between two ticks."""
        self._most, self._most_of_session, self._seconds = most, most_of_session, seconds
        self._open: Counter[str] = Counter()
        self._next: asyncio.Event | None = None
        #: number of the tick
        self.now = 0
        #: name of this process in ids of events: numbers of processes of two machines can be the same
        self.process = secrets.token_hex(4)

    @property
    def count(self) -> int:
        """Open streams."""
        return self._open.total()

    @contextmanager
    def opened(self, session: str) -> Iterator[None]:
        """A stream of a session. Raises TooMany."""
        for most, there in ((self._most, self.count), (self._most_of_session, self._open[session])):
            if there >= most:
                raise TooMany(say.STREAMS_AT_MOST(most=most), retry_after=_RETRY_AFTER)
        self._open[session] += 1
        try:
            yield
        finally:
            self._open[session] -= 1
            if not self._open[session]:
                del self._open[session]

    async def tick(self) -> None:
        """Wait for the next tick; nothing runs while no stream waits."""
        if self._next is None:
            self._next = asyncio.Event()
            asyncio.get_running_loop().call_later(self._seconds, self._wake)
        await self._next.wait()

    def _wake(self) -> None:
        waiting, self._next = self._next, None
        self.now += 1
        if waiting is not None:
            waiting.set()


class StreamCache:
    """What streams show, made once for all of them."""

    def __init__(self, streams: Streams) -> None:
        """Nothing is made yet."""
        self._streams = streams
        self._lock = asyncio.Lock()
        #: name -> number of the tick, what was made
        self._kept: dict[str, tuple[int, bytes]] = {}

    async def of(self, name: str, make: Callable[[], Awaitable[bytes]], every: int = 1) -> bytes:
        """What `make` made under this name, at most `every` ticks ago. `make` must not call this method."""
        async with self._lock:
            kept = self._kept.get(name)
            if kept is None or self._streams.now - kept[0] >= every:
                kept = self._kept[name] = self._streams.now, await make()
        return kept[1]
