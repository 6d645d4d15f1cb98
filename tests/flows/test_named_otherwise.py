"""What the form says of a person or an object, typed or held, and the evidence must speak of the same one."""

from typing import Any

import pytest

from tests.flows.conftest import House, on_session, proposed

pytestmark = on_session

DIVORCED = "Đã đăng ký kết hôn hoặc đã có vợ/chồng nhưng đã ly hôn; hiện tại chưa đăng ký kết hôn với ai"
PARCEL = {"commune": "11953", "sheet": "12", "number": "345"}


async def papers(
    house: House, procedure: str, subjects: dict[str, Any], **more: Any
) -> dict[str, tuple[str, str]]:
    answer = await house.prefill(procedure, subjects, **more)
    return {
        one["code"]: (one["state"], (one.get("reason") or {}).get("code", "")) for one in answer["papers"]
    }


@pytest.mark.parametrize(
    "typed",
    [{"SoDinhDanh_BenNu": "033303411924"}, {"HoTenBenNu": "Hà Phương Thảo"}, {"NgaySinhBenNu": "01/01/2000"}],
)
async def test_paper_is_not_cut_by_data_of_another_than_the_form_names(
    shared_house: House, typed: dict[str, str]
) -> None:
    couple = {"male": shared_house.subject("single"), "female": shared_house.subject("ethnic_minority")}
    assert (await papers(shared_house, "1.000894", couple))["id_copies"][0] == "replaced"
    for word in ("known", "held"):
        found = await papers(shared_house, "1.000894", couple, **{word: typed})
        assert found["id_copies"] == ("required", "object_differs"), word
        assert found["marital_status_certificate"] == ("required", "object_differs"), word


async def test_what_the_form_says_of_the_same_person_in_its_own_way_changes_nothing(
    shared_house: House,
) -> None:
    one = shared_house.persona("ethnic_minority")
    couple = {"male": shared_house.subject("single"), "female": shared_house.subject("ethnic_minority")}
    born = "/".join(reversed(one["birth_date"].split("-")))
    typed = {
        "SoDinhDanh_BenNu": one["personal_id"],
        "HoTenBenNu": one["full_name"].upper(),
        "NgaySinhBenNu": born,
    }
    found = await papers(shared_house, "1.000894", couple, known=typed)
    assert found["id_copies"][0] == "replaced"


async def test_land_data_that_are_not_published_are_the_reason_not_an_empty_paper_store(
    shared_house: House,
) -> None:
    owner = shared_house.subject("facts_example")
    subjects = {"applicant": owner, "owner": {"same_as": "applicant"}, "parcel": PARCEL}
    found = await papers(shared_house, "1.004222", subjects)
    assert found["lawful_dwelling"] == ("required", "scope_not_published")


async def test_parcel_that_the_portal_holds_counts_like_one_that_is_typed(shared_house: House) -> None:
    subjects = {"owner": shared_house.subject("facts_example"), "parcel": PARCEL}
    for word in ("known", "held"):
        found = await papers(shared_house, "1.013225", subjects, **{word: {"thuaDatSo": "999"}})
        assert found["land_certificate_copy"][0] == "required", word


async def test_field_that_the_citizen_emptied_stays_empty_and_names_nobody_else(shared_house: House) -> None:
    couple = {"male": shared_house.subject("single"), "female": shared_house.subject("ethnic_minority")}
    emptied = await shared_house.prefill("1.000894", couple, known={"NgaySinhBenNu": None})
    entry = emptied["fields"]["NgaySinhBenNu"]
    assert (entry["state"], entry["value"], entry["evidence"]) == ("kept", None, None)
    assert "NgaySinhBenNu" not in emptied["form"]
    found = next(one for one in emptied["papers"] if one["code"] == "id_copies")
    assert (found["state"], found["reason"]["code"]) == ("required", "condition_unknown")
    assert found["reason"]["rule"] == "same:form.NgaySinhBenNu"
    body = {"procedure": "1.000894", "subjects": couple, "held": {"NgaySinhBenNu": None}}
    status, problem = await shared_house.post("/v1/prefill", body)
    assert (status, problem["errors"][0]["pointer"]) == (422, "/held/NgaySinhBenNu")


@pytest.mark.parametrize("is_emptied", [False, True])
@pytest.mark.parametrize(
    ("procedure", "roles", "field", "paper"),
    [
        ("1.004873", ("requester", "person"), "nxnNoiCuTru", "id_and_residence"),
        ("1.001193", ("requester", "mother"), "meNoiCuTru", "residence_proof"),
    ],
)
async def test_paper_is_not_cut_where_the_form_has_another_value_than_the_data_that_would_cut_it(
    shared_house: House, procedure: str, roles: tuple[str, ...], field: str, paper: str, *, is_emptied: bool
) -> None:
    subjects: dict[str, Any] = dict.fromkeys(roles, shared_house.subject("facts_example"))
    subjects |= {"child": {}} if "mother" in roles else {}
    filled = (await shared_house.prefill(procedure, subjects))["fields"][field]["value"]
    same = {field: {**filled, "dcChiTiet": filled["dcChiTiet"].upper()}}
    assert (await papers(shared_house, procedure, subjects, known=same))[paper][0] == "replaced"
    typed = {field: None if is_emptied else {**filled, "dcChiTiet": "Số 99 Phố Khác"}}
    found = (await papers(shared_house, procedure, subjects, known=typed))[paper]
    assert found == ("required", "condition_unknown" if is_emptied else "object_differs")


async def test_paper_that_a_typed_state_would_need_is_asked_for(shared_house: House) -> None:
    subjects = dict.fromkeys(("requester", "person"), shared_house.subject("facts_example"))
    assert (await papers(shared_house, "1.004873", subjects))["divorce_or_death_paper"][0] == "not_applicable"
    typed = {"nxnTinhTrangHonNhan": DIVORCED}
    found = await papers(shared_house, "1.004873", subjects, known=typed)
    assert found["divorce_or_death_paper"][0] == "required"


async def test_data_of_a_person_whom_the_form_does_not_name_fill_no_field_of_his_role_and_cut_no_paper(
    shared_house: House,
) -> None:
    mother = shared_house.subject("facts_example")
    subjects = {
        "requester": mother,
        "mother": {"same_as": "requester"},
        "father": shared_house.subject("single"),
        "child": {},
    }
    plain = await shared_house.prefill("1.001193", subjects)
    filled = {
        key for key, one in plain["fields"].items() if key.startswith("cha") and one["state"] == "filled"
    }
    assert len(filled) > 4
    typed = {"chaSoGiayToTuyThan": "033064519831", "chaHoTen": "Lương Văn Lạ", "chaNgaySinh": "24/12/1964"}
    answer = await shared_house.prefill("1.001193", subjects, known=typed)
    assert {key for key in filled if answer["fields"][key]["state"] == "filled"} == set()
    cut = {one["code"] for one in answer["papers"] if one["state"] in ("replaced", "reusable")}
    assert cut.isdisjoint({"parents_id", "marriage_certificate"})


#: somebody else than any persona
OTHER = {"number": "033177640285", "name": "Đặng Thị Khác", "birth": "09/03/1977"}
#: what the form says of the mother instead, and whether that is another person
OTHERWISE: list[tuple[dict[str, str | None], bool]] = [
    ({"meSoGiayToTuyThan": OTHER["number"]}, True),
    ({"meHoTen": OTHER["name"], "meNgaySinh": OTHER["birth"]}, True),
    ({"meHoTen": OTHER["name"], "meSoGiayToTuyThan": None}, True),
    ({"meHoTen": OTHER["name"]}, False),
    ({"meNgaySinh": OTHER["birth"]}, False),
    ({"meSoGiayToTuyThan": None, "meHoTen": None, "meNgaySinh": None}, False),
]


def one_mother(house: House) -> dict[str, Any]:
    """The mother files, and is the head of the household that receives her child."""
    same = {"same_as": "mother"}
    return {"mother": house.subject("facts_example"), "requester": same, "household_head": same, "child": {}}


def values(answer: Any, *prefixes: str) -> dict[str, Any]:
    """The filled fields with one of these prefixes."""
    return {
        key: one["value"]
        for key, one in answer["fields"].items()
        if key.startswith(prefixes) and one["state"] == "filled"
    }


@pytest.mark.parametrize(("typed", "is_another"), OTHERWISE)
async def test_role_with_another_person_in_the_form_keeps_its_fields_empty_and_the_others_of_its_person_filled(
    shared_house: House, typed: dict[str, str | None], *, is_another: bool
) -> None:
    subjects = one_mother(shared_house)
    plain = await shared_house.prefill("2.000986", subjects)
    answer = await shared_house.prefill("2.000986", subjects, known=typed)
    others = {key: value for key, value in values(plain, "me").items() if key not in typed}
    assert len(others) > 4
    assert values(answer, "me") == ({} if is_another else others)
    # the child is found through its mother
    assert bool(values(answer, "nksGioiTinh")) is not is_another
    assert values(answer, "nyc", "chuHo") == values(plain, "nyc", "chuHo")
    assert len(values(answer, "nyc", "chuHo")) > 6
    for key in others if is_another else ():
        reason = answer["fields"][key]["reason"]
        assert reason["code"] == "data_do_not_match"
        assert reason["rule"].removeprefix("same:form.") in typed


async def test_two_roles_of_a_person_with_another_person_in_the_form_are_both_left_empty(
    shared_house: House,
) -> None:
    subjects = one_mother(shared_house)
    typed = {"meSoGiayToTuyThan": OTHER["number"], "chuHoSoDinhDanh": "033071920664"}
    for word in ("known", "held"):
        answer = await shared_house.prefill("2.000986", subjects, **{word: typed})
        # the head in her record, and her relation to that head, are not about the head of the form either
        assert values(answer, "me", "chuHo", "quanHeVoiChuHo", "nksGioiTinh") == {}, word
        assert len(values(answer, "nyc")) > 4, word


async def test_head_in_the_record_of_the_mother_fills_nothing_where_the_form_names_another_head(
    shared_house: House,
) -> None:
    subjects = {name: one for name, one in one_mother(shared_house).items() if name != "household_head"}
    plain = await shared_house.prefill("2.000986", subjects)
    assert values(plain, "chuHo").keys() == {"chuHoHoTen", "chuHoSoDinhDanh"}
    answer = await shared_house.prefill("2.000986", subjects, known={"chuHoSoDinhDanh": OTHER["number"]})
    assert values(answer, "chuHo", "quanHeVoiChuHo") == {}
    assert values(answer, "me") == values(plain, "me")


ELSEWHERE = {"dcChiTiet": "Thôn Lạ", "maXa": "12142", "maTinh": "33", "quocGia": "VN"}


@pytest.mark.parametrize(
    ("procedure", "roles", "kind", "place"),
    [
        ("1.004873", ("requester", "person"), "nxnLoaiCuTru", "nxnNoiCuTru"),
        ("1.004873", ("requester", "person"), "nycLoaiCuTru", "nycNoiCuTru"),
        ("1.000894", ("female", "male"), "LoaiCuTru_BenNu", "NoiCuTru_BenNu_TrongNuoc"),
        ("1.000894", ("female", "male"), "LoaiCuTru_BenNam", "NoiCuTru_BenNam_TrongNuoc"),
    ],
)
async def test_residence_and_its_type_are_of_one_residence(
    shared_house: House, procedure: str, roles: tuple[str, str], kind: str, place: str
) -> None:
    keys = "ethnic_minority" if procedure == "1.004873" else "single"
    subjects = {roles[0]: shared_house.subject("ethnic_minority"), roles[1]: shared_house.subject(keys)}
    plain = await shared_house.prefill(procedure, subjects)
    filled = {key: plain["fields"][key]["value"] for key in (kind, place)}
    assert filled[kind] == "1"
    for word in ("known", "held"):
        for typed in (kind, place):
            same = await shared_house.prefill(procedure, subjects, **{word: {typed: filled[typed]}})
            assert {key: same["fields"][key]["value"] for key in (kind, place)} == filled
        other = await shared_house.prefill(procedure, subjects, **{word: {kind: "2"}})
        assert other["fields"][place]["value"] is None, word
        other = await shared_house.prefill(procedure, subjects, **{word: {place: ELSEWHERE}})
        assert other["fields"][kind]["value"] is None, word


async def test_current_residence_is_not_written_as_a_permanent_one(shared_house: House) -> None:
    who = shared_house.subject("no_permanent_address")
    subjects = {"requester": who, "person": {"same_as": "requester"}}
    plain = await shared_house.prefill("1.004873", subjects)
    assert plain["fields"]["nxnLoaiCuTru"]["value"] is None
    # she says which type it is, and may say the permanent one: nothing stands in the form before
    offered = proposed(plain, "nxn", "nyc")
    (current,) = offered["nxnNoiCuTru"]
    assert offered == {"nxnNoiCuTru": [current], "nycNoiCuTru": [current]}
    emptied = await shared_house.prefill("1.004873", subjects, known={"nxnLoaiCuTru": None})
    assert proposed(emptied, "nxn", "nyc") == offered
    for word in ("known", "held"):
        other = await shared_house.prefill("1.004873", subjects, **{word: {"nxnLoaiCuTru": "1"}})
        entry = other["fields"]["nxnNoiCuTru"]
        assert entry["value"] is None, word
        assert entry["reason"] == {"code": "object_differs", "rule": "same:form.nxnLoaiCuTru"}
        assert proposed(other, "nxn", "nyc") == {"nycNoiCuTru": [current]}
        same = await shared_house.prefill("1.004873", subjects, **{word: {"nxnLoaiCuTru": "2"}})
        assert same["fields"]["nxnNoiCuTru"]["value"] == current, word
        assert proposed(same, "nxn", "nyc") == {"nycNoiCuTru": [current]}
    checked = await shared_house.prefill("1.004873", subjects, held={"nxnNoiCuTru": current})
    assert checked["fields"]["nxnNoiCuTru"]["check"] == "same"


async def test_notice_of_another_day_of_death_fills_nothing(shared_house: House) -> None:
    subjects = {
        "requester": shared_house.subject("single"),
        "deceased": shared_house.subject("death_not_registered"),
    }
    plain = await shared_house.prefill("1.000656", subjects)
    notice = {"nktNoiChet", "nktNguyenNhanChet"}
    assert values(plain, *notice).keys() == notice
    day = plain["fields"]["nktNgayChet"]["value"]
    assert (
        values(await shared_house.prefill("1.000656", subjects, known={"nktNgayChet": day}), *notice).keys()
        == notice
    )
    assert (
        values(await shared_house.prefill("1.000656", subjects, known={"nktNgayChet": "01/02/2026"}), *notice)
        == {}
    )


async def test_person_of_two_roles_is_not_warned_of_where_the_form_names_another_in_one_of_them(
    shared_house: House,
) -> None:
    same = {"same_as": "mother"}
    subjects = {
        "mother": shared_house.subject("facts_example"),
        "father": same,
        "requester": same,
        "child": {},
    }
    warned = "one_person_in_both_roles"
    plain = await shared_house.prefill("1.001193", subjects)
    assert warned in {one["code"] for one in plain["warnings"]}
    answer = await shared_house.prefill("1.001193", subjects, known={"chaSoGiayToTuyThan": OTHER["number"]})
    assert {one["code"] for one in answer["warnings"]}.isdisjoint({warned, "father_is_no_man"})
    assert next(one["state"] for one in answer["papers"] if one["code"] == "parents_id") == "required"


async def test_parcel_of_the_asked_owner_fills_nothing_where_the_form_names_another_owner(
    shared_house: House,
) -> None:
    subjects = {"user": shared_house.subject("facts_example"), "parcel": PARCEL}
    plain = await shared_house.prefill("1.012753", subjects)
    assert values(plain, "CDienTich6").keys() == {"CDienTich6"}
    answer = await shared_house.prefill("1.012753", subjects, known={"BGiayToNhanThan3": OTHER["number"]})
    assert values(answer, "AHoVaTen2", "CDiaChi4", "CDienTich6", "DSuDungVaoMucDich7") == {}


@pytest.mark.parametrize(
    ("procedure", "typed"),
    [
        ("2.000986", {"nycLoaiGiayToTuyThan": "4", "meLoaiGiayToTuyThan": "1"}),
        ("1.001612", {"mst": "8041172956"}),
        ("1.001612", {"mst": "8041172956", "chuHo_soDinhDanh": "033190481726"}),
    ],
)
async def test_kind_of_a_paper_or_a_tax_code_in_the_form_names_nobody_else(
    shared_house: House, procedure: str, typed: dict[str, str]
) -> None:
    one = shared_house.subject("facts_example")
    subjects = {"owner": one, "requester": one} if procedure == "1.001612" else one_mother(shared_house)
    typed = {key: one["personal_id"] if key.endswith("soDinhDanh") else value for key, value in typed.items()}
    plain = await shared_house.prefill(procedure, subjects)
    others = {key: value for key, value in values(plain, "").items() if key not in typed}
    for word in ("known", "held"):
        answer = await shared_house.prefill(procedure, subjects, **{word: typed})
        assert values(answer, "") == others, word
        proven = {one["code"] for one in plain["papers"] if one["state"] == "replaced"}
        assert proven
        assert proven <= {one["code"] for one in answer["papers"] if one["state"] == "replaced"}, word


async def test_old_number_that_a_source_has_of_the_father_is_his_own(shared_house: House) -> None:
    father = shared_house.subject("enterprise_owner")
    old_number = father.pop("old_id")
    mother = shared_house.subject("facts_example")
    subjects = {"requester": mother, "mother": mother, "father": father, "child": {}}
    plain = await shared_house.prefill("1.001193", subjects)
    answer = await shared_house.prefill("1.001193", subjects, known={"chaSoGiayToTuyThan": old_number})
    others = {key: value for key, value in values(plain, "cha").items() if key != "chaSoGiayToTuyThan"}
    assert len(others) > 4
    assert values(answer, "cha") == others


@pytest.mark.parametrize(
    ("asked", "typed"),
    [
        ({}, {"hoTen": "LÊ THỊ HOÀ"}),
        ({}, {"hoTen": "LÊ THỊ HOÀ", "ngaySinh": None}),
        ({"birth_date": "1966"}, {"ngaySinh": "30/09/1966"}),
        ({"full_name": "LE THI HOA"}, {"hoTen": "Lê Thị Hòa"}),
    ],
)
async def test_name_and_birth_date_of_the_register_in_another_spelling_are_those_of_the_asked_person(
    shared_house: House, asked: dict[str, str], typed: dict[str, str | None]
) -> None:
    one = next(one for one in shared_house.personas if one["full_name"] == "Lê Thị Hòa")
    subject = {key: one[key] for key in ("personal_id", "full_name", "birth_date")} | asked
    plain = await shared_house.prefill("1.004222", {"applicant": subject})
    answer = await shared_house.prefill("1.004222", {"applicant": subject}, known=typed)
    assert values(answer, "") == {key: value for key, value in values(plain, "").items() if key not in typed}
    if None not in typed.values():
        proven = next(one["state"] for one in answer["papers"] if one["code"] == "id_papers")
        assert (
            proven
            == next(one["state"] for one in plain["papers"] if one["code"] == "id_papers")
            == "replaced"
        )


@pytest.mark.parametrize("procedure", ["1.004222", "1.004194"])
async def test_head_of_the_applicants_record_fills_nothing_beside_the_name_of_another_head(
    shared_house: House, procedure: str
) -> None:
    subjects = {"applicant": shared_house.subject("enterprise_owner")}
    plain = await shared_house.prefill(procedure, subjects)
    assert values(plain, "chuHo") == {}
    assert proposed(plain, "chuHo").keys() == {"chuHo.hoTen", "chuHo.soDinhDanh", "chuHo.quanHe"}
    for word in ("known", "held"):
        answer = await shared_house.prefill(procedure, subjects, **{word: {"chuHo.hoTen": OTHER["name"]}})
        assert values(answer, "chuHo") == proposed(answer, "chuHo") == {}, word
    (own,) = proposed(plain, "chuHo")["chuHo.hoTen"]
    answer = await shared_house.prefill(procedure, subjects, known={"chuHo.hoTen": own.upper()})
    assert proposed(answer, "chuHo").keys() == {"chuHo.soDinhDanh", "chuHo.quanHe"}


#: the parcel of Đoàn, whose certificate is in the paper store
OWN_PARCEL = {"commune": "11977", "sheet": "7", "number": "88"}


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ({"thuaDatSo": "89"}, "object_differs"),
        ({"toBanDoSo": "12", "thuaDatSo": "345"}, "object_differs"),
        ({"dienTich": 9999}, "object_differs"),
        ({"thuaDatSo": None}, "condition_unknown"),
        ({"toBanDoSo": None}, "condition_unknown"),
    ],
)
async def test_certificate_in_the_store_is_not_cut_where_the_form_names_another_parcel_or_none(
    shared_house: House, typed: dict[str, str | None], reason: str
) -> None:
    subjects = {"owner": shared_house.subject("land_certificate_in_store"), "parcel": OWN_PARCEL}
    plain = await papers(shared_house, "1.013225", subjects, known={"thuaDatSo": "88"})
    assert plain["land_certificate_copy"] == ("reusable", "")
    for word in ("known",) if None in typed.values() else ("known", "held"):
        found = await papers(shared_house, "1.013225", subjects, **{word: typed})
        assert found["land_certificate_copy"] == ("required", reason), word


JUDGMENT = {"TTHN_LyHon_BenNu.soBanAn": "99/2024/QĐST-HNGĐ", "TTHN_LyHon_BenNu.ngayCap": "05/05/2024"}


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        (JUDGMENT, "object_differs"),
        ({"TTHN_LyHon_BenNu.ngayCap": "05/05/2024"}, "object_differs"),
        ({"SoLanKetHon_BenNu": "3"}, "object_differs"),
        (dict.fromkeys(JUDGMENT), "condition_unknown"),
    ],
)
async def test_divorce_judgment_and_certificate_are_asked_for_where_the_form_has_another_entry_of_the_register(
    shared_house: House, typed: dict[str, str | None], reason: str
) -> None:
    couple = {"male": shared_house.subject("single"), "female": shared_house.subject("divorced")}
    rests = ("divorce_or_death_paper_female", "marital_status_certificate")
    plain = await papers(shared_house, "1.000894", couple)
    assert {plain[code][0] for code in (*rests, "id_copies")} == {"replaced"}
    for word in ("known",) if None in typed.values() else ("known", "held"):
        found = await papers(shared_house, "1.000894", couple, **{word: typed})
        assert {found[code] for code in rests} == {("required", reason)}, word
        assert found["id_copies"][0] == "replaced"


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ({"chaHoTen": "Nguyễn Văn Khác"}, "object_differs"),
        ({"chaNgaySinh": "01/02/1970"}, "object_differs"),
        (dict.fromkeys(("chaHoTen", "chaNgaySinh", "chaSoGiayToTuyThan")), "condition_unknown"),
    ],
)
@pytest.mark.parametrize("procedure", ["1.001193", "2.000986"])
async def test_marriage_certificate_in_the_store_is_not_cut_where_the_form_names_another_father(
    shared_house: House, procedure: str, typed: dict[str, str | None], reason: str
) -> None:
    mother = shared_house.subject("facts_example")
    father = shared_house.subject("enterprise_owner")
    subjects = {"requester": mother, "mother": mother, "father": father, "child": {}}
    assert (await papers(shared_house, procedure, subjects))["marriage_certificate"][0] != "required"
    found = await papers(shared_house, procedure, subjects, known=typed)
    assert found["marriage_certificate"] == ("required", reason)


async def test_code_of_the_household_is_that_of_the_named_head_and_another_one_asks_for_the_form(
    shared_house: House,
) -> None:
    mother, head = shared_house.subject("facts_example"), shared_house.subject("land_certificate_in_store")
    births = {"requester": mother, "mother": mother, "child": {}}
    own = (await shared_house.prefill("2.000986", births))["form"]["maHoGiaDinh"]
    joined = births | {"household_head": head}
    of_head = (await shared_house.prefill("2.000986", joined))["form"]["maHoGiaDinh"]
    assert (own, of_head) == ("3347926478", "3327041496")
    for code, state in ((of_head, "replaced"), (own, "required"), (None, "required")):
        found = await papers(shared_house, "2.000986", joined, known={"maHoGiaDinh": code})
        assert found["separate_bhyt_form"][0] == state
    typed = {"chuHoSoDinhDanh": head["personal_id"]}
    assert "maHoGiaDinh" not in (await shared_house.prefill("2.000986", births, known=typed))["form"]


async def test_name_of_another_child_that_the_portal_holds_hides_the_notice_like_one_that_is_typed(
    shared_house: House,
) -> None:
    mother = shared_house.subject("facts_example")
    births = {"requester": mother, "mother": mother, "child": {}}
    plain = await shared_house.prefill("1.001193", births)
    assert plain["fields"]["nksNoiSinh"]["state"] == "filled"
    for word in ("known", "held"):
        answer = await shared_house.prefill("1.001193", births, **{word: {"nksHoTen": "Nguyễn Thị Khác"}})
        entry = answer["fields"]["nksNoiSinh"]
        assert (entry["value"], entry["reason"]["code"]) == (None, "data_do_not_match"), word


#: the car of the first owner of a vehicle
CAR = {"registration_no": "89A-96325", "number": "RLMAU265606379197"}


@pytest.mark.parametrize("field", ["bienSo", "soKhung"])
async def test_paper_about_a_vehicle_is_asked_for_where_the_form_names_it_no_more(
    shared_house: House, field: str
) -> None:
    owner = shared_house.subject("vehicle_owner")
    subjects = {"owner": owner, "vehicle": CAR}
    assert (await papers(shared_house, "9.000003", subjects))["registration_copy"][0] == "replaced"
    found = await papers(shared_house, "9.000003", subjects, known={field: None})
    assert found["registration_copy"] == ("required", "condition_unknown")


@pytest.mark.parametrize("procedure", ["1.004222", "1.004194"])
async def test_relation_to_another_head_than_the_one_whom_caller_or_form_names_is_not_filled(
    shared_house: House, procedure: str
) -> None:
    subjects = {"applicant": shared_house.subject("enterprise_owner")}
    plain = await shared_house.prefill(procedure, subjects)
    offered = proposed(plain, "chuHo")
    (own,) = offered["chuHo.soDinhDanh"]
    registered = {"household_head": {"personal_id": own, **shared_house.subject("facts_example")}}
    assert registered["household_head"]["personal_id"] == own
    same = await shared_house.prefill(procedure, subjects | registered)
    # the head whom the caller names is no proposal, and the relation to the same head is none either
    assert proposed(same, "chuHo") == {}
    assert {key: [value] for key, value in values(same, "chuHo").items()} == offered
    (rows,) = proposed(plain, "thanhVien")["thanhVien"]
    assert proposed(same, "thanhVien")["thanhVien"] == [rows]
    assert all("quanHe" in row for row in rows)
    rows = [{name: one for name, one in row.items() if name != "quanHe"} for row in rows]
    head = {"household_head": shared_house.subject("land_certificate_in_store")}
    typed = {"chuHo.soDinhDanh": OTHER["number"]}
    for answer, code in (
        (await shared_house.prefill(procedure, subjects | head), "object_differs"),
        (await shared_house.prefill(procedure, subjects, known=typed), "data_do_not_match"),
    ):
        assert answer["fields"]["chuHo.quanHe"]["value"] is None
        assert answer["fields"]["chuHo.quanHe"]["reason"]["code"] == code
        assert proposed(answer, "thanhVien")["thanhVien"] == [rows]
    answer = await shared_house.prefill(procedure, subjects | head)
    assert answer["fields"]["chuHo.soDinhDanh"]["value"] == head["household_head"]["personal_id"]


async def test_relation_of_the_mother_is_not_filled_beside_the_head_of_another_household(
    shared_house: House,
) -> None:
    mother, head = shared_house.subject("facts_example"), shared_house.subject("land_certificate_in_store")
    births = {"requester": mother, "mother": mother, "child": {}}
    # she is the head herself: her child is a child of the head
    for named, relations in (({}, [["Con"]]), ({"household_head": head}, [])):
        answer = await shared_house.prefill("2.000986", births | named)
        assert values(answer, "quanHe") == {}
        assert [*proposed(answer, "quanHe").values()] == relations


#: procedure, trait and role of its person, other subjects, what the form says instead, fields of that object
OBJECT_CASES: list[tuple[str, str, str, dict[str, Any], dict[str, str], set[str]]] = [
    (
        "1.013225", "facts_example", "owner", {"parcel": PARCEL},
        {"thuaDatSo": "346"}, {"toBanDoSo", "dienTich", "diaChiXayDung"},
    ),
    (
        "9.000003", "vehicle_owner", "owner", {"vehicle": CAR},
        {"bienSo": "89A-40718"}, {"soKhung", "nhanHieu", "mauSon", "ngayDangKy"},
    ),
    ("1.002809", "driver", "applicant", {}, {"soGPLX": "330264918305"}, {"hang", "ngayCap"}),
    ("9.000002", "judicial_record_issued", "applicant", {}, {"soPhieuLLTP": "281936/2024"}, {"ngayCapPhieuLLTP"}),
    ("1.000894", "divorced", "female", {}, {"TTHN_LyHon_BenNu.soBanAn": "99/2024"}, {"TTHN_LyHon_BenNu.ngayCap"}),
]  # fmt: skip


@pytest.mark.parametrize(("procedure", "trait", "role", "more", "typed", "empty"), OBJECT_CASES)
async def test_record_under_another_number_than_that_of_the_form_fills_no_other_field(
    shared_house: House,
    procedure: str,
    trait: str,
    role: str,
    more: dict[str, Any],
    typed: dict[str, str],
    empty: set[str],
) -> None:
    subjects = {role: shared_house.subject(trait), **more}
    if role == "female":
        subjects["male"] = shared_house.subject("single")
    plain = await shared_house.prefill(procedure, subjects)
    assert empty <= values(plain, "").keys()
    for word in ("known", "held"):
        answer = await shared_house.prefill(procedure, subjects, **{word: typed})
        assert values(plain, "").keys() - values(answer, "").keys() - typed.keys() == empty, word
        key = next(iter(typed))
        assert {answer["fields"][one]["reason"]["rule"] for one in empty} == {f"same:form.{key}"}
        if word == "held":
            assert answer["fields"][key]["check"] == "differs"
    own = {key: plain["fields"][key]["value"].lower() for key in typed}
    answer = await shared_house.prefill(procedure, subjects, known=own)
    assert values(answer, "").keys() | typed.keys() == values(plain, "").keys()


async def test_place_that_the_applicant_may_change_leaves_the_paper_to_its_record(
    shared_house: House,
) -> None:
    subjects = {"applicant": shared_house.subject("facts_example")}
    place = {"noiKCB": "Bệnh viện đa khoa Mẫu"}
    for typed, state in (({}, "replaced"), (place, "replaced"), ({"maSoBHXH": "3319046299"}, "required")):
        found = await papers(shared_house, "9.000001", subjects, known=typed)
        assert found["old_card"][0] == state, typed


@pytest.mark.parametrize(
    ("procedure", "people", "typed", "fields"),
    [
        ("1.004873", {"requester": "facts_example", "person": "requester"},
         {"nxnSoGiayToTuyThan": OTHER["number"]}, ["nxnHoTen", "nxnNgaySinh"]),
        ("1.004873", {"requester": "facts_example", "person": "requester"},
         {"nxnLoaiCuTru": "2"}, ["nxnNoiCuTru"]),
        ("2.000986", {"mother": "facts_example", "requester": "mother", "child": ""},
         {"chuHoSoDinhDanh": OTHER["number"]}, ["chuHoHoTen", "maHoGiaDinh"]),
        ("1.000656", {"requester": "single", "deceased": "death_not_registered"},
         {"nktNgayChet": "01/02/2026"}, ["nktNoiChet"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("word", ["known", "held"])
async def test_request_for_some_fields_compares_those_that_it_does_not_ask_for(
    shared_house: House,
    procedure: str,
    people: dict[str, str],
    typed: dict[str, str],
    fields: list[str],
    word: str,
) -> None:
    subjects = {
        role: {"same_as": key} if key in people else shared_house.subject(key) if key else {}
        for role, key in people.items()
    }
    plain = await shared_house.prefill(procedure, subjects, fields=fields)
    assert [*plain["fields"]] == [*values(plain, "")] == fields
    answer = await shared_house.prefill(procedure, subjects, fields=fields, **{word: typed})
    assert [*answer["fields"]] == fields
    assert values(answer, "") == answer["form"] == {}
