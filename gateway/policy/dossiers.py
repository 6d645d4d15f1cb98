"""Codes of dossiers (Thông tư 01/2018/TT-VPCP; QĐ 20/2020): their form and their date of reception."""

import re
from collections.abc import Callable, Iterable
from datetime import date

#: unit, date of reception (yyMMdd, at ministries yyyyMMdd), number of the day
_CODE = re.compile(r"[A-Z][0-9]{2}(?:\.[0-9]{2,3})*-([0-9]{6}|[0-9]{8})-[0-9]{3,7}", re.ASCII)
#: the wildcard of patterns: any printable ASCII characters
_ANY, _SIGNS = "*", "[!-~]*"


def received(code: str) -> date | None:
    """The date of reception in a code; None where it has none: codes from other systems are free text."""
    found = _CODE.fullmatch(code)
    if found is None:
        return None
    day = found[1] if len(found[1]) == 8 else f"20{found[1]}"
    try:
        return date.fromisoformat(f"{day[:4]}-{day[4:6]}-{day[6:]}")
    except ValueError:
        return None


def age(code: str, today: date) -> int | None:
    """Days since the date of reception in a code: negative for a future day; None where the code has none."""
    day = received(code)
    return None if day is None else (today - day).days


def looks_like(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Whether a whole code matches one of these patterns, in which `*` matches any characters but spaces.

    Each part of a pattern is matched at its first position only: this finds every match, in time linear in the code.
    """
    forms = [_form([re.escape(part) for part in pattern.split(_ANY)]) for pattern in patterns]
    fits = re.compile("|".join(f"(?:{form})" for form in forms) or r"(?!)").fullmatch
    return lambda code: fits(code) is not None


def _form(parts: list[str]) -> str:
    first, *others = parts
    if not others:
        return first
    *middle, last = others
    return first + "".join(f"(?>{_SIGNS}?{part})" for part in middle) + _SIGNS + last
