"""What arrived at the simulated portal, word for word."""

import contextlib
import json
from typing import Any

import aiohttp

from tests.sandbox.conftest import Client
from tests.sandbox.test_national_bus import Bus, bus, log_in

__all__ = ["bus"]


async def messages(client: Client, **wanted: Any) -> list[dict[str, Any]]:
    async with client.get("/__sandbox/portal/messages", params=wanted) as answer:
        assert answer.status == 200
        found: list[dict[str, Any]] = (await answer.json())["messages"]
        return found


async def test_message_is_shown_as_it_arrived(bus: Bus) -> None:
    body = f'{{"session":"{bus.session}" , "madonvi":"000.00.00.H31","service":"TraCuuHoSo","mahoso":"H31-QG-7"}}'
    headers = {"dstcode": "VN:GOV:000.00.00.G22:vpcpdvcprovider", "X-Portal-Secret": "s", "Charset": "utf-8"}
    async with bus.client.post("/national_bus/mapi/g", data=body.encode(), headers=headers) as answer:
        assert answer.status == 200
    [one] = await messages(bus.client, code="H31-QG-7")
    assert one["body"] == body
    assert (one["receiver"], one["operation"], one["method"]) == ("national_bus", "TraCuuHoSo", "POST")
    assert one["headers"]["charset"] == "utf-8"
    assert "x-portal-secret" not in one["headers"]


async def test_message_is_found_by_the_whole_code_only(bus: Bus) -> None:
    await bus.create(MaHoSo="H31.14-260105-00071")
    assert not await messages(bus.client, code="H31.14-260105-0007")
    assert len(await messages(bus.client, code="H31.14-260105-00071")) == 1
    await bus("TraCuuHoSo", mahoso="H31.14-260105-00071")
    assert len(await messages(bus.client, code="H31.14-260105-00071")) == 2
    [pushed] = await messages(bus.client, code="H31.14-260105-00071", operation="DongBoHoSoMC")
    assert pushed["operation"] == "DongBoHoSoMC"


async def test_message_that_is_refused_or_lost_is_shown_too(bus: Bus, misbehave: Any) -> None:
    await bus.create(TenTTHC="")
    await misbehave("national_bus", "reset", times=1)
    with contextlib.suppress(aiohttp.ClientError):
        await bus("TraCuuHoSo", mahoso="H31-QG-8")
    assert [one["operation"] for one in await messages(bus.client)] == ["TraCuuHoSo", "DongBoHoSoMC"]


async def test_newest_two_hundred_are_kept_and_long_ones_cut(bus: Bus) -> None:
    for number in range(210):
        await bus("TraCuuHoSo", mahoso=f"H31-QG-{number}")
    found = await messages(bus.client, count=200)
    assert len(found) == 200
    assert json.loads(found[0]["body"])["mahoso"] == "H31-QG-209"
    await bus("TraCuuHoSo", mahoso="H" * 300_000)
    [longest] = await messages(bus.client, count=1)
    assert len(longest["body"]) == 100_000
    assert longest["size"] > 300_000


async def test_logins_are_never_shown_and_a_reset_forgets(bus: Bus) -> None:
    await log_in(bus.client)
    await bus.create()
    assert [one["operation"] for one in await messages(bus.client)] == ["DongBoHoSoMC"]
    async with bus.client.post("/__sandbox/reset"):
        pass
    assert not await messages(bus.client)


async def test_unknown_receiver_is_said(sandbox: Client) -> None:
    async with sandbox.get("/__sandbox/portal/messages", params={"receiver": "nobody"}) as answer:
        assert answer.status == 400
        assert "national_bus" in (await answer.json())["error"]
