"""Papers that citizens let be kept: erased with their consent, as own data are.

`sealed` holds the key of the file: once it is empty nobody reads the file, and the row waits until the file is deleted.
"""

from adapters.schema.revision import DatabaseFile, Revision

REVISION = Revision(
    number="0016",
    file=DatabaseFile.CONSENTS,
    both=(
        "CREATE TABLE kept_papers (id text PRIMARY KEY, consent text NOT NULL, period text NOT NULL,"
        " person bytea NOT NULL, requester text NOT NULL, procedure text NOT NULL, component text NOT NULL,"
        " result_code text NOT NULL, file text NOT NULL, given double precision NOT NULL,"
        " until double precision NOT NULL, sealed bytea NOT NULL)",
        "CREATE INDEX kept_papers_person ON kept_papers (person)",
        "CREATE INDEX kept_papers_consent ON kept_papers (consent)",
        "CREATE INDEX kept_papers_file ON kept_papers (file)",
        "CREATE INDEX kept_papers_until ON kept_papers (until)",
    ),
    postgres=("REVOKE ALL ON kept_papers FROM PUBLIC",),
)
