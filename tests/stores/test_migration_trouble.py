"""The schema of an empty store is made when it can be, and errors keep their meaning."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.schema.migration import prepare
from adapters.schema.revision import DatabaseFile
from adapters.stores.opening import open_log
from adapters.stores.upgrade import upgrade
from gateway.domain import sentences as say
from gateway.domain.errors import ConfigError, LogUnavailable
from tests.stores.sample import ORIGIN, ROOT_KEY, run_sql

ROOT = Path(__file__).parents[2]
#: an owner brings an empty store up, and it takes a record
WRITING = """
import asyncio, sys
from pathlib import Path
from adapters.stores.opening import open_log
from adapters.stores.upgrade import upgrade
async def main():
    await upgrade(sys.argv[1], Path(sys.argv[2]), {})
    log = open_log(sys.argv[1], Path(sys.argv[2]), "log.test/exchange", bytes(32))
    print(await log.ready())
    await log.close()
asyncio.run(main())
"""


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file of this process and its children grows beyond `size` bytes, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def test_disk_that_fills_while_the_store_is_made_is_told_and_it_can_be_made_later(tmp_path: Path) -> None:
    with files_up_to(6_000), pytest.raises(ConfigError, match="OperationalError"):
        open_log("sqlite:///exchange.db", tmp_path, ORIGIN, ROOT_KEY)
    prepare(tmp_path / "exchange.db", DatabaseFile.LOG)
    assert (tmp_path / "exchange.db").stat().st_mode & 0o777 == 0o600


async def test_account_that_may_not_make_tables_is_told_so_and_nothing_is_left(
    empty_postgres_url: str, tmp_path: Path
) -> None:
    role = "guest" + os.urandom(4).hex()
    await run_sql(empty_postgres_url, tmp_path, f"CREATE ROLE {role} LOGIN")
    await run_sql(empty_postgres_url, tmp_path, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    with pytest.raises(LogUnavailable) as caught:
        await upgrade(empty_postgres_url.replace("//postgres:", f"//{role}:"), tmp_path, {})
    assert caught.value.sentence == say.DATABASE_RIGHT_MISSING
    assert await run_sql(empty_postgres_url, tmp_path, "SELECT to_regclass('append_log')") == [(None,)]


async def test_database_that_is_away_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(LogUnavailable) as caught:
        await upgrade("postgresql://nobody:canary@127.0.0.1:1/none", tmp_path, {})
    assert caught.value.sentence == say.DATABASE_UNREACHABLE


def test_owners_who_migrate_an_empty_database_together_migrate_once(
    empty_postgres_url: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", WRITING, empty_postgres_url, str(tmp_path)]
    processes = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603 -- this interpreter
        for _ in range(3)
    ]
    assert [process.communicate(timeout=60)[0] for process in processes] == ["True\n"] * 3
