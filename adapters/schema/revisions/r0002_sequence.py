"""The sequence of the exchange log: numbered entries with what is searched for, tiles, checkpoints.

What is in these tables, besides `append_log`, which keeps the leaves:

- `log_state`: one row, the end of the tree and who numbers records now (see adapters/stores/sequencer.py);
- `log_entries`: number in the tree -> number in `append_log`, and the columns of a search; empty ones are NULL;
- `log_subjects`, `log_sources`: who a record is about (keyed index) and whom it asked, one row for each;
- `log_tiles`: full tiles; `log_edge`: the growing tile of each level; `log_checkpoints`: the signed notes;
- `log_blocks`: for each 4 096 entries, the span of their times;
- `log_pruned`: the door for pruning.

Only `log_state` and `log_edge` may change. All else is refused to everybody for UPDATE, DELETE and TRUNCATE,
the owner included, but for one door: rows that lie below the newest row of `log_pruned` may be deleted.
An administrator who has archived all entries below index N inserts `(N, S, time)` there, S being less than the
`seq` of every entry that stays and not above `floor_seq`, and then deletes: entries below N, rows of `append_log`
up to S; on PostgreSQL the owner may detach and drop the partitions of whole months instead. `log_pruned` itself is
append-only, so it is known for ever what was pruned; who may insert there is a matter of grants. In SQLite the
newest row of `append_log` always stays, for its number must not be given again.

On PostgreSQL what is searched is partitioned by month, so that the months of erased keys can be dropped at once
and the newest indexes stay small. `motlan_month` makes the partitions of a month; it runs with the owner's rights
and is called by the sequencer, which owns nothing. It attaches instead of creating in place: that lets readers
and writers of other months go on. `append_log` is not partitioned: it stands already, filled, and a log is not
copied; its pruned rows are deleted. Its rows are now found by number through a B-tree.
"""

from adapters.schema.revision import DatabaseFile, Revision

_SEARCHED = ("exchange", "phase", "requester", "agency", "procedure", "dossier", "official", "result")
_APPENDED = ("log_entries", "log_subjects", "log_sources", "log_tiles", "log_checkpoints", "log_blocks")
_PRUNABLE = ("log_entries", "log_subjects", "log_sources")

_INDEXES = (
    *(
        f"CREATE INDEX log_entries_{name} ON log_entries ({name}, idx) WHERE {name} IS NOT NULL"
        for name in _SEARCHED
    ),
    "CREATE INDEX log_sources_outcome ON log_sources (outcome, idx)",
)

_SQLITE_TABLES = (
    "CREATE TABLE log_state (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL,"
    " floor_seq INTEGER NOT NULL, floor_size INTEGER NOT NULL, time_low TEXT NOT NULL, time_high TEXT NOT NULL,"
    " vkey TEXT NOT NULL, lease_owner TEXT NOT NULL, lease_until REAL NOT NULL)",
    "INSERT INTO log_state VALUES (1, 0, 0, 0, '', '', '', '', 0)",
    "CREATE TABLE log_entries (idx INTEGER PRIMARY KEY, seq INTEGER NOT NULL, hash INTEGER NOT NULL,"
    " period TEXT NOT NULL, time TEXT NOT NULL, exchange TEXT, phase TEXT, requester TEXT, agency TEXT,"
    " procedure TEXT, dossier TEXT, purpose TEXT, official BLOB, result TEXT)",
    # The first eight bytes of the leaf hash; the leaf itself decides. Hashes fall anywhere: by runs of 65 536 entries
    # they fall among the newest ones only, and a search asks run by run. On PostgreSQL months do the same.
    "CREATE INDEX log_entries_hash ON log_entries (idx / 65536, hash)",
    "CREATE TABLE log_subjects (subject BLOB NOT NULL, idx INTEGER NOT NULL, period TEXT NOT NULL,"
    " PRIMARY KEY (subject, idx)) WITHOUT ROWID",
    "CREATE TABLE log_sources (source TEXT NOT NULL, idx INTEGER NOT NULL, outcome TEXT NOT NULL,"
    " period TEXT NOT NULL, PRIMARY KEY (source, idx, outcome)) WITHOUT ROWID",
    "CREATE TABLE log_tiles (level INTEGER NOT NULL, idx INTEGER NOT NULL, hashes BLOB NOT NULL,"
    " PRIMARY KEY (level, idx))",
    "CREATE TABLE log_edge (level INTEGER PRIMARY KEY, idx INTEGER NOT NULL, hashes BLOB NOT NULL)",
    "CREATE TABLE log_checkpoints (size INTEGER PRIMARY KEY, note TEXT NOT NULL, created TEXT NOT NULL)",
    "CREATE TABLE log_blocks (block INTEGER PRIMARY KEY, low TEXT NOT NULL, high TEXT NOT NULL)",
    "CREATE TABLE log_pruned (below INTEGER PRIMARY KEY, below_seq INTEGER NOT NULL, created TEXT NOT NULL)",
)


def _refuse(table: str, event: str, when: str = "") -> str:
    name = f"{table}_{event.partition(' ')[0].lower()}"
    clause = f" WHEN {when}" if when else ""
    return (
        f"CREATE TRIGGER {name} BEFORE {event} ON {table}{clause}"
        f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )


_CLOSED = "NOT EXISTS (SELECT 1 FROM log_pruned WHERE below > OLD.idx)"
_SQLITE_TRIGGERS = (
    *(_refuse(table, "UPDATE") for table in (*_APPENDED, "log_pruned")),
    *(
        _refuse(table, "DELETE", _CLOSED if table in _PRUNABLE else "")
        for table in (*_APPENDED, "log_pruned")
    ),
    # REPLACE would delete without the DELETE trigger: so nothing is inserted where something stands. In
    # `log_subjects` and `log_sources` a row can only be replaced by one that says the same.
    _refuse("log_entries", "INSERT", "NEW.idx < (SELECT size FROM log_state)"),
    _refuse(
        "log_tiles", "INSERT", "EXISTS (SELECT 1 FROM log_tiles WHERE level = NEW.level AND idx = NEW.idx)"
    ),
    _refuse("log_checkpoints", "INSERT", "NEW.size <= (SELECT max(size) FROM log_checkpoints)"),
    _refuse("log_blocks", "INSERT", "NEW.block <= (SELECT max(block) FROM log_blocks)"),
    _refuse("log_pruned", "INSERT", "NEW.below <= (SELECT max(below) FROM log_pruned)"),
    _refuse("log_state", "UPDATE", "NEW.size < OLD.size OR NEW.floor_seq < OLD.floor_seq"),
    _refuse("log_state", "DELETE"),
    _refuse("log_state", "INSERT"),
    "CREATE TRIGGER append_log_bytes BEFORE INSERT ON append_log WHEN typeof(NEW.leaf) <> 'blob'"
    " BEGIN SELECT RAISE(ABORT, 'a leaf is bytes'); END",
    "DROP TRIGGER append_log_delete",
    _refuse(
        "append_log",
        "DELETE",
        "NOT EXISTS (SELECT 1 FROM log_pruned WHERE below_seq >= OLD.seq)"
        " OR OLD.seq = (SELECT max(seq) FROM append_log)",
    ),
)

_POSTGRES_TABLES = (
    "CREATE TABLE log_state (one smallint PRIMARY KEY CHECK (one = 1), size bigint NOT NULL,"
    ' floor_seq bigint NOT NULL, floor_size bigint NOT NULL, time_low text COLLATE "C" NOT NULL,'
    ' time_high text COLLATE "C" NOT NULL,'
    " vkey text NOT NULL, lease_owner text NOT NULL, lease_until double precision NOT NULL)",
    "INSERT INTO log_state VALUES (1, 0, 0, 0, '', '', '', '', 0)",
    "CREATE TABLE log_entries (idx bigint NOT NULL, seq bigint NOT NULL, hash bigint NOT NULL,"
    ' period text COLLATE "C" NOT NULL, time text COLLATE "C" NOT NULL, exchange text, phase text,'
    " requester text, agency text, procedure text, dossier text, purpose text, official bytea, result text,"
    " PRIMARY KEY (idx, period)) PARTITION BY LIST (period)",
    "CREATE INDEX log_entries_hash ON log_entries (hash)",
    # No row is numbered twice, whatever else goes wrong.
    "CREATE UNIQUE INDEX log_entries_seq ON log_entries (seq, period)",
    'CREATE TABLE log_subjects (subject bytea NOT NULL, idx bigint NOT NULL, period text COLLATE "C" NOT NULL,'
    " PRIMARY KEY (subject, idx, period)) PARTITION BY LIST (period)",
    "CREATE TABLE log_sources (source text NOT NULL, idx bigint NOT NULL, outcome text NOT NULL,"
    ' period text COLLATE "C" NOT NULL, PRIMARY KEY (source, idx, outcome, period)) PARTITION BY LIST (period)',
    "CREATE TABLE log_tiles (level integer NOT NULL, idx bigint NOT NULL, hashes bytea STORAGE EXTERNAL NOT NULL,"
    " PRIMARY KEY (level, idx))",
    "CREATE TABLE log_edge (level integer PRIMARY KEY, idx bigint NOT NULL,"
    " hashes bytea STORAGE EXTERNAL NOT NULL)",
    "CREATE TABLE log_checkpoints (size bigint PRIMARY KEY, note text NOT NULL, created text NOT NULL)",
    'CREATE TABLE log_blocks (block bigint PRIMARY KEY, low text COLLATE "C" NOT NULL,'
    ' high text COLLATE "C" NOT NULL)',
    "CREATE TABLE log_pruned (below bigint PRIMARY KEY, below_seq bigint NOT NULL, created text NOT NULL)",
    # A row is found by its number, and no number is given twice; numbers grow, so this index only grows
    # at its end.
    "DROP INDEX append_log_seq",
    "CREATE UNIQUE INDEX append_log_seq ON append_log (seq)",
)

_POSTGRES_FUNCTIONS = (
    "CREATE FUNCTION motlan_refuse_unless_pruned() RETURNS trigger LANGUAGE plpgsql SET search_path = {path} AS"
    " $$ BEGIN IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM log_pruned WHERE below > OLD.idx)"
    " THEN RETURN OLD; END IF;"
    " RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$",
    "CREATE FUNCTION motlan_refuse_unless_row_pruned() RETURNS trigger LANGUAGE plpgsql SET search_path = {path} AS"
    " $$ BEGIN IF EXISTS (SELECT 1 FROM log_pruned WHERE below_seq >= OLD.seq) THEN RETURN OLD; END IF;"
    " RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$",
    "CREATE FUNCTION motlan_only_grows() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN IF NEW.size >= OLD.size AND NEW.floor_seq >= OLD.floor_seq THEN RETURN NEW; END IF;"
    " RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$",
    "CREATE FUNCTION motlan_month(month text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER"
    " SET search_path = {path} AS $$"
    " DECLARE parent text; part text; BEGIN"
    " IF month !~ '^[0-9]{4}-(0[1-9]|1[0-2])$' THEN RETURN false; END IF;"
    " FOREACH parent IN ARRAY ARRAY['log_entries', 'log_subjects', 'log_sources'] LOOP"
    " part := parent || '_' || replace(month, '-', '_');"
    " IF to_regclass(part) IS NULL THEN"
    " EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING CONSTRAINTS INCLUDING STORAGE)', part, parent);"
    " EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES IN (%L)', parent, part, month);"
    " EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT"
    " EXECUTE FUNCTION motlan_refuse()', part);"
    " EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', part);"
    " END IF; END LOOP; RETURN true; END $$",
    "REVOKE ALL ON FUNCTION motlan_month(text) FROM PUBLIC",
)

_POSTGRES_TRIGGERS = (
    # Triggers for each row reach the partitions, those for each statement do not (`motlan_month` adds them).
    *(
        f"CREATE TRIGGER refuse BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION motlan_refuse_unless_pruned()"
        for table in _PRUNABLE
    ),
    *(
        f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION motlan_refuse()"
        for table in (*_PRUNABLE, "log_state")
    ),
    *(
        f"CREATE TRIGGER refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION motlan_refuse()"
        for table in ("log_tiles", "log_checkpoints", "log_blocks", "log_pruned")
    ),
    "CREATE TRIGGER refuse BEFORE DELETE ON log_state FOR EACH STATEMENT EXECUTE FUNCTION motlan_refuse()",
    "CREATE TRIGGER only_grows BEFORE UPDATE ON log_state FOR EACH ROW EXECUTE FUNCTION motlan_only_grows()",
    "DROP TRIGGER append_log_refuse ON append_log",
    "CREATE TRIGGER append_log_refuse BEFORE UPDATE OR TRUNCATE ON append_log"
    " FOR EACH STATEMENT EXECUTE FUNCTION motlan_refuse()",
    "CREATE TRIGGER append_log_refuse_delete BEFORE DELETE ON append_log"
    " FOR EACH ROW EXECUTE FUNCTION motlan_refuse_unless_row_pruned()",
    f"REVOKE ALL ON {', '.join((*_APPENDED, 'log_edge', 'log_state', 'log_pruned'))} FROM PUBLIC",
)

REVISION = Revision(
    number="0002",
    file=DatabaseFile.LOG,
    sqlite=(*_SQLITE_TABLES, *_INDEXES, *_SQLITE_TRIGGERS),
    postgres=(*_POSTGRES_TABLES, *_INDEXES, *_POSTGRES_FUNCTIONS, *_POSTGRES_TRIGGERS),
)
