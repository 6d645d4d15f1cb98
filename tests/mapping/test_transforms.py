"""What providers write and mean otherwise: a month or day 00, and an address that names no country."""

from pathlib import Path

import pytest

from gateway.mapping.records import provider_transforms
from gateway.mapping.transforms import Unreadable
from tests.code_lists import load_codes

NAMED = provider_transforms(load_codes(Path(__file__).parents[2] / "mappings" / "codes"))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("19900215", "1990-02-15"), ("19900200", "1990-02"), ("19900000", "1990"), ("199000", "1990"),
        ("199002", "1990-02"), ("1990", "1990"), ("20260215093000", "2026-02-15"), ("", None),
    ],
)  # fmt: skip
def test_month_or_day_00_is_one_that_nobody_knows(said: str, meant: str | None) -> None:
    assert NAMED["date_compact"](said) == meant


@pytest.mark.parametrize("said", ["19901315", "19900015", "19900230", "90"])
def test_what_is_no_date_is_unreadable(said: str) -> None:
    with pytest.raises(Unreadable):
        NAMED["date_compact"](said)


@pytest.mark.parametrize("said", [None, "", "VN"])
def test_address_that_names_no_country_is_in_vietnam(said: str | None) -> None:
    address = NAMED["population_address"]({"MaTinhThanh": "33", "ChiTiet": "Số 1 phố Mẫu", "QuocGia": said})
    assert isinstance(address, dict)
    assert address["country"] == "VN"
