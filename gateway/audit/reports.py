"""The reports that auditors ask for: who asked how much, with what result, when, and for which dossier.

They name no person. An official is a keyed index with exchange ids, so an auditor who may identify
can open one, with a reason. Each report is recorded durably before its answer, like every look-up.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from gateway.audit.office import Office
from gateway.audit.past import archived, surely_before
from gateway.audit.report_words import described
from gateway.audit.service import AuditContext
from gateway.audit.unusual import Habit, uncompared, unusual
from gateway.domain.counts import GroupCounts, OfficialCount
from gateway.domain.dates import VIETNAM, local, rfc3339
from gateway.domain.parties import Caller
from gateway.ports.exchange_log import LogCounts, LogSearch

_DAY = timedelta(days=1)
#: sources times outcomes: all of them, for the shares
_MOST_CALLS = 10_000
_HABIT = Habit()
_OFFICE = Office()

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuestion:
    """Which report, and its time range: from `since` to before `until`."""

    report: str
    since: datetime
    until: datetime
    requester: str = ""
    agency: str = ""
    #: rows of the answer; sums cover all rows
    most: int = 100
    habit: Habit = _HABIT
    office: Office = _OFFICE

    def span(self, since: datetime | None = None, until: datetime | None = None) -> LogSearch:
        """The time range and filters, or a part of the range."""
        return LogSearch(
            since=rfc3339(since or self.since), until=rfc3339(until or self.until),
            requester=self.requester, agency=self.agency,
        )  # fmt: skip

    @property
    def earliest(self) -> datetime:
        """The first time that is read: `volume` compares with earlier weeks."""
        return self.since - timedelta(weeks=self.habit.weeks if self.report == "volume" else 0)

    @property
    def filters(self) -> str:
        """Names of the filters."""
        return " ".join(name for name in ("requester", "agency") if getattr(self, name))


class Reports:
    """Makes reports; answers are ready for JSON."""

    def __init__(self, context: AuditContext, counts: LogCounts) -> None:
        """Keeps nothing."""
        self._context = context
        self._counts = counts
        self._made: dict[str, Callable[[ReportQuestion], Awaitable[Answer]]] = {
            "requesters": self._requesters,
            "outcomes": self._outcomes,
            "volume": self._volume,
            "hours": self._hours,
            "lookups": self._lookups,
        }

    async def report(self, caller: Caller, question: ReportQuestion) -> Answer:
        """One report. Raises LogUnavailable."""
        times = {"since": rfc3339(question.since), "until": rfc3339(question.until)}
        await self._context.note(caller, "report", question.filters, None, report=question.report, **times)
        made = await self._made[question.report](question)
        history = await self._context.history.history()
        head = {"exchange_id": caller.exchange, "report": question.report, **times}
        past = {"archives": archived(history, rfc3339(question.earliest), times["until"])}
        return {**head, **described(question.report), "settings": {}, **made, **past}

    async def _requesters(self, question: ReportQuestion) -> Answer:
        rows: list[Answer] = []
        totals = {"rows": 0, "exchanges": 0, "refused": 0}
        for month, since, until in _months(question.since, question.until):
            counted = await self._counts.requesters(question.span(since, until), question.most)
            rows += [
                {"month": month, **one._asdict(), "refused_share": _share(one.refused, one.exchanges)}
                for one in counted.rows
            ]
            totals["rows"] += counted.groups
            totals["exchanges"] += counted.exchanges
            totals["refused"] += counted.hits
        return {"rows": rows, "totals": totals}

    async def _outcomes(self, question: ReportQuestion) -> Answer:
        counted = await self._counts.calls(question.span(), _MOST_CALLS)
        asked: dict[str, int] = {}
        for one in counted.rows:
            asked[one.source] = asked.get(one.source, 0) + one.exchanges
        rows = [{**one._asdict(), "share": _share(one.exchanges, asked[one.source])} for one in counted.rows]
        return {
            "rows": rows[: question.most],
            "totals": {"rows": counted.groups, "counted": counted.exchanges},
        }

    async def _volume(self, question: ReportQuestion) -> Answer:
        habit = question.habit
        found: dict[str, dict[date, int]] = {}
        for one in await self._counts.days(question.span(question.earliest)):
            found.setdefault(one.requester, {})[date.fromisoformat(one.day)] = one.exchanges
        until = min(question.until, self._context.recorder.clock.now())
        days = list(_days(question.since, until))  # a day to come is no quiet day
        there = await self._there()
        sorted_rows = sorted(
            unusual(found, days, habit, there), key=lambda one: (-one.score, one.day, one.requester)
        )
        rows = [
            {**one._asdict(), "day": one.day.isoformat(), "score": round(one.score, 2)}
            for one in sorted_rows[: question.most]
        ]
        totals = {"rows": len(sorted_rows), "requesters": len(found), "days": len(days)}
        settings = habit._asdict()
        if days and days[0] - timedelta(weeks=habit.weeks) < there:
            totals["not_compared"] = uncompared(found, days, habit, there)
            settings["compared_from"] = there.isoformat()
        return {"rows": rows, "totals": totals, "settings": settings}

    async def _there(self) -> date:
        """The first day (Việt Nam) with all its records in the database: pruned weeks are not quiet weeks."""
        history = await self._context.history.history()
        last = local(surely_before(history)) if history.below else None
        return date.min if last is None else last.date() + _DAY

    async def _hours(self, question: ReportQuestion) -> Answer:
        office = question.office
        hours = office.hours(question.since, question.until)
        counted = await self._counts.officials(question.span(), question.most, hours)
        settings = {
            "opens": office.opens,
            "closes": office.closes,
            "weekdays": sorted(office.weekdays),
            "holidays": sorted(day.isoformat() for day in office.holidays),
            "workdays": sorted(day.isoformat() for day in office.workdays),
        }
        grid = [[0] * 24 for _ in range(7)]
        for one in await self._counts.hours(question.span()):
            grid[one.weekday - 1][one.hour] = one.exchanges
        return {**_officials(counted, "outside"), "settings": settings, "grid": grid}

    async def _lookups(self, question: ReportQuestion) -> Answer:
        counted = await self._counts.officials(question.span(), question.most, None)
        return _officials(counted, "without_dossier")


def _officials(counted: GroupCounts[OfficialCount], hits: str) -> Answer:
    rows = [
        {
            "requester": one.requester,
            "official": one.official.hex(),
            "agency": one.agency,
            "exchanges": one.exchanges,
            hits: one.hits,
            "share": _share(one.hits, one.exchanges),
            "first": one.first,
            "last": one.last,
            "examples": list(one.examples),
        }
        for one in counted.rows
    ]
    return {
        "rows": rows,
        "totals": {
            "rows": counted.groups, "exchanges": counted.exchanges, hits: counted.hits,
            "on_duty": counted.on_duty, f"on_duty_{hits}": counted.on_duty_hits,
        },
    }  # fmt: skip


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _months(since: datetime, until: datetime) -> Iterator[tuple[str, datetime, datetime]]:
    """The months in Việt Nam of a time range, each cut to it."""
    while since < until:
        local = since.astimezone(VIETNAM)
        year, month = divmod(local.year * 12 + local.month, 12)
        following = min(until, datetime(year, month + 1, 1, tzinfo=VIETNAM))
        yield f"{local:%Y-%m}", since, following
        since = following


def _days(since: datetime, until: datetime) -> Iterator[date]:
    """The days in Việt Nam of a time range."""
    day, last = (
        since.astimezone(VIETNAM).date(),
        (until - timedelta(milliseconds=1)).astimezone(VIETNAM).date(),
    )
    while day <= last:
        yield day
        day += _DAY
