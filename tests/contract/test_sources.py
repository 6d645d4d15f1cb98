"""Every source of `config/sources` against a peer: a new YAML file is under test at once.

The sandbox plays the peer where it can; for any other source a loopback peer answers the mapping's examples.
The configured provider is never called, and no secret of the configuration is used.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from adapters.sandbox.app import sources as played_sources
from gateway import registry
from gateway.checks.as_written import subject_of
from gateway.config.configuration import load
from gateway.config.gateway import Listener
from gateway.domain.evidence import Outcome, SourceAnswer, SourceQuery
from gateway.domain.identifiers import CallId
from gateway.domain.parties import Official
from gateway.mapping.load import load_catalogue
from gateway.mapping.source import ServicePlan
from gateway.ports.sources import Source
from gateway.serving.server import sandbox_at
from tests.adapters.asking import landed_from
from tests.contract.peers import BROKEN, Peer, found, moved_to, peer_of

ROOT = Path(__file__).parents[2]
CATALOGUE = load_catalogue(ROOT)
CONFIGURED = load(ROOT / "config").sources
PLAYED = played_sources()
#: a source without an address (what the caller vouches for) has no peer
ANSWERING = sorted(name for name, settings in CONFIGURED.items() if settings.url)
NOWHERE = "http://127.0.0.1:1"
#: for tests of the shared sandbox
with_the_sandbox = pytest.mark.asyncio(loop_scope="module")
OFFICIAL = Official(
    personal_id="033085482915", agency="000.00.14.H31", account="canbo.thu", full_name="Cán bộ Thử"
)


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@asynccontextmanager
async def opened(name: str, base: str) -> AsyncIterator[Source]:
    """The source as configured, but for its addresses and secrets."""
    settings = moved_to(CONFIGURED[name], base, played=name in PLAYED)
    source = registry.open_source(settings, CATALOGUE.services[name], registry.source_tools(ROOT, _Clock()))
    try:
        yield source
    finally:
        await source.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[str]:
    """One for all sources that it plays."""
    async with sandbox_at(ROOT, Listener(port=0)) as address:
        yield address


@asynccontextmanager
async def answering(name: str, sandbox: str) -> AsyncIterator[tuple[Source, Peer | None]]:
    """The source, and the loopback peer of its own if the sandbox does not play it."""
    if name in PLAYED:
        async with opened(name, sandbox) as source:
            yield source, None
        return
    async with peer_of(CONFIGURED[name]) as (peer, address), opened(name, address) as source:
        yield source, peer


def plans_of(name: str) -> list[ServicePlan]:
    services = CONFIGURED[name].services
    return [
        plan for key, plan in CATALOGUE.services[name].items() if key in services and services[key].enabled
    ]


def query(plan: ServicePlan) -> SourceQuery:
    example = found(plan)
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


async def asked(source: Source, plan: ServicePlan, seconds: float = 25) -> SourceAnswer:
    deadline = asyncio.get_running_loop().time() + seconds
    return await asyncio.wait_for(landed_from(source, query(plan), deadline), seconds + 1)


@with_the_sandbox
@pytest.mark.parametrize("name", ANSWERING)
async def test_source_is_understood_by_its_peer(sandbox: str, name: str) -> None:
    async with answering(name, sandbox) as (source, peer):
        for plan in plans_of(name):
            if peer is not None:
                peer.tell(plan, CONFIGURED[name], ROOT)
            answer = await asked(source, plan)
            assert answer.outcome in {Outcome.FOUND, Outcome.NOT_FOUND, Outcome.NO_MATCH}, (
                plan.name,
                answer.reason,
            )
            assert answer.request_digest
            assert answer.response_digest
            if peer is not None:
                expected = plan.read(found(plan).answer, query(plan))
                assert (answer.outcome, answer.values) == (expected.outcome, expected.values), plan.name


@pytest.mark.parametrize("name", ANSWERING)
async def test_source_that_is_not_there_is_unavailable_and_not_waited_for(name: str) -> None:
    async with opened(name, NOWHERE) as source:
        answer = await asked(source, plans_of(name)[0], 20)
        # and not "timed out"
        assert (answer.outcome, answer.reason) == (Outcome.UNAVAILABLE, "source_unreachable")


@with_the_sandbox
@pytest.mark.parametrize("name", ANSWERING)
async def test_source_never_raises_and_never_takes_trouble_for_an_answer(sandbox: str, name: str) -> None:
    plan = plans_of(name)[0]
    outcomes = {}
    for mode in BROKEN:
        async with answering(name, sandbox) as (source, peer):
            if peer is not None:
                peer.tell(plan, CONFIGURED[name], ROOT)
                peer.mode = mode
            else:
                await order(sandbox, "POST", {"source": name, "mode": mode})
            outcomes[mode] = (await asked(source, plan)).outcome
    await order(sandbox, "DELETE")
    assert outcomes.keys() == set(BROKEN)
    assert set(outcomes.values()) <= {Outcome.UNAVAILABLE, Outcome.INVALID, Outcome.REFUSED}, outcomes


async def order(sandbox: str, method: str, words: dict[str, str] | None = None) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{sandbox}/__sandbox/misbehave", json=words) as response,
    ):
        assert response.status in {200, 204}


async def test_breaker_opens_after_five_failures_and_answers_at_once() -> None:
    async with opened("civil_status", NOWHERE) as source:
        plan = CATALOGUE.services["civil_status"]["trichLuc"]
        for _number in range(6):
            await asked(source, plan)
        assert (await asked(source, plan)).reason == "breaker_open"
        assert source.state().breaker == "open"


def test_shipped_configuration_holds_together() -> None:
    assert CONFIGURED.keys() == CATALOGUE.services.keys()
    assert replace(OFFICIAL, account="") != OFFICIAL


def test_no_address_of_the_configuration_is_used() -> None:
    words = {
        (name, str(word))
        for name in ANSWERING
        for played in (True, False)
        for moved in (moved_to(CONFIGURED[name], NOWHERE, played=played),)
        for word in (moved.url, *moved.auth.values())
    }
    assert len(words) > len(ANSWERING)
    assert [one for one in words if one[1].startswith("http") and not one[1].startswith(NOWHERE)] == []


@pytest.mark.parametrize("name", sorted(PLAYED & CONFIGURED.keys()))
async def test_loopback_peer_stands_in_for_any_source(name: str) -> None:
    """The peer that new sources get, tried on those that we have."""
    async with peer_of(CONFIGURED[name]) as (peer, address):
        settings = moved_to(CONFIGURED[name], address, played=False)
        source = registry.open_source(
            settings, CATALOGUE.services[name], registry.source_tools(ROOT, _Clock())
        )
        try:
            for plan in plans_of(name):
                peer.tell(plan, CONFIGURED[name], ROOT)
                expected = plan.read(found(plan).answer, query(plan))
                answer = await asked(source, plan)
                assert (answer.outcome, answer.values) == (expected.outcome, expected.values), plan.name
        finally:
            await source.close()
