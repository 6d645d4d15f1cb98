"""Invariants of roles that take many: nothing beyond the grant, one query a subject, no matter in which order."""

from datetime import date
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.checks.examples import SCOPE
from gateway.domain.dates import PartialDate
from gateway.domain.evidence import Outcome, SourceAnswer, failed
from gateway.domain.parties import Subject, SubjectKind
from gateway.domain.reasons import Reason
from gateway.mapping.apply import FixedSituation, fill, next_queries
from gateway.mapping.load import load_catalogue
from gateway.mapping.plan import make_plan
from gateway.prefill.roles import Cast, cast

CATALOGUE = load_catalogue(Path(__file__).parents[2])
BUSINESS = CATALOGUE.procedures["1.001612"]
CODES = sorted(code for code, one in CATALOGUE.procedures.items() if any(r.many for r in one.roles.values()))
EVERYTHING = sorted(
    {(p.name, a) for ps in CATALOGUE.services.values() for p in ps.values() for a in p.attributes}
)
#: who a member is, and how the population database answers about him
members = st.lists(st.tuples(st.integers(1, 6), st.booleans()), min_size=1, max_size=6)


def person(number: int) -> Subject:
    born = PartialDate(1990, 2, 15)
    return Subject(
        kind=SubjectKind.PERSON, personal_id=f"033190{number:06}", full_name="Thử", birth_date=born
    )


def cast_of(code: str, numbers: list[int]) -> Cast:
    roles = CATALOGUE.procedures[code].roles
    kinds = {name: role.kind[0] for name, role in roles.items() if not role.optional and not role.many}
    wanted: dict[str, Subject | str] = {name: person(0) for name in kinds}
    wanted |= {f"members#{at + 1}": person(number) for at, number in enumerate(numbers)}
    return cast(CATALOGUE.procedures[code], wanted)


@given(
    code=st.sampled_from(CODES), numbers=st.lists(st.integers(0, 9), min_size=1, max_size=12),
    granted=st.sets(st.sampled_from(EVERYTHING), max_size=60),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_more_subjects_never_ask_more_than_granted_and_each_only_once(
    code: str, numbers: list[int], granted: set[tuple[str, str]]
) -> None:
    roles = cast_of(code, numbers)
    plan = make_plan(
        CATALOGUE.procedures[code],
        CATALOGUE.offers,
        lambda s, a: (s, a) in granted,
        roles.subjects,
        roles.slots,
    )
    for query in plan.queries:
        assert {(query.service.name, attribute) for attribute in query.attributes} <= granted
    asked = [
        (query.service.name, roles.subjects[query.role])
        for query in plan.queries
        if query.role in roles.subjects
    ]
    assert len(asked) == len(set(asked))


def papers_of(people: list[tuple[int, bool]]) -> tuple[dict[str, object], set[int]]:
    """State by paper, and the people who were asked about."""
    known = dict(people)
    roles = cast_of("1.001612", [number for number, _ in people])
    plan = make_plan(BUSINESS, CATALOGUE.offers, lambda _s, _a: True, roles.subjects, roles.slots)
    situation = FixedSituation({}, roles.given, date(2026, 11, 25), lambda _s, _a: SCOPE, roles.subjects)
    answers: list[SourceAnswer | None] = [None] * len(plan.queries)
    asked = set()
    while wave := next_queries(plan, answers, situation):
        for index in wave:
            query = plan.queries[index]
            number = int((roles.subjects[query.role].personal_id or "0")[-6:])
            asked.add(number)
            answers[index] = (
                SourceAnswer(
                    outcome=Outcome.FOUND,
                    values={**dict.fromkeys(query.attributes, "1"), "life_status": "alive"},
                )
                if known.get(number, True)
                else failed(Outcome.NOT_FOUND, Reason.NO_SUCH_PERSON)
            )
    filled = fill(plan, answers, situation)
    return {str(paper["code"]): paper["state"] for paper in filled.papers}, asked


@given(people=members, data=st.data())
@settings(max_examples=60, deadline=None)
def test_order_of_the_members_does_not_change_papers(
    people: list[tuple[int, bool]], data: st.DataObject
) -> None:
    people = list(dict(people).items())
    states, asked = papers_of(people)
    assert papers_of(data.draw(st.permutations(people))) == (states, asked)
    assert asked == {0, *dict(people)}
    assert states["owner_id_copy"] == ("replaced" if all(known for _, known in people) else "required")
