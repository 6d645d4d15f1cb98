"""Anchors of the exchange log: proofs by somebody outside that the log stood so at a time."""

from datetime import datetime
from typing import NamedTuple


class Anchored(NamedTuple):
    """One proof. An empty one, of size 0, says since when an anchor is wanted."""

    #: records of the checkpoint that is vouched for
    size: int
    #: `tsa`, `witness` or `daily`
    kind: str
    name: str
    #: RFC 3339 UTC with milliseconds: when it was kept
    time: str
    #: a time stamp response (DER), a cosignature line, or the daily file
    token: bytes

    @property
    def seconds(self) -> float:
        """The time in POSIX seconds."""
        return datetime.fromisoformat(self.time).timestamp()


class AnchorFailed(Exception):
    """An anchor gave no proof; `reason` is a static word that quotes nothing."""

    def __init__(self, reason: str) -> None:
        """`forked` is the word for: this log is not the one that was seen before."""
        super().__init__(reason)
        self.reason = reason
