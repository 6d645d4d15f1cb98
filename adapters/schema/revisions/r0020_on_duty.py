"""An index of the records in which no official acted: reports count them, and would read every leaf for it.

Each leaf contains `on_duty`, in clear. An index over this one fact needs no column, no copy of older records, and
nothing of who writes: the database keeps it, also for a process of the release before, and it goes with pruned rows.
"""

from adapters.schema.revision import DatabaseFile, Revision

#: `on_duty` of a record and what follows it (gateway.exchange_log.record); no text in a record can look like it
_ON_DUTY = b'"on_duty":true,"period":"'.hex()
INDEX = "append_log_on_duty"
#: word for word as in the index: else the databases read the leaves
WHERE_SQLITE = f"instr(leaf, x'{_ON_DUTY}') > 0"
WHERE_POSTGRES = f"position('\\x{_ON_DUTY}'::bytea IN leaf) > 0"

_CREATE = f"CREATE INDEX IF NOT EXISTS {INDEX} ON append_log (seq) WHERE"

REVISION = Revision(
    number="0020",
    file=DatabaseFile.LOG,
    sqlite=(f"{_CREATE} {WHERE_SQLITE}",),
    postgres=(f"{_CREATE} {WHERE_POSTGRES}",),
    made_before=(INDEX,),
)
