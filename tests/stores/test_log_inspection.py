"""The inspection of the stored log on SQLite and a real PostgreSQL: silent over what was written, and no further."""

import asyncio
import random
import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

from adapters.stores import sql
from adapters.stores.log import SqlExchangeLog
from adapters.stores.log_inspection import SqlLogInspection
from adapters.stores.sequencer import open_sequencer
from gateway.audit.inspector import InspectionPosition, Inspector
from gateway.audit.proofs import TreeProofs
from gateway.domain.errors import LogUnavailable
from gateway.domain.exchange import CallEntry, Phase
from gateway.ports.exchange_log import NO_ROW, Altered, LogInspection, SubjectRow
from tests.stores.numbered import number, run_until, sequencer
from tests.stores.opened import open_inspection, open_reader
from tests.stores.sample import ORIGIN, ROOT_KEY, run_sql, some_record

SIZE = 300
CALLS = tuple(
    CallEntry(call="c", source=source, operation="o", role="requester", attributes=("a",), outcome=outcome)
    for source, outcome in (("population", "found"), ("tax", "found"), ("tax", "unavailable"))
)
#: what an owner of the tables does -> what is told of it
ALTERED: tuple[tuple[str, int, str], ...] = (
    ("UPDATE log_entries SET requester = 'nobody' WHERE idx = 7", 7, "column requester"),
    (
        "UPDATE log_entries SET time = '2020-01-01T00:00:00.000Z' WHERE idx = 8",
        8,
        "outside the span of its block",
    ),
    ("DELETE FROM log_subjects WHERE idx = 9", 9, "log_subjects"),
    ("DELETE FROM log_sources WHERE idx = 10 AND outcome = 'unavailable'", 10, "log_sources"),
    ("DELETE FROM log_entries WHERE idx = 11", 11, "the record is missing"),
    (
        "DELETE FROM append_log WHERE seq = (SELECT seq FROM log_entries WHERE idx = 12)",
        12,
        "the record is missing",
    ),
    (
        "UPDATE append_log SET leaf = (SELECT leaf FROM append_log ORDER BY seq LIMIT 1)"
        " WHERE seq = (SELECT seq FROM log_entries WHERE idx = 13)",
        13,
        "its hash in the tile differ",
    ),
    ("UPDATE log_entries SET hash = 0 WHERE idx = 299", 299, "column hash"),
    (
        "INSERT INTO log_sources (source, idx, outcome, period) SELECT 'police', idx, 'found', period"
        " FROM log_entries WHERE idx = 14",
        14,
        "makes no such row in log_sources",
    ),
    (
        "INSERT INTO log_sources (source, idx, outcome, period) SELECT 'tax', idx, 'zz-invented', period"
        " FROM log_entries WHERE idx = 15",
        15,
        "makes no such row in log_sources",
    ),
    (
        "UPDATE log_sources SET period = CASE period WHEN '2026-10' THEN '2026-11' ELSE '2026-10' END"
        " WHERE idx = 16 AND source = 'population'",
        16,
        "its row is missing in log_sources",
    ),
)
#: the same of the search by person, whose rows are walked through in their own order
INVENTED: tuple[tuple[str, int], ...] = (
    (
        "INSERT INTO log_subjects (subject, idx, period) SELECT (SELECT subject FROM log_subjects WHERE idx = 0),"
        " idx, period FROM log_entries WHERE idx = 21",
        21,
    ),
    (
        "INSERT INTO log_subjects (subject, idx, period)"
        " SELECT official, idx, period FROM log_entries WHERE idx = 22",
        22,
    ),
    (
        "INSERT INTO log_subjects (subject, idx, period) SELECT subject, 9000, period FROM log_subjects WHERE idx = 23",
        9000,
    ),
    (
        "UPDATE log_subjects SET period = CASE period WHEN '2026-10' THEN '2026-11' ELSE '2026-10' END WHERE idx = 24",
        24,
    ),
)


@pytest.fixture
async def inspection(log: SqlExchangeLog, url: str, tmp_path: Path) -> AsyncIterator[SqlLogInspection]:
    """Over records of two months, in their places."""
    months = ("2026-10", "2026-11")
    await asyncio.gather(
        *(log.append(some_record(time=f"{months[n % 2]}-25T03:04:05.678Z", calls=CALLS)) for n in range(SIZE))
    )
    sequencer = open_sequencer(url, tmp_path, ORIGIN, root_key=ROOT_KEY)
    await run_until(sequencer, SIZE)
    assert (sequencer.records, sequencer.fault) == (SIZE, "")
    opened = open_inspection(url, tmp_path)
    socket: LogInspection = opened
    assert socket is opened
    yield opened
    await opened.close()


async def _operate(url: str, folder: Path, statement: str) -> None:
    """As an owner whom no trigger stops."""
    if sql.is_postgres(url):
        connection = await asyncpg.connect(sql.postgres_dsn(url))
        await connection.execute(f"SET session_replication_role = replica; {statement}")
        await connection.close()
        return
    table = re.sub(r"^(DELETE FROM|UPDATE|INSERT INTO) ", "", statement).partition(" ")[0]
    for name in (f"{table}_update", f"{table}_delete"):
        await run_sql(url, folder, f"DROP TRIGGER IF EXISTS {name}")
    await run_sql(url, folder, statement)


async def test_what_was_altered_is_told_and_nothing_else(
    inspection: SqlLogInspection, url: str, tmp_path: Path
) -> None:
    assert await inspection.altered(0, 256) == []
    assert await inspection.altered(256, SIZE) == []
    for statement, index, told in ALTERED:
        await _operate(url, tmp_path, statement)
        found = [*await inspection.altered(0, 256), *await inspection.altered(256, SIZE)]
        assert any(one.index == index and told in one.what for one in found), (statement, found)
        assert {one.index for one in found} <= {place for _, place, _ in ALTERED}, statement


async def _rows_of_nobody(inspection: SqlLogInspection, count: int) -> list[Altered]:
    """What a walk through the search by person finds, so many rows at a time."""
    found: list[Altered] = []
    row: SubjectRow | None = NO_ROW
    while row is not None:
        told, row = await inspection.invented(row, count)
        found += told
    return found


async def test_use_that_never_was_is_told_and_nothing_else(
    inspection: SqlLogInspection, url: str, tmp_path: Path
) -> None:
    assert await _rows_of_nobody(inspection, 256) == []
    assert await _rows_of_nobody(inspection, SIZE) == []
    places: list[int] = []
    for statement, index in INVENTED:
        await _operate(url, tmp_path, statement)
        places.append(index)
        for count in (256, 7):
            found = await _rows_of_nobody(inspection, count)
            assert sorted(one.index for one in found) == sorted(places), statement
            assert {one.what for one in found} == {"its record makes no such row in log_subjects"}


async def test_mark_of_pruning_without_its_record_or_archive_is_told(
    inspection: SqlLogInspection, log: SqlExchangeLog, url: str, tmp_path: Path
) -> None:
    assert await inspection.pruned() == []
    await run_sql(url, tmp_path, "INSERT INTO log_pruned VALUES (20, 0, '2026-11-25T00:00:00.000Z')")
    await _operate(url, tmp_path, "DELETE FROM log_entries WHERE idx < 20")
    no_archive = (0, "it lies below the mark of pruning, and no archive of it is known")
    no_record = (19, "it lies below the mark of pruning, of which no record tells")
    assert await inspection.pruned() == [no_archive, no_record]
    archive = "INSERT INTO log_archives VALUES ({}, {}, '2026-10', '', '{}', '', '')"
    await run_sql(url, tmp_path, archive.format(0, 12, "one"))
    await run_sql(url, tmp_path, archive.format(13, 7, "two"))
    assert await inspection.pruned() == [(12, no_archive[1]), no_record]
    await run_sql(url, tmp_path, archive.format(12, 1, "between"))
    for phase, first, count, archives in (
        (Phase.CONFIGURATION, 0, 20, "one"),
        (Phase.PRUNING, 0, 19, "one"),
        (Phase.PRUNING, 0, 20, "three"),
    ):
        notes = {"operation": "prune", "first": first, "count": count, "archives": archives}
        await log.append(some_record(phase=phase, notes=notes))
        assert await inspection.pruned() == [no_record]
    notes = {"operation": "prune", "first": 12, "count": 8, "archives": "between two"}
    await log.append(some_record(phase=Phase.PRUNING, notes=notes))
    assert await inspection.pruned() == []  # though it waits for its place
    sequencer = open_sequencer(url, tmp_path, ORIGIN, root_key=ROOT_KEY)
    sequencer.start()
    await sequencer.close()
    assert await inspection.pruned() == []


async def test_records_that_are_passed_over_are_told_at_the_end_and_later_on(
    log: SqlExchangeLog, inspection: SqlLogInspection, url: str, tmp_path: Path
) -> None:
    raised = "UPDATE log_state SET floor_seq = (SELECT max(seq) FROM append_log) + 4"
    await _operate(url, tmp_path, raised)
    assert await inspection.altered(256, SIZE) == []
    for _ in range(6):
        await log.append(some_record())
    assert len(await inspection.altered(256, SIZE)) == 4
    again = open_sequencer(url, tmp_path, ORIGIN, root_key=ROOT_KEY)
    again.start()
    await again.close()
    assert again.records == 2
    told = await inspection.altered(256, SIZE + 2)
    assert [one.what for one in told] == ["a record that was written here has no place"] * 4
    assert await inspection.altered(0, 256) == []
    for _ in range(300):
        await log.append(some_record())
    last = open_sequencer(url, tmp_path, ORIGIN, root_key=ROOT_KEY)
    last.start()
    await last.close()
    assert len(await inspection.altered(256, 512)) == 4
    assert await inspection.altered(512, SIZE + 302) == []


async def test_pruned_records_are_not_missed(inspection: SqlLogInspection, url: str, tmp_path: Path) -> None:
    await _operate(url, tmp_path, "DELETE FROM log_entries WHERE idx < 20")
    assert len(await inspection.altered(0, 256)) == 20
    await run_sql(url, tmp_path, "INSERT INTO log_pruned VALUES (20, 20, '2026-11-25T00:00:00.000Z')")
    assert await inspection.altered(0, 256) == []
    assert await inspection.altered(0, 20) == []


async def test_mark_of_pruning_hides_no_record_that_was_taken_out_alone(
    inspection: SqlLogInspection, url: str, tmp_path: Path
) -> None:
    mark = f"INSERT INTO log_pruned VALUES ({SIZE}, {SIZE}, '2026-11-25T00:00:00.000Z')"  # noqa: S608 -- ours
    await run_sql(url, tmp_path, mark)
    assert await inspection.altered(0, 256) == []
    await run_sql(
        url, tmp_path, "DELETE FROM append_log WHERE seq = (SELECT seq FROM log_entries WHERE idx = 7)"
    )
    await run_sql(url, tmp_path, "DELETE FROM log_entries WHERE idx = 7")
    assert [(one.index, one.what) for one in await inspection.altered(0, 256)] == [
        (7, "the record is missing")
    ]
    assert await inspection.altered(256, SIZE) == []


@pytest.mark.parametrize("seed", range(3))
async def test_inspector_is_silent_over_an_intact_log_however_it_grew(
    log: SqlExchangeLog, url: str, tmp_path: Path, seed: int
) -> None:
    """Wherever his last step met the end of the log, and however many steps he makes before it grows again."""
    draw = random.Random(seed)
    reader, inspection = open_reader(url, tmp_path), open_inspection(url, tmp_path)
    inspector = Inspector(inspection, reader, TreeProofs(reader, reader))
    numbering = sequencer(url, tmp_path)
    place: InspectionPosition | None = None
    steps: list[tuple[int, InspectionPosition | None]] = []
    for _ in range(12):
        await asyncio.gather(*(log.append(some_record(calls=CALLS)) for _ in range(draw.randrange(1, 130))))
        await number(numbering)
        for _ in range(draw.randrange(1, 5)):
            start = place or InspectionPosition(0, NO_ROW)
            place = await inspector.inspect(start)
            steps.append((start.start, place))
    assert inspector.altered == 0
    assert all(
        end is None or end.start == start or (end.start - 1) // 256 == start // 256 for start, end in steps
    )
    assert any(start % 256 for start, _ in steps)
    for one in (numbering, inspection, reader):
        await one.close()


async def test_store_that_is_gone_is_told(tmp_path: Path) -> None:
    inspection = open_inspection("sqlite:///nowhere/exchange.db", tmp_path)
    with pytest.raises(LogUnavailable):
        await inspection.altered(0, 256)
    await inspection.close()
