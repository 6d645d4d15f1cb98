"""The exchange log in PostgreSQL: one task that commits for everybody who waits, over asyncpg.

A batch is one INSERT from two arrays: one round trip, one transaction.
A lost server is met again with the next batch; until then those who wait are told so at once.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from adapters.stores import sql
from adapters.stores.batch import QUEUE_LIMIT, Row, keys_of, settle
from gateway.domain.errors import LogUnavailable

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]

_T = TypeVar("_T")
_CHUNK = 1_000
_UNKNOWN = "the database does not take the record"
_CONNECT_SECONDS = 3.0
_COMMAND_SECONDS = 5.0
_CLOSE_SECONDS = 10.0
_INSERT = "INSERT INTO append_log (id, leaf) SELECT * FROM unnest($1::text[], $2::bytea[])"
# Sequence numbers have gaps (rolled back batches), hence the margin.
_RECENT = (
    "SELECT leaf FROM append_log WHERE seq > (SELECT last_value FROM append_log_seq_seq) - $1 * 4 - 1000"
    " ORDER BY seq DESC LIMIT $1"
)


class PostgresStore:
    """The append table and the period keys in one database; migrated with the first connection."""

    __slots__ = (
        "_arrived",
        "_closed",
        "_connection",
        "_in_use",
        "_queue",
        "_queued",
        "_task",
        "_url",
        "commits",
    )

    def __init__(self, url: str) -> None:
        """Nothing is connected before the first use."""
        self._url = url
        self._queue: deque[Row] = deque()
        self._queued = 0
        self._closed = False
        self._arrived = asyncio.Event()
        self._in_use = asyncio.Lock()
        self._connection: asyncpg.Connection[Any] | None = None
        self._task: asyncio.Task[None] | None = None
        #: transactions so far
        self.commits = 0

    def submit(self, row: Row) -> None:
        """Queue one row; its future is settled when it is durable or cannot be. LogUnavailable when full."""
        if self._closed or self._queued >= QUEUE_LIMIT:
            raise LogUnavailable(
                "the log is closed" if self._closed else "too many records wait for the database"
            )
        if self._task is None:
            self._task = asyncio.create_task(self._write_for_ever(), name="exchange-log")
        self._queued += 1
        self._queue.append(row)
        self._arrived.set()

    async def recent(self, count: int) -> list[bytes]:
        """The newest leaves, newest first."""
        rows = await self._use(lambda connection: connection.fetch(_RECENT, count))
        return [row["leaf"] for row in rows]

    async def probe(self) -> None:
        """Write something durably and take it back; LogUnavailable when that fails, as a record would."""
        await self._use(lambda connection: connection.execute("INSERT INTO write_probe VALUES ('\\x00')"))
        await self._use(lambda connection: connection.execute("DELETE FROM write_probe"))

    async def wrapped(self, period: str) -> bytes | None:
        """The wrapped keys of a period, or None."""
        query = "SELECT wrapped FROM period_keys WHERE period = $1"
        found: bytes | None = await self._use(lambda connection: connection.fetchval(query, period))
        return found

    async def keep(self, period: str, wrapped: bytes) -> bytes:
        """Keep new keys durably; those that were first hold. LogUnavailable when these are there no more."""
        query = "INSERT INTO period_keys VALUES ($1, $2) ON CONFLICT DO NOTHING"
        await self._use(lambda connection: connection.execute(query, period, wrapped))
        return keys_of(period, await self.wrapped(period))

    async def close(self) -> None:
        """Write what is queued, then end the task and the connection."""
        self._closed = True
        self._arrived.set()
        if self._task is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._task, _CLOSE_SECONDS)
        self._disconnect()

    async def _write_for_ever(self) -> None:
        while self._queue or not self._closed:
            if not self._queue:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            rows = [self._queue.popleft() for _ in range(min(len(self._queue), _CHUNK))]
            reason = await self._write(rows)
            self._queued -= len(rows)
            settle(rows, reason)

    async def _write(self, rows: Sequence[Row]) -> str:
        ids, leaves = [row.id for row in rows], [row.leaf for row in rows]
        try:
            await self._use(lambda connection: connection.execute(_INSERT, ids, leaves))
        except LogUnavailable as error:
            return error.detail
        self.commits += 1
        return ""

    async def _use(self, work: "Callable[[asyncpg.Connection[Any]], Awaitable[_T]]") -> _T:
        import asyncpg  # noqa: PLC0415 -- an extra, only installed where PostgreSQL is used

        async with self._in_use:
            try:
                if self._connection is None or self._connection.is_closed():
                    self._connection = await connect(self._url)
                async with asyncio.timeout(_COMMAND_SECONDS):
                    return await work(self._connection)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
                self._disconnect()
                raise LogUnavailable(reason_of(error)) from None
            except asyncio.CancelledError:
                # The answer still under way is not for the next command.
                self._disconnect()
                raise
            except Exception:  # noqa: BLE001 -- the driver lost its way; nobody may wait in vain
                self._disconnect()
                raise LogUnavailable(_UNKNOWN) from None

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


async def connect(url: str) -> "asyncpg.Connection[Any]":
    """An own connection that commits durably, to a database with the newest schema."""
    import asyncpg  # noqa: PLC0415 -- an extra, only installed where PostgreSQL is used

    address = sql.postgres_dsn(url)
    connection = await asyncpg.connect(address, timeout=_CONNECT_SECONDS, command_timeout=_COMMAND_SECONDS)
    try:
        if await connection.fetchval("SHOW synchronous_commit") == "off":
            await connection.execute("SET synchronous_commit = on")
        if not await _is_current(connection):
            await asyncio.shield(asyncio.to_thread(sql.migrate_postgres, url))
    except BaseException:
        connection.terminate()
        raise
    return connection


async def _is_current(connection: "asyncpg.Connection[Any]") -> bool:
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return False
    version: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    return sql.is_current(version)


def reason_of(error: Exception, otherwise: str = _UNKNOWN) -> str:
    """What happened, in words that quote nothing; `otherwise` when that is not known."""
    # PostgreSQL's own text is not repeated: it can quote values and addresses.
    if isinstance(error, TimeoutError):
        return "the database does not answer in time"
    if isinstance(error, OSError):
        return "the database cannot be reached"
    state = getattr(error, "sqlstate", None) or ""
    return {"53100": "the disk is full", "25006": "the database is read-only"}.get(state, otherwise)
