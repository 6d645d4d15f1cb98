"""The sockets of corrections: where reports are queued, and how they reach the owner of a database."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from gateway.domain.wanted import Wanted


class CorrectionRow(NamedTuple):
    """One report as it is kept: who it is about stands in it as a keyed index, and in full only in `sealed`."""

    #: rising, in the order in which they were kept; 0 before that
    seq: int
    #: made of what the report says: the same report has the same id
    id: str
    #: month under whose keys of the log it is sealed
    period: str
    person: bytes
    requester: str
    source: str
    attribute: str
    #: `queued`; `delivered`; `unreadable`: never delivered, for it was altered or the keys of its month are erased
    state: str
    #: POSIX seconds; 0: not yet
    opened: float
    delivered: float
    sealed: bytes


class CorrectionRows(Protocol):
    """The queue. CorrectionsUnavailable when it cannot be asked."""

    async def add(self, row: CorrectionRow) -> bool:
        """Keep one durably; False when one of this id is there: that one stays."""
        ...

    async def find(self, correction: str) -> CorrectionRow | None:
        """The report of an id."""
        ...

    async def about(self, wanted: Wanted) -> Sequence[CorrectionRow]:
        """The newest that fit, newest first."""
        ...

    async def queued(self, after: int, count: int) -> Sequence[CorrectionRow]:
        """The oldest that wait and were kept after this number, oldest first."""
        ...

    async def mark(self, correction: str, state: str, at: float) -> None:
        """It is queued no more (`at`: when it was delivered, 0 for never); what was marked before stays so."""
        ...

    async def close(self) -> None:
        """Free connections."""
        ...


class CorrectionPost(Protocol):
    """Brings reports to the owners of databases."""

    async def deliver(self, source: str, correction: str, report: Mapping[str, object]) -> None:
        """Deliver one; the same one again does no harm. OSError when it cannot be delivered now."""
        ...
