"""Counts steps that came ahead of the clock when their time has come: a receiver of the outbox forgets none."""

from collections.abc import Mapping
from typing import Any

from gateway.domain.dossier import MessageKind
from gateway.domain.errors import BadRequest, GatewayError
from gateway.ports.relay import DeliveryOutcome, OutboundMessage, PortalAnswer, RemoteDossier, RemotePage
from gateway.relay.service import DossierRelay


class EarlySteps:
    """Implements gateway.ports.relay.Portal."""

    kinds = frozenset({MessageKind.PROGRESS})
    looks_up: bool = False

    def __init__(self, relay: DossierRelay) -> None:
        """`relay` counts the steps."""
        self._relay = relay

    async def deliver(self, message: OutboundMessage, end: float) -> PortalAnswer:
        """Count one step. Never raises."""
        del end
        step = message.body
        try:
            await self._relay.recount(step["origin"], step["code"], step["step"])
        except GatewayError:
            return PortalAnswer(DeliveryOutcome.UNCONFIRMED)
        return PortalAnswer(DeliveryOutcome.CONFIRMED)

    async def look_up(self, code: str, end: float) -> RemoteDossier | None:
        """Nothing is looked up here."""
        del code, end
        return None

    async def listing(self, day: str, after: str, count: int, end: float) -> RemotePage | None:
        """Nothing is listed here."""
        del day, after, count, end
        return None

    async def ask(self, operation: str, parameters: Mapping[str, Any], end: float) -> Mapping[str, Any]:
        """Nothing is asked here."""
        del operation, parameters, end
        raise BadRequest

    async def close(self) -> None:
        """Nothing is open."""
