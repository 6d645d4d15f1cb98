"""Refusals of the use case say where and why."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.conftest import House


async def refused(house: House, **more: Any) -> Any:
    who = house.subject("facts_example")
    subjects = {"requester": who, "person": {"same_as": "requester"}}
    status, answer = await house.post("/v1/prefill", {"procedure": "1.004873", "subjects": subjects, **more})
    assert status >= 400
    return answer


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"known": {"nxnHoTen": "Kiên", "mauMat": "nâu"}}, "/known/mauMat"),
        ({"known": {"033174962058": "x"}}, "/known/*"),
        ({"fields": ["nxnHoTen", "mauMat"]}, "/fields/1"),
    ],
)
async def test_field_that_the_form_has_not_is_told_at_its_place(
    house: House, more: dict[str, Any], place: str
) -> None:
    answer = await refused(house, **more)
    assert [one["pointer"] for one in answer["errors"]] == [place]


@pytest.mark.parametrize(
    ("name", "day", "code"),
    [
        ("valid_until", "2026-01-31", "agreement_over"),
        ("valid_from", "2999-01-01", "agreement_not_yet_valid"),
    ],
)
async def test_agreement_out_of_its_time_is_told_apart_from_none(
    make_house: Callable[..., Any], name: str, day: str, code: str
) -> None:
    async with make_house(
        **{"agreements.portal.valid_until": "3000-01-01", f"agreements.portal.{name}": day}
    ) as house:
        answer = await refused(house)
    assert (answer["status"], answer["code"], answer["rule"]) == (403, code, "agreement:portal")
    assert day in answer["detail"]
