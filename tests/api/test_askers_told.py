"""What auditors and citizens are told of what they asked, and how they may write it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from gateway.domain.exchange import Phase
from gateway.domain.identifiers import new_exchange_id
from tests.api.office import ONE, OTHER, WHO, Office, call, fits
from tests.api.test_exports_told import ready, run
from tests.keeping.shelf import opened

OLD = "033990127"


@pytest.fixture(name="office")
async def _office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as made:
        (tmp_path / "ready.json").write_bytes(ready(made))
        yield made


async def test_citizen_is_told_that_his_identity_was_opened_and_not_why(office: Office) -> None:
    await office.settled(await office.plant())
    exchange = office.leaves()[0]["exchange"]
    body = {"exchange_id": exchange, "reason": "Khiếu nại số 12/KN-2026"}
    assert (await office.post("/v1/audit/search", {"subject": {"personal_id": WHO}}))[0] == 200
    assert (await office.post("/v1/audit/identify", body))[0] == 200
    while not await office.found(phase="lookup", subject={"personal_id": WHO}, result=None):
        await asyncio.sleep(0.02)
    async with asyncio.timeout(60):
        while (said := await run(office, "log", "subject", "-", given=WHO)).out.count(
            "trong nhật ký để biết"
        ) == 0:
            await asyncio.sleep(0.05)
    assert (said.code, said.out.count("đã mở giao dịch")) == (0, 1), said.out
    assert f"opened the exchange {exchange} in the log to learn who it is about" in said.out
    assert "Khiếu nại" not in said.out
    _, answer = await office.post("/v1/usage", {"subject": {"personal_id": WHO}}, client="citizen")
    assert [one["state"] for one in answer["uses"]] == ["identified", "answered"]


@pytest.mark.parametrize(
    ("closing", "state"),
    [
        ([("outcome", {})], "answered"),
        ([("outcome", {"withheld": "civil.extract"})], "answered_in_part"),
        ([("outcome", {}), ("consent", {"withheld": "own_data"})], "answered_in_part"),
        ([("outcome", {}), ("consent", {"accepted": "e1", "refused": "e2"})], "answered_in_part"),
        ([("outcome", {}), ("consent", {"accepted": "e1 e2", "refused": ""})], "answered"),
        ([("outcome", {"withheld": "civil.extract"}), ("refusal", {})], "refused"),
    ],
)
async def test_citizen_is_told_when_a_part_was_not_given(
    office: Office, closing: list[tuple[str, dict[str, str]]], state: str
) -> None:
    exchange = new_exchange_id()
    planted = [await office.plant(exchange=exchange, phase=Phase.INTENT)]
    for phase, notes in closing:
        planted.append(await office.plant(exchange=exchange, phase=Phase(phase), notes=notes))
    await office.settled(*planted)
    status, answer = await office.post("/v1/usage", {"subject": {"personal_id": WHO}}, client="citizen")
    assert status == 200, answer
    fits("Usage", answer)
    [use] = answer["uses"]
    assert use["state"] == state
    assert ("đã trả lời một phần" in use["summary"]) == (state == "answered_in_part")
    assert ("in part" in use["summary_en"]) == (state == "answered_in_part")


@pytest.mark.parametrize(
    ("outcomes", "vi", "en"),
    [
        (
            ["no_match", "skipped"],
            ["hỏi dữ liệu từ", "không xác định được đúng người"],
            "could not be identified",
        ),
        (["no_match", "unavailable"], ["có nguồn không trả lời được, không có dữ liệu"], "could not answer"),
        (["not_found"], ["nguồn không có dữ liệu này"], "hold no such data"),
        (["skipped"], ["yêu cầu dữ liệu cho thủ tục", "không có nguồn nào được hỏi"], "no source was asked"),
        (["found", "not_found"], ["khai thác dữ liệu từ", "đã trả lời"], "answered"),
    ],
)
async def test_citizen_is_told_why_no_data_were_given(
    office: Office, outcomes: list[str], vi: list[str], en: str
) -> None:
    await office.settled(await office.plant(calls=tuple(call("population", one) for one in outcomes)))
    _, answer = await office.post("/v1/usage", {"subject": {"personal_id": WHO}}, client="citizen")
    [use] = answer["uses"]
    assert all(one in use["summary"] for one in vi), use["summary"]
    assert en in use["summary_en"]
    assert use["state"] == "answered"
    assert ("đã trả lời" in use["summary"]) == ("found" in outcomes)


async def test_citizen_reads_that_a_report_of_wrong_data_was_refused(office: Office) -> None:
    report = {"phase": Phase.REFUSAL, "purpose": "", "procedure": "", "calls": (), "fields": {}}
    await office.settled(await office.plant(**report, rules=("correction:not_shown",)))
    _, answer = await office.post("/v1/usage", {"subject": {"personal_id": WHO}}, client="citizen")
    [use] = answer["uses"]
    assert (use["purpose"]["title"], use["purpose"]["title_en"]) == (
        "báo dữ liệu sai",
        "report of wrong data",
    )
    assert "mục đích: báo dữ liệu sai;" in use["summary"]


async def test_old_number_is_said_to_find_what_was_typed_with_it_only(office: Office) -> None:
    await office.settled(await office.plant(subjects={"requester": f"person|{OLD}"}))
    for words in (("log", "subject", "-"), ("log", "search", "--subject", "-")):
        said = await run(office, *words, given=OLD)
        assert all(one in said.out for one in ("số cũ 9 chữ số", "12 digits too")), said.out
        assert "9-digit" not in (await run(office, *words, given=OTHER)).out
        both = orjson.dumps({"old_id": OLD, "personal_id": OTHER}).decode()
        assert orjson.loads((await run(office, *words, "--json", given=both)).out)["notes"] == []


@pytest.mark.parametrize(
    ("words", "given", "told"),
    [
        (("search", "--since", "26/11/2026"), "", "--since: write a day as 2026-11-25, or a time as"),
        (
            ("report", "hours", "--since", "26/11/2026", "--until", "2026-11-28"),
            "",
            "--since: write a day as",
        ),
        (("subject", "-", "--until", "tomorrow"), WHO, "--until: write a day as"),
        (("subject", "-"), f"{WHO}\n{OTHER}\n", "person: one person, and 2 lines are given"),
        (("search", "--official", "-"), f"{WHO}\n{OTHER}\n", "official: one official"),
        (("search", "--subject", "-"), "Nguyễn", '{"parcel":'),
    ],
)
async def test_what_is_written_otherwise_is_told_its_forms(
    office: Office, words: tuple[str, ...], given: str, told: str
) -> None:
    said = await run(office, "log", *words, given=given)
    assert (said.code, told in said.err) == (2, True), said


async def test_parcel_is_found_as_a_request_names_it(office: Office) -> None:
    parcel = {"commune": "11953", "sheet": "12", "number": "77"}
    await office.settled(await office.plant(**(ONE | {"subjects": {"parcel": "parcel|11953|12|77|||"}})))
    for words, member in (
        (("log", "search", "--subject", "-"), "records"),
        (("log", "subject", "-"), "uses"),
    ):
        for given in (parcel, {"parcel": parcel}):
            said = await run(office, *words, "--json", given=orjson.dumps(given).decode())
            assert (said.code, len(orjson.loads(said.out)[member])) == (0, 1), said


async def test_csv_writes_the_words_of_the_contract(office: Office) -> None:
    await office.settled(await office.plant(calls=(call("population", "found"),)))
    await office.settled(await office.plant(on_duty=True))
    raw = await office.export(format="csv")
    assert not any(word in raw for word in (b"True", b"False", b"None"))
    assert b'"true"' in raw
    assert b'"false"' in raw


async def test_export_says_how_many_records_wait_for_their_number(office: Office) -> None:
    await office.settled(await office.plant())
    async with asyncio.timeout(20):
        while True:
            await asyncio.gather(*(office.plant() for _ in range(30)))
            said = await run(office, "log", "export", "--out", str(office.state / "out.jsonl"))
            assert said.code == 0, said.err
            if "records wait for their number" in said.err:
                break
