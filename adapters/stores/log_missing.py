"""Checks for an existing log, so that no empty log or new keys are made by mistake."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from adapters.schema.migration import version_in
from adapters.stores import sql
from adapters.stores.database import LOG
from adapters.stores.postgres import PostgresDatabase, open_lanes
from adapters.stores.sqlite import reason_of
from gateway.domain.errors import ConfigError, LogUnavailable, Problem
from gateway.exchange_log.key_files import MARK_FILE, ROOT_FILE, SIGNING_FILE
from gateway.ports.exchange_log import LogMarks

_TABLE = "SELECT to_regclass('append_log') IS NOT NULL"
_STATE_TABLE = "SELECT to_regclass('log_state') IS NOT NULL"
_SIGNED_BY = "SELECT vkey FROM log_state"
_SEALED = "SELECT EXISTS (SELECT 1 FROM period_keys)"


async def log_missing(url: str, state_dir: Path) -> str:
    """The place without a log, in words; empty when there is a log of any release. Creates nothing.

    LogUnavailable when a database cannot be asked. Faults of an existing log are raised by `open_log`.
    """
    if sql.is_postgres(url):
        [found] = await _read(url, _TABLE)
        return "" if found else "there is no log in the database of log.url"
    path = sql.sqlite_path(url, state_dir)
    return f"there is no log in {path.parent}" if await asyncio.to_thread(file_missing, path) else ""


def refuse_lost_log(url: str, state_dir: Path) -> None:
    """ConfigError where the SQLite file of a log is missing and keys of a log stand. Blocks for a moment.

    Else the same key would sign a second log of the same origin, from its first record on.
    """
    keys = [name for name in (ROOT_FILE, SIGNING_FILE, MARK_FILE) if (state_dir / name).exists()]
    path = sql.sqlite_path(url, state_dir)
    if keys and file_missing(path):
        what = f"there is no log in {path.name}, and its keys are there ({', '.join(keys)})"
        remedy = f"restore {path.name} from a backup; for a new log write another log.origin and take these files away"
        raise ConfigError([Problem("log.url", 0, what, remedy)])


async def log_marks(url: str, state_dir: Path) -> LogMarks:
    """What the log of any release shows of its keys. Creates nothing.

    LogUnavailable when it cannot be asked.
    """
    if await log_missing(url, state_dir):
        return LogMarks()
    if not sql.is_postgres(url):
        return await asyncio.to_thread(_marks_in_file, sql.sqlite_path(url, state_dir))
    [numbered] = await _read(url, _STATE_TABLE)
    signed = await _read(url, _SIGNED_BY) if numbered else []
    [sealed] = await _read(url, _SEALED)
    return LogMarks(signed[0] if signed else "", sealed)


async def _read(url: str, text: str) -> list[Any]:
    """One column. The database is closed after it: it may not be one of this gateway."""
    database = PostgresDatabase(open_lanes(url), LOG)
    try:
        return [one for (one,) in await database.read(text)]
    finally:
        await database.close()


def _marks_in_file(path: Path) -> LogMarks:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            tables = {
                row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            }
            signed = connection.execute(_SIGNED_BY).fetchone() if "log_state" in tables else None
            sealed = connection.execute(_SEALED).fetchone() if "period_keys" in tables else (0,)
            return LogMarks(signed[0] if signed else "", bool(sealed[0]))
    except sqlite3.Error as error:
        raise LogUnavailable(reason_of(error)) from None


def file_missing(path: Path) -> bool:
    """Whether a SQLite file is missing, or has no schema of the gateway. Creates nothing."""
    try:
        return not path.is_file() or version_in(path) is None
    except OSError:
        return True
    except sqlite3.Error:
        return False
