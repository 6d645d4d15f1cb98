"""Days on which a system asked unusually much: median and MAD of its own last weeks.

A day's `score` is (its exchanges - median) / spread. The median is over the same weekday of the weeks before,
or over all their days; a day without traffic counts as zero. The spread is 1.4826 x MAD (the standard deviation
of normal counts), but at least the square root of the median and at least 1: else eleven exchanges would be
unusual for a system with exactly ten each day.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from math import sqrt
from statistics import median
from typing import NamedTuple

#: MAD of normal values -> their standard deviation
_NORMAL = 1.4826
#: fewer days give no comparison
FEWEST_DAYS = 2


class Unusual(NamedTuple):
    """One day of one system that stands out."""

    requester: str
    day: date
    exchanges: int
    median: float
    mad: float
    score: float
    #: compared days with traffic
    active_days: int


class Habit(NamedTuple):
    """The days that a day is compared with, and the threshold."""

    weeks: int = 8
    #: only the same weekday, else all days
    same_weekday: bool = True
    threshold: float = 3.5
    #: a day with fewer exchanges is never unusual
    least: int = 10

    @property
    def days(self) -> list[int]:
        """Distances in days of the compared days."""
        return list(range(7, 7 * self.weeks + 1, 7) if self.same_weekday else range(1, 7 * self.weeks + 1))


def unusual(
    counts: Mapping[str, Mapping[date, int]], days: Sequence[date], habit: Habit, since: date = date.min
) -> Iterator[Unusual]:
    """The unusual days among `days`, system by system; days before `since` are not compared."""
    back = [timedelta(days=number) for number in habit.days]
    for requester, held in counts.items():
        for day in days:
            if (there := held.get(day, 0)) < habit.least:
                continue
            before = [held.get(day - one, 0) for one in back if day - one >= since]
            if len(before) < FEWEST_DAYS:
                continue
            middle = median(before)
            mad = median(abs(one - middle) for one in before)
            score = (there - middle) / _spread(middle, mad)
            if score > habit.threshold:
                active = sum(one > 0 for one in before)
                yield Unusual(requester, day, there, middle, mad, score, active)


def usual(middle: float, mad: float, habit: Habit) -> tuple[float, float]:
    """From which to which number of exchanges a day is like the compared ones; only more is unusual."""
    spread = habit.threshold * _spread(middle, mad)
    return max(0.0, middle - spread), max(middle + spread, float(habit.least - 1))


def _spread(middle: float, mad: float) -> float:
    return max(_NORMAL * mad, sqrt(middle), 1.0)


def uncompared(
    counts: Mapping[str, Mapping[date, int]], days: Sequence[date], habit: Habit, since: date
) -> int:
    """Number of busy days from `since` on with too few earlier days to compare."""
    short = [
        day for day in days if sum(day - timedelta(days=one) >= since for one in habit.days) < FEWEST_DAYS
    ]
    return sum(held.get(day, 0) >= habit.least for held in counts.values() for day in short)
