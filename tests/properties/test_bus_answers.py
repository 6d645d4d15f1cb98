"""Whatever the national bus answers: reading raises nothing but ValueError, and only a known success is one."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from adapters.portals.bus_answers import BusVerdict, code_in, field_in, judged, read_plain, read_wrapped

_PARTS = st.sampled_from(
    [
        "Thành công",
        "không thành công",
        "đã tồn tại",
        "không tồn tại",
        "hồ sơ",
        "session",
        "bắt buộc",
        "H31-1",
        "thử lại",
    ]
)
_TEXTS = st.one_of(st.text(max_size=30), st.lists(_PARTS, max_size=4).map(" ".join))
_CODES = st.one_of(
    st.integers(-99, 99), st.sampled_from(["0", "00", " 0", "3", "-3", "x", ""]), st.booleans(), st.none()
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=5), one, max_size=3),
)
_ANSWERS = st.fixed_dictionaries({}, optional={"error_code": _CODES, "message": _TEXTS, "result": _JSON})


@given(st.one_of(st.binary(max_size=60), _ANSWERS.map(orjson.dumps), _JSON.map(orjson.dumps)))
def test_reading_raises_nothing_else(body: bytes) -> None:
    for read in (read_plain, read_wrapped):
        try:
            answer = read(body)
        except ValueError:
            continue
        assert isinstance(judged(answer, is_push=True, dossier="H31-1"), BusVerdict)
        assert field_in(answer, {"MaHoSo"}) in {"", "MaHoSo"}


@given(_ANSWERS, st.booleans())
def test_only_a_zero_with_its_word_confirms_a_push(said: dict[str, object], wraps: bool) -> None:
    body = orjson.dumps(said)
    if wraps:
        body = orjson.dumps({"error_code": "0", "message": body.decode()})
    answer = read_wrapped(body) if wraps else read_plain(body)
    if judged(answer, is_push=True) is BusVerdict.DONE:
        assert code_in(said.get("error_code")) == "0"
        assert "thành công" in str(said.get("message")).casefold()
        assert "không thành công" not in str(said.get("message")).casefold()


@given(_ANSWERS)
def test_platform_that_reports_an_error_never_passes_a_success_on(inner: dict[str, object]) -> None:
    outer = {"error_code": "77", "message": orjson.dumps(inner).decode()}
    assert judged(read_wrapped(orjson.dumps(outer)), is_push=True) is not BusVerdict.DONE
