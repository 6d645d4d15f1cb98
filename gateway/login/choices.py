"""What a signed-in person still decides for a system's request: for whom they act, and which claims leave.

The forms carry a ticket: random, known to this page only, bound to one session and one request. It is the proof against
cross-site requests, and it works where the browser keeps no cookies.

Consent is asked by the system's setting: `always`, `none`, or `first`: when something would leave that the
person did not agree to in this session.
For whom a person acts is asked once for each request of a system that takes mandates; "for myself" stands first. A
request that may show no page (`prompt=none`) goes on with what the system got last in this session.
"""

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

from pydantic import TypeAdapter

from gateway.domain import sentences as say
from gateway.domain.dates import PartialDate
from gateway.domain.errors import SessionOver, TooLarge
from gateway.domain.identifiers import ExchangeId, is_personal_id, is_tax_code
from gateway.domain.login import Identity, LoginReason, Mandate
from gateway.domain.parties import Subject, SubjectKind
from gateway.domain.sentences import Sentence
from gateway.login.attempts import LoginTarget, digest_of, random_text
from gateway.login.claims import about, acting_for
from gateway.login.clients import LoginClient, LoginClients
from gateway.login.sealed_values import SealedValues
from gateway.login.sessions import Session, SessionBook
from gateway.login.steps import BrowserOutcome, Leaving, LoginPage, PageKind, Visitor, problem_page
from gateway.login.wanted import AuthorizationAnswer, AuthorizationError, Authorizations, LoginWanted, Prompt

MYSELF = "self"
MANDATE, CONSENT = "/login/mandate", "/login/consent"
_SECONDS = 900
#: of what is kept with a session: system -> the choice that it got last
_CHOSEN = "for_whom"
#: in the place of a ticket: the request has its answer
_ANSWERED = b"-"
_LONGEST_NAME, _LONGEST_CODE = 120, 80
_SEALED = re.compile(r"[A-Za-z0-9_-]{1,2000}", re.ASCII)
_DATE = re.compile(r"(?:(?:([0-3]?[0-9])/)?([01]?[0-9])/)?([0-9]{4})", re.ASCII)
#: what a form gives again when it comes back with a fault
_TYPED = ("kind", "personal_id", "full_name", "birth_date", "tax_code", "document")


class MandateKind(NamedTuple):
    """A kind of mandate that a page offers."""

    kind: str
    title: Sentence
    #: the represented is an organisation, known by its tax code
    of_organisation: bool
    #: the document whose number is needed; None: none is
    document: Sentence | None


class MandateNotProven(Exception):
    """A person may not act for another, as far as the databases say; recorded where it was decided."""

    def __init__(
        self, sentence: Sentence, other_account: Sentence | None = None, *, is_undecided: bool = False
    ) -> None:
        """`sentence`: why, for the person; `other_account`: the button that leads to another account, which would help.

        `is_undecided`: no register said that the right is not there.
        """
        super().__init__(sentence.en)
        self.sentence = sentence
        self.other_account = other_account
        self.is_undecided = is_undecided


class Mandates(Protocol):
    """Proves that a person may act for another, by the rules of prefill."""

    def kinds(self, requester: str) -> Sequence[MandateKind]:
        """Those that a system takes."""
        ...

    async def prove(
        self, identity: Identity, kind: str, represented: Subject, document: str, requester: str,
        exchange: ExchangeId,
    ) -> Mandate:  # fmt: skip
        """The mandate, recorded. Raises MandateNotProven, LogUnavailable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceState:
    """What was decided so far."""

    authorization: str
    session: str
    for_whom: bool = False
    mandate: Mandate | None = field(default=None, repr=False)
    agreed: bool = False


_WRITTEN = TypeAdapter(ChoiceState)


class _OpenChoice(NamedTuple):
    """What a ticket is of."""

    state: ChoiceState
    wanted: LoginWanted
    session: Session
    ticket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The pages between a login and its code."""

    values: SealedValues
    sessions: SessionBook
    systems: LoginClients
    authorizations: Authorizations
    #: None: nobody acts for others
    mandates: Mandates | None
    #: seals where a login goes (`Attempts.sealed`)
    seal: Callable[[LoginTarget], str]

    async def answered(self, visitor: Visitor, wanted: LoginWanted, session: Session) -> BrowserOutcome:
        """The answer to a request, or the first page. Raises LoginsUnavailable, LogUnavailable."""
        at = _OpenChoice(ChoiceState(authorization=wanted.id, session=session.id), wanted, session, "")
        if Prompt.NONE in wanted.prompt and self._kinds(wanted):
            at = await self._as_before(visitor, at)
        return await self._go_on(visitor, at)

    async def act_for(self, visitor: Visitor, form: Mapping[str, str]) -> BrowserOutcome:
        """The page of mandates was sent. Raises LoginsUnavailable, LogUnavailable."""
        found = await self._found(visitor, form)
        if isinstance(found, LoginReason):
            return _over(form.get("to", ""), found)
        mandate = None
        if form.get("kind", "") != MYSELF:
            try:
                mandate = await self._proven(visitor, found, form)
            except MandateNotProven as error:
                return self._mandate_page(found, {one: form.get(one, "") for one in _TYPED}, error)
        state = replace(found.state, for_whom=True, mandate=mandate)
        # under a ticket of its own: an older page of consent is of the mandate that it names
        return await self._go_on(visitor, found._replace(state=state, ticket=""))

    async def mandate(self, visitor: Visitor, at: str, to: str) -> BrowserOutcome:
        """The page of mandates at its own address, also for who comes back to it. Raises LoginsUnavailable.

        `to`: where the login went, sealed, for when it is over.
        """
        found = await self._at_place(visitor, at)
        if isinstance(found, LoginReason):
            return _over(to, found)
        if found.state.for_whom:  # "back" from the page of consent: asked again
            state = ChoiceState(authorization=found.state.authorization, session=found.state.session)
            found = found._replace(state=state, ticket="")
        return await self._go_on(visitor, found, here=MANDATE)

    async def consent(self, visitor: Visitor, at: str, to: str) -> BrowserOutcome:
        """The page of consent at its own address, for the browser of its session. Raises LoginsUnavailable."""
        found = await self._at_place(visitor, at)
        if isinstance(found, LoginReason):
            return _over(to, found)
        return await self._go_on(visitor, found, here=CONSENT)

    async def agree(self, visitor: Visitor, form: Mapping[str, str]) -> BrowserOutcome:
        """The page of consent was sent: yes or no. Raises LoginsUnavailable, LogUnavailable."""
        found = await self._found(visitor, form)
        if isinstance(found, LoginReason):
            return _over(form.get("to", ""), found)
        if form.get("answer") != "yes":
            return await self._refused(visitor, found, AuthorizationError.ACCESS_DENIED)
        leaving = _leaving(found.wanted, found.session, found.state.mandate)
        await self.sessions.note_agreed(found.session.id, found.wanted.client, leaving)
        return await self._go_on(visitor, found._replace(state=replace(found.state, agreed=True)))

    # ------------------------------------------------------------------------------------------------- deciding

    async def _go_on(self, visitor: Visitor, at: _OpenChoice, *, here: str = "") -> BrowserOutcome:
        """The next page, or the code. `here`: the address of a page that is shown; blank: not yet at one.

        A page gets an address in a browser that has the session's cookie: reload and "back" then lead to it.
        """
        state, wanted, session, ticket = at
        system = self.systems.named(wanted.client)
        if system is None:
            return await self._refused(visitor, at, AuthorizationError.ACCESS_DENIED)
        page, error = self._open_question(state, wanted, system, session)
        if page is None:
            await self._keep_choice(at)
            answer = await self.authorizations.grant(wanted.id, session, state.mandate, visitor.exchange)
            return await self._answered(at, answer, session)
        if Prompt.NONE in wanted.prompt:
            return await self._refused(visitor, at, error)
        at = at._replace(ticket=ticket or random_text())
        await self.values.put(_key(at.ticket), _WRITTEN.dump_json(state), _SECONDS)
        address = MANDATE if page is PageKind.MANDATE else CONSENT
        if visitor.session:
            await self.values.put(_place(wanted.id, session.id), at.ticket.encode(), _SECONDS)
            if here != address:
                return BrowserOutcome(step=Leaving(url=f"{address}?at={wanted.id}&to={self._way(wanted)}"))
        if page is PageKind.MANDATE:
            return self._mandate_page(at)
        values = {
            "ticket": at.ticket, "to": self._way(wanted), "client": system.title, "who": session.identity,
            "claims": tuple(about(session.identity, wanted.claims)), "asked": wanted.claims,
            "mandate": state.mandate,
        }  # fmt: skip
        return BrowserOutcome(step=LoginPage(kind=page, values=values), who=session)

    def _open_question(
        self, state: ChoiceState, wanted: LoginWanted, system: LoginClient, session: Session
    ) -> tuple[PageKind | None, AuthorizationError]:
        """The next page, and the error without one (`prompt=none`)."""
        if not state.for_whom and self._kinds(wanted):
            return PageKind.MANDATE, AuthorizationError.INTERACTION_REQUIRED
        needed = not state.agreed and _needs_consent(wanted, system, session, state.mandate)
        return PageKind.CONSENT if needed else None, AuthorizationError.CONSENT_REQUIRED

    async def _keep_choice(self, at: _OpenChoice) -> None:
        """Keep for whom the person acts with the session, which it ends with."""
        if not at.state.for_whom:
            return
        chosen = _WRITTEN.dump_json(at.state).decode()
        with contextlib.suppress(TooLarge, SessionOver):  # then the page asks again
            await self.sessions.keep(
                at.session, lambda kept: kept.setdefault(_CHOSEN, {}).update({at.wanted.client: chosen})
            )

    async def _as_before(self, visitor: Visitor, at: _OpenChoice) -> _OpenChoice:
        """With the choice that the system got last in this session, if it still holds; a mandate is proven anew."""
        kept = (await self.sessions.kept(at.session)).get(_CHOSEN, {}).get(at.wanted.client)
        if kept is None:
            return at
        mandate = _WRITTEN.validate_json(kept).mandate
        if mandate is not None and not mandate.is_fresh(at.session.seen):
            try:
                mandate = await self._proven_anew(visitor, at, mandate)
            except MandateNotProven:
                return at
        return at._replace(state=replace(at.state, for_whom=True, mandate=mandate))

    async def _proven_anew(self, visitor: Visitor, at: _OpenChoice, mandate: Mandate) -> Mandate:
        if self.mandates is None or mandate.kind not in {one.kind for one in self._kinds(at.wanted)}:
            raise MandateNotProven(say.CHOOSE_ONE)
        return await self.mandates.prove(
            at.session.identity, mandate.kind, mandate.represented, mandate.document, at.wanted.client,
            visitor.exchange,
        )  # fmt: skip

    async def _refused(self, visitor: Visitor, at: _OpenChoice, error: AuthorizationError) -> BrowserOutcome:
        return await self._answered(
            at, await self.authorizations.refuse(at.wanted.id, error, visitor.exchange)
        )

    async def _answered(
        self, at: _OpenChoice, answer: AuthorizationAnswer | None, who: Session | None = None
    ) -> BrowserOutcome:
        """On to the system; its pages, opened again, say that it has its answer."""
        if answer is None:
            return _over(self._way(at.wanted), LoginReason.ANSWERED)
        if at.ticket or at.state.for_whom or at.state.agreed:
            await self.values.put(_place(at.wanted.id, at.state.session), _ANSWERED, _SECONDS)
        return BrowserOutcome(step=answer, who=who)

    def _way(self, wanted: LoginWanted) -> str:
        """Where a login went, sealed: a page that is over leads back there."""
        return self.seal(LoginTarget(client=wanted.client, procedure=wanted.procedure, agency=wanted.agency))

    def _here(self, wanted: LoginWanted) -> str:
        """The same for the open request: after another login it goes on."""
        target = LoginTarget(
            authorization=wanted.id, client=wanted.client, procedure=wanted.procedure, agency=wanted.agency
        )
        return self.seal(target)

    async def _at_place(self, visitor: Visitor, at: str) -> _OpenChoice | LoginReason:
        """What the page at an address is of, in the browser of its session; else why there is none."""
        session = await self.sessions.of(visitor.session)
        ticket = None if session is None else await self.values.get(_place(at, session.id))
        if ticket is None:
            is_open = session is not None and await self.authorizations.wanted(at) is not None
            return LoginReason.OTHER_LOGIN if is_open else LoginReason.EXPIRED
        return (
            LoginReason.ANSWERED
            if ticket == _ANSWERED
            else await self._found(visitor, {"ticket": ticket.decode()})
        )

    async def _found(self, visitor: Visitor, form: Mapping[str, str]) -> _OpenChoice | LoginReason:
        """What a ticket is of; else why it is over: it took too long, was sent, or another login followed."""
        ticket = form.get("ticket", "")
        raw = await self.values.get(_key(ticket)) if ticket else None
        if raw is None:
            return LoginReason.EXPIRED
        state = _WRITTEN.validate_json(raw)
        mine = await self.sessions.of(visitor.session)
        if mine is not None and mine.id != state.session:
            return LoginReason.OTHER_LOGIN
        if await self.values.get(_place(state.authorization, state.session)) == _ANSWERED:
            return LoginReason.ANSWERED
        session = await self.sessions.find(state.session)
        wanted = await self.authorizations.wanted(state.authorization)
        if session is None or wanted is None:
            return LoginReason.EXPIRED
        return _OpenChoice(state, wanted, session, ticket)

    def _kinds(self, wanted: LoginWanted) -> Sequence[MandateKind]:
        if not wanted.mandates or self.mandates is None:
            return ()
        return [one for one in self.mandates.kinds(wanted.client) if one.kind in wanted.mandates]

    def _mandate_page(
        self, at: _OpenChoice, typed: Mapping[str, str] | None = None, fault: MandateNotProven | None = None
    ) -> BrowserOutcome:
        system = self.systems.named(at.wanted.client)
        values = {
            "ticket": at.ticket, "to": self._way(at.wanted), "client": system.title if system else None,
            "kinds": self._kinds(at.wanted), "who": at.session.identity, "typed": typed or {},
            "fault": fault.sentence if fault is not None else None,
            "other_account": fault.other_account if fault is not None else None,
            "sign_in": f"/login/again?to={self._here(at.wanted)}&fresh=1",
        }  # fmt: skip
        status = 200 if fault is None else 403
        return BrowserOutcome(
            step=LoginPage(kind=PageKind.MANDATE, values=values, status=status), who=at.session
        )

    async def _proven(self, visitor: Visitor, at: _OpenChoice, form: Mapping[str, str]) -> Mandate:
        kind = next((one for one in self._kinds(at.wanted) if one.kind == form.get("kind", "")), None)
        if kind is None or self.mandates is None:
            raise MandateNotProven(say.CHOOSE_ONE)
        document = form.get("document", "").strip() if kind.document is not None else ""
        if kind.document is not None and not 0 < len(document) <= _LONGEST_CODE:
            raise MandateNotProven(say.WRITE_THE_DOCUMENT(document=kind.document, longest=_LONGEST_CODE))
        return await self.mandates.prove(
            at.session.identity, kind.kind, _represented(kind, form), document, at.wanted.client,
            visitor.exchange,
        )  # fmt: skip


def _represented(kind: MandateKind, form: Mapping[str, str]) -> Subject:
    """For whom somebody wants to act, as typed. Raises MandateNotProven with what to write."""
    if kind.of_organisation:
        code = form.get("tax_code", "").strip()
        if not is_tax_code(code):
            raise MandateNotProven(say.TAX_CODE_DIGITS)
        return Subject(kind=SubjectKind.ORGANISATION, tax_code=code)
    number, name = form.get("personal_id", "").strip(), " ".join(form.get("full_name", "").split())
    if not is_personal_id(number):
        raise MandateNotProven(say.NUMBER_DIGITS)
    if not 0 < len(name) <= _LONGEST_NAME:
        raise MandateNotProven(say.WRITE_THE_NAME)
    born = _day(form.get("birth_date", "").strip())
    if born is None:
        raise MandateNotProven(say.WRITE_THE_BIRTH_DATE)
    return Subject(kind=SubjectKind.PERSON, personal_id=number, full_name=name, birth_date=born)


def _day(text: str) -> PartialDate | None:
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    day, month, year = (None if one is None else int(one) for one in found.groups())
    try:
        return PartialDate(year or 0, month, day)
    except ValueError:
        return None


def _needs_consent(
    wanted: LoginWanted, system: LoginClient, session: Session, mandate: Mandate | None
) -> bool:
    if Prompt.CONSENT in wanted.prompt:
        return True
    leaving = _leaving(wanted, session, mandate)
    match system.settings.consent:
        case "always":
            return bool(leaving)
        case "first":
            return not set(leaving) <= set(session.agreed.get(wanted.client, ()))
        case "none":
            return False


def _leaving(wanted: LoginWanted, session: Session, mandate: Mandate | None) -> list[str]:
    """What the system would get: claims that the account has, and the represented with what is sent about them."""
    leaving = list(about(session.identity, wanted.claims))
    if mandate is not None:
        # another proof of the same is nothing new
        sent = acting_for(replace(mandate, proven_at=0.0), mandate.represented.key, wanted.claims)
        leaving.append(digest_of(repr(sent)))
    return leaving


def _over(to: str, reason: LoginReason) -> BrowserOutcome:
    """A page that was sent too late, or a second time. `to`: where the login went, sealed; blank: not known."""
    again = f"/login/again?to={to}" if _SEALED.fullmatch(to) else "/login/start"
    return BrowserOutcome(step=problem_page(reason, again))


def _place(authorization: str, session: str) -> str:
    return f"cp:{digest_of(f'{authorization} {session}')}"


def _key(ticket: str) -> str:
    return f"ch:{digest_of(ticket)}"
