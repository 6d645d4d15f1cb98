"""The periods of the log for its administrator: what keys there are, their destruction, their wrapping anew."""

from collections.abc import Callable, Sequence
from pathlib import Path

from adapters.stores.changing import Changing, open_changing
from adapters.stores.log_reader import bytes_of
from gateway.ports.exchange_log import PeriodFacts

_KEYS = "SELECT period, wrapped FROM period_keys ORDER BY period"
_FACTS = (
    "SELECT p.period, p.made, p.erased, CASE WHEN k.period IS NULL THEN 0 ELSE 1 END"
    " FROM log_periods p LEFT JOIN period_keys k ON k.period = p.period ORDER BY p.period"
)
_TABLE = "period_keys"


class SqlPeriodVault:
    """Period keys in one database (gateway.ports_log.PeriodVault)."""

    def __init__(self, changing: Changing) -> None:
        """Closes `changing` with itself."""
        self._changing = changing
        self.journalled = changing.journalled

    async def facts(self) -> Sequence[PeriodFacts]:
        """Every period that ever had keys, oldest first."""
        return [
            PeriodFacts(period, made, erased, bool(living))
            for period, made, erased, living in await self._changing.fetch(_FACTS)
        ]

    async def destroy(self, period: str) -> bool:
        """Delete the keys of a period, so that their bytes are in no file of the tables any more; may be repeated.

        False when they are deleted, but the tables may hold their bytes for a while. What a journal holds is not asked.
        """
        wanted = "SELECT wrapped FROM period_keys WHERE period = $1"
        remains = [bytes_of(row[0]) for row in await self._changing.fetch(wanted, period)]
        if remains:
            # Older copies first, as long as it is known what to look for.
            await self._changing.scrub(_TABLE, remains)
            await self._changing.change([("DELETE FROM period_keys WHERE period = $1", [(period,)])])
        return await self._changing.scrub(_TABLE)

    async def rewrap(self, wrap: Callable[[str, bytes], bytes | None]) -> None:
        """Wrap all keys anew in one transaction; `wrap` gives None for those that stay as they are."""
        text = "UPDATE period_keys SET wrapped = $1 WHERE period = $2"

        def rewrite(rows: list[tuple[str, bytes]]) -> list[tuple[str, list[tuple[bytes, str]]]]:
            fresh = [(wrap(period, bytes_of(wrapped)), period) for period, wrapped in rows]
            return [(text, [(wrapped, period) for wrapped, period in fresh if wrapped is not None])]

        await self._changing.rewrite(_KEYS, rewrite)
        await self._changing.scrub(_TABLE)

    async def close(self) -> None:
        """Free connections."""
        await self._changing.close()


def open_periods(url: str, state_dir: Path) -> SqlPeriodVault:
    """The periods of the log at `url`, which is its administrator's on PostgreSQL."""
    return SqlPeriodVault(open_changing(url, state_dir))
