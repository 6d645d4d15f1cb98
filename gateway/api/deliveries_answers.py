"""JSON Schemas of the answers about deliveries, reconciliation and scores."""

from typing import Any

from gateway.api.dossier_answers import DELIVERY
from gateway.api.explain_answers import open_list
from gateway.domain.dossier import DossierStatus, MessageKind
from gateway.relay.differences import Divergence, Remedy
from gateway.relay.scoring import Indicator, Lost
from gateway.relay.words import RUN_STATES

_TEXT: dict[str, Any] = {"type": "string"}
_MAYBE: dict[str, Any] = {"type": ["string", "null"]}
_NUMBER: dict[str, Any] = {"type": "integer"}
_FLAG: dict[str, Any] = {"type": "boolean"}


def _object(required: str, /, **properties: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON Schema
    return {"type": "object", "required": required.split(), "properties": properties}


def _listed(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


def _named(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": item}


def _maybe(item: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [item, {"type": "null"}]}


_WORDS = _object("vi en", vi=_TEXT, en=_TEXT)
_DELIVERY: dict[str, Any] = DELIVERY["properties"]
_DELIVERY_WORDS = " ".join(DELIVERY["required"])
_STEP = _object(
    "at what attempt vi en", at=_TEXT, what=_TEXT, reason=_MAYBE, field=_MAYBE, attempt=_NUMBER, exchange=_MAYBE,
    vi=_TEXT, en=_TEXT,
)  # fmt: skip
_DIFFERENCE = _object(
    "dossier origin class ours theirs fields remedy sends delivery mended",
    dossier=_TEXT,
    origin=_TEXT,
    **{"class": open_list(one.value for one in Divergence)},
    ours={"anyOf": [open_list(one.value for one in DossierStatus), {"type": "null"}]},
    theirs=_MAYBE,
    fields=_listed(_TEXT),
    remedy=open_list(one.value for one in Remedy),
    sends=_listed(open_list(one.value for one in MessageKind)),
    delivery=_MAYBE,
    mended=_FLAG,
)
_REPORT = _object(
    "compared not_compared incomplete counts mended differences left_out",
    compared=_NUMBER,
    not_compared=_NUMBER,
    incomplete=_listed(_TEXT),
    counts=_named(_NUMBER),
    mended=_NUMBER,
    differences=_listed(_DIFFERENCE),
    left_out=_NUMBER,
)
_RUN = _object(
    "portal state since until apply day begun_at changed_at report",
    portal=_TEXT,
    requester=_MAYBE,
    state=open_list(RUN_STATES),
    reason=_maybe(_object("code vi en", code=_TEXT, vi=_TEXT, en=_TEXT)),
    since=_TEXT,
    until=_TEXT,
    apply=_FLAG,
    day=_TEXT,
    begun_at=_TEXT,
    changed_at=_TEXT,
    report=_REPORT,
    former=_maybe(_REPORT),
)
_SCORES = {
    "dossiers": _NUMBER,
    "overdue": _NUMBER,
    "scores": _named(
        _object("counted good rate", counted=_NUMBER, good=_NUMBER, rate={"type": ["number", "null"]})
    ),
}
_SCORES_WORDS = "dossiers overdue scores"

DELIVERIES_ANSWERS: dict[str, dict[str, Any]] = {
    "Deliveries": _object(
        "exchange_id deliveries next",
        exchange_id=_TEXT,
        deliveries=_listed(_object(f"{_DELIVERY_WORDS} held_by", **_DELIVERY, held_by=_MAYBE)),
        next={"type": ["integer", "null"]},
    ),
    "DeliveryShown": _object(
        f"exchange_id {_DELIVERY_WORDS} state_words held_by remedy receiver_said history",
        exchange_id=_TEXT,
        **_DELIVERY,
        origin=_TEXT,
        requester=_TEXT,
        queued_by=_TEXT,
        state_words=_WORDS,
        reason_words=_maybe(_WORDS),
        remedy=_WORDS,
        receiver_said=_MAYBE,
        held_by=_MAYBE,
        history=_listed(_STEP),
    ),
    "DeliveryReplayed": _object(
        f"exchange_id {_DELIVERY_WORDS} receipt",
        exchange_id=_TEXT,
        **_DELIVERY,
        receipt=_object("leaf_hash log", leaf_hash=_TEXT, log=_TEXT),
    ),
    "Reconciliation": _object(
        "exchange_id runs classes remedies",
        exchange_id=_TEXT,
        runs=_listed(_RUN),
        classes=_named(_WORDS),
        remedies=_named(_WORDS),
    ),
    "ReconciliationBegun": _object("exchange_id portals", exchange_id=_TEXT, portals=_listed(_TEXT)),
    "Scores": _object(
        "exchange_id month groups total lost left_out indicators reasons",
        exchange_id=_TEXT,
        month=_TEXT,
        groups=_listed(
            _object(f"agency procedure {_SCORES_WORDS}", agency=_TEXT, procedure=_TEXT, **_SCORES)
        ),
        total=_object(_SCORES_WORDS, **_SCORES),
        lost=_listed(
            _object(
                "dossier agency procedure indicator reason late_seconds",
                dossier=_TEXT,
                agency=_TEXT,
                procedure=_TEXT,
                indicator=open_list(one.value for one in Indicator),
                reason=open_list(one.value for one in Lost),
                late_seconds=_NUMBER,
            )
        ),
        left_out=_NUMBER,
        indicators=_named(_WORDS),
        reasons=_named(_WORDS),
    ),
}
