"""Work that would hold the loop: one piece at a time, in a thread.

Python reads one thing at a time, however many threads there are: twenty at once would only take turns with the loop,
and each would be ready as late as the last. In a line the first is ready early, and the loop has one rival.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from adapters.transport.faults import busy_here

_Made = TypeVar("_Made")


class Heavy:
    """One line for all who share this; its thread ends when nobody holds it any more."""

    def __init__(self) -> None:
        """Nothing is started yet."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="heavy")

    async def run(self, deadline: float, work: Callable[..., _Made], *given: object) -> _Made:
        """What `work` makes of what it is given; ProviderError(SOURCE_BUSY) when that is not ready by `deadline`.

        `deadline` is a time of the loop's clock. What nobody waits for any more is not begun.
        """
        waiting = asyncio.get_running_loop().run_in_executor(self._thread, work, *given)
        try:
            async with asyncio.timeout_at(deadline):
                return await waiting
        except TimeoutError:
            raise busy_here() from None
