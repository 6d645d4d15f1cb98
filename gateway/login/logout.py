"""Sign-out, both ways: at this gateway, at its systems, and at the provider.

OpenID Connect RP-Initiated Logout 1.0, Back-Channel Logout 1.0, Front-Channel Logout 1.0. Ending a session ends its
codes, tokens and handles at once; then each of its systems gets a logout token, and each of these is recorded.
A browser is only sent to addresses that are registered for the system that asks.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode, urlsplit

from gateway.config.configuration import Configuration
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import ExchangeId
from gateway.domain.login import AccountKind, LoginReason
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.login.clients import LoginClient, LoginClients
from gateway.login.linking import linked, staff_note
from gateway.login.logout_notices import LogoutNotices
from gateway.login.sealed_values import SealedValues
from gateway.login.sessions import Session, SessionBook
from gateway.login.steps import BrowserOutcome, Leaving, LoginPage, NextStep, PageKind, Visitor
from gateway.login.url_seal import UrlSeal
from gateway.login.wanted import IdTokenHints
from gateway.ports.identity import IdentityProvider, LoginFailed

SIGNED_OUT = "/login/logged-out"
_USE = "logout"
#: how long frames of systems may take before the browser goes on, in seconds
_FRAME_SECONDS = 3
_LONGEST_STATE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOut:
    """Sign-outs under one configuration."""

    configuration: Configuration
    providers: Mapping[str, IdentityProvider]
    sessions: SessionBook
    values: SealedValues
    urls: UrlSeal
    systems: LoginClients
    #: None: no system logs people in
    tokens: IdTokenHints | None
    notices: LogoutNotices
    recorder: Recorder

    # ------------------------------------------------------------------------------------------ by the person

    async def ask(self, visitor: Visitor, parameters: Mapping[str, str]) -> BrowserOutcome:
        """A system, or the person, wants to sign out. Raises LoginsUnavailable, LogUnavailable.

        At once with an ID token of this session; otherwise the person is asked: anybody can send a browser here.
        """
        hint = parameters.get("id_token_hint", "")
        hinted = self.tokens.hinted(hint) if hint and self.tokens is not None else None
        system = self._system(parameters.get("client_id", ""), hinted.client if hinted else "")
        back = self._back(system, parameters)
        session = await self.sessions.of(visitor.session)
        is_here = session is not None
        if session is None and hinted is not None and hinted.session:
            session = await self.sessions.find(hinted.session)
        if session is None:
            return BrowserOutcome(step=self._signed_out(back), session="" if visitor.session else None)
        if hinted is not None and hinted.session == session.id:
            return await self._leave(visitor, session, back, is_here=is_here)
        return self._question(session, system, back)

    async def confirm(self, visitor: Visitor, form: Mapping[str, str]) -> BrowserOutcome:
        """The person said yes on the page. Raises LoginsUnavailable, LogUnavailable."""
        session, back = await self.sessions.of(visitor.session), form.get("back", "")
        if self.urls.opened(back, _USE) is None:
            back = ""
        if session is None:
            return BrowserOutcome(step=self._signed_out(back), session="" if visitor.session else None)
        if not _same(form.get("csrf", ""), session.csrf):
            await self.form_refused(visitor, "csrf")
            return self._question(session, None, back, status=403)
        return await self._leave(visitor, session, back)

    async def leave(self, visitor: Visitor, session: Session) -> BrowserOutcome:
        """The person said yes on a page of this gateway. Raises LoginsUnavailable, LogUnavailable."""
        return await self._leave(visitor, session, "")

    async def returned(self, visitor: Visitor, parameters: Mapping[str, str]) -> BrowserOutcome:
        """The browser comes back from the provider's sign-out, or from here: on to the system that asked.

        Raises LoginsUnavailable.
        """
        words = self.urls.opened(parameters.get("state", ""), _USE) or {}
        system, to = self.systems.named(words.get("client", "")), words.get("to", "")
        if system is None or to not in system.settings.post_logout_redirect_uris:
            if await self.sessions.of(visitor.session) is not None:
                return await self.listed(visitor)
            return BrowserOutcome(step=await self._ended(visitor, is_done=True))
        state = words.get("state", "")
        joint = "&" if urlsplit(to).query else "?"
        return BrowserOutcome(step=Leaving(url=f"{to}{joint}{urlencode({'state': state})}" if state else to))

    async def _ended(self, visitor: Visitor, *, is_done: bool) -> LoginPage:
        """No session of a citizen; says when an official is still signed in in the same browser.

        After a sign-out it names the account; nothing else of a session of another kind is shown to a citizen.
        """
        official = await self.sessions.of_staff(visitor.staff) if visitor.staff else None
        account = "" if official is None or not is_done else official.identity.account
        stays = None if official is None else {"account": account, "csrf": official.csrf}
        values = {"is_done": is_done, "official": stays}
        return LoginPage(kind=PageKind.SIGNED_OUT, values=values)

    # ---------------------------------------------------------------------------------------- list of sessions

    async def listed(
        self, visitor: Visitor, status: int = 200, ended: Session | None = None
    ) -> BrowserOutcome:
        """The sessions of the person, at all providers. `ended`: one that ended just now. Raises LoginsUnavailable."""
        mine = await self.sessions.of(visitor.session)
        if mine is None:
            page = await self._ended(visitor, is_done=False)
            return BrowserOutcome(step=page, session="" if visitor.session else None)
        providers = self.configuration.identity_providers
        rows = [
            {
                "id": one.id, "is_mine": one.id == mine.id, "level": one.identity.level, "created": one.created,
                "provider": providers[one.identity.provider].title,
                "systems": [found.title for name in one.clients if (found := self.systems.named(name))],
            }
            for one in await self.sessions.of_person(mine.identity)
            if one.identity.provider in providers
        ]  # fmt: skip
        known = providers.get(ended.identity.provider) if ended is not None else None
        over = {"created": ended.created, "provider": known.title} if ended is not None and known else None
        values = {"rows": rows, "csrf": mine.csrf, "who": mine.identity, "ended": over}
        return BrowserOutcome(step=LoginPage(kind=PageKind.SESSIONS, values=values, status=status), who=mine)

    async def end_one(self, visitor: Visitor, form: Mapping[str, str]) -> BrowserOutcome:
        """The person ends a session of the list. Raises LoginsUnavailable, LogUnavailable."""
        mine = await self.sessions.of(visitor.session)
        if mine is None:
            return await self.listed(visitor)
        if not _same(form.get("csrf", ""), mine.csrf):
            await self.form_refused(visitor, "csrf")
            return await self.listed(visitor, 403)
        wanted = form.get("session", "")
        if wanted == mine.id:
            return await self._leave(visitor, mine, "")
        one = next((one for one in await self.sessions.of_person(mine.identity) if one.id == wanted), None)
        if one is not None:
            await self.end(one, "ended_by_person", visitor)
        return await self.listed(visitor, ended=one)

    async def form_refused(self, visitor: Visitor, detail: str) -> None:
        """Record a form that no page of this gateway sent. Raises LoginsUnavailable, LogUnavailable."""
        session = await self.sessions.of(visitor.session)
        party = None if session is None else linked(session.identity)
        about = RecordHeader(visitor.exchange, subjects={"owner": party.key} if party is not None else {})
        notes = {"reason": LoginReason.FORGED.value, "detail": detail}
        if session is not None:
            notes["provider"] = session.identity.provider
        await self.recorder.write(about, Phase.LOGIN, "login_refused", notes=notes)
        self.recorder.metrics.login("login_refused", LoginReason.FORGED.value)

    # ----------------------------------------------------------------------------------------- by the provider

    async def back_channel(self, provider: str, token: str, visitor: Visitor) -> None:
        """A logout token of a provider. Raises LoginFailed, LoginsUnavailable, LogUnavailable."""
        known = self.providers.get(provider)
        if known is None:
            raise LoginFailed(LoginReason.FORGED, "provider")
        limit = self.configuration.identity_providers[provider].limits.total_ms / 1_000
        claims = await known.logged_out(token, asyncio.get_running_loop().time() + limit)
        seen = hashlib.sha256(f"{provider} {claims.token}".encode()).hexdigest()
        seconds = max(1, int(claims.until - self.recorder.clock.now().timestamp()) + 1)
        if not await self.values.add(f"lt:{seen}", b"", seconds):
            raise LoginFailed(LoginReason.FORGED, "replayed")
        for one in await self.sessions.of_provider(provider, claims.subject, claims.session):
            await self.end(one, "provider", visitor)

    async def front_channel(self, provider: str, parameters: Mapping[str, str], visitor: Visitor) -> bool:
        """A frame in the provider's page: its session is named by `iss` and `sid`, cookies do not come along."""
        settings = self.configuration.identity_providers.get(provider)
        sid = parameters.get("sid", "")
        if (
            settings is None
            or provider not in self.providers
            or not sid
            or parameters.get("iss") != settings.issuer
        ):
            return False
        for one in await self.sessions.of_provider(provider, "", sid):
            await self.end(one, "provider", visitor)
        return True

    # -------------------------------------------------------------------------------------------------- ending

    async def end(self, session: Session, why: str, visitor: Visitor) -> None:
        """End a session and notify its systems. Raises LoginsUnavailable, LogUnavailable (it is ended all the same)."""
        ended = await self.sessions.end(session.id)
        if ended is None:
            return
        for name in ended.clients:
            await self._notify(ended, name, visitor.exchange)
        what = "logout" if why == "person" else "session_ended"
        await self._record(visitor.exchange, what, ended, why=why)

    async def _notify(self, session: Session, name: str, exchange: ExchangeId) -> None:
        system, tokens = self.systems.named(name), self.tokens
        if system is None or tokens is None or system.settings.backchannel_logout_uri is None:
            return

        async def note(is_taken: bool) -> None:  # noqa: FBT001 -- as the port calls it
            what = "logout_notified" if is_taken else "logout_not_notified"
            await self._record(exchange, what, session, system)

        if not self.notices.send(
            system.settings.backchannel_logout_uri, lambda: tokens.logout_token(name, session), note
        ):
            await note(False)

    async def _leave(
        self, visitor: Visitor, session: Session, back: str, *, is_here: bool = True
    ) -> BrowserOutcome:
        """End a session; on to frames of systems, then the provider, then back.

        `is_here`: it is this browser's. To anybody else, who may be a system with its ID token, the addresses show
        neither the provider's ID token nor what other systems call the session: both would join what systems know.
        """
        await self.end(session, "person", visitor)
        step: NextStep = self._next(visitor, session, back, is_here=is_here)
        frames = self._frames(visitor, session) if is_here else []
        if frames:
            assert isinstance(step, Leaving)
            origins = tuple(sorted({"{0.scheme}://{0.netloc}".format(urlsplit(one)) for one in frames}))
            values = {"next": step.url, "seconds": _FRAME_SECONDS, "frames": frames, "is_sign_out": True}
            step = LoginPage(kind=PageKind.WORKING, values=values, frames=origins)
        return BrowserOutcome(step=step).with_session("", of_staff=session.identity.kind is AccountKind.STAFF)

    def _next(self, visitor: Visitor, session: Session, back: str, *, is_here: bool) -> Leaving:
        """The provider's sign-out, where it has one; it sends the browser back here."""
        who = session.identity if is_here else replace(session.identity, id_token="")
        provider = self.providers.get(who.provider)
        home = f"{visitor.issuer}{SIGNED_OUT}"
        url = provider.logout_url(who, home, back) if provider is not None else ""
        return Leaving(url=url) if url else self._signed_out(back)

    def _signed_out(self, back: str) -> Leaving:
        return Leaving(url=f"{SIGNED_OUT}?{urlencode({'state': back})}" if back else SIGNED_OUT)

    def _frames(self, visitor: Visitor, session: Session) -> list[str]:
        found = []
        for name in session.clients:
            system = self.systems.named(name)
            if system is None or system.settings.frontchannel_logout_uri is None:
                continue
            uri = system.settings.frontchannel_logout_uri
            words = {"iss": visitor.issuer, "sid": self.sessions.sid(session.id, name)}
            found.append(f"{uri}{'&' if urlsplit(uri).query else '?'}{urlencode(words)}")
        return found

    def _question(
        self, session: Session, system: LoginClient | None, back: str, *, status: int = 200
    ) -> BrowserOutcome:
        values = {
            "csrf": session.csrf, "back": back, "client": system.title if system is not None else None,
            "who": session.identity,
        }  # fmt: skip
        return BrowserOutcome(
            step=LoginPage(kind=PageKind.SIGN_OUT, values=values, status=status), who=session
        )

    def _system(self, client_id: str, hinted: str) -> LoginClient | None:
        """The system that asks: by its ID token, else by its client id; None when the two differ."""
        named = self.systems.client(client_id) if client_id else None
        shown = self.systems.named(hinted) if hinted else None
        return None if named is not None and shown is not None and named != shown else shown or named

    def _back(self, system: LoginClient | None, parameters: Mapping[str, str]) -> str:
        """Sealed: where the browser goes in the end; blank: an address that is not registered, or none."""
        to, state = parameters.get("post_logout_redirect_uri", ""), parameters.get("state", "")
        if system is None or to not in system.settings.post_logout_redirect_uris:
            return ""
        words = {"client": system.requester, "to": to, "state": state[:_LONGEST_STATE]}
        return self.urls.sealed(words, _USE)

    async def _record(
        self,
        exchange: ExchangeId,
        what: str,
        session: Session,
        system: LoginClient | None = None,
        why: str = "",
    ) -> None:
        party, who = linked(session.identity), session.identity
        about = RecordHeader(
            exchange, system.requester if system else "", system.agency if system else "",
            subjects={"owner": party.key} if party is not None else {},
        )  # fmt: skip
        notes: dict[str, str | int] = {"provider": who.provider, "level": who.level, **staff_note(who)}
        if system is not None:
            notes["client"] = system.client_id
        if why:
            notes["reason"] = why
        await self.recorder.write(about, Phase.LOGIN, what, notes=notes)
        self.recorder.metrics.login(what, why)


def _same(given: str, expected: str) -> bool:
    return bool(given) and hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())
