"""Searches of the exchange log as SQL for both stores; values are always parameters, `$1` and so on.

One condition leads, by an index that ends with the entry's number, so that the newest entries come first without
sorting and the page's size bounds the work; the others are checked entry by entry. Which one leads is decided
here, the most telling first, and not by the planners: they would have to know how values are spread.
"""

from collections.abc import Callable, Sequence

from adapters.stores.sequence_batch import BLOCK, searched
from gateway.ports.exchange_log import LogSearch

#: columns that may lead, the most telling first; `source` stands for source and outcome of a call
_LEADERS = (
    "exchange",
    "dossier",
    "officials",
    "procedure",
    "agency",
    "source",
    "result",
    "requester",
    "phase",
)
#: leaders with few records of each value: what else is asked is checked on few
_TELLING = frozenset({"exchange", "dossier", "officials"})
#: leaders with few records of each value: what else is asked is checked on few
_TELLING = frozenset({"exchange", "dossier", "officials"})
#: columns whose values may be common or rare
_COMMON = ("procedure", "agency", "result", "requester", "phase")
_PLAIN = ("exchange", "phase", "requester", "agency", "procedure", "dossier", "purpose", "result")
# The order of the tables is the order in which SQLite walks a CROSS JOIN.
_SUBJECTS = "log_subjects s CROSS JOIN log_entries e"
_SOURCES = "log_sources s CROSS JOIN log_entries e"
_SAME = "e.idx = s.idx AND e.period = s.period"
#: later than any time
_LAST = "~"

BLOCKS = (
    "SELECT block, block FROM log_blocks WHERE high >= $1 AND low < $2"
    " UNION ALL SELECT size / $3, size / $3 FROM log_state WHERE time_high >= $1 AND time_low < $2"
)


def span(wanted: LogSearch) -> tuple[str, str]:
    """A span of time: from, and before."""
    return wanted.since, wanted.until or _LAST


class SearchStatement:
    """One page of a search: `text`, or `places` for the indexes alone, and `values`."""

    def __init__(
        self, wanted: LogSearch, window: tuple[int, int], count: int, *, arrays: bool, leader: str = ""
    ) -> None:
        """The newest `count` entries in a window of indexes that fit, as (index, leaf, beginning of the leaf's hash).

        `arrays` says that the database takes lists as values. `leader`: a column that leads, if it is not the most
        telling one.
        """
        self._leader = leader
        self.values: list[object] = []
        self._wanted = wanted
        self._window = [self._value(end) for end in window]
        self._count = self._value(count)
        self._arrays = arrays
        hits = f"WITH hit AS MATERIALIZED ({self._hits()} ORDER BY idx DESC LIMIT {self._count})"
        order = "ORDER BY hit.idx DESC"
        there = f"FROM hit CROSS JOIN append_log a WHERE a.seq = hit.seq {order}"
        self.places = f"{hits} SELECT hit.idx {there}"
        self.text = f"{hits} SELECT hit.idx, a.leaf, hit.hash {there}"

    def _value(self, value: object) -> str:
        self.values.append(value)
        return f"${len(self.values)}"

    def _hits(self) -> str:
        wanted = self._wanted
        if wanted.subjects:
            return self._any(
                wanted.subjects, lambda one: self._part(_SUBJECTS, f"s.subject = {one} AND {_SAME}", "s.idx")
            )
        leader = self._leader or next((name for name in _LEADERS if self._given(name)), "")
        match leader:
            case "officials":
                return self._any(
                    wanted.officials,
                    lambda one: self._part("log_entries e", f"e.official = {one}", "e.idx", leader),
                )
            case "source":
                return _only(self._part(_SOURCES, f"{self._call()} AND {_SAME}", "s.idx", leader))
            case "":
                return _only(self._part("log_entries e", "", "e.idx"))
        return _only(self._by_column(leader, self._value(searched(getattr(wanted, leader)))))

    def _by_column(self, leader: str, value: str) -> str:
        if not self._arrays:
            return self._part("log_entries e", f"e.{leader} = {value}", "e.idx", leader)
        # Written as a range of pairs, else PostgreSQL walks all entries for a value that it thinks is frequent.
        start, end = self._window
        pair = f"(e.{leader}, e.idx)"
        condition = f"{pair} >= ({value}, {start}) AND {pair} < ({value}, {end}) AND e.{leader} IS NOT NULL"
        return self._part("log_entries e", condition, "e.idx", leader, f"e.{leader} DESC, ")

    def _any(self, values: Sequence[bytes], part: Callable[[str], str]) -> str:
        """The newest of each of these values: each comes in order, all of them together would not."""
        different = list(dict.fromkeys(values))
        if not self._arrays:
            return " UNION ".join(_only(part(self._value(one))) for one in different)
        listed = self._value(different)
        # One plan for all values; one for each would be planned in every partition.
        return (
            f"SELECT DISTINCT part.* FROM unnest({listed}::bytea[]) v(one)"  # noqa: S608 -- see the module's words
            f" CROSS JOIN LATERAL ({part('v.one')}) part"
        )

    def _given(self, name: str) -> bool:
        if name == "source":
            return bool(self._wanted.source or self._wanted.outcome)
        return bool(getattr(self._wanted, name))

    def _part(self, tables: str, condition: str, number: str, leader: str = "", first: str = "") -> str:
        start, end = self._window
        conditions = [f"{number} >= {start}", f"{number} < {end}", *self._others(leader)]
        if condition:
            conditions.insert(0, condition)
        # A call's source may have had several outcomes in one record.
        distinct = "DISTINCT " if leader == "source" else ""
        return (
            f"SELECT {distinct}{number} AS idx, e.seq, e.hash FROM {tables} WHERE {' AND '.join(conditions)}"  # noqa: S608 -- see the module's words
            f" ORDER BY {first}{number} DESC LIMIT {self._count}"
        )

    def _others(self, leader: str) -> list[str]:
        """The conditions beside the leading one; an empty text behind a column keeps its index out of it."""
        wanted = self._wanted
        found = [
            f"e.{name} || '' = {self._value(searched(getattr(wanted, name)))}"
            for name in _PLAIN
            if name != leader and getattr(wanted, name)
        ]
        if wanted.officials and leader != "officials":
            values = ",".join(self._value(one) for one in dict.fromkeys(wanted.officials))
            found.append(f"e.official IN ({values})")
        if self._given("source") and leader != "source":
            # With an offset PostgreSQL looks it up for each entry, as meant, and makes no join of it.
            call = f"SELECT 1 FROM log_sources s WHERE {_SAME} AND {self._call()} LIMIT 1 OFFSET 0"  # noqa: S608 -- see the module's words
            found.append(f"EXISTS ({call})")
        if wanted.since or wanted.until:
            since, until = span(wanted)
            found.append(f"e.time >= {self._value(since)} AND e.time < {self._value(until)}")
            found.append(f"e.period >= {self._value(since[:7])} AND e.period <= {self._value(until[:7])}")
        return found

    def _call(self) -> str:
        wanted = self._wanted
        given = [
            f"s.{name} = {self._value(searched(value))}"
            for name, value in (("source", wanted.source), ("outcome", wanted.outcome))
            if value
        ]
        return " AND ".join(given)


class FewStatement:
    """Counts of the entries in a window that have each given word, up to `most`: `text` (rows of word, count)."""

    def __init__(self, wanted: LogSearch, window: tuple[int, int], most: int, *, arrays: bool) -> None:
        """`text` is blank where no given word has an index of its own."""
        names = [name for name in _COMMON if getattr(wanted, name)]
        self.values: list[object] = [*window, *(searched(getattr(wanted, name)) for name in names)]
        counts = [
            f"SELECT '{name}', (SELECT count(*) FROM"  # noqa: S608 -- see the module's words
            f" (SELECT 1 FROM log_entries e WHERE {_is_within(name, f'${place}', arrays=arrays)} LIMIT {most}) AS few)"
            for place, name in enumerate(names, 3)
        ]
        self.text = " UNION ALL ".join(counts)


def _is_within(name: str, value: str, *, arrays: bool) -> str:
    """The condition on a column in the window `$1` to `$2`, by the column's index."""
    if not arrays:
        return f"e.{name} = {value} AND e.idx >= $1 AND e.idx < $2"
    return (
        f"(e.{name}, e.idx) >= ({value}, $1) AND (e.{name}, e.idx) < ({value}, $2) AND e.{name} IS NOT NULL"
    )


def is_walk(wanted: LogSearch) -> bool:
    """Whether a search may look at many records that do not fit: a common word leads, and others are checked."""
    given = {name for name in (*_PLAIN, "officials", "source", "outcome") if getattr(wanted, name)}
    is_telling = bool(wanted.subjects or given & _TELLING)
    return not is_telling and (len(given) > 1 or given == {"purpose"})


def window(rows: Sequence[tuple[int, int]], before: int | None) -> tuple[int, int]:
    """The indexes to search, out of the answer to BLOCKS and the place where the page before ended."""
    blocks = [row[0] for row in rows]
    end = (max(blocks) + 1) * BLOCK if blocks else 0
    return (min(blocks) * BLOCK if blocks else 0, end if before is None else min(before, end))


def _only(part: str) -> str:
    return f"SELECT * FROM ({part}) part"  # noqa: S608 -- see the module's words
