"""The outbox: takes what is due to its receiver, in order for each dossier, until the receiver confirms it.

Promises: nothing that was accepted is lost; what may have arrived is looked up before it is sent again; each attempt is
recorded; a message that its receiver refuses stops its own dossier only. It knows no protocol and no database.
"""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.domain.dossier import Dossier, MessageKind
from gateway.domain.errors import GatewayError, LogUnavailable, RelayUnavailable, RowConflict
from gateway.domain.exchange import CallEntry, Phase
from gateway.domain.identifiers import new_exchange_id
from gateway.domain.reasons import DeliveryReason
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.ports.relay import (
    INBOX,
    PASSED,
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
from gateway.relay.contents import Contents, owners, receiver_text_context, sealed, shortened
from gateway.telemetry import log

#: seconds between two looks when nothing is due
_POLL_SECONDS = 1.0
#: the longest pause between two attempts, and between two probes of a receiver that is away; P3: back within a minute
_LONGEST_SECONDS = 30.0
_LONGEST_PAUSE = 10.0
#: reasons of this gateway: the receiver was not sent the message
_NOT_SENT = frozenset(
    {DeliveryReason.MESSAGE_NOT_WRITABLE, DeliveryReason.KIND_NOT_TAKEN, DeliveryReason.CONTENT_ERASED}
)


#: a delivery, and POSIX seconds
Confirmed = Callable[[DeliveryRow, float], Awaitable[None]]
#: a step whose receiver lacks its dossier
Lacking = Callable[[DeliveryRow], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxLimits:
    """How it works: leases and attempts in seconds."""

    lease: float = 60.0
    attempt: float = 30.0
    #: so long after its first attempt, or the first one after a replay, a delivery without success is dead
    give_up: float = 7 * 86_400.0
    #: deliveries of one claim: its transaction costs as much as ten deliveries do
    batch: int = 64
    #: deliveries under way at one receiver, where nothing else is said
    at_once: int = 16
    #: at the end of the process, how long attempts under way may take; what is cut off is looked up after its lease
    drain: float = 10.0


@dataclass(slots=True)
class _Line:
    """The work of this process for one receiver."""

    wake: asyncio.Event = field(default_factory=asyncio.Event)
    #: claimed and not begun
    waiting: deque[DeliveryRow] = field(default_factory=deque)
    under_way: set[asyncio.Task[None]] = field(default_factory=set)
    #: attempts since the receiver was there
    away: int = 0

    async def rest(self) -> None:
        """Wait for something new, at most for a moment."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_POLL_SECONDS):
                await self.wake.wait()


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
    #: sends the dossier that a receiver lacks before its step; it raises GatewayError to be tried again
    lacking: Lacking | None = None
    #: this process, as leases name it
    holder: str = field(default_factory=new_exchange_id)
    rng: random.Random = field(default_factory=random.Random)
    #: receiver -> deliveries that may be under way there
    at_once: Mapping[str, int] = field(default_factory=dict)
    #: receiver of pushes -> provincial system whose address it is: what it took, the system's inbox need not show
    pushed: Mapping[str, str] = field(default_factory=dict)
    _lines: dict[str, _Line] = field(default_factory=dict)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        """Begin to deliver."""
        for target in self.portals:
            self._lines[target] = _Line()
            self._tasks.append(asyncio.create_task(self._serve(target), name=f"outbox-{target}"))

    def wake(self) -> None:
        """Something new is due."""
        for line in self._lines.values():
            line.wake.set()

    async def close(self) -> None:
        """End after the attempts under way, or some seconds; what was claimed and not begun is given back."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks.clear()

    async def _serve(self, target: str) -> None:
        line = self._lines[target]
        try:
            while True:
                try:
                    await (self._probe(target, line) if line.away else self._begin(target, line))
                except RelayUnavailable as error:
                    log().warning("outbox.unavailable", target=target, error=error)
                    line.away += 1
                except Exception as error:  # noqa: BLE001 -- a defect of ours: this receiver's deliveries go on later
                    log().error("outbox.failed", target=target, error=error)
                    line.away += 1
        finally:
            await self._give_back(line)
            await self._drain(target, line)

    async def _begin(self, target: str, line: "_Line") -> None:
        """Begin the next delivery, when there is a place for it; wait when nothing is due. Raises RelayUnavailable."""
        if len(line.under_way) >= self.at_once.get(target, self.limits.at_once):
            await asyncio.wait(line.under_way, return_when=asyncio.FIRST_COMPLETED)
            return
        line.wake.clear()
        if not line.waiting:
            line.waiting = deque(await self._claimed(target, self.limits.batch))
        if line.waiting:
            self._send(line, line.waiting.popleft())
        else:
            await line.rest()

    async def _probe(self, target: str, line: "_Line") -> None:
        """After a pause, try one delivery at a receiver that is away. Raises RelayUnavailable."""
        await self._give_back(line)
        if line.under_way:
            await asyncio.wait(line.under_way)
        if not line.away:  # the last of them says that it is there
            return
        await asyncio.sleep(self._jitter(min(_LONGEST_PAUSE, 0.5 * 2 ** min(line.away, 10))))
        for row in await self._claimed(target, 1):
            self._send(line, row)
            await asyncio.wait(line.under_way)

    async def _claimed(self, target: str, most: int) -> Sequence[DeliveryRow]:
        now = self.recorder.clock.now().timestamp()
        found = await self.rows.claim(target, self.holder, now, self.limits.lease, most)
        # Leases may go by another clock than this process: for itself it counts from before the claim.
        return [row._replace(lease_until=now + self.limits.lease) for row in found]

    def _send(self, line: "_Line", row: DeliveryRow) -> None:
        task = asyncio.create_task(self._attempt(line, row), name=f"delivery-{row.target}")
        line.under_way.add(task)
        task.add_done_callback(line.under_way.discard)

    async def _attempt(self, line: "_Line", row: DeliveryRow) -> None:
        """One attempt, unless the lease may end before it; what it says of the receiver. Never raises."""
        if row.lease_until - self.recorder.clock.now().timestamp() < self._longest_attempt:
            await self._release([row.id])
            return
        try:
            outcome = await self._deliver(row)
        except Exception as error:  # noqa: BLE001 -- a defect of ours holds this message up, and no other
            log().error("outbox.failed", target=row.target, error=error)
            await self._failed(row)
            return
        if outcome is not DeliveryOutcome.UNAVAILABLE:
            line.away = 0
        elif not line.away or len(line.under_way) == 1:  # those under way together count once
            line.away += 1

    async def _failed(self, row: DeliveryRow) -> None:
        """After a defect of ours: the message may have left; it is tried again, and given up as others are."""
        answer = PortalAnswer(DeliveryOutcome.UNCONFIRMED, DeliveryReason.GATEWAY_FAULT)
        try:
            await self._account(row, answer, ())
        except Exception as error:  # noqa: BLE001 -- its lease ends, and another attempt begins
            log().error("outbox.failed", target=row.target, error=error)

    @property
    def _longest_attempt(self) -> float:
        return min(self.limits.attempt, self.limits.lease / 2)

    async def _drain(self, target: str, line: "_Line") -> None:
        """Wait for the attempts under way; cut off those that take too long."""
        left = set(line.under_way)
        if left:
            _, left = await asyncio.wait(left, timeout=self.limits.drain)
        for task in left:
            task.cancel()
        if left:
            log().warning("outbox.cut_off", target=target, count=len(left))
            await asyncio.wait(left)

    async def _give_back(self, line: "_Line") -> None:
        """Release what was claimed and not begun."""
        left = [row.id for row in line.waiting]
        line.waiting.clear()
        if left:
            await self._release(left)

    async def _release(self, deliveries: Sequence[str]) -> None:
        with contextlib.suppress(GatewayError):  # the leases end by themselves
            await self.rows.release(self.holder, deliveries)

    async def _deliver(self, row: DeliveryRow) -> DeliveryOutcome:
        """One attempt, and its record."""
        try:
            body = await self.contents.open(row.period, row.sealed, row.id)
        except LogUnavailable:  # the lease ends, and another attempt begins
            return DeliveryOutcome.UNAVAILABLE
        if not isinstance(body, dict):
            answer = PortalAnswer(DeliveryOutcome.REFUSED, DeliveryReason.CONTENT_ERASED)
            return await self._account(row, answer, ())
        unsure = _may_be_there(row)
        message = OutboundMessage(
            row.id, row.kind, row.code, row.version, body, unsure, row.attempts + 1,
            origin=row.order_key.partition("|")[0], seq=row.seq, reference=row.reference,
        )  # fmt: skip
        subjects = subjects_in(row.kind, body)
        end = asyncio.get_running_loop().time() + self._longest_attempt
        answer = await self.portals[row.target].deliver(message, end)
        return await self._account(row, answer, subjects)

    async def _account(
        self, row: DeliveryRow, answer: PortalAnswer, subjects: tuple[str, ...]
    ) -> DeliveryOutcome:
        """Record the attempt and write its end, in one transaction."""
        now = self.recorder.clock.now()
        if answer.outcome is DeliveryOutcome.CONFIRMED and row.kind in self.confirmed:
            try:
                await self.confirmed[row.kind](row, now.timestamp())
            except GatewayError:
                answer = answer._replace(outcome=DeliveryOutcome.UNCONFIRMED)
        state, next_at = self._next(row, answer, now.timestamp())
        exchange = new_exchange_id()
        holds_up = state is DeliveryState.DEAD and answer.reason not in PASSED
        what = "dead" if holds_up else _step_of(row, answer.outcome)
        event = DeliveryEvent(now.timestamp(), what, answer.reason, row.attempts + 1, exchange, answer.field)
        receiver_text = await self._sealed(row, shortened(answer.receiver_text))
        inbox = self._inbox_of(row) if state is DeliveryState.DELIVERED else ""
        work = self.rows.settle(
            Settled(
                row.id,
                self.holder,
                state,
                answer.reason,
                next_at,
                event,
                answer.reference,
                receiver_text,
                inbox,
            )
        )
        header = RecordHeader(
            exchange, row.requester, dossier=row.code,
            subjects={f"owner{number or ''}": one for number, one in enumerate(subjects)},
        )  # fmt: skip
        is_unsent = answer.reason in _NOT_SENT
        outcome = "skipped" if is_unsent else _OUTCOMES[answer.outcome]
        call = CallEntry(f"{exchange}-1", row.target, str(row.kind), "owner", (), outcome)
        result = "delivery_not_sent" if is_unsent else f"delivery_{answer.outcome}"
        notes: dict[str, str | int | bool] = {
            "delivery": row.id,
            "attempt": row.attempts + 1,
            "state": str(state),
            "reason": answer.reason,
        }
        try:
            await self.recorder.write(header, Phase.DELIVERY, result, calls=(call,), notes=notes, work=work)
        except RowConflict:  # the lease was lost: another process has it
            log().warning("outbox.lease_lost", target=row.target)
        except LogUnavailable as error:  # the lease ends; the next attempt looks it up first
            log().warning("outbox.not_recorded", target=row.target, error=error)
        else:
            await self._send_lacking(row, answer)
        return answer.outcome

    async def _send_lacking(self, row: DeliveryRow, answer: PortalAnswer) -> None:
        """Where the receiver takes dossiers and lacks that of a step: the dossier goes first."""
        lacks = answer.reason == DeliveryReason.DOSSIER_NOT_THERE and row.kind is MessageKind.PROGRESS
        if not lacks or self.lacking is None or MessageKind.DOSSIER not in self.portals[row.target].kinds:
            return
        try:
            await self.lacking(row)
        except GatewayError as error:  # the next attempt meets it again
            log().warning("outbox.dossier_not_queued", target=row.target, error=error)

    def _inbox_of(self, row: DeliveryRow) -> str:
        """The inbox that has the same message, where this receiver is an address of its system; blank: none."""
        return INBOX + row.requester if row.requester and self.pushed.get(row.target) == row.requester else ""

    async def _sealed(self, row: DeliveryRow, text: str) -> bytes:
        """What the receiver said, sealed as the message is; nothing where its keys cannot be had."""
        if not text:
            return b""
        try:
            keys = await self.contents.of(row.period)
        except LogUnavailable:
            return b""
        return b"" if keys is None else sealed(keys, text, receiver_text_context(row.id))

    def _next(self, row: DeliveryRow, answer: PortalAnswer, now: float) -> tuple[DeliveryState, float]:
        """The state after an attempt, and when the next one is due."""
        if answer.outcome is DeliveryOutcome.CONFIRMED:
            return DeliveryState.DELIVERED, now
        if answer.outcome is DeliveryOutcome.REFUSED or now - row.tried > self.limits.give_up:
            return DeliveryState.DEAD, now
        pause = self._jitter(min(_LONGEST_SECONDS, 2.0 ** min(row.attempts, 10)))
        if answer.retry_in is not None:
            pause = min(max(answer.retry_in, 1.0), 600.0)
        unsure = answer.outcome is DeliveryOutcome.UNCONFIRMED or _may_be_there(row)
        return DeliveryState.UNCONFIRMED if unsure else DeliveryState.QUEUED, now + pause

    def _jitter(self, seconds: float) -> float:
        return seconds * self.rng.uniform(0.5, 1.0)


def _step_of(row: DeliveryRow, outcome: DeliveryOutcome) -> str:
    """The step of an attempt in the history: a receiver that may have it from before is not said not to have it."""
    if outcome is DeliveryOutcome.UNAVAILABLE and _may_be_there(row):
        return "unreached"
    return str(outcome)


def _may_be_there(row: DeliveryRow) -> bool:
    """Whether an earlier attempt had no end that is known."""
    return row.state in (DeliveryState.SENDING, DeliveryState.UNCONFIRMED)


_OUTCOMES = {
    DeliveryOutcome.CONFIRMED: "found",
    DeliveryOutcome.REFUSED: "refused",
    DeliveryOutcome.UNAVAILABLE: "unavailable",
    DeliveryOutcome.UNCONFIRMED: "unavailable",
}


def subjects_in(kind: MessageKind, body: Mapping[str, object]) -> tuple[str, ...]:
    """The owners that a message names, so that they see the delivery among the uses of their data."""
    if kind is not MessageKind.DOSSIER:
        return ()
    # what goes to a provincial system has the message as it came beside the dossier
    return owners(Dossier.model_validate(body.get("dossier", body)).applicant)
