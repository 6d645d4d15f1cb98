"""Late work that fails: it is told, the exchange is closed, and nobody waits for what will not come."""

import asyncio
import io
from typing import Any, cast

import pytest

from adapters.stores.memory import open_cache
from gateway import telemetry
from gateway.domain.errors import LogUnavailable
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import RequesterId
from gateway.prefill.exchange import Exchange
from gateway.prefill.gather import Gathering
from gateway.prefill.late import LateWork
from gateway.prefill.pending import PendingStore
from gateway.prefill.prepared import Tools

PORTAL = RequesterId("portal")
SHOWN = {"exchange_id": "e", "fields": {}, "papers": []}


class _Requester:
    id = PORTAL


class _Tools:
    """As much of them as late work uses."""

    def __init__(self) -> None:
        self.pending = PendingStore(open_cache("memory://"), 60)


class _Exchange:
    """An exchange whose late answers and records go wrong as they are told to."""

    id, requester = "e", _Requester()

    def __init__(self, *, answers: Exception | None = None, records: Exception | None = None) -> None:
        self.gathering = Gathering(1)
        self.recorded: list[Phase] = []
        self._answers, self._records = answers, records

    async def answer(self, pending: str | None = None, *, cut: bool = False) -> dict[str, object]:
        if self._answers is not None:
            raise self._answers
        return {**SHOWN, "pending": pending, "cut": cut}

    def held(self) -> dict[str, object]:
        return {}

    async def record(self, phase: Phase) -> None:
        if self._records is not None:
            raise self._records
        self.recorded.append(phase)


@pytest.fixture
def logged() -> io.BytesIO:
    sink = io.BytesIO()
    telemetry.set_up(sink)
    return sink


async def _gather(error: Exception | None = None) -> None:
    if error is not None:
        raise error


async def _followed(exchange: _Exchange, task: "asyncio.Task[None]") -> dict[str, Any]:
    """The last state of a token whose late work has ended."""
    tools = _Tools()
    late, token = LateWork(cast("Tools", tools)), tools.pending.new_token()
    late.follow(cast("Exchange", exchange), task, token, SHOWN)
    await late.close()
    assert not late.follows(token)
    return await tools.pending.get(token, PORTAL)


async def test_late_answer_that_cannot_be_made_ends_the_waiting_and_closes_the_exchange(
    logged: io.BytesIO,
) -> None:
    exchange = _Exchange(answers=ValueError("033190001234"))
    state = await _followed(exchange, asyncio.create_task(_gather()))
    assert (state["done"], state["answer"], state["late"]) == (True, SHOWN, [])
    assert exchange.recorded == [Phase.ABANDONED]
    said = logged.getvalue().decode()
    assert '"prefill.late.defect"' in said
    assert '"ValueError"' in said
    assert "033190001234" not in said


@pytest.mark.parametrize("error", [ValueError("x"), LogUnavailable()])
async def test_exchange_that_cannot_be_closed_either_is_told(logged: io.BytesIO, error: Exception) -> None:
    state = await _followed(_Exchange(answers=KeyError(), records=error), asyncio.create_task(_gather()))
    assert state["done"] is True
    assert '"prefill.exchange.' in logged.getvalue().decode()


async def test_gathering_that_breaks_is_told_and_its_answers_are_kept(logged: io.BytesIO) -> None:
    state = await _followed(_Exchange(), asyncio.create_task(_gather(RuntimeError())))
    assert (state["done"], state["answer"]["cut"]) == (True, True)
    assert '"prefill.exchange.defect"' in logged.getvalue().decode()
