"""A value that is not of its form leaves nowhere as a good one, and spoils nothing beside it: at the real door."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.domain.dates import legal_day
from tests.flows.conftest import House, on_session

BUSINESS = "1.001612"


async def asked(house: House, account: dict[str, Any]) -> Any:
    owner = house.subject("divorced")
    return await house.prefill(BUSINESS, {"owner": owner, "requester": {"same_as": "owner"}}, account=account)


@pytest.mark.parametrize("day", [473389200, "473389200", "-473389200", "1985-13-45", "20210431", "hôm qua"])
async def test_claim_that_is_no_date_leaves_its_field_empty_and_the_other_claims_stand(
    house: House, day: object
) -> None:
    answer = await asked(house, {"SoDienThoai": "0900000001", "NgayCap": day, "NoiCap": "Công an tỉnh"})
    fields = answer["fields"]
    entry = fields["nguoiNop_ngayCapGiayTo"]
    assert entry["value"] is None
    assert "473389200" not in str(answer)
    assert fields["nguoiNop_noiCapGiayTo"]["value"] == "Công an tỉnh"
    phone = next(one for key, one in fields.items() if "ienThoai" in key and one["value"])
    assert phone["value"] == "0900000001"


async def test_operator_reads_which_claim_it_was_and_not_what_it_said(house: House) -> None:
    await asked(house, {"SoDienThoai": "0900000001", "NgayCap": "473389200"})
    async with house.session.get(f"{house.admin}/metrics") as answer:
        text = await answer.text()
    labels = 'attribute="id_issued_on",code="unreadable",operation="claims",outcome="found",source="account"'
    assert f"motlan_source_faults_total{{{labels}}} 1.0" in text


@on_session
async def test_birth_date_in_the_future_is_refused_before_anybody_is_asked(shared_house: House) -> None:
    who = shared_house.subject("facts_example")
    calls = await shared_house.calls()
    today = legal_day(datetime.now(UTC))
    tomorrow = (today + timedelta(days=1)).isoformat()
    for day in (tomorrow, str(today.year + 1), f"{today.year + 1}-01", "2199-12-31"):
        subjects = {"requester": {**who, "birth_date": day}, "person": {"same_as": "requester"}}
        body = {"procedure": "1.004873", "subjects": subjects}
        for path in ("/v1/prefill", "/v1/explain"):
            status, problem = await shared_house.post(path, body)
            assert (status, problem["code"]) == (422, "born_later"), (path, day)
            assert problem["errors"][0]["pointer"] == "/subjects/requester/birth_date"
            assert "check it" in problem["detail"]
        asked = {"subject": {**who, "birth_date": day}, "predicates": ["alive"]}
        assert (await shared_house.post("/v1/predicates", asked))[0] == 422
    # the second person of a list, and who acts for somebody
    owner = shared_house.subject("divorced")
    late = {**owner, "birth_date": tomorrow}
    body = {
        "procedure": BUSINESS,
        "subjects": {"owner": owner, "requester": {"same_as": "owner"}, "members": [who, late]},
    }
    status, problem = await shared_house.post("/v1/prefill", body)
    assert (status, problem["errors"][0]["pointer"]) == (422, "/subjects/members/1/birth_date")
    person = {"procedure": "1.004873", "subjects": {"requester": who, "person": {"same_as": "requester"}}}
    acting = {**person, "representative": {"kind": "authorised", "of": "person", "subject": late}}
    status, problem = await shared_house.post("/v1/prefill", acting)
    assert (status, problem["errors"][0]["pointer"]) == (422, "/representative/subject/birth_date")
    assert await shared_house.calls() == calls
    # this year without a month may lie before today
    subjects = {"requester": {**who, "birth_date": str(today.year)}, "person": {"same_as": "requester"}}
    status, problem = await shared_house.post("/v1/explain", {**person, "subjects": subjects})
    assert problem.get("code") != "born_later"
