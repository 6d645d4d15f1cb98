"""Prefill over HTTP: bytes to the use case and back; late answers as JSON or as server-sent events (HTML, 9.2)."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import orjson
from aiohttp import web

from gateway.api.bodies import read_model
from gateway.api.models import (
    DecisionBody,
    OneBody,
    OrganisationBody,
    ParcelBody,
    PersonBody,
    PredicatesBody,
    PrefillBody,
    ResumeBody,
    SameAsBody,
)
from gateway.api.operation import answer
from gateway.api.problems import pointer, problem_body
from gateway.api.procedures import find
from gateway.api.request import Request
from gateway.api.response import Response, begin_stream
from gateway.api.signing import proof_of
from gateway.domain.dates import PartialDate, rfc3339
from gateway.domain.errors import GatewayError, LogNotSigned, NotAnchored, NotFound, Unprocessable
from gateway.domain.exchange import ExchangeRecord, Phase
from gateway.domain.identifiers import birth_year_of
from gateway.domain.parties import Official, Subject, SubjectKind
from gateway.mapping.model import Role
from gateway.prefill.preview import Decided
from gateway.prefill.request import PrefillRequest

_HEARTBEAT_SECONDS = 10
_FIRST_EVENT_SECONDS = 0.1
_BORN_AFTER = 2199
#: of all roles together
_MAX_SUBJECTS = 40

#: where a subject stands in the body: `subjects`, its role, its place in a list, a member of it
_Place = tuple[str | int, ...]


async def fill(request: Request) -> Response:
    """`POST /v1/prefill`."""
    services = request.services
    body = await read_model(request, PrefillBody)
    try:
        services.demand()
        wanted = _wanted(request, body)
    except (LogNotSigned, NotAnchored, NotFound) as denial:
        await _note(request, body, denial)
        raise
    exchange = request.exchange
    done = await services.prefill.fill(
        wanted, request.requester, exchange, deadline(request, body.deadline_ms)
    )
    return answer(done)


async def explain(request: Request) -> Response:
    """`POST /v1/explain`: what `fill` would decide, and why. Goes on while anchors refuse: nothing leaves."""
    body = await read_model(request, PrefillBody)
    exchange = request.exchange
    try:
        wanted = _wanted(request, body)
    except NotFound as denial:
        await _note(request, body, denial)
        raise
    return answer(await request.services.prefill.explain(wanted, request.requester, exchange))


def _wanted(request: Request, body: PrefillBody) -> PrefillRequest:
    services = request.services
    procedure = find(services.catalogue, body.procedure)
    agency = services.requesters.agency(request.requester)
    return PrefillRequest(
        procedure=procedure.code,
        subjects=subjects(body, procedure.roles),
        official=official_of(body, agency),
        agency=(body.official and body.official.agency) or agency,
        dossier=body.dossier,
        purpose=body.purpose,
        account=body.account or {},
        fields=None if body.fields is None else tuple(body.fields),
        known=body.known or {},
        preview=body.preview,
        signed=body.passport == "sd-jwt",
        issuer=request.issuer,
        proof=proof_of(request),
        consent=body.consent,
        mandate=body.mandate,
    )


async def decide(request: Request) -> Response:
    """`POST /v1/prefill/decision`."""
    body = await read_model(request, DecisionBody)
    decided = Decided(tuple(body.accepted), tuple(body.refused), proof_of(request))
    done = await request.services.prefill.decide(body.exchange_id, decided, request.requester)
    return answer(done)


async def resume(request: Request) -> Response | web.StreamResponse:
    """`POST /v1/prefill/resume`."""
    services = request.services
    body = await read_model(request, ResumeBody)
    if "text/event-stream" in request.headers.get("Accept", ""):
        return await _stream(request, services.prefill.events(body.pending, request.requester))
    return answer(await services.prefill.resume(body.pending, request.requester, deadline(request, None)))


async def _note(request: Request, body: PrefillBody, denial: GatewayError) -> None:
    """A denial is a record too; LogUnavailable when it cannot be kept. A procedure that is none stays out of it."""
    services = request.services
    known = services.catalogue.find(body.procedure)
    record = ExchangeRecord(
        exchange=request.exchange, phase=Phase.REFUSAL, time=rfc3339(services.clock.now()),
        requester=request.requester.id, agency=services.requesters.agency(request.requester),
        procedure=known.code if known else "", dossier=body.dossier or "", result=denial.problem_code,
    )  # fmt: skip
    await services.log.append(record)


def subjects(body: PrefillBody, roles: Mapping[str, Role]) -> dict[str, Subject | str]:
    """Role -> subject, or the name of the role that it is the same as; whether that fits is the service's to say.

    The subjects of a list stand as `<role>#1`, `<role>#2` and so on.
    """
    found: dict[str, Subject | str] = {}
    for name, given in body.subjects.items():
        role = roles.get(name)
        if not isinstance(given, list):
            found[name] = _one(("subjects", name), given, role)
        elif role is not None and not role.many:
            raise _fault(("subjects", name), "this role takes one subject, not a list", "list_not_possible")
        else:
            found |= {
                f"{name}#{at + 1}": _one(("subjects", name, at), one, role) for at, one in enumerate(given)
            }
        if len(found) > _MAX_SUBJECTS:
            what = f"give at most {_MAX_SUBJECTS} subjects in all roles together"
            raise _fault(("subjects", name), what, "too_many_subjects")
    return found


def _one(place: _Place, given: OneBody, role: Role | None) -> Subject | str:
    return given.same_as if isinstance(given, SameAsBody) else subject_of(place, given, role)


def subject_of(
    place: _Place, given: PersonBody | OrganisationBody | ParcelBody, role: Role | None
) -> Subject:
    """The subject of a body; `place` is where it stands there."""
    possible = _kinds(given)
    kind = next((kind for kind in possible if role is not None and kind in role.kind), possible[-1])
    match given:
        case PersonBody():
            birth = PartialDate.parse(given.birth_date) if given.birth_date else None
            _check_person(place, given, kind)
            return Subject(
                kind=kind,
                personal_id=given.personal_id,
                old_id=given.old_id,
                passport=given.passport,
                full_name=given.full_name,
                birth_date=birth,
            )
        case OrganisationBody():
            return Subject(
                kind=kind,
                tax_code=given.tax_code,
                registration_no=given.registration_no,
                number=given.number,
                full_name=given.full_name,
            )
        case ParcelBody():
            return Subject(kind=kind, commune=given.commune, sheet=given.sheet, number=given.number)


def _kinds(given: PersonBody | OrganisationBody | ParcelBody) -> tuple[SubjectKind, ...]:
    match given:
        case PersonBody():
            numbered = given.personal_id or given.old_id or given.passport
            return (SubjectKind.PERSON,) if numbered else (SubjectKind.NEWBORN, SubjectKind.PERSON)
        case OrganisationBody():
            return (
                (SubjectKind.ORGANISATION,)
                if given.tax_code
                else (SubjectKind.VEHICLE, SubjectKind.ORGANISATION)
            )
        case ParcelBody():
            return (SubjectKind.PARCEL,)


def _check_person(place: _Place, given: PersonBody, kind: SubjectKind) -> None:
    if kind is SubjectKind.PERSON and not (given.personal_id or given.old_id or given.passport):
        raise _fault(place, "give personal_id, old_id or passport", "identifier_missing")
    if given.personal_id and birth_year_of(given.personal_id) > _BORN_AFTER:
        raise _fault((*place, "personal_id"), "the number cannot exist", "value_not_possible")


def _fault(place: _Place, why: str, code: str) -> Unprocessable:
    where = pointer(place)
    return Unprocessable(f"{where}: {why}", errors=[{"pointer": where, "code": code, "detail": why}])


def official_of(body: PrefillBody | PredicatesBody, agency: str) -> Official | None:
    """The official that the request names; his agency, where it says none, is the requester's."""
    given = body.official
    if given is None:
        return None
    return Official(
        personal_id=given.personal_id,
        agency=given.agency or agency,
        account=given.account or "",
        full_name=given.full_name or "",
    )


def deadline(request: Request, wanted_ms: int | None) -> float:
    """The moment (loop time) until which sources are waited for."""
    times = request.services.configuration.gateway.prefill
    milliseconds = min(wanted_ms or times.deadline_ms, times.max_deadline_ms)
    return asyncio.get_running_loop().time() + milliseconds / 1000


async def _stream(request: Request, events: AsyncIterator[dict[str, object]]) -> web.StreamResponse:
    """`event: late` per late answer, `event: end` when nothing more will come, `event: error` when that is not known.

    Errors before the first event are problems.
    """
    nxt: asyncio.Future[dict[str, object]] = asyncio.ensure_future(anext(events))
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
