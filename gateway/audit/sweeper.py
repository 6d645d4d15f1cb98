"""Closes exchanges that a crash left open: an intent without an outcome gets a record `abandoned`.

One process sweeps at a time: the one that numbers records. Its first round walks the whole log, window by window.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from gateway.audit.shown import members_of
from gateway.audit.tasks import end
from gateway.domain.dates import rfc3339
from gateway.domain.errors import GatewayError
from gateway.domain.exchange import CallEntry, ExchangeRecord, Phase
from gateway.domain.identifiers import ExchangeId
from gateway.ports import Clock, ExchangeLog, LogEntry, LogKeeping, LogReader, LogSearch, Standing
from gateway.telemetry import log

_WINDOW = 1_024
_PAUSE_SECONDS = 0.05
_EVERY_SECONDS = 10.0
#: after so long a silence of whoever numbered records last, any process may sweep
_SILENCE_SECONDS = 60.0


class Sweeper:
    """Looks for open exchanges until it is closed."""

    def __init__(
        self,
        exchanges: ExchangeLog,
        reader: LogReader,
        keeping: LogKeeping,
        clock: Clock,
        owner: str,
        deadline_seconds: float,
        every_seconds: float = _EVERY_SECONDS,
    ) -> None:
        """`owner` names this process as `Standing` does; an exchange is open after `deadline_seconds`."""
        self._log = exchanges
        self._reader = reader
        self._keeping = keeping
        self._clock = clock
        self._owner = owner
        self._deadline = timedelta(seconds=deadline_seconds)
        self._every_seconds = every_seconds
        #: every exchange that began before this place is closed
        self._swept = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; call in the loop."""
        self._task = asyncio.create_task(self._work(), name="sweeper")

    async def close(self) -> None:
        """End at once: what is still open will be found by the next process."""
        await end(self._task)

    async def sweep(self) -> int:
        """One round; gives how many exchanges were closed. LogUnavailable when the log cannot be used."""
        if not self._mine(await self._keeping.standing()):
            return 0
        due = rfc3339(self._clock.now() - self._deadline)
        newest = await self._reader.search(LogSearch(until=due), None, 1)
        end = newest[0].index + 1 if newest else 0
        closed = 0
        while self._swept < end:
            window = min(end, self._swept + _WINDOW)
            closed += await self._close_all(await self._keeping.unclosed(self._swept, window))
            self._swept = window
            await asyncio.sleep(_PAUSE_SECONDS if window < end else 0)
        return closed

    def _mine(self, standing: Standing) -> bool:
        return (
            standing.owner == self._owner
            or standing.owned_until < self._clock.now().timestamp() - _SILENCE_SECONDS
        )

    async def _close_all(self, intents: Sequence[LogEntry]) -> int:
        """One record for each exchange; those of one window share transactions."""
        found: dict[str, ExchangeRecord] = {}
        for intent in intents:
            members = members_of(intent)
            if members is not None and members["exchange"] not in found:
                found[members["exchange"]] = self._abandoned(members, intent.index)
        await asyncio.gather(*map(self._log.append, found.values()))
        return len(found)

    def _abandoned(self, intent: Mapping[str, Any], index: int) -> ExchangeRecord:
        """What the intent said; whom it is about stands in the intent alone, sealed."""
        calls = tuple(
            CallEntry(
                call["call"], call["source"], call["operation"], call["role"], tuple(call["attributes"]), "unknown"
            )
            for call in intent["calls"]
        )  # fmt: skip
        return ExchangeRecord(
            exchange=ExchangeId(intent["exchange"]), phase=Phase.ABANDONED, time=rfc3339(self._clock.now()),
            requester=intent["requester"], agency=intent["agency"], procedure=intent["procedure"],
            dossier=intent["dossier"], purpose=intent["purpose"], legal_basis=intent["basis"], calls=calls,
            on_duty=intent["on_duty"], rules=tuple(intent["rules"]), result="unknown",
            configuration=intent["config"], notes={"intent": index},
        )  # fmt: skip

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(self._every_seconds * random.uniform(0.5, 1.5))  # noqa: S311 -- no secret
            try:
                closed = await self.sweep()
            except GatewayError:
                continue
            except Exception as error:  # noqa: BLE001 -- the task lives on
                log().error("audit.sweep_failed", error=error)
                continue
            if closed:
                log().warning("audit.exchanges_abandoned", count=closed)
