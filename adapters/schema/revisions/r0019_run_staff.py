"""The account that began a run of the reconciliation: records of what it mends name it."""

from adapters.schema.revision import DatabaseFile, Revision

REVISION = Revision(
    number="0019",
    file=DatabaseFile.LOG,
    both=("ALTER TABLE reconcile_runs ADD COLUMN staff text NOT NULL DEFAULT ''",),
)
