"""Records for an auditor without the right to identify: names, outcomes and indexes, no personal data.

The keyed indexes are left out too: they are the same for one person through a whole month.
"""

from typing import Any

from gateway.audit.form import well_formed
from gateway.exchange_log.merkle import leaf_hash
from gateway.exchange_log.record import decode
from gateway.ports.exchange_log import LogEntry

#: columns of a CSV export
COLUMNS = (
    "leaf_index", "time", "phase", "exchange_id", "requester", "agency", "procedure", "dossier", "purpose",
    "legal_basis", "result", "on_duty", "sources", "attributes", "fields", "rules", "notes", "configuration",
    "leaf_hash",
)  # fmt: skip
#: first characters of a formula in spreadsheets, in all their widths
_FORMULA = tuple("=+-@|%\t\r\n＝＋－＠")
_SAME = "time phase requester agency procedure dossier purpose result on_duty rules notes"


def members_of(entry: LogEntry) -> dict[str, Any] | None:
    """The members of a record; None if this gateway did not write its leaf."""
    try:
        members = decode(entry.leaf)
    except ValueError:
        return None
    return members if well_formed(members) else None


def shown(entry: LogEntry) -> dict[str, Any]:
    """One record for JSON."""
    place: dict[str, Any] = {"leaf_index": entry.index, "leaf_hash": leaf_hash(entry.leaf).hex()}
    if entry.altered:
        place["altered"] = True
    members = members_of(entry)
    if members is None:
        return {**place, "unreadable": True}
    return {
        **place,
        "exchange_id": members["exchange"],
        **{name: members.get(name) for name in _SAME.split()},
        "legal_basis": members["basis"],
        "configuration": members["config"],
        "has_official": bool(members["official"]),
        "subjects": sorted(members["subjects"]),
        "people": _people(members),
        "fields": sorted(members["fields"]),
        "calls": [_call(call) for call in members["calls"]],
    }


def _people(members: dict[str, Any]) -> int:
    """How many people were asked about: no one whose number left with others, no one for whom nobody acts."""
    unrepresented = str(members["notes"].get("unrepresented", "")).split()
    roles = members["subjects"].items()
    return len({key for role, key in roles if not role.startswith("also#") and role not in unrepresented})


def _call(call: dict[str, Any]) -> dict[str, Any]:
    return {
        "call": call["call"],
        "source": call["source"],
        "data_service": call["operation"],
        "subject": call["role"],
        "attributes": call["attributes"],
        "outcome": call["outcome"],
        "elapsed_ms": call["ms"],
        "cached": call["cached"],
        "shared_with": call["shared"],
    }


def header() -> bytes:
    """The first line of a CSV, after the byte-order mark for spreadsheets."""
    return b"\xef\xbb\xbf" + csv_line(COLUMNS)


def row(entry: LogEntry) -> bytes:
    """One record as a line of CSV (RFC 4180), every cell quoted, no cell a formula."""
    record = shown(entry)
    calls = record.get("calls", ())
    attributes = {f"{call['source']}.{name}": None for call in calls for name in call["attributes"]}
    cells = {
        **record,
        "sources": "; ".join(f"{call['source']}: {call['outcome'] or 'asked'}" for call in calls),
        "attributes": "; ".join(attributes),
        "fields": "; ".join(record.get("fields", ())),
        "rules": "; ".join(record.get("rules") or ()),
        "notes": "; ".join(f"{name}: {_cell(value)}" for name, value in (record.get("notes") or {}).items()),
    }
    return csv_line([_cell(cells.get(name)) for name in COLUMNS])


def _cell(value: object) -> str:
    """The value as JSON writes it; None is empty."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def csv_line(cells: Any) -> bytes:  # noqa: ANN401 -- texts
    """One line of CSV (RFC 4180), every cell quoted, none of them a formula."""
    return (",".join(f'"{_harmless(cell)}"' for cell in cells) + "\r\n").encode()


def _harmless(text: str) -> str:
    quoted = text.replace('"', '""').replace("\x00", "\ufffd")
    return f"'{quoted}" if quoted.lstrip(" \ufeff").startswith(_FORMULA) else quoted
