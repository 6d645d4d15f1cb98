"""Whatever the form names otherwise: no field of that role has the asked person's value, and no other field changes."""

from datetime import date
from functools import cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.checks.examples import SCOPE
from gateway.domain.dates import PartialDate
from gateway.domain.evidence import Outcome, SourceAnswer
from gateway.domain.parties import Subject, SubjectKind
from gateway.mapping.apply import FixedSituation, fill
from gateway.mapping.load import Catalogue, load_catalogue
from gateway.mapping.plan import Plan, make_plan
from gateway.mapping.procedure import Procedure
from gateway.prefill.roles import cast

ROOT = Path(__file__).parents[2]
BORN = PartialDate(1990, 2, 15)
ADDRESS = {"province": "33", "commune": "11953", "detail": "Số 7 phố Mẫu", "country": "VN"}
KNOWN = {"birth_date": "1990-02-15", "permanent_address": ADDRESS, "current_address": ADDRESS}
#: attribute of a person -> what the form says instead
INSTEAD = {"personal_id": "033177640285", "full_name": "Đặng Thị Khác", "birth_date": "09/03/1977"}
#: each names another person
DIFFERENT = (("personal_id",), ("full_name", "birth_date"), ("personal_id", "full_name", "birth_date"))


@cache
def catalogue() -> Catalogue:
    return load_catalogue(ROOT)


def people_of(procedure: Procedure) -> list[str]:
    return [
        name for name, role in procedure.roles.items() if role.kind[0] is SubjectKind.PERSON and not role.many
    ]


CODES = sorted(code for code, one in catalogue().procedures.items() if len(people_of(one)) > 1)


def answers_of(plan: Plan) -> list[SourceAnswer | None]:
    """Every source knows everybody, and each value names its person."""
    found: list[SourceAnswer | None] = []
    for query in plan.queries:
        values = {name: KNOWN.get(name, f"{query.role} {name}") for name in query.attributes}
        values |= {name: f"0331909000{query.index:02}" for name in values if name.endswith("personal_id")}
        found.append(SourceAnswer(Outcome.FOUND, values))
    return found


@given(data=st.data(), code=st.sampled_from(CODES))
@settings(max_examples=60, deadline=None)
def test_no_field_of_a_role_whose_person_the_form_names_otherwise_has_the_value_of_the_asked_person(
    data: st.DataObject, code: str
) -> None:
    procedure = catalogue().procedures[code]
    roles = people_of(procedure)
    numbers = {name: data.draw(st.integers(0, 2), name) for name in roles}
    subjects: dict[str, Subject | str] = {
        name: Subject(
            kind=SubjectKind.PERSON, personal_id=f"03319046{number:04}", full_name="Thử", birth_date=BORN
        )
        for name, number in numbers.items()
    }
    subjects |= {
        name: Subject(kind=SubjectKind.PARCEL, commune="11953", sheet="12", number="345")
        for name, role in procedure.roles.items()
        if role.kind[0] is SubjectKind.PARCEL
    }
    players = cast(procedure, subjects)
    plan = make_plan(procedure, catalogue().offers, lambda _s, _a: True, players.subjects, players.slots)
    others = data.draw(st.sets(st.sampled_from(roles), min_size=1), "named otherwise")
    wanted = data.draw(st.sampled_from(DIFFERENT), "what")
    said = {
        (ref.role, ref.attribute): one.field.key
        for one in plan.fields
        for ref in one.refs
        if ref.role in others
        and ref.evidence == "person"
        and ref.attribute in wanted
        # the kind of a number and a tax code name nobody
        and "id_doc_type_civil" not in one.field.rule.transform
        and one.refs[0].evidence != "taxpayer"
    }
    typed = {key: INSTEAD[attribute] for (_, attribute), key in said.items()}
    asks_birth = {
        ref.role for one in plan.fields for ref in one.refs
        if (ref.evidence, ref.attribute) == ("person", "birth_date")
    }  # fmt: skip
    strangers = {
        role for role in others
        if (role, "personal_id") in said
        or ((role, "full_name") in said and (role not in asks_birth or "birth_date" in wanted))
    }  # fmt: skip
    before, after = (
        fill(
            plan, answers_of(plan),
            FixedSituation(known, players.given, date(2026, 11, 25), lambda _s, _a: SCOPE, players.subjects),
        ).entries()
        for known in ({}, typed)
    )  # fmt: skip
    people = {*roles, *(name for name, role in procedure.roles.items() if role.through)}
    strange = {name for name in people if name in strangers or procedure.roles[name].through in strangers}
    heads = {procedure.roles[name].found_in for name in strange} - {None}
    for one in plan.fields:
        key, words = one.field.key, [f"{ref.role}:{ref}" for ref in one.refs]
        if key in typed or not words:
            continue
        speaks = [
            word.partition(":")[0] in strange or any(word.startswith(f"{head}.") for head in heads)
            for word in words
        ]
        if speaks[0]:
            assert after[key]["value"] is None, key
        elif not any(speaks) and {ref.role for ref in one.refs} <= people:
            assert after[key] == before[key], key
