"""Bodies become requests; late answers come as JSON or as events; readiness follows the log."""

import asyncio
import json

from gateway.domain import sentences as say
from gateway.domain.errors import LogUnavailable, Refused
from gateway.domain.parties import Subject, SubjectKind
from tests.api.conftest import CANARY, GOOD, Door


async def test_request_reaches_the_use_case_whole(door: Door) -> None:
    body = {
        **GOOD,
        "official": {"personal_id": "033085621947", "agency": "000.00.14.H31"},
        "dossier": "H31.14-260105-0007",
        "purpose": None,
        "consent": "CS-2026-0007",
        "mandate": "UQ-2026-0019",
        "login": None,
        "account": {"SoDienThoai": "0900000001"},
        "fields": ["nxnHoTen"],
        "known": {"nxnMucDichSuDung": "Kết hôn"},
        "deadline_ms": 2000,
    }
    answer = await door.post("/v1/prefill", body)
    assert answer.status == 200
    assert answer.json["exchange_id"] == answer.headers["X-Exchange-Id"]
    asked = door.prefill.asked[0]
    assert asked.subjects["requester"] == Subject(
        kind=SubjectKind.PERSON, personal_id=CANARY, full_name="Canh Thị Giác"
    )
    assert asked.subjects["person"] == "requester"
    assert asked.official is not None
    assert asked.official.agency == asked.agency == "000.00.14.H31"
    assert asked.fields == ("nxnHoTen",)
    assert (asked.consent, asked.mandate) == ("CS-2026-0007", "UQ-2026-0019")
    assert asked.known == {"nxnMucDichSuDung": "Kết hôn"}


async def test_code_with_a_unit_suffix_is_the_national_procedure(door: Door) -> None:
    await door.post("/v1/prefill", {**GOOD, "procedure": "1.004873.H31"})
    assert door.prefill.asked[0].procedure == "1.004873"


async def test_parcel_and_newborn_are_subjects_of_their_kind(door: Door) -> None:
    parcel = {"commune": "11953", "sheet": "12", "number": "345"}
    await door.post(
        "/v1/prefill",
        {"procedure": "1.012753", "subjects": {"user": {"personal_id": CANARY}, "parcel": parcel}},
    )
    child = {"birth_date": "2026-10"}
    await door.post(
        "/v1/prefill",
        {"procedure": "1.001193", "subjects": {"mother": {"personal_id": CANARY}, "child": child}},
    )
    subjects = [door.prefill.asked[0].subjects["parcel"], door.prefill.asked[1].subjects["child"]]
    kinds = [subject.kind for subject in subjects if isinstance(subject, Subject)]
    assert kinds == [SubjectKind.PARCEL, SubjectKind.NEWBORN]


async def test_login_that_proves_nothing_is_refused_instead_of_ignored(door: Door) -> None:
    (await door.post("/v1/prefill", {**GOOD, "login": "x"})).assert_problem(422, "unprocessable")
    (await door.post("/v1/prefill", {**GOOD, "login": "x.y.z"})).assert_problem(422, "login_not_proven")
    assert not door.prefill.asked


async def test_refusals_of_the_use_case_are_problems(door: Door) -> None:
    door.prefill.error = Refused("purpose-1")
    refused = await door.post("/v1/prefill", GOOD)
    refused.assert_problem(403, "refused")
    assert refused.json["rule"] == "purpose-1"
    door.prefill.error = LogUnavailable()
    (await door.post("/v1/prefill", GOOD)).assert_problem(503, "log_unavailable")


async def test_resume_answers_json_and_404_for_a_strange_token(door: Door) -> None:
    assert (await door.post("/v1/prefill/resume", {"pending": "known"})).status == 200
    (await door.post("/v1/prefill/resume", {"pending": "strange"})).assert_problem(404, "pending_unknown")


async def test_resume_streams_events_until_the_end(door: Door) -> None:
    door.prefill.late = [{"fields": {"a": 1}}, {"fields": {"b": "hai"}}]
    answer = await door.post("/v1/prefill/resume", {"pending": "known"}, Accept="text/event-stream")
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.headers["X-Exchange-Id"]
    assert answer.raw.decode() == (
        'event: late\ndata: {"fields":{"a":1}}\n\nevent: late\ndata: {"fields":{"b":"hai"}}\n\nevent: end\ndata: {}\n\n'
    )


async def test_stream_that_breaks_off_says_so(door: Door) -> None:
    door.prefill.late = [{"fields": {"a": 1}}, LogUnavailable()]
    answer = await door.post("/v1/prefill/resume", {"pending": "known"}, Accept="text/event-stream")
    *_, last, nothing = answer.raw.decode().split("\n\n")
    assert (last.partition("\n")[0], nothing) == ("event: error", "")
    assert json.loads(last.partition("data: ")[2])["code"] == "log_unavailable"


async def test_stream_of_a_strange_token_is_a_problem_not_a_stream(door: Door) -> None:
    answer = await door.post("/v1/prefill/resume", {"pending": "strange"}, Accept="text/event-stream")
    answer.assert_problem(404, "pending_unknown")


async def test_ready_follows_the_log_and_live_does_not(door: Door) -> None:
    answer = await door.get("/health/ready")
    assert answer.status == 200
    assert b"exchange_log_fault" not in answer.raw
    door.log.up = False
    answer = await door.get("/health/ready")
    assert (answer.status, answer.json["status"], answer.json["code"]) == (
        503,
        "not_ready",
        "log_unavailable",
    )
    fault = {"detail": say.DISK_FULL.en, "detail_vi": say.DISK_FULL.vi}
    assert json.loads(answer.raw)["dependencies"]["exchange_log_fault"] == fault
    assert (await door.get("/health/live")).status == 200


async def test_caller_that_hangs_up_frees_its_place(door: Door) -> None:
    door.prefill.gate = asyncio.Event()
    for _ in range(6):
        asking = asyncio.create_task(door.post("/v1/prefill", GOOD))
        await asyncio.sleep(0.05)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    await asyncio.sleep(0.05)
    door.prefill.gate.set()
    assert (await door.post("/v1/prefill", GOOD)).status == 200
