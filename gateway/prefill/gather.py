"""The fan-out: all queries of a wave at once, one outcome each, waves until nothing more is needed.

Identical queries in flight share one call, and a fresh answer may be used again for as long as its data service
declares it valid: never across requester, official, agency, purpose, procedure or subject.
"""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import orjson

from gateway.domain.evidence import Outcome, Reason, SourceAnswer, SourceQuery, failed
from gateway.domain.identifiers import CallId, ExchangeId
from gateway.ports import Clock, Source
from gateway.telemetry import Metrics, log

#: how much too early a timer of the loop may ring
_TICK_SECONDS = 0.01
#: letters of JSON of all kept answers together (objects take about eight times as much), and of one
_ROOM, _LARGEST = 2_000_000, 250_000
#: the least time from one look at all that is kept to the next
_SWEEP_SECONDS = 0.25


@dataclass(slots=True)
class Call:
    """One query of an exchange and what came of it."""

    call_id: CallId
    #: what was asked for
    attributes: tuple[str, ...] = ()
    elapsed_ms: int = 0
    cached: bool = False
    shared_with: str = ""
    fetched_at: datetime | None = None
    valid_seconds: int = 0


@dataclass(slots=True)
class _Kept:
    answer: SourceAnswer
    fetched_at: datetime
    until: float
    size: int


@dataclass(slots=True)
class _Flight:
    """A call under way: who began it, and where the others wait for its answer, if there are any."""

    exchange: str
    landed: "asyncio.Future[SourceAnswer | None] | None" = None

    async def join(self) -> SourceAnswer | None:
        """The answer, when it is there; whoever stops waiting stops nobody else. None: who asked gave up."""
        if self.landed is None:
            self.landed = asyncio.get_running_loop().create_future()
        return await asyncio.shield(self.landed)


class Gatherer:
    """Asks sources; shares calls in flight and answers that are still valid, within this process."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        valid: Mapping[str, int],
        clock: Clock,
        metrics: Metrics,
        entries: int = 1_024,
    ) -> None:
        """`valid`: data service -> seconds for which its answer may be used again (0: never)."""
        self._sources = sources
        self._valid = valid
        self._clock = clock
        self._metrics = metrics
        self._entries = entries
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._room = _ROOM
        #: rings when the next kept answer is over; None when there is none
        self._timer: asyncio.TimerHandle | None = None
        self._sweep_at = math.inf
        self._flights: dict[str, _Flight] = {}

    @property
    def kept(self) -> int:
        """How many answers are kept for use again."""
        return len(self._kept)

    async def ask(
        self, query: SourceQuery, asker: str, exchange: ExchangeId, deadline: float, call: Call
    ) -> SourceAnswer:
        """One query's answer, from its source, from a call in flight or from an answer still valid.

        `asker` says in whose name (requester, official, agency) is asked: answers are shared within it only.
        """
        now = asyncio.get_running_loop().time
        began = now()
        source = self._sources.get(query.service.partition(".")[0])
        if source is None:
            return failed(Outcome.UNAVAILABLE, Reason.SOURCE_UNREACHABLE)
        if query.account:
            answer = await _answer_of(source, query, deadline)
        else:
            key = _key(query, asker)
            call.valid_seconds = self._valid.get(query.service, 0)
            if call.valid_seconds and (kept := self._kept.get(key)) is not None and kept.until > began:
                call.cached, call.fetched_at = True, kept.fetched_at
                self._metrics.cache("hit")
                return kept.answer
            answer = await self._fly(key, query, exchange, source, deadline, call)
        call.fetched_at = self._clock.now()
        call.elapsed_ms = round((now() - began) * 1000)
        return answer

    async def _fly(
        self, key: str, query: SourceQuery, exchange: ExchangeId, source: Source, deadline: float, call: Call
    ) -> SourceAnswer:
        """The answer of the call in flight, or of a new one that others may join meanwhile."""
        while (under_way := self._flights.get(key)) is not None:
            call.shared_with = under_way.exchange
            shared = await under_way.join()
            if shared is not None:
                return shared
        call.shared_with = ""
        flight = self._flights[key] = _Flight(exchange)
        began, answer = asyncio.get_running_loop().time(), None
        try:
            answer = await _answer_of(source, query, deadline)
        finally:
            del self._flights[key]
            if flight.landed is not None:
                flight.landed.set_result(answer)
        self._account(query, answer, asyncio.get_running_loop().time() - began)
        if call.valid_seconds and answer.outcome is Outcome.FOUND and not answer.alarm:
            self._keep(key, answer, call.valid_seconds)
        return answer

    def _account(self, query: SourceQuery, answer: SourceAnswer, seconds: float) -> None:
        source, _, operation = query.service.partition(".")
        self._metrics.answer(source, operation, answer.outcome.value, seconds)
        if answer.alarm:
            self._metrics.alarm("other_person")
            log().warning("prefill.source.other_person", source=source, call_id=query.call_id)

    def _keep(self, key: str, answer: SourceAnswer, seconds: int) -> None:
        size = len(orjson.dumps(answer.values, default=str))
        if size > _LARGEST:
            return
        self._drop(key)
        while self._kept and (len(self._kept) >= self._entries or self._room < size):
            self._drop(next(iter(self._kept)))
        self._room -= size
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        self._kept[key] = _Kept(answer, self._clock.now(), until, size)
        if self._sweep_at > until:
            self._ring(until)

    def _drop(self, key: str) -> None:
        if (gone := self._kept.pop(key, None)) is not None:
            self._room += gone.size

    def close(self) -> None:
        """Nothing is kept any more, and nothing rings: the loop would hold all of this until then."""
        self._kept.clear()
        self._room = _ROOM
        self._ring(math.inf)

    def _ring(self, at: float) -> None:
        """Sweep then and at no other time."""
        if self._timer is not None:
            self._timer.cancel()
        self._sweep_at = at
        self._timer = asyncio.get_running_loop().call_at(at, self._sweep) if at < math.inf else None

    def _sweep(self) -> None:
        """Evidence leaves the memory when its time is over, not when somebody needs the place."""
        now = asyncio.get_running_loop().time()
        for key in [key for key, kept in self._kept.items() if kept.until <= now + _TICK_SECONDS]:
            self._drop(key)
        following = min((kept.until for kept in self._kept.values()), default=math.inf)
        self._ring(max(following, now + _SWEEP_SECONDS))


async def _answer_of(source: Source, query: SourceQuery, end: float) -> SourceAnswer:
    """The answer of a source; the call goes on by itself where it is not awaited any more."""
    waiting: asyncio.Future[SourceAnswer] = asyncio.get_running_loop().create_future()

    def landed(answer: SourceAnswer) -> None:
        if not waiting.done():
            waiting.set_result(answer)

    source.ask(query, end, landed)
    return await waiting


def _key(query: SourceQuery, asker: str) -> str:
    """Equal for queries that may share one answer, and for no others: all that the provider sees, and who asks."""
    asked = (
        asker,
        query.procedure,
        query.purpose,
        query.dossier or "",
        query.service,
        query.subject.identity,
    )
    return "\x1f".join((*asked, *query.attributes, "", *query.result_codes))


class Asking(Protocol):
    """An exchange, as its gathering sees it."""

    def following(self, answers: list[SourceAnswer | None], *, waiting: bool) -> list[int]:
        """The queries to ask next; may name some that were asked. `waiting`: some of those have no answer yet."""

    async def before_asking(self, queries: list[int]) -> None:
        """Awaited before everything but the first queries, which the exchange announced already."""

    async def ask(self, index: int) -> SourceAnswer | None:
        """One query's answer; None when it cannot be asked, so that it is skipped."""


class Gathering:
    """The queries of one exchange, each asked as soon as it is known to be needed.

    `run` ends when nothing more is needed; answers arrive in `answers`.
    """

    __slots__ = ("_landed", "_stopped", "_tasks", "answers", "arrived", "asked")

    def __init__(self, count: int) -> None:
        """`count` queries, none of them asked yet."""
        self.answers: list[SourceAnswer | None] = [None] * count
        self.asked: list[int] = []
        self.arrived: Callable[[], None] | None = None
        self._landed = 0
        self._stopped = False
        self._tasks: list[asyncio.Task[None]] = []

    def stop(self) -> None:
        """Ask nothing more."""
        self._stopped = True

    def _is_over(self) -> bool:
        return self._stopped

    async def run(self, exchange: Asking) -> None:
        """Ask what is needed, and go on with what the answers show to be needed."""
        try:
            await self._go_on(exchange)
            for task in self._tasks:  # grows meanwhile
                await task
        finally:
            for task in self._tasks:
                task.cancel()

    async def _go_on(self, exchange: Asking) -> None:
        waiting = self._landed < len(self.asked)
        following = exchange.following(self.answers, waiting=waiting)
        queries = [index for index in following if index not in self.asked]
        if not queries or self._is_over():
            return
        first = not self.asked
        self.asked += queries
        if not first:
            await exchange.before_asking(queries)
            if self._is_over():
                return
        loop = asyncio.get_running_loop()
        self._tasks += [loop.create_task(self._one(exchange, index)) for index in queries[1:]]
        await self._one(exchange, queries[0])

    async def _one(self, exchange: Asking, index: int) -> None:
        answer = await exchange.ask(index)
        self.answers[index] = answer or failed(Outcome.SKIPPED, Reason.CONDITION_FALSE)
        self._landed += 1
        if self.arrived is not None:
            self.arrived()
        if len(self.asked) < len(self.answers):
            await self._go_on(exchange)
