"""A gateway with its simulated providers, and a browser, for pages of people."""

import asyncio
import io
import secrets
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
import structlog

from gateway import telemetry
from tests.flows.conftest import House, new_official
from tests.flows.test_corrections import answer_reports
from tests.login.browser import Browser, Town, town


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with town(tmp_path_factory.mktemp("pages")) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def at(shared_town: Town) -> AsyncIterator[Town]:
    """The shared town, at the right time, its sources well again after a test that made them misbehave."""
    yield shared_town
    shared_town.clock.move()
    await answer_reports(shared_town.house)
    if shared_town.house.misbehaved:
        async with asyncio.timeout(40):
            await are_well(shared_town.house)


async def are_well(house: House) -> None:
    """Ask about others and others until the registers answer: no breaker is open, no pause is asked for."""
    async with house.session.delete(f"{house.control}/misbehave") as answer:
        assert answer.status == 204
    people = [one for one in house.personas if one.get("personal_id") and one.get("birth_date")]
    while True:
        one = secrets.choice(people)
        who = {name: one[name] for name in ("personal_id", "full_name", "birth_date")}
        asked = {"requester": who, "person": {"same_as": "requester"}}
        status, found = await house.post(
            "/v1/prefill", {"procedure": "1.004873", "subjects": asked, "official": new_official()}
        )
        registers = [
            each
            for each in (found["sources"] if status == 200 else [])
            if each["source"] in ("population", "civil_status")
        ]
        if registers and not any(each["outcome"] == "unavailable" or each["cached"] for each in registers):
            house.misbehaved.clear()
            return
        await asyncio.sleep(0.3)


@pytest_asyncio.fixture(loop_scope="session")
async def browser(at: Town) -> AsyncIterator[Browser]:
    async with Browser(at) as made:
        yield made


@pytest.fixture
def logged() -> Iterator[io.BytesIO]:
    """Everything that the operations log says."""
    sink = io.BytesIO()
    telemetry.set_up(sink)
    yield sink
    structlog.reset_defaults()


@pytest_asyncio.fixture(loop_scope="session")
async def neighbour(at: Town) -> AsyncIterator[Browser]:
    async with Browser(at) as made:
        yield made
