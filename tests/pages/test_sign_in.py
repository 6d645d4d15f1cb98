"""Who may see which page: citizens, officials, roles; and that neither ever counts as the other."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.flows.test_records import records
from tests.login.browser import Browser, Town
from tests.pages.trial import entered, page, token, tried, twin

pytestmark = pytest.mark.asyncio(loop_scope="session")

AUDITOR, OPERATOR, ADMINISTRATOR, BOTH = "kiem.toan", "van.hanh", "quan.tri", "kiem.van"


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def trial(at: Town) -> AsyncIterator[None]:
    async with tried(at):
        yield


# ------------------------------------------------------------------------------------------------- coming back


async def test_citizen_signs_in_and_comes_back_to_the_page(browser: Browser) -> None:
    landing = await entered(browser, "/me/trial?month=2026-11", "mau")
    assert landing.location == "/me/trial?month=2026-11"
    assert "motlan-session" in browser.cookies
    assert "motlan-staff" not in browser.cookies
    seen = await twin(browser, "/me/trial?month=2026-11")
    assert seen["role"] == "citizen"
    assert seen["asks"] == "citizen"
    assert seen["subject"].startswith("person|")
    assert seen["form"] == {"month": "2026-11"}
    assert seen["staff"] == seen["caller_staff"] == ""


async def test_official_signs_in_at_the_staff_provider_without_a_choice_and_comes_back(
    browser: Browser,
) -> None:
    landing = await entered(browser, "/audit/trial", AUDITOR)
    assert "/login/callback/staff" in landing.url
    assert landing.location == "/audit/trial"
    shown = await page(browser, "/audit/trial")
    assert "Đỗ Thị Kiểm (kiem.toan)" in shown.text
    assert "Kiểm toán viên" in shown.text  # the role is always written
    assert 'aria-current="page"' in shown.text
    seen = await twin(browser, "/audit/trial")
    assert (seen["role"], seen["staff"], seen["caller_staff"]) == ("auditor", AUDITOR, AUDITOR)
    assert seen["asks"] == "auditor"
    assert seen["subject"] == ""


async def test_number_of_a_person_in_a_query_is_not_taken_along_to_the_sign_in(browser: Browser) -> None:
    landing = await page(browser, "/me/trial?q=033194628151")
    assert landing.location == "/login/start?to=%2Fme%2Ftrial"


async def test_signed_in_browser_goes_to_the_page_at_once(browser: Browser) -> None:
    await entered(browser, "/me/trial", "mau")
    assert (await page(browser, "/login/start?to=/me/trial")).location == "/me/trial"


async def test_reload_of_the_callback_leads_to_the_page_again(browser: Browser) -> None:
    landing = await entered(browser, "/audit/trial", AUDITOR)
    again = await browser.go(landing.url)
    assert (again.status, again.location) == (303, "/audit/trial")


async def test_lost_cookies_sign_nobody_in(browser: Browser) -> None:
    landing = await page(browser, "/login/start?staff=1&to=/audit/trial")
    back = await browser.at_provider(landing.location, AUDITOR)
    browser.lose_cookies()
    refused = await browser.go(back)
    assert refused.status == 400
    assert "motlan-staff" not in browser.cookies


async def test_account_without_a_role_is_refused_with_words(browser: Browser, at: Town) -> None:
    landing = await page(browser, "/login/start?staff=1&to=/audit/trial")
    back = await browser.at_provider(landing.location, "khong.vai")
    refused = await browser.go(back)
    assert refused.status == 403
    assert refused.h1 == "Tài khoản chưa được giao vai trò nào ở đây"
    assert "motlan-staff" not in browser.cookies
    assert at.records(refused.exchange)[-1]["notes"]["reason"] == "login_no_role"


@pytest.mark.parametrize(
    "to",
    [
        "//evil.example/", "https://evil.example/", "/\\evil.example", "/%2fevil.example", "/me/trial/../../x",
        "javascript:alert(1)", "/login/logout", "/v1/sources", "/me/trial#x", "/me/trial?next=//evil.example/\u202e",
        "/me/trial\r\nX: y", "", "/" + "a" * 3_000, "/audit/trial/a/b", "/\t/evil.example", "/ /evil.example",
    ],
)  # fmt: skip
async def test_login_leads_to_no_other_address(browser: Browser, to: str) -> None:
    await entered(browser, "/me/trial", "mau")
    async with browser.session.get(
        browser.house.url + "/login/start", params={"to": to}, allow_redirects=False
    ) as answer:
        assert answer.status == 303
        assert answer.headers["Location"] == "/"


async def test_target_of_a_login_is_sealed(browser: Browser) -> None:
    landing = await page(browser, "/login/start?to=/me/trial")
    ways = landing.buttons
    assert ways
    assert all("me%2Ftrial" not in one and "/me/trial" not in one for one in ways)
    changed = ways[0].replace("to=", "to=A", 1)
    assert (await page(browser, changed)).status == 400


# --------------------------------------------------------------------------------------- neither is the other


async def test_citizens_are_not_offered_the_staff_provider(browser: Browser) -> None:
    for start in ("/login/start", "/login/start?to=/me/trial", browser.authorize("system_one")):
        landing = await browser.go(start)
        assert landing.status == 200
        assert "provider=vneid" in landing.text
        assert "provider=staff" not in landing.text


async def test_system_and_citizens_page_never_lead_to_the_staff_provider(browser: Browser) -> None:
    for start in (browser.authorize("system_one"), "/login/start?to=/me/trial"):
        choice = await browser.go(start)
        way = choice.buttons[0].replace("provider=national_portal", "provider=staff")
        landing = await browser.go(way)
        assert landing.status == 200
        assert "provider=staff" not in landing.text


async def test_staff_login_never_leads_to_a_citizens_provider(browser: Browser) -> None:
    problem = await page(browser, "/login/start?staff=1&to=/audit/trial")
    assert "/identity/staff/" in problem.location


async def test_session_of_an_official_opens_nothing_of_citizens(browser: Browser) -> None:
    await entered(browser, "/audit/trial", AUDITOR)
    staff = browser.cookies["motlan-staff"]
    # also as the cookie of a citizen
    browser.session.cookie_jar.update_cookies({"motlan-session": staff})
    assert (await page(browser, "/me/trial")).location.startswith("/login/start?to=")
    authorized = await browser.go(browser.authorize("system_one"))
    assert authorized.status == 200
    assert "provider=national_portal" in authorized.text
    silent = await browser.go(browser.authorize("system_one", prompt="none"))
    assert "error=login_required" in silent.location
    sessions = await browser.go("/login/sessions")
    assert AUDITOR not in sessions.text
    assert "Đỗ Thị Kiểm" not in sessions.text


async def test_session_of_a_citizen_opens_nothing_of_officials(browser: Browser) -> None:
    await entered(browser, "/me/trial", "mau")
    browser.session.cookie_jar.update_cookies({"motlan-staff": browser.cookies["motlan-session"]})
    for url in ("/audit/trial", "/ops/trial"):
        landing = await page(browser, url)
        assert landing.status == 303
        assert landing.location.startswith("/login/start?")
        assert "staff=1" in landing.location


async def test_citizen_and_official_are_signed_in_side_by_side(browser: Browser) -> None:
    await entered(browser, "/me/trial", "mau")
    await entered(browser, "/audit/trial", AUDITOR)
    assert (await twin(browser, "/me/trial"))["role"] == "citizen"
    assert (await twin(browser, "/audit/trial"))["role"] == "auditor"
    assert (await twin(browser, "/portal/trial"))["role"] == "citizen"


async def test_official_on_a_page_for_anybody_is_no_citizen(browser: Browser) -> None:
    await entered(browser, "/audit/trial", AUDITOR)
    seen = await twin(browser, "/portal/trial")
    assert (seen["subject"], seen["caller_staff"]) == ("", AUDITOR)


# ------------------------------------------------------------------------------------------------------- roles


@pytest.mark.parametrize(
    ("account", "opens", "role"),
    [
        (AUDITOR, "/audit/trial", "auditor"), (OPERATOR, "/ops/trial", "operator"),
        (ADMINISTRATOR, "/ops/trial", "administrator"), (ADMINISTRATOR, "/ops/trial/settings", "administrator"),
        (BOTH, "/audit/trial", "auditor"), (BOTH, "/ops/trial", "operator"),
    ],
)  # fmt: skip
async def test_role_opens_its_pages(browser: Browser, account: str, opens: str, role: str) -> None:
    await entered(browser, opens, account)
    assert (await twin(browser, opens))["role"] == role


@pytest.mark.parametrize(
    ("account", "closed"),
    [
        (AUDITOR, "/ops/trial"), (OPERATOR, "/audit/trial"), (ADMINISTRATOR, "/audit/trial"),
        (OPERATOR, "/ops/trial/settings"), (BOTH, "/ops/trial/settings"),
    ],
)  # fmt: skip
async def test_page_of_another_role_is_refused_and_recorded(
    browser: Browser, at: Town, account: str, closed: str
) -> None:
    await entered(browser, closed, account)
    refused = await page(browser, closed)
    assert refused.status == 403
    assert "Không thuộc quyền của ông/bà" in refused.text
    record = at.records(refused.exchange)[-1]
    assert record["result"] == "login_refused"
    assert record["notes"]["detail"] == "role"
    assert record["notes"]["staff"] == account
    problem = await browser.go(closed, Accept="application/json")
    assert problem.status == 403
    assert problem.headers["Content-Type"] == "application/problem+json"


async def test_records_of_a_look_name_the_account(browser: Browser, at: Town) -> None:
    landing = await entered(browser, "/audit/trial", AUDITOR)
    looked = await page(browser, f"/audit/trial/{landing.exchange}", Accept="application/json")
    assert looked.status == 200
    mine = [one for one in records(at.house) if one["exchange"] == looked.exchange]
    assert [(one["phase"], one["requester"], one["notes"]["staff"]) for one in mine] == [
        ("lookup", "auditor", AUDITOR)
    ]
    signed_in = at.records(landing.exchange)[-1]
    assert signed_in["notes"]["staff"] == AUDITOR
    assert signed_in["subjects"] == {} or not signed_in.get("subjects")


async def test_program_without_a_session_gets_a_problem_and_no_redirect(browser: Browser) -> None:
    answer = await browser.go("/audit/trial", Accept="application/json")
    assert answer.status == 401
    assert answer.headers["Content-Type"] == "application/problem+json"


# ------------------------------------------------------------------------------------------------------ step-up


async def test_step_up_asks_for_the_login_anew_and_comes_back(browser: Browser, at: Town) -> None:
    landing = await entered(browser, "/audit/trial/fresh", AUDITOR)
    assert (await page(browser, landing.location)).status == 200
    at.clock.move(minutes=6)
    later = await page(browser, "/audit/trial/fresh")
    assert later.status == 303
    assert "fresh=1" in later.location
    at_provider = await page(browser, later.location)
    assert "prompt=login" in at_provider.location


async def test_form_that_needs_a_step_up_leads_back_to_its_page(browser: Browser, at: Town) -> None:
    await entered(browser, "/audit/trial", AUDITOR)
    shown = await page(browser, "/audit/trial")
    assert (await page(browser, "/audit/trial/shown", {"csrf": token(shown)})).status == 200
    at.clock.move(minutes=6)
    asked = await page(browser, "/audit/trial/shown", {"csrf": token(shown), "reason": "kiểm tra"})
    assert asked.status == 200
    assert "/login/start?to=%2Faudit%2Ftrial&amp;staff=1&amp;fresh=1" in asked.text


# ----------------------------------------------------------------------------------------------- end of session


async def test_session_that_is_not_used_ends(browser: Browser, at: Town) -> None:
    await entered(browser, "/audit/trial", AUDITOR)
    at.clock.move(minutes=31)
    assert (await page(browser, "/audit/trial")).status == 303


async def test_page_says_when_the_session_ends_and_a_button_keeps_it(browser: Browser, at: Town) -> None:
    await entered(browser, "/audit/trial", AUDITOR)
    shown = await page(browser, "/audit/trial")
    assert "Phiên kết thúc lúc" in shown.text
    assert "Ở lại" in shown.text
    before = int(shown.text.split('data-ends="')[1].split('"')[0])
    at.clock.move(minutes=20)
    form = shown.hidden("/console/stay")
    kept = await page(browser, "/console/stay", form)
    assert (kept.status, kept.location) == (303, "/audit/trial")
    by_script = await browser.go(
        "/console/stay", {}, Accept="application/json", **{"X-CSRF-Token": form["csrf"]}
    )
    assert by_script.status == 200
    assert int(by_script.text.split(":")[1].strip("}")) - before >= 19 * 60
    at.clock.move(minutes=20)
    assert (await page(browser, "/audit/trial")).status == 200


async def test_stay_leads_to_no_other_address(browser: Browser) -> None:
    await entered(browser, "/audit/trial", AUDITOR)
    form = (await page(browser, "/audit/trial")).hidden("/console/stay")
    assert (await page(browser, "/console/stay", form | {"to": "//evil.example"})).location == "/"


async def test_nav_of_the_kit_is_on_its_own_pages_alone(browser: Browser) -> None:
    assert 'href="/console/kit/charts"' in (await page(browser, "/console/kit")).text
    await entered(browser, "/audit/trial", AUDITOR)
    refused = await page(browser, "/console/stay", {"csrf": "of another session"})
    assert refused.status == 403
    assert "/console/kit/charts" not in refused.text


async def test_official_signs_out_here_and_at_the_provider(browser: Browser, at: Town) -> None:
    await entered(browser, "/me/trial", "mau")
    await entered(browser, "/audit/trial", AUDITOR)
    form = (await page(browser, "/audit/trial")).hidden("/console/sign-out")
    out = await page(browser, "/console/sign-out", form)
    assert "/identity/staff/logout" in out.text
    assert at.records(out.exchange)[-1]["result"] == "logout"
    assert at.records(out.exchange)[-1]["notes"]["staff"] == AUDITOR
    assert "motlan-staff" not in browser.cookies
    assert (await page(browser, "/audit/trial")).status == 303
    assert (await twin(browser, "/me/trial"))["role"] == "citizen"  # the citizen's session goes on


async def test_door_that_no_requester_asks_for_is_off_and_says_so(browser: Browser, at: Town) -> None:
    async with tried(at, is_off=True):
        closed = await page(browser, "/audit/trial")
        assert closed.status == 404
        assert "pages.audit" in closed.text


async def test_sign_out_of_a_citizen_says_that_an_official_stays_signed_in(browser: Browser) -> None:
    await entered(browser, "/audit/trial", AUDITOR)
    await entered(browser, "/me/trial", "mau")
    asked = await page(browser, "/login/logout")
    landing = await browser.go("/login/logout", asked.hidden("/login/logout"))
    assert landing.h1 == "Đang chuyển…"
    ended = await page(browser, "/login/logged-out")
    assert f"vẫn còn phiên của cán bộ <bdi>{AUDITOR}</bdi>" in ended.text
    assert "không còn phiên nào" not in ended.text
    assert (await page(browser, "/audit/trial")).status == 200
    await page(browser, "/console/sign-out", ended.hidden("/console/sign-out"))
    assert (await page(browser, "/audit/trial")).status == 303
    assert "không còn phiên nào" in (await page(browser, "/login/logged-out")).text
