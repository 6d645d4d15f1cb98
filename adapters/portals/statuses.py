"""A portal that takes nothing but statuses of dossiers that it forwarded; the same one again changes nothing there."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.portals.calling import NotDelivered
from adapters.portals.messages import fault_of
from adapters.transport.faults import defect_here
from gateway.domain.dossier import MessageKind
from gateway.domain.errors import PortalUnavailable
from gateway.domain.reasons import DeliveryReason
from gateway.mapping.messages import MessageFault, WireFields
from gateway.ports.relay import (
    DeliveryOutcome,
    OutboundMessage,
    PortalAnswer,
    RemoteDossier,
    RemotePage,
    Unwritable,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPortal:
    """Implements gateway.ports.relay.Portal."""

    name: str
    #: the wire object of a status notice; raises MessageFault
    write: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    #: what it writes into
    fields: WireFields
    #: its answer, by an end; raises NotDelivered
    send: Callable[[Mapping[str, Any], float], Awaitable[Mapping[str, Any]]]
    #: what an answer means
    judge: Callable[[Mapping[str, Any]], PortalAnswer]
    ended: Callable[[], Awaitable[None]]
    kinds: frozenset[MessageKind] = frozenset({MessageKind.STATUS})
    looks_up: bool = False

    async def deliver(self, message: OutboundMessage, end: float) -> PortalAnswer:
        """Send one status. Never raises."""
        if message.kind not in self.kinds:
            return PortalAnswer(DeliveryOutcome.REFUSED, DeliveryReason.KIND_NOT_TAKEN)
        try:
            return self.judge(await self.send(self.write(message.body), end))
        except NotDelivered as fault:
            return fault.end
        except MessageFault as fault:
            return PortalAnswer(DeliveryOutcome.REFUSED, DeliveryReason.MESSAGE_NOT_WRITABLE, fault.field)
        except Exception as error:  # noqa: BLE001 -- a defect here must not stop the worker
            defect_here(f"{self.name}.status", error)
            return PortalAnswer(DeliveryOutcome.UNCONFIRMED, DeliveryReason.GATEWAY_FAULT)

    def unwritable(self, kind: MessageKind, body: Mapping[str, Any]) -> Unwritable | None:
        """The first field that the portal cannot take."""
        return fault_of(self.write, body, self.fields) if kind in self.kinds else None

    async def look_up(self, code: str, end: float) -> RemoteDossier | None:
        """It offers no look-up."""
        del code, end
        raise PortalUnavailable

    async def listing(self, day: str, after: str, count: int, end: float) -> RemotePage | None:
        """It offers no list."""
        del day, after, count, end
        return None

    async def ask(self, operation: str, parameters: Mapping[str, Any], end: float) -> Mapping[str, Any]:
        """It answers nothing."""
        del operation, parameters, end
        raise PortalUnavailable

    async def close(self) -> None:
        """Close connections."""
        await self.ended()
