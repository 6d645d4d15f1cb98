"""JSON Schemas of answers about consents, attested forms and requests of data subjects (see answers.py)."""

from typing import Any, get_args

from gateway.config.consents import SubjectRequestKind
from gateway.prefill.changed_papers import EARLIER_DAY
from gateway.prefill.not_kept import NotKept

_TEXT: dict[str, Any] = {"type": "string"}
_MAYBE: dict[str, Any] = {"type": ["string", "null"]}
_FLAG: dict[str, Any] = {"type": "boolean"}
#: states of a field of an attested form; `cannot_tell` without the keys of its period
ATTEST_STATES = (
    "unchanged", "corrected_by_citizen", "not_editable_changed", "source_changed", "unknown_field", "cannot_tell",
)  # fmt: skip


def _object(required: str, /, **properties: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON Schema
    return {"type": "object", "required": required.split(), "properties": properties}


def _listed(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


def _named(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": item}


_CONSENT = {
    "exchange_id": _TEXT,
    "consent": _TEXT,
    **dict.fromkeys("requester recorder purpose purpose_title".split(), _TEXT),
    **dict.fromkeys("text_version language channel controller controller_title".split(), _TEXT),
    "attributes": _named(_listed(_TEXT)),
    "given_at": _TEXT,
    "expires_at": _TEXT,
    "withdrawn_at": _MAYBE,
    "receipt": {**_TEXT, "description": "compact JWS over the fields of ISO/IEC TS 27560:2023"},
}
_CONSENT_WORDS = "consent requester purpose attributes text_version given_at expires_at withdrawn_at receipt"
_SUBJECT_REQUEST = {
    "exchange_id": _TEXT,
    "request": _TEXT,
    "kind": {"enum": list(get_args(SubjectRequestKind))},
    "state": {"enum": ["received", "acknowledged", "answered", "refused"]},
    **dict.fromkeys("requester received_at acknowledge_by answer_by".split(), _TEXT),
    **dict.fromkeys("overdue third_party extended holidays_known".split(), _FLAG),
    "consent": _MAYBE,
    "reason": _MAYBE,
    "acts": _listed(_object("act at by", act=_TEXT, at=_TEXT, by=_TEXT)),
}
_SUBJECT_REQUEST_WORDS = "request kind state received_at acknowledge_by answer_by overdue extended acts"

CONSENT_ANSWERS: dict[str, Any] = {
    "Consent": _object(_CONSENT_WORDS, **_CONSENT),
    "Consents": _object("consents next", consents=_listed(_object(_CONSENT_WORDS, **_CONSENT)), next=_MAYBE),
    "Attested": _object(
        "attested comparable checked_at fields papers stale kept not_kept",
        exchange_id=_TEXT,
        attested=_TEXT,
        recorded_at=_TEXT,
        checked_at={
            **_TEXT,
            "description": "when the data were answered; `recorded_at` is later after a decision",
        },
        stale={
            **_named({"const": EARLIER_DAY}),
            "description": "paper -> `earlier_day`: its rule looks at the day of filing, and the data were answered on "
            "an earlier day (Viet Nam): prefill again, or ask for the paper. `papers` has it too",
        },
        comparable=_FLAG,
        reason={"enum": ["period_keys_erased", None]},
        fields=_named(
            _object(
                "state",
                state={"enum": list(ATTEST_STATES)},
                detail=_TEXT,
                reported={
                    "const": True,
                    "description": "has the value of the answer, which the person called wrong",
                },
            )
        ),
        papers={
            **_named(_listed(_TEXT)),
            "description": "paper -> its fields that are not `unchanged`, or `reported`; of one in `stale` all its "
            "fields: unless the value was in `known`, data do not replace the paper any more, nor say that it does "
            "not apply",
        },
        kept={**_named(_TEXT), "description": "attribute -> until when it is taken for valid"},
        not_kept={
            **_named({"enum": [one.value for one in NotKept]}),
            "description": "with `keep`: field that was typed and is not kept -> why",
        },
    ),
    "SubjectRequest": _object(
        _SUBJECT_REQUEST_WORDS,
        **_SUBJECT_REQUEST,
        text={**_MAYBE, "description": "the person's own words, given with an act"},
        subject={"anyOf": [_named(_TEXT), {"type": "null"}]},
    ),
    "SubjectRequests": _object(
        "requests next", requests=_listed(_object(_SUBJECT_REQUEST_WORDS, **_SUBJECT_REQUEST)), next=_MAYBE
    ),
}
