"""The demo portal's server behind `<motlan-form>`: what a form asks, for the person of the session.

Every call names the signed-in person and the requester of `pages.portal`, whose scopes and agreements decide. An
exchange, a consent or a file counts only in the session that it came from: in any other it does not exist.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any

from aiohttp import web
from pydantic import Field

from gateway.api import files, prefill
from gateway.api.bodies import checked, parse, read_json_bytes, read_model
from gateway.api.citizens import citizens_of, consent_in
from gateway.api.consent_models import ConsentBody, ConsentId
from gateway.api.corrections import corrections_of, report_in
from gateway.api.corrections_models import CorrectionBody
from gateway.api.dispatcher import demand
from gateway.api.models import Body, DecisionBody
from gateway.api.operation import source_states
from gateway.api.prefill_body import prefill_members
from gateway.api.procedures import described
from gateway.api.request import Request
from gateway.api.response import Response, answer
from gateway.api.signing import proof_of
from gateway.api.under_way import counted
from gateway.consents.grantable import KEEPING
from gateway.consents.service import new_id
from gateway.console.formats import when
from gateway.domain import sentences as say
from gateway.domain.errors import BadRequest, GatewayError, NotFound, Refused, Unauthenticated, Unprocessable
from gateway.domain.login import AccountKind, Identity
from gateway.domain.parties import SubjectKind
from gateway.domain.problems import ProblemCode
from gateway.domain.reasons import RefusalReason
from gateway.login.sessions import Session
from gateway.mapping.answer import PROPOSED, CandidateEntry, EvidenceEntry, PrefillAnswer
from gateway.mapping.form_hints import hinted
from gateway.mapping.procedure import ACCOUNT, DECLARED, Procedure
from gateway.pages.frame import PageRole, PageRoute, Visit
from gateway.pages.portal_notes import (
    Notes,
    change_exchange,
    digests,
    exchange_in,
    keep_draft,
    mark_withdrawn,
    note_exchange,
    note_last,
    numbers_of,
    people_of_page,
    person_in,
    procedure_of,
    sent_meanwhile,
    session_in,
    sessions_of,
    value_digest,
)
from gateway.pages.portal_sending import dossier_url, submit
from gateway.prefill.answers import read_back
from gateway.prefill.pending import unknown
from gateway.prefill.preview import CitizenDecision
from gateway.prefill.roles import cast
from gateway.telemetry import log

#: where the forms ask: below it, each page has an address of its own
FORMS = "/portal/forms"
_DEADLINE_MS = 1_500
#: streams of one session; a further one is refused
_MOST_STREAMS = 4
#: how soon a stream ends after its session, in seconds
_SESSION_CHECK_SECONDS = 2.0
#: consents to keep own data that wait for their dossier
_MOST_KEEPING = 5


class AskedPrefill(Body):
    """`POST …/prefill`: the session knows the people."""

    #: what the person typed before
    known: dict[str, Any] | None = None
    consent: ConsentId | None = None


class KeptDraft(Body):
    """`POST …/draft`: what the person typed; nothing: no draft any more."""

    values: dict[str, Any] = Field(max_length=500)


# ----------------------------------------------------------------------------------------------- the form's calls


async def about(request: Request, visit: Visit) -> Response:
    """`GET /portal/forms/{page}/{code}`: procedure, form, titles of sources, and fields reported as wrong."""
    services, procedure = request.services, procedure_of(request)
    names = ("source", "title", "title_en", "provider", "sandbox")
    form = hinted(procedure, services.catalogue.codes, services.configuration.consents.keep)
    titles = [{name: one[name] for name in names} for one in source_states(services)]
    wrong = await _reported(request, session_in(visit), procedure)
    said = {"procedure": described(procedure), "form": form, "sources": titles, "reported": wrong}
    return answer(said)


async def _reported(request: Request, session: Session, procedure: Procedure) -> list[str]:
    """Keys of the fields whose data this person reported as wrong, of the people of the page.

    None where that cannot be known now: the form opens all the same, and is compared with the reports when it is sent.
    """
    people = people_of_page(request, await sessions_of(request).kept(session))
    body = prefill_members({"procedure": procedure.code, "subjects": people})
    try:
        wanted = await prefill.prefill_request(
            request, body, request.services.logins.of_session(session.identity), releases=False
        )
        keys = cast(procedure, wanted.subjects).keys
        return await citizens_of(request).attest.reported_fields(request.requester.id, procedure, keys)
    except GatewayError as error:
        log().warning("portal.reports_unknown", exchange_id=request.exchange, error=error)
        return []


async def fill(request: Request, visit: Visit) -> Response:
    """`POST …/prefill`: shown to the person first; later answers come by `late`."""
    await demand(request, "prefill")
    session, procedure = session_in(visit), procedure_of(request)
    _check_account(session.identity, procedure.roles[procedure.signs_in].kind)
    asked = await read_model(request, AskedPrefill)
    notes = await sessions_of(request).kept(session)
    if asked.consent is not None and asked.consent not in notes.get("consents", ()):
        raise NotFound(say.NO_SUCH_CONSENT, code=ProblemCode.CONSENT_UNKNOWN)
    body = prefill_members({
        "known": asked.known, "consent": asked.consent, "procedure": procedure.code,
        "subjects": people_of_page(request, notes), "account": _claims(session.identity),
        "preview": True,
    })  # fmt: skip
    services, until = request.services, prefill.deadline(request, _DEADLINE_MS)
    wanted = await prefill.prefill_request(request, body, services.logins.of_session(session.identity))
    try:
        filled = await services.prefill.fill(wanted, request.requester, request.exchange, until)
    except Refused as error:
        if error.problem_code is RefusalReason.REPRESENTATION_MISSING and error.sentence is not None:
            error.sentence = say.CHANGE_THE_PEOPLE(why=error.sentence)
        raise
    found = read_back(filled)
    exchange, pending = found["exchange_id"], found["pending"]
    noted = {"procedure": procedure.code, "pending": pending, "known": digests(procedure, asked.known)}
    await note_exchange(request, session, exchange, noted)
    return answer({**found, "pending": None if pending is None else exchange})


async def late(request: Request, visit: Visit) -> Response | web.StreamResponse:
    """`GET …/late?exchange=`: each late answer as it comes, while the person is signed in."""
    await demand(request, "prefill")
    exchange = visit.form.get("exchange", "")
    noted = await exchange_in(request, visit, exchange)
    if not noted.get("pending"):
        raise unknown()
    events = request.services.prefill.events(noted["pending"], request.requester)
    with _counted(request, visit):
        return await prefill.send_late(request, _named(_while_signed_in(request, visit, events), exchange))


async def decide(request: Request, visit: Visit) -> Response:
    """`POST …/decision`: which evidence is used, once."""
    await demand(request, "prefill")
    body = await read_model(request, DecisionBody)
    await exchange_in(request, visit, body.exchange_id)
    decided = CitizenDecision(tuple(body.accepted), tuple(body.refused), proof_of(request))
    found = await request.services.prefill.decide(body.exchange_id, decided, request.requester)
    papers = {one["code"]: one["state"] for one in found["papers"]}
    stored = {one["code"]: one["paper"] for one in found["papers"] if one["state"] == "reusable"}
    needed: Any = procedure_of(request).form.get("required", ())
    rest = [name for name in needed if _is_left_out(found, name)]
    noted = {"papers": papers, "stored": stored, "rest": rest, **_whose_words(request, found)}
    await change_exchange(request, visit, body.exchange_id, noted)
    return answer(found)


def _whose_words(request: Request, decided: PrefillAnswer) -> dict[str, object]:
    """Fields whose value the person declared before (`own`) or the account claims, and what databases gave.

    `offered`: field -> digests of the values of databases that the person may have chosen. A value that is proposed, or
    that is one of several readings of an answer, is the person's own once it is chosen.
    """
    filled = {key: one for key, one in decided["fields"].items() if one["value"] is not None}
    kinds = {key: (one["attribute"] or "").partition(".")[0] for key, one in filled.items()}
    databases = {name for name, one in decided["evidence"].items() if not _is_of_person(request, one)}
    offered = {
        key: _given(one["doubt"]["candidates"], databases)
        for key, one in decided["fields"].items()
        if one["doubt"] and one["doubt"]["kind"] != PROPOSED
    }
    return {
        "own": [key for key, kind in kinds.items() if kind == DECLARED],
        "account": [key for key, kind in kinds.items() if kind == ACCOUNT],
        "offered": {key: [value_digest(each) for each in found] for key, found in offered.items()},
    }


def _is_of_person(request: Request, one: EvidenceEntry) -> bool:
    """Whether evidence is the word of the person or of the account."""
    plans = request.services.catalogue.services[one["source"]]
    return bool(one.get("self_declared")) or plans[one["data_service"]].evidence == ACCOUNT


def _given(candidates: Sequence[CandidateEntry], databases: Collection[str]) -> list[object]:
    """The values that a database gave as its only one."""
    times = Counter(one["evidence"] for one in candidates)
    return [
        one["value"] for one in candidates if one["evidence"] in databases and times[one["evidence"]] == 1
    ]


def _is_left_out(decided: PrefillAnswer, field: str) -> bool:
    """Whether the answer says that a field does not apply."""
    found = decided["fields"].get(field)
    return found is not None and found["state"] == "not_applicable"


async def correct(request: Request, visit: Visit) -> Response:
    """`POST …/corrections`: `subject` is the name of a role; the session knows who that is."""
    await demand(request, "prefill")
    members = {"exchange_id", "subject", "source", "attribute", "why", "shown", "correct", "grounds"}
    sent = await _members(request, members)
    await exchange_in(request, visit, str(sent.get("exchange_id", "")))
    person = await person_in(request, visit, sent.get("subject"))
    report = report_in(
        checked({**sent, "subject": person}, CorrectionBody), request.services.catalogue.identifiers
    )
    return answer(await corrections_of(request).open(report, visit.caller))


async def consent(request: Request, visit: Visit) -> Response:
    """`POST …/consents`: of the person who signed in, for this portal.

    A consent to keep own data waits in the session: it is given when the dossier is taken, and never without one.
    """
    await demand(request, "consents")
    members = {"purpose", "attributes", "text_version", "language", "channel", "expires_at"}
    sent, session = await _members(request, members), session_in(visit)
    terms = {**sent, "subject": numbers_of(session.identity)}
    given, book = consent_in(checked(terms, ConsentBody)), citizens_of(request).consents
    if given.purpose != KEEPING:
        done = await book.give(visit.caller, given)
        await note_last(request, session, "consents", str(done["consent"]))
        return answer(done)
    book.check(visit.caller, given)
    name = new_id("cs")

    def note(notes: Notes) -> None:
        notes["keeping"] = dict([*notes.get("keeping", {}).items(), (name, terms)][-_MOST_KEEPING:])

    await sessions_of(request).keep(session, note)
    return answer({"exchange_id": request.exchange, "consent": name, "state": "given_with_the_dossier"})


async def withdraw(request: Request, visit: Visit) -> Response:
    """`POST …/withdraw`: a consent of this session, given or not: nobody gives it afterwards.

    It is marked first: a submit that gives it meanwhile sees that, and a repeat after a crash goes on.
    """
    await demand(request, "consents")
    sent, session = await _members(request, {"consent"}), session_in(visit)
    name, notes = str(sent.get("consent", "")), await sessions_of(request).kept(session)
    waits = name in notes.get("keeping", {})
    if not waits and name not in notes.get("consents", ()):
        raise NotFound(say.NO_SUCH_CONSENT, code=ProblemCode.CONSENT_UNKNOWN)
    terms, book = (
        await mark_withdrawn(request, session, name) if waits else None,
        citizens_of(request).consents,
    )
    if terms is None:
        await book.withdraw(visit.caller, name, "")
    else:
        await book.withdraw_waiting(visit.caller, consent_in(checked(terms, ConsentBody)), name)

    def drop(notes: Notes) -> None:
        notes.get("keeping", {}).pop(name, None)

    await sessions_of(request).keep(session, drop)
    return answer({"exchange_id": request.exchange, "consent": name, "state": "withdrawn"})


async def draft(request: Request, visit: Visit) -> Response:
    """`POST …/draft`: kept until the form is sent or the person signs out."""
    kept = await read_model(request, KeptDraft)
    return answer({"at": await keep_draft(request, session_in(visit), procedure_of(request), kept.values)})


async def sent(request: Request, visit: Visit) -> Response:
    """`GET …/sent`: dossiers of the procedure that this session sent since the form was opened, as in another tab."""
    found = await sent_meanwhile(request, session_in(visit), request.parameters["page"])
    return answer(
        {"dossiers": [{**one, "at": when(one["at"]), "url": dossier_url(one["code"])} for one in found]}
    )


async def send_file(request: Request, visit: Visit) -> Response:
    """`POST …/files`: the body is the file of a paper."""
    await demand(request, "dossiers")
    taken = await files.take(request)
    await note_last(request, session_in(visit), "files", str(taken["file"]))
    return answer(taken)


ROUTES = (
    PageRoute("GET", FORMS + "/{page}/{code}", about, PageRole.CITIZEN),
    PageRoute("POST", FORMS + "/{page}/{code}/prefill", fill, PageRole.CITIZEN),
    PageRoute("GET", FORMS + "/{page}/{code}/late", late, PageRole.CITIZEN),
    PageRoute("POST", FORMS + "/{page}/{code}/decision", decide, PageRole.CITIZEN),
    PageRoute("POST", FORMS + "/{page}/{code}/corrections", correct, PageRole.CITIZEN),
    PageRoute("POST", FORMS + "/{page}/{code}/consents", consent, PageRole.CITIZEN),
    PageRoute("POST", FORMS + "/{page}/{code}/withdraw", withdraw, PageRole.CITIZEN),
    PageRoute("POST", FORMS + "/{page}/{code}/draft", draft, PageRole.CITIZEN),
    PageRoute("GET", FORMS + "/{page}/{code}/sent", sent, PageRole.CITIZEN),
    PageRoute("POST", FORMS + "/{page}/{code}/files", send_file, PageRole.CITIZEN),
    PageRoute("POST", FORMS + "/{page}/{code}/submit", submit, PageRole.CITIZEN),
)


class AccountNamesNobody(Unprocessable):
    """The account that signed in does not name a person or an organisation who can file the procedure."""

    code = ProblemCode.IDENTITY_INCOMPLETE


def _check_account(who: Identity, kinds: Collection[SubjectKind]) -> None:
    """Raises AccountNamesNobody, in words for the person. `kinds`: those of the role that signs in."""
    if who.kind is AccountKind.CITIZEN:
        if not ((who.personal_id or who.old_id) and who.full_name and who.birth_date):
            raise AccountNamesNobody(say.ACCOUNT_SAYS_TOO_LITTLE)
    elif SubjectKind.ORGANISATION not in kinds:
        raise AccountNamesNobody(say.ACCOUNT_OF_AN_ORGANISATION)
    elif not who.tax_code:
        raise AccountNamesNobody(say.ACCOUNT_WITHOUT_TAX_CODE)


def _claims(who: Identity) -> dict[str, str]:
    """What the portal knows of the account beside the numbers, which the login proves (national portal, B.3)."""
    return {"HoVaTen": who.full_name} if who.full_name and who.kind is AccountKind.CITIZEN else {}


# ------------------------------------------------------------------------------------------------------ streams


def _counted(request: Request, visit: Visit) -> contextlib.AbstractContextManager[None]:
    """Count a stream for its session, and for the requester as one by the API. Raises TooMany."""
    requester = request.requester.id
    most_of_all = request.services.configuration.gateway.limits.waiting_per_requester
    bounds = {f"{requester} {session_in(visit).id}": _MOST_STREAMS, requester: most_of_all}
    return counted(request.services.waiting, bounds)


async def _while_signed_in(
    request: Request, visit: Visit, events: AsyncIterator[Mapping[str, object]]
) -> AsyncIterator[Mapping[str, object]]:
    """The events, as long as the session lives. Raises Unauthenticated when it ends."""
    sessions, session = sessions_of(request), session_in(visit)
    nxt = asyncio.ensure_future(anext(events, None))
    try:
        while True:
            await asyncio.wait([nxt], timeout=_SESSION_CHECK_SECONDS)
            if await sessions.find(session.id) is None:
                raise Unauthenticated(say.SIGN_IN_FIRST)
            if not nxt.done():
                continue
            if (one := nxt.result()) is None:
                return
            yield one
            nxt = asyncio.ensure_future(anext(events, None))
    finally:
        nxt.cancel()


async def _named(
    events: AsyncIterator[Mapping[str, object]], exchange: str
) -> AsyncIterator[Mapping[str, object]]:
    """The exchange in place of the gateway's token, which stays at the server."""
    async for one in events:
        yield {**one, "pending": None if one["pending"] is None else exchange}


# ------------------------------------------------------------------------------------------------------- bodies


async def _members(request: Request, members: set[str]) -> dict[str, Any]:
    """The JSON object of a call, of these members only. Raises BadRequest."""
    raw = await read_json_bytes(request)
    data = parse(raw, request.services.configuration.gateway.limits.json_depth)
    if not isinstance(data, dict):
        raise BadRequest(say.SEND_JSON)
    if data.keys() - members:
        raise BadRequest(
            say.MEMBERS_OF_PORTAL(names=", ".join(sorted(members))), code=ProblemCode.UNKNOWN_MEMBER
        )
    return data
