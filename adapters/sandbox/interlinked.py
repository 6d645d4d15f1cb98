"""Simulated interlinked groups (national-portal.md F): birth and death dossiers to pull, statuses of VNeID dossiers.

Promises: a dossier is offered until it is acknowledged. Paths other than `hosolienthong/{id}`, the keys inside the JSON
text `data` and the answer to a status push: sandbox.
"""

import base64
import json
from typing import Any

from adapters.sandbox.people import Person, Register
from adapters.sandbox.portal import INTERLINKED, VNEID
from adapters.sandbox.served_files import tiny_pdf
from adapters.sandbox.wire import PeerOperation, PeerRequest, Reply, as_json, compact, get, post, text_of

USERNAME = "sandbox"
SECRET = "sandbox-secret-interlinked"  # published: this is a simulation
TOKEN_SECONDS = 1800
BASE = "/api/lienthongdvclt"
_BIRTH, _DEATH = "2.000986", "2.002622"
_MOST = 3


def endpoints() -> tuple[PeerOperation, ...]:
    """Token, list, fetch, acknowledge and status push of F.1; the status door of F.2."""
    acknowledge = PeerOperation(
        source=INTERLINKED, operation="XacNhanHoSo", method="PUT", paths=[f"{BASE}/hosolienthong"], handler=acknowledged
    )  # fmt: skip
    return (
        post(INTERLINKED, "token", token, f"{BASE}/token", opens=True),
        get(INTERLINKED, "LayDanhSachHoSo", offered, f"{BASE}/LayDanhSachHoSo"),
        get(INTERLINKED, "LayHoSo", fetched, f"{BASE}/hosolienthong/{{id}}"),
        acknowledge,
        post(INTERLINKED, "CapNhatTrangThai", take_status, f"{BASE}/CapNhatTrangThai"),
        post(VNEID, "CapNhatTrangThai", take_record_status, "/api/CapNhatTrangThai"),
    )


def dossiers_of(register: Register, unit: str) -> list[dict[str, Any]]:
    """A handful of dossiers: births of women with a newborn child, deaths that a family reports."""
    mothers = [one for one in register.people if "newborn_mother" in one.traits and one.personal_id][:_MOST]
    dead = [one for one in register.people if one.death and one.personal_id][:_MOST]
    births = [_dossier(unit, number, _BIRTH, "LTKS", one) for number, one in enumerate(mothers, start=1)]
    return births + [
        _dossier(unit, number, _DEATH, "LTKT", one) for number, one in enumerate(dead, start=len(births) + 1)
    ]


def _dossier(unit: str, number: int, procedure: str, module: str, person: Person) -> dict[str, Any]:
    data = {
        "nycHoTen": person.full_name,
        "nycSoDinhDanh": person.personal_id,
        "nycNgaySinh": compact(person.birth_date),
    }
    if person.death is not None and module == "LTKT":
        data = {
            "nktHoTen": person.full_name,
            "nktSoDinhDanh": person.personal_id,
            "nktNgayChet": compact(person.death.date),
        }
    paper = "Giấy chứng sinh" if module == "LTKS" else "Giấy báo tử"
    return {
        "id": str(7000 + number),
        "maDonVi": 14,
        "maTTHC": procedure,
        "module": module,
        "maHoSo": f"{unit}-LT-260105-{number:04d}",
        "ngayTiepNhan": "20260105083000",
        "techId": f"{number:08d}-0000-4000-8000-000000000014",
        "data": json.dumps(data, ensure_ascii=False),
        "fileDinhKem": [
            {
                "id": f"{number}1",
                "loaiGiayTo": "1",
                "tenGiayTo": paper,
                "tenTepDinhKem": f"giay_to_{number}.pdf",
                "huyGiayTo": False,
                "duLieuTepDinhKem": base64.b64encode(tiny_pdf(f"LT{number}")).decode(),
            }
        ],
    }  # fmt: skip


def token(call: PeerRequest) -> Reply:
    """`userName` and `password` for a token."""
    words = call.words()
    if words.get("userName") != USERNAME or words.get("password") != SECRET:
        return as_json({"message": "Sai tài khoản hoặc mật khẩu"}, 401)
    return as_json({
        "token": call.tokens.issue(INTERLINKED, TOKEN_SECONDS),
        "refreshToken": call.tokens.issue(f"{INTERLINKED}.refresh"),
        "refreshTokenExpiryTime": call.portal.stamp(),
    })  # fmt: skip


def offered(call: PeerRequest) -> Reply:
    """The dossiers that nobody acknowledged."""
    if not call.bearer_valid():
        return _unknown_caller()
    book = call.portal.ledgers[INTERLINKED].entries
    waiting = [one for one in call.portal.interlinked if not _acknowledged(book, one["maHoSo"])]
    return as_json(
        {"data": [{k: v for k, v in one.items() if k not in {"data", "fileDinhKem"}} for one in waiting]}
    )


def _acknowledged(book: Any, code: str) -> bool:  # noqa: ANN401 -- entries of a ledger
    return code in book and bool(book[code].acknowledged)


def fetched(call: PeerRequest) -> Reply:
    """One dossier with its files."""
    if not call.bearer_valid():
        return _unknown_caller()
    found = next((one for one in call.portal.interlinked if one["id"] == call.match["id"]), None)
    if found is None:
        return as_json({"message": "Không tìm thấy hồ sơ"}, 404)
    shown = call.shown(found, list(call.portal.interlinked))
    return as_json({k: v for k, v in shown.items() if k != "id"})


def acknowledged(call: PeerRequest) -> Reply:
    """`{maHoSo, daNhan: true}`: the dossier is offered no more."""
    if not call.bearer_valid():
        return _unknown_caller()
    words = call.words()
    code, book = text_of(words, "maHoSo"), call.portal.ledgers[INTERLINKED]
    if words.get("daNhan") is not True or all(one["maHoSo"] != code for one in call.portal.interlinked):
        return as_json({"message": "Không tìm thấy hồ sơ"}, 404)
    if call.stores:
        _entry(call, code).acknowledged += 1
        book.answers["acknowledged"] += 1
    return as_json({"message": "Cập nhật thành công"})


def take_status(call: PeerRequest) -> Reply:
    """A status of an interlinked dossier."""
    if not call.bearer_valid():
        return _unknown_caller()
    words = call.words()
    code = text_of(words, "maHoSo")
    for name in ("maTTHC", "soHoSoLT", "thoiGianThucHien"):
        text_of(words, name)
    if type(words.get("trangThai")) is not int or type(words.get("coQuanXuLy", 0)) is not int:
        return as_json({"message": "trangThai, coQuanXuLy không phải là số"}, 400)
    if all(one["maHoSo"] != code for one in call.portal.interlinked):
        return as_json({"message": "Không tìm thấy hồ sơ"}, 404)
    if call.stores:
        _entry(call, code)
        call.portal.ledgers[INTERLINKED].notice(
            code, status=str(words["trangThai"]), at=str(words["thoiGianThucHien"]), row=words
        )
    return as_json({"message": "Cập nhật thành công"})


def _entry(call: PeerRequest, code: str) -> Any:  # noqa: ANN401 -- an entry of a ledger
    book = call.portal.ledgers[INTERLINKED]
    if code not in book.entries:
        book.create(code, day="20260105", status="1", fields={}, origin="portal")
    return book.entries[code]


def _unknown_caller() -> Reply:
    return as_json({"message": "Phiên làm việc hết hạn"}, 401)


def take_record_status(call: PeerRequest) -> Reply:
    """F.2: a status of a criminal-record dossier; any code is taken, the sandbox sends none itself."""
    words = call.words()
    wrong = next(
        (n for n in ("maTinh", "maHoSoMCDT", "tenTrangThaiXuLy") if not isinstance(words.get(n), str)), ""
    )
    if not wrong and words.get("trangThaiXuLy") not in {str(number) for number in range(1, 11)}:
        wrong = "trangThaiXuLy"
    if wrong:
        return as_json({"statusCode": "01", "data": None, "errorDetail": f"{wrong} không hợp lệ"})
    code, book = words["maHoSoMCDT"], call.portal.ledgers[VNEID]
    if call.stores:
        if code not in book.entries:
            book.create(code, day=call.portal.today(), status="1", fields={}, origin="portal")
        book.notice(code, status=words["trangThaiXuLy"], at="", row=words)
    return as_json({"statusCode": "00", "data": None, "errorDetail": None})
