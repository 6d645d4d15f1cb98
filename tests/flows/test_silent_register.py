"""A register that could contradict and is silent leaves the question open."""

from tests.flows.conftest import House


async def test_register_of_deaths_that_is_silent_leaves_nobody_alive_for_certain(house: House) -> None:
    couple = {"male": house.subject("single"), "female": house.subject("bride_dead")}
    await house.misbehave("civil_status", "status503")
    answer = await house.prefill("1.000894", couple)
    found = {one["code"]: one["state"] for one in answer["papers"]}
    assert found["id_copies"] == "required"
    assert found["marital_status_certificate"] == "required"


async def test_paper_names_the_silence_of_the_register_that_its_object_is_compared_with(house: House) -> None:
    await house.misbehave("social_insurance", "status503")
    answer = await house.prefill("9.000001", {"applicant": house.subject("over_70")})
    (card,) = (one for one in answer["papers"] if one["code"] == "old_card")
    assert card["reason"] == {"code": "source_busy", "rule": "same:applicant:social_insurance.number"}
    assert "thử lại sau" in card["advice"]["vi"]
