"""A role that takes many: one subject or a list of them, and where each fault of a list stands."""

from typing import Any

import pytest

from gateway.domain.parties import Subject
from tests.api.conftest import CANARY, Door

OWNER = {"personal_id": "033088593172", "full_name": "Nguyễn Văn Thử", "birth_date": "1988-07-09"}
MEMBER = {"personal_id": CANARY, "full_name": "Canh Thị Giác", "birth_date": "1974-03-05"}


def body(members: Any, **more: Any) -> dict[str, Any]:
    subjects = {"owner": OWNER, "requester": {"same_as": "owner"}, "members": members, **more}
    return {"procedure": "1.001612", "subjects": subjects}


async def test_subjects_of_a_list_are_named_by_their_place(door: Door) -> None:
    assert (await door.post("/v1/prefill", body([MEMBER, {"same_as": "owner"}]))).status == 200
    found = door.prefill.asked[0].subjects
    assert list(found) == ["owner", "requester", "members#1", "members#2"]
    first = found["members#1"]
    assert isinstance(first, Subject)
    assert first.personal_id == CANARY
    assert found["members#2"] == "owner"


async def test_one_subject_without_a_list_stays_possible(door: Door) -> None:
    assert (await door.post("/v1/prefill", body(MEMBER))).status == 200
    assert "members" in door.prefill.asked[0].subjects


@pytest.mark.parametrize(
    ("members", "status", "place", "code"),
    [
        ([], 422, "/subjects/members", "value_not_possible"),
        ([MEMBER] * 31, 422, "/subjects/members", "value_not_possible"),
        ([MEMBER, {**MEMBER, "birth_date": "1974-13"}], 422, "/subjects/members/1/birth_date", "value_not_possible"),
        ([MEMBER, {**MEMBER, "personal_id": "12"}], 422, "/subjects/members/1/personal_id", "value_not_possible"),
        ([{"full_name": "Canh"}, MEMBER], 422, "/subjects/members/0", "identifier_missing"),
        ([MEMBER, {"same_as": "NOBODY"}], 422, "/subjects/members/1/same_as", "value_not_possible"),
        ([MEMBER, [MEMBER]], 400, "/subjects/members/1", "wrong_type"),
        ([MEMBER, "033174209186"], 400, "/subjects/members/1", "wrong_type"),
        ([{**MEMBER, "colour": "1"}], 400, "/subjects/members/0/colour", "unknown_member"),
    ],
)  # fmt: skip
async def test_fault_of_a_list_is_named_at_its_place(
    door: Door, members: Any, status: int, place: str, code: str
) -> None:
    answer = await door.post("/v1/prefill", body(members))
    answer.assert_problem(status)
    assert [(one["pointer"], one["code"]) for one in errors(answer.json)] == [(place, code)]
    assert not door.prefill.asked


async def test_list_for_a_role_that_takes_one_is_refused(door: Door) -> None:
    answer = await door.post("/v1/prefill", body(MEMBER, requester=[OWNER]))
    answer.assert_problem(422)
    assert [(one["pointer"], one["code"]) for one in errors(answer.json)] == [
        ("/subjects/requester", "list_not_possible")
    ]


async def test_more_subjects_than_all_roles_together_may_have_are_refused(door: Door) -> None:
    others = {f"role_{number}": MEMBER for number in range(10)}
    answer = await door.post("/v1/prefill", body([MEMBER] * 30, **others))
    answer.assert_problem(422)
    assert errors(answer.json)[0]["code"] == "too_many_subjects"
    assert not door.prefill.asked


def errors(problem: dict[str, object]) -> list[dict[str, str]]:
    found = problem["errors"]
    assert isinstance(found, list)
    return found
