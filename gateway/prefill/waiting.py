"""Waiting for a task until a moment, without ending it."""

import asyncio


async def ended(task: "asyncio.Task[None]", deadline: float) -> bool:
    """Whether the task ends before `deadline` (loop time); it goes on if it does not."""
    loop = asyncio.get_running_loop()
    woken = loop.create_future()

    def wake(_task: object = None) -> None:
        if not woken.done():
            woken.set_result(None)

    timer = loop.call_at(deadline, wake)
    task.add_done_callback(wake)
    try:
        await woken
    finally:
        timer.cancel()
        task.remove_done_callback(wake)
    return task.done()
