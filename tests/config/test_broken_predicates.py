"""What `check-config` says of predicates that cannot be asked, and of agreements on them."""

from pathlib import Path

import pytest

from tests.config.telling import Fault, all_told, together, told_once
from tests.config.test_broken_files import root

__all__ = ["root"]

AGE = "mappings/predicates/age_at_least.yaml"
PLACE = "mappings/predicates/resident_of.yaml"
ALIVE = "mappings/predicates/alive.yaml"
AGREED = "config/agreements/portal.yaml"

FAULTS: dict[str, Fault] = {
    "evidence of no such name": (AGE, "person.birth_date,", "persn.birth_date,", "asks:", "did you mean 'person'?"),
    "attribute of no such name": (ALIVE, "person.life_status,", "person.life_statu,", "asks:", "'life_status'?"),
    "reference with a role": (
        ALIVE, "person.life_status,", "'mother:person.life_status',", "asks:", "leave the role out",
    ),
    "word that never is": (ALIVE, "yes: alive", "yes: alife", "asks:", "did you mean 'alive'?"),
    "word of no predicate": (ALIVE, "no: dead}", "no: dead, nay: x}", "asks:", "is not a known word"),
    "no evidence": (
        ALIVE, "{attribute: person.life_status, agree: civil_status.life_status, yes: alive, no: dead}",
        "{role_given: subject}", "asks:", "asks for no",
    ),
    "member of no such name": (PLACE, "part: province", "part: provnce", "asks:", "did you mean 'province'?"),
    "list of no such name": (
        PLACE, "codes: provinces_2025", "codes: provinces_2026", "parameter:", "'provinces_2025'?",
    ),
    "parameter without a place": (AGE, 'years: "{parameter}"', 'years: "18"', "asks:", "write both, or neither"),
    "place without a parameter": (ALIVE, "yes: alive", 'yes: "{parameter}"', "asks:", "write both, or neither"),
    "two kinds of parameter": (
        PLACE, "codes: provinces_2025", 'codes: provinces_2025, whole: ["1", "9"]', "parameter:", "one of",
    ),
    "bounds without a number": (AGE, '["1", "150"]', '["9", "1"]', "parameter:", "no number is between"),
    "bound beyond the language": (AGE, '["1", "150"]', '["0", "150"]', "asks:", "of at least 1"),
    "purpose of no such name": (ALIVE, "purpose: eligibility", "purpose: eligibilty", "purpose:", "'eligibility'?"),
    "parameter of an example": (
        ALIVE, "{name: dead,", '{name: dead, parameter: "1",', "- {name: dead", "does not take",
    ),
    "evidence of an example": (ALIVE, "{life_status: dead}", "{life_staus: dead}", "- {name: dead", "'life_status'?"),
    "day of an example": (AGE, 'today: "2026-02-28"', "today: 2026-02", "leap day", "write yyyy-mm-dd"),
    "name of the file": (ALIVE, "predicate: alive", "predicate: living", "predicate:", "the file is called 'alive'"),
}  # fmt: skip


AGREEMENTS: dict[str, Fault] = {
    "agreement on nothing": (AGREED, "resident_of, ", "residnt_of, ", "predicates:", "did you mean 'resident_of'?"),
    "agreement on a strange parameter": (
        AGREED, "age_at_least:60", "age_at_least:600", "predicates:", "does not take '600'",
    ),
}  # fmt: skip
RUNS = together(FAULTS)


@pytest.mark.parametrize("names", RUNS)
def test_predicate_that_cannot_be_asked_is_told_with_its_line_and_remedy(root: Path, names: str) -> None:
    all_told(root, RUNS[names])


@pytest.mark.parametrize("name", AGREEMENTS)
def test_agreement_on_what_is_no_predicate_is_told_with_its_line_and_remedy(root: Path, name: str) -> None:
    told_once(root, AGREEMENTS[name])
