"""What both databases promise to the rooms: reading changes nothing, writing is whole, and lanes do not meet."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest

from adapters.stores.database import LOG, Database, Many, ReadKind
from adapters.stores.sqlite import SqliteDatabase
from gateway.domain.errors import LogUnavailable, LogUnreadable
from tests.stores.opened import open_database

PUT = "INSERT INTO write_probe VALUES ($1)"
COUNT = "SELECT count(*) FROM write_probe"
#: takes longer than any test waits
ENDLESS = "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n) SELECT x FROM n WHERE x < 0"
SLEEPS = "SELECT pg_sleep(2)"
#: more than any lane has threads or connections
MANY = 6


@pytest.fixture
async def database(url: str, tmp_path: Path) -> AsyncIterator[Database]:
    opened = open_database(url, tmp_path, LOG)
    if isinstance(opened, SqliteDatabase):
        await opened.close()
        opened = SqliteDatabase(tmp_path / "exchange.db", LOG, read_seconds=2.0)
    yield opened
    await opened.close()


@pytest.mark.parametrize("way", ReadKind)
async def test_reading_changes_nothing(database: Database, way: ReadKind) -> None:
    with pytest.raises(LogUnreadable):
        await database.read(PUT, b"x", way=way)
    assert await database.read(COUNT, way=way) == [(0,)]


async def test_writing_is_whole_or_nothing(database: Database) -> None:
    await database.write((PUT, (b"first",)))
    with pytest.raises(LogUnavailable):
        await database.write((PUT, (b"x",)), Many(PUT, [(b"y",), (b"z",)]), ("SELECT 1 FROM nowhere", ()))
    assert await database.write(Many(PUT, [(b"a",), (b"b",)]), (COUNT, ())) == [(3,)]
    assert await database.read(COUNT) == [(3,)]


async def test_proof_waits_for_no_search_report_or_writer(database: Database) -> None:
    works: list[Awaitable[object]] = []
    for _ in range(MANY):
        if database.arrays:
            works += [database.read(SLEEPS, way=way) for way in (ReadKind.SEARCH, ReadKind.REPORT)]
            works.append(database.write((SLEEPS, ())))
        else:
            works.append(database.read(ENDLESS, way=ReadKind.SEARCH))
    async with asyncio.TaskGroup() as group:
        under_way = [group.create_task(_ended(work)) for work in works]
        await asyncio.sleep(0.3)
        async with asyncio.timeout(1.5):
            assert await database.read("SELECT 1", way=ReadKind.PROOF) == [(1,)]
            assert await database.read("SELECT 1", way=ReadKind.QUICK) == [(1,)]
        assert not any(one.done() for one in under_way)


async def _ended(work: Awaitable[object]) -> None:
    """By itself, or because its time is over."""
    with contextlib.suppress(LogUnavailable):
        await work
