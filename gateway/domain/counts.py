"""Counts of the exchange log for reports: requests, times and outcomes. No personal data."""

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

Row = TypeVar("Row")


class GroupCounts(NamedTuple, Generic[Row]):
    """The largest groups of a count, and the sums over all groups, including those left out."""

    rows: Sequence[Row]
    groups: int = 0
    exchanges: int = 0
    #: how many of these exchanges match the report
    hits: int = 0
    #: of officials: exchanges in which the named one was on duty and did not act, and how many of them match
    on_duty: int = 0
    on_duty_hits: int = 0


class RequesterCount(NamedTuple):
    """One requester's exchanges in a range of time."""

    requester: str
    exchanges: int
    answered: int
    refused: int
    #: closed without an answer
    abandoned: int
    #: number of different dossiers
    dossiers: int
    #: look-ups in the log itself, which are no exchanges
    lookups: int


class CallCount(NamedTuple):
    """Number of exchanges with this outcome of this source."""

    source: str
    outcome: str
    exchanges: int


class DayCount(NamedTuple):
    """One requester's exchanges on one day in Việt Nam."""

    requester: str
    #: ISO date
    day: str
    exchanges: int


class HourCount(NamedTuple):
    """Exchanges that began in one hour of one weekday in Việt Nam, over all weeks of a range."""

    #: ISO number, Monday is 1
    weekday: int
    #: 0 to 23
    hour: int
    exchanges: int


class OfficialCount(NamedTuple):
    """One official's exchanges through one requester."""

    requester: str
    agency: str
    #: keyed index, the same for one person within a month; empty: no official acted
    official: bytes
    exchanges: int
    hits: int
    #: times of the first and the last matching exchange, RFC 3339 UTC
    first: str
    last: str
    #: ids of at most two matching exchanges: the oldest and the newest
    examples: tuple[str, ...]


class OpenHours(NamedTuple):
    """Office hours as a part of a UTC day: from `low` to before `high`, as `07:00`."""

    day: str
    low: str
    high: str
