"""Simulated tax and land registers (databases.md 6.3).

Promises: a tax code of a person is never in a URL. The words are those of the tax authority's public page, of the
vouchers that the national portal passes on and of the land-data model; that they can be asked is the sandbox's own
making.
"""

from typing import Any

from adapters.sandbox.people import Thing
from adapters.sandbox.wire import (
    PeerOperation,
    PeerRequest,
    Reply,
    as_json,
    compact,
    day_first,
    get,
    post,
    text_of,
)

TAX = "tax"
LAND = "land"


def endpoints() -> tuple[PeerOperation, ...]:
    """Taxpayer, proof of a financial obligation, parcel."""
    return (
        post(TAX, "traCuuMST", taxpayer, "/thue/1.0/traCuuMST"),
        get(TAX, "chungTuNghiaVuTaiChinh", obligation, "/thue/1.0/chungTuNghiaVuTaiChinh"),
        get(LAND, "thuaDat", parcel, "/datdai/1.0/thuaDat"),
    )


def taxpayer(call: PeerRequest) -> Reply:
    """An enterprise, or since 1 July 2025 a person by personal id; an empty list if there is none."""
    asked = text_of(call.words(), "MST")
    rows = _taxpayers(call)
    found = next((row for row in rows if row["MST"] == asked), None)
    return as_json({"DATA": [] if found is None else [call.shown(found, rows)]})


def _taxpayers(call: PeerRequest) -> list[dict[str, Any]]:
    companies = [
        _taxpayer(call, one["tax_code"], one["name"], "Doanh nghiệp", one["commune"], one["detail"])
        | {"TRANG_THAI": "00" if one["status"] == "1" else "05"}
        | {"TEN_TRANG_THAI": "NNT đang hoạt động" if one["status"] == "1" else "NNT tạm ngừng hoạt động"}
        for one in call.register.things["enterprises"]
    ]
    people = [
        _taxpayer(
            call, one.personal_id, one.full_name, "Cá nhân", one.permanent.commune, one.permanent.detail
        )
        for one in call.register.people
        if one.personal_id and one.permanent and one.life == "alive"
    ]
    return companies + people


def _taxpayer(
    call: PeerRequest, code: str, name: str, kind: str, commune: str, detail: str
) -> dict[str, Any]:
    address = {
        "LOAI": "XXDEFAULT",
        "DIA_CHI": call.register.address_text(commune, detail),
        "PHUONG_XA": call.register.communes.get(commune, ""),
        "TINH_TP": "Hưng Yên",
    }
    return {
        "MST": code,
        "TEN_NNT": name.upper(),
        "TEN_LOAI_NNT": kind,
        "TEN_CQT_QLY": "Thuế tỉnh Hưng Yên",
        "TRANG_THAI": "00",
        "TEN_TRANG_THAI": "NNT đang hoạt động",
        "DKT_DIA_CHI": [address],
    }


def obligation(call: PeerRequest) -> Reply:
    """The payment of a dossier's obligation; without a voucher while there is none."""
    asked = call.query.get("maHoSo", "")
    found = call.register.thing("vouchers", dossier=asked)
    if found is None:
        return as_json({"MaHoSo": asked, "SoChungTu": None})
    shown = call.shown(found, call.register.things["vouchers"])
    payer = call.register.by_key[shown["payer"]]
    return as_json(
        {
            "MaHoSo": shown["dossier"],
            "SoChungTu": shown["number"],
            "HoTenNguoiNopTien": payer.full_name.upper(),
            "SoCMTNguoiNopTien": payer.personal_id,
            "MaSoThue": payer.personal_id,
            "LoaiNghiaVu": _OBLIGATIONS[shown["kind"]],
            "ThongTinThanhToan": {
                "MaThongBaoThue": shown["notice"],
                "ThoiGianThanhToan": f"{compact(shown['paid_on'])}093000" if shown["paid_on"] else None,
                "SoTien": int(shown["amount"]),
                "TrangThaiThanhToan": "1" if shown["paid_on"] else "0",
            },
            "ThuaDat": _place(shown) if shown["number_of_parcel"] else None,
        }
    )


def _place(voucher: Thing) -> dict[str, str]:
    return {
        "maXa": voucher["commune"],
        "soHieuToBanDo": voucher["sheet"],
        "soThuTuThua": voucher["number_of_parcel"],
    }


def parcel(call: PeerRequest) -> Reply:
    """One parcel by commune, sheet and number; without its record when there is none."""
    asked = {name: call.query.get(wire, "") for name, wire in _PARCEL_KEYS}
    found = call.register.thing("parcels", **asked)
    if found is None:
        return as_json({"DC_ThuaDat": None})
    shown = call.shown(found, call.register.things["parcels"])
    owners = [call.register.by_key[key] for key in shown.texts("owners")]
    return as_json(
        {
            "DC_ThuaDat": {
                **{wire: shown[name] for name, wire in _PARCEL_KEYS},
                "dienTich": float(shown["area"]),
                "dienTichPhapLy": float(shown["area"]),
                "diaChi": call.register.address_text(shown["commune"], shown["detail"]),
            },
            "DC_MucDichSuDung": [{"maMucDichSuDung": code} for code in shown.texts("land_use")],
            "DC_GiayChungNhan": {
                "soPhatHanh": shown["serial"],
                "soVaoSo": shown["register_no"],
                "donViCap": shown["issued_by"],
                "ngayCap": day_first(shown["issued_on"]),
                "trangThai": _CERTIFICATES[shown["state"]],
            },
            "DC_CaNhan": [
                {"hoTen": one.full_name, "namSinh": one.birth_date[:4], "maSoDinhDanh": one.personal_id}
                for one in owners
            ],
            "ListHanCheQuyen": list(shown.texts("restrictions")),
        }
    )


_PARCEL_KEYS = (("commune", "maXa"), ("sheet", "soHieuToBanDo"), ("number", "soThuTuThua"))
_CERTIFICATES = {"in_force": "1", "withdrawn": "2", "replaced": "3", "cancelled": "4"}
_OBLIGATIONS = {
    "land_use_fee": "1",
    "registration_fee": "2",
    "land_tax": "3",
    "personal_income_tax": "4",
    "other": "5",
}
