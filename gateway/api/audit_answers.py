"""JSON Schemas of answers to auditors (see answers.py)."""

from typing import Any

from gateway.api.export_answers import EXPORT_ANSWERS
from gateway.domain.exchange import Phase

_TEXT: dict[str, Any] = {"type": "string"}
_MAYBE: dict[str, Any] = {"type": ["string", "null"]}
_NUMBER: dict[str, Any] = {"type": "integer"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}
_HASH: dict[str, Any] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_HASHES: dict[str, Any] = {"type": "array", "items": _HASH}


def _object(**properties: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON Schema
    """An object with all members required."""
    return {"type": "object", "required": sorted(properties), "properties": properties}


def _listed(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


_WORDS = _object(code=_TEXT, title=_TEXT, title_en=_TEXT)
_CALL = _object(
    call=_TEXT,
    source=_TEXT,
    data_service=_TEXT,
    subject=_TEXT,
    attributes=_TEXTS,
    outcome=_TEXT,
    elapsed_ms=_NUMBER,
    cached=_FLAG,
    shared_with=_TEXT,
)
_NO_PLACE_YET = (
    "-1 for some seconds, until the record has its place in the tree: there is no proof of it before"
)
_RECORD = {
    "type": "object",
    "required": ["leaf_index", "leaf_hash"],
    "properties": {
        "leaf_index": {**_NUMBER, "description": _NO_PLACE_YET},
        "leaf_hash": _HASH,
        "unreadable": {"const": True, "description": "the leaf is no record of this gateway"},
        "altered": {
            "const": True,
            "description": "the leaf is not the one that was numbered: somebody changed it",
        },
        "exchange_id": _TEXT,
        "time": _TEXT,
        "phase": {"enum": [str(phase) for phase in Phase]},
        **dict.fromkeys(
            "requester agency procedure dossier purpose legal_basis result configuration".split(), _TEXT
        ),
        "on_duty": _FLAG,
        "has_official": _FLAG,
        "subjects": {**_TEXTS, "description": "roles, not who has them"},
        "people": {**_NUMBER, "description": "different people or things in these roles"},
        "fields": {**_TEXTS, "description": "names of the fields that left"},
        "rules": _TEXTS,
        "notes": {"type": "object", "additionalProperties": {"type": ["string", "integer", "boolean"]}},
        "calls": _listed(_CALL),
    },
}
_IDENTIFIED = _object(
    leaf_index={**_NUMBER, "description": _NO_PLACE_YET},
    phase=_TEXT,
    procedure={**_TEXT, "description": "which gives the roles of `subjects` their titles"},
    readable={**_FLAG, "description": "false when the keys of its month were destroyed, or do not open"},
    reason={
        "anyOf": [_WORDS, {"type": "null"}],
        "description": "why it cannot be read: `period_erased` or `seal_broken`",
    },
    official={**_MAYBE, "description": "who asked; null where no official did"},
    on_duty={**_FLAG, "description": "no official asked: a citizen did, or a system that named nobody"},
    duty_official={**_MAYBE, "description": "configured, in whose name sources were asked then; did nothing"},
    asked_by={
        **_MAYBE,
        "description": "role of the citizen who asked, one of `subjects`, as the requester said",
    },
    subjects={"type": "object", "additionalProperties": _object(kind=_TEXT, identifier=_TEXT)},
)
_INCLUSION = {
    "type": "object",
    "required": ["hashes", "leaf_hash", "leaf_index", "root_hash", "tree_size"],
    "properties": {
        "leaf_index": _NUMBER,
        "tree_size": _NUMBER,
        "leaf_hash": _HASH,
        "root_hash": _HASH,
        "hashes": _HASHES,
        "pruned": {"const": True, "description": "the record itself is in an archive"},
    },
}
_PAST: dict[str, Any] = {
    "skipped_periods": {
        **_TEXTS,
        "description": "months that could not be searched by person: their keys were destroyed, or do not open",
    },
    "archives": {
        **_listed(_object(name=_TEXT, month=_TEXT, first=_NUMBER, count=_NUMBER, sha256=_HASH)),
        "description": "files with older records, which are not in the database any more",
    },
    "notes": {
        **_listed(_WORDS),
        "description": "what a search cannot find, and codes that this configuration does not have",
    },
}
_USE = _object(
    exchange_id=_TEXT,
    time=_TEXT,
    requester=_WORDS,
    agency=_WORDS,
    procedure=_WORDS,
    purpose=_WORDS,
    is_trial={"type": "boolean", "description": "an operator tried a source; no form was filled"},
    legal_basis=_TEXT,
    asked_by={
        **_WORDS,
        "description": "who asked, as a part of the sentence: `self` (a login proves it), `claimed_self`, "
        "`representative`, `citizen`, `official`, `system` or `inspector`; without a login that a citizen asked is "
        "what the requester said",
    },
    dossier=_TEXT,
    state={"enum": ["answered", "answered_in_part", "refused", "abandoned", "open", "identified"]},
    is_named_only={
        "type": "boolean",
        "description": "only this person's number stood in data about others, whether it left or not: `data` has the "
        "answers with that number, and is empty where the record does not say which they are; `dossier` is blank",
    },
    data=_listed(
        _object(
            source=_WORDS,
            data_service=_TEXT,
            data_service_title=_TEXT,
            data_service_title_en=_TEXT,
            attributes=_listed(_WORDS),
            about={
                **_object(
                    code=_TEXT,
                    title=_TEXT,
                    title_en=_TEXT,
                    relation={"enum": ["self", "found_by_number", "has_number", "named"]},
                ),
                "description": "whose data were asked for: those of this person, of a child who is found by this "
                "person's number, or of another person or thing in whose data this person's number stands",
            },
            outcome=_TEXT,
            refused={
                "type": "boolean",
                "description": "the person looked at these data and refused their use",
            },
        )
    ),
    summary=_TEXT,
    summary_en=_TEXT,
)
_ANCHOR = {
    "type": "object",
    "required": ["kind", "name", "size", "time", "note"],
    "properties": {
        "kind": {"enum": ["tsa", "witness", "daily"]},
        "name": _TEXT,
        "size": _NUMBER,
        "time": _TEXT,
        "note": {**_TEXT, "description": "what is vouched for, byte by byte"},
        "token": {**_TEXT, "description": "of a tsa: TimeStampResp (RFC 3161), DER, base64"},
        "line": {**_TEXT, "description": "of a witness: its signature line (C2SP cosignature/v1)"},
    },
}
_CONFIGURED = {
    "type": "object",
    "required": ["name", "kind", "state", "since", "size"],
    "properties": {
        "name": _TEXT,
        "kind": _TEXT,
        "state": {"enum": ["ready", "late", "refusing"]},
        "since": _MAYBE,
        "size": _NUMBER,
        "fault": _TEXT,
    },
}


def _with_past(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "properties": {**answer["properties"], **_PAST}}


def _with_grid(report: dict[str, Any]) -> dict[str, Any]:
    return {**report, "properties": {**report["properties"], "grid": _GRID}}


_ARCHIVES = _PAST["archives"]
_CELL = {"type": ["string", "number", "array"], "items": _TEXT}
_REPORT = _object(
    exchange_id=_TEXT,
    report=_TEXT,
    since=_TEXT,
    until=_TEXT,
    title=_TEXT,
    title_en=_TEXT,
    how={**_TEXT, "description": "how it is computed, Vietnamese"},
    how_en=_TEXT,
    settings={"type": "object", "description": "what the report was computed with"},
    columns=_listed(_object(name=_TEXT, title=_TEXT, title_en=_TEXT)),
    rows=_listed(
        {"type": "object", "additionalProperties": _CELL, "description": "one cell for each column"}
    ),
    totals={
        "type": "object",
        "additionalProperties": _NUMBER,
        "description": (
            "over all rows that there are (`rows`), those included that are not shown; of `hours` and `lookups`"
            " also `on_duty`: exchanges in which the named official was on duty and did not act"
        ),
    },
    archives=_ARCHIVES,
)
_GRID = {
    **_listed(_listed(_NUMBER)),
    "description": "of `hours`: exchanges by weekday (Monday first) and hour at which they began, Việt Nam time",
}

AUDIT_ANSWERS: dict[str, Any] = {
    "AuditPage": _with_past(_object(exchange_id=_TEXT, records=_listed(_RECORD), next=_MAYBE)),
    "AuditRecords": _object(exchange_id=_TEXT, records=_listed(_RECORD)),
    "Identified": _object(exchange_id=_TEXT, records=_listed(_IDENTIFIED)),
    "Inclusion": {"anyOf": [_INCLUSION, _object(proofs=_listed(_INCLUSION))]},
    "Consistency": _object(size1=_NUMBER, size2=_NUMBER, root1=_HASH, root2=_HASH, proof=_HASHES),
    "Anchors": _object(configured=_listed(_CONFIGURED), witnesses=_TEXTS, anchors=_listed(_ANCHOR)),
    "Note": {"type": "string", "description": "C2SP signed note: a checkpoint of the log"},
    "Tile": {"type": "string", "format": "binary", "description": "hashes of 32 bytes end to end"},
    **EXPORT_ANSWERS,
    "Report": {"anyOf": [_with_grid(_REPORT), {"type": "string", "description": "the rows as CSV"}]},
    "Usage": _with_past(_object(exchange_id=_TEXT, uses=_listed(_USE), next=_MAYBE)),
}
