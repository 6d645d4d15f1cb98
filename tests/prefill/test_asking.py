"""Each query is asked as soon as it is known to be needed, whatever the others do."""

import asyncio
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from gateway.domain.errors import LogUnavailable
from gateway.domain.evidence import Outcome, SourceAnswer, SourceQuery
from gateway.prefill import asking
from gateway.prefill.asking import Asking
from gateway.prefill.consent_checks import ConsentChecks
from gateway.prefill.exchange import Exchange
from gateway.prefill.gather import Gatherer, QueryCall
from gateway.prefill.records import Records


class _Named:
    """Anything that is only looked at by name."""

    def __init__(self, **members: Any) -> None:
        self.__dict__.update(members)


class _Sources:
    """Sources that answer when they are told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.broken: set[str] = set()
        self.calls: dict[str, QueryCall] = {}

    def ask(
        self, query: SourceQuery, asker: str, identity: str, exchange: str, end: float, call: QueryCall
    ) -> None:
        assert asker
        assert identity
        assert exchange
        assert end
        self.asked.append(query.service)
        if query.service in self.broken:
            raise KeyError(query.service)
        self.calls[query.service] = call

    def land(self, service: str) -> None:
        self.calls[service].land(SourceAnswer(Outcome.FOUND))


class _Full:
    """A log that takes nothing."""

    async def write(self, _exchange: object, _phase: object) -> None:
        raise LogUnavailable


class _Consents:
    async def recheck(self, exchange: object) -> None:
        assert exchange


def _exchange(count: int) -> Exchange:
    services = [_Named(name=f"s.{n}", evidence="person", source="s") for n in range(count)]
    queries = [
        _Named(index=n, service=services[n], role="one", attributes=("x",), result_codes=())
        for n in range(count)
    ]
    plan = _Named(queries=queries, first=(), withheld={})
    request = _Named(account={}, known={}, held={}, dossier=None)
    cast_ = _Named(
        subjects={"one": object()}, keys={"one": "k"}, identities={"one": "i"}, given=frozenset({"one"})
    )
    official = _Named(personal_id="", agency="", account="", full_name="", on_duty=False)
    case = _Named(
        request=request,
        cast=cast_,
        acting=None,
        citizen=None,
        asker="portal",
        official=official,
        procedure=_Named(code="c"),
        purpose="p",
    )
    made: Any = Exchange
    exchange: Exchange = made("e", _Named(id="portal"), case, None, plan, None, datetime.now(UTC), 5)
    return exchange


@pytest.fixture
def needed(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """What each look at the answers shows to be needed; the last of them stays."""
    looks: list[list[int]] = []

    def following(_exchange: Exchange) -> list[int]:
        return looks.pop(0) if len(looks) > 1 else looks[0]

    monkeypatch.setattr(asking, "_next_wave", following)
    return looks


def _asking(sources: _Sources, records: object = None) -> Asking:
    return Asking(cast("Gatherer", sources), cast("ConsentChecks", _Consents()), cast("Records", records))


async def test_what_one_answer_shows_to_be_needed_is_asked_while_another_hangs(
    needed: list[list[int]],
) -> None:
    needed += [[0, 1], [0, 1, 2]]
    sources, exchange = _Sources(), _exchange(3)
    running = asyncio.create_task(_asking(sources).ask(exchange, asyncio.get_running_loop().time() + 5))
    await asyncio.sleep(0)
    assert sources.asked == ["s.0", "s.1"]
    sources.land("s.1")
    async with asyncio.timeout(60):
        while len(sources.asked) < 3:
            await asyncio.sleep(0)
    assert exchange.answers[0] is None
    sources.land("s.2")
    sources.land("s.0")
    assert await running is True
    assert None not in exchange.answers


async def test_deadline_ends_the_waiting_and_no_call(needed: list[list[int]]) -> None:
    needed += [[0, 1]]
    sources, exchange = _Sources(), _exchange(2)
    running = asyncio.create_task(_asking(sources).ask(exchange, asyncio.get_running_loop().time() + 0.05))
    await asyncio.sleep(0)
    sources.land("s.0")
    assert await running is False
    sources.land("s.1")
    assert (exchange.awaited, None in exchange.answers) == (0, False)


async def test_person_who_cannot_be_announced_is_not_asked_about(needed: list[list[int]]) -> None:
    needed += [[0], [0, 1]]
    sources, exchange = _Sources(), _exchange(2)
    running = asyncio.create_task(
        _asking(sources, _Full()).ask(exchange, asyncio.get_running_loop().time() + 5)
    )
    await asyncio.sleep(0)
    exchange.announced = 0
    sources.land("s.0")
    with pytest.raises(LogUnavailable):
        await running
    assert sources.asked == ["s.0"]


async def test_defect_while_an_answer_lands_is_the_exchanges_alone(needed: list[list[int]]) -> None:
    needed += [[0]]
    sources, exchange = _Sources(), _exchange(2)
    running = asyncio.create_task(_asking(sources).ask(exchange, asyncio.get_running_loop().time() + 5))
    await asyncio.sleep(0)
    needed.clear()
    sources.land("s.0")
    with pytest.raises(IndexError):
        await running


async def test_query_that_cannot_be_asked_spoils_no_other_and_nobody_waits_for_it(
    needed: list[list[int]],
) -> None:
    needed += [[0, 1]]
    sources, exchange = _Sources(), _exchange(2)
    sources.broken.add("s.0")
    with pytest.raises(KeyError):
        await _asking(sources).ask(exchange, asyncio.get_running_loop().time() + 5)
    assert sources.asked == ["s.0", "s.1"]
    sources.land("s.1")
    assert exchange.awaited == 0


async def test_nobody_is_announced_once_the_asking_has_stopped(needed: list[list[int]]) -> None:
    needed += [[0], [0, 1]]
    sources, exchange = _Sources(), _exchange(2)
    running = asyncio.create_task(
        _asking(sources, _Full()).ask(exchange, asyncio.get_running_loop().time() + 5)
    )
    await asyncio.sleep(0)
    exchange.announced = 0
    sources.land("s.0")
    exchange.is_stopped = True
    assert await running is True
    assert (sources.asked, exchange.failure) == (["s.0"], None)
