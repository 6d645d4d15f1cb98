"""Work that would hold the loop: one piece at a time, in a thread.

Python reads one thing at a time, however many threads there are: twenty at once would only take turns with the loop,
and each would be ready as late as the last. In a line the first is ready early, and the loop has one rival.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Made = TypeVar("_Made")


class Heavy:
    """One line for all who share this; its thread ends with it."""

    def __init__(self) -> None:
        """Nothing is started yet."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="heavy")

    def begin(self, work: Callable[..., _Made], *given: object) -> "asyncio.Future[_Made]":
        """What `work` makes of what it is given. Work whose future is cancelled while it waits is never begun."""
        return asyncio.get_running_loop().run_in_executor(self._thread, work, *given)
