"""Calls of the national bus: sent with a session that is renewed once, judged by the table of `bus_answers`."""

import asyncio
from typing import NamedTuple

from adapters.portals.bus_answers import BusAnswer, BusVerdict, judged
from adapters.portals.bus_wire import BusCall, BusOptions, DirectForm, PlatformForm
from adapters.portals.calling import NotDelivered, PortalPeer, PortalRequest, open_portal_peer
from adapters.portals.sessions import PortalSession, PortalSessions
from adapters.portals.tools import PortalTools
from adapters.transport.auth import build_auth
from adapters.transport.auth_settings import AuthSettings
from adapters.transport.breaker import Behalf
from adapters.transport.call import Wire
from adapters.transport.tokens import HeaderAuth
from gateway.config.portals import PortalSettings
from gateway.domain.reasons import DeliveryReason
from gateway.ports.relay import DeliveryOutcome, PortalAnswer


class BusReply(NamedTuple):
    """What the bus said, and the answer itself."""

    verdict: BusVerdict
    answer: BusAnswer


class BusCalls:
    """Calls over one peer."""

    def __init__(
        self, name: str, peer: PortalPeer, form: DirectForm | PlatformForm, options: BusOptions
    ) -> None:
        """`name`: of the portal. Without `sessions` the form needs none."""
        self._name = name
        self._peer = peer
        self._form = form
        self._codes = dict(options.errors)
        self.sessions: PortalSessions | None = None

    async def call(self, call: BusCall, end: float) -> BusReply:
        """The answer to one call. Raises NotDelivered. `end`: a time of the loop's clock."""
        session = None if self.sessions is None else await self.sessions.current(end)
        reply = await self._once(call, session, end)
        if reply.verdict is not BusVerdict.SESSION:
            return reply
        if self.sessions is not None and session is not None:
            session = await self.sessions.renewed(session, end)
            reply = await self._once(call, session, end)
        if reply.verdict is BusVerdict.SESSION:
            refused = PortalAnswer(DeliveryOutcome.UNAVAILABLE, DeliveryReason.SESSION_REFUSED)
            raise NotDelivered(refused)
        return reply

    async def _once(self, call: BusCall, session: PortalSession | None, end: float) -> BusReply:
        wire = self._form.write(call, "" if session is None else session.value)
        try:
            answer = await self._sent(call.operation, wire, call.dossier, end)
        except NotDelivered as fault:
            raise fault if call.is_push else _nothing_pushed(fault) from None
        verdict = judged(answer, is_push=call.is_push, dossier=call.dossier, codes=self._codes)
        return BusReply(verdict, answer)

    async def _sent(self, operation: str, wire: Wire, dossier: str, end: float) -> BusAnswer:
        # a dossier that breaks the bus must not end the calls for others
        person = hash((self._name, dossier)) if dossier else None
        behalf = Behalf(self._name, person, hash((operation, person)), f"{self._name}.{operation}")
        request = PortalRequest(wire, behalf, lambda answer: self._form.read(answer.body))
        answer: BusAnswer = await self._peer.send(request, end)
        return answer

    async def login(self, wire: Wire, seconds: float) -> str | None:
        """A new session; None when the bus gives none. Raises NotDelivered."""
        end = asyncio.get_running_loop().time() + seconds
        try:
            answer = await self._sent("login", wire, "", end)
        except NotDelivered as fault:
            raise _nothing_pushed(fault) from None
        return answer.session if answer.code == "0" and answer.session else None

    async def close(self) -> None:
        """End the calls under way."""
        if self.sessions is not None:
            await self.sessions.close()
        await self._peer.close()


def _nothing_pushed(fault: NotDelivered) -> NotDelivered:
    """A read or a login without an answer leaves no doubt about a message."""
    return NotDelivered(fault.end._replace(outcome=DeliveryOutcome.UNAVAILABLE))


def open_calls(
    settings: PortalSettings, options: BusOptions, form: DirectForm | PlatformForm, tools: PortalTools
) -> BusCalls:
    """The calls of one settings file. Raises ConfigError."""
    peer = open_portal_peer(settings, tools.calls)
    if isinstance(form, PlatformForm):
        auth = build_auth(
            settings.auth,
            settings.url,
            peer=peer,
            tools=tools.calls,
            source=settings.portal,
            folder="portals",
        )
        return BusCalls(settings.portal, PortalPeer(peer, auth), form, options)
    words = AuthSettings(settings.auth, settings.portal, "portals")
    words.choice("kind", ("session",))
    user, secret = words.text("username"), words.secret("secret")
    words.finish()
    calls = BusCalls(settings.portal, PortalPeer(peer, HeaderAuth()), form, options)
    calls.sessions = PortalSessions(
        lambda: calls.login(form.login(user, secret), settings.limits.total_ms / 1_000),
        tools.cache,
        tools.calls.clock,
        secret=tools.secret,
        account=f"{settings.portal} {settings.url} {user}",
        seconds=options.session_seconds,
    )
    return calls
