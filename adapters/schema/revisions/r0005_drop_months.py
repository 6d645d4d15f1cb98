"""Frees the disk space of pruned months: on PostgreSQL their empty partitions are dropped.

`motlan_drop_month` drops the partition of one table for one month. It runs with the owner's rights, for an
administrator who owns nothing. It gives a dishonest administrator no way to delete records: it locks the partition
against writes, then looks for rows that are left, with a new snapshot (a transaction with an older snapshot is refused,
for it cannot see newer rows). So the rows of a dropped partition were pruned one by one below the mark.

True: it is dropped. False: there is none, or it has rows. NULL: it is in use, to be tried again. It waits at most two
seconds for each lock, so that reads and the numbering wait no longer; the server's own vacuum gives way after one.
Reads wait only for the moment of detaching, not for the search for rows.
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
