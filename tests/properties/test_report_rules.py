"""Office hours and unusual days against their definitions."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.office import Office
from gateway.audit.unusual import Habit, unusual
from gateway.domain.dates import VIETNAM

MONDAY = date(2026, 10, 5)
CLOCKS = st.integers(0, 24 * 60 - 1).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
DAYS = st.frozensets(st.integers(0, 20).map(lambda number: MONDAY + timedelta(days=number)), max_size=4)


@given(
    hours=st.tuples(CLOCKS, CLOCKS).filter(lambda pair: pair[0] < pair[1]),
    weekdays=st.frozensets(st.integers(1, 7)),
    holidays=DAYS,
    workdays=DAYS,
    minute=st.integers(0, 14 * 24 * 60),
)
def test_open_hours_are_those_of_the_office(
    hours: tuple[str, str],
    weekdays: frozenset[int],
    holidays: frozenset[date],
    workdays: frozenset[date],
    minute: int,
) -> None:
    office = Office(opens=hours[0], closes=hours[1], weekdays=weekdays, holidays=holidays, workdays=workdays)
    since = datetime(2026, 10, 5, tzinfo=VIETNAM)
    moment = since + timedelta(minutes=minute)
    utc = moment.astimezone(UTC)
    parts = office.hours(since, since + timedelta(days=15))
    inside = [one for one in parts if one.day == f"{utc:%Y-%m-%d}" and one.low <= f"{utc:%H:%M}" < one.high]
    day = moment.date()
    works = day in workdays or (day.isoweekday() in weekdays and day not in holidays)
    assert len(inside) == (works and hours[0] <= f"{moment:%H:%M}" < hours[1])


def test_quiet_system_that_doubles_is_not_told_but_a_hundredfold_is() -> None:
    counts = {"portal": {MONDAY - timedelta(weeks=week): 40 + week for week in range(1, 9)}}
    for there, told in ((80, 1), (60, 0), (44, 0), (4000, 1)):
        counts["portal"][MONDAY] = there
        assert len(list(unusual(counts, [MONDAY], Habit()))) == told, there


def test_same_weekday_leaves_a_weekly_peak_alone() -> None:
    mondays = {MONDAY - timedelta(weeks=week): 500 for week in range(9)}
    assert not list(unusual({"portal": mondays}, [MONDAY], Habit()))
    (found,) = unusual({"portal": mondays}, [MONDAY], Habit(same_weekday=False))
    assert (found.median, found.active_days) == (0, 8)


@given(st.lists(st.integers(0, 1000), min_size=8, max_size=8), st.integers(0, 2000))
def test_score_is_told_above_the_threshold_only_and_grows_with_the_day(before: list[int], there: int) -> None:
    held = {MONDAY - timedelta(weeks=week): count for week, count in enumerate(before, 1)}
    found = list(unusual({"a": {**held, MONDAY: there}}, [MONDAY], Habit(least=0)))
    more = list(unusual({"a": {**held, MONDAY: there + 1}}, [MONDAY], Habit(least=0)))
    assert len(more) >= len(found)
    for one in found:
        assert one.score > 3.5
        assert there > one.median
        assert more[0].score > one.score
