"""The main job under trouble: providers, callers and the log fail, and every answer still says what is so."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.conftest import House, new_official, on_session
from tests.flows.test_prefill import ask
from tests.flows.test_records import phases, records

UNAVAILABLE = {"unavailable", "invalid", "refused", "no_match", "not_found"}


@pytest.mark.parametrize(
    "mode",
    ["reset", "truncate", "garbage", "html", "empty", "fault200", "wrong_person",
     "two_people", "wrong_charset", "huge", "gzip_bomb", "doctype", "redirect"],
)  # fmt: skip
@pytest.mark.parametrize("source", ["population", "civil_status"])
@on_session
async def test_source_that_misbehaves_leaves_the_other_one_alone(
    patient: House, source: str, mode: str
) -> None:
    await patient.misbehave(source, mode)
    answer = await ask(patient, official=new_official())
    outcomes = {entry["source"]: entry["outcome"] for entry in answer["sources"]}
    other = "civil_status" if source == "population" else "population"
    if (source, mode) != ("civil_status", "doctype"):
        assert outcomes[source] in UNAVAILABLE, answer["sources"]
    assert outcomes[other] == "found", answer["sources"]


@pytest.mark.parametrize("mode", ["status429", "status503"])
@pytest.mark.parametrize("source", ["population", "civil_status"])
async def test_source_that_wants_a_pause_leaves_the_other_one_alone(
    house: House, source: str, mode: str
) -> None:
    await house.misbehave(source, mode)
    outcomes = {entry["source"]: entry["outcome"] for entry in (await ask(house))["sources"]}
    assert outcomes.pop(source) == "unavailable"
    assert {"found"} == {outcomes["population" if source == "civil_status" else "civil_status"]}


@pytest.mark.parametrize("mode", ["garbage", "html", "empty", "truncate", "reset", "fault200"])
@pytest.mark.parametrize("source", ["population", "civil_status"])
@on_session
async def test_trouble_never_looks_like_no_such_person(patient: House, source: str, mode: str) -> None:
    await patient.misbehave(source, mode)
    answer = await ask(patient, official=new_official())
    outcome = next(entry["outcome"] for entry in answer["sources"] if entry["source"] == source)
    assert outcome in {"unavailable", "invalid", "refused"}


@pytest.mark.parametrize("mode", ["hang", "drip"])
async def test_source_that_hangs_is_cut_at_the_deadline_and_named(house: House, mode: str) -> None:
    await house.misbehave("civil_status", mode)
    async with asyncio.timeout(20):  # the source has longer
        answer = await ask(house, deadline_ms=2_000)
    assert answer["pending"]
    entry = next(entry for entry in answer["sources"] if entry["source"] == "civil_status")
    assert entry["outcome"] == "unavailable"
    assert entry["reason"] == "deadline_reached"
    assert answer["form"]["nxnHoTen"]


async def test_late_answer_can_be_fetched_by_its_requester_alone(house: House) -> None:
    await house.misbehave("civil_status", "slow", seconds=0.8, times=1)
    answer = await ask(house, deadline_ms=300)
    token = answer["pending"]
    status, _ = await house.post("/v1/prefill/resume", {"pending": token}, client="one_gate")
    assert status == 404
    status, late = await house.post("/v1/prefill/resume", {"pending": token})
    assert status == 200
    assert late["pending"] is None
    assert "nxnTinhTrangHonNhan" in late["late"]
    assert late["form"]["nxnTinhTrangHonNhan"]


async def test_late_answers_stream_as_events(house: House) -> None:
    await house.misbehave("civil_status", "slow", seconds=0.6, times=1)
    answer = await ask(house, deadline_ms=200)
    headers = {"Authorization": f"Bearer {await house.token()}", "Accept": "text/event-stream"}
    body = {"pending": answer["pending"]}
    async with house.session.post(f"{house.url}/v1/prefill/resume", json=body, headers=headers) as response:
        text = await response.text()
    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert "event: late" in text
    assert "nxnTinhTrangHonNhan" in text
    assert "event: end" in text


async def test_identical_requests_at_once_share_one_call_a_source(house: House) -> None:
    await house.misbehave("population", "slow", seconds=0.3)
    answers = await asyncio.gather(*(ask(house) for _ in range(20)))
    assert all(answer["form"]["nxnHoTen"] for answer in answers)
    calls = await house.calls()
    assert calls["population.TraCuuThongTinCongDan"] == 1


async def test_another_requester_is_never_served_from_the_first_ones_answer(house: House) -> None:
    who = house.subject("facts_example")
    body = {"procedure": "1.004873", "subjects": {"requester": who, "person": {"same_as": "requester"}}}
    official = new_official()
    body["official"] = official
    await house.post("/v1/prefill", body)
    await house.post("/v1/prefill", body, client="one_gate")
    assert (await house.calls())["population.TraCuuThongTinCongDan"] == 2
    await house.post("/v1/prefill", body)
    assert (await house.calls())["population.TraCuuThongTinCongDan"] == 2


async def test_unknown_procedure_names_near_ones(house: House) -> None:
    body = {"procedure": "1.004874", "subjects": {"requester": house.subject("facts_example")}}
    status, problem = await house.post("/v1/prefill", body)
    assert status == 404
    assert "1.004873" in problem["near"]
    record = records(house)[-1]
    assert (record["phase"], record["result"], record["procedure"]) == ("refusal", "procedure_unknown", "")
    assert record["exchange"] == problem["exchange_id"]


@pytest.mark.parametrize(
    ("subjects", "role"),
    [
        ({}, "requester"),
        ({"requester": {"tax_code": "0100109106"}, "person": {"same_as": "requester"}}, "requester"),
        ({"requester": {"same_as": "person"}, "person": {"same_as": "requester"}}, "requester"),
        ({"stranger": {"personal_id": "033190584726"}}, "stranger"),
    ],
)
@on_session
async def test_role_that_does_not_fit_is_named(patient: House, subjects: dict[str, Any], role: str) -> None:
    status, problem = await patient.post("/v1/prefill", {"procedure": "1.004873", "subjects": subjects})
    assert status == 422
    assert role in str(problem["errors"])


async def test_broken_log_means_no_provider_call_and_no_answer(make_house: Callable[..., Any]) -> None:
    async with make_house() as house:
        await ask(house)
        before = await house.calls()
        _break_log(house)
        who = house.subject("facts_example")
        body = {"procedure": "1.004873", "subjects": {"requester": who, "person": {"same_as": "requester"}}}
        body["official"] = {"personal_id": "033085482915", "agency": "000.00.14.H31"}
        status, problem = await house.post("/v1/prefill", body)
        assert status == 503
        assert problem["code"] == "log_unavailable"
        assert await house.calls() == before


async def test_log_that_breaks_while_sources_are_asked_lets_no_value_leave(
    make_house: Callable[..., Any],
) -> None:
    async with make_house() as house:
        await ask(house)
        before = sum((await house.calls()).values())
        for source in ("population", "civil_status"):
            await house.misbehave(source, "slow", seconds=0.6, times=20)
        who = house.subject("facts_example")
        body = {"procedure": "1.004873", "subjects": {"requester": who, "person": {"same_as": "requester"}}}
        body["official"] = {"personal_id": "033085482915", "agency": "000.00.14.H31"}
        answering = asyncio.create_task(house.post("/v1/prefill", body))
        while sum((await house.calls()).values()) == before:
            await asyncio.sleep(0.02)
        _break_log(house)
        status, problem = await answering
        assert (status, problem["code"]) == (503, "log_unavailable")
        assert not {"fields", "evidence", "receipt"} & problem.keys()
        assert who["full_name"] not in str(problem)


def _break_log(house: House) -> None:
    database = next(house.state.glob("*.db"))
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("ALTER TABLE append_log RENAME TO append_log_gone")


async def test_number_with_another_ones_name_gets_nothing_about_its_owner(house: House) -> None:
    who = {**house.subject("facts_example"), "full_name": "Kẻ Mạo Danh", "birth_date": "1970-01-01"}
    answer = await house.prefill("1.004873", {"requester": who, "person": {"same_as": "requester"}})
    assert answer["fields"]["nxnTinhTrangHonNhan"]["value"] is None
    assert answer["fields"]["nxnTinhTrangHonNhan"]["state"] == "not_found"


async def test_number_alone_is_refused(house: House) -> None:
    who = {"personal_id": house.subject("facts_example")["personal_id"]}
    body = {"procedure": "1.004873", "subjects": {"requester": who, "person": {"same_as": "requester"}}}
    status, problem = await house.post("/v1/prefill", body)
    assert (status, problem["code"]) == (422, "identity_incomplete")
    assert not [name for name in await house.calls() if name.startswith(("population", "civil_status"))]


@pytest.mark.parametrize(("word", "number"), [("SoDinhDanh", "033185730496"), ("SoCMND", "145093728")])
@on_session
async def test_account_of_somebody_else_is_refused(patient: House, word: str, number: str) -> None:
    who = {**patient.subject("facts_example"), "old_id": "145730286"}
    subjects = {"requester": who, "person": {"same_as": "requester"}}
    body = {"procedure": "1.004873", "subjects": subjects, "account": {word: number}}
    status, problem = await patient.post("/v1/prefill", body)
    assert (status, problem["code"]) == (422, "account_differs")
    assert number not in str(problem)


async def test_narrowed_request_does_not_miss_a_dispute(house: House) -> None:
    who = house.subject("insurance_name_differs")
    whole = await house.prefill("9.000001", {"applicant": who})
    narrow = await house.prefill("9.000001", {"applicant": who}, fields=["hoTen"])
    assert whole["fields"]["hoTen"]["state"] == narrow["fields"]["hoTen"]["state"]


async def test_evidence_keeps_its_id_when_a_late_answer_joins(house: House) -> None:
    await house.misbehave("population", "slow", seconds=0.6, times=1)
    first = await ask(house, deadline_ms=200, account={"SoDienThoai": "0900000001"})
    _, late = await house.post("/v1/prefill/resume", {"pending": first["pending"]})
    for name, entry in first["evidence"].items():
        assert late["evidence"][name]["source"] == entry["source"]


@on_session
@pytest.mark.parametrize(
    "known", [{"nxnHoTen": {"a": 1}}, {"nxnNgaySinh": "99/99/9999"}, {"nxnNgaySinh": "30/02/1990"}]
)
async def test_value_that_the_form_does_not_take_is_refused(patient: House, known: dict[str, object]) -> None:
    who = patient.subject("facts_example")
    body = {"procedure": "1.004873", "subjects": {"requester": who, "person": {"same_as": "requester"}}}
    status, problem = await patient.post("/v1/prefill", {**body, "known": known})
    assert (status, problem["code"]) == (422, "value_not_possible")


async def test_caller_that_hangs_up_stops_further_waves_and_leaves_a_record(house: House) -> None:
    await house.misbehave("population", "slow", seconds=0.5)
    token = await house.token()
    who = house.subject("facts_example")
    body = {"procedure": "1.004873", "subjects": {"requester": who, "person": {"same_as": "requester"}}}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.2):
            await house.session.post(
                f"{house.url}/v1/prefill", json=body, headers={"Authorization": f"Bearer {token}"}
            )
    await asyncio.sleep(1)
    assert phases(house) in (["intent", "abandoned"], ["intent", "outcome"])


async def test_late_answer_waits_while_the_log_cannot_be_written(house: House) -> None:
    await house.misbehave("civil_status", "slow", seconds=0.5, times=1)
    answer = await ask(house, deadline_ms=200)
    database = next(house.state.glob("*.db"))
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("ALTER TABLE append_log RENAME TO append_log_gone")
        await asyncio.sleep(1)
        connection.execute("ALTER TABLE append_log_gone RENAME TO append_log")
    status, late = await house.post("/v1/prefill/resume", {"pending": answer["pending"]})
    assert status == 200
    assert late["form"]["nxnTinhTrangHonNhan"]


async def test_silence_of_a_source_about_a_person_whom_the_form_does_not_name_stays_silence(
    house: House,
) -> None:
    mother = house.subject("card_expired")
    people = {"requester": mother, "mother": {"same_as": "requester"}, "child": {}}
    subjects = {**people, "father": house.subject("ethnic_minority")}
    typed = {"chaSoGiayToTuyThan": "033064519831"}
    await house.misbehave("population", "status503")
    answer = await house.prefill("1.001193", subjects, known=typed)
    assert answer["fields"]["chaDanToc"]["state"] == "unavailable"
