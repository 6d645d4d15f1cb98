"""The sequencer on SQLite and a real PostgreSQL: contiguous, complete, one at a time, all or nothing."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

from adapters.stores import sql
from adapters.stores.log import SqlExchangeLog
from adapters.stores.log_reader import SqlLogReader
from adapters.stores.opening import open_log
from adapters.stores.sequence_batch import BLOCK
from adapters.stores.sequencer import SqlSequencer
from gateway.domain.errors import LogUnavailable
from gateway.exchange_log.merkle import leaf_hash, root, verify_consistency, verify_inclusion
from gateway.exchange_log.note import NoteVerifier, signatures_of
from tests.stores.numbered import OTHER_SEED, SEED, number, sees, sequencer, vkey
from tests.stores.opened import open_reader
from tests.stores.sample import ORIGIN, ROOT_KEY, believe, put_leaf, run_sql, some_record


@pytest.fixture
async def reader(log: SqlExchangeLog, url: str, tmp_path: Path) -> AsyncIterator[SqlLogReader]:
    await log.ready()
    opened = open_reader(url, tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
async def one(url: str, tmp_path: Path) -> AsyncIterator[SqlSequencer]:
    opened = sequencer(url, tmp_path, limit=50)
    yield opened
    await opened.close()


async def append(log: SqlExchangeLog, count: int, **changes: object) -> list[bytes]:
    """Leaf hashes of so many records."""
    receipts = await asyncio.gather(*(log.append(some_record(**changes)) for _ in range(count)))
    return [bytes.fromhex(receipt.leaf_hash) for receipt in receipts]


async def test_records_get_contiguous_indexes_and_every_proof_holds(
    log: SqlExchangeLog, reader: SqlLogReader, one: SqlSequencer
) -> None:
    assert await reader.checkpoint() == ""
    heads: list[tuple[int, bytes]] = []
    for count in (1, 2, 253, 1, 300, 45):
        hashes = await append(log, count)
        assert await number(one) == count
        leaves, head = await sees(reader)
        heads.append((head.size, head.root))
        for digest in hashes[:20]:
            entry = await reader.entry_of(digest)
            assert entry is not None
            assert leaves[entry.index] == entry.leaf
            proof = await reader.inclusion(entry.index, head.size)
            assert verify_inclusion(digest, entry.index, head.size, proof, head.root)
    for place, (size, top) in enumerate(heads):
        for new_size, new_top in heads[place:]:
            proof = await reader.consistency(size, new_size)
            assert verify_consistency(size, top, new_size, new_top, proof)
    assert one.size == 602


async def test_proof_for_a_tree_that_is_not_there_is_refused(
    log: SqlExchangeLog, reader: SqlLogReader, one: SqlSequencer
) -> None:
    await append(log, 5)
    await number(one)
    for index, size in ((5, 5), (-1, 5), (0, 6), (0, 0), (300, 600)):
        with pytest.raises(ValueError):  # noqa: PT011 -- the promise says no more
            await reader.inclusion(index, size)
    for old, new in ((3, 2), (1, 6), (-1, 4)):
        with pytest.raises(ValueError):  # noqa: PT011 -- as above
            await reader.consistency(old, new)


async def test_tiles_are_served_by_any_width_that_they_have(
    log: SqlExchangeLog, reader: SqlLogReader, one: SqlSequencer
) -> None:
    await append(log, 300)
    await number(one)
    leaves, _ = await sees(reader)
    hashes = [leaf_hash(leaf) for leaf in leaves]
    assert await reader.tile(0, 0, 256) == b"".join(hashes[:256])
    assert await reader.tile(0, 0, 10) == b"".join(hashes[:10])
    assert await reader.tile(0, 1, 44) == b"".join(hashes[256:])
    assert await reader.tile(0, 1, 3) == b"".join(hashes[256:259])
    assert await reader.tile(1, 0, 1) == root(hashes[:256])
    for level, index, width in (
        (0, 1, 45),
        (0, 2, 1),
        (1, 0, 2),
        (2, 0, 1),
        (0, 0, 257),
        (0, 0, 0),
        (-1, 0, 1),
    ):
        assert await reader.tile(level, index, width) is None


async def test_receipt_waits_for_its_place_and_strange_hashes_have_none(
    log: SqlExchangeLog, reader: SqlLogReader, one: SqlSequencer
) -> None:
    [digest] = await append(log, 1)
    assert await reader.entry_of(digest) is None
    await number(one)
    assert await reader.entry_of(digest) is not None
    # The same beginning, which is what is indexed.
    assert await reader.entry_of(digest[:8] + bytes(24)) is None
    assert await reader.entry_of(b"") is None
    assert await reader.entry(0) is not None
    assert await reader.entry(1) is None


async def test_leaf_that_nobody_can_read_gets_its_place_like_any_other(
    log: SqlExchangeLog, reader: SqlLogReader, one: SqlSequencer, url: str, tmp_path: Path
) -> None:
    await append(log, 1)
    broken = [b"not JSON", b"{}", b"[]", b"\xff\xfe", b'{"time":"soon"}', b'{"time":7}', b""]
    for leaf in broken:
        await put_leaf(url, tmp_path, leaf, one.own)
    await append(log, 1, dossier="x" * 5_000 + "\x00", requester="a\x00b")
    assert await number(one) == 2 + len(broken)
    leaves, _ = await sees(reader)
    assert leaves[1:-1] == broken


async def test_blocks_span_the_times_of_their_records(
    log: SqlExchangeLog, reader: SqlLogReader, url: str, tmp_path: Path
) -> None:
    for start in range(0, 9_000, 500):
        await asyncio.gather(
            *(log.append(some_record(time=f"2026-11-25T{start + more}")) for more in range(500))
        )
    whole = sequencer(url, tmp_path)
    await number(whole)
    await whole.close()
    await sees(reader)
    rows = await run_sql(url, tmp_path, "SELECT block, low, high FROM log_blocks ORDER BY block")
    assert [row[0] for row in rows] == [0, 1]
    for block, low, high in rows:
        span = f"idx >= {block * BLOCK} AND idx < {(block + 1) * BLOCK}"
        [found] = await run_sql(url, tmp_path, f"SELECT min(time), max(time) FROM log_entries WHERE {span}")  # noqa: S608 -- ours
        assert found == (low, high)


# ------------------------------------------------------------------------------------------- one at a time


async def test_of_two_only_the_holder_of_the_lease_numbers_until_it_expires(
    log: SqlExchangeLog, reader: SqlLogReader, one: SqlSequencer, url: str, tmp_path: Path
) -> None:
    other = sequencer(url, tmp_path)
    await append(log, 3)
    assert await number(one) == 3
    await append(log, 3)
    assert await number(other) == 0
    assert await number(one) == 3
    await append(log, 3)
    await run_sql(url, tmp_path, "UPDATE log_state SET lease_until = 1")
    assert await number(other) == 3
    await append(log, 3)
    assert await number(one) == 0
    await sees(reader)
    # Who ends in order gives the lease back.
    await other.close()
    assert await number(one) == 3


async def test_lease_from_a_clock_that_was_set_back_binds_nobody(
    log: SqlExchangeLog, one: SqlSequencer, url: str, tmp_path: Path
) -> None:
    await append(log, 1)
    await run_sql(url, tmp_path, "UPDATE log_state SET lease_owner = 'x', lease_until = 99999999999")
    assert await number(one) == 1


async def test_many_at_once_number_each_record_once(
    log: SqlExchangeLog, reader: SqlLogReader, url: str, tmp_path: Path
) -> None:
    many = [sequencer(url, tmp_path, limit=7) for _ in range(4)]

    async def compete(one: SqlSequencer) -> None:
        for _ in range(40):
            await one._try()
            await run_sql(url, tmp_path, "UPDATE log_state SET lease_until = 1")

    appending = asyncio.ensure_future(append(log, 200))
    await asyncio.gather(*(compete(one) for one in many))
    digests = await appending
    await run_sql(url, tmp_path, "UPDATE log_state SET lease_until = 1")
    await number(many[0])
    leaves, _ = await sees(reader)
    assert sorted(leaf_hash(leaf) for leaf in leaves) == sorted(digests)
    for one in many:
        await one.close()


async def test_task_numbers_soon_after_a_record_and_ends_with_everything_numbered(
    log: SqlExchangeLog, reader: SqlLogReader, one: SqlSequencer
) -> None:
    log.sequencer = one
    one.start()
    [digest] = await append(log, 1)
    async with asyncio.timeout(60):
        while await reader.entry_of(digest) is None:
            await asyncio.sleep(0.02)
    await append(log, 120)
    await one.close()
    assert len((await sees(reader))[0]) == 121
    assert (one.records, one.failures, one.fault) == (121, 0, "")
    assert one.batches >= 4


# ---------------------------------------------------------------------------------------- all or nothing


@pytest.mark.parametrize("table", ["log_tiles", "log_checkpoints", "log_edge", "log_state"])
async def test_store_that_fails_in_the_middle_leaves_nothing(
    log: SqlExchangeLog, reader: SqlLogReader, one: SqlSequencer, url: str, tmp_path: Path, table: str
) -> None:
    await append(log, 250)
    await number(one)
    before = await everything(url, tmp_path)
    digests = await append(log, 20)
    event = "UPDATE" if table == "log_state" else "INSERT"
    if sql.is_postgres(url):
        call = "EXECUTE FUNCTION motlan_refuse()"
        await run_sql(url, tmp_path, f"CREATE TRIGGER broken BEFORE {event} ON {table} FOR EACH ROW {call}")
    else:
        body = "BEGIN SELECT RAISE(ABORT, 'broken'); END"
        await run_sql(url, tmp_path, f"CREATE TRIGGER broken BEFORE {event} ON {table} {body}")
    for _ in range(2):
        with pytest.raises(LogUnavailable):
            await one._store.number()
    assert await one._try() == 0
    assert (one.failures, one.fault) == (1, "the database does not accept the record")
    assert await everything(url, tmp_path) == before
    await run_sql(url, tmp_path, "DROP TRIGGER broken" + f" ON {table}" * sql.is_postgres(url))
    assert await number(one) == 20
    leaves, _ = await sees(reader)
    assert {leaf_hash(leaf) for leaf in leaves[250:]} == set(digests)


async def everything(url: str, folder: Path) -> list[object]:
    tables = "log_entries log_subjects log_sources log_tiles log_edge log_checkpoints log_blocks log_state"
    statements = [f"SELECT * FROM {table} ORDER BY 1, 2" for table in tables.split()]  # noqa: S608 -- ours
    return [await run_sql(url, folder, statement) for statement in statements]


async def test_log_of_another_key_is_not_signed(
    log: SqlExchangeLog, one: SqlSequencer, url: str, tmp_path: Path
) -> None:
    await append(log, 1)
    await number(one)
    await append(log, 1)
    await run_sql(url, tmp_path, "UPDATE log_state SET lease_until = 1")
    stranger = sequencer(url, tmp_path, OTHER_SEED)
    with pytest.raises(LogUnavailable, match="another key"):
        await stranger._store.number()
    await stranger.close()


async def test_first_checkpoint_of_a_new_key_is_signed_by_the_former_one_too(
    log: SqlExchangeLog, reader: SqlLogReader, one: SqlSequencer, url: str, tmp_path: Path
) -> None:
    await append(log, 1)
    await number(one)
    await append(log, 1)
    await run_sql(url, tmp_path, "UPDATE log_state SET lease_until = 1")
    changed = sequencer(url, tmp_path, OTHER_SEED, SEED)
    both = [NoteVerifier.parse(vkey()), NoteVerifier.parse(vkey(31))]
    for count in (2, 1):
        await number(changed)
        assert len(signatures_of(await reader.checkpoint(), both)) == count
        await append(log, 1)
    await sees(reader)
    await changed.close()


# ------------------------------------------------------------------------------------- PostgreSQL's order


async def test_rows_that_become_visible_late_are_never_left_out(postgres_url: str, tmp_path: Path) -> None:
    log = open_log(postgres_url, tmp_path, ORIGIN, ROOT_KEY)
    await append(log, 2)
    one = sequencer(postgres_url, tmp_path, limit=5)
    late = [await asyncpg.connect(sql.postgres_dsn(postgres_url)) for _ in range(3)]
    insert = "INSERT INTO append_log (id, leaf) VALUES ($1, $2)"
    transactions = [connection.transaction() for connection in late]
    for place, (connection, transaction) in enumerate(zip(late, transactions, strict=True)):
        await transaction.start()
        await connection.execute(insert, f"late {place}", b"late %d" % place)
        believe(one.own, f"late {place}", b"late %d" % place)
        await append(log, 4)
    assert await number(one) == 14
    floor = "SELECT floor_seq FROM log_state"
    for _ in range(3):
        await append(log, 12)
        assert await number(one) == 12
        # It stays below the first row that may still come.
        assert (await run_sql(postgres_url, tmp_path, floor))[0][0] <= 2
    await transactions[2].commit()
    assert await number(one) == 1
    await transactions[1].rollback()
    await append(log, 3)
    assert await number(one) == 3
    await transactions[0].commit()
    assert await number(one) == 1
    for _ in range(3):
        await append(log, 1)
        assert await number(one) == 1
    [(top,)] = await run_sql(postgres_url, tmp_path, "SELECT max(seq) FROM append_log")
    await number(one)
    assert await run_sql(postgres_url, tmp_path, floor) == [(top,)]
    reader = open_reader(postgres_url, tmp_path)
    leaves, _ = await sees(reader)
    assert len(leaves) == 58
    assert {b"late 0", b"late 2"} <= set(leaves)
    for closing in (log, one, reader, *late):
        await closing.close()


async def test_backlog_is_numbered_while_a_row_is_still_to_come(postgres_url: str, tmp_path: Path) -> None:
    log = open_log(postgres_url, tmp_path, ORIGIN, ROOT_KEY)
    await append(log, 30)
    late = await asyncpg.connect(sql.postgres_dsn(postgres_url))
    transaction = late.transaction()
    await transaction.start()
    # As many as three batches, below rows that are numbered already when they appear.
    await late.execute(
        "INSERT INTO append_log (id, leaf) SELECT 'late ' || n, convert_to('late ' || n, 'UTF8')"
        " FROM generate_series(1, 20) n"
    )
    await append(log, 30)
    one, two = (sequencer(postgres_url, tmp_path, limit=7) for _ in range(2))
    assert await one._store.number() == 7
    await run_sql(postgres_url, tmp_path, "UPDATE log_state SET lease_until = 1")
    assert await number(two) == 53
    await transaction.commit()
    await append(log, 20)
    await run_sql(postgres_url, tmp_path, "UPDATE log_state SET lease_until = 1")
    for place in range(1, 21):
        believe(one.own, f"late {place}", b"late %d" % place)
    assert await number(one) == 40
    reader = open_reader(postgres_url, tmp_path)
    leaves, _ = await sees(reader)
    assert (len(leaves), len(set(leaves))) == (100, 100)
    for closing in (log, one, two, reader, late):
        await closing.close()


async def test_leaf_that_no_index_would_take_stops_nothing(
    log: SqlExchangeLog, reader: SqlLogReader, one: SqlSequencer, url: str, tmp_path: Path
) -> None:
    await append(log, 1)
    leaf = json.loads((await log.store.recent(1))[0])
    wide = leaf["calls"][0] | {"source": "\U0010ffff" * 256, "outcome": "\U0010fffe" * 256}
    spoilt: list[dict[str, object]] = [
        {"subjects": {"requester": os.urandom(6_000).hex()}},
        {"official": os.urandom(6_000).hex()},
        {"official": "00"},
        {"exchange": "\U0010ffff" * 9_000},
        {"calls": [wide]},
        {"time": "0000-01-01T00:00:00.000Z"},
    ]
    for change in spoilt:
        await put_leaf(url, tmp_path, json.dumps(leaf | change).encode(), one.own)
    await append(log, 1)
    assert await number(one) == len(spoilt) + 2
    assert len((await sees(reader))[0]) == len(spoilt) + 2
