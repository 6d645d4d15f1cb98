"""Whether evidence speaks of the object that the form names: spelt otherwise it is the same, else it is another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mapping.same_objects import covers


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("CX 418026", "cx418026"),
        ("2026-11-03", "03/11/2026"),
        ("2026-11", "11/2026"),
        (["A1", "B"], "B"),
        (["A1", "B"], "B, A1"),
        (["A1", "B"], ["B"]),
        ("Trần Thị Mẫu", "TRẦN THỊ MẪU"),
    ],
)
def test_what_is_written_otherwise_is_the_same(left: object, right: object) -> None:
    assert covers(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("12-1", "121"),
        ("12/2015", "122015"),
        ("345,346", "345"),
        ("2026-11-03", "11/2026"),
        ("2026", "03/11/2026"),
        (["A1"], "A1, B"),
        ("Trần Thị Hà", "Trần Thị Hạ"),
        ("345", "0345"),
        ([], "345"),
    ],
)
def test_what_differs_is_another_object(left: object, right: object) -> None:
    assert not covers(left, right)


@given(st.text(), st.text())
def test_two_texts_are_the_same_both_ways_or_neither(one: str, other: str) -> None:
    assert covers(one, other) == covers(other, one)


@given(st.lists(st.text(alphabet="ABC12", min_size=1)), st.lists(st.text(alphabet="ABC12", min_size=1)))
def test_evidence_covers_what_is_named_only_when_each_item_is_there(has: list[str], named: list[str]) -> None:
    assert covers(has, named) == ({*named} <= {*has})
