"""Erasure, wrapping anew and pruning on both stores: what goes is gone, what stays is proven."""

import asyncio
import base64
import os
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest

from adapters.stores.log import SqlExchangeLog
from adapters.stores.opening import open_log
from gateway.domain.errors import LogUnavailable
from gateway.exchange_log.keys import rewrap, unwrap
from gateway.exchange_log.merkle import leaf_hash, verify_consistency, verify_inclusion
from gateway.ports.exchange_log import Archived, LogSearch
from tests import typed
from tests.keeping.shelf import in_files
from tests.stores.numbered import OTHER_SEED, SEED, number, sequencer, vkey
from tests.stores.opened import open_history, open_keeping, open_periods, open_reader, open_retention
from tests.stores.sample import ORIGIN, ROOT_KEY, run_sql, some_record
from tests.stores.test_sequence_tables import CALL, ROLES, run_sql_script

ROOT = Path(__file__).parents[2]
PRUNER = Path(__file__).with_name("pruner.py")
REFUSED = (sqlite3.IntegrityError, asyncpg.InsufficientPrivilegeError)
NOW = "2026-11-25T00:00:00.000Z"


async def fill(url: str, folder: Path, months: list[str], count: int) -> list[bytes]:
    """So many records in each month, in the tree, month by month; their leaf hashes in its order."""
    log = open_log(url, folder, ORIGIN, ROOT_KEY)
    one = sequencer(url, folder)
    for month in months:
        records = [some_record(time=f"{month}-05T03:04:05.678Z", calls=(CALL,)) for _ in range(count)]
        await asyncio.gather(*map(log.append, records))
        while True:
            await number(one)
            [(size,)] = await run_sql(url, folder, "SELECT size FROM log_state")
            if size == len(months[: months.index(month) + 1]) * count:
                break
    # The floor follows what has ended, with the next record at the latest.
    await log.close()
    await one.close()
    reader = open_reader(url, folder)
    hashes = [leaf_hash(entry.leaf) async for entry in reader.entries(0, 1 << 40)]
    await reader.close()
    return hashes


def archive(first: int, end: int) -> Archived:
    return Archived(f"a-{first}", "2024-01", first, end - first, "2024-01-05T03:04:05.678Z", "00")


async def pruned(url: str, folder: Path, first: int, end: int) -> int:
    retention = open_retention(url, folder)
    try:
        steps = [gone async for gone in retention.prune([archive(first, end)], end, NOW)]
        return steps[-1] if steps else 0
    finally:
        await retention.close()


async def raised_floor(url: str, folder: Path) -> int:
    """Number one more record, so that all before it have surely ended; the floor of the tree."""
    log = open_log(url, folder, ORIGIN, ROOT_KEY)
    one = sequencer(url, folder)
    for _ in range(3):
        await log.append(some_record())
        await number(one)
    await log.close()
    await one.close()
    return int((await run_sql(url, folder, "SELECT floor_size FROM log_state"))[0][0])


@pytest.mark.parametrize("seed", [1, 2])
async def test_after_any_pruning_every_proof_of_every_record_holds(
    url: str, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    hashes = await fill(url, tmp_path, ["2024-01", "2024-02"], rng.randrange(150, 300))
    assert await raised_floor(url, tmp_path) > len(hashes)
    reader, history, keeping = (
        open_reader(url, tmp_path),
        open_history(url, tmp_path),
        open_keeping(url, tmp_path),
    )
    below = 0
    for end in sorted(rng.sample(range(1, len(hashes)), 3)):
        assert await pruned(url, tmp_path, below, end) == end - below
        below = end
        size = (await keeping.numbering()).size
        newest = [entry.index async for entry in reader.entries(0, size)]
        assert newest == list(range(below, size))
        root = await root_at(reader, size)
        for index, digest in enumerate(hashes):
            assert verify_inclusion(digest, index, size, await reader.inclusion(index, size), root)
        for _ in range(20):
            old, new = sorted(rng.sample(range(1, size + 1), 2))
            proof = await reader.consistency(old, new)
            assert verify_consistency(old, await root_at(reader, old), new, await root_at(reader, new), proof)
        for index in rng.sample(range(below), min(below, 25)):
            assert index in await history.places(hashes[index])
            assert await reader.entry_of(hashes[index]) is None
    found = [one.index for one in await reader.search(LogSearch(source="population"), None, 1000)]
    assert min(found) == below
    for table in ("log_entries", "log_subjects", "log_sources"):
        assert await run_sql(url, tmp_path, f"SELECT count(*) FROM {table} WHERE idx < {below}") == [(0,)]  # noqa: S608
    [(rows,)] = await run_sql(url, tmp_path, "SELECT count(*) FROM append_log")
    assert rows == (await keeping.numbering()).size - below
    assert (await history.history()).below == below
    # Whoever sweeps and numbers goes on.
    assert len(await keeping.unclosed(0, below + 5)) == 5
    assert await raised_floor(url, tmp_path) > size
    for one in (reader, history, keeping):
        await one.close()


async def root_at(reader: Any, size: int) -> bytes:
    from gateway.audit.proofs import TreeProofs

    return await TreeProofs(reader, reader).root(size)


async def test_pruning_that_is_killed_goes_on_and_takes_no_more(url: str, tmp_path: Path) -> None:
    hashes = await fill(url, tmp_path, ["2024-01", "2024-02"], 2_000)
    assert await raised_floor(url, tmp_path) > len(hashes)
    rng = random.Random(5)
    for _ in range(3):
        await asyncio.to_thread(prune_and_kill, url, tmp_path, rng.uniform(0.02, 0.3))
    await pruned(url, tmp_path, 0, 3_000)
    reader, history = open_reader(url, tmp_path), open_history(url, tmp_path)
    left = [leaf_hash(entry.leaf) async for entry in reader.entries(0, len(hashes))]
    assert left == hashes[3_000:]
    assert len(await run_sql(url, tmp_path, "SELECT 1 FROM log_pruned_hashes")) == 3_000
    assert [await history.places(hashes[place]) for place in (0, 1_500, 2_999)] == [[0], [1_500], [2_999]]
    await reader.close()
    await history.close()


def prune_and_kill(url: str, folder: Path, seconds: float) -> None:
    with subprocess.Popen(  # noqa: S603 -- this interpreter and a file beside this one
        [sys.executable, str(PRUNER), url, str(folder), "3000"], stdout=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(seconds)
        process.kill()


async def test_two_that_prune_at_the_same_time_take_each_record_once(url: str, tmp_path: Path) -> None:
    hashes = await fill(url, tmp_path, ["2024-01", "2024-02"], 2_000)
    assert await raised_floor(url, tmp_path) > len(hashes)
    await asyncio.gather(*(pruned(url, tmp_path, 0, 3_000) for _ in range(3)))
    assert len(await run_sql(url, tmp_path, "SELECT 1 FROM log_pruned_hashes")) == 3_000


async def test_what_was_numbered_just_now_is_not_pruned(url: str, tmp_path: Path) -> None:
    hashes = await fill(url, tmp_path, ["2024-01"], 5)
    retention = open_retention(url, tmp_path)
    with pytest.raises(LogUnavailable, match="try again"):
        async for _ in retention.prune([archive(0, 6)], len(hashes) + 1, NOW):
            pass
    assert await retention.pruned() == (0, (await retention.pruned())[1])
    await retention.close()


async def test_stretch_of_a_month_ends_with_its_last_record(url: str, tmp_path: Path) -> None:
    await fill(url, tmp_path, ["2024-01", "2024-02", "2024-04"], 4)
    retention = open_retention(url, tmp_path)
    cases = {"2024-02": 4, "2024-03": 8, "2024-04": 8, "2024-05": 12}
    for month, end in cases.items():
        begins, late = f"{month}-01T00:00:00.000Z", f"{month}-01T01:00:00.000Z"
        assert await retention.end_of_month(0, begins, late) == end
    assert await retention.time_at(4) == "2024-02-05T03:04:05.678Z"
    assert await retention.time_at(99) is None
    await retention.close()


async def test_keys_that_were_destroyed_are_gone_and_never_made_again(url: str, tmp_path: Path) -> None:
    months = [f"2{year:03}-{month:02}" for year in range(20) for month in range(1, 13)]
    log = open_log(url, tmp_path, ORIGIN, ROOT_KEY)
    # Written in disorder, so that pages are split with what is to be destroyed on them.
    for month in random.Random(9).sample(months, 90):
        await log.append(some_record(time=f"{month}-05T00:00:00.000Z"))
    vault = open_periods(url, tmp_path)
    facts = await vault.facts()
    assert [one.period for one in facts] == sorted(one.period for one in facts)
    for one in random.Random(4).sample(list(facts), 5):
        [(wrapped,)] = await run_sql(
            url,
            tmp_path,
            f"SELECT wrapped FROM period_keys WHERE period = '{one.period}'",  # noqa: S608
        )
        assert await vault.destroy(one.period)
        assert await vault.destroy(one.period)
        files = in_files(tmp_path, bytes(wrapped))
        assert files == []
        told = next(again for again in await vault.facts() if again.period == one.period)
        assert (told.living, bool(told.made), bool(told.erased)) == (False, True, True)
        with pytest.raises(REFUSED, match="destroyed"):
            await run_sql(url, tmp_path, f"INSERT INTO period_keys VALUES ('{one.period}', '\\x00')")  # noqa: S608
        other = open_log(url, tmp_path, ORIGIN, ROOT_KEY)
        with pytest.raises(LogUnavailable):
            await other.append(some_record(time=f"{one.period}-06T00:00:00.000Z"))
        await other.close()
    await vault.close()
    await log.close()


async def test_older_copies_of_destroyed_keys_leave_the_file_as_well(
    sqlite_log: SqlExchangeLog, tmp_path: Path
) -> None:
    """SQLite leaves what it moved in the free space of its pages, where it was built so."""
    url = "sqlite:///exchange.db"
    await sqlite_log.append(some_record(time="2024-05-05T00:00:00.000Z"))
    with closing(sqlite3.connect(tmp_path / "exchange.db")) as other:
        other.execute("PRAGMA secure_delete=OFF").close()
        other.execute("CREATE TABLE older AS SELECT wrapped, zeroblob(9000) FROM period_keys")
        other.execute("DROP TABLE older")
        [(wrapped,)] = other.execute("SELECT wrapped FROM period_keys")
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert (tmp_path / "exchange.db").read_bytes().count(wrapped) == 2
    vault = open_periods(url, tmp_path)
    assert await vault.destroy("2024-05")
    assert in_files(tmp_path, wrapped) == []
    await vault.close()


async def test_process_that_holds_keys_of_an_erased_month_forgets_them_within_seconds(
    url: str, tmp_path: Path
) -> None:
    log = open_log(url, tmp_path, ORIGIN, ROOT_KEY)
    await log.append(some_record(time="2024-03-05T00:00:00.000Z"))
    vault = open_periods(url, tmp_path)
    await vault.destroy("2024-03")
    await vault.close()
    async with asyncio.timeout(60):
        while True:
            try:
                await log.append(some_record(time="2024-03-06T00:00:00.000Z"))
            except LogUnavailable:
                break
            await asyncio.sleep(0.2)
    await log.close()


async def test_keys_are_wrapped_anew_all_or_none(url: str, tmp_path: Path) -> None:
    log = open_log(url, tmp_path, ORIGIN, ROOT_KEY)
    for month in ("2024-01", "2024-02", "2024-03"):
        await log.append(some_record(time=f"{month}-05T00:00:00.000Z"))
    new = os.urandom(32)
    vault = open_periods(url, tmp_path)

    def break_off(period: str, wrapped: bytes) -> bytes | None:
        if period == "2024-03":
            raise KeyError(period)
        return rewrap([ROOT_KEY], new, period, wrapped)

    with pytest.raises((KeyError, LogUnavailable)):
        await vault.rewrap(break_off)
    keeping = open_keeping(url, tmp_path)
    for period, wrapped in (await keeping.periods()).items():
        unwrap(ROOT_KEY, period, wrapped)
    for _ in range(2):
        await vault.rewrap(lambda period, wrapped: rewrap([ROOT_KEY], new, period, wrapped))
    for period, wrapped in (await keeping.periods()).items():
        unwrap(new, period, wrapped)
    await keeping.close()
    await vault.close()
    await log.close()


async def test_who_signed_is_known_for_ever(url: str, tmp_path: Path) -> None:
    await fill(url, tmp_path, ["2024-01"], 3)
    log = open_log(url, tmp_path, ORIGIN, ROOT_KEY)
    await log.append(some_record())
    other = sequencer(url, tmp_path, OTHER_SEED, SEED)
    await run_sql(url, tmp_path, "UPDATE log_state SET lease_until = 1")
    await number(other)
    await other.close()
    await log.close()
    history = open_history(url, tmp_path)
    assert (await history.history()).vkeys == (vkey(31), vkey())
    await history.close()
    for statement in ("DELETE FROM log_signers", "UPDATE log_signers SET size = 0", "DELETE FROM log_periods",
                      "UPDATE log_periods SET made = 'x'"):  # fmt: skip
        with pytest.raises(REFUSED, match="append-only"):
            await run_sql(url, tmp_path, statement)


def rotated(folder: Path, url: str) -> typed.Said:
    """`motlan keys rotate root` to another key of the settings, as that account of the database."""
    keys = {"root_key": bytes(32), "former_root_key": ROOT_KEY, "signing_key": base64.b64decode(SEED)}
    words = ["--set", f"gateway.log.url={url}"]
    for name, key in keys.items():
        (folder / name).write_bytes(base64.b64encode(key))
        words += ["--set", f"gateway.log.{name}.file={folder / name}"]
    return typed.motlan("keys", "rotate", "root", "--dir", str(folder), *words)


async def test_administrator_erases_and_prunes_with_the_written_grants_and_the_gateway_cannot(
    postgres_url: str, tmp_path: Path
) -> None:
    url = postgres_url
    await fill(url, tmp_path, ["2024-01", "2024-02"], 20)
    assert await raised_floor(url, tmp_path) > 40
    mark = os.urandom(4).hex()
    script = ROLES.read_text("utf-8")
    for name in ("app", "admin", "audit"):
        script = script.replace(f"motlan_{name}", f"{name}_{mark}")
    await run_sql_script(url, script)
    addresses = {}
    for name in ("app", "admin", "audit"):
        await run_sql(url, tmp_path, f"CREATE ROLE user_{name}_{mark} LOGIN IN ROLE {name}_{mark}")
        addresses[name] = url.replace("//postgres:", f"//user_{name}_{mark}:")
    for name in ("app", "audit"):
        vault = open_periods(addresses[name], tmp_path)
        with pytest.raises(LogUnavailable, match="admin_url"):
            await vault.destroy("2024-01")
        await vault.close()
        with pytest.raises(LogUnavailable, match="admin_url"):
            await pruned(addresses[name], tmp_path, 0, 25)
    said = await asyncio.to_thread(rotated, tmp_path, addresses["app"])
    assert (said.code, "log.admin_url" in said.err) == (2, True), said
    assert await pruned(addresses["admin"], tmp_path, 0, 25) == 25
    vault = open_periods(addresses["admin"], tmp_path)
    assert await vault.destroy("2024-01") is False
    new = os.urandom(32)
    # `rotated` made the keys of the running month under the key of its settings, where it had none
    roots = [ROOT_KEY, bytes(32)]
    await vault.rewrap(lambda period, wrapped: rewrap(roots, new, period, wrapped))
    told = {one.period: one.living for one in await vault.facts()}
    assert (told["2024-01"], told["2024-02"]) == (False, True)
    await vault.close()
    for name in ("app", "audit"):
        history = open_history(addresses[name], tmp_path)
        assert (await history.history()).below == 25
        await history.close()
