"""The citizen's pages when something is away, refused or too long for one page: each says what holds and what to do."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gateway.api.request import Request
from gateway.domain.errors import Conflict, TooMany
from gateway.pages.frame import PageRole, PageRoute, Shown, Visit
from tests.flows.test_papers_kept import consented as keeping
from tests.flows.test_papers_kept import given_in, upload
from tests.login.browser import Browser, Town
from tests.pages.test_me import text_of
from tests.pages.trial import entered, page, tried, twin

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: a person whose uses, consents and requests are counted here, and asked for nowhere else in this folder
MANY = "luu"


@contextlib.contextmanager
def away(town: Town, file: str, *tables: str) -> Iterator[None]:
    """Tables of a store that are not there for a moment."""
    path = next(town.house.state.glob(file))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as store:
        for table in tables:
            store.execute(f"ALTER TABLE {table} RENAME TO away_{table}")
        try:
            yield
        finally:
            for table in tables:
                store.execute(f"ALTER TABLE away_{table} RENAME TO {table}")


def persona(browser: Browser, account: str) -> dict[str, str]:
    found = next(one for one in browser.house.personas if one["key"] == account)
    return {name: str(found[name]) for name in ("personal_id", "full_name", "birth_date")}


async def test_papers_whose_store_is_away_are_said_to_be_unknown_and_the_rest_is_shown(
    browser: Browser, at: Town
) -> None:
    who = persona(browser, "mau")
    named = {"ids": [{"kind": "personal_id", "number": who["personal_id"]}], "name": who["full_name"]}
    code = await given_in(browser.house, who, applicant=named, code="H31.14-261105-55501")
    await entered(browser, "/me/papers", "mau")
    assert (await page(browser, "/me/papers")).status == 200
    with away(at, "consents.sqlite", "kept_papers"):
        vi = text_of(await page(browser, "/me/papers?lang=vi"))
        en = text_of(await page(browser, "/me/papers?lang=en"))
        answer = await twin(browser, "/me/papers?lang=vi")
        await page(browser, "/me/papers?lang=vi")
    assert (answer["missing"], answer["kept"]) == (["consents_unavailable"], [])
    assert "Chưa biết có giấy tờ nào hay không." in vi
    assert "It is not known whether there are any." in en
    for shown in (vi, en):
        assert code in shown
    assert "không lưu giấy tờ nào" not in vi
    assert "No papers are kept" not in en


async def test_dossiers_that_cannot_be_looked_up_never_read_as_none(browser: Browser, at: Town) -> None:
    await entered(browser, "/me/papers", "mau")
    assert (await page(browser, "/me/papers")).status == 200
    with away(at, "*.db", "dossiers"):
        shown = text_of(await page(browser, "/me/papers"))
        answer = await twin(browser, "/me/papers")
        with away(at, "consents.sqlite", "kept_papers"):
            neither = await page(browser, "/me/papers")
    assert answer["missing"] == ["relay_unavailable"]
    assert "Chưa xem được giấy tờ trong hồ sơ." in shown
    assert "Chưa có hồ sơ nào" not in shown
    assert neither.status == 503
    assert "Chưa lấy dữ liệu nào" in neither.text
    assert neither.exchange in neither.text


@pytest.mark.parametrize(
    ("language", "words"), [("vi", "Ông/bà thử lại sau ít phút."), ("en", "Try again in a few minutes.")]
)
@pytest.mark.parametrize("path", ["/me/consents", "/me/kept", "/me/consents/cs-any/receipt"])
async def test_page_without_its_store_says_what_to_do(
    browser: Browser, at: Town, path: str, language: str, words: str
) -> None:
    await entered(browser, "/me/consents", "mau")
    assert (await page(browser, "/me/consents")).status == 200
    with away(at, "consents.sqlite", "consents"):
        refused = await page(browser, f"{path}?lang={language}")
        problem = await browser.go(path, Accept="application/json")
    assert (refused.status, problem.status) == (503, 503)
    assert words in refused.text
    assert refused.exchange in refused.text
    assert "Trần Thị Mẫu" in refused.text  # who is signed in, and the way out
    assert problem.headers["Content-Type"] == "application/problem+json"


def failing(error: Callable[[], Exception]) -> PageRoute:
    async def fails(_request: Request, _visit: Visit) -> Shown:
        raise error()

    return PageRoute("GET", "/me/failing", fails, PageRole.CITIZEN)


FAULTS: list[tuple[Callable[[], Exception], int, str, str]] = [
    (Conflict, 409, "Đã xử lý ở nơi khác", "It was done elsewhere"),
    (lambda: TooMany(retry_after=7), 429, "Ông/bà thử lại sau 7 giây.", "Try again in 7 seconds."),
    (LookupError, 500, "Lỗi của cổng, không phải của ông/bà", "The fault is ours, not yours"),
]


@pytest.mark.parametrize(("error", "status", "vi", "en"), FAULTS)
async def test_error_says_what_happened_what_it_means_and_what_can_be_done(
    browser: Browser, at: Town, error: Callable[[], Exception], status: int, vi: str, en: str
) -> None:
    await entered(browser, "/me/consents", "mau")
    async with tried(at, failing(error)):
        for language, words in (("vi", vi), ("en", en)):
            refused = await page(browser, f"/me/failing?lang={language}")
            assert refused.status == status
            assert words in refused.text
            assert f'<html lang="{language}">' in refused.text
            assert refused.exchange in refused.text
            assert refused.headers["Cache-Control"] == "no-store"
            assert ("Retry-After" in refused.headers) == (status == 429)


async def test_another_text_of_a_form_that_was_sent_is_sent_only_after_a_question(browser: Browser) -> None:
    await entered(browser, "/me/requests", "mau")
    form = (await page(browser, "/me/requests/new")).hidden("/me/requests/new")
    before = len((await twin(browser, "/me/requests"))["requests"])
    sent = {**form, "kind": "access", "text": "Xin xem dữ liệu."}
    assert (await browser.go("/me/requests/new", sent, Accept="text/html")).status == 303
    other = await browser.go("/me/requests/new", {**sent, "text": "Xin xem thêm."}, Accept="text/html")
    assert other.status == 409
    assert "đã được gửi" in other.text
    assert "Idempotency" not in other.text
    again = {**other.hidden("/me/requests/new"), "kind": "access", "text": "Xin xem thêm."}
    assert (await browser.go("/me/requests/new", again, Accept="text/html")).status == 303
    assert len((await twin(browser, "/me/requests"))["requests"]) == before + 2


async def many(count: int, made: Callable[[int], Any]) -> list[Any]:
    """So many calls, eight at a time."""
    found: list[Any] = []
    for begin in range(0, count, 8):
        found += await asyncio.gather(*(made(place) for place in range(begin, min(count, begin + 8))))
    return found


async def walked(browser: Browser, path: str, name: str) -> list[list[Any]]:
    """All pages of a list, by the link to the next one."""
    pages, cursor = [], ""
    while True:
        answer = await twin(browser, f"{path}?after={cursor}" if cursor else path)
        pages.append(answer[name])
        if not answer["next"]:
            return pages
        landing = await page(browser, f"{path}?after={cursor}" if cursor else path)
        assert 'rel="next"' in landing.text
        cursor = answer["next"]


async def test_201st_consent_is_there_and_can_be_withdrawn(browser: Browser) -> None:
    who = persona(browser, MANY)
    given = await many(201, lambda _: keeping(browser.house, who))
    await entered(browser, "/me/consents", MANY)
    shown = await page(browser, "/me/consents")
    assert f"Đang có hiệu lực <small>{len(given)}</small>" in shown.text
    for consent in (given[0], given[-1]):
        assert f"/me/consents/{consent}/withdraw" in shown.text
    assert (await page(browser, f"/me/consents/{given[0]}/receipt")).status == 200
    assert (await page(browser, f"/me/consents/{given[0]}/withdraw")).status == 200


async def test_201st_request_is_on_the_next_page(browser: Browser) -> None:
    who = persona(browser, MANY)
    body = {
        "subject": {"personal_id": who["personal_id"]},
        "kind": "access",
        "text": "Xin xem dữ liệu về tôi.",
    }

    async def sent(_: int) -> str:
        status, answer = await browser.house.post("/v1/subject-requests", body, client="portal")
        assert status == 200, answer
        return str(answer["request"])

    made = set(await many(201, sent))
    await entered(browser, "/me/requests", MANY)
    pages = await walked(browser, "/me/requests", "requests")
    assert [len(one) for one in pages] == [200, 1]
    assert {one["request"] for each in pages for one in each} == made


async def test_uses_beyond_one_page_are_on_the_next_and_the_total_is_said_of_this_page(
    browser: Browser,
) -> None:
    house, who = browser.house, persona(browser, MANY)
    body = {"procedure": "1.004873", "subjects": {"requester": who, "person": {"same_as": "requester"}}}

    async def asked(_: int) -> str:
        _status, answer = await house.post("/v1/prefill", body, client="portal")
        return str(answer["exchange_id"])

    made = await many(103, asked)
    async with asyncio.timeout(60):  # until the last ones have their places in the log
        for exchange in made[-8:]:
            found: dict[str, Any] = {}
            while not found.get("records"):
                await asyncio.sleep(0.1)
                _, found = await house.post("/v1/audit/search", {"exchange_id": exchange}, client="auditor")
    await entered(browser, "/me", MANY)
    first = text_of(await page(browser, "/me"))
    assert "20 lần gần nhất trong 12 tháng qua" in first
    pages = await walked(browser, "/me", "uses")
    assert len(pages[0]) == 20
    found_uses = [one["exchange_id"] for each in pages for one in each]
    assert len(found_uses) == len(set(found_uses))
    assert set(made) <= set(found_uses)
    filtered = text_of(await page(browser, "/me?source=land"))
    assert "Trang này không có kết quả phù hợp" in filtered


async def test_file_of_a_dossier_needs_a_session(browser: Browser) -> None:
    file = (await upload(browser.house)).removeprefix("sha256:")
    landing = await page(browser, f"/me/papers/{file}/file?dossier=H31.14-261105-55501")
    assert landing.status == 303
    assert landing.location.startswith("/login/start?to=")
