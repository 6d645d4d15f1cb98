"""Working days: weekends and holidays do not count, and a year without a list is known to be none."""

from datetime import date
from pathlib import Path

import pytest

from gateway.config.configuration import load
from gateway.config.consents import Holiday, HolidayFile
from gateway.subject_requests.days import WorkingDays

SHIPPED = load(Path(__file__).parents[2] / "config").holidays


def holidays(*days: str, worked: tuple[str, ...] = ()) -> WorkingDays:
    title = {"vi": "Lễ", "en": "Holiday"}
    listed = tuple(Holiday.model_validate({"day": day, "title": title, "mark": "seen"}) for day in days)
    return WorkingDays(HolidayFile(years=(2026,), holidays=listed, worked=worked, source="test"))


@pytest.mark.parametrize(
    ("start", "count", "due"),
    [
        ("2026-11-26", 2, "2026-11-30"),  # Thursday: Friday, Monday
        ("2026-11-27", 2, "2026-12-01"),
        ("2026-11-28", 1, "2026-11-30"),  # what comes on a Saturday begins on Monday
        ("2026-11-26", 10, "2026-12-10"),
        ("2026-12-31", 1, "2027-01-04"),
        ("2026-02-13", 1, "2026-02-23"),  # over Tết
        ("2026-04-29", 1, "2026-05-04"),
    ],
)
def test_due_day_leaps_over_weekends_and_holidays(start: str, count: int, due: str) -> None:
    assert WorkingDays(SHIPPED).after(date.fromisoformat(start), count) == date.fromisoformat(due)


def test_saturday_that_is_worked_counts_and_the_day_in_exchange_does_not() -> None:
    days = holidays("2026-11-30", worked=("2026-11-28",))
    assert days.after(date(2026, 11, 26), 2) == date(2026, 11, 28)
    assert days.after(date(2026, 11, 26), 3) == date(2026, 12, 1)


def test_year_whose_holidays_are_not_listed_is_not_known() -> None:
    assert holidays().knows(date(2026, 1, 2), date(2026, 12, 31))
    assert not holidays().knows(date(2026, 12, 30), date(2027, 1, 4))
    assert not WorkingDays(None).knows(date(2026, 1, 2), date(2026, 1, 3))
