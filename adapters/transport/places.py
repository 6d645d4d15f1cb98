"""The places at one provider (its bulkhead): so many calls at a time, and a line for those who wait.

Each requester has a line of its own, and the lines take turns: however much one asks, another gets the next free place.
"""

import asyncio
import contextlib
from collections import deque

from adapters.transport.faults import busy_here

#: so many calls of one requester wait for each place
_WAITING_PER_PLACE = 4


class Places:
    """Every `take` that succeeds is followed by one `free`."""

    __slots__ = ("_inside", "_lines", "_room")

    def __init__(self, room: int) -> None:
        """`room` calls at a time."""
        self._room = room
        self._inside = 0
        #: requester -> its calls that wait; the first one's turn comes next, no line is empty
        self._lines: dict[str, deque[asyncio.Future[None]]] = {}

    @property
    def full(self) -> bool:
        """Whether whoever comes now has to wait."""
        return self._inside >= self._room

    async def take(self, end: float, requester: str) -> None:
        """Wait for a place until `end` (the loop's clock); ProviderError(SOURCE_BUSY) when there is none."""
        if self._inside < self._room:
            self._inside += 1
            return
        line = self._lines.get(requester, ())
        if len(line) >= _WAITING_PER_PLACE * self._room:
            raise busy_here(sent=False)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.setdefault(requester, deque()).append(turn)
        try:
            async with asyncio.timeout_at(end):
                await turn
        except BaseException as stopped:
            if turn.done() and not turn.cancelled():
                self.free()
            else:
                self._leave(requester, turn)
            if isinstance(stopped, TimeoutError):
                raise busy_here(sent=False) from None
            raise

    def _leave(self, requester: str, turn: "asyncio.Future[None]") -> None:
        line = self._lines.get(requester)
        if line is None:
            return
        with contextlib.suppress(ValueError):
            line.remove(turn)
        if not line:
            del self._lines[requester]

    def free(self) -> None:
        """Hand the place to the first of the requester whose turn it is, or leave it empty."""
        while self._lines:
            requester, line = next(iter(self._lines.items()))
            del self._lines[requester]
            turn = line.popleft()
            if line:
                self._lines[requester] = line
            if not turn.done():
                turn.set_result(None)
                return
        self._inside -= 1
