"""A form of the demo portal becomes a dossier.

It is held against its schema and its exchange, sent once, and then own data are kept.
"""

import asyncio
import contextlib
import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

import orjson
from pydantic import AfterValidator
from pydantic import Field as Member

from gateway.api import grammar
from gateway.api.audit_models import ExchangeText
from gateway.api.bodies import checked, read_model
from gateway.api.citizens import citizens_of, consent_in
from gateway.api.consent_models import CitizenBody, ConsentBody, ConsentId
from gateway.api.dispatcher import demand
from gateway.api.dossiers import relay_of
from gateway.api.models import Body
from gateway.api.problems import pointer
from gateway.api.request import Request
from gateway.api.response import Response, answer
from gateway.console.formats import as_iso, when
from gateway.domain import sentences as say
from gateway.domain.dates import PartialDate, legal_day, rfc3339
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
)
from gateway.domain.errors import (
    Conflict,
    GatewayError,
    LogUnavailable,
    NotFound,
    SessionOver,
    TooLarge,
    Unprocessable,
    entry,
    fault_at,
)
from gateway.domain.evidence import NOTHING
from gateway.domain.login import AccountKind, Identity
from gateway.domain.problems import ProblemCode
from gateway.domain.sentences import Sentence, titled
from gateway.mapping.procedure import Field, Procedure
from gateway.mapping.reused import reused_paper
from gateway.mapping.schema_checks import MOST_SIGNS, form_faults
from gateway.pages.frame import Visit
from gateway.pages.portal_notes import (
    change_exchange,
    claim_keeping,
    exchange_in,
    keep_draft,
    numbers_of,
    procedure_of,
    session_in,
    sessions_of,
    terms_of,
    value_digest,
)
from gateway.prefill.attest import KeepRequest
from gateway.prefill.changed_papers import RESTING, papers_of_other_values
from gateway.prefill.form_values import at
from gateway.relay.contents import dossier_in_records
from gateway.relay.units import new_code
from gateway.telemetry import log

#: what this person sent
_SENT = "/portal/dossiers"
#: at the address of a dossier: why the own data that its form was to leave here were not kept
NOT_KEPT = "?not_kept="
#: faults of a form that are said at a time
_MOST_FAULTS = 20
#: how often a dossier is sent again while a twin is under way, and the pause between, in seconds
_TRIES, _PAUSE_SECONDS = 20, 0.25
#: how long one request may take to give a consent and to keep own data, before another takes over
_CLAIM_SECONDS = 10.0
#: hexadecimal digits of the proof in an address
_PROOF_DIGITS = 32
_KINDS = {
    AccountKind.CITIZEN: ApplicantKind.CITIZEN,
    AccountKind.BUSINESS: ApplicantKind.BUSINESS,
    AccountKind.ORGANISATION: ApplicantKind.OTHER_ORGANISATION,
}


class SentPaper(Body):
    """A file that the person chose for a paper, sent before."""

    file: FileRef
    file_name: Annotated[str, Member(max_length=300), AfterValidator(grammar.in_one_line)]


class SubmittedForm(Body):
    """`POST …/submit`: what `<motlan-form>` gives with its event `submit`."""

    exchange_id: ExchangeText
    values: dict[str, Any] = Member(max_length=500)
    consent: ConsentId | None = None
    #: code of the paper -> its file
    papers: dict[str, SentPaper] = Member({}, max_length=100)


async def submit(request: Request, visit: Visit) -> Response:
    """`POST …/submit`: attest, the dossier, then own data. A form that is sent twice is one dossier."""
    await demand(request, "dossiers")
    procedure, body = procedure_of(request), await read_model(request, SubmittedForm)
    noted = await exchange_in(request, visit, body.exchange_id)
    code = await _filed(request, visit, procedure, body, noted)
    why = None if body.consent is None else await _keep_own(request, visit, body, body.consent)
    return answer(
        {"dossier": code, "url": _url_after(request, code, why), "kept": None if why is None else not why}
    )


async def _filed(
    request: Request, visit: Visit, procedure: Procedure, body: SubmittedForm, noted: Mapping[str, Any]
) -> str:
    """The code of the dossier of a form. From the moment that it exists, nothing raises."""
    digest = _digest(body)
    if noted.get("sent", digest) != digest:
        raise _sent_before(noted)
    if "sent" in noted:
        return str(noted["code"])
    if noted.get("spent"):
        raise Unprocessable(say.BLANK_OF_FILLED)
    await _check_own(request, visit, body)
    _check_form(procedure, body, noted, legal_day(request.services.clock.now()))
    typed = frozenset(one.key for one in procedure.fields if _value(body, one.key) is not None)
    wrong: list[str] = []
    if not noted.get("blank"):
        typed, wrong, stale = await _attest(request, visit, body)
        _check_papers(procedure, body, noted, typed)
        _check_day(procedure, body, noted, stale)
    code, filed = await _reserved(request, visit, body.exchange_id, wrong)
    noted = _contradicted(procedure, body, await exchange_in(request, visit, body.exchange_id), typed)
    dossier = _dossier(request, visit, procedure, body, noted, typed, code, filed)
    attest = None if noted.get("blank") else citizens_of(request).attest
    recorded = (visit.caller, body.exchange_id, procedure.code, code)
    if attest is not None:
        await attest.filing(*recorded, _said_of_form(dossier.more))
    await _post(request, visit, dossier, noted)
    try:
        if attest is not None:
            await attest.filed(*recorded)
        await change_exchange(request, visit, body.exchange_id, {"sent": digest})
        await keep_draft(request, session_in(visit), procedure, {})
    except GatewayError as error:  # as of a session that has ended; sent again, it is the same dossier
        log().warning("portal.filed_not_noted", exchange_id=request.exchange, error=error)
    return code


async def _check_own(request: Request, visit: Visit, body: SubmittedForm) -> None:
    """Raises NotFound for a consent or a file of another session."""
    notes = await sessions_of(request).kept(session_in(visit))
    if body.consent is not None and await terms_of(request, visit, body.consent) is None:
        raise NotFound(say.NO_SUCH_CONSENT, code=ProblemCode.CONSENT_UNKNOWN)
    if any(one.file not in notes.get("files", ()) for one in body.papers.values()):
        raise fault_at("/papers", say.FILE_NOT_HERE, ProblemCode.FILE_UNKNOWN)


def _check_form(procedure: Procedure, body: SubmittedForm, noted: Mapping[str, Any], today: date) -> None:
    """Raises Unprocessable for an unknown paper, a form that its schema refuses, or a birth date after `today`.

    A field that does not apply may be missing.
    """
    if body.papers.keys() - procedure.papers.keys():
        raise fault_at("/papers", say.PAPER_NOT_OF_PROCEDURE, ProblemCode.VALUE_NOT_POSSIBLE)
    rest = noted.get("rest", ())
    faults = [
        entry("/values" + pointer(one.place), *_fault_words(one.word))
        for one in form_faults(procedure.form, body.values)
        if one.word != "required" or ".".join(map(str, one.place)) not in rest
    ]
    faults += [
        entry("/values/" + one.key.replace(".", "/"), say.BORN_LATER, ProblemCode.BORN_LATER)
        for one in procedure.fields
        if any(ref.attribute == "birth_date" for ref in one.refs) and _is_after(_value(body, one.key), today)
    ]
    if faults:
        raise Unprocessable(say.FIELD_NOT_AS_FORM, errors=faults[:_MOST_FAULTS])


def _is_after(value: object, today: date) -> bool:
    """Whether a value of a form is a day, month or year after `today`."""
    try:
        return PartialDate.parse(as_iso(str(value))).is_after(today)
    except ValueError:
        return False


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
    return Conflict(why, code=ProblemCode.DOSSIER_SENT, dossier=code, url=dossier_url(code))


def session_ended(request: Request, code: str) -> str:
    """What only this portal can write into an address: the session ended before own data of the dossier were kept."""
    text = b"not_kept\0session\0" + code.encode()
    return hmac.digest(relay_of(request).secret, text, "sha256").hex()[:_PROOF_DIGITS]


def dossier_url(code: str) -> str:
    """The page of a dossier that this portal sent."""
    return f"{_SENT}/{quote(code, safe='')}"


async def _attest(
    request: Request, visit: Visit, body: SubmittedForm
) -> tuple[frozenset[str], list[str], Mapping[str, str]]:
    """Fields with another value than the gateway gave, those with its value that the person called wrong, stale papers.

    Raises Unprocessable for a confirmed value that was changed, or taken out.
    """
    attest = citizens_of(request).attest
    compared: Any = await attest.attest(visit.caller, body.exchange_id, body.values, None)
    fields = compared["fields"]
    changed = [name for name, one in fields.items() if one["state"] == "not_editable_changed"]
    if changed:
        why, code = say.CONFIRMED_VALUE_CHANGED, ProblemCode.VALUE_NOT_POSSIBLE
        raise Unprocessable(
            why, errors=[entry(f"/values/{name.replace('.', '/')}", why, code) for name in changed]
        )
    typed = frozenset(name for name, one in fields.items() if one["state"] != "unchanged")
    return typed, [name for name, one in fields.items() if "reported" in one], compared["stale"]


class WhyNotKept(StrEnum):
    """Why own data of a form that was taken were not kept; blank: they were."""

    KEPT = ""
    #: no data could be asked for, so nothing was compared
    UNASKED = "unasked"
    #: the consent was withdrawn meanwhile
    WITHDRAWN = "withdrawn"
    #: the form has none of these data of the person who consented
    NOTHING = "nothing"
    #: a value is not as it can be kept
    VALUE = "value"
    #: the session ended
    SESSION = "session"
    #: the place where they are kept was away
    AWAY = "away"


def _url_after(request: Request, code: str, why: WhyNotKept | None) -> str:
    """The page of a dossier that was sent, which says why own data were not kept."""
    proof = f".{session_ended(request, code)}" if why is WhyNotKept.SESSION else ""
    return dossier_url(code) + (f"{NOT_KEPT}{why}{proof}" if why else "")


async def _keep_own(request: Request, visit: Visit, body: SubmittedForm, name: str) -> WhyNotKept | None:
    """Why own data of a form that was taken were not kept; None: it is not known, and sending it again finds out."""
    try:
        return await _kept_once(request, visit, body, name)
    # the session has ended, or has no room: the consent that waits in it is not given
    except (NotFound, SessionOver, TooLarge):
        return WhyNotKept.SESSION
    except GatewayError as error:
        log().warning("portal.not_kept", exchange_id=request.exchange, error=error)
        return None


async def _kept_once(request: Request, visit: Visit, body: SubmittedForm, name: str) -> WhyNotKept | None:
    """Give the consent that waited, and keep the own data of a form that was taken: both or neither.

    One request does it; another waits for it, and takes over when that one is gone. None: it is not known.
    """
    mine, pauses = secrets.token_hex(8), int(_CLAIM_SECONDS / _PAUSE_SECONDS) + _TRIES
    for _ in range(pauses):
        noted = await claim_keeping(request, visit, body.exchange_id, mine, _CLAIM_SECONDS)
        if "not_kept" in noted:
            return WhyNotKept(noted["not_kept"])
        if noted["keeper"] == mine:
            break
        await asyncio.sleep(_PAUSE_SECONDS)
    else:
        return None
    terms = await terms_of(request, visit, name)
    if noted.get("blank"):
        done: WhyNotKept | None = WhyNotKept.UNASKED
    elif terms is None:
        person = checked(numbers_of(session_in(visit).identity), CitizenBody).key(NOTHING)
        done = await _taken_back(request, visit, name, person, WhyNotKept.WITHDRAWN)
    else:
        done = await _kept_under(request, visit, body, name, terms)
    if done is not None:
        with contextlib.suppress(SessionOver, TooLarge, NotFound):  # done all the same
            await change_exchange(request, visit, body.exchange_id, {"not_kept": done})
    return done


async def _kept_under(
    request: Request, visit: Visit, body: SubmittedForm, name: str, terms: Mapping[str, object]
) -> WhyNotKept | None:
    """Give the consent `name` and keep own data; else it is withdrawn. None: neither is known."""
    people, caller = citizens_of(request), visit.caller
    given, now = consent_in(checked(terms, ConsentBody)), request.services.clock.now()
    try:
        form = (caller, body.exchange_id, body.values)
        if await people.consents.holding(name, caller.requester.id, given.person, now) is None:
            kept = await people.attest.give_and_keep(*form, given, name)
        else:  # of a request that was killed afterwards
            kept = bool(await people.attest.keep(*form, KeepRequest(name)))
        # a withdrawal that came before this look did not find the consent; a later one does
        if kept and await terms_of(request, visit, name) is not None:
            return WhyNotKept.KEPT
        why = WhyNotKept.WITHDRAWN if kept else WhyNotKept.NOTHING
    except GatewayError as error:
        why = WhyNotKept.VALUE if isinstance(error, Unprocessable) else WhyNotKept.AWAY
        log().warning("portal.not_kept", exchange_id=request.exchange, error=error)
        if why is WhyNotKept.AWAY and await terms_of(request, visit, name) is None:
            why = WhyNotKept.WITHDRAWN
    return await _taken_back(request, visit, name, given.person, why)


async def _taken_back(
    request: Request, visit: Visit, name: str, person: str, why: WhyNotKept
) -> WhyNotKept | None:
    """`why`, once the consent `name` of the person is not in force; None: that is not known."""
    try:
        await citizens_of(request).consents.withdraw(visit.caller, name, person)
    except NotFound:  # it was not given
        return why
    except GatewayError:
        return None
    return why


def _check_papers(
    procedure: Procedure, body: SubmittedForm, noted: Mapping[str, Any], changed: frozenset[str]
) -> None:
    """Raises Unprocessable: papers without a file that data replaced, while the form had other values.

    A value that the person typed before the gateway decided (`known`) is one that it knew.
    """
    known, states = noted.get("known", {}), noted.get("papers", {})
    others = {key for key in changed | known.keys() if value_digest(_value(body, key)) != known.get(key)}
    errors = []
    for code in papers_of_other_values(procedure, states, others):
        if code in body.papers:
            continue
        title = procedure.papers[code].title
        why = say.PAPER_OF_OTHER_VALUES(paper=titled(title.vi, title.en))
        errors.append(entry(f"/papers/{code}", why, ProblemCode.VALUE_NOT_POSSIBLE))
    if errors:
        raise Unprocessable(say.PAPERS_OF_OTHER_VALUES, errors=errors)


def _check_day(
    procedure: Procedure, body: SubmittedForm, noted: Mapping[str, Any], stale: Collection[str]
) -> None:
    """Raises Unprocessable: papers without a file that data of an earlier day than that of filing decided."""
    if "filed" in noted:  # sent again: it is filed as of the first time
        return
    states = noted.get("papers", {})
    errors = []
    for code in stale:
        if states.get(code) in RESTING and code not in body.papers:
            title = procedure.papers[code].title
            why = say.PAPER_OF_EARLIER_DAY(paper=titled(title.vi, title.en))
            errors.append(entry(f"/papers/{code}", why, ProblemCode.VALUE_NOT_POSSIBLE))
    if errors:
        raise Unprocessable(say.PAPERS_OF_EARLIER_DAY, errors=errors)


def _contradicted(
    procedure: Procedure, body: SubmittedForm, noted: Mapping[str, Any], typed: AbstractSet[str]
) -> Mapping[str, Any]:
    """What is noted, where values that the person reported as wrong, and left as they are, stand for no paper."""
    wrong = [key for key in noted.get("reported", ()) if key not in typed and _value(body, key) is not None]
    back = papers_of_other_values(procedure, noted.get("papers", {}), set(wrong))
    stored = {code: one for code, one in noted.get("stored", {}).items() if code not in back}
    papers = {**noted.get("papers", {}), **dict.fromkeys(back, "required")}
    return {**noted, "papers": papers, "stored": stored, "reported": wrong}


def _value(body: SubmittedForm, key: str) -> object:
    return at(body.values, key.split("."))


async def _reserved(
    request: Request, visit: Visit, exchange: str, wrong: Sequence[str]
) -> tuple[str, datetime]:
    """The code and the time of the dossier of an exchange: the same for each time it is sent.

    So are the fields that the person reported as wrong until then (`wrong`).
    """
    now = request.services.clock.now()
    for _ in range(_TRIES):
        code = new_code(visit.caller.agency, now, secrets.randbelow(9_000_000) + 1_000_000)
        if await relay_of(request).lookups.own(code, request.requester.id) is None:
            break
    members = {"code": code, "filed": rfc3339(now), "reported": wrong}
    noted = await change_exchange(request, visit, exchange, members, once=True)
    return noted["code"], datetime.fromisoformat(noted["filed"])


def _dossier(
    request: Request, visit: Visit, procedure: Procedure, body: SubmittedForm, noted: Mapping[str, Any],
    typed: frozenset[str], code: str, filed: datetime,
) -> Dossier:  # fmt: skip
    """`more.confirmed`: no field that the person may not change has a value that the gateway did not give."""
    configuration, mapping = request.services.configuration, procedure.mapping
    purpose = configuration.purposes[mapping.purpose]
    agency = configuration.agencies.get(visit.caller.agency)
    locked = {one.key for one in procedure.fields if not one.editable}
    offered = noted.get("offered", {})
    chosen = [key for key in sorted(typed) if value_digest(_value(body, key)) in offered.get(key, ())]
    more = {
        "form": body.values, "exchange": body.exchange_id, "typed": sorted(typed), "chosen": chosen,
        "own": noted.get("own", []), "account": noted.get("account", []),
        "confirmed": not noted.get("blank") and locked.isdisjoint(typed),
        "papers": {code: _paper_state(body, noted, code) for code in procedure.papers},
        **({"reported": wrong} if (wrong := noted.get("reported")) else {}),
    }  # fmt: skip
    return Dossier(
        code=code, procedure=procedure.code, procedure_title=mapping.title.vi, field_code=mapping.purpose,
        field_title=purpose.title.vi, unit=agency.title.vi if agency is not None else visit.caller.agency,
        channel=Channel.ONLINE, applicant=applicant_of(session_in(visit).identity), abstract=mapping.title.vi,
        filed_at=filed, status=DossierStatus.SUBMITTED, papers=tuple(_papers(procedure, body, noted)),
        more=more,
    )  # fmt: skip


def _said_of_form(more: Mapping[str, Any]) -> bytes:
    """What a dossier says of its form: the values, where they come from, and its papers."""
    said = [more.get(one) for one in ("form", "papers", "typed", "chosen", "own", "account", "confirmed")]
    said += [more["reported"]] if "reported" in more else []
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)


async def is_as_filed(request: Request, visit: Visit, code: str, more: Mapping[str, Any]) -> bool | None:
    """Whether the log has it that this portal filed this form with what the dossier says of its fields and papers.

    False: it is the word of its sender alone. None: it cannot be compared with the log.
    """
    exchange, attest = str(more.get("exchange", "")), citizens_of(request).attest
    try:
        return bool(exchange) and await attest.is_as_filed(
            visit.caller.requester.id, exchange, dossier_in_records(code), _said_of_form(more)
        )
    except LogUnavailable:
        return None


def form_origins(procedure: Procedure, more: Mapping[str, Any]) -> dict[str, list[dict[str, str]]] | None:
    """Fields of a dossier that `_dossier` made, with titles, by who gave them.

    `typed` (or chosen from what was proposed) and `emptied` by the person, `own` declared by the person before,
    `account` claimed by the account that signed in, `reported` given by data and reported as wrong by the person,
    `given` by data, also where the person chose among sources. None where `more` says nothing of it, as of an erased
    dossier.
    """
    form, typed = more.get("form"), more.get("typed")
    if not isinstance(form, dict) or not isinstance(typed, list):
        return None
    origins: dict[str, list[dict[str, str]]] = {
        "typed": [],
        "emptied": [],
        "own": [],
        "account": [],
        "reported": [],
        "given": [],
    }
    for field in procedure.fields:
        is_blank = at(form, field.names) is None
        if field.key in typed and field.key not in _names_in(more, "chosen"):
            origins["emptied" if is_blank else "typed"].append(_titled(procedure, field))
        elif not is_blank:
            is_chosen = field.key in _names_in(more, "chosen")
            theirs = () if is_chosen else ("reported", "own", "account")
            group = next((one for one in theirs if field.key in _names_in(more, one)), "given")
            origins[group].append(_titled(procedure, field))
    return origins


def _names_in(more: Mapping[str, Any], member: str) -> Sequence[Any]:
    found = more.get(member)
    return found if isinstance(found, list) else ()


def _paper_state(body: SubmittedForm, noted: Mapping[str, Any], paper: str) -> str:
    """`attached`, or the state that the decided answer gave it; `required` where no data were asked for."""
    return "attached" if paper in body.papers else str(noted.get("papers", {}).get(paper, "required"))


#: state of a paper of a dossier -> its group on the page
_PAPER_GROUPS = {
    "attached": "attached", "reusable": "stored", "replaced": "replaced", "digital_only": "replaced",
    "required": "missing",
}  # fmt: skip


def paper_origins(procedure: Procedure, more: Mapping[str, Any]) -> dict[str, list[dict[str, str]]] | None:
    """Papers of a dossier that `_dossier` made, with titles: `attached`, `stored`, `replaced` by data, or `missing`.

    Papers that do not apply are left out. None where `more` does not list papers.
    """
    states = more.get("papers")
    if not isinstance(states, dict):
        return None
    groups: dict[str, list[dict[str, str]]] = {name: [] for name in dict.fromkeys(_PAPER_GROUPS.values())}
    for code, paper in procedure.papers.items():
        if group := _PAPER_GROUPS.get(str(states.get(code))):
            title = {"title": paper.title.vi, "title_en": paper.title.en}
            is_conditional = group == "missing" and paper.when is not None
            groups[group].append({"name": code, **title, **({"when": "some"} if is_conditional else {})})
    return groups


def _titled(procedure: Procedure, field: Field) -> dict[str, str]:
    """A field with the title of the e-form, which names its person too."""
    schema: Any = procedure.form
    for name in field.names:
        schema = schema.get("properties", {}).get(name, {})
    title = schema.get("title", field.key)
    return {"name": field.key, "title": title, "title_en": schema.get("x-title-en", title)}


def applicant_of(who: Identity) -> Applicant:
    """The person or organisation that signed in."""
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
        elif (stored := noted.get("stored", {}).get(code)) is not None:
            # the receiver's own code of the component is in no mapping: the name says which paper it is
            name = " ".join(filter(None, (stored.get("title") or title, stored.get("reference"))))
            yield reused_paper("", title, name, "", stored["result_code"], from_store=True)


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
