"""Runs of the reconciliation over SQL (gateway.ports.reconciliation), in the database of the log."""

from collections.abc import Sequence
from typing import Any

from adapters.stores.database import Database
from gateway.ports.reconciliation import ReconcileRun

#: a run that nobody went on with for so long may be replaced
_FORGOTTEN_SECONDS = 86_400.0

_COLUMNS = ", ".join(ReconcileRun._fields)
_PLACES = ", ".join(f"${number}" for number in range(1, len(ReconcileRun._fields) + 1))
_REPLACED = ", ".join(f"{name} = excluded.{name}" for name in ReconcileRun._fields[2:] if name != "former")
_ALL = f"SELECT {_COLUMNS} FROM reconcile_runs ORDER BY portal, requester"  # noqa: S608 -- our own names
_BEGIN = (
    f"INSERT INTO reconcile_runs ({_COLUMNS}) VALUES ({_PLACES}) ON CONFLICT (portal, requester)"  # noqa: S608 -- our own names
    f" DO UPDATE SET {_REPLACED}, former = CASE WHEN length(reconcile_runs.report) > 0 THEN reconcile_runs.report"
    " ELSE reconcile_runs.former END"
    " WHERE reconcile_runs.state <> 'running' OR reconcile_runs.changed < $18 RETURNING id"
)
_LEASE = (
    "UPDATE reconcile_runs SET holder = $3, lease_until = $5 WHERE portal = $1 AND requester = $2"  # noqa: S608 -- our own names
    f" AND state = 'running' AND lease_until <= $4 RETURNING {_COLUMNS}"
)
_SAVE = (
    "UPDATE reconcile_runs SET state = $5, reason = $6, day = $7, lease_until = $8, changed = $9, report = $10"
    " WHERE portal = $1 AND requester = $2 AND id = $3 AND holder = $4 AND state = 'running' RETURNING id"
)


class SqlReconcileRuns:
    """Implements gateway.ports.reconciliation.ReconcileRuns."""

    def __init__(self, database: Database, *, clocks_differ: float = 0.0) -> None:
        """Over a database with the table. `clocks_differ`: seconds between the clocks of its hosts at most."""
        self._database = database
        self._clocks_differ = clocks_differ

    async def runs(self) -> Sequence[ReconcileRun]:
        """All rows, by portal and requester."""
        return [_run(row) for row in await self._database.read(_ALL)]

    async def begin(self, run: ReconcileRun) -> bool:
        """Store a new run, unless the former one of this portal and requester is running; False then."""
        row = [int(value) if isinstance(value, bool) else value for value in run]
        return bool(await self._database.write((_BEGIN, (*row, run.opened - _FORGOTTEN_SECONDS))))

    async def lease(
        self, portal: str, requester: str, holder: str, now: float, until: float
    ) -> ReconcileRun | None:
        """Take a running run whose lease has ended; None when there is none, or another process took it."""
        found = await self._database.write(
            (_LEASE, (portal, requester, holder, now - self._clocks_differ, until))
        )
        return _run(found[0]) if found else None

    async def save(self, run: ReconcileRun) -> bool:
        """Write state, day and report, while the lease is still `run.holder`'s; False: it is not."""
        place = (run.portal, run.requester, run.id, run.holder)
        news = (run.state, run.reason, run.day, run.lease_until, run.changed, run.report)
        return bool(await self._database.write((_SAVE, (*place, *news))))


def _run(row: Sequence[Any]) -> ReconcileRun:
    run = ReconcileRun(*row)
    return run._replace(
        apply=bool(run.apply),
        accept_wave=bool(run.accept_wave),
        report=bytes(run.report),
        former=bytes(run.former),
    )
