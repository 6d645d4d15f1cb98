"""A month whose keys are destroyed: read and found by nobody, proven as before."""

import asyncio
import io
import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from gateway.exchange_log.verify import verify_export
from gateway.keeping.months import Month
from tests import typed
from tests.api.office import fits
from tests.keeping.shelf import COLD, HOT, WHO, facts, fill, in_files, kill, motlan, opened

GONE, KEPT = COLD[1], COLD[2]


def wrapped(folder: Path, period: str) -> bytes | None:
    with closing(sqlite3.connect(folder / "exchange.db")) as connection:
        row = connection.execute("SELECT wrapped FROM period_keys WHERE period = ?", (period,)).fetchone()
        return row and bytes(row[0])


async def test_running_gateway_forgets_at_once_and_says_so_while_every_proof_stays(tmp_path: Path) -> None:
    hashes = await fill(tmp_path)
    keys = wrapped(tmp_path, GONE)
    assert keys
    assert in_files(tmp_path, keys)
    async with opened(tmp_path) as office:
        _, page = await office.post("/v1/audit/search", {"subject": {"personal_id": WHO}, "phase": "intent"})
        assert [one["leaf_index"] for one in page["records"]] == list(range(24, -1, -1))
        said = await asyncio.to_thread(motlan, tmp_path, "erase-period", GONE, "--yes")
        assert GONE in said
        assert in_files(tmp_path, keys) == []
        _, page = await office.post("/v1/audit/search", {"subject": {"personal_id": WHO}, "phase": "intent"})
        fits("AuditPage", page)
        assert [one["leaf_index"] for one in page["records"]] == [*range(24, 9, -1), *range(4, -1, -1)]
        assert page["skipped_periods"] == [GONE]
        _, page = await office.post("/v1/audit/search", {"dossier": "H31.14-240901-0007", "limit": 200})
        assert (len(page["records"]), page["skipped_periods"]) == (25, [])
        _, page = await office.post(
            "/v1/audit/search", {"subject": {"personal_id": WHO}, "since": f"{KEPT}-01T00:00:00Z"}
        )
        assert page["skipped_periods"] == []
        _, uses = await office.post("/v1/usage", {"subject": {"personal_id": WHO}}, client="citizen")
        fits("Usage", uses)
        assert (len(uses["uses"]), uses["skipped_periods"]) == (20, [GONE])
        for place, period in ((7, GONE), (12, KEPT)):
            body = {"exchange_id": office.leaves()[place]["exchange"], "reason": "Kiểm tra việc hủy khóa"}
            _, answer = await office.post("/v1/audit/identify", body)
            fits("Identified", answer)
            [one] = answer["records"]
            assert one["readable"] == (period == KEPT)
            assert (one["reason"] or {}).get("code") == (None if period == KEPT else "period_erased")
        for leaf_hash in hashes:
            status, _ = await office.get(f"/v1/audit/proof/inclusion?leaf_hash={leaf_hash}")
            assert status == 200
        raw = await office.export()
        assert verify_export(io.BytesIO(raw), [office.vkey], strict=True).good
        [act] = [leaf for leaf in office.leaves() if leaf["phase"] == "pruning"]
        assert act["notes"] == {
            "operation": "erase-period",
            "period": GONE,
            "reason": "retention",
            "hot_months": 24,
        }


async def test_what_may_not_be_erased_is_refused_with_the_remedy(tmp_path: Path) -> None:
    running = time.strftime("%Y-%m", time.gmtime())
    last, before = (str(Month.parse(running).plus(-back)) for back in (1, 2))
    await fill(tmp_path, (GONE, HOT, before, last, running), 1)
    why = ("--before-its-time", "Quyết định số 7/QĐ-STP")
    for month in (running, last):
        assert "never erased" in motlan(tmp_path, "erase-period", month, "--yes", *why, code=2)
    assert "--before-its-time" in motlan(tmp_path, "erase-period", HOT, "--yes", code=2)
    assert "numbers of people" in motlan(
        tmp_path, "erase-period", HOT, "--yes", "--before-its-time", f"xin xóa {WHO}", code=2
    )
    assert GONE in motlan(tmp_path, "erase-period", COLD[0], "--yes", code=2)
    assert "2026-11" in motlan(tmp_path, "erase-period", "soon", "--yes", code=2)
    motlan(tmp_path, "erase-period", GONE, given=f"{HOT}\n", code=1)
    assert all(one["living"] for one in facts(tmp_path, "keys", "list")["periods"])
    motlan(tmp_path, "erase-period", GONE, given=f"{GONE}\n")
    assert facts(tmp_path, "erase-period", before, "--yes", *why)["clean"] is True
    assert facts(tmp_path, "erase-period", HOT, "--yes", *why) == {
        "period": HOT,
        "again": False,
        "clean": True,
        "remains": [],
    }
    assert facts(tmp_path, "erase-period", HOT, "--yes", *why) == {
        "period": HOT,
        "again": True,
        "clean": True,
        "remains": [],
    }
    told = {one["period"]: one for one in facts(tmp_path, "keys", "list")["periods"]}
    erased = [bool(told[month]["erased"]) for month in (GONE, HOT, before, last, running)]
    assert erased == [True, True, True, False, False]


async def test_month_that_no_archive_has_is_told_before_it_is_erased(tmp_path: Path) -> None:
    await fill(tmp_path, (GONE, KEPT, HOT), 2)
    words = ("erase-period", GONE, "--dir", str(tmp_path))
    said = await asyncio.to_thread(typed.motlan, *words, given="no\n")
    assert (said.code, f"{GONE} is not archived yet" in said.err) == (1, True), said
    await asyncio.to_thread(motlan, tmp_path, "log", "archive")
    said = await asyncio.to_thread(typed.motlan, *words, "--yes")
    assert (said.code, "not archived" in said.err) == (0, False), said


async def test_erasure_that_is_killed_can_be_repeated_and_leaves_nothing(tmp_path: Path) -> None:
    months = [f"{year}-{month:02}" for year in range(2018, 2024) for month in range(1, 13)]
    await fill(tmp_path, months, 1)
    rng = random.Random(7)
    for month in rng.sample(months, 6):
        keys = wrapped(tmp_path, month)
        assert keys
        await asyncio.to_thread(kill, tmp_path, rng.uniform(0.2, 1.2), "erase-period", month, "--yes")
        await asyncio.to_thread(motlan, tmp_path, "erase-period", month, "--yes", "--quiet")
        assert wrapped(tmp_path, month) is None
        assert in_files(tmp_path, keys) == []


@pytest.mark.parametrize("words", [["erase-period"], ["keys"], ["keys", "list"], ["keys", "rotate", "signing"],
                                   ["log", "archive"], ["log", "prune"], ["log", "prove-archive"]])  # fmt: skip
def test_help_has_examples_and_ids_of_nobody(words: list[str]) -> None:
    said = typed.motlan(*words, "--help")
    assert said.code == 0
    assert said.out.count("motlan ") >= 2
    assert "033" not in said.out


async def test_shorter_hot_period_of_one_command_is_recorded_as_such(tmp_path: Path) -> None:
    await fill(tmp_path, (*COLD[2:], HOT), 2)
    shorter = ("--set", "gateway.log.retention.hot_months=2")
    await asyncio.to_thread(motlan, tmp_path, "erase-period", HOT, "--yes", code=2)
    await asyncio.to_thread(motlan, tmp_path, "erase-period", HOT, "--yes", *shorter)
    environment: dict[str, str | None] = {"MOTLAN_GATEWAY__LOG__RETENTION__HOT_MONTHS": "3"}
    files = orjson.loads(await asyncio.to_thread(motlan, tmp_path, "log", "archive", "--json"))["archives"]
    words = (
        "log",
        "prune",
        "--yes",
        "--dir",
        str(tmp_path),
        "--archive",
        str(tmp_path / "archives" / files[0]["name"]),
    )
    assert (await asyncio.to_thread(typed.motlan, *words, environment=environment)).code == 0
    with closing(sqlite3.connect(tmp_path / "exchange.db")) as connection:
        leaves = [
            orjson.loads(row[0]) for row in connection.execute("SELECT leaf FROM append_log ORDER BY seq")
        ]
    acts = [leaf["notes"] for leaf in leaves if leaf["phase"] == "pruning"]
    assert [(one["hot_months"], one["hot_months_overridden"]) for one in acts] == [(2, True), (3, True)]
