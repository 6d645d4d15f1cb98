"""Months that were pruned as a whole give their disk space back on PostgreSQL, whoever reads, writes or is killed."""

import asyncio
import os
import random
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest

from adapters.stores import sql
from adapters.stores.months import drop_empty_months
from adapters.stores.opening import open_admin, open_log, open_sequencer
from gateway.domain.errors import LogUnavailable
from gateway.ports.exchange_log import LogSearch
from tests.stores.numbered import SEED, number, sees, sequencer
from tests.stores.opened import open_reader
from tests.stores.sample import ORIGIN, ROOT_KEY, run_sql, some_record
from tests.stores.test_log_retention import fill, prune_and_kill, pruned, raised_floor
from tests.stores.test_sequence_tables import CALL, ROLES, run_sql_script

TABLES = ("log_entries", "log_sources", "log_subjects")


async def parts(url: str) -> dict[str, set[str]]:
    """Which months have partitions, by table; nothing else stands beside them."""
    found: dict[str, set[str]] = {table: set() for table in TABLES}
    names = (
        "SELECT relname, relispartition FROM pg_class WHERE relkind = 'r' AND relname ~ '_[0-9]{4}_[0-9]{2}$'"
    )
    for name, attached in await run_sql(url, Path(), names):
        assert attached
        found[name[:-8]].add(name[-7:].replace("_", "-"))
    return found


async def everywhere(url: str) -> set[str]:
    """The months that have a partition of every table."""
    return set.intersection(*(await parts(url)).values())


async def anywhere(url: str) -> set[str]:
    """The months that have a partition of any table."""
    return set.union(*(await parts(url)).values())


async def searched_bytes(url: str) -> int:
    """What the searched tables and their indexes take on the disk."""
    text = "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('{}')"
    return sum([int((await run_sql(url, Path(), text.format(table)))[0][0] or 0) for table in TABLES])


async def test_month_that_was_pruned_as_a_whole_leaves_no_table_and_its_disk_space_comes_back(
    postgres_url: str, tmp_path: Path
) -> None:
    url = postgres_url
    await fill(url, tmp_path, ["2024-01", "2024-02"], 400)
    await raised_floor(url, tmp_path)
    before = await searched_bytes(url)
    # A part of a month frees nothing yet.
    await pruned(url, tmp_path, 0, 399)
    assert "2024-01" in await everywhere(url)
    await pruned(url, tmp_path, 399, 401)
    assert "2024-01" not in await anywhere(url)
    assert "2024-02" in await everywhere(url)
    [(left,)] = await run_sql(url, tmp_path, "SELECT count(*) FROM log_entries WHERE period = '2024-02'")
    assert left == 399
    assert await searched_bytes(url) < before * 0.7


async def test_month_that_is_in_use_all_the_while_is_dropped_by_the_next_pruning(
    postgres_url: str, tmp_path: Path
) -> None:
    url = postgres_url
    await fill(url, tmp_path, ["2024-01", "2024-02"], 20)
    await raised_floor(url, tmp_path)
    long_reader = await asyncpg.connect(sql.postgres_dsn(url))
    database = open_admin(url, tmp_path)
    async with long_reader.transaction():
        await long_reader.fetch("SELECT count(*) FROM log_sources")
        pruning = asyncio.create_task(pruned(url, tmp_path, 0, 20))
        async with asyncio.timeout(20):
            while "2024-01" in (await parts(url))["log_entries"]:
                await asyncio.sleep(0.05)
        pruning.cancel()
        with pytest.raises(LogUnavailable, match="prune again"):
            await drop_empty_months(database, pauses=(0.01,))
    await database.close()
    await long_reader.close()
    assert "2024-01" in (await parts(url))["log_sources"]
    assert await pruned(url, tmp_path, 0, 20) == 0
    assert "2024-01" not in await anywhere(url)


async def test_record_of_a_month_that_was_dropped_is_numbered_by_a_gateway_that_ran_all_the_while(
    postgres_url: str, tmp_path: Path
) -> None:
    url = postgres_url
    log = open_log(url, tmp_path, ORIGIN, ROOT_KEY)
    await fill(url, tmp_path, ["2024-01"], 10)
    running = open_sequencer(url, tmp_path, ORIGIN, (SEED,), root_key=ROOT_KEY)
    running.start()
    await log.append(some_record(time="2024-01-31T00:00:00.000Z"))
    await log.append(some_record())
    await reaches(url, 12)
    await log.append(some_record())
    await reaches(url, 13)
    await pruned(url, tmp_path, 0, 11)
    assert "2024-01" not in await anywhere(url)
    await log.append(some_record(time="2024-01-31T23:00:00.000Z", calls=(CALL,)))
    await reaches(url, 14)
    assert "2024-01" in await everywhere(url)
    await running.close()
    await log.close()
    reader = open_reader(url, tmp_path)
    found = await reader.search(LogSearch(until="2024-12-01T00:00:00.000Z"), None, 10)
    assert [one.index for one in found] == [13]
    await reader.close()


async def reaches(url: str, size: int) -> None:
    async with asyncio.timeout(20):
        while (await run_sql(url, Path(), "SELECT size FROM log_state"))[0][0] < size:
            await asyncio.sleep(0.02)


async def test_months_go_while_a_gateway_reads_and_writes_and_nobody_is_failed(
    postgres_url: str, tmp_path: Path
) -> None:
    url = postgres_url
    cold = [f"2024-{month:02}" for month in range(1, 9)]
    await fill(url, tmp_path, cold, 40)
    await raised_floor(url, tmp_path)
    log, one = open_log(url, tmp_path, ORIGIN, ROOT_KEY), sequencer(url, tmp_path)
    reader = open_reader(url, tmp_path)
    done = asyncio.Event()
    turns = {"write": 0, "read": 0}

    async def write() -> None:
        while not done.is_set():
            await asyncio.gather(*(log.append(some_record(calls=(CALL,))) for _ in range(5)))
            await number(one)
            turns["write"] += 1

    async def read() -> None:
        while not done.is_set():
            for wanted in (LogSearch(), LogSearch(source="population"), LogSearch(requester="portal")):
                assert await reader.search(wanted, None, 20)
            turns["read"] += 1

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        group.create_task(read())
        for number_of in range(1, 9):
            await pruned(url, tmp_path, (number_of - 1) * 40, number_of * 40)
        done.set()
    assert not await anywhere(url) & set(cold)
    assert min(turns.values()) >= 2
    for opened in (log, one, reader):
        await opened.close()


async def test_pruning_that_is_killed_at_any_moment_leaves_a_store_that_goes_on(
    postgres_url: str, tmp_path: Path
) -> None:
    url = postgres_url
    await fill(url, tmp_path, [f"2024-{month:02}" for month in range(1, 11)], 300)
    await raised_floor(url, tmp_path)
    rng = random.Random(7)
    for _ in range(6):
        await asyncio.to_thread(prune_and_kill, url, tmp_path, rng.uniform(0.02, 0.4))
        # Whole tables, attached, or none: and whoever writes to such a month makes what is missing.
        assert await parts(url)
    log, one = open_log(url, tmp_path, ORIGIN, ROOT_KEY), sequencer(url, tmp_path)
    for month in ("2024-01", "2024-05"):
        await log.append(some_record(time=f"{month}-20T00:00:00.000Z", calls=(CALL,)))
    async with asyncio.timeout(20):
        while await number(one) == 0:
            await asyncio.sleep(0.1)
    await log.close()
    await one.close()
    await pruned(url, tmp_path, 0, 3_000)
    assert await everywhere(url) >= {"2024-01", "2024-05"}
    assert not await anywhere(url) & {f"2024-{month:02}" for month in (2, 3, 4, 6, 7, 8, 9, 10)}


async def test_administrator_drops_empty_months_only_and_the_gateway_none(
    postgres_url: str, tmp_path: Path
) -> None:
    url = postgres_url
    await fill(url, tmp_path, ["2024-01", "2024-02"], 20)
    await raised_floor(url, tmp_path)
    addresses = await accounts(url, tmp_path)
    drop = "SELECT motlan_drop_month('log_entries', '2024-01')"
    for name in ("app", "audit"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await run_sql(addresses[name], tmp_path, drop)
    # A month with records stays, and so does whatever is no table of months.
    assert await run_sql(addresses["admin"], tmp_path, drop) == [(False,)]
    for parent, month in (("log_tiles", "2024-01"), ("log_entries", "2024-01; DROP TABLE log_tiles"),
                          ("log_entries", "2031-01")):  # fmt: skip
        call = f"SELECT motlan_drop_month('{parent}', '{month}')"
        assert await run_sql(addresses["admin"], tmp_path, call) == [(False,)]
    assert await everywhere(url) >= {"2024-01", "2024-02"}
    assert await pruned(addresses["admin"], tmp_path, 0, 20) == 20
    assert "2024-01" not in await anywhere(url)


async def test_administrator_cannot_drop_a_month_whose_records_he_does_not_see_yet(
    postgres_url: str, tmp_path: Path
) -> None:
    url = postgres_url
    await fill(url, tmp_path, ["2024-01"], 3)
    addresses = await accounts(url, tmp_path)
    keeper: Any = await asyncpg.connect(sql.postgres_dsn(addresses["admin"]))

    async def drop_with_an_old_view(isolation: str) -> None:
        async with keeper.transaction(isolation=isolation):
            await keeper.fetch("SELECT 1")
            await keeper.fetch("SELECT motlan_drop_month('log_entries', '2024-01')")

    for isolation in ("repeatable_read", "serializable"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="sees all rows"):
            await drop_with_an_old_view(isolation)
    await keeper.close()
    reader = open_reader(url, tmp_path)
    assert len((await sees(reader))[0]) == 3
    await reader.close()


async def accounts(url: str, folder: Path) -> dict[str, str]:
    """Addresses of accounts that have the written grants, and nothing else."""
    mark = os.urandom(4).hex()
    script = ROLES.read_text("utf-8")
    for name in ("app", "admin", "audit"):
        script = script.replace(f"motlan_{name}", f"{name}_{mark}")
    await run_sql_script(url, script)
    found = {}
    for name in ("app", "admin", "audit"):
        await run_sql(url, folder, f"CREATE ROLE user_{name}_{mark} LOGIN IN ROLE {name}_{mark}")
        found[name] = url.replace("//postgres:", f"//user_{name}_{mark}:")
    return found
