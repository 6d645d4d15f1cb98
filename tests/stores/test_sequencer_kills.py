"""Processes that write and number records are killed at any moment: the tree has each record once, without a gap."""

import asyncio
import contextlib
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

from adapters.stores.opening import open_log
from gateway.exchange_log.merkle import Frontier, leaf_hash
from gateway.exchange_log.note import Checkpoint, NoteVerifier, open_note
from gateway.exchange_log.record import decode
from tests.stores.numbered import number, sees, sequencer, vkey
from tests.stores.opened import open_reader
from tests.stores.sample import ORIGIN, ROOT_KEY, run_sql, some_record

ROOT = Path(__file__).parents[2]
WRITER = Path(__file__).with_name("numbering_writer.py")
PROCESSES = 8


class Process:
    """One process that writes and numbers; what it acknowledges goes to a file."""

    def __init__(self, url: str, folder: Path, name: str, writers: int) -> None:
        self.path = folder / f"{name}.acknowledged"
        with self.path.open("wb") as out:
            self.process = subprocess.Popen(  # noqa: S603 -- this interpreter and a file beside this one
                [sys.executable, str(WRITER), url, str(folder), str(writers)], stdout=out, cwd=ROOT
            )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def acknowledged(self) -> set[str]:
        """The last line may have been cut short, the first one says that it began."""
        return {line.decode() for line in self.path.read_bytes().split(b"\n")[1:-1]}

    def wait(self, records: int) -> None:
        end = time.monotonic() + 60
        while self.path.read_bytes().count(b"\n") <= records:
            assert self.process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.01)


@contextlib.contextmanager
def processes(url: str, folder: Path, count: int) -> Iterator[list[Process]]:
    started = [Process(url, folder, f"first{place}", 2) for place in range(count)]
    try:
        yield started
    finally:
        for one in started:
            one.kill()


def write_and_kill(url: str, folder: Path, kills: int) -> set[str]:
    """What was acknowledged by all processes together, those that were killed and replaced among them."""
    rng = random.Random(kills)
    acknowledged: set[str] = set()
    with processes(url, folder, PROCESSES) as running:
        for one in running:
            one.wait(3)
        for place in range(kills):
            time.sleep(rng.uniform(0, 0.15))
            victim = rng.randrange(PROCESSES)
            running[victim].kill()
            acknowledged |= running[victim].acknowledged()
            running[victim] = Process(url, folder, f"next{place}", 2)
            # Else the others wait for seconds whenever the victim had the lease.
            with contextlib.suppress(sqlite3.OperationalError):
                asyncio.run(run_sql(url, folder, "UPDATE log_state SET lease_until = 1"))
        time.sleep(0.3)
    for one in running:
        acknowledged |= one.acknowledged()
    return acknowledged


@pytest.mark.parametrize("kills", [6, pytest.param(60, marks=pytest.mark.slow)])
async def test_writers_and_sequencers_that_are_killed_leave_no_gap_and_no_double(
    url: str, tmp_path: Path, kills: int
) -> None:
    acknowledged = await asyncio.to_thread(write_and_kill, url, tmp_path, kills)
    [(numbered,)] = await run_sql(url, tmp_path, "SELECT size FROM log_state")
    assert numbered > 50
    one = sequencer(url, tmp_path)
    await run_sql(url, tmp_path, "UPDATE log_state SET lease_until = 1")
    await number(one)
    reader = open_reader(url, tmp_path)
    leaves, _ = await sees(reader)
    kept = [str(decode(leaf)["exchange"]) for leaf in leaves]
    assert len(acknowledged) > 100
    assert acknowledged <= set(kept)
    assert len(kept) == len(set(kept))
    rows = await run_sql(url, tmp_path, "SELECT seq FROM append_log")
    assert sorted(rows) == sorted(await run_sql(url, tmp_path, "SELECT seq FROM log_entries"))
    # Whatever was signed on the way is true of the log as it is now.
    signed = await run_sql(url, tmp_path, "SELECT size, note FROM log_checkpoints ORDER BY size")
    assert len(signed) > kills
    tree = Frontier()
    for size, note in signed:
        tree.extend([leaf_hash(leaf) for leaf in leaves[tree.size : size]])
        assert open_note(note, [NoteVerifier.parse(vkey())]) == Checkpoint(ORIGIN, size, tree.root()).text()
    await reader.close()
    await one.close()


async def test_another_process_goes_on_when_the_holder_of_the_lease_is_killed(
    url: str, tmp_path: Path
) -> None:
    log = open_log(url, tmp_path, ORIGIN, ROOT_KEY)
    one = sequencer(url, tmp_path)
    reader = open_reader(url, tmp_path)
    with processes(url, tmp_path, 1) as [holder]:
        await asyncio.to_thread(holder.wait, 5)
        async with asyncio.timeout(60):
            while not (await run_sql(url, tmp_path, "SELECT size FROM log_state"))[0][0]:
                await asyncio.sleep(0.02)
        one.start()
        await asyncio.sleep(0.5)
        assert one.records == 0
        await asyncio.to_thread(holder.kill)
    receipt = await log.append(some_record())
    # Ten seconds are promised for a receipt, with a process lost on the way.
    async with asyncio.timeout(10):
        while await reader.entry_of(bytes.fromhex(receipt.leaf_hash)) is None:
            await asyncio.sleep(0.05)
        while not one.records:  # it counts what it has committed
            await asyncio.sleep(0.05)
    await log.close()
    await one.close()
    await sees(reader)
    await reader.close()


async def test_server_that_crashes_is_met_again_by_the_sequencer(
    own_postgres: "object", tmp_path: Path
) -> None:
    url = str(own_postgres.get_uri())  # type: ignore[attr-defined]
    log = open_log(url, tmp_path, ORIGIN, ROOT_KEY)
    one = sequencer(url, tmp_path)
    for _ in range(100):
        await log.append(some_record())
    one.start()
    async with asyncio.timeout(120):
        while one.records < 100:
            await asyncio.sleep(0.02)
        connection = await asyncpg.connect(url)
        await connection.close()
        await asyncio.to_thread(crash, own_postgres)
        while not one.failures:
            one.wake()
            await asyncio.sleep(0.05)
        await asyncio.to_thread(own_postgres.ensure_postgres_running)  # type: ignore[attr-defined]
        await log.append(some_record())
        while one.records < 101:
            await asyncio.sleep(0.05)
    await one.close()
    await log.close()
    reader = open_reader(url, tmp_path)
    assert len((await sees(reader))[0]) == 101
    await reader.close()


def crash(server: "object") -> None:
    """End PostgreSQL as a crash does."""
    import os
    import signal

    pid = server.get_pid()  # type: ignore[attr-defined]
    os.kill(pid, signal.SIGQUIT)
    end = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.02)
