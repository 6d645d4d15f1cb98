"""Dates of people, in the precision in which they are known (ISO 8601-1 reduced precision).

For many older people only the year, or month and year, is known: a missing part is never padded to 01. A partial date
is a `PartialDate` in code, and its ISO text in evidence: `1990`, `1990-02` or `1990-02-15`.
"""

import calendar
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Self

#: all of Việt Nam, the whole year
VIETNAM = timezone(timedelta(hours=7))
#: how far records in the log may be out of time order: a clock set back by an hour, twice
DISORDER = timedelta(hours=2)

_ISO = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?", re.ASCII)
#: years of people's dates
EARLIEST, LATEST = 1850, 2199


@dataclass(frozen=True, slots=True, order=True)
class PartialDate:
    """A date whose day, or day and month, may be unknown. Raises ValueError for an impossible date."""

    year: int
    month: int | None = None
    day: int | None = None
    #: ISO, as precise as it is known
    text: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        year, month, day = self.year, self.month, self.day
        if not EARLIEST <= year <= LATEST:
            raise ValueError("year out of range")
        if month is None:
            if day is not None:
                raise ValueError("a day needs its month")
            text = f"{year:04}"
        else:
            text = date(year, month, 1 if day is None else day).isoformat()
            text = text[:7] if day is None else text
        object.__setattr__(self, "text", text)

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `yyyy`, `yyyy-mm` or `yyyy-mm-dd`. Raises ValueError otherwise."""
        found = _ISO.fullmatch(text)
        if found is None:
            raise ValueError("write yyyy, yyyy-mm or yyyy-mm-dd")
        year, month, day = found.groups()
        return cls(int(year), None if month is None else int(month), None if day is None else int(day))

    def __str__(self) -> str:
        return self.text

    def is_after(self, day: date) -> bool:
        """Whether it surely lies behind a day: a missing part counts from its begin."""
        return (self.year, self.month or 1, self.day or 1) > (day.year, day.month, day.day)

    def age_on(self, today: date) -> tuple[int, int]:
        """The lowest and the highest age in full years that this date allows on `today`."""
        month = self.month or 12
        latest = date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])
        earliest = date(self.year, self.month or 1, self.day or 1)
        return _years(latest, today), _years(earliest, today)


def legal_day(moment: datetime) -> date:
    """The day in Việt Nam (UTC+7, no summer time): ages, agreements and papers use it."""
    return moment.astimezone(VIETNAM).date()


def local(text: str) -> datetime | None:
    """A record's time (RFC 3339) in Việt Nam time; None for other text."""
    try:
        return datetime.fromisoformat(text).astimezone(VIETNAM)
    except (ValueError, OverflowError):
        return None


def local_text(text: str) -> str:
    """The same for lists that people read, `2026-11-25 15:04:05 +07:00`; other text is unchanged."""
    moment = local(text)
    return text if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} +07:00"


def rfc3339(moment: datetime) -> str:
    """RFC 3339, UTC, milliseconds, `Z`."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    day, clock = (utc.year, utc.month, utc.day), (utc.hour, utc.minute, utc.second, utc.microsecond // 1000)
    return "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ" % (*day, *clock)  # noqa: UP031 -- an f-string takes twice the time


def moment(seconds: float) -> str:
    """RFC 3339 of POSIX seconds, in UTC."""
    return rfc3339(datetime.fromtimestamp(seconds, UTC))


def _years(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
