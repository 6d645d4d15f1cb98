"""Guards of one provider: circuit breaker, bulkhead, retry budget, enforced pause, latency quantiles.

Nothing here calls anybody; time comes from an injected clock (seconds, monotonic).
The only wait is the one for a free place, never past the call's own deadline.
The guards know no protocol: they hear that a call begins, and how it went.
"""

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from adapters.transport.faults import ProviderError
from adapters.transport.latencies import Latencies
from gateway.domain.evidence import Outcome, Reason
from gateway.ports import Clock

#: above so many calls in the window, failures must also be this share of them to open the breaker:
#: there, few failures among very many calls do no harm
_MANY_CALLS, _FAILING_SHARE = 200, 0.1
_SLICES = 10
#: so many calls wait for each place
_WAITING_PER_PLACE = 4
_BUDGET_RESERVE = 5.0
#: statuses whose Retry-After holds for everybody
_PAUSING = frozenset({429, 503})
_LONGEST_PAUSE = 300.0


class GuardLimits(Protocol):
    """What the guards need of a source's limits."""

    @property
    def connections(self) -> int:
        """Calls at a time."""

    @property
    def breaker_failures(self) -> int:
        """Failures that open the breaker."""

    @property
    def breaker_window_seconds(self) -> int:
        """Time within which they count."""

    @property
    def breaker_probe_seconds(self) -> int:
        """Time between probes."""

    @property
    def retry_budget(self) -> float:
        """Retries per call, on average."""


class Position(StrEnum):
    """Where a breaker stands."""

    CLOSED = "closed"
    #: no calls until the next probe is due
    OPEN = "open"
    #: one probe is under way
    HALF_OPEN = "half_open"


class Breaker:
    """Opens after `failures` within `window` seconds; lets one probe through every `probe_seconds`.

    Above 200 calls in the window, at least 10 % of them must have failed as well.
    """

    __slots__ = ("_clock", "_failed", "_on_trial", "_probe_at", "_probe_seconds", "_slices", "_window",
                 "position")  # fmt: skip

    def __init__(
        self, failures: int, window: float, probe_seconds: float, clock: Callable[[], float]
    ) -> None:
        """Starts closed."""
        self._clock = clock
        self._window = window
        self._probe_seconds = probe_seconds
        #: times of the newest failures
        self._failed: deque[float] = deque(maxlen=failures)
        #: (number of the slice of time, calls, failures) of about one window
        self._slices: deque[tuple[int, int, int]] = deque(maxlen=_SLICES + 1)
        self._probe_at = 0.0
        #: the last call was a probe that went well; its answer was not read yet
        self._on_trial = False
        self.position = Position.CLOSED

    def admit(self) -> bool:
        """Whether this call is a probe; ProviderError(BREAKER_OPEN) when it may not be made."""
        if self.position is Position.CLOSED:
            return False
        self.check()
        self.position = Position.HALF_OPEN
        self._probe_at += self._probe_seconds
        return True

    def check(self) -> None:
        """ProviderError(BREAKER_OPEN) when no call may be made now."""
        if self.position is Position.CLOSED:
            return
        wait = self._probe_at - self._clock()
        if self.position is Position.HALF_OPEN or wait > 0:
            retry_in = max(1, math.ceil(wait))
            raise ProviderError(Outcome.UNAVAILABLE, Reason.BREAKER_OPEN, retry_in, sent=False)

    def settle(self, *, probe: bool, failed: bool) -> None:
        """How an admitted call went. Calls from before the opening no longer move an open breaker."""
        if probe:
            self._failed.clear()
            self._slices.clear()
            self._on_trial = not failed
            self.position = Position.CLOSED
            if failed:
                self._open()
        elif self.position is Position.CLOSED:
            self._on_trial = False
            self._count(1, failed=failed)

    def blame(self) -> None:
        """A call that had gone well brought an answer that cannot be read; a probe then was none.

        What an answer says of one person never counts: his record may be broken, the provider is not.
        """
        if self._on_trial:
            self._on_trial = False
            self._open()
        elif self.position is Position.CLOSED:
            self._count(0, failed=True)

    def abandon(self, *, probe: bool) -> None:
        """An admitted call was cancelled by us: it says nothing, and the next call may probe."""
        if probe:
            self.position = Position.OPEN
            self._probe_at = self._clock()

    def _count(self, calls: int, *, failed: bool) -> None:
        now = self._clock()
        number = int(now * _SLICES / self._window)
        last = self._slices.pop() if self._slices and self._slices[-1][0] == number else (number, 0, 0)
        self._slices.append((number, last[1] + calls, last[2] + failed))
        if not failed:
            return
        self._failed.append(now)
        if len(self._failed) < (self._failed.maxlen or 1) or now - self._failed[0] > self._window:
            return
        recent = [one for one in self._slices if one[0] > number - _SLICES]
        made, bad = sum(one[1] for one in recent), sum(one[2] for one in recent)
        if made <= _MANY_CALLS or bad >= _FAILING_SHARE * made:
            self._open()

    def _open(self) -> None:
        self.position = Position.OPEN
        self._probe_at = self._clock() + self._probe_seconds


class RetryBudget:
    """A token bucket that every call fills by `share` and every retry empties by one."""

    __slots__ = ("_share", "_tokens")

    def __init__(self, share: float) -> None:
        """Starts with a small reserve; a share of 0 never allows a retry."""
        self._share = share
        self._tokens = _BUDGET_RESERVE if share > 0 else 0.0

    def earn(self) -> None:
        """A first attempt is made."""
        self._tokens = min(_BUDGET_RESERVE, self._tokens + self._share)

    def spend(self) -> bool:
        """Whether a retry may be made; takes its token."""
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Guard:
    """All guards of one provider as one gate: `enter` before a call, then one of `leave` and `abandon`."""

    __slots__ = ("_clock", "_inside", "_paused_until", "_room", "_waiting", "breaker", "budget", "latencies")

    def __init__(self, limits: GuardLimits, clock: Callable[[], float]) -> None:
        """`clock` gives monotonic seconds."""
        self._clock = clock
        self._room = limits.connections
        self._inside = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._paused_until = 0.0
        self.breaker = Breaker(
            limits.breaker_failures, limits.breaker_window_seconds, limits.breaker_probe_seconds, clock
        )
        self.budget = RetryBudget(limits.retry_budget)
        self.latencies = Latencies()

    async def enter(self, end: float) -> bool:
        """Whether the call is a probe; ProviderError (SOURCE_BUSY, BREAKER_OPEN) when it may not be made.

        Waits for a free place until `end` (the loop's clock), in a queue that is not endless.
        """
        self._check_pause()
        self.breaker.check()
        if self._inside < self._room:
            self._inside += 1
        else:
            await self._place(end)
        try:
            self._check_pause()
            probe = self.breaker.admit()
        except ProviderError:
            self._free()
            raise
        self.budget.earn()
        return probe

    def _check_pause(self) -> None:
        if self._paused_until:
            wait = self._paused_until - self._clock()
            if wait > 0:
                raise ProviderError(Outcome.UNAVAILABLE, Reason.SOURCE_BUSY, math.ceil(wait), sent=False)
            self._paused_until = 0.0

    async def _place(self, end: float) -> None:
        """Wait until somebody who leaves hands his place over."""
        if len(self._waiting) >= _WAITING_PER_PLACE * self._room:
            raise ProviderError(Outcome.UNAVAILABLE, Reason.SOURCE_BUSY, 1, sent=False)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout_at(end):
                await turn
        except BaseException as stopped:
            if turn.done() and not turn.cancelled():
                self._free()
            else:
                with contextlib.suppress(ValueError):
                    self._waiting.remove(turn)
            if isinstance(stopped, TimeoutError):
                raise ProviderError(Outcome.UNAVAILABLE, Reason.SOURCE_BUSY, 1, sent=False) from None
            raise

    def _free(self) -> None:
        """Hand the place to the first who waits, or leave it empty."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._inside -= 1

    def leave(self, seconds: float, *, probe: bool, fault: ProviderError | None = None) -> None:
        """The call ended by itself after `seconds`."""
        self.breaker.settle(probe=probe, failed=fault is not None and fault.at_fault)
        if fault is None:
            self.latencies.add(seconds)
        elif fault.retry_in and fault.status in _PAUSING:
            self._paused_until = self._clock() + min(fault.retry_in, _LONGEST_PAUSE)
        self._free()

    def abandon(self, *, probe: bool) -> None:
        """The call was cancelled by us."""
        self.breaker.abandon(probe=probe)
        self._free()


class Health:
    """How a source is doing (gateway.ports.SourceState): its guard, and what its last answer was."""

    __slots__ = ("_clock", "_guard", "_last")

    def __init__(self, clock: Clock, guard: Guard | None = None) -> None:
        """A source without a network has no guard."""
        self._clock = clock
        self._guard = guard
        self._last: tuple[str, datetime] | None = None

    def note(self, outcome: Outcome) -> None:
        """The source has answered."""
        self._last = (outcome.value, self._clock.now())

    @property
    def breaker(self) -> str:
        """`closed`, `open` or `half_open`."""
        return Position.CLOSED.value if self._guard is None else self._guard.breaker.position.value

    @property
    def latency_ms(self) -> dict[str, float]:
        """Quantiles of the newest complete answers."""
        return {} if self._guard is None else self._guard.latencies.quantiles()

    @property
    def last_outcome(self) -> tuple[str, datetime] | None:
        """Outcome and time of the last answer."""
        return self._last
