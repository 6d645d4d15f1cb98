"""What every page goes through: languages, JSON twins, error pages, headers."""

import contextlib
import io
import re
import sqlite3
from pathlib import Path

import orjson
import pytest

from gateway import console
from gateway.api.dispatcher import Dispatcher, Routes
from gateway.api.request import Request
from gateway.domain.errors import GatewayError
from gateway.serving.listeners import Gateway
from tests.login.browser import Browser, Town
from tests.pages.trial import HTML, entered, sent_raw

pytestmark = pytest.mark.asyncio(loop_scope="session")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)


async def test_start_page_has_four_doors_in_vietnamese_and_may_not_be_framed_or_kept(
    browser: Browser,
) -> None:
    page = await browser.go("/", Accept=HTML)
    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert '<html lang="vi">' in page.text
    assert "Dữ liệu nhà nước đã có, ông/bà không phải nộp lại" in page.text
    for door in ("/portal", "/me", "/audit", "/ops"):
        assert f'href="{door}"' in page.text
    assert "/health/ready" not in page.text  # JSON, for programs
    assert page.headers["Content-Security-Policy"] == POLICY
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Cache-Control"] == "no-store"


async def test_language_of_a_link_is_kept_in_a_cookie(browser: Browser) -> None:
    english = await browser.go("/?lang=en", Accept=HTML)
    assert '<html lang="en">' in english.text
    assert "What the State knows, you need not bring again" in english.text
    assert browser.cookies["motlan-lang"] == "en"
    assert '<html lang="en">' in (await browser.go("/", Accept=HTML)).text
    assert '<html lang="vi">' in (await browser.go("/?lang=vi", Accept=HTML)).text
    assert '<html lang="vi">' in (await browser.go("/", Accept=HTML)).text


@pytest.mark.parametrize(
    "word",
    ["EN", "fr", "vi%0d%0aSet-Cookie:%20x=y", "%3Cscript%3E", "../en", "en%00", "%F0%9F%87%BB", "e" * 3_000],
)
async def test_language_that_there_is_not_leaves_the_page_vietnamese_and_sets_no_cookie(
    browser: Browser, word: str
) -> None:
    page = await browser.go(f"/?lang={word}", Accept=HTML)
    assert page.status == 200
    assert '<html lang="vi">' in page.text
    assert "<script>" not in page.text
    assert "Set-Cookie" not in page.headers
    browser.session.cookie_jar.update_cookies({"motlan-lang": '"><script>'})
    assert '<html lang="vi">' in (await browser.go("/", Accept=HTML)).text


async def test_start_page_leads_developers_to_the_interface_and_the_manual(browser: Browser) -> None:
    page = await browser.go("/", Accept=HTML)
    for place in ("/docs", "/manual"):
        assert f'<a href="{place}">' in page.text
        assert (await browser.go(place, Accept=HTML)).status == 200


async def test_program_gets_the_same_as_json(browser: Browser) -> None:
    twin = await browser.go("/", Accept="application/json")
    assert twin.headers["Content-Type"] == "application/json"
    found = orjson.loads(twin.text)
    assert [one["url"] for one in found["doors"]] == ["/portal", "/me", "/audit", "/ops"]
    assert found["health"]["status"] == "ready"


async def test_unknown_path_is_a_page_for_browsers_and_a_problem_for_programs(browser: Browser) -> None:
    page = await browser.go("/no/such/page", Accept=HTML)
    assert page.status == 404
    assert "Không có trang này" in page.text
    assert page.exchange in page.text
    assert page.headers["Content-Security-Policy"] == POLICY
    problem = await browser.go("/no/such/page", Accept="*/*")
    assert problem.status == 404
    assert problem.headers["Content-Type"] == "application/problem+json"


async def test_error_page_speaks_the_language_of_the_browser(browser: Browser) -> None:
    await browser.go("/?lang=en", Accept=HTML)
    assert "There is no such page" in (await browser.go("/nothing", Accept=HTML)).text


async def test_parameter_that_comes_twice_is_refused(browser: Browser) -> None:
    page = await browser.go("/?lang=en&lang=vi", Accept=HTML)
    assert page.status == 400
    assert "Yêu cầu không đúng" in page.text


@pytest.mark.parametrize(
    "url", ["/?a=%ff", "/me?lang=%ff", "/docs?x=%ff", "/?" + "&".join(f"p{n}=" for n in range(101))]
)
async def test_query_that_cannot_be_read_is_a_page_that_says_so_and_is_logged(
    browser: Browser, url: str, logged: io.BytesIO
) -> None:
    page = await browser.go(url, Accept=HTML)
    assert page.status == 400
    assert "Yêu cầu không đúng" in page.text
    assert page.exchange in logged.getvalue().decode()


async def test_unknown_path_with_a_query_that_cannot_be_read_is_not_found(browser: Browser) -> None:
    page = await browser.go("/nowhere?x=%ff", Accept=HTML)
    assert page.status == 404
    assert page.exchange in page.text


@pytest.mark.parametrize("path", [r"//evil.example/x", r"/\evil.example/x"])
async def test_path_that_browsers_read_as_another_host_is_in_no_link(browser: Browser, path: str) -> None:
    sent = f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept: {HTML}\r\nConnection: close\r\n\r\n"
    answered = (await sent_raw(browser, sent.encode())).decode()
    assert answered.startswith("HTTP/1.1 404")
    assert 'href="/?lang=en"' in answered
    assert "evil.example" not in answered


async def test_error_whose_page_cannot_be_made_is_a_problem_and_both_faults_are_logged(
    browser: Browser, at: Town, logged: io.BytesIO
) -> None:
    def broken(_error: GatewayError, _request: Request) -> None:
        raise LookupError

    gateway, routes = at.gateway, Routes()
    assert isinstance(gateway, Gateway)
    assert gateway.app is not None
    routes.page = broken
    former = gateway._runners[0].serve(Dispatcher(gateway.app.services, routes, gateway.parts.metrics))
    try:
        page = await browser.go("/nowhere", Accept=HTML)
    finally:
        gateway._runners[0].serve(former)
    assert page.status == 404
    assert page.headers["Content-Type"] == "application/problem+json"
    said = logged.getvalue().decode()
    assert "LookupError" in said
    assert "http.answered" in said


async def test_api_stays_an_api_for_browsers(browser: Browser) -> None:
    answer = await browser.go("/v1/sources", Accept=HTML)
    assert answer.status == 401
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_kit_is_a_page(browser: Browser) -> None:
    page = await browser.go("/console/kit?lang=en", Accept=HTML)
    assert page.status == 200
    assert "Kit" in page.text


async def test_look_ahead_is_answered_where_nothing_is_recorded(browser: Browser) -> None:
    async with browser.session.head(browser.house.url + "/", headers={"Accept": HTML}) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert not await answer.read()


async def test_log_that_cannot_be_written_is_a_page_that_says_nothing_was_fetched(
    browser: Browser, at: Town
) -> None:
    await entered(browser, "/audit", "kiem.toan")
    with contextlib.closing(
        sqlite3.connect(next(at.house.state.glob("*.db")), isolation_level=None)
    ) as other:
        other.execute("ALTER TABLE append_log RENAME TO away")
        try:
            page = await browser.go("/audit", Accept=HTML)
            twin = await browser.go("/audit", Accept="application/json")
        finally:
            other.execute("ALTER TABLE away RENAME TO append_log")
    assert page.status == twin.status == 503
    assert "Chưa lấy dữ liệu nào" in page.text
    assert page.exchange in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert twin.headers["Content-Type"] == "application/problem+json"


async def test_scripts_of_one_page_leave_no_name_to_each_other() -> None:
    static = Path(console.__file__).parent / "static"
    for script in static.glob("*.js"):
        text = script.read_text("utf-8")
        if re.search(r"^export ", text, re.MULTILINE):
            continue  # a module has names of its own
        assert not re.findall(r"^(?:const|let|class|function|async function) .*", text, re.MULTILINE), script
