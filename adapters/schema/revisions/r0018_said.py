"""What a receiver said of the last attempt of a delivery, in its own words: sealed and erased as the message is."""

from adapters.schema.revision import DatabaseFile, Revision

REVISION = Revision(
    number="0018",
    file=DatabaseFile.LOG,
    sqlite=("ALTER TABLE deliveries ADD COLUMN said BLOB NOT NULL DEFAULT x''",),
    postgres=("ALTER TABLE deliveries ADD COLUMN said bytea NOT NULL DEFAULT ''",),
)
