"""A number alone opens nothing, whatever the caller leaves out, hurries or makes up."""

import asyncio
import time
from typing import Any

import pytest

from gateway.prefill.exchange import _PATIENCE_SECONDS
from tests.faults.conftest import found
from tests.flows.conftest import House
from tests.flows.test_records import records

#: numbers that nobody has
NOBODY, OLD_NOBODY = "033096518274", "518274963"


def lied(house: House, trait: str, **changes: str) -> dict[str, Any]:
    """A persona's subject with something that is not so."""
    return {**house.subject(trait), **changes}


def values(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: one["value"] for key, one in answer["fields"].items() if one["value"] is not None}


async def test_hurried_caller_gets_nothing_that_nobody_confirmed(house: House) -> None:
    who = lied(house, "facts_example", full_name="Nguyễn Thị Sai")
    subjects = {"requester": who, "person": {"same_as": "requester"}}
    first = await house.prefill("1.004873", subjects)
    assert "nxnTinhTrangHonNhan" not in values(first)
    await house.misbehave("population", "slow", seconds=0.4)
    for deadline in (1, 5, 20, 100, 200):
        answer = await answered_within(_PATIENCE_SECONDS, house, subjects, deadline)
        assert "nxnTinhTrangHonNhan" not in values(answer), answer["sources"]
        entry = next(one for one in answer["sources"] if one["source"] == "civil_status")
        assert entry["outcome"] != "found"


async def answered_within(
    seconds: float, house: House, subjects: dict[str, Any], deadline_ms: int
) -> dict[str, Any]:
    """A prefill that no other program of the machine held up: after so long, silence hides nothing any more."""
    for _ in range(10):
        began = time.monotonic()
        answer: dict[str, Any] = await house.prefill("1.004873", subjects, deadline_ms=deadline_ms)
        if time.monotonic() - began < seconds:
            return answer
    pytest.fail("the machine is too busy to answer a hurried caller in time")


async def test_value_that_is_taken_back_is_told_to_whoever_merges(house: House) -> None:
    """Who confirms is silent for more than a second, which hides nothing; then he says no."""
    # after the deadline, and two seconds before the end of the source's own time
    await house.misbehave("population", "slow", seconds=3.0, times=2)
    subjects = {
        "requester": lied(house, "facts_example", full_name="Nguyễn Thị Sai"),
        "person": {"same_as": "requester"},
    }
    answer = await house.prefill("1.004873", subjects, deadline_ms=2_000)
    assert values(answer)["nxnTinhTrangHonNhan"]
    _, late = await house.post("/v1/prefill/resume", {"pending": answer["pending"]})
    assert "nxnTinhTrangHonNhan" in late["late"]
    assert "nxnTinhTrangHonNhan" not in values(late)


async def test_early_resume_has_the_form_that_was_shown(house: House) -> None:
    await house.misbehave("civil_status", "hang")
    who = house.subject("facts_example")
    subjects = {"requester": who, "person": {"same_as": "requester"}}
    answer = await house.prefill("1.004873", subjects, deadline_ms=1_000)
    _, late = await house.post("/v1/prefill/resume", {"pending": answer["pending"]})
    assert (late["late"], late["form"], late["papers"]) == ([], answer["form"], answer["papers"])
    assert late["pending"]


@pytest.mark.parametrize("fields", [None, ["nksNgaySinh", "nksNoiSinh"]])
async def test_newborn_is_found_through_a_mother_who_was_confirmed(
    house: House, fields: list[str] | None
) -> None:
    mother = next(one for one in house.personas if "newborn_mother" in one["traits"])
    own = {key: mother[key] for key in ("personal_id", "full_name", "birth_date")}
    more: dict[str, Any] = {} if fields is None else {"fields": fields}
    good = await house.prefill("1.001193", {"requester": own, "mother": {"same_as": "requester"}}, **more)
    assert "nksNgaySinh" in values(good)
    wrong = {**own, "full_name": "Lê Thị Sai Hẳn"}
    bad = await house.prefill("1.001193", {"requester": wrong, "mother": {"same_as": "requester"}}, **more)
    assert not {"nksNgaySinh", "nksNoiSinh", "nksGioiTinh"} & values(bad).keys()


@pytest.mark.parametrize("changes", [{"personal_id": NOBODY}, {"personal_id": "", "old_id": OLD_NOBODY}])
async def test_invented_number_opens_no_source_that_never_sees_it(
    house: House, changes: dict[str, str]
) -> None:
    who = {key: value for key, value in lied(house, "facts_example", **changes).items() if value}
    who.pop("old_id", None) if "old_id" not in changes else None
    for fields in (None, ["maSoBHXH"]):
        more: dict[str, Any] = {} if fields is None else {"fields": fields}
        answer = await house.prefill("9.000001", {"applicant": who}, **more)
        assert "maSoBHXH" not in values(answer), found(answer)


async def test_people_whose_numbers_left_with_a_form_find_that_use(house: House) -> None:
    who = house.subject("facts_example")
    answer = await house.prefill("1.004222", {"applicant": who, "household_head": {"same_as": "applicant"}})
    others = {
        number
        for one in house.personas
        if (number := one.get("personal_id"))
        and number != who["personal_id"]
        and number in str(answer["fields"])
    }
    assert others
    (outcome,) = [one for one in records(house) if one["phase"] == "outcome"]
    assert {name for name in outcome["subjects"] if name.startswith("also#")}
    for number in others:
        async for use in uses(house, number):
            assert use["exchange_id"] == answer["exchange_id"]
            assert use["data"]
            break
        else:
            pytest.fail("the use is not found")


async def test_person_who_is_found_by_an_old_number_finds_that_use_by_the_personal_number(
    house: House,
) -> None:
    whole = next(one for one in house.personas if one.get("old_id") and one.get("personal_id"))
    who = {word: whole[word] for word in ("old_id", "full_name", "birth_date")}
    wrong = await house.prefill("9.000001", {"applicant": {**who, "full_name": "Nguyễn Thị Sai"}})
    right = await house.prefill("9.000001", {"applicant": who})
    assert whole["personal_id"] not in str(right["form"])
    async for use in uses(house, whole["personal_id"]):
        assert use["exchange_id"] == right["exchange_id"]  # the other record is not this person's
        break
    else:
        pytest.fail("the use is not found")
    named = {one["exchange"]: one["subjects"] for one in records(house) if one["phase"] == "outcome"}
    assert [len(named[one["exchange_id"]]) for one in (wrong, right)] == [1, 2]


@pytest.mark.parametrize(
    "told", [{}, {"birth_date": "2026-11-02"}, {"full_name": "Lê Bé Thử", "birth_date": "2026-11-02"}]
)
async def test_child_without_a_number_finds_its_uses_through_its_mother(
    house: House, told: dict[str, str]
) -> None:
    mother = next(one for one in house.personas if "newborn_mother" in one["traits"])
    own = {key: mother[key] for key in ("personal_id", "full_name", "birth_date")}
    subjects = {"requester": own, "mother": {"same_as": "requester"}, **({"child": told} if told else {})}
    answer = await house.prefill("1.001193", subjects)
    through = {"parent_personal_id": own["personal_id"]}
    child = {**through, "full_name": "Lê Bé Thử", "birth_date": "2026-11-02"}
    async for use in uses_of(house, {"newborn": child}):
        assert use["exchange_id"] == answer["exchange_id"]
        assert {one["source"]["code"] for one in use["data"]} == {"health"}
    # Whoever knows less than the request said does not find it, and neither does a sibling of another name.
    for other in ({**through, "full_name": "Lê Bé Khác"}, {**through, "birth_date": "2024-11-02"}, through):
        _, page = await house.post("/v1/usage", {"subject": {"newborn": other}}, client="citizen")
        assert bool(page["uses"]) is not bool(told)
    search = {"subject": {"newborn": child}, "phase": "outcome"}
    async with asyncio.timeout(
        10
    ):  # the use was found by its intent; the outcome gets its place a moment later
        while not (page := (await house.post("/v1/audit/search", search, client="auditor"))[1])["records"]:
            await asyncio.sleep(0.1)
    assert [one["exchange_id"] for one in page["records"]] == [answer["exchange_id"]]


async def uses(house: House, number: str) -> Any:
    """The uses of somebody's data, once they are numbered."""
    async for use in uses_of(house, {"personal_id": number}):
        yield use


async def uses_of(house: House, subject: dict[str, Any]) -> Any:
    """The same of whoever is named by a subject of the contract."""
    async with asyncio.timeout(60):
        while True:
            _, page = await house.post("/v1/usage", {"subject": subject}, client="citizen")
            if page["uses"]:
                break
            await asyncio.sleep(0.1)
    for use in page["uses"]:
        yield use
