"""Port of reconciliation: its runs, stored so that another process can go on with them."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class ReconcileRun(NamedTuple):
    """One comparison with one portal. One row for each portal and requester: a new run replaces the former."""

    portal: str
    #: whose dossiers; blank: all
    requester: str
    #: ULID
    id: str
    #: `running`, `done`, `stopped` (the operator must look), `failed`
    state: str
    #: why it stopped or failed (a code); blank: it did not
    reason: str
    #: first and last day, `2026-11-27`
    since: str
    until: str
    #: whether differences are mended
    apply: bool
    #: the operator accepts that many dossiers are missing at the portal
    accept_wave: bool
    #: the next day to compare
    day: str
    #: the process that works on it; POSIX seconds
    holder: str
    lease_until: float
    opened: float
    changed: float
    #: JSON: counts and differences so far
    report: bytes
    #: JSON of the last run that ended before this one; empty: there is none
    former: bytes = b""
    #: account of the official who began it by a page; blank: a system, or the night
    staff: str = ""


class ReconcileRuns(Protocol):
    """Stored runs. Raises RelayUnavailable."""

    async def runs(self) -> Sequence[ReconcileRun]:
        """All rows, by portal and requester."""
        ...

    async def begin(self, run: ReconcileRun) -> bool:
        """Store a new run, unless the former one of this portal and requester is running; False then."""
        ...

    async def lease(
        self, portal: str, requester: str, holder: str, now: float, until: float
    ) -> ReconcileRun | None:
        """Take a running run whose lease has ended; None when there is none, or another process took it."""
        ...

    async def save(self, run: ReconcileRun) -> bool:
        """Write state, day and report, while the lease is still `run.holder`'s; False: it is not."""
        ...
