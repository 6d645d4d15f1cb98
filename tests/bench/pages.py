"""Every page in a real browser, with a cold cache: when its first content is painted, and what travels.

    python -m tests.bench.pages [--rounds 3] [--only /audit]

The gateway and its sandbox are a process of their own, at loopback; each page has a Chromium of its own, and is opened
in a fresh profile that holds nothing but the session. Figures are medians, and the best beside them: on a busy machine
it says more of a page. Fonts are counted apart. It fails where a page is over a bound.
"""

import argparse
import asyncio
import os
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
from playwright.async_api import Browser, Page, StorageState, async_playwright

from gateway.pages.doors import PAGES
from gateway.pages.frame import STAFF_ROLES, PageRole
from tests.bench.streams import served
from tests.browser.screenshots import AUDITOR, CITIZEN, OPERATOR
from tests.flows.conftest import House
from tests.flows.test_dossiers import call, dossier, posted
from tests.flows.test_own_data import consented

#: first contentful paint, and bytes that travel without fonts
MOST_MS, MOST_BYTES = 300, 150_000
#: before each visit: the processes of the profile before end, and those of this one start
_REST_SECONDS = 0.5
#: no pages of HTML: files and streams
_NOT_HTML = re.compile(r"events$|\.csv$|/csv$|/newest$|\.jwt$|/file$|^/portal/forms/")
_NAMES = {
    PageRole.CITIZEN: CITIZEN, PageRole.AUDITOR: AUDITOR, PageRole.OPERATOR: OPERATOR,
    PageRole.ADMINISTRATOR: OPERATOR,
}  # fmt: skip
_PROCEDURE = "1.004873"
#: what a page asks for in its address
_QUERIES = {
    "/ops/sources/mute": "?source=population", "/ops/sources/try": "?source=population",
    "/ops/reconciliation/mend": "?portal=national_bus",
    "/ops/configuration/changes": "?before={digest}&after={digest}",
}  # fmt: skip
_PAINTED = """() => new Promise((done) => {
  const seen = () => performance.getEntriesByName("first-contentful-paint")[0];
  const told = () => done(seen().startTime);
  if (seen()) return told();
  const observer = new PerformanceObserver(() => seen() && told());
  observer.observe({ type: "paint", buffered: true });
})"""
_TRAVELLED = """() => ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
  .map((one) => [one.name, one.transferSize])"""


class Visited(NamedTuple):
    """A page, opened once."""

    milliseconds: float
    bytes: int
    fonts: int


def pages_of(things: Mapping[str, str]) -> list[tuple[str, PageRole]]:
    """The address of each page, and who opens it; `things`: what stands in an address, by the name of its place."""
    found = []
    for one in PAGES:
        if one.method != "GET" or _NOT_HTML.search(one.path):
            continue
        path = one.path.replace("/dossiers/{code}", "/dossiers/{dossier}") + _QUERIES.get(one.path, "")
        found.append((path.format(**things), one.role))
    return found


async def signed_in(browser: Browser, url: str, role: PageRole) -> StorageState | None:
    """The cookies of somebody of a role."""
    if role is PageRole.ANYBODY:
        return None
    door = {PageRole.CITIZEN: "/me", PageRole.AUDITOR: "/audit"}.get(role, "/ops")
    profile = await browser.new_context(locale="vi-VN")
    page = await profile.new_page()
    await page.goto(url + door)
    buttons = page.get_by_role("button").filter(has_text=_NAMES[role])
    if role not in STAFF_ROLES and not await buttons.count():
        await page.locator("a.button").first.click()
    await buttons.first.click()
    await page.wait_for_url(url + door)
    if role is PageRole.CITIZEN:  # the page of a form asks who the people are
        await page.goto(f"{url}/portal/procedures/{_PROCEDURE}/people")
        await page.get_by_label("Là ai").select_option(label="Cùng là: Người yêu cầu")
        await page.get_by_role("button", name="Tiếp tục").click()
        await page.wait_for_url("**/form")
    kept = await profile.storage_state()
    await profile.close()
    return kept


async def visited(browser: Browser, url: str, session: StorageState | None) -> Visited | None:
    """A page opened in a fresh profile; None where it is not there for this person."""
    profile = await browser.new_context(
        locale="vi-VN", viewport={"width": 1_200, "height": 900}, storage_state=session
    )
    try:
        page = await profile.new_page()
        await asyncio.sleep(_REST_SECONDS)
        answer = await page.goto(url)
        if answer is None or answer.status != 200 or page.url != url:
            return None
        return await _figures(page)
    finally:
        await profile.close()


async def _figures(page: Page) -> Visited:
    painted: float = await page.evaluate(_PAINTED)
    await page.wait_for_load_state("load")
    travelled: Sequence[Any] = await page.evaluate(_TRAVELLED)
    fonts = sum(size for name, size in travelled if name.endswith(".woff2"))
    return Visited(painted, sum(size for _, size in travelled) - fonts, fonts)


async def _things(described: Any) -> dict[str, str]:
    """A prefill, a consent, a dossier and its delivery, so that there is something to look at."""
    async with aiohttp.ClientSession() as plain:
        house = House(
            described["gateway"], described["admin"], described["sandbox"]["control"], Path(),
            described["clients"], described["personas"], plain,
        )  # fmt: skip
        found = next(one for one in house.personas if one["full_name"] == CITIZEN)
        who = {name: found[name] for name in ("personal_id", "full_name", "birth_date")}
        answer = await house.prefill(_PROCEDURE, {"requester": who, "person": {"same_as": "requester"}})
        ids = [{"kind": "personal_id", "number": who["personal_id"]}]
        body = dossier(applicant={"name": who["full_name"], "ids": ids, "verified": True})
        await posted(house, body)
        consent = await consented(house, who)
        _, sent = await call(house, "GET", f"/v1/deliveries?dossier={body['code']}")
        log: Any = {}
        while not log.get("records"):  # a record gets its place up to a second later
            await asyncio.sleep(0.1)
            _, log = await house.post("/v1/audit/search", {"phase": "configuration"}, "auditor")
    return {
        "code": _PROCEDURE, "exchange_id": str(answer["exchange_id"]), "path": "gateway/pages",
        "consent": consent["consent"], "dossier": body["code"], "delivery": sent["deliveries"][0]["id"],
        "digest": log["records"][0]["configuration"],
    }  # fmt: skip


async def measured(described: Any, rounds: int, only: str) -> bool:
    """Print each page; whether all are within their bounds."""
    is_good = True
    url = str(described["gateway"])
    wanted = [one for one in pages_of(await _things(described)) if one[0].startswith(only)]
    async with async_playwright() as tool:
        launch = partial(
            tool.chromium.launch, executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        async with await launch() as browser:
            sessions = {role: await signed_in(browser, url, role) for role in {role for _, role in wanted}}
        for path, role in wanted:
            async with await launch() as browser:
                await visited(
                    browser, url + path, sessions[role]
                )  # the server's templates and caches are warm
                found = [await visited(browser, url + path, sessions[role]) for _ in range(rounds)]
            is_good &= _tell(path, [one for one in found if one is not None])
    return is_good


def _tell(path: str, found: Sequence[Visited]) -> bool:
    if not found:
        print(f"{path:<50} left out")
        return True
    times = [one.milliseconds for one in found]
    painted, load = statistics.median(times), os.getloadavg()[0]
    size, fonts = found[0].bytes, found[0].fonts
    is_good = painted <= MOST_MS and size <= MOST_BYTES
    figures = f"{painted:6.0f} ms, best {min(times):6.0f} {size / 1e3:7.1f} KB {fonts / 1e3:7.1f} KB of fonts"
    print(f"{path:<50} {figures}, load {load:.0f}{'' if is_good else '  OVER'}", flush=True)
    return is_good


async def main(rounds: int, only: str) -> int:
    """Measure and print; 1 if a page is over a bound."""
    if shutil.which("chromium") is None:
        sys.exit("a browser is needed: install Debian's package chromium")
    with tempfile.TemporaryDirectory(prefix="motlan-pages-") as folder:
        async with served(folder) as (described, _):
            return int(not await measured(described, rounds, only))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="pages whose address begins so")
    given = parser.parse_args()
    sys.exit(asyncio.run(main(given.rounds, given.only)))
