"""A provincial system that what comes for it is pushed to: one POST for each item of its inbox.

Promises: the address is that of the configuration; each push has a digest (RFC 9530) and is signed by the document key
of this gateway (RFC 9421), so that the receiver can tell it from others. The same item may come twice: its
`X-Delivery-Id` is the same. Any success is an acknowledgement, whatever its body says. Each file that this gateway has
comes with a link to it (`url`), made anew for each attempt; it ends after `files.link_hours`.
"""

import contextlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import orjson
from pydantic import Field

from adapters.portals.calling import (
    STATUSES,
    NotDelivered,
    PortalPeer,
    PortalRequest,
    ended,
    open_portal_peer,
    portal_unavailable,
)
from adapters.portals.options import options_of
from adapters.portals.tools import LinkFor, PortalTools
from adapters.transport.auth import build_auth
from adapters.transport.breaker import Behalf
from adapters.transport.call import Wire
from adapters.transport.connection import HttpAnswer
from gateway.config.portals import PortalSettings
from gateway.config.values import Settings
from gateway.domain import sentences as say
from gateway.domain.dossier import MessageKind
from gateway.domain.errors import BadRequest, NotFound
from gateway.domain.reasons import DeliveryReason
from gateway.mapping.messages import PortalPlans
from gateway.ports.relay import (
    DeliveryOutcome,
    InboxItem,
    OutboundMessage,
    PortalAnswer,
    RemoteDossier,
    RemotePage,
)

_REFUSED = (DeliveryOutcome.REFUSED, DeliveryReason.MESSAGE_REFUSED)
#: the receiver is the one that judges: what it does not want is refused. 404 is no judgement: its address is not served
#: just now, or wrong in the settings.
_STATUSES: Final = MappingProxyType({
    **STATUSES, 406: _REFUSED, 410: _REFUSED, 409: (DeliveryOutcome.REFUSED, DeliveryReason.RECEIVER_CONTRADICTS),
})  # fmt: skip
_SUCCESSES: Final = frozenset(range(200, 300))
_JSON = "application/json"
#: lists of a message whose entries may have files; `raw`, the message as it came, is left as it is
_LISTS = ("papers", "results", "supplements", "entries")
#: parts of a message that may have such lists
_OBJECTS = ("dossier", "part")


class WebhookOptions(Settings):
    """`options` of a portal whose adapter is the webhook."""

    #: below `url`
    path: str = Field("", pattern=r"^(/[A-Za-z0-9._~/-]*)?$")
    #: ca, certificate, key
    tls: Any = None


def open_portal(settings: PortalSettings, plans: PortalPlans | None, tools: PortalTools) -> "WebhookPortal":
    """The receiver of one settings file. Raises ConfigError. It reads our own vocabulary: `plans` are not used."""
    del plans
    options = options_of(settings, WebhookOptions)
    peer = open_portal_peer(settings, tools.calls)
    auth = build_auth(
        settings.auth, settings.url, peer=peer, tools=tools.calls, source=settings.portal, folder="portals"
    )
    return WebhookPortal(settings, options.path, PortalPeer(peer, auth, _STATUSES), tools)


class WebhookPortal:
    """Implements gateway.ports.relay.Portal."""

    def __init__(self, settings: PortalSettings, path: str, peer: PortalPeer, tools: PortalTools) -> None:
        """`path`: below the address of the settings."""
        # `pushes_to` of a door says what goes here, not `takes`
        self.kinds = frozenset(MessageKind)
        self.looks_up = False
        self._name = settings.portal
        self._url = settings.url.rstrip("/") + path
        self._path = path
        self._peer = peer
        self._tools = tools

    async def deliver(self, message: OutboundMessage, end: float) -> PortalAnswer:
        """Push one item by `end`. Never raises."""
        return await ended(self._pushed(message, end), message, self._name)

    async def _pushed(self, message: OutboundMessage, end: float) -> PortalAnswer:
        body = orjson.dumps(await self._item(message))
        headers = {"Content-Type": _JSON, "X-Delivery-Id": message.delivery}
        proof = await self._tools.sign("POST", self._url, headers, body)
        wire = Wire(
            "POST", self._path, {**headers, **proof}, body, accepts=_SUCCESSES, repeatable=False,
        )  # fmt: skip
        person = hash((self._name, message.code))
        behalf = Behalf(self._name, person, hash((message.delivery, person)), f"{self._name}.{message.kind}")
        try:
            await self._peer.send(PortalRequest(wire, behalf, _nothing), end)
        except NotDelivered as fault:
            # 409 after an attempt without an answer: it has this very item
            if not (message.unconfirmed and fault.end.reason == DeliveryReason.RECEIVER_CONTRADICTS):
                raise
        return PortalAnswer(DeliveryOutcome.CONFIRMED)

    async def _item(self, message: OutboundMessage) -> Mapping[str, Any]:
        """As `GET /v1/dossiers/inbox` has it, with links to the files."""
        body = await self._linked(message.body, LinkFor(self._name, message.code))
        item = InboxItem(
            message.seq, message.delivery, message.kind, message.origin, message.code, message.version, body
        )
        return item.plain()

    async def _linked(self, part: Mapping[str, Any], whom: LinkFor) -> Mapping[str, Any]:
        """A part of an item with the address of each file that this gateway has. Raises FilesUnavailable.

        It takes the place of the address that a portal gave: the provincial system cannot call there. A file that
        was deleted in the meantime has none.
        """
        out = dict(part)
        if self._tools.link is not None and part.get("file"):
            name = str(part.get("file_name") or "")
            with contextlib.suppress(NotFound):
                out["url"] = await self._tools.link(str(part["file"]), name, whom)
        for name in _LISTS:
            if isinstance(many := part.get(name), list):
                out[name] = [await self._linked(one, whom) for one in many]
        for name in _OBJECTS:
            if isinstance(one := part.get(name), Mapping):
                out[name] = await self._linked(one, whom)
        return out

    async def look_up(self, code: str, end: float) -> RemoteDossier | None:
        """Raises PortalUnavailable: a receiver of pushes is not asked."""
        del code, end
        raise portal_unavailable(PortalAnswer(DeliveryOutcome.UNAVAILABLE, DeliveryReason.KIND_NOT_TAKEN))

    async def listing(self, day: str, after: str, count: int, end: float) -> RemotePage | None:
        """None: it has no list."""
        del day, after, count, end
        return None

    async def ask(self, operation: str, parameters: Mapping[str, Any], end: float) -> Mapping[str, Any]:
        """Raises BadRequest: it has no operations."""
        del parameters, end
        raise BadRequest(say.UNKNOWN_MEMBER(name=operation[:60] if operation.isalnum() else "?"))

    async def close(self) -> None:
        """Close connections."""
        await self._peer.close()


def _nothing(answer: HttpAnswer) -> None:
    del answer
