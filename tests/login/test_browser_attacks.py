"""Attacks on a person's browser (T9, T10): state fixation, CSRF, session fixation, mix-up, lies of a provider."""

import asyncio
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from adapters.sandbox.identity_lies import Lie, LiePlace
from gateway.login.attempts import digest_of
from tests.login.browser import NATIONAL, VNEID, Browser, Landing, Town, town

pytestmark = pytest.mark.asyncio(loop_scope="session")

LINK = "/login/start?vnconnect=1&MaTTHCDP=1.004873"
SESSION, STAFF = "motlan-session", "motlan-staff"


def refusals(at: Town, landing: Landing) -> list[str]:
    return [
        one["notes"]["reason"] for one in at.records(landing.exchange) if one["result"] == "login_refused"
    ]


async def test_callback_of_an_attacker_signs_nobody_in_elsewhere(at: Town, browser: Browser) -> None:
    async with Browser(at) as attacker:
        back = await attacker.at_provider((await attacker.go(LINK)).location, "thu")
        # a victim without a login here, and one with its own under way
        landing = await browser.go(back)
        assert (landing.status, refusals(at, landing)) == (400, ["login_no_cookies"])
        await browser.go(LINK)
        landing = await browser.go(back)
        assert (landing.status, refusals(at, landing)) == (403, ["login_other_browser"])
        assert len(landing.buttons) == 1
        assert SESSION not in browser.cookies
        # the control passes, and once
        assert (await attacker.go(back)).status == 303
        landing = await browser.go(back)
        assert landing.status == 403
        assert SESSION not in browser.cookies


async def test_callback_of_an_attacker_does_not_replace_a_session(at: Town, browser: Browser) -> None:
    await browser.signed_in(LINK)
    before = browser.cookies[SESSION]
    async with Browser(at) as attacker:
        back = await attacker.at_provider((await attacker.go(LINK)).location, "thu")
    assert (await browser.go(back)).status == 403
    assert browser.cookies[SESSION] == before


async def proven_back(attacker: Browser, proof: str, start: str = LINK, account: str = "thu") -> str:
    """The callback of a login that an attacker began with a proof that he knows; he keeps it for a victim."""
    back = await attacker.at_provider((await attacker.go(start)).location, account)
    attacker.lose_cookies()
    (button,) = (await attacker.go(back)).buttons
    began = await attacker.go(f"{button}&proof={digest_of(proof)}")
    attacker.lose_cookies()
    return await attacker.at_provider(began.location, account)


def with_proof(back: str, proof: str) -> tuple[str, dict[str, str]]:
    """The form of the page of the proof, filled by an attacker."""
    address, _, query = back.partition("?")
    return address, dict(parse_qsl(query)) | {"proof": proof}


#: what browsers send with a form of another site, of a neighbour host, of a page that hides its origin
ELSEWHERE = [
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"},
    {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"}, {"Origin": "own", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, {},
]  # fmt: skip


@pytest.mark.parametrize("start", [LINK, "/login/start?staff=1"])
async def test_link_with_a_proof_of_an_attacker_signs_nobody_in(
    at: Town, browser: Browser, start: str
) -> None:
    account = "van.hanh" if "staff" in start else "thu"
    async with Browser(at) as attacker:
        back = await proven_back(attacker, "known", start, account)
        landing = await browser.go(f"{back}&proof=known", None, **{"Sec-Fetch-Site": "cross-site"})
        assert (landing.status, refusals(at, landing)) == (403, ["login_other_browser"])
        assert at.records(landing.exchange)[0]["notes"]["detail"] == "proof_elsewhere"
        assert (await browser.go(f"{back}&proof=known")).status == 403
        assert len(landing.buttons) == 1
        assert browser.cookies.keys().isdisjoint({SESSION, STAFF})
        # what was refused cost the login nothing: the tab that keeps the proof goes on
        address, form = with_proof(back, "known")
        assert (await attacker.go(address, form, Origin=at.house.url)).status in {200, 303}
        assert not attacker.cookies.keys().isdisjoint({SESSION, STAFF})
        # and its replay opens nothing elsewhere
        assert (await browser.go(f"{back}&proof=known")).status == 403
        await browser.go(address, form, Origin=at.house.url)
        assert browser.cookies.keys().isdisjoint({SESSION, STAFF})


@pytest.mark.parametrize("headers", ELSEWHERE)
async def test_form_of_another_site_with_a_proof_signs_nobody_in(
    at: Town, browser: Browser, headers: dict[str, str]
) -> None:
    async with Browser(at) as attacker:
        back = await proven_back(attacker, "known")
    address, form = with_proof(back, "known")
    words = {name: at.house.url if value == "own" else value for name, value in headers.items()}
    landing = await browser.go(address, form, **words)
    assert (landing.status, refusals(at, landing)) == (403, ["login_other_browser"])
    assert SESSION not in browser.cookies
    good = await browser.go(address, form, **{"Sec-Fetch-Site": "same-origin"})
    assert (good.status, SESSION in browser.cookies) == (200, True)
    (done,) = at.records(good.exchange)
    assert (done["result"], done["notes"]["bound"]) == ("login_done", "proof")


@pytest.mark.parametrize("held", ["login", "session", "staff"])
async def test_proof_counts_in_no_browser_that_holds_a_login_or_a_session_of_its_own(
    at: Town, browser: Browser, held: str
) -> None:
    async with Browser(at) as attacker:
        back = await proven_back(attacker, "known")
    start = "/login/start?staff=1&to=/audit" if held == "staff" else LINK
    began = await browser.go(start)
    if held != "login":
        await browser.go(await browser.at_provider(began.location, "kiem.toan" if held == "staff" else "mau"))
        browser.session.cookie_jar.clear(lambda one: one.key == "motlan-login")
    before = browser.cookies
    assert before
    address, form = with_proof(back, "known")
    landing = await browser.go(address, form, Origin=at.house.url)
    assert (landing.status, refusals(at, landing)) == (403, ["login_other_browser"])
    assert browser.cookies == before


async def test_link_of_another_site_gives_a_login_no_proof(at: Town, browser: Browser) -> None:
    """Else the callback of a victim, where it leaks, would count at the attacker's."""
    lost = await browser.at_provider((await browser.go(LINK)).location)
    browser.lose_cookies()
    (button,) = (await browser.go(lost)).buttons
    link = f"{button}&proof={digest_of('known')}"
    began = await browser.go(link, None, **{"Sec-Fetch-Site": "cross-site"})
    address, form = with_proof(await browser.at_provider(began.location), "known")
    async with Browser(at) as attacker:
        landing = await attacker.go(address, form, Origin=at.house.url)
        assert (landing.status, refusals(at, landing)) == (403, ["login_other_browser"])
    # the browser that began it goes on, by its cookie
    assert (await browser.go(f"{address}?{urlencode(form | {'proof': ''})}")).status == 303


async def test_record_of_a_login_says_that_its_cookie_bound_it(at: Town, browser: Browser) -> None:
    (done,) = at.records((await browser.signed_in(LINK)).exchange)
    assert (done["result"], done["notes"]["bound"]) == ("login_done", "cookie")


@pytest.mark.parametrize(
    "change",
    [{"state": ""}, {"state": "x"}, {"state": "a.b"}, {"state": None}, {"state": "swap"}, {"state": "x" * 9_00}],
)  # fmt: skip
async def test_state_that_this_gateway_did_not_make_is_refused(
    at: Town, browser: Browser, change: dict[str, str | None]
) -> None:
    back = await browser.at_provider((await browser.go(LINK)).location)
    address, _, query = back.partition("?")
    words = dict(parse_qsl(query))
    name, _, target = words["state"].partition(".")
    other = (await browser.go("/login/start?vnconnect=1&MaTTHCDP=1.001193")).location
    foreign = dict(parse_qsl(urlsplit(other).query))["state"].partition(".")[2]
    states = {"swap": f"{name}.{foreign}", "": f"{name}.", "x": target}
    state = change["state"]
    words |= {"state": states.get(state or "none", state or "")}
    if state is None:
        del words["state"]
    landing = await browser.go(f"{address}?{urlencode(words)}")
    assert (landing.status, refusals(at, landing)) == (400, ["login_unknown_state"])
    assert SESSION not in browser.cookies
    # what was refused cost the login nothing
    assert (await browser.go(back)).status == 303


async def test_answer_of_one_provider_at_the_door_of_another_is_a_mix_up(at: Town, browser: Browser) -> None:
    back = await browser.at_provider((await browser.go(LINK)).location)
    landing = await browser.go(back.replace(f"/callback/{NATIONAL}", f"/callback/{VNEID}"))
    assert (landing.status, refusals(at, landing)) == (403, ["login_forged"])
    assert (await browser.go(back.replace(NATIONAL, "nobody"))).status == 400


#: these delay, or cost the level: the contract of identity providers has them
_NO_LIES = {Lie.USERINFO_SLOW, Lie.NO_LEVEL, Lie.UNKNOWN_LEVEL, Lie.DUPLICATE_NUMBER, Lie.NUMBER_FORMAT}
_PLACES = {LiePlace.RESPONSE, LiePlace.ID_TOKEN, LiePlace.USERINFO}


@pytest.mark.parametrize("lie", [one for one in Lie if one.place in _PLACES and one not in _NO_LIES])
async def test_lie_of_a_provider_signs_nobody_else_in(at: Town, browser: Browser, lie: Lie) -> None:
    began = await browser.go(LINK)
    await browser.lie(lie)
    landing = await browser.go(await browser.at_provider(began.location))
    if landing.status == 303:  # a lie that another check makes harmless
        assert lie in {Lie.OTHER_ALGORITHM, Lie.ENCODED_TWICE}
        return
    assert landing.status in {400, 403, 410, 503}
    assert len(refusals(at, landing)) == 1
    assert len(landing.buttons) == 1
    assert SESSION not in browser.cookies
    assert "alert(" not in landing.text


async def test_cookie_that_was_planted_before_the_login_opens_nothing(at: Town, browser: Browser) -> None:
    async with Browser(at) as attacker:
        await attacker.signed_in(LINK, "thu")
        tokens = await attacker.redeem("system_one", await attacker.go(attacker.authorize("system_one")))
        planted = attacker.cookies[SESSION]
        browser.session.cookie_jar.update_cookies({SESSION: planted})
        began = await browser.go(browser.authorize("system_one", prompt="login"))
        landing = await browser.chosen(began)
        await browser.go(await browser.at_provider(landing.location))
        assert browser.cookies[SESSION] != planted
        # the other person's session in that browser ended, and nothing of it shows who came after
        assert (await attacker.userinfo(tokens["access_token"]))[0] == 401
        assert (await attacker.go("/login/sessions")).h1 == "Ông/bà chưa đăng nhập"
        assert "Trần Thị Mẫu" in (await browser.go("/login/sessions")).text


async def test_new_login_of_the_same_person_gives_a_new_secret_and_keeps_the_systems(
    at: Town, browser: Browser
) -> None:
    await browser.signed_in(LINK)
    tokens = await browser.redeem("system_one", await browser.go(browser.authorize("system_one")))
    before = browser.cookies[SESSION]
    landing = await browser.chosen(await browser.go(browser.authorize("system_two", prompt="login")))
    await browser.redeem("system_two", await browser.go(await browser.at_provider(landing.location)))
    assert browser.cookies[SESSION] != before
    async with Browser(at) as other:
        other.session.cookie_jar.update_cookies({SESSION: before})
        assert (await other.go("/login/sessions")).h1 == "Ông/bà chưa đăng nhập"
    assert (await browser.userinfo(tokens["access_token"]))[0] == 200


async def test_login_that_was_left_while_the_provider_was_slow_still_ends(browser: Browser) -> None:
    began = await browser.go(LINK)
    await browser.lie(Lie.TOKEN_SLOW)
    back = await browser.at_provider(began.location)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await browser.go(back)
    # the person chooses the account again
    back = await browser.at_provider(began.location)
    async with asyncio.timeout(20):
        while (landing := await browser.go(back)).h1 == "Đang chuyển…":
            await asyncio.sleep(0.2)
    assert "/system_one/login" in landing.location
    assert SESSION in browser.cookies


async def test_login_that_a_killed_process_had_claimed_still_ends(at: Town, browser: Browser) -> None:
    began = await browser.go(LINK)
    back = await browser.at_provider(began.location)
    assert at.gateway is not None
    assert at.gateway.app is not None
    services = at.gateway.app.services
    assert services.sign_in is not None
    attempts = services.sign_in.broker.attempts
    found = await attempts.find(dict(parse_qsl(urlsplit(began.location).query))["state"].partition(".")[0])
    assert found is not None
    assert await attempts.claim(found, services.clock.now().timestamp())
    assert (await browser.go(back)).h1 == "Đang chuyển…"
    at.clock.move(seconds=70)
    assert "/system_one/login" in (await browser.go(back)).location


@pytest.mark.parametrize("more", [{"prompt": "login"}, {"prompt": "select_account"}, {"max_age": "1"}])
async def test_silent_login_is_no_new_one_where_a_system_asks_for_it(
    at: Town, browser: Browser, more: dict[str, str]
) -> None:
    await browser.go(await browser.at_door((await browser.go(LINK)).location, "mau"))
    at.clock.move(seconds=5)
    asked = await browser.go(browser.authorize("system_one", **more))
    assert asked.h1 == "Chọn cách đăng nhập"
    # meanwhile the provider, which knows the browser, answers another login without the person
    async with Browser(at) as other:
        plain = next(one for one in (await other.go("/login/start")).buttons if NATIONAL in one)
    silent = await browser.at_door((await browser.go(plain)).location, "nobody")
    assert (await browser.go(silent)).status == 303
    back = await browser.go(asked.buttons[0].partition("&provider")[0])
    assert (back.status, back.h1) == (200, "Chọn cách đăng nhập")
    # the control: who signs in again passes
    again = await browser.chosen(back)
    assert "code=" in (await browser.go(await browser.at_door(again.location, "mau"))).location


@pytest.mark.parametrize("provider", [NATIONAL, VNEID])
@pytest.mark.parametrize("seconds", [5, 40])
async def test_authentication_before_the_login_is_no_new_one_in_a_browser_without_a_session(
    at: Town, browser: Browser, provider: str, seconds: int
) -> None:
    """As long before as clocks may differ; the person strips `prompt` from the address, or the provider ignores it."""
    link = LINK if provider == NATIONAL else LINK.replace("vnconnect=1", "vneid=1&MaTTHC=1.004873")
    await browser.move_providers(-seconds)
    await browser.at_door((await browser.go(link)).location, "mau")  # known there, and not here
    await browser.move_providers(0)
    asked = await browser.chosen(await browser.go(browser.authorize("system_one", prompt="login")), provider)
    assert "prompt=login" in asked.location
    silent = await browser.at_door(asked.location.replace("prompt=login", "x=y"), "nobody")
    landing = await browser.go(silent)
    assert (landing.status, "code=" in landing.location) == (410, False)
    assert refusals(at, landing) == ["login_expired"]
    # the button leads to the provider, who asks; the control passes
    again = await browser.go(landing.buttons[0])
    again = again if again.location else await browser.chosen(again, provider)
    assert "code=" in (await browser.go(await browser.at_door(again.location, "mau"))).location


@pytest.mark.parametrize("ahead", [-50, 50])
async def test_new_login_is_a_new_one_at_a_provider_whose_clock_is_wrong(
    browser: Browser, ahead: int
) -> None:
    await browser.move_providers(ahead)
    asked = await browser.chosen(await browser.go(browser.authorize("system_one", prompt="login")))
    assert "code=" in (await browser.go(await browser.at_door(asked.location, "mau"))).location


@pytest.mark.parametrize("address", ["/login/logout", "/login/sessions", "/login/consent", "/login/mandate"])
@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
     {"Sec-Fetch-Site": "same-site"}],
)  # fmt: skip
async def test_form_of_another_site_changes_nothing(
    at: Town, browser: Browser, address: str, headers: dict[str, str]
) -> None:
    await browser.signed_in(LINK)
    own = (await browser.go("/login/sessions")).hidden("sessions")
    session = own["session"]
    forms: dict[str, dict[str, str]] = {
        "/login/logout": {"csrf": "guess"}, "/login/sessions": {"csrf": "guess", "session": session},
        "/login/consent": {"ticket": "guess", "answer": "yes"}, "/login/mandate": {"ticket": "guess", "kind": "self"},
    }  # fmt: skip
    form = forms[address] | ({"csrf": own["csrf"]} if headers and "csrf" in forms[address] else {})
    landing = await browser.go(address, form, **headers)
    assert landing.status in {403, 410}
    if landing.status == 403:
        (record,) = at.records(landing.exchange)
        words = {
            "reason": "login_forged",
            "detail": "cross_site" if headers else "csrf",
            "provider": NATIONAL,
        }
        assert (record["result"], record["notes"]) == ("login_refused", words)
        assert record["subjects"]["owner"]
    assert "Các phiên" in (await browser.go("/login/sessions")).h1


@pytest.mark.parametrize(
    "to",
    ["https://evil.example/", "//evil.example", "x", "", "AAAA" * 40, "%00", "../", "javascript:alert(1)"],
)
async def test_address_in_a_link_leads_nowhere(browser: Browser, to: str) -> None:
    for path in ("/login/again?to=", "/login/logged-out?state=", "/login/start?to="):
        landing = await browser.go(path + to)
        assert "evil" not in landing.location + landing.text
        assert "javascript" not in landing.location + landing.text


async def test_pages_cannot_be_framed_kept_or_run_foreign_scripts(browser: Browser) -> None:
    await browser.signed_in(LINK)
    for address in ("/login/sessions", "/login/logout", "/login/logged-out", "/login/again?to=x"):
        landing = await browser.go(address)
        policy = dict(one.split(" ", 1) for one in landing.headers["Content-Security-Policy"].split("; "))
        kept_out = {policy.pop(name) for name in ("default-src", "base-uri", "frame-ancestors")}
        assert kept_out == {"'none'"}
        assert {"script-src", "style-src"} <= policy.keys()
        assert set(policy.values()) == {"'self'"}
        assert landing.headers["X-Frame-Options"] == "DENY"
        assert landing.headers["Cache-Control"] == "no-store"
        assert landing.headers["Referrer-Policy"] == "same-origin"
        assert "<script>" not in landing.text
        assert " style=" not in landing.text
        assert " on" not in landing.text.partition("<main")[2].partition("</main>")[0].replace(" on the", "")


async def test_cookies_are_bound_to_the_host_where_the_gateway_speaks_https(browser: Browser) -> None:
    landing = await browser.go(LINK)
    cookie = landing.headers["Set-Cookie"]
    assert cookie.startswith("motlan-login=")
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Lax")
    assert landing.headers["Referrer-Policy"] == "no-referrer"


async def test_hostile_name_is_shown_and_runs_nothing(browser: Browser) -> None:
    landing = await browser.signed_in(LINK, "hostile")
    if landing.status == 303:
        landing = await browser.go("/login/sessions")
    assert "<script>alert" not in landing.text
    assert "\u202e" not in landing.text


async def test_flood_of_one_address_stores_and_records_nothing_more(tmp_path: Path) -> None:
    async with town(tmp_path, {"gateway.logins.per_address": "5/hour"}) as at, Browser(at) as one:
        landings = [await one.go("/login/again?to=x") for _ in range(8)]
        assert [landing.status for landing in landings] == [400] * 5 + [429] * 3
        assert int(landings[-1].headers["Retry-After"]) <= 3_600
        assert len(landings[-1].buttons) == 1
        assert len(at.records()) == 5
        # nor do forms of other sites
        assert (await one.go("/login/logout", {"csrf": "x"}, Origin="https://evil.example")).status == 429
        assert len(at.records()) == 5
        # who is signed in goes on
        assert (await one.go("/login/sessions")).status == 200
