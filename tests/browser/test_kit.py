"""Every component of pages in every state, in a real browser: light, dark, narrow, by keyboard, on paper."""

import re
from typing import Literal

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser.axe import is_clean
from tests.browser.conftest import NEEDS_BROWSER, Shot
from tests.flows.conftest import House, on_session

pytestmark = NEEDS_BROWSER
KIT = "/console/kit"
PARTS = (KIT, f"{KIT}/records", f"{KIT}/charts", f"{KIT}/form", f"{KIT}/icons")
BEYOND = """[...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1
  && !one.closest("svg, .unseen, thead")).map((one) => one.outerHTML.slice(0, 80))"""
LOADED = "[...document.fonts].filter((one) => one.status == 'loaded').map((one) => one.family)"
OPEN = """for (const one of document.querySelectorAll("details")) one.open = true;"""


async def opened(profile: BrowserContext, house: House, path: str = KIT) -> Page:
    page = await profile.new_page()
    await page.goto(house.url + path)
    await page.evaluate("document.fonts.ready")
    return page


@on_session
@pytest.mark.parametrize(("scheme", "width", "language"), [("light", 1200, "vi"), ("dark", 320, "en")])
async def test_kit_is_clean_for_axe_and_fits(
    login_house: House,
    profile: BrowserContext,
    shot: Shot,
    scheme: Literal["light", "dark"],
    width: int,
    language: str,
) -> None:
    page = await profile.new_page()
    await page.emulate_media(color_scheme=scheme)
    await page.set_viewport_size({"width": width, "height": 900})
    loaded: set[str] = set()
    for part in PARTS:
        await page.goto(f"{login_house.url}{part}?lang={language}")
        await page.evaluate("document.fonts.ready")
        loaded |= set(await page.evaluate(LOADED))
        await shot(page, f"{part.rpartition('/')[2]}-{scheme}-{width}")
        await page.evaluate(OPEN)
        assert await page.evaluate(BEYOND) == []
        await is_clean(page)
    assert {re.sub('"', "", one) for one in loaded} == {"Be Vietnam Pro", "IBM Plex Mono"}


@on_session
async def test_kit_is_read_by_keyboard(login_house: House, profile: BrowserContext) -> None:
    page = await opened(profile, login_house, f"{KIT}?lang=vi")
    await page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Đến nội dung chính")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.locator("#main")).to_be_focused()
    await page.get_by_role("link", name="Biểu đồ").press("Enter")
    plot = page.locator(".chart .plot").first
    await plot.focus()
    for _ in range(2):
        await page.keyboard.press("ArrowRight")
    reading = page.locator(".chart .reading").first
    await expect(reading).to_have_text("01, Số lần: 2")
    await page.keyboard.press("End")
    await expect(reading).to_have_text("11, Số lần: 3")
    await page.get_by_role("link", name="Bảng, giao dịch").press("Enter")
    summary = page.locator(".entries summary").first
    await summary.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".entries details").first).to_have_attribute("open", "")
    await page.get_by_role("button", name="Tôi không biết việc này").focus()
    await page.keyboard.press("Escape")
    await expect(summary).to_be_focused()
    await expect(page.locator(".entries details").first).not_to_have_attribute("open", "")


@on_session
async def test_kit_on_paper_is_open_and_without_script_too(login_house: House, browser: Browser) -> None:
    plain = await browser.new_context(java_script_enabled=False, viewport={"width": 680, "height": 900})
    page = await plain.new_page()
    await page.goto(f"{login_house.url}{KIT}/records")
    hidden = page.locator(".entries details .facts")
    await expect(hidden).to_be_hidden()
    await expect(page.locator("[data-print]")).to_be_hidden()
    await page.emulate_media(media="print")
    await expect(hidden).to_be_visible()
    for gone in (".top nav", ".account", ".crumbs", ".pager"):
        await expect(page.locator(gone).first).to_be_hidden()
    await expect(page.locator(".qr")).to_be_visible()
    await page.goto(f"{login_house.url}{KIT}")
    await expect(page.locator(".filters")).to_be_hidden()
    await plain.close()


@on_session
@pytest.mark.parametrize(("language", "colours"), [("vi", "dark"), ("en", "light")])
async def test_kit_shows_the_form_in_each_state_light_and_dark(
    login_house: House, profile: BrowserContext, shot: Shot, language: str, colours: str
) -> None:
    page = await profile.new_page()
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "/console/kit/answers" in one.url else None)
    await page.emulate_media(color_scheme="light" if colours == "dark" else "dark")
    await page.goto(f"{login_house.url}{KIT}/form?lang={language}")
    form = page.locator("motlan-form")
    await expect(form.locator("form")).to_be_visible()
    ground = "getComputedStyle(document.querySelector('motlan-form .ml-card')).backgroundColor"
    before = await page.evaluate(ground)
    await page.locator("#f-kit-colours").select_option(colours)
    assert await page.evaluate(ground) != before
    assert await page.evaluate(ground) == {"dark": "rgb(15, 21, 27)", "light": "rgb(243, 245, 244)"}[colours]
    body = "getComputedStyle(document.documentElement).getPropertyValue('--ground')"
    assert await page.evaluate(body) == {"dark": "#0F151B", "light": "#F3F5F4"}[colours]
    for state, words in FORM_STATES[language].items():
        await page.locator("#f-kit-state").select_option(state)
        await expect(form).to_contain_text(words)
        await page.evaluate(
            "for (const one of document.querySelectorAll('motlan-form details')) one.open = true"
        )
        await shot(form, f"{state}-{colours}")
        await is_clean(page, "motlan-form")
    assert asked == [], "the answers are in the page"


FORM_STATES = {
    "vi": {
        "waiting": "Đang chờ CSDL hộ tịch điện tử",
        "partial": "hiện không trả lời được, chưa biết có dữ liệu hay không",
        "disputed": "Các nguồn dữ liệu không thống nhất",
        "proposed": "Đề xuất theo dữ liệu của CSDL hộ tịch điện tử: ông/bà chọn hoặc nhập giá trị khác",
        "read_only": "0900 000 000",
        "error": "Chưa ghi được nhật ký nên chưa lấy dữ liệu nào",
        "filled": "Do CSDL quốc gia về dân cư xác nhận",
    },
    "en": {
        "waiting": "Waiting for Civil status database",
        "partial": "cannot answer now; it is not known whether data exist",
        "disputed": "The sources differ",
        "proposed": "Proposed from data of Civil status database: choose it or type another value",
        "read_only": "0900 000 000",
        "error": "Nothing was fetched: the log cannot be written",
        "filled": "Confirmed by National population database",
    },
}
