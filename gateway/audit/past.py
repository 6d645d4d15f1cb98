"""Answers about pruned records and erased periods: their archives, or that they cannot be read."""

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from gateway.audit.filters import Filters
from gateway.domain import sentences as say
from gateway.domain.dates import DISORDER, rfc3339
from gateway.domain.errors import Gone
from gateway.domain.identifiers import made_at
from gateway.domain.reasons import AuditReason
from gateway.domain.sentences import Sentence
from gateway.ports.exchange_log import Archived, History

_LAST = "9999-12"
_MONTH = slice(0, 7)
_PERSON = "person|"
#: before a passport that has the digits of another number (`Subject.key`)
_PASSPORT = "passport:"
#: digits of an old identity number, and of a personal id
_OLD, _NEW = 9, 12


def skipped(filters: Filters, history: History, unreadable: Iterable[str]) -> list[str]:
    """Periods that a search by person skips: their keys were destroyed or do not open."""
    if not (filters.subject or filters.official):
        return []
    first, last = filters.plain.since[_MONTH], filters.plain.until[_MONTH] or _LAST
    return [period for period in sorted({*history.erased, *unreadable}) if first <= period <= last]


def hints(filters: Filters) -> list[dict[str, str]]:
    """Which records of the person the search cannot find, in words."""
    numbers = [key.removeprefix(_PERSON) for key in filters.subject if key.startswith(_PERSON)]
    old = any(len(one) == _OLD and one.isdecimal() for one in numbers)
    new = any(len(one) == _NEW and one.isdecimal() for one in numbers)
    found = [AuditReason.OLD_NUMBER_ONLY] if old and not new else []
    if any(one.startswith(_PASSPORT) for one in numbers):
        found.append(AuditReason.PASSPORT_OF_DIGITS)
    return [one.titled() for one in found]


def archived(history: History, since: str = "", until: str = "") -> list[dict[str, Any]]:
    """Archives that may have records of a time range, as JSON."""
    return [
        _archive_members(one)
        for one in history.archives
        if since <= one.latest and _begins_before(one, until)
    ]


def surely_before(history: History) -> str:
    """A time after all archived records, if clocks were right; empty without an archive.

    An archive ends with its month. A later time in it comes from a wrong clock and is ignored.
    """
    return max(map(_last, history.archives), default="")


def gone(history: History, first: int, end: int) -> Gone:
    """The error for pruned records of a range; it names their archives."""
    files = [one for one in history.archives if one.first < end and first < one.first + one.count]
    sentence = say.RECORDS_PRUNED(below=history.below, where=_where(files))
    return Gone(sentence, archives=[_archive_members(one) for one in files])


def gone_exchange(history: History, exchange: str) -> Gone | None:
    """The error for an exchange that may have been pruned; None for a younger one."""
    try:
        month = _month(made_at(exchange))
    except ValueError:
        return None
    if not history.archives or month > history.archives[-1].month:
        return None
    files = [one for one in history.archives if one.month >= month][:2]
    return Gone(say.EXCHANGE_PRUNED(where=_where(files)), archives=[_archive_members(one) for one in files])


def _begins_before(one: Archived, until: str) -> bool:
    return not until or one.month <= until[_MONTH]


def _last(one: Archived) -> str:
    """Time of its latest record, or the end of its month."""
    month = datetime.fromisoformat(f"{one.month}-01T00:00:00+00:00")
    over = rfc3339((month + timedelta(days=31)).replace(day=1) + DISORDER)
    return min(one.latest, over) if one.latest[:1].isdigit() else over


def _archive_members(one: Archived) -> dict[str, Any]:
    return {
        "name": one.name,
        "month": one.month,
        "first": one.first,
        "count": one.count,
        "sha256": one.sha256,
    }


def _where(files: list[Archived]) -> Sentence:
    return say.IN_ARCHIVES(names=", ".join(one.name for one in files)) if files else say.NO_ARCHIVE


def _month(seconds: float) -> str:
    return time.strftime("%Y-%m", time.gmtime(seconds))
