"""Checks the words of our own in schemas of evidence: a misspelt one has no effect, and cuts papers."""

from collections.abc import Iterator, Mapping

from gateway.domain.errors import Problem
from gateway.domain.faults import near
from gateway.mapping.schema_checks import is_date
from gateway.mapping.schema_files import SchemaFile, parts

_WORDS = ("x-ahead", "x-dates", "x-format", "x-not-before", "x-object", "x-title-en")


def evidence_faults(file: SchemaFile) -> Iterator[Problem]:
    """Unknown words, and values of words that have no effect."""
    for loc, part in parts(file.schema):
        for what, word, remedy in (*_unknown(part), *_dated(part, file.properties)):
            yield file.document.problem((*loc, word), what, remedy)


def _unknown(part: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    for word in part:
        if word.startswith("x-") and word not in _WORDS:
            yield (
                f"'{word}' is no word of evidence",
                word,
                near(word, _WORDS, f"use one of {', '.join(_WORDS)}"),
            )
    if part.get("x-ahead", True) is not True:
        yield f"'x-ahead: {part['x-ahead']}' is not known", "x-ahead", "write true, or take it out"


def _dated(part: Mapping[str, object], attributes: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    for own in ("x-ahead", "x-dates", "x-not-before"):
        if own in part and not is_date(part):
            yield f"'{own}' stands at what is no date", own, "take it out, or write the pattern of dates"
    words, begin = part.get("x-dates", []), part.get("x-not-before")
    for word in words if isinstance(words, list) else [words]:
        if word not in attributes:
            remedy = near(str(word), attributes, "name attributes of this evidence type, in a list")
            yield f"'x-dates' names '{word}', which is no attribute", "x-dates", remedy
    if begin is not None and not is_date(attributes.get(str(begin))):
        dates = [name for name, one in attributes.items() if is_date(one)]
        remedy = near(str(begin), dates, "name a date of this evidence type")
        yield f"'x-not-before' names '{begin}', which is no date", "x-not-before", remedy
