"""Records of the exchange log as leaf bytes (ARCHITECTURE 4; RFC 8785 for the values used here).

A leaf is JSON with sorted ASCII keys and no spaces. It holds names, outcomes and keyed digests, never a value
of a form; who a record is about stands in it as a keyed index, and in full only inside `sealed`.
The form is fixed by `"v": 1`: whoever changes it counts up.
"""

import base64
import os
from hashlib import blake2s
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag

from gateway.domain.exchange import CallEntry, ExchangeRecord
from gateway.exchange_log.keys import PeriodKeys

VERSION = 1

_INDEX_BYTES = 16
_FIELD_BYTES = 8
_CALL_BYTES = 16
_NONCE = 12
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_MONTH = slice(0, 7)


class SealBroken(ValueError):
    """The sealed part was not made under these keys for this record."""


def period_of(record: ExchangeRecord) -> str:
    """The month in whose keys the record is written."""
    return record.time[_MONTH]


def encode(record: ExchangeRecord, keys: PeriodKeys, record_id: str) -> bytes:
    """The leaf bytes of one record; `keys` are those of `period_of(record)`, `record_id` is a fresh ULID.

    ValueError for keys outside ASCII and for what JSON cannot hold.
    """
    if not "".join((*record.fields, *record.notes, *record.subjects)).isascii():
        raise ValueError("names of fields, notes and roles are ASCII")
    index = keys.index
    leaf = {
        "v": VERSION,
        "id": record_id,
        "period": keys.period,
        "exchange": record.exchange,
        "phase": record.phase,
        "time": record.time,
        "requester": record.requester,
        "agency": record.agency,
        "procedure": record.procedure,
        "dossier": record.dossier,
        "purpose": record.purpose,
        "basis": record.legal_basis,
        "official": subject_index(index, record.official) if record.official else "",
        "on_duty": record.on_duty,
        "subjects": {role: subject_index(index, key) for role, key in record.subjects.items()},
        "calls": [_call(call, keys.digest) for call in record.calls],
        "fields": _field_digests(record, keys.digest, record_id),
        "rules": record.rules,
        "result": record.result,
        "config": record.configuration,
        "notes": {**record.notes},
        "sealed": _seal(record, keys, record_id),
    }
    return orjson.dumps(leaf, option=_OPTIONS)


def decode(leaf: bytes) -> dict[str, Any]:
    """The members of a leaf, its sealed part left sealed."""
    members: dict[str, Any] = orjson.loads(leaf)
    return members


def unseal(members: dict[str, Any], keys: PeriodKeys) -> dict[str, Any]:
    """`{"official": personal id, "subjects": {role: key}}` of a decoded leaf; SealBroken after tampering."""
    if not members["sealed"]:
        return {"official": "", "subjects": {}}
    try:
        sealed = base64.b64decode(members["sealed"], validate=True)
        plain = keys.encryption.decrypt(
            sealed[:_NONCE], sealed[_NONCE:], _bound_to(members["id"], members["period"])
        )
    except (InvalidTag, ValueError):
        raise SealBroken("the sealed part was not made under these keys for this record") from None
    who: dict[str, Any] = orjson.loads(plain)
    return who


def subject_index(index_key: bytes, who: str) -> str:
    """The keyed index under which a subject or an official is found within one period, hex."""
    return blake2s(who.encode(), digest_size=_INDEX_BYTES, key=index_key).hexdigest()


def field_digest(digest_key: bytes, record_id: str, value: bytes) -> str:
    """The digest of one value that left, hex.

    It is bound to its record, so that equal values of two records look different and counting tells nothing.
    """
    return blake2s(record_id.encode() + value, digest_size=_FIELD_BYTES, key=digest_key).hexdigest()


def call_digest(digest_key: bytes, digest: bytes) -> str:
    """A digest of a message, keyed as well: a short request would else betray its number by guessing."""
    return blake2s(digest, digest_size=_CALL_BYTES, key=digest_key).hexdigest() if digest else ""


def _field_digests(record: ExchangeRecord, digest_key: bytes, record_id: str) -> dict[str, str]:
    # One state for key and record, copied for each field: the same as field_digest, at half its cost.
    start = blake2s(record_id.encode(), digest_size=_FIELD_BYTES, key=digest_key).copy
    digests = {}
    for name, value in record.fields.items():
        state = start()
        state.update(value)
        digests[name] = state.hexdigest()
    return digests


def _call(call: CallEntry, digest_key: bytes) -> dict[str, object]:
    return {
        "call": call.call,
        "source": call.source,
        "operation": call.operation,
        "role": call.role,
        "attributes": call.attributes,
        "outcome": call.outcome,
        "ms": call.elapsed_ms,
        "cached": call.cached,
        "shared": call.shared_with,
        "request": call_digest(digest_key, call.request_digest),
        "response": call_digest(digest_key, call.response_digest),
    }


def _seal(record: ExchangeRecord, keys: PeriodKeys, record_id: str) -> str:
    if not (record.official or record.subjects):
        return ""
    plain = orjson.dumps({"official": record.official, "subjects": record.subjects}, option=_OPTIONS)
    nonce = os.urandom(_NONCE)
    sealed = keys.encryption.encrypt(nonce, plain, _bound_to(record_id, keys.period))
    return base64.b64encode(nonce + sealed).decode()


def _bound_to(record_id: str, period: str) -> bytes:
    return f"{record_id}{period}".encode()
