"""Rows that somebody puts into `append_log`: none gets a place, and what the gateway writes goes on (T27)."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.stores import sql
from adapters.stores.log import SqlExchangeLog
from adapters.stores.sequencer import SqlSequencer, open_sequencer
from adapters.stores.sifting import UPGRADE_SECONDS
from gateway.domain.errors import LogUnavailable
from gateway.domain.identifiers import new_exchange_id
from gateway.exchange_log.keys import unwrap, wrap_new
from gateway.exchange_log.merkle import leaf_hash
from gateway.exchange_log.record import leaf_of
from gateway.exchange_log.tag import tag_of
from gateway.ports.exchange_log import LogSearch
from tests.stores.numbered import SEED, number, sequencer
from tests.stores.opened import open_keeping, open_quarantine, open_reader
from tests.stores.sample import ORIGIN, ROOT_KEY, put_leaf, run_sql, some_record
from tests.stores.test_own_rows import numbered_hashes, operate

ID = "01KAXW3Y7N5V0M2Q8R4T6ZBCDE"
COPY = "INSERT INTO append_log (id, leaf, tag) SELECT id, leaf, tag FROM append_log ORDER BY seq LIMIT 1"


@pytest.fixture
async def other(log: SqlExchangeLog, url: str, tmp_path: Path) -> AsyncIterator[SqlSequencer]:
    """Of another process: it reads back whatever was written."""
    await log.ready()
    opened = sequencer(url, tmp_path, limit=50)
    yield opened
    await opened.close()


async def append(log: SqlExchangeLog, count: int, **changes: object) -> list[bytes]:
    return [bytes.fromhex((await log.append(some_record(**changes))).leaf_hash) for _ in range(count)]


async def reasons(url: str, folder: Path) -> list[str]:
    rows = await run_sql(url, folder, "SELECT reason FROM log_quarantine ORDER BY seq")
    return [row[0] for row in rows]


def quoted(url: str, value: bytes) -> str:
    return f"'\\x{value.hex()}'::bytea" if sql.is_postgres(url) else f"x'{value.hex()}'"


async def put(url: str, folder: Path, leaf: bytes, tag: bytes | None) -> None:
    held = "NULL" if tag is None else quoted(url, tag)
    statement = f"INSERT INTO append_log (id, leaf, tag) VALUES ('{ID}', {quoted(url, leaf)}, {held})"  # noqa: S608 -- ours
    await run_sql(url, folder, statement)


async def test_records_of_another_process_get_their_places(
    log: SqlExchangeLog, other: SqlSequencer, url: str, tmp_path: Path
) -> None:
    written = await append(log, 4)
    assert await number(other) == 4
    assert await numbered_hashes(url, tmp_path) == written
    assert not await reasons(url, tmp_path)


async def test_copy_of_a_row_gets_no_second_place(
    log: SqlExchangeLog, other: SqlSequencer, url: str, tmp_path: Path
) -> None:
    written = await append(log, 2)
    await run_sql(url, tmp_path, COPY)
    await number(other)
    await run_sql(url, tmp_path, COPY)
    written += await append(log, 1)
    await number(other)
    assert await numbered_hashes(url, tmp_path) == written
    assert await reasons(url, tmp_path) == ["twice", "twice"]


async def test_copy_of_a_row_that_was_pruned_gets_no_place(
    log: SqlExchangeLog, other: SqlSequencer, url: str, tmp_path: Path
) -> None:
    await append(log, 3)
    [(leaf, tag)] = await run_sql(url, tmp_path, "SELECT leaf, tag FROM append_log ORDER BY seq LIMIT 1")
    await number(other)
    [(digest,)] = await run_sql(url, tmp_path, "SELECT hash FROM log_entries WHERE idx = 0")
    await operate(
        url,
        tmp_path,
        "INSERT INTO log_pruned VALUES (1, 1, '2026-11-25T00:00:00.000Z')",
        f"INSERT INTO log_pruned_hashes VALUES (0, {digest}, 0)",  # noqa: S608 -- ours
        "DELETE FROM append_log WHERE seq = (SELECT min(seq) FROM append_log)",
        "DELETE FROM log_entries WHERE idx = 0",
    )
    await put(url, tmp_path, bytes(leaf), bytes(tag))
    await number(other)
    assert await reasons(url, tmp_path) == ["twice"]


async def test_rows_without_the_keys_of_the_log_get_no_place_and_the_rest_goes_on(
    log: SqlExchangeLog, other: SqlSequencer, url: str, tmp_path: Path
) -> None:
    written = await append(log, 2)
    [(tag,)] = await run_sql(url, tmp_path, "SELECT tag FROM append_log ORDER BY seq LIMIT 1")
    for month in ("2026-11", "2031-07"):
        keys = unwrap(bytes(32), month, wrap_new(bytes(32), month))
        leaf = leaf_of(some_record(time=f"{month}-25T03:04:05.678Z"), keys, ID)[0]
        await put(url, tmp_path, leaf, tag_of(keys, ID.encode(), leaf_hash(leaf)))
        await put(url, tmp_path, leaf, bytes(tag))
        await put(url, tmp_path, leaf, None)
    await put(url, tmp_path, b"garbage", bytes(tag))
    await put(url, tmp_path, b"", b"")
    written += await append(log, 1)
    await number(other)
    assert await numbered_hashes(url, tmp_path) == written
    assert await reasons(url, tmp_path) == [
        "forged", "forged", "untagged", "keyless", "keyless", "untagged", "unreadable", "unreadable",
    ]  # fmt: skip
    assert other._store.refused.total() == 8


async def test_flood_of_invented_rows_is_passed_and_told(
    log: SqlExchangeLog, other: SqlSequencer, url: str, tmp_path: Path
) -> None:
    for place in range(120):
        await put_leaf(url, tmp_path, b"invented %d" % place)
    written = await append(log, 1)
    for _ in range(10):
        await other._try()
    assert await numbered_hashes(url, tmp_path) == written
    assert (other.records, other.failures) == (1, 0)
    keeping = open_keeping(url, tmp_path)
    numbering = await keeping.numbering()
    assert (numbering.quarantined, numbering.waiting) == (120, 0)
    shelf = open_quarantine(url, tmp_path)
    rows = await shelf.unseen()
    assert [row.leaf_hash for row in rows][:1] == [leaf_hash(b"invented 0").hex()]
    await shelf.mark_seen(rows, "2026-11-27T00:00:00Z")
    assert (await keeping.numbering()).quarantined == 0
    for opened in (keeping, shelf):
        await opened.close()


async def test_process_with_another_root_key_numbers_nothing_and_refuses_nothing(
    log: SqlExchangeLog, other: SqlSequencer, url: str, tmp_path: Path
) -> None:
    month = time.strftime("%Y-%m", time.gmtime())
    written = await append(log, 2, time=f"{month}-01T03:04:05.678Z")
    stranger = open_sequencer(url, tmp_path, ORIGIN, (SEED,), root_key=bytes(32))
    with pytest.raises(LogUnavailable, match="root key does not open"):
        await stranger._store.number()
    await stranger.close()
    await number(other)
    assert await numbered_hashes(url, tmp_path) == written
    assert not await reasons(url, tmp_path)


async def test_records_that_wait_are_known_to_every_process_and_inventions_to_none(
    log: SqlExchangeLog, other: SqlSequencer, url: str, tmp_path: Path
) -> None:
    one, two = new_exchange_id(), new_exchange_id()
    written = await append(log, 1, exchange=one)
    await append(log, 1, exchange=two)
    written += await append(log, 1, exchange=one)
    keys = unwrap(bytes(32), "2026-11", wrap_new(bytes(32), "2026-11"))
    for tag in (None, bytes(16)):
        await put(url, tmp_path, leaf_of(some_record(exchange=one), keys, ID)[0], tag)
    reader = open_reader(url, tmp_path, ROOT_KEY)
    assert [leaf_hash(leaf) for leaf in await reader.waiting(one)] == written[::-1]
    assert len(await reader.waiting(two)) == 1
    assert not await reader.waiting(new_exchange_id())
    await number(other)
    assert not await reader.waiting(one)
    assert len(await reader.search(LogSearch(exchange=one), None, 9)) == 2
    await reader.close()


# ---------------------------------------------------------------------------------- the release before


async def of_the_release_before(url: str, folder: Path, count: int) -> None:
    """Records as that release writes them: without a tag."""
    keys = unwrap(ROOT_KEY, "2026-11", wrap_new(ROOT_KEY, "2026-11"))
    for place in range(count):
        record_id = f"{ID[:-2]}{place + 10}"
        await put(url, folder, leaf_of(some_record(), keys, record_id)[0], None)


async def upgraded(url: str, folder: Path) -> None:
    """The schema as the migration leaves it in a log that had rows."""
    await operate(url, folder, "UPDATE log_untagged SET upto = (SELECT max(seq) FROM append_log)")


async def untagged_triggers_gone(url: str, folder: Path) -> None:
    if not sql.is_postgres(url):
        await run_sql(url, folder, "DROP TRIGGER log_untagged_update")


async def test_rows_of_the_release_before_are_numbered_for_a_day_and_no_longer(
    log: SqlExchangeLog, url: str, tmp_path: Path
) -> None:
    await log.ready()
    await untagged_triggers_gone(url, tmp_path)
    await of_the_release_before(url, tmp_path, 2)
    await upgraded(url, tmp_path)
    one = sequencer(url, tmp_path)
    assert await number(one) == 2
    await of_the_release_before(url, tmp_path, 3)
    assert await number(one) == 3
    assert not await reasons(url, tmp_path)
    [(until, seal)] = await run_sql(url, tmp_path, "SELECT until, seal FROM log_untagged")
    assert abs(until - time.time() - UPGRADE_SECONDS) < 60
    assert seal
    await append(log, 1)
    await number(one)
    # Whoever moves the end of that day has no seal for it.
    for change in (f"until = {until + 9e5}", "until = 0", f"until = {until}, upto = 99", "seal = NULL"):
        await operate(url, tmp_path, f"UPDATE log_untagged SET {change}")  # noqa: S608 -- ours
        again = sequencer(url, tmp_path)
        await run_sql(url, tmp_path, "UPDATE log_state SET lease_until = 1")
        await of_the_release_before(url, tmp_path, 1)
        await number(again)
        await again.close()
    assert await reasons(url, tmp_path) == ["untagged"] * 4
    await one.close()


async def test_row_of_the_release_before_is_taken_once_too(
    log: SqlExchangeLog, url: str, tmp_path: Path
) -> None:
    await log.ready()
    await untagged_triggers_gone(url, tmp_path)
    await of_the_release_before(url, tmp_path, 1)
    await upgraded(url, tmp_path)
    one = sequencer(url, tmp_path)
    await number(one)
    await run_sql(url, tmp_path, COPY)
    await put_leaf(url, tmp_path, b"garbage")
    await number(one)
    assert await reasons(url, tmp_path) == ["twice", "unreadable"]
    await one.close()


async def test_new_log_takes_no_row_without_a_tag(
    log: SqlExchangeLog, other: SqlSequencer, url: str, tmp_path: Path
) -> None:
    await asyncio.gather(*(log.append(some_record()) for _ in range(3)))
    await of_the_release_before(url, tmp_path, 1)
    await number(other)
    assert await reasons(url, tmp_path) == ["untagged"]
