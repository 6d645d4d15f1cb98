"""Which record ids an export has had: each stands once in a log. In constant memory, however long the file is.

A log stands nearly in the order of its ids, which begin with their time (ULID). So an id that comes again comes soon,
or it is older than what was forgotten meanwhile. Such late ids are few: a second reading of the file looks for them.
"""

#: ids that are remembered at least
REMEMBERED = 20_000
#: late ids that are looked for; further ones are only counted
MOST_LATE = 10_000

#: the end of `fields` and what follows it, in a leaf; a quote inside a text has a backslash before it
_RECORD_ID = b'},"id":"'
#: the same in a line of an export
_RECORD_ID_IN_LINE = b'},\\"id\\":\\"'
_RECORD_ID_BYTES = 26


class SeenIds:
    """Fills while the records are read, in their order."""

    __slots__ = ("_before", "_forgotten", "_now", "late", "uncounted")

    def __init__(self) -> None:
        """Nothing was read."""
        #: id -> index of its record: the newest ones, and those before them
        self._now: dict[bytes, int] = {}
        self._before: dict[bytes, int] = {}
        #: the greatest id that is in neither
        self._forgotten = b""
        #: ids that may have been among the forgotten ones
        self.late: set[bytes] = set()
        #: how many more of them there were
        self.uncounted = 0

    def first(self, leaf: bytes, index: int) -> int:
        """The index of the first record with the id of this one, as far as it is remembered: mostly its own."""
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
