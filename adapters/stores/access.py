"""Used proofs and revocations in SQL (gateway.ports.access).

They survive restarts and power loss: a machine can restart before an assertion, signed message or proof expires.
With SQLite they are in a file beside that of the log, so that commits of one never wait for the other.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from adapters.schema.revision import DatabaseFile
from adapters.stores.database import Database, Found, Statement, TableOwner
from gateway.domain import sentences as say
from gateway.domain.errors import AccessUnavailable
from gateway.ports.access import Revoked

#: in SQLite in a file of its own beside the log's
ACCESS: Final = TableOwner(
    unreadable=AccessUnavailable, unwritten=AccessUnavailable, file=DatabaseFile.ACCESS
)
_CHUNK = 256
_WAITING = 10_000
#: between two clearings of what is over
_CLEAR_SECONDS = 60.0
_CLEAR_SHOWN = "DELETE FROM access_replays WHERE until < $1"
_SHOWN = "INSERT INTO access_replays (key, until) VALUES {} ON CONFLICT (key) DO NOTHING RETURNING key"
_ADD = "INSERT INTO access_revocations (kind, id, at, until) VALUES ($1, $2, $3, $4)"
_SINCE = "SELECT seq, kind, id, at FROM access_revocations WHERE seq > $1 ORDER BY seq"
#: the newest row stays: its number is the epoch
_CLEAR_REVOKED = (
    "DELETE FROM access_revocations WHERE until < $1 AND seq < (SELECT max(seq) FROM access_revocations)"
)
#: numbers are taken when a row is written and seen when it is committed: one writer at a time keeps both in order
_LOCK = "motlan.revocations"


class _ShownProof(NamedTuple):
    key: bytes
    until: float
    done: "asyncio.Future[bool]"


class SqlReplays:
    """One task writes for all waiting callers: calls during a batch share the next one."""

    __slots__ = ("_clear_next", "_closed", "_database", "_task", "_waiting")

    def __init__(self, database: Database) -> None:
        """Over a database with the tables."""
        self._database = database
        self._waiting: list[_ShownProof] = []
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._clear_next = 0.0

    async def first(self, key: bytes, until: float) -> bool:
        """Whether the key is new; remembered until then. AccessUnavailable when that cannot be known."""
        if self._closed or len(self._waiting) >= _WAITING:
            raise AccessUnavailable(say.REPLAYS_CLOSED if self._closed else say.TOO_MANY_REPLAYS)
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(_ShownProof(key, until, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_all(), name="replays")
        return await done

    async def close(self) -> None:
        """Write the waiting rows; new ones are refused."""
        self._closed = True
        if self._task is not None:
            await self._task

    async def _write_all(self) -> None:
        while self._waiting:
            rows, self._waiting = self._waiting[:_CHUNK], self._waiting[_CHUNK:]
            try:
                found = await self._database.write(*self._cleared(), _statement(rows))
            except Exception as error:  # noqa: BLE001 -- each caller needs its error
                why = error.sentence if isinstance(error, AccessUnavailable) else say.REPLAYS_FAILED
                _refuse(rows, AccessUnavailable(why))
            else:
                _settle(rows, found)

    def _cleared(self) -> list[Statement]:
        now = time.monotonic()
        if now < self._clear_next:
            return []
        self._clear_next = now + _CLEAR_SECONDS
        return [(_CLEAR_SHOWN, (time.time(),))]


class SqlRevocations:
    """Numbered in the order in which they are committed."""

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        """Over a database with the tables."""
        self._database = database

    async def add(self, kind: str, name: str, at: float, until: float) -> None:
        """Store a revocation durably."""
        added = (_ADD, (kind, name, at, until))
        await self._database.write((_CLEAR_REVOKED, (time.time(),)), added, lock=_LOCK)

    async def since(self, seq: int) -> Sequence[Revoked]:
        """Revocations after `seq`."""
        return [Revoked(*row) for row in await self._database.read(_SINCE, seq)]


def _statement(rows: Sequence[_ShownProof]) -> Statement:
    """One statement for all rows. The last row is repeated up to a power of two, so that few texts are prepared."""
    filled = [*rows, *([rows[-1]] * ((1 << (len(rows) - 1).bit_length()) - len(rows)))]
    places = ", ".join(f"(${number}, ${number + 1})" for number in range(1, 2 * len(filled), 2))
    return _SHOWN.format(places), [part for row in filled for part in row[:2]]


def _settle(rows: Sequence[_ShownProof], found: Found) -> None:
    new = {bytes(key) for (key,) in found}
    for row in rows:  # of two alike in one batch, the first is the new one
        if not row.done.done():
            row.done.set_result(row.key in new)
        new.discard(row.key)


def _refuse(rows: Sequence[_ShownProof], error: AccessUnavailable) -> None:
    for row in rows:
        if not row.done.done():
            row.done.set_exception(AccessUnavailable(error.sentence))
