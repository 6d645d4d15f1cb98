"""The sample provincial system alone, without a gateway; with one: `tests/login/test_provincial_system.py`."""

import contextlib
import time
from collections.abc import AsyncIterator

from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.sandbox.app import PROVINCE
from adapters.sandbox.provincial_client import SignedInPerson
from adapters.sandbox.provincial_system import ProvincialSystem, _SystemVisit
from tests.sandbox.conftest import Client

GATEWAY = "http://127.0.0.1:9"


def visited_by(sandbox: Client, *sids: str) -> ProvincialSystem:
    """The system, where people with these sessions of the gateway are signed in."""
    system: ProvincialSystem = sandbox.server.app[PROVINCE]  # type: ignore[attr-defined]
    system.introduce(GATEWAY)
    for sid in sids:
        claims = {"personal_id": "033184627305"}
        person = SignedInPerson(subject="p", sid=sid, level="2", claims=claims, login="lg_x", id_token="")
        system._visits[f"cookie-{sid}"] = _SystemVisit(person, "1.004873", "", time.time() + 60)
    return system


async def test_frame_ends_the_session_that_it_names_and_no_other(sandbox: Client) -> None:
    system = visited_by(sandbox, "one", "two")
    for iss, sid in (("http://127.0.0.1:1", "one"), (GATEWAY, "three"), (GATEWAY, "")):
        params = {"iss": iss, "sid": sid}
        async with sandbox.get("/provincial_system/frontchannel_logout", params=params) as answer:
            assert answer.status == 200
        assert len(system._visits) == 2, params
    params = {"iss": GATEWAY, "sid": "one"}
    async with sandbox.get("/provincial_system/frontchannel_logout", params=params) as answer:
        assert "frame-ancestors http://127.0.0.1:*" in answer.headers["Content-Security-Policy"]
    assert set(system._visits) == {"cookie-two"}


async def test_gateway_that_is_away_is_said_with_a_button(sandbox: Client) -> None:
    visited_by(sandbox)
    async with sandbox.get("/provincial_system/") as answer:
        text = await answer.text()
        assert answer.status == 502
    assert "Cổng kết nối chưa phản hồi" in text
    assert 'href="/provincial_system/login"' in text


async def test_form_without_a_living_login_says_so_in_words_of_people(sandbox: Client) -> None:
    problem = {
        "code": "login_not_proven", "title_vi": "Giá trị", "title": "A value", "detail_vi": "/login: mã",
        "detail": "/login: the code", "exchange_id": "01KB0000000000000000000000",
    }  # fmt: skip
    async with gateway_that_refuses(problem) as address:
        visited_by(sandbox, "one").introduce(address)
        cookies = {"Cookie": "sandbox-province=cookie-one"}
        async with sandbox.get("/provincial_system/form/1.004873", headers=cookies) as answer:
            text = await answer.text()
    assert answer.status == 200
    assert "Phiên đăng nhập đã kết thúc." in text
    assert "prompt=login" in text
    assert problem["exchange_id"] in text
    assert [one for one in ("/login:", "login_not_proven") if one in text] == []


@contextlib.asynccontextmanager
async def gateway_that_refuses(problem: dict[str, str]) -> AsyncIterator[str]:
    """A gateway that fills no form; its address."""
    words: dict[str, dict[str, str]] = {
        "/token": {"access_token": "t"}, "/v1/procedures/1.004873/form": {"title": "Giấy", "x-title-en": "Paper"},
    }  # fmt: skip

    async def answered(request: web.Request) -> web.Response:
        found = words.get(request.path)
        return web.json_response(found or problem, status=422 if found is None else 200)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answered)
    async with TestServer(app) as server:
        address = str(server.make_url("")).rstrip("/")
        words["/.well-known/openid-configuration"] = {"issuer": address, "token_endpoint": f"{address}/token"}
        yield address


async def test_reset_signs_everybody_out(sandbox: Client) -> None:
    system = visited_by(sandbox, "one")
    async with sandbox.post("/__sandbox/reset") as answer:
        assert answer.status == 204
    assert not system._visits
