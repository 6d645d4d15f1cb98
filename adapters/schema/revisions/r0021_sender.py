"""Who sent a report of wrong data, as a keyed index: blank where it is the person whom the report names."""

from adapters.schema.revision import DatabaseFile, Revision

REVISION = Revision(
    number="0021",
    file=DatabaseFile.CORRECTIONS,
    sqlite=(
        "ALTER TABLE corrections ADD COLUMN sender BLOB NOT NULL DEFAULT x''",
        "CREATE INDEX corrections_sender ON corrections (sender)",
    ),
    postgres=(
        "ALTER TABLE corrections ADD COLUMN IF NOT EXISTS sender bytea NOT NULL DEFAULT ''",
        "CREATE INDEX IF NOT EXISTS corrections_sender ON corrections (sender)",
    ),
)
