"""The fan-out: all queries of a wave at once, one outcome each, waves until nothing more is needed.

Identical queries in flight share one call, and a fresh answer may be used again for as long as its data service
declares it valid: never across requester, official, agency, purpose, procedure or subject.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.domain.evidence import Outcome, Reason, SourceAnswer, SourceQuery, failed
from gateway.domain.identifiers import CallId, ExchangeId
from gateway.ports import Clock, Source
from gateway.telemetry import Metrics, log

#: requester, official, agency, account and name of the official
Who = tuple[str, ...]

#: how much too early a timer of the loop may ring
_TICK_SECONDS = 0.01
#: for those who wait for a call that was cancelled
_GONE = failed(Outcome.UNAVAILABLE, Reason.SOURCE_UNREACHABLE)


@dataclass(slots=True)
class Call:
    """One query of an exchange and what came of it."""

    call_id: CallId
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


@dataclass(frozen=True, slots=True)
class _Flight:
    """A call under way: who began it, and where the others wait for its answer."""

    exchange: str
    landed: "asyncio.Future[SourceAnswer]"


class Gatherer:
    """Asks sources; shares calls in flight and answers that are still valid, within this process."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        valid: Mapping[str, int],
        clock: Clock,
        metrics: Metrics,
        entries: int = 4_096,
    ) -> None:
        """`valid`: data service -> seconds for which its answer may be used again (0: never)."""
        self._sources = sources
        self._valid = valid
        self._clock = clock
        self._metrics = metrics
        self._entries = entries
        self._kept: dict[str, _Kept] = {}
        self._flights: dict[str, _Flight] = {}

    @property
    def kept(self) -> int:
        """How many answers are kept for use again."""
        return len(self._kept)

    async def ask(
        self, query: SourceQuery, who: Who, exchange: ExchangeId, deadline: float, call: Call
    ) -> SourceAnswer:
        """One query's answer, from its source, from a call in flight or from an answer still valid."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        key = _key(query, who)
        call.valid_seconds = self._valid.get(query.service, 0)
        kept = self._kept.get(key) if call.valid_seconds else None
        if kept is not None and kept.until > began:
            call.cached, call.fetched_at = True, kept.fetched_at
            self._metrics.cache("hit")
            return kept.answer
        answer = await self._fly(key, query, exchange, deadline, call)
        call.elapsed_ms = round((loop.time() - began) * 1000)
        return answer

    async def _fly(
        self, key: str, query: SourceQuery, exchange: ExchangeId, deadline: float, call: Call
    ) -> SourceAnswer:
        source = self._sources.get(query.service.partition(".")[0])
        if source is None:
            return failed(Outcome.UNAVAILABLE, Reason.SOURCE_UNREACHABLE)
        flight = None if query.account else self._flights.get(key)
        if flight is not None:
            call.shared_with = flight.exchange
            answer = await asyncio.shield(flight.landed)
        elif query.account:
            answer = await source.ask(query, deadline)
        else:
            answer = await self._lead(key, query, exchange, source, deadline)
        call.fetched_at = self._clock.now()
        return answer

    async def _lead(
        self, key: str, query: SourceQuery, exchange: ExchangeId, source: Source, deadline: float
    ) -> SourceAnswer:
        """The call itself; whoever asks the same meanwhile waits for its answer."""
        landed, began = asyncio.get_running_loop().create_future(), asyncio.get_running_loop().time()
        self._flights[key] = _Flight(exchange, landed)
        answer = _GONE
        try:
            answer = await source.ask(query, deadline)
        finally:
            del self._flights[key]
            landed.set_result(answer)
        self._account(query, answer, asyncio.get_running_loop().time() - began)
        seconds = self._valid.get(query.service, 0)
        if seconds and answer.outcome is Outcome.FOUND and not answer.alarm:
            self._keep(key, answer, seconds)
        return answer

    def _account(self, query: SourceQuery, answer: SourceAnswer, seconds: float) -> None:
        source, _, operation = query.service.partition(".")
        self._metrics.answer(source, operation, answer.outcome.value, seconds)
        if answer.alarm:
            self._metrics.alarm("other_person")
            log().warning("prefill.source.other_person", source=source, call=query.call_id)

    def _keep(self, key: str, answer: SourceAnswer, seconds: int) -> None:
        while len(self._kept) >= self._entries:
            del self._kept[next(iter(self._kept))]
        loop = asyncio.get_running_loop()
        self._kept[key] = _Kept(answer, self._clock.now(), loop.time() + seconds)
        loop.call_later(seconds, self._forget, key)

    def _forget(self, key: str) -> None:
        """Evidence leaves the memory when its time is over, not when somebody needs the place."""
        kept = self._kept.get(key)
        if kept is not None and kept.until <= asyncio.get_running_loop().time() + _TICK_SECONDS:
            del self._kept[key]


def _key(query: SourceQuery, who: Who) -> str:
    """Equal for queries that may share one answer, and for no others: all that the provider sees, and who asks."""
    parts = (*who, query.procedure, query.purpose, query.dossier or "", query.service, query.subject.identity)
    return "\x1f".join((*parts, *query.attributes, "", *query.result_codes))


class Gathering:
    """The waves of one exchange. `run` ends when nothing more is needed; answers arrive in `answers`."""

    def __init__(
        self,
        count: int,
        following: Callable[[list[SourceAnswer | None]], list[int]],
        ask: Callable[[int], "Awaitable[SourceAnswer] | None"],
        before: Callable[[list[int]], Awaitable[None]],
    ) -> None:
        """`following` names the next queries; `ask` starts one (None: it cannot be asked, so it is skipped).

        `before` is awaited before every wave but the first, which the exchange announced already.
        """
        self.answers: list[SourceAnswer | None] = [None] * count
        self.asked: list[int] = []
        self.arrived: Callable[[], None] | None = None
        self._following = following
        self._ask = ask
        self._before = before
        self._stopped = False

    def stop(self) -> None:
        """Start no further wave."""
        self._stopped = True

    async def run(self) -> None:
        """Ask wave after wave."""
        while wave := [index for index in self._following(self.answers) if self.answers[index] is None]:
            if self.asked:
                await self._before(wave)
            if self._stopped:
                return
            await asyncio.gather(*[self._one(index) for index in wave])

    async def _one(self, index: int) -> None:
        self.asked.append(index)
        started = self._ask(index)
        if started is None:
            self.answers[index] = failed(Outcome.SKIPPED, Reason.CONDITION_FALSE)
        else:
            self.answers[index] = await started
        if self.arrived is not None:
            self.arrived()
