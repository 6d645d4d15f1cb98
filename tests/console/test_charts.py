"""Charts: what they say is in their numbers, nothing of them runs, colour never stands alone."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.console.charts import Banded, Charts, Portion, Quantiles, _sides
from gateway.exchange_log import merkle
from tests.console.reading import Reading

EVIL = "<script>alert(1)</script>\u202e\"'&"
CHART = Charts("vi")
COUNTS = st.lists(st.tuples(st.text(max_size=8), st.integers(min_value=0, max_value=10**9)), max_size=40)


def figure(text: str) -> Reading:
    seen = Reading(text)
    assert seen.running == []
    assert (seen.opened, seen.crossed) == ([], [])
    assert len(seen.of("figcaption")) == 1
    assert "\u202e" not in text
    return seen


@settings(deadline=None)
@given(COUNTS)
def test_bars_grow_from_zero_and_stand_in_the_table(points: list[tuple[str, int]]) -> None:
    text = CHART.bars(points, caption=EVIL, head=("Tháng", "Số lần"), csv_url="/a?x=1&y=<")
    seen = figure(text)
    bars = [one for one in seen.of("rect") if one.get("class") == "c-bar"]
    assert len(bars) == len(points)
    assert len(re.findall("<tr", text)) == len(points) + 1
    top = max((value for _, value in points), default=0) or 1
    for one, (_, value) in zip(bars, points, strict=True):
        assert float(str(one["height"])) == pytest.approx(150 * value / top, abs=0.01)
        assert float(str(one["y"])) + float(str(one["height"])) == pytest.approx(174, abs=0.01)
    assert seen.of("a")[-1]["href"] == "/a?x=1&y=<"


def test_bars_with_long_names_lie_and_grow_from_zero() -> None:
    text = CHART.bars([("Cổng dịch vụ công tỉnh Hưng Yên", 40), (EVIL, 10)], caption="x", head=("a", "b"))
    bars = [one for one in figure(text).of("rect") if one.get("class") == "c-bar"]
    assert [(one["x"], one["width"]) for one in bars] == [("0", "80%"), ("0", "20%")]
    assert ">40</text>" in text


def test_the_bar_that_is_meant_is_marked_and_hostile_words_are_words() -> None:
    text = CHART.bars([("<b>", 3), ("11", 1)], caption="x", head=(EVIL, "n"), now="11")
    assert text.count("c-now") == 1
    assert "&lt;script&gt;" in text


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(min_value=0, allow_infinity=False)), max_size=60))
def test_latencies_keep_within_their_axis_and_show_gaps(values: list[float | None]) -> None:
    points = [Quantiles(label=f"{place}", p50=value) for place, value in enumerate(values)]
    text = CHART.quantiles(points, caption="x", head=("Giờ", "p50", "p95", "p99"))
    figure(text)
    drawn = re.search(r'class="c-line p50" d="([^"]*)"', text)
    assert drawn is not None
    heights = [float(one) for one in re.findall(r"[ML][\d.]+ (-?[\d.]+)", drawn[1])]
    assert all(0 <= one <= 1000 for one in heights)
    assert len(heights) == sum(value is not None for value in values)
    starts = sum(
        value is not None and (place == 0 or values[place - 1] is None) for place, value in enumerate(values)
    )
    assert drawn[1].count("M") == starts
    assert text.count("\u2013</td>") == 3 * len(values) - len(heights)


def test_a_decade_of_latency_is_a_quarter_of_the_height() -> None:
    points = [Quantiles(label="a", p50=value) for value in (1, 10, 100, 1_000, 10_000)]
    text = CHART.quantiles(points, caption="x", head=("a", "b", "c", "d"))
    assert re.findall(r"[ML][\d.]+ ([\d.]+)", text.partition("c-line p50")[2].partition("/>")[0]) == [
        "1000.0", "750.0", "500.0", "250.0", "0.0",
    ]  # fmt: skip


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.text(max_size=8), st.lists(st.integers(0, 10**6), min_size=3, max_size=3)), max_size=6
    )
)
def test_parts_of_a_whole_fill_it_each_with_its_own_pattern(rows: list[tuple[str, list[int]]]) -> None:
    parts = [
        Portion(word="Có", kind="ok"),
        Portion(word="Không", kind="mute"),
        Portion(word=EVIL, kind="stop"),
    ]
    text = CHART.shares(rows, parts, caption="x", head=("a", "b", "c", "d"))
    seen = figure(text)
    assert len({str(one["id"]) for one in seen.of("pattern")}) == 3
    widths = [
        float(str(one["width"]).rstrip("%"))
        for one in seen.of("rect")
        if str(one.get("class", "")).startswith("c-part") and "%" in str(one["width"])
    ]
    assert sum(widths) == pytest.approx(100 * sum(any(counts) for _, counts in rows), abs=0.1)
    known = {f"url(#{one['id']})" for one in seen.of("pattern")}
    assert {str(one["fill"]) for one in seen.of("rect") if "fill" in one} <= known


def test_two_charts_of_a_page_share_no_ids() -> None:
    both = CHART.shares([("a", [1])], [Portion(word="x")], caption="1", head="ab") + CHART.shares(
        [("a", [2])], [Portion(word="x")], caption="2", head="ab"
    )
    ids = [one["id"] for _, one in Reading(both).tags if "id" in one]
    assert len(ids) == len(set(ids)) == 2


def test_what_is_above_the_band_has_a_mark_and_its_number() -> None:
    points = [Banded(label=EVIL, value=value, median=10, low=5, high=15) for value in (4, 5, 10, 15, 1_600)]
    text = CHART.band(points, caption="x", head=("a", "b", "c", "d"))
    figure(text)
    assert text.count('class="c-mark"') == 1 + 1
    assert ">1.600</text>" in text
    assert CHART.band([], caption="x", head=("a", "b", "c", "d"))


def test_the_week_frames_what_is_out_of_office_hours() -> None:
    grid = [[0] * 24 for _ in range(7)]
    grid[0][7], grid[0][18], grid[5][10], grid[6][3] = 4, 5, 6, 1_000
    text = CHART.week(grid, caption="x", csv_url="/csv")
    seen = figure(text)
    cells = seen.of("td")
    assert len(cells) == 7 * 24
    assert sum(" off" in str(one["class"]) for one in cells) == 3
    assert ">1.000<" in text
    assert 'class="h4 off"' in text
    assert "T2" in text
    assert "Mon" in Charts("en").week(grid, caption="x")
    assert " off" not in CHART.week([[0] * 24] * 7, caption="x")


def test_a_call_begins_where_it_began() -> None:
    bar = next(one for one in Reading(CHART.span(20, 40, 80)).of("rect"))
    assert (bar["x"], bar["width"]) == ("25%", "50%")
    assert Reading(CHART.span(0, 0, 0)).of("rect")[0]["width"] == "0.8%"


@settings(deadline=None)
@given(st.data())
def test_the_way_to_the_root_turns_as_the_proof_does(data: st.DataObject) -> None:
    size = data.draw(st.integers(min_value=1, max_value=70))
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    leaves = [merkle.leaf_hash(f"{place}".encode()) for place in range(size)]

    def node_at(level: int, place: int) -> bytes:
        return merkle.root(leaves[place << level : (place + 1) << level])

    proof = merkle.inclusion_proof(index, size, node_at)
    node = leaves[index]
    for is_left, sibling in zip(_sides(index, size, len(proof)), proof, strict=True):
        node = merkle.node_hash(sibling, node) if is_left else merkle.node_hash(node, sibling)
    assert node == merkle.root(leaves)
    drawn = CHART.proof(index, size, [one.hex() for one in proof], leaf=EVIL, root="gốc")
    places = [float(one) for one in re.findall(r'cx="([\d.]+)%"', drawn)]
    assert all(10 <= one <= 90 for one in places)
    assert len(places) == 2 * len(proof) + 1
