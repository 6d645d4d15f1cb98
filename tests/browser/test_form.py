"""`<motlan-form>` in an empty page, in a real browser: before a running gateway, and in every state of an answer."""

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Locator, Page, expect

from gateway.api.form_element import HELPER
from tests.browser.axe import is_clean
from tests.browser.conftest import NEEDS_BROWSER, Shot
from tests.browser.portal import ScriptedPortal, answered, before, field, served
from tests.flows.conftest import ROOT, House, on_session

pytestmark = NEEDS_BROWSER
STATIC = ROOT / "gateway" / "console" / "static"

HOSTILE = '<img src=x onerror=alert(1)>"\u202etxt.exe\u200b\u0007'
HEARD = """() => { window.heard = []; const form = document.querySelector('motlan-form');
  for (const name of ['prefill', 'change', 'late', 'decision', 'submit', 'error'])
    form.addEventListener(name, (event) => window.heard.push([name, event.detail])); }"""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def portal(login_house: House) -> AsyncIterator[str]:
    """The example portal before a running gateway."""
    async with served(before(login_house)) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="session")
async def scripted(login_house: House) -> AsyncIterator[tuple[ScriptedPortal, str]]:
    """A portal that answers as it is told, with the real form of a birth registration."""
    async with login_house.session.get(f"{login_house.url}/v1/procedures/1.001193/form") as answer:
        made = ScriptedPortal(login_house.url, await answer.json())
    async with served(made.application()) as url:
        yield made, url
        made.events.put_nowait(b"")


@pytest_asyncio.fixture(loop_scope="session")
async def well(login_house: House) -> AsyncIterator[House]:
    """Its sources are well again afterwards."""
    yield login_house
    async with login_house.session.delete(f"{login_house.control}/misbehave") as response:
        assert response.status == 204


async def opened(profile: BrowserContext, url: str) -> Page:
    """The page with its form."""
    page = await profile.new_page()
    await page.goto(url)
    await expect(page.locator("motlan-form form")).to_be_visible(timeout=20_000)
    await page.evaluate(HEARD)
    return page


async def heard(page: Page, name: str) -> list[Any]:
    return [detail for event, detail in await page.evaluate("window.heard") if event == name]


async def came(page: Page, name: str) -> list[Any]:
    """The events of a name, once there is one."""
    for _ in range(400):
        if found := await heard(page, name):
            return found
        await asyncio.sleep(0.05)
    pytest.fail(f"no event '{name}'")


def box(page: Page, label: str) -> Locator:
    named = page.locator(".ml-label, dt", has_text=re.compile(f"^{label}( bắt buộc)?$"))
    return page.locator(".ml-field").filter(has=named)


@on_session
async def test_one_tag_in_an_empty_page_fills_the_form_and_submits_what_the_gateway_attests(
    portal: str, well: House, profile: BrowserContext, shot: Shot
) -> None:
    page = await opened(profile, portal + "/birth")
    await expect(page.get_by_role("status").first).to_have_text(
        re.compile(r"Đã điền sẵn 26 trên 37 mục, 3 giấy tờ không phải nộp")
    )
    mother = page.get_by_role("region", name="Mẹ", exact=True)
    await expect(mother.locator("dd").first).to_have_text("Trần Thị Mẫu")
    await expect(mother).to_contain_text("Do Cơ sở dữ liệu quốc gia về dân cư xác nhận")
    assert await mother.get_by_label("Ngày sinh").count() == 0, (
        "what is confirmed is text, not a disabled input"
    )
    origin = mother.locator("details").first
    await origin.locator("summary").click()
    for word in ("Cơ quan cung cấp", "Được lưu đến", "Vì sao không sửa được", "Căn cứ pháp lý", "thử nghiệm"):
        await expect(origin).to_contain_text(word)
    papers = page.get_by_role("complementary")
    await expect(papers).to_contain_text("Giấy tờ chứng minh nơi cư trú")
    await shot(page, "filled")
    await is_clean(page)

    # what is only proposed for the child
    for proposed in await page.locator(".ml-box[role=radiogroup]").all():
        await proposed.get_by_role("radio").first.check()
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").click()
    await expect(page.get_by_role("heading", name="Kiểm tra và nộp hồ sơ")).to_be_focused()
    await shot(page, "check")
    await is_clean(page)
    await page.get_by_role("button", name="Nộp hồ sơ", exact=True).click()
    (sent,) = await came(page, "submit")
    assert sent["values"]["meHoTen"] == "Trần Thị Mẫu"
    assert (await heard(page, "decision"))[0]["refused"] == 0
    for name in ("prefill", "decision"):
        assert "Trần Thị Mẫu" not in json.dumps(await heard(page, name), ensure_ascii=False)
    status, attested = await well.post(
        "/v1/attest", {"exchange_id": sent["exchange_id"], "form": sent["values"]}
    )
    assert status == 200
    others = {key: one["state"] for key, one in attested["fields"].items() if one["state"] != "unchanged"}
    # a proposal that was chosen is the word of the person
    assert others == dict.fromkeys(("nksDanToc", "nksQueQuan", "nksQuocTich"), "unknown_field")
    assert await page.evaluate("localStorage.length + sessionStorage.length") == 0


@on_session
async def test_example_that_portal_teams_copy_says_what_became_of_the_form(
    portal: str, profile: BrowserContext
) -> None:
    page = await opened(profile, portal)
    await everything_typed(page)
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").click()
    submit = page.get_by_role("button", name="Nộp hồ sơ", exact=True)
    await expect(submit).to_be_enabled(timeout=10_000)
    await submit.click()
    said = page.get_by_role("status")
    await expect(said).to_have_text(
        re.compile(r"^Cổng đã nhận biểu mẫu: [1-9]\d* mục đúng như dữ liệu, [1-9] mục")
    )
    await is_clean(page)


@on_session
async def test_late_source_fills_what_nobody_touched_and_moves_nothing(
    portal: str, well: House, profile: BrowserContext, shot: Shot
) -> None:
    await well.misbehave("health", "slow", seconds=6)
    page = await opened(profile, portal + "/birth")
    name = page.get_by_label(re.compile("^Họ tên con"))
    await expect(box(page, "Ngày sinh con")).to_contain_text("Đang chờ")
    await expect(page.locator(".ml-top")).to_contain_text("Đang chờ Hệ thống của cơ sở y tế")
    await page.evaluate(
        "() => { window.said = []; const status = document.querySelector('[role=status]');"
        "new MutationObserver(() => window.said.push(status.textContent)).observe(status, {childList: true}); }"
    )
    await name.fill("Phạm Minh Khang B")
    place = page.get_by_label(re.compile("^Nơi sinh"))
    before_it, after_it = await place.bounding_box(), None
    await name.focus()
    # no picture while it waits: for one of the whole page the window is as tall as the page, and nothing scrolls
    await expect(place).to_have_value(re.compile("Bệnh viện"), timeout=30_000)
    after_it = await place.bounding_box()
    await expect(name).to_have_value("Phạm Minh Khang B")
    await expect(name).to_be_focused()
    assert before_it is not None
    assert after_it is not None
    offer = box(page, "Họ tên con").locator(".ml-box")
    grown = (await offer.bounding_box() or {"height": 0.0})["height"]
    assert abs(after_it["y"] - before_it["y"] - grown) < 12, (
        "only the question about the typed field takes room"
    )
    await expect(box(page, "Nơi sinh")).to_contain_text("Vừa nhận")
    assert len(await page.evaluate("window.said")) == 1, "one event is said once"
    await shot(page, "arrived")
    await is_clean(page)
    await offer.get_by_role("button", name="Giữ Phạm Minh Khang B").click()
    await expect(name).to_be_focused()
    await expect(offer).to_have_count(0)
    (late,) = await heard(page, "late")
    assert "nksNoiSinh" in late["fields"]
    assert "Bệnh viện" not in json.dumps(late, ensure_ascii=False)


@on_session
async def test_refused_source_empties_its_fields_brings_papers_back_and_is_recorded_once(
    portal: str, well: House, profile: BrowserContext, shot: Shot
) -> None:
    page = await opened(profile, portal + "/birth")
    father = page.get_by_role("region", name="Cha", exact=True)
    papers = page.get_by_role("complementary")
    await expect(papers.locator("li", has_text="Giấy tờ tùy thân của cha, mẹ")).to_contain_text(
        "Đã có dữ liệu"
    )
    await father.locator("summary").first.click()
    refuse = father.get_by_role("button", name="Không dùng dữ liệu từ nguồn này").first
    await refuse.click()
    await expect(father).to_contain_text("Ông/bà phải nộp: Giấy tờ tùy thân của cha, mẹ, người yêu cầu")
    await shot(page, "asked")
    await page.keyboard.press("Escape")
    await expect(refuse).to_be_focused()
    await refuse.click()
    await father.get_by_role("button", name="Không dùng", exact=True).click()
    await expect(father.get_by_role("button", name="Dùng lại")).to_be_focused()
    await expect(father.get_by_label("Họ tên", exact=True)).to_have_value("")
    back = papers.locator("li", has_text="Giấy tờ tùy thân của cha, mẹ")
    await expect(back).to_contain_text("Vì ông/bà không dùng dữ liệu thay giấy tờ này")
    await expect(back.locator("input[type=file]")).to_have_count(1)
    await shot(page, "refused")
    await is_clean(page)
    await father.get_by_role("button", name="Dùng lại").click()
    await expect(father.locator(".ml-field dd").first).to_have_text("Phạm Văn Thử")
    await father.locator("summary:visible").first.click()
    await father.get_by_role("button", name="Không dùng dữ liệu từ nguồn này").first.click()
    await father.get_by_role("button", name="Không dùng", exact=True).click()
    await father.get_by_label("Họ tên", exact=True).fill("Phạm Văn Thử")
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").click()
    await expect(page.locator(".ml-check")).to_contain_text("Nguồn ông/bà không dùng")
    submit = page.get_by_role("button", name="Nộp hồ sơ", exact=True)
    await submit.click()
    await came(page, "decision")
    await expect(submit).to_be_enabled()
    if not await heard(page, "submit"):  # the papers changed by what only the gateway knows: looked at first
        await submit.click()
    await page.wait_for_function("window.heard.some(([name]) => name === 'submit')")
    (decision,) = await heard(page, "decision")
    assert decision["refused"] == 1
    (sent,) = await heard(page, "submit")
    assert sent["values"]["chaHoTen"] == "Phạm Văn Thử"
    assert "chaNgaySinh" not in sent["values"]
    again = {"exchange_id": sent["exchange_id"], "accepted": [], "refused": []}
    status, _ = await well.post("/v1/prefill/decision", again)
    assert status in (404, 409), "the decision is final"


@on_session
async def test_wrong_value_is_reported_to_the_owner_of_the_database(
    portal: str, well: House, profile: BrowserContext, shot: Shot
) -> None:
    page = await opened(profile, portal + "/birth")
    mother = page.get_by_role("region", name="Mẹ", exact=True)
    await mother.locator("summary").first.click()
    await mother.get_by_role("button", name="Báo sai").first.click()
    await expect(mother.get_by_role("group", name="Báo sai")).to_be_focused()
    await mother.get_by_role("button", name="Gửi").click()
    right = mother.get_by_label("Giá trị đúng")
    await expect(right).to_be_focused()
    await mother.get_by_label("Mục sai").select_option(label="Dân tộc")
    await right.fill("Tày")
    await is_clean(page)
    await mother.get_by_role("button", name="Gửi").click()
    await expect(mother.get_by_role("status")).to_contain_text("sẽ được chuyển đến")
    await shot(page, "reported")
    status, found = await well.post("/v1/corrections/search", {"state": "queued"})
    assert status == 200
    assert [one["attribute"] for one in found["corrections"]][:1] == ["person.ethnicity"]


@on_session
@pytest.mark.parametrize(
    ("role", "attribute", "is_offered"),
    [
        ({"kind": ["newborn"]}, "birth_notice.full_name", True),
        ({"kind": ["organisation", "person"]}, "person.full_name", True),
        ({"kind": ["organisation"]}, "enterprise.name", False),
        ({"kind": ["person"], "found": True}, "person.full_name", False),
    ],
)
async def test_report_is_offered_only_where_it_is_taken(
    scripted: tuple[ScriptedPortal, str],
    profile: BrowserContext,
    role: dict[str, Any],
    attribute: str,
    is_offered: bool,
) -> None:
    told, url = scripted
    told.about["procedure"]["subjects"] = {"requester": {"signs_in": True}, "other": role}
    states = {"nksHoTen": {**field("filled", "Phạm", "e1", editable=True), "attribute": attribute}}
    answer = answered(states, pending=None)
    answer["evidence"]["e1"]["subject"] = "other"
    told.answers["prefill"] = 200, answer
    page = await opened(profile, url)
    await page.locator(".ml-details summary").first.click()
    await expect(page.get_by_text("Cơ quan cung cấp").first).to_be_visible()
    await expect(page.get_by_role("button", name="Báo sai")).to_have_count(int(is_offered))


STATES: dict[str, Any] = {
    "nycHoTen": field("filled", "Trần Thị Mẫu", "e1"),
    "nycSoGiayToTuyThan": field("filled", "033190001234", "e1"),
    "nycQuanHe": field("empty"),
    "nycNgayCapGiayToTuyThan": field("withheld", reason={"code": "consent_missing", "source": "health"}),
    "nycNoiCapGiayToTuyThan": field("withheld", reason={"code": "not_agreed"}),
    "nycNoiCuTru": field(
        "filled",
        {"dcChiTiet": "Số 1 phố Mẫu", "maXa": "11953", "maTinh": "33", "quocGia": "VN"},
        "e1",
        editable=True,
    ),
    "meHoTen": field(
        "disputed",
        "Trần Thị Mẫu",
        "e1",
        reason={"code": "sources_differ"},
        doubt={
            "kind": "sources_differ",
            "preferred": 0,
            "rule": "r",
            "candidates": [
                {"value": "Trần Thị Mẫu", "evidence": "e1"},
                {"value": "Trần Thị Mẩu", "evidence": "e2"},
            ],
        },
    ),
    "meNgaySinh": field("unavailable", reason={"code": "source_timeout", "source": "civil_status"}),
    "meDanToc": field("not_found", reason={"code": "no_such_person", "source": "civil_status"}),
    "meSoGiayToTuyThan": field("kept", "033190001234"),
    "meQuocTich": field("not_found", reason={"code": "data_do_not_match", "source": "population"}),
    "meNoiCuTru": field("not_found", reason={"code": "several_people"}),
    "nksHoTen": field("unavailable", reason={"code": "deadline_reached", "source": "health"}),
    **{
        name: field("not_applicable", reason={"code": "condition_false"})
        for name in ("chaHoTen", "chaNgaySinh")
    },
}
PAPERS = [
    {
        "code": "birth_evidence",
        "title": "Giấy chứng sinh",
        "title_en": "Birth certificate",
        "state": "required",
        "legal_basis": "",
        "reason": {"code": "scope_not_published"},
        "advice": {"vi": "Đề nghị ông/bà nộp giấy tờ này.", "en": "Hand in this paper."},
    },
    {
        "code": "residence",
        "title": "Giấy tờ cư trú",
        "title_en": "Proof of residence",
        "state": "replaced",
        "legal_basis": "NQ 66.7/2025",
        "by": {"all_of": ["e1:person.permanent_address"]},
    },
    {
        "code": "marriage",
        "title": "Giấy kết hôn",
        "title_en": "Marriage certificate",
        "state": "reusable",
        "legal_basis": "",
        "paper": {"reference": "12/2015"},
    },
]
WARNINGS = [
    {
        "code": "w",
        "for_citizen": {"vi": "Dữ liệu ghi nhận mẹ đã chết.", "en": "The data record the mother as dead."},
    }
]
ALL = {
    "papers": PAPERS,
    "warnings": WARNINGS,
    "pending": "token",
    "sources": [
        {"source": "population", "data_service": "x", "outcome": "found"},
        {"source": "civil_status", "data_service": "x", "outcome": "unavailable", "reason": "source_timeout"},
        {"source": "health", "data_service": "y", "outcome": "refused", "reason": "consent_missing"},
        {"source": "health", "data_service": "x", "outcome": "unavailable", "reason": "deadline_reached"},
        {"source": "population", "data_service": "y", "outcome": "no_match", "reason": "data_do_not_match"},
        {
            "source": "population",
            "data_service": "z",
            "outcome": "refused",
            "reason": "representation_missing",
        },
    ],
}
SAID = {
    "vi": {
        "Họ tên": "Các nguồn dữ liệu không thống nhất",
        "Ngày sinh": "CSDL hộ tịch điện tử hiện không trả lời được, chưa biết",
        "Dân tộc": "CSDL hộ tịch điện tử không có dữ liệu này",
        "Quốc tịch": "CSDL quốc gia về dân cư: Số định danh, họ tên, ngày sinh không thống nhất",
        "Nơi cư trú": "Nguồn dữ liệu có nhiều người cùng họ tên, ngày sinh: cần số định danh",
        "Số giấy tờ tùy thân": "Ông/bà nhập",
        "Ngày cấp": "Chưa được phép lấy: Chưa có sự đồng ý",
        "Nơi cấp": "Chưa được phép lấy: Không có thỏa thuận",
        "Họ tên con": "Đang chờ Dữ liệu y tế. Ông/bà có thể tự điền.",
    },
    "en": {
        "Full name": "The sources differ",
        "Date of birth": "Civil status database cannot answer now; it is not known",
        "Ethnicity": "Civil status database holds no such data",
        "Nationality": "National population database: Number, name and date of birth do not belong together",
        "Place of residence": "The source has several people of this name and birth date: a number is needed",
        "Number of identity paper": "Typed by you",
        "Date of issue": "Not allowed: Consent is missing",
        "Place of issue": "Not allowed: No agreement",
        "Child's full name": "Waiting for Health data; you may type.",
    },
}


@on_session
@pytest.mark.parametrize("lang", ["vi", "en"])
async def test_every_state_says_itself_in_both_languages_narrow_dark_and_forced(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext, shot: Shot, lang: str
) -> None:
    told, url = scripted
    told.more = f'lang="{lang}"'
    told.answers["prefill"] = 200, answered(STATES, **ALL)
    page = await opened(profile, url)
    for label, words in SAID[lang].items():
        await expect(
            page.locator(".ml-field")
            .filter(has=page.locator(".ml-label", has_text=re.compile(f"^{label}( |$)")))
            .filter(has_text=words)
        ).to_have_count(1)
    asked = page.locator(".ml-papers").last.get_by_role("listitem")
    await expect(asked.first).to_contain_text(
        SAID[lang]["Quốc tịch" if lang == "vi" else "Nationality"].split(": ")[1]
    )
    choices = page.get_by_role("radiogroup").filter(has_text="Trần Thị Mẩu").get_by_role("radio")
    assert [await one.is_checked() for one in await choices.all()] == [False, False, False]
    for one in await page.get_by_role("checkbox").all():
        assert not await one.is_checked()
    typed = page.locator(".ml-group").nth(2).locator("input[type=text]").first
    await typed.fill("Phạm Minh Khang")
    await page.evaluate(
        "(other) => document.querySelector('motlan-form').setAttribute('lang', other)",
        "en" if lang == "vi" else "vi",
    )
    await expect(
        page.get_by_role("button", name="Check and submit" if lang == "vi" else "Kiểm tra và nộp hồ sơ")
    ).to_be_visible()
    await page.evaluate("(other) => document.querySelector('motlan-form').setAttribute('lang', other)", lang)
    await expect(typed).to_have_value("Phạm Minh Khang")
    rest = page.locator("details:has(> .ml-list)")
    await expect(rest.locator("li")).to_have_count(2)
    await expect(page.locator(".ml-notes")).to_contain_text(WARNINGS[0]["for_citizen"][lang])  # type: ignore[index]
    for scheme, colours, width in (("light", "none", 1200), ("dark", "none", 320), ("light", "active", 320)):
        await page.emulate_media(color_scheme=scheme, forced_colors=colours)  # type: ignore[arg-type]
        await page.set_viewport_size({"width": width, "height": 800})
        await shot(page, f"{scheme}-{colours}-{width}")
        await is_clean(page)


@on_session
async def test_whole_way_by_keyboard_with_errors_a_dispute_a_consent_and_own_data(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext, shot: Shot
) -> None:
    told, url = scripted
    told.more = 'action="/sent"'
    states = {**STATES, "nksHoTen": field("empty")}
    told.answers = {
        "prefill": (200, answered(states, **{**ALL, "pending": None})),
        "consents": (200, {"consent": "cs-1"}),
        "decision": (
            503,
            {
                "code": "log_unavailable",
                "title": "Nothing was done",
                "title_vi": "Chưa ghi được nhật ký",
                "exchange_id": "01KB1",
            },
        ),
    }
    page = await opened(profile, url)
    await goes_from_the_errors_to_each_field(page, shot)
    await consents_and_gets_the_data(page, told)
    await keeps_own_data_and_submits(page, told)


async def goes_from_the_errors_to_each_field(page: Page, shot: Shot) -> None:
    press, errors = page.keyboard.press, page.locator(".ml-errors")
    go = page.get_by_role("button", name="Kiểm tra và nộp hồ sơ")
    await go.focus()
    await press("Enter")
    await expect(errors).to_be_focused()
    await shot(page, "errors")
    await is_clean(page)
    await press("Tab")
    await press("Enter")  # the first error: the dispute
    choice = page.get_by_role("radio", name="Trần Thị Mẫu")
    await expect(choice).to_be_focused()
    await press("ArrowDown")
    await press("ArrowDown")
    await expect(page.get_by_role("radio", name="Không giá trị nào đúng")).to_be_checked()
    await press("Tab")
    await page.keyboard.type("Trần Thị Mẫu Mới")
    typed = {
        "Ngày sinh": "31/02/1990",
        "Họ tên con": "Phạm Minh Khang",
        "Ngày sinh con": "02/01/2026",
        "Nơi sinh": "Bệnh viện",
    }
    for label, text in typed.items():
        await page.get_by_role("textbox", name=re.compile(f"^{label} bắt buộc")).focus()
        await page.keyboard.type(text)
    await page.get_by_role("radio", name="Nam", exact=True).focus()
    await press("Space")
    await go.focus()
    await press("Enter")
    await expect(errors.get_by_role("link")).to_have_text(
        "Ngày sinh (mẹ) phải là ngày có thật, như 05/09/2025 hoặc 1990"
    )
    born = page.get_by_role("textbox", name=re.compile("^Ngày sinh bắt buộc"))
    await expect(born).to_have_attribute("aria-invalid", "true")
    await press("Tab")
    await press("Enter")
    await expect(born).to_be_focused()
    await born.fill("15/02/1990")


async def consents_and_gets_the_data(page: Page, told: ScriptedPortal) -> None:
    born = page.get_by_role("textbox", name=re.compile("^Ngày sinh bắt buộc"))
    # consent: nothing leaves before the tick
    consent = page.get_by_role("group", name="Cần sự đồng ý của ông/bà")
    for words in ("Dữ liệu y tế", "Giải quyết thủ tục Đăng ký khai sinh", "Rút lại"):
        await expect(consent).to_contain_text(words)
    await consent.get_by_role("button").press("Enter")
    await expect(consent).to_contain_text("đánh dấu ô đồng ý")
    assert [act for act, _ in told.received] == ["prefill"]
    await consent.get_by_role("checkbox").press("Space")
    await consent.get_by_role("button").press("Enter")
    for _ in range(400):
        if sum(act == "prefill" for act, _ in told.received) > 1:
            break
        await asyncio.sleep(0.05)
    await expect(born).to_have_value("15/02/1990")
    acts = dict(told.received)
    assert acts["consents"]["attributes"] == {"health.y": ["full_name"]}
    assert acts["prefill"]["consent"] == "cs-1"
    assert acts["prefill"]["known"]["nksHoTen"] == "Phạm Minh Khang"


async def keeps_own_data_and_submits(page: Page, told: ScriptedPortal) -> None:
    while len(await heard(page, "prefill")) < 1:  # it is drawn again
        await asyncio.sleep(0.05)
    # own data of the person who signs in
    own = page.get_by_role("checkbox", name=re.compile("^Lưu ngày cấp"))
    await expect(own).not_to_be_checked()
    await page.get_by_role("textbox", name="Ngày cấp").fill("30/08/2021")
    await own.press("Space")
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").press("Enter")
    submit = page.get_by_role("button", name="Nộp hồ sơ", exact=True)
    await submit.press("Enter")
    await expect(page.locator(".ml-notes")).to_contain_text("Chưa ghi được nhật ký")
    await expect(page.locator(".ml-notes")).to_contain_text("01KB1")
    told.answers["decision"] = 200, {}
    await submit.press("Enter")
    await expect(page.get_by_text("received")).to_be_visible()
    sent = json.loads(dict(told.received)["sent"]["motlan"])
    assert sent["keep"] == ["id_issued_on"]
    assert sent["consent"] == "cs-1"
    assert sent["values"]["meHoTen"] == "Trần Thị Mẫu Mới"
    assert sent["values"]["nksGioiTinh"] == "1"
    assert sent["values"]["nycNoiCuTru"]["maXa"] == "11953"
    assert sum(act == "decision" for act, _ in told.received) == 2


@on_session
async def test_hostile_values_are_text_with_every_sign_seen_and_nothing_wider(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext, shot: Shot
) -> None:
    told, url = scripted
    long = "Ễ" * 10_000
    states = {
        "nycHoTen": field("filled", HOSTILE, "e1"),
        "nycSoGiayToTuyThan": field("filled", long, "e1"),
        "nycQuanHe": field("filled", HOSTILE, "e1", editable=True),
        "meHoTen": field(
            "disputed",
            None,
            None,
            doubt={
                "kind": "sources_differ",
                "preferred": None,
                "rule": "r",
                "candidates": [{"value": HOSTILE, "evidence": "e1"}, {"value": long, "evidence": "e2"}],
            },
        ),
        "meNgaySinh": field("unavailable", reason={"code": HOSTILE, "source": HOSTILE}),
        "nksHoTen": field("withheld", reason={"code": HOSTILE}),
    }
    papers = [{**one, "title": HOSTILE, "title_en": HOSTILE, "legal_basis": long} for one in PAPERS]
    answer = answered(
        states,
        **{
            **ALL,
            "pending": None,
            "papers": papers,
            "warnings": [{"for_citizen": {"vi": HOSTILE, "en": HOSTILE}}],
        },
    )
    answer["evidence"]["e1"] |= {"legal_basis": HOSTILE * 300, "provider": HOSTILE, "source": HOSTILE}
    told.answers["prefill"] = 200, answer
    page = await opened(profile, url)
    await page.set_viewport_size({"width": 320, "height": 800})
    first = page.locator(".ml-facts dd").first
    await expect(first).to_have_text('<img src=x onerror=alert(1)>"\ufffdtxt.exe\ufffd\ufffd')
    assert await page.locator("motlan-form img").count() == 0
    for summary in await page.locator(".ml-details summary").all():
        await summary.click()
    whole = await page.locator("motlan-form").inner_text()
    assert not re.search("[\u202e\u200b\u0007]", whole)
    assert whole.count("Ễ") < 3_000
    await expect(box(page, "Quan hệ với người được đăng ký")).to_contain_text("ký tự không nhìn thấy")
    await shot(page, "hostile")
    await is_clean(page)
    more = page.locator(".ml-facts").get_by_role("button", name="Xem hết").first
    await more.press("Enter")
    await expect(page.locator(".ml-facts dd").nth(1)).to_have_text(long)
    await is_clean(page)
    assert await page.evaluate("document.querySelector('motlan-form').values.nycHoTen") == HOSTILE


@on_session
async def test_form_without_its_data_says_so_and_can_be_filled_in(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext, shot: Shot
) -> None:
    told, url = scripted
    told.answers["prefill"] = (
        503,
        {
            "code": "log_unavailable",
            "title": "No",
            "title_vi": "Chưa ghi được nhật ký nên chưa lấy dữ liệu nào",
        },
    )
    told.about["procedure"]["papers"] = {
        "birth": {"title": "Giấy chứng sinh", "title_en": "Birth certificate", "when": None},
        "marriage": {"title": "Giấy kết hôn", "title_en": "Marriage certificate", "when": "parents_married"},
    }
    page = await opened(profile, url)
    await expect(page.locator(".ml-notes")).to_contain_text("Chưa ghi được nhật ký nên chưa lấy dữ liệu nào")
    await page.get_by_label(re.compile("^Họ tên con")).fill("Phạm Minh Khang")
    papers = page.get_by_role("complementary").get_by_role("listitem")
    await expect(papers).to_contain_text(
        ["Giấy chứng sinhChưa có dữ liệu thay giấy tờ này.", "Giấy kết hônChưa biết trường hợp này có cần"]
    )
    await (
        page.get_by_role("complementary")
        .locator("li", has_text="Giấy chứng sinh")
        .locator("input")
        .set_input_files({"name": "cs.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-"})
    )
    await expect(page.get_by_role("status").first).to_have_text("Tệp: cs.pdf.")
    await shot(page, "without-data")
    await is_clean(page)
    await everything_typed(page)
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").click()
    check = page.locator(".ml-check")
    await expect(check.locator("dt", has_text="Giấy chứng sinh").locator("+ dd")).to_have_text("cs.pdf")
    await expect(check.locator("dt", has_text="Giấy kết hôn").locator("+ dd")).to_have_text("chưa có")
    await page.get_by_role("button", name="Nộp hồ sơ", exact=True).click()
    (sent,) = await came(page, "submit")
    assert (sent["exchange_id"], [*sent["files"]]) == (None, ["birth"])
    await page.get_by_role("button", name="Quay lại sửa").click()
    told.answers["prefill"] = 200, answered({**STATES, "nksHoTen": field("empty")}, pending="token")
    await page.get_by_role("button", name="Thử lại").click()
    await expect(page.get_by_role("status").first).to_contain_text("Đã điền sẵn 1")
    await expect(page.get_by_label(re.compile("^Họ tên con"))).to_have_value("Phạm Minh Khang")
    # the stream breaks: nothing is said about data that nobody knows
    told.events.put_nowait(b"event: error\ndata: {}\n\n")
    await expect(page.locator(".ml-notes")).to_contain_text("Mất kết nối")


@on_session
@pytest.mark.parametrize(
    ("status", "more", "is_refused"),
    [
        (403, {"code": "account_level", "rule": "agreement:portal#level"}, True),
        (422, {"code": "unknown_role"}, True),
        (429, {"code": "quota_exceeded", "rule": "agreement:portal#quota", "retry_after": 60}, False),
        (503, {"code": "log_unavailable"}, False),
    ],
)
async def test_refusal_that_trying_again_cannot_change_says_what_can_be_done(
    scripted: tuple[ScriptedPortal, str],
    profile: BrowserContext,
    status: int,
    more: dict[str, Any],
    is_refused: bool,
) -> None:
    told, url = scripted
    words = {"title_vi": "Không được phép", "detail_vi": "cần tài khoản mức độ 2", "exchange_id": "01KB-REF"}
    told.answers["prefill"] = status, {"status": status, "title": "Refused", **words, **more}
    page = await opened(profile, url)
    notes = page.locator(".ml-notes")
    await expect(notes).to_contain_text("Cần tài khoản mức độ 2 Mã tham chiếu 01KB-REF")
    await expect(notes.get_by_role("button", name="Thử lại")).to_have_count(int(not is_refused))
    hint = "Ông/bà tự điền và nộp giấy tờ" if is_refused else "Ông/bà thử lại, hoặc tự điền"
    await expect(notes).to_contain_text(hint)
    await page.get_by_label(re.compile("^Họ tên con")).fill("Phạm Minh Khang")


@on_session
@pytest.mark.parametrize("focused", ["Quan hệ", "Quốc tịch khác"])
async def test_late_answer_leaves_the_field_where_the_person_types_in_its_place(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext, focused: str
) -> None:
    at_top = focused == "Quan hệ"
    told, url = scripted
    waiting = field("unavailable", reason={"code": "deadline_reached", "source": "health"})
    facts = dict.fromkeys(("meHoTen", "meNgaySinh", "meDanToc"), field("filled", "Trần Thị Mẫu", "e1"))
    states = {"nycQuanHe": field("empty"), "nksNoiSinh": waiting}
    told.answers["prefill"] = 200, answered({**states, **facts}, pending="token")
    page = await opened(profile, url)
    typed = page.get_by_label(re.compile(f"^{focused}")).first
    await typed.focus()
    if not at_top:
        await typed.evaluate("(one) => one.scrollIntoView({block: 'center'})")
    before_it = await typed.bounding_box()
    # at the top the line about the wait goes; further below, two values leave the confirmed ones above
    left = {} if at_top else dict.fromkeys(("meNgaySinh", "meDanToc"), STATES["meHoTen"])
    late = answered({**states, **facts, **left, "nksNoiSinh": field("not_found")})
    told.events.put_nowait(LATE % json.dumps(late).encode() + b"event: end\ndata: {}\n\n")
    await expect(page.locator(".ml-top")).not_to_contain_text("Đang chờ")
    await page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    after_it = await typed.bounding_box()
    await expect(typed).to_be_focused()
    assert before_it is not None
    assert after_it is not None
    assert after_it["y"] == pytest.approx(before_it["y"], abs=1)
    assert (await page.evaluate("scrollY") == 0) is at_top


@on_session
async def test_late_answer_that_contradicts_a_focused_field_asks_beside_it(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    waiting = {
        **STATES,
        "nksHoTen": field("unavailable", reason={"code": "deadline_reached", "source": "health"}),
    }
    told.answers["prefill"] = 200, answered(waiting, pending="token", sources=ALL["sources"])
    page = await opened(profile, url)
    name = page.get_by_label(re.compile("^Họ tên con"))
    await name.focus()
    late = answered(
        {**STATES, "nksHoTen": field("filled", "Phạm Minh Khang", "e2", editable=True)}, sources=[]
    )
    told.events.put_nowait(
        b"event: late\ndata: " + json.dumps(late).encode() + b"\n\nevent: end\ndata: {}\n\n"
    )
    use = page.get_by_role("button", name="Dùng Phạm Minh Khang")
    await expect(use).to_be_visible()
    await expect(name).to_have_value("")
    await expect(name).to_be_focused()
    await use.click()
    await expect(name).to_have_value("Phạm Minh Khang")
    await expect(name).to_be_focused()
    await name.fill("Phạm Minh Khôi")
    await expect(box(page, "Họ tên con")).to_contain_text(
        "Ông/bà đã sửa; CSDL hộ tịch điện tử ghi Phạm Minh Khang"
    )
    await page.get_by_role("button", name="Khôi phục").click()
    await expect(name).to_have_value("Phạm Minh Khang")


@on_session
async def test_late_answer_shows_fields_that_apply_now_and_asks_about_a_dispute_beside_what_was_typed(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext, shot: Shot
) -> None:
    told, url = scripted
    told.answers["prefill"] = (
        200,
        answered({**STATES, "meHoTen": field("empty")}, pending="token", sources=ALL["sources"]),
    )
    page = await opened(profile, url)
    father = page.get_by_role("region", name="Cha", exact=True)
    await expect(father).not_to_contain_text("Họ tên")
    mother = page.get_by_label(re.compile("^Họ tên bắt buộc"))
    await mother.fill("Trần Thị Mậu")
    relation = page.get_by_label("Quan hệ với người được đăng ký")
    await relation.focus()
    late = {
        **STATES,
        "chaHoTen": field("filled", "Phạm Văn Thử", "e2"),
        "chaNgaySinh": field("unavailable", reason={"code": "source_timeout", "source": "health"}),
        "nycQuanHe": field("not_applicable"),
    }
    told.events.put_nowait(b"event: late\ndata: " + json.dumps(answered(late)).encode() + b"\n\n")
    await expect(father.locator("dd")).to_contain_text(["Phạm Văn Thử"])
    await expect(father.get_by_label("Ngày sinh")).to_be_visible()
    await expect(relation).to_be_focused()
    await expect(mother).to_have_value("Trần Thị Mậu")
    await shot(page, "arrived")
    await is_clean(page)
    await page.get_by_role("button", name="Giữ Trần Thị Mậu").click()
    await expect(page.get_by_role("radio", name="Không giá trị nào đúng")).to_be_checked()
    assert (await page.evaluate("document.querySelector('motlan-form').values"))["meHoTen"] == "Trần Thị Mậu"


@on_session
async def test_list_of_people_is_written_row_by_row(
    scripted: tuple[ScriptedPortal, str], login_house: House, profile: BrowserContext
) -> None:
    told, url = scripted
    async with login_house.session.get(f"{login_house.url}/v1/procedures/1.004194/form") as answer:
        told.about["form"] = await answer.json()
    rows = [{"hoTen": "Phạm Minh An", "quanHe": "Con"}]
    told.answers["prefill"] = 200, answered({"thanhVien": field("filled", rows, "e1", editable=True)})
    page = await opened(profile, url)
    people = page.get_by_role("group", name="Thành viên cùng thay đổi")
    await expect(people.get_by_label("Họ tên")).to_have_value("Phạm Minh An")
    await people.get_by_role("button", name="Thêm dòng").press("Enter")
    await page.keyboard.type("Phạm Minh Bình")
    await people.get_by_role("button", name="Bỏ dòng 1").press("Enter")
    await expect(people.get_by_role("button", name="Thêm dòng")).to_be_focused()
    # out of its row, a relation says to whom
    await expect(box(page, "Thành viên cùng thay đổi").last).to_contain_text(
        "ghi Họ tên: Phạm Minh An, Quan hệ với chủ hộ: Con"
    )
    await is_clean(page)
    values = await page.evaluate("document.querySelector('motlan-form').values")
    assert values == {"thanhVien": [{"hoTen": "Phạm Minh Bình"}]}


@on_session
async def test_source_that_was_refused_stays_refused_when_a_consent_asks_again(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    told.answers = {
        "prefill": (200, answered(STATES, **{**ALL, "pending": None})),
        "consents": (200, {"consent": "cs-1"}),
    }
    page = await opened(profile, url)
    requester = page.get_by_role("region", name="Người yêu cầu", exact=True)
    await requester.locator("summary").first.click()
    await requester.get_by_role("button", name="Không dùng dữ liệu từ nguồn này").first.click()
    await requester.get_by_role("button", name="Không dùng", exact=True).click()
    again = answered(
        {**STATES, "nycHoTen": field("filled", "Trần Thị Mẫu", "e2")}, **{**ALL, "pending": None}
    )
    again["evidence"] = {"e2": again["evidence"]["e1"], "e1": again["evidence"]["e2"]}
    told.answers["prefill"] = 200, again
    consent = page.get_by_role("group", name="Cần sự đồng ý của ông/bà")
    await consent.get_by_role("checkbox").check()
    await consent.get_by_role("button").click()
    # now called e2; what was called e1 is of another source, and is used
    await expect(requester.locator(".ml-facts dd")).to_have_text(["033190001234"])
    await expect(requester.get_by_label("Họ tên người yêu cầu")).to_have_value("")
    await expect(requester).to_contain_text("Ông/bà không dùng dữ liệu của CSDL quốc gia về dân cư")
    assert "nycHoTen" not in await page.evaluate("document.querySelector('motlan-form').values")


@on_session
async def test_any_origin_may_load_the_form_and_it_stays_light(login_house: House) -> None:
    total = 0
    for name, kind in (
        ("motlan-form.js", "text/javascript"),
        ("motlan-form.css", "text/css"),
        ("motlan-form.d.ts", "text/plain"),
    ):
        async with login_house.session.get(f"{login_house.url}/{name}") as answer:
            assert answer.status == 200
            assert answer.content_type == kind
            assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert "max-age" in answer.headers["Cache-Control"]
            assert answer.headers["Content-Encoding"] == "gzip"
            content, tag = await answer.read(), answer.headers["ETag"]
            total += len(gzip.compress(content, 9)) if kind != "text/plain" else 0
        source = (STATIC / name).read_text("utf-8")
        if kind == "text/javascript":
            # what is left out is never part of a text
            assert not re.search(r"\$\{[^}`]*`", source), "a template is in a template"
            texts = re.findall(r'"[^"\\\n]*"', source)
            assert [one for one in texts if one not in content.decode()] == []
            for helper in HELPER.findall(source):
                assert not re.search(rf"\.{helper}\b|\b{helper}:|[{{,] {helper}\b *[,}}]", source), helper
        async with login_house.session.get(
            f"{login_house.url}/{name}", headers={"If-None-Match": tag}
        ) as answer:
            assert answer.status == 304
    assert total <= 25_000


def resting(told: ScriptedPortal, keys: list[str]) -> None:
    told.about["procedure"]["papers"] = {"residence": {"rests_on": keys}}


REPLACED = [PAPERS[1]]
LATE = b"event: late\ndata: %b\n\n"


@on_session
async def test_paper_that_rests_on_a_value_reported_as_wrong_is_asked_for_also_after_a_reload(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    resting(told, ["nycHoTen"])
    told.about["procedure"]["papers"]["request"] = {"rests_on": [], "replaceable": False}
    request = {"code": "request", "title": "Tờ khai", "title_en": "Application", "state": "required"}
    told.about["procedure"]["papers"]["divorce"] = {"rests_on": ["nycHoTen"]}
    divorce = {**PAPERS[2], "code": "divorce", "title": "Giấy tờ ly hôn", "state": "not_applicable"}
    papers = [*REPLACED, divorce, {**request, "legal_basis": "", "reason": None, "advice": None}]
    told.answers["prefill"] = (
        200,
        answered({"nycHoTen": field("filled", "Trần Thị Mẫu", "e1")}, papers=papers),
    )
    told.answers["corrections"] = 200, {"provider": "C06", "id": "cr-1"}
    page = await opened(profile, url)
    paper = page.get_by_role("complementary").locator("li", has_text="Giấy tờ cư trú")
    requester = page.get_by_role("region", name="Người yêu cầu", exact=True)
    await requester.locator("summary").first.click()
    await requester.get_by_role("button", name="Báo sai").first.click()
    await requester.get_by_label("Giá trị đúng").fill("Trần Thị Mậu")
    await expect(paper).to_contain_text("Đã có dữ liệu")
    spared = page.get_by_role("complementary").locator("li", has_text="Giấy tờ ly hôn")
    await expect(spared).to_have_count(0)
    await requester.get_by_role("button", name="Gửi").click()
    await expect(requester.get_by_role("status")).to_be_focused()
    await expect(paper).to_contain_text("báo sai dữ liệu thay giấy tờ này")
    # whether a paper applies is open again when the value that decided it is called wrong
    await expect(spared).to_contain_text("Chưa biết trường hợp này có cần giấy tờ này không.")
    own = page.get_by_role("complementary").locator("li", has_text="Tờ khai")
    await expect(own).to_contain_text("Dữ liệu không thay giấy tờ này.")
    await expect(paper.locator("input[type=file]")).to_have_count(1)
    told.about["reported"] = ["nycHoTen"]
    await page.reload()
    await expect(requester).to_contain_text("Ông/bà đã báo sai: Họ tên")
    await is_clean(page)
    await expect(paper.locator("input[type=file]")).to_have_count(1)


@on_session
async def test_paper_whose_values_were_edited_is_asked_for_and_decided_again_before_the_check(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    resting(told, ["nycQuanHe"])
    states = {"nycQuanHe": field("filled", "Mẹ", "e1", editable=True), "nksNoiSinh": field("empty")}
    told.answers["prefill"] = 200, answered(states, papers=REPLACED)
    page = await opened(profile, url)
    await page.evaluate("document.querySelectorAll('motlan-form [aria-required]').forEach((one) => one)")
    paper = page.get_by_role("complementary").locator("li", has_text="Giấy tờ cư trú")
    relation = page.get_by_label("Quan hệ với người được đăng ký")
    await page.get_by_label(re.compile("^Nơi sinh")).fill("Trạm y tế")
    await expect(paper).to_contain_text("Đã có dữ liệu")
    await relation.fill("Cô ruột")
    await expect(paper).to_contain_text("Vì ông/bà đã sửa, chọn")
    await expect(paper.locator("input[type=file]")).to_have_count(1)
    await relation.fill("Mẹ")
    await expect(paper).to_contain_text("Đã có dữ liệu")
    await relation.fill("Cô ruột")
    kept = {**states, "nycQuanHe": field("kept", "Cô ruột"), "nksNoiSinh": field("kept", "Trạm y tế")}
    advice = {"vi": "Dữ liệu nói về đối tượng khác.", "en": "Another object."}
    required = {**PAPERS[1], "state": "required", "reason": {"code": "object_differs"}, "advice": advice}
    told.answers["prefill"] = 200, answered(kept, papers=[required])
    await everything_typed(page)
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").click()
    await expect(page.get_by_role("heading", name="Kiểm tra và nộp hồ sơ")).to_be_focused()
    asked = [body for act, body in told.received if act == "prefill"]
    assert len(asked) == 2
    assert asked[1]["known"]["nycQuanHe"] == "Cô ruột"
    await expect(paper).to_contain_text("Dữ liệu nói về đối tượng khác")
    await expect(paper.locator("input[type=file]")).to_have_count(1)
    # the check names the paper, leads to its file, and says which one it is
    named = page.locator(".ml-check dl div", has_text="Giấy tờ cư trú")
    await expect(named.locator("dd")).to_have_text("chưa có")
    await named.get_by_role("link").click()
    await expect(paper.get_by_role("button", name="Chọn tệp cho Giấy tờ cư trú")).to_be_focused()
    await paper.locator("input[type=file]").set_input_files(
        {"name": "cư trú.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4"}
    )
    await expect(named.locator("dd")).to_have_text("cư trú.pdf")
    # nothing changed since: the gateway is not asked a third time
    await page.get_by_role("button", name="Quay lại sửa").click()
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").click()
    await expect(page.get_by_role("heading", name="Kiểm tra và nộp hồ sơ")).to_be_focused()
    assert [act for act, _ in told.received].count("prefill") == 2


@on_session
async def test_refusal_of_data_that_no_later_answer_has_is_shown_recorded_and_holds_when_they_come_back(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    resting(told, ["nksHoTen"])
    words = {"nksNgaySinhBangChu": field("filled", "Ngày hai", "e2", editable=True)}
    first = {**words, "nksHoTen": field("filled", "Tên Nguồn Hai", "e2", editable=True)}
    told.answers["prefill"] = 200, answered(first, papers=REPLACED, preview=True)
    page = await opened(profile, url)
    child = page.get_by_role("region", name="Con", exact=True)
    headline, check = page.get_by_role("status").first, page.locator(".ml-check")
    await expect(headline).to_contain_text(re.compile("Đã điền sẵn 2 trên .* 1 giấy tờ không phải nộp"))
    await child.locator("summary").first.click()
    await child.get_by_role("button", name="Không dùng dữ liệu từ nguồn này").first.click()
    await child.get_by_role("button", name="Không dùng", exact=True).click()
    await child.get_by_label(re.compile("^Họ tên con")).fill("Tên Tự Nhập")
    # the headline says what the list of papers says
    await expect(headline).to_contain_text(re.compile("Đã điền sẵn 0 trên .* 0 giấy tờ không phải nộp"))
    kept, silent = field("kept", "Tên Tự Nhập"), field("not_found", reason={"source": "civil_status"})
    second = answered({"nksHoTen": kept, "nksNgaySinhBangChu": silent}, papers=REPLACED, preview=True)
    del second["evidence"]["e2"]
    told.answers["prefill"] = 200, {**second, "exchange_id": "01KB0000000000000000000001"}
    await everything_typed(page)
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").click()
    await expect(check).to_contain_text("Nguồn ông/bà không dùng")
    await expect(check.get_by_role("listitem")).to_have_text(["CSDL hộ tịch điện tử"])
    await expect(check).to_contain_text("Ông/bà không dùng dữ liệu của CSDL hộ tịch điện tử")
    await expect(check).not_to_contain_text("không có dữ liệu này")
    recorded = [body for act, body in told.received if act == "decision"]
    assert recorded == [{"exchange_id": answered({})["exchange_id"], "accepted": ["e1"], "refused": ["e2"]}]
    # the data come back under another name
    third = answered(
        {"nksHoTen": kept, "nksNgaySinhBangChu": field("filled", "Ngày hai", "e3")}, preview=True
    )
    third["evidence"]["e3"] = third["evidence"].pop("e2")
    told.answers["prefill"] = 200, {**third, "papers": REPLACED, "exchange_id": "01KB0000000000000000000002"}
    await page.get_by_role("button", name="Quay lại sửa").click()
    await child.get_by_label(re.compile("^Họ tên con")).fill("Tên Khác")
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").click()
    await page.get_by_role("button", name="Nộp hồ sơ", exact=True).click()
    (sent,) = await came(page, "submit")
    assert "nksNgaySinhBangChu" not in sent["values"]
    recorded = [body for act, body in told.received if act == "decision"]
    assert recorded[1:] == [{"exchange_id": sent["exchange_id"], "accepted": ["e1"], "refused": ["e3"]}]


@on_session
async def test_paper_of_a_source_that_is_awaited_says_so_and_values_are_marked_as_vietnamese(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    waiting = field("unavailable", reason={"code": "deadline_reached", "source": "civil_status"})
    advice = {"vi": "Nguồn dữ liệu không trả lời.", "en": "The source is silent."}
    paper = {**PAPERS[1], "state": "required", "reason": {"code": "deadline_reached"}, "advice": advice}
    first = {"nksHoTen": waiting, "meHoTen": field("filled", "Trần Thị Mẫu", "e2")}
    told.answers["prefill"] = 200, answered(first, papers=[paper], pending="token")
    page = await opened(profile, url)
    shown = page.get_by_role("complementary").locator("li", has_text="Giấy tờ cư trú")
    await expect(shown).to_contain_text("Đang chờ, chưa biết có dữ liệu hay không")
    await expect(shown).not_to_contain_text("Nguồn dữ liệu không trả lời.")
    await page.evaluate("document.querySelector('motlan-form').lang = 'en'")
    value = page.locator(".ml-facts bdi", has_text="Trần Thị Mẫu")
    await expect(value).to_have_attribute("lang", "vi")
    told.events.put_nowait(LATE % json.dumps(answered(first, papers=[paper])).encode())
    await expect(page.get_by_role("complementary")).to_contain_text("The source is silent.")


@on_session
async def test_refusal_while_another_source_is_awaited_is_recorded_when_the_wait_ends(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    resting(told, ["nksHoTen"])
    waiting = field("unavailable", reason={"code": "deadline_reached", "source": "civil_status"})
    first = {"nksHoTen": field("filled", "Tên Nguồn Hai", "e2", editable=True), "meHoTen": waiting}
    told.answers["prefill"] = 200, answered(first, papers=REPLACED, preview=True, pending="token")
    page = await opened(profile, url)
    child, check = page.get_by_role("region", name="Con", exact=True), page.locator(".ml-check")
    await child.locator("summary").first.click()
    await child.get_by_role("button", name="Không dùng dữ liệu từ nguồn này").first.click()
    await child.get_by_role("button", name="Không dùng", exact=True).click()
    await child.get_by_label(re.compile("^Họ tên con")).fill("Tên Tự Nhập")
    await everything_typed(page)
    kept = {"nksHoTen": field("kept", "Tên Tự Nhập"), "meHoTen": field("kept", "Mẫu")}
    second = answered(kept, papers=REPLACED, preview=True)
    del second["evidence"]["e2"]
    told.answers["prefill"] = 200, {**second, "exchange_id": "01KB0000000000000000000001"}
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").click()
    await expect(page.get_by_role("status").first).to_be_visible()
    await expect(check).to_be_hidden()
    assert [act for act, _ in told.received if act == "decision"] == []
    late = answered({**first, "meHoTen": field("not_found")}, papers=REPLACED, preview=True)
    told.events.put_nowait(LATE % json.dumps(late).encode())
    await expect(check).to_contain_text("Nguồn ông/bà không dùng")
    recorded = [body for act, body in told.received if act == "decision"]
    assert recorded == [{"exchange_id": answered({})["exchange_id"], "accepted": ["e1"], "refused": ["e2"]}]


async def everything_typed(page: Page) -> None:
    """What is required and blank has a value."""
    for one in await page.locator("motlan-form input[aria-required]:visible").all():
        if await one.input_value():
            continue
        label = await one.evaluate("(one) => document.getElementById(`${one.id}-label`).textContent")
        text = (
            "02/01/2026" if label.startswith("Ngày") else "033190001234" if label.startswith("Số") else "Mẫu"
        )
        await one.fill(text)
    for one in await page.locator("motlan-form [role=radiogroup][aria-required]:visible").all():
        await one.get_by_role("radio").first.check()
    for one in await page.locator("motlan-form select[aria-required]:visible").all():
        await one.select_option(index=1)


@on_session
async def test_paper_counts_as_resting_on_every_field_where_the_portal_does_not_say(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    told.answers["prefill"] = 200, answered({"nksNoiSinh": field("empty")}, papers=REPLACED)
    page = await opened(profile, url)
    await page.get_by_label(re.compile("^Nơi sinh")).fill("Trạm y tế")
    paper = page.get_by_role("complementary").locator("li", has_text="Giấy tờ cư trú")
    await expect(paper).to_contain_text("Vì ông/bà đã sửa, chọn")


@on_session
async def test_refusal_names_the_papers_that_the_gateway_asks_for_then(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    fields = {"meHoTen": field("filled", "Trần Thị Mẫu", "e2")}
    answer = answered(fields, papers=[*REPLACED, {**PAPERS[2], "state": "not_applicable"}])
    # e2 says that she lives, which no proof names
    answer["preview"]["papers"] = {"e1": [], "e2": ["residence", "marriage"]}
    told.answers["prefill"] = 200, answer
    page = await opened(profile, url)
    mother = page.get_by_role("region", name="Mẹ", exact=True)
    await mother.locator("summary").first.click()
    await mother.get_by_role("button", name="Không dùng dữ liệu từ nguồn này").click()
    await expect(mother).to_contain_text("Ông/bà phải nộp: Giấy tờ cư trú; Giấy kết hôn.")
    await mother.get_by_role("button", name="Không dùng", exact=True).click()
    required = page.get_by_role("complementary").locator("li").filter(has=page.locator("input[type=file]"))
    await expect(required).to_contain_text(["Giấy tờ cư trú", "Giấy kết hôn"])


@on_session
async def test_value_of_a_refused_source_is_not_offered(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    waiting = field("unavailable", reason={"code": "deadline_reached", "source": "civil_status"})
    mother = {"meHoTen": field("filled", "Trần Thị Mẫu", "e2")}
    told.answers["prefill"] = 200, answered({**mother, "nksHoTen": waiting}, pending="token")
    page = await opened(profile, url)
    name = page.get_by_label(re.compile("^Họ tên con"))
    await name.fill("Tên Tự Nhập")
    late = answered({**mother, "nksHoTen": field("filled", "Tên Nguồn Hai", "e2", editable=True)})
    told.events.put_nowait(LATE % json.dumps(late).encode())
    use = page.get_by_role("button", name="Dùng Tên Nguồn Hai")
    await expect(use).to_be_visible()
    region = page.get_by_role("region", name="Mẹ", exact=True)
    await region.locator("summary").first.click()
    await region.get_by_role("button", name="Không dùng dữ liệu từ nguồn này").click()
    await region.get_by_role("button", name="Không dùng", exact=True).click()
    await expect(use).to_have_count(0)
    await expect(name).to_have_value("Tên Tự Nhập")
    await region.get_by_role("button", name="Dùng lại").click()
    await expect(use).to_be_visible()


@on_session
async def test_refused_source_can_be_used_again_after_its_first_field_was_typed(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    told.answers["prefill"] = (
        200,
        answered({"nksHoTen": field("filled", "Tên Nguồn Hai", "e2", editable=True)}, pending=None),
    )
    page = await opened(profile, url)
    name = page.get_by_label(re.compile("^Họ tên con"))
    box = page.locator(".ml-field", has=name)
    await box.locator("summary").click()
    await box.get_by_role("button", name="Không dùng dữ liệu từ nguồn này").click()
    await box.get_by_role("button", name="Không dùng", exact=True).click()
    again = box.get_by_role("button", name="Dùng lại")
    await expect(again).to_be_focused()
    await name.press_sequentially("Tên Tự Nhập")
    await expect(box).to_contain_text("Ông/bà nhập")
    await is_clean(page)
    await again.click()
    await expect(again).to_have_count(0)
    await expect(name).to_have_value("Tên Tự Nhập")
    await expect(box).to_contain_text("Tên Nguồn Hai")


@on_session
async def test_refused_source_can_be_used_again_after_the_check_and_what_was_typed_stays_where_it_has_nothing(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    words = {"nksNgaySinhBangChu": field("filled", "Ngày hai", "e2", editable=True)}
    both = {**words, "nksHoTen": field("filled", "Tên Nguồn Hai", "e2", editable=True)}
    told.answers["prefill"] = 200, answered(both, papers=REPLACED, preview=True)
    resting(told, ["nksHoTen"])
    page = await opened(profile, url)
    name, day = (page.get_by_label(re.compile(f"^{one}")) for one in ("Họ tên con", "Ngày sinh bằng chữ"))
    child = page.get_by_role("region", name="Con", exact=True)
    await child.locator("summary").first.click()
    await child.get_by_role("button", name="Không dùng dữ liệu từ nguồn này").first.click()
    await child.get_by_role("button", name="Không dùng", exact=True).click()
    await name.fill("Tên Tự Nhập")
    await day.fill("Ngày ba")
    kept = {"nksHoTen": field("kept", "Tên Tự Nhập"), "nksNgaySinhBangChu": field("kept", "Ngày ba")}
    second = answered(kept, papers=REPLACED, preview=True)
    del second["evidence"]["e2"]
    told.answers["prefill"] = 200, {**second, "exchange_id": "01KB0000000000000000000001"}
    await everything_typed(page)
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").click()
    await expect(page.locator(".ml-check")).to_contain_text("Nguồn ông/bà không dùng")
    await page.get_by_role("button", name="Quay lại sửa").click()
    again = child.get_by_role("button", name="Dùng lại")
    await expect(again).to_have_count(1)
    await expect(child).to_contain_text("Ông/bà không dùng dữ liệu của CSDL hộ tịch điện tử")
    await is_clean(page)
    await name.fill("Tên Khác")
    required = page.locator(".ml-aside").get_by_text("Vì ông/bà đã sửa")
    told.answers["prefill"] = 503, {"title_vi": "Bận", "code": "busy"}
    await again.click()
    await expect(page.locator(".ml-notes")).to_contain_text("Bận")
    await expect(name).to_have_value("Tên Khác")
    await expect(again).to_be_focused()
    await expect(required).to_have_count(1)
    draft = await page.evaluate("document.querySelector('motlan-form').draft")
    assert draft.items() >= {"nksHoTen": "Tên Khác", "nksNgaySinhBangChu": "Ngày ba"}.items()
    silent = field("not_found", reason={"source": "civil_status"})
    third = answered({**both, "nksNgaySinhBangChu": silent}, papers=REPLACED, preview=True)
    told.answers["prefill"] = 200, {**third, "exchange_id": "01KB0000000000000000000002"}
    await again.click()
    await expect(name).to_have_value("Tên Nguồn Hai")
    await expect(name).to_be_focused()
    await expect(day).to_have_value("Ngày ba")
    await expect(child).not_to_contain_text("Ông/bà không dùng dữ liệu")
    asked = [body for act, body in told.received if act == "prefill"][-1]
    assert not {"nksHoTen", "nksNgaySinhBangChu"} & asked["known"].keys()
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").click()
    await page.get_by_role("button", name="Nộp hồ sơ", exact=True).click()
    (sent,) = await came(page, "submit")
    assert (sent["values"]["nksHoTen"], sent["refused"]) == ("Tên Nguồn Hai", [])
    assert sent["values"]["nksNgaySinhBangChu"] == "Ngày ba"


@on_session
async def test_source_is_used_again_with_its_own_data_alone_and_said_once_where_an_answer_lost_part_of_it(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    words = {"nksNgaySinhBangChu": field("filled", "Ngày hai", "e2", editable=True)}
    both = {**words, "nksHoTen": field("filled", "Tên Nguồn Hai", "e2", editable=True)}
    told.answers["prefill"] = 200, answered(both, papers=REPLACED, preview=True)
    resting(told, ["nksHoTen"])
    page = await opened(profile, url)
    name, day = (page.get_by_label(re.compile(f"^{one}")) for one in ("Họ tên con", "Ngày sinh bằng chữ"))
    child = page.get_by_role("region", name="Con", exact=True)
    await child.locator("summary").first.click()
    await child.get_by_role("button", name="Không dùng dữ liệu từ nguồn này").first.click()
    await child.get_by_role("button", name="Không dùng", exact=True).click()
    await name.fill("Tên Tự Nhập")
    second = answered({**words, "nksHoTen": field("kept", "Tên Tự Nhập")}, papers=REPLACED, preview=True)
    told.answers["prefill"] = 200, {**second, "exchange_id": "01KB0000000000000000000003"}
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").click()
    await expect(page.locator(".ml-errors")).to_be_visible()
    again = child.get_by_role("button", name="Dùng lại")
    await expect(again).to_have_count(1)
    other = answered(
        {**words, "nksHoTen": field("filled", "Tên Nguồn Một", "e1", editable=True)}, papers=REPLACED
    )
    told.answers["prefill"] = 200, {**other, "exchange_id": "01KB0000000000000000000004"}
    await again.click()
    await expect(day).to_have_value("Ngày hai")
    await expect(again).to_have_count(0)
    await expect(name).to_have_value("Tên Tự Nhập")
    await expect(child).to_contain_text("Tên Nguồn Một")
    assert len([act for act, _ in told.received if act == "prefill"]) == 3


def disputed(*values: tuple[str, str]) -> dict[str, Any]:
    candidates = [{"value": value, "evidence": evidence} for value, evidence in values]
    doubt = {"kind": "sources_differ", "preferred": 0, "rule": "r", "candidates": candidates}
    return field("disputed", values[0][0], values[0][1], reason={"code": "sources_differ"}, doubt=doubt)


@on_session
async def test_chosen_value_stays_chosen_when_a_late_source_differs_too_and_is_the_word_of_its_source(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    first = {"meHoTen": disputed(("Tên A", "e1"), ("Tên B", "e2"))}
    told.answers["prefill"] = 200, answered(first, pending="token", sources=ALL["sources"])
    page = await opened(profile, url)
    await page.get_by_role("radio", name="Tên A").check()
    mother = box(page, "Họ tên").filter(has=page.get_by_role("radiogroup"))
    await expect(mother.locator(".ml-origin").last).to_contain_text("CSDL quốc gia về dân cư")
    await expect(page.locator(".ml-legend")).to_contain_text("1 điền sẵn")
    await expect(page.locator(".ml-legend")).to_contain_text("0 ông/bà nhập")
    late = answered({"meHoTen": disputed(("Tên C", "e3"), ("Tên A", "e1"), ("Tên B", "e2"))})
    late["evidence"]["e3"] = {**late["evidence"]["e1"], "source": "health"}
    told.events.put_nowait(LATE % json.dumps(late).encode())
    await expect(page.get_by_role("radio", name="Tên C")).to_be_visible()
    await expect(page.get_by_role("radio", name="Tên A")).to_be_checked()
    await expect(page.get_by_role("radio", name="Tên A")).to_be_focused()
    assert (await page.evaluate("document.querySelector('motlan-form').values"))["meHoTen"] == "Tên A"


@on_session
async def test_proposal_is_in_no_form_before_it_is_chosen_and_then_counts_as_the_persons_word(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    candidates = [{"value": "Tày", "evidence": "e1"}, {"value": "Kinh", "evidence": "e2"}]
    doubt = {"kind": "proposed", "preferred": None, "rule": "r", "candidates": candidates}
    entry = field("disputed", editable=True, reason={"code": "proposed"}, doubt=doubt)
    answer = answered({"meHoTen": field("filled", "A", "e1"), "nksDanToc": entry})
    for name, role in (("e1", "mother"), ("e2", "father")):
        answer["evidence"][name]["subject"] = role
    told.answers["prefill"] = 200, answer
    page = await opened(profile, url)
    choice = page.get_by_role("radiogroup", name="Dân tộc")
    await expect(choice).to_contain_text(
        "Đề xuất theo dữ liệu của CSDL quốc gia về dân cư, CSDL hộ tịch điện tử: ông/bà chọn hoặc nhập giá trị khác."
    )
    # whose value each is
    await expect(choice.locator(".ml-choice", has_text="Tày")).to_contain_text("(Mẹ)")
    await expect(choice.locator(".ml-choice", has_text="Kinh")).to_contain_text("(Cha)")
    assert await choice.get_by_role("radio", checked=True).count() == 0
    values = "document.querySelector('motlan-form').values"
    assert "nksDanToc" not in await page.evaluate(values)
    await choice.get_by_role("radio", name="Kinh").check()
    assert (await page.evaluate(values))["nksDanToc"] == "Kinh"
    legend = page.locator(".ml-legend")
    await expect(legend).to_contain_text("1 điền sẵn")
    await expect(legend).to_contain_text("1 ông/bà nhập")
    await expect(box(page, "Dân tộc").last).to_contain_text("Ông/bà chọn theo đề xuất")
    await choice.get_by_role("radio", name="Giá trị khác").check()
    await choice.get_by_label("Giá trị khác", exact=True).last.select_option("Mường")
    assert (await page.evaluate(values))["nksDanToc"] == "Mường"


@on_session
async def test_proposal_of_sources_that_are_not_used_leaves_an_empty_field_to_type(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    doubt = {
        "kind": "proposed",
        "preferred": None,
        "rule": "r",
        "candidates": [{"value": "A", "evidence": "e1"}],
    }
    entry = field("disputed", editable=True, reason={"code": "proposed"}, doubt=doubt)
    told.answers["prefill"] = (
        200,
        answered({"meHoTen": field("filled", "A", "e1"), "nksQueQuan": entry}, **ALL),
    )
    page = await opened(profile, url)
    child = page.get_by_role("radiogroup", name="Quê quán")
    await child.get_by_role("radio", name="A", exact=True).check()
    mother = page.get_by_role("region", name="Mẹ", exact=True)
    await mother.locator("summary").first.click()
    await mother.get_by_role("button", name="Không dùng dữ liệu từ nguồn này").click()
    await mother.get_by_role("button", name="Không dùng", exact=True).click()
    await expect(child).to_have_count(0)
    await expect(page.get_by_label("Quê quán")).to_have_value("")


@on_session
async def test_confirmed_value_of_another_source_leaves_the_block_of_the_first(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    first = {name: field("filled", text, "e1") for name, text in (("meHoTen", "A"), ("meDanToc", "Kinh"))}
    told.answers["prefill"] = 200, answered(first, pending="token", sources=ALL["sources"])
    page = await opened(profile, url)
    late = answered({**first, "meHoTen": field("filled", "Tên Hộ Tịch", "e2")})
    told.events.put_nowait(LATE % json.dumps(late).encode())
    mother = page.get_by_role("region", name="Mẹ", exact=True)
    other = mother.locator(".ml-field").filter(has_text="Tên Hộ Tịch")
    await expect(other).to_contain_text("Do CSDL hộ tịch điện tử xác nhận")
    await expect(mother.locator(".ml-locked")).not_to_contain_text("Tên Hộ Tịch")
    await mother.locator(".ml-locked summary").click()
    await mother.locator(".ml-locked").get_by_role("button", name="Không dùng dữ liệu từ nguồn này").click()
    await mother.get_by_role("button", name="Không dùng", exact=True).click()
    values = await page.evaluate("document.querySelector('motlan-form').values")
    assert values["meHoTen"] == "Tên Hộ Tịch"
    assert "meDanToc" not in values


@on_session
async def test_field_that_applies_or_leaves_its_block_late_stands_in_the_order_of_the_form(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    names = ("meNgaySinh", "meDanToc", "meQuocTich")
    first = {name: field("filled", f"tin {name}", "e1") for name in names}
    told.answers["prefill"] = 200, answered({**first, "meHoTen": field("not_applicable")}, pending="token")
    page = await opened(profile, url)
    mother = page.get_by_role("region", name="Mẹ", exact=True)
    typed = mother.get_by_label("Quốc tịch khác")
    await typed.press_sequentially("Lào")
    left = {"meNgaySinh": field("not_found"), "meQuocTich": field("filled", "tin khác", "e2")}
    late = answered({**first, **left, "meHoTen": field("empty")})
    told.events.put_nowait(LATE % json.dumps(late).encode() + b"event: end\ndata: {}\n\n")
    await expect(mother.get_by_label("Họ tên")).to_be_visible()
    shown = await mother.locator(".ml-label, .ml-facts dt").all_inner_texts()
    assert [one.removesuffix(" bắt buộc") for one in shown[:5]] == [
        "Họ tên",
        "Ngày sinh",
        "Dân tộc",
        "Quốc tịch",
        "Quốc tịch khác",
    ]
    await expect(typed).to_be_focused()
    await page.keyboard.type("!")
    await expect(typed).to_have_value("Lào!")


@on_session
async def test_field_of_the_same_data_as_an_edited_one_says_so_and_a_silent_source_is_no_blank(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    states = {
        "nksNgaySinh": field("filled", "02/01/2026", "e1", editable=True),
        "nksNgaySinhBangChu": field("filled", "Ngày hai, tháng một", "e1", editable=True),
        "meQuocTich": field("unavailable", reason={"code": "source_timeout", "source": "civil_status"}),
        "chaDanToc": field("unavailable", reason={"code": "source_timeout", "source": "civil_status"}),
    }
    for name in ("nksNgaySinh", "nksNgaySinhBangChu"):
        states[name]["attribute"] = "birth_notice.birth_date"
    told.answers["prefill"] = 200, answered(states)
    page = await opened(profile, url)
    born = page.get_by_label(re.compile("^Ngày sinh con"))
    words = page.locator(".ml-field").filter(has_text="bằng chữ")
    await expect(words).not_to_contain_text("Ông/bà đã sửa")
    await born.fill("01/11/2026")
    await expect(words).to_contain_text("Ông/bà đã sửa Ngày sinh con")
    await everything_typed(page)
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").click()
    check = page.locator(".ml-check")
    await expect(check.locator("dd").filter(has_text="Ngày hai")).to_contain_text("Ông/bà đã sửa")
    silent = check.locator("div").filter(has=page.locator("dt", has_text="Dân tộc")).locator("dd")
    await expect(silent.filter(has_text="hiện không trả lời được")).not_to_have_count(0)


@on_session
async def test_language_of_a_tag_that_named_none_can_be_set(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    told.answers["prefill"] = 200, answered({"nksHoTen": field("empty")})
    page = await opened(profile, url)
    await page.get_by_label(re.compile("^Họ tên con")).fill("Phạm Minh Khang")
    await page.evaluate("document.querySelector('motlan-form').lang = 'en'")
    await expect(page.get_by_label(re.compile("^Child's full name"))).to_have_value("Phạm Minh Khang")


@on_session
async def test_one_tick_is_one_consent_however_often_the_form_is_sent_and_ends_with_the_tick(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext, shot: Shot
) -> None:
    told, url = scripted
    states = {"nycNgayCapGiayToTuyThan": field("empty"), "nksNoiSinh": field("empty")}
    told.answers = {"prefill": (200, answered(states)), "consents": (200, {"consent": "cs-1"})}
    page = await opened(profile, url)
    await everything_typed(page)
    issued = page.get_by_role("textbox", name="Ngày cấp")
    await issued.fill("30/08/2021")
    own = page.get_by_role("checkbox", name=re.compile("^Lưu ngày cấp"))
    check = page.get_by_role("button", name="Kiểm tra và nộp hồ sơ")
    submit = page.get_by_role("button", name="Nộp hồ sơ", exact=True)
    back = page.get_by_role("button", name="Quay lại sửa")

    async def sent(times: int) -> list[Any]:
        is_kept = await own.is_checked() and bool(await issued.input_value())
        await check.click()
        kept = page.locator(".ml-check", has_text="Lưu ngày cấp để điền sẵn lần sau")
        await expect(kept).to_have_count(int(is_kept))
        for _ in range(times):
            before_it = len(await heard(page, "submit"))
            await submit.click()
            await page.wait_for_function(
                "(count) => window.heard.filter(([name]) => name == 'submit').length > count", arg=before_it
            )
        await back.click()
        return [(one["consent"], one["keep"]) for one in (await heard(page, "submit"))[-times:]]

    await own.check()
    assert await sent(3) == [("cs-1", ["id_issued_on"])] * 3  # no answer came: pressed again
    assert [act for act, _ in told.received].count("consents") == 1
    await own.uncheck()
    await expect(page.locator(".ml-notes")).to_contain_text("Sự đồng ý lưu dữ liệu đã được rút lại")
    assert told.received[-1] == ("withdraw", {"consent": "cs-1"})
    assert await sent(1) == [(None, [])]
    told.answers |= {"consents": (200, {"consent": "cs-2"}), "withdraw": (404, {"code": "not_found"})}
    await own.check()
    assert await sent(2) == [("cs-2", ["id_issued_on"])] * 2
    await expect(page.locator(".ml-notes")).not_to_contain_text("đã được rút lại")
    # what was kept is no longer in the form: the consent for it ends too
    await page.get_by_role("textbox", name="Ngày cấp").fill("")
    assert await sent(1) == [(None, [])]
    assert ("withdraw", {"consent": "cs-2"}) in told.received
    await expect(page.locator(".ml-notes")).to_contain_text("dữ liệu được lưu đến khi ông/bà rút lại")
    await shot(page, "stands")
    await is_clean(page)


@on_session
async def test_words_of_schemas_and_sources_show_every_sign_and_the_value_is_sent_as_it_is(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    told.about = json.loads(json.dumps(told.about), object_hook=hostile_words)
    states = {**STATES, "nksHoTen": field("filled", "Phạm\u200b", "e1", editable=True)}
    papers = [{**one, "title": f"{one['title']}{UNSEEN}"} for one in PAPERS]
    told.answers["prefill"] = 200, answered(states, **{**ALL, "pending": None, "papers": papers})
    page = await opened(profile, url)
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").click()
    await page.locator(".ml-details summary").first.click()
    await page.get_by_role("button", name="Không dùng dữ liệu").first.click()
    await page.get_by_role("button", name="Báo sai").first.click()
    shown = await page.evaluate(
        """() => [document.querySelector('motlan-form').textContent,
          ...[...document.querySelectorAll('motlan-form [aria-label]')].map((one) => one.ariaLabel)]"""
    )
    assert not re.search("[\u202e\u200b]", " ".join(shown))
    assert " ".join(shown).count("\ufffd") > 100
    assert (await page.evaluate("document.querySelector('motlan-form').values"))["nksHoTen"] == "Phạm\u200b"
    relation = page.get_by_role("combobox", name=re.compile("^Dân tộc")).last
    await relation.select_option(index=1)
    assert (await page.evaluate("document.querySelector('motlan-form').values"))["nksDanToc"] == "Kinh"


@on_session
async def test_form_in_english_shows_codes_in_english_and_sends_them_as_they_are(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    told.more = 'lang="en"'
    filled = {
        "meQuocTich": field("filled", "KR", "e1"),
        "meHoTen": field("filled", "Trần Thị Mẫu", "e1"),
        "nksDanToc": field("filled", "Người nước ngoài", "e1", editable=True),
    }
    told.answers["prefill"] = 200, answered(filled)
    page = await opened(profile, url)
    country = page.locator("dd bdi", has_text="South Korea")
    assert await country.get_attribute("lang") is None
    assert await page.locator("dd bdi", has_text="Trần Thị Mẫu").get_attribute("lang") == "vi"
    people = page.get_by_role("combobox", name=re.compile("^Ethnicity")).last
    assert await people.evaluate("(one) => one.selectedOptions[0].textContent") == "Foreigner"
    assert await people.locator("option", has_text="Khơ-me").get_attribute("lang") == "vi"
    values = await page.evaluate("document.querySelector('motlan-form').values")
    assert (values["meQuocTich"], values["nksDanToc"]) == ("KR", "Người nước ngoài")


UNSEEN = "\u202e\u200b"
WORDS = {"title", "title_en", "x-title-en", "x-label", "x-label-en", "x-example", "provider"}


def hostile_words(found: dict[str, Any]) -> dict[str, Any]:
    return {
        name: f"{value}{UNSEEN}" if name in WORDS and isinstance(value, str) else value
        for name, value in found.items()
    }


@on_session
async def test_value_that_was_taken_out_is_known_to_the_gateway_and_can_be_restored(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    resting(told, ["nycQuanHe"])
    waiting = field("unavailable", reason={"code": "deadline_reached", "source": "health"})
    filled = {"nycQuanHe": field("filled", "Mẹ", "e1", editable=True), "nksNoiSinh": field("empty")}
    emptied = {**filled, "nycQuanHe": field("kept", None)}
    told.answers["prefill"] = 200, answered(filled, papers=REPLACED)
    page = await opened(profile, url)
    paper = page.get_by_role("complementary").locator("li", has_text="Giấy tờ cư trú")
    relation = page.get_by_label("Quan hệ với người được đăng ký")
    await everything_typed(page)
    await relation.fill("")
    await expect(paper).to_contain_text("Vì ông/bà đã sửa, chọn")
    more = {"papers": REPLACED, "pending": "token", "sources": ALL["sources"]}
    told.answers["prefill"] = 200, answered({**emptied, "nksDanToc": waiting}, **more)
    assert (await checked(page, told))["nycQuanHe"] is None
    # the gateway decided by the empty field; what the source says is not lost, nor after a late answer
    await expect(paper).to_contain_text("Đã có dữ liệu")
    late = answered({**emptied, "nksDanToc": field("filled", "Kinh", "e2", editable=True)}, papers=REPLACED)
    told.events.put_nowait(LATE % json.dumps(late).encode())
    await page.get_by_role("button", name="Quay lại sửa").click()
    await expect(page.get_by_text("Vừa nhận")).to_be_visible()
    mine = box(page, "Quan hệ với người được đăng ký")
    await expect(mine).to_contain_text("Ông/bà đã sửa; CSDL quốc gia về dân cư ghi Mẹ")
    await mine.get_by_role("button", name="Khôi phục").click()
    await expect(relation).to_have_value("Mẹ")
    await expect(relation).to_be_focused()
    await expect(mine).to_contain_text("CSDL quốc gia về dân cư")
    await expect(paper).to_contain_text("Vì ông/bà đã sửa, chọn")
    told.answers["prefill"] = 200, answered(filled, papers=REPLACED)
    assert "nycQuanHe" not in await checked(page, told)
    await expect(paper).to_contain_text("Đã có dữ liệu")
    assert (await page.evaluate("document.querySelector('motlan-form').values"))["nycQuanHe"] == "Mẹ"


@on_session
async def test_field_that_the_gateway_emptied_does_not_hold_up_the_question_that_fills_it_again(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    resting(told, ["nycQuanHe"])
    filled = {
        "nycQuanHe": field("filled", "Mẹ", "e1", editable=True),
        "meHoTen": field("filled", "Trần Thị Mẫu", "e1", editable=True),
    }
    told.answers["prefill"] = 200, answered(filled, papers=REPLACED)
    page = await opened(profile, url)
    await everything_typed(page)
    name = page.get_by_label(re.compile("^Họ tên bắt buộc"))
    await page.get_by_label("Quan hệ với người được đăng ký").fill("Bà")
    other = {"code": "object_differs", "source": "population"}
    emptied = {"nycQuanHe": field("kept", "Bà"), "meHoTen": field("empty", reason=other)}
    told.answers["prefill"] = 200, answered(emptied, papers=REPLACED)
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").click()
    await expect(name).to_have_value("")
    mine = box(page, "Quan hệ với người được đăng ký")
    await mine.get_by_role("button", name="Khôi phục").click()
    told.answers["prefill"] = 200, answered(filled, papers=REPLACED)
    assert "nycQuanHe" not in await checked(page, told)
    assert (await page.evaluate("document.querySelector('motlan-form').values"))["meHoTen"] == "Trần Thị Mẫu"


async def checked(page: Page, told: ScriptedPortal) -> dict[str, Any]:
    """What the gateway was asked to know before the check page."""
    asked = [act for act, _ in told.received].count("prefill")
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").click()
    await expect(page.get_by_role("heading", name="Kiểm tra và nộp hồ sơ")).to_be_focused()
    bodies = [body for act, body in told.received if act == "prefill"]
    assert len(bodies) == asked + 1
    known: dict[str, Any] = bodies[-1]["known"]
    return known


@on_session
async def test_paper_of_an_object_that_is_typed_follows_it_when_it_is_typed_emptied_and_refused(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    resting(told, ["nksQueQuan"])
    first = {"nksQueQuan": field("empty"), "nycQuanHe": field("filled", "Mẹ", "e1", editable=True)}
    unnamed = {"code": "condition_unknown", "rule": "same:typed.nksQueQuan"}
    required = [{**PAPERS[1], "state": "required", "reason": unnamed, "by": None}]
    told.answers["prefill"] = 200, answered(first, papers=required)
    page = await opened(profile, url)
    paper = page.get_by_role("complementary").locator("li", has_text="Giấy tờ cư trú")
    place = page.get_by_label("Quê quán")
    await everything_typed(page)
    await place.fill("Hưng Yên")
    told.answers["prefill"] = (
        200,
        answered({**first, "nksQueQuan": field("kept", "Hưng Yên")}, papers=REPLACED),
    )
    assert (await checked(page, told))["nksQueQuan"] == "Hưng Yên"
    await expect(paper).to_contain_text("Đã có dữ liệu")
    await page.get_by_role("button", name="Quay lại sửa").click()
    await place.fill("")
    await expect(paper).to_contain_text("Vì ông/bà đã sửa, chọn")
    # of a value that is only proposed the paper waits in the same way
    required[0]["reason"] = {"code": "proposed"}
    told.answers["prefill"] = 200, answered({**first, "nksQueQuan": field("kept", None)}, papers=required)
    assert (await checked(page, told))["nksQueQuan"] is None
    await expect(paper.locator("input[type=file]")).to_have_count(1)
    await page.get_by_role("button", name="Quay lại sửa").click()
    await place.fill("Hưng Yên")
    told.answers["prefill"] = (
        200,
        answered({**first, "nksQueQuan": field("kept", "Hưng Yên")}, papers=REPLACED),
    )
    await checked(page, told)
    await expect(paper).to_contain_text("Đã có dữ liệu")
    await page.get_by_role("button", name="Quay lại sửa").click()
    requester = page.get_by_role("region", name="Người yêu cầu", exact=True)
    await requester.locator("summary").first.click()
    await requester.get_by_role("button", name="Không dùng dữ liệu từ nguồn này").first.click()
    await requester.get_by_role("button", name="Không dùng", exact=True).click()
    await expect(paper).to_contain_text("Vì ông/bà không dùng dữ liệu thay giấy tờ này")


@on_session
async def test_late_answer_that_draws_an_origin_again_keeps_the_focus_and_what_is_written_in_it(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    states = {
        "nycHoTen": field("filled", "Trần Thị Mẫu", "e1", editable=True),
        "meHoTen": field("filled", "Phạm Thị Mẫu", "e1", editable=True),
        "nksHoTen": field("unavailable", reason={"code": "deadline_reached", "source": "health"}),
    }
    told.answers["prefill"] = 200, answered(states, pending="token")
    told.answers["corrections"] = 200, {"provider": "C06", "id": "cr-1"}
    page = await opened(profile, url)
    requester = page.get_by_role("region", name="Người yêu cầu", exact=True)
    summary = requester.locator("summary").first
    await summary.press("Enter")
    doubted = {one: {**states[one], "doubt": {"kind": "unsure"}} for one in ("nycHoTen", "meHoTen")}
    why = {"code": "several_records", "title": "Several", "title_vi": "Có nhiều bản ghi"}
    doubted["nksHoTen"] = field("empty", doubt={"kind": "several_records"}, reason=why)
    told.events.put_nowait(LATE % json.dumps(answered({**states, **doubted}, pending="token")).encode())
    await expect(requester).to_contain_text("Đề nghị ông/bà kiểm tra giá trị này")
    # where there is no value, there is none to check
    await expect(page.get_by_text("Có nhiều bản ghi")).to_be_visible()
    await expect(page.get_by_text("Đề nghị ông/bà kiểm tra giá trị này")).to_have_count(2)
    await expect(summary).to_be_focused()
    await expect(requester.locator("details").first).to_have_attribute("open", "")
    # a report that is being written is about the value that its writer saw
    await requester.get_by_role("button", name="Báo sai").first.press("Enter")
    right = requester.get_by_label("Giá trị đúng")
    await right.fill("Trần Thị Mậu")
    changed = {**states, "nycHoTen": field("filled", "Trần Thị Mận", "e2", editable=True)}
    told.events.put_nowait(LATE % json.dumps(answered(changed, pending="token")).encode())
    await expect(page.get_by_label("Họ tên người yêu cầu")).to_have_value("Trần Thị Mẫu")
    await expect(requester).to_contain_text("Trần Thị Mận")
    await expect(right).to_be_focused()
    await requester.get_by_role("button", name="Gửi").click()
    await expect(requester.get_by_role("status")).to_contain_text("cr-1")
    assert dict(told.received)["corrections"]["shown"] == "Trần Thị Mẫu"


@on_session
@pytest.mark.parametrize("lang", ["vi", "en"])
async def test_file_is_chosen_by_a_button_in_the_language_of_the_page_before_the_form_is_sent(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext, lang: str
) -> None:
    told, url = scripted
    told.more = f'lang="{lang}"'
    told.answers["prefill"] = 200, answered({"nycHoTen": field("empty")}, papers=PAPERS)
    page = await opened(profile, url)
    await page.set_viewport_size({"width": 320, "height": 800})
    word, none = {
        "vi": ("Chọn tệp cho Giấy chứng sinh", "Tệp: chưa có"),
        "en": ("Choose a file for Birth certificate", "File: none"),
    }[lang]
    pick = page.get_by_role("button", name=word)
    await expect(pick).to_have_accessible_description(none)
    async with page.expect_file_chooser() as waiting:
        await pick.press("Enter")
    await (await waiting.value).set_files(
        {"name": "cs.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-"}
    )
    chosen = none.split(":")[0] + ": cs.pdf"
    await expect(pick).to_have_accessible_description(chosen)
    await expect(page.get_by_role("status").first).to_contain_text(chosen)
    await expect(pick).to_be_focused()
    await is_clean(page)
    # the last before the buttons, for the eye and for the keyboard
    places = [
        await one.bounding_box()
        for one in (page.get_by_role("textbox").last, pick, page.locator("[type=submit]"))
    ]
    tops = [one["y"] for one in places if one]
    assert tops == sorted(tops)
    await page.keyboard.press("Tab")
    await expect(page.locator("[type=submit]")).to_be_focused()


@on_session
async def test_late_answer_ends_errors_that_it_mends_and_its_choices_come_before_the_form_is_sent(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext, shot: Shot
) -> None:
    told, url = scripted
    waiting = field("unavailable", reason={"code": "deadline_reached", "source": "population"})
    names = ("nksHoTen", "meHoTen")
    told.answers["prefill"] = 200, answered(dict.fromkeys(names, waiting), pending="token")
    page = await opened(profile, url)
    await everything_typed(page)
    name, mother = page.get_by_label(re.compile("^Họ tên con")), box(page, "Họ tên").first
    await name.fill("")
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").click()
    errors = page.locator(".ml-errors")
    await expect(errors).to_contain_text("Đề nghị ông/bà nhập họ tên con")
    await name.fill("Tên Tự Nhập")
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").click()
    await expect(page.locator(".ml-check")).to_be_visible()
    submit = page.get_by_role("button", name="Nộp hồ sơ", exact=True)
    late = answered({one: field("filled", "Tên Của Nguồn", "e1") for one in names})
    told.events.put_nowait(LATE % json.dumps(late).encode())
    await expect(page.locator(".ml-check")).to_contain_text(re.compile("2 việc cần ông/bà làm: .*họ tên con"))
    await expect(submit).to_have_attribute("aria-disabled", "true")
    await shot(page, "choose-first")
    await is_clean(page)
    await submit.click(force=True)
    await expect(errors).to_be_focused()
    await expect(errors.get_by_role("listitem")).to_have_count(2)
    assert await heard(page, "submit") == []
    use = page.get_by_role("button", name="Dùng Tên Của Nguồn")
    for left in (1, 0):
        await use.first.click()
        await expect(use).to_have_count(left)
    await expect(mother).to_contain_text("Tên Của Nguồn")
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").click()
    await expect(submit).to_be_enabled()


@on_session
async def test_error_box_lists_no_field_that_a_late_answer_filled(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    waiting = field("unavailable", reason={"code": "deadline_reached", "source": "population"})
    told.answers["prefill"] = 200, answered({"nksHoTen": waiting, "meHoTen": waiting}, pending="token")
    page = await opened(profile, url)
    await everything_typed(page)
    await page.get_by_label(re.compile("^Họ tên con")).fill("")
    await page.get_by_label(re.compile("^Họ tên bắt buộc")).first.fill("")
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").click()
    errors = page.locator(".ml-errors")
    await expect(errors.get_by_role("listitem")).to_have_count(2)
    half = {"nksHoTen": waiting, "meHoTen": field("filled", "Trần Thị Mẫu", "e1")}
    told.events.put_nowait(LATE % json.dumps(answered(half, pending="token")).encode())
    await expect(errors.get_by_role("listitem")).to_have_text(["Đề nghị ông/bà nhập họ tên con"])
    whole = half | {"nksHoTen": field("filled", "Phạm Minh Khang", "e1")}
    told.events.put_nowait(LATE % json.dumps(answered(whole)).encode())
    await expect(errors).to_be_hidden()


@on_session
async def test_source_that_did_not_answer_can_be_asked_again_and_what_was_typed_stays(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext, shot: Shot
) -> None:
    told, url = scripted
    silent = field("unavailable", reason={"code": "source_timeout", "source": "civil_status"})
    sources = [{"source": "civil_status", "data_service": "x", "outcome": "unavailable"}]
    told.answers["prefill"] = 200, answered({"meHoTen": silent, "nksNoiSinh": silent}, sources=sources)
    page = await opened(profile, url)
    notes, place = page.locator(".ml-notes"), page.get_by_label(re.compile("^Nơi sinh"))
    await expect(notes).to_contain_text("CSDL hộ tịch điện tử hiện không trả lời được")
    await place.fill("Trạm y tế")
    await shot(page, "partial")
    await is_clean(page)
    again = notes.get_by_role("button", name="Thử lại")
    whole = told.answers["prefill"]
    told.answers["prefill"] = 503, {"code": "log_unavailable", "title_vi": "Chưa ghi được nhật ký"}
    await again.click()
    await expect(notes).to_contain_text("Chưa ghi được nhật ký")
    await expect(place).to_have_value("Trạm y tế")
    told.answers["prefill"] = whole
    await again.first.click()
    await expect(notes).not_to_contain_text("Chưa ghi được nhật ký")
    await expect(again).to_be_focused()
    told.answers["prefill"] = 200, answered({"meHoTen": field("filled", "Trần Thị Mẫu", "e2")})
    await again.click()
    await expect(page.get_by_role("region", name="Mẹ", exact=True)).to_contain_text("Trần Thị Mẫu")
    await expect(again).to_have_count(0)
    await expect(place).to_have_value("Trạm y tế")
    assert told.received[-1][1]["known"] == {"nksNoiSinh": "Trạm y tế"}


@on_session
async def test_form_that_no_page_takes_says_so_to_the_person_and_to_the_developer(
    scripted: tuple[ScriptedPortal, str], profile: BrowserContext
) -> None:
    told, url = scripted
    told.answers["prefill"] = 200, answered({})
    page = await opened(profile, url)
    said: list[str] = []
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    await everything_typed(page)
    await page.get_by_role("button", name="Kiểm tra và nộp hồ sơ").click()
    submit = page.get_by_role("button", name="Nộp hồ sơ", exact=True)
    await submit.click()
    await expect(page.locator(".ml-notes")).to_contain_text("Trang này chưa có nơi nhận hồ sơ")
    assert await heard(page, "error") == [{"code": "no_action"}]
    assert ["`action`" in one for one in said] == [True]
    await page.evaluate(
        "document.querySelector('motlan-form').addEventListener('submit', (event) => event.preventDefault())"
    )
    await submit.click()
    await expect(page.locator(".ml-notes")).not_to_contain_text("nơi nhận hồ sơ")
    await page.evaluate("document.querySelector('motlan-form').showErrors({nksHoTen: 'sai', meHoTen: 'sai'})")
    await expect(page.locator(".ml-errors li")).to_have_text(["Họ tên (mẹ): sai", "Họ tên con: sai"])
