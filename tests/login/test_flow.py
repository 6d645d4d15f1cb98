"""People sign in at the real door: deep link, provider, callback, session, code."""

import json
import tracemalloc
from urllib.parse import parse_qsl, urlsplit

import pytest

from adapters.stores.sessions import MemorySessions
from tests.login.browser import NATIONAL, VNEID, Browser, Town

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_deep_link_leads_to_the_provider_and_back_to_the_system(at: Town, browser: Browser) -> None:
    codes = "MaTTHCDP=1.004873.000.00.00.H31&MaCoQuanThucHien=000.00.14.H31&MaDVC=1.004873.01"
    landing = await browser.signed_in(f"/login/start?vnconnect=1&{codes}")
    assert landing.status == 303
    there, query = landing.location.partition("?")[0], dict(parse_qsl(urlsplit(landing.location).query))
    assert there == f"http://127.0.0.1:{at.systems.port}/system_one/login"
    assert query == {
        "iss": at.house.url, "procedure": "1.004873", "agency": "000.00.14.H31", "service": "1.004873.01",
    }  # fmt: skip
    # the system begins its own request, and the person notices nothing
    landing = await browser.go(browser.authorize("system_one"))
    assert landing.status == 303
    tokens = await browser.redeem("system_one", landing)
    _, claims = await browser.userinfo(tokens["access_token"])
    mau = at.house.subject("facts_example")
    assert (claims["personal_id"], claims["name"]) == (mau["personal_id"], mau["full_name"])
    assert tokens["login"].startswith("lg_")


@pytest.mark.parametrize("provider", [NATIONAL, VNEID])
async def test_system_sends_its_person_to_choose_a_provider_and_gets_a_code(
    at: Town, browser: Browser, provider: str
) -> None:
    landing = await browser.go(browser.authorize("system_one"))
    assert (landing.status, landing.h1, len(landing.buttons)) == (200, "Chọn cách đăng nhập", 2)
    landing = await browser.signed_in(browser.authorize("system_one"), provider=provider)
    assert landing.status == 303
    assert landing.location.startswith(f"http://127.0.0.1:{at.systems.port}/system_one/callback?code=")
    await browser.redeem("system_one", landing)
    # one login serves all systems
    await browser.redeem("system_two", await browser.go(browser.authorize("system_two")))


async def test_login_is_recorded_without_number_and_name(at: Town, browser: Browser) -> None:
    landing = await browser.signed_in("/login/start?vneid=1&MaTTHC=1.004873", provider=VNEID)
    (login,) = at.records(landing.exchange)
    assert (login["result"], login["procedure"]) == ("login_done", "1.004873")
    assert login["notes"] == {"provider": VNEID, "level": 2, "bound": "cookie"}
    code = await browser.go(browser.authorize("system_one"))
    (issued,) = at.records(code.exchange)
    assert (issued["result"], issued["requester"]) == ("code_issued", "system_one")
    mau, written = at.house.subject("facts_example"), json.dumps([login, issued], ensure_ascii=False)
    assert not any(one in written for one in mau.values())


async def test_link_without_a_flag_opens_the_form_and_a_known_person_goes_straight_on(
    at: Town, browser: Browser
) -> None:
    landing = await browser.go("/login/start?MaTTHCDP=1.004873")
    assert landing.location.startswith(f"http://127.0.0.1:{at.systems.port}/system_one/login?")
    await browser.signed_in("/login/start?vnconnect=1")
    landing = await browser.go("/login/start")
    assert landing.location.startswith(f"http://127.0.0.1:{at.systems.port}/system_one/login?")


@pytest.mark.parametrize(
    "codes",
    [
        "MaTTHCDP=9.999999", "MaTTHCDP=https://evil.example/", "MaTTHCDP=1.004873%0d%0aSet-Cookie:%20a=b",
        "MaTTHCDP=1.004873&MaTTHCDP=1.001193", "MaCoQuanThucHien=033194628150", "MaDVC=1.004873.01",
        "MaTTHCDP=1.004873&MaDVC=1.004873.033.194.628.150", "redirect_uri=https://evil.example/&iss=x",
        "next=//evil.example", "MaTTHCDP=１.004873",
    ],
)  # fmt: skip
async def test_code_that_the_catalogue_does_not_know_is_dropped(
    at: Town, browser: Browser, codes: str
) -> None:
    landing = await browser.signed_in(f"/login/start?vnconnect=1&{codes}")
    assert landing.location.startswith(f"http://127.0.0.1:{at.systems.port}/system_one/login?")
    query = dict(parse_qsl(urlsplit(landing.location).query))
    assert query in ({"iss": at.house.url}, {"iss": at.house.url, "procedure": "1.004873"})
    assert not any(one in landing.location for one in ("evil", "033", "9.999999"))
    assert "evil" not in str(landing.headers)


async def test_login_in_flight_takes_at_most_two_kilobytes_of_memory(at: Town, browser: Browser) -> None:
    assert at.gateway is not None
    assert at.gateway.app is not None
    assert at.gateway.app.services.sign_in is not None
    store = at.gateway.app.services.sign_in.sign_out.values.store
    assert isinstance(store, MemorySessions)
    before = set(store._items)
    landing = await browser.chosen(await browser.go(browser.authorize("system_one")))
    assert landing.status == 303
    begun = {key: value for key, value in store._items.items() if key not in before}
    assert {key[:2] for key in begun} == {"az", "at"}
    many = MemorySessions()
    tracemalloc.start()
    try:
        began = tracemalloc.get_traced_memory()[0]
        for number in range(1_000):
            for key, value in begun.items():
                await many.put(f"{key[:-4]}{number:04}", bytes(bytearray(value)), 900)
        each = (tracemalloc.get_traced_memory()[0] - began) / 1_000
    finally:
        tracemalloc.stop()
    assert each <= 2_048
