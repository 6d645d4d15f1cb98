"""Compares a value that the portal holds and locks with the sources: same, differs or cannot_tell.

The national portal fills some fields of a person itself. Such a field gets no second value: only the check leaves.
"""

from collections.abc import Mapping

from gateway.domain.reasons import Reason
from gateway.mapping.answer import CheckVerdict, FieldEntry, ReasonEntry
from gateway.mapping.plan import evidence_id
from gateway.mapping.transforms import Unreadable, same_words


def checked_entry(held: object, field_entry: FieldEntry, unconfirmed: Mapping[int, Reason]) -> FieldEntry:
    """The entry of a field that the portal fills. `field_entry`: of the sources; a doubt gives cannot_tell."""
    unsure = field_entry["evidence"] in {evidence_id(query) for query in unconfirmed}
    check: CheckVerdict = "cannot_tell"
    if field_entry["value"] is not None and field_entry["doubt"] is None and not unsure:
        check = "same" if same(held, field_entry["value"]) else "differs"
    entry: FieldEntry = {
        "state": "kept", "value": held, "evidence": field_entry["evidence"], "attribute": field_entry["attribute"],
        "editable": False, "doubt": None, "check": check,
    }  # fmt: skip
    if check == "differs":
        entry["reason"] = {"code": Reason.SOURCES_DIFFER.value}
    elif check == "cannot_tell":
        entry["reason"] = field_entry.get("reason") or _why(field_entry)
    return entry


def _why(entry: FieldEntry) -> ReasonEntry:
    code = Reason.SOURCES_DIFFER if entry["state"] == "disputed" else Reason.CONDITION_UNKNOWN
    return {"code": code.value}


def same(held: object, other: object) -> bool:
    """Equal except for case, the position of tone marks and blank members."""
    if isinstance(held, str) and isinstance(other, str):
        try:
            return same_words(held) == same_words(other)
        except Unreadable:
            return held == other
    if isinstance(held, dict) and isinstance(other, dict):
        names = {name for one in (held, other) for name, value in one.items() if value not in (None, "")}
        return all(same(held.get(name), other.get(name)) for name in names)
    if isinstance(held, list) and isinstance(other, list):
        return len(held) == len(other) and all(map(same, held, other))
    return type(held) is type(other) and held == other
