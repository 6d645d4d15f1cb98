"""What `check-config` notes and does not refuse; and what a form's numbers are made of."""

import shutil
from pathlib import Path

import pytest

from gateway.mapping.form_transforms import number
from gateway.mapping.transforms import Unreadable
from tests.config.test_broken_files import check, replace, root

__all__ = ["root"]


def test_agreement_that_ended_is_a_note_and_no_fault(root: Path) -> None:
    replace(root, "config/agreements/portal.yaml", '"2027-12-31"', '"2026-01-31"')
    code, said = check(root)
    assert code == 0
    assert "note: agreement portal: it ended on 2026-01-31" in said


def test_file_that_nobody_reads_is_noted(root: Path) -> None:
    shutil.copy(root / "config/purposes.yaml", root / "config/sorces.yaml")
    code, said = check(root)
    assert code == 0
    assert "note: config/sorces.yaml: nobody reads this file" in said


@pytest.mark.parametrize(("text", "found"), [("312", 312), ("312.5", 312.5), ("-0,5", -0.5), ("", None)])
def test_decimal_text_becomes_the_number_of_a_form(text: str, found: float | None) -> None:
    assert number(text) == found


def test_what_is_no_number_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        number("about 300")
