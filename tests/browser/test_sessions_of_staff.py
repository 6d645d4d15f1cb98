"""An official signs in at the pages, stays, and signs out, in a real browser: its content policy is on."""

import re

from playwright.async_api import BrowserContext, expect

from tests.browser.conftest import NEEDS_BROWSER, Shot
from tests.flows.conftest import House, on_session

pytestmark = NEEDS_BROWSER


@on_session
async def test_auditor_comes_from_the_start_page_stays_and_signs_out(
    login_house: House, profile: BrowserContext, shot: Shot
) -> None:
    page = await profile.new_page()
    await page.goto(login_house.url + "/")
    await shot(page, "start")
    await page.get_by_role("link", name="Vào: Kiểm toán").click()
    await page.get_by_role("button").filter(has_text="Đỗ Thị Kiểm").click()
    await expect(page).to_have_url(login_house.url + "/audit")
    await expect(page.get_by_role("banner")).to_contain_text("Đỗ Thị Kiểm (kiem.toan), Kiểm toán viên")
    stay = page.locator("form[data-ends]")
    # what the page says two minutes before the end: the clock of the page is moved there
    await page.clock.install()
    await page.reload()
    ends = int(await stay.get_attribute("data-ends") or 0)
    await page.clock.set_fixed_time((ends - 100) * 1000)
    await page.reload()
    await expect(stay).to_have_class(re.compile("soon"))
    await expect(page.get_by_role("alert")).to_contain_text("Còn chưa đến hai phút")
    await shot(page, "soon")
    await page.get_by_role("button", name="Đăng xuất").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Đã đăng xuất")
    await page.goto(login_house.url + "/audit")
    await expect(page.get_by_role("button").filter(has_text="Đỗ Thị Kiểm")).to_be_visible()


@on_session
async def test_official_stays_without_script(login_house: House, profile: BrowserContext) -> None:
    assert profile.browser is not None
    plain = await profile.browser.new_context(java_script_enabled=False, locale="vi-VN")
    page = await plain.new_page()
    await page.goto(login_house.url + "/audit")
    await page.get_by_role("button").filter(has_text="Đỗ Thị Kiểm").click()
    await expect(page.locator("form[data-ends]")).to_contain_text("Phiên kết thúc lúc")
    await page.get_by_role("button", name="Ở lại").click()
    await expect(page).to_have_url(login_house.url + "/audit")
    await plain.close()
