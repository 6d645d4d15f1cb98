"""The port of corrections: where reports wait."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from gateway.domain.row_filter import RowFilter


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
    #: `queued`, `taken`, `received`, `corrected`, `refused`; `unreadable`
    state: str
    #: POSIX seconds; `changed`: when its state changed last, 0: not yet
    opened: float
    changed: float
    sealed: bytes


class CorrectionRows(Protocol):
    """The queue. CorrectionsUnavailable when it cannot be asked."""

    async def add(self, row: CorrectionRow) -> bool:
        """Keep one durably; False when one of this id is there: that one stays."""
        ...

    async def find(self, correction: str) -> CorrectionRow | None:
        """The report of an id."""
        ...

    async def about(self, wanted: RowFilter) -> Sequence[CorrectionRow]:
        """The newest that fit, newest first."""
        ...

    async def move(self, correction: str, before: Sequence[str], state: str, at: float) -> bool:
        """Another state for one that stands in one of `before`; False when it does not. `at`: POSIX seconds."""
        ...

    async def move_all(self, before: str, state: str, at: float, period: str = "") -> None:
        """Another state for all that stand in `before`; with `period`, those of that month."""
        ...

    async def periods(self, state: str) -> Sequence[str]:
        """The months of those that stand so."""
        ...
