"""Invariants of the mapping engine: never more than granted, failures stay local, dates are never padded."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.checks.examples import SCOPE
from gateway.domain.dates import PartialDate
from gateway.domain.evidence import Outcome, SourceAnswer, failed
from gateway.domain.parties import Subject, SubjectKind
from gateway.domain.reasons import Reason
from gateway.mapping.apply import FixedSituation, fill, next_queries
from gateway.mapping.form_transforms import form_transforms
from gateway.mapping.load import load_catalogue
from gateway.mapping.plan import Plan, make_plan
from gateway.mapping.procedure import Procedure
from gateway.mapping.records import provider_transforms
from gateway.mapping.transforms import Unreadable, date_compact, date_vn, to_date_compact, to_date_vn, to_year
from gateway.prefill.roles import cast
from tests.code_lists import load_codes

CATALOGUE = load_catalogue(Path(__file__).parents[2])
CODES = sorted(CATALOGUE.procedures)
EVERYTHING = sorted(
    {(p.name, a) for ps in CATALOGUE.services.values() for p in ps.values() for a in p.attributes}
)

_LISTS = load_codes(Path(__file__).parents[2] / "mappings/codes")
TRANSFORMS = (*form_transforms(_LISTS).values(), *provider_transforms(_LISTS).values())

#: any JSON, and texts that are almost what transforms expect
ODD = (
    "", " ", "-", "1990-13-45", "1990-2-1", "19900215", "a-b-c-d-e", "0000-00-00", "x" * 10, "9" * 40, "AB 123456",
    "1,5.5", "²", "٣", "1990-02-15T", "x" * 10_001,
)  # fmt: skip
_leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.sampled_from(ODD)
)
_keys = st.text(max_size=5) | st.sampled_from(
    ["detail", "commune", "province", "full_name", "birth_date", "relation", "personal_id", "result_code",
     "valid_until", "Nam", "NgayThangNam", "ChuHo", "HoVaTen", "SoDinhDanh"]
)  # fmt: skip
anything = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=6,
)

partial_dates = st.builds(
    lambda day, length: str(day)[:length],
    st.dates(date(1900, 1, 1), date(2099, 12, 31)),
    st.sampled_from([4, 7, 10]),
)


def _subject(kind: SubjectKind, number: int) -> Subject:
    match kind:
        case SubjectKind.ORGANISATION:
            return Subject(kind=kind, tax_code="0100109106")
        case SubjectKind.PARCEL:
            return Subject(kind=kind, commune="11953", sheet="7", number=str(number))
        case _:
            born = PartialDate(1990, 2, 15)
            return Subject(
                kind=kind, personal_id=f"0331909{number:05}", full_name="Nguyễn Thử", birth_date=born
            )


def _plan(procedure: Procedure, granted: set[tuple[str, str]]) -> tuple[Plan, frozenset[str]]:
    wanted: dict[str, Subject | str] = {
        name: _subject(role.kind[0], number) for number, (name, role) in enumerate(procedure.roles.items())
    }
    roles = cast(procedure, wanted)
    plan = make_plan(procedure, CATALOGUE.offers, lambda s, a: (s, a) in granted, roles.subjects, roles.slots)
    return plan, roles.given


@given(code=st.sampled_from(CODES), granted=st.sets(st.sampled_from(EVERYTHING), max_size=60))
@settings(max_examples=150, deadline=None)
def test_plan_never_asks_more_than_granted(code: str, granted: set[tuple[str, str]]) -> None:
    plan, _ = _plan(CATALOGUE.procedures[code], granted)
    for query in plan.queries:
        assert {(query.service.name, attribute) for attribute in query.attributes} <= granted


@given(code=st.sampled_from(CODES))
@settings(max_examples=30, deadline=None)
def test_plan_asks_each_data_service_once_for_a_subject(code: str) -> None:
    plan, _ = _plan(CATALOGUE.procedures[code], set(EVERYTHING))
    asked = [(query.service.name, query.role) for query in plan.queries]
    assert len(asked) == len(set(asked))


@given(code=st.sampled_from(CODES), data=st.data())
@settings(max_examples=100, deadline=None)
def test_failing_source_leaves_the_fields_of_the_others_alone(code: str, data: st.DataObject) -> None:
    plan, given_roles = _plan(CATALOGUE.procedures[code], set(EVERYTHING))
    if not plan.queries:
        return
    whole: list[SourceAnswer | None] = [_answer(query.attributes) for query in plan.queries]
    failing = data.draw(st.sampled_from(range(len(whole))))
    broken = list(whole)
    broken[failing] = failed(Outcome.UNAVAILABLE, Reason.SOURCE_TIMEOUT)
    situation = FixedSituation({}, given_roles, date(2026, 11, 25), lambda _s, _a: None)
    before, after = fill(plan, whole, situation), fill(plan, broken, situation)
    for planned in plan.fields:
        if all(pick.query != failing for pick in planned.picks):
            ours: Mapping[str, Any] = before.entries()[planned.field.key]
            theirs: Mapping[str, Any] = after.entries()[planned.field.key]
            if plan.confirms.get(failing) and _unconfirmed(theirs):
                # a value stays, with a doubt and for the citizen to mend: nobody said whose number it is
                assert theirs["reason"] == {"code": "identity_unconfirmed"}
                of_doubt = ("doubt", "editable", "reason")
                theirs = {name: one for name, one in theirs.items() if name not in of_doubt}
                theirs |= {name: ours[name] for name in of_doubt if name in ours}
            assert ours == theirs


def _unconfirmed(entry: Mapping[str, Any]) -> bool:
    return (entry["doubt"] or {}).get("kind") == "identity_unconfirmed"


@given(code=st.sampled_from(CODES), data=st.data())
@settings(max_examples=60, deadline=None)
def test_waves_end_and_ask_nothing_twice(code: str, data: st.DataObject) -> None:
    plan, given_roles = _plan(CATALOGUE.procedures[code], set(EVERYTHING))
    answers: list[SourceAnswer | None] = [None] * len(plan.queries)
    situation = FixedSituation({}, given_roles, date(2026, 11, 25), lambda _s, _a: SCOPE)
    for _ in range(len(plan.queries) + 1):
        wave = next_queries(plan, answers, situation)
        if not wave:
            return
        for index in wave:
            assert answers[index] is None
            found = data.draw(st.booleans())
            attributes = plan.queries[index].attributes
            answers[index] = (
                _answer(attributes) if found else failed(Outcome.NOT_FOUND, Reason.NO_SUCH_PERSON)
            )
    assert not next_queries(plan, answers, situation)


@given(code=st.sampled_from(CODES), data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_evidence_breaks_an_answer(code: str, data: st.DataObject) -> None:
    """Whatever evidence holds, each field has a value, or a reason why it has none, and each paper a state."""
    plan, given_roles = _plan(CATALOGUE.procedures[code], set(EVERYTHING))
    answers: list[SourceAnswer | None] = []
    for query in plan.queries:
        values = data.draw(st.fixed_dictionaries(dict.fromkeys(query.attributes, anything)))
        found = {name: value for name, value in values.items() if value is not None}
        answers.append(SourceAnswer(outcome=Outcome.FOUND, values=found))
    situation = FixedSituation({}, given_roles, date(2026, 11, 25), lambda _s, _a: SCOPE)
    filled = fill(plan, answers, situation)
    assert all(
        one["value"] is not None or one["reason"] for one in filled.entries().values() if one["attribute"]
    )
    assert all(paper["state"] for paper in filled.papers)
    assert not next_queries(plan, answers, situation)


def test_value_that_the_form_cannot_hold_is_one_empty_field_with_a_doubt() -> None:
    plan, given_roles = _plan(CATALOGUE.procedures["1.013225"], set(EVERYTHING))
    situation = FixedSituation({}, given_roles, date(2026, 11, 25), lambda _s, _a: SCOPE)
    answers: list[SourceAnswer | None] = [_answer(query.attributes) for query in plan.queries]
    good = fill(plan, answers, situation)
    land = next(index for index, one in enumerate(plan.queries) if one.service.evidence == "land_parcel")
    answers[land] = SourceAnswer(
        Outcome.FOUND, {**_answer(plan.queries[land].attributes).values, "area": "rộng"}
    )
    filled = fill(plan, answers, situation)
    fields = filled.entries()
    entry = fields.pop("dienTich")
    assert (entry["state"], entry["value"]) == ("empty", None)
    assert entry["reason"] == {"code": "code_unknown", "source": "land"}
    assert entry["doubt"]["kind"] == "code_unknown"  # type: ignore[index]  # a doubt is a mapping
    assert fields == {key: one for key, one in good.entries().items() if key != "dienTich"}


def test_number_that_json_cannot_say_is_no_value() -> None:
    plan, given_roles = _plan(CATALOGUE.procedures["1.013225"], set(EVERYTHING))
    situation = FixedSituation({}, given_roles, date(2026, 11, 25), lambda _s, _a: SCOPE)
    endless: list[SourceAnswer | None] = [
        SourceAnswer(Outcome.FOUND, dict.fromkeys(query.attributes, float("inf"))) for query in plan.queries
    ]
    entries = fill(plan, endless, situation).entries().values()
    assert [one["state"] for one in entries if one["value"] is None and one["state"] == "filled"] == []
    assert not [one for one in entries if one["attribute"] and one["value"] is None and not one["reason"]]


@given(anything)
@settings(deadline=None)
def test_transform_gives_a_value_or_says_that_it_cannot_read(value: object) -> None:
    _transformed(value)


@pytest.mark.parametrize("value", ODD)
def test_transform_meets_what_is_almost_right(value: str) -> None:
    for one in (value, [value], {"detail": value, "Nam": value, "full_name": value, "birth_date": value}):
        _transformed(one)


def _transformed(value: object) -> None:
    for transform in TRANSFORMS:
        with suppress(Unreadable):
            transform(value)


@given(partial_dates)
def test_partial_date_survives_text_and_back_with_its_precision(text: str) -> None:
    assert str(PartialDate.parse(text)) == text
    assert date_vn(to_date_vn(text)) == text


@given(partial_dates)
def test_population_request_carries_the_full_date_or_the_year_never_a_padded_date(text: str) -> None:
    if len(text) == 10:
        assert date_compact(to_date_compact(text)) == text
        assert to_year(text) is None
    else:
        assert to_date_compact(text) is None
        assert to_year(text) == text[:4]


def _answer(attributes: tuple[str, ...]) -> SourceAnswer:
    return SourceAnswer(outcome=Outcome.FOUND, values=dict.fromkeys(attributes, "1"))
