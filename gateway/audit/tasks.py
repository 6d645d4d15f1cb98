"""Ends background tasks."""

import asyncio


async def end(task: "asyncio.Task[None] | None") -> None:
    """Cancel the task and wait for its end; None is no task."""
    if task is not None:
        task.cancel()
        await asyncio.wait((task,))
