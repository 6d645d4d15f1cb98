"""Proofs of anchors in SQL (gateway.ports.anchors.AnchorStore). A row is durable when `keep` returns, and is kept."""

from collections.abc import Sequence
from typing import Any

from adapters.stores.database import Database
from gateway.domain.anchoring import Anchored

_COLUMNS = "size, kind, name, time, token"
_KEEP = f"INSERT INTO log_anchors ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5)"  # noqa: S608 -- our own names
_LAST = f"SELECT {_COLUMNS} FROM log_anchors WHERE kind = $1 AND name = $2 ORDER BY seq DESC LIMIT 1"  # noqa: S608 -- our own names
_PROOFS = (
    f"SELECT {_COLUMNS} FROM log_anchors WHERE kind = $1 AND name = $2 AND size > 0 AND time <= $3"  # noqa: S608 -- our own names
    " ORDER BY seq DESC LIMIT $4"
)
_WISH = (
    f"SELECT {_COLUMNS} FROM log_anchors WHERE kind = $1 AND name = $2 AND size = 0 AND time <= $3"  # noqa: S608 -- our own names
    " ORDER BY seq LIMIT 1"
)
_OF = f"SELECT {_COLUMNS} FROM log_anchors WHERE size = $1 ORDER BY seq"  # noqa: S608 -- our own names


class SqlAnchors:
    """The table `log_anchors` of one database."""

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        """Over a database with the tables."""
        self._database = database

    async def keep(self, row: Anchored) -> None:
        """Store a proof durably; raises LogUnavailable otherwise."""
        await self._database.write((_KEEP, row))

    async def last(self, kind: str, name: str) -> Anchored | None:
        """The newest row of an anchor."""
        rows = await self._database.read(_LAST, kind, name)
        return _anchored(rows[0]) if rows else None

    async def proofs(self, kind: str, name: str, until: str, most: int) -> Sequence[Anchored]:
        """The newest rows of an anchor with a proof, of a time up to `until`, newest first."""
        return [_anchored(row) for row in await self._database.read(_PROOFS, kind, name, until, most)]

    async def wish(self, kind: str, name: str, until: str) -> Anchored | None:
        """Its first row without a proof, of a time up to `until`."""
        rows = await self._database.read(_WISH, kind, name, until)
        return _anchored(rows[0]) if rows else None

    async def of(self, size: int) -> Sequence[Anchored]:
        """All rows of the checkpoint of a size, oldest first."""
        return [_anchored(row) for row in await self._database.read(_OF, size)]


def _anchored(row: Sequence[Any]) -> Anchored:
    size, kind, name, time, token = row
    return Anchored(size, kind, name, time, bytes(token))
