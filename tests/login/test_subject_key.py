"""The key of subjects: lost after people signed in, it is asked back, not made anew."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest

from gateway.domain.errors import ConfigError
from gateway.login.subjects import KEY_FILE
from tests.flows.conftest import House, build
from tests.login.browser import Browser, MovedClock, Systems, Town, project


async def _numbered(house: House) -> None:
    """Every record has its place in the tree."""
    with contextlib.closing(sqlite3.connect(house.state / "exchange.db")) as connection:
        [(count,)] = connection.execute("SELECT count(*) FROM append_log").fetchall()
    async with asyncio.timeout(20):
        while True:
            async with house.session.get(f"{house.url}/log/checkpoint") as answer:
                if answer.status == 200 and int((await answer.text()).split("\n")[1]) >= count:
                    return
            await asyncio.sleep(0.1)


async def test_gateway_does_not_start_without_the_key_by_which_systems_know_people(tmp_path: Path) -> None:
    root, state = project(tmp_path / "project", 1), tmp_path / "state"
    async with build(state, {}, root):
        pass
    (state / KEY_FILE).unlink()
    async with (
        build(state, {}, root) as house,
        Browser(Town(house, Systems(1), MovedClock(object()))) as browser,
    ):
        landing = await browser.signed_in(
            browser.authorize("system_one")
        )  # nobody had signed in: a new key is as good
        await browser.redeem("system_one", landing)
        await _numbered(house)
    kept = (state / KEY_FILE).read_bytes()
    (state / KEY_FILE).unlink()
    with pytest.raises(ConfigError, match="people signed in with it"):
        async with build(state, {}, root):
            pass
    assert not (state / KEY_FILE).exists()
    (state / KEY_FILE).write_bytes(kept)
    async with build(state, {}, root):
        pass
