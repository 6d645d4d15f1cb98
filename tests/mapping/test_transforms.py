"""What providers write and mean otherwise: a month or day 00, and an address that names no country."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.domain.parties import Subject, SubjectKind
from gateway.mapping.records import Check, compare, provider_transforms
from gateway.mapping.transforms import (
    AS_THEY_ARE,
    LONGEST,
    Doubtful,
    Hidden,
    Misshapen,
    Transform,
    Unreadable,
)
from tests.code_lists import load_codes

NAMED = provider_transforms(load_codes(Path(__file__).parents[2] / "mappings" / "codes"))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("19900215", "1990-02-15"), ("19900200", "1990-02"), ("19900000", "1990"), ("199000", "1990"),
        ("199002", "1990-02"), ("1990", "1990"), ("20260215093000", "2026-02-15"), ("", None),
    ],
)  # fmt: skip
def test_month_or_day_00_is_one_that_nobody_knows(said: str, meant: str | None) -> None:
    assert NAMED["date_compact"](said) == meant


@pytest.mark.parametrize("said", ["19901315", "19900015", "19900230", "90"])
def test_what_is_no_date_is_unreadable(said: str) -> None:
    with pytest.raises(Unreadable):
        NAMED["date_compact"](said)


HOLLOW: tuple[object, ...] = (None, "", " ", {}, [], [{}], [None], {"so": None, "ngayChet": " "})


@pytest.mark.parametrize(("name", "meant"), [("nationality_default_vn", "VN"), ("dead_if_there", None)])
@pytest.mark.parametrize("said", HOLLOW)
def test_what_holds_nothing_is_blank(name: str, meant: str | None, said: object) -> None:
    assert NAMED[name](said) == meant


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nationality_default_vn", {"Ma": "US"}), ("nationality_default_vn", ["US"]), ("nationality_default_vn", True),
        ("dead_if_there", "không"), ("dead_if_there", "0"), ("dead_if_there", True), ("dead_if_there", ["0"]),
        ("count", "0"), ("count", 2), ("marriages", ["0", "1"]), ("marriages", [["0"], "1"]),
    ],
)  # fmt: skip
def test_another_shape_is_not_blank(name: str, said: object) -> None:
    with pytest.raises(Misshapen):
        NAMED[name](said)


@pytest.mark.parametrize(
    ("said", "meant"),
    [("", None), ({}, None), (None, None), ([], 0), ([{}], 0), ([None, {"so": "7"}], 1), ({"so": "7"}, 1)],
)
def test_hollow_rows_do_not_count(said: object, meant: int | None) -> None:
    assert NAMED["count"](said) == meant
    assert NAMED["marriages"]([said, "2" if meant else "1"]) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (["TRẦN THỊ MẪU", None], "Trần Thị Mẫu"),
        (["Trần Hòa", [{"FULL_NAME": "TRẦN HOÀ"}]], "Trần Hòa"),
        ([None, {}], None),
        ([None, {"FULL_NAME": " "}], None),
    ],
)
def test_name_that_is_written_several_times_is_one(said: object, meant: str | None) -> None:
    assert NAMED["only_name"](said) == meant


@pytest.mark.parametrize(
    "said",
    [["LÊ VĂN MỘT; LÊ VĂN HAI", None], ["LÊ VĂN MỘT", {"FULL_NAME": "LÊ VĂN HAI"}],
     [["LÊ VĂN MỘT", "LÊ VĂN HAI"], None], [None, [{"FULL_NAME": "LÊ VĂN MỘT"}, {"FULL_NAME": "LÊ VĂN HAI"}]]],
)  # fmt: skip
def test_none_of_several_names_is_chosen(said: object) -> None:
    found = NAMED["only_name"](said)
    assert isinstance(found, Doubtful)
    assert (found.doubt.kind, found.doubt.candidates) == ("sources_differ", ("Lê Văn Một", "Lê Văn Hai"))


@pytest.mark.parametrize(
    ("kind", "meant"), [("0", "1990-01-01"), ("1", "1990"), (1, "1990"), (" 1", "1990"), ("2", "1990-01")]
)
def test_kind_of_a_birth_date_says_how_much_of_it_is_known(kind: object, meant: str) -> None:
    assert NAMED["bhxh_birth_date"]({"ngaySinh": "19900101", "loaiNgaySinh": kind}) == meant


@pytest.mark.parametrize("kind", [None, "", "5", "01", 1.0, ["1"]])
def test_birth_date_of_an_unknown_kind_is_in_doubt_unless_it_is_a_year(kind: object) -> None:
    found = NAMED["bhxh_birth_date"]({"ngaySinh": "19900101", "loaiNgaySinh": kind})
    assert isinstance(found, Doubtful)
    assert found.doubt.kind == "date_partial"
    assert NAMED["bhxh_birth_date"]({"ngaySinh": "1990", "loaiNgaySinh": kind}) == "1990"


@pytest.mark.parametrize("said", [None, "", "VN"])
def test_address_that_names_no_country_is_in_vietnam(said: str | None) -> None:
    address = NAMED["population_address"]({"MaTinhThanh": "33", "ChiTiet": "Số 1 phố Mẫu", "QuocGia": said})
    assert isinstance(address, dict)
    assert address["country"] == "VN"


ALIKE = (
    st.text()
    | st.text("0123456789aZ１²́ \n", max_size=14)
    | st.from_regex(r"[0-9]{11,13}|0{1,3}[1-9]?|[0-9A-Za-z]{1,4}", fullmatch=True)
)


@given(said=ALIKE)
@example("033190260113")
@example("9" * LONGEST)
@example("033190260113\n")
@example("１２")
@pytest.mark.parametrize("transform", AS_THEY_ARE)
def test_text_that_needs_no_call_is_what_the_transform_makes_of_it(transform: Transform, said: str) -> None:
    if AS_THEY_ARE[transform](said):
        assert transform(said) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [("text", "HD 1"), ("digits", "12a"), ("personal_number", "không có"), ("numbered", "000")],
)
def test_text_that_a_transform_changes_or_refuses_needs_its_call(name: str, said: str) -> None:
    is_kept = AS_THEY_ARE[NAMED[name]]
    assert not is_kept(said)
    assert not is_kept("9" * (LONGEST + 1))
    assert is_kept("033190260113")


@pytest.mark.parametrize("zero", [0, 0.0])
@pytest.mark.parametrize(
    ("name", "address"),
    [
        (
            "population_address",
            {
                "MaTinhThanh": "33",
                "MaQuanHuyen": None,
                "MaPhuongXa": "11953",
                "ChiTiet": "Số 1",
                "QuocGia": "VN",
            },
        ),
        (
            "enterprise_address",
            {"CityID": "33", "DistrictID": None, "WardID": "11953", "StreetNumber": "Số 1"},
        ),
    ],
)
def test_zero_in_an_address_is_a_text_and_not_a_blank(
    name: str, address: dict[str, object], zero: float
) -> None:
    for member in address:
        if member not in {"MaTinhThanh", "MaPhuongXa", "ChiTiet"}:  # another member replaces these
            said, written = ({**address, member: one} for one in (zero, str(zero)))
            assert NAMED[name](said) == NAMED[name](written), member


@pytest.mark.parametrize("blank", [" ", "  ", "\u00a0"])
def test_blank_name_of_a_request_names_nobody(blank: str) -> None:
    check = Check("full_name", 0, (), listed=False, may_be_blank=True)
    assert compare([check], [blank], Subject(kind=SubjectKind.PERSON, full_name=blank)) == [None]


def test_hidden_signs_of_a_request_name_nobody() -> None:
    check = Check("full_name", 0, (), listed=False, may_be_blank=True)
    with pytest.raises(Hidden):
        compare([check], ["a\u200bb"], Subject(kind=SubjectKind.PERSON, full_name="a\u200bb"))
