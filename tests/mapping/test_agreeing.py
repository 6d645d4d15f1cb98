"""Whether what two sources say of one field is the same."""

from typing import Any

import pytest

from gateway.mapping.agreeing import differ

LONG = "x" * 10_001


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [("Hòa", "HOÀ", False), ("Hòa", "Hoa", True), (LONG, LONG, False), (LONG, "Hòa", True), (LONG, [], True)],
)
def test_values_are_compared_by_their_words_however_long_they_are(one: Any, other: Any, apart: bool) -> None:
    pick: Any = None
    assert differ([(one, "e1", pick), (other, "e2", pick)]) is apart
