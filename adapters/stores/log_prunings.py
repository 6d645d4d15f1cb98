"""Checks that each pruning has a `pruning` record in the tree, and archives with the pruned records.

A person with write access can set the mark and delete rows below it, but not unnoticed: the record is missing. Only
the newest mark is checked: the records of older ones may be pruned themselves.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from gateway.domain.exchange import Phase
from gateway.exchange_log.record import decode
from gateway.ports.exchange_log import Altered

ARCHIVES = "SELECT first, count, name FROM log_archives ORDER BY first"
PRUNINGS = (
    "SELECT a.leaf FROM log_entries e CROSS JOIN append_log a WHERE a.seq = e.seq AND e.phase = 'pruning'"
)
#: those that wait for their place: a record is durable before anything is deleted
WAITING = "SELECT leaf FROM append_log WHERE seq > (SELECT floor_seq FROM log_state)"


class Archive(NamedTuple):
    """An archive, as the database has it."""

    first: int
    count: int  # type: ignore[assignment]  # hides a method of tuples that is not used here
    name: str


def unarchived(below: int, archives: Sequence[Archive]) -> list[Altered]:
    """The first record below the mark that no known archive has."""
    reached = 0
    for one in archives:
        if one.first <= reached:
            reached = max(reached, one.first + one.count)
    if reached >= below:
        return []
    return [Altered(reached, "it lies below the mark of pruning, and no archive of it is known")]


def is_told(below: int, archives: Sequence[Archive], leaves: Iterable[bytes]) -> bool:
    """Whether one of these records names the pruning up to this mark."""
    names = {one.name for one in archives}
    return any(_tells(leaf, below, names) for leaf in leaves)


def _tells(leaf: bytes, below: int, names: set[str]) -> bool:
    """Whether this record names a pruning up to this mark, with known archives."""
    try:
        return _reaches(decode(leaf), below, names)
    except (AttributeError, KeyError, TypeError, ValueError):
        return False


def _reaches(record: dict[str, Any], below: int, names: set[str]) -> bool:
    notes = record["notes"]
    if record["phase"] != Phase.PRUNING or notes["first"] + notes["count"] != below:
        return False
    return names.issuperset(notes["archives"].split())
