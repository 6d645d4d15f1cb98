"""Something that a provider publishes and changes now and then (keys, addresses): fetched once for all who wait.

Promises: it is fetched again when it is old, or when it lacks something, then at most each ten seconds; while the
provider is silent what is known is used for some hours.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from gateway.domain.login import LoginReason
from gateway.ports.identity import LoginFailed

FRESH_SECONDS = 3_600.0
_STALE_SECONDS = 6 * 3_600.0
#: between two fetches because of something that is lacking
REST_SECONDS = 10.0

_Value = TypeVar("_Value")


class PublishedValue(Generic[_Value]):
    """A value with its age."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[_Value]],
        what: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`fetch` raises LoginFailed, and ends by itself. `what`: a code for the details of failures."""
        self._fetch = fetch
        self._what = what
        self._now = monotonic
        self._value: _Value | None = None
        self._since = float("-inf")
        #: who lacked something -> when it was fetched last because of that
        self._tried: dict[str, float] = {}
        self._getting: asyncio.Task[_Value] | None = None

    @property
    def known(self) -> _Value | None:
        """What was fetched last, however old."""
        return self._value

    async def current(self, end: float) -> _Value:
        """The value. Raises LoginFailed. `end`: a time of the loop's clock."""
        age = self._now() - self._since
        if self._value is not None and age < FRESH_SECONDS:
            return self._value
        try:
            return await self._fetched(end)
        except LoginFailed:
            if self._value is None or age >= _STALE_SECONDS:
                raise
            return self._value

    def is_resting(self, asker: str) -> bool:
        """Whether `newer` would fetch nothing, as this asker lacked something just now."""
        if self._value is None or self._is_fetching:
            return False
        return self._now() - self._tried.get(asker, float("-inf")) < REST_SECONDS

    async def newer(self, end: float, asker: str) -> _Value:
        """The value, fetched again unless that was tried just now for this asker. Raises LoginFailed.

        Each asker (a part of this adapter) rests by itself: strangers who make one of them ask delay no other.
        """
        if self._value is not None and self.is_resting(asker):
            return self._value
        self._tried[asker] = self._now()
        return await self._fetched(end)

    async def close(self) -> None:
        """Fetch nothing any more."""
        if self._getting is not None:
            self._getting.cancel()
            await asyncio.wait((self._getting,))

    @property
    def _is_fetching(self) -> bool:
        return self._getting is not None and not self._getting.done()

    async def _fetched(self, end: float) -> _Value:
        """The result of the one fetch under way; who waits no longer leaves it to the others."""
        getting = self._getting
        if getting is None or getting.done():
            getting = self._getting = asyncio.create_task(self._get(), name=f"identity-{self._what}")
            # those who wait may all be gone
            getting.add_done_callback(lambda task: task.cancelled() or task.exception())
        try:
            async with asyncio.timeout_at(end):
                return await asyncio.shield(getting)
        except TimeoutError:
            detail = f"{self._what}.receiver_timeout"
            raise LoginFailed(LoginReason.PROVIDER_UNAVAILABLE, detail) from None

    async def _get(self) -> _Value:
        value = await self._fetch()
        self._value, self._since = value, self._now()
        return value
