"""Sources that answer by a coroutine: a task for each query, which lands its answer.

Promises what `gateway.ports.sources.Source.ask` does: an answer by the end, whatever the coroutine does.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from adapters.transport.faults import defect_here
from adapters.transport.health import Health
from gateway.domain.evidence import AnswerFault, Outcome, SourceAnswer, SourceQuery, failed
from gateway.domain.fault_codes import FaultCode
from gateway.domain.reasons import Reason


class TaskSource:
    """Implements gateway.ports.sources.Source."""

    def __init__(
        self,
        answer: Callable[[SourceQuery], Awaitable[SourceAnswer]],
        health: Health,
        stop: Callable[[], None] = lambda: None,
    ) -> None:
        """`answer` answers one query; it is cancelled at the query's end. `stop` is called when the source closes."""
        self._answer = answer
        self._stop = stop
        self._health = health
        self._tasks: set[asyncio.Task[SourceAnswer]] = set()

    def ask(self, query: SourceQuery, end: float, landed: Callable[[SourceAnswer], None]) -> None:
        """Answer in a task."""
        task = asyncio.get_running_loop().create_task(self._run(query, end))
        self._tasks.add(task)
        task.add_done_callback(partial(self._land, query, landed))

    def state(self) -> Health:
        """How the source is doing."""
        return self._health

    async def _run(self, query: SourceQuery, end: float) -> SourceAnswer:
        async with asyncio.timeout_at(end):
            return await self._answer(query)

    def _land(
        self, query: SourceQuery, landed: Callable[[SourceAnswer], None], task: "asyncio.Task[SourceAnswer]"
    ) -> None:
        self._tasks.discard(task)
        try:
            answer = task.result()
        except TimeoutError:
            answer = failed(Outcome.UNAVAILABLE, Reason.SOURCE_TIMEOUT, AnswerFault(FaultCode.DEADLINE))
        except asyncio.CancelledError:
            answer = failed(Outcome.UNAVAILABLE, Reason.SOURCE_UNREACHABLE, AnswerFault(FaultCode.CLOSING))
        except Exception as error:  # noqa: BLE001 -- a defect here must not spoil the other sources' answers
            fault = defect_here(query.service, error)
            answer = failed(fault.outcome, fault.reason, AnswerFault(FaultCode.DEFECT))
        self._health.note(answer)
        landed(answer)

    async def close(self) -> None:
        """End the queries under way."""
        self._stop()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
