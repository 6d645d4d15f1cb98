"""How the numbering stands, and the sweeper: whatever a crash left open is closed once, by one process."""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.stores import sql
from adapters.stores.log import SqlExchangeLog
from adapters.stores.log_keeping import SqlLogKeeping
from adapters.stores.log_reader import SqlLogReader
from adapters.stores.opening import open_log, open_sequencer
from adapters.stores.sequencer import SqlSequencer
from gateway.audit.sweeper import Sweeper
from gateway.audit.watch import Watch
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import new_exchange_id
from gateway.exchange_log.record import decode
from gateway.exchange_log.recorder import Recorder
from gateway.ports.exchange_log import LogSearch
from gateway.telemetry import Metrics
from tests.stores.numbered import number
from tests.stores.opened import open_keeping, open_reader
from tests.stores.sample import CITIZEN, OFFICIAL, ORIGIN, ROOT_KEY, put_leaf, run_sql, some_record

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


class StoppedClock:
    """It is noon."""

    def now(self) -> datetime:
        return NOW


@pytest.fixture
async def reader(log: SqlExchangeLog, url: str, tmp_path: Path) -> AsyncIterator[SqlLogReader]:
    await log.ready()
    opened = open_reader(url, tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
async def keeping(log: SqlExchangeLog, url: str, tmp_path: Path) -> AsyncIterator[SqlLogKeeping]:
    await log.ready()
    opened = open_keeping(url, tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
async def sequencer(log: SqlExchangeLog, url: str, tmp_path: Path) -> AsyncIterator[SqlSequencer]:
    """Numbers only when a test says so."""
    await log.ready()
    opened = open_sequencer(url, tmp_path, ORIGIN, root_key=ROOT_KEY)
    yield opened
    await opened.close()


def slowly() -> Callable[[], float]:
    """Seconds of which a thousand pass with each look."""
    return itertools.count(0.0, 1_000.0).__next__


def ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def test_standing_counts_what_waits_and_since_when(
    log: SqlExchangeLog, keeping: SqlLogKeeping, sequencer: SqlSequencer
) -> None:
    empty = await keeping.numbering()
    assert (empty.size, empty.waiting, empty.waiting_since, empty.checkpoint) == (0, 0, 0.0, "")
    before = time.time()
    await asyncio.gather(*(log.append(some_record()) for _ in range(5)))
    waiting = await keeping.numbering()
    assert (waiting.size, waiting.waiting) == (0, 5)
    assert before - 0.01 <= waiting.waiting_since <= time.time()
    await number(sequencer)
    done = await keeping.numbering()
    assert (done.size, done.waiting, done.waiting_since, done.owner) == (5, 0, 0.0, sequencer.owner)
    assert done.checkpoint > "2026"
    # the month of the records, and the running one, whose keys the log makes as it starts
    assert set(await keeping.periods()) == {"2026-11", time.strftime("%Y-%m", time.gmtime())}


@pytest.mark.parametrize(
    ("seconds", "state"),
    [(1, "ready"), (11, "lagging"), (300, "lagging"), (-5, "ready"), (-300, "lagging"), (-3600, "lagging")],
)
async def test_record_that_waits_is_seen_though_the_clock_was_set_back(
    log: SqlExchangeLog, keeping: SqlLogKeeping, sequencer: SqlSequencer, seconds: int, state: str
) -> None:
    await log.append(some_record())
    since = (await keeping.numbering()).waiting_since
    watch = Watch(keeping, 0.0, now=lambda: since + seconds)
    assert await watch.state() == state
    assert (await watch.gauges())["log_waiting_seconds"] == max(0, seconds)
    await number(sequencer)
    assert await watch.state() == "ready"


def recorder(log: SqlExchangeLog) -> Recorder:
    return Recorder(log=log, clock=StoppedClock(), digest="", metrics=Metrics())


async def test_sweeper_closes_what_a_crash_left_open_and_only_once(
    log: SqlExchangeLog, keeping: SqlLogKeeping, reader: SqlLogReader, sequencer: SqlSequencer
) -> None:
    crashed, answered, refused, young = (new_exchange_id() for _ in range(4))
    for exchange, phase, seconds in (
        (crashed, Phase.INTENT, 300), (answered, Phase.INTENT, 300), (crashed, Phase.INTENT, 290),
        (answered, Phase.OUTCOME, 299), (refused, Phase.INTENT, 280), (refused, Phase.REFUSAL, 280),
        (young, Phase.INTENT, 20),
    ):  # fmt: skip
        await log.append(some_record(exchange=exchange, phase=phase, time=ago(seconds)))
    await number(sequencer)

    def sweeper(owner: str, seconds: float = 130) -> Sweeper:
        return Sweeper(recorder(log), keeping, owner, seconds, since=slowly())

    assert await sweeper("another process").sweep() == 0
    mine = sweeper(sequencer.owner)
    assert await mine.sweep() == 1
    await number(sequencer)
    assert await mine.sweep() == 0
    assert await sweeper(sequencer.owner).sweep() == 0
    found = await reader.search(LogSearch(phase="abandoned"), None, 10)
    (leaf,) = [decode(entry.leaf) for entry in found]
    assert (leaf["exchange"], leaf["result"], leaf["notes"]) == (crashed, "unknown", {"intent": 0})
    assert [call["outcome"] for call in leaf["calls"]] == ["unknown"]
    assert (leaf["subjects"], leaf["sealed"]) == ({}, "")
    assert CITIZEN not in str(leaf)
    assert OFFICIAL not in str(leaf)
    assert await sweeper(sequencer.owner, seconds=1).sweep() == 1


@pytest.mark.parametrize("minutes", [-5, 0, 5])
async def test_sweeper_closes_nothing_under_way_though_clocks_differ(
    log: SqlExchangeLog, keeping: SqlLogKeeping, sequencer: SqlSequencer, minutes: int
) -> None:
    """The other machine's clock is behind (-5) or ahead: its intents look that much older or younger than they are."""
    passed = [0.0]
    sweeper = Sweeper(recorder(log), keeping, sequencer.owner, 100, since=lambda: passed[0])
    closed, under_way = new_exchange_id(), new_exchange_id()
    await log.append(some_record(exchange=closed, time=ago(0)))
    await log.append(some_record(exchange=closed, phase=Phase.OUTCOME, time=ago(0)))
    await log.append(some_record(exchange=under_way, time=ago(-60 * minutes)))
    await number(sequencer)
    assert await sweeper.sweep() == 0
    passed[0] = 99
    assert await sweeper.sweep() == 0
    await log.append(some_record(time=ago(300)))  # one by a machine that is far behind
    await number(sequencer)
    passed[0] = 101
    assert await sweeper.sweep() == (0 if minutes == 0 else 1), "a stopped clock says that it is young"
    passed[0] = 202
    assert await sweeper.sweep() == (0 if minutes == 0 else 1)


async def test_sweeper_passes_intents_that_are_no_records(
    log: SqlExchangeLog, keeping: SqlLogKeeping, sequencer: SqlSequencer, url: str, tmp_path: Path
) -> None:
    await log.append(some_record(time=ago(300)))
    await log.append(some_record(time=ago(300)))
    await number(sequencer)
    if not sql.is_postgres(url):
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'append_log'"
        for (name,) in await run_sql(url, tmp_path, triggers):
            await run_sql(url, tmp_path, f"DROP TRIGGER {name}")
        # An intent to all who search, and text that is none.
        await run_sql(url, tmp_path, "UPDATE append_log SET leaf = CAST(x'ff' AS TEXT) WHERE seq = 1")
    leaf = json.loads((await log.store.recent(1))[0])
    for left in ("basis", "on_duty", "config", "rules"):
        junk = {**leaf, "exchange": new_exchange_id()}
        del junk[left]
        await put_leaf(url, tmp_path, json.dumps(junk).encode(), sequencer.own)
    await log.append(some_record(time=ago(300)))
    await number(sequencer)
    assert await Sweeper(recorder(log), keeping, sequencer.owner, 130, since=slowly()).sweep() == (
        3 if sql.is_postgres(url) else 2
    )


async def test_sweeper_goes_on_where_the_log_was_away(
    log: SqlExchangeLog, keeping: SqlLogKeeping, sequencer: SqlSequencer, url: str, tmp_path: Path
) -> None:
    await log.append(some_record(time=ago(300)))
    await number(sequencer)
    shut = open_log(url, tmp_path, ORIGIN, ROOT_KEY)
    await shut.ready()
    await shut.close()
    one = Sweeper(recorder(shut), keeping, sequencer.owner, 130, since=slowly())
    with pytest.raises(Exception, match="log"):
        await one.sweep()
    one._recorder = recorder(log)
    assert await one.sweep() == 1
