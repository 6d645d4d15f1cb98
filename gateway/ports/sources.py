"""A source: one provider of evidence, as the core sees it."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from gateway.domain.evidence import AnswerFault, SourceAnswer, SourceQuery


class Source(Protocol):
    """One provider, behind one adapter: answers queries to its data services."""

    def ask(self, query: SourceQuery, end: float, landed: Callable[[SourceAnswer], None]) -> None:
        """Ask one query. `landed` is called once, by `end`, with the answer or another outcome.

        `end` is a time of the running loop's clock (`loop.time()`). `landed` may be called before this returns.
        A call ends by itself; it cannot be cancelled. Never raises.
        """
        ...

    def state(self) -> "SourceState":
        """The health of the source, without a call."""
        ...

    async def close(self) -> None:
        """Close connections and drop tokens. All calls have landed when this returns."""
        ...


class SourceState(Protocol):
    """Health of a source, for `/v1/sources` and metrics."""

    @property
    def breaker(self) -> str:
        """`closed`, `open` or `half_open`."""
        ...

    @property
    def latency_ms(self) -> "dict[str, float]":
        """Latency quantiles of the last answers: `p50`, `p95`, `p99`; empty before the first one."""
        ...

    @property
    def last_outcome(self) -> "tuple[str, datetime] | None":
        """Outcome and time of the last answer."""
        ...

    @property
    def last_fault(self) -> "tuple[AnswerFault, datetime] | None":
        """Why the newest answer that was not taken, or not whole, was not; and when. Not that the breaker is open."""
        ...
