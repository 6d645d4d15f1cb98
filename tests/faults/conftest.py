"""A whole gateway over HTTP whose calls pass through peers that can answer with other bytes than the sandbox.

One gateway serves most modules. Its breakers never open and its answers are never kept, so that cases do not meet.
"""

import asyncio
import io
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway import telemetry
from tests.flows.conftest import House, build
from tests.flows.conftest import house as house  # noqa: PLC0414 -- a fixture
from tests.flows.conftest import make_house as make_house  # noqa: PLC0414 -- a fixture
from tests.flows.test_records import records

PERSON = "033190001234"
#: what the peers say about somebody in their errors; nothing of it may come out
GOSSIP = "Nguyễn Thị Rò Rỉ 033184620957"
#: in a body or a header: the address of a server that nobody may call
CATCHER = "http://catcher.invalid"
PATIENT = {"limits.breaker_failures": "1000000"}
#: the source that is the house itself
OWN = "own_data"
SERVICES = {"population": "TraCuuThongTinCongDan", "civil_status": "trichLuc"}
#: where tokens are asked for, in the first line of a call
_TOKENS = (b"/token", b"/login?")


@dataclass(frozen=True)
class Good:
    """What the sandbox answers to the call under way."""

    body: bytes
    kind: str
    #: the call itself
    asked: bytes
    #: a server that nobody may call
    catcher: str

    @property
    def text(self) -> str:
        return self.body.decode()


Say = Callable[[Good, asyncio.StreamWriter], Awaitable[None]]


def http(body: bytes, kind: str = "application/json", status: str = "200 OK", more: str = "") -> bytes:
    """An answer with its length."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode("latin-1") + body


def says(change: Callable[[Good], bytes]) -> Say:
    """Whole bytes of an answer, made of the good one."""

    async def say(good: Good, writer: asyncio.StreamWriter) -> None:
        writer.write(change(good))
        await writer.drain()

    return say


def body(
    change: Callable[[Good], bytes | str], kind: str = "", status: str = "200 OK", more: str = ""
) -> Say:
    """An answer with another body."""

    def changed(good: Good) -> bytes:
        made = change(good)
        content = made.encode() if isinstance(made, str) else made
        content = content.replace(CATCHER.encode(), good.catcher.encode())
        return http(content, kind or good.kind, status, more.replace(CATCHER, good.catcher))

    return says(changed)


def always(content: bytes, more: str = "") -> Say:
    """The same body, whatever is asked."""
    return body(lambda _: content, more=more)


@dataclass
class Between:
    """Passes calls on to the sandbox; `say` answers instead, except for tokens."""

    url: str = ""
    sandbox: str = ""
    catcher: str = ""
    say: Say | None = None
    #: times (loop clock) and bytes of the calls, tokens left out
    calls: list[tuple[float, bytes]] = field(default_factory=list)
    tokens: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while not writer.is_closing():
                await self._answer(await _message(reader), writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _answer(self, asked: bytes, writer: asyncio.StreamWriter) -> None:
        is_token = any(path in asked.partition(b"\r\n")[0] for path in _TOKENS)
        if is_token:
            self.tokens += 1
        else:
            self.calls.append((asyncio.get_running_loop().time(), asked))
        raw = await self._forward(asked)
        if self.say is None or is_token:
            writer.write(raw)
            await writer.drain()
            return
        head, _, content = raw.partition(b"\r\n\r\n")
        kind = next(
            (line[14:] for line in head.split(b"\r\n") if line.lower().startswith(b"content-type")), b""
        )
        await self.say(Good(content, kind.decode(), asked, self.catcher), writer)

    async def _forward(self, asked: bytes) -> bytes:
        if not self.sandbox:
            return b""
        host = self.sandbox.removeprefix("http://")
        name, _, port = host.partition(":")
        reader, writer = await asyncio.open_connection(name, int(port))
        lines, _, content = asked.partition(b"\r\n\r\n")
        kept = [
            line for line in lines.split(b"\r\n") if not line.lower().startswith((b"host:", b"connection:"))
        ]
        writer.write(b"\r\n".join([*kept, b"Host: " + host.encode(), b"", b""]) + content)
        raw = await _message(reader)
        writer.close()
        return raw

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return head + await reader.readexactly(length)


@asynccontextmanager
async def between(source: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[Between]:
    """A peer for one source, at `<url>/<source>`."""
    peer = Between()
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0, ssl=tls)
    scheme = "http" if tls is None else "https"
    peer.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/{source}"
    try:
        yield peer
    finally:
        peer.close()
        server.close()
        await server.wait_closed()


@dataclass
class Stage:
    """The gateway, and the peer of each source."""

    house: House
    peers: dict[str, Between]
    catcher: Between
    asked: int = 0

    def set(self, source: str, say: Say | None) -> Between:
        """Everything behaves but, from now on, this source."""
        for peer in (*self.peers.values(), self.catcher):
            peer.say = None
            peer.calls.clear()
        self.peers[source].say = say
        return self.peers[source]

    async def ask(self, **more: Any) -> Any:
        """A prefill about the first invented person, under another official each time: nothing is shared."""
        self.asked += 1
        who = self.house.subject("facts_example")
        more.setdefault("official", {"personal_id": f"033086{self.asked:06}", "agency": "000.00.14.H31"})
        more.setdefault("account", {"SoDienThoai": "0900000001", "NgayCap": "20240902"})
        return await self.house.prefill(
            "1.004873", {"requester": who, "person": {"same_as": "requester"}}, **more
        )

    def calls_of_last_outcome(self) -> dict[str, str]:
        """Provider -> outcome, as the newest outcome record has it."""
        last = [record for record in records(self.house) if record["phase"] == "outcome"][-1]
        return {call["source"]: call["outcome"] for call in last["calls"] if call["source"] != OWN}


@asynccontextmanager
async def staged(
    folder: Path,
    overrides: dict[str, str],
    tls: ssl.SSLContext | None = None,
    services: Mapping[str, str] = SERVICES,
) -> AsyncIterator[Stage]:
    """A gateway with its sandbox and a peer before each source of `services`; TLS for civil status only."""
    async with AsyncExitStack() as stack:
        peers = {}
        # hostile text is in many names about one person
        more = {f"gateway.policy.{name}": "1000000/day" for name in ("claims", "parameters")}
        for source, service in services.items():
            peer = peers[source] = await stack.enter_async_context(
                between(source, tls if source == "civil_status" else None)
            )
            more |= {f"sources.{source}.{name}": value for name, value in PATIENT.items()}
            more[f"sources.{source}.url"] = peer.url
            more[f"sources.{source}.services.{service}.valid_seconds"] = "0"
        house = await stack.enter_async_context(build(folder, {**more, **overrides}))
        catcher = await stack.enter_async_context(between("catcher"))
        for peer in peers.values():
            peer.sandbox = house.control.removesuffix("/__sandbox")
            peer.catcher = catcher.url
        yield Stage(house, peers, catcher)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("stage"), {}) as made:
        yield made


@pytest.fixture
def logged() -> io.BytesIO:
    """Everything that the operations log says."""
    sink = io.BytesIO()
    telemetry.set_up(sink)
    return sink


async def assert_nothing_leaked(house: House, logged: io.BytesIO, *texts: Any) -> None:
    """Nobody's data and nothing that a peer said is in logs, metrics, states or errors."""
    headers = {"Authorization": f"Bearer {await house.token()}"}
    seen = logged.getvalue().decode() + "".join(json.dumps(text, ensure_ascii=False) for text in texts)
    for address, more in ((f"{house.admin}/metrics", {}), (f"{house.url}/v1/sources", headers)):
        async with house.session.get(address, headers=more) as response:
            seen += await response.text()
    assert '"http.answered"' in seen
    who = house.persona("facts_example")
    secrets = ("sandbox-secret", "sandbox-key", str(house.clients["portal"]["client_secret"]))
    for word in (
        who["personal_id"],
        who["full_name"],
        who["full_name"].upper(),
        *GOSSIP.rsplit(" ", 1),
        *secrets,
    ):
        assert word not in seen


def waited_for_processor(pid: int) -> float:
    """Seconds in which the process could have worked and did not get the processor."""
    return int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[1]) / 1e9


def found(answer: Any) -> dict[str, tuple[str, str | None]]:
    """Provider -> outcome and reason; what people let us keep has none."""
    return {
        one["source"]: (one["outcome"], one.get("reason"))
        for one in answer["sources"]
        if one["source"] != OWN
    }


async def assert_outcome(
    stage: Stage, logged: io.BytesIO, source: str, outcome: tuple[str, str | None]
) -> Any:
    """What the spoiled source is said to have answered; the others are well, nobody else was called. The answer."""
    answer = await stage.ask()
    assert stage.catcher.calls == []
    well: tuple[str, str | None] = ("found", None)
    expected = dict.fromkeys(("population", "civil_status", "account"), well) | {source: outcome}
    assert found(answer) == expected
    assert stage.calls_of_last_outcome() == {name: one[0] for name, one in expected.items()}
    assert answer["fields"]["nxnHoTen"]["state"] == (
        "filled" if expected["population"] == well else "unavailable"
    )
    await assert_nothing_leaked(stage.house, logged)
    assert all(word not in str(answer) for word in GOSSIP.rsplit(" ", 1))
    return answer
