"""Bodies of report requests, typed as in models.py."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field

from gateway.api import grammar
from gateway.api.audit_models import Moment, Name
from gateway.api.models import Body, Word
from gateway.audit.office import Office
from gateway.audit.reports import ReportQuestion
from gateway.audit.unusual import Habit
from gateway.domain import sentences as say
from gateway.domain.dates import VIETNAM
from gateway.domain.errors import BadRequest
from gateway.domain.problems import ProblemCode
from gateway.domain.sentences import WrongText

#: a year and a month
LONGEST = timedelta(days=400)
#: limits of years; beyond, a day in Việt Nam might not exist
_FIRST_YEAR, _LAST_YEAR = 2000, 2099
_DAY = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _day(text: str) -> str:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise WrongText(say.WRITE_DAY)


MonthText = Annotated[str, Field(pattern=grammar.MONTH, examples=["2026-11"])]
DayText = Annotated[str, Field(max_length=10, examples=["2026-09-02"]), AfterValidator(_day)]
TimeOfDay = Annotated[str, Field(pattern=grammar.CLOCK, examples=["07:00"])]
WeekdayNumber = Annotated[int, Field(ge=1, le=7)]
Days = Annotated[list[DayText], Field(max_length=200)]


class OfficeBody(Body):
    """Office hours in Việt Nam, with the holidays and the working days off given here."""

    opens: TimeOfDay = "07:00"
    closes: TimeOfDay = "18:00"
    #: Monday is 1
    weekdays: Annotated[list[WeekdayNumber], Field(max_length=7)] = [1, 2, 3, 4, 5]
    holidays: Days = []
    workdays: Days = []

    def office(self) -> Office:
        """For the report. Raises BadRequest if it closes before it opens."""
        if time.fromisoformat(self.opens) >= time.fromisoformat(self.closes):
            raise BadRequest(say.CLOSES_BEFORE_OPENS, code=ProblemCode.RANGE_WRONG)
        return Office(
            opens=self.opens,
            closes=self.closes,
            weekdays=frozenset(self.weekdays),
            holidays=frozenset(map(date.fromisoformat, self.holidays)),
            workdays=frozenset(map(date.fromisoformat, self.workdays)),
        )


class ReportBody(Body):
    """`POST /v1/audit/report`: a month in Việt Nam, or a time range, of one requester or agency or of all."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"report": "requesters", "month": "2026-11"}]},
    )

    report: Literal["requesters", "outcomes", "volume", "hours", "lookups"]
    month: MonthText | None = None
    since: Moment | None = None
    until: Moment | None = None
    requester: Name | None = None
    agency: Word | None = None
    format: Literal["json", "csv"] = "json"
    #: rows; sums cover all rows
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    #: of `volume`: number of earlier weeks to compare with; the same weekday or all days
    weeks: Annotated[int, Field(ge=2, le=26)] | None = None
    compare: Literal["weekday", "all"] | None = None
    #: of `volume`: a day is listed above this score and from so many exchanges on
    threshold: Annotated[float, Field(ge=0, le=1000, strict=False)] | None = None
    least: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    #: of `hours`
    office: OfficeBody | None = None

    def question(self) -> ReportQuestion:
        """For the use case. Raises BadRequest for a span that cannot be, or what another report takes."""
        self._check_members()
        since, until = self._span()
        given: Mapping[str, Any] = {"weeks": self.weeks, "threshold": self.threshold, "least": self.least}
        habit = Habit(**{name: value for name, value in given.items() if value is not None})
        return ReportQuestion(
            report=self.report,
            since=since,
            until=until,
            requester=self.requester or "",
            agency=self.agency or "",
            most=self.limit,
            habit=habit._replace(same_weekday=self.compare != "all"),
            office=(self.office or OfficeBody()).office(),
        )

    def _check_members(self) -> None:
        for report, names in {
            "volume": ("weeks", "compare", "threshold", "least"),
            "hours": ("office",),
        }.items():
            for name in names:
                if self.report != report and getattr(self, name) is not None:
                    raise BadRequest(
                        say.ONLY_THE_REPORT(name=name, report=report), code=ProblemCode.REPORT_WRONG
                    )

    def _span(self) -> tuple[datetime, datetime]:
        if (self.month is None) == (self.since is None or self.until is None) or (
            self.month is not None and (self.since or self.until)
        ):
            raise BadRequest(say.GIVE_A_MONTH, code=ProblemCode.RANGE_WRONG)
        if self.month is not None:
            begin = datetime.fromisoformat(f"{self.month}-01T00:00:00").replace(tzinfo=VIETNAM)
            end = (begin + timedelta(days=31)).replace(day=1)
            return begin.astimezone(UTC), end.astimezone(UTC)
        since, until = (datetime.fromisoformat(str(moment)) for moment in (self.since, self.until))
        if since >= until:
            raise BadRequest(say.SINCE_BEHIND_UNTIL, code=ProblemCode.RANGE_WRONG)
        if until - since > LONGEST or since.year < _FIRST_YEAR or until.year > _LAST_YEAR:
            raise BadRequest(
                say.REPORT_SPAN(days=LONGEST.days, first=_FIRST_YEAR, last=_LAST_YEAR),
                code=ProblemCode.RANGE_WRONG,
            )
        return since, until
