"""Whether there is a log to keep: who archives, prunes or changes keys must not make an empty one by a slip."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from adapters.stores import sql
from adapters.stores.reading import PostgresReading

_TABLE = "SELECT to_regclass('append_log') IS NOT NULL"


async def log_missing(url: str, state_dir: Path) -> str:
    """Where no log is, in words; empty when there is one, of whatever release. Creates nothing.

    LogUnavailable when a database cannot be asked. What is wrong with a log that is there, `open_log` tells.
    """
    if sql.is_postgres(url):
        return "" if await _in_postgres(url) else "there is no log in the database of log.url"
    path = sql.sqlite_path(url, state_dir)
    return f"there is no log in {path.parent}" if await asyncio.to_thread(file_missing, path) else ""


async def _in_postgres(url: str) -> bool:
    reading = PostgresReading(url)
    try:
        found = await reading.fetch(_TABLE)
        return bool(found[0][0])
    finally:
        await reading.close()


def file_missing(path: Path) -> bool:
    """Whether a SQLite file is not there, or has no schema of ours. Creates nothing."""
    try:
        if not path.is_file():
            return True
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return sql.sqlite_version(connection) is None
    except OSError:
        return True
    except sqlite3.Error:
        return False
