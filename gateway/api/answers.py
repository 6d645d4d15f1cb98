"""JSON Schemas (2020-12) of answers: the use cases build them as plain data.

The schema of a prefill answer is made from the types of its bytes (gateway.mapping.answer). The others are written by
hand; tests compare them with real answers.
"""

from typing import Any

from gateway.api.audit_answers import AUDIT_ANSWERS
from gateway.api.consent_answers import CONSENT_ANSWERS
from gateway.api.deliveries_answers import DELIVERIES_ANSWERS
from gateway.api.dossier_answers import DOSSIER_ANSWERS
from gateway.api.explain_answers import EXPLAIN_ANSWERS, NEW_CODES, open_list
from gateway.api.papers_answers import PAPERS_ANSWERS
from gateway.domain.evidence import Outcome
from gateway.domain.fault_codes import FaultCode
from gateway.domain.files import FileKind, FileWarning
from gateway.domain.problems import ProblemCode
from gateway.domain.reasons import RefusalReason
from gateway.mapping.answer import FieldEntry, Mark, PrefillAnswer, ReasonEntry, schema_of

_TEXT: dict[str, Any] = {"type": "string"}
_MAYBE: dict[str, Any] = {"type": ["string", "null"]}
_FREE: dict[str, Any] = {"type": "object", "additionalProperties": True}


def _object(required: str, /, **properties: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON Schema
    return {"type": "object", "required": required.split(), "properties": properties}


def _listed(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


def _named(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": item}


#: how well an interface is known: seen, recalled, or invented by us
_MARK = schema_of(Mark)
_FIELD = schema_of(FieldEntry)
_SOURCE = _object(
    "source title state breaker latency_ms",
    source=_TEXT,
    title=_TEXT,
    title_en=_TEXT,
    provider=_TEXT,
    sandbox={"type": "boolean"},
    mark=_MARK,
    draft={
        "type": "boolean",
        "description": "Bản nháp: chỉ thử; last và fault không kể các lượt thử / "
        "A draft: trials only; last and fault leave trials out",
    },
    data_services=_listed(_TEXT),
    marks=_named(_MARK),
    state=_TEXT,
    breaker=_TEXT,
    latency_ms=_named({"type": "number"}),
    last={"anyOf": [_object("outcome at", outcome=_TEXT, at=_TEXT), {"type": "null"}]},
    fault={
        "description": "Nguyên nhân lần gần nhất câu trả lời hoặc một trường không dùng được / "
        "Why the newest answer, or attribute of it, that was not taken was not",
        "anyOf": [
            _object(
                "code title title_en remedy remedy_en at",
                code=open_list(one.value for one in FaultCode),
                title=_TEXT,
                title_en=_TEXT,
                remedy=_TEXT,
                remedy_en=_TEXT,
                at=_TEXT,
                attribute=_TEXT,
                path=_TEXT,
                transform=_TEXT,
                status={"type": "integer"},
                fault=_TEXT,
                step=_TEXT,
            ),
            {"type": "null"},
        ],
    },
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
_PROCEDURE_PAPER = _object(
    "title when replaceable rests_on",
    title=_TEXT,
    title_en=_TEXT,
    when={
        "type": ["string", "null"],
        "description": "Giấy tờ chỉ cần khi điều kiện này đúng; null: luôn cần / "
        "The paper is needed only under this condition; null: always",
    },
    replaceable={"type": "boolean"},
    rests_on=_listed(_TEXT)
    | {
        "description": "Các trường của biểu mẫu mà giấy tờ dựa vào: giá trị khác đi thì hỏi lại với `known` / "
        "Fields of the form that the paper rests on: with another value there, ask again with `known`"
    },
    mark=_MARK,
    legal_basis=_TEXT,
    basis_mark=_TEXT,
)
_DESCRIBED = {**_PROCEDURE, "properties": {**_PROCEDURE["properties"], "papers": _named(_PROCEDURE_PAPER)}}
#: of problems
CODES = (*ProblemCode, *RefusalReason)
#: of a problem; its words stand beside it
_CODE: dict[str, Any] = {
    **open_list(one.value for one in CODES),
    "x-enum-descriptions": [f"{' '.join(map(str, one.http))}: {one.vi} / {one.en}" for one in CODES],
}
#: of trials: causes with their remedies
_FAULTS = _listed(
    _object(
        "code title title_en remedy remedy_en",
        code=_TEXT,
        title=_TEXT,
        title_en=_TEXT,
        remedy=_TEXT,
        remedy_en=_TEXT,
        attribute=_TEXT,
        path=_TEXT,
        transform=_TEXT,
        status={"type": "integer"},
        fault=_TEXT,
        step=_TEXT,
    )
)
_FAULT = _object(
    "pointer code detail detail_vi",
    pointer=_TEXT,
    code=open_list(one.value for one in CODES if {400, 422} & {*one.http}),
    detail=_TEXT,
    detail_vi=_TEXT,
)

#: a report to the owner of a database; it names nobody
_REPORT: dict[str, Any] = {
    "id": _TEXT,
    "state": {"enum": ["queued", "taken", "received", "corrected", "refused", "unreadable"]},
    "requester": _TEXT,
    "source": _TEXT,
    "attribute": _TEXT,
    "opened_at": _TEXT,
    "changed_at": _MAYBE,
}

#: a message of a trial, its values masked
_TRIED: dict[str, Any] = _object(
    "text bytes cut", text=_TEXT, bytes={"type": "integer"}, cut={"type": "boolean"}
)
_WHY: dict[str, Any] = {
    "anyOf": [_object("code title title_en", code=_TEXT, title=_TEXT, title_en=_TEXT), {"type": "null"}]
}

ANSWERS: dict[str, Any] = {
    "PrefillAnswer": schema_of(PrefillAnswer),
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
                reason=schema_of(ReasonEntry),
            )
        ),
        receipt=_object("leaf_hash log", leaf_hash=_TEXT, log=_TEXT),
    ),
    "SourceTrial": _object(
        "exchange_id source data_service mark draft procedure purpose agreement values outcome reason retry_in "
        "elapsed_ms alarm confirmed_by unconfirmed messages faults attributes receipt",
        exchange_id=_TEXT,
        source=_TEXT,
        data_service=_TEXT,
        mark=_MARK,
        draft={"type": "boolean"},
        procedure=_MAYBE,
        purpose=_TEXT,
        agreement=_MAYBE,
        values={"enum": ["masked", "shown", "withheld"]},
        outcome={"enum": [one.value for one in Outcome]},
        reason=_WHY,
        retry_in={"type": ["integer", "null"]},
        elapsed_ms={"type": "integer"},
        alarm={"type": "boolean"},
        confirmed_by=_listed(
            _object("data_service outcome faults", data_service=_TEXT, outcome=_TEXT, faults=_FAULTS)
        ),
        unconfirmed=_WHY,
        messages=_listed(
            _object(
                "method url headers proofs request status content_type answer",
                method=_TEXT,
                url=_TEXT,
                headers=_named(_TEXT),
                proofs=_listed(_TEXT),
                request=_TRIED,
                status={"type": ["integer", "null"]},
                content_type=_MAYBE,
                answer={"anyOf": [_TRIED, {"type": "null"}]},
            )
        ),
        faults=_FAULTS,
        attributes=_listed(
            _object(
                "attribute paths transform raw is_raw_shown value reason fault doubt",
                attribute=_TEXT,
                paths=_listed(_TEXT),
                transform=_listed(_TEXT),
                raw={},
                is_raw_shown={"type": "boolean"},
                value={},
                reason=_MAYBE,
                fault=_MAYBE,
                doubt=_MAYBE,
            )
        ),
        receipt=_object("leaf_hash log", leaf_hash=_TEXT, log=_TEXT),
    ),
    "Correction": _object(
        "exchange_id id state provider advice receipt",
        exchange_id=_TEXT,
        id=_TEXT,
        state=_REPORT["state"],
        provider=_TEXT,
        advice=_object("vi en", vi=_TEXT, en=_TEXT),
        receipt=_object("leaf_hash log", leaf_hash=_TEXT, log=_TEXT),
    ),
    "Corrections": _object(
        "exchange_id corrections next",
        exchange_id=_TEXT,
        next=_MAYBE,
        corrections=_listed(_object("id state requester source attribute opened_at changed_at", **_REPORT)),
    ),
    "CorrectionState": _object(
        "exchange_id id state requester source attribute opened_at changed_at", exchange_id=_TEXT, **_REPORT
    ),
    "CorrectionTaken": _object(
        "exchange_id id state requester source attribute opened_at changed_at report receipt",
        exchange_id=_TEXT,
        **_REPORT,
        report={"type": "object", "description": "as the owner of the database is to read it; personal data"},
        receipt=_object("leaf_hash log", leaf_hash=_TEXT, log=_TEXT),
    ),
    "StoredFile": _object(
        "exchange_id file size media_type warnings receipt",
        exchange_id=_TEXT,
        file={"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
        size={"type": "integer", "minimum": 1},
        media_type={"enum": [one.media_type for one in FileKind], "description": "what the content is"},
        warnings=_listed(
            _object(
                "code title title_en",
                code=open_list(one.value for one in FileWarning),
                title=_TEXT,
                title_en=_TEXT,
            )
        ),
        receipt=_object("leaf_hash log", leaf_hash=_TEXT, log=_TEXT),
    ),
    "FileLink": _object("exchange_id url expires_at", exchange_id=_TEXT, url=_TEXT, expires_at=_TEXT),
    "FileContent": {"type": "string", "format": "binary", "description": "the bytes of the file"},
    "ResumeAnswer": _object("exchange_id", exchange_id=_TEXT, fields=_named(_FIELD), pending=_MAYBE),
    **EXPLAIN_ANSWERS,
    **PAPERS_ANSWERS,
    "Procedures": _object("procedures", procedures=_listed(_PROCEDURE)),
    "Procedure": _DESCRIBED,
    "Form": {
        "type": "object",
        "description": "JSON Schema 2020-12, with what a page needs (`x-groups`, `x-role`, `x-catalogues` …)",
    },
    "Reasons": _object(
        "reasons", reasons=_listed(_object("code title", code=_TEXT, title=_TEXT, title_en=_TEXT))
    ),
    "SharedList": _object(
        "catalogue rows source provider mark sandbox fetched_at",
        catalogue=_TEXT,
        rows=_listed({"type": "object", "description": "columns are the owner's own; every value is text"}),
        source=_TEXT,
        provider=_TEXT,
        mark=_TEXT,
        sandbox={"type": "boolean"},
        fetched_at=_TEXT,
    ),
    "Sources": _object("sources", sources=_listed(_SOURCE)),
    **AUDIT_ANSWERS,
    **CONSENT_ANSWERS,
    **DOSSIER_ANSWERS,
    **DELIVERIES_ANSWERS,
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
    "AuthorizationForm": _object(
        "client_id redirect_uri response_type scope code_challenge code_challenge_method",
        client_id=_TEXT,
        redirect_uri=_TEXT,
        response_type={"const": "code"},
        response_mode={"enum": ["query", "form_post"]},
        scope=_TEXT,
        state=_TEXT,
        nonce=_TEXT,
        code_challenge=_TEXT,
        code_challenge_method={"const": "S256"},
        prompt=_TEXT,
        max_age=_TEXT,
        acr_values=_TEXT,
        claims=_TEXT,
        id_token_hint=_TEXT,
        dpop_jkt=_TEXT,
        procedure=_TEXT,
        agency=_TEXT,
    ),
    "PushedRequest": _object("request_uri expires_in", request_uri=_TEXT, expires_in={"type": "integer"}),
    "UserInfo": _object(
        "sub",
        sub=_TEXT,
        name=_TEXT,
        birthdate=_TEXT,
        personal_id=_TEXT,
        tax_code=_TEXT,
        organization=_TEXT,
        mandate=_FREE,
    ),
    "BrowserAnswer": {"type": "string"},
    "TokenToShow": _object("token", token=_TEXT, client_assertion_type=_TEXT, client_assertion=_TEXT),
    "Health": _object(
        "status",
        status={"enum": ["live", "ready", "refusing", "not_ready"]},
        code={
            **open_list(("log_unavailable", "log_rolled_back", "log_not_anchored", "log_not_signed")),
            "description": f"how prefills are refused; {NEW_CODES}",
        },
        dependencies=_FREE,
    ),
    "TokenForm": _object(
        "grant_type",
        grant_type={"enum": ["client_credentials", "authorization_code", "refresh_token"]},
        scope=_TEXT,
        code=_TEXT,
        redirect_uri=_TEXT,
        code_verifier=_TEXT,
        refresh_token=_TEXT,
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
        code=_CODE,
        detail=_TEXT,
        detail_vi=_TEXT,
        retry_after={"type": "integer"},
        rule=_TEXT,
        legal_basis=_TEXT,
        near=_listed(_TEXT),
        errors=_listed(_FAULT),
        exchange_id=_TEXT,
    ),
}
