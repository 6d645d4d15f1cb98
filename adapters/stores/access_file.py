"""The SQLite file of access, beside that of the log: its commits never wait for the log's, nor the log's for them.

What is written survives the end of the process, and the loss of power: a machine starts again in less time than
assertions, signed messages and proofs live.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from adapters.stores import sql
from adapters.stores.log_sqlite import reason_of
from gateway.domain.errors import AccessUnavailable

_T = TypeVar("_T")
_BUSY_SECONDS = 2.0
_AGAIN_SECONDS = 0.01
_SCHEMA = """
CREATE TABLE IF NOT EXISTS access_replays (key BLOB PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS access_replays_until ON access_replays (until);
CREATE TABLE IF NOT EXISTS access_revocations (seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL,
 id TEXT NOT NULL, at REAL NOT NULL, until REAL NOT NULL);
"""


class AccessFile:
    """One connection; used by one thread at a time."""

    __slots__ = ("_connection", "_path", "_schema")

    def __init__(self, url: str, state_dir: Path, name: str = "access.sqlite", schema: str = _SCHEMA) -> None:
        """`url` is that of the log. Opens the file with the first use; `schema` may be run again and again."""
        self._path = sql.sqlite_path(url, state_dir).with_name(name)
        self._schema = schema
        self._connection: sqlite3.Connection | None = None

    def use(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """What the work gives; AccessUnavailable when the file refuses."""
        try:
            if self._connection is None:
                self._connection = self._opened()
            return work(self._connection)
        except (sqlite3.Error, OSError) as error:
            self.close()  # a fresh connection next time: it also recovers from a disk that came back
            raise AccessUnavailable(reason_of(error)) from None

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _opened(self) -> sqlite3.Connection:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(self._path)
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            _write_ahead(connection)
            connection.execute("PRAGMA synchronous=FULL")
            connection.executescript(self._schema)
        except sqlite3.Error:
            connection.close()
            raise
        return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to WAL, with patience: SQLite does not wait for another who does the same at this moment."""
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_AGAIN_SECONDS)
        else:
            return


def _make(path: Path) -> None:
    """For nobody else, where it is missing.

    A file that stands is left alone: to close it after a look would give up the locks of every connection that this
    process has to it (POSIX).
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
