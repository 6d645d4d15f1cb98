"""JSON Schemas of answers about papers (see answers.py)."""

from typing import Any

from gateway.mapping.answer import (
    BasisMark,
    Mark,
    ProcedureEntry,
    ReasonEntry,
    SentenceEntry,
    SourceEntry,
    schema_of,
)
from gateway.mapping.issued import OfferState

_TEXT: dict[str, Any] = {"type": "string"}
_MAYBE: dict[str, Any] = {"type": ["string", "null"]}
_FLAG: dict[str, Any] = {"type": "boolean"}
_RECEIPT = {
    "type": "object",
    "required": ["leaf_hash", "log"],
    "properties": {"leaf_hash": _TEXT, "log": _TEXT},
}


def _object(required: str, /, **properties: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON Schema
    return {"type": "object", "required": required.split(), "properties": properties}


def _listed(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


_COMPONENT = _object(
    "component title title_en replaces legal_basis basis_mark",
    component=_TEXT,
    title=_TEXT,
    title_en=_TEXT,
    replaces={"enum": ["yes", "no", "not_needed"]},
    reason=schema_of(ReasonEntry),
    advice=schema_of(SentenceEntry),
    legal_basis=_TEXT,
    basis_mark=schema_of(BasisMark),
)
_PAPER = _object(
    "result_code title reference authority valid_until state owner kept source mark sandbox legal_basis components "
    "files",
    result_code=_MAYBE,
    title=_MAYBE,
    reference={**_MAYBE, "description": "number and symbol of the paper (SoKyHieu)"},
    authority=_MAYBE,
    valid_until={**_MAYBE, "description": "a day, month or year; `0000`: it cannot be read"},
    state={"enum": [one.value for one in OfferState]},
    owner={**_TEXT, "description": "role of the person whose paper it is"},
    kept=_FLAG,
    source=_TEXT,
    data_service=_TEXT,
    mark=schema_of(Mark),
    sandbox=_FLAG,
    legal_basis=_TEXT,
    components=_listed(_COMPONENT),
    files=_listed(
        _object(
            "name reference",
            name=_TEXT,
            reference={**_MAYBE, "description": "for `/v1/papers/fetch`; null: the paper is not offered"},
        )
    ),
)

PAPERS_ANSWERS: dict[str, Any] = {
    "PaperList": _object(
        "exchange_id procedure purpose papers sources fetch_until receipt",
        exchange_id=_TEXT,
        procedure=schema_of(ProcedureEntry),
        purpose=_TEXT,
        papers=_listed(_PAPER),
        sources=_listed(schema_of(SourceEntry)),
        fetch_until={**_TEXT, "format": "date-time"},
        receipt=_RECEIPT,
    )
}
