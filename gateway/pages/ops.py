"""The operators' door: what needs attention, sources, deliveries, reconciliation, logins, configuration, coverage.

Figures of sources, logins and lines are those of the process that answers: with several processes, each has its own.
"""

import asyncio
import os
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from gateway.api.audit import door_of
from gateway.api.context import RelayDesk
from gateway.api.request import Request
from gateway.api.response import Response
from gateway.audit.shown import csv_line
from gateway.audit.story_words import EVENTS, NOTES
from gateway.audit.titles import MESSAGE_KINDS
from gateway.domain import sentences as say
from gateway.domain.dates import legal_day, rfc3339
from gateway.domain.dossier import STATUSES
from gateway.domain.errors import BadRequest, NotFound, RelayUnavailable
from gateway.domain.login import LoginReason
from gateway.domain.sentences import BothWords
from gateway.login.steps import Leaving
from gateway.operation.configurations import KeptConfiguration, differences
from gateway.operation.history import PastConfiguration, history
from gateway.pages.frame import PageRole, PageRoute, Shown, Visit, can
from gateway.pages.ops_live import (
    COLUMNS,
    cells_of_line,
    filter_of,
    line_events,
    newest_lines,
    operation_of,
    place_of,
    source_events,
)
from gateway.pages.ops_requests import requests
from gateway.pages.ops_sources import attention, cells_of, sources_now
from gateway.pages.ops_trials import trial, trial_form
from gateway.pages.ops_words import RuleTitles, receiver, receivers
from gateway.ports.relay import DeliverySearch, DeliveryState
from gateway.prefill.coverage import FieldCoverage, ProcedureCoverage
from gateway.relay import words
from gateway.relay.reconciliations import ReconcileOrder
from gateway.review.minimisation import minimised

#: minutes for which a source can be muted
LENGTHS: Mapping[str, BothWords] = {
    "15": ("15 phút", "15 minutes"),
    "60": ("1 giờ", "1 hour"),
    "240": ("4 giờ", "4 hours"),
    "720": ("12 giờ", "12 hours"),
    "1440": ("24 giờ", "24 hours"),
}
#: steps of a login that are counted and not recorded
STEPS: Mapping[str, BothWords] = {
    "refreshed": ("Mã truy cập được cấp lại.", "Tokens were renewed."),
    "login_throttled": ("Quá nhiều lượt đăng nhập.", "Too many logins at once."),
    "code_replayed": ("Một mã đăng nhập được dùng lại.", "A code was used again."),
    "refresh_replayed": ("Một mã làm mới được dùng lại.", "A refresh token was used again."),
}
_PAGE, _LINES, _MOST_LINES = 50, 100, 500
_HISTORY = 20
_DIGEST = re.compile(r"[0-9a-f]{64}")
_CSV = "text/csv; charset=utf-8"


# ---------------------------------------------------------------------------------------------------- overview


async def overview(request: Request, visit: Visit) -> Shown:
    """`GET /ops`: what needs attention, then the sources."""
    answer = await sources_now(request.services, operation_of(request))
    needs = await attention(request.services, visit.caller, answer["sources"])
    return Shown(
        template="ops/overview", title=("Cần chú ý", "Needs attention"), answer={"needs": needs, **answer},
        values=_cells(answer["sources"], visit), assets=("ops.js",),
    )  # fmt: skip


async def sources(request: Request, visit: Visit) -> Shown:
    """`GET /ops/sources`."""
    answer = await sources_now(request.services, operation_of(request))
    return Shown(
        template="ops/sources", title=("Nguồn", "Sources"), answer=answer,
        values={**_cells(answer["sources"], visit), "can_try": can(visit, "sources:try")}, assets=("ops.js",),
    )  # fmt: skip


def _cells(found: Iterable[Mapping[str, Any]], visit: Visit) -> dict[str, object]:
    return {"cells": {one["source"]: cells_of(one, visit.language) for one in found}}


async def mute_form(request: Request, visit: Visit) -> Shown:
    """`GET /ops/sources/mute?source=`: what a mute does, before it is done."""
    found = (await sources_now(request.services, operation_of(request)))["sources"]
    one = next((one for one in found if one["source"] == visit.form.get("source", "")), None)
    if one is None:
        raise NotFound(say.NO_SUCH_SOURCE)
    return Shown(
        template="ops/mute", title=("Tạm tắt cảnh báo của một nguồn", "Mute a source"), answer={"source": one},
        values={"lengths": LENGTHS},
    )  # fmt: skip


async def mute(request: Request, visit: Visit) -> Leaving:
    """`POST /ops/sources/mute`; with `minutes` 0 the mute ends. Raises NotFound, BadRequest, LogUnavailable."""
    mutes, source, minutes = (
        operation_of(request).mutes,
        visit.form.get("source", ""),
        visit.form.get("minutes", ""),
    )
    if minutes == "0":
        await mutes.unmute(visit.caller, source)
    elif minutes in LENGTHS:
        await mutes.mute(visit.caller, source, timedelta(minutes=int(minutes)))
    else:
        raise BadRequest(say.QUERY_WORD(name="minutes", words=", ".join(LENGTHS)))
    return Leaving(url=f"/ops/sources#{source}")


# -------------------------------------------------------------------------------------------------- deliveries


async def deliveries(request: Request, visit: Visit) -> Shown:
    """`GET /ops/deliveries`, and `POST /ops/deliveries/find`: a dossier's code is in no address."""
    form = visit.form
    state, target = form.get("state", ""), form.get("target", "")
    if state and state not in set(DeliveryState):
        raise BadRequest(say.QUERY_WORD(name="state", words=", ".join(DeliveryState)))
    wanted = DeliverySearch(
        target=target, code=form.get("dossier", "").strip() if request.method == "POST" else "",
        states=(state,) if state else (), before=_place(form.get("after", "")), most=_PAGE,
    )  # fmt: skip
    answer = await _desk(request).deliveries.search(visit.caller, wanted)
    return Shown(
        template="ops/deliveries", title=("Giao nhận", "Deliveries"), answer=answer,
        values={
            "wanted_state": state, "target": target, "dossier": wanted.code, "states": words.STATES,
            "kinds": MESSAGE_KINDS, "targets": receivers(request.services.configuration), "reasons": _reason,
            "is_first": "after" not in form, **_receivers(request),
        },
    )  # fmt: skip


async def delivery(request: Request, visit: Visit) -> Shown:
    """`GET /ops/deliveries/{delivery}`."""
    answer = await _desk(request).deliveries.show(visit.caller, request.parameters["delivery"])
    title = ("Một lượt gửi", "One delivery")
    values = {"kinds": MESSAGE_KINDS, "asker": door_of(request).titles.requester, **_receivers(request)}
    return Shown(template="ops/delivery", title=title, answer=answer, values=values)


async def replay_form(request: Request, visit: Visit) -> Shown:
    """`GET /ops/deliveries/{delivery}/replay`: what will happen, before it does."""
    return await _act(request, visit, "replay", ("Gửi lại lượt gửi", "Replay a delivery"))


async def drop_form(request: Request, visit: Visit) -> Shown:
    """`GET /ops/deliveries/{delivery}/drop`."""
    return await _act(request, visit, "drop", ("Bỏ lượt gửi", "Drop a delivery"))


async def _act(request: Request, visit: Visit, act: str, title: BothWords) -> Shown:
    found = await _desk(request).deliveries.show(visit.caller, request.parameters["delivery"])
    answer = {name: value for name, value in found.items() if name not in {"receiver_said", "history"}}
    values = {"act": act, "kinds": MESSAGE_KINDS, **_receivers(request)}
    return Shown(template="ops/act", title=title, answer=answer, values=values)


async def replay(request: Request, visit: Visit) -> Leaving:
    """`POST /ops/deliveries/{delivery}/replay`. Raises NotFound, Conflict."""
    name = request.parameters["delivery"]
    await _desk(request).deliveries.replay(visit.caller, name)
    return Leaving(url=f"/ops/deliveries/{name}")


async def drop(request: Request, visit: Visit) -> Leaving:
    """`POST /ops/deliveries/{delivery}/drop`. Raises NotFound, Conflict."""
    name = request.parameters["delivery"]
    await _desk(request).deliveries.drop(visit.caller, name)
    return Leaving(url=f"/ops/deliveries/{name}")


def _receivers(request: Request) -> dict[str, object]:
    """For templates: the name of what a code of a receiver stands for."""
    return {"receiver": partial(receiver, request.services.configuration)}


def _reason(code: str | None) -> Mapping[str, str] | None:
    """The words of a reason of a delivery; the code itself where it has none."""
    return words.reason(code or "")


def _desk(request: Request) -> RelayDesk:
    desk = request.services.relay_desk
    if desk is None:
        raise RelayUnavailable
    return desk


def _place(text: str, most: int = 18) -> int:
    if not text:
        return 2**62
    if not (text.isascii() and text.isdigit() and len(text) <= most and int(text) > 0):
        raise BadRequest(say.QUERY_NUMBER(name="after"))
    return int(text)


# ---------------------------------------------------------------------------------------------- reconciliation


async def reconciliation(request: Request, visit: Visit) -> Shown:
    """`GET /ops/reconciliation`."""
    answer = await _desk(request).reconciliations.show(visit.caller)
    return Shown(
        template="ops/reconciliation", title=("Đối soát", "Reconciliation"), answer=answer,
        values={"states": words.RUN_STATES, "statuses": STATUSES, "facts": words.FACTS,
                "portals": list(_desk(request).reconciliations.reconciler.portals), **_receivers(request)},
    )  # fmt: skip


async def mend_form(request: Request, visit: Visit) -> Shown:
    """`GET /ops/reconciliation/mend?portal=`: what a run will do, before it begins."""
    portal, runs = visit.form.get("portal", ""), await _desk(request).reconciliations.show(visit.caller)
    if portal not in _desk(request).reconciliations.reconciler.portals:
        raise NotFound(
            say.NO_SUCH_PORTAL(known=", ".join(_desk(request).reconciliations.reconciler.portals) or "-")
        )
    found: Any = runs["runs"]
    last = next((run for run in found if run["portal"] == portal), None)
    days = _desk(request).reconciliations.reconciler.days
    return Shown(
        template="ops/mend", title=("Đối soát và sửa lệch", "Compare and mend"),
        answer={"portal": portal, "last": last, "days": days, "remedies": runs["remedies"]},
        values=_receivers(request),
    )  # fmt: skip


async def mend(request: Request, visit: Visit) -> Leaving:
    """`POST /ops/reconciliation/mend`: begin a run; `apply` mends. Raises NotFound, Conflict."""
    apply = visit.form.get("apply", "") == "yes"
    order = ReconcileOrder(visit.form.get("portal", "-"), None, None, apply, accept_wave=False)
    await _desk(request).reconciliations.begin(visit.caller, order)
    return Leaving(url="/ops/reconciliation")


# ------------------------------------------------------------------------------------------------------ logins


async def sessions(request: Request, _visit: Visit) -> Shown:
    """`GET /ops/sessions`: logins of this process, counted; nobody's session is shown."""
    steps = operation_of(request).metrics.login_steps
    rows = [
        {"step": step, "reason": reason or None, "count": count}
        for (step, reason), count in sorted(steps.items(), key=lambda one: (-one[1], one[0]))
    ]
    living = (
        None if request.services.sign_in is None else await request.services.sign_in.broker.sessions.count()
    )
    return Shown(
        template="ops/sessions", title=("Phiên đăng nhập", "Sessions"),
        answer={"process": os.getpid(), "living": living, "steps": rows,
                "streams": operation_of(request).streams.count},
        values={"steps": {**EVENTS, **STEPS}, "reasons": {one.value: (one.vi, one.en) for one in LoginReason}},
    )  # fmt: skip


# ----------------------------------------------------------------------------------------------- configuration


async def configuration(request: Request, visit: Visit) -> Shown:
    """`GET /ops/configuration`: the one in force, then the history."""
    operation, loaded = operation_of(request), request.services.loaded
    before = None if not visit.form.get("after") else _place(visit.form["after"])
    found = await history(operation.reader, before, _HISTORY + 1)
    rows = [
        _past(one, found[place + 1] if place + 1 < len(found) else None) for place, one in enumerate(found)
    ]
    following = found[_HISTORY - 1].leaf_index if len(found) > _HISTORY else None
    return Shown(
        template="ops/configuration", title=("Cấu hình", "Configuration"),
        answer={
            "digest": "" if loaded is None else loaded.digest, "refused": list(loaded.refused) if loaded else [],
            "history": rows[:_HISTORY], "next": following,
        },
        values={"parts": NOTES, "is_first": before is None},
    )  # fmt: skip


def _past(one: PastConfiguration, before: PastConfiguration | None) -> dict[str, Any]:
    return {
        "leaf_index": one.leaf_index, "exchange_id": one.exchange, "time": one.time, "event": one.event,
        "digest": one.digest, "version": one.version, "changed": one.changed(before) if before is not None else None,
        "before": before.digest if before is not None and before.digest != one.digest else None,
    }  # fmt: skip


async def changes(request: Request, visit: Visit) -> Shown:
    """`GET /ops/configuration/changes?before=&after=`: two digests. Raises BadRequest."""
    names = {name: visit.form.get(name, "").strip() for name in ("before", "after")}
    for name, digest in names.items():
        if not _DIGEST.fullmatch(digest):
            raise BadRequest(say.QUERY_WORD(name=name, words="SHA-256"))
    texts = operation_of(request).configuration_texts
    old, new = [await asyncio.to_thread(texts.find, digest) for digest in names.values()]
    missing = [digest for digest, one in zip(names.values(), (old, new), strict=True) if one is None]
    files = await asyncio.to_thread(_compared, old, new)
    return Shown(
        template="ops/changes", title=("Cấu hình thay đổi gì", "What changed in the configuration"),
        answer={**names, "missing": missing, "files": files},
    )  # fmt: skip


def _compared(old: KeptConfiguration | None, new: KeptConfiguration | None) -> list[dict[str, Any]] | None:
    """None where a text is missing."""
    if old is None or new is None:
        return None
    return [
        {
            "file": one.file,
            "state": one.state,
            "lines": [{"kind": line.kind, "line": line.line} for line in one.lines],
        }
        for one in differences(old, new)
    ]


# ---------------------------------------------------------------------------------------------------- coverage


async def coverage(request: Request, visit: Visit) -> Shown:
    """`GET /ops/coverage?requester=&procedure=`: all procedures of a requester, or the fields of one."""
    name, rows = await _covered(request, visit)
    wanted = visit.form.get("procedure", "")
    chosen = [one for one in rows if wanted in {"", one.procedure}]
    if not chosen:
        raise NotFound(say.NO_PROCEDURE(procedure=""))
    settings = request.services.configuration
    return Shown(
        template="ops/procedure" if wanted else "ops/coverage",
        title=("Độ phủ", "Coverage"),
        answer={"requester": name, "procedures": [one.plain() for one in chosen]},
        values={
            "requesters": {one: settings.requesters[one].title for one in operation_of(request).coverage.requesters},
            "sources": {one: item.title for one, item in settings.sources.items()},
            "gives": {one.procedure: _gives(one) for one in chosen}, "called": RuleTitles(door_of(request).titles),
        },
    )  # fmt: skip


async def coverage_csv(request: Request, visit: Visit) -> Response:
    """`GET /ops/coverage.csv?requester=`: one line a field."""
    name, rows = await _covered(request, visit)
    head = "requester procedure field title state sources rule why remedy_vi remedy".split()
    lines = [
        csv_line((name, one.procedure, row.field, row.title, row.state, " ".join(row.sources), row.rule,
                  row.why or "", row.remedy_vi or "", row.remedy or ""))
        for one in rows
        for row in one.fields
    ]  # fmt: skip
    file = {"Content-Disposition": f'attachment; filename="coverage-{name}.csv"'}
    return Response(b"\xef\xbb\xbf" + csv_line(head) + b"".join(lines), _CSV, headers=file)


async def _covered(request: Request, visit: Visit) -> tuple[str, list[ProcedureCoverage]]:
    """The map of the wanted requester, else of the first one. Raises NotFound."""
    known = operation_of(request).coverage
    name = visit.form.get("requester", "") or next(iter(known.requesters), "")
    if name not in known.requesters:
        raise NotFound(say.NO_SUCH_REQUESTER)
    return name, list(await asyncio.to_thread(known.of, name, request.services.clock.now()))


def _gives(one: ProcedureCoverage) -> dict[str, int]:
    """Source -> how many fields it fills first."""
    found: dict[str, int] = {}
    for row in one.fields:
        if row.state is not FieldCoverage.NEVER and row.sources:
            found[row.sources[0]] = found.get(row.sources[0], 0) + 1
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


async def minimisation(request: Request, _visit: Visit) -> Shown:
    """`GET /ops/minimisation`."""
    services, day = request.services, legal_day(request.services.clock.now())
    report = await asyncio.to_thread(minimised, services.configuration, services.catalogue, day)
    return Shown(
        template="ops/minimisation", title=("Tối thiểu dữ liệu", "Minimisation"),
        answer={"day": day.isoformat(), **report.plain()},
        values={
            "procedures": {code: one.mapping.title for code, one in services.catalogue.procedures.items()},
            "asker": door_of(request).titles.requester, "called": RuleTitles(door_of(request).titles),
        },
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------- lines


async def lines(request: Request, visit: Visit) -> Shown:
    """`GET /ops/tail`: the newest lines of this process, the newest first."""
    wanted = filter_of(visit.form)
    found, newest = newest_lines(wanted, _LINES)
    return Shown(
        template="ops/tail", title=("Dòng nhật ký", "Tail"),
        answer={"process": os.getpid(), "at": rfc3339(request.services.clock.now()), "lines": found[::-1]},
        values={"wanted": wanted, "after": place_of(operation_of(request), newest), "most": _MOST_LINES,
                "columns": COLUMNS, "cells_of_line": cells_of_line,
                "requesters": dict(sorted(request.services.configuration.requesters.items()))},
        assets=("ops.js",),
    )  # fmt: skip


_OPERATOR = PageRole.OPERATOR

ROUTES: tuple[PageRoute, ...] = (
    PageRoute("GET", "/ops", overview, _OPERATOR, nav="Cần chú ý · Needs attention"),
    PageRoute("GET", "/ops/sources", sources, _OPERATOR, nav="Nguồn · Sources"),
    PageRoute("GET", "/ops/sources/mute", mute_form, _OPERATOR, step_up=True),
    PageRoute("POST", "/ops/sources/mute", mute, _OPERATOR, step_up=True),
    PageRoute("GET", "/ops/sources/try", trial_form, _OPERATOR, step_up=True),
    PageRoute("POST", "/ops/sources/try", trial, _OPERATOR, step_up=True),
    PageRoute("GET", "/ops/events", source_events, _OPERATOR),
    PageRoute("GET", "/ops/deliveries", deliveries, _OPERATOR, nav="Giao nhận · Deliveries"),
    PageRoute("POST", "/ops/deliveries/find", deliveries, _OPERATOR),
    PageRoute("GET", "/ops/deliveries/{delivery}", delivery, _OPERATOR),
    PageRoute("GET", "/ops/deliveries/{delivery}/replay", replay_form, _OPERATOR, step_up=True),
    PageRoute("POST", "/ops/deliveries/{delivery}/replay", replay, _OPERATOR, step_up=True),
    PageRoute("GET", "/ops/deliveries/{delivery}/drop", drop_form, _OPERATOR, step_up=True),
    PageRoute("POST", "/ops/deliveries/{delivery}/drop", drop, _OPERATOR, step_up=True),
    PageRoute("GET", "/ops/reconciliation", reconciliation, _OPERATOR, nav="Đối soát · Reconciliation"),
    PageRoute("GET", "/ops/reconciliation/mend", mend_form, _OPERATOR, step_up=True),
    PageRoute("POST", "/ops/reconciliation/mend", mend, _OPERATOR, step_up=True),
    PageRoute("GET", "/ops/requests", requests, _OPERATOR, nav="Yêu cầu · Requests"),
    PageRoute("GET", "/ops/sessions", sessions, _OPERATOR, nav="Phiên · Sessions"),
    PageRoute("GET", "/ops/configuration", configuration, _OPERATOR, nav="Cấu hình · Configuration"),
    PageRoute("GET", "/ops/configuration/changes", changes, _OPERATOR),
    PageRoute("GET", "/ops/coverage", coverage, _OPERATOR, nav="Độ phủ · Coverage"),
    PageRoute("GET", "/ops/coverage.csv", coverage_csv, _OPERATOR),
    PageRoute("GET", "/ops/minimisation", minimisation, _OPERATOR, nav="Tối thiểu dữ liệu · Minimisation"),
    PageRoute("GET", "/ops/tail", lines, _OPERATOR, nav="Dòng nhật ký · Tail"),
    PageRoute("GET", "/ops/tail/events", line_events, _OPERATOR),
)
