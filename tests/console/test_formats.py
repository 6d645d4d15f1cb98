"""Dates, numbers and ids as pages write them, and back."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.console import formats
from gateway.console.formats import ENGLISH, VIETNAMESE, inside, opening
from gateway.console.language import titled, words_of
from gateway.domain.sentences import Sentence

MOMENTS = st.integers(min_value=0, max_value=7_000_000_000_000_000).map(
    lambda microseconds: datetime(1970, 1, 2, tzinfo=UTC) + timedelta(microseconds=microseconds)
)
UNSEEN = re.compile("[\u0000-\u001f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
DAYS = st.dates(min_value=date(1850, 1, 1), max_value=date(2199, 12, 31))


def test_a_time_is_that_of_viet_nam() -> None:
    assert formats.when("2026-11-27T02:14:32.039Z") == "27/11/2026 09:14"
    assert formats.exact("2026-11-27T02:14:32.039Z") == "27/11/2026 09:14:32,039"
    assert formats.clock("2026-11-26T17:05:00Z") == "00:05"
    assert formats.exact_clock(0.25) == "07:00:00,250"
    assert formats.iso("2026-11-27T02:14:32Z") == "2026-11-27T09:14:32+07:00"
    assert formats.weekday("2026-11-27T02:14:32Z", "vi") == "Thứ Sáu"
    assert formats.weekday("2026-11-27T02:14:32Z", "en") == "Friday"


@settings(deadline=None)
@given(MOMENTS)
def test_a_time_can_be_read_back(moment: datetime) -> None:
    kept = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    text = formats.exact(moment)
    assert datetime.strptime(f"{text}000 +0700", "%d/%m/%Y %H:%M:%S,%f %z") == kept
    assert text.startswith(formats.when(moment))
    assert datetime.fromisoformat(formats.iso(kept)) == kept


@settings(deadline=None)
@given(DAYS)
def test_a_day_can_be_read_back(one: date) -> None:
    assert formats.read_day(formats.day(one.isoformat())) == one
    assert formats.month(one) == f"{one:%m}/{one.year:04}"


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Họ và tên", "họ và tên"), ("Ý kiến", "ý kiến"), ("Đăng ký thường trú", "đăng ký thường trú"),
        ("Số thẻ BHYT", "số thẻ BHYT"), ("Số CMND của cha", "số CMND của cha"),
        ("BHYT hộ gia đình", "BHYT hộ gia đình"),
        ("VNeID", "VNeID"), ("Việt Nam", "Việt Nam"), ("Hà Nội cũ", "Hà Nội cũ"), ("E-mail", "e-mail"), ("", ""),
    ],
)  # fmt: skip
def test_a_title_in_a_sentence_begins_small_unless_it_is_a_name_or_an_abbreviation(
    title: str, shown: str
) -> None:
    assert formats.inside(title) == shown


@pytest.mark.parametrize(
    ("text", "shown"), [("1990", "1990"), ("1990-02", "02/1990"), ("1990-02-15", "15/02/1990"), ("", "")]
)
def test_a_partial_date_is_never_padded(text: str, shown: str) -> None:
    assert formats.day(text) == shown


@pytest.mark.parametrize(
    "text", ["", "31/02/2026", "2026-11-27", "1/1", "27/11/26", "٢٧/١١/٢٠٢٦", "00/00/0000"]
)
def test_what_is_no_day_is_none(text: str) -> None:
    assert formats.read_day(text) is None


def test_a_day_may_be_typed_without_zeros_or_with_other_signs() -> None:
    assert formats.read_day(" 5/9/2025 ") == formats.read_day("05-09-2025") == date(2025, 9, 5)


@settings(deadline=None)
@given(st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, places=3))
def test_a_number_can_be_read_back(value: Decimal) -> None:
    text = formats.number(value)
    assert re.fullmatch(r"\u2212?\d{1,3}(\.\d{3})*(,\d+)?", text)
    assert Decimal(text.replace(".", "").replace(",", ".").replace("\u2212", "-")) == value


def test_numbers_are_those_of_viet_nam() -> None:
    assert formats.number(1234.5) == "1.234,5"
    assert formats.number(1_000_000) == "1.000.000"
    assert formats.number(9.0) == "9"
    assert formats.number(1234.567, 1) == "1.234,6"
    assert formats.percent(0.851) == "85%"
    assert formats.number(1e-7) == "0,0000001"
    assert formats.number("1E+999999") == "1E+999999"


@settings(deadline=None)
@given(st.text(max_size=500))
def test_whatever_comes_is_shown_without_unseen_signs(text: str) -> None:
    for write in (formats.seen, formats.short_id, formats.masked, formats.when, formats.day, formats.number):
        shown = write(text)
        assert not UNSEEN.search(shown)
        assert len(shown) <= 301


@settings(deadline=None)
@given(st.text(alphabet="0123456789ABCDEF", max_size=80))
def test_an_id_keeps_its_ends(text: str) -> None:
    short = formats.short_id(text)
    assert (
        short == text if len(text) <= 14 else (short[:8], short[-4:], len(short)) == (text[:8], text[-4:], 13)
    )


@settings(deadline=None)
@given(st.text(alphabet="0123456789", max_size=14))
def test_a_mask_keeps_four_signs_at_most(text: str) -> None:
    masked = formats.masked(text)
    assert len(masked) == len(text)
    assert masked.strip("•") in {"", text[-4:]}
    assert len(text) > 4 or masked == "•" * len(text)


@settings(deadline=None)
@given(st.one_of(st.floats(), st.integers(), st.text(max_size=30), st.datetimes(timezones=st.just(UTC))))
def test_what_is_no_time_is_shown_as_it_came(moment: float | str | datetime) -> None:
    for write in (formats.when, formats.exact, formats.clock, formats.exact_clock, formats.iso):
        assert isinstance(write(moment), str)


def test_the_unit_of_time_is_the_second() -> None:
    noon = datetime(2026, 11, 27, 5, tzinfo=UTC)
    assert formats.moment(noon.timestamp()) == "12:00, 27/11/2026"
    assert formats.when(noon + timedelta(hours=1)) == "27/11/2026 13:00"


def test_sentence_of_the_product_is_whole_and_a_foreign_text_is_cut() -> None:
    long = "Đề nghị ông/bà kiểm tra. " * 20
    assert titled(Sentence(long + "\u202e", long), VIETNAMESE) == long + "\ufffd"
    assert len(titled((long, long), VIETNAMESE)) == 301


def test_title_without_english_words_is_marked_as_vietnamese_on_an_english_page() -> None:
    for_page = words_of(ENGLISH)["titled"]
    assert callable(for_page)
    assert for_page({"title": "Tên <b>"}) == '<span lang="vi">Tên &lt;b&gt;</span>'
    assert (
        inside(for_page({"title": "Tên"}))
        == opening(for_page({"title": "Tên"}))
        == '<span lang="vi">Tên</span>'
    )
    assert for_page({"title": "Tên", "title_en": "Name"}) == "Name"
    assert titled({"title": "Tên"}, VIETNAMESE) == "Tên"
