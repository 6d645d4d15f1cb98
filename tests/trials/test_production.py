"""In production a trial names its official, and drafts are not tried."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.app import App, open_app, open_shared
from gateway.composition.composition import Composition, compose
from gateway.composition.trials import open_trials
from gateway.config.configuration import Configuration, load
from gateway.domain.dates import PartialDate
from gateway.domain.errors import Refused
from gateway.domain.identifiers import RequesterId, new_exchange_id
from gateway.domain.parties import Official, Requester, Subject, SubjectKind
from gateway.prefill.request import PrefillRequest
from gateway.trials.service import TrialRequest, Trials
from tests import fresh
from tests.adapters.raw_peers import free_port, soon
from tests.flows.conftest import ROOT

WHO = Subject(
    kind=SubjectKind.PERSON, personal_id="033190001234", full_name="Trần Thị Mẫu",
    birth_date=PartialDate.parse("1990-02-15"),
)  # fmt: skip
OFFICIAL = Official(personal_id="033085712604", agency="000.00.14.H31")
OPERATOR = Requester(id=RequesterId("operator"), name="operator", scopes=frozenset({"sources:try"}))


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    """A gateway whose sources are away."""
    fresh.log_in(tmp_path)
    away = f"http://127.0.0.1:{free_port()}"
    words = {f"sources.{source}.url": f"{away}/{source}" for source in ("population", "driving_licence")}
    words["sources.driving_licence.services.traCuu.enabled"] = "false"
    async with AsyncExitStack() as opened, asyncio.timeout(30):
        parts = compose(load(ROOT / "config", words), ROOT, tmp_path)
        made = await open_app(parts, await open_shared(parts, opened))
        opened.push_async_callback(made.close)
        yield made


def in_production(app: App) -> Trials:
    """Its trials, as production has them."""
    configuration: Configuration = app.parts.configuration
    settings = configuration.gateway.model_copy(update={"profile": "production"})
    parts: Composition = replace(
        app.parts, configuration=configuration.model_copy(update={"gateway": settings})
    )
    return open_trials(parts, app.prefill, app.sources, app.services.recorder, None, {})


async def tried(trials: Trials, service: str, official: Official | None) -> dict[str, Any]:
    request = PrefillRequest(procedure="", subjects={}, official=official, agency=OFFICIAL.agency)
    wanted = TrialRequest(service=service, subject=WHO, request=request, staff={})
    return await trials.run(wanted, OPERATOR, new_exchange_id(), soon(2))


async def test_official_on_duty_tries_nothing_in_production(app: App) -> None:
    service = "population.TraCuuThongTinCongDan"
    with pytest.raises(Refused) as refused:
        await tried(in_production(app), service, None)
    assert (refused.value.rule, refused.value.problem_code) == ("trial:official", "official_not_named")
    assert (await tried(in_production(app), service, OFFICIAL))["outcome"] == "unavailable"
    assert (await tried(app.services.trials, service, None))["outcome"] == "unavailable"


async def test_drafts_are_not_tried_in_production(app: App) -> None:
    service = "driving_licence.traCuu"
    with pytest.raises(Refused) as refused:
        await tried(in_production(app), service, OFFICIAL)
    assert (refused.value.rule, refused.value.problem_code) == ("trial:draft", "draft_not_tried")
    assert (await tried(app.services.trials, service, OFFICIAL))["draft"] is True
