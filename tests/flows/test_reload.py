"""F33: a changed configuration is taken up as a whole or not at all, and no request notices but by its rules."""

import asyncio
import gc
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakSet

import aiohttp
import pytest

from gateway.prefill.gather import Gatherer
from gateway.prefill.service import Prefill
from gateway.serving.listeners import Gateway
from gateway.serving.server import ServeOptions, running
from tests import fresh, unhurried
from tests.flows.conftest import ROOT, House, new_official
from tests.flows.test_records import records

AGREEMENT = "config/agreements/portal.yaml"
PORTS = {f"gateway.{name}.port": "0" for name in ("api", "admin", "sandbox")}


@dataclass
class Changing:
    """A house whose files may be changed."""

    house: House
    gateway: Gateway
    root: Path

    def write(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    async def reloaded(self, file: str, old: str, new: str) -> dict[str, Any]:
        """Change a file, ask for a reload, and wait for what comes of it; how readiness tells it."""
        before = await self.configuration()
        self.write(file, old, new)
        self.gateway.asked.set()
        return await self.until(lambda told: told != before)

    async def until(self, good: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        for _ in range(200):
            if good(told := await self.configuration()):
                return told
            await asyncio.sleep(0.05)
        raise AssertionError(told)

    async def configuration(self) -> dict[str, Any]:
        async with self.house.session.get(f"{self.house.admin}/health/ready") as answer:
            assert answer.status == 200
            found: dict[str, Any] = (await answer.json())["dependencies"]["configuration"]
            return found

    def body(self, **more: Any) -> dict[str, Any]:
        subjects = {"requester": self.house.subject("facts_example"), "person": {"same_as": "requester"}}
        return {"procedure": "1.004873", "subjects": subjects, "official": new_official(), **more}


@asynccontextmanager
async def opened(folder: Path, **overrides: str) -> AsyncIterator[Changing]:
    for room in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / room, folder / room)
    state = folder / "state"
    fresh.log_in(state)
    plan = ServeOptions(
        root=folder,
        config=folder / "config",
        state=state,
        overrides={**unhurried.settings(), **PORTS, **overrides},
        with_sandbox=True,
    )
    async with running(plan) as (gateway, content), aiohttp.ClientSession() as session:
        described: dict[str, Any] = content
        house = House(
            described["gateway"], described["admin"], described["sandbox"]["control"], state, described["clients"],
            described["personas"], session,
        )  # fmt: skip
        yield Changing(house, gateway, folder)


@pytest.fixture
async def changing(tmp_path: Path) -> AsyncIterator[Changing]:
    async with opened(tmp_path) as made:
        yield made


def configurations(house: House) -> list[dict[str, Any]]:
    return [one for one in records(house) if one["phase"] == "configuration"]


async def test_changed_rule_decides_the_next_request_and_is_recorded_with_both_digests(
    changing: Changing,
) -> None:
    house = changing.house
    await house.prefill(**changing.body())
    opened_before = changing.gateway.app.sources if changing.gateway.app else {}
    told = await changing.reloaded(AGREEMENT, 'valid_until: "2027-12-31"', 'valid_until: "2026-01-31"')
    status, problem = await house.post("/v1/prefill", changing.body())
    assert (status, problem["code"], told["state"]) == (403, "agreement_over", "ready")
    first, second = configurations(house)
    assert (second["result"], second["notes"]["before"]) == ("reload", first["config"])
    assert second["config"] == told["digest"] != first["config"]
    changed = {name for name, one in first["notes"].items() if second["notes"][name] != one}
    assert changed == {"agreements"}
    assert records(house)[-1]["config"] == second["config"]
    # nothing about sources changed: they are the same, with their connections
    assert changing.gateway.app
    assert all(changing.gateway.app.sources[name] is one for name, one in opened_before.items())
    await changing.reloaded(AGREEMENT, 'valid_until: "2026-01-31"', 'valid_until: "2027-12-31"')
    await house.prefill(**changing.body())


@pytest.mark.parametrize(
    ("file", "old", "new", "where"),
    [
        (AGREEMENT, "purposes: [", "purposes: [curiosity, ", f"{AGREEMENT}:10"),
        (AGREEMENT, "document:", "documnt:", f"{AGREEMENT}:6"),
        ("config/gateway.yaml", "url: sqlite:///exchange.db", "url: sqlite:///another.db", "config/gateway.yaml:24"),
        ("config/sources/tax.yaml", "kind:", "knd:", "config/sources/tax.yaml"),
        ("mappings/procedures/1.004873.yaml", "transform: address_text", "transform: addres_text",
         "mappings/procedures/1.004873.yaml"),
    ],
)  # fmt: skip
async def test_broken_configuration_leaves_the_old_one_and_says_where(
    changing: Changing, file: str, old: str, new: str, where: str
) -> None:
    house, good = changing.house, await changing.configuration()
    told = await changing.reloaded(file, old, new)
    assert (told["state"], told["digest"]) == ("stale", good["digest"])
    assert any(one.startswith(where) for one in told["refused"]), told
    await house.prefill(**changing.body())
    assert len(configurations(house)) == 1
    async with house.session.get(f"{house.admin}/metrics") as answer:
        assert f"motlan_configuration_problems {float(len(told['refused']))}" in await answer.text()
    mended = await changing.reloaded(file, new, old)
    assert mended == good


async def test_request_under_way_keeps_the_configuration_that_it_began_with(changing: Changing) -> None:
    house = changing.house
    await house.misbehave("civil_status", "slow", seconds=6, times=1)
    asking = asyncio.create_task(house.prefill(**changing.body(deadline_ms=10_000)))
    while not (await house.calls()).get("civil_status.trichLuc"):
        await asyncio.sleep(0.02)
    # the source that is being waited for changes as well: the old one is not closed under whoever asked it
    changing.write("config/sources/civil_status.yaml", "provider:", 'limits: {connections: "7"}\nprovider:')
    await changing.reloaded(AGREEMENT, 'valid_until: "2027-12-31"', 'valid_until: "2027-12-30"')
    assert not asking.done()
    assert len(changing.gateway._apps) == 2
    answer = await asking
    assert answer["fields"]["nxnTinhTrangHonNhan"]["state"] == "filled"
    before, after = (one["config"] for one in configurations(house))
    assert [one["config"] for one in records(house) if one["exchange"] == answer["exchange_id"]] == [
        before,
        before,
    ]
    newest = await house.prefill(**changing.body())
    assert {one["config"] for one in records(house) if one["exchange"] == newest["exchange_id"]} == {after}
    async with asyncio.timeout(30):
        while list(changing.gateway._apps) != [changing.gateway.app]:
            await asyncio.sleep(0.05)


async def test_what_is_late_of_the_old_configuration_is_fetched_from_the_new_one(changing: Changing) -> None:
    house = changing.house
    await house.misbehave("civil_status", "slow", seconds=3.5)
    late = await house.prefill(**changing.body(deadline_ms=200))
    changing.write("config/sources/civil_status.yaml", "provider:", 'limits: {connections: "7"}\nprovider:')
    await changing.reloaded(AGREEMENT, 'valid_until: "2027-12-31"', 'valid_until: "2027-12-30"')
    rest = late
    for _ in range(4):
        status, rest = await house.post("/v1/prefill/resume", {"pending": late["pending"]})
        assert status == 200
    assert rest["fields"]["nxnTinhTrangHonNhan"]["state"] == "filled"
    before, _ = (one["config"] for one in configurations(house))
    assert {one["config"] for one in records(house) if one["exchange"] == late["exchange_id"]} == {before}


async def test_changed_source_is_opened_anew_and_the_others_go_on(changing: Changing) -> None:
    assert changing.gateway.app
    sources = changing.gateway.app.sources
    before = dict(sources.items())
    await changing.reloaded("config/sources/tax.yaml", "provider:", 'limits: {connections: "7"}\nprovider:')
    after = changing.gateway.app.sources
    assert {name for name, one in after.items() if before[name] is not one} == {"tax"}
    await changing.house.prefill(**changing.body())


async def test_editions_of_the_past_leave_the_memory_with_the_evidence_that_they_kept(
    changing: Changing,
) -> None:
    """Also where the collector does not run by itself, as it seldom does in a process that serves."""
    mapping, editions = "mappings/procedures/1.004873.yaml", WeakSet[Prefill]()
    kept = WeakSet[Gatherer]()
    gc.disable()
    try:
        for number in range(6):
            await changing.house.prefill(**changing.body())
            old, new = (
                f"\nname: marital_status_confirmation{' #' * count}\n" for count in (number, number + 1)
            )
            await changing.reloaded(mapping, old, new)
            while len(changing.gateway._apps) > 1:
                await asyncio.sleep(0.05)
            assert changing.gateway.app
            edition = changing.gateway.app.prefill
            editions.add(edition)
            kept.add(edition.gatherer)
            del edition
        # the newest, and one that may be on its way out
        assert 0 < len(editions) <= 2
        assert 0 < len(kept) <= 2
    finally:
        gc.enable()


async def test_changed_file_is_seen_where_it_is_looked_for(tmp_path: Path) -> None:
    async with opened(tmp_path, **{"gateway.reload.every_seconds": "0.2"}) as changing:
        good = await changing.configuration()
        changing.write(AGREEMENT, 'valid_until: "2027-12-31"', 'valid_until: "2027-12-30"')
        told = await changing.until(lambda one: one != good)
        assert told["state"] == "ready"


async def test_no_request_fails_while_the_configuration_changes_again_and_again(changing: Changing) -> None:
    house, stop = changing.house, asyncio.Event()
    headers = {"Authorization": f"Bearer {await house.token()}"}
    answered: Counter[int] = Counter()

    async def ask() -> None:
        while not stop.is_set():
            async with house.session.post(
                f"{house.url}/v1/prefill", json=changing.body(), headers=headers
            ) as answer:
                await answer.read()
                answered[answer.status] += 1

    asking = [asyncio.create_task(ask()) for _ in range(4)]
    for number in range(6):
        days = ['"2027-12-31"', '"2027-12-30"']
        await changing.reloaded(AGREEMENT, days[number % 2], days[1 - number % 2])
    stop.set()
    await asyncio.gather(*asking)
    assert set(answered) == {200}, answered
    assert answered[200] > 20
    assert len(configurations(house)) == 7


@pytest.mark.slow
async def test_every_worker_takes_up_the_new_configuration_at_sighup(tmp_path: Path) -> None:
    for room in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / room, tmp_path / room)
    ready = tmp_path / "ready.json"
    command = [
        sys.executable, "-m", "gateway", "serve", "--config", str(tmp_path / "config"),
        "--dir", str(tmp_path / "state"), "--port", "0", "--workers", "2", "--ready-file", str(ready), "--quiet",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)  # noqa: S603, ASYNC220 -- ours
    try:
        await _until(ready.exists)
        content = json.loads(ready.read_text("utf-8"))
        seen: list[int] = []
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
            house = House(content["gateway"], "", "", tmp_path / "state", content["clients"], [], session)
            token = await house.token()
            file = tmp_path / AGREEMENT
            stop = asyncio.Event()

            async def ask() -> None:
                body = {"procedure": "1.004873", "subjects": {}}
                while not stop.is_set():
                    headers = {"Authorization": f"Bearer {token}"}
                    async with session.post(f"{house.url}/v1/prefill", json=body, headers=headers) as answer:
                        seen.append(answer.status)

            asking = [asyncio.create_task(ask()) for _ in range(4)]
            for day in ("2027-12-30", "2027-12-29"):
                before = len(configurations(house))
                text = re.sub("valid_until: .*", f'valid_until: "{day}"', file.read_text("utf-8"))
                file.write_text(text, "utf-8")
                os.kill(process.pid, signal.SIGHUP)
                await _until(lambda before=before: len(configurations(house)) == before + 2)
            stop.set()
            await asyncio.gather(*asking)
        # the roles are missing: refused in the same way by every edition
        assert set(seen) == {422}
        reloads = [one for one in configurations(house) if one["result"] == "reload"]
        assert len({one["config"] for one in reloads}) == 2
        assert Counter(one["config"] for one in reloads) == dict.fromkeys(
            {one["config"] for one in reloads}, 2
        )
    finally:
        process.terminate()
        assert process.wait(30) == 0


async def _until(good: Callable[..., Any], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not good():
        assert time.monotonic() < end
        await asyncio.sleep(0.1)
