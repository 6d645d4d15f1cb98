"""Invented rows of dossiers and deliveries, for the tests of the relay's store."""

from typing import Any

from adapters.stores.database import RowWork
from adapters.stores.log import SqlExchangeLog
from gateway.domain.dossier import MessageKind
from gateway.ports.relay import (
    DeliveryEvent,
    DeliveryRow,
    DeliveryState,
    DossierRow,
    EventRow,
    KeyRow,
    Settled,
)
from tests.stores.sample import some_record

BUS = "national_bus"
OWNER, OTHER = b"o" * 16, b"x" * 16


def dossier(code: str = "H33.1", version: int = 1, **changes: Any) -> DossierRow:
    members: dict[str, Any] = {
        "origin": "province", "code": code, "requester": "one_gate", "agency": "H33", "procedure": "1.001193",
        "other_code": "", "status": "submitted", "status_at": 5.0, "version": version, "digest": b"d" * 32,
        "period": "2026-11", "persons": (OWNER,), "facts": b'{"due":9}', "sealed": b"sealed dossier", "parked": "",
        "opened": 1.0, "changed": float(version), **changes,
    }  # fmt: skip
    return DossierRow(**members)


def event(code: str = "H33.1", number: str = "e1", at: float = 1.0, **changes: Any) -> EventRow:
    row = EventRow(
        "province", code, number, "province", "accepted", at, at + 1, "applied", "2026-11", b"sealed step"
    )
    return row._replace(**changes)


def delivery(number: str, code: str = "H33.1", **changes: Any) -> DeliveryRow:
    members: dict[str, Any] = {
        "seq": 0, "id": number, "target": BUS, "order_key": f"province|{code}", "kind": MessageKind.DOSSIER,
        "code": code, "version": 1, "requester": "one_gate", "exchange": "x1", "state": DeliveryState.QUEUED,
        "attempts": 0, "reason": "", "next_at": 10.0, "lease_until": 0.0, "opened": 10.0, "changed": 10.0,
        "period": "2026-11", "sealed": b"sealed message", **changes,
    }  # fmt: skip
    return DeliveryRow(**members)


def key(name: str = "k1", requester: str = "one_gate") -> KeyRow:
    return KeyRow(requester, name, b"digest", b'{"state":"stored"}', 202, 3.0)


def settled(
    number: str,
    state: DeliveryState = DeliveryState.DELIVERED,
    holder: str = "one",
    at: float = 20.0,
    next_at: float = 0.0,
    receiver_text: bytes = b"",
) -> Settled:
    what = {DeliveryState.DELIVERED: "confirmed", DeliveryState.QUEUED: "unavailable"}.get(state, str(state))
    reason = "" if state is DeliveryState.DELIVERED else "why"
    event = DeliveryEvent(at, what, reason, 1, "x2")
    return Settled(number, holder, state, reason, next_at, event, receiver_text=receiver_text)


async def write(log: SqlExchangeLog, *works: RowWork) -> None:
    """Store work, each piece with a record of its own."""
    for work in works:
        await log.append(some_record(), work)
