"""A source: one provider of evidence, as the core sees it."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from gateway.domain.evidence import SourceAnswer, SourceQuery


class Source(Protocol):
    """One provider, behind one adapter: answers queries to its data services."""

    def ask(self, query: SourceQuery, end: float, landed: Callable[[SourceAnswer], None]) -> None:
        """Ask one question. `landed` is called once, by `end`, with the answer or the outcome that says why not.

        `end` is a time of the running loop's clock (`loop.time()`). `landed` may be called before this returns.
        A call ends by itself; it cannot be cancelled. Never raises.
        """
        ...

    def state(self) -> "SourceState":
        """How the source is doing, without asking it."""
        ...

    async def close(self) -> None:
        """Free what the source holds (connections, tokens). Every call under way has landed then."""
        ...


class SourceState(Protocol):
    """How a source is doing, for `/v1/sources` and metrics."""

    @property
    def breaker(self) -> str:
        """`closed`, `open` or `half_open`."""
        ...

    @property
    def latency_ms(self) -> "dict[str, float]":
        """Quantiles of the last answers: keys `p50`, `p95`, `p99`; empty before the first one."""
        ...

    @property
    def last_outcome(self) -> "tuple[str, datetime] | None":
        """Outcome and time of the last answer."""
        ...
