"""The detail of an address says no unit twice, loses no street, and is never emptied."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.signs import hides
from gateway.mapping.form_transforms import form_transforms
from tests.code_lists import load_codes
from tests.counted import calls_of

CODES = load_codes(Path(__file__).parents[2] / "mappings/codes")
TRANSFORMS = form_transforms(CODES)
#: where 11977 lies now and lay before 1 July 2025, and how people write it
REPEATED = (
    "Xã Tân Hưng", "xã tân hưng", "TAN HUNG", "Tân Hưng", "X. Tân Hưng", "Phường Tân Hưng",
    "Thành phố Hưng Yên", "TP. Hưng Yên", "tp hưng yên", "Tỉnh Hưng Yên", "TỈNH HƯNG YÊN", "Hưng Yên", "tinh hung yen",
)  # fmt: skip
PLACES = (
    "Số 1 phố Mẫu",
    "Thôn 7",
    "Tổ dân phố 2",
    "đường Trần Phú",
    "Khu đô thị Mẫu",
    "xã cũ",
    "Thôn Hưng Yên Đông",
)

places = st.lists(st.sampled_from(PLACES), min_size=1, max_size=3)
endings = st.lists(st.sampled_from(REPEATED), max_size=4)


def address(detail: str, commune: str = "11977") -> dict[str, object]:
    return {"detail": detail, "commune": commune, "district": "323", "province": "33", "country": "VN"}


def detail_of(detail: str, commune: str = "11977") -> str:
    shown = TRANSFORMS["address_two_tier"](address(detail, commune))
    assert isinstance(shown, dict)
    return str(shown.get("dcChiTiet", ""))


def letters(text: str) -> str:
    return "".join(one for one in text.casefold() if one.isalnum())


@given(places, endings)
def test_units_at_the_end_are_said_once(kept: list[str], ending: list[str]) -> None:
    assert detail_of(", ".join([*kept, *ending])) == ", ".join(kept)


@given(st.lists(st.sampled_from([*PLACES, *REPEATED, "Số 5", "", " "]), max_size=6))
def test_shortening_twice_is_shortening_once(parts: list[str]) -> None:
    once = detail_of(", ".join(parts))
    assert detail_of(once) == once


@given(st.lists(st.sampled_from([*PLACES, *REPEATED, "Số 5", "", " "]), max_size=6))
def test_first_part_always_stays(parts: list[str]) -> None:
    named = [part for part in parts if part.strip()]
    if named:
        assert named[0].casefold() in detail_of(", ".join(parts)).casefold()


# what hides signs was refused, or taken for unreadable, before it becomes an address
@given(st.text(max_size=60).filter(lambda detail: not hides(detail)))
def test_any_text_is_shortened_to_its_own_beginning_and_never_to_nothing(detail: str) -> None:
    shown = detail_of(detail)
    assert letters(detail).startswith(letters(shown))
    assert bool(shown.strip(" ,")) == bool(detail.strip(" ,")) or not detail.strip()


@given(places)
def test_address_that_repeats_nothing_is_unchanged(kept: list[str]) -> None:
    detail = ", ".join(kept)
    assert detail_of(detail) == detail


@pytest.mark.parametrize(
    ("detail", "left"),
    [
        ("Số 5, Trần Hưng Đạo, Phường Trần Hưng Đạo, Tỉnh Hưng Yên", "Số 5, Trần Hưng Đạo"),
        ("12A, ngõ 3, Trần Hưng Đạo", "12A, ngõ 3, Trần Hưng Đạo"),
        ("Số 5 Lê Lợi, Trần Hưng Đạo, TP Thái Bình, Thái Bình", "Số 5 Lê Lợi"),
    ],
)
def test_street_that_is_called_like_its_ward_stays(detail: str, left: str) -> None:
    assert detail_of(detail, "12452") == left


def test_names_of_other_places_stay() -> None:
    assert detail_of("Số 1, Xã Khoái Châu, Tỉnh Hà Nam") == "Số 1, Xã Khoái Châu, Tỉnh Hà Nam"
    assert detail_of("Tỉnh Hưng Yên, Số 1") == "Tỉnh Hưng Yên, Số 1"


@pytest.mark.parametrize("commune", sorted(CODES.units.names))
def test_every_unit_is_known_by_its_old_and_new_names(commune: str) -> None:
    olds = [old for old, new in CODES.units.successors.items() if commune in new]
    assert olds
    for name in [CODES.units.names[commune], *(CODES.lists["hung_yen_former_communes"][old] for old in olds)]:
        assert detail_of(f"Thôn 7, {name}", commune) == "Thôn 7"


def test_line_repeats_no_unit_and_keeps_the_words_for_the_province() -> None:
    line = TRANSFORMS["address_text"]
    assert line(address("Thôn 7, Xã Tân Hưng, Tỉnh Hưng Yên")) == "Thôn 7, Xã Tân Hưng, Tỉnh Hưng Yên"
    assert line(address("Thôn 7, tân hưng, TP. Hưng Yên, Hưng Yên")) == "Thôn 7, Xã Tân Hưng, Hưng Yên"
    assert line(address("Thôn 7")) == "Thôn 7, Xã Tân Hưng, Hưng Yên"
    assert line(address("Xã Tân Hưng")) == "Xã Tân Hưng, Hưng Yên"
    assert line({"detail": "123 Main St, San Jose", "country": "US"}) == "123 Main St, San Jose, US"
    assert line("Thôn 7") == "Thôn 7"
    assert line("Thôn 7, Xã Tân Hưng, TỈNH Hưng Yên") == "Thôn 7, Xã Tân Hưng, Hưng Yên"
    assert line("Thôn 7, Xã Tân Hưng, Tỉnh Lạ") == "Thôn 7, Xã Tân Hưng, Tỉnh Lạ"


def test_purposes_of_a_parcel_are_words_and_an_unknown_code_stays() -> None:
    words = TRANSFORMS["land_use_words"]
    assert words("ODT") == "Đất ở tại đô thị"
    assert words("ONT+CLN+XYZ") == "Đất ở tại nông thôn; Đất trồng cây lâu năm; XYZ"
    assert words(None) is None


def test_work_grows_with_the_parts_of_an_address_not_with_their_square() -> None:
    def work(times: int) -> int:
        return calls_of(lambda: detail_of("1," * 10 * times + "Hưng Yên," * times))

    assert work(100) < 11 * work(10)
