"""A citizen signs in, in a real browser: from the deep link to the filled form, and back out."""

import re
from typing import Any

from playwright.async_api import BrowserContext, Page, expect

from tests.browser.conftest import NEEDS_BROWSER, Shot
from tests.flows.conftest import House, on_session
from tests.flows.test_records import records

pytestmark = NEEDS_BROWSER

WHO, NUMBER = "Trần Thị Mẫu", "033190001234"
LINK = "/login/start?vnconnect=1&MaTTHCDP=1.004873&MaCoQuanThucHien=000.00.14.H31&MaDVC=1.004873.01"


async def came_to_portal(page: Page, house: House, link: str = LINK) -> None:
    await page.goto(house.url + link)
    await expect(page.get_by_role("heading", name="Đăng nhập")).to_be_visible()


async def chose(page: Page, who: str = WHO) -> None:
    """Sign in at the simulated portal."""
    async with page.expect_navigation():
        await page.get_by_role("button").filter(has_text=who).first.click()


async def agreed(page: Page) -> None:
    """For oneself; the question what the system may have comes once."""
    async with page.expect_navigation():
        await page.get_by_role("button", name=re.compile("^Cho chính tôi")).click()
    agree = page.get_by_role("button", name=re.compile("^Đồng ý"))
    if await agree.count():
        async with page.expect_navigation():
            await agree.click()


async def is_at_form(page: Page, procedure: str = "1.004873") -> None:
    await expect(page).to_have_url(re.compile(rf"/provincial_system/form/{re.escape(procedure)}$"))
    await expect(page.get_by_role("main")).to_contain_text(WHO)


@on_session
async def test_deep_link_ends_at_the_filled_form_and_no_url_has_the_number(
    login_house: House, profile: BrowserContext, shot: Shot
) -> None:
    page = await profile.new_page()
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    await came_to_portal(page, login_house)
    await shot(page, "portal")
    await chose(page)
    await shot(page, "mandate")
    await agreed(page)
    await is_at_form(page)
    await shot(page, "form")
    main = page.get_by_role("main")
    for text in (WHO, NUMBER, "Cơ sở dữ liệu quốc gia về dân cư", "Số 1 phố Mẫu"):
        await expect(main).to_contain_text(text)
    assert [url for url in seen if NUMBER in url] == []
    assert logins(login_house)[-1]["notes"]["provider"] == "national_portal"


@on_session
async def test_vneid_signs_in_by_its_own_deep_link(login_house: House, profile: BrowserContext) -> None:
    page = await profile.new_page()
    link = LINK.replace("vnconnect=1", "vneid=1&MaTTHC=1.004873")
    await page.goto(login_house.url + link)
    await expect(page).to_have_url(re.compile("/identity/vneid/"))
    await chose(page)
    await agreed(page)
    await is_at_form(page)


@on_session
async def test_second_tab_back_and_reload_end_at_the_form_or_at_one_button_that_works(
    login_house: House, profile: BrowserContext, shot: Shot
) -> None:
    one, two = await profile.new_page(), await profile.new_page()
    callbacks: list[str] = []
    one.on("request", lambda sent: callbacks.append(sent.url) if "/login/callback/" in sent.url else None)
    await came_to_portal(one, login_house)
    await came_to_portal(two, login_house)
    await chose(one)
    await agreed(one)
    await is_at_form(one)
    await chose(two)
    await ends_at_form(two)
    await one.go_back()
    await ends_at_form(one)
    await one.goto(callbacks[0])  # the callback again, as a reload does
    await shot(one, "callback-again")
    await ends_at_form(one)


@on_session
async def test_lost_cookies_end_at_a_page_with_one_button_that_works(
    login_house: House, profile: BrowserContext, shot: Shot
) -> None:
    page = await profile.new_page()
    await came_to_portal(page, login_house)
    await lose_cookies(profile)
    await chose(page)
    await shot(page, "cookies-lost")
    await expect(page.get_by_text("Mã tham chiếu")).to_be_visible()
    await ends_at_form(page)
    assert logins(login_house)[-1]["notes"]["bound"] == "cookie"


@on_session
async def test_cookies_that_are_lost_each_time_end_at_the_form_by_what_the_tab_keeps(
    login_house: House, profile: BrowserContext
) -> None:
    page = await profile.new_page()
    await came_to_portal(page, login_house)
    await lose_cookies(profile)
    await chose(page)
    await profile.clear_cookies()  # the portal's too: else it answers without the person
    async with page.expect_navigation():
        await page.locator("a[data-with-proof][href*='&proof=']").click()
    await expect(page).to_have_url(re.compile("/identity/"))
    await lose_cookies(profile)
    await chose(page)
    await page.wait_for_load_state("networkidle")
    await ends_at_form(page)
    assert logins(login_house)[-1]["notes"]["bound"] == "proof"


async def lose_cookies(profile: BrowserContext) -> None:
    """Those of the gateway."""
    kept = [one for one in await profile.cookies() if "motlan" not in one["name"]]
    await profile.clear_cookies()
    await profile.add_cookies(kept)  # type: ignore[arg-type]


def logins(house: House) -> list[dict[str, Any]]:
    """The records of logins that are done, oldest first."""
    return [one for one in records(house) if one["phase"] == "login" and one["result"] == "login_done"]


async def ends_at_form(page: Page) -> None:
    """Wherever the person stands: each page has a way on, and it leads to the form."""
    for _ in range(6):
        if "/provincial_system/form/" in page.url:
            break
        if await page.get_by_role("button", name=re.compile("^Cho chính tôi")).count():
            await agreed(page)
        elif await page.get_by_role("button").filter(has_text=WHO).count() and "/identity/" in page.url:
            await chose(page)
        else:
            ways = page.get_by_role("main").locator("button, a.button")
            assert await ways.count() == 1, (page.url, await page.inner_text("body"))
            async with page.expect_navigation():
                await ways.click()
        await page.wait_for_load_state("networkidle")
    await is_at_form(page)


@on_session
async def test_mother_acts_for_her_child_and_a_stranger_does_not(
    login_house: House, profile: BrowserContext, shot: Shot
) -> None:
    child = login_house.subject("child")
    year, month, day = child["birth_date"].split("-")
    page = await profile.new_page()
    await came_to_portal(page, login_house)
    await chose(page)
    await page.get_by_text("Cha, mẹ của người chưa thành niên").click()
    form = page.locator("form").filter(has=page.locator("input[name=kind][value=parent]"))
    await form.get_by_label(re.compile("Số định danh")).fill(child["personal_id"])
    await form.get_by_label(re.compile("Họ, chữ đệm")).fill("Người Khác")
    await form.get_by_label(re.compile("Ngày sinh")).fill(f"{day}/{month}/{year}")
    await form.get_by_role("button").click()
    await shot(page, "not-proven")
    await expect(page.get_by_role("alert")).to_be_visible()
    form = page.locator("form").filter(has=page.locator("input[name=kind][value=parent]"))
    await form.get_by_label(re.compile("Họ, chữ đệm")).fill(child["full_name"])
    async with page.expect_navigation():
        await form.get_by_role("button").click()
    if await page.get_by_role("button", name=re.compile("^Đồng ý")).count():
        await page.get_by_role("button", name=re.compile("^Đồng ý")).click()
    await expect(page).to_have_url(re.compile("/provincial_system/form/"))
    await shot(page, "form-of-the-child")
    main = page.get_by_role("main")
    await expect(main).to_contain_text(child["full_name"])
    proven = [one for one in records(login_house) if one["result"] == "mandate_proven"]
    assert proven[-1]["notes"]["representation"] == "parent"


@on_session
async def test_sign_out_here_ends_the_session_at_the_portal_and_at_the_system(
    login_house: House, profile: BrowserContext, shot: Shot
) -> None:
    page = await profile.new_page()
    await came_to_portal(page, login_house)
    await chose(page)
    await agreed(page)
    await is_at_form(page)
    await (
        page.get_by_role("button", name=re.compile("Đăng xuất"))
        .or_(page.get_by_role("link", name=re.compile("Đăng xuất")))
        .first.click()
    )
    await expect(page.get_by_role("main")).to_contain_text(re.compile("đã đăng xuất", re.IGNORECASE))
    await shot(page, "signed-out")
    await page.goto(login_house.url + LINK)
    await expect(page.get_by_role("heading", name="Đăng nhập")).to_be_visible()  # the portal asks again


@on_session
async def test_session_list_shows_this_login_and_ends_it(
    login_house: House, profile: BrowserContext, shot: Shot
) -> None:
    page = await profile.new_page()
    await came_to_portal(page, login_house)
    await chose(page)
    await agreed(page)
    await is_at_form(page)
    await page.goto(login_house.url + "/login/sessions")
    await shot(page, "sessions")
    main = page.get_by_role("main")
    await expect(main).to_contain_text("Cổng Dịch vụ công Quốc gia")
    async with page.expect_navigation():
        await main.get_by_role("button").first.click()
    await page.goto(login_house.url + "/login/sessions")
    await expect(page.get_by_role("main")).not_to_contain_text("Cổng Dịch vụ công Quốc gia")


@on_session
async def test_director_is_led_from_his_own_account_to_the_form_of_his_company(
    login_house: House, profile: BrowserContext, shot: Shot
) -> None:
    page = await profile.new_page()
    await came_to_portal(page, login_house, LINK.replace("1.004873", "1.013225"))
    await chose(page, "đại diện theo pháp luật của một công ty")
    for is_his_own in (True, False):
        await page.get_by_text("Người đại diện theo pháp luật của doanh nghiệp").click()
        form = page.locator("form").filter(has=page.locator("input[name=kind][value=legal_representative]"))
        await form.get_by_label(re.compile("Mã số thuế")).fill("0916911353")
        await form.get_by_role("button").click()
        if is_his_own:
            await expect(page.get_by_role("alert")).to_contain_text("tài khoản của doanh nghiệp")
            await shot(page, "needs-the-account-of-the-company")
            await page.get_by_role("alert").get_by_role("link").click()
            await page.get_by_role("link", name=re.compile("^Cổng Dịch vụ công")).click()
            await chose(page, "tài khoản doanh nghiệp của ông Thành")
    await shot(page, "consent-for-the-company")
    await page.get_by_role("button", name=re.compile("^Đồng ý")).click()
    await expect(page).to_have_url(re.compile(r"/provincial_system/form/1\.013225$"))
    await expect(page.get_by_role("main")).to_contain_text("CÔNG TY TNHH SÔNG LUỘC MẪU")
    # the list of sessions, and out
    await page.goto(f"{login_house.url}/login/sessions")
    row = page.get_by_role("listitem").filter(has_text="Trình duyệt này")
    await row.get_by_role("button").click()
    await expect(page.get_by_role("heading", name="Đã đăng xuất")).to_be_visible()
    await shot(page, "signed-out")
