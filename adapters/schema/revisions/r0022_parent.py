"""The parent by whose number the newborn of a report of wrong data is found, as a keyed index; blank: no newborn."""

from adapters.schema.revision import DatabaseFile, Revision

REVISION = Revision(
    number="0022",
    file=DatabaseFile.CORRECTIONS,
    sqlite=(
        "ALTER TABLE corrections ADD COLUMN parent BLOB NOT NULL DEFAULT x''",
        "CREATE INDEX corrections_parent ON corrections (parent)",
    ),
    postgres=(
        "ALTER TABLE corrections ADD COLUMN IF NOT EXISTS parent bytea NOT NULL DEFAULT ''",
        "CREATE INDEX IF NOT EXISTS corrections_parent ON corrections (parent)",
    ),
)
