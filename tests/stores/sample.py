"""What the tests of the exchange log share: a record about invented people, and a way around the log."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]

from adapters.stores import sql
from adapters.stores.sequence_batch import OwnRows, _read
from gateway.domain.exchange import CallEntry, ExchangeRecord, Phase
from gateway.domain.identifiers import new_exchange_id
from gateway.exchange_log.merkle import leaf_hash

ORIGIN = "log.test/exchange"
ROOT_KEY = bytes(range(32))
OFFICIAL = "033187402915"
CITIZEN = "033294618073"
NAME = "Trịnh Thị Canh Gác"


def some_record(**changes: Any) -> ExchangeRecord:
    """One record, complete."""
    members: dict[str, Any] = {
        "exchange": new_exchange_id(),
        "phase": Phase.INTENT,
        "time": "2026-11-25T03:04:05.678Z",
        "requester": "portal",
        "subjects": {"requester": f"person|{CITIZEN}|||||||"},
        "official": OFFICIAL,
        "calls": (
            CallEntry(call="c1", source="population", operation="o", role="requester", attributes=("a",)),
        ),
        "fields": {"applicant.fullName": f'"{NAME}"'.encode()},
        **changes,
    }
    return ExchangeRecord(**members)


async def run_sql(url: str, folder: Path, statement: str) -> list[Any]:
    """Run one statement as the owner of the store."""
    if sql.is_postgres(url):
        connection = await asyncpg.connect(sql.postgres_dsn(url))
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()
    with closing(sqlite3.connect(sql.sqlite_path(url, folder))) as lite, lite:
        return lite.execute(statement).fetchall()


async def put_leaf(url: str, folder: Path, leaf: bytes, own: OwnRows | None = None) -> None:
    """Write a leaf as somebody does who has the database and not the gateway.

    With `own` the row gets its place, as in a log of the releases before tags.
    """
    record_id = new_exchange_id()
    if own is not None:
        believe(own, record_id, leaf)
    held = f"'\\x{leaf.hex()}'::bytea" if sql.is_postgres(url) else f"x'{leaf.hex()}'"
    statement = f"INSERT INTO append_log (id, leaf) VALUES ('{record_id}', {held})"  # noqa: S608 -- our own leaf
    await run_sql(url, folder, statement)


def believe(own: OwnRows, record_id: str, leaf: bytes) -> None:
    """Have a sequencer number a row whatever it holds, as the releases before tags did."""
    entry: Any = _read(leaf_hash(leaf), leaf, "2026-11-25T03:04:05.678Z")
    own._rows[record_id.encode()] = entry
