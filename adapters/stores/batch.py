"""Rows that wait for one shared transaction, the results of their callers, and the keys of a month.

Both writers of the exchange log use it; every function here runs in the loop.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from gateway.domain import sentences as say
from gateway.domain.errors import LogUnavailable, RowConflict
from gateway.ports.exchange_log import Work

#: rows queued or being written before newcomers are turned away
QUEUE_LIMIT = 10_000


class PendingRecord(NamedTuple):
    """One record on its way, and what its writer waits for."""

    id: str
    leaf: bytes
    #: shows that a process of this log wrote it (gateway/exchange_log/tag.py)
    tag: bytes
    done: asyncio.Future[None]
    #: when it came, in seconds of `time.monotonic`
    since: float = 0.0
    #: what is stored with it, or neither
    work: Work | None = None


def keys_of(period: str, wrapped: bytes | None) -> bytes:
    """The keys of a period that has some; LogUnavailable when they are gone."""
    if wrapped is None:
        raise LogUnavailable(say.PERIOD_KEYS_GONE(period=period))
    return wrapped


def awaited(rows: Sequence[PendingRecord]) -> list[PendingRecord]:
    """The rows that are still to be written: no caller has an error for them yet."""
    return [row for row in rows if not row.done.done() or row.done.cancelled()]


def refuse(rows: Sequence[PendingRecord]) -> None:
    """Give callers whose work met a concurrent change their result: nothing of theirs was written."""
    for row in rows:
        if not row.done.done():
            row.done.set_exception(RowConflict())


def settle(rows: Sequence[PendingRecord], error: LogUnavailable | None) -> None:
    """Give each waiting caller its result: durable, not written, or unknown."""
    for row in rows:
        # A cancelled caller waits no more; its row was written all the same.
        if row.done.done():
            continue
        if error is not None:
            failed = type(error).perhaps if error.unsure else type(error)
            row.done.set_exception(failed(error.said))
        else:
            row.done.set_result(None)
