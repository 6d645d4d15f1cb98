"""Months that were pruned give their disk space back: on PostgreSQL their empty partitions are dropped.

`motlan_drop_month` drops the partition of one table for one month. It runs with the owner's rights, for an
administrator who owns nothing, and holds up against him: once nobody can write to the partition it looks whether a
row is left, with a view of the moment (a transaction that keeps an older view is refused, for rows that it cannot see
would be lost). So what it drops was pruned, row by row and below the mark, or was never there.

True: it is dropped. False: there is none, or it has rows. NULL: it is in use, to be tried again. It waits for each
lock two seconds at most, so that who reads or numbers records meanwhile is not held up for longer; the server's own
vacuum gives way after one. Who reads is kept out for the moment of detaching only, not while rows are looked for.
A month that gets a record again, as of a clock that was wrong, gets its partitions again (`motlan_month`).

SQLite has no partitions; its file uses the space of pruned records for new ones.
"""

from adapters.schema.revision import DatabaseFile, Revision

_FUNCTIONS = (
    "CREATE FUNCTION motlan_drop_month(parent text, month text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER"
    " SET search_path = {path} SET lock_timeout = '2s' AS $$"
    " DECLARE part text; filled boolean; BEGIN"
    " IF parent NOT IN ('log_entries', 'log_subjects', 'log_sources')"
    " OR month !~ '^[0-9]{4}-(0[1-9]|1[0-2])$' THEN RETURN false; END IF;"
    " IF current_setting('transaction_isolation') <> 'read committed' THEN"
    " RAISE EXCEPTION 'a month is dropped by a transaction that sees all rows'"
    " USING ERRCODE = 'insufficient_privilege'; END IF;"
    " part := parent || '_' || replace(month, '-', '_');"
    " EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', part);"
    " EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', part) INTO filled;"
    " IF filled THEN RETURN false; END IF;"
    " EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', parent, part);"
    " EXECUTE format('DROP TABLE %I', part);"
    " RETURN true;"
    " EXCEPTION WHEN undefined_table THEN RETURN false;"
    " WHEN lock_not_available OR deadlock_detected THEN RETURN NULL; END $$",
    "REVOKE ALL ON FUNCTION motlan_drop_month(text, text) FROM PUBLIC",
)

REVISION = Revision(number="0005", file=DatabaseFile.LOG, postgres=_FUNCTIONS)
