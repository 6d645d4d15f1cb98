"""The demo portal: from a procedure to a dossier, each person with what is of their own session only."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from adapters.sandbox.app import personas
from gateway.api.bodies import checked
from gateway.api.citizens import citizens_of, consent_in
from gateway.api.consent_models import ConsentBody
from gateway.api.request import Request
from gateway.api.response import Response
from gateway.api.response import answer as json_answer
from gateway.domain.dates import legal_day
from gateway.pages.frame import PageRole, PageRoute, Visit
from gateway.pages.portal_forms import FORMS, _members
from gateway.pages.portal_notes import change_exchange, claim_keeping, lasting, session_in, sessions_of
from gateway.relay.request_keys import RequestKeys
from gateway.serving.listeners import Gateway
from tests.flows.test_papers_kept import given_in
from tests.login.browser import Browser, Landing, Town
from tests.pages.trial import HTML, entered, page, token, tried, twin

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: longer than the portal waits, in seconds
SLOW, LONG = 3, 9
MARITAL, BIRTH = "1.004873", "1.001193"
#: people about whom one test of this folder asks the civil-status register: an answer that is kept is not slow
UNASKED = ("director", "guardian", "name_differs", "director_wife")
#: what a person types where no data could be asked for
TYPED = {
    "nycHoTen": "Trần Thị Mẫu", "nycSoGiayToTuyThan": "033190001234", "nxnHoTen": "Trần Thị Mẫu",
    "nxnNgaySinh": "15/02/1990", "nxnSoGiayToTuyThan": "033190001234",
    "nxnTinhTrangHonNhan": "Hiện tại chưa đăng ký kết hôn với ai", "nxnMucDichSuDung": "Mua nhà",
}  # fmt: skip
SPOUSE = {"father.who": "other", "father.personal_id": "033085004321", "father.full_name": "Phạm Văn Thử"}


class Citizen:
    """A person at the portal, who signed in and has the form of a procedure open."""

    def __init__(self, browser: Browser, code: str, csrf: str, form: Landing) -> None:
        self.browser, self.code, self.csrf, self.form = browser, code, csrf, form
        self.url = f"{browser.house.url}/portal/forms/{blank_of(form)}/{code}"
        self.form_url = f"/portal/procedures/{code}/form"
        self.headers = {"Accept": "application/json", "X-CSRF-Token": csrf}

    async def call(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        sent = {**self.headers, "Content-Type": "application/json", **headers}
        data = json.dumps(body)
        async with self.browser.session.post(self.url + path, data=data, headers=sent) as answer:
            return answer.status, await answer.json(content_type=None)

    async def filled(self, **more: Any) -> Any:
        status, answer = await self.call("/prefill", more)
        assert status == 200, answer
        return answer

    async def decided(self, answer: Any, *refused: str) -> Any:
        accepted = [one for one in answer["evidence"] if one not in refused]
        status, done = await self.call(
            "/decision", {"exchange_id": answer["exchange_id"], "accepted": accepted, "refused": [*refused]}
        )
        assert status == 200, done
        return done

    async def ready(self) -> tuple[str, dict[str, Any]]:
        """An exchange that is decided, and the values of its form."""
        answer = await self.filled()
        await self.decided(answer)
        return answer["exchange_id"], {**values(answer), "nxnMucDichSuDung": "Mua nhà"}

    @asynccontextmanager
    async def late(self, exchange: str) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {"Accept": "text/event-stream"}
        async with self.browser.session.get(
            f"{self.url}/late?exchange={exchange}", headers=headers, allow_redirects=False
        ) as answer:
            yield answer


def values(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, one in answer["fields"].items():
        if one["value"] is not None:
            *outer, last = key.split(".")
            into = found
            for name in outer:
                into = into.setdefault(name, {})
            into[last] = one["value"]
    return found


async def begun(browser: Browser, account: str = "mau", code: str = MARITAL, **people: str) -> Citizen:
    """Signed in, with the people named; the form is open."""
    own = f"/portal/procedures/{code}"
    landing = await entered(browser, f"{own}/people", account)
    assert landing.location == f"{own}/people"
    csrf = token(await page(browser, f"{own}/people"))
    sent = people or {"person.who": "same:requester"}
    landing = await page(browser, f"{own}/people", {"csrf": csrf, **sent})
    assert landing.location == f"{own}/form", landing.text
    return Citizen(browser, code, csrf, await page(browser, landing.location))


@pytest_asyncio.fixture(loop_scope="session")
async def neighbour(at: Town) -> AsyncIterator[Browser]:
    async with Browser(at) as made:
        yield made


# ---------------------------------------------------------------------------------------------------- procedures


async def test_procedures_are_found_by_words_without_marks_and_by_code(browser: Browser) -> None:
    every = await page(browser, "/portal")
    assert every.text.count('<li class="panel">') == 16
    for words in ("khai+sinh", "KHAI+SINH", "birth", "1.001193"):
        found = await page(browser, f"/portal?q={words}")
        assert "Đăng ký khai sinh" in found.text
        assert "Đổi giấy phép lái xe" not in found.text
    hostile = await page(browser, "/portal?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E%E2%80%AE")
    assert "<script>alert" not in hostile.text
    assert "Không có thủ tục phù hợp" in hostile.text


async def test_procedure_says_its_papers_and_needs_no_script_for_it(browser: Browser) -> None:
    shown = await page(browser, f"/portal/procedures/{BIRTH}?lang=en")
    assert "Birth registration" in shown.text
    assert "Data can replace this paper" in shown.text
    assert f'href="/portal/procedures/{BIRTH}/people"' in shown.text
    assert (await page(browser, "/portal/procedures/9.999999")).status == 404


async def test_person_signs_in_and_comes_back_to_the_chosen_procedure(browser: Browser) -> None:
    for provider in ("national_portal", "vneid"):
        landing = await entered(browser, f"/portal/procedures/{MARITAL}/form", "mau", provider)
        assert landing.location == f"/portal/procedures/{MARITAL}/form"
        # the other people are not known yet
        assert (await page(browser, landing.location)).location == f"/portal/procedures/{MARITAL}/people"
        browser.lose_cookies()


async def test_official_has_no_form(browser: Browser) -> None:
    await entered(browser, "/audit", "kiem.toan")
    landing = await page(browser, f"/portal/procedures/{MARITAL}/form")
    assert landing.location.startswith("/login/start?to=")


# -------------------------------------------------------------------------------------------------------- people


async def test_other_people_are_kept_for_the_session_and_stand_in_no_address(browser: Browser) -> None:
    citizen = await begun(
        browser, code=BIRTH, **{"mother.who": "same:requester", **SPOUSE, "father.birth_date": "04/07/1985"}
    )
    again = await page(browser, f"/portal/procedures/{BIRTH}/people")
    assert 'value="033085004321"' in again.text
    assert 'value="04/07/1985"' in again.text
    assert "033085004321" not in citizen.form.text
    answer = await citizen.filled()
    assert answer["form"]["nksHoTenCha" if "nksHoTenCha" in answer["form"] else "chaHoTen"] == "Phạm Văn Thử"


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"mother.who": "other"}, "mother.who"),
        ({"mother.who": "other", "mother.personal_id": "12"}, "mother.personal_id"),
        ({"mother.who": "same:requester", "father.personal_id": "033085004321"}, "father.full_name"),
        ({"mother.who": "same:requester", "father.birth_date": "31/02/1990"}, "father.birth_date"),
        ({"mother.who": "same:requester", "father.birth_date": "13/1990"}, "father.birth_date"),
        ({"mother.who": "other", "mother.full_name": '"><script>alert(1)</script>\u202e'}, "mother.full_name"),
    ],
)  # fmt: skip
async def test_people_that_cannot_be_are_refused_at_their_field(
    browser: Browser, sent: dict[str, str], wrong: str
) -> None:
    own = f"/portal/procedures/{BIRTH}/people"
    await entered(browser, own, "mau")
    csrf = token(await page(browser, own))
    refused = await page(browser, own, {"csrf": csrf, **sent})
    assert refused.status == 422
    assert f'href="#f-{wrong}"' in refused.text
    assert f'id="f-{wrong}"' in refused.text
    assert f'aria-describedby="f-{wrong}-error"' in refused.text or f'f-{wrong}-error"' in refused.text
    assert "yyyy" not in refused.text
    assert "<script>alert" not in refused.text
    assert (await page(browser, f"/portal/procedures/{BIRTH}/form")).location == own


@pytest.mark.parametrize(
    ("language", "summary", "words"),
    [
        ("vi", "Cha, Ngày sinh: phải là ngày có thật, viết như 05/09/1990", "từ năm 1850 đến năm 2199"),
        (
            "en",
            "Father, Date of birth: must be a real date, written as 05/09/1990",
            "in the years 1850 to 2199",
        ),
    ],
)
async def test_date_that_is_none_is_said_as_people_write_dates(
    browser: Browser, language: str, summary: str, words: str
) -> None:
    own = f"/portal/procedures/{BIRTH}/people"
    await entered(browser, own, "mau")
    csrf = token(await page(browser, f"{own}?lang={language}"))
    refused = await page(
        browser, own, {"csrf": csrf, "mother.who": "same:requester", "father.birth_date": "31/02/1990"}
    )
    assert f'<a href="#f-father.birth_date">{summary}' in refused.text
    assert words in refused.text
    assert 'value="31/02/1990"' in refused.text


async def test_person_who_is_born_tomorrow_is_refused_at_the_field_with_a_word_of_its_own(
    browser: Browser,
) -> None:
    own = f"/portal/procedures/{BIRTH}/people"
    await entered(browser, own, "mau")
    csrf = token(await page(browser, f"{own}?lang=en"))
    day = f"{legal_day(datetime.now(UTC)) + timedelta(days=1):%d/%m/%Y}"
    sent = {"csrf": csrf, "mother.who": "same:requester", **SPOUSE, "father.birth_date": day}
    refused = await page(browser, own, sent)
    assert '<a href="#f-father.birth_date">' in refused.text
    assert "the birth date is in the future" in refused.text


async def test_invented_people_are_offered_for_roles_that_they_fit_and_can_be_chosen(
    browser: Browser,
) -> None:
    own = f"/portal/procedures/{BIRTH}/people"
    await entered(browser, own, "mau")
    shown = await page(browser, own)
    assert "Chỉ trong môi trường thử nghiệm" in shown.text
    assert '<option value="invented:033085004321">Phạm Văn Thử, 033085004321' in shown.text
    assert "033049445781" not in shown.text  # who died plays no part in a birth
    chosen = {"mother.who": "same:requester", "father.who": "invented:033085004321"}
    landing = await page(browser, own, {"csrf": token(shown), **chosen})
    form = await page(browser, landing.location)
    answer = await Citizen(browser, BIRTH, token(form), form).filled()
    assert "Phạm Văn Thử" in answer["form"].values()
    assert 'value="033085004321"' in (await page(browser, own)).text


async def test_invented_people_are_those_of_the_sandbox(at: Town) -> None:
    gateway = at.gateway
    assert isinstance(gateway, Gateway)
    assert gateway.app is not None
    services = gateway.app.services
    pages, procedures = services.configuration.gateway.pages, services.catalogue.procedures
    known = {one["personal_id"]: one for one in personas(at.root)}
    facts = ("personal_id", "full_name", "birth_date")
    for one in pages.people:
        assert {name: getattr(one, name) for name in facts} == {
            name: known[one.personal_id][name] for name in facts
        }
    roles = {name for one in procedures.values() for name in one.roles}
    assert {role for one in pages.people for role in one.roles} <= roles
    assert {one.procedure for one in pages.walks} <= procedures.keys()


async def test_start_page_names_who_has_two_sources_that_differ_and_it_is_so(browser: Browser) -> None:
    shown = await page(browser, "/portal")
    assert "Lý Thị Thúy Hằng" in shown.text
    assert "hai nguồn khác nhau" in shown.text
    citizen = await begun(browser, "name_differs", "9.000001")
    entry = (await citizen.filled())["fields"]["hoTen"]
    names = {one["value"] for one in entry["doubt"]["candidates"]}
    assert (entry["state"], names) == ("disputed", {"Lý Thị Thúy Hằng", "Lý Thị Thuý Hương"})


# ---------------------------------------------------------------------------------------------------------- form


async def test_form_is_filled_for_the_person_of_the_session_who_alone_decides(browser: Browser) -> None:
    citizen = await begun(browser)
    src = f"/portal/forms/{blank_of(citizen.form)}"
    assert f'<motlan-form procedure="{MARITAL}" src="{src}"' in citizen.form.text
    assert "<noscript>" in citizen.form.text
    about = await citizen.browser.go(citizen.url, Accept="application/json")
    told = json.loads(about.text)
    assert told["procedure"]["code"] == MARITAL
    assert {"x-groups", "x-catalogues"} <= told["form"].keys()
    assert "latency_ms" not in json.dumps(told["sources"])
    answer = await citizen.filled()
    assert answer["preview"]["shown_to"] == "citizen"
    assert answer["form"]["nycHoTen"] == "Trần Thị Mẫu"
    for body in (
        {"subjects": {"requester": {"personal_id": "033085004321"}}},
        {"login": "lg_x"},
        {"preview": False},
    ):
        assert (await citizen.call("/prefill", body))[0] == 400
    done = await citizen.decided(answer)
    assert done["preview"] is None
    again = {"exchange_id": answer["exchange_id"], "accepted": [*answer["evidence"]], "refused": []}
    assert (await citizen.call("/decision", again)) == (200, done)
    other = {**again, "accepted": [], "refused": again["accepted"]}
    assert (await citizen.call("/decision", other))[0] == 409


async def test_form_of_an_account_with_markup_in_its_name_is_shown_as_text(browser: Browser) -> None:
    own = f"/portal/procedures/{MARITAL}"
    await entered(browser, f"{own}/people", "hostile")
    csrf = token(await page(browser, f"{own}/people"))
    await page(browser, f"{own}/people", {"csrf": csrf, "person.who": "same:requester"})
    for url in (f"{own}/people", f"{own}/form", "/portal/dossiers"):
        shown = await page(browser, url)
        assert shown.status == 200
        assert "<script>alert" not in shown.text
        assert "\u202e" not in shown.text


@pytest.mark.parametrize(
    ("account", "code", "people", "what", "remedy"),
    [
        ("no_birth_date", "1.014027", {}, "ngày sinh", "đăng nhập bằng tài khoản nêu đủ các thông tin đó"),
        ("business", "1.014027", {}, "do cá nhân nộp", "đăng nhập bằng tài khoản cá nhân"),
        ("organisation", "1.013225", {"parcel.commune": "11953", "parcel.sheet": "12", "parcel.number": "345"},
         "không nêu mã số thuế", "đăng nhập bằng tài khoản nêu mã số thuế"),
    ],
)  # fmt: skip
async def test_account_that_does_not_say_who_files_is_told_so_in_words_for_the_person_with_what_to_do(
    browser: Browser, account: str, code: str, people: dict[str, str], what: str, remedy: str
) -> None:
    own = f"/portal/procedures/{code}"
    await entered(browser, f"{own}/{'people' if people else 'form'}", account)
    csrf = token(await page(browser, f"{own}/people"))
    if people:
        await page(browser, f"{own}/people", {"csrf": csrf, **people})
    citizen = Citizen(browser, code, csrf, await page(browser, f"{own}/form"))
    status, problem = await citizen.call("/prefill", {})
    assert (status, problem["code"], problem.get("errors")) == (422, "identity_incomplete", None)
    said = problem["detail_vi"]
    assert what in said
    assert said.endswith(f"{remedy}.")
    assert "Ông/bà tự điền biểu mẫu" in said
    assert "_" not in said
    assert problem["detail"].count("ill in the form yourself") == 1


async def test_slow_source_comes_late_and_the_token_stays_at_the_server(browser: Browser, at: Town) -> None:
    citizen = await begun(browser, UNASKED[0])
    await at.house.misbehave("civil_status", "slow", seconds=SLOW)
    try:
        answer = await citizen.filled()
    finally:
        async with at.house.session.delete(f"{at.house.control}/misbehave"):
            pass
    assert answer["pending"] == answer["exchange_id"]
    async with citizen.late(answer["exchange_id"]) as stream:
        assert stream.status == 200
        assert stream.content_type == "text/event-stream"
        text = (await stream.content.read()).decode()
    assert "event: end" in text
    assert "event: late" in text
    ended = [json.loads(one) for one in re.findall(r"event: late\ndata: (.*)", text)]
    assert all(one["pending"] in (None, answer["exchange_id"]) for one in ended)


# ------------------------------------------------------------------------------------------- whose it is (IDOR)


async def test_nothing_of_one_session_exists_in_another(
    browser: Browser, neighbour: Browser, at: Town
) -> None:
    mine, other = await begun(browser), await begun(neighbour, "quan")
    await at.house.misbehave("civil_status", "slow", seconds=SLOW)
    try:
        answer = await mine.filled()
    finally:
        async with at.house.session.delete(f"{at.house.control}/misbehave"):
            pass
    exchange = answer["exchange_id"]
    decision = {"exchange_id": exchange, "accepted": [*answer["evidence"]], "refused": []}
    wrong = {
        "exchange_id": exchange, "subject": "requester", "source": "population", "attribute": "person.full_name",
        "why": "citizen_corrects", "shown": "x", "correct": "y",
    }  # fmt: skip
    form = {"exchange_id": exchange, "values": {}}
    for path, body in (("/decision", decision), ("/corrections", wrong), ("/submit", form)):
        assert (await other.call(path, body))[0] == 404, path
    async with other.late(exchange) as stream:
        assert stream.status == 404
    # the same person in another browser has another session
    async with Browser(at) as third:
        again = await begun(third)
        async with again.late(exchange) as stream:
            assert stream.status == 404
    status, given = await mine.call("/consents", keeping())
    assert status == 200, given
    assert (await other.call("/prefill", {"consent": given["consent"]}))[0] == 404
    theirs = (await other.filled())["exchange_id"]
    assert (await other.call("/submit", {"exchange_id": theirs, "values": {}, "consent": given["consent"]}))[
        0
    ] == 404
    # an exchange counts for its procedure only
    mine.url = mine.url.replace(MARITAL, BIRTH)
    assert (await mine.call("/decision", decision))[0] == 404


def keeping() -> dict[str, Any]:
    return {
        "purpose": "keep_own_data", "attributes": {"own_data.kept": ["phone"]}, "text_version": "t-1",
        "language": "vi", "channel": "portal", "expires_at": "2027-11-25T00:00:00Z",
    }  # fmt: skip


async def test_consent_is_of_the_person_who_signed_in_and_of_nobody_else(browser: Browser) -> None:
    citizen = await begun(browser)
    for more in (
        {"subject": {"personal_id": "033085004321"}}, {"requester": "one_gate"}, {"controller": "x"},
    ):  # fmt: skip
        assert (await citizen.call("/consents", {**keeping(), **more}))[0] == 400


async def test_call_without_the_token_of_the_page_or_from_another_site_is_refused(browser: Browser) -> None:
    citizen = await begun(browser)
    for headers in (
        {"X-CSRF-Token": "x"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        assert (await citizen.call("/prefill", {}, **headers))[0] == 403


async def test_streams_of_one_session_are_few_and_end_with_it(
    browser: Browser, at: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    citizen = await begun(browser, UNASKED[1])
    await at.house.misbehave("civil_status", "slow", seconds=LONG)
    try:
        exchange = (await citizen.filled())["exchange_id"]
        async with asyncio.timeout(60):
            open_ones = [citizen.late(exchange) for _ in range(4)]
            streams = [await one.__aenter__() for one in open_ones]
            assert [one.status for one in streams] == [200] * 4
            async with citizen.late(exchange) as fifth:
                assert fifth.status == 429
            streams[0].close()  # who hangs up makes room, and is no error
            while (await came(citizen, exchange)) == 429:
                await asyncio.sleep(0.05)
            del streams[0]
            await page(browser, "/console/sign-out", {"csrf": citizen.csrf})
            ends = [(await one.content.read()).decode() for one in streams]
            for one in open_ones:
                await one.__aexit__(None, None, None)
    finally:
        async with at.house.session.delete(f"{at.house.control}/misbehave"):
            pass
    assert all("event: error" in one and "event: end" not in one for one in ends)
    assert not any("event: late" in one for one in ends)
    assert "http.failed" not in capsys.readouterr().out


async def test_streams_of_all_sessions_count_for_the_requester_of_the_portal(
    browser: Browser, at: Town
) -> None:
    citizen = await begun(browser, UNASKED[2])
    gateway = at.gateway
    assert isinstance(gateway, Gateway)
    assert gateway.app is not None
    services = gateway.app.services
    await at.house.misbehave("civil_status", "slow", seconds=SLOW)
    try:
        exchange = (await citizen.filled())["exchange_id"]
        # as if other sessions had that many open
        services.waiting["portal"] = services.configuration.gateway.limits.waiting_per_requester - 1
        async with citizen.late(exchange) as last:
            assert last.status == 200
            assert await came(citizen, exchange) == 429
            late = f"{citizen.url}/late?exchange={exchange}"
            for language, words in (("vi", "Ông/bà thử lại sau 1 giây."), ("en", "Try again in 1 seconds.")):
                shown = await browser.go(f"{late}&lang={language}", Accept=HTML)
                assert (shown.status, shown.headers["Retry-After"]) == (429, "1")
                assert words in shown.text
                assert shown.exchange in shown.text
            await last.content.read()
        assert await came(citizen, exchange) != 429
    finally:
        services.waiting.pop("portal", None)
        async with at.house.session.delete(f"{at.house.control}/misbehave"):
            pass


async def came(citizen: Citizen, exchange: str) -> int:
    """The status of one stream more."""
    async with citizen.late(exchange) as stream:
        return stream.status


async def test_what_was_kept_ends_with_the_session(browser: Browser) -> None:
    citizen = await begun(browser)
    await page(browser, "/console/sign-out", {"csrf": citizen.csrf})
    await entered(browser, "/portal/dossiers", "mau")
    assert (await page(browser, f"/portal/procedures/{MARITAL}/form")).location.endswith("/people")


# ------------------------------------------------------------------------------------------------------ corrections


async def test_wrong_value_is_reported_about_the_person_of_the_role(browser: Browser) -> None:
    citizen = await begun(browser)
    answer = await citizen.filled()
    entry = answer["fields"]["nycHoTen"]
    wrong = {
        "exchange_id": answer["exchange_id"], "subject": "person",
        "source": answer["evidence"][entry["evidence"]]["source"], "attribute": entry["attribute"],
        "why": "citizen_corrects", "shown": entry["value"], "correct": "Trần Thị Mẫu Hai",
    }  # fmt: skip
    status, done = await citizen.call("/corrections", wrong)
    assert status == 200, done
    assert done["state"] == "queued"
    assert (await citizen.call("/corrections", {**wrong, "subject": "nobody"}))[0] == 422
    assert (await citizen.call("/corrections", {**wrong, "subject": {"personal_id": "033085004321"}}))[
        0
    ] == 422


async def test_wrong_value_of_a_person_who_is_not_in_the_list_of_a_role_is_refused(browser: Browser) -> None:
    one = {
        "members.who": "other", "members.1.personal_id": "033085004321", "members.1.full_name": "Phạm Văn Thử",
        "members.1.birth_date": "1985-07-04",
    }  # fmt: skip
    citizen = await begun(browser, code="1.004222", **one)
    answer = await citizen.filled()
    wrong = {
        "exchange_id": answer["exchange_id"], "source": "population", "attribute": "person.full_name",
        "why": "citizen_corrects", "shown": "x", "correct": "y",
    }  # fmt: skip
    for place in ("²", "9" * 5_000, "0", "-1", "3", "", "1.0", "٣"):
        status, refused = await citizen.call("/corrections", {**wrong, "subject": f"members#{place}"})
        assert (status, refused["errors"][0]["pointer"]) == (422, "/subject"), place


# ---------------------------------------------------------------------------------------------------- submitting


async def test_form_that_is_sent_twice_is_one_dossier_which_its_owner_follows(
    browser: Browser, at: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    citizen = await begun(browser)
    exchange, form = await citizen.ready()
    form["nxnMucDichSuDung"] = "Vay vốn <script>alert(1)</script>"
    sent = {"exchange_id": exchange, "values": form}
    first, second = await asyncio.gather(citizen.call("/submit", sent), citizen.call("/submit", sent))
    assert first == second
    status, done = first
    assert status == 200, done
    mine = await page(browser, "/portal/dossiers", Accept="application/json")
    assert [one["code"] for one in json.loads(mine.text)["dossiers"]].count(done["dossier"]) == 1
    followed = await page(browser, done["url"])
    assert "Mới đăng ký" in followed.text
    moved = await page(browser, done["url"] + "/step", {"csrf": citizen.csrf})
    assert moved.location == done["url"]
    assert "Được tiếp nhận" in (await page(browser, done["url"])).text
    said = capsys.readouterr()
    for secret in ("033190001234", "Trần Thị Mẫu", "Vay vốn"):
        assert secret not in said.out + said.err
    status, shown = await see(at, done["dossier"])
    assert status == 200
    assert shown["dossier"]["applicant"]["verified"] is True
    assert shown["dossier"]["more"]["form"]["nxnMucDichSuDung"] == form["nxnMucDichSuDung"]


async def test_page_of_a_dossier_says_what_its_owner_typed_and_what_data_gave(
    browser: Browser, neighbour: Browser
) -> None:
    citizen = await begun(browser)
    answer = await citizen.filled(known={"nycHoTen": "Trần Thị Mẫu"})
    await citizen.decided(answer)
    form = {**values(answer), "nxnMucDichSuDung": "Vay vốn ở ngân hàng"}
    _, done = await citizen.call("/submit", {"exchange_id": answer["exchange_id"], "values": form})
    shown = await page(browser, done["url"])
    typed, given = re.split("Do cơ sở dữ liệu cung cấp", shown.text.partition("Do ông/bà nhập")[2])
    assert "Mục đích sử dụng" in typed
    assert "Họ tên người được xác nhận" not in typed
    assert "Vay vốn" not in shown.text  # titles, no values
    found = (await twin(browser, done["url"]))["form"]
    assert "nxnMucDichSuDung" in found["typed"]
    assert "nxnHoTen" in found["given"]
    assert not {*found["typed"]} & {*found["given"]}
    assert given
    await begun(neighbour, "quan")
    assert "form" not in await twin(neighbour, done["url"])


async def test_dossier_under_the_number_of_another_name_shows_nothing_of_its_form(
    browser: Browser, at: Town
) -> None:
    """A number can be issued again: the dossier of its former holder is not opened."""
    await entered(browser, "/portal/dossiers", "mau")
    number, more = "033190001234", {"form": {}, "typed": [], "confirmed": True}
    shown = []
    for place, name in enumerate(("Trần Thị Mẫu", "Người Giữ Số Trước")):
        applicant = {"name": name, "ids": [{"kind": "personal_id", "number": number}]}
        code = f"H31.14-261106-{place}{number[-4:]}"
        await given_in(at.house, {"personal_id": number}, code=code, applicant=applicant, more=more)
        shown.append((await twin(browser, f"/portal/dossiers/{code}"))["form"])
    assert shown == [{"typed": [], "emptied": [], "given": []}, None]


async def see(at: Town, code: str) -> tuple[int, Any]:
    """A dossier as the requester of the portal sees it by the API."""
    headers = {"Authorization": f"Bearer {await at.house.token('portal')}"}
    async with at.house.session.get(f"{at.house.url}/v1/dossiers/{code}", headers=headers) as answer:
        return answer.status, await answer.json()


async def test_search_by_dossier_finds_the_exchange_that_filled_its_form_and_each_leads_to_the_other(
    browser: Browser, neighbour: Browser, at: Town
) -> None:
    citizen = await begun(browser)
    exchange, form = await citizen.ready()
    _, done = await citizen.call("/submit", {"exchange_id": exchange, "values": form})
    found: list[Any] = []
    async with asyncio.timeout(20):  # until the log has them
        while exchange not in [one["exchange_id"] for one in found]:
            await asyncio.sleep(0.1)
            _, answer = await at.house.post(
                "/v1/audit/search", {"dossier": done["dossier"]}, client="auditor"
            )
            found = answer["records"]
    (filed,) = {one["exchange_id"] for one in found if one["result"] == "dossier_stored"}
    await entered(neighbour, "/audit", "kiem.toan")
    for one, other in ((exchange, filed), (filed, exchange)):
        assert f'href="/audit/exchanges/{other}"' in (await page(neighbour, f"/audit/exchanges/{one}")).text
    shown = await page(neighbour, f"/audit?dossier={done['dossier']}")
    assert f'href="/audit/exchanges/{exchange}"' in shown.text
    assert "Biểu mẫu của giao dịch này được nộp thành hồ sơ." in shown.text


async def test_form_says_that_a_dossier_was_sent_before_and_can_be_sent_all_the_same(
    browser: Browser, neighbour: Browser
) -> None:
    """As after a restart over memory: a new session knows nothing of what the former one sent."""
    citizen = await begun(browser)
    exchange, form = await citizen.ready()
    _, done = await citizen.call("/submit", {"exchange_id": exchange, "values": form})
    link = f'<a href="/portal/dossiers/{done["dossier"]}">'
    browser.lose_cookies()
    again = await begun(browser)
    assert link in again.form.text
    assert "Ông/bà đã nộp một hồ sơ của thủ tục này lúc" in again.form.text
    assert (
        "You sent a dossier of this procedure at" in (await page(browser, f"{again.form_url}?lang=en")).text
    )
    exchange, form = await again.ready()
    _, other = await again.call("/submit", {"exchange_id": exchange, "values": form})
    assert other["dossier"] != done["dossier"]
    # of this person and this procedure only
    assert link not in (await begun(neighbour, "quan")).form.text
    people = {"mother.who": "same:requester", **SPOUSE, "father.birth_date": "04/07/1985"}
    birth = f"/portal/procedures/{BIRTH}"
    await page(browser, f"{birth}/people", {"csrf": again.csrf, **people})
    shown = await page(browser, f"{birth}/form")
    assert shown.status == 200
    assert f"/portal/dossiers/{other['dossier']}" not in shown.text


async def test_dossier_of_another_person_does_not_exist(browser: Browser, neighbour: Browser) -> None:
    citizen, other = await begun(browser), await begun(neighbour, "quan")
    exchange, form = await citizen.ready()
    _, done = await citizen.call("/submit", {"exchange_id": exchange, "values": form})
    assert (await page(neighbour, done["url"])).status == 404
    assert (await page(neighbour, done["url"] + "/step", {"csrf": other.csrf})).status == 404
    assert done["dossier"] not in (await page(neighbour, "/portal/dossiers")).text


async def test_confirmed_value_that_was_changed_is_no_dossier(browser: Browser) -> None:
    citizen = await begun(browser)
    exchange, form = await citizen.ready()
    status, refused = await citizen.call(
        "/submit", {"exchange_id": exchange, "values": {**form, "nycHoTen": "Tên Khác"}}
    )
    assert status == 422
    assert [one["pointer"] for one in refused["errors"]] == ["/values/nycHoTen"]
    assert "Tên Khác" not in json.dumps(refused)


async def test_form_that_was_changed_after_it_was_sent_is_refused_and_names_the_dossier_that_was(
    browser: Browser, at: Town
) -> None:
    citizen = await begun(browser)
    exchange, form = await citizen.ready()
    status, done = await citizen.call("/submit", {"exchange_id": exchange, "values": form})
    assert status == 200, done
    changed = {"exchange_id": exchange, "values": {**form, "nxnMucDichSuDung": "MUC DICH MOI"}}
    status, refused = await citizen.call("/submit", changed)
    assert (status, refused["code"]) == (409, "dossier_sent")
    assert (refused["dossier"], refused["url"]) == (done["dossier"], done["url"])
    assert done["dossier"] in refused["detail_vi"]
    assert "MUC DICH" not in json.dumps(refused)
    _, shown = await see(at, done["dossier"])
    assert shown["dossier"]["more"]["form"]["nxnMucDichSuDung"] == "Mua nhà"


async def test_of_forms_that_differ_and_come_at_once_one_is_the_dossier_and_the_others_hear_of_it(
    browser: Browser,
) -> None:
    citizen = await begun(browser)
    exchange, form = await citizen.ready()
    sent = [
        {"exchange_id": exchange, "values": {**form, "nxnMucDichSuDung": f"Mục đích {n}"}} for n in range(3)
    ]
    answers = await asyncio.gather(*(citizen.call("/submit", one) for one in sent))
    assert sorted(status for status, _ in answers) == [200, 409, 409]
    assert len({one["dossier"] for _, one in answers}) == 1


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"nxnMucDichSuDung": None}, "/values/nxnMucDichSuDung"),
        ({"nxnMucDichSuDung": "x" * 200_000}, "/values/nxnMucDichSuDung"),
        ({"nxnMucDichSuDung": "a\0b"}, "/values/nxnMucDichSuDung"),
        ({"nxnMucDichSuDung": [[[[]]]]}, "/values/nxnMucDichSuDung"),
        ({"zzz": "=cmd()"}, "/values/zzz"),
        ({"033190001234": "x"}, "/values/*"),
        ({"nycNoiCuTru": {"la": "1"}}, "/values/nycNoiCuTru/la"),
    ],
)  # fmt: skip
async def test_form_that_its_schema_refuses_is_no_dossier_and_each_field_is_named(
    browser: Browser, change: dict[str, Any], place: str
) -> None:
    citizen = await begun(browser)
    exchange, form = await citizen.ready()
    for one in (exchange, blank_of(await page(browser, citizen.form_url))):
        sent = {name: value for name, value in {**form, **change}.items() if value is not None}
        status, refused = await citizen.call("/submit", {"exchange_id": one, "values": sent})
        assert status == 422, refused
        assert place in [fault["pointer"] for fault in refused["errors"]]
        assert "cmd" not in json.dumps(refused)
    status, refused = await citizen.call("/submit", {"exchange_id": exchange, "values": {}})
    assert status == 422
    lacking = {fault["pointer"] for fault in refused["errors"] if fault["code"] == "missing_member"}
    assert {"/values/nycHoTen", "/values/nxnMucDichSuDung"} <= lacking


@pytest.mark.parametrize("taken_out", ["nycHoTen", "TinhTrangHonNhanC1"])
async def test_confirmed_value_that_was_taken_out_is_no_dossier(browser: Browser, taken_out: str) -> None:
    citizen = await begun(browser)
    exchange, form = await citizen.ready()
    del form[taken_out]
    status, refused = await citizen.call("/submit", {"exchange_id": exchange, "values": form})
    assert status == 422
    assert f"/values/{taken_out}" in [one["pointer"] for one in refused["errors"]]


async def test_undecided_preview_is_no_dossier(browser: Browser) -> None:
    citizen = await begun(browser)
    answer = await citizen.filled()
    status, refused = await citizen.call(
        "/submit",
        {"exchange_id": answer["exchange_id"], "values": {**values(answer), "nxnMucDichSuDung": "x"}},
    )
    assert (status, refused["code"]) == (422, "undecided")


async def test_refused_source_empties_its_fields_and_the_dossier_has_what_was_typed(browser: Browser) -> None:
    citizen = await begun(browser)
    answer = await citizen.filled()
    refused = answer["fields"]["nycHoTen"]["evidence"]
    done = await citizen.decided(answer, refused)
    assert done["fields"]["nycHoTen"]["value"] is None
    assert done["fields"]["nycHoTen"]["evidence"] is None or refused in done["evidence"]
    form = values(done) | values(answer) | {"nycHoTen": "Trần Thị Mẫu", "nxnMucDichSuDung": "Mua nhà"}
    status, sent = await citizen.call("/submit", {"exchange_id": answer["exchange_id"], "values": form})
    assert status == 200, sent


async def test_form_can_be_sent_by_hand_where_no_data_could_be_asked_for(browser: Browser) -> None:
    citizen = await begun(browser)
    form = {**TYPED, "nycHoTen": "Trần Thị Mẫu Tay"}
    status, sent = await citizen.call("/submit", {"exchange_id": blank_of(citizen.form), "values": form})
    assert status == 200, sent


async def test_form_that_was_filled_is_no_blank_one_and_a_blank_one_says_that_nothing_was_confirmed(
    browser: Browser, at: Town
) -> None:
    citizen = await begun(browser)
    blank = blank_of(citizen.form)
    await citizen.ready()
    other = {"exchange_id": blank, "values": {**TYPED, "nycHoTen": "Kẻ Khác"}}
    status, refused = await citizen.call("/submit", other)
    assert status == 422, refused
    assert "mở lại biểu mẫu" in refused["detail_vi"]
    # another page of the same form is blank as long as nothing filled it
    again = blank_of(await page(browser, citizen.form_url))
    status, sent = await citizen.call("/submit", {**other, "exchange_id": again})
    assert status == 200, sent
    assert (await see(at, sent["dossier"]))[1]["dossier"]["more"]["confirmed"] is False
    exchange, form = await citizen.ready()
    status, sent = await citizen.call("/submit", {"exchange_id": exchange, "values": form})
    assert (await see(at, sent["dossier"]))[1]["dossier"]["more"]["confirmed"] is True


async def test_dossier_names_what_was_typed_where_a_register_would_have_given_it(
    browser: Browser, at: Town
) -> None:
    citizen = await begun(browser)
    typed = {"nxnTinhTrangHonNhan": "Hiện tại chưa đăng ký kết hôn với ai"}
    answer = await citizen.filled(known=typed)
    await citizen.decided(answer)
    form = {**values(answer), **typed, "nxnMucDichSuDung": "Mua nhà"}
    status, sent = await citizen.call("/submit", {"exchange_id": answer["exchange_id"], "values": form})
    assert status == 200, sent
    more = (await see(at, sent["dossier"]))[1]["dossier"]["more"]
    assert (more["confirmed"], more["typed"]) == (False, ["nxnMucDichSuDung", "nxnTinhTrangHonNhan"])


async def test_form_that_is_filled_in_one_tab_leaves_the_blank_one_of_another_tab_alone(
    browser: Browser,
) -> None:
    first = await begun(browser)
    second = Citizen(browser, first.code, first.csrf, await page(browser, first.form_url))
    for _ in range(2):
        await first.filled()
    other = {"values": {**TYPED, "nycHoTen": "Trần Thị Mẫu Tay"}}
    status, sent = await second.call("/submit", {**other, "exchange_id": blank_of(second.form)})
    assert status == 200, sent
    status, refused = await first.call("/submit", {**other, "exchange_id": blank_of(first.form)})
    assert status == 422, refused


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
    answer = await citizen.filled()
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
    assert (await citizen.filled())["fields"]["taiKhoan"]["value"] == form["taiKhoan"]


async def test_consent_that_is_taken_back_is_not_given_and_one_that_was_given_ends(browser: Browser) -> None:
    citizen = await begun(browser, code=PENSION)
    before = await consents_of(browser)
    answer = await citizen.filled()
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
    before, answer = await consents_of(browser), await citizen.filled()
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


async def test_own_data_that_cannot_be_kept_leave_the_dossier_and_no_consent(browser: Browser) -> None:
    citizen = await begun(browser, "quan", PENSION)
    before = await consents_of(browser)
    answer = await citizen.filled()
    await citizen.decided(answer)
    form = await complete(citizen, answer)
    form.pop("taiKhoan", None)
    given = (await citizen.call("/consents", keeping_account()))[1]["consent"]
    sent = {"exchange_id": answer["exchange_id"], "values": form, "consent": given}
    for _ in range(2):
        status, done = await citizen.call("/submit", sent)
        assert (status, done["kept"]) == (200, False)
        shown = await page(browser, done["url"])
        assert done["dossier"] in shown.text
        assert "dữ liệu ông/bà muốn lưu cho lần sau chưa được lưu" in shown.text
    assert await consents_of(browser) == before


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


async def test_form_in_one_tab_lives_while_others_are_opened_and_filled(browser: Browser) -> None:
    citizen = await begun(browser)
    exchange, form = await citizen.ready()
    typing = (await citizen.filled())["exchange_id"]
    for _ in range(25):
        await page(browser, citizen.form_url)
    await citizen.filled()
    decision = {"exchange_id": typing, "accepted": [], "refused": []}
    assert (await citizen.call("/decision", decision))[0] != 404
    status, sent = await citizen.call("/submit", {"exchange_id": exchange, "values": form})
    assert status == 200, sent


async def test_exchange_that_was_decided_is_forgotten_last() -> None:
    known: dict[str, Any] = {f"d{n}": {"papers": {}} for n in range(20)} | {
        f"s{n}": {"papers": {}, "sent": "x"} for n in range(10)
    }
    known |= {f"u{n}": {} for n in range(20)}
    stay = lasting(known)
    assert len(stay) == 39
    assert [one for one in known if one not in stay] == [f"u{n}" for n in range(11)]
    full: dict[str, Any] = {f"d{n}": {"papers": {}} for n in range(40)} | {"s": {"papers": {}, "sent": "x"}}
    assert [one for one in full if one not in lasting(full)] == ["d0", "s"]


def blank_of(form: Landing) -> str:
    """What the form of this page is sent under where no data could be asked for."""
    found = re.search(r'data-blank="([^"]+)"', form.text)
    assert found
    return found[1]


async def test_file_of_a_paper_is_sent_with_the_dossier_and_no_other_session_can_name_it(
    browser: Browser, neighbour: Browser, at: Town
) -> None:
    citizen, other = await begun(browser), await begun(neighbour, "quan")
    headers = {
        **citizen.headers, "Content-Type": "application/pdf",
        "Content-Disposition": "attachment; filename*=UTF-8''a%C4%91.pdf",
    }  # fmt: skip
    content = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    async with browser.session.post(citizen.url + "/files", data=content, headers=headers) as answer:
        kept = await answer.json()
        assert answer.status == 200, kept
    exchange, form = await citizen.ready()
    paper = next(
        iter(
            json.loads((await citizen.browser.go(citizen.url, Accept="application/json")).text)["procedure"][
                "papers"
            ]
        )
    )
    papers = {paper: {"file": kept["file"], "file_name": "ađ.pdf"}}
    theirs, values_ = await other.ready()
    refused = {"exchange_id": theirs, "values": values_, "papers": papers}
    assert (await other.call("/submit", refused))[0] == 422
    status, sent = await citizen.call("/submit", {"exchange_id": exchange, "values": form, "papers": papers})
    assert status == 200, sent
    _, shown = await see(at, sent["dossier"])
    assert [one["file"] for one in shown["dossier"]["papers"] if one.get("file")] == [kept["file"]]


# ------------------------------------------------------------------------------------------------ pages of errors


async def wrong_page(citizen: Citizen, sent: Any, language: str) -> Landing:
    """Of a form that a browser sends itself."""
    citizen.browser.session.cookie_jar.update_cookies({"motlan-lang": language})
    headers = {**citizen.headers, "Content-Type": "application/json", "Accept": HTML}
    async with citizen.browser.session.post(
        f"{citizen.url}/submit", data=json.dumps(sent), headers=headers
    ) as answer:
        return Landing(answer.status, str(answer.url), "", await answer.text(), answer.headers)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("vi", ("Hồ sơ này đã được nộp", "Nội dung sửa sau đó chưa được gửi", "mở biểu mẫu mới")),
        ("en", ("This dossier was sent before", "What you changed since was not sent", "open a new form")),
    ],
)
async def test_page_of_a_dossier_that_was_sent_says_what_became_of_it_and_leads_there(
    browser: Browser, language: str, words: tuple[str, ...]
) -> None:
    citizen = await begun(browser)
    exchange, form = await citizen.ready()
    sent = {"exchange_id": exchange, "values": form}
    _, done = await citizen.call("/submit", sent)
    shown = await wrong_page(citizen, {**sent, "values": {**form, "nxnMucDichSuDung": "Khác"}}, language)
    assert shown.status == 409
    assert [one for one in words if one not in shown.text] == []
    assert f'href="{done["url"]}"' in shown.text
    assert shown.exchange in shown.text


async def test_page_of_a_key_that_another_form_used_leads_to_the_dossiers(browser: Browser, at: Town) -> None:
    citizen = await begun(browser)
    exchange, form = await citizen.ready()
    keys, sent = keys_of(at), {"exchange_id": exchange, "values": form}
    async with keys.held("portal", f"portal-{exchange}", b"another form") as row:
        assert row is not None
        await keys.begin(row)
    for language, words in (("vi", "có nội dung khác"), ("en", "with another content")):
        shown = await wrong_page(citizen, sent, language)
        assert shown.status == 422
        assert words in shown.text
        assert "Idempotency-Key" not in shown.text
        assert 'href="/portal/dossiers"' in shown.text
        assert shown.exchange in shown.text


async def test_form_whose_twin_is_under_way_is_said_to_be(browser: Browser, at: Town) -> None:
    citizen = await begun(browser)
    exchange, form = await citizen.ready()
    sent = {"exchange_id": exchange, "values": form}
    async with keys_of(at).held("portal", f"portal-{exchange}", b"its twin"):
        status, refused = await citizen.call("/submit", sent)
    assert (status, refused["code"], refused["url"]) == (409, "request_under_way", "/portal/dossiers")
    status, done = await citizen.call("/submit", sent)
    assert status == 200, done


def keys_of(at: Town) -> RequestKeys:
    gateway = at.gateway
    assert isinstance(gateway, Gateway)
    assert gateway.app is not None
    keys = gateway.app.services.request_keys
    assert keys is not None
    return keys


@pytest.mark.parametrize(
    ("how", "language", "status", "words"),
    [
        ("under_way", "vi", 409, ("Yêu cầu này đang được xử lý", "lần gửi đó chưa xong", "chờ vài giây")),
        ("under_way", "en", 409, ("This request is being processed", "not finished yet", "Wait a few seconds")),
        ("broken", "vi", 500, ("Lỗi của cổng, không phải của ông/bà", "Cổng chưa làm xong", "gửi mã tham chiếu")),
        ("broken", "en", 500, ("The fault is ours, not yours", "was not finished", "give the reference")),
    ],
)  # fmt: skip
async def test_page_of_an_error_says_what_it_is_what_it_means_and_what_one_can_do(
    browser: Browser, at: Town, how: str, language: str, status: int, words: tuple[str, ...]
) -> None:
    async with tried(at):
        shown = await page(browser, f"/portal/failing/{how}?lang={language}")
    assert shown.status == status
    assert [one for one in words if one not in shown.text] == []
    assert f'<html lang="{language}">' in shown.text
    assert shown.exchange in shown.text
    assert "đã được làm" not in shown.text
    assert not any(secret in shown.text for secret in ("033190001234", "RuntimeError", "Idempotency-Key"))


# ---------------------------------------------------------------------------- papers and values that were changed

LINKED = "2.000986"
HEAD = {"chuHoSoDinhDanh": "033064519831", "chuHoHoTen": "Doãn Văn Khác"}


async def family(browser: Browser) -> Citizen:
    return await begun(
        browser, code=LINKED,
        **{
            "mother.who": "same:requester", "household_head.who": "same:mother", **SPOUSE,
            "father.birth_date": "04/07/1985",
        },
    )  # fmt: skip


def states(answer: Any) -> dict[str, str]:
    return {one["code"]: one["state"] for one in answer["papers"]}


async def complete(citizen: Citizen, answer: Any, **typed: str) -> dict[str, Any]:
    """The values of the form, and something typed where it must not be blank."""
    about = await citizen.browser.go(citizen.url, Accept="application/json")
    form, found = json.loads(about.text)["form"], {**values(answer), **typed}
    for key in form["required"]:
        if key not in found:
            schema = form["properties"][key]
            said = [one["const"] for one in schema.get("oneOf", ())] + schema.get("enum", [])
            is_day, is_number = schema.get("x-widget") == "date", "pattern" in schema
            said += ["02/01/2026" if is_day else "033190001234" if is_number else "Mẫu"]
            found[key] = said[0]
    return found


async def test_paper_that_rests_on_a_value_changed_since_is_asked_for_by_name(browser: Browser) -> None:
    citizen = await family(browser)
    answer = await citizen.filled()
    assert states(answer)["residence_papers"] == "replaced"
    await citizen.decided(answer)
    form, exchange = await complete(citizen, answer), answer["exchange_id"]
    status, refused = await citizen.call("/submit", {"exchange_id": exchange, "values": {**form, **HEAD}})
    assert status == 422
    missing = {one["pointer"] for one in refused["errors"]}
    assert {"/papers/residence_papers", "/papers/separate_bhyt_form", "/papers/parents_id"} <= missing
    assert "Giấy tờ cư trú của hộ nhập" in json.dumps(refused, ensure_ascii=False)
    assert "033064519831" not in json.dumps(refused)
    status, sent = await citizen.call("/submit", {"exchange_id": exchange, "values": form})
    assert status == 200, sent


async def test_gateway_that_knows_the_changed_values_decides_the_papers_anew(browser: Browser) -> None:
    citizen = await family(browser)
    answer = await citizen.filled(known=HEAD)
    assert states(answer)["residence_papers"] == "required"
    assert states(answer)["separate_bhyt_form"] == "required"
    await citizen.decided(answer)
    form, exchange = await complete(citizen, answer), answer["exchange_id"]
    # what was typed before is no freedom to type something else now
    moved = {**form["meNoiCuTru"], "dcChiTiet": "Số 2 phố Mẫu"}
    other = {"exchange_id": exchange, "values": {**form, "meNoiCuTru": moved}}
    status, refused = await citizen.call("/submit", other)
    assert (status, refused["errors"][0]["pointer"]) == (422, "/papers/residence_proof")
    status, sent = await citizen.call("/submit", {"exchange_id": exchange, "values": form})
    assert status == 200, sent


async def test_value_that_was_typed_before_the_decision_is_not_changed_after_it(browser: Browser) -> None:
    citizen = await family(browser)
    answer = await citizen.filled(known={"chuHoSoDinhDanh": "033190001234"})
    assert states(answer)["residence_papers"] == "replaced"
    await citizen.decided(answer)
    form, exchange = await complete(citizen, answer), answer["exchange_id"]
    wrong = {**form, "chuHoSoDinhDanh": "033064519831"}
    status, refused = await citizen.call("/submit", {"exchange_id": exchange, "values": wrong})
    assert status == 422
    assert "/papers/residence_papers" in [one["pointer"] for one in refused["errors"]]
    status, sent = await citizen.call("/submit", {"exchange_id": exchange, "values": form})
    assert status == 200, sent
