"""What a form says to the page that shows it: groups, titles, examples and lists, for every procedure."""

from typing import Any

import pytest

from gateway.mapping.form_hints import hinted
from gateway.mapping.load import load_catalogue
from tests.flows.conftest import ROOT

CATALOGUE = load_catalogue(ROOT)
KEEP = {"phone": 730}


def fields(schema: dict[str, Any], prefix: str = "") -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, one in schema["properties"].items():
        holds = one["type"] == "object" and "x-widget" not in one
        found |= fields(one, f"{prefix}{name}.") if holds else {prefix + name: one}
    return found


def test_every_field_of_every_form_stands_in_a_group_with_a_title() -> None:
    for code, procedure in CATALOGUE.procedures.items():
        form: dict[str, Any] = hinted(procedure, CATALOGUE.codes, KEEP)
        groups = {one["name"]: one for one in form["x-groups"]}
        for key, field in fields(form).items():
            group = groups[field["x-role"]]
            assert all(group.values()), (code, key)
            assert group["name"] in procedure.roles, (code, key)
        for rows in form["x-catalogues"].values():
            assert rows
            assert all(title for row in rows for title in row)


def test_hints_leave_what_the_schema_checks_as_it_is() -> None:
    def checked(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: checked(one) for name, one in part.items() if not name.startswith("x-")}
        return part

    for procedure in CATALOGUE.procedures.values():
        assert checked(hinted(procedure, CATALOGUE.codes, KEEP)) == checked(procedure.form)


@pytest.mark.parametrize(
    ("key", "role"), [("nksDanToc", "child"), ("meHoTen", "mother"), ("nycQuanHe", "requester")]
)
def test_field_stands_with_the_person_whom_it_describes(key: str, role: str) -> None:
    form: dict[str, Any] = hinted(CATALOGUE.procedures["1.001193"], CATALOGUE.codes, KEEP)
    assert form["properties"][key]["x-role"] == role


def test_own_data_may_be_kept_from_the_fields_that_they_fill() -> None:
    form: dict[str, Any] = hinted(CATALOGUE.procedures["1.001612"], CATALOGUE.codes, KEEP)
    kept = {key: one["x-keep"] for key, one in fields(form).items() if "x-keep" in one}
    assert kept.keys() == {"chuHo_dienThoai", "nguoiNop_dienThoai"}
    assert kept["nguoiNop_dienThoai"] == {"attribute": "phone", "days": 730}
    assert fields(form)["nguoiNop_ngayCapGiayTo"]["x-example"] == "05/09/2025"


def test_country_is_chosen_and_shown_by_its_name_in_every_form() -> None:
    def countries(part: Any) -> list[Any]:
        inner = [found for one in part.values() if isinstance(one, dict) for found in countries(one)]
        return [part, *inner] if part.get("pattern") == "^[A-Z]{2}$" else inner

    seen = 0
    for code, procedure in CATALOGUE.procedures.items():
        form: dict[str, Any] = hinted(procedure, CATALOGUE.codes, KEEP)
        for schema in countries(form["properties"]):
            names = {code: titles for code, *titles in form["x-catalogues"][schema["x-catalogue"]]}
            assert names["VN"] == ["Việt Nam", "Viet Nam"], code
            assert names["KR"] == ["Hàn Quốc", "South Korea"], code
            seen += 1
    assert seen > 30


def test_closed_lists_of_every_form_are_in_english_too_but_for_names() -> None:
    peoples = {text for text in CATALOGUE.codes.lists["form_ethnicity"].values() if text}
    seen = 0
    for code, procedure in CATALOGUE.procedures.items():
        for key, field in fields(hinted(procedure, CATALOGUE.codes, KEEP)).items():
            allowed, english = set(field.get("enum", ())), field.get("x-english", {})
            assert allowed - english.keys() - peoples == set(), (code, key)
            seen += len(allowed & english.keys())
    assert seen > 40


def test_relation_of_a_member_of_the_household_is_in_english_too() -> None:
    form: dict[str, Any] = hinted(CATALOGUE.procedures["1.004222"], CATALOGUE.codes, KEEP)
    tables = [one["items"]["properties"] for one in fields(form).values() if one["type"] == "array"]
    assert [one["quanHe"]["x-english"]["Con"] for one in tables if "quanHe" in one] == ["Child"]
