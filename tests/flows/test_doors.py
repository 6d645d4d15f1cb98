"""The doors of 2026: who asks for whom, at the real HTTP door."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.flows.conftest import ROOT, House, build, changed, new_official, on_session
from tests.flows.test_access import since
from tests.flows.test_records import records
from tests.typed import motlan

COMMUNES = yaml.safe_load((ROOT / "config/communes.yaml").read_text("utf-8"))["agencies"]
DOSSIER = "H31.15-261105-0007"


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
    ended = ('unit: "11953",', 'unit: "11953", until: "2025-06-30",')
    root = changed(tmp_path / "root", "config/communes.yaml", ended)
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


def signed_in(who: dict[str, Any], **claims: str) -> dict[str, Any]:
    return {"SoDinhDanh": who["personal_id"], **claims}


@on_session
@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"IAL": "2"}, None),
        ({"loAs": "LoA2"}, None),
        ({"IAL": "1"}, "account_level_too_low"),
        # two claims that contradict each other: the lower one counts
        ({"IAL": "2", "loAs": "LoA1"}, "account_level_too_low"),
        ({}, "account_level_too_low"),
        (None, "account_missing"),
    ],
)
async def test_national_portal_prefills_for_a_citizen_whose_account_says_surely_who_he_is(
    shared_house: House, claims: dict[str, str] | None, code: str | None
) -> None:
    house, who = shared_house, shared_house.subject("facts_example")
    before, calls = len(records(house)), await house.calls()
    more: dict[str, Any] = {} if claims is None else {"account": signed_in(who, **claims)}
    status, answer = await house.post("/v1/prefill", marital(house, **more), client="national_portal")
    assert (status, answer.get("code")) == (403 if code else 200, code), answer
    if code:
        assert answer["rule"] == "account:national_portal"
        assert await house.calls() == calls
        assert [(one["phase"], one["result"]) for one in since(house, before)] == [("refusal", code)]
        return
    assert answer["form"]["nycHoTen"] == "Trần Thị Mẫu"
    assert {(one["requester"], one["agency"], one["on_duty"]) for one in since(house, before)} == {
        ("national_portal", "000.00.00.H31", True)
    }


@on_session
async def test_account_of_somebody_else_opens_nothing(shared_house: House) -> None:
    other = signed_in(shared_house.subject("divorced"), IAL="2")
    status, problem = await shared_house.post(
        "/v1/prefill", marital(shared_house, account=other), client="national_portal"
    )
    assert (status, problem["code"]) == (422, "account_differs")
    status, problem = await shared_house.post(
        "/v1/prefill", marital(shared_house, account={"IAL": "2"}), client="national_portal"
    )
    assert (status, problem["code"]) == (403, "account_missing")


@on_session
async def test_national_portal_names_no_official_of_the_province(shared_house: House) -> None:
    who = shared_house.subject("facts_example")
    body = marital(shared_house, account=signed_in(who, IAL="2"), official=official_of("000.01.14.H31"))
    status, problem = await shared_house.post("/v1/prefill", body, client="national_portal")
    assert (status, problem["rule"]) == (403, "requester:agency")


@on_session
async def test_counter_asks_in_the_name_of_an_official_only(shared_house: House) -> None:
    status, problem = await shared_house.post("/v1/prefill", marital(shared_house), client="one_gate")
    assert (status, problem["code"], problem["rule"]) == (403, "official_not_named", "official:one_gate")


def test_no_door_of_2026_gets_less_of_a_procedure_than_the_portal_whose_pages_closed() -> None:
    """Whoever gives the portal more gives it to the citizen's door and to the counter as well."""
    told = motlan("check-config", "--json")
    assert told.code == 0, told.out
    given = {
        (one["requester"], one["procedure"]): one
        for one in json.loads(told.out)["minimisation"]["procedures"]
    }
    for (requester, procedure), one in given.items():
        if requester == "portal":
            for door in ("national_portal", "one_gate"):
                assert set(one["gets"]) <= set(given[door, procedure]["gets"]), (door, procedure)


@on_session
@pytest.mark.parametrize(
    ("more", "client", "ground"),
    [
        ({"purpose": "driving_licence"}, "portal", "Luật Bảo vệ dữ liệu cá nhân 91/2025, Điều 19"),
        (
            {},
            "one_gate",
            "Nghị quyết 66.7/2025/NQ-CP (cán bộ khai thác theo thủ tục và hồ sơ); SANDBOX-TT-02/2026",
        ),
        ({}, "national_portal", "Nghị định 69/2024/NĐ-CP; SANDBOX-TT-04/2026"),
        ({"official": official_of("000.00.15.H31")}, "portal", "Luật Giao dịch điện tử 20/2023, Điều 42"),
        ({}, "auditor", "Luật Giao dịch điện tử 20/2023, Điều 42"),
    ],
)
async def test_refusal_carries_its_legal_ground_and_so_does_its_record(
    shared_house: House, more: dict[str, Any], client: str, ground: str
) -> None:
    before = len(records(shared_house))
    status, problem = await shared_house.post("/v1/prefill", marital(shared_house, **more), client=client)
    assert status == 403
    assert problem["legal_basis"].startswith("Nghị định 194/2025/NĐ-CP, Điều 16; ")
    assert problem["legal_basis"].endswith(ground)
    assert [one["basis"] for one in since(shared_house, before)] == [problem["legal_basis"]]


@on_session
async def test_quota_that_is_spent_names_the_agreement_whose_it_is(make_house: Callable[..., Any]) -> None:
    async with make_house(agreements__portal__quota__requester="1/day") as house:
        assert (await house.post("/v1/prefill", marital(house)))[0] == 200
        status, problem = await house.post("/v1/prefill", marital(house))
    assert (status, problem["code"]) == (429, "quota_exceeded")
    assert problem["legal_basis"].endswith("; SANDBOX-TT-01/2026")


@on_session
async def test_field_that_the_portal_fills_itself_gets_a_check_and_no_second_value(
    shared_house: House,
) -> None:
    house, who = shared_house, shared_house.subject("facts_example")
    plain = (await house.prefill(**marital(house)))["fields"]
    held = {"nycHoTen": "TRẦN THỊ MẪU", "nxnDanToc": "Tày", "nxnNgaySinh": plain["nxnNgaySinh"]["value"]}
    assert plain["nxnDanToc"]["value"] == "Kinh"
    body = marital(house, held=held, account=signed_in(who, IAL="2"))
    status, answer = await house.post("/v1/prefill", body, client="national_portal")
    assert status == 200, answer
    fields = answer["fields"]
    assert {key: (fields[key]["state"], fields[key]["value"], fields[key]["check"]) for key in held} == {
        "nycHoTen": ("kept", "TRẦN THỊ MẪU", "same"),
        # the form has the portal's value; what the source says instead does not leave
        "nxnDanToc": ("kept", "Tày", "differs"),
        "nxnNgaySinh": ("kept", held["nxnNgaySinh"], "same"),
    }
    assert answer["form"]["nxnDanToc"] == "Tày"
    assert not fields["nxnDanToc"]["editable"]
    assert fields["nxnDanToc"]["reason"] == {"code": "sources_differ"}
    assert "check" not in fields["nxnHoTen"]
    assert answer["saved"]["fields"] == sum(one["state"] in ("filled", "disputed") for one in fields.values())


async def test_check_that_no_source_can_make_says_so(house: House) -> None:
    await house.misbehave("population", "status503")
    answer = await house.prefill(**marital(house, held={"nxnDanToc": "Kinh"}))
    entry = answer["fields"]["nxnDanToc"]
    assert (entry["value"], entry["check"]) == ("Kinh", "cannot_tell")
    assert entry["reason"]["code"]


@on_session
@pytest.mark.parametrize(
    ("more", "place", "code"),
    [
        ({"held": {"mauMat": "nâu"}}, "/held/mauMat", "unknown_field"),
        ({"held": {"nxnNgaySinh": "99/99/9999"}}, "/held/nxnNgaySinh", "value_not_possible"),
        ({"held": {"nxnHoTen": "A"}, "known": {"nxnHoTen": "B"}}, "/held/nxnHoTen", "declared_twice"),
    ],
)
async def test_field_that_cannot_be_held_is_told_at_its_place(
    shared_house: House, more: dict[str, Any], place: str, code: str
) -> None:
    status, problem = await shared_house.post("/v1/prefill", marital(shared_house, **more))
    assert (status, [(one["pointer"], one["code"]) for one in problem["errors"]]) == (422, [(place, code)])


async def test_terminal_asks_as_the_national_portal_and_for_a_child(house: House, tmp_path: Path) -> None:
    child, mother = house.subject("child"), house.subject("facts_example")
    ready = tmp_path / "ready.json"
    ready.write_text(json.dumps({"gateway": house.url, "clients": house.clients}), "utf-8")
    files = {
        "child": child, "account": signed_in(mother, IAL="2"), "acts": {"kind": "parent", "subject": mother},
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content), "utf-8")
    words = (
        "prefill", "9.000001", "--subject", f"applicant={tmp_path / 'child.json'}", "--account",
        str(tmp_path / "account.json"), "--ready-file", str(ready), "--client-id", "national_portal", "--json",
    )  # fmt: skip
    said = await asyncio.to_thread(motlan, *words, "--representative", str(tmp_path / "acts.json"))
    assert said.code == 0, said.err
    assert "Gia Bảo" in said.out
    assert (await asyncio.to_thread(motlan, *words)).code != 0
