"""Working days in Việt Nam: Monday to Friday without public holidays, and with working Saturdays and Sundays."""

from datetime import date, timedelta

from gateway.config.consents import HolidayFile

_ONE = timedelta(days=1)
_SATURDAY = 5


class WorkingDays:
    """Counts working days with a list of holidays."""

    def __init__(self, holidays: HolidayFile | None) -> None:
        """Without a list only Saturdays and Sundays are free, and no year is known."""
        self._free = {date.fromisoformat(one.day) for one in holidays.holidays} if holidays else set()
        self._worked = {date.fromisoformat(one) for one in holidays.worked} if holidays else set()
        self._years = frozenset(holidays.years if holidays else ())

    def is_working(self, day: date) -> bool:
        """Whether offices are open."""
        return day in self._worked or (day.weekday() < _SATURDAY and day not in self._free)

    def after(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`; `day` itself does not count."""
        while count:
            day += _ONE
            count -= self.is_working(day)
        return day

    def knows(self, first: date, last: date) -> bool:
        """Whether the list has the holidays of all these years."""
        return self._years.issuperset(range(first.year, last.year + 1))
