"""Every example that a mapping ships is run: a new YAML file is under test the moment it exists."""

from pathlib import Path

import jsonschema_rs
import orjson
import pytest

from gateway.checks.as_written import at
from gateway.checks.examples import answers_of, counter_example_faults, example_faults, planned, situation_of
from gateway.checks.message_examples import message_example_faults
from gateway.checks.question_examples import question_example_faults
from gateway.checks.service_examples import query_of, service_example_faults
from gateway.mapping.apply import fill, next_queries
from gateway.mapping.load import load_catalogue
from gateway.mapping.model import ProcedureExample
from gateway.mapping.procedure import Procedure
from gateway.mapping.source import ServicePlan

ROOT = Path(__file__).parents[2]
CATALOGUE = load_catalogue(ROOT)
SERVICES = [plan for plans in CATALOGUE.services.values() for plan in plans.values()]


@pytest.mark.parametrize("plan", SERVICES, ids=lambda plan: plan.name)
def test_examples_of_a_data_service_become_the_evidence_they_say(plan: ServicePlan) -> None:
    assert list(service_example_faults(plan)) == []


@pytest.mark.parametrize("plan", SERVICES, ids=lambda plan: plan.name)
def test_evidence_of_an_example_is_valid_by_its_schema(plan: ServicePlan) -> None:
    schema = orjson.loads((ROOT / "schemas" / "evidence" / f"{plan.evidence}.schema.json").read_bytes())
    is_valid = jsonschema_rs.validator_for(schema).is_valid
    read = {
        one.name: dict(plan.read(one.answer, query_of(plan, one)).values) for one in plan.mapping.examples
    }
    assert read
    assert {name: one for name, one in read.items() if not is_valid(orjson.loads(orjson.dumps(one)))} == {}


@pytest.mark.parametrize("code", list(CATALOGUE.procedures))
def test_examples_of_a_procedure_ask_and_fill_what_the_form_takes(code: str) -> None:
    procedure = CATALOGUE.procedures[code]
    for example in procedure.mapping.examples:
        asks_and_fills(procedure, example)


def asks_and_fills(procedure: Procedure, example: ProcedureExample) -> None:
    plan, roles = planned(procedure, example, CATALOGUE.offers)
    answers = answers_of(example, plan)
    situation = situation_of(example, plan, roles)
    assert next_queries(plan, [None] * len(plan.queries), situation) or not plan.queries
    filled = fill(plan, answers, situation)
    for field in procedure.fields:
        value = at(filled.form, field.key)
        if value is not None and field.key not in example.known:
            accepted = procedure.accepts(field.key, orjson.loads(orjson.dumps(value)))
            assert accepted, (example.name, field.key, value)


@pytest.mark.parametrize("code", list(CATALOGUE.procedures))
def test_examples_of_a_procedure_fill_the_form_they_say(code: str) -> None:
    assert list(example_faults(CATALOGUE.procedures[code], CATALOGUE.offers)) == []


@pytest.mark.parametrize("code", list(CATALOGUE.procedures))
def test_no_counter_example_cuts_its_paper(code: str) -> None:
    assert list(counter_example_faults(CATALOGUE.procedures[code], CATALOGUE.offers)) == []


@pytest.mark.parametrize("name", list(CATALOGUE.questions))
def test_examples_of_a_predicate_are_answered_as_they_say(name: str) -> None:
    assert list(question_example_faults(CATALOGUE.questions[name], CATALOGUE.offers)) == []


@pytest.mark.parametrize("name", list(CATALOGUE.portals))
def test_examples_of_a_portal_are_written_and_read_as_they_say(name: str) -> None:
    assert list(message_example_faults(CATALOGUE.portals[name])) == []


def test_every_procedure_of_the_facts_is_mapped() -> None:
    assert len(CATALOGUE.procedures) >= 13
