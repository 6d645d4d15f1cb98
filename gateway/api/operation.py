"""Operation: liveness, readiness, states of sources, reason codes."""

import asyncio
from datetime import datetime
from typing import Any

from gateway.api.context import Citizens, Loaded, Services
from gateway.api.request import Request
from gateway.api.response import Response, answer
from gateway.domain.dates import rfc3339
from gateway.domain.errors import ConsentsUnavailable, LogRolledBack, LogUnavailable, NotAnchored
from gateway.domain.evidence import AnswerFault
from gateway.domain.reasons import Reason
from gateway.ports.exchange_log import ExchangeLog
from gateway.ports.sources import SourceState

#: how long a probe waits for counts of the database
_PROBE_SECONDS = 1.0


async def live(_request: Request) -> Response:
    """`GET /health/live`: the process answers."""
    return answer({"status": "live"})


async def ready(request: Request) -> Response:
    """`GET /health/ready`: 503 while the exchange log cannot be written; a silent source does not change it.

    `exchange_log_fault`: the reason, with a remedy.
    While prefills are refused, `code` says by which problem: `log_unavailable` and `log_rolled_back` (503, nothing is
    recorded), or `log_not_anchored` and `log_not_signed`, which are 200 because auditors are served as before.
    `sequencer` is `stuck` when no record gets its place until somebody mends the log, and `lagging` when a receipt
    could not be redeemed within ten seconds: nothing is lost, it comes later.
    `anchors`: the state of each; while one is `refusing`, the gateway refuses new prefills only.
    `subject_requests` is `overdue` while one was due before today.
    `configuration` is `stale` while a newer one is faulty (F33); `refused` lists its faults.
    `records` is `altered` when the inspection found something in the log's database that is not as it was signed,
    and `unavailable` while it cannot look, because the database cannot be read. It is `quarantined` while rows that no
    gateway wrote are in the database: they got no place; `motlan log quarantine` lists them.
    """
    body, status = await health(request.services)
    return answer(body, status)


async def health(services: Services) -> tuple[dict[str, object], int]:
    """The answer of `ready`, and its status."""
    log = await services.recorder.log.ready()
    sources = {
        name: "available" if source.state().breaker != "open" else "paused"
        for name, source in services.sources.items()
    }
    dependencies: dict[str, object] = {
        "exchange_log": "ready" if log else "unavailable",
        **_fault(services.recorder.log),
    }
    if services.audit is not None:
        dependencies["sequencer"] = await services.audit.watch.state()
        dependencies["records"] = services.audit.watch.records
    if services.citizens is not None:
        dependencies["subject_requests"] = await _demands(services.citizens)
    if services.loaded is not None:
        dependencies["configuration"] = _configuration(services.loaded)
    if services.anchors is not None and (anchors := services.anchors.shown()):
        dependencies["anchors"] = anchors
    status = _status(services, log=log)
    http = 503 if status["status"] == "not_ready" else 200
    return {**status, "dependencies": {**dependencies, "sources": sources}}, http


def _status(services: Services, *, log: bool) -> dict[str, object]:
    """Whether this process answers prefills, else the problem code of its refusals."""
    stuck = services.audit.watch.stuck if services.audit is not None else None
    if isinstance(stuck, LogRolledBack):
        return {"status": "not_ready", "code": stuck.code}
    if not log:
        return {"status": "not_ready", "code": LogUnavailable.code}
    if stuck is not None:
        return {"status": "refusing", "code": stuck.code}
    if services.anchors is not None and services.anchors.refusing:
        return {"status": "refusing", "code": NotAnchored.code}
    return {"status": "ready"}


def _fault(log: ExchangeLog) -> dict[str, object]:
    why = log.fault
    return {} if why is None else {"exchange_log_fault": {"detail": why.en, "detail_vi": why.vi}}


async def _demands(citizens: Citizens) -> dict[str, object]:
    """The number of overdue requests of data subjects; it does not change readiness."""
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            late = await citizens.subject_requests.overdue()
    except (ConsentsUnavailable, TimeoutError):
        return {"state": "unavailable"}
    return {"state": "overdue" if late else "ready", "overdue": late}


def _configuration(loaded: Loaded) -> dict[str, object]:
    refused = {"refused": list(loaded.refused)} if loaded.refused else {}
    return {"state": "stale" if loaded.refused else "ready", "digest": loaded.digest, **refused}


async def sources(request: Request) -> Response:
    """`GET /v1/sources`: state, breaker, latency quantiles, last answer, cause of the last that was not taken."""
    return answer({"sources": source_states(request.services)})


def source_states(services: Services) -> list[dict[str, Any]]:
    """Every source as `GET /v1/sources` shows it."""
    settings = services.configuration.sources
    return [
        {
            "source": name,
            "title": settings[name].title.vi,
            "title_en": settings[name].title.en,
            "provider": settings[name].provider,
            "sandbox": services.configuration.gateway.profile == "sandbox",
            "mark": settings[name].mark,
            "draft": settings[name].is_draft,
            "data_services": sorted(key for key, item in settings[name].services.items() if item.enabled),
            "marks": {
                key: services.catalogue.services[name][key].mark
                for key, item in sorted(settings[name].services.items())
                if item.enabled
            },
            **_state(source.state()),
        }
        for name, source in sorted(services.sources.items())
    ]


def _state(state: SourceState) -> dict[str, object]:
    last, fault = state.last_outcome, state.last_fault
    words = {"closed": "available", "half_open": "probing", "open": "paused"}
    return {
        "state": words.get(state.breaker, state.breaker),
        "breaker": state.breaker,
        "latency_ms": {name: round(value, 1) for name, value in state.latency_ms.items()},
        "last": None
        if last is None
        else {"outcome": last[0], "at": last[1].isoformat().replace("+00:00", "Z")},
        "fault": None if fault is None else _cause(*fault),
    }


def _cause(fault: AnswerFault, at: datetime) -> dict[str, object]:
    """Why an answer was not taken: codes and words of the configuration."""
    (title, title_en), (remedy, remedy_en) = fault.explained
    places = {
        "attribute": fault.attribute,
        "path": fault.path,
        "transform": fault.transform,
        "status": fault.status,
        "fault": fault.provider_code,
        "step": fault.step,
    }
    known = {name: word for name, word in places.items() if word}
    words = {"title": title, "title_en": title_en, "remedy": remedy, "remedy_en": remedy_en}
    return {"code": fault.code, **words, "at": rfc3339(at), **known}


async def reasons(_request: Request) -> Response:
    """`GET /v1/reasons`: the closed list of reason codes."""
    body = [{"code": one, "title": one.vi, "title_vi": one.vi, "title_en": one.en} for one in Reason]
    return answer({"reasons": body})
