"""Prefill over HTTP: bytes to the use case and back; late answers as JSON or as server-sent events (HTML, 9.2)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson
from aiohttp import web

from gateway.api.bodies import read_json_bytes, read_model
from gateway.api.models import DecisionBody, ResumeBody
from gateway.api.prefill_body import official_of, prefill_body, representative_of, subjects
from gateway.api.problems import problem_body
from gateway.api.procedures import find
from gateway.api.refusals import record_refusal
from gateway.api.request import Request
from gateway.api.response import Response, answer, begin_stream
from gateway.api.signing import proof_of
from gateway.domain.errors import GatewayError, LogNotSigned, NotAnchored, NotFound, Unprocessable
from gateway.domain.login import Login
from gateway.prefill.preview import CitizenDecision
from gateway.prefill.request import PrefillRequest
from gateway.prefill.signed_in import Participants, with_login

_HEARTBEAT_SECONDS = 10
_FIRST_EVENT_SECONDS = 0.1


async def fill(request: Request) -> Response:
    """`POST /v1/prefill`."""
    services = request.services
    depth = services.configuration.gateway.limits.json_depth
    body = prefill_body(await read_json_bytes(request), depth)
    wanted = await prefill_request(request, body)
    until = deadline(request, body.get("deadline_ms"))
    return answer(await services.prefill.fill(wanted, request.requester, request.exchange, until))


async def explain(request: Request) -> Response:
    """`POST /v1/explain`: the decision of `fill`, with reasons. Works while anchors refuse: no value leaves."""
    services = request.services
    depth = services.configuration.gateway.limits.json_depth
    body = prefill_body(await read_json_bytes(request), depth)
    wanted = await prefill_request(request, body, releases=False)
    return answer(await services.prefill.explain(wanted, request.requester, request.exchange))


async def prefill_request(
    request: Request, body: Mapping[str, Any], login: Login | None = None, *, releases: bool = True
) -> PrefillRequest:
    """The request in a checked body. `login`: of a session at pages of this gateway, where the body forwards none.

    Raises NotFound (procedure) and, where values would leave, LogNotSigned and NotAnchored, which are recorded;
    Unprocessable (subjects, login), LoginsUnavailable.
    """
    services, given = request.services, body.get
    try:
        if releases:
            services.demand()
        procedure = find(services.catalogue, body["procedure"])
    except (LogNotSigned, NotAnchored, NotFound) as denial:
        await _note_refused(request, body, denial)
        raise
    people = Participants(
        subjects(body["subjects"], procedure.roles, services.catalogue.identifiers),
        representative_of(given("representative")),
        given("mandate"),
        given("account") or {},
    )
    if (forwarded := given("login")) is not None:
        login = await forwarded_login(request, forwarded, procedure.code, given("dossier") or "")
    if login is not None:
        people = with_login(people, login, procedure)
    agency = services.access.requesters.agency(request.requester)
    official = official_of(given("official"), agency)
    fields = given("fields")
    return PrefillRequest(
        procedure=procedure.code,
        subjects=people.subjects,
        official=official,
        agency=official.agency if official is not None else agency,
        dossier=given("dossier"),
        purpose=given("purpose"),
        account=people.account,
        login=login,
        fields=None if fields is None else tuple(fields),
        known=given("known") or {},
        held=given("held") or {},
        preview=given("preview", False),
        signed=given("passport") == "sd-jwt",
        issuer=request.issuer,
        proof=proof_of(request),
        consent=given("consent"),
        mandate=people.mandate,
        representative=people.representative,
    )


async def forwarded_login(request: Request, given: str, procedure: str = "", dossier: str = "") -> Login:
    """The person who signed in. Raises Unprocessable (recorded), LoginsUnavailable."""
    try:
        return await request.services.logins.proven(given, request.requester.id)
    except Unprocessable as denial:
        await record_refusal(request, denial.problem_code, procedure=procedure, dossier=dossier)
        raise


async def decide(request: Request) -> Response:
    """`POST /v1/prefill/decision`."""
    body = await read_model(request, DecisionBody)
    decided = CitizenDecision(tuple(body.accepted), tuple(body.refused), proof_of(request))
    done = await request.services.prefill.decide(body.exchange_id, decided, request.requester)
    return answer(done)


async def resume(request: Request) -> Response | web.StreamResponse:
    """`POST /v1/prefill/resume`."""
    services = request.services
    body = await read_model(request, ResumeBody)
    if "text/event-stream" in request.headers.get("Accept", ""):
        return await send_late(request, services.prefill.events(body.pending, request.requester))
    return answer(await services.prefill.resume(body.pending, request.requester, deadline(request, None)))


async def _note_refused(request: Request, body: Mapping[str, Any], denial: GatewayError) -> None:
    """A denial is a record too; LogUnavailable when it cannot be kept. A procedure that is none stays out of it."""
    known = request.services.catalogue.find(body["procedure"])
    procedure, dossier = known.code if known else "", body.get("dossier") or ""
    await record_refusal(request, denial.problem_code, procedure=procedure, dossier=dossier)


def deadline(request: Request, wanted_ms: int | None) -> float:
    """The deadline for sources (loop time)."""
    times = request.services.configuration.gateway.prefill
    milliseconds = min(wanted_ms or times.deadline_ms, times.max_deadline_ms)
    return asyncio.get_running_loop().time() + milliseconds / 1000


async def send_late(request: Request, events: AsyncIterator[Mapping[str, object]]) -> web.StreamResponse:
    """`event: late` per late answer, `event: end` when nothing more will come, `event: error` when that is not known.

    Errors before the first event are problems.
    """
    nxt: asyncio.Future[Mapping[str, object]] = asyncio.ensure_future(anext(events))
    try:
        await asyncio.wait([nxt], timeout=_FIRST_EVENT_SECONDS)
        if nxt.done() and not isinstance(nxt.exception(), StopAsyncIteration | None):
            nxt.result()
        stream = await begin_stream(request, "text/event-stream; charset=utf-8")
        while True:
            await asyncio.wait([nxt], timeout=_HEARTBEAT_SECONDS)
            if not nxt.done():
                await stream.write(b": waiting\n\n")
                continue
            if (broken := nxt.exception()) is not None:
                break
            await stream.write(b"event: late\ndata: " + orjson.dumps(nxt.result()) + b"\n\n")
            nxt = asyncio.ensure_future(anext(events))
        ended = b"event: end\ndata: {}\n\n"
        if not isinstance(broken, StopAsyncIteration):
            fault = broken if isinstance(broken, GatewayError) else GatewayError()
            ended = b"event: error\ndata: " + problem_body(fault, request.exchange) + b"\n\n"
        await stream.write(ended)
        await stream.write_eof()
        return stream
    finally:
        nxt.cancel()
