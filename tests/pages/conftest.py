"""A gateway with its simulated providers, and a browser, for pages of people."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

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
