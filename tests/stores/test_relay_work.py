"""Work that is stored with a record: in any company, after a kill, in a log of the release before, at any size."""

import asyncio
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest

from adapters.schema.migration import REVISIONS
from adapters.schema.revision import DatabaseFile
from adapters.stores import log_postgres, log_sqlite, sql
from adapters.stores import relay as statements
from adapters.stores.batch import PendingRecord
from adapters.stores.database import Statement
from adapters.stores.log import SqlExchangeLog
from adapters.stores.opening import open_log
from adapters.stores.relay import SqlRelay
from adapters.stores.upgrade import upgrade
from gateway.domain.errors import RowConflict
from gateway.ports.relay import DeliveryEvent, DeliverySearch, DeliveryState, DossierSearch
from tests import fresh
from tests.stores.numbered import number, sequencer
from tests.stores.opened import open_relay
from tests.stores.relayed import BUS, delivery, dossier, event, key, settled, write
from tests.stores.sample import ORIGIN, ROOT_KEY, run_sql, some_record

CLAIMER = Path(__file__).with_name("claimer.py")
ROOT = Path(__file__).parents[2]


# ----------------------------------------------------------------------------------------------- batches


async def test_record_whose_work_was_refused_is_not_counted_numbered_or_remembered(
    log: SqlExchangeLog, url: str, tmp_path: Path
) -> None:
    relay = open_relay(url, tmp_path)
    log.sequencer = opened = sequencer(url, tmp_path)
    await write(log, relay.change(dossier=dossier()))
    results = await asyncio.gather(
        *(log.append(some_record(), relay.change(dossier=dossier())) for _ in range(10)),
        *(log.append(some_record()) for _ in range(5)),
        return_exceptions=True,
    )
    assert [type(one) for one in results[:10]] == [RowConflict] * 10
    assert len(opened.own._rows) == 6
    assert await number(opened) == 6
    assert len(await run_sql(url, tmp_path, "SELECT seq FROM append_log")) == 6
    assert await run_sql(url, tmp_path, "SELECT size FROM log_state") == [(6,)]
    await opened.close()
    await relay.close()


async def test_work_of_a_caller_that_gave_up_is_done_with_its_record_or_neither_is(
    log: SqlExchangeLog, url: str, tmp_path: Path
) -> None:
    relay = open_relay(url, tmp_path)
    await write(log, relay.change(dossier=dossier("H33.0")))
    writers = [
        asyncio.ensure_future(log.append(some_record(), relay.change(dossier=dossier(f"H33.{one // 2}"))))
        for one in range(2, 42)
    ]
    await asyncio.sleep(0)
    for writer in writers[::4]:
        writer.cancel()
    results = await asyncio.gather(*writers, return_exceptions=True)
    assert sum(isinstance(one, asyncio.CancelledError) for one in results) == 10
    assert sum(isinstance(one, RowConflict) for one in results) == 20
    await write(log, relay.change(dossier=dossier("after")))
    assert len(await relay.dossiers(DossierSearch())) == 22
    assert len(await log.recent(100)) == 22
    await relay.close()


class Counted(sqlite3.Connection):
    """Counts the statements that it runs: each of them waits for the interpreter beside a busy loop."""

    executed = 0

    def execute(self, *given: Any) -> sqlite3.Cursor:
        self.executed += 1
        return super().execute(*given)


async def test_work_of_a_batch_is_done_by_few_statements(tmp_path: Path) -> None:
    fresh.log_in(tmp_path)
    relay = open_relay("sqlite:///exchange.db", tmp_path)
    rows = []
    for one in range(64):
        code = f"H33.{one}"
        work = relay.change(
            key=key(f"k{one}"),
            dossier=dossier(code),
            events=[event(code)],
            deliveries=[delivery(f"d{one}", code)],
        )
        rows.append(PendingRecord(f"r{one}", b"leaf", b"tag", asyncio.Future(), work=work))
    connection = sqlite3.connect(tmp_path / "exchange.db", isolation_level=None, factory=Counted)
    with closing(connection):
        assert log_sqlite._worked(connection, rows) == (rows, [])
    assert connection.executed <= 12
    assert len(await relay.dossiers(DossierSearch(most=100))) == 64
    await relay.close()


async def test_work_whose_rows_another_process_takes_in_another_order_is_done_after_it(
    postgres_url: str, tmp_path: Path
) -> None:
    """Each waits for a row that the other one holds: the server ends this one, which is then done again."""
    relay, log = open_relay(postgres_url, tmp_path), open_log(postgres_url, tmp_path, ORIGIN, ROOT_KEY)
    await write(log, relay.change(dossier=dossier(), deliveries=[delivery("d1")]))
    other = await asyncpg.connect(sql.postgres_dsn(postgres_url))
    await other.execute("BEGIN; SET LOCAL deadlock_timeout = '60s'; UPDATE delivery_queues SET due_at = 5")
    work = relay.change(dossier=dossier(version=2), before=1, deliveries=[delivery("d2")])
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(log.append(some_record(), work))
        while not await run_sql(postgres_url, tmp_path, "SELECT 1 FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.02)
        await other.execute("UPDATE dossiers SET facts = facts; COMMIT")
    assert writing.result()
    assert [row.id for row in await relay.deliveries(DeliverySearch())] == ["d2", "d1"]
    assert len(await log.recent(9)) == 2
    for one in (other, log, relay):
        await one.close()


# ------------------------------------------------------------------------------------------------- kills


def held_when_killed(url: str, folder: Path, holders: list[str]) -> dict[str, list[str]]:
    """What each of some processes had claimed when all were killed."""
    command = [sys.executable, str(CLAIMER), url, str(folder)]
    processes = {
        one: subprocess.Popen([*command, one, "10.0"], stdout=subprocess.PIPE, cwd=ROOT)  # noqa: S603 -- this interpreter
        for one in holders
    }
    held: dict[str, list[str]] = {}
    for name, process in processes.items():
        with process:
            assert process.stdout is not None
            lines = list(iter(process.stdout.readline, b"end\n"))
            assert process.poll() is None
            process.kill()
            held[name] = [line.decode().strip() for line in lines]
    return held


async def test_what_killed_processes_held_is_claimed_once_more_as_perhaps_sent(
    log: SqlExchangeLog, url: str, tmp_path: Path
) -> None:
    relay = open_relay(url, tmp_path)
    rows = [delivery(f"d{one:02}", f"H33.{one}") for one in range(60)]
    await write(log, relay.change(deliveries=rows))
    held = await asyncio.to_thread(held_when_killed, url, tmp_path, ["one", "two", "three"])
    assert sorted(one for of_one in held.values() for one in of_one) == [row.id for row in rows]
    assert await relay.claim(BUS, "four", 69.0, 60.0, 99) == []
    again = await relay.claim(BUS, "four", 70.0, 60.0, 99)
    assert {(row.state, row.attempts) for row in again} == {(DeliveryState.SENDING, 1)}
    assert [row.id for row in again] == [row.id for row in rows]
    for name, of_one in held.items():
        for one in of_one[:1]:
            with pytest.raises(RowConflict):
                await write(log, relay.settle(settled(one, holder=name)))
    await write(log, *(relay.settle(settled(row.id, holder="four")) for row in again))
    assert await relay.counts() == {}
    await relay.close()


# ---------------------------------------------------------------------------------- the release before


async def old_log(url: str, folder: Path) -> None:
    """A log of the release before this one, with a record."""
    server = sql.is_postgres(url)
    leaf = "CAST('leaf' AS bytea)" if server else "x'00'"
    for revision in REVISIONS:
        if revision.number > "0012" or not (server or revision.file is DatabaseFile.LOG):
            continue
        for statement in revision.in_postgres() if server else revision.in_sqlite():
            await run_sql(url, folder, statement.replace("{path}", "public, pg_temp"))
    for statement in (
        "CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)",
        "INSERT INTO alembic_version VALUES ('0012')",
        f"INSERT INTO append_log (id, leaf) VALUES ('old', {leaf})",  # noqa: S608 -- ours
    ):
        await run_sql(url, folder, statement)


async def test_log_of_the_release_before_keeps_its_records_and_takes_dossiers(
    empty_url: str, tmp_path: Path
) -> None:
    await old_log(empty_url, tmp_path)
    await upgrade(empty_url, tmp_path, {})
    log, relay = open_log(empty_url, tmp_path, ORIGIN, ROOT_KEY), open_relay(empty_url, tmp_path)
    await write(log, relay.change(dossier=dossier(), deliveries=[delivery("d1")]))
    assert await run_sql(empty_url, tmp_path, "SELECT count(*) FROM append_log") == [(2,)]
    assert len(await relay.deliveries(DeliverySearch())) == 1
    await relay.close()
    await log.close()


# --------------------------------------------------------------------------------------------------- size

_ROWS = 20_000
_SERIES = {
    False: f"(WITH RECURSIVE s(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM s WHERE n < {_ROWS}) SELECT n FROM s)",  # noqa: S608 -- ours
    True: f"generate_series(1, {_ROWS}) AS s (n)",
}
#: delivered long ago
_FILLED = (
    "INSERT INTO deliveries (id, target, order_key, kind, code, version, requester, exchange, state, state_before,"
    " holder, attempts, reason, next_at, lease_until, opened, changed, period, sealed, tried) SELECT 'x' || n,"
    " 'national_bus', 'province|X' || n, 'dossier', 'X' || n, 1, 'one_gate', 'x', 'delivered', '', '', 1, '', 0, 0, 1,"
    " 2, '2026-11', '', 0",
    "INSERT INTO delivery_queues (target, order_key) SELECT 'national_bus', 'province|X' || n",
    "INSERT INTO dossiers SELECT 'province', 'X' || n, 'one_gate', '', '', '', '', 0, 1, '', '2026-11', '', '', '',"
    " '', 1, 2, 0",
    "INSERT INTO dossier_owners SELECT 'p', 'X' || n, 'province'",
    "INSERT INTO dossier_events SELECT 'province', 'X' || n, 'e', '', '', 1, 1, '', '2026-11', ''",
)


def statements_of(relay: SqlRelay, *, server: bool) -> Iterator[Statement]:
    """Every statement that a claim or work runs."""
    until = (BUS, 70.0, 10.0)
    lock = statements._SKIP if server else ""
    yield statements._TAKE_QUEUES.format(lock=lock), (*until, 50, "one 1")
    yield statements._CORRECT_QUEUES, (*until, "one 1", 10.0)
    yield statements._CLAIM, (*until, "one", "one 1", 10.0)
    yield statements._RELEASE_QUEUE, ("d1", "one")
    yield statements._RELEASE, ("d1", "one")
    yield statements._NEXT.format(time=statements._SERVER_TIME if server else ""), (BUS,)
    happened = DeliveryEvent(1.0, "x")
    for work in (
        relay.change(key=key(), dossier=dossier(), events=[event()], deliveries=[delivery("d1")]),
        relay.change(dossier=dossier(version=2), before=1),
        relay.settle(settled("d1", DeliveryState.DEAD)._replace(reference="B.7")),
        relay.replay("d1", happened),
        relay.drop("d1", happened),
        relay.acknowledge("one_gate", ["d1"], happened),
    ):
        for statement, rows in work.steps:
            if server:
                yield statement.postgres, list(zip(*rows, strict=True))
            else:
                yield statement.sqlite(len(rows)), [one for row in rows for one in row]


async def test_claims_and_work_go_by_keys_however_much_was_delivered(
    log: SqlExchangeLog, url: str, tmp_path: Path
) -> None:
    relay, server = open_relay(url, tmp_path), sql.is_postgres(url)
    for insertion in _FILLED:
        await run_sql(url, tmp_path, f"{insertion} FROM {_SERIES[server]} WHERE true")
    await write(log, relay.change(deliveries=[delivery(f"d{one}", f"H33.{one % 9}") for one in range(90)]))
    plans = await (plans_of_postgres if server else plans_of_sqlite)(url, tmp_path, relay)
    assert len(plans) > 20
    for text, lines in plans:
        assert not [line for line in lines if reads_all(line)], text
    await relay.close()


def reads_all(line: str) -> bool:
    """Whether this step of a plan reads a whole table; what is given, and what a statement took, is little."""
    if line.startswith("SCAN"):
        return not re.fullmatch(r"SCAN (given|\(subquery-\d+\)|taken|\d+ CONSTANT ROWS|CONSTANT ROW)", line)
    return "Seq Scan" in line


async def plans_of_sqlite(url: str, folder: Path, relay: SqlRelay) -> list[tuple[str, list[str]]]:
    found = []
    with closing(sqlite3.connect(sql.sqlite_path(url, folder))) as connection:
        for text, values in statements_of(relay, server=False):
            rows = connection.execute(f"EXPLAIN QUERY PLAN {text.replace('$', '?')}", list(values)).fetchall()
            found.append((text, [row[3] for row in rows]))
    return found


async def plans_of_postgres(url: str, folder: Path, relay: SqlRelay) -> list[tuple[str, list[str]]]:
    """With the settings of the writers; a step without a condition reads all of its index."""
    del folder
    found = []
    connection = await asyncpg.connect(sql.postgres_dsn(url))
    await connection.execute("ANALYZE")
    await connection.execute(log_postgres._BY_INDEX.replace("LOCAL ", ""))
    for text, values in statements_of(relay, server=True):
        (plan,) = await connection.fetchrow(f"EXPLAIN (FORMAT JSON) {text}", *values)
        found.append((text, list(whole_scans(json.loads(plan)[0]["Plan"]))))
    await connection.close()
    return found


def whole_scans(plan: dict[str, Any]) -> Iterator[str]:
    if "Relation Name" in plan and plan["Node Type"].endswith("Scan") and "Index Cond" not in plan:
        yield f"Seq Scan or all of the index of {plan['Relation Name']}"
    for part in plan.get("Plans", ()):
        yield from whole_scans(part)
