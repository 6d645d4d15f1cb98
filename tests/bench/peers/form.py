"""The form of the job, shared by the Python peers: 60 fields, each with where it came from.

Two people of 24 fields, six of civil status, six of social insurance; Node's peer has the same table.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

GENDERS = {"0": "other", "1": "male", "2": "female"}


def iso_date(text: str) -> str:
    """`yyyyMMdd` as `yyyy-MM-dd`."""
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}"


def slashed_date(text: str) -> str:
    """`dd/MM/yyyy` as `yyyy-MM-dd`."""
    return f"{text[6:10]}-{text[3:5]}-{text[:2]}"


Clean = Callable[[str], str] | None
Rows = tuple[tuple[str, tuple[str | int, ...], Clean], ...]
PERSON: tuple[tuple[str, tuple[str, ...], Clean], ...] = (
    ("personalId", ("SoDinhDanh",), None),
    ("oldId", ("SoCMND",), None),
    ("fullName", ("HoVaTen", "Ten"), None),
    ("gender", ("GioiTinh",), GENDERS.__getitem__),
    ("ethnicity", ("DanToc",), None),
    ("religion", ("TonGiao",), None),
    ("maritalStatus", ("TinhTrangHonNhan",), None),
    ("bloodGroup", ("NhomMau",), None),
    ("birthDate", ("NgayThangNamSinh", "NgayThangNam"), iso_date),
    ("nationality", ("QuocTich",), None),
    *(
        (f"{name}.{part}", (element, child), None)
        for name, element in (("origin", "QueQuan"), ("permanent", "ThuongTru"), ("current", "NoiOHienTai"))
        for part, child in (("province", "MaTinhThanh"), ("commune", "MaPhuongXa"), ("detail", "ChiTiet"))
    ),
    ("father.fullName", ("Cha", "HoVaTen"), None),
    ("father.personalId", ("Cha", "SoDinhDanh"), None),
    ("mother.fullName", ("Me", "HoVaTen"), None),
    ("mother.personalId", ("Me", "SoDinhDanh"), None),
    ("head.relation", ("ChuHo", "QuanHe"), None),
)
CIVIL: Rows = (
    ("birth.number", ("khaiSinh", "so"), None),
    ("marriage.number", ("ketHon", -1, "so"), None),
    ("marriage.book", ("ketHon", -1, "quyenSo"), None),
    ("marriage.registeredOn", ("ketHon", -1, "ngayDangKy"), slashed_date),
    ("marriage.spouse.fullName", ("ketHon", -1, "voChong", "hoTen"), None),
    ("marriage.spouse.personalId", ("ketHon", -1, "voChong", "soDinhDanh"), None),
)
INSURANCE: Rows = (
    ("insurance.number", ("maSoBhxh",), None),
    ("insurance.fullName", ("hoTen",), None),
    ("insurance.birthDate", ("ngaySinh",), iso_date),
    ("insurance.province", ("maTinhKs",), None),
    ("insurance.commune", ("maXaKs",), None),
    ("insurance.state", ("trangThai",), None),
)


def fill(requester: Any, spouse: Any, civil: Any, insurance: Any) -> dict[str, dict[str, Any]]:
    """The 60 fields with provenance, from two zeep objects and two JSON objects."""
    now = datetime.now(UTC).isoformat()
    form: dict[str, dict[str, Any]] = {}
    for prefix, person in (("requester.", requester), ("spouse.", spouse)):
        for name, path, clean in PERSON:
            form[prefix + name] = _field(_attribute(person, path), clean, "population", now)
    _add(form, CIVIL, civil, "civil_status", now)
    _add(form, INSURANCE, insurance, "social_insurance", now)
    return form


def records(question: Mapping[str, Any], form: Mapping[str, Mapping[str, Any]]) -> tuple[str, str]:
    """The intent and the outcome record of one exchange, as JSON."""
    exchange, now = uuid.uuid4().hex, datetime.now(UTC).isoformat()
    shared = {"exchange": exchange, "time": now, "procedure": question["procedure"]}
    intent = {**shared, "phase": "intent", "official": question["official"]}
    outcome = {**shared, "phase": "outcome", "fields": {name: field["state"] for name, field in form.items()}}
    return json.dumps(intent), json.dumps(outcome)


def _add(form: dict[str, dict[str, Any]], rows: Rows, answer: Any, source: str, now: str) -> None:
    for name, path, clean in rows:
        form[name] = _field(_item(answer, path), clean, source, now)


def _field(value: str | None, clean: Clean, source: str, now: str) -> dict[str, Any]:
    if not value:
        return {"value": None, "state": "blank", "source": source, "fetched_at": now}
    return {"value": clean(value) if clean else value, "state": "filled", "source": source, "fetched_at": now}


def _attribute(place: Any, path: tuple[str, ...]) -> str | None:
    for name in path:
        place = getattr(place, name, None)
    return None if place is None else str(place)


def _item(place: Any, path: tuple[str | int, ...]) -> str | None:
    try:
        for step in path:
            place = place[step]
    except (KeyError, IndexError, TypeError):
        return None
    return None if place is None else str(place)
