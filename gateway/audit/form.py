"""Checks that a leaf has all members of a record, because its readers use each of them.

A writer of the database can write other leaves. They are part of the tree and are shown as unreadable;
readers of records must not fail on them.
"""

from typing import Any, TypeGuard

_TEXTS = (
    "id", "period", "exchange", "phase", "time", "requester", "agency", "procedure", "dossier", "purpose", "basis",
    "official", "result", "config", "sealed",
)  # fmt: skip
_CALL_TEXTS = ("call", "source", "operation", "role", "outcome", "shared", "request", "response")
#: larger numbers differ between readers of JSON
_MOST = 2**53


def well_formed(members: object) -> TypeGuard[dict[str, Any]]:
    """Whether these are the members of a record."""
    return (
        isinstance(members, dict)
        and _has_texts(members, _TEXTS)
        and type(members.get("on_duty")) is bool
        and _are_texts(members.get("rules"))
        and _maps_texts(members.get("subjects"))
        and _maps_texts(members.get("fields"))
        and _are_notes(members.get("notes"))
        and _are_calls(members.get("calls"))
    )


def _has_texts(members: dict[str, Any], names: tuple[str, ...]) -> bool:
    return all(isinstance(members.get(name), str) for name in names)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _maps_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


def _are_notes(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) or _is_number(one) for one in value.values())


def _are_calls(value: object) -> bool:
    return isinstance(value, list) and all(_is_call(one) for one in value)


def _is_call(call: object) -> bool:
    return (
        isinstance(call, dict)
        and _has_texts(call, _CALL_TEXTS)
        and _are_texts(call.get("attributes"))
        and _is_number(call.get("ms"))
        and type(call.get("cached")) is bool
    )


def _is_number(value: object) -> bool:
    # also true and false, as notes have them
    return isinstance(value, int) and abs(value) < _MOST
