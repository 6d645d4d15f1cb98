"""A representative files for somebody else: proven by a query of its own, recorded, before anything else is asked."""

import asyncio
import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from gateway.cli.search import RecordTable
from tests.flows.conftest import House, new_official, on_session
from tests.flows.test_access import since
from tests.flows.test_doors import signed_in
from tests.flows.test_records import records

CARD = "9.000001"
UNDECIDED = "representation_undecided"


def filed(ward: Any, who: Any, kind: str, **more: Any) -> dict[str, Any]:
    """A health-insurance card for somebody, filed by a representative at the national portal."""
    return {
        "procedure": CARD, "subjects": {"applicant": ward}, "representative": {"kind": kind, "subject": who},
        "account": signed_in(who, IAL="2", HoVaTen=who["full_name"].upper(), SoDienThoai="0900000077"), **more,
    }  # fmt: skip


async def sent(house: House, body: dict[str, Any], client: str = "national_portal") -> tuple[int, Any]:
    return await house.post("/v1/prefill", body, client=client)


async def refused(house: House, body: dict[str, Any], code: str, client: str = "national_portal") -> Any:
    """Refused with this code, on the record; what was asked until then is handed back: operation -> how often."""
    before, calls = len(records(house)), await house.calls()
    status, problem = await sent(house, body, client)
    assert (status, problem.get("code")) == (403, code), problem
    assert problem["detail_vi"]
    [record] = [one for one in since(house, before) if one["phase"] == "refusal"]
    assert (record["result"], record["exchange"]) == (code, problem["exchange_id"])
    return {
        name: count - calls.get(name, 0)
        for name, count in (await house.calls()).items()
        if count > calls.get(name, 0)
    }


def people(house: House, *traits: str) -> list[dict[str, Any]]:
    return [house.subject(one) for one in traits]


@on_session
async def test_parent_files_for_a_minor_child_and_the_record_says_who_asked(shared_house: House) -> None:
    house = shared_house
    child, mother = people(house, "child", "facts_example")
    before = len(records(house))
    status, answer = await sent(house, filed(child, mother, "parent"))
    assert status == 200, answer
    said = str(answer["form"])
    assert "Gia Bảo" in said
    # nothing of the mother's account fills her child's form
    for foreign in ("Trần Thị Mẫu", mother["personal_id"], "0900000077"):
        assert foreign not in said
    proof, outcome, *own = since(house, before)
    assert (proof["phase"], outcome["phase"], proof["exchange"]) == ("intent", "outcome", outcome["exchange"])
    assert proof["exchange"] != answer["exchange_id"]
    assert {(one["source"], one["operation"], one["role"]) for one in outcome["calls"]} == {
        ("population", "TraCuuThongTinCongDan", "representative"),
        ("population", "TraCuuThongTinCongDan", "represented"),
        ("civil_status", "trichLuc", "represented"),
    }
    asked = {(one["role"], name) for one in proof["calls"] for name in one["attributes"]}
    assert {name for role, name in asked if role == "represented"} == {
        "personal_id", "birth_date", "mother.personal_id", "father.personal_id",
        "birth.mother.personal_id", "birth.father.personal_id",
    }  # fmt: skip
    assert (outcome["notes"]["proven"], outcome["notes"]["proven_by"]) == ("yes", "civil_status.trichLuc")
    for one in own:
        assert one["exchange"] == answer["exchange_id"]
        notes = one["notes"]
        assert (notes["representation"], notes["represented"]) == ("parent", "applicant")
        assert (notes["proof"], notes["proven_by"]) == (proof["exchange"], "civil_status.trichLuc")
        assert set(one["subjects"]) >= {"applicant", "representative"}
        assert one["on_duty"]
    assert own[0]["notes"]["account_level"] == "IAL=2"


@on_session
async def test_mother_child_and_auditor_read_that_she_asked_through_the_portal(shared_house: House) -> None:
    house = shared_house
    child, mother = people(house, "child", "facts_example")
    status, answer = await sent(house, filed(child, mother, "parent"))
    assert status == 200, answer
    exchange = answer["exchange_id"]
    portal, proof = "Cổng Dịch vụ công Quốc gia", "chứng minh bằng dữ liệu của Cơ sở dữ liệu hộ tịch điện tử"
    use = await used(house, child, exchange)
    assert use["asked_by"]["code"] == "representative"
    for said in ("người đại diện (cha, mẹ của người chưa thành niên", portal, proof):
        assert said in use["summary"], use["summary"]
    assert "proven by data of the Civil-status register" in use["summary_en"]
    assert "Ủy ban nhân dân" not in use["summary"]
    use = await used(house, mother, exchange)
    assert use["asked_by"]["code"] == "claimed_self"  # no login proves it
    assert "(cho biết chính ông/bà yêu cầu, với tư cách người đại diện" in use["summary"]
    body = {"exchange_id": exchange, "reason": "Khiếu nại số 31/KN-2026"}
    _, identified = await house.post("/v1/audit/identify", body, client="auditor")
    for one in identified["records"]:
        assert (one["official"], one["on_duty"]) == (None, True)
        assert one["subjects"]["representative"]["identifier"] == mother["personal_id"]
        assert one["asked_by"] == "representative"
    _, page = await house.post("/v1/audit/search", {"exchange_id": exchange}, client="auditor")
    paper = io.StringIO()
    Console(width=220, file=paper).print(RecordTable(page["records"], more=False))
    table = paper.getvalue()
    for cell in ("công dân / citizen", "parent", "civil_status.trichLuc"):
        assert cell in table, table


@on_session
async def test_list_says_himself_where_a_citizen_asked_and_an_official_where_one_did(
    shared_house: House,
) -> None:
    house = shared_house
    [who] = people(house, "facts_example")
    body = {"procedure": "1.004873", "subjects": {"requester": who, "person": {"same_as": "requester"}}}
    status, answer = await sent(house, {**body, "account": signed_in(who, IAL="2")})
    assert status == 200, answer
    use = await used(house, who, answer["exchange_id"])
    assert use["asked_by"]["code"] == "claimed_self"
    said = "Cổng Dịch vụ công Quốc gia (cho biết chính ông/bà yêu cầu) khai thác dữ liệu từ"
    assert said in use["summary"]
    assert "National public-service portal (which says that you asked yourself) asked" in use["summary_en"]
    status, answer = await sent(house, {**body, "official": new_official()}, "one_gate")
    assert status == 200, answer
    use = await used(house, who, answer["exchange_id"])
    assert use["asked_by"]["code"] == "official"
    assert ", cán bộ của " in use["summary"]
    assert "an official of " in use["summary_en"]


@on_session
async def test_consent_of_parents_says_that_nobody_acts_only_where_nobody_is_proven_to(
    shared_house: House,
) -> None:
    house = shared_house
    child, mother = people(house, "child", "facts_example")
    plain = {"procedure": "1.004194", "subjects": {"applicant": child}, "official": new_official()}
    by_herself = {**plain, "representative": {"kind": "parent", "subject": mother}}
    codes = []
    for body in (plain, by_herself):
        status, answer = await sent(house, body, "one_gate")
        assert status == 200, answer
        [paper] = [one for one in answer["papers"] if one["code"] == "minor_parent_consent"]
        assert paper["state"] == "required"
        codes.append((paper["reason"] or {}).get("code"))
    assert codes == ["minor_without_representative", None]


@on_session
async def test_account_of_a_parent_without_representative_says_what_is_missing(shared_house: House) -> None:
    child, mother = people(shared_house, "child", "facts_example")
    body = filed(child, mother, "parent")
    del body["representative"]
    status, problem = await sent(shared_house, body)
    assert (status, problem["code"]) == (422, "account_differs")
    assert "`representative`" in problem["detail"]
    assert "hãy nêu trong representative" in problem["detail_vi"]


@on_session
@pytest.mark.parametrize(
    "code", ["12/Quyết-định", "12/QĐ GH", "Đào-GH", "GIÁM-HỘ", "QUYĐT-SĐT", "033184620957"]
)
async def test_mandate_is_no_name_no_number_of_a_person_and_no_sentence(
    shared_house: House, code: str
) -> None:
    ward, guardian = people(shared_house, "guardian", "guardian_of_minor")
    status, problem = await sent(shared_house, filed(ward, guardian, "guardian", mandate=code))
    assert status == 422, problem
    assert problem["detail_vi"].startswith("/mandate"), problem
    assert code not in str(problem)


async def used(house: House, who: Any, exchange: str) -> Any:
    """What this person reads of one exchange, once its last record has its place."""
    body = {"subject": {"personal_id": who["personal_id"]}}
    async with asyncio.timeout(60):
        while True:
            status, answer = await house.post("/v1/usage", body, client="national_portal")
            assert status == 200, answer
            found = [one for one in answer["uses"] if one["exchange_id"] == exchange]
            if found and found[0]["state"].startswith("answered"):
                return found[0]
            await asyncio.sleep(0.05)


@on_session
async def test_official_of_a_counter_asks_in_his_name_for_a_parent_and_a_child(shared_house: House) -> None:
    child, mother = people(shared_house, "child", "facts_example")
    body = filed(child, mother, "parent", official=new_official())
    del body["account"]
    before = len(records(shared_house))
    status, answer = await sent(shared_house, body, "one_gate")
    assert status == 200, answer
    mine = [one for one in since(shared_house, before) if one["exchange"] == answer["exchange_id"]]
    assert {(one["on_duty"], one["notes"].get("representation")) for one in mine} == {(False, "parent")}


@on_session
async def test_role_that_signs_in_may_represent_another_role(shared_house: House) -> None:
    child, mother = people(shared_house, "child", "facts_example")
    body = {
        "procedure": "1.004873", "subjects": {"requester": mother, "person": child},
        "account": signed_in(mother, IAL="2"),
    }  # fmt: skip
    left_out = await refused(shared_house, body, "representation_missing")
    assert left_out == {}
    status, answer = await sent(shared_house, {**body, "representative": {"kind": "parent", "of": "person"}})
    assert (status, answer["form"]["nxnHoTen"]) == (200, "Phạm Gia Bảo")


@on_session
async def test_nobody_marries_through_a_representative_and_nobody_is_asked(shared_house: House) -> None:
    man, woman, who = people(shared_house, "divorced", "never_married", "facts_example")
    body = {
        "procedure": "1.000894", "subjects": {"male": man, "female": woman}, "mandate": "31/2026-UQ",
        "representative": {"kind": "authorised", "subject": who}, "account": signed_in(who, IAL="2"),
    }  # fmt: skip
    for role in ("male", "female"):
        body["representative"] = {"kind": "authorised", "subject": who, "of": role}
        assert await refused(shared_house, body, "representation_not_possible") == {}


@on_session
async def test_stranger_is_refused_before_anything_else_about_the_child_is_asked(shared_house: House) -> None:
    child, stranger = people(shared_house, "child", "divorced")
    asked = await refused(shared_house, filed(child, stranger, "parent"), "representation_not_proven")
    # what the proof needs, or what it needed a moment ago
    assert set(asked) <= {"population.TraCuuThongTinCongDan", "civil_status.trichLuc", "civil_status.token"}
    assert asked.get("population.TraCuuThongTinCongDan", 0) <= 2


@on_session
async def test_nothing_is_asked_about_the_child_for_somebody_who_is_not_who_they_say(
    shared_house: House,
) -> None:
    child, mother = people(shared_house, "child", "facts_example")
    mother = {**mother, "full_name": "Trần Thị Khác"}
    asked = await refused(shared_house, filed(child, mother, "parent"), "representation_not_proven")
    assert asked == {"population.TraCuuThongTinCongDan": 1}


async def test_proof_that_nobody_can_give_refuses_and_asks_no_more(house: House) -> None:
    child, mother = people(house, "child", "facts_example")
    for source in ("civil_status", "population"):
        await house.misbehave(source, "status503")
    asked = await refused(house, filed(child, mother, "parent"), "representation_undecided")
    assert not [name for name in asked if not name.startswith("population.")]


@on_session
async def test_guardian_of_a_ward_is_proven_and_names_the_document(shared_house: House) -> None:
    ward, guardian, other = people(shared_house, "guardian", "guardian_of_minor", "divorced")
    before = len(records(shared_house))
    status, answer = await sent(shared_house, filed(ward, guardian, "guardian", mandate="12/QĐ-GH"))
    assert status == 200, answer
    [outcome] = [one for one in since(shared_house, before) if one["notes"].get("proven")]
    assert (outcome["notes"]["proven_by"], outcome["notes"]["mandate"]) == (
        "population.XacMinhThongTinNguoiGiamHo", "12/QĐ-GH"
    )  # fmt: skip
    # the population database knows the guardian, and no document: nobody has checked its code
    assert outcome["notes"]["mandate_checked"] is False
    [promised] = [
        one
        for one in since(shared_house, before)
        if one["exchange"] == answer["exchange_id"] and one["phase"] == "intent"
    ]
    assert (promised["notes"]["mandate"], promised["notes"]["mandate_checked"]) == ("12/QĐ-GH", False)
    without = filed(ward, guardian, "guardian")
    assert await refused(shared_house, without, "mandate_missing") == {}
    strange = filed(ward, other, "guardian", mandate="12/QĐ-GH")
    await refused(shared_house, strange, "representation_not_proven")


@on_session
async def test_authorised_person_acts_while_the_mandate_is_in_force(shared_house: House) -> None:
    house = shared_house
    who_gave, who_acts = people(house, "land_certificate_in_store", "household_business_owner")
    body = filed(who_gave, who_acts, "authorised", mandate="31/2026-UQ")
    status, answer = await sent(house, body)
    assert status == 200, answer
    # the store of who acts says so: nothing is asked about the other
    over = await refused(house, {**body, "mandate": "7/2024-UQ", "official": None}, "mandate_over")
    assert over.get("paper_store.GetKetQuaGiayTo", 0) <= 1
    assert over.get("population.TraCuuThongTinCongDan", 0) <= 1
    await refused(house, {**body, "mandate": "99/2026-UQ"}, "representation_not_proven")
    others = filed(house.subject("widowed"), who_acts, "authorised", mandate="31/2026-UQ")
    await refused(house, others, "representation_not_proven")
    # both have the mandate; it names who acts, so that who gave it does not
    back = await refused(house, filed(who_acts, who_gave, "authorised", mandate="31/2026-UQ"), UNDECIDED)
    assert back.get("population.TraCuuThongTinCongDan", 0) <= 1


@on_session
async def test_dead_guardian_is_refused_and_nothing_is_asked_about_the_ward(shared_house: House) -> None:
    ward, dead = people(shared_house, "guardian", "death_notice")
    asked = await refused(
        shared_house, filed(ward, dead, "guardian", mandate="12/QĐ-GH"), "representation_not_proven"
    )
    assert {name.partition(".")[0] for name in asked} <= {"population", "paper_store"}
    assert "population.XacMinhThongTinNguoiGiamHo" not in asked
    assert asked.get("population.TraCuuThongTinCongDan", 0) <= 1


async def test_where_the_look_up_does_not_say_who_lives_the_check_of_deaths_says_it_of_the_representative(
    make_house: Callable[..., Any],
) -> None:
    lacking = {"sources__population__services__TraCuuThongTinCongDan__lacks": "life_status"}
    async with make_house(**lacking) as house:
        child, mother, dead = people(house, "child", "facts_example", "death_notice")
        status, answer = await sent(house, filed(child, mother, "parent"))
        assert status == 200, answer
        [proof] = [one for one in records(house) if one["notes"].get("proven")]
        asked = [one["role"] for one in proof["calls"] if one["operation"] == "XacMinhTinhTrangChetMatTich"]
        assert asked == ["representative"]
        await refused(house, filed(child, dead, "parent"), "representation_not_proven")


@on_session
async def test_legal_representative_is_named_by_the_register_and_by_the_account_of_the_enterprise(
    shared_house: House,
) -> None:
    house = shared_house
    parcel = {"commune": "11953", "sheet": "12", "number": "345"}
    other = house.subject("divorced")
    for acts, code, claims, refusal in (
        (DIRECTOR, TAX_CODE, {"MaSoThue": TAX_CODE}, None),
        (DIRECTOR, TAX_CODE, {"MaSoDoanhNghiep": TAX_CODE}, None),
        # by the name alone any namesake is the one
        (DIRECTOR, TAX_CODE, {}, "representation_account"),
        (DIRECTOR, TAX_CODE, {"MaSoThue": "0904861537"}, "representation_account"),
        (other, TAX_CODE, {"MaSoThue": TAX_CODE}, "representation_not_proven"),
        (OWNER, DISSOLVED, {"MaSoThue": DISSOLVED}, "representation_not_proven"),
        # a branch without a dash is the same branch, and not its parent
        (DIRECTOR, f"{TAX_CODE}-001", {"MaSoThue": f"{TAX_CODE}001"}, UNDECIDED),
        (DIRECTOR, f"{TAX_CODE}-001", {"MaSoThue": TAX_CODE}, "representation_account"),
    ):
        body = {
            "procedure": "1.013225", "subjects": {"owner": {"tax_code": code}, "parcel": parcel},
            "representative": {"kind": "legal_representative", "subject": acts},
            "account": signed_in(acts, IAL="2", **claims),
        }  # fmt: skip
        if refusal:
            await refused(house, body, refusal)
            continue
        status, answer = await sent(house, body)
        assert status == 200, answer
        assert acts["full_name"] not in str(answer["form"])


#: the enterprise of the persona `director`
TAX_CODE = "0916911353"
DISSOLVED = "0970091155"
OWNER = {"personal_id": "033085004321", "full_name": "Phạm Văn Thử", "birth_date": "1985-07-04"}
DIRECTOR = {"personal_id": "033077239431", "full_name": "Nguyễn Đức Thành", "birth_date": "1977-03-15"}


@on_session
@pytest.mark.parametrize(
    ("change", "code"),
    [
        # three people: the account is of a third one
        ({"account": {"SoDinhDanh": "033185470926", "IAL": "2"}}, "representation_chain"),
        ({"child": "never_married"}, "represented_of_age"),
        ({"who": "guardian"}, "representative_minor"),
        ({"who": "child"}, "representation_impossible"),
        ({"older": True}, "representation_impossible"),
    ],
)
async def test_what_cannot_be_is_refused_on_the_record_and_nobody_is_asked(
    shared_house: House, change: dict[str, Any], code: str
) -> None:
    child = shared_house.subject(change.get("child", "child"))
    who = shared_house.subject(change.get("who", "facts_example"))
    if change.get("older"):
        who = {**who, "birth_date": "2017-01-01"}
    body = filed(child, who, "parent")
    if "account" in change:
        body["account"] = change["account"]
    assert await refused(shared_house, body, code) == {}
