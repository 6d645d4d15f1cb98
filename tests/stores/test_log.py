"""The exchange log's contract, on SQLite and a real PostgreSQL: durable when acknowledged, only appended to."""

import asyncio
import base64
import os
import sqlite3
import stat
import time
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

from adapters.stores import batch
from adapters.stores.batch import PendingRecord
from adapters.stores.log import SqlExchangeLog
from adapters.stores.opening import open_log
from gateway.domain.errors import LogUnavailable
from gateway.domain.exchange import Phase
from gateway.exchange_log.merkle import leaf_hash
from tests.stores.sample import CITIZEN, NAME, OFFICIAL, ORIGIN, ROOT_KEY, run_sql, some_record


async def test_acknowledged_record_can_be_read_back_with_its_receipt(
    log: SqlExchangeLog, url: str, tmp_path: Path
) -> None:
    record = some_record()
    receipt = await log.append(record)
    [members] = await log.recent(10)
    assert members["exchange"] == record.exchange
    [(record_id, leaf)] = await run_sql(url, tmp_path, "SELECT id, leaf FROM append_log")
    assert record_id == members["id"] != record.exchange
    assert (receipt.leaf_hash, receipt.log) == (leaf_hash(leaf).hex(), ORIGIN)


async def test_newest_records_come_first(log: SqlExchangeLog) -> None:
    for number in range(5):
        await log.append(some_record(notes={"n": number}))
    assert [members["notes"] for members in await log.recent(3)] == [{"n": 4}, {"n": 3}, {"n": 2}]


async def test_concurrent_records_share_transactions(log: SqlExchangeLog) -> None:
    await log.append(some_record())
    before = log.store.commits
    await asyncio.gather(*(log.append(some_record()) for _ in range(200)))
    assert log.store.commits - before <= 50
    assert len(await log.recent(1_000)) == 201


async def test_values_and_people_are_nowhere_in_the_store(
    log: SqlExchangeLog, url: str, tmp_path: Path
) -> None:
    await asyncio.gather(*(log.append(some_record(phase=phase)) for phase in Phase))
    leaves = b"".join(row[0] for row in await run_sql(url, tmp_path, "SELECT leaf FROM append_log"))
    files = await asyncio.to_thread(lambda: [path.read_bytes() for path in tmp_path.glob("exchange.db*")])
    for canary in (OFFICIAL, CITIZEN, NAME, "Canh", base64.b64encode(OFFICIAL.encode()).decode()[:-4]):
        assert all(canary.encode() not in text for text in (leaves, *files))


@pytest.mark.parametrize("statement", ["UPDATE append_log SET id = 'x'", "DELETE FROM append_log"])
async def test_changing_a_record_is_refused(
    log: SqlExchangeLog, url: str, tmp_path: Path, statement: str
) -> None:
    await log.append(some_record())
    with pytest.raises((sqlite3.IntegrityError, asyncpg.InsufficientPrivilegeError), match="append-only"):
        await run_sql(url, tmp_path, statement)
    assert len(await log.recent(10)) == 1


async def test_period_keys_cannot_be_changed(log: SqlExchangeLog, url: str, tmp_path: Path) -> None:
    await log.append(some_record())
    with pytest.raises((sqlite3.IntegrityError, asyncpg.InsufficientPrivilegeError)):
        await run_sql(url, tmp_path, "UPDATE period_keys SET period = '2026-10'")


async def test_replacing_a_record_is_refused_on_sqlite(sqlite_log: SqlExchangeLog, tmp_path: Path) -> None:
    await sqlite_log.append(some_record())
    for statement in (
        "INSERT OR REPLACE INTO append_log (seq, id, leaf) VALUES (1, 'x', x'00')",
        "INSERT OR REPLACE INTO period_keys SELECT period, x'00' FROM period_keys",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            await run_sql("sqlite:///exchange.db", tmp_path, statement)


async def test_truncating_is_refused_on_postgres(postgres_url: str, tmp_path: Path) -> None:
    log = open_log(postgres_url, tmp_path, ORIGIN, ROOT_KEY)
    await log.append(some_record())
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await run_sql(postgres_url, tmp_path, "TRUNCATE append_log")
    await log.close()


async def test_records_of_two_months_have_keys_of_their_own(
    log: SqlExchangeLog, url: str, tmp_path: Path
) -> None:
    await log.append(some_record())
    await log.append(some_record(time="2026-12-01T00:00:00.000Z"))
    december, november = await log.recent(2)
    assert december["period"] == "2026-12"
    assert december["subjects"] != november["subjects"]
    assert len(await run_sql(url, tmp_path, "SELECT period FROM period_keys")) == 2


async def test_log_opened_again_continues_with_the_same_keys(url: str, tmp_path: Path) -> None:
    for _ in range(2):
        log = open_log(url, tmp_path, ORIGIN, None)
        await log.append(some_record())
        await log.close()
    log = open_log(url, tmp_path, ORIGIN, None)
    first, second = await log.recent(10)
    assert first["subjects"] == second["subjects"]
    await log.close()


async def test_wrong_root_key_is_told_and_nothing_is_written(url: str, tmp_path: Path) -> None:
    log = open_log(url, tmp_path, ORIGIN, ROOT_KEY)
    await log.append(some_record())
    assert await log.ready()
    await log.close()
    other = open_log(url, tmp_path, ORIGIN, bytes(32))
    with pytest.raises(LogUnavailable, match="root key"):
        await other.append(some_record())
    assert not await other.ready()
    assert len(await other.recent(10)) == 1
    await other.close()


async def test_two_logs_on_one_store_lose_nothing(url: str, tmp_path: Path) -> None:
    logs = [open_log(url, tmp_path, ORIGIN, ROOT_KEY) for _ in range(3)]
    await asyncio.gather(*(log.append(some_record()) for log in logs for _ in range(50)))
    assert len(await logs[0].recent(1_000)) == 150
    assert len(await run_sql(url, tmp_path, "SELECT period FROM period_keys")) == 1
    for log in logs:
        await log.close()


async def test_closing_writes_what_is_queued_and_then_takes_nothing(url: str, tmp_path: Path) -> None:
    log = open_log(url, tmp_path, ORIGIN, ROOT_KEY)
    await log.append(some_record())
    writers = [asyncio.ensure_future(log.append(some_record())) for _ in range(20)]
    await asyncio.sleep(0)
    await log.close()
    await asyncio.gather(*writers)
    with pytest.raises(LogUnavailable):
        await log.append(some_record())
    assert len(await run_sql(url, tmp_path, "SELECT id FROM append_log")) == 21


async def test_caller_who_gave_up_disturbs_nobody(log: SqlExchangeLog) -> None:
    await log.append(some_record())
    writers = [asyncio.ensure_future(log.append(some_record())) for _ in range(20)]
    await asyncio.sleep(0)
    for writer in writers[::2]:
        writer.cancel()
    results = await asyncio.gather(*writers, return_exceptions=True)
    assert sum(isinstance(result, asyncio.CancelledError) for result in results) == 10
    assert (await log.append(some_record())).leaf_hash


async def test_full_queue_turns_newcomers_away(log: SqlExchangeLog, monkeypatch: pytest.MonkeyPatch) -> None:
    await log.append(some_record())
    for module in ("log_sqlite", "log_postgres"):
        monkeypatch.setattr(f"adapters.stores.{module}.QUEUE_LIMIT", 5)
    results = await asyncio.gather(*(log.append(some_record()) for _ in range(20)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, LogUnavailable)]
    assert len(refused) == 15
    await log.append(some_record())
    assert batch.QUEUE_LIMIT > 1_000


async def test_log_that_waits_holds_no_row_back(sqlite_log: SqlExchangeLog) -> None:
    await sqlite_log.append(some_record())
    times = []
    for _ in range(100):
        start = time.perf_counter()
        await sqlite_log.append(some_record())
        times.append(time.perf_counter() - start)
    # Far above what it takes (0.3 ms), far below any timer that a writer could wait for.
    assert sorted(times)[50] < 0.02


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
async def test_files_and_folder_are_for_nobody_else(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    log = open_log("sqlite:///exchange.db", folder, ORIGIN, ROOT_KEY)
    await log.append(some_record())
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.glob("exchange.db*")}
    assert modes == dict.fromkeys(("exchange.db", "exchange.db-wal", "exchange.db-shm"), 0o600)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    await log.close()


async def test_probes_at_the_same_time_are_one() -> None:
    class Counted:
        commits = 0
        probes = 0

        def submit(self, row: PendingRecord) -> None:
            raise NotImplementedError

        async def recent(self, count: int) -> list[bytes]:
            return [b""] * count

        async def probe(self) -> None:
            self.probes += 1
            await asyncio.sleep(0.01)

        async def wrapped(self, period: str) -> bytes | None:
            del period
            return None

        async def keep(self, period: str, wrapped: bytes) -> bytes:
            del period
            return wrapped

        async def close(self) -> None:
            return None

    store = Counted()
    log = SqlExchangeLog(store, ORIGIN, bytes(32), fresh_seconds=0.2)
    assert all(await asyncio.gather(*(log.ready() for _ in range(20))))
    assert (await log.ready(), store.probes) == (True, 1)
    await asyncio.sleep(0.25)
    assert (await log.ready(), store.probes) == (True, 2)
