"""The memory of a witness (adapters/anchors/witness_memory.py): a SQLite file of its own, never in PostgreSQL."""

from adapters.schema.revision import DatabaseFile, Revision

REVISION = Revision(
    number="0013",
    file=DatabaseFile.WITNESS,
    # IF NOT EXISTS: files of the releases before schema versions have these tables.
    sqlite=(
        "CREATE TABLE IF NOT EXISTS seen (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL,"
        " note TEXT NOT NULL, time INTEGER NOT NULL)",
        "CREATE TABLE IF NOT EXISTS evidence (number INTEGER PRIMARY KEY, origin TEXT NOT NULL, size INTEGER NOT NULL,"
        " seen_note TEXT NOT NULL, note TEXT NOT NULL, request BLOB NOT NULL, time INTEGER NOT NULL)",
        "CREATE TABLE IF NOT EXISTS witness (vkey TEXT PRIMARY KEY)",
        # The oldest rows have no root: every refused request was kept then.
        "ALTER TABLE evidence ADD COLUMN root BLOB",
        "CREATE UNIQUE INDEX IF NOT EXISTS evidence_once ON evidence (origin, size, root)",
    ),
)
