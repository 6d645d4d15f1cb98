"""The auditors' pages at the door: who sees them, what they find and never show, and what they record before."""

import asyncio
import io
import json
import re
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from adapters.stores.log_reader import SqlLogReader
from adapters.stores.sequence_batch import LEASE_SECONDS
from gateway.domain.dates import VIETNAM, PartialDate
from gateway.domain.exchange import CallEntry, ExchangeRecord, Phase
from gateway.domain.identifiers import new_exchange_id
from gateway.domain.parties import Subject, SubjectKind
from gateway.exchange_log.merkle import leaf_hash, verify_inclusion
from gateway.exchange_log.note import Checkpoint, NoteSigner, NoteVerifier, open_note
from gateway.exchange_log.verify import verify_export
from tests import fresh
from tests.flows.test_records import records
from tests.login.browser import Browser, Landing, Town, town
from tests.pages.trial import entered, page, token, twin

pytestmark = pytest.mark.asyncio(loop_scope="session")

AUDITOR, OPERATOR = "kiem.toan", "van.hanh"
REASON = "Khiếu nại số 12/KN-2026 về tra cứu"
WHO, OFFICIAL = "033591837264", "033694172508"
HOSTILE = "<img src=x onerror=alert(1)>\u202e\u200bđảo" + "ệ" * 400
CALL = CallEntry("c-1", "population", "TraCuuThongTinCongDan", "requester", ("full_name",), "found", 12)


@pytest_asyncio.fixture(loop_scope="session")
async def auditor(at: Town) -> AsyncIterator[Browser]:
    async with Browser(at) as made:
        await entered(made, "/audit", AUDITOR)
        yield made


async def plant(at: Town, **changes: Any) -> str:
    """One record of the log; its exchange."""
    assert at.gateway is not None
    assert at.gateway.app is not None
    members: dict[str, Any] = {
        "exchange": new_exchange_id(), "phase": Phase.OUTCOME, "time": "2026-11-20T03:04:05.678Z",
        "requester": "portal", "agency": "000.00.14.H31", "procedure": "1.004873",
        "purpose": "civil_registration", "subjects": {"requester": f"person|{WHO}"}, "calls": (CALL,),
        "fields": {"nycHoTen": b'"x"'}, "rules": ("agreement:portal",), "legal_basis": "basis",
    }  # fmt: skip
    receipt = await at.gateway.app.shared.recorder.log.append(ExchangeRecord(**(members | changes)))
    async with asyncio.timeout(30):
        while not (await _answered(at, f"/v1/audit/proof/inclusion?leaf_hash={receipt.leaf_hash}")):
            await asyncio.sleep(0.05)
    return str((members | changes)["exchange"])


async def _answered(at: Town, path: str) -> bool:
    headers = {"Authorization": f"Bearer {await at.house.token()}"}
    async with at.house.session.get(at.house.url + path, headers=headers) as answer:
        return answer.status == 200


async def asked(browser: Browser, url: str, form: dict[str, str], source: str = "/audit/people") -> Landing:
    """A form of a page, with its token."""
    return await page(browser, url, {**form, "csrf": token(await page(browser, source))})


def lookups(at: Town, operation: str) -> list[dict[str, Any]]:
    return [one for one in records(at.house) if one["notes"].get("operation") == operation]


# ---------------------------------------------------------------------------------------------- who may see them


async def test_only_auditors_see_the_log(at: Town, browser: Browser) -> None:
    of = await plant(at)
    paths = [
        "/audit", "/audit/people", f"/audit/exchanges/{of}", f"/audit/exchanges/{of}/proof", "/audit/reports",
        f"/audit/exchanges/{of}/who", "/audit/reports/csv?report=hours&month=2026-11", "/audit/export",
        "/audit/checkpoints", "/audit/checkpoints/newest",
    ]  # fmt: skip
    for path in paths:
        landing = await page(browser, path)
        assert landing.status == 303, path
        assert landing.location.startswith("/login/start?"), path
    await entered(browser, "/audit", OPERATOR)
    for path in paths:
        landing = await page(browser, path)
        assert landing.status == 403, path
        assert "Phố Hiến" not in landing.text, path


@pytest.mark.parametrize(
    ("account", "door", "other"), [(AUDITOR, "audit", "ops"), (OPERATOR, "ops", "audit")]
)
async def test_nav_leads_only_where_the_account_may_go(
    browser: Browser, account: str, door: str, other: str
) -> None:
    await entered(browser, f"/{door}", account)
    for path, status in ((f"/{door}", 200), (f"/{other}", 403)):
        shown = await page(browser, path)
        assert shown.status == status
        nav = shown.text.partition("<nav")[2].partition("</nav>")[0]
        links = [one for one in re.findall(r'<a href="([^"]+)"', nav) if "lang=" not in one]
        assert len(links) >= 5
        for link in links:
            assert (await page(browser, link)).status == 200, link
            assert link.startswith(f"/{door}")


async def test_form_of_another_site_or_without_its_token_does_nothing(at: Town, auditor: Browser) -> None:
    of = await plant(at)
    forms = {
        "/audit/people": {"personal_id": WHO, "reason": REASON}, "/audit/saved": {"name": "x", "query": ""},
        f"/audit/exchanges/{of}/who": {"reason": REASON}, "/audit/export/file": {"format": "csv"},
    }  # fmt: skip
    for path, form in forms.items():
        assert (await page(auditor, path, form)).status == 403, path
        good = token(await page(auditor, "/audit/people"))
        cross = await page(auditor, path, {**form, "csrf": good}, Origin="https://elsewhere.example")
        assert cross.status == 403, path
    assert not [one for one in lookups(at, "identify") if one["notes"].get("of") == of]


# ------------------------------------------------------------------------------------------------------- the log


async def test_every_filter_of_an_address_finds_its_record_in_words(at: Town, auditor: Browser) -> None:
    other = await plant(
        at, requester="one_gate", agency="000.00.15.H31", procedure="1.012753", purpose="land_registration",
        dossier="H31.15-261121-0777", phase=Phase.REFUSAL, result="not_agreed", time="2026-07-31T16:59:59.999Z",
        calls=(CallEntry("c-1", "land", "operation", "user", ("x",), "unavailable"),), fields={},
    )  # fmt: skip
    filters = {
        "requester": "one_gate", "agency": "000.00.15.H31", "procedure": "1.012753", "purpose": "land_registration",
        "dossier": "H31.15-261121-0777", "phase": "refusal", "result": "not_agreed", "source": "land",
        "outcome": "unavailable", "exchange_id": other, "until": "2026-07-31", "since": "2026-07-31",
    }  # fmt: skip
    for name, value in filters.items():
        found = await twin(auditor, f"/audit?{name}={value}")
        if name != "since":
            assert other in [one["exchange_id"] for one in found["records"]], name
        assert found["filters"][0]["name"] == name
    shown = await page(auditor, "/audit?" + "&".join(f"{name}={value}" for name, value in filters.items()))
    assert other in shown.text
    assert "Hệ thống một cửa" in shown.text or "one_gate" not in re.sub(r"<[^>]*>", "", shown.text)
    assert shown.text.count('class="chip"') == len(filters)
    assert (await twin(auditor, "/audit?until=2026-07-30&requester=one_gate"))["records"] == []


async def test_blank_fields_of_the_form_leave_the_address(auditor: Browser) -> None:
    landing = await page(auditor, "/audit?since=&until=&phase=refusal&limit=500&dossier=")
    assert (landing.status, landing.location) == (303, "/audit?phase=refusal&limit=500")


async def test_days_are_typed_in_the_vietnamese_manner_and_addresses_keep_theirs(
    at: Town, auditor: Browser
) -> None:
    of = await plant(at, time="2026-06-12T03:00:00.000Z")
    for typed in ("12%2F06%2F2026", "12-6-2026", "12.06.2026"):
        landing = await page(auditor, f"/audit?since={typed}&until={typed}&phase=")
        assert (landing.status, landing.location) == (303, "/audit?since=2026-06-12&until=2026-06-12"), typed
    shown = await page(auditor, "/audit?since=2026-06-12&until=2026-06-12")
    assert of in shown.text
    assert 'type="date"' not in shown.text
    assert shown.text.count('value="12/06/2026"') == 2
    assert "Từ ngày: 12/06/2026" in shown.text
    found = await asked(
        auditor,
        "/audit/people",
        {"personal_id": WHO, "reason": REASON, "since": "12/06/2026", "until": "12/6/2026"},
    )
    assert of in found.text
    assert found.text.count('value="12/06/2026"') == 2
    counted = await twin(auditor, "/audit/export?since=2026-06-12&until=2026-06-12")
    assert counted["count"] >= 1


@pytest.mark.parametrize(
    ("query", "field", "remedy"),
    [
        ("since=31/02/2026", "since", "ghi một ngày có thật theo dạng ngày/tháng/năm, ví dụ 25/11/2026"),
        ("until=hôm+qua", "until", "ghi một ngày có thật theo dạng ngày/tháng/năm, ví dụ 25/11/2026"),
        ("since=01/01/1890", "since", "từ năm 2000 đến năm 2099"),
        ("since=2026-11-02&until=2026-11-01", "until", "ghi ngày cuối không sớm hơn ngày đầu"),
    ],
)
async def test_wrong_day_is_said_beside_its_field_with_its_remedy(
    auditor: Browser, query: str, field: str, remedy: str
) -> None:
    for path in ("/audit", "/audit/export"):
        shown = await page(auditor, f"{path}?{query}")
        if shown.status == 303:
            shown = await page(auditor, shown.location)
        assert shown.status == 400
        beside = shown.text.partition(f'id="f-{field}-error">')[2].partition("</div>")[0]
        assert remedy in beside.partition("</span></span>")[0]
        assert f'aria-describedby="f-{field}-hint f-{field}-error" aria-invalid="true"' in beside
    given = dict(one.split("=") for one in query.replace("+", " ").split("&"))
    people = await asked(auditor, "/audit/people", {**given, "personal_id": WHO, "reason": REASON})
    assert people.status == 400
    assert remedy in people.text.partition(f'id="f-{field}-error">')[2].partition("</div>")[0]


async def test_days_of_filters_are_days_in_viet_nam(at: Town, auditor: Browser) -> None:
    of = await plant(at, time="2026-06-09T17:00:00.000Z")  # midnight in Việt Nam
    for day, is_found in (("2026-06-09", False), ("2026-06-10", True), ("2026-06-11", False)):
        found = await twin(auditor, f"/audit?since={day}&until={day}")
        assert (of in [one["exchange_id"] for one in found["records"]]) is is_found, day


async def test_nothing_found_offers_to_remove_each_filter(auditor: Browser) -> None:
    shown = await page(auditor, "/audit?dossier=H31.15-261121-9999&phase=refusal")
    assert "Không có kết quả phù hợp. Bỏ bớt điều kiện." in shown.text
    for rest in ("/audit?phase=refusal", "/audit?dossier=H31.15-261121-9999"):
        assert f'href="{rest}"' in shown.text


async def test_pages_follow_one_another_without_a_gap(at: Town, auditor: Browser) -> None:
    code = "1.000656"
    wanted = [new_exchange_id() for _ in range(205)]
    assert at.gateway is not None
    assert at.gateway.app is not None
    log = at.gateway.app.shared.recorder.log
    for one in wanted[:-1]:
        await log.append(
            ExchangeRecord(one, Phase.REFUSAL, "2026-10-20T03:04:05.678Z", "portal", procedure=code)
        )
    await plant(at, exchange=wanted[-1], procedure=code, phase=Phase.REFUSAL)
    seen: list[str] = []
    url = f"/audit?procedure={code}&phase=refusal"
    for _ in range(3):
        shown = await page(auditor, url)
        seen += re.findall(r'href="/audit/exchanges/([0-9A-Z]{26})"', shown.text)
        found = re.search(r'href="([^"]*cursor=[^"]*)" rel="next"', shown.text)
        if found is None:
            break
        url = found[1].replace("&amp;", "&")
    assert sorted(seen) == sorted(wanted)
    five = await twin(auditor, f"/audit?procedure={code}&phase=refusal&limit=500")
    assert len(five["records"]) == len(wanted)


async def test_rare_records_of_a_long_log_are_searched_for_in_parts(tmp_path: Path) -> None:
    async with town(tmp_path) as at, Browser(at) as auditor:
        await entered(auditor, "/audit", AUDITOR)
        wanted = await plant(at, phase=Phase.ABANDONED, requester="one_gate", procedure="1.012753")
        assert at.gateway is not None
        assert at.gateway.app is not None
        audit = at.gateway.app.services.audit
        assert audit is not None
        reader = audit.audit.context.reader
        assert isinstance(reader, SqlLogReader)
        # a log of two thousand is as long as one of millions then: a read for each takes several times the page's 0.1 s
        reader._walk, reader._few = 1, 1
        log = at.gateway.app.shared.recorder.log
        for _ in range(20):
            await asyncio.gather(*(
                log.append(ExchangeRecord(new_exchange_id(), Phase.INTENT, "2026-11-20T03:04:05.678Z", "one_gate"))
                for _ in range(100)
            ))  # fmt: skip
        await plant(at)
        query = "requester=one_gate&phase=abandoned"
        shown = await page(auditor, f"/audit?{query}")
        assert "Chưa tìm hết nhật ký." in shown.text
        assert "Không có kết quả phù hợp" not in shown.text
        assert wanted not in shown.text
        for _ in range(200):  # on a busy machine each part is shorter
            further = re.search(r'href="(/audit\?[^"]*cursor=[^"]*)"', shown.text)
            if further is None:
                break
            shown = await page(auditor, further[1].replace("&amp;", "&"))
        assert wanted in shown.text
        assert "Chưa tìm hết nhật ký." not in shown.text
        # a program gets the whole answer at once
        found = await at.house.post(
            "/v1/audit/search", {"requester": "one_gate", "phase": "abandoned"}, "auditor"
        )
        assert [one["exchange_id"] for one in found[1]["records"]] == [wanted]


@pytest.mark.parametrize(
    "query",
    ["since=2026-13-45", "phase=no", "outcome=no", "exchange_id=1", "since=2026-11-02&until=2026-11-01",
     "requester=%3Cscript%3E", f"dossier={WHO}"],
)  # fmt: skip
async def test_wrong_filter_is_said_beside_its_field_and_nothing_is_searched(
    at: Town, auditor: Browser, query: str
) -> None:
    before = len(lookups(at, "search"))
    shown = await page(auditor, f"/audit?{query}")
    assert shown.status in {400, 422}
    assert 'role="alert"' in shown.text
    assert "<script>" not in shown.text
    problem = await twin(auditor, f"/audit?{query}")
    assert problem["status"] == shown.status
    assert len(lookups(at, "search")) == before


async def test_address_takes_no_number_of_a_person_and_nothing_unknown(auditor: Browser) -> None:
    for query in (f"personal_id={WHO}", f"official={WHO}", "subject=x", "bogus=1", "limit=7"):
        assert (await page(auditor, f"/audit?{query}")).status == 400, query


NUMBERS = WHO, ".".join((WHO[:3], WHO[3:6], WHO[6:9], WHO[9:])), "145678901"


@pytest.mark.parametrize("number", NUMBERS)
async def test_address_takes_no_number_of_a_person_in_any_spelling(auditor: Browser, number: str) -> None:
    assert (await page(auditor, f"/audit?dossier={number}")).status == 400


@pytest.mark.parametrize(
    "code",
    ["0900337218", "33905337218", "0331-9033-7218", "bay.do%40example.vn", "DoThiBay", "Do-Thi-Bay-1990"],
)
async def test_address_takes_no_code_of_a_dossier_that_may_be_a_persons(auditor: Browser, code: str) -> None:
    assert (await page(auditor, f"/audit?dossier={code}")).status == 400


@pytest.mark.parametrize("code", ["%3D1%2B1", "-1", "%2B1", "SUM(1)", "H31-QG-0001", "withheld"])
async def test_address_takes_each_code_that_a_record_may_have(auditor: Browser, code: str) -> None:
    assert (await page(auditor, f"/audit?dossier={code}")).status == 200


async def test_saved_filters_are_of_one_account_and_hold_no_person(at: Town, auditor: Browser) -> None:
    saved = await asked(auditor, "/audit/saved", {"name": "Từ chối <b>", "query": "phase=refusal"}, "/audit")
    assert (saved.status, saved.location) == (303, "/audit?phase=refusal")
    assert (await twin(auditor, "/audit"))["saved"] == [
        {"name": "Từ chối <b>", "url": "/audit?phase=refusal"}
    ]
    assert "Từ chối &lt;b&gt;" in (await page(auditor, "/audit")).text
    for form in ({"name": WHO, "query": ""}, {"name": "x", "query": f"personal_id={WHO}"}, {"name": ""},
        *({"name": "x", "query": f"dossier={one}"} for one in NUMBERS),
    ):  # fmt: skip
        assert (await asked(auditor, "/audit/saved", form, "/audit")).status == 400, form
    async with Browser(at) as other:
        await entered(other, "/audit", "kiem.van")
        other.session.cookie_jar.update_cookies({"motlan-filters": auditor.cookies["motlan-filters"]})
        assert (await twin(other, "/audit"))["saved"] == []
    await asked(auditor, "/audit/saved", {"name": "Từ chối <b>", "query": "", "forget": "1"}, "/audit")
    assert (await twin(auditor, "/audit"))["saved"] == []
    auditor.session.cookie_jar.update_cookies({"motlan-filters": "not!base64"})
    assert (await twin(auditor, "/audit"))["saved"] == []


# ------------------------------------------------------------------------------------------------------- people


async def test_search_by_person_is_posted_and_its_reason_recorded_before(at: Town, auditor: Browser) -> None:
    of = await plant(at)
    for reason in ("", "ngắn", "x" * 9, f"về {WHO} theo yêu cầu"):
        before = len(lookups(at, "search"))
        shown = await asked(auditor, "/audit/people", {"personal_id": WHO, "reason": reason})
        assert shown.status in {400, 422}, reason
        assert of not in shown.text
        assert len(lookups(at, "search")) == before, reason
    found = await asked(auditor, "/audit/people", {"personal_id": WHO, "reason": REASON})
    assert found.status == 200
    assert of in found.text
    looked = lookups(at, "search")[-1]["notes"]
    assert (looked["reason"], looked["filters"], looked["staff"]) == (REASON, "subject", AUDITOR)
    assert WHO not in found.url
    nobody = await asked(auditor, "/audit/people", {"reason": REASON})
    assert nobody.status == 400


UNNUMBERED = {"full_name": "Trần Thị Hòa", "birth_date": "09/04/1988"}
NINE = {"kind": "xx_nine", "number": "123456780"}


@pytest.mark.parametrize(
    ("given", "key"),
    [
        (
            UNNUMBERED,
            Subject(
                kind=SubjectKind.PERSON, full_name="TRẦN THỊ HÒA", birth_date=PartialDate(1988, 4, 9)
            ).key,
        ),
        (NINE, "person|xx_nine:123456780"),
    ],
    ids=["unnumbered", "identifier"],
)
async def test_person_without_a_number_of_viet_nam_is_searched_for(
    at: Town, auditor: Browser, given: dict[str, str], key: str
) -> None:
    of = await plant(at, subjects={"requester": key})
    form = {**given, "reason": REASON}
    found = await asked(auditor, "/audit/people", form)
    assert (found.status, of in found.text) == (200, True)
    for name, text in given.items():
        assert re.search(rf'id="f-{name}"[^>]* value="{text}"|value="{text}" selected', found.text)
    counted = await asked(auditor, "/audit/people/export", form)
    assert "<progress" in counted.text
    missing = list(given)[-1]
    half = await asked(auditor, "/audit/people", form | {missing: ""})
    assert half.status in {400, 422}
    assert f'id="f-{missing}-error"' in half.text


async def test_person_is_exported_with_the_reason_and_never_in_an_address(at: Town, auditor: Browser) -> None:
    of = await plant(at, dossier="H31.15-261121-0813")
    form = {"personal_id": WHO, "reason": REASON, "since": "20/11/2026"}
    found = await asked(auditor, "/audit/people", form)
    assert 'action="/audit/people/export"' in found.text
    before = len(lookups(at, "count")), len(lookups(at, "export"))
    for wrong in ({"personal_id": WHO}, {"personal_id": WHO, "reason": "ngắn"}, {"reason": REASON}):
        for path in ("/audit/people/export", "/audit/export/file"):
            assert (await asked(auditor, path, wrong)).status in {400, 422}, (path, wrong)
    assert (len(lookups(at, "count")), len(lookups(at, "export"))) == before
    counted = await asked(auditor, "/audit/people/export", form)
    assert counted.status == 200
    assert counted.url.endswith("/audit/people/export")
    assert counted.text.count("data-stream") == 1
    assert REASON in counted.text
    count = re.search(r'<progress [^>]*max="([0-9]+)"', counted.text)
    assert count
    shown = counted.text.partition("data-stream>")[2].partition("</form>")[0]
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', shown))
    assert hidden.pop("csrf") == token(counted)
    exported = await asked(auditor, "/audit/export/file", {**hidden, "format": "jsonl"})
    lines = exported.text.splitlines()
    assert len(lines) - 2 >= int(count[1]) >= 1  # the counting names the person too
    assert of in exported.text
    assert WHO not in exported.text
    assert verify_export(io.BytesIO(exported.text.encode()), json.loads(lines[0])["vkeys"]).good
    for operation in ("count", "export"):
        looked = lookups(at, operation)[-1]["notes"]
        assert (looked["reason"], looked["filters"], looked["staff"]) == (REASON, "subject since", AUDITOR)


# ------------------------------------------------------------------------------------------------- one exchange


async def test_exchange_is_told_and_who_it_is_about_stays_hidden(at: Town, auditor: Browser) -> None:
    persona = at.house.persona("married")
    subject = {name: persona[name] for name in ("personal_id", "full_name", "birth_date")}
    wanted = {"requester": subject, "person": {"same_as": "requester"}}
    answer = await at.house.prefill("1.004873", wanted)
    of = answer["exchange_id"]
    async with asyncio.timeout(30):
        while (await twin(auditor, f"/audit/exchanges/{of}"))["verdict"] != "included":
            await asyncio.sleep(0.1)
    shown = await page(auditor, f"/audit/exchanges/{of}")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", shown.text))
    assert "Cổng Dịch vụ công tỉnh Hưng Yên hỏi 3 nguồn về 1 người để giải quyết thủ tục" in text
    for words in ("Ý định", "Hỏi các nguồn", "Dữ liệu rời cổng", "Lượt xem này được ghi lại", "Đã ẩn",
                  "Máy chủ đã kiểm; tự kiểm bằng lệnh", "phạm vi công bố"):  # fmt: skip
        assert words in text, words
    for hidden in (persona["personal_id"], persona["full_name"]):
        assert hidden not in shown.text
    assert text.count("Không kiểm: lời kể bên cạnh, do máy chủ viết từ các bản ghi.") == 2
    assert shown.text.count("data-leaf=") == 2
    assert re.search(r"<button[^>]* data-again hidden>", shown.text), (
        "a button that only the script can make work"
    )
    assert '<svg class="qr"' in shown.text
    english = await page(auditor, f"/audit/exchanges/{of}?lang=en")
    assert "asked 3 sources about 1 person" in re.sub(r"<[^>]*>", "", english.text)
    await page(auditor, "/audit?lang=vi")
    told = await twin(auditor, f"/audit/exchanges/{of}")
    assert [step["kind"] for step in told["story"]["steps"]] == ["intent", "calls", "outcome"]
    assert all("leaf" not in one for one in told["evidence"]["proofs"])
    assert lookups(at, "records")[-1]["notes"]["of"] == of


async def leased_elsewhere(state: Path) -> None:
    """Another process may number the records of this log, and does not."""
    with closing(sqlite3.connect(state / "exchange.db", isolation_level=None)) as connection:
        while True:
            lease = ("another", time.time() + LEASE_SECONDS)
            connection.execute("UPDATE log_state SET lease_owner = ?, lease_until = ?", lease)
            await asyncio.sleep(0.5)


async def test_export_and_checkpoints_of_a_log_without_a_checkpoint_say_so(tmp_path: Path) -> None:
    fresh.log_in(tmp_path / "state")
    elsewhere = asyncio.create_task(leased_elsewhere(tmp_path / "state"))
    await asyncio.sleep(0)
    async with town(tmp_path) as at, Browser(at) as auditor:
        await entered(auditor, "/audit", AUDITOR)
        export, checkpoints = await page(auditor, "/audit/export"), await page(auditor, "/audit/checkpoints")
        assert (await twin(auditor, "/audit/checkpoints"))["checkpoint"] == ""
        elsewhere.cancel()
    assert (export.status, checkpoints.status) == (200, 200)
    assert "chưa có điểm kiểm tra" in checkpoints.text


async def test_record_that_somebody_changed_is_an_alert_and_its_proof_does_not_fit(tmp_path: Path) -> None:
    async with town(tmp_path) as at, Browser(at) as auditor:
        await entered(auditor, "/audit", AUDITOR)
        of = await plant(at)
        unreadable = await plant(at, requester="one_gate")
        with closing(sqlite3.connect(at.house.state / "exchange.db")) as connection, connection:
            connection.execute("DROP TRIGGER append_log_update")
            change = (
                "UPDATE append_log SET leaf = CAST(replace(leaf, 'nycHoTen', 'nycHoNgu') AS BLOB)"
                " WHERE instr(CAST(leaf AS TEXT), ?)"
            )
            assert connection.execute(change, (of,)).rowcount == 1
            destroy = "UPDATE append_log SET leaf = x'ff' WHERE instr(CAST(leaf AS TEXT), ?)"
            assert connection.execute(destroy, (unreadable,)).rowcount == 1
        shown = await page(auditor, f"/audit/exchanges/{of}")
        alert = shown.text.partition('role="alert"')[2]
        assert "Không khớp với bản đã ký" in alert
        assert "Máy chủ đã kiểm; tự kiểm bằng lệnh" not in shown.text
        assert "Bị sửa đổi" in shown.text
        (one,) = (await twin(auditor, f"/audit/exchanges/{of}/proof"))["proofs"]
        assert "nycHoNgu" in one["leaf"]
        assert not one["verified"]
        rows = (await page(auditor, "/audit")).text.partition("<tbody")[2]
        assert rows.count("Bị sửa đổi") == rows.count("Không đọc được") + 1 == 2
        lost = await page(auditor, f"/audit/exchanges/{unreadable}")
        assert "Cổng không viết được" in lost.text or "không đọc được" in lost.text.lower()


async def test_proof_gives_the_bytes_that_were_signed(at: Town, auditor: Browser) -> None:
    of = await plant(at)
    found = await twin(auditor, f"/audit/exchanges/{of}/proof")
    head = Checkpoint.parse(
        open_note(found["checkpoint"], [NoteVerifier.parse(one) for one in found["vkeys"]])
    )
    (one,) = found["proofs"]
    hash_ = leaf_hash(one["leaf"].encode())
    path = [bytes.fromhex(part) for part in one["hashes"]]
    assert hash_.hex() == one["leaf_hash"]
    assert verify_inclusion(hash_, one["leaf_index"], head.size, path, head.root)
    assert json.loads(one["leaf"])["exchange"] == of


async def test_unknown_exchange_has_a_page_and_a_problem(auditor: Browser) -> None:
    for of in ("01M8F0K355GDVAM6SEGVA9W798", "x", "%3Cscript%3E", "..%2f..%2fetc"):
        shown = await page(auditor, f"/audit/exchanges/{of}")
        assert shown.status == 404, of
        assert "<script>" not in shown.text
    assert (await twin(auditor, "/audit/exchanges/01M8F0K355GDVAM6SEGVA9W798"))["code"] == "exchange_unknown"


async def test_configuration_that_decided_is_opened_from_its_record(at: Town, auditor: Browser) -> None:
    (started,) = [
        one for one in records(at.house) if one["phase"] == "configuration" and one["result"] == "start"
    ]
    shown = await page(auditor, f"/audit/exchanges/{started['exchange']}")
    assert f'href="/audit/configurations/{started["config"]}"' in shown.text
    opened = await page(auditor, f"/audit/configurations/{started['config']}")
    assert opened.status == 200
    at_document = f"/audit/configurations/{started['config']}?document=agreements/portal.yaml"
    assert f'href="{at_document}"' in opened.text
    document = await page(auditor, at_document)
    assert "TraCuuThongTinCongDan" in document.text
    assert len(opened.text) + len(document.text) < 150_000
    assert (await page(auditor, f"{at_document}x")).status == 404
    secrets = await page(
        auditor, f"/audit/configurations/{started['config']}?document=requesters/portal.yaml"
    )
    assert secrets.status == 200
    assert "sandbox-only" not in secrets.text
    # another test may have reloaded a changed one
    newest = [one for one in records(at.house) if one["phase"] == "configuration"][-1]
    in_force = (await twin(auditor, f"/audit/configurations/{started['config']}"))["in_force"]
    assert in_force is (started["config"] == newest["config"])
    assert "Lượt xem này được ghi lại" in opened.text
    looked = lookups(at, "configuration")
    assert [(one["notes"]["configuration"], one["notes"]["staff"]) for one in looked] == [
        (started["config"], AUDITOR)
    ] * 4
    told = await page(auditor, f"/audit/exchanges/{looked[0]['exchange']}")
    assert "Xem nội dung một cấu hình." in told.text
    assert f'href="/audit/configurations/{started["config"]}"' in told.text
    for other in ("ab" * 32, "x", "..%2f..%2fetc%2fpasswd"):
        assert (await page(auditor, f"/audit/configurations/{other}")).status == 404, other
    assert len(lookups(at, "configuration")) == 4


async def test_hostile_records_are_shown_as_text(at: Town, auditor: Browser) -> None:
    of = await plant(
        at, requester=HOSTILE, agency=HOSTILE, procedure=HOSTILE, dossier=HOSTILE, purpose=HOSTILE,
        rules=(HOSTILE,), result=HOSTILE, legal_basis=HOSTILE, notes={"note": HOSTILE},
        calls=(CALL._replace(source=HOSTILE, operation=HOSTILE, attributes=(HOSTILE,), outcome=HOSTILE),),
    )  # fmt: skip
    for path in (f"/audit/exchanges/{of}", f"/audit?exchange_id={of}", "/audit/reports?month=2026-11"):
        shown = await page(auditor, path)
        assert shown.status == 200, path
        assert "<img src=x" not in shown.text, path
        for sign in ("\u202e", "\u200b"):
            assert sign not in shown.text, path
        assert "ệ" * 301 not in shown.text, path


async def test_who_it_is_about_is_shown_for_a_minute_after_a_fresh_sign_in_and_a_reason(
    at: Town, auditor: Browser
) -> None:
    of = await plant(at)
    form = await page(auditor, f"/audit/exchanges/{of}/who")
    assert form.status == 200
    assert WHO not in form.text
    short = await page(auditor, f"/audit/exchanges/{of}/who", {"reason": "ngắn", "csrf": token(form)})
    assert short.status == 422
    assert WHO not in short.text
    shown = await page(auditor, f"/audit/exchanges/{of}/who", {"reason": REASON, "csrf": token(form)})
    assert WHO in shown.text
    assert f'content="60;url=/audit/exchanges/{of}"' in shown.text
    before, _, inner = shown.text.partition('<div class="screen-only" data-close="60"')
    assert WHO in inner
    assert "<dt>Người yêu cầu</dt>" in inner
    assert ">cá nhân</span>" in inner
    assert WHO not in before
    looked = lookups(at, "identify")[-1]["notes"]
    assert (looked["reason"], looked["of"], looked["staff"]) == (REASON, of, AUDITOR)
    at.clock.move(minutes=6)
    for again in (None, {"reason": REASON, "csrf": token(form)}):
        stale = await page(auditor, f"/audit/exchanges/{of}/who", again)
        assert WHO not in stale.text
        assert "Lý do xem" not in stale.text


# ------------------------------------------------------------------------------------ exports, reports, growth


async def test_export_is_counted_and_verifies(at: Town, auditor: Browser) -> None:
    of = await plant(at, dossier="=1+1")
    shown = await twin(auditor, f"/audit/export?exchange_id={of}")
    assert shown["count"] == 1
    given = {"exchange_id": of, "format": "jsonl"}
    exported = await asked(auditor, "/audit/export/file", given, "/audit/export")
    assert 'filename="export.jsonl"' in exported.headers["Content-Disposition"]
    verdict = verify_export(io.BytesIO(exported.text.encode()), shown["vkeys"])
    assert verdict.good
    assert of in exported.text
    cells = await asked(auditor, "/audit/export/file", {**given, "format": "csv"}, "/audit/export")
    assert '"\'=1+1"' in cells.text
    whole = await twin(auditor, "/audit/export")
    assert whole["count"] > 1
    for wrong in ({"format": "xml"}, {"format": "csv", "personal_id": WHO}):
        assert (await asked(auditor, "/audit/export/file", wrong, "/audit/export")).status in {400, 422}, (
            wrong
        )


async def test_newborn_is_shown_as_found_by_the_mother(at: Town, auditor: Browser) -> None:
    of = await plant(at, subjects={"child": f"newborn|{WHO}"})
    form = await page(auditor, f"/audit/exchanges/{of}/who")
    shown = await page(auditor, f"/audit/exchanges/{of}/who", {"reason": REASON, "csrf": token(form)})
    assert f"trẻ mới sinh, tìm qua mẹ</span> {WHO}" in shown.text


async def test_reports_of_a_month_have_charts_tables_and_csv(at: Town, auditor: Browser) -> None:
    await plant(at, phase=Phase.INTENT, fields={}, time="2026-09-08T03:00:00.000Z")
    await plant(at, phase=Phase.INTENT, fields={}, time="2026-09-08T15:00:00.000Z")
    shown = await page(auditor, "/audit/reports?month=2026-09")
    found = await twin(auditor, "/audit/reports?month=2026-09")
    assert set(found["reports"]) == {"requesters", "outcomes", "volume", "hours", "lookups"}
    assert found["reports"]["hours"]["grid"][1][10] >= 1  # Tuesday, ten o'clock in Việt Nam
    for words in ("Giao dịch theo hệ thống khai thác và tháng", "Bị từ chối", "Khai thác ngoài giờ làm việc"):
        assert words in shown.text, words
    assert "<svg" in shown.text
    for section in shown.text.split("<section>")[1:]:
        tables = len(re.findall(r"<summary>.*?(?:Số liệu|Numbers)", section))
        assert tables <= max(1, section.count("<figure")), section.partition("</h2>")[0]
    assert "<td>08/09/2026 22:00:00,000</td>" in shown.text
    assert '<th scope="col">Đã trả lời</th>' in shown.text.partition("<figure")[2].partition("</figure>")[0]
    assert '<th scope="row">09/2026</th>' in shown.text
    assert '<th scope="row">2026-09</th>' not in shown.text
    assert re.search(r'<td class="r">[0-9,.]+\s?%</td>', shown.text)
    for name, made in found["reports"].items():
        assert escape(made["how"]) in shown.text, name  # whole: the longest has more than 300 characters
        assert f"/audit/reports/csv?report={name}&amp;month=2026-09" in shown.text, name
        table = await page(auditor, f"/audit/reports/csv?report={name}&month=2026-09")
        assert table.text.startswith("\ufeff")
    for wrong in ("month=2026-13", "month=x", "month=2026-09&more=1"):
        assert (await page(auditor, f"/audit/reports?{wrong}")).status in {400, 422}, wrong


async def test_days_to_come_are_not_in_the_report_of_the_running_month(at: Town, auditor: Browser) -> None:
    await plant(at)
    found = await twin(auditor, "/audit/reports")
    days = {row["day"] for row in found["reports"]["volume"]["rows"]}
    today = datetime.now(VIETNAM).date().isoformat()
    assert all(day <= today for day in days)
    assert found["reports"]["volume"]["totals"]["days"] == int(today[8:])


async def test_citizens_own_forms_are_no_lookups_by_officials(at: Town, auditor: Browser) -> None:
    for duty in (True, True, False):
        await plant(
            at,
            phase=Phase.INTENT,
            fields={},
            time="2026-08-04T12:00:00.000Z",
            official=OFFICIAL,
            on_duty=duty,
        )
    shown = await page(auditor, "/audit/reports?month=2026-08")
    assert "1 trong 1 giao dịch do cán bộ thao tác không nêu hồ sơ." in shown.text
    assert "2 giao dịch khác không do cán bộ thao tác" in shown.text
    assert "3 trong 3 giao dịch bắt đầu ngoài giờ làm việc; 2 trong 3 không do cán bộ thao tác" in shown.text


async def test_report_says_which_source_gave_nothing_usable_and_opens_its_own_month(
    at: Town, auditor: Browser
) -> None:
    calls = (CALL._replace(outcome="invalid"), CALL._replace(source="tax", outcome="found"))
    await plant(at, calls=calls, time="2026-07-31T16:00:00.000Z")
    refused = {"phase": Phase.REFUSAL, "calls": (), "fields": {}, "result": "not_agreed"}
    late = await plant(at, **refused, time="2026-07-31T16:00:00.000Z")
    after = await plant(at, **refused, time="2026-07-31T17:00:00.000Z")
    shown = await page(auditor, "/audit/reports?month=2026-07")
    assert "lần nào cũng có câu trả lời dùng được" not in shown.text
    assert "không có câu trả lời dùng được nhất: Cơ sở dữ liệu quốc gia về dân cư." in shown.text
    english = await page(auditor, "/audit/reports?month=2026-07&lang=en")
    assert "Cơ sở dữ liệu quốc gia về dân cư" not in english.text
    await page(auditor, "/audit/reports?month=2026-07&lang=vi")
    (address,) = re.findall(r'href="(/audit\?phase=refusal[^"]*)"', shown.text)
    opened = await page(auditor, address.replace("&amp;", "&"))
    assert late in opened.text
    assert after not in opened.text


async def test_two_checkpoints_are_compared(at: Town, auditor: Browser) -> None:
    await plant(at)  # the log may be young
    kept = await page(auditor, "/audit/checkpoints/newest")
    await plant(at)
    grown = await asked(auditor, "/audit/checkpoints", {"older": kept.text.replace("\n", "\r\n")}, "/audit")
    assert "Máy chủ thấy nhật ký chỉ được nối thêm." in grown.text
    assert (await twin(auditor, "/audit/checkpoints?older=1&newer=2"))["compared"]["grown"]
    head = Checkpoint.parse(kept.text.rpartition("\n\n")[0] + "\n")
    forged = kept.text.replace(f"\n{head.size}\n", f"\n{head.size - 1}\n")
    stranger = _stranger(head)
    for other in (forged, stranger):
        wrong = await asked(auditor, "/audit/checkpoints", {"older": other}, "/audit")
        assert "Không chứng minh được" in wrong.text
        assert "Máy chủ thấy nhật ký chỉ được nối thêm." not in wrong.text
    for other in ("no checkpoint", "99999999", "-1", "<script>"):
        said = await asked(auditor, "/audit/checkpoints", {"older": other}, "/audit")
        assert said.status == 400, other
        assert "<script>" not in said.text


def _stranger(head: Checkpoint) -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return NoteSigner(head.origin, Ed25519PrivateKey.generate()).sign(head.text())


async def test_result_is_chosen_by_its_words_and_finds_its_records(auditor: Browser) -> None:
    shown = await page(auditor, "/audit?phase=login&result=login_done")
    assert '<option value="login_done" selected>Một người đăng nhập xong</option>' in shown.text
    assert '<option value="unusual_volume">' in shown.text
    assert "Kết quả hoặc lý do: Một người đăng nhập xong" in shown.text
    async with asyncio.timeout(20):  # until the first login has its place in the log
        while not (answer := await twin(auditor, "/audit?phase=login&result=login_done"))["records"]:
            await asyncio.sleep(0.1)
    assert {one["result"] for one in answer["records"]} == {"login_done"}
    # a code of another release stays as it is
    assert (
        '<option value="of_old" selected>of_old</option>'
        in (await page(auditor, "/audit?result=of_old")).text
    )


async def test_auditors_pages_are_never_kept_and_speak_english_too(auditor: Browser) -> None:
    paths = ("/audit", "/audit/people", "/audit/reports", "/audit/export", "/audit/checkpoints")
    for path in paths:
        shown = await page(auditor, f"{path}?lang=en")
        assert shown.status == 200, path
        assert shown.headers["Cache-Control"] == "no-store"
        assert '<html lang="en">' in shown.text
        is_recorded = any(one["exchange"] == shown.exchange for one in records(auditor.house))
        assert ("This look is recorded." in shown.text) is is_recorded, path
        assert is_recorded is (path not in {"/audit/people", "/audit/checkpoints"})
    await page(auditor, "/audit?lang=vi")


async def test_nobody_gets_the_log_by_a_token_of_the_api(at: Town) -> None:
    headers = {"Authorization": f"Bearer {await at.house.token('auditor')}", "Accept": "text/html"}
    url = f"{at.house.url}/audit"
    async with ClientSession() as session, session.get(url, headers=headers, allow_redirects=False) as answer:
        assert answer.status == 303
