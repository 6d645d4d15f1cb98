"""A value that is not of its form leaves nowhere as a good one, and spoils nothing beside it: at the real door."""

from typing import Any

import pytest

from tests.flows.conftest import House

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
    assert 'motlan_source_faults_total{code="unreadable",operation="claims",source="account"} 1.0' in text
