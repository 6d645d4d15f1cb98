"""Keys of the log's periods, for its administrator: list, destroy, wrap anew."""

import asyncio
from collections.abc import Callable, Sequence

from adapters.stores.database import Database, Many
from adapters.stores.log_reader import bytes_of
from gateway.domain import sentences as say
from gateway.domain.errors import LogUnavailable
from gateway.ports.exchange_log import PeriodFacts

_KEYS = "SELECT period, wrapped FROM period_keys ORDER BY period"
_FACTS = (
    "SELECT p.period, p.made, p.erased, CASE WHEN k.period IS NULL THEN 0 ELSE 1 END"
    " FROM log_periods p LEFT JOIN period_keys k ON k.period = p.period ORDER BY p.period"
)
_TABLE = "period_keys"
_REWRAP = "UPDATE period_keys SET wrapped = $1 WHERE period = $2 AND CAST(wrapped AS {}) = $3"


class SqlPeriodVault:
    """Period keys in one database (gateway.ports.exchange_log.PeriodVault)."""

    def __init__(self, database: Database) -> None:
        """Over a database with the tables."""
        self._database = database
        #: whether a journal of the server keeps what was deleted, out of our reach
        self.journalled = database.arrays

    async def facts(self) -> Sequence[PeriodFacts]:
        """Every period that ever had keys, oldest first."""
        return [
            PeriodFacts(period, made, erased, bool(living))
            for period, made, erased, living in await self._database.read(_FACTS)
        ]

    async def destroy(self, period: str) -> bool:
        """Delete the keys of a period, so that their bytes are in no file of the tables any more; may be repeated.

        False when they are deleted, but the tables may hold their bytes for a while. What a journal holds is not asked.
        """
        wanted = "SELECT wrapped FROM period_keys WHERE period = $1"
        remains = [bytes_of(row[0]) for row in await self._database.read(wanted, period)]
        if remains:
            # Older copies first, as long as it is known what to look for.
            await self._database.scrub(_TABLE, remains)
            await self._database.write(("DELETE FROM period_keys WHERE period = $1", (period,)))
        return await self._database.scrub(_TABLE)

    async def rewrap(self, wrap: Callable[[str, bytes], bytes | None]) -> None:
        """Wrap all keys anew in one transaction; `wrap` gives None for those that stay as they are.

        LogUnavailable when another process changed them meanwhile.
        """
        rows = [(period, bytes_of(wrapped)) for period, wrapped in await self._database.read(_KEYS)]
        wrapped = await asyncio.to_thread(lambda: [wrap(*row) for row in rows])
        fresh = {row: new for row, new in zip(rows, wrapped, strict=True) if new is not None}
        text = _REWRAP.format("bytea" if self._database.arrays else "blob")
        await self._database.write(Many(text, [(new, *row) for row, new in fresh.items()]))
        found: dict[str, bytes] = dict(await self._database.read(_KEYS))
        if any(found.get(period, new) != new for (period, _), new in fresh.items()):
            raise LogUnavailable(say.DATABASE_LOCKED)
        await self._database.scrub(_TABLE)
