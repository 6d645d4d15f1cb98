"""Uids under which a portal downloads the files of a dossier (`downloadfile/{uid}`).

There is one for each portal, dossier and file; it goes when the content of its dossier is erased.
"""

from adapters.schema.revision import DatabaseFile, Revision

REVISION = Revision(
    number="0017",
    file=DatabaseFile.LOG,
    both=(
        "CREATE TABLE file_uids (uid text PRIMARY KEY, portal text NOT NULL, origin text NOT NULL, code text NOT NULL,"
        " digest text NOT NULL, opened double precision NOT NULL, UNIQUE (portal, origin, code, digest))",
        "CREATE INDEX file_uids_digest ON file_uids (digest)",
        "CREATE INDEX file_uids_opened ON file_uids (opened)",
    ),
    postgres=("REVOKE ALL ON file_uids FROM PUBLIC",),
)
