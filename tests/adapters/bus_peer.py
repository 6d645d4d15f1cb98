"""A national bus for tests: a server on loopback that keeps dossiers, and answers otherwise where a test says so."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from adapters.portals.national_bus import NationalBus, open_portal
from adapters.portals.tools import PortalTools
from adapters.stores.memory import MemoryCache
from adapters.transport.tools import Tools
from gateway.config.portals import PortalSettings
from gateway.config.strict_yaml import read
from gateway.domain.dossier import MessageKind
from gateway.mapping.messages import PortalPlans
from gateway.mapping.portal_model import PortalMapping
from gateway.ports.cache import Cache
from gateway.ports.relay import OutboundMessage
from tests import unhurried
from tests.code_lists import load_codes

CODE = "H31.14-260105-0007"
#: a person's number that must be nowhere but in the message
CANARY = "033188264917"
SECRET = "bus-secret"  # of a simulation
OK = "Thành công"

Said = Callable[["BusRequest"], Any]


class NowClock:
    """The wall clock, moved by hand."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() + self.ahead, UTC)


@dataclass
class BusRequest:
    """One request as the bus sees it."""

    operation: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    #: the whole body
    words: Any
    path: str = ""


@dataclass
class FakeBus:
    """The state of the server, and what it was asked."""

    url: str = ""
    requests: list[BusRequest] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)
    logins: int = 0
    dossiers: dict[str, dict[str, Any]] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    #: operation -> answers instead of the usual one, each once; a callable, an object, or a whole response
    instead: dict[str, list[Any]] = field(default_factory=dict)
    login_seconds: float = 0.0
    #: the platform's shape: answers are wrapped again
    wraps: bool = False

    def say(self, operation: str, *answers: Any) -> None:
        self.instead.setdefault(operation, []).extend(answers)

    def asked(self, operation: str) -> list[BusRequest]:
        return [one for one in self.requests if one.operation == operation]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        words = orjson.loads(body) if body and request.content_type == "application/json" else None
        operation = request.path.rpartition("/")[2]
        if operation == "g" and isinstance(words, dict):
            operation = str(words["service"])
        one = BusRequest(operation, dict(request.query), dict(request.headers), words, request.path)
        self.requests.append(one)
        answers = self.instead.get(operation, [])
        answer = answers.pop(0) if answers else self.usual(one)
        if callable(answer):
            answer = answer(one)
        if asyncio.iscoroutine(answer):
            answer = await answer
        if answer is DROP:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return answer if isinstance(answer, web.StreamResponse) else self.answered(answer)

    def answered(self, words: Any) -> web.Response:
        if self.wraps and "session" not in words and "access_token" not in words:
            words = {"error_code": "0", "message": orjson.dumps(words).decode()}
        return web.Response(body=orjson.dumps(words), content_type="application/json")

    def usual(self, one: BusRequest) -> Any:
        """What a bus says that is well."""
        if one.operation == "login":
            return self.login(one)
        if one.operation == "token":
            return {"access_token": "token-of-wso2", "expires_in": 3600}
        words = one.words if isinstance(one.words, dict) and "session" in one.words else None
        if words is not None and words["session"] not in self.sessions:
            return {"error_code": "-5", "message": "Session không hợp lệ"}
        given = words if words is not None else {**one.query, "data": one.words}
        return _USUAL.get(one.operation, _nothing)(self, given)

    async def login(self, one: BusRequest) -> Any:
        self.logins += 1
        await asyncio.sleep(self.login_seconds)
        if one.words.get("password") != SECRET:
            return {"error_code": -1, "message": "Sai tài khoản hoặc mật khẩu"}
        session = f"session-{self.logins}"
        self.sessions.add(session)
        return {"error_code": 0, "message": "OK", "session": session}


#: cuts the connection instead of an answer
DROP = object()


def _sync(bus: FakeBus, words: Mapping[str, Any]) -> Any:
    for item in words["data"]:
        known = item["MaHoSo"] in bus.dossiers
        if known and words["isUpdating"] == "False":
            return {"error_code": "3", "message": f"{item['MaHoSo']} đã tồn tại"}
        if not known and words["isUpdating"] == "True":
            return {"error_code": "4", "message": f"{item['MaHoSo']} không tồn tại"}
        bus.dossiers[item["MaHoSo"]] = item
    return {"error_code": "0", "message": OK}


def _steps(bus: FakeBus, words: Mapping[str, Any]) -> Any:
    bus.steps += words["data"]
    return {"error_code": "0", "message": "Cập nhật thành công"}


def _notice(bus: FakeBus, words: Mapping[str, Any]) -> Any:
    bus.notices.append(words["data"])
    return {"error_code": "0", "message": "THÀNH CÔNG"}


def _look_up(bus: FakeBus, words: Mapping[str, Any]) -> Any:
    found = bus.dossiers.get(words["mahoso"])
    rows = [] if found is None else [{"MaHoSo": words["mahoso"], "MaTrangThai": found.get("TrangThaiHoSo")}]
    return {"error_code": "0", "message": "", "result": rows}


def _listed_steps(bus: FakeBus, words: Mapping[str, Any]) -> Any:
    rows = [one for one in bus.steps if one["MaHoSo"] == words["mahoso"]]
    return {"error_code": 0, "message": OK, "result": rows}


def _nothing(_bus: FakeBus, _words: Mapping[str, Any]) -> Any:
    return {"error_code": "0", "message": OK, "result": []}


_USUAL = {
    "DongBoHoSoMC": _sync,
    "CapNhatTienDoHoSoMC": _steps,
    "DongBoTrangThaiHoSo": _notice,
    "TraCuuHoSo": _look_up,
    "DanhSachTienDoHoSo": _listed_steps,
}


ROOT = Path(__file__).parents[2]


@cache
def plans_of(portal: str) -> PortalPlans:
    """The messages of a portal, as shipped."""
    mapping = read(ROOT / f"mappings/portals/{portal}.yaml", ROOT).read_as(PortalMapping)
    return PortalPlans(mapping, load_codes(ROOT / "mappings/codes").lists)


def plans() -> PortalPlans:
    """The messages of the bus."""
    return plans_of("national_bus")


def settings_of(url: str, **more: Any) -> PortalSettings:
    words: dict[str, Any] = {
        "portal": "national_bus",
        "adapter": "adapters.portals.national_bus",
        "title": {"vi": "Trục thử", "en": "Test bus"},
        "mark": "sandbox",
        "url": url,
        "profile": "mapi_direct",
        "auth": {"username": "unit", "secret": {"value": SECRET}},
        "takes": ["dossier", "progress", "status"],
        "mapping": "national_bus",
        **more,
    }
    words["options"] = {"unit": "000.00.00.H31", **more.get("options", {})}
    words["limits"] = unhurried.limits(**more.get("limits", {}))
    return PortalSettings.model_validate(words)


def portal_tools(kept: Cache | None = None, clock: NowClock | None = None, **more: Any) -> PortalTools:
    calls = Tools(root=Path(), rng=random.Random(1), clock=clock or NowClock())
    words: dict[str, Any] = {"sign": unsigned, **more}
    return PortalTools(calls=calls, cache=kept or MemoryCache(), secret=b"s" * 32, **words)


async def unsigned(method: str, address: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
    """The national bus gets no signatures."""
    del method, address, headers, body
    return {}


@asynccontextmanager
async def served() -> AsyncIterator[FakeBus]:
    """A running bus."""
    bus = FakeBus()
    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/{rest:.*}", bus.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    bus.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield bus
    finally:
        await runner.cleanup()


@asynccontextmanager
async def at(bus: FakeBus, tools: PortalTools | None = None, **settings: Any) -> AsyncIterator[NationalBus]:
    """A client of the bus."""
    portal = open_portal(settings_of(bus.url, **settings), plans(), tools or portal_tools())
    try:
        yield portal
    finally:
        await portal.close()


@asynccontextmanager
async def bus_and_portal(**settings: Any) -> AsyncIterator[tuple[FakeBus, NationalBus]]:
    async with served() as bus, at(bus, **settings) as portal:
        yield bus, portal


def dossier(
    code: str = CODE, *, status: str = "accepted", unconfirmed: bool = False, attempt: int = 1, **more: Any
) -> OutboundMessage:
    body = {
        "code": code, "procedure": "1.001193", "procedure_title": "Đăng ký khai sinh", "field_code": "G15-HT01",
        "field_title": "Hộ tịch", "abstract": "Đăng ký khai sinh cho con", "unit": "UBND phường Mẫu",
        "applicant": {"name": "Trần Thị Mẫu", "ids": [{"kind": "personal_id", "number": CANARY}]},
        "received_at": "2026-01-05T01:30:00Z", "status": status, **more,
    }  # fmt: skip
    return OutboundMessage("01D", MessageKind.DOSSIER, code, 1, body, unconfirmed, attempt)


def progress(*steps: tuple[str, str], unconfirmed: bool = False, attempt: int = 1) -> OutboundMessage:
    entries = [
        {"dossier": CODE, "official": "Lê Văn Ví Dụ", "content": "Đang xử lý", "status": status, "at": when}
        for status, when in steps
    ]
    return OutboundMessage("01P", MessageKind.PROGRESS, CODE, 1, {"entries": entries}, unconfirmed, attempt)


def notice(*, unconfirmed: bool = False) -> OutboundMessage:
    body = {"dossier": CODE, "status": "accepted", "at": "2026-01-05T01:30:00Z"}
    return OutboundMessage("01S", MessageKind.STATUS, CODE, 1, body, unconfirmed, 1)


def soon(seconds: float = 25.0) -> float:
    return asyncio.get_running_loop().time() + seconds
