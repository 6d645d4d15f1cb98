"""Tags of rows, the quarantine, and how long rows without a tag are still numbered.

- `append_log.tag`: shows that a process of this log wrote the row (gateway/exchange_log/tag.py); NULL for rows of
  earlier releases.
- `log_quarantine`: rows that got no place in the tree, and why. It only grows; `seen` is written once, by an
  administrator who has looked.
- `log_untagged`: up to which row nothing has a tag, and until when rows without one are taken, as those of a gateway
  of the release before that still runs. A new log takes none. The first gateway of this release writes `until` and
  `seal`, once; a seal needs the log's root key (adapters/stores/sifting.py).
"""

from adapters.schema.revision import DatabaseFile, Revision


def _refuse(table: str, event: str, when: str = "") -> str:
    clause = f" WHEN {when}" if when else ""
    return (
        f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table}{clause}"
        f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )


_SQLITE = (
    "ALTER TABLE append_log ADD COLUMN tag BLOB",
    "CREATE TABLE log_quarantine (seq INTEGER PRIMARY KEY, hash BLOB NOT NULL, reason TEXT NOT NULL,"
    " created TEXT NOT NULL, seen TEXT NOT NULL)",
    _refuse("log_quarantine", "DELETE"),
    _refuse(
        "log_quarantine",
        "UPDATE",
        "OLD.seen <> '' OR (OLD.seq, OLD.hash, OLD.reason, OLD.created)"
        " IS NOT (NEW.seq, NEW.hash, NEW.reason, NEW.created)",
    ),
    # REPLACE would delete without the DELETE trigger.
    _refuse("log_quarantine", "INSERT", "EXISTS (SELECT 1 FROM log_quarantine WHERE seq = NEW.seq)"),
    "CREATE TABLE log_untagged (one INTEGER PRIMARY KEY CHECK (one = 1), upto INTEGER NOT NULL,"
    " until REAL NOT NULL, seal BLOB)",
    "INSERT INTO log_untagged SELECT 1, coalesce(max(seq), 0), 0, NULL FROM append_log",
    _refuse("log_untagged", "INSERT"),
    _refuse("log_untagged", "DELETE"),
    _refuse("log_untagged", "UPDATE", "OLD.seal IS NOT NULL OR NEW.upto <> OLD.upto"),
)

_POSTGRES = (
    "ALTER TABLE append_log ADD COLUMN tag bytea",
    "CREATE TABLE log_quarantine (seq bigint PRIMARY KEY, hash bytea NOT NULL, reason text NOT NULL,"
    " created text NOT NULL, seen text NOT NULL)",
    "CREATE FUNCTION motlan_seen_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF OLD.seen = '' AND (OLD.seq, OLD.hash, OLD.reason, OLD.created)"
    " = (NEW.seq, NEW.hash, NEW.reason, NEW.created) THEN RETURN NEW; END IF;"
    " RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$",
    "CREATE TRIGGER refuse BEFORE DELETE OR TRUNCATE ON log_quarantine"
    " FOR EACH STATEMENT EXECUTE FUNCTION motlan_refuse()",
    "CREATE TRIGGER seen_once BEFORE UPDATE ON log_quarantine"
    " FOR EACH ROW EXECUTE FUNCTION motlan_seen_once()",
    "CREATE TABLE log_untagged (one smallint PRIMARY KEY CHECK (one = 1), upto bigint NOT NULL,"
    " until double precision NOT NULL, seal bytea)",
    "INSERT INTO log_untagged SELECT 1, coalesce(max(seq), 0), 0, NULL FROM append_log",
    "CREATE FUNCTION motlan_sealed_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF OLD.seal IS NULL AND NEW.upto = OLD.upto THEN RETURN NEW; END IF;"
    " RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$",
    "CREATE TRIGGER refuse BEFORE INSERT OR DELETE OR TRUNCATE ON log_untagged"
    " FOR EACH STATEMENT EXECUTE FUNCTION motlan_refuse()",
    "CREATE TRIGGER sealed_once BEFORE UPDATE ON log_untagged"
    " FOR EACH ROW EXECUTE FUNCTION motlan_sealed_once()",
    "REVOKE ALL ON log_quarantine, log_untagged FROM PUBLIC",
)

REVISION = Revision(number="0012", file=DatabaseFile.LOG, sqlite=_SQLITE, postgres=_POSTGRES)
