"""Messages to systems that a person signed out: sent beside the answer, tried again, each recorded once.

Only to addresses that the configuration registers. A message that a stopping process still held is lost: the tokens of
the session are dead all the same.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from gateway.domain.errors import GatewayError
from gateway.ports.logout import FormPosts
from gateway.telemetry import log

#: pauses between attempts, in seconds
PAUSES = (1.0, 5.0, 30.0)
_POST_SECONDS = 5.0
#: at a time; what waits beyond it is not sent
_AT_ONCE, _MOST = 16, 2_000
#: how long a stopping process waits for those under way
_CLOSING_SECONDS = 2.0

#: makes a fresh logout token
MakeToken = Callable[[], Awaitable[str]]
#: records whether the message was taken
Told = Callable[[bool], Awaitable[object]]


class LogoutNotices:
    """Sends messages of one process."""

    def __init__(self, posts: FormPosts, *, pauses: tuple[float, ...] = PAUSES) -> None:
        """With what sends them."""
        self._posts = posts
        self._pauses = pauses
        self._tasks: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(_AT_ONCE)

    def tell(self, url: str, token: MakeToken, told: Told) -> bool:
        """Send one beside the caller; False: too many wait."""
        if len(self._tasks) >= _MOST:
            return False
        task = asyncio.create_task(self._send(url, token, told), name="logout-notice")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def close(self) -> None:
        """Give those under way a moment, then stop."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CLOSING_SECONDS)
        left = list(self._tasks)
        for task in left:
            task.cancel()
        if left:
            log().warning("logout.notices_lost", count=len(left))
            await asyncio.wait(left)
        await self._posts.close()

    async def _send(self, url: str, token: MakeToken, told: Told) -> None:
        is_taken = False
        for pause in (0.0, *self._pauses):
            await asyncio.sleep(pause)
            async with self._places:
                end = asyncio.get_running_loop().time() + _POST_SECONDS
                status = await self._posts.post(url, {"logout_token": await token()}, end)
            is_taken = status in {200, 204}
            # 400: the system refuses it, and would again (Back-Channel Logout 1.0, 2.8)
            if is_taken or status == 400:
                break
        with suppress(GatewayError):  # the sign-out itself is recorded
            await told(is_taken)
