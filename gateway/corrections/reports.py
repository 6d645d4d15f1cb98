"""A report in the queue: its id is derived from its content, its person is a keyed index, its content is encrypted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2s
from string import ascii_lowercase
from typing import Any

import orjson

from gateway.consents.sealing import index_of
from gateway.domain.dates import rfc3339
from gateway.domain.parties import Subject, parent_key
from gateway.exchange_log.aead import seal, unseal
from gateway.exchange_log.keys import PeriodKeys
from gateway.ports.corrections import CorrectionRow

#: waiting here; taken out, to be brought to the owner; the owner's answers: received, corrected, refused
QUEUED, TAKEN, RECEIVED, CORRECTED, REFUSED = "queued", "taken", "received", "corrected", "refused"
#: altered, or the keys of its month are erased
UNREADABLE = "unreadable"
#: of the previous release: a file was written, which proves no delivery
DELIVERED = "delivered"
#: 112 bits
_LETTERS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionReport:
    """A report with checked grammar."""

    subject: Subject
    source: str
    #: `<evidence type>.<attribute>`
    attribute: str
    #: `sources_differ` or `citizen_corrects`
    why: str
    #: value from the database, and the correct value; JSON
    shown: object
    correct: object
    #: values from other databases: `source` and `value` (JSON)
    others: tuple[Mapping[str, Any], ...]
    #: further members for the owner (JSON)
    more: Mapping[str, object]
    #: the requester's exchange that showed the value
    exchange: str
    dossier: str


def report_of(
    wanted: CorrectionReport,
    requester: str,
    agency: str,
    *,
    opened_in: str,
    shown_is: str,
    sender: bytes = b"",
) -> dict[str, Any]:
    """The report for the owner of the database, without id and time. `sender`: keyed index; blank: the person."""
    return {
        "requester": requester, "agency": agency, "source": wanted.source, "attribute": wanted.attribute,
        "why": wanted.why, "shown": wanted.shown, "shown_is": shown_is, "correct": wanted.correct,
        "others": wanted.others, "dossier": wanted.dossier, "exchange_id": wanted.exchange, **wanted.more,
        "key": wanted.subject.key, "opened_in": opened_in,
        **({"sender": sender.hex()} if sender else {}),
    }  # fmt: skip


def id_of(report: Mapping[str, Any], keys: PeriodKeys) -> str:
    """The id of a report within one period: the same content gives the same id, from any exchange."""
    content = {
        name: one for name, one in report.items() if name not in ("opened_in", "exchange_id", "shown_is")
    }
    digest = blake2s(
        orjson.dumps(content, option=orjson.OPT_SORT_KEYS), key=keys.digest, person=b"correct."
    ).digest()
    number, letters = int.from_bytes(digest), []
    for _ in range(_LETTERS):
        number, rest = divmod(number, len(ascii_lowercase))
        letters.append(ascii_lowercase[rest])
    return "cr-" + "".join(letters)


def row_of(correction: str, report: Mapping[str, Any], keys: PeriodKeys, opened: float) -> CorrectionRow:
    """The row of a new report; `opened` is POSIX seconds."""
    parent = parent_key(report["key"])
    return CorrectionRow(
        0, correction, keys.period, index_of(keys, report["key"]), report["requester"], report["source"],
        report["attribute"], QUEUED, opened, 0.0, seal(keys.encryption, orjson.dumps(report), correction.encode()),
        bytes.fromhex(report.get("sender", "")), index_of(keys, parent) if parent else b"",
    )  # fmt: skip


def opened(row: CorrectionRow, keys: PeriodKeys) -> dict[str, Any] | None:
    """The report of a row; None when the row was altered."""
    plain = unseal(keys.encryption, row.sealed, row.id.encode())
    if plain is None:
        return None
    report: dict[str, Any] = orjson.loads(plain)
    return report


def as_listed(row: CorrectionRow) -> dict[str, object]:
    """A report as the API lists it; without the person."""
    changed = rfc3339(moment(row.changed)) if row.changed else None
    return {
        "id": row.id, "state": row.state, "requester": row.requester, "source": row.source, "attribute": row.attribute,
        "opened_at": rfc3339(moment(row.opened)), "changed_at": changed,
    }  # fmt: skip


def as_taken(row: CorrectionRow, report: Mapping[str, Any]) -> dict[str, object]:
    """A report as the owner reads it; personal data."""
    content = {name: value for name, value in report.items() if name not in ("key", "opened_in", "sender")}
    return {"id": row.id, "opened_at": rfc3339(moment(row.opened)), **content}


def moment(seconds: float) -> datetime:
    """The UTC time of POSIX seconds."""
    return datetime.fromtimestamp(seconds, UTC)
