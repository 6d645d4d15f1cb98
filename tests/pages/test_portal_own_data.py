"""Own data at the demo portal: consents to keep them come with the dossier, and drafts."""

import asyncio
from typing import Any

import pytest

from gateway.api.bodies import checked, read_model
from gateway.api.citizens import citizens_of, consent_in
from gateway.api.consent_models import ConsentBody
from gateway.api.request import Request
from gateway.api.response import Response
from gateway.api.response import answer as json_answer
from gateway.domain.errors import ConsentsUnavailable
from gateway.pages.frame import PageRole, PageRoute, Visit
from gateway.pages.portal_forms import FORMS, _members
from gateway.pages.portal_notes import (
    change_exchange,
    claim_keeping,
    exchange_in,
    mark_withdrawn,
    session_in,
    sessions_of,
)
from gateway.pages.portal_sending import SubmittedForm, _keep_own, _kept_under, _url_after
from tests.login.browser import Browser, Town
from tests.pages.portal import begun, complete, keeping
from tests.pages.trial import entered, page, tried, twin
from tests.stores.sample import run_sql

pytestmark = pytest.mark.asyncio(loop_scope="session")


PENSION = "1.014027"


def keeping_account() -> dict[str, Any]:
    return {**keeping(), "attributes": {"own_data.kept": ["bank_account"]}}


async def consents_of(browser: Browser) -> set[str]:
    """Those in force."""
    found = (await twin(browser, "/me/consents"))["consents"]
    return {one["consent"] for one in found if one["withdrawn_at"] is None}


async def test_consent_to_keep_own_data_is_given_with_the_dossier_and_not_before(browser: Browser) -> None:
    citizen = await begun(browser, code=PENSION)
    before = await consents_of(browser)
    answer = await citizen.filled_by_all()
    await citizen.decided(answer)
    form, exchange = await complete(citizen, answer), answer["exchange_id"]
    form["taiKhoan"] = "0011000417283, Ngân hàng Mẫu"
    for wrong in ({"zzz": "x"}, {"hoTen": "Kẻ Khác"}):
        given = (await citizen.call("/consents", keeping_account()))[1]["consent"]
        sent = {"exchange_id": exchange, "values": {**form, **wrong}, "consent": given}
        assert (await citizen.call("/submit", sent))[0] == 422
    assert await consents_of(browser) == before
    sent = {"exchange_id": exchange, "values": form, "consent": given}
    twins = await asyncio.gather(citizen.call("/submit", sent), citizen.call("/submit", sent))
    assert {(status, done["dossier"]) for status, done in twins} == {(200, twins[0][1]["dossier"])}
    again = await citizen.call("/submit", sent)
    assert (again[0], again[1]["kept"], "?" in again[1]["url"]) == (200, True, False)
    assert len(await consents_of(browser) - before) == 1
    answer = await citizen.filled_by_all()
    assert answer["fields"]["taiKhoan"]["value"] == form["taiKhoan"]
    await citizen.decided(answer)
    values = await complete(citizen, answer)
    status, done = await citizen.call("/submit", {"exchange_id": answer["exchange_id"], "values": values})
    assert status == 200, done
    origins = (await twin(browser, done["url"]))["form"]
    assert origins["own"] == ["taiKhoan"]
    assert "soDinhDanh" in origins["account"]
    assert not {"taiKhoan", "soDinhDanh"} & {*origins["typed"], *origins["given"]}
    assert "Do ông/bà khai và đồng ý lưu từ trước" in (await page(browser, done["url"])).text


async def test_consent_that_is_taken_back_is_not_given_and_one_that_was_given_ends(browser: Browser) -> None:
    citizen = await begun(browser, code=PENSION)
    before = await consents_of(browser)
    answer = await citizen.filled_by_all()
    await citizen.decided(answer)
    form = await complete(citizen, answer)
    form["taiKhoan"] = "0011000417284, Ngân hàng Mẫu"
    sent: dict[str, Any] = {"exchange_id": answer["exchange_id"], "values": form}
    waiting = (await citizen.call("/consents", keeping_account()))[1]["consent"]
    assert (await citizen.call("/withdraw", {"consent": waiting}))[1]["state"] == "withdrawn"
    assert (await citizen.call("/withdraw", {"consent": waiting}))[0] == 404
    assert (await citizen.call("/submit", {**sent, "consent": waiting}))[0] == 404
    given = (await citizen.call("/consents", keeping_account()))[1]["consent"]
    assert (await citizen.call("/submit", {**sent, "consent": given}))[1]["kept"] is True
    assert (await citizen.call("/withdraw", {"consent": given}))[0] == 200
    assert await consents_of(browser) == before
    assert (await citizen.filled())["fields"]["taiKhoan"].get("value") != form["taiKhoan"]


@pytest.mark.parametrize("is_given", [False, True])
async def test_consent_that_a_killed_process_gave_or_not_is_used_once_by_the_next_request(
    browser: Browser, at: Town, *, is_given: bool
) -> None:
    """What stays of a process that is killed while it keeps own data: its claim, and perhaps the consent."""

    async def died(request: Request, visit: Visit) -> Response:
        sent = await _members(request, {"exchange_id", "consent"})
        notes = await sessions_of(request).kept(session_in(visit))
        terms = notes["keeping"][sent["consent"]]
        await claim_keeping(request, visit, sent["exchange_id"], "gone", 10)
        await change_exchange(request, visit, sent["exchange_id"], {"claimed": 1})
        if is_given:
            given = consent_in(checked(terms, ConsentBody))
            await citizens_of(request).consents.give(visit.caller, given, sent["consent"])
        return json_answer({})

    citizen = await begun(browser, code=PENSION)
    before, answer = await consents_of(browser), await citizen.filled_by_all()
    await citizen.decided(answer)
    form = await complete(citizen, answer)
    form["taiKhoan"] = f"001100041728{5 + is_given}, Ngân hàng Mẫu"
    name = (await citizen.call("/consents", keeping_account()))[1]["consent"]
    sent = {"exchange_id": answer["exchange_id"], "consent": name}
    async with tried(at, PageRoute("POST", FORMS + "/{page}/{code}/died", died, PageRole.CITIZEN)):
        assert (await citizen.call("/died", sent))[0] == 200
    for _ in range(2):
        assert (await citizen.call("/submit", {**sent, "values": form}))[1]["kept"] is True
    assert await consents_of(browser) - before == {name}
    assert (await citizen.filled())["fields"]["taiKhoan"]["value"] == form["taiKhoan"]


async def test_consent_that_is_withdrawn_while_its_dossier_is_sent_is_not_in_force_and_keeps_nothing(
    browser: Browser, at: Town
) -> None:
    has_terms, is_withdrawn = asyncio.Event(), asyncio.Event()

    async def slow(request: Request, visit: Visit) -> Response:
        """The end of a submit that read the terms of its consent before the withdrawal."""
        body = await read_model(request, SubmittedForm)
        name = str(body.consent)
        terms = (await sessions_of(request).kept(session_in(visit)))["keeping"][name]
        has_terms.set()
        await is_withdrawn.wait()
        return json_answer({"kept": await _kept_under(request, visit, body, name, terms)})

    citizen = await begun(browser, code=PENSION)
    before, answer = await consents_of(browser), await citizen.filled_by_all()
    await citizen.decided(answer)
    form = await complete(citizen, answer)
    form["taiKhoan"] = "0011000417287, Ngân hàng Mẫu"
    name = (await citizen.call("/consents", keeping_account()))[1]["consent"]
    sent = {"exchange_id": answer["exchange_id"], "values": form, "consent": name}
    async with tried(at, PageRoute("POST", FORMS + "/{page}/{code}/slow", slow, PageRole.CITIZEN)):
        sending = asyncio.create_task(citizen.call("/slow", sent))
        await has_terms.wait()
        assert (await citizen.call("/withdraw", {"consent": name}))[1]["state"] == "withdrawn"
        is_withdrawn.set()
        assert (await sending)[1] == {"kept": "withdrawn"}
    assert await consents_of(browser) == before
    assert (await citizen.filled())["fields"]["taiKhoan"].get("value") != form["taiKhoan"]


async def test_withdrawal_that_a_killed_process_began_is_ended_by_the_next(
    browser: Browser, at: Town
) -> None:
    """What stays of a process that is killed in a withdrawal, while another gave the consent: its mark."""

    async def died(request: Request, visit: Visit) -> Response:
        name = str((await _members(request, {"consent"}))["consent"])
        terms = (await sessions_of(request).kept(session_in(visit)))["keeping"][name]
        await mark_withdrawn(request, session_in(visit), name)
        await citizens_of(request).consents.give(visit.caller, consent_in(checked(terms, ConsentBody)), name)
        return json_answer({})

    citizen = await begun(browser, code=PENSION)
    before = await consents_of(browser)
    name = (await citizen.call("/consents", keeping_account()))[1]["consent"]
    async with tried(at, PageRoute("POST", FORMS + "/{page}/{code}/died", died, PageRole.CITIZEN)):
        assert (await citizen.call("/died", {"consent": name}))[0] == 200
    assert await consents_of(browser) - before == {name}
    assert (await citizen.call("/withdraw", {"consent": name}))[0] == 200
    assert await consents_of(browser) == before


async def test_consent_that_was_withdrawn_while_it_waited_is_not_given_by_whatever_comes_later(
    browser: Browser, at: Town
) -> None:
    """A submit whose process is killed after it gave the consent has no step that would take it back."""
    kept: dict[str, Any] = {}

    async def later(request: Request, visit: Visit) -> Response:
        name = str((await _members(request, {"consent"}))["consent"])
        if name not in kept:
            kept[name] = (await sessions_of(request).kept(session_in(visit)))["keeping"][name]
        else:
            given = consent_in(checked(kept[name], ConsentBody))
            with pytest.raises(ConsentsUnavailable):
                await citizens_of(request).consents.give(visit.caller, given, name)
        return json_answer({})

    citizen = await begun(browser, code=PENSION)
    before = await consents_of(browser)
    name = (await citizen.call("/consents", keeping_account()))[1]["consent"]
    async with tried(at, PageRoute("POST", FORMS + "/{page}/{code}/later", later, PageRole.CITIZEN)):
        assert (await citizen.call("/later", {"consent": name}))[0] == 200
        assert (await citizen.call("/withdraw", {"consent": name}))[1]["state"] == "withdrawn"
        assert (await citizen.call("/later", {"consent": name}))[0] == 200
    assert await consents_of(browser) == before


async def test_consent_is_never_stored_before_its_own_data_whenever_the_process_dies(
    browser: Browser, at: Town
) -> None:
    """A database that refuses the data shows what is stored before them: nothing that had to be taken back."""
    citizen = await begun(browser, code=PENSION)
    answer = await citizen.filled_by_all()
    await citizen.decided(answer)
    form = await complete(citizen, answer)
    form["taiKhoan"] = "0011000417288, Ngân hàng Mẫu"
    name = (await citizen.call("/consents", keeping_account()))[1]["consent"]
    sent = {"exchange_id": answer["exchange_id"], "values": form, "consent": name}
    refusing = "CREATE TRIGGER refuse BEFORE INSERT ON own_data BEGIN SELECT RAISE(ABORT, 'no'); END"
    await run_sql("sqlite:///consents.sqlite", at.house.state, refusing)
    try:
        status, done = await citizen.call("/submit", sent)
    finally:
        await run_sql("sqlite:///consents.sqlite", at.house.state, "DROP TRIGGER refuse")
    assert (status, done["kept"]) == (200, False)
    assert name not in {one["consent"] for one in (await twin(browser, "/me/consents"))["consents"]}


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (None, "Biểu mẫu không có dữ liệu nào của chính ông/bà ở các mục đã chọn lưu."),
        ("*** Ngân hàng", "Một giá trị không đúng dạng để lưu"),
    ],
)
async def test_own_data_that_cannot_be_kept_leave_the_dossier_and_no_consent_and_the_page_says_why(
    browser: Browser, typed: str | None, why: str
) -> None:
    citizen = await begun(browser, "quan", PENSION)
    before = await consents_of(browser)
    answer = await citizen.filled_by_all()
    await citizen.decided(answer)
    form = await complete(citizen, answer)
    form |= {"taiKhoan": typed}
    if typed is None:
        del form["taiKhoan"]
    given = (await citizen.call("/consents", keeping_account()))[1]["consent"]
    sent = {"exchange_id": answer["exchange_id"], "values": form, "consent": given}
    for _ in range(2):
        status, done = await citizen.call("/submit", sent)
        assert (status, done["kept"]) == (200, False)
        shown = await page(browser, done["url"])
        assert done["dossier"] in shown.text
        assert "dữ liệu ông/bà muốn lưu cho lần sau chưa được lưu" in shown.text
        assert why in shown.text
        forged = await page(browser, done["url"].partition("?")[0] + "?not_kept=withdrawn")
        assert why in forged.text  # the session knows
        assert "Ông/bà đã rút lại sự đồng ý lưu" not in forged.text
    assert await consents_of(browser) == before


async def test_page_says_that_the_session_ended_before_own_data_were_kept_only_where_it_did(
    browser: Browser, at: Town
) -> None:
    async def ended(request: Request, visit: Visit) -> Response:
        """The end of a submit whose session ended when the dossier was stored."""
        body = await read_model(request, SubmittedForm)
        code = str((await exchange_in(request, visit, body.exchange_id))["code"])
        await sessions_of(request).end(session_in(visit).id)
        why = await _keep_own(request, visit, body, str(body.consent))
        return json_answer({"url": _url_after(request, code, why)})

    citizen = await begun(browser, "quan", PENSION)
    answer = await citizen.filled_by_all()
    await citizen.decided(answer)
    sent = {"exchange_id": answer["exchange_id"], "values": await complete(citizen, answer)}
    name = (await citizen.call("/consents", keeping_account()))[1]["consent"]
    alone = (await citizen.call("/submit", sent))[1]["url"]
    async with tried(at, PageRoute("POST", FORMS + "/{page}/{code}/ended", ended, PageRole.CITIZEN)):
        done = (await citizen.call("/ended", {**sent, "consent": name}))[1]
    await entered(browser, "/portal/dossiers", "quan")
    said = "Phiên đăng nhập đã kết thúc."
    assert said in (await page(browser, done["url"])).text
    for forged in ("session", "session.", f"session.{'0' * 32}"):
        assert said not in (await page(browser, f"{alone}?not_kept={forged}")).text


async def test_consent_that_could_not_be_given_is_refused_before_the_dossier(browser: Browser) -> None:
    citizen = await begun(browser)
    for wrong in (
        {"attributes": {"own_data.kept": ["nothing"]}}, {"language": "xx"}, {"expires_at": "2020-01-01T00:00:00Z"},
    ):  # fmt: skip
        assert (await citizen.call("/consents", {**keeping(), **wrong}))[0] == 422


async def test_draft_is_offered_in_its_form_until_it_is_dropped_or_the_form_is_sent(browser: Browser) -> None:
    citizen = await begun(browser)
    exchange, form = await citizen.ready()
    assert 'id="draft"' not in (await page(browser, citizen.form_url)).text
    for values, is_there in (({"a": "<b>nháp</b>"}, True), ({}, False), ({"a": 1, "b": None}, True)):
        assert (await citizen.call("/draft", {"values": values}))[0] == 200
        shown = (await page(browser, citizen.form_url)).text
        assert ('id="draft"' in shown) is is_there
        assert "<b>nháp" not in shown
    assert (await citizen.call("/draft", {"values": {"a": "x" * 70_000}}))[0] == 413
    assert (await citizen.call("/submit", {"exchange_id": exchange, "values": form}))[0] == 200
    assert 'id="draft"' not in (await page(browser, citizen.form_url)).text
