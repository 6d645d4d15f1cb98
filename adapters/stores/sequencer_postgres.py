"""The sequence in PostgreSQL, over asyncpg; decoding and hashing in a thread of their own.

Rows of `append_log` do not become visible in the order of their numbers: a number is drawn when a row is written,
and the row is seen when its transaction ends. A mark "everything up to here is done" that simply followed the
largest number seen would lose rows for ever. So a batch takes whatever is visible beyond `floor_seq` and not in the
tree yet, and the floor only rises to a number below which nothing can appear any more:

1. `top` is read: the last number drawn. Every number up to it was drawn by a transaction that held its row
   exclusive lock on `append_log` before it drew, and holds it to its end.
2. then the holders of that lock are read. Each transaction that drew a number up to `top` is among them or has ended.
3. when none of these holders is left (transactions have names that do not come again), all rows up to `top` that
   will ever exist are visible to the next statement: a transaction becomes visible before it gives up its locks.
   Numbers that are missing now were rolled back.

So the batch that this next statement reads may raise the floor to `top` if it took everything up to `top`. A
prepared transaction loses its name but keeps its lock; while there is one the floor stays. What lies between the
floor and the newest row is looked at again with each batch; that is about what is written during two batches.
All this is true of a sequence that hands out numbers one by one (CACHE 1, as the migration makes it).

The batch's transaction locks the row of `log_state`, or leaves at once when another holds it.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from adapters.stores.high_water import HEAD_POSTGRES, HighWater, LogHead
from adapters.stores.log_search import BLOCKS, window
from adapters.stores.postgres import connect
from adapters.stores.postgres_causes import reason_of
from adapters.stores.sequence_batch import (
    BATCH_ROWS,
    BLOCK,
    COLUMNS,
    LEASE_SECONDS,
    NEWEST_NOTE,
    QUARANTINE,
    RUN,
    STATE,
    Batch,
    LogStateRow,
    Numbering,
    OwnRow,
    OwnRows,
    TreeEntry,
    edge_of,
    now_text,
)
from adapters.stores.sifting import TAGGED, UNTAGGED, AppendedRow, Sifting, TagKeys, UntaggedRows
from gateway.domain.errors import GatewayError, LogUnavailable

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]

_T = TypeVar("_T")
#: rows encoded in one go, so that the loop is never held for long
_ROWS = 256
_SECONDS = 30.0
_GIVE_BACK = "UPDATE log_state SET lease_until = 0 WHERE lease_owner = $1"
# A table that was copied without its sequence may have larger numbers.
_TOP = (
    "SELECT greatest(CASE WHEN is_called THEN last_value ELSE last_value - 1 END,"
    " (SELECT max(seq) FROM append_log)) FROM append_log_seq_seq"
)
# The server's clock, for the machines' own ones differ.
_CLOCK = "extract(epoch FROM clock_timestamp())::float8"
_LOOK = f"SELECT {STATE}, {_CLOCK}, ({_TOP}), {HEAD_POSTGRES} FROM log_state"  # noqa: S608 -- our own names
_HEAD = f"SELECT {HEAD_POSTGRES}"
_LOCK = f"SELECT {STATE}, {_CLOCK} FROM log_state FOR UPDATE SKIP LOCKED"  # noqa: S608 -- our own names
_HOLDERS = (
    "SELECT virtualtransaction, pid FROM pg_locks WHERE locktype = 'relation' AND granted"
    " AND mode = 'RowExclusiveLock' AND relation = 'append_log'::regclass"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
# NOT IN, not NOT EXISTS: planned the same way, by a hash table, whatever is known of the tables' sizes.
_FRESH = (
    "SELECT seq, convert_to(id, 'UTF8') FROM append_log WHERE seq > $1"
    " AND seq NOT IN (SELECT seq FROM log_entries WHERE idx >= $2)"
    " AND seq NOT IN (SELECT seq FROM log_quarantine WHERE seq > $1) ORDER BY seq LIMIT $3"
)
_WRITTEN = "SELECT seq, leaf, tag FROM append_log WHERE seq = ANY($1::bigint[]) ORDER BY seq"
_KEYS = "SELECT period, wrapped FROM period_keys WHERE period = ANY($1::text[])"
_ENTERED = "SELECT hash FROM log_entries WHERE period = ANY($1::text[]) AND hash = ANY($2::bigint[])"
_BELOW = "SELECT coalesce(max(below), 0) FROM log_pruned"
_PRUNED = "SELECT hash FROM log_pruned_hashes WHERE run = ANY($1::bigint[]) AND hash = ANY($2::bigint[])"
_OPEN_UNTAGGED = "UPDATE log_untagged SET until = $1, seal = $2 WHERE seal IS NULL"
# seq + 0: for max(seq) the planner walks down the index of seq to the first that fits, and none does.
_HIGHEST = "SELECT coalesce(max(seq + 0), 0) FROM log_entries WHERE idx >= $1"
_ALL_EDGE = "SELECT level, idx, hashes FROM log_edge"
_EDGE = (
    "INSERT INTO log_edge VALUES ($1, $2, $3)"
    " ON CONFLICT (level) DO UPDATE SET idx = excluded.idx, hashes = excluded.hashes"
)
_NEW_STATE = (
    "UPDATE log_state SET size = $1, floor_seq = $2, floor_size = $3, time_low = $4, time_high = $5, vkey = $6,"
    " lease_owner = $7, lease_until = extract(epoch FROM clock_timestamp()) + $8"
)


class Observation(NamedTuple):
    """The last number drawn at some moment, and who might still write up to it."""

    top: int
    holders: frozenset[str]
    #: entries of the tree at that moment: rows beyond `top` have at least this index
    size: int


class PostgresSequence:
    """The sequence tables in one database; connects with the first use."""

    __slots__ = (
        "_connection",
        "_keys",
        "_looked",
        "_months",
        "_numbering",
        "_owner",
        "_pending",
        "_thread",
        "_url",
        "high_water",
        "limit",
        "own",
        "refused",
        "size",
    )

    def __init__(
        self,
        url: str,
        numbering: Numbering,
        keys: TagKeys,
        owner: str,
        high_water: HighWater,
        limit: int = BATCH_ROWS,
    ) -> None:
        """`owner` names this process in the lease, `keys` check the tags of rows."""
        self._url = url
        self.high_water = high_water
        self._keys = keys
        #: whether this process has looked if the day of the upgrade begins
        self._looked = False
        self._numbering = numbering
        self._owner = owner
        self._connection: asyncpg.Connection[Any] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sequencer")
        self._pending: Observation | None = None
        #: those whose partitions are there
        self._months: set[str] = set()
        self.limit = limit
        self.own = OwnRows()
        self.refused: Counter[str] = Counter()
        self.size = 0

    async def number(self) -> int:
        """Number one batch; 0 when there is nothing to do or another process does it."""
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await connect(self._url)
                # Before a new month's tables have statistics they would be read whole.
                await self._connection.execute(
                    "SET enable_seqscan = off; SET max_parallel_workers_per_gather = 0"
                )
            async with asyncio.timeout(_SECONDS):
                await self._open_untagged(self._connection)
                return await self._look(self._connection)
        except GatewayError:
            self._disconnect()
            raise
        except Exception as error:  # noqa: BLE001 -- the driver's, the network's: a fresh connection next time
            self._disconnect()
            raise LogUnavailable(reason_of(error)) from None
        except BaseException:
            self._disconnect()
            raise

    async def close(self) -> None:
        """Give the lease back, close the connection and end the thread."""
        with contextlib.suppress(Exception):  # else it expires
            if self._connection is not None:
                await self._connection.execute(_GIVE_BACK, self._owner)
        self._disconnect()
        self._thread.shutdown(wait=False)

    async def _look(self, connection: "asyncpg.Connection[Any]") -> int:
        """One cheap statement while nothing is to be done; it also says whether this is the database that was seen.

        What follows goes over the same connection, so to the same server.
        """
        expected = self.high_water.expect()
        *row, now, top, newest, at_mark, record, size = await connection.fetchrow(_LOOK, *expected.parameters)
        state = LogStateRow(*row)
        await self._aside(
            self.high_water.follow, expected, LogHead(newest, at_mark, record, size), state.floor_seq
        )
        self.size = state.size
        if top <= state.floor_seq or not state.leased_to(self._owner, now):
            self.own.clear()
            return 0
        async with connection.transaction(isolation="read_committed"):
            *row, now = await connection.fetchrow(_LOCK) or (None,)
            if now is None or not (state := LogStateRow(*row)).leased_to(self._owner, now):
                return 0
            numbered, sifting, batch = await self._batch(connection, state)
        self.own.drop_taken()
        if batch is not None:
            await self._aside(self.high_water.signed, batch.head, batch.note)
        self.refused.update(one.reason for one in sifting.refused)
        self.size = state.size + numbered - len(sifting.refused)
        return numbered

    async def _batch(
        self, connection: "asyncpg.Connection[Any]", state: LogStateRow
    ) -> tuple[int, Sifting, Batch | None]:
        """How many rows were handled, those of others among them, and what was written; None without an entry."""
        # Three statements in this order, each with a view of its own: see the module's words.
        top = await connection.fetchval(_TOP)
        holders = await connection.fetch(_HOLDERS)
        found = await connection.fetch(_FRESH, state.floor_seq, state.floor_size, self.limit)
        rows = {seq: bytes(record_id) for seq, record_id in found}
        own = {seq: self.own.take(record_id) for seq, record_id in rows.items()}
        sifting = await self._sifted(connection, rows, own)
        fresh = sifting.merged(own)
        seen = Observation(top, frozenset(name for name, _ in holders), state.size)
        settled = self._settled(seen, prepared=any(pid is None for _, pid in holders))
        floor = (state.floor_seq, state.floor_size)
        if settled is not None:
            floor = await self._floor(connection, state, settled, list(rows), len(fresh))
        if sifting.refused:
            created = now_text()
            await connection.executemany(QUARANTINE, [(*row, created) for row in sifting.refused])
        batch = None
        if fresh:
            batch = await self._write(connection, state, fresh, floor)
        elif rows or floor[0] > state.floor_seq:
            await self._keep(connection, state, floor)
        return len(rows), sifting, batch

    async def _sifted(
        self,
        connection: "asyncpg.Connection[Any]",
        rows: Mapping[int, bytes],
        own: Mapping[int, OwnRow | None],
    ) -> Sifting:
        """What this process did not write: read, checked by its tag, looked for in the tree."""
        others = [seq for seq, row in own.items() if row is None]
        if not others:
            return Sifting([])
        found = [AppendedRow(*row) for row in await connection.fetch(_WRITTEN, others)]
        sifting = await self._aside(Sifting, found)
        wrapped = {period: bytes(held) for period, held in await connection.fetch(_KEYS, sifting.months)}
        untagged = UntaggedRows()
        if sifting.untagged:
            row = await connection.fetchrow(UNTAGGED)
            untagged = await self._aside(UntaggedRows(*row).taken, self._keys.roots)
        keys = await self._aside(self._keys.opened, wrapped)
        await self._aside(sifting.check_tags, keys, untagged)
        there = await self._entered(connection, sifting)
        sifting.check_once(there, (rows[seq] for seq, row in own.items() if row is not None))
        self.own.take_all(sifting.ids)
        return sifting

    async def _entered(self, connection: "asyncpg.Connection[Any]", sifting: Sifting) -> set[int]:
        """Hashes that the tree has: a leaf that came twice has one time, so it is among the entries of that time."""
        wanted, (first, last) = sifting.hashes, sifting.times
        if not last:
            return set()
        found = await connection.fetch(_ENTERED, sifting.months, wanted)
        if below := await connection.fetchval(_BELOW):
            start, end = window(await connection.fetch(BLOCKS, first, f"{last}~", BLOCK), None)
            runs = list(range(start // RUN, -(-min(end, below) // RUN)))
            found += await connection.fetch(_PRUNED, runs, wanted)
        return {row[0] for row in found}

    async def _open_untagged(self, connection: "asyncpg.Connection[Any]") -> None:
        """Begin the day of the upgrade, in the first process of this release that numbers this log."""
        if self._looked:
            return
        untagged = UntaggedRows(*await connection.fetchrow(UNTAGGED))
        if untagged.unopened and not await connection.fetch(TAGGED):
            root = await self._aside(self._keys.roots.newest)
            _, until, seal = await self._aside(untagged.opened, root, time.time())
            await connection.execute(_OPEN_UNTAGGED, until, seal)
        self._looked = True

    async def _aside(self, work: Callable[..., _T], *values: object) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *values)

    def _settled(self, seen: Observation, *, prepared: bool) -> Observation | None:
        """The newest observation whose holders have all ended; what is not settled yet is remembered."""
        pending = self._pending or seen
        settled = None
        for one in (pending, seen):
            if not prepared and not one.holders & seen.holders:
                settled = one
        self._pending = pending if settled is None else (seen if settled is not seen else None)
        return settled

    async def _floor(
        self,
        connection: "asyncpg.Connection[Any]",
        state: LogStateRow,
        settled: Observation,
        numbers: list[int],
        entries: int,
    ) -> tuple[int, int]:
        """The floor after a batch of these rows, which begins with the lowest ones that were to be numbered.

        So many of them became entries.
        """
        if len(numbers) < self.limit or numbers[-1] >= settled.top:
            return max((state.floor_seq, state.floor_size), (settled.top, settled.size))
        # A backlog: the floor follows the batch, and what was numbered beyond it before still counts.
        self._pending = settled
        beyond = await connection.fetchval(_HIGHEST, state.floor_size) > numbers[-1]
        return numbers[-1], state.floor_size if beyond else state.size + entries

    async def _write(
        self,
        connection: "asyncpg.Connection[Any]",
        state: LogStateRow,
        fresh: list[tuple[int, TreeEntry | OwnRow]],
        floor: tuple[int, int],
    ) -> Batch:
        held = {row["level"]: (row["idx"], row["hashes"]) for row in await connection.fetch(_ALL_EDGE)}
        edge = edge_of(state.size, held)
        note = await connection.fetchval(NEWEST_NOTE) or ""
        if note != self.high_water.note:  # not the one of a moment ago
            expected = self.high_water.expect()
            head = await connection.fetchrow(_HEAD, *expected.parameters)
            self.high_water.compare(expected, LogHead(*head))
        await self._aside(self._numbering.check, state, edge, note)
        batch = await self._aside(self._numbering.batch, state, edge, fresh)
        new = batch.months - self._months
        for month in new:
            await connection.fetchval("SELECT motlan_month($1)", month)
        for table, rows in batch.rows.items():
            for start in range(0, len(rows), _ROWS):
                await connection.copy_records_to_table(
                    table, records=rows[start : start + _ROWS], columns=COLUMNS[table].split()
                )
        await connection.executemany(_EDGE, batch.edge)
        checkpoint = "INSERT INTO log_checkpoints VALUES ($1, $2, $3)"
        await connection.execute(checkpoint, batch.size, batch.note, batch.created)
        await self._keep(connection, state, floor, batch)
        self._months |= new
        return batch

    async def _keep(
        self,
        connection: "asyncpg.Connection[Any]",
        state: LogStateRow,
        floor: tuple[int, int],
        batch: Batch | None = None,
    ) -> None:
        after = (state.size, *floor, state.time_low, state.time_high, state.vkey)
        if batch is not None:
            after = (batch.size, *floor, batch.time_low, batch.time_high, self._numbering.vkey)
        await connection.execute(_NEW_STATE, *after, self._owner, LEASE_SECONDS)

    def _disconnect(self) -> None:
        self.own.keep_taken()
        # Partitions made by a transaction that did not end well are not there.
        self._months.clear()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
