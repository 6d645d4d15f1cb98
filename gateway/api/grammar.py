"""Patterns of words in a request, each once, with its description for the error."""

import re

from gateway.config.consents import TAG
from gateway.domain import sentences as say
from gateway.domain.identifiers import end_of_dossier_code, is_dossier_code, may_name_a_person
from gateway.domain.sentences import Sentence, WrongText
from gateway.domain.signs import HIDDEN, hides

#: words that look like names: a dossier code has at most one, without a capital
_WORDS = re.compile("[A-Za-zĐđ]{3,}")
_CAPITAL = re.compile("[A-ZĐ][a-zđ]")
_LONG_WORD = re.compile("[A-Za-zĐđ]{5}")
#: a telephone number, or a personal number without its first digits; with what may be between the digits
_TEN_DIGITS = re.compile(r"(?<![0-9])[0-9]{10,11}(?![0-9])")
_BETWEEN = dict.fromkeys(map(ord, " .-_/"))

_SHOWABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_\-]{0,63}", re.ASCII)
_MANY_DIGITS = re.compile(r"[0-9]{6}")

#: pattern -> its description
WORDS: dict[str, Sentence] = {}


def worded(pattern: str, words: Sentence) -> str:
    """The pattern; `words`: its description."""
    WORDS[pattern] = words
    return pattern


def not_a_number_of_a_person(text: str) -> str:
    """The text. Raises WrongText if it may contain a person's number, in any form."""
    if may_name_a_person(text):
        raise WrongText(say.MAY_BE_A_NUMBER)
    return text


def not_a_name(text: str) -> str:
    """The text. Raises WrongText if it looks like a person's name."""
    if _CAPITAL.search(text) or len(_WORDS.findall(text)) > 1:
        raise WrongText(say.MAY_BE_A_NAME)
    return text


def dossier_code(text: str) -> str:
    """The text, which sources get. Raises WrongText if it may be a person's number, address or name."""
    if is_dossier_code(text):
        return text
    # digits of a unit and a date, written together, are no telephone number
    end = end_of_dossier_code(text)
    if "@" in end or any(_TEN_DIGITS.search(one) for one in (end, end.translate(_BETWEEN))):
        raise WrongText(say.MAY_BE_A_NUMBER)
    if _LONG_WORD.search(end):
        raise WrongText(say.MAY_BE_A_NAME)
    not_a_name(not_a_number_of_a_person(end))
    return text


def in_one_line(text: str) -> str:
    """The text. Raises WrongText if it has hidden characters, also beyond `ONE_LINE`."""
    if hides(text):
        raise WrongText(say.WRITTEN_AS(how=say.HOW_ONE_LINE))
    return text


def showable(name: str) -> str:
    """The member name if it looks like one, else `*`."""
    parts = name.split(".")
    plain = all(_SHOWABLE.fullmatch(part) for part in parts) and not _MANY_DIGITS.search(name)
    return name if plain else "*"


PERSONAL_ID = worded("^[0-9]{12}$", say.HOW_PERSONAL_ID)
OLD_ID = worded("^[0-9]{9}$", say.HOW_OLD_ID)
PASSPORT = worded("^[A-Z0-9]{5,20}$", say.HOW_PASSPORT)
IDENTIFIER_KIND = worded("^[a-z][a-z0-9_]{0,39}$", say.HOW_IDENTIFIER_KIND)
IDENTIFIER_NUMBER = worded(r"^[0-9A-Z][0-9A-Z./\-]{0,39}$", say.HOW_IDENTIFIER_NUMBER)
#: letters of any script, which `\w` means here and not in JSON Schema
PROCEDURE = worded(r"^[\p{L}\p{Nd}_][\p{L}\p{M}\p{Nd}_ .,\-]{0,99}$", say.HOW_PROCEDURE)
COMMUNE = worded("^[0-9]{5}$", say.HOW_COMMUNE)
PARCEL = worded("^[0-9A-Za-z-]{1,10}$", say.HOW_PARCEL)
WORD = worded(r"^[0-9A-Za-z][0-9A-Za-z._\-/]{0,99}$", say.HOW_WORD)
#: what records of any version have as the code of a dossier
RECORDED_CODE = worded("^[!-~]{1,200}$", say.HOW_RECORDED_CODE)
#: what a decision of an agency bears (12/QĐ-GH): Đ is a letter of its own, not one with a mark
MANDATE = worded(r"^[0-9A-Za-zĐđ][0-9A-Za-zĐđ._\-/]{0,99}$", say.HOW_MANDATE)
ROLE = worded("^[a-z][a-z0-9_]{0,39}$", say.HOW_ROLE)
REGISTRATION = worded(r"^[0-9A-Z][0-9A-Za-z.\-/]{0,39}$", say.HOW_REGISTRATION)
PURPOSE = worded("^[a-z][a-z0-9_.-]{0,63}$", say.HOW_PURPOSE)
NAME = worded(r"^[0-9A-Za-z_][0-9A-Za-z_.\-]{0,99}$", say.HOW_NAME)
EXCHANGE = worded("^[0-9A-HJKMNP-TV-Z]{26}$", say.HOW_EXCHANGE)
MONTH = worded("^20[0-9]{2}-(0[1-9]|1[0-2])$", say.HOW_MONTH)
CLOCK = worded("^([01][0-9]|2[0-3]):[0-5][0-9]$", say.HOW_CLOCK)
ATTRIBUTE = worded(r"^[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39}){1,4}$", say.HOW_ATTRIBUTE)
EVIDENCE = worded("^e[1-9][0-9]{0,3}$", say.HOW_EVIDENCE)
PREDICATE = worded("^[a-z][a-z0-9_]{0,39}(:[0-9A-Za-z._-]{1,40})?$", say.HOW_PREDICATE)
JWT = worded(r"^(lg_[A-Za-z0-9_-]{43}|[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$", say.HOW_JWT)
TOKEN = worded(r"^[0-9A-Za-z._~\-]{1,512}$", say.HOW_PENDING)
PAPER_REFERENCE = worded(r"^[0-9A-Za-z_=\-]{40,16384}$", say.HOW_PAPER_REFERENCE)
CONSENT = worded("^cs-[a-z]{24}$", say.HOW_CONSENT)
SUBJECT_REQUEST = worded("^sr-[a-z]{24}$", say.HOW_SUBJECT_REQUEST)
CORRECTION = worded("^cr-[a-z]{24}$", say.HOW_CORRECTION)
FILE = worded("^sha256:[0-9a-f]{64}$", say.HOW_FILE)
LANGUAGE = worded(TAG, say.HOW_LANGUAGE)
ONE_LINE = worded(f"^[^{HIDDEN}]+$", say.HOW_ONE_LINE)
