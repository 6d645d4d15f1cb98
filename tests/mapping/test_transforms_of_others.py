"""What providers of other habits write: each transform takes its own forms, and guesses nothing."""

import contextlib
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.domain.dates import EARLIEST, LATEST, PartialDate
from gateway.mapping.form_transforms import name_parts, partial_date_parts
from gateway.mapping.records import provider_transforms
from gateway.mapping.transforms import Unreadable
from tests.code_lists import load_codes

CODES = load_codes(Path(__file__).parents[2] / "mappings" / "codes")
NAMED = provider_transforms(CODES)
DUTCH = provider_transforms(CODES, "Europe/Amsterdam")
NEW_DATES = (
    "date_dmy", "date_ymd_slash", "date_us", "date_compact_dmy", "date_month_name", "date_words_vn", "date_xsd",
    "date_of_time", "epoch_seconds", "epoch_milliseconds",
)  # fmt: skip
TIMES = ("time_iso", "time_compact", "time_vn", "time_epoch_seconds", "time_epoch_milliseconds")
MEASURES = tuple(name for name in NAMED if name.startswith(("area_", "mass_", "length_")))
NUMBERS = ("decimal_comma", "decimal_point", *MEASURES)
NAMES = ("family_name_western", "family_name_comma", "family_name_capitals")

DAYS = st.dates(date(EARLIEST, 1, 1), date(LATEST, 12, 31))
PARTIAL = st.builds(
    lambda day, known: PartialDate(*(day.year, day.month, day.day)[:known]), DAYS, st.integers(1, 3)
)
#: smaller numbers are seconds, larger ones milliseconds
SECONDS_OR_MORE = 4_200_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MIDNIGHT_OF_SEVEN = 17 * 3600
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
WORD = st.text("abcđêôơưạếỹéçß", min_size=2, max_size=8).map(str.strip)
SYLLABLE = st.sampled_from(
    "Nguyễn Trần Lê Phạm Huỳnh Phan Vũ Đặng Quách Giáp Nghiêm Khuất Lò Thạch Ỷ Thị Văn Hữu Xuân Quỳnh Ngoan Uyên"
    " Thuý Thúy Khoa Phước Trường Ái Yến Ánh Oanh Gia nghĩa QUYÊN".split()
).filter(lambda word: len(word) > 1)
CAPITAL = st.text("ABCDEĐÊÔƠVXY", min_size=2, max_size=8)


def day_first(day: PartialDate, sign: str) -> str:
    return sign.join(f"{part:02}" for part in (day.day, day.month, day.year) if part is not None)


def month_name(day: PartialDate) -> str | None:
    name = MONTHS[day.month - 1] if day.month else ""
    return f"{day.day or ''} {name} {day.year}".strip() if name else None


def words_vn(day: PartialDate) -> str:
    parts = zip(("ngày", "tháng", "năm"), (day.day, day.month, day.year), strict=True)
    return " ".join(f"{word} {part}" for word, part in parts if part is not None)


WRITTEN: dict[str, Callable[[PartialDate], str | None]] = {
    "date_dmy": lambda day: day_first(day, "-"),
    "date_ymd_slash": lambda day: str(day).replace("-", "/"),
    "date_us": lambda day: "/".join(f"{one:02}" for one in (day.month, day.day, day.year) if one is not None),
    "date_compact_dmy": lambda day: f"{day.day or 0:02}{day.month or 0:02}{day.year}",
    "date_month_name": month_name,
    "date_words_vn": words_vn,
    "date_xsd": lambda day: f"{day}+07:00",
}


@given(st.sampled_from(sorted(WRITTEN)), PARTIAL)
def test_date_comes_back_as_precise_as_it_was_written(name: str, day: PartialDate) -> None:
    if (said := WRITTEN[name](day)) is not None:
        assert NAMED[name](said) == str(day)


@given(PARTIAL)
def test_parts_of_a_form_are_read_back(day: PartialDate) -> None:
    parts = partial_date_parts(str(day))
    assert parts is not None
    assert NAMED["date_parts"]([parts.get(one) for one in ("namSinh", "thangSinh", "ngaySinh")]) == str(day)


@pytest.mark.parametrize(
    "parts", [["1990", "", "5"], [None, "2", "5"], ["90", "2", "5"], ["1990", "2"], ["1990", "2", "30"]]
)
def test_parts_that_are_no_date_are_unreadable(parts: list[object]) -> None:
    with pytest.raises(Unreadable):
        NAMED["date_parts"](parts)


@given(DAYS, st.integers(0, 86_399))
def test_epoch_becomes_the_day_of_the_providers_zone(day: date, second: int) -> None:
    for named, zone in ((NAMED, "Asia/Ho_Chi_Minh"), (DUTCH, "Europe/Amsterdam")):
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        moment = midnight + timedelta(seconds=second)
        local = moment.astimezone(ZoneInfo(zone)).date()
        if not EARLIEST <= local.year <= LATEST:
            continue
        seconds = int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
        if seconds in (0, -1):  # no time known
            continue
        is_plausible = abs(seconds) < SECONDS_OR_MORE
        for said in (seconds, str(seconds), f"{seconds}/", f"/{seconds}/", f"{seconds}.0") * is_plausible:
            assert named["epoch_seconds"](said) == local.isoformat()
        written: list[object] = [f"/Date({seconds * 1000})/"]
        if abs(seconds) * 1000 >= SECONDS_OR_MORE:
            written += [seconds * 1000, f"{seconds}000/"]
        if second != MIDNIGHT_OF_SEVEN:  # midnight there may be a date of there
            written.append(f"/Date({seconds * 1000}+0700)/")
        for milliseconds in written:
            assert named["epoch_milliseconds"](milliseconds) == local.isoformat()
        assert named["date_of_time"](moment.isoformat()) == local.isoformat()
        plausible = seconds % SECONDS_OR_MORE or 1
        then = EPOCH + timedelta(seconds=plausible)
        assert named["time_epoch_seconds"](plausible) == NAMED["time_iso"](then.isoformat())


_EARLY_OR_LATE = st.integers(-2_200_000_000, -SECONDS_OR_MORE // 1000) | st.integers(
    -(-SECONDS_OR_MORE // 1000), 4_100_000_000
)


@given(_EARLY_OR_LATE, st.sampled_from(("%s", "%s/", "/%s/")))
def test_seconds_and_milliseconds_are_never_read_for_each_other(seconds: int, form: str) -> None:
    """From 1900 to 2099, where the milliseconds are not those of the days around 1 January 1970."""
    for said, kind in ((form % seconds, "milliseconds"), (form % (seconds * 1000), "seconds")):
        for name in (f"epoch_{kind}", f"time_epoch_{kind}"):
            with pytest.raises(Unreadable):
                NAMED[name](said)


@pytest.mark.parametrize(
    ("name", "said", "meant"),
    [
        ("epoch_seconds", "473389200/", "1985-01-01"), ("epoch_seconds", "-2", "1970-01-01"),
        ("epoch_seconds", "10342800", "1970-05-01"), ("date_of_time", "1990-02-14T17:00:00Z", "1990-02-15"),
        ("date_of_time", "1990-02-14T23:59:59", "1990-02-14"), ("date_month_name", "FEBRUARY 15, 1990", "1990-02-15"),
        ("date_dmy", "15.02.1990", "1990-02-15"), ("time_compact", "20260105093000", "2026-01-05T02:30:00.000Z"),
        ("time_vn", "05/01/2026 09:30", "2026-01-05T02:30:00.000Z"),
        ("time_iso", "2026-01-05 09:30:00", "2026-01-05T02:30:00.000Z"),
    ],
)  # fmt: skip
def test_form_is_read_as_its_provider_means_it(name: str, said: str, meant: str) -> None:
    assert NAMED[name](said) == meant


#: name, zone, what is written, the day; None: unreadable
DAYS_WITH_A_TIME: list[tuple[str, str, str, str | None]] = [
    # the day that stands there: a stray time, or a zone alone
    ("date_dash", "", "2019-06-14T00:00:00", "2019-06-14"), ("date_dash", "", "2019-06-14T00:00:00Z", "2019-06-14"),
    ("date_dash", "", "2019-06-14T00:00:00.000+09:00", "2019-06-14"),
    ("date_dash", "", "2019-06-14 00:00:00+07", "2019-06-14"), ("date_dash", "", "2019-06-14-05:00", "2019-06-14"),
    ("date_dash", "", "2019-06-14T09:30:00.5", "2019-06-14"),
    ("date_dash", "", "2019-06-14 12:00:00 AM", "2019-06-14"),
    # a moment, or no time at all
    ("date_dash", "", "2019-06-13T22:00:00Z", None), ("date_dash", "", "1990-02-14T17:00:00Z", None),
    ("date_dash", "", "2019-06-14T09:30:00+07:00", None), ("date_dash", "", "2019-06-14T24:00:00", None),
    ("date_dash", "", "2019-06-14T00:00:01Z", None), ("date_dash", "", "2019-06-14 BC", None),
    ("account_birth_date", "", "1990-02-14T17:00:00Z", None),
    # the day of the provider's zone
    ("date_of_time", "Asia/Ho_Chi_Minh", "2019-06-13T22:00:00Z", "2019-06-14"),
    ("date_of_time", "Europe/Paris", "2019-06-13T22:00:00Z", "2019-06-14"),
    ("date_of_time", "UTC", "2019-06-13T22:00:00Z", "2019-06-13"),
    ("date_of_time", "Asia/Ho_Chi_Minh", "2019-06-14T00:00:00+02:00", "2019-06-14"),
    ("date_of_time", "America/Lima", "2019-06-14T00:00:01Z", "2019-06-13"),
    # a date of another zone, or a moment
    ("date_of_time", "Asia/Ho_Chi_Minh", "1990-02-15T00:00:00+09:00", None),
    ("date_of_time", "America/Lima", "1990-02-15T00:00:00Z", None),
    ("epoch_seconds", "America/Lima", "1554249600", None), ("epoch_seconds", "UTC", "1554249600", "2019-04-03"),
    ("epoch_milliseconds", "Asia/Ho_Chi_Minh", "/Date(635094000000+0900)/", None),
    ("epoch_milliseconds", "Asia/Tokyo", "/Date(635094000000+0900)/", "1990-02-16"),
    ("epoch_milliseconds", "Asia/Tokyo", "/Date(635094000000+9999)/", None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "zone", "said", "day"), DAYS_WITH_A_TIME)
def test_day_with_a_time_is_read_by_its_meaning_or_not_at_all(
    name: str, zone: str, said: str, day: str | None
) -> None:
    read = provider_transforms(CODES, zone or "Asia/Ho_Chi_Minh")[name]
    if day is not None:
        assert read(said) == day
        return
    with pytest.raises(Unreadable):
        read(said)


@given(DAYS, st.integers(-24, 28))
def test_midnight_anywhere_is_never_read_as_the_day_before(day: date, half_hours: int) -> None:
    """Whatever the zone of a provider, and of our settings."""
    moment = datetime(day.year, day.month, day.day, tzinfo=timezone(timedelta(minutes=30 * half_hours)))
    assert NAMED["date_dash"](moment.isoformat()) == day.isoformat()
    for named in (NAMED, DUTCH):
        with contextlib.suppress(Unreadable):
            assert named["date_of_time"](moment.isoformat()) == day.isoformat()


def test_day_of_before_1975_is_that_of_the_clocks_of_then() -> None:
    # midnight in Sài Gòn, 8 hours before UTC's
    assert NAMED["epoch_seconds"]("10339200") == "1970-05-01"
    assert DUTCH["epoch_seconds"]("10339200") == "1970-04-30"


@given(SYLLABLE, st.lists(SYLLABLE, max_size=3), SYLLABLE)
def test_vietnamese_name_is_split_as_the_form_splits_it_and_joined_again(
    family: str, middle: list[str], given_name: str
) -> None:
    full = " ".join((family, *middle, given_name))
    parts = [NAMED[name](full) for name in ("family_name_vn", "middle_name_vn", "given_name_vn")]
    assert NAMED["name_joined"](parts) == NAMED["text"](full)
    form = name_parts(full)
    assert form is not None
    assert [part or "" for part in parts] == [form["Ho"], form["ChuDem"], form["Ten"]]


@given(st.lists(CAPITAL, min_size=1, max_size=3), st.lists(WORD.map(str.capitalize), min_size=1, max_size=2))
def test_western_name_is_split_by_the_rule_that_is_named_and_by_no_other(
    family: list[str], given_names: list[str]
) -> None:
    # `DUPONT III` is one name and a numeral
    assume(not any(re.fullmatch("[IVX]+", one) for one in family))
    joined, own = " ".join(family), NAMED["text"](" ".join(given_names))
    for said in (f"{joined} {own}", f"{own} {joined}"):
        assert NAMED["family_name_capitals"](said) == joined
        assert NAMED["given_names_capitals"](said) == own
    assert NAMED["family_name_comma"](f"{joined}, {own}") == joined
    assert NAMED["given_names_comma"](f"{joined}, {own}") == own
    if len(family) == len(given_names) == 1:
        assert NAMED["family_name_western"](f"{own} {joined}") == joined
        assert NAMED["given_names_western"](f"{own} {joined}") == own
    else:
        with pytest.raises(Unreadable):
            NAMED["family_name_western"](f"{own} {joined}")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("family_name_western", "van Gogh"), ("family_name_western", "Dr. Berg"),
        ("family_name_capitals", "Charles de GAULLE"), ("family_name_capitals", "Jean DUPONT III"),
        ("family_name_capitals", "Dr. Jean DUPONT"), ("given_names_capitals", "Dr Jean DUPONT"),
        ("family_name_capitals", "DUPONT III Jean"), ("family_name_capitals", "Jean III DUPONT"),
        ("given_names_capitals", "DUPONT Jean Jr"), ("family_name_capitals", "Jean DUPONT PHD"),
        ("given_names_western", "Dr Dupont"), ("given_names_western", "M Dupont"), ("family_name_western", "Jean III"),
        ("family_name_western", "DUPONT Jean"), ("given_names_comma", "Dupont, PhD"),
        ("given_names_comma", "Gogh, Vincent van"), ("family_name_comma", "Dr. Dupont, Jean"),
        ("family_name_comma", "Dupont III, Jean"), ("given_names_comma", "Dupont, Jean II"),
        *((f"{part}_name_vn", name) for part in ("family", "middle", "given") for name in (
            "Tôn Nữ Thị Ninh", "TÔN THẤT TÙNG", "TON THAT TUNG",
            "AU DUONG VAN A", "Công Tằng Tôn Nữ Hương", "H'Hen Niê", "Y Moan Niê", "H Hen Niê",
            "Hoàng Phủ Ngọc Tường", "Ông Nguyễn Văn An", "John Smith", "Ksor Phước", "Dr Nguyễn An",
        )), ("family_name_western", "Jan van der Berg"),
        ("family_name_western", "Jan"),
        ("family_name_capitals", "J. SMITH"),
        ("family_name_capitals", "Jean P. DUPONT"), ("family_name_capitals", "Jean Dupont"),
        ("family_name_capitals", "DE Jean TOUR"), ("family_name_comma", "Dupont Jean"),
        ("family_name_comma", "a, b, c"),
        ("family_name_comma", "Dupont,"), ("name_joined", ["Nguyễn", "Văn", None]),
        ("name_joined", [None, "Văn", "An"]),
    ],
)  # fmt: skip
def test_name_whose_parts_are_not_certain_is_unreadable(name: str, said: object) -> None:
    with pytest.raises(Unreadable):
        NAMED[name](said)


@pytest.mark.parametrize("word", ["Có", "ĐÚNG", "Yes", "oui", "JA", "1", "T", True])
def test_yes_in_its_spellings(word: object) -> None:
    assert NAMED["boolean_words"](word) is True


@pytest.mark.parametrize("word", ["Không", "sai", "No", "NON", "nee", "0", "f", False])
def test_no_in_its_spellings(word: object) -> None:
    assert NAMED["boolean_words"](word) is False


@pytest.mark.parametrize("word", ["x", "maybe", "có lẽ", "2", "-1", "yes no", "null"])
def test_word_that_is_neither_yes_nor_no_is_unreadable(word: str) -> None:
    with pytest.raises(Unreadable):
        NAMED["boolean_words"](word)


@given(st.integers(-(10**20) + 1, 10**20 - 1), st.integers(0, 6), st.booleans())
def test_decimal_is_never_rounded_and_read_by_its_own_sign_alone(
    number: int, places: int, grouped: bool
) -> None:
    exact = Decimal(number).scaleb(-places)
    point = f"{exact:{',' if grouped else ''}f}"
    comma = point.translate(str.maketrans(",.", ".,"))
    assert Decimal(str(NAMED["decimal_point"](point))) == exact
    assert Decimal(str(NAMED["decimal_comma"](comma))) == exact


@given(st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False))
def test_number_of_json_has_a_point_whatever_texts_of_its_provider_write(number: float) -> None:
    for name in ("decimal_comma", "decimal_point"):
        assert Decimal(str(NAMED[name](number))) == Decimal(str(number))


@given(
    st.sampled_from(sorted(CODES.lists["area_units"].items())), st.integers(0, 10**12), st.integers(0, 6),
    st.sampled_from(("", " ")),
)  # fmt: skip
def test_number_with_a_unit_becomes_that_of_the_transform_exactly(
    unit: tuple[str, str | None], number: int, places: int, between: str
) -> None:
    name, factor = unit
    exact = Decimal(number).scaleb(-places)
    expected = exact * Decimal(factor or "")
    for sign, said in (("point", f"{exact:f}"), ("comma", f"{exact:f}".replace(".", ","))):
        assert Decimal(str(NAMED[f"area_m2_{sign}"](f"{said}{between}{name}"))) == expected


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("1234,5", "1234.5"), ("0,125", "0.125"), ("1.234", "1.234"), (1.234, "1.234"), ("1234,567", "1234.567"),
        ("-1,5", "-1.5"),
    ],
)  # fmt: skip
def test_decimal_takes_a_comma_that_cannot_be_one_of_thousands(said: object, meant: str) -> None:
    assert NAMED["decimal"](said) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [("5000000000.000", "5000000000.000"), (1.234, "1.234"), ("0.125", "0.125"), ("86,5", "86.5")],
)
def test_strict_decimal_takes_a_sign_that_cannot_be_one_of_thousands(said: object, meant: str) -> None:
    assert NAMED["decimal_strict"](said) == meant


@pytest.mark.parametrize(
    ("name", "said", "meant"),
    [
        ("area_m2_comma", "1.234,5 m²", "1234.5"), ("area_m2_point", "0.05ha", "500"),
        ("mass_g_comma", "3,15 kg", "3150"),
        ("length_m_point", "170.5 cm", "1.705"), ("area_m2_point", "100 m2", "100"),
    ],
)  # fmt: skip
def test_unit_is_taken_from_its_list(name: str, said: str, meant: str) -> None:
    assert NAMED[name](said) == meant


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("area_m2_comma", "2 sào"), ("area_m2_comma", "100"), ("area_m2_comma", "m2"), ("area_m2_point", "1,23 m2"),
        ("decimal", "1,234"), ("decimal", "-12,000"), ("decimal", "1,234.5"), ("epoch_milliseconds", "473389200"),
        ("epoch_milliseconds", "/473389200/"), ("epoch_milliseconds", "0"), ("epoch_milliseconds", "/Date(0)/"),
        ("epoch_milliseconds", "/Date(-1+0700)/"),
        ("time_epoch_milliseconds", "/Date(0)/"),
        ("epoch_seconds", "0"), ("epoch_seconds", "-1"), ("time_epoch_seconds", "0"),
        ("decimal_comma", "0.500"), ("decimal_point", "0,500"), ("decimal_comma", "-00.500"),
        ("decimal_comma", "0 500"),
        ("area_m2_comma", "0.500 ha"), ("area_m2_point", "0,500 ha"), ("mass_g_comma", "0.500 kg"),
        ("mass_g_point", "0,500 kg"), ("length_m_comma", "0.500 km"), ("length_m_point", "0,500 km"),
        ("decimal_strict", "1.234"), ("decimal_strict", "-12.000"), ("decimal_strict", "1,234"),
        ("decimal_comma", "1.23"), ("decimal_point", "1,23"), ("decimal_point", "1,234,5"), ("decimal_comma", "1 23"),
        ("date_dmy", "15-02.1990"), ("date_dmy", "15/02/1990"), ("date_us", "15/02/1990"),
        ("date_words_vn", "15 năm 1990"),
        ("date_month_name", "15 Foo 1990"), ("date_xsd", "1990-02-15+25:00"), ("epoch_seconds", "473389200000"),
        ("epoch_seconds", "/473389200"), ("epoch_seconds", "473389200//"), ("epoch_seconds", "47338920O"),
        ("epoch_seconds", "99999999999"), ("epoch_seconds", "-99999999999"), ("time_vn", "32/01/2026 09:30"),
        ("time_iso", "2026-01-05"), ("time_iso", "2026-01-05T25:00:00Z"), ("epoch_milliseconds", "/Date(1"),
    ],
)  # fmt: skip
def test_what_is_not_in_the_form_is_unreadable_and_never_text(name: str, said: str) -> None:
    with pytest.raises(Unreadable):
        NAMED[name](said)


HOSTILE = (
    "9" * 10_000, "9" * 10_001, "NaN", "1e999", "Infinity", math.nan, math.inf, 10**5000, "１９９０", "١٩٩٠",
    "1990\x00", "\x001990", "1990\u202e", "²", "1_000", "0x10", "--1", "+1", "' OR 1=1", "1990-02-15\n1990-02-16",
)  # fmt: skip


@pytest.mark.parametrize("name", [*NEW_DATES, *TIMES, *NUMBERS, "boolean_words", *NAMES])
def test_hostile_values_are_refused(name: str) -> None:
    for said in HOSTILE:
        with pytest.raises(Unreadable):
            NAMED[name](said)
    for part in HOSTILE:
        with pytest.raises(Unreadable):
            NAMED["date_parts"]([part, part, part])


@given(
    st.text()
    | st.integers()
    | st.floats()
    | st.none()
    | st.lists(st.text(), max_size=4)
    | st.dictionaries(st.text(), st.text())
)
def test_any_value_is_read_or_refused(value: object) -> None:
    for read in NAMED.values():
        try:
            read(value)
        except Unreadable:
            continue


@pytest.mark.parametrize(
    "name", [*NEW_DATES, *TIMES, *NUMBERS, *NAMES, "boolean_words", "date_parts", "name_joined"]
)
@pytest.mark.parametrize("blank", [None, "", "  "])
def test_blank_stays_blank(name: str, blank: object) -> None:
    assert NAMED[name](blank) is None
