"""Preview and the right to refuse: the citizen sees first, says no to what he likes, and nothing of it is used."""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.conftest import House, new_official, on_session
from tests.flows.sd_jwt import verified
from tests.flows.test_consents import EMAIL, PHONE, given, residence
from tests.flows.test_records import records
from tests.flows.test_signed_answers import keys


async def shown(house: House, **more: Any) -> Any:
    who = house.subject("facts_example")
    subjects = {"requester": who, "person": {"same_as": "requester"}}
    more = {"official": new_official(), "preview": True, **more}
    return await house.prefill("1.004873", subjects, **more)


def evidence_of(answer: Any, source: str) -> str:
    return next(str(name) for name, one in answer["evidence"].items() if one["source"] == source)


def body(answer: Any, *refused: str) -> dict[str, Any]:
    accepted = [name for name in answer["evidence"] if name not in refused]
    return {"exchange_id": answer["exchange_id"], "accepted": accepted, "refused": list(refused)}


async def decided(house: House, answer: Any, *refused: str) -> Any:
    status, changed = await house.post("/v1/prefill/decision", body(answer, *refused))
    assert status == 200, changed
    return changed


@on_session
async def test_preview_is_marked_and_the_record_says_so(patient: House) -> None:
    answer = await shown(patient, passport="sd-jwt")
    assert answer["preview"]["shown_to"] == "citizen"
    assert answer["passport"] is None
    noted = [one["notes"] for one in records(patient) if one["exchange"] == answer["exchange_id"]]
    assert [one.get("preview") for one in noted] == [True, True]
    assert "passport" not in noted[1]
    assert (await shown(patient, preview=False))["preview"] is None


@on_session
async def test_refused_evidence_leaves_fields_empty_and_its_papers_required(patient: House) -> None:
    answer = await shown(
        patient, account={"SoDienThoai": "0900000001"}, known={"nxnMucDichSuDung": "Kết hôn"}
    )
    refused = evidence_of(answer, "population")
    changed = await decided(patient, answer, refused)
    assert refused not in changed["evidence"]
    for key, before in answer["fields"].items():
        after = changed["fields"][key]
        if before["evidence"] == refused:
            assert (after["state"], after["value"]) == ("empty", None)
            assert after["reason"] == {"code": "evidence_refused"}
        else:
            assert after == before
    assert changed["form"]["nxnMucDichSuDung"] == "Kết hôn"
    before, after = ({one["code"]: one for one in each["papers"]} for each in (answer, changed))
    assert before["id_and_residence"]["state"] == "replaced"
    assert after["id_and_residence"]["state"] == "required"
    assert after["id_and_residence"]["reason"] == {"code": "evidence_refused"}
    assert after["id_and_residence"]["advice"]["vi"]
    assert changed["saved"]["fields"] < answer["saved"]["fields"]
    who, text = patient.subject("facts_example"), json.dumps(changed, ensure_ascii=False)
    assert who["personal_id"] not in text
    assert who["full_name"] not in text


@on_session
async def test_paper_that_does_not_apply_because_of_refused_evidence_is_required(patient: House) -> None:
    answer = await shown(patient)
    before = {one["code"]: one for one in answer["papers"]}
    assert before["divorce_or_death_paper"]["state"] == "not_applicable"
    # that she is not divorced is what the population database says
    refused = evidence_of(answer, "population")
    assert answer["preview"]["papers"][refused] == ["divorce_or_death_paper", "id_and_residence"]
    changed = await decided(patient, answer, refused)
    after = {one["code"]: one for one in changed["papers"]}
    assert after["divorce_or_death_paper"]["state"] == "required"
    # what rests on another source stays as it was; that she lives is what the civil register says, too
    answer = await shown(patient)
    refused = evidence_of(answer, "civil_status")
    assert answer["preview"]["papers"][refused] == ["id_and_residence"]
    changed = await decided(patient, answer, refused)
    after = {one["code"]: one for one in changed["papers"]}
    assert after.pop("id_and_residence")["reason"] == {"code": "evidence_refused"}
    assert after == {code: one for code, one in before.items() if code in after}


@on_session
async def test_decision_is_a_record_that_names_evidence_and_digests_what_is_left(patient: House) -> None:
    answer = await shown(patient)
    refused = evidence_of(answer, "civil_status")
    changed = await decided(patient, answer, refused)
    record = records(patient)[-1]
    outcome = [one for one in records(patient) if one["exchange"] == answer["exchange_id"]][1]
    assert (record["phase"], record["result"]) == ("consent", "decision")
    for word in ("exchange", "requester", "procedure", "purpose", "subjects", "official", "agency"):
        assert record[word] == outcome[word], word
    assert record["notes"]["refused"] == refused
    emptied = [key for key, one in answer["fields"].items() if one["evidence"] == refused]
    assert record["notes"]["emptied"].split() == emptied
    assert set(record["fields"]) == set(outcome["fields"]) - set(emptied)
    assert changed["receipt"]["leaf_hash"] != answer["receipt"]["leaf_hash"]
    assert changed["decision"]["refused"] == [refused]


@on_session
async def test_answer_is_signed_after_the_decision_and_without_what_was_refused(patient: House) -> None:
    answer = await shown(patient, passport="sd-jwt")
    refused = evidence_of(answer, "population")
    changed = await decided(patient, answer, refused)
    claims = verified(changed["passport"], await keys(patient))
    assert refused not in claims["evidence"]
    assert claims["fields"]
    assert claims["receipt"] == changed["receipt"]
    assert {one["evidence"] for one in claims["fields"].values()}.isdisjoint({refused})
    assert set(claims["fields"]) == {
        key for key, one in changed["fields"].items() if one["state"] == "filled"
    }


@on_session
async def test_decision_is_final_and_only_the_requester_takes_it(patient: House) -> None:
    answer = await shown(patient, passport="sd-jwt")
    status, problem = await patient.post("/v1/prefill/decision", body(answer), "one_gate")
    assert (status, problem["code"]) == (404, "decision_unknown")
    refused = evidence_of(answer, "civil_status")
    changed = await decided(patient, answer, refused)
    # the same decision, in whatever order, gets the same answer; another one gets a conflict, and no value
    again = body(answer, refused)
    again["accepted"].reverse()
    before = len(records(patient))
    assert await patient.post("/v1/prefill/decision", again) == (200, changed)
    status, conflict = await patient.post("/v1/prefill/decision", body(answer))
    assert (status, conflict["code"]) == (409, "decision_taken")
    assert "another decision" in conflict["detail"]
    assert len(records(patient)) == before
    unknown = {**body(answer), "exchange_id": "01KB0000000000000000000000"}
    status, other = await patient.post("/v1/prefill/decision", unknown)
    status, foreign = await patient.post("/v1/prefill/decision", body(answer), "one_gate")
    # to another requester: whose it is, whether it was, and whether it is over, look the same
    assert {one.pop("exchange_id") for one in (problem, foreign, other)}
    assert problem == foreign == other


@on_session
async def test_of_decisions_at_the_same_time_one_is_taken_and_the_others_conflict(patient: House) -> None:
    for _ in range(3):
        answer = await shown(patient, passport="sd-jwt")
        bodies = [body(answer, *(list(answer["evidence"]) if number % 2 else [])) for number in range(8)]
        headers = {"Authorization": f"Bearer {await patient.token()}"}

        async def decide(asked: dict[str, Any], headers: dict[str, str] = headers) -> tuple[int, Any]:
            url = f"{patient.url}/v1/prefill/decision"
            async with patient.session.post(url, json=asked, headers=headers) as response:
                return response.status, await response.json(content_type=None)

        answers = await asyncio.gather(*(decide(one) for one in bodies))
        given = [one for status, one in answers if status == 200]
        assert given
        assert all(one == given[0] for one in given)
        assert {(status, one["code"]) for status, one in answers if status != 200} == {
            (409, "decision_taken")
        }
        kept = [one for one in records(patient) if one["exchange"] == answer["exchange_id"]]
        assert [one["result"] for one in kept if one["phase"] == "consent"] == ["decision"]


@on_session
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"refused": ["e77"]}, "unknown_evidence"), ({"accepted": []}, "undecided"),
        ({"refused": ["e1"]}, "decided_twice"),
        ({"refused": ["x"]}, "unprocessable"), ({"exchange_id": "1"}, "unprocessable"),
    ],
)  # fmt: skip
async def test_decision_that_is_not_one_is_refused_and_changes_nothing(
    patient: House, change: dict[str, Any], code: str
) -> None:
    answer = await shown(patient)
    status, problem = await patient.post("/v1/prefill/decision", {**body(answer), **change})
    assert (status, problem["code"]) == (422, code), problem
    await decided(patient, answer)


@on_session
async def test_decision_waits_until_all_sources_have_answered(patient: House) -> None:
    await patient.misbehave("civil_status", "slow", seconds=0.6, times=1)
    answer = await shown(patient, deadline_ms=200)
    assert answer["pending"]
    status, problem = await patient.post("/v1/prefill/decision", body(answer))
    assert (status, problem["code"]) == (422, "still_pending")
    late: Any = {"pending": answer["pending"]}
    while late["pending"]:
        status, late = await patient.post("/v1/prefill/resume", {"pending": late["pending"]})
        assert status == 200, late
    assert late["preview"]["shown_to"] == "citizen"
    refused = evidence_of(late, "civil_status")
    changed = await decided(patient, late, refused)
    assert refused not in changed["evidence"]


async def test_no_decision_leaves_without_its_record(make_house: Callable[..., Any]) -> None:
    async with make_house() as house:
        answer = await shown(house)
        with contextlib.closing(
            sqlite3.connect(next(house.state.glob("*.db")), isolation_level=None)
        ) as other:
            other.execute("ALTER TABLE append_log RENAME TO away")
            status, problem = await house.post("/v1/prefill/decision", body(answer))
            assert (status, problem["code"]) == (503, "log_unavailable")
            other.execute("ALTER TABLE away RENAME TO append_log")
        await decided(house, answer, *answer["evidence"])


async def attested(house: House, answer: Any, form: Any) -> tuple[int, Any]:
    """What attest says once the records have their places in the log."""
    asked = {"exchange_id": answer["exchange_id"], "form": form}
    for _ in range(150):
        status, told = await house.post("/v1/attest", asked)
        if status != 404:
            break
        await asyncio.sleep(0.1)
    return status, told


@on_session
async def test_attest_knows_what_was_refused_and_waits_for_the_decision(patient: House) -> None:
    answer = await shown(patient)
    refused = evidence_of(answer, "population")
    status, told = await attested(patient, answer, answer["form"])
    assert (status, told["code"]) == (422, "undecided")
    changed = await decided(patient, answer, refused)
    for _ in range(150):
        status, told = await attested(patient, answer, answer["form"])
        if status == 200:
            break
        await asyncio.sleep(0.1)
    assert status == 200, told
    states = {key: one["state"] for key, one in told["fields"].items()}
    left = [key for key, one in changed["fields"].items() if one["state"] == "filled"]
    emptied = [
        key
        for key, one in changed["fields"].items()
        if (one.get("reason") or {}).get("code") == "evidence_refused"
    ]
    assert {states[key] for key in left} == {"unchanged"}
    # what he refused is no evidence any more: written into the form all the same, it is his own word
    assert {states[key] for key in emptied if key in states} == {"unknown_field"}


async def kept_phone(house: House, trait: str, phone: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A request of somebody whose telephone number is kept, and the consent to it."""
    ask = residence(house, trait)
    first = (await house.post("/v1/prefill", ask))[1]
    got = await given(house, house.subject(trait))
    form = {**first["form"], "soDienThoai": phone, "email": EMAIL}
    kept = {"exchange_id": first["exchange_id"], "form": form, "keep": True, "consent": got["consent"]}
    status, told = await attested(house, first, form)
    assert status == 200, told
    status, told = await house.post("/v1/attest", kept)
    assert (status, set(told["kept"])) == (200, {"phone", "email"})
    return {**ask, "official": new_official()}, got


@on_session
async def test_refusing_what_was_kept_erases_it_and_other_forms_have_it_no_more(patient: House) -> None:
    ask, got = await kept_phone(patient, "grandparent", PHONE)
    again = await given(patient, patient.subject("grandparent"))
    first = (await patient.post("/v1/prefill", ask))[1]
    form = {**first["form"], "soDienThoai": "0900417299"}
    twice = {"exchange_id": first["exchange_id"], "form": form, "keep": True, "consent": again["consent"]}
    assert (await attested(patient, first, form))[0] == 200
    assert (await patient.post("/v1/attest", twice))[0] == 200  # one number under each consent
    answer = (await patient.post("/v1/prefill", {**ask, "preview": True, "passport": "sd-jwt"}))[1]
    own = evidence_of(answer, "own_data")
    changed = await decided(patient, answer, own)
    assert changed["fields"]["soDienThoai"]["value"] is None
    assert "soDienThoai" not in verified(changed["passport"], await keys(patient))["fields"]
    assert records(patient)[-1]["notes"]["erased"] == "email phone"
    third = (await patient.post("/v1/prefill", {**ask, "official": new_official()}))[1]
    assert third["fields"]["soDienThoai"]["value"] is None
    assert third["fields"]["email"]["value"] is None
    with contextlib.closing(sqlite3.connect(patient.state / "consents.sqlite")) as connection:
        text = "SELECT count(*) FROM own_data WHERE consent IN (?, ?)"
        assert connection.execute(text, (got["consent"], again["consent"])).fetchone() == (0,)
    # the consent itself stands: what he gives anew is kept again
    assert (await patient.post("/v1/attest", twice))[1]["kept"].keys() == {"phone", "email"}
    for one in (got, again):
        await patient.post("/v1/consents/withdraw", {"consent": one["consent"]})


@on_session
@pytest.mark.parametrize(("kept", "erased"), [(PHONE, "phone"), ("0900417288", None)])
async def test_refusing_a_value_erases_its_copy_and_leaves_a_word_of_his_own(
    patient: House, kept: str, erased: str | None
) -> None:
    """The claim of the account is refused; what was kept of it goes, another number that he gave himself stays."""
    ask, got = await kept_phone(patient, "divorced", kept)
    asked = {**ask, "preview": True, "account": {"SoDienThoai": PHONE}}
    answer = (await patient.post("/v1/prefill", asked))[1]
    claim = answer["fields"]["soDienThoai"]["evidence"]
    assert answer["evidence"][claim]["source"] == "account"
    await decided(patient, answer, claim)
    assert records(patient)[-1]["notes"].get("erased") == erased
    after = (await patient.post("/v1/prefill", {**ask, "official": new_official()}))[1]
    assert after["fields"]["soDienThoai"]["value"] == (None if erased else kept)
    assert after["fields"]["email"]["value"] == EMAIL
    await patient.post("/v1/consents/withdraw", {"consent": got["consent"]})


async def test_what_waits_to_be_fetched_or_decided_is_over_after_its_time(
    make_house: Callable[..., Any],
) -> None:
    async with make_house(gateway__prefill__pending_seconds="1") as house:
        await house.misbehave("civil_status", "slow", seconds=0.4, times=1)
        late = await shown(house, preview=False, deadline_ms=100)
        answer = await shown(house)
        asked = {"pending": late["pending"]}
        assert (await house.post("/v1/prefill/resume", asked))[0] == 200
        await asyncio.sleep(1.8)
        for path, sent in (("/v1/prefill/resume", asked), ("/v1/prefill/decision", body(answer))):
            assert (await house.post(path, sent))[0] == 404
