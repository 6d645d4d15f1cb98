"""Operations log and metrics: useful to operators, silent about people."""

import io
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import orjson
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

from gateway import telemetry
from gateway.domain.exchange import Phase

CANARY = "033190274816"
OLD_CANARY = "145678901"


@pytest.fixture
def sink() -> Iterator[io.BytesIO]:
    stream = io.BytesIO()
    telemetry.set_up(stream)
    yield stream
    structlog.reset_defaults()


def last(stream: io.BytesIO) -> dict[str, object]:
    line: dict[str, object] = orjson.loads(stream.getvalue().splitlines()[-1])
    return line


def test_line_carries_event_level_time_and_allowed_keywords(sink: io.BytesIO) -> None:
    telemetry.log().info("prefill.answered", source="population", elapsed_ms=7)
    line = last(sink)
    assert line.pop("time")
    assert line == {"event": "prefill.answered", "level": "info", "source": "population", "elapsed_ms": 7}


def test_keyword_that_is_not_allowed_is_dropped_by_name(sink: io.BytesIO) -> None:
    telemetry.log().warning("source.strange", full_name="TRẦN THỊ MẪU", reason="invalid")
    assert last(sink)["dropped"] == ["full_name"]
    assert "TRẦN" not in sink.getvalue().decode()


@pytest.mark.parametrize(
    "value",
    [
        CANARY,
        OLD_CANARY,
        int("1" + CANARY[1:]),
        f"id={CANARY}&x=1",
        [CANARY, {"a": OLD_CANARY}],
        {CANARY: "key"},
        (f"<SoDinhDanh>{CANARY}</SoDinhDanh>",),
        "".join(chr(0xFF10 + int(digit)) for digit in CANARY),
    ],
)
def test_digits_of_the_length_of_an_id_are_blotted_out(sink: io.BytesIO, value: object) -> None:
    telemetry.log().info("source.said", reason=value)
    text = sink.getvalue().decode()
    assert CANARY[1:] not in text
    assert OLD_CANARY not in text
    assert "[id]" in text


def test_members_of_a_line_stand_in_the_order_that_readers_know(sink: io.BytesIO) -> None:
    telemetry.log().warning("source.strange", full_name="x", reason="invalid", error=ValueError())
    telemetry.log().info("source.said", exchange_id="01KAXW3Y7N123456789", reason=[CANARY])
    first, second = sink.getvalue().splitlines()
    assert list(orjson.loads(first)) == ["reason", "error", "event", "level", "time", "where", "dropped"]
    assert list(orjson.loads(second)) == ["exchange_id", "reason", "event", "level", "time"]
    assert orjson.loads(second)["exchange_id"] == "01KAXW3Y7N123456789"
    for line in (first, second):
        said = orjson.loads(line)["time"]
        assert said.endswith("Z")
        assert abs((datetime.now(UTC) - datetime.fromisoformat(said)).total_seconds()) < 60


def test_other_numbers_stay_readable(sink: io.BytesIO) -> None:
    telemetry.log().info(
        "log.appended", log_index=12345678, count=-1, reason="took 1234567890 steps", seconds=0.5
    )
    line = last(sink)
    assert (line["log_index"], line["reason"]) == (12345678, "took 1234567890 steps")


@given(before=st.text(max_size=20), after=st.text(max_size=20))
def test_no_surrounding_lets_an_id_through(before: str, after: str) -> None:
    text = f"{before}:{CANARY};{after}"
    event = telemetry.blot_personal_ids({"event": text})
    assert CANARY not in str(event["event"])


def test_error_is_named_but_not_quoted(sink: io.BytesIO) -> None:
    try:
        raise ValueError(f"no such person: {CANARY} TRẦN THỊ MẪU")  # noqa: TRY301 -- a traceback is wanted
    except ValueError as error:
        telemetry.log().error("prefill.failed", exc_info=True)
        telemetry.log().error("prefill.failed", error=error)
    for line in sink.getvalue().splitlines():
        assert orjson.loads(line)["error"] == "ValueError"
        assert "test_telemetry.py:" in orjson.loads(line)["where"]
    assert "MẪU" not in sink.getvalue().decode()


def test_lines_below_the_level_are_not_written(sink: io.BytesIO) -> None:
    telemetry.log().debug("source.detail")
    assert sink.getvalue() == b""


def test_libraries_that_quote_envelopes_are_silent(
    sink: io.BytesIO, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("zeep.transports").error("HTTP Post to %s:\n%s", "x", CANARY)  # noqa: TID251 -- as zeep does
    assert caplog.text == ""
    assert sink.getvalue() == b""


def test_metrics_tell_requests_outcomes_and_appends() -> None:
    metrics = telemetry.Metrics()
    metrics.in_flight(1)
    metrics.request("/v1/prefill", "POST", 200, 0.008)
    metrics.answer("population", "TraCuuThongTinCongDan", "found", 0.005)
    metrics.appended(Phase.INTENT, 0.002)
    metrics.appended(Phase.LOOKUP, 0.002)
    metrics.appended(Phase.INTENT, 0.002)
    metrics.append_failed()
    metrics.cache("hit")
    metrics.alarm("other_person")
    text = metrics.render().decode()
    assert 'motlan_requests_total{method="POST",route="/v1/prefill",status="200"} 1.0' in text
    assert 'operation="TraCuuThongTinCongDan",outcome="found",source="population"} 1.0' in text
    assert 'motlan_log_records_total{phase="intent"} 2.0' in text
    assert 'motlan_log_records_total{phase="lookup"} 1.0' in text
    assert 'motlan_source_seconds_bucket{le="0.005",source="population"} 1.0' in text


class ByTheLibrary:
    """The same metrics, made of the counters and histograms of prometheus_client."""

    BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self._requests = self._counter("requests", "Requests answered", "route", "method", "status")
        self._request_seconds = self._histogram("request_seconds", "Time to the answer", "route")
        self._outcomes = self._counter(
            "source_outcomes", "Answers of sources", "source", "operation", "outcome"
        )
        self._source_seconds = self._histogram("source_seconds", "Time to a source's answer", "source")
        self._appended = self._counter(
            "log_records", "Records made durable while their caller waited (log_size: all)", "phase"
        )
        self._failures = self._counter("log_failures", "Records not kept, or perhaps kept (no sure answer)")
        self._append_seconds = self._histogram("log_append_seconds", "Time until records are durable")
        self._cache = self._counter("cache", "Uses of the cache", "result")
        self._alarms = self._counter(
            "alarms", "Answers that were about somebody else, and their like", "kind"
        )
        self._faults = self._counter(
            "source_faults",
            "Answers and attributes that were not taken",
            "source",
            "operation",
            "outcome",
            "attribute",
            "code",
        )
        self._logins = self._counter("logins", "Steps of logins of people", "step", "reason")
        self._gauges = {
            name: Gauge(f"motlan_{name}", text, registry=self.registry)
            for name, text in telemetry._GAUGES.items()
        }
        self._under_way = Gauge(
            "motlan_requests_in_flight", "Requests being answered", registry=self.registry
        )

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        self._requests.labels(route, method, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def in_flight(self, change: int) -> None:
        self._under_way.inc(change)

    def answer(self, source: str, operation: str, outcome: str, seconds: float) -> None:
        self._outcomes.labels(source, operation, outcome).inc()
        self._source_seconds.labels(source).observe(seconds)

    def fault(self, *words: str) -> None:
        self._faults.labels(*words).inc()

    def appended(self, phase: Phase, seconds: float) -> None:
        self._appended.labels(phase).inc()
        self._append_seconds.observe(seconds)

    def append_failed(self) -> None:
        self._failures.inc()

    def cache(self, result: str) -> None:
        self._cache.labels(result).inc()

    def alarm(self, kind: str) -> None:
        self._alarms.labels(kind).inc()

    def login(self, step: str, reason: str) -> None:
        self._logins.labels(step, reason).inc()

    def gauges(self, values: dict[str, float]) -> None:
        for name, value in values.items():
            self._gauges[name].set(value)

    def render(self) -> bytes:
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"motlan_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        return Histogram(f"motlan_{name}", text, labels, registry=self.registry, buckets=self.BUCKETS)


NAMES = st.sampled_from(["a", "b", 'c"\\\n', "Tra cứu"])
SECONDS = st.sampled_from([0.0, 0.001, 0.01, 0.0251, 1.0, 10.0, 11.0]) | st.floats(0, 100)
ACTS = st.lists(
    st.tuples(st.just("request"), st.tuples(NAMES, NAMES, st.sampled_from([200, 503]), SECONDS))
    | st.tuples(st.just("in_flight"), st.tuples(st.sampled_from([1, -1])))
    | st.tuples(st.just("answer"), st.tuples(NAMES, NAMES, NAMES, SECONDS))
    | st.tuples(st.just("fault"), st.tuples(NAMES, NAMES, NAMES, NAMES, NAMES))
    | st.tuples(st.just("appended"), st.tuples(st.sampled_from(Phase), SECONDS))
    | st.tuples(st.just("append_failed"), st.tuples())
    | st.tuples(st.just("cache"), st.tuples(NAMES))
    | st.tuples(st.just("alarm"), st.tuples(NAMES))
    | st.tuples(st.just("login"), st.tuples(NAMES, NAMES))
    | st.tuples(
        st.just("gauges"),
        st.tuples(st.dictionaries(st.sampled_from(sorted(telemetry._GAUGES)), st.floats(-9, 9))),
    ),
    max_size=30,
)


@given(ACTS)
def test_metrics_read_as_the_library_writes_its_own(acts: list[tuple[str, tuple[object, ...]]]) -> None:
    ours, theirs = telemetry.Metrics(), ByTheLibrary()
    for name, values in acts:
        getattr(ours, name)(*values)
        getattr(theirs, name)(*values)
    assert _timeless(ours.render()) == _timeless(theirs.render())


def _timeless(text: bytes) -> str:
    """But for the moments at which counters began, which are now."""
    began = re.compile(r"^(motlan_\w+_created.*) (1\.\d+e\+09)$", re.MULTILINE)
    now = datetime.now(UTC).timestamp()
    assert all(now - 60 < float(found[1]) <= now for found in began.findall(text.decode()))
    return began.sub(r"\1", text.decode())


def test_gauge_that_is_not_known_is_an_error() -> None:
    with pytest.raises(KeyError):
        telemetry.Metrics().gauges({"unknown": 1.0})


def test_two_instances_share_nothing() -> None:
    first, second = telemetry.Metrics(), telemetry.Metrics()
    first.appended(Phase.INTENT, 0.001)
    assert 'phase="intent"' in first.render().decode()
    assert 'phase="intent"' not in second.render().decode()


def test_newest_lines_are_kept_as_they_were_written(sink: io.BytesIO) -> None:
    for number in range(telemetry.TAIL_LINES + 20):
        telemetry.log().info("http.answered", count=number, full_name=CANARY, reason=CANARY)
    kept = telemetry.tail()
    assert [line for _, line in kept] == sink.getvalue().splitlines(keepends=True)[-telemetry.TAIL_LINES :]
    assert CANARY.encode() not in b"".join(line for _, line in kept)
    newest = kept[-1][0]
    telemetry.log().info("http.answered", count=1)
    assert [number for number, _ in telemetry.tail(newest)] == [newest + 1]


def test_process_that_is_not_set_up_has_no_lines() -> None:
    structlog.reset_defaults()
    assert telemetry.tail() == []


def test_paused_source_raises_an_alert_unless_it_is_muted() -> None:
    metrics = telemetry.Metrics()
    metrics.alerts({"land": (True, False), "tax": (True, True), "health": (False, False)})
    text = metrics.render().decode()
    assert 'motlan_source_paused{alert="on",source="land"} 1.0' in text
    assert 'motlan_source_paused{alert="muted",source="tax"} 1.0' in text
    assert 'motlan_source_paused{alert="on",source="health"} 0.0' in text
