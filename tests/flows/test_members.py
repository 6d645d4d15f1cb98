"""Several subjects in one role, over real HTTP: each is asked about, and only the named ones are shown."""

import json
from typing import Any

import pytest

from tests.flows.conftest import House, proposed
from tests.flows.test_records import records

STRANGER = {"personal_id": "033174826095", "full_name": "Không Có Ai", "birth_date": "1974-08-26"}
LOOKUP = "population.TraCuuThongTinCongDan"


def named(house: House, name: str) -> dict[str, Any]:
    one = next(one for one in house.personas if one["full_name"] == name)
    return {key: one[key] for key in ("personal_id", "full_name", "birth_date")}


async def business(house: House, *members: dict[str, Any]) -> Any:
    subjects = {
        "owner": named(house, "Trần Thị Mẫu"), "requester": {"same_as": "owner"}, "members": list(members)
    }  # fmt: skip
    return await house.prefill("1.001612", subjects)


def paper(answer: Any, code: str) -> Any:
    return next(one for one in answer["papers"] if one["code"] == code)


async def test_paper_of_all_members_is_replaced_when_data_show_each_of_them(house: House) -> None:
    answer = await business(house, named(house, "Trần Văn Quân"), named(house, "Phạm Thị Hạnh"))
    copy = paper(answer, "owner_id_copy")
    assert copy["state"] == "replaced"
    who = {evidence["subject"] for evidence in answer["evidence"].values()}
    assert who >= {"owner", "members", "members#2"}
    proven = json.dumps(copy["by"])
    for key, evidence in answer["evidence"].items():
        if evidence["data_service"] == "TraCuuThongTinCongDan":
            assert f'"{key}:person.personal_id"' in proven
    assert paper(answer, "members_minutes")["state"] == "required"
    assert (await house.calls())[LOOKUP] == 3
    outcome = records(house)[-1]
    assert set(outcome["subjects"]) == {"owner", "requester", "members", "members#2"}
    assert "members#2" in {call["role"] for call in outcome["calls"]}


async def test_member_whom_the_population_database_does_not_know_keeps_the_paper(house: House) -> None:
    answer = await business(house, named(house, "Trần Văn Quân"), STRANGER)
    copy = paper(answer, "owner_id_copy")
    assert copy["state"] == "required"
    assert copy["reason"]["rule"] == "subject:members#2"
    outcomes = {line["subject"]: line for line in answer["sources"] if line["source"] == "population"}
    assert outcomes["members"]["outcome"] == "found"
    assert outcomes["members#2"]["outcome"] in {"not_found", "no_match"}
    assert copy["reason"]["code"] == outcomes["members#2"]["reason"]


async def test_equal_subjects_are_asked_about_once(house: House) -> None:
    one = named(house, "Trần Văn Quân")
    answer = await business(house, one, {"same_as": "owner"}, one)
    assert paper(answer, "owner_id_copy")["state"] == "replaced"
    assert (await house.calls())[LOOKUP] == 2
    assert {line["subject"] for line in answer["sources"] if line["source"] == "population"} == {
        "owner",
        "members",
    }


async def move(house: House, *members: dict[str, Any]) -> Any:
    subjects: dict[str, Any] = {"applicant": named(house, "Trần Thị Mẫu")}
    return await house.prefill("1.004222", subjects | ({"members": list(members)} if members else {}))


async def test_only_the_members_whom_the_caller_names_leave(house: House) -> None:
    chosen = [named(house, "Phạm Gia Bảo"), named(house, "Phạm Ngọc Linh")]
    answer = await move(house, *chosen)
    rows = answer["form"]["thanhVien"]
    assert [row["soDinhDanh"] for row in rows] == [one["personal_id"] for one in chosen]
    assert [row["quanHe"] for row in rows] == ["Con", "Con"]
    assert answer["fields"]["thanhVien"]["value"] == rows
    assert named(house, "Phạm Văn Thử")["personal_id"] not in json.dumps(answer)
    # nobody is asked about the members: no field and no paper wants to know more of them
    assert {line["subject"] for line in answer["sources"]} <= {"applicant", "household_head"}


async def test_household_is_proposed_without_the_applicant_when_nobody_is_named(house: House) -> None:
    answer = await move(house)
    assert "thanhVien" not in answer["form"]
    (rows,) = proposed(answer, "thanhVien")["thanhVien"]
    assert {row["hoTen"] for row in rows} == {"Phạm Văn Thử", "Phạm Gia Bảo", "Phạm Ngọc Linh"}


async def test_applicant_who_is_named_as_member_too_moves_with_nobody(house: House) -> None:
    answer = await move(house, {"same_as": "applicant"})
    assert answer["fields"]["thanhVien"]["state"] == "empty"


async def test_named_people_of_another_household_leave_the_list_blank(house: House) -> None:
    answer = await move(house, named(house, "Phạm Đình Lộc"))
    assert "thanhVien" not in answer["form"]
    assert answer["fields"]["thanhVien"]["state"] == "empty"
    assert "thanhVien" not in records(house)[-1]["fields"]


@pytest.mark.parametrize(
    ("more", "place", "code"),
    [
        ({"members": [{"personal_id": "033174826095"}]}, "/subjects/members/0", "identity_incomplete"),
        ({"members": [STRANGER, {"same_as": "nobody"}]}, "/subjects/members/1", "same_as_leads_nowhere"),
        ({"members": [STRANGER, {"same_as": "members"}]}, "/subjects/members/1", "same_as_leads_to_list"),
        ({"members": [STRANGER], "household_head": {"same_as": "members"}}, "/subjects/household_head",
         "same_as_leads_to_list"),
        ({"members": [STRANGER, {"commune": "11953", "sheet": "1", "number": "2"}]}, "/subjects/members/1",
         "wrong_kind"),
        ({"strangers": [STRANGER]}, "/subjects/strangers", "unknown_role"),
    ],
)  # fmt: skip
async def test_subject_that_does_not_fit_is_named_by_its_place(
    house: House, more: dict[str, Any], place: str, code: str
) -> None:
    body = {"procedure": "1.004222", "subjects": {"applicant": named(house, "Trần Thị Mẫu"), **more}}
    status, problem = await house.post("/v1/prefill", body)
    assert status == 422
    assert [(one["pointer"], one["code"]) for one in problem["errors"]] == [(place, code)]


async def test_thirty_members_are_each_asked_about(house: House) -> None:
    living = [one for one in house.personas if not {"dead", "missing", "life_unknown"} & {*one["traits"]}]
    people = [one for one in living if one["personal_id"] and one["full_name"] != "Trần Thị Mẫu"][:30]
    answer = await business(house, *(named(house, one["full_name"]) for one in people))
    asked = {line["subject"]: line["outcome"] for line in answer["sources"] if line["source"] == "population"}
    assert len(asked) == 31
    assert set(asked.values()) == {"found"}
    assert paper(answer, "owner_id_copy")["state"] == "replaced"
