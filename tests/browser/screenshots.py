"""The pictures of README, taken from the running product: `make screenshots`.

A house with the sandbox is opened, personas do what the pictures show, and each page is kept as a PNG under 300 KB.
"""

import asyncio
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.async_api import Browser, Page, async_playwright

from tests.flows.conftest import ROOT, House, build

FOLDER = ROOT / "gateway/console/pictures"
MOST_BYTES = 300_000
#: names of the accounts of the simulated providers, as they stand on their buttons
CITIZEN, AUDITOR, OPERATOR = "Trần Thị Mẫu", "Đỗ Thị Kiểm", "Bùi Văn Hành"
_WAIT_MS = 15_000

Step = Callable[[Page, House], Awaitable[None]]


async def _newest_exchange(page: Page, _house: House) -> None:
    """From the log to the story of its newest exchange about a procedure; the login of the auditor may be newer."""
    row = page.get_by_role("row").filter(has_text="Cấp giấy xác nhận tình trạng hôn nhân").first
    await row.locator("a[href^='/audit/exchanges/']").first.click()


async def _filled(page: Page, _house: House) -> None:
    """The person of the form is the one who signed in, and the sources have answered."""
    await page.get_by_label("Là ai").select_option(label="Cùng là: Người yêu cầu")
    await page.get_by_role("button", name="Tiếp tục").click()
    await page.get_by_role("status").filter(has_text="Đã điền sẵn").first.wait_for()


class Picture(NamedTuple):
    """One picture: `who` signs in first, `step` leads from the page to what is shown."""

    name: str
    path: str
    who: str = ""
    step: Step | None = None
    width: int = 1_200
    height: int = 900


PICTURES = (
    Picture("start", "/"),
    Picture("form", "/portal/procedures/1.004873/people", CITIZEN, _filled),
    Picture("exchange", "/audit", AUDITOR, _newest_exchange, height=1_100),
    Picture("citizen", "/me", CITIZEN),
    Picture("ops", "/ops", OPERATOR),
    Picture("docs", "/docs"),
    Picture("manual", "/manual"),
    Picture("kit", "/console/kit"),
)


async def _use(house: House) -> None:
    """Citizens and officials at work, so that logs and lists are not empty."""
    for trait in ("married", "single", "divorced", "child"):
        people = [one for one in house.personas if trait in one["traits"]]
        for person in people[:2]:
            subject = {key: person[key] for key in ("personal_id", "full_name", "birth_date")}
            body = {
                "procedure": "1.004873",
                "subjects": {"requester": subject, "person": {"same_as": "requester"}},
            }
            await house.post("/v1/prefill", body)


async def _take(browser: Browser, house: House, picture: Picture) -> str:
    """Take one picture; the answer says what came of it."""
    size = {"width": picture.width, "height": picture.height}
    profile = await browser.new_context(viewport=size, locale="vi-VN", reduced_motion="reduce")  # type: ignore[arg-type]
    page = await profile.new_page()
    page.set_default_timeout(_WAIT_MS)
    try:
        answer = await page.goto(house.url + picture.path)
        if answer is not None and answer.status == 404:
            return "left out: there is no such page"
        if picture.who:
            await _sign_in(page, picture)
        if picture.step is not None:
            await picture.step(page, house)
        await page.wait_for_load_state("networkidle")
        taken = await page.screenshot()
    finally:
        await profile.close()
    if len(taken) > MOST_BYTES:
        raise ValueError(f"{picture.name}: {len(taken):,} bytes; make its width or height smaller")
    (FOLDER / f"{picture.name}.png").write_bytes(taken)
    return f"{len(taken) // 1_000} KB"


async def _sign_in(page: Page, picture: Picture) -> None:
    """Choose the account at the simulated provider, and agree to what is asked, until the page is there."""
    buttons = page.get_by_role("button").filter(has_text=picture.who)
    if "/login/" in page.url and not await buttons.count():
        await page.locator("a.button").first.click()
    await buttons.first.click()
    await page.wait_for_url(re.compile(re.escape(picture.path)))


@asynccontextmanager
async def _opened() -> AsyncIterator[tuple[Browser, House]]:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("a browser is needed: install Debian's package chromium")
    with tempfile.TemporaryDirectory() as folder:
        async with build(Path(folder), {}) as house, async_playwright() as tool:
            browser = await tool.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            yield browser, house
            await browser.close()


async def main(names: list[str]) -> None:
    """Take all pictures, or those of these names."""
    FOLDER.mkdir(exist_ok=True)
    async with _opened() as (browser, house):
        await _use(house)
        for picture in PICTURES:
            if not names or picture.name in names:
                said = await _take(browser, house, picture)
                sys.stdout.write(f"{picture.name:<10}{said}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
