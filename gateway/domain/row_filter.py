"""What is looked for among rows about people, who stand in them as keyed indexes."""

from typing import NamedTuple


class RowFilter(NamedTuple):
    """Which rows are looked for, of consents, requests or corrections: whatever is given must hold."""

    #: keyed indexes, one for each living period; any of them holds
    persons: tuple[bytes, ...] = ()
    requester: str = ""
    #: any of them; consents have none
    states: tuple[str, ...] = ()
    #: only what was kept before this number
    before: int = 1 << 62
    count: int = 100  # type: ignore[assignment]  # hides the method of tuples that nobody misses here
