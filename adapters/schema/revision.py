"""One step of the schema: which file it belongs to, and its statements for SQLite and PostgreSQL.

A SQLite file runs the revisions of its own; a PostgreSQL database runs those of all files, for it has all tables.
Revisions only add, so that a process of the release before goes on over a database that was upgraded.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class DatabaseFile(StrEnum):
    """A SQLite file of the gateway or the witness."""

    #: the exchange log, where `log.url` says
    LOG = "log"
    #: used proofs and revocations, beside the log
    ACCESS = "access"
    #: consents, own data, requests of data subjects, decisions, beside the log
    CONSENTS = "consents"
    #: reports of corrections, beside the log
    CORRECTIONS = "corrections"
    #: the memory of a witness; never in PostgreSQL
    WITNESS = "witness"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """Statements that bring a schema from the revision before to this one.

    `{path}` in a statement of PostgreSQL is the search path of a function that runs with the owner's rights: tables of
    this schema only, never temporary ones of the same name.
    """

    #: four digits, one more than the revision before
    number: str
    file: DatabaseFile
    #: tables and indexes alike in both, in PostgreSQL's words
    both: tuple[str, ...] = ()
    sqlite: tuple[str, ...] = ()
    postgres: tuple[str, ...] = ()
    #: indexes over large tables that stand: PostgreSQL makes them beside the writers, before the transaction
    made_before: tuple[str, ...] = ()

    def in_sqlite(self) -> tuple[str, ...]:
        """The statements for SQLite."""
        return (*map(_translated, self.both), *self.sqlite)

    def in_postgres(self) -> tuple[str, ...]:
        """The statements for PostgreSQL."""
        return (*self.both, *self.postgres)

    def beside_writers(self) -> dict[str, str]:
        """The statement of each index that is made before, by its name; PostgreSQL runs it outside a transaction."""
        made = {
            name: next(one for one in self.in_postgres() if f" {name} ON " in one)
            for name in self.made_before
        }
        return {
            name: one.replace("CREATE INDEX", "CREATE INDEX CONCURRENTLY", 1) for name, one in made.items()
        }


_IDENTITY = "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
#: types of PostgreSQL, the longer ones first, and those of SQLite
_TYPES = {
    _IDENTITY: "INTEGER PRIMARY KEY AUTOINCREMENT",
    "double precision": "REAL",
    "bigint": "INTEGER",
    "bytea": "BLOB",
    "text": "TEXT",
}
_TYPE = re.compile(rf"\b({'|'.join(_TYPES)})\b")


def _translated(statement: str) -> str:
    """A statement of PostgreSQL for SQLite.

    A table without numbers of its own is kept in the order of its key. What is there stays: files of the releases
    before schema versions have these tables.
    """
    text = _TYPE.sub(lambda found: _TYPES[found[0]], statement)
    text = re.sub("^CREATE (TABLE|INDEX)", r"CREATE \1 IF NOT EXISTS", text)
    by_key = statement.startswith("CREATE TABLE") and _IDENTITY not in statement
    return f"{text} WITHOUT ROWID" if by_key else text
