"""Rows that wait for one shared transaction, how those who wait are told, and the keys of a month.

Both writers of the exchange log use it; every function here runs in the loop.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from gateway.domain.errors import LogUnavailable

#: rows queued or being written before newcomers are turned away
QUEUE_LIMIT = 10_000


class Row(NamedTuple):
    """One record on its way, and who waits for it."""

    id: str
    leaf: bytes
    done: asyncio.Future[None]


def keys_of(period: str, wrapped: bytes | None) -> bytes:
    """The keys of a period that has some; LogUnavailable when they are gone."""
    if wrapped is None:
        raise LogUnavailable(f"the keys of {period} are gone from the log's database")
    return wrapped


def settle(rows: Sequence[Row], reason: str) -> None:
    """Tell those who wait: the rows are durable, or (with a reason) may not be."""
    for row in rows:
        # Whoever was cancelled meanwhile no longer waits; the row was written all the same.
        if row.done.done():
            continue
        if reason:
            row.done.set_exception(LogUnavailable(reason))
        else:
            row.done.set_result(None)
