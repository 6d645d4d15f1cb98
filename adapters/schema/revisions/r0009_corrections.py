"""The queue of corrections; with SQLite it lies in a file of its own (`corrections.sqlite`)."""

from adapters.schema.revision import DatabaseFile, Revision

REVISION = Revision(
    number="0009",
    file=DatabaseFile.CORRECTIONS,
    both=(
        "CREATE TABLE corrections (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL UNIQUE,"
        " period text NOT NULL, person bytea NOT NULL, requester text NOT NULL, source text NOT NULL,"
        " attribute text NOT NULL, state text NOT NULL, opened double precision NOT NULL,"
        " delivered double precision NOT NULL, sealed bytea NOT NULL)",
        "CREATE INDEX corrections_person ON corrections (person)",
        "CREATE INDEX corrections_state ON corrections (state, seq)",
    ),
    postgres=("REVOKE ALL ON corrections FROM PUBLIC",),
)
