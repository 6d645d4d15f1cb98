"""The state of one anchor: when it is due, and whether it is ready, late, or so late that prefill is refused.

Time counts from its last proof, or from its first request; both are rows of the log's store, so a
restart does not change them. A day of a daily file begins at midnight in Việt Nam.
"""

import random
from datetime import UTC, datetime, timedelta

from gateway.domain.anchoring import Anchored
from gateway.domain.dates import VIETNAM, rfc3339
from gateway.ports.anchors import Anchor

READY, LATE, REFUSING = "ready", "late", "refusing"

#: pause after a witness's answer if the log has grown: receipts are redeemed within ten seconds
_SOON_SECONDS = 5.0
#: pauses after failures: doubled from the first to the last
_FIRST_PAUSE, _LAST_PAUSE = 1.0, 10.0
_MOST_SPREAD = 1.25
#: how much longer than its interval an anchor may take before it is late
_SLACK, _LEAST_SLACK, _MOST_SLACK = 0.1, 5.0, 300.0
#: a proof more than this in the future comes from a wrong clock and does not count
AHEAD_SECONDS = 300.0


class AnchorState:
    """One anchor. Times are POSIX seconds."""

    __slots__ = (
        "_every",
        "_grace",
        "anchor",
        "failures",
        "fault",
        "last",
        "retry_at",
        "row_failures",
        "state",
    )

    def __init__(self, anchor: Anchor, every_seconds: float, grace_seconds: float) -> None:
        """`every_seconds`: its interval; `grace_seconds`: longest time without a proof."""
        self._every = every_seconds
        self._grace = grace_seconds
        self.anchor = anchor
        #: its newest row; None while the log has nothing to anchor
        self.last: Anchored | None = None
        #: reason of this process's last failure; empty after a proof
        self.fault = ""
        #: failures of this process: total, and since the last proof
        self.failures = self.row_failures = 0
        self.retry_at = 0.0
        self.state = READY

    @property
    def size(self) -> int:
        """Size of its last anchored checkpoint; 0 for none."""
        return self.last.size if self.last else 0

    def due(self, size: int, now: float) -> bool:
        """Whether it must be asked now; `size`: records of the log."""
        # A remaining pause over the longest one began before the clock was set back.
        if self.last is None or now < self.retry_at <= now + _LAST_PAUSE * _MOST_SPREAD:
            return False
        if not self.last.token:
            return True
        age = now - self.last.seconds
        if age < -AHEAD_SECONDS:
            return True
        if self.anchor.kind == "daily":
            return _midnight(now) > self.last.seconds
        return age >= self._every or (
            self.anchor.kind == "witness"
            and size != self.last.size
            and age >= min(_SOON_SECONDS, self._every)
        )

    def behind(self, now: float) -> float:
        """Seconds since a proof is due; compared with the grace."""
        if self.last is None:
            return 0.0
        since = self.last.seconds
        if self.anchor.kind == "daily" and self.last.token:
            since = max(since, _midnight(since) + timedelta(days=1).total_seconds())
        return max(0.0, now - since)

    def succeeded(self, row: Anchored) -> None:
        """Note a new proof."""
        self.last = row
        self.fault, self.row_failures, self.retry_at = "", 0, 0.0

    def failed(self, reason: str, now: float) -> None:
        """Note a failure."""
        self.fault = reason
        self.failures += 1
        self.row_failures += 1
        pause = min(_LAST_PAUSE, _FIRST_PAUSE * 2 ** min(self.row_failures - 1, 10))
        self.retry_at = now + pause * random.uniform(0.75, _MOST_SPREAD)  # noqa: S311 -- no secret

    def judge(self, now: float) -> str:
        """Update `state`; returns the state before."""
        before, behind = self.state, self.behind(now)
        if behind > self._grace:
            self.state = REFUSING
        elif self.fault or behind > self._patience():
            self.state = LATE
        else:
            self.state = READY
        return before

    def shown(self) -> dict[str, object]:
        """For probes: kind, state, size, and the time of the last proof or of the first request."""
        found: dict[str, object] = {"kind": self.anchor.kind, "state": self.state, "size": self.size}
        found["since"] = self.last.time if self.last else None
        if self.fault:
            found["fault"] = self.fault
        return found

    def _patience(self) -> float:
        slack = min(max(self._every * _SLACK, _LEAST_SLACK), _MOST_SLACK)
        return slack if self.anchor.kind == "daily" or not self.size else self._every + slack


def _midnight(now: float) -> float:
    """The start of the day of `now` in Việt Nam."""
    day = datetime.fromtimestamp(now, VIETNAM)
    return day.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def stamp(now: float) -> str:
    """RFC 3339 of POSIX seconds."""
    return rfc3339(datetime.fromtimestamp(now, UTC))
