"""Forms count from pages of this gateway only, with the token of their session."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from yarl import URL

from tests.login.browser import Browser, Town
from tests.pages.trial import HTML, entered, page, sent_raw, token, tried

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def trial(at: Town) -> AsyncIterator[None]:
    async with tried(at):
        yield


async def test_form_of_the_page_counts(browser: Browser) -> None:
    await entered(browser, "/me/trial", "mau")
    sent = {"csrf": token(await page(browser, "/me/trial")), "name": "Trần", "lang": "en"}
    answer = await browser.go("/me/trial", sent, Accept="application/json", Origin=browser.house.url)
    assert answer.status == 200
    assert '"form":{"name":"Trần"}' in answer.text


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({"Origin": "https://evil.example"}, "cross_site"), ({"Origin": "null"}, "cross_site"),
        ({"Sec-Fetch-Site": "cross-site"}, "cross_site"), ({"Sec-Fetch-Site": "same-site"}, "cross_site"),
    ],
)  # fmt: skip
async def test_form_of_another_site_is_refused_and_recorded(
    browser: Browser, at: Town, headers: dict[str, str], detail: str
) -> None:
    await entered(browser, "/audit/trial", "kiem.toan")
    sent = {"csrf": token(await page(browser, "/audit/trial"))}
    refused = await page(browser, "/audit/trial", sent, **headers)
    assert refused.status == 403
    record = at.records(refused.exchange)[-1]
    assert record["result"] == "login_refused"
    assert (record["notes"]["detail"], record["notes"]["staff"]) == (detail, "kiem.toan")


async def test_form_without_the_token_of_its_session_is_refused_and_recorded(
    browser: Browser, at: Town
) -> None:
    await entered(browser, "/me/trial", "mau")
    async with Browser(at) as neighbour:
        await entered(neighbour, "/me/trial", "quan")
        others = token(await page(neighbour, "/me/trial"))
    for wrong in ({}, {"csrf": ""}, {"csrf": others}, {"csrf": "é"}):
        refused = await page(browser, "/me/trial", wrong)
        assert refused.status == 403
        assert at.records(refused.exchange)[-1]["notes"]["detail"] == "csrf"
        assert "Ông/bà mở trang này ở thẻ mới và gửi từ đó." in refused.text
        assert "đề nghị quản trị cấp quyền" not in refused.text
    by_script = await browser.go("/me/trial", {}, Accept="application/json", **{"X-CSRF-Token": others})
    assert (by_script.status, json.loads(by_script.text)["code"]) == (403, "other_session")
    cookies = browser.session.cookie_jar.filter_cookies(URL(browser.house.url))
    shown = "; ".join(f"{name}={one.value}" for name, one in cookies.items())
    for door, status in (("POST /me/trial", b"403"), ("GET /portal", b"200")):
        no_text = b"X-CSRF-Token: \xff"
        lines = f"{door} HTTP/1.1\r\nHost: x\r\nAccept: {HTML}\r\nCookie: {shown}\r\nConnection: close\r\n".encode()
        assert (await sent_raw(browser, lines + no_text + b"\r\n\r\n")).split()[1] == status


async def test_form_without_a_session_leads_to_the_sign_in(browser: Browser) -> None:
    landing = await page(browser, "/me/trial", {"csrf": "x"})
    assert landing.status == 200  # a page leads on: redirects of forms are held to form-action
    assert "/login/start?to=%2Fme%2Ftrial" in landing.text


async def test_form_of_one_session_does_not_count_for_the_other_of_the_browser(browser: Browser) -> None:
    await entered(browser, "/me/trial", "mau")
    await entered(browser, "/audit/trial", "kiem.toan")
    citizens = token(await page(browser, "/me/trial"))
    assert (await page(browser, "/audit/trial", {"csrf": citizens})).status == 403


async def test_parameter_that_comes_twice_in_a_form_is_refused(browser: Browser) -> None:
    await entered(browser, "/me/trial", "mau")
    sent = token(await page(browser, "/me/trial"))
    async with browser.session.post(
        browser.house.url + "/me/trial", data=[("csrf", sent), ("a", "1"), ("a", "2")],
        headers={"Accept": "text/html"},
    ) as answer:  # fmt: skip
        assert answer.status == 400


async def test_large_form_is_refused(browser: Browser) -> None:
    await entered(browser, "/me/trial", "mau")
    sent = {"csrf": token(await page(browser, "/me/trial")), "text": "x" * 70_000}
    assert (await page(browser, "/me/trial", sent)).status == 413


async def test_pages_of_people_are_kept_by_no_cache_and_shown_in_no_frame(browser: Browser) -> None:
    await entered(browser, "/me/trial", "mau")
    for landing in (
        await page(browser, "/me/trial"), await page(browser, "/me/trial", Accept="application/json"),
        await page(browser, "/audit/trial"), await page(browser, "/no/page"),
    ):  # fmt: skip
        assert landing.headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in landing.headers["Content-Security-Policy"]


async def test_look_ahead_at_a_page_of_people_is_refused(browser: Browser) -> None:
    async with browser.session.head(
        browser.house.url + "/me/trial", headers={"Accept": "text/html"}
    ) as answer:
        assert answer.status == 405
