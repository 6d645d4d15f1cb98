"""`motlan new procedure`: every field of the form, guessed only where the form takes it."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.mapping.load import load_catalogue
from tests.scaffold.houses import checked, drafted, facts, files_of, house

__all__ = ("house",)

FORM: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "Xác nhận thử",
    "required": ["nycHoTen", "lyDo", "nha"],
    "definitions": {"ngay": {"type": "string", "format": "date"}},
    "properties": {
        "nycHoTen": {"type": "string", "title": "Họ tên"},
        "nxnHoTen": {"type": "string"},
        "nxnNgaySinh": {"$ref": "#/definitions/ngay"},
        "nxnDanToc": {"type": "integer"},
        "nxnNoiCuTru": {"type": "object", "properties": {"maTinh": {"type": "string"}}},
        "lyDo": {"type": "string", "x-foo": 1},
        "nha": {"type": "object", "properties": {"so": {"type": "string"}, "example": {"type": "string"}}},
        "con": {"type": "array", "items": {"type": "object", "properties": {"ten": {"type": "string"}}}},
    },
}
FIELDS = {
    "nycHoTen",
    "nxnHoTen",
    "nxnNgaySinh",
    "nxnDanToc",
    "nxnNoiCuTru",
    "lyDo",
    "nha.so",
    "nha.example",
    "con",
}


@pytest.fixture
def form(tmp_path: Path) -> Path:
    path = tmp_path / "form.json"
    path.write_text(json.dumps(FORM), "utf-8")
    return path


def test_form_becomes_a_draft_with_every_field(house: Path, form: Path) -> None:
    done = facts(house, "procedure", "1.234567", "--form", str(form))
    assert len(done["files"]) == 3
    assert any("casts" in step for step in done["next"])
    assert any("golden" in step for step in done["next"])
    checked(house)
    procedure = load_catalogue(house).procedures["1.234567"]
    rules = {field.key: field.rule.from_ for field in procedure.fields}
    assert set(rules) == FIELDS
    assert rules["nycHoTen"] == "requester:person.full_name"
    assert rules["nxnHoTen"] == "person:person.full_name"
    assert rules["nxnNoiCuTru"] == "person:person.permanent_address"
    # the form wants a number, and a whole date
    assert {key for key, rule in rules.items() if rule == "input"} == {
        "nxnNgaySinh", "nxnDanToc", "lyDo", "nha.so", "nha.example", "con",
    }  # fmt: skip
    text = (house / "mappings/procedures/1.234567.yaml").read_text("utf-8")
    assert "would hold string, and the form wants integer" in text
    assert "# papers:" in text
    assert not procedure.papers


def test_what_fits_by_name_alone_is_proposed_and_not_granted(house: Path, form: Path) -> None:
    """A dog licence has a date of issue too: it is not that of the driving licence."""
    names = ("hoTen", "ngaySinh", "ngayCap", "giongCho")
    form.write_text(json.dumps({"properties": {name: {"type": "string"} for name in names}}))
    done = facts(house, "procedure", "1.234567", "--form", str(form), "--title", "Giấy phép nuôi chó")
    checked(house)
    procedure = load_catalogue(house).procedures["1.234567"]
    assert {field.key: field.rule.from_ for field in procedure.fields} == {
        "hoTen": "applicant:person.full_name", "ngaySinh": "applicant:person.birth_date",
        "ngayCap": "input", "giongCho": "input",
    }  # fmt: skip
    lines = (house / "mappings/procedures/1.234567.yaml").read_text("utf-8").splitlines()
    marked = {line.split(":")[0].strip(): line.partition("# ! ")[2] for line in lines if "# ! " in line}
    assert set(marked) == {"hoTen", "ngaySinh", "ngayCap"}
    assert "applicant:driving_licence.issued_on" in marked["ngayCap"]
    assert any("ngayCap" in one and "only the name fits" in one for one in done["remarks"])
    agreement = (house / "config/agreements/procedure_1_234567.yaml").read_text("utf-8")
    assert "full_name" in agreement
    assert "driving_licence" not in agreement


def test_form_of_unknown_fields_has_an_applicant(house: Path, form: Path) -> None:
    properties = {"soCCCD": {"type": "string"}, "fullName": {"type": "string"}, "ghiChu": {"type": "string"}}
    form.write_text(json.dumps({"properties": properties}))
    drafted(house, "procedure", "1.234567", "--form", str(form), "--title", "Thử")
    checked(house)
    procedure = load_catalogue(house).procedures["1.234567"]
    assert {field.key: field.rule.from_ for field in procedure.fields} == {
        "soCCCD": "applicant:person.personal_id", "fullName": "applicant:person.full_name", "ghiChu": "input",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"properties": {"a": {"$ref": "#/properties/a"}}}, "leads back to itself"),
        ({"properties": {"a": {"$ref": "other.json#/x"}}}, "leads out of the file"),
        ({"properties": {"a": {"$ref": "#/nowhere"}}}, "leads nowhere"),
        ({"properties": {"../a": {"type": "string"}}}, "cannot be a key"),
        ({"properties": {}}, "0 fields"),
        ({"properties": {f"a{number}": {} for number in range(501)}}, "501 fields"),
        ([1], "no JSON Schema"),
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ({"d": {f"d{n}": {"properties": {w: {"$ref": f"#/d/d{n + 1}"} for w in "abcdefgh"}} for n in range(20)},
          "properties": {"a": {"$ref": "#/d/d0"}}}, "too large"),
    ],
)  # fmt: skip
def test_hostile_form_is_refused_in_a_word(house: Path, form: Path, content: object, says: str) -> None:
    form.write_text(content if isinstance(content, str) else json.dumps(content))
    before = files_of(house)
    assert says in drafted(house, "procedure", "1.234567", "--form", str(form), code=2)
    assert files_of(house) == before


@pytest.mark.parametrize("code", ["1.23456", "../1.234567", "1.234567/..", "x"])
def test_code_that_is_none_is_refused(house: Path, form: Path, code: str) -> None:
    assert "is no code of a procedure" in drafted(house, "procedure", code, "--form", str(form), code=2)


def test_procedure_that_is_there_stays(house: Path, form: Path) -> None:
    before = files_of(house)
    assert "there already" in drafted(house, "procedure", "1.004873", "--form", str(form), code=2)
    assert files_of(house) == before
