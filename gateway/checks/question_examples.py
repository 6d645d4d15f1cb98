"""Runs the examples of predicates that may be asked: evidence in; yes, no or cannot_tell out."""

from collections.abc import Iterator
from datetime import date

from gateway.checks.as_written import subject_of
from gateway.checks.examples import Offers
from gateway.config.strict_yaml import Loc
from gateway.domain.evidence import Outcome, SourceAnswer, failed
from gateway.domain.parties import SubjectKind
from gateway.domain.reasons import Reason
from gateway.mapping.plan import make_plan
from gateway.mapping.predicates import Facts
from gateway.mapping.question_model import QuestionExample
from gateway.mapping.questions import ANSWER_WORDS, SUBJECT, Question, asking
from gateway.prefill.roles import cast

#: the person in the examples; invented
_ASKED = {"personal_id": "033190481726", "full_name": "Trần Thị Mẫu", "birth_date": "1990-02-15"}


def question_example_faults(question: Question, offers: Offers) -> Iterator[tuple[Loc, str, str]]:
    """Failed expectations of the examples: place, what is wrong, remedy."""
    for index, example in enumerate(question.mapping.examples):
        got = answer_of(question, example, offers)
        if got != example.answer:
            what = f"example '{example.name}': answer: expected {example.answer}, got {got}"
            yield ("examples", index, "answer"), what, "mend 'asks', or the example"


def answer_of(question: Question, example: QuestionExample, offers: Offers) -> str:
    """The answer of the predicate for the example's evidence."""
    word, title = question.name, question.mapping.title
    procedure = asking("", "example", {word: question.about(example.parameter)}, {word: title})
    roles = cast(procedure, {SUBJECT: subject_of(_ASKED, (SubjectKind.PERSON,))})
    plan = make_plan(procedure, offers, lambda _service, _attribute: True, roles.subjects, roles.slots)
    found: list[SourceAnswer | None] = []
    for query in plan.queries:
        given = example.evidence.get(query.service.evidence, {})
        if isinstance(given, str):
            found.append(failed(Outcome(given), Reason.SOURCE_TIMEOUT))
        else:
            found.append(query.service.given(given, query.attributes, example.today))
    day = date.fromisoformat(example.today)
    facts = Facts(plan, found, lambda _service, _attribute: None, day, roles.given, {})
    return ANSWER_WORDS[question.truth(facts, word)]
