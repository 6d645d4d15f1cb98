"""The sequencer: rows per second into entries, search tables, tiles and checkpoints; then proofs and searches.

    python -m tests.bench.sequence [--rows 100000] [--postgres URL] [--folder FOLDER]

Fills the append table with records of invented exchanges (about 1 KB, or large ones with --large), numbers them
all as the product does, and prints rows per second with the process's own CPU time, and milliseconds (median, p99)
of an inclusion proof, a receipt redeemed, the first page of each search, and the counts of each report over all
of them. The folder decides the disk; with no
`--postgres`, PostgreSQL out of the test requirements is started when it is installed.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import functools
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from adapters.stores import sql
from adapters.stores.log import open_log
from adapters.stores.log_counts import SqlLogCounts, open_counts
from adapters.stores.log_reader import SqlLogReader, open_reader
from adapters.stores.sequencer import Sequencer, open_sequencer
from gateway.domain.counts import OpenHours
from gateway.domain.exchange import CallEntry, ExchangeRecord, Phase
from gateway.domain.identifiers import CallId, RequesterId, new_exchange_id
from gateway.exchange_log.keys import PeriodKeys, unwrap, wrap_new
from gateway.exchange_log.merkle import leaf_hash
from gateway.exchange_log.record import encode, subject_index
from gateway.ports import LogSearch

_ORIGIN = "bench.example/log"
_MONTHS = [f"2026-{month:02}" for month in range(1, 13)]
_SOURCES = ["population", "civil_status", "insurance", "health", "land", "justice", "tax", "vehicles"]
_OUTCOMES = ["found"] * 8 + ["not_found", "unavailable"]
_AT_ONCE = 5_000
_PAGE = 50


def records(count: int, *, large: bool) -> Iterator[tuple[str, bytes]]:
    """Invented exchanges over a year, intent and outcome after one another."""
    rng = random.Random(20260301)
    keys = _keys()
    for number in range(0, count, 2):
        month = _MONTHS[number * len(_MONTHS) // count]
        exchange, subject = new_exchange_id(), rng.randrange(500_000)
        common = {
            "exchange": exchange,
            "time": f"{month}-{1 + number * 336 // count % 28:02}T03:{number % 60:02}:05.678Z",
            "requester": RequesterId(rng.choice(["portal", "one_gate", "national_portal"])),
            "agency": f"agency_{rng.randrange(200)}",
            "procedure": f"1.{rng.randrange(1_500):06}",
            "dossier": f"H33.21.{number:09}",
            "purpose": "prefill",
            "subjects": {"requester": f"person|{subject}|||||||"},
            "official": f"official {rng.randrange(2_000)}",
        }
        for phase in (Phase.INTENT, Phase.OUTCOME)[: count - number]:
            yield _leaf(rng, keys[month], phase, common, large=large)


def _leaf(
    rng: random.Random, keys: PeriodKeys, phase: Phase, common: dict[str, Any], *, large: bool
) -> tuple[str, bytes]:
    done = phase is Phase.OUTCOME
    calls = tuple(
        CallEntry(
            call=CallId(new_exchange_id()),
            source=source,
            operation="lookup",
            role="requester",
            attributes=("full_name", "birth_date"),
            outcome=rng.choice(_OUTCOMES) if done else "",
            request_digest=bytes(32),
            response_digest=bytes(32) if done else b"",
        )
        for source in rng.sample(_SOURCES, 4 if large else 1)
    )
    fields = {f"form.section.field_{n}": b'"x"' for n in range(60 if large else 8)} if done else {}
    record = ExchangeRecord(
        phase=phase, calls=calls, fields=fields, result="answered" if done else "", **common
    )
    record_id = new_exchange_id()
    return record_id, encode(record, keys, record_id)


async def fill(url: str, folder: Path, count: int, *, large: bool) -> float:
    """Put records into the append table in bulk; gives the mean size of a leaf."""
    opened = open_log(url, folder, _ORIGIN, bytes(32))
    await opened.ready()
    total, part = 0, []
    for one in records(count, large=large):
        part.append(one)
        total += len(one[1])
        if len(part) == _AT_ONCE:
            await _insert(url, folder, part)
            part = []
    await _insert(url, folder, part)
    await opened.close()
    return total / count


async def _insert(url: str, folder: Path, part: list[tuple[str, bytes]]) -> None:
    if sql.is_postgres(url):
        import asyncpg  # type: ignore[import-untyped]

        connection = await asyncpg.connect(sql.postgres_dsn(url))
        await connection.copy_records_to_table("append_log", records=part, columns=["id", "leaf"])
        await connection.close()
    else:
        import sqlite3

        with (
            contextlib.closing(sqlite3.connect(sql.sqlite_path(url, folder))) as connection,
            connection,
        ):
            connection.executemany("INSERT INTO append_log (id, leaf) VALUES (?, ?)", part)


async def number_all(sequencer: Sequencer, count: int) -> tuple[float, float]:
    """Rows per second, and microseconds of this process's CPU for each row."""
    start, cpu = time.perf_counter(), time.process_time()
    sequencer.start()
    while sequencer.records < count:
        if sequencer.fault:
            sys.exit(f"the sequencer failed: {sequencer.fault}")
        await asyncio.sleep(0.01)
    seconds = time.perf_counter() - start
    return count / seconds, (time.process_time() - cpu) / count * 1e6


async def timed(act: Callable[[], Awaitable[object]], times: int = 200) -> str:
    """Milliseconds of an act, median and p99."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        await act()
        taken.append((time.perf_counter() - start) * 1_000)
    return f"{statistics.median(taken):8.2f} ms  p99 {statistics.quantiles(taken, n=100)[98]:8.2f} ms"


async def measure(name: str, url: str, folder: Path, options: argparse.Namespace) -> None:
    """One store: fill, number, read."""
    size = await fill(url, folder, options.rows, large=options.large)
    sequencer = open_sequencer(url, folder, _ORIGIN)
    rate, cost = await number_all(sequencer, options.rows)
    await sequencer.close()
    print(
        f"{name}: {options.rows:,} records of {size:,.0f} bytes\n"
        f"  numbered           {rate:10,.0f} rows/s  ({cost:.1f} us CPU each, {sequencer.batches} batches)"
    )
    reader = open_reader(url, folder)
    for what, act in reads(reader, options.rows).items():
        print(f"  {what:<18} {await timed(act)}")
    await reader.close()
    counts = open_counts(url, folder)
    for what, act in reports(counts).items():
        print(f"  {what:<18} {await timed(act, 3)}")
    await counts.close()


def reports(counts: SqlLogCounts) -> dict[str, Callable[[], Awaitable[object]]]:
    """Over the whole year that was filled."""
    year = LogSearch(since=f"{_MONTHS[0]}-01T00:00:00.000Z", until=f"{_MONTHS[-1]}-31T24:00:00.000Z")
    hours = [OpenHours(f"{month}-{day:02}", "00:00", "11:00") for month in _MONTHS for day in range(1, 29)]
    return {
        "report requesters": lambda: counts.requesters(year, 100),
        "report outcomes": lambda: counts.calls(year, 1_000),
        "report volume": lambda: counts.days(year),
        "report hours": lambda: counts.officials(year, 100, hours),
        "report lookups": lambda: counts.officials(year, 100, None),
    }


def reads(reader: SqlLogReader, count: int) -> dict[str, Callable[[], Awaitable[object]]]:
    """Each at another place every time."""
    rng = random.Random(5)

    async def receipt() -> None:
        entry = await reader.entry(rng.randrange(count))
        assert entry is not None
        found = await reader.entry_of(leaf_hash(entry.leaf))
        assert found == entry
        await reader.inclusion(entry.index, count)

    def search(make: Callable[[], LogSearch]) -> Callable[[], Awaitable[object]]:
        return lambda: reader.search(make(), rng.randrange(count), _PAGE)

    return {
        "inclusion proof": lambda: reader.inclusion(rng.randrange(count), count),
        "consistency proof": lambda: reader.consistency(rng.randrange(1, count), count),
        "receipt redeemed": receipt,
        "by dossier": search(lambda: LogSearch(dossier=f"H33.21.{2 * rng.randrange(count // 2):09}")),
        "by person": search(
            lambda: LogSearch(subjects=tuple(_index(f"person|{rng.randrange(500_000)}|||||||")))
        ),
        "by official": search(lambda: LogSearch(officials=tuple(_index(f"official {rng.randrange(2_000)}")))),
        "by procedure": search(lambda: LogSearch(procedure=f"1.{rng.randrange(1_500):06}")),
        "by agency, source": search(
            lambda: LogSearch(agency=f"agency_{rng.randrange(200)}", source=rng.choice(_SOURCES))
        ),
        "by source, outcome": search(lambda: LogSearch(source=rng.choice(_SOURCES), outcome="unavailable")),
        "by requester": search(lambda: LogSearch(requester="portal", phase="outcome")),
        "one day of it": search(lambda: _day(rng)),
        "one day, procedure": search(
            lambda: dataclasses.replace(_day(rng), procedure=f"1.{rng.randrange(1_500):06}")
        ),
        "newest": search(LogSearch),
    }


def _day(rng: random.Random) -> LogSearch:
    day = f"{rng.choice(_MONTHS)}-{1 + rng.randrange(28):02}T"
    return LogSearch(since=f"{day}00:00:00.000Z", until=f"{day}24:00:00.000Z")


def _index(who: str) -> list[bytes]:
    return [bytes.fromhex(subject_index(keys.index, who)) for keys in _keys().values()]


@functools.cache
def _keys() -> dict[str, PeriodKeys]:
    return {month: unwrap(bytes(32), month, wrap_new(bytes(32), month)) for month in _MONTHS}


@contextlib.contextmanager
def postgres(url: str) -> Iterator[str]:
    """The address given, or that of a server of our own; empty when there is none."""
    try:
        from tests.stores.conftest import postgres_server
    except ImportError:
        yield url
        return
    if url:
        yield url
        return
    with postgres_server() as server:
        yield str(server.get_uri())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--only", choices=["sqlite", "postgres"], default="")
    parser.add_argument("--postgres", default="")
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="motlan-bench-"))
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        if options.only != "postgres":
            asyncio.run(measure("SQLite", "sqlite:///exchange.db", Path(name), options))
        if options.only != "sqlite":
            with postgres(options.postgres) as url:
                asyncio.run(measure("PostgreSQL", url, Path(name), options))


if __name__ == "__main__":
    main()
