"""Rows that outlive the records: erased periods, keys that have signed, archives of pruned records.

- `log_periods`: when the keys of a period were made and when they were destroyed. Triggers write it for
  each account that makes or deletes keys; keys of an erased period cannot be made a second time.
- `log_signers`: every public key that has signed the log, and the size from which it did. A trigger writes it.
- `log_archives`: which file holds which records that were pruned. The administrator writes it before pruning.
- `log_pruned_hashes`: the beginning of each pruned leaf's hash and its place, so that its receipt still leads to
  a proof; the whole hash is in the tiles.

All of them only grow; `erased` is written once. Rows of `period_keys` may from now on be wrapped anew (`wrapped`,
never `period`): on PostgreSQL that is the administrator's. There, rows of `append_log` may also be deleted while
their entry stands below the mark of `log_pruned`: numbers of rows and places in the tree differ in their order, so
no number of a row separates exactly what goes from what stays.
"""

from adapters.schema.revision import DatabaseFile, Revision

_APPENDED = ("log_signers", "log_archives", "log_pruned_hashes")
_KEYS = {
    "log_signers": "vkey = NEW.vkey",
    "log_archives": "first = NEW.first",
    "log_pruned_hashes": "run = NEW.run AND hash = NEW.hash AND idx = NEW.idx",
    "log_periods": "period = NEW.period",
}
_NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
_NOW_POSTGRES = "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"

_SQLITE_TABLES = (
    "CREATE TABLE log_periods (period TEXT PRIMARY KEY, made TEXT NOT NULL, erased TEXT NOT NULL)",
    "INSERT INTO log_periods SELECT period, '', '' FROM period_keys",
    "CREATE TABLE log_signers (vkey TEXT PRIMARY KEY, size INTEGER NOT NULL, created TEXT NOT NULL)",
    "INSERT INTO log_signers SELECT vkey, 0, '' FROM log_state WHERE vkey <> ''",
    "CREATE TABLE log_archives (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, month TEXT NOT NULL,"
    " latest TEXT NOT NULL, name TEXT NOT NULL, sha256 TEXT NOT NULL, created TEXT NOT NULL)",
    # By runs of 65 536 entries, as in `log_entries`: so hashes fall among those that were pruned together.
    "CREATE TABLE log_pruned_hashes (run INTEGER NOT NULL, hash INTEGER NOT NULL, idx INTEGER NOT NULL,"
    " PRIMARY KEY (run, hash, idx)) WITHOUT ROWID",
)


def _refuse(table: str, event: str, when: str = "") -> str:
    clause = f" WHEN {when}" if when else ""
    return (
        f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table}{clause}"
        f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )


_SQLITE_TRIGGERS = (
    *(_refuse(table, event) for table in _APPENDED for event in ("UPDATE", "DELETE")),
    # REPLACE would delete without the DELETE trigger.
    *(
        _refuse(table, "INSERT", f"EXISTS (SELECT 1 FROM {table} WHERE {same})")  # noqa: S608 -- our own names
        for table, same in _KEYS.items()
    ),
    _refuse("log_periods", "DELETE"),
    _refuse("log_periods", "UPDATE", "OLD.erased <> '' OR NEW.period <> OLD.period OR NEW.made <> OLD.made"),
    "CREATE TRIGGER period_keys_dead BEFORE INSERT ON period_keys"
    " WHEN EXISTS (SELECT 1 FROM log_periods WHERE period = NEW.period AND erased <> '')"
    " BEGIN SELECT RAISE(ABORT, 'the keys of this period were destroyed'); END",
    "CREATE TRIGGER period_keys_made AFTER INSERT ON period_keys"
    " BEGIN INSERT INTO log_periods SELECT NEW.period, {now}, ''"
    " WHERE NOT EXISTS (SELECT 1 FROM log_periods WHERE period = NEW.period); END",
    "CREATE TRIGGER period_keys_erased AFTER DELETE ON period_keys"
    " BEGIN UPDATE log_periods SET erased = {now} WHERE period = OLD.period; END",
    "DROP TRIGGER period_keys_update",
    "CREATE TRIGGER period_keys_update BEFORE UPDATE ON period_keys WHEN NEW.period <> OLD.period"
    " BEGIN SELECT RAISE(ABORT, 'period keys do not change'); END",
    "CREATE TRIGGER log_state_signer AFTER UPDATE OF vkey ON log_state WHEN NEW.vkey <> OLD.vkey"
    " BEGIN INSERT INTO log_signers SELECT NEW.vkey, OLD.size, {now}"
    " WHERE NOT EXISTS (SELECT 1 FROM log_signers WHERE vkey = NEW.vkey); END",
)

_POSTGRES_TABLES = (
    'CREATE TABLE log_periods (period text COLLATE "C" PRIMARY KEY, made text NOT NULL, erased text NOT NULL)',
    "INSERT INTO log_periods SELECT period, '', '' FROM period_keys",
    "CREATE TABLE log_signers (vkey text PRIMARY KEY, size bigint NOT NULL, created text NOT NULL)",
    "INSERT INTO log_signers SELECT vkey, 0, '' FROM log_state WHERE vkey <> ''",
    "CREATE TABLE log_archives (first bigint PRIMARY KEY, count bigint NOT NULL, month text NOT NULL,"
    " latest text NOT NULL, name text NOT NULL, sha256 text NOT NULL, created text NOT NULL)",
    "CREATE TABLE log_pruned_hashes (run bigint NOT NULL, hash bigint NOT NULL, idx bigint NOT NULL,"
    " PRIMARY KEY (run, hash, idx))",
)

# They write for each account that makes or deletes keys, or signs: with the owner's rights, into tables of this schema.
_POSTGRES_FUNCTIONS = (
    "CREATE FUNCTION motlan_period_dead() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
    " SET search_path = {path} AS $$ BEGIN"
    " IF EXISTS (SELECT 1 FROM log_periods WHERE period = NEW.period AND erased <> '')"
    " THEN RAISE EXCEPTION 'the keys of this period were destroyed' USING ERRCODE = 'insufficient_privilege';"
    " END IF; RETURN NEW; END $$",
    "CREATE FUNCTION motlan_period_made() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
    " SET search_path = {path} AS $$ BEGIN"
    " INSERT INTO log_periods VALUES (NEW.period, {now}, '') ON CONFLICT DO NOTHING; RETURN NULL; END $$",
    "CREATE FUNCTION motlan_period_erased() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
    " SET search_path = {path} AS $$ BEGIN"
    " UPDATE log_periods SET erased = {now} WHERE period = OLD.period; RETURN NULL; END $$",
    "CREATE FUNCTION motlan_signer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
    " SET search_path = {path} AS $$ BEGIN"
    " IF NEW.vkey <> OLD.vkey THEN INSERT INTO log_signers VALUES (NEW.vkey, OLD.size, {now})"
    " ON CONFLICT DO NOTHING; END IF; RETURN NULL; END $$",
    "CREATE FUNCTION motlan_erased_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF OLD.erased = '' AND NEW.period = OLD.period AND NEW.made = OLD.made THEN RETURN NEW; END IF;"
    " RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$",
    "CREATE FUNCTION motlan_same_period() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF NEW.period = OLD.period THEN RETURN NEW; END IF;"
    " RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$",
    "CREATE OR REPLACE FUNCTION motlan_refuse_unless_row_pruned() RETURNS trigger LANGUAGE plpgsql"
    " SET search_path = {path} AS $$ BEGIN"
    " IF EXISTS (SELECT 1 FROM log_pruned WHERE below_seq >= OLD.seq)"
    " OR EXISTS (SELECT 1 FROM log_entries e WHERE e.seq = OLD.seq"
    " AND e.idx < (SELECT max(below) FROM log_pruned)) THEN RETURN OLD; END IF;"
    " RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$",
)

_POSTGRES_TRIGGERS = (
    *(
        f"CREATE TRIGGER refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION motlan_refuse()"
        for table in _APPENDED
    ),
    "CREATE TRIGGER refuse BEFORE DELETE OR TRUNCATE ON log_periods"
    " FOR EACH STATEMENT EXECUTE FUNCTION motlan_refuse()",
    "CREATE TRIGGER erased_once BEFORE UPDATE ON log_periods"
    " FOR EACH ROW EXECUTE FUNCTION motlan_erased_once()",
    "CREATE TRIGGER period_keys_dead BEFORE INSERT ON period_keys"
    " FOR EACH ROW EXECUTE FUNCTION motlan_period_dead()",
    "CREATE TRIGGER period_keys_made AFTER INSERT ON period_keys"
    " FOR EACH ROW EXECUTE FUNCTION motlan_period_made()",
    "CREATE TRIGGER period_keys_erased AFTER DELETE ON period_keys"
    " FOR EACH ROW EXECUTE FUNCTION motlan_period_erased()",
    "DROP TRIGGER period_keys_refuse ON period_keys",
    "CREATE TRIGGER period_keys_refuse BEFORE TRUNCATE ON period_keys"
    " FOR EACH STATEMENT EXECUTE FUNCTION motlan_refuse()",
    "CREATE TRIGGER period_keys_same BEFORE UPDATE ON period_keys"
    " FOR EACH ROW EXECUTE FUNCTION motlan_same_period()",
    "CREATE TRIGGER signer AFTER UPDATE ON log_state FOR EACH ROW EXECUTE FUNCTION motlan_signer()",
    f"REVOKE ALL ON log_periods, {', '.join(_APPENDED)} FROM PUBLIC",
)

REVISION = Revision(
    number="0004",
    file=DatabaseFile.LOG,
    sqlite=(*_SQLITE_TABLES, *(text.replace("{now}", _NOW) for text in _SQLITE_TRIGGERS)),
    postgres=(
        *_POSTGRES_TABLES,
        *(text.replace("{now}", _NOW_POSTGRES) for text in _POSTGRES_FUNCTIONS),
        *_POSTGRES_TRIGGERS,
    ),
)
