"""A finished form with changed values: the portal's server learns which papers rest on them."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator

from tests.flows.conftest import House, on_session
from tests.flows.test_consents import attested
from tests.flows.test_corrections import report, sent, updated
from tests.flows.test_preview import decided
from tests.flows.test_records import records

pytestmark = on_session


@contextlib.contextmanager
def without_reports(house: House) -> Iterator[None]:
    """While nobody can look up which values were reported as wrong."""
    with contextlib.closing(
        sqlite3.connect(house.state / "corrections.sqlite", isolation_level=None)
    ) as store:
        store.execute("ALTER TABLE corrections RENAME TO away")
        try:
            yield
        finally:
            store.execute("ALTER TABLE away RENAME TO corrections")


async def test_attest_names_the_papers_that_rest_on_changed_values(shared_house: House) -> None:
    who = shared_house.subject("facts_example")
    answer = await shared_house.prefill("1.004873", {"requester": who, "person": {"same_as": "requester"}})
    body = {"exchange_id": answer["exchange_id"], "form": answer["form"]}
    same = await attested(shared_house, body)
    assert (same["papers"], same["stale"], same["checked_at"]) == ({}, {}, same["recorded_at"])
    async with shared_house.session.get(f"{shared_house.url}/v1/procedures/1.004873") as response:
        papers = (await response.json())["papers"]
    assert any("nxnHoTen" in one["rests_on"] for one in papers.values())
    changed = {**answer["form"], "nxnHoTen": "Trần Thị Khác"}
    assert (await attested(shared_house, {**body, "form": changed}))["papers"] == {
        code: ["nxnHoTen"] for code, one in papers.items() if "nxnHoTen" in one["rests_on"]
    }


async def test_value_that_was_reported_as_wrong_stands_for_no_paper(shared_house: House) -> None:
    who = shared_house.subject("facts_example")
    answer = await shared_house.prefill("1.004873", {"requester": who, "person": {"same_as": "requester"}})
    body = {"exchange_id": answer["exchange_id"], "form": answer["form"]}
    told = await attested(shared_house, {**body, "reported": ["nxnTinhTrangHonNhan"]})
    assert told["fields"]["nxnTinhTrangHonNhan"] == {"state": "unchanged", "reported": True}
    # its condition rests on the marital status: whether the paper applies is open again
    assert told["papers"]["divorce_or_death_paper"] == ["nxnTinhTrangHonNhan"]
    # a value of the citizen's own is no value of the data that was called wrong
    form = {**answer["form"], "nxnTinhTrangHonNhan": "Khác"}
    changed = await attested(shared_house, {**body, "form": form, "reported": ["nxnTinhTrangHonNhan"]})
    assert changed["fields"]["nxnTinhTrangHonNhan"]["state"] == "not_editable_changed"
    assert "reported" not in changed["fields"]["nxnTinhTrangHonNhan"]
    slip = await attested(shared_house, {**body, "reported": ["nxnTinhTrang"]}, 422)
    assert (slip["errors"][0]["pointer"], slip["errors"][0]["code"]) == ("/reported/0", "unknown_field")


async def test_report_is_known_to_the_attest_without_being_named_until_its_owner_answers(
    shared_house: House,
) -> None:
    who = shared_house.subject("facts_example")
    people = {"requester": who, "person": {"same_as": "requester"}}
    answer = await shared_house.prefill("1.004873", people, preview=True)
    other = await shared_house.prefill("1.004873", people)
    # before the citizen decides about the sources
    status, opened = await sent(
        shared_house, report(shared_house, answer["exchange_id"], grounds="Giấy khai sinh số 31")
    )
    assert status == 200, opened
    await decided(shared_house, answer)
    body = {"exchange_id": answer["exchange_id"], "form": answer["form"]}
    of_other = {"exchange_id": other["exchange_id"], "form": other["form"]}
    for told in (await attested(shared_house, body), await attested(shared_house, of_other)):
        contested = {key for key, one in told["fields"].items() if "reported" in one}
        assert contested == {"nxnNgaySinh"}
        assert {key for keys in told["papers"].values() for key in keys} == contested
        assert "id_and_residence" in told["papers"]
    assert (await updated(shared_house, opened["id"], "refused"))[0] == 200
    assert (await attested(shared_house, of_other))["papers"] == {}
    # of the exchange that showed it, the log has it that the person called it wrong
    for _ in range(100):
        told = await attested(shared_house, body)
        if told["papers"]:
            break
        await asyncio.sleep(0.1)
    assert "reported" in told["fields"]["nxnNgaySinh"]


async def test_attest_says_nothing_of_papers_while_reports_cannot_be_looked_up(shared_house: House) -> None:
    who = shared_house.subject("facts_example")
    people = {"requester": who, "person": {"same_as": "requester"}}
    shown, answer = [await shared_house.prefill("1.004873", people) for _ in range(2)]
    status, opened = await sent(
        shared_house, report(shared_house, shown["exchange_id"], grounds="Giấy khai sinh số 32")
    )
    assert status == 200, opened
    body = {"exchange_id": answer["exchange_id"], "form": answer["form"]}
    with without_reports(shared_house):
        problem = await attested(shared_house, body, 503)
        assert (problem["code"], "papers" in problem) == ("corrections_unavailable", False)
    assert [one for one in records(shared_house) if one["exchange"] == problem["exchange_id"]] == []
    assert "id_and_residence" in (await attested(shared_house, body))["papers"]
    assert (await updated(shared_house, opened["id"], "refused"))[0] == 200
