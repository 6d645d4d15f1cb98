"""What the simulated national bus demands of a message (national-portal.md A.6, A.7, A.8, A.10).

Promises: the first fault is named by its place in the message, never by its value. Codes of faults: sandbox.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

#: sandbox: the portal publishes no table of its codes but 0, 3 and -3
BAD_MESSAGE = "2"
UNKNOWN_DOSSIER = "4"
#: code of `TrangThaiHoSo` -> its name (K.3)
STATUSES: Mapping[str, str] = {
    "1": "Mới đăng ký", "2": "Được tiếp nhận", "3": "Không được tiếp nhận", "4": "Đang xử lý",
    "5": "Yêu cầu bổ sung giấy tờ", "6": "Yêu cầu thực hiện nghĩa vụ tài chính", "7": "Công dân yêu cầu rút hồ sơ",
    "8": "Dừng xử lý", "9": "Đã xử lý xong", "10": "Đã trả kết quả",
}  # fmt: skip
_STATUS_CODES = frozenset(STATUSES)


class BusRefusal(Exception):
    """The bus refuses the message: `code` and what it says in `message`."""

    def __init__(self, code: str, message: str) -> None:
        """`message` names places and codes of dossiers, no person."""
        super().__init__(message)
        self.code = code
        self.message = message


_UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_YES_NO = frozenset("01")
#: required, not empty
_NEEDED = (
    "MaHoSo", "MaTTHC", "TenTTHC", "MaLinhVuc", "TenLinhVuc", "LoaiDoiTuong", "TrichYeuHoSo", "TrangThaiHoSo",
    "HinhThuc", "DonViXuLy",
)  # fmt: skip
#: required, may be empty
_PRESENT = ("KenhThucHien", "Email", "SoDienThoai", "NgayTiepNhan", "NgayHenTra")
#: statuses of a dossier that nobody received: newly submitted, refused, withdrawn
_NOT_RECEIVED = frozenset("137")
#: fields of 2022 and later; their required mark is inferred
_SINCE_2022 = (
    "NoiNopHoSo", "HoSoCoThanhPhanSoHoa", "TaiKhoanDuocXacThucVoiVNeID", "DuocThanhToanTrucTuyen",
)  # fmt: skip
_LISTS_SINCE_2022 = ("DinhDanhCHS", "DSKetNoiCSDL")
_PRESENT_SINCE_2022 = ("NgayNopHoSo", *_LISTS_SINCE_2022)
_LISTS = (
    "TaiLieuNop", "DanhSachLePhi", "DanhSachTepDinhKemKhac", "DanhSachHoSoBoSung", "DanhSachGiayToKetQua",
    *_LISTS_SINCE_2022,
)  # fmt: skip
_DATES = ("NgayTiepNhan", "NgayHenTra", "NgayTra", "NgayKetThucXuLy", "NgayTuChoi", "NgayNopHoSo")
_ONE_OF: Mapping[str, frozenset[str]] = {
    "KenhThucHien": frozenset("123"), "LoaiDoiTuong": frozenset("1234"), "TrangThaiHoSo": _STATUS_CODES,
    "HinhThuc": _YES_NO,
    "NoiNopHoSo": frozenset("12"), "HoSoCoThanhPhanSoHoa": _YES_NO, "TaiKhoanDuocXacThucVoiVNeID": _YES_NO,
    "DuocThanhToanTrucTuyen": frozenset("0123"),
}  # fmt: skip
#: `TenTTHC`: the facts say that too long a name breaks the call, the number is the sandbox's
_LIMITS = {"TrichYeuHoSo": 1000, "GhiChu": 2000, "TenTTHC": 1000}
_TEXTS = (
    "SoBienNhan", "SoGiayToChuHoSo", "ChuHoSo", "MaDoiTuong", "ThongTinKhac", "Fax", "ThongTinTra", "GhiChu",
    *_NEEDED, *_PRESENT, *_DATES, *_SINCE_2022,
)  # fmt: skip
_PAPER_CHOICES: Mapping[str, frozenset[str]] = {
    "IsDeleted": frozenset({"True", "False"}), "DuocSoHoa": _YES_NO, "DuocTaiSuDung": frozenset("012"),
    "DuocLayTuKhoDMQG": _YES_NO,
}  # fmt: skip
KNOWN_FIELDS = frozenset((*_TEXTS, *_LISTS))


def check_dossier(item: Mapping[str, Any], at: str, *, since_2022: bool) -> None:
    """One item of `DongBoHoSoMC`. Raises BusRefusal; `since_2022` demands the fields of 2022 and later."""
    _texts(item, _TEXTS, at)
    _required(item, (*_NEEDED, *(_SINCE_2022 if since_2022 else ())), at)
    _present(item, (*_PRESENT, *(_PRESENT_SINCE_2022 if since_2022 else ())), at)
    _choices(item, _ONE_OF, at)
    if item["TrangThaiHoSo"] not in _NOT_RECEIVED:
        _required(item, ("NgayTiepNhan",), at)
    for name in _DATES:
        _date(item, name, at)
    _limits(item, _LIMITS, at)
    if item.get("MaDoiTuong") and item.get("KenhThucHien") != "2":
        raise BusRefusal(BAD_MESSAGE, f"{at}.MaDoiTuong chỉ dùng khi KenhThucHien là 2")
    for name in _LISTS:
        for place, row in _rows(item, name, at):
            if check := _ITEMS.get(name):
                check(row, place)


def _submitted_paper(row: Mapping[str, Any], at: str) -> None:
    _texts(row, ("TepDinhKemId", "TenTepDinhKem", "MaThanhPhanHoSo", "MaKetQuaThayThe", *_PAPER_CHOICES), at)
    _required(row, ("IsDeleted", "DuocSoHoa", "DuocTaiSuDung", "DuocLayTuKhoDMQG"), at)
    _choices(row, _PAPER_CHOICES, at)
    _limits(row, {"TenTepDinhKem": 4000}, at)
    # what stayed on paper, or is reused, has no file of its own (sandbox rule)
    if row.get("DuongDanTaiTepTin") or (row["DuocSoHoa"], row["DuocTaiSuDung"]) == ("1", "0"):
        _url(row, "DuongDanTaiTepTin", at)


def _result_paper(row: Mapping[str, Any], at: str) -> None:
    _texts(row, ("TenGiayTo", "MaThanhPhanHoSo", "GiayToId", "MaGiayToKetQua"), at)
    _required(row, ("TenGiayTo",), at)
    _limits(row, {"TenGiayTo": 2000}, at)
    _url(row, "DuongDanTepTinKetQua", at)


def _other_file(row: Mapping[str, Any], at: str) -> None:
    _required(row, ("TenGiayTo",), at)
    for name in ("SoLuong", "LoaiGiayTo"):
        _typed(row, name, int, at)


def _supplement(row: Mapping[str, Any], at: str) -> None:
    _typed(row, "HoSoBoSungId", int, at)
    _typed(row, "TrangThaiBoSung", bool, at)
    for name in ("NgayBoSung", "NgayTiepNhanBoSung", "NgayHenTraTruoc", "NgayHenTraMoi"):
        _date(row, name, at)
    for place, paper in _rows(row, "DanhSachGiayToBoSung", at):
        _submitted_paper(paper, place)


def _owner_id(row: Mapping[str, Any], at: str) -> None:
    _texts(row, ("LoaiDinhDanh", "SoDinhDanh"), at)
    _required(row, ("LoaiDinhDanh", "SoDinhDanh"), at)
    length = {"1": 12, "2": 9}.get(row["LoaiDinhDanh"])
    if length is not None and len(row["SoDinhDanh"]) != length:
        raise BusRefusal(BAD_MESSAGE, f"{at}.SoDinhDanh không đủ {length} chữ số")


_ITEMS: Mapping[str, Callable[[Mapping[str, Any], str], None]] = {
    "TaiLieuNop": _submitted_paper,
    "DanhSachGiayToKetQua": _result_paper,
    "DanhSachTepDinhKemKhac": _other_file,
    "DanhSachHoSoBoSung": _supplement,
    "DinhDanhCHS": _owner_id,
    "DSKetNoiCSDL": lambda row, at: _required(row, ("MaCSDL",), at),
}


def check_progress(item: Mapping[str, Any], at: str) -> None:
    """One item of `CapNhatTienDoHoSoMC`."""
    dates = ("ThoiDiemXuLy", "NgayBatDau", "NgayKetThucTheoQuyDinh")
    needed = ("MaHoSo", "NguoiXuLy", "ThoiDiemXuLy", "NoiDungXuLy", "TrangThai")
    _texts(item, (*needed, *dates, "ChucDanh", "PhongBanXuLy"), at)
    _required(item, needed, at)
    _choices(item, {"TrangThai": _STATUS_CODES}, at)
    _limits(item, {"NguoiXuLy": 50}, at)
    for name in dates:
        _date(item, name, at)


def check_status_notice(data: object, kind: object) -> Mapping[str, Any]:
    """The object of `DongBoTrangThaiHoSo`; 11 is a refusal of one client."""
    at = "data"
    if kind != "2":
        raise BusRefusal(BAD_MESSAGE, "type không phải là 2")
    if not isinstance(data, dict):
        raise BusRefusal(BAD_MESSAGE, "data không phải là một đối tượng")
    needed = ("TrangThai", "MaHoSo", "NgayXuLy")
    _texts(data, (*needed, "MaHoSoDonVi", "MaDoiTuong", "NoiDung"), at)
    _required(data, needed, at)
    _present(data, ("MaHoSoDonVi",), at)  # a dossier that was refused has none
    _choices(data, {"TrangThai": _STATUS_CODES | {"11"}}, at)
    _date(data, "NgayXuLy", at)
    for place, row in _rows(data, "TaiLieuXuLy", at):
        _required(row, ("TenTepDinhKem",), place)
        _url(row, "DuongDanTaiTepTin", place)
    return data


_PERCENT = (
    "PhanTramDanhGiaRatHaiLong", "PhanTramDanhGiaHaiLong", "PhanTramDanhGiaChuaHaiLong",
    "PhanTramDanhGiaDichVuRatHaiLong", "PhanTramDanhGiaDichVuHaiLong", "PhanTramDanhGiaDichVuChuaHaiLong",
)  # fmt: skip
#: operation -> fields that each item must have
PUSHES: Mapping[str, Sequence[str]] = {
    "DongBoDanhGia": ("NgayTongHop", *_PERCENT, "MaThuTuc", "Madonvi", "TenDonVi"),
    "DongBoHoiDap": ("HOIDAPID", "MaLinhVuc", "NOIDUNG", "MADONVI", "TENDONVI"),
    "DongBoKetQuaHoiDapGuiTuDVCQG": ("HOIDAPID", "MADONVI", "NGUOITRALOI", "NGAYTRALOI", "NOIDUNGTRALOI"),
}


def check_push(operation: str, item: Mapping[str, Any], at: str) -> None:
    """One item of an evaluation or of the Q&A set."""
    _present(item, PUSHES[operation], at)
    if operation == "DongBoDanhGia":
        _typed(item, "TongSoNguoiDanhGia", int, at)
        for name in _PERCENT:
            if not str(item[name]).endswith("%"):
                raise BusRefusal(BAD_MESSAGE, f"{at}.{name} không có dấu %")


def items_of(words: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The objects of `data`, at least one."""
    data = words.get("data")
    if not isinstance(data, list) or not data or not all(isinstance(one, dict) for one in data):
        raise BusRefusal(BAD_MESSAGE, "data không phải là danh sách đối tượng")
    return data


def _required(item: Mapping[str, Any], names: Sequence[str], at: str) -> None:
    for name in names:
        if item.get(name) is None or item[name] == "":
            raise BusRefusal(BAD_MESSAGE, f"{at}.{name} bắt buộc")


def _present(item: Mapping[str, Any], names: Sequence[str], at: str) -> None:
    for name in names:
        if name not in item:
            raise BusRefusal(BAD_MESSAGE, f"{at}.{name} không có")


def _texts(item: Mapping[str, Any], names: Sequence[str], at: str) -> None:
    for name in names:
        value = item.get(name)
        if value is not None and not isinstance(value, str):
            raise BusRefusal(BAD_MESSAGE, f"{at}.{name} không phải là chuỗi")


def _choices(item: Mapping[str, Any], choices: Mapping[str, frozenset[str]], at: str) -> None:
    for name, allowed in choices.items():
        value = item.get(name)
        if isinstance(value, str) and value and value not in allowed:
            raise BusRefusal(BAD_MESSAGE, f"{at}.{name} không nằm trong danh mục")


def _limits(item: Mapping[str, Any], limits: Mapping[str, int], at: str) -> None:
    for name, most in limits.items():
        value = item.get(name)
        if isinstance(value, str) and len(value) > most:
            raise BusRefusal(BAD_MESSAGE, f"{at}.{name} dài quá {most} ký tự")


def _typed(item: Mapping[str, Any], name: str, kind: type, at: str) -> None:
    value = item.get(name)
    if value is not None and type(value) is not kind:
        raise BusRefusal(BAD_MESSAGE, f"{at}.{name} không phải là {kind.__name__}")


def _url(item: Mapping[str, Any], name: str, at: str) -> None:
    """An address, or a uid (sandbox): the portal downloads it at the province's door."""
    value = item.get(name)
    if not isinstance(value, str) or not (value.startswith(("http://", "https://")) or is_uid(value)):
        raise BusRefusal(BAD_MESSAGE, f"{at}.{name} không phải là địa chỉ tải được")


def is_uid(text: str) -> bool:
    """Whether a file is named by a uid of 36 characters."""
    return _UID.fullmatch(text) is not None


def _date(item: Mapping[str, Any], name: str, at: str) -> None:
    value = item.get(name)
    if value is None or value == "":
        return
    if not isinstance(value, str) or not is_stamp(value):
        raise BusRefusal(BAD_MESSAGE, f"{at}.{name} không theo dạng yyyyMMddHHmmss")


def is_stamp(text: str) -> bool:
    """Whether a text is a time of the form yyyyMMddHHmmss."""
    if len(text) != 14 or not (text.isascii() and text.isdigit()):
        return False
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:8])
    try:
        datetime(year, month, day, int(text[8:10]), int(text[10:12]), int(text[12:]), tzinfo=UTC)
    except ValueError:
        return False
    return True


def _rows(item: Mapping[str, Any], name: str, at: str) -> Sequence[tuple[str, Mapping[str, Any]]]:
    rows = item.get(name)
    if rows is None:
        return ()
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BusRefusal(BAD_MESSAGE, f"{at}.{name} không phải là danh sách đối tượng")
    return [(f"{at}.{name}[{number}]", row) for number, row in enumerate(rows)]
