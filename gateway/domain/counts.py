"""What reports count in the exchange log: who asked how often, when, and what came of it. Nobody's data."""

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

Row = TypeVar("Row")


class GroupCounts(NamedTuple, Generic[Row]):
    """The largest groups of a count, and the sums over all groups, those included that are left out."""

    rows: Sequence[Row]
    groups: int = 0
    exchanges: int = 0
    #: of these exchanges, those that the count is about
    hits: int = 0


class RequesterCount(NamedTuple):
    """One system's exchanges in a span of time."""

    requester: str
    exchanges: int
    answered: int
    refused: int
    #: closed without an answer
    abandoned: int
    #: different dossiers that were named
    dossiers: int
    #: look-ups in the log itself, which are no exchanges
    lookups: int


class CallCount(NamedTuple):
    """How many exchanges ended with this outcome of this source."""

    source: str
    outcome: str
    exchanges: int


class DayCount(NamedTuple):
    """One system's exchanges on one day in Việt Nam."""

    requester: str
    #: ISO date
    day: str
    exchanges: int


class OfficialCount(NamedTuple):
    """One official's exchanges through one system."""

    requester: str
    agency: str
    #: keyed index, the same for one person through a month; empty for nobody
    official: bytes
    exchanges: int
    hits: int
    #: times of the first and the last exchange that is a hit, RFC 3339 UTC
    first: str
    last: str
    #: ids of at most two exchanges that are hits: the oldest and the newest
    examples: tuple[str, ...]


class OpenHours(NamedTuple):
    """A part of a UTC day on which an office is open: from `low` to before `high`, as `07:00`."""

    day: str
    low: str
    high: str
