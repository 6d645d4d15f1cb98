"""`motlan check-config` runs the examples of all mappings: a wrong expectation is told with what came instead."""

from pathlib import Path

import pytest

from tests.config.telling import Fault, told_once
from tests.config.test_broken_files import check, replace, root

__all__ = ["root"]

HEALTH = "mappings/sources/health.yaml"
SOCIAL = "mappings/sources/social_insurance.yaml"
CIVIL = "mappings/sources/civil_status.yaml"
POPULATION = "mappings/sources/population.yaml"
ACCOUNT = "mappings/sources/account.yaml"
TAX = "mappings/sources/tax.yaml"
OTHER_FAULT = "fault: {faultcode: Server, faultstring: Lỗi, detail: {MaLoi: KHAC}}"
AGE = "mappings/predicates/age_at_least.yaml"
SINGLE = "mappings/procedures/1.004873.yaml"
FIRM = "mappings/representations/legal_representative.yaml"
LICENCE = "mappings/procedures/1.002809.yaml"

WRONG: dict[str, Fault] = {
    "attribute of a source": (
        HEALTH, 'weight: "3150"', 'weight: "3151"', 'weight: "3151"',
        "'found through the mother': attribute 'weight': expected 3151, got 3150",
    ),
    "place of a request": (
        HEALTH, "request: {SO: 33001-2025-09182}", "request: {SO: 33001-2025-09183}", "SO: 33001-2025-09183}",
        "request place 'SO': expected 33001-2025-09183, got 33001-2025-09182",
    ),
    "outcome": (
        HEALTH, "outcome: no_match", "outcome: not_found", "outcome: not_found",
        "outcome: expected not_found, got no_match (data_do_not_match)",
    ),
    "doubt": (
        HEALTH, "doubts: {number: several_records, gender: several_records}", "doubts: {number: several_records}",
        "doubts: {number: several_records}", "doubt of 'gender': expected nothing, got several_records",
    ),
    "path that is misspelt": (
        HEALTH, "weight: {path: CAN_NANG_CON", "weight: {path: CAN_NANG", 'weight: "3150"',
        "'found through the mother': attribute 'weight': expected 3150, got nothing",
    ),
    "number that others must confirm": (
        SOCIAL, 'unvouched: "3312408765"', 'unvouched: "3312408764"', 'unvouched: "3312408764"',
        "unvouched: expected 3312408764, got 3312408765",
    ),
    "identity of another": (
        HEALTH, 'SOCMND_PASSPORT: "033190482617", KETLUAN: A0-1}\n        outcome: no_match',
        'SOCMND_PASSPORT: "033190482617", KETLUAN: A0-1}\n        outcome: refused', "outcome: refused",
        "(data_do_not_match); 'birth_date' of 'identity', at 'NGAYSINH': expected 1990-02-16, got 1990-02-15",
    ),
    "path of identity that is misspelt": (
        SOCIAL, "gender: gioiTinh}", "gender: gioiTin}", "gender: gioiTin}",
        "'gioiTin' of 'identity' is read by no attribute, and no example's answer has it",
    ),
    "code of a fault": (
        CIVIL, 'code: "201"', 'code: "202"', 'code: "202"', "code: expected 202, got 201",
    ),
    "reason of a fault": (
        POPULATION, "code: QUOTA", "reason: source_timeout", "reason: source_timeout",
        "'fault QUOTA': reason: expected source_timeout, got source_busy",
    ),
    "outcome of a status": (
        CIVIL, "        status: 404\n        outcome: invalid", "        status: 404\n        outcome: not_found",
        "", "outcome: expected not_found, got invalid (source_answer_invalid: http_status)\n    remedy: mend 'options'",
    ),
    "fault of SOAP in JSON": (
        TAX, "answer: {MaHoSo: H31.14-260105-0007, SoChungTu: null}", "fault: {faultcode: Server}",
        "fault: {faultcode: Server}", "'fault' is one of SOAP",
    ),
    "problem of JSON in SOAP": (
        POPULATION, OTHER_FAULT, "problem: {type: KHAC}", "problem: {type: KHAC}", "'problem' is one of JSON",
    ),
    "status of a SOAP answer": (
        POPULATION, OTHER_FAULT, "answer: {CongDan: null}\n        status: 501", "status: 501",
        "an answer of SOAP that is no fault has no 'status' of its own",
    ),
    "name that XML does not have": (
        POPULATION, OTHER_FAULT, "fault: {fault code: Server}", "{fault code: Server}",
        "'fault code' or its value cannot be written in XML",
    ),
    "name inside a fault that XML does not have": (
        POPULATION, OTHER_FAULT, "fault: {faultcode: Server, detail: {Mo Ta: Lỗi}}", "{Mo Ta: Lỗi}",
        "'Mo Ta' or its value cannot be written in XML",
    ),
    "status where there is no HTTP": (
        ACCOUNT, "tax code has another name", "tax code has another name\n        status: 200",
        'MaSoDoanhNghiep: "0938274612"}', "this source has none",
    ),
    "two bodies": (
        POPULATION, OTHER_FAULT, f"{OTHER_FAULT}\n        answer: {{}}", "", "'answer' and 'fault' are two bodies",
    ),
    "profile that the source does not have": (
        SOCIAL, "profile: all_keys", "profile: all_key", "profile: all_key",
        "request profile 'all_key' is not declared",
    ),
    "subject that no request could have": (
        HEALTH, 'subject: {parent_personal_id: "033190482617", full_name: Phạm Minh Khang}',
        'subject: {parent_personal_id: "33190482617", full_name: Phạm Minh Khang}', '"33190482617"',
        "not as the API takes it",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_expectation_of_an_example_names_what_was_expected_and_what_came(root: Path, name: str) -> None:
    told_once(root, WRONG[name])


@pytest.mark.parametrize(
    ("dropped", "says"),
    [
        (', "201": not_found', "'code 201 means that nothing is registered': outcome: expected not_found, got invalid"),
        (', "108": refused', "'code 108 refuses our call': outcome: expected refused, got invalid"),
        (', "302": invalid', "'code 302 says nothing about the person': code: expected 302, got nothing"),
    ],
)  # fmt: skip
def test_code_that_is_dropped_from_the_settings_is_noticed_by_an_example(
    root: Path, dropped: str, says: str
) -> None:
    replace(root, "config/sources/civil_status.yaml", dropped, "")
    code, said = check(root)
    assert (code, said.count("example '")) == (2, 1)
    assert says in said
    assert "remedy: mend 'options' of config/sources" in said


def test_value_beside_a_fault_that_says_nobody_is_told_with_its_whole_place(root: Path) -> None:
    replace(root, "config/sources/population.yaml", "{AUTH_FAILED: refused", "{AUTH_FAILED: not_found")
    _, said = check(root)
    assert "expected refused, got invalid (source_answer_invalid: unknown_form at detail.MoTa)" in said
    assert (
        "'detail.MoTa' says more: where it is not about the person, name it in 'options.fault_texts'" in said
    )


def test_wrong_answer_of_a_predicate_is_told(root: Path) -> None:
    said = spoiled(root, AGE, "answer: cannot_tell}", "answer: no}")
    assert "answer: expected no, got cannot_tell" in said


def test_wrong_form_of_a_procedure_is_told_with_its_field(root: Path) -> None:
    said = spoiled(root, LICENCE, "form: {hoTen: Nguyễn Văn Thử, soGPLX", "form: {hoTen: Sai, soGPLX")
    assert "form.hoTen: expected Sai, got Nguyễn Văn Thử" in said


def test_people_of_a_procedure_that_no_request_could_name_are_told(root: Path) -> None:
    text = (root / LICENCE).read_text("utf-8")
    at = text.index('personal_id: "', text.index("examples:"))
    number = text[at + 14 : at + 26]
    said = spoiled(root, LICENCE, f'personal_id: "{number}"', f'personal_id: "{number[:-1]}"')
    assert "its people are not as the API takes them" in said


def test_people_of_a_representation_that_no_request_could_name_are_told(root: Path) -> None:
    replace(root, FIRM, '"0906318257"', '"0906318258"', count=2)
    code, said = check(root)
    assert code == 2
    assert "the represented is not as the API takes it: /tax_code" in said


def test_evidence_of_an_example_that_no_source_could_answer_is_said(root: Path) -> None:
    said = spoiled(
        root,
        SINGLE,
        'full_name: LÊ VĂN VÍ, birth_date: "1994-01-12"',
        'full_name: LÊ VĂN VÍ, birth_date: "1994-13"',
    )
    assert "evidence person:person.birth_date: its evidence schema does not take the value" in said


def test_examples_are_left_out_when_nobody_wants_them(root: Path) -> None:
    replace(root, HEALTH, 'weight: "3150"', 'weight: "3151"')
    assert check(root, "--no-examples")[0] == 0


def spoiled(root: Path, file: str, old: str, new: str) -> str:
    replace(root, file, old, new)
    code, said = check(root)
    assert code == 2, said
    return said
