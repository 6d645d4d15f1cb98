"""An auditor in a real browser: from a search to a proof that the browser verified itself, on paper and in a file."""

import asyncio
import hashlib
import json
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.conftest import NEEDS_BROWSER, Shot
from tests.flows.conftest import House, on_session
from tests.flows.test_records import records

pytestmark = NEEDS_BROWSER

AXE = Path(__file__).parents[1] / "interop" / "node_modules" / "axe-core" / "axe.min.js"
AUDITOR = "Đỗ Thị Kiểm"
REASON = "Khiếu nại số 12/KN-2026 về tra cứu"


async def signed_in(page: Page, house: House, path: str = "/audit") -> None:
    """By the simulated provider of officials, back to the page."""
    await page.goto(house.url + path)
    async with page.expect_navigation():
        await page.get_by_role("button").filter(has_text=AUDITOR).first.click()
    await page.wait_for_url(house.url + path)


async def is_usable(page: Page) -> None:
    """No fault that axe-core finds, and nothing wider than a narrow window."""
    if not AXE.is_file():
        if os.environ.get("MOTLAN_NO_SKIP"):
            pytest.fail("axe-core is missing: npm install in tests/interop")
        pytest.skip("needs axe-core: npm install in tests/interop")
    await page.evaluate(AXE.read_text("utf-8"))
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false})")
    said = [(one["id"], [node["html"][:160] for node in one["nodes"]]) for one in found["violations"]]
    assert said == [], page.url
    size = page.viewport_size
    await page.set_viewport_size({"width": 320, "height": 800})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320, page.url
    if size:
        await page.set_viewport_size(size)


async def content_of(waiting: Any) -> bytes:
    """Of a download."""
    saved = await waiting.value
    return await asyncio.to_thread(Path(await saved.path()).read_bytes)


async def exchange(house: House) -> str:
    """A prefill whose records have their place."""
    answer = await house.prefill(
        "1.004873", {"requester": house.subject("married"), "person": {"same_as": "requester"}}
    )
    asked = {"exchange_id": answer["exchange_id"], "phase": "outcome"}
    async with asyncio.timeout(30):
        while not (await house.post("/v1/audit/search", asked, "auditor"))[1]["records"]:
            await asyncio.sleep(0.1)
    return str(answer["exchange_id"])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def known(login_house: House) -> str:
    return await exchange(login_house)


@pytest_asyncio.fixture(loop_scope="session")
async def page(profile: BrowserContext, login_house: House) -> AsyncIterator[Page]:
    opened = await profile.new_page()
    await signed_in(opened, login_house)
    yield opened


@on_session
async def test_auditor_finds_an_exchange_and_the_browser_verifies_it(
    login_house: House, page: Page, known: str, shot: Shot
) -> None:
    await page.get_by_text("Điều kiện", exact=True).click()
    await page.get_by_label("Mã giao dịch").fill(known)
    await page.get_by_role("button", name="Tìm").click()
    await expect(page.get_by_role("link", name=re.compile("Mã giao dịch:"))).to_be_visible()
    await is_usable(page)
    await shot(page, "log")
    await page.locator(f'a[href="/audit/exchanges/{known}"]').first.click()
    await expect(page.get_by_role("heading", name=known)).to_be_visible()
    proof = page.get_by_role("region", name="Bằng chứng")
    await expect(proof).to_contain_text("2 bản ghi có trong nhật ký")
    await expect(proof).to_contain_text("Kiểm chứng trong trình duyệt này lúc")
    await expect(proof.locator('[data-step][data-done="yes"]')).to_have_count(4)
    await is_usable(page)
    await shot(page, "exchange")
    asked = [one for one in records(login_house) if one["notes"].get("of") == known]
    assert {one["notes"]["operation"] for one in asked} >= {"records", "proof"}
    assert {one["notes"]["staff"] for one in asked} == {"kiem.toan"}


def changed_leaf(given: dict[str, Any]) -> None:
    one = given["proofs"][0]
    one["leaf"] = one["leaf"].replace('"on_duty":true', '"on_duty":false')


def changed_hash(given: dict[str, Any]) -> None:
    given["proofs"][-1]["hashes"][0] = "00" * 32


def changed_root(given: dict[str, Any]) -> None:
    given["checkpoint"] = re.sub(
        r"\n(\d+)\n", lambda found: f"\n{int(found[1]) + 1}\n", given["checkpoint"], count=1
    )


def hidden_record(given: dict[str, Any]) -> None:
    del given["proofs"][0]


@on_session
async def test_whatever_is_tampered_with_is_an_alert_with_a_file_to_keep(
    login_house: House, page: Page, known: str, shot: Shot
) -> None:
    tamper = changed_leaf

    async def lie(route: Route) -> None:
        answer = await route.fetch()
        given = await answer.json()
        tamper(given)
        await route.fulfill(response=answer, json=given)

    await page.route("**/proof", lie)
    for tamper in (changed_leaf, changed_hash, changed_root, hidden_record):  # noqa: B007 -- `lie` reads it
        await page.goto(f"{login_house.url}/audit/exchanges/{known}")
        alert = page.get_by_role("alert")
        await expect(alert).to_contain_text("Không khớp với bản đã ký")
        await expect(page.locator('[data-verdict="included"]')).to_be_hidden()
    await is_usable(page)
    await shot(page, "altered")
    async with page.expect_download() as waiting:
        await alert.get_by_role("link", name="Tải để đối chiếu").click()
    kept = json.loads(await content_of(waiting))
    assert kept["exchange_id"] == known


@on_session
async def test_browser_that_cannot_verify_says_so(login_house: House, page: Page, known: str) -> None:
    await page.add_init_script(
        "crypto.subtle.importKey = () => Promise.reject(new DOMException('', 'NotSupportedError'))"
    )
    await page.goto(f"{login_house.url}/audit/exchanges/{known}")
    await expect(page.get_by_text("Trình duyệt không kiểm được")).to_be_visible()
    await page.route("**/proof", lambda route: route.abort())
    await page.reload()
    await expect(page.get_by_text("Chưa lấy được bằng chứng")).to_be_visible()


@on_session
async def test_who_it_is_about_needs_a_reason_and_never_gets_on_paper(
    login_house: House, page: Page, known: str, shot: Shot
) -> None:
    number = login_house.persona("married")["personal_id"]
    await page.clock.install()
    await page.goto(f"{login_house.url}/audit/exchanges/{known}")
    await expect(page.get_by_text(number)).to_have_count(0)
    await page.get_by_role("link", name="Xem là ai, phải nêu lý do").first.click()
    await is_usable(page)
    await page.get_by_label("Lý do xem").fill(REASON)
    await page.get_by_role("button", name="Ghi lý do và xem").click()
    await expect(page.get_by_text(number).first).to_be_visible()
    await is_usable(page)
    await page.emulate_media(media="print")
    await expect(page.get_by_text(number).first).to_be_hidden()
    await shot(page, "who-print")
    await page.emulate_media(media="screen")
    assert number not in page.url
    await page.clock.run_for(61_000)
    await expect(page.get_by_role("heading", name=known)).to_be_visible()
    await expect(page.get_by_text(number)).to_have_count(0)


@on_session
async def test_case_file_has_the_code_and_the_checkpoint_on_paper(
    login_house: House, page: Page, known: str, shot: Shot
) -> None:
    await page.goto(f"{login_house.url}/audit/exchanges/{known}")
    await expect(page.get_by_text("2 bản ghi có trong nhật ký", exact=True)).to_be_visible()
    await expect(page.locator("svg.qr")).to_be_hidden()
    await page.emulate_media(media="print")
    await expect(page.locator("svg.qr")).to_be_visible()
    await expect(page.get_by_text(re.compile("^motlan.example/exchange-log\n")).last).to_be_visible()
    await expect(page.get_by_role("navigation", name="Chính")).to_be_hidden()
    await expect(page.get_by_role("button", name="Kiểm chứng lại")).to_be_hidden()
    await shot(page, "print")
    await page.emulate_media(media="screen")


@on_session
async def test_export_shows_its_progress_and_the_digest_of_the_file(
    login_house: House, page: Page, known: str, shot: Shot
) -> None:
    await page.goto(f"{login_house.url}/audit/export?exchange_id={known}")
    await is_usable(page)
    async with page.expect_download() as waiting:
        await page.get_by_role("button", name="Xuất", exact=True).click()
    content = await content_of(waiting)
    await expect(page.get_by_text("Xong.")).to_be_visible()
    await expect(page.locator("[data-digest]")).to_have_text(hashlib.sha256(content).hexdigest())
    assert (await waiting.value).suggested_filename == "export.jsonl"
    assert known in content.decode()
    await is_usable(page)
    await shot(page, "export")
    number = login_house.persona("married")["personal_id"]
    await page.goto(f"{login_house.url}/audit/people")
    await page.get_by_label("Số định danh cá nhân").fill(number)
    await page.get_by_label("Từ ngày").fill("01/01/2026")
    await page.get_by_label("Lý do").fill(REASON)
    await page.get_by_role("button", name="Ghi lý do và tìm").click()
    await page.get_by_role("button", name="Xuất", exact=True).click()
    await is_usable(page)
    async with page.expect_download() as waiting:
        await page.get_by_role("button", name="Xuất", exact=True).click()
    assert known in (await content_of(waiting)).decode()
    await expect(page.get_by_text("Xong.")).to_be_visible()
    assert number not in page.url


@on_session
async def test_checkpoints_are_compared_in_the_browser(login_house: House, page: Page, shot: Shot) -> None:
    await page.goto(f"{login_house.url}/audit/checkpoints")
    kept = await page.locator("pre.note").first.text_content()
    await exchange(login_house)
    await page.get_by_label(re.compile("^Điểm cũ")).fill(str(kept))
    await page.get_by_role("button", name="So sánh").click()
    await expect(page.get_by_text("Nhật ký chỉ được nối thêm", exact=True)).to_be_visible()
    await is_usable(page)
    await shot(page, "checkpoints")
    forged = re.sub(r"\n(\d+)\n", lambda found: f"\n{int(found[1]) - 1}\n", str(kept), count=1)
    await page.get_by_label(re.compile("^Điểm cũ")).fill(forged)
    await page.get_by_role("button", name="So sánh").click()
    await expect(page.get_by_role("alert")).to_contain_text("Không chứng minh được")


@on_session
async def test_every_page_is_usable_in_english_and_in_the_dark(
    login_house: House, page: Page, known: str, shot: Shot
) -> None:
    await page.emulate_media(color_scheme="dark")
    for path in (
        "/audit?dossier=none",
        "/audit/people",
        "/audit/reports",
        "/audit?phase=intent",
        "/audit/exchanges/X",
        f"/audit/exchanges/{known}/proof",
        "/audit/checkpoints",
    ):
        await page.goto(f"{login_house.url}{path}{'&' if '?' in path else '?'}lang=en")
        await is_usable(page)
        await shot(page, re.sub(r"\W+", "-", path))
    await page.goto(f"{login_house.url}/audit/exchanges/{known}")
    await expect(page.get_by_text("In the log: 2", exact=True)).to_be_visible()
    await is_usable(page)
    await page.locator('a[href^="/audit/configurations/"]').first.click()
    await page.locator("main summary").click()
    await is_usable(page)
    await page.get_by_role("link", name="sources/population.yaml").click()
    await is_usable(page)
    await page.emulate_media(color_scheme="light")


@on_session
async def test_everything_can_be_read_and_exported_without_script(
    login_house: House, browser: Browser, known: str
) -> None:
    opened = await browser.new_context(java_script_enabled=False, locale="vi-VN")
    try:
        page = await opened.new_page()
        await signed_in(page, login_house)
        async with page.expect_navigation():
            await page.get_by_role("button", name="Tìm").click()
        await page.goto(f"{login_house.url}/audit/exchanges/{known}")
        await expect(page.get_by_text("Máy chủ đã kiểm; tự kiểm bằng lệnh bên dưới.")).to_be_visible()
        for name in ("In cho hồ sơ", "Kiểm chứng lại"):
            await expect(page.get_by_role("button", name=name)).to_be_hidden()
        async with page.expect_download() as waiting:
            await page.get_by_role("button", name="Xuất có bằng chứng").click()
        assert known in (await content_of(waiting)).decode()
        await page.goto(f"{login_house.url}/audit/checkpoints?older=2")
        await expect(page.get_by_text("Máy chủ thấy nhật ký chỉ được nối thêm.")).to_be_visible()
        for path in ("/audit/people", "/audit/reports", "/audit/export"):
            await page.goto(login_house.url + path)
            await expect(page.get_by_role("heading", level=1)).to_be_visible()
    finally:
        await opened.close()
