"""Months that leave the database: archived, verified, pruned, and provable for ever."""

import asyncio
import gzip
import io
import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.exchange_log.merkle import verify_inclusion
from gateway.exchange_log.note import NoteSigner
from gateway.exchange_log.verify import verify_export
from tests import typed
from tests.api.office import Office, fits
from tests.keeping.shelf import COLD, HOT, ORIGIN, WHO, facts, fill, kill, motlan, opened


def archived(folder: Path, *more: str) -> list[Path]:
    found = facts(folder, "log", "archive", *more)
    return [Path(found["folder"]) / one["name"] for one in found["archives"]]


def prune(folder: Path, *archives: Path, code: int = 0) -> str:
    words = [word for path in archives for word in ("--archive", str(path))]
    return motlan(folder, "log", "prune", "--yes", *words, code=code)


async def proof(office: Office, leaf_hash: str) -> tuple[int, dict[str, Any]]:
    status, raw = await office.get(f"/v1/audit/proof/inclusion?leaf_hash={leaf_hash}")
    return status, orjson.loads(raw)


async def test_archived_months_leave_the_database_and_stay_proven(tmp_path: Path) -> None:
    hashes = await fill(tmp_path, count=300)
    files = await asyncio.to_thread(archived, tmp_path)
    assert [path.name.split("-")[-4:-1] for path in files] == [
        [*month.split("-"), str(300 * number)] for number, month in enumerate(COLD)
    ]
    assert await asyncio.to_thread(archived, tmp_path) == []
    async with opened(tmp_path) as office:
        exchanges = [leaf["exchange"] for leaf in office.leaves()]
        said = await asyncio.to_thread(prune, tmp_path, *files[:2])
        assert "600" in said
        # Receipts lead to proofs as before, those of pruned records say that they are.
        for place in (0, 255, 256, 511, 599, 600, 1499):
            assert await proven(office, hashes[place], place) == (place < 600)
        # Searches say where older records are.
        _, page = await office.post("/v1/audit/search", {"dossier": "H31.14-240901-0007", "limit": 1})
        fits("AuditPage", page)
        assert [one["name"] for one in page["archives"]] == [path.name for path in files[:2]]
        _, page = await office.post("/v1/audit/search", {"since": f"{COLD[2]}-01T00:00:00Z", "limit": 1})
        assert page["archives"] == []
        assert (
            len(await office.found(subject={"personal_id": WHO}, limit=200, until=f"{HOT}-01T00:00:00Z"))
            == 200
        )
        # What is gone is told as such.
        status, problem = await office.post("/v1/audit/export", {"from": 599})
        assert (status, problem["code"]) == (410, "log_pruned")
        assert problem["archives"][0]["name"] == files[1].name
        for month in COLD[:2]:
            day = {"since": f"{month}-01T00:00:00Z", "until": f"{month}-28T00:00:00Z"}
            status, problem = await office.post("/v1/audit/export", day)
            assert (status, problem["code"]) == (410, "log_pruned")
        kept = await office.export(since=f"{COLD[2]}-01T00:00:00Z", until=f"{COLD[2]}-28T23:59:59Z")
        head = orjson.loads(kept.splitlines()[0])
        assert (head["from"], head["to"] > 600) == (600, True)
        assert verify_export(io.BytesIO(kept), [office.vkey]).good
        assert [one async for one in held(office, exchanges[599:601])] == [404, 200]
        raw = await office.export(**{"from": 600})
        assert verify_export(io.BytesIO(raw), [office.vkey], strict=True).good
        # Nobody cries out: the log tells of it.
        async with office.session.get(f"{office.admin}/health/ready") as answer:
            assert (await answer.json())["dependencies"]["records"] == "ready"
        # The archive verifies against today's checkpoint, with files only.
        today = tmp_path / "today.checkpoint"
        ready = tmp_path / "ready.json"
        ready.write_bytes(orjson.dumps({"gateway": office.url, "clients": office.clients}))
        await grown(office, 1500)
        words = ("log", "prove-archive", str(files[0]), "--out", str(today), "--ready-file", str(ready))
        done = await asyncio.to_thread(typed.motlan, *words)
        assert done.code == 0, done.err
    with files[0].open("rb") as file:
        verdict = verify_export(file, [office.vkey], checkpoint=today.read_text("utf-8"))
    assert (verdict.good, verdict.records, verdict.grown) == (True, 300, told_size(today))
    lied = today.read_text("utf-8").replace("old 1500", "old 1499").replace("\n\n", "\nAAAA\n\n", 1)
    with files[0].open("rb") as file:
        verdict = verify_export(file, [office.vkey], checkpoint=lied)
    assert [one.code for one in verdict.findings] == ["checkpoint"]
    act = next(leaf for leaf in all_leaves(tmp_path) if leaf["phase"] == "pruning")
    assert act["notes"]["archives"] == f"{files[0].name} {files[1].name}"
    assert (act["notes"]["first"], act["notes"]["count"]) == (0, 600)


async def held(office: Office, exchanges: list[str]) -> Any:
    for exchange in exchanges:
        status, _ = await office.get(f"/v1/audit/records/{exchange}", client="auditor")
        yield status


async def proven(office: Office, leaf_hash: str, place: int) -> bool:
    """Whether the record at this place, whose proof holds, is said to be pruned."""
    status, found = await proof(office, leaf_hash)
    assert (status, found["leaf_index"]) == (200, place)
    fits("Inclusion", found)
    path, root = [bytes.fromhex(one) for one in found["hashes"]], bytes.fromhex(found["root_hash"])
    assert verify_inclusion(bytes.fromhex(leaf_hash), place, found["tree_size"], path, root)
    return bool(found.get("pruned", False))


async def grown(office: Office, size: int) -> None:
    """Wait until the log is longer than that."""
    while int((await office.get("/v1/audit/checkpoint"))[1].split(b"\n")[1]) <= size:
        await asyncio.sleep(0.05)


def told_size(path: Path) -> int:
    return int(path.read_text("utf-8").split("\n\n")[1].split("\n")[1])


def all_leaves(folder: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(folder / "exchange.db")) as connection:
        rows = connection.execute("SELECT leaf FROM append_log ORDER BY seq").fetchall()
    return [orjson.loads(row[0]) for row in rows]


async def test_archive_that_is_not_what_the_tree_says_prunes_nothing(tmp_path: Path) -> None:
    await fill(tmp_path, count=3)
    first, second, *_ = await asyncio.to_thread(archived, tmp_path)
    note = first.with_name(f"{first.name}.note")
    right, signed = first.read_bytes(), note.read_text("utf-8")

    def refused(*files: Path) -> str:
        said = prune(tmp_path, *files, code=1)
        assert len(all_leaves(tmp_path)) == 15
        return said

    assert "must come first" in refused(second)
    first.write_bytes(right[:-9] + bytes([right[-9] ^ 1]) + right[-8:])
    assert "not the file" in refused(first)
    # A file that was changed and packed again, under a note that somebody else has signed.
    first.write_bytes(gzip.compress(gzip.decompress(right).replace(b"portal", b"pOrtal", 1)))
    assert "not the file" in refused(first)
    other = NoteSigner(ORIGIN, Ed25519PrivateKey.generate())
    note.write_text(other.sign(signed.partition("\n\n")[0] + "\n"), "utf-8")
    assert "none of its signatures" in refused(first)
    first.write_bytes(right)
    note.write_text(signed.replace("count 3", "count 4"), "utf-8")
    assert "does not fit" in refused(first)
    note.unlink()
    assert "cannot be read" in prune(tmp_path, first, code=2)
    note.write_text(signed, "utf-8")
    assert "3" in prune(tmp_path, first)


async def test_records_of_the_hot_period_are_archived_on_demand_and_never_pruned(tmp_path: Path) -> None:
    await fill(tmp_path, count=2)
    files = await asyncio.to_thread(archived, tmp_path, "--until", HOT)
    assert len(files) == 5
    assert "kept hot" in prune(tmp_path, *files, code=1)
    assert len(all_leaves(tmp_path)) == 10
    assert "not over" in motlan(tmp_path, "log", "archive", "--until", "2999-01", code=2)


async def test_archives_that_have_had_their_years_are_told(tmp_path: Path) -> None:
    await fill(tmp_path, ("2019-05", COLD[0]), 2)
    old, young = await asyncio.to_thread(archived, tmp_path)
    found = {one["name"]: one for one in facts(tmp_path, "log", "archive", "--list")}
    assert [found[path.name]["due_for_destruction"] for path in (old, young)] == [True, False]
    assert all(one["signed"] and one["there"] for one in found.values())
    assert "DUE" in motlan(tmp_path, "log", "archive", "--list")


async def test_rows_that_went_make_room_for_new_ones(tmp_path: Path) -> None:
    await fill(tmp_path, (COLD[0], HOT), 600)
    [first] = await asyncio.to_thread(archived, tmp_path)
    await asyncio.to_thread(prune, tmp_path, first)
    pages = page_count(tmp_path)
    await fill(tmp_path, (HOT,), 400)
    assert page_count(tmp_path) <= pages


def page_count(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "exchange.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(connection.execute("PRAGMA page_count").fetchone()[0])


async def test_archiving_and_pruning_that_are_killed_go_on_where_they_were(tmp_path: Path) -> None:
    hashes = await fill(tmp_path, count=1_500)
    rng = random.Random(3)
    for _ in range(4):
        await asyncio.to_thread(kill, tmp_path, rng.uniform(0.4, 1.6), "log", "archive")
    await asyncio.to_thread(motlan, tmp_path, "log", "archive")
    folder = tmp_path / "archives"
    assert not list(folder.glob(".*"))
    files = sorted(folder.glob("*.gz"), key=lambda path: int(path.name.split("-")[-2]))
    assert len(files) == len(COLD)
    words = [word for path in files for word in ("--archive", str(path))]
    for _ in range(4):
        await asyncio.to_thread(kill, tmp_path, rng.uniform(1.2, 2.4), "log", "prune", "--yes", *words)
    await asyncio.to_thread(prune, tmp_path, *files)
    with closing(sqlite3.connect(tmp_path / "exchange.db")) as connection:
        for table in ("log_entries", "log_subjects", "log_sources"):
            assert connection.execute(f"SELECT count(*) FROM {table} WHERE idx < 6000").fetchone() == (0,)  # noqa: S608
        kept = connection.execute("SELECT count(*) FROM append_log WHERE seq <= 7500").fetchone()
        assert kept == (1_500,)
    async with opened(tmp_path) as office:
        for place in rng.sample(range(7_500), 40):
            status, found = await proof(office, hashes[place])
            assert (status, found["leaf_index"]) == (200, place)


@pytest.mark.parametrize("damage", ["cut", "bit", "tail"])
async def test_packed_export_that_is_damaged_is_told_and_never_an_error(tmp_path: Path, damage: str) -> None:
    await fill(tmp_path, (COLD[0],), 40)
    [path] = await asyncio.to_thread(archived, tmp_path)
    raw = bytearray(path.read_bytes())
    vkey = orjson.loads(gzip.decompress(bytes(raw)).split(b"\n")[0])["vkeys"][0]
    assert verify_export(io.BytesIO(bytes(raw)), [vkey]).good
    match damage:
        case "cut":
            del raw[len(raw) // 2 :]
        case "bit":
            raw[len(raw) // 2] ^= 4
        case _:
            raw += b"more"
    assert not verify_export(io.BytesIO(bytes(raw)), [vkey]).good
    path.write_bytes(bytes(raw))
    said = motlan_verify(path, vkey)
    assert "WRONG" in said


def motlan_verify(path: Path, vkey: str) -> str:
    said = typed.motlan("verify-log", str(path), "--vkey", vkey)
    assert said.code == 1, said.err
    return said.err


@pytest.mark.parametrize("place", ["first", "middle", "before the hot ones"])
async def test_record_of_a_wrong_clock_stays_with_its_neighbours(tmp_path: Path, place: str) -> None:
    """It stops neither archiving nor pruning, and takes no hot record with it."""
    stray = ("2031-01",)
    before = {"first": (), "middle": COLD[:1], "before the hot ones": COLD}[place]
    for months, count in ((before, 5), (stray, 1), ((*COLD[len(before) :], HOT), 5)):
        await fill(tmp_path, months, count)
    files = await asyncio.to_thread(archived, tmp_path)
    assert len(files) == len(COLD)
    # behind the last cold record it stays with the hot ones
    assert sum(int(path.name.split(".")[0].split("-")[-1]) for path in files) == 20 + (
        len(before) < len(COLD)
    )
    said = await asyncio.to_thread(prune, tmp_path, *files)
    assert str(20 + (len(before) < len(COLD))) in said
    assert await asyncio.to_thread(archived, tmp_path) == []


async def test_command_lists_all_uses_of_a_person_and_what_it_could_not_look_at(tmp_path: Path) -> None:
    await fill(tmp_path, (COLD[0], COLD[1]), 2)
    await fill(tmp_path, (HOT,), 230)
    files = await asyncio.to_thread(archived, tmp_path)
    await asyncio.to_thread(prune, tmp_path, files[0])
    await asyncio.to_thread(motlan, tmp_path, "erase-period", COLD[1], "--yes")
    ready = tmp_path / "ready.json"
    async with opened(tmp_path) as office:
        ready.write_bytes(orjson.dumps({"gateway": office.url, "clients": office.clients}))
        words = ("log", "subject", "-", "--ready-file", str(ready))
        told = [
            await asyncio.to_thread(typed.motlan, *words, *more, given=WHO)
            for more in (("--json",), (), ("--json", "--limit", "205"))
        ]
    assert [one.code for one in told] == [0, 0, 0], told[0].err
    listed = orjson.loads(told[0].out)
    assert (len({one["exchange_id"] for one in listed["uses"]}), listed["next"]) == (230, None)
    assert (COLD[1] in listed["skipped_periods"], listed["archives"][0]["name"]) == (True, files[0].name)
    text = told[1].out
    assert all(word in text for word in ("230 lần", COLD[1], files[0].name))
    limited = orjson.loads(told[2].out)
    assert (len(limited["uses"]), bool(limited["next"])) == (205, True)
