"""Searches and exports of the exchange log on SQLite and a real PostgreSQL, against a search by hand."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from adapters.stores.database import LOG, Database, ReadKind
from adapters.stores.log import SqlExchangeLog
from adapters.stores.log_reader import SqlLogReader
from adapters.stores.log_search import _COMMON
from adapters.stores.sequencer import open_sequencer
from adapters.stores.sqlite import SqliteDatabase
from gateway.domain.errors import LogUnavailable
from gateway.domain.exchange import CallEntry, ExchangeRecord, Phase
from gateway.domain.identifiers import ExchangeId
from gateway.exchange_log.record import decode
from gateway.ports.exchange_log import LogEntry, LogReader, LogSearch, LogTree
from tests.stores.numbered import number, run_until, sequencer
from tests.stores.opened import open_reader
from tests.stores.sample import ORIGIN, ROOT_KEY, run_sql, some_record

MONTHS = ("2026-09", "2026-10", "2026-11")


def invented(rng: random.Random, number: int) -> ExchangeRecord:
    """A record out of few values, so that searches meet."""
    calls = [
        CallEntry(
            call=f"c{place}",
            source=rng.choice(["population", "land", "tax"]),
            operation="o",
            role="requester",
            attributes=("a",),
            outcome=rng.choice(["", "found", "unavailable"]),
        )
        for place in range(rng.randrange(4))
    ]
    month = rng.choice(MONTHS)
    return some_record(
        exchange=ExchangeId(f"exchange {number // 2}"),
        phase=rng.choice([Phase.INTENT, Phase.OUTCOME, Phase.REFUSAL]),
        time=f"{month}-{rng.randrange(10, 30)}T0{rng.randrange(10)}:00:00.000Z",
        requester=rng.choice(["", "portal", "one_gate"]),
        agency=rng.choice(["", "H33.21", "H33.22"]),
        procedure=rng.choice(["", "1.000656", "1.000894"]),
        dossier=rng.choice(["", f"dossier {number // 20}", "Hồ sơ ' OR 1=1 --"]),
        purpose=rng.choice(["", "prefill"]),
        result=rng.choice(["", "answered", "no_grant"]),
        subjects=rng.choice([{}, {"requester": "s1"}, {"requester": "s1", "child": "s2"}, {"child": "s3"}]),
        official=rng.choice(["", "o1", "o2"]),
        on_duty=number % 5 == 0,
        calls=tuple(calls),
    )


@pytest.fixture
async def reader(log: SqlExchangeLog, url: str, tmp_path: Path) -> AsyncIterator[SqlLogReader]:
    """Over 600 invented records of three months."""
    rng = random.Random(20261125)
    for _ in range(3):
        await asyncio.gather(*(log.append(invented(rng, number)) for number in range(200)))
    sequencer = open_sequencer(url, tmp_path, ORIGIN, limit=130, root_key=ROOT_KEY)
    await run_until(sequencer, 600)
    assert (sequencer.records, sequencer.fault) == (600, "")
    opened = open_reader(url, tmp_path)
    sockets: tuple[LogReader, LogTree] = (opened, opened)
    assert sockets
    yield opened
    await opened.close()


def fits(wanted: LogSearch, leaf: dict[str, Any]) -> bool:
    """The meaning of a search, by hand."""
    names = ("exchange", "phase", "requester", "agency", "procedure", "dossier", "purpose", "result")
    calls = [
        call
        for call in leaf["calls"]
        if wanted.source in {"", call["source"]} and wanted.outcome in {"", call["outcome"]}
    ]
    return (
        all(getattr(wanted, name) in {"", leaf[name]} for name in names)
        and (not (wanted.source or wanted.outcome) or bool(calls))
        and (
            not wanted.subjects
            or any(bytes.fromhex(one) in wanted.subjects for one in leaf["subjects"].values())
        )
        and (not wanted.officials or bytes.fromhex(leaf["official"]) in wanted.officials)
        and wanted.since <= leaf["time"] < (wanted.until or "~")
    )


def searches(leaves: Sequence[dict[str, Any]], rng: random.Random) -> Iterator[LogSearch]:
    """Searches by one thing, and by several that some record has."""
    for _ in range(150):
        leaf = rng.choice(leaves)
        call = rng.choice(leaf["calls"] or [{"source": "", "outcome": ""}])
        months = [one for one in leaves if one["subjects"] and one["official"]]
        known: dict[str, Any] = {
            name: leaf[name]
            for name in (
                "exchange",
                "phase",
                "requester",
                "agency",
                "procedure",
                "dossier",
                "purpose",
                "result",
            )
        }
        known |= {
            "source": call["source"],
            "outcome": call["outcome"],
            "since": leaf["time"],
            "until": rng.choice(["2026-10-15T00:00:00.000Z", "2026-11-20T03:00:00.000Z"]),
            "subjects": tuple(
                bytes.fromhex(index)
                for one in (leaf, *rng.sample(months, 2))
                for index in one["subjects"].values()
            ),
            "officials": tuple(
                bytes.fromhex(one["official"]) for one in (leaf, *rng.sample(months, 2)) if one["official"]
            ),
        }
        yield LogSearch(
            **{name: known[name] for name in rng.sample(sorted(known), rng.choice([1, 1, 2, 2, 3]))}
        )


async def pages(reader: SqlLogReader, wanted: LogSearch, count: int) -> list[LogEntry]:
    """All that is found, page by page."""
    found: list[LogEntry] = []
    while page := await reader.search(wanted, found[-1].index if found else None, count):
        assert len(page) <= count
        found += page
    return found


async def test_search_finds_what_fits_newest_first_page_by_page(reader: SqlLogReader) -> None:
    entries = [one async for one in reader.entries(0, 600)]
    leaves = [decode(one.leaf) for one in entries]
    rng = random.Random(7)
    hits = 0
    for wanted in (LogSearch(), *searches(leaves, rng)):
        expected = [one for one, leaf in zip(entries, leaves, strict=True) if fits(wanted, leaf)][::-1]
        assert await pages(reader, wanted, rng.choice([7, 50, 1_000])) == expected, wanted
        assert await reader.places(wanted, None, 600) == [one.index for one in expected]
        hits += bool(expected)
    assert hits > 60


async def test_search_within_a_time_goes_on_where_it_stopped_and_misses_nothing(reader: SqlLogReader) -> None:
    entries = [one async for one in reader.entries(0, 600)]
    leaves = [decode(one.leaf) for one in entries]
    hurried = SqlLogReader(reader._database, walk=50, few=0)
    longest = 0
    for wanted in (LogSearch(), *searches(leaves, random.Random(11))):
        expected = [one for one, leaf in zip(entries, leaves, strict=True) if fits(wanted, leaf)][::-1]
        found, rest = await hurried.search_within(wanted, None, 600, 0.0)
        looks = [*found]
        asked = 1
        while rest is not None:
            found, rest = await hurried.search_within(wanted, rest, 600, 0.0)
            looks += found
            asked += 1
        assert looks == expected, wanted
        assert asked <= 12
        longest = max(longest, asked)
        assert await hurried.search_within(wanted, None, 3, 60.0) == (expected[:3], None), wanted
        # with a word that few records have in front, nothing is left for later
        patient = SqlLogReader(reader._database, walk=50, few=601)
        found, rest = await patient.search_within(wanted, None, 600, 0.0)
        if rest is None:
            assert found == expected, wanted
        else:
            assert not any(getattr(wanted, name) for name in _COMMON), wanted
    assert longest == 12, "no search was made in parts"


async def test_page_stays_the_same_while_records_come(
    reader: SqlLogReader, log: SqlExchangeLog, url: str, tmp_path: Path
) -> None:
    wanted = LogSearch(requester="portal")
    first = await reader.search(wanted, None, 20)
    then = await reader.search(wanted, first[-1].index, 20)
    for _ in range(30):
        await log.append(some_record(requester="portal"))
    await run_sql(url, tmp_path, "UPDATE log_state SET lease_until = 1")
    sequencer = open_sequencer(url, tmp_path, ORIGIN, root_key=ROOT_KEY)
    sequencer.start()
    await sequencer.close()
    assert await reader.search(wanted, first[-1].index, 20) == then
    newest = await reader.search(wanted, None, 50)
    assert newest[30:] == [*first]


async def test_text_that_is_sql_is_only_text(reader: SqlLogReader) -> None:
    for text in ("' OR 1=1 --", "$1", "?1", "%", "x" * 10_000, "\x00", "Hồ sơ"):
        assert await reader.search(LogSearch(dossier=text), None, 5) == []
    assert await reader.search(LogSearch(dossier="Hồ sơ ' OR 1=1 --"), None, 5)


async def test_range_of_an_export_comes_in_order_and_ends_where_it_was_told(reader: SqlLogReader) -> None:
    for start, end in ((0, 600), (10, 11), (5, 5), (590, 900), (700, 900), (0, 257)):
        found = [one.index async for one in reader.entries(start, end)]
        assert found == list(range(start, min(end, 600)))


async def test_many_ask_at_once(reader: SqlLogReader) -> None:
    asked = (reader.search(LogSearch(requester="portal"), None, 30) for _ in range(40))
    answers = await asyncio.gather(*asked)
    assert all(one == two for one, two in itertools.pairwise(answers))


async def test_store_that_cannot_be_asked_is_told_as_such(tmp_path: Path) -> None:
    for url in ("sqlite:///missing.db", "postgresql://nobody:canary@127.0.0.1:1/none"):
        reader = open_reader(url, tmp_path)
        with pytest.raises(LogUnavailable) as caught:
            await reader.search(LogSearch(), None, 5)
        assert "canary" not in str(caught.value)
        await reader.close()


async def test_search_without_end_is_ended_and_holds_up_no_proof(
    sqlite_log: SqlExchangeLog, tmp_path: Path
) -> None:
    await sqlite_log.append(some_record())
    numbering = sequencer("sqlite:///exchange.db", tmp_path)
    await number(numbering)
    path = tmp_path / "exchange.db"
    database = SqliteDatabase(path, LOG, read_seconds=2.0)
    reader = SqlLogReader(database)
    endless = "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n) SELECT x FROM n WHERE x < 0"
    async with asyncio.TaskGroup() as group:
        searches = [group.create_task(_refused(database, endless)) for _ in range(4)]
        await asyncio.sleep(0.1)
        assert await reader.checkpoint()
        assert await reader.inclusion(0, 1) == []
        assert await reader.tile(0, 0, 1)
        assert not any(one.done() for one in searches)
    assert {one.result() for one in searches} == {"the database does not answer in time"}
    assert len(await database.read("SELECT 1", way=ReadKind.SEARCH)) == 1
    await numbering.close()
    await database.close()


async def _refused(database: Database, text: str) -> str:
    with pytest.raises(LogUnavailable) as told:
        await database.read(text, way=ReadKind.SEARCH)
    return told.value.detail
