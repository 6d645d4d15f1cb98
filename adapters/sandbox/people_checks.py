"""Holds the entries of `config/sandbox/personas.yaml` against what people are made of: every fault with its place.

Works on the file as it was read, before anybody is made of it.
"""

import dataclasses
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from gateway.config.strict_yaml import Loc
from gateway.domain.dates import PartialDate
from gateway.domain.faults import near

#: place, what is wrong, what to write
Said = tuple[Loc, str, str]

#: what a word may say
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "gender": ("male", "female", "other"),
    "marital": ("never_married", "married", "divorced", "widowed"),
    "life": ("alive", "dead", "missing", "unknown"),
    "blocked": ("true",),
    "pension": ("none", "receiving", "unknown"),
    "end_reason": ("divorce", "death"),
    "conclusion": ("eligible", "not_eligible", "check_again"),
    "state": ("valid", "expired", "revoked", "suspended", "replaced"),
}
_DIGITS = {"personal_id": 12, "old_id": 9, "commune": 5, "province": 2}
_DATES = frozenset({"birth_date", "date", "valid_from", "valid_until", "new_from", "new_until"})
_RELATIVES = ("father", "mother", "spouse", "representative", "head")


def faults(
    entries: Sequence[Mapping[str, Any]], person: type, parts: Mapping[str, type], lists: Mapping[str, type],
    communes: Collection[str],
) -> Iterator[Said]:  # fmt: skip
    """Of all people; `parts` and `lists`: words of a person that are tables of their own, one or several."""
    checks = _Checks(parts, lists, communes)
    for index, entry in enumerate(entries):
        yield from checks.table(entry, person, ("people", index), str(entry.get("key", "?")))
    yield from _relations(entries)


def _relations(entries: Sequence[Mapping[str, Any]]) -> Iterator[Said]:
    """What people say of one another, and what only one of them may say."""
    keys = Counter(str(entry.get("key")) for entry in entries)
    numbers = Counter(str(entry.get(name)) for entry in entries for name in ("personal_id", "old_id"))
    for index, entry in enumerate(entries):
        at, key = ("people", index), entry.get("key", "?")
        if keys[str(key)] > 1:
            yield (*at, "key"), f"{key}: two people have the same key", "give each person a key of its own"
        for word in ("personal_id", "old_id"):
            if (number := entry.get(word)) and numbers[str(number)] > 1:
                yield (
                    (*at, word),
                    f"{key}: {word} is somebody else's too",
                    "give each person a number of his own",
                )
        marriages = [one.get("spouse") for one in _rows(entry.get("marriages")) if isinstance(one, dict)]
        for word, whom in [
            *((name, entry.get(name)) for name in _RELATIVES),
            *(("marriages", m) for m in marriages),
        ]:
            if whom and str(whom) not in keys:
                remedy = near(str(whom), keys, "name the key of a person in the file")
                yield (*at, word), f"{key}: {word} '{whom}' is nobody", remedy


class _Checks:
    """Tables of the file against the fields of a class."""

    def __init__(
        self, parts: Mapping[str, type], lists: Mapping[str, type], communes: Collection[str]
    ) -> None:
        self._parts, self._lists, self._communes = parts, lists, communes

    def table(self, entry: object, kind: type, at: Loc, who: str) -> Iterator[Said]:
        """One person, or a part of one."""
        if not isinstance(entry, Mapping):
            yield at, f"{who}: '{at[-1]}' is no table", "write 'word: value' lines"
            return
        known = {one.name: one for one in dataclasses.fields(kind)}
        strange = [word for word in entry if word not in known]
        for name, field in known.items():
            missing = field.default is dataclasses.MISSING and name not in entry
            if missing and not near(name, strange, ""):  # else it is mistyped, and reported below
                yield at, f"{who}: '{name}' is missing", f"add '{name}:' here"
        for word, value in entry.items():
            if word in known:
                yield from self._word(word, value, entry, (*at, word), who)
            else:
                what, remedy = (
                    f"{who}: '{word}' is not a known word",
                    near(word, known, f"use {', '.join(known)}"),
                )
                yield (*at, word), what, remedy

    def _word(self, word: str, value: Any, entry: Mapping[str, Any], loc: Loc, who: str) -> Iterator[Said]:  # noqa: ANN401 -- plain YAML data
        if word in self._parts:
            yield from self.table(value, self._parts[word], loc, who)
        elif word in self._lists:
            for index, row in enumerate(_rows(value)):
                yield from self.table(row, self._lists[word], (*loc, index), who)
        elif value:
            yield from ((loc, f"{who}: {what}", remedy) for what, remedy in self._value(word, value, entry))

    def _value(self, word: str, value: Any, entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:  # noqa: ANN401 -- plain YAML data
        choices = _CHOICES.get(word, ())
        if choices and value not in choices:
            yield f"{word} '{value}' is unknown", f"write one of {', '.join(choices)}"
        elif word in _DIGITS and re.fullmatch(rf"[0-9]{{{_DIGITS[word]}}}", str(value)) is None:
            yield f"{word} is not {_DIGITS[word]} digits", f"write {_DIGITS[word]} digits in quotes"
        elif word == "commune" and value not in self._communes and not entry.get("district"):
            yield (
                f"there is no commune '{value}'",
                "write a code of catalogues.yaml, or an old code and its 'district'",
            )
        elif word in _DATES or word.endswith("_on"):
            try:
                PartialDate.parse(str(value))
            except ValueError:
                yield f"{word} is no date", 'write "yyyy-mm-dd", "yyyy-mm" or "yyyy"'


def _rows(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []
