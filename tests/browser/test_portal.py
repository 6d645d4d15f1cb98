"""A citizen at the demo portal in a real browser: from the start page to a dossier that goes on."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Dialog, Error, Locator, Page, Route, expect
from playwright.async_api import TimeoutError as PlaywrightTimeout

from tests.browser.axe import is_clean
from tests.browser.conftest import NEEDS_BROWSER, Shot
from tests.flows.conftest import House, build, changed, on_session

pytestmark = NEEDS_BROWSER

PERSON = "Trần Thị Mẫu"
PEOPLE, ACCOUNTS = "config/sandbox/personas.yaml", "config/sandbox/identity.yaml"
#: what a register could hold, and what runs if a page takes it for markup
HOSTILE = "Số 1 <img src=x onerror=alert(1)> phố"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
#: where the person of the first account lives
_HOME = """  permanent:
    commune: "11953"
    detail: {permanent}
  current:
    commune: "11953"
    detail: Số 1 phố Mẫu
  birth_record:
    number: "82"
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A sandbox whose register has markup in an address, and whose account spells a name in another way."""
    folder = tmp_path_factory.mktemp("portal")
    root = changed(
        folder / "project", PEOPLE,
        (_HOME.format(permanent="Số 1 phố Mẫu"), _HOME.format(permanent=HOSTILE)),
    )  # fmt: skip
    accounts = (root / ACCOUNTS).read_text("utf-8")
    named = accounts.replace("{key: mau, person: mau,", "{key: mau, person: mau, full_name: Trần Thị Mậu,")
    assert named != accounts
    (root / ACCOUNTS).write_text(named, "utf-8")
    # patient, and never answered from what another test of the same person asked before
    civil = {
        "sources.civil_status.limits.total_ms": "30000",
        "sources.civil_status.services.trichLuc.valid_seconds": "0",
    }
    async with build(folder / "state", civil, root) as made:
        yield made


async def narrow(page: Page) -> None:
    """Clean as it is, and at 320 px."""
    await is_clean(page)
    size = page.viewport_size
    assert size is not None
    await page.set_viewport_size({"width": 320, "height": 800})
    await is_clean(page)
    await page.set_viewport_size(size)


async def to_the_form(page: Page, town: House, shot: Shot, account: str = "Mậu") -> None:
    """By the door of the start page, a search, the sign-in and the page of people."""
    await page.goto(town.url)
    await narrow(page)
    await page.get_by_role("link", name="Cổng minh họa", exact=True).click()
    await page.get_by_label("Tên hoặc mã thủ tục").fill("hon nhan")
    await page.get_by_role("button", name="Tìm").click()
    await narrow(page)
    await page.get_by_role("link", name="Cấp giấy xác nhận tình trạng hôn nhân").click()
    await expect(page.locator("main")).to_contain_text("Dữ liệu có thể thay giấy tờ này")
    await narrow(page)
    await page.get_by_role("link", name="Bắt đầu").click()
    await page.locator('a.button[href*="provider=national_portal"]').click()
    await page.get_by_role("button").filter(has_text=account).first.click()
    await page.wait_for_url(f"{town.url}/portal/procedures/1.004873/people")
    await page.get_by_role("button", name="Tiếp tục").click()
    await expect(page.get_by_role("alert").first).to_contain_text("Có 1 chỗ cần sửa")
    await narrow(page)
    await shot(page, "people")
    await page.get_by_label("Là ai").select_option(label="Cùng là: Người yêu cầu")
    await page.get_by_role("button", name="Tiếp tục").click()
    await page.wait_for_url(f"{town.url}/portal/procedures/1.004873/form")


@on_session
async def test_citizen_goes_from_the_start_page_to_a_dossier_that_goes_on(
    town: House, profile: BrowserContext, shot: Shot
) -> None:
    page = await profile.new_page()
    # longer than a busy machine takes to draw the form
    await town.misbehave("civil_status", "slow", seconds=12, times=1)
    await to_the_form(page, town, shot)
    status = page.get_by_role("status").first
    await expect(status).to_contain_text("Đã điền sẵn", timeout=20_000)
    await expect(page.locator(".ml-top")).to_contain_text("Đang chờ")
    await page.get_by_label(re.compile("^Mục đích sử dụng")).fill("Vay vốn")
    await shot(page, "waiting")
    await expect(page.locator(".ml-top")).not_to_contain_text("Đang chờ", timeout=30_000)
    await expect(page.get_by_label(re.compile("^Mục đích sử dụng"))).to_have_value("Vay vốn")
    typed = await page.eval_on_selector_all("motlan-form input", "(all) => all.map((one) => one.value)")
    assert [one for one in typed if "<img" in one.lower()], "the register's own text, as text"
    assert await page.locator("motlan-form img").count() == 0
    await shot(page, "filled")
    await narrow(page)
    await chooses_refuses_and_sends(page, shot)
    await follows(page, town, shot)


async def chooses_refuses_and_sends(page: Page, shot: Shot) -> None:
    """A disputed name, a source that is not used, a paper, the check, and the dossier."""
    requester = page.get_by_role("region", name="Người yêu cầu", exact=True)
    choice = requester.get_by_role("radio", name=PERSON)
    assert not await choice.is_checked()
    await choice.check()
    origin = requester.locator("details").filter(has_text="Số giấy tờ").first
    await origin.locator("summary").click()
    await origin.get_by_role("button", name="Không dùng dữ liệu từ nguồn này").click()
    await requester.get_by_role("button", name="Không dùng", exact=True).click()
    await requester.get_by_label(re.compile("^Số giấy tờ")).fill("033190001234")
    await page.locator("input[type=file]").first.set_input_files(
        {"name": "giấy tờ <b>.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").click()
    check = page.locator(".ml-check")
    await expect(check).to_contain_text("Nguồn ông/bà không dùng")
    await expect(check).to_contain_text("Ông/bà nhập")
    await shot(page, "check")
    await narrow(page)
    submit = page.get_by_role("button", name="Nộp hồ sơ", exact=True)
    await submit.click()
    with contextlib.suppress(PlaywrightTimeout):
        await page.wait_for_url("**/portal/dossiers/*", timeout=5_000)
    if "/portal/dossiers/" not in page.url:  # the papers changed by the decision: looked at first
        await submit.click()
        await page.wait_for_url("**/portal/dossiers/*")


def answering(answer: Mapping[str, Any]) -> Callable[[Route], Awaitable[None]]:
    """Answers a request in the place of the gateway."""

    async def given(route: Route) -> None:
        await route.fulfill(**answer)

    return given


async def later_presses_know_nothing(page: Page, said: Locator) -> None:
    """What a later press meets says nothing about one whose answer was lost."""
    for status, code in (
        (401, "session_over"),
        (403, "other_session"),
        (404, "not_found"),
        (413, "too_large"),
    ):
        body = {"status": status, "json": {"code": code, "exchange_id": f"01KB{status}"}}
        await page.route("**/submit", answering(body))
        await page.get_by_role("button", name="Nộp hồ sơ", exact=True).click()
        await expect(said).to_contain_text("hết phiên" if status == 401 else f"01KB{status}")
        await expect(said).to_contain_text("Chưa biết hồ sơ đã gửi hay chưa")
        await expect(said).not_to_contain_text(re.compile("chưa được gửi|Chưa có gì được gửi|Chưa gửi được"))
        await expect(said.get_by_role("link", name="Hồ sơ của tôi")).to_be_visible()
        await is_clean(page)
        await page.unroute("**/submit")


@on_session
async def test_citizen_hears_what_became_of_a_dossier_whose_answer_was_lost_and_of_an_ended_session(
    town: House, profile: BrowserContext, shot: Shot
) -> None:
    page = await profile.new_page()
    # nobody asked about this person before: the other walk waits for answers about the other one
    await to_the_form(page, town, shot, "Phạm Văn Thử")
    await expect(page.get_by_role("status").first).to_contain_text("Đã điền sẵn", timeout=20_000)
    purpose = page.get_by_label(re.compile("^Mục đích sử dụng"))
    await purpose.fill("Vay vốn")

    async def cut(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await page.route("**/submit", cut)
    said = page.locator("#sending")
    await sends(page)
    if not await said.inner_text():  # the papers changed by the decision: looked at first
        await sends(page)
    await expect(said).to_contain_text("Chưa biết hồ sơ đã gửi hay chưa", timeout=15_000)
    await expect(said.get_by_role("link", name="Hồ sơ của tôi")).to_be_visible()
    await is_clean(page)
    await page.unroute("**/submit")
    await later_presses_know_nothing(page, said)

    async def under_way(route: Route) -> None:
        await route.fulfill(
            status=409, json={"code": "request_under_way", "url": "/portal/dossiers", "exchange_id": "01KB00"}
        )

    await page.route("**/submit", under_way)
    await page.get_by_role("button", name="Nộp hồ sơ", exact=True).click()
    await expect(said).to_contain_text("Yêu cầu này đang được xử lý")
    await expect(said).to_contain_text("Mã tham chiếu: 01KB00")
    await expect(said.get_by_role("link", name="Hồ sơ của tôi")).to_be_visible()
    await is_clean(page)
    await page.unroute("**/submit")
    await page.get_by_role("button", name="Quay lại sửa").click()
    await purpose.fill("Mua nhà")
    await sends(page)
    await expect(said).to_contain_text("Nội dung sửa sau đó chưa được gửi")
    await expect(said).to_contain_text("nội dung sửa sau đó chưa được nộp")
    await expect(said.get_by_role("link", name="Xem hồ sơ đã nộp")).to_be_visible()
    await takes_over_after_the_session(page, await profile.new_page(), town)


async def takes_over_after_the_session(page: Page, other: Page, town: House) -> None:
    """The form whose session ended says what to do; the same person takes over what was typed, in another tab."""
    said = page.locator("#sending")
    await other.goto(f"{town.url}/portal")
    await other.get_by_role("button", name="Đăng xuất").click()
    await page.get_by_role("button", name="Nộp hồ sơ", exact=True).click()
    await expect(said).to_contain_text("Đã hết phiên")
    await expect(said.get_by_role("link", name="Đăng nhập ở thẻ mới")).to_be_visible()
    await is_clean(page)
    await opens_the_form(other, town, "Mậu")
    before = other.locator("#typed-before")
    await expect(before).to_be_empty()
    await other.get_by_role("button", name="Đăng xuất").click()
    await expect(other.get_by_role("heading", level=1)).to_contain_text("Đã đăng xuất")
    await opens_the_form(other, town, "Phạm Văn Thử")
    await page.get_by_role("button", name="Nộp hồ sơ", exact=True).click()
    await expect(said).to_contain_text("Trang này thuộc phiên đăng nhập trước")
    await expect(said).to_contain_text("Ông/bà mở trang này ở thẻ mới và gửi từ đó")
    await expect(said.get_by_role("link", name="Mở biểu mẫu ở thẻ mới")).to_be_visible()
    await is_clean(page)
    # the same person for the same people takes over what was typed; the other one did not
    await expect(before).to_contain_text("Một thẻ khác còn những gì ông/bà đã nhập")
    await narrow(other)
    await other.get_by_role("button", name="Lấy lại").click()
    await expect(before).to_be_empty()
    await expect(other.get_by_label(re.compile("^Mục đích sử dụng"))).to_have_value("Mua nhà")


async def opens_the_form(page: Page, town: House, account: str) -> None:
    """Signs in, and says that the form is about this person."""
    await page.goto(f"{town.url}/portal/procedures/1.004873/people")
    await page.locator('a.button[href*="provider=national_portal"]').click()
    await page.get_by_role("button").filter(has_text=account).first.click()
    await page.wait_for_url(f"{town.url}/portal/procedures/1.004873/people")
    await page.get_by_label("Là ai").select_option(label="Cùng là: Người yêu cầu")
    await page.get_by_role("button", name="Tiếp tục").click()
    await expect(page.get_by_role("status").first).to_contain_text("Đã điền sẵn", timeout=20_000)


@on_session
async def test_form_says_that_another_window_sent_a_dossier_since_it_was_opened_and_is_sent_when_asked_again(
    town: House, profile: BrowserContext, shot: Shot
) -> None:
    first, second = await profile.new_page(), await profile.new_page()
    await to_the_form(first, town, shot, "Phạm Văn Thử")
    await second.goto(first.url)
    for page in (first, second):
        await expect(page.get_by_role("status").first).to_contain_text("Đã điền sẵn", timeout=20_000)
        await page.get_by_label(re.compile("^Mục đích sử dụng")).fill("Vay vốn")
    await sends(second)
    if "/portal/dossiers/" not in second.url:  # the papers changed by the decision: looked at first
        await sends(second)
    await second.wait_for_url("**/portal/dossiers/*")
    code = second.url.rpartition("/")[2]
    said = first.locator("#sending")
    await sends(first)
    if not await said.inner_text():
        await sends(first)
    await expect(said).to_contain_text("đã nộp một hồ sơ của thủ tục này ở một cửa sổ khác")
    await expect(said).to_contain_text(code)
    await expect(said.get_by_role("link", name="Xem hồ sơ đã nộp")).to_have_attribute(
        "href", f"/portal/dossiers/{code}"
    )
    await is_clean(first)
    await sends(first)
    await first.wait_for_url("**/portal/dossiers/*")
    assert not first.url.endswith(code)


async def sends(page: Page) -> None:
    """By the check; until the dossier is there, or it is said why not."""
    form = page.url
    check = page.get_by_role("button", name="Kiểm tra và nộp hồ sơ")
    if await check.is_visible():
        await check.click()
    await page.get_by_role("button", name="Nộp hồ sơ", exact=True).click()
    papers = page.get_by_text("Thành phần hồ sơ đã đổi")
    async with asyncio.timeout(60):
        while page.url == form:
            with contextlib.suppress(Error):  # looked at while the page changes
                said = await page.locator("#sending").all_inner_texts()
                if await papers.count() or said not in ([], [""], ["Đang gửi hồ sơ…"]):
                    break
            await asyncio.sleep(0.1)


async def follows(page: Page, town: House, shot: Shot) -> None:
    """The status of the dossier goes on; in English too, and in the list."""
    await expect(page.locator("main .lead")).to_contain_text("Mới đăng ký")
    await narrow(page)
    await page.get_by_role("button", name="Bước tiếp theo: Được tiếp nhận").click()
    await expect(page.locator("main .lead")).to_contain_text("Được tiếp nhận")
    code = page.url.rpartition("/")[2]
    status, kept = await town.post("/v1/dossiers/search", {"code": code})
    assert (status, kept["dossiers"][0]["status"]) == (200, "accepted")
    await page.get_by_role("link", name="English").click()
    await expect(page.locator("main .lead")).to_contain_text("accepted at the counter")
    await narrow(page)
    await shot(page, "dossier")
    await page.get_by_role("link", name="My dossiers").first.click()
    await expect(page.locator("main table")).to_contain_text(code)
    await narrow(page)
    await page.get_by_role("link", name="Procedures").click()
    await page.get_by_role("link", name="Birth registration", exact=True).click()
    await narrow(page)
    await page.get_by_role("link", name="Start").click()
    await narrow(page)
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url(f"{town.url}/login/logged-out*")
    await page.goto(f"{town.url}/portal/dossiers/{code}")
    assert "/login/" in page.url


@on_session
async def test_draft_is_saved_and_opened_again(town: House, profile: BrowserContext, shot: Shot) -> None:
    page = await profile.new_page()
    await to_the_form(page, town, shot, "Phạm Văn Thử")
    purpose = page.get_by_label(re.compile("^Mục đích sử dụng"))
    await purpose.fill("Vay vốn mua nhà")
    await page.get_by_role("button", name="Lưu nháp").click()
    await expect(page.locator("#sending")).to_contain_text("Đã lưu nháp")
    await page.reload()
    await expect(page.locator("#draft")).to_contain_text("Ông/bà có một bản nháp")
    await is_clean(page)
    await page.get_by_role("button", name="Mở lại nháp").click()
    await expect(purpose).to_have_value("Vay vốn mua nhà")
    await page.reload()
    async with page.expect_response("**/draft"):
        await page.get_by_role("button", name="Bỏ nháp").click()
    await page.reload()
    await expect(purpose).to_have_value("")
    await expect(page.locator("#draft")).to_have_count(0)
    # another language takes along what was typed
    asked: list[str] = []

    async def stays(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    page.on("dialog", stays)
    await purpose.fill("Mua xe")
    await page.get_by_role("link", name="English").click()
    await page.get_by_role("button", name="Open the draft").click()
    purpose = page.get_by_label(re.compile("^Purpose of use"))
    await expect(purpose).to_have_value("Mua xe")
    assert asked == []
    # any other way out asks first
    await purpose.fill("Mua xe con")
    await page.get_by_role("link", name="Change the people").click()
    await expect(purpose).to_have_value("Mua xe con")
    assert asked == ["beforeunload"]
