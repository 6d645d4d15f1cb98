"""Operations log and metrics: useful to operators, silent about people."""

import io
import logging
from collections.abc import Iterator

import orjson
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from gateway import telemetry

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


def test_other_numbers_stay_readable(sink: io.BytesIO) -> None:
    telemetry.log().info(
        "log.appended", log_index=12345678, count=-1, reason="took 1234567890 steps", seconds=0.5
    )
    line = last(sink)
    assert (line["log_index"], line["reason"]) == (12345678, "took 1234567890 steps")


@given(before=st.text(max_size=20), after=st.text(max_size=20))
def test_no_surrounding_lets_an_id_through(before: str, after: str) -> None:
    text = f"{before}:{CANARY};{after}"
    event = telemetry.blot_personal_ids(None, "info", {"event": text})
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
    metrics.appended(3, 0.002)
    metrics.append_failed()
    metrics.cache("hit")
    metrics.alarm("other_person")
    text = metrics.render().decode()
    assert 'motlan_requests_total{method="POST",route="/v1/prefill",status="200"} 1.0' in text
    assert 'operation="TraCuuThongTinCongDan",outcome="found",source="population"} 1.0' in text
    assert "motlan_log_records_total 3.0" in text
    assert 'motlan_source_seconds_bucket{le="0.005",source="population"} 1.0' in text


def test_two_instances_share_nothing() -> None:
    first, second = telemetry.Metrics(), telemetry.Metrics()
    first.appended(1, 0.001)
    assert "motlan_log_records_total 0.0" in second.render().decode()
