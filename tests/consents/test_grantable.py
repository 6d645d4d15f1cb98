"""What a consent may name: agreements in force or to come, for its purpose; predicates by what answers them."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gateway.config.configuration import load
from gateway.consents.grantable import KEPT, grantable
from gateway.mapping.load import load_catalogue

ROOT = Path(__file__).parents[2]
CONFIGURATION = load(ROOT / "config")
CATALOGUE = load_catalogue(ROOT)
DAY = date(2026, 11, 26)
PERSON = "population.TraCuuThongTinCongDan"


def could(purpose: str, day: date = DAY, **changed: Any) -> dict[str, frozenset[str]]:
    """Of the portal, when its agreement said this."""
    agreement = CONFIGURATION.agreements["portal"].model_copy(update=changed)
    agreements = {**CONFIGURATION.agreements, "portal": agreement}
    configuration = CONFIGURATION.model_copy(update={"agreements": agreements})
    return dict(grantable(configuration, CATALOGUE, "portal", purpose, day))


def test_agreement_that_gives_predicates_alone_lets_be_consented_to_what_answers_them() -> None:
    found = could("eligibility", services={}, predicates=("age_at_least:18",))
    assert found[PERSON] == {"birth_date"}
    assert "full_name" in could("eligibility")[PERSON]


@pytest.mark.parametrize(
    ("day", "gives"), [(DAY, True), (date(2025, 12, 31), True), (date(2028, 1, 1), False)]
)
def test_agreement_that_is_to_come_counts_and_one_that_is_over_does_not(day: date, *, gives: bool) -> None:
    assert (PERSON in could("civil_registration", day)) is gives


def test_purpose_of_no_agreement_lets_nothing_be_consented_to() -> None:
    assert could("data_subject_access") == {}


def test_star_of_an_agreement_stands_for_what_its_data_service_has() -> None:
    services = {
        PERSON: CONFIGURATION.agreements["portal"].services[PERSON].model_copy(update={"attributes": ("*",)})
    }
    assert "religion" in could("civil_registration", services=services)[PERSON]


def test_consent_to_keep_names_own_data_that_are_kept_and_nothing_else() -> None:
    assert could("keep_own_data") == {
        KEPT: {"phone", "email", "id_issued_on", "id_issued_by", "bank_account"}
    }
    kept = CONFIGURATION.consents.model_copy(update={"keep": {"phone": 1}})
    configuration = CONFIGURATION.model_copy(update={"consents": kept})
    assert grantable(configuration, CATALOGUE, "portal", "keep_own_data", DAY) == {KEPT: {"phone"}}
