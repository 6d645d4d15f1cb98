"""Kinds of identifiers: check digits notice every single wrong digit, patterns take nothing else, keys stay apart."""

import re
import string
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.api.audit_models import WhoBody
from gateway.domain.check_digits import CHECK_DIGITS
from gateway.domain.dates import PartialDate
from gateway.domain.parties import Identifier, Subject, SubjectKind
from gateway.mapping.identifiers import IdentifierKind, identifier_fault, kind_faults
from gateway.mapping.records import Check, compare

#: published examples of standards and authorities, and invented ones
VALID = {
    "luhn": ["79927398713", "00"],
    "mod11_10": ["07945", "86095742719"],
    "mod11_2": ["0000000218250097", "000000021694233X"],
    "mod97_10": ["5299000J2N45DDNE4Y28"],
    "nl_bsn": ["111222333", "537534982"],
    "fr_nir": ["255081416802538"],
    "vn_tax_code": ["0100109106"],
}
#: digits before the check digits, and how many of those there are
BODIES = {
    "luhn": (9, 1), "mod11_10": (10, 1), "mod11_2": (15, 1), "mod97_10": (12, 2), "nl_bsn": (8, 1), "fr_nir": (13, 2),
    "vn_tax_code": (9, 1),
}  # fmt: skip
TITLE = {"vi": "Số", "en": "Number"}


def kind_of(**words: Any) -> IdentifierKind:
    written = {"identifier": "some_kind", "title": TITLE, "names": "person", "patterns": ["[0-9]{9}"], "written": TITLE,
               "example": "537534982"}  # fmt: skip
    return IdentifierKind.model_validate(written | words)


@pytest.mark.parametrize(("check", "number"), [(name, one) for name, many in VALID.items() for one in many])
def test_published_number_is_valid(check: str, number: str) -> None:
    assert CHECK_DIGITS[check](number)


def test_every_check_digit_is_tried() -> None:
    assert {*BODIES, "none"} == CHECK_DIGITS.keys() == {*VALID, "none"}


@given(check=st.sampled_from(sorted(BODIES)), data=st.data())
def test_each_single_wrong_digit_is_noticed(check: str, data: st.DataObject) -> None:
    length, checks = BODIES[check]
    body = data.draw(st.text("0123456789", min_size=length, max_size=length))
    ends = [f"{end:0{checks}}" for end in range(10**checks)] + (["X"] if check == "mod11_2" else [])
    valid = [body + end for end in ends if CHECK_DIGITS[check](body + end)]
    assert len(valid) <= 1
    for number in valid:
        for place, digit in enumerate(number):
            for other in "0123456789".replace(digit, ""):
                assert not CHECK_DIGITS[check](f"{number[:place]}{other}{number[place + 1 :]}")


@given(check=st.sampled_from(sorted(CHECK_DIGITS)), number=st.text(max_size=30))
@example(check="luhn", number="")
@example(check="mod11_2", number="")
@example(check="mod97_10", number="٣٤")
@example(check="nl_bsn", number="５３７５３４９８２")
def test_check_digit_of_any_text_is_yes_or_no(check: str, number: str) -> None:
    taken = CHECK_DIGITS[check](number)
    assert check == "none" or not taken or (number.isascii() and number.replace("-", "").isalnum())


classes = st.sampled_from(["[0-9]", "[A-Z]", "[0-9A-F]", "[A-CX-Z]"])
lengths = st.sampled_from(["", "?", "{3}", "{2,4}", "{0,2}"])
parts = st.one_of(st.tuples(classes, lengths).map("".join), st.sampled_from([".", "-", "/", "A", "0"]))
numbers = st.text(string.ascii_uppercase + string.digits + ".-/", max_size=12)


@given(pattern=st.lists(parts, min_size=1, max_size=6).map("".join), number=numbers | st.text(max_size=12))
def test_kind_takes_what_its_pattern_says_and_nothing_else(pattern: str, number: str) -> None:
    try:
        kind = kind_of(patterns=[pattern])
    except ValidationError:
        return
    meant = re.compile(pattern.replace(".", r"\."), re.ASCII)
    assert kind.takes(number) is (meant.fullmatch(number) is not None)


@pytest.mark.parametrize(
    "pattern",
    ["[0-9]*", "[0-9]+", "(a|b)", "[^0-9]", r"\d", "[0-Z]", "[9-0]", "[a-z]", "[0-9]{41}", "", " ", "[0-9]{9}\n", "[]",
     "[0-9", "-?", "[0-9]{1,9}[0-9]{1,9}[0-9]{1,9}", "[0-9]{9,1}", "^[0-9]", "０"],
)  # fmt: skip
def test_pattern_that_is_not_of_the_small_language_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError):
        kind_of(patterns=[pattern])


def test_long_hostile_numbers_cost_nothing() -> None:
    kind = kind_of(patterns=["[0-9A]{0,20}[0-9A]{0,19}B"] * 1 + ["[0-9]{9}"], check="luhn")
    begun = time.process_time()
    for number in (
        "0" * 10_000,
        "A" * 39 + "C",
        "0" * 39 + "C",
        "５" * 10_000,
        "\x00" * 50,
        "\u202e123456789",
    ):
        assert not kind.takes(number)
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize(
    ("words", "place"),
    [({"identifier": "personal_id"}, "identifier"), ({"example": "53753498"}, "example"),
     ({"check": "nl_bsn", "example": "537534983"}, "example"), ({"patterns": ["[0-9]{9}", "[0-9]{3}-[0-9]{7}"]}, ""),
     ({"patterns": ["[0-9]{9}", "[0-9]{3}-[0-9]{6}"]}, "patterns"),
     ({"patterns": ["[0-9]{8,9}"]}, "patterns"), ({"patterns": ["[1-9][0-9]{7}", "[0-9]{9}"]}, "patterns"),
     ({"patterns": ["[0-9]{8,9}"], "leading_zeros": "differ"}, ""), ({"patterns": ["[1-9][0-9]{7,8}"]}, ""),
     ({"patterns": ["[0-9]?[A-Z][0-9]{8}", "[0-9]{9}"]}, "patterns"),
     ({"patterns": ["[0-9]{4}/[0-9]{1,6}"], "example": "2024/55"}, ""),
     ({"patterns": ["0[0-9]{8}", "[A-Z][0-9]{8}"], "example": "037534982"}, ""),
     ({"patterns": ["[0-9]{2}-[0-9]{7}", "[0-9]{2}.[0-9]{7}", "[0-9]{9}"]}, "patterns")],
)  # fmt: skip
def test_contradictions_of_a_file_are_named(words: dict[str, Any], place: str) -> None:
    assert [loc[0] for loc, _, _ in kind_faults(kind_of(**words))] == ([place] if place else [])


def test_fault_names_the_kind_and_never_the_number() -> None:
    kinds = {"nl_bsn": kind_of(check="nl_bsn")}
    assert identifier_fault(kinds, "nl_bsn", "537534982") is None
    for kind, number, says in (
        ("nl_bsn", "537534983", "check digit is wrong"),
        ("nl_bsn", "53753498", "is not a"),
        ("nl_bns", "537534982", "nl_bsn"),
    ):
        found = identifier_fault(kinds, kind, number)
        assert found is not None
        assert says in found[1].en
        assert ("check digit" in found[1].en) is ("check digit" in says)
        assert number not in f"{found}"


written = st.from_regex(r"[0-9A-Z][0-9A-Z./-]{0,11}", fullmatch=True)
names = st.sampled_from(["nl_bsn", "xx_nine", "fr_nir"])
digits = st.sampled_from(["537534982", "033188604217", "123456789"]) | st.text(
    "0123456789", min_size=9, max_size=9
)


def person(**words: Any) -> Subject:
    return Subject(kind=SubjectKind.PERSON, **words)


nine, twelve = (st.text("0123456789", min_size=length, max_size=length) for length in (9, 12))
subjects = st.one_of(
    st.builds(
        lambda kind, n: ((kind, n), person(identifier=Identifier(kind, n))), names, written | digits
    ),
    st.builds(
        lambda n: (("passport", n), person(passport=n)), st.from_regex("[0-9A-Z]{5,12}", fullmatch=True) | digits
    ),
    st.builds(lambda n: (("old", n), person(old_id=n)), nine),
    st.builds(lambda n: (("own", n), person(personal_id=n)), twelve),
    st.builds(
        lambda n, d: (("none", n, d), person(full_name=n, birth_date=PartialDate(1988, 4, d))),
        st.sampled_from(["an", "bo|1988-04-01", "537534982", "nl_bsn:1"]), st.integers(1, 9),
    ),
)  # fmt: skip


@given(one=subjects, other=subjects)
def test_key_is_the_same_only_for_the_same_kind_and_number(
    one: tuple[tuple[Any, ...], Subject], other: tuple[tuple[Any, ...], Subject]
) -> None:
    assert (one[0] == other[0]) is (one[1].key == other[1].key)
    assert (one[0] == other[0]) is (one[1].identity == other[1].identity)


def test_keys_of_viet_nam_stay_as_old_records_have_them() -> None:
    assert person(personal_id="033188604217", passport="C1234567").key == "person|033188604217"
    assert person(old_id="188604217").key == "person|188604217"
    assert person(passport="C1234567").key == "person|C1234567"
    assert Subject(kind=SubjectKind.ORGANISATION, tax_code="0100109106").key == "organisation|0100109106"
    assert Subject(kind=SubjectKind.VEHICLE, registration_no="89A-12345").key == "vehicle|89A-12345"
    parcel = Subject(kind=SubjectKind.PARCEL, commune="12345", sheet="7", number="12")
    assert parcel.key == "parcel|12345|7|12|||"


def thing(kind: SubjectKind, **words: Any) -> str:
    return Subject(kind=kind, **words).key


def test_number_of_a_thing_has_one_key_in_all_spellings_and_no_two_things_share_one() -> None:
    groups = [
        [thing(SubjectKind.ORGANISATION, tax_code=one) for one in ("0100109106-001", "0100109106001")],
        [thing(SubjectKind.ORGANISATION, tax_code="0100109106")],
        [
            thing(SubjectKind.VEHICLE, registration_no=one)
            for one in ("29B-12345", "29B-123.45", "29b-123.45")
        ],
        # digits alone do not say where the series of a motorbike ends
        [thing(SubjectKind.VEHICLE, registration_no="29B1-2345")],
        [thing(SubjectKind.VEHICLE, registration_no="29B12345")],
        # the account of an organisation, which is no plate
        [thing(SubjectKind.ORGANISATION, registration_no="TechID tid-9a")],
        [thing(SubjectKind.ORGANISATION, registration_no="TechID TID-9A")],
        [
            thing(SubjectKind.PARCEL, commune="01234", sheet=sheet, number=number)
            for sheet, number in (("5", "12a"), ("05", "12A"), ("005", "0012a"))
        ],
        [thing(SubjectKind.PARCEL, commune="01234", sheet="50", number="12a")],
        [thing(SubjectKind.PARCEL, commune="01234", sheet="0", number="0")],
    ]
    assert [len({*keys}) for keys in groups] == [1] * len(groups)
    assert len({keys[0] for keys in groups}) == len(groups)


def test_search_of_records_takes_each_spelling() -> None:
    one, other = (
        WhoBody.model_validate({"tax_code": code, "registration_no": plate, "parcel": parcel}).keys({})
        for code, plate, parcel in (
            ("0100109106-001", "29B-12345", {"commune": "01234", "sheet": "5", "number": "12"}),
            ("0100109106001", "29b-123.45", {"commune": "01234", "sheet": "05", "number": "012"}),
        )
    )
    assert {*one} - {*other} == {"organisation|29B-12345"}


@pytest.mark.parametrize(
    ("kind", "name", "asked", "found", "same"),
    [
        (SubjectKind.ORGANISATION, "tax_code", "0100109106001", "0100109106-001", True),
        (SubjectKind.ORGANISATION, "tax_code", "0100109106001", "0100109106", False),
        (SubjectKind.VEHICLE, "registration_no", "29B-123.45", "29B-12345", True),
        (SubjectKind.VEHICLE, "number", "0123", "123", False),
        (SubjectKind.VEHICLE, "number", "rlmau265606 379197", "RLMAU-265606379197", True),
        (SubjectKind.PARCEL, "number", "0123", "123", True),
    ],
)
def test_answer_may_write_a_number_of_a_thing_in_another_way(
    kind: SubjectKind, name: str, asked: str, found: str, same: bool
) -> None:
    check = Check(name, 0, (), listed=False, may_be_blank=False)
    words: dict[str, Any] = {name: asked}
    assert compare([check], [found], Subject(kind=kind, **words)) == [same]


@given(
    name=st.sampled_from(
        ["Trần Thị Hòa", "TRẦN  THỊ HOÀ", "trần thị hoà ", "Tra\u0302\u0300n Thi\u0323 Ho\u0300a"]
    )
)
def test_person_without_a_number_has_one_key_in_all_spellings_of_a_name(name: str) -> None:
    one = Subject(
        kind=SubjectKind.PERSON, full_name=name, birth_date=PartialDate(1990, 2, 15), gender="female"
    )
    assert one.key == "person|unnumbered:tra\u0302n\u0300 thi\u0323 hoa\u0300|1990-02-15"
    assert (
        one.key != Subject(kind=SubjectKind.PERSON, full_name="Trần Thị Hoa", birth_date=one.birth_date).key
    )


def test_number_is_an_attribute_of_its_kind_alone() -> None:
    one = person(identifier=Identifier("nl_bsn", "537534982"))
    assert getattr(one, "identifier.nl_bsn") == "537534982"
    for word in ("identifier.xx_nine", "identifier.", "nl_bsn", "identifier.None"):
        assert getattr(one, word, None) is None
