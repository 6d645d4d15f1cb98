"""A real browser (Debian's Chromium, driven by Playwright) at a running gateway with its sandbox.

Screenshots of each test, and of the pages of one that failed, are kept in `MOTLAN_SCREENSHOTS` (CI keeps the folder),
else in the test's own folder.
"""

import contextlib
import os
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect
from playwright.async_api import Error as PlaywrightError

from tests.flows.conftest import House, build

CHROMIUM = shutil.which("chromium")
NEEDS_BROWSER = pytest.mark.skipif(
    CHROMIUM is None, reason="needs a browser: install Debian's package chromium"
)

# A busy machine draws late: playwright's five seconds say nothing about the page (speed is measured in `make bench`).
expect.set_options(timeout=20_000)

Shot = Callable[[Page | Locator, str], Awaitable[None]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests; each has a profile of its own."""
    async with async_playwright() as tool:
        opened = await tool.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        await opened.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def login_house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house whose sources and identity providers are patient."""
    async with build(tmp_path_factory.mktemp("browser"), {}) as made:
        yield made


_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember of a test that it failed, for the pictures of its pages."""
    report: Any = yield
    item.stash[_FAILED] = report.failed
    return report  # type: ignore[no-any-return]


@pytest_asyncio.fixture(loop_scope="session")
async def profile(
    browser: Browser, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[BrowserContext]:
    """A fresh profile: no cookies, no history. A fault of its policy or its script fails the test."""
    opened = await browser.new_context(viewport={"width": 900, "height": 800}, locale="vi-VN")
    refused: list[str] = []

    def hear(page: Page) -> None:
        page.on(
            "console", lambda said: refused.append(said.text) if "Content Security" in said.text else None
        )
        page.on("pageerror", lambda error: refused.append(f"script error: {error}"))

    opened.on("page", hear)
    yield opened
    if request.node.stash.get(_FAILED, False):
        for place, page in enumerate(opened.pages):
            with contextlib.suppress(PlaywrightError):
                await page.screenshot(path=_file(request, tmp_path, f"failed-{place}"))
    await opened.close()
    assert refused == []


def _file(request: pytest.FixtureRequest, own: Path, name: str) -> Path:
    """Where a picture of this test is kept."""
    folder = Path(os.environ.get("MOTLAN_SCREENSHOTS", own))
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{re.sub('[^A-Za-z0-9_-]+', '-', request.node.name)}-{name}.png"


@pytest.fixture
def shot(tmp_path: Path, request: pytest.FixtureRequest) -> Shot:
    """Keeps a picture of a page, or of a part of it."""

    async def keep(shown: Page | Locator, name: str) -> None:
        path = _file(request, tmp_path, name)
        if isinstance(shown, Page):
            await shown.screenshot(path=path, full_page=True)
        else:
            await shown.screenshot(path=path)

    return keep
