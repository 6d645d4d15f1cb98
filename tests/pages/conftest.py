"""A gateway with its simulated providers, and a browser, for pages of people."""

import io
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
import structlog

from gateway import telemetry
from tests.login.browser import Browser, Town, town


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with town(tmp_path_factory.mktemp("pages")) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def at(shared_town: Town) -> AsyncIterator[Town]:
    """The shared town, at the right time."""
    yield shared_town
    shared_town.clock.move()


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
