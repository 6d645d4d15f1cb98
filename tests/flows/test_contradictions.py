"""What one source says is not settled while another, which may contradict it, was not heard."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import Good, Stage, body, http, staged
from tests.flows.conftest import new_official
from tests.flows.test_records import records

STATUS = ("nxnTinhTrangHonNhan", "TinhTrangHonNhanC1")
WRONG = {"full_name": "Nguyễn Văn Sai", "birth_date": "1970-01-01"}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path, {}) as made:
        yield made


def married(seconds: float = 0) -> Any:
    """The register says that everybody is married."""

    async def say(good: Good, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        writer.write(http(json.dumps({**json.loads(good.body), "tinhTrang": "2"}).encode()))
        await writer.drain()

    return say


def subject(stage: Stage, *traits: str, **more: Any) -> dict[str, Any]:
    one = next(
        one for one in stage.house.personas if {*traits, "never_married"} <= {*one["traits"], one["gender"]}
    )
    return {key: one[key] for key in ("personal_id", "full_name", "birth_date")} | more


def states(answer: Any) -> dict[str, str]:
    return {paper["code"]: paper["state"] for paper in answer["papers"]}


def reasons(answer: Any) -> dict[str, str | None]:
    return {paper["code"]: (paper.get("reason") or {}).get("code") for paper in answer["papers"]}


async def test_paper_is_asked_for_while_who_may_contradict_its_evidence_is_awaited(stage: Stage) -> None:
    stage.set("civil_status", married(1.2))
    couple = {"male": subject(stage, "male"), "female": subject(stage, "female")}
    answer = await stage.house.prefill("1.000894", couple, deadline_ms=700)
    marital = [code for code in states(answer) if code != "id_copies"]
    assert {states(answer)[code] for code in marital} == {"required"}
    assert {reasons(answer)[code] for code in marital} == {"deadline_reached"}
    _, late = await stage.house.post("/v1/prefill/resume", {"pending": answer["pending"]})
    assert late["fields"]["LoaiTinhTrangHonNhan_BenNam"]["state"] == "disputed"
    assert {states(late)[code] for code in marital} == {"required"}
    assert not set(marital) & set(late["late"])


async def test_paper_that_becomes_needless_is_told_as_late(stage: Stage) -> None:
    await stage.house.misbehave("civil_status", "slow", seconds=1.2)
    who = {"requester": subject(stage, "male"), "person": {"same_as": "requester"}}
    answer = await stage.house.prefill("1.004873", who, deadline_ms=700)
    assert states(answer)["divorce_or_death_paper"] == "required"
    _, late = await stage.house.post("/v1/prefill/resume", {"pending": answer["pending"]})
    assert states(late)["divorce_or_death_paper"] == "not_applicable"
    assert "divorce_or_death_paper" in late["late"]


async def test_what_the_citizen_typed_does_not_silence_the_second_register(stage: Stage) -> None:
    stage.set("civil_status", married())
    who = {"requester": subject(stage, "male"), "person": {"same_as": "requester"}}
    typed = dict.fromkeys(STATUS, "Hiện tại chưa đăng ký kết hôn với ai")
    answer = await stage.house.prefill("1.004873", who, known=typed)
    assert {one["source"]: one["outcome"] for one in answer["sources"]}["civil_status"] == "found"
    assert states(answer)["divorce_or_death_paper"] == "required"


@pytest.mark.parametrize(("mode", "more"), [("slow", {"seconds": 3}), ("status503", {})])
async def test_number_that_nobody_confirmed_replaces_no_paper(
    stage: Stage, mode: str, more: dict[str, Any]
) -> None:
    await stage.house.misbehave("population", mode, **more)
    widow = stage.house.subject("widowed") | {"full_name": WRONG["full_name"]}
    subjects = {"requester": widow, "person": {"same_as": "requester"}}
    answer = await stage.house.prefill("1.004873", subjects, deadline_ms=900)
    assert set(states(answer).values()) == {"required"}
    for key in STATUS:
        assert answer["fields"][key]["doubt"]["kind"] == "identity_unconfirmed"
        assert answer["fields"][key]["editable"]


async def test_number_of_another_year_is_not_shown_while_nobody_confirms(stage: Stage) -> None:
    await stage.house.misbehave("population", "slow", seconds=3)
    widow = stage.house.subject("widowed") | WRONG
    subjects = {"requester": widow, "person": {"same_as": "requester"}}
    answer = await stage.house.prefill("1.004873", subjects, deadline_ms=900)
    assert not {key for key, one in answer["fields"].items() if one["value"] is not None}
    assert set(states(answer).values()) == {"required"}


async def test_number_that_was_only_given_is_no_evidence(stage: Stage) -> None:
    await stage.house.misbehave("population", "status503")
    nobody = {"personal_id": "033073946182", **WRONG}
    subjects = {"requester": nobody, "person": {"same_as": "requester"}}
    answer = await stage.house.prefill("1.004873", subjects)
    assert answer["fields"]["nycSoGiayToTuyThan"]["value"] is None
    assert answer["fields"]["nycSoGiayToTuyThan"]["editable"]
    assert "account" not in {one["source"] for one in (*answer["evidence"].values(), *answer["sources"])}


async def test_flood_of_one_requester_leaves_the_late_answers_of_others(
    make_house: Callable[..., Any],
) -> None:
    async with make_house(gateway__cache_url="memory://?bytes=100000") as house:
        await house.misbehave("civil_status", "slow", seconds=0.5)
        who = house.subject("facts_example")
        body = {"procedure": "1.004873", "subjects": {"requester": who, "person": {"same_as": "requester"}}}
        named = {**body, "official": new_official(), "deadline_ms": 1}
        _, quiet = await house.post("/v1/prefill", named, client="one_gate")
        mine = {"pending": quiet["pending"]}
        _, late = await house.post("/v1/prefill/resume", mine, client="one_gate")
        assert late["pending"] is None
        for _ in range(25):
            await house.post("/v1/prefill", {**body, "deadline_ms": 1})
        status, _ = await house.post("/v1/prefill/resume", mine, client="one_gate")
    assert status == 200


@pytest.mark.parametrize("came", ["found", "not_found"])
async def test_whether_there_is_a_record_under_a_number_is_told_to_the_log_alone(
    stage: Stage, came: str
) -> None:
    """Who knows the number of another learns nothing by it; the auditor sees what came."""
    if came == "not_found":
        stage.set("civil_status", body(lambda _: '{"maLoi": "201"}'))
    who = stage.house.subject("facts_example") | {"full_name": WRONG["full_name"]}
    answer = await stage.house.prefill("1.004873", {"requester": who, "person": {"same_as": "requester"}})
    told = {one["source"]: (one["outcome"], one.get("reason")) for one in answer["sources"]}
    assert told["civil_status"] == ("no_match", "data_do_not_match")
    assert answer["fields"]["nxnTinhTrangHonNhan"]["value"] is None
    (outcome,) = [one for one in records(stage.house) if one["phase"] == "outcome"]
    assert {one["source"]: one["outcome"] for one in outcome["calls"]}["civil_status"] == came
