"""How one anchor stands: when it is to be asked, and whether it is ready, late, or so late that prefill is refused.

Time counts from its last success, or from when it was first wanted; both are rows of the log's store, so that a
restart changes nothing. A day of a daily file begins at midnight in Việt Nam.
"""

import random
from datetime import UTC, datetime, timedelta

from gateway.domain.anchoring import Anchored
from gateway.domain.dates import VIETNAM, rfc3339
from gateway.ports.anchors import Anchor

READY, LATE, REFUSING = "ready", "late", "refusing"

#: a witness is asked so soon after its last answer when the log has grown: receipts are redeemed within ten seconds
_SOON_SECONDS = 5.0
#: pauses after failures: doubled from the first to the last
_FIRST_PAUSE, _LAST_PAUSE = 1.0, 10.0
_MOST_SPREAD = 1.25
#: how much longer than agreed an anchor may take before it is called late
_SLACK, _LEAST_SLACK, _MOST_SLACK = 0.1, 5.0, 300.0
#: a proof from so far ahead is of a clock that was wrong, and is no success
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
        """Nothing is known yet."""
        self._every = every_seconds
        self._grace = grace_seconds
        self.anchor = anchor
        #: its newest row; None while the log has nothing to anchor
        self.last: Anchored | None = None
        #: why this process had no success with it; empty after one
        self.fault = ""
        #: failures of this process, in all and in a row
        self.failures = self.row_failures = 0
        self.retry_at = 0.0
        self.state = READY

    @property
    def size(self) -> int:
        """Records of the checkpoint that it vouched for last; 0 for none."""
        return self.last.size if self.last else 0

    def due(self, size: int, now: float) -> bool:
        """Whether it is to be asked now, the log having `size` records."""
        # A pause that would be longer than the longest was begun before the clock was set back.
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
        """For how long it has owed a proof, in seconds: what the grace is held against."""
        if self.last is None:
            return 0.0
        since = self.last.seconds
        if self.anchor.kind == "daily" and self.last.token:
            since = max(since, _midnight(since) + timedelta(days=1).total_seconds())
        return max(0.0, now - since)

    def succeeded(self, row: Anchored) -> None:
        """It gave a proof."""
        self.last = row
        self.fault, self.row_failures, self.retry_at = "", 0, 0.0

    def failed(self, reason: str, now: float) -> None:
        """It gave none."""
        self.fault = reason
        self.failures += 1
        self.row_failures += 1
        pause = min(_LAST_PAUSE, _FIRST_PAUSE * 2 ** min(self.row_failures - 1, 10))
        self.retry_at = now + pause * random.uniform(0.75, _MOST_SPREAD)  # noqa: S311 -- no secret

    def judge(self, now: float) -> str:
        """Its state now, which is kept; the state before."""
        before, behind = self.state, self.behind(now)
        if behind > self._grace:
            self.state = REFUSING
        elif self.fault or behind > self._patience():
            self.state = LATE
        else:
            self.state = READY
        return before

    def shown(self) -> dict[str, object]:
        """For probes: what it is, how it stands, and since when it owes or has its last proof."""
        found: dict[str, object] = {"kind": self.anchor.kind, "state": self.state, "size": self.size}
        found["since"] = self.last.time if self.last else None
        if self.fault:
            found["fault"] = self.fault
        return found

    def _patience(self) -> float:
        slack = min(max(self._every * _SLACK, _LEAST_SLACK), _MOST_SLACK)
        return slack if self.anchor.kind == "daily" or not self.size else self._every + slack


def _midnight(now: float) -> float:
    """When the day of Việt Nam began in which `now` lies."""
    day = datetime.fromtimestamp(now, VIETNAM)
    return day.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def stamp(now: float) -> str:
    """RFC 3339 of POSIX seconds."""
    return rfc3339(datetime.fromtimestamp(now, UTC))
