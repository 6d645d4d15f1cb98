"""Charts drawn by the server: SVG in the page, so that they print, need no script and break no content policy.

Each is a figure: the finding as its caption, the drawing, and its numbers as a table with a link to the same as CSV.
Colour never stands alone: bars bear their numbers, lines their dashes, parts their pattern and label. Horizontal places
are shares of the width, so that text keeps its size on a narrow screen.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate, pairwise

from markupsafe import Markup

from gateway.console.formats import ENGLISH, number, percent, seen
from gateway.console.markup import tag

#: one bar or point: the words of its place, and its value
Point = tuple[str, float]
_FEW_BARS = 16
#: a table with more columns becomes cards on a narrow screen
_NARROW_COLUMNS = 4
#: bars are not wider than if there were so many
_LEAST_BARS = 8
#: names with more signs stand above bars that lie
_LONG = 8
_PLOT, _ROOM, _FOOT = 150, 24, 26  # heights in px: plot, numbers above, words below
_FLOOR, _HEIGHT = _ROOM + _PLOT, _ROOM + _PLOT + _FOOT
_LYING_ROW = 46  # height of a bar that lies, its name above
_ROW = 52  # height of a row of shares, its word above
_EDGE = 6.0  # share of the width, in %, in which a label would not have room to both sides
_LEVEL = 44  # height of a level of a tree
#: latencies, in ms
_FASTEST, _SLOWEST = 1.0, 10_000.0
_DECADES = ((1, "1 ms"), (10, "10 ms"), (100, "100 ms"), (1_000, "1 s"), (10_000, "10 s"))
#: on the ground of a part: full, stripes, dots, cross, stripes back, nothing
_PATTERNS = (
    tag("rect", kind="c-fill", width=8, height=8),
    tag("path", kind="c-stroke", d="M-2 10 10-2M-2 2 2-2M6 10l4-4"),
    tag("circle", kind="c-fill", cx=4, cy=4, r=2),
    tag("path", kind="c-stroke", d="M0 4h8M4 0v8"),
    tag("path", kind="c-stroke", d="M-2-2 10 10M-2 6l4 4M6-2l4 4"),
    Markup(),
)
_NO_TABLE = Markup()
#: a part narrower than this has its word in the legend only
_NARROW = 0.14
_OPENING, _CLOSING = 7, 18
_DAYS = (
    ("T2", "Mon"), ("T3", "Tue"), ("T4", "Wed"), ("T5", "Thu"), ("T6", "Fri"), ("T7", "Sat"), ("CN", "Sun"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """Latencies at one place of the axis, in ms; None where nothing was asked."""

    label: str
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """One part of a whole, the same in each row of a chart: a kind of state (colour), and its word."""

    word: str
    kind: str = "mute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Banded:
    """A value, and what is usual there: the median and its band."""

    label: str
    value: float
    median: float
    low: float
    high: float

    @property
    def is_unusual(self) -> bool:
        """Above the band; a quiet day is not."""
        return self.value > self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What stands around a drawing: its finding as a sentence, the heads of its table, where its CSV is."""

    caption: str
    head: Sequence[str]
    csv_url: str = ""
    #: a table of the page with these numbers and more, in place of the chart's own
    numbers: Markup = _NO_TABLE


class Charts:
    """The charts of pages in one language; templates know it as `chart`."""

    def __init__(self, language: str) -> None:
        """`language`: vi or en."""
        self._is_english = language == ENGLISH

    def bars(
        self, points: Sequence[Point], *, caption: str, head: Sequence[str], csv_url: str = "", now: str = "",
        numbers: Markup = _NO_TABLE,
    ) -> Markup:  # fmt: skip
        """Counts, from 0; `now`: the label of the bar that is meant, or still grows. Bars with long names lie."""
        top = max((value for _, value in points), default=0) or 1
        rows = [(label, number(value)) for label, value in points]
        figure = Figure(caption=caption, head=head, csv_url=csv_url, numbers=numbers)
        if any(len(label) > _LONG for label, _ in points):
            lying = [_lying_bar(place, point, top) for place, point in enumerate(points)]
            return self._figure(figure, _drawing(len(points) * _LYING_ROW, *lying, kind="c-long"), rows)
        step = 100 / max(len(points), _LEAST_BARS)
        drawn = [_bar(place, step, point, top, is_now=point[0] == now) for place, point in enumerate(points)]
        drawing = _drawing(_HEIGHT, *drawn, kind=f"c-bars{' c-many' if len(points) > _FEW_BARS else ''}")
        return self._figure(figure, drawing, rows)

    def quantiles(
        self, points: Sequence[Quantiles], *, caption: str, head: Sequence[str], csv_url: str = ""
    ) -> Markup:
        """Latencies from 1 ms to 10 s on a logarithmic axis: p50 solid, p95 dashed, p99 dotted."""
        names = ("p50", "p95", "p99")
        lines = [_line([_log_height(getattr(one, name)) for one in points], name) for name in names]
        grid = [_grid_line(_log_height(value) or 0, word) for value, word in _DECADES]
        drawing = _drawing(
            _HEIGHT, *grid, _plot(*lines), *_labels([one.label for one in points]), kind="c-lines"
        )
        legend = _legend((_line_key(name), name) for name in names)
        rows = [(one.label, *(_ms(value) for value in (one.p50, one.p95, one.p99))) for one in points]
        return self._figure(Figure(caption=caption, head=head, csv_url=csv_url), drawing + legend, rows)

    def shares(
        self, rows: Sequence[tuple[str, Sequence[float]]], parts: Sequence[Portion], *, caption: str,
        head: Sequence[str], csv_url: str = "", numbers: Markup = _NO_TABLE,
    ) -> Markup:  # fmt: skip
        """Rows of 100 %: each part has a pattern and its word. `rows`: a word, and a count for each part."""
        key = sha256(repr((caption, rows)).encode()).hexdigest()[:8]
        patterns = [_pattern(f"p{key}-{place}", place, part) for place, part in enumerate(parts)]
        drawn = [_whole(place, word, counts, parts, key) for place, (word, counts) in enumerate(rows)]
        drawing = _drawing(len(rows) * _ROW, tag("defs", *patterns), *drawn, kind="c-shares")
        legend = _legend((_part_key(f"p{key}-{place}", part), part.word) for place, part in enumerate(parts))
        cells = [(word, *(number(count) for count in counts)) for word, counts in rows]
        figure = Figure(caption=caption, head=head, csv_url=csv_url, numbers=numbers)
        return self._figure(figure, drawing + legend, cells)

    def band(
        self, points: Sequence[Banded], *, caption: str, head: Sequence[str], csv_url: str = ""
    ) -> Markup:
        """A line with its median and what is usual as a band; a value above has a mark and its number."""
        top = max((max(one.value, one.high) for one in points), default=0) or 1
        paths = (
            _area([(one.low / top, one.high / top) for one in points]),
            _line([one.median / top for one in points], "median"),
            _line([one.value / top for one in points], "value"),
        )
        marks = [
            _mark(_column(place, len(points)), one.value / top, number(one.value))
            for place, one in enumerate(points) if one.is_unusual
        ]  # fmt: skip
        drawing = _drawing(
            _HEIGHT, _grid_line(0, "0"), _grid_line(1, number(top)), _plot(*paths), *marks,
            *_labels([one.label for one in points]), kind="c-band",
        )  # fmt: skip
        rows = [
            (one.label, number(one.value), number(one.median), f"{number(one.low)}\u2013{number(one.high)}")
            for one in points
        ]
        figure = Figure(caption=caption, head=head, csv_url=csv_url)
        return self._figure(figure, drawing + _legend(self._band_keys()), rows)

    def week(
        self, grid: Sequence[Sequence[int]], *, caption: str, csv_url: str = "",
        hours: tuple[int, int] = (_OPENING, _CLOSING), workdays: Iterable[int] = range(1, 6),
    ) -> Markup:  # fmt: skip
        """Counts by weekday (Monday first) and hour as a table; those out of `hours` have a frame."""
        top = max((count for day in grid for count in day), default=0)
        opened = set(workdays)
        heads = (self._word("Giờ", "Hour"), *(pair[self._is_english] for pair in _DAYS))
        lines = [
            tag("tr", tag("th", f"{hour:02}", scope="row", role="rowheader"), *(
                _hour_cell(grid[day][hour], top, is_off=day + 1 not in opened or not hours[0] <= hour < hours[1])
                for day in range(7)
            ), role="row")
            for hour in range(24)
        ]  # fmt: skip
        head = tag("tr", *(tag("th", one, scope="col", role="columnheader") for one in heads), role="row")
        table = tag(
            "table", tag("thead", head, role="rowgroup"), tag("tbody", *lines, role="rowgroup"),
            kind="c-week", role="table",
        )  # fmt: skip
        note = self._word("Ô có viền: ngoài giờ làm việc.", "Framed: out of office hours.")
        return tag(
            "figure", tag("figcaption", seen(caption)), table,
            tag("p", note, self._csv(csv_url), kind="small quiet"), kind="chart",
        )  # fmt: skip

    def span(self, start: float, length: float, whole: float, kind: str = "lam") -> Markup:
        """One call on the time axis of its exchange, from its start; the numbers stand beside it."""
        end = max(whole, start + length, 1)
        ticks = (tag("line", kind="c-tick", x1=x, x2=x, y1=0, y2=12) for x in ("0", "50%", "100%"))
        bar = tag(
            "rect",
            kind="bar-part",
            x=_share(start / end),
            width=_share(max(length / end, 0.008)),
            y=2,
            height=8,
        )
        return tag("svg", *ticks, bar, kind=f"span {kind}", width="100%", height=12, aria_hidden="true")

    def proof(self, index: int, size: int, hashes: Sequence[str], *, leaf: str, root: str) -> Markup:
        """The way of a record to the root of its tree (RFC 9162, 2.1.3.2), with the hashes beside it.

        `leaf` and `root` are the words at its ends. A page lists the same hashes as text.
        """
        sides = _sides(index, size, len(hashes))
        way = [0.0, *accumulate(-1.0 if is_left else 1.0 for is_left in sides)]
        beside = [up + (up - here) for here, up in pairwise(way)]
        least, most = min(*way, *beside, -1), max(*way, *beside, 1)
        places = [24 + 50 * (one - least) / (most - least) for one in (*way, *beside)]
        floor = 28 + _LEVEL * len(hashes)
        points = [(places[level], floor - _LEVEL * level) for level in range(len(way))]
        siblings = [
            _sibling(
                points[level + 1], (places[len(way) + level], floor - _LEVEL * level), one, is_left=is_left
            )
            for level, (is_left, one) in enumerate(zip(sides, hashes, strict=True))
        ]
        steps = [
            tag("line", kind="path", x1=_pc(x), y1=y, x2=_pc(up_x), y2=up_y)
            for (x, y), (up_x, up_y) in pairwise(points)
        ]
        nodes = [tag("circle", kind="node", cx=_pc(x), cy=y, r=6) for x, y in points]
        words = (
            tag("text", leaf, x=_pc(points[0][0]), y=points[0][1] + 22, text_anchor="middle"),
            tag("text", root, x=_pc(points[-1][0]), y=points[-1][1] - 12, text_anchor="middle"),
        )
        return tag(
            "svg", *siblings, *steps, *nodes, *words, kind="tree", width="100%", height=floor + 30,
            aria_hidden="true", focusable="false",
        )  # fmt: skip

    # -------------------------------------------------------------------------------------------- frame

    def _figure(self, figure: Figure, drawing: Markup, rows: Sequence[Sequence[str]]) -> Markup:
        heads = [seen(word) for word in figure.head]
        head = (
            tag("th", word, scope="col", role="columnheader", kind="r" if place else None)
            for place, word in enumerate(heads)
        )
        body = (_table_row(heads, row) for row in rows)
        table = tag(
            "table", tag("thead", tag("tr", *head, role="row"), role="rowgroup"),
            tag("tbody", *body, role="rowgroup"), kind="t keep" if len(heads) <= _NARROW_COLUMNS else "t",
            role="table",
        )  # fmt: skip
        words = self._word("Số liệu", "Numbers")
        return tag(
            "figure", tag("figcaption", seen(figure.caption)), tag("div", drawing, kind="plot"),
            tag("details", tag("summary", words), figure.numbers or table, self._csv(figure.csv_url)), kind="chart",
        )  # fmt: skip

    def _csv(self, url: str) -> Markup:
        if not url:
            return Markup()
        return Markup(" ") + tag("a", self._word("Tải CSV", "Download CSV"), href=url, download=True)

    def _band_keys(self) -> Iterable[tuple[Markup, str]]:
        area = tag("rect", kind="c-area", x=1, y=1, width=28, height=14)
        mark = tag("path", kind="c-mark", d="M15 2l6 6-6 6-6-6z")
        return (
            (_line_key("value"), self._word("số lượt", "count")),
            (_line_key("median"), self._word("trung vị", "median")),
            (_key(area), self._word("mức thường thấy", "usual")),
            (_key(mark), self._word("khác thường", "unusual")),
        )

    def _word(self, vi: str, en: str) -> str:
        return en if self._is_english else vi


# ---------------------------------------------------------------------------------------------- pieces


def _table_row(heads: Sequence[str], row: Sequence[str]) -> Markup:
    cells = (
        tag("td", value, role="cell", kind="r", data_label=word)
        for word, value in zip(heads[1:], row[1:], strict=True)
    )
    return tag("tr", tag("th", seen(row[0]), scope="row", role="rowheader"), *cells, role="row")


def _drawing(height: int, *inner: Markup, kind: str) -> Markup:
    # its numbers are in the table: the drawing is not read out
    return tag(
        "svg", *inner, kind=f"drawing {kind}", width="100%", height=height, aria_hidden="true",
        focusable="false",
    )  # fmt: skip


def _bar(place: int, step: float, point: Point, top: float, *, is_now: bool) -> Markup:
    label, value = point
    height = _PLOT * max(value, 0) / top
    middle = _pc(step * (place + 0.5))
    return tag(
        "g",
        tag("rect", kind="c-bar", x=_pc(step * (place + 0.19)), width=_pc(step * 0.62), y=_FLOOR - height,
            height=height),
        tag("line", kind="c-base", x1=_pc(step * (place + 0.02)), x2=_pc(step * (place + 0.98)), y1=_FLOOR, y2=_FLOOR),
        tag("text", number(value), kind="c-value", x=middle, y=_FLOOR - height - 7),
        tag("text", seen(label), kind="c-label" if place % 5 == 0 else "c-label c-some", x=middle, y=_FLOOR + 19),
        kind="c-now" if is_now else "c-top" if value == top else None,
    )  # fmt: skip


def _lying_bar(place: int, point: Point, top: float) -> Markup:
    """Its name above, its number behind; the longest leaves room for that."""
    label, value = point
    down, share = place * _LYING_ROW, 0.8 * max(value, 0) / top
    return tag(
        "g",
        tag("text", seen(label), kind="c-name", x=0, y=down + 14),
        tag("rect", kind="c-bar", x=0, width=_share(share), y=down + 20, height=14),
        tag("svg", tag("text", number(value), kind="c-value", x=6, y=12), x=_share(share), y=down + 20,
            overflow="visible"),
    )  # fmt: skip


def _log_height(ms: float | None) -> float | None:
    """A latency as a share of the height; None stays None."""
    if ms is None:
        return None
    held = min(max(ms, _FASTEST), _SLOWEST)
    return math.log10(held / _FASTEST) / math.log10(_SLOWEST / _FASTEST)


def _line(heights: Sequence[float | None], kind: str) -> Markup:
    """A path in a square of 1000; where there is no value, the line has a gap."""
    moves: list[str] = []
    is_open = False
    for place, height in enumerate(heights):
        if height is not None:
            moves.append(
                f"{'L' if is_open else 'M'}{_across(place, len(heights)):.1f} {1000 - 1000 * height:.1f}"
            )
            if not is_open:
                moves.append("h.01")  # a single value between gaps is a dot
        is_open = height is not None
    return tag("path", kind=f"c-line {kind}", d=" ".join(moves))


def _area(bounds: Sequence[tuple[float, float]]) -> Markup:
    many = len(bounds)
    over = [f"{_across(place, many):.1f} {1000 - 1000 * high:.1f}" for place, (_, high) in enumerate(bounds)]
    under = [f"{_across(place, many):.1f} {1000 - 1000 * low:.1f}" for place, (low, _) in enumerate(bounds)]
    return tag("path", kind="c-area", d=f"M{' L'.join([*over, *reversed(under)])}Z") if bounds else Markup()


def _across(place: int, many: int) -> float:
    """The middle of a point's column, of 1000."""
    return 1000 * (place + 0.5) / many


def _plot(*inner: Markup) -> Markup:
    """Paths stretch with the plot, the width of their lines does not (`vector-effect`)."""
    return tag(
        "svg", *inner, y=_ROOM, width="100%", height=_PLOT, viewBox="0 0 1000 1000",
        preserveAspectRatio="none", overflow="visible",
    )  # fmt: skip


def _grid_line(height: float, word: str) -> Markup:
    down = _FLOOR - _PLOT * height
    return tag("line", kind="c-grid", x1=0, x2="100%", y1=down, y2=down) + tag(
        "text", word, kind="c-axis", x=0, y=down - 4
    )


def _labels(words: Sequence[str]) -> Iterable[Markup]:
    """Under the plot; at most twelve, half of them on a narrow screen. One at the edge begins there."""
    every = max(1, math.ceil(len(words) / 12))
    for place in range(0, len(words), every):
        across = _column(place, len(words))
        kind = "c-label" if place % (2 * every) == 0 else "c-label c-some"
        is_edge = across < _EDGE
        yield tag(
            "text", seen(words[place]), kind=f"{kind} c-edge" if is_edge else kind,
            x=0 if is_edge else _pc(across), y=_FLOOR + 19,
        )  # fmt: skip


def _column(place: int, many: int) -> float:
    return 100 * (place + 0.5) / many


def _mark(across: float, height: float, text: str) -> Markup:
    mark = tag("path", kind="c-mark", d="M0-6l6 6-6 6-6-6z")
    return tag(
        "svg", mark, tag("text", text, kind="c-value", y=-10), x=_pc(across), y=_FLOOR - _PLOT * height,
        overflow="visible",
    )  # fmt: skip


def _pattern(key: str, place: int, part: Portion) -> Markup:
    ground = tag("rect", kind="c-ground", width=8, height=8)
    inside = _PATTERNS[place % len(_PATTERNS)]
    return tag(
        "pattern", ground, inside, id=key, kind=part.kind, width=8, height=8, patternUnits="userSpaceOnUse"
    )


def _whole(place: int, word: str, counts: Sequence[float], parts: Sequence[Portion], key: str) -> Markup:
    """A row of 100 %: its word above, its parts beside each other, each with its share where there is room."""
    whole, left, drawn, down = sum(counts) or 1, 0.0, [], place * _ROW
    for which, (count, part) in enumerate(zip(counts, parts, strict=True)):
        share = count / whole
        if share:
            title = tag("title", f"{seen(part.word)}: {number(count)}")
            drawn.append(
                tag(
                    "g", title, tag("rect", kind=f"c-part {part.kind}", x=_share(left), width=_share(share),
                    y=down + 22, height=20, fill=f"url(#p{key}-{which})"),
                )
            )  # fmt: skip
        if share >= _NARROW:
            drawn.append(_share_label(left, share, down))
        left += share
    return tag("g", tag("text", seen(word), kind="c-name", x=0, y=down + 15), *drawn)


def _share_label(left: float, share: float, down: int) -> Markup:
    plate = tag("rect", kind="c-plate", x=4, y=0, width=40, height=16, rx=2)
    text = tag("text", percent(share), kind="c-share", x=24, y=12.5)
    return tag("svg", plate, text, x=_share(left), y=down + 24, overflow="visible")


def _hour_cell(count: int, top: int, *, is_off: bool) -> Markup:
    level = 1 + min(3, int(3.999 * count / top)) if count else 0
    return tag("td", number(count), role="cell", kind=f"h{level} off" if is_off and count else f"h{level}")


def _sides(index: int, size: int, length: int) -> list[bool]:
    """Of each hash of an inclusion proof, whether it stands on the left."""
    left: list[bool] = []
    node, last = index, size - 1
    for _ in range(length):
        is_left = bool(node & 1) or node == last
        if is_left and not node & 1:
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        left.append(is_left)
        node, last = node >> 1, last >> 1
    return left


def _sibling(parent: tuple[float, float], at: tuple[float, float], text: str, *, is_left: bool) -> Markup:
    (x, y), (up_x, up_y) = at, parent
    edge = tag("line", x1=_pc(x), y1=y, x2=_pc(up_x), y2=up_y)
    word = tag(
        "text", seen(text)[:8], x=-12 if is_left else 12, y=4, text_anchor="end" if is_left else None
    )  # fmt: skip
    circle = tag("circle", cx=_pc(x), cy=y, r=6)
    return Markup().join((edge, circle, tag("svg", word, x=_pc(x), y=y, overflow="visible")))


def _legend(items: Iterable[tuple[Markup, str]]) -> Markup:
    return tag("ul", *(tag("li", key, seen(word)) for key, word in items), kind="legend")


def _key(inner: Markup) -> Markup:
    return tag("svg", inner, kind="c-key", aria_hidden="true")


def _line_key(name: str) -> Markup:
    return _key(tag("line", kind=f"c-line {name}", x1=1, x2=29, y1=8, y2=8))


def _part_key(pattern: str, part: Portion) -> Markup:
    return _key(
        tag("rect", kind=f"c-part {part.kind}", x=1, y=1, width=28, height=14, fill=f"url(#{pattern})")
    )


def _ms(value: float | None) -> str:
    return "\u2013" if value is None else number(value)


def _share(share: float) -> str:
    return _pc(100 * share)


def _pc(percentage: float) -> str:
    """A place on the width, as an attribute: `8.33%`."""
    return f"{percentage:.3f}".rstrip("0").rstrip(".") + "%"
