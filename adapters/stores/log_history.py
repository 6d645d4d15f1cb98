"""The past of the log: erased periods, former keys, pruned records (gateway.ports.exchange_log.LogHistory)."""

from collections.abc import Sequence

from adapters.stores.database import Database
from adapters.stores.sequence_batch import hash_key
from gateway.ports.exchange_log import Archived, History

# One statement: all of it is small, and asked with each search.
_HISTORY = (
    "SELECT 'signer' AS kind, size AS first, 0 AS count, vkey AS name, '' AS month, '' AS latest, '' AS sha256"
    " FROM log_signers"
    " UNION ALL SELECT 'erased', 0, 0, period, '', erased, '' FROM log_periods WHERE erased <> ''"
    " UNION ALL SELECT 'archive', first, count, name, month, latest, sha256 FROM log_archives"
    " UNION ALL SELECT 'pruned', max(below), 0, '', '', '', '' FROM log_pruned"
    " ORDER BY 1, 2"
)
_PLACES = (
    "WITH RECURSIVE run(number) AS (SELECT max(run) FROM log_pruned_hashes"
    " UNION ALL SELECT number - 1 FROM run WHERE number > 0)"
    " SELECT h.idx FROM run CROSS JOIN log_pruned_hashes h WHERE h.run = run.number AND h.hash = $1"
    " ORDER BY h.idx"
)


class SqlLogHistory:
    """The history of the log in one database."""

    def __init__(self, database: Database) -> None:
        """Over a database with the tables."""
        self._database = database

    async def history(self) -> History:
        """All of it."""
        rows = await self._database.read(_HISTORY)
        return History(
            vkeys=tuple(row[3] for row in reversed(rows) if row[0] == "signer"),
            erased={row[3]: row[5] for row in rows if row[0] == "erased"},
            archives=tuple(
                Archived(first=row[1], count=row[2], name=row[3], month=row[4], latest=row[5], sha256=row[6])
                for row in rows
                if row[0] == "archive"
            ),
            below=max(row[1] or 0 for row in rows if row[0] == "pruned"),
        )

    async def places(self, leaf_hash: bytes) -> Sequence[int]:
        """Possible places of a pruned record with this hash; the tiles decide."""
        return [row[0] for row in await self._database.read(_PLACES, hash_key(leaf_hash))]
