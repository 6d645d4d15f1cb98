"""People sign in at the real door: deep link, provider, callback, session, code."""

import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from tests.login.browser import NATIONAL, VNEID, Browser, town


async def test_deep_link_leads_to_the_provider_and_back_to_the_system(tmp_path: Path) -> None:
    async with town(tmp_path) as at, Browser(at) as browser:
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


async def test_system_sends_its_person_to_choose_a_provider_and_gets_a_code(tmp_path: Path) -> None:
    async with town(tmp_path) as at, Browser(at) as browser:
        landing = await browser.go(browser.authorize("system_one"))
        assert (landing.status, landing.h1, len(landing.buttons)) == (200, "Chọn cách đăng nhập", 2)
        for provider in (NATIONAL, VNEID):
            browser.lose_cookies()
            landing = await browser.signed_in(browser.authorize("system_one"), provider=provider)
            assert landing.status == 303
            assert landing.location.startswith(
                f"http://127.0.0.1:{at.systems.port}/system_one/callback?code="
            )
            await browser.redeem("system_one", landing)
        # one login serves all systems
        landing = await browser.go(browser.authorize("system_two"))
        await browser.redeem("system_two", landing)


async def test_login_is_recorded_without_number_and_name(tmp_path: Path) -> None:
    async with town(tmp_path) as at, Browser(at) as browser:
        await browser.signed_in("/login/start?vneid=1&MaTTHC=1.004873", provider=VNEID)
        await browser.go(browser.authorize("system_one"))
        records = at.records()
        assert [one["result"] for one in records] == ["login_done", "code_issued"]
        assert records[0]["notes"] == {"provider": VNEID, "level": 2}
        assert records[1]["requester"] == "system_one"
        mau, written = at.house.subject("facts_example"), json.dumps(records, ensure_ascii=False)
        assert not any(one in written for one in mau.values())
