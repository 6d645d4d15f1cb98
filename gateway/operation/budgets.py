"""The error budget of a source: of 100 questions in a day, one may stay without a usable answer.

Counted are the answers to one process since a moment: `unavailable` and `invalid` use the budget up; a refusal, "not
found" and "no match" are answers.
"""

from collections.abc import Mapping
from typing import NamedTuple

from gateway.domain.evidence import Outcome

#: share of questions that may stay without a usable answer
ALLOWED = 0.01
HOUR, DAY = 3_600, 24 * 3_600
_USED_UP = (Outcome.UNAVAILABLE, Outcome.INVALID)


class ErrorBudget(NamedTuple):
    """Questions to a source since a moment, and what is left of what may fail."""

    asked: int
    failed: int

    @property
    def left(self) -> float | None:
        """Share of the budget that is left: 1 is all of it, below 0 is more than all used; None: nothing was asked."""
        return None if not self.asked else 1 - self.failed / (self.asked * ALLOWED)

    def plain(self) -> dict[str, object]:
        """For JSON; the share in percent."""
        left = self.left
        return {
            "asked": self.asked, "failed": self.failed,
            "left_percent": None if left is None else round(left * 100, 1),
        }  # fmt: skip


def budget(outcomes: Mapping[str, int]) -> ErrorBudget:
    """The budget of answers that were counted by outcome."""
    return ErrorBudget(sum(outcomes.values()), sum(outcomes.get(one.value, 0) for one in _USED_UP))
