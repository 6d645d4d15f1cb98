"""Kinds of identifiers beside those of Việt Nam: `schemas/identifiers/<kind>.yaml`.

A kind says what it names, how it is written and its check digit. Patterns are a small part of regular expressions
whose matching takes time in proportion to the text. A number is compared as written: one spelling, digits and capitals.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.config.strict_yaml import Loc
from gateway.domain import sentences as say
from gateway.domain.check_digits import CHECK_DIGITS
from gateway.domain.faults import near
from gateway.domain.parties import SUBJECT_WORDS, SubjectKind
from gateway.domain.sentences import Sentence, titled
from gateway.mapping.strict import AS_LIST, Strict, Title

#: signs between the parts of a number, which its check digit leaves out
_BETWEEN = str.maketrans("", "", "./-")
_PART = re.compile(
    r"(\[(?:[0-9]-[0-9]|[A-Z]-[A-Z]|[0-9A-Z])+\])(?:\{([0-9]{1,2})(?:,([0-9]{1,2}))?\}|(\?))?|([0-9A-Z./-])"
)
#: signs of a number
_LONGEST = 40
#: parts of variable length in a pattern: with two, matching tries at most as many cuts as a number has signs
_VARIABLE = 2


class _PatternParts:
    """A pattern as a regular expression, with the bounds of its length."""

    def __init__(self, pattern: str) -> None:
        """Raises ValueError with fault and remedy."""
        self.least = self.most = 0
        written, end, variable = [], 0, 0
        for part in _PART.finditer(pattern):
            if part.start() != end:
                break
            end = part.end()
            signs, least, most, maybe, sign = part.groups()
            first = 0 if maybe else int(least or 1)
            last = 1 if maybe else int(most or first)
            variable += first != last
            self.least, self.most = self.least + first, self.most + last
            written.append(re.escape(sign) if sign else f"{signs}{{{first},{last}}}")
        if end < len(pattern) or not pattern:
            raise ValueError("is not a pattern of identifiers", "write for example [0-9]{2}-[A-Z0-9]{4,6}")
        if not 0 < self.most <= _LONGEST or variable > _VARIABLE:
            what = f"takes more than {_LONGEST} signs, or has more than {_VARIABLE} parts of variable length"
            raise ValueError(what, "write several patterns, each with fixed lengths")
        try:
            self.expression = re.compile("".join(written), re.ASCII)
        except re.error:
            raise ValueError("has a range that goes backwards", "write [0-9] or [A-Z]") from None


def _pattern(text: str) -> str:
    _PatternParts(text)
    return text


def _check_digit(name: str) -> str:
    if name not in CHECK_DIGITS:
        known = ", ".join(CHECK_DIGITS)
        raise ValueError(f"there is no check digit '{name}'", near(name, CHECK_DIGITS, f"use one of {known}"))
    return name


class IdentifierKind(Strict):
    """`schemas/identifiers/<kind>.yaml`: one kind of identifier.

    `patterns`: classes of digits and capitals with lengths, and signs between them (`[0-9]{2}-[A-Z]{4,6}`); a number
    fits one of them.
    """

    #: the file's name; `identifier.<kind>` in mappings
    identifier: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    title: Title
    #: what it names
    names: Literal["person", "organisation", "parcel", "vehicle"]
    patterns: Annotated[tuple[Annotated[str, AfterValidator(_pattern)], ...], AS_LIST] = Field(max_length=5)
    #: one of `gateway/domain/check_digits.py`
    check: Annotated[str, AfterValidator(_check_digit)] = "none"
    #: how it is written, for people: the error of a wrong one says it
    written: Title
    #: an invented valid number
    example: str

    def takes(self, number: str) -> bool:
        """Whether a number is written as a pattern, and its check digit is valid."""
        fits = len(number) <= _LONGEST and any(
            _PatternParts(one).expression.fullmatch(number) for one in self.patterns
        )
        return fits and CHECK_DIGITS[self.check](number.translate(_BETWEEN))


#: name -> kind
IdentifierKinds = Mapping[str, IdentifierKind]


def kind_faults(kind: IdentifierKind) -> Iterator[tuple[Loc, str, str]]:
    """Contradictions within a file: place, fault, remedy."""
    if kind.identifier in SUBJECT_WORDS:
        yield ("identifier",), f"'{kind.identifier}' is a word of every subject", "choose another name"
    if not kind.patterns:
        yield ("patterns",), "there is no pattern: no number fits", 'write for example ["[0-9]{9}"]'
        return
    if len({one.translate(_BETWEEN) for one in kind.patterns}) < len(kind.patterns):
        what = "two patterns differ only in the signs between the parts: one number would be two subjects"
        yield ("patterns",), what, "keep one spelling"
    if not kind.takes(kind.example):
        what = f"the example does not fit the patterns, or its check digit ({kind.check}) is wrong"
        yield ("example",), what, "give a valid invented number, or mend the pattern"


def identifier_fault(kinds: IdentifierKinds, kind: str, number: str) -> tuple[str, Sentence] | None:
    """The member of an identifier that is wrong, and why; None when the number is one of its kind."""
    found = kinds.get(kind)
    if found is None:
        known = ", ".join(kinds)
        return "kind", say.NO_SUCH_IDENTIFIER(known=known) if known else say.NO_IDENTIFIERS
    if not found.takes(number):
        title, written = titled(**dict(found.title)), titled(**dict(found.written))
        return "number", say.NOT_THIS_IDENTIFIER(kind=title, how=written)
    return None


def kind_named(kinds: IdentifierKinds, kind: str) -> SubjectKind:
    """What a known kind names."""
    return SubjectKind(kinds[kind].names)
