"""JSON Schemas (2020-12) of what is answered: the use case builds these answers as plain data.

Written by hand, because answers are assembled on the hot path without models; tests hold real answers to them.
"""

from typing import Any

from gateway.api.audit_answers import AUDIT_ANSWERS
from gateway.api.consent_answers import CONSENT_ANSWERS
from gateway.api.explain_answers import EXPLAIN_ANSWERS
from gateway.api.reasons import TITLES
from gateway.domain.evidence import Outcome

_TEXT: dict[str, Any] = {"type": "string"}
_MAYBE: dict[str, Any] = {"type": ["string", "null"]}
_FREE: dict[str, Any] = {"type": "object", "additionalProperties": True}
FIELD_STATES = (
    "filled",
    "empty",
    "not_applicable",
    "not_found",
    "unavailable",
    "withheld",
    "disputed",
    "kept",
)
PAPER_STATES = ("replaced", "reusable", "required", "digital_only", "not_applicable")


def _object(required: str, /, **properties: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON Schema
    return {"type": "object", "required": required.split(), "properties": properties}


def _listed(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


def _named(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": item}


_REASON = _object(
    "code",
    code={"enum": [str(code) for code in TITLES]},
    source=_TEXT,
    retry_in={"type": ["integer", "null"]},
    condition=_TEXT,
    rule=_TEXT,
)
#: what is known of an interface: seen in the wild, recalled, or invented by us
_MARK = {"enum": ["seen", "memory", "sandbox"]}
_MAYBE_REASON = {"anyOf": [_REASON, {"type": "null"}]}
_FIELD = _object(
    "state value",
    state={"enum": list(FIELD_STATES)},
    value={"description": "as the form's schema says"},
    evidence=_MAYBE,
    attribute=_MAYBE,
    editable={"type": "boolean"},
    doubt={"anyOf": [_FREE, {"type": "null"}]},
    reason=_MAYBE_REASON,
)
_EVIDENCE = _object(
    "source data_service subject",
    source=_TEXT,
    data_service=_TEXT,
    subject=_TEXT,
    sandbox={"type": "boolean"},
    mark=_MARK,
    fetched_at=_MAYBE,
    source_updated_at=_MAYBE,
    valid_until=_MAYBE,
    legal_basis=_MAYBE,
    agreement=_MAYBE,
    published_scope=_MAYBE,
    self_declared={"const": True, "description": "the person said so himself: no official evidence"},
    declared=_named(
        _object("given_at valid_until consent", given_at=_TEXT, valid_until=_TEXT, consent=_TEXT)
    ),
)
_CALL = _object(
    "source data_service outcome",
    source=_TEXT,
    data_service=_TEXT,
    subject=_TEXT,
    call=_MAYBE,
    outcome={"enum": [str(item) for item in Outcome]},
    mark=_MARK,
    elapsed_ms={"type": "integer"},
    cached={"type": "boolean"},
    reason={"enum": [*map(str, TITLES), None]},
    retry_in={"type": ["integer", "null"]},
    rule=_TEXT,
)
_PAPER = _object(
    "code title state", code=_TEXT, title=_TEXT, state={"enum": list(PAPER_STATES)}, reason=_MAYBE_REASON
)
_SOURCE = _object(
    "source title state breaker latency_ms",
    source=_TEXT,
    title=_TEXT,
    title_en=_TEXT,
    provider=_TEXT,
    sandbox={"type": "boolean"},
    mark=_MARK,
    data_services=_listed(_TEXT),
    marks=_named(_MARK),
    state=_TEXT,
    breaker=_TEXT,
    latency_ms=_named({"type": "number"}),
    last={"anyOf": [_object("outcome at", outcome=_TEXT, at=_TEXT), {"type": "null"}]},
)
_PROCEDURE = _object(
    "code title mapping_version subjects",
    code=_TEXT,
    title=_TEXT,
    title_en=_TEXT,
    mapping_version=_TEXT,
    level=_TEXT,
    mark=_TEXT,
    subjects=_named(_FREE),
)
_FAULT = _object("pointer code detail", pointer=_TEXT, code=_TEXT, detail=_TEXT)

ANSWERS: dict[str, Any] = {
    "PrefillAnswer": _object(
        "exchange_id procedure form fields evidence papers sources saved",
        exchange_id=_TEXT,
        procedure=_object("code title mapping_version", code=_TEXT, title=_TEXT, mapping_version=_TEXT),
        form=_FREE,
        fields=_named(_FIELD),
        evidence=_named(_EVIDENCE),
        papers=_listed(_PAPER),
        sources=_listed(_CALL),
        saved=_object("fields papers", fields={"type": "integer"}, papers={"type": "integer"}),
        pending=_MAYBE,
        passport={
            "type": ["string", "null"],
            "description": "SD-JWT (RFC 9901) over the filled fields and their evidence, where it was asked for",
        },
        preview={
            "anyOf": [
                _object("shown_to decide_until", shown_to={"const": "citizen"}, decide_until=_TEXT),
                {"type": "null"},
            ],
            "description": "shown to the citizen only: nothing of it is to be used before his decision",
        },
        decision=_object("accepted refused", accepted=_listed(_TEXT), refused=_listed(_TEXT)),
        receipt={"anyOf": [_object("leaf_hash log", leaf_hash=_TEXT, log=_TEXT), {"type": "null"}]},
    ),
    "Predicates": _object(
        "exchange_id purpose predicates receipt",
        exchange_id=_TEXT,
        purpose=_TEXT,
        predicates=_named(
            _object(
                "answer title",
                answer={"enum": ["yes", "no", "cannot_tell"]},
                title=_TEXT,
                title_en=_TEXT,
                reason=_REASON,
            )
        ),
        receipt=_object("leaf_hash log", leaf_hash=_TEXT, log=_TEXT),
    ),
    "Correction": _object(
        "exchange_id id state provider advice receipt",
        exchange_id=_TEXT,
        id=_TEXT,
        state={"enum": ["queued", "delivered", "unreadable"]},
        provider=_TEXT,
        advice=_object("vi en", vi=_TEXT, en=_TEXT),
        receipt=_object("leaf_hash log", leaf_hash=_TEXT, log=_TEXT),
    ),
    "Corrections": _object(
        "exchange_id corrections next",
        exchange_id=_TEXT,
        next=_MAYBE,
        corrections=_listed(
            _object(
                "id state requester source attribute opened_at delivered_at",
                id=_TEXT,
                state={"enum": ["queued", "delivered", "unreadable"]},
                requester=_TEXT,
                source=_TEXT,
                attribute=_TEXT,
                opened_at=_TEXT,
                delivered_at=_MAYBE,
            )
        ),
    ),
    "ResumeAnswer": _object("exchange_id", exchange_id=_TEXT, fields=_named(_FIELD), pending=_MAYBE),
    **EXPLAIN_ANSWERS,
    "Procedures": _object("procedures", procedures=_listed(_PROCEDURE)),
    "Procedure": _PROCEDURE,
    "Form": {"type": "object", "description": "JSON Schema 2020-12"},
    "Reasons": _object(
        "reasons", reasons=_listed(_object("code title", code=_TEXT, title=_TEXT, title_en=_TEXT))
    ),
    "Sources": _object("sources", sources=_listed(_SOURCE)),
    **AUDIT_ANSWERS,
    **CONSENT_ANSWERS,
    "Metadata": _object(
        "issuer token_endpoint introspection_endpoint revocation_endpoint jwks_uri",
        issuer=_TEXT,
        token_endpoint=_TEXT,
        introspection_endpoint=_TEXT,
        revocation_endpoint=_TEXT,
        jwks_uri=_TEXT,
    ),
    "Introspection": _object(
        "active", active={"type": "boolean"}, scope=_TEXT, client_id=_TEXT, token_type=_TEXT
    ),
    "Done": _FREE,
    "KeySet": _object("keys", keys=_listed(_FREE)),
    "TokenToShow": _object("token", token=_TEXT, client_assertion_type=_TEXT, client_assertion=_TEXT),
    "Health": _object(
        "status",
        status={"enum": ["live", "ready", "refusing", "not_ready"]},
        code={
            "enum": ["log_unavailable", "log_not_anchored", "log_not_signed"],
            "description": "how prefills are refused",
        },
        dependencies=_FREE,
    ),
    "TokenForm": _object(
        "grant_type",
        grant_type={"const": "client_credentials"},
        scope=_TEXT,
        client_id=_TEXT,
        client_assertion_type=_TEXT,
        client_assertion=_TEXT,
    ),
    "Problem": _object(
        "type title title_vi status code exchange_id",
        type=_TEXT,
        title=_TEXT,
        title_vi=_TEXT,
        status={"type": "integer"},
        code=_TEXT,
        detail=_TEXT,
        retry_after={"type": "integer"},
        rule=_TEXT,
        near=_listed(_TEXT),
        errors=_listed(_FAULT),
        exchange_id=_TEXT,
    ),
}
