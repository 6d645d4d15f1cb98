"""Statements over either database, all of one call in one transaction; an error of the room when it cannot be asked.

Statements are written for PostgreSQL (`$1`); SQLite numbers its parameters alike (`?1`).
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from adapters.schema.revision import DatabaseFile
from adapters.stores import sql
from adapters.stores.access_file import AccessFile
from adapters.stores.postgres import PostgresConnection
from gateway.domain.errors import AccessUnavailable, ConsentsUnavailable, GatewayError
from gateway.domain.row_filter import RowFilter

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]

#: a statement and its parameters
Statement = tuple[str, Sequence[object]]
#: what the last statement found
Found = list[tuple[Any, ...]]

#: the error of the room that asks
Away = type[GatewayError]


class Rows(Protocol):
    """A database with these tables."""

    async def run(self, *work: Statement, erasing: bool = False) -> Found:
        """Run all of it, or none. `erasing`: what it deletes leaves the files as well, as soon as that can be."""

    async def close(self) -> None:
        """Free the connection."""


class SqliteRows:
    """A file beside the log's, in a thread of its own."""

    def __init__(self, url: str, state_dir: Path, file: DatabaseFile, away: Away) -> None:
        """`url` is that of the log. Opens the file with the first use; `away` is raised when it refuses."""
        self._file = AccessFile(url, state_dir, file)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=file)
        self._away = away

    async def run(self, *work: Statement, erasing: bool = False) -> Found:
        """Run all of it, or none."""
        loop = asyncio.get_running_loop()
        asked = partial(self._file.use, partial(_all_of_it, work, erasing))
        try:
            return await loop.run_in_executor(self._thread, asked)
        except AccessUnavailable as error:
            raise self._away(error.said) from None

    async def close(self) -> None:
        """Close the file."""
        await asyncio.to_thread(self._thread.shutdown)
        self._file.close()


class PostgresRows:
    """The tables of a database."""

    def __init__(self, url: str, away: Away) -> None:
        """Connects with the first use; `away` is raised when it cannot be asked."""
        self._connection = PostgresConnection(url, away)

    async def run(self, *work: Statement, erasing: bool = False) -> Found:
        """Run all of it, or none. What is deleted stays in dead rows until the server's vacuum, as `erasing` knows."""
        del erasing

        async def asked(connection: "asyncpg.Connection[Any]") -> Found:
            found: Found = []
            async with connection.transaction():
                for text, values in work:
                    found = [tuple(row) for row in await connection.fetch(text, *values)]
            return found

        return await self._connection.use(asked)

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()


def open_rows(
    url: str, state_dir: Path, file: DatabaseFile = DatabaseFile.CONSENTS, away: Away = ConsentsUnavailable
) -> Rows:
    """Where the log at `url` is: a file of its own beside SQLite's, tables in PostgreSQL."""
    return PostgresRows(url, away) if sql.is_postgres(url) else SqliteRows(url, state_dir, file, away)


def search(select: str, wanted: RowFilter) -> Statement:
    """What `select` gives of the rows that are looked for; only places of parameters are put together here."""
    values: list[object] = [wanted.before, wanted.count]
    wheres = ["seq < $1"]
    columns = (("requester", [wanted.requester]), ("person", wanted.persons), ("state", wanted.states))
    for column, given in columns:
        if named := [one for one in given if one]:
            places = ", ".join(f"${len(values) + number}" for number in range(1, len(named) + 1))
            wheres.append(f"{column} IN ({places})")
            values += named
    return f"{select} WHERE {' AND '.join(wheres)} ORDER BY seq DESC LIMIT $2", values


def _all_of_it(work: Sequence[Statement], erasing: bool, connection: sqlite3.Connection) -> Found:  # noqa: FBT001 -- ours
    found: Found = []
    is_reading = all(text.startswith("SELECT") for text, _ in work)
    connection.execute("BEGIN" if is_reading else "BEGIN IMMEDIATE")
    try:
        for text, values in work:
            found = connection.execute(text.replace("$", "?"), tuple(values)).fetchall()
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    if erasing:  # the file beside it holds older pages; a reader in the way has it done by the next erasure
        with contextlib.suppress(sqlite3.Error):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return found
