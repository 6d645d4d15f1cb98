"""Kinds of identifiers beside those of Việt Nam: `schemas/identifiers/<kind>.yaml`.

A kind says what it names, how it is written and its check digit. Patterns are a small part of regular expressions
whose matching takes time in proportion to the text. A number is compared as written: one spelling, digits and capitals.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations, product
from string import ascii_uppercase, digits
from typing import Annotated, Literal, NamedTuple

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
_LETTERS = digits + ascii_uppercase
#: signs of a number
_LONGEST = 40
#: parts of variable length in a pattern: with two, matching tries at most as many cuts as a number has signs
_VARIABLE = 2


class _NumberSign(NamedTuple):
    """One sign of a number: the digits and capitals that it may be (none: a sign between the parts)."""

    letters: frozenset[str]
    text: str
    is_needed: bool


_END = _NumberSign(frozenset(), "", is_needed=True)


class _PatternParts:
    """A pattern as a regular expression and step by step, with the bounds of its length."""

    def __init__(self, pattern: str) -> None:
        """Raises ValueError with fault and remedy."""
        self.least = self.most = 0
        written, steps, end, variable = [], [], 0, 0
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
            steps += [(signs or re.escape(sign), at < first) for at in range(last)]
        if end < len(pattern) or not pattern:
            raise ValueError("is not a pattern of identifiers", "write for example [0-9]{2}-[A-Z0-9]{4,6}")
        if not 0 < self.most <= _LONGEST or variable > _VARIABLE:
            what = f"takes more than {_LONGEST} signs, or has more than {_VARIABLE} parts of variable length"
            raise ValueError(what, "write several patterns, each with fixed lengths")
        try:
            self.expression = re.compile("".join(written), re.ASCII)
        except re.error:
            raise ValueError("has a range that goes backwards", "write [0-9] or [A-Z]") from None
        self.steps = [
            _NumberSign(frozenset(re.findall(text, _LETTERS)), text.removeprefix("\\"), is_needed)
            for text, is_needed in steps
        ]


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
    #: `differ`: `0123` and `123` are two numbers; `none`: the patterns take no number with and without zeros before it
    leading_zeros: Literal["none", "differ"] = "none"
    #: how it is written, for people: the error of a wrong one says it
    written: Title
    #: an invented valid number
    example: str

    def takes(self, number: str) -> bool:
        """Whether a number is written as a pattern, and its check digit is valid."""
        return self.is_written(number) and CHECK_DIGITS[self.check](number.translate(_BETWEEN))

    def is_written(self, number: str) -> bool:
        """Whether a number is written as a pattern, whatever its check digit."""
        return len(number) <= _LONGEST and any(
            _PatternParts(one).expression.fullmatch(number) for one in self.patterns
        )


#: name -> kind
IdentifierKinds = Mapping[str, IdentifierKind]


def kind_faults(kind: IdentifierKind) -> Iterator[tuple[Loc, str, str]]:
    """Contradictions within a file: place, fault, remedy."""
    if kind.identifier in SUBJECT_WORDS:
        yield ("identifier",), f"'{kind.identifier}' is a word of every subject", "choose another name"
    if not kind.patterns:
        yield ("patterns",), "there is no pattern: no number fits", 'write for example ["[0-9]{9}"]'
        return
    steps = [_PatternParts(one).steps for one in kind.patterns]
    if any(_may_differ_in_signs(one, other) for one, other in combinations(steps, 2)):
        what = "two patterns take one number with other signs between its parts: it would be two subjects"
        yield ("patterns",), what, "keep one spelling"
    zeros = any(_may_differ_in_zeros(one, other) for one, other in product(steps, repeat=2))
    if zeros and kind.leading_zeros == "none":
        what = "the patterns take a number with and without zeros before it: it would be two subjects"
        yield ("patterns",), what, "keep one length, or write 'leading_zeros: differ' if they are two numbers"
    if not kind.takes(kind.example):
        what = f"the example does not fit the patterns, or its check digit ({kind.check}) is wrong"
        yield ("example",), what, "give a valid invented number, or mend the pattern"


def _may_differ_in_signs(one: list[_NumberSign], other: list[_NumberSign]) -> bool:
    """Whether the patterns take the same digits and capitals with other signs between them."""
    seen: set[tuple[int, int, bool]] = set()
    todo = [(0, 0, False)]
    while todo:
        if (place := todo.pop()) in seen:
            continue
        seen.add(place)
        first, second, differs = place
        mine, theirs = ([*steps, _END][at] for steps, at in ((one, first), (other, second)))
        if mine is theirs is _END:
            if differs:
                return True
            continue
        todo += [
            (first + ahead, second + behind, differs or is_sign)
            for ahead, behind, is_sign in _moves(mine, theirs)
        ]
    return False


def _may_differ_in_zeros(one: list[_NumberSign], other: list[_NumberSign]) -> bool:
    """Whether `other` takes a number of `one` with zeros before it."""
    todo, seen = [], set[tuple[int, int]]()
    for at, sign in enumerate(other):
        if "0" not in sign.letters:
            break
        todo.append((0, at + 1))
    while todo:
        if (place := todo.pop()) in seen:
            continue
        seen.add(place)
        first, second = place
        mine, theirs = [*one, _END][first], [*other, _END][second]
        if mine is theirs is _END:
            return True
        if mine.letters & theirs.letters or (mine.text == theirs.text and not mine.letters):
            todo.append((first + 1, second + 1))
        todo += [(first + 1, second)] if not mine.is_needed else []
        todo += [(first, second + 1)] if not theirs.is_needed else []
    return False


def _moves(one: _NumberSign, other: _NumberSign) -> Iterator[tuple[int, int, bool]]:
    """Steps ahead in both patterns, and whether a sign of one is not in the other."""
    if one.letters & other.letters or (one.text == other.text and not one.letters):
        yield 1, 1, False
    for step, ahead, behind in ((one, 1, 0), (other, 0, 1)):
        is_sign = not step.letters and step is not _END
        if (is_sign and one.text != other.text) or not step.is_needed:
            yield ahead, behind, is_sign


def identifier_fault(kinds: IdentifierKinds, kind: str, number: str) -> tuple[str, Sentence] | None:
    """The member of an identifier that is wrong, and why; None when the number is one of its kind."""
    found = kinds.get(kind)
    if found is None:
        known = ", ".join(kinds)
        return "kind", say.NO_SUCH_IDENTIFIER(known=known) if known else say.NO_IDENTIFIERS
    if not found.takes(number):
        title, written = titled(**dict(found.title)), titled(**dict(found.written))
        if found.is_written(number):
            return "number", say.WRONG_CHECK_DIGIT(kind=title)
        return "number", say.NOT_THIS_IDENTIFIER(kind=title, how=written)
    return None


def kind_named(kinds: IdentifierKinds, kind: str) -> SubjectKind:
    """What a known kind names."""
    return SubjectKind(kinds[kind].names)
