"""The broker: between systems that want a login and the providers where people sign in.

Every step is resumable and idempotent. A step that cannot go on says what happened and offers one way on.
A login counts in the browser that began it only: by its cookie, or where the browser keeps none, by a proof that the
page itself keeps (sessionStorage). RFC 9700 (2.1, 4.4, 4.7), OpenID Connect Core 1.0 (4: third-party initiated login).
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode, urlsplit

from gateway.config.configuration import Configuration
from gateway.config.identity import IdentityProviderSettings
from gateway.domain.errors import LoginsUnavailable
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import ExchangeId
from gateway.domain.login import AccountKind, Identity, LoginReason
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.login.attempts import (
    Attempt,
    Attempts,
    AttemptState,
    FoundAttempt,
    LoginTarget,
    at_provider,
    digest_of,
    is_of,
    random_text,
)
from gateway.login.choices import Choices
from gateway.login.clients import LoginClient, LoginClients
from gateway.login.deep_links import read_deep_link
from gateway.login.linking import goes_on, linked, staff_note
from gateway.login.logout import SignOut
from gateway.login.sessions import Session, SessionBook
from gateway.login.steps import (
    STATUSES,
    BrowserOutcome,
    Leaving,
    LoginPage,
    NextStep,
    PageKind,
    Visitor,
    problem_page,
)
from gateway.login.wanted import AuthorizationError, Authorizations, LoginWanted, Prompt
from gateway.mapping.load import Catalogue
from gateway.ports.identity import IdentityProvider, LoginFailed

START, AGAIN, CALLBACK, SESSIONS = "/login/start", "/login/again", "/login/callback", "/login/sessions"
#: `accounts` of a target and of a provider's settings
STAFF = "staff"
#: how a login was bound to its browser, as records note it
BY_COOKIE, BY_PROOF = "cookie", "proof"
_HOME = "/"
#: what a provider sends back; anything else is ignored
ANSWERS = ("state", "code", "iss", "error", "error_description", "session_state", "response")
_PROOF_LENGTH = 43
#: what finishing a login takes beside the provider: records, the store
_SLACK_SECONDS = 5
_ANEW = frozenset({Prompt.LOGIN, Prompt.SELECT_ACCOUNT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Logins of one configuration."""

    configuration: Configuration
    catalogue: Catalogue
    providers: Mapping[str, IdentityProvider]
    attempts: Attempts
    sessions: SessionBook
    systems: LoginClients
    authorizations: Authorizations
    choices: Choices
    sign_out: SignOut
    recorder: Recorder
    #: whether a path, with its query, is a page of this gateway
    is_page: Callable[[str], bool]

    # --------------------------------------------------------------------------------------------- beginning

    async def start(self, visitor: Visitor, parameters: Mapping[str, str]) -> BrowserOutcome:
        """A deep link, a plain login, or one for a page of this gateway. Raises LoginsUnavailable, LogUnavailable.

        `to`: the page; `staff=1`: for officials; `fresh=1`: sign in anew.
        """
        if "to" in parameters or "staff" in parameters:
            return await self._to_page(visitor, parameters)
        link = read_deep_link(
            parameters, self.configuration.gateway.logins.deep_links, self._national,
            self.configuration.agencies.__contains__,
        )  # fmt: skip
        # a portal's flag: who is signed in there now may be another person than in the session of this browser
        session = None if link.target.provider else await self.sessions.of(visitor.session)
        if session is not None or not link.wants_login:
            return BrowserOutcome(step=self._at_target(visitor, link.target), who=session)
        return await self._sign_in(visitor, link.target, hint=link.target.provider)

    @property
    def has_staff(self) -> bool:
        """Whether officials can sign in."""
        return bool(self._allowed((), STAFF))

    async def _to_page(self, visitor: Visitor, parameters: Mapping[str, str]) -> BrowserOutcome:
        page, fresh = parameters.get("to", ""), parameters.get("fresh") == "1"
        target = LoginTarget(
            page=page if self.is_page(page) else _HOME,
            accounts=STAFF if parameters.get("staff") == "1" else "",
        )
        session = None if fresh else await self._session(visitor, target)
        if session is not None:
            return BrowserOutcome(step=Leaving(url=target.page), who=session)
        return await self._sign_in(visitor, target, fresh=fresh)

    async def again(self, visitor: Visitor, parameters: Mapping[str, str]) -> BrowserOutcome:
        """Go on where a page ended: `to` is a sealed target. Raises LoginsUnavailable, LogUnavailable.

        `provider`: the one that was chosen; `fresh`: sign in anew; `proof`: the digest of what the page keeps.
        """
        target = self.attempts.unsealed(parameters.get("to", ""))
        if target is None:
            return await self._refused(visitor, LoginReason.UNKNOWN_STATE, None, detail="target")
        provider, fresh = parameters.get("provider", "") or target.provider, parameters.get("fresh") == "1"
        proof = parameters.get("proof", "")
        proof = proof if len(proof) == _PROOF_LENGTH and proof.isascii() else ""
        session = None if provider or fresh else await self._session(visitor, target)
        if target.client and (
            not target.authorization or await self.authorizations.wanted(target.authorization) is None
        ):
            # the system's request is over: it begins another
            return BrowserOutcome(step=self._at_system(visitor, target), who=session)
        if session is not None:
            return await self._arrived(visitor, target, session)
        return await self._sign_in(visitor, target, hint=provider, proof=proof, fresh=fresh)

    async def resume(self, visitor: Visitor, authorization: str) -> BrowserOutcome:
        """Answer a system's request. Raises LoginsUnavailable, LogUnavailable."""
        wanted = await self.authorizations.wanted(authorization)
        if wanted is None:
            return await self._refused(visitor, LoginReason.EXPIRED, None, detail="authorization")
        target = LoginTarget(
            authorization=authorization, client=wanted.client, procedure=self._national(wanted.procedure),
            agency=wanted.agency if wanted.agency in self.configuration.agencies else "",
        )  # fmt: skip
        outcome = await self._answered(visitor, target, wanted, await self.sessions.of(visitor.session))
        if isinstance(outcome.step, LoginPage) and outcome.step.kind is PageKind.CHOOSE:
            # at an address of its own: the one that the system gave may count once (a pushed request)
            return replace(outcome, step=Leaving(url=self._again(target)))
        return outcome

    # ---------------------------------------------------------------------------------------------- callback

    async def callback(
        self, visitor: Visitor, provider: str, answer: Mapping[str, str], proof: str = ""
    ) -> BrowserOutcome:
        """The browser comes back from a provider. Raises LoginsUnavailable, LogUnavailable.

        `answer`: what the provider sent; `proof`: what the page of the same tab kept, and that page alone sent.
        """
        name, target = self.attempts.read_state(answer.get("state", ""))
        if target is None or provider not in self.providers:
            return await self._refused(visitor, LoginReason.UNKNOWN_STATE, None, detail="state")
        found = await self.attempts.find(name)
        if found is None or self._is_over(found.attempt):
            return await self._refused(visitor, LoginReason.EXPIRED, target, provider=provider)
        attempt = found.attempt
        if attempt.provider != provider:
            return await self._refused(
                visitor, LoginReason.FORGED, target, provider=provider, detail="mix_up"
            )
        bound = await self._bound(visitor, attempt, proof)
        if not bound:
            return await self._unbound(visitor, attempt, answer, shown=bool(proof))
        return await self._finish(visitor, found, answer, bound)

    async def proof_refused(
        self, visitor: Visitor, provider: str, answer: Mapping[str, str]
    ) -> BrowserOutcome:
        """A proof that no page of this gateway sent: who made the link or the form may know it.

        The login stays as it is. Raises LogUnavailable.
        """
        _, target = self.attempts.read_state(answer.get("state", ""))
        known = provider if provider in self.providers else ""
        return await self._refused(
            visitor, LoginReason.OTHER_BROWSER, target, provider=known, detail="proof_elsewhere"
        )

    async def _bound(self, visitor: Visitor, attempt: Attempt, proof: str) -> str:
        """What says that this browser began the login: `cookie`, `proof`; blank: nothing does.

        A proof is for a browser that keeps no cookies: not for one that brings a login or a session of its own, which
        somebody else's login would replace. The session that this login became (a reload) is none of these.
        """
        if visitor.browser:
            return BY_COOKIE if is_of(visitor.browser, attempt.browser) else ""
        if not is_of(proof, attempt.proof):
            return ""
        held = (await self.sessions.of(visitor.session), await self.sessions.of_staff(visitor.staff))
        is_other = any(one is not None and one.id != attempt.session for one in held)
        return "" if is_other else BY_PROOF

    async def _unbound(
        self, visitor: Visitor, attempt: Attempt, answer: Mapping[str, str], *, shown: bool
    ) -> BrowserOutcome:
        """Another browser, or one that keeps no cookies: the page of the tab may still have a proof.

        Without any cookie the two look the same: nobody is signed in, and a login that needs no cookie is offered.
        `shown`: it has shown a proof, and it is another's.
        """
        again = f"{self._again(attempt.target)}&provider={attempt.provider}"
        if attempt.proof and not (shown or visitor.browser):
            return BrowserOutcome(
                step=LoginPage(kind=PageKind.PROOF, values={"fields": dict(answer), "again": again})
            )
        if visitor.browser or shown:
            return await self._refused(
                visitor, LoginReason.OTHER_BROWSER, attempt.target, provider=attempt.provider
            )
        reason = LoginReason.NO_COOKIES
        await self._record_refusal(visitor, reason, attempt.target, attempt.provider)
        values = {"reason": reason, "again": again}
        return BrowserOutcome(
            step=LoginPage(kind=PageKind.NO_COOKIES, values=values, status=STATUSES[reason])
        )

    async def _finish(
        self, visitor: Visitor, found: FoundAttempt, answer: Mapping[str, str], bound: str
    ) -> BrowserOutcome:
        attempt = found.attempt
        if attempt.state is AttemptState.DONE:
            session = await self.sessions.find(attempt.session)
            mine = await self._session(visitor, attempt.target)
            # a reload: the session that it became, if this browser still has it
            known = session is not None and mine is not None and mine.id == session.id
            return await self._arrived(visitor, attempt.target, mine if known else None)
        if attempt.state is AttemptState.FAILED:
            return BrowserOutcome(step=problem_page(LoginReason(attempt.reason), self._again(attempt.target)))
        now = self.recorder.clock.now().timestamp()
        if self._is_claimed(attempt, now) or not await self.attempts.claim(found, now):
            # another request of this browser finishes it now
            here = f"{CALLBACK}/{attempt.provider}?{urlencode(answer)}"
            return BrowserOutcome(step=LoginPage(kind=PageKind.WORKING, values={"next": here, "seconds": 2}))
        try:
            return await self._finish_claimed(visitor, attempt, answer, bound)
        except BaseException:
            # the browser went away, the store or the log did: the next callback finishes it
            with contextlib.suppress(LoginsUnavailable):
                await self.attempts.reopen(attempt.id, now)
            raise

    async def _finish_claimed(
        self, visitor: Visitor, attempt: Attempt, answer: Mapping[str, str], bound: str
    ) -> BrowserOutcome:
        try:
            identity = await self._identity(visitor, attempt, answer)
        except LoginFailed as error:
            await self.attempts.failed(attempt, error.reason)
            return await self._refused(
                visitor, error.reason, attempt.target, provider=attempt.provider, detail=error.detail
            )
        return await self._signed_in(visitor, attempt, identity, bound)

    async def _identity(self, visitor: Visitor, attempt: Attempt, answer: Mapping[str, str]) -> Identity:
        """Who signed in. Raises LoginFailed, also for an account that names nobody."""
        asked = at_provider(attempt, answer["state"], self._callback_url(visitor, attempt.provider))
        identity = await self.providers[attempt.provider].finish(asked, answer, self._end(attempt.provider))
        is_official = identity.kind is AccountKind.STAFF
        if is_official != (attempt.target.accounts == STAFF):
            raise LoginFailed(LoginReason.NOT_LINKED, "kind_" + identity.kind)
        if is_official and not identity.roles:
            raise LoginFailed(LoginReason.NO_ROLE)
        if not is_official and linked(identity) is None:
            raise LoginFailed(LoginReason.NOT_LINKED, "kind_" + identity.kind)
        return identity

    async def _signed_in(
        self, visitor: Visitor, attempt: Attempt, identity: Identity, bound: str
    ) -> BrowserOutcome:
        """A session under a new secret; that of another account in this browser ends, and its systems are notified."""
        former = await self._session(visitor, attempt.target)
        if former is not None and not goes_on(former.identity, identity):
            await self.sign_out.end(former, "replaced", visitor)
            former = None
        anew = self._anew(attempt, identity, former)
        session, cookie = await self.sessions.begin(replace(identity, waited=0.0), former, anew=anew)
        try:
            notes: dict[str, str | int] = {"level": identity.level, "bound": bound, **staff_note(identity)}
            await self._record(
                visitor.exchange, "login_done", attempt.target, identity.provider, notes, identity
            )
        except BaseException:
            with contextlib.suppress(LoginsUnavailable):
                await self.sessions.end(session.id)
            raise
        await self.attempts.done(attempt, session.id)
        outcome = await self._arrived(visitor, attempt.target, session, is_fresh=True)
        if outcome.session is not None:
            return outcome
        return outcome.with_session(cookie, of_staff=attempt.target.accounts == STAFF)

    async def _session(self, visitor: Visitor, target: LoginTarget) -> Session | None:
        """Of this browser, of the kind that the target wants."""
        if target.accounts == STAFF:
            return await self.sessions.of_staff(visitor.staff)
        return await self.sessions.of(visitor.session)

    def _anew(self, attempt: Attempt, identity: Identity, former: Session | None) -> float:
        """When this gateway asked for the authentication that came; 0: it did not, or an older one came.

        The provider's clock says how long before its token the person signed in: how far it differs from ours, within
        `clock_skew_seconds`, does not count.
        """
        if former is not None and _is_no_later(identity, former.identity):
            return 0.0
        is_young = identity.at >= int(attempt.begun) - self._skew(attempt.provider)
        # both ends are whole seconds
        is_since = identity.waited < self.recorder.clock.now().timestamp() - attempt.begun + 1
        return attempt.begun if attempt.again and is_young and is_since else 0.0

    # ------------------------------------------------------------------------------------------- after a login

    async def _arrived(
        self, visitor: Visitor, target: LoginTarget, session: Session | None, *, is_fresh: bool = False
    ) -> BrowserOutcome:
        """Where a signed-in person goes on."""
        if not target.authorization:
            return BrowserOutcome(step=self._at_target(visitor, target), who=session)
        wanted = await self.authorizations.wanted(target.authorization)
        if wanted is None:
            return BrowserOutcome(step=self._ready(visitor, target), who=session)
        return await self._answered(visitor, target, wanted, session, is_fresh=is_fresh)

    async def _answered(
        self, visitor: Visitor, target: LoginTarget, wanted: LoginWanted, session: Session | None,
        *, is_fresh: bool = False,
    ) -> BrowserOutcome:  # fmt: skip
        """The answer to a system's request, or what is still to be done for it."""
        lacking = _lacking(wanted, session, self.recorder.clock.now().timestamp())
        if session is not None and lacking is None:
            return await self.choices.answered(visitor, wanted, session)
        if Prompt.NONE in wanted.prompt:
            error = AuthorizationError.LOGIN_REQUIRED
            answer = await self.authorizations.refuse(wanted.id, error, visitor.exchange)
            return BrowserOutcome(step=answer or self._ready(visitor, target))
        if session is not None and is_fresh and lacking is not None:
            # what just ended does not do, and another login of the same account would not either
            await self._record_refusal(visitor, lacking, target, session.identity.provider)
            return BrowserOutcome(step=problem_page(lacking, f"{self._again(target)}&fresh=1"), who=session)
        return await self._sign_in(visitor, target)

    async def _sign_in(
        self, visitor: Visitor, target: LoginTarget, *, hint: str = "", proof: str = "", fresh: bool = False
    ) -> BrowserOutcome:
        """To a provider, or to the page where people choose one."""
        wanted = await self.authorizations.wanted(target.authorization) if target.authorization else None
        begun = "" if target.page else self._deep_link_client()
        system = self.systems.named(wanted.client if wanted is not None else begun)
        allowed = self._allowed(
            wanted.providers if wanted is not None else system.settings.providers if system else (),
            target.accounts,
        )
        names = [one.provider for one in allowed]
        if hint in names:
            names = [hint]
        if not names:
            return await self._refused(visitor, LoginReason.UNAVAILABLE, target, detail="no_provider")
        if len(names) > 1:
            return BrowserOutcome(step=self._choice(target, allowed, system, fresh=fresh))
        browser = visitor.browser if len(visitor.browser) == _PROOF_LENGTH else random_text()
        attempt = self.attempts.new(
            names[0], target, self.recorder.clock.now().timestamp(), browser=digest_of(browser), proof=proof,
            again=fresh or (wanted is not None and self._wants_anew(wanted, names[0])),
            longest=wanted.longest if wanted is not None else None,
        )  # fmt: skip
        return await self._begin(visitor, attempt, None if browser == visitor.browser else browser)

    def _wants_anew(self, wanted: LoginWanted, provider: str) -> bool:
        """Also for a `max_age` that differing clocks hide."""
        is_short = wanted.longest is not None and wanted.longest <= self._skew(provider)
        return is_short or bool(_ANEW & wanted.prompt)

    async def _begin(self, visitor: Visitor, attempt: Attempt, browser: str | None) -> BrowserOutcome:
        await self.attempts.keep(attempt)
        state = self.attempts.state_of(attempt)
        asked = at_provider(attempt, state, self._callback_url(visitor, attempt.provider))
        try:
            url = await self.providers[attempt.provider].begin(asked, self._end(attempt.provider))
        except LoginFailed as error:
            return await self._refused(
                visitor, error.reason, attempt.target, provider=attempt.provider, detail=error.detail
            )
        return BrowserOutcome(step=Leaving(url=url), browser=browser)

    # ------------------------------------------------------------------------------------------------ refusals

    async def _refused(
        self, visitor: Visitor, reason: LoginReason, target: LoginTarget | None, *, provider: str = "",
        detail: str = "",
    ) -> BrowserOutcome:  # fmt: skip
        await self._record_refusal(visitor, reason, target, provider, detail)
        return BrowserOutcome(step=problem_page(reason, START if target is None else self._again(target)))

    async def _record_refusal(
        self,
        visitor: Visitor,
        reason: LoginReason,
        target: LoginTarget | None,
        provider: str,
        detail: str = "",
    ) -> None:
        notes: dict[str, str | int] = {"reason": reason.value, **({"detail": detail} if detail else {})}
        await self._record(visitor.exchange, "login_refused", target, provider, notes)

    async def _record(
        self, exchange: ExchangeId, what: str, target: LoginTarget | None, provider: str,
        notes: Mapping[str, str | int], who: Identity | None = None,
    ) -> None:  # fmt: skip
        target = target or LoginTarget()
        system = self.systems.named(target.client)
        party = linked(who) if who is not None else None
        about = RecordHeader(
            exchange, system.requester if system else "", system.agency if system else "", target.procedure,
            subjects={"owner": party.key} if party is not None else {},
        )  # fmt: skip
        known = {"provider": provider, "client": system.client_id if system else ""}
        named = {name: value for name, value in known.items() if value}
        await self.recorder.write(about, Phase.LOGIN, what, notes={**named, **notes})
        self.recorder.metrics.login(what, str(notes.get("reason", "")))

    def way_back(self, parameters: Mapping[str, str]) -> str:
        """Where a person tries again after a step that could not be done; needs no store."""
        _, target = self.attempts.read_state(parameters.get("state", ""))
        target = target or self.attempts.unsealed(parameters.get("to", ""))
        return START if target is None else self._again(target)

    # ---------------------------------------------------------------------------------------------- addresses

    def entrance(self, requester: str, issuer: str) -> str:
        """Where a login begins at a system; for an unknown one, the page of the session."""
        system = self.systems.named(requester)
        return SESSIONS if system is None else _entrance(system, LoginTarget(), issuer)

    def _again(self, target: LoginTarget) -> str:
        return f"{AGAIN}?to={self.attempts.sealed(target)}"

    def _callback_url(self, visitor: Visitor, provider: str) -> str:
        return f"{visitor.issuer}{CALLBACK}/{provider}"

    def _at_target(self, visitor: Visitor, target: LoginTarget) -> NextStep:
        """The own page, the system that takes deep links, or the page of the session."""
        if target.page:
            return Leaving(url=target.page)
        if not self._deep_link_client():
            return Leaving(url=SESSIONS)
        return self._at_system(visitor, replace(target, client=self._deep_link_client()))

    def _ready(self, visitor: Visitor, target: LoginTarget) -> NextStep:
        """The system's request is answered or over: a way to begin there again."""
        system = self.systems.named(target.client)
        if system is None:
            return Leaving(url=SESSIONS)
        values = {"client": system.title, "next": _entrance(system, target, visitor.issuer)}
        return LoginPage(kind=PageKind.SIGNED_IN, values=values)

    def _at_system(self, visitor: Visitor, target: LoginTarget) -> NextStep:
        system = self.systems.named(target.client)
        return Leaving(url=SESSIONS if system is None else _entrance(system, target, visitor.issuer))

    def _choice(
        self, target: LoginTarget, allowed: Sequence[IdentityProviderSettings], system: LoginClient | None,
        *, fresh: bool,
    ) -> LoginPage:  # fmt: skip
        again, more = self._again(target), "&fresh=1" if fresh else ""
        ways = [
            {"title": one.title, "mark": one.mark, "url": f"{again}&provider={one.provider}{more}"}
            for one in allowed
        ]
        return LoginPage(
            kind=PageKind.CHOOSE, values={"ways": ways, "client": system.title if system else None}
        )

    def _allowed(self, only: Sequence[str], accounts: str) -> list[IdentityProviderSettings]:
        """The open providers of these accounts that a system takes (`only` empty: all), in their order."""
        settings = self.configuration.identity_providers
        found = [
            settings[name]
            for name in self.providers
            if (not only or name in only) and (settings[name].accounts == STAFF) == (accounts == STAFF)
        ]
        return sorted(found, key=lambda one: (one.order, one.provider))

    def _deep_link_client(self) -> str:
        return self.configuration.gateway.logins.deep_link_client

    def _national(self, code: str) -> str:
        found = self.catalogue.find(code) if code else None
        return found.code if found is not None else ""

    def _is_claimed(self, attempt: Attempt, now: float) -> bool:
        """Whether a request finishes it now: a claim outlives what a provider may take by little (a killed process)."""
        longest = (
            self.configuration.identity_providers[attempt.provider].limits.total_ms / 1_000 + _SLACK_SECONDS
        )
        return attempt.state is AttemptState.BUSY and now - attempt.claimed < longest

    def _is_over(self, attempt: Attempt) -> bool:
        """By the clock: the store forgets it about then."""
        age = self.recorder.clock.now().timestamp() - attempt.begun
        return age > self.configuration.gateway.logins.attempt_seconds

    def _skew(self, provider: str) -> int:
        return self.configuration.identity_providers[provider].clock_skew_seconds

    def _end(self, provider: str) -> float:
        limit = self.configuration.identity_providers[provider].limits.total_ms / 1_000
        return asyncio.get_running_loop().time() + limit


def _is_no_later(one: Identity, former: Identity) -> bool:
    """Whether a provider names the authentication that it named before, or an older one."""
    is_same = (one.at, one.session) == (former.at, former.session)
    return one.provider == former.provider and (is_same or one.at < former.at)


def _lacking(wanted: LoginWanted, session: Session | None, now: float) -> LoginReason | None:
    """What a session lacks for a request; None: it fits."""
    if session is None:
        return LoginReason.EXPIRED
    who, anew = session.identity, bool(_ANEW & wanted.prompt)
    if wanted.providers and who.provider not in wanted.providers:
        return LoginReason.NOT_FOR_CLIENT
    if session.is_too_old(wanted.created, now, longest=wanted.longest, anew=anew):
        return LoginReason.EXPIRED
    return LoginReason.LEVEL_TOO_LOW if who.level < wanted.level else None


def _entrance(system: LoginClient, target: LoginTarget, issuer: str) -> str:
    """Where a login begins at a system (OpenID Connect Core 1.0, 4), with a target's codes; else its first page."""
    entrance = system.settings.initiate_login_uri
    if entrance is None:
        parts = urlsplit(system.settings.redirect_uris[0])
        return f"{parts.scheme}://{parts.netloc}/"
    words = {
        "iss": issuer, "procedure": target.procedure, "agency": target.agency, "service": target.service,
    }  # fmt: skip
    query = urlencode({name: value for name, value in words.items() if value})
    return f"{entrance}{'&' if urlsplit(entrance).query else '?'}{query}"
