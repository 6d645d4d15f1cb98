"""The places at one provider (its bulkhead): the limit of concurrent calls, and a queue.

Each requester has a line of its own, and the lines take turns: however much one asks, another gets the next free place.
"""

from collections import deque
from typing import Protocol

from adapters.transport.faults import busy_here
from gateway.domain.fault_codes import FaultCode

#: so many calls of one requester wait for each place
_WAITING_PER_PLACE = 4


class Waiting(Protocol):
    """A call in line."""

    def place_given(self) -> None:
        """It has left the line and has a place, which it frees in the end. Neither calls back nor raises."""


class Places:
    """Every place that is taken or given is freed once."""

    __slots__ = ("_lines", "inside", "room")

    def __init__(self, room: int) -> None:
        """`room` calls at a time. Where `inside` is less, a call takes a place by adding one to it."""
        self.room = room
        self.inside = 0
        #: requester -> its calls that wait; the first one's turn comes next, no line is empty
        self._lines: dict[str, deque[Waiting]] = {}

    def wait(self, call: Waiting, requester: str) -> None:
        """Stand in the line of `requester`. Raises ProviderError(SOURCE_BUSY) if that is too long."""
        line = self._lines.setdefault(requester, deque())
        if len(line) >= _WAITING_PER_PLACE * self.room:
            raise busy_here(FaultCode.QUEUE_FULL, sent=False)
        line.append(call)

    def leave(self, call: Waiting, requester: str) -> None:
        """Wait no longer."""
        line = self._lines[requester]
        line.remove(call)
        if not line:
            del self._lines[requester]

    def free(self) -> None:
        """Hand a place to the first of the requester whose turn it is, or leave it empty."""
        if not self._lines:
            self.inside -= 1
            return
        requester, line = next(iter(self._lines.items()))
        del self._lines[requester]
        call = line.popleft()
        if line:
            self._lines[requester] = line
        call.place_given()
