"""The queue of corrections over SQL (gateway.ports.corrections): a file of its own beside SQLite's log, or a table."""

from collections.abc import Sequence

from adapters.schema.revision import DatabaseFile
from adapters.stores.database import Database, TableOwner, search
from gateway.domain.errors import CorrectionsUnavailable
from gateway.domain.row_filter import RowFilter
from gateway.ports.corrections import CorrectionRow

_COLUMNS = (
    "id, period, person, requester, source, attribute, state, opened, delivered, sealed, sender, parent"
)
_SELECT = f"SELECT seq, {_COLUMNS} FROM corrections"  # noqa: S608 -- columns
_ADD = (
    f"INSERT INTO corrections ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"  # noqa: S608 -- columns
    " ON CONFLICT (id) DO NOTHING RETURNING id"
)
_FIND = f"{_SELECT} WHERE id = $1"
_OF_PERSON = (
    f"{_SELECT} WHERE person IN ({{0}}) OR sender IN ({{0}}) OR parent IN ({{0}}) ORDER BY seq DESC LIMIT $1"
)
_PERIODS = "SELECT DISTINCT period FROM corrections WHERE state = $1"
# `delivered` is the name that the column of `changed` has since it was made
_MOVE = "UPDATE corrections SET state = $2, delivered = $3 WHERE id = $1 AND state IN ({}) RETURNING id"
_MOVE_ALL = "UPDATE corrections SET state = $2, delivered = $3 WHERE state = $1"
CORRECTIONS = TableOwner(
    unreadable=CorrectionsUnavailable, unwritten=CorrectionsUnavailable, file=DatabaseFile.CORRECTIONS
)


class SqlCorrections:
    """Implements gateway.ports.corrections.CorrectionRows."""

    def __init__(self, database: Database) -> None:
        """Over a database with the table."""
        self._database = database

    async def add(self, row: CorrectionRow) -> bool:
        """Store a report durably; False when its id exists."""
        return bool(await self._database.write((_ADD, row[1:])))

    async def find(self, correction: str) -> CorrectionRow | None:
        """The report with this id."""
        found = await self._database.read(_FIND, correction)
        return CorrectionRow(*found[0]) if found else None

    async def about(self, wanted: RowFilter) -> Sequence[CorrectionRow]:
        """The newest matching rows, newest first."""
        text, values = search(_SELECT, wanted)
        return [CorrectionRow(*row) for row in await self._database.read(text, *values)]

    async def of_person(self, persons: Sequence[bytes], count: int) -> Sequence[CorrectionRow]:
        """The newest rows of a person, as its sender or as the parent of the newborn too, newest first."""
        places = ", ".join(f"${number}" for number in range(2, 2 + len(persons)))
        found = await self._database.read(_OF_PERSON.format(places), count, *persons)
        return [CorrectionRow(*row) for row in found]

    async def move(self, correction: str, before: Sequence[str], state: str, at: float) -> bool:
        """Set the state of a correction; False if its state is none of `before`."""
        places = ", ".join(f"${number}" for number in range(4, 4 + len(before)))
        return bool(await self._database.write((_MOVE.format(places), (correction, state, at, *before))))

    async def move_all(self, before: str, state: str, at: float, period: str = "") -> None:
        """Set the state of all corrections in the state `before`."""
        of_one = (f"{_MOVE_ALL} AND period = $4", (before, state, at, period))
        await self._database.write(of_one if period else (_MOVE_ALL, (before, state, at)))

    async def periods(self, state: str) -> Sequence[str]:
        """The months of reports in this state."""
        return [period for (period,) in await self._database.read(_PERIODS, state)]
