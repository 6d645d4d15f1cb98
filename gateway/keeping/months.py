"""Months of the log (UTC, written 2026-11): the end of the hot period, and the age of archives."""

import re
from datetime import UTC, datetime
from typing import NamedTuple

from gateway.domain import sentences as say
from gateway.domain.dates import DISORDER, rfc3339
from gateway.domain.errors import Unprocessable
from gateway.domain.problems import CommandCode

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)


class Month(NamedTuple):
    """A month in UTC."""

    year: int
    #: 1 to 12
    number: int

    @classmethod
    def parse(cls, text: str) -> "Month":
        """From 2026-11. Raises Unprocessable for anything else."""
        if not _MONTH.fullmatch(text):
            raise Unprocessable(say.WRITE_A_MONTH, code=CommandCode.PERIOD_WRONG)
        return cls(int(text[:4]), int(text[5:]))

    @classmethod
    def of(cls, moment: datetime) -> "Month":
        """The month of an aware time."""
        moment = moment.astimezone(UTC)
        return cls(moment.year, moment.month)

    def plus(self, months: int) -> "Month":
        """The month so many months later (negative: earlier)."""
        year, number = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(year, number + 1)

    @property
    def begins(self) -> str:
        """Its start in the format of records."""
        return rfc3339(self._start())

    @property
    def surely_begun(self) -> str:
        """A time after which no record of the previous month is expected."""
        return rfc3339(self._start() + DISORDER)

    def _start(self) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


def newest_cold(now: datetime, hot_months: int) -> Month:
    """The newest month after the hot period: `hot_months` whole months are between it and the current one."""
    return Month.of(now).plus(-hot_months - 1)


def due_for_destruction(month: Month, now: datetime, years: int) -> bool:
    """Whether an archive of this month is so many years old."""
    return month.plus(1 + 12 * years) <= Month.of(now)
