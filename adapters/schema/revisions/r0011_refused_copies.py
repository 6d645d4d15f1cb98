"""Kept copies that a decision refuses, until they are erased; SQLite has them beside the consents."""

from adapters.schema.revision import DatabaseFile, Revision

REVISION = Revision(
    number="0011",
    file=DatabaseFile.CONSENTS,
    both=(
        "CREATE TABLE refused_copies (key bytea NOT NULL, exchange text NOT NULL, requester text NOT NULL,"
        " consent text NOT NULL, attribute text NOT NULL, given double precision NOT NULL,"
        " PRIMARY KEY (consent, attribute, key))",
        "CREATE INDEX refused_copies_key ON refused_copies (key)",
    ),
    postgres=("REVOKE ALL ON refused_copies FROM PUBLIC",),
)
