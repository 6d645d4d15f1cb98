"""The SQLite file of access, beside that of the log: its commits never wait for the log's, nor the log's for them.

What is written survives the end of the process, and the loss of power: a machine starts again in less time than
assertions, signed messages and proofs live.
"""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from adapters.schema.migration import NewerSchema, prepare, write_ahead
from adapters.schema.revision import DatabaseFile
from adapters.stores import sql
from adapters.stores.log_sqlite import reason_of
from gateway.domain.errors import AccessUnavailable

_T = TypeVar("_T")
_BUSY_SECONDS = 2.0


class AccessFile:
    """One connection; used by one thread at a time."""

    __slots__ = ("_connection", "_file", "_path")

    def __init__(self, url: str, state_dir: Path, file: DatabaseFile = DatabaseFile.ACCESS) -> None:
        """`url` is that of the log. Opens the file with the first use."""
        self._path = sql.file_beside(url, state_dir, file)
        self._file = file
        self._connection: sqlite3.Connection | None = None

    def use(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """What the work gives; AccessUnavailable when the file refuses."""
        try:
            if self._connection is None:
                self._connection = self._opened()
            return work(self._connection)
        except NewerSchema as error:
            raise AccessUnavailable(error.said) from None
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
        prepare(self._path, self._file)
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            write_ahead(connection)
            connection.execute("PRAGMA synchronous=FULL")
            if self._file is DatabaseFile.CONSENTS:  # what is deleted is overwritten
                connection.execute("PRAGMA secure_delete=ON").close()
        except sqlite3.Error:
            connection.close()
            raise
        return connection
