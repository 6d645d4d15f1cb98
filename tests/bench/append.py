"""Durable append: one commit per row against the group-committing writer, 64 writers, rows of 1 KB.

    python -m tests.bench.append [--seconds 2] [--writers 64] [--folder FOLDER]

Prints rows per second for both, the latency of a lone writer, and what one record of 60 fields and 4 calls costs
before it is written. The folder decides the disk.
"""

import argparse
import asyncio
import os
import sqlite3
import statistics
import sys
import tempfile
import time
import timeit
from contextlib import closing
from pathlib import Path

from adapters.schema.migration import prepare
from adapters.schema.revision import DatabaseFile
from adapters.stores.batch import PendingRecord
from adapters.stores.log_sqlite import SqliteStore
from gateway.domain.exchange import CallEntry, ExchangeRecord, Phase
from gateway.domain.identifiers import CallId, RequesterId, new_exchange_id
from gateway.exchange_log.keys import unwrap, wrap_new
from gateway.exchange_log.merkle import leaf_hash
from gateway.exchange_log.record import encode

_BYTES = 1_024
_LONE = 500


def one_commit_per_row(folder: Path, seconds: float) -> float:
    """Rows per second when every row has a transaction and an fsync of its own."""
    path = folder / "single.db"
    prepare(path, DatabaseFile.LOG)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        leaf, count, end = os.urandom(_BYTES), 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            connection.execute(
                "INSERT INTO append_log (id, leaf, tag) VALUES (?,?,?)", ("0" * 26, leaf, bytes(16))
            )
            count += 1
    return count / seconds


async def group_commit(folder: Path, seconds: float, writers: int) -> tuple[float, float]:
    """Rows per second and rows per transaction of the product's writer."""
    store = _store(folder / "group.db")
    leaf, end, counts = os.urandom(_BYTES), time.perf_counter() + seconds, [0] * writers

    async def write(number: int) -> None:
        while time.perf_counter() < end:
            await _append(store, leaf)
            counts[number] += 1

    await asyncio.gather(*(write(number) for number in range(writers)))
    await store.close()
    return sum(counts) / seconds, sum(counts) / max(store.commits, 1)


async def lone_latency(folder: Path) -> float:
    """Median milliseconds of one append while nobody else writes."""
    store = _store(folder / "lone.db")
    times = []
    for _ in range(_LONE):
        start = time.perf_counter()
        await _append(store, bytes(_BYTES))
        times.append(time.perf_counter() - start)
        await asyncio.sleep(0.001)
    await store.close()
    return statistics.median(times) * 1_000


def leaf_cost() -> tuple[float, int]:
    """Best microseconds for the leaf and the leaf hash of a large record, and the leaf's size in bytes."""
    keys = unwrap(bytes(32), "2026-11", wrap_new(bytes(32), "2026-11"))
    call = CallEntry(
        call=CallId(new_exchange_id()),
        source="population",
        operation="TraCuuThongTinCongDan",
        role="requester",
        attributes=tuple(f"attribute_{number}" for number in range(15)),
        outcome="found",
        elapsed_ms=12,
        request_digest=bytes(32),
        response_digest=bytes(32),
    )
    record = ExchangeRecord(
        exchange=new_exchange_id(),
        phase=Phase.OUTCOME,
        time="2026-11-25T03:04:05.678Z",
        requester=RequesterId("portal"),
        subjects={"requester": "person|033294618073|||||||", "child": "newborn||||||||033294618073|"},
        official="033187402915",
        calls=(call,) * 4,
        fields={f"form.section.field_{n}": f'"Nguyễn Văn {n}"'.encode() for n in range(60)},
        configuration="ab" * 32,
    )
    times = timeit.repeat(lambda: leaf_hash(encode(record, keys, call.call)), number=2_000, repeat=5)
    return min(times) / 2_000 * 1e6, len(encode(record, keys, call.call))


def _store(path: Path) -> SqliteStore:
    prepare(path, DatabaseFile.LOG)
    return SqliteStore(path)


async def _append(store: SqliteStore, leaf: bytes) -> None:
    row = PendingRecord("0" * 26, leaf, bytes(16), asyncio.get_running_loop().create_future())
    store.submit(row)
    await row.done


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--writers", type=int, default=64)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        single = one_commit_per_row(folder, options.seconds)
        grouped, size = asyncio.run(group_commit(folder, options.seconds, options.writers))
        lone = asyncio.run(lone_latency(folder))
    cost, size_of_leaf = leaf_cost()
    sys.stdout.write(
        f"one commit per row   {single:10,.0f} rows/s\n"
        f"group commit         {grouped:10,.0f} rows/s  ({size:.1f} rows each, {grouped / single:.1f} x)\n"
        f"lone writer, median  {lone:10.3f} ms\n"
        f"leaf and its hash    {cost:10.1f} us  (60 fields, 4 calls, {size_of_leaf:,} bytes)\n"
    )


if __name__ == "__main__":
    main()
