"""The portal's sending side: makes dossiers of invented citizens and forwards them to a gateway's door.

Promises: envelope, paths and answers of national-portal.md A.9; a dossier that was not answered is sent again until it
is, or until time is up; what was sent and answered is in the portal's own book.
Sandbox: the body of an application of any procedure (family D's), its operation name and that of an amendment, and the
way its files are carried: `Base64`, or `DuongDan` at the sandbox.
"""

import asyncio
import base64
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import aiohttp
import orjson
from pydantic import BaseModel, ConfigDict, Field, field_validator

from adapters.sandbox.ledger import digest_of
from adapters.sandbox.loopback import is_on_loopback
from adapters.sandbox.national_bus import technical_id
from adapters.sandbox.people import Person, Register
from adapters.sandbox.portal import SimulatedPortal
from adapters.sandbox.sent import SentDossier
from adapters.sandbox.served_files import content
from adapters.sandbox.wire import compact

Kind = Literal["any", "promotion", "amendment", "tax_voucher", "tax_notice", "criminal_record"]
#: prefix of the door that a kind is sent to
_PREFIXES: Mapping[str, str] = {"criminal_record": "/portal/vneid_records"}
_PREFIX = "/portal/national_bus"
_PATHS: Mapping[str, str] = {
    "any": "/nhanhsdvcqg",
    "promotion": "/addtthcKhuyenMai",
    "amendment": "/nhanhsdvcqg",
    "tax_voucher": "/nhanhsdvcqg",
    "tax_notice": "/nhantbthuedvcqg",
    "criminal_record": "/hoso",
}
#: kinds without an envelope
_FLAT = frozenset({"promotion", "criminal_record"})
#: operation in the envelope; the first two are the sandbox's
_SERVICES: Mapping[str, str] = {
    "any": "NhanHoSo",
    "amendment": "NhanHoSoSuaDoi",
    "tax_voucher": "NhanChungTuThueDat",
    "tax_notice": "NhanThongBaoThueDat",
}
_PROCEDURES: Mapping[str, str] = {
    "promotion": "9.900001",
    "amendment": "9.900001",
    "criminal_record": "9.900002",
}
_CALL_SECONDS = 20
INBOUND_SECRET = "sandbox-secret-national_inbound"  # published: this is a simulation
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0


class OrderedDossier(BaseModel):
    """One dossier to send: what is left out is made up. `data` stands for the whole payload."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = ""
    procedure: str = ""
    #: key of a persona
    persona: str = ""
    data: dict[str, Any] | None = None


class SubmitOrder(BaseModel):
    """An order to make and send dossiers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: str
    #: of the door's paths; blank: as in the sandbox's configuration
    prefix: str = ""
    kind: Kind = "any"
    procedure: str = ""
    count: int = Field(default=0, ge=0, le=100_000)
    dossiers: tuple[OrderedDossier, ...] = ()
    secret: str = INBOUND_SECRET
    #: header `X-Portal-Secret`, or the member `SecurityKey` of the body
    secret_in: Literal["header", "body"] = "header"
    #: of the dossiers: sent again after they were answered
    resend_percent: float = Field(default=0, ge=0, le=100)
    #: of the dossiers: sent twice at the same time
    duplicate_percent: float = Field(default=0, ge=0, le=100)
    #: of the dossiers: followed by a supplement (`isUpdating` true)
    supplement_percent: float = Field(default=0, ge=0, le=100)
    #: in any order, supplements before what they supplement
    out_of_order: bool = False
    senders: int = Field(default=16, ge=1, le=256)
    give_up_seconds: float = Field(default=60, ge=0, le=3600)
    #: size of one file, by URL, of the first dossier
    large_bytes: int = Field(default=0, ge=0, le=200_000_000)
    seed: int = 14

    @field_validator("to")
    @classmethod
    def _on_loopback(cls, to: str) -> str:
        if not is_on_loopback(to):
            raise ValueError("is no address on loopback")
        return to.rstrip("/")


@dataclass(frozen=True, slots=True)
class Sending:
    """One message to send."""

    dossier: SentDossier
    path: str
    body: bytes


async def submit(
    order: SubmitOrder, portal: SimulatedPortal, register: Register, origin: str
) -> dict[str, Any]:
    """Make the dossiers, send them, and count the answers. `origin`: base address of the sandbox, for files."""
    sendings = await asyncio.to_thread(lambda: list(_made(order, portal, register, origin)))
    draw = random.Random(order.seed)
    waves = _waves(order, sendings, draw)
    started = time.monotonic()
    connector = aiohttp.TCPConnector(limit=order.senders, ssl=False)
    timeout = aiohttp.ClientTimeout(total=_CALL_SECONDS)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        for wave in waves:
            await _send_all(wave, order, session, started + order.give_up_seconds)
    return _counted([one.dossier for one in sendings], started)


def _counted(dossiers: list[SentDossier], started: float) -> dict[str, Any]:
    rows = list({one.code: one for one in dossiers}.values())
    answers = {
        name: sum(one.answers[name] for one in rows) for name in ("0", "1", "-1", "other", "unanswered")
    }
    return {
        "dossiers": len(rows),
        "taken": sum(one.taken for one in rows),
        "refused": sum(bool(one.answers["-1"]) and not one.taken for one in rows),
        "attempts": sum(one.attempts for one in rows),
        "answers": answers,
        "not_taken": [one.code for one in rows if not one.taken][:20],
        "first": rows[0].code if rows else "",
        "last": rows[-1].code if rows else "",
        "seconds": round(time.monotonic() - started, 3),
    }


def _waves(order: SubmitOrder, sendings: list[Sending], draw: random.Random) -> list[list[Sending]]:
    """What is sent at the same time: the dossiers and doubles, then supplements, then resends."""

    def some(percent: float) -> list[Sending]:
        return [one for one in sendings if percent and draw.random() * 100 < percent]

    first = [*sendings, *some(order.duplicate_percent)]
    supplements = [_supplement(one) for one in some(order.supplement_percent) if order.kind not in _FLAT]
    again = some(order.resend_percent)
    if order.out_of_order:
        for wave in (first, again):
            draw.shuffle(wave)
        return [supplements, first, again]
    first.sort(key=lambda one: one.dossier.code)
    return [first, supplements, again]


def _supplement(sending: Sending) -> Sending:
    words = orjson.loads(sending.body)
    return Sending(sending.dossier, sending.path, orjson.dumps({**words, "isUpdating": True}))


async def _send_all(
    wave: list[Sending], order: SubmitOrder, session: aiohttp.ClientSession, until: float
) -> None:
    waiting = iter(wave)

    async def sender() -> None:
        for sending in waiting:
            await _until_answered(sending, order, session, until)

    await asyncio.gather(*(sender() for _ in range(min(order.senders, len(wave)))))


async def _until_answered(
    sending: Sending, order: SubmitOrder, session: aiohttp.ClientSession, until: float
) -> None:
    pause = _FIRST_PAUSE
    while True:
        answer = await _attempt(sending, order, session)
        sending.dossier.attempts += 1
        sending.dossier.answers[answer] += 1
        if answer in {"0", "1", "-1", "other"} or time.monotonic() + pause > until:
            return
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


async def _attempt(sending: Sending, order: SubmitOrder, session: aiohttp.ClientSession) -> str:
    """The error code, `other` for an answer that says none, `unanswered`."""
    headers = {"Content-Type": "application/json", "groupId": "0"}
    if order.secret_in == "header" and order.secret:
        headers["X-Portal-Secret"] = order.secret
    try:
        async with session.post(order.to + sending.path, data=sending.body, headers=headers) as answer:
            body = await answer.read()
            return _judged(answer.status, body, sending.dossier.code)
    except (aiohttp.ClientError, TimeoutError, OSError):
        return "unanswered"


def _judged(status: int, body: bytes, code: str) -> str:
    if status >= 500 or status == 429:
        return "unanswered"
    try:
        words = orjson.loads(body)
        if "statusCode" in words:
            return _judged_by_vneid(words)
        result, message = str(words["error_code"]), str(words["message"])
    except (ValueError, TypeError, KeyError):
        return "other"
    named = message.partition("|")[0].strip() == code
    return result if status == 200 and named and result in {"0", "1", "-1"} else "other"


def _judged_by_vneid(words: Mapping[str, Any]) -> str:
    """F.2: 00 accepted, 01 refused, also when the dossier is there already."""
    if words["statusCode"] == "00":
        return "0"
    return "1" if "đã được tiếp nhận" in str(words.get("errorDetail")) else "-1"


# ---------------------------------------------------------------------------------------------------- making


def _made(order: SubmitOrder, portal: SimulatedPortal, register: Register, origin: str) -> Iterator[Sending]:
    people = [one for one in register.people if one.personal_id and one.life == "alive"]
    ordered = order.dossiers or tuple(OrderedDossier() for _ in range(order.count))
    for number, wanted in enumerate(ordered):
        maker = _Maker(
            portal=portal,
            register=register,
            origin=origin,
            person=register.by_key.get(wanted.persona) or people[number % len(people)],
            code=wanted.code or portal.sent.next_code(portal.catalogue.unit),
            procedure=wanted.procedure or order.procedure or _PROCEDURES.get(order.kind, "1.001193"),
            large=order.large_bytes if number == 0 else 0,
        )
        data = wanted.data if wanted.data is not None else maker.data(order.kind)
        yield _sending(order, portal, maker, data)


def _sending(order: SubmitOrder, portal: SimulatedPortal, maker: "_Maker", data: dict[str, Any]) -> Sending:
    code = str(data.get("MaHoSo") or data.get("MaHoSoQG") or maker.code)
    words = (
        data
        if order.kind in _FLAT
        else {"service": _SERVICES[order.kind], "isUpdating": False, "isSync": False, "data": data}
    )
    if order.secret_in == "body":
        words = {**words, "SecurityKey": order.secret}
    dossier = portal.sent.rows.get(code) or SentDossier(
        code=code, kind=order.kind, procedure=maker.procedure, digest=digest_of(data)
    )
    portal.sent.rows[code] = dossier
    if order.kind in {"any", "promotion"} and code not in portal.bus.entries:
        fields = {"MaTTHC": maker.procedure, "NgayNopHoSo": portal.stamp()}
        portal.bus.create(code, day=portal.today(), status="1", fields=fields, origin="portal")
    prefix = order.prefix or _PREFIXES.get(order.kind, _PREFIX)
    return Sending(dossier, prefix + _PATHS[order.kind], orjson.dumps(words))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Maker:
    """What one dossier is made of."""

    portal: SimulatedPortal
    register: Register
    origin: str
    person: Person
    code: str
    procedure: str
    large: int

    def data(self, kind: Kind) -> dict[str, Any]:
        """The payload of a kind."""
        makers = {
            "any": self._application,
            "promotion": self._promotion,
            "amendment": self._amendment,
            "tax_voucher": self._tax_voucher,
            "tax_notice": self._tax_notice,
            "criminal_record": self._application,
        }
        return makers[kind]()

    def _application(self) -> dict[str, Any]:
        stamp, person = self.portal.stamp(), self.person
        written = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]} {stamp[8:10]}:{stamp[10:12]}:{stamp[12:]}"
        return {
            "MaHoSo": self.code,
            "MaTTHC": self.procedure,
            "MaDichVuCong": f"{self.procedure}.01",
            "ChuHoSo": person.full_name,
            "LoaiDoiTuong": 0,
            "MaDonViTiepNhan": self.portal.catalogue.agencies[-1].code,
            "NgayNop": written,
            "NgayTiepNhan": "",
            "ThanhPhanHoSo": self._components(),
            "ThongTinNguoiNop": {
                "LoaiDoiTuong": 0,
                "IdDoiTuong": technical_id(person.personal_id),
                "ThongTinChiTiet": self._applicant(),
            },
        }

    def _applicant(self) -> dict[str, str]:
        person = self.person
        place = person.permanent or person.current
        return {
            "TenNguoiNop": person.full_name,
            "SoDinhDanh": person.personal_id,
            "NgayCapDinhDanh": "",
            "NgaySinh": f"{compact(person.birth_date)}000000" if len(person.birth_date) == 10 else "",
            "SoDienThoai": "",
            "Email": "",
            "Fax": "",
            "MaTinh": place.province if place else "",
            "MaHuyen": "",
            "MaXa": place.commune if place else "",
            "DiaChiChiTiet": place.detail if place else "",
            "TenChuHs": person.full_name,
            "SoDinhDanhChuHs": person.personal_id,
            "MaTinhChuHs": place.province if place else "",
            "MaXaChuHs": place.commune if place else "",
            "DiaChiChiTietChuHs": place.detail if place else "",
        }

    def _components(self) -> list[dict[str, Any]]:
        """A paper of the procedure for each component: the first in the message, the others by URL."""
        known = self.portal.catalogue.procedure(self.procedure)
        papers = [(one.code, one.title) for one in known.papers] if known else []
        if self.large:
            papers.append(("", "Bản vẽ"))
        return [
            {
                "MaThanhPhanHoSo": code,
                "TenThanhPhanHoSo": title,
                "SoLuong": 1,
                "LoaiBan": 2,
                "GiayToDinhKem": [self._file(number, title, by_url=number > 0)],
            }
            for number, (code, title) in enumerate(papers)
        ]

    def _file(self, number: int, title: str, *, by_url: bool) -> dict[str, str]:
        size = self.large if title == "Bản vẽ" else 0
        served = self.portal.files.add(f"{self.code}/{number}", f"giay_to_{number}.pdf", size)
        carried = (
            {"DuongDan": f"{self.origin}/national_bus/files/{served.uid}"}
            if by_url
            else {"Base64": base64.b64encode(content(served)).decode()}
        )
        return {
            "IdGiayTo": served.uid,
            "MaKetQua": "KQ.DVC.THONGTIN",
            "TenGiayTo": served.name,
            "HashTepTin": served.digest,
            **carried,
        }

    def _promotion(self) -> dict[str, Any]:
        firm = self._firm()
        attached = self._file(1, "", by_url=False)
        return {
            "MaHoSo": self.code,
            "MaTTHC": self.procedure,
            **firm,
            "SoVanBan": "01/KM",
            "NgayNopHoSo": self.portal.stamp(),
            "TenChuongTrinhKhuyenMai": "Khuyến mại cuối năm",
            "HinhThucKhuyenMai": "Giảm giá",
            "ThoiGianKhuyenMaiTu": "20261201000000",
            "ThoiGianKhuyenMaiDen": "20261231235959",
            "HangHoaDichVuKhuyenMai": "Hàng gia dụng",
            "TongGiaTriHangHoa": "50000000",
            "TenTepDonDangKy": "don_dang_ky.pdf",
            "TepDonDangKy": self._file(0, "", by_url=False)["Base64"],
            "TaiLieuNop": [{"TenTepDinhKem": attached["TenGiayTo"], "Base64": attached["Base64"]}],
        }

    def _amendment(self) -> dict[str, Any]:
        return {
            "MaHoSoQG": self.code,
            **self._firm(),
            "ThongTinDaNop": {
                "MaHoSoQGDNP": self.code,
                "SoVanBanDaNopDNP": "01/KM",
                "NgayNopHoSoDNP": self.portal.stamp(),
            },
            "ThongTinSuaDoi": {"ThoiGianKhuyenMaiDen": "20270115235959"},
            "LyDoDieuChinh": "Kéo dài thời gian khuyến mại",
            "NoiDungCamKetKhac": "",
            "TenTepDangKy": "sua_doi.pdf",
            "URLTepDangKy": self._file(2, "", by_url=True)["DuongDan"],
        }  # fmt: skip

    def _firm(self) -> dict[str, Any]:
        firm = self.register.things["enterprises"][0]
        place = {"MaTinh": "33", "MaHuyen": "", "MaXa": firm["commune"], "DiaChiChiTiet": firm["detail"]}
        return {
            "MaSoThue": firm["tax_code"],
            "TenThuongNhan": firm["name"],
            "DiaChiDoanhNghiep": place,
            "NguoiLienHe": self.person.full_name,
        }

    def _tax_voucher(self) -> dict[str, Any]:
        served = self.portal.files.add(f"{self.code}/voucher", "chung_tu.pdf")
        return {
            "MaHoSo": self.code,
            "HoTenNguoiNopTien": self.person.full_name,
            "SoCMTNguoiNopTien": self.person.personal_id,
            "MaSoThue": self.person.personal_id,
            "UrlFileChungTu": f"{self.origin}/national_bus/files/{served.uid}",
            "ThongTinThanhToan": {
                "MaThongBaoThue": f"TB-{self.code}",
                "ThoiGianThanhToan": self.portal.stamp(),
                "SoTien": "1250000",
                "NoiDungThanhToan": "Nộp nghĩa vụ tài chính đất đai",
                "TrangThaiThanhToan": "1",
            },
        }

    def _tax_notice(self) -> dict[str, Any]:
        row = (
            f"<MA_HSO>{self.code}</MA_HSO><LIST><MA_SO_THUE>{self.person.personal_id}</MA_SO_THUE>"
            "<SO_QUYET_DINH>12/QD-T</SO_QUYET_DINH><NGAY_QUYET_DINH>05-01-2026</NGAY_QUYET_DINH>"
            "<TEN_TIEUMUC>Lệ phí trước bạ</TEN_TIEUMUC><SO_TIEN>1250000</SO_TIEN></LIST>"
        )
        xml = f'<?xml version="1.0" encoding="UTF-8"?><DATA><BODY><ROW_LIST>{row}</ROW_LIST></BODY></DATA>'
        return {"MaHoSo": self.code, "FileThongBaoThue": base64.b64encode(xml.encode()).decode()}
