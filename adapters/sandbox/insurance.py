"""Simulated social insurance: the provincial `apiBHXH` and the card look-up gateway (databases.md 4).

Promises: gender 1/2/3; dates yyyyMMdd with `loaiNgaySinh` in `apiBHXH`, dd/MM/yyyy at the card gateway,
whose errors are all HTTP 200 with `maKetQua`.
"""

import hashlib
from typing import Any
from urllib.parse import parse_qsl

from adapters.sandbox.people import Person
from adapters.sandbox.wire import (
    PeerOperation,
    PeerRequest,
    Reply,
    as_json,
    compact,
    day_first,
    folded,
    post,
    text_of,
)

SOURCE = "social_insurance"
CARD = "health_card"
USERNAME = "sandbox"
CARD_SECRET = "sandbox-secret-health_card"  # published: this is a simulation
TOKEN_SECONDS = 1200


def endpoints() -> tuple[PeerOperation, ...]:
    """Three look-ups of `apiBHXH`; token and look-up of the card gateway."""
    verbs = {
        "getTraCuuThongTinHgd": household,
        "getTraCuuTtHgdByMaSoBhxh": by_number,
        "getMaSoBhxhTheoTieuChi": number_by_criteria,
    }
    return (
        *(
            post(SOURCE, name, verb, f"/apiBHXH/{name}", f"/apiBHXH/1.0/{name}")
            for name, verb in verbs.items()
        ),
        post(CARD, "token", take_token, "/api/token/take", opens=True),
        post(CARD, "KQNhanLichSuKCB2024", card, "/api/egw/KQNhanLichSuKCB2024"),
    )


def household(call: PeerRequest) -> Reply:
    """Member of an insured household; every value null without a match."""
    person = _by_criteria(call)
    if person is None or person.insurance is None:
        names = ("maSo", "hoTen", "ngaySinh", "loaiNgaySinh", "gioiTinh", "maHo", "diaChi", "trangThai")
        return as_json(dict.fromkeys(names))
    place = person.permanent or person.current
    return as_json(
        {
            "maSo": person.insurance.number,
            **_person(person),
            "maHo": person.insurance.household_code,
            "diaChi": call.register.address_text(place.commune, place.detail) if place else None,
            "trangThai": _state(person),
        }
    )


def by_number(call: PeerRequest) -> Reply:
    """The entry of an insurance number."""
    wanted = text_of(call.words(), "maSoBhxh")
    found = next((one for one in _insured(call) if one.insurance and one.insurance.number == wanted), None)
    if found is None:
        return as_json(
            dict.fromkeys(("hoTen", "soSoCu", "ngaySinh", "loaiNgaySinh", "gioiTinh", "trangThai"))
        )
    person = call.shown(found, _insured(call))
    place = person.birth_registration
    return as_json(
        {
            **_person(person),
            "soSoCu": None,
            "maTinhKs": place.province if place else None,
            "maHuyenKs": (place.district or None) if place else None,
            "maXaKs": place.commune if place else None,
            "trangThai": _state(person),
        }
    )


def number_by_criteria(call: PeerRequest) -> Reply:
    """The insurance number of a person described by name and birth date."""
    person = _by_criteria(call)
    if person is None or person.insurance is None:
        return as_json({"maSoBhxh": None, "trangThai": None, "errorCode": "1"})
    return as_json({"maSoBhxh": person.insurance.number, "trangThai": _state(person), "errorCode": "0"})


def _insured(call: PeerRequest) -> list[Person]:
    return [one for one in call.register.people if one.insurance]


def _by_criteria(call: PeerRequest) -> Person | None:
    """Exactly one person: an ambiguous description has no match."""
    words = call.words()
    found = [one for one in _insured(call) if _fits(one, words)]
    return call.shown(found[0], _insured(call)) if len(found) == 1 else None


def _fits(person: Person, words: dict[str, Any]) -> bool:
    asked = {name: str(value) for name, value in words.items() if value}
    number = person.insurance.number if person.insurance else ""
    if asked.get("soSo", number) != number:
        return False
    cards = {person.card.number if person.card else "", person.personal_id, number}
    if asked.get("maThe") and asked["maThe"] not in cards:
        return False
    at_birth = asked.get("isKs") == "1"
    place = person.birth_registration if at_birth else person.permanent or person.current
    if asked.get("maTinh") and (place is None or asked["maTinh"] != place.province):
        return False
    name_ok = folded(asked.get("hoTen", "")) in {folded(person.full_name), folded(_name(person))}
    born, known = asked.get("ngaySinh", ""), compact(person.birth_date)
    date_ok = bool(born) and born[: len(known)] == known
    gender_ok = asked.get("gioiTinh", _gender(person)) == _gender(person)
    return gender_ok and name_ok and date_ok


def _name(person: Person) -> str:
    return (person.insurance.full_name if person.insurance else "") or person.full_name


def _gender(person: Person) -> str:
    return {"male": "1", "female": "2"}.get(person.gender, "3")


def _person(person: Person) -> dict[str, str]:
    kind = {4: "1", 7: "2"}.get(len(person.birth_date), "0")
    return {
        "hoTen": _name(person),
        "ngaySinh": compact(person.birth_date),
        "loaiNgaySinh": kind,
        "gioiTinh": _gender(person),
    }


def _state(person: Person) -> str:
    """`trangThai` (sandbox table): 0 no pension, 1 receiving one, 9 not said."""
    pension = person.insurance.pension if person.insurance else "unknown"
    return {"none": "0", "receiving": "1"}.get(pension, "9")


def take_token(call: PeerRequest) -> Reply:
    """A token pair for a user name and the MD5 of the password, sent as a form."""
    words = dict(parse_qsl(call.body.decode("ascii", "replace")))
    if words.get("username") != USERNAME or words.get("password") != _password():
        return as_json({"maKetQua": "401", "APIKey": None})
    key = {name: call.tokens.issue(CARD) for name in ("access_token", "id_token")}
    return as_json({"maKetQua": "200", "APIKey": {**key, "expires_in": TOKEN_SECONDS}})


def card(call: PeerRequest) -> Reply:
    """The card of a person: number or personal id, name and birth date must all fit."""
    tokens_ok = all(call.tokens.valid(CARD, call.query.get(name, "")) for name in ("token", "id_token"))
    user_ok = call.query.get("username") == USERNAME and call.query.get("password") == _password()
    if not (tokens_ok and user_ok):
        return as_json({"maKetQua": "401"})
    words = call.words()
    number = text_of(words, "maThe")
    for name in ("hoTenCb", "cccdCb"):
        text_of(words, name)
    holders = [one for one in call.register.people if one.card]
    found = next((one for one in holders if number in _numbers(one)), None)
    if found is None:
        return as_json({"maKetQua": "050"})
    if folded(str(words.get("hoTen", ""))) != folded(found.full_name):
        return as_json({"maKetQua": "060"})
    if words.get("ngaySinh") != day_first(found.birth_date):
        return as_json({"maKetQua": "070"})
    return as_json(_card(call, call.shown(found, holders)))


def _numbers(person: Person) -> set[str]:
    return {person.card.number if person.card else "", person.personal_id} - {""}


def _card(call: PeerRequest, person: Person) -> dict[str, str | None]:
    held = person.card
    place = person.permanent or person.current
    if held is None:
        return {"maKetQua": "050"}
    return {
        "maKetQua": held.result,
        "maThe": held.number,
        "hoTen": person.full_name,
        "ngaySinh": day_first(person.birth_date),
        "gioiTinh": _gender(person),
        "diaChi": call.register.address_text(place.commune, place.detail) if place else None,
        "maDKBD": held.clinic_code,
        "tenDKBD": held.clinic_name,
        "gtTheTu": day_first(held.valid_from),
        "gtTheDen": day_first(held.valid_until),
        "maKV": held.area,
        "ngayDu5Nam": None,
        "maSoBHXH": person.insurance.number if person.insurance else None,
        "maTheMoi": held.new_number or None,
        "gtTheTuMoi": day_first(held.new_from) or None,
        "gtTheDenMoi": day_first(held.new_until) or None,
    }


def _password() -> str:
    return hashlib.md5(CARD_SECRET.encode(), usedforsecurity=False).hexdigest()
