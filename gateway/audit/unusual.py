"""Days on which a system asked far more than it uses to: median and MAD of its own last weeks.

A day's `score` is (its exchanges - median) / spread. The median is taken over the same weekday of the weeks before,
or over all their days; a day without traffic counts as zero. The spread is 1.4826 x MAD (what the standard deviation
would be if counts were normal), but at least the square root of the median and at least 1: else a system that asks
exactly ten times each day would be told for the eleventh.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from math import sqrt
from statistics import median
from typing import NamedTuple

#: makes the MAD of normal values their standard deviation
_NORMAL = 1.4826
#: days without which nothing is compared
FEWEST_DAYS = 2


class Unusual(NamedTuple):
    """One day of one system that stands out."""

    requester: str
    day: date
    exchanges: int
    median: float
    mad: float
    score: float
    #: of the days that it was compared with, those on which the system asked at all
    active_days: int


class Habit(NamedTuple):
    """With what a day is compared, and from when on it is told."""

    weeks: int = 8
    #: only the same weekday, else all days
    same_weekday: bool = True
    threshold: float = 3.5
    #: a day with fewer exchanges is never told
    least: int = 10

    @property
    def days(self) -> list[int]:
        """How many days before a day those lie that it is compared with."""
        return list(range(7, 7 * self.weeks + 1, 7) if self.same_weekday else range(1, 7 * self.weeks + 1))


def unusual(
    counts: Mapping[str, Mapping[date, int]], days: Sequence[date], habit: Habit, since: date = date.min
) -> Iterator[Unusual]:
    """The days among `days` that stand out, system by system; days before `since` are not there to compare with."""
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
            score = (there - middle) / max(_NORMAL * mad, sqrt(middle), 1.0)
            if score > habit.threshold:
                active = sum(one > 0 for one in before)
                yield Unusual(requester, day, there, middle, mad, score, active)


def uncompared(
    counts: Mapping[str, Mapping[date, int]], days: Sequence[date], habit: Habit, since: date
) -> int:
    """How many busy days have too few days before them, from `since` on, to be judged at all."""
    short = [
        day for day in days if sum(day - timedelta(days=one) >= since for one in habit.days) < FEWEST_DAYS
    ]
    return sum(held.get(day, 0) >= habit.least for held in counts.values() for day in short)
