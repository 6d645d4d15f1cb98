"""Claims of logins: whatever they are, there is an account of right forms or one error, and no other value gets in."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import is_old_id, is_personal_id, is_tax_code
from gateway.domain.login import Identity
from gateway.domain.signs import hides
from gateway.mapping.load import load_catalogue
from gateway.mapping.logins import AccountRefused, LoginPlan

PLANS = load_catalogue(Path(__file__).parents[2]).logins
NOW = 1_795_770_000.0
PROVEN = Identity(provider="national_portal", subject="account-1", at=NOW)
LEVELS = {"LoA1": 1, "LoA2": 2, "1": 1, "2": 2}

numbers = st.text("0123456789", min_size=8, max_size=14)
texts = st.one_of(
    st.text(max_size=30),
    numbers,
    st.sampled_from(["1", "2", "3", "LoA2", "TID-1", "19900215", "15/02/1990", "CITIZEN"]),
)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)


def claims_of(plan: LoginPlan) -> st.SearchStrategy[dict[str, Any]]:
    paths = {word for rule in plan.mapping.fields.values() for word in (rule.path, *rule.else_)}
    return st.fixed_dictionaries({}, optional={word: st.one_of(texts, anything) for word in sorted(paths)})


@pytest.mark.parametrize("name", PLANS)
@given(data=st.data())
def test_any_claims_give_a_right_account_or_one_error(name: str, data: st.DataObject) -> None:
    plan = PLANS[name]
    claims = data.draw(claims_of(plan))
    try:
        account = plan.account(claims, PROVEN, LEVELS)
    except AccountRefused:
        return
    assert not account.personal_id or is_personal_id(account.personal_id)
    assert not account.old_id or is_old_id(account.old_id)
    assert not account.tax_code or is_tax_code(account.tax_code)
    assert not account.birth_date or str(PartialDate.parse(account.birth_date)) == account.birth_date
    assert not any(hides(one) for one in (account.full_name, account.organisation, account.account))
    assert account.level in {0, 1, 2}
    assert (account.provider, account.subject, account.at) == (PROVEN.provider, PROVEN.subject, PROVEN.at)


@pytest.mark.parametrize("name", PLANS)
@given(data=st.data())
def test_claims_that_the_mapping_does_not_name_change_nothing(name: str, data: st.DataObject) -> None:
    plan = PLANS[name]
    claims = data.draw(claims_of(plan))
    foreign = data.draw(st.dictionaries(st.text(min_size=1, max_size=12), anything, max_size=4))
    both = {**foreign, **{f"x_{word}": "033190482619" for word in claims}, **claims}
    for word in set(foreign) - set(claims):
        if word in {path for rule in plan.mapping.fields.values() for path in (rule.path, *rule.else_)}:
            del both[word]
    assert outcome(plan, both) == outcome(plan, claims)


def outcome(plan: LoginPlan, claims: dict[str, Any]) -> object:
    try:
        return plan.account(claims, PROVEN, LEVELS)
    except AccountRefused as refused:
        return str(refused)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Nguyễn Văn A\u202e", ""),
        ("Trần\u200bThị", ""),
        ("TRẦN THỊ MẪU", "TRẦN THỊ MẪU"),
        ("Y’Moan Êban (Ama Ly)", "Y’Moan Êban (Ama Ly)"),
        ("Jean-Luc O'Brien, Jr.", "Jean-Luc O'Brien, Jr."),
        ("Tr\u1ea7n  Th\u1ecb\tM\u1eabu", "Trần Thị Mẫu"),
        ("Trâ\u0300n", "Trần"),
        ("Mẫu <b>", ""),
        ("Mẫu 1", ""),
        ("- .", ""),
        ("A" * 201, ""),
    ],
)  # fmt: skip
def test_name_is_letters_in_one_line_or_nothing(said: str, name: str) -> None:
    claims = {"LoaiTaiKhoan": "1", "TechID": "T", "HoVaTen": said}
    assert PLANS["national_portal"].account(claims, PROVEN, {}).full_name == name


@pytest.mark.parametrize(
    ("said", "date"),
    [
        ("19900215", "1990-02-15"), ("199002", "1990-02"), ("1990", "1990"), ("1990-02-15", "1990-02-15"),
        ("15/02/1990", "1990-02-15"), ("02/1990", "1990-02"),
        ({"Nam": "1957", "NgayThangNam": "19570415"}, "1957-04-15"), ({"Nam": "1957", "NgayThangNam": ""}, "1957"),
        ('{"Nam": "1957"}', "1957"),
        ("19900231", ""), ("20991231", ""), ("00000000", ""), ({"Nam": "1957", "NgayThangNam": "19750415"}, ""),
        ("{", ""), ([], ""), (True, ""), ("0990215", ""),
    ],
)  # fmt: skip
def test_birth_date_is_one_that_there_is_or_nothing(said: object, date: str) -> None:
    claims = {"LoaiTaiKhoan": "1", "TechID": "T", "NgayThangNamSinh": said}
    assert PLANS["national_portal"].account(claims, PROVEN, {}).birth_date == date
