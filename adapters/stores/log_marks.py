"""Marks of the log beside its records: its end, and the months without keys.

A person with write access can change these rows, but cannot destroy keys unnoticed: the log has no record of it, and
the parts of the log's end no longer agree.
"""

from collections.abc import Iterable
from typing import Any

from adapters.stores.database import Database, ReadKind
from adapters.stores.log_prunings import PRUNINGS, WAITING
from adapters.stores.log_reader import bytes_of
from gateway.domain.exchange import Phase
from gateway.exchange_log.record import decode
from gateway.ports.exchange_log import NO_PLACE, Altered

# Written by one transaction, so that they agree whenever they are asked for together.
_ENDS = (
    "SELECT s.size, (SELECT coalesce(max(size), 0) FROM log_checkpoints),"
    " coalesce((SELECT max(idx) + 1 FROM log_entries), (SELECT max(below) FROM log_pruned), 0) FROM log_state s"
)
_ENDING = ("the size of the log", "the newest checkpoint", "the last record in its place")
_PERIODS = (
    "SELECT p.period, p.erased FROM log_periods p WHERE NOT EXISTS"
    " (SELECT 1 FROM period_keys k WHERE k.period = p.period) ORDER BY p.period"
)
# Older acts than the oldest record that stands may have been pruned with their month.
_OLDEST = (
    "SELECT time FROM log_entries WHERE idx = (SELECT min(idx) FROM log_entries)"
    " AND EXISTS (SELECT 1 FROM log_pruned)"
)
_MONTH = slice(0, 7)
_OPERATION = "erase-period"


async def ends(database: Database) -> list[Altered]:
    """The parts of the log's end that are behind the others. LogUnavailable when it cannot be asked."""
    rows = await database.read(_ENDS, way=ReadKind.SEARCH)
    if not rows:
        return [Altered(NO_PLACE, "the state of the log is missing")]
    sizes = [one if isinstance(one, int) else 0 for one in rows[0]]
    return [
        Altered(size, f"{name} is not where the log ends")
        for name, size in zip(_ENDING, sizes, strict=True)
        if size != max(sizes)
    ]


class LostKeys:
    """Finds months without keys; remembers those with a record of the erasure."""

    __slots__ = ("_told",)

    def __init__(self) -> None:
        """Starts without any known month."""
        self._told: set[str] = set()

    async def altered(self, database: Database) -> list[Altered]:
        """Months without keys and without a record of the erasure. LogUnavailable when it cannot be asked."""
        gone = {
            period: erased
            for period, erased in await database.read(_PERIODS, way=ReadKind.SEARCH)
            if period not in self._told
        }
        for text in (PRUNINGS, WAITING):
            if gone.keys() - self._told:
                self._told |= _told(
                    bytes_of(leaf) for (leaf,) in await database.read(text, way=ReadKind.SEARCH)
                )
        untold = sorted(gone.keys() - self._told)
        oldest = (
            str((await database.read(_OLDEST, way=ReadKind.SEARCH) or [("",)])[0][0])[_MONTH]
            if untold
            else ""
        )
        return [
            Altered(NO_PLACE, f"the keys of {period} are gone, and no record tells of it")
            for period in untold
            if not (gone[period] and gone[period][_MONTH] <= oldest)
        ]


def _told(leaves: Iterable[bytes]) -> set[str]:
    """The months whose erasure these records name."""
    return {period for leaf in leaves if (period := _period(leaf))}


def _period(leaf: bytes) -> str:
    try:
        record = decode(leaf)
        notes: dict[str, Any] = record["notes"]
        if record["phase"] == Phase.PRUNING and notes["operation"] == _OPERATION:
            return str(notes["period"])
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    return ""
