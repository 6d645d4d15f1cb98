"""The main job over real HTTP: one request in, a filled form with passports out, whatever the providers do."""

from typing import Any

from tests.flows.conftest import House


async def ask(house: House, **more: Any) -> Any:
    who = house.subject("facts_example")
    subjects = {"requester": who, "person": {"same_as": "requester"}}
    return await house.prefill("1.004873", subjects, **more)


async def test_form_is_filled_and_every_value_says_where_it_comes_from(house: House) -> None:
    answer = await ask(house, account={"SoDienThoai": "0900000001"})
    assert answer["form"]["nxnHoTen"] == house.persona("facts_example")["full_name"]
    entry = answer["fields"]["nxnHoTen"]
    assert entry["state"] == "filled"
    evidence = answer["evidence"][entry["evidence"]]
    assert (evidence["source"], evidence["data_service"]) == ("population", "TraCuuThongTinCongDan")
    assert evidence["legal_basis"]
    assert evidence["agreement"] == "portal"
    assert answer["saved"]["fields"] >= 10


async def test_paper_that_data_replace_says_by_what(house: House) -> None:
    papers = {paper["code"]: paper for paper in (await ask(house))["papers"]}
    assert papers["id_and_residence"]["state"] == "replaced"
    assert papers["id_and_residence"]["by"]
    assert papers["id_and_residence"]["published_scope"]


async def test_each_data_service_is_asked_once_for_a_person_in_two_roles(house: House) -> None:
    await ask(house)
    calls = await house.calls()
    assert calls["population.TraCuuThongTinCongDan"] == 1


async def test_what_the_citizen_typed_stands(house: House) -> None:
    answer = await ask(house, known={"nxnMucDichSuDung": "Kết hôn", "nxnHoTen": "Tên Khác"})
    assert answer["fields"]["nxnHoTen"] == {
        "state": "kept", "value": "Tên Khác", "evidence": None, "attribute": None, "editable": True, "doubt": None,
    }  # fmt: skip
    assert answer["form"]["nxnMucDichSuDung"] == "Kết hôn"


async def test_narrowed_request_asks_only_what_its_fields_need(house: House) -> None:
    answer = await ask(house, fields=["nycHoTen"])
    assert list(answer["fields"]) == ["nycHoTen"]
    calls = await house.calls()
    assert not [name for name in calls if name.startswith("civil_status")]
