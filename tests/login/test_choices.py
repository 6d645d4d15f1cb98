"""For whom a person acts, and which claims leave: pages between a login and its code."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import pytest_asyncio

from tests.flows.test_records import records
from tests.login.browser import NATIONAL, Browser, Landing, Town, town

pytestmark = pytest.mark.asyncio(loop_scope="session")

MINE = {"kind": "self"}
QUESTION, CONSENT = "Ông/bà làm thủ tục cho ai?", "Cho phép chia sẻ thông tin của ông/bà?"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def asking_town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """Its systems take mandates, and consent is asked once."""
    folder = tmp_path_factory.mktemp("asking")
    words = {"consent": "first", "mandates": "[parent, guardian, legal_representative]"}
    async with town(folder, {}, **words) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def browser(asking_town: Town) -> AsyncIterator[Browser]:
    async with Browser(asking_town) as made:
        yield made


def answer(landing: Landing) -> dict[str, str]:
    """What came back to the system, after a form."""
    (button,) = landing.buttons
    return dict(parse_qsl(urlsplit(button).query))


def child(at: Town, **changed: str) -> dict[str, str]:
    one = next(person for person in at.house.personas if person["full_name"] == "Phạm Ngọc Linh")
    born = "/".join(reversed(one["birth_date"].split("-")))
    known = {"personal_id": one["personal_id"], "full_name": one["full_name"], "birth_date": born}
    return {"kind": "parent", **known, **changed}


async def asked(browser: Browser, system: str = "system_one", **more: str) -> Landing:
    """The page of mandates, after a login."""
    landing = await browser.signed_in(browser.authorize(system, **more), provider=NATIONAL)
    assert (landing.status, landing.h1) == (200, QUESTION)
    return landing


async def test_person_acts_for_themselves_and_agrees_once_in_a_session(browser: Browser) -> None:
    landing = await asked(browser)
    landing = await browser.go("/login/mandate", landing.hidden("mandate") | MINE)
    assert landing.h1 == CONSENT
    assert "Số định danh cá nhân" in landing.text
    assert "được đại diện" not in landing.text
    landing = await browser.go("/login/consent", landing.hidden("consent") | {"answer": "yes"})
    assert answer(landing)["code"]
    # the same claims again: no consent; for whom, each time
    landing = await browser.go(browser.authorize("system_one"))
    landing = await browser.go("/login/mandate", landing.hidden("mandate") | MINE)
    assert answer(landing)["code"]
    # more claims: asked again
    landing = await browser.go(browser.authorize("system_one", scope="openid name personal_id birthdate"))
    landing = await browser.go("/login/mandate", landing.hidden("mandate") | MINE)
    assert (landing.h1, "Ngày sinh" in landing.text) == (CONSENT, True)
    # and of another system
    landing = await browser.go(browser.authorize("system_two"))
    landing = await browser.go("/login/mandate", landing.hidden("mandate") | MINE)
    assert landing.h1 == CONSENT


async def test_person_who_does_not_agree_goes_back_without_being_signed_in(browser: Browser) -> None:
    landing = await browser.go("/login/mandate", (await asked(browser)).hidden("mandate") | MINE)
    form = landing.hidden("consent")
    landing = await browser.go("/login/consent", form | {"answer": "no"})
    assert answer(landing)["error"] == "access_denied"
    # the page again, by the back button: it is over
    landing = await browser.go("/login/consent", form | {"answer": "yes"})
    assert (landing.status, [one.partition("?")[0] for one in landing.buttons]) == (410, ["/login/again"])
    assert landing.h1 == "Lượt đăng nhập này đã xong"


async def test_mandate_page_has_an_address_for_reload_and_back(asking_town: Town, browser: Browser) -> None:
    await browser.signed_in("/login/start?vnconnect=1")
    page = await browser.go(browser.authorize("system_one"))
    address = page.url
    assert "/login/mandate?at=" in address
    for _ in range(2):
        page = await browser.go(address)
        assert (page.status, page.h1) == (200, QUESTION)
    consent = await browser.go("/login/mandate", page.hidden("mandate") | child(asking_town))
    assert (consent.h1, "Phạm Ngọc Linh" in consent.text) == (CONSENT, True)
    # back from consent: the person chooses otherwise, and the older page of consent is of its own mandate
    page = await browser.go(address)
    assert page.h1 == QUESTION
    other = await browser.go("/login/mandate", page.hidden("mandate") | MINE)
    assert (other.h1, "Phạm Ngọc Linh" in other.text) == (CONSENT, False)
    landing = await browser.go("/login/consent", consent.hidden("consent") | {"answer": "yes"})
    tokens = await browser.redeem("system_one", Landing(303, "", landing.buttons[0], "", {}))
    assert (await browser.userinfo(tokens["access_token"]))[1]["mandate"]["kind"] == "parent"
    # all of them again, when the system has its answer
    for over in (
        await browser.go(address),
        await browser.go(other.url),
        await browser.go("/login/mandate", page.hidden("mandate") | MINE),
        await browser.go("/login/consent", other.hidden("consent") | {"answer": "yes"}),
    ):
        assert (over.status, over.h1) == (410, "Lượt đăng nhập này đã xong"), over.text
        assert "Chưa có thông tin nào" not in over.text


async def test_page_of_another_person_says_that_another_signed_in(browser: Browser) -> None:
    await browser.signed_in("/login/start?vnconnect=1")
    page = await browser.go(browser.authorize("system_one"))
    await browser.signed_in("/login/start?vnconnect=1", "thu")
    for over in (
        await browser.go(page.url),
        await browser.go("/login/mandate", page.hidden("mandate") | MINE),
    ):
        assert (over.status, over.h1) == (409, "Đã có lượt đăng nhập khác ở trình duyệt này")


async def test_page_that_is_over_leads_to_its_own_system(asking_town: Town, browser: Browser) -> None:
    """Not to the system of deep links, which is another."""
    page = await asked(browser, "system_two")
    landing = await browser.go("/login/mandate", page.hidden("mandate") | MINE)
    await browser.go("/login/consent", landing.hidden("consent") | {"answer": "yes"})
    for path in ("mandate", "consent"):
        landing = await browser.go(f"/login/{path}", page.hidden("mandate") | MINE)
        assert landing.status == 410
        (button,) = landing.buttons
        landing = await browser.go(button)
        assert landing.location.startswith(f"http://127.0.0.1:{asking_town.systems.port}/system_two/login?")
    # nor does it ask somebody to sign in whose system begins anew
    browser.lose_cookies()
    assert "/system_two/login?" in (await browser.go(button)).location


async def test_person_who_opens_many_pages_keeps_nobody_out(tmp_path: Path) -> None:
    words = {"consent": "first", "mandates": "[parent]"}
    async with town(tmp_path, {}, **words) as at, Browser(at) as one:
        assert at.gateway is not None
        services: Any = at.gateway.app.services if at.gateway.app is not None else None
        await asked(one)
        services.sign_in.broker.choices.values.store._entries = 40  # a small store
        for _ in range(60):
            assert (await one.go(one.authorize("system_one"))).h1 == QUESTION
        async with Browser(at) as other:
            assert (await other.signed_in(other.authorize("system_two"))).h1 == QUESTION


async def test_mother_acts_for_her_child_and_the_system_gets_the_proven_mandate(
    asking_town: Town, browser: Browser
) -> None:
    page = await asked(browser)
    before = len(asking_town.records())
    landing = await browser.go("/login/mandate", page.hidden("mandate") | child(asking_town))
    assert landing.h1 == CONSENT, landing.text
    assert "Phạm Ngọc Linh" in landing.text
    assert "Số định danh cá nhân của người, tổ chức được đại diện" in landing.text
    assert [one["result"] for one in asking_town.records()[before:]] == ["mandate_proven"]
    landing = await browser.go("/login/consent", landing.hidden("consent") | {"answer": "yes"})
    moved = Landing(303, "", landing.buttons[0], "", {})
    tokens = await browser.redeem("system_one", moved)
    status, claims = await browser.userinfo(tokens["access_token"])
    assert (status, claims["mandate"]["kind"]) == (200, "parent")
    assert claims["mandate"]["subject"]["personal_id"] == child(asking_town)["personal_id"]


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"personal_id": "033316990213"}, 403, ""),
        ({"full_name": "Nguyễn Khác Tên"}, 403, ""),
        ({"personal_id": "12"}, 403, "12 chữ số"),
        ({"personal_id": "０33319434676"}, 403, "12 chữ số"),
        ({"full_name": ""}, 403, "đầy đủ họ"),
        ({"birth_date": "31/02/2019"}, 403, "ngày sinh"),
        ({"birth_date": "2019-08-02"}, 403, "ngày sinh"),
        ({"kind": "authorised"}, 403, "chọn một trong"),
        ({"kind": "<script>"}, 403, "chọn một trong"),
        ({"kind": "legal_representative", "tax_code": "1"}, 403, "Mã số thuế"),
    ],
)
async def test_mandate_that_is_not_proven_stays_on_its_page_with_what_was_typed(
    asking_town: Town, browser: Browser, changed: dict[str, str], status: int, said: str
) -> None:
    page = await asked(browser)
    landing = await browser.go("/login/mandate", page.hidden("mandate") | child(asking_town, **changed))
    assert (landing.status, landing.h1) == (status, QUESTION)
    assert "Chưa chứng minh được quyền đại diện" in landing.text
    assert said.lower() in landing.text.lower()
    assert "<script>" not in landing.text
    if changed.get("kind", "parent") == "parent" and changed.get("full_name") != "":
        assert 'value="Phạm Ngọc Linh"' in landing.text or 'value="Nguyễn Khác Tên"' in landing.text
    # the same page still works
    landing = await browser.go("/login/mandate", landing.hidden("mandate") | MINE)
    assert landing.h1 == CONSENT


@pytest.mark.parametrize(("scope", "error"), [("openid name", "interaction_required")])
async def test_prompt_none_never_shows_a_page(browser: Browser, scope: str, error: str) -> None:
    landing = await browser.go(browser.authorize("system_one", prompt="none", scope=scope))
    assert dict(parse_qsl(urlsplit(landing.location).query))["error"] == "login_required"
    await asked(browser)
    landing = await browser.go(browser.authorize("system_one", prompt="none", scope=scope))
    assert dict(parse_qsl(urlsplit(landing.location).query))["error"] == error


async def renewed(browser: Browser, system: str = "system_one") -> dict[str, str]:
    """What a system gets for `prompt=none`."""
    landing = await browser.go(browser.authorize(system, prompt="none"))
    assert landing.status == 303
    return dict(parse_qsl(urlsplit(landing.location).query))


async def renewed_claims(browser: Browser) -> dict[str, Any]:
    landing = await browser.go(browser.authorize("system_one", prompt="none"))
    tokens = await browser.redeem("system_one", landing)
    return (await browser.userinfo(tokens["access_token"]))[1]


async def test_choice_of_a_session_goes_on_without_a_page_and_is_proven_anew(tmp_path: Path) -> None:
    words = {"consent": "first", "mandates": "[parent]"}
    async with town(tmp_path, {"gateway.logins.idle_seconds": "1800"}, **words) as at, Browser(at) as browser:
        page = await asked(browser)
        assert (await renewed(browser))["error"] == "interaction_required"
        landing = await browser.go("/login/mandate", page.hidden("mandate") | MINE)
        # chosen, but the system has no code of it
        assert (await renewed(browser))["error"] == "interaction_required"
        await browser.go("/login/consent", landing.hidden("consent") | {"answer": "yes"})
        assert "mandate" not in await renewed_claims(browser)
        assert (await renewed(browser, "system_two"))["error"] == "interaction_required"
        page = await browser.go(browser.authorize("system_one"))
        landing = await browser.go("/login/mandate", page.hidden("mandate") | child(at))
        await browser.go("/login/consent", landing.hidden("consent") | {"answer": "yes"})
        before = len(at.records())
        assert (await renewed_claims(browser))["mandate"]["kind"] == "parent"
        assert "mandate_proven" not in {one["result"] for one in at.records()[before:]}
        at.clock.move(minutes=20)
        before = len(at.records())
        assert (await renewed_claims(browser))["mandate"]["kind"] == "parent"
        assert [one["result"] for one in at.records()[before:]][:2] == ["mandate_proven", "code_issued"]
        # the page asks all the same, and another person's session knows nothing of it
        assert (await browser.go(browser.authorize("system_one"))).h1 == QUESTION
        await browser.signed_in("/login/start?vnconnect=1", "thu")
        assert (await renewed(browser))["error"] == "interaction_required"


async def test_visit_without_a_page_counts_whatever_the_idle_time_and_the_answer(tmp_path: Path) -> None:
    idle = {"gateway.logins.idle_seconds": "60"}
    async with town(tmp_path, idle, mandates="[parent]") as at, Browser(at) as browser:
        page = await asked(browser)
        for _ in range(3):  # for whom, is not chosen yet
            at.clock.move(seconds=41)
            assert (await renewed(browser))["error"] == "interaction_required"
        await browser.go("/login/mandate", page.hidden("mandate") | MINE)
        for _ in range(3):
            at.clock.move(seconds=41)
            assert "code" in await renewed(browser)
        at.clock.move(seconds=61)
        assert (await renewed(browser))["error"] == "login_required"


async def test_ticket_counts_for_its_own_session_only(asking_town: Town, browser: Browser) -> None:
    landing = await browser.go("/login/mandate", (await asked(browser)).hidden("mandate") | MINE)
    await browser.go("/login/consent", landing.hidden("consent") | {"answer": "yes"})
    # nothing is asked any more but for whom: the form leads to a code
    form = (await browser.go(browser.authorize("system_one"))).hidden("mandate")
    async with Browser(asking_town) as other:
        await other.signed_in("/login/start?vnconnect=1", "thu")
        landing = await other.go("/login/mandate", form | MINE)
        assert (landing.status, [one.partition("?")[0] for one in landing.buttons]) == (409, ["/login/again"])
    browser.lose_cookies()  # the page itself is the proof
    landing = await browser.go("/login/mandate", form | MINE)
    assert answer(landing)["code"]


async def test_level_that_is_too_low_leads_to_another_way_to_sign_in(tmp_path: Path) -> None:
    async with town(tmp_path, {}, level='"2"') as at, Browser(at) as one:
        landing = await one.signed_in(one.authorize("system_one"), "luu")
        assert (landing.status, landing.h1) == (403, "Mức độ xác thực của tài khoản chưa đủ")
        assert at.records()[-1]["notes"]["reason"] == "login_level_too_low"
        assert "bộ phận một cửa" in landing.text
        (button,) = landing.buttons
        choice = await one.go(button)
        assert choice.h1 == "Chọn cách đăng nhập"
        chosen = await one.chosen(choice)
        assert dict(parse_qsl(urlsplit(chosen.location).query))["prompt"] == "login"
        landing = await one.go(await one.at_provider(chosen.location, "mau"))
        assert "code=" in landing.location


async def test_sessions_outlive_a_new_configuration(tmp_path: Path) -> None:
    async with town(tmp_path) as at, Browser(at) as one:
        await one.signed_in("/login/start?vnconnect=1")
        before = await one.go("/login/start")
        began: Any = await one.go(one.authorize("system_two", prompt="login"))
        await at.reload("config/requesters/system_one.yaml", "System <system_one>", "System <renamed>")
        assert (await one.go("/login/start")).location == before.location
        assert "code=" in (await one.go(one.authorize("system_two"))).location
        chosen = await one.chosen(began)
        assert "code=" in (await one.go(await one.at_provider(chosen.location))).location


async def test_director_with_a_citizens_account_is_led_to_the_account_of_his_company(
    asking_town: Town, browser: Browser
) -> None:
    company = {"kind": "legal_representative", "tax_code": "0916911353"}
    page = await browser.signed_in(browser.authorize("system_one"), "director")
    calls = await asking_town.house.calls()
    landing = await browser.go("/login/mandate", page.hidden("mandate") | company)
    assert (landing.status, landing.h1) == (403, QUESTION)
    assert "đăng nhập bằng tài khoản của doanh nghiệp" in landing.text
    assert "thử lại sau" not in landing.text
    assert await asking_town.house.calls() == calls
    refused = [one for one in records(asking_town.house) if one["exchange"] == landing.exchange]
    assert [(one["phase"], one["result"]) for one in refused] == [("refusal", "representation_account")]
    # the button leads to the same request, with the other account
    (button,) = landing.buttons
    landing = await browser.signed_in(button, "business")
    assert (landing.status, landing.h1) == (200, QUESTION)
    landing = await browser.go("/login/mandate", landing.hidden("mandate") | company)
    landing = await browser.go("/login/consent", landing.hidden("consent") | {"answer": "yes"})
    tokens = await browser.redeem("system_one", Landing(303, "", landing.buttons[0], "", {}))
    assert (await browser.userinfo(tokens["access_token"]))[1]["mandate"]["kind"] == "legal_representative"


async def test_account_that_names_nobody_is_led_to_another_one(browser: Browser) -> None:
    page = await browser.signed_in(browser.authorize("system_one"), "business_thin")
    typed = {"kind": "legal_representative", "tax_code": "0916911353"}
    landing = await browser.go("/login/mandate", page.hidden("mandate") | typed)
    assert (landing.status, len(landing.buttons)) == (403, 1)
    assert "chưa biết ai là người đại diện" in landing.text


def ward(at: Town, **changed: str) -> dict[str, str]:
    one = next(person for person in at.house.personas if person["key"] == "orphan")
    born = "/".join(reversed(one["birth_date"].split("-")))
    known = {"personal_id": one["personal_id"], "full_name": one["full_name"], "birth_date": born}
    return {"kind": "guardian", **known, "document": "12-2024", **changed}


async def test_guardian_is_asked_for_the_document_of_guardians_and_reads_that_nobody_checked_it(
    asking_town: Town, browser: Browser
) -> None:
    page = await browser.signed_in(browser.authorize("system_one"), "guardian")
    assert "quyết định cử người giám hộ" in page.text
    assert "văn bản ủy quyền" not in page.text
    landing = await browser.go("/login/mandate", page.hidden("mandate") | ward(asking_town, document=""))
    assert (landing.status, "đủ mục “Số trích lục đăng ký giám hộ" in landing.text) == (403, True)
    landing = await browser.go("/login/mandate", page.hidden("mandate") | ward(asking_town))
    assert landing.h1 == CONSENT
    assert "Giấy tờ số 12-2024 chưa được ai kiểm tra" in landing.text


async def test_system_with_consent_once_asks_again_for_what_a_mandate_adds(
    asking_town: Town, browser: Browser
) -> None:
    landing = await browser.go("/login/mandate", (await asked(browser)).hidden("mandate") | MINE)
    await browser.go("/login/consent", landing.hidden("consent") | {"answer": "yes"})
    for h1 in (CONSENT, "Đang chuyển…"):  # the child's number is new, then it is not
        page = await browser.go(browser.authorize("system_one"))
        landing = await browser.go("/login/mandate", page.hidden("mandate") | child(asking_town))
        assert landing.h1 == h1
        if h1 == CONSENT:
            await browser.go("/login/consent", landing.hidden("consent") | {"answer": "yes"})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"full_name": "Nguyễn Khác Tên"}, "không xác nhận quyền này"),
        ({"birth_date": "02/08/1970"}, "không sinh sau cha, mẹ"),
        ({"birth_date": "02/08/2001"}, "đã thành niên"),
        ({"personal_id": "033190001234"}, "thông tin đã ghi"),
        ({"personal_id": "999319434676"}, "thông tin đã ghi"),
        ({"personal_id": "12"}, "12 chữ số"),
    ],
)
async def test_fault_of_a_mandate_is_written_for_citizens(
    asking_town: Town, browser: Browser, changed: dict[str, str], said: str
) -> None:
    page = await asked(browser)
    landing = await browser.go("/login/mandate", page.hidden("mandate") | child(asking_town, **changed))
    fault = landing.text.partition('id="fault"')[2].partition("</div>")[0]
    vietnamese = fault.split("<p>")[2].partition("<span")[0].strip()
    assert said in vietnamese.lower(), vietnamese
    assert vietnamese[0].isupper()
    assert vietnamese.endswith(".")
    assert not [word for word in ("representative", "/subjects", "hệ thống khai thác", "(") if word in fault]
