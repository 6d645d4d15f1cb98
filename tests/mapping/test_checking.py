"""What a portal holds against what the sources say: a check, never a second value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.reasons import Reason
from gateway.mapping.answer import FieldEntry
from gateway.mapping.checking import checked_entry


def said(value: object, **more: object) -> FieldEntry:
    entry = {
        "state": "filled",
        "value": value,
        "evidence": "e1",
        "attribute": "a.b",
        "editable": False,
        "doubt": None,
    }
    return {**entry, **more}  # type: ignore[typeddict-item]  # an entry of a field


@pytest.mark.parametrize(
    ("held", "value", "check"),
    [
        ("PHẠM VĂN HÒA", "Phạm Văn Hoà", "same"),
        ("Phạm Văn Hóa", "Phạm Văn Hoà", "differs"),
        ({"maTinh": "33", "maXa": "11953", "chiTiet": ""}, {"maXa": "11953", "maTinh": "33"}, "same"),
        ({"maTinh": "33", "maXa": "11953"}, {"maXa": "11977", "maTinh": "33"}, "differs"),
        ([{"hoTen": "A"}], [{"hoTen": "a"}], "same"),
        ([{"hoTen": "A"}], [], "differs"),
        (1, True, "differs"),
        ("1", None, "cannot_tell"),
    ],
)
def test_check_is_of_the_meaning_and_not_of_the_writing(held: object, value: object, check: str) -> None:
    entry = checked_entry(held, said(value), {})
    assert (entry["check"], entry["value"], entry["editable"]) == (check, held, False)


def test_doubt_and_a_number_that_nobody_confirmed_tell_nothing() -> None:
    doubt = {"kind": "sources_differ", "candidates": [], "preferred": 0, "rule": "r"}
    assert checked_entry("A", said("A", doubt=doubt), {})["check"] == "cannot_tell"
    assert checked_entry("A", said("A"), {0: Reason.SOURCE_TIMEOUT})["check"] == "cannot_tell"


@given(held=st.text(max_size=20), value=st.text(max_size=20))
def test_value_of_the_sources_never_leaves_with_a_check(held: str, value: str) -> None:
    entry = checked_entry(held, said(f"§{value}§"), {})
    assert f"§{value}§" not in str(entry)
