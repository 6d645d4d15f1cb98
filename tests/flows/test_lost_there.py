"""What the simulated national portal lost, or never took, arrives there all the same, over real HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.flows.conftest import House, build
from tests.flows.test_dossiers import at_portal, delivered, dossier, posted, progressed, step

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
