"""JSON Schemas of the answers about dossiers."""

from typing import Any

from gateway.api.explain_answers import open_list
from gateway.domain.dossier import DossierStatus, MessageKind
from gateway.mapping.reused import ReuseWarning
from gateway.ports.relay import DeliveryState, TakenIn
from gateway.relay.statuses import StepVerdict
from gateway.relay.writable import FilingWarning

_TEXT: dict[str, Any] = {"type": "string"}
_MAYBE: dict[str, Any] = {"type": ["string", "null"]}
_NUMBER: dict[str, Any] = {"type": "integer"}


def _object(required: str, /, **properties: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON Schema
    return {"type": "object", "required": required.split(), "properties": properties}


def _listed(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


def _maybe(item: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [item, {"type": "null"}]}


_STATUS = open_list(one.value for one in DossierStatus)
_STATE = open_list(one.value for one in TakenIn)
_RECEIPT = _maybe(_object("leaf_hash log", leaf_hash=_TEXT, log=_TEXT))
_QUEUED = _object(
    "id target kind dossier state",
    id=_TEXT,
    target=_TEXT,
    kind=open_list(one.value for one in MessageKind),
    dossier=_TEXT,
    state=open_list(one.value for one in DeliveryState),
)
#: a delivery of the outbox; it names nobody
DELIVERY: dict[str, Any] = _object(
    "id target kind dossier version state attempts reason opened_at changed_at next_at",
    **_QUEUED["properties"],
    version=_NUMBER,
    attempts=_NUMBER,
    reason=_MAYBE,
    opened_at=_TEXT,
    changed_at=_TEXT,
    next_at=_MAYBE,
)
_LISTED: dict[str, Any] = {
    "origin": _TEXT,
    "code": _TEXT,
    "other_code": _MAYBE,
    "procedure": _TEXT,
    "agency": _MAYBE,
    "status": _STATUS,
    "status_at": _TEXT,
    "version": _NUMBER,
    "parked": _MAYBE,
    "opened_at": _TEXT,
    "changed_at": _TEXT,
    "erased_at": _MAYBE,
}
_STEP = _object(
    "id source status at came verdict",
    id=_TEXT,
    source=_TEXT,
    status=_STATUS,
    at=_TEXT,
    came=_TEXT,
    verdict=open_list(one.value for one in StepVerdict),
    official=_TEXT,
    position=_TEXT,
    department=_TEXT,
    content=_TEXT,
)
_DOSSIER = _object("origin code status version", **_LISTED)
#: a doubt about a paper of a dossier that was taken in
_WARNING = _object(
    "code pointer detail detail_vi",
    code=open_list(one.value for one in (*ReuseWarning, *FilingWarning)),
    pointer=_TEXT,
    detail=_TEXT,
    detail_vi=_TEXT,
)

DOSSIER_ANSWERS: dict[str, dict[str, Any]] = {
    "DossierAccepted": _object(
        "exchange_id code version state deliveries warnings receipt",
        exchange_id=_TEXT,
        code=_TEXT,
        version=_NUMBER,
        state=_STATE,
        status=_STATUS,
        deliveries=_listed(_QUEUED),
        warnings=_listed(_WARNING),
        receipt=_RECEIPT,
    ),
    "ProgressAccepted": _object(
        "exchange_id entries dossiers deliveries receipt",
        exchange_id=_TEXT,
        entries=_listed(
            _object("dossier id verdict", dossier=_TEXT, id=_TEXT, verdict=_STEP["properties"]["verdict"])
        ),
        dossiers=_listed(_object("code status state", code=_TEXT, status=_STATUS, state=_STATE)),
        deliveries=_listed(_QUEUED),
        receipt=_RECEIPT,
    ),
    "Inbox": _object(
        "exchange_id items next",
        exchange_id=_TEXT,
        items=_listed(
            _object(
                "seq delivery kind origin code version message",
                seq=_NUMBER,
                delivery=_TEXT,
                kind=_QUEUED["properties"]["kind"],
                origin=_TEXT,
                code=_TEXT,
                version=_NUMBER,
                message={"type": ["object", "null"]},
            )
        ),
        next=_NUMBER,
    ),
    "InboxAcknowledged": _object(
        "exchange_id acknowledged receipt", exchange_id=_TEXT, acknowledged=_NUMBER, receipt=_RECEIPT
    ),
    "Dossiers": _object(
        "exchange_id dossiers next", exchange_id=_TEXT, dossiers=_listed(_DOSSIER), next=_MAYBE
    ),
    "DossierStatusAnswer": _object(
        "exchange_id code status history",
        exchange_id=_TEXT,
        **_LISTED,
        history=_listed(_object("at status", at=_TEXT, status=_STATUS)),
    ),
    "DossierShown": _object(
        "exchange_id code status dossier history deliveries",
        exchange_id=_TEXT,
        **_LISTED,
        dossier={"type": ["object", "null"]},
        history=_listed(_STEP),
        deliveries=_listed(DELIVERY),
    ),
}
