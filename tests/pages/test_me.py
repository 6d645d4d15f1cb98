"""The citizen's pages: who used my data, consents, kept data, requests; and nothing of anybody else."""

import asyncio
import hashlib
import html
import re
from typing import Any

import pytest

from gateway.jose import jws
from tests.flows.conftest import new_official
from tests.flows.test_records import records
from tests.login.browser import Browser, Landing, Town
from tests.pages.portal import UNASKED, begun
from tests.pages.test_audit import plant
from tests.pages.trial import entered, page, twin

pytestmark = pytest.mark.asyncio(loop_scope="session")

MAU = "033190001234"


def other(browser: Browser) -> str:
    """Somebody else."""
    return next(str(one["personal_id"]) for one in browser.house.personas if one["personal_id"] != MAU)


def person_of(browser: Browser, key: str) -> dict[str, Any]:
    who = next(one for one in browser.house.personas if one["key"] == key)
    return {name: who[name] for name in ("personal_id", "full_name", "birth_date")}


async def filled(browser: Browser, number: str = MAU) -> str:
    """A prefill about this person; its exchange."""
    house = browser.house
    who = next(one for one in house.personas if one["personal_id"] == number)
    me = {name: who[name] for name in ("personal_id", "full_name", "birth_date")}
    return await asked(browser, "1.004873", {"requester": me, "person": {"same_as": "requester"}})


async def asked(browser: Browser, procedure: str, subjects: dict[str, Any]) -> str:
    """A prefill that is in the log; its exchange."""
    house = browser.house
    body: dict[str, Any] = {"procedure": procedure, "subjects": subjects, "deadline_ms": 5_000}
    status, answer = await house.post("/v1/prefill", body, client="portal")
    assert status == 200, answer.get("errors", answer)
    exchange = str(answer["exchange_id"])
    async with asyncio.timeout(20):  # until it has its place in the log
        found: dict[str, Any] = {}
        while len(found.get("records", ())) < 2:
            await asyncio.sleep(0.1)
            _, found = await house.post("/v1/audit/search", {"exchange_id": exchange}, client="auditor")
    return exchange


async def consented(browser: Browser, number: str = MAU) -> str:
    body = {
        "subject": {"personal_id": number}, "requester": "portal", "purpose": "keep_own_data",
        "attributes": {"own_data.kept": ["phone"]}, "expires_at": "2027-06-01T00:00:00Z", "text_version": "v1",
        "language": "vi", "channel": "portal",
    }  # fmt: skip
    status, answer = await browser.house.post("/v1/consents", body, client="portal")
    assert status == 200, answer.get("errors", answer)
    return str(answer["consent"])


async def test_citizen_sees_who_used_the_data_and_why_and_the_look_is_recorded(browser: Browser) -> None:
    exchange, others = await filled(browser), await filled(browser, other(browser))
    await entered(browser, "/me", "mau")
    shown = await page(browser, "/me")
    assert shown.status == 200, shown.text
    assert "Ai đã dùng dữ liệu của ông/bà" in shown.text
    assert "Cấp giấy xác nhận tình trạng hôn nhân" in shown.text
    assert exchange in shown.text
    assert others not in shown.text
    assert MAU not in shown.text  # masked outside forms
    assert "1234" in shown.text
    seen = await twin(browser, "/me")
    assert exchange in [one["exchange_id"] for one in seen["uses"]]
    looks = [one for one in records(browser.house) if one["exchange"] == shown.exchange]
    assert [one["notes"]["operation"] for one in looks] == ["usage"]
    assert looks[0]["requester"] == "citizen"


async def test_data_in_a_sentence_begin_small(browser: Browser) -> None:
    exchange = await filled(browser)
    await entered(browser, "/me", "mau")
    use = next(one for one in (await twin(browser, "/me"))["uses"] if one["exchange_id"] == exchange)
    names = [
        each["title"] for call in use["data"] if call["outcome"] == "found" for each in call["attributes"]
    ]
    shown = text_of(await page(browser, "/me"))
    said = ", ".join(f"{name[0].lower()}{name[1:]}" for name in list(dict.fromkeys(names))[:4])
    assert f"xem {said} và" in shown or f"xem {said} của ông/bà" in shown


async def test_parents_read_what_was_done_with_whose_data_of_a_birth(browser: Browser) -> None:
    mother, father = (person_of(browser, key) for key in ("mau", "thu"))
    family = {"mother": {"same_as": "requester"}, "father": {**father, "full_name": "Hoàng Đức Sai"}}
    exchange = await asked(browser, "1.001193", {"requester": mother, **family})
    await entered(browser, "/me", "mau")
    use = next(one for one in (await twin(browser, "/me"))["uses"] if one["exchange_id"] == exchange)
    relations = {one["source"]["code"]: one["about"]["relation"] for one in use["data"]}
    assert (relations["population"], relations["health"]) == ("self", "found_by_number")
    assert "trong đó có dữ liệu của con (tìm theo số của ông/bà)" in use["summary"]
    assert "among them data of: child (found by your number)" in use["summary_en"]
    shown = text_of(await page(browser, "/me?lang=vi"))
    assert "nơi sinh và 2 dữ liệu khác của con (tìm theo số của ông/bà) để giải quyết thủ tục" in shown
    english = text_of(await page(browser, "/me?lang=en"))
    assert "of child (found by your number) for the procedure Birth registration" in english
    _, answer = await browser.house.post(
        "/v1/usage", {"subject": {"personal_id": father["personal_id"]}}, client="citizen"
    )
    use = next(one for one in answer["uses"] if one["exchange_id"] == exchange)
    outcomes = {one["outcome"] for one in use["data"]}
    assert "no_match" in outcomes
    assert "found" not in outcomes  # his name does not fit: what his number found filled no form


async def test_person_who_asked_reads_what_was_asked_about_the_parcel_too(browser: Browser) -> None:
    parcel = {"commune": "11953", "sheet": "12", "number": "345"}
    of_another = await asked(browser, "1.013225", {"owner": person_of(browser, "mau"), "parcel": parcel})
    citizen = await begun(
        browser, "mau", "1.013225", **{f"parcel.{one}": said for one, said in parcel.items()}
    )
    exchange = (await citizen.filled_by_all())["exchange_id"]
    async with asyncio.timeout(20):  # until its answer has its place in the log
        uses: dict[str, Any] = {}
        while uses.get(exchange, {"state": "open"})["state"] == "open":
            await asyncio.sleep(0.1)
            uses = {one["exchange_id"]: one for one in (await twin(browser, "/me"))["uses"]}
    relations = {one["source"]["code"]: one["about"]["relation"] for one in uses[exchange]["data"]}
    assert (relations["population"], relations["land"]) == ("self", "named")
    assert "land" not in {one["source"]["code"] for one in uses[of_another]["data"]}
    assert "about parcel (that you named)" in text_of(await page(browser, "/me?lang=en")).lower()


async def test_who_is_named_in_an_answer_about_another_person_reads_of_that_answer_alone(
    browser: Browser, at: Town
) -> None:
    reader = person_of(browser, "thu")["personal_id"]
    of_a_member = await asked(
        browser,
        "1.004222",
        {"applicant": person_of(browser, "mau"), "household_head": {"same_as": "applicant"}},
    )
    as_before = await plant(
        at,
        subjects={"requester": "person|033474820613", "also#1": f"person|{reader}"},
        dossier="H31.14-261120-44107",
    )
    await entered(browser, "/me", "thu")
    uses = {one["exchange_id"]: one for one in (await twin(browser, "/me"))["uses"]}
    read = [(one["data_service"], one["about"]["relation"]) for one in uses[of_a_member]["data"]]
    assert read == [("CungCapThongTinHoGiaDinh", "has_number")]
    calls = next(one["calls"] for one in reversed(records(browser.house)) if one["exchange"] == of_a_member)
    assert len(calls) > 1
    # a record of a former release does not say in which answer the number stood
    assert (uses[as_before]["data"], uses[as_before]["dossier"]) == ([], "")
    assert "dân cư" not in uses[as_before]["summary"]
    said = "nhận dữ liệu có số của ông/bà để giải quyết thủ tục"
    assert said in text_of(await page(browser, "/me?lang=vi"))


@pytest.mark.parametrize(("asker", "outcome"), [("mau", "found"), ("over_70", "no_match")])
async def test_owner_of_a_parcel_finds_who_asked_about_it_though_her_number_did_not_leave(
    browser: Browser, asker: str, outcome: str
) -> None:
    """Another owner asks, then somebody who owns nothing there, and learns that it is in another's name."""
    house, reader = browser.house, person_of(browser, "thu")["personal_id"]
    official = new_official()
    subjects = {
        "owner": person_of(browser, asker),
        "parcel": {"commune": "11953", "sheet": "12", "number": "345"},
    }
    exchanges = []
    for subject in (subjects, subjects, {**subjects, "parcel": {**subjects["parcel"], "number": "999"}}):
        answer = await house.prefill("1.013225", subject, official=official, dossier="H31.14-261120-44108")
        assert reader not in str(answer)
        exchanges.append(str(answer["exchange_id"]))
    asked_once, from_cache, of_no_parcel = exchanges
    uses: dict[str, Any] = {}
    async with asyncio.timeout(20):  # until the last one has its place in the log
        found: dict[str, Any] = {}
        while len(found.get("records", ())) < 2:
            await asyncio.sleep(0.1)
            _, found = await house.post("/v1/audit/search", {"exchange_id": of_no_parcel}, client="auditor")
    await entered(browser, "/me", "thu")
    uses = {one["exchange_id"]: one for one in (await twin(browser, "/me"))["uses"]}
    _, found = await house.post("/v1/audit/search", {"subject": {"personal_id": reader}}, client="auditor")
    by_person = {one["exchange_id"] for one in found["records"]}
    for exchange in (asked_once, from_cache):
        use = uses[exchange]
        (data,) = use["data"]
        assert (data["source"]["code"], data["about"]["relation"], data["outcome"]) == (
            "land",
            "has_number",
            outcome,
        )
        assert (use["is_named_only"], use["dossier"], use["state"]) == (True, "", "answered")
        assert exchange in by_person
    assert of_no_parcel not in {*uses, *by_person}
    last = next(one for one in reversed(records(house)) if one["exchange"] == from_cache)
    assert [one["cached"] for one in last["calls"] if one["source"] == "land"] == [True]


async def test_head_of_the_household_finds_the_form_that_has_only_the_name_of_the_head(
    browser: Browser,
) -> None:
    """The form of a death asks for no number of the head: the number is read for the record alone."""
    house = browser.house
    dead, head = person_of(browser, "thu"), person_of(browser, "mau")
    subjects = {"requester": person_of(browser, "over_70"), "deceased": dead}
    exchange = await asked(browser, "1.000656", subjects)
    answer = await house.prefill("1.000656", subjects)
    assert answer["form"]["nktChuHo"] == head["full_name"]
    assert head["personal_id"] not in str(answer)
    await entered(browser, "/me", "mau")
    use = next(one for one in (await twin(browser, "/me"))["uses"] if one["exchange_id"] == exchange)
    read = [(one["source"]["code"], one["about"]["relation"], one["outcome"]) for one in use["data"]]
    assert (use["is_named_only"], read) == (True, [("population", "has_number", "found")])
    about = {"subject": {"personal_id": head["personal_id"]}}
    _, found = await house.post("/v1/audit/search", about, client="auditor")
    assert exchange in {one["exchange_id"] for one in found["records"]}


async def test_trial_of_a_source_is_never_said_to_be_for_a_dossier(browser: Browser) -> None:
    child = next(one for one in browser.house.personas if "without_id" in one["traits"])
    about = {"parent_personal_id": MAU, "birth_date": child["birth_date"]}
    body = {"subject": about, "procedure": "1.001193"}
    status, tried = await browser.house.post("/v1/sources/health.giayChungSinh/try", body, client="operator")
    assert (status, tried["outcome"]) == (200, "found"), tried
    await entered(browser, "/me", "mau")
    said = ""
    async with asyncio.timeout(20):  # until its answer has its place in the log
        while "tìm theo số" not in said:
            await asyncio.sleep(0.1)
            shown = (await page(browser, "/me?lang=vi")).text.split("<li")
            mine = next((one for one in shown if tried["exchange_id"] in one), "")
            said = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", mine)).split())
    assert "để thử kết nối với nguồn dữ liệu theo điều kiện của thủ tục Đăng ký khai sinh" in said
    assert "để giải quyết" not in said
    assert "của trẻ mới sinh (tìm theo số của ông/bà)" in said
    assert "người được hỏi" not in said


async def test_request_that_came_another_way_has_a_title(browser: Browser) -> None:
    consent = await consented(browser)
    body = {"subject": {"personal_id": MAU}, "kind": "withdrawal", "consent": consent}
    status, answer = await browser.house.post("/v1/subject-requests", body, client="portal")
    assert status == 200, answer
    await entered(browser, "/me/requests", "mau")
    shown = text_of(await page(browser, "/me/requests"))
    assert "Rút lại sự đồng ý" in shown
    assert "withdrawal" not in shown


async def test_uses_are_filtered_by_agency_and_source(browser: Browser) -> None:
    exchange = await filled(browser)
    await entered(browser, "/me", "mau")
    assert exchange in (await page(browser, "/me?source=population")).text
    none = await page(browser, "/me?source=judicial_record")
    assert exchange not in none.text
    assert "bỏ bớt điều kiện" in none.text.lower()
    hostile = await page(browser, "/me?agency=%3Cscript%3E")
    assert "<script>" not in hostile.text


async def test_consent_is_shown_with_its_receipt_and_withdrawn_after_a_page_that_says_what_ends(
    browser: Browser,
) -> None:
    consent = await consented(browser)
    await entered(browser, "/me/consents", "mau")
    listed = await page(browser, "/me/consents")
    assert "Đang có hiệu lực" in listed.text
    assert consent in listed.text
    receipt = await browser.go(f"/me/consents/{consent}/receipt.jwt")
    assert receipt.headers["Content-Type"] == "application/jwt"
    assert receipt.text.count(".") == 2
    asked = await page(browser, f"/me/consents/{consent}/withdraw")
    assert "chấm dứt" in asked.text
    csrf = asked.hidden()["csrf"] if "action=" in asked.text else csrf_of(asked.text)
    done = await browser.go(f"/me/consents/{consent}/withdraw", {"csrf": csrf}, Accept="text/html")
    assert done.status == 200, done.text
    assert "hết hiệu lực" in done.text
    assert (await twin(browser, "/me/consents"))["consents"][0]["withdrawn_at"]
    again = await page(browser, f"/me/consents/{consent}/withdraw")
    assert again.status == 404


async def test_receipt_says_in_words_what_the_signed_file_beside_it_holds(browser: Browser) -> None:
    consent = await consented(browser)
    await entered(browser, "/me/consents", "mau")
    path = f"/me/consents/{consent}/receipt"
    assert f'href="{path}"' in (await page(browser, "/me/consents")).text
    shown = text_of(await page(browser, path))
    for words in (
        "Biên nhận sự đồng ý", "Trần Thị Mẫu", "Lưu dữ liệu công dân tự khai để điền sẵn lần sau", "Số điện thoại",
        "Đang có hiệu lực", "01/06/2027", "trên cổng dịch vụ công", "tiếng Việt", consent, "/oauth2/jwks",
    ):  # fmt: skip
        assert words in shown, words
    assert MAU not in shown
    file = await browser.go(f"{path}.jwt")
    assert hashlib.sha256(file.text.encode()).hexdigest() in shown
    assert jws.read(file.text).claims == (await twin(browser, path))["receipt"]
    english = text_of(await page(browser, f"{path}?lang=en"))
    assert "Keeping what the citizen declared to fill it again" in english
    assert "at its portal" in english
    await page(browser, "/me?lang=vi")


async def test_consent_of_another_person_is_one_that_does_not_exist(browser: Browser) -> None:
    theirs = await consented(browser, other(browser))
    await entered(browser, "/me/consents", "mau")
    csrf = csrf_of((await page(browser, "/me/requests/new")).text)
    for path in (
        f"/me/consents/{theirs}/receipt",
        f"/me/consents/{theirs}/receipt.jwt",
        f"/me/consents/{theirs}/withdraw",
        "/me/consents/cs-none/receipt",
    ):
        assert (await page(browser, path)).status == 404
    tried = await browser.go(f"/me/consents/{theirs}/withdraw", {"csrf": csrf}, Accept="text/html")
    assert tried.status == 404
    assert theirs not in (await page(browser, "/me/consents")).text


async def test_request_is_taken_in_once_however_often_the_form_is_sent(browser: Browser) -> None:
    exchange = await filled(browser)
    await entered(browser, "/me/requests", "mau")
    before = len((await twin(browser, "/me/requests"))["requests"])
    form = await page(browser, f"/me/requests/new?kind=objection&exchange={exchange}")
    assert f'tham chiếu: <code class="id">{form.headers["X-Exchange-Id"]}<' in form.text
    sent = {**form.hidden("/me/requests/new"), "kind": "objection", "text": "Tôi không nộp hồ sơ này."}
    for _ in range(2):
        done = await browser.go("/me/requests/new", sent, Accept="text/html")
        assert (done.status, done.location) == (303, "/me/requests")
    found = (await twin(browser, "/me/requests"))["requests"]
    assert len(found) == before + 1
    assert found[0]["kind"] == "objection"


@pytest.mark.parametrize(
    ("kind", "text", "wrong"),
    [("nothing", "<b>xin</b>", ["kind"]), ("access", "  ", ["text"]), ("x", "á" * 2_001, ["kind", "text"])],
)
async def test_error_of_a_request_names_its_field_and_leads_to_it(
    browser: Browser, kind: str, text: str, wrong: list[str]
) -> None:
    await entered(browser, "/me/requests", "mau")
    form = await page(browser, "/me/requests/new")
    sent = {**form.hidden("/me/requests/new"), "kind": kind, "text": text}
    refused = await browser.go("/me/requests/new", sent, Accept="text/html")
    assert refused.status == 422
    assert re.findall(r'<a href="#f-(\w+)">', refused.text) == wrong
    for name in wrong:
        assert re.search(
            rf'id="f-{name}"[^>]*aria-describedby="[^"]*f-{name}-error"[^>]*aria-invalid="true"', refused.text
        )
    assert html.escape(text.strip()) in refused.text  # what was typed is there
    assert f"Có {len(wrong)} chỗ cần sửa" in refused.text


async def test_pages_of_nobody_lead_to_the_sign_in(browser: Browser) -> None:
    for path in ("/me", "/me/consents", "/me/kept", "/me/requests"):
        landing = await page(browser, path)
        assert landing.location == f"/login/start?to={path.replace('/', '%2F')}"


def text_of(landing: Landing) -> str:
    """What a reader sees, without markup."""
    assert landing.status == 200, landing.text
    body = landing.text.partition("<main")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", body)).split())


def csrf_of(text: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', text)
    assert found is not None
    return found[1]


async def previewed(browser: Browser, number: str = MAU) -> dict[str, Any]:
    house = browser.house
    who = next(one for one in house.personas if one["personal_id"] == number)
    me = {name: who[name] for name in ("personal_id", "full_name", "birth_date")}
    body: dict[str, Any] = {
        "procedure": "1.004873", "subjects": {"requester": me, "person": {"same_as": "requester"}}, "preview": True,
    }  # fmt: skip
    status, answer = await house.post("/v1/prefill", body, client="portal")
    assert status == 200, answer
    found: dict[str, Any] = answer
    return found


async def use_of(browser: Browser, exchange: str, records_of_it: int) -> dict[str, Any]:
    """The use in the twin of the page, once the log has so many records of it."""
    found: dict[str, Any] = {}
    async with asyncio.timeout(20):
        while len(found.get("records", ())) < records_of_it:
            await asyncio.sleep(0.1)
            _, found = await browser.house.post(
                "/v1/audit/search", {"exchange_id": exchange}, client="auditor"
            )
    uses = (await twin(browser, "/me"))["uses"]
    return next(one for one in uses if one["exchange_id"] == exchange)


async def test_data_that_the_citizen_refused_are_not_said_to_be_used(browser: Browser) -> None:
    await entered(browser, "/me", "mau")
    answer = await previewed(browser)
    refused = next(name for name, one in answer["evidence"].items() if one["source"] == "civil_status")
    body = {
        "exchange_id": answer["exchange_id"], "refused": [refused],
        "accepted": [one for one in answer["evidence"] if one != refused],
    }  # fmt: skip
    status, decided = await browser.house.post("/v1/prefill/decision", body, client="portal")
    assert status == 200, decided
    use = await use_of(browser, answer["exchange_id"], 3)
    assert {one["source"]["code"]: one["refused"] for one in use["data"]}["civil_status"] is True
    shown = (await page(browser, "/me")).text
    entry = shown.partition("không cho dùng dữ liệu từ")[0].rpartition("<li>")[2]
    assert "Tình trạng hôn nhân theo hộ tịch" not in entry
    assert "Ông/bà không cho dùng dữ liệu từ" in shown


async def test_what_was_refused_about_one_person_is_not_said_to_be_denied_to_another(
    browser: Browser,
) -> None:
    mother, father = (person_of(browser, key) for key in ("mau", "thu"))
    family = {"requester": mother, "mother": {"same_as": "requester"}, "father": father}
    body = {"procedure": "1.001193", "subjects": family, "preview": True, "deadline_ms": 5_000}
    status, answer = await browser.house.post("/v1/prefill", body, client="portal")
    assert status == 200, answer
    evidence = answer["evidence"]
    refused = [
        name for name, one in evidence.items() if (one["source"], one["subject"]) == ("health", "child")
    ]
    decision = {
        "exchange_id": answer["exchange_id"], "refused": refused,
        "accepted": [one for one in evidence if one not in refused],
    }  # fmt: skip
    status, decided = await browser.house.post("/v1/prefill/decision", decision, client="portal")
    assert (status, len(refused)) == (200, 1), decided
    await entered(browser, "/me", "mau")
    assert (await use_of(browser, answer["exchange_id"], 3))["state"] == "answered_in_part"
    _, seen = await browser.house.post(
        "/v1/usage", {"subject": {"personal_id": father["personal_id"]}}, "citizen"
    )
    use = next(one for one in seen["uses"] if one["exchange_id"] == answer["exchange_id"])
    assert {one["outcome"] for one in use["data"]} == {"found"}
    assert (use["state"], "một phần" in use["summary"]) == ("answered", False)


async def test_that_the_citizen_asked_is_said_only_of_a_proven_login(browser: Browser) -> None:
    """A system that names no official says that the citizen asked; it may be wrong."""
    await entered(browser, "/me", "mau")
    answer = await previewed(browser)
    use = await use_of(browser, answer["exchange_id"], 2)
    assert use["asked_by"]["code"] == "claimed_self"
    entry = (await page(browser, "/me")).text.partition(answer["exchange_id"])[0].rpartition("<li>")[2]
    assert "Chính ông/bà" not in entry
    assert "cho biết chính ông/bà yêu cầu" in entry


async def test_name_that_does_not_match_never_reads_as_no_data(browser: Browser) -> None:
    await entered(browser, "/me", "mau")
    me = {"personal_id": MAU, "full_name": "Trần Thị Khác", "birth_date": "1990-02-15"}
    subjects = {"requester": me, "mother": {"same_as": "requester"}, "child": {}}
    body = {"procedure": "1.001193", "subjects": subjects}
    status, answer = await browser.house.post("/v1/prefill", body, client="portal")
    assert status == 200, answer
    await use_of(browser, answer["exchange_id"], 2)
    shown = (await page(browser, "/me")).text
    entry = shown.partition(answer["exchange_id"])[0].rpartition('<p class="entry-time">')[2]
    assert "Số định danh, họ tên, ngày sinh không khớp" in entry
    assert "không có dữ liệu này" not in entry
    assert re.search(r'data-label="Tháng"[^>]*>\d\d/20\d\d<', shown), "months of the chart without their year"


async def test_account_whose_name_cannot_be_used_is_named_by_its_number(browser: Browser) -> None:
    await entered(browser, "/me", "hostile")
    for language, words in (("vi", "Người có số định danh"), ("en", "The person with number")):
        shown = (await page(browser, f"/me?lang={language}")).text
        lead = re.search(r'<p class="lead">(.*?)</p>', shown)
        assert lead is not None
        assert lead[1].startswith(words + ' <span class="id short">')


async def test_outage_never_reads_as_no_data(browser: Browser) -> None:
    house, alone = browser.house, UNASKED[3]
    await entered(browser, "/me", alone)
    number = next(str(one["personal_id"]) for one in house.personas if one["key"] == alone)
    for source in ("population", "civil_status"):
        await house.misbehave(source, "reset")
    try:
        answer = await previewed(browser, number)
        await use_of(browser, answer["exchange_id"], 2)
        shown = (await page(browser, "/me")).text
    finally:
        async with house.session.delete(f"{house.control}/misbehave"):
            pass
    entry = shown.partition(answer["exchange_id"])[0].rpartition('<p class="entry-time">')[2]
    assert "chưa biết có dữ liệu hay không" in entry
    assert "không có dữ liệu này" not in entry


@pytest.mark.parametrize("exchange", ["é" * 26, "０" * 26, "01KB0000000000000000000000" * 2, "..%2f"])
async def test_request_about_no_exchange_id_is_refused(browser: Browser, exchange: str) -> None:
    await entered(browser, "/me/requests", "mau")
    form = (await page(browser, "/me/requests/new")).hidden("/me/requests/new")
    sent = {**form, "kind": "access", "text": "Xin xem.", "exchange": exchange}
    assert (await browser.go("/me/requests/new", sent, Accept="text/html")).status == 400
    assert (await page(browser, f"/me/requests/new?exchange={exchange}")).status == 400
    odd = {**form, "kind": "access", "text": "Xin xem.", "key": "x" * 5_000}
    assert (await browser.go("/me/requests/new", odd, Accept="text/html")).status == 400
