"""Corrections: what is wrong in a database is reported to its owner; values stand sealed, and in his report."""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.serving import Plan, running, write_ready
from tests import fresh, typed
from tests.flows.conftest import ROOT, House, on_session
from tests.flows.test_records import records

RIGHT = "1990-02-16"


def report(house: House, **more: Any) -> dict[str, Any]:
    return {
        "subject": house.subject("facts_example"), "source": "population", "attribute": "person.birth_date",
        "why": "citizen_corrects", "shown": "1990-02-15", "correct": RIGHT, "grounds": "Giấy khai sinh số 12", **more,
    }  # fmt: skip


async def opened(house: House, **more: Any) -> Any:
    status, answer = await house.post("/v1/corrections", report(house, **more))
    assert status == 200, answer
    return answer


async def found(house: House, client: str = "portal", **more: Any) -> list[Any]:
    status, answer = await house.post("/v1/corrections/search", more, client)
    assert status == 200, answer
    listed: list[Any] = answer["corrections"]
    return listed


@on_session
async def test_report_reaches_the_owner_and_the_citizen_is_told_what_to_do(patient: House) -> None:
    answer = await opened(patient)
    assert answer["state"] == "delivered"
    assert "Ngày sinh" in answer["advice"]["vi"]
    assert answer["provider"] in answer["advice"]["en"]
    path = patient.state / "corrections" / "population" / f"{answer['id']}.json"
    assert path.stat().st_mode & 0o777 == 0o600
    delivered = json.loads(path.read_text("utf-8"))
    who = patient.subject("facts_example")
    assert delivered["subject"]["personal_id"] == who["personal_id"]
    assert (delivered["shown"], delivered["correct"]) == ("1990-02-15", RIGHT)
    assert delivered["grounds"] == "Giấy khai sinh số 12"
    assert not {"key", "opened_in"} & set(delivered)


@on_session
async def test_records_and_queue_hold_no_value_and_no_person(patient: House) -> None:
    answer = await opened(patient, correct="1990-03-17", contact="0900000001")
    mine = [one for one in records(patient) if one["notes"].get("correction") == answer["id"]]
    assert [(one["phase"], one["result"]) for one in mine] == [
        ("delivery", "correction_opened"), ("delivery", "correction_delivered"),
    ]  # fmt: skip
    assert mine[0]["exchange"] == mine[1]["exchange"] == answer["exchange_id"]
    assert mine[0]["notes"]["attribute"] == "person.birth_date"
    assert mine[0]["subjects"] == mine[1]["subjects"]
    with contextlib.closing(sqlite3.connect(patient.state / "corrections.sqlite")) as asked:
        rows = asked.execute("SELECT * FROM corrections WHERE id = ?", (answer["id"],)).fetchall()
    who = patient.subject("facts_example")
    for secret in ("1990-03-17", "0900000001", who["personal_id"], who["full_name"], "Giấy khai sinh"):
        assert secret not in json.dumps(mine, ensure_ascii=False)
        assert secret.encode() not in repr(rows).encode()
        assert not [one for one in rows[0] if isinstance(one, bytes) and secret.encode() in one]


@on_session
async def test_requester_finds_its_own_reports_by_person_and_state_and_nobody_elses(patient: House) -> None:
    answer = await opened(patient)
    by_person = await found(patient, subject=patient.subject("facts_example"))
    assert answer["id"] in [one["id"] for one in by_person]
    assert by_person[0]["opened_at"] >= by_person[-1]["opened_at"]
    assert (
        await found(patient, subject={**patient.subject("facts_example"), "personal_id": "033099170352"})
        == []
    )
    assert answer["id"] not in [one["id"] for one in await found(patient, state="queued")]
    assert await found(patient, "one_gate", subject=patient.subject("facts_example")) == []
    assert len(await found(patient, limit=1)) == 1
    look = [one for one in records(patient) if one["result"] == "corrections"]
    assert {one["phase"] for one in look} == {"lookup"}


@on_session
@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"source": "nowhere"}, 422, "unknown_source"), ({"attribute": "person.shoe_size"}, 422, "unknown_attribute"),
        ({"attribute": "land_parcel.area"}, 422, "unknown_attribute"),
        ({"attribute": "person.religion"}, 403, "not_agreed"),
        ({"why": "x"}, 422, "unprocessable"), ({"subject": {"full_name": "A"}}, 422, "unprocessable"),
        ({"correct": "x" * 5000}, 413, "too_large"), ({"extra": 1}, 400, "bad_request"),
    ],
)  # fmt: skip
async def test_report_that_is_none_or_not_the_requesters_to_make_is_refused(
    patient: House, change: dict[str, Any], status: int, code: str
) -> None:
    before = len(await found(patient, limit=200))
    got, problem = await patient.post("/v1/corrections", report(patient, **change))
    assert (got, problem["code"]) == (status, code), problem
    assert len(await found(patient, limit=200)) == before
    if status == 403:
        assert (
            records(patient)[-2]["result"] == "not_agreed" or records(patient)[-1]["result"] == "not_agreed"
        )


async def test_report_waits_while_the_owner_cannot_be_reached_and_goes_later(
    make_house: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "corrections").write_text("in the way")
    async with make_house(gateway__corrections__retry_seconds="1") as house:
        answer = await opened(house)
        assert answer["state"] == "queued"
        assert [one["id"] for one in await found(house, state="queued")] == [answer["id"]]
        (tmp_path / "corrections").unlink()
        async with asyncio.timeout(15):
            while await found(house, state="queued"):
                await asyncio.sleep(0.2)
        [one] = await found(house, state="delivered")
        assert one["delivered_at"] > one["opened_at"]
    assert (tmp_path / "corrections" / "population" / f"{answer['id']}.json").exists()


async def test_command_lists_reports(tmp_path: Path) -> None:
    ports = {f"gateway.{name}.port": "0" for name in ("api", "admin", "sandbox")}
    state = tmp_path / "state"
    fresh.log_in(state)
    plan = Plan(root=ROOT, config=ROOT / "config", state=state, overrides=ports, with_sandbox=True)
    async with running(plan) as (_, content):
        write_ready(tmp_path / "ready.json", content)
        ready = ("--ready-file", str(tmp_path / "ready.json"))
        said = await asyncio.to_thread(
            typed.motlan, "corrections", "list", "--state", "queued", "--json", *ready
        )
    assert said.code == 0, said.err
    assert json.loads(said.out)["corrections"] == []
