"""A connection to PostgreSQL for what access remembers, met again after it was lost."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from adapters.stores.log_postgres import connect, reason_of
from gateway.domain.errors import AccessUnavailable, LogUnavailable

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]

_T = TypeVar("_T")
_COMMAND_SECONDS = 5.0


class AccessConnection:
    """One at a time uses it."""

    __slots__ = ("_connection", "_in_use", "_url")

    def __init__(self, url: str) -> None:
        """Connects with the first use."""
        self._url = url
        self._in_use = asyncio.Lock()
        self._connection: asyncpg.Connection[Any] | None = None

    async def use(self, work: "Callable[[asyncpg.Connection[Any]], Awaitable[_T]]") -> _T:
        """What the work gives; AccessUnavailable when the database cannot be asked."""
        async with self._in_use:
            try:
                if self._connection is None or self._connection.is_closed():
                    self._connection = await connect(self._url)
                async with asyncio.timeout(_COMMAND_SECONDS):
                    return await work(self._connection)
            except LogUnavailable as error:
                raise AccessUnavailable(error.detail) from None
            except asyncio.CancelledError:
                self._disconnect()  # the answer still under way is not for the next command
                raise
            except Exception as error:  # noqa: BLE001 -- the driver's or the network's
                self._disconnect()
                raise AccessUnavailable(reason_of(error)) from None

    async def close(self) -> None:
        """Close it."""
        self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
