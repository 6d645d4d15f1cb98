"""Proofs of anchors over SQL (gateway.ports.AnchorStore): a row is durable when `keep` returns, and stays for ever.

Rows are few (one each few seconds at most), so each is written over a connection of its own.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from adapters.stores import sql
from adapters.stores.postgres import connect as connect_postgres
from adapters.stores.postgres_causes import reason_of as reason_of_postgres
from adapters.stores.reading import Reading, open_reading
from adapters.stores.sqlite import connect, reason_of
from gateway.domain.anchoring import Anchored
from gateway.domain.errors import GatewayError, LogUnavailable

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
_SECONDS = 5.0

Keep = Callable[[Anchored], Awaitable[None]]


class SqlAnchors:
    """The table `log_anchors` of one database."""

    __slots__ = ("_keep", "_reading")

    def __init__(self, reading: Reading, keep: Keep) -> None:
        """Closes `reading` with itself."""
        self._reading = reading
        self._keep = keep

    async def keep(self, row: Anchored) -> None:
        """Keep one durably; LogUnavailable when it cannot be."""
        await self._keep(row)

    async def last(self, kind: str, name: str) -> Anchored | None:
        """The newest row of an anchor."""
        rows = await self._reading.fetch(_LAST, kind, name)
        return _anchored(rows[0]) if rows else None

    async def proofs(self, kind: str, name: str, until: str, most: int) -> Sequence[Anchored]:
        """The newest rows of an anchor with a proof, of a time up to `until`, newest first."""
        return [_anchored(row) for row in await self._reading.fetch(_PROOFS, kind, name, until, most)]

    async def wish(self, kind: str, name: str, until: str) -> Anchored | None:
        """Its first row without a proof, of a time up to `until`."""
        rows = await self._reading.fetch(_WISH, kind, name, until)
        return _anchored(rows[0]) if rows else None

    async def of(self, size: int) -> Sequence[Anchored]:
        """All rows of the checkpoint of a size, oldest first."""
        return [_anchored(row) for row in await self._reading.fetch(_OF, size)]

    async def close(self) -> None:
        """Free connections."""
        await self._reading.close()


def open_anchors(url: str, state_dir: Path) -> SqlAnchors:
    """The anchors of the log at `url`, which `open_log` has opened before."""
    return SqlAnchors(open_reading(url, state_dir), _keeping(url, state_dir))


def _keeping(url: str, state_dir: Path) -> Keep:
    if sql.is_postgres(url):
        return lambda row: _keep_postgres(url, row)
    path = sql.sqlite_path(url, state_dir)
    return lambda row: asyncio.to_thread(_keep_sqlite, path, row)


def _anchored(row: Sequence[Any]) -> Anchored:
    size, kind, name, time, token = row
    return Anchored(size, kind, name, time, bytes(token))


def _keep_sqlite(path: Path, row: Anchored) -> None:
    try:
        with closing(connect(path)) as connection:
            connection.execute(_KEEP.replace("$", "?"), row)
    except sqlite3.Error as error:
        raise LogUnavailable(reason_of(error)) from None


async def _keep_postgres(url: str, row: Anchored) -> None:
    try:
        async with asyncio.timeout(_SECONDS):
            connection = await connect_postgres(url)
            try:
                await connection.execute(_KEEP, *row)
            finally:
                connection.terminate()
    except GatewayError:
        raise
    except Exception as error:  # noqa: BLE001 -- the driver's or the network's
        raise LogUnavailable(reason_of_postgres(error)) from None
