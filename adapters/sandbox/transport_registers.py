"""Simulated vehicle and driving-licence registers (databases.md 6.2, 6.3).

Promises: the vehicle register needs its log-in token; the answers of both are of the sandbox's own making.
"""

from adapters.sandbox.people import Licence, Person
from adapters.sandbox.wire import PeerOperation, PeerRequest, Reply, as_json, day_first, get, holding, post

VEHICLE = "vehicle"
LICENCE = "driving_licence"
USERNAME = "sandbox"
VEHICLE_SECRET = "sandbox-secret-vehicle"  # published: this is a simulation
TOKEN_SECONDS = 18_000


def endpoints() -> tuple[PeerOperation, ...]:
    """Log-in and look-up of vehicles; look-up of licences."""
    return (
        post(VEHICLE, "login", login, "/dvcsv/auth/login", opens=True),
        get(VEHICLE, "ttxe", vehicle, "/dvcsv/tracuu/ttxe/{plate}/{frame}/{kind}/{plate_kind}"),
        post(LICENCE, "traCuu", licence, "/gplx/1.0/traCuu", "/gplx/traCuu"),
    )


def login(call: PeerRequest) -> Reply:
    """A session token for user name and password."""
    words = call.words()
    if words.get("username") != USERNAME or words.get("password") != VEHICLE_SECRET:
        return as_json({"maLoi": "401", "moTa": "Sai tài khoản hoặc mật khẩu"}, 401)
    return as_json({"token": call.tokens.issue(VEHICLE), "expiresIn": TOKEN_SECONDS})


def vehicle(call: PeerRequest) -> Reply:
    """One vehicle by plate and frame number; without either when they do not belong together."""
    if not call.bearer_valid():
        return as_json({"maLoi": "401", "moTa": "Phiên làm việc hết hạn"}, 401)
    found = call.register.thing("vehicles", plate=call.match["plate"], frame_number=call.match["frame"])
    if found is None:
        return as_json({"bienSo": None, "soKhung": None})
    shown = call.shown(found, call.register.things["vehicles"])
    owner = call.register.by_key[shown["owner"]]
    return as_json(
        {
            "bienSo": shown["plate"],
            "soKhung": shown["frame_number"],
            "loaiXe": shown["kind"],
            "mauBien": shown["plate_kind"],
            "nhanHieu": shown["brand"],
            "mauSon": shown["colour"],
            "ngayDangKy": day_first(shown["registered_on"]),
            "chuXe": owner.full_name.upper(),
            "soDinhDanhChuXe": owner.personal_id,
            "trangThai": {"active": "1", "withdrawn": "2", "paused": "3"}[shown["state"]],
        }
    )


def licence(call: PeerRequest) -> Reply:
    """The licence of a person; without a number when there is none."""
    found = holding(call, "SoDinhDanh", lambda one: one.licence)
    return as_json(
        {"SoDinhDanh": call.words()["SoDinhDanh"], "SoGPLX": None} if found is None else _licence(*found)
    )


def _licence(person: Person, held: Licence) -> dict[str, object]:
    return {
        "SoGPLX": held.number,
        "SoSeri": held.serial,
        "SoDinhDanh": person.personal_id,
        "HoTen": person.full_name.upper(),
        "NgaySinh": day_first(person.birth_date),
        "HangGPLX": ",".join(held.classes),
        "NgayCapGPLX": day_first(held.issued_on),
        "NgayHHGPLX": day_first(held.expires_on) or None,
        "VoThoiHan": "0" if held.expires_on else "1",
        "NoiCapGPLX": held.issued_by,
        "NgayTTGPLX": day_first(held.passed_on),
        "DiemConLai": int(held.points),
        "TrangThai": _LICENCE_STATES[held.state],
    }


_LICENCE_STATES = {"valid": "1", "expired": "2", "revoked": "3", "suspended": "4", "replaced": "5"}
