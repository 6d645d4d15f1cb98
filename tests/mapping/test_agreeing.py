"""Whether what two sources say of one field is the same."""

from datetime import date
from typing import Any

import pytest

from gateway.domain.dates import PartialDate
from gateway.domain.evidence import AttributeDoubt, Outcome, SourceAnswer
from gateway.domain.parties import Subject, SubjectKind
from gateway.mapping.agreeing import differ
from gateway.mapping.apply import FixedSituation, fill
from gateway.mapping.plan import make_plan
from gateway.prefill.roles import cast
from tests.contract.test_mappings import CATALOGUE

LONG = "x" * 10_001


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [("Hòa", "HOÀ", False), ("Hòa", "Hoa", True), (LONG, LONG, False), (LONG, "Hòa", True), (LONG, [], True)],
)
def test_values_are_compared_by_their_words_however_long_they_are(one: Any, other: Any, apart: bool) -> None:
    pick: Any = None
    assert differ([(one, "e1", pick), (other, "e2", pick)]) is apart


@pytest.mark.parametrize(("key", "attribute"), [("hoTen", "full_name"), ("ngaySinh", "birth_date")])
def test_doubt_of_a_source_stays_beside_the_value_and_makes_the_field_editable(
    key: str, attribute: str
) -> None:
    """Where other sources agree with it (`hoTen`), and where it is asked alone."""
    procedure = CATALOGUE.procedures["9.000001"]
    who = Subject(
        kind=SubjectKind.PERSON, personal_id="033185640273", full_name="Nguyễn Thử",
        birth_date=PartialDate(1985, 2, 15),
    )  # fmt: skip
    roles = cast(procedure, dict.fromkeys(procedure.roles, who))
    plan = make_plan(procedure, CATALOGUE.offers, lambda _s, _a: True, roles.subjects, roles.slots)
    field = next(one.field for one in plan.fields if one.field.key == key)
    assert (bool(field.agree), field.editable) == (key == "hoTen", False)
    values: dict[str, object] = {"full_name": "Nguyễn Thử", "birth_date": "1985-02-15"}
    others = {"full_name": "Nguyễn Thử Hai", "birth_date": "1986-02-15"}
    doubt = AttributeDoubt("sources_differ", (values[attribute], others[attribute]), "test:two")
    for doubts in ({}, {attribute: doubt}):
        said = SourceAnswer(Outcome.FOUND, values, doubts=doubts)
        answers: list[SourceAnswer | None] = [said for _ in plan.queries]
        filled = fill(plan, answers, FixedSituation({}, roles.given, date(2026, 11, 25), lambda _s, _a: None))
        entry = filled.entries()[key]
        assert (entry["value"] is None, entry["editable"]) == (False, bool(doubts))
        written = entry["doubt"] and len(entry["doubt"]["candidates"])
        assert written == (2 if doubts else None)
        assert (key in filled.doubtful, bool(filled.doubts)) == (bool(doubts), bool(doubts))
