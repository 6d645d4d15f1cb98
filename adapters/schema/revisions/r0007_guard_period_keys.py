"""The keys of this month and of the month before cannot be deleted: the gateway writes with them.

`motlan erase-period` never destroys them. A deletion by hand is refused, also to the owner. If the triggers are
dropped first, the inspection reports it (gateway/audit/inspector.py), and the gateway writes no more.
A month that ever had keys gets no others, whether their destruction was noted or not.
"""

from adapters.schema.revision import DatabaseFile, Revision

_WORDS = "the keys of this month and of the one before it are not deleted"

_SQLITE = (
    "CREATE TRIGGER period_keys_guard BEFORE DELETE ON period_keys"
    " WHEN OLD.period >= strftime('%Y-%m', 'now', 'start of month', '-1 month')"
    f" BEGIN SELECT RAISE(ABORT, '{_WORDS}'); END",
    "DROP TRIGGER period_keys_dead",
    "CREATE TRIGGER period_keys_dead BEFORE INSERT ON period_keys"
    " WHEN EXISTS (SELECT 1 FROM log_periods WHERE period = NEW.period)"
    " BEGIN SELECT RAISE(ABORT, 'the keys of this period were destroyed'); END",
)
_POSTGRES = (
    "CREATE FUNCTION motlan_guard_period() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF OLD.period COLLATE \"C\" >= to_char((clock_timestamp() AT TIME ZONE 'UTC') - interval '1 month', 'YYYY-MM')"
    f" THEN RAISE EXCEPTION '{_WORDS}' USING ERRCODE = 'insufficient_privilege'; END IF;"
    " RETURN OLD; END $$",
    "CREATE TRIGGER period_keys_guard BEFORE DELETE ON period_keys"
    " FOR EACH ROW EXECUTE FUNCTION motlan_guard_period()",
    # Keys that are there stay: who comes second with the first ones of a month inserts nothing.
    "CREATE OR REPLACE FUNCTION motlan_period_dead() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
    " SET search_path = {path} AS $$ BEGIN"
    " IF EXISTS (SELECT 1 FROM log_periods WHERE period = NEW.period)"
    " AND NOT EXISTS (SELECT 1 FROM period_keys WHERE period = NEW.period)"
    " THEN RAISE EXCEPTION 'the keys of this period were destroyed' USING ERRCODE = 'insufficient_privilege';"
    " END IF; RETURN NEW; END $$",
)

REVISION = Revision(number="0007", file=DatabaseFile.LOG, sqlite=_SQLITE, postgres=_POSTGRES)
