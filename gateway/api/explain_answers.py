"""JSON Schemas (2020-12) of the answer of `POST /v1/explain`."""

from collections.abc import Iterable
from typing import Any

from gateway.domain.reasons import RefusalReason

_TEXT: dict[str, Any] = {"type": "string"}
_MAYBE: dict[str, Any] = {"type": ["string", "null"]}
_FLAG: dict[str, Any] = {"type": "boolean"}
_COUNT: dict[str, Any] = {"type": "integer"}
FIELD_STATES = ("asked", "depends", "withheld", "not_applicable", "citizen", "kept")
PAPER_STATES = ("replaceable", "required", "digital_only")


def _object(**properties: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON Schema
    """An object with all members required."""
    return {"type": "object", "required": list(properties), "properties": properties}


def _listed(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


NEW_CODES = "new codes may be added: treat a code that you do not know by the status of its answer"


def open_list(codes: Iterable[str]) -> dict[str, Any]:
    """The codes that there are today. `enum` would make a generated client refuse the next one."""
    return {"type": "string", "description": NEW_CODES, "x-extensible-enum": [*codes]}


_REFUSAL = open_list(one.value for one in RefusalReason)
_DENIAL = _object(rule=_TEXT, code=_REFUSAL, detail=_TEXT, detail_vi=_TEXT, remedy=_TEXT)
_NO_DENIAL: dict[str, Any] = {"anyOf": [_DENIAL, {"type": "null"}]}
_PLACE = _object(
    subject=_TEXT, attribute=_TEXT, source=_MAYBE, data_service=_MAYBE, allowed=_FLAG, rule=_TEXT,
    when_found=_NO_DENIAL,
)  # fmt: skip
_FIELD = _object(
    title=_TEXT, title_en=_TEXT, state={"enum": list(FIELD_STATES)}, rule=_TEXT, remedy=_MAYBE,
    **{"from": _listed(_PLACE)},
)  # fmt: skip
_PAPER = _object(
    code=_TEXT, title=_TEXT, title_en=_TEXT, state={"enum": list(PAPER_STATES)}, when=_MAYBE, rule=_TEXT,
    reason=_MAYBE, remedy=_MAYBE,
)  # fmt: skip
_SOURCE = _object(
    source=_TEXT, data_service=_TEXT, subject=_TEXT, attributes=_listed(_TEXT), first=_FLAG, agreement=_MAYBE,
    legal_basis=_TEXT, published_scopes=_listed(_TEXT), when_found=_NO_DENIAL,
)  # fmt: skip

EXPLAIN_ANSWERS: dict[str, Any] = {
    "Explanation": _object(
        exchange_id=_TEXT,
        procedure=_object(code=_TEXT, title=_TEXT, title_en=_TEXT, mapping_version=_TEXT),
        requester=_TEXT,
        purpose=_TEXT,
        legal_basis=_TEXT,
        allowed=_FLAG,
        rules=_listed(_TEXT),
        denied=_NO_DENIAL,
        passed_over=_listed(_DENIAL),
        limits=_listed(_object(rule=_TEXT, most=_COUNT, seconds=_COUNT, by=_TEXT)),
        not_looked_at=_listed({"enum": ["quota_exceeded", "unusual_volume"]}),
        fields={"type": "object", "additionalProperties": _FIELD},
        papers=_listed(_PAPER),
        sources=_listed(_SOURCE),
    )
}
