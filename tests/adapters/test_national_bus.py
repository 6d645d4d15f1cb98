"""The client of the national bus against a bus on loopback: what each end of a call means for a message."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from aiohttp import web

from adapters.portals.national_bus import open_portal
from adapters.portals.tools import LinkFor
from adapters.stores.memory import MemoryCache
from gateway.domain.dossier import MessageKind
from gateway.domain.errors import BadRequest, ConfigError, PendingUnavailable, PortalUnavailable
from gateway.ports.relay import DeliveryOutcome, OutboundMessage, PortalAnswer
from tests.adapters.bus_peer import (
    CANARY,
    CODE,
    DROP,
    OK,
    NowClock,
    at,
    bus_and_portal,
    dossier,
    notice,
    plans,
    portal_tools,
    progress,
    served,
    settings_of,
    soon,
)
from tests.adapters.raw_peers import free_port

CONFIRMED, REFUSED = DeliveryOutcome.CONFIRMED, DeliveryOutcome.REFUSED
UNAVAILABLE, UNCONFIRMED = DeliveryOutcome.UNAVAILABLE, DeliveryOutcome.UNCONFIRMED
#: what the platform in front wants; the token's path is below the url
WSO2 = {"kind": "oauth2", "token_path": "/token", "client_id": "unit", "secret": {"value": "wso2-secret"}}
LIST = {"progress_listing": "DanhSachTienDoHoSo"}
FIRST, SECOND = ("accepted", "2026-01-05T01:30:00Z"), ("processing", "2026-01-06T03:15:00Z")


# ------------------------------------------------------------------------------------------------ profiles


async def test_direct_profile_sends_the_session_unit_and_service_in_the_body() -> None:
    options = {"dstcode": "VN:GOV:000.00.00.G22:x", "providerurl": "https://inner.example"}
    async with bus_and_portal(options=options) as (bus, portal):
        assert await portal.deliver(dossier(), soon()) == PortalAnswer(CONFIRMED)
        (login,), (looked,), (sent,) = map(bus.asked, ("login", "TraCuuHoSo", "DongBoHoSoMC"))
    assert login.words == {"username": "unit", "password": "bus-secret"}
    assert [*looked.words] == ["session", "madonvi", "service", "mahoso"]
    assert [*sent.words] == ["session", "madonvi", "service", "isUpdating", "data"]
    assert (sent.words["session"], sent.words["madonvi"]) == ("session-1", "000.00.00.H31")
    assert sent.words["isUpdating"] == "False"
    assert sent.query == {"dstcode": "VN:GOV:000.00.00.G22:x", "providerurl": "https://inner.example"}
    assert sent.headers["Charset"] == "utf-8"
    assert "dstcode" not in sent.headers


async def test_dstcode_may_stand_in_a_header() -> None:
    async with bus_and_portal(options={"dstcode": "VN:GOV:x", "dstcode_in": "header"}) as (bus, portal):
        await portal.deliver(dossier(), soon())
    assert {one.headers["dstcode"] for one in bus.requests} == {"VN:GOV:x"}
    assert all(one.query == {} for one in bus.requests)


@pytest.mark.parametrize(
    ("profile", "path", "more"),
    [
        ("lgsp_facade", "/KetNoiMotCuaQuocGia", {}),
        ("lgsp_query", "/api/SynsTTHCC", {"MaDinhDanhDV": "000.00.00.H31"}),
    ],
)
async def test_platform_profiles_send_the_bare_data_and_parse_the_answer_twice(
    profile: str, path: str, more: dict[str, str]
) -> None:
    async with bus_and_portal(profile=profile, auth=WSO2) as (bus, portal):
        bus.wraps = True
        assert await portal.deliver(dossier(), soon()) == PortalAnswer(CONFIRMED)
        assert await portal.deliver(dossier(status="processing"), soon()) == PortalAnswer(CONFIRMED)
        assert await portal.deliver(progress(FIRST), soon()) == PortalAnswer(CONFIRMED)
        assert await portal.deliver(notice(), soon()) == PortalAnswer(CONFIRMED)
        found = await portal.look_up(CODE, soon())
    first, second = bus.asked("DongBoHoSoMC")
    assert (first.path, first.query) == (f"{path}/DongBoHoSoMC", {**more, "isUpdating": "False"})
    assert second.query == {**more, "isUpdating": "True"}
    assert isinstance(first.words, list)
    assert first.headers["Authorization"] == "Bearer token-of-wso2"
    assert bus.asked("TraCuuHoSo")[0].query == {**more, "mahoso": CODE}
    assert bus.asked("TraCuuHoSo")[0].words is None
    assert bus.asked("DongBoTrangThaiHoSo")[0].query == {**more, "type": "2"}
    assert isinstance(bus.asked("DongBoTrangThaiHoSo")[0].words, dict)
    assert found is not None
    assert (found.code, found.status) == (CODE, "processing")
    assert len(bus.asked("token")) == 1
    assert bus.logins == 0


# ------------------------------------------------------------------------------------------------ create, update


async def test_create_or_update_is_decided_by_what_the_bus_has() -> None:
    async with bus_and_portal() as (bus, portal):
        bus.dossiers[CODE] = {"MaHoSo": CODE}
        assert await portal.deliver(dossier(), soon()) == PortalAnswer(CONFIRMED)
        assert await portal.deliver(dossier(status="processing"), soon()) == PortalAnswer(CONFIRMED)
    assert [one.words["isUpdating"] for one in bus.asked("DongBoHoSoMC")] == ["True", "True"]
    assert len(bus.asked("TraCuuHoSo")) == 1  # the second time the acknowledgement tells


@pytest.mark.parametrize("code", ["0", 3, "-3"])
async def test_create_of_a_dossier_that_turns_out_to_be_there_becomes_an_update(code: object) -> None:
    async with bus_and_portal() as (bus, portal):
        bus.dossiers[CODE] = {"MaHoSo": CODE}
        bus.say("TraCuuHoSo", {"error_code": 0, "message": "", "result": []})
        bus.say("DongBoHoSoMC", {"error_code": code, "message": f"{CODE} ĐÃ TỒN TẠI"})
        assert await portal.deliver(dossier(), soon()) == PortalAnswer(CONFIRMED)
    assert [one.words["isUpdating"] for one in bus.asked("DongBoHoSoMC")] == ["False", "True"]


async def test_dossier_that_the_bus_has_lost_is_created_again() -> None:
    async with bus_and_portal() as (bus, portal):
        await portal.deliver(dossier(), soon())
        bus.dossiers.clear()
        assert await portal.deliver(dossier(status="processing"), soon()) == PortalAnswer(CONFIRMED)
    assert [one.words["isUpdating"] for one in bus.asked("DongBoHoSoMC")] == ["False", "True", "False"]


async def test_bus_that_says_a_dossier_is_there_and_not_there_is_asked_no_third_time() -> None:
    async with bus_and_portal() as (bus, portal):
        bus.say("DongBoHoSoMC", {"error_code": "3", "message": f"{CODE} đã tồn tại"})
        answer = await portal.deliver(dossier(), soon())
    assert answer == PortalAnswer(UNCONFIRMED, "receiver_contradicts")
    assert len(bus.asked("DongBoHoSoMC")) == 2


async def test_create_whose_answer_was_lost_is_looked_up_and_not_sent_again() -> None:
    async with bus_and_portal() as (bus, portal):
        bus.say("DongBoHoSoMC", lambda one: _stored_and_dropped(bus, one))
        assert await portal.deliver(dossier(), soon()) == PortalAnswer(UNCONFIRMED, "answer_missing")
        assert await portal.deliver(dossier(unconfirmed=True, attempt=2), soon()) == PortalAnswer(CONFIRMED)
    assert [one.words["isUpdating"] for one in bus.asked("DongBoHoSoMC")] == ["False"]
    assert len(bus.asked("TraCuuHoSo")) == 2


async def test_create_that_did_not_arrive_is_sent_again() -> None:
    async with bus_and_portal() as (bus, portal):
        bus.say("DongBoHoSoMC", DROP)
        assert await portal.deliver(dossier(), soon()) == PortalAnswer(UNCONFIRMED, "answer_missing")
        assert await portal.deliver(dossier(unconfirmed=True, attempt=2), soon()) == PortalAnswer(CONFIRMED)
    assert [one.words["isUpdating"] for one in bus.asked("DongBoHoSoMC")] == ["False", "False"]


async def test_doubtful_dossier_of_another_process_is_sent_whole_as_an_update() -> None:
    async with served() as bus, at(bus) as first, at(bus) as second:
        bus.say("DongBoHoSoMC", lambda one: _stored_and_dropped(bus, one))
        assert await first.deliver(dossier(), soon()) == PortalAnswer(UNCONFIRMED, "answer_missing")
        assert await second.deliver(dossier(unconfirmed=True, attempt=2), soon()) == PortalAnswer(CONFIRMED)
    assert [one.words["isUpdating"] for one in bus.asked("DongBoHoSoMC")] == ["False", "True"]


async def test_update_that_is_lost_after_a_create_was_refused_is_sent_again() -> None:
    async with bus_and_portal() as (bus, portal):
        bus.dossiers[CODE] = {"MaHoSo": CODE}
        bus.say("TraCuuHoSo", {"error_code": 0, "message": "", "result": []})
        bus.say("DongBoHoSoMC", {"error_code": "3", "message": f"{CODE} đã tồn tại"}, DROP)
        assert await portal.deliver(dossier(), soon()) == PortalAnswer(UNCONFIRMED, "answer_missing")
        assert await portal.deliver(dossier(unconfirmed=True, attempt=2), soon()) == PortalAnswer(CONFIRMED)
        assert bus.dossiers[CODE]["TenTTHC"] == "Đăng ký khai sinh"
    assert [one.words["isUpdating"] for one in bus.asked("DongBoHoSoMC")] == ["False", "True", "True"]


async def test_doubtful_update_of_a_known_dossier_is_looked_up_too() -> None:
    async with bus_and_portal() as (bus, portal):
        await portal.deliver(dossier(), soon())
        bus.say("DongBoHoSoMC", DROP)
        await portal.deliver(dossier(status="processing"), soon())
        assert len(bus.asked("TraCuuHoSo")) == 1
        again = await portal.deliver(dossier(status="processing", unconfirmed=True, attempt=2), soon())
        assert again == PortalAnswer(CONFIRMED)
        assert len(bus.asked("TraCuuHoSo")) == 2


def _stored_and_dropped(bus: Any, one: Any) -> object:
    """The bus stores it, and its answer is lost."""
    bus.usual(one)
    return DROP


async def test_doubtful_dossier_is_not_sent_while_the_look_up_does_not_succeed() -> None:
    async with bus_and_portal() as (bus, portal):
        bus.say("TraCuuHoSo", web.Response(status=503, headers={"Retry-After": "7"}))
        answer = await portal.deliver(dossier(unconfirmed=True), soon())
    assert answer == PortalAnswer(UNAVAILABLE, "receiver_busy", retry_in=7)
    assert bus.asked("DongBoHoSoMC") == []


# ------------------------------------------------------------------------------------------------ the table

#: what the bus answers to a create -> what becomes of it
JUDGED: dict[str, tuple[Mapping[str, Any], PortalAnswer]] = {
    "two zeros": ({"error_code": "00", "message": OK}, PortalAnswer(CONFIRMED)),
    "a number": ({"error_code": 0, "message": "Đồng bộ THÀNH CÔNG"}, PortalAnswer(CONFIRMED)),
    "a success that says it is none": (
        {"error_code": "0", "message": "Đồng bộ không thành công"}, PortalAnswer(UNCONFIRMED, "answer_unknown"),
    ),
    "a success without its word": ({"error_code": "0", "message": ""}, PortalAnswer(UNCONFIRMED, "answer_unknown")),
    "no code": ({"message": OK}, PortalAnswer(UNCONFIRMED, "answer_unknown")),
    "a code that is none": ({"error_code": True, "message": OK}, PortalAnswer(UNCONFIRMED, "answer_unknown")),
    "a field that is missing": (
        {"error_code": "2", "message": f"data[0].SoGiayToChuHoSo bắt buộc, nhận {CANARY}"},
        PortalAnswer(REFUSED, "message_refused", field="SoGiayToChuHoSo"),
    ),
    "a name that is no field of ours": (
        {"error_code": "2", "message": f"{CANARY} Tran_Thi_Mau không hợp lệ"}, PortalAnswer(REFUSED, "message_refused"),
    ),
    "something else that is not there": (
        {"error_code": "9", "message": "Thủ tục của hồ sơ không tồn tại"}, PortalAnswer(REFUSED, "message_refused"),
    ),
    "trouble of its own": (
        {"error_code": "-99", "message": "Lỗi hệ thống, vui lòng thử lại"}, PortalAnswer(UNCONFIRMED, "receiver_fault"),
    ),
    "an account without the right": (
        {"error_code": "7", "message": "Đơn vị không có quyền"}, PortalAnswer(UNAVAILABLE, "access_refused"),
    ),
    "an unknown no": ({"error_code": "42", "message": "???"}, PortalAnswer(UNCONFIRMED, "answer_unknown")),
    "a code of the settings": ({"error_code": "77", "message": "???"}, PortalAnswer(REFUSED, "message_refused")),
}  # fmt: skip


@pytest.mark.parametrize("case", JUDGED)
async def test_answer_is_judged_by_code_and_words(case: str) -> None:
    said, expected = JUDGED[case]
    async with bus_and_portal(options={"errors": {"77": "refused"}}) as (bus, portal):
        bus.say("DongBoHoSoMC", said)
        answer = await portal.deliver(dossier(), soon())
    assert answer._replace(receiver_text="") == expected
    assert answer.receiver_text == ("" if expected.outcome is CONFIRMED else said["message"])


async def test_unknown_no_that_comes_again_and_again_is_a_refusal() -> None:
    async with bus_and_portal() as (bus, portal):
        bus.say("DongBoHoSoMC", {"error_code": "42", "message": "???"})
        answer = await portal.deliver(dossier(unconfirmed=True, attempt=5), soon())
    assert answer == PortalAnswer(REFUSED, "refused_repeatedly", receiver_text="???")


#: an answer of whatever is in front -> what becomes of the message
IN_FRONT: dict[str, tuple[Any, PortalAnswer]] = {
    "busy": (
        web.Response(status=429, headers={"Retry-After": "11"}), PortalAnswer(UNAVAILABLE, "receiver_busy", retry_in=11)
    ),
    "away": (web.Response(status=503), PortalAnswer(UNAVAILABLE, "receiver_busy")),
    "not for us": (web.Response(status=403), PortalAnswer(UNAVAILABLE, "access_refused")),
    "no such path": (web.Response(status=404), PortalAnswer(UNAVAILABLE, "access_refused")),
    "not to be read": (web.Response(status=400, text="{}"), PortalAnswer(REFUSED, "message_refused")),
    "too large": (web.Response(status=413), PortalAnswer(REFUSED, "message_refused")),
    "fault": (web.Response(status=500, text="x"), PortalAnswer(UNCONFIRMED, "receiver_fault")),
    "bad gateway": (web.Response(status=502), PortalAnswer(UNCONFIRMED, "receiver_fault")),
    "gateway too slow": (web.Response(status=504), PortalAnswer(UNCONFIRMED, "receiver_fault")),
    "redirect": (
        web.Response(status=302, headers={"Location": "/elsewhere"}), PortalAnswer(UNCONFIRMED, "answer_invalid")
    ),
    "page": (
        web.Response(text="<html>Đăng nhập</html>", content_type="text/html"),
        PortalAnswer(UNCONFIRMED, "answer_invalid"),
    ),
    "nothing": (web.Response(status=204), PortalAnswer(UNCONFIRMED, "answer_invalid")),
    "no JSON": (web.Response(text="thành công"), PortalAnswer(UNCONFIRMED, "answer_invalid")),
    "no object": (web.Response(text='["0"]'), PortalAnswer(UNCONFIRMED, "answer_invalid")),
    "code twice": (
        web.Response(text='{"error_code":"1","error_code":"0","message":"thành công"}'),
        PortalAnswer(UNCONFIRMED, "answer_invalid"),
    ),
    "another charset": (
        web.Response(body='{"error_code":"0","message":"thành công"}'.encode("cp1258", "replace")),
        PortalAnswer(UNCONFIRMED, "answer_invalid"),
    ),
    "huge": (web.Response(body=b'"' + b"a" * 40_000 + b'"'), PortalAnswer(UNCONFIRMED, "answer_invalid")),
    "cut off": (DROP, PortalAnswer(UNCONFIRMED, "answer_missing")),
}  # fmt: skip


@pytest.mark.parametrize("case", IN_FRONT)
async def test_answer_that_is_none_leaves_doubt_only_where_the_message_may_have_been_taken(case: str) -> None:
    said, expected = IN_FRONT[case]
    async with bus_and_portal(limits={"answer_bytes": "20000"}) as (bus, portal):
        bus.say("DongBoHoSoMC", _copy(said))
        assert await portal.deliver(dossier(), soon()) == expected
    assert len(bus.asked("DongBoHoSoMC")) == 1  # a push is never repeated by the transport
    assert bus.asked("elsewhere") == []


def _copy(said: Any) -> Any:
    """A response can be sent once."""
    if not isinstance(said, web.Response):
        return said
    headers = {name: one for name, one in said.headers.items() if name != "Content-Length"}
    return web.Response(status=said.status, body=said.body, headers=headers)


async def test_bus_that_is_not_there_took_nothing() -> None:
    settings = settings_of(f"http://127.0.0.1:{free_port()}")
    portal = open_portal(settings, plans(), portal_tools())
    answer = await portal.deliver(dossier(), soon())
    await portal.close()
    assert answer == PortalAnswer(UNAVAILABLE, "receiver_unreachable")


async def test_answer_that_does_not_come_in_time_leaves_doubt() -> None:
    async with bus_and_portal(limits={"total_ms": "200"}) as (bus, portal):
        bus.say("DongBoHoSoMC", lambda _one: asyncio.sleep(1, {"error_code": "0", "message": OK}))
        assert await portal.deliver(dossier(), soon()) == PortalAnswer(UNCONFIRMED, "answer_missing")
        assert await portal.deliver(dossier(), soon(-1)) == PortalAnswer(UNAVAILABLE, "receiver_timeout")


async def test_open_breaker_says_when_to_come_back() -> None:
    limits = {"breaker_failures": "2", "breaker_probe_seconds": "60"}
    async with bus_and_portal(limits=limits) as (bus, portal):
        bus.say("TraCuuHoSo", *[web.Response(status=500) for _ in range(2)])
        for number in range(2):
            await portal.deliver(dossier(f"H31.14-260105-010{number}"), soon())
        answer = await portal.deliver(dossier(), soon())
    assert (answer.outcome, answer.reason) == (UNAVAILABLE, "receiver_paused")
    assert answer.retry_in is not None
    assert 0 < answer.retry_in <= 60


async def test_dossier_on_which_the_bus_breaks_does_not_stop_the_others() -> None:
    async with bus_and_portal(limits={"breaker_failures": "4"}) as (bus, portal):
        for _ in range(8):
            bus.say("TraCuuHoSo", web.Response(status=500))
            await portal.deliver(dossier("H31.14-260105-0666"), soon())
        assert await portal.deliver(dossier(), soon()) == PortalAnswer(CONFIRMED)


# ------------------------------------------------------------------------------------------------ sessions


async def test_hundred_calls_with_a_session_that_is_over_log_in_once() -> None:
    async with bus_and_portal(limits={"connections": "200"}) as (bus, portal):
        await portal.deliver(dossier(), soon())
        bus.sessions.clear()
        bus.login_seconds = 0.05
        codes = [f"H31.14-260105-{number:04d}" for number in range(100, 200)]
        answers = await asyncio.gather(*(portal.deliver(dossier(code), soon()) for code in codes))
        assert set(answers) == {PortalAnswer(CONFIRMED)}
        assert len(bus.dossiers) == 101
    assert bus.logins == 2


async def test_first_hundred_calls_log_in_once() -> None:
    async with bus_and_portal() as (bus, portal):
        bus.login_seconds = 0.05
        await asyncio.gather(*(portal.look_up(f"H31-{number}", soon()) for number in range(100)))
    assert bus.logins == 1


async def test_session_is_not_used_after_ten_minutes() -> None:
    clock = NowClock()
    async with served() as bus, at(bus, portal_tools(clock=clock)) as portal:
        await portal.look_up(CODE, soon())
        clock.ahead = 599
        await portal.look_up(CODE, soon())
        assert bus.logins == 1
        clock.ahead = 601
        await portal.look_up(CODE, soon())
    assert bus.logins == 2


async def test_processes_share_a_session_and_the_cache_does_not_show_it() -> None:
    cache = _SeenCache()
    async with served() as bus, at(bus, portal_tools(cache)) as first, at(bus, portal_tools(cache)) as second:
        await first.look_up(CODE, soon())
        await second.look_up(CODE, soon())
        assert bus.logins == 1
        bus.sessions.clear()
        await first.look_up(CODE, soon())
        await second.look_up(CODE, soon())  # refused once, then the one of the other process
    assert bus.logins == 2
    assert cache.values
    assert not any(b"session-" in value for value in cache.values)


async def test_session_goes_on_while_the_cache_is_away() -> None:
    async with served() as bus, at(bus, portal_tools(_AwayCache())) as portal:
        await portal.look_up(CODE, soon())
        await portal.look_up(CODE, soon())
    assert bus.logins == 1


async def test_refused_login_leaves_messages_waiting_and_is_not_repeated_at_once() -> None:
    async with bus_and_portal(auth={"username": "unit", "secret": {"value": "wrong"}}) as (bus, portal):
        answers = [await portal.deliver(dossier(), soon()) for _ in range(3)]
        assert {(one.outcome, one.reason) for one in answers} == {(UNAVAILABLE, "login_refused")}
        assert all(one.retry_in is not None and 0 < one.retry_in <= 30 for one in answers)
    assert bus.logins == 1


async def test_session_that_is_refused_when_it_is_new_ends_the_attempt() -> None:
    async with bus_and_portal() as (bus, portal):
        bus.say("TraCuuHoSo", *[{"error_code": "9", "message": "Hết phiên làm việc"}] * 2)
        assert await portal.deliver(dossier(), soon()) == PortalAnswer(UNAVAILABLE, "session_refused")
    assert bus.logins == 2


async def test_login_without_an_answer_is_no_doubt_about_the_message() -> None:
    async with bus_and_portal(limits={"retry_budget": "0"}) as (bus, portal):
        bus.say("login", DROP)
        answer = await portal.deliver(dossier(), soon())
    assert answer == PortalAnswer(UNAVAILABLE, "answer_missing")


async def test_who_gives_up_waiting_for_a_login_leaves_it_to_the_others() -> None:
    async with bus_and_portal() as (bus, portal):
        bus.login_seconds = 0.3
        short = asyncio.create_task(portal.deliver(dossier(), soon(0.05)))
        long = asyncio.create_task(portal.look_up(CODE, soon()))
        assert await short == PortalAnswer(UNAVAILABLE, "receiver_timeout")
        assert await long is None
    assert bus.logins == 1


class _SeenCache(MemoryCache):
    """Remembers what was put."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        super().__init__()
        self.values: list[bytes] = []

    async def put(self, key: str, value: bytes, seconds: int, owner: str = "") -> None:
        self.values.append(value)
        await super().put(key, value, seconds, owner)


class _AwayCache(MemoryCache):
    """Cannot be reached."""

    __slots__ = ()

    async def get(self, key: str) -> bytes | None:  # noqa: ARG002
        raise PendingUnavailable(retry_after=1)

    async def put(self, key: str, value: bytes, seconds: int, owner: str = "") -> None:  # noqa: ARG002
        raise PendingUnavailable(retry_after=1)


# ------------------------------------------------------------------------------------------------ steps, statuses


async def test_steps_go_ten_at_a_time_after_their_dossier() -> None:
    steps = [("processing", f"2026-01-{day:02d}T01:00:00Z") for day in range(1, 24)]
    async with bus_and_portal() as (bus, portal):
        answer = await portal.deliver(progress(*steps), soon())
        assert answer == PortalAnswer(UNCONFIRMED, "dossier_not_there")
        assert bus.asked("CapNhatTienDoHoSoMC") == []
        await portal.deliver(dossier(), soon())
        assert await portal.deliver(progress(*steps), soon()) == PortalAnswer(CONFIRMED)
        sent = bus.asked("CapNhatTienDoHoSoMC")
        assert [len(one.words["data"]) for one in sent] == [10, 10, 3]
        assert "isUpdating" not in sent[0].words
        assert [one["ThoiDiemXuLy"] for one in bus.steps] == [
            f"202601{day:02d}080000" for day in range(1, 24)
        ]


async def test_steps_whose_answer_was_lost_are_sent_once_where_the_bus_lists_them() -> None:
    async with bus_and_portal(options=LIST) as (bus, portal):
        await portal.deliver(dossier(), soon())
        bus.say("CapNhatTienDoHoSoMC", lambda one: _stored_and_dropped(bus, one))
        assert await portal.deliver(progress(FIRST), soon()) == PortalAnswer(UNCONFIRMED, "answer_missing")
        again = await portal.deliver(progress(FIRST, SECOND, unconfirmed=True), soon())
        assert again == PortalAnswer(CONFIRMED)
        assert [one["ThoiDiemXuLy"] for one in bus.steps] == ["20260105083000", "20260106101500"]


async def test_steps_whose_answer_was_lost_are_sent_again_where_nothing_tells() -> None:
    async with bus_and_portal() as (bus, portal):
        await portal.deliver(dossier(), soon())
        bus.say("CapNhatTienDoHoSoMC", lambda one: _stored_and_dropped(bus, one))
        await portal.deliver(progress(FIRST), soon())
        assert await portal.deliver(progress(FIRST, unconfirmed=True), soon()) == PortalAnswer(CONFIRMED)
        assert len(bus.steps) == 2


@pytest.mark.parametrize(
    ("listed", "sent"),
    [
        ({}, 2),  # another step may have the same status and second
        ({"NguoiXuLy": "Lê Văn Ví Dụ"}, 1),
        ({"NoiDungXuLy": "Đã chuyển phòng chuyên môn"}, 2),
        ({"NguoiXuLy": "Lê Văn Ví Dụ", "MaBam": "0" * 64}, 2),
    ],
)
async def test_step_is_taken_for_listed_only_when_all_that_the_list_says_of_it_agrees(
    listed: dict[str, str], sent: int
) -> None:
    async with bus_and_portal(options=LIST) as (bus, portal):
        await portal.deliver(dossier(), soon())
        bus.say("CapNhatTienDoHoSoMC", lambda one: _stored_and_dropped(bus, one))
        await portal.deliver(progress(FIRST), soon())
        row = {"TrangThai": "2", "ThoiDiemXuLy": "20260105083000", **listed}
        bus.say("DanhSachTienDoHoSo", {"error_code": "0", "message": OK, "result": [row]})
        assert await portal.deliver(progress(FIRST, unconfirmed=True), soon()) == PortalAnswer(CONFIRMED)
        assert len(bus.steps) == sent


async def test_steps_that_were_taken_in_part_are_in_doubt() -> None:
    steps = [("processing", f"2026-01-{day:02d}T01:00:00Z") for day in range(1, 16)]
    async with bus_and_portal(options=LIST) as (bus, portal):
        await portal.deliver(dossier(), soon())
        bus.say("CapNhatTienDoHoSoMC", bus.usual, web.Response(status=503))
        answer = await portal.deliver(progress(*steps), soon())
        assert answer == PortalAnswer(UNCONFIRMED, "receiver_busy")


async def test_steps_of_a_dossier_that_the_bus_does_not_have_wait() -> None:
    async with bus_and_portal() as (bus, portal):
        await portal.deliver(dossier(), soon())
        bus.say("CapNhatTienDoHoSoMC", {"error_code": "4", "message": f"{CODE} không tồn tại"})
        answer = await portal.deliver(progress(FIRST), soon())
        assert answer == PortalAnswer(UNCONFIRMED, "dossier_not_there", receiver_text=f"{CODE} không tồn tại")


async def test_status_is_an_object_of_type_two() -> None:
    async with bus_and_portal() as (bus, portal):
        assert await portal.deliver(notice(), soon()) == PortalAnswer(CONFIRMED)
    (sent,) = bus.asked("DongBoTrangThaiHoSo")
    assert [*sent.words] == ["session", "madonvi", "service", "type", "data"]
    assert sent.words["type"] == "2"
    assert isinstance(sent.words["data"], dict)


async def test_files_of_this_gateway_get_an_address() -> None:
    async def link(reference: str, name: str, whom: LinkFor) -> str:
        assert whom == LinkFor("national_bus", CODE)
        return f"https://gw.example/files/{reference[-4:]}/{name}"

    papers = [{"file": "sha256:" + "a" * 64, "file_name": "a.pdf"}, {"url": "https://other.example/b.pdf"}]
    message = dossier(papers=papers)
    async with served() as bus, at(bus, portal_tools(link=link)) as portal:
        assert await portal.deliver(message, soon()) == PortalAnswer(CONFIRMED)
        urls = [one["DuongDanTaiTepTin"] for one in bus.dossiers[CODE]["TaiLieuNop"]]
        assert urls == ["https://gw.example/files/aaaa/a.pdf", "https://other.example/b.pdf"]
        async with at(bus) as without:
            answer = await without.deliver(message, soon())
            assert answer == PortalAnswer(UNCONFIRMED, "file_unavailable")


async def test_kind_that_is_not_taken_and_message_with_a_defect_are_ends_as_well() -> None:
    async with bus_and_portal(takes=["dossier"]) as (_bus, portal):
        assert await portal.deliver(notice(), soon()) == PortalAnswer(REFUSED, "kind_not_taken")
        nameless = await portal.deliver(dossier(procedure_title=""), soon())
        assert nameless == PortalAnswer(REFUSED, "message_not_writable", field="TenTTHC")
        long = await portal.deliver(dossier(receipt_no="1" * 101), soon())
        assert long == PortalAnswer(REFUSED, "message_not_writable", field="SoBienNhan")
        body: Any = {"code": CODE, "papers": 7}
        broken = OutboundMessage("01D", MessageKind.DOSSIER, CODE, 1, body, unconfirmed=False, attempt=1)
        assert await portal.deliver(broken, soon()) == PortalAnswer(UNCONFIRMED, "gateway_fault")


# ------------------------------------------------------------------------------------------------ look-ups


async def test_look_up_tells_there_from_not_there_and_both_from_trouble() -> None:
    async with bus_and_portal() as (bus, portal):
        assert await portal.look_up(CODE, soon()) is None
        row = {
            "MaHoSo": CODE, "MaTrangThai": "9", "TrangThaiHoSo": "Đã xử lý xong", "MaTTHC": "1.001193",
            "HoTenNguoiNop": "Trần Thị Mẫu", "NgayNop": "20260105083000", "NgayHenTra": "", "HinhThucNhanKQ": "1",
        }  # fmt: skip
        bus.say("TraCuuHoSo", {"error_code": "0", "message": "", "result": [row]})
        found = await portal.look_up(CODE, soon())
        assert found is not None
        assert (found.status, found.status_text) == ("processed", "")
        assert found.facts == {"procedure": "1.001193", "filed_at": 1767576600.0, "return_method": "postal"}
        assert "Mẫu" not in repr(found)
        bus.say("TraCuuHoSo", {"error_code": "0", "result": [{"MaHoSo": CODE, "TrangThaiHoSo": "Đang chờ"}]})
        found = await portal.look_up(CODE, soon())
        assert found is not None
        assert (found.status, found.status_text) == ("unknown", "Đang chờ")


@pytest.mark.parametrize(
    "said",
    [
        {"error_code": "0", "message": ""},
        {"error_code": "0", "message": "", "result": None},
        {"error_code": "0", "message": "", "result": {"MaHoSo": CODE}},
        {"error_code": "0", "message": "", "result": ["x"]},
        {"error_code": "0", "message": "", "result": [{"MaHoSo": "H31.14-260105-9999"}]},
        {"error_code": "42", "message": "???"},
        {"error_code": "-1", "message": "Lỗi hệ thống"},
        web.Response(status=302, headers={"Location": "/elsewhere"}),
    ],
    ids=str,
)
async def test_trouble_with_a_look_up_never_means_that_a_dossier_is_not_there(said: Any) -> None:
    async with bus_and_portal() as (bus, portal):
        bus.say("TraCuuHoSo", _copy(said), _copy(said))
        with pytest.raises(PortalUnavailable):
            await portal.look_up(CODE, soon())
        assert (await portal.deliver(dossier(), soon())).outcome is UNAVAILABLE
    assert bus.asked("DongBoHoSoMC") == []


async def test_dossiers_of_a_day_come_in_pages_where_the_bus_lists_them() -> None:
    def page(one: Any) -> Any:
        first = (int(one.words["trang"]) - 1) * int(one.words["soLuong"])
        codes = [f"H31-{number}" for number in range(5)][first : first + int(one.words["soLuong"])]
        rows = [{"MaHoSo": code, "TrangThaiHoSo": "4", "MaBam": "ab", "SoTienDo": 2} for code in codes]
        return {"error_code": "0", "message": OK, "tongSo": 5, "result": rows}

    async with bus_and_portal(options={"listing": "DanhSachHoSoTheoNgay"}) as (bus, portal):
        bus.say("DanhSachHoSoTheoNgay", page, page, page)
        codes, after = [], ""
        while True:
            found = await portal.listing("2026-01-05", after, 2, soon())
            assert found is not None
            codes += [one.code for one in found.dossiers]
            if not (after := found.next):
                break
        assert codes == [f"H31-{number}" for number in range(5)]
        assert found.dossiers[0].facts == {"digest": "ab", "progress": 2}
        assert bus.asked("DanhSachHoSoTheoNgay")[0].words["ngay"] == "20260105"
    async with bus_and_portal() as (_bus, portal):
        assert await portal.listing("2026-01-05", "", 2, soon()) is None


# ------------------------------------------------------------------------------------------------ other operations


async def test_reads_and_pushes_of_the_bus_are_passed_on() -> None:
    async with bus_and_portal() as (bus, portal):
        bus.say("LayThuTuc", {"error_code": "0", "message": "", "result": [{"MATTHC": "1.001193"}]})
        found = await portal.ask("LayThuTuc", {"maTTHC": "1.001193", "session": "mine"}, soon())
        assert found == {"result": [{"MATTHC": "1.001193"}]}
        bus.say("LayDVC", {"error_code": "0", "message": "", "result": {"data": []}})
        assert await portal.ask("LayDVC", {}, soon()) == {"result": {"data": []}}
        await portal.ask("TraCuuTechID", {"mstorcmnd": CANARY}, soon())
        assert await portal.ask("DongBoDanhGia", {"data": [{"MaThuTuc": "1.001193"}]}, soon()) == {}
    (asked,) = bus.asked("LayThuTuc")
    assert asked.words["session"] == "session-1"
    assert bus.asked("TraCuuTechID")[0].words["provider"] == "wso2is"
    assert bus.asked("DongBoDanhGia")[0].words["data"] == [{"MaThuTuc": "1.001193"}]


@pytest.mark.parametrize(
    ("operation", "parameters", "says"),
    [
        ("XoaHoSo", {}, "XoaHoSo"),
        ("LayThuTuc", {}, "maTTHC"),
        ("LayThuTuc", {"maTTHC": 1}, "maTTHC"),
        ("LayThuTuc", {"maTTHC": "a\r\nb"}, "maTTHC"),
        ("DongBoHoSoMC", {"data": [{}]}, "DongBoHoSoMC"),
        ("DongBoDanhGia", {"data": {}}, "data"),
    ],
)
async def test_operation_that_is_not_offered_is_not_passed_on(
    operation: str, parameters: dict[str, Any], says: str
) -> None:
    async with bus_and_portal() as (bus, portal):
        with pytest.raises(BadRequest, match=says):
            await portal.ask(operation, parameters, soon())
    assert bus.requests == []


async def test_refused_parameters_and_trouble_are_told_apart_without_foreign_text() -> None:
    async with bus_and_portal() as (bus, portal):
        bus.say("LayThuTuc", {"error_code": "2", "message": f"maTTHC không hợp lệ {CANARY}"})
        with pytest.raises(BadRequest, match="field maTTHC") as refused:
            await portal.ask("LayThuTuc", {"maTTHC": "x"}, soon())
        bus.say("LayThuTuc", {"error_code": "-9", "message": f"Lỗi hệ thống {CANARY}"})
        with pytest.raises(PortalUnavailable) as away:
            await portal.ask("LayThuTuc", {"maTTHC": "x"}, soon())
        for error in (refused.value, away.value):
            assert CANARY not in str(error) + repr(error.members)


async def test_number_of_a_person_is_not_put_into_an_address_unless_the_settings_say_so() -> None:
    async with bus_and_portal(profile="lgsp_facade", auth=WSO2) as (bus, portal):
        with pytest.raises(BadRequest, match="allow_url_ids"):
            await portal.ask("TraCuuTechID", {"mstorcmnd": CANARY}, soon())
    assert bus.requests == []
    async with bus_and_portal(profile="lgsp_facade", auth=WSO2, options={"allow_url_ids": "true"}) as (
        bus,
        portal,
    ):
        bus.wraps = True
        await portal.ask("TraCuuTechID", {"mstorcmnd": CANARY}, soon())
    assert bus.asked("TraCuuTechID")[0].query == {"provider": "wso2is", "mstorcmnd": CANARY}


# ------------------------------------------------------------------------------------------------ answers in answers

#: `message` of the platform, and its own code -> what becomes of a create
WRAPPED: dict[str, tuple[object, str, PortalAnswer]] = {
    "success": ("0", '{"error_code":"0","message":"Thành công"}', PortalAnswer(CONFIRMED)),
    "not wrapped": ("0", OK, PortalAnswer(CONFIRMED)),
    "inner no": ("0", '{"error_code":"2","message":"MaHoSo bắt buộc"}',
                 PortalAnswer(REFUSED, "message_refused", field="MaHoSo")),
    "outer no": ("99", '{"error_code":"0","message":"Thành công"}', PortalAnswer(UNCONFIRMED, "answer_unknown")),
    "both no": ("99", '{"error_code":"2","message":"MaHoSo bắt buộc"}',
                PortalAnswer(REFUSED, "message_refused", field="MaHoSo")),
    "wrapped thrice": ("0", '{"error_code":"0","message":"{\\"error_code\\":\\"0\\",\\"message\\":\\"x\\"}"}',
                       PortalAnswer(UNCONFIRMED, "answer_unknown")),
    "cut": ("0", '{"error_code":"0","message":"Thành', PortalAnswer(UNCONFIRMED, "answer_invalid")),
    "deep": ("0", '{"error_code":' + "[" * 60 + "]" * 60 + "}", PortalAnswer(UNCONFIRMED, "answer_invalid")),
    "code twice": ("0", '{"error_code":"1","error_code":"0","message":"Thành công"}',
                   PortalAnswer(UNCONFIRMED, "answer_invalid")),
    "no number": ("0", '{"error_code":NaN,"message":"Thành công"}', PortalAnswer(UNCONFIRMED, "answer_invalid")),
}  # fmt: skip


@pytest.mark.parametrize("case", WRAPPED)
async def test_answer_in_an_answer_is_parsed_once_more_as_strictly(case: str) -> None:
    code, message, expected = WRAPPED[case]
    async with bus_and_portal(profile="lgsp_facade", auth=WSO2) as (bus, portal):
        bus.say("DongBoHoSoMC", web.Response(body=orjson.dumps({"error_code": code, "message": message})))
        bus.say("TraCuuHoSo", {"error_code": "0", "message": '{"error_code":"0","result":[]}'})
        answer = await portal.deliver(dossier(), soon())
    assert answer._replace(receiver_text="") == expected
    assert (answer.receiver_text == "MaHoSo bắt buộc") is (expected.field == "MaHoSo")


# ------------------------------------------------------------------------------------------------ settings


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"profile": "mapi_dirct"}, "did you mean 'mapi_direct'?"),
        ({"options": {"unti": "x"}}, "did you mean 'unit'?"),
        ({"options": {"unit": ""}}, "options.unit"),
        ({"options": {"providerurl": "inner.example"}}, "write 'https://…'"),
        ({"options": {"login_path": "//evil.example/?x"}}, "options.login_path"),
        ({"options": {"errors": {"2": "no"}}}, "options.errors.2"),
        ({"options": {"tls": {"ca": "nowhere.pem"}}}, "are PEM"),
        ({"auth": {"username": "unit"}}, "'auth.secret' is not a secret"),
        ({"auth": {"kind": "oauth2"}}, "write one of session"),
        ({"profile": "lgsp_facade", "auth": {"kind": "session"}}, "'auth.kind: session' does not exist"),
        ({"takes": ["dossier", "correction"]}, "dossier, progress, status"),
        ({"options": {"message_profile": "refused_12"}}, "did you mean 'refused_11'?"),
    ],
)
async def test_broken_settings_are_told_with_file_and_remedy(more: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=r"config/portals/national_bus\.yaml") as told:
        open_portal(settings_of("http://127.0.0.1:9", **more), plans(), portal_tools())
    assert says in str(told.value)
    assert "bus-secret" not in str(told.value)
