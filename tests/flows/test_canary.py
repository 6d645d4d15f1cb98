"""A canary subject goes through every door; nothing of him may appear outside the answers (promise P16, threat T17)."""

import io
from collections.abc import Callable
from typing import Any

import pytest

from gateway import telemetry
from tests.flows.conftest import House

MODES = (
    "garbage",
    "wrong_person",
    "two_people",
    "truncate",
    "status503",
    "fault200",
    "null_field",
    "extra_field",
)


@pytest.fixture
def logged() -> io.BytesIO:
    """Everything that the operations log says."""
    sink = io.BytesIO()
    telemetry.set_up(sink)
    return sink


async def test_canary_shows_up_in_no_log_error_or_metric(
    logged: io.BytesIO, make_house: Callable[..., Any]
) -> None:
    async with make_house() as house:
        who = house.subject("facts_example")
        errors = await _every_door(house, who)
        async with house.session.get(f"{house.admin}/metrics") as response:
            metrics = await response.text()
        async with house.session.get(f"{house.url}/v1/sources", headers=await _bearer(house)) as response:
            sources = await response.text()
    lines = logged.getvalue().decode()
    assert lines.count('"event":"http.answered"') > len(MODES) + len(errors)
    assert "motlan_requests_total" in metrics
    seen = lines + metrics + sources + "".join(errors)
    for value in (
        who["personal_id"],
        who["full_name"],
        who["full_name"].upper(),
        "0977123456",
        "Ngõ Chim Yến",
    ):
        assert value not in seen


async def _bearer(house: House) -> dict[str, str]:
    return {"Authorization": f"Bearer {await house.token()}"}


async def _every_door(house: House, who: dict[str, Any]) -> list[str]:
    errors = []
    subjects = {"requester": who, "person": {"same_as": "requester"}}
    more = {"account": {"SoDienThoai": "0977123456"}, "known": {"nxnMucDichSuDung": "Ngõ Chim Yến"}}
    for number, mode in enumerate(MODES):
        for source in ("population", "civil_status"):
            await house.misbehave(source, mode, times=1)
        await house.prefill("1.004873", subjects, dossier=f"H31.14-260105-{number:04}", **more)
    for broken in (
        {
            "subjects": {
                "requester": {**who, "full_name": who["full_name"], "personal_id": who["personal_id"] + "x"}
            }
        },
        {"subjects": subjects, who["personal_id"]: 1},
        {"subjects": {who["personal_id"]: who}},
        {"subjects": subjects, "known": {who["full_name"]: "x"}},
        {"subjects": subjects, "fields": [who["personal_id"]]},
        {"subjects": subjects, "purpose": "no_such_purpose"},
        {"subjects": {"requester": who}},
    ):
        status, problem = await house.post("/v1/prefill", {"procedure": "1.004873", **broken})
        assert 400 <= status < 500
        errors.append(str(problem))
    return errors
