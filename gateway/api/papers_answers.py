"""JSON Schemas of answers about papers (see answers.py)."""

from typing import Any

from gateway.domain.paper_signatures import SignatureVerdict
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


_VERDICT = {"enum": [one.value for one in SignatureVerdict]}
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
    kept={
        **_FLAG,
        "description": "the citizen gave it once and lets it be kept; else it is of the paper store",
    },
    given_at={**_TEXT, "format": "date-time"},
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
    ),
    "KeptPaper": _object(
        "exchange_id paper component kept_until receipt",
        exchange_id=_TEXT,
        paper=_TEXT,
        component=_TEXT,
        kept_until={**_TEXT, "format": "date-time"},
        receipt=_RECEIPT,
    ),
    "PapersOfPerson": _object(
        "exchange_id kept dossiers withheld missing next",
        exchange_id=_TEXT,
        kept=_listed(
            _object(
                "paper title reference file_name procedure component result_code object requester consent given_at "
                "valid_until kept_until dossiers",
                **dict.fromkeys("paper title file_name procedure component requester consent".split(), _TEXT),
                **dict.fromkeys("reference result_code".split(), _MAYBE),
                object={
                    **_object("kind", kind=_TEXT, commune=_TEXT, sheet=_TEXT, number=_TEXT),
                    "type": ["object", "null"],
                    "description": "what the paper is about beside its owner; never a number of a person",
                },
                given_at={**_TEXT, "format": "date-time"},
                valid_until={**_MAYBE, "description": "a day, month or year"},
                kept_until={**_TEXT, "format": "date-time"},
                dossiers={
                    **_listed(_object("code procedure", code=_TEXT, procedure=_TEXT)),
                    "description": "of those in this answer, which have the same file",
                },
            )
        ),
        dossiers=_listed(
            _object(
                "code procedure requester status agency filed_at changed_at papers",
                **dict.fromkeys("code procedure requester status".split(), _TEXT),
                agency=_MAYBE,
                filed_at={**_TEXT, "format": "date-time"},
                changed_at={**_TEXT, "format": "date-time"},
                papers=_listed(
                    _object(
                        "kind title file_name result_code file elsewhere",
                        kind={"enum": ["given", "from_store", "result"]},
                        title=_TEXT,
                        file_name=_TEXT,
                        result_code=_MAYBE,
                        file={**_MAYBE, "description": "`sha256:…`; null: this gateway has no file of it"},
                        elsewhere={**_FLAG, "description": "its file is at another system"},
                    )
                ),
            )
        ),
        withheld={
            "type": "integer",
            "description": "dossiers of this number that are erased, name nobody, or name somebody else: not shown",
        },
        missing={
            **_listed({"enum": ["consents_unavailable", "relay_unavailable"]}),
            "description": "what could not be looked up now: kept papers, dossiers",
        },
        next=_MAYBE,
    ),
    "FetchedPaper": _object(
        "exchange_id file digest size media_type warnings signature components paper link receipt",
        exchange_id=_TEXT,
        file={**_TEXT, "description": "reference of the stored file, for dossiers: `sha256:…`"},
        digest=_object("algorithm hex", algorithm={"const": "sha-256"}, hex=_TEXT),
        size={"type": "integer"},
        media_type=_TEXT,
        warnings=_listed(_object("code title title_en", code=_TEXT, title=_TEXT, title_en=_TEXT)),
        signature=_object(
            "verdict why signers revocation_checked",
            verdict=_VERDICT,
            why={**_TEXT, "description": "a word for what is wrong; empty: nothing"},
            signers=_listed(
                _object(
                    "name organisation time stamped verdict why",
                    name=_TEXT,
                    organisation=_TEXT,
                    time={
                        **_TEXT,
                        "description": "as the signer says, or of a trusted time stamp (`stamped`)",
                    },
                    stamped=_FLAG,
                    verdict=_VERDICT,
                    why=_TEXT,
                )
            ),
            revocation_checked={**_FLAG, "description": "false: signatures are verified offline"},
        ),
        components={**_listed(_TEXT), "description": "components of the procedure that it may replace"},
        paper={
            "type": "object",
            "description": "entry for `papers` of `POST /v1/dossiers`, marked as reused",
            "additionalProperties": True,
        },
        link=_object("url expires_at", url=_TEXT, expires_at={**_TEXT, "format": "date-time"}),
        receipt=_RECEIPT,
    ),
}
