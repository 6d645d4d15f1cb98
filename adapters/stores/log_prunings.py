"""Whether the log itself tells of what was pruned from it: a `pruning` record in the tree, and archives that hold it.

Whoever may write to the tables can set the mark and delete below it; what he cannot do unseen is to do it without a
record. Only the newest mark is asked for its record: those of older ones may have been pruned in their turn.
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
    """What the database keeps of an archive."""

    first: int
    count: int  # type: ignore[assignment]  # hides the method of tuples that nobody misses here
    name: str


def unarchived(below: int, archives: Sequence[Archive]) -> list[Altered]:
    """The first record below the mark that is in no archive that is known."""
    reached = 0
    for one in archives:
        if one.first <= reached:
            reached = max(reached, one.first + one.count)
    if reached >= below:
        return []
    return [Altered(reached, "it lies below the mark of pruning, and no archive of it is known")]


def is_told(below: int, archives: Sequence[Archive], leaves: Iterable[bytes]) -> bool:
    """Whether one of these records tells of the pruning up to this mark."""
    names = {one.name for one in archives}
    return any(_tells(leaf, below, names) for leaf in leaves)


def _tells(leaf: bytes, below: int, names: set[str]) -> bool:
    """Whether this is the record of a pruning up to this mark, out of archives that are known."""
    try:
        return _reaches(decode(leaf), below, names)
    except (AttributeError, KeyError, TypeError, ValueError):
        return False


def _reaches(record: dict[str, Any], below: int, names: set[str]) -> bool:
    notes = record["notes"]
    if record["phase"] != Phase.PRUNING or notes["first"] + notes["count"] != below:
        return False
    return names.issuperset(notes["archives"].split())
