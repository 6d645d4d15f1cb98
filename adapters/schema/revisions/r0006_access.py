"""Used proofs and revocations.

With SQLite both lie in a file of their own (`access.sqlite`): they never wait for the log nor the log for them.
"""

from adapters.schema.revision import DatabaseFile, Revision

REVISION = Revision(
    number="0006",
    file=DatabaseFile.ACCESS,
    both=(
        "CREATE TABLE access_replays (key bytea PRIMARY KEY, until double precision NOT NULL)",
        "CREATE INDEX access_replays_until ON access_replays (until)",
        "CREATE TABLE access_revocations (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text NOT NULL,"
        " id text NOT NULL, at double precision NOT NULL, until double precision NOT NULL)",
    ),
    postgres=("REVOKE ALL ON access_replays, access_revocations FROM PUBLIC",),
)
