"""What a browser sees of a request that cannot be answered, and what a client finds by discovery."""

from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import encode_basic_auth

from tests.login.browser import VNEID, Browser, town

CHOICE = "Chọn cách đăng nhập"
ACCEPT = "text/html,application/xhtml+xml"


async def test_browser_with_a_request_that_cannot_be_answered_gets_a_page_with_one_button_that_works(
    tmp_path: Path,
) -> None:
    async with town(tmp_path) as at, Browser(at) as browser:
        wrong = browser.authorize("system_one", redirect_uri="https://evil.example/")
        landing = await browser.go(wrong, Accept=ACCEPT)
        assert (landing.status, landing.h1) == (400, "Yêu cầu đăng nhập của hệ thống không dùng được")
        assert landing.buttons == [
            f"http://127.0.0.1:{at.systems.port}/system_one/login?{urlencode({'iss': at.house.url})}"
        ]
        assert "evil" not in landing.text
        assert "frame-ancestors 'none'" in landing.headers["Content-Security-Policy"]
        unknown = await browser.go(browser.authorize("nobody"), Accept=ACCEPT)
        assert (unknown.status, unknown.buttons) == (400, ["/"])
        assert unknown.h1 == "Hệ thống này không đăng nhập được ở đây"
        assert (await browser.go("/", Accept=ACCEPT)).status == 200
        # a program gets a problem, with the detail that its engineer needs
        problem = await browser.go(wrong)
        assert (problem.status, problem.headers["Content-Type"]) == (400, "application/problem+json")
        assert "redirect_uri" in problem.text
        reasons = [one["notes"]["reason"] for one in at.records()]
        assert reasons == ["not_answerable", "client_unknown", "not_answerable"]


async def test_error_that_goes_back_as_a_form_is_the_page_that_an_answer_is(tmp_path: Path) -> None:
    async with town(tmp_path) as at, Browser(at) as browser:
        wrong = await browser.go(browser.authorize("system_one", response_mode="form_post", prompt="every"))
        unasked = await browser.go(browser.authorize("system_one", response_mode="form_post", prompt="none"))
        for page, error in ((wrong, "invalid_request"), (unasked, "login_required")):
            assert (page.status, page.h1) == (200, "Đang chuyển…")
            assert page.hidden("/system_one/callback")["error"] == error
            assert "Môi trường thử nghiệm" in page.text
        policies = [one.headers["Content-Security-Policy"] for one in (wrong, unasked)]
        assert policies[0] == policies[1]


async def test_reload_of_a_used_pushed_request_leads_back_to_its_system(tmp_path: Path) -> None:
    async with town(tmp_path) as at, Browser(at) as browser:
        uri = "urn:ietf:params:oauth:request_uri:used"
        landing = await browser.go(
            f"/oauth2/authorize?client_id=client-system_one&request_uri={uri}", Accept=ACCEPT
        )
        assert landing.status == 400
        assert landing.buttons[0].startswith(f"http://127.0.0.1:{at.systems.port}/system_one/login?")


async def test_page_of_choice_after_a_pushed_request_has_an_address_for_reload_and_back(
    tmp_path: Path,
) -> None:
    async with town(tmp_path) as at, Browser(at) as browser:
        asked = browser.authorize("system_one", procedure="1.004222")
        headers = {"Authorization": encode_basic_auth("client-system_one", "sandbox-only-system_one")}
        form = dict(parse_qsl(urlsplit(asked).query))
        async with browser.session.post(f"{at.house.url}/oauth2/par", data=form, headers=headers) as said:
            uri = (await said.json())["request_uri"]
        words = urlencode({"client_id": "client-system_one", "request_uri": uri})
        page = await browser.go(f"/oauth2/authorize?{words}", Accept=ACCEPT)
        assert (page.status, page.h1) == (200, CHOICE)
        assert (await browser.go(page.url, Accept=ACCEPT)).h1 == CHOICE
        await browser.chosen(page)
        back = await browser.go(page.url, Accept=ACCEPT)
        assert back.h1 == CHOICE
        chosen = await browser.chosen(back, VNEID)
        landing = await browser.go(await browser.at_provider(chosen.location))
        await browser.redeem("system_one", landing)
        # once it is answered, the page leads to the system with the procedure, and makes no second code
        over = await browser.go(page.url, Accept=ACCEPT)
        assert over.location.startswith(f"http://127.0.0.1:{at.systems.port}/system_one/login?")
        assert "procedure=1.004222" in over.location


async def test_keys_and_the_way_to_sign_out_stand_in_the_discovery(tmp_path: Path) -> None:
    async with town(tmp_path) as at, Browser(at) as browser:
        async with browser.session.get(f"{at.house.url}/.well-known/openid-configuration") as answer:
            found = await answer.json()
        assert found["end_session_endpoint"] == f"{at.house.url}/oauth2/logout"
        assert found["backchannel_logout_supported"] is True
        async with browser.session.get(found["jwks_uri"]) as answer:
            keys = (await answer.json())["keys"]
        assert {"RS256", "ES256", "EdDSA"} <= {one["alg"] for one in keys}
