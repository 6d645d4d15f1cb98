"""The exchange log over SQL: a record is durable when `append` returns (gateway.ports.exchange_log.ExchangeLog).

Records are turned into leaves in the loop; one writer per process commits for all waiting callers.
"""

import asyncio
import math
import time
from collections.abc import Sequence
from typing import Protocol

from adapters.stores.batch import PendingRecord, settle
from adapters.stores.high_water import HighWater
from adapters.stores.sequence_batch import OwnRows
from gateway.domain import sentences as say
from gateway.domain.errors import (
    ConfigError,
    GatewayError,
    KeyUnavailable,
    LogRolledBack,
    LogUnavailable,
    RelayUnavailable,
)
from gateway.domain.exchange import ExchangeRecord, Receipt
from gateway.domain.identifiers import new_exchange_id
from gateway.domain.sentences import Sentence
from gateway.exchange_log.keys import KeyRing, KeyStore, PeriodKeys, Root, RootKeys
from gateway.exchange_log.merkle import leaf_hash
from gateway.exchange_log.record import decode, leaf_of, period_of
from gateway.exchange_log.tag import tag_of
from gateway.ports.exchange_log import Work
from gateway.telemetry import log

_WAIT_SECONDS = 8.0
#: how long the answer of a readiness probe holds
_FRESH_SECONDS = 1.0


class LogStore(KeyStore, Protocol):
    """What the log needs from its database, beside the period keys."""

    #: transactions so far
    commits: int

    def submit(self, row: PendingRecord) -> None:
        """Queue a row; LogUnavailable when it has no place."""
        ...

    async def recent(self, count: int) -> list[bytes]:
        """The newest leaves, newest first."""
        ...

    async def probe(self) -> None:
        """Raises LogUnavailable when no record can be written now."""
        ...

    async def close(self) -> None:
        """Write what is queued, then close."""
        ...


class Follower(Protocol):
    """The sequencer of this process, as the log sees it."""

    #: what this process writes, until it is numbered
    own: OwnRows

    def wake(self) -> None:
        """A record was written."""
        ...


class SqlExchangeLog:
    """An exchange log named `origin` in one database."""

    __slots__ = (
        "_fresh_seconds",
        "_high_water",
        "_keys",
        "_origin",
        "_probe",
        "_probed",
        "_timer",
        "_waiting",
        "fault",
        "sequencer",
        "store",
    )

    def __init__(
        self, store: LogStore, origin: str, root_key: Root | RootKeys, fresh_seconds: float = _FRESH_SECONDS,
        high_water: HighWater | None = None,
    ) -> None:  # fmt: skip
        """`root_key`: held elsewhere or 32 bytes; it, or one of several, opens the period keys that `store` keeps."""
        self._high_water = high_water
        self._fresh_seconds = fresh_seconds
        self._probe: asyncio.Task[bool] | None = None
        #: when the last probe ended, and what it found
        self._probed = (-math.inf, False)
        #: why the last probe failed; None after one that did not
        self.fault: Sentence | None = None
        self.store = store
        #: in a serving process: numbers what is written here
        self.sequencer: Follower | None = None
        #: rows that are not durable yet, oldest first, by record id
        self._waiting: dict[str, PendingRecord] = {}
        #: the next look at the oldest of them; None while there was none for long
        self._timer: asyncio.TimerHandle | None = None
        self._origin = origin
        self._keys = KeyRing(root_key, store)

    async def append(self, record: ExchangeRecord, work: Work | None = None) -> Receipt:
        """Write one record, and `work` with it; concurrent callers share a transaction.

        LogUnavailable when it cannot be kept; RowConflict when the work cannot be done as things stand,
        RelayUnavailable when no table takes it. Nothing was written then.
        """
        if self._high_water is not None and (fault := self._high_water.fault) is not None:
            raise LogRolledBack(fault.sentence)
        period = period_of(record)
        keys = self._keys.fresh(period) or await self._opened(period)
        record_id = new_exchange_id()
        leaf, official, subjects = leaf_of(record, keys, record_id)
        digest, sequencer = leaf_hash(leaf), self.sequencer
        if sequencer is not None:
            sequencer.own.add(record_id, digest, record, official, subjects)
        loop = asyncio.get_running_loop()
        tag = tag_of(keys, record_id.encode(), digest)
        row = PendingRecord(record_id, leaf, tag, asyncio.Future(loop=loop), time.monotonic(), work)
        self.store.submit(row)
        self._waiting[record_id] = row
        if self._timer is None:
            self._timer = loop.call_later(_WAIT_SECONDS, self._give_up)
        try:
            await row.done
        except RelayUnavailable:
            if sequencer is not None:
                sequencer.own.drop(record_id)
            raise
        finally:
            del self._waiting[record_id]
        if sequencer is not None:
            sequencer.wake()
        return Receipt(digest.hex(), self._origin)

    def _give_up(self) -> None:
        """Give rows that waited too long their error, and run again for the next one."""
        self._timer = None
        for row in self._waiting.values():
            left = row.since + _WAIT_SECONDS - time.monotonic()
            if left > 0:
                self._timer = asyncio.get_running_loop().call_later(left, self._give_up)
                return
            settle((row,), LogUnavailable.perhaps(say.STORE_LATE))

    async def _opened(self, period: str) -> PeriodKeys:
        try:
            return await self._keys.of(period)
        except ConfigError:
            raise LogUnavailable(say.ROOT_KEY_WRONG) from None
        except KeyUnavailable:
            raise LogUnavailable(say.ROOT_KEY_AWAY) from None

    async def recent(self, count: int) -> Sequence[dict[str, object]]:
        """The newest records as decoded leaves, newest first, their sealed part left sealed."""
        return [decode(leaf) for leaf in await self.store.recent(count)]

    async def ready(self) -> bool:
        """Whether a record can be written now: the month's keys open, and the store accepts a trial row.

        Concurrent callers share one probe; its result is reused for one second.
        """
        if self._high_water is not None and self._high_water.fault is not None:
            return False
        at, found = self._probed
        if time.monotonic() - at < self._fresh_seconds:
            return found
        if self._probe is None or self._probe.done():
            self._probe = asyncio.create_task(self._try())
        return await asyncio.shield(self._probe)

    async def _try(self) -> bool:
        try:
            await self._keys.of(time.strftime("%Y-%m", time.gmtime()))
            await self.store.probe()
            found, fault = True, None
        except GatewayError as error:
            found, fault = False, error.sentence or say.DATABASE_TAKES_NOTHING
            if fault != self.fault:
                log().error("log.unavailable", reason=fault.en)
        self.fault = fault
        self._probed = (time.monotonic(), found)
        return found

    async def close(self) -> None:
        """Write what is queued, then close."""
        await self.store.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
