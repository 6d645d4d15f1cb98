"""State of the numbering for probes and metrics: a receipt must be redeemable within ten seconds."""

import asyncio
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from gateway.domain.errors import GatewayError, LogNotSigned, LogRolledBack
from gateway.ports.exchange_log import LogKeeping, NumberingState

#: a record has its index in the tree within so many seconds
REDEEMABLE_SECONDS = 10.0
_FRESH_SECONDS = 1.0
_PATIENCE_SECONDS = 3.0


class Inspected(Protocol):
    """The result of the inspector."""

    @property
    def altered(self) -> int:
        """Number of findings."""

    @property
    def state(self) -> str:
        """`ready`, `altered` or `unavailable`."""


class Watch:
    """State of the numbering, cached for a second."""

    def __init__(
        self,
        keeping: LogKeeping,
        fresh_seconds: float = _FRESH_SECONDS,
        inspector: Inspected | None = None,
        now: Callable[[], float] = time.time,
        stuck: Callable[[], LogNotSigned | None] = lambda: None,
        mark_kept: Callable[[], bool] = lambda: True,
    ) -> None:
        """`inspector`: the findings (inspector.py).

        `now` returns POSIX seconds; `stuck` returns why this process cannot sign the log until it is repaired,
        `mark_kept` whether the state folder took the newest checkpoint.
        """
        self._now = now
        self._keeping = keeping
        self._inspector = inspector
        self._stuck = stuck
        self._mark_kept = mark_kept
        self._fresh_seconds = fresh_seconds
        self._lock = asyncio.Lock()
        self._looked = -math.inf
        self._numbering: NumberingState | None = None

    async def read_numbering(self) -> NumberingState | None:
        """The numbering now; None if the store cannot be read."""
        async with self._lock:
            if time.monotonic() - self._looked >= self._fresh_seconds:
                self._numbering = await self._asked()
                self._looked = time.monotonic()
        return self._numbering

    async def _asked(self) -> NumberingState | None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await self._keeping.numbering()
        except (GatewayError, TimeoutError):
            return None

    @property
    def stuck(self) -> LogNotSigned | None:
        """Why new exchanges are refused: their receipts could not be redeemed. LogRolledBack: no record is written."""
        return self._stuck()

    def demand(self) -> None:
        """Raises LogNotSigned while new exchanges are refused."""
        if (why := self._stuck()) is not None:
            raise type(why)(why.sentence)

    async def state(self) -> str:
        """`ready`, `lagging` if a record waits longer than promised, `unavailable`, or `stuck` (`refusing`)."""
        if self.stuck is not None:
            return "stuck"
        numbering = await self.read_numbering()
        if numbering is None:
            return "unavailable"
        # A record with a future time was written before the clock was set back: it counts as late.
        late = numbering.waiting and abs(self._now() - numbering.waiting_since) > REDEEMABLE_SECONDS
        return "lagging" if late else "ready"

    @property
    def records(self) -> str:
        """`ready`, `altered` if the database differs from the signed log, `unavailable` or `quarantined`.

        `unavailable`: the store cannot be read, nothing is checked. `quarantined`: the database has rows that no
        gateway wrote; they get no index.
        """
        state = "ready" if self._inspector is None else self._inspector.state
        refused = self._numbering.quarantined if self._numbering is not None else 0
        return "quarantined" if refused and state == "ready" else state

    async def gauges(self) -> dict[str, float]:
        """Values of the metrics, by name; only those of this process if the store cannot be read."""
        found = {
            "log_rolled_back": float(isinstance(self.stuck, LogRolledBack)),
            "log_mark_not_kept": float(not self._mark_kept()),
        }
        numbering = await self.read_numbering()
        if numbering is None:
            return found
        now = self._now()
        found |= {
            "log_altered": float(self._inspector.altered if self._inspector else 0),
            "log_quarantined": float(numbering.quarantined),
            "log_size": float(numbering.size),
            "log_waiting": float(numbering.waiting),
            "log_waiting_seconds": max(0.0, now - numbering.waiting_since) if numbering.waiting else 0.0,
        }
        if numbering.checkpoint:
            made = datetime.fromisoformat(numbering.checkpoint).astimezone(UTC).timestamp()
            found["log_checkpoint_age_seconds"] = max(0.0, now - made)
        return found
