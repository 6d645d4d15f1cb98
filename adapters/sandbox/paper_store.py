"""Simulated paper store of the national portal (national-portal.md C) and DMDC (databases.md 7).

Promises: papers only to a logged-in caller and only the owner's; a download is a bare JSON string of base64,
empty if there is no such file. Shape of the log-in token: of the sandbox's own making.
"""

import base64

from adapters.sandbox.people import Paper, Person
from adapters.sandbox.served_files import tiny_pdf
from adapters.sandbox.wire import (
    BadCall,
    PeerOperation,
    PeerRequest,
    Reply,
    as_json,
    day_first,
    get,
    post,
    text_of,
)

SOURCE = "paper_store"
CATALOGUES = "catalogues"
USERNAME = "sandbox"
STORE_SECRET = "sandbox-secret-paper_store"  # published: this is a simulation
BASE = "/XrdAdapter/RestService/forward/bndp/public/v1"


def endpoints() -> tuple[PeerOperation, ...]:
    """Log-in, list and download of papers; metadata and rows of catalogues."""
    return (
        post(SOURCE, "login", login, f"{BASE}/login", opens=True),
        post(SOURCE, "GetKetQuaGiayTo", papers, f"{BASE}/GetKetQuaGiayTo", "/GetKetQuaGiayTo"),
        post(SOURCE, "download", download, f"{BASE}/download", f"{BASE}/TaiTepTin", "/download"),
        get(CATALOGUES, "Metadata", metadata, "/dmdc/Metadata/{category}"),
        get(CATALOGUES, "Category", category, "/dmdc/Category/{category}"),
    )


def login(call: PeerRequest) -> Reply:
    """A token for user name and password, where the adapter knows whom to forward to."""
    words = call.words()
    for name in ("dstcode", "providerurl"):
        if not call.query.get(name):
            raise BadCall(f"{name} is missing")
    if call.headers.get("charset", "").lower() != "utf-8":
        raise BadCall("header Charset is missing")
    if words.get("username") != USERNAME or words.get("password") != STORE_SECRET:
        return as_json({"errorCode": "401", "message": "Sai tài khoản hoặc mật khẩu", "result": None}, 401)
    token = call.tokens.issue(SOURCE)
    return as_json({"errorCode": "0", "message": "", "token": token, "result": {"token": token}})


def _refused(call: PeerRequest) -> Reply | None:
    if call.bearer_valid() or call.tokens.valid(SOURCE, call.headers.get("token", "")):
        return None
    return as_json(
        {"errorCode": "401", "message": "Phiên làm việc hết hạn", "signature": "", "result": None}, 401
    )


def papers(call: PeerRequest) -> Reply:
    """The owner's papers with the wanted result codes; an empty list when there are none."""
    refusal = _refused(call)
    if refusal:
        return refusal
    words = call.words()
    person_id = text_of(words, "SoDinhDanhChuSoHuu")
    person = call.register.find(person_id)
    # without a procedure citizens look at their own papers: what the real store does then is not known
    is_own = words.get("KenhThucHien") == "2" and words.get("SoDinhDanhNguoiYeuCau") == person_id
    wanted = ("HoTenNguoiYeuCau", "SoDinhDanhNguoiYeuCau", "KenhThucHien", *(() if is_own else ("MaThuTuc",)))
    for name in wanted:
        text_of(words, name)
    if words["KenhThucHien"] not in {"1", "2"}:
        raise BadCall("KenhThucHien is neither 1 nor 2")
    asked = words.get("DanhSachDanhMucKetQua") or []
    codes = {str(row.get("MaKetQua")) for row in asked if isinstance(row, dict)}
    rows: list[dict[str, object]] = []
    if person is not None and person.papers:
        owner = call.shown(person, [one for one in call.register.people if one.papers])
        kept = [one for one in owner.papers if call.swapped or not codes or one.result_code in codes]
        rows = [_row(owner, paper) for paper in kept]
    return as_json(
        {"errorCode": "0", "message": "", "signature": "", "result": {"DanhSachGiayToKetQua": rows}}
    )


def _row(owner: Person, paper: Paper) -> dict[str, object]:
    return {
        "MaKetQua": paper.result_code,
        "TenGiayTo": paper.title,
        "SoKyHieu": paper.reference,
        "CoQuanChuQuan": paper.authority,
        "DanhSachTepDinhKem": [{"TenTep": paper.file, "DuongDan": f"/f/{owner.key}/{paper.file}"}],
        **({"NgayCap": day_first(paper.issued_on)} if paper.issued_on else {}),
        **({"ThoiHanHieuLuc": day_first(paper.valid_until)} if paper.valid_until else {}),
    }


def download(call: PeerRequest) -> Reply:
    """The file as base64 in a bare JSON string; the empty string when the path names none."""
    refusal = _refused(call)
    if refusal:
        return refusal
    words = call.words()
    path, authority = text_of(words, "DuongDan"), text_of(words, "CoQuanChuQuan")
    for person in call.register.people:
        for paper in person.papers:
            if path.endswith(f"/f/{person.key}/{paper.file}") and authority == paper.authority:
                return as_json(base64.b64encode(tiny_pdf(paper.reference)).decode())
    return as_json("")


def metadata(call: PeerRequest) -> Reply:
    """Columns of a catalogue."""
    rows = call.register.catalogues.get(call.match["category"], ())
    columns = list(rows[0]) if rows else []
    return as_json([{"PropertyCode": one, "PropertyName": one, "PropertyType": "String"} for one in columns])


def category(call: PeerRequest) -> Reply:
    """Rows of a catalogue; empty if it is not served."""
    return as_json(list(call.register.catalogues.get(call.match["category"], ())))
