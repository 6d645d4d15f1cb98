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
        # the inbox has no links: who pulls makes them
        (item,) = await street.inbox(dossier)
        assert not item["message"]["dossier"]["papers"][0].get("url")


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
