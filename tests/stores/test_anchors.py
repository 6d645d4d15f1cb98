"""Proofs of anchors are kept for ever, whoever owns the store, on SQLite and on PostgreSQL alike."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

from adapters.stores import sql
from adapters.stores.anchors import SqlAnchors
from adapters.stores.log import SqlExchangeLog
from gateway.domain.anchoring import Anchored
from gateway.domain.errors import LogUnavailable
from gateway.ports.anchors import AnchorRows, AnchorStore
from tests.stores.numbered import number, sequencer
from tests.stores.opened import open_anchors, open_reader
from tests.stores.sample import run_sql, some_record

REFUSED = (sqlite3.IntegrityError, asyncpg.InsufficientPrivilegeError)
FIRST = Anchored(7, "tsa", "national", "2026-11-25T03:04:05.678Z", b"\x30\x00")
LINE = Anchored(7, "witness", "w.example/1", "2026-11-25T03:04:06.000Z", "— w.example/1 AAAA\n".encode())
NEXT = Anchored(9, "tsa", "national", "2026-11-25T04:04:05.678Z", b"\x30\x01")


@pytest.fixture
async def store(url: str, tmp_path: Path) -> AsyncIterator[SqlAnchors]:
    opened = open_anchors(url, tmp_path)
    yield opened
    await opened.close()


async def test_rows_are_found_by_name_and_by_size_also_by_who_opens_the_store_later(
    store: SqlAnchors, url: str, tmp_path: Path
) -> None:
    keeps: AnchorStore = store
    asked: AnchorRows = store
    assert await asked.last("tsa", "national") is None
    assert await asked.of(7) == []
    for row in (FIRST, LINE, NEXT):
        await keeps.keep(row)
    assert await asked.last("tsa", "national") == NEXT
    assert await asked.last("tsa", "w.example/1") is None
    assert await asked.of(7) == [FIRST, LINE]
    assert NEXT.seconds - FIRST.seconds == 3600
    again = open_anchors(url, tmp_path)
    assert await again.last("witness", "w.example/1") == LINE
    await again.close()


async def test_row_cannot_be_changed_replaced_or_taken_away(
    store: SqlAnchors, url: str, tmp_path: Path
) -> None:
    await store.keep(FIRST)
    statements = ["UPDATE log_anchors SET time = 'never'", "DELETE FROM log_anchors"]
    if sql.is_postgres(url):
        statements.append("TRUNCATE log_anchors")
    else:
        statements.append("INSERT OR REPLACE INTO log_anchors VALUES (1, 7, 'tsa', 'national', '', x'00')")
    for statement in statements:
        with pytest.raises(REFUSED, match="append-only"):
            await run_sql(url, tmp_path, statement)
    assert await store.of(7) == [FIRST]


async def test_checkpoint_of_a_size_is_found(log: SqlExchangeLog, url: str, tmp_path: Path) -> None:
    one = sequencer(url, tmp_path)
    notes = []
    reader = open_reader(url, tmp_path)
    for _ in range(2):
        await log.append(some_record())
        await number(one)
        notes.append(await reader.checkpoint())
    assert [await reader.checkpoint(size) for size in (1, 2, 3)] == [*notes, ""]
    await reader.close()
    await one.close()


async def test_store_that_is_away_says_so(tmp_path: Path) -> None:
    for url in ("sqlite:///nowhere.db", "postgresql://nobody@127.0.0.1:9/nothing"):
        away = open_anchors(url, tmp_path)
        with pytest.raises(LogUnavailable):
            await away.keep(FIRST)
        with pytest.raises(LogUnavailable):
            await away.last("tsa", "national")
        await away.close()
