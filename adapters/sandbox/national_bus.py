"""Simulated national portal, service bus "mapi" (national-portal.md A.2 to A.10): login, and one call for all services.

Promises: HTTP 200 for every business error; what is stored is in the ledger. Sandbox: texts of answers, codes other
than 0, 3 and -3, keys of catalogues that nobody has seen, the two listings for reconciliation.
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from adapters.sandbox.bus_rules import (
    BAD_MESSAGE,
    KNOWN_FIELDS,
    PUSHES,
    STATUSES,
    UNKNOWN_DOSSIER,
    BusRefusal,
    check_dossier,
    check_progress,
    check_push,
    check_status_notice,
    items_of,
)
from adapters.sandbox.ledger import LedgerEntry, digest_of
from adapters.sandbox.portal import BUS, PortalProcedure
from adapters.sandbox.wire import BadCall, PeerOperation, PeerRequest, Reply, post

SECRET = "sandbox-secret-national_bus"  # published: this is a simulation
DSTCODE = "VN:GOV:000.00.00.G22:vpcpdvcprovider"
ADAPTERS = ("/XrdAdapter/RestService/forward", "/VXPAdapter/RestService/forward")
DONE = "Thành công"
#: sandbox: nobody has seen these codes
WRONG_LOGIN = "1"
NO_SESSION = "5"
NO_SERVICE = "6"
#: most rows of a page of the listing by day
_MOST_ROWS = 500

BusWords = Mapping[str, Any]
Service = Callable[[PeerRequest, BusWords], dict[str, Any]]


def endpoints() -> tuple[PeerOperation, ...]:
    """Login and the generic call, below either adapter or at once."""
    calls = [f"{base}/mapi/{verb}" for base in ("", *ADAPTERS) for verb in ("g", "integration", "share")]
    return (
        post(BUS, "login", login, *(f"{base}/mapi/login" for base in ("", *ADAPTERS)), opens=True),
        PeerOperation(
            source=BUS, operation="", method="POST", paths=calls, handler=call_service, named_by=_service_name
        ),
    )


def login(call: PeerRequest) -> Reply:
    """A session for a unit account: any name, the sandbox's secret."""
    _route(call)
    words = _object(call.body)
    if not words.get("username") or words.get("password") != SECRET:
        return answered({"error_code": -1, "message": "Sai tài khoản hoặc mật khẩu"})
    session = call.tokens.issue(BUS, call.portal.settings.session_seconds)
    return answered({"error_code": 0, "message": "OK", "session": session})


def call_service(call: PeerRequest) -> Reply:
    """The generic call: session, unit, then the service of the body."""
    _route(call)
    try:
        words = _object(call.body)
        if not call.tokens.valid(BUS, str(words.get("session") or "")):
            return refused(
                call, BusRefusal(NO_SESSION, "Phiên làm việc (session) không tồn tại hoặc hết hạn")
            )
        _wanted(words, "madonvi")
        return answered(serve(call, words))
    except BusRefusal as refusal:
        return refused(call, refusal)


def serve(call: PeerRequest, words: BusWords) -> dict[str, Any]:
    """The answer of a service to a call that was let in. Raises BusRefusal."""
    service = _SERVICES.get(str(words.get("service")))
    if service is None:
        raise BusRefusal(NO_SERVICE, "Không có dịch vụ này")
    answer = {"error_code": call.portal.code("0"), "message": DONE, **service(call, words)}
    call.portal.bus.answers["0"] += 1
    return answer


def services() -> frozenset[str]:
    """Names of the services."""
    return frozenset(_SERVICES)


def refused(call: PeerRequest, refusal: BusRefusal) -> Reply:
    """A business error, with HTTP 200."""
    return answered(refusal_words(call, refusal))


def refusal_words(call: PeerRequest, refusal: BusRefusal) -> dict[str, Any]:
    """A business error as the bus writes it; counted."""
    call.portal.bus.answers[refusal.code] += 1
    return {"error_code": call.portal.code(refusal.code), "message": refusal.message}


def answered(words: Mapping[str, Any]) -> Reply:
    """An answer of the bus."""
    return Reply(body=orjson.dumps(words))


def _service_name(call: PeerRequest) -> str:
    try:
        name = orjson.loads(call.body)["service"]
    except (ValueError, TypeError, KeyError):
        return "unknown"
    return name if isinstance(name, str) and name in _SERVICES else "unknown"


def _route(call: PeerRequest) -> None:
    """The adapter wants to know whom to forward to: `dstcode` in the query or in a header."""
    given = call.query.get("dstcode") or call.headers.get("dstcode", "")
    if given != DSTCODE and (given or "/RestService/" in call.url):
        raise BadCall(f"dstcode is not {DSTCODE}")


def _object(body: bytes) -> BusWords:
    try:
        loaded = orjson.loads(body)
    except ValueError as error:
        raise BusRefusal(BAD_MESSAGE, "không phải là JSON") from error
    if not isinstance(loaded, dict):
        raise BusRefusal(BAD_MESSAGE, "không phải là đối tượng JSON")
    return loaded


# ------------------------------------------------------------------------------------------------ dossiers


def _sync(call: PeerRequest, words: BusWords) -> dict[str, Any]:
    """`DongBoHoSoMC`: all items or none (sandbox rule)."""
    updating = words.get("isUpdating")
    if updating not in {"True", "False"}:
        raise BusRefusal(BAD_MESSAGE, 'isUpdating phải là chuỗi "True" hoặc "False"')
    items = items_of(words)
    for number, item in enumerate(items):
        check_dossier(item, f"data[{number}]", since_2022=call.portal.settings.fields_since_2022)
    _updatable(call, items) if updating == "True" else _creatable(call, items)
    if call.stores:
        for item in items:
            _store(call, item, updating=updating == "True")
    return {}


def _creatable(call: PeerRequest, items: list[BusWords]) -> None:
    seen: set[str] = set()
    for item in items:
        code = item["MaHoSo"]
        known = call.portal.bus.entries.get(code)
        if known is not None:
            known.refused += 1
        if known is not None or call.says_exists or code in seen:
            raise BusRefusal(call.portal.settings.exists_code, f"{code} đã tồn tại")
        seen.add(code)


def _updatable(call: PeerRequest, items: list[BusWords]) -> None:
    for item in items:
        _known(call, item["MaHoSo"])


def _known(call: PeerRequest, code: str) -> LedgerEntry:
    entry = call.portal.bus.entries.get(code)
    if entry is None:
        raise BusRefusal(UNKNOWN_DOSSIER, f"{code} không tồn tại")
    return entry


def _store(call: PeerRequest, item: BusWords, *, updating: bool) -> None:
    bus, code, status = call.portal.bus, item["MaHoSo"], item["TrangThaiHoSo"]
    call.portal.strange_fields.update(item.keys() - KNOWN_FIELDS)
    if updating:
        bus.update(code, status=status, fields=item)
    else:
        filed = item.get("NgayNopHoSo") or item["NgayTiepNhan"] or call.portal.stamp()
        bus.create(code, day=filed[:8], status=status, fields=item)


def _progress(call: PeerRequest, words: BusWords) -> dict[str, Any]:
    items = items_of(words)
    for number, item in enumerate(items):
        check_progress(item, f"data[{number}]")
    for item in items:
        _known(call, item["MaHoSo"])
    if call.stores:
        for item in items:
            call.portal.bus.progress(
                item["MaHoSo"], status=item["TrangThai"], at=item["ThoiDiemXuLy"], row=item
            )
    return {"message": "Cập nhật tiến độ thành công"}


def _status_notice(call: PeerRequest, words: BusWords) -> dict[str, Any]:
    data = check_status_notice(words.get("data"), words.get("type"))
    code, bus = data["MaHoSo"], call.portal.bus
    if call.portal.settings.known_notices_only:
        _known(call, code)
    if call.stores:
        if code not in bus.entries:
            bus.create(code, day=call.portal.today(), status="1", fields={}, origin="portal")
        bus.notice(code, status=data["TrangThai"], at=data["NgayXuLy"], row=data)
    return {"message": "Đồng bộ trạng thái thành công"}


def _look_up(call: PeerRequest, words: BusWords) -> dict[str, Any]:
    code = _wanted(words, "mahoso")
    entry = call.portal.bus.entries.get(code)
    if entry is None:
        return {"result": []}
    shown = call.shown(entry, call.portal.bus.all()) if call.swapped else entry
    return {"result": [_looked_up(shown)]}


def _looked_up(entry: LedgerEntry) -> dict[str, Any]:
    """Keys seen in the sister service."""
    fields = entry.fields
    return {
        "MaDVC": "",
        "TenDVC": "",
        "HoTenNguoiNop": fields.get("ChuHoSo") or "",
        **_brief(entry),
        "HinhThucNhanKQ": fields.get("HinhThuc", ""),
    }


def _brief(entry: LedgerEntry) -> dict[str, Any]:
    """The keys that name no person."""
    fields = entry.fields
    return {
        "MaTTHC": fields.get("MaTTHC", ""),
        "MaHoSo": entry.code,
        "MaTrangThai": entry.status,
        "TrangThaiHoSo": STATUSES.get(entry.status, entry.status),
        "DonViXuLy": fields.get("DonViXuLy") or "",
        "MaDonViXuLy": fields.get("MaDonViXuLy") or "",
        "NgayNop": fields.get("NgayNopHoSo") or "",
        "NgayTiepNhan": fields.get("NgayTiepNhan") or "",
        "NgayHenTra": fields.get("NgayHenTra") or "",
    }


def _list_of_day(call: PeerRequest, words: BusWords) -> dict[str, Any]:
    """`DanhSachHoSoTheoNgay` (sandbox): a page of the dossiers filed or last changed on a day, by code."""
    day = _wanted(words, "ngay")
    page, count = _whole(words, "trang", 1), min(_whole(words, "soLuong", 100), _MOST_ROWS)
    rows = [one for one in call.portal.bus.all() if day in {one.day, one.changed_on}]
    rows.sort(key=lambda one: one.code)
    start = (page - 1) * count
    return {
        "tongSo": len(rows),
        "result": [
            {**_brief(one), "MaBam": one.digest, "SoTienDo": len(one.progress)}
            for one in rows[start : start + count]
        ],
    }


def _progress_rows(call: PeerRequest, words: BusWords) -> dict[str, Any]:
    """`DanhSachTienDoHoSo` (sandbox): which progress rows of a dossier arrived."""
    entry = _known(call, _wanted(words, "mahoso"))
    return {
        "result": [
            {"TrangThai": one.status, "ThoiDiemXuLy": one.at, "MaBam": one.digest} for one in entry.progress
        ]
    }


def _wanted(words: BusWords, name: str) -> str:
    value = words.get(name)
    if not isinstance(value, str) or not value:
        raise BusRefusal(BAD_MESSAGE, f"{name} bắt buộc")
    return value


def _whole(words: BusWords, name: str, otherwise: int) -> int:
    text = str(words.get(name) or otherwise)
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 1_000_000):
        raise BusRefusal(BAD_MESSAGE, f"{name} không phải là số dương")
    return int(text)


# ------------------------------------------------------------------------------- persons, evaluations, questions


def _technical_id(call: PeerRequest, words: BusWords) -> dict[str, Any]:
    """The account of a person or of an enterprise: invented from the number."""
    if words.get("provider", "wso2is") != "wso2is":
        raise BusRefusal(BAD_MESSAGE, "provider không phải là wso2is")
    number = _wanted(words, "mstorcmnd")
    person = call.register.find(number)
    known = person is not None or call.register.thing("enterprises", tax_code=number) is not None
    return {"result": [{"TECHNICALID": technical_id(number)}] if known else []}


def technical_id(number: str) -> str:
    """A stable invented account id for a number."""
    digest = digest_of(number)
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"


def _push(operation: str) -> Service:
    def take(call: PeerRequest, words: BusWords) -> dict[str, Any]:
        items = items_of(words)
        for number, item in enumerate(items):
            check_push(operation, item, f"data[{number}]")
        if call.stores:
            call.portal.pushes.setdefault(operation, []).extend(map(digest_of, items))
        return {"message": "Đồng bộ thành công"}

    return take


def _questions(call: PeerRequest, _words: BusWords) -> dict[str, Any]:
    unit = f"000.00.00.{call.portal.catalogue.unit}"
    return {
        "result": [
            {
                "HOIDAPID": one.id,
                "MALINHVUC": one.field,
                "MADONVI": unit,
                "TENDONVI": call.portal.catalogue.agencies[0].title,
                "NOIDUNG": one.text,
                "NOIDUNGTRALOI": one.answer,
                "TRALOIID": f"{one.id}1" if one.answer else "",
                "HOVATEN": "",
                "DIACHI": "",
                "THUDIENTU": "",
                "SODIENTHOAI": "",
                "MATTHCDP": "",
                "TRANGTHAI": "1" if one.answer else "0",
            }
            for one in call.portal.catalogue.questions
        ]
    }


def _answer_to_question(call: PeerRequest, words: BusWords) -> dict[str, Any]:
    wanted = _wanted(words, "cauhoiid")
    found = [one for one in call.portal.catalogue.questions if one.id == wanted and one.answer]
    return {"result": [{"TRALOIID": f"{one.id}1", "NOIDUNGTRALOI": one.answer} for one in found]}


# ---------------------------------------------------------------------------------------------- catalogues


def _procedures(call: PeerRequest, _words: BusWords) -> dict[str, Any]:
    return {
        "result": [{"MATTHC": one.code, "TENTTHC": one.title} for one in call.portal.catalogue.procedures]
    }


def _procedure(call: PeerRequest, words: BusWords) -> dict[str, Any]:
    found = call.portal.catalogue.procedure(_wanted(words, "maTTHC"))
    detail = [] if found is None else [_detail(found, call.portal.catalogue.field_title(found.field))]
    return {"message": "", "result": detail}


def _detail(one: PortalProcedure, field_title: str) -> dict[str, Any]:
    """A.5: what the sandbox does not know is empty."""
    empty = (
        "ID MACOQUANCONGBO LOAITTHC MOTADOITUONGTHUCHIEN DIACHITIEPNHAN QUYETDINH YEUCAU TUKHOA MOTACOQUANTHUCHIEN"
        " MOTACOQUANTHAMQUYEN MOTA TTHCLIENQUAN TTHCLIENTHONG"
    ).split()
    lists = (
        "TRINHTUTHUCHIEN CAPTHUCHIEN DOITUONGTHUCHIEN CANCUPHAPLY COQUANTHUCHIEN COQUANCOTHAMQUYEN"
        " COQUANDUOCUYQUYEN COQUANPHOIHOP"
    ).split()
    papers = [
        {
            "MAGIAYTO": paper.code,
            "TENGIAYTO": paper.title,
            "TENMAUDON": "",
            "URL": "",
            "SOBANCHINH": "1",
            "SOBANSAO": "0",
            "MA_KQ_THAYTHE": paper.replaced_by,
        }
        for paper in one.papers
    ]
    results = [{"MAKETQUA": r.code, "TENKETQUA": r.title, "TENTEP": "", "URL": ""} for r in one.results]
    spell = {"THOIGIANGIAIQUYET": one.days, "DONVITINH": "Ngày làm việc", "MOTA": "", "PHILEPHI": []}
    return {
        **dict.fromkeys(empty, ""),
        **{name: [] for name in lists},
        "IDQUYETDINHCONGBO": f"QD-{one.code}",
        "TRANGTHAI": "1",
        "MATTHC": one.code,
        "TENTTHC": one.title,
        "LINHVUCTHUCHIEN": [{"MALINHVUC": one.field, "TENLINHVUC": field_title}],
        "CACHTHUCTHUCHIEN": [{"KENH": "2", "THOIGIAN": [spell]}],
        "THANHPHANHOSO": [{"TRUONGHOP": "", "GIAYTO": papers}] if papers else [],
        "KETQUATHUCHIEN": results,
    }


def _decision(call: PeerRequest, words: BusWords) -> dict[str, Any]:
    """`LayQDCB`: an object; its keys are not among the facts."""
    wanted = _wanted(words, "idQDCB")
    known = any(wanted == f"QD-{one.code}" for one in call.portal.catalogue.procedures)
    return {"result": {"IDQUYETDINHCONGBO": wanted, "SOQUYETDINH": "", "NGAYBANHANH": ""} if known else {}}


def _online_services(call: PeerRequest, _words: BusWords) -> dict[str, Any]:
    """`LayDVC`: `result` is an object with `data` here."""
    catalogue = call.portal.catalogue
    rows = [
        {
            "MADVC": f"{one.code}.01",
            "TENDVC": one.title,
            "MATTHC": one.code,
            "TENTTHC": one.title,
            "TENCOQUANBANHANH": "",
            "TENLINHVUC": catalogue.field_title(one.field),
        }
        for one in catalogue.procedures
    ]
    return {"result": {"data": rows}}


def _agencies(call: PeerRequest, _words: BusWords) -> dict[str, Any]:
    rows = call.portal.catalogue.agencies
    return {"result": [{"MADONVI": one.code, "TENDONVI": one.title, "CAPDONVI": one.level} for one in rows]}


def _fields(call: PeerRequest, _words: BusWords) -> dict[str, Any]:
    rows = call.portal.catalogue.fields
    return {
        "result": [{"MALINHVUC": one.code, "TENLINHVUC": one.title, "MANGANH": one.branch} for one in rows]
    }


def _rows_of(category: str) -> Service:
    """A catalogue whose keys nobody has seen: the first two columns of the sandbox's own, as MA and TEN."""

    def rows(call: PeerRequest, _words: BusWords) -> dict[str, Any]:
        found = [list(row.values()) for row in call.register.catalogues.get(category, ())]
        return {"result": [{"MA": row[0], "TEN": row[1]} for row in found if len(row) > 1]}

    return rows


_CATEGORIES = {
    "LayDanhMucGioiTinh": "magioitinh",
    "LayDanhMucTinhThanh": "donvihanhchinhcap1",
    "LayDanhMucPhuongXa": "donvihanhchinhcap3",
    "LayDanhMucQuocGia": "maquocgia",
    "LayDanhMucDanToc": "madantoc",
    "LayDanhMucTonGiao": "matongiao",
    "LayDanhMucTinhTrangHonNhan": "matinhtranghonnhan",
}
#: names seen, rows not: empty here
_UNKNOWN_CATALOGUES = (
    "QuanHuyen",
    "DoiTuong",
    "CapThucHien",
    "CanCuPhapLy",
    "LePhi",
    "ThuTucThuocLoai",
    "NhomThuTuc",
)
_SERVICES: Mapping[str, Service] = {
    "DongBoHoSoMC": _sync,
    "CapNhatTienDoHoSoMC": _progress,
    "DongBoTrangThaiHoSo": _status_notice,
    "TraCuuHoSo": _look_up,
    "TraCuuTechID": _technical_id,
    "DanhSachHoSoTheoNgay": _list_of_day,
    "DanhSachTienDoHoSo": _progress_rows,
    **{operation: _push(operation) for operation in PUSHES},
    "LayDanhSachHoiDapGuiTuDVCQG": _questions,
    "LayDanhSachHoiDapBoCoQuan": _questions,
    "LayNoiDungTraLoiTheoCauHoi": _answer_to_question,
    "LayDanhSachTTHC": _procedures,
    "LayThuTuc": _procedure,
    "LayQDCB": _decision,
    "LayDVC": _online_services,
    "LayDanhMucCoQuan": _agencies,
    "LayDanhMucLinhVuc": _fields,
    **{name: _rows_of(category) for name, category in _CATEGORIES.items()},
    **{f"LayDanhMuc{name}": _rows_of("") for name in _UNKNOWN_CATALOGUES},
}
