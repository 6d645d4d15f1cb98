"""A connection to PostgreSQL that one at a time uses, met again after it was lost.

It commits durably, to a database with the newest schema.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from adapters.schema.migration import is_current, version_of_database
from adapters.stores import sql
from adapters.stores.postgres_causes import OLDEST_POSTGRES, reason_of
from gateway.domain import sentences as say
from gateway.domain.errors import GatewayError, LogUnavailable

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]

_T = TypeVar("_T")
_CONNECT_SECONDS = 3.0
_COMMAND_SECONDS = 5.0
_ENDS = f"SET statement_timeout = '{_COMMAND_SECONDS + 1:.0f}s'"
#: whoever waited so long in vain, and has no more time, says that it hangs
_HANGS_SECONDS = 0.4
_REST_SECONDS = 1.0


class PostgresConnection:
    """Whoever comes while it is in use waits; nobody waits behind whoever finds out that the database hangs.

    Once it did not answer in time, everybody is told so at once for a moment; then one tries again for all.
    """

    __slots__ = ("_connection", "_hangs", "_in_use", "_rest_seconds", "_rest_until", "_unavailable", "_url")

    def __init__(
        self, url: str, unavailable: type[GatewayError], rest_seconds: float = _REST_SECONDS
    ) -> None:
        """Connects with the first use. `unavailable` is raised, with a reason, when the database cannot be asked.

        `rest_seconds`: how long a database that hangs is left alone; 0: everybody tries for himself.
        """
        self._url = url
        self._unavailable = unavailable
        self._rest_seconds = rest_seconds
        self._in_use = asyncio.Lock()
        self._connection: asyncpg.Connection[Any] | None = None
        self._hangs = False
        self._rest_until = 0.0

    async def use(self, work: "Callable[[asyncpg.Connection[Any]], Awaitable[_T]]") -> _T:
        """What the work gives; the next use has a fresh connection when it fails."""
        if self._hangs and self._in_use.locked():
            raise self._unavailable(say.DATABASE_LATE)
        async with self._in_use:
            began = asyncio.get_running_loop().time()
            if began < self._rest_until:
                raise self._unavailable(say.DATABASE_LATE)
            try:
                return await self._used(work)
            except LogUnavailable as error:
                self._disconnect()
                raise self._unavailable(error.said) from None
            except Exception as error:  # noqa: BLE001 -- the driver's or the network's; nobody may wait in vain
                self._disconnect()
                self._note(began, late=isinstance(error, TimeoutError))
                raise self._unavailable(reason_of(error)) from None
            except BaseException:
                self._disconnect()  # the answer still under way is not for the next command
                self._note(began, late=True)
                raise

    async def _used(self, work: "Callable[[asyncpg.Connection[Any]], Awaitable[_T]]") -> _T:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._url)
            # what a process asked that died meanwhile ends at the server as well
            await self._connection.execute(_ENDS)
        async with asyncio.timeout(_COMMAND_SECONDS):
            done = await work(self._connection)
        self._hangs = False
        return done

    def _note(self, began: float, *, late: bool) -> None:
        """Nobody had his answer: because the database hangs, if whoever waited for it did so for long."""
        now = asyncio.get_running_loop().time()
        if self._rest_seconds and late and now - began > _HANGS_SECONDS:
            self._hangs = True
            self._rest_until = now + self._rest_seconds

    async def close(self) -> None:
        """Close it."""
        self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


async def connect(url: str) -> "asyncpg.Connection[Any]":
    """An own connection that commits durably, to a database with the newest schema."""
    import asyncpg  # noqa: PLC0415 -- an extra, only installed where PostgreSQL is used

    address = sql.postgres_dsn(url)
    connection = await asyncpg.connect(address, timeout=_CONNECT_SECONDS, command_timeout=_COMMAND_SECONDS)
    try:
        await check_version(connection)
        if await connection.fetchval("SHOW synchronous_commit") == "off":
            await connection.execute("SET synchronous_commit = on")
        if not is_current(await version_of_database(connection)):
            await asyncio.shield(asyncio.to_thread(sql.migrate_postgres, url))
    except BaseException:
        connection.terminate()
        raise
    return connection


async def check_version(connection: "asyncpg.Connection[Any]") -> None:
    """LogUnavailable when the server is older than what our schema and statements need."""
    found = connection.get_server_version()
    if found.major < OLDEST_POSTGRES:
        raise LogUnavailable(say.DATABASE_TOO_OLD(found=found.major, oldest=OLDEST_POSTGRES))
