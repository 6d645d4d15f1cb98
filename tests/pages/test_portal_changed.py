"""Papers of a form at the demo portal that rest on values which the citizen changed."""

import json
from datetime import datetime
from typing import Any

import pytest

from gateway.domain.dates import VIETNAM
from tests.flows.test_attest_papers import without_reports
from tests.login.browser import Browser, Town
from tests.pages.portal import BIRTH, SPOUSE, Citizen, begun, complete, values
from tests.pages.trial import page, twin

pytestmark = pytest.mark.asyncio(loop_scope="session")


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


async def dossiers(browser: Browser) -> Any:
    """What this person has sent."""
    return (await twin(browser, "/portal/dossiers"))["dossiers"]


def states(answer: Any) -> dict[str, str]:
    return {one["code"]: one["state"] for one in answer["papers"]}


async def test_paper_that_rests_on_a_value_changed_since_is_asked_for_by_name(browser: Browser) -> None:
    citizen = await family(browser)
    answer = await citizen.filled_by_all()
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


async def test_value_that_was_reported_as_wrong_stands_for_no_paper_and_is_not_confirmed(
    browser: Browser,
) -> None:
    citizen = await family(browser)
    answer = await citizen.filled_by_all()
    entry = answer["fields"]["meNoiCuTru"]
    given = answer["evidence"][entry["evidence"]]
    status, reported = await citizen.call("/corrections", {
        "exchange_id": answer["exchange_id"], "subject": given["subject"], "source": given["source"],
        "attribute": entry["attribute"], "why": "citizen_corrects", "shown": entry["value"], "correct": "Phố Khác",
    })  # fmt: skip
    assert status == 200, reported
    assert "sẽ được chuyển đến" in reported["advice"]["vi"]
    assert "meNoiCuTru" in (await citizen.about())["reported"]
    # the answer of another exchange says that data replace the paper, and so does its decision
    answer = await citizen.filled_by_all()
    assert states(await citizen.decided(answer))["residence_proof"] == "replaced"
    sent = {"exchange_id": answer["exchange_id"], "values": await complete(citizen, answer)}
    status, done = await citizen.call("/submit", sent)
    assert status == 200, done
    found = await twin(browser, done["url"])
    assert "residence_proof" in found["papers"]["missing"]
    assert [one for one, names in found["form"].items() if "meNoiCuTru" in names] == ["reported"]
    shown = (await page(browser, done["url"])).text
    assert "ông/bà đã báo sai" in shown
    assert "Theo cổng đã nộp hồ sơ" not in shown
    # what is said of one person says nothing of another in the same place
    father = {**SPOUSE, "father.birth_date": "04/07/1985"}
    mother = {one.replace("father", "mother"): text for one, text in father.items()}
    people = {"csrf": citizen.csrf, **father, **mother, "household_head.who": "same:mother"}
    moved = await page(browser, f"/portal/procedures/{LINKED}/people", people)
    assert moved.location == citizen.form_url
    opened = await page(browser, citizen.form_url)
    kept = (await Citizen(browser, LINKED, citizen.csrf, opened).about())["reported"]
    assert kept
    assert "meNoiCuTru" not in kept


async def test_report_counts_in_every_session_and_procedure_of_its_sender_until_the_owner_answers(
    browser: Browser, neighbour: Browser, at: Town
) -> None:
    father = {**SPOUSE, "father.birth_date": "04/07/1985"}
    citizen = await begun(browser, code=BIRTH, **{"mother.who": "same:requester", **father})
    answer = await citizen.filled_by_all()
    entry = answer["fields"]["chaHoTen"]
    status, opened = await citizen.call("/corrections", {
        "exchange_id": answer["exchange_id"], "subject": "father",
        "source": answer["evidence"][entry["evidence"]]["source"], "attribute": entry["attribute"],
        "why": "citizen_corrects", "shown": entry["value"], "correct": "Phạm Văn Thử Ba",
    })  # fmt: skip
    assert status == 200, opened
    # signed in anew, in another procedure
    again = await family(neighbour)
    assert (await again.about())["reported"] == ["chaHoTen"]
    answer = await again.filled_by_all()
    assert states(await again.decided(answer))["parents_id"] == "replaced"
    sent = {"exchange_id": answer["exchange_id"], "values": await complete(again, answer)}
    status, done = await again.call("/submit", sent)
    assert status == 200, done
    found = await twin(neighbour, done["url"])
    assert "parents_id" in found["papers"]["missing"]
    assert "chaHoTen" in found["form"]["reported"]
    # the father reported nothing, and learns nothing of it
    async with Browser(at) as other:
        mother = {
            "mother.who": "other", "mother.personal_id": "033190001234", "mother.full_name": "Trần Thị Mẫu",
            "mother.birth_date": "15/02/1990",
        }  # fmt: skip
        his = await begun(other, "thu", BIRTH, **{"father.who": "same:requester", **mother})
        assert (await his.about())["reported"] == []
    answered = {"correction": opened["id"], "state": "corrected", "reference": "Công văn 12/C06"}
    assert (await at.house.post("/v1/corrections/update", answered, "portal"))[0] == 200
    assert (await again.about())["reported"] == []
    answer = await again.filled_by_all()
    await again.decided(answer)
    sent = {"exchange_id": answer["exchange_id"], "values": await complete(again, answer)}
    status, done = await again.call("/submit", sent)
    assert "parents_id" not in (await twin(neighbour, done["url"]))["papers"]["missing"]


async def test_no_form_is_taken_while_reports_cannot_be_looked_up(browser: Browser) -> None:
    """A paper that data replaced would be cut unchecked: this form is another exchange than that of the report."""
    citizen = await begun(browser)
    exchange, _ = await citizen.ready()
    status, reported = await citizen.call("/corrections", {
        "exchange_id": exchange, "subject": "requester", "source": "population", "attribute": "person.birth_date",
        "why": "citizen_corrects", "shown": "1990-02-15", "correct": "1990-02-16",
    })  # fmt: skip
    assert status == 200, reported
    exchange, form = await citizen.ready()
    sent = {"exchange_id": exchange, "values": form}
    before = await dossiers(browser)
    with without_reports(browser.house):
        assert (await citizen.about())["reported"] == []  # the form opens all the same
        status, problem = await citizen.call("/submit", sent)
        assert (status, problem["code"]) == (503, "corrections_unavailable")
        assert "gửi lại" in problem["title_vi"]
        assert await dossiers(browser) == before
    status, done = await citizen.call("/submit", sent)
    assert status == 200, done
    assert "id_and_residence" in (await twin(browser, done["url"]))["papers"]["missing"]


async def test_value_that_was_reported_as_wrong_decides_no_more_that_a_paper_does_not_apply(
    browser: Browser,
) -> None:
    citizen = await begun(browser)
    answer = await citizen.filled_by_all()
    assert states(await citizen.decided(answer))["divorce_or_death_paper"] == "not_applicable"
    entry = answer["fields"]["nxnTinhTrangHonNhan"]
    given = answer["evidence"][entry["evidence"]]
    status, reported = await citizen.call("/corrections", {
        "exchange_id": answer["exchange_id"], "subject": given["subject"], "source": given["source"],
        "attribute": entry["attribute"], "why": "citizen_corrects", "shown": entry["value"], "correct": "Ly hôn",
    })  # fmt: skip
    assert status == 200, reported
    form = {**values(answer), "nxnMucDichSuDung": "Mua nhà"}
    status, done = await citizen.call("/submit", {"exchange_id": answer["exchange_id"], "values": form})
    assert status == 200, done
    assert "divorce_or_death_paper" in (await twin(browser, done["url"]))["papers"]["missing"]


async def test_paper_that_was_decided_before_midnight_is_asked_for_or_decided_again(
    at: Town, browser: Browser
) -> None:
    now = datetime.now(VIETNAM)
    evening = (now.replace(hour=23, minute=58, second=0) - now).total_seconds()
    await browser.move_providers(evening)
    try:
        at.clock.move(seconds=evening)
        citizen = await begun(browser)
        exchange, form = await citizen.ready()
        sent = {"exchange_id": exchange, "values": form}
        at.clock.move(minutes=4)
        status, refused = await citizen.call("/submit", sent)
        assert status == 422, refused
        # also that one does not apply was said of yesterday
        papers = ("id_and_residence", "divorce_or_death_paper")
        assert {one["pointer"] for one in refused["errors"]} == {f"/papers/{code}" for code in papers}
        assert "mở lại biểu mẫu" in refused["errors"][0]["detail_vi"]
        exchange, form = await citizen.ready()
        status, done = await citizen.call("/submit", {"exchange_id": exchange, "values": form})
        assert status == 200, done
    finally:
        await browser.move_providers(0)
