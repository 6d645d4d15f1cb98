"""A decision about a preview is one and final, whoever goes away, whatever stops, and by whichever door one asks."""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters.stores.opening import open_log
from gateway.composition.log_keys import root_keys
from gateway.config.gateway import LogSettings
from gateway.domain.dates import rfc3339
from gateway.domain.exchange import ExchangeRecord, Phase
from gateway.prefill.erasing import finish_open_decisions
from tests.flows.conftest import House, new_official, on_session
from tests.flows.test_consents import PHONE
from tests.flows.test_preview import body, decided, evidence_of, kept_phone, shown
from tests.flows.test_records import locked, records
from tests.stores.opened import open_decisions, open_reader

_URL = "sqlite:///exchange.db"


def log_file(house: House) -> Path:
    return next(house.state.glob("*.db"))


def decisions_of(house: House, answer: Any) -> list[Any]:
    kept = [one for one in records(house) if one["exchange"] == answer["exchange_id"]]
    return [one["notes"] for one in kept if one["result"] == "decision"]


async def numbered(house: House, answer: Any) -> None:
    """Wait until the record of the decision can be found."""
    for _ in range(150):
        asked = {"exchange_id": answer["exchange_id"], "form": {}}
        if (await house.post("/v1/attest", asked))[0] == 200:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the decision is not found in the log")


def held_until(house: House, until: float) -> None:
    """As a process leaves the decisions that it was taking when it was killed."""
    with contextlib.closing(sqlite3.connect(house.state / "consents.sqlite", isolation_level=None)) as other:
        other.execute("UPDATE decisions SET until = ?", (until,))


@on_session
async def test_decision_whose_asker_goes_away_while_it_is_recorded_stands_and_there_is_no_other(
    patient: House,
) -> None:
    answer = await shown(patient)
    headers = {"Authorization": f"Bearer {await patient.token()}"}
    url = f"{patient.url}/v1/prefill/decision"
    with locked(log_file(patient)):
        asking = asyncio.create_task(patient.session.post(url, json=body(answer), headers=headers))
        await asyncio.sleep(0.4)
        asking.cancel()
        await asyncio.wait([asking])
        await asyncio.sleep(0.2)
    await numbered(patient, answer)
    status, problem = await patient.post("/v1/prefill/decision", body(answer, *answer["evidence"]))
    assert (status, problem["code"]) == (409, "decision_taken")
    # who went away asks again, and has the answer
    status, changed = await patient.post("/v1/prefill/decision", body(answer))
    assert (status, changed["decision"]["refused"]) == (200, [])
    (decision,) = decisions_of(patient, answer)
    assert decision["refused"] == ""


@on_session
async def test_copy_whose_erasure_is_owed_fills_no_form_and_is_erased_in_the_end(patient: House) -> None:
    ask, got = await kept_phone(patient, "grandparent", PHONE)
    answer = (await patient.post("/v1/prefill", {**ask, "preview": True}))[1]
    own = evidence_of(answer, "own_data")
    store = patient.state / "consents.sqlite"
    with contextlib.ExitStack() as away:
        with locked(log_file(patient)):
            asking = asyncio.create_task(patient.post("/v1/prefill/decision", body(answer, own)))
            await asyncio.sleep(0.4)
            away.enter_context(locked(store))
        status, changed = await asking
        assert (status, changed["decision"]["refused"]) == (200, [own])
    assert [one["erased"] for one in decisions_of(patient, answer)] == ["email phone"]
    after = (await patient.post("/v1/prefill", {**ask, "official": new_official()}))[1]
    assert after["fields"]["soDienThoai"]["value"] is None

    def left() -> int:
        with contextlib.closing(sqlite3.connect(store)) as connection:
            text = "SELECT count(*) FROM own_data WHERE consent = ?"
            return int(connection.execute(text, (got["consent"],)).fetchone()[0])

    assert left() == 2
    await numbered(patient, answer)
    decisions, reader = open_decisions(_URL, patient.state), open_reader(_URL, patient.state)
    await finish_open_decisions(decisions, reader, time.time())
    assert left() == 2  # whoever decides may still be at it
    await finish_open_decisions(decisions, reader, time.time() + 61)
    assert left() == 0
    await decisions.close()
    await reader.close()
    status, problem = await patient.post("/v1/prefill/decision", body(answer))
    assert (status, problem["code"]) == (409, "decision_taken")
    assert len(decisions_of(patient, answer)) == 1
    await patient.post("/v1/consents/withdraw", {"consent": got["consent"]})


@on_session
async def test_what_was_refused_leaves_by_no_door_that_was_open_before(patient: House) -> None:
    await patient.misbehave("civil_status", "slow", seconds=0.6, times=1)
    answer = await shown(patient, deadline_ms=200)
    asked = {"pending": answer["pending"]}
    late = answer
    while late["pending"]:
        late = (await patient.post("/v1/prefill/resume", asked))[1]
    assert (await patient.post("/v1/prefill/resume", asked))[
        0
    ] == 200  # as often as he likes, until he decides
    await decided(patient, late, *late["evidence"])
    status, problem = await patient.post("/v1/prefill/resume", asked)
    assert (status, problem["code"]) == (404, "pending_unknown")
    # nor when what is held of the decision is over: the record tells
    await numbered(patient, answer)
    held_until(patient, time.time())
    status, problem = await patient.post("/v1/prefill/resume", asked)
    assert (status, problem["code"]) == (404, "pending_unknown")
    headers = {"Authorization": f"Bearer {await patient.token()}", "Accept": "text/event-stream"}
    url = f"{patient.url}/v1/prefill/resume"
    async with patient.session.post(url, json=asked, headers=headers) as response:
        said = await response.text()
    # a problem, or the error of a stream that began while the store was slow
    assert "pending_unknown" in said
    assert "event: late" not in said


async def test_decision_of_a_process_that_was_killed_before_its_record_can_be_taken_again_soon(
    make_house: Callable[..., Any],
) -> None:
    async with make_house() as house:
        answer = await shown(house)
        with locked(log_file(house)):
            asking = asyncio.create_task(house.post("/v1/prefill/decision", body(answer)))
            await asyncio.sleep(0.4)
            with contextlib.closing(sqlite3.connect(house.state / "consents.sqlite")) as store:
                ((key, until),) = store.execute("SELECT key, until FROM decisions").fetchall()
            assert until - time.time() < 61
            assert (await asking)[0] == 503
        left = sqlite3.connect(house.state / "consents.sqlite", isolation_level=None)
        with contextlib.closing(left):
            left.execute("INSERT INTO decisions VALUES (?, ?)", (key, time.time() + 60))
            status, problem = await house.post("/v1/prefill/decision", body(answer))
            assert (status, problem["code"]) == (409, "decision_taken")
            left.execute("UPDATE decisions SET until = ?", (time.time() - 1,))
        await decided(house, answer, *answer["evidence"])
        (decision,) = decisions_of(house, answer)
        assert decision["accepted"] == ""


async def test_decision_of_a_process_that_was_killed_after_its_record_is_not_taken_again(
    make_house: Callable[..., Any],
) -> None:
    async with make_house() as house:
        answer = await shown(house)
        settings = LogSettings()
        log = open_log(_URL, house.state, settings.origin, root_keys(settings, house.state))
        await log.append(ExchangeRecord(
            exchange=answer["exchange_id"], phase=Phase.CONSENT, time=rfc3339(datetime.now(UTC)),
            requester=house.clients["portal"]["client_id"], procedure="1.004873", result="decision",
        ))  # fmt: skip
        await log.close()
        await numbered(house, answer)
        status, problem = await house.post("/v1/prefill/decision", body(answer, *answer["evidence"]))
        assert (status, problem["code"]) == (409, "decision_taken")
        assert len(decisions_of(house, answer)) == 1


async def test_decision_whose_record_may_have_been_written_stays_taken(
    make_house: Callable[..., Any],
) -> None:
    """The file of the log is moved away under the write: it was written, and nobody can tell."""
    async with make_house() as house:
        answer = await shown(house)
        file = log_file(house)
        with locked(file):
            asking = asyncio.create_task(house.post("/v1/prefill/decision", body(answer)))
            await asyncio.sleep(0.4)
            away = file.rename(house.state / "away")
        status, problem = await asking
        assert (status, problem["code"]) == (503, "log_unavailable")
        with contextlib.closing(sqlite3.connect(house.state / "consents.sqlite")) as store:
            assert len(store.execute("SELECT key FROM decisions").fetchall()) == 1
        away.rename(file)
        await numbered(house, answer)
        status, problem = await house.post("/v1/prefill/decision", body(answer, *answer["evidence"]))
        assert (status, problem["code"]) == (409, "decision_taken")
        assert len(decisions_of(house, answer)) == 1
