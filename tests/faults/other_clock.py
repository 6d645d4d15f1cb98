"""`motlan` by a clock that is ahead or behind: python -m tests.faults.other_clock SECONDS serve …"""

import sys
from datetime import UTC, datetime, timedelta

from gateway.app import SystemClock


def main() -> None:
    """Move the clock of this process, then run the command that follows."""
    ahead = timedelta(seconds=float(sys.argv.pop(1)))

    def now() -> datetime:
        return datetime.now(UTC) + ahead

    SystemClock.now = staticmethod(now)
    from gateway.cli import main as command

    command()


main()
