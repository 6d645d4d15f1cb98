"""A report of a wrong value goes to the owner of the database through the outbox; his confirmation is its state."""

import asyncio
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.flows.conftest import build, changed
from tests.flows.test_corrections import found, opened, report, sent, shown

HOOK = "config/portals/one_gate_hook.yaml"


async def test_report_is_sent_to_the_owner_and_received_when_he_confirms_it(tmp_path: Path) -> None:
    got: list[Any] = []
    answers = iter([503, 200])

    async def take(request: web.Request) -> web.Response:
        got.append((await request.json(), request.headers.get("Idempotency-Key", "")))
        return web.Response(status=next(answers, 200))

    owner = web.Application()
    owner.router.add_post("/webhook", take)
    async with TestServer(owner) as server:
        address = str(server.make_url("")).rstrip("/")
        root = changed(
            tmp_path / "project", HOOK, ("takes: []", "takes: [correction]\nsources: [population]"),
            ("url: http://127.0.0.1:8090/one_gate", f"url: {address}"),
        )  # fmt: skip
        async with build(tmp_path / "state", {}, root) as house:
            answer = await opened(house)
            async with asyncio.timeout(20):
                while (await found(house))[0]["state"] != "received":
                    await asyncio.sleep(0.1)
    assert len(got) == 2
    assert got[0] == got[1]
    assert answer["id"] in str(got[0])


async def test_same_report_at_the_same_moment_is_sent_to_the_owner_once(tmp_path: Path) -> None:
    got: list[str] = []

    async def take(request: web.Request) -> web.Response:
        got.append((await request.json())["delivery"])
        return web.Response()

    owner = web.Application()
    owner.router.add_post("/webhook", take)
    async with TestServer(owner) as server:
        address = str(server.make_url("")).rstrip("/")
        root = changed(
            tmp_path / "project", HOOK, ("takes: []", "takes: [correction]\nsources: [population]"),
            ("url: http://127.0.0.1:8090/one_gate", f"url: {address}"),
        )  # fmt: skip
        async with build(tmp_path / "state", {}, root) as house:
            body = report(house, await shown(house))
            answers = await asyncio.gather(*(sent(house, body) for _ in range(4)))
            assert [status for status, _ in answers] == [200] * 4
            assert len({answer["id"] for _, answer in answers}) == 1
            async with asyncio.timeout(20):
                while (await found(house))[0]["state"] != "received":
                    await asyncio.sleep(0.1)
            await asyncio.sleep(0.5)  # a second one would be on its way already
    assert len(got) == 1
