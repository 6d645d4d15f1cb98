"""Who confirms that number, name and birth date belong together, and what his answer does to the others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.dates import PartialDate
from gateway.domain.evidence import Outcome, SourceAnswer, failed
from gateway.domain.parties import Subject, SubjectKind
from gateway.domain.reasons import Reason
from gateway.mapping.confirming import denied, untrusted
from gateway.mapping.load import load_catalogue
from gateway.mapping.plan import Plan, make_plan
from gateway.prefill.roles import cast

CATALOGUE = load_catalogue(Path(__file__).parents[2])
WHO = Subject(
    kind=SubjectKind.PERSON,
    personal_id="033185640273",
    full_name="Nguyễn Thử",
    birth_date=PartialDate(1985, 2, 15),
)


def _all_but_people(service: str, attribute: str) -> bool:
    """Grants everything but the register of people: so people are confirmed by a check alone."""
    return not any(attribute in one.attributes and one.name == service for one in CATALOGUE.offers["person"])


def plans() -> Iterator[tuple[Plan, int, int]]:
    """Plans where an identity check stands behind a query about the same person: both queries."""
    for procedure in CATALOGUE.procedures.values():
        if any(SubjectKind.PERSON not in role.kind and not role.through for role in procedure.roles.values()):
            continue
        people: dict[str, Subject | str] = {
            name: WHO for name, role in procedure.roles.items() if SubjectKind.PERSON in role.kind
        }
        roles = cast(procedure, people)
        plan = make_plan(procedure, CATALOGUE.offers, _all_but_people, roles.subjects, roles.slots)
        for check, behind in plan.confirms.items():
            query = plan.queries[check]
            if query.service.evidence == "identity_check":
                yield from ((plan, check, one) for one in behind if plan.queries[one].role == query.role)


def _hidden(plan: Plan, answers: list[SourceAnswer | None]) -> dict[int, Reason]:
    """The queries whose answers are not shown."""
    denied_roles = denied(plan.queries, answers, plan.confirms)
    return untrusted(plan.queries, answers, plan.confirms, plan.hangs_on, denied_roles, hurried=False)


@pytest.mark.parametrize(
    ("confirmed", "hidden"),
    [
        (SourceAnswer(outcome=Outcome.FOUND, values={"matches": True}), False),
        (SourceAnswer(outcome=Outcome.FOUND, values={"matches": None}), True),
        (SourceAnswer(outcome=Outcome.FOUND), True),
        (SourceAnswer(outcome=Outcome.FOUND, values={"matches": False}), True),
        (failed(Outcome.UNAVAILABLE, Reason.SOURCE_TIMEOUT), True),
    ],
)
def test_only_a_yes_outweighs_somebody_who_denies(confirmed: SourceAnswer, hidden: bool) -> None:
    plan, check, denying = next(plans())
    answers: list[SourceAnswer | None] = [SourceAnswer(outcome=Outcome.FOUND) for _ in plan.queries]
    answers[check], answers[denying] = confirmed, failed(Outcome.NO_MATCH, Reason.DATA_DO_NOT_MATCH)
    found = _hidden(plan, answers)
    assert (denying in found) is hidden


@pytest.mark.parametrize("values", [{"matches": None}, {}])
def test_blank_answer_alone_hides_nothing(values: dict[str, object]) -> None:
    plan, check, _ = next(plans())
    answers: list[SourceAnswer | None] = [SourceAnswer(outcome=Outcome.FOUND) for _ in plan.queries]
    answers[check] = SourceAnswer(outcome=Outcome.FOUND, values=values)
    assert _hidden(plan, answers) == {}


@pytest.mark.parametrize(
    "denied_by",
    [
        SourceAnswer(outcome=Outcome.FOUND, values={"matches": False}),
        failed(Outcome.NOT_FOUND, Reason.NO_SUCH_PERSON),
    ],
)
def test_no_of_who_confirms_hides_what_was_found_by_the_number(denied_by: SourceAnswer) -> None:
    plan, check, behind = next(plans())
    answers: list[SourceAnswer | None] = [SourceAnswer(outcome=Outcome.FOUND) for _ in plan.queries]
    answers[check] = denied_by
    assert _hidden(plan, answers)[behind] is Reason.DATA_DO_NOT_MATCH
