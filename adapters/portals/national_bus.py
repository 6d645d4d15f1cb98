"""The national portal's service bus "mapi" (national-portal.md, family A): dossiers, progress and statuses go there.

Promises: whether a dossier is created or updated is decided by what the bus says that it has; a message is confirmed by
the bus's own words only; steps go after their dossier, ten at a time.
What cannot be decided: a progress message without an answer, where the bus offers no list of steps, or one that says
no more of them than status and time. The status that `TraCuuHoSo` shows does not tell a step that came from one that
did not (the dossier itself carries the newest status): the steps are sent again, so that one may stand there twice and
none is lost.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import orjson

from adapters.portals.bus_answers import BusAnswer, BusVerdict, field_in, names_in
from adapters.portals.bus_calls import BusCalls, BusReply, open_calls
from adapters.portals.bus_wire import PROFILES, BusCall, BusOptions, form_of
from adapters.portals.calling import NotDelivered, ended, portal_unavailable
from adapters.portals.messages import first_fault, linked
from adapters.portals.options import options_of
from adapters.portals.tools import Link, LinkFor, PortalTools
from gateway.config.portals import PortalSettings
from gateway.domain import sentences as say
from gateway.domain.dossier import DossierStatus, MessageKind
from gateway.domain.errors import BadRequest, ConfigError, Problem
from gateway.domain.faults import near
from gateway.domain.reasons import DeliveryReason
from gateway.mapping.messages import MessageFault, PortalPlans
from gateway.ports.relay import (
    DeliveryOutcome,
    OutboundMessage,
    PortalAnswer,
    RemoteDossier,
    RemotePage,
    Unwritable,
)

_TAKES = frozenset({MessageKind.DOSSIER, MessageKind.PROGRESS, MessageKind.STATUS})
_CHUNK = 10
#: an unknown refusal is asked again so often
_PATIENCE = 5
#: dossiers whose last acknowledgement is remembered
_REMEMBERED = 10_000
_LONGEST = 200
#: of a step: its status and time, which another one may share
_MOMENT: Final = ("TrangThai", "ThoiDiemXuLy")
#: of a dossier at the bus: what a comparison may hold, and its dates
_COMPARED: Final = ("procedure", "unit", "agency", "return_method")
_DATES: Final = ("filed_at", "received_at", "due_at")
#: members that have the uid of a file, beside that of its address
_IDS: Final = MappingProxyType({"papers": "TepDinhKemId", "results": "GiayToId"})
#: reads of A.4 -> the parameters that they need
READS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "LayDanhSachTTHC", "LayDVC", "LayDanhMucCoQuan", "LayDanhMucLinhVuc", "LayDanhMucGioiTinh",
                "LayDanhMucTinhThanh", "LayDanhMucQuanHuyen", "LayDanhMucPhuongXa", "LayDanhMucQuocGia",
                "LayDanhMucDanToc", "LayDanhMucTonGiao", "LayDanhMucTinhTrangHonNhan", "LayDanhMucDoiTuong",
                "LayDanhMucCapThucHien", "LayDanhMucCanCuPhapLy", "LayDanhMucLePhi", "LayDanhMucThuTucThuocLoai",
                "LayDanhMucNhomThuTuc", "LayDanhSachHoiDapGuiTuDVCQG", "LayDanhSachHoiDapBoCoQuan",
            ),
            (),
        ),
        "LayThuTuc": ("maTTHC",),
        "LayQDCB": ("idQDCB",),
        "LayNoiDungTraLoiTheoCauHoi": ("cauhoiid",),
        "TraCuuHoSo": ("mahoso",),
        "TraCuuTechID": ("mstorcmnd",),
    }
)  # fmt: skip
#: reads about a person -> what their other parameters are
_ABOUT_PERSONS: Final = MappingProxyType({"TraCuuTechID": {"provider": "wso2is"}})
#: pushes of A.10 -> the fields of an item: an answer may name one that is missing
PUSHES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "DongBoDanhGia": (
            "NgayTongHop", "TongSoNguoiDanhGia", "PhanTramDanhGiaRatHaiLong", "PhanTramDanhGiaHaiLong",
            "PhanTramDanhGiaChuaHaiLong", "DanhSachNoiDungYKien", "MaThuTuc", "NoiDung",
            "PhanTramDanhGiaDichVuRatHaiLong", "PhanTramDanhGiaDichVuHaiLong", "PhanTramDanhGiaDichVuChuaHaiLong",
            "Madonvi", "TenDonVi",
        ),
        "DongBoHoiDap": ("HOIDAPID", "MaLinhVuc", "NOIDUNG", "MADONVI", "TENDONVI"),
        "DongBoKetQuaHoiDapGuiTuDVCQG": (
            "HOIDAPID", "MADONVI", "NGUOITRALOI", "CHUCVUNGUOITRALOI", "NGAYTRALOI", "NOIDUNGTRALOI",
        ),
    }
)  # fmt: skip
#: what a verdict on a push means; the others are decided where they come
_ENDS: Final[Mapping[BusVerdict, tuple[DeliveryOutcome, DeliveryReason | str]]] = MappingProxyType(
    {
        BusVerdict.DONE: (DeliveryOutcome.CONFIRMED, ""),
        # of this dossier alone: the others go on
        BusVerdict.EXISTS: (DeliveryOutcome.UNCONFIRMED, DeliveryReason.RECEIVER_CONTRADICTS),
        BusVerdict.NOT_THERE: (DeliveryOutcome.UNCONFIRMED, DeliveryReason.DOSSIER_NOT_THERE),
        BusVerdict.ACCESS: (DeliveryOutcome.UNAVAILABLE, DeliveryReason.ACCESS_REFUSED),
        BusVerdict.FAULT: (DeliveryOutcome.UNCONFIRMED, DeliveryReason.RECEIVER_FAULT),
        BusVerdict.REFUSED: (DeliveryOutcome.REFUSED, DeliveryReason.MESSAGE_REFUSED),
        BusVerdict.UNKNOWN_CODE: (DeliveryOutcome.UNCONFIRMED, DeliveryReason.ANSWER_UNKNOWN),
        BusVerdict.UNCLEAR: (DeliveryOutcome.UNCONFIRMED, DeliveryReason.ANSWER_UNKNOWN),
    }
)


def open_portal(settings: PortalSettings, plans: PortalPlans | None, tools: PortalTools) -> "NationalBus":
    """The bus of one settings file. Raises ConfigError."""
    file = f"config/portals/{settings.portal}.yaml"
    options = options_of(settings, BusOptions)
    form = form_of(settings.profile, options)
    if form is None:
        what = f"'profile: {settings.profile}' is not known to this adapter"
        remedy = near(settings.profile, PROFILES, f"write one of {', '.join(PROFILES)}")
        raise ConfigError([Problem(file, 0, what, remedy, place=("profile",))])
    if strange := sorted(set(settings.takes) - _TAKES):
        what, remedy = f"the bus takes no '{strange[0]}'", "write some of dossier, progress, status"
        raise ConfigError([Problem(file, 0, what, remedy, place=("takes",))])
    if plans is None:
        what, remedy = "the bus needs a 'mapping'", "write 'mapping: national_bus'"
        raise ConfigError([Problem(file, 0, what, remedy, place=("mapping",))])
    if options.message_profile not in ("", *plans.mapping.profiles):
        what = f"mappings/portals/{settings.mapping}.yaml has no profile '{options.message_profile}'"
        remedy = near(options.message_profile, plans.mapping.profiles, "leave it out")
        raise ConfigError([Problem(file, 0, what, remedy, place=("options", "message_profile"))])
    if options.files == "uid" and (settings.door is None or settings.door.callers != "portal"):
        what = "'files: uid' needs a 'door' at which the portal itself calls: it downloads files there"
        remedy = "write 'files: link', or add 'door'"
        raise ConfigError([Problem(file, 0, what, remedy, place=("options", "files"))])
    plans = plans.in_profile(options.message_profile)
    calls = open_calls(settings, options, form, tools)
    link = tools.uid if options.files == "uid" else tools.link
    return NationalBus(settings, options, calls, plans, link, ids_in_body=form.has_session)


class NationalBus:
    """Implements gateway.ports.relay.Portal."""

    def __init__(
        self,
        settings: PortalSettings,
        options: BusOptions,
        calls: BusCalls,
        plans: PortalPlans,
        link: Link | None,
        *,
        ids_in_body: bool,
    ) -> None:
        """`ids_in_body`: parameters of reads are not in an address."""
        self.kinds = frozenset(settings.takes)
        self.looks_up = True
        self._name = settings.portal
        self._options = options
        self._calls = calls
        self._plans = plans
        self._link = link
        self._ids_in_body = ids_in_body
        #: codes that the bus has acknowledged, the newest last
        self._known: OrderedDict[str, None] = OrderedDict()
        #: deliveries that this process sent as new, for the bus did not have their dossier
        self._creating: OrderedDict[str, bool] = OrderedDict()

    # ------------------------------------------------------------ deliveries

    async def deliver(self, message: OutboundMessage, end: float) -> PortalAnswer:
        """Send one message by `end`. Never raises."""
        return await ended(self._delivered(message, end), message, self._name)

    async def _delivered(self, message: OutboundMessage, end: float) -> PortalAnswer:
        if message.kind not in self.kinds:
            return PortalAnswer(DeliveryOutcome.REFUSED, DeliveryReason.KIND_NOT_TAKEN)
        match message.kind:
            case MessageKind.DOSSIER:
                return await self._dossier(message, end)
            case MessageKind.PROGRESS:
                return await self._progress(message, end)
            case _:
                return await self._status(message, end)

    async def _dossier(self, message: OutboundMessage, end: float) -> PortalAnswer:
        """Create or update, as the bus has it. It is sent whole, so that a second time changes nothing.

        A create whose answer was lost took effect when the dossier is there now: it is not sent again.
        """
        written = self._plans["dossier"].write(await self._linked(message))
        is_known = await self._is_known(message, end)
        if message.unconfirmed and is_known and self._creating.pop(message.delivery, False):
            return PortalAnswer(DeliveryOutcome.CONFIRMED)
        if not is_known:
            self._creating[message.delivery] = True
            if len(self._creating) > _REMEMBERED:
                self._creating.popitem(last=False)
        reply = await self._push(message.code, written, end, updating=is_known)
        if reply.verdict is BusVerdict.EXISTS and not is_known:
            # it is not ours that is there: what follows is an update
            self._creating.pop(message.delivery, None)
            reply = await self._push(message.code, written, end, updating=True)
        elif (
            reply.verdict is BusVerdict.NOT_THERE and is_known and not await self._is_there(message.code, end)
        ):
            reply = await self._push(message.code, written, end, updating=False)
        elif reply.verdict is BusVerdict.NOT_THERE:
            # another thing than the dossier is not there
            return _refused(reply.answer, written)
        if reply.verdict is BusVerdict.NOT_THERE:
            self._known.pop(message.code, None)
            return PortalAnswer(*_ENDS[BusVerdict.EXISTS])
        return self._ended(reply, message, written)

    async def _push(self, code: str, written: object, end: float, *, updating: bool) -> BusReply:
        return await self._calls.call(
            BusCall("DongBoHoSoMC", data=[written], updating=updating, dossier=code), end
        )

    async def _is_known(self, message: OutboundMessage, end: float) -> bool:
        """By the last acknowledgement, or by a look-up: always where a former attempt is in doubt."""
        if not message.unconfirmed and message.code in self._known:
            return True
        return await self._is_there(message.code, end)

    async def _progress(self, message: OutboundMessage, end: float) -> PortalAnswer:
        entries = message.body.get("entries", ())
        rows: Sequence[Mapping[str, Any]] = [self._plans["progress"].write(one) for one in entries]
        if not await self._is_known(message, end):
            return PortalAnswer(*_ENDS[BusVerdict.NOT_THERE])
        if message.unconfirmed:
            rows = await self._missing(message.code, rows, end)
        taken = False
        for chunk in _chunks(rows):
            try:
                call = BusCall(self._plans["progress"].operation, data=chunk, dossier=message.code)
                answer = self._ended(await self._calls.call(call, end), message, chunk)
            except NotDelivered as fault:
                answer = fault.end
            if answer.outcome is not DeliveryOutcome.CONFIRMED:
                in_doubt = taken and answer.outcome is DeliveryOutcome.UNAVAILABLE
                return answer._replace(outcome=DeliveryOutcome.UNCONFIRMED) if in_doubt else answer
            taken = True
        return PortalAnswer(DeliveryOutcome.CONFIRMED)

    async def _missing(
        self, code: str, rows: Sequence[Mapping[str, Any]], end: float
    ) -> list[Mapping[str, Any]]:
        """The rows that the bus does not list yet; all where it has no list. One listed row stands for one step."""
        if not self._options.progress_listing:
            return list(rows)
        call = BusCall(self._options.progress_listing, {"mahoso": code}, dossier=code)
        there = list(_rows_in(await self._calls.call(call, end)))
        missing = []
        for row in rows:
            found = next((one for one in there if _is_step(one, row)), None)
            if found is None:
                missing.append(row)
            else:
                there.remove(found)
        return missing

    async def _status(self, message: OutboundMessage, end: float) -> PortalAnswer:
        """A status of a dossier of the portal: it sets a state, so that a second time changes nothing."""
        plan = self._plans["status"]
        written = plan.write(await self._linked(message))
        call = BusCall(plan.operation, {"type": "2"}, data=written, dossier=message.code)
        return self._ended(await self._calls.call(call, end), message, written)

    def _ended(self, reply: BusReply, message: OutboundMessage, written: object) -> PortalAnswer:
        """What a verdict means for the message."""
        verdict = reply.verdict
        if verdict is BusVerdict.DONE:
            self._creating.pop(message.delivery, None)
            self._remember(message.code)
        elif verdict is BusVerdict.NOT_THERE:
            self._known.pop(message.code, None)
        elif verdict is BusVerdict.REFUSED:
            return _refused(reply.answer, written)
        receiver_text = "" if verdict is BusVerdict.DONE else reply.answer.message
        if verdict is BusVerdict.UNKNOWN_CODE and message.attempt >= _PATIENCE:
            return PortalAnswer(
                DeliveryOutcome.REFUSED, DeliveryReason.REFUSED_REPEATEDLY, receiver_text=receiver_text
            )
        return PortalAnswer(*_ENDS[verdict], receiver_text=receiver_text)

    def _remember(self, code: str) -> None:
        self._known[code] = None
        self._known.move_to_end(code)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    async def _linked(self, message: OutboundMessage) -> Mapping[str, Any]:
        whom = LinkFor(self._name, message.code, message.origin)
        return await linked(message.body, self._link, whom, _IDS if self._options.files == "uid" else {})

    def unwritable(self, kind: MessageKind, body: Mapping[str, Any]) -> Unwritable | None:
        """The first field that the bus cannot take as it stands."""
        return first_fault(self._plans, kind, body)

    # ------------------------------------------------------------ look-ups

    async def look_up(self, code: str, end: float) -> RemoteDossier | None:
        """The dossier at the bus; None: it is not there. Raises PortalUnavailable."""
        try:
            found = await self._looked_up(code, end)
        except NotDelivered as fault:
            raise portal_unavailable(fault.end) from None
        return None if found is None else _remote(code, self._read(found))

    def _read(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """A row of an answer, canonical. Of two members for the status, either may hold the code."""
        if not row.get("MaTrangThai") and str(row.get("TrangThaiHoSo", "")).isdigit():
            row = {**row, "MaTrangThai": row["TrangThaiHoSo"]}
        try:
            found = self._plans["look_up"].read(row)
        except MessageFault:
            raise portal_unavailable(_UNREAD) from None
        if "status" not in found and (word := row.get("TrangThaiHoSo")):
            found["status_text"] = str(word)[:_LONGEST]
        return found

    async def _is_there(self, code: str, end: float) -> bool:
        found = await self._looked_up(code, end) is not None
        if found:
            self._remember(code)
        else:
            self._known.pop(code, None)
        return found

    async def _looked_up(self, code: str, end: float) -> Mapping[str, Any] | None:
        reply = await self._calls.call(BusCall("TraCuuHoSo", {"mahoso": code}, dossier=code), end)
        if reply.verdict is BusVerdict.NOT_THERE:
            return None
        rows = _rows_in(reply)
        if not rows:
            return None
        for row in rows:
            if row.get("MaHoSo", code) == code:
                return row
        # the answer has other dossiers only: this one is neither there nor missing
        raise NotDelivered(_UNREAD)

    async def listing(self, day: str, after: str, count: int, end: float) -> RemotePage | None:
        """Dossiers of a day (`2026-11-27`); None without an operation for it. Raises PortalUnavailable."""
        if not self._options.listing:
            return None
        page, _, size = after.partition("/")
        number, count = int(page or 1), int(size or count)
        words = {"ngay": day.replace("-", ""), "trang": str(number), "soLuong": str(count)}
        try:
            reply = await self._calls.call(BusCall(self._options.listing, words), end)
            rows = _rows_in(reply)
            found = [self._listed(row) for row in rows]
        except NotDelivered as fault:
            raise portal_unavailable(fault.end) from None
        total = reply.answer.members.get("tongSo")
        is_last = len(rows) < count or (isinstance(total, int) and number * count >= total)
        return RemotePage(found, "" if is_last else f"{number + 1}/{count}")

    def _listed(self, row: Mapping[str, Any]) -> RemoteDossier:
        code = row.get("MaHoSo")
        if not isinstance(code, str) or not code:
            raise NotDelivered(_UNREAD)
        found = _remote(code, self._read(row))
        more = {"digest": row.get("MaBam"), "progress": row.get("SoTienDo")}
        given = {name: one for name, one in more.items() if isinstance(one, str | int)}
        return found._replace(facts={**found.facts, **given})

    async def ask(self, operation: str, parameters: Mapping[str, Any], end: float) -> Mapping[str, Any]:
        """A read of A.4, or a push of A.10 (`data`). Raises BadRequest, PortalUnavailable."""
        call = self._asked(operation, parameters)
        try:
            reply = await self._calls.call(call, end)
        except NotDelivered as fault:
            raise portal_unavailable(fault.end) from None
        if reply.verdict in (BusVerdict.DONE, BusVerdict.NOT_THERE):
            found = reply.answer.result if reply.verdict is BusVerdict.DONE else []
            return {} if call.is_push else {"result": found}
        outcome, reason = _ENDS[reply.verdict]
        if outcome is DeliveryOutcome.REFUSED:
            names = {*names_in(parameters), *PUSHES.get(operation, ())} - {"data"}
            raise BadRequest(say.RECEIVER_REFUSED(field=field_in(reply.answer, names) or "?"))
        raise portal_unavailable(PortalAnswer(outcome, reason))

    def _asked(self, operation: str, parameters: Mapping[str, Any]) -> BusCall:
        if operation in PUSHES:
            data = parameters.get("data")
            if not isinstance(data, list) or not data:
                raise BadRequest(say.LIST_EXPECTED.at("data"))
            return BusCall(operation, data=data)
        needed = READS.get(operation)
        if needed is None:
            raise BadRequest(say.UNKNOWN_MEMBER(name=operation[:60] if operation.isalnum() else "?"))
        more = _ABOUT_PERSONS.get(operation)
        if more is not None and not self._ids_in_body and not self._options.allow_url_ids:
            raise BadRequest(say.NO_ID_IN_ADDRESS)
        words = {name: _word(name, parameters.get(name)) for name in needed}
        dossier = words.get("mahoso", "")
        return BusCall(operation, {**(more or {}), **words}, dossier=dossier)

    async def close(self) -> None:
        """Close connections and drop sessions."""
        await self._calls.close()


def _refused(answer: BusAnswer, written: object) -> PortalAnswer:
    field = field_in(answer, names_in(written))
    return PortalAnswer(
        DeliveryOutcome.REFUSED, DeliveryReason.MESSAGE_REFUSED, field=field, receiver_text=answer.message
    )


def _chunks(rows: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
    for start in range(0, len(rows), _CHUNK):
        yield rows[start : start + _CHUNK]


def _is_step(listed: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether a listed row is this step: status, time, and all else that the list says of it, at least one thing.

    `MaBam` (sandbox): SHA-256 (hex) of the compact JSON of the row as it came, keys sorted. Two steps may share status
    and second: a list that says no more does not distinguish them.
    """
    if any(str(listed.get(name)) != str(row.get(name)) for name in _MOMENT):
        return False
    names = [name for name in row if name not in _MOMENT and name in listed and name != "MaHoSo"]
    if any((listed[name] or "") != (row[name] or "") for name in names):
        return False
    digest = listed.get("MaBam")
    return bool(names) if digest is None else digest == _digest_of(row)


def _digest_of(row: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(row, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _word(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadRequest(say.IS_MISSING.at(name))
    if len(value) > _LONGEST or not value.isprintable():
        raise BadRequest(say.MOST_CHARACTERS(bound=_LONGEST).at(name))
    return value


def _rows_in(reply: BusReply) -> list[Mapping[str, Any]]:
    """The objects of `result`. Raises NotDelivered: whatever is no list of objects says nothing."""
    if reply.verdict is not BusVerdict.DONE:
        outcome, reason = _ENDS[reply.verdict]
        raise NotDelivered(PortalAnswer(DeliveryOutcome.UNAVAILABLE, reason or outcome))
    result = reply.answer.result
    if not isinstance(result, list) or not all(isinstance(one, Mapping) for one in result):
        raise NotDelivered(_UNREAD)
    return result


_UNREAD: Final = PortalAnswer(DeliveryOutcome.UNAVAILABLE, DeliveryReason.ANSWER_INVALID)


def _remote(code: str, canonical: Mapping[str, Any]) -> RemoteDossier:
    """What can be compared; names and numbers of people are left where they are."""
    facts = {name: one for name in _COMPARED if (one := canonical.get(name)) not in (None, "")}
    facts |= {
        name: datetime.fromisoformat(canonical[name]).timestamp() for name in _DATES if canonical.get(name)
    }
    status = canonical.get("status", DossierStatus.UNKNOWN)
    return RemoteDossier(code, status, canonical.get("status_text", ""), facts)
