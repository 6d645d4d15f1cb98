"""Checks that the path of a SQLite file still leads to the opened file.

When a backup replaces the file, this process has a deleted file open: reads and writes succeed, and their data are
lost when the process ends. So the file at the path is compared with the file that was opened first.
"""

import os
from pathlib import Path

from gateway.domain import sentences as say
from gateway.domain.errors import LogUnavailable

#: device and number
FileNumbers = tuple[int, int]


class SameFile:
    """Remembers the file at a path, and the write-ahead log of one connection."""

    __slots__ = ("_file", "_path", "_replaced", "_wal", "_wal_path")

    def __init__(self, path: Path) -> None:
        """A file that is not there yet is known from the first `check` on."""
        self._path = str(path)
        self._wal_path = f"{path}-wal"
        self._file = _identity(self._path)
        self._wal: FileNumbers | None = None
        self._replaced = False

    def connected(self) -> None:
        """A connection was opened and has read: its write-ahead log is known from now on."""
        self.check()
        self._wal = _identity(self._wal_path)

    def disconnected(self) -> None:
        """The connection is closed: the next one may begin another write-ahead log."""
        self._wal = None

    def check(self) -> None:
        """LogUnavailable while the file is missing, and for good after it was another one.

        Both files are asked for: what is written goes into the write-ahead log first. It may not be removed while
        a connection is open.
        """
        if not self._replaced:
            found = _identity(self._path)
            if found is None:
                raise LogUnavailable(say.DATABASE_MISSING)
            self._file = self._file or found
            kept = self._wal is None or self._wal == _identity(self._wal_path)
            self._replaced = found != self._file or not kept
        if self._replaced:
            raise LogUnavailable(say.LOG_REPLACED)


def _identity(path: str) -> FileNumbers | None:
    try:
        found = os.stat(path)  # noqa: PTH116 -- a text, with every batch
    except OSError:
        return None
    return found.st_dev, found.st_ino
