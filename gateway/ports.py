"""The sockets of the core: what it needs from the edges, and nothing about how they do it.

Adapters and stores implement these protocols; `gateway/registry.py` builds them from configuration.
Each is four methods at most.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gateway.domain.evidence import SourceAnswer, SourceQuery
from gateway.domain.exchange import ExchangeRecord, Receipt


class Source(Protocol):
    """One provider, behind one adapter: answers queries to its data services."""

    async def ask(self, query: SourceQuery, deadline: float) -> SourceAnswer:
        """The provider's answer, or the outcome that says why there is none.

        `deadline` is a time of the running loop's clock (`loop.time()`); the call ends by then.
        Never raises for anything the provider or the network does; only cancellation passes through.
        """
        ...

    def state(self) -> "SourceState":
        """How the source is doing, without asking it."""
        ...

    async def close(self) -> None:
        """Free what the source holds (connections, tokens)."""
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


class ExchangeLog(Protocol):
    """The append-only log of exchanges: a record is durable when `append` returns."""

    async def append(self, record: ExchangeRecord) -> Receipt:
        """Write one record; concurrent callers share a transaction. LogUnavailable when it cannot be kept."""
        ...

    async def recent(self, count: int) -> Sequence[dict[str, object]]:
        """The newest records as decoded leaves, newest first; for the demo and for tests."""
        ...

    async def ready(self) -> bool:
        """Whether a record could be written now."""
        ...

    async def close(self) -> None:
        """Write what is queued, then close."""
        ...


class Cache(Protocol):
    """Holds only what may be lost: answers, late values, sessions. Values are opaque bytes."""

    async def get(self, key: str) -> bytes | None:
        """The value, or None when it is gone or was never there; a broken store answers None."""
        ...

    async def put(self, key: str, value: bytes, seconds: int) -> None:
        """Keep a value for `seconds`; a broken store drops it silently (counted in metrics)."""
        ...

    async def drop(self, key: str) -> None:
        """Forget a value."""
        ...

    async def close(self) -> None:
        """Free connections."""
        ...


class Clock(Protocol):
    """Wall-clock time; deadlines use the loop's clock instead."""

    def now(self) -> datetime:
        """The time now, aware, in UTC."""
        ...
