"""The cache in Redis or Valkey, shared by all processes (gateway.ports.Cache).

It holds only what may be lost, so it never raises and never makes anybody wait long: what cannot be read is
absent, what cannot be written is dropped, and a server that cannot be reached is left alone for a second.
"""

import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

_T = TypeVar("_T")
_TIMEOUT = 0.25
_REST_SECONDS = 1.0
_CONNECTIONS = 64
_PREFIX = "motlan:"


def server_at(url: str) -> Redis:
    """A client that connects with the first use, asks once and waits a quarter of a second at most."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=_CONNECTIONS,
        timeout=_TIMEOUT,
        socket_timeout=_TIMEOUT,
        socket_connect_timeout=_TIMEOUT,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)


class RedisCache:
    """A cache at one `redis://`, `rediss://` or `unix://` address; connects with the first use."""

    __slots__ = ("_now", "_redis", "_rest_until")

    def __init__(self, url: str, *, now: Callable[[], float] = time.monotonic) -> None:
        """`now` decides when a server that failed is tried again."""
        self._redis: Redis = server_at(url)
        self._now = now
        self._rest_until = 0.0

    async def get(self, key: str) -> bytes | None:
        """The value, or None when it is gone, was never there or cannot be read."""
        value: Any = await self._try(lambda: self._redis.get(_PREFIX + key))
        return value if isinstance(value, bytes) else None

    async def put(self, key: str, value: bytes, seconds: int, owner: str = "") -> None:  # noqa: ARG002
        """Keep a value for `seconds`; dropped when the server does not take it, which knows no owners."""
        if seconds > 0:
            await self._try(lambda: self._redis.set(_PREFIX + key, value, ex=seconds))

    async def close(self) -> None:
        """Free the connections."""
        with contextlib.suppress(RedisError, OSError):
            await self._redis.aclose()

    async def _try(self, work: Callable[[], Awaitable[_T]]) -> _T | None:
        if self._now() < self._rest_until:
            return None
        try:
            return await work()
        except ResponseError:
            # It answers, but does not take this (full, read-only): the next one may well work.
            return None
        except (RedisError, OSError, TimeoutError):
            self._rest_until = self._now() + _REST_SECONDS
            return None
