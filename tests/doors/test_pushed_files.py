"""What a portal forwards is pushed with links under which the provincial system fetches the files."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.doors.conftest import Street
from tests.doors.messages import PDF, application, b64, code, envelope, notice_xml
from tests.flows.conftest import build


@asynccontextmanager
async def pushed_to(tmp_path: Path, **more: str) -> AsyncIterator[tuple[Street, list[dict[str, Any]]]]:
    """A gateway that pushes to a provincial system, and what that was sent."""
    got: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        got.append(await request.json())
        return web.Response(status=204)

    system = web.Application(client_max_size=10_000_000)
    system.router.add_post("/webhook", take)
    async with TestServer(system) as server:
        settings = {
            "portals.national_bus.door.pushes_to": "one_gate_hook",
            "portals.one_gate_hook.url": str(server.make_url("")).rstrip("/"),
            **more,
        }
        async with build(tmp_path, settings) as house:
            yield Street(house), got


async def pushed(got: list[dict[str, Any]], dossier: str, kind: str, member: str) -> dict[str, Any]:
    """The part of the first item of this kind, when it was pushed and has the file of its paper."""
    async with asyncio.timeout(30):
        while True:
            for one in got:
                if (one["code"], one["kind"]) == (dossier, kind) and one["message"][member]["papers"][0].get(
                    "file"
                ):
                    return dict(one["message"][member])
            await asyncio.sleep(0.05)


async def test_files_of_a_forwarded_dossier_are_pushed_as_links(tmp_path: Path) -> None:
    async with pushed_to(tmp_path) as (street, got):
        dossier = code()
        assert (await street.sent("nhanhsdvcqg", envelope(application(dossier))))[0] == 0
        (paper,) = (await pushed(got, dossier, "dossier", "dossier"))["papers"]
        assert paper["url"].startswith(f"{street.house.url}/files/")
        async with street.house.session.get(paper["url"]) as answer:
            assert (answer.status, await answer.read()) == (200, PDF)
            assert "giay.pdf" in answer.headers["Content-Disposition"]
        (record,) = street.records("file_read")
        assert (record["requester"], record["dossier"]) == ("one_gate_hook", dossier)


async def until_delivered(street: Street, dossier: str) -> list[dict[str, Any]]:
    """The deliveries of a dossier when its push was delivered."""
    async with asyncio.timeout(30):
        while True:
            found: list[dict[str, Any]] = (await street.get(f"/v1/deliveries?dossier={dossier}"))[
                "deliveries"
            ]
            if [one["state"] for one in found if one["target"] == "one_gate_hook"] == ["delivered"]:
                return found
            await asyncio.sleep(0.05)


async def test_item_that_was_pushed_is_acknowledged_and_its_dossier_is_erased_in_time(tmp_path: Path) -> None:
    dossier = code()
    async with pushed_to(tmp_path) as (street, _):
        assert (await street.sent("nhanhsdvcqg", envelope(application(dossier))))[0] == 0
        found = await until_delivered(street, dossier)
        (item,) = [one for one in found if one["target"] == "inbox:one_gate"]
        assert item["state"] == "delivered"
        assert await street.inbox(dossier) == []
        history = (await street.get(f"/v1/deliveries/{item['id']}"))["history"]
        assert [one["what"] for one in history] == ["queued", "acknowledged"]
    await asyncio.sleep(1)
    async with pushed_to(tmp_path, **{"gateway.relay.erase_days": "0.00001"}) as (street, _):
        async with asyncio.timeout(30):
            while (await street.get(f"/v1/dossiers/{dossier}"))["dossier"] is not None:
                await asyncio.sleep(0.1)


async def test_push_to_another_address_acknowledges_nothing(tmp_path: Path) -> None:
    """And the inbox has no links to files: the system that pulls makes them."""
    for requester in ("", "portal"):
        async with pushed_to(tmp_path, **{"portals.one_gate_hook.requester": requester}) as (street, got):
            dossier = code()
            assert (await street.sent("nhanhsdvcqg", envelope(application(dossier))))[0] == 0
            await until_delivered(street, dossier)
            (item,) = await street.inbox(dossier)
            assert not item["message"]["dossier"]["papers"][0].get("url")
            assert (item["version"], item["procedure"]) == (1, application(dossier)["MaTTHC"])
            own = ("seq", "delivery", "message")
            for one in own:
                del item[one], got[0][one]
            assert item == got[0]


async def test_push_acknowledges_its_own_change_only(tmp_path: Path) -> None:
    """An item from before the system was pushed to stays in its inbox until it is pulled."""
    dossier = code()
    async with build(tmp_path, {}) as house:
        assert (await Street(house).sent("nhanhsdvcqg", envelope(application(dossier))))[0] == 0
    async with pushed_to(tmp_path) as (street, _):
        words = application(dossier)
        words["ChuHoSo"] = "Lê Thị Khác"
        assert (await street.sent("nhanhsdvcqg", envelope(words, updating=True)))[0] == 0
        await until_delivered(street, dossier)
        (item,) = await street.inbox(dossier)
        assert item["version"] == 1


async def test_file_of_a_notice_is_pushed_as_a_link(tmp_path: Path) -> None:
    async with pushed_to(tmp_path) as (street, got):
        dossier = code()
        words = notice_xml(dossier)
        data = {"FileThongBaoThue": b64(words)}
        assert (await street.sent("nhantbthuedvcqg", envelope(data, "NhanThongBaoThueDat")))[0] == 0
        (paper,) = (await pushed(got, dossier, "notice", "part"))["papers"]
        async with street.house.session.get(paper["url"]) as answer:
            assert (answer.status, await answer.read()) == (200, words)


async def test_link_of_a_push_takes_the_place_of_the_portals_address(tmp_path: Path) -> None:
    """The portal names a file by its address: it is fetched, and then the dossier is pushed with it."""
    content = PDF + b"% another file\n"

    async def give(_request: web.Request) -> web.Response:
        return web.Response(body=content, content_type="application/pdf")

    portal = web.Application()
    portal.router.add_get("/giay.pdf", give)
    async with TestServer(portal) as server:
        origin = str(server.make_url("")).rstrip("/")
        more = {"portals.national_bus.door.fetch_from": origin}
        async with pushed_to(tmp_path, **more) as (street, got):
            dossier = code()
            words = application(dossier)
            given = words["ThanhPhanHoSo"][0]["GiayToDinhKem"][0]
            del given["Base64"]
            given["DuongDan"] = f"{origin}/giay.pdf"
            assert (await street.sent("nhanhsdvcqg", envelope(words)))[0] == 0
            (paper,) = (await pushed(got, dossier, "dossier", "dossier"))["papers"]
            assert paper["url"].startswith(f"{street.house.url}/files/")
            async with street.house.session.get(paper["url"]) as answer:
                assert await answer.read() == content
