"""Door of the provincial platform (LGSP) as one-gate systems call it today: `/KetNoiMotCuaQuocGia/{Operation}`.

The body is the bare `data` array, or the parameters of the query; the answer is wrapped twice:
`{"error_code": "…", "message": "<JSON text of the original answer>"}`. Hà Giang's form is
`/api/SynsTTHCC/DongBoHoSoMC?MaDinhDanhDV=&isUpdating=`. Source: national-portal facts, table of families, A.4 to A.11.
Callers match on "thành công" and "đã tồn tại": an answer has at most one of these texts. Faults of tokens have the form
of WSO2 API managers (from memory).
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from adapters.portals.attachments import refuse_long
from adapters.portals.door_plans import check_messages
from adapters.portals.dossier_rows import dossier_row
from adapters.portals.national_bus import READS
from adapters.portals.reading import read_message
from gateway.config.portals import PortalSettings
from gateway.domain import sentences as say
from gateway.domain.dossier import Dossier, ProgressEntry, StatusNotice
from gateway.domain.errors import (
    BadRequest,
    Conflict,
    GatewayError,
    NoSuchOperation,
    NotFound,
    PortalUnavailable,
    Refused,
    TooMany,
    Unauthenticated,
    Unprocessable,
)
from gateway.mapping.messages import MessageFault, MessagePlan, PortalPlans
from gateway.ports.relay import Desk, DoorAnswer, DoorCall, TakenIn

_EXISTS = "đã tồn tại"
#: operations that only read, and are passed on to the portal (A.4)
_PASSED_ON = frozenset(READS) - {"TraCuuHoSo"}
#: of these, what asks about a person: the parameter of the number
_ABOUT_PERSON: Mapping[str, str] = {"TraCuuTechID": "mstorcmnd"}
#: evaluations and questions, passed on to the portal as they come (A.10)
_PUSHED_ON = frozenset({"DongBoDanhGia", "DongBoHoiDap", "DongBoKetQuaHoiDapGuiTuDVCQG"})
#: errors that the platform itself answers
_FAULTS = (
    (Unauthenticated, 401, 900901, "Invalid Credentials"),
    (Refused, 403, 900908, "Resource forbidden"),
    (NoSuchOperation, 404, 900906, "No matching resource found"),
    (TooMany, 429, 900802, "Message throttled out"),
)
_MOST_DOSSIERS = 150
_MOST_ENTRIES = 1_000
#: each is stored for itself
_MOST_STATUSES = 100
#: items that are read before others are answered
_AT_ONCE = 8
#: words of the query that belong to the envelope, not to an operation
_ENVELOPE = frozenset({"isUpdating", "MaDinhDanhDV", "madonvi", "session", "service"})


def open_door(settings: PortalSettings, plans: PortalPlans, _tools: object) -> "LgspFacade":
    """The door of one settings file. Raises ConfigError."""
    check_messages(settings, plans, "dossier", "progress", "status", "look_up")
    return LgspFacade(plans)


class LgspFacade:
    """The door. Callers are requesters: another one's dossier does not exist."""

    paths = ("KetNoiMotCuaQuocGia/{operation}", "api/SynsTTHCC/{operation}")

    def __init__(self, plans: PortalPlans) -> None:
        """`plans` have the messages `dossier`, `progress`, `status` and `look_up`."""
        self._plans = plans

    async def answer(self, call: DoorCall, desk: Desk) -> DoorAnswer:
        """Answer one call."""
        operation = call.path.rstrip("/").rsplit("/", 1)[-1]
        handlers = {
            "DongBoHoSoMC": self._dossiers,
            "CapNhatTienDoHoSoMC": self._progress,
            "DongBoTrangThaiHoSo": self._statuses,
            "TraCuuHoSo": self._look_up,
        }
        handler = handlers.get(operation)
        try:
            # no file travels in these messages: a text that was taken out is too long for any of their fields
            refuse_long(call.data, call.long)
            if handler is not None:
                return await handler(call, desk)
            if operation in _PASSED_ON:
                words = _parameters(call)
                number = words.get(_ABOUT_PERSON.get(operation, ""), "").strip()
                result = await desk.ask(operation, words, number=number)
                return _wrapped("0", "", result=result.get("result", result))
            if operation in _PUSHED_ON:
                # the portal has taken it, or it is not there: nothing is stored here
                await desk.ask(operation, {"data": _items(call, _MOST_ENTRIES)})
                return _wrapped("0", "Đồng bộ thành công")
        except MessageFault as fault:
            return _wrapped("-1", f"{fault.sentence.vi} / {fault.sentence.en}")
        return _wrapped("-1", "không có dịch vụ này / there is no such operation")

    def refusal(self, _call: DoorCall, error: GatewayError) -> DoorAnswer:
        """What was not let in: a fault of the platform; what was not understood or not done: an error code."""
        for family, status, code, text in _FAULTS:
            if isinstance(error, family):
                wait = error.retry_after
                return _fault(status, code, text, {"Retry-After": str(wait)} if wait else {})
        if isinstance(error, PortalUnavailable) or (
            isinstance(error, BadRequest) and error.retry_after is None
        ):
            sentence = error.sentence
            return _wrapped(
                "-1",
                f"{sentence.vi if sentence else error.title_vi} / {sentence.en if sentence else error.title}",
            )
        return _fault(503, 101503, "not stored: send it again")

    # ---------------------------------------------------------------------------------------------- operations

    async def _dossiers(self, call: DoorCall, desk: Desk) -> DoorAnswer:
        """`DongBoHoSoMC`. Each dossier is durable before the answer; the ones that failed are named."""
        updating = _updating(call)
        plan = self._plans["dossier"]
        items = _items(call, _MOST_DOSSIERS)
        read = [await _read_at(at, len(items), plan, one) for at, one in enumerate(items)]
        known, failed, created = [], [], set()
        for wire, canonical in zip(items, read, strict=True):
            dossier = Dossier.model_validate(canonical)
            try:
                taken = await desk.take_dossier(dossier, updating=updating, raw=wire)
            except (Unprocessable, Conflict) as fault:  # only its sender can mend it; the others are taken
                if fault.retry_after is not None:
                    raise
                failed.append(f"{dossier.code}: {fault.sentence}")
                continue
            if taken is TakenIn.REPEATED and updating is False and dossier.code not in created:
                known.append(dossier.code)
            elif taken is not TakenIn.REPEATED:
                created.add(dossier.code)  # twice in one array: it is no older dossier
        if failed:
            return _wrapped("-1", "; ".join(failed))
        if known:
            return _wrapped("3", "; ".join(f"{code} {_EXISTS}" for code in known))
        return _wrapped("0", "Đồng bộ hồ sơ thành công")

    async def _progress(self, call: DoorCall, desk: Desk) -> DoorAnswer:
        """`CapNhatTienDoHoSoMC`. All steps are stored, or none when a dossier is not there: it is named."""
        items, plan = _items(call, _MOST_ENTRIES), self._plans["progress"]
        entries = [
            ProgressEntry.model_validate(await _read_at(at, len(items), plan, one))
            for at, one in enumerate(items)
        ]
        try:
            await desk.take_progress(entries)
        except NotFound as fault:
            return _wrapped("-1", f"{_missing(fault.named)}; chưa ghi bước nào / no step is stored")
        return _wrapped("0", "Cập nhật tiến độ thành công")

    async def _statuses(self, call: DoorCall, desk: Desk) -> DoorAnswer:
        """`DongBoTrangThaiHoSo`: of forwarded dossiers. Each is durable; those that failed are named."""
        items, plan = _items(call, _MOST_STATUSES), self._plans["status"]
        notices = [
            StatusNotice.model_validate(await _read_at(at, len(items), plan, one))
            for at, one in enumerate(items)
        ]
        failed = []
        for notice in notices:
            try:
                await desk.take_status(notice)
            except NotFound:
                failed.append(_missing(notice.dossier))
            except (Unprocessable, Conflict) as fault:
                if fault.retry_after is not None:
                    raise
                failed.append(f"{notice.dossier}: {fault.sentence}")
        if 0 < len(failed) < len(notices):
            failed.append("các hồ sơ khác đã được ghi / the others are stored")
        if failed:
            return _wrapped("-1", "; ".join(failed))
        return _wrapped("0", "Đồng bộ trạng thái thành công")

    async def _look_up(self, call: DoorCall, desk: Desk) -> DoorAnswer:
        """`TraCuuHoSo`: an array, empty for a dossier that is not known or not the caller's."""
        code = str(_parameters(call).get("mahoso") or "").strip()
        if not code:
            raise MessageFault("mahoso", "", say.IS_MISSING)
        found = await desk.look_up(code)
        return _wrapped("0", "", result=[] if found is None else [dossier_row(self._plans, found)])


# ------------------------------------------------------------------------------------------------ reading


def _items(call: DoorCall, most: int) -> Sequence[Mapping[str, Any]]:
    """The array of `data`: bare, in an envelope, or one object alone. Raises MessageFault."""
    data = call.data
    if isinstance(data, Mapping) and "data" in data:
        data = data["data"]
    items = [data] if isinstance(data, Mapping) else data
    if not isinstance(items, list) or not items or not all(isinstance(one, Mapping) for one in items):
        raise MessageFault("data", "", say.IS_MISSING)
    if len(items) > most:
        raise MessageFault("data", "", say.MOST_ENTRIES(bound=most))
    return items


async def _read_at(at: int, count: int, plan: MessagePlan, wire: Mapping[str, Any]) -> dict[str, Any]:
    """One item; the fault of one of several says which."""
    if at % _AT_ONCE == _AT_ONCE - 1:
        await asyncio.sleep(0)
    try:
        return await read_message(plan, wire)
    except MessageFault as fault:
        if count == 1:
            raise
        raise MessageFault(f"data[{at}].{fault.field}", fault.path, fault.why) from None


def _updating(call: DoorCall) -> bool | None:
    """`isUpdating` of the query or the body; None when it is not said: whatever fits. Raises MessageFault."""
    given: object = call.query.get("isUpdating")
    if given is None and isinstance(call.data, Mapping):
        given = call.data.get("isUpdating")
    word = str(given).strip().lower()
    if given is None or not word:
        return None
    if word not in {"true", "false"}:
        raise MessageFault("isUpdating", "", say.WIRE_VALUE_UNREADABLE)
    return word == "true"


def _parameters(call: DoorCall) -> Mapping[str, Any]:
    """Parameters of a read operation, from the query and the body."""
    body = call.data if isinstance(call.data, Mapping) else {}
    found = {**call.query, **body}
    return {name: one for name, one in found.items() if name not in _ENVELOPE and isinstance(one, str)}


# ----------------------------------------------------------------------------------------------- answering


def _wrapped(code: str, message: str, **more: object) -> DoorAnswer:
    """The original answer as text inside the answer of the platform."""
    inner = {"error_code": code, "message": message, **more}
    return DoorAnswer(orjson.dumps({"error_code": code, "message": orjson.dumps(inner).decode()}))


def _missing(code: str) -> str:
    return f"{code}: hồ sơ không tồn tại / the dossier does not exist"


def _fault(status: int, code: int, text: str, more: Mapping[str, str] = {}) -> DoorAnswer:
    body = {"fault": {"code": code, "message": text, "description": text}}
    headers = {"WWW-Authenticate": 'Bearer realm="motlan"'} if status == 401 else {}
    return DoorAnswer(orjson.dumps(body), status, headers={**headers, **more})
