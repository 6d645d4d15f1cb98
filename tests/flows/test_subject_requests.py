"""Requests of data subjects at the real door and by command: due days, one extension, reasons, overdue ones."""

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from gateway.config.configuration import load
from gateway.domain.dates import legal_day
from gateway.subject_requests.days import WorkingDays
from tests.api.office import fits
from tests.flows.conftest import ROOT, House, on_session
from tests.flows.test_records import records
from tests.typed import motlan

DAYS = WorkingDays(load(ROOT / "config").holidays)
SAID = "Tôi muốn sửa số điện thoại 0900417283"


def working(count: int) -> str:
    return DAYS.after(legal_day(datetime.now(UTC)), count).isoformat()


def due(count: int) -> str:
    return (legal_day(datetime.now(UTC)) + timedelta(days=count)).isoformat()


async def opened(house: House, **more: Any) -> dict[str, Any]:
    who = {"personal_id": house.subject("married")["personal_id"]}
    body = {"subject": who, "kind": "access", **more}
    status, answer = await house.post("/v1/subject-requests", body)
    assert status == 200, answer
    fits("SubjectRequest", answer)
    return dict(answer)


async def act(house: House, request: str, what: str, **more: str) -> tuple[int, Any]:
    return await house.post("/v1/subject-requests/update", {"request": request, "act": what, **more})


@on_session
@pytest.mark.parametrize(
    ("kind", "third_party", "days"),
    [
        ("access", False, 10), ("correction", True, 20), ("deletion", False, 15), ("restriction", False, 15),
        ("objection", True, 20),
    ],
)  # fmt: skip
async def test_request_is_acknowledged_in_working_days_and_answered_in_days_of_which_all_count(
    patient: House, kind: str, third_party: bool, days: int
) -> None:
    got = await opened(patient, kind=kind, third_party=third_party, text=SAID)
    assert (got["state"], got["acknowledge_by"], got["answer_by"]) == ("received", working(2), due(days))
    assert (got["overdue"], got["holidays_known"]) == (False, True)


@on_session
async def test_request_is_acknowledged_extended_once_and_answered_once(patient: House) -> None:
    got = await opened(patient, kind="restriction", text=SAID)
    request = got["request"]
    assert "text" not in got
    _, told = await act(patient, request, "acknowledge")
    fits("SubjectRequest", told)
    assert (told["state"], told["text"]) == ("acknowledged", SAID)
    assert told["subject"] == {"personal_id": patient.subject("married")["personal_id"]}
    assert (await act(patient, request, "acknowledge"))[0] == 409
    assert (await act(patient, request, "extend"))[0] == 422  # say why
    status, longer = await act(patient, request, "extend", reason="Phải hỏi cơ quan khác")
    assert (status, longer["extended"]) == (200, True)
    assert longer["answer_by"] == due(15 + 15)
    assert (await act(patient, request, "extend", reason="Phải hỏi nữa"))[0] == 409
    status, done = await act(patient, request, "answer")
    assert [one["act"] for one in done["acts"]] == ["opened", "acknowledged", "extended", "answered"]
    for what in ("answer", "refuse"):
        assert (await act(patient, request, what, reason="Đã trả lời rồi"))[0] == 409


async def keyed(house: House, key: str, client: str = "portal", **more: Any) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {await house.token(client)}", "Idempotency-Key": key}
    body = {"subject": {"personal_id": house.subject("married")["personal_id"]}, "kind": "access", **more}
    async with house.session.post(f"{house.url}/v1/subject-requests", json=body, headers=headers) as response:
        return response.status, await response.json(content_type=None)


@on_session
async def test_request_that_comes_again_under_its_key_is_one(patient: House) -> None:
    done = await asyncio.gather(*(keyed(patient, "thư 1".encode().hex(), text=SAID) for _ in range(6)))
    assert {status for status, _ in done} == {200}
    [request] = {body["request"] for _, body in done}
    fits("SubjectRequest", done[0][1])
    mine = [one["result"] for one in records(patient) if one["notes"].get("request") == request]
    assert mine.count("request_opened") - mine.count("request_not_done") == 1
    assert mine.count("request_repeated") == 5
    status, problem = await keyed(patient, "thư 1".encode().hex(), text="Khác")
    assert (status, problem["code"]) == (422, "idempotency_key_reused")
    _, other = await keyed(patient, "thư 1".encode().hex(), "citizen", text=SAID)
    assert other["request"] != request
    for key in (" ", "x" * 256, "a\tb"):
        assert (await keyed(patient, key))[0] == 400


@on_session
async def test_deletion_is_not_answered_while_own_data_are_kept(patient: House) -> None:
    who = {"personal_id": "033195408217"}  # no other test gives a consent in this name
    given = {
        "subject": who, "purpose": "keep_own_data", "attributes": {"own_data.kept": ["phone"]}, "text_version": "v1",
        "language": "vi", "channel": "portal", "expires_at": "2030-01-01T00:00:00Z",
    }  # fmt: skip
    status, consent = await patient.post("/v1/consents", given)
    assert status == 200, consent
    got = await opened(patient, kind="deletion", subject=who)
    status, problem = await act(patient, got["request"], "answer")
    assert (status, problem["code"]) == (409, "data_still_kept")
    assert (await patient.post("/v1/consents/withdraw", {"consent": consent["consent"]}))[0] == 200
    status, done = await act(patient, got["request"], "answer")
    assert (status, done["state"]) == (200, "answered")


@on_session
async def test_of_many_acts_at_once_one_is_done_and_the_others_have_a_record_that_says_they_were_not(
    patient: House,
) -> None:
    request = (await opened(patient))["request"]
    done = await asyncio.gather(*(
        act(patient, request, ("answer", "refuse")[turn % 2], reason="Đã xem xét") for turn in range(8)
    ))  # fmt: skip
    assert sorted(status for status, _ in done) == [200, *[409] * 7]
    [won] = [body["exchange_id"] for status, body in done if status == 200]
    mine = [one for one in records(patient) if one["notes"].get("request") == request]
    acts = [one["exchange"] for one in mine if one["result"] in ("request_answered", "request_refused")]
    undone = [one for one in mine if one["result"] == "request_not_done"]
    assert won in acts
    assert sorted(one["exchange"] for one in undone) == sorted({*acts} - {won})
    assert {one["notes"]["outcome"] for one in undone} <= {"state_differs"}
    assert {one["notes"]["undone"] for one in undone} <= {"answered", "refused"}


@on_session
async def test_request_is_found_by_its_person_and_by_who_took_it_in_and_by_nobody_else(
    patient: House,
) -> None:
    got = await opened(patient, text=SAID)
    who = {"personal_id": patient.subject("married")["personal_id"]}
    for client, body, seen in (
        ("portal", {}, True),
        ("citizen", {"subject": who}, True),
        ("citizen", {}, False),
        ("citizen", {"subject": {"personal_id": "033199555555"}}, False),
    ):
        status, found = await patient.post("/v1/subject-requests/search", body, client)
        fits("SubjectRequests", found)
        text = orjson.dumps(found).decode()
        assert (status, got["request"] in text) == (200, seen)
        assert "0900417283" not in text
        assert who["personal_id"] not in text
    body = {"request": got["request"], "act": "answer"}
    assert (await patient.post("/v1/subject-requests/update", body, "citizen"))[0] == 404


async def test_overdue_request_is_seen_in_readiness_metrics_and_the_list(
    make_house: Callable[..., Any],
) -> None:
    async with make_house() as house:
        got = await opened(house, text=SAID)

        async def ready() -> Any:
            async with house.session.get(f"{house.admin}/health/ready") as response:
                return (response.status, (await response.json())["dependencies"]["subject_requests"])

        assert await ready() == (200, {"state": "ready", "overdue": 0})
        with sqlite3.connect(house.state / "consents.sqlite") as connection:
            connection.execute("UPDATE subject_requests SET acknowledge_by = '2026-01-05'")
        connection.close()
        assert await ready() == (200, {"state": "overdue", "overdue": 1})
        async with house.session.get(f"{house.admin}/metrics") as response:
            assert "motlan_subject_requests_overdue 1.0" in await response.text()
        access = ("--gateway", house.url, "--client-secret", "sandbox-only-portal")
        listed = await asyncio.to_thread(motlan, "subject-requests", "list", "--open", "--json", *access)
        [shown] = orjson.loads(listed.out)["requests"]
        assert (listed.code, shown["request"], shown["overdue"]) == (1, got["request"], True)
        table = await asyncio.to_thread(motlan, "subject-requests", "list", *access)
        assert "quá hạn / overdue" in table.out
        done = await asyncio.to_thread(
            motlan, "subject-requests", "update", got["request"], "acknowledge", *access
        )
        assert done.code == 0
        assert await ready() == (200, {"state": "ready", "overdue": 0})
        number = house.subject("married")["personal_id"]
        new = await asyncio.to_thread(
            motlan, "subject-requests", "open", "-", "--kind", "access", "--json", *access, given=number
        )
        assert orjson.loads(new.out)["kind"] == "access"
        assert not any(
            secret.encode() in path.read_bytes()
            for secret in ("0900417283", number)
            for path in house.state.rglob("*")
            if path.is_file()
        )
