"""Asks sources. Identical queries in flight share one call, and an answer is reused while it is valid.

The data service declares how long an answer is valid. It is never shared across requester, official, agency, purpose,
procedure or subject.
"""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import orjson

from gateway.domain.evidence import SAYS_NO, AnswerFault, Outcome, SourceAnswer, SourceQuery, failed
from gateway.domain.fault_codes import FaultCode
from gateway.domain.identifiers import CallId, ExchangeId
from gateway.domain.reasons import Reason
from gateway.ports.clock import Clock
from gateway.ports.sources import Source
from gateway.telemetry import Metrics, log

#: how much too early a timer of the loop may fire
_TICK_SECONDS = 0.01
#: size in characters of JSON of all retained answers together (objects take about eight times as much), and of one
_ROOM, _LARGEST = 2_000_000, 250_000
#: the shortest time between two sweeps of all retained answers
_SWEEP_SECONDS = 0.25
_NO_SOURCE = failed(Outcome.UNAVAILABLE, Reason.SOURCE_UNREACHABLE, AnswerFault(FaultCode.SERVICE_OFF))

#: outcomes whose reason is logged
_TROUBLE = frozenset({Outcome.INVALID, Outcome.UNAVAILABLE, Outcome.REFUSED})

Landed = Callable[[SourceAnswer], None]


class QueryCall:
    """One query of an exchange in flight, and its answer."""

    __slots__ = (
        "_landed", "attributes", "began", "cached", "call_id", "elapsed_ms", "ended", "fetched_at", "shared_with",
        "valid_seconds",
    )  # fmt: skip

    def __init__(self, call_id: CallId, attributes: tuple[str, ...], landed: Landed) -> None:
        """`landed` is called once, with the answer."""
        self.call_id = call_id
        #: what was asked for
        self.attributes = attributes
        self._landed = landed
        #: loop time
        self.began = 0.0
        self.elapsed_ms = 0
        self.cached = False
        #: exchange whose call this one shares
        self.shared_with = ""
        #: loop time of the answer; 0.0 while there is none
        self.ended = 0.0
        #: when a reused answer was fetched
        self.fetched_at: datetime | None = None
        self.valid_seconds = 0

    def land(self, answer: SourceAnswer, now: float = 0.0) -> None:
        """Hand over the answer, once. `now`: loop time when it came; 0.0: it was there before.

        Afterwards the call has no reference to the exchange: a reference cycle would stay in memory until it is
        collected.
        """
        if now:
            self.ended = now
            self.elapsed_ms = round((now - self.began) * 1000)
        landed = self._landed
        del self._landed
        landed(answer)


@dataclass(slots=True)
class _RetainedAnswer:
    answer: SourceAnswer
    fetched_at: datetime
    until: float
    size: int


#: a call to a source in flight: the exchange that asked, and the queries that wait for the answer
_Flight = tuple[ExchangeId, list[QueryCall]]


class Gatherer:
    """Asks the sources of one configuration, within this process."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        valid: Mapping[str, int],
        clock: Clock,
        metrics: Metrics,
        entries: int = 1_024,
    ) -> None:
        """`valid`: data service -> seconds for which its answer may be reused (0: never)."""
        self._sources = sources
        self._valid = valid
        self._clock = clock
        self._metrics = metrics
        self._entries = entries
        self._kept: OrderedDict[str, _RetainedAnswer] = OrderedDict()
        self._room = _ROOM
        #: fires when the next retained answer expires; None when there is none
        self._timer: asyncio.TimerHandle | None = None
        self._sweep_at = math.inf
        self._flights: dict[str, _Flight] = {}

    @property
    def kept(self) -> int:
        """Number of answers that are retained for reuse."""
        return len(self._kept)

    def ask(
        self, query: SourceQuery, asker: str, identity: str, exchange: ExchangeId, end: float, call: QueryCall
    ) -> None:
        """Deliver one query's answer: from its source, from a call in flight, or a valid one.

        `asker` is requester, official and agency; `identity` is all that the request states about the subject: answers
        are shared only within both. `end` is loop time. The answer may arrive before this returns.
        """
        call.began = asyncio.get_running_loop().time()
        source = self._sources.get(query.service.partition(".")[0])
        if source is None:
            self._log_faults(query, _NO_SOURCE)
            call.land(_NO_SOURCE)
            return
        if query.account:  # the caller's own claims are never shared
            source.ask(query, end, partial(self._claimed, query, call))
            return
        key = "\x1f".join((
            asker, query.procedure, query.purpose, query.dossier or "", query.service, identity, *query.attributes,
            "", *query.result_codes,
        ))  # fmt: skip
        call.valid_seconds = self._valid.get(query.service, 0)
        if call.valid_seconds and (kept := self._kept.get(key)) is not None and kept.until > call.began:
            call.cached, call.fetched_at = True, kept.fetched_at
            self._metrics.cache("hit")
            call.land(kept.answer)
            return
        flight = self._flights.get(key)
        if flight is not None:
            call.shared_with, calls = flight
            calls.append(call)
            return
        calls = [call]
        self._flights[key] = (exchange, calls)
        try:
            source.ask(query, end, partial(self._answered, key, query, calls))
        except BaseException:
            self._flights.pop(key, None)  # no other query may wait for it
            raise

    def _claimed(self, query: SourceQuery, call: QueryCall, answer: SourceAnswer) -> None:
        source, _, operation = query.service.partition(".")
        now = asyncio.get_running_loop().time()
        try:
            self._metrics.answer(source, operation, str(answer.outcome), now - call.began)
            if answer.outcome in _TROUBLE or (answer.faults and answer.outcome not in SAYS_NO):
                self._log_faults(query, answer)
        finally:
            call.land(answer, now)

    def _answered(self, key: str, query: SourceQuery, calls: list[QueryCall], answer: SourceAnswer) -> None:
        del self._flights[key]
        call = calls[0]
        source, _, operation = query.service.partition(".")
        now = asyncio.get_running_loop().time()
        try:
            self._metrics.answer(source, operation, str(answer.outcome), now - call.began)
            if answer.outcome in _TROUBLE or (answer.faults and answer.outcome not in SAYS_NO):
                self._log_faults(query, answer)
            if answer.alarm:
                self._metrics.alarm("other_person")
                log().warning("prefill.source.other_person", source=source, call_id=query.call_id)
            elif call.valid_seconds and answer.outcome is Outcome.FOUND:
                self._keep(key, answer, call.valid_seconds)
        finally:
            for one in calls:
                one.land(answer, now)

    def _log_faults(self, query: SourceQuery, answer: SourceAnswer) -> None:
        """Log why an answer is missing or incomplete, for operators, without any value."""
        source, _, operation = query.service.partition(".")
        reason = answer.reason or ""
        for fault in answer.faults or (None,):
            code = str(reason if fault is None else fault.code)
            attribute = "" if fault is None else fault.attribute
            self._metrics.fault(source, operation, str(answer.outcome), attribute, code)
            known = {} if fault is None else {name: word for name, word in fault._asdict().items() if word}
            known["fault"] = known.pop("provider_code", None)
            known.pop("meant", None)  # it is the outcome
            labels = {name: word for name, word in {**known, "code": code, "reason": reason}.items() if word}
            log().warning(
                "prefill.source.fault", source=source, operation=operation, call_id=query.call_id,
                outcome=answer.outcome, **labels,
            )  # fmt: skip

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
        self._kept[key] = _RetainedAnswer(answer, self._clock.now(), until, size)
        if self._sweep_at > until:
            self._set_timer(until)

    def _drop(self, key: str) -> None:
        if (gone := self._kept.pop(key, None)) is not None:
            self._room += gone.size

    def close(self) -> None:
        """Drop all retained answers and the timer: the event loop would hold them until it fires."""
        self._kept.clear()
        self._room = _ROOM
        self._set_timer(math.inf)

    def _set_timer(self, at: float) -> None:
        """Set the only timer to `at` (loop time); infinity: no timer."""
        if self._timer is not None:
            self._timer.cancel()
        self._sweep_at = at
        self._timer = asyncio.get_running_loop().call_at(at, self._sweep) if at < math.inf else None

    def _sweep(self) -> None:
        """Drop expired evidence at its time, not when memory is needed."""
        now = asyncio.get_running_loop().time()
        for key in [key for key, kept in self._kept.items() if kept.until <= now + _TICK_SECONDS]:
            self._drop(key)
        following = min((kept.until for kept in self._kept.values()), default=math.inf)
        self._set_timer(max(following, now + _SWEEP_SECONDS))
