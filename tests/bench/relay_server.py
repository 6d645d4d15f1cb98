"""A gateway whose writer of the log is another one, for comparison: `none` commits nothing, `row` one row at a time.

python -m tests.bench.relay_server none|row|group serve …
"""

import sys
from collections.abc import Sequence

import adapters.stores.log_sqlite as writer
from adapters.stores.batch import PendingRecord
from gateway.domain.errors import LogUnavailable


def _keep_nothing(
    _store: writer.SqliteStore, _rows: Sequence[PendingRecord]
) -> tuple[LogUnavailable | None, Sequence[PendingRecord]]:
    """As after a commit, without one."""
    return None, ()


def main() -> None:
    """Change the writer, then run the command that follows."""
    mode = sys.argv.pop(1)
    if mode == "none":
        writer.SqliteStore._write = _keep_nothing  # type: ignore[method-assign, assignment]
    elif mode == "row":
        writer._CHUNK = 1
        writer._GATHER_SECONDS = 0
    from gateway.cli import main as command

    command()


main()
