"""What is wrong with a body, in our words: those of the library are meant for the author of the model."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core.core_schema import ErrorType

from gateway.api.grammar import WORDS, showable

#: raised by validators of our models, with their own words
_OURS = frozenset({"value_error", "assertion_error"})
_OF_THE_LIBRARY = frozenset(get_args(ErrorType))
_OBJECT = "a JSON object is expected: {{…}}"
#: fault of the library -> our words, with what the library knows of it
_PLAIN = {
    "missing": "is missing",
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dict_type": _OBJECT,
    "list_type": "a list is expected: […]",
    "string_type": "text is expected, in quotes",
    "int_type": "a whole number is expected",
    "int_from_float": "a whole number is expected",
    "float_type": "a number is expected",
    "bool_type": "true or false is expected",
    "none_required": "only null is taken here",
    "literal_error": "is one of {expected}",
    "enum": "is one of {expected}",
    "greater_than": "is greater than {gt}",
    "greater_than_equal": "is at least {ge}",
    "less_than": "is less than {lt}",
    "less_than_equal": "is at most {le}",
}
#: values that may be of several kinds: how deep they stand, and which kinds there are
KINDS: Mapping[tuple[str | int, ...], tuple[int, str]] = {
    ("account",): (2, "text, a whole number, true, false or null is expected"),
    ("grown_from",): (1, "a number of records, or the text of a signed checkpoint, is expected"),
}
_LENGTHS = frozenset({"too_short", "too_long", "string_too_short", "string_too_long"})


def said(fault: Any, model: type[BaseModel]) -> str:  # noqa: ANN401 -- pydantic_core.ErrorDetails
    """One fault of a body of this model."""
    kind, loc, known = fault["type"], fault["loc"], fault.get("ctx", {})
    if loc[:1] in KINDS and loc[-1:] != ("[key]",) and len(loc) > KINDS[loc[:1]][0]:
        return KINDS[loc[:1]][1]
    if kind == "extra_forbidden":
        return _unknown(str(loc[-1]), members_at(model, loc[:-1]))
    if kind == "string_pattern_mismatch":
        return f"is written as {WORDS.get(known['pattern'], 'the contract says')}"
    if kind in _LENGTHS:
        return _length(kind, known)
    if kind in _OF_THE_LIBRARY and kind not in _OURS:
        return _PLAIN.get(kind, "is not of the form that the contract asks for").format(**known)
    return str(fault["msg"]).removeprefix("Value error, ")


def _unknown(name: str, members: Sequence[str]) -> str:
    there = f"; there are {', '.join(members)}" if members else ""
    return f"'{showable(name)}' is not a known member{there}"


def _length(kind: str, known: Mapping[str, Any]) -> str:
    bound = f"least {known['min_length']}" if kind.endswith("short") else f"most {known['max_length']}"
    # of a text that was looked at the library says `Value`
    text = kind.startswith("string") or known["field_type"] == "Value"
    return f"has at {bound} {'characters' if text else 'entries'}"


def members_at(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """The members that there are at a place of a body; none where it depends on what stands there."""
    here: object = model
    for part in loc:
        fields = here.model_fields if isinstance(here, type) and issubclass(here, BaseModel) else {}
        found = next((one for name, one in fields.items() if part in {name, one.alias}), None)
        if found is None:
            return []
        kinds = [one for one in (found.annotation, *get_args(found.annotation)) if isinstance(one, type)]
        here = next((one for one in kinds if issubclass(one, BaseModel)), None)
    fields = here.model_fields if isinstance(here, type) and issubclass(here, BaseModel) else {}
    return [one.alias or name for name, one in fields.items()]
