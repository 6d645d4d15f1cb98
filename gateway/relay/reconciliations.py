"""Reconciliation for operators: begin a run, and see what runs found.

A requester compares and sees its own dossiers; with the scope `admin`, all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from gateway.domain import sentences as say
from gateway.domain.dates import legal_day, moment
from gateway.domain.errors import Conflict, NotFound, fault_in
from gateway.domain.exchange import Phase
from gateway.domain.parties import Caller
from gateway.domain.problems import ProblemCode
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.ports.reconciliation import ReconcileRun
from gateway.relay import words
from gateway.relay.differences import Divergence
from gateway.relay.reconcile import Reconciler, ReconcileReport

_MOST_DAYS = 92


class ReconcileOrder(NamedTuple):
    """What an operator wants compared. None: the last week."""

    #: blank: all
    portal: str
    since: date | None
    until: date | None
    apply: bool
    accept_wave: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliations:
    """Begins and shows the runs of one configuration."""

    reconciler: Reconciler
    recorder: Recorder

    async def begin(self, caller: Caller, order: ReconcileOrder) -> dict[str, object]:
        """Begin a run with each portal; recorded. Raises NotFound, Unprocessable, Conflict, RelayUnavailable."""
        portals = [order.portal] if order.portal else list(self.reconciler.portals)
        if not portals or any(one not in self.reconciler.portals for one in portals):
            known = ", ".join(self.reconciler.portals) or "-"
            raise NotFound(say.NO_SUCH_PORTAL(known=known), code=ProblemCode.NOT_FOUND)
        until = order.until or legal_day(self.recorder.clock.now())
        since = order.since or until - timedelta(days=self.reconciler.days)
        if not timedelta() <= until - since <= timedelta(days=_MOST_DAYS):
            raise fault_in("/since", say.DAYS_OF_RUN(most=_MOST_DAYS), ProblemCode.VALUE_NOT_POSSIBLE)
        header = RecordHeader(caller.exchange, caller.requester.id, caller.agency)
        notes: Mapping[str, str | int | bool] = {
            "portals": ",".join(portals), "since": str(since), "until": str(until), "apply": order.apply,
            "accept_wave": order.accept_wave, **caller.notes,
        }  # fmt: skip
        await self.recorder.write(header, Phase.DELIVERY, "reconciliation_begun", notes=notes)
        begun = [
            one
            for one in portals
            if await self.reconciler.ask(
                one,
                _whose(caller),
                since,
                until,
                apply=order.apply,
                accept_wave=order.accept_wave,
                staff=caller.staff,
            )
        ]
        if not begun:
            raise Conflict(say.RECONCILIATION_RUNS, code=ProblemCode.STATE_DIFFERS, retry_after=5)
        return {"exchange_id": caller.exchange, "portals": begun}

    async def show(self, caller: Caller) -> dict[str, object]:
        """The newest runs that concern the caller, each with what it found. Raises RelayUnavailable."""
        whose = _whose(caller)
        runs = [run for run in await self.reconciler.runs.runs() if not whose or run.requester in ("", whose)]
        return {
            "exchange_id": caller.exchange,
            "runs": [_run(run, whose) for run in runs],
            "classes": words.titles(words.DIVERGENCES),
            "remedies": words.titles(words.REMEDIES),
        }


def _whose(caller: Caller) -> str:
    return "" if "admin" in caller.requester.scopes else caller.requester.id


def _run(run: ReconcileRun, whose: str) -> dict[str, Any]:
    """A run as JSON; `whose`: only the differences of this requester."""
    reason = words.RUN_REASONS.get(run.reason)
    return {
        "portal": run.portal, "requester": run.requester or None, "state": run.state,
        "reason": None if reason is None else {"code": run.reason, "vi": reason[0], "en": reason[1]},
        "since": run.since, "until": run.until, "apply": run.apply, "day": min(run.day, run.until),
        "begun_at": moment(run.opened), "changed_at": moment(run.changed),
        "report": _report(run.report, whose), "former": _report(run.former, whose) if run.former else None,
    }  # fmt: skip


def _report(stored: bytes, whose: str) -> dict[str, Any]:
    report = ReconcileReport.read(stored)
    found: Sequence[dict[str, Any]] = report.differences
    counts = report.counts
    if whose:
        found = [one for one in found if one["requester"] == whose]
        counts = {kind: sum(one["kind"] == kind for one in found) for kind in map(str, Divergence)}
    return {
        "compared": report.compared, "not_compared": report.not_compared, "incomplete": report.incomplete,
        "counts": counts, "mended": sum(one["mended"] for one in found) if whose else report.mended,
        "differences": [_difference(one) for one in found], "left_out": report.left_out,
    }  # fmt: skip


def _difference(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "dossier": found["code"], "origin": found["origin"], "class": found["kind"], "ours": found["ours"] or None,
        "theirs": found["theirs"] or None, "fields": found["fields"], "remedy": found["remedy"],
        "sends": found["sends"], "delivery": found["delivery"] or None, "mended": found["mended"],
    }  # fmt: skip
