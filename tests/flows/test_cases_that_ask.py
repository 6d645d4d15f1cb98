"""People of the sandbox whose paper a careful official still demands: it is asked for, at the real door."""

from typing import Any

import pytest

from tests.flows.conftest import House, new_official, on_session

pytestmark = on_session


async def states(house: House, procedure: str, subjects: dict[str, Any], **known: str) -> dict[str, Any]:
    answer = await house.prefill(procedure, subjects, official=new_official(), known=known)
    return {one["code"]: (one["state"], (one.get("reason") or {}).get("code")) for one in answer["papers"]}


@pytest.mark.parametrize(
    ("trait", "state", "reason"),
    [
        ("official", "replaced", None),
        ("licence_expired", "required", "not_in_force"),
        ("licence_overdue", "required", "not_in_force"),
        ("licence_revoked", "required", "not_in_force"),
    ],
)
async def test_licence_that_does_not_hold_is_asked_for(
    shared_house: House, trait: str, state: str, reason: str | None
) -> None:
    papers = await states(shared_house, "1.002809", {"applicant": shared_house.subject(trait)})
    assert papers["licence_copy"] == (state, reason)


@pytest.mark.parametrize(("bride", "state"), [("mixed_case_name", "replaced"), ("bride_dead", "required")])
async def test_bride_whose_death_is_registered_shows_her_certificate(
    shared_house: House, bride: str, state: str
) -> None:
    couple = {"male": shared_house.subject("single"), "female": shared_house.subject(bride)}
    papers = await states(shared_house, "1.000894", couple)
    assert papers["marital_status_certificate"][0] == state


@pytest.mark.parametrize(("trait", "state"), [("facts_example", "replaced"), ("card_expired", "required")])
async def test_card_that_has_expired_is_asked_for(shared_house: House, trait: str, state: str) -> None:
    papers = await states(shared_house, "9.000001", {"applicant": shared_house.subject(trait)})
    assert papers["old_card"][0] == state
