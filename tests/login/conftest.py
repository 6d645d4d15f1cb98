"""Providers that run on loopback; their keys are made once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.config.gateway import LoginKeySettings
from gateway.login.id_token_signing import LoginKeys, open_keys
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
