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


async def test_number_under_another_name_opens_nothing_however_little_is_asked(house: House) -> None:
    stranger = {**house.subject("driver"), "full_name": "Kẻ Mạo Danh", "birth_date": "1971-01-01"}
    answer = await house.prefill("1.002809", {"applicant": stranger}, fields=["hang", "ngayCap"])
    assert {field["value"] for field in answer["fields"].values()} == {None}
    assert not answer["evidence"]
    again = await house.prefill("1.002809", {"applicant": house.subject("driver")}, fields=["hang"])
    assert again["fields"]["hang"]["state"] == "filled"
    asked = {(one["source"], one["outcome"]) for one in again["sources"]}
    assert ("population", "found") in asked
