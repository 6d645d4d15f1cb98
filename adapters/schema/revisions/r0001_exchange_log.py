"""The exchange log's append table and its period keys.

Rows of `append_log` are refused to everybody for UPDATE, DELETE and TRUNCATE by triggers, the owner included.
Rows of `period_keys` cannot be changed; deleting one is how a period is erased.
"""

from adapters.schema.revision import DatabaseFile, Revision

_SQLITE = (
    # No index but the row's own number: a record costs one insertion at the end.
    "CREATE TABLE append_log (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, leaf BLOB NOT NULL)",
    "CREATE TABLE period_keys (period TEXT PRIMARY KEY, wrapped BLOB NOT NULL)",
    "CREATE TABLE write_probe (filler BLOB NOT NULL)",
    "CREATE TRIGGER append_log_update BEFORE UPDATE ON append_log"
    " BEGIN SELECT RAISE(ABORT, 'append_log is append-only'); END",
    "CREATE TRIGGER append_log_delete BEFORE DELETE ON append_log"
    " BEGIN SELECT RAISE(ABORT, 'append_log is append-only'); END",
    # REPLACE would delete without the DELETE trigger: so no caller chooses a row's number (-1: none was given).
    "CREATE TRIGGER append_log_replace BEFORE INSERT ON append_log"
    " WHEN NEW.seq <> -1"
    " BEGIN SELECT RAISE(ABORT, 'append_log is append-only'); END",
    "CREATE TRIGGER period_keys_update BEFORE UPDATE ON period_keys"
    " BEGIN SELECT RAISE(ABORT, 'period keys do not change'); END",
    "CREATE TRIGGER period_keys_replace BEFORE INSERT ON period_keys"
    " WHEN EXISTS (SELECT 1 FROM period_keys WHERE period = NEW.period)"
    " BEGIN SELECT RAISE(ABORT, 'period keys do not change'); END",
)

_POSTGRES = (
    "CREATE TABLE append_log"
    " (seq bigint GENERATED ALWAYS AS IDENTITY, id text NOT NULL, leaf bytea STORAGE EXTERNAL NOT NULL)",
    # A block range index costs next to nothing on writing and finds the newest rows.
    "CREATE INDEX append_log_seq ON append_log USING brin (seq) WITH (autosummarize = on)",
    "CREATE TABLE period_keys (period text PRIMARY KEY, wrapped bytea NOT NULL)",
    "CREATE TABLE write_probe (filler bytea NOT NULL)",
    "CREATE FUNCTION motlan_refuse() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME"
    " USING ERRCODE = 'insufficient_privilege'; END $$",
    "CREATE TRIGGER append_log_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON append_log"
    " FOR EACH STATEMENT EXECUTE FUNCTION motlan_refuse()",
    "CREATE TRIGGER period_keys_refuse BEFORE UPDATE OR TRUNCATE ON period_keys"
    " FOR EACH STATEMENT EXECUTE FUNCTION motlan_refuse()",
    "REVOKE ALL ON append_log, period_keys, write_probe FROM PUBLIC",
)

REVISION = Revision(number="0001", file=DatabaseFile.LOG, sqlite=_SQLITE, postgres=_POSTGRES)
