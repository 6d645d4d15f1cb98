"""Kept papers over SQL (gateway.ports.kept_papers), beside the consents that they depend on."""

from collections.abc import Collection, Sequence

from adapters.stores.database import Database
from gateway.ports.kept_papers import KeptPaperRow

#: $2: now; erased rows have no seal
_VALID = (
    "SELECT k.id, k.consent, k.period, k.person, k.requester, k.procedure, k.component, k.result_code, k.file, k.given,"
    " k.until, k.sealed FROM kept_papers k JOIN consents c ON c.id = k.consent"
    " WHERE c.withdrawn = 0 AND c.expires > $2 AND k.until > $2 AND length(k.sealed) > 0"
)
# A write and a withdrawal wait for each other here.
_HOLD = "UPDATE consents SET withdrawn = withdrawn WHERE id = $1"
_ADD = (
    "INSERT INTO kept_papers (id, consent, period, person, requester, procedure, component, result_code, file, given,"
    " until, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
    " ON CONFLICT (id) DO UPDATE SET period = excluded.period, person = excluded.person, file = excluded.file,"
    " result_code = excluded.result_code, given = excluded.given, until = excluded.until, sealed = excluded.sealed"
)
_NOT_VALID = (
    "DELETE FROM kept_papers WHERE id = $1 AND NOT EXISTS"
    " (SELECT 1 FROM consents WHERE id = $2 AND withdrawn = 0 AND expires > $3)"
)
_THERE = "SELECT id FROM kept_papers WHERE id = $1"
_OVER = (
    "UPDATE kept_papers SET sealed = $2 WHERE length(sealed) > 0 AND (until <= $1 OR consent IN"
    " (SELECT id FROM consents WHERE expires <= $1 OR withdrawn > 0))"
)
_REFERRED = "SELECT file FROM kept_papers WHERE file IN ({files})"
_ENDED = "SELECT id, file FROM kept_papers WHERE length(sealed) = 0 ORDER BY id LIMIT $1"


class SqlKeptPapers:
    """Implements gateway.ports.kept_papers.KeptPaperRows."""

    def __init__(self, database: Database) -> None:
        """Over a database with the tables of consents."""
        self._database = database

    async def add(self, row: KeptPaperRow, now: float) -> bool:
        """Store a paper; nothing when the consent is not valid."""
        found = await self._database.write(
            (_HOLD, (row.consent,)), (_ADD, row), (_NOT_VALID, (row.id, row.consent, now)), (_THERE, (row.id,))
        )  # fmt: skip
        return bool(found)

    async def of(self, persons: Sequence[bytes], requester: str, now: float) -> Sequence[KeptPaperRow]:
        """A person's papers, newest first."""
        if not persons:
            return []
        places = ", ".join(f"${place}" for place in range(3, 3 + len(persons)))
        text = f"{_VALID} AND ($1 = '' OR k.requester = $1) AND k.person IN ({places}) ORDER BY k.given DESC, k.id"
        return [KeptPaperRow(*row) for row in await self._database.read(text, requester, now, *persons)]

    async def find(self, paper: str, now: float) -> KeptPaperRow | None:
        """The paper of an id."""
        found = await self._database.read(f"{_VALID} AND k.id = $1", paper, now)
        return KeptPaperRow(*found[0]) if found else None

    async def ended(self, now: float, most: int) -> Sequence[tuple[str, str]]:
        """Erase the keys of papers that are over; ids and files of all that are erased."""
        await self._database.write((_OVER, (now, b"")), erasing=True)
        return [(str(row[0]), str(row[1])) for row in await self._database.read(_ENDED, most)]

    async def remove(self, papers: Sequence[str]) -> None:
        """Delete erased rows."""
        for paper in papers:
            await self._database.write(
                ("DELETE FROM kept_papers WHERE id = $1 AND length(sealed) = 0", (paper,)), erasing=True
            )  # fmt: skip

    async def referred(self, files: Collection[str]) -> set[str]:
        """The files of kept papers among these."""
        if not files:
            return set()
        places = ", ".join(f"${place}" for place in range(1, 1 + len(files)))
        found = await self._database.read(_REFERRED.format(files=places), *files)
        return {str(row[0]) for row in found}
