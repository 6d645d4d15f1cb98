"""A paper that data do not replace says why, in the words of the doubt that is in the way."""

from datetime import date
from pathlib import Path

import pytest

from gateway.checks.examples import SCOPE
from gateway.domain.dates import PartialDate
from gateway.domain.evidence import AttributeDoubt, Outcome, SourceAnswer, Withheld
from gateway.domain.parties import Subject, SubjectKind
from gateway.domain.reasons import Reason
from gateway.mapping.answer import PaperEntry
from gateway.mapping.apply import FixedSituation, fill
from gateway.mapping.load import load_catalogue
from gateway.mapping.narrowing import narrowed
from gateway.mapping.plan import make_plan
from gateway.prefill.explain_papers import papers
from gateway.prefill.roles import cast

CATALOGUE = load_catalogue(Path(__file__).parents[2])
ADDRESS = {"detail": "Thôn 2", "commune": "11995", "province": "33", "country": "VN"}
VALUES: dict[str, object] = {
    "life_status": "alive",
    "personal_id": "033174620958", "full_name": "Nguyễn Văn Thử", "birth_date": "1990-02-15",
    "permanent_address": ADDRESS, "current_address": ADDRESS, "gender": "male",
}  # fmt: skip


def paper_of(
    values: dict[str, object],
    doubts: dict[str, AttributeDoubt],
    code: str = "id_and_residence",
    withheld: str = "",
) -> PaperEntry:
    """How a paper of the marital certificate comes out when the population database says this.

    `withheld`: an attribute that no agreement grants.
    """
    procedure = CATALOGUE.procedures["1.004873"]
    person = Subject(
        kind=SubjectKind.PERSON, personal_id="033174620958", full_name="Nguyễn Văn Thử",
        birth_date=PartialDate(1990, 2, 15),
    )  # fmt: skip
    roles = cast(procedure, {"requester": person, "person": "requester"})
    plan = make_plan(
        procedure, CATALOGUE.offers, lambda _s, name: name != withheld, roles.subjects, roles.slots
    )
    answers: list[SourceAnswer | None] = [
        SourceAnswer(
            outcome=Outcome.FOUND,
            values={name: value for name, value in values.items() if name in query.attributes},
            doubts={name: doubt for name, doubt in doubts.items() if name in query.attributes},
        )
        if query.service.evidence == "person"
        else SourceAnswer(outcome=Outcome.NOT_FOUND, reason=Reason.NO_SUCH_PERSON)
        for query in plan.queries
    ]
    situation = FixedSituation({}, roles.given, date(2026, 11, 25), lambda _s, _a: SCOPE)
    filled = fill(plan, answers, situation)
    return next(paper for paper in filled.papers if paper["code"] == code)


def reason_of(paper: PaperEntry) -> object:
    assert paper["state"] == "required", paper
    reason = paper["reason"]
    assert isinstance(reason, dict)
    return reason["code"]


def test_data_without_doubt_replace_the_paper() -> None:
    assert paper_of(VALUES, {})["state"] == "replaced"


def test_what_would_decide_and_is_not_agreed_is_told_so() -> None:
    """Else nobody knows that the agreement must say more."""
    paper = paper_of(VALUES, {}, withheld="life_status")
    assert reason_of(paper) == Reason.NOT_AGREED
    assert paper["reason"] == {"code": "not_agreed", "rule": "person_alive"}


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("unit_divided", Reason.ADDRESS_NEEDS_CONFIRMATION),
        ("address_unclear", Reason.ADDRESS_NEEDS_CONFIRMATION),
        ("code_unknown", Reason.CODE_UNKNOWN),
        ("value_invalid", Reason.VALUE_INVALID),
        ("several_records", Reason.SEVERAL_RECORDS),
        ("sources_differ", Reason.SOURCES_DIFFER),
        ("name_differs", Reason.SOURCES_DIFFER),
        ("date_partial", Reason.CONDITION_UNKNOWN),
        ("a kind of tomorrow", Reason.CONDITION_UNKNOWN),
    ],
)
def test_doubtful_value_names_the_reason_of_its_doubt(kind: str, reason: Reason) -> None:
    paper = paper_of(VALUES, {"permanent_address": AttributeDoubt(kind=kind)})
    assert reason_of(paper) == reason


def test_code_that_no_list_knows_is_not_a_blank_of_the_source() -> None:
    without = {name: value for name, value in VALUES.items() if name != "permanent_address"}
    paper = paper_of(without, {"permanent_address": AttributeDoubt(kind="code_unknown")})
    assert reason_of(paper) == Reason.CODE_UNKNOWN


def test_blank_value_is_called_blank() -> None:
    without = {name: value for name, value in VALUES.items() if name != "permanent_address"}
    assert reason_of(paper_of(without, {})) == Reason.VALUE_BLANK


def test_doubtful_value_decides_no_condition() -> None:
    values = {**VALUES, "marital_status": "never_married"}
    assert paper_of(values, {}, "divorce_or_death_paper")["state"] == "not_applicable"
    doubts = {"marital_status": AttributeDoubt(kind="sources_differ")}
    assert reason_of(paper_of(values, doubts, "divorce_or_death_paper")) == Reason.CONDITION_UNKNOWN


def test_paper_of_a_person_for_whom_nobody_acts_is_explained_so() -> None:
    procedure = CATALOGUE.procedures["1.004873"]
    roles = cast(
        procedure,
        {
            name: Subject(
                kind=SubjectKind.PERSON, personal_id=number, full_name="Nguyễn Văn Thử",
                birth_date=PartialDate(1990, 2, 15),
            )
            for name, number in (("requester", "033174620958"), ("person", "033190748215"))
        },
    )  # fmt: skip
    plan = make_plan(procedure, CATALOGUE.offers, lambda _s, _a: True, roles.subjects, roles.slots)
    why = Withheld(Reason.REPRESENTATION_MISSING, "login:represented")
    plan = narrowed(plan, lambda query, _: query.role != "person", why)
    explained = {one["code"]: one for one in papers(plan, lambda _s, _a: SCOPE, None)}
    shown = [explained["id_and_residence"][name] for name in ("state", "reason", "rule")]
    assert shown == ["required", "representation_missing", "login:represented"]
