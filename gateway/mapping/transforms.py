"""Named transforms, provider side: from a provider's value to the evidence vocabulary (databases.md 9).

Each is a pure function from a value to a value; None means blank. A value that is certain only in part becomes
`Doubtful`.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from gateway.domain.dates import EARLIEST, LATEST
from gateway.domain.evidence import AttributeDoubt
from gateway.domain.identifiers import is_old_id, is_personal_id
from gateway.domain.names import folded_words
from gateway.domain.signs import hides

Transform = Callable[[object], object]

_VIETNAMESE = re.compile(r"(?:(?:([0-9]{1,2})/)?([0-9]{1,2})/)?([0-9]{4})", re.ASCII)
_DASHED = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(.*))?)?", re.ASCII)
#: what may stand behind a day and leaves it that day: a zone, midnight in any zone, a time without a zone
_BEHIND_DAY = re.compile(
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})?"
    r"|[T ]00:00(?::00(?:\.0+)?)? ?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
    r"|[T ](?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?(?: [AP]M)?",
    re.ASCII,
)
_ABBREVIATION = re.compile(r"\b[BCDĐFGHJKLMNPQRSTVWXZ]{2,}\b")
#: first words of names of organisations
_ORGANISATION = re.compile(
    r"((TỔNG )?CÔNG TY|CTY|DOANH NGHIỆP|DNTN|HỢP TÁC XÃ|HTX|LIÊN HIỆP|TẬP ĐOÀN|NGÂN HÀNG|CHI NHÁNH|HỘ KINH DOANH"
    r"|VĂN PHÒNG|TRUNG TÂM|TRƯỜNG (MẦM|TIỂU|TRUNG|ĐẠI|CAO)|BỆNH VIỆN|ỦY BAN|UỶ BAN|UBND|CHI CỤC)\b"
)
#: between names of several people in one text
_NAMES_APART = re.compile(r"[;,\n]")
_REAL_DIGIT = re.compile(r"[1-9]", re.ASCII)
#: maximum length of a value about a person in a database
LONGEST = 10_000
#: lengths of `yyyyMMddHHmm` and `yyyyMMddHHmmss`
_TIME_STAMPS = frozenset({12, 14})
#: kind of a birth date in social insurance -> how much of ISO it says
_KINDS_OF_DATES = {"0": 10, "1": 4, "2": 7}
_YEAR = 4
#: length of `yyyyMMdd`
_FULL = 8
_NEVER_MARRIED = "1"
_TRUE, _FALSE = frozenset({"true", "1", "y"}), frozenset({"false", "0", "n"})


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A value that is certain only in part."""

    value: object
    doubt: AttributeDoubt


_NO_NUMBER = Doubtful(None, AttributeDoubt(kind="code_unknown", rule="number:form"))


class Unreadable(ValueError):
    """A provider's value that breaks the form of its contract."""


class Hidden(Unreadable):
    """Invisible characters, or ones that change how others are read: line breaks, controls, changes of direction."""


class Misshapen(Unreadable):
    """A list, an object or a truth where a text is read, or a text where one of them is."""


class Strangers(Unreadable):
    """People who certainly do not belong into one answer."""

    #: where they are
    attribute = ""


def text(value: object) -> str | None:
    """NFC, trimmed, inner spaces collapsed; blank is None. Numbers become their text.

    Raises Unreadable when it is longer than any value about a person, Hidden when it has invisible characters.
    """
    if type(value) is str:
        if len(value) > LONGEST:
            raise Unreadable("too long")
        if value.isascii() and value.isalnum():
            return value
        found = value.strip()
        if not found.isprintable() or "  " in found:  # a plain space is the only blank that can be printed
            found = _collapsed(found)
        if not unicodedata.is_normalized("NFC", found):
            found = unicodedata.normalize("NFC", found)
        return found or None
    if value is None or isinstance(value, bool | dict | list):
        return None
    try:
        said = str(value)
    except ValueError:  # a whole number of more digits than Python writes
        raise Unreadable("too long") from None
    return text(said)


def _collapsed(found: str) -> str:
    if hides(found, "\t"):
        raise Hidden("invisible characters")
    return " ".join(found.split())


def is_hollow(value: object) -> bool:
    """Blank, or a list or an object of nothing but blanks."""
    if isinstance(value, dict | list):
        return all(map(is_hollow, value.values() if isinstance(value, dict) else value))
    return value is None or (isinstance(value, str) and not value.strip())


def title_case(value: object) -> str | None:
    """`TRẦN THỊ MẪU` → `Trần Thị Mẫu`; mixed case stays.

    Names of organisations stay too: `CÔNG TY TNHH ABC` is registered in capitals. Words without a vowel (TNHH, MTV) are
    abbreviations and stay in capitals.
    """
    name = text(value)
    if name is None:
        return None
    if name.isupper() and not _ORGANISATION.match(name):
        if _ABBREVIATION.search(name):
            return " ".join(
                word if _ABBREVIATION.fullmatch(word) else word.title() for word in name.split(" ")
            )
        return name.title()
    return name.title() if name.islower() else name


def upper_case(value: object) -> str | None:
    """In capitals, with diacritics."""
    name = text(value)
    return name and name.upper()


def upper_ascii(value: object) -> str | None:
    """`Nguyễn Văn Đô` → `NGUYENVANDO`."""
    name = text(value)
    if name is None:
        return None
    plain = unicodedata.normalize("NFD", name.upper().replace("Đ", "D"))
    return "".join(letter for letter in plain if letter.isascii() and not letter.isspace())


def same_words(value: str) -> str:
    """One text for all that differ only in case or in the position of tone marks (`Hòa`, `Hoà`)."""
    return folded_words(text(value) or "")


def digits(value: object) -> str | None:
    """ASCII digits only; any other text is unreadable."""
    found = text(value)
    if found is not None and not (found.isascii() and found.isdigit()):
        raise Unreadable("not digits")
    return found


def personal_number(value: object) -> object:
    """Twelve digits; other text (`không có`) is a doubt and no number."""
    found = text(value)
    return found if found is None or is_personal_id(found) else _NO_NUMBER


def old_number(value: object) -> object:
    """Nine digits (CMND); other text is a doubt and no number."""
    found = text(value)
    return found if found is None or is_old_id(found) else _NO_NUMBER


def numbered(value: object) -> object:
    """A number of any form; text without a digit (`N/A`) or only zeros is a doubt and no number."""
    found = text(value)
    return found if found is None or _REAL_DIGIT.search(found) else _NO_NUMBER


#: transform -> finds texts that it leaves as they are: many values, which then cost no call
AS_THEY_ARE: Mapping[Transform, Callable[[str], object]] = {
    text: re.compile(f"[0-9A-Za-z]{{1,{LONGEST}}}").fullmatch,
    digits: re.compile(f"[0-9]{{1,{LONGEST}}}").fullmatch,
    personal_number: re.compile("[0-9]{12}").fullmatch,
    numbered: re.compile(f"(?=.{{1,{LONGEST}}}$)[0A-Za-z]*[1-9][0-9A-Za-z]*").fullmatch,
}


def integer(value: object) -> int | None:
    """A whole number of at most 15 digits."""
    found = text(value)
    if found is None:
        return None
    if re.fullmatch(r"-?[0-9]{1,15}", found, re.ASCII) is None:
        raise Unreadable("not a whole number")
    return int(found)


def decimal(value: object) -> str | None:
    """A decimal number as text, so that it is not rounded; `1,234` may be a thousand, and is unreadable."""
    found = text(value)
    if found is not None and re.fullmatch(r"-?[0-9]{1,21}([.,][0-9]{1,6})?", found, re.ASCII) is None:
        raise Unreadable("not a number")
    if found is not None and re.fullmatch(r"-?[1-9][0-9]{0,2},[0-9]{3}", found, re.ASCII):
        raise Unreadable("a decimal comma, or one of thousands")
    return found and found.replace(",", ".")


def boolean(value: object) -> bool | None:
    """true/1/Y and false/0/N in any case; other text except blank is unreadable."""
    if isinstance(value, bool):
        return value
    found = text(value)
    if found is None:
        return None
    word = found.lower()
    if word not in _TRUE | _FALSE:
        raise Unreadable("not a yes or no")
    return word in _TRUE


def iso_date(year: str, month: str | None, day: str | None) -> str:
    """The text of a `PartialDate`, by its rules, without an instance. Raises Unreadable for an impossible date."""
    if not EARLIEST <= int(year) <= LATEST or (day and not month):
        raise Unreadable("no such date")
    if not month:
        return year
    try:
        full = date(int(year), int(month), int(day) if day else 1).isoformat()
    except ValueError:
        raise Unreadable("no such date") from None
    return full if day else full[:7]


def date_compact(value: object) -> str | None:
    """`yyyyMMdd`, `yyyyMM` or `yyyy` → ISO, in the same precision (longer time stamps are cut to the day)."""
    found = value if type(value) is str and len(value) == _FULL and value.isalnum() else text(value)
    if found is None:
        return None
    said = found[:8] if len(found) in _TIME_STAMPS else found
    if len(said) not in (4, 6, 8) or not (said.isascii() and said.isdigit()):
        raise Unreadable("not yyyyMMdd")
    month, day = said[4:6], said[6:]
    return iso_date(said[:4], month if month != "00" else None, day if day != "00" else None)


def date_vn(value: object) -> str | None:
    """`dd/MM/yyyy`, `MM/yyyy` or `yyyy` → ISO, in the same precision."""
    found = text(value)
    if found is None:
        return None
    parts = _VIETNAMESE.fullmatch(found)
    if parts is None:
        raise Unreadable("not dd/MM/yyyy")
    day, month, year = parts.groups()
    return iso_date(year, month, day)


def date_dash(value: object) -> str | None:
    """`yyyy-MM-dd`, `yyyy-MM` or `yyyy` → ISO: the day as it stands there.

    A zone, midnight in any zone (a date with a stray time), and a time without a zone are dropped. Another time with a
    zone is a moment, which is another day elsewhere: Unreadable.
    """
    found = text(value)
    if found is None:
        return None
    parts = _DASHED.fullmatch(found)
    if parts is None or not _BEHIND_DAY.fullmatch(parts[4] or ""):
        raise Unreadable("not yyyy-MM-dd")
    return iso_date(parts[1], parts[2], parts[3])


def population_birth_date(value: object) -> object:
    """`{Nam, NgayThangNam}` of the population database: the full date, else the year; in doubt where they differ."""
    if not isinstance(value, dict):
        return date_compact(value)
    full, said = date_compact(value.get("NgayThangNam")), value.get("Nam")
    if full is not None and (said is None or full[:4] == said):
        return full
    year = date_compact(said)
    if full is None or year is None or full.startswith(year):
        return full or year
    return Doubtful(full, AttributeDoubt("dates_differ", (full, year), "birth_date:year"))


def account_birth_date(value: object) -> object:
    """`yyyyMMdd`, `dd/MM/yyyy`, `yyyy-MM-dd` or less of an account; `{Nam, NgayThangNam}`, as JSON text too."""
    found = value if isinstance(value, dict) else text(value)
    if isinstance(found, str) and found.startswith("{"):
        try:
            found = json.loads(found)
        except (ValueError, RecursionError):
            raise Unreadable("not JSON") from None
    if isinstance(found, dict):
        return population_birth_date(found)
    if found is not None and "/" in found:
        return date_vn(found)
    return date_dash(found) if found is not None and "-" in found else date_compact(found)


def bhxh_birth_date(value: object) -> object:
    """`{ngaySinh, loaiNgaySinh}`: kind 0 full date, 1 year only, 2 year and month; in doubt without such a kind."""
    if not isinstance(value, dict):
        return date_compact(value)
    found = date_compact(value.get("ngaySinh"))
    length = _KINDS_OF_DATES.get(text(value.get("loaiNgaySinh")) or "")
    if found is None or length is not None:
        return found and found[:length]
    return (
        Doubtful(found, AttributeDoubt("date_partial", (found,), "birth_date:kind"))
        if len(found) > _YEAR
        else found
    )


def nationality_default_vn(value: object) -> str:
    """Blank means Vietnamese in practice (databases.md 1.4)."""
    found = text(value)
    if found is None and value is not None and not is_hollow(value):
        raise Misshapen("no text")
    return found or "VN"


def split_semicolon(value: object) -> list[str] | None:
    """`A;B` → the list of its parts."""
    found = text(value)
    return [part.strip() for part in found.split(";") if part.strip()] or None if found else None


def split_comma(value: object) -> list[str] | None:
    """`A1, B` → the list of its parts; a list stays one."""
    return as_list(value if isinstance(value, list) else (text(value) or "").split(","))


def as_list(value: object) -> list[str] | None:
    """A list of texts, from a list or from one text."""
    items = value if isinstance(value, list) else [value]
    if any(isinstance(item, bool | dict | list) and item not in ({}, []) for item in items):
        raise Misshapen("a list of something else than texts")
    return [found for item in items if (found := text(item))] or None


def count(value: object) -> int | None:
    """Number of items that are not hollow; a missing list is blank, an empty one is 0, an object is its only item."""
    if isinstance(value, list):
        return sum(not is_hollow(one) for one in value)
    return None if _entry(value) is None else 1


def marriages(value: object) -> object:
    """`parts` `[ketHon, tinhTrang]` → number of marriages; in doubt where the state (`1`: never married) denies it."""
    rows, state = value if isinstance(value, list) and len(value) == 2 else (None, None)
    if isinstance(rows, list):
        for row in rows:
            _entry(row)
    found, said = count(rows), text(state)
    if found is None or said is None or (found == 0) is (said == _NEVER_MARRIED):
        return found
    return Doubtful(found, AttributeDoubt("count_differs", (found,), "marriages:state"))


def only_name(value: object) -> object:
    """`parts` with the name of one person (a text `A; B`, `{FULL_NAME: A}`, a list of these) → the name.

    Several different names are given together, in doubt (`sources_differ`): none of them is chosen.
    """
    found: dict[str, str] = {}
    for name in _names(value):
        found.setdefault(same_words(name), name)
    if len(found) <= 1:
        return next(iter(found.values()), None)
    names = tuple(found.values())
    return Doubtful("; ".join(names), AttributeDoubt("sources_differ", names, "name:several"))


def _names(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _names(one)
    elif isinstance(value, Mapping):
        yield from _names(value.get("FULL_NAME"))
    else:
        yield from filter(None, map(title_case, _NAMES_APART.split(text(value) or "")))


def dead_if_there(value: object) -> str | None:
    """`dead` where there is a death entry; a hollow one is blank, which proves no life."""
    if isinstance(value, list):
        value = [one for one in value if _entry(one) is not None]
        return "dead" if value else None
    return None if _entry(value) is None else "dead"


def _entry(value: object) -> object:
    """An entry of a register; None where it is hollow. Raises Misshapen: no object."""
    if is_hollow(value):
        return None
    if not isinstance(value, dict):
        raise Misshapen("no entry")
    return value


def of_divorce(value: object) -> object:
    """The entry of a marriage's end, where it ended by divorce (`lyDo` is `lyHon`)."""
    return value if isinstance(value, dict) and text(value.get("lyDo")) == "lyHon" else None


def entry_number(value: object) -> object:
    """Number of an entry (`so`); text without a digit is a doubt."""
    return numbered(value.get("so")) if isinstance(value, dict) else None


def entry_date(value: object) -> str | None:
    """Day of an entry (`ngay`), `dd/MM/yyyy` → ISO."""
    return date_vn(value.get("ngay")) if isinstance(value, dict) else None


def to_date_compact(value: object) -> str | None:
    """A full date → `yyyyMMdd`; a less precise date is blank."""
    return str(value).replace("-", "") if value is not None and len(str(value)) == 10 else None


def to_year(value: object) -> str | None:
    """A date that is not full → its year; a full date is blank."""
    return str(value)[:4] if value is not None and len(str(value)) < 10 else None


def to_date_vn(value: object) -> str | None:
    """ISO → `dd/MM/yyyy`, `MM/yyyy` or `yyyy`."""
    return "/".join(reversed(str(value).split("-"))) if value is not None else None


def to_birth_province(value: object) -> object:
    """A personal number → the province (two digits) of birth registration; other text unchanged."""
    return value[1:3] if isinstance(value, str) and is_personal_id(value) else value


def to_birth_basis(value: object) -> object:
    """A personal number → `1`: the place of birth registration is meant (`isKs`); other text unchanged."""
    return "1" if isinstance(value, str) and is_personal_id(value) else value


def to_bhxh_gender(value: object) -> str | None:
    """A personal number → the sex in it: `1` male, `2` female."""
    return str(int(value[3]) % 2 + 1) if isinstance(value, str) and is_personal_id(value) else None


def to_bhxh_date(value: object) -> str | None:
    """ISO → digits, as many as are known."""
    return str(value).replace("-", "") if value is not None else None


def to_bhxh_date_kind(value: object) -> str | None:
    """ISO → `loaiNgaySinh`: 0 full date, 1 year only, 2 year and month."""
    return {4: "1", 7: "2", 10: "0"}.get(len(str(value))) if value is not None else None
