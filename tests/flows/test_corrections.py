"""Corrections: what is wrong in a database is reported to its owner; values stand sealed, and in his report."""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.domain.identifiers import new_exchange_id
from tests import typed
from tests.api.office import fits
from tests.flows.conftest import House, new_official, on_session
from tests.flows.test_records import records

RIGHT = "1990-02-16"
BORN = "1990-02-15"


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def _answered(shared_house: House) -> AsyncIterator[None]:
    """Afterwards no report of the shared house is open: it says something about the forms of other tests."""
    yield
    await answer_reports(shared_house)


async def answer_reports(house: House) -> None:
    """Refuse the reports of wrong data that are open."""
    for state in ("queued", "taken", "received"):
        for one in await found(house, state=state, limit=200):
            assert (await updated(house, one["id"], "refused"))[0] == 200


async def shown(house: House, client: str = "portal", trait: str = "facts_example", **more: Any) -> str:
    """An exchange in which the requester was shown what population and civil status say of the person."""
    subjects = {"requester": house.subject(trait), "person": {"same_as": "requester"}}
    body = {"procedure": "1.004873", "subjects": subjects, "official": new_official(), **more}
    status, answer = await house.post("/v1/prefill", body, client)
    assert status == 200, answer
    return str(answer["exchange_id"])


def report(house: House, exchange: str, **more: Any) -> dict[str, Any]:
    return {
        "subject": house.subject("facts_example"), "source": "population", "attribute": "person.birth_date",
        "why": "citizen_corrects", "shown": BORN, "correct": RIGHT, "grounds": "Giấy khai sinh số 12",
        "exchange_id": exchange, **more,
    }  # fmt: skip


async def sent(house: House, body: dict[str, Any], client: str = "portal") -> tuple[int, Any]:
    """The answer once the exchange has its place in the tree, which takes a moment."""
    for _ in range(100):
        status, answer = await house.post("/v1/corrections", body, client)
        if status != 404:
            break
        await asyncio.sleep(0.1)
    return status, answer


async def opened(house: House, **more: Any) -> Any:
    status, answer = await sent(house, report(house, await shown(house), **more))
    assert status == 200, answer
    return answer


async def page(house: House, client: str = "portal", **more: Any) -> Any:
    status, answer = await house.post("/v1/corrections/search", more, client)
    assert status == 200, answer
    return answer


async def found(house: House, client: str = "portal", **more: Any) -> list[Any]:
    listed: list[Any] = (await page(house, client, **more))["corrections"]
    return listed


async def taken(house: House, correction: str) -> Any:
    status, answer = await house.post("/v1/corrections/take", {"correction": correction})
    assert status == 200, answer
    fits("CorrectionTaken", answer)
    return answer


async def updated(house: House, correction: str, state: str, client: str = "portal") -> tuple[int, Any]:
    body = {"correction": correction, "state": state, "reference": "Công văn 123/C06 ngày 02/12/2026"}
    return await house.post("/v1/corrections/update", body, client)


def in_clear(house: House, *secrets: str) -> list[Path]:
    """Files of the state folder that hold one of these in clear; texts of configurations name personas."""
    return [
        path
        for path in house.state.rglob("*")
        if path.parent.name != "configurations"
        and path.is_file()
        and any(secret.encode() in path.read_bytes() for secret in secrets)
    ]


@on_session
async def test_report_waits_until_it_is_taken_out_and_stands_as_the_owner_says(patient: House) -> None:
    answer = await opened(patient)
    assert answer["state"] == "queued"
    assert "Ngày sinh" in answer["advice"]["vi"]
    assert answer["provider"] in answer["advice"]["en"]
    got = await taken(patient, answer["id"])
    content, who = got["report"], patient.subject("facts_example")
    assert (got["state"], got["id"], content["id"]) == ("taken", answer["id"], answer["id"])
    assert content["subject"]["personal_id"] == who["personal_id"]
    assert (content["shown"], content["shown_is"], content["correct"]) == (BORN, "recorded", RIGHT)
    assert content["grounds"] == "Giấy khai sinh số 12"
    assert not {"key", "opened_in"} & set(content)
    assert (await taken(patient, answer["id"]))["changed_at"] == got["changed_at"]
    for state in ("received", "received", "corrected", "corrected"):  # the same again is told again
        status, told = await updated(patient, answer["id"], state)
        fits("CorrectionState", told)
        assert (status, told["state"]) == (200, state)
    for state in ("received", "refused"):
        status, problem = await updated(patient, answer["id"], state)
        assert (status, problem["code"]) == (409, "state_differs")
    for path, body in (("take", {}), ("update", {"state": "received", "reference": "Biên nhận 1"})):
        status, problem = await patient.post(
            f"/v1/corrections/{path}", {"correction": answer["id"], **body}, "one_gate"
        )
        assert (status, problem["code"]) == (404, "correction_unknown")
    mine = [one for one in records(patient) if one["notes"].get("correction") == answer["id"]]
    assert [one["result"] for one in mine] == [
        "correction_opened", "correction_taken", "correction_taken", "correction_received", "correction_corrected",
    ]  # fmt: skip
    assert mine[-1]["notes"]["reference"] == "Công văn 123/C06 ngày 02/12/2026"
    assert mine[-1]["subjects"] == mine[0]["subjects"]


@on_session
async def test_of_two_answers_of_the_owner_at_once_one_is_taken(patient: House) -> None:
    answer = await opened(patient, correct="1990-06-01")
    done = await asyncio.gather(*(
        updated(patient, answer["id"], ("corrected", "refused")[turn % 2]) for turn in range(6)
    ))  # fmt: skip
    assert len({told["state"] for status, told in done if status == 200}) == 1
    assert {status for status, _ in done} <= {200, 409}


@on_session
async def test_records_and_queue_hold_no_value_and_no_person(patient: House) -> None:
    answer = await opened(patient, correct="1990-03-17", contact="0900000001")
    mine = [one for one in records(patient) if one["notes"].get("correction") == answer["id"]]
    assert [(one["phase"], one["result"]) for one in mine] == [("delivery", "correction_opened")]
    assert mine[0]["exchange"] == answer["exchange_id"]
    assert mine[0]["notes"]["attribute"] == "person.birth_date"
    with contextlib.closing(sqlite3.connect(patient.state / "corrections.sqlite")) as asked:
        rows = asked.execute("SELECT * FROM corrections WHERE id = ?", (answer["id"],)).fetchall()
    who = patient.subject("facts_example")
    for secret in ("1990-03-17", "0900000001", who["personal_id"], who["full_name"], "Giấy khai sinh"):
        assert secret not in json.dumps(mine, ensure_ascii=False)
        assert secret.encode() not in repr(rows).encode()
        assert not [one for one in rows[0] if isinstance(one, bytes) and secret.encode() in one]
        assert in_clear(patient, secret) == []


@on_session
async def test_mother_sees_who_learnt_her_number_from_a_report_about_her_newborn(patient: House) -> None:
    mother = patient.subject("newborn_mother")
    child = next(one for one in patient.personas if "without_id" in one["traits"])
    number = mother["personal_id"]
    newborn = {"parent_personal_id": number}
    body = {"procedure": "1.001193", "subjects": {"requester": mother, "mother": {"same_as": "requester"}}}
    status, answer = await patient.post("/v1/prefill", {**body, "official": new_official()}, "portal")
    assert status == 200, answer
    status, made = await sent(
        patient,
        report(
            patient, answer["exchange_id"], subject=newborn, source="health",
            attribute="birth_notice.full_name", shown=child["full_name"], correct="Hoàng Gia Hân",
        ),
    )  # fmt: skip
    assert status == 200, made
    about = {"exchange_id": made["exchange_id"], "reason": "Khiếu nại số 41"}
    for _ in range(100):
        status, who = await patient.post("/v1/audit/identify", about, "auditor")
        if status == 200:
            break
        await asyncio.sleep(0.1)
    assert status == 200, who
    assert [{*one["subjects"]} for one in who["records"]] == [{"subject", "parent"}]
    for _ in range(100):
        _, seen = await patient.post("/v1/usage", {"subject": {"personal_id": number}}, "citizen")
        if any(one["state"] == "identified" for one in seen["uses"]):
            break
        await asyncio.sleep(0.1)
    assert [one for one in seen["uses"] if made["exchange_id"] in one["summary"]]
    _, log = await patient.post("/v1/audit/search", {"subject": {"personal_id": number}}, "auditor")
    notes = {one["exchange_id"]: one["notes"] for one in log["records"]}
    assert notes[made["exchange_id"]]["shown_in"] == answer["exchange_id"]


@on_session
async def test_requester_finds_its_own_reports_by_person_and_state_and_nobody_elses(patient: House) -> None:
    answer = await opened(patient, correct="1990-04-18")
    by_person = await found(patient, subject=patient.subject("facts_example"))
    assert answer["id"] in [one["id"] for one in by_person]
    assert by_person[0]["opened_at"] >= by_person[-1]["opened_at"]
    assert (
        await found(patient, subject={**patient.subject("facts_example"), "personal_id": "033099170352"})
        == []
    )
    assert answer["id"] not in [one["id"] for one in await found(patient, state="taken")]
    others = await found(patient, "one_gate", subject=patient.subject("facts_example"))
    assert answer["id"] not in [one["id"] for one in others]
    assert len(await found(patient, limit=1)) == 1
    look = [one for one in records(patient) if one["result"] == "corrections"]
    assert {one["phase"] for one in look} == {"lookup"}


@on_session
async def test_reports_come_in_pages_and_a_cursor_of_another_is_none(patient: House) -> None:
    made = [(await opened(patient, correct=f"1990-05-{day}"))["id"] for day in (11, 12, 13)]
    first = await page(patient, limit=2)
    second = await page(patient, limit=1, cursor=first["next"])
    assert [one["id"] for one in first["corrections"]] == made[:0:-1]
    assert [one["id"] for one in second["corrections"]] == made[:1]
    for client, cursor in (("one_gate", first["next"]), ("portal", "cr-" + "a" * 24)):
        status, problem = await patient.post("/v1/corrections/search", {"cursor": cursor}, client)
        assert (status, problem["code"]) == (404, "correction_unknown")


@on_session
@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"source": "nowhere"}, 422, "unknown_source"), ({"attribute": "person.shoe_size"}, 422, "unknown_attribute"),
        ({"attribute": "land_parcel.area"}, 422, "unknown_attribute"),
        ({"attribute": "person.religion"}, 403, "not_shown"),
        ({"source": "tax", "attribute": "taxpayer.name"}, 403, "not_shown"),
        ({"subject": {"personal_id": "033199999999"}}, 403, "not_shown"),
        ({"shown": "NEVER SHOWN"}, 422, "shown_differs"), ({"shown": "1991-02-15"}, 422, "shown_differs"),
        ({"shown": None}, 422, "shown_differs"),
        ({"others": [{"source": "nosuch", "value": 1}]}, 422, "unknown_source"),
        ({"others": [{"source": "tax", "value": "1991"}]}, 422, "not_shown"),
        ({"why": "x"}, 422, "unprocessable"), ({"subject": {"full_name": "A"}}, 422, "unprocessable"),
        ({"exchange_id": None}, 400, "bad_request"),
        ({"correct": "x" * 5000}, 413, "too_large"), ({"extra": 1}, 400, "bad_request"),
    ],
)  # fmt: skip
async def test_report_that_is_none_or_not_the_requesters_to_make_is_refused(
    patient: House, change: dict[str, Any], status: int, code: str
) -> None:
    exchange = await shown(patient)
    before = len(await found(patient, limit=200))
    got, problem = await sent(patient, report(patient, exchange, **change))
    assert (got, problem["code"]) == (status, code), problem
    assert len(await found(patient, limit=200)) == before
    refusals = [one for one in records(patient) if one["exchange"] == problem["exchange_id"]]
    expected = [("refusal", "not_shown", ["correction:not_shown"])] if status == 403 else []
    assert [(one["phase"], one["result"], one["rules"]) for one in refusals] == expected


@on_session
async def test_exchange_of_another_requester_is_as_one_that_there_is_not(patient: House) -> None:
    theirs, who = await shown(patient, "one_gate", "married"), patient.subject("married")
    body = report(patient, theirs, subject=who, shown=who["birth_date"])
    status, _ = await sent(patient, body, "one_gate")
    assert status == 200  # it has its place by now
    problems = []
    for exchange in (theirs, new_exchange_id()):
        status, problem = await patient.post("/v1/corrections", {**body, "exchange_id": exchange})
        assert status == 404
        problems.append(
            {name: one for name, one in problem.items() if name not in ("exchange_id", "instance")}
        )
    assert problems[0] == problems[1]
    assert problems[0]["code"] == "exchange_unknown"


@on_session
async def test_question_that_was_answered_with_yes_or_no_showed_nobody_a_value(patient: House) -> None:
    who = patient.subject("facts_example")
    body = {"subject": who, "predicates": ["age_at_least:18"], "official": new_official()}
    status, asked = await patient.post("/v1/predicates", body)
    assert status == 200, asked
    status, problem = await sent(patient, report(patient, asked["exchange_id"]))
    assert (status, problem["code"]) == (403, "not_shown")


async def test_same_report_is_one_and_more_than_the_rate_allows_are_429(
    make_house: Callable[..., Any],
) -> None:
    async with make_house(gateway__corrections__per_subject="12/day") as house:
        exchange = await shown(house)
        body = report(house, exchange)
        _, first = await sent(house, body)
        again = await shown(house)
        await sent(house, report(house, again, correct="1990-02-17"))  # it has its place by now
        answers = await asyncio.gather(*(
            house.post("/v1/corrections", {**body, "exchange_id": one}) for one in [exchange, again] * 5
        ))  # fmt: skip
        assert {(status, one.get("id")) for status, one in answers} == {(200, first["id"])}
        assert len(await found(house)) == 2
        repeated = [one for one in records(house) if one["result"] == "correction_repeated"]
        assert [one["notes"]["correction"] for one in repeated] == [first["id"]] * 10
        status, problem = await house.post("/v1/corrections", body)
        assert (status, problem["code"], problem["rule"]) == (
            429,
            "quota_exceeded",
            "quota:corrections:subject",
        )
        assert problem["retry_after"] > 0
        assert (records(house)[-1]["phase"], records(house)[-1]["result"]) == ("refusal", "quota_exceeded")


async def test_report_that_was_altered_or_whose_month_is_erased_reaches_nobody(
    make_house: Callable[..., Any], tmp_path: Path
) -> None:
    copied = (
        "INSERT INTO corrections (id, period, person, requester, source, attribute, state, opened, delivered, sealed)"
        " SELECT ?, ?, person, requester, source, attribute, state, opened, delivered, sealed"
        " FROM corrections WHERE id = ?"
    )
    erased, altered = "cr-" + "e" * 24, "cr-" + "f" * 24
    async with make_house() as house:
        answer = await opened(house)
        month = (await found(house))[0]["opened_at"][:7]
        with contextlib.closing(sqlite3.connect(tmp_path / "corrections.sqlite")) as asked, asked:
            asked.execute(copied, (erased, "2020-01", answer["id"]))
            # a report under another id opens for nobody
            asked.execute(copied, (altered, month, answer["id"]))
        for correction, code in ((erased, "period_keys_erased"), (altered, "report_unreadable")):
            status, problem = await house.post("/v1/corrections/take", {"correction": correction})
            assert (status, problem["code"]) == (409, code)
        assert {one["id"] for one in await found(house, state="unreadable")} == {erased, altered}
        assert [one["id"] for one in await found(house, state="queued")] == [answer["id"]]


async def test_report_waits_while_the_keys_of_its_month_do_not_open(
    make_house: Callable[..., Any], tmp_path: Path
) -> None:
    async with make_house() as house:
        answer = await opened(house)
        with contextlib.closing(sqlite3.connect(tmp_path / "exchange.db", isolation_level=None)) as keys:
            for (name,) in keys.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                keys.execute(f"DROP TRIGGER {name}")
            [(period, wrapped)] = keys.execute("SELECT period, wrapped FROM period_keys").fetchall()
            # as while another machine has changed the root key and this one has not heard of it
            keys.execute("UPDATE period_keys SET wrapped = ?", (bytes(len(wrapped)),))
            status, problem = await house.post("/v1/corrections/take", {"correction": answer["id"]})
            assert (status, problem["code"]) == (503, "corrections_unavailable")
            assert [one["state"] for one in await found(house)] == ["queued"]
            keys.execute("UPDATE period_keys SET wrapped = ? WHERE period = ?", (wrapped, period))
        assert (await taken(house, answer["id"]))["state"] == "taken"


async def test_files_of_the_release_before_are_removed_and_what_they_said_was_delivered_was_not(
    make_house: Callable[..., Any], tmp_path: Path
) -> None:
    async with make_house() as house:
        waits, carried = (await opened(house))["id"], (await opened(house, correct="1990-07-07"))["id"]
    folder = tmp_path / "corrections" / "population"
    folder.mkdir(parents=True)
    folder.parent.chmod(0o755)
    stray = "cr-" + "z" * 24
    for name in (waits, stray):
        (folder / f"{name}.json").write_text('{"subject": {"full_name": "Trần Thị Mẫu"}}', "utf-8")
    with contextlib.closing(sqlite3.connect(tmp_path / "corrections.sqlite")) as asked, asked:
        asked.execute("UPDATE corrections SET state = 'delivered', delivered = 5")
    async with make_house() as house:
        assert {one["id"]: one["state"] for one in await found(house)} == {waits: "queued", carried: "taken"}
        assert [path.stem for path in folder.iterdir()] == [stray]  # nobody has it but in this file
        assert folder.parent.stat().st_mode & 0o777 == 0o700
        assert (folder / f"{stray}.json").stat().st_mode & 0o777 == 0o600
        assert (await taken(house, waits))["report"]["correct"] == RIGHT


async def test_command_lists_takes_and_updates_reports(
    make_house: Callable[..., Any], tmp_path: Path
) -> None:
    async with make_house() as house:
        answer, access = (
            await opened(house),
            ("--gateway", house.url, "--client-secret", "sandbox-only-portal"),
        )

        async def said(*words: str) -> Any:
            done = await asyncio.to_thread(typed.motlan, "corrections", *words, "--json", *access)
            assert done.code == 0, done.err
            return json.loads(done.out)

        assert [one["id"] for one in (await said("list", "--state", "queued"))["corrections"]] == [
            answer["id"]
        ]
        out = tmp_path / "report.json"
        told = await said("take", answer["id"], "--out", str(out))
        assert (told["state"], "report" in told) == ("taken", False)
        assert out.stat().st_mode & 0o777 == 0o600
        assert json.loads(out.read_text("utf-8"))["correct"] == RIGHT
        done = await said("update", answer["id"], "corrected", "--reference", "Công văn 123/C06")
        assert done["state"] == "corrected"
        assert (await said("list", "--state", "queued"))["corrections"] == []
