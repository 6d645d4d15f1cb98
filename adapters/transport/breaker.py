"""Guards of one provider: circuit breaker, bulkhead, retry budget, enforced pause, latency quantiles.

Nothing here sleeps or calls anybody; time comes from an injected clock (seconds, monotonic).
The guards know no protocol: they hear that a call begins, and how it went.
"""

import math
from collections import deque
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from adapters.transport.faults import ProviderError
from gateway.domain.evidence import Outcome, Reason
from gateway.ports import Clock

#: a breaker opens only when failures are also this share of the calls, so that few among very many do no harm
_FAILING_SHARE = 0.1
_BUDGET_RESERVE = 5.0
_RING = 256
_QUANTILES = (("p50", 0.50), ("p95", 0.95), ("p99", 0.99))
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
    """Opens after `failures` within `window` seconds; lets one probe through every `probe_seconds`."""

    __slots__ = ("_calls", "_clock", "_failed", "_probe_at", "_probe_seconds", "_window", "position")

    def __init__(
        self, failures: int, window: float, probe_seconds: float, clock: Callable[[], float]
    ) -> None:
        """Starts closed."""
        self._clock = clock
        self._window = window
        self._probe_seconds = probe_seconds
        #: (time, number of the call) of the newest failures
        self._failed: deque[tuple[float, int]] = deque(maxlen=failures)
        self._calls = 0
        self._probe_at = 0.0
        self.position = Position.CLOSED

    def admit(self) -> bool:
        """Whether this call is a probe; ProviderError(BREAKER_OPEN) when it may not be made."""
        if self.position is Position.CLOSED:
            return False
        wait = self._probe_at - self._clock()
        if self.position is Position.HALF_OPEN or wait > 0:
            retry_in = max(1, math.ceil(wait))
            raise ProviderError(Outcome.UNAVAILABLE, Reason.BREAKER_OPEN, retry_in, sent=False)
        self.position = Position.HALF_OPEN
        self._probe_at += self._probe_seconds
        return True

    def settle(self, *, probe: bool, failed: bool) -> None:
        """How an admitted call went. Calls from before the opening no longer move an open breaker."""
        if probe:
            self._failed.clear()
            self.position = Position.OPEN if failed else Position.CLOSED
            if failed:
                self._probe_at = self._clock() + self._probe_seconds
        elif self.position is Position.CLOSED:
            self._calls += 1
            if failed:
                self._count_failure()

    def abandon(self, *, probe: bool) -> None:
        """An admitted call was cancelled by us: it says nothing, and the next call may probe."""
        if probe:
            self.position = Position.OPEN
            self._probe_at = self._clock()

    def _count_failure(self) -> None:
        now = self._clock()
        self._failed.append((now, self._calls))
        first_at, first_call = self._failed[0]
        count = len(self._failed)
        if count < (self._failed.maxlen or 1) or now - first_at > self._window:
            return
        if count >= _FAILING_SHARE * (self._calls - first_call + 1):
            self.position = Position.OPEN
            self._probe_at = now + self._probe_seconds


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


class Latencies:
    """The newest durations in a ring; quantiles are worked out when somebody asks."""

    __slots__ = ("_next", "_ring")

    def __init__(self) -> None:
        """Starts empty."""
        self._ring: list[float] = []
        self._next = 0

    def add(self, seconds: float) -> None:
        """Remember one duration, forget the oldest."""
        if len(self._ring) < _RING:
            self._ring.append(seconds)
        else:
            self._ring[self._next] = seconds
            self._next = (self._next + 1) % _RING

    def quantiles(self) -> dict[str, float]:
        """`p50`, `p95`, `p99` in milliseconds; empty before the first duration."""
        if not self._ring:
            return {}
        ordered = sorted(self._ring)
        last = len(ordered) - 1
        return {name: round(ordered[round(share * last)] * 1_000, 3) for name, share in _QUANTILES}


class Guard:
    """All guards of one provider as one gate: `enter` before a call, then one of `leave` and `abandon`."""

    __slots__ = ("_clock", "_inside", "_paused_until", "_room", "breaker", "budget", "latencies")

    def __init__(self, limits: GuardLimits, clock: Callable[[], float]) -> None:
        """`clock` gives monotonic seconds."""
        self._clock = clock
        self._room = limits.connections
        self._inside = 0
        self._paused_until = 0.0
        self.breaker = Breaker(
            limits.breaker_failures, limits.breaker_window_seconds, limits.breaker_probe_seconds, clock
        )
        self.budget = RetryBudget(limits.retry_budget)
        self.latencies = Latencies()

    def enter(self) -> bool:
        """Whether the call is a probe; ProviderError (SOURCE_BUSY, BREAKER_OPEN) when it may not be made."""
        if self._paused_until:
            wait = self._paused_until - self._clock()
            if wait > 0:
                raise ProviderError(Outcome.UNAVAILABLE, Reason.SOURCE_BUSY, math.ceil(wait), sent=False)
            self._paused_until = 0.0
        if self._inside >= self._room:
            raise ProviderError(Outcome.UNAVAILABLE, Reason.SOURCE_BUSY, 1, sent=False)
        probe = self.breaker.admit()
        self._inside += 1
        self.budget.earn()
        return probe

    def leave(self, seconds: float, *, probe: bool, fault: ProviderError | None = None) -> None:
        """The call ended by itself after `seconds`."""
        self._inside -= 1
        self.breaker.settle(probe=probe, failed=fault is not None and fault.at_fault)
        if fault is None:
            self.latencies.add(seconds)
        elif fault.retry_in:
            self._paused_until = self._clock() + min(fault.retry_in, _LONGEST_PAUSE)

    def abandon(self, *, probe: bool) -> None:
        """The call was cancelled by us."""
        self._inside -= 1
        self.breaker.abandon(probe=probe)


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
