"""Codes of dossiers begin with the unit of their agency (facts: K.2, from the right part of the agency's code)."""

from datetime import UTC, datetime

import pytest

from gateway.relay.units import new_code, unit_of

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("agency", "unit"),
    [
        ("000.00.14.H31", "H31.14"),
        ("000.01.14.H31", "H31.14.01"),
        ("000.00.00.H31", "H31"),
        ("H31.14", "H31.14"),
        ("", "H31"),
    ],
)
def test_code_is_of_the_unit_of_its_agency(agency: str, unit: str) -> None:
    code = new_code(agency, NOON, 1_000_007)
    assert code == f"{unit}-261125-1000007"
    assert unit_of(code) == unit
