"""The demo portal: a procedure, the people of a form, and the form that data fill."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from adapters.sandbox.app import personas
from gateway.domain.dates import legal_day
from gateway.domain.evidence import SAID
from gateway.serving.listeners import Gateway
from tests.login.browser import Browser, Town
from tests.pages.portal import BIRTH, MARITAL, SLOW, SPOUSE, UNASKED, Citizen, begun, blank_of
from tests.pages.trial import entered, page, token, twin

pytestmark = pytest.mark.asyncio(loop_scope="session")


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
    business = (await page(browser, "/portal/procedures/1.001612?lang=vi")).text
    minutes = business.partition("Biên bản họp và ủy quyền")[2].partition("</li>")[0]
    assert "Chỉ cần trong một số trường hợp" in minutes
    assert "Ông/bà nộp giấy tờ này" not in minutes
    assert business.count("Chỉ cần trong một số trường hợp") == 1


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


async def test_people_who_are_each_other_and_a_vehicle_without_a_number_are_said_plainly(
    browser: Browser,
) -> None:
    own = f"/portal/procedures/{BIRTH}/people"
    await entered(browser, own, "mau")
    csrf = token(await page(browser, own))
    refused = await page(
        browser, own, {"csrf": csrf, "mother.who": "same:father", "father.who": "same:mother"}
    )
    assert refused.status == 422
    assert "không dẫn tới người nào" in refused.text
    vehicle = "/portal/procedures/9.000003/people"
    lacks = await page(browser, vehicle, {"csrf": csrf})
    assert "hãy ghi số hoặc ký hiệu để tìm" in lacks.text
    assert "hãy ghi là ai" not in lacks.text


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


async def test_person_for_whom_the_account_does_not_act_is_named_by_role_with_the_way_to_change_it(
    browser: Browser,
) -> None:
    citizen = await begun(browser, "quan", "1.001612", **{"owner.who": "invented:033190001234"})
    status, refused = await citizen.call("/prefill", {})
    assert (status, refused["code"]) == (403, "representation_missing")
    assert "Chủ hộ kinh doanh. Nếu ghi nhầm người" in refused["detail_vi"]
    assert "Owner of the business. If that is the wrong person" in refused["detail"]
    assert "“Sửa những người trong hồ sơ”" in refused["detail_vi"]
    assert "Sửa những người trong hồ sơ</a>" in citizen.form.text
    assert "Trần Thị Mẫu" not in str(refused)


async def test_account_of_a_company_files_for_the_company_and_not_for_who_signed_in(browser: Browser) -> None:
    own = "/portal/procedures/1.013225/people"
    await entered(browser, own, "business")
    shown = (await page(browser, own)).text.partition('id="p-')[2].partition("</section>")[0]
    assert "theo tài khoản đang đăng nhập" in shown
    assert "Nguyễn Đức Thành" not in shown


async def test_commune_of_a_parcel_is_chosen_by_its_name(browser: Browser) -> None:
    own = "/portal/procedures/1.013225/people"
    await entered(browser, own, "mau")
    shown = await page(browser, own)
    assert '<select id="f-parcel.commune" name="parcel.commune">' in shown.text
    assert '<option value="11977">Xã Tân Hưng</option>' in shown.text
    sent = {"csrf": token(shown), "parcel.commune": "11977", "parcel.sheet": "7"}
    refused = await page(browser, own, {**sent, "parcel.number": ""})
    assert '<option value="11977" selected>Xã Tân Hưng</option>' in refused.text
    none = await page(browser, own, {**sent, "parcel.commune": "", "parcel.number": "88"})
    assert '<a href="#f-parcel.commune">' in none.text
    landing = await page(browser, own, {**sent, "parcel.number": "88"})
    assert landing.location == "/portal/procedures/1.013225/form"


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
    named = [*(one.roles for one in pages.people), *(one.roles for one in pages.objects)]
    assert {role for some in named for role in some} <= roles
    assert {one.procedure for one in pages.walks} <= procedures.keys()


async def test_invented_parcel_is_chosen_and_its_data_fill_the_form(browser: Browser) -> None:
    citizen = await begun(browser, "mau", "1.013225", **{"parcel.who": "invented:11953, 12, 345"})
    assert (await citizen.filled())["fields"]["thuaDatSo"]["value"] == "345"
    shown = await page(browser, "/portal/procedures/1.013225/people")
    assert ">11953, 12, 345, thửa đất của bà Mẫu</option>" in shown.text
    assert "89A-96325" not in shown.text


async def test_start_page_names_who_has_two_sources_that_differ_and_it_is_so(browser: Browser) -> None:
    shown = await page(browser, "/portal")
    assert "Lý Thị Thúy Hằng" in shown.text
    assert "hai nguồn khác nhau" in shown.text
    citizen = await begun(browser, "name_differs", "9.000001")
    entry = (await citizen.filled())["fields"]["hoTen"]
    names = {one["value"] for one in entry["doubt"]["candidates"]}
    assert (entry["state"], names) == ("disputed", {"Lý Thị Thúy Hằng", "Lý Thị Thuý Hương"})


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


async def test_wrong_value_is_reported_about_the_person_of_the_role_who_follows_it(
    browser: Browser, neighbour: Browser
) -> None:
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
    followed = (await page(browser, "/me/requests")).text
    assert done["id"] in followed
    assert "Chờ chuyển đến cơ quan" in followed
    assert "Trần Thị Mẫu Hai" not in followed  # no values
    await entered(neighbour, "/me/requests", "quan")
    assert done["id"] not in (await page(neighbour, "/me/requests")).text
    assert (await citizen.call("/corrections", {**wrong, "subject": "nobody"}))[0] == 422
    assert (await citizen.call("/corrections", {**wrong, "subject": {"personal_id": "033085004321"}}))[
        0
    ] == 422


async def test_wrong_value_of_another_person_is_followed_by_that_person_and_the_sender_alone(
    browser: Browser, neighbour: Browser, at: Town
) -> None:
    father = {"father.who": "invented:033085004321"}
    citizen = await begun(browser, code=BIRTH, **{"mother.who": "same:requester", **father})
    async with asyncio.timeout(20):  # a source may be paused after another test
        while (entry := (answer := await citizen.filled())["fields"]["chaHoTen"])["evidence"] is None:
            await asyncio.sleep(0.5)
    wrong = {
        "exchange_id": answer["exchange_id"], "subject": "father",
        "source": answer["evidence"][entry["evidence"]]["source"], "attribute": entry["attribute"],
        "why": "citizen_corrects", "shown": entry["value"], "correct": "Phạm Văn Thử Hai",
    }  # fmt: skip
    status, done = await citizen.call("/corrections", wrong)
    assert status == 200, done
    sent = {one["id"]: one["is_own"] for one in (await twin(browser, "/me/requests"))["corrections"]}
    assert sent[done["id"]] is False
    shown = (await page(browser, "/me/requests")).text
    assert "Người khác trong hồ sơ của ông/bà" in shown
    assert "Phạm Văn Thử" not in shown
    await entered(neighbour, "/me/requests", "thu")
    named = {one["id"]: one["is_own"] for one in (await twin(neighbour, "/me/requests"))["corrections"]}
    assert named[done["id"]] is True
    async with Browser(at) as stranger:
        await entered(stranger, "/me/requests", "quan")
        assert done["id"] not in (await page(stranger, "/me/requests")).text
    _, taken = await at.house.post("/v1/corrections/take", {"correction": done["id"]}, "portal")
    assert "sender" not in taken["report"]


async def test_wrong_name_of_a_newborn_is_reported_by_the_number_of_its_mother(
    browser: Browser, at: Town
) -> None:
    citizen = await begun(browser, code=BIRTH, **{"mother.who": "same:requester", "father.who": "none"})
    async with asyncio.timeout(20):  # a source may be paused after another test
        while (entry := (answer := await citizen.filled())["fields"]["nksHoTen"])["evidence"] is None:
            await asyncio.sleep(0.5)
    evidence = answer["evidence"][entry["evidence"]]
    assert evidence["subject"] == "child"
    wrong = {
        "exchange_id": answer["exchange_id"], "subject": "child", "source": evidence["source"],
        "attribute": entry["attribute"], "why": "citizen_corrects", "shown": entry["value"], "correct": "Trần Bé Mới",
    }  # fmt: skip
    status, done = await citizen.call("/corrections", wrong)
    assert status == 200, done
    assert [
        one["is_own"]
        for one in (await twin(browser, "/me/requests"))["corrections"]
        if one["id"] == done["id"]
    ] == [False]
    _, taken = await at.house.post("/v1/corrections/take", {"correction": done["id"]}, "portal")
    assert taken["report"]["subject"] == {"parent_personal_id": "033190001234"}
    assert taken["report"]["shown_is"] == "recorded"
    status, refused = await citizen.call("/corrections", {**wrong, "shown": "Trần Bé Khác"})
    assert (status, refused["code"]) == (422, "shown_differs")


async def test_mother_follows_what_the_father_reported_of_the_newborn_of_her_number(
    browser: Browser, neighbour: Browser
) -> None:
    mother = {"mother.who": "invented:033190001234"}
    citizen = await begun(browser, "thu", BIRTH, **{"father.who": "same:requester", **mother})
    async with asyncio.timeout(20):  # a source may be paused after another test
        while (entry := (answer := await citizen.filled())["fields"]["nksHoTen"])["evidence"] is None:
            await asyncio.sleep(0.5)
    source = answer["evidence"][entry["evidence"]]["source"]
    status, done = await citizen.call("/corrections", {
        "exchange_id": answer["exchange_id"], "subject": "child", "source": source,
        "attribute": entry["attribute"], "why": "citizen_corrects", "shown": entry["value"], "correct": "Trần Bé Hai",
    })  # fmt: skip
    assert status == 200, done
    await entered(neighbour, "/me/requests", "mau")
    for follower in (browser, neighbour):
        followed = {one["id"]: one["is_own"] for one in (await twin(follower, "/me/requests"))["corrections"]}
        assert followed[done["id"]] is False
    assert "Trẻ mới sinh" in (await page(neighbour, "/me/requests")).text


async def test_what_a_number_under_an_invented_name_found_is_reported_by_nobody(browser: Browser) -> None:
    mother = {"mother.personal_id": "033190001234", "mother.full_name": "Nguyễn Thị Bịa"}
    named = {"mother.who": "other", **mother, "mother.birth_date": "01/01/1990", "father.who": "none"}
    citizen = await begun(browser, "quan", BIRTH, **named)
    async with asyncio.timeout(20):  # a source may be paused after another test
        asked: set[tuple[str, str]] = set()
        while not {("health", "child"), ("civil_status", "mother")} <= asked:
            answer = await citizen.filled()
            asked = {(one["source"], one["subject"]) for one in answer["sources"] if one["outcome"] in SAID}
    for subject, source, attribute in (
        ("child", "health", "birth_notice.full_name"), ("mother", "civil_status", "civil_status.marital_state"),
        ("mother", "population", "person.full_name"),
    ):  # fmt: skip
        for shown in ("Trần Bé", None):
            status, refused = await citizen.call("/corrections", {
                "exchange_id": answer["exchange_id"], "subject": subject, "source": source, "attribute": attribute,
                "why": "citizen_corrects", "shown": shown, "correct": "Trần Bé Bịa",
            })  # fmt: skip
            assert (status, refused["code"]) == (403, "not_shown"), (subject, refused)


async def test_applicant_whom_a_requester_names_without_a_login_did_not_send_its_report(
    browser: Browser, at: Town
) -> None:
    people = {
        one["key"]: {name: one[name] for name in ("personal_id", "full_name", "birth_date")}
        for one in at.house.personas
        if one["key"] in {"quan", "thu"}
    }
    subjects = {"requester": people["quan"], "person": people["thu"]}
    status, answer = await at.house.post("/v1/prefill", {"procedure": MARITAL, "subjects": subjects})
    assert status == 200, answer
    entry = answer["fields"]["nxnHoTen"]
    wrong = {
        "exchange_id": answer["exchange_id"], "subject": people["thu"],
        "source": answer["evidence"][entry["evidence"]]["source"], "attribute": entry["attribute"],
        "why": "citizen_corrects", "shown": entry["value"], "correct": "Phạm Văn Thử Ba",
    }  # fmt: skip
    status, done = await at.house.post("/v1/corrections", wrong)
    assert status == 200, done
    for account, is_listed in (("quan", False), ("thu", True)):
        browser.lose_cookies()
        await entered(browser, "/me/requests", account)
        listed = [one["id"] for one in (await twin(browser, "/me/requests"))["corrections"]]
        assert (done["id"] in listed) is is_listed


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
