"""An operator in a real browser: a slow and a broken source, a stuck delivery, what changed, lines as they come."""

import asyncio
import io
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import structlog
from playwright.async_api import Browser, BrowserContext, Page, expect

from gateway import telemetry
from tests.browser.axe import is_clean
from tests.browser.conftest import NEEDS_BROWSER, Shot
from tests.flows.conftest import ROOT, House, build, new_official, on_session
from tests.flows.test_dossiers import call, dossier, posted
from tests.pages.test_ops import PAGES

pytestmark = NEEDS_BROWSER

OPERATOR = "Bùi Văn Hành"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def plant(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house of its own: its configuration changes, and a breaker opens at the second failure."""
    root = tmp_path_factory.mktemp("plant")
    for room in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / room, root / room)
    quick = {"sources.population.limits.breaker_failures": "2", "gateway.reload.every_seconds": "1"}
    telemetry.set_up(io.BytesIO())
    async with build(root / "state", quick, root) as made:
        yield made
    structlog.reset_defaults()


async def entered(page: Page, house: House, path: str = "/ops") -> None:
    await page.goto(house.url + path)
    async with page.expect_navigation():
        await page.get_by_role("button").filter(has_text=OPERATOR).first.click()
    await page.wait_for_url(house.url + path)


@pytest_asyncio.fixture(loop_scope="session")
async def page(profile: BrowserContext, plant: House) -> AsyncIterator[Page]:
    opened = await profile.new_page()
    await entered(opened, plant)
    yield opened


async def prefilled(house: House, place: int = 0) -> None:
    people = [one for one in house.personas if one.get("personal_id") and one.get("birth_date")]
    who = {name: people[place % len(people)][name] for name in ("personal_id", "full_name", "birth_date")}
    subjects: dict[str, Any] = {"requester": who, "person": {"same_as": "requester"}}
    await house.prefill("1.004873", subjects, official=new_official())


async def stuck(house: House) -> dict[str, Any]:
    body = dossier(applicant={"ids": [{"kind": "personal_id", "number": "03319152738"}]})
    await posted(house, body)
    async with asyncio.timeout(30):
        while True:
            _, answer = await call(house, "GET", f"/v1/deliveries?state=dead&dossier={body['code']}")
            if answer["deliveries"]:
                found: dict[str, Any] = answer["deliveries"][0]
                return found
            await asyncio.sleep(0.1)


@on_session
async def test_operator_sees_what_is_stuck_and_mends_it(plant: House, page: Page, shot: Shot) -> None:
    await expect(page.get_by_text("Không có việc cần xử lý")).to_be_visible()
    await page.get_by_role("link", name="Nguồn", exact=True).click()
    row = page.locator("#population")
    await plant.misbehave("civil_status", "slow", seconds=1.2)
    await prefilled(plant)
    await plant.misbehave("population", "reset")
    for place in range(1, 8):
        await prefilled(plant, place)
    # the cells change by themselves, in their order
    await expect(row).to_contain_text("Không trả lời được", timeout=20_000)
    await expect(row).to_contain_text("mở: tạm không hỏi")
    await expect(row).to_contain_text("đã dùng hết")
    await expect(page.locator('[data-cell="civil_status.p95"]')).to_have_text(
        re.compile(r"[1-9]\.\d{3}"), timeout=20_000
    )
    await is_clean(page)
    await shot(page, "sources")
    await page.get_by_role("link", name="Cần chú ý").click()
    await expect(page.locator(".needs")).to_contain_text("không trả lời được; giấy tờ liên quan vẫn phải nộp")
    await page.goto(f"{plant.url}/ops/sources/mute?source=population")
    await is_clean(page)
    await page.get_by_role("button", name="Tạm tắt cảnh báo").click()
    await expect(page.locator("#population")).to_contain_text("tạm tắt cảnh báo đến")
    dead = await stuck(plant)
    await page.get_by_role("link", name="Cần chú ý").click()
    await expect(page.locator("main")).not_to_contain_text("giấy tờ liên quan vẫn phải nộp")
    await page.locator(".needs").get_by_role("link", name="lượt gửi hồ sơ đã dừng").click()
    await page.set_viewport_size({"width": 320, "height": 800})
    await is_clean(page)
    await page.goto(f"{plant.url}/ops/deliveries/{dead['id']}/drop")
    await is_clean(page)
    await page.goto(f"{plant.url}/ops/deliveries/{dead['id']}")
    await is_clean(page)
    await page.get_by_role("link", name="Gửi lại").click()
    await expect(page.locator("main")).to_contain_text("Điều sẽ xảy ra")
    await is_clean(page)
    await page.get_by_role("button", name="Gửi lại").click()
    await expect(page.locator("main")).to_contain_text("Người vận hành")
    await shot(page, "delivery")


@on_session
async def test_change_of_the_configuration_is_read_in_words(plant: House, page: Page, shot: Shot) -> None:
    await page.goto(f"{plant.url}/ops/configuration")
    file = plant.state.parent / "config/agreements/one_gate_land.yaml"
    written, links = file.read_text("utf-8"), page.get_by_role("link", name="Xem thay đổi")
    document = re.search(r"document: (\S+)-03/2026", written)
    assert document is not None
    before = await links.count()  # of other tests, in any order
    file.write_text(written.replace(f"{document[1]}-03/2026", f"{document[1]}-13/2026"), "utf-8")
    async with asyncio.timeout(60):
        while await links.count() == before:
            await asyncio.sleep(0.5)
            await page.reload()
    await is_clean(page)
    await page.get_by_role("link", name="Xem thay đổi").first.click()
    await expect(page.locator("del")).to_contain_text(f"bỏ: document: {document[1]}-03/2026")
    await expect(page.locator("ins")).to_contain_text(f"thêm: document: {document[1]}-13/2026")
    await is_clean(page)
    await shot(page, "changes")


@on_session
async def test_lines_come_wait_while_paused_and_go_on(plant: House, page: Page, shot: Shot) -> None:
    async with page.expect_response("**/ops/tail/events**"):
        await page.goto(f"{plant.url}/ops/tail?route=/v1/prefill")
    rows = page.locator('[role="log"] tbody tr')
    before = await rows.count()
    await prefilled(plant)
    await expect(rows).to_have_count(before + 1, timeout=20_000)
    await page.get_by_role("button", name="Dừng").click()
    await expect(page.get_by_role("status")).to_contain_text("Đã dừng")
    await prefilled(plant)
    await page.get_by_role("button", name="Tiếp tục").click()
    await expect(rows).to_have_count(before + 2, timeout=20_000)
    await expect(rows.first).to_contain_text("POST /v1/prefill")
    await is_clean(page)
    await shot(page, "tail")


@on_session
async def test_broken_stream_is_said_and_figures_stay(plant: House, page: Page) -> None:
    async with page.expect_response("**/ops/events"):
        await page.goto(f"{plant.url}/ops")
    # the reload of the configuration ends all streams; the browser is kept from opening another
    await page.route("**/ops/events", lambda route: route.abort())
    file = plant.state.parent / "config/agreements/one_gate_land.yaml"
    file.write_text(file.read_text("utf-8").replace("SANDBOX-TT-", "SANDBOX-TU-"), "utf-8")
    await expect(page.get_by_role("status")).to_contain_text("đang nối lại", timeout=60_000)
    await expect(page.get_by_role("status").get_by_role("link", name="Tải lại")).to_be_visible()
    await expect(page.locator("#land")).to_contain_text("Chưa hỏi lần nào")


@on_session
async def test_pages_are_whole_on_a_narrow_window_and_without_script(
    plant: House, browser: Browser, profile: BrowserContext, page: Page, tmp_path: Path
) -> None:
    state = tmp_path / "state.json"
    await profile.storage_state(path=state)
    await page.set_viewport_size({"width": 320, "height": 800})
    bare = await browser.new_context(java_script_enabled=False, storage_state=state)
    try:
        plain = await bare.new_page()
        further = (
            "/ops/coverage?requester=portal&procedure=1.004873", "/ops/sources/mute?source=population",
            "/ops/sources/try?source=land", "/ops/reconciliation/mend?portal=national_bus",
        )  # fmt: skip
        for place, path in enumerate((*PAGES, *further)):
            languages = ("en", "vi") if place % 2 else ("vi", "en")
            url = f"{plant.url}{path}{'&' if '?' in path else '?'}lang="
            answer = await plain.goto(url + languages[0])
            assert answer is not None
            assert answer.status == 200, path
            await expect(plain.locator("h1")).to_have_count(1)
            await page.goto(url + languages[1])
            await is_clean(page)
        await page.goto(f"{plant.url}/ops/sources/try?source=vehicle&lang=vi")
        for label, text in (("Biển số", "89A-96325"), ("Số thửa", "RLMAU265606379197")):
            await page.get_by_label(label).fill(text)
        await page.get_by_role("button", name="Thử").click()
        await expect(page.locator("h1")).to_contain_text("Tra cứu đăng ký xe")
        await is_clean(page)
        await page.set_viewport_size({"width": 1_200, "height": 800})
        await is_clean(page)
    finally:
        await bare.close()
        await page.goto(f"{plant.url}/ops?lang=vi")
