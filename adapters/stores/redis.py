"""The cache in Redis or Valkey, shared by all processes (gateway.ports.cache.Cache).

A failed read or write raises PendingUnavailable at once, with its cause. No caller waits long: after a failed
connection the server is not asked for a second.
"""

import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    MovedError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from gateway.domain import sentences as say
from gateway.domain.errors import GatewayError, PendingUnavailable
from gateway.domain.sentences import Sentence
from gateway.telemetry import log

_T = TypeVar("_T")
_TIMEOUT = 0.25
_REST_SECONDS = 1.0
_RETRY_SECONDS = 2
_CONNECTIONS = 64
_PREFIX = "motlan:"
#: the narrower class first
_CAUSES: tuple[tuple[type[Exception], Sentence], ...] = (
    (AuthenticationError, say.CACHE_LOGIN_REFUSED),
    (NoPermissionError, say.CACHE_LOGIN_REFUSED),
    (MovedError, say.CACHE_IS_CLUSTER),
    (OutOfMemoryError, say.CACHE_FULL),
    (ReadOnlyError, say.CACHE_READ_ONLY),
    (ResponseError, say.CACHE_REFUSES),
)


def server_at(url: str, seconds: float = _TIMEOUT) -> Redis:
    """A client that connects with the first use, asks once and waits at most `seconds`."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=_CONNECTIONS,
        timeout=seconds,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)


class RedisServer:
    """One `redis://`, `rediss://` or `unix://` address; connects with the first use, and rests after a failure."""

    __slots__ = ("_fault", "_now", "_rest_until", "client")

    def __init__(
        self, url: str, *, now: Callable[[], float] = time.monotonic, seconds: float = _TIMEOUT
    ) -> None:
        """`now` decides when a server that failed is tried again. `seconds`: how long an answer may take."""
        self.client: Redis = server_at(url, seconds)
        self._now = now
        self._rest_until = 0.0
        #: why it could not be asked the last time; None: it could
        self._fault: Sentence | None = None

    async def ask(self, work: Callable[[], Awaitable[_T]], unavailable: type[GatewayError]) -> _T:
        """The server's answer; `unavailable`, with its cause, when there is none."""
        if self._now() < self._rest_until:
            raise self._failed(unavailable, self._fault or say.CACHE_UNREACHABLE)
        try:
            done = await work()
        except (RedisError, OSError, TimeoutError) as error:
            # One that answers, and does not take this (full, read-only), may well take the next one.
            if not isinstance(error, ResponseError):
                self._rest_until = self._now() + _REST_SECONDS
            raise self._failed(unavailable, reason_of(error)) from None
        self._fault = None
        return done

    async def close(self) -> None:
        """Free the connections."""
        with contextlib.suppress(RedisError, OSError):
            await self.client.aclose()

    def _failed(self, unavailable: type[GatewayError], why: Sentence) -> GatewayError:
        if why != self._fault:
            self._fault = why
            log().error("cache.unavailable", reason=why.en)
        return unavailable(why, retry_after=_RETRY_SECONDS)


class RedisCache:
    """A cache at one `redis://`, `rediss://` or `unix://` address; connects with the first use."""

    __slots__ = ("_server",)

    def __init__(self, url: str, *, now: Callable[[], float] = time.monotonic) -> None:
        """`now` decides when a server that failed is tried again."""
        self._server = RedisServer(url, now=now)

    async def get(self, key: str) -> bytes | None:
        """The value, or None when it is gone or was never there. PendingUnavailable."""
        value: Any = await self._server.ask(
            lambda: self._server.client.get(_PREFIX + key), PendingUnavailable
        )
        return value if isinstance(value, bytes) else None

    async def put(self, key: str, value: bytes, seconds: int, owner: str = "") -> None:  # noqa: ARG002
        """Keep a value for `seconds`; the server knows no owners. PendingUnavailable when it does not take it."""
        if seconds > 0:
            client = self._server.client
            await self._server.ask(lambda: client.set(_PREFIX + key, value, ex=seconds), PendingUnavailable)

    async def close(self) -> None:
        """Free the connections."""
        await self._server.close()


def reason_of(error: Exception) -> Sentence:
    """The cause and the remedy; the server's own text is not repeated."""
    return next((sentence for kind, sentence in _CAUSES if isinstance(error, kind)), say.CACHE_UNREACHABLE)
