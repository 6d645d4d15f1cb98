"""Providers that run on loopback, with keys that are made once; a gateway with providers and systems."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.config.gateway import LoginKeySettings
from gateway.login.id_token_signing import LoginKeys, open_keys
from tests.login.browser import Browser, Town, town
from tests.login.provider import Provider, running


@pytest.fixture(scope="session")
def login_keys(tmp_path_factory: pytest.TempPathFactory) -> LoginKeys:
    return open_keys(LoginKeySettings(), tmp_path_factory.mktemp("keys"))


@pytest.fixture
async def provider(tmp_path: Path, login_keys: LoginKeys) -> AsyncIterator[Provider]:
    """With a person who is signed in."""
    async with running(tmp_path, login_keys) as made:
        await made.sign_in()
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with town(tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def at(shared_town: Town) -> AsyncIterator[Town]:
    """The shared town, at the right time."""
    yield shared_town
    shared_town.clock.move()
    shared_town.systems.statuses.clear()
    house = shared_town.house
    async with house.session.delete(f"{house.control}/identity/misbehave") as answer:
        assert answer.status < 300
    async with house.session.post(f"{house.control}/identity/clock", json={"ahead_seconds": 0}) as answer:
        assert answer.status < 300


@pytest_asyncio.fixture(loop_scope="session")
async def browser(at: Town) -> AsyncIterator[Browser]:
    async with Browser(at) as made:
        yield made
