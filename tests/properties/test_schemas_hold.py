"""What does not fit its schema never leaves as good data, and spoils nothing beside it."""

import copy
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.transport.strict_json import parse
from gateway.checks.as_written import subject_of
from gateway.checks.service_examples import query_of
from gateway.domain.dates import PartialDate
from gateway.domain.evidence import AttributeDoubt, Outcome, SourceAnswer
from gateway.domain.fault_codes import FaultCode
from gateway.domain.parties import Subject
from gateway.domain.reasons import Reason
from gateway.mapping.apply import FixedSituation, fill
from gateway.mapping.model import ServiceExample, ServiceMapping
from gateway.mapping.plan import Plan, make_plan
from gateway.mapping.records import NO_DATE, SEVERAL
from gateway.mapping.source import ServicePlan
from gateway.prefill.roles import cast
from tests.contract.test_mappings import CATALOGUE
from tests.properties.test_reading import CODES, EXAMPLES, JSON, ODD, ROOT, spoiled

SCHEMA = FaultCode.SCHEMA_PATTERN
DATE = "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"
#: values that look almost like good ones
ALMOST = st.sampled_from((
    *ODD, "-473389200", "2026-02-30", "2025-02-29", "2024-02-29", "9999-99-99", "1990-2-15", "033190482617 ", "vn",
    "Kinh ", "a@b", "a@b.vn", "0900", "32/01/2026", "1e400", "male\n", "01", "1",
))  # fmt: skip


@cache
def evidence_schema(kind: str) -> Mapping[str, Any]:
    schema: dict[str, Any] = orjson.loads((ROOT / f"schemas/evidence/{kind}.schema.json").read_bytes())
    return schema


def misfit(schema: Mapping[str, Any], value: object) -> bool:
    """As the JSON Schema of one attribute says it, its dates days that there are."""
    if not jsonschema_rs.is_valid(dict(schema), value):
        return True
    if schema.get("pattern") != DATE:
        return False
    try:
        PartialDate.parse(str(value))
    except ValueError:
        return value != NO_DATE
    return False


# --------------------------------------------------------------------------------------- evidence


@settings(max_examples=300, deadline=None)
@given(spoiled())
def test_evidence_that_leaves_a_source_fits_its_schema(
    case: tuple[ServicePlan, ServiceExample, object, tuple[str, ...]],
) -> None:
    plan, example, tree, _ = case
    answer = plan.read(parse(orjson.dumps(tree)), query_of(plan, example))
    schemas = evidence_schema(plan.evidence)["properties"]
    assert [name for name, value in answer.values.items() if misfit(schemas[name], value)] == []
    for fault in answer.faults:
        assert fault.attribute not in answer.values
        if answer.outcome is Outcome.FOUND:
            doubt = answer.doubts[fault.attribute]
            # one of several records has the fault, and the others are shown to choose from
            is_of_several = doubt.kind == SEVERAL
            assert is_of_several or doubt.kind == "value_invalid"
            shown = [one for one in doubt.candidates if is_of_several and one is not None]
            assert [one for one in shown if misfit(schemas[fault.attribute], one)] == []


#: attributes that stand alone at a path of names, of examples that are found
ALONE = [
    (plan, example, name)
    for plan, example in EXAMPLES
    if example.outcome is Outcome.FOUND
    for name, rule in plan.mapping.answer.attributes.items()
    if name not in plan.mapping.answer.identity
    and "paper_list" not in rule.transform
    and "[" not in rule.path
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ALONE), JSON | ALMOST)
def test_one_bad_attribute_changes_no_other(
    case: tuple[ServicePlan, ServiceExample, str], odd: object
) -> None:
    plan, example, name = case
    answer = plan.mapping.answer
    path = answer.attributes[name].path
    whose = [
        answer.found_when,
        answer.status,
        answer.updated_at.path if answer.updated_at else "",
        *answer.identity.values(),
    ]
    if not path or any(
        one and (f"{one}.".startswith(f"{path}.") or path.startswith(f"{one}.")) for one in whose
    ):
        return
    query = query_of(plan, example)
    before = plan.read(example.answer, query)
    tree = copy.deepcopy(example.answer)
    if not _put(tree, [*filter(None, (*answer.record.split("."), *path.split(".")))], odd):
        return
    after = plan.read(parse(orjson.dumps(tree)), query)
    assert after.outcome is Outcome.FOUND
    for other, rule in answer.attributes.items():
        if any(_overlap(path, one) for one in (rule.path, *rule.else_)):
            continue
        assert after.values.get(other) == before.values.get(other), other
        if after.doubts.get(other) != before.doubts.get(other):
            # an odd date that contradicts another one puts both in doubt
            assert {after.doubts[one].rule for one in (name, other)} == {"evidence:dates_out_of_order"}, other


def _overlap(one: str, other: str) -> bool:
    """Whether what stands at one of two paths holds, or may choose, what stands at the other."""
    first, second = (f"{path}.".replace("[", ".") for path in (one, other))
    return first.startswith(second) or second.startswith(first)


def _put(tree: Any, names: list[str], value: object) -> bool:
    """Whether there was such a place."""
    for name in names[:-1]:
        tree = tree.get(name) if isinstance(tree, dict) else None
    if isinstance(tree, dict):
        tree[names[-1]] = value
    return isinstance(tree, dict)


def service(attributes: Mapping[str, object], identity: Mapping[str, str]) -> ServicePlan:
    title = {"vi": "x", "en": "x"}
    mapping = ServiceMapping.model_validate({
        "evidence": "person", "title": title, "subjects": ["person"], "request": {}, "examples": [{"name": "x"}],
        "answer": {"identity": identity, "attributes": attributes},
    })  # fmt: skip
    return ServicePlan("s", "o", mapping, CODES, (), evidence_schema("person")["properties"])


PERSON = ServiceExample(name="x", subject={"personal_id": "033175904826"})


@pytest.mark.parametrize(
    ("attribute", "rule", "value", "code"),
    [
        ("birth_date", {"path": "x"}, "-473389200", SCHEMA),
        ("birth_date", {"path": "x"}, "2026-02-30", FaultCode.SCHEMA_FORMAT),
        ("birth_date", {"path": "x", "transform": "date_vn"}, "473389200", FaultCode.UNREADABLE),
        ("gender", {"path": "x"}, "man", FaultCode.SCHEMA_ENUM),
        ("nationality", {"path": "x"}, "vietnam", SCHEMA),
        ("full_name", {"path": "x", "transform": "as_list"}, "TRẦN", FaultCode.SCHEMA_TYPE),
        ("current_address", {"path": "x", "transform": "population_address"}, {"maTinh": "3"}, SCHEMA),
    ],
)  # fmt: skip
def test_attribute_that_does_not_fit_is_left_out_with_its_fault_and_the_others_are_kept(
    attribute: str, rule: dict[str, object], value: object, code: FaultCode
) -> None:
    plan = service({attribute: rule, "ethnicity": {"path": "d"}}, {})
    answer = plan.read({"x": value, "d": "01"}, query_of(plan, PERSON))
    assert (answer.outcome, dict(answer.values)) == (Outcome.FOUND, {"ethnicity": "01"})
    assert answer.doubts[attribute].kind == "value_invalid"
    fault = answer.faults[0]
    assert (fault.code, fault.attribute, fault.path) == (code, attribute, "x")
    assert str(value) not in repr(answer)


def test_length_and_what_has_no_code_of_its_own_are_named() -> None:
    plan = service({"full_name": {"path": "x"}, "current_address": {"path": "y"}}, {})
    assert plan.why_not("full_name", "") is FaultCode.SCHEMA_LENGTH
    assert plan.why_not("current_address", {"street": "x"}) is FaultCode.SCHEMA_OTHER


def test_record_whose_number_does_not_fit_is_nobodys() -> None:
    plan = service({"personal_id": {"path": "so"}, "ethnicity": {"path": "d"}}, {"personal_id": "so"})
    asked = ServiceExample(name="x", subject={"personal_id": "33175904826"})
    answer = plan.read({"so": "33175904826", "d": "01"}, query_of(plan, asked))
    assert (answer.outcome, dict(answer.values)) == (Outcome.INVALID, {})
    assert [fault.attribute for fault in answer.faults] == ["personal_id"]


@given(
    st.dates(date(1848, 1, 1), date(2201, 12, 31)) | st.none(), st.integers(27, 32), st.integers(1840, 2210)
)
def test_date_fits_exactly_when_there_is_such_a_day(day: date | None, last: int, year: int) -> None:
    plan = service({"birth_date": {"path": "x"}}, {})
    for text in [f"{year}-{month:02}-{last}" for month in (1, 2, 4, 12)] + [str(day)]:
        try:
            PartialDate.parse(text)
        except ValueError:
            there_is = False
        else:
            there_is = True
        assert ("birth_date" in plan.read({"x": text}, query_of(plan, PERSON)).values) is there_is


# ------------------------------------------------------------------------------------------ forms


@cache
def planned(code: str) -> tuple[Plan, FixedSituation]:
    procedure = CATALOGUE.procedures[code]
    wanted: dict[str, Subject | str] = {}
    for role, words in procedure.mapping.examples[0].subjects.items():
        kinds = procedure.roles[role.partition("#")[0]].kind
        wanted[role] = words["same_as"] if "same_as" in words else subject_of(words, kinds)
    roles = cast(procedure, wanted)
    plan = make_plan(procedure, CATALOGUE.offers, lambda _s, _a: True, roles.subjects, roles.slots)
    situation = FixedSituation({}, roles.given, date(2026, 11, 25), lambda _s, _a: None, roles.subjects)
    return plan, situation


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(CATALOGUE.procedures)), st.data())
def test_value_that_the_form_does_not_take_is_never_filled(code: str, data: st.DataObject) -> None:
    plan, situation = planned(code)
    answers: list[SourceAnswer | None] = []
    for query in plan.queries:
        values = {name: data.draw(ALMOST | JSON | _GOOD, label=name) for name in query.attributes}
        answers.append(
            SourceAnswer(Outcome.FOUND, {name: one for name, one in values.items() if one is not None})
        )
    filled = fill(plan, answers, situation)
    for key, entry in filled.entries().items():
        doubt = entry["doubt"]
        is_proposed = doubt is not None and doubt["kind"] == "proposed"
        candidates = [] if doubt is None else doubt["candidates"]
        if entry["value"] is None:
            assert entry["state"] != "filled"
            assert (entry["state"] == "disputed") is is_proposed is (is_proposed and bool(candidates))
        else:
            assert plan.procedure.accepts(key, entry["value"]), key
        if is_proposed or entry["value"] is not None:
            assert all(plan.procedure.accepts(key, one["value"]) for one in candidates), key


_GOOD = st.sampled_from((
    "1990-02-15", "1990", "033175904826", "male", "VN", "33", "11953", "Lê Thị Thử",
    {"province": "33", "commune": "11953", "detail": "Số 1", "country": "VN"},
))  # fmt: skip


def test_field_whose_value_the_form_refuses_says_so() -> None:
    plan, situation = planned("1.004873")
    answers: list[SourceAnswer | None] = [
        SourceAnswer(Outcome.FOUND, {"birth_date": "-473389200"} if "birth_date" in query.attributes else {})
        for query in plan.queries
    ]
    entry = fill(plan, answers, situation).entries()["nxnNgaySinh"]
    assert (entry["state"], entry["value"]) == ("empty", None)
    assert entry["reason"] is not None
    assert entry["reason"]["code"] == Reason.VALUE_INVALID
    assert entry["doubt"] is not None
    assert entry["doubt"]["rule"] == "form:schema"


def test_doubt_of_a_value_is_shown_in_a_field_that_compares_sources_too() -> None:
    plan, situation = planned("1.001193")
    names = ("Lê Thị Thử", "Lê Thị Thứ")
    doubt = AttributeDoubt("dates_differ", names, "test")
    comparing = [
        (one, query, name) for one in plan.fields if one.field.agree
        for query, name, *_ in one.asked[:1] if name == "full_name"
    ]  # fmt: skip
    assert comparing
    for one, query, name in comparing:
        answers: list[SourceAnswer | None] = [None] * len(plan.queries)
        answers[query] = SourceAnswer(Outcome.FOUND, {name: names[0]}, {name: doubt})
        entry = fill(plan, answers, situation).entries()[one.field.key]
        assert (entry["value"], entry["editable"]) == (names[0], True)
        assert entry["doubt"] is not None
        assert [item["value"] for item in entry["doubt"]["candidates"]] == list(names)


def test_field_whose_evidence_does_not_fit_says_what_is_wrong_with_it() -> None:
    plan, situation = planned("1.004873")
    query = next(
        one for one in plan.queries
        if one.service.name == "population.TraCuuThongTinCongDan" and one.role == plan.slots["person"]
    )  # fmt: skip
    example = next(one for one in query.service.mapping.examples if one.outcome is Outcome.FOUND)
    tree = copy.deepcopy(example.answer)
    tree["CongDan"]["QuocTich"] = "473389200"
    answers: list[SourceAnswer | None] = [None] * len(plan.queries)
    read = query.service.read(tree, query_of(query.service, example))
    answers[query.index] = read
    entry = fill(plan, answers, situation).entries()["nxnQuocTich"]
    assert (entry["state"], entry["value"]) == ("empty", None)
    assert entry["reason"] == {
        "code": "value_invalid", "source": "population", "rule": "evidence:schema_pattern"
    }  # fmt: skip
    assert read.values["full_name"]
