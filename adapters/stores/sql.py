"""The SQL stores' addresses: SQLite embedded, PostgreSQL in production.

`sqlite:///file.db` is a file in the state folder, `sqlite:////path/file.db` one anywhere;
`postgresql://user:password@host/database` is PostgreSQL (asyncpg's form, also with `+asyncpg`).
"""

from pathlib import Path
from urllib.parse import unquote

from adapters.schema.revision import DatabaseFile
from gateway.domain.errors import ConfigError, Problem

#: SQLite files beside the log; that of a witness is its own
BESIDE = (DatabaseFile.ACCESS, DatabaseFile.CONSENTS, DatabaseFile.CORRECTIONS)

_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgresql+asyncpg://", "postgres://")


def is_postgres(url: str) -> bool:
    """Whether the address is one of PostgreSQL; ConfigError when it is of no store known here."""
    if url.startswith(_POSTGRES):
        return True
    if url.startswith(_SQLITE) and len(url) > len(_SQLITE):
        return False
    # The address itself is not repeated: it may hold a password.
    remedy = "write sqlite:///exchange.db or postgresql://user@host/database"
    raise ConfigError([Problem("log.url", 0, "the address is neither SQLite's nor PostgreSQL's", remedy)])


def sqlite_path(url: str, folder: Path) -> Path:
    """The database file; relative addresses lie in `folder`."""
    return folder / unquote(url.removeprefix(_SQLITE))


def file_beside(url: str, folder: Path, file: DatabaseFile) -> Path:
    """That of the log at `url`, or a SQLite file beside it, whose commits never wait for the log's."""
    path = sqlite_path(url, folder)
    return path if file is DatabaseFile.LOG else path.with_name(f"{file}.sqlite")


def postgres_dsn(url: str) -> str:
    """The address as asyncpg takes it; its connections are called `motlan`, unless it has an `application_name`."""
    address = "postgresql://" + url.split("://", 1)[1]
    if "application_name=" in address:
        return address
    return f"{address}{'&' if '?' in address else '?'}application_name=motlan"
