"""Compares a value that the portal holds and locks with the sources: same, differs or cannot_tell.

The national portal fills some fields of a person itself. Such a field gets no second value: only the check leaves.
"""

from collections.abc import Mapping

from gateway.domain.reasons import Reason
from gateway.mapping.answer import CheckVerdict, FieldEntry, ReasonEntry
from gateway.mapping.plan import evidence_id
from gateway.mapping.transforms import Unreadable, same_words


def checked_entry(held: object, said: FieldEntry, unconfirmed: Mapping[int, Reason]) -> FieldEntry:
    """The entry of a field that the portal fills. `said`: the value from the sources; a doubt gives cannot_tell."""
    unsure = said["evidence"] in {evidence_id(query) for query in unconfirmed}
    check: CheckVerdict = "cannot_tell"
    if said["value"] is not None and said["doubt"] is None and not unsure:
        check = "same" if same(held, said["value"]) else "differs"
    entry: FieldEntry = {
        "state": "kept", "value": held, "evidence": said["evidence"], "attribute": said["attribute"],
        "editable": False, "doubt": None, "check": check,
    }  # fmt: skip
    if check == "differs":
        entry["reason"] = {"code": Reason.SOURCES_DIFFER.value}
    elif check == "cannot_tell":
        entry["reason"] = said.get("reason") or _why(said)
    return entry


def _why(said: FieldEntry) -> ReasonEntry:
    code = Reason.SOURCES_DIFFER if said["state"] == "disputed" else Reason.CONDITION_UNKNOWN
    return {"code": code.value}


def same(held: object, said: object) -> bool:
    """Equal except for case, the position of tone marks and blank members."""
    if isinstance(held, str) and isinstance(said, str):
        try:
            return same_words(held) == same_words(said)
        except Unreadable:
            return held == said
    if isinstance(held, dict) and isinstance(said, dict):
        names = {name for one in (held, said) for name, value in one.items() if value not in (None, "")}
        return all(same(held.get(name), said.get(name)) for name in names)
    if isinstance(held, list) and isinstance(said, list):
        return len(held) == len(said) and all(map(same, held, said))
    return type(held) is type(said) and held == said
