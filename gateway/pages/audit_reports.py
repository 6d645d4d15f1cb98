"""The auditors' reports: each month with its charts, tables and methods, and as CSV."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from gateway.api.audit import door_of
from gateway.api.report_models import ReportBody
from gateway.api.request import Request
from gateway.api.response import Response
from gateway.audit.report_words import REPORTS, csv_of
from gateway.audit.reports import ReportQuestion
from gateway.audit.story_words import OUTCOMES as OUTCOME_WORDS
from gateway.audit.unusual import Habit, usual
from gateway.console.charts import Banded, Portion
from gateway.domain.dates import legal_day
from gateway.domain.sentences import BothWords
from gateway.pages.audit_filters import check_names, filter_options, validated
from gateway.pages.frame import Shown, Visit, require_scope

_ALL_DAYS = Habit(threshold=float("-inf"), least=0)
_MOST_DAYS = 1_000
_MONTHS_SHOWN = 18
#: requesters with a chart of their days
_MOST_VOLUMES = 4
#: outcomes of a source that gave no answer that can be used
_NO_ANSWER = ("", "unavailable", "invalid", "unknown")


async def reports(request: Request, visit: Visit) -> Shown:
    """`GET /audit/reports`: the reports of a month, each with its chart, table and method."""
    require_scope(visit, "audit:search")
    today = legal_day(request.services.clock.now())
    month = visit.form.get("month", "") or f"{today:%Y-%m}"
    check_names(visit.form, ("month",))
    questions = {name: _question(name, month) for name in REPORTS}
    questions["volume"] = replace(questions["volume"], habit=_ALL_DAYS, most=_MOST_DAYS)
    use_case = door_of(request).reports
    made = {name: await use_case.report(visit.caller, one) for name, one in questions.items()}
    answer = {"exchange_id": visit.caller.exchange, "month": month, "reports": made}
    return Shown(
        template="audit/reports", title=("Báo cáo", "Reports"), answer=answer,
        values={
            "month": month, "last_day": _last_day(month), "months": _months(today), "titles": _code_titles(request),
            "sources": _source_shares(request, made["outcomes"]["rows"]),
            "volumes": _volumes(made["volume"]["rows"]),
        },
    )  # fmt: skip


async def report_csv(request: Request, visit: Visit) -> Response:
    """`GET /audit/reports/csv`: the rows of one report; no cell is a formula."""
    require_scope(visit, "audit:search")
    check_names(visit.form, ("report", "month"))
    name = visit.form.get("report", "")
    made = await door_of(request).reports.report(visit.caller, _question(name, visit.form.get("month", "")))
    named = f'attachment; filename="{name}.csv"'
    return Response(b"".join(csv_of(made)), "text/csv; charset=utf-8", headers={"Content-Disposition": named})


def _question(report: str, month: str) -> ReportQuestion:
    return validated(ReportBody, {"report": report, "month": month}).question()


def _source_shares(request: Request, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, object] | None:
    """Counts of outcomes by source for a chart; `worst`: the one with most answers missing."""
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        counts.setdefault(row["source"], {})[row["outcome"]] = row["exchanges"]
    if not counts:
        return None
    codes = [code for code in OUTCOME_WORDS if any(code in one for one in counts.values())]
    titles = _code_titles(request)["source"]
    silent = {name: sum(one.get(code, 0) for code in _NO_ANSWER) for name, one in counts.items()}
    worst = max(silent, key=lambda source: silent[source])
    words = {lang: [OUTCOME_WORDS[code][at] for code in codes] for at, lang in enumerate(("vi", "en"))}
    return {
        "rows": {
            lang: [
                (titles.get(name, (name, name))[at], [one.get(code, 0) for code in codes])
                for name, one in counts.items()
            ]
            for at, lang in enumerate(("vi", "en"))
        },
        "parts": {
            lang: [Portion(word=word, kind=OUTCOME_WORDS[code][2]) for word, code in zip(of, codes, strict=True)]
            for lang, of in words.items()
        },
        "heads": {"vi": ["Nguồn", *words["vi"]], "en": ["Source", *words["en"]]},
        "worst": worst if silent[worst] else "",
    }  # fmt: skip


def _volumes(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, object]]:
    """The days of the busiest requesters with what is usual, for charts."""
    days: dict[str, list[Banded]] = {}
    for row in sorted(rows, key=lambda row: str(row["day"])):
        low, high = usual(row["median"], row["mad"], Habit())
        days.setdefault(row["requester"], []).append(Banded(
            label=f"{row['day'][8:]}/{row['day'][5:7]}", value=row["exchanges"], median=row["median"],
            low=low, high=high,
        ))  # fmt: skip
    busiest = sorted(days, key=lambda name: -sum(one.value for one in days[name]))[:_MOST_VOLUMES]
    return [
        {"requester": name, "points": days[name], "unusual": sum(one.is_unusual for one in days[name])}
        for name in busiest
    ]


def _last_day(month: str) -> str:
    first = date.fromisoformat(f"{month}-01")
    return ((first + timedelta(days=31)).replace(day=1) - timedelta(days=1)).isoformat()


def _months(today: date) -> list[str]:
    """The last months, newest first."""
    first = today.year * 12 + today.month - 1
    return [f"{one // 12:04}-{one % 12 + 1:02}" for one in range(first, first - _MONTHS_SHOWN, -1)]


def _code_titles(request: Request) -> Mapping[str, Mapping[str, BothWords]]:
    """Titles of the codes in reports, by column."""
    options = filter_options(request)
    return {name: dict(options[name]) for name in ("requester", "agency", "source", "outcome")}
