"""A subject that is found on the way: asked about in a later wave, and named in a record before that."""

from tests.flows.conftest import House
from tests.flows.test_records import records


async def test_head_of_household_is_named_before_he_is_asked_about(house: House) -> None:
    await house.prefill("1.004222", {"applicant": house.subject("child")})
    intents = [record for record in records(house) if record["phase"] == "intent"]
    calls = await house.calls()
    asked = calls.get("population.TraCuuThongTinCongDan", 0)
    assert asked == 2
    assert len(intents) == 2
    assert "household_head" in str(intents[1]["subjects"])
    assert "household_head" not in str(intents[0]["subjects"])
