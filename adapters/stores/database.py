"""One database: reads, writes in one transaction, and the scrubbing of deleted bytes.

Statements are written for PostgreSQL (`$1`); SQLite numbers its parameters alike (`?1`). `sqlite.py` and `postgres.py`
implement it, in lanes of their own (quick, slow, write): a proof never waits for a search, nor a record for either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, NamedTuple, Protocol

from adapters.schema.revision import DatabaseFile
from gateway.domain.errors import GatewayError, LogUnavailable, LogUnreadable
from gateway.domain.row_filter import RowFilter

#: a statement and its parameters
Statement = tuple[str, Sequence[object]]
#: rows that a statement found
Found = list[tuple[Any, ...]]


class Many(NamedTuple):
    """A statement that is run for each of these rows of parameters."""

    text: str
    rows: Sequence[Sequence[object]]


class RowStatement:
    """A statement over rows `given`: those of one piece of work, or of all that share a transaction.

    `text` goes by the names of `columns` in the relation `given`. It may not depend on how many rows there are.
    The first column is never NULL.
    """

    __slots__ = ("_names", "_places", "_text", "must_find", "postgres")

    def __init__(self, columns: str, text: str, *, must_find: bool = False) -> None:
        """`columns`: names with PostgreSQL's types, `id text, at double precision`.

        `must_find`: each row inserts or changes one row of the table, else none of its work is done.
        """
        named = [one.strip().partition(" ") for one in columns.split(",")]
        self._names = ", ".join(name for name, _, _ in named)
        self._places = f"({', '.join('?' * len(named))})"
        self.must_find = must_find
        arrays = ", ".join(f"${place}::{kind}[]" for place, (_, _, kind) in enumerate(named, 1))
        #: takes an array for each column
        self.postgres = f"WITH given ({self._names}) AS (SELECT * FROM unnest({arrays})) {text}"  # noqa: S608 -- our own names
        self._text = text

    def sqlite(self, count: int) -> str:
        """For so many rows at most: takes their values, one row after the other; rows of NULLs are none."""
        rows = f"SELECT * FROM (VALUES {', '.join([self._places] * count)}) WHERE column1 IS NOT NULL"  # noqa: S608 -- our own names
        return f"WITH given ({self._names}) AS ({rows}) {self._text}"


class WorkStep(NamedTuple):
    """A statement of work that is stored with a record, and its rows."""

    statement: RowStatement
    rows: Sequence[Sequence[object]]


class RowWork(NamedTuple):
    """What is stored with a record, in its transaction (`gateway.ports.exchange_log.Work`)."""

    steps: Sequence[WorkStep]


class ReadKind(Enum):
    """The lane of a read, and how a server plans its statement."""

    #: quick lane: a few rows by their key
    QUICK = auto()
    #: quick lane, along indexes: one record, proofs, tiles
    PROOF = auto()
    #: slow lane, along indexes in the order of the answer: searches, exports, inspection
    SEARCH = auto()
    #: slow lane, with room to group: counts over months. In SQLite it may take as long as it takes.
    REPORT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOwner:
    """The owner of some tables: the errors that callers handle, and the SQLite file of the tables."""

    unreadable: type[GatewayError]
    unwritten: type[GatewayError]
    file: DatabaseFile = DatabaseFile.LOG


#: the tables of the log
LOG = TableOwner(unreadable=LogUnreadable, unwritten=LogUnavailable)


class Database(Protocol):
    """The tables of one owner. Its errors are raised when the database cannot be asked."""

    #: whether it takes lists as values, and has partitions (PostgreSQL)
    arrays: bool

    async def read(self, text: str, *values: object, way: ReadKind = ReadKind.QUICK) -> Found:
        """Rows of one statement, which stands alone: no transaction stays open.

        Invalid UTF-8 text in SQLite is returned as bytes.
        """
        ...

    async def write(self, *work: Statement | Many, lock: str = "", erasing: bool = False) -> Found:
        """Run all of it in one durable transaction, or none; gives what the last statement found.

        `lock`: of all writes of this name one runs at a time. `erasing`: what is deleted leaves the files as well, as
        soon as that can be; a server does it by its vacuum.
        """
        ...

    async def scrub(self, table: str, remains: Sequence[bytes] = ()) -> bool:
        """Wait until deleted rows of a table have left the files; whether they have.

        `remains`: bytes of which older copies are looked for, where the file is ours.
        """
        ...

    async def close(self) -> None:
        """Free threads and connections."""
        ...


def search(select: str, wanted: RowFilter, condition: str = "", value: object = None) -> Statement:
    """What `select` gives of the rows that are looked for; only places of parameters are put together here.

    `condition`: one more, about `value` at its `{place}`.
    """
    values: list[object] = [wanted.before, wanted.count]
    wheres = ["seq < $1"]
    columns = (("requester", [wanted.requester]), ("person", wanted.persons), ("state", wanted.states))
    for column, given in columns:
        if named := [one for one in given if one]:
            places = ", ".join(f"${len(values) + number}" for number in range(1, len(named) + 1))
            wheres.append(f"{column} IN ({places})")
            values += named
    if condition:
        values.append(value)
        wheres.append(condition.format(place=f"${len(values)}"))
    return f"{select} WHERE {' AND '.join(wheres)} ORDER BY seq DESC LIMIT $2", values
