"""A finished form with changed values: the portal's server learns which papers rest on them."""

from tests.flows.conftest import House, on_session
from tests.flows.test_consents import attested

pytestmark = on_session


async def test_attest_names_the_papers_that_rest_on_changed_values(shared_house: House) -> None:
    who = shared_house.subject("facts_example")
    answer = await shared_house.prefill("1.004873", {"requester": who, "person": {"same_as": "requester"}})
    body = {"exchange_id": answer["exchange_id"], "form": answer["form"]}
    assert (await attested(shared_house, body))["papers"] == {}
    async with shared_house.session.get(f"{shared_house.url}/v1/procedures/1.004873") as response:
        papers = (await response.json())["papers"]
    assert any("nxnHoTen" in one["rests_on"] for one in papers.values())
    changed = {**answer["form"], "nxnHoTen": "Trần Thị Khác"}
    assert (await attested(shared_house, {**body, "form": changed}))["papers"] == {
        code: ["nxnHoTen"] for code, one in papers.items() if "nxnHoTen" in one["rests_on"]
    }
