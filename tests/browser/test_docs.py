"""The API reference and the manual in a real browser: an operation is tried with a token of the sandbox."""

import re
from typing import Literal

import pytest
from playwright.async_api import Browser, BrowserContext, expect

from tests.browser.axe import is_clean
from tests.browser.conftest import NEEDS_BROWSER, Shot
from tests.flows.conftest import House, on_session

pytestmark = NEEDS_BROWSER


@on_session
async def test_operation_is_tried_with_the_token_of_the_sandbox_and_nothing_comes_from_elsewhere(
    login_house: House, profile: BrowserContext, shot: Shot
) -> None:
    page = await profile.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{login_house.url}/docs")
    assert [url for url in asked if "swagger" in url] == []
    await page.get_by_role("button", name="gọi thử").click()
    await expect(page.locator("#token-state")).to_contain_text("portal")
    await page.locator(".opblock-tag").filter(has_text="Điền sẵn biểu mẫu").click()
    await page.locator(".opblock-summary-control").first.click()
    await page.get_by_role("button", name="Thực hiện").click()
    answered = page.locator(".live-responses-table")
    await expect(answered).to_contain_text("exchange_id")
    await expect(answered).to_contain_text("Trần Thị Mẫu")
    await shot(page, "tried")
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        await is_clean(page)
    await page.locator(".btn.authorize").click()
    await expect(page.locator(".modal-ux")).to_be_visible()
    await is_clean(page)
    assert [url for url in asked if not url.startswith(login_house.url)] == []


#: what swagger-ui itself says of an operation, and what the description says of it in both languages
_TAG, _PATH = ".opblock-tag", '[data-path="/files/{opaque}"]'


@on_session
@pytest.mark.parametrize(
    ("language", "said", "not_said"),
    [
        ("vi", ("Giấy tờ và tệp", "Mã giao dịch", "Hủy", "Ví dụ"), ("Papers and files", "Cancel", "Example")),
        ("en", ("Papers and files", "Id of the exchange", "Cancel", "Example"), ("Giấy tờ và tệp", "Mã giao dịch")),
    ],
)  # fmt: skip
async def test_reference_speaks_one_language_and_shows_no_markup(
    login_house: House,
    profile: BrowserContext,
    language: str,
    said: tuple[str, ...],
    not_said: tuple[str, ...],
) -> None:
    page = await profile.new_page()
    await page.goto(f"{login_house.url}/docs?lang={language}#/")
    await page.locator(_TAG).filter(has_text=said[0]).click()
    operation = page.locator(".opblock").filter(has=page.locator(_PATH)).first
    await operation.locator(".opblock-summary-control").click()
    for word in said[1:3]:
        await expect(operation).to_contain_text(word)
    await operation.get_by_role("button", name=said[2]).click()
    await expect(operation.locator("td p i")).to_have_text(said[3])
    shown = await page.locator("#reference").inner_text()
    assert [word for word in not_said if word in shown] == []
    assert re.search("<[a-z]{1,2}>", shown) is None


@on_session
async def test_without_script_the_reference_is_a_list(login_house: House, browser: Browser) -> None:
    opened = await browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    page = await opened.new_page()
    await page.goto(f"{login_house.url}/docs")
    await expect(page.locator("#operation-prefill")).to_contain_text("/v1/prefill")
    await page.get_by_role("link", name="Tài liệu", exact=True).click()
    await page.get_by_role("searchbox").fill("bằng chứng")
    await page.get_by_role("button", name="Tìm").click()
    await expect(page).to_have_url(re.compile("/manual[?]q="))
    await opened.close()


@on_session
@pytest.mark.parametrize(
    ("path", "schemes"),
    [
        # the dark reference stands above, with all its parts; languages have the same colours
        ("/docs", ("light",)), ("/docs?lang=en#/", ("light",)), ("/manual", ("light", "dark")),
        ("/manual/gateway/policy", ("light", "dark")), ("/manual?q=receipt", ("light", "dark")),
        ("/manual?q=zzzqq", ("light",)),
    ],
)  # fmt: skip
async def test_page_is_clean_and_does_not_scroll_sideways_on_a_narrow_screen(
    login_house: House, profile: BrowserContext, path: str, schemes: tuple[Literal["light", "dark"], ...]
) -> None:
    page = await profile.new_page()
    await page.set_viewport_size({"width": 320, "height": 640})
    await page.goto(login_house.url + path)
    await page.wait_for_load_state("networkidle")
    for scheme in schemes:
        await page.emulate_media(color_scheme=scheme)
        await is_clean(page)
