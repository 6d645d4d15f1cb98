"""The port of corrections: the queue of reports."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from gateway.domain.row_filter import RowFilter


class CorrectionRow(NamedTuple):
    """One stored report; the person is a keyed index, and in full only in `sealed`."""

    #: ascending, in the order of storing; 0 before that
    seq: int
    #: derived from the content: the same report has the same id
    id: str
    #: month of the log's keys that seal it
    period: str
    person: bytes
    requester: str
    source: str
    attribute: str
    #: `queued`, `taken`, `received`, `corrected`, `refused`; `unreadable`
    state: str
    #: POSIX seconds; `changed`: last change of the state, 0 for none
    opened: float
    changed: float
    sealed: bytes
    #: index of who sent it; blank where that is the person
    sender: bytes = b""
    #: index of the parent by whose number the newborn is found; blank: the report names no newborn
    parent: bytes = b""


class CorrectionRows(Protocol):
    """The queue of reports. Raises CorrectionsUnavailable."""

    async def add(self, row: CorrectionRow) -> bool:
        """Store one durably; False if its id exists already: that one stays."""
        ...

    async def find(self, correction: str) -> CorrectionRow | None:
        """The report of an id."""
        ...

    async def about(self, wanted: RowFilter) -> Sequence[CorrectionRow]:
        """The matching reports, newest first."""
        ...

    async def of_person(self, persons: Sequence[bytes], count: int) -> Sequence[CorrectionRow]:
        """The reports of a person (at least one index), as sender or parent of the newborn too, newest first."""
        ...

    async def move(self, correction: str, before: Sequence[str], state: str, at: float) -> bool:
        """Change the state if it is one of `before`; else False. `at`: POSIX seconds."""
        ...

    async def move_all(self, before: str, state: str, at: float, period: str = "") -> None:
        """Change the state of all reports in state `before`; with `period`, of that month only."""
        ...

    async def periods(self, state: str) -> Sequence[str]:
        """The months of the reports in this state."""
        ...
