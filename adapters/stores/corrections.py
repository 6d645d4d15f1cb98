"""The queue of corrections over SQL (gateway.ports_corrections): a file of its own beside SQLite's log, or a table."""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from adapters.stores import sql
from adapters.stores.access_postgres import AccessConnection
from adapters.stores.log_sqlite import reason_of
from gateway.domain.errors import AccessUnavailable, CorrectionsUnavailable
from gateway.ports_corrections import CorrectionRow, CorrectionRows

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]

_T = TypeVar("_T")
_BUSY_SECONDS = 2.0
_COLUMNS = "id, period, person, requester, source, attribute, state, opened, delivered, sealed"
_ADD = f"INSERT INTO corrections ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"  # noqa: S608 -- columns
_MARK = "UPDATE corrections SET state = 'delivered', delivered = $2 WHERE id = $1 AND state = 'queued'"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS corrections (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
 period TEXT NOT NULL, person BLOB NOT NULL, requester TEXT NOT NULL, source TEXT NOT NULL, attribute TEXT NOT NULL,
 state TEXT NOT NULL, opened REAL NOT NULL, delivered REAL NOT NULL, sealed BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS corrections_person ON corrections (person);
CREATE INDEX IF NOT EXISTS corrections_state ON corrections (state, seq);
"""


class SqliteCorrections:
    """The table of a file."""

    def __init__(self, url: str, state_dir: Path) -> None:
        """`url` is that of the log. Opens the file with the first use."""
        self._path = sql.sqlite_path(url, state_dir).with_name("corrections.sqlite")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="corrections")
        self._connection: sqlite3.Connection | None = None

    async def add(self, row: CorrectionRow) -> None:
        """Keep one durably."""
        await self._run(lambda asked: asked.execute(_plain(_ADD), row))

    async def find(
        self, requester: str, persons: Sequence[bytes], state: str, most: int
    ) -> Sequence[CorrectionRow]:
        """The newest, newest first."""
        text, values = _find(requester, persons, state, most)
        rows = await self._run(lambda asked: asked.execute(_plain(text), values).fetchall())
        return [CorrectionRow(*row) for row in rows]

    async def mark(self, correction: str, delivered: float) -> None:
        """It was delivered."""
        await self._run(lambda asked: asked.execute(_plain(_MARK), (correction, delivered)))

    async def close(self) -> None:
        """Close the file."""
        await asyncio.to_thread(self._thread.shutdown)
        self._drop()

    async def _run(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._use, work)

    def _use(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        try:
            if self._connection is None:
                self._connection = self._opened()
            return work(self._connection)
        except (sqlite3.Error, OSError) as error:
            self._drop()
            raise CorrectionsUnavailable(reason_of(error)) from None

    def _opened(self) -> sqlite3.Connection:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.executescript(_SCHEMA)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()


class PostgresCorrections:
    """The table of a database."""

    def __init__(self, url: str) -> None:
        """Connects with the first use."""
        self._connection = AccessConnection(url)

    async def add(self, row: CorrectionRow) -> None:
        """Keep one durably."""
        await self._use(lambda asked: asked.execute(_ADD, *row))

    async def find(
        self, requester: str, persons: Sequence[bytes], state: str, most: int
    ) -> Sequence[CorrectionRow]:
        """The newest, newest first."""
        text, values = _find(requester, persons, state, most)
        rows = await self._use(lambda asked: asked.fetch(text, *values))
        return [CorrectionRow(*row) for row in rows]

    async def mark(self, correction: str, delivered: float) -> None:
        """It was delivered."""
        await self._use(lambda asked: asked.execute(_MARK, correction, delivered))

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    async def _use(self, work: "Callable[[asyncpg.Connection[Any]], Any]") -> Any:  # noqa: ANN401 -- what the work gives
        try:
            return await self._connection.use(work)
        except AccessUnavailable as error:
            raise CorrectionsUnavailable(error.detail) from None


def open_corrections(url: str, state_dir: Path) -> CorrectionRows:
    """Where the log at `url` is: a file of its own beside SQLite's, a table in PostgreSQL."""
    return PostgresCorrections(url) if sql.is_postgres(url) else SqliteCorrections(url, state_dir)


def _find(
    requester: str, persons: Sequence[bytes], state: str, most: int
) -> tuple[str, tuple[str | bytes | int, ...]]:
    """The question and its values; what is blank narrows nothing."""
    wheres: list[str] = []
    values: list[str | bytes | int] = []
    for column, wanted in (("requester", [requester]), ("person", persons), ("state", [state])):
        given = [one for one in wanted if one]
        if given:
            places = ", ".join(f"${len(values) + number}" for number in range(1, len(given) + 1))
            wheres.append(f"{column} IN ({places})")
            values += given
    where = f" WHERE {' AND '.join(wheres)}" if wheres else ""
    text = f"SELECT {_COLUMNS} FROM corrections{where} ORDER BY seq DESC LIMIT ${len(values) + 1}"  # noqa: S608 -- columns
    return text, (*values, most)


def _plain(text: str) -> str:
    return text.replace("$", "?")
