"""The owner of a paper in the paper store, by its row: a paper never counts for another person.

Rows from the real service have no owner and belong to the person asked about; an owner in a row must be that person.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping

from gateway.domain.identifiers import personal_ids_in
from gateway.domain.parties import Subject
from gateway.mapping.records import bare
from gateway.mapping.transforms import is_hollow, text, upper_ascii

_NUMBERS = ("SoDinhDanhChuSoHuu", "MaChuGiayTo")
_NAMES = ("HoTenChuSoHuu", "TenChuSoHuu")
#: a number with the dash of a branch, or in groups
_DIGITS = re.compile(r"[0-9]{9,}(?:-[0-9]{3})?(?![0-9])|[0-9]{1,8}(?:[ .-][0-9]{1,8})*", re.ASCII)
_WORD = re.compile(r"[^\W_]+")
#: `của Trần Thị Mẫu`, `của bà Trần Thị Mẫu`, followed only by the end, a number or another name. A name has at most ten
#: words, so a title that repeats `của` is scanned once, not once per word
_OF_SOMEBODY = re.compile(
    r"\bcủa (?:(?:ông|bà|cụ|anh|chị|em|cháu)(?: ?[(/]bà\)?)? )?"
    r"([^\W\d]++(?: [^\W\d]++){1,9}?)(?=$| ?[-,;:.()\d]| và )"
)
#: first words of owners that are no person
_AGENCIES = frozenset({"BO", "SO", "CUC", "CHICUC", "PHONG", "TOA", "UBND", "CONG", "TONG", "UY"})


def names_another_owner(rows: object, subject: Subject) -> bool:
    """Whether a row has a number or a name of an owner, in any form, and never the subject's.

    The numbers of rows are those of Việt Nam: of a person by another kind of number, each is somebody else's.
    """
    found = [row for row in (rows if isinstance(rows, list) else [rows]) if isinstance(row, dict)]
    numbers = (subject.personal_id, subject.old_id, subject.tax_code)
    own = {one.replace("-", "") for one in numbers if one is not None}
    has_number = bool(own) or subject.identifier is not None
    return any(
        (has_number and _other_number(row, own)) or _other_name(row, subject.full_name) for row in found
    )


def _other_number(row: Mapping[str, object], own: set[str]) -> bool:
    said = unicodedata.normalize("NFKC", "; ".join(_said(row, _NUMBERS)))
    title = text(row.get("TenGiayTo")) or ""
    numbers = {re.sub("[ .-]", "", one) for one in _DIGITS.findall(said)}
    # as it came too: `²` behind a number becomes a digit of it
    numbers.update(personal_ids_in(f"{title}\n{unicodedata.normalize('NFKC', title)}".encode()))
    return bool(said or numbers) and own.isdisjoint(numbers)


def _other_name(row: Mapping[str, object], full_name: str | None) -> bool:
    names = [] if full_name is None else list(_names(row))
    if full_name is None or not names:
        return False
    own, letters = _words(full_name), bare(full_name)
    return not any(own in _words(name) or letters == bare(name) for name in names)


def _words(names: str) -> str:
    """The words of names without case and diacritics, each between spaces: `Lê An` is not in `Lê Anh`."""
    return f" {' '.join(bare(word) for word in _WORD.findall(names))} "


def _names(row: Mapping[str, object]) -> Iterator[str]:
    """The names of owners in a row; the whole title where it has a name, because it may have several."""
    yield from _said(row, _NAMES)
    title = text(row.get("TenGiayTo")) or ""
    if any(_is_name(one) for one in _OF_SOMEBODY.findall(title)):
        yield title


def _said(row: Mapping[str, object], names: tuple[str, ...]) -> Iterator[str]:
    """What a row says at these places: a list, an object or a truth too, for it may name anybody."""
    for name in names:
        if not is_hollow(value := row.get(name)):
            yield text(value) or str(value)


def _is_name(full_name: str) -> bool:
    words = full_name.split(" ")
    return all(word[0].isupper() for word in words) and upper_ascii(words[0]) not in _AGENCIES
