"""Background work of this room, and its end."""

import asyncio


async def end(task: "asyncio.Task[None] | None") -> None:
    """Break it off and wait until it is over; nothing for what was never begun."""
    if task is not None:
        task.cancel()
        await asyncio.wait((task,))
