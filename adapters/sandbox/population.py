"""The simulated population database: SOAP 1.1, authentication V1, request profile 2025 (databases.md 1).

Promises: answers only when the authentication hash, the element order and id + name + birth date are all
right; a mismatch is an empty collection, never a hint. Bodies of operations other than the look-up are of
the sandbox's own making.
"""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from lxml import etree

from adapters.sandbox import population_xml as xml
from adapters.sandbox.people import Person
from adapters.sandbox.wire import BadCall, PeerOperation, PeerRequest, Reply, compact, folded, post

SOURCE = "population"
USERNAME = "sandbox"
SECRET = "sandbox-secret-population"  # published: this is a simulation
DEFAULT_BASE = "http://127.0.0.1:8090"
CLOCK_SKEW_MS = 300_000
HEAD_2025 = ("MaYeuCau", "MaDVC", "MaTichHop", "MaCanBo", "MaDonVi", "TaiKhoan", "SoDienThoai")

MARITAL = "KetQuaTinhTrangHonNhan"
LIFE = "KetQuaTinhTrangChetMatTich"
BLOOD = "KetQuaNhomMau"

Verb = Callable[[PeerRequest, Person, etree._Element], Reply]  # noqa: SLF001 - lxml names its element type so


def endpoints() -> tuple[PeerOperation, ...]:
    """One door for every operation: the body element names it."""
    return (post(SOURCE, "", answer, "", "/{rest:.*}"),)


def operations() -> frozenset[str]:
    """Names of the operations served."""
    return frozenset(_verbs())


def answer(call: PeerRequest) -> Reply:
    """Answer one SOAP request."""
    refusal = _refusal(call)
    if refusal:
        return xml.fault("AUTH_FAILED", refusal)
    try:
        asked = xml.operation_element(call.body)
        verb = _verbs()[_operation(asked)]
        _check_head(asked)
    except BadCall as error:
        return xml.fault(_fault_code(str(error)), str(error))
    person = _match(call, asked)
    if person is None:
        return _nobody(xml.local(asked))
    return verb(call, person, asked)


def _refusal(call: PeerRequest) -> str:
    """Why the caller is refused (header names only); empty if accepted."""
    for name in ("x-road-client", "apikey"):
        if not call.headers.get(name):
            return f"header {name} is missing"
    stamp = call.headers.get("timestamp", "")
    if not re.fullmatch(r"[0-9]{13}", stamp, re.ASCII):
        return "Timestamp is not in milliseconds"
    if abs(int(stamp) - time.time_ns() // 1_000_000) > CLOCK_SKEW_MS:
        return "Timestamp is too far away"
    try:
        kind, _, packed = call.headers.get("authorization", "").partition(" ")
        user, _, digest = base64.b64decode(packed, validate=True).decode().partition(":")
    except ValueError:
        return "Authorization is not readable"
    good = any(
        hmac.compare_digest(hashlib.sha256(f"{url}{USERNAME}{stamp}{SECRET}".encode()).hexdigest(), digest)
        for url in _auth_urls(call.url)
    )
    return "" if kind.lower() == "basic" and user == USERNAME and good else "Authorization is wrong"


def _auth_urls(url: str) -> tuple[str, ...]:
    """The URLs that the hash may be made over: this peer as called, its door, the documented default."""
    parts = urlsplit(url)
    here = f"{parts.scheme}://{parts.netloc}"
    doors = [f"{base}/{SOURCE}" for base in (here, DEFAULT_BASE)]
    return (url, *doors, *(f"{door}/" for door in doors), f"{DEFAULT_BASE}{parts.path}")


def _operation(asked: etree._Element) -> str:
    name = xml.local(asked)
    if etree.QName(asked).namespace != xml.ASK or name not in _verbs():
        raise BadCall("operation is not known")
    return name


def _check_head(asked: etree._Element) -> None:
    """The ten elements of the 2025 profile in their order; what an operation adds comes after them."""
    names = [xml.local(child) for child in asked.iterchildren("*")]
    head, rest = names[: len(HEAD_2025)], names[len(HEAD_2025) :]
    if head != list(HEAD_2025):
        raise BadCall("element order: the first seven elements are wrong")
    if (
        len(rest) < 3
        or rest[0] not in {"SoDinhDanh", "SoCMND"}
        or rest[1:3] != ["HoVaTen", "NgayThangNamSinh"]
    ):
        raise BadCall("element order: id, HoVaTen, NgayThangNamSinh are expected")
    if not xml.text(asked, "MaYeuCau"):
        raise BadCall("MaYeuCau is empty")
    if not xml.text(asked, "MaDVC"):
        raise BadCall("MaDVC is empty")
    if not re.fullmatch(r"[0-9]{12}", xml.text(asked, "MaCanBo"), re.ASCII):
        raise BadCall("MaCanBo is not a personal id")
    for name in ("MaTichHop", "MaDonVi", "TaiKhoan", "SoDienThoai"):
        if not xml.text(asked, name):
            raise BadCall(f"{name} is empty")


def _fault_code(words: str) -> str:
    subject = words.partition(" ")[0]
    return {"MaDVC": "MADVC_INVALID", "MaCanBo": "MACANBO_INVALID"}.get(subject, "REQUEST_INVALID")


def _match(call: PeerRequest, asked: etree._Element) -> Person | None:
    """The person whose id, name and birth date are all as asked."""
    number = xml.text(asked, "SoDinhDanh")
    person = call.register.find(number or xml.text(asked, "SoCMND"))
    if person is None or (number and person.personal_id != number):
        return None
    full = xml.text(asked, "NgayThangNamSinh", "NgayThangNam")
    born = xml.birth(person)
    date_ok = (
        full == born.get("NgayThangNam")
        if full
        else xml.text(asked, "NgayThangNamSinh", "Nam") == born["Nam"]
    )
    name_ok = folded(xml.text(asked, "HoVaTen")) == folded(person.full_name)
    return person if date_ok and name_ok else None


def _nobody(operation: str) -> Reply:
    """The answer of each kind of operation without a match."""
    if operation == "XacThucThongTinCongDan":
        return xml.verdict(exists=False)
    if operation in {"TraCuuThongTinCongDan", "CungCapThongTinCongDan", "CungCapThongTinHoGiaDinh"}:
        return xml.collection(())
    flat = {
        "XacMinhTinhTrangHonNhan": MARITAL,
        "XacMinhTinhTrangChetMatTich": LIFE,
        "CungCapThongTinNhomMau": BLOOD,
    }
    return xml.check(flat.get(operation, "KetQuaXacMinh"), {})


def _verbs() -> Mapping[str, Verb]:
    return {
        "TraCuuThongTinCongDan": _look_up,
        "CungCapThongTinCongDan": _look_up,
        "XacThucThongTinCongDan": lambda _call, person, _asked: xml.verdict(exists=not person.blocked),
        "CungCapThongTinHoGiaDinh": _household,
        "XacMinhThongTinNhanThan": _kin,
        "XacMinhThongTinNguoiGiamHo": _guardian,
        "XacMinhThongTinChuHo": _head,
        "XacMinhThongTinNoiOHienTai": _residence,
        "XacMinhTinhTrangHonNhan": _marital,
        "XacMinhTinhTrangChetMatTich": _life,
        "CungCapThongTinNhomMau": _blood,
    }


def _shown(call: PeerRequest, person: Person) -> Person:
    return call.shown(person, [one for one in call.register.people if one.personal_id and not one.blocked])


def _look_up(call: PeerRequest, person: Person, _asked: etree._Element) -> Reply:
    return xml.collection([xml.citizen(_shown(call, person), call.register)])


def _household(call: PeerRequest, person: Person, _asked: etree._Element) -> Reply:
    """Everybody with the same head, `ChuHo` on each; the wrong person is one of another household."""
    strangers = [one for one in call.register.people if one.personal_id and one.head != person.head]
    subject = call.shown(person, strangers)
    members = [one for one in call.register.people if one.head and one.head == subject.head] or [subject]
    return xml.collection([xml.citizen(one, call.register) for one in members])


def _kin(call: PeerRequest, person: Person, asked: etree._Element) -> Reply:
    """Father, mother, spouse or child? `SoDinhDanhNhanThan` names the other."""
    children = [one.key for one in call.register.people if person.key in {one.father, one.mother}]
    kin = (person.father, person.mother, person.spouse, *children)
    return _checked(_is_one_of(call, xml.text(asked, "SoDinhDanhNhanThan"), kin))


def _guardian(call: PeerRequest, person: Person, asked: etree._Element) -> Reply:
    return _checked(_is_one_of(call, xml.text(asked, "SoDinhDanhNguoiGiamHo"), (person.representative,)))


def _is_one_of(call: PeerRequest, number: str, keys: Sequence[str]) -> bool:
    other = call.register.find(number)
    return other is not None and other.key in keys


def _head(_call: PeerRequest, person: Person, _asked: etree._Element) -> Reply:
    return _checked(bool(person.head) and person.head == person.key)


def _residence(_call: PeerRequest, person: Person, asked: etree._Element) -> Reply:
    commune = xml.text(asked, "NoiOHienTai", "MaPhuongXa")
    return _checked(person.current is not None and person.current.commune == commune)


def _checked(yes: bool) -> Reply:  # noqa: FBT001 - the verdict is the whole message
    return xml.check("KetQuaXacMinh", {"KetQua": "true" if yes else "false"})


def _marital(call: PeerRequest, person: Person, _asked: etree._Element) -> Reply:
    one = _shown(call, person)
    return xml.check(MARITAL, {**xml.numbers(one), "TinhTrangHonNhan": xml.marital_code(one)})


def _life(call: PeerRequest, person: Person, _asked: etree._Element) -> Reply:
    """`TrangThai`, and `NgayChet` yyyyMMdd of a registered death."""
    one = _shown(call, person)
    died = compact(one.death.date) if one.life == "dead" and one.death else None
    return xml.check(LIFE, {**xml.numbers(one), "TrangThai": xml.life_code(one), "NgayChet": died})


def _blood(call: PeerRequest, person: Person, _asked: etree._Element) -> Reply:
    one = _shown(call, person)
    return xml.check(BLOOD, {**xml.numbers(one), "NhomMau": one.blood_group})
