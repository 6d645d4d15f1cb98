"""The doors of 2026: who asks for whom, at the real HTTP door."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.config.test_broken_files import replace
from tests.flows.conftest import ROOT, House, build, new_official, on_session
from tests.flows.test_access import since
from tests.flows.test_records import records

COMMUNES = yaml.safe_load((ROOT / "config/communes.yaml").read_text("utf-8"))["agencies"]
DOSSIER = "H31.15-261105-0007"


def changed(folder: Path, file: str, old: str, new: str) -> Path:
    """The project with one file changed."""
    for room in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / room, folder / room)
    replace(folder, file, old, new)
    return folder


def marital(house: House, trait: str = "facts_example", **more: Any) -> dict[str, Any]:
    subjects = {"requester": house.subject(trait), "person": {"same_as": "requester"}}
    return {"procedure": "1.004873", "subjects": subjects, **more}


def official_of(agency: str) -> dict[str, str]:
    return {**new_official(), "agency": agency}


@on_session
@pytest.mark.parametrize("unit", ["12019", "13279"])
async def test_counter_of_any_commune_serves_a_resident_of_another(shared_house: House, unit: str) -> None:
    """The citizen of the facts lives in Phố Hiến (11953); the dossier is one of Sơn Nam."""
    [counter] = [one["code"] for one in COMMUNES if one["unit"] == unit and one["code"].startswith("000.01.")]
    official = official_of(counter)
    body = marital(shared_house, official=official, dossier=DOSSIER)
    status, answer = await shared_house.post("/v1/prefill", body, client="one_gate")
    assert (status, answer["form"]["nycHoTen"]) == (200, "Trần Thị Mẫu")
    mine = [one for one in records(shared_house) if one["exchange"] == answer["exchange_id"]]
    assert {(one["agency"], one["dossier"], one["on_duty"]) for one in mine} == {(counter, DOSSIER, False)}


async def test_official_of_a_dissolved_commune_is_refused_on_the_record_and_nobody_is_asked(
    tmp_path: Path,
) -> None:
    root = changed(
        tmp_path / "root", "config/communes.yaml", 'unit: "11953",', 'unit: "11953", until: "2025-06-30",'
    )
    async with build(tmp_path / "state", {}, root) as house:
        body = marital(house, official=official_of("000.00.14.H31"))
        status, problem = await house.post("/v1/prefill", body)
        assert (status, problem["code"], problem["rule"]) == (403, "agency_dissolved", "agency:dissolved")
        assert "2025-06-30" in problem["detail"]
        assert await house.calls() == {}
        assert [(one["phase"], one["result"]) for one in since(house, 0)] == [("refusal", "agency_dissolved")]


@pytest.mark.parametrize(
    "commune",
    [one for one in COMMUNES if one["code"].startswith("000.00.")][::13],
    ids=lambda one: one["unit"],
)
@on_session
async def test_official_of_every_commune_may_ask(shared_house: House, commune: dict[str, str]) -> None:
    body = marital(shared_house, official=official_of(commune["code"]))
    assert (await shared_house.post("/v1/explain", body, client="one_gate"))[1]["allowed"]
