"""By what a system knows who signed in: one `sub` is one person, also where several use accounts of one company."""

import asyncio
from typing import Any

import pytest

from gateway.jose import jws
from tests.login.browser import NATIONAL, VNEID, Browser, Town

pytestmark = pytest.mark.asyncio(loop_scope="session")


def _claims(token: str) -> dict[str, Any]:
    return jws.json_object(jws.decoded(token.split(".")[1]))


async def _sub(at: Town, account: str, provider: str = NATIONAL) -> str:
    """As ID token, userinfo and logout token of a login say it, which agree."""
    async with Browser(at) as browser:
        landing = await browser.signed_in(browser.authorize("system_one"), account, provider)
        tokens = await browser.redeem("system_one", landing)
        status, info = await browser.userinfo(tokens["access_token"])
        assert status == 200
        before = len(at.systems.logout_tokens)
        page = await browser.go("/login/logout")
        await browser.go("/login/logout", page.hidden("logout"))
        async with asyncio.timeout(20):
            while len(at.systems.logout_tokens) == before:
                await asyncio.sleep(0.02)
    said = [_claims(one)["sub"] for one in (tokens["id_token"], at.systems.logout_tokens[-1][1])]
    assert said == [info["sub"]] * 2
    return str(info["sub"])


async def test_colleagues_at_one_company_are_two_people_to_a_system(at: Town) -> None:
    director, accountant = await _sub(at, "business"), await _sub(at, "accountant")
    nobody = await _sub(at, "business_thin")
    assert len({director, accountant, nobody}) == 3
    # nor are they known as the citizens that they are too
    assert director != await _sub(at, "director")
    assert accountant != await _sub(at, "quan")
    # but each is the same again, by whatever provider
    assert await _sub(at, "business", VNEID) == director
    assert await _sub(at, "business_thin") == nobody
