"""Door of the national portal (family A, inbound): new dossiers, supplements, vouchers and tax notices.

Paths `addtthcKhuyenMai`, `nhanhsdvcqg`, `nhantbthuedvcqg`, `search/call`, and `downloadfile/{uid}`, which answers the
file that the portal was sent under this uid (`options.files: uid`). Each other answer is
`{"error_code": 0 | 1 | -1, "message": "<MaHoSo>| text"}`, with HTTP 200; 404 for another path, 429 for too many
look-ups, `options.busy_status` (503) for what was not stored. What is not JSON is HTTP 500 in plain text.
What is acknowledged is durable; a resend answers 1 and changes nothing. An amendment, a voucher and a tax notice are
notices about a dossier: they never replace it. Source: national-portal facts A.9, additions 6; the body of a forwarded
application of any procedure is a sandbox model (family D), and so is `search/call`.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import orjson
from lxml import etree
from pydantic import ValidationError

from adapters.portals.attachments import Attachments, at_once, decoded, refuse_long
from adapters.portals.door_plans import check_messages
from adapters.portals.dossier_rows import dossier_row
from adapters.portals.reading import read_message
from adapters.transport import xml
from adapters.transport.xml import XmlRefused
from gateway.config.portals import PortalSettings
from gateway.config.values import Settings
from gateway.domain import sentences as say
from gateway.domain.dossier import Dossier, ProgressEntry
from gateway.domain.errors import (
    BadRequest,
    BodyNotJson,
    ConfigError,
    GatewayError,
    NoSuchOperation,
    NotFound,
    Problem,
    Refused,
    Throttled,
    Unauthenticated,
)
from gateway.mapping.messages import MessageFault, PortalPlans
from gateway.ports.relay import Desk, DoorAnswer, DoorCall, LongText, TakenIn

_DONE, _DUPLICATE, _REFUSED = 0, 1, -1
_ATTACHMENTS = Attachments(("Base64",))
_NOTICE_FILE = "FileThongBaoThue"
#: dossiers of one tax notice: each is stored for itself, so more would take longer than a caller waits
_MOST_NOTICES = 300
_NOTICE_BYTES = 2_097_152
_LONGEST_CODE = 200
#: a code that is a number has at most 40 digits
_LARGEST_CODE = 10**40
_DOWNLOAD = re.compile(r"(?:^|/)downloadfile/[^/]*$")
_UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)

#: service of the envelope -> what it carries; the members of a message decide otherwise
_SERVICES = {
    "NhanChungTuThueDat": "tax_voucher", "NhanThongBaoThueDat": "tax_notice",
    # sandbox: how the portal sends a withdrawal was not seen; our own model is a row of A.7
    "NhanTienDoHoSo": "progress",
}  # fmt: skip
#: members without which a payload is refused; a dot leads into an object
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "promotion": ("MaHoSo", "MaTTHC", "MaSoThue", "TenThuongNhan"),
    "amendment": ("MaHoSoQG",),
    "application": ("MaHoSo", "MaTTHC"),
    "tax_voucher": (
        "MaHoSo", "HoTenNguoiNopTien", "MaSoThue", "UrlFileChungTu", "ThongTinThanhToan.MaThongBaoThue",
        "ThongTinThanhToan.ThoiGianThanhToan", "ThongTinThanhToan.SoTien", "ThongTinThanhToan.NoiDungThanhToan",
        "ThongTinThanhToan.TrangThaiThanhToan",
    ),
    "tax_notice": (_NOTICE_FILE,),
    "progress": ("MaHoSo", "ThoiDiemXuLy", "TrangThai"),
}  # fmt: skip
_NOTICE_MEMBERS = ("MA_SO_THUE", "SO_QUYET_DINH", "NGAY_QUYET_DINH", "SO_TIEN", "TEN_TIEUMUC")


class InboundOptions(Settings):
    """`door.options`."""

    #: further services of the envelope, and what they carry
    services: dict[
        str, Literal["promotion", "amendment", "application", "tax_voucher", "tax_notice", "progress"]
    ] = {}
    #: HTTP status of "not stored, send it again": A.9 has no code for it. 200 where the portal takes nothing else
    busy_status: Literal[200, 503] = 503


class _InboundMessage(NamedTuple):
    """What was sent, without its envelope."""

    kind: str
    service: str
    updating: bool
    data: Mapping[str, Any]
    #: of the dossier; blank: not said
    code: str


def open_door(settings: PortalSettings, plans: PortalPlans, _tools: object) -> "NationalInbound":
    """The door of one settings file. Raises ConfigError."""
    assert settings.door is not None
    check_messages(settings, plans, *_REQUIRED, "look_up")
    try:
        options = InboundOptions.model_validate(settings.door.options)
    except ValidationError as error:
        found = error.errors(include_input=False)[0]
        place = ".".join(map(str, found["loc"]))
        problem = Problem(
            f"config/portals/{settings.portal}.yaml", 0, f"'door.options.{place}': {found['msg']}",
            "write 'services: {NAME: promotion}'", place=("door", "options"),
        )  # fmt: skip
        raise ConfigError([problem]) from None
    return NationalInbound(plans, options)


class NationalInbound:
    """The door."""

    paths = ("{path}",)

    def __init__(self, plans: PortalPlans, options: InboundOptions) -> None:
        """`plans` have a message of each kind."""
        self._plans = plans
        self._options = options

    async def answer(self, call: DoorCall, desk: Desk) -> DoorAnswer:
        """Answer one call."""
        try:
            if (read := self._reading(call)) is not None:
                return await read(call, desk)
            message = self._message(call)
            _check_required(message)
            match message.kind:
                case "promotion" | "application":
                    return await self._dossier(message, call, desk)
                case "tax_notice":
                    return await self._tax_notice(message, call, desk)
                case "progress":
                    return await self._step(message, desk)
                case _:
                    return await self._notice(message, call, desk)
        except MessageFault as fault:
            return _answer(
                _REFUSED, _code_of(call.data, call.long), f"{fault.sentence.vi} / {fault.sentence.en}"
            )

    def refusal(self, call: DoorCall, error: GatewayError) -> DoorAnswer:
        """What was not let in, or could not be done: -1; plain text for what is not JSON."""
        if isinstance(error, BodyNotJson):
            return DoorAnswer(b"the body is not JSON\n", 500, "text/plain; charset=utf-8")
        code = _code_of(call.data, call.long)
        if isinstance(error, NoSuchOperation):
            none = say.NO_SUCH_OPERATION
            return _answer(_REFUSED, code, f"{none.vi} / {none.en}")._replace(status=404)
        if isinstance(error, BadRequest | Refused | Unauthenticated) and error.retry_after is None:
            text = (
                f"{error.sentence.vi} / {error.sentence.en}"
                if error.sentence
                else f"{error.title_vi} / {error.title}"
            )
            return _answer(_REFUSED, code, text)
        if isinstance(error, Throttled) and error.sentence is not None:
            status = 429 if self._options.busy_status != 200 else 200
            refused = _answer(_REFUSED, code, f"{error.sentence.vi} / {error.sentence.en}")
            return refused._replace(status=status, headers={"Retry-After": str(error.retry_after)})
        # no code of A.9 says "send it again": the status does
        answer = _answer(
            _REFUSED, code, f"chưa lưu được, hãy gửi lại / not stored, send it again: {error.title}"
        )
        return answer._replace(status=self._options.busy_status, headers={"Retry-After": "5"})

    # --------------------------------------------------------------------------------------------- messages

    def _message(self, call: DoorCall) -> _InboundMessage:
        """The payload at a path. Raises MessageFault, BadRequest."""
        body = call.data
        if not isinstance(body, Mapping):
            raise MessageFault("body", "", say.OBJECT_EXPECTED())
        operation = call.path.rstrip("/").rsplit("/", 1)[-1]
        enveloped = isinstance(body.get("data"), Mapping)
        if operation == "addtthcKhuyenMai":
            data, kind = (body["data"] if enveloped else body), ""
        elif operation in {"nhanhsdvcqg", "nhantbthuedvcqg"}:
            if not enveloped:
                raise MessageFault("data", "", say.OBJECT_EXPECTED())
            data, kind = body["data"], "tax_notice" if operation == "nhantbthuedvcqg" else ""
        else:
            raise MessageFault("path", "", say.NO_SUCH_OPERATION)
        service = body.get("service")
        service = service if isinstance(service, str) else ""
        kind = self._options.services.get(service) or _SERVICES.get(service) or kind or _shape(data)
        updating = _flag(body.get("isUpdating", body.get("IsUpdating")))
        return _InboundMessage(kind, service or operation, updating, data, _code_of(body, call.long))

    async def _dossier(self, message: _InboundMessage, call: DoorCall, desk: Desk) -> DoorAnswer:
        found = await read_message(self._plans[message.kind], message.data)
        # a resend with files: they are not stored again
        if (
            not message.updating
            and _ATTACHMENTS.any_in(found)
            and await desk.look_up(found["code"]) is not None
        ):
            return _answer(_DUPLICATE, message.code, "duplicate reference")
        kept = await _ATTACHMENTS.kept(found, call.long, desk.keep_file)
        dossier = Dossier.model_validate(kept.message)
        raw = {"service": message.service, "data": kept.instead(message.data)}
        taken = await desk.take_dossier(dossier, updating=message.updating, raw=raw)
        return _taken(taken, message, dossier.procedure)

    async def _notice(self, message: _InboundMessage, call: DoorCall, desk: Desk) -> DoorAnswer:
        """An amendment or a voucher: part of a dossier, sent to the system that works on it."""
        content = await self._part(message.kind, message.data)
        refuse_long(content, call.long)
        return _noted(
            await desk.take_notice(content["code"], message.service, content, message.kind), message
        )

    async def _step(self, message: _InboundMessage, desk: Desk) -> DoorAnswer:
        """What a citizen did at the portal with a dossier that it forwarded: withdrew it, gave more (sandbox)."""
        entry = ProgressEntry.model_validate(await read_message(self._plans["progress"], message.data))
        try:
            taken = await desk.take_progress([entry])
        except NotFound:
            raise MessageFault("MaHoSo", "", say.NO_SUCH_DOSSIER(place=0)) from None
        return _taken(taken, message, "")

    async def _tax_notice(self, message: _InboundMessage, call: DoorCall, desk: Desk) -> DoorAnswer:
        """One notice for each dossier that the file names; all of them are durable before the answer."""
        raw = await _file(message.data[_NOTICE_FILE], call.long)
        contents = [await self._part("tax_notice", one) for one in _notice_rows(raw)]
        paper = {
            "title": "Thông báo thuế đất",
            "file": await desk.keep_file(at_once(raw), "thong_bao_thue.xml"),
        }
        taken = {
            await desk.take_notice(one["code"], message.service, {**one, "papers": [paper]}, message.kind)
            for one in contents
        }
        first = message._replace(code=message.code or contents[0]["code"])
        return _noted(TakenIn.REPEATED if taken == {TakenIn.REPEATED} else TakenIn.STORED, first)

    async def _part(self, kind: str, wire: Mapping[str, Any]) -> dict[str, Any]:
        """Part of a dossier, with its code. Raises MessageFault."""
        found = await read_message(self._plans[kind], wire)
        if not found.get("code"):
            raise MessageFault(
                {"amendment": "MaHoSoQG", "tax_notice": "MA_HSO"}.get(kind, "MaHoSo"), "", say.IS_MISSING
            )
        return found

    # ---------------------------------------------------------------------------------------------- looking up

    def _reading(self, call: DoorCall) -> Callable[[DoorCall, Desk], Awaitable[DoorAnswer]] | None:
        """What answers a call that changes nothing; None for a message."""
        if f"/{call.path}".endswith("/search/call"):
            return self._look_up
        return self._file if _DOWNLOAD.search(call.path) else None

    async def _file(self, call: DoorCall, desk: Desk) -> DoorAnswer:
        """`downloadfile/{uid}`: a file that the portal was sent."""
        uid = call.path.rpartition("/")[2]
        if call.method != "GET":
            raise MessageFault("path", "", say.NO_SUCH_OPERATION)
        found = await desk.sent_file(uid) if _UID.fullmatch(uid) else None
        if found is None:
            return _answer(
                _REFUSED, uid if _UID.fullmatch(uid) else "", f"{say.NO_SUCH_FILE.vi} / {say.NO_SUCH_FILE.en}"
            )
        return DoorAnswer(b"", file=found)

    async def _look_up(self, call: DoorCall, desk: Desk) -> DoorAnswer:
        """`search/call`: dossiers by code, or by the owner's number (sandbox: its payload was not seen)."""
        asked = {**call.query, **_inner(call.data)}
        code, number = _code(asked, "mahoso", "MaHoSo"), _text(asked, "sodinhdanh", "SoDinhDanh")
        if code:
            one = await desk.look_up(code)
            found: Sequence[Mapping[str, Any]] = [one] if one is not None else []
        elif number:
            found = await desk.look_up_owner(number)
        else:
            raise MessageFault("mahoso", "", say.IS_MISSING)
        return _answer(_DONE, code, "success", result=[dossier_row(self._plans, one) for one in found])


# ------------------------------------------------------------------------------------------------ reading


def _shape(data: Mapping[str, Any]) -> str:
    """What a payload without a known service is, by its members."""
    if "MaHoSoQG" in data:
        return "amendment"
    return "promotion" if "TenThuongNhan" in data else "application"


def _flag(value: object) -> bool:
    """`isUpdating`: a boolean; one sender writes it as text (additions 6). Raises MessageFault."""
    if value is None or value is False or value is True:
        return bool(value)
    if isinstance(value, str) and value.strip().lower() in {"true", "false", ""}:
        return value.strip().lower() == "true"
    raise MessageFault("isUpdating", "", say.WIRE_VALUE_UNREADABLE)


def _check_required(message: _InboundMessage) -> None:
    """Raises MessageFault with the name of the first required member that is blank."""
    for name in _REQUIRED.get(message.kind, ()):
        found: object = message.data
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        if found is None or (isinstance(found, str) and not found.strip()):
            raise MessageFault(name, "", say.IS_MISSING)


def _inner(body: object) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        return {}
    data = body.get("data")
    return data if isinstance(data, Mapping) else body


def _text(part: Mapping[str, Any], *names: str) -> str:
    """The first text of these names."""
    found = (part[name] for name in names if name in part)
    return next((one.strip() for one in found if isinstance(one, str) and one.strip()), "")


def _code(part: Mapping[str, Any], *names: str) -> str:
    """The first code of these names; a whole number is its digits, as where a message is read."""
    return _text({name: _digits(part[name]) for name in names if name in part}, *names)


def _digits(value: object) -> object:
    is_number = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST_CODE
    return str(value) if is_number else value


def _code_of(body: object, long: Mapping[str, LongText]) -> str:
    """The code of the dossier that a body names, for the answer; blank: none."""
    code = _code(_inner(body), "MaHoSo", "MaHoSoQG", "mahoso")
    return code if code not in long and len(code) <= _LONGEST_CODE and code.isprintable() else ""


async def _file(value: object, long: Mapping[str, LongText]) -> bytes:
    """A small file, whole. Raises MessageFault."""
    if not isinstance(value, str):
        raise MessageFault(_NOTICE_FILE, "", say.WIRE_VALUE_UNREADABLE)
    text = long.get(value)
    if text is None:
        return decoded(value, _NOTICE_FILE)
    if not text.is_base64:
        raise MessageFault(_NOTICE_FILE, "", say.NOT_BASE64)
    if text.size > _NOTICE_BYTES:
        raise MessageFault(_NOTICE_FILE, "", say.AT_MOST_BYTES(largest=_NOTICE_BYTES))
    return b"".join([piece async for piece in text.pieces()])


def _notice_rows(raw: bytes) -> list[dict[str, Any]]:
    """A tax notice by dossiers: rows are in lists below ROW_LIST, or in ROW_LIST itself. Raises MessageFault."""
    try:
        root = xml.parse(raw)
    except XmlRefused:
        raise MessageFault(_NOTICE_FILE, "", say.NOTICE_UNREADABLE) from None
    found: dict[str, list[dict[str, str]]] = {}
    for row_list in root.iterfind("BODY/ROW_LIST") if root.tag == "DATA" else ():
        rows = row_list.findall("LIST") or [row_list]
        of_dossier = found.setdefault(_tag(row_list, "MA_HSO"), [])
        of_dossier.extend({name: _tag(row, name) for name in _NOTICE_MEMBERS} for row in rows)
    if not found:
        raise MessageFault(f"{_NOTICE_FILE}/DATA/BODY/ROW_LIST", "", say.IS_MISSING)
    if len(found) > _MOST_NOTICES:
        raise MessageFault(f"{_NOTICE_FILE}/DATA/BODY/ROW_LIST", "", say.MOST_ENTRIES(bound=_MOST_NOTICES))
    return [{"MA_HSO": code, "LIST": rows} for code, rows in found.items()]


def _tag(part: etree._Element, name: str) -> str:
    return (part.findtext(name) or "").strip()


# ----------------------------------------------------------------------------------------------- answering


def _taken(taken: TakenIn, message: _InboundMessage, procedure: str) -> DoorAnswer:
    """The answer to what became of a message."""
    match taken:
        case TakenIn.REFUSED:
            return _answer(_REFUSED, message.code, f"unknown procedure {procedure}")
        case TakenIn.REPEATED if not message.updating:
            return _answer(_DUPLICATE, message.code, "duplicate reference")
        case TakenIn.PARKED:
            return _answer(
                _DONE, message.code, f"create dossier success (unknown procedure {procedure}: parked)"
            )
        case TakenIn.UPDATED | TakenIn.REPEATED:
            return _answer(_DONE, message.code, "update dossier success")
        case TakenIn.STORED:
            return _answer(_DONE, message.code, "create dossier success")


def _noted(taken: TakenIn, message: _InboundMessage) -> DoorAnswer:
    """The answer to a notice; the same one again is a duplicate."""
    if taken is TakenIn.REPEATED and not message.updating:
        return _answer(_DUPLICATE, message.code, "duplicate reference")
    return _answer(_DONE, message.code, "create dossier success")


def _answer(number: int, code: str, text: str, **more: object) -> DoorAnswer:
    return DoorAnswer(orjson.dumps({"error_code": number, "message": f"{code}| {text}", **more}))
