"""A form of the demo portal becomes a dossier, once; its page and the pages of errors say what became of it."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.api.citizens import citizens_of
from gateway.api.request import Request
from gateway.api.response import Response
from gateway.api.response import answer as json_answer
from gateway.domain.dates import legal_day
from gateway.pages.frame import PageRole, PageRoute, Visit
from gateway.pages.portal_forms import FORMS
from gateway.relay.request_keys import RequestKeys
from gateway.serving.listeners import Gateway
from tests.flows.test_papers_kept import given_in
from tests.login.browser import VNEID, Browser, Landing, Town
from tests.pages.portal import (
    BIRTH,
    MARITAL,
    SPOUSE,
    TYPED,
    Citizen,
    begun,
    blank_of,
    complete,
    keeping,
    see,
    values,
)
from tests.pages.trial import HTML, entered, page, tried, twin

pytestmark = pytest.mark.asyncio(loop_scope="session")


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


async def test_proposal_that_was_chosen_is_the_persons_word(browser: Browser) -> None:
    citizen = await begun(browser, "mau", "1.001612", **{"owner.who": "same:requester"})
    answer = await citizen.filled_by_all()
    decided = await citizen.decided(answer)
    entry = answer["fields"]["diaChiTruSo"]
    assert (entry["value"], entry["doubt"]["kind"]) == (None, "proposed")
    form = await complete(citizen, answer, diaChiTruSo=entry["doubt"]["candidates"][0]["value"])
    file = {"file": (await uploaded(citizen))["file"], "file_name": "giay.pdf"}
    papers = {one["code"]: file for one in decided["papers"] if one["state"] == "required"}
    sent = {"exchange_id": answer["exchange_id"], "values": form, "papers": papers}
    status, done = await citizen.call("/submit", sent)
    assert status == 200, done
    origins = (await twin(browser, done["url"]))["form"]
    assert [one for one, names in origins.items() if "diaChiTruSo" in names] == ["typed"]
    assert "chọn theo đề xuất" in (await page(browser, done["url"])).text


async def test_value_that_was_chosen_among_sources_is_not_said_to_be_typed(browser: Browser) -> None:
    citizen = await begun(browser, "name_differs", "9.000001")
    answer = await citizen.filled_by_all()
    decided = await citizen.decided(answer)
    entry = answer["fields"]["hoTen"]
    other = next(one["value"] for one in entry["doubt"]["candidates"] if one["value"] != entry["value"])
    file = {"file": (await uploaded(citizen))["file"], "file_name": "giay.pdf"}
    papers = {one["code"]: file for one in decided["papers"]}
    for name, group in ((other, "given"), ("Lý Thị Tự Nhập", "typed")):
        sent = {"exchange_id": answer["exchange_id"], "values": await complete(citizen, answer, hoTen=name)}
        status, done = await citizen.call("/submit", {**sent, "papers": papers})
        assert status == 200, done
        origins = (await twin(browser, done["url"]))["form"]
        assert [one for one, names in origins.items() if "hoTen" in names] == [group]
        answer = await citizen.filled()
        await citizen.decided(answer)


async def test_birth_date_in_the_future_is_refused_at_its_field(browser: Browser) -> None:
    father = {"father.who": "invented:033085004321"}
    citizen = await begun(browser, code=BIRTH, **{"mother.who": "same:requester", **father})
    tomorrow = legal_day(datetime.now(UTC)) + timedelta(days=1)
    for typed in (f"{tomorrow:%d/%m/%Y}", "2199"):
        answer = await citizen.filled(known={"nksNgaySinh": typed})
        await citizen.decided(answer)
        form = await complete(citizen, answer, nksNgaySinh=typed)
        status, refused = await citizen.call(
            "/submit", {"exchange_id": answer["exchange_id"], "values": form}
        )
        assert status == 422, refused
        faults = {one["pointer"]: one["code"] for one in refused["errors"]}
        assert faults == {"/values/nksNgaySinh": "born_later"}


async def test_page_of_a_dossier_names_the_papers_that_data_replaced_and_those_that_were_attached(
    browser: Browser,
) -> None:
    father = {"father.who": "invented:033085004321"}
    citizen = await begun(browser, code=BIRTH, **{"mother.who": "same:requester", **father})
    answer = await citizen.filled_by_all()
    decided = await citizen.decided(answer)
    states = {one["code"]: one["state"] for one in decided["papers"]}
    file = (await uploaded(citizen))["file"]
    papers = {"birth_evidence": {"file": file, "file_name": "giay.pdf"}}
    form = await complete(citizen, answer)
    body = {"exchange_id": answer["exchange_id"], "values": form, "papers": papers}
    status, done = await citizen.call("/submit", body)
    assert status == 200, done
    found = (await twin(browser, done["url"]))["papers"]
    assert found["attached"] == ["birth_evidence"]
    assert found["replaced"] == [code for code, state in states.items() if state == "replaced"] != []
    assert found["missing"] == [
        code for code, state in states.items() if state == "required" and code != "birth_evidence"
    ]
    shown = (await page(browser, f"{done['url']}?lang=vi")).text
    attached, replaced = shown.index("Ông/bà đã đính kèm"), shown.index("Dữ liệu thay thế, không phải nộp")
    assert attached < shown.index("Giấy chứng sinh") < replaced
    assert shown.index("Giấy tờ tùy thân của cha, mẹ, người yêu cầu") > replaced
    assert "Identity papers of parents and requester" in (await page(browser, f"{done['url']}?lang=en")).text


async def test_whole_number_of_a_source_is_not_typed_and_a_paper_of_the_store_is_named(
    browser: Browser, at: Town
) -> None:
    parcel = {"parcel.commune": "11977", "parcel.sheet": "7", "parcel.number": "88"}
    citizen = await begun(browser, "no_tech_id", "1.013225", VNEID, **parcel)
    answer = await citizen.filled_by_all()
    decided = await citizen.decided(answer)
    assert [one for one in decided["papers"] if one["state"] == "reusable"], (
        decided["papers"],
        answer["sources"],
    )
    (stored,) = [one["paper"] for one in decided["papers"] if one["state"] == "reusable"]
    # as a browser writes numbers
    form = {**values(answer), "dienTich": 360, "quyMo": "Hai tầng"}
    _, compared = await at.house.post("/v1/attest", {"exchange_id": answer["exchange_id"], "form": form})
    assert compared["fields"]["dienTich"] == {"state": "unchanged"}
    status, done = await citizen.call("/submit", {"exchange_id": answer["exchange_id"], "values": form})
    assert status == 200, done
    dossier = (await see(at, done["dossier"]))[1]["dossier"]
    assert dossier["more"]["typed"] == ["quyMo"]
    (paper,) = dossier["papers"]
    assert (paper["from_store"], paper["reuse"], paper["result_code"]) == (True, "replaced", "KQ.G10.900001")
    assert paper["file_name"] == f"{stored['title']} {stored['reference']}"


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
    groups = ("typed", "emptied", "own", "account", "reported", "given")
    nothing: dict[str, list[str]] = {group: [] for group in groups}
    assert shown == [nothing, None]


@pytest.mark.parametrize("state", [["replaced"], {"replaced": 1}])
async def test_page_of_a_dossier_whose_sender_wrote_no_state_of_a_paper_leaves_the_paper_out(
    browser: Browser, at: Town, state: object
) -> None:
    await entered(browser, "/portal/dossiers", "mau")
    number, more = "033190001234", {"papers": {"divorce_or_death_paper": state}}
    applicant = {"name": "Trần Thị Mẫu", "ids": [{"kind": "personal_id", "number": number}]}
    code = f"H31.14-261106-{7000 + len(str(state))}234"
    about: dict[str, Any] = {"code": code, "procedure": MARITAL, "applicant": applicant, "more": more}
    await given_in(at.house, {"personal_id": number}, **about)
    shown = await page(browser, f"/portal/dossiers/{code}")
    assert (shown.status, "Giấy tờ ly hôn" in shown.text) == (200, False)


async def test_page_of_a_dossier_says_what_was_chosen_in_place_of_the_account_and_which_paper_may_not_be_needed(
    browser: Browser, at: Town
) -> None:
    await entered(browser, "/portal/dossiers", "mau")
    number, key = "033190001234", "nycHoTen"
    more: dict[str, Any] = {
        "form": {key: "Trần Thị Mẫu"}, "typed": [key], "account": [key], "chosen": [key],
        "papers": {"id_and_residence": "required", "divorce_or_death_paper": "required"},
    }  # fmt: skip
    applicant = {"name": "Trần Thị Mẫu", "ids": [{"kind": "personal_id", "number": number}]}
    shown = []
    for place, chosen in enumerate(([key], [])):
        about: dict[str, Any] = {
            "code": f"H31.14-261106-{7100 + place}",
            "procedure": MARITAL,
            "applicant": applicant,
        }
        await given_in(at.house, {"personal_id": number}, **about, more={**more, "chosen": chosen})
        shown.append(await page(browser, f"/portal/dossiers/{about['code']}"))
        origins = (await twin(browser, f"/portal/dossiers/{about['code']}"))["form"]
        assert [one for one, names in origins.items() if key in names] == ["given" if chosen else "typed"]
    assert shown[0].text.count("chỉ cần trong một số trường hợp") == 1


async def test_dossier_whose_form_was_changed_since_it_was_filed_is_its_senders_word_alone(
    browser: Browser, at: Town
) -> None:
    citizen = await begun(browser)
    exchange, form = await citizen.ready()
    _, done = await citizen.call("/submit", {"exchange_id": exchange, "values": form})
    stored = (await see(at, done["dossier"]))[1]["dossier"]
    for purpose, is_as_filed in ((form["nxnMucDichSuDung"], True), ("Vay vốn", False)):
        stored["more"]["form"]["nxnMucDichSuDung"] = purpose
        assert (await at.house.post("/v1/dossiers", stored))[0] == 202
        assert ("Theo cổng đã nộp hồ sơ" in (await page(browser, done["url"])).text) is not is_as_filed


async def test_what_a_sender_says_of_papers_without_a_record_is_its_word_alone(
    browser: Browser, at: Town
) -> None:
    citizen = await begun(browser)
    exchange, form = await citizen.ready()
    _, done = await citizen.call("/submit", {"exchange_id": exchange, "values": form})
    assert "Theo cổng đã nộp hồ sơ" not in (await page(browser, done["url"])).text
    papers = {"divorce_or_death_paper": "replaced", "id_and_residence": "replaced"}
    more = {"form": {}, "typed": [], "chosen": 1, "confirmed": True, "exchange": exchange, "papers": papers}
    number, code = "033190001234", "H31.14/261106/7001"
    applicant = {"name": "Trần Thị Mẫu", "ids": [{"kind": "personal_id", "number": number}]}
    about: dict[str, Any] = {"code": code, "procedure": MARITAL, "applicant": applicant, "more": more}
    await given_in(at.house, {"personal_id": number}, **about)
    link = f"/portal/dossiers/{code.replace('/', '%2F')}"
    assert f'href="{link}"' in (await page(browser, "/portal/dossiers")).text
    shown = await page(browser, link)
    assert shown.status == 200
    assert "Theo cổng đã nộp hồ sơ" in shown.text
    assert "Dữ liệu thay thế" in shown.text
    assert "không phải nộp" not in shown.text


async def test_search_by_dossier_finds_the_exchange_that_filled_its_form_and_each_leads_to_the_other(
    browser: Browser, neighbour: Browser, at: Town
) -> None:
    citizen = await begun(browser)
    exchange, form = await citizen.ready()
    _, done = await citizen.call("/submit", {"exchange_id": exchange, "values": form})
    found: list[Any] = []
    async with asyncio.timeout(20):  # until the log has them
        while not {"dossier_stored", "form_filed"} <= {one["result"] for one in found}:
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
    assert "Không có bản ghi rằng" not in (await page(neighbour, f"/audit/exchanges/{exchange}")).text
    # a process that is killed once the dossier exists has named it in the exchange before
    acts = [one["result"] for one in sorted(found, key=lambda one: int(one["leaf_index"]))]
    assert [one for one in acts if one.startswith(("form_", "dossier_stored"))] == [
        "form_filing", "dossier_stored", "form_filed",
    ]  # fmt: skip


async def test_story_of_a_form_whose_filing_was_not_ended_says_what_is_not_known(
    browser: Browser, neighbour: Browser, at: Town
) -> None:
    """What stays of a process that is killed while it files a form, or of a dossier that is refused."""

    async def died(request: Request, visit: Visit) -> Response:
        recorded = (visit.caller, exchange, MARITAL, "H31.14-261106-70233")
        await citizens_of(request).attest.filing(*recorded, b"{}")
        return json_answer({})

    citizen = await begun(browser)
    exchange, _ = await citizen.ready()
    async with tried(at, PageRoute("POST", FORMS + "/{page}/{code}/died", died, PageRole.CITIZEN)):
        assert (await citizen.call("/died", {}))[0] == 200
    await entered(neighbour, "/audit", "kiem.toan")
    async with asyncio.timeout(20):  # until the log has it
        while "biểu mẫu của giao dịch này thành hồ sơ bắt đầu" not in (
            shown := (await page(neighbour, f"/audit/exchanges/{exchange}")).text
        ):
            await asyncio.sleep(0.1)
    assert "Không có bản ghi rằng biểu mẫu đã nộp xong" in shown


async def test_dossier_that_exists_is_named_where_its_session_has_no_room_to_note_that(
    browser: Browser,
) -> None:
    citizen = await begun(browser)
    exchange, form = await citizen.ready()
    consent = (await citizen.call("/consents", keeping()))[1]["consent"]
    # what is reserved before the dossier has room beside the draft, what is noted after it has none
    fits, too_many = 0, 70_000
    while too_many - fits > 1:
        size = (fits + too_many) // 2
        status, _ = await citizen.call("/draft", {"values": {"x": "y" * size}})
        fits, too_many = (size, too_many) if status == 200 else (fits, size)
    assert (await citizen.call("/draft", {"values": {"x": "y" * (fits - 100)}}))[0] == 200
    sent = {"exchange_id": exchange, "values": form, "consent": consent}
    first, again = [await citizen.call("/submit", sent) for _ in range(2)]
    assert first == again
    assert (first[0], first[1]["kept"]) == (200, False)
    mine = [one["code"] for one in (await twin(browser, "/portal/dossiers"))["dossiers"]]
    assert mine.count(first[1]["dossier"]) == 1


async def test_form_says_that_a_dossier_was_sent_before_and_can_be_sent_all_the_same(
    browser: Browser, neighbour: Browser
) -> None:
    """As after a restart over memory: a new session knows nothing of what the former one sent."""
    account = "over_70"  # no other test sends one of this person, which could be newer
    citizen = await begun(browser, account)
    exchange, form = await citizen.ready()
    _, done = await citizen.call("/submit", {"exchange_id": exchange, "values": form})
    link = f'<a href="/portal/dossiers/{done["dossier"]}">'
    browser.lose_cookies()
    again = await begun(browser, account)
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
    answer = await citizen.filled_by_all()
    status, refused = await citizen.call(
        "/submit",
        {"exchange_id": answer["exchange_id"], "values": {**values(answer), "nxnMucDichSuDung": "x"}},
    )
    assert (status, refused["code"]) == (422, "undecided")


async def test_refused_source_empties_its_fields_and_the_dossier_has_what_was_typed(browser: Browser) -> None:
    citizen = await begun(browser)
    answer = await citizen.filled_by_all()
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


async def uploaded(citizen: Citizen) -> Any:
    """A file of a paper, sent before the form."""
    headers = {
        **citizen.headers, "Content-Type": "application/pdf",
        "Content-Disposition": "attachment; filename*=UTF-8''a%C4%91.pdf",
    }  # fmt: skip
    content = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    async with citizen.browser.session.post(citizen.url + "/files", data=content, headers=headers) as answer:
        kept = await answer.json()
        assert answer.status == 200, kept
        return kept


async def test_file_of_a_paper_is_sent_with_the_dossier_and_no_other_session_can_name_it(
    browser: Browser, neighbour: Browser, at: Town
) -> None:
    citizen, other = await begun(browser), await begun(neighbour, "quan")
    kept = await uploaded(citizen)
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
    elsewhere = {"of_another_procedure": papers[paper]}
    status, wrong = await citizen.call(
        "/submit", {"exchange_id": exchange, "values": form, "papers": elsewhere}
    )
    assert (status, wrong["errors"][0]["pointer"]) == (422, "/papers")
    for hidden in "\0\r\x1b\u202e":
        named = {paper: {"file": kept["file"], "file_name": f"a{hidden}.pdf"}}
        status, wrong = await citizen.call(
            "/submit", {"exchange_id": exchange, "values": form, "papers": named}
        )
        assert (status, wrong["errors"][0]["pointer"]) == (422, f"/papers/{paper}/file_name")
    status, sent = await citizen.call("/submit", {"exchange_id": exchange, "values": form, "papers": papers})
    assert status == 200, sent
    _, shown = await see(at, sent["dossier"])
    assert [one["file"] for one in shown["dossier"]["papers"] if one.get("file")] == [kept["file"]]


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
