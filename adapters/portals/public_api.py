"""The national portal's public reads since April 2026: its catalogue of procedures, without a login.

Facts: POST of JSON, an answer is `{code: OK, data, message}`, names of public reads end in `-by-citizen`. It is never a
substitute for the service bus, and it may change: paths and operations are options. Read with care: a procedure has
its components inside `executionCases` (the list at the top is empty), `fees: []` does not say that it is free, and
`required` is unreliable.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

import orjson
from pydantic import Field

from adapters.portals.bus_answers import NotAnAnswer
from adapters.portals.calling import (
    NotDelivered,
    PortalPeer,
    PortalRequest,
    open_portal_peer,
    portal_unavailable,
    read_json,
)
from adapters.portals.options import options_of
from adapters.portals.tools import PortalTools
from adapters.transport.auth import build_auth
from adapters.transport.breaker import Behalf
from adapters.transport.call import Wire
from adapters.transport.connection import HttpAnswer
from gateway.config.portals import PortalSettings
from gateway.config.values import Settings
from gateway.domain import sentences as say
from gateway.domain.dossier import MessageKind
from gateway.domain.errors import BadRequest, ConfigError, Problem
from gateway.domain.reasons import DeliveryReason
from gateway.mapping.messages import PortalPlans
from gateway.ports.relay import DeliveryOutcome, OutboundMessage, PortalAnswer, RemoteDossier, RemotePage

_JSON = "application/json"
_NAME = re.compile(r"[A-Za-z0-9-]+")
_LONGEST, _MOST_ROWS = 200, 200
_ReadPath = Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~/-]+$")]
#: where an operation stands, and the parameters that it takes; whole numbers and texts
_OPERATIONS: Final[dict[str, str]] = {
    "list-all-public-formality-by-citizen": "/submitting/formality/list-all-public-formality-by-citizen",
    "get-formality-by-citizen": "/configuring/formality/get-formality-by-citizen",
}
_PARAMETERS: Final = frozenset({"limit", "lastId", "q", "departmentCode", "id"})


class PublicApiOptions(Settings):
    """`options` of a portal whose adapter is the public API."""

    #: operation -> path below `url`
    operations: dict[str, _ReadPath] = _OPERATIONS
    #: what `code` says of a success
    success: str = "OK"
    #: ca, certificate, key
    tls: Any = None


def open_portal(settings: PortalSettings, plans: PortalPlans | None, tools: PortalTools) -> "PublicApi":
    """The public reads of one settings file. Raises ConfigError."""
    del plans
    if settings.takes:
        file = f"config/portals/{settings.portal}.yaml"
        what, remedy = "the public API takes no messages", "write 'takes: []'"
        raise ConfigError([Problem(file, 0, what, remedy, place=("takes",))])
    options = options_of(settings, PublicApiOptions)
    peer = open_portal_peer(settings, tools.calls)
    auth = build_auth(
        settings.auth, settings.url, peer=peer, tools=tools.calls, source=settings.portal, folder="portals"
    )
    return PublicApi(settings.portal, options, PortalPeer(peer, auth))


class PublicApi:
    """Implements gateway.ports.relay.Portal; it only answers `ask`."""

    def __init__(self, name: str, options: PublicApiOptions, peer: PortalPeer) -> None:
        """`name`: of the portal."""
        self.kinds: frozenset[MessageKind] = frozenset()
        self.looks_up = False
        self._name = name
        self._options = options
        self._peer = peer

    async def ask(self, operation: str, parameters: Mapping[str, Any], end: float) -> Mapping[str, Any]:
        """`data` of an answer. Raises BadRequest, PortalUnavailable."""
        path = self._options.operations.get(operation)
        if path is None:
            raise BadRequest(say.UNKNOWN_MEMBER(name=operation[:60] if _NAME.fullmatch(operation) else "?"))
        body = orjson.dumps({name: _parameter(name, one) for name, one in parameters.items()})
        wire = Wire("POST", path, {"Content-Type": _JSON, "Accept": _JSON}, body)
        request = PortalRequest(wire, Behalf(self._name, service=f"{self._name}.{operation}"), self._read)
        try:
            return {"result": await self._peer.send(request, end)}
        except NotDelivered as fault:
            raise portal_unavailable(fault.end) from None

    def _read(self, answer: HttpAnswer) -> object:
        tree = read_json(answer)
        if not isinstance(tree, Mapping) or tree.get("code") != self._options.success or "data" not in tree:
            raise NotAnAnswer
        return tree["data"]

    async def deliver(self, message: OutboundMessage, end: float) -> PortalAnswer:
        """It takes nothing."""
        del message, end
        return PortalAnswer(DeliveryOutcome.REFUSED, DeliveryReason.KIND_NOT_TAKEN)

    async def look_up(self, code: str, end: float) -> RemoteDossier | None:
        """Raises PortalUnavailable: it knows no dossiers."""
        del code, end
        raise portal_unavailable(PortalAnswer(DeliveryOutcome.UNAVAILABLE, DeliveryReason.KIND_NOT_TAKEN))

    async def listing(self, day: str, after: str, count: int, end: float) -> RemotePage | None:
        """None: it has no list of dossiers."""
        del day, after, count, end
        return None

    async def close(self) -> None:
        """Close connections."""
        await self._peer.close()


def _parameter(name: str, value: object) -> object:
    if name not in _PARAMETERS:
        raise BadRequest(say.UNKNOWN_MEMBER(name=name[:60] if _NAME.fullmatch(name) else "?"))
    if name == "limit":
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MOST_ROWS:
            raise BadRequest(say.AT_MOST(le=_MOST_ROWS).at(name))
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        raise BadRequest(say.MOST_CHARACTERS(bound=_LONGEST).at(name))
    return value
