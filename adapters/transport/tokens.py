"""Tokens of providers: fetched once for all who wait, kept until shortly before they expire.

A failed fetch fails its waiters only; the next caller tries again (the peer's breaker guards the provider).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from adapters.transport.faults import timed_out

#: a token is not used in its last minute
_MARGIN_SECONDS = 60
_DEFAULT_SECONDS = 3_600
_LONGEST_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token, with what else its answer held."""

    value: str = field(repr=False)
    #: seconds of its life, counted from the answer
    seconds: float
    #: further members that calls need (`id_token`)
    more: Mapping[str, str] = field(default_factory=dict, repr=False)


class TokenCache:
    """The token of one account at one provider; `turn` counts tokens, so that a stale refusal is known."""

    def __init__(self, fetch: Callable[[float], Awaitable[Token]], fetch_seconds: float) -> None:
        """`fetch(deadline)` asks for a new token; it is given `fetch_seconds`, whoever waits for it."""
        self._fetch = fetch
        self._fetch_seconds = fetch_seconds
        self._token: Token | None = None
        self._good_until = 0.0
        self._task: asyncio.Task[Token] | None = None
        self.turn = 0

    async def get(self, deadline: float) -> Token:
        """The token in force; ProviderError when there is none by `deadline` (loop's clock)."""
        if self._token is not None and asyncio.get_running_loop().time() < self._good_until:
            return self._token
        return await self._refresh(deadline)

    async def renew(self, deadline: float, turn: int | None = None) -> None:
        """Replace the token, unless the one of `turn` has been replaced already."""
        if self._task is None and turn is not None and turn != self.turn:
            return
        await self._refresh(deadline)

    async def _refresh(self, deadline: float) -> Token:
        task = self._task
        if task is None:
            task = self._task = asyncio.get_running_loop().create_task(self._replace())
            task.add_done_callback(self._done)
        try:
            async with asyncio.timeout_at(deadline):
                return await asyncio.shield(task)
        except TimeoutError:
            raise timed_out() from None

    async def _replace(self) -> Token:
        loop = asyncio.get_running_loop()
        token = await self._fetch(loop.time() + self._fetch_seconds)
        # a very short life keeps half of itself, or every call would fetch
        self._good_until = loop.time() + max(token.seconds - _MARGIN_SECONDS, token.seconds / 2)
        self._token = token
        self.turn += 1
        return token

    def _done(self, task: asyncio.Task[Token]) -> None:
        self._task = None
        if not task.cancelled():
            # nobody may be waiting any more
            task.exception()

    async def close(self) -> None:
        """Stop a fetch under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


def life_seconds(value: object, default: float = _DEFAULT_SECONDS) -> float:
    """What `expires_in` says, as a number or digits; `default` for anything else (dates, nothing)."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:9])
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return default
    return min(float(value), _LONGEST_SECONDS)
