"""The sockets of corrections: where reports are queued, and how they reach the owner of a database."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol


class CorrectionRow(NamedTuple):
    """One report as it is kept: who it is about stands in it as a keyed index, and in full only in `sealed`."""

    id: str
    #: month under whose keys of the log it is sealed
    period: str
    person: bytes
    requester: str
    source: str
    attribute: str
    #: `queued` or `delivered`
    state: str
    #: POSIX seconds; 0: not yet
    opened: float
    delivered: float
    sealed: bytes


class CorrectionRows(Protocol):
    """The queue. CorrectionsUnavailable when it cannot be asked."""

    async def add(self, row: CorrectionRow) -> None:
        """Keep one durably."""
        ...

    async def find(
        self, requester: str, persons: Sequence[bytes], state: str, most: int
    ) -> Sequence[CorrectionRow]:
        """The newest `most`, newest first. Blank `requester` and `state`, no `persons`: of all."""
        ...

    async def mark(self, correction: str, delivered: float) -> None:
        """It was delivered; marking it again changes nothing."""
        ...

    async def close(self) -> None:
        """Free connections."""
        ...


class CorrectionPost(Protocol):
    """Brings reports to the owners of databases."""

    async def deliver(self, source: str, correction: str, report: Mapping[str, object]) -> None:
        """Deliver one; the same one again does no harm. OSError when it cannot be delivered now."""
        ...
