"""Dossiers over HTTP: taken in, looked up, pulled by provincial systems."""

from collections.abc import Callable, Iterator, Sequence

import orjson

from gateway.api import prefill
from gateway.api.bodies import read_model
from gateway.api.citizens import idempotency_key
from gateway.api.dispatcher import demand
from gateway.api.dossier_models import (
    DossierBody,
    DossierSearchBody,
    DossierStatusBody,
    EvidenceBody,
    InboxAckBody,
    OwnerBody,
    ProgressBody,
)
from gateway.api.procedures import find
from gateway.api.refusals import record_refusal
from gateway.api.request import Request
from gateway.api.response import Response, answer
from gateway.domain import sentences as say
from gateway.domain.dossier import Dossier, DossierPaper, IdKind, Result
from gateway.domain.errors import BadRequest, FilesUnavailable, RelayUnavailable, fault_at, fault_in
from gateway.domain.identifiers import is_dossier_code, procedure_code
from gateway.domain.parties import Subject
from gateway.domain.problems import ProblemCode
from gateway.mapping.reused import ReuseWarning, check_reused
from gateway.mapping.transforms import same_words
from gateway.ports.relay import DossierSearch
from gateway.prefill.signed_in import signed_in
from gateway.relay.contents import subject_of
from gateway.relay.owner import owner_of
from gateway.relay.service import DossierRelay
from gateway.relay.unknown import recording_unknown_dossier, recording_unknown_items
from gateway.relay.writable import FilingWarning, blank_in

_ACCEPTED = 202
_MOST_ITEMS = 100


async def post(request: Request) -> Response:
    """`POST /v1/dossiers`."""
    body = await read_model(request, DossierBody)
    dossier = _verified(body)

    async def check() -> None:
        await _check_login(request, body)
        await _check_files(request, dossier)

    key = idempotency_key(request.fields("Idempotency-Key"))
    taken = await relay_of(request).post(dossier, request.caller, key, check)
    return answer({**taken, "warnings": _warnings(request, dossier)}, _ACCEPTED)


def _verified(body: DossierBody) -> DossierBody:
    """The dossier without its login: as it is stored, once `_check_login` was done."""
    if body.login is None:
        return body
    return body.model_copy(
        update={"login": None, "applicant": body.applicant.model_copy(update={"verified": True})}
    )


async def _check_login(request: Request, body: DossierBody) -> None:
    """Raises Unprocessable for a login that is not the owner's, LoginsUnavailable."""
    if body.login is None:
        return
    login = await prefill.forwarded_login(request, body.login, body.procedure, body.code)
    owner = signed_in(login) if login.mandate is None else login.mandate.represented
    if not _is_owner(body, owner):
        await record_refusal(request, ProblemCode.LOGIN_DIFFERS, procedure=body.procedure, dossier=body.code)
        raise fault_at("/login", say.LOGIN_NOT_OF_OWNER, ProblemCode.LOGIN_DIFFERS)


def _is_owner(body: DossierBody, owner: Subject) -> bool:
    """Whether all numbers of the applicant, and the name, are those of a proven party: none may be another's."""
    proven = {
        IdKind.PERSONAL_ID: owner.personal_id, IdKind.OLD_ID: owner.old_id, IdKind.TAX_CODE: owner.tax_code,
        IdKind.PASSPORT: owner.passport,
    }  # fmt: skip
    applicant = body.applicant
    names = [one for one in (applicant.name, owner.full_name) if one]
    return (
        bool(applicant.ids)
        and all(proven[one.kind] == one.number for one in applicant.ids)
        and len({same_words(one) for one in names}) <= 1
    )


async def _check_files(request: Request, dossier: Dossier) -> None:
    """Raises Unprocessable for a file that this requester neither sent nor was given."""
    for place, reference in _files_of(dossier):
        await _check_file(request, place, reference)


async def _check_file(request: Request, place: str, reference: str) -> None:
    """Raises Unprocessable for a file that is not this requester's: its digest opens nothing."""
    files = request.services.files
    if files is None:
        raise FilesUnavailable
    if not await files.is_usable(reference.removeprefix("sha256:"), request.caller):
        raise fault_at(place, say.FILE_NOT_HERE, ProblemCode.FILE_UNKNOWN)


def _files_of(dossier: Dossier) -> Iterator[tuple[str, str]]:
    """Place and reference of each file of this gateway."""
    lists: dict[str, Sequence[DossierPaper | Result]] = {
        "/papers": dossier.papers,
        "/results": dossier.results,
    }
    lists |= {f"/supplements/{place}/papers": one.papers for place, one in enumerate(dossier.supplements)}
    for where, many in lists.items():
        for place, one in enumerate(many):
            if one.file:
                yield f"{where}/{place}/file", one.file


async def progress(request: Request) -> Response:
    """`POST /v1/dossiers/progress`."""
    body = await read_model(request, ProgressBody)
    for place, entry in enumerate(body.entries):
        for number, paper in enumerate(entry.papers):
            if paper.file:
                await _check_file(request, f"/entries/{place}/papers/{number}/file", paper.file)
    key = idempotency_key(request.fields("Idempotency-Key"))
    relay, caller, codes = relay_of(request), request.caller, [one.dossier for one in body.entries]
    async with recording_unknown_dossier(relay, caller, "progress", list(dict.fromkeys(codes))):
        taken = await relay.progress(body.entries, caller, key)
    return answer(taken, _ACCEPTED)


async def one(request: Request) -> Response:
    """`GET /v1/dossiers/{code}`."""
    return answer(await relay_of(request).lookups.show(request.parameters["code"], request.caller))


async def search(request: Request) -> Response:
    """`POST /v1/dossiers/search`."""
    body = await read_model(request, DossierSearchBody)
    wanted = DossierSearch(
        code=body.code or "", status=body.status or "", procedure=body.procedure or "",
        after=page_after(body.cursor), most=body.limit,
    )  # fmt: skip
    person = "" if body.owner is None else _person(body.owner)
    return answer(await relay_of(request).lookups.search(request.caller, person, wanted))


async def status(request: Request) -> Response:
    """`POST /v1/dossiers/status`."""
    body = await read_model(request, DossierStatusBody)
    relay, caller, person = relay_of(request), request.caller, _person(body.owner)
    if request.services.guesses is not None:
        await request.services.guesses.check_status(caller, body.code, person)
    return answer(await relay.lookups.status(caller, body.code, person))


async def inbox(request: Request) -> Response:
    """`GET /v1/dossiers/inbox`."""
    after = number_in(request, "after", 0, lambda given: given >= 0)
    most = number_in(request, "count", 20, lambda given: 1 <= given <= _MOST_ITEMS)
    return answer(await relay_of(request).inbox.read(request.caller, after, most))


async def acknowledge(request: Request) -> Response:
    """`POST /v1/dossiers/inbox/ack`."""
    body = await read_model(request, InboxAckBody)
    relay, caller = relay_of(request), request.caller
    async with recording_unknown_items(relay, caller, body.deliveries):
        return answer(await relay.inbox.acknowledge(caller, body.deliveries))


async def evidence(request: Request) -> Response:
    """`POST /v1/dossiers/evidence`: the prefill of a dossier that the requester has, for its owner."""
    await demand(request, "prefill")
    body = await read_model(request, EvidenceBody)
    relay, caller = relay_of(request), request.caller
    async with recording_unknown_dossier(relay, caller, "evidence", [body.code]):
        dossier = await relay.lookups.content(body.code, caller)
    procedure = find(request.services.catalogue, procedure_code(dossier.procedure))
    wanted = {
        "procedure": procedure.code, "known": body.known,
        # a code that may be a person's number goes to no source
        **({"dossier": dossier.code} if is_dossier_code(dossier.code) else {}),
        "subjects": {procedure.signs_in: await owner_of(relay, dossier, caller), **body.subjects},
        **({"official": body.official.model_dump(exclude_none=True)} if body.official is not None else {}),
    }  # fmt: skip
    request.raw = orjson.dumps(wanted)
    return await prefill.fill(request)


def relay_of(request: Request) -> DossierRelay:
    """The relay of this configuration. Raises RelayUnavailable when there is none."""
    relay = request.services.relay
    if relay is None:
        raise RelayUnavailable
    return relay


def number_in(request: Request, name: str, default: int, fits: Callable[[int], bool]) -> int:
    """A whole number of the query. Raises BadRequest."""
    given = request.query.get(name)
    if given is None:
        return default
    if not (given.isascii() and given.isdigit() and len(given) <= 18 and fits(int(given))):
        raise BadRequest(say.QUERY_NUMBER(name=name))
    return int(given)


def _warnings(request: Request, dossier: Dossier) -> list[dict[str, str]]:
    """Doubts about a dossier that is taken in all the same: reused papers, and what portals want beside."""
    procedure = request.services.catalogue.find(dossier.procedure)
    found: list[tuple[ReuseWarning | FilingWarning, str]] = [
        (one.warning, one.place) for one in check_reused(dossier, procedure)
    ]
    found += [(one, f"/{one.member}") for one in blank_in(dossier)]
    return [
        {"code": one.value, "pointer": place, "detail": one.en, "detail_vi": one.vi} for one, place in found
    ]


def _person(owner: OwnerBody) -> str:
    if owner.number is None:
        raise fault_in("/owner", say.GIVE_A_NUMBER, ProblemCode.IDENTIFIER_MISSING)
    return subject_of(*owner.number).key


def page_after(cursor: str | None) -> tuple[float, str] | None:
    """The place that a cursor names. Raises BadRequest."""
    if cursor is None:
        return None
    changed, _, code = cursor.partition("|")
    try:
        return float(changed), code
    except ValueError:
        raise BadRequest(say.CURSOR_UNKNOWN) from None
