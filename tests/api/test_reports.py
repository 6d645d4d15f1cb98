"""The auditors' reports over a real log: what they count, that they name nobody, and that they leave a record."""

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.dates import rfc3339
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import ExchangeId, new_exchange_id
from tests.api.office import OTHER, Office, call, fits, opened
from tests.flows.conftest import on_session

CLERK = "033815602947"
REPORTS = ("requesters", "outcomes", "volume", "hours", "lookups")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Office]:
    """A gateway without sources, and an auditor who asks it."""
    async with opened(tmp_path) as made:
        yield made


async def exchange(desk: Office, time: str, end: Phase | None = Phase.OUTCOME, **more: Any) -> ExchangeId:
    """An exchange of a few records, in its place; its id."""
    known: dict[str, Any] = {"exchange": new_exchange_id(), "time": time, **more}
    planted = []
    if end is not Phase.REFUSAL:
        asked = tuple(one._replace(outcome="") for one in known.get("calls", (call("population", "found"),)))
        planted.append(await desk.plant(**{**known, "phase": Phase.INTENT, "calls": asked}))
    if end is not None:
        planted.append(await desk.plant(**{**known, "phase": end}))
    await desk.settled(*planted)
    found: ExchangeId = known["exchange"]
    return found


async def made(desk: Office, report: str, **more: Any) -> Any:
    body = {"report": report, "month": "2026-10", **more}
    status, answer = await desk.post("/v1/audit/report", {k: v for k, v in body.items() if v is not None})
    assert status == 200, answer
    fits("Report", answer)
    names = [column["name"] for column in answer["columns"]]
    assert all(list(row) and set(row) >= set(names) for row in answer["rows"])
    return answer


async def test_requesters_are_counted_by_the_months_of_viet_nam(desk: Office) -> None:
    await exchange(desk, "2026-09-30T16:59:59.999Z")
    await exchange(desk, "2026-09-30T17:00:00.000Z", dossier="H31.14-261001-0001")
    await exchange(desk, "2026-10-05T03:00:00.000Z", dossier="H31.14-261001-0001")
    await exchange(desk, "2026-10-05T03:00:00.000Z", Phase.REFUSAL, dossier="")
    await exchange(desk, "2026-10-06T03:00:00.000Z", Phase.ABANDONED, dossier="H31.14-261001-0002")
    await exchange(desk, "2026-10-06T03:00:00.000Z", None, requester="one_gate")
    answer = await made(desk, "requesters")
    assert answer["rows"] == [
        {
            "month": "2026-10", "requester": "portal", "exchanges": 4, "answered": 2, "refused": 1, "abandoned": 1,
            "dossiers": 2, "lookups": 0, "refused_share": 0.25,
        },
        {
            "month": "2026-10", "requester": "one_gate", "exchanges": 1, "answered": 0, "refused": 0, "abandoned": 0,
            "dossiers": 1, "lookups": 0, "refused_share": 0.0,
        },
    ]  # fmt: skip
    assert answer["totals"] == {"rows": 2, "exchanges": 5, "refused": 1}
    assert (answer["since"], answer["until"]) == ("2026-09-30T17:00:00.000Z", "2026-10-31T17:00:00.000Z")
    span = {"month": None, "since": "2026-09-01T00:00:00+07:00", "until": "2026-11-01T00:00:00+07:00"}
    answer = await made(desk, "requesters", requester="portal", **span)
    assert [(row["month"], row["exchanges"]) for row in answer["rows"]] == [("2026-09", 1), ("2026-10", 4)]
    assert (await made(desk, "requesters", agency="000.00.99.H31"))["rows"] == []


async def test_outcomes_are_those_of_the_last_record(desk: Office) -> None:
    late = await exchange(desk, "2026-10-05T03:00:00.000Z", calls=(call("civil_status", "unavailable"),))
    planted = await desk.plant(
        exchange=late, time="2026-10-05T03:00:09.000Z", calls=(call("civil_status", "found"),)
    )
    await desk.settled(planted)
    await exchange(
        desk, "2026-10-07T03:00:00.000Z", calls=(call("civil_status", "not_found"), call("tax", "found"))
    )
    answer = await made(desk, "outcomes")
    assert [(row["source"], row["outcome"], row["exchanges"], row["share"]) for row in answer["rows"]] == [
        ("civil_status", "found", 1, 0.5), ("civil_status", "not_found", 1, 0.5), ("tax", "found", 1, 1.0),
    ]  # fmt: skip


async def test_day_far_above_a_requesters_own_weeks_is_told(desk: Office) -> None:
    for day in (1, 8, 15, 22):
        await exchange(desk, f"2026-10-{day:02}T03:00:00.000Z")
    planted = [
        await desk.plant(exchange=new_exchange_id(), phase=Phase.REFUSAL, time="2026-10-29T03:00:00.000Z")
        for _ in range(12)
    ]
    await desk.settled(*planted)
    answer = await made(desk, "volume", weeks=4)
    assert answer["rows"] == [
        {
            "requester": "portal", "day": "2026-10-29", "exchanges": 12, "median": 1.0, "mad": 0.0, "score": 11.0,
            "active_days": 4,
        }
    ]  # fmt: skip
    assert answer["settings"] == {"weeks": 4, "same_weekday": True, "threshold": 3.5, "least": 10}
    assert answer["totals"] == {"rows": 1, "requesters": 1, "days": 31}
    assert (await made(desk, "volume", weeks=4, threshold=11))["rows"] == []
    assert (await made(desk, "volume", weeks=4, least=13))["rows"] == []
    (row,) = (await made(desk, "volume", weeks=4, compare="all", threshold=3))["rows"]
    assert (row["median"], row["active_days"], row["score"]) == (0.0, 4, 12.0)


async def test_access_outside_office_hours_is_told_by_official(desk: Office) -> None:
    await exchange(desk, "2026-10-05T00:00:00.000Z", official=CLERK)
    night = await exchange(desk, "2026-10-05T11:00:00.000Z", official=CLERK)
    sunday = await exchange(desk, "2026-10-04T03:00:00.000Z", official=CLERK)
    await exchange(desk, "2026-10-06T03:00:00.000Z", official=OTHER)
    answer = await made(desk, "hours")
    (row,) = answer["rows"]
    assert (row["exchanges"], row["outside"], row["share"]) == (3, 2, 0.6667)
    assert (row["first"], row["last"]) == ("2026-10-04T03:00:00.000Z", "2026-10-05T11:00:00.000Z")
    assert set(row["examples"]) == {night, sunday}
    holiday = await made(
        desk, "hours", office={"holidays": ["2026-10-06"], "workdays": ["2026-10-04"], "closes": "18:01"}
    )
    assert {row["outside"] for row in holiday["rows"]} == {1}
    wanted = {"rows": 1, "exchanges": 4, "outside": 1, "on_duty": 0, "on_duty_outside": 0}
    assert holiday["totals"] == wanted
    assert holiday["settings"]["holidays"] == ["2026-10-06"]


async def test_official_without_dossier_is_found_and_named_with_a_reason_only(desk: Office) -> None:
    mine = [
        await exchange(desk, f"2026-10-0{day}T03:00:00.000Z", official=CLERK, dossier="") for day in (5, 6, 7)
    ]
    await exchange(desk, "2026-10-08T03:00:00.000Z", official=CLERK)
    await exchange(desk, "2026-10-08T03:00:00.000Z", official=OTHER)
    answer = await made(desk, "lookups")
    (row,) = answer["rows"]
    assert (row["exchanges"], row["without_dossier"], row["share"]) == (4, 3, 0.75)
    assert row["official"] in {leaf["official"] for leaf in desk.leaves()}
    assert set(row["examples"]) <= set(mine)
    assert answer["totals"] == {
        "rows": 1, "exchanges": 5, "without_dossier": 3, "on_duty": 0, "on_duty_without_dossier": 0,
    }  # fmt: skip
    body = {"exchange_id": row["examples"][0], "reason": "Kiểm tra việc tra cứu không có hồ sơ"}
    status, told = await desk.post("/v1/audit/identify", body)
    assert (status, told["records"][0]["official"]) == (200, CLERK)


async def test_official_on_duty_who_did_not_act_looked_nobody_up(desk: Office) -> None:
    mine = await exchange(desk, "2026-10-05T11:00:00.000Z", official=CLERK, dossier="")
    for day in (6, 7):
        await exchange(desk, f"2026-10-0{day}T12:00:00.000Z", official=CLERK, dossier="", on_duty=True)
    await exchange(desk, "2026-10-08T03:00:00.000Z", official=OTHER, on_duty=True)
    answer = await made(desk, "lookups")
    (row,) = answer["rows"]
    assert (row["exchanges"], row["without_dossier"], row["examples"]) == (1, 1, [mine])
    assert answer["totals"] == {
        "rows": 1, "exchanges": 1, "without_dossier": 1, "on_duty": 3, "on_duty_without_dossier": 2,
    }  # fmt: skip
    answer = await made(desk, "hours")
    assert {(one["official"] != "", one["outside"]) for one in answer["rows"]} == {(True, 1), (False, 2)}
    assert answer["totals"] == {
        "rows": 2, "exchanges": 4, "outside": 3, "on_duty": 3, "on_duty_outside": 2,
    }  # fmt: skip


async def test_report_is_a_record_and_names_nobody(desk: Office) -> None:
    await exchange(desk, "2026-10-04T03:00:00.000Z", official=CLERK, dossier="")
    for report in REPORTS:
        answer = await made(desk, report, requester="portal")
        assert CLERK not in json.dumps(answer)
        leaf = next(one for one in desk.leaves() if one["exchange"] == answer["exchange_id"])
        assert (leaf["phase"], leaf["requester"], leaf["subjects"]) == ("lookup", "auditor", {})
        assert leaf["notes"] == {
            "operation": "report", "filters": "requester", "report": report, "since": answer["since"],
            "until": answer["until"],
        }  # fmt: skip


async def test_csv_has_no_formulas(desk: Office) -> None:
    await exchange(desk, "2026-10-04T03:00:00.000Z", agency='=HYPERLINK("x")', dossier="")
    status, raw = await desk.post(
        "/v1/audit/report", {"report": "lookups", "month": "2026-10", "format": "csv"}
    )
    assert status == 200
    assert raw.startswith(b"\xef\xbb\xbf")
    head, row = csv.reader(io.StringIO(raw.decode("utf-8-sig")))
    assert head[:3] == ["requester", "official", "agency"]
    assert row[2] == '\'=HYPERLINK("x")'


@on_session
@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"report": "gossip", "month": "2026-10"}, 422, "report"),
        ({"month": "2026-10"}, 400, "report"),
        ({"report": "requesters"}, 400, "give month, or since and until"),
        ({"report": "requesters", "since": "2026-10-01T00:00:00Z"}, 400, "give month, or since and until"),
        ({"report": "requesters", "month": "2026-10", "until": "2026-10-02T00:00:00Z"}, 400, "give month"),
        ({"report": "requesters", "month": "2026-13"}, 422, "month"),
        ({"report": "requesters", "since": "2026-10-02T00:00:00Z", "until": "2026-10-01T00:00:00Z"}, 400, "before"),
        ({"report": "requesters", "since": "2024-10-02T00:00:00Z", "until": "2026-10-01T00:00:00Z"}, 400, "400 days"),
        *(
            ({"report": report, "since": "9999-12-01T00:00:00Z", "until": "9999-12-31T23:59:59Z"}, 400, "2099")
            for report in REPORTS
        ),
        ({"report": "volume", "since": "0001-01-01T00:00:00Z", "until": "0001-01-02T00:00:00Z"}, 400, "2000"),
        ({"report": "requesters", "month": "2026-10", "colour": 1}, 400, "known: report, month"),
        ({"report": "requesters", "month": "2026-10", "limit": 1001}, 422, "limit"),
        ({"report": "requesters", "month": "2026-10", "weeks": 4}, 400, "/weeks: only the report volume"),
        ({"report": "volume", "month": "2026-10", "office": {}}, 400, "/office: only the report hours"),
        ({"report": "volume", "month": "2026-10", "weeks": 1}, 422, "weeks"),
        ({"report": "hours", "month": "2026-10", "office": {"opens": "18:00"}}, 400, "must be after"),
        ({"report": "hours", "month": "2026-10", "office": {"holidays": ["2026-02-30"]}}, 422, "2026-09-02"),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_refused_with_the_remedy(
    standing: Office, body: dict[str, Any], status: int, told: str
) -> None:
    got, problem = await standing.post("/v1/audit/report", body)
    assert got == status, problem
    assert told in json.dumps(problem)


async def test_only_auditors_get_reports(desk: Office) -> None:
    body = {"report": "requesters", "month": "2026-10"}
    status, problem = await desk.post("/v1/audit/report", body, client="portal")
    assert (status, problem["code"]) == (403, "scope_missing")


async def test_request_without_the_scope_is_no_exchange(desk: Office) -> None:
    now = datetime.now(UTC)
    span = {
        "month": None,
        "since": rfc3339(now - timedelta(days=1)),
        "until": rfc3339(now + timedelta(days=1)),
    }
    assert (await desk.post("/v1/audit/search", {}, client="portal"))[0] == 403
    while not await desk.found(result="scope_missing"):
        pass
    (row,) = (await made(desk, "requesters", **span))["rows"]
    assert (row["requester"], row["exchanges"], row["refused"]) == ("auditor", 0, 0)
