"""A PostgreSQL database (database.py): few connections in three lanes, which all stores share.

A process has 3 connections for quick reads, 3 for slow reads, 3 for writes. The writer of the log and the sequencer
have their own. A lost connection is opened again. Commits are durable; the schema must be the newest one.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from adapters.schema.migration import check_schema
from adapters.stores import sql
from adapters.stores.database import Found, Many, ReadKind, Statement, TableOwner
from adapters.stores.postgres_causes import OLDEST_POSTGRES, RIGHT_MISSING, reason_of
from gateway.domain import sentences as say
from gateway.domain.errors import DatabaseUnfit, GatewayError, LogRolledBack, LogUnavailable, RightMissing
from gateway.domain.sentences import Sentence

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]

_T = TypeVar("_T")
_DatabaseWork = Callable[[Any], Awaitable[_T]]
_CONNECT_SECONDS = 3.0
_COMMAND_SECONDS = 5.0
_SEARCH_SECONDS = 30.0
_ADMIN_SECONDS = 600.0
#: connections of one lane
_EACH = 3
#: a caller whose time ends after this wait reports that the database hangs
_HANGS_SECONDS = 0.4
_REST_SECONDS = 1.0

#: of connections that may write
NO_SETTINGS: Final[Mapping[str, str]] = MappingProxyType({})
_READ_ONLY: Final = MappingProxyType({"default_transaction_read_only": "on"})
#: Our statements walk indexes in the order of the answer. PostgreSQL would sort all that fits whenever it thinks that
#: little does, would plan each search again for every partition, and start workers for a handful of rows.
_BY_INDEX: Final = MappingProxyType(
    {
        **_READ_ONLY,
        **{f"enable_{way}": "off" for way in ("sort", "seqscan", "bitmapscan", "hashjoin", "mergejoin")},
        "max_parallel_workers_per_gather": "0",
        "plan_cache_mode": "force_generic_plan",
        "jit": "off",
    }
)
#: room to group, and no workers beside those that serve
_GROUPING: Final = MappingProxyType(
    {**_READ_ONLY, "work_mem": "64MB", "max_parallel_workers_per_gather": "0", "jit": "off"}
)
_SETTINGS: Final = MappingProxyType(
    {
        ReadKind.QUICK: _READ_ONLY,
        ReadKind.PROOF: _BY_INDEX,
        ReadKind.SEARCH: _BY_INDEX,
        ReadKind.REPORT: _GROUPING,
    }
)


class Lane:
    """At most `count` connections; a caller waits while all are in use.

    Callers do not queue behind a database that hangs: once it did not answer in time, all are refused at once for a
    moment; then one tries again for all.
    """

    __slots__ = (
        "_admin",
        "_count",
        "_free",
        "_hangs",
        "_idle",
        "_in_use",
        "_on_connect",
        "_rest_seconds",
        "_rest_until",
        "_seconds",
        "_url",
    )  # fmt: skip

    def __init__(
        self,
        url: str,
        count: int = 1,
        seconds: float = _COMMAND_SECONDS,
        *,
        rest_seconds: float = _REST_SECONDS,
        admin: bool = False,
        on_connect: "Callable[[asyncpg.Connection[Any]], Awaitable[None]] | None" = None,
    ) -> None:
        """Connects at the first use. `seconds`: the time limit of a statement.

        `rest_seconds`: how long a database that hangs is left alone; 0: each one tries. `admin`: the account is that of
        an administrator, whose errors name the missing right. `on_connect` sees each new connection before it is
        used, and refuses it with LogRolledBack.
        """
        self._admin = admin
        self._on_connect = on_connect
        self._url = url
        self._count = count
        self._seconds = seconds
        self._rest_seconds = rest_seconds
        self._free = asyncio.Semaphore(count)
        self._in_use = 0
        #: connections with the settings that they have, the last used at the end
        self._idle: list[tuple[Mapping[str, str], asyncpg.Connection[Any]]] = []
        self._hangs = False
        self._rest_until = 0.0

    async def use(
        self,
        work: _DatabaseWork[_T],
        unavailable: type[GatewayError],
        settings: Mapping[str, str] = NO_SETTINGS,
    ) -> _T:
        """The result of the work; a connection on which it fails is not used again.

        `unavailable` is raised, with a reason, when the database cannot be asked.
        """
        await self._waited(unavailable)
        began = asyncio.get_running_loop().time()
        self._in_use += 1
        try:
            found = await self._used(work, settings)
        except LogRolledBack:
            raise
        except GatewayError as error:
            raise unavailable(error.sentence or say.DATABASE_TAKES_NOTHING) from None
        except Exception as error:  # noqa: BLE001 -- the driver's or the network's; each caller needs its error
            self._note(began, late=isinstance(error, TimeoutError))
            if self._admin and getattr(error, "sqlstate", None) == RIGHT_MISSING:
                raise RightMissing(say.RIGHT_MISSING) from None
            raise unavailable(reason_of(error, _otherwise(settings))) from None
        except BaseException:
            self._note(began, late=True)
            raise
        finally:
            self._in_use -= 1
            self._free.release()
        self._hangs = False
        return found

    async def close(self) -> None:
        """Close those that are idle."""
        while self._idle:
            self._idle.pop()[1].terminate()

    async def _waited(self, unavailable: type[GatewayError]) -> None:
        if self._hangs and self._in_use:
            raise unavailable(say.DATABASE_LATE)
        try:
            async with asyncio.timeout(self._seconds + _CONNECT_SECONDS):
                await self._free.acquire()
        except TimeoutError:
            raise unavailable(say.DATABASE_LATE) from None

    async def _used(self, work: _DatabaseWork[_T], settings: Mapping[str, str]) -> _T:
        if asyncio.get_running_loop().time() < self._rest_until:
            raise LogUnavailable(say.DATABASE_LATE)
        connection = await self._taken(settings)
        try:
            async with asyncio.timeout(self._seconds):
                found = await work(connection)
        except BaseException:
            connection.terminate()  # the answer still under way is not for the next command
            raise
        self._idle.append((settings, connection))
        return found

    async def _taken(self, settings: Mapping[str, str]) -> "asyncpg.Connection[Any]":
        """An idle connection, best one with these settings; else a new one below the limit."""
        self._idle = [one for one in self._idle if not one[1].is_closed()]
        fitting = [place for place, (had, _) in enumerate(self._idle) if had is settings]
        if fitting:
            return self._idle.pop(fitting[-1])[1]
        # What a process asked that died meanwhile ends at the server as well.
        changed = {"statement_timeout": f"{self._seconds + 1:.0f}s", **settings}
        text = "; ".join(f"SET {name} = '{value}'" for name, value in changed.items())
        if len(self._idle) + self._in_use <= self._count:
            connection = await connect(self._url, self._seconds, migrated=settings is NO_SETTINGS)
        else:
            connection = self._idle.pop(0)[1]
            text = f"RESET ALL; {text}"
        try:
            # Not with the start of the connection: `target_session_attrs=read-write` would find no server then.
            await connection.execute(text, timeout=_COMMAND_SECONDS)
            if self._on_connect is not None:
                await self._on_connect(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection

    def _note(self, began: float, *, late: bool) -> None:
        """Notes a missing answer: after a long wait the database counts as hanging."""
        now = asyncio.get_running_loop().time()
        if self._rest_seconds and late and now - began > _HANGS_SECONDS:
            self._hangs = True
            self._rest_until = now + self._rest_seconds


def _otherwise(settings: Mapping[str, str]) -> Sentence:
    return say.DATABASE_TAKES_NOTHING if settings is NO_SETTINGS else say.DATABASE_ANSWERS_NOTHING


class Lanes:
    """The connections of a process to one database, shared by all table owners: at most nine."""

    __slots__ = ("quick", "slow", "write")

    def __init__(self, quick: Lane, slow: Lane, write: Lane) -> None:
        """Closes them with itself."""
        self.quick = quick
        self.slow = slow
        self.write = write

    async def close(self) -> None:
        """Close the connections."""
        for lane in (self.quick, self.slow, self.write):
            await lane.close()


def open_lanes(url: str) -> Lanes:
    """Those of a gateway, or of a command that reads."""
    slow = Lane(url, _EACH, _SEARCH_SECONDS, rest_seconds=0)
    return Lanes(Lane(url, _EACH), slow, Lane(url, _EACH))


def open_admin_lanes(url: str) -> Lanes:
    """Those of an administrator's command, with long time limits."""
    return Lanes(*(Lane(url, 1, _ADMIN_SECONDS, rest_seconds=0, admin=True) for _ in range(3)))


class PostgresDatabase:
    """The tables of one owner."""

    __slots__ = ("_lanes", "_room", "arrays")

    def __init__(self, lanes: Lanes, room: TableOwner) -> None:
        """Closes `lanes` with itself."""
        self.arrays = True
        self._lanes = lanes
        self._room = room

    async def read(self, text: str, *values: object, way: ReadKind = ReadKind.QUICK) -> Found:
        """Rows of one statement; it may not change anything."""

        async def work(connection: "asyncpg.Connection[Any]") -> Found:
            return [tuple(row) for row in await connection.fetch(text, *values)]

        lane = self._lanes.slow if way in (ReadKind.SEARCH, ReadKind.REPORT) else self._lanes.quick
        return await lane.use(work, self._room.unreadable, _SETTINGS[way])

    async def write(self, *work: Statement | Many, lock: str = "", erasing: bool = False) -> Found:
        """Run all of it in one transaction, or none. What is deleted stays in dead rows until the server's vacuum."""
        del erasing
        if lock:
            work = (("SELECT pg_advisory_xact_lock(hashtext($1))", (lock,)), *work)

        async def written(connection: "asyncpg.Connection[Any]") -> Found:
            if len(work) == 1:
                return await _run(connection, work)
            async with connection.transaction():
                return await _run(connection, work)

        return await self._lanes.write.use(written, self._room.unwritten)

    async def scrub(self, table: str, remains: Sequence[bytes] = ()) -> bool:
        """Free the table's deleted rows at once; False without the right to (the server frees them later)."""
        del remains
        text = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass($1)"
        owner = await self.read(text, table)
        if not owner or not owner[0][0]:
            return False
        await self._lanes.write.use(
            lambda connection: connection.execute(f"VACUUM (FULL) {table}"), self._room.unwritten
        )
        return True

    async def close(self) -> None:
        """Close the connections of all table owners."""
        await self._lanes.close()


async def _run(connection: "asyncpg.Connection[Any]", work: Sequence[Statement | Many]) -> Found:
    found: Found = []
    for one in work:
        if isinstance(one, Many):
            await connection.executemany(one.text, one.rows)
        else:
            text, values = one
            found = [tuple(row) for row in await connection.fetch(text, *values)]
    return found


async def connect(
    url: str, seconds: float = _COMMAND_SECONDS, *, migrated: bool = True
) -> "asyncpg.Connection[Any]":
    """An own connection that commits durably, whose commands may take `seconds`.

    `migrated`: to a database with this release's schema. It is never migrated here: DatabaseUnfit for another schema.
    LogUnavailable for an address that is not written correctly.
    """
    import asyncpg  # noqa: PLC0415 -- an extra, only installed where PostgreSQL is used

    address = sql.postgres_dsn(url)
    try:
        connection = await asyncpg.connect(address, timeout=_CONNECT_SECONDS, command_timeout=seconds)
    except ssl.SSLError:  # that of a certificate is a ValueError as well
        raise
    except ValueError:
        raise LogUnavailable(say.DATABASE_ADDRESS_WRONG) from None
    try:
        await check_version(connection)
        if await connection.fetchval("SHOW synchronous_commit", timeout=_COMMAND_SECONDS) == "off":
            await connection.execute("SET synchronous_commit = on")
        if migrated:
            await check_schema(connection)
    except BaseException:
        connection.terminate()
        raise
    return connection


async def check_version(connection: "asyncpg.Connection[Any]") -> None:
    """DatabaseUnfit when the server is older than the schema and the statements need."""
    found = connection.get_server_version()
    if found.major < OLDEST_POSTGRES:
        raise DatabaseUnfit(say.DATABASE_TOO_OLD(found=found.major, oldest=OLDEST_POSTGRES))
