"""Every source of `config/sources`, against its sandbox peer: a new YAML file is under test at once."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway import registry
from gateway.config import Configuration, load
from gateway.domain.evidence import Outcome, SourceAnswer, SourceQuery
from gateway.domain.identifiers import CallId
from gateway.domain.parties import Official
from gateway.mapping.load import load_catalogue
from gateway.mapping.source import ServicePlan
from gateway.ports import Source
from gateway.serving import Plan, configured, sandbox_at
from gateway.settings import Listener
from tests.contract.test_mappings import subject_of

ROOT = Path(__file__).parents[2]
CATALOGUE = load_catalogue(ROOT)
SOURCES = sorted(path.stem for path in (ROOT / "config" / "sources").glob("*.yaml"))
ANSWERING = [name for name in SOURCES if name != "account"]
OFFICIAL = Official(
    personal_id="033085482915", agency="000.00.14.H31", account="canbo.thu", full_name="Cán bộ Thử"
)


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
async def sandbox() -> AsyncIterator[str]:
    async with sandbox_at(ROOT, Listener(port=0)) as address:
        yield address


def opened(name: str, configuration: Configuration) -> Source:
    plans: Mapping[str, ServicePlan] = CATALOGUE.services[name]
    return registry.open_source(configuration.sources[name], plans, ROOT, _Clock())


def moved(sandbox: str) -> Configuration:
    return configured(Plan(root=ROOT, config=ROOT / "config", state=ROOT, overrides={}), sandbox)


def query(plan: ServicePlan) -> SourceQuery:
    example = plan.mapping.examples[0]
    return SourceQuery(
        call_id=CallId("01JCONTRACT000000000000000-1"),
        service=plan.name,
        subject=subject_of(example.subject, plan.mapping.subjects),
        attributes=tuple(sorted(plan.attributes)),
        official=OFFICIAL,
        procedure="1.004873",
        purpose="contract",
        dossier="H31.14-260105-0007",
        result_codes=("KQ.G15.900002",),
    )


async def asked(source: Source, plan: ServicePlan, seconds: float = 3) -> SourceAnswer:
    deadline = asyncio.get_running_loop().time() + seconds
    return await asyncio.wait_for(source.ask(query(plan), deadline), seconds + 1)


@pytest.mark.parametrize("name", ANSWERING)
async def test_source_is_understood_by_its_peer(name: str, sandbox: str) -> None:
    source = opened(name, moved(sandbox))
    try:
        for plan in CATALOGUE.services[name].values():
            answer = await asked(source, plan)
            assert answer.outcome in {Outcome.FOUND, Outcome.NOT_FOUND, Outcome.NO_MATCH}, (
                plan.name,
                answer.reason,
            )
            assert answer.request_digest
            assert answer.response_digest
    finally:
        await source.close()


@pytest.mark.parametrize("name", ANSWERING)
async def test_source_that_is_not_there_is_unavailable_within_a_second(name: str) -> None:
    source = opened(name, moved("http://127.0.0.1:1"))
    try:
        plan = next(iter(CATALOGUE.services[name].values()))
        began = asyncio.get_running_loop().time()
        assert (await asked(source, plan)).outcome is Outcome.UNAVAILABLE
        assert asyncio.get_running_loop().time() - began < 1.5
    finally:
        await source.close()


@pytest.mark.parametrize(
    "mode", ["garbage", "html", "empty", "truncate", "reset", "doctype", "huge", "gzip_bomb"]
)
@pytest.mark.parametrize("name", ANSWERING)
async def test_source_never_raises_and_never_takes_trouble_for_an_answer(
    name: str, mode: str, sandbox: str
) -> None:
    source = opened(name, moved(sandbox))
    try:
        plan = next(iter(CATALOGUE.services[name].values()))
        async with aiohttp.ClientSession() as session:
            body: dict[str, Any] = {"source": name, "mode": mode}
            async with session.post(f"{sandbox}/__sandbox/misbehave", json=body) as response:
                assert response.status == 200
        answer = await asked(source, plan)
        assert answer.outcome in {Outcome.UNAVAILABLE, Outcome.INVALID, Outcome.REFUSED}, answer
    finally:
        await source.close()


async def test_breaker_opens_after_five_failures_and_answers_at_once() -> None:
    configuration = moved("http://127.0.0.1:1")
    source = opened("civil_status", configuration)
    try:
        plan = CATALOGUE.services["civil_status"]["trichLuc"]
        for _number in range(6):
            await asked(source, plan)
        began = asyncio.get_running_loop().time()
        answer = await asked(source, plan)
        assert asyncio.get_running_loop().time() - began < 0.05
        assert answer.reason == "breaker_open"
        assert source.state().breaker == "open"
    finally:
        await source.close()


def test_shipped_configuration_holds_together() -> None:
    assert load(ROOT / "config").sources.keys() == CATALOGUE.services.keys()
    assert replace(OFFICIAL, account="") != OFFICIAL
