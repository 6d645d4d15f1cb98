"""What a source or the account holds fills its field, and only about the person whose it is."""

from typing import Any

import pytest

from tests.flows.conftest import House, new_official, on_session
from tests.flows.test_records import records

pytestmark = on_session

CLAIMS = {
    "SoDienThoai": "0900000017",
    "ThuDienTu": "quan@example.vn",
    "NgayCap": "20210415",
    "NoiCap": "Cục Cảnh sát quản lý hành chính về trật tự xã hội",
}


def subject(house: House, key: str) -> dict[str, Any]:
    one = next(one for one in house.personas if one["key"] == key)
    return {word: one[word] for word in ("personal_id", "full_name", "birth_date")}


async def values(house: House, procedure: str, subjects: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = await house.prefill(procedure, subjects, official=new_official(), **more)
    return {key: one["value"] for key, one in answer["fields"].items()}


async def test_judgment_of_a_divorce_is_offered(shared_house: House) -> None:
    couple = {"male": subject(shared_house, "quan"), "female": subject(shared_house, "hanh")}
    form = await values(shared_house, "1.000894", couple)
    assert form["TTHN_LyHon_BenNu.soBanAn"] == "41/2018/QĐST-HNGĐ"
    assert form["TTHN_LyHon_BenNu.ngayCap"] == "25/09/2018"
    assert form["TTHN_LyHon_BenNam.soBanAn"] is None


@pytest.mark.parametrize("key", ["catholic", "sang"])
async def test_death_and_an_earlier_divorce_are_no_judgment(shared_house: House, key: str) -> None:
    """One is a widower, the other married again."""
    couple = {"male": subject(shared_house, key), "female": subject(shared_house, "hanh")}
    form = await values(shared_house, "1.000894", couple)
    assert form["TTHN_LyHon_BenNam.soBanAn"] is None
    assert form["TTHN_LyHon_BenNam.ngayCap"] is None


async def test_account_fills_the_side_that_signs_in_and_never_the_other(shared_house: House) -> None:
    couple = {"male": subject(shared_house, "quan"), "female": subject(shared_house, "hanh")}
    form = await values(shared_house, "1.000894", couple, account=CLAIMS)
    assert (form["NgayCapDD_BenNam"], form["NoiCapDD_BenNam"]) == ("15/04/2021", CLAIMS["NoiCap"])
    assert (form["NgayCapDD_BenNu"], form["NoiCapDD_BenNu"]) == (None, None)


@pytest.mark.parametrize("is_owner", [True, False])
async def test_account_fills_the_owner_where_the_owner_files(shared_house: House, is_owner: bool) -> None:
    other = subject(shared_house, "director_wife")
    subjects = {
        "requester": subject(shared_house, "quan"),
        "owner": {"same_as": "requester"} if is_owner else other,
    }
    form = await values(shared_house, "1.001612", subjects, account=CLAIMS)
    owner = [form[f"chuHo_{word}"] for word in ("dienThoai", "email", "ngayCapGiayTo", "noiCapGiayTo")]
    filed = [form[f"nguoiNop_{word}"] for word in ("dienThoai", "email", "ngayCapGiayTo", "noiCapGiayTo")]
    assert filed == [CLAIMS["SoDienThoai"], CLAIMS["ThuDienTu"], "15/04/2021", CLAIMS["NoiCap"]]
    assert owner == (filed if is_owner else [None] * 4)


@pytest.mark.parametrize(
    ("more", "shown"),
    [({}, ("not_found", {"phone", "email"})), ({"ThuDienTu": "quan@example.vn"}, ("found", {"email"}))],
)
async def test_blank_claim_of_the_account_is_recorded_as_absent(
    shared_house: House, more: dict[str, str], shown: tuple[str, set[str]]
) -> None:
    requester = subject(shared_house, "quan")
    claims = {"SoDinhDanh": requester["personal_id"], "SoDienThoai": "", "ThuDienTu": ""} | more
    answer = await shared_house.prefill(
        "1.001612",
        {"requester": requester, "owner": {"same_as": "requester"}},
        account=claims,
        fields=["nguoiNop_dienThoai", "nguoiNop_email"],
    )
    assert answer["fields"]["nguoiNop_dienThoai"]["value"] is None
    (outcome,) = (
        one
        for one in records(shared_house)
        if one["exchange"] == answer["exchange_id"] and one["phase"] == "outcome"
    )
    (call,) = (one for one in outcome["calls"] if one["source"] == "account")
    assert (call["outcome"], set(call["attributes"])) == shown
