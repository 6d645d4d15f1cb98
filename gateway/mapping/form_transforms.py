"""Named transforms, form side: from the evidence vocabulary to the values of an e-form.

Each is a pure function from a value to a value; None means blank. Dates are never padded. For every input it returns a
value or raises Unreadable, and nothing else.
"""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache

from gateway.domain.identifiers import is_old_id, is_personal_id
from gateway.mapping.codes import FORMER_COMMUNES, Codes
from gateway.mapping.transforms import (
    Transform,
    date_dash,
    decimal,
    integer,
    text,
    title_case,
    to_date_vn,
    upper_ascii,
    upper_case,
)

#: code lists: names that communes, districts and provinces had before 1 July 2025; the form's words for the relation to
#: the head of a household, and for a purpose of land use
_RELATIONS = "form_relation"
_LAND_USES = "land_use"
#: the word for the kind of unit before an official name
_KIND = re.compile(r"^(xã|phường|thị trấn|huyện|quận|thị xã|thành phố|tỉnh)\s+", re.IGNORECASE)
#: the same words and their abbreviations, in the form in which names are compared
_KINDS = (
    "XA PHUONG THITRAN HUYEN QUAN THIXA THANHPHO TINH X. P. TT. TT H. Q. TX. TX TP. TP T."
).split()  # fmt: skip
#: words beside a house number
_NUMBERING = frozenset("SO NHA NGO NGACH HEM KIET LO".split())
#: redundant spaces, commas and empty parts of an address
_UNTIDY = re.compile(r"\s\s|\s,|,\s*,|^[\s,]|[\s,]$|[^\S ]")
#: a comma that is not inside a number
_COMMA = re.compile(r",(?![0-9])|(?<![0-9]),")
_LETTERS = re.compile(r"[^\W\d_]+")
#: words that stay in capitals: with a digit, abbreviations (no vowel), Roman numerals
_LOUD = re.compile(
    r"(?<![^\W\d_])(?:(?<=[0-9])[^\W\d_]+|[^\W\d_]+(?=[0-9])|(?:[BCDĐFGHJKLMNPQRSTVWXZ]+|[IVX]+|UBND|HĐND)(?![^\W\d_]))"
)
#: common nouns of several words: only their first letter is a capital, at the begin of a part
_NOUNS_OF_WORDS = re.compile(
    r"(?P<open>^|, )?\b(?P<noun>Tổ Dân Phố|Cụm Dân Cư|Khu Dân Cư|Khu Đô Thị|Khu Tập Thể|Khu Chung Cư|Khu Công Nghiệp|"
    r"Khu Phố(?= (?:Số )?[0-9])|Khối Phố(?= (?:Số )?[0-9])|Số Nhà|Nhà Số|Tòa Nhà|To\u00e0 Nhà|Chung Cư|Căn Hộ|Tiểu Khu|"
    r"Quốc Lộ|Tỉnh Lộ|Đại Lộ|Thị Trấn|Thị Xã|Thành Phố)\b"
)
#: kinds of administrative units: the first letter is a capital wherever they stand
_UNIT_NOUNS = frozenset({"Thị Trấn", "Thị Xã", "Thành Phố"})
#: common nouns inside a part: behind a number, or before one
_NOUNS = "Số|Ngõ|Ngách|Hẻm|Kiệt|Đường|Phố|Thôn|Xóm|Ấp|Tổ|Khu|Khối|Lô|Tầng|Phòng|Tòa|To\u00e0|Dãy"
_BEHIND_A_NUMBER = re.compile(rf"(?<![^\s,])(?P<before>\S*[0-9][^\s,]*) (?P<noun>{_NOUNS})\b")
_BEFORE_A_NUMBER = re.compile(rf"(?P<before>[^\s,]) (?P<noun>{_NOUNS}|Đội)(?= [^\W\d_]?[0-9])")
#: transforms that may make a value more readable: the field's entry keeps the source's text too
REWRITING = frozenset({"address_text", "address_two_tier"})
#: transforms with one value, because the source has something at all
CONSTANTS: Mapping[str, str] = {"residence_type_permanent": "1", "residence_type_current": "2"}
_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")


def partial_date_vn(value: object) -> str | None:
    """ISO partial date → `15/02/1990`, `02/1990` or `1990`."""
    return to_date_vn(value)


def partial_date_parts(value: object) -> dict[str, str] | None:
    """ISO partial date → `{namSinh, thangSinh?, ngaySinh?}` (civil status, 2025 encoding)."""
    found = text(value)
    if found is None:
        return None
    return dict(zip(("namSinh", "thangSinh", "ngaySinh"), found.split("-"), strict=False))


def name_parts(value: object) -> dict[str, str] | None:
    """Full name → `{Ho, ChuDem, Ten}`: first word, middle words, last word."""
    found = text(value)
    if found is None:
        return None
    words = found.split(" ")
    if len(words) == 1:
        return {"Ho": "", "ChuDem": "", "Ten": words[0]}
    return {"Ho": words[0], "ChuDem": " ".join(words[1:-1]), "Ten": words[-1]}


def residence_type_permanent(value: object) -> str | None:
    """`1` (thường trú) when the person has such an address."""
    return CONSTANTS["residence_type_permanent"] if value else None


def residence_type_current(value: object) -> str | None:
    """`2` (tạm trú) when the person has such an address."""
    return CONSTANTS["residence_type_current"] if value else None


def id_doc_type_civil(value: object) -> str | None:
    """Civil-status type of the identity paper: 12 digits `4` (căn cước), 9 digits `1` (CMND)."""
    found = text(value) or ""
    return "4" if is_personal_id(found) else "1" if is_old_id(found) else None


def join_comma(value: object) -> str | None:
    """A list → one text."""
    if not isinstance(value, list | tuple):
        return text(value)
    return ", ".join(filter(None, map(text, value))) or None


def next_ordinal(value: object) -> str | None:
    """Number of times so far → ordinal of this time: 0 → `1`, 1 → `2`."""
    found = integer(value)
    return None if found is None else str(found + 1)


def number(value: object) -> int | float | None:
    """A decimal number, which is text in evidence → a number: `312.5` → 312.5, `312` and `312.0` → 312.

    A whole number has no fraction: JSON writers of browsers write none, and the digests of a form are of its text.
    """
    found = decimal(value)
    return (
        None
        if found is None
        else float(found)
        if found.partition(".")[2].strip("0")
        else int(found.partition(".")[0])
    )


def date_in_words(value: object) -> str | None:
    """A full ISO date in Vietnamese words, as on certificates; a less precise date is blank.

    `2005-04-24` → `Ngày hai mươi tư, tháng tư, năm hai nghìn không trăm linh năm`.
    """
    found = date_dash(value)
    if found is None or len(found) != 10:
        return None
    year, month, day = (int(part) for part in found.split("-"))
    return f"Ngày {_small(day)}, tháng {'tư' if month == 4 else _small(month)}, năm {_year(year)}"


def _small(number: int) -> str:
    tens, ones = divmod(number, 10)
    if tens == 0:
        return _DIGITS[ones]
    head = "mười" if tens == 1 else f"{_DIGITS[tens]} mươi"
    if ones == 0:
        return head
    changed = {1: "mốt", 4: "tư"} if tens > 1 else {}
    return f"{head} {'lăm' if ones == 5 else changed.get(ones, _DIGITS[ones])}"


def _year(number: int) -> str:
    thousands, rest = divmod(number, 1000)
    hundreds, rest = divmod(rest, 100)
    if hundreds == rest == 0:
        return f"{_DIGITS[thousands]} nghìn"
    words = f"{_DIGITS[thousands]} nghìn {_DIGITS[hundreds]} trăm"
    if rest == 0:
        return words
    return f"{words} linh {_DIGITS[rest]}" if rest < 10 else f"{words} {_small(rest)}"


def readable(detail: str) -> str:
    """`SỐ 12A/5 NGÕ 3 ,, TỔ DÂN  PHỐ 2, KHU II` → `Số 12A/5 ngõ 3, Tổ dân phố 2, Khu II`, without redundant parts.

    Mixed case stays. Words with a digit, Roman numerals and abbreviations stay in capitals; common nouns do not. A noun
    beside no number may be part of a name, and keeps its capital: `Thôn Phố`, `Sau UBND Xã Đức Hợp`.
    """
    found = _tidy(detail) if _UNTIDY.search(detail) else detail
    if not found.isupper():
        return found
    found = _LETTERS.sub(_less_loud, found) if _LOUD.search(found) else found.title()
    found = _NOUNS_OF_WORDS.sub(_as_noun, found)
    for place in (_BEHIND_A_NUMBER, _BEFORE_A_NUMBER):
        found = place.sub(lambda match: f"{match['before']} {match['noun'].lower()}", found)
    return found


def _as_noun(match: re.Match[str]) -> str:
    noun = match["noun"]
    is_begin = match["open"] is not None or noun in _UNIT_NOUNS
    return f"{match['open'] or ''}{noun.capitalize() if is_begin else noun.lower()}"


def _tidy(detail: str) -> str:
    parts = (" ".join(part.split()) for part in _COMMA.split(detail))
    return ", ".join(part for part in parts if part)


def _less_loud(letters: re.Match[str]) -> str:
    return letters[0] if _LOUD.match(letters.string, letters.start()) else letters[0].title()


def original(raw: object, written: object) -> object:
    """The source's text, where a transform of `REWRITING` changed it; else None."""
    if not isinstance(raw, dict):
        return None if raw == written else raw
    theirs, ours = raw.get("detail"), written.get("dcChiTiet") if isinstance(written, dict) else written
    return None if theirs is None or str(theirs) in str(ours) else theirs


class _AddressUnits:
    """Names of the units of an address, with their names before 1 July 2025."""

    __slots__ = ("_codes", "_former", "words")

    def __init__(self, codes: Codes) -> None:
        """`words` of a commune and its province; cached, because the same few repeat."""
        self._codes = codes
        self._former = codes.lists.get(FORMER_COMMUNES, {})
        self.words = lru_cache(maxsize=512)(self._words)

    def split(self, value: Mapping[str, object]) -> tuple[str, list[str]]:
        """The detail, and the parts at its end that only repeat units of the same address.

        The first part always stays. A name without the word for its kind stays too where only a house number would be
        left: it is the street then.
        """
        whole = str(value.get("detail") or "")
        parts = [part.strip() for part in whole.split(",")]
        cut = self._cut(parts, *self.words(str(value.get("commune")), str(value.get("province"))))
        if cut == len(parts):
            return whole, []
        return ", ".join(filter(None, parts[:cut])), [part for part in parts[cut:] if part]

    @staticmethod
    def _cut(parts: list[str], bare: frozenset[str], worded: frozenset[str]) -> int:
        cut = len(parts)
        # the first part that is more than a number, and the first part that is not empty
        street = next((at for at, part in enumerate(parts) if not _is_number(part)), cut)
        first = next((at for at, part in enumerate(parts) if part), cut)
        for at in range(cut - 1, first, -1):
            last = upper_ascii(parts[at])
            if last is None:
                continue
            if last not in worded and (last not in bare or street >= at):
                break
            cut = at
        return cut

    def _words(self, commune: str, province: str) -> tuple[frozenset[str], frozenset[str]]:
        """Names normalised for comparison: without the word for the kind of unit, and with every such word."""
        names = [self._codes.units.names.get(commune, ""), self._codes.provinces.get(province) or ""]
        for old, new in self._codes.units.successors.items():
            if commune in new:
                names += (self._former.get(old) or "").split(", ")
        bare = frozenset(filter(None, map(_plain_name, names)))
        return bare, frozenset(kind + name for name in bare for kind in _KINDS)


def _plain_name(name: str) -> str | None:
    return upper_ascii(_KIND.sub("", name))


def _is_number(part: str) -> bool:
    """Whether a part of an address is only a number (`Số 5`, `12A`, `ngõ 3`)."""
    words = (upper_ascii(word) or "" for word in part.split())
    return all(word in _NUMBERING or len(word) < 2 or any(map(str.isdigit, word)) for word in words)


def address_two_tiers(units: _AddressUnits) -> Transform:
    """The transform that writes an address in the two levels of 1 July 2025."""

    def address_two_tier(value: object) -> dict[str, str] | None:
        if not isinstance(value, dict):
            return None
        shown = {**value, "detail": readable(units.split(value)[0])}
        wire = {"dcChiTiet": "detail", "maXa": "commune", "maTinh": "province", "quocGia": "country"}
        return {theirs: str(shown[ours]) for theirs, ours in wire.items() if shown.get(ours)} or None

    return address_two_tier


def address_texts(codes: Codes, units: _AddressUnits) -> Transform:
    """The transform that writes an address on one line, with names from the catalogue.

    A province that the detail repeats keeps its spelling there, but for capitals.
    """
    provinces = frozenset(filter(None, codes.provinces.values()))

    def address_text(value: object) -> str | None:
        if not isinstance(value, dict):
            found = text(value)
            return None if found is None else _as_named(readable(found), provinces) or None
        commune, province = str(value.get("commune")), str(value.get("province"))
        detail, repeated = units.split(value)
        country = str(value.get("country") or "VN")
        names = [codes.units.names.get(commune), codes.provinces.get(province), country * (country != "VN")]
        if repeated and _plain_name(repeated[-1]) == _plain_name(names[1] or ""):
            names[1] = readable(repeated[-1])
        if upper_ascii(detail) not in units.words(commune, province)[1]:
            names.insert(0, readable(detail))
        return ", ".join(name for name in names if name) or None

    return address_text


def _as_named(line: str, provinces: Collection[str]) -> str:
    """`Phường Phố Hiến, Tỉnh Hưng Yên` → `Phường Phố Hiến, Hưng Yên`, as addresses with codes are written."""
    rest, comma, last = line.rpartition(", ")
    name = last[5:] if last[:5].lower() == "tỉnh " else ""
    return rest + comma + name if name in provinces else line


def land_uses_in_words(codes: Codes) -> Transform:
    """The transform that writes the purposes of a parcel in words; a code without words stays."""
    words = codes.lists.get(_LAND_USES, {})

    def land_use_words(value: object) -> str | None:
        found = text(value)
        return None if found is None else "; ".join(words.get(one) or one for one in found.split("+"))

    return land_use_words


def members_forms(codes: Codes) -> Transform:
    """The transform that writes the people of a household as rows of the form.

    The relation to the head is written in the form's words; an unknown relation is left out.
    """
    relations = codes.lists.get(_RELATIONS, {})
    wire = {"hoTen": "full_name", "ngaySinh": "birth_date", "soDinhDanh": "personal_id", "quanHe": "relation"}

    def members_form(value: object) -> list[dict[str, object]] | None:
        if not isinstance(value, list):
            return None
        rows = []
        for member in value:
            if isinstance(member, Mapping):
                born, relation = to_date_vn(member.get("birth_date")), text(member.get("relation")) or ""
                name = title_case(member.get("full_name"))
                shown = {**member, "full_name": name, "birth_date": born, "relation": relations.get(relation)}
                rows.append({theirs: shown[ours] for theirs, ours in wire.items() if shown.get(ours)})
        return rows or None

    return members_form


def form_transforms(codes: Codes) -> dict[str, Transform]:
    """All transforms of procedure mappings."""
    units = _AddressUnits(codes)
    named: list[Transform] = [
        text, title_case, upper_case, integer, partial_date_vn, partial_date_parts, name_parts,
        residence_type_permanent, residence_type_current, id_doc_type_civil, join_comma, members_forms(codes),
        next_ordinal, number, date_in_words, address_two_tiers(units), address_texts(codes, units),
        land_uses_in_words(codes),
    ]  # fmt: skip
    return {transform.__name__: transform for transform in named}
