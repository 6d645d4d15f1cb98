"""What the demo portal keeps for a session: the other people, drafts, exchanges, blank forms, consents, files.

Sealed in the login store until the sign-out. What is not noted here does not exist for the session.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from gateway.api.procedures import find
from gateway.api.request import Request
from gateway.domain import sentences as say
from gateway.domain.dates import rfc3339
from gateway.domain.errors import NotFound, Unauthenticated, fault_at
from gateway.domain.login import AccountKind, Identity
from gateway.domain.problems import ProblemCode
from gateway.login.sessions import Session, SessionBook
from gateway.mapping.paper_fields import rests_on
from gateway.mapping.procedure import Procedure
from gateway.pages.frame import Visit

#: exchanges that a session may still name, and forms where no data were asked for; for one more, one is forgotten
_MOST_EXCHANGES, _MOST_BLANKS = 40, 100
_MOST_NAMED = 100
#: around the terms of a consent that waited and is being withdrawn
_WITHDRAWN = "withdrawn"
#: sets of people that pages still name; for one more, the oldest is forgotten
_MOST_PEOPLE = 20

#: what pages keep for a session, or a part of it
Notes = dict[str, Any]


def procedure_of(request: Request) -> Procedure:
    """The procedure of the path. Raises NotFound."""
    return find(request.services.catalogue, request.parameters["code"])


def session_in(visit: Visit) -> Session:
    """The session of a citizen. Raises Unauthenticated."""
    if visit.session is None:
        raise Unauthenticated(say.SIGN_IN_FIRST)
    return visit.session


async def people_of(request: Request, session: Session, procedure: Procedure) -> Mapping[str, Any] | None:
    """Role -> subject, as the person said last in this session; None: not yet. A form that is opened now has them."""
    notes = await sessions_of(request).kept(session)
    found: Mapping[str, Any] | None = notes.get("people", {}).get(procedure.code)
    return found


def people_of_page(request: Request, notes: Notes) -> Mapping[str, Any]:
    """Role -> subject, as of the time when the page of the path was opened. Raises NotFound for a page not noted.

    Another window that changes the people since changes nothing here.
    """
    page = notes.get("blanks", {}).get(request.parameters["page"], {})
    found: Mapping[str, Any] | None = notes.get("people_of_pages", {}).get(page.get("people"))
    if found is None or page["procedure"] != procedure_of(request).code:
        raise NotFound(say.NO_EXCHANGE_OF_SESSION)
    return found


async def keep_people(
    request: Request, session: Session, procedure: Procedure, people: Mapping[str, Any]
) -> None:
    """Keep them for the session. Raises TooLarge, LoginsUnavailable."""

    def note(notes: Notes) -> None:
        notes.setdefault("people", {})[procedure.code] = people

    await sessions_of(request).keep(session, note)


async def draft_of(request: Request, session: Session, procedure: Procedure) -> Notes | None:
    """What the person typed and let be kept: `values`, `at`, `persons` (see `persons_of`)."""
    found: Notes | None = (await sessions_of(request).kept(session)).get("drafts", {}).get(procedure.code)
    return found


async def keep_draft(
    request: Request, session: Session, procedure: Procedure, values: Mapping[str, object]
) -> str:
    """Keep it in place of the former one; without values there is none. When (RFC 3339).

    Raises TooLarge; NotFound for values of a page not noted, whose people are not known.
    """
    at = rfc3339(request.services.clock.now())

    def note(notes: Notes) -> None:
        drafts = notes.setdefault("drafts", {})
        drafts.pop(procedure.code, None)
        if values:
            persons = persons_of(procedure, people_of_page(request, notes))
            drafts[procedure.code] = {"values": values, "at": at, "persons": persons}

    await sessions_of(request).keep(session, note)
    return at


def persons_of(procedure: Procedure, people: Mapping[str, Any]) -> dict[str, str]:
    """Role -> digest of its person. A role that names nobody itself, as a newborn, depends on all the others."""
    found, known = {}, {**people, procedure.signs_in: procedure.signs_in}
    for role in procedure.roles:
        one = known.get(role)
        for _ in known:
            if isinstance(one, dict) and "same_as" in one:
                one = known.get(one["same_as"])
        found[role] = value_digest(one or people)
    return found


async def note_blank(
    request: Request, session: Session, procedure: Procedure, blank: str, people: Mapping[str, Any]
) -> None:
    """What a form is sent under where no data could be asked for, when its page was opened, and for which people."""
    at, name = rfc3339(request.services.clock.now()), value_digest(people)

    def note(notes: Notes) -> None:
        page = {"procedure": procedure.code, "blank": True, "at": at, "people": name}
        notes["blanks"] = dict([*notes.get("blanks", {}).items(), (blank, page)][-_MOST_BLANKS:])
        former = [one for one in notes.get("people_of_pages", {}).items() if one[0] != name]
        notes["people_of_pages"] = dict([*former, (name, people)][-_MOST_PEOPLE:])

    await sessions_of(request).keep(session, note)


async def note_exchange(
    request: Request, session: Session, exchange: str, members: Mapping[str, object]
) -> None:
    """An exchange that this session may name. Its page is no blank form any more."""

    def note(notes: Notes) -> None:
        notes["exchanges"] = {**lasting(notes.get("exchanges", {})), exchange: members}
        if (blank := notes.get("blanks", {}).get(request.parameters["page"])) is not None:
            blank["spent"] = True

    await sessions_of(request).keep(session, note)


def lasting(known: Notes) -> Notes:
    """What is kept when one is added. Undecided exchanges are dropped first, then sent ones; the oldest first."""

    def rank(name: str) -> int:
        return 2 * ("papers" in known[name]) - ("sent" in known[name])

    going = sorted(known, key=rank)[: max(0, len(known) + 1 - _MOST_EXCHANGES)]
    return {name: one for name, one in known.items() if name not in going}


async def note_last(request: Request, session: Session, name: str, one: str) -> None:
    """A consent or a file that this session may name: the latest of them."""

    def note(notes: Notes) -> None:
        notes[name] = [*notes.get(name, ()), one][-_MOST_NAMED:]

    await sessions_of(request).keep(session, note)


async def exchange_in(request: Request, visit: Visit, exchange: str) -> Notes:
    """What is noted of an exchange of this session and this procedure. Raises NotFound."""
    notes = await sessions_of(request).kept(session_in(visit))
    found: Notes = _place(notes, exchange).get(exchange, {})
    if found.get("procedure") != procedure_of(request).code:
        raise NotFound(say.NO_EXCHANGE_OF_SESSION)
    return found


async def sent_meanwhile(request: Request, session: Session, page: str) -> list[dict[str, str]]:
    """Dossiers of the procedure that this session sent after the form `page` was opened: `exchange`, `code`, `at`."""
    notes, code = await sessions_of(request).kept(session), procedure_of(request).code
    opened = notes.get("blanks", {}).get(page, {}).get("at")
    known = {**notes.get("blanks", {}), **notes.get("exchanges", {})}
    return [
        {"exchange": name, "code": one["code"], "at": one["filed"]}
        for name, one in known.items()
        if opened and one["procedure"] == code and "sent" in one and one["filed"] >= opened
    ]


async def filed_as(request: Request, session: Session, code: str) -> Notes:
    """What is noted of the exchange whose form this session filed as the dossier; empty: of none."""
    notes = await sessions_of(request).kept(session)
    known = [*notes.get("blanks", {}).values(), *notes.get("exchanges", {}).values()]
    return next((one for one in known if one.get("code") == code and "sent" in one), {})


def _place(notes: Notes, exchange: str) -> Notes:
    """Where a session has an exchange, if it has it."""
    blanks: Notes = notes.get("blanks", {})
    found: Notes = blanks if exchange in blanks else notes.get("exchanges", {})
    return found


async def change_exchange(
    request: Request, visit: Visit, exchange: str, members: Mapping[str, object], *, once: bool = False
) -> Notes:
    """`once`: members that are there stay as they are."""

    def note(notes: Notes) -> None:
        place = _place(notes, exchange)
        if (known := place.get(exchange)) is not None:
            place[exchange] = {**members, **known} if once else {**known, **members}

    await sessions_of(request).keep(session_in(visit), note)
    return await exchange_in(request, visit, exchange)


def sessions_of(request: Request) -> SessionBook:
    """Where sessions are. Raises NotFound where nobody can sign in."""
    here = request.services.sign_in
    if here is None:
        raise NotFound(request.services.no_sign_in or say.NO_LOGINS_FOR_PAGES)
    return here.broker.sessions


async def claim_keeping(request: Request, visit: Visit, exchange: str, keeper: str, seconds: float) -> Notes:
    """Who may keep the own data of an exchange (`keeper`): the first who asks, and another when `seconds` are over."""
    now = request.services.clock.now().timestamp()

    def note(notes: Notes) -> None:
        place = _place(notes, exchange)
        known = place.get(exchange)
        if known is not None and "not_kept" not in known and known.get("claimed", 0) <= now - seconds:
            place[exchange] = {**known, "keeper": keeper, "claimed": now}

    await sessions_of(request).keep(session_in(visit), note)
    return await exchange_in(request, visit, exchange)


async def terms_of(request: Request, visit: Visit, consent: str) -> Notes | None:
    """What a consent that waits for its dossier says; None: none waits, or it is withdrawn."""
    notes = await sessions_of(request).kept(session_in(visit))
    found: Notes | None = notes.get("keeping", {}).get(consent)
    return None if found is None or _WITHDRAWN in found else found


async def mark_withdrawn(request: Request, session: Session, consent: str) -> Notes | None:
    """A consent that waits is not given any more, or withdrawn where that has just happened; gives its terms."""
    terms: list[Notes] = []

    def note(notes: Notes) -> None:
        if (found := notes.get("keeping", {}).get(consent)) is not None:
            terms[:] = [found.get(_WITHDRAWN, found)]
            notes["keeping"][consent] = {_WITHDRAWN: terms[0]}

    await sessions_of(request).keep(session, note)
    return terms[0] if terms else None


async def person_in(request: Request, visit: Visit, role: object) -> Mapping[str, str]:
    """The person of a role, as the page knows it; a newborn by its parent's number. Raises NotFound, Unprocessable."""
    procedure, session = procedure_of(request), session_in(visit)
    people = people_of_page(request, await sessions_of(request).kept(session))
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
    declared = procedure.roles.get(str(role))
    if declared is not None and declared.through and not (one or {}).get("personal_id"):
        parent = await person_in(request, visit, declared.through)
        return {"parent_personal_id": parent.get("personal_id", ""), **(one or {})}
    if not isinstance(one, dict) or "personal_id" not in one:
        raise fault_at("/subject", say.NO_PERSON_IN_ROLE, ProblemCode.VALUE_NOT_POSSIBLE)
    return one


def numbers_of(who: Identity) -> dict[str, str]:
    """The one number of a citizen's account; empty for an organisation's."""
    if who.kind is not AccountKind.CITIZEN:
        return {}
    return {"personal_id": who.personal_id} if who.personal_id else {"old_id": who.old_id}


def _who(who: Identity) -> dict[str, str]:
    more = {"full_name": who.full_name, "birth_date": who.birth_date}
    return {**numbers_of(who), **{name: text for name, text in more.items() if text}}


def digests(procedure: Procedure, known: object) -> dict[str, str]:
    """Field -> digest of what the person typed before the gateway decided about papers, where one rests on it."""
    keys = {key for one in rests_on(procedure).values() for key in one}
    typed = known if isinstance(known, dict) else {}
    return {key: value_digest(value) for key, value in typed.items() if key in keys}


def value_digest(value: object) -> str:
    """Short, so that a session has room for those of many exchanges; only the server has them."""
    return hashlib.blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()
