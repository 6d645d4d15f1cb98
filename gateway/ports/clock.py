"""The clock."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Wall-clock time; deadlines use the loop's clock instead."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...
