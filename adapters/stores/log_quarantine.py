"""Rows that got no place in the tree, for the administrator (gateway.ports_log.LogQuarantine)."""

from collections.abc import Sequence
from pathlib import Path

from adapters.stores.changing import Changing, open_changing
from gateway.ports.exchange_log import QuarantinedRow

#: rows that are shown at once
_MOST = 1_000
_UNSEEN = f"SELECT seq, hash, reason, created FROM log_quarantine WHERE seen = '' ORDER BY seq LIMIT {_MOST}"  # noqa: S608 -- ours
_SEE = "UPDATE log_quarantine SET seen = $1 WHERE seq = $2 AND seen = ''"


class SqlLogQuarantine:
    """The quarantine of the log in one database."""

    def __init__(self, changing: Changing) -> None:
        """Closes `changing` with itself."""
        self._changing = changing

    async def unseen(self) -> Sequence[QuarantinedRow]:
        """The oldest rows that nobody has marked."""
        rows = await self._changing.fetch(_UNSEEN)
        return [
            QuarantinedRow(seq, bytes(digest).hex(), reason, created) for seq, digest, reason, created in rows
        ]

    async def mark_seen(self, rows: Sequence[QuarantinedRow], now: str) -> None:
        """They raise no alarm any more."""
        await self._changing.change([(_SEE, [(now, row.seq) for row in rows])])

    async def close(self) -> None:
        """Free connections."""
        await self._changing.close()


def open_quarantine(url: str, state_dir: Path) -> SqlLogQuarantine:
    """The quarantine of the log at `url` (its administrator's on PostgreSQL)."""
    return SqlLogQuarantine(open_changing(url, state_dir))
