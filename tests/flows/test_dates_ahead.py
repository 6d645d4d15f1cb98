"""What must have happened is not shown by a date that lies ahead: at the real door, by a register that answers so."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.dates import legal_day
from gateway.domain.fault_codes import FaultCode
from tests.faults.conftest import Good, Stage, http, staged
from tests.flows.conftest import new_official
from tests.flows.test_contradictions import reasons, states

TODAY = legal_day(datetime.now(UTC))


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path, {}) as made:
        yield made


def ended(day: str) -> Any:
    """The register says that each marriage ended on this day."""

    async def say(good: Good, writer: asyncio.StreamWriter) -> None:
        answer = json.loads(good.body)
        for one in answer["ketHon"]:
            if one.get("chamDut"):
                one["chamDut"]["ngay"] = day
        writer.write(http(json.dumps(answer).encode()))
        await writer.drain()

    return say


async def asked(stage: Stage) -> Any:
    subjects = {"requester": stage.house.subject("widowed"), "person": {"same_as": "requester"}}
    return await stage.house.prefill("1.004873", subjects)


async def test_marriage_that_ends_on_a_day_to_come_has_not_ended(stage: Stage) -> None:
    stage.set("civil_status", ended(f"{TODAY:%d/%m/%Y}"))
    assert states(await asked(stage))["divorce_or_death_paper"] == "replaced"
    tomorrow = TODAY + timedelta(days=1)
    for day in (f"{tomorrow:%d/%m/%Y}", f"{TODAY.year + 1}"):
        stage.set("civil_status", ended(day))
        answer = await asked(stage)
        assert states(answer)["divorce_or_death_paper"] == "required", day
        assert reasons(answer)["divorce_or_death_paper"] == "condition_unknown"
        assert tomorrow.isoformat() not in str(answer)
    async with stage.house.session.get(f"{stage.house.admin}/metrics") as metrics:
        text = await metrics.text()
    code = FaultCode.LATER_THAN_TODAY
    labels = f'attribute="marriage_end.date",code="{code}",operation="trichLuc",outcome="found"'
    assert f'motlan_source_faults_total{{{labels},source="civil_status"}} 2.0' in text


async def test_date_settles_nothing_before_its_day_though_nobody_asks_for_it(stage: Stage) -> None:
    """The predicate reads the marital state alone, and the agreement grants no date."""
    said = []
    for day in (TODAY, TODAY + timedelta(days=1)):
        stage.set("civil_status", ended(f"{day:%d/%m/%Y}"))
        body = {
            "subject": stage.house.subject("divorced"),
            "predicates": ["unmarried"],
            "official": new_official(),
        }
        status, answer = await stage.house.post("/v1/predicates", body)
        assert status == 200, answer
        said.append(answer["predicates"]["unmarried"]["answer"])
    assert said == ["yes", "cannot_tell"]


async def test_claim_of_a_day_to_come_leaves_its_field_empty(stage: Stage) -> None:
    owner = stage.house.subject("divorced")
    subjects = {"owner": owner, "requester": {"same_as": "owner"}}
    for day, shown in ((TODAY, f"{TODAY:%d/%m/%Y}"), (TODAY + timedelta(days=1), None)):
        answer = await stage.house.prefill("1.001612", subjects, account={"NgayCap": f"{day:%Y%m%d}"})
        assert answer["fields"]["nguoiNop_ngayCapGiayTo"]["value"] == shown
