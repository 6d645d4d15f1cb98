"""Rows that wait for one shared transaction, and how those who wait are told.

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
