"""The demo portal's server behind `<motlan-form>`: what a form asks, for the person of the session.

Every call names the signed-in person and the requester of `pages.portal`, whose scopes and agreements decide. An
exchange, a consent or a file counts only in the session that it came from: in any other it does not exist.
"""

import asyncio
import contextlib
import hashlib
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

import orjson
from aiohttp import web
from pydantic import Field

from gateway.api import files, prefill
from gateway.api.audit_models import ExchangeText
from gateway.api.bodies import checked, parse, read_json_bytes, read_model
from gateway.api.citizens import citizens_of, consent_in
from gateway.api.consent_models import ConsentBody, ConsentId
from gateway.api.corrections import corrections_of, report_in
from gateway.api.corrections_models import CorrectionBody
from gateway.api.dispatcher import demand
from gateway.api.dossiers import relay_of
from gateway.api.models import Body, DecisionBody
from gateway.api.operation import source_states
from gateway.api.prefill_body import prefill_members
from gateway.api.problems import pointer
from gateway.api.procedures import described, find
from gateway.api.request import Request
from gateway.api.response import Response, answer
from gateway.api.signing import proof_of
from gateway.consents.grantable import KEEPING
from gateway.consents.service import new_id
from gateway.console.formats import when
from gateway.domain import sentences as say
from gateway.domain.dates import VIETNAM, rfc3339
from gateway.domain.dossier import (
    Applicant,
    ApplicantKind,
    Channel,
    Dossier,
    DossierPaper,
    DossierStatus,
    FileRef,
    IdKind,
    OwnerId,
    Reuse,
)
from gateway.domain.errors import (
    BadRequest,
    Conflict,
    GatewayError,
    NotFound,
    TooMany,
    Unauthenticated,
    Unprocessable,
    entry,
    fault_at,
)
from gateway.domain.login import AccountKind, Identity
from gateway.domain.problems import ProblemCode
from gateway.domain.sentences import Sentence, titled
from gateway.login.sessions import Session, SessionBook
from gateway.mapping.answer import PrefillAnswer
from gateway.mapping.form_hints import hinted
from gateway.mapping.paper_fields import rests_on
from gateway.mapping.procedure import Procedure
from gateway.mapping.schema_checks import MOST_SIGNS, form_faults
from gateway.pages.frame import PageRole, PageRoute, Visit
from gateway.prefill.answers import read_back
from gateway.prefill.attest import KeepRequest
from gateway.prefill.form_values import at
from gateway.prefill.pending import unknown
from gateway.prefill.preview import CitizenDecision
from gateway.telemetry import log

#: where the forms ask: below it, each page has an address of its own
FORMS = "/portal/forms"
#: what this person sent
_SENT = "/portal/dossiers"
_DEADLINE_MS = 1_500
#: streams of one session; a further one is refused
_MOST_STREAMS = 4
#: how soon a stream ends after its session, in seconds
_LOOK_SECONDS = 2.0
#: exchanges that a session may still name, and forms where no data were asked for; for one more, one is forgotten
_MOST_EXCHANGES, _MOST_BLANKS = 40, 100
_MOST_NAMED = 100
#: consents to keep own data that wait for their dossier
_MOST_KEEPING = 5
#: at the address of a dossier: the own data that its form was to leave here were not kept
NOT_KEPT = "?kept=no"
#: faults of a form that are said at a time
_MOST_FAULTS = 20
#: how often a dossier is sent again while a twin is under way, and the pause between, in seconds
_TRIES, _PAUSE_SECONDS = 20, 0.25
_KINDS = {
    AccountKind.CITIZEN: ApplicantKind.CITIZEN,
    AccountKind.BUSINESS: ApplicantKind.BUSINESS,
    AccountKind.ORGANISATION: ApplicantKind.OTHER_ORGANISATION,
}

#: what pages keep for a session, or a part of it
_Notes = dict[str, Any]


class AskedPrefill(Body):
    """`POST …/prefill`: the session knows the people."""

    #: what the person typed before
    known: dict[str, Any] | None = None
    consent: ConsentId | None = None


class SentPaper(Body):
    """A file that the person chose for a paper, sent before."""

    file: FileRef
    file_name: Annotated[str, Field(max_length=300)]


class SubmittedForm(Body):
    """`POST …/submit`: what `<motlan-form>` gives with its event `submit`."""

    exchange_id: ExchangeText
    values: dict[str, Any] = Field(max_length=500)
    consent: ConsentId | None = None
    #: code of the paper -> its file
    papers: dict[str, SentPaper] = Field({}, max_length=100)


# ----------------------------------------------------------------------------------------------- the form's calls


async def about(request: Request, _visit: Visit) -> Response:
    """`GET /portal/forms/{page}/{code}`: procedure, form and titles of sources."""
    services, procedure = request.services, procedure_of(request)
    names = ("source", "title", "title_en", "provider", "sandbox")
    form = hinted(procedure, services.catalogue.codes, services.configuration.consents.keep)
    titles = [{name: one[name] for name in names} for one in source_states(services)]
    return answer({"procedure": described(procedure), "form": form, "sources": titles})


async def fill(request: Request, visit: Visit) -> Response:
    """`POST …/prefill`: shown to the person first; later answers come by `late`."""
    await demand(request, "prefill")
    session, procedure = session_in(visit), procedure_of(request)
    asked = await read_model(request, AskedPrefill)
    notes = await _sessions(request).kept(session)
    if asked.consent is not None and asked.consent not in notes.get("consents", ()):
        raise NotFound(say.NO_SUCH_CONSENT, code=ProblemCode.CONSENT_UNKNOWN)
    body = prefill_members({
        "known": asked.known, "consent": asked.consent, "procedure": procedure.code,
        "subjects": notes.get("people", {}).get(procedure.code, {}), "account": _claims(session.identity),
        "preview": True,
    })  # fmt: skip
    services, until = request.services, prefill.deadline(request, _DEADLINE_MS)
    wanted = await prefill.prefill_request(request, body, services.logins.of_session(session.identity))
    found = read_back(await services.prefill.fill(wanted, request.requester, request.exchange, until))
    exchange, pending = found["exchange_id"], found["pending"]
    noted = {"procedure": procedure.code, "pending": pending, "known": _digests(procedure, asked.known)}
    await _note_exchange(request, session, exchange, noted)
    return answer({**found, "pending": None if pending is None else exchange})


async def late(request: Request, visit: Visit) -> Response | web.StreamResponse:
    """`GET …/late?exchange=`: each late answer as it comes, while the person is signed in."""
    await demand(request, "prefill")
    exchange = visit.form.get("exchange", "")
    noted = await _exchange(request, visit, exchange)
    if not noted.get("pending"):
        raise unknown()
    events = request.services.prefill.events(noted["pending"], request.requester)
    with _counted(request, visit):
        return await prefill.send_late(request, _named(_while_signed_in(request, visit, events), exchange))


async def decide(request: Request, visit: Visit) -> Response:
    """`POST …/decision`: which evidence is used, once."""
    await demand(request, "prefill")
    body = await read_model(request, DecisionBody)
    await _exchange(request, visit, body.exchange_id)
    decided = CitizenDecision(tuple(body.accepted), tuple(body.refused), proof_of(request))
    found = await request.services.prefill.decide(body.exchange_id, decided, request.requester)
    papers = {one["code"]: one["state"] for one in found["papers"]}
    needed: Any = procedure_of(request).form.get("required", ())
    rest = [name for name in needed if _is_left_out(found, name)]
    await _change_exchange(request, visit, body.exchange_id, {"papers": papers, "rest": rest})
    return answer(found)


def _is_left_out(decided: PrefillAnswer, field: str) -> bool:
    """Whether the answer says that a field does not apply."""
    found = decided["fields"].get(field)
    return found is not None and found["state"] == "not_applicable"


async def correct(request: Request, visit: Visit) -> Response:
    """`POST …/corrections`: `subject` is the name of a role; the session knows who that is."""
    await demand(request, "prefill")
    members = {"exchange_id", "subject", "source", "attribute", "why", "shown", "correct", "grounds"}
    sent = await _members(request, members)
    await _exchange(request, visit, str(sent.get("exchange_id", "")))
    person = await _person_in(request, visit, sent.get("subject"))
    report = report_in(checked({**sent, "subject": person}, CorrectionBody))
    return answer(await corrections_of(request).open(report, visit.caller))


async def consent(request: Request, visit: Visit) -> Response:
    """`POST …/consents`: of the person who signed in, for this portal.

    One to keep own data waits in the session: it is given when the dossier is taken, and never without one.
    """
    await demand(request, "consents")
    members = {"purpose", "attributes", "text_version", "language", "channel", "expires_at"}
    sent, session = await _members(request, members), session_in(visit)
    terms = {**sent, "subject": _numbers(session.identity)}
    given, book = consent_in(checked(terms, ConsentBody)), citizens_of(request).consents
    if given.purpose != KEEPING:
        done = await book.give(visit.caller, given)
        await _note_last(request, session, "consents", str(done["consent"]))
        return answer(done)
    book.check(visit.caller, given)
    name = new_id("cs")

    def note(notes: _Notes) -> None:
        notes["keeping"] = dict([*notes.get("keeping", {}).items(), (name, terms)][-_MOST_KEEPING:])

    await _sessions(request).keep(session, note)
    return answer({"exchange_id": request.exchange, "consent": name, "state": "given_with_the_dossier"})


async def send_file(request: Request, visit: Visit) -> Response:
    """`POST …/files`: the body is the file of a paper."""
    await demand(request, "dossiers")
    taken = await files.take(request)
    await _note_last(request, session_in(visit), "files", str(taken["file"]))
    return answer(taken)


async def submit(request: Request, visit: Visit) -> Response:
    """`POST …/submit`: attest, the dossier, then own data. A form that is sent twice is one dossier."""
    await demand(request, "dossiers")
    procedure, body = procedure_of(request), await read_model(request, SubmittedForm)
    noted, digest = await _exchange(request, visit, body.exchange_id), _digest(body)
    if noted.get("sent", digest) != digest:
        raise _sent_before(noted)
    if "sent" not in noted:
        if noted.get("spent"):
            raise Unprocessable(say.BLANK_OF_FILLED)
        await _check_own(request, visit, body)
        _check_form(procedure, body, noted)
        if not noted.get("blank"):
            _check_papers(procedure, body, noted, await _attest(request, visit, body))
        code, filed = await _reserved(request, visit, body.exchange_id)
        noted = await _exchange(request, visit, body.exchange_id)
        await _post(request, visit, _dossier(request, visit, procedure, body, noted, code, filed), noted)
        noted = await _change_exchange(request, visit, body.exchange_id, {"sent": digest})
    kept = None if body.consent is None else await _keep_own(request, visit, body, body.consent)
    more = NOT_KEPT if kept is False else ""
    return answer({"dossier": noted["code"], "url": _url(noted["code"]) + more, "kept": kept})


ROUTES = (
    PageRoute("GET", FORMS + "/{page}/{code}", about, PageRole.CITIZEN),
    PageRoute("POST", FORMS + "/{page}/{code}/prefill", fill, PageRole.CITIZEN),
    PageRoute("GET", FORMS + "/{page}/{code}/late", late, PageRole.CITIZEN),
    PageRoute("POST", FORMS + "/{page}/{code}/decision", decide, PageRole.CITIZEN),
    PageRoute("POST", FORMS + "/{page}/{code}/corrections", correct, PageRole.CITIZEN),
    PageRoute("POST", FORMS + "/{page}/{code}/consents", consent, PageRole.CITIZEN),
    PageRoute("POST", FORMS + "/{page}/{code}/files", send_file, PageRole.CITIZEN),
    PageRoute("POST", FORMS + "/{page}/{code}/submit", submit, PageRole.CITIZEN),
)


# -------------------------------------------------------------------------------------------- of the session


def procedure_of(request: Request) -> Procedure:
    """The procedure of the path. Raises NotFound."""
    return find(request.services.catalogue, request.parameters["code"])


def session_in(visit: Visit) -> Session:
    """The session of a citizen. Raises Unauthenticated."""
    if visit.session is None:
        raise Unauthenticated(say.SIGN_IN_FIRST)
    return visit.session


async def people_of(request: Request, session: Session, procedure: Procedure) -> Mapping[str, Any] | None:
    """Role -> subject, as the person said in this session; None: not yet."""
    notes = await _sessions(request).kept(session)
    found: Mapping[str, Any] | None = notes.get("people", {}).get(procedure.code)
    return found


async def keep_people(
    request: Request, session: Session, procedure: Procedure, people: Mapping[str, Any]
) -> None:
    """Keep them for the session. Raises TooLarge, LoginsUnavailable."""

    def note(notes: _Notes) -> None:
        notes.setdefault("people", {})[procedure.code] = people

    await _sessions(request).keep(session, note)


async def note_blank(request: Request, session: Session, procedure: Procedure, blank: str) -> None:
    """What a form is sent under where no data could be asked for."""

    def note(notes: _Notes) -> None:
        known = {**notes.get("blanks", {}), blank: {"procedure": procedure.code, "blank": True}}
        notes["blanks"] = dict([*known.items()][-_MOST_BLANKS:])

    await _sessions(request).keep(session, note)


async def _note_exchange(
    request: Request, session: Session, exchange: str, members: Mapping[str, object]
) -> None:
    """An exchange that this session may name. Its page is no blank form any more."""

    def note(notes: _Notes) -> None:
        notes["exchanges"] = {**_lasting(notes.get("exchanges", {})), exchange: members}
        if (blank := notes.get("blanks", {}).get(request.parameters["page"])) is not None:
            blank["spent"] = True

    await _sessions(request).keep(session, note)


def _lasting(known: _Notes) -> _Notes:
    """What stays when one more comes: first goes what nobody decided, then what was sent; the oldest of them."""

    def rank(name: str) -> int:
        return 2 * ("papers" in known[name]) - ("sent" in known[name])

    going = sorted(known, key=rank)[: max(0, len(known) + 1 - _MOST_EXCHANGES)]
    return {name: one for name, one in known.items() if name not in going}


async def _note_last(request: Request, session: Session, name: str, one: str) -> None:
    """A consent or a file that this session may name: the latest of them."""

    def note(notes: _Notes) -> None:
        notes[name] = [*notes.get(name, ()), one][-_MOST_NAMED:]

    await _sessions(request).keep(session, note)


async def _exchange(request: Request, visit: Visit, exchange: str) -> _Notes:
    """What is noted of an exchange of this session and this procedure. Raises NotFound."""
    notes = await _sessions(request).kept(session_in(visit))
    found: _Notes = _place(notes, exchange).get(exchange, {})
    if found.get("procedure") != procedure_of(request).code:
        raise NotFound(say.NO_EXCHANGE_OF_SESSION)
    return found


def _place(notes: _Notes, exchange: str) -> _Notes:
    """Where a session has an exchange, if it has it."""
    blanks: _Notes = notes.get("blanks", {})
    found: _Notes = blanks if exchange in blanks else notes.get("exchanges", {})
    return found


async def _change_exchange(
    request: Request, visit: Visit, exchange: str, members: Mapping[str, object], *, once: bool = False
) -> _Notes:
    """`once`: members that are there stay as they are."""

    def note(notes: _Notes) -> None:
        place = _place(notes, exchange)
        if (known := place.get(exchange)) is not None:
            place[exchange] = {**members, **known} if once else {**known, **members}

    await _sessions(request).keep(session_in(visit), note)
    return await _exchange(request, visit, exchange)


async def _person_in(request: Request, visit: Visit, role: object) -> Mapping[str, str]:
    """The person of a role, as the session knows it. Raises Unprocessable."""
    procedure, session = procedure_of(request), session_in(visit)
    people = await people_of(request, session, procedure) or {}
    for _ in range(len(people) + 1):
        name, _, number = str(role).partition("#")
        one = people.get(name)
        if isinstance(one, list):
            one = dict(zip(map(str, range(1, len(one) + 1)), one, strict=True)).get(number)
        if one is None and name == procedure.signs_in:
            return _who(session.identity)
        if not isinstance(one, dict) or "same_as" not in one:
            break
        role, one = one["same_as"], None
    if not isinstance(one, dict) or "personal_id" not in one:
        raise fault_at("/subject", say.NO_PERSON_IN_ROLE, ProblemCode.VALUE_NOT_POSSIBLE)
    return one


def _claims(who: Identity) -> dict[str, str]:
    """What the portal knows of the account beside the numbers, which the login proves (national portal, B.3)."""
    return {"HoVaTen": who.full_name} if who.full_name and who.kind is AccountKind.CITIZEN else {}


def _numbers(who: Identity) -> dict[str, str]:
    """The one number of a citizen's account; empty for an organisation's."""
    if who.kind is not AccountKind.CITIZEN:
        return {}
    return {"personal_id": who.personal_id} if who.personal_id else {"old_id": who.old_id}


def _who(who: Identity) -> dict[str, str]:
    more = {"full_name": who.full_name, "birth_date": who.birth_date}
    return {**_numbers(who), **{name: text for name, text in more.items() if text}}


# ------------------------------------------------------------------------------------------------------ streams


@contextlib.contextmanager
def _counted(request: Request, visit: Visit) -> Iterator[None]:
    """Count a stream for its session, and for the requester as one by the API. Raises TooMany."""
    counts, requester = request.services.waiting, request.requester.id
    most_of_all = request.services.configuration.gateway.limits.waiting_per_requester
    bounds = {f"{requester} {session_in(visit).id}": _MOST_STREAMS, requester: most_of_all}
    for name, most in bounds.items():
        if counts.get(name, 0) >= most:
            raise TooMany(say.AT_MOST_AT_A_TIME(most=most), retry_after=1)
    for name in bounds:
        counts[name] = counts.get(name, 0) + 1
    try:
        yield
    finally:
        for name in bounds:
            counts[name] -= 1
            if not counts[name]:
                del counts[name]


async def _while_signed_in(
    request: Request, visit: Visit, events: AsyncIterator[Mapping[str, object]]
) -> AsyncIterator[Mapping[str, object]]:
    """The events, as long as the session lives. Raises Unauthenticated when it ends."""
    sessions, session = _sessions(request), session_in(visit)
    nxt = asyncio.ensure_future(anext(events, None))
    try:
        while True:
            await asyncio.wait([nxt], timeout=_LOOK_SECONDS)
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


def _sessions(request: Request) -> SessionBook:
    here = request.services.sign_in
    if here is None:
        raise NotFound(say.NO_LOGINS_FOR_PAGES)
    return here.broker.sessions


# ------------------------------------------------------------------------------------------------------ dossier


async def _check_own(request: Request, visit: Visit, body: SubmittedForm) -> None:
    """Raises NotFound for a consent or a file of another session."""
    notes = await _sessions(request).kept(session_in(visit))
    if body.consent is not None and body.consent not in notes.get("keeping", {}):
        raise NotFound(say.NO_SUCH_CONSENT, code=ProblemCode.CONSENT_UNKNOWN)
    if any(one.file not in notes.get("files", ()) for one in body.papers.values()):
        raise fault_at("/papers", say.FILE_NOT_HERE, ProblemCode.FILE_UNKNOWN)


def _check_form(procedure: Procedure, body: SubmittedForm, noted: Mapping[str, Any]) -> None:
    """Raises Unprocessable for a form that its schema refuses. A field that does not apply may be missing."""
    rest = noted.get("rest", ())
    faults = [
        entry("/values" + pointer(one.place), *_fault_words(one.word))
        for one in form_faults(procedure.form, body.values)
        if one.word != "required" or ".".join(map(str, one.place)) not in rest
    ]
    if faults:
        raise Unprocessable(say.FIELD_NOT_AS_FORM, errors=faults[:_MOST_FAULTS])


def _fault_words(word: str) -> tuple[Sentence, ProblemCode]:
    """Why a place of a form is refused, by the keyword of its schema."""
    match word:
        case "required":
            return say.FIELD_TO_FILL, ProblemCode.MISSING_MEMBER
        case "additionalProperties":
            return say.FIELD_NOT_OF_FORM, ProblemCode.UNKNOWN_MEMBER
        case "maxLength":
            return say.FIELD_TOO_LONG(most=MOST_SIGNS), ProblemCode.VALUE_NOT_POSSIBLE
        case _:
            return say.FIELD_NOT_AS_FORM, ProblemCode.VALUE_NOT_POSSIBLE


def _digest(body: SubmittedForm) -> str:
    """Of what a dossier has of a form; a consent given once more changes nothing of it."""
    papers = {code: one.model_dump() for code, one in body.papers.items()}
    return hashlib.sha256(orjson.dumps([body.values, papers], option=orjson.OPT_SORT_KEYS)).hexdigest()


def _sent_before(noted: Mapping[str, Any]) -> Conflict:
    """What was sent of this exchange is another form."""
    code, at = noted["code"], when(noted["filed"])
    why = say.SENT_BEFORE(code=code, at=at)
    return Conflict(why, code=ProblemCode.DOSSIER_SENT, dossier=code, url=_url(code))


def _url(code: str) -> str:
    return f"{_SENT}/{code}"


async def _attest(request: Request, visit: Visit, body: SubmittedForm) -> frozenset[str]:
    """Fields with another value than the gateway gave.

    Raises Unprocessable for a confirmed value that was changed, or taken out.
    """
    attest = citizens_of(request).attest
    compared = await attest.attest(visit.caller, body.exchange_id, body.values, None)
    fields: Any = compared["fields"]
    changed = [name for name, one in fields.items() if one["state"] == "not_editable_changed"]
    if changed:
        why, code = say.CONFIRMED_VALUE_CHANGED, ProblemCode.VALUE_NOT_POSSIBLE
        raise Unprocessable(
            why, errors=[entry(f"/values/{name.replace('.', '/')}", why, code) for name in changed]
        )
    return frozenset(name for name, one in fields.items() if one["state"] != "unchanged")


async def _keep_own(request: Request, visit: Visit, body: SubmittedForm, name: str) -> bool | None:
    """Give the consent that waited, and keep the own data of a form that was taken: both or neither, once.

    Whether they were kept; None: for a twin of this form that is being done.
    """
    mine = secrets.token_hex(8)
    noted = await _change_exchange(request, visit, body.exchange_id, {"keeper": mine}, once=True)
    if noted["keeper"] != mine:
        found: bool | None = noted.get("kept")
        return found
    terms = (await _sessions(request).kept(session_in(visit))).get("keeping", {}).get(name)
    kept = terms is not None and not noted.get("blank") and await _kept_under(request, visit, body, terms)
    await _change_exchange(request, visit, body.exchange_id, {"kept": kept})
    return kept


async def _kept_under(
    request: Request, visit: Visit, body: SubmittedForm, terms: Mapping[str, object]
) -> bool:
    """Whether a consent was given and own data were kept; else the consent is withdrawn."""
    people, caller, done, kept = citizens_of(request), visit.caller, "", False
    given = consent_in(checked(terms, ConsentBody))
    try:
        done = str((await people.consents.give(caller, given))["consent"])
        kept = bool(await people.attest.keep(caller, body.exchange_id, body.values, KeepRequest(done)))
    except GatewayError as error:
        log().warning("portal.not_kept", exchange_id=request.exchange, error=error)
    if done and not kept:
        with contextlib.suppress(GatewayError):  # nothing is kept under it: it may also end by itself
            await people.consents.withdraw(caller, done, given.person)
    return kept


def _check_papers(
    procedure: Procedure, body: SubmittedForm, noted: Mapping[str, Any], changed: frozenset[str]
) -> None:
    """Raises Unprocessable: papers without a file that data replaced, while the form had other values.

    A value that the person typed before the gateway decided (`known`) is one that it knew.
    """
    known, states = noted.get("known", {}), noted.get("papers", {})
    others = {key for key in changed | known.keys() if _value_digest(_value(body, key)) != known.get(key)}
    # a blank field names nothing for which a paper could apply
    named = {key for key in others if _value(body, key) is not None}
    reopening = {"replaced": others, "reusable": others, "not_applicable": named}
    missing = [
        paper
        for paper, keys in rests_on(procedure).items()
        if paper not in body.papers and not reopening.get(states.get(paper, ""), set()).isdisjoint(keys)
    ]
    errors = []
    for code in missing:
        title = procedure.papers[code].title
        why = say.PAPER_OF_OTHER_VALUES(paper=titled(title.vi, title.en))
        errors.append(entry(f"/papers/{code}", why, ProblemCode.VALUE_NOT_POSSIBLE))
    if errors:
        raise Unprocessable(say.PAPERS_OF_OTHER_VALUES, errors=errors)


def _digests(procedure: Procedure, known: object) -> dict[str, str]:
    """Field -> digest of what the person typed before the gateway decided about papers, where one rests on it."""
    keys = {key for one in rests_on(procedure).values() for key in one}
    typed = known if isinstance(known, dict) else {}
    return {key: _value_digest(value) for key, value in typed.items() if key in keys}


def _value_digest(value: object) -> str:
    """Short, so that a session has room for those of many exchanges; only the server has them."""
    return hashlib.blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def _value(body: SubmittedForm, key: str) -> object:
    return at(body.values, key.split("."))


async def _reserved(request: Request, visit: Visit, exchange: str) -> tuple[str, datetime]:
    """The code and the time of the dossier of an exchange: the same for each time it is sent."""
    now = request.services.clock.now()
    for _ in range(_TRIES):
        # QĐ 20/2020: unit, day, number; the unit is that of the agency in whose name the portal asks
        number = secrets.randbelow(9_000_000) + 1_000_000
        unit = ".".join(visit.caller.agency.split(".")[:1:-1]) or "H31"
        code = f"{unit}-{now.astimezone(VIETNAM):%y%m%d}-{number}"
        if await relay_of(request).lookups.own(code, request.requester.id) is None:
            break
    noted = await _change_exchange(request, visit, exchange, {"code": code, "filed": rfc3339(now)}, once=True)
    return noted["code"], datetime.fromisoformat(noted["filed"])


def _dossier(
    request: Request, visit: Visit, procedure: Procedure, body: SubmittedForm, noted: Mapping[str, Any],
    code: str, filed: datetime,
) -> Dossier:  # fmt: skip
    configuration, mapping = request.services.configuration, procedure.mapping
    purpose = configuration.purposes[mapping.purpose]
    agency = configuration.agencies.get(visit.caller.agency)
    return Dossier(
        code=code, procedure=procedure.code, procedure_title=mapping.title.vi, field_code=mapping.purpose,
        field_title=purpose.title.vi, unit=agency.title.vi if agency is not None else visit.caller.agency,
        channel=Channel.ONLINE, applicant=_applicant(session_in(visit).identity), abstract=mapping.title.vi,
        filed_at=filed, status=DossierStatus.SUBMITTED, papers=tuple(_papers(procedure, body, noted)),
        more={"form": body.values, "exchange": body.exchange_id, "confirmed": not noted.get("blank")},
    )  # fmt: skip


def _applicant(who: Identity) -> Applicant:
    numbers = {
        IdKind.PERSONAL_ID: who.personal_id, IdKind.OLD_ID: who.old_id, IdKind.TAX_CODE: who.tax_code,
    }  # fmt: skip
    of_kind = (IdKind.PERSONAL_ID, IdKind.OLD_ID) if who.kind is AccountKind.CITIZEN else (IdKind.TAX_CODE,)
    ids = tuple(OwnerId(kind=kind, number=numbers[kind]) for kind in of_kind if numbers[kind])
    name = who.full_name if who.kind is AccountKind.CITIZEN else who.organisation
    return Applicant(kind=_KINDS[who.kind], name=name, ids=ids, account=who.account, verified=True)


def _papers(procedure: Procedure, body: SubmittedForm, noted: Mapping[str, Any]) -> Iterator[DossierPaper]:
    """Files that the person sent, and papers of the store; a paper that data replace is none."""
    for code, paper in procedure.papers.items():
        title = paper.title.vi
        if (sent := body.papers.get(code)) is not None:
            yield DossierPaper(title=title, file_name=sent.file_name, file=sent.file)
        elif noted.get("papers", {}).get(code) == "reusable":
            yield DossierPaper(title=title, from_store=True, reuse=Reuse.REUSED)


async def _post(request: Request, visit: Visit, dossier: Dossier, noted: Mapping[str, Any]) -> None:
    """As `POST /v1/dossiers`. Raises as it does; Conflict where another form of its exchange was sent."""
    relay, key = relay_of(request), f"portal-{dossier.more['exchange']}"
    for left in reversed(range(_TRIES)):
        try:
            await relay.post(dossier, visit.caller, key)
        except Conflict as error:
            if not left or error.problem_code is not ProblemCode.REQUEST_UNDER_WAY:
                error.members["url"] = _SENT
                raise
            await asyncio.sleep(_PAUSE_SECONDS)
        except Unprocessable as error:
            if error.problem_code is ProblemCode.IDEMPOTENCY_KEY_REUSED:
                if await relay.lookups.own(dossier.code, request.requester.id) is not None:
                    raise _sent_before(noted) from None
                error.members["url"] = _SENT
            raise
        else:
            return
