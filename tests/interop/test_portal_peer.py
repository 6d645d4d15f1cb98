"""An independent identity provider (npm oidc-provider) is the portal where people sign in, behind our relying party."""

import asyncio
import json
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest
from yarl import URL

from adapters.portals.openid import OpenIdOptions, RelyingParty, options_of
from gateway.config.identity import IdentityProviderSettings
from gateway.domain.login import AccountKind, LoginReason
from gateway.ports.identity import LoginAttempt, LoginFailed
from tests import unhurried
from tests.adapters.bus_peer import NowClock, soon
from tests.login.openid_peer import login_tools, plan_of

HERE = Path(__file__).parent
NODE = shutil.which("node")
REDIRECT = "http://127.0.0.1:9/login/callback/national_portal"
SECRET = "of-a-test-and-long-enough-for-a-client"
CLAIMS = {
    "LoaiTaiKhoan": 1, "TechID": "TID-41", "SoDinhDanh": "033190628401", "HoVaTen": "Trần Thị Thử",
    "NgayThangNamSinh": "19900215", "loAs": "LoA2",
}  # fmt: skip

pytestmark = pytest.mark.skipif(
    NODE is None or not (HERE / "node_modules/oidc-provider").is_dir(),
    reason="needs node and `npm install --no-package-lock` in tests/interop",
)


@asynccontextmanager
async def portal(**more: Any) -> AsyncIterator[str]:
    """The issuer of a running peer."""
    asked = {
        "client_id": "motlan",
        "client_secret": SECRET,
        "redirect_uris": [REDIRECT],
        "claims": CLAIMS,
        **more,
    }
    process = await asyncio.create_subprocess_exec(
        NODE or "node", str(HERE / "portal_peer.mjs"), stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(asked).encode())
    process.stdin.close()
    try:
        yield json.loads(await asyncio.wait_for(process.stdout.readline(), 30))["issuer"]
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def relying_on(issuer: str) -> AsyncIterator[RelyingParty]:
    settings = IdentityProviderSettings.model_validate({
        "provider": "national_portal", "adapter": "adapters.portals.national_login",
        "title": {"vi": "Cổng", "en": "Portal"}, "mark": "sandbox", "issuer": issuer, "discovery": True,
        "client_id": "motlan", "client_secret": {"value": SECRET}, "mapping": "national_portal",
        "levels": {"LoA1": 1, "LoA2": 2}, "options": {"response_iss": "required", "client_auth": "basic"},
        "limits": unhurried.limits(),
    })  # fmt: skip
    plan = plan_of(settings.mapping)
    provider = RelyingParty(settings, options_of(settings, OpenIdOptions), plan, login_tools(NowClock()))
    try:
        yield provider
    finally:
        await provider.close()


async def came_back(url: str) -> dict[str, str]:
    """What the browser brings back from the page at `url`."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as browser:
        while not url.startswith(REDIRECT):
            async with browser.get(url, allow_redirects=False) as response:
                assert response.status in (302, 303), await response.text()
                url = str(response.url.join(URL(response.headers["Location"])))
    return dict(parse_qsl(urlsplit(url).query))


def attempt() -> LoginAttempt:
    return LoginAttempt(
        state=secrets.token_urlsafe(32), nonce=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(32),
        redirect_uri=REDIRECT,
    )  # fmt: skip


async def test_person_who_signed_in_at_an_independent_provider_is_known_and_a_code_counts_once() -> None:
    async with portal() as issuer, relying_on(issuer) as provider:
        one = attempt()
        answer = await came_back(await provider.begin(one, soon()))
        assert answer["state"] == one.state
        found = await provider.finish(one, answer, soon())
        assert (found.kind, found.personal_id, found.birth_date) == (
            AccountKind.CITIZEN,
            "033190628401",
            "1990-02-15",
        )
        assert found.level == 2
        with pytest.raises(LoginFailed) as caught:
            await provider.finish(one, answer, soon())
        assert caught.value.reason is LoginReason.FORGED


async def test_answer_of_another_login_is_refused_at_an_independent_provider() -> None:
    async with portal() as issuer, relying_on(issuer) as provider:
        mine, other = attempt(), attempt()
        answer = await came_back(await provider.begin(other, soon()))
        with pytest.raises(LoginFailed):
            await provider.finish(mine, {**answer, "state": mine.state}, soon())
