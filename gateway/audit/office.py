"""Office hours in Việt Nam as parts of UTC days. The caller names the holidays: they change each year."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from gateway.domain.counts import OpenHours
from gateway.domain.dates import VIETNAM

_DAY = timedelta(days=1)
_END_OF_DAY = "24:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """When officials work: from `opens` to before `closes` in Việt Nam."""

    opens: str = "07:00"
    closes: str = "18:00"
    #: ISO numbers, Monday is 1
    weekdays: frozenset[int] = frozenset({1, 2, 3, 4, 5})
    #: holidays, and working days in exchange, as the State announces
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()

    def works_on(self, day: date) -> bool:
        """Whether it is a working day."""
        if day in self.workdays:
            return True
        return day.isoweekday() in self.weekdays and day not in self.holidays

    def hours(self, since: datetime, until: datetime) -> list[OpenHours]:
        """The open hours of a time range; hours across midnight UTC come in two parts."""
        day = since.astimezone(VIETNAM).date()
        found: list[OpenHours] = []
        while day <= until.astimezone(VIETNAM).date():
            if self.works_on(day):
                found += self._parts(day)
            day += _DAY
        return found

    def _parts(self, day: date) -> Iterator[OpenHours]:
        start, end = (self._moment(day, clock) for clock in (self.opens, self.closes))
        if start.date() == end.date():
            yield OpenHours(start.date().isoformat(), f"{start:%H:%M}", f"{end:%H:%M}")
            return
        yield OpenHours(start.date().isoformat(), f"{start:%H:%M}", _END_OF_DAY)
        if end.time() > time():
            yield OpenHours(end.date().isoformat(), "00:00", f"{end:%H:%M}")

    def _moment(self, day: date, clock: str) -> datetime:
        return datetime.combine(day, time.fromisoformat(clock), VIETNAM).astimezone(UTC)
