"""Every example that a mapping ships is run: a new YAML file is under test the moment it exists."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest

from gateway.checks.examples import answers_of, counter_example_faults, planned, situation_of, subject_of
from gateway.domain.evidence import Outcome, Reason, SourceAnswer, SourceQuery, failed
from gateway.domain.identifiers import CallId
from gateway.domain.parties import Official, SubjectKind
from gateway.mapping.apply import fill, next_queries
from gateway.mapping.load import load_catalogue
from gateway.mapping.model import ProcedureExample, ServiceExample
from gateway.mapping.plan import make_plan
from gateway.mapping.predicates import Facts
from gateway.mapping.procedure import Procedure
from gateway.mapping.question_model import QuestionExample
from gateway.mapping.questions import SUBJECT, TOLD, Question, asking
from gateway.mapping.source import ServicePlan
from gateway.prefill.roles import cast

ROOT = Path(__file__).parents[2]
CATALOGUE = load_catalogue(ROOT)
OFFICIAL = Official(
    personal_id="033085000017", agency="000.00.14.H31", account="canbo.thu", full_name="Phạm Văn Mẫu"
)


def service_examples() -> Iterator[Any]:
    for plans in CATALOGUE.services.values():
        for plan in plans.values():
            for example in plan.mapping.examples:
                yield pytest.param(plan, example, id=f"{plan.name}: {example.name}")


def procedure_examples() -> Iterator[Any]:
    for procedure in CATALOGUE.procedures.values():
        for example in procedure.mapping.examples:
            yield pytest.param(procedure, example, id=f"{procedure.code}: {example.name}")


def query_of(plan: ServicePlan, example: ServiceExample) -> SourceQuery:
    return SourceQuery(
        call_id=CallId("01JEXAMPLE0000000000000000-1"),
        service=plan.name,
        subject=subject_of(example.subject, plan.mapping.subjects),
        attributes=tuple(sorted(plan.attributes)),
        official=OFFICIAL,
        procedure="1.004873",
        purpose="example",
        dossier="H31.14-260105-0007",
        result_codes=("KQ.G15.900002",),
        account=example.subject.get("account", {}),
    )


@pytest.mark.parametrize(("plan", "example"), list(service_examples()))
def test_example_of_a_data_service_becomes_the_evidence_it_says(
    plan: ServicePlan, example: ServiceExample
) -> None:
    answer = plan.read(example.answer, query_of(plan, example))
    assert answer.outcome == example.outcome, answer.reason
    read = orjson.loads(orjson.dumps(dict(answer.values)))
    assert {name: _text(value) for name, value in read.items()} == {
        name: _text(value) for name, value in example.evidence.items() if value is not None
    }
    assert {name: doubt.kind for name, doubt in answer.doubts.items()} == example.doubts


@pytest.mark.parametrize(("plan", "example"), list(service_examples()))
def test_evidence_of_an_example_is_valid_by_its_schema(plan: ServicePlan, example: ServiceExample) -> None:
    schema = orjson.loads((ROOT / "schemas" / "evidence" / f"{plan.evidence}.schema.json").read_bytes())
    answer = plan.read(example.answer, query_of(plan, example))
    jsonschema_rs.validator_for(schema).validate(orjson.loads(orjson.dumps(dict(answer.values))))


@pytest.mark.parametrize(("plan", "example"), list(service_examples()))
def test_request_of_an_example_has_the_values_it_names(plan: ServicePlan, example: ServiceExample) -> None:
    parameters = {"procedure_code": "G15-TP110", "integration_code": "037"}
    tree = plan.request(query_of(plan, example), parameters, "2025")
    for place, expected in example.request.items():
        found: Any = tree
        for name in place.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        assert _text(found) == _text(expected), place


@pytest.mark.parametrize(("procedure", "example"), list(procedure_examples()))
def test_example_of_a_procedure_fills_the_form_it_says(
    procedure: Procedure, example: ProcedureExample
) -> None:
    plan, roles = planned(procedure, example, CATALOGUE.offers)
    answers = answers_of(example, plan)
    situation = situation_of(example, plan, roles)
    assert next_queries(plan, [None] * len(plan.queries), situation) or not plan.queries
    filled = fill(plan, answers, situation)
    fields = filled.entries()
    for key, expected in example.form.items():
        assert _text(_at(filled.form, key)) == _text(expected), (key, fields.get(key))
    for field in procedure.fields:
        value = _at(filled.form, field.key)
        if value is not None and field.key not in example.known:
            assert procedure.accepts(field.key, orjson.loads(orjson.dumps(value))), (field.key, value)
    for key, state in example.states.items():
        assert fields[key]["state"] == state, (key, fields[key])
    states = {str(paper["code"]): paper for paper in filled.papers}
    for code, state in example.papers.items():
        assert states[code]["state"] == state, states[code]


@pytest.mark.parametrize("code", list(CATALOGUE.procedures))
def test_no_counter_example_cuts_its_paper(code: str) -> None:
    assert list(counter_example_faults(CATALOGUE.procedures[code], CATALOGUE.offers)) == []


def question_examples() -> Iterator[Any]:
    for question in CATALOGUE.questions.values():
        for example in question.mapping.examples:
            yield pytest.param(question, example, id=f"{question.name}: {example.name}")


@pytest.mark.parametrize(("question", "example"), list(question_examples()))
def test_example_of_a_predicate_is_answered_as_it_says(question: Question, example: QuestionExample) -> None:
    word, title = question.name, question.mapping.title
    procedure = asking("", "example", {word: question.about(example.parameter)}, {word: title})
    given_as = {"personal_id": "033190481726", "full_name": "Trần Thị Mẫu", "birth_date": "1990-02-15"}
    who = subject_of(given_as, (SubjectKind.PERSON,))
    roles = cast(procedure, {SUBJECT: who})
    plan = make_plan(procedure, CATALOGUE.offers, lambda _s, _a: True, roles.subjects, roles.slots)
    assert plan.queries
    found: list[SourceAnswer | None] = []
    for query in plan.queries:
        given = example.evidence.get(query.service.evidence, {})
        if isinstance(given, str):
            found.append(failed(Outcome(given), Reason.SOURCE_TIMEOUT))
        else:
            found.append(SourceAnswer(outcome=Outcome.FOUND, values=dict(given)))
    today = date.fromisoformat(example.today)
    facts = Facts(plan, found, lambda _s, _a: None, today, roles.given, {})
    assert TOLD[question.truth(facts, word)] == example.answer


def test_every_procedure_of_the_facts_is_mapped() -> None:
    assert len(CATALOGUE.procedures) >= 13


def _at(form: Any, key: str) -> Any:
    for name in key.split("."):
        form = form.get(name) if isinstance(form, dict) else None
    return form


def _text(value: Any) -> Any:
    """YAML of the examples holds text only, so numbers and booleans are compared as text."""
    if isinstance(value, dict):
        return {key: _text(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_text(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if value is None else str(value)
