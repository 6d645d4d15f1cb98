import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.app import personas
from adapters.sandbox.people import Person, Register
from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import birth_year_of, is_old_id, is_personal_id, is_tax_code

TRAITS = """three_generations newborn foreigner passport_only divorced widowed dead missing year_only_birth
month_only_birth upper_case_name mixed_case_name old_commune_mapped old_commune_divided no_permanent_address
insurance_name_differs enterprise_owner household_business_owner pensioner over_80 no_pension minor two_surnames
old_id_only driver land_owner vehicle_owner marriage_certificate_in_store blocked guardian remarried""".split()

#: the day on which the sandbox was written
TODAY = "2026-11-28"


def test_there_are_at_least_forty_people_with_every_trait(register: Register) -> None:
    assert len(register.people) >= 40
    held = {trait for one in register.people for trait in one.traits}
    assert set(TRAITS) - {"three_generations"} <= held


def test_ids_are_unique_and_spell_birth_place_sex_and_year(register: Register) -> None:
    ids = [one.personal_id for one in register.people if one.personal_id]
    assert len(ids) == len(set(ids))
    for one in register.people:
        PartialDate.parse(one.birth_date)
        assert not one.old_id or is_old_id(one.old_id)
        if one.personal_id:
            assert is_personal_id(one.personal_id)
            assert one.personal_id.startswith("033")
            assert birth_year_of(one.personal_id) == int(one.birth_date[:4])
            assert (int(one.personal_id[3]) % 2 == 0) == (one.gender == "male")


def test_numbers_of_the_facts_belong_to_the_two_example_people_only(register: Register) -> None:
    assert register.by_id["033190001234"].full_name == "Trần Thị Mẫu"
    assert register.by_id["033085004321"].full_name == "Phạm Văn Thử"
    assert "033085000017" not in register.by_id


def test_spouses_and_marriage_entries_are_symmetrical(register: Register) -> None:
    for one in register.people:
        if one.spouse:
            partner = register.by_key[one.spouse]
            assert partner.spouse == one.key or partner.life == "dead" or one.life == "dead"
            assert any(act.spouse == one.spouse for act in one.marriages)
        for act in one.marriages:
            twins = [other for other in register.by_key[act.spouse].marriages if other.spouse == one.key]
            assert [(t.number, t.registered_on, t.end_on) for t in twins] == [
                (act.number, act.registered_on, act.end_on)
            ]


def test_marital_status_agrees_with_the_last_marriage(register: Register) -> None:
    for one in register.people:
        if one.marriages and one.life == "alive":
            expected = {"": "married", "divorce": "divorced", "death": "widowed"}
            assert one.marital == expected[one.marriages[-1].end_reason]
        if one.marital == "never_married":
            assert not one.marriages


def test_parents_are_older_and_of_the_right_sex(register: Register) -> None:
    for one in register.people:
        for key, gender in ((one.father, "male"), (one.mother, "female")):
            if key:
                parent = register.by_key[key]
                assert parent.gender == gender
                assert int(parent.birth_date[:4]) + 16 <= int(one.birth_date[:4])


def test_two_families_of_several_generations_are_linked_by_a_marriage(register: Register) -> None:
    def depth(key: str) -> int:
        if not key:
            return 0
        one = register.by_key[key]
        return 1 + max(depth(one.father), depth(one.mother))

    child = register.by_key["gia_bao"]
    assert depth(child.father) >= 3
    assert depth(child.mother) >= 3


def test_heads_and_representatives_exist_and_heads_head_themselves(register: Register) -> None:
    for one in register.people:
        if one.head:
            assert register.by_key[one.head].head == one.head
            assert (one.head == one.key) == (one.head_relation == "CH01")
        if one.representative:
            assert one.representative in register.by_key


def test_communes_are_units_or_old_codes_of_the_province(register: Register, root: Path) -> None:
    units = (root / "mappings/codes/hung_yen_units.yaml").read_text(encoding="utf-8")
    known = set(re.findall(r"\b[0-9]{5}\b", units))
    for address in (place for one in register.people for place in addresses(one)):
        assert address.commune in known
        assert address.province == "33"
    for kind in ("enterprises", "household_businesses", "parcels"):
        assert {thing["commune"] for thing in register.things[kind]} <= set(register.communes)


def addresses(one: Person) -> list[Any]:
    return [
        place
        for place in (one.birth_registration, one.origin, one.permanent, one.current)
        if place is not None
    ]


def test_divided_communes_are_all_there(register: Register) -> None:
    held = {place.commune for one in register.people for place in addresses(one)}
    assert {"11989", "12004", "12322"} <= held


def test_enterprises_have_a_valid_tax_code_and_things_belong_to_people(register: Register) -> None:
    for thing in register.things["enterprises"]:
        assert is_tax_code(thing["tax_code"])
        assert thing["owner"] in register.by_key
    others = [
        thing["name"]
        for thing in register.things["household_businesses"]
        if register.by_id[thing["tax_code"]].key != thing["owner"]
    ]
    assert others == ["Hộ kinh doanh Sang Tên"], "one is in another's name on purpose, all others are not"
    for thing in register.things["parcels"]:
        assert all(key in register.by_key for key in thing.texts("owners"))


def test_ready_file_form_has_the_promised_words(root: Path) -> None:
    first = personas(root)[0]
    assert first["personal_id"] == "033190001234"
    assert {"personal_id", "full_name", "birth_date", "traits"} <= first.keys()


@pytest.mark.parametrize("key", ["khai", "thom"])
def test_birth_dates_keep_their_precision(register: Register, key: str) -> None:
    assert str(PartialDate.parse(register.by_key[key].birth_date)) == register.by_key[key].birth_date


def test_births_are_registered_after_they_happen_and_marriages_after_that(register: Register) -> None:
    for one in register.people:
        if one.birth_record:
            assert one.birth_record.registered_on >= one.birth_date
            assert one.birth_record.book.startswith(one.birth_record.registered_on[:4])
        for act in one.marriages:
            assert int(act.registered_on[:4]) - int(one.birth_date[:4]) >= 18
            assert not act.end_on or act.end_on > act.registered_on


def test_births_are_registered_within_the_year_and_at_an_office_of_that_time(register: Register) -> None:
    for one in register.people:
        if one.birth_record and len(one.birth_date) == len("yyyy-mm-dd"):
            days = date.fromisoformat(one.birth_record.registered_on) - date.fromisoformat(one.birth_date)
            assert 0 <= days.days <= 60, one.key


def test_licences_have_the_classes_and_the_office_of_their_time(register: Register) -> None:
    before = {"A1", "A2", "A3", "A4", "B1", "B2", "C", "D", "E"}
    since = {"A1", "A", "B1", "B", "C1", "C", "D1", "D2", "D", "BE", "C1E", "CE"}
    held = [(one, one.licence) for one in register.people if one.licence]
    for one, licence in held:
        assert set(licence.classes) <= (since if licence.issued_on >= "2025-01-01" else before), one.key
        assert ("Công an" in licence.issued_by) == (licence.issued_on >= "2025-03-01")
        assert licence.passed_on < licence.issued_on
        assert int(licence.issued_on[:4]) - int(one.birth_date[:4]) >= 18
        assert bool(licence.expires_on) != (set(licence.classes) <= {"A1", "A2", "A"})
    for one in register.people:
        if one.health_check:
            assert set(one.health_check.classes) <= since
            assert one.health_check.checked_on < TODAY


def test_cards_bear_the_insurance_number_and_households_one_code(register: Register) -> None:
    codes: dict[str, set[str]] = {}
    for one in register.people:
        if one.card and one.insurance:
            assert one.card.number[5:] == one.insurance.number, one.key
        if one.insurance and one.head:
            codes.setdefault(one.head, set()).add(one.insurance.household_code)
    # the lodger is insured alone
    assert {head: len(found) for head, found in codes.items() if len(found) > 1} == {"director": 2}


def test_there_is_somebody_for_every_case_in_which_a_paper_must_be_asked_for(register: Register) -> None:
    held = {trait for one in register.people for trait in one.traits}
    assert held >= {
        "bride_dead", "licence_expired", "licence_overdue", "licence_revoked", "health_check_not_eligible",
        "health_check_again", "health_check_other_class", "health_check_over", "twins_mother", "elder_child_notice",
        "household_of_others",
    }  # fmt: skip
    states = {one["state"] for one in register.things["parcels"]}
    assert states >= {"in_force", "withdrawn", "replaced"}
    assert {one["kind"] for one in register.things["vouchers"]} >= {"land_use_fee", "personal_income_tax"}
