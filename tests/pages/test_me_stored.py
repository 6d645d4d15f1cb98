"""Papers in the store: asked when their owner presses the button, recorded each time, and never somebody else's."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from tests.faults.conftest import PATIENT, Between, Say, always, between, body
from tests.flows.test_papers_search import STRANGER, changed, stored
from tests.flows.test_records import records
from tests.login.browser import Browser, Landing, Town, town
from tests.pages.test_me import MAU, text_of
from tests.pages.trial import entered, page, token, twin

pytestmark = pytest.mark.asyncio(loop_scope="session")

STORE, PAGE = "/me/papers/stored", "/me/papers"
MARRIAGE = {
    "MaKetQua": "KQ.G15.900002", "SoKyHieu": "12/2015", "TenGiayTo": "Giấy chứng nhận kết hôn",
    "CoQuanChuQuan": "000.00.14.H31", "NgayCap": "20/06/2015",
}  # fmt: skip
CONFIRMING = "  population.XacThucThongTinCongDan:\n    attributes: [matches]\n"
UNSEEN = "\u202e", "\u200b"


@dataclass
class Stored:
    """A town whose paper store and population database may answer anything, and who signed in there."""

    town: Town
    browser: Browser
    store: Between
    population: Between

    @property
    def asked(self) -> list[bytes]:
        """The questions that reached the store."""
        return [call for _, call in self.store.calls if b"GetKetQuaGiayTo" in call]

    def question(self) -> dict[str, Any]:
        (call,) = self.asked
        found: dict[str, Any] = json.loads(call.partition(b"\r\n\r\n")[2])
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Town, Between, Between]]:
    async with AsyncExitStack() as stack:
        peers, more = [], {"gateway.policy.claims": "1000000/day", "gateway.prefill.deadline_ms": "4000"}
        for source, service in (("paper_store", "GetKetQuaGiayTo"), ("population", "XacThucThongTinCongDan")):
            peers.append(await stack.enter_async_context(between(source)))
            more |= {f"sources.{source}.{name}": value for name, value in PATIENT.items()}
            more[f"sources.{source}.url"] = peers[-1].url
            more[f"sources.{source}.services.{service}.valid_seconds"] = "0"
        made = await stack.enter_async_context(town(tmp_path_factory.mktemp("stored"), more))
        # the tests look more often than a person may
        await made.reload("config/agreements/own_papers.yaml", "20/hour", "1000/hour")
        for peer in peers:
            peer.sandbox = made.house.control.removesuffix("/__sandbox")
        yield made, peers[0], peers[1]


@pytest_asyncio.fixture(loop_scope="session")
async def at(place: tuple[Town, Between, Between]) -> AsyncIterator[Stored]:
    made, *peers = place
    for peer in peers:
        peer.say = None
        peer.calls.clear()
    async with Browser(made) as browser:
        yield Stored(made, browser, *peers)


async def pressed(at: Stored, account: str = "mau", language: str = "vi") -> Landing:
    """The page that the button opens."""
    if not any("session" in name for name in at.browser.cookies):
        await entered(at.browser, PAGE, account)
    opened = await page(at.browser, f"{PAGE}?lang={language}")
    return await page(at.browser, STORE, {"csrf": token(opened)})


async def answered(at: Stored, account: str = "mau") -> Any:
    """Its JSON twin."""
    await entered(at.browser, PAGE, account)
    form = {"csrf": token(await page(at.browser, PAGE))}
    landing = await at.browser.go(STORE, form, Accept="application/json")
    assert landing.status == 200, landing.text
    return json.loads(landing.text)


def of_exchange(at: Stored, exchange: str) -> list[dict[str, Any]]:
    return [one for one in records(at.town.house) if one["exchange"] == exchange]


async def test_button_shows_papers_of_the_store_and_each_look_is_recorded(at: Stored) -> None:
    at.store.say = stored(
        {**MARRIAGE, "ThoiHanHieuLuc": "02/03/2060"}, {**MARRIAGE, "SoKyHieu": "7/1999", "ThoiHanHieuLuc": "01/02/1999"}
    )  # fmt: skip
    landing = await pressed(at)
    shown = text_of(landing)
    for words in (
        "Kho có 2 giấy tờ của ông/bà.", "Giấy chứng nhận kết hôn", "12/2015", "20/06/2015", "Còn hạn đến", "02/03/2060",
        "Đã hết hạn", "01/02/1999", landing.exchange,
    ):  # fmt: skip
        assert words in shown, words
    assert MAU not in landing.text
    assert landing.headers["Cache-Control"] == "no-store"
    asked = at.question()
    assert (asked["SoDinhDanhChuSoHuu"], asked["SoDinhDanhNguoiYeuCau"], asked["KenhThucHien"]) == (
        MAU,
        MAU,
        "2",
    )
    assert {"MaKetQua": "KQ.G15.900002", "SoKyHieu": ""} in asked["DanhSachDanhMucKetQua"]
    ours = of_exchange(at, landing.exchange)
    assert [one["phase"] for one in ours] == ["intent", "outcome"]
    assert {(one["requester"], one["purpose"], one["procedure"]) for one in ours} == {
        ("citizen", "own_papers", "")
    }
    assert {one["notes"]["operation"] for one in ours} == {"own_papers"}
    assert {one["notes"]["login"] for one in ours[:1]} == {"national_portal"}
    assert {call["source"]: call["outcome"] for call in ours[1]["calls"]} == {
        "paper_store": "found", "population": "found",
    }  # fmt: skip
    assert list(ours[1]["fields"]) == ["papers"]
    assert (ours[1]["notes"]["shown"], ours[1]["notes"]["offered"]) == (2, 1)


async def test_twin_has_the_papers_of_the_page_without_their_files(at: Stored) -> None:
    at.store.say = stored({**MARRIAGE, "ThoiHanHieuLuc": "chưa rõ"})
    answer = await answered(at)
    assert (answer["can_ask"], answer["outcome"], answer["purpose"]) == (True, "found", "own_papers")
    assert answer["papers"] == [{
        "result_code": "KQ.G15.900002", "title": "Giấy chứng nhận kết hôn", "reference": "12/2015",
        "authority": "000.00.14.H31", "issued_on": "2015-06-20", "valid_until": "0000", "state": "expired",
    }]  # fmt: skip
    assert answer["receipt"]["leaf_hash"]
    assert "gcn.pdf" not in json.dumps(answer)


async def test_opening_the_pages_asks_no_source(at: Stored) -> None:
    await entered(at.browser, PAGE, "mau")
    assert "Xem giấy tờ trong kho" in text_of(await page(at.browser, PAGE))
    opened = await page(at.browser, STORE)
    assert "Cổng chưa hỏi kho." in text_of(opened)
    assert await twin(at.browser, STORE) == {"can_ask": True}
    assert (at.asked, [one for one in of_exchange(at, opened.exchange) if one["calls"]]) == ([], [])


async def test_form_without_the_token_of_its_session_asks_no_source(at: Stored) -> None:
    await entered(at.browser, PAGE, "mau")
    assert (await page(at.browser, STORE, {"csrf": "another"})).status == 403
    form = {"csrf": token(await page(at.browser, PAGE))}
    other = await page(at.browser, STORE, form, **{"Sec-Fetch-Site": "cross-site"})
    assert (other.status, at.asked) == (403, [])


async def test_nobody_else_can_be_named_by_the_form(at: Stored) -> None:
    at.store.say = stored(MARRIAGE)
    await entered(at.browser, PAGE, "mau")
    form = {"csrf": token(await page(at.browser, PAGE)), "personal_id": STRANGER, "owner": STRANGER}
    await page(at.browser, STORE, form)
    assert at.question()["SoDinhDanhChuSoHuu"] == MAU


@pytest.mark.parametrize(
    "words", [{"SoDinhDanhChuSoHuu": STRANGER}, {"TenGiayTo": "Giấy chứng nhận kết hôn của Nguyễn Văn Khác"}]
)
async def test_paper_of_another_owner_hides_the_whole_answer(at: Stored, words: dict[str, str]) -> None:
    at.store.say = stored(MARRIAGE, {**MARRIAGE, "SoKyHieu": "99/2019", **words})
    landing = await pressed(at)
    shown = text_of(landing)
    assert "Nguồn dữ liệu trả lời về người khác" in shown
    for hidden in ("99/2019", "12/2015", STRANGER, "Kho không có giấy tờ"):
        assert hidden not in landing.text, hidden
    assert of_exchange(at, landing.exchange)[-1]["fields"] == {}


@pytest.mark.parametrize("until", ["", "01/02/1999"], ids=["in force", "expired"])
@pytest.mark.parametrize("why", ["silent", "not agreed"])
async def test_while_nobody_confirms_the_person_no_paper_is_shown(at: Stored, why: str, until: str) -> None:
    at.store.say = stored({**MARRIAGE, "ThoiHanHieuLuc": until})
    if why == "silent":
        at.population.say = body(lambda _: "", kind="text/html")
        landing = await pressed(at)
    else:
        async with at.town.changed("config/agreements/own_papers.yaml", CONFIRMING, ""):
            landing = await pressed(at)
    assert "Chưa biết kho có giấy tờ nào của ông/bà." in text_of(landing)
    assert "12/2015" not in landing.text
    assert of_exchange(at, landing.exchange)[-1]["fields"] == {}


@pytest.mark.parametrize("day", ["20/06/2060", "20600620"])
async def test_day_of_issue_to_come_is_left_out_and_the_papers_stay(at: Stored, day: str) -> None:
    at.store.say = stored(MARRIAGE, {**MARRIAGE, "SoKyHieu": "9/2020", "NgayCap": day})
    answer = await answered(at)
    assert answer["outcome"] == "found"
    assert [(one["reference"], one["issued_on"], one["state"]) for one in answer["papers"]] == [
        ("12/2015", "2015-06-20", "offered"), ("9/2020", None, "offered"),
    ]  # fmt: skip


async def silent(*_: object) -> None:
    return


NOTHING: Say = changed(lambda tree: {**tree, "result": {"DanhSachGiayToKetQua": []}})
NO_ROWS: Say = changed(lambda tree: {**tree, "result": {"DanhSachGiayToKetQua": ["12/2015"]}})
REFUSED: Say = changed(lambda tree: {**tree, "errorCode": "12", "result": None})


@pytest.mark.parametrize(
    ("say", "vi", "en"),
    [
        (NOTHING, "Kho không có giấy tờ nào của ông/bà", "The store has no paper of yours"),
        (stored({**MARRIAGE, "MaKetQua": "KQ.G99.1"}), "Kho không có giấy tờ nào", "The store has no paper of yours"),
        (REFUSED, "Nguồn dữ liệu từ chối. Chưa biết kho", "The source refused. It is not known"),
        (NO_ROWS, "Câu trả lời của nguồn dữ liệu không dùng được", "The source's answer cannot be used"),
        (always(b"busy"), "Câu trả lời của nguồn dữ liệu không dùng được", "The source's answer cannot be used"),
        (body(lambda _: "", status="504 Late"), "Xin thử lại sau ít phút.", "Try again in some minutes."),
    ],
    ids=["nothing", "other kinds", "refused", "no rows", "no answer of the store", "away"],
)  # fmt: skip
async def test_page_says_why_there_is_nothing(at: Stored, say: Say, vi: str, en: str) -> None:
    for language, words in (("vi", vi), ("en", en)):
        at.store.say = say
        landing = await pressed(at, language=language)
        shown = text_of(landing)
        assert (landing.status, words in shown) == (200, True), shown
        assert landing.exchange in shown
        assert [one["phase"] for one in of_exchange(at, landing.exchange)] == ["intent", "outcome"]


async def test_slow_store_is_said_to_be_late_and_never_to_be_empty(at: Stored) -> None:
    at.store.say = silent
    landing = await pressed(at, "thu")  # a call that goes on answers the next look of the same person
    shown = text_of(landing)
    assert "Xin thử lại sau ít phút." in shown
    assert "Kho không có giấy tờ" not in shown
    assert of_exchange(at, landing.exchange)[-1]["phase"] == "outcome"


@pytest.mark.parametrize(
    "title", ["<script>alert(1)</script>", f"Giấy {''.join(UNSEEN)} tờ", "dài " * 3_000],
    ids=["markup", "unseen", "long"],
)  # fmt: skip
async def test_hostile_words_of_the_store_do_nothing_on_the_page(at: Stored, title: str) -> None:
    at.store.say = stored(
        {**MARRIAGE, "TenGiayTo": title, "SoKyHieu": '"><img src=x>', "CoQuanChuQuan": "<b>H31</b>"}
    )
    landing = await pressed(at)
    assert landing.status == 200
    for hostile in ("<script>alert", "<img src=x", "<b>H31", *UNSEEN):
        assert hostile not in landing.text
    assert len(landing.text) < 30_000


async def test_markup_of_the_store_is_shown_as_text(at: Stored) -> None:
    at.store.say = stored({**MARRIAGE, "TenGiayTo": "Giấy <b>kết hôn</b>"})
    assert "Giấy &lt;b&gt;kết hôn&lt;/b&gt;" in (await pressed(at)).text


async def test_look_is_among_the_uses_that_the_person_sees(at: Stored) -> None:
    at.store.say = stored(MARRIAGE)
    landing = await pressed(at)
    found: list[Any] = []
    async with asyncio.timeout(20):  # until it has its place in the log
        while not found:
            uses = (await twin(at.browser, "/me"))["uses"]
            found = [one for one in uses if one["exchange_id"] == landing.exchange]
    (use,) = found
    assert use["purpose"]["code"] == "own_papers"
    assert use["asked_by"]["code"] == "self"
    assert "paper_store" in [one["source"]["code"] for one in use["data"]]


async def test_account_of_an_organisation_asks_no_store(at: Stored) -> None:
    await entered(at.browser, PAGE, "business")
    opened = await page(at.browser, PAGE)
    assert "Trang này không hỏi kho" in text_of(opened)
    assert (await page(at.browser, STORE, {"csrf": token(opened)})).status == 404
    assert at.asked == []


async def test_too_many_looks_are_refused_and_recorded(at: Stored) -> None:
    at.store.say = stored(MARRIAGE)
    async with at.town.changed("config/agreements/own_papers.yaml", "1000/hour", "1/hour"):
        first, second = [await pressed(at, "over_70"), await pressed(at, "over_70")]
    assert (first.status, second.status, len(at.asked)) == (200, 429, 1)
    assert [one["phase"] for one in of_exchange(at, second.exchange)] == ["refusal"]


async def test_without_an_agreement_the_page_names_the_procedures_that_ask_the_store(at: Stored) -> None:
    async with at.town.changed("config/requesters/citizen.yaml", "agreements: [own_papers]\n", ""):
        await entered(at.browser, PAGE, "mau")
        opened = await page(at.browser, PAGE)
        refused = await page(at.browser, STORE, {"csrf": token(opened)})
        told = await page(at.browser, STORE)
    assert "chưa biết kho có giấy tờ nào của ông/bà" in text_of(opened)
    assert "Xem giấy tờ trong kho" not in text_of(opened)
    for code in ("1.001193", "1.004222", "1.013225"):
        assert f'href="/portal/procedures/{code}"' in opened.text, code
    assert "/portal/procedures/1.014027" not in opened.text
    assert "Trang này không hỏi được kho." in text_of(told)
    assert (refused.status, at.asked) == (404, [])


async def test_account_whose_identity_was_not_checked_sees_no_papers(at: Stored) -> None:
    await entered(at.browser, PAGE, "luu")
    opened = await page(at.browser, PAGE)
    refused = await page(at.browser, STORE, {"csrf": token(opened)})
    assert "Xem giấy tờ trong kho" not in text_of(opened)
    assert "ở mức độ 2" in text_of(await page(at.browser, STORE))
    assert (refused.status, at.asked) == (404, [])
