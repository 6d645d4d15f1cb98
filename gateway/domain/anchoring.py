"""Anchors of the exchange log: proofs by an outside party that the log had this state at this time."""

from datetime import datetime
from typing import NamedTuple


class Anchored(NamedTuple):
    """One proof. An empty one, of size 0, records since when an anchor is configured."""

    #: number of records of the anchored checkpoint
    size: int
    #: `tsa`, `witness` or `daily`
    kind: str
    name: str
    #: when it was stored: RFC 3339 UTC with milliseconds
    time: str
    #: a time stamp response (DER), a cosignature line, or the daily file
    token: bytes

    @property
    def seconds(self) -> float:
        """The time in POSIX seconds."""
        return datetime.fromisoformat(self.time).timestamp()


class AnchorFailed(Exception):
    """An anchor gave no proof; `reason` is a fixed word."""

    def __init__(self, reason: str, size: int = 0) -> None:
        """`forked`: this log is not the one that the anchor saw; `ahead`: it had `size` records and has fewer."""
        super().__init__(reason)
        self.reason = reason
        self.size = size
