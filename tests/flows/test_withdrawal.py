"""What a consent carries, and no more: nobody else's data, and nothing once it is withdrawn, wherever it waits."""

import asyncio
import contextlib
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio

from tests.api.office import fits
from tests.flows.conftest import ROOT, House, build, new_official, on_session, proposed
from tests.flows.sd_jwt import verified
from tests.flows.test_consents import EMAIL, PHONE, attested, given, residence
from tests.flows.test_doors import signed_in
from tests.flows.test_records import records
from tests.flows.test_signed_answers import keys

POPULATION, LICENCE = "population.TraCuuThongTinCongDan", "driving_licence.traCuu"
HEALTH = "health.khamSucKhoeLaiXe"
#: a field whose first source is blank, so that the second one is asked once the first has answered
_LATER = (
    "from: applicant:driving_licence.number, else: input",
    "from: applicant:person.life_status, else: [applicant:driver_health_check.conclusion, input]",
)
HEAD = ["household_head.full_name", "household_head.personal_id", "household_head.relation"]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("withdrawal")
    for name in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / name, folder / name)
    mapping = folder / "mappings" / "procedures" / "1.002809.yaml"
    text = mapping.read_text("utf-8")
    assert _LATER[0] in text
    mapping.write_text(text.replace(*_LATER), "utf-8")
    overrides = {"agreements.portal.consent": "required"}
    overrides |= {
        f"sources.{name}.limits.breaker_failures": "1000000" for name in ("population", "driving_licence")
    }
    async with build(folder / "state", overrides, folder) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def lender(opened: House) -> AsyncIterator[House]:
    """A house whose portal asks on the ground of consent, its sources well again afterwards."""
    yield opened
    async with opened.session.delete(f"{opened.control}/misbehave") as response:
        assert response.status == 204


async def living(house: House, who: dict[str, Any]) -> str:
    """A consent to all that the form of residence asks for."""
    names = ["personal_id", "full_name", "birth_date", "gender", *HEAD]
    got = await given(house, who, purpose="residence_registration", attributes={POPULATION: names})
    return str(got["consent"])


def about(answer: Any, role: str) -> dict[str, Any]:
    return next(one for one in answer["sources"] if one["subject"] == role)


@on_session
async def test_nobody_is_asked_about_a_head_of_household_whom_the_consent_does_not_cover(
    lender: House,
) -> None:
    who, head = lender.persona("driver"), lender.persona("household_head")
    ask = residence(lender, "driver")
    before, known = await lender.calls(), len(records(lender))
    status, answer = await lender.post("/v1/prefill", {**ask, "consent": await living(lender, who)})
    assert status == 200, answer
    asked = {name: count - before.get(name, 0) for name, count in (await lender.calls()).items()}
    assert sum(count for name, count in asked.items() if name.startswith("population")) == 1
    told = about(answer, "household_head")
    assert (told["outcome"], told["reason"], told["rule"]) == ("refused", "consent_missing", "consent:portal")
    # what her own record says of the head is hers to give
    assert answer["fields"]["chuHo.soDinhDanh"]["attribute"] == "person.household_head.personal_id"
    assert proposed(answer, "chuHo")["chuHo.soDinhDanh"] == [head["personal_id"]]
    kept = [one for one in records(lender)[known:] if one["exchange"] == answer["exchange_id"]]
    assert [one["phase"] for one in kept] == ["intent", "outcome"]
    assert "household_head" not in {call["role"] for call in kept[1]["calls"]}
    assert kept[1]["notes"]["withheld"] == "e3"
    assert "e3" not in answer["evidence"]


@on_session
async def test_field_that_only_the_uncovered_person_s_record_fills_is_withheld_by_the_rule(
    lender: House,
) -> None:
    who, ask = lender.persona("driver"), residence(lender, "driver")
    names = ["full_name", "personal_id", "household_head.personal_id"]
    got = await given(lender, who, purpose="residence_registration", attributes={POPULATION: names})
    _, answer = await lender.post("/v1/prefill", {**ask, "consent": got["consent"]})
    field = answer["fields"]["chuHo.hoTen"]
    assert (field["state"], field["value"]) == ("withheld", None)
    assert field["reason"] == {"code": "consent_missing", "source": "population", "rule": "consent:portal"}
    _, told = await lender.post("/v1/explain", {**ask, "consent": got["consent"]})
    fits("Explanation", told)
    entry = told["fields"]["chuHo.hoTen"]
    assert (entry["state"], entry["rule"]) == ("depends", "consent:portal")
    assert "another ground" in entry["remedy"]
    assert about(told, "household_head")["when_found"]["code"] == "consent_missing"
    assert about(told, "applicant")["when_found"] is None
    assert told["fields"]["hoTen"]["state"] == "asked"


@on_session
async def test_applicant_who_is_the_head_himself_is_covered_by_his_own_consent(lender: House) -> None:
    who, ask = lender.persona("household_head"), residence(lender, "household_head")
    status, answer = await lender.post("/v1/prefill", {**ask, "consent": await living(lender, who)})
    assert status == 200
    assert about(answer, "household_head")["outcome"] == "found"
    assert answer["fields"]["chuHo.hoTen"]["attribute"] == "person.full_name"


async def test_person_who_is_found_on_the_way_is_counted_as_one_who_is_named(
    make_house: Callable[..., Any],
) -> None:
    async with make_house(**{"agreements.portal.quota.subject": "1/day"}) as house:
        head, ask = house.subject("household_head"), residence(house, "driver")
        subjects = {"requester": head, "person": {"same_as": "requester"}}
        await house.prefill("1.004873", subjects, official=new_official())
        status, answer = await house.post("/v1/prefill", ask)
        assert status == 200
        told = about(answer, "household_head")
        assert (told["outcome"], told["reason"]) == ("refused", "quota_exceeded")
        assert told["rule"] == "quota:portal:subject"


async def licence(house: House, who: dict[str, Any]) -> dict[str, Any]:
    """A request whose consent covers it; of its sources, health is asked when population has answered."""
    attributes = {
        POPULATION: ["full_name", "personal_id", "life_status"], LICENCE: ["number", "classes", "issued_on"],
        HEALTH: ["conclusion", "classes", "checked_on"],
    }  # fmt: skip
    got = await given(house, who, purpose="driving_licence", attributes=attributes)
    subject = house.subject("driver")
    body = {"procedure": "1.002809", "subjects": {"applicant": subject}, "official": new_official()}
    return {**body, "consent": got["consent"]}


def nothing(answer: Any, house: House) -> None:
    """No value of the person left."""
    who, text = house.persona("driver"), orjson.dumps(answer).decode()
    assert who["personal_id"] not in text
    assert who["full_name"] not in text
    assert {one["value"] for one in answer["fields"].values()} == {None}
    assert answer["evidence"] == {}
    assert answer["form"] == {}
    assert {one["state"] for one in answer["papers"]} == {"required"}


@on_session
async def test_withdrawal_while_sources_are_asked_lets_nothing_leave(lender: House) -> None:
    body = await licence(lender, lender.persona("driver"))
    await lender.misbehave("population", "slow", seconds=0.8)
    asking = asyncio.create_task(lender.post("/v1/prefill", {**body, "deadline_ms": 5000}))
    await asyncio.sleep(0.3)
    before = await lender.calls()
    assert (await lender.post("/v1/consents/withdraw", {"consent": body["consent"]}))[0] == 200
    status, answer = await asking
    assert status == 200
    nothing(answer, lender)
    assert await lender.calls() == before  # and nobody else was asked
    reasons = {key: one["reason"] for key, one in answer["fields"].items() if one["state"] == "withheld"}
    assert {"hoTen", "soGPLX"} <= reasons.keys()
    assert {one["rule"] for one in reasons.values()} == {f"consent:{body['consent']}"}
    outcome = [one for one in records(lender) if one["exchange"] == answer["exchange_id"]][-1]
    assert (outcome["phase"], outcome["fields"]) == ("outcome", {})
    assert outcome["notes"]["withheld"]


async def test_withdrawal_makes_nobody_a_person_about_whom_nothing_is_asked(tmp_path: Path) -> None:
    """An answer names the owner, for whom nobody acts, by that role; the applicant's account is the applicant's own."""
    overrides = {"agreements.portal.consent": "required", "agreements.portal.mandate": "proven"}
    async with build(tmp_path, overrides) as house:
        body, who = residence(house, "driver"), house.persona("driver")
        body["subjects"]["owner"] = house.subject("divorced")
        body |= {"consent": await living(house, who), "account": signed_in(who), "deadline_ms": 5000}
        await house.misbehave("population", "slow", seconds=0.8)
        asking = asyncio.create_task(house.post("/v1/prefill", body))
        await asyncio.sleep(0.3)
        assert (await house.post("/v1/consents/withdraw", {"consent": body["consent"]}))[0] == 200
        status, answer = await asking
        outcome = [one for one in records(house) if one["exchange"] == answer["exchange_id"]][-1]
    assert (status, answer["form"]["soDinhDanh"]) == (200, who["personal_id"])
    assert (about(answer, "applicant")["outcome"], about(answer, "owner")["outcome"]) == (
        "refused",
        "refused",
    )
    assert "named_in" not in outcome["notes"], outcome["notes"]


@on_session
@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("stream", [True, False])
async def test_late_answer_is_not_released_after_the_withdrawal(
    lender: House, early: bool, stream: bool
) -> None:
    """`early`: withdrawn before the late source answered, so that nothing of it is kept; else it lay ready."""
    body = await licence(lender, lender.persona("driver"))
    await lender.misbehave("driving_licence", "slow", seconds=0.8)
    answer = (await lender.post("/v1/prefill", {**body, "deadline_ms": 300, "passport": "sd-jwt"}))[1]
    assert answer["pending"]
    if not early:
        await settled(lender, answer["exchange_id"])
    assert (await lender.post("/v1/consents/withdraw", {"consent": body["consent"]}))[0] == 200
    for late in await (streamed if stream else resumed)(lender, answer["pending"]):
        nothing(late, lender)
        if late["passport"]:
            assert verified(late["passport"], await keys(lender))["fields"] == {}
    outcome = [one for one in records(lender) if one["exchange"] == answer["exchange_id"]][-1]
    assert (outcome["phase"], outcome["fields"]) == ("outcome", {})


async def settled(house: House, exchange: str) -> None:
    """Wait until the late answer is recorded, so that it lies ready."""
    for _ in range(200):
        found = [one for one in records(house) if one["exchange"] == exchange]
        if found[-1]["phase"] == "outcome" and found[-1]["notes"]["late"] is False:
            return
        await asyncio.sleep(0.02)
    pytest.fail("no late answer")


async def resumed(house: House, token: str) -> list[Any]:
    answers: list[Any] = []
    while not answers or answers[-1]["pending"]:
        status, late = await house.post("/v1/prefill/resume", {"pending": token})
        assert status == 200, late
        answers.append(late)
    return answers


async def streamed(house: House, token: str) -> list[Any]:
    headers = {"Authorization": f"Bearer {await house.token()}", "Accept": "text/event-stream"}
    path = f"{house.url}/v1/prefill/resume"
    async with house.session.post(path, json={"pending": token}, headers=headers) as response:
        events = (await response.text()).split("\n\n")
    said = [one.partition("data: ")[2] for one in events if one.startswith("event: late")]
    assert said
    return [orjson.loads(one) for one in said]


@contextlib.contextmanager
def _held_up(house: House) -> Iterator[None]:
    """While no record can be written."""
    path = next(house.state.glob("*.db"))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=5)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def withdrawn_elsewhere(house: House, consent: str) -> None:
    """What the withdrawal in another process leaves in the store."""
    with contextlib.closing(sqlite3.connect(house.state / "consents.sqlite", isolation_level=None)) as other:
        done = other.execute("UPDATE consents SET withdrawn = ? WHERE id = ?", (time.time(), consent))
        assert done.rowcount == 1


@on_session
async def test_withdrawal_while_the_outcome_is_recorded_lets_nothing_leave(lender: House) -> None:
    body = await licence(lender, lender.persona("driver"))
    await lender.misbehave("population", "slow", seconds=0.4)
    asking = asyncio.create_task(lender.post("/v1/prefill", {**body, "deadline_ms": 5000}))
    await asyncio.sleep(0.2)
    with _held_up(lender):
        await asyncio.sleep(0.6)  # the sources have answered, the consent was looked at, the record waits
        withdrawn_elsewhere(lender, body["consent"])
    status, answer = await asking
    assert status == 200, answer
    nothing(answer, lender)
    kept = [one for one in records(lender) if one["exchange"] == answer["exchange_id"]]
    assert [one["phase"] for one in kept] == ["intent", "outcome", "outcome"]
    assert (bool(kept[1]["fields"]), kept[2]["fields"]) == (True, {})


@on_session
async def test_outage_before_the_release_is_told_as_one_and_not_as_a_consent_that_is_missing(
    lender: House,
) -> None:
    body = await licence(lender, lender.persona("driver"))
    await lender.misbehave("population", "slow", seconds=0.8)
    asking = asyncio.create_task(lender.post("/v1/prefill", {**body, "deadline_ms": 5000}))
    await asyncio.sleep(0.4)
    store = sqlite3.connect(lender.state / "consents.sqlite", isolation_level=None, timeout=5)
    with contextlib.closing(store):
        store.execute("ALTER TABLE consents RENAME COLUMN withdrawn TO away")
        status, answer = await asking
        store.execute("ALTER TABLE consents RENAME COLUMN away TO withdrawn")
    assert status == 200, answer
    nothing(answer, lender)
    withheld = [one for one in answer["fields"].values() if one["state"] == "withheld"]
    assert {one["reason"]["code"] for one in withheld} == {"consents_unavailable"}
    assert {one["reason"]["rule"] for one in withheld} == {f"consent:{body['consent']}"}
    outcome = [one for one in records(lender) if one["exchange"] == answer["exchange_id"]][-1]
    assert outcome["notes"]["unsure"] == outcome["notes"]["withheld"]


@on_session
async def test_outage_when_a_late_answer_is_fetched_is_told_as_one_and_is_over_with_it(lender: House) -> None:
    body = await licence(lender, lender.persona("driver"))
    await lender.misbehave("driving_licence", "slow", seconds=0.6)
    late = (await lender.post("/v1/prefill", {**body, "deadline_ms": 200}))[1]
    token = late["pending"]
    while late["pending"]:
        late = (await lender.post("/v1/prefill/resume", {"pending": token}))[1]
    filled = {key for key, one in late["fields"].items() if one["state"] == "filled"}
    store = sqlite3.connect(lender.state / "consents.sqlite", isolation_level=None, timeout=5)
    with contextlib.closing(store):
        store.execute("ALTER TABLE consents RENAME COLUMN withdrawn TO away")
        answer = (await lender.post("/v1/prefill/resume", {"pending": token}))[1]
        store.execute("ALTER TABLE consents RENAME COLUMN away TO withdrawn")
    nothing(answer, lender)
    assert {answer["fields"][key]["reason"]["code"] for key in filled} == {"consents_unavailable"}
    outcome = [one for one in records(lender) if one["exchange"] == answer["exchange_id"]][-1]
    assert outcome["notes"]["unsure"]
    again = (await lender.post("/v1/prefill/resume", {"pending": token}))[1]
    assert {key for key, one in again["fields"].items() if one["state"] == "filled"} == filled


@on_session
async def test_withdrawal_while_the_decision_is_recorded_lets_nothing_leave(lender: House) -> None:
    body = await licence(lender, lender.persona("driver"))
    shown = (await lender.post("/v1/prefill", {**body, "preview": True, "passport": "sd-jwt"}))[1]
    choice = {"exchange_id": shown["exchange_id"], "accepted": list(shown["evidence"]), "refused": []}
    with _held_up(lender):
        deciding = asyncio.create_task(lender.post("/v1/prefill/decision", choice))
        await asyncio.sleep(0.4)
        withdrawn_elsewhere(lender, body["consent"])
    status, changed = await deciding
    assert status == 200, changed
    nothing(changed, lender)
    assert verified(changed["passport"], await keys(lender))["fields"] == {}


@on_session
async def test_predicate_is_not_told_when_its_consent_ends_while_the_source_is_asked(lender: House) -> None:
    who = lender.persona("driver")
    got = await given(lender, who, purpose="eligibility", attributes={POPULATION: ["birth_date"]})
    body = {
        "subject": lender.subject("driver"), "predicates": ["age_at_least:18"], "official": new_official(),
        "consent": got["consent"],
    }  # fmt: skip
    status, told = await lender.post("/v1/predicates", body)
    assert (status, told["predicates"]["age_at_least:18"]["answer"]) == (200, "yes")
    await lender.misbehave("population", "slow", seconds=0.8)
    asking = asyncio.create_task(lender.post("/v1/predicates", {**body, "official": new_official()}))
    await asyncio.sleep(0.3)
    await lender.post("/v1/consents/withdraw", {"consent": got["consent"]})
    status, told = await asking
    entry = told["predicates"]["age_at_least:18"]
    assert (status, entry["answer"]) == (200, "cannot_tell")
    assert entry["reason"] == {"code": "consent_missing"}


@on_session
async def test_withdrawal_takes_what_was_kept_under_it_and_leaves_what_stands_under_another_consent(
    patient: House,
) -> None:
    who, ask = patient.subject("remarried"), residence(patient, "remarried")
    first = (await patient.post("/v1/prefill", ask))[1]
    consents = []
    for key, name, said in (("soDienThoai", "phone", PHONE), ("email", "email", EMAIL)):
        got = await given(patient, who, attributes={"own_data.kept": [name]})
        body = {"exchange_id": first["exchange_id"], "form": {**first["form"], key: said}, "keep": True}
        assert (await attested(patient, {**body, "consent": got["consent"]}))["kept"].keys() == {name}
        consents.append(got["consent"])
    await patient.misbehave("population", "slow", seconds=0.8)
    asking = asyncio.create_task(patient.post("/v1/prefill", {**ask, "official": new_official()}))
    await asyncio.sleep(0.3)
    await patient.post("/v1/consents/withdraw", {"consent": consents[0]})
    answer = (await asking)[1]
    phone, email = (answer["fields"][key] for key in ("soDienThoai", "email"))
    assert (phone["state"], phone["value"]) == ("withheld", None)
    assert phone["reason"]["rule"] == f"consent:{consents[0]}"
    assert email["value"] == EMAIL
    assert answer["evidence"][email["evidence"]]["declared"].keys() == {"email"}
    assert PHONE not in orjson.dumps(answer).decode()
    await patient.post("/v1/consents/withdraw", {"consent": consents[1]})


@on_session
async def test_decision_after_the_withdrawal_gives_and_signs_no_value_that_was_kept(patient: House) -> None:
    who, ask = patient.subject("spouse_of_foreigner"), residence(patient, "spouse_of_foreigner")
    first = (await patient.post("/v1/prefill", ask))[1]
    got = await given(patient, who)
    form = {**first["form"], "soDienThoai": PHONE}
    await attested(patient, {
        "exchange_id": first["exchange_id"], "form": form, "keep": True, "consent": got["consent"],
    })  # fmt: skip
    shown = (await patient.post("/v1/prefill", {**ask, "preview": True, "passport": "sd-jwt"}))[1]
    own = shown["fields"]["soDienThoai"]["evidence"]
    assert shown["fields"]["soDienThoai"]["value"] == PHONE
    await patient.post("/v1/consents/withdraw", {"consent": got["consent"]})
    choice = {"exchange_id": shown["exchange_id"], "accepted": list(shown["evidence"]), "refused": []}
    status, changed = await patient.post("/v1/prefill/decision", choice)
    assert status == 200, changed
    assert PHONE not in orjson.dumps(changed).decode()
    field = changed["fields"]["soDienThoai"]
    assert (field["state"], field["reason"]["rule"]) == ("withheld", f"consent:{got['consent']}")
    claims = verified(changed["passport"], await keys(patient))
    assert "soDienThoai" not in claims["fields"]
    assert claims["fields"]["ngaySinh"]["value"] == shown["form"]["ngaySinh"]
    record = records(patient)[-1]
    assert (record["result"], record["notes"]["withheld"]) == ("decision", own)
    assert "soDienThoai" not in record["fields"]
