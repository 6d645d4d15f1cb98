"""The owner of a paper in the paper store, by its row: a paper never counts for another person.

Rows from the real service have no owner and belong to the person asked about; an owner in a row must be that person.
"""

import re
from collections.abc import Iterator, Mapping

from gateway.domain.identifiers import personal_ids_in
from gateway.domain.parties import Subject
from gateway.mapping.transforms import text, upper_ascii

_NUMBERS = ("SoDinhDanhChuSoHuu", "MaChuGiayTo")
_NAMES = ("HoTenChuSoHuu", "TenChuSoHuu")
_DIGITS = re.compile(r"[0-9]{9,14}", re.ASCII)
#: `của Trần Thị Mẫu`, followed only by the end, a number or another name. A name has at most ten words, so a title that
#: repeats `của` is scanned once, not once per word
_OF_SOMEBODY = re.compile(r"\bcủa ([^\W\d]++(?: [^\W\d]++){1,9}?)(?=$| ?[-,;:.()\d]| và )")
#: first words of owners that are no person
_AGENCIES = frozenset({"BO", "SO", "CUC", "CHICUC", "PHONG", "TOA", "UBND", "CONG", "TONG", "UY"})


def names_another_owner(rows: object, subject: Subject) -> bool:
    """Whether a row has a number or a name of an owner, and never the subject's.

    The numbers of rows are those of Việt Nam: of a person by another kind of number, each is somebody else's.
    """
    found = [row for row in (rows if isinstance(rows, list) else [rows]) if isinstance(row, dict)]
    own = {subject.personal_id, subject.old_id, subject.tax_code} - {None}
    has_number = bool(own) or subject.identifier is not None
    return any(
        (has_number and _other_number(row, own)) or _other_name(row, subject.full_name) for row in found
    )


def _other_number(row: Mapping[str, object], own: set[str | None]) -> bool:
    joined = " ".join(word for name in _NUMBERS if (word := text(row.get(name))))
    numbers = {*_DIGITS.findall(joined), *personal_ids_in((text(row.get("TenGiayTo")) or "").encode())}
    return bool(numbers) and own.isdisjoint(numbers)


def _other_name(row: Mapping[str, object], full_name: str | None) -> bool:
    names = [name for name in map(upper_ascii, _names(row)) if name]
    own = upper_ascii(full_name)
    return own is not None and bool(names) and not any(own in name for name in names)


def _names(row: Mapping[str, object]) -> Iterator[str]:
    """The names of owners in a row; the whole title where it has a name, because it may have several."""
    yield from (word for name in _NAMES if (word := text(row.get(name))))
    title = text(row.get("TenGiayTo")) or ""
    if any(_is_name(one) for one in _OF_SOMEBODY.findall(title)):
        yield title


def _is_name(full_name: str) -> bool:
    words = full_name.split(" ")
    return all(word[0].isupper() for word in words) and upper_ascii(words[0]) not in _AGENCIES
