"""What the demo portal keeps for a session: nobody else has it, streams are few, tabs do not disturb each other."""

import asyncio
import html
import json
import re
from typing import Any

import pytest

from gateway.pages.portal_notes import lasting
from gateway.serving.listeners import Gateway
from tests.login.browser import Browser, Town
from tests.pages.portal import (
    BIRTH,
    LONG,
    MARITAL,
    SLOW,
    TYPED,
    UNASKED,
    Citizen,
    begun,
    blank_of,
    came,
    keeping,
)
from tests.pages.trial import HTML, entered, page

pytestmark = pytest.mark.asyncio(loop_scope="session")

PARENTS = {"mother.who": "same:requester", "father.who": "invented:033085004321"}
OTHER_FATHER = {
    "father.who": "other", "father.personal_id": "033094209333", "father.full_name": "Trần Văn Quân",
    "father.birth_date": "24/12/1994",
}  # fmt: skip


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


async def test_what_was_kept_ends_with_the_session(browser: Browser) -> None:
    citizen = await begun(browser)
    await page(browser, "/console/sign-out", {"csrf": citizen.csrf})
    await entered(browser, "/portal/dossiers", "mau")
    assert (await page(browser, f"/portal/procedures/{MARITAL}/form")).location.endswith("/people")


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


async def test_form_keeps_its_people_while_another_tab_changes_them(browser: Browser) -> None:
    people = f"/portal/procedures/{BIRTH}/people"
    first = await begun(browser, code=BIRTH, **PARENTS)
    await page(browser, people, {"csrf": first.csrf, **PARENTS, **OTHER_FATHER})
    second = Citizen(browser, BIRTH, first.csrf, await page(browser, first.form_url))
    for tab, father in ((first, "Phạm Văn Thử"), (second, "Trần Văn Quân"), (first, "Phạm Văn Thử")):
        answer = await tab.filled(known={"nksHoTen": "Phạm Gia Khang"})
        assert answer["form"]["chaHoTen"] == father
    # the person of a role is the one of the page too
    wrong = {
        "exchange_id": answer["exchange_id"], "subject": "father", "source": "population", "why": "citizen_corrects",
        "attribute": "person.full_name", "shown": "Phạm Văn Thử", "correct": "Phạm Văn Thứ",
    }  # fmt: skip
    assert (await first.call("/corrections", wrong))[0] == 200
    first.url = first.url.replace("/forms/", "/forms/x")
    status, refused = await first.call("/prefill", {})
    assert (status, refused["code"]) == (404, "not_found")


async def test_draft_brings_nothing_of_a_role_whose_person_changed(browser: Browser) -> None:
    people = f"/portal/procedures/{BIRTH}/people"
    first = await begun(browser, code=BIRTH, **PARENTS)
    typed = {
        "chaDanToc": "Tày",
        "meDanToc": "Nùng",
        "nksHoTen": "Phạm Gia Khang",
        "nycEmail": "ten@example.vn",
    }
    assert (await first.call("/draft", {"values": typed}))[0] == 200

    async def draft() -> tuple[set[str], bool]:
        shown = (await page(browser, first.form_url)).text
        found = re.search(r'id="draft" hidden data-values="([^"]*)"', shown)
        assert found
        return {*json.loads(html.unescape(found[1]))}, "không mở lại phần của: Cha, Con." in shown

    assert await draft() == ({*typed}, False)
    await page(browser, people, {"csrf": first.csrf, **PARENTS, **OTHER_FATHER})
    assert await draft() == ({"meDanToc", "nycEmail"}, True)
    await page(browser, people, {"csrf": first.csrf, **PARENTS})
    assert await draft() == ({*typed}, False)


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
