"""Whose a paper of the paper store is, as far as its row says: nobody's paper stands for somebody else's.

The rows that were seen name no owner, and are his who was asked about; what a row does say must fit him.
"""

import re
from collections.abc import Iterator, Mapping

from gateway.domain.identifiers import personal_ids_in
from gateway.domain.parties import Subject
from gateway.mapping.transforms import text, upper_ascii

_NUMBERS = ("SoDinhDanhChuSoHuu", "MaChuGiayTo")
_NAMES = ("HoTenChuSoHuu", "TenChuSoHuu")
_DIGITS = re.compile(r"[0-9]{9,14}", re.ASCII)
#: `của Trần Thị Mẫu`, where nothing but a stop, a number or another name follows. Nobody's name has more than
#: ten words, so that a title of nothing but `của` is read once, not once for each of its words
_OF_SOMEBODY = re.compile(r"\bcủa ([^\W\d]++(?: [^\W\d]++){1,9}?)(?=$| ?[-,;:.()\d]| và )")
#: first words of what has papers of its own and is no person
_AGENCIES = frozenset({"BO", "SO", "CUC", "CHICUC", "PHONG", "TOA", "UBND", "CONG", "TONG", "UY"})


def names_another_owner(rows: object, subject: Subject) -> bool:
    """Whether a row says a number or a name of its owner, and never the subject's."""
    found = [row for row in (rows if isinstance(rows, list) else [rows]) if isinstance(row, dict)]
    own = {subject.personal_id, subject.old_id, subject.tax_code} - {None}
    return any(_other_number(row, own) or _other_name(row, subject.full_name) for row in found)


def _other_number(row: Mapping[str, object], own: set[str | None]) -> bool:
    said = " ".join(word for name in _NUMBERS if (word := text(row.get(name))))
    numbers = {*_DIGITS.findall(said), *personal_ids_in((text(row.get("TenGiayTo")) or "").encode())}
    return bool(own and numbers) and own.isdisjoint(numbers)


def _other_name(row: Mapping[str, object], full_name: str | None) -> bool:
    names = [name for name in map(upper_ascii, _names(row)) if name]
    own = upper_ascii(full_name)
    return own is not None and bool(names) and not any(own in name for name in names)


def _names(row: Mapping[str, object]) -> Iterator[str]:
    """The names that a row gives its owner; a whole title where it names one, as it may name several."""
    yield from (word for name in _NAMES if (word := text(row.get(name))))
    title = text(row.get("TenGiayTo")) or ""
    if any(_is_name(one) for one in _OF_SOMEBODY.findall(title)):
        yield title


def _is_name(said: str) -> bool:
    words = said.split(" ")
    return all(word[0].isupper() for word in words) and upper_ascii(words[0]) not in _AGENCIES
