"""What exports carry for whoever kept a checkpoint, and what they say of what they could not look at."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.domain.exchange import Phase
from gateway.domain.identifiers import new_exchange_id
from gateway.exchange_log.note import Checkpoint, NoteSigner
from tests import typed
from tests.api.office import Office, fits
from tests.exchange_log.sample import key
from tests.keeping.shelf import COLD, HOT, WHO, facts, fill, motlan, opened

ERASED = COLD[2]
ELSEWHERE = NoteSigner("elsewhere", key(1)).sign(Checkpoint("elsewhere", 1, bytes(32)).text())


@pytest.fixture(name="office")
async def _office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as made:
        (tmp_path / "ready.json").write_bytes(ready(made))
        yield made


def ready(office: Office) -> bytes:
    return orjson.dumps(
        {"gateway": office.url, "clients": office.clients, "log": {"vkey": office.vkey, "origin": ""}}
    )


async def run(office: Office, *words: str, given: str = "") -> typed.Said:
    file = ("--ready-file", str(office.state / "ready.json"))
    return await asyncio.to_thread(typed.motlan, *words, *file, given=given)


async def verified(office: Office, file: Path, since: Path) -> typed.Said:
    words = ("verify-log", str(file), "--vkey", office.vkey, "--since", str(since))
    return await asyncio.to_thread(typed.motlan, *words)


async def test_day_that_begins_behind_a_kept_checkpoint_shows_growth_with_its_proof(office: Office) -> None:
    kept, out = office.state / "kept", office.state / "out.jsonl"
    await office.settled(*[await office.plant(time="2026-11-20T01:00:00.000Z") for _ in range(3)])
    assert (await run(office, "log", "checkpoint", "--out", str(kept))).code == 0
    await office.settled(await office.plant(time="2026-11-22T01:00:00.000Z"))
    for hour in range(5):
        await office.settled(await office.plant(time=f"2026-11-24T0{hour}:00:00.000Z"))
    day = ("log", "export", "--day", "2026-11-24", "--out", str(out))
    assert (await run(office, *day)).code == 0
    said = await verified(office, out, kept)
    assert (said.code, "--grown-from" in said.err) == (1, True), said.err
    for words in (
        day, ("log", "export", "--from", "7", "--out", str(out)),
        ("log", "export", "--procedure", "1.004873", "--out", str(out)),
    ):  # fmt: skip
        said = await run(office, *words, "--grown-from", str(kept))
        assert said.code == 0, said.err
        said = await verified(office, out, kept)
        assert (said.code, "whose checkpoint you kept" in said.out) == (0, True), said.err
    said = await run(office, *day, "--csv", "--grown-from", str(kept))
    assert (said.code, "proves nothing" in said.err) == (2, True)


async def test_older_checkpoint_of_the_operator_does_not_pass_for_the_whole_day(office: Office) -> None:
    out = office.state / "out.jsonl"
    await office.settled(await office.plant(time="2026-11-24T01:00:00.000Z"))
    out.write_bytes(await office.export(since="2026-11-23T17:00:00Z", until="2036-11-24T17:00:00Z"))
    said = await asyncio.to_thread(typed.motlan, "verify-log", str(out), "--vkey", office.vkey)
    assert (said.code, "reaches both ends" in said.out) == (0, False)
    assert "nothing shows that the checkpoint is from after that" in said.out


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"grown_from": 1_000_000}, "the log has"),
        ({"grown_from": "yesterday"}, "byte by byte"),
        ({"grown_from": ELSEWHERE}, "another log"),
        ({"grown_from": 1, "format": "csv"}, "CSV proves nothing"),
    ],
)  # fmt: skip
async def test_checkpoint_out_of_which_nothing_can_be_proven_is_refused(
    office: Office, given: dict[str, Any], told: str
) -> None:
    await office.settled(await office.plant())
    status, problem = await office.post("/v1/audit/export", given)
    assert (status, told in problem["detail"]) == (400, True), problem
    head = json.loads((await office.export(grown_from=1)).partition(b"\n")[0])
    assert list(head["consistency"]) == ["1"]


@pytest.fixture(scope="session")
def _past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The oldest month, with a record of a wrong clock in it, is in an archive only; the next one has no keys."""
    folder = tmp_path_factory.mktemp("past") / "state"
    for months, count in (((COLD[0],), 3), (("2031-01",), 1), ((COLD[0], ERASED, HOT), 3)):
        asyncio.run(fill(folder, months, count))
    archives = facts(folder, "log", "archive", "--until", COLD[0])["archives"]
    (name,) = (str(folder / "archives" / one["name"]) for one in archives)
    motlan(folder, "log", "prune", "--yes", "--archive", name)
    motlan(folder, "erase-period", ERASED, "--yes")
    return folder


@pytest.fixture(name="later")
async def _later(tmp_path: Path, _past: Path) -> AsyncIterator[Office]:
    """A gateway over that log."""
    folder = shutil.copytree(_past, tmp_path / "state")
    async with opened(folder) as made:
        (folder / "ready.json").write_bytes(ready(made))
        yield made


async def test_search_export_says_where_it_could_not_look(later: Office) -> None:
    for more in ((), ("--csv",)):
        words = ("log", "export", "--subject", "-", "--out", str(later.state / "out"), *more)
        said = await run(later, *words, given=WHO)
        assert said.code == 0, said.err
        assert f"keys destroyed: {ERASED}" in said.err
        assert f"older records are in: motlan-example-exchange-log-{COLD[0]}" in said.err
        told = json.loads((await run(later, *words, "--json", given=WHO)).out)
        assert (told["skipped_periods"], len(told["archives"])) == ([ERASED], 1)
    head = json.loads((await later.export(search={"subject": {"personal_id": WHO}})).partition(b"\n")[0])
    assert (head["searched"]["filters"], WHO in json.dumps(head)) == (["subject"], False)


async def test_record_of_a_wrong_clock_in_an_archive_refuses_no_later_day(later: Office) -> None:
    out = later.state / "day.jsonl"
    words = ("log", "export", "--out", str(out), "--day")
    said = await run(later, *words, f"{HOT}-02")
    assert (said.code, "1 records" in said.err) == (0, True), said.err
    assert (await run(later, *words, f"{COLD[0]}-02")).code == 1
    status, problem = await later.post("/v1/audit/export", {"until": f"{HOT}-02T00:00:00Z"})
    assert (status, problem["code"]) == (410, "log_pruned")


async def test_report_names_the_archives_of_what_it_could_not_count(later: Office) -> None:
    words = ("log", "report", "requesters", "--month", COLD[0])
    name = f"motlan-example-exchange-log-{COLD[0]}"
    said = await run(later, *words)
    assert (said.code, f"older records are in: {name}" in said.out) == (0, True), said
    said = await run(later, *words, "--format", "csv")
    assert (name in said.out, f"older records are in: {name}" in said.err) == (False, True)
    assert json.loads((await run(later, *words, "--json")).out)["archives"][0]["month"] == COLD[0]


async def test_weeks_that_were_pruned_are_no_quiet_weeks(later: Office) -> None:
    busy = f"{COLD[1]}-09T03:00:00.000Z"
    await later.settled(*[
        await later.plant(exchange=new_exchange_id(), phase=Phase.INTENT, time=busy) for _ in range(12)
    ])  # fmt: skip
    status, answer = await later.post("/v1/audit/report", {"report": "volume", "month": COLD[1]})
    assert (status, answer["rows"], answer["totals"]["not_compared"]) == (200, [], 1)
    assert answer["settings"]["compared_from"] == f"{COLD[1]}-02"
    assert [one["month"] for one in answer["archives"]] == [COLD[0]]


async def test_each_line_of_an_export_is_as_the_contract_describes_it(office: Office) -> None:
    await office.settled(*[await office.plant() for _ in range(3)])
    range_lines = {"from": 0, "to": 3, "grown_from": 2}
    for body in (
        range_lines,
        {"since": "2026-11-19T00:00:00Z"},
        {"search": {"phase": "outcome"}, "grown_from": 1},
    ):
        first, *lines, last = (await office.export(**body)).splitlines()
        fits("ExportFirstLine", json.loads(first))
        fits("ExportLastLine", json.loads(last))
        for line in map(json.loads, lines):
            fits("ExportHashesLine" if "t" in line else "ExportRecordLine", line)
