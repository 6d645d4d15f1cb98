"""The citizen's page of papers: what the gateway holds, its files, and nothing of anybody else."""

from typing import Any

import pytest

from tests.flows.test_papers_kept import PDF, consented, given_in, upload
from tests.flows.test_papers_search import PARCEL
from tests.flows.test_records import records
from tests.login.browser import Browser, Landing
from tests.pages.test_me import text_of
from tests.pages.trial import entered, page, twin

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: nobody else files in this folder under these
MAU, QUAN = "033190001234", "033094209333"


def somebody(browser: Browser, number: str) -> dict[str, str]:
    found = next(one for one in browser.house.personas if one["personal_id"] == number)
    return {name: str(found[name]) for name in ("personal_id", "full_name", "birth_date")}


async def filed(browser: Browser, who: dict[str, str], **more: Any) -> tuple[str, str]:
    """A dossier of this person with one paper; its code, and the file."""
    file = await upload(browser.house)
    paper = {"title": "Bản vẽ <b>thiết kế</b>", "file": file, "file_name": "ban-ve.pdf"}
    applicant = {"ids": [{"kind": "personal_id", "number": who["personal_id"]}], "name": who["full_name"]}
    return await given_in(browser.house, who, applicant=applicant, papers=[paper], **more), file


async def kept(browser: Browser, who: dict[str, str], **more: Any) -> dict[str, Any]:
    dossier, file = await filed(browser, who)
    consent = await consented(browser.house, who)
    asked = {
        "procedure": "1.013225", "component": "drawings", "file_name": "ban-ve.pdf", "title": "Bản vẽ thiết kế",
        "consent": consent, "subject": who, "object": PARCEL, "valid_until": "2060-03-02", "dossier": dossier,
        "file": file, "reference": "12/BV", **more,
    }  # fmt: skip
    status, answer = await browser.house.post("/v1/papers/keep", asked, "portal")
    assert status == 200, answer
    return {**answer, "consent": consent, "dossier": dossier, "file": file}


async def content_of(browser: Browser, path: str) -> tuple[int, bytes, Any]:
    async with browser.session.get(browser.house.url + path, allow_redirects=False) as answer:
        return answer.status, await answer.read(), answer.headers


async def test_citizen_sees_kept_papers_with_origin_and_end_and_downloads_them(browser: Browser) -> None:
    made = await kept(browser, somebody(browser, MAU))
    await entered(browser, "/me/papers", "mau")
    landing = await page(browser, "/me/papers")
    shown = text_of(landing)
    for words in (
        "Bản vẽ thiết kế", "12/BV", "02/03/2060", "Phường Phố Hiến (11953)", "thửa đất số 345", made["dossier"],
        "Ông/bà nộp, Cổng Dịch vụ công",
    ):  # fmt: skip
        assert words in shown, words
    assert MAU not in landing.text
    assert f"/me/consents/{made['consent']}/withdraw" in landing.text
    status, content, headers = await content_of(browser, f"/me/papers/{made['paper']}/file")
    assert (status, content) == (200, PDF)
    assert headers["Content-Disposition"].startswith("attachment;")
    assert headers["Cache-Control"] == "no-store"
    answer = await twin(browser, "/me/papers")
    (one,) = [one for one in answer["kept"] if one["paper"] == made["paper"]]
    assert [each["code"] for each in one["dossiers"]] == [made["dossier"]]
    notes = [one["notes"] for one in records(browser.house) if one["notes"].get("paper") == made["paper"]]
    assert [one["operation"] for one in notes] == ["paper_kept", "paper_read"]


async def test_withdrawn_consent_takes_the_paper_off_the_page(browser: Browser) -> None:
    made = await kept(browser, somebody(browser, MAU))
    await entered(browser, "/me/papers", "mau")
    await browser.house.post("/v1/consents/withdraw", {"consent": made["consent"]})
    assert made["paper"] not in [one["paper"] for one in (await twin(browser, "/me/papers"))["kept"]]
    assert (await page(browser, f"/me/papers/{made['paper']}/file")).status == 404


async def test_papers_and_results_of_dossiers_are_listed_and_markup_is_text(browser: Browser) -> None:
    who = somebody(browser, MAU)
    given = await upload(browser.house)
    code, file = await filed(
        browser, who, results=[{"title": "Giấy phép xây dựng", "code": "KQ.G10.900001", "file": given}]
    )
    await entered(browser, "/me/papers", "mau")
    landing = await page(browser, "/me/papers")
    assert "<b>thiết kế</b>" not in landing.text
    shown = text_of(landing)
    assert "Bản vẽ <b>thiết kế</b>" in shown
    assert "Giấy phép xây dựng Kết quả thủ tục KQ.G10.900001" in shown
    status, content, headers = await content_of(browser, file_at(code, file))
    assert (status, content, headers["Content-Type"]) == (200, PDF, "application/pdf")
    english = text_of(await page(browser, "/me/papers?lang=en"))
    assert "Papers of dossiers" in english
    assert "Given by you" in english
    await page(browser, "/me?lang=vi")


def file_at(code: str, file: str) -> str:
    return f"/me/papers/{file.removeprefix('sha256:')}/file?dossier={code}"


async def test_paper_of_another_person_is_one_that_does_not_exist(browser: Browser) -> None:
    theirs = await kept(browser, somebody(browser, QUAN))
    # the same number, with another name: it was issued again
    again = {**somebody(browser, MAU), "full_name": "Nguyễn Văn Khác"}
    code, file = await filed(browser, again, code="H31.14-261105-99901")
    await entered(browser, "/me/papers", "mau")
    answer = await twin(browser, "/me/papers")
    assert {theirs["dossier"], code}.isdisjoint(one["code"] for one in answer["dossiers"])
    assert theirs["paper"] not in [one["paper"] for one in answer["kept"]]
    assert answer["withheld"] >= 1
    for path in (
        f"/me/papers/{theirs['paper']}/file", file_at(theirs["dossier"], theirs["file"]), file_at(code, file),
        f"/me/papers/{'0' * 64}/file", file_at("H31.14-261105-00000", file), file_at(code, "sha256:..%2f..%2fetc"),
        f"/me/papers/{theirs['paper']}/file?dossier=%00", "/me/papers/kp-none/file",
    ):  # fmt: skip
        assert (await page(browser, path)).status == 404, path
    assert not [one for one in records(browser.house) if one["notes"].get("operation") == "paper_read"
        and one["notes"].get("paper") == theirs["paper"]]  # fmt: skip


async def test_nobody_without_papers_sees_a_sentence_in_each_place(browser: Browser) -> None:
    await entered(browser, "/me/papers", "thu")
    shown = text_of(await page(browser, "/me/papers"))
    assert "Cổng không lưu giấy tờ nào để dùng lại." in shown
    assert "Chưa có hồ sơ nào của ông/bà đi qua cổng này." in shown


@pytest.mark.parametrize("after", ["x", "1|%00", "é" * 400, "-"])
async def test_cursor_that_no_page_gave_is_refused(browser: Browser, after: str) -> None:
    await entered(browser, "/me/papers", "mau")
    refused: Landing = await page(browser, f"/me/papers?after={after}")
    assert refused.status == 400


async def test_papers_that_go_with_a_consent_are_named_before_it_is_withdrawn(browser: Browser) -> None:
    made = await kept(browser, somebody(browser, MAU))
    other = await consented(browser.house, somebody(browser, MAU))
    await entered(browser, "/me/consents", "mau")
    asked = await page(browser, f"/me/consents/{made['consent']}/withdraw")
    assert "Những giấy tờ đã lưu sau đây bị xóa" in asked.text
    assert "Bản vẽ thiết kế (ban-ve.pdf)" in text_of(asked)
    assert "Bản vẽ thiết kế" not in text_of(await page(browser, f"/me/consents/{other}/withdraw"))
