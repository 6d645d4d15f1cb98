"""Calls to one provider in any order of events: each lands once, places and probes are given back, whatever happens."""

import asyncio
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.transport.breaker import Behalf, Position
from adapters.transport.call import LARGE_BYTES, AnswerReading, CallState, HttpPeer, ProviderCall, Wire
from adapters.transport.connection import Broken, HttpAnswer, Unreached
from adapters.transport.faults import invalid, refused_here, unreachable
from adapters.transport.heavy import Heavy
from adapters.transport.tokens import TokenAuth
from adapters.transport.tools import Tools
from gateway.config.gateway import Limits
from gateway.domain.fault_codes import FaultCode
from gateway.domain.reasons import Reason
from tests.adapters.raw_peers import FixedClock, HandClock

TOKEN = b'{"access_token":"t","expires_in":3600}'
SECONDS = (0.5, 2.0, 4.0)


class Handle:
    """What the loop does at a time, unless it is cancelled."""

    def __init__(self, when: float, do: Callable[[], None]) -> None:
        self.when = when
        self.do: Callable[[], None] | None = do

    def cancel(self) -> None:
        self.do = None


class Loop:
    """A loop whose time moves by hand."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._handles: list[Handle] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, do: Callable[[], None]) -> Handle:
        self._handles.append(Handle(when, do))
        return self._handles[-1]

    def call_later(self, seconds: float, do: Callable[[], None]) -> Handle:
        return self.call_at(self.now + seconds, do)

    def call_soon(self, do: Callable[[], None]) -> Handle:
        return self.call_at(self.now, do)

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while due := [one for one in self._handles if one.when <= end and one.do is not None]:
            first = min(due, key=lambda one: one.when)
            self._handles.remove(first)
            self.now = max(self.now, first.when)
            do, first.do = first.do, None
            assert do is not None
            do()
        self.now = end


class Line:
    """A connection, or one that is being made: it stays silent until the test makes it speak."""

    def __init__(self, net: "Net", call: Any, *, connected: bool) -> None:
        self._net = net
        self.call = call
        self.connected = connected
        net.lines.append(self)

    def cancel(self) -> None:
        self._net.lines.remove(self)

    def send(self, data: bytes, call: Any, *, is_head: bool) -> None:
        assert data
        assert not is_head
        if self not in self._net.lines:
            self._net.lines.append(self)
        self.call, self.connected = call, True

    def end(self) -> Any:
        self._net.lines.remove(self)
        return self.call


class Net:
    """Is in for the client of a peer."""

    late = FaultCode.CONNECT_TIMEOUT

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.idles: list[Line] = []
        self.sent = 0

    def written(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        if target == "/unwritten":
            raise refused_here()
        return f"{method}{target}{headers}{body!r}".encode()

    def idle(self, now: float) -> Line | None:
        assert now
        return self.idles.pop() if self.idles else None

    def connect(self, call: Any) -> Line:
        return Line(self, call, connected=False)

    async def close(self) -> None:
        """Nothing is held."""


class Thread:
    """Is in for the thread."""

    def __init__(self) -> None:
        self.work: list[tuple[asyncio.Future[Any], Callable[[], Any]]] = []

    def begin(self, work: Callable[..., Any], *given: Any) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.work.append((future, lambda: work(*given)))
        return future


class Says:
    """What is said to the provider; what it answers says what is read of it."""

    def write(self, asked: int) -> Wire:
        if asked % 31 == 7:
            raise ValueError("a defect")
        return Wire("POST", "/unwritten" if asked % 31 == 9 else "/x", {}, b"{}")

    def read(self, asked: int, answer: HttpAnswer) -> AnswerReading[int]:
        if answer.body.startswith(b"defect"):
            raise ValueError("a defect")
        word = answer.body[:1]
        return AnswerReading(asked, at_fault=word == b"f", accepted=word != b"n", expired=word == b"e")

    def behalf(self, asked: int) -> Behalf:
        return Behalf(f"requester {asked % 3}", asked % 5, asked % 7, "x.look")


class World:
    """One peer, and all that may happen to its calls."""

    def __init__(self, *, with_token: bool) -> None:
        self.loop = Loop(asyncio.get_running_loop().time())
        self.clock = HandClock()
        self.thread = Thread()
        tools = Tools(root=Path(), rng=random.Random(1), clock=FixedClock(), heavy=cast("Heavy", self.thread))
        limits = Limits(connections=2, breaker_failures=3, total_ms=2_500)
        self.peer = HttpPeer("http://provider.invalid", limits, tools, clock=self.clock)
        self.peer.open()
        self.net = Net()
        self.peer.client, self.peer.loop = cast("Any", self.net), cast("Any", self.loop)
        request = Wire("POST", "/token", {}, b"")
        self.auth = TokenAuth(self.peer, request, lambda token: {"A": token.value})
        if not with_token:
            self.auth.good_until = float("inf")
        self.begun = 0
        self.landed: dict[int, list[ProviderCall[int, int]]] = {}

    def begin(self, number: int) -> None:
        asked, self.begun = self.begun, self.begun + 1
        self.landed[asked] = []

        def done(call: ProviderCall[int, int]) -> None:
            self.landed[asked].append(call)
            if number % 11 == 3:
                raise ValueError("a defect of the asker")
            if number % 11 == 5 and self.begun < 200:
                self.begin(number + 1)

        end = self.loop.now + SECONDS[number % 3]
        ProviderCall(self.peer, self.auth, Says(), asked, end, done).begin()

    def _speaking(self, number: int) -> Line | None:
        lines = [line for line in self.net.lines if line.connected]
        return lines[number % len(lines)] if lines else None

    def connect(self, number: int) -> None:
        lines = [line for line in self.net.lines if not line.connected]
        if lines:
            line = lines[number % len(lines)]
            line.call.connected(line)

    def refuse(self, number: int) -> None:
        lines = [line for line in self.net.lines if not line.connected]
        if lines:
            line = lines[number % len(lines)]
            line.end().failed(
                (Unreached(FaultCode.NO_ROUTE), unreachable(everybody=True), ValueError("a defect"))[
                    number % 3
                ]
            )

    def answer(self, number: int, body: bytes = b"", status: int = 200) -> None:
        if (line := self._speaking(number)) is not None:
            call = line.end()
            if number % 2:
                self.net.idles.append(line)
            body = (TOKEN if call.asked is None else body) or b"good"
            fields = {b"retry-after": b"2"} if status == 429 else {}
            call.answered(HttpAnswer(status, fields, body), self.loop.now)

    def break_off(self, number: int) -> None:
        if (line := self._speaking(number)) is not None:
            line.end().failed((Broken(), Broken(), invalid(), ValueError("a defect"))[number % 4])

    def think(self, number: int) -> None:
        if self.thread.work:
            future, work = self.thread.work.pop(number % len(self.thread.work))
            if not future.done():
                try:
                    future.set_result(work())
                except ValueError as error:
                    future.set_exception(error)

    def pass_time(self, number: int) -> None:
        seconds = (0.0, 0.02, 0.3, 1.0, 11.0)[number % 5]
        self.clock.seconds += seconds
        self.loop.pass_time(seconds)

    def check(self) -> None:
        assert all(len(calls) <= 1 for calls in self.landed.values())
        under_way, guard = self.peer.under_way, self.peer.guard
        placed = [call for call in under_way if call._inside or call.state is CallState.PLACED]
        assert guard.places.inside == len(placed)
        probes = [call for call in placed if call._inside and call._probe]
        assert len(probes) <= 1
        assert (guard.breaker.position is Position.HALF_OPEN) == (len(probes) == 1)
        queries = {asked for asked, calls in self.landed.items() if not calls}
        assert {call.asked for call in under_way} - {None} == queries
        assert all(call.end >= self.loop.now - 0.01 for call in under_way)
        assert not under_way or min(call.end for call in under_way) >= self.peer.sweep_at - 1e-9
        lines = [line for line in self.net.lines if line.call not in under_way]
        assert lines == []


ACTIONS: dict[str, Callable[[World, int], None]] = {
    "begin": World.begin,
    "begin another": World.begin,
    "begin a third": World.begin,
    "connect": World.connect,
    "connect another": World.connect,
    "refuse": World.refuse,
    "answer": World.answer,
    "answer another": World.answer,
    "answer that is at fault": lambda world, number: world.answer(number, b"fault"),
    "answer that is not accepted": lambda world, number: world.answer(number, b"no"),
    "answer that says expired": lambda world, number: world.answer(number, b"expired"),
    "answer that shows a defect": lambda world, number: world.answer(number, b"defect"),
    "large answer": lambda world, number: world.answer(number, b"good" * LARGE_BYTES),
    "large answer that shows a defect": lambda world, number: world.answer(number, b"defect" * LARGE_BYTES),
    "401": lambda world, number: world.answer(number, b"x", 401),
    "429": lambda world, number: world.answer(number, b"x", 429),
    "500": lambda world, number: world.answer(number, b"x", 500),
    "break off": World.break_off,
    "think": World.think,
    "pass time": World.pass_time,
    "pass more time": World.pass_time,
}
HAPPENING = st.lists(
    st.tuples(st.sampled_from(sorted(ACTIONS)), st.integers(0, 60)), min_size=1, max_size=120
)


async def live(happening: list[tuple[str, int]], *, with_token: bool, closing: bool) -> None:
    world = World(with_token=with_token)
    for action, number in happening:
        ACTIONS[action](world, number)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        world.check()
    if closing:
        await world.peer.close()
        world.check()
    else:
        for _ in range(20):
            world.pass_time(3)
            world.check()
    assert {len(calls) for calls in world.landed.values()} <= {1}
    assert not world.peer.under_way
    assert world.peer.guard.places.inside == 0
    assert world.peer.guard.breaker.position is not Position.HALF_OPEN
    for call in (call for calls in world.landed.values() for call in calls):
        assert call.fault or (call.answer.status, call.reading.value) == (200, call.asked)
    if closing:
        late: list[ProviderCall[int, int]] = []
        ProviderCall(world.peer, world.auth, Says(), 1, world.loop.now + 1, late.append).begin()
        assert [call.fault and call.fault.reason for call in late] == [Reason.SOURCE_UNREACHABLE]


@settings(deadline=None, max_examples=300)
@given(HAPPENING, st.booleans(), st.booleans())
def test_calls_land_once_and_give_back_what_they_took(
    happening: list[tuple[str, int]], with_token: bool, closing: bool
) -> None:
    asyncio.run(live(happening, with_token=with_token, closing=closing))
