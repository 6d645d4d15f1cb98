"""A citizen looks at who used the data, and withdraws a consent, in a real browser."""

import asyncio
import re

from playwright.async_api import BrowserContext, Page, expect

from tests.browser.axe import is_clean
from tests.browser.conftest import NEEDS_BROWSER, Shot
from tests.flows.conftest import House, on_session
from tests.flows.test_own_data import CARD, OFFICE, asked, certificate, consented, finished

pytestmark = NEEDS_BROWSER

WHO = "Trần Thị Mẫu"


async def entered(page: Page, house: House, path: str) -> None:
    """Signed in at the simulated national portal, and back at the page."""
    await page.goto(house.url + path)
    await page.get_by_role("link", name=re.compile("Cổng Dịch vụ công Quốc gia")).click()
    await page.get_by_role("button").filter(has_text=WHO).first.click()
    await expect(page).to_have_url(house.url + path)


@on_session
async def test_citizen_walks_from_the_uses_to_a_withdrawn_consent(
    login_house: House, profile: BrowserContext, shot: Shot
) -> None:
    found = next(one for one in login_house.personas if one["full_name"] == WHO)
    who = {name: found[name] for name in ("personal_id", "full_name", "birth_date")}
    first = await asked(login_house, "1.004873", certificate(who))
    await finished(login_house, first, CARD, await consented(login_house, who))
    await asyncio.sleep(1.5)  # until both have their places in the log
    page = await profile.new_page()
    await entered(page, login_house, "/me")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Ai đã dùng dữ liệu của ông/bà")
    await page.get_by_text("Chi tiết").first.click()
    await is_clean(page)
    await shot(page, "uses")
    await page.set_viewport_size({"width": 320, "height": 700})
    await is_clean(page)
    await shot(page, "uses-320")
    await page.set_viewport_size({"width": 1_200, "height": 900})
    await page.get_by_role("link", name="English").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Who used your data")
    await is_clean(page)
    await page.get_by_role("link", name="Kept data").click()
    await expect(page.get_by_role("main")).to_contain_text(OFFICE)
    await is_clean(page)
    await page.get_by_role("link", name="Erase").first.click()
    await is_clean(page)
    await page.get_by_role("button", name="Withdraw").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Consent withdrawn")
    await is_clean(page)
    await page.get_by_role("link", name="To the list").click()
    await is_clean(page)
    await shot(page, "consents")
    await page.get_by_role("link", name="Kept data").click()
    await expect(page.get_by_role("main")).to_contain_text("No data that you typed are kept.")
    await page.get_by_role("link", name="Requests").click()
    await page.get_by_role("link", name="New request").click()
    await is_clean(page)
    await page.get_by_label("Text").fill("Please tell me what is kept about me.")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("table")).to_contain_text("See the data about me")
    await is_clean(page)
