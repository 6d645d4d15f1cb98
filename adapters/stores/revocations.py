"""Revocations over SQL (gateway.ports_access.RevocationRows): numbered in the order in which they are committed."""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.stores import sql
from adapters.stores.access_file import AccessFile
from adapters.stores.postgres import PostgresConnection
from gateway.domain.errors import AccessUnavailable
from gateway.ports.access import RevocationRows, Revoked

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]

_ADD = "INSERT INTO access_revocations (kind, id, at, until) VALUES ($1, $2, $3, $4)"
_SINCE = "SELECT seq, kind, id, at FROM access_revocations WHERE seq > $1 ORDER BY seq"
#: the newest row stays: its number is the epoch
_CLEAR = "DELETE FROM access_revocations WHERE until < $1 AND seq < (SELECT max(seq) FROM access_revocations)"
#: numbers are taken when a row is written and seen when it is committed: one writer at a time keeps both in order
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('motlan.revocations'))"


class SqliteRevocations:
    """The table of a file."""

    def __init__(self, url: str, state_dir: Path) -> None:
        """Opens it with the first use."""
        self._file = AccessFile(url, state_dir)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="revocations")

    async def add(self, kind: str, name: str, at: float, until: float) -> None:
        """Keep one durably."""
        await self._run(_add_sqlite, kind, name, at, until)

    async def since(self, seq: int) -> Sequence[Revoked]:
        """Those after `seq`."""
        rows: list[tuple[int, str, str, float]] = await self._run(_since_sqlite, seq)
        return [Revoked(*row) for row in rows]

    async def close(self) -> None:
        """Close the file."""
        await asyncio.to_thread(self._thread.shutdown)
        self._file.close()

    async def _run(self, work: Any, *values: object) -> Any:  # noqa: ANN401 -- what the work gives
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._file.use, partial(work, *values))


class PostgresRevocations:
    """The table of a database."""

    def __init__(self, url: str) -> None:
        """Connects with the first use."""
        self._connection = PostgresConnection(url, AccessUnavailable)

    async def add(self, kind: str, name: str, at: float, until: float) -> None:
        """Keep one durably."""

        async def work(asked: "asyncpg.Connection[Any]") -> None:
            async with asked.transaction():
                await asked.execute(_LOCK)
                await asked.execute(_CLEAR, time.time())
                await asked.execute(_ADD, kind, name, at, until)

        await self._connection.use(work)

    async def since(self, seq: int) -> Sequence[Revoked]:
        """Those after `seq`."""
        rows = await self._connection.use(lambda asked: asked.fetch(_SINCE, seq))
        return [Revoked(*row) for row in rows]

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()


def open_revocations(url: str, state_dir: Path) -> RevocationRows:
    """Where the log at `url` is: a file of its own beside SQLite's, a table in PostgreSQL."""
    return PostgresRevocations(url) if sql.is_postgres(url) else SqliteRevocations(url, state_dir)


def _add_sqlite(kind: str, name: str, at: float, until: float, connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(_CLEAR.replace("$", "?"), (time.time(),))
        connection.execute(_ADD.replace("$", "?"), (kind, name, at, until))
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _since_sqlite(seq: int, connection: sqlite3.Connection) -> list[Any]:
    return connection.execute(_SINCE.replace("$", "?"), (seq,)).fetchall()
