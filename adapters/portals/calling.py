"""One request to a portal over the shared transport, and what its end means for a message.

Promises: what was surely not taken is UNAVAILABLE, what may have been taken is UNCONFIRMED, and a message that the
platform in front judges is REFUSED. A fault holds codes only, never a body, an address or foreign text.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from adapters.transport.breaker import Behalf
from adapters.transport.call import AnswerReading, Auth, HttpPeer, ProviderCall, Wire
from adapters.transport.connection import HttpAnswer
from adapters.transport.dial import tls_context
from adapters.transport.faults import ProviderError, defect_here, unreachable
from adapters.transport.strict_json import parse
from adapters.transport.tools import Tools
from gateway.config.portals import PortalSettings
from gateway.domain.errors import GatewayError, KeyUnavailable, PortalUnavailable
from gateway.domain.evidence import Outcome
from gateway.domain.reasons import DeliveryReason, Reason
from gateway.domain.sentences import titled
from gateway.mapping.messages import MessageFault
from gateway.ports.relay import DeliveryOutcome, OutboundMessage, PortalAnswer

_UNAVAILABLE, _UNCONFIRMED = DeliveryOutcome.UNAVAILABLE, DeliveryOutcome.UNCONFIRMED
_REFUSED = DeliveryOutcome.REFUSED
#: what an error status in front of the portal means (RFC 9110); any other: it may have been taken
STATUSES: Final[Mapping[int, tuple[DeliveryOutcome, DeliveryReason]]] = MappingProxyType(
    {
        400: (_REFUSED, DeliveryReason.MESSAGE_REFUSED),
        401: (_UNAVAILABLE, DeliveryReason.LOGIN_REFUSED),
        403: (_UNAVAILABLE, DeliveryReason.ACCESS_REFUSED),
        404: (_UNAVAILABLE, DeliveryReason.ACCESS_REFUSED),
        405: (_UNAVAILABLE, DeliveryReason.ACCESS_REFUSED),
        407: (_UNAVAILABLE, DeliveryReason.ACCESS_REFUSED),
        408: (_UNAVAILABLE, DeliveryReason.RECEIVER_TIMEOUT),
        410: (_UNAVAILABLE, DeliveryReason.ACCESS_REFUSED),
        413: (_REFUSED, DeliveryReason.MESSAGE_REFUSED),
        415: (_REFUSED, DeliveryReason.MESSAGE_REFUSED),
        422: (_REFUSED, DeliveryReason.MESSAGE_REFUSED),
        429: (_UNAVAILABLE, DeliveryReason.RECEIVER_BUSY),
        503: (_UNAVAILABLE, DeliveryReason.RECEIVER_BUSY),
    }
)
#: why a call ended before the request was written
_BEFORE: Final[Mapping[Reason, DeliveryReason]] = MappingProxyType(
    {
        Reason.SOURCE_TIMEOUT: DeliveryReason.RECEIVER_TIMEOUT,
        Reason.DEADLINE_REACHED: DeliveryReason.RECEIVER_TIMEOUT,
        Reason.SOURCE_BUSY: DeliveryReason.RECEIVER_BUSY,
        Reason.BREAKER_OPEN: DeliveryReason.RECEIVER_PAUSED,
        # of a token endpoint
        Reason.SOURCE_REFUSED: DeliveryReason.LOGIN_REFUSED,
        Reason.SOURCE_ANSWER_INVALID: DeliveryReason.ANSWER_INVALID,
    }
)


class NotDelivered(Exception):
    """No answer of the portal; `end` says what that means for a message."""

    def __init__(self, end: PortalAnswer) -> None:
        """The text is made of codes only."""
        super().__init__(f"{end.outcome}: {end.reason}")
        self.end = end


class PortalRequest(NamedTuple):
    """One request: its bytes, on whose behalf, and who reads the answer. `read` raises ValueError."""

    wire: Wire
    behalf: Behalf
    read: Callable[[HttpAnswer], Any]


class PortalPeer:
    """One portal's address with its guards, and the credentials of every call."""

    def __init__(
        self,
        peer: HttpPeer,
        auth: Auth,
        statuses: Mapping[int, tuple[DeliveryOutcome, DeliveryReason]] = STATUSES,
    ) -> None:
        """Nothing is connected yet. `statuses`: what error statuses mean for a message."""
        self._peer = peer
        self._auth = auth
        self._statuses = statuses

    async def send(self, request: PortalRequest, end: float) -> Any:  # noqa: ANN401 -- what the request's reader makes
        """What the answer says. Raises NotDelivered. `end`: a time of the loop's clock."""
        landed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def done(_call: ProviderCall[PortalRequest, Any]) -> None:
            if not landed.done():
                landed.set_result(None)

        call = ProviderCall(self._peer, self._auth, _PORTAL_SPEECH, request, end, done)
        call.begin()
        try:
            await landed
        except asyncio.CancelledError:
            call.expire(unreachable())
            raise
        if call.fault is not None:
            raise NotDelivered(end_of(call.fault, self._statuses, sent=call.sent))
        if call.reading.at_fault:
            raise NotDelivered(PortalAnswer(_UNCONFIRMED, DeliveryReason.ANSWER_INVALID))
        return call.reading.value

    async def headers(self, end: float, former: Mapping[str, str] | None = None) -> Mapping[str, str]:
        """What proves who we are, for a request outside these calls; other than `former`, which was refused.

        Raises NotDelivered.
        """
        auth = self._auth
        if former is None and asyncio.get_running_loop().time() < auth.good_until:
            return auth.headers()
        waiting = _TokenWaiting()
        auth.renew(waiting, auth.turn)
        try:
            async with asyncio.timeout_at(end):
                fault = await waiting.came
        except TimeoutError:
            raise NotDelivered(PortalAnswer(_UNAVAILABLE, DeliveryReason.RECEIVER_TIMEOUT)) from None
        if fault is not None:
            raise NotDelivered(end_of(fault, self._statuses, sent=False))
        return auth.headers()

    async def close(self) -> None:
        """End the calls under way, close connections."""
        await self._auth.close()
        await self._peer.close()


class _TokenWaiting:
    """Waits for a token (adapters.transport.call.NeedsToken)."""

    def __init__(self) -> None:
        self.came: asyncio.Future[ProviderError | None] = asyncio.get_running_loop().create_future()

    def token_came(self, fault: ProviderError | None = None) -> None:
        if not self.came.done():
            self.came.set_result(fault)


class _PortalSpeech:
    """Writes what it is given (adapters.transport.call.Speech)."""

    def write(self, asked: PortalRequest) -> Wire:
        return asked.wire

    def read(self, asked: PortalRequest, answer: HttpAnswer) -> AnswerReading[Any]:
        try:
            return AnswerReading(asked.read(answer))
        except ValueError:
            return AnswerReading(None, at_fault=True)

    def behalf(self, asked: PortalRequest) -> Behalf:
        return asked.behalf


_PORTAL_SPEECH: Final = _PortalSpeech()


def end_of(
    fault: ProviderError,
    statuses: Mapping[int, tuple[DeliveryOutcome, DeliveryReason]] = STATUSES,
    *,
    sent: bool,
) -> PortalAnswer:
    """What a fault means for a message.

    `sent`: the request was handed to a connection, perhaps without reaching the other side.
    """
    if not sent:
        if fault.outcome is Outcome.REFUSED and not fault.sent:
            return PortalAnswer(_REFUSED, DeliveryReason.MESSAGE_NOT_WRITABLE)
        reason = _BEFORE.get(fault.reason, DeliveryReason.RECEIVER_UNREACHABLE)
        return PortalAnswer(_UNAVAILABLE, reason, retry_in=fault.retry_in)
    if fault.status in statuses:
        return PortalAnswer(*statuses[fault.status], retry_in=fault.retry_in)
    if fault.status >= 500:
        return PortalAnswer(_UNCONFIRMED, DeliveryReason.RECEIVER_FAULT, retry_in=fault.retry_in)
    unread = fault.outcome is Outcome.INVALID
    reason = DeliveryReason.ANSWER_INVALID if unread else DeliveryReason.ANSWER_MISSING
    return PortalAnswer(_UNCONFIRMED, reason, retry_in=fault.retry_in)


async def ended(work: Awaitable[PortalAnswer], message: OutboundMessage, portal: str) -> PortalAnswer:
    """The end of one attempt; never raises."""
    try:
        return await work
    except NotDelivered as fault:
        return fault.end
    except MessageFault as fault:
        return PortalAnswer(_REFUSED, DeliveryReason.MESSAGE_NOT_WRITABLE, field=fault.field)
    except GatewayError as error:
        # of this message alone: a file that is gone must not hold up the others
        is_key = isinstance(error, KeyUnavailable)
        return PortalAnswer(
            _UNCONFIRMED, DeliveryReason.GATEWAY_FAULT if is_key else DeliveryReason.FILE_UNAVAILABLE
        )
    except Exception as error:  # noqa: BLE001 -- a defect here must not stop the worker
        defect_here(f"{portal}.{message.kind}", error)
        return PortalAnswer(_UNCONFIRMED, DeliveryReason.GATEWAY_FAULT)


def portal_unavailable(end: PortalAnswer) -> PortalUnavailable:
    """The error of a read that had this end."""
    reason = DeliveryReason(end.reason)
    seconds = None if end.retry_in is None else max(1, round(end.retry_in))
    return PortalUnavailable(titled(reason.vi, reason.en), retry_after=seconds)


def read_json(answer: HttpAnswer) -> object:
    """The tree of an answer. Raises ValueError."""
    return parse(answer.body)


def open_portal_peer(settings: PortalSettings, tools: Tools, url: str = "") -> HttpPeer:
    """The peer at `url` or at the settings' own, with their limits and `options.tls`. Raises ConfigError."""
    return HttpPeer(url or settings.url, settings.limits, tools, tls=tls_of(settings, tools))


def tls_of(settings: PortalSettings, tools: Tools) -> ssl.SSLContext | None:
    """From `options.tls`; None: the system's authorities. Raises ConfigError."""
    tls = settings.options.get("tls")
    return None if tls is None else tls_context(settings.portal, tls, tools.root, "portals")
