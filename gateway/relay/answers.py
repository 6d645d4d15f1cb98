"""Answers of the API about dossiers: rows as plain JSON. What lists and deliveries show names no person."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.domain.dates import moment
from gateway.domain.exchange import Receipt
from gateway.ports.relay import DeliveryRow, DeliveryState, DossierRow, EventRow
from gateway.relay.changes import Accepted, DossierChange


def accepted_dossier(accepted: Accepted, exchange: str) -> dict[str, object]:
    """The answer to a posted dossier."""
    return {
        "exchange_id": exchange, **dossier_answer(accepted.change), "receipt": shown_receipt(accepted.receipt),
    }  # fmt: skip


def dossier_answer(taken: DossierChange) -> dict[str, object]:
    """The same without exchange and receipt: what is stored under its key."""
    row = taken.row
    return {
        "code": row.code, "version": row.version, "state": taken.state, "status": row.status,
        "deliveries": [_named(one) for one in taken.deliveries],
    }  # fmt: skip


def accepted_steps(accepted: Sequence[Accepted], exchange: str) -> dict[str, object]:
    """The answer to steps of one or several dossiers."""
    return {
        "exchange_id": exchange, **steps_answer([one.change for one in accepted]),
        "receipt": shown_receipt(accepted[-1].receipt),
    }  # fmt: skip


def steps_answer(taken: Sequence[DossierChange]) -> dict[str, object]:
    """The same without exchange and receipt."""
    return {
        "entries": [
            {"dossier": one.row.code, "id": name, "verdict": verdict}
            for one in taken
            for name, verdict in one.verdicts.items()
        ],
        "dossiers": [{"code": one.row.code, "status": one.row.status, "state": one.state} for one in taken],
        "deliveries": [_named(row) for one in taken for row in one.deliveries],
    }


def listed(row: DossierRow) -> dict[str, object]:
    """A dossier in a list."""
    return {
        "origin": row.origin, "code": row.code, "other_code": row.other_code or None, "procedure": row.procedure,
        "agency": row.agency or None, "status": row.status, "status_at": moment(row.status_at),
        "version": row.version, "parked": row.parked or None, "opened_at": moment(row.opened),
        "changed_at": moment(row.changed), "erased_at": moment(row.erased) if row.erased else None,
    }  # fmt: skip


def shown_step(row: EventRow, verdict: str, content: Mapping[str, Any]) -> dict[str, object]:
    """A step of a dossier; `content`: what it says, empty when that is erased."""
    names = ("official", "position", "department", "content")
    return {
        "id": row.id, "source": row.source, "status": row.status, "at": moment(row.at), "came": moment(row.came),
        "verdict": verdict, **{name: content[name] for name in names if name in content},
    }  # fmt: skip


def delivery_of(row: DeliveryRow) -> dict[str, object]:
    """A delivery as the API lists it; names no person."""
    return {
        "id": row.id, "target": row.target, "kind": row.kind, "dossier": row.code, "version": row.version,
        "state": row.state, "attempts": row.attempts, "reason": row.reason or None, "opened_at": moment(row.opened),
        "changed_at": moment(row.changed),
        "next_at": moment(row.next_at) if row.state in (DeliveryState.QUEUED, DeliveryState.UNCONFIRMED) else None,
    }  # fmt: skip


def shown_receipt(receipt: Receipt) -> dict[str, str]:
    """What the requester can redeem."""
    return {"leaf_hash": receipt.leaf_hash, "log": receipt.log}


def _named(row: DeliveryRow) -> dict[str, object]:
    return {"id": row.id, "target": row.target, "kind": row.kind, "dossier": row.code, "state": row.state}
