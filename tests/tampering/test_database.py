"""T18: an operator alters the database; the export tells an auditor, and the gateway itself notices (promise P5)."""

# ruff: noqa: S608 -- the statements are made of numbers that stand here

import asyncio
import contextlib
import io
import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import orjson
import pytest

from gateway.domain.errors import LogUnavailable
from gateway.exchange_log.merkle import leaf_hash
from gateway.ports.exchange_log import Sequencer
from tests.api.office import Office
from tests.tampering.conftest import Evidence, Served, Verify, operate

PLACE = 77
SEQ = f"(SELECT seq FROM log_entries WHERE idx = {PLACE})"
OF_PLACE = f"FROM log_entries WHERE idx = {PLACE}"
NEXT = f"(SELECT seq FROM log_entries WHERE idx = {PLACE + 1})"
LEAF = f"UPDATE append_log SET leaf = {{}} WHERE seq = {SEQ}"
FIRST = "DELETE FROM append_log WHERE seq IN (SELECT seq FROM log_entries WHERE idx BETWEEN 1 AND 9)"
LAST = "DELETE FROM append_log WHERE seq IN (SELECT seq FROM log_entries WHERE idx >= 290)"
BUT_ONE = "DELETE FROM append_log WHERE seq > (SELECT min(seq) FROM append_log)"
TWICE = f"UPDATE append_log SET leaf = (SELECT leaf FROM append_log WHERE seq = {NEXT}) WHERE seq = {SEQ}"
NEWEST = "DELETE FROM log_checkpoints WHERE size = (SELECT max(size) FROM log_checkpoints)"


def leaf(database: sqlite3.Connection, change: Callable[[bytes], bytes]) -> None:
    """Put another leaf into the place of one."""
    ((old,),) = database.execute(f"SELECT leaf FROM append_log WHERE seq = {SEQ}").fetchall()
    assert change(old) != old
    database.execute(LEAF.format("?"), (change(old),))


def without_hash(table: str, level: int, place: int) -> Callable[[sqlite3.Connection], object]:
    """Take one hash out of a tile: zeros in its place."""

    def work(database: sqlite3.Connection) -> None:
        ((hashes,),) = database.execute(f"SELECT hashes FROM {table} WHERE level = {level}").fetchall()
        altered = hashes[: place * 32] + bytes(32) + hashes[place * 32 + 32 :]
        database.execute(f"UPDATE {table} SET hashes = ? WHERE level = {level}", (altered,))

    return work


def reversed_keys(old: bytes) -> bytes:
    return orjson.dumps(dict(reversed(orjson.loads(old).items())))


def escaped(old: bytes) -> bytes:
    return (
        json.dumps(json.loads(old), separators=(",", ":"), ensure_ascii=True)
        .replace("civil", "\\u0063ivil")
        .encode()
    )


def inserted(database: sqlite3.Connection) -> None:
    """A record that never was, in the middle; all after it move up."""
    ((old,),) = database.execute(f"SELECT leaf FROM append_log WHERE seq = {SEQ}").fetchall()
    forged = old.replace(b'"requester":"portal"', b'"requester":"nobody"')
    database.execute("INSERT INTO append_log (id, leaf) VALUES ('forged', ?)", (forged,))
    for idx, seq in database.execute(
        f"SELECT idx, seq FROM log_entries WHERE idx >= {PLACE} ORDER BY idx"
    ).fetchall():
        database.execute(
            "UPDATE log_entries SET seq = (SELECT max(seq) FROM append_log) + ? WHERE idx = ?", (seq, idx)
        )
    moved = database.execute(f"SELECT idx, seq FROM log_entries WHERE idx >= {PLACE} ORDER BY idx").fetchall()
    ((top,),) = database.execute("SELECT max(seq) FROM append_log").fetchall()
    for (idx, _), seq in zip(moved, [top, *(seq - top for _, seq in moved)], strict=False):
        database.execute("UPDATE log_entries SET seq = ? WHERE idx = ?", (seq, idx))


def swapped(database: sqlite3.Connection) -> None:
    (one,), (two,) = database.execute(
        f"SELECT leaf FROM append_log WHERE seq IN ({SEQ}, {NEXT}) ORDER BY seq"
    ).fetchall()
    database.execute(f"UPDATE append_log SET leaf = ? WHERE seq = {SEQ}", (two,))
    database.execute(f"UPDATE append_log SET leaf = ? WHERE seq = {NEXT}", (one,))


def mended_tile(database: sqlite3.Connection) -> None:
    """A leaf and its hash wherever the log keeps it."""
    leaf(database, lambda old: old.replace(b"portal", b"p0rtal", 1))
    ((new,),) = database.execute(f"SELECT leaf FROM append_log WHERE seq = {SEQ}").fetchall()
    ((hashes,),) = database.execute("SELECT hashes FROM log_tiles WHERE level = 0 AND idx = 0").fetchall()
    mended = hashes[: PLACE * 32] + leaf_hash(new) + hashes[PLACE * 32 + 32 :]
    database.execute("UPDATE log_tiles SET hashes = ? WHERE level = 0 AND idx = 0", (mended,))
    key = int.from_bytes(leaf_hash(new)[:8], signed=True)
    database.execute("UPDATE log_entries SET hash = ? WHERE idx = ?", (key, PLACE))


class Case(NamedTuple):
    """One thing that an operator does."""

    #: statements, or work with the database
    done: str | Callable[[sqlite3.Connection], object]
    #: what the verifiers say of an export made afterwards
    told: str
    #: the record that the gateway itself names
    noticed: int = PLACE
    #: which part of the log is exported
    wanted: dict[str, int] | None = None


RECORD = f"record {PLACE}:"
CHANGED = f"WRONG changed: line 79, {RECORD}"
LEAVES: dict[str, Case] = {
    "edited": Case(lambda db: leaf(db, lambda old: old.replace(b"portal", b"p0rtal", 1)), CHANGED),
    "one byte": Case(lambda db: leaf(db, lambda old: bytes([*old[:-9], old[-9] ^ 1, *old[-8:]])), RECORD),
    "other order of keys": Case(lambda db: leaf(db, reversed_keys), CHANGED),
    "spaces": Case(lambda db: leaf(db, lambda old: old.replace(b":", b": ", 1)), CHANGED),
    "escapes": Case(lambda db: leaf(db, escaped), CHANGED),
    "no text": Case(lambda db: leaf(db, lambda _: b"\xff\xfe"), CHANGED),
    "text that is none": Case(LEAF.format("CAST(x'ff' AS TEXT)"), CHANGED),
    "number": Case(LEAF.format(5), CHANGED),
    "empty": Case(lambda db: leaf(db, lambda _: b""), CHANGED),
    "deleted": Case(f"DELETE FROM append_log WHERE seq = {SEQ}", f"{RECORD} records {PLACE} to {PLACE} are missing"),
    "deleted from the sequence": Case(f"DELETE FROM log_entries WHERE idx = {PLACE}", f"{RECORD} records {PLACE} to"),
    "inserted": Case(inserted, CHANGED),
    "swapped": Case(swapped, f"WRONG moved: line 79, {RECORD}"),
    "twice": Case(TWICE, RECORD),
    "first ones deleted": Case(FIRST, "record 1: records 1 to 9 are missing", 1),
    "last ones deleted": Case(LAST, "record 290: the record was removed", 290),
    "all deleted but one": Case(BUT_ONE, "record 1: the record was removed", 1),
    "leaf and its hash": Case(mended_tile, "records and their hashes both are"),
    "leaf and its hash, later": Case(mended_tile, "the edge, the range or", wanted={"from": 100, "to": 300}),
    "hash in a tile": Case(without_hash("log_tiles", 0, PLACE), f"{RECORD} the line of hashes has another hash"),
    "tile cut": Case("UPDATE log_tiles SET hashes = substr(hashes, 1, 320) WHERE level = 0", "", 10),
    "tile deleted": Case("DELETE FROM log_tiles", "", 0),
    "hash in the last tile": Case(without_hash("log_edge", 0, 0), "record 256: the line of hashes has", 256),
    "hash above the tiles": Case(without_hash("log_edge", 1, 0), "the edge, the range", 256, {"from": 256, "to": 300}),
}  # fmt: skip


async def export(office: Office, wanted: dict[str, int]) -> bytes | None:
    """What the gateway gives; None when it refuses or breaks off."""
    headers = await office.bearer("auditor")
    try:
        async with office.session.post(
            f"{office.url}/v1/audit/export", json=wanted, headers=headers
        ) as answer:
            raw = await answer.read()
            return raw if answer.status == 200 else None
    except aiohttp.ClientError:
        return None


async def noticed(office: Office, logged: io.BytesIO, place: int) -> str:
    """Wait until the gateway, which walks through its log, names this record; what it has written to its own log."""
    async with asyncio.timeout(20):
        while True:
            async with office.session.get(f"{office.admin}/health/ready") as answer:
                state = (await answer.json())["dependencies"]["records"]
            told = logged.getvalue().decode()
            if state == "altered" and re.search(rf'"log_index":{place}\b', told):
                return told
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("variant", LEAVES)
async def test_altered_database_is_told_by_its_export_and_by_the_gateway(
    variant: str, evidence: Evidence, state: Path, served: Served, verify: Verify, logged: io.BytesIO
) -> None:
    case = LEAVES[variant]
    operate(state, case.done)
    async with served(state) as (office, _):
        lines = await export(office, case.wanted or {"to": evidence.size})
        told = await noticed(office, logged, case.noticed)
        async with office.session.get(f"{office.admin}/metrics") as answer:
            metrics = await answer.text()
    assert float(metrics.partition("\nmotlan_log_altered ")[2].partition("\n")[0]) > 0
    assert "Traceback" not in told
    if not case.told:
        assert lines is None
        return
    assert lines is not None
    found = await asyncio.to_thread(verify, lines)
    assert (found.code, case.told in found.text) == (1, True), found.text


SEARCHED: dict[str, str] = {
    "requester": f"UPDATE log_entries SET requester = 'nobody' WHERE idx = {PLACE}",
    "time": f"UPDATE log_entries SET time = '2020' || substr(time, 5) WHERE idx = {PLACE}",
    "official": f"UPDATE log_entries SET official = NULL WHERE idx = {PLACE}",
    "exchange": f"UPDATE log_entries SET exchange = NULL WHERE idx = {PLACE}",
    "hash": f"UPDATE log_entries SET hash = hash + 1 WHERE idx = {PLACE}",
    "subject removed": f"DELETE FROM log_subjects WHERE idx = {PLACE}",
    "subject exchanged": f"UPDATE log_subjects SET subject = zeroblob(16) WHERE idx = {PLACE}",
    "source removed": f"DELETE FROM log_sources WHERE idx = {PLACE}",
    "outcome exchanged": f"UPDATE OR REPLACE log_sources SET outcome = 'not_found' WHERE idx = {PLACE}",
    "source invented": f"INSERT INTO log_sources SELECT 'police', idx, 'found', period {OF_PLACE}",
    "subject invented": f"INSERT INTO log_subjects SELECT zeroblob(16), idx, period {OF_PLACE}",
    "times of a block": "UPDATE log_state SET time_low = '2030', time_high = '2031'",
}


@pytest.mark.parametrize("variant", SEARCHED)
async def test_search_that_was_made_to_lie_is_noticed_and_the_export_shows_the_truth(
    variant: str, evidence: Evidence, state: Path, served: Served, verify: Verify, logged: io.BytesIO
) -> None:
    operate(state, SEARCHED[variant])
    async with served(state) as (office, _):
        lines = await export(office, {"to": evidence.size})
        await noticed(office, logged, 0 if "block" in variant else PLACE)
    # No hash covers the tables of the search: the leaves are all there, and an auditor who searches them finds them.
    assert lines is not None
    assert (await asyncio.to_thread(verify, lines)).code == 0
    assert lines.split(b"\n")[1:-2] == evidence.export.split(b"\n")[1:-2]


async def test_forged_mark_of_pruning_hides_no_beginning_that_was_taken_out(
    state: Path, served: Served, logged: io.BytesIO
) -> None:
    operate(
        state,
        f"INSERT INTO log_pruned SELECT {PLACE}, seq - 1, '2026-11-25T00:00:00.000Z' {OF_PLACE}",
        *(
            f"DELETE FROM {table} WHERE idx < {PLACE}"
            for table in ("log_subjects", "log_sources", "log_entries")
        ),
        f"DELETE FROM append_log WHERE seq < {SEQ}",
    )
    async with served(state) as (office, _):
        told = await noticed(office, logged, PLACE - 1)
        async with office.session.get(f"{office.admin}/metrics") as answer:
            metrics = await answer.text()
    assert float(metrics.partition("\nmotlan_log_altered ")[2].partition("\n")[0]) == 2
    assert "no archive of it is known" in told
    assert told.count("of which no record tells") == 1


async def test_untouched_database_gives_no_alarm(
    evidence: Evidence, state: Path, served: Served, verify: Verify, logged: io.BytesIO
) -> None:
    async with served(state) as (office, _):
        lines = await export(office, {"to": evidence.size})
        await asyncio.sleep(4)
        async with office.session.get(f"{office.admin}/health/ready") as answer:
            assert (await answer.json())["dependencies"]["records"] == "ready"
        status, _ = await office.get(_proof(evidence))
    assert status == 200
    assert lines is not None
    assert (await asyncio.to_thread(verify, lines)).code == 0
    assert b"altered" not in logged.getvalue()


async def test_rows_put_into_the_database_get_no_place_and_raise_an_alarm(
    state: Path, served: Served, verify: Verify, logged: io.BytesIO
) -> None:
    copied = "INSERT INTO append_log (id, leaf, tag) SELECT id, leaf, tag FROM append_log WHERE seq = {}"
    async with served(state) as (office, _):
        size = (await office.head()).size
        with closing(sqlite3.connect(state / "exchange.db", timeout=10)) as database, database:
            for place in range(1, 6):
                database.execute(copied.format(place))
            database.execute("INSERT INTO append_log (id, leaf) VALUES ('x', x'00')")
        async with asyncio.timeout(20):
            while True:
                async with office.session.get(f"{office.admin}/health/ready") as answer:
                    if (await answer.json())["dependencies"]["records"] == "quarantined":
                        break
                await asyncio.sleep(0.1)
        await office.settled(await office.plant())
        lines = await export(office, {})
        async with office.session.get(f"{office.admin}/metrics") as answer:
            metrics = await answer.text()
        assert (await office.head()).size <= size + 3  # the record, one of the start and one of the export
    assert float(metrics.partition("\nmotlan_log_quarantined ")[2].partition("\n")[0]) == 6
    told = logged.getvalue().decode()
    assert told.count("sequencer.quarantined") >= 2
    assert '"reason":"twice"' in told
    assert lines is not None
    assert (await asyncio.to_thread(verify, lines)).code == 0


def _proof(evidence: Evidence) -> str:
    return f"/v1/audit/proof/inclusion?leaf_hash={evidence.receipt['leaf_hash']}"


PROOFS: dict[str, tuple[str, int, str]] = {
    "leaf": ("UPDATE append_log SET leaf = leaf || ' '", 500, "log_altered"),
    "tile": ("UPDATE log_tiles SET hashes = zeroblob(8192)", 500, "log_altered"),
    "tile deleted": ("DELETE FROM log_tiles", 500, "log_altered"),
    "tile cut": ("UPDATE log_tiles SET hashes = substr(hashes, 1, 33)", 500, "log_altered"),
    "edge": ("UPDATE log_edge SET hashes = zeroblob(length(hashes))", 500, "log_altered"),
    "index": ("UPDATE log_entries SET hash = 0", 404, "record_unknown"),
    "order": ("UPDATE log_entries SET seq = (SELECT max(seq) FROM append_log) - idx", 500, "log_altered"),
}


@pytest.mark.parametrize("variant", PROOFS)
async def test_receipt_is_not_redeemed_for_a_proof_that_does_not_hold(
    variant: str, evidence: Evidence, state: Path, served: Served
) -> None:
    statement, wanted, code = PROOFS[variant]
    operate(state, "DROP INDEX IF EXISTS log_entries_seq", statement)
    async with served(state) as (office, _):
        status, raw = await office.get(_proof(evidence))
        problem = json.loads(raw)
        assert (status, problem["code"]) == (wanted, code), problem


async def test_receipt_with_another_hash_is_unknown_and_no_alarm(
    evidence: Evidence, state: Path, served: Served, logged: io.BytesIO
) -> None:
    leaf_hash = evidence.receipt["leaf_hash"]
    async with served(state) as (office, _):
        for exchanged in (leaf_hash[:-1] + ("0" if leaf_hash[-1] != "0" else "1"), leaf_hash[::-1]):
            status, raw = await office.get(f"/v1/audit/proof/inclusion?leaf_hash={exchanged}")
            assert (status, json.loads(raw)["code"]) == (404, "record_unknown")
    assert b"altered" not in logged.getvalue()


GROWN: dict[str, tuple[str | Callable[[sqlite3.Connection], object], str]] = {
    "edge": (without_hash("log_edge", 0, 0), "not the signed one"),
    "edge above": (without_hash("log_edge", 1, 0), "not the signed one"),
    "edge removed": ("DELETE FROM log_edge", "was altered"),
    "edge as text": ("UPDATE log_edge SET hashes = hex(hashes)", "was altered"),
    # the state folder has seen more: a log without it went back
    "size": ("UPDATE log_state SET size = size - 1", "rolled back"),
    "larger size": ("UPDATE log_state SET size = size + 1", "was altered"),
    "checkpoint": ("UPDATE log_checkpoints SET note = upper(note)", "was altered"),
    "newest checkpoint": (NEWEST, "rolled back"),
}


@pytest.mark.parametrize("variant", GROWN)
async def test_altered_tree_is_not_signed_over_with_the_next_record(
    variant: str, state: Path, served: Served
) -> None:
    done, told = GROWN[variant]
    operate(state, done)
    async with served(state) as (office, sequencer):
        before = _newest(state)
        with contextlib.suppress(LogUnavailable):
            await office.plant()
        await _fault(sequencer)
        assert told in str(getattr(sequencer, "fault", ""))
        assert _newest(state) == before


def _newest(state: Path) -> list[Any]:
    with closing(sqlite3.connect(state / "exchange.db")) as database:
        return database.execute("SELECT * FROM log_checkpoints ORDER BY size DESC LIMIT 1").fetchall()


async def _fault(sequencer: Sequencer) -> None:
    async with asyncio.timeout(60):
        while not getattr(sequencer, "fault", ""):
            await asyncio.sleep(0.05)
