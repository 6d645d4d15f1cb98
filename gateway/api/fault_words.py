"""Sentences for faults of a body: the library's texts are for the author of the model."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core.core_schema import ErrorType

from gateway.api.grammar import WORDS, showable
from gateway.domain import sentences as say
from gateway.domain.sentences import Sentence, WrongText

#: raised by validators of our models, with their own sentences
_OURS = frozenset({"value_error", "assertion_error"})
_OF_THE_LIBRARY = frozenset(get_args(ErrorType))
#: fault of the library -> our sentence
_PLAIN: Mapping[str, Sentence] = {
    "missing": say.IS_MISSING,
    "model_type": say.OBJECT_EXPECTED,
    "model_attributes_type": say.OBJECT_EXPECTED,
    "dict_type": say.OBJECT_EXPECTED,
    "list_type": say.LIST_EXPECTED,
    "string_type": say.TEXT_EXPECTED,
    "int_type": say.WHOLE_NUMBER_EXPECTED,
    "int_from_float": say.WHOLE_NUMBER_EXPECTED,
    "float_type": say.NUMBER_EXPECTED,
    "bool_type": say.TRUTH_EXPECTED,
    "none_required": say.ONLY_NULL,
    "literal_error": say.ONE_OF,
    "enum": say.ONE_OF,
    "greater_than": say.GREATER_THAN,
    "greater_than_equal": say.AT_LEAST,
    "less_than": say.LESS_THAN,
    "less_than_equal": say.AT_MOST,
}
#: values of several kinds: their depth, and their kinds
KINDS: Mapping[tuple[str | int, ...], tuple[int, Sentence]] = {
    ("account",): (2, say.ACCOUNT_KINDS),
    ("grown_from",): (1, say.GROWN_FROM_KINDS),
}
_LENGTHS = frozenset({"too_short", "too_long", "string_too_short", "string_too_long"})


def sentence_of(fault: Any, model: type[BaseModel]) -> Sentence:  # noqa: ANN401 -- pydantic_core.ErrorDetails
    """One fault of a body of this model."""
    kind, loc, known = fault["type"], fault["loc"], fault.get("ctx", {})
    if loc[:1] in KINDS and loc[-1:] != ("[key]",) and len(loc) > KINDS[loc[:1]][0]:
        return KINDS[loc[:1]][1]
    if kind == "extra_forbidden":
        return _unknown(str(loc[-1]), members_at(model, loc[:-1]))
    if kind == "string_pattern_mismatch":
        return say.WRITTEN_AS(how=WORDS.get(known["pattern"], say.AS_THE_CONTRACT_SAYS))
    if kind in _LENGTHS:
        return _length(kind, known)
    if kind in _OF_THE_LIBRARY and kind not in _OURS:
        plain = {**known, "expected": str(known.get("expected", "")).replace(" or ", ", ")}
        return _PLAIN.get(kind, say.NOT_OF_THE_FORM)(**plain)
    error = known.get("error")
    # a fault of the library without a sentence yet
    return error.sentence if isinstance(error, WrongText) else known.get("said", say.NOT_OF_THE_FORM)


def _unknown(name: str, members: Sequence[str]) -> Sentence:
    if not members:
        return say.UNKNOWN_MEMBER(name=showable(name))
    return say.UNKNOWN_MEMBER_OF(name=showable(name), known=", ".join(members))


def _length(kind: str, known: Mapping[str, Any]) -> Sentence:
    # of a text that was looked at the library says `Value`
    text = kind.startswith("string") or known["field_type"] == "Value"
    if kind.endswith("short"):
        return (say.FEWEST_CHARACTERS if text else say.FEWEST_ENTRIES)(bound=known["min_length"])
    return (say.MOST_CHARACTERS if text else say.MOST_ENTRIES)(bound=known["max_length"])


def members_at(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """The possible members at a place of a body; none if they depend on the content."""
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
