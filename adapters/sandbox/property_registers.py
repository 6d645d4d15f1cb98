"""Simulated tax and land registers (databases.md 6.3).

Promises: a tax code of a person never stands in a URL; all answers are of the sandbox's own making.
"""

from adapters.sandbox.wire import Call, Endpoint, Reply, as_json, day_first, get, post, text_of

TAX = "tax"
LAND = "land"


def endpoints() -> tuple[Endpoint, ...]:
    """Taxpayer, proof of a financial obligation, parcel."""
    return (
        post(TAX, "traCuuMST", taxpayer, "/thue/1.0/traCuuMST"),
        get(TAX, "chungTuNghiaVuTaiChinh", obligation, "/thue/1.0/chungTuNghiaVuTaiChinh"),
        get(LAND, "thuaDat", parcel, "/datdai/1.0/thuaDat"),
    )


def taxpayer(call: Call) -> Reply:
    """An enterprise, or since 1 July 2025 a person by his personal id."""
    asked = text_of(call.words(), "mst")
    rows = _taxpayers(call)
    found = next((row for row in rows if row["mst"] == asked), None)
    return as_json({} if found is None else call.shown(found, rows))


def _taxpayers(call: Call) -> list[dict[str, str]]:
    companies = [
        {
            "mst": one["tax_code"],
            "tenNNT": one["name"].upper(),
            "diaChi": call.register.address_text(one["commune"], one["detail"]),
            "trangThai": "NNT đang hoạt động" if one["status"] == "1" else "NNT tạm ngừng hoạt động",
            "coQuanThue": "Thuế tỉnh Hưng Yên",
        }
        for one in call.register.things["enterprises"]
    ]
    people = [
        {
            "mst": one.personal_id,
            "tenNNT": one.full_name.upper(),
            "diaChi": call.register.address_text(one.permanent.commune, one.permanent.detail),
            "trangThai": "NNT đang hoạt động",
            "coQuanThue": "Thuế tỉnh Hưng Yên",
        }
        for one in call.register.people
        if one.personal_id and one.permanent and one.life == "alive"
    ]
    return companies + people


def obligation(call: Call) -> Reply:
    """The proof that a dossier's obligation was paid; `{}` while it was not."""
    found = call.register.thing("vouchers", dossier=call.query.get("maHoSo", ""))
    if found is None:
        return as_json({})
    shown = call.shown(found, call.register.things["vouchers"])
    payer = call.register.by_key[shown["payer"]]
    return as_json(
        {
            "maHoSo": shown["dossier"],
            "soChungTu": shown["number"],
            "ngayNop": day_first(shown["paid_on"]),
            "soTien": int(shown["amount"]),
            "loaiNghiaVu": shown["kind"],
            "nguoiNop": payer.full_name.upper(),
        }
    )


def parcel(call: Call) -> Reply:
    """One parcel by commune, sheet and number; `{}` when there is none."""
    asked = {name: call.query.get(wire, "") for name, wire in _PARCEL_KEYS}
    found = call.register.thing("parcels", **asked)
    if found is None:
        return as_json({})
    shown = call.shown(found, call.register.things["parcels"])
    owners = [(call.register.by_key[row["person"]], row["share"]) for row in shown.rows("owners")]
    return as_json(
        {
            "maXa": shown["commune"],
            "soToBanDo": shown["sheet"],
            "soThuTuThua": shown["number"],
            "dienTich": float(shown["area"]),
            "loaiDat": shown["land_use"],
            "diaChi": call.register.address_text(shown["commune"], shown["detail"]),
            "giayChungNhan": {
                "soPhatHanh": shown["serial"],
                "soVaoSo": shown["register_no"],
                "ngayCap": day_first(shown["issued_on"]),
                "coQuanCap": shown["issued_by"],
            },
            "chuSuDung": [
                {"hoTen": owner.full_name, "soDinhDanh": owner.personal_id, "tyLe": share}
                for owner, share in owners
            ],
            "hanChe": list(shown.texts("restrictions")),
        }
    )


_PARCEL_KEYS = (("commune", "maXa"), ("sheet", "soTo"), ("number", "soThua"))
