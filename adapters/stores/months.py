"""Months of the log as PostgreSQL keeps them: one partition of each searched table, dropped when it is empty.

A process killed meanwhile leaves whole partitions, attached or gone; the next pruning goes on.
"""

import asyncio
from collections.abc import Sequence

from adapters.stores.database import Database
from gateway.domain import sentences as say
from gateway.domain.errors import LogUnavailable

# Seconds before the next try for a partition that is in use.
_PAUSES = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 20.0)

_PARTITIONS = (
    "SELECT p.relname::text, replace(right(c.relname, 7), '_', '-')"
    " FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent"
    " WHERE p.oid IN ('log_entries'::regclass, 'log_subjects'::regclass, 'log_sources'::regclass)"
    " AND c.relkind = 'r' ORDER BY 2, 1"
)
_DROP = "SELECT motlan_drop_month($1, $2)"


async def drop_empty_months(database: Database, pauses: Sequence[float] = _PAUSES) -> None:
    """Drop every partition without a row; LogUnavailable when one stays in use, and another pruning is to try it.

    `pauses` are the seconds between the tries for one that is in use.
    """
    for table, month in await database.read(_PARTITIONS):
        text = f"SELECT EXISTS (SELECT 1 FROM {table} WHERE period = $1)"  # noqa: S608 -- our own names
        [(filled,)] = await database.read(text, month)
        if not filled:
            await _drop(database, table, month, pauses)


async def _drop(database: Database, table: str, month: str, pauses: Sequence[float]) -> None:
    for pause in (*pauses, None):
        [(dropped,)] = await database.write((_DROP, (table, month)))
        if dropped is not None:
            return
        if pause is not None:
            await asyncio.sleep(pause)
    raise LogUnavailable(say.TABLE_IN_USE(month=month))
