"""What the title of a form field says is what fills it: a misspelt reference of a procedure is noticed.

The title names the attribute (`Ngày sinh`) and, where the form has several people, the person (`(cha)`). Each title of
our forms is here once, with the attributes that may fill it, in their order; another one is a fault, and so is another
role than that of the person. A reference to an attribute that does not exist: `check-config`.
"""

import re
from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.mapping.load import load_catalogue
from gateway.mapping.procedure import Field, Procedure, Ref

CATALOGUE = load_catalogue(Path(__file__).parents[2])
#: a person in a title -> the role; blank: the one that signs in
WHOSE = {
    "cha": "father", "mẹ": "mother", "con": "child", "bên nam": "male", "bên nữ": "female", "người chết": "deceased",
    "người được xác nhận": "person", "người sử dụng đất": "user", "chủ hộ kinh doanh": "owner", "người yêu cầu": "",
    "người nộp": "",
}  # fmt: skip
_WHOSE = re.compile(rf" (?:\((?P<apart>{'|'.join(WHOSE)})\)|(?:của )?(?P<last>{'|'.join(WHOSE)}))$")
#: title, with `*` for any person -> attributes that fill it; ways apart by `|`
FILLED_BY = {
    "Biển số": "vehicle.plate",
    "Chủ hộ của người chết": "person.household_head.full_name",
    "Chủ đầu tư": "person.full_name enterprise.name",
    "Diện tích (m²)": "land_parcel.area",
    "Dân tộc": "person.ethnicity person.ethnicity",
    "Dân tộc *": "person.ethnicity",
    "Giấy tờ nhân thân": "person.personal_id",
    "Giới tính": "person.gender",
    "Giới tính *": "person.gender",
    "Giới tính con": "birth_notice.gender",
    "Hạng": "driving_licence.classes",
    "Họ tên": (
        "person.full_name driving_licence.full_name account.full_name | "
        "person.full_name account.full_name | "
        "person.full_name social_insurance.full_name health_card.full_name account.full_name"
    ),
    "Họ tên (người nộp)": "person.full_name account.full_name",
    "Họ tên *": "person.full_name",
    "Họ tên chủ hộ": (
        "person.full_name person.household_head.full_name | "
        "person.full_name person.household_head.full_name person.household_head.full_name"
    ),
    "Họ tên con": "birth_notice.full_name",
    "Họ tên người yêu cầu": "person.full_name account.full_name",
    "Kết hôn lần thứ *": "civil_status.marriages_count",
    "Loại cư trú *": "person.permanent_address",
    "Loại giấy tờ (người yêu cầu)": "account.personal_id person.personal_id account.old_id",
    "Loại giấy tờ *": "person.personal_id person.old_id",
    "Loại giấy tờ tùy thân *": "person.personal_id person.old_id",
    "Lương hưu, trợ cấp BHXH đang hưởng": "social_insurance.pension_state",
    "Màu sơn": "vehicle.colour",
    "Mã hộ gia đình (BHXH)": (
        "social_insurance.household_code social_insurance.household_code social_insurance.household_code"
    ),
    "Mã số BHXH": "account.social_insurance_number social_insurance.number health_card.insurance_number",
    "Mã số hộ kinh doanh": "household_business.tax_code",
    "Mã số thuế": "taxpayer.tax_code person.personal_id | enterprise.tax_code account.tax_code",
    "Mục đích sử dụng": "land_parcel.land_use",
    "Nguyên nhân chết": "death_notice.cause",
    "Ngày chết": "death_notice.death_date",
    "Ngày cấp": "driving_licence.issued_on",
    "Ngày cấp (người yêu cầu)": "account.id_issued_on own_data.id_issued_on",
    "Ngày cấp bản án ly hôn *": "civil_status.divorce.date",
    "Ngày cấp giấy tờ *": "account.id_issued_on own_data.id_issued_on",
    "Ngày cấp phiếu lý lịch tư pháp": "judicial_record.issued_on",
    "Ngày sinh": "person.birth_date",
    "Ngày sinh *": "person.birth_date",
    "Ngày sinh bằng chữ": "birth_notice.birth_date",
    "Ngày sinh con": "birth_notice.birth_date",
    "Ngày đăng ký": "vehicle.registered_on",
    "Ngày đăng ký lần đầu": "household_business.founded_on",
    "Nhãn hiệu": "vehicle.brand",
    "Nơi chết": "death_notice.death_place",
    "Nơi cư trú (chủ hộ kinh doanh)": "person.current_address person.permanent_address",
    "Nơi cư trú (người nộp)": "person.current_address person.permanent_address",
    "Nơi cư trú *": "person.permanent_address person.current_address",
    "Nơi cư trú trong nước *": "person.permanent_address person.current_address",
    "Nơi cư trú trong thời gian": "person.permanent_address",
    "Nơi cấp (người yêu cầu)": "account.id_issued_by own_data.id_issued_by",
    "Nơi cấp giấy tờ *": "account.id_issued_by own_data.id_issued_by",
    "Nơi khám chữa bệnh ban đầu": "health_card.clinic_name",
    "Nơi sinh": "birth_notice.birth_place",
    "Nơi ở hiện nay": "person.current_address person.permanent_address",
    "Quan hệ với chủ hộ": "person.household_head.relation",
    "Quê quán": "person.origin_address person.origin_address",
    "Quốc tịch": "person.nationality person.nationality",
    "Quốc tịch *": "person.nationality",
    "Số bản án ly hôn *": "civil_status.divorce.number",
    "Số giấy phép lái xe": "driving_licence.number",
    "Số giấy tờ (người yêu cầu)": "account.personal_id person.personal_id account.old_id",
    "Số giấy tờ tùy thân *": "person.personal_id person.old_id",
    "Số khung": "vehicle.frame_number",
    "Số phiếu lý lịch tư pháp": "judicial_record.number",
    "Số điện thoại": "account.phone own_data.phone",
    "Số định danh": "account.personal_id person.personal_id",
    "Số định danh (người nộp)": "account.personal_id person.personal_id",
    "Số định danh *": "person.personal_id",
    "Số định danh chủ hộ": (
        "person.personal_id person.household_head.personal_id | "
        "person.personal_id person.household_head.personal_id person.household_head.personal_id"
    ),
    "Thành viên cùng thay đổi": "household.members",
    "Thư điện tử": "account.email own_data.email",
    "Thư điện tử *": "account.email own_data.email",
    "Thửa đất số": "land_parcel.number",
    "Tài khoản nhận trợ cấp": "own_data.bank_account",
    "Tên hộ kinh doanh": "household_business.name",
    "Tình trạng (còn sống)": "person.life_status",
    "Tình trạng hôn nhân": "civil_status.marital_state person.marital_status",
    "Tình trạng hôn nhân (biểu mẫu)": "civil_status.marital_state person.marital_status",
    "Tình trạng hôn nhân *": "civil_status.marital_state person.marital_status",
    "Tờ bản đồ số": "land_parcel.sheet",
    "Điện thoại *": "account.phone own_data.phone",
    "Địa chỉ": "person.permanent_address",
    "Địa chỉ thửa đất": "land_parcel.address_text",
    "Địa chỉ trụ sở": "person.current_address | household_business.address_text",
    "Địa chỉ xây dựng": "land_parcel.address_text",
}


def title_of(procedure: Procedure, field: Field) -> str:
    schema = procedure.described(field.key)
    assert schema is not None, field.key
    return str(schema["title"])


def faults(procedure: Procedure, field: Field) -> Iterator[str]:
    """What the title of a field does not say."""
    title = title_of(procedure, field)
    attributes = " ".join(f"{ref.evidence}.{ref.attribute}" for ref in field.refs)
    ways = FILLED_BY.get(title) or FILLED_BY.get(_WHOSE.sub(" *", title), "")
    if attributes not in ways.split(" | "):
        yield f"{field.key}: '{title}' is filled by {attributes}"
    if whose := _WHOSE.search(title):
        roles = {ref.role for ref in field.refs}
        if roles != {WHOSE[whose["apart"] or whose["last"]] or procedure.signs_in}:
            yield f"{field.key}: '{title}' is filled with data of {', '.join(sorted(roles))}"


def filled(procedure: Procedure) -> Iterator[Field]:
    return (field for field in procedure.fields if field.refs)


@pytest.mark.parametrize("code", CATALOGUE.procedures)
def test_field_is_filled_by_what_its_title_says(code: str) -> None:
    procedure = CATALOGUE.procedures[code]
    assert [fault for field in filled(procedure) for fault in faults(procedure, field)] == []


def test_each_title_of_the_table_is_one_of_a_form() -> None:
    titles = {title_of(one, field) for one in CATALOGUE.procedures.values() for field in filled(one)}
    assert FILLED_BY.keys() <= titles | {_WHOSE.sub(" *", title) for title in titles}


def mutants(procedure: Procedure, attributes: set[str]) -> Iterator[tuple[str, Field]]:
    """Each field with one reference to another attribute of the evidence, to another role, or left out."""
    roles = {ref.role for field in filled(procedure) for ref in field.refs}
    for field in filled(procedure):
        for at, ref in enumerate(field.refs):
            before, after = field.refs[:at], field.refs[at + 1 :]
            others = [word.partition(".")[2] for word in attributes if word.partition(".")[0] == ref.evidence]
            for other in {*others} - {ref.attribute}:
                yield "attribute", changed(field, (*before, replace(ref, attribute=other), *after))
            if _WHOSE.search(title_of(procedure, field)):
                for role in roles - {ref.role}:
                    yield "role", changed(field, (*before, replace(ref, role=role), *after))
            if before or after:
                yield "left out", changed(field, (*before, *after))


def changed(field: Field, refs: tuple[Ref, ...]) -> Field:
    other = copy(field)
    other.refs = refs
    return other


#: fields that are then as another procedure has them under the same title
AS_ELSEWHERE = {
    "left out: 1.002809 hoTen",
    "left out: 2.000986 chuHoHoTen",
    "left out: 2.000986 chuHoSoDinhDanh",
}


def test_misspelt_reference_is_noticed() -> None:
    procedures = CATALOGUE.procedures.values()
    refs = [ref for one in procedures for field in filled(one) for ref in field.refs]
    attributes = {f"{ref.evidence}.{ref.attribute}" for ref in refs}
    tried, survivors = 0, set()
    for one in procedures:
        for what, mutant in mutants(one, attributes):
            tried += 1
            if not any(faults(one, mutant)):
                survivors.add(f"{what}: {one.code} {mutant.key}")
    assert tried > 4_000
    assert survivors == AS_ELSEWHERE
