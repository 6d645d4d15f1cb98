"""Scores of service quality, computed in advance from what was synchronised (national-portal.md A.12).

The facts of a dossier are plain JSON without personal data. They stay after its content is erased. The national rules
are seen, the number of the decision is not. Our own reading, where a rule leaves it open:
- A dossier counts in the month of its reception, in Việt Nam; without a reception it does not count.
- It is judged by the indicators for which it is ready: on time when it has ended; payment when there is a fee; result
  files when it is processed or handed over; all others at once.
- Time in which the citizen was asked for more is not counted, unless the due date was moved for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from gateway.domain.dates import legal_day, rfc3339
from gateway.domain.dossier import Channel, Dossier, DossierPaper, DossierStatus, FiledAt, Payment, Reuse
from gateway.relay.statuses import Standing

_S = DossierStatus
_DATES = ("filed_at", "received_at", "due_at", "refused_at", "processed_at", "handed_over_at")
#: status -> the fact that has its time, where the path does not
_DATE_OF = {_S.PROCESSED: "processed_at", _S.HANDED_OVER: "handed_over_at", _S.REFUSED: "refused_at"}
#: the first of these that the dossier had is its end
_ENDS = (_S.PROCESSED, _S.HANDED_OVER, _S.STOPPED, _S.REFUSED, _S.WITHDRAWN)
#: codes of the population database (`MaCSDL`): the table was not seen, the value is remembered
POPULATION_DATABASES = frozenset(("1",))


class Indicator(StrEnum):
    """What is scored."""

    ON_TIME = "on_time"
    ONLINE = "online"
    ONLINE_PAYMENT = "online_payment"
    DIGITISED = "digitised"
    REUSED = "reused"
    ONCE_ONLY = "once_only"
    POPULATION_DATA = "population_data"


class Lost(StrEnum):
    """Why a dossier costs points."""

    ENDED_LATE = "ended_late"
    NOT_ONLINE = "not_online"
    RESULT_NOT_SENT = "result_not_sent"
    NOT_PAID_ONLINE = "not_paid_online"
    NO_PAPERS = "no_papers"
    NO_RESULT_FILE = "no_result_file"
    NOTHING_DIGITISED = "nothing_digitised"
    NONE_FROM_STORE = "none_from_store"
    POPULATION_DATA_NOT_USED = "population_data_not_used"


class ScoredDossier(NamedTuple):
    """What is scored of a stored dossier."""

    code: str
    agency: str
    procedure: str
    facts: Mapping[str, Any]


class LostPoint(NamedTuple):
    """A dossier that costs points, and why."""

    code: str
    agency: str
    procedure: str
    indicator: Indicator
    why: Lost
    #: seconds after the due date; 0 for other reasons
    late: int = 0


@dataclass(slots=True)
class Tally:
    """One indicator over some dossiers."""

    counted: int = 0
    good: int = 0

    @property
    def rate(self) -> float | None:
        """The good share, 0 to 1; None when no dossier counts."""
        return self.good / self.counted if self.counted else None


def _tallies() -> dict[Indicator, Tally]:
    return {indicator: Tally() for indicator in Indicator}


@dataclass(slots=True)
class ScoreGroup:
    """The scores of one procedure at one agency in one month."""

    dossiers: int = 0
    #: not ended, and past their due date: they will cost points
    overdue: int = 0
    tallies: dict[Indicator, Tally] = field(default_factory=_tallies)


@dataclass(slots=True)
class ScoreSheet:
    """Scores of one month, by agency and procedure."""

    #: `2026-11`, in Việt Nam
    month: str
    #: POSIX seconds: what is overdue
    now: float
    population_databases: frozenset[str] = POPULATION_DATABASES
    #: (agency, procedure) -> its scores
    groups: dict[tuple[str, str], ScoreGroup] = field(default_factory=dict)
    lost: list[LostPoint] = field(default_factory=list)

    def add(self, dossiers: Iterable[ScoredDossier]) -> None:
        """Count the dossiers of the month."""
        for one in dossiers:
            if month_of(one.facts) == self.month:
                self._count(one)

    def total(self) -> ScoreGroup:
        """All groups together."""
        whole = ScoreGroup()
        for group in self.groups.values():
            whole.dossiers += group.dossiers
            whole.overdue += group.overdue
            for indicator, tally in group.tallies.items():
                whole.tallies[indicator].counted += tally.counted
                whole.tallies[indicator].good += tally.good
        return whole

    def _count(self, one: ScoredDossier) -> None:
        group = self.groups.setdefault((one.agency, one.procedure), ScoreGroup())
        group.dossiers += 1
        group.overdue += is_overdue(one.facts, self.now)
        for indicator, why in judged(one.facts, self.population_databases).items():
            group.tallies[indicator].counted += 1
            group.tallies[indicator].good += why is None
            if why is not None:
                late = lateness(one.facts) or 0 if why is Lost.ENDED_LATE else 0
                self.lost.append(LostPoint(one.code, one.agency, one.procedure, indicator, why, late))


def month_of(facts: Mapping[str, Any]) -> str:
    """The month of the reception in Việt Nam; blank without one."""
    received = facts.get("received_at")
    return "" if not received else f"{legal_day(datetime.fromtimestamp(received, UTC)):%Y-%m}"


def judged(
    facts: Mapping[str, Any], population_databases: frozenset[str] = POPULATION_DATABASES
) -> dict[Indicator, Lost | None]:
    """The indicators that a dossier counts for -> why it costs points there; None: it does not."""
    late = lateness(facts)
    processed = facts.get("status") in (_S.PROCESSED, _S.HANDED_OVER)
    has_fee = bool(facts.get("fees")) or facts.get("payment", Payment.NONE) != Payment.NONE
    paid = facts.get("payment") in (Payment.NATIONAL_PLATFORM, Payment.AGENCY_GATEWAY)
    found: dict[Indicator, Lost | None] = {
        Indicator.ONLINE: _online(facts, processed=processed),
        Indicator.REUSED: None if _is_digitised(facts) else Lost.NOTHING_DIGITISED,
        Indicator.ONCE_ONLY: None if facts.get("from_store") else Lost.NONE_FROM_STORE,
        Indicator.POPULATION_DATA: _population(facts, population_databases),
    }
    if late is not None:
        found[Indicator.ON_TIME] = Lost.ENDED_LATE if late > 0 else None
    if has_fee:
        found[Indicator.ONLINE_PAYMENT] = None if paid else Lost.NOT_PAID_ONLINE
    if processed:
        has_papers, has_result = facts.get("papers"), facts.get("result_files")
        found[Indicator.DIGITISED] = (
            Lost.NO_PAPERS if not has_papers else None if has_result else Lost.NO_RESULT_FILE
        )
    return found


def lateness(facts: Mapping[str, Any]) -> int | None:
    """Seconds by which a dossier ended after its due date, or before it (negative).

    None: it has not ended, or has no due date.
    """
    end, due = ended_at(facts), facts.get("due_at")
    return None if end is None or not due else end - _waited(facts, end) - int(due)


def is_overdue(facts: Mapping[str, Any], now: float) -> bool:
    """Whether a dossier that has not ended is past its due date."""
    due = int(facts.get("due_at") or 0)
    return ended_at(facts) is None and 0 < due < now - _waited(facts, int(now))


def ended_at(facts: Mapping[str, Any]) -> int | None:
    """When the clock stopped: at status 9, else 10, else 8, 3 or 7; while a supplement is open, when it was asked for.

    An end before a reopening does not count. None: it goes on.
    """
    status = facts.get("status")
    times = dict(_since_reopened(facts))
    if status in (_S.PROCESSED, _S.HANDED_OVER) and facts.get("processed_at"):
        times.setdefault(_S.PROCESSED, int(facts["processed_at"]))
    if status in _DATE_OF and facts.get(_DATE_OF[_S(status)]):
        times.setdefault(_S(status), int(facts[_DATE_OF[_S(status)]]))
    if status == _S.SUPPLEMENT_REQUESTED:
        return times.get(_S.SUPPLEMENT_REQUESTED)
    return next((times[one] for one in _ENDS if one in times), None) if status in _ENDS else None


def _since_reopened(facts: Mapping[str, Any]) -> list[tuple[DossierStatus, int]]:
    """The path behind the last step that reopened the dossier."""
    path = [(_S(status), int(at)) for status, at in facts.get("path", ())]
    working = [place for place, (status, _) in enumerate(path) if status not in _ENDS]
    return path[working[-1] :] if working else path


def _waited(facts: Mapping[str, Any], end: int) -> int:
    """Seconds up to `end` in which the citizen was asked for more; a time that two rounds share counts once."""
    start, waited = int(facts.get("received_at") or 0), 0
    for asked, received, moved in sorted(facts.get("supplements", ()), key=lambda one: int(one[0])):
        begin, stop = max(int(asked), start), min(end if received is None else int(received), end)
        if not moved and stop > begin:
            waited += stop - begin
            start = stop
    return waited


def _online(facts: Mapping[str, Any], *, processed: bool) -> Lost | None:
    if facts.get("channel") != Channel.ONLINE:
        return Lost.NOT_ONLINE
    return Lost.RESULT_NOT_SENT if processed and not facts.get("result_codes") else None


def _is_digitised(facts: Mapping[str, Any]) -> bool:
    at_national_portal = facts.get("filed_with") == FiledAt.NATIONAL_PORTAL
    return bool(facts.get("digitised") if at_national_portal else facts.get("has_digitised"))


def _population(facts: Mapping[str, Any], population_databases: frozenset[str]) -> Lost | None:
    asked = not population_databases.isdisjoint(facts.get("databases", ()))
    used = facts.get("verified") or facts.get("from_store") or asked
    return None if used else Lost.POPULATION_DATA_NOT_USED


def facts_of(dossier: Dossier) -> dict[str, Any]:
    """What scores and comparison need of a dossier; names no person. A fact that is absent is 0, false or not known.

    | fact | from |
    |---|---|
    | `filed_at received_at due_at refused_at processed_at handed_over_at` | the dates, POSIX seconds |
    | `channel payment return_method filed_with` | the member of that name |
    | `verified` | `applicant.verified`: signed in with VNeID |
    | `has_digitised` | the member of that name |
    | `databases` | codes of the databases that were asked |
    | `papers digitised reused replaced from_store` | how many papers, and how many of them are so |
    | `fees` | how many |
    | `results result_files result_codes` | how many, with a file or address, with both a code and a file |
    | `supplements` | `[asked, received or null, due date moved]` of each round, POSIX seconds |
    | `status` | the status that the dossier itself says; `facts_with_path` replaces it |

    The service adds `versions` to those of a dossier that a portal forwarded (versions.py).
    """
    papers = [paper for paper in dossier.papers if not paper.deleted]
    files = [result for result in dossier.results if result.file or result.url]
    facts: dict[str, Any] = {
        **{name: _seconds(getattr(dossier, name)) for name in _DATES},
        **{
            name: str(getattr(dossier, name))
            for name in ("channel", "payment", "return_method", "filed_with")
        },
        "verified": dossier.applicant.verified,
        "has_digitised": dossier.has_digitised,
        "databases": sorted({code for code in dossier.databases if code}),
        **_counted(papers),
        "fees": len(dossier.fees),
        "results": len(dossier.results),
        "result_files": len(files),
        "result_codes": sum(1 for result in files if result.code),
        "supplements": _rounds(dossier),
        "status": str(dossier.status),
    }
    return {name: value for name, value in facts.items() if value}


def facts_with_path(facts: dict[str, Any], standing: Standing) -> dict[str, Any]:
    """The facts with `status`, `status_at` and `path` (`[status, POSIX seconds]`, one for each status it had)."""
    path = [[str(status), int(at)] for status, at in standing.path]
    return {**facts, "status": str(standing.status), "status_at": int(standing.at), "path": path}


def as_remembered(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a dossier that its facts still say when its content is erased: canonical JSON."""
    dates = {name: rfc3339(datetime.fromtimestamp(facts[name], UTC)) for name in _DATES if facts.get(name)}
    return {**dates, **({"return_method": facts["return_method"]} if facts.get("return_method") else {})}


def _seconds(date: datetime | None) -> int | None:
    return None if date is None else int(date.timestamp())


def _counted(papers: list[DossierPaper]) -> dict[str, int]:
    return {
        "papers": len(papers),
        "digitised": sum(paper.digitised for paper in papers),
        "reused": sum(paper.reuse is Reuse.REUSED for paper in papers),
        "replaced": sum(paper.reuse is Reuse.REPLACED for paper in papers),
        "from_store": sum(paper.from_store for paper in papers),
    }


def _rounds(dossier: Dossier) -> list[list[Any]]:
    """A round whose new due date is the dossier's: the time is in the due date already."""
    return [
        [
            _seconds(one.asked_at),
            _seconds(one.received_at),
            one.due_after is not None and one.due_after == dossier.due_at,
        ]
        for one in dossier.supplements
        if one.asked_at is not None
    ]
