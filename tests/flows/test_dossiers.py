"""Dossiers from the counter to the simulated national portal and back, over real HTTP."""

import asyncio
import itertools
import json
import shutil
import sqlite3
import unicodedata
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from adapters.sandbox.served_files import tiny_pdf
from tests.api.office import fits
from tests.doors.conftest import leaves
from tests.flows.conftest import House, build, changed, on_session
from tests.flows.test_records import records

_numbers = itertools.count(1)
OWNER = "033191527384"


def dossier(**more: Any) -> dict[str, Any]:
    """A dossier of an invented person, with a code that no other test uses."""
    return {
        "code": f"H31.14-260105-{next(_numbers):04}", "procedure": "1.004873",
        "procedure_title": "Cấp Giấy xác nhận tình trạng hôn nhân", "field_code": "G15-HT01", "field_title": "Hộ tịch",
        "channel": "online", "unit": "UBND phường Mẫu", "abstract": "Xác nhận tình trạng hôn nhân",
        "applicant": {"name": "Đỗ Thị Thử", "ids": [{"kind": "personal_id", "number": OWNER}], "verified": True},
        "filed_at": "2026-01-05T01:12:00Z", "received_at": "2026-01-05T01:30:00Z",
        "due_at": "2026-01-07T10:00:00Z", "status": "accepted", **more,
    }  # fmt: skip


def step(
    code: str, status: str = "processing", at: str = "2026-01-06T03:15:00Z", **more: Any
) -> dict[str, Any]:
    return {
        "dossier": code,
        "official": "Lê Văn Ví Dụ",
        "at": at,
        "content": "Đang xử lý",
        "status": status,
        **more,
    }


async def call(
    house: House, method: str, path: str, client: str = "one_gate", body: Any = None, **headers: str
) -> tuple[int, Any]:
    sent = {"Authorization": f"Bearer {await house.token(client)}", **headers}
    async with house.session.request(method, house.url + path, json=body, headers=sent) as response:
        return response.status, await response.json(content_type=None)


async def posted(house: House, body: dict[str, Any], key: str = "") -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    status, answer = await call(house, "POST", "/v1/dossiers", body=body, **headers)
    assert status == 202, answer
    fits("DossierAccepted", answer)
    return answer


async def progressed(house: House, *entries: dict[str, Any]) -> Any:
    status, answer = await call(house, "POST", "/v1/dossiers/progress", body={"entries": entries})
    assert status == 202, answer
    fits("ProgressAccepted", answer)
    return answer


async def at_portal(house: House, code: str) -> dict[str, Any]:
    """The row of the portal's ledger; empty when the dossier is not there."""
    async with house.session.get(f"{house.control}/portal/ledger", params={"code": code}) as response:
        rows: list[dict[str, Any]] = (await response.json())["dossiers"]
    return rows[0] if rows else {}


async def shown(house: House, code: str) -> Any:
    status, answer = await call(house, "GET", f"/v1/dossiers/{code}")
    assert status == 200, answer
    fits("DossierShown", answer)
    return answer


async def delivered(house: House, code: str, count: int = 1) -> list[Any]:
    """The deliveries of a dossier when so many are confirmed."""
    async with asyncio.timeout(20):
        while True:
            found = (await shown(house, code))["deliveries"]
            if sum(one["state"] == "delivered" for one in found) >= count:
                return list(found)
            await asyncio.sleep(0.05)


@pytest.fixture
async def relaying(tmp_path: Any) -> AsyncIterator[House]:
    async with build(tmp_path, {}) as made:
        yield made


@on_session
async def test_dossier_reaches_the_portal_once_with_its_progress(patient: House) -> None:
    body = dossier()
    answer = await posted(patient, body)
    assert (answer["state"], answer["version"]) == ("stored", 1)
    await progressed(patient, step(body["code"]), step(body["code"], "processed", "2026-01-07T02:00:00Z"))
    await delivered(patient, body["code"], 2)
    row = await at_portal(patient, body["code"])
    assert (row["creates"], row["updates"], row["status"]) == (1, 0, "9")
    assert [status for status, _ in row["progress"]] == ["4", "9"]
    there = await shown(patient, body["code"])
    assert there["status"] == "processed"
    assert [one["status"] for one in there["history"]] == ["accepted", "processing", "processed"]


@on_session
@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"status": "unknown", "status_text": "Đang chờ ý kiến"}, "/status"),
        ({"more": {"DanhSachLePhi": "15000"}}, "/fees"),
        ({"more": {"DanhSachTepDinhKemKhac": ["ảnh"]}}, "/other_files/0"),
    ],
)
async def test_what_no_portal_could_ever_read_is_refused_at_once(
    patient: House, more: dict[str, Any], pointer: str
) -> None:
    body = dossier(**more)
    status, answer = await call(patient, "POST", "/v1/dossiers", body=body)
    assert (status, answer["code"]) == (422, "message_not_writable")
    assert answer["errors"][0]["pointer"] == pointer
    status, problem = await call(patient, "GET", f"/v1/dossiers/{body['code']}")
    assert status == 404
    assert "counted" not in str(problem), "one was asked about"


@on_session
async def test_the_same_step_twice_in_one_request_is_one(patient: House) -> None:
    body = dossier()
    await posted(patient, body)
    answer = await progressed(patient, step(body["code"]), step(body["code"]))
    assert len(answer["deliveries"]) == 1
    await delivered(patient, body["code"], 2)
    again = await progressed(patient, step(body["code"]))
    assert again["deliveries"] == []
    assert (await at_portal(patient, body["code"]))["progress_rows"] == 1


@on_session
async def test_the_same_dossier_again_changes_nothing(patient: House) -> None:
    body = dossier()
    first = await posted(patient, body)
    again = await posted(patient, body)
    assert (again["state"], again["version"], again["deliveries"]) == ("repeated", first["version"], [])
    await delivered(patient, body["code"])
    assert (await at_portal(patient, body["code"]))["creates"] == 1


@on_session
async def test_another_version_is_an_update_at_the_portal(patient: House) -> None:
    body = dossier()
    await posted(patient, body)
    changed = await posted(patient, {**body, "note": "Bổ sung ghi chú"})
    assert (changed["state"], changed["version"]) == ("updated", 2)
    await delivered(patient, body["code"], 2)
    row = await at_portal(patient, body["code"])
    assert (row["creates"], row["updates"]) == (1, 1)


@on_session
async def test_key_is_remembered_and_another_body_under_it_is_refused(patient: House) -> None:
    body, key = dossier(), f"thu-{next(_numbers)}"
    first = await posted(patient, body, key)
    again = await posted(patient, body, key)
    assert (again["code"], again["version"], again["state"]) == (first["code"], 1, "stored")
    status, problem = await call(
        patient, "POST", "/v1/dossiers", body={**body, "note": "khác"}, **{"Idempotency-Key": key}
    )
    assert (status, problem["code"]) == (422, "idempotency_key_reused")


@on_session
async def test_progress_answers_the_verdicts_of_its_own_entries_only(patient: House) -> None:
    body = dossier()
    await posted(patient, body)
    first, second = step(body["code"]), step(body["code"], "processed", "2026-01-07T02:00:00Z")
    [one] = (await progressed(patient, first))["entries"]
    [two] = (await progressed(patient, second))["entries"]
    assert (one["verdict"], two["verdict"]) == ("applied", "applied")
    assert one["id"] != two["id"]
    assert (await progressed(patient, first))["entries"] == [one], "also of a step that is there"


async def progressed_under(house: House, key: str, *entries: dict[str, Any]) -> tuple[int, Any]:
    sent = {"Idempotency-Key": key}
    return await call(house, "POST", "/v1/dossiers/progress", body={"entries": entries}, **sent)


@on_session
async def test_resend_of_progress_of_several_dossiers_gets_the_whole_first_answer(patient: House) -> None:
    one, two, key = dossier(), dossier(), f"tien-do-{next(_numbers)}"
    await posted(patient, one)
    await posted(patient, two)
    entries = [step(one["code"]), step(two["code"]), step(one["code"], "processed", "2026-01-07T02:00:00Z")]
    status, first = await progressed_under(patient, key, *entries)
    assert status == 202
    assert [entry["dossier"] for entry in first["entries"]] == [one["code"], one["code"], two["code"]]
    await delivered(patient, one["code"], 2)
    status, again = await progressed_under(patient, key, *entries)
    assert status == 202
    fits("ProgressAccepted", again)
    told = {"exchange_id": "", "receipt": None}
    assert {**again, **told} == {**first, **told}
    assert again["receipt"] is None
    assert (await progressed_under(patient, key, entries[0]))[0] == 422


async def test_progress_that_broke_off_between_its_dossiers_is_completed_by_its_resend(tmp_path: Any) -> None:
    async with build(tmp_path, {}) as house:
        one, two, key = dossier(), dossier(), "tien-do"
        await posted(house, one)
        await posted(house, two)
        entries = [step(one["code"]), step(two["code"])]
        with closing(sqlite3.connect(house.state / "exchange.db")) as connection:
            connection.execute(
                "CREATE TRIGGER broken BEFORE INSERT ON dossier_events"
                f" WHEN NEW.code = '{two['code']}' BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
            )
            status, _ = await progressed_under(house, key, *entries)
            assert status == 503
            assert (await shown(house, one["code"]))["status"] == "processing"
            assert (await shown(house, two["code"]))["status"] == "accepted"
            connection.execute("DROP TRIGGER broken")
        status, answer = await progressed_under(house, key, *entries)
        assert status == 202
        assert [one["state"] for one in answer["dossiers"]] == ["repeated", "updated"]
        assert [one["verdict"] for one in answer["entries"]] == ["applied", "applied"]
        _, again = await progressed_under(house, key, *entries)
        assert (again["entries"], again["dossiers"]) == (answer["entries"], answer["dossiers"])
        for body in (one, two):
            await delivered(house, body["code"], 2)
            assert (await at_portal(house, body["code"]))["progress_rows"] == 1


@on_session
async def test_key_is_stored_nowhere_in_plain_text(patient: House) -> None:
    body, key = dossier(), f"khoa-cua-{OWNER}"
    await posted(patient, body, key)
    await progressed_under(patient, f"{key}-2", step(body["code"]))
    status, _ = await call(
        patient,
        "POST",
        "/v1/dossiers/inbox/ack",
        body={"deliveries": [26 * "0"]},
        **{"Idempotency-Key": f"{key}-3"},
    )
    assert status == 404
    files = [one.read_bytes() for one in patient.state.rglob("*") if one.is_file()]
    assert [one for one in files if b"khoa-cua" in one] == []


@on_session
async def test_fifty_twins_at_once_are_one_dossier(patient: House) -> None:
    body = dossier()
    answers = await asyncio.gather(*(call(patient, "POST", "/v1/dossiers", body=body) for _ in range(50)))
    assert {status for status, _ in answers} <= {202, 409}
    states = [answer["state"] for status, answer in answers if status == 202]
    assert states.count("stored") == 1
    assert set(states) <= {"stored", "repeated"}
    await delivered(patient, body["code"])
    row = await at_portal(patient, body["code"])
    assert (row["creates"], row["updates"]) == (1, 0)


@on_session
async def test_dossier_of_another_system_does_not_exist(patient: House) -> None:
    body = dossier()
    await posted(patient, body)
    status, other = await call(patient, "GET", f"/v1/dossiers/{body['code']}", "national_portal")
    unknown_status, unknown = await call(patient, "GET", "/v1/dossiers/H31.14-260105-9999", "national_portal")
    assert status == unknown_status == 404
    assert {**other, "exchange_id": ""} == {**unknown, "exchange_id": ""}
    status, problem = await call(patient, "POST", "/v1/dossiers", "national_portal", body)
    assert (status, problem["code"]) == (409, "dossier_code_taken")
    refusal = leaves(patient.state)[-1]
    assert (refusal["result"], refusal["dossier"]) == ("dossier_code_taken", body["code"])
    assert OWNER not in str(refusal)
    status, _ = await call(
        patient, "POST", "/v1/dossiers/progress", "national_portal", {"entries": [step(body["code"])]}
    )
    assert status == 404


@on_session
async def test_code_of_another_unit_is_refused_with_its_place_and_remedy(patient: House) -> None:
    status, problem = await call(patient, "POST", "/v1/dossiers", body=dossier(code="H30.14-260105-0001"))
    assert (status, problem["code"]) == (422, "dossier_unit_not_own")
    assert problem["errors"][0]["pointer"] == "/code"
    assert "dossier_units" in problem["errors"][0]["detail"]


@on_session
async def test_owner_finds_his_dossier_and_nobody_else_does(patient: House) -> None:
    body = dossier()
    await posted(patient, body)
    status, found = await call(
        patient, "POST", "/v1/dossiers/search", body={"owner": {"personal_id": OWNER}, "limit": 200}
    )
    assert status == 200
    fits("Dossiers", found)
    assert body["code"] in [one["code"] for one in found["dossiers"]]
    asked = {"code": body["code"], "owner": {"personal_id": OWNER}}
    status, answer = await call(patient, "POST", "/v1/dossiers/status", "national_portal", asked)
    assert (status, answer["status"]) == (200, "accepted")
    fits("DossierStatusAnswer", answer)
    status, _ = await call(
        patient, "POST", "/v1/dossiers/status", "national_portal",
        {**asked, "owner": {"personal_id": "033095318426"}},
    )  # fmt: skip
    assert status == 404


async def test_agreement_checked_by_the_relay_opens_with_an_own_open_dossier_only(tmp_path: Any) -> None:
    file = "config/agreements/one_gate.yaml"
    rule = 'dossier: {required: "true", checked_by: relay}\npurposes:'
    root = changed(tmp_path / "project", file, ("\npurposes:", f"\n{rule}"))
    async with build(tmp_path / "state", {}, root) as house:
        who = house.subject("facts_example")
        body = {"procedure": "1.004873", "subjects": {"requester": who, "person": {"same_as": "requester"}},
                "official": {"personal_id": "033085741906", "agency": "000.00.14.H31"}}  # fmt: skip
        number = [{"kind": "personal_id", "number": who["personal_id"]}]
        opened = dossier(applicant={"name": who["full_name"], "ids": number})
        others = dossier()
        await posted(house, others)
        status, answer = await call(house, "POST", "/v1/prefill", body={**body, "dossier": others["code"]})
        assert (status, answer["code"]) == (403, "dossier_not_alive"), "a dossier of somebody else"
        status, answer = await call(house, "POST", "/v1/prefill", body={**body, "dossier": opened["code"]})
        assert (status, answer["code"]) == (403, "dossier_not_alive")
        await posted(house, opened)
        status, answer = await call(house, "POST", "/v1/prefill", body={**body, "dossier": opened["code"]})
        assert status == 200, answer
        await progressed(house, step(opened["code"], "handed_over"))
        status, answer = await call(house, "POST", "/v1/prefill", body={**body, "dossier": opened["code"]})
        assert (status, answer["code"]) == (403, "dossier_not_alive")


@on_session
@pytest.mark.parametrize(
    ("more", "pointer", "field"),
    [
        ({"unit": ""}, "/unit", "DonViXuLy"),
        ({"abstract": ""}, "/abstract", "TrichYeuHoSo"),
        ({"field_code": ""}, "/field_code", "MaLinhVuc"),
        ({"received_at": None}, "/received_at", "NgayTiepNhan"),
        ({"fees": [{}, {"collect": "strange"}]}, "/fees/1/collect", "DanhSachLePhi[1].HinhThucThu"),
        ({"status": "unknown"}, "/status", "TrangThaiHoSo"),
    ],
)
async def test_dossier_that_no_portal_could_ever_take_is_refused_at_once(
    patient: House, more: dict[str, Any], pointer: str, field: str
) -> None:
    body = dossier(**more)
    status, problem = await call(patient, "POST", "/v1/dossiers", body=body)
    assert (status, problem["code"]) == (422, "message_not_writable")
    (entry,) = problem["errors"]
    assert entry["pointer"] == pointer
    assert f"national_bus wants the field {field}" in entry["detail"]
    # nothing of it is stored or queued
    status, _ = await call(patient, "GET", f"/v1/dossiers/{body['code']}")
    assert status == 404


@on_session
async def test_step_that_no_portal_could_ever_take_is_refused_with_all_others_of_its_request(
    patient: House,
) -> None:
    body, other = dossier(), dossier()
    for one in (body, other):
        await posted(patient, one)
    entries = [step(other["code"]), step(body["code"]), step(body["code"], official="")]
    status, problem = await call(patient, "POST", "/v1/dossiers/progress", body={"entries": entries})
    assert (status, problem["code"]) == (422, "message_not_writable")
    assert problem["errors"][0]["pointer"] == "/entries/2/official"
    assert "NguoiXuLy" in problem["errors"][0]["detail"]
    for one in (body, other):
        assert len((await shown(patient, one["code"]))["history"]) == 1


@on_session
async def test_dossier_posted_again_keeps_the_status_that_its_steps_reached(patient: House) -> None:
    body = dossier()
    await posted(patient, body)
    await progressed(patient, step(body["code"], "processed", "2026-01-07T02:00:00Z"))
    await posted(patient, {**body, "note": "Bổ sung một giấy tờ"})
    await delivered(patient, body["code"], 3)
    assert (await shown(patient, body["code"]))["status"] == "processed"
    assert (await at_portal(patient, body["code"]))["status"] == "9"


@on_session
async def test_late_step_reaches_the_portal_and_leaves_its_status_as_it_is(patient: House) -> None:
    body = dossier()
    await posted(patient, body)
    await progressed(patient, step(body["code"], "processed", "2026-01-07T02:00:00Z"))
    await progressed(patient, step(body["code"], "processing", "2026-01-06T02:00:00Z"))
    await delivered(patient, body["code"], 4)
    row = await at_portal(patient, body["code"])
    assert row["status"] == "9"
    assert sorted(status for status, _ in row["progress"]) == ["4", "9"]


@on_session
async def test_step_that_the_status_machine_does_not_follow_stays_here(patient: House) -> None:
    body = dossier()
    await posted(patient, body)
    await progressed(patient, step(body["code"], "handed_over", "2026-01-07T02:00:00Z"))
    answer = await progressed(patient, step(body["code"], "processing", "2026-01-08T02:00:00Z"))
    assert answer["deliveries"] == []
    verdicts = {one["status"]: one["verdict"] for one in (await shown(patient, body["code"]))["history"]}
    assert verdicts["processing"] == "after_final"


async def test_step_ahead_of_the_clock_counts_from_its_time_on(tmp_path: Any) -> None:
    async with build(tmp_path, {"gateway.relay.statuses.ahead_seconds": "1"}) as house:
        body = dossier()
        await posted(house, body)
        at = (datetime.now(UTC) + timedelta(seconds=4)).strftime("%Y-%m-%dT%H:%M:%SZ")
        answer = await progressed(house, step(body["code"], "processed", at))
        assert [one["verdict"] for one in answer["entries"] if one["verdict"] == "early"] == ["early"]
        assert (await shown(house, body["code"]))["status"] == "accepted"
        async with asyncio.timeout(30):
            while (await shown(house, body["code"]))["status"] != "processed":
                await asyncio.sleep(0.2)
            while (await at_portal(house, body["code"])).get("status") != "9":
                await asyncio.sleep(0.2)


async def test_dossier_whose_content_was_erased_can_be_sent_again(tmp_path: Any) -> None:
    body = dossier()
    soon = {"gateway.relay.erase_days": "0.00001"}
    async with build(tmp_path, {}) as house:
        await posted(house, body)
        await delivered(house, body["code"])
    await asyncio.sleep(1)
    async with build(tmp_path, soon) as house:
        async with asyncio.timeout(20):
            while (await shown(house, body["code"]))["dossier"] is not None:
                await asyncio.sleep(0.1)
        assert (await posted(house, body))["state"] == "updated"
        await delivered(house, body["code"], 2)


@on_session
async def test_each_number_of_an_owner_is_in_the_records_of_his_dossier(patient: House) -> None:
    ids = [{"kind": "personal_id", "number": OWNER}, {"kind": "old_id", "number": "145827361"}]
    body = dossier()
    await posted(patient, {**body, "applicant": {"name": "Đỗ Thị Thử", "ids": ids}})
    await progressed(patient, step(body["code"]))
    await shown(patient, body["code"])
    found = [one for one in leaves(patient.state) if one["dossier"] == body["code"]]
    assert {one["result"] for one in found} >= {"dossier_stored", "dossier_updated", "dossier_shown"}
    for one in found:
        if one["result"] in ("dossier_stored", "dossier_updated", "dossier_shown"):
            assert set(one["subjects"]) == {"owner", "owner1"}, one["result"]


@on_session
async def test_step_names_files_of_its_own_requester_only(patient: House) -> None:
    body = dossier()
    await posted(patient, body)
    paper = {"file": "sha256:" + "ab" * 32, "title": "Phiếu yêu cầu"}
    entries = {"entries": [step(body["code"], papers=[paper])]}
    status, problem = await call(patient, "POST", "/v1/dossiers/progress", body=entries)
    assert (status, problem["code"]) == (422, "file_unknown")
    assert "/v1/papers/fetch" in str(problem)
    assert problem["errors"][0]["pointer"] == "/entries/0/papers/0/file"


@on_session
async def test_download_of_a_portal_is_recorded_with_the_portal_and_the_dossier(patient: House) -> None:
    headers = {
        "Authorization": f"Bearer {await patient.token('one_gate')}",
        "Content-Type": "application/pdf",
    }
    async with patient.session.post(f"{patient.url}/v1/files", data=tiny_pdf("tep"), headers=headers) as got:
        file = (await got.json())["file"]
    body = dossier(papers=[{"file": file, "file_name": "don.pdf"}])
    await posted(patient, body)
    await delivered(patient, body["code"])
    order = {"code": body["code"]}
    async with patient.session.post(f"{patient.control}/portal/fetch_files", json=order) as got:
        assert got.status == 200, await got.text()
    record = [one for one in records(patient) if one["result"] == "file_read"][-1]
    assert (record["requester"], record["dossier"]) == ("national_bus", body["code"])


@on_session
async def test_resend_gets_the_first_answer_also_when_its_file_is_gone_by_then(patient: House) -> None:
    headers = {
        "Authorization": f"Bearer {await patient.token('one_gate')}",
        "Content-Type": "application/pdf",
    }
    content = tiny_pdf("tep se mat")
    async with patient.session.post(f"{patient.url}/v1/files", data=content, headers=headers) as got:
        file = (await got.json())["file"]
    body = dossier(papers=[{"file": file, "file_name": "don.pdf"}])
    first = await posted(patient, body, "don-giay-mat")
    await delivered(patient, body["code"])
    digest = file.removeprefix("sha256:")
    for place in list(patient.state.rglob(f"{digest}*")):
        shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
    again = await posted(patient, body, "don-giay-mat")
    assert (again["code"], again["version"], again["state"]) == (first["code"], 1, first["state"])
    status, problem = await call(
        patient, "POST", "/v1/dossiers", body=body, **{"Idempotency-Key": "don-giay-khac"}
    )
    assert (status, problem["code"]) == (422, "file_unknown")


@on_session
async def test_dossier_without_the_time_of_filing_is_taken_with_a_warning(patient: House) -> None:
    (warning,) = (await posted(patient, dossier(filed_at=None)))["warnings"]
    assert (warning["code"], warning["pointer"]) == ("filed_at_missing", "/filed_at")
    assert "NgayNopHoSo" in warning["detail"]
    assert (await posted(patient, dossier()))["warnings"] == []


@on_session
async def test_step_that_says_more_than_an_earlier_one_is_another_step(patient: House) -> None:
    body = dossier()
    await posted(patient, body)
    first = step(body["code"], at="2026-01-06T03:15:00.100Z")
    await progressed(patient, first)
    more = await progressed(patient, {**first, "due_at": "2026-01-09T10:00:00Z"})
    assert [one["state"] for one in more["dossiers"]] == ["updated"]
    again = await progressed(patient, {**first, "at": "2026-01-06T03:15:00.900Z"})
    assert [one["state"] for one in again["dossiers"]] == ["repeated"], "receivers know seconds only"


@on_session
async def test_words_that_may_name_a_person_are_withheld_from_records(patient: House) -> None:
    for agency, procedure in (("Trần Thị Ngỏ", "1.999999 Vũ Văn Lộ"), ("Tran-Thi-Ngo-1990", "Vu-Van-Lo")):
        body = dossier(agency=agency, procedure=procedure)
        body["code"] = f"Hồ sơ của Đỗ Thị Bày {body['code']}"
        before = len(records(patient))
        await posted(patient, body)
        found = [one for one in records(patient)[before:] if one["result"] == "dossier_stored"]
        assert {(one["agency"], one["procedure"]) for one in found} == {("withheld", "withheld")}
    raw = [json.dumps(one, ensure_ascii=False) for one in leaves(patient.state)]
    words = ("Ngỏ", "Vũ Văn", "Bày", "Thi-Ngo", "Vu-Van")
    assert [one for one in raw if any(word in one for word in words)] == []


@pytest.mark.parametrize(
    ("agency", "procedure"), [("H31.14", "1.004873"), ("000.00.88.H99", "2.999906.000.00.00.H99")]
)
@on_session
async def test_codes_of_agencies_and_procedures_are_recorded_also_where_the_gateway_does_not_know_them(
    patient: House, agency: str, procedure: str
) -> None:
    await posted(patient, body := dossier(agency=agency, procedure=procedure))
    found = [one for one in records(patient) if one["dossier"] == body["code"]]
    assert {(one["agency"], one["procedure"]) for one in found if one["result"] == "dossier_stored"} == {
        (agency, procedure.removesuffix(".000.00.00.H99"))
    }


@pytest.mark.parametrize(
    "code",
    [
        "0905-3372-1846", "A033905337218", "O33905337218", "033.905.337.218", "33905337218", "0900337218",
        "H31.033905337218", "H31.033.905.337.218-260105-0007", "H31-0900-337-218", "C1337218", "H31-C1337218",
        "M13-407334", "C12-34567", "H31-033905-QG-337218",
        "Do-Thi-Bay-1990", "DoThiBay", "H31-DOTHIBAY-1990", "bay.do@example.vn", "bay%40example.vn",
        "=1+1", "-1", "+1", "@SUM(1)", "...", "H31/../0001", "H31%2F..%2F0001", "#?;&\\ |",
    ],
)  # fmt: skip
@on_session
async def test_code_without_the_form_of_one_is_taken_and_records_do_not_name_it(
    patient: House, code: str
) -> None:
    before = len(records(patient))
    await posted(patient, dossier(code=code))
    assert (await shown(patient, quote(code, safe="")))["code"] == code
    found = records(patient)[before:]
    assert {one["dossier"] for one in found if one["result"] == "dossier_stored"} == {"withheld"}
    assert code not in {one["dossier"] for one in found}


@pytest.mark.parametrize("code", [".", "..", "H31{0001", "H31}0001"])
@on_session
async def test_code_that_no_address_can_carry_is_refused_with_a_remedy(patient: House, code: str) -> None:
    status, problem = await call(patient, "POST", "/v1/dossiers", body=dossier(code=code))
    assert (status, problem["errors"][0]["pointer"]) == (422, "/code"), problem
    assert "use another one, as H31.14-260105-0007" in problem["errors"][0]["detail"]
    assert (await call(patient, "POST", "/v1/dossiers/search", body={"code": code}))[1]["dossiers"] == []


@on_session
async def test_record_of_a_refusal_does_not_repeat_a_purpose_that_there_is_not(patient: House) -> None:
    subjects = {"requester": patient.subject("married"), "person": {"same_as": "requester"}}
    body = {"procedure": "1.004873", "subjects": subjects, "purpose": "zz_do-thi-bay"}
    status, problem = await patient.post("/v1/prefill", body)
    assert (status, problem["code"]) == (403, "purpose_not_allowed")
    found = [one for one in records(patient) if one["exchange"] == problem["exchange_id"]]
    assert [(one["phase"], one["purpose"]) for one in found] == [("refusal", "withheld")]


@pytest.mark.parametrize(
    "code", ["H31-QG-0906", "H31-LLTP-906", "000.00.16.H31-260105-0906", "H31.123-260105-0906"]
)
@on_session
async def test_code_that_records_name_is_found_by_auditors(patient: House, code: str) -> None:
    await posted(patient, dossier(code=code))
    async with asyncio.timeout(20):  # until the log has it
        found: list[Any] = []
        while not found:
            await asyncio.sleep(0.05)
            _, answer = await call(patient, "POST", "/v1/audit/search", "auditor", {"dossier": code})
            found = answer["records"]
    assert {one["dossier"] for one in found} == {code}


@on_session
async def test_stranger_sees_the_dossier_as_it_arrived_at_the_portal(patient: House) -> None:
    body = dossier()
    await posted(patient, body)
    await delivered(patient, body["code"])
    asked = {"code": body["code"], "receiver": "national_bus"}
    async with patient.session.get(f"{patient.control}/portal/messages", params=asked) as response:
        found = (await response.json())["messages"]
    [sent] = [json.loads(one["body"]) for one in found if one["operation"] == "DongBoHoSoMC"]
    assert list(sent) == ["session", "madonvi", "service", "isUpdating", "data"]
    assert (sent["service"], sent["isUpdating"]) == ("DongBoHoSoMC", "False")
    assert sent["data"][0]["MaHoSo"] == body["code"]
    assert sent["data"][0]["NgayTiepNhan"] == "20260105083000"


@on_session
async def test_code_typed_in_two_forms_of_unicode_is_one_dossier(patient: House) -> None:
    body = dossier()
    composed = f"Đ-\u1ed3-{body['code']}"
    apart = unicodedata.normalize("NFD", composed)
    assert apart != composed
    assert (await posted(patient, {**body, "code": apart}))["code"] == composed
    assert (await posted(patient, {**body, "code": composed}))["state"] == "repeated"
    for asked in (apart, composed):
        assert (await shown(patient, asked))["code"] == composed
        path = f"/v1/deliveries?dossier={quote(asked)}"
        assert (await call(patient, "GET", path))[1]["deliveries"]


@pytest.mark.parametrize("sign", ["\u200b", "\u00ad", "\u202e", "\ufeff", "\u00a0", "\u3164", "\ufe0f", "\t"])
@on_session
async def test_code_with_an_invisible_sign_is_refused_with_its_place_and_remedy(
    patient: House, sign: str
) -> None:
    body = dossier()
    code = body["code"]
    for place, wrong in (
        ("/code", {**body, "code": f"{code[:5]}{sign}{code[5:]}"}),
        ("/other_code", {**body, "other_code": f"{code}{sign}"}),
        ("/papers/0/component", {**body, "papers": [{"component": f"A{sign}B"}]}),
    ):
        status, answer = await call(patient, "POST", "/v1/dossiers", body=wrong)
        assert (status, answer["errors"][0]["pointer"]) == (422, place), answer
        assert "plain letters" in answer["errors"][0]["detail"]
    status, _ = await call(patient, "GET", f"/v1/dossiers/{code}")
    assert status == 404
