"""Closes exchanges that a crash left open: an intent without an outcome gets a record `abandoned`.

One process sweeps at a time: the one that numbers records. Its first round reads the whole log, window by window,
up to exchanges that are too young. This process must have known an exchange for the whole deadline before it closes it,
so that a wrong clock closes no running exchange: after a restart it waits the deadline again.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from itertools import takewhile
from typing import Any

from gateway.audit.shown import members_of
from gateway.audit.tasks import end
from gateway.domain.dates import rfc3339
from gateway.domain.errors import GatewayError
from gateway.domain.exchange import CallEntry, Phase
from gateway.domain.identifiers import ExchangeId
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.ports.exchange_log import LogEntry, LogKeeping, NumberingState
from gateway.telemetry import log

_WINDOW = 1_024
_PAUSE_SECONDS = 0.05
_EVERY_SECONDS = 10.0
#: if no process has numbered records for so long, any process may sweep
_SILENCE_SECONDS = 60.0


class Sweeper:
    """Closes open exchanges, in rounds, until it is closed."""

    def __init__(
        self,
        recorder: Recorder,
        keeping: LogKeeping,
        owner: str,
        deadline_seconds: float,
        every_seconds: float = _EVERY_SECONDS,
        since: Callable[[], float] = time.monotonic,
    ) -> None:
        """`owner` names this process as `NumberingState` does; an exchange is open after `deadline_seconds`.

        `since` returns seconds that only grow, also when the clock is set.
        """
        self._recorder = recorder
        self._keeping = keeping
        self._clock = recorder.clock
        self._owner = owner
        self._deadline = timedelta(seconds=deadline_seconds)
        self._every_seconds = every_seconds
        self._since = since
        #: (time, size of the log then), back to the deadline
        self._sizes: deque[tuple[float, int]] = deque()
        #: why the last round failed
        self._fault = ""
        #: every exchange that began before this index is closed
        self._swept = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; call in the loop."""
        self._task = asyncio.create_task(self._work(), name="sweeper")

    async def close(self) -> None:
        """End at once: the next process finds the open exchanges."""
        await end(self._task)

    async def sweep(self) -> int:
        """One round; the number of closed exchanges. Raises LogUnavailable."""
        numbering = await self._keeping.numbering()
        self._remember(numbering.size)
        if not self._mine(numbering):
            return 0
        closed, due = 0, True
        while due and self._swept < numbering.size:
            window = min(numbering.size, self._swept + _WINDOW)
            intents = await self._keeping.unclosed(self._swept, window)
            ripe = list(takewhile(self._is_due, intents))
            closed += await self._close_all(ripe)
            due = len(ripe) == len(intents)
            self._swept = window if due else intents[len(ripe)].index
            await asyncio.sleep(_PAUSE_SECONDS if window < numbering.size else 0)
        return closed

    def _mine(self, numbering: NumberingState) -> bool:
        return (
            numbering.owner == self._owner
            or numbering.owned_until < self._clock.now().timestamp() - _SILENCE_SECONDS
        )

    def _remember(self, size: int) -> None:
        """Note the size of the log now: its records are known since now, independent of clocks."""
        now = self._since()
        if not self._sizes or size > self._sizes[-1][1]:
            self._sizes.append((now, size))
        while len(self._sizes) > 1 and now - self._sizes[1][0] >= self._deadline.total_seconds():
            self._sizes.popleft()

    def _is_due(self, intent: LogEntry) -> bool:
        """Whether it is older than the deadline, and known to this process for as long.

        Its time comes from another machine's clock; either clock may be wrong. A leaf that is no record
        has no time and is due at once.
        """
        members = members_of(intent)
        if members is None:
            return True
        seen, size = self._sizes[0]
        if intent.index >= size or self._since() - seen < self._deadline.total_seconds():
            return False
        now = self._clock.now()
        # A record with a future time is as old as it is known.
        return not rfc3339(now - self._deadline) < members["time"] <= rfc3339(now)

    async def _close_all(self, intents: Sequence[LogEntry]) -> int:
        """One record for each exchange; those of one window share transactions."""
        found: dict[str, tuple[Mapping[str, Any], int]] = {}
        for intent in intents:
            members = members_of(intent)
            if members is None:
                # An unreadable intent is logged and stays open; the others are closed.
                log().error("audit.intent_unreadable", log_index=intent.index)
            elif members["exchange"] not in found:
                found[members["exchange"]] = members, intent.index
        await asyncio.gather(*(self._abandon(*one) for one in found.values()))
        return len(found)

    async def _abandon(self, intent: Mapping[str, Any], index: int) -> None:
        """Record the intent's members; its subjects stay sealed in the intent only."""
        calls = tuple(
            CallEntry(
                call["call"], call["source"], call["operation"], call["role"], tuple(call["attributes"]), "unknown"
            )
            for call in intent["calls"]
        )  # fmt: skip
        about = RecordHeader(
            ExchangeId(intent["exchange"]), intent["requester"], intent["agency"], intent["procedure"],
            intent["dossier"], intent["purpose"], intent["basis"], on_duty=intent["on_duty"],
        )  # fmt: skip
        await self._recorder.write(
            about, Phase.ABANDONED, "unknown", rules=tuple(intent["rules"]), calls=calls,
            notes={"intent": index}, configuration=intent["config"],
        )  # fmt: skip

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(self._every_seconds * random.uniform(0.5, 1.5))  # noqa: S311 -- no secret
            try:
                closed = await self.sweep()
            except Exception as error:  # noqa: BLE001 -- the task lives on
                fault = error.detail if isinstance(error, GatewayError) else type(error).__name__
                if fault != self._fault:
                    log().error("audit.sweep_failed", error=fault)
                self._fault = fault
                continue
            self._fault = ""
            if closed:
                log().warning("audit.exchanges_abandoned", count=closed)
