"""A database that its administrator changes: a few statements, in transactions of their own, on both stores.

Parameters are `$1` and so on; a change is a list of statements, each with the rows that it is run for.
"""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from adapters.stores import postgres, sql
from adapters.stores.postgres_causes import reason_of as reason_of_postgres
from adapters.stores.sqlite import connect, reason_of, rows_of
from gateway.domain import sentences as say
from gateway.domain.errors import LogUnavailable, RightMissing

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]

#: a statement and the rows of parameters that it is run for, one after the other
Change = tuple[str, Sequence[tuple[Any, ...]]]
#: a whole transaction out of what a first statement found
Rewrite = Callable[[list[tuple[Any, ...]]], Iterable[Change]]

_T = TypeVar("_T")
_BUSY_SECONDS = 30
_SCRUB_SECONDS = 20.0
_PAUSE_SECONDS = 0.1
_READ_BYTES = 1 << 22
_COMMAND_SECONDS = 600.0


class SqliteChanging:
    """A SQLite file; what is deleted here is overwritten in it."""

    def __init__(self, path: Path) -> None:
        """Opens the file with each transaction."""
        self._path = path
        #: whether a journal of the server keeps what was deleted, out of our reach
        self.journalled = False

    async def fetch(self, text: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows; LogUnavailable when the file cannot be read."""
        return await self._aside(lambda connection: rows_of(connection, _named(text), values))

    async def change(self, changes: Iterable[Change]) -> None:
        """All of them or none. LogUnavailable when it cannot be done."""
        await self._aside(lambda connection: _in_transaction(connection, changes))

    async def rewrite(self, text: str, rewrite: Rewrite) -> None:
        """Read and change in one transaction, while nobody else writes."""

        def work(connection: sqlite3.Connection) -> None:
            with _transaction(connection):
                _run(connection, rewrite(rows_of(connection, _named(text))))

        await self._aside(work)

    async def scrub(self, table: str, remains: Sequence[bytes] = ()) -> bool:
        """Bring everything into the file and cut the log beside it; whether the remains stand once at most.

        The database is rewritten as a whole when older copies of them are left in its free space.
        """
        del table
        return await asyncio.to_thread(self._scrub, remains)

    async def close(self) -> None:
        """Nothing is open."""

    def _scrub(self, remains: Sequence[bytes]) -> bool:
        if not self._with_connection(_cut):
            return False
        if any(_count(self._path, one) > 1 for one in remains):
            self._with_connection(lambda connection: connection.execute("VACUUM").close())
            return self._with_connection(_cut)
        return True

    async def _aside(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        return await asyncio.to_thread(self._with_connection, work)

    def _with_connection(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        try:
            with closing(connect(self._path)) as connection:
                connection.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
                connection.execute("PRAGMA secure_delete = ON")
                return work(connection)
        except sqlite3.Error as error:
            raise LogUnavailable(reason_of(error)) from None


class PostgresChanging:
    """A PostgreSQL database, in the role of its administrator."""

    def __init__(self, url: str) -> None:
        """Connects with the first use."""
        self.journalled = True
        self._url = url
        self._connection: asyncpg.Connection[Any] | None = None

    async def fetch(self, text: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows; LogUnavailable when the database cannot be asked."""
        with _told():
            connection = await self._opened()
            rows = await connection.fetch(text, *values, timeout=_COMMAND_SECONDS)
        return [tuple(row) for row in rows]

    async def change(self, changes: Iterable[Change]) -> None:
        """All of them or none. LogUnavailable when it cannot be done."""
        with _told():
            connection = await self._opened()
            async with connection.transaction():
                for text, rows in changes:
                    await connection.executemany(text, rows, timeout=_COMMAND_SECONDS)

    async def rewrite(self, text: str, rewrite: Rewrite) -> None:
        """Read and change in one transaction; whoever else changes the same rows meanwhile makes it fail."""
        with _told():
            connection = await self._opened()
            async with connection.transaction(isolation="serializable"):
                found = [tuple(row) for row in await connection.fetch(text)]
                for statement, rows in rewrite(found):
                    await connection.executemany(statement, rows)

    async def scrub(self, table: str, remains: Sequence[bytes] = ()) -> bool:
        """Free the table's deleted rows at once; False when the role may not (the server does it by and by)."""
        del remains
        owner = await self.fetch(
            "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass($1)", table
        )
        if not owner or not owner[0][0]:
            return False
        with _told():
            connection = await self._opened()
            await connection.execute(f"VACUUM (FULL) {table}", timeout=_COMMAND_SECONDS)
        return True

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()

    async def _opened(self) -> "asyncpg.Connection[Any]":
        if self._connection is None or self._connection.is_closed():
            self._connection = await postgres.connect(self._url)
        return self._connection


Changing = SqliteChanging | PostgresChanging


def open_changing(url: str, state_dir: Path) -> Changing:
    """The log's database at `url` for its administrator."""
    if sql.is_postgres(url):
        return PostgresChanging(url)
    return SqliteChanging(sql.sqlite_path(url, state_dir))


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """The driver's errors as ours; a right that is missing is said, for it is the administrator's to mend."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 -- the driver's or the network's
        if getattr(error, "sqlstate", None) == "42501":
            raise RightMissing(say.RIGHT_MISSING) from None
        raise LogUnavailable(reason_of_postgres(error)) from None


def _named(text: str) -> str:
    return text.replace("$", "?")


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _in_transaction(connection: sqlite3.Connection, changes: Iterable[Change]) -> None:
    with _transaction(connection):
        _run(connection, changes)


def _run(connection: sqlite3.Connection, changes: Iterable[Change]) -> None:
    for text, rows in changes:
        connection.executemany(_named(text), rows)


def _cut(connection: sqlite3.Connection) -> bool:
    """Whether the log of pages was brought into the file and cut to nothing; readers may hold it for a while."""
    end = time.monotonic() + _SCRUB_SECONDS
    while True:
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if not busy or time.monotonic() > end:
            return not busy
        time.sleep(_PAUSE_SECONDS)


def _count(path: Path, wanted: bytes) -> int:
    """How often these bytes stand in the file, which is read piece by piece."""
    found, held = 0, b""
    with path.open("rb") as file:
        while piece := file.read(_READ_BYTES):
            held += piece
            found += held.count(wanted)
            # What was counted is not seen again: the rest is shorter than what is wanted.
            held = held[len(held) - len(wanted) + 1 :]
    return found
