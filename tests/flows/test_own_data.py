"""Own data at the real door: which forms keep them, which they fill, for whom, and why the rest is not kept."""

from typing import Any

import orjson
import pytest

from tests.flows.conftest import House, new_official, on_session
from tests.flows.test_consents import EMAIL, ISSUED, PHONE, SERVICE, attested, consent, given

OFFICE, ACCOUNT = "Công an tỉnh Hưng Yên", "0011000417283, Ngân hàng Mẫu"
CARD = {"nycNgayCapGiayToTuyThan": ISSUED, "nycNoiCapGiayToTuyThan": OFFICE}
KEPT = ["phone", "email", "id_issued_on", "id_issued_by", "bank_account"]


async def asked(house: House, procedure: str, roles: dict[str, Any], client: str = "portal") -> Any:
    body = {"procedure": procedure, "subjects": roles, "official": new_official()}
    status, answer = await house.post("/v1/prefill", body, client)
    assert status == 200, answer
    return answer


async def finished(
    house: House, first: Any, typed: dict[str, Any], consented: dict[str, Any], expected: int = 200
) -> dict[str, Any]:
    """The form as the citizen sent it off, attested and to be kept."""
    body = {"exchange_id": first["exchange_id"], "form": {**first["form"], **typed}, "keep": True}
    return await attested(house, {**body, "consent": consented["consent"]}, expected)


async def consented(house: House, who: dict[str, Any], names: list[str] | None = None, **more: Any) -> Any:
    return await given(house, who, attributes={SERVICE: names or KEPT}, **more)


async def ended(house: House, *consents: dict[str, Any]) -> None:
    for one in consents:
        status, _ = await house.post("/v1/consents/withdraw", {"consent": one["consent"]})
        assert status == 200


def certificate(who: dict[str, Any]) -> dict[str, Any]:
    return {"requester": who, "person": {"same_as": "requester"}}


@on_session
async def test_day_and_place_of_issue_given_for_a_certificate_fill_other_procedures(patient: House) -> None:
    who, bride = patient.subject("divorced"), patient.subject("married")
    first = await asked(patient, "1.004873", certificate(who))
    assert first["fields"]["nycNgayCapGiayToTuyThan"]["value"] is None
    yes = await consented(patient, who)
    done = await finished(patient, first, CARD, yes)
    assert done["kept"].keys() == {"id_issued_on", "id_issued_by"}
    assert done["not_kept"] == {}

    business = {"owner": who, "requester": {"same_as": "owner"}}
    wanted = {
        "1.001612": (business, ["nguoiNop_ngayCapGiayTo", "chuHo_ngayCapGiayTo"], "nguoiNop_noiCapGiayTo"),
        "1.000894": ({"male": who, "female": bride}, ["NgayCapDD_BenNam"], "NoiCapDD_BenNam"),
        "1.004873": (certificate(who), ["nycNgayCapGiayToTuyThan"], "nycNoiCapGiayToTuyThan"),
    }
    for code, (roles, days, place) in wanted.items():
        second = await asked(patient, code, roles)
        assert [second["form"].get(day) for day in days] == [ISSUED] * len(days), code
        entry = second["fields"][place]
        assert (entry["value"], entry["attribute"]) == (OFFICE, "own_data.id_issued_by"), code
        assert second["evidence"][entry["evidence"]]["self_declared"] is True
    await ended(patient, yes)
    last = await asked(patient, "1.004873", certificate(who))
    assert last["fields"]["nycNgayCapGiayToTuyThan"]["value"] is None


@on_session
async def test_account_wins_over_the_day_of_issue_that_was_kept_and_both_are_shown(patient: House) -> None:
    who = patient.subject("divorced")
    yes = await consented(patient, who)
    await finished(patient, await asked(patient, "1.004873", certificate(who)), CARD, yes)
    body = {"procedure": "1.004873", "subjects": certificate(who), "official": new_official()}
    _, answer = await patient.post("/v1/prefill", {**body, "account": {"NgayCap": "20240902"}})
    entry = answer["fields"]["nycNgayCapGiayToTuyThan"]
    assert (entry["state"], entry["value"]) == ("disputed", "02/09/2024")
    assert [one["value"] for one in entry["doubt"]["candidates"]] == ["02/09/2024", ISSUED]
    await ended(patient, yes)


@on_session
async def test_what_somebody_let_be_kept_is_not_shown_to_who_files_for_him(patient: House) -> None:
    who, other = patient.subject("divorced"), patient.subject("married")
    yes = await consented(patient, who)
    alone = {"owner": who, "requester": {"same_as": "owner"}}
    typed = {"nguoiNop_dienThoai": PHONE, "nguoiNop_email": EMAIL, "nguoiNop_noiCapGiayTo": OFFICE}
    done = await finished(patient, await asked(patient, "1.001612", alone), typed, yes)
    assert done["kept"].keys() == {"phone", "email", "id_issued_by"}
    for code, roles in (
        ("1.001612", {"owner": who, "requester": other}),
        ("1.000894", {"male": other, "female": who}),
    ):
        answer = await asked(patient, code, roles)
        assert not any(one in orjson.dumps(answer).decode() for one in (PHONE, EMAIL, OFFICE)), code
    explained = {"procedure": "1.001612", "subjects": {"owner": who, "requester": other}}
    status, told = await patient.post("/v1/explain", {**explained, "official": new_official()})
    assert (status, told["fields"]["chuHo_dienThoai"]["state"]) == (200, "citizen")
    await ended(patient, yes)


@on_session
async def test_account_for_the_pension_is_typed_once(patient: House) -> None:
    who = patient.subject("widowed")
    yes = await consented(patient, who)
    first = await asked(patient, "1.014027", {"applicant": who})
    assert (await finished(patient, first, {"taiKhoan": ACCOUNT}, yes))["kept"].keys() == {"bank_account"}
    second = await asked(patient, "1.014027", {"applicant": who})
    assert second["form"]["taiKhoan"] == ACCOUNT
    await ended(patient, yes)


@on_session
async def test_one_gate_system_is_given_what_a_citizen_let_it_keep(patient: House) -> None:
    who = patient.subject("divorced")
    body = consent(who, attributes={SERVICE: KEPT}, requester="one_gate")
    status, yes = await patient.post("/v1/consents", body, "citizen")
    assert status == 200, yes
    first = await asked(patient, "1.004873", certificate(who), "one_gate")
    body = {"exchange_id": first["exchange_id"], "form": {**first["form"], **CARD}, "keep": True}
    done = await attested(patient, {**body, "consent": yes["consent"]}, client="one_gate")
    assert done["kept"].keys() == {"id_issued_on", "id_issued_by"}
    second = await asked(
        patient, "1.000656", {"requester": who, "deceased": patient.subject("widowed")}, "one_gate"
    )
    assert second["form"]["nycNgayCapGiayToTuyThan"] == ISSUED
    ending = {"consent": yes["consent"], "subject": {"personal_id": who["personal_id"]}}
    assert (await patient.post("/v1/consents/withdraw", ending, "citizen"))[0] == 200


@on_session
async def test_what_was_typed_and_is_not_kept_says_why(patient: House) -> None:
    who, bride = patient.subject("divorced"), patient.subject("married")
    yes = await consented(patient, who, ["phone", "id_issued_on"])
    alone = {"owner": who, "requester": {"same_as": "owner"}}
    typed = {
        "chuHo_dienThoai": PHONE, "nguoiNop_dienThoai": "0900000009", "nguoiNop_email": EMAIL,
        "tenHoKinhDoanh": "Hộ kinh doanh Mẫu", "khongCo": "x", "nganhNghe": " ", "nguoiNop_noiCapGiayTo": "",
    }  # fmt: skip
    done = await finished(patient, await asked(patient, "1.001612", alone), typed, yes)
    assert done["kept"].keys() == {"phone"}
    assert done["not_kept"] == {
        "nguoiNop_dienThoai": "fields_differ", "nguoiNop_email": "not_consented",
        "tenHoKinhDoanh": "not_own_data", "khongCo": "no_such_field",
    }  # fmt: skip
    second = await asked(patient, "1.001612", alone)
    assert second["form"]["nguoiNop_dienThoai"] == PHONE

    marriage = await asked(patient, "1.000894", {"male": who, "female": bride})
    typed = {"NgayCapDD_BenNam": ISSUED, "NgayCapDD_BenNu": "01/02/2022"}
    done = await finished(patient, marriage, typed, yes)
    assert (done["kept"].keys(), done["not_kept"]) == ({"id_issued_on"}, {"NgayCapDD_BenNu": "other_person"})
    await ended(patient, yes)


@on_session
async def test_nothing_typed_that_the_consent_names_is_kept_nowhere_and_told(patient: House) -> None:
    who = patient.subject("divorced")
    yes = await consented(patient, who, ["email"])
    done = await finished(patient, await asked(patient, "1.004873", certificate(who)), CARD, yes)
    assert done["kept"] == {}
    assert done["not_kept"] == dict.fromkeys(CARD, "not_consented")
    await ended(patient, yes)


@on_session
async def test_consent_to_something_else_keeps_nothing(patient: House) -> None:
    who = patient.subject("divorced")
    other = await consented(patient, who, ["phone", "email"], purpose="residence_registration")
    first = await asked(patient, "1.004222", {"applicant": who})
    problem = await finished(patient, first, {"soDienThoai": PHONE}, other, 403)
    assert problem["code"] == "consent_missing"
    again = await asked(patient, "1.004222", {"applicant": who})
    assert again["form"].get("soDienThoai") is None
    await ended(patient, other)


@on_session
@pytest.mark.parametrize(
    ("wrong", "pointer", "code", "told"),
    [
        ({"language": "xx"}, "/language", "unknown_language", "vi, en"),
        ({"attributes": {SERVICE: ["phone", "school"]}}, "/attributes", "not_agreed", "school of own_data.kept"),
        (
            {"attributes": {"population.TraCuuThongTinCongDan": ["religion"]}, "purpose": "residence_registration"},
            "/attributes", "not_agreed", "religion of population.TraCuuThongTinCongDan",
        ),
        ({"attributes": {"population.TraCuuThongTinCongDan": ["full_name"]}}, "/attributes", "not_agreed", "full_name"),
        (
            {"attributes": {"land.thuaDat": ["area"]}, "requester": "one_gate", "purpose": "civil_registration"},
            "/attributes", "not_agreed", "area of land.thuaDat",
        ),
    ],
)  # fmt: skip
async def test_consent_to_what_no_agreement_could_give_or_in_a_language_of_no_text_is_refused(
    patient: House, wrong: dict[str, Any], pointer: str, code: str, told: str
) -> None:
    status, problem = await patient.post("/v1/consents", consent(patient.subject("married"), **wrong))
    assert (status, problem["code"]) == (422, code)
    [error] = problem["errors"]
    assert error["pointer"] == pointer
    assert told in error["detail"]
