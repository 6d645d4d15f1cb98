"""Counts for reports on SQLite and a real PostgreSQL, against the same counted by hand."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest

from adapters.schema.revisions.r0020_on_duty import INDEX, WHERE_POSTGRES
from adapters.stores.log import SqlExchangeLog
from adapters.stores.log_counts import SqlLogCounts
from adapters.stores.sequencer import open_sequencer
from adapters.stores.sql import postgres_dsn
from gateway.domain.counts import GroupCounts, OpenHours
from gateway.domain.errors import LogUnavailable
from gateway.domain.exchange import Phase
from gateway.exchange_log.record import decode
from gateway.ports.exchange_log import LogCounts, LogSearch
from tests.stores.numbered import run_until
from tests.stores.opened import open_counts
from tests.stores.sample import ORIGIN, ROOT_KEY, put_leaf, run_sql, some_record
from tests.stores.test_log_reader import invented

SPAN = LogSearch(since="2026-09-15T17:00:00.000Z", until="2026-11-20T05:30:00.000Z")
SPANS = (
    SPAN,
    LogSearch(since="2026-10-01T00:00:00.000Z", until="2026-10-31T23:59:59.999Z", requester="portal"),
    LogSearch(since=SPAN.since, until=SPAN.until, agency="H33.21"),
    LogSearch(since="2025-01-01T00:00:00.000Z", until="2026-01-01T00:00:00.000Z"),
    LogSearch(since=SPAN.since, until=SPAN.until, requester="' OR 1=1 --"),
)
OFFICE = [
    OpenHours(f"2026-{month}-{day}", "02:00", "05:00") for month in ("09", "11") for day in range(10, 30)
]
Leaf = dict[str, Any]
Group = dict[Any, list[Leaf]]


@pytest.fixture
async def counts(log: SqlExchangeLog, url: str, tmp_path: Path) -> AsyncIterator[SqlLogCounts]:
    """Over 600 invented records of three months, look-ups and exchanges that nobody finished among them."""
    rng = random.Random(20261125)
    for _ in range(3):
        await asyncio.gather(*(log.append(invented(rng, number)) for number in range(180)))
    odd = [Phase.ABANDONED, Phase.LOOKUP, Phase.CONFIGURATION]
    await asyncio.gather(
        *(
            log.append(some_record(phase=odd[n % 3], time=f"2026-10-{n + 10}T01:00:00.000Z"))
            for n in range(20)
        )
    )
    await asyncio.gather(*(log.append(some_record(time="2026-10-12T16:59:59.999Z")) for n in range(20)))
    await asyncio.gather(*(log.append(some_record(time="2026-10-12T17:00:00.000Z")) for n in range(20)))
    sequencer = open_sequencer(url, tmp_path, ORIGIN, limit=130, root_key=ROOT_KEY)
    await run_until(sequencer, 600)
    assert (sequencer.records, sequencer.fault) == (600, "")
    opened = open_counts(url, tmp_path)
    socket: LogCounts = opened
    assert socket is opened
    yield opened
    await opened.close()


async def leaves(url: str, folder: Path, span: LogSearch) -> list[Leaf]:
    """All records of a span in the order of the log, straight from the table."""
    rows = await run_sql(
        url, folder, "SELECT a.leaf FROM append_log a JOIN log_entries e ON e.seq = a.seq ORDER BY e.idx"
    )
    found = [decode(bytes(row[0])) for row in rows]
    return [
        one
        for one in found
        if span.since <= one["time"] < span.until
        and span.requester in {"", one["requester"]}
        and span.agency in {"", one["agency"]}
    ]


def grouped(records: list[Leaf], *names: str) -> Group:
    groups: Group = defaultdict(list)
    for one in records:
        groups[tuple(one[name] for name in names)].append(one)
    return groups


async def test_requesters_are_counted_by_exchange(counts: SqlLogCounts, url: str, tmp_path: Path) -> None:
    for span in SPANS:
        records = [one for one in await leaves(url, tmp_path, span) if one["requester"]]
        expected: dict[str, list[int]] = {}
        for (requester,), theirs in grouped(records, "requester").items():
            row = [0] * 6
            dossiers = set()
            for group in grouped(theirs, "exchange").values():
                phases = {one["phase"] for one in group}
                opened = bool(phases & {"intent", "refusal"})
                row[0] += opened
                row[1] += opened and "outcome" in phases
                row[2] += "refusal" in phases
                row[3] += opened and "abandoned" in phases and "outcome" not in phases
                row[5] += "lookup" in phases
                if phases - {"configuration"}:
                    dossiers.add(max(one["dossier"] for one in group))
            row[4] = len(dossiers - {""})
            if {one["phase"] for one in theirs} - {"configuration"}:
                expected[requester] = row
        got = await counts.requesters(span, 10)
        assert {one.requester: list(one[1:]) for one in got.rows} == expected
        assert got[1:4] == (
            len(expected), sum(row[0] for row in expected.values()), sum(row[2] for row in expected.values()),
        )  # fmt: skip


async def test_calls_are_counted_by_the_last_record_of_their_exchange(
    counts: SqlLogCounts, url: str, tmp_path: Path
) -> None:
    for span in SPANS:
        records = [
            one for one in await leaves(url, tmp_path, span) if one["phase"] in {"outcome", "abandoned"}
        ]
        expected: dict[tuple[str, str], int] = defaultdict(int)
        for group in grouped(records, "exchange").values():
            for pair in {(call["source"], call["outcome"]) for call in group[-1]["calls"]}:
                expected[pair] += 1
        got = await counts.calls(span, 100)
        assert {one[:2]: one.exchanges for one in got.rows} == expected
        assert (got.groups, got.exchanges) == (len(expected), sum(expected.values()))


async def test_days_are_those_of_viet_nam(counts: SqlLogCounts, url: str, tmp_path: Path) -> None:
    for span in SPANS:
        expected: dict[tuple[str, str], set[str]] = defaultdict(set)
        for one in await leaves(url, tmp_path, span):
            if one["phase"] in {"intent", "refusal"} and one["requester"]:
                local = datetime.fromisoformat(one["time"]) + timedelta(hours=7)
                expected[one["requester"], local.date().isoformat()].add(f"{local:%p}{one['exchange']}")
        got = await counts.days(span)
        halves = {key: len({one[2:] for one in exchanges}) for key, exchanges in expected.items()}
        assert {(day.requester, day.day) for day in got} == set(halves)
        for day in got:
            assert halves[day.requester, day.day] <= day.exchanges <= len(expected[day.requester, day.day])


async def test_hours_are_those_of_viet_nam_and_of_the_beginning(
    counts: SqlLogCounts, url: str, tmp_path: Path
) -> None:
    counted = 0
    for span in SPANS:
        began: dict[str, str] = {}
        for one in await leaves(url, tmp_path, span):
            if one["phase"] == "intent" and one["requester"]:
                began[one["exchange"]] = min(one["time"], began.get(one["exchange"], one["time"]))
        expected: dict[tuple[int, int], int] = defaultdict(int)
        for time in began.values():
            local = datetime.fromisoformat(time) + timedelta(hours=7)
            expected[local.isoweekday(), local.hour] += 1
        counted += sum(expected.values())
        assert {(one.weekday, one.hour): one.exchanges for one in await counts.hours(span)} == expected
    assert counted


@pytest.mark.parametrize("office", [None, OFFICE, []], ids=["dossier", "hours", "closed"])
async def test_officials_are_counted_by_what_speaks_against_them(
    counts: SqlLogCounts, url: str, tmp_path: Path, office: list[OpenHours] | None
) -> None:
    for span in SPANS:
        records = [
            one for one in await leaves(url, tmp_path, span) if one["phase"] == "intent" and one["requester"]
        ]
        if office is None:
            records = [
                one
                for one in await leaves(url, tmp_path, span)
                if one["phase"] == "intent" and one["official"]
            ]
        idle = grouped([one for one in records if one["on_duty"]], "requester", "exchange")
        if office is None:
            records = [one for one in records if not one["on_duty"]]
        records = [one | {"official": "" if one["on_duty"] else one["official"]} for one in records]
        expected, sums = {}, [0, 0]
        for key, theirs in grouped(records, "requester", "official").items():
            exchanges = grouped(theirs, "exchange", "on_duty")
            hits = {name: times[0] for name, group in exchanges.items() if (times := _hit(group, office))}
            sums = [sums[0] + len(exchanges), sums[1] + len(hits)]
            if hits:
                expected[key] = (
                    len(exchanges),
                    len(hits),
                    min(hits.values()),
                    max(hits.values()),
                    {min(hits)[0], max(hits)[0]},
                )
        got = await counts.officials(span, 100, office)
        assert {
            (one.requester or "", one.official.hex()): (
                one.exchanges,
                one.hits,
                one.first,
                one.last,
                set(one.examples),
            )
            for one in got.rows
        } == expected
        idle_hits = sum(bool(_hit(group, office)) for group in idle.values())
        assert got[1:] == (len(expected), *sums, len(idle), idle_hits)
        assert [one.hits for one in got.rows] == sorted((one.hits for one in got.rows), reverse=True)


async def test_records_in_which_nobody_acted_are_found_without_reading_leaves(
    postgres_url: str, tmp_path: Path
) -> None:
    """SQLite refuses a statement that names an index and cannot use it; PostgreSQL would read on."""
    text = f"SELECT seq FROM append_log WHERE {WHERE_POSTGRES} AND seq > 0"  # noqa: S608 -- our own words
    for duty in (b"true", b"false"):
        await put_leaf(postgres_url, tmp_path, b'{"on_duty":%s,"period":"2026-10"}' % duty)
    assert len(await run_sql(postgres_url, tmp_path, text)) == 1
    # a table of two rows is read whole, unless that is switched off
    settings = {"enable_seqscan": "off", "enable_bitmapscan": "off"}
    connection = await asyncpg.connect(postgres_dsn(postgres_url), server_settings=settings)
    plan = await connection.fetch(f"EXPLAIN {text}")
    await connection.close()
    assert f"Index Only Scan using {INDEX}" in plan[0][0]


def _hit(group: list[Leaf], office: list[OpenHours] | None) -> list[str]:
    """The time of an exchange that is a hit."""
    began = min(one["time"] for one in group)
    if office is None:
        return [] if any(one["dossier"] for one in group) else [began]
    inside = any(day == began[:10] and low <= began[11:16] < high for day, low, high in office)
    return [] if inside else [began]


async def test_only_the_largest_groups_are_given_with_the_sums_of_all(counts: SqlLogCounts) -> None:
    everything: GroupCounts[Any] = await counts.officials(SPAN, 100, None)
    one: GroupCounts[Any] = await counts.officials(SPAN, 1, None)
    assert (list(one.rows), one[1:]) == ([everything.rows[0]], everything[1:])
    assert len(everything.rows) > 1


async def test_record_with_a_strange_time_breaks_no_count(
    counts: SqlLogCounts, log: SqlExchangeLog, url: str, tmp_path: Path
) -> None:
    await log.append(some_record(time="2026-10-99Tnoon"))
    sequencer = open_sequencer(url, tmp_path, ORIGIN, limit=130, root_key=ROOT_KEY)
    sequencer.start()
    await sequencer.close()
    assert await counts.days(SPAN)
    assert (await counts.officials(SPAN, 10, OFFICE)).rows


async def test_store_that_is_gone_is_told(tmp_path: Path) -> None:
    counts = open_counts("sqlite:///nowhere/exchange.db", tmp_path)
    with pytest.raises(LogUnavailable):
        await counts.days(SPAN)
    await counts.close()
