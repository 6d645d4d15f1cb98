"""The door alone, on a real socket: a stand-in for the use case behind it, real catalogue and configuration."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import aiohttp
import pytest
import pytest_asyncio
import uvloop
from aiohttp import web

from gateway.access.service import AccessService
from gateway.api.context import Papers, Services
from gateway.api.dispatcher import Dispatcher
from gateway.api.door import DoorRunner
from gateway.api.openapi import document
from gateway.app import SystemClock
from gateway.composition.access import assembled
from gateway.config.configuration import Configuration, load
from gateway.config.gateway import DoorLimits
from gateway.console.pages import Pages
from gateway.domain import sentences as say
from gateway.domain.errors import LogUnavailable, NotFound
from gateway.domain.exchange import ExchangeRecord, Receipt
from gateway.domain.identifiers import ExchangeId
from gateway.domain.parties import Requester
from gateway.domain.problems import ProblemCode
from gateway.domain.sentences import Sentence
from gateway.exchange_log.recorder import Recorder
from gateway.login.handles import forwarded_logins
from gateway.login.id_tokens import Logins
from gateway.mapping.load import Catalogue, load_catalogue
from gateway.ports.exchange_log import Work
from gateway.prefill.preview import CitizenDecision
from gateway.prefill.questions import QuestionRequest
from gateway.prefill.request import PrefillRequest
from gateway.prefill.service import Prefill
from gateway.serving.listeners import api_routes
from gateway.telemetry import Metrics
from gateway.trials.service import Trials
from tests.access.memory import Replays, Rows
from tests.api.office import Office, opened


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that serves: its transports are of other types than those of asyncio."""
    return {"uvloop": uvloop.new_event_loop}


ROOT = Path(__file__).resolve().parents[2]
CANARY = "033174209186"
GOOD = {"procedure": "1.004873", "subjects": {"requester": {"personal_id": CANARY, "full_name": "Canh Thị Giác"},
                                               "person": {"same_as": "requester"}}}  # fmt: skip
HASTY = DoorLimits(
    header_seconds=1,
    body_seconds=1,
    idle_seconds=2,
    unread_seconds=1,
    body_bytes=65_536,
    requests_per_requester=4,
    waiting_per_requester=4,
)


class StandIn:
    """Answers like the use case; `gate` holds it back."""

    def __init__(self) -> None:
        self.asked: list[PrefillRequest] = []
        self.deadlines: list[float] = []
        self.resumed = 0
        self.gate: asyncio.Event | None = None
        self.error: Exception | None = None
        self.late: list[dict[str, object] | Exception] = []

    async def fill(
        self, request: PrefillRequest, requester: Requester, exchange_id: ExchangeId, deadline: float
    ) -> bytes:
        assert "prefill" in requester.scopes
        self.asked.append(request)
        self.deadlines.append(deadline)
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return json.dumps({"exchange_id": exchange_id, "form": {}}).encode()

    async def explain(
        self, request: PrefillRequest, requester: Requester, exchange: ExchangeId
    ) -> dict[str, object]:
        assert "prefill" in requester.scopes
        self.asked.append(request)
        return {"exchange_id": exchange, "fields": {}}

    async def ask(
        self, wanted: QuestionRequest, requester: Requester, exchange: ExchangeId, deadline: float
    ) -> dict[str, object]:
        assert "prefill" in requester.scopes
        assert deadline
        return {"exchange_id": exchange, "purpose": wanted.request.purpose, "predicates": {}}

    async def decide(
        self, exchange: str, decided: CitizenDecision, requester: Requester
    ) -> dict[str, object]:
        assert "prefill" in requester.scopes
        return {"exchange_id": exchange, "form": {}, "decision": {"refused": decided.refused}}

    async def resume(self, token: str, requester: Requester, deadline: float) -> dict[str, object]:
        assert requester.scopes
        assert deadline
        self.resumed += 1
        if token == "slow" and self.gate is not None:
            await self.gate.wait()
        elif token != "known":
            raise NotFound(code=ProblemCode.PENDING_UNKNOWN)
        return {"fields": {}, "pending": None}

    async def events(self, token: str, requester: Requester) -> AsyncIterator[dict[str, object]]:
        assert requester.scopes
        if token != "known":
            raise NotFound(code=ProblemCode.PENDING_UNKNOWN)
        for item in self.late:
            if isinstance(item, Exception):
                raise item
            yield item


#: as the description has them
CODES = document()["components"]["schemas"]["Problem"]["properties"]["code"]["x-extensible-enum"]


class StandInLog:
    @property
    def fault(self) -> Sentence | None:
        return None if self.up else say.DISK_FULL

    def __init__(self) -> None:
        self.up = True
        self.records: list[ExchangeRecord] = []

    async def append(self, record: ExchangeRecord, work: Work | None = None) -> Receipt:
        del work
        if not self.up:
            raise LogUnavailable
        self.records.append(record)
        return Receipt(leaf_hash="", log="")

    async def recent(self, count: int) -> Sequence[dict[str, object]]:  # noqa: ARG002
        return []

    async def ready(self) -> bool:
        return self.up

    async def close(self) -> None:
        return


@dataclass
class Door:
    """A running door and a client of it."""

    base: str
    port: int
    prefill: StandIn
    log: StandInLog
    access: AccessService
    client: aiohttp.ClientSession
    seen: list[str] = field(default_factory=list)

    def token(self, name: str = "portal") -> str:
        known = self.access.requesters.client(name)
        assert known is not None
        return self.access.tokens.mint(known.requester, name, self.base, {})

    async def post(self, path: str, body: object, name: str = "portal", **headers: str) -> "Reply":
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.token(name)}", "Content-Type": "application/json", **headers}
        async with self.client.post(self.base + path, data=raw, headers=sent) as answer:
            return await Reply.of(answer)

    async def get(self, path: str, **headers: str) -> "Reply":
        async with self.client.get(self.base + path, headers=headers) as answer:
            return await Reply.of(answer)

    async def raw(self, sent: bytes, seconds: float = 20) -> bytes:
        """Bytes in, bytes out, until the door closes or is silent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        received = b""
        try:
            writer.write(sent)
            await writer.drain()
            async with asyncio.timeout(seconds):
                while chunk := await reader.read(65_536):
                    received += chunk
        except (TimeoutError, ConnectionError):
            pass
        finally:
            writer.close()
        return received


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    raw: bytes

    @classmethod
    async def of(cls, answer: aiohttp.ClientResponse) -> "Reply":
        return cls(answer.status, dict(answer.headers), await answer.read())

    @property
    def json(self) -> dict[str, object]:
        found = json.loads(self.raw)
        assert isinstance(found, dict)
        return found

    def assert_problem(self, status: int, code: str | None = None) -> None:
        assert self.status == status, self.raw
        assert self.headers["Content-Type"].startswith("application/problem+json")
        body = self.json
        assert body["exchange_id"] == self.headers["X-Exchange-Id"]
        assert body["title"]
        assert body["title_vi"]
        assert body["code"] in CODES
        if code is not None:
            assert body["code"] == code
        assert CANARY.encode() not in self.raw


@pytest.fixture(scope="session")
def configuration() -> Configuration:
    return load(ROOT / "config")


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue(ROOT)


@pytest.fixture
async def door(configuration: Configuration, catalogue: Catalogue, tmp_path: Path) -> AsyncIterator[Door]:
    async for made in _open(configuration, catalogue, HASTY, tmp_path):
        yield made


async def _open(
    configuration: Configuration, catalogue: Catalogue, limits: DoorLimits, state: Path
) -> AsyncIterator[Door]:
    settings = configuration.gateway.model_copy(update={"limits": limits})
    configuration = configuration.model_copy(update={"gateway": settings})
    prefill, log = StandIn(), StandInLog()
    access = assembled(configuration, state, SystemClock(), Replays(), Rows())
    watching = asyncio.create_task(access.revocations.watch(0.5, access.keys.refresh))
    await access.revocations.refresh()
    services = Services(
        clock=SystemClock(),
        configuration=configuration,
        catalogue=catalogue,
        prefill=cast("Prefill", prefill),
        papers=cast("Papers", prefill),
        trials=cast("Trials", prefill),
        access=access,
        sources={},
        recorder=Recorder(log=log, clock=SystemClock(), digest="in force", metrics=Metrics()),
        logins=forwarded_logins(Logins(configuration.logins, configuration.root, time.time), None, {}),
        pages=Pages(is_sandbox=True),
    )
    dispatcher = Dispatcher(services, api_routes(), Metrics())
    runner = DoorRunner(dispatcher, limits, drain_seconds=2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    async with aiohttp.ClientSession() as client:
        yield Door(f"http://127.0.0.1:{port}", port, prefill, log, access, client)
    watching.cancel()
    await runner.cleanup()


@pytest.fixture
async def full_door(
    configuration: Configuration, catalogue: Catalogue, tmp_path: Path
) -> AsyncIterator[Door]:
    """A door for five connections."""
    async for made in _open(configuration, catalogue, HASTY.model_copy(update={"connections": 5}), tmp_path):
        yield made


@pytest.fixture
async def waiting_door(
    configuration: Configuration, catalogue: Catalogue, tmp_path: Path
) -> AsyncIterator[Door]:
    """A door that waits four seconds for those who do not read."""
    async for made in _open(
        configuration, catalogue, HASTY.model_copy(update={"unread_seconds": 4.0}), tmp_path
    ):
        yield made


@pytest.fixture
async def narrow_door(
    configuration: Configuration, catalogue: Catalogue, tmp_path: Path
) -> AsyncIterator[Door]:
    """A door that lets a megabyte wait for those who do not read, for a long time."""
    limits = HASTY.model_copy(update={"unread_bytes": 1_048_576, "unread_seconds": 60.0})
    async for made in _open(configuration, catalogue, limits, tmp_path):
        yield made


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """One of its own."""
    async with opened(tmp_path) as made:
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def standing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """One for all requests that are refused; its log has a record."""
    async with opened(tmp_path_factory.mktemp("standing")) as made:
        await made.settled(await made.plant())
        yield made
