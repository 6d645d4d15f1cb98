"""A SQLite file as a database (database.py): readers in threads of lanes of their own, one thread that writes.

Written rows survive the end of the process and power loss; deleted bytes are overwritten.
"""

import asyncio
import contextlib
import math
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar
from urllib.parse import quote

from adapters.schema.migration import NewerSchema, prepare, transaction
from adapters.schema.revision import DatabaseFile
from adapters.stores.database import Found, Many, ReadKind, Statement, TableOwner
from adapters.stores.same_file import SameFile
from gateway.domain import sentences as say
from gateway.domain.errors import LogUnavailable
from gateway.domain.sentences import Sentence

_BUSY_SECONDS = 2.0
_T = TypeVar("_T")
#: of an administrator: it waits for other writers
PATIENT_SECONDS = 30.0
_READ_SECONDS = 30.0
_SCRUB_SECONDS = 20.0
_PAUSE_SECONDS = 0.1
#: of SQLite's machine, between two looks at the clock: some thousandths of a second
_STEPS = 100_000
_PIECE_BYTES = 1 << 22
_CACHED = 264
_FAULTS = (sqlite3.Error, OSError, LogUnavailable, NewerSchema)
#: lane -> threads. A report whose caller is gone goes on, and searches do not wait for it.
_THREADS: Final = MappingProxyType({"quick": 4, "slow": 4, "report": 1})
_LANES: Final = MappingProxyType(
    {ReadKind.QUICK: "quick", ReadKind.PROOF: "quick", ReadKind.SEARCH: "slow", ReadKind.REPORT: "report"}
)
_REASONS: Final = MappingProxyType(
    {
        sqlite3.SQLITE_FULL: say.DISK_FULL,
        sqlite3.SQLITE_BUSY: say.DATABASE_LOCKED,
        sqlite3.SQLITE_LOCKED: say.DATABASE_LOCKED,
        sqlite3.SQLITE_READONLY: say.DATABASE_READ_ONLY,
        sqlite3.SQLITE_IOERR: say.DISK_ERROR,
        sqlite3.SQLITE_INTERRUPT: say.DATABASE_LATE,
        sqlite3.SQLITE_CANTOPEN: say.DATABASE_NOT_OPENED,
    }
)


class _Threads:
    """At most `count` threads that work for the loop; an executor costs as much as a small write does."""

    __slots__ = ("_count", "_jobs", "_name", "_started")

    def __init__(self, name: str, count: int) -> None:
        self._name = name
        self._count = count
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._started: list[threading.Thread] = []

    def run(self, work: Callable[[], _T]) -> "asyncio.Future[_T]":
        """The result of the work, which ends even when its caller is gone."""
        done: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._jobs.put((work, done))
        if len(self._started) < self._count:
            self._started.append(threading.Thread(target=self._work, name=self._name, daemon=True))
            self._started[-1].start()
        return done

    async def close(self) -> None:
        """End after the work that was given."""
        for _ in self._started:
            self._jobs.put(None)
        while self._started:
            await asyncio.to_thread(self._started.pop().join)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, done = job
            found: Any = None
            error: BaseException | None = None
            try:
                found = work()
            except Exception as caught:  # noqa: BLE001 -- it is the waiting caller's
                error = caught
            with contextlib.suppress(RuntimeError):  # the loop was closed, no caller waits
                done.get_loop().call_soon_threadsafe(_settle, done, found, error)
            del job, work, done, found, error


def _settle(done: "asyncio.Future[Any]", found: object, error: BaseException | None) -> None:
    if done.cancelled():
        return
    if error is None:
        done.set_result(found)
    else:
        done.set_exception(error)


class _Readers:
    """Threads of one lane, and the connections that they leave idle."""

    __slots__ = ("idle", "threads")

    def __init__(self, name: str, count: int) -> None:
        self.threads = _Threads(name, count)
        self.idle: list[sqlite3.Connection] = []


class SqliteDatabase:
    """Opens its file with the first statement; after a fault connections are opened anew."""

    __slots__ = (
        "_busy_seconds",
        "_lanes",
        "_path",
        "_prepared",
        "_preparing",
        "_read_seconds",
        "_room",
        "_same",
        "_writer",
        "_writing",
        "arrays",
    )

    def __init__(
        self,
        path: Path,
        room: TableOwner,
        busy_seconds: float = _BUSY_SECONDS,
        read_seconds: float = _READ_SECONDS,
    ) -> None:
        """The log's file is there before; the others are made and migrated.

        So long a writer waits for another, and so long a statement may read.
        """
        self.arrays = False
        self._path = path
        self._room = room
        self._busy_seconds = busy_seconds
        self._read_seconds = read_seconds
        #: the log's file may not be replaced while it is open; the other files are made again when missing
        self._same = SameFile(path) if room.file is DatabaseFile.LOG else None
        self._prepared = room.file is DatabaseFile.LOG
        self._preparing = threading.Lock()
        self._lanes = {lane: _Readers(f"{self._path.stem}-{lane}", count) for lane, count in _THREADS.items()}
        self._writing = _Threads(f"{self._path.stem}-write", 1)
        self._writer: sqlite3.Connection | None = None

    async def read(self, text: str, *values: object, way: ReadKind = ReadKind.QUICK) -> Found:
        """Rows of one statement; statements but reports end after their time."""
        lane = self._lanes[_LANES[way]]
        seconds = math.inf if way is ReadKind.REPORT else self._read_seconds
        work = partial(self._read, lane, text.replace("$", "?"), values, seconds)
        return await lane.threads.run(work)

    async def write(self, *work: Statement | Many, lock: str = "", erasing: bool = False) -> Found:
        """Run all of it in one transaction, or none. There is one writer at a time, whatever its `lock`."""
        del lock
        return await self._writing.run(lambda: self._write(work, erasing))

    async def scrub(self, table: str, remains: Sequence[bytes] = ()) -> bool:
        """Write everything into the file and truncate the write-ahead log; whether the remains stand once at most.

        The file is rewritten as a whole when older copies of them are left in its free space.
        """
        del table
        return await self._writing.run(lambda: self._scrub(remains))

    async def close(self) -> None:
        """End the threads when the statements under way have ended, and close the connections."""
        for threads in (*(lane.threads for lane in self._lanes.values()), self._writing):
            await threads.close()
        for lane in self._lanes.values():
            while lane.idle:
                lane.idle.pop().close()
        self._disconnect()

    def _read(self, lane: _Readers, text: str, values: tuple[object, ...], seconds: float) -> Found:
        connection = None
        try:
            connection = self._idle(lane) or self._connected(reading=True)
            end = time.monotonic() + seconds
            # A question that finds nothing in ten million rows must not hold a thread for ever.
            connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
            rows = rows_of(connection, text, values)
            connection.set_progress_handler(None, 0)
            if self._same is not None:
                self._same.check()
        except _FAULTS as error:
            if connection is not None:
                connection.close()
            self._prepared = self._room.file is DatabaseFile.LOG
            raise self._room.unreadable(reason_of(error, say.DATABASE_ANSWERS_NOTHING)) from None
        lane.idle.append(connection)
        return rows

    def _idle(self, lane: _Readers) -> sqlite3.Connection | None:
        with contextlib.suppress(IndexError):
            return lane.idle.pop()
        return None

    def _write(self, work: Sequence[Statement | Many], erasing: bool) -> Found:  # noqa: FBT001 -- ours
        with self._as_unwritten():
            connection = self._writable()
            with transaction(connection):
                found = _run(connection, work)
            if erasing:  # a reader in the way has it done by the next erasure
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            return found

    def _scrub(self, remains: Sequence[bytes]) -> bool:
        with self._as_unwritten():
            if not _cut(self._writable()):
                return False
            self._disconnect()  # a read and close of a file would give up the locks of its connections (POSIX)
            if any(_count(self._path, one) > 1 for one in remains):
                self._writable().execute("VACUUM").close()
                return _cut(self._writable())
            return True

    def _writable(self) -> sqlite3.Connection:
        connection = self._writer = self._writer or self._connected(reading=False)
        if self._same is not None:
            self._same.check()
        return connection

    @contextlib.contextmanager
    def _as_unwritten(self) -> Iterator[None]:
        """The table owner's error for a writer's. The next write opens a new connection: the disk may be back."""
        try:
            yield
        except _FAULTS as error:
            self._disconnect()
            self._prepared = self._room.file is DatabaseFile.LOG
            raise self._room.unwritten(reason_of(error)) from None

    def _connected(self, *, reading: bool) -> sqlite3.Connection:
        with self._preparing:
            if not self._prepared:
                prepare(self._path, self._room.file)
                self._prepared = True
        connection = connect(self._path, one_thread=False, busy_seconds=self._busy_seconds)
        connection.execute("PRAGMA query_only=ON" if reading else "PRAGMA secure_delete=ON").close()
        return connection

    def _disconnect(self) -> None:
        connection, self._writer = self._writer, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()


def connect(path: Path, *, one_thread: bool = True, busy_seconds: float = 1.0) -> sqlite3.Connection:
    """An own connection with the durability of the log; sqlite3.Error when there is no file."""
    # mode=rw: a file that went missing is an error, not a new and empty log.
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw",
        uri=True,
        timeout=busy_seconds,
        isolation_level=None,
        check_same_thread=one_thread,
        cached_statements=_CACHED,
    )
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA wal_autocheckpoint=4000")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def rows_of(connection: sqlite3.Connection, text: str, values: Sequence[object] = ()) -> Found:
    """Row by row as they are stored: a damaged row must not hide the others."""
    try:
        return connection.execute(text, values).fetchall()
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", None) is not None:
            raise
    # Not SQLite's error but the driver's, which found text that is none. Asked again with more patience.
    connection.text_factory = _text_or_bytes
    try:
        return connection.execute(text, values).fetchall()
    finally:
        connection.text_factory = str


def reason_of(error: Exception, otherwise: Sentence = say.DATABASE_TAKES_NOTHING) -> Sentence:
    """The cause, without quoted values; `otherwise` when it is not known."""
    if isinstance(error, LogUnavailable | NewerSchema):
        return error.sentence or otherwise
    # The low byte is the primary code; SQLite's own text is not repeated, it can quote values.
    return _REASONS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, otherwise)


def _text_or_bytes(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _run(connection: sqlite3.Connection, work: Sequence[Statement | Many]) -> Found:
    found: Found = []
    for one in work:
        text = one[0].replace("$", "?")
        if isinstance(one, Many):
            connection.executemany(text, one.rows)
        else:
            found = connection.execute(text, tuple(one[1])).fetchall()
    return found


def _cut(connection: sqlite3.Connection) -> bool:
    """Whether the write-ahead log was written into the file and truncated; readers may block this for a while."""
    end = time.monotonic() + _SCRUB_SECONDS
    while True:
        busy: Any = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if not busy or time.monotonic() > end:
            return not busy
        time.sleep(_PAUSE_SECONDS)


def _count(path: Path, wanted: bytes) -> int:
    """The number of times that these bytes are in the file; reads it piece by piece."""
    found, held = 0, b""
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            held += piece
            found += held.count(wanted)
            # What was counted is not seen again: the rest is shorter than what is wanted.
            held = held[len(held) - len(wanted) + 1 :]
    return found
