"""Rows that got no place in the tree, for the administrator (gateway.ports.exchange_log.LogQuarantine)."""

from collections.abc import Sequence

from adapters.stores.database import Database, Many
from gateway.ports.exchange_log import QuarantinedRow

#: rows that are shown at once
_MOST = 1_000
_UNSEEN = f"SELECT seq, hash, reason, created FROM log_quarantine WHERE seen = '' ORDER BY seq LIMIT {_MOST}"  # noqa: S608 -- ours
_SEE = "UPDATE log_quarantine SET seen = $1 WHERE seq = $2 AND seen = ''"


class SqlLogQuarantine:
    """The quarantine of the log in one database."""

    def __init__(self, database: Database) -> None:
        """Over a database with the tables."""
        self._database = database

    async def unseen(self) -> Sequence[QuarantinedRow]:
        """The oldest rows that are not marked as seen."""
        rows = await self._database.read(_UNSEEN)
        return [
            QuarantinedRow(seq, bytes(digest).hex(), reason, created) for seq, digest, reason, created in rows
        ]

    async def mark_seen(self, rows: Sequence[QuarantinedRow], now: str) -> None:
        """Mark rows as seen: they raise no alarm any more."""
        await self._database.write(Many(_SEE, [(now, row.seq) for row in rows]))
