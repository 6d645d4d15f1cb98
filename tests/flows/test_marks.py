"""What is known of each interface is in the answer and in the list of sources: seen, memory or sandbox."""

from tests.flows.conftest import House, new_official, on_session

pytestmark = on_session


async def test_answer_says_of_each_interface_what_is_known_of_it(shared_house: House) -> None:
    who = shared_house.subject("facts_example")
    subjects = {"requester": who, "person": {"same_as": "requester"}}
    answer = await shared_house.prefill("1.004873", subjects, official=new_official())
    marks = {(one["source"], one["data_service"]): one["mark"] for one in answer["evidence"].values()}
    assert marks == {("population", "TraCuuThongTinCongDan"): "seen", ("civil_status", "trichLuc"): "sandbox"}
    assert {one["mark"] for one in answer["sources"]} == {"seen", "sandbox"}


async def test_attribute_that_is_known_worse_than_its_interface_says_so(shared_house: House) -> None:
    who = shared_house.subject("pensioner")
    answer = await shared_house.prefill("1.014027", {"applicant": who}, official=new_official())
    marks = {one["source"]: one.get("attribute_marks") for one in answer["evidence"].values()}
    assert marks["social_insurance"] == {"pension_state": "sandbox"}
    assert marks["population"] == {"life_status": "memory"}
    assert answer["fields"]["trangThaiSong"]["value"] == "Đang sống"


async def test_list_of_sources_says_of_each_data_service_what_is_known_of_it(shared_house: House) -> None:
    headers = {"Authorization": f"Bearer {await shared_house.token()}"}
    async with shared_house.session.get(f"{shared_house.url}/v1/sources", headers=headers) as response:
        listed = {one["source"]: one for one in (await response.json())["sources"]}
    assert listed["civil_status"]["mark"] == "seen"
    assert listed["civil_status"]["marks"] == {"traHoSo": "seen", "trichLuc": "sandbox"}
    assert set(listed["health_card"]["marks"].values()) == {"memory"}
    assert "mô phỏng" in listed["land"]["title"]
