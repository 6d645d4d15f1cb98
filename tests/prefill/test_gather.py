"""Answers that are used again: for their time and no longer."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.domain.dates import PartialDate
from gateway.domain.evidence import Outcome, SourceAnswer, SourceQuery
from gateway.domain.identifiers import CallId, ExchangeId
from gateway.domain.parties import Official, Subject, SubjectKind
from gateway.ports import SourceState
from gateway.prefill.gather import Call, Gatherer, Gathering
from gateway.telemetry import Metrics

OFFICIAL = Official(personal_id="033085482915", agency="000.00.14.H31")
ASKER = f"portal of {OFFICIAL.agency}"


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class _Source:
    """A source in memory that counts its calls."""

    def __init__(self, *, alarm: bool = False, seconds: float = 0, letters: int = 0) -> None:
        self.calls = 0
        self.letters = letters
        self.alarm = alarm
        self.seconds = seconds

    def ask(self, query: SourceQuery, end: float, landed: Callable[[SourceAnswer], None]) -> None:  # noqa: ARG002
        self.calls += 1
        values = {"full_name": "Nguyễn Thử" + "ử" * self.letters}
        answer = SourceAnswer(Outcome.FOUND, values, alarm=self.alarm)
        asyncio.get_running_loop().call_later(self.seconds, landed, answer)

    def state(self) -> SourceState:
        raise AssertionError

    async def close(self) -> None:
        """Holds nothing."""


def _query(name: str = "Nguyễn Thử") -> SourceQuery:
    born = PartialDate(1990, 2, 15)
    subject = Subject(kind=SubjectKind.PERSON, personal_id="033190584726", full_name=name, birth_date=born)
    return SourceQuery(
        call_id=CallId("x-1"), service="population.look", subject=subject, attributes=("full_name",),
        official=OFFICIAL, procedure="1.004873", purpose="test",
    )  # fmt: skip


async def _ask(gatherer: Gatherer, query: SourceQuery) -> Call:
    call = Call(CallId("x-1"))
    deadline = asyncio.get_running_loop().time() + 1
    await gatherer.ask(query, ASKER, ExchangeId("x"), deadline, call)
    return call


async def test_answer_is_used_again_for_its_time_and_then_leaves_the_memory() -> None:
    source = _Source()
    gatherer = Gatherer({"population": source}, {"population.look": 1}, _Clock(), Metrics())
    assert not (await _ask(gatherer, _query())).cached
    assert (await _ask(gatherer, _query())).cached
    assert gatherer.kept == 1
    await asyncio.sleep(1.1)
    assert gatherer.kept == 0
    assert not (await _ask(gatherer, _query())).cached
    assert source.calls == 2


async def test_answer_is_never_used_for_the_same_number_under_another_name() -> None:
    source = _Source()
    gatherer = Gatherer({"population": source}, {"population.look": 60}, _Clock(), Metrics())
    await _ask(gatherer, _query())
    assert not (await _ask(gatherer, _query("Kẻ Mạo Danh"))).cached
    assert source.calls == 2


@pytest.mark.parametrize(
    "other",
    [
        {"procedure": "1.000656"}, {"purpose": "another"}, {"dossier": "H31.14-260105-0009"},
        {"attributes": ("full_name", "gender")}, {"result_codes": ("KQ.G15.000001",)},
    ],
    ids=lambda other: next(iter(other)),
)  # fmt: skip
async def test_answer_is_never_used_for_another_question(other: dict[str, Any]) -> None:
    source = _Source()
    gatherer = Gatherer({"population": source}, {"population.look": 60}, _Clock(), Metrics())
    await _ask(gatherer, _query())
    assert not (await _ask(gatherer, _query()._replace(**other))).cached
    assert source.calls == 2


async def test_answer_is_never_used_for_another_asker() -> None:
    source = _Source()
    gatherer = Gatherer({"population": source}, {"population.look": 60}, _Clock(), Metrics())
    await _ask(gatherer, _query())
    call, deadline = Call(CallId("x-2")), asyncio.get_running_loop().time() + 1
    await gatherer.ask(_query(), "somebody else", ExchangeId("y"), deadline, call)
    assert (call.cached, source.calls) == (False, 2)


@pytest.mark.parametrize(("letters", "most"), [(50_000, 25), (300_000, 0)])
async def test_large_answers_are_kept_by_their_size_not_by_their_count(letters: int, most: int) -> None:
    gatherer = Gatherer(
        {"population": _Source(letters=letters)}, {"population.look": 60}, _Clock(), Metrics()
    )
    for number in range(60):
        await _ask(gatherer, _query()._replace(dossier=f"H31.14-260105-{number:04}"))
    assert gatherer.kept <= most
    assert (await _ask(gatherer, _query()._replace(dossier="H31.14-260105-0059"))).cached == bool(most)


async def test_answer_with_an_alarm_is_never_kept() -> None:
    source = _Source(alarm=True)
    gatherer = Gatherer({"population": source}, {"population.look": 60}, _Clock(), Metrics())
    await _ask(gatherer, _query())
    assert gatherer.kept == 0


class _Chain:
    """An exchange of three questions: nobody waits for the first, the third needs the answer to the second."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.may_land = [asyncio.Event() for _ in range(3)]
        self.begun = [asyncio.Event() for _ in range(3)]

    def following(self, answers: list[SourceAnswer | None], *, waiting: bool) -> list[int]:  # noqa: ARG002
        return [0, 1] if answers[1] is None else [0, 1, 2]

    async def before_asking(self, queries: list[int]) -> None:
        """Nothing to announce."""

    async def ask(self, index: int) -> SourceAnswer | None:
        self.asked.append(index)
        self.begun[index].set()
        await self.may_land[index].wait()
        return SourceAnswer(Outcome.FOUND)


async def test_what_one_answer_shows_to_be_needed_is_asked_while_another_hangs() -> None:
    chain, gathering = _Chain(), Gathering(3)
    running = asyncio.create_task(gathering.run(chain))
    await chain.begun[1].wait()
    chain.may_land[1].set()
    async with asyncio.timeout(5):
        await chain.begun[2].wait()
    assert gathering.answers[0] is None
    chain.may_land[2].set()
    chain.may_land[0].set()
    await running
    assert chain.asked == [0, 1, 2]
    assert None not in gathering.answers


async def test_caller_that_gives_up_leaves_the_others_their_answer() -> None:
    source = _Source(seconds=0.1)
    gatherer = Gatherer({"population": source}, {}, _Clock(), Metrics())
    first = asyncio.create_task(_ask(gatherer, _query()))
    await asyncio.sleep(0.02)
    call, deadline = Call(CallId("x-2")), asyncio.get_running_loop().time() + 1
    second = asyncio.create_task(gatherer.ask(_query(), ASKER, ExchangeId("y"), deadline, call))
    await asyncio.sleep(0.02)
    first.cancel()
    assert (await second).outcome is Outcome.FOUND
    assert (call.shared_with, source.calls) == ("", 2)
