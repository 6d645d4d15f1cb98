"""Filters for rows about people, who are keyed indexes there."""

from typing import NamedTuple


class RowFilter(NamedTuple):
    """Filters rows of consents, requests or corrections: every given member must match."""

    #: keyed indexes, one for each period that is not erased; one match is enough
    persons: tuple[bytes, ...] = ()
    requester: str = ""
    #: one match is enough; consents have none
    states: tuple[str, ...] = ()
    #: only rows with a smaller number
    before: int = 1 << 62
    count: int = 100  # type: ignore[assignment]  # hides the method of tuples that nobody misses here
