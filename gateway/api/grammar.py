"""How words of a request are written: each pattern once, with what it means in plain words for the error."""

import re

from gateway.domain.identifiers import may_name_a_person
from gateway.domain.signs import HIDDEN
from gateway.settings_consents import TAG

#: what the code of a dossier does not have: more than one word, or a word with a capital as names are written
_WORDS = re.compile("[A-Za-z]{3,}")
_CAPITAL = re.compile("[A-Z][a-z]")

_SHOWABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_\-]{0,63}", re.ASCII)
_MANY_DIGITS = re.compile(r"[0-9]{6}")

#: pattern -> how it is written
WORDS: dict[str, str] = {}


def told(pattern: str, words: str) -> str:
    """The pattern, of which `words` say how it is written."""
    WORDS[pattern] = words
    return pattern


def not_a_number_of_a_person(text: str) -> str:
    """The text; ValueError when it may hold a person's number, however it is written."""
    if may_name_a_person(text):
        raise ValueError("holds what could be a person's number; such words are kept in clear")
    return text


def not_a_name(text: str) -> str:
    """The text; ValueError when it looks like somebody's name rather than a code."""
    if _CAPITAL.search(text) or len(_WORDS.findall(text)) > 1:
        raise ValueError("looks like words, not like the code of a dossier; such codes are kept in clear")
    return text


def showable(name: str) -> str:
    """The name itself when it looks like a name, else `*`."""
    parts = name.split(".")
    plain = all(_SHOWABLE.fullmatch(part) for part in parts) and not _MANY_DIGITS.search(name)
    return name if plain else "*"


PERSONAL_ID = told("^[0-9]{12}$", "12 digits, nothing between them")
OLD_ID = told("^[0-9]{9}$", "9 digits, nothing between them")
PASSPORT = told("^[A-Z0-9]{5,20}$", "5 to 20 capital letters and digits")
#: letters of any script, which `\w` means here and not in JSON Schema
PROCEDURE = told(
    r"^[\p{L}\p{Nd}_][\p{L}\p{M}\p{Nd}_ .,\-]{0,99}$", "the national code of a procedure, such as 1.004873"
)
COMMUNE = told("^[0-9]{5}$", "the 5 digits of a commune's code")
PARCEL = told("^[0-9A-Za-z-]{1,10}$", "1 to 10 letters, digits or dashes")
WORD = told(
    r"^[0-9A-Za-z][0-9A-Za-z._\-/]{0,99}$", "up to 100 letters without marks, digits and . _ - /, no spaces"
)
ROLE = told("^[a-z][a-z0-9_]{0,39}$", "the name of a role: small letters, digits and _")
REGISTRATION = told(r"^[0-9A-Z][0-9A-Za-z.\-/]{0,39}$", "up to 40 letters, digits and . - /")
PURPOSE = told("^[a-z][a-z0-9_.-]{0,63}$", "the name of a purpose: small letters, digits and _ . -")
NAME = told(
    r"^[0-9A-Za-z_][0-9A-Za-z_.\-]{0,99}$", "up to 100 letters without marks, digits and _ . -, no spaces"
)
EXCHANGE = told("^[0-9A-HJKMNP-TV-Z]{26}$", "the 26 capital letters and digits of an exchange id")
MONTH = told("^20[0-9]{2}-(0[1-9]|1[0-2])$", "a month such as 2026-11")
CLOCK = told("^([01][0-9]|2[0-3]):[0-5][0-9]$", "a time of day such as 07:30")
ATTRIBUTE = told(
    r"^[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39}){1,4}$",
    "an attribute of an evidence type, such as person.birth_date",
)
EVIDENCE = told("^e[1-9][0-9]{0,3}$", "a name of evidence in the answer, such as e1")
PREDICATE = told(
    "^[a-z][a-z0-9_]{0,39}(:[0-9A-Za-z._-]{1,40})?$",
    "a predicate, its parameter behind a colon",
)
JWT = told(
    r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$",
    "an ID token as it came, three parts with dots between",
)
TOKEN = told(r"^[0-9A-Za-z._~\-]{1,512}$", "the token as it stood in 'pending'")
CONSENT = told("^cs-[a-z]{24}$", "the 'consent' that the answer to POST /v1/consents has")
DEMAND = told("^sr-[a-z]{24}$", "the 'request' that the answer to POST /v1/subject-requests has")
CORRECTION = told("^cr-[a-z]{24}$", "the 'id' that the answer to POST /v1/corrections has")
LANGUAGE = told(TAG, "a language by its tag (BCP 47), such as vi")
ONE_LINE = told(
    f"^[^{HIDDEN}]+$", "text without line breaks, changes of direction and other signs that nobody sees"
)
