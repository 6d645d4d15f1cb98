"""Durable append: one commit per row against the group-committing writer, 64 writers, records of 1 KB.

    python -m tests.bench.append [--seconds 2] [--writers 64] [--folder FOLDER]

Prints rows per second for both and the latency of a lone writer. The folder decides the disk that is measured.
"""

import argparse
import asyncio
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from adapters.stores import sql
from adapters.stores.batch import Row
from adapters.stores.log_sqlite import SqliteStore

_BYTES = 1_024
_LONE = 500


def one_commit_per_row(folder: Path, seconds: float) -> float:
    """Rows per second when every row has a transaction and an fsync of its own."""
    path = folder / "single.db"
    sql.migrate_sqlite(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        leaf, count, end = os.urandom(_BYTES), 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            connection.execute("INSERT INTO append_log (id, leaf) VALUES (?,?)", ("0" * 26, leaf))
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


def _store(path: Path) -> SqliteStore:
    sql.migrate_sqlite(path)
    return SqliteStore(path)


async def _append(store: SqliteStore, leaf: bytes) -> None:
    row = Row("0" * 26, leaf, asyncio.get_running_loop().create_future())
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
    sys.stdout.write(
        f"one commit per row   {single:10,.0f} rows/s\n"
        f"group commit         {grouped:10,.0f} rows/s  ({size:.1f} rows per transaction, {grouped / single:.1f} x)\n"
        f"lone writer, median  {lone:10.3f} ms\n"
    )


if __name__ == "__main__":
    main()
