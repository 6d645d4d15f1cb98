"""Databases that are only read, a few statements at a time; the loop never waits for a disk.

Every statement stands alone: no reader keeps a transaction open, whatever a slow client does with the rows.
"""

import asyncio
import sqlite3
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from adapters.stores import sql
from adapters.stores.postgres import check_version
from adapters.stores.postgres_causes import reason_of as reason_of_postgres
from adapters.stores.same_file import SameFile
from adapters.stores.sqlite import connect, reason_of, rows_of
from gateway.domain import sentences as say
from gateway.domain.errors import LogUnavailable, LogUnreadable

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]

NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
#: Our statements walk indexes in the order of the answer. PostgreSQL would sort all that fits whenever it thinks that
#: little does, would plan each search again for every partition, and start workers for a handful of rows.
BY_INDEX: Mapping[str, str] = MappingProxyType(
    {
        **{f"enable_{way}": "off" for way in ("sort", "seqscan", "bitmapscan", "hashjoin", "mergejoin")},
        "max_parallel_workers_per_gather": "0",
        "plan_cache_mode": "force_generic_plan",
        "jit": "off",
    }
)

_AT_ONCE = 4
#: of SQLite's machine, between two looks at the clock: some thousandths of a second
_STEPS = 100_000
_CONNECT_SECONDS = 3.0
_COMMAND_SECONDS = 30.0


class Reading(Protocol):
    """A database that is only read."""

    #: whether it takes lists as values
    arrays: bool

    async def fetch(self, text: str, *values: object) -> list[Any]:
        """Rows as tuples; parameters are `$1` and so on. LogUnavailable when it cannot be asked.

        Text that somebody made of bytes which are none (SQLite takes them) comes as these bytes.
        """
        ...

    async def close(self) -> None:
        """Free connections."""
        ...


class SqliteReading:
    """A SQLite file, read by threads of its own."""

    __slots__ = ("_idle", "_path", "_same", "_seconds", "_threads", "arrays")

    def __init__(self, path: Path, seconds: float = _COMMAND_SECONDS) -> None:
        """Opens the file with the first statement; each of them may take so long."""
        self.arrays = False
        self._seconds = seconds
        self._path = path
        self._same = SameFile(path)
        self._idle: list[sqlite3.Connection] = []
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="log-reader")

    async def fetch(self, text: str, *values: object) -> list[Any]:
        """Rows as tuples; parameters are `$1` and so on. LogUnavailable when the file cannot be read."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._fetch, text.replace("$", "?"), values)

    async def close(self) -> None:
        """Close the connections when the statements under way have ended."""
        await asyncio.to_thread(self._threads.shutdown)
        while self._idle:
            self._idle.pop().close()

    def _fetch(self, text: str, values: tuple[object, ...]) -> list[Any]:
        connection = None
        try:
            connection = self._taken()
            end = time.monotonic() + self._seconds
            # As PostgreSQL does: a question that finds nothing in ten million rows must not hold a thread for ever.
            connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
            rows = rows_of(connection, text, values)
            connection.set_progress_handler(None, 0)
            self._same.check()
        except (sqlite3.Error, LogUnavailable) as error:
            if connection is not None:
                connection.close()
            raise LogUnreadable(reason_of(error, say.DATABASE_ANSWERS_NOTHING)) from None
        self._idle.append(connection)
        return rows

    def _taken(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            connection = connect(self._path, one_thread=False)
            connection.execute("PRAGMA query_only=ON")
            return connection


class PostgresReading:
    """A PostgreSQL database, over a few connections of its own."""

    __slots__ = ("_lock", "_pool", "_settings", "_url", "arrays")

    def __init__(self, url: str, settings: Mapping[str, str] = NO_SETTINGS) -> None:
        """Connects with the first statement, with these settings of the server's."""
        self.arrays = True
        self._settings = settings
        self._url = url
        self._lock = asyncio.Lock()
        self._pool: asyncpg.Pool[Any] | None = None

    async def fetch(self, text: str, *values: object) -> list[Any]:
        """Rows as tuples; LogUnavailable when the database cannot be asked."""
        try:
            pool = await self._opened()
            async with asyncio.timeout(_COMMAND_SECONDS):
                return [tuple(row) for row in await pool.fetch(text, *values)]
        except Exception as error:  # noqa: BLE001 -- the driver's or the network's; the pool connects again
            raise LogUnreadable(reason_of_postgres(error, say.DATABASE_ANSWERS_NOTHING)) from None

    async def close(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            self._pool.terminate()

    async def _opened(self) -> "asyncpg.Pool[Any]":
        import asyncpg  # noqa: PLC0415 -- an extra, only installed where PostgreSQL is used

        async with self._lock:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    sql.postgres_dsn(self._url),
                    min_size=0,
                    max_size=_AT_ONCE,
                    timeout=_CONNECT_SECONDS,
                    command_timeout=_COMMAND_SECONDS,
                    init=check_version,
                    server_settings={"default_transaction_read_only": "on", **self._settings},
                )
            return self._pool


def open_reading(
    url: str,
    state_dir: Path,
    settings: Mapping[str, str] = NO_SETTINGS,
    sqlite_seconds: float = _COMMAND_SECONDS,
) -> Reading:
    """The database of the log at `url`, to be read.

    `settings` are those of a PostgreSQL server; a statement on SQLite may take `sqlite_seconds`.
    """
    if sql.is_postgres(url):
        return PostgresReading(url, settings)
    return SqliteReading(sql.sqlite_path(url, state_dir), sqlite_seconds)
