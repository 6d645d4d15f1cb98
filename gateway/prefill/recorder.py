"""Builds nothing and decides nothing: makes the records of this room durable, and counts them."""

import time

from gateway.domain.dates import rfc3339
from gateway.domain.errors import LogUnavailable
from gateway.domain.exchange import ExchangeRecord, Receipt
from gateway.ports.clock import Clock
from gateway.ports.exchange_log import ExchangeLog
from gateway.telemetry import Metrics


class Recorder:
    """Writes records under one configuration."""

    def __init__(self, log: ExchangeLog, clock: Clock, metrics: Metrics, digest: str) -> None:
        """`digest`: of the configuration in force, which every record names."""
        self._log = log
        self.clock = clock
        self.metrics = metrics
        self.digest = digest

    def now(self) -> str:
        """The time that a record carries (RFC 3339, UTC)."""
        return rfc3339(self.clock.now())

    async def write(self, record: ExchangeRecord) -> Receipt:
        """Make a record durable. LogUnavailable when it cannot be kept."""
        began = time.perf_counter()
        try:
            receipt = await self._log.append(record)
        except LogUnavailable:
            self.metrics.append_failed()
            raise
        self.metrics.appended(1, time.perf_counter() - began)
        return receipt
