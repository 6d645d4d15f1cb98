"""The citizen's pages: who used my data, my consents, what I let be kept, my requests.

Each person sees what is about the person or organisation that signed in, and nothing of anybody else: every call names
that subject, and an id of another's consent is answered as one that does not exist.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any, cast
from urllib.parse import urlencode

from aiohttp import web

from gateway.api.audit import door_of
from gateway.api.context import Citizens
from gateway.api.dispatcher import demand
from gateway.api.dossiers import page_after
from gateway.api.files import send_file
from gateway.api.prefill import deadline
from gateway.api.request import Request
from gateway.api.response import Response
from gateway.audit.filters import Filters
from gateway.audit.story_words import NOTE_VALUES
from gateway.audit.titles import Titles, TitleWords
from gateway.config.consents import SubjectRequestKind
from gateway.consents.grantable import KEEPING_PAPERS
from gateway.console.language import titled
from gateway.domain import sentences as say
from gateway.domain.dates import VIETNAM, PartialDate, local, rfc3339
from gateway.domain.dossier import STATUSES
from gateway.domain.errors import BadRequest, ConsentsUnavailable, NotFound, Unprocessable
from gateway.domain.identifiers import is_ulid
from gateway.domain.login import Identity
from gateway.domain.parties import Subject, SubjectKind
from gateway.domain.problems import ProblemCode
from gateway.domain.reasons import Reason
from gateway.jose import jws
from gateway.login.linking import linked
from gateway.login.steps import Leaving
from gateway.mapping.issued import result_codes
from gateway.mapping.procedure import Procedure
from gateway.pages.frame import PageRole, PageRoute, Shown, Visit
from gateway.ports.exchange_log import LogSearch
from gateway.subject_requests.service import NewSubjectRequest

_MONTHS, _MOST = 12, 200
#: uses on one page: 20 of forms that ask five sources weigh 110 KB. Personal pages are not compressed.
_USES = 20
#: dossiers on one page of papers; signs of its cursor
_DOSSIERS, _LONGEST_CURSOR = 50, 300
_LONGEST_TEXT = 2_000
#: of an account whose person may see the papers of the store: that of which the identity was checked
_STORE_LEVEL = 2
#: kinds of requests that the pages offer -> title
KINDS: Mapping[str, tuple[str, str]] = {
    "access": ("Xem dữ liệu về tôi", "See the data about me"),
    "correction": ("Chỉnh sửa dữ liệu sai", "Correct wrong data"),
    "objection": ("Phản đối, không biết việc khai thác này", "Object: I do not recognise this use"),
    "restriction": ("Hạn chế xử lý dữ liệu", "Restrict the processing"),
    "deletion": ("Xóa dữ liệu", "Delete data"),
}

#: a withdrawal has a page of its own, and comes by other ways too
ALL_KINDS: Mapping[str, tuple[str, str]] = {
    **KINDS,
    "withdrawal": ("Rút lại sự đồng ý", "Withdraw a consent"),
}
#: how a consent reached the system that recorded it
CHANNELS = NOTE_VALUES["channel"]
LANGUAGES: Mapping[str, tuple[str, str]] = {
    "vi": ("tiếng Việt", "Vietnamese"),
    "en": ("tiếng Anh", "English"),
}

ShownUse = Mapping[str, Any]


async def uses(request: Request, visit: Visit) -> Shown:
    """`GET /me`: who used my data, newest first, by month."""
    filters = Filters(plain=LogSearch(), subject=(_person(visit),))
    cursor = visit.form.get("after") or None
    found = await door_of(request).usage.uses(visit.caller, filters, cursor, _USES)
    every = cast("Sequence[ShownUse]", found["uses"])
    agency, source = visit.form.get("agency", ""), visit.form.get("source", "")
    shown = [one for one in every if _fits(one, agency, source)]
    now = request.services.clock.now().astimezone(VIETNAM)
    year = _year(every, now, is_whole=found["next"] is None) if cursor is None else []
    values = {
        "months": [(month, list(group)) for month, group in groupby(shown, _month)],
        "year": year, "bars": [(month[:2], count) for month, count in year],
        "refused": sum(_is_refused(one, now) for one in every), "has_more": found["next"] is not None,
        "agencies": _choices(every, lambda one: [_asker(one)]),
        "sources": _choices(every, lambda one: [call["source"] for call in one["data"]]),
        "options": _options(visit), "query": _query, "agency": agency, "source": source,
        "asker": _asker, "data": _data, "is_first": cursor is None,
        "number": _number(visit), "holder": holder(visit.session.identity if visit.session else None),
    }  # fmt: skip
    title = "Ai đã dùng dữ liệu của ông/bà", "Who used your data"
    return Shown(template="me/uses", title=title, answer={**found, "uses": shown}, values=values)


async def consents(request: Request, visit: Visit) -> Shown:
    """`GET /me/consents`: in force, withdrawn, expired."""
    found = await _consents(request, visit)
    now = rfc3339(request.services.clock.now())
    groups = {
        state: [one for one in found if _state(one, now) == state]
        for state in ("in_force", "withdrawn", "expired")
    }
    return Shown(
        template="me/consents", title=("Sự đồng ý", "Consents"), answer={"consents": found},
        values={"groups": groups, **_consent_words(request)},
    )  # fmt: skip


async def receipt(request: Request, visit: Visit) -> Shown:
    """`GET /me/consents/{consent}/receipt`: what was agreed, in words, and how to verify it; made for paper too."""
    one = await _consent(request, visit)
    signed = jws.read(str(one["receipt"]))
    values = {
        "state_now": _state(one, rfc3339(request.services.clock.now())), "key": signed.kid or "",
        "algorithm": signed.algorithm, "keys_url": f"{request.issuer}/oauth2/jwks",
        "digest": hashlib.sha256(str(one["receipt"]).encode()).hexdigest(),
        "number": _number(visit), "holder": holder(visit.session.identity if visit.session else None),
        "channels": CHANNELS, "languages": LANGUAGES, **_consent_words(request),
    }  # fmt: skip
    return Shown(
        template="me/receipt", title=("Biên nhận sự đồng ý", "Receipt of a consent"),
        answer={"consent": one, "receipt": signed.claims}, values=values,
    )  # fmt: skip


async def receipt_file(request: Request, visit: Visit) -> Response:
    """`GET /me/consents/{consent}/receipt.jwt`: the signed receipt (ISO/IEC TS 27560), as a file to keep."""
    one = await _consent(request, visit)
    name = f'attachment; filename="bien-nhan-{one["consent"]}.jwt"'
    return Response(str(one["receipt"]).encode(), "application/jwt", headers={"Content-Disposition": name})


async def ask_withdrawal(request: Request, visit: Visit) -> Shown:
    """`GET /me/consents/{consent}/withdraw`: what ends and is erased, before the click."""
    one = await _consent(request, visit)
    if one["withdrawn_at"]:
        raise NotFound(say.CITIZEN_HAS_NO_SUCH_CONSENT, code=ProblemCode.CONSENT_UNKNOWN)
    kept, owner = await _kept(request, visit, [one]), _owner(visit)
    papers = [
        {"paper": paper.row.id, "title": paper.title, "file_name": paper.file_name}
        for paper in await request.services.papers.listing.kept.of(owner, "")
        if paper.row.consent == one["consent"]
    ]
    return Shown(
        template="me/withdraw", title=("Rút lại sự đồng ý", "Withdraw a consent"),
        answer={"consent": one, "kept": kept, "papers": papers},
        values={"is_of_papers": one["purpose"] == KEEPING_PAPERS, **_consent_words(request)},
    )  # fmt: skip


async def withdraw(request: Request, visit: Visit) -> Shown:
    """`POST /me/consents/{consent}/withdraw`: at once, and for good."""
    done = await _citizens(request).consents.withdraw(
        visit.caller, request.parameters["consent"], _person(visit)
    )
    return Shown(template="me/withdrawn", title=("Đã rút lại sự đồng ý", "Consent withdrawn"), answer=done)


async def kept(request: Request, visit: Visit) -> Shown:
    """`GET /me/kept`: own data that forms are filled with, each with its end."""
    found = await _kept(request, visit, await _consents(request, visit))
    titles = door_of(request).titles
    return Shown(
        template="me/kept",
        title=("Dữ liệu đã lưu", "Kept data"),
        answer={"kept": found},
        values={"titles": titles},
    )


async def papers(request: Request, visit: Visit) -> Shown:
    """`GET /me/papers`: what the gateway holds: papers kept by consent, papers and results of dossiers."""
    await demand(request, "consents")
    after = visit.form.get("after", "")
    if len(after) > _LONGEST_CURSOR or not after.isprintable():
        raise BadRequest(say.CURSOR_UNKNOWN)
    owner = _owner(visit)
    listing = request.services.papers.listing
    found = await listing.of(visit.caller, owner, page_after(after or None), _DOSSIERS)
    return Shown(
        template="me/papers", title=("Giấy tờ của tôi", "My papers"), answer=found,
        values={
            "titles": door_of(request).titles, "component": _component_titles(request), "place": _place_titles(request),
            "portal": _demo_portal(request), "statuses": STATUSES,
            "is_first": not after, "is_identified": owner.birth_date is not None,
            "take_stored": _taking_stored(request), "can_ask": _can_ask_store(request, visit),
        },
    )  # fmt: skip


def _demo_portal(request: Request) -> str | None:
    """The requester whose dossiers have a page here: that of the demo portal, in the sandbox."""
    gateway = request.services.configuration.gateway
    return gateway.pages.portal if gateway.profile == "sandbox" else None


async def stored_form(request: Request, visit: Visit) -> Shown:
    """`GET /me/papers/stored`: what a look into the paper store is, and its button. It asks no source."""
    await demand(request, "consents")
    return _stored_page(request, {"can_ask": _can_ask_store(request, visit)})


async def stored_papers(request: Request, visit: Visit) -> Shown:
    """`POST /me/papers/stored`: my papers there. Each look is recorded; a valid answer may be used again."""
    await demand(request, "consents")
    services = request.services
    if visit.session is None or not _can_ask_store(request, visit):
        raise NotFound(say.STORE_NOT_ASKED)
    services.demand()
    login = services.logins.of_session(visit.session.identity)
    caller = visit.caller
    found = await services.papers.stored.of(login, caller.requester, caller.exchange, deadline(request, None))
    return _stored_page(request, {"can_ask": True, **found})


def _stored_page(request: Request, answer: Mapping[str, object]) -> Shown:
    return Shown(
        template="me/stored", title=("Giấy tờ trong kho dữ liệu điện tử", "Papers in the electronic paper store"),
        answer=answer,
        values={
            "titles": door_of(request).titles, "take_stored": _taking_stored(request),
            "why": _reason(answer.get("reason")),
        },
    )  # fmt: skip


def _can_ask_store(request: Request, visit: Visit) -> bool:
    """Whether the store may be asked about who signed in: a person with name, birth date and number, at level 2."""
    owner = _owner(visit)
    is_whole = owner.kind is SubjectKind.PERSON and bool(
        owner.personal_id and owner.full_name and owner.birth_date
    )
    is_sure = visit.session is not None and visit.session.identity.level >= _STORE_LEVEL
    return is_whole and is_sure and request.services.papers.stored.is_agreed(visit.caller.requester)


def _taking_stored(request: Request) -> list[Procedure]:
    return [one for one in request.services.catalogue.procedures.values() if result_codes(one)]


def _reason(code: object) -> tuple[str, str] | None:
    """The words of a reason why there is nothing to show."""
    found = None if code is None else Reason(str(code))
    return None if found is None else (found.vi, found.en)


async def paper_file(request: Request, visit: Visit) -> web.StreamResponse:
    """`GET /me/papers/{paper}/file?dossier=`: the file of a kept paper, or of a paper of a dossier of mine."""
    await demand(request, "consents")
    paper, dossier = request.parameters["paper"], visit.form.get("dossier", "")
    if len(dossier) > _LONGEST_CURSOR or not dossier.isprintable():
        raise NotFound(say.CITIZEN_HAS_NO_SUCH_PAPER, code=ProblemCode.PAPER_UNKNOWN)
    listing = request.services.papers.listing
    async with listing.open(visit.caller, _owner(visit), paper, dossier) as file:
        return await send_file(request, file.media_type, file.name, file.content)


async def requests(request: Request, visit: Visit) -> Shown:
    """`GET /me/requests`: my requests as a data subject, until when each is answered, and reports of wrong data."""
    after = visit.form.get("after") or None
    found = await _citizens(request).subject_requests.search(
        visit.caller, _person(visit), "all", after, _MOST
    )
    corrections = request.services.corrections
    reports = [] if corrections is None else await corrections.about(visit.caller, _person(visit), _MOST)
    return Shown(
        template="me/requests",
        title=("Yêu cầu của tôi", "My requests"),
        answer={**found, "corrections": reports},
        values={"kinds": ALL_KINDS, "titles": door_of(request).titles},
    )


async def write_request(_request: Request, visit: Visit) -> Shown:
    """`GET /me/requests/new?kind=&exchange=`: the form of a request."""
    return _request_form(visit, visit.form.get("kind", "access"), visit.form.get("exchange", ""))


async def send_request(request: Request, visit: Visit) -> Shown | Leaving:
    """`POST /me/requests/new`: take it in; a form that is sent twice is one request."""
    kind, exchange, text = (visit.form.get(name, "") for name in ("kind", "exchange", "text"))
    text, key = text.strip().replace("\r\n", "\n"), visit.form.get("key", "")
    if exchange and not is_ulid(exchange):
        raise BadRequest(say.EXCHANGE_ID)
    if not is_ulid(key.removeprefix("page-")):
        raise BadRequest(say.KEY_FORM)
    if faults := _faults(kind, text):
        return _request_form(visit, kind, exchange, text, faults)
    about = f"{say.ABOUT_EXCHANGE(exchange=exchange).vi}\n{text}" if exchange else text
    new = NewSubjectRequest(
        person=_person(visit),
        kind=cast("SubjectRequestKind", kind),
        text=about,
        third_party=False,
        consent="",
    )
    try:
        await _citizens(request).subject_requests.open(visit.caller, new, key)
    except Unprocessable as error:
        if error.problem_code is not ProblemCode.IDEMPOTENCY_KEY_REUSED:
            raise
        return _request_form(visit, kind, exchange, text, {"text": "sent"})
    return Leaving(url="/me/requests")


ROUTES = (
    PageRoute("GET", "/me", uses, PageRole.CITIZEN, nav="Ai đã dùng · Who used"),
    PageRoute("GET", "/me/consents", consents, PageRole.CITIZEN, nav="Sự đồng ý · Consents"),
    PageRoute("GET", "/me/consents/{consent}/receipt", receipt, PageRole.CITIZEN),
    PageRoute("GET", "/me/consents/{consent}/receipt.jwt", receipt_file, PageRole.CITIZEN),
    PageRoute("GET", "/me/consents/{consent}/withdraw", ask_withdrawal, PageRole.CITIZEN),
    PageRoute("POST", "/me/consents/{consent}/withdraw", withdraw, PageRole.CITIZEN),
    PageRoute("GET", "/me/kept", kept, PageRole.CITIZEN, nav="Dữ liệu đã lưu · Kept data"),
    PageRoute("GET", "/me/papers", papers, PageRole.CITIZEN, nav="Giấy tờ · Papers"),
    PageRoute("GET", "/me/papers/stored", stored_form, PageRole.CITIZEN),
    PageRoute("POST", "/me/papers/stored", stored_papers, PageRole.CITIZEN),
    PageRoute("GET", "/me/papers/{paper}/file", paper_file, PageRole.CITIZEN),
    PageRoute("GET", "/me/requests", requests, PageRole.CITIZEN, nav="Yêu cầu · Requests"),
    PageRoute("GET", "/me/requests/new", write_request, PageRole.CITIZEN),
    PageRoute("POST", "/me/requests/new", send_request, PageRole.CITIZEN),
)


# --------------------------------------------------------------------------------------------------------- uses


def _fits(use: ShownUse, agency: str, source: str) -> bool:
    is_agency = not agency or _asker(use)["code"] == agency
    return is_agency and (not source or any(call["source"]["code"] == source for call in use["data"]))


def _asker(use: ShownUse) -> Mapping[str, str]:
    """The agency, or the system where the record names none."""
    return cast("Mapping[str, str]", use["agency"] if use["agency"]["code"] else use["requester"])


def _data(use: ShownUse) -> list[tuple[Mapping[str, str], list[Mapping[str, str]]]]:
    """Whose data were found and not refused, and the titles of their attributes, each once."""
    calls = [call for call in use["data"] if call["outcome"] == "found" and not call["refused"]]
    found: dict[tuple[str, str], tuple[Mapping[str, str], dict[str, Mapping[str, str]]]] = {}
    for call in calls:
        about = call["about"]
        whose = about["relation"], "" if about["relation"] == "self" else about["title"]
        _, titles = found.setdefault(whose, (about, {}))
        titles.update({one["title"]: one for one in call["attributes"]})
    return [(about, [*titles.values()]) for about, titles in found.values()]


def _month(use: ShownUse) -> str:
    moment = local(use["time"])
    return "" if moment is None else f"{moment:%Y-%m}"


def _year(found: Sequence[ShownUse], now: datetime, *, is_whole: bool) -> list[tuple[str, int]]:
    """The last twelve months (`11/2026`), each with its number of uses; `is_whole`: there are no older ones.

    Else those before the oldest use are left out: nobody counted them.
    """
    counts = Counter(map(_month, found))
    names = [divmod(now.year * 12 + now.month - 1 - back, 12) for back in reversed(range(_MONTHS))]
    months = [(f"{year}-{month + 1:02}", f"{month + 1:02}/{year}") for year, month in names]
    first = "" if is_whole else min(counts, default="")
    return [(name, counts[month]) for month, name in months if month >= first]


def _is_refused(use: ShownUse, now: datetime) -> bool:
    """Refused, within the months that the chart shows."""
    moment = local(use["time"])
    is_shown = moment is not None and now.year * 12 + now.month - moment.year * 12 - moment.month < _MONTHS
    return is_shown and use["state"] == "refused"


def _choices(found: Sequence[ShownUse], titles: Any) -> list[Mapping[str, str]]:  # noqa: ANN401 -- use -> titles
    """What can be filtered by: each title once."""
    return list({one["code"]: one for use in found for one in titles(use)}.values())


def _options(visit: Visit) -> Callable[[Any], list[tuple[str, str]]]:
    """Titled things -> the options of a select, in the language of the page."""

    def pairs(found: Any) -> list[tuple[str, str]]:  # noqa: ANN401 -- code -> title, or titles with codes
        named = found.items() if isinstance(found, Mapping) else [(one["code"], one) for one in found]
        return [(code, titled(title, visit.language)) for code, title in named]

    return pairs


def _query(**given: str) -> str:
    return urlencode({name: text for name, text in given.items() if text})


# ----------------------------------------------------------------------------------------------------- consents


async def _consents(request: Request, visit: Visit) -> list[Mapping[str, Any]]:
    """All of them, newest first: each can be withdrawn."""
    book, found, after = _citizens(request).consents, [], ""
    while True:
        page = await book.search(visit.caller, _person(visit), after or None, _MOST)
        found += cast("list[Mapping[str, Any]]", page["consents"])
        after = str(page["next"] or "")
        if not after:
            return found


async def _consent(request: Request, visit: Visit) -> Mapping[str, Any]:
    """The one of the path, if it is this person's. Raises NotFound."""
    for one in await _consents(request, visit):
        if one["consent"] == request.parameters["consent"]:
            return one
    raise NotFound(say.CITIZEN_HAS_NO_SUCH_CONSENT, code=ProblemCode.CONSENT_UNKNOWN)


async def _kept(
    request: Request, visit: Visit, given: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    found = await _citizens(request).kept.of(visit.caller, _person(visit), given)
    ids = {one["consent"] for one in given}
    every = cast("list[Mapping[str, Any]]", found["kept"])
    return [one for one in every if one["consent"] in ids]


def _state(consent: Mapping[str, Any], now: str) -> str:
    if consent["withdrawn_at"]:
        return "withdrawn"
    return "in_force" if now < consent["expires_at"] else "expired"


def _consent_words(request: Request) -> dict[str, object]:
    """What templates say of consents."""
    titles = door_of(request).titles

    def purpose(one: Mapping[str, Any]) -> tuple[str, str]:
        return _agreed(one["purpose_title"], titles.purpose(one["purpose"]))

    def controller(one: Mapping[str, Any]) -> tuple[str, str]:
        return _agreed(one["controller_title"], titles.agency(one["controller"]))

    return {"titles": titles, "named": _named, "purpose": purpose, "controller": controller}


def _agreed(agreed: str, now: TitleWords) -> tuple[str, str]:
    """The title that was agreed to, and its English; blank where the configuration has another title today."""
    return agreed, now["title_en"] if now["title"] == agreed else ""


def _named(titles: Titles, consent: Mapping[str, Any]) -> list[tuple[TitleWords, list[TitleWords]]]:
    """Source -> attributes that a consent names, with titles."""
    found = []
    for service, names in consent["attributes"].items():
        source, _, operation = service.partition(".")
        found.append((titles.source(source), [*titles.attributes(source, operation, names)]))
    return found


# ------------------------------------------------------------------------------------------------------- papers


def _owner(visit: Visit) -> Subject:
    """Who signed in, with the name and birth date that the login proved: papers are of a number and a name."""
    if visit.session is None or visit.subject is None:
        raise NotFound
    who = visit.session.identity
    return replace(
        visit.subject, full_name=who.organisation or who.full_name, birth_date=_born(who.birth_date)
    )


def _born(text: str) -> PartialDate | None:
    try:
        return PartialDate.parse(text)
    except ValueError:
        return None


def _component_titles(request: Request) -> Callable[[str, str], tuple[str, str]]:
    """Code of a procedure and of a component -> its title; blank for one that is not configured any more."""

    def titles_of(procedure: str, component: str) -> tuple[str, str]:
        found = request.services.catalogue.find(procedure)
        rule = found.papers.get(component) if found is not None else None
        return ("", "") if rule is None else (rule.title.vi, rule.title.en)

    return titles_of


def _place_titles(request: Request) -> Callable[[str], str]:
    """Code of a commune -> its name with the code: `Phường Phố Hiến (11953)`."""
    names = request.services.catalogue.codes.units.names
    return lambda code: f"{names[code]} ({code})" if code in names else code


# ------------------------------------------------------------------------------------------------------ helpers


def _faults(kind: str, text: str) -> dict[str, str]:
    """Field of the form of a request -> what is wrong with it."""
    found = {} if kind in KINDS else {"kind": "unknown"}
    if not text:
        found["text"] = "missing"
    elif len(text) > _LONGEST_TEXT:
        found["text"] = "too_long"
    return found


def _request_form(
    visit: Visit, kind: str, exchange: str, text: str = "", faults: Mapping[str, str] | None = None
) -> Shown:
    if exchange and not is_ulid(exchange):
        raise BadRequest(say.EXCHANGE_ID)
    values = {
        "kinds": KINDS, "options": _options(visit), "kind": kind, "about": exchange, "text": text,
        "faults": faults or {},
        "longest": _LONGEST_TEXT, "key": f"page-{visit.caller.exchange}",
    }  # fmt: skip
    title = "Gửi yêu cầu về dữ liệu của ông/bà", "A request about your data"
    answer = {"kinds": list(KINDS), "faults": dict(faults or {})}
    # sent already, and another text now: a conflict with what was done, not a wrong form
    status = 409 if "sent" in (faults or {}).values() else 422 if faults else 200
    return Shown(template="me/request", title=title, answer=answer, values=values, status=status)


def _person(visit: Visit) -> str:
    subject = visit.subject
    if subject is None:
        raise NotFound
    return subject.key


def _number(visit: Visit) -> str:
    """To show masked: the number that the account proved."""
    subject = visit.subject
    if subject is None:
        return ""
    return subject.personal_id or subject.old_id or subject.tax_code or ""


def holder(who: Identity | None) -> Mapping[str, object]:
    """Whose data the page is about: an organisation under its own name, never that of the person who signed in."""
    subject = None if who is None else linked(who)
    is_organisation = subject is not None and subject.kind is SubjectKind.ORGANISATION
    name = "" if who is None else who.organisation if is_organisation else who.full_name
    return {"name": name, "is_organisation": is_organisation}


def _citizens(request: Request) -> Citizens:
    found = request.services.citizens
    if found is None:
        raise ConsentsUnavailable(say.NO_CONSENTS_HERE)
    return found
