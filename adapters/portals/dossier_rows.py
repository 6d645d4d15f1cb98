"""A dossier as a row of `TraCuuHoSo` (family A.4; keys seen in the driving-licence service of the same design)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gateway.domain.dates import VIETNAM

#: TrangThaiHoSo (K.3)
NUMBERS: Mapping[str, str] = {
    "submitted": "1", "accepted": "2", "refused": "3", "processing": "4", "supplement_requested": "5",
    "payment_requested": "6", "withdrawn": "7", "stopped": "8", "processed": "9", "handed_over": "10",
}  # fmt: skip


def dossier_row(dossier: Mapping[str, Any]) -> dict[str, str]:
    """The row of a dossier (canonical JSON, defaults left out)."""
    applicant = dossier.get("applicant", {})
    status = str(dossier.get("status", "submitted"))
    return {
        "MaHoSo": dossier["code"],
        "MaTTHC": dossier.get("procedure", ""),
        "HoTenNguoiNop": applicant.get("name", ""),
        "MaTrangThai": NUMBERS.get(status, ""),
        "TrangThaiHoSo": NUMBERS.get(status, dossier.get("status_text", "")),
        "DonViXuLy": dossier.get("unit", ""),
        "MaDonViXuLy": dossier.get("agency", ""),
        "NgayNop": _bus_time(dossier.get("filed_at")),
        "NgayTiepNhan": _bus_time(dossier.get("received_at")),
        "NgayHenTra": _bus_time(dossier.get("due_at")),
        "HinhThucNhanKQ": {"postal": "1"}.get(str(dossier.get("return_method", "")), "0"),
    }


def _bus_time(moment: object) -> str:
    """`yyyyMMddHHmmss` in Việt Nam; blank for none."""
    if not isinstance(moment, str) or not moment:
        return ""
    return datetime.fromisoformat(moment).astimezone(VIETNAM).strftime("%Y%m%d%H%M%S")
