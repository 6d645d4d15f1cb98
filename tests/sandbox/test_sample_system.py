"""The sample provincial system alone, without a gateway; with one: `tests/login/test_provincial_system.py`."""

import time

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
        person = SignedInPerson(subject="p", sid=sid, level="2", claims={}, login="lg_x", id_token="")
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


async def test_reset_signs_everybody_out(sandbox: Client) -> None:
    system = visited_by(sandbox, "one")
    async with sandbox.post("/__sandbox/reset") as answer:
        assert answer.status == 204
    assert not system._visits
