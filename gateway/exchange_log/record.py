"""Records of the exchange log as leaf bytes (ARCHITECTURE 4; RFC 8785 for the values used here).

A leaf is JSON with sorted ASCII keys and no spaces. It holds names, outcomes and keyed digests, never a form
value. Its subjects are keyed indexes, and in full only inside `sealed`.
The form is fixed by `"v": 1`: a change of it needs the next number.
"""

import base64
from binascii import b2a_base64
from collections.abc import Mapping
from hashlib import blake2s
from typing import Any

import orjson

from gateway.domain.exchange import ExchangeRecord
from gateway.exchange_log import aead
from gateway.exchange_log.keys import FIELD_BYTES, INDEX_BYTES, PeriodKeys

VERSION = 1

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_MONTH = slice(0, 7)


class SealBroken(ValueError):
    """The sealed part is not of these keys and this record."""


def period_of(record: ExchangeRecord) -> str:
    """The month of the record's keys."""
    return record.time[_MONTH]


def encode(record: ExchangeRecord, keys: PeriodKeys, record_id: str) -> bytes:
    """The bytes of `leaf_of`."""
    return leaf_of(record, keys, record_id)[0]


def leaf_of(record: ExchangeRecord, keys: PeriodKeys, record_id: str) -> tuple[bytes, str, Mapping[str, str]]:
    """The leaf bytes of one record; and the keyed indexes in it (hex): of the official, and of subjects by role.

    `keys` are those of `period_of(record)`, `record_id` is a fresh ULID.

    ValueError for keys outside ASCII, TypeError (orjson.JSONEncodeError) for what JSON cannot hold.
    """
    if not "".join((*record.fields, *record.notes, *record.subjects)).isascii():
        raise ValueError("names of fields, notes and roles are ASCII")
    # Each digest copies a state that has the key already: half the cost of a new one.
    copy = keys.indexing.copy
    official = ""
    if record.official:
        state = copy()
        state.update(record.official.encode())
        official = state.hexdigest()
    subjects = {}
    for role, who in record.subjects.items():
        state = copy()
        state.update(who.encode())
        subjects[role] = state.hexdigest()
    start = keys.digesting_fields.copy()
    start.update(record_id.encode())
    copy = start.copy
    fields = {}
    for name, value in record.fields.items():
        state = copy()
        state.update(value)
        fields[name] = state.hexdigest()
    sealed = ""
    if official or subjects:
        people = orjson.dumps({"official": record.official, "subjects": record.subjects}, option=_OPTIONS)
        closed = aead.seal(keys.encryption, people, _bound_to(record_id, keys.period))
        sealed = b2a_base64(closed, newline=False).decode()
    members = {
        "agency": record.agency,
        "basis": record.legal_basis,
        "calls": _calls(record, keys),
        "config": record.configuration,
        "dossier": record.dossier,
        "exchange": record.exchange,
        "fields": fields,
        "id": record_id,
        "notes": {**record.notes},
        "official": official,
        "on_duty": record.on_duty,
        "period": keys.period,
        "phase": record.phase,
        "procedure": record.procedure,
        "purpose": record.purpose,
        "requester": record.requester,
        "result": record.result,
        "rules": record.rules,
        "sealed": sealed,
        "subjects": subjects,
        "time": record.time,
        "v": VERSION,
    }
    return orjson.dumps(members, option=_OPTIONS), official, subjects


def _calls(record: ExchangeRecord, keys: PeriodKeys) -> list[dict[str, object]]:
    copy = keys.digesting_calls.copy
    calls: list[dict[str, object]] = []
    for call in record.calls:
        request = response = ""
        if call.request_digest:
            state = copy()
            state.update(call.request_digest)
            request = state.hexdigest()
        if call.response_digest:
            state = copy()
            state.update(call.response_digest)
            response = state.hexdigest()
        calls.append({
            "attributes": call.attributes,
            "cached": call.cached,
            "call": call.call,
            "ms": call.elapsed_ms,
            "operation": call.operation,
            "outcome": call.outcome,
            "request": request,
            "response": response,
            "role": call.role,
            "shared": call.shared_with,
            "source": call.source,
        })  # fmt: skip
    return calls


def decode(leaf: bytes) -> dict[str, Any]:
    """The members of a leaf, with the sealed part still sealed."""
    members: dict[str, Any] = orjson.loads(leaf)
    return members


def unseal(members: dict[str, Any], keys: PeriodKeys) -> dict[str, Any]:
    """`{"official": personal id, "subjects": {role: key}}` of a decoded leaf; SealBroken after tampering."""
    if not members["sealed"]:
        return {"official": "", "subjects": {}}
    try:
        sealed = base64.b64decode(members["sealed"], validate=True)
    except ValueError:
        sealed = b""
    plain = aead.unseal(keys.encryption, sealed, _bound_to(members["id"], members["period"]))
    if plain is None:
        raise SealBroken("the sealed part was not made under these keys for this record")
    who: dict[str, Any] = orjson.loads(plain)
    return who


def subject_index(index_key: bytes, who: str) -> str:
    """The keyed index under which a subject or an official is found within one period, hex."""
    return blake2s(who.encode(), digest_size=INDEX_BYTES, key=index_key).hexdigest()


def field_digest(digest_key: bytes, record_id: str, value: bytes) -> str:
    """The digest of one released value, hex.

    It is bound to its record: equal values in two records have different digests.
    """
    return blake2s(record_id.encode() + value, digest_size=FIELD_BYTES, key=digest_key).hexdigest()


def _bound_to(record_id: str, period: str) -> bytes:
    return f"{record_id}{period}".encode()
