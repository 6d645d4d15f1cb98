"""Identifiers of people, organisations and exchanges (databases.md 9; ULID specification).

The grammar is ASCII only: full-width digits and zero-width characters are refused, not normalised.
"""

import os
import re
import time
import unicodedata
from itertools import accumulate
from typing import NewType

ExchangeId = NewType("ExchangeId", str)
CallId = NewType("CallId", str)
RequesterId = NewType("RequesterId", str)

_PERSONAL = re.compile(r"[0-9]{12}", re.ASCII)
#: twelve digits, no more, the first of which is 0. The 0 stands before the look behind: the search then skips to the
#: zeros, four times as fast
_PERSONAL_IN = re.compile(rb"0(?<![0-9]0)[0-9]{11}(?![0-9])")
_GROUPS = re.compile(r"\d+(?:[\s.\-_\u2010-\u2015\u2212]{1,3}\d+)*")
_DIGITS = re.compile(r"\d+")
#: permitted separators between the digits of one number, in ASCII; without them a number has nine or more digits in a
#: row
_BETWEEN = dict.fromkeys(map(ord, " \t\n\r\v\f\x1c\x1d\x1e\x1f.-_"))
_NINE_DIGITS = re.compile("[0-9]{9}")
#: national-portal.md K.2: a short unit, and what a long one has before it; never nine digits in a row
_UNIT, _LONG = r"[A-Z][0-9]{2}(?:\.[0-9]{2,3}){0,2}(?:\.000)?", r"(?:[0-9]{3}\.[0-9]{2}\.[0-9]{2,3}\.)?"
#: national-portal.md K.1: unit, date (yyMMdd, at ministries yyyyMMdd), number; never 9 or 12 digits behind the unit
_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_DATED = rf"{_UNIT}-(?:[0-9]{{2}}{_DAY}-(?:[0-9]{{4,5}}|[0-9]{{7}})|20[0-9]{{2}}{_DAY}-[0-9]{{5,7}})"
_DOSSIER = re.compile(rf"\b{_DATED}\b")
#: another code behind a unit: a number of four digits at most (with more, a passport's number has this form), or with
#: a known word six in all (H31-QG-0001): never nine with those of the unit
_LONG_OTHER = r"(?:000\.[0-9]{2}\.[0-9]{2}\.)?"
_NUMBERS = r"(?:[.\-/][0-9]{1,6})*"
_FOUR, _SIX = r"(?!(?:[.\-/]?[0-9]){5})", r"(?!(?:[^0-9]*[0-9]){7})"
_OTHER = rf"{_LONG_OTHER}[A-Z][0-9]{{2}}(?:{_FOUR}{_NUMBERS}|{_SIX}{_NUMBERS}[.\-/](?:QG|LLTP){_NUMBERS})"
_DOSSIER_CODE = re.compile(rf"{_LONG}{_DATED}|{_OTHER}", re.ASCII)
#: whether a text has the form of a one-stop system's code (national-portal.md K.1), which names no person. The code of
#: another system may have any form: such a dossier is taken, and records do not name its code.
#: Each record asks: the pattern itself answers, without a function of Python
is_dossier_code = _DOSSIER_CODE.fullmatch
#: the same of the code of a unit, short or long, and of a procedure, with or without the suffix of a unit (K.2)
is_unit_code = re.compile(rf"{_LONG}[A-Z][0-9]{{2}}|{_UNIT}", re.ASCII).fullmatch
is_procedure_code = re.compile(r"[0-9]\.[0-9]{6}(?:(?:\.000\.00\.00)?\.[A-Z][0-9]{2})?", re.ASCII).fullmatch
#: unit and date before an end that is no number (H31.14-260105-3f9a); from 2010 on: a personal number begins with 0
_START = rf"{_LONG}{_UNIT}-(?:[1-9][0-9]{_DAY}|20[0-9]{{2}}{_DAY})-"
_OTHER_END = re.compile(rf"{_START}(?=[0-9]{{0,2}}[A-Za-z])", re.ASCII)
#: digits of a personal number, old and new
_LENGTHS = frozenset({9, 12})
_OLD = re.compile(r"[0-9]{9}", re.ASCII)
_TAX = re.compile(r"[0-9]{10}(-?[0-9]{3})?", re.ASCII)
_TAX_BRANCH = re.compile(r"([0-9]{10})([0-9]{3})", re.ASCII)
#: digits of a number plate, which are written with a dot or without
_PLATE_DIGITS = re.compile(r"-([0-9]{3})\.([0-9]{2})$", re.ASCII)
_ZEROS = re.compile(r"^0+(?=[0-9])", re.ASCII)
_PROCEDURE_SUFFIX = re.compile(r"(\.[0-9]{2,3}){0,3}\.[A-Z][0-9]{2}$", re.ASCII)
#: digits of the tax code of a branch
_TAX_DIGITS = 13
_TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = tuple(a + b for a in _CROCKFORD for b in _CROCKFORD)
#: whether a text has the form of an exchange's id, or a delivery's
is_ulid = re.compile(f"[{_CROCKFORD}]{{26}}", re.ASCII).fullmatch
#: a random byte becomes a letter of five random bits
_LETTERS = _CROCKFORD.encode() * 8


def is_personal_id(text: str) -> bool:
    """Twelve ASCII digits (số định danh cá nhân); it has no check digit."""
    return _PERSONAL.fullmatch(text) is not None


def personal_ids_in(text: bytes) -> list[str]:
    """The personal ids in a text, each once: twelve digits, the first of which is 0 (databases.md 9)."""
    return [number.decode("ascii") for number in dict.fromkeys(_PERSONAL_IN.findall(text))]


def may_name_a_person(text: str) -> bool:
    """Whether 9 or 12 digits of a text may be a personal number, in any spelling.

    In any script and width, after letters, with invisible characters within, or in groups with spaces, dots and dashes.
    Codes of dossiers are known and do not count.
    """
    plain = text
    if not text.isascii():
        plain = "".join(
            one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) != "Cf"
        )
    elif not _NINE_DIGITS.search(text.translate(_BETWEEN)):
        return False
    for groups in _GROUPS.findall(_DOSSIER.sub("#", plain)):
        lengths = [len(digits) for digits in _DIGITS.findall(groups)]
        for first in range(len(lengths)):
            if _LENGTHS & set(accumulate(lengths[first:])):
                return True
    return False


def end_of_dossier_code(text: str) -> str:
    """What a code has behind a known unit and date, where that is no number; else the whole code."""
    start = _OTHER_END.match(text)
    return text if start is None else text[start.end() :]


def is_old_id(text: str) -> bool:
    """Nine ASCII digits (chứng minh nhân dân)."""
    return _OLD.fullmatch(text) is not None


def is_tax_code(text: str) -> bool:
    """Ten digits with a valid check digit, optionally a branch of three digits."""
    if _TAX.fullmatch(text) is None:
        return False
    rest = sum(w * int(d) for w, d in zip(_TAX_WEIGHTS, text, strict=False)) % 11
    return rest != 0 and 10 - rest == int(text[9])


def tax_code_spelling(text: str) -> str:
    """The one spelling of a tax code, with a dash before the branch: `0100109106001` is `0100109106-001`."""
    return _TAX_BRANCH.sub(r"\1-\2", text) if len(text) == _TAX_DIGITS else text


def plate_spelling(text: str) -> str:
    """The one spelling of a number plate: `29a-123.45` is `29A-12345`.

    Dashes count: without them `29B1-2345` and `29B-123.45` would be one vehicle.
    """
    return _PLATE_DIGITS.sub(r"-\1\2", text.upper())


def frame_spelling(text: str) -> str:
    """The one spelling of a frame number: `rlhjc-5200 by` is `RLHJC5200BY`."""
    return text.upper().replace("-", "").replace(" ", "")


def parcel_spelling(text: str) -> str:
    """The one spelling of the number of a map sheet or parcel: `05` is `5`, `12a` is `12A`."""
    return _ZEROS.sub("", text.upper())


def birth_year_of(personal_id: str) -> int:
    """The year of the century digit and the two year digits (databases.md 9)."""
    return 1900 + 100 * (int(personal_id[3]) // 2) + int(personal_id[4:6])


def procedure_code(text: str) -> str:
    """The national code: a suffix `.000.00.00.Hxx` or `.Hxx` is dropped before comparing."""
    return _PROCEDURE_SUFFIX.sub("", text)


def made_at(ulid: str) -> float:
    """The time of a ULID, in POSIX seconds. Raises ValueError for other text."""
    number = 0
    for letter in ulid[:10]:
        number = number * 32 + _CROCKFORD.index(letter)
    return number / 1000


def new_exchange_id() -> ExchangeId:
    """A ULID: 48 bits of milliseconds and 80 random bits, in Crockford's base 32."""
    made = time.time_ns() // 1_000_000
    first, second, third = _PAIRS[made >> 40], _PAIRS[made >> 30 & 1023], _PAIRS[made >> 20 & 1023]
    fourth, fifth = _PAIRS[made >> 10 & 1023], _PAIRS[made & 1023]
    chance = os.urandom(16).translate(_LETTERS).decode()
    return ExchangeId(f"{first}{second}{third}{fourth}{fifth}{chance}")
