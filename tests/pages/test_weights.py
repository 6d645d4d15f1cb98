"""What a first visit of each page brings over the line: 150 KB at most, fonts apart, as a browser asks for it."""

import asyncio
import re
from collections.abc import AsyncIterator
from urllib.parse import urljoin

import pytest
import pytest_asyncio

from gateway.pages.doors import PAGES
from gateway.pages.frame import PageRole
from tests.login.browser import Browser, Town
from tests.pages.portal import BIRTH, SPOUSE, begun
from tests.pages.trial import HTML, entered, twin

pytestmark = pytest.mark.asyncio(loop_scope="session")

MOST_BYTES = 150_000
#: what a page holds back until a person asks for it: swagger-ui
_HELD_BACK = re.compile("<template.*?</template>", re.DOTALL)
_ACCOUNTS = {
    PageRole.CITIZEN: ("/me", "mau"), PageRole.AUDITOR: ("/audit", "kiem.toan"),
    PageRole.OPERATOR: ("/ops", "van.hanh"),
}  # fmt: skip
#: what a page loads: scripts, styles, pictures; a picture that waits until it is near is not of the first visit
_LOADED = re.compile(r'<(?:script|link|img|use)\b(?![^>]*loading="lazy")[^>]*?(?:src|href)="([^"#]+)')


async def bytes_of(browser: Browser, path: str) -> int:
    """Of a page and all that it loads, compressed where the gateway compresses."""
    url = urljoin(browser.house.url, path)
    headers = {"Accept": HTML, "Accept-Encoding": "gzip"}
    async with browser.session.get(url, headers=headers, allow_redirects=False) as answer:
        assert answer.status == 200, path
        text = await answer.text()
        total = int(answer.headers["Content-Length"])
    for one in dict.fromkeys(_LOADED.findall(_HELD_BACK.sub("", text))):
        if one.endswith(".woff2") or not one.startswith("/"):
            continue
        async with browser.session.get(urljoin(url, one), headers={"Accept-Encoding": "gzip"}) as answer:
            assert answer.status == 200, one
            total += int(answer.headers["Content-Length"])
    return total


@pytest_asyncio.fixture(loop_scope="session")
async def anybody(at: Town) -> AsyncIterator[dict[PageRole, Browser]]:
    """A browser for each role."""
    async with Browser(at) as citizen, Browser(at) as auditor, Browser(at) as operator:
        browsers = {
            PageRole.CITIZEN: citizen, PageRole.AUDITOR: auditor, PageRole.OPERATOR: operator,
            PageRole.ANYBODY: citizen,
        }  # fmt: skip
        for role, (door, account) in _ACCOUNTS.items():
            await entered(browsers[role], door, account)
        yield browsers


async def test_first_visit_of_every_door_is_light(anybody: dict[PageRole, Browser], at: Town) -> None:
    async with Browser(at) as browser:
        people = {"mother.who": "same:requester", **SPOUSE, "father.birth_date": "04/07/1985"}
        citizen = await begun(browser, code=BIRTH, **people)
        asked = {(await citizen.filled())["exchange_id"] for _ in range(40)}  # each of five sources
        uses: list[dict[str, object]] = []
        async with asyncio.timeout(60):  # until all have their places in the log
            while not uses or uses[0]["state"] == "open" or not {one["exchange_id"] for one in uses} <= asked:
                await asyncio.sleep(0.2)
                uses = (await twin(browser, "/me"))["uses"]
    paths = {one.path: one.role for one in PAGES if one.nav or one.path.count("/") == 1}
    assert {"/", "/portal", "/me", "/audit", "/ops", "/manual", "/audit/reports", "/ops/sources"} <= set(
        paths
    )
    sizes = {path: await bytes_of(anybody[role], path) for path, role in paths.items() if role in anybody}
    assert {path: size for path, size in sizes.items() if size > MOST_BYTES} == {}
    assert min(sizes.values()) > 10_000, "assets are not counted"
