"""The scores of a month over the stored dossiers: a preview of what the national portal computes."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from gateway.domain.dates import VIETNAM, legal_day
from gateway.domain.parties import Caller
from gateway.ports.clock import Clock
from gateway.ports.relay import DossierRow, DossierSearch, RelayRows
from gateway.relay import words
from gateway.relay.scoring import LostPoint, ScoredDossier, ScoreGroup, ScoreSheet

_PAGE = 500
#: dossiers that an answer names
_MOST_LISTED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Computes scores for one configuration."""

    rows: RelayRows
    clock: Clock
    #: codes of the population database (`MaCSDL`)
    population_databases: frozenset[str]

    async def show(self, caller: Caller, month: str, agency: str) -> dict[str, object]:
        """The scores of the caller's dossiers (scope `admin`: of all). `month` blank: this one; `agency` blank: all.

        Raises RelayUnavailable.
        """
        now = self.clock.now()
        sheet = ScoreSheet(month or f"{legal_day(now):%Y-%m}", now.timestamp(), self.population_databases)
        requester = "" if "admin" in caller.requester.scopes else caller.requester.id
        begin = datetime.fromisoformat(f"{sheet.month}-01").replace(tzinfo=VIETNAM)
        # A dossier that was received in the month has changed since its first day.
        wanted = DossierSearch(requester=requester, since=begin.timestamp(), most=_PAGE)
        while rows := await self.rows.dossiers(wanted):
            sheet.add(one for one in _scored(rows) if agency in ("", one.agency))
            if len(rows) < _PAGE:
                break
            wanted = wanted._replace(after=(rows[-1].changed, rows[-1].code))
            await asyncio.sleep(0)
        return {"exchange_id": caller.exchange, **shown(sheet)}


def _scored(rows: Sequence[DossierRow]) -> Iterator[ScoredDossier]:
    for row in rows:
        yield ScoredDossier(row.code, row.agency, row.procedure, orjson.loads(row.facts or b"{}"))


def shown(sheet: ScoreSheet) -> dict[str, object]:
    """The sheet as JSON."""
    groups = sorted(sheet.groups.items())
    return {
        "month": sheet.month,
        "groups": [{"agency": place[0], "procedure": place[1], **_group(one)} for place, one in groups],
        "total": _group(sheet.total()),
        "lost": [_lost(one) for one in sheet.lost[:_MOST_LISTED]],
        "left_out": max(0, len(sheet.lost) - _MOST_LISTED),
        "indicators": words.titles(words.INDICATORS),
        "reasons": words.titles(words.LOST),
    }


def _group(group: ScoreGroup) -> dict[str, Any]:
    tallies = {
        str(name): {
            "counted": one.counted,
            "good": one.good,
            "rate": None if one.rate is None else round(one.rate, 4),
        }
        for name, one in group.tallies.items()
    }
    return {"dossiers": group.dossiers, "overdue": group.overdue, "scores": tallies}


def _lost(one: LostPoint) -> dict[str, Any]:
    return {
        "dossier": one.code, "agency": one.agency, "procedure": one.procedure, "indicator": one.indicator,
        "reason": one.why, "late_seconds": one.late,
    }  # fmt: skip
