"""Messages of invented dossiers, as a portal or a one-gate system writes them."""

import base64
import itertools
from typing import Any

_numbers = itertools.count(1)
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Count 0/Kids[]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
#: the canary: in no log, error or metric
OWNER = "033196584207"
OWNER_NAME = "Đoàn Thị Hoàng Yến"


def code() -> str:
    return f"H31-QG-7{next(_numbers):05}"


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def envelope(data: dict[str, Any], service: str = "NhanHoSo", *, updating: object = False) -> dict[str, Any]:
    return {"service": service, "isUpdating": updating, "isSync": False, "data": data}


def application(dossier: str, procedure: str = "1.001193", **more: Any) -> dict[str, Any]:
    """Any procedure: the body of family D."""
    return {
        "MaHoSo": dossier, "MaTTHC": procedure, "MaDichVuCong": f"{procedure}.01", "ChuHoSo": OWNER_NAME,
        "LoaiDoiTuong": 0, "MaDonViTiepNhan": "000.00.14.H31", "NgayNop": "2026-11-27 08:30:00", "NgayTiepNhan": "",
        "ThanhPhanHoSo": [{
            "MaThanhPhanHoSo": "000.00.00.G15-GT900001", "TenThanhPhanHoSo": "Giấy chứng sinh", "SoLuong": 1,
            "LoaiBan": 2,
            "GiayToDinhKem": [{
                "IdGiayTo": "", "MaKetQua": "KQ.DVC.THONGTIN", "TenGiayTo": "giay.pdf", "HashTepTin": "",
                "Base64": b64(PDF),
            }],
        }],
        "ThongTinNguoiNop": {"LoaiDoiTuong": 0, "IdDoiTuong": "", "ThongTinChiTiet": {
            "TenNguoiNop": OWNER_NAME, "SoDinhDanh": OWNER, "NgayCapDinhDanh": "", "NgaySinh": "19960214000000",
            "SoDienThoai": "", "Email": "", "Fax": "", "MaTinh": "33", "MaHuyen": "", "MaXa": "", "DiaChiChiTiet": "",
            "TenChuHs": OWNER_NAME, "SoDinhDanhChuHs": OWNER, "MaTinhChuHs": "33", "MaXaChuHs": "",
            "DiaChiChiTietChuHs": "",
        }},
        **more,
    }  # fmt: skip


def promotion(dossier: str, **more: Any) -> dict[str, Any]:
    return {
        "MaHoSo": dossier, "MaTTHC": "9.900001", "MaSoThue": "0900000017", "TenThuongNhan": "Công ty Mẫu",
        "SoVanBan": "01/KM", "NgayNopHoSo": "20261127083000", "NguoiLienHe": OWNER_NAME,
        "DiaChiDoanhNghiep": {"MaTinh": "33", "MaHuyen": "", "MaXa": "", "DiaChiChiTiet": ""},
        "TenChuongTrinhKhuyenMai": "Tri ân khách hàng", "TenTepDonDangKy": "don.pdf", "TepDonDangKy": b64(PDF),
        "TaiLieuNop": [{"TenTepDinhKem": "the_le.pdf", "Base64": b64(PDF)}], **more,
    }  # fmt: skip


def amendment(dossier: str, first: str, **more: Any) -> dict[str, Any]:
    return {
        "MaHoSoQG": dossier, "MaSoThue": "0900000017", "TenThuongNhan": "Công ty Mẫu",
        "ThongTinDaNop": {"MaHoSoQGDNP": first, "SoVanBanDaNopDNP": "01/KM", "NgayNopHoSoDNP": "20261127083000"},
        "ThongTinSuaDoi": {"ThoiGianKhuyenMaiDen": "20270115235959"}, "LyDoDieuChinh": "Kéo dài",
        "NoiDungCamKetKhac": "",
        "TenTepDangKy": "sua_doi.pdf", "URLTepDangKy": "https://files.example/sua_doi.pdf", **more,
    }  # fmt: skip


def voucher(dossier: str, **more: Any) -> dict[str, Any]:
    return {
        "MaHoSo": dossier, "HoTenNguoiNopTien": OWNER_NAME, "SoCMTNguoiNopTien": OWNER, "MaSoThue": OWNER,
        "UrlFileChungTu": "https://files.example/chung_tu.pdf",
        "ThongTinThanhToan": {
            "MaThongBaoThue": "TB-1", "ThoiGianThanhToan": "20261127083000", "SoTien": "1250000",
            "NoiDungThanhToan": "Nộp thuế", "TrangThaiThanhToan": "1",
        }, **more,
    }  # fmt: skip


def notice_xml(*dossiers: str, nested: bool = True) -> bytes:
    cells = (
        f"<MA_SO_THUE>{OWNER}</MA_SO_THUE><SO_QUYET_DINH>12/QD</SO_QUYET_DINH>"
        "<NGAY_QUYET_DINH>27-11-2026</NGAY_QUYET_DINH>"
        "<TEN_TIEUMUC>Lệ phí trước bạ</TEN_TIEUMUC><SO_TIEN>1250000</SO_TIEN>"
    )
    inner = f"<LIST>{cells}</LIST><LIST>{cells}</LIST>" if nested else cells
    rows = "".join(f"<ROW_LIST><MA_HSO>{one}</MA_HSO>{inner}</ROW_LIST>" for one in dossiers)
    return f'<?xml version="1.0" encoding="UTF-8"?><DATA><BODY>{rows}</BODY></DATA>'.encode()


def synced(dossier: str, **more: Any) -> dict[str, Any]:
    """`DongBoHoSoMC`, as in the facts' example."""
    return {
        "MaHoSo": dossier, "MaTTHC": "1.001193.000.00.00.H31", "TenTTHC": "Đăng ký khai sinh", "MaLinhVuc": "G15-HT01",
        "TenLinhVuc": "Hộ tịch", "KenhThucHien": "2", "SoGiayToChuHoSo": OWNER, "ChuHoSo": OWNER_NAME,
        "LoaiDoiTuong": "1",
        "MaDoiTuong": "", "ThongTinKhac": "", "Email": "", "Fax": "", "SoDienThoai": "",
        "TrichYeuHoSo": "Đăng ký khai sinh cho con", "NgayTiepNhan": "20261126083000", "NgayHenTra": "20261128170000",
        "TrangThaiHoSo": "2", "NgayTra": "", "ThongTinTra": "", "HinhThuc": "0", "NgayKetThucXuLy": "",
        "DonViXuLy": "UBND phường Mẫu", "GhiChu": "", "TaiLieuNop": [], "DanhSachLePhi": [],
        "DanhSachTepDinhKemKhac": [], "DanhSachHoSoBoSung": [], "DanhSachGiayToKetQua": [], "NoiNopHoSo": "2",
        "HoSoCoThanhPhanSoHoa": "1", "TaiKhoanDuocXacThucVoiVNeID": "1", "DuocThanhToanTrucTuyen": "0",
        "NgayTuChoi": "",
        "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": OWNER}], "NgayNopHoSo": "20261126081200",
        "DSKetNoiCSDL": [], **more,
    }  # fmt: skip


def posted(dossier: str, **more: Any) -> dict[str, Any]:
    """`POST /v1/dossiers`."""
    return {
        "code": dossier, "procedure": "1.001193", "procedure_title": "Đăng ký khai sinh", "field_code": "G15-HT01",
        "field_title": "Hộ tịch", "channel": "online", "unit": "UBND phường Mẫu", "abstract": "Đăng ký khai sinh",
        "applicant": {"name": OWNER_NAME, "ids": [{"kind": "personal_id", "number": OWNER}], "verified": True},
        "filed_at": "2026-11-26T01:12:00Z", "received_at": "2026-11-26T01:30:00Z", "due_at": "2026-11-28T10:00:00Z",
        "status": "accepted", **more,
    }  # fmt: skip


def step(dossier: str, status: str, at: str, **more: Any) -> dict[str, Any]:
    """A row of `CapNhatTienDoHoSoMC`."""
    return {
        "MaHoSo": dossier, "NguoiXuLy": "Lê Văn Ví Dụ", "ChucDanh": "", "ThoiDiemXuLy": at, "PhongBanXuLy": "",
        "NoiDungXuLy": "Đang xử lý", "TrangThai": status, "NgayBatDau": "", "NgayKetThucTheoQuyDinh": "", **more,
    }  # fmt: skip
