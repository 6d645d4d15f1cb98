"""Dossiers, their steps, deliveries, and remembered Idempotency-Keys: stored in one transaction with their records.

- `dossier_events`, `delivery_events`: what happened; rows are added, never changed. Erasure empties `sealed`.
- `delivery_queues`: one row for each receiver and dossier, with the time at which its first open delivery is due
  (NULL: nothing is), the claim that took it last, and the receiver's own code of the dossier. Who adds, claims or
  settles deliveries locks this row first.
- No row of a dossier, of a delivery or of their steps is deleted.
"""

from adapters.schema.revision import DatabaseFile, Revision

# Statements repeat it word for word, so that SQLite uses the index (adapters/stores/relay.py).
_OPEN = "state IN ('queued', 'sending', 'unconfirmed', 'dead')"

# Wide rows: in SQLite they lie in the order in which they came, and not in that of the key.
_DOSSIERS = (
    "CREATE TABLE dossiers (origin text NOT NULL, code text NOT NULL, requester text NOT NULL, agency text NOT NULL,"
    " procedure text NOT NULL, other_code text NOT NULL, status text NOT NULL, status_at double precision NOT NULL,"
    " version bigint NOT NULL, digest bytea NOT NULL, period text NOT NULL, persons bytea NOT NULL,"
    " facts bytea NOT NULL, sealed bytea NOT NULL, parked text NOT NULL, opened double precision NOT NULL,"
    " changed double precision NOT NULL, erased double precision NOT NULL, PRIMARY KEY (code, origin))"
)
_EVENTS = (
    "CREATE TABLE dossier_events (origin text NOT NULL, code text NOT NULL, id text NOT NULL, source text NOT NULL,"
    " status text NOT NULL, at double precision NOT NULL, came double precision NOT NULL, verdict text NOT NULL,"
    " period text NOT NULL, sealed bytea NOT NULL, PRIMARY KEY (code, origin, id))"
)
_BOTH = (
    "CREATE TABLE dossier_owners (person bytea NOT NULL, code text NOT NULL, origin text NOT NULL,"
    " PRIMARY KEY (person, code, origin))",
    "CREATE INDEX dossier_owners_dossier ON dossier_owners (code, origin)",
    "CREATE TABLE dossier_files (digest text NOT NULL, code text NOT NULL, origin text NOT NULL,"
    " PRIMARY KEY (digest, code, origin))",
    "CREATE INDEX dossier_files_dossier ON dossier_files (code, origin)",
    "CREATE TABLE deliveries (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL UNIQUE,"
    " target text NOT NULL, order_key text NOT NULL, kind text NOT NULL, code text NOT NULL, version bigint NOT NULL,"
    " requester text NOT NULL, exchange text NOT NULL, state text NOT NULL, state_before text NOT NULL,"
    " holder text NOT NULL, attempts bigint NOT NULL, reason text NOT NULL, next_at double precision NOT NULL,"
    " lease_until double precision NOT NULL, opened double precision NOT NULL, changed double precision NOT NULL,"
    " period text NOT NULL, sealed bytea NOT NULL, tried double precision NOT NULL)",
    f"CREATE INDEX deliveries_first ON deliveries (order_key, target, seq) WHERE {_OPEN}",
    f"CREATE INDEX deliveries_open ON deliveries (target, seq) WHERE {_OPEN}",
    "CREATE INDEX deliveries_code ON deliveries (code, seq)",
    "CREATE INDEX deliveries_arrived ON deliveries (changed) WHERE state IN ('delivered', 'superseded')"
    " AND length(sealed) > 0",
    "CREATE TABLE delivery_queues (target text NOT NULL, order_key text NOT NULL, due_at double precision,"
    " claim text NOT NULL DEFAULT '', reference text NOT NULL DEFAULT '', PRIMARY KEY (target, order_key))",
    "CREATE INDEX delivery_queues_due ON delivery_queues (target, due_at) WHERE due_at IS NOT NULL",
    "CREATE TABLE delivery_events (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, delivery text NOT NULL,"
    " at double precision NOT NULL, what text NOT NULL, reason text NOT NULL, attempt bigint NOT NULL,"
    " exchange text NOT NULL, field text NOT NULL)",
    "CREATE INDEX delivery_events_delivery ON delivery_events (delivery, seq)",
    "CREATE TABLE idempotency_keys (requester text NOT NULL, key text NOT NULL, digest bytea NOT NULL,"
    " answer bytea NOT NULL, status bigint NOT NULL, at double precision NOT NULL, PRIMARY KEY (requester, key))",
    "CREATE INDEX idempotency_keys_at ON idempotency_keys (at)",
)
# The same in both; the tables stand first.
_INDEXES = (
    "CREATE INDEX dossiers_changed ON dossiers (changed, code)",
    "CREATE INDEX dossiers_kept ON dossiers (changed, code, origin) WHERE erased = 0",
    "CREATE INDEX dossier_events_kept ON dossier_events (came) WHERE length(sealed) > 0",
)
_KEPT = ("dossiers", "dossier_events", "deliveries", "delivery_events")
_STEP = "origin, code, id, source, status, at, came, verdict, period"


def _lite(statement: str) -> str:
    words = {"double precision": "REAL", "bigint": "INTEGER", "bytea": "BLOB", "text": "TEXT"}
    for word, other in words.items():
        statement = statement.replace(f" {word} ", f" {other} ")
    return statement


def _refuse(table: str, event: str, when: str = "") -> str:
    clause = f" WHEN {when}" if when else ""
    return (
        f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table}{clause}"
        f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )


def _row(name: str) -> str:
    return ", ".join(f"{name}.{column}" for column in _STEP.split(", "))


_SQLITE = (
    _lite(_DOSSIERS),
    _lite(_EVENTS),
    *_INDEXES,
    *(_refuse(table, "DELETE") for table in _KEPT),
    _refuse("delivery_events", "UPDATE"),
    _refuse("dossier_events", "UPDATE", f"NEW.sealed <> x'' OR ({_row('OLD')}) IS NOT ({_row('NEW')})"),
    # REPLACE would delete without the DELETE trigger (-1: no number was given).
    _refuse("delivery_events", "INSERT", "NEW.seq <> -1"),
    "CREATE TRIGGER dossier_events_insert BEFORE INSERT ON dossier_events WHEN EXISTS (SELECT 1 FROM dossier_events"
    " WHERE code = NEW.code AND origin = NEW.origin AND id = NEW.id) BEGIN SELECT RAISE(IGNORE); END",
)
_POSTGRES = (
    _DOSSIERS,
    _EVENTS,
    *_INDEXES,
    *(
        f"CREATE TRIGGER refuse BEFORE DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION motlan_refuse()"
        for table in _KEPT
    ),
    "CREATE TRIGGER refuse_change BEFORE UPDATE ON delivery_events"
    " FOR EACH STATEMENT EXECUTE FUNCTION motlan_refuse()",
    "CREATE FUNCTION motlan_emptied_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    f" IF NEW.sealed = '' AND ({_row('OLD')}) IS NOT DISTINCT FROM ({_row('NEW')}) THEN RETURN NEW; END IF;"
    " RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$",
    "CREATE TRIGGER emptied_only BEFORE UPDATE ON dossier_events"
    " FOR EACH ROW EXECUTE FUNCTION motlan_emptied_only()",
    "REVOKE ALL ON dossiers, dossier_owners, dossier_files, dossier_events, deliveries, delivery_queues,"
    " delivery_events, idempotency_keys FROM PUBLIC",
)

REVISION = Revision(number="0014", file=DatabaseFile.LOG, both=_BOTH, sqlite=_SQLITE, postgres=_POSTGRES)
