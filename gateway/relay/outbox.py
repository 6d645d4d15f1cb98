"""The outbox: takes what is due to its receiver, in order for each dossier, until the receiver confirms it.

Promises: nothing that was accepted is lost; what may have arrived is looked up before it is sent again; each attempt is
recorded; a message that its receiver refuses stops its own dossier only. It knows no protocol and no database.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from gateway.domain.dossier import Dossier, MessageKind
from gateway.domain.errors import GatewayError, LogUnavailable, RelayUnavailable, RowConflict
from gateway.domain.exchange import CallEntry, Phase
from gateway.domain.identifiers import new_exchange_id
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.ports.relay import (
    DeliveryEvent,
    DeliveryOutcome,
    DeliveryRow,
    DeliveryState,
    OutboundMessage,
    Portal,
    PortalAnswer,
    RelayRows,
    Settled,
)
from gateway.relay.contents import Contents, in_records, owners
from gateway.telemetry import log

#: seconds between two looks when nothing is due
_POLL_SECONDS = 1.0
#: the longest pause between two attempts, and between two probes of a receiver that is away; P3: back within a minute
_LONGEST_SECONDS = 30.0
_LONGEST_PAUSE = 10.0
#: reason of a delivery whose content cannot be opened: its month was erased
UNREADABLE = "content_erased"


#: a delivery, and POSIX seconds
Confirmed = Callable[[DeliveryRow, float], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxLimits:
    """How it works: leases and attempts in seconds."""

    lease: float = 60.0
    attempt: float = 30.0
    #: after so long without success a delivery is dead
    give_up: float = 7 * 86_400.0
    #: deliveries of one claim, and those under way at one receiver
    batch: int = 64
    at_once: int = 16


@dataclass(slots=True, kw_only=True)
class Outbox:
    """The deliveries of one process to every receiver that it knows."""

    rows: RelayRows
    portals: dict[str, Portal]
    contents: Contents
    recorder: Recorder
    limits: OutboxLimits = field(default_factory=OutboxLimits)
    #: what follows a confirmed delivery of a kind; it may happen twice, and raises GatewayError to be tried again
    confirmed: dict[MessageKind, Confirmed] = field(default_factory=dict)
    #: this process, as leases name it
    holder: str = field(default_factory=new_exchange_id)
    rng: random.Random = field(default_factory=random.Random)
    _wakes: dict[str, asyncio.Event] = field(default_factory=dict)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        """Begin to deliver."""
        for target in self.portals:
            self._wakes[target] = asyncio.Event()
            self._tasks.append(asyncio.create_task(self._serve(target), name=f"outbox-{target}"))

    def wake(self) -> None:
        """Something new is due."""
        for event in self._wakes.values():
            event.set()

    async def close(self) -> None:
        """End after the attempts under way; what was claimed and not begun is given back."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks.clear()

    async def _serve(self, target: str) -> None:
        away = 0
        while True:
            try:
                found = await self._round(target, 1 if away else self.limits.batch)
            except RelayUnavailable as error:
                log().warning("outbox.unavailable", target=target, error=error)
                found = None
            if found is None or found:
                away = away + 1 if found is None or DeliveryOutcome.UNAVAILABLE in found else 0
            if away:
                await asyncio.sleep(self._jitter(min(_LONGEST_PAUSE, 0.5 * 2 ** min(away, 10))))
            elif not found:
                await self._rest(target)

    async def _rest(self, target: str) -> None:
        """Wait for something new, at most for a moment."""
        wake = self._wakes[target]
        wake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_POLL_SECONDS):
                await wake.wait()

    async def _round(self, target: str, most: int) -> list[DeliveryOutcome]:
        """Claim what is due and deliver it; the outcomes. Raises RelayUnavailable."""
        now = self.recorder.clock.now().timestamp()
        claimed = await self.rows.claim(target, self.holder, now, self.limits.lease, most)
        waiting = list(reversed(claimed))
        outcomes: list[DeliveryOutcome] = []

        async def work() -> None:
            while waiting:
                outcomes.append(await self._deliver(waiting.pop()))

        workers = [asyncio.create_task(work()) for _ in range(min(self.limits.at_once, len(claimed)))]
        try:
            for worker in workers:
                await asyncio.shield(worker)
        except asyncio.CancelledError:
            left = [row.id for row in waiting]
            waiting.clear()
            if workers:
                await asyncio.wait(workers)
            with contextlib.suppress(GatewayError):
                await self.rows.release(self.holder, left)
            raise
        return outcomes

    async def _deliver(self, row: DeliveryRow) -> DeliveryOutcome:
        """One attempt, and its record. Never raises."""
        try:
            body = await self.contents.open(row.period, row.sealed, row.id)
        except LogUnavailable:  # the lease ends, and another attempt begins
            return DeliveryOutcome.UNAVAILABLE
        if not isinstance(body, dict):
            answer = PortalAnswer(DeliveryOutcome.REFUSED, UNREADABLE)
            return await self._account(row, answer, ())
        unsure = row.state in (DeliveryState.SENDING, DeliveryState.UNCONFIRMED)
        message = OutboundMessage(
            row.id, row.kind, row.code, row.version, body, unsure, row.attempts + 1,
            origin=row.order_key.partition("|")[0], seq=row.seq,
        )  # fmt: skip
        end = asyncio.get_running_loop().time() + self.limits.attempt
        answer = await self.portals[row.target].deliver(message, end)
        return await self._account(row, answer, _subjects(row.kind, body))

    async def _account(
        self, row: DeliveryRow, answer: PortalAnswer, subjects: tuple[str, ...]
    ) -> DeliveryOutcome:
        """Record the attempt and write its end, in one transaction."""
        now = self.recorder.clock.now()
        if answer.outcome is DeliveryOutcome.CONFIRMED and row.kind in self.confirmed:
            try:
                await self.confirmed[row.kind](row, now.timestamp())
            except GatewayError:
                answer = PortalAnswer(DeliveryOutcome.UNCONFIRMED)
        state, next_at = self._next(row, answer, now.timestamp())
        exchange = new_exchange_id()
        what = "dead" if state is DeliveryState.DEAD else str(answer.outcome)
        event = DeliveryEvent(now.timestamp(), what, answer.reason, row.attempts + 1, exchange)
        work = self.rows.settle(Settled(row.id, self.holder, state, answer.reason, next_at, event))
        header = RecordHeader(
            exchange, row.requester, dossier=in_records(row.code),
            subjects={f"owner{number or ''}": one for number, one in enumerate(subjects)},
        )  # fmt: skip
        call = CallEntry(f"{exchange}-1", row.target, str(row.kind), "owner", (), _OUTCOMES[answer.outcome])
        notes: dict[str, str | int | bool] = {
            "delivery": row.id,
            "attempt": row.attempts + 1,
            "state": str(state),
            "reason": answer.reason,
        }
        try:
            await self.recorder.write(
                header, Phase.DELIVERY, f"delivery_{answer.outcome}", calls=(call,), notes=notes, work=work
            )
        except RowConflict:  # the lease was lost: another process has it
            log().warning("outbox.lease_lost", target=row.target)
        except LogUnavailable as error:  # the lease ends; the next attempt looks it up first
            log().warning("outbox.not_recorded", target=row.target, error=error)
        return answer.outcome

    def _next(self, row: DeliveryRow, answer: PortalAnswer, now: float) -> tuple[DeliveryState, float]:
        """The state after an attempt, and when the next one is due."""
        if answer.outcome is DeliveryOutcome.CONFIRMED:
            return DeliveryState.DELIVERED, now
        if answer.outcome is DeliveryOutcome.REFUSED or now - row.opened > self.limits.give_up:
            return DeliveryState.DEAD, now
        pause = self._jitter(min(_LONGEST_SECONDS, 2.0 ** min(row.attempts, 10)))
        if answer.retry_in is not None:
            pause = min(max(answer.retry_in, 1.0), 600.0)
        unsure = answer.outcome is DeliveryOutcome.UNCONFIRMED or row.state in (
            DeliveryState.UNCONFIRMED, DeliveryState.SENDING,
        )  # fmt: skip
        return DeliveryState.UNCONFIRMED if unsure else DeliveryState.QUEUED, now + pause

    def _jitter(self, seconds: float) -> float:
        return seconds * self.rng.uniform(0.5, 1.0)


_OUTCOMES = {
    DeliveryOutcome.CONFIRMED: "found",
    DeliveryOutcome.REFUSED: "refused",
    DeliveryOutcome.UNAVAILABLE: "unavailable",
    DeliveryOutcome.UNCONFIRMED: "unavailable",
}


def _subjects(kind: MessageKind, body: Mapping[str, object]) -> tuple[str, ...]:
    """The owners that a message names, so that they see the delivery among the uses of their data."""
    if kind is not MessageKind.DOSSIER:
        return ()
    # what goes to a provincial system has the message as it came beside the dossier
    return owners(Dossier.model_validate(body.get("dossier", body)).applicant)
