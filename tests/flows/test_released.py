"""Attest and corrections compare with what left, and with nothing that only lay ready: nobody finds out by guessing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from tests.flows.conftest import House, build, new_official, on_session
from tests.flows.test_records import locked, records
from tests.flows.test_withdrawal import licence, settled, withdrawn_elsewhere

NUMBER = "soGPLX"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lender(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house whose portal asks on the ground of consent."""
    overrides = {"agreements.portal.consent": "required"}
    overrides |= {
        f"sources.{name}.limits.breaker_failures": "1000000" for name in ("population", "driving_licence")
    }
    async with build(tmp_path_factory.mktemp("released"), overrides) as made:
        yield made


def outcomes(house: House, answer: Any) -> list[Any]:
    kept = [one for one in records(house) if one["exchange"] == answer["exchange_id"]]
    return [one for one in kept if one["phase"] == "outcome"]


async def lay_ready(house: House, body: dict[str, Any]) -> Any:
    """An answer that left without the licence, whose late answer is recorded and was not fetched."""
    await house.misbehave("driving_licence", "slow", seconds=2.5, times=1)
    answer = (await house.post("/v1/prefill", {**body, "deadline_ms": 200, "official": new_official()}))[1]
    assert answer["fields"][NUMBER]["value"] is None
    await settled(house, answer["exchange_id"])
    assert NUMBER in outcomes(house, answer)[-1]["fields"]
    return answer


async def compared(house: House, answer: Any, number: str) -> Any:
    """What attest says of the number, once all that was recorded so far can be found."""
    asked = {"exchange_id": answer["exchange_id"], "form": {NUMBER: number}}
    found = f"/v1/audit/records/{answer['exchange_id']}"
    headers = {"Authorization": f"Bearer {await house.token('auditor')}"}
    known = len([one for one in records(house) if one["exchange"] == answer["exchange_id"]])
    for _ in range(150):
        async with house.session.get(house.url + found, headers=headers) as response:
            if response.status == 200 and len((await response.json())["records"]) >= known:
                break
        await asyncio.sleep(0.1)
    status, told = await house.post("/v1/attest", asked)
    assert status == 200, told
    return told["fields"].get(NUMBER)


async def report(house: House, answer: Any, number: str) -> tuple[int, str]:
    who = house.subject("driver")
    status, told = await house.post("/v1/corrections", {
        "subject": {"personal_id": who["personal_id"]}, "source": "driving_licence",
        "attribute": "driving_licence.number", "why": "citizen_corrects", "shown": number, "correct": "1",
        "exchange_id": answer["exchange_id"],
    })  # fmt: skip
    return status, told.get("code", "")


TYPED = {"state": "unknown_field", "detail": "typed_by_citizen"}


@on_session
async def test_value_that_never_left_is_compared_with_nothing(lender: House) -> None:
    body = await licence(lender, lender.persona("driver"))
    number = (await lender.post("/v1/prefill", {**body, "official": new_official()}))[1]["fields"][NUMBER][
        "value"
    ]
    assert number
    answer = await lay_ready(lender, body)
    guesses = [await compared(lender, answer, one) for one in (number, "000000000000")]
    assert guesses == [TYPED, TYPED]
    await lender.post("/v1/consents/withdraw", {"consent": body["consent"]})
    late = (await lender.post("/v1/prefill/resume", {"pending": answer["pending"]}))[1]
    assert late["fields"][NUMBER]["state"] == "withheld"
    guesses = [await compared(lender, answer, one) for one in (number, "000000000000")]
    assert guesses == [TYPED, TYPED]
    reports = [await report(lender, answer, one) for one in (number, "000000000000")]
    assert reports == [(403, "not_shown"), (403, "not_shown")]
    # the citizen reads what was asked, although the last record is that of the smaller answer
    who = {"subject": {"personal_id": lender.subject("driver")["personal_id"]}}
    async with asyncio.timeout(20):  # until that record has its place in the log
        use: dict[str, Any] = {}
        while use.get("state") != "answered_in_part":
            await asyncio.sleep(0.1)
            uses = (await lender.post("/v1/usage", who, client="national_portal"))[1]["uses"]
            use = next(one for one in uses if one["exchange_id"] == answer["exchange_id"])
    assert {"population", "driving_licence"} <= {one["source"]["code"] for one in use["data"]}


@on_session
async def test_late_value_is_compared_once_it_was_fetched_and_that_is_recorded_once(lender: House) -> None:
    body = await licence(lender, lender.persona("driver"))
    answer = await lay_ready(lender, body)
    token = {"pending": answer["pending"]}
    late = [(await lender.post("/v1/prefill/resume", token))[1] for _ in range(3)]
    number = late[0]["fields"][NUMBER]["value"]
    assert number
    assert await compared(lender, answer, number) == {"state": "unchanged"}
    assert await compared(lender, answer, "000000000000") != TYPED
    fetched = [one["notes"]["fetched"] for one in records(lender) if one["result"] == "fetched"]
    assert fetched.count(late[0]["receipt"]["leaf_hash"]) == 1
    assert await report(lender, answer, number) == (200, "")
    # what left stays comparable
    await lender.post("/v1/consents/withdraw", {"consent": body["consent"]})
    await lender.post("/v1/prefill/resume", token)
    assert await compared(lender, answer, number) == {"state": "source_changed", "reported": True}


@on_session
async def test_outcome_that_another_was_recorded_instead_of_is_compared_with_nothing(lender: House) -> None:
    body = {**await licence(lender, lender.persona("driver")), "official": new_official()}
    number = (await lender.post("/v1/prefill", body))[1]["fields"][NUMBER]["value"]
    await lender.misbehave("population", "slow", seconds=0.4, times=1)
    official = new_official()
    asking = asyncio.create_task(
        lender.post("/v1/prefill", {**body, "official": official, "deadline_ms": 5000})
    )
    await asyncio.sleep(0.2)
    with locked(next(lender.state.glob("*.db"))):
        await asyncio.sleep(0.6)
        withdrawn_elsewhere(lender, body["consent"])
    answer = (await asking)[1]
    first, last = outcomes(lender, answer)
    assert NUMBER in first["fields"]
    assert NUMBER not in last["fields"]
    guesses = [await compared(lender, answer, one) for one in (number, "000000000000")]
    assert guesses == [TYPED, TYPED]


async def test_attest_is_taken_so_often_and_then_429_with_a_record(make_house: Callable[..., Any]) -> None:
    rates = {"gateway__attest__per_form": "3/day", "gateway__attest__per_requester": "5/day"}
    async with make_house(**rates) as house:
        who = house.subject("facts_example")
        subjects = {"requester": who, "person": {"same_as": "requester"}}
        one, other = [await house.prefill("1.004873", subjects) for _ in range(2)]
        told = []
        for answer in (one, one, one, one, other, other):
            asked = {"exchange_id": answer["exchange_id"], "form": answer["form"]}
            for _ in range(150):
                status, said = await house.post("/v1/attest", asked)
                if status != 404:
                    break
                await asyncio.sleep(0.1)
            told.append((status, said.get("code")))
        assert told == [(200, None)] * 3 + [(429, "quota_exceeded"), (200, None), (429, "quota_exceeded")]
        assert 0 < said["retry_after"] <= 86_400
        refused = [one["rules"] for one in records(house) if one["phase"] == "refusal"]
        assert refused == [["quota:attest:form"], ["quota:attest:requester"]]
