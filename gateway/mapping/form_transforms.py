"""Named transforms, form side: from the evidence vocabulary to what an e-form wants.

Each is a pure function from a value to a value; None means blank. Dates are never padded.
"""

from collections.abc import Mapping

from gateway.domain.identifiers import is_old_id, is_personal_id
from gateway.mapping.codes import Codes
from gateway.mapping.transforms import Transform, integer, text, title_case, to_date_vn, upper_case

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


def address_two_tier(value: object) -> dict[str, str] | None:
    """Address value → `{dcChiTiet, maXa, maTinh, quocGia}` (two tiers since 1 July 2025)."""
    if not isinstance(value, Mapping):
        return None
    wire = {"dcChiTiet": "detail", "maXa": "commune", "maTinh": "province", "quocGia": "country"}
    return {theirs: str(value[ours]) for theirs, ours in wire.items() if value.get(ours)} or None


def residence_type_permanent(value: object) -> str | None:
    """`1` (thường trú) when there is such an address."""
    return "1" if value else None


def residence_type_current(value: object) -> str | None:
    """`2` (tạm trú) when there is such an address."""
    return "2" if value else None


def id_doc_type_civil(value: object) -> str | None:
    """Civil-status type of the identity paper: 12 digits `4` (căn cước), 9 digits `1` (CMND)."""
    found = text(value) or ""
    return "4" if is_personal_id(found) else "1" if is_old_id(found) else None


def join_comma(value: object) -> str | None:
    """A list → one text."""
    if not isinstance(value, list | tuple):
        return text(value)
    return ", ".join(str(item) for item in value) or None


def members_form(value: object) -> list[dict[str, object]] | None:
    """Household members → rows of the form."""
    if not isinstance(value, list):
        return None
    wire = {"hoTen": "full_name", "soDinhDanh": "personal_id", "quanHe": "relation"}
    rows = [
        {
            **{theirs: member[ours] for theirs, ours in wire.items() if member.get(ours)},
            **({"ngaySinh": to_date_vn(member["birth_date"])} if member.get("birth_date") else {}),
        }
        for member in value
        if isinstance(member, Mapping)
    ]
    return rows or None


def next_ordinal(value: object) -> str | None:
    """How many times so far → which time this is: 0 → `1`, 1 → `2`."""
    found = integer(value)
    return None if found is None else str(found + 1)


def date_in_words(value: object) -> str | None:
    """A full ISO date in Vietnamese words; a less precise one is blank."""
    found = text(value)
    if found is None or len(found) != 10:
        return None
    year, month, day = (int(part) for part in found.split("-"))
    return f"Ngày {_small(day)}, tháng {_small(month)}, năm {_year(year)}"


def _small(number: int) -> str:
    tens, ones = divmod(number, 10)
    if tens == 0:
        return _DIGITS[ones]
    head = "mười" if tens == 1 else f"{_DIGITS[tens]} mươi"
    if ones == 0:
        return head
    tail = "lăm" if ones == 5 else "mốt" if ones == 1 and tens > 1 else _DIGITS[ones]
    return f"{head} {tail}"


def _year(number: int) -> str:
    thousands, rest = divmod(number, 1000)
    hundreds, rest = divmod(rest, 100)
    words = f"{_DIGITS[thousands]} nghìn {_DIGITS[hundreds]} trăm"
    if rest == 0:
        return words
    return f"{words} lẻ {_DIGITS[rest]}" if rest < 10 else f"{words} {_small(rest)}"


def address_texts(codes: Codes) -> Transform:
    """The transform that writes an address on one line, names from the catalogue."""

    def address_text(value: object) -> str | None:
        if not isinstance(value, Mapping):
            return text(value)
        parts = [str(value.get("detail") or "")]
        for name in (
            codes.units.names.get(str(value.get("commune"))),
            codes.provinces.get(str(value.get("province"))),
        ):
            if name and name.casefold() not in parts[0].casefold():
                parts.append(name)
        return ", ".join(part for part in parts if part) or None

    return address_text


def form_transforms(codes: Codes) -> dict[str, Transform]:
    """All transforms that procedure mappings may name."""
    plain: list[Transform] = [
        text, title_case, upper_case, integer, partial_date_vn, partial_date_parts, name_parts, address_two_tier,
        residence_type_permanent, residence_type_current, id_doc_type_civil, join_comma, members_form,
        next_ordinal, date_in_words,
    ]  # fmt: skip
    return {**{transform.__name__: transform for transform in plain}, "address_text": address_texts(codes)}
