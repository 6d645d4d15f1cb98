"""Runs of the reconciliation with portals: one row for each portal and requester, replaced by the next run."""

from adapters.schema.revision import DatabaseFile, Revision

REVISION = Revision(
    number="0015",
    file=DatabaseFile.LOG,
    both=(
        "CREATE TABLE reconcile_runs (portal text NOT NULL, requester text NOT NULL, id text NOT NULL,"
        " state text NOT NULL, reason text NOT NULL, since text NOT NULL, until text NOT NULL, apply bigint NOT NULL,"
        " accept_wave bigint NOT NULL, day text NOT NULL, holder text NOT NULL, lease_until double precision NOT NULL,"
        " opened double precision NOT NULL, changed double precision NOT NULL, report bytea NOT NULL,"
        " former bytea NOT NULL, PRIMARY KEY (portal, requester))",
    ),
    postgres=("REVOKE ALL ON reconcile_runs FROM PUBLIC",),
)
