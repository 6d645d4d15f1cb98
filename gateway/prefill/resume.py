"""Returns late answers: at once, on arrival, or as events."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable, Mapping

from gateway.domain.errors import LogUnavailable
from gateway.domain.parties import Requester
from gateway.prefill.pending import PendingStore
from gateway.prefill.preview import Previews
from gateway.prefill.release import Releases

#: polling interval for a state that another process keeps
_POLL_SECONDS = 0.02
#: a state that the cache lost is polled for so long at most
_LONGEST_SECONDS = 1.0


class Resuming:
    """Returns late answers."""

    def __init__(
        self, pending: PendingStore, releases: Releases, previews: Previews, is_ours: Callable[[str], bool]
    ) -> None:
        """`is_ours`: whether this process keeps the states of a token."""
        self._pending = pending
        self._releases = releases
        self._previews = previews
        self._is_ours = is_ours

    async def resume(self, token: str, requester: Requester, deadline: float) -> dict[str, object]:
        """The late answer; waits for it until `deadline` (loop time). Raises NotFound for another requester's token."""
        loop = asyncio.get_running_loop()
        while True:
            change = self._pending.change(token)
            state = await self._pending.get(token, requester.id)
            if state["done"] or loop.time() >= deadline:
                return await self._released(state, token, requester)
            await self._changed(change, token, deadline)

    async def events(self, token: str, requester: Requester) -> AsyncIterator[dict[str, object]]:
        """Each late answer as it arrives, until all are there."""
        seen = 0
        while True:
            change = self._pending.change(token)
            state = await self._pending.get(token, requester.id)
            version = state["version"]
            if isinstance(version, int) and version > seen:
                seen = version
                yield await self._released(state, token, requester)
            if state["done"]:
                return
            await self._changed(change, token, math.inf)

    async def _released(
        self, state: Mapping[str, object], token: str, requester: Requester
    ) -> dict[str, object]:
        """The late answer as it may leave now. Raises LogUnavailable when it is not recorded."""
        if not isinstance(state["answer"], dict):
            raise LogUnavailable
        answer = await self._releases.released(state, token, requester)
        if answer["preview"] is not None:
            await self._previews.check_open(answer["exchange_id"], requester)
        return {**answer, "pending": None if state["done"] else token, "late": state["late"]}

    async def _changed(self, change: asyncio.Event, token: str, until: float) -> None:
        """Wait for the token's next state; poll when another process keeps it."""
        pause = _LONGEST_SECONDS if self._is_ours(token) else _POLL_SECONDS
        end = min(until, asyncio.get_running_loop().time() + pause)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(end):
                await change.wait()
