"""Queries of the log keeper: lag, open exchanges, live keys (gateway.ports.exchange_log.LogKeeping)."""

from collections.abc import Mapping, Sequence

from adapters.stores.database import Database, ReadKind
from adapters.stores.log_reader import bytes_of, entry_from
from gateway.domain.identifiers import made_at
from gateway.ports.exchange_log import LogEntry, NumberingState

#: waiting records are counted up to this
_MOST_WAITING = 10_000
# Rows beyond the floor that have no entry and were not refused: they wait for their place.
_WAITING = (
    "FROM append_log a WHERE a.seq > s.floor_seq AND NOT EXISTS"
    " (SELECT 1 FROM log_entries e WHERE e.idx >= s.floor_size AND e.seq = a.seq)"
    " AND NOT EXISTS (SELECT 1 FROM log_quarantine q WHERE q.seq = a.seq)"
)
_STANDING = (
    "SELECT s.size, s.lease_owner, s.lease_until,"  # noqa: S608 -- our own names
    " (SELECT created FROM log_checkpoints ORDER BY size DESC LIMIT 1),"
    f" (SELECT count(*) FROM (SELECT 1 {_WAITING} LIMIT {_MOST_WAITING}) w),"
    f" (SELECT a.id {_WAITING} ORDER BY a.seq LIMIT 1),"
    " (SELECT count(*) FROM log_quarantine WHERE seen = '')"
    " FROM log_state s"
)
# An empty text behind a column keeps its index out: the place leads, and then the exchange.
_UNCLOSED = (
    "SELECT i.idx, a.leaf FROM log_entries i CROSS JOIN append_log a"
    " WHERE i.idx >= $1 AND i.idx < $2 AND i.phase || '' = 'intent' AND i.exchange IS NOT NULL AND a.seq = i.seq"
    " AND NOT EXISTS (SELECT 1 FROM log_entries o WHERE o.exchange = i.exchange"
    " AND o.phase || '' IN ('outcome', 'refusal', 'abandoned')) ORDER BY i.idx"
)


class SqlLogKeeping:
    """The log in one database, for its keeper."""

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        """Over a database with the tables."""
        self._database = database

    async def numbering(self) -> NumberingState:
        """The state of the numbering, by any process."""
        size, owner, until, created, waiting, oldest, refused = (await self._database.read(_STANDING))[0]
        since = made_at(oldest) if oldest else 0.0
        return NumberingState(size, waiting, since, created or "", owner, until, refused)

    async def unclosed(self, start: int, end: int) -> Sequence[LogEntry]:
        """Intents from index `start` to before `end` whose exchange has no record that closes it."""
        return [
            entry_from(row) for row in await self._database.read(_UNCLOSED, start, end, way=ReadKind.SEARCH)
        ]

    async def periods(self) -> Mapping[str, bytes]:
        """The wrapped keys of all periods that were not erased."""
        return {
            period if isinstance(period, str) else repr(period): bytes_of(wrapped)
            for period, wrapped in await self._database.read("SELECT period, wrapped FROM period_keys")
        }
