"""The exchange log in PostgreSQL: one task commits for all waiting callers, over asyncpg.

A batch is one INSERT from two arrays: one round trip, one transaction.
The next batch connects again after a lost connection; until then each caller gets an error at once.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from adapters.schema.grants import check_account
from adapters.schema.migration import check_schema
from adapters.stores.batch import (
    QUEUE_LIMIT,
    PendingRecord,
    RefusedRecord,
    WorkRefused,
    awaited,
    check_found,
    keys_of,
    refusal_of,
    refuse,
    settle,
    steps_of,
)
from adapters.stores.high_water import HEAD_POSTGRES, HighWater, LogHead
from adapters.stores.postgres import Lane
from gateway.domain import sentences as say
from gateway.domain.errors import LogRolledBack, LogUnavailable

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]

_T = TypeVar("_T")
_CHUNK = 1_000
_CLOSE_SECONDS = 10.0
# The newest row: this process knows by it whether the database is still the one that has what was answered.
_INSERT = (
    "WITH written AS (INSERT INTO append_log (id, leaf, tag)"
    " SELECT * FROM unnest($1::text[], $2::bytea[], $3::bytea[]) RETURNING seq, id)"
    " SELECT seq, id FROM written ORDER BY seq DESC LIMIT 1"
)
# Work goes by keys. A plan that was made while a table was small must not read all of it later.
_BY_INDEX = (
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
)
_DEADLOCK = "40P01"
_TRIES = 3
#: after a deadlock: the other transaction, which was waiting for a row of this one, takes it meanwhile
_PAUSE_SECONDS = 0.05
#: classes of SQLSTATE: what is wrong with a row, and with no other of its batch
_FAULTS_OF_A_ROW = frozenset({"21", "22", "23"})
_HEAD = f"SELECT {HEAD_POSTGRES}"
# What was rolled back frees no page before a vacuum, which gives the pages back to the disk: so new ones are asked for
# nearly every time, as a record does. The message is a commit that waits for the server's log, and for its standby.
_PROBE = """
BEGIN;
INSERT INTO write_probe SELECT decode(repeat('00', 1900), 'hex') FROM generate_series(1, 9);
ROLLBACK;
SELECT pg_logical_emit_message(true, 'motlan', 'ready');
"""
# Sequence numbers have gaps (rolled back batches), hence the margin.
_RECENT = (
    "SELECT leaf FROM append_log WHERE seq > (SELECT last_value FROM append_log_seq_seq) - $1 * 4 - 1000"
    " ORDER BY seq DESC LIMIT $1"
)


class PostgresStore:
    """The append table and the period keys in one database; its owner migrates it and grants the rights."""

    __slots__ = (
        "_arrived",
        "_closed",
        "_connection",
        "_high_water",
        "_is_checked",
        "_may_own",
        "_queue",
        "_queued",
        "_task",
        "commits",
    )

    def __init__(self, url: str, high_water: HighWater | None = None, *, may_own: bool = True) -> None:
        """Nothing is connected before the first use. Each new connection is compared with `high_water`.

        `may_own`: the account may be the owner of the tables.
        """
        self._high_water = high_water
        self._may_own = may_own
        #: whether the account had the rights that it needs, and no others, when it was looked at last
        self._is_checked = False
        self._queue: deque[PendingRecord] = deque()
        self._queued = 0
        self._closed = False
        self._arrived = asyncio.Event()
        self._connection = Lane(url, rest_seconds=0, on_connect=self._compare)
        self._task: asyncio.Task[None] | None = None
        #: transactions so far
        self.commits = 0

    def submit(self, row: PendingRecord) -> None:
        """Queue one row; its future is settled when it is durable or cannot be. LogUnavailable when full."""
        if self._closed or self._queued >= QUEUE_LIMIT:
            raise LogUnavailable(say.LOG_CLOSED if self._closed else say.TOO_MANY_FOR_DATABASE)
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
        """Write as much as a large record, delete it and commit; LogUnavailable when that fails."""
        self._is_checked = False
        await self._use(lambda connection: connection.execute(_PROBE))

    async def wrapped(self, period: str) -> bytes | None:
        """The wrapped keys of a period, or None."""
        query = "SELECT wrapped FROM period_keys WHERE period = $1"
        found: bytes | None = await self._use(lambda connection: connection.fetchval(query, period))
        return found

    async def keep(self, period: str, wrapped: bytes) -> bytes:
        """Store new keys durably; keys stored earlier stay in use. LogUnavailable when those were deleted."""
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
        await self._connection.close()

    async def _use(self, work: Callable[[Any], Awaitable[_T]]) -> _T:
        """The result of the work, and nothing after `close`: only what is queued is still written then."""
        if self._closed:
            raise LogUnavailable(say.LOG_CLOSED)
        return await self._used(work)

    async def _used(self, work: Callable[[Any], Awaitable[_T]]) -> _T:
        if not self._is_checked:
            await self._connection.use(self._check, LogUnavailable)
            self._is_checked = True
        return await self._connection.use(work, LogUnavailable)

    async def _check(self, connection: "asyncpg.Connection[Any]") -> None:
        """DatabaseUnfit for the schema of another release, or rights too few or too many; with each probe anew."""
        await check_schema(connection)
        await check_account(connection, may_own=self._may_own)

    async def _write_for_ever(self) -> None:
        while self._queue or not self._closed:
            if not self._queue:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            rows = [self._queue.popleft() for _ in range(min(len(self._queue), _CHUNK))]
            error, refused = await self._write(awaited(rows))
            self._queued -= len(rows)
            refuse(refused)
            settle(rows, error)

    async def _write(
        self, rows: Sequence[PendingRecord]
    ) -> tuple[LogUnavailable | None, Sequence[RefusedRecord]]:
        """The cause of a failure (the server may have committed all the same), and rows whose work could not be done.

        Those were not written.
        """
        refused: Sequence[RefusedRecord] = ()
        try:
            if any(row.work is not None for row in rows):
                newest, refused = await self._used(lambda connection: _inserted_with_work(connection, rows))
            else:
                newest = await self._used(lambda connection: _inserted(connection, rows))
            if self._high_water is not None and newest is not None:
                self._high_water.answered(newest["seq"], newest["id"])
        except LogRolledBack as error:
            return error, ()
        except LogUnavailable as error:
            return LogUnavailable.perhaps(error.sentence), ()
        self.commits += 1
        return None, refused

    async def _compare(self, connection: "asyncpg.Connection[Any]") -> None:
        """Checks that the server behind the address holds the known log."""
        if self._high_water is not None:
            await self._high_water.fetch()
            expected = self._high_water.expect()
            head = await connection.fetchrow(_HEAD, *expected.parameters)
            self._high_water.compare(expected, LogHead(*head))


async def _inserted(connection: "asyncpg.Connection[Any]", rows: Sequence[PendingRecord]) -> Any:  # noqa: ANN401 -- asyncpg's row
    """Insert the leaves in one statement; number and id of the newest row."""
    columns = [[row[place] for row in rows] for place in range(3)]
    return await connection.fetchrow(_INSERT, *columns)


async def _inserted_with_work(
    connection: "asyncpg.Connection[Any]", rows: Sequence[PendingRecord]
) -> tuple[Any, list[RefusedRecord]]:
    """Do the work of all rows and insert their leaves, in one transaction, without the rows whose work fails."""
    for left in reversed(range(_TRIES)):
        try:
            async with connection.transaction():
                await connection.execute(_BY_INDEX)
                done, refused = await _worked(connection, rows)
                return await _inserted(connection, done) if done else None, refused
        except Exception as error:  # of the driver or the network; all but a deadlock is raised again
            # A transaction of another process took the same rows in another order: this one has changed nothing.
            if getattr(error, "sqlstate", None) != _DEADLOCK or not left:
                raise
        await asyncio.sleep(_PAUSE_SECONDS)
    raise AssertionError


async def _worked(
    connection: "asyncpg.Connection[Any]", rows: Sequence[PendingRecord]
) -> tuple[Sequence[PendingRecord], list[RefusedRecord]]:
    """Do the work of all rows; the rows whose work is done, and those of which nothing is."""
    if await _failed(connection, rows) is None:
        return rows, []
    done: list[PendingRecord] = []
    refused: list[RefusedRecord] = []
    for row in rows:
        error = None if row.work is None else await _failed(connection, (row,))
        if error is None:
            done.append(row)
        else:
            refused.append((row, refusal_of(error)))
    return done, refused


async def _failed(connection: "asyncpg.Connection[Any]", rows: Sequence[PendingRecord]) -> Exception | None:
    """Do the work of these rows, or nothing of it: then why."""
    try:
        async with connection.transaction():
            for step in steps_of(rows):
                status = await connection.execute(step.statement.postgres, *zip(*step.rows, strict=True))
                check_found(step.statement, int(status.rpartition(" ")[2]), len(step.rows))
    except Exception as error:  # of the driver or the network; what is no fault of a row is raised again
        if isinstance(error, WorkRefused) or (getattr(error, "sqlstate", None) or "")[:2] in _FAULTS_OF_A_ROW:
            return error
        raise
    return None
