"""Vehicles, household businesses and judicial records at the door: each fills its form, and cuts what it proves."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.flows.conftest import House

CAR = {"registration_no": "89A-96325", "number": "RLMAU265606379197"}


def by_key(house: House, key: str) -> dict[str, Any]:
    one = next(one for one in house.personas if one["key"] == key)
    return {name: one[name] for name in ("personal_id", "full_name", "birth_date")}


def paper(answer: Mapping[str, Any], code: str) -> tuple[str, str]:
    """State and reason of a paper."""
    entry = next(one for one in answer["papers"] if one["code"] == code)
    return entry["state"], (entry.get("reason") or {"code": ""})["code"]


def warned(answer: Mapping[str, Any]) -> set[str]:
    return {one["code"] for one in answer["warnings"]}


async def test_vehicle_register_fills_the_form_and_stands_for_the_certificate(house: House) -> None:
    roles = {"owner": by_key(house, "thu"), "vehicle": CAR}
    answer = await house.prefill("9.000003", roles)
    assert answer["form"]["bienSo"] == "89A-96325"
    assert answer["form"]["ngayDangKy"] == "16/05/2022"
    assert paper(answer, "registration_copy") == ("replaced", "")
    assert paper(answer, "old_certificate")[0] == "required"
    other = await house.prefill("9.000003", roles, known={"bienSo": "89A-40718"})
    assert paper(other, "registration_copy") == ("required", "object_differs")


@pytest.mark.parametrize(
    ("owner", "vehicle", "reason", "warning"),
    [
        ("quan", CAR, "object_differs", {"another_holds_the_vehicle"}),
        ("thu", CAR | {"number": "RLMAU265606371184"}, "no_such_person", set()),
        ("thu", {"registration_no": "89A-40718", "number": "RLMAU265606371184"}, "not_in_force",
         {"registration_withdrawn"}),
        ("director", {"registration_no": "89A-52096", "number": "RLMAU265606375530"}, "not_in_force",
         {"registration_paused"}),
    ],
    ids=["of another person", "frame of another vehicle", "withdrawn", "off the road"],
)  # fmt: skip
async def test_certificate_of_a_vehicle_is_asked_for(
    house: House, owner: str, vehicle: dict[str, str], reason: str, warning: set[str]
) -> None:
    answer = await house.prefill("9.000003", {"owner": by_key(house, owner), "vehicle": vehicle})
    assert paper(answer, "registration_copy") == ("required", reason)
    assert warned(answer) == warning


async def test_business_is_found_by_its_owner_and_stands_for_its_certificate(house: House) -> None:
    owner = by_key(house, "director_wife")
    answer = await house.prefill("2.000720", {"owner": owner, "requester": {"same_as": "owner"}})
    assert answer["form"]["maSoHoKinhDoanh"] == owner["personal_id"]
    assert answer["form"]["tenHoKinhDoanh"] == "HỘ KINH DOANH KIM OANH"
    assert paper(answer, "registration_certificate_copy") == ("replaced", "")


@pytest.mark.parametrize(
    ("owner", "reason", "warning"),
    [
        ("driver_no_check", "not_in_force", {"business_ended"}),
        ("mixed_name", "not_in_force", {"business_paused"}),
        ("divided_a", "data_do_not_match", set()),
        ("mau", "no_such_person", set()),
    ],
    ids=["ended", "paused", "of another person", "no business"],
)
async def test_certificate_of_a_business_is_asked_for(
    house: House, owner: str, reason: str, warning: set[str]
) -> None:
    roles = {"owner": by_key(house, owner), "requester": {"same_as": "owner"}}
    answer = await house.prefill("2.000720", roles)
    assert paper(answer, "registration_certificate_copy") == ("required", reason)
    assert warned(answer) == warning
    own = [
        answer["fields"][key] for key in ("maSoHoKinhDoanh", "tenHoKinhDoanh", "diaChiTruSo", "ngayDangKy")
    ]
    # nothing of a business leaves that is not the owner's
    assert {one["state"] for one in own} == ({"filled"} if reason == "not_in_force" else {"not_found"})
    assert {one["reason"]["code"] for one in own if one["state"] == "not_found"} <= {reason}


@pytest.mark.parametrize(
    ("applicant", "state", "reason", "warning"),
    [
        ("graduate", "replaced", "", set()),
        ("upper_name", "required", "conclusion_differs", {"has_conviction"}),
        ("tay", "required", "not_in_force", {"record_is_old"}),
        ("quan", "required", "no_such_person", set()),
    ],
    ids=["of this year and clean", "with a conviction", "older than a year", "still in process"],
)
async def test_judicial_record_counts_while_it_is_new_and_clean(
    house: House, applicant: str, state: str, reason: str, warning: set[str]
) -> None:
    who = {"applicant": by_key(house, applicant)}
    answer = await house.prefill("9.000002", who)
    assert paper(answer, "judicial_record_certificate") == (state, reason)
    assert warned(answer) == warning
    assert "recorded" not in json.dumps(answer), "whether somebody was convicted is nobody's to read here"


async def rows(house: House, name: str, client: str = "portal") -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {await house.token(client)}"} if client else {}
    async with house.session.get(f"{house.url}/v1/catalogues/{name}", headers=headers) as answer:
        return answer.status, await answer.json()


async def test_shared_catalogue_is_fetched_once_and_kept_while_it_counts(house: House) -> None:
    status, answer = await rows(house, "madantoc")
    assert status == 200
    assert {"MaDanToc": "01", "TenDanToc": "Kinh"} in answer["rows"]
    assert (answer["source"], answer["mark"], answer["sandbox"]) == ("catalogues", "seen", True)
    assert (await rows(house, "madantoc"))[1] == answer
    assert (await house.calls())["catalogues.Category"] == 1


async def test_shared_catalogue_that_nobody_has_or_that_is_away_is_told_so(house: House) -> None:
    for name in ("makhongco", "MADANTOC", "ma.dantoc"):
        status, problem = await rows(house, name)
        assert (status, problem["code"]) == (404, "catalogue_unknown"), name
        assert problem["detail_vi"]
    await house.misbehave("catalogues", "status503")
    status, problem = await rows(house, "magioitinh")
    assert (status, problem["code"]) == (503, "source_unavailable")
    assert (await rows(house, "magioitinh", client=""))[0] == 401
