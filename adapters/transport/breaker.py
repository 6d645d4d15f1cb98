"""Guards of one provider: circuit breaker, bulkhead, retry budget, enforced pause, latency quantiles.

Nothing here calls anybody or waits; time comes from an injected clock (seconds, monotonic).
The guards know no protocol: they hear that a call begins, on whose behalf, and how it went.
"""

import math
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from adapters.transport.faults import ProviderError, asked_to_wait, breaker_open
from adapters.transport.places import Places
from gateway.domain.evidence import Outcome

if TYPE_CHECKING:
    from gateway.config.gateway import Limits

#: above so many calls in the window, failures must also be this share of them to open the breaker:
#: there, few failures among very many calls do no harm
_MANY_CALLS, _FAILING_SHARE = 200, 0.1
_SLICES = 10
_BUDGET_RESERVE = 5.0
#: so many latencies are remembered
_RING = 256
_QUANTILES = (("p50", 0.50), ("p95", 0.95), ("p99", 0.99))
#: statuses whose Retry-After counts for all calls
_PAUSING = frozenset({429, 503})
_LONGEST_PAUSE = 300.0


class Behalf(NamedTuple):
    """For whom a call is made, so that one does not spoil a provider for others; the numbers identify no person."""

    #: the system that asks: they take turns
    requester: str = ""
    #: equal for questions about the same person; None: about no person
    person: int | None = None
    #: equal for the same question by the same official
    question: int | None = None
    #: the data service, for the log
    service: str = ""

    def blamed(self, fault: ProviderError) -> int | None:
        """What may be at fault instead of the provider: a bad answer may be this person's, silence this question's."""
        if fault.everybody:
            return None
        return self.person if fault.status or fault.outcome is Outcome.INVALID else self.question


NOBODY: Final = Behalf()


class Position(StrEnum):
    """The state of a breaker."""

    CLOSED = "closed"
    #: no calls until the next probe is due
    OPEN = "open"
    #: one probe is under way
    HALF_OPEN = "half_open"


#: CPython 3.11 makes a call for each member that is read from the class of an enum
_CLOSED = Position.CLOSED


class Breaker:
    """Opens after `failures` within `window` seconds; lets one probe through every `probe_seconds`.

    Of the failures that may be due to one and the same person or question, no more than half of that many count:
    a record may be broken while the provider is well.
    At least the share `share` of the calls in the window must have failed as well; above 200 calls, at least 10 %.
    """

    __slots__ = ("_clock", "_failed", "_failures", "_on_trial", "_probe_at", "_probe_seconds", "_share", "_slices",
                 "_spoiled", "_window", "position")  # fmt: skip

    def __init__(
        self,
        failures: int,
        window: float,
        probe_seconds: float,
        clock: Callable[[], float],
        share: float = 0.0,
    ) -> None:
        """Starts closed."""
        self._share = share
        self._clock = clock
        self._window = window
        self._probe_seconds = probe_seconds
        self._failures = failures
        #: times of the newest failures that count, and what they may be due to
        self._failed: deque[tuple[float, int | None]] = deque(maxlen=failures)
        #: [number of the slice of time, calls, failures] of about one window
        self._slices: deque[list[int]] = deque(maxlen=_SLICES + 1)
        self._probe_at = 0.0
        #: what the failure of the last probe may be due to
        self._spoiled: int | None = None
        #: the last call was a probe that went well; its answer was not read yet
        self._on_trial = False
        self.position = Position.CLOSED

    def admit(self, behalf: Behalf = NOBODY) -> bool:
        """Whether this call is a probe. Raises ProviderError(BREAKER_OPEN) if it may not be made."""
        if self.position is Position.CLOSED:
            return False
        self.check(behalf)
        self.position = Position.HALF_OPEN
        self._probe_at += self._probe_seconds
        return True

    def check(self, behalf: Behalf = NOBODY) -> None:
        """Raises ProviderError(BREAKER_OPEN) if no call may be made now.

        The person or question that may have failed the last probe waits twice as long: others have the next one.
        """
        if self.position is Position.CLOSED:
            return
        wait = self._probe_at - self._clock()
        if self._spoiled is not None and self._spoiled in (behalf.person, behalf.question):
            wait += self._probe_seconds
        if self.position is Position.HALF_OPEN or wait > 0:
            retry_in = max(1, math.ceil(wait))
            raise breaker_open(retry_in)

    def settle(self, *, probe: bool, failed: bool, due_to: int | None = None) -> None:
        """How an admitted call went. Calls from before the opening no longer move an open breaker.

        `due_to`: the person or question that may be at fault instead of the provider.
        """
        if probe:
            self._failed.clear()
            self._slices.clear()
            self._on_trial = not failed
            self.position = Position.CLOSED
            if failed:
                self._open(due_to)
        elif self.position is _CLOSED:
            self._on_trial = False
            self._count(1, failed=failed and self._counts(due_to))

    def blame(self, person: int | None = None) -> None:
        """A call that had gone well brought an answer that cannot be read; a probe then was none."""
        if self._on_trial:
            self._on_trial = False
            self._open(person)
        elif self.position is Position.CLOSED:
            self._count(0, failed=self._counts(person))

    def abandon(self, *, probe: bool) -> None:
        """An admitted call was cut by us: it says nothing, and the next call may probe."""
        if probe:
            self.position = Position.OPEN
            self._probe_at = self._clock()

    def _counts(self, due_to: int | None) -> bool:
        """Note a failure; whether it is one more, and not only a newer one of what has failed often enough."""
        now, failed = self._clock(), self._failed
        while failed and now - failed[0][0] > self._window:
            failed.popleft()
        same = [] if due_to is None else [one for one in failed if one[1] == due_to]
        repeated = len(same) >= max(1, self._failures // 2)
        if repeated:
            failed.remove(same[0])
        failed.append((now, due_to))
        return not repeated

    def _count(self, calls: int, *, failed: bool) -> None:
        number = int(self._clock() * _SLICES / self._window)
        if not self._slices or self._slices[-1][0] != number:
            self._slices.append([number, 0, 0])
        last = self._slices[-1]
        last[1] += calls
        last[2] += failed
        if not failed or len(self._failed) < self._failures:
            return
        recent = [one for one in self._slices if one[0] > number - _SLICES]
        made, bad = sum(one[1] for one in recent), sum(one[2] for one in recent)
        share = max(self._share, _FAILING_SHARE if made > _MANY_CALLS else 0.0)
        if bad >= share * made:
            self._open()

    def _open(self, spoiled: int | None = None) -> None:
        self.position = Position.OPEN
        self._spoiled = spoiled
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


class Latencies:
    """How long the newest answers took; quantiles are worked out when they are read."""

    __slots__ = ("_ring", "add")

    def __init__(self) -> None:
        """Starts empty."""
        self._ring: deque[float] = deque(maxlen=_RING)
        #: remembers one duration in seconds, and forgets the oldest
        self.add = self._ring.append

    def quantiles(self) -> dict[str, float]:
        """`p50`, `p95`, `p99` in milliseconds; empty before the first duration."""
        if not self._ring:
            return {}
        ordered = sorted(self._ring)
        last = len(ordered) - 1
        return {name: round(ordered[round(share * last)] * 1_000, 3) for name, share in _QUANTILES}


class Guard:
    """All guards of one provider as one gate: a place, `admit`, then one of `leave` and `abandon`, which free it."""

    __slots__ = ("_clock", "_paused_until", "breaker", "budget", "latencies", "places")

    def __init__(self, limits: "Limits", clock: Callable[[], float]) -> None:
        """`clock` returns monotonic seconds."""
        self._clock = clock
        self._paused_until = 0.0
        self.breaker = Breaker(
            limits.breaker_failures, limits.breaker_window_seconds, limits.breaker_probe_seconds, clock,
            limits.breaker_share,
        )  # fmt: skip
        self.budget = RetryBudget(limits.retry_budget)
        self.latencies = Latencies()
        self.places = Places(limits.connections)

    def check(self, behalf: Behalf = NOBODY) -> None:
        """ProviderError (SOURCE_BUSY, BREAKER_OPEN) when no call may be made now."""
        if self._paused_until:
            wait = self._paused_until - self._clock()
            if wait > 0:
                raise asked_to_wait(math.ceil(wait))
            self._paused_until = 0.0
        self.breaker.check(behalf)

    def admit(self, behalf: Callable[[], Behalf] = lambda: NOBODY) -> bool:
        """A call with a place begins: whether it is a probe. Raises as `check`, and then frees the place."""
        probe = False
        if self._paused_until or self.breaker.position is not _CLOSED:
            try:
                one = behalf()
                self.check(one)
                probe = self.breaker.admit(one)
            except BaseException:
                self.places.free()
                raise
        self.budget.earn()
        return probe

    def leave(
        self,
        seconds: float | None,
        *,
        probe: bool,
        fault: ProviderError | None = None,
        behalf: Behalf = NOBODY,
    ) -> None:
        """The call ended by itself after `seconds`; None: with an answer that is no measure of how fast it answers."""
        try:
            failed = fault is not None and fault.at_fault
            self.breaker.settle(probe=probe, failed=failed, due_to=behalf.blamed(fault) if fault else None)
            if seconds is not None:
                self.latencies.add(seconds)
            if fault is not None and fault.retry_in and fault.status in _PAUSING:
                self._paused_until = self._clock() + min(fault.retry_in, _LONGEST_PAUSE)
        finally:
            self.places.free()

    def abandon(self, *, probe: bool) -> None:
        """The call was cut before the provider had its time, or by a defect of ours."""
        self.breaker.abandon(probe=probe)
        self.places.free()
