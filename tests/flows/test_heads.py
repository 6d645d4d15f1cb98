"""The head of a household, who is found on the way and may be the applicant himself."""

from typing import Any

from gateway.config.strict_yaml import read
from tests.flows.conftest import ROOT, House, proposed

PEOPLE = ROOT / "config" / "sandbox" / "personas.yaml"


def entry_of_head(answer: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in answer["sources"] if one["subject"] == "household_head")


async def test_head_who_asks_for_himself_is_asked_about_once(house: House) -> None:
    who = house.subject("household_head")
    answer = await house.prefill("1.004222", {"applicant": who})
    head = proposed(answer, "chuHo")
    assert head["chuHo.soDinhDanh"] == [who["personal_id"]]
    assert len(head["chuHo.hoTen"]) == 1
    asked = {name: count for name, count in (await house.calls()).items() if name.startswith("population.")}
    assert set(asked.values()) == {1}
    entry = entry_of_head(answer)
    assert (entry["outcome"], entry["cached"], entry["elapsed_ms"]) == ("found", True, 0)
    assert entry["call"]


async def test_head_who_asks_for_himself_under_a_wrong_name_is_not_shown(house: House) -> None:
    who = {**house.subject("household_head"), "full_name": "Lê Thị Sai Hẳn"}
    answer = await house.prefill("1.004222", {"applicant": who})
    assert answer["fields"]["chuHo.hoTen"]["value"] is None
    assert answer["fields"]["chuHo.soDinhDanh"]["value"] is None
    assert proposed(answer, "chuHo") == {}


async def test_head_who_is_somebody_else_is_asked_about_as_well(house: House) -> None:
    people = {one["key"]: one for one in read(PEOPLE, ROOT).data["people"]}
    who = next(one for one in people.values() if one.get("head") not in (None, one["key"]))
    subject = {name: who[name] for name in ("personal_id", "full_name", "birth_date")}
    answer = await house.prefill("1.004222", {"applicant": subject})
    assert proposed(answer, "chuHo.so") == {"chuHo.soDinhDanh": [people[who["head"]]["personal_id"]]}
    entry = entry_of_head(answer)
    assert (entry["outcome"], entry["cached"]) == ("found", False)
