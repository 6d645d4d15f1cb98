"""What the simulated national portal lost, or never took, arrives there all the same, over real HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.flows.conftest import House, build
from tests.flows.test_dossiers import at_portal, delivered, dossier, posted, progressed, shown, step
from tests.flows.test_reconcile import asked, control, differences, reconciled
from tests.flows.test_records import records
from tests.stores.opened import open_relay

BUS = "national_bus"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with build(tmp_path, {"gateway.relay.reconcile.per_second": "1000"}) as made:
        yield made


async def test_step_that_the_portal_never_took_is_not_taken_for_another_of_the_same_second(
    house: House,
) -> None:
    body = dossier()
    await posted(house, body)
    await progressed(house, step(body["code"]))
    await delivered(house, body["code"], 2)
    await house.misbehave(BUS, "fault200", operation="CapNhatTienDoHoSoMC", times=1)
    other = step(body["code"], official="Phạm Thị Giả Định", content="Đã chuyển phòng chuyên môn")
    await progressed(house, other)
    found = await delivered(house, body["code"], 3)
    assert max(one["attempts"] for one in found) == 2, "the first attempt had no confirmation"
    row = await at_portal(house, body["code"])
    assert (len(row["progress"]), row["progress_doubled"]) == (2, 0)


async def test_dossier_that_the_portal_lost_goes_before_its_step_once_and_without_an_operator(
    house: House,
) -> None:
    body = dossier()
    code = body["code"]
    await posted(house, body)
    await delivered(house, code)
    await control(house, "forget", code=code)
    await progressed(house, step(code))
    found = await delivered(house, code, 3)
    assert [(one["kind"], one["state"]) for one in found if one["target"] == BUS] == [
        ("dossier", "delivered"), ("progress", "delivered"), ("dossier", "delivered"),
    ]  # fmt: skip
    row = await at_portal(house, code)
    assert (row["creates"], row["updates"], row["status"], len(row["progress"])) == (1, 0, "4", 1)
    [mended] = [one for one in records(house) if one["result"] == "dossier_mended"]
    [waited] = [one for one in found if one["kind"] == "progress"]
    assert (mended["dossier"], mended["phase"]) == (code, "delivery")
    assert (mended["notes"]["class"], mended["notes"]["delivery"]) == ("missing_there", waited["id"])


async def test_portal_that_keeps_no_dossier_gets_it_once_until_somebody_asks_again(house: House) -> None:
    body = dossier()
    code = body["code"]
    await posted(house, body)
    await delivered(house, code)
    await control(house, "forget", code=code)
    await house.misbehave(BUS, "forgetful", operation="DongBoHoSoMC", times=1)
    await progressed(house, step(code))
    async with asyncio.timeout(30):
        while True:
            found = (await asked(house, f"/v1/deliveries?dossier={code}"))["deliveries"]
            [waits] = [one for one in found if one["kind"] == "progress"]
            if waits["attempts"] >= 3:
                break
            await asyncio.sleep(0.05)
    assert [one["kind"] for one in found].count("dossier") == 2
    remedy = ""
    async with asyncio.timeout(30):  # at times it is being sent
        while not remedy.startswith("Nothing to do: the dossier goes first, then this step."):
            remedy = (await asked(house, f"/v1/deliveries/{waits['id']}"))["remedy"]["en"]
    run = await reconciled(house, apply=True)
    assert differences(run) == {code: ("missing_there", "send", True)}
    await delivered(house, code, 4)
    row = await at_portal(house, code)
    assert (row["creates"], len(row["progress"])) == (1, 1)


async def test_erased_dossier_behind_at_the_portal_is_to_be_posted_again(house: House) -> None:
    body = dossier()
    code = body["code"]
    await posted(house, body)
    await progressed(house, step(code))
    await delivered(house, code, 2)
    await control(house, "drift", code=code, status="2")
    rows = open_relay("sqlite:///exchange.db", house.state)
    assert await rows.erase(time.time(), time.time())
    await rows.close()
    assert (await shown(house, code))["dossier"] is None
    run = await reconciled(house, apply=True)
    assert differences(run) == {code: ("status_behind_there", "post_again", False)}
    await posted(house, body)
    await delivered(house, code, 3)
    assert (await at_portal(house, code))["status"] == "4"


async def test_step_whose_answer_was_lost_stands_there_once(house: House) -> None:
    body = dossier()
    await posted(house, body)
    await progressed(house, step(body["code"]))
    await delivered(house, body["code"], 2)
    await house.misbehave(BUS, "drop_after_commit", operation="CapNhatTienDoHoSoMC", times=1)
    await progressed(house, step(body["code"], content="Đã chuyển phòng chuyên môn"))
    await delivered(house, body["code"], 3)
    row = await at_portal(house, body["code"])
    assert (len(row["progress"]), row["progress_doubled"]) == (2, 0)


async def test_dossier_received_by_a_step_is_sent_again_with_the_day_of_that_step(house: House) -> None:
    body = dossier(status="submitted", received_at=None)
    code = body["code"]
    await posted(house, body)
    await progressed(house, step(code, "accepted", "2026-01-05T02:00:00Z"))
    await progressed(house, step(code, "processed", "2026-01-07T02:00:00Z"))
    await delivered(house, code, 3)
    await control(house, "forget", code=code)
    await reconciled(house, apply=True)
    await delivered(house, code, 5)
    assert (await at_portal(house, code))["status"] == "9"
    wanted = {"code": code, "operation": "DongBoHoSoMC"}
    async with house.session.get(f"{house.control}/portal/messages", params=wanted) as response:
        newest = (await response.json())["messages"][0]
    assert "20260105090000" in str(newest), "the day of reception"


async def test_message_that_cannot_be_written_is_not_said_to_be_refused_by_its_receiver(house: House) -> None:
    body = dossier(status="submitted", received_at=None)
    code = body["code"]
    await posted(house, body)
    await progressed(house, step(code))  # nobody says when it was received, and the portal wants to know
    await delivered(house, code, 2)
    await control(house, "forget", code=code)
    await reconciled(house, apply=True)
    async with asyncio.timeout(30):
        while not (ended := [one for one in records(house) if one["result"] == "delivery_not_sent"]):
            await asyncio.sleep(0.05)
    assert [call["outcome"] for call in ended[0]["calls"]] == ["skipped"]
    assert (ended[0]["notes"]["state"], ended[0]["notes"]["reason"]) == ("dead", "message_not_writable")
    assert [one for one in records(house) if one["result"] == "delivery_refused"] == []
