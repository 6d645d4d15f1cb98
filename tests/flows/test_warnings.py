"""What blocks a filing is said before it is filed, and refuses nothing; papers say on what law they rest."""

from collections.abc import Mapping
from typing import Any

import pytest

from gateway.domain.parties import SubjectKind
from gateway.mapping.load import load_catalogue
from gateway.mapping.paper_rules import Predicate
from gateway.mapping.procedure import refs_of_predicate
from tests.flows.conftest import ROOT, House, new_official, on_session

pytestmark = on_session


async def told(house: House, procedure: str, subjects: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = await house.prefill(procedure, subjects, **more)
    return {one["code"]: one for one in answer["warnings"]}


def couple(house: House, male: str, female: str) -> dict[str, Any]:
    return {"male": house.subject(male), "female": house.subject(female)}


@pytest.mark.parametrize(
    ("male", "female", "codes"),
    [
        ("single", "ethnic_minority", set()),
        ("single", "bride_dead", {"female_recorded_dead"}),
        ("remarried", "ethnic_minority", {"male_is_married"}),
        ("minor", "ethnic_minority", {"male_under_age"}),
        ("single", "licence_revoked", {"female_is_no_woman"}),
        ("single", "single", {"one_person_twice", "female_is_no_woman"}),
        ("missing", "ethnic_minority", {"male_recorded_dead"}),
    ],
)
async def test_marriage_that_cannot_be_registered_is_warned_of(
    shared_house: House, male: str, female: str, codes: set[str]
) -> None:
    assert {*await told(shared_house, "1.000894", couple(shared_house, male, female))} == codes


@pytest.mark.parametrize(
    ("procedure", "roles", "code"),
    [
        ("2.000720", {"owner": "household_business_owner", "requester": "dead"}, "requester_not_alive"),
        ("2.000720", {"owner": "household_business_owner", "requester": "missing"}, "requester_not_alive"),
        ("1.004222", {"applicant": "single", "household_head": "missing"}, "head_not_alive"),
        ("1.004194", {"applicant": "missing"}, "applicant_not_alive"),
    ],
)
async def test_dead_or_missing_person_is_warned_of_in_every_role(
    shared_house: House, procedure: str, roles: dict[str, str], code: str
) -> None:
    dead = {role: shared_house.subject(trait) for role, trait in roles.items()}
    assert code in await told(shared_house, procedure, dead)
    # the living are not
    living = {role: "divorced" if trait in ("dead", "missing") else trait for role, trait in roles.items()}
    people = {role: shared_house.subject(trait) for role, trait in living.items()}
    assert code not in await told(shared_house, procedure, people)


@pytest.mark.parametrize(
    ("procedure", "owner", "object_", "codes"),
    [
        ("1.012753", {"user": "thu"}, ("12", "345"), {"has_certificate"}),
        ("1.012753", {"user": "thu"}, ("12", "347"), set()),
        ("1.013225", {"owner": "thu"}, ("12", "347"), {"certificate_not_in_force"}),
        ("1.013225", {"owner": "thu"}, ("12", "345"), set()),
        ("1.004222", {"applicant": "quan", "owner": "doan"}, ("7", "89"), {"certificate_not_in_force"}),
        ("1.004222", {"applicant": "quan", "owner": "doan"}, ("7", "88"), set()),
        ("9.000003", {"owner": "director"}, ("89A-52096", "RLMAU265606375530"), {"registration_paused"}),
        ("9.000003", {"owner": "thu"}, ("89A-40718", "RLMAU265606371184"), {"registration_withdrawn"}),
    ],
)
async def test_state_of_a_parcel_or_a_vehicle_that_blocks_the_filing_is_warned_of(
    shared_house: House, procedure: str, owner: dict[str, str], object_: tuple[str, str], codes: set[str]
) -> None:
    by_key = {str(one["key"]): one for one in shared_house.personas}
    names = ("personal_id", "full_name", "birth_date")
    subjects: dict[str, Any] = {
        role: {name: by_key[key][name] for name in names} for role, key in owner.items()
    }
    first, second = object_
    if procedure == "9.000003":
        subjects["vehicle"] = {"registration_no": first, "number": second}
    else:
        subjects["parcel"] = {
            "commune": "11953" if first == "12" else "11977",
            "sheet": first,
            "number": second,
        }
    assert {*await told(shared_house, procedure, subjects)} == codes


#: nobody is asked about the members who move: only their household names them
NOT_ASKED = {("1.004222", "members"), ("1.004194", "members")}


async def test_every_role_of_a_person_has_a_warning_of_death() -> None:
    without = []
    for code, procedure in load_catalogue(ROOT).procedures.items():
        read = {ref for rule in procedure.warnings.values() for ref in _refs(procedure.predicates, rule.when)}
        without += [
            (code, name)
            for name, role in procedure.roles.items()
            if SubjectKind.PERSON in role.kind and f"{name}:person.life_status" not in read
        ]
    assert set(without) == NOT_ASKED


def _refs(predicates: Mapping[str, Predicate], name: str) -> set[str]:
    rule = predicates[name]
    return {*refs_of_predicate(rule)}.union(*(_refs(predicates, one) for one in rule.others))


async def test_one_person_on_both_sides_is_warned_of_however_they_are_named(patient: House) -> None:
    old, new = patient.subject("old_id_only"), patient.subject("facts_example")
    sides = (
        ({**old}, {**old}),  # nobody gives a new number of theirs
        ({**new}, {"same_as": "male"}),
        ({**new}, {**new}),
    )
    for silent in (False, True):
        if silent:
            await patient.misbehave("population", "fault200")
        for male, female in sides:
            body = {"male": male, "female": female}
            found = await told(patient, "1.000894", body, official=new_official())
            assert "one_person_twice" in found, (male, female, silent)
            spoken = found["one_person_twice"]["for_official"]
            assert spoken["vi"]
    # another person of the same name is another person, and a couple is two
    twin = {**old, "old_id": "147203698", "birth_date": "1957-07-28"}
    for body in ({"male": old, "female": twin}, couple(patient, "single", "ethnic_minority")):
        assert "one_person_twice" not in await told(patient, "1.000894", body, official=new_official())


async def test_warning_names_attribute_source_and_rule_and_speaks_to_citizen_and_official(
    shared_house: House,
) -> None:
    found = await told(shared_house, "1.000894", couple(shared_house, "single", "bride_dead"))
    warning = found["female_recorded_dead"]
    assert (warning["source"], warning["rule"]) == ("civil_status", "female_recorded_dead")
    assert warning["attribute"] == "civil_status.life_status"
    assert "ông/bà" in warning["for_citizen"]["vi"]
    assert {*warning["for_official"]} == {"vi", "en"}
    assert {"legal_basis", "basis_mark"} <= {*warning}


async def test_warning_says_sandbox_as_its_evidence_does(shared_house: House) -> None:
    subjects = couple(shared_house, "single", "bride_dead")
    answer = await shared_house.prefill("1.000894", subjects)
    assert answer["warnings"]
    for one in answer["warnings"]:
        assert one["sandbox"] is answer["evidence"][one["evidence"]]["sandbox"]


async def test_paper_of_the_dead_says_so_and_not_that_it_has_expired(shared_house: House) -> None:
    answer = await shared_house.prefill("1.000894", couple(shared_house, "single", "death_notice"))
    advice = {
        one["reason"]["rule"]: one["advice"]["vi"]
        for one in answer["papers"]
        if one.get("reason", {}).get("code") == "not_in_force"
    }
    assert "đã chết hoặc mất tích" in advice["female_alive"]
    assert "hết hạn" not in advice["female_alive"]


async def test_licence_that_is_over_or_taken_away_is_warned_of(shared_house: House) -> None:
    for trait, code in (("licence_expired", "licence_expired"), ("licence_revoked", "licence_withdrawn")):
        subjects = {"applicant": shared_house.subject(trait)}
        assert code in await told(shared_house, "1.002809", subjects), trait


async def test_parcel_of_somebody_else_is_warned_of(shared_house: House) -> None:
    parcel = {"commune": "11953", "sheet": "12", "number": "345"}
    for owner, warned in (("facts_example", False), ("single", True)):
        subjects = {"owner": shared_house.subject(owner), "parcel": parcel}
        found = await told(shared_house, "1.013225", subjects)
        assert ("another_holds_the_parcel" in found) is warned


@pytest.mark.parametrize(
    ("procedure", "role", "fields"),
    [
        ("1.012753", "user", ("CDienTich6", "BDiaChi5", "DSuDungVaoMucDich7", "AThuaDatSo")),
        ("1.013225", "owner", ("dienTich", "diaChiXayDung", "thuaDatSo")),
    ],
)
async def test_parcel_of_somebody_else_fills_no_form_and_cuts_no_paper(
    patient: House, procedure: str, role: str, fields: tuple[str, ...]
) -> None:
    parcel = {"commune": "11953", "sheet": "12", "number": "345"}

    async def asked(who: str) -> Any:
        # nobody asked in the official's name before: a silent source is no cached answer
        subjects = {role: patient.subject(who), "parcel": parcel}
        return await patient.prefill(procedure, subjects, official=new_official())

    own = await asked("facts_example")
    assert all(own["fields"][one]["value"] for one in fields)
    values = {str(own["fields"][one]["value"]) for one in fields[:2]}
    for silent in (False, True):
        if silent:
            await patient.misbehave("population", "fault200")
        answer = await asked("single")
        for one in fields:
            entry = answer["fields"][one]
            assert (entry["value"], entry["reason"]["code"]) == (None, "object_differs"), one
        assert not any(one in str(answer) for one in values)
        states = {one["code"]: one["state"] for one in answer["papers"]}
        assert {states[one] for one in states if one in ("payment_proof", "land_certificate_copy")} == {
            "required"
        }


async def test_warning_goes_with_the_evidence_that_the_citizen_refuses(patient: House) -> None:
    subjects = {"applicant": patient.subject("licence_revoked")}
    answer = await patient.prefill("1.002809", subjects, preview=True)
    assert "licence_withdrawn" in {one["code"] for one in answer["warnings"]}
    licence = next(name for name, one in answer["evidence"].items() if one["source"] == "driving_licence")
    others = [name for name in answer["evidence"] if name != licence]
    _, left = await patient.post(
        "/v1/prefill/decision",
        {"exchange_id": answer["exchange_id"], "accepted": others, "refused": [licence]},
    )
    assert "licence_withdrawn" not in {one["code"] for one in left["warnings"]}


async def test_every_paper_says_its_basis_how_sure_it_is_and_the_published_scope(shared_house: House) -> None:
    who = shared_house.subject("facts_example")
    answer = await shared_house.prefill("1.004873", {"requester": who, "person": {"same_as": "requester"}})
    by = {one["code"]: one for one in answer["papers"]}
    identity, divorce = by["id_and_residence"], by["divorce_or_death_paper"]
    assert (identity["legal_basis"], identity["basis_mark"]) == ("NQ 66.7/2025/NQ-CP", "press")
    assert identity["published"] == {
        "scope": identity["published_scope"], "document": "SANDBOX-C06-01/2026", "published_on": "2026-01-15",
        "mark": "sandbox",
    }  # fmt: skip
    assert (divorce["legal_basis"], divorce["basis_mark"], divorce["mark"]) == ("", "none", "memory")


async def test_paper_that_is_asked_for_says_what_was_published_too(shared_house: House) -> None:
    answer = await shared_house.prefill("1.002809", {"applicant": shared_house.subject("licence_revoked")})
    by = {one["code"]: one for one in answer["papers"]}
    assert by["licence_copy"]["state"] == "required"
    assert by["licence_copy"]["published"]["document"] == "SANDBOX-GPLX-01/2026"
    assert by["health_certificate"]["published"] is None
