"""Statuses at the real door: whatever the order in which steps arrive, the dossier stands the same (F25, T22)."""

import asyncio
import itertools
from typing import Any

from tests.flows.conftest import House, on_session
from tests.flows.test_dossiers import call, dossier, posted, progressed, shown, step

STEPS = (
    ("processing", "2026-01-06T01:00:00Z"), ("processed", "2026-01-06T03:00:00Z"),
    ("handed_over", "2026-01-06T04:00:00Z"), ("processing", "2026-01-06T05:00:00Z"),
)  # fmt: skip


@on_session
async def test_every_order_of_arrival_gives_the_same_status(patient: House) -> None:
    async def arrive(order: tuple[tuple[str, str], ...]) -> Any:
        body = dossier()
        await posted(patient, body)
        for status, at in (*order, order[0]):
            await progressed(patient, step(body["code"], status, at))
        return await shown(patient, body["code"])

    found = await asyncio.gather(*map(arrive, itertools.permutations(STEPS)))
    assert {(one["status"], one["status_at"]) for one in found} == {
        ("handed_over", "2026-01-06T04:00:00.000Z")
    }
    for one in found:
        steps = {(entry["status"], entry["at"]): entry["verdict"] for entry in one["history"]}
        assert len(one["history"]) == 5, "no step is dropped, none is doubled"
        assert steps["processing", "2026-01-06T05:00:00.000Z"] == "after_final"
        assert steps["processed", "2026-01-06T03:00:00.000Z"] in ("applied", "late")


@on_session
async def test_step_ahead_of_the_clock_and_a_step_back_move_nothing_and_are_shown(patient: House) -> None:
    body = dossier()
    await posted(patient, body)
    answer = await progressed(
        patient,
        step(body["code"], "processed", "2099-01-01T00:00:00Z"),
        step(body["code"], "submitted", "2026-01-06T00:00:00Z"),
        step(body["code"], "unknown", "2026-01-06T01:00:00Z", status_text="11"),
    )
    assert [one["status"] for one in answer["dossiers"]] == ["accepted"]
    verdicts = {one["status"]: one["verdict"] for one in (await shown(patient, body["code"]))["history"]}
    assert verdicts == {
        "accepted": "applied",
        "processed": "early",
        "submitted": "illegal",
        "unknown": "unknown",
    }


@on_session
async def test_final_status_is_reopened_by_the_province_and_shown_to_the_owner(patient: House) -> None:
    body = dossier(status="refused", refused_at="2026-01-05T02:00:00Z")
    await posted(patient, body)
    again = ("supplement_requested", "2026-01-05T03:00:00Z")
    await progressed(
        patient, step(body["code"], "processed", "2026-01-05T02:30:00Z"), step(body["code"], *again)
    )
    owner = {"personal_id": body["applicant"]["ids"][0]["number"]}
    asked = {"code": body["code"], "owner": owner}
    _, found = await call(patient, "POST", "/v1/dossiers/status", "national_portal", asked)
    assert found["status"] == "supplement_requested"
    assert [one["status"] for one in found["history"]] == ["refused", "supplement_requested"]
