"""The anchors of the exchange log: time stamps, cosignatures and daily files, each for the checkpoint of a size.

`log_anchors` only grows: rows are refused to everybody for UPDATE, DELETE and TRUNCATE, the owner included.
"""

from adapters.schema.revision import DatabaseFile, Revision

_INDEXES = (
    "CREATE INDEX log_anchors_size ON log_anchors (size)",
    "CREATE INDEX log_anchors_name ON log_anchors (kind, name, seq)",
)

_SQLITE = (
    "CREATE TABLE log_anchors (seq INTEGER PRIMARY KEY, size INTEGER NOT NULL, kind TEXT NOT NULL,"
    " name TEXT NOT NULL, time TEXT NOT NULL, token BLOB NOT NULL)",
    *(
        f"CREATE TRIGGER log_anchors_{event.lower()} BEFORE {event} ON log_anchors"
        " BEGIN SELECT RAISE(ABORT, 'log_anchors is append-only'); END"
        for event in ("UPDATE", "DELETE")
    ),
    # REPLACE would delete without the DELETE trigger: so no caller chooses a row's number (-1: none was given).
    "CREATE TRIGGER log_anchors_insert BEFORE INSERT ON log_anchors WHEN NEW.seq <> -1"
    " BEGIN SELECT RAISE(ABORT, 'log_anchors is append-only'); END",
)

_POSTGRES = (
    "CREATE TABLE log_anchors (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, size bigint NOT NULL,"
    " kind text NOT NULL, name text NOT NULL, time text NOT NULL, token bytea NOT NULL)",
    "CREATE TRIGGER refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON log_anchors"
    " FOR EACH STATEMENT EXECUTE FUNCTION motlan_refuse()",
    "REVOKE ALL ON log_anchors FROM PUBLIC",
)

REVISION = Revision(
    number="0003", file=DatabaseFile.LOG, sqlite=(*_SQLITE, *_INDEXES), postgres=(*_POSTGRES, *_INDEXES)
)
