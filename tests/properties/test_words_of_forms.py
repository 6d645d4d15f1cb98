"""What the form side writes of names, addresses and dates reads well, and loses nothing of what a source wrote."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mapping.form_transforms import date_in_words, join_comma, original, readable
from gateway.mapping.transforms import title_case

_LETTERS = "AÁÀẢÃẠĂẮÂẤĐEÉÊẾIÍOÓÔỐƠỚUÚƯỨYÝBCDGHKLMNPQRSTVXWZ"
written = st.text(_LETTERS + _LETTERS.lower() + "0123456789 ,./-", max_size=60)
#: numbers as a child says them, written out by hand
NUMBERS = (
    "không một hai ba bốn năm sáu bảy tám chín mười,mười một,mười hai,mười ba,mười bốn,mười lăm,mười sáu,mười bảy,"
    "mười tám,mười chín,hai mươi,hai mươi mốt,hai mươi hai,hai mươi ba,hai mươi tư,hai mươi lăm,hai mươi sáu,"
    "hai mươi bảy,hai mươi tám,hai mươi chín,ba mươi,ba mươi mốt"
).split(",")
UP_TO_31 = [*NUMBERS[0].split(" "), *NUMBERS[1:]]
UNITS = UP_TO_31[:10]


def kept(text: str) -> str:
    return "".join(one for one in text.casefold() if one.isalnum())


@given(written)
def test_readable_address_loses_no_letter_and_no_digit_and_is_not_changed_again(text: str) -> None:
    once = readable(text)
    assert kept(once) == kept(text)
    assert readable(once) == once
    assert re.findall("[0-9]+", once) == re.findall("[0-9]+", text)


@given(written)
def test_readable_address_has_no_blank_that_says_nothing(text: str) -> None:
    found = readable(text)
    assert found == found.strip(" ,")
    assert "  " not in found
    assert " ," not in found
    assert ", ," not in found


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("SỐ 12A/5 ,, NGÕ 3,  THÔN ĐÔNG KÊNH", "Số 12A/5, Ngõ 3, Thôn Đông Kênh"),
        ("TDP SỐ 2, KHU II, P. LAM SƠN", "TDP số 2, Khu II, P. Lam Sơn"),
        ("KĐT ECOPARK, LÔ CT1A", "KĐT Ecopark, Lô CT1A"),
        ("SAU UBND XÃ ĐỨC HỢP", "Sau UBND Xã Đức Hợp"),
        ("SỐ NHÀ 12, KHU DÂN CƯ SỐ 3", "Số nhà 12, Khu dân cư số 3"),
        ("CĂN HỘ 1205 TÒA NHÀ CT1 KHU ĐÔ THỊ MẪU", "Căn hộ 1205 tòa nhà CT1 khu đô thị Mẫu"),
        ("SỐ 8 THỊ TRẤN VƯƠNG", "Số 8 Thị trấn Vương"),
        # a noun may be the name
        ("THÔN PHỐ, KHU PHỐ HIẾN", "Thôn Phố, Khu Phố Hiến"),
        ("SỐ 10 ĐỘI CẤN, ĐỘI 3", "Số 10 Đội Cấn, Đội 3"),
        ("CÁCH QL39A 12,5 KM", "Cách QL39A 12,5 KM"),
        ("thôn Đông,  xã Lương Bằng", "thôn Đông, xã Lương Bằng"),
    ],
)
def test_address_in_capitals_keeps_numbers_numerals_and_abbreviations(text: str, shown: str) -> None:
    assert readable(text) == shown


numbered = st.tuples(
    st.sampled_from(
        ["số", "ngõ", "ngách", "hẻm", "đường", "phố", "thôn", "xóm", "tổ", "khu", "tầng", "tổ dân phố"]
    ),
    st.sampled_from(["1", "12A", "5/7"]),
)
named = st.tuples(
    st.sampled_from(["đường", "phố", "thôn", "xóm", "ngõ"]), st.sampled_from(["Lê Lợi", "Mẫu", "Phố Hiến"])
)


@given(
    st.lists(
        st.tuples(st.lists(numbered, min_size=1, max_size=3), st.lists(named, max_size=1)),
        min_size=1,
        max_size=3,
    )
)
def test_common_noun_beside_a_number_has_a_capital_only_at_the_begin_of_a_part(
    parts: list[tuple[list[tuple[str, str]], list[tuple[str, str]]]],
) -> None:
    said = [" ".join(word for pair in (*numbers, *names) for word in pair) for numbers, names in parts]
    assert readable(", ".join(said).upper()) == ", ".join(one[0].upper() + one[1:] for one in said)


@given(written)
def test_name_is_not_changed_a_second_time_and_loses_nothing(text: str) -> None:
    once = title_case(text)
    assert title_case(once) == once
    assert kept(once or "") == kept(text)


@pytest.mark.parametrize(
    "name",
    [
        "CÔNG TY TNHH ABC VIỆT NAM", "TỔNG CÔNG TY SÔNG HỒNG", "HỢP TÁC XÃ AN BÌNH",
        "CHI NHÁNH HƯNG YÊN - CÔNG TY CP MAI",
        "UỶ BAN NHÂN DÂN XÃ ĐỨC HỢP", "TRƯỜNG TIỂU HỌC HOÀN LONG",
    ],
)  # fmt: skip
def test_name_of_an_organisation_keeps_its_capitals(name: str) -> None:
    assert title_case(name) == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [("TRẦN THỊ MẪU", "Trần Thị Mẫu"), ("BAN THỊ HOA", "Ban Thị Hoa"), ("CÔNG VĂN TY", "Công Văn Ty")],
)
def test_name_of_a_person_does_not_stay_in_capitals(name: str, shown: str) -> None:
    assert title_case(name) == shown


def test_original_is_shown_where_the_form_says_it_otherwise_and_nowhere_else() -> None:
    raw = {"commune": "12391", "detail": "SỐ 5, THÔN ĐÔNG"}
    assert original(raw, {"dcChiTiet": "Số 5, Thôn Đông"}) == "SỐ 5, THÔN ĐÔNG"
    assert original(raw, "Số 5, Thôn Đông, Xã Đức Hợp") == "SỐ 5, THÔN ĐÔNG"
    assert original(raw, "SỐ 5, THÔN ĐÔNG, Xã Đức Hợp") is None
    assert original("SỐ 5", "Số 5") == "SỐ 5"
    assert original("Số 5", "Số 5") is None


def test_list_on_one_line_has_no_empty_part() -> None:
    assert join_comma(["6810", "", None, " 4711 "]) == "6810, 4711"


def year_in_words(year: int) -> str:
    """As schools teach it, by cases instead of by rule."""
    last = year % 100
    if last < 10:
        tail = f"linh {UNITS[last]}" if last else ""
    elif last < 20:
        tail = UP_TO_31[last]
    else:
        ones = {0: "", 1: " mốt", 4: " tư", 5: " lăm"}.get(last % 10, f" {UNITS[last % 10]}")
        tail = f"{UNITS[last // 10]} mươi{ones}"
    head = {
        18: "một nghìn tám trăm",
        19: "một nghìn chín trăm",
        20: "hai nghìn không trăm",
        21: "hai nghìn một trăm",
    }
    return "hai nghìn" if year == 2000 else f"{head[year // 100]} {tail}".strip()


def test_every_day_of_people_has_its_words() -> None:
    day, wrong = date(1850, 1, 1), []
    while day.year < 2200:
        month = {4: "tư"}.get(day.month, UP_TO_31[day.month])
        wanted = f"Ngày {UP_TO_31[day.day]}, tháng {month}, năm {year_in_words(day.year)}"
        if date_in_words(day.isoformat()) != wanted:
            wrong.append((day, wanted))
        day += timedelta(1)
    assert wrong == []


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2005-04-30", "Ngày ba mươi, tháng tư, năm hai nghìn không trăm linh năm"),
        ("1951-01-31", "Ngày ba mươi mốt, tháng một, năm một nghìn chín trăm năm mươi mốt"),
        ("2000-10-15", "Ngày mười lăm, tháng mười, năm hai nghìn"),
        ("1994-12-24", "Ngày hai mươi tư, tháng mười hai, năm một nghìn chín trăm chín mươi tư"),
        ("2014-11-04", "Ngày bốn, tháng mười một, năm hai nghìn không trăm mười bốn"),
    ],
)
def test_words_of_a_date_are_those_of_certificates(day: str, words: str) -> None:
    assert date_in_words(day) == words


def test_date_that_is_not_known_to_the_day_has_no_words() -> None:
    assert date_in_words("1990-02") is None
