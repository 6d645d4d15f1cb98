"""Messages to systems that a person signed out: sent beside the answer, tried again, each recorded once.

Only to addresses that the configuration registers. A stopping process sends at once what waits for its next attempt.
What no system took by then, or a killed process held, is lost: the tokens of the session are dead all the same.
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
#: how long a stopping process sends what it holds, within the drain time of the server
_CLOSING_SECONDS = 6.0
#: the longest pause of a stopping process
_CLOSING_PAUSE = 1.0

#: makes a fresh logout token
MakeToken = Callable[[], Awaitable[str]]
#: records whether the message was taken
NoteResult = Callable[[bool], Awaitable[object]]


class LogoutNotices:
    """Sends messages of one process."""

    def __init__(
        self, posts: FormPosts, *, pauses: tuple[float, ...] = PAUSES, closing: float = _CLOSING_SECONDS
    ) -> None:
        """With what sends them. `closing`: seconds that a stopping process takes for them."""
        self._posts = posts
        self._pauses = pauses
        self._closing = closing
        self._stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(_AT_ONCE)

    def send(self, url: str, token: MakeToken, note: NoteResult) -> bool:
        """Send one beside the caller; False: too many wait."""
        if len(self._tasks) >= _MOST:
            return False
        task = asyncio.create_task(self._send(url, token, note), name="logout-notice")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def close(self) -> None:
        """Send at once what waits; what is left after the time is recorded as not taken."""
        self._stopping.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._closing)
        left = list(self._tasks)
        for task in left:
            task.cancel()
        if left:
            log().warning("logout.notices_lost", count=len(left))
            await asyncio.wait(left)
        await self._posts.close()

    async def _send(self, url: str, token: MakeToken, note: NoteResult) -> None:
        is_taken = False
        try:
            is_taken = await self._is_taken(url, token)
        finally:
            with suppress(GatewayError):  # the sign-out itself is recorded
                await note(is_taken)

    async def _is_taken(self, url: str, token: MakeToken) -> bool:
        for pause in (0.0, *self._pauses):
            await self._pause(pause)
            async with self._places:
                end = asyncio.get_running_loop().time() + _POST_SECONDS
                status = await self._posts.post(url, {"logout_token": await token()}, end)
            # 400: the system refuses it, and would again (Back-Channel Logout 1.0, 2.8)
            if status in {200, 204, 400}:
                return status != 400
        return False

    async def _pause(self, seconds: float) -> None:
        """Cut short when the process begins to stop."""
        if self._stopping.is_set():
            await asyncio.sleep(min(seconds, _CLOSING_PAUSE))
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
