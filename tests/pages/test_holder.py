"""Whose data the citizen's pages are about: the name and the number belong to the same person or organisation."""

from dataclasses import replace

from gateway.domain.login import AccountKind, Identity
from gateway.pages.me import holder

FIRM = Identity(
    provider="national", subject="u-3", kind=AccountKind.BUSINESS, tax_code="0905629147",
    full_name="Lý Thị Sen", organisation="Công ty TNHH Sen Mẫu",
)  # fmt: skip
PERSON = replace(FIRM, kind=AccountKind.CITIZEN, tax_code="", organisation="", personal_id="033190274816")


def test_business_account_stands_under_the_name_of_the_organisation() -> None:
    assert holder(FIRM) == {"name": "Công ty TNHH Sen Mẫu", "is_organisation": True}


def test_no_name_of_a_person_stands_beside_the_tax_code_of_an_organisation_without_a_name() -> None:
    assert holder(replace(FIRM, organisation="")) == {"name": "", "is_organisation": True}


def test_citizen_stands_under_the_own_name() -> None:
    assert holder(PERSON) == {"name": "Lý Thị Sen", "is_organisation": False}
