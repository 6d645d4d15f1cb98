"""Finds record ids that an export has twice, in constant memory: an id is once in a log.

A log is nearly in the order of its ids, which begin with their time (ULID). So a repeated id comes soon,
or is older than all forgotten ids. Such late ids are few: a second reading of the file looks for them.
"""

#: ids kept in memory, at least
REMEMBERED = 20_000
#: late ids for the second reading; further ones are only counted
MOST_LATE = 10_000

#: the end of `fields` and the next member, in a leaf; a quote inside a text has a backslash before it
_RECORD_ID = b'},"id":"'
#: the same in a line of an export
_RECORD_ID_IN_LINE = b'},\\"id\\":\\"'
_RECORD_ID_BYTES = 26


class SeenIds:
    """The ids of the records read so far, in order."""

    __slots__ = ("_before", "_forgotten", "_now", "late", "uncounted")

    def __init__(self) -> None:
        """Empty."""
        #: id -> index of its record: the newest ids, and the ones before
        self._now: dict[bytes, int] = {}
        self._before: dict[bytes, int] = {}
        #: the greatest forgotten id
        self._forgotten = b""
        #: ids that may be among the forgotten ones
        self.late: set[bytes] = set()
        #: number of further late ids
        self.uncounted = 0

    def first(self, leaf: bytes, index: int) -> int:
        """The index of the first known record with the id of this one: usually its own."""
        place = leaf.find(_RECORD_ID) + len(_RECORD_ID)
        if place < len(_RECORD_ID):
            return index
        record_id = leaf[place : place + _RECORD_ID_BYTES]
        found = self._now.get(record_id)
        if found is None:
            found = self._before.get(record_id)
        if found is not None:
            return found
        if record_id <= self._forgotten:
            self._keep_late(record_id)
            return index
        if len(self._now) >= REMEMBERED:
            self._forgotten = max(self._forgotten, max(self._before, default=b""))
            self._before, self._now = self._now, {}
        self._now[record_id] = index
        return index

    def _keep_late(self, record_id: bytes) -> None:
        if len(self.late) < MOST_LATE:
            self.late.add(record_id)
        else:
            self.uncounted += 1


def id_in_line(line: bytes) -> bytes:
    """The id of the record in a line of an export."""
    place = line.find(_RECORD_ID_IN_LINE) + len(_RECORD_ID_IN_LINE)
    return line[place : place + _RECORD_ID_BYTES]
