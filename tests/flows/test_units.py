"""Communes of before 1 July 2025: text and code never contradict, and nothing is chosen where several are possible."""

from tests.flows.conftest import House, new_official, on_session

pytestmark = on_session


async def test_commune_that_was_divided_is_offered_and_not_chosen(shared_house: House) -> None:
    who = shared_house.subject("old_commune_divided")
    subjects = {"requester": who, "person": {"same_as": "requester"}}
    answer = await shared_house.prefill("1.004873", subjects, official=new_official())
    place = answer["fields"]["nxnNoiCuTru"]
    assert place["value"]["maTinh"] == "33"
    assert "maXa" not in place["value"]
    assert place["doubt"]["preferred"] is None
    offered = [one["value"]["maXa"] for one in place["doubt"]["candidates"]]
    assert offered == sorted(set(offered))
    assert len(offered) > 1
    assert place["editable"]
    # what he chooses then is no tampering with an official value
    for changed, state in (({"nxnNoiCuTru": place["doubt"]["candidates"][0]["value"]}, "corrected_by_citizen"),
                           ({"nxnHoTen": "Tên Khác"}, "not_editable_changed")):  # fmt: skip
        form = {**answer["form"], **changed}
        status, done = await shared_house.post(
            "/v1/attest", {"exchange_id": answer["exchange_id"], "form": form}
        )
        assert status == 200, done
        assert [done["fields"][key]["state"] for key in changed] == [state]


async def test_commune_that_was_merged_is_the_unit_of_today(shared_house: House) -> None:
    who = shared_house.subject("old_commune_mapped")
    subjects = {"requester": who, "person": {"same_as": "requester"}}
    answer = await shared_house.prefill("1.004873", subjects, official=new_official())
    place = answer["fields"]["nxnNoiCuTru"]
    assert (place["value"]["maXa"], place["doubt"]) == ("11953", None)
