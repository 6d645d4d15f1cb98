"""A citizen looks at who used the data, and withdraws a consent, in a real browser."""

import asyncio
import re
from typing import Any

from playwright.async_api import BrowserContext, Page, expect

from tests.browser.axe import is_clean
from tests.browser.conftest import NEEDS_BROWSER, Shot
from tests.flows.conftest import House, on_session
from tests.flows.test_own_data import CARD, OFFICE, asked, certificate, consented, finished
from tests.flows.test_papers_kept import consented as to_keep
from tests.flows.test_papers_kept import given_in, upload
from tests.flows.test_papers_search import PARCEL

pytestmark = NEEDS_BROWSER

WHO = "Trần Thị Mẫu"


async def entered(page: Page, house: House, path: str, who: str = WHO) -> None:
    """Signed in at the simulated national portal, and back at the page."""
    await page.goto(house.url + path)
    await page.get_by_role("link", name=re.compile("Cổng Dịch vụ công Quốc gia")).click()
    await page.get_by_role("button").filter(has_text=who).first.click()
    await expect(page).to_have_url(house.url + path)


async def to_keep_papers(house: House, who: dict[str, Any]) -> None:
    """Drawings of a dossier, kept by consent."""
    named = {"ids": [{"kind": "personal_id", "number": who["personal_id"]}], "name": who["full_name"]}
    file = await upload(house)
    papers = [{"title": "Bản vẽ", "file": file, "file_name": "banve.pdf"}]
    body = {
        "procedure": "1.013225", "component": "drawings", "file_name": "banve.pdf", "title": "Bản vẽ thiết kế",
        "consent": await to_keep(house, who), "subject": who, "object": PARCEL, "valid_until": "2060-03-02",
        "dossier": await given_in(house, who, applicant=named, papers=papers), "file": file,
    }  # fmt: skip
    status, answer = await house.post("/v1/papers/keep", body)
    assert status == 200, answer


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
    await expect(page.get_by_role("table").first).to_contain_text("See the data about me")
    await is_clean(page)


@on_session
async def test_pages_are_clean_on_a_narrow_window_for_a_citizen_without_anything(
    login_house: House, profile: BrowserContext
) -> None:
    page = await profile.new_page()
    await entered(page, login_house, "/me", "Phạm Văn Thử")
    await page.set_viewport_size({"width": 320, "height": 700})
    await page.emulate_media(color_scheme="dark")
    for path in (
        "/me", "/me/consents", "/me/kept", "/me/papers", "/me/papers/stored", "/me/requests", "/portal/dossiers",
        "/portal?q=zzzz", "/me/consents/none/receipt",
    ):  # fmt: skip
        await page.goto(login_house.url + path)
        await is_clean(page)


@on_session
async def test_citizen_reads_a_receipt_and_opens_papers(
    login_house: House, profile: BrowserContext, shot: Shot
) -> None:
    found = next(one for one in login_house.personas if one["full_name"] == WHO)
    await to_keep_papers(
        login_house, {name: found[name] for name in ("personal_id", "full_name", "birth_date")}
    )
    page = await profile.new_page()
    await entered(page, login_house, "/me/consents")
    await page.get_by_role("link", name="English").click()
    await page.get_by_role("link", name="Receipt").first.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Receipt of a consent")
    await expect(page.get_by_role("main")).to_contain_text(
        "Keeping papers that the citizen gave to reuse them"
    )
    await is_clean(page)
    await shot(page, "receipt")
    async with page.expect_download() as saved:
        await page.get_by_role("link", name="Download the signed receipt").click()
    assert (await saved.value).suggested_filename.endswith(".jwt")
    await page.emulate_media(media="print")
    await expect(page.get_by_role("link", name="Download the signed receipt")).to_be_hidden()
    await expect(page.get_by_text("SHA-256 of the file")).to_be_visible()
    await page.emulate_media(media="screen")
    await page.set_viewport_size({"width": 320, "height": 700})
    await is_clean(page)
    await page.get_by_role("link", name="Papers").click()
    await is_clean(page)
    await shot(page, "papers-320")
    await page.get_by_role("button", name="Show my papers in the store").click()
    await expect(page.get_by_role("table")).to_contain_text("20/06/2015")
    await is_clean(page)
    await shot(page, "stored-320")
    await page.get_by_role("button", name="Look again").click()
    await expect(page.get_by_role("table")).to_contain_text("12/2015")
    await page.goto(login_house.url + "/me/papers/stored?lang=vi")
    await is_clean(page)
    await page.goto(login_house.url + "/me/papers?lang=en")
    await page.set_viewport_size({"width": 1_200, "height": 900})
    async with page.expect_download() as paper:
        await page.get_by_role("link", name=re.compile("Download Bản vẽ")).first.click()
    assert (await paper.value).suggested_filename == "banve.pdf"
    await is_clean(page)
    await shot(page, "papers")
