"""Rows that wait for their numbers in memory: what was written is numbered, whatever the database says meanwhile."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.stores import log as logs
from adapters.stores import sql
from adapters.stores.log import SqlExchangeLog
from adapters.stores.opening import open_log
from adapters.stores.sequence_batch import LogStateRow, Numbering, OwnRows
from adapters.stores.sequencer import SqlSequencer
from adapters.stores.sifting import AppendedRow, QuarantineReason, Sifting
from adapters.stores.signing import open_signers
from gateway.domain import sentences as say
from gateway.domain.errors import LogUnavailable
from gateway.domain.exchange import CallEntry, ExchangeRecord, Phase
from gateway.exchange_log.keys import unwrap, wrap_new
from gateway.exchange_log.merkle import leaf_hash
from gateway.exchange_log.record import leaf_of
from tests.stores.numbered import SEED, number, sees, sequencer
from tests.stores.opened import open_inspection, open_reader
from tests.stores.sample import ORIGIN, ROOT_KEY, put_leaf, run_sql, some_record

KEYS = unwrap(ROOT_KEY, "2026-11", wrap_new(ROOT_KEY, "2026-11"))
ID = "01KAXW3Y7N5V0M2Q8R4T6ZBCDE"
EMPTY = LogStateRow(0, 0, 0, "", "", "", "", 0.0)
TEXT = st.sampled_from(["", "portal", "Độc lập", "x" * 256, "y" * 257, "a\x00b", "\x00" * 300]) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=9
)
CALLS = st.lists(
    st.builds(
        CallEntry,
        call=st.just("c"),
        source=TEXT,
        operation=st.just("o"),
        role=st.just("requester"),
        attributes=st.just(()),
        outcome=TEXT,
        elapsed_ms=st.just(12),
    ),
    max_size=3,
).map(tuple)
RECORDS = st.builds(
    some_record,
    exchange=TEXT,
    phase=st.sampled_from(Phase),
    time=st.just("2026-11-25T03:04:05.678Z") | st.just("2026-11-25" + "T" * 300),
    requester=TEXT,
    agency=TEXT,
    procedure=TEXT,
    dossier=TEXT,
    purpose=TEXT,
    result=TEXT,
    official=TEXT,
    subjects=st.dictionaries(st.sampled_from("abc"), TEXT),
    calls=CALLS,
)


@pytest.fixture
async def one(log: SqlExchangeLog, url: str, tmp_path: Path) -> AsyncIterator[SqlSequencer]:
    """A sequencer that the log of the same process tells what it writes."""
    log.sequencer = opened = sequencer(url, tmp_path, limit=50)
    yield opened
    await opened.close()


async def operate(url: str, folder: Path, *statements: str) -> None:
    """As an owner whom no trigger stops."""
    if sql.is_postgres(url):
        connection = await asyncpg.connect(sql.postgres_dsn(url))
        await connection.execute("; ".join(("SET session_replication_role = replica", *statements)))
        await connection.close()
        return
    for name in ("append_log_update", "append_log_delete"):
        await run_sql(url, folder, f"DROP TRIGGER IF EXISTS {name}")
    for statement in statements:
        await run_sql(url, folder, statement)


async def append(log: SqlExchangeLog, count: int) -> list[bytes]:
    """Leaf hashes of so many records, in their order."""
    return [bytes.fromhex((await log.append(some_record())).leaf_hash) for _ in range(count)]


async def numbered_hashes(url: str, folder: Path) -> list[bytes]:
    """The hashes in the tree, from its last tile."""
    [(hashes,)] = await run_sql(url, folder, "SELECT hashes FROM log_edge WHERE level = 0")
    return [hashes[start : start + 32] for start in range(0, len(hashes), 32)]


async def told(url: str, folder: Path) -> set[tuple[int, str]]:
    """The records that the inspection of the stored log names, and what it says of them."""
    opened = open_inspection(url, folder)
    [(size,)] = await run_sql(url, folder, "SELECT size FROM log_state")
    found = {(one.index, one.what) for one in await opened.altered(0, size)}
    await opened.close()
    return found


@given(RECORDS)
def test_what_is_remembered_is_what_reading_the_leaf_gives(record: ExchangeRecord) -> None:
    leaf, official, subjects = leaf_of(record, KEYS, ID)
    own = OwnRows()
    own.add(ID, leaf_hash(leaf), record, official, subjects)
    row = own.take(ID.encode())
    assert row is not None
    numbering = Numbering(ORIGIN, *open_signers(Path(), ORIGIN, [SEED])[:2])
    remembered = numbering.batch(EMPTY, {}, [(8, row)])
    sifting = Sifting([AppendedRow(8, leaf, None)])
    if len(record.time) > 100:
        assert [one.reason for one in sifting.refused] == [QuarantineReason.UNREADABLE]
        # Found by when it was numbered only.
        assert not remembered.rows["log_subjects"] + remembered.rows["log_sources"]
        assert remembered.rows["log_entries"][0][5:] == (*[None] * 9,)
        return
    read = numbering.batch(EMPTY, {}, sifting.merged({8: None}))
    for name, rows in read.rows.items():
        assert sorted(remembered.rows[name]) == sorted(rows)
    assert remembered._replace(rows={}, created="") == read._replace(rows={}, created="")
    values = [value for rows in remembered.rows.values() for one in rows for value in one]
    assert all(type(value) in {str, bytes, int, type(None)} for value in values)


async def test_numbered_from_memory_or_from_the_database_the_log_is_the_same(
    log: SqlExchangeLog, one: SqlSequencer, url: str, tmp_path: Path
) -> None:
    own = await append(log, 5)
    log.sequencer = None
    others = await append(log, 5)
    log.sequencer = one
    own += await append(log, 5)
    assert await number(one) == 15
    assert await numbered_hashes(url, tmp_path) == [*own[:5], *others, *own[5:]]
    assert await told(url, tmp_path) == set()
    reader = open_reader(url, tmp_path)
    await sees(reader)
    await reader.close()


@pytest.mark.parametrize("column", ["leaf", "id"])
async def test_row_altered_before_its_numbering_is_located(
    log: SqlExchangeLog, one: SqlSequencer, url: str, tmp_path: Path, column: str
) -> None:
    written = await append(log, 4)
    first = "(SELECT min(seq) FROM append_log)"
    changed = {
        "leaf": f"leaf = (SELECT leaf FROM append_log WHERE seq = {first})",  # noqa: S608 -- ours
        "id": "id = 'another'",
    }
    await operate(url, tmp_path, f"UPDATE append_log SET {changed[column]} WHERE seq = {first} + 2")  # noqa: S608 -- ours
    assert await number(one) == 4
    assert await numbered_hashes(url, tmp_path) == written
    found = await told(url, tmp_path)
    if column == "leaf":
        assert {index for index, _ in found} == {2}
        assert any("its hash in the tile differ" in what for _, what in found)
    else:
        # The record itself is as it was, and was read back.
        assert found == set()


async def test_row_of_ours_that_was_read_back_is_taken_once(
    log: SqlExchangeLog, one: SqlSequencer, url: str, tmp_path: Path
) -> None:
    written = await append(log, 1)
    [(record_id,)] = await run_sql(url, tmp_path, "SELECT id FROM append_log")
    await operate(url, tmp_path, "UPDATE append_log SET id = 'another'")
    assert await number(one) == 1
    again = f"INSERT INTO append_log (id, leaf, tag) SELECT '{record_id}', leaf, tag FROM append_log"  # noqa: S608 -- ours
    await run_sql(url, tmp_path, again)
    await number(one)
    assert await numbered_hashes(url, tmp_path) == written
    assert one._store.refused == {"twice": 1}


async def test_rows_inserted_by_hand_get_no_place(
    log: SqlExchangeLog, one: SqlSequencer, url: str, tmp_path: Path
) -> None:
    written = await append(log, 2)
    await put_leaf(url, tmp_path, b"garbage")
    twice = "INSERT INTO append_log (id, leaf) SELECT id, leaf FROM append_log ORDER BY seq LIMIT 1"
    held = "convert_to('forged', 'UTF8')" if sql.is_postgres(url) else "CAST('forged' AS BLOB)"
    forged = f"INSERT INTO append_log (id, leaf) SELECT id, {held} FROM append_log ORDER BY seq LIMIT 1"  # noqa: S608 -- ours
    await run_sql(url, tmp_path, twice)
    await run_sql(url, tmp_path, forged)
    written += await append(log, 1)
    assert await number(one) == 6
    assert await numbered_hashes(url, tmp_path) == written
    refused = await run_sql(url, tmp_path, "SELECT hash, reason FROM log_quarantine ORDER BY seq")
    assert [(bytes(digest), reason) for digest, reason in refused] == [
        (leaf_hash(b"garbage"), "unreadable"),
        (written[0], "untagged"),
        (leaf_hash(b"forged"), "unreadable"),
    ]
    assert await told(url, tmp_path) == set()


async def test_batch_that_fails_forgets_nothing(
    log: SqlExchangeLog, one: SqlSequencer, url: str, tmp_path: Path
) -> None:
    written = await append(log, 3)
    if sql.is_postgres(url):
        call = "EXECUTE FUNCTION motlan_refuse()"
        await run_sql(url, tmp_path, f"CREATE TRIGGER broken BEFORE INSERT ON log_edge FOR EACH ROW {call}")
    else:
        body = "BEGIN SELECT RAISE(ABORT, 'broken'); END"
        await run_sql(url, tmp_path, f"CREATE TRIGGER broken BEFORE INSERT ON log_edge {body}")
    for _ in range(2):
        with pytest.raises(LogUnavailable):
            await one._store.number()
    await run_sql(url, tmp_path, "DROP TRIGGER broken" + " ON log_edge" * sql.is_postgres(url))
    nothing = "''::bytea" if sql.is_postgres(url) else "x''"
    last = "seq = (SELECT max(seq) FROM append_log)"
    await operate(url, tmp_path, f"UPDATE append_log SET leaf = {nothing} WHERE {last}")  # noqa: S608 -- ours
    assert await number(one) == 3
    assert await numbered_hashes(url, tmp_path) == written
    assert {index for index, _ in await told(url, tmp_path)} == {2}


async def test_process_that_does_not_number_remembers_nothing(
    log: SqlExchangeLog, one: SqlSequencer, url: str, tmp_path: Path
) -> None:
    other = sequencer(url, tmp_path)
    written = await append(log, 3)
    assert await number(other) == 3
    assert await number(one) == 0
    assert not one.own._rows
    written += await append(log, 3)
    assert await number(one) == 0
    assert not one.own._rows
    assert await number(other) == 3
    # The lease comes back, and with it rows that were written before.
    written += await append(log, 2)
    await other.close()
    assert await number(one) == 2
    assert await number(one) == 0
    assert not one.own._rows
    assert not one.own._taken
    assert await numbered_hashes(url, tmp_path) == written


async def test_row_that_was_never_written_is_forgotten(
    log: SqlExchangeLog, one: SqlSequencer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await append(log, 1)
    for module in ("log_sqlite", "log_postgres"):
        monkeypatch.setattr(f"adapters.stores.{module}.QUEUE_LIMIT", 0)
    with pytest.raises(LogUnavailable):
        await log.append(some_record())
    assert len(one.own._rows) == 2
    assert await number(one) == 1
    await one._store.number()
    assert not one.own._rows


def test_too_many_that_wait_are_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.stores.sequence_batch._OWN_LIMIT", 3)
    own = OwnRows()
    for place in range(4):
        own.add(f"row {place}", b"", some_record(), "", {})
    assert own.take(b"row 0") is None
    assert own.take(b"row 3") is not None
    assert own.take(b"row 3") is None
    own.keep_taken()
    assert own.take(b"row 3") is not None


# ------------------------------------------------------------------------------------------ rows that wait


async def test_row_that_waits_too_long_is_given_up_in_its_time(
    log: SqlExchangeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.append(some_record())
    monkeypatch.setattr(logs, "_WAIT_SECONDS", 2)
    if log._timer is not None:
        log._timer.cancel()
        log._timer = None
    swallowed = []
    with monkeypatch.context() as patch:
        patch.setattr(type(log.store), "submit", lambda _store, row: swallowed.append(row))
        loop = asyncio.get_running_loop()
        began = loop.time()

        async def wait() -> tuple[float, LogUnavailable]:
            with pytest.raises(LogUnavailable, match="in time") as failed:
                await log.append(some_record())
            return loop.time() - began, failed.value

        first = asyncio.ensure_future(wait())
        await asyncio.sleep(0.2)
        second = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        timer = log._timer
        third = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        assert log._timer is timer
        swallowed[2].done.set_exception(LogUnavailable(say.STORE_LATE))
        failed = (await third)[1]
        assert not failed.unsure
        assert not first.done()
        async with asyncio.timeout(60):  # nobody else ends them
            found = await asyncio.gather(first, second)
    assert [error.unsure for _, error in found] == [True, True]
    assert min(seconds for seconds, _ in found) > 1.99
    assert not log._waiting
    assert len(swallowed) == 3
    assert re.fullmatch(r"[0-9a-f]{64}", (await log.append(some_record())).leaf_hash)


async def test_log_that_is_closed_leaves_no_timer(url: str, tmp_path: Path) -> None:
    log = open_log(url, tmp_path, ORIGIN, ROOT_KEY)
    await log.append(some_record())
    timer = log._timer
    await log.close()
    assert timer is not None
    assert timer.cancelled()


async def test_log_that_is_closed_answers_no_reading(url: str, tmp_path: Path) -> None:
    log = open_log(url, tmp_path, ORIGIN, ROOT_KEY)
    await log.append(some_record())
    await log.close()
    for reading in (log.recent(1), log.store.wrapped("2026-11"), log.store.probe()):
        with pytest.raises(LogUnavailable, match=say.LOG_CLOSED.en):
            await reading
