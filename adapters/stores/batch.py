"""Rows that wait for one shared transaction, the results of their callers, and the keys of a month.

Both writers of the exchange log use it. Work of many rows is done by few statements; when one row's cannot be done,
it is done row by row.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

from adapters.stores.database import RowStatement, RowWork, WorkStep
from gateway.domain import sentences as say
from gateway.domain.errors import LogUnavailable, RelayUnavailable, RowConflict
from gateway.ports.exchange_log import Work
from gateway.telemetry import log

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


#: a record whose work could not be done, and why
RefusedRecord = tuple[PendingRecord, RelayUnavailable]


def keys_of(period: str, wrapped: bytes | None) -> bytes:
    """The keys of a period that has some; LogUnavailable when they are gone."""
    if wrapped is None:
        raise LogUnavailable(say.PERIOD_KEYS_GONE(period=period))
    return wrapped


def awaited(rows: Sequence[PendingRecord]) -> list[PendingRecord]:
    """The rows that are still to be written: no caller has an error for them yet."""
    return [row for row in rows if not row.done.done() or row.done.cancelled()]


class WorkRefused(Exception):
    """A statement of work found fewer rows than it must."""


def steps_of(rows: Sequence[PendingRecord]) -> Iterator[WorkStep]:
    """The steps of all rows' work: each row's in their order, with one statement for all rows that are at it."""
    waiting = [deque(cast("RowWork", row.work).steps) for row in rows if row.work is not None]
    while waiting := [steps for steps in waiting if steps]:
        statement = waiting[0][0].statement
        at_it = [steps.popleft() for steps in waiting if steps[0].statement is statement]
        yield WorkStep(statement, [values for step in at_it for values in step.rows])


def check_found(statement: RowStatement, found: int, rows: int) -> None:
    """WorkRefused when a statement inserted or changed fewer rows than it must."""
    if statement.must_find and found != rows:
        raise WorkRefused


def refusal_of(error: Exception) -> RelayUnavailable:
    """Why the work of one row was not done: a concurrent change came first, or the row has what no table takes."""
    if isinstance(error, WorkRefused):
        return RowConflict()
    log().error("log.work_refused", error=type(error).__name__)
    return RelayUnavailable()


def refuse(refused: Sequence[RefusedRecord]) -> None:
    """Give callers whose work could not be done their error: nothing of theirs was written."""
    for row, error in refused:
        if not row.done.done():
            row.done.set_exception(error)


def settle(rows: Sequence[PendingRecord], error: LogUnavailable | None) -> None:
    """Give each waiting caller its result: durable, not written, or unknown."""
    for row in rows:
        # A cancelled caller waits no more; its row was written all the same.
        if row.done.done():
            continue
        if error is not None:
            failed = type(error).perhaps if error.unsure else type(error)
            row.done.set_exception(failed(error.sentence))
        else:
            row.done.set_result(None)
