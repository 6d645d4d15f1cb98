"""Access at the real door: harvests, dossiers, quotas, consent, and what is explained. Threats T1 and T3."""

import asyncio
import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.dates import legal_day
from tests.config.test_broken_files import replace
from tests.flows.conftest import ROOT, House, build, new_official, on_session, without_insurance
from tests.flows.test_records import records
from tests.typed import motlan

PARCEL = {"commune": "11953", "sheet": "12", "number": "345"}
LAND = "1.012753"
DOSSIER = "H31.14-261120-0001"


def land(house: House, **more: Any) -> dict[str, Any]:
    who = {key: house.persona("facts_example")[key] for key in ("personal_id", "full_name", "birth_date")}
    return {
        "procedure": LAND,
        "subjects": {"user": who, "parcel": PARCEL},
        "official": new_official(),
        **more,
    }


def marital(house: House, **more: Any) -> dict[str, Any]:
    subjects = {"requester": house.subject("facts_example"), "person": {"same_as": "requester"}}
    return {"procedure": "1.004873", "subjects": subjects, "official": new_official(), **more}


def since(house: House, before: int) -> list[dict[str, Any]]:
    """Records after the first `before`, but those with which an exchange ends that began earlier."""
    kept = records(house)
    begun = {one["exchange"] for one in kept[:before]}
    return [one for one in kept[before:] if one["phase"] != "configuration" and one["exchange"] not in begun]


async def ask_about_many(
    house: House, count: int, named: Callable[[], dict[str, str]]
) -> list[tuple[int, Any]]:
    """Requests about so many people without a dossier, each in the name of the official whom `named` gives."""
    headers = {"Authorization": f"Bearer {await house.token('one_gate')}"}

    async def ask(number: int) -> tuple[int, Any]:
        who = {
            "personal_id": f"033195{number * 7919 % 999_983:06}",
            "full_name": "Người Lạ",
            "birth_date": "1995",
        }
        body = {**land(house), "official": named(), "subjects": {"user": who, "parcel": PARCEL}}
        async with house.session.post(f"{house.url}/v1/prefill", json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    return await asyncio.gather(*(ask(number) for number in range(1, count + 1)))


async def test_harvest_without_a_living_dossier_is_refused_recorded_and_told_once(
    make_house: Callable[..., Any],
) -> None:
    """T1: 100 ids, 100 refusals, 100 records, 0 calls to providers, one alert for official and requester each."""
    async with make_house() as house:
        official = new_official()
        before, calls = len(records(house)), await house.calls()
        answers = await ask_about_many(house, 100, lambda: official)
        assert {(status, one["code"], one["rule"]) for status, one in answers} == {
            (403, "dossier_missing", "dossier:one_gate_land")
        }
        assert await house.calls() == calls
        kept = since(house, before)
        alerts = [one for one in kept if one["notes"].get("alert")]
        refused = [one for one in kept if not one["notes"].get("alert")]
        assert {one["exchange"] for one in refused} == {one["exchange_id"] for _, one in answers}
        assert [(one["phase"], one["result"]) for one in refused] == [("refusal", "dossier_missing")] * 100
        assert {one["rules"][0] for one in alerts} == {"unusual:refusals", "unusual:requester_refusals"}
        assert [(one["result"], one["requester"], one["notes"]["count"]) for one in alerts] == [
            ("unusual_volume", "one_gate", 51)
        ] * 2
        assert all(one["official"] for one in alerts)
        async with house.session.get(f"{house.admin}/metrics") as answer:
            metrics = await answer.text()
        assert 'motlan_alarms_total{kind="unusual_refusals"}' in metrics
        assert 'motlan_alarms_total{kind="unusual_requester_refusals"}' in metrics


async def test_harvest_in_ever_other_officials_names_is_told_of_its_requester(
    make_house: Callable[..., Any],
) -> None:
    async with make_house() as house:
        before = len(records(house))
        answers = await ask_about_many(house, 60, new_official)
        assert {status for status, _ in answers} == {403}
        alerts = [one for one in since(house, before) if one["notes"].get("alert")]
        assert [(one["rules"], one["requester"], one["notes"]["count"]) for one in alerts] == [
            (["unusual:requester_refusals"], "one_gate", 51)
        ]


@on_session
@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"dossier": DOSSIER}, 200, None),
        ({"dossier": "H31-QG-0001"}, 200, None),
        ({"dossier": "H30.14-260105-0007"}, 403, "dossier_not_allowed"),
        ({"dossier": DOSSIER, "official": None}, 403, "official_not_named"),
        ({"dossier": DOSSIER, "purpose": "construction_permit"}, 403, "purpose_not_allowed"),
    ],
)
async def test_dossier_official_and_purpose_decide_before_anybody_is_asked(
    shared_house: House, more: dict[str, Any], status: int, code: str | None
) -> None:
    calls = await shared_house.calls()
    answered, answer = await shared_house.post("/v1/prefill", land(shared_house, **more), client="one_gate")
    assert (answered, answer.get("code")) == (status, code), answer
    assert (await shared_house.calls() == calls) == (status == 403)


PROVINCE, NEXT_DOOR = "000.00.00.H31", "000.00.15.H31"


@on_session
async def test_official_of_an_agency_that_is_not_the_requesters_is_refused_before_anybody_is_asked(
    shared_house: House,
) -> None:
    house = shared_house
    before, calls = len(records(house)), await house.calls()
    foreign = {**new_official(), "agency": PROVINCE}
    for path, body in (
        ("/v1/prefill", marital(house, official=foreign)),
        (
            "/v1/predicates",
            {"subject": house.subject("facts_example"), "predicates": ["alive"], "official": foreign},
        ),
    ):
        status, problem = await house.post(path, body)
        assert (status, problem["code"], problem["rule"]) == (403, "agency_not_allowed", "requester:agency")
    assert await house.calls() == calls
    assert [(one["phase"], one["agency"], one["rules"]) for one in since(house, before)] == [
        ("refusal", PROVINCE, ["requester:agency"])
    ] * 2
    told = (await house.post("/v1/explain", marital(house, official=foreign)))[1]["denied"]
    assert "'agencies' in config/requesters" in told["remedy"]


async def test_requester_of_the_province_may_name_any_official_of_it(make_house: Callable[..., Any]) -> None:
    async with make_house(**{"requesters.portal.agency": PROVINCE}) as house:
        for agency in (PROVINCE, NEXT_DOOR):
            await house.prefill(**marital(house, official={**new_official(), "agency": agency}))


async def test_explanation_says_what_is_withheld_by_which_rule_and_asks_nobody(tmp_path: Path) -> None:
    async with build(tmp_path / "state", {}, without_insurance(tmp_path / "root")) as house:
        await explained(house)


async def explained(house: House) -> None:
    before, calls = len(records(house)), await house.calls()
    subjects = {"applicant": house.subject("pensioner")}
    body = {"procedure": "1.014027", "subjects": subjects, "official": new_official()}
    status, told = await house.post("/v1/explain", body, client="one_gate")
    assert status == 200
    assert await house.calls() == calls
    [record] = since(house, before)
    assert (record["phase"], record["notes"]["operation"], record["rules"]) == (
        "lookup",
        "explain",
        ["agreement:one_gate", "official:one_gate"],
    )
    assert (record["subjects"], record["official"], record["sealed"]) == ({}, "", "")
    assert all(one["when_found"] is None for one in told["sources"])
    filled = await house.post("/v1/prefill", body, client="one_gate")
    fields = filled[1]["fields"]
    withheld = {name for name, one in told["fields"].items() if one["state"] == "withheld"}
    assert withheld == {name for name, one in fields.items() if one["state"] == "withheld"} != set()
    for name in withheld:
        assert told["fields"][name]["rule"] == fields[name]["reason"]["rule"]
        assert told["fields"][name]["remedy"].startswith("agree on ")
    asked = {(one["source"], one["data_service"], one["subject"]) for one in told["sources"]}
    assert {(one["source"], one["data_service"], one["subject"]) for one in filled[1]["sources"]} <= asked


@on_session
async def test_explanation_of_a_refusal_says_what_would_change_it(shared_house: House) -> None:
    status, told = await shared_house.post("/v1/explain", land(shared_house), client="one_gate")
    assert (status, told["allowed"], told["sources"]) == (200, False, [])
    assert (told["denied"]["rule"], told["denied"]["code"]) == ("dossier:one_gate_land", "dossier_missing")
    assert "`dossier`" in told["denied"]["remedy"]
    assert {(one["state"], one["rule"]) for one in told["fields"].values()} == {
        ("withheld", "dossier:one_gate_land"), ("citizen", "")
    }  # fmt: skip
    assert {one["state"] for one in told["papers"]} <= {"required", "digital_only"}
    _, again = await shared_house.post("/v1/explain", land(shared_house, dossier=DOSSIER), client="one_gate")
    assert again["allowed"]
    assert again["fields"]["AHoVaTen2"]["rule"] == "agreement:one_gate_land"


@on_session
async def test_explanation_names_every_rule_that_refuses_and_its_remedy(shared_house: House) -> None:
    body = land(shared_house, dossier="K99.14-260105-0007")
    body.pop("official")
    _, told = await shared_house.post("/v1/explain", body, client="one_gate")
    assert not told["allowed"]
    named = {one["rule"]: one["remedy"] for one in told["passed_over"]}
    assert {"official:one_gate_land", "dossier:one_gate_land"} <= set(named)
    assert told["denied"]["rule"] in named
    assert "name the official" in named["official:one_gate_land"]
    # a purpose of another procedure does not hide what the agreements want beside it
    _, told = await shared_house.post(
        "/v1/explain", {**body, "purpose": "driving_licence"}, client="one_gate"
    )
    rules = [one["rule"] for one in told["passed_over"]]
    assert rules[0] == told["denied"]["rule"] == "purpose:driving_licence"
    assert {"official:one_gate_land", "dossier:one_gate_land"} <= set(rules)
    # neither does an official of somebody else
    _, told = await shared_house.post(
        "/v1/explain", marital(shared_house, official={**new_official(), "agency": PROVINCE})
    )
    assert [one["rule"] for one in told["passed_over"]] == ["requester:agency"]


@on_session
async def test_paper_that_explanation_calls_replaceable_is_what_data_replace(shared_house: House) -> None:
    _, told = await shared_house.post("/v1/explain", marital(shared_house))
    answer = await shared_house.prefill(**marital(shared_house))
    possible = {one["code"] for one in told["papers"] if one["state"] == "replaceable"}
    assert (
        {one["code"] for one in answer["papers"] if one["state"] in ("replaced", "reusable")}
        <= possible
        != set()
    )


@on_session
async def test_explain_command_prints_a_table_and_exits_by_the_answer(
    shared_house: House, tmp_path: Path
) -> None:
    house, body = shared_house, land(shared_house)
    ready = tmp_path / "ready.json"
    ready.write_text(json.dumps({"gateway": house.url, "clients": house.clients}), "utf-8")
    files = []
    for role, one in body["subjects"].items():
        file = tmp_path / f"{role}.json"
        file.write_text(json.dumps(one), "utf-8")
        files += ["--subject", f"{role}={file}"]
    words = ("explain", LAND, "--ready-file", str(ready), "--client-id", "one_gate", *files)
    (tmp_path / "official.json").write_text(json.dumps(body["official"]), "utf-8")
    named = ("--official", str(tmp_path / "official.json"))
    said = await asyncio.to_thread(motlan, *words, *named)
    assert said.code == 1, said.err
    assert "dossier:one_gate_land" in said.out
    assert "remedy: give its code in `dossier`" in said.out
    good = await asyncio.to_thread(motlan, *words, *named, "--dossier", DOSSIER, "--json")
    assert good.code == 0, good.err
    assert json.loads(good.out)["fields"]["AHoVaTen2"]["state"] == "asked"
    assert body["subjects"]["user"]["personal_id"] not in said.out + good.out


@on_session
async def test_no_source_is_asked_for_more_than_the_form_needs(shared_house: House) -> None:
    """T3: names outside the form are refused; what leaves for a narrowed form is what its fields need."""
    house = shared_house
    status, _ = await house.post("/v1/prefill", marital(house, fields=["nxnHoTen", "religion"]))
    assert status == 422
    before = len(records(house))
    await house.prefill(**marital(house, fields=["nxnHoTen"]))
    asked = {name for one in since(house, before) for call in one["calls"] for name in call["attributes"]}
    assert asked <= {"full_name", "personal_id", "birth_date"}


async def test_unusual_volume_in_one_official_s_name_is_throttled_and_told_once(
    make_house: Callable[..., Any],
) -> None:
    async with make_house(**{"gateway.policy.exchanges": "3/hour"}) as house:
        official = new_official()
        body = {**marital(house), "official": official}
        for _ in range(3):
            await house.prefill(**body)
        calls, before = await house.calls(), len(records(house))
        headers = {"Authorization": f"Bearer {await house.token()}"}
        async with house.session.post(f"{house.url}/v1/prefill", json=body, headers=headers) as answer:
            problem = await answer.json()
            waiting = int(answer.headers["Retry-After"])
        assert (answer.status, problem["code"], problem["rule"]) == (
            429,
            "unusual_volume",
            "unusual:exchanges",
        )
        assert 1 <= waiting == problem["retry_after"] <= 3_600
        again, _ = await house.post("/v1/prefill", body)
        assert again == 429
        assert await house.calls() == calls
        kept = since(house, before)
        assert [bool(one["notes"].get("alert")) for one in kept] == [False, True, False]
        await house.prefill(**marital(house))


@pytest.mark.parametrize("official", [None, "another each time"])
async def test_unusual_volume_of_a_requester_is_throttled_whomever_it_names(
    make_house: Callable[..., Any], official: str | None
) -> None:
    async with make_house(**{"gateway.policy.requester_exchanges": "3/hour"}) as house:

        def body() -> dict[str, Any]:
            return {**marital(house), **({} if official else {"official": None})}

        for _ in range(3):
            await house.prefill(**body())
        calls, before = await house.calls(), len(records(house))
        status, problem = await house.post("/v1/prefill", body())
        assert (status, problem["code"], problem["rule"]) == (
            429,
            "unusual_volume",
            "unusual:requester_exchanges",
        )
        assert await house.calls() == calls
        assert [bool(one["notes"].get("alert")) for one in since(house, before)] == [False, True]


def coded(days_ago: int, number: str = "0007") -> str:
    return f"H31.14-{legal_day(datetime.now(UTC)) - timedelta(days=days_ago):%y%m%d}-{number}"


async def test_dossier_whose_age_is_wanted_and_cannot_be_read_opens_nothing(
    make_house: Callable[..., Any],
) -> None:
    async with make_house(**{"agreements.one_gate_land.dossier.days": "30"}) as house:
        calls = await house.calls()
        for code, said in (
            (coded(300), "dossier_not_alive"),
            (coded(-2), "dossier_not_alive"),
            (f"{coded(300)}-1", "dossier_not_dated"),
            (coded(300, "00071234"), "dossier_not_dated"),
            ("H31.x", "dossier_not_dated"),
            ("H31-QG-0001", "dossier_not_dated"),
        ):
            status, problem = await house.post("/v1/prefill", land(house, dossier=code), client="one_gate")
            assert (status, problem.get("code")) == (403, said), code
        assert await house.calls() == calls
        told = (await house.post("/v1/explain", land(house, dossier="H31.x"), client="one_gate"))[1]["denied"]
        assert "last 30 days" in told["detail"]
        assert "H31.14-260105-0007" in told["remedy"]
        assert (await house.post("/v1/prefill", land(house, dossier=coded(3)), client="one_gate"))[0] == 200


async def test_quota_of_an_agreement_is_answered_with_429_and_recorded(
    make_house: Callable[..., Any],
) -> None:
    async with make_house(**{"agreements.portal.quota.subject": "2/day"}) as house:
        for _ in range(2):
            await house.prefill(**marital(house))
        told = (await house.post("/v1/explain", marital(house)))[1]
        assert told["allowed"]
        assert told["not_looked_at"] == ["quota_exceeded", "unusual_volume"]
        assert {"quota:portal:subject", "unusual:exchanges"} <= {one["rule"] for one in told["limits"]}
        before = len(records(house))
        status, problem = await house.post("/v1/prefill", marital(house))
        assert (status, problem["code"], problem["rule"]) == (429, "quota_exceeded", "quota:portal:subject")
        assert [one["result"] for one in since(house, before)] == ["quota_exceeded"]
        other = {"requester": house.subject("divorced"), "person": {"same_as": "requester"}}
        assert (await house.post("/v1/prefill", {**marital(house), "subjects": other}))[0] == 200


async def test_quota_of_a_person_counts_look_ups_by_every_number(make_house: Callable[..., Any]) -> None:
    async with make_house(**{"agreements.portal.quota.subject": "2/day"}) as house:
        whole = next(one for one in house.personas if one.get("old_id") and one.get("personal_id"))
        shared = {word: whole[word] for word in ("full_name", "birth_date")}
        filled = []
        for number in ("old_id", "personal_id", "old_id"):
            who = {number: whole[number], **shared}
            answer = await house.prefill("9.000001", {"applicant": who}, official=new_official())
            filled.append({one["value"] for one in answer["fields"].values()} - {None})
    assert filled[0]
    assert filled[1]
    assert not filled[2]
    assert "quota_exceeded" in {one.get("reason") for one in answer["sources"]}, answer["sources"]


ONCE = {"agreements.one_gate.quota.requester": "1/day"}


def arranged(folder: Path, agreements: str, *, divided: bool = False) -> Path:
    """A project whose portal has these agreements; `divided`: its own lacks the extract of civil status."""
    for room in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / room, folder / room)
    replace(folder, "config/requesters/portal.yaml", "[portal]", agreements)
    if divided:
        own = (folder / "config/agreements/portal.yaml").read_text("utf-8")
        [agreed] = re.findall(r"^  civil_status\.trichLuc:\n.*\n", own, flags=re.MULTILINE)
        replace(folder, "config/agreements/portal.yaml", agreed, "")
    return folder


@pytest.mark.parametrize("agreements", ["[portal, one_gate]", "[one_gate, portal]"])
async def test_second_agreement_with_a_quota_takes_nothing_from_the_first(
    tmp_path: Path, agreements: str
) -> None:
    async with build(tmp_path / "state", ONCE, root=arranged(tmp_path, agreements)) as house:
        for _ in range(3):
            answer = await house.prefill(**marital(house))
            assert {one["agreement"] for one in answer["evidence"].values()} == {"portal"}
        assert all("one_gate" not in str(one["rules"]) for one in records(house) if one["phase"] == "intent")


async def test_agreement_whose_quota_is_spent_leaves_what_the_others_give(tmp_path: Path) -> None:
    root = arranged(tmp_path, "[portal, one_gate]", divided=True)
    async with build(tmp_path / "state", ONCE, root=root) as house:
        couple = {"male": house.subject("divorced"), "female": house.subject("facts_example")}
        first, second = [await house.prefill("1.000894", couple, official=new_official()) for _ in range(2)]
        assert {one["agreement"] for one in first["evidence"].values()} == {"portal", "one_gate"}
        assert {one["agreement"] for one in second["evidence"].values()} == {"portal"}
        lost = {
            name: one["reason"] for name, one in second["fields"].items()
            if one["state"] == "withheld" and first["fields"][name]["state"] != "withheld"
        }  # fmt: skip
        assert lost
        assert {(one["code"], one["rule"]) for one in lost.values()} == {
            ("quota_exceeded", "quota:one_gate:requester")
        }
        last = [one for one in records(house) if one["phase"] == "outcome"][-1]
        assert "quota:one_gate:requester" in last["rules"]
        assert "agreement:one_gate" not in last["rules"]


async def test_agreement_on_consent_gives_nothing_while_no_consent_holds(
    make_house: Callable[..., Any],
) -> None:
    async with make_house(**{"agreements.portal.consent": "required"}) as house:
        calls = await house.calls()
        for more in ({}, {"consent": "CS-2026-0001"}):
            status, problem = await house.post("/v1/prefill", marital(house, **more))
            assert (status, problem["code"], problem["rule"]) == (403, "consent_missing", "consent:portal")
        assert await house.calls() == calls


async def test_mandate_of_who_acts_for_somebody_else_is_demanded_and_kept(
    make_house: Callable[..., Any],
) -> None:
    async with make_house(**{"agreements.portal.mandate": "required"}) as house:
        subjects = {"requester": house.subject("facts_example"), "person": house.subject("divorced")}
        body = {**marital(house), "subjects": subjects}
        status, problem = await house.post("/v1/prefill", body)
        assert (status, problem["rule"]) == (403, "mandate:portal")
        await house.prefill(**{**body, "mandate": "UQ-2026-0019"})
        assert [one["notes"].get("mandate") for one in records(house) if one["phase"] == "intent"] == [
            "UQ-2026-0019"
        ]
        assert (await house.post("/v1/prefill", marital(house)))[0] == 200


@on_session
@pytest.mark.parametrize(
    ("procedure", "role", "purpose"),
    [
        ("9.000002", "applicant", "civil_registration"),
        ("1.004873", "requester", "health_insurance"),
        ("1.004873", "requester", "eligibility"),
    ],
)
async def test_form_is_filled_for_no_purpose_but_that_of_its_procedure(
    shared_house: House, procedure: str, role: str, purpose: str
) -> None:
    house, who = shared_house, shared_house.subject("facts_example")
    subjects = {role: who, **({"person": {"same_as": role}} if role == "requester" else {})}
    body = {"procedure": procedure, "subjects": subjects, "official": new_official(), "dossier": DOSSIER}
    before, calls = len(records(house)), await house.calls()
    status, problem = await house.post("/v1/prefill", {**body, "purpose": purpose}, client="one_gate")
    assert (status, problem.get("code")) == (403, "purpose_not_allowed"), problem
    assert purpose in problem["detail_vi"]
    assert problem["legal_basis"]
    [record] = since(house, before)
    assert (record["phase"], record["rules"]) == ("refusal", [f"purpose:{purpose}"])
    assert await house.calls() == calls
