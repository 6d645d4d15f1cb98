"""Counts of the exchange log in SQL, for both stores (gateway.ports.exchange_log.LogCounts). Values are parameters.

A count walks the entries between two places, which the blocks of times give, and none beyond them. An exchange may
have several records of one phase (an outcome for each late answer), so exchanges are counted, never records.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from adapters.schema.revisions.r0020_on_duty import INDEX, WHERE_POSTGRES, WHERE_SQLITE
from adapters.stores.database import Database, ReadKind
from adapters.stores.log_reader import bytes_of
from adapters.stores.log_search import BLOCKS, span, window
from adapters.stores.sequence_batch import BLOCK, searched
from gateway.domain.counts import (
    CallCount,
    DayCount,
    GroupCounts,
    HourCount,
    OfficialCount,
    OpenHours,
    RequesterCount,
)
from gateway.domain.dates import VIETNAM
from gateway.ports.exchange_log import LogSearch

#: rows of days that are given at most
MOST_DAYS = 100_000
#: UTC clock at which a day begins in Việt Nam
_MIDNIGHT = "17:00"

# What a token without the scope asked for never became an exchange.
_REQUESTERS = """, x AS (
 SELECT requester, exchange, max(dossier) AS dossier,
  max(CASE WHEN phase IN ('intent', 'refusal') THEN 1 ELSE 0 END) AS opened,
  max(CASE WHEN phase = 'outcome' THEN 1 ELSE 0 END) AS answered,
  max(CASE WHEN phase = 'refusal' THEN 1 ELSE 0 END) AS refused,
  max(CASE WHEN phase = 'abandoned' THEN 1 ELSE 0 END) AS abandoned,
  max(CASE WHEN phase = 'lookup' THEN 1 ELSE 0 END) AS lookup
 FROM r WHERE phase IN ('intent', 'outcome', 'refusal', 'abandoned', 'lookup') AND requester IS NOT NULL
 AND coalesce(result, '') <> 'scope_missing' GROUP BY requester, exchange)
SELECT requester, sum(opened), sum(opened * answered), sum(refused), sum(opened * abandoned * (1 - answered)),
 count(DISTINCT dossier), sum(lookup), count(*) OVER (), sum(sum(opened)) OVER (), sum(sum(refused)) OVER ()
FROM x GROUP BY requester ORDER BY 2 DESC, requester LIMIT """

_DAYS = """ SELECT requester, substr(time, 1, 10) AS day, CASE WHEN substr(time, 12, 5) >= {midnight} THEN 1 ELSE 0 END
 AS late, count(DISTINCT exchange) FROM r WHERE phase IN ('intent', 'refusal') AND requester IS NOT NULL
 AND coalesce(result, '') <> 'scope_missing' GROUP BY 1, 2, 3 ORDER BY 2, 3, 1 LIMIT """

# All of Việt Nam is whole hours before UTC: an hour there is an hour here.
_HOURS = """, x AS (SELECT exchange, min(time) AS time FROM r
 WHERE phase = 'intent' AND requester IS NOT NULL GROUP BY exchange)
SELECT substr(time, 1, 13), count(*) FROM x GROUP BY 1 ORDER BY 1 LIMIT """

# An index of `log_sources` begins with the source: its sources are found first, one step for each.
_CALLS = """, closing AS MATERIALIZED (
 SELECT max(idx) AS idx FROM r WHERE phase IN ('outcome', 'abandoned') GROUP BY exchange),
known(source) AS (SELECT min(source) FROM log_sources
 UNION ALL SELECT (SELECT min(s.source) FROM log_sources s WHERE s.source > known.source) FROM known
 WHERE known.source IS NOT NULL),
calls AS MATERIALIZED (SELECT s.source, s.outcome, s.idx FROM known CROSS JOIN log_sources s
 WHERE s.source = known.source AND s.idx >= {start} AND s.idx < {end}{months})
SELECT source, outcome, count(*), count(*) OVER (), sum(count(*)) OVER ()
FROM calls JOIN closing ON closing.idx = calls.idx
GROUP BY source, outcome ORDER BY 3 DESC, source, outcome LIMIT """

# Only the record says whether the named official acted. An official who did not act has no row.
_OFFICIALS = """, i AS (
 SELECT r.*, CASE WHEN a.seq IS NULL THEN 0 ELSE 1 END AS duty FROM r LEFT JOIN {idle} a ON a.seq = r.seq
 WHERE r.phase = 'intent' AND {who}),
x AS (SELECT requester, CASE WHEN duty = 1 THEN NULL ELSE official END AS acted, duty, exchange,
 max(agency) AS agency, min(time) AS time, max(dossier) AS dossier FROM i GROUP BY 1, 2, 3, 4),
y AS MATERIALIZED ({hits}),
t AS (SELECT sum({counted}) AS exchanges, sum(hit * {counted}) AS hits, sum(duty) AS idle, sum(hit * duty) AS idle_hits
 FROM y),
g AS MATERIALIZED (SELECT requester, max(agency), acted, count(*) AS exchanges, sum(hit) AS hits,
 min(CASE WHEN hit = 1 THEN time END), max(CASE WHEN hit = 1 THEN time END),
 min(CASE WHEN hit = 1 THEN exchange END), max(CASE WHEN hit = 1 THEN exchange END)
 FROM y WHERE {counted} = 1 GROUP BY requester, acted HAVING sum(hit) > 0)
SELECT g.*, (SELECT count(*) FROM g), t.* FROM t LEFT JOIN g ON 1 = 1
ORDER BY g.hits DESC, g.requester, g.acted LIMIT """
# Records in which nobody acted, by their index: no leaf is read.
_IDLE_SQLITE = f"(SELECT seq FROM append_log INDEXED BY {INDEX} WHERE {WHERE_SQLITE})"  # noqa: S608 -- our own names
_IDLE_POSTGRES = f"(SELECT seq FROM append_log WHERE {WHERE_POSTGRES})"  # noqa: S608 -- our own names
_WITHOUT_DOSSIER = "SELECT x.*, CASE WHEN dossier IS NULL THEN 1 ELSE 0 END AS hit FROM x"
_OUTSIDE = """SELECT x.*, CASE WHEN office.day IS NULL THEN 1 ELSE 0 END AS hit FROM x
 LEFT JOIN office ON office.day = substr(x.time, 1, 10)
 AND substr(x.time, 12, 5) >= office.low AND substr(x.time, 12, 5) < office.high"""


class _CountStatement:
    """The text of a count as it grows, and its values."""

    def __init__(self) -> None:
        self.values: list[object] = []

    def value(self, value: object, kind: str = "") -> str:
        """A parameter; `kind` where the database cannot tell what it is."""
        self.values.append(value)
        name = f"${len(self.values)}"
        return f"CAST({name} AS {kind})" if kind else name

    def months(self, wanted: LogSearch, table: str) -> str:
        """The condition that keeps other months out, for partitions."""
        low, high = (self.value(end[:7]) for end in span(wanted))
        return f" AND {table}.period >= {low} AND {table}.period <= {high}"

    def entries(self, wanted: LogSearch, places: tuple[int, int]) -> str:
        """`WITH r`: the entries of the span."""
        start, end = (self.value(place) for place in places)
        since, until = (self.value(moment) for moment in span(wanted))
        others = "".join(
            f" AND e.{name} = {self.value(searched(value))}"
            for name, value in (("requester", wanted.requester), ("agency", wanted.agency))
            if value
        )
        return (
            "WITH RECURSIVE r AS (SELECT e.idx, e.seq, e.time, e.exchange, e.phase, e.requester, e.agency, e.dossier,"  # noqa: S608 -- numbers of parameters
            f" e.official, e.result FROM log_entries e WHERE e.idx >= {start} AND e.idx < {end} AND e.time >= {since}"
            f" AND e.time < {until}{self.months(wanted, 'e')}{others})"
        )

    def office(self, hours: Sequence[OpenHours]) -> str:
        """`office`: the hours as a table."""
        rows = ",".join(f"({','.join(self.value(part, 'text') for part in one)})" for one in hours)
        if not rows:
            return ", office(day, low, high) AS (SELECT '', '', '' WHERE 1 = 0)"
        return f", office(day, low, high) AS (VALUES {rows})"


class SqlLogCounts:
    """Counts over the log in one database, one at a time: they are long, and others wait for the same disk."""

    __slots__ = ("_database", "_one")

    def __init__(self, database: Database) -> None:
        """Over a database with the tables."""
        self._database = database
        self._one = asyncio.Semaphore()

    async def requesters(self, span: LogSearch, most: int) -> GroupCounts[RequesterCount]:
        """By system, the busiest first; hits are the refused ones."""
        statement = _CountStatement()
        rows = await self._rows(span, statement, lambda _: _REQUESTERS + statement.value(most))
        return _counted([RequesterCount(row[0], *map(int, row[1:7])) for row in rows], rows)

    async def calls(self, span: LogSearch, most: int) -> GroupCounts[CallCount]:
        """By source and outcome, as each exchange's last record says."""
        statement = _CountStatement()

        def text(places: tuple[int, int]) -> str:
            start, end = (statement.value(place) for place in places)
            months = statement.months(span, "s")
            return _CALLS.format(start=start, end=end, months=months) + statement.value(most)

        rows = await self._rows(span, statement, text)
        return _counted([CallCount(*row[:3]) for row in rows], rows)

    async def days(self, span: LogSearch) -> Sequence[DayCount]:
        """By system and day in Việt Nam, days without exchanges left out."""
        statement = _CountStatement()

        def text(_: tuple[int, int]) -> str:
            return _DAYS.format(midnight=statement.value(_MIDNIGHT)) + statement.value(MOST_DAYS)

        found: dict[tuple[str, str], int] = {}
        for requester, day, count in _local(await self._rows(span, statement, text)):
            found[requester, day] = found.get((requester, day), 0) + count
        return [DayCount(*key, count) for key, count in found.items()]

    async def hours(self, span: LogSearch) -> Sequence[HourCount]:
        """By weekday and hour in Việt Nam in which an exchange began."""
        statement = _CountStatement()
        rows = await self._rows(span, statement, lambda _: _HOURS + statement.value(MOST_DAYS))
        found: dict[tuple[int, int], int] = {}
        for hour, count in rows:
            with contextlib.suppress(ValueError, OverflowError):  # what is no time is left out
                began = datetime.fromisoformat(f"{hour}:00").replace(tzinfo=UTC).astimezone(VIETNAM)
                place = began.isoweekday(), began.hour
                found[place] = found.get(place, 0) + count
        return [HourCount(*place, count) for place, count in sorted(found.items())]

    async def officials(
        self, span: LogSearch, most: int, office: Sequence[OpenHours] | None
    ) -> GroupCounts[OfficialCount]:
        """By official who acted, the most hits first: exchanges outside these hours; for None those without a dossier.

        Outside these hours: those in which no official acted too, as a row of nobody for each system.
        """
        statement = _CountStatement()

        def text(_: tuple[int, int]) -> str:
            table = "" if office is None else statement.office(office)
            parts = {
                "idle": _IDLE_POSTGRES if self._database.arrays else _IDLE_SQLITE,
                "who": "r.official IS NOT NULL" if office is None else "r.requester IS NOT NULL",
                "hits": _WITHOUT_DOSSIER if office is None else _OUTSIDE,
                "counted": "(1 - duty)" if office is None else "1",
            }
            return table + _OFFICIALS.format(**parts) + statement.value(most)

        rows = await self._rows(span, statement, text)
        if not rows:
            return GroupCounts([])
        sums = (int(one or 0) for one in rows[0][9:])
        return GroupCounts([_official(row) for row in rows if row[3] is not None], *sums)

    async def _rows(self, wanted: LogSearch, statement: _CountStatement, rest: Any) -> list[Any]:  # noqa: ANN401 -- places -> text
        blocks = await self._database.read(BLOCKS, *span(wanted), BLOCK, way=ReadKind.REPORT)
        places = window(blocks, None)
        if places[0] >= places[1]:
            return []
        text = statement.entries(wanted, places) + rest(places)
        async with self._one:
            return await self._database.read(text, *statement.values, way=ReadKind.REPORT)


def _counted(found: list[Any], rows: Sequence[Any]) -> GroupCounts[Any]:
    """With the sums that are in each row, behind what is counted."""
    if not rows:
        return GroupCounts([])
    sums = rows[0][len(rows[0]) - (2 if isinstance(found[0], CallCount) else 3) :]
    return GroupCounts(found, *(int(one) for one in sums))


def _official(row: Sequence[Any]) -> OfficialCount:
    requester, agency, official, exchanges, hits, first, last, *examples = row[:9]
    different = tuple(dict.fromkeys(one for one in examples if one))
    return OfficialCount(
        requester or "", agency or "", bytes_of(official or b""), exchanges, int(hits), first, last, different
    )


def _local(rows: Sequence[Any]) -> Iterator[tuple[str, str, int]]:
    """Halves of UTC days as days in Việt Nam; what is no date is left out."""
    for requester, day, late, count in rows:
        try:
            yield requester, (date.fromisoformat(day) + timedelta(days=late)).isoformat(), count
        except (ValueError, OverflowError):
            continue
