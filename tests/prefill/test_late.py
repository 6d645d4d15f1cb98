"""Late work that fails: it is logged, the exchange is closed, and nobody waits for what will not come."""

import asyncio
import contextlib
import io
from typing import Any, cast

import orjson
import pytest

from adapters.stores.memory import open_cache
from gateway import telemetry
from gateway.app import SystemClock
from gateway.domain.errors import LogUnavailable
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import RequesterId
from gateway.prefill.exchange import Exchange
from gateway.prefill.late import LateWork
from gateway.prefill.pending import PendingStore
from gateway.prefill.records import Records

PORTAL = RequesterId("portal")
SHOWN = {"exchange_id": "e", "fields": {}, "papers": []}


class _Requester:
    id = PORTAL


class _Exchange:
    """As much of an exchange as late work looks at."""

    id, requester = "e", _Requester()

    def __init__(self, failure: Exception | None = None) -> None:
        self.awaited = self.landed = self.seen = 0
        self.failure = failure
        self.is_followed = self.is_stopped = self.waits = False
        self.announcing: asyncio.Lock | None = None
        #: loop time
        self.end = asyncio.get_running_loop().time() + 5
        self.landing = asyncio.Event()

    async def wait(self, until: float | None = None) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self.landing.wait()
        self.landing.clear()


class _Steps:
    """Answers and records that go wrong as they are told to."""

    def __init__(self, *, answers: Exception | None = None, records: Exception | None = None) -> None:
        self.recorded: list[Phase] = []
        self.filled = 0
        self._answers, self._records = answers, records

    async def answer(self, exchange: object, pending: str | None = None, *, cut: bool = False) -> bytes:
        assert isinstance(exchange, _Exchange)
        exchange.seen = exchange.landed
        self.filled += 1
        if self._answers is not None:
            raise self._answers
        return orjson.dumps({**SHOWN, "pending": pending, "cut": cut})

    async def write(self, exchange: object, phase: Phase) -> None:
        assert exchange
        if self._records is not None:
            raise self._records
        self.recorded.append(phase)


@pytest.fixture
def logged() -> io.BytesIO:
    sink = io.BytesIO()
    telemetry.set_up(sink)
    return sink


def _late(steps: _Steps) -> LateWork:
    return LateWork(
        PendingStore(open_cache("memory://"), 60, bytes(32), SystemClock()),
        cast("Records", steps),
        steps.answer,
        lambda _: {},
    )


async def _followed(steps: _Steps, exchange: _Exchange) -> dict[str, Any]:
    """The last state of a token whose late work has ended."""
    pending = PendingStore(open_cache("memory://"), 60, bytes(32), SystemClock())
    late, token = (
        LateWork(pending, cast("Records", steps), steps.answer, lambda _: {}),
        pending.new_token(PORTAL),
    )
    late.follow(cast("Exchange", exchange), token, orjson.dumps(SHOWN))
    await late.close()
    assert not late.follows(token)
    return await pending.get(token, PORTAL)


async def test_late_answer_that_cannot_be_made_ends_the_waiting_and_closes_the_exchange(
    logged: io.BytesIO,
) -> None:
    steps, exchange = _Steps(answers=ValueError("033190001234")), _Exchange()
    state = await _followed(steps, exchange)
    assert exchange.is_stopped
    assert (state["done"], state["answer"], state["late"]) == (True, SHOWN, [])
    assert steps.recorded == [Phase.ABANDONED]
    said = logged.getvalue().decode()
    assert '"prefill.late.defect"' in said
    assert '"ValueError"' in said
    assert "033190001234" not in said


@pytest.mark.parametrize("error", [ValueError("x"), LogUnavailable()])
async def test_exchange_that_cannot_be_closed_either_is_logged(logged: io.BytesIO, error: Exception) -> None:
    state = await _followed(_Steps(answers=KeyError(), records=error), _Exchange())
    assert state["done"] is True
    assert '"prefill.exchange.' in logged.getvalue().decode()


async def test_asking_that_breaks_is_logged_and_its_answers_are_kept(logged: io.BytesIO) -> None:
    state = await _followed(_Steps(), _Exchange(RuntimeError()))
    assert (state["done"], state["answer"]["cut"]) == (True, True)
    assert '"prefill.exchange.defect"' in logged.getvalue().decode()


async def test_exchange_that_nobody_waits_for_is_closed_once_its_calls_have_landed() -> None:
    steps, exchange = _Steps(), _Exchange()
    exchange.awaited = 1
    late = _late(steps)
    late.abandon(cast("Exchange", exchange))
    await asyncio.sleep(0)
    assert (exchange.is_stopped, steps.recorded) == (True, [])
    exchange.awaited = 0
    exchange.landing.set()
    await late.ended()
    assert steps.recorded == [Phase.ABANDONED]


async def test_work_that_outlives_its_process_asks_nothing_more_and_is_closed() -> None:
    steps, exchange = _Steps(), _Exchange()
    exchange.awaited = 1
    late = _late(steps)
    late.follow(cast("Exchange", exchange), "t", orjson.dumps(SHOWN))
    await late.close()
    assert (exchange.is_stopped, steps.recorded) == (True, [Phase.ABANDONED])


async def test_what_landed_before_the_following_began_is_offered_at_once() -> None:
    steps, exchange = _Steps(), _Exchange()
    exchange.awaited, exchange.landed, exchange.seen = 1, 2, 1
    late = _late(steps)
    late.follow(cast("Exchange", exchange), "t", orjson.dumps(SHOWN))
    async with asyncio.timeout(60):
        while not steps.filled:
            await asyncio.sleep(0)
    exchange.awaited = 0
    exchange.landing.set()
    await late.ended()
    assert steps.filled == 2


@pytest.mark.usefixtures("logged")
async def test_source_that_never_answers_is_not_waited_for_for_ever() -> None:
    steps, exchange = _Steps(), _Exchange()
    exchange.awaited, exchange.end = 1, exchange.end - 60
    state = await _followed(steps, exchange)
    assert (state["done"], steps.recorded) == (True, [Phase.ABANDONED])
    late = _late(steps)
    late.abandon(cast("Exchange", exchange))
    await late.ended()
    assert steps.recorded == [Phase.ABANDONED] * 2


async def test_record_that_closes_an_exchange_waits_for_an_intent_under_way() -> None:
    steps, exchange = _Steps(), _Exchange()
    exchange.announcing = asyncio.Lock()
    late = _late(steps)
    async with exchange.announcing:
        late.abandon(cast("Exchange", exchange))
        for _ in range(5):
            await asyncio.sleep(0)
        assert steps.recorded == []
    await late.ended()
    assert steps.recorded == [Phase.ABANDONED]
