"""Decisions about previews; with SQLite in the file of the consents."""

from adapters.schema.revision import DatabaseFile, Revision

REVISION = Revision(
    number="0010",
    file=DatabaseFile.CONSENTS,
    both=(
        "CREATE TABLE decisions (key bytea PRIMARY KEY, until double precision NOT NULL)",
        "CREATE INDEX decisions_until ON decisions (until)",
    ),
    postgres=("REVOKE ALL ON decisions FROM PUBLIC",),
)
