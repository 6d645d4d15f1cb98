"""Simulated ministry portal (national-portal.md D): token, number, file, dossier, progress, statuses over REST.

Promises: HTTP statuses of the facts' table (200, 400, 401, 403, 404; 502 by misbehaviour); error texts name fields.
Paths, the shape of errors and the answer to a second create: sandbox, one client's documents are all there is.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from adapters.sandbox.portal import MINISTRY
from adapters.sandbox.wire import BadCall, PeerOperation, PeerRequest, Reply, as_json, get, post

CLIENT = "sandbox"
SECRET = "sandbox-secret-ministry_portal"  # published: this is a simulation
TOKEN_SECONDS = 3600
#: a client that may look but not write
READER = "sandbox-reader"
_NEEDED = (
    "MaHoSo", "MaTTHC", "ChuHoSo", "MaDonViTiepNhan", "NgayNop", "ThongTinNguoiNop",
)  # fmt: skip
_STATUSES = range(1, 11)


def endpoints() -> tuple[PeerOperation, ...]:
    """The six steps."""
    upload = PeerOperation(
        source=MINISTRY, operation="TaiTepTin", method="POST", paths=["/api/TaiTepTin"], handler=take_file, uploads=True
    )  # fmt: skip
    return (
        post(MINISTRY, "token", token, "/token", opens=True),
        get(MINISTRY, "LaySoHoSo", next_number, "/api/LaySoHoSo"),
        upload,
        post(MINISTRY, "NoiHoSo", take_dossier, "/api/NoiHoSo"),
        post(MINISTRY, "CapNhatTienTrinh", take_progress, "/api/CapNhatTienTrinh"),
        post(MINISTRY, "CapNhatTrangThai", take_statuses, "/api/CapNhatTrangThai"),
    )


def token(call: PeerRequest) -> Reply:
    """`client_id` and `client_secret` as JSON."""
    words = call.words()
    if words.get("client_id") not in {CLIENT, READER} or words.get("client_secret") != SECRET:
        return _fault(401, "client_id hoặc client_secret không đúng")
    scope = MINISTRY if words["client_id"] == CLIENT else READER
    issued = call.tokens.issue(scope, TOKEN_SECONDS)
    return as_json({"access_token": issued, "token_type": "Bearer", "expires_in": TOKEN_SECONDS})


def next_number(call: PeerRequest) -> Reply:
    """The next dossier code of a unit for a procedure: K.1, ministry form."""
    if (refusal := _refusal(call)) is not None:
        return refusal
    unit, procedure = call.query.get("maDonVi", ""), call.query.get("maTTHC", "")
    if not unit or not procedure:
        return _fault(400, "thiếu maDonVi hoặc maTTHC")
    key = f"{unit}-{call.portal.today()}"
    call.portal.numbers[key] += 1
    return as_json({"value": f"{key}-{call.portal.numbers[key]:07d}"})


def take_file(call: PeerRequest) -> Reply:
    """A file in the multipart field `files`: its id and digest."""
    if (refusal := _refusal(call)) is not None:
        return refusal
    files = [one for one in call.uploads if one.field == "files"]
    if not files:
        return _fault(400, "thiếu files")
    rows = []
    for one in files:
        uid = f"{one.digest[:8]}-{len(call.portal.uploads):08d}"
        if call.stores:
            call.portal.uploads[uid] = (one.digest, one.size)
        rows.append({"IdTepTin": uid, "HashTepTin": one.digest})
    return as_json({"data": [{"response": {"data": rows}}]})


def take_dossier(call: PeerRequest) -> Reply:
    """`NoiHoSo`: a new dossier; a code that is there is a 400 that names the dossier."""
    if (refusal := _refusal(call)) is not None:
        return refusal
    words = call.words()
    for name in _NEEDED:
        if not words.get(name):
            return _fault(400, f"thiếu {name}")
    if (fault := _faults(call, words)) is not None:
        return fault
    code = str(words["MaHoSo"])
    book = call.portal.ledgers[MINISTRY]
    data = {"idHoSo": _id_of(code), "maHoSo": code}
    if code in book.entries or call.says_exists:
        if code in book.entries:
            book.entries[code].refused += 1
        return as_json({"message": f"{code} đã tồn tại", "data": data}, 400)
    if call.stores:
        book.create(code, day=str(words["NgayNop"])[:10].replace("-", ""), status="1", fields=words)
    return as_json({"message": "Thành công", "data": data})


def _faults(call: PeerRequest, words: Mapping[str, Any]) -> Reply | None:
    """What is wrong inside a dossier; None when nothing is."""
    if type(words.get("LoaiDoiTuong")) is not int or words["LoaiDoiTuong"] not in range(3):
        return _fault(400, "LoaiDoiTuong không phải là 0, 1 hoặc 2")
    try:
        datetime.strptime(str(words["NgayNop"]), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 -- a check of the form
    except ValueError:
        return _fault(400, "NgayNop không theo dạng yyyy-MM-dd HH:mm:ss")
    for part in words.get("ThanhPhanHoSo") or ():
        if "LoaiBan" in part and (type(part["LoaiBan"]) is not int or part["LoaiBan"] not in range(3)):
            return _fault(400, "LoaiBan không phải là 0, 1 hoặc 2")
        for paper in part.get("GiayToDinhKem") or ():
            held = call.portal.uploads.get(str(paper.get("IdGiayTo") or ""))
            if paper.get("IdGiayTo") and (held is None or held[0] != paper.get("HashTepTin")):
                return _fault(400, "IdGiayTo và HashTepTin không khớp tệp đã tải")
    return None


def take_progress(call: PeerRequest) -> Reply:
    """`CapNhatTienTrinh`: an array of steps."""
    return _steps(call, "IDHoSo", ("NguoiXuLy", "ThoiDiemXuLy", "NoiDungXuLy"))


def take_statuses(call: PeerRequest) -> Reply:
    """`CapNhatTrangThai`: an array of statuses."""
    return _steps(call, "IdHoSo", ())


def _steps(call: PeerRequest, id_field: str, needed: Sequence[str]) -> Reply:
    if (refusal := _refusal(call)) is not None:
        return refusal
    rows, book = _rows(call), call.portal.ledgers[MINISTRY]
    for row in rows:
        missing = [name for name in (id_field, "MaHoSo", "TrangThai", *needed) if row.get(name) in {None, ""}]
        if missing:
            return _fault(400, f"thiếu {missing[0]}")
        if type(row["TrangThai"]) is not int or row["TrangThai"] not in _STATUSES:
            return _fault(400, "TrangThai không nằm trong danh mục")
        if row["MaHoSo"] not in book.entries or row[id_field] != _id_of(row["MaHoSo"]):
            return _fault(400, "hồ sơ không tồn tại")
    for row in rows if call.stores else ():
        status = str(row["TrangThai"])
        if id_field == "IDHoSo":
            book.progress(row["MaHoSo"], status=status, at=str(row["ThoiDiemXuLy"]), row=row)
        else:
            book.notice(row["MaHoSo"], status=status, at="", row=row)
    return as_json({"message": "Thành công"})


def _rows(call: PeerRequest) -> list[dict[str, Any]]:
    try:
        rows = orjson.loads(call.body)
    except ValueError as error:
        raise BadCall("body is not JSON") from error
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise BadCall("body is no array of objects")
    return rows


def _id_of(code: str) -> str:
    return f"HS-{code}"


def _refusal(call: PeerRequest) -> Reply | None:
    """401 without a good token, 403 for a client without the right; None for the others."""
    given = call.headers.get("authorization", "").removeprefix("Bearer ")
    if call.tokens.valid(READER, given):
        return _fault(403, "không có quyền")
    return None if call.bearer_valid() else _fault(401, "token không hợp lệ")


def _fault(status: int, message: str) -> Reply:
    return as_json({"message": message}, status)
