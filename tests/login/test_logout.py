"""Sign-out, both ways: at this gateway, at its systems, at the provider; the list of sessions."""

import asyncio
import base64
import html
import re
import time
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson
import pytest
from aiohttp import encode_basic_auth as basic_auth
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key

from gateway.jose import jws
from tests.flows.conftest import ROOT
from tests.login.browser import NATIONAL, VNEID, Browser, Landing, Town, town

pytestmark = pytest.mark.asyncio(loop_scope="session")

LINK = "/login/start?vnconnect=1&MaTTHCDP=1.004873"
SESSION = "motlan-session"
STAYS = "tài khoản vẫn đăng nhập tại hệ thống định danh trên thiết bị đó"
NOBODY, DONE = "Ông/bà chưa đăng nhập", "Đã đăng xuất"


async def entered(browser: Browser, system: str) -> dict[str, str]:
    """A system has a token of the browser's session."""
    found: dict[str, str] = await browser.redeem(system, await browser.go(browser.authorize(system)))
    return found


async def came(at: Town, system: str, count: int, since: int = 0) -> list[dict[str, object]]:
    """The logout tokens that a system got."""
    async with asyncio.timeout(20):
        while True:
            found = [token for name, token in at.systems.logout_tokens[since:] if name == system]
            if len(found) >= count:
                return [jws.json_object(jws.decoded(one.split(".")[1])) for one in found]
            await asyncio.sleep(0.02)


async def over_provider(browser: Browser, url: str) -> str:
    """From the sign-out page of the provider back to the address that it was asked to send the browser to."""
    landing = await browser.go(url)
    return landing.location or landing.buttons[0]


def bye(at: Town, system: str = "system_one") -> str:
    return f"http://127.0.0.1:{at.systems.port}/{system}/bye"


def is_on_the_way_out(landing: Landing) -> bool:
    """To the provider's own sign-out."""
    return landing.status == 303 and "/identity/national/oidc/logout?" in landing.location


async def test_system_signs_its_person_out_everywhere_and_gets_the_browser_back(
    at: Town, browser: Browser
) -> None:
    await browser.signed_in(LINK)
    tokens = [await entered(browser, one) for one in ("system_one", "system_two")]
    before = len(at.systems.logout_tokens)
    words = {"id_token_hint": tokens[0]["id_token"], "post_logout_redirect_uri": bye(at), "state": "s&1"}
    landing = await browser.go(f"/oauth2/logout?{urlencode(words)}")
    assert is_on_the_way_out(landing)
    assert SESSION not in browser.cookies
    # every system hears of it, each in its own words
    told = [(await came(at, one, 1, before))[0] for one in ("system_one", "system_two")]
    assert [one["aud"] for one in told] == ["client-system_one", "client-system_two"]
    assert told[0]["sid"] == jws.json_object(jws.decoded(tokens[0]["id_token"].split(".")[1]))["sid"]
    assert told[0]["sid"] != told[1]["sid"]
    # and its tokens are dead
    for one in tokens:
        assert (await browser.userinfo(one["access_token"]))[0] == 401
    # the provider sends the browser back here, and here to the system that asked
    query = dict(parse_qsl(urlsplit(landing.location).query))
    assert query["post_logout_redirect_uri"] == f"{at.house.url}/login/logged-out"
    assert query["id_token_hint"]
    landing = await browser.go(f"/login/logged-out?{urlencode({'state': query['state']})}")
    assert landing.location == f"{bye(at)}?state=s%261"
    assert (await browser.go("/login/sessions")).h1 == NOBODY


async def test_without_an_id_token_of_this_session_the_person_is_asked(at: Town, browser: Browser) -> None:
    async with Browser(at) as other:
        await other.signed_in(LINK, "thu")
        foreign = (await entered(other, "system_one"))["id_token"]
    await browser.signed_in(LINK)
    own = (await entered(browser, "system_one"))["id_token"]
    for hint in ("", "x.y.z", foreign, own[:-2], own.rpartition(".")[0] + "."):
        landing = await browser.go(f"/oauth2/logout?{urlencode({'id_token_hint': hint})}")
        assert (landing.status, landing.h1) == (200, "Ông/bà muốn đăng xuất?")
        assert SESSION in browser.cookies
    wrong = await browser.go("/login/logout", {**landing.hidden("logout"), "csrf": "x"})
    assert (wrong.status, wrong.h1) == (403, "Ông/bà muốn đăng xuất?")
    landing = await browser.go("/login/logout", wrong.hidden("logout"))
    assert landing.h1 == "Đang chuyển…"
    assert "/identity/national/oidc/logout?" in landing.buttons[0]
    assert SESSION not in browser.cookies


async def test_system_with_its_id_token_learns_nothing_that_joins_what_systems_know(
    at: Town, browser: Browser
) -> None:
    await browser.signed_in(LINK)
    tokens = await entered(browser, "system_one")
    async with Browser(at) as system:
        words = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": bye(at)}
        landing = await system.go(f"/oauth2/logout?{urlencode(words)}")
    assert is_on_the_way_out(landing)
    query = dict(parse_qsl(urlsplit(landing.location).query))
    assert set(query) == {"client_id", "post_logout_redirect_uri", "state"}
    # it ended its person's session all the same
    assert (await browser.userinfo(tokens["access_token"]))[0] == 401


@pytest.mark.parametrize(
    "to",
    ["https://evil.example/", "{bye}/", "{bye}?x=1", "{other}", "//evil.example", "javascript:alert(1)", ""],
)
async def test_browser_is_sent_to_registered_addresses_only(at: Town, browser: Browser, to: str) -> None:
    await browser.signed_in(LINK)
    token = (await entered(browser, "system_one"))["id_token"]
    there = to.format(bye=bye(at), other=bye(at, "system_two"))
    words = {"id_token_hint": token, "post_logout_redirect_uri": there, "state": "s"}
    landing = await browser.go(f"/oauth2/logout?{urlencode(words)}")
    state = dict(parse_qsl(urlsplit(landing.location).query)).get("state", "")
    landing = await browser.go(f"/login/logged-out?{urlencode({'state': state})}")
    assert (landing.status, landing.h1, landing.location) == (200, DONE, "")


async def test_form_of_a_system_signs_out_without_the_token_in_an_address(at: Town, browser: Browser) -> None:
    await browser.signed_in(LINK)
    token = (await entered(browser, "system_one"))["id_token"]
    form = {"id_token_hint": token, "post_logout_redirect_uri": bye(at)}
    cookies = browser.cookies
    browser.lose_cookies()  # of another site's form no SameSite cookie comes along
    landing = await browser.go("/oauth2/logout", form)
    assert landing.status == 200
    assert landing.hidden("/oauth2/logout") == {**form, "again": "1"}
    browser.session.cookie_jar.update_cookies(cookies)
    landing = await browser.go("/oauth2/logout", landing.hidden("/oauth2/logout"))
    assert landing.h1 == "Đang chuyển…"
    assert (await browser.go("/login/sessions")).h1 == NOBODY


async def test_system_that_does_not_answer_is_told_again(at: Town, browser: Browser) -> None:
    await browser.signed_in(LINK)
    token = (await entered(browser, "system_two"))["id_token"]
    before = len(at.systems.logout_tokens)
    at.systems.statuses.append(503)
    landing = await browser.go(f"/oauth2/logout?{urlencode({'id_token_hint': token})}")
    told = await came(at, "system_two", 2, before)
    assert told[0]["jti"] != told[1]["jti"]
    async with asyncio.timeout(60):
        while len(found := at.records(landing.exchange)) < 2:
            await asyncio.sleep(0.05)
    assert [(one["result"], one["requester"]) for one in found] == [
        ("logout", ""),
        ("logout_notified", "system_two"),
    ]


async def test_system_that_refuses_is_told_once_and_that_is_recorded(at: Town, browser: Browser) -> None:
    await browser.signed_in(LINK)
    token = (await entered(browser, "system_two"))["id_token"]
    at.systems.statuses.append(400)
    landing = await browser.go(f"/oauth2/logout?{urlencode({'id_token_hint': token})}")
    async with asyncio.timeout(60):
        while len(found := at.records(landing.exchange)) < 2:
            await asyncio.sleep(0.05)
    assert found[1]["result"] == "logout_not_notified"


async def provider_signs_out(at: Town, account: str = "mau") -> dict[str, object]:
    order = {"provider": "national", "account": account}
    async with at.house.session.post(f"{at.house.control}/identity/sign_out", json=order) as answer:
        said: dict[str, object] = await answer.json()
        assert answer.status == 200, said
        return said


async def test_sign_out_at_the_provider_signs_out_here_and_at_the_systems(at: Town, browser: Browser) -> None:
    await browser.signed_in(LINK, "quan")
    tokens = await entered(browser, "system_one")
    before = len(at.systems.logout_tokens)
    await provider_signs_out(at, "quan")
    assert (await browser.go("/login/sessions")).h1 == NOBODY
    assert (await browser.userinfo(tokens["access_token"]))[0] == 401
    assert await came(at, "system_one", 1, before)
    ended = [one for one in at.records() if one["result"] == "session_ended"][-1]
    assert ended["notes"]["reason"] == "provider"


@pytest.mark.parametrize(
    "lie",
    [
        "logout_nonce", "logout_no_events", "logout_wrong_aud", "logout_expired", "logout_other_key",
        "logout_alg_none", "logout_nobody", "id_token_as_logout_token",
    ],
)  # fmt: skip
async def test_forged_logout_token_ends_nothing(at: Town, browser: Browser, lie: str) -> None:
    await browser.signed_in(LINK, "thu")
    await browser.lie(lie, times=100)
    at.clock.move(minutes=1)  # records of refused messages are bounded by the minute
    await provider_signs_out(at, "thu")
    assert (await browser.go("/login/sessions")).h1 == "Các phiên đăng nhập của ông/bà"
    assert at.records()[-1]["result"] == "login_refused"


async def test_logout_token_counts_once(at: Town, browser: Browser) -> None:
    await browser.signed_in(LINK, "guardian")
    page = await browser.go("/login/logout")
    leaving = await browser.go("/login/logout", page.hidden("logout"))
    hint = dict(parse_qsl(urlsplit(leaving.buttons[0]).query))["id_token_hint"]
    header, claims = (jws.json_object(jws.decoded(one)) for one in hint.split(".")[:2])
    now = int(time.time())
    said = {
        "iss": claims["iss"], "aud": "motlan", "sub": claims["sub"], "iat": now, "exp": now + 120, "jti": "once",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }  # fmt: skip
    token = signed_by_provider({"alg": "RS256", "typ": "logout+jwt", "kid": header["kid"]}, said)
    url = f"{at.house.url}/login/backchannel-logout/{NATIONAL}"
    for status, is_left in ((200, False), (400, True)):
        await browser.signed_in(LINK, "guardian")
        async with at.house.session.post(url, data={"logout_token": token}) as answer:
            assert answer.status == status
        assert ((await browser.go("/login/sessions")).h1 != NOBODY) is is_left


def signed_by_provider(header: dict[str, str], claims: dict[str, object]) -> str:
    """By the published key of the simulated national portal."""
    text = (ROOT / "config/sandbox/identity.yaml").read_text("utf-8")
    found = re.search(r"national: (\S+)", text)
    assert found is not None
    key = load_der_private_key(base64.b64decode(found[1]), None)
    assert isinstance(key, RSAPrivateKey)
    body = f"{jws.encoded(orjson.dumps(header))}.{jws.encoded(orjson.dumps(claims))}"
    return f"{body}.{jws.encoded(key.sign(body.encode(), PKCS1v15(), SHA256()))}"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "e30.e30.", "=" * 5_000])
async def test_logout_token_of_nobody_is_refused(at: Town, token: str) -> None:
    at.clock.move(minutes=1)  # records of refused messages are bounded by the minute
    url = f"{at.house.url}/login/backchannel-logout/{NATIONAL}"
    async with at.house.session.post(url, data={"logout_token": token}) as answer:
        assert answer.status == 400
        assert await answer.json() == {"error": "invalid_request"}
        exchange = answer.headers["X-Exchange-Id"]
    assert [one["notes"]["provider"] for one in at.records(exchange)] == [NATIONAL]
    async with at.house.session.post(url.replace(NATIONAL, "nobody"), data={"logout_token": token}) as answer:
        assert answer.status == 400


async def test_frame_of_the_provider_ends_the_session_that_it_names(at: Town, browser: Browser) -> None:
    await browser.signed_in(LINK, "director")
    landing = await browser.go("/login/frontchannel-logout/national_portal?iss=https://evil.example&sid=x")
    assert landing.status == 400
    assert at.records(landing.exchange)[0]["notes"]["detail"] == "frame"
    assert "frame-ancestors 'none'" in landing.headers["Content-Security-Policy"]
    for sid in ("x", "", "*"):
        await browser.go(f"/login/frontchannel-logout/national_portal?iss={at.house.control}&sid={sid}")
    assert (await browser.go("/login/sessions")).h1 == "Các phiên đăng nhập của ông/bà"


async def test_frame_in_the_page_of_the_provider_signs_out_here_and_at_the_system(
    at: Town, browser: Browser
) -> None:
    came_back = await browser.at_door((await browser.go(LINK)).location, "quan")
    await browser.go(came_back)
    tokens = await entered(browser, "system_one")
    before = len(at.systems.logout_tokens)
    await browser.lie("logout_expired")  # so that the frame alone signs out
    page = await browser.go(
        f"{at.house.control.removesuffix('/__sandbox')}/identity/national/oidc/logout", {}
    )
    (frame,) = (html.unescape(one) for one in re.findall(r'<iframe[^>]*src="([^"]*)"', page.text))
    assert (await browser.go("/login/sessions")).h1 != NOBODY
    async with Browser(at) as framed:  # no SameSite cookie comes along
        shown = await framed.go(frame)
    assert (shown.status, shown.text) == (200, "")
    issuer = urlsplit(page.url)
    assert f"frame-ancestors {issuer.scheme}://{issuer.netloc}" in shown.headers["Content-Security-Policy"]
    assert (await browser.go("/login/sessions")).h1 == NOBODY
    assert (await browser.userinfo(tokens["access_token"]))[0] == 401
    assert await came(at, "system_one", 1, before)
    (ended,) = [one for one in at.records(shown.exchange) if one["result"] == "session_ended"]
    assert ended["notes"]["reason"] == "provider"
    # shown again, the frame ends nothing more
    assert (await browser.go(frame)).status == 200
    assert [one for one in at.records() if one["result"] == "session_ended"][-1] == ended


async def test_person_sees_the_sessions_of_their_account_and_ends_one(at: Town, browser: Browser) -> None:
    async with Browser(at) as phone, Browser(at) as other:
        await other.signed_in(LINK, "thu")
        await phone.signed_in(LINK, "business_thin")
        tokens = await entered(phone, "system_two")
        await browser.signed_in(LINK, "business_thin")
        page = await browser.go("/login/sessions")
        assert page.text.count('action="/login/sessions"') == 2
        assert "Hệ thống &lt;system_two&gt;" in page.text
        assert "mức độ 2" in page.text
        forms = page.text.split("<li>")[1:]
        far = next(one for one in forms if "Trình duyệt này" not in one)
        form = Landing(200, "", "", far, {}).hidden("sessions")
        # not by another person
        foreign = (await other.go("/login/sessions")).hidden("sessions")
        await other.go("/login/sessions", {**form, "csrf": foreign["csrf"]})
        assert (await phone.go("/login/sessions")).h1 != NOBODY
        assert STAYS in page.text
        page = await browser.go("/login/sessions", form)
        assert page.text.count('action="/login/sessions"') == 1
        assert "Đã kết thúc phiên từ" in page.text
        assert page.text.count(STAYS) == 1, "said of the session that ended; no other browser is left"
        again = await browser.go("/login/sessions", form)
        assert "Đã kết thúc phiên từ" not in again.text
        assert (await phone.go("/login/sessions")).h1 == NOBODY
        assert (await browser.userinfo(tokens["access_token"]))[0] == 401
        # while one is left, the page of sign-out does not say that none is
        assert (await browser.go("/login/logged-out")).h1 == page.h1
        # the own one: on to the provider, and back
        landing = await browser.go("/login/sessions", page.hidden("sessions"))
        assert landing.h1 == "Đang chuyển…"
        landing = await browser.go(await over_provider(browser, landing.buttons[0]))
        assert (landing.status, landing.h1) == (200, DONE)
        assert (await browser.go("/login/sessions")).h1 == NOBODY


async def test_person_sees_and_ends_sessions_of_both_providers_and_nobody_elses(tmp_path: Path) -> None:
    async with town(tmp_path) as at, Browser(at) as browser, Browser(at) as phone, Browser(at) as other:
        await other.signed_in(LINK, "thu")
        await phone.signed_in("/login/start?vneid=1", "director_wife", VNEID)
        tokens = await entered(phone, "system_two")
        await browser.signed_in(LINK, "director_wife")
        page = await browser.go("/login/sessions")
        rows = page.text.split("<li>")[1:]
        assert len(rows) == 2
        (far,) = [one for one in rows if "Trình duyệt này" not in one]
        (near,) = [one for one in rows if "Trình duyệt này" in one]
        assert ("VNeID" in far, "Cổng Dịch vụ công Quốc gia" in near) == (True, True)
        # a screen reader reads each button alone
        (first, second) = re.findall(r'<button [^>]*aria-label="(Kết thúc phiên[^"]*)"', page.text)
        assert "trình duyệt này" in first
        assert ("VNeID" in second, "trình duyệt này" in second) == (True, False)
        assert re.search(r"[0-9]{2}:[0-9]{2}:[0-9]{2}, ", second)
        page = await browser.go("/login/sessions", Landing(200, "", "", far, {}).hidden("sessions"))
        assert page.text.count('action="/login/sessions"') == 1
        assert (await phone.go("/login/sessions")).h1 == NOBODY
        assert (await browser.userinfo(tokens["access_token"]))[0] == 401
        # a session of somebody else, whose id was guessed, stays
        foreign = (await other.go("/login/sessions")).hidden("sessions")
        form = {**page.hidden("sessions"), "session": foreign["session"]}
        assert (await browser.go("/login/sessions", form)).text.count('action="/login/sessions"') == 1
        assert (await other.go("/login/sessions")).h1 != NOBODY


async def test_colleagues_at_one_company_do_not_see_each_others_sessions(tmp_path: Path) -> None:
    async with town(tmp_path) as at, Browser(at) as browser, Browser(at) as phone, Browser(at) as colleague:
        await colleague.signed_in(LINK, "accountant")
        await phone.signed_in("/login/start?vneid=1", "business", VNEID)
        await browser.signed_in(LINK, "business")
        page = await browser.go("/login/sessions")
        assert page.text.count('action="/login/sessions"') == 2
        assert "VNeID" in page.text
        page = await colleague.go("/login/sessions")
        assert page.text.count('action="/login/sessions"') == 1


async def test_session_ends_after_half_an_hour_without_use(at: Town, browser: Browser) -> None:
    await browser.signed_in(LINK)
    at.clock.move(minutes=29)
    assert (await browser.go("/login/sessions")).h1 != NOBODY
    at.clock.move(minutes=29)
    assert (await browser.go("/login/sessions")).h1 != NOBODY
    at.clock.move(minutes=31)
    assert (await browser.go("/login/sessions")).h1 == NOBODY


async def test_system_keeps_a_session_alive_by_the_browser_and_not_by_refreshing(tmp_path: Path) -> None:
    """A refresh comes without the person; `prompt=none` is a visit of the browser, without a page."""
    async with town(tmp_path, refresh="true") as at, Browser(at) as browser:
        await browser.signed_in(LINK)
        tokens = await entered(browser, "system_one")
        for _ in range(3):
            at.clock.move(minutes=20)
            assert "code=" in (await browser.go(browser.authorize("system_one", prompt="none"))).location
        for is_alive in (True, False):
            at.clock.move(minutes=20)
            form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
            headers = {"Authorization": basic_auth("client-system_one", "sandbox-only-system_one")}
            async with at.house.session.post(
                f"{at.house.url}/oauth2/token", data=form, headers=headers
            ) as said:
                assert (said.status == 200) is is_alive
                tokens = await said.json()
        assert tokens["error"] == "invalid_grant"
        assert (await browser.go("/login/sessions")).h1 == NOBODY


async def test_person_of_vneid_signs_out_too(browser: Browser) -> None:
    await browser.signed_in("/login/start?vneid=1", provider=VNEID)
    landing = await browser.go("/login/logout")
    landing = await browser.go("/login/logout", landing.hidden("logout"))
    assert landing.status in {200, 303}
    assert (await browser.go("/login/sessions")).h1 == NOBODY


async def test_another_account_of_the_same_company_ends_the_session_of_the_former_one(
    at: Town, browser: Browser
) -> None:
    landing = await browser.signed_in(browser.authorize("system_one"), "business")
    tokens = await browser.redeem("system_one", landing)
    status, former = await browser.userinfo(tokens["access_token"])
    assert (status, former["name"]) == (200, "Nguyễn Đức Thành")
    landing = await browser.signed_in(browser.authorize("system_one", prompt="login"), "accountant")
    status, _ = await browser.userinfo(tokens["access_token"])
    assert status == 401
    ended = [one for one in at.records(landing.exchange) if one["result"] == "session_ended"]
    assert [one["notes"]["reason"] for one in ended] == ["replaced"]
    tokens = await browser.redeem("system_one", landing)
    status, mine = await browser.userinfo(tokens["access_token"])
    assert (status, mine["name"] != former["name"]) == (200, True)
    # the same account again: its session goes on
    await browser.signed_in(browser.authorize("system_one", prompt="login"), "accountant")
    assert (await browser.userinfo(tokens["access_token"]))[0] == 200


async def test_login_at_the_other_provider_is_a_session_of_its_own(at: Town, browser: Browser) -> None:
    landing = await browser.signed_in(browser.authorize("system_one"), "director_wife")
    tokens = await browser.redeem("system_one", landing)
    landing = await browser.signed_in(browser.authorize("system_one", prompt="login"), "director_wife", VNEID)
    ended = [one for one in at.records(landing.exchange) if one["result"] == "session_ended"]
    assert [(one["notes"]["provider"], one["notes"]["reason"]) for one in ended] == [(NATIONAL, "replaced")]
    assert (await browser.userinfo(tokens["access_token"]))[0] == 401
