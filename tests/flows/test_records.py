"""No record, no release: what the exchange log keeps of a prefill, of a refusal, and what it never keeps."""

import asyncio
import contextlib
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import House, build, new_official, without_insurance


def records(house: House) -> list[dict[str, Any]]:
    """Every record of the house's log, oldest first."""
    database = next(house.state.glob("*.db"))
    with contextlib.closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT leaf FROM append_log ORDER BY rowid").fetchall()
    return [_decoded(row[0]) for row in rows]


#: a shared house has hundreds of records, and hundreds of tests look at the newest
_decoded: Callable[[bytes], dict[str, Any]] = lru_cache(maxsize=20_000)(json.loads)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Nobody else writes into this file meanwhile."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=5)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def phases(house: House) -> list[str]:
    """Phases of the exchanges, oldest first."""
    wanted = ("intent", "outcome", "refusal", "abandoned")
    return [record["phase"] for record in records(house) if record["phase"] in wanted]


async def test_prefill_leaves_an_intent_and_an_outcome(house: House) -> None:
    who = house.subject("facts_example")
    answer = await house.prefill("1.004873", {"requester": who, "person": {"same_as": "requester"}})
    assert phases(house) == ["intent", "outcome"]
    intent, outcome = [r for r in records(house) if r["phase"] in ("intent", "outcome")]
    assert intent["exchange"] == outcome["exchange"] == answer["exchange_id"]
    assert {call["outcome"] for call in outcome["calls"]} <= {"found", "not_found"}
    assert "nxnHoTen" in outcome["fields"]
    assert outcome["basis"]
    assert outcome["rules"]


@pytest.mark.parametrize(
    ("dossier", "recorded"),
    [("H31-TRAN-1990", "withheld"), ("C1234567", "withheld"), ("H31.14-260105-0911", "H31.14-260105-0911")],
)
async def test_prefill_is_recorded_with_a_code_of_a_known_form_only(
    house: House, dossier: str, recorded: str
) -> None:
    who = house.subject("facts_example")
    people = {"requester": who, "person": {"same_as": "requester"}}
    await house.prefill("1.004873", people, dossier=dossier)
    found = [one for one in records(house) if one["phase"] in ("intent", "outcome")]
    assert [one["dossier"] for one in found] == [recorded, recorded]


async def test_intent_names_the_claims_of_an_account_only_when_some_were_given(house: House) -> None:
    subjects = {"applicant": house.subject("old_commune_mapped")}
    for account in ({}, {"SoDienThoai": "0900000001"}):
        await house.prefill("1.004194", subjects, account=account)
    intents = [record for record in records(house) if record["phase"] == "intent"]
    assert ["account" in {call["source"] for call in one["calls"]} for one in intents] == [False, True]


async def test_nobody_is_asked_before_the_intent_is_in_the_log(house: House) -> None:
    """Threat T20: as long as the intent cannot be written, no provider hears of it; in the log it is the first."""
    who = house.subject("facts_example")
    subjects = {"requester": who, "person": {"same_as": "requester"}}
    await house.token()
    with contextlib.closing(sqlite3.connect(next(house.state.glob("*.db")), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        asking = asyncio.create_task(house.prefill("1.004873", subjects, deadline_ms=5_000))
        await asyncio.sleep(0.4)
        calls = await house.calls()
        other.execute("ROLLBACK")
    assert not [name for name in calls if name.startswith(("population", "civil_status"))]
    assert (await asking)["form"]["nxnHoTen"]
    assert phases(house) == ["intent", "outcome"]


async def test_record_holds_no_value_and_no_identifier(house: House) -> None:
    who = house.subject("facts_example")
    await house.prefill(
        "1.004873",
        {"requester": who, "person": {"same_as": "requester"}},
        known={"nxnMucDichSuDung": "Mục đích bí mật"},
        account={"SoDienThoai": "0900000001"},
    )
    text = json.dumps(records(house), ensure_ascii=False)
    for secret in (who["personal_id"], who["full_name"], who["full_name"].upper(), "0900000001", "bí mật"):
        assert secret not in text


async def test_hundred_identical_requests_are_one_call_and_two_hundred_records(house: House) -> None:
    await house.misbehave("population", "slow", seconds=1, operation="TraCuuThongTinCongDan")
    await house.misbehave("civil_status", "slow", seconds=1, operation="trichLuc")
    who = house.subject("facts_example")
    subjects = {"requester": who, "person": {"same_as": "requester"}}
    await house.token()
    answers = await asyncio.gather(
        *(house.prefill("1.004873", subjects, deadline_ms=10_000) for _ in range(100))
    )
    assert len({answer["exchange_id"] for answer in answers}) == 100
    calls = await house.calls()
    assert calls["population.TraCuuThongTinCongDan"] == 1
    assert calls["civil_status.trichLuc"] == 1
    assert phases(house).count("intent") == phases(house).count("outcome") == 100
    outcomes = [one for one in records(house) if one["phase"] == "outcome"]
    calls_made = [call for one in outcomes for call in one["calls"] if call["source"] != "own_data"]
    assert any(call.get("shared") for call in calls_made)
    # on a busy machine the last ones come after the answer
    reused = [call for call in calls_made if call.get("shared") or call.get("cached")]
    assert (len(calls_made), len(reused)) == (200, 198), "two data services, each asked once"


@pytest.mark.parametrize(
    ("client", "purpose", "status"), [("portal", "no_such_purpose", 403), ("auditor", None, 403)]
)
async def test_refused_request_is_a_record_and_asks_no_provider(
    house: House, client: str, purpose: str | None, status: int
) -> None:
    who = house.subject("facts_example")
    body = {"procedure": "1.004873", "subjects": {"requester": who, "person": {"same_as": "requester"}}}
    answered, problem = await house.post("/v1/prefill", {**body, "purpose": purpose}, client=client)
    assert answered == status
    assert problem["exchange_id"]
    assert not [name for name in await house.calls() if name.startswith(("population", "civil_status"))]
    assert phases(house) == ["refusal"]


async def test_attribute_that_is_not_agreed_is_withheld_and_never_asked(tmp_path: Path) -> None:
    async with build(tmp_path / "state", {}, without_insurance(tmp_path / "root")) as house:
        body = {"procedure": "1.014027", "subjects": {"applicant": house.subject("pensioner")}}
        status, answer = await house.post(
            "/v1/prefill", {**body, "official": new_official()}, client="one_gate"
        )
        assert status == 200
        withheld = {key for key, entry in answer["fields"].items() if entry["state"] == "withheld"}
        assert withheld
        for key in withheld:
            assert answer["fields"][key]["reason"]["code"] == "not_agreed"
            assert answer["fields"][key]["reason"]["rule"]
        assert not [name for name in await house.calls() if name.startswith("social_insurance")]


async def test_every_record_is_counted_by_its_phase_and_names_the_configuration(house: House) -> None:
    """Those of a prefill, and all others: a refusal at the door, a look-up, an explanation, a consent."""
    who = house.subject("facts_example")
    body = {"procedure": "1.004873", "subjects": {"requester": who, "person": {"same_as": "requester"}}}
    expected = {"prefill": 200, "explain": 200, "audit/search": 403, "consents/search": 200}
    for path, wanted in expected.items():
        sent = body if path in ("prefill", "explain") else {}
        status, answer = await house.post(f"/v1/{path}", sent)
        assert status == wanted, answer
    assert (await house.post("/v1/audit/search", {}, client="auditor"))[0] == 200
    async with house.session.get(f"{house.admin}/metrics") as response:
        told = await response.text()
    counted = re.findall(r'^motlan_log_records_total\{phase="(\w+)"\} ([1-9]\d*)\.0$', told, re.MULTILINE)
    written = records(house)
    assert {phase: int(count) for phase, count in counted} == Counter(one["phase"] for one in written)
    assert {"intent", "outcome", "refusal", "lookup", "consent", "configuration"} == {
        name for name, _ in counted
    }
    assert {one["config"] for one in written} == {written[0]["config"]}
    assert written[0]["config"]
