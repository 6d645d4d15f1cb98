"""Only what is certainly about the person fills a field or stands for a paper, whatever a register answers."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from tests.faults.conftest import SERVICES, Good, Say, Stage, body, found, staged
from tests.faults.test_processes import sample
from tests.flows.conftest import new_official, on_session, proposed
from tests.flows.test_records import records
from tests.flows.test_withdrawal import settled

pytestmark = on_session

MORE = {
    "social_insurance": "getTraCuuThongTinHgd",
    "health_card": "KQNhanLichSuKCB2024",
    "paper_store": "GetKetQuaGiayTo",
    "vehicle": "ttxe",
    "judicial_record": "traCuuPhieu",
    "driving_licence": "traCuu",
    "health": "giayBaoTu",
}
INVALID = ("invalid", "source_answer_invalid")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def registers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A gateway whose registers may answer anything."""
    household = {"sources.population.services.CungCapThongTinHoGiaDinh.valid_seconds": "0"}
    async with staged(tmp_path_factory.mktemp("registers"), household, services=SERVICES | MORE) as made:
        yield made


def told(**words: Any) -> Say:
    """The good answer (JSON) with some words changed."""
    return changed(lambda tree: {**tree, **words})


def changed(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Say:
    return body(lambda good: json.dumps(change(json.loads(good.text)), ensure_ascii=False))


def subject(stage: Stage, key: str) -> dict[str, Any]:
    one = next(one for one in stage.house.personas if one["key"] == key)
    return {word: one[word] for word in ("personal_id", "full_name", "birth_date") if one[word]}


async def ask(stage: Stage, procedure: str, subjects: dict[str, Any], **more: Any) -> Any:
    return await stage.house.prefill(procedure, subjects, official=new_official(), **more)


def papers(answer: Any) -> dict[str, str]:
    return {one["code"]: one["state"] for one in answer["papers"]}


STRANGER = {"hoTen": "Lò Văn Lạ", "ngaySinh": "19540819", "loaiNgaySinh": "0", "gioiTinh": "1"}


@pytest.mark.parametrize("name", ["Lò Văn Lạ", "", None])
async def test_record_that_shares_only_the_birth_date_is_nobodys(registers: Stage, name: str | None) -> None:
    her = {"applicant": subject(registers, "over_70")}
    registers.set("social_insurance", None)
    good = await ask(registers, "1.014027", her)
    assert papers(good)["no_pension_proof"] == "replaced"
    registers.set("social_insurance", told(maSo="3300000001", **STRANGER | {"hoTen": name}))
    bad = await ask(registers, "1.014027", her)
    assert bad["fields"]["luongHuuDangHuong"]["value"] is None
    assert papers(bad)["no_pension_proof"] == "required"
    assert found(bad)["social_insurance"] == ("no_match", "data_do_not_match")


async def test_number_that_the_account_knows_speaks_for_a_record_of_another_name(registers: Stage) -> None:
    registers.set("social_insurance", told(hoTen="Nguyễn Thị Lụa", maSo="3300000001"))
    luu = {"applicant": subject(registers, "luu")}
    for claimed, state in (("3300000001", "replaced"), ("3300000002", "required")):
        answer = await ask(registers, "1.014027", luu, account={"MaBHXH": claimed})
        assert papers(answer)["no_pension_proof"] == state


@pytest.mark.parametrize(
    "namesake",
    [
        {"hoTen": "BÙI THỊ THỎ"},
        {"ngaySinh": "1954", "loaiNgaySinh": "1"},
        {"gioiTinh": "1"},
        {"gioiTinh": None},
    ],
)
async def test_record_of_a_namesake_fills_in_doubt_and_cuts_where_its_number_is_known(
    registers: Stage, namesake: dict[str, str | None]
) -> None:
    """The answer repeats no number: only name, whole birth date and sex together say whose it is."""
    registers.set("social_insurance", told(maSo="3300000001", **namesake))
    her = {"applicant": subject(registers, "over_70")}
    answer = await ask(registers, "1.014027", her)
    field = answer["fields"]["luongHuuDangHuong"]
    assert (field["value"], field["editable"]) == ("Không hưởng", True)
    assert field["doubt"]["kind"] == field["reason"]["code"] == "identity_unconfirmed"
    (paper,) = [one for one in answer["papers"] if one["code"] == "no_pension_proof"]
    assert (paper["state"], paper["reason"]["code"]) == ("required", "identity_unconfirmed")
    assert "Chưa chắc" in paper["advice"]["vi"]
    known = await ask(registers, "1.014027", her, account={"MaBHXH": "3300000001"})
    assert known["fields"]["luongHuuDangHuong"]["doubt"] is None
    assert papers(known)["no_pension_proof"] == "replaced"


@pytest.mark.parametrize(
    ("said", "is_sure"),
    [
        ({}, True),
        ({"fullName": "LÊ VĂN TỐT"}, None),
        ({"fullName": None, "birthDateStr": None}, False),
        ({"fullName": ""}, False),
        ({"birthDateStr": None}, False),
        ({"birthDateStr": "BORN"}, False),
    ],
    ids=["both", "another name", "blank", "no name", "no birth date", "the year alone"],
)
async def test_record_confirms_its_person_by_what_it_repeats(
    registers: Stage, said: dict[str, Any], is_sure: bool | None
) -> None:
    """Nobody else compares the number with the name: the population database is silent."""
    who = subject(registers, "graduate")
    words = {key: who["birth_date"][:4] if one == "BORN" else one for key, one in said.items()}
    registers.set("judicial_record", changed(lambda tree: {**tree, "PHIEU": {**tree["PHIEU"], **words}}))
    registers.peers["population"].say = body(lambda _: "", status="503 Service Unavailable")
    answer = await ask(registers, "9.000002", {"applicant": who})
    field = answer["fields"]["soPhieuLLTP"]
    if is_sure is None:
        assert field["value"] is None
    else:
        assert field["value"]
        assert ((field["doubt"] or {}).get("kind") != "identity_unconfirmed") is is_sure


@pytest.mark.parametrize(
    ("procedure", "roles", "source", "born", "field"),
    [
        ("1.002809", {"applicant": "driver"}, "driving_licence", "NgaySinh", "soGPLX"),
        ("1.000656", {"deceased": "death_not_registered", "requester": "single"}, "health", "NGAY_SINH", "nktNgayChet"),
    ],
    ids=["licence", "death notice"],
)  # fmt: skip
async def test_record_of_the_number_with_another_birth_date_fills_nothing(
    registers: Stage, procedure: str, roles: dict[str, str], source: str, born: str, field: str
) -> None:
    people = {role: registers.house.subject(trait) for role, trait in roles.items()}
    registers.set(source, None)
    assert (await ask(registers, procedure, people))["fields"][field]["value"]
    registers.set(source, body(lambda good: re.sub(f'("{born}": ?)"[^"]*"', r'\1"1931"', good.text)))
    answer = await ask(registers, procedure, people)
    assert found(answer)[source] == ("no_match", "data_do_not_match")
    assert answer["fields"][field]["value"] is None


@pytest.mark.parametrize("frame", ["RLMAU265606371184", None])
async def test_vehicle_of_another_frame_number_fills_nothing(registers: Stage, frame: str | None) -> None:
    car = {"registration_no": "89A-96325", "number": "RLMAU265606379197"}
    registers.set("vehicle", told(soKhung=frame))
    answer = await ask(registers, "9.000003", {"owner": subject(registers, "thu"), "vehicle": car})
    assert found(answer)["vehicle"] == ("invalid", "source_answer_other_person")
    assert {answer["fields"][key]["value"] for key in ("nhanHieu", "mauSon", "ngayDangKy")} == {None}
    assert papers(answer)["registration_copy"] == "required"


@pytest.mark.parametrize("fields", [None, ["hoTen"]])
async def test_name_that_differs_under_the_number_of_the_card_is_a_dispute(
    registers: Stage, fields: list[str] | None
) -> None:
    registers.set("social_insurance", None)
    who = {"applicant": subject(registers, "name_differs")}
    more: dict[str, Any] = {} if fields is None else {"fields": fields}
    answer = await ask(registers, "9.000001", who, **more)
    assert answer["fields"]["hoTen"]["state"] == "disputed"
    assert answer["fields"]["hoTen"]["doubt"]["kind"] == "name_differs"
    registers.set("health_card", told(maSoBHXH="3300000003"))
    answer = await ask(registers, "9.000001", who, **more)
    assert answer["fields"]["hoTen"]["state"] == "filled"


@pytest.mark.parametrize(("who", "code", "differs"), [("single", "3", True), ("divorced", "3", False)])
async def test_divorced_or_widowed_agrees_with_both_and_with_nothing_else(
    registers: Stage, who: str, code: str, differs: bool
) -> None:
    registers.set(
        "population", body(lambda good: re.sub("(TinhTrangHonNhan>)[0-9]", rf"\g<1>{code}", good.text))
    )
    one = registers.house.subject(who)
    answer = await ask(registers, "1.004873", {"requester": one, "person": {"same_as": "requester"}})
    for key in ("nxnTinhTrangHonNhan", "TinhTrangHonNhanC1"):
        field = answer["fields"][key]
        assert (field["state"], field["editable"]) == (("disputed", True) if differs else ("filled", False))
        assert len((field["doubt"] or {"candidates": ""})["candidates"]) == (3 if differs else 0)


@pytest.mark.parametrize("blank", [{"hoTen": ""}, {"ngaySinh": None}])
async def test_card_that_shares_one_trait_is_no_answer(registers: Stage, blank: dict[str, Any]) -> None:
    registers.set("health_card", told(**blank))
    answer = await ask(registers, "9.000001", {"applicant": subject(registers, "khai")})
    assert found(answer)["health_card"] == INVALID
    assert papers(answer)["old_card"] == "required"


OTHER_PERSON = ("invalid", "source_answer_other_person")


async def test_two_households_in_one_answer_show_nobody(registers: Stage) -> None:
    registers.set("population", None)
    quan = {"applicant": subject(registers, "quan")}
    good = await ask(registers, "1.004222", quan)
    assert proposed(good, "thanhVien")
    await registers.house.misbehave("population", "two_people", operation="CungCapThongTinHoGiaDinh")
    bad = await ask(registers, "1.004222", quan)
    async with registers.house.session.delete(f"{registers.house.control}/misbehave"):
        pass
    assert bad["fields"]["thanhVien"]["value"] is None
    assert proposed(bad, "thanhVien") == {}
    outcomes = {one["data_service"]: (one["outcome"], one.get("reason")) for one in bad["sources"]}
    assert outcomes["CungCapThongTinHoGiaDinh"] == OTHER_PERSON


def head_numbered(number: str) -> Say:
    """The good answer of the population database, another number of the head of household in it."""

    def change(good: Good) -> str:
        start, sign, rest = good.text.partition("ChuHo>")
        inner, end, after = rest.partition("ChuHo>")
        return (
            start + sign + re.sub("(SoDinhDanh>)[^<]*(</)", rf"\g<1>{number}\2", inner, count=1) + end + after
        )

    return body(change)


HEAD_FIELDS = ("chuHo", "quanHeVoiChuHo", "maHoGiaDinh")


def head_of(answer: Any) -> dict[str, Any]:
    """What a form says of the head of household, with what it proposes."""
    fields = {key: one for key, one in answer["fields"].items() if key.startswith(HEAD_FIELDS)}
    found = {key: one["value"] for key, one in fields.items() if one["value"] is not None}
    return found | proposed(answer, *fields)


@pytest.mark.parametrize("word", ["known", "held"])
async def test_head_whom_a_record_names_without_a_number_is_nothing_beside_a_number_of_the_form(
    registers: Stage, word: str
) -> None:
    registers.set("population", head_numbered(""))
    mother = {"requester": subject(registers, "quan"), "mother": {"same_as": "requester"}}
    assert head_of(await ask(registers, "2.000986", mother)).keys() == {
        "chuHoHoTen", "quanHeVoiChuHo", "maHoGiaDinh"
    }  # fmt: skip
    number = {"chuHoSoDinhDanh": "033074618025"}
    kept = await ask(registers, "2.000986", mother, **{word: number})
    assert head_of(kept) == number
    assert kept["fields"]["maHoGiaDinh"]["reason"] == {
        "code": "object_differs",
        "rule": "same:form.chuHoSoDinhDanh",
    }
    registrant = {"applicant": subject(registers, "quan")}
    assert proposed(await ask(registers, "1.004222", registrant), "chuHo").keys() == {
        "chuHo.hoTen",
        "chuHo.quanHe",
    }
    typed = {word: {"chuHo.soDinhDanh": number["chuHoSoDinhDanh"]}}
    assert proposed(await ask(registers, "1.004222", registrant, **typed), "chuHo") == {}


async def test_head_of_the_form_is_the_one_in_the_record_of_the_father(registers: Stage) -> None:
    registers.set("population", None)
    mother = {"requester": subject(registers, "luu"), "mother": {"same_as": "requester"}}
    of_mother = head_of(await ask(registers, "2.000986", mother))
    father = {"requester": subject(registers, "thu"), "mother": {"same_as": "requester"}}
    of_father = head_of(await ask(registers, "2.000986", father))
    both = mother | {"father": subject(registers, "thu")}
    assert head_of(await ask(registers, "2.000986", both)) == of_mother
    for key in ("chuHoHoTen", "chuHoSoDinhDanh"):
        typed = {key: of_father[key]}
        assert head_of(await ask(registers, "2.000986", both, known=typed)) == of_father
        # and so where the form has the rest already
        part = await ask(registers, "2.000986", both, known=typed, fields=["maHoGiaDinh"])
        assert part["form"] == {"maHoGiaDinh": of_father["maHoGiaDinh"]}


async def test_present_address_in_the_form_is_not_the_permanent_residence(registers: Stage) -> None:
    def moved(good: Good) -> str:
        start, sign, rest = good.text.partition("NoiOHienTai>")
        inner, end, after = rest.partition("NoiOHienTai>")
        return start + sign + re.sub("(ChiTiet>)[^<]*", r"\g<1>SỐ 9 PHỐ LẠ", inner) + end + after

    registers.set("population", body(moved))
    who = {"requester": subject(registers, "mau"), "person": {"same_as": "requester"}}
    place = (await ask(registers, "1.004873", who))["form"]["nxnNoiCuTru"]
    present = {**place, "dcChiTiet": "Số 9 phố Lạ"}
    for word in ("known", "held"):
        for typed, kind in ((place, "1"), (present, None)):
            answer = await ask(registers, "1.004873", who, **{word: {"nxnNoiCuTru": typed}})
            assert answer["fields"]["nxnLoaiCuTru"]["value"] == kind
        answer = await ask(registers, "1.004873", who, **{word: {"nxnLoaiCuTru": "1"}})
        assert answer["form"]["nxnNoiCuTru"] == place


@pytest.mark.parametrize("who", ["mau", "thu"])
async def test_number_that_is_not_the_heads_fills_no_field_and_no_paper(registers: Stage, who: str) -> None:
    """`thu` names his wife as the head; her number is replaced by that of a person of another name."""
    subjects = {"requester": subject(registers, who), "mother": {"same_as": "requester"}}
    registers.set("population", None)
    good = await ask(registers, "2.000986", subjects)
    assert (good["fields"]["chuHoHoTen"]["state"], papers(good)["residence_papers"]) == ("filled", "required")
    joined = subjects | {"household_head": subject(registers, "mau")}
    assert papers(await ask(registers, "2.000986", joined))["residence_papers"] == "replaced"
    registers.set("population", head_numbered(subject(registers, "quan")["personal_id"]))
    assert papers(await ask(registers, "2.000986", joined))["residence_papers"] == "required"
    bad = await ask(registers, "2.000986", subjects)
    head = {key: bad["fields"][key]["value"] for key in ("chuHoHoTen", "chuHoSoDinhDanh", "quanHeVoiChuHo")}
    assert set(head.values()) == {None}
    assert proposed(bad, *head) == {}
    assert bad["fields"]["chuHoSoDinhDanh"]["reason"]["code"] in ("sources_differ", "data_do_not_match")
    (paper,) = [one for one in bad["papers"] if one["code"] == "residence_papers"]
    assert (paper["state"], paper["reason"]["code"]) == ("required", "data_do_not_match")


def of_one(number: str, say: Say) -> Say:
    """`say` for the person with this number, the good answer for all others."""

    async def chosen(good: Good, writer: asyncio.StreamWriter) -> None:
        same = body(lambda good: good.text)
        await (say if f"SoDinhDanh>{number}<".encode() in good.asked else same)(good, writer)

    return chosen


HEAD = ("chuHoHoTen", "chuHoSoDinhDanh", "quanHeVoiChuHo", "maHoGiaDinh")


def said_of_head(answer: Any) -> list[Any]:
    """What the fields of the head say, or propose."""
    offered = proposed(answer, *HEAD)
    return [answer["fields"][key]["value"] or offered.get(key, [None])[0] for key in HEAD]


async def test_head_in_a_form_is_one_person_whom_the_form_may_choose(registers: Stage) -> None:
    """The mother's head has a name and no number; the father heads another household."""
    mother, father = subject(registers, "mau"), subject(registers, "doan")
    registers.set("population", of_one(mother["personal_id"], head_numbered("")))
    subjects = {"requester": mother, "mother": {"same_as": "requester"}, "father": father}
    answer = await ask(registers, "2.000986", subjects)
    ours = [mother["full_name"], None, "Con", "3347926478"]
    assert said_of_head(answer) == ours
    name = mother["full_name"].casefold()
    registers.peers["social_insurance"].say = changed(
        lambda tree: tree | ({"maHo": None} if tree["hoTen"].casefold() == name else {})
    )
    answer = await ask(registers, "2.000986", subjects)
    assert said_of_head(answer) == [*ours[:3], None]
    outcomes = {(one["subject"], one["source"]): one["outcome"] for one in answer["sources"]}
    assert outcomes["father", "social_insurance"] == "skipped"
    typed = [
        (
            "chuHoSoDinhDanh",
            father["personal_id"],
            [father["full_name"], father["personal_id"], None, "3327041496"],
        ),
        ("chuHoSoDinhDanh", "033071920664", [None, "033071920664", None, None]),
        ("chuHoHoTen", "Trần Văn Khác", ["Trần Văn Khác", None, None, None]),
    ]
    for key, value, values in typed:
        answer = await ask(registers, "2.000986", subjects, known={key: value})
        assert said_of_head(answer) == values, value


async def test_head_without_a_number_fills_nothing_where_the_form_names_another_head(
    registers: Stage,
) -> None:
    registers.set("population", head_numbered(""))
    who = {"applicant": subject(registers, "quan")}
    plain = await ask(registers, "1.004222", who)
    offered = proposed(plain, "chuHo.quanHe", "thanhVien")
    assert offered.keys() == {"chuHo.quanHe", "thanhVien"}
    assert any("quanHe" in one for one in offered["thanhVien"][0])
    answer = await ask(registers, "1.004222", who, known={"chuHo.hoTen": "Trần Văn Khác"})
    assert answer["fields"]["chuHo.quanHe"]["value"] is None
    offered = proposed(answer, "chuHo.quanHe", "thanhVien")
    assert offered.keys() == {"thanhVien"}
    assert not any("quanHe" in one for one in offered["thanhVien"][0])


async def test_hurried_caller_sees_no_head_whom_nobody_confirmed(registers: Stage) -> None:
    """The mother is confirmed in time; whether the number is the head's, only after the caller's deadline."""
    number = subject(registers, "quan")["personal_id"]
    change = head_numbered(number)

    async def say(good: Good, writer: asyncio.StreamWriter) -> None:
        if f"SoDinhDanh>{number}<".encode() in good.asked:
            await asyncio.sleep(1.5)
        await change(good, writer)

    registers.set("population", say)
    subjects = {"requester": subject(registers, "mau"), "mother": {"same_as": "requester"}}
    answer = await ask(registers, "2.000986", subjects, deadline_ms=500)
    head = answer["fields"]["chuHoSoDinhDanh"]
    assert (head["value"], head["state"], head["reason"]["code"]) == (None, "unavailable", "deadline_reached")
    assert answer["fields"]["meHoTen"]["value"]


async def test_text_is_no_number_of_the_head_or_the_household(registers: Stage) -> None:
    subjects = {"requester": subject(registers, "mau"), "mother": {"same_as": "requester"}}
    registers.set("population", head_numbered("KHÔNG CÓ"))
    registers.peers["social_insurance"].say = told(maHo="N/A")
    answer = await ask(registers, "2.000986", subjects)
    for key in ("chuHoSoDinhDanh", "maHoGiaDinh"):
        assert answer["fields"][key]["value"] is None
        assert answer["fields"][key]["reason"]["code"] == "code_unknown"
    assert (
        papers(answer).items() >= {"residence_papers": "required", "separate_bhyt_form": "required"}.items()
    )


@pytest.mark.parametrize(
    ("blank", "proves"), [({}, True), ({"so": "không"}, False), ({"quyenSo": "-"}, False)]
)
async def test_marriage_without_a_number_proves_no_marriage(
    registers: Stage, blank: dict[str, Any], proves: bool
) -> None:
    """The entries of both spouses in the population database may still prove it."""
    registers.set(
        "civil_status", changed(lambda tree: {**tree, "ketHon": [{**one, **blank} for one in tree["ketHon"]]})
    )
    subjects = {
        "requester": subject(registers, "mau"), "mother": {"same_as": "requester"}, "father": subject(registers, "thu")
    }  # fmt: skip
    answer = await ask(registers, "1.001193", subjects)
    (paper,) = [one for one in answer["papers"] if one["code"] == "marriage_certificate"]
    assert ("civil_status.marriage.number" in json.dumps(paper.get("by"))) is proves


def stored(**words: str) -> Say:
    row = {
        "MaKetQua": "KQ.G15.900002",
        "TenGiayTo": "GCN kết hôn",
        "SoKyHieu": "7/2019",
        "CoQuanChuQuan": "x",
    }
    return changed(lambda tree: {**tree, "result": {"DanhSachGiayToKetQua": [{**row, **words}]}})


#: a parcel of `mau` and `thu`, and its certificate
PARCEL = {"commune": "11953", "sheet": "12", "number": "345"}
LAND_CERTIFICATE = {"MaKetQua": "KQ.G10.900001", "SoKyHieu": "CK 225177"}


@pytest.mark.parametrize(
    ("words", "outcome", "state"),
    [
        ({}, ("found", None), "reusable"),
        ({"SoDinhDanhChuSoHuu": "033057391846"}, OTHER_PERSON, "required"),
        ({"MaChuGiayTo": "033057391846"}, OTHER_PERSON, "required"),
        ({"TenGiayTo": "GCN kết hôn 033057391846"}, OTHER_PERSON, "required"),
        ({"TenGiayTo": "GCN kết hôn của Nguyễn Văn Khác"}, OTHER_PERSON, "required"),
        ({"TenGiayTo": "GCN kết hôn của Đỗ Thị Ánh (bản sao)"}, OTHER_PERSON, "required"),
        ({"TenGiayTo": "GCN kết hôn của bà Nguyễn Thị Khác"}, OTHER_PERSON, "required"),
        ({"TenGiayTo": "GCN kết hôn của công dân Việt Nam"}, ("found", None), "reusable"),
        ({"HoTenChuSoHuu": "NGUYỄN VĂN KHÁC"}, OTHER_PERSON, "required"),
        # the owner's own certificate, of another parcel
        ({"SoKyHieu": "CH 40817263"}, ("found", None), "required"),
    ],
)
async def test_paper_of_another_owner_is_not_offered(
    registers: Stage, words: dict[str, str], outcome: tuple[str, str | None], state: str
) -> None:
    registers.set("paper_store", stored(**{**LAND_CERTIFICATE, **words}))
    subjects = {"applicant": subject(registers, "mau"), "owner": {"same_as": "applicant"}, "parcel": PARCEL}
    answer = await ask(registers, "1.004222", subjects)
    assert (found(answer)["paper_store"], papers(answer)["lawful_dwelling"]) == (outcome, state)


@pytest.mark.parametrize("by_official", [True, False])
async def test_paper_store_hears_whether_the_citizen_or_an_official_asks(
    registers: Stage, by_official: bool
) -> None:
    peer = registers.set("paper_store", None)
    who, official = subject(registers, "thu"), new_official()
    subjects = {"applicant": who, "owner": subject(registers, "mau")}
    more = {"official": official} if by_official else {}
    await registers.house.prefill("1.004222", subjects, **more)
    asked = json.loads(peer.calls[-1][1].partition(b"\r\n\r\n")[2])
    expected = ("1", official["personal_id"]) if by_official else ("2", who["personal_id"])
    assert (asked["KenhThucHien"], asked["SoDinhDanhNguoiYeuCau"]) == expected


async def test_certificate_of_a_marriage_with_nobody_named_is_asked_for(registers: Stage) -> None:
    """The store does not say with whom: no register names the father, for there is none."""
    registers.set("paper_store", stored())
    registers.peers["civil_status"].say = changed(lambda tree: {**tree, "tinhTrang": "2", "ketHon": []})
    subjects = {"requester": subject(registers, "trang"), "mother": {"same_as": "requester"}}
    answer = await ask(registers, "1.001193", subjects)
    assert (found(answer)["paper_store"], papers(answer)["marriage_certificate"]) == (
        ("found", None),
        "required",
    )


async def test_certificate_of_a_marriage_with_somebody_else_is_asked_for(registers: Stage) -> None:
    registers.set("paper_store", stored())
    subjects = {
        "requester": subject(registers, "mau"), "mother": {"same_as": "requester"}, "father": subject(registers, "luu")
    }  # fmt: skip
    answer = await ask(registers, "1.001193", subjects)
    assert papers(answer)["marriage_certificate"] == "required"


async def test_name_of_another_owner_has_at_most_ten_words(registers: Stage) -> None:
    """What is longer is no name, and so a title of nothing but `của` is soon read."""
    for words, outcome in ((10, OTHER_PERSON), (11, ("found", None))):
        registers.set("paper_store", stored(TenGiayTo="GCN của " + " ".join(["Khác"] * words)))
        subjects = {"requester": subject(registers, "trang"), "mother": {"same_as": "requester"}}
        registers.peers["civil_status"].say = changed(lambda tree: {**tree, "tinhTrang": "2", "ketHon": []})
        assert found(await ask(registers, "1.001193", subjects))["paper_store"] == outcome


@pytest.mark.parametrize(("state", "warned"), [("1", []), ("5", ["licence_replaced"])])
async def test_licence_that_was_replaced_is_warned_of_and_cuts_no_copy(
    registers: Stage, state: str, warned: list[str]
) -> None:
    registers.set("driving_licence", told(TrangThai=state))
    answer = await ask(registers, "1.002809", {"applicant": subject(registers, "quan")})
    assert [one["code"] for one in answer["warnings"]] == warned
    assert papers(answer)["licence_copy"] == ("required" if warned else "replaced")


async def test_endless_title_does_not_hold_the_loop(registers: Stage) -> None:
    lags: list[float] = []
    registers.set("paper_store", stored(TenGiayTo="của Xx " * 1_400 + "!"))
    registers.peers["civil_status"].say = changed(lambda tree: {**tree, "tinhTrang": "2", "ketHon": []})
    subjects = {"requester": subject(registers, "trang"), "mother": {"same_as": "requester"}}
    sampling = asyncio.create_task(sample(lags))
    try:
        answer = await ask(registers, "1.001193", subjects)
    finally:
        sampling.cancel()
    assert found(answer)["paper_store"] == ("found", None)
    assert max(lags) < 0.1


NEIGHBOUR = "033085739104"


def named_beside(stage: Stage, answer: Any) -> list[str]:
    """Roles under which the record of an exchange names people whom nobody asked about."""
    (outcome,) = [
        one
        for one in records(stage.house)
        if one["phase"] == "outcome" and one["exchange"] == answer["exchange_id"]
    ]
    return [role for role in outcome["subjects"] if role.startswith("also#")]


async def test_who_is_named_in_a_paper_that_leaves_is_named_in_the_record(registers: Stage) -> None:
    who = subject(registers, "mau")
    subjects = {"owner": who, "parcel": PARCEL}
    co_owner = "also#1"
    for beside, named in ((who["personal_id"], [co_owner]), (NEIGHBOUR, [co_owner, "also#2"])):
        title = f"GCN của {who['full_name']} {who['personal_id']} và {beside}"
        registers.set("paper_store", stored(**LAND_CERTIFICATE, TenGiayTo=title))
        answer = await ask(registers, "1.013225", subjects)
        assert papers(answer)["land_certificate_copy"] == "reusable"
        assert beside in json.dumps(answer["papers"])
        assert named_beside(registers, answer) == named


async def test_who_is_named_in_a_doubt_that_leaves_is_named_in_the_record(registers: Stage) -> None:
    registers.set("social_insurance", told(hoTen=f"Tên Khác {NEIGHBOUR}"))
    answer = await ask(registers, "9.000001", {"applicant": subject(registers, "name_differs")})
    assert NEIGHBOUR not in json.dumps(answer["form"])
    assert NEIGHBOUR in json.dumps(answer["fields"]["hoTen"]["doubt"])
    assert named_beside(registers, answer) == ["also#1"]


@pytest.mark.parametrize(("name", "is_named"), [("", True), ("Trần Thị Khác", False)])
async def test_who_stands_in_data_that_do_not_leave_is_in_no_record(
    registers: Stage, name: str, is_named: bool
) -> None:
    """The register answers by the number alone, and names a husband; the name is that of somebody else."""
    husband = {"hoTen": "Phạm Văn Láng", "soDinhDanh": NEIGHBOUR}
    registers.set(
        "civil_status",
        changed(lambda tree: {**tree, "tinhTrang": "2", "ketHon": [{**NEW, "voChong": husband}]}),
    )
    mother = subject(registers, "mau")
    mother["full_name"] = name or mother["full_name"]
    answer = await ask(registers, "1.001193", {"requester": mother, "mother": {"same_as": "requester"}})
    assert registers.peers["civil_status"].calls
    assert NEIGHBOUR not in json.dumps(answer)
    assert bool(named_beside(registers, answer)) is is_named


async def test_co_owner_is_named_when_the_late_answer_about_the_parcel_is_recorded(registers: Stage) -> None:
    registers.set("population", None)
    await registers.house.misbehave("land", "slow", seconds=0.6, times=1)
    subjects = {"owner": subject(registers, "mau"), "parcel": PARCEL}
    answer = await ask(registers, "1.013225", subjects, deadline_ms=200)
    await settled(registers.house, answer["exchange_id"])
    early, *_, late = (
        {role for role in one["subjects"] if role.startswith("also#")}
        for one in records(registers.house)
        if one["exchange"] == answer["exchange_id"] and one["phase"] == "outcome"
    )
    assert (early, late) == (set(), {"also#1"})


NEW = {"so": "9", "quyenSo": "1", "ngayDangKy": "01/01/2020", "voChong": {"hoTen": "X"}}
OLD = {
    "so": "1", "quyenSo": "2", "ngayDangKy": "01/01/2001", "voChong": {"hoTen": "Y"},
    "chamDut": {"lyDo": "lyHon", "ngay": "01/01/2005", "so": "1"},
}  # fmt: skip
NEW_ENDED = {**NEW, "chamDut": {"lyDo": "lyHon", "ngay": "02/03/2021", "so": "4"}}


@pytest.mark.parametrize(
    ("marriages", "state"),
    [
        ([OLD, NEW], "required"),
        ([NEW, OLD], "required"),
        ([OLD, NEW_ENDED], "replaced"),
        ([NEW_ENDED, OLD], "replaced"),
        ([{**NEW_ENDED, "ngayDangKy": None}, OLD], "required"),
        ([{**NEW, "ngayDangKy": "2001"}, OLD], "required"),
    ],
)
async def test_end_of_an_old_marriage_says_nothing_of_the_newest(
    registers: Stage, marriages: list[dict[str, Any]], state: str
) -> None:
    registers.set("civil_status", told(tinhTrang="3", ketHon=marriages))
    subjects = {"requester": subject(registers, "hanh"), "person": {"same_as": "requester"}}
    answer = await ask(registers, "1.004873", subjects)
    assert papers(answer)["divorce_or_death_paper"] == state


async def holds(stage: Stage, who: dict[str, Any], predicate: str) -> str:
    body = {"subject": who, "predicates": [predicate], "official": new_official()}
    status, answer = await stage.house.post("/v1/predicates", body)
    assert status == 200, answer
    answered: str = answer["predicates"][predicate]["answer"]
    return answered


DIED = {"chamDut": {"lyDo": "chet", "ngay": "02/03/2021", "so": "4"}}
NO_END = {**OLD, "chamDut": None}


@pytest.mark.parametrize(
    ("bride", "state", "marriages", "is_sure"),
    [
        ("graduate", "1", [], True),
        ("graduate", "1", [{}], True),
        ("graduate", "1", [NEW], False),
        ("graduate", "1", [NEW_ENDED], False),
        ("graduate", 1, {**NEW_ENDED, "ngayDangKy": None}, False),
        ("hanh", "3", [OLD, NEW_ENDED], True),
        # nothing says that the register lists the marriages of old books
        ("hanh", "3", [], True),
        ("hanh", "3", [NEW], False),
        ("hanh", "3", [NO_END, NEW_ENDED], False),
        ("hanh", "3", [OLD, {**NEW, **DIED}], False),
        ("hanh", "4", [OLD, {**NEW, **DIED}], True),
        ("hanh", "4", [OLD, NEW_ENDED], False),
        ("hanh", "3", [{**NEW, "chamDut": False}], False),
        ("hanh", "4", [{**NEW, "chamDut": {"trangThai": "0"}}], False),
        ("hanh", "3", [{**NEW, "chamDut": [DIED["chamDut"]]}], False),
        ("hanh", "4", [{**NEW, "chamDut": {"ngay": "2023"}}], True),
    ],
)
async def test_state_that_the_marriages_of_the_same_answer_deny_cuts_nothing_and_answers_nothing(
    registers: Stage, bride: str, state: object, marriages: object, is_sure: bool
) -> None:
    """The population database agrees with the state: it alone would let her marry without the certificate."""
    who = subject(registers, bride)

    def of_her(tree: dict[str, Any]) -> dict[str, Any]:
        hers = tree["soDinhDanh"] == who["personal_id"]
        return {**tree, "tinhTrang": state, "ketHon": marriages} if hers else tree

    registers.set("civil_status", changed(of_her))
    assert await holds(registers, who, "unmarried") == ("yes" if is_sure else "cannot_tell")
    couple = await ask(registers, "1.000894", {"male": subject(registers, "quan"), "female": who})
    assert papers(couple)["marital_status_certificate"] == ("replaced" if is_sure else "required")
    field = couple["fields"]["LoaiTinhTrangHonNhan_BenNu"]
    assert (field["doubt"] or {}).get("kind") == (None if is_sure else "answer_differs")
    alone = await ask(registers, "1.004873", {"requester": who, "person": {"same_as": "requester"}})
    assert is_sure or papers(alone)["divorce_or_death_paper"] == "required"


async def test_state_that_no_list_knows_is_settled_by_no_other_register(registers: Stage) -> None:
    """It may be a marriage of a kind that is new; the population database alone would say never married."""
    registers.set("civil_status", told(tinhTrang="8"))
    couple = {"male": subject(registers, "quan"), "female": subject(registers, "graduate")}
    answer = await ask(registers, "1.000894", couple)
    assert papers(answer)["marital_status_certificate"] == "required"
    assert await holds(registers, couple["female"], "unmarried") == "cannot_tell"


@pytest.mark.parametrize("with_number", [False, True])
async def test_husband_whom_the_register_names_otherwise_is_not_the_father(
    registers: Stage, with_number: bool
) -> None:
    """The population database agrees: mother and father name each other."""
    father = subject(registers, "thu")
    other = {"hoTen": "X Y", "soDinhDanh": father["personal_id"] if with_number else None}
    registers.set("civil_status", told(tinhTrang="2", ketHon=[{**NEW, "voChong": other}]))
    subjects = {"requester": subject(registers, "mau"), "mother": {"same_as": "requester"}, "father": father}
    answer = await ask(registers, "1.001193", subjects)
    assert papers(answer)["marriage_certificate"] == "required"


async def test_second_marriage_that_lasts_leaves_open_who_the_husband_is(registers: Stage) -> None:
    father = subject(registers, "thu")
    entry = {**NEW, "voChong": {"hoTen": father["full_name"], "soDinhDanh": father["personal_id"]}}
    registers.set("civil_status", told(tinhTrang="2", ketHon=[NO_END, entry]))
    subjects = {"requester": subject(registers, "mau"), "mother": {"same_as": "requester"}, "father": father}
    answer = await ask(registers, "1.001193", subjects)
    assert papers(answer)["marriage_certificate"] == "required"


@pytest.mark.parametrize("is_over", [False, True])
async def test_marriage_that_ended_is_no_proof_beside_a_state_that_says_married(
    registers: Stage, is_over: bool
) -> None:
    father = subject(registers, "thu")
    entry = {**NEW, "voChong": {"hoTen": father["full_name"], "soDinhDanh": father["personal_id"]}}
    ended = {**entry, "chamDut": NEW_ENDED["chamDut"]} if is_over else entry
    registers.set("civil_status", told(tinhTrang="2", ketHon=[ended]))
    mother = subject(registers, "mau")
    subjects = {"requester": mother, "mother": {"same_as": "requester"}, "father": father}
    answer = await ask(registers, "1.001193", subjects)
    assert papers(answer)["marriage_certificate"] == ("required" if is_over else "replaced")
    assert await holds(registers, mother, "unmarried") == ("cannot_tell" if is_over else "no")


async def test_death_entry_that_nobody_can_read_leaves_open_who_lives(registers: Stage) -> None:
    who = subject(registers, "quan")
    subjects = {"requester": who, "person": {"same_as": "requester"}}
    for entry, paper, answered in ((None, "replaced", "yes"), ("đã khai tử", "required", "cannot_tell")):
        registers.set("civil_status", told(khaiTu=entry))
        assert papers(await ask(registers, "1.004873", subjects))["id_and_residence"] == paper
        assert await holds(registers, who, "alive") == answered


@pytest.mark.parametrize(
    ("word", "said"), [("QuocGia", "LA"), ("MaTinhThanh", "")], ids=["abroad", "without_province"]
)
async def test_address_whose_unit_nobody_knows_cuts_nothing_and_answers_nothing(
    registers: Stage, word: str, said: str
) -> None:
    def elsewhere(good: Good) -> str:
        text = re.sub(rf"(<[^/>]*\b{word}>)[^<]*", rf"\g<1>{said}", good.text)
        return text if said else re.sub(r"(<[^/>]*\bMaPhuongXa>)[^<]*", r"\g<1>", text)

    who = subject(registers, "quan")
    subjects = {"requester": who, "person": {"same_as": "requester"}}
    for say, paper, answered in ((None, "replaced", "yes"), (body(elsewhere), "required", "cannot_tell")):
        registers.set("population", say)
        answer = await ask(registers, "1.004873", subjects)
        (shown,) = [one for one in answer["papers"] if one["code"] == "id_and_residence"]
        why = "address_needs_confirmation" if say else None
        assert (shown["state"], (shown.get("reason") or {}).get("code")) == (paper, why)
        assert await holds(registers, who, "resident_of:33") == answered


@pytest.mark.parametrize(
    ("says", "state", "reason"),
    [
        ({"tinhTrang": "2"}, "replaced", None),
        ({"tinhTrang": "1", "ketHon": []}, "required", "sources_differ"),
        # divorced by the register, married by the population database: nobody knows whether they are married
        ({"tinhTrang": "3", "ketHon": [NEW_ENDED]}, "required", "condition_unknown"),
    ],
)
async def test_registers_that_contradict_one_another_keep_the_marriage_certificate(
    registers: Stage, says: dict[str, Any], state: str, reason: str | None
) -> None:
    """The population database says married, and names both spouses."""
    registers.set("civil_status", told(**says))
    subjects = {
        "requester": subject(registers, "mau"), "mother": {"same_as": "requester"}, "father": subject(registers, "thu")
    }  # fmt: skip
    answer = await ask(registers, "1.001193", subjects)
    (paper,) = [one for one in answer["papers"] if one["code"] == "marriage_certificate"]
    assert (paper["state"], (paper.get("reason") or {}).get("code")) == (state, reason)


@pytest.mark.parametrize(
    ("name", "state"), [("Trần Thị Hoà", "filled"), ("TRẦN THỊ HÒA", "filled"), ("Trần Thị Hóa", "disputed")]
)
async def test_place_of_a_tone_mark_is_no_dispute_and_another_tone_is(
    registers: Stage, name: str, state: str
) -> None:
    who = subject(registers, "hoa")
    family = who["full_name"].rpartition(" ")[0]
    written = f"{family} {name.rpartition(' ')[2]}"
    registers.set("health_card", told(hoTen=written))
    answer = await ask(registers, "9.000001", {"applicant": who})
    assert answer["fields"]["hoTen"]["state"] == state
    # the population database is the authority for the name: another spelling asks for no paper
    assert papers(answer)["id_paper"] == "replaced"
