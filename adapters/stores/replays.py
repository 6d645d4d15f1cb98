"""What may be shown only once, over SQL (gateway.ports_access.Replays): it survives restarts, and workers share it.

Whoever comes while a batch is under way shares the next one. A store that cannot be asked lets nobody in.
"""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from adapters.stores import sql
from adapters.stores.access_file import AccessFile
from adapters.stores.access_postgres import AccessConnection
from gateway.domain.errors import AccessUnavailable

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]

_CHUNK = 256
_WAITING = 10_000
#: between two clearings of what is over
_CLEAR_SECONDS = 60.0
_KEEP = "INSERT OR IGNORE INTO access_replays (key, until) VALUES (?, ?)"
_CLEAR = "DELETE FROM access_replays WHERE until < $1"
_KEEP_MANY = (
    "INSERT INTO access_replays (key, until) SELECT * FROM unnest($1::bytea[], $2::float8[])"
    " ON CONFLICT DO NOTHING RETURNING key"
)


class _Shown(NamedTuple):
    key: bytes
    until: float
    done: "asyncio.Future[bool]"


#: writes keys down, and says of each whether it is new
Write = Callable[[Sequence[_Shown]], Awaitable[Sequence[bool]]]


class SqlReplays:
    """One writer for everybody who waits."""

    def __init__(self, write: Write, close: Callable[[], Awaitable[None]]) -> None:
        """Nothing is opened before the first use."""
        self._write = write
        self._close = close
        self._waiting: list[_Shown] = []
        self._task: asyncio.Task[None] | None = None

    async def first(self, key: bytes, until: float) -> bool:
        """Whether the key is new; remembered until then. AccessUnavailable when that cannot be known."""
        if len(self._waiting) >= _WAITING:
            raise AccessUnavailable("too many wait for the replay store")
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Shown(key, until, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_all(), name="replays")
        return await done

    async def close(self) -> None:
        """Write what waits, then free connections."""
        if self._task is not None:
            await self._task
        await self._close()

    async def _write_all(self) -> None:
        while self._waiting:
            rows, self._waiting = self._waiting[:_CHUNK], self._waiting[_CHUNK:]
            try:
                found = await self._write(rows)
            except Exception as error:  # noqa: BLE001 -- nobody may wait in vain
                _refuse(rows, error)
                continue
            for row, new in zip(rows, found, strict=True):
                if not row.done.done():
                    row.done.set_result(new)


def _refuse(rows: Sequence[_Shown], error: Exception) -> None:
    told = error if isinstance(error, AccessUnavailable) else AccessUnavailable("the replay store failed")
    for row in rows:
        if not row.done.done():
            row.done.set_exception(AccessUnavailable(told.detail))


def open_replays(url: str, state_dir: Path) -> SqlReplays:
    """Where the log at `url` is: a file of its own beside SQLite's, a table in PostgreSQL."""
    if sql.is_postgres(url):
        connection = AccessConnection(url)
        return SqlReplays(partial(_keep_postgres, connection, _Clearing()), connection.close)
    file, thread = AccessFile(url, state_dir, "NORMAL"), ThreadPoolExecutor(1, thread_name_prefix="replays")
    clearing = _Clearing()

    async def write(rows: Sequence[_Shown]) -> Sequence[bool]:
        work = partial(_keep_sqlite, rows, clearing)
        return await asyncio.get_running_loop().run_in_executor(thread, file.use, work)

    async def close() -> None:
        await asyncio.to_thread(thread.shutdown)
        file.close()

    return SqlReplays(write, close)


class _Clearing:
    """Whether it is time to clear."""

    def __init__(self) -> None:
        self._next = 0.0

    def due(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + _CLEAR_SECONDS
        return True


def _keep_sqlite(rows: Sequence[_Shown], clearing: _Clearing, connection: sqlite3.Connection) -> list[bool]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = [connection.execute(_KEEP, row[:2]).rowcount == 1 for row in rows]
        if clearing.due():
            connection.execute(_CLEAR.replace("$", "?"), (time.time(),))
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return found


async def _keep_postgres(
    connection: AccessConnection, clearing: _Clearing, rows: Sequence[_Shown]
) -> list[bool]:
    async def work(asked: "asyncpg.Connection[Any]") -> list[bool]:
        kept = await asked.fetch(_KEEP_MANY, [row.key for row in rows], [row.until for row in rows])
        new = {bytes(row["key"]) for row in kept}
        found = []
        for row in rows:  # of two alike in one batch, the first is the new one
            found.append(row.key in new)
            new.discard(row.key)
        if clearing.due():
            await asked.execute(_CLEAR, time.time())
        return found

    return await connection.use(work)
