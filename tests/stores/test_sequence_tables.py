"""The tables of the sequence only grow, for the owner too; the door for pruning opens below a written mark."""

import asyncio
import os
import sqlite3
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

from adapters.stores import sql
from adapters.stores.log import SqlExchangeLog
from adapters.stores.opening import open_log
from adapters.stores.sequencer import open_sequencer
from gateway.domain.anchoring import Anchored
from gateway.domain.exchange import CallEntry
from gateway.ports.exchange_log import LogSearch
from tests.stores.numbered import run_until
from tests.stores.opened import open_anchors, open_reader
from tests.stores.sample import ORIGIN, ROOT_KEY, run_sql, some_record

ROLES = Path(__file__).parents[2] / "adapters/schema/roles.sql"
CALL = CallEntry(call="c", source="population", operation="o", role="r", attributes=(), outcome="found")
GROWING = (
    "log_entries",
    "log_subjects",
    "log_sources",
    "log_tiles",
    "log_checkpoints",
    "log_blocks",
    "log_pruned",
)
REFUSED = (sqlite3.IntegrityError, asyncpg.InsufficientPrivilegeError)


@pytest.fixture
async def filled(log: SqlExchangeLog, url: str, tmp_path: Path) -> None:
    """A log with 300 records in their places and one row in each table."""
    await asyncio.gather(*(log.append(some_record(calls=(CALL,))) for _ in range(300)))
    sequencer = open_sequencer(url, tmp_path, ORIGIN, root_key=ROOT_KEY)
    await run_until(sequencer, 300)
    assert (sequencer.records, sequencer.fault) == (300, "")
    await run_sql(url, tmp_path, "INSERT INTO log_blocks VALUES (0, '', '')")
    await run_sql(url, tmp_path, "INSERT INTO log_pruned VALUES (0, 0, '')")


async def refuses(url: str, folder: Path, statements: list[str]) -> None:
    for statement in statements:
        with pytest.raises(REFUSED, match="append-only"):
            await run_sql(url, folder, statement)


@pytest.mark.usefixtures("filled")
async def test_nothing_that_is_written_can_be_changed_or_taken_away(url: str, tmp_path: Path) -> None:
    column = {"log_checkpoints": "size", "log_blocks": "block", "log_pruned": "below"}
    await refuses(
        url,
        tmp_path,
        [
            statement
            for table in GROWING
            for name in (column.get(table, "idx"),)
            for statement in (f"UPDATE {table} SET {name} = {name} + 1", f"DELETE FROM {table}")  # noqa: S608 -- ours
        ],
    )
    await refuses(
        url,
        tmp_path,
        [
            "UPDATE log_state SET size = size - 1",
            "UPDATE log_state SET floor_seq = floor_seq - 1",
            "DELETE FROM log_state",
        ],
    )


@pytest.mark.usefixtures("filled")
async def test_nothing_can_be_replaced_on_sqlite(url: str, tmp_path: Path) -> None:
    if sql.is_postgres(url):
        return  # it knows no REPLACE; the next test has what it knows instead
    replace = "INSERT OR REPLACE INTO"
    await refuses(
        url,
        tmp_path,
        [
            f"{replace} log_entries (idx, seq, hash, period, time) VALUES (7, 1, 1, '', '')",
            f"{replace} log_tiles VALUES (0, 0, x'00')",
            f"{replace} log_checkpoints SELECT size, 'other', created FROM log_checkpoints",  # noqa: S608 -- ours
            f"{replace} log_blocks VALUES (0, 'a', 'b')",
            f"{replace} log_pruned VALUES (0, 9, '')",
            f"{replace} log_state SELECT * FROM log_state",  # noqa: S608 -- ours
        ],
    )


async def test_newest_row_stays_on_sqlite_so_that_no_number_comes_again(
    sqlite_log: SqlExchangeLog, tmp_path: Path
) -> None:
    for _ in range(3):
        await sqlite_log.append(some_record())
    await run_sql("sqlite:///exchange.db", tmp_path, "INSERT INTO log_pruned VALUES (3, 3, 'now')")
    await run_sql("sqlite:///exchange.db", tmp_path, "DELETE FROM append_log WHERE seq < 3")
    await refuses("sqlite:///exchange.db", tmp_path, ["DELETE FROM append_log"])


async def test_leaf_that_is_text_is_refused_on_sqlite(sqlite_log: SqlExchangeLog, tmp_path: Path) -> None:
    await sqlite_log.append(some_record())
    with pytest.raises(sqlite3.IntegrityError, match="bytes"):
        await run_sql(
            "sqlite:///exchange.db", tmp_path, "INSERT INTO append_log (id, leaf) VALUES ('', '{}')"
        )


@pytest.mark.usefixtures("filled")
async def test_partitions_and_truncation_are_no_way_round_on_postgres(url: str, tmp_path: Path) -> None:
    if not sql.is_postgres(url):
        return  # it has neither
    parts = [f"{table}_2026_11" for table in GROWING[:3]]
    await refuses(
        url,
        tmp_path,
        [f"TRUNCATE {table}" for table in (*GROWING, *parts, "log_state")]
        + [f"DELETE FROM {part}" for part in parts]  # noqa: S608 -- ours
        + [f"UPDATE {part} SET idx = idx + 1" for part in parts],  # noqa: S608 -- ours
    )


@pytest.mark.usefixtures("filled")
async def test_what_lies_below_the_mark_can_be_pruned_and_every_proof_stays(url: str, tmp_path: Path) -> None:
    [(seq,)] = await run_sql(url, tmp_path, "SELECT seq FROM log_entries WHERE idx = 99")
    prunable = ("log_entries", "log_subjects", "log_sources")
    delete = [f"DELETE FROM {table} WHERE idx < 100" for table in prunable]  # noqa: S608 -- ours
    delete.append(f"DELETE FROM append_log WHERE seq <= {seq}")  # noqa: S608 -- ours
    await refuses(url, tmp_path, delete)
    await run_sql(url, tmp_path, f"INSERT INTO log_pruned VALUES (100, {seq}, 'now')")  # noqa: S608 -- ours
    for statement in delete:
        await run_sql(url, tmp_path, statement)
    await refuses(url, tmp_path, [f"DELETE FROM {table}" for table in (*prunable, "append_log")])  # noqa: S608 -- ours
    reader = open_reader(url, tmp_path)
    assert await reader.entry(99) is None
    assert await reader.entry(100) is not None
    assert [one.index async for one in reader.entries(0, 300)] == list(range(100, 300))
    assert [one.index for one in await reader.search(LogSearch(source="population"), 102, 9)] == [101, 100]
    assert await reader.inclusion(5, 300)
    await reader.close()


async def test_role_of_the_gateway_numbers_and_reads_with_the_written_grants_and_can_do_no_more(
    postgres_url: str, tmp_path: Path
) -> None:
    owner = open_log(postgres_url, tmp_path, ORIGIN, ROOT_KEY)
    await owner.append(some_record(time="2024-05-25T03:04:05.678Z"))
    await owner.close()
    await run_sql(postgres_url, tmp_path, "INSERT INTO period_keys VALUES ('9999-12', '')")
    # Roles belong to the server, which other tests use as well.
    mark = os.urandom(4).hex()
    script = ROLES.read_text("utf-8")
    for name in ("app", "admin", "audit"):
        script = script.replace(f"motlan_{name}", f"{name}_{mark}")
    await run_sql_script(postgres_url, script)
    await run_sql_script(postgres_url, script)
    addresses = {}
    for name in ("app", "admin", "audit"):
        user = f"user_{name}_{mark}"
        await run_sql(postgres_url, tmp_path, f"CREATE ROLE {user} LOGIN IN ROLE {name}_{mark}")
        addresses[name] = postgres_url.replace("//postgres:", f"//{user}:")

    log = open_log(addresses["app"], tmp_path, ORIGIN, ROOT_KEY)
    await log.append(some_record(time="2027-01-01T00:00:00.000Z", calls=(CALL,)))
    assert await log.ready()
    sequencer = open_sequencer(addresses["app"], tmp_path, ORIGIN, root_key=ROOT_KEY)
    sequencer.start()
    await sequencer.close()
    assert (sequencer.records, sequencer.fault) == (2, "")
    await log.close()
    for name in ("app", "audit"):
        reader = open_reader(addresses[name], tmp_path)
        assert [one.index for one in await reader.search(LogSearch(), None, 10)] == [1, 0]
        assert await reader.checkpoint()
        await reader.close()

    anchors = open_anchors(addresses["app"], tmp_path)
    await anchors.keep(Anchored(2, "tsa", "national", "2026-11-25T03:04:05.678Z", b"token"))
    await anchors.close()
    for name in ("audit", "admin"):
        assert len(await run_sql(addresses[name], tmp_path, "SELECT * FROM log_anchors")) == 1

    forbidden = {
        "app": [
            "DELETE FROM log_anchors",
            "DELETE FROM log_entries",
            "INSERT INTO log_pruned VALUES (9, 9, '')",
            "DELETE FROM period_keys",
        ],
        "audit": [
            "INSERT INTO log_anchors (size, kind, name, time, token) VALUES (1, '', '', '', '')",
            "INSERT INTO log_tiles VALUES (0, 0, '')",
            "SELECT * FROM period_keys",
        ],
        "admin": [
            "INSERT INTO append_log (id, leaf) VALUES ('', '')",
            "SELECT motlan_month('2027-02')",
            "DELETE FROM period_keys WHERE period = '9999-12'",
        ],
    }
    for name, statements in forbidden.items():
        for statement in (*statements, "UPDATE log_tiles SET idx = 9", "CREATE TABLE mine (one int)"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await run_sql(addresses[name], tmp_path, statement)
    for statement in (
        "INSERT INTO log_pruned VALUES (1, 1, 'now')",
        "DELETE FROM log_entries WHERE idx < 1",
        "DELETE FROM append_log WHERE seq <= 1",
        "DELETE FROM period_keys WHERE period = '2024-05'",
    ):
        await run_sql(addresses["admin"], tmp_path, statement)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await run_sql(addresses["admin"], tmp_path, "DELETE FROM log_entries")


async def run_sql_script(url: str, script: str) -> None:
    connection = await asyncpg.connect(sql.postgres_dsn(url))
    await connection.execute(script)
    await connection.close()
