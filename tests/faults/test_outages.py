"""Providers that are away, refuse, or end our sessions; one bad source beside good ones (F2, F13, F14, P10)."""

import asyncio
import os
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.faults.conftest import Good, between, found, http, staged, waited_for_processor
from tests.flows.conftest import House, build, proposed

IMPATIENT = {
    "sources.civil_status.limits.breaker_failures": "5",
    "sources.civil_status.limits.breaker_probe_seconds": "1",
    "sources.civil_status.limits.total_ms": "100",
}
WELL = ("found", None)
PERSON, HOUSEHOLD = "TraCuuThongTinCongDan", "CungCapThongTinHoGiaDinh"
#: what the portal vouches for: the account answers at once
CLAIMS = {"SoDienThoai": "0900000001", "HoVaTen": "TRẦN THỊ MẪU"}


async def breaker_of(house: House, source: str) -> str:
    headers = {"Authorization": f"Bearer {await house.token()}"}
    async with house.session.get(f"{house.url}/v1/sources", headers=headers) as response:
        return str(
            next(one for one in (await response.json())["sources"] if one["source"] == source)["breaker"]
        )


async def test_silent_provider_is_left_alone_after_five_failures_and_probed_one_at_a_time(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path, IMPATIENT) as stage:
        silence = asyncio.Event()

        async def silent(good: Good, writer: asyncio.StreamWriter) -> None:
            await silence.wait()
            writer.write(http(good.body, good.kind))

        await stage.ask()
        peer = stage.set("civil_status", silent)
        for _ in range(5):
            assert found(await stage.ask())["civil_status"] == ("unavailable", "source_timeout")
        assert await breaker_of(stage.house, "civil_status") == "open"
        assert len(peer.calls) == 5
        taken = []
        for _ in range(10):
            began, waited = time.monotonic(), waited_for_processor(os.getpid())
            outcomes = found(await stage.ask())
            taken.append(time.monotonic() - began - (waited_for_processor(os.getpid()) - waited))
            assert outcomes["civil_status"] == ("unavailable", "breaker_open")
            assert outcomes["population"] == WELL
        assert statistics.median(taken) < 0.05
        assert len(peer.calls) == 5
        await asyncio.sleep(1.05)
        many = [found(one) for one in await asyncio.gather(*(stage.ask() for _ in range(10)))]
        assert len(peer.calls) == 6
        assert [one["civil_status"][1] for one in many].count("breaker_open") == 9
        silence.set()
        await asyncio.sleep(1.05)
        assert found(await stage.ask())["civil_status"] == WELL
        assert await breaker_of(stage.house, "civil_status") == "closed"
        assert [
            found(one)["civil_status"] for one in await asyncio.gather(*(stage.ask() for _ in range(5)))
        ] == [WELL] * 5


@contextmanager
def full_backlog() -> Iterator[int]:
    """A port where connections are neither taken nor refused."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = int(server.getsockname()[1])
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        try:
            yield port
        finally:
            for one in waiting:
                one.close()


async def test_provider_that_cannot_be_reached_is_told_within_a_second(
    make_house: Callable[..., Any], unused_tcp_port: int
) -> None:
    with full_backlog() as full:
        overrides = {
            "sources.population.url": f"http://127.0.0.1:{unused_tcp_port}/population",
            "sources.social_insurance.url": "http://no-such-provider.invalid/social_insurance",
            "sources.health_card.url": f"http://127.0.0.1:{full}/health_card",
        }
        async with make_house(**overrides) as house:
            began = time.monotonic()
            answer = await house.prefill(
                "9.000001", {"applicant": house.subject("facts_example")}, deadline_ms=5_000, account=CLAIMS
            )
            assert time.monotonic() - began < 2
            elapsed = {one["source"]: one["elapsed_ms"] for one in answer["sources"]}
            outcomes = found(answer)
    assert outcomes.pop("account") == WELL
    assert set(outcomes) == {"population", "social_insurance", "health_card"}
    assert {outcome for outcome, _ in outcomes.values()} == {"unavailable"}
    assert {reason for _, reason in outcomes.values()} <= {"source_unreachable", "source_timeout"}
    assert elapsed["population"] < 1_000
    assert elapsed["social_insurance"] < 1_100
    assert elapsed["health_card"] < 1_500


async def test_provider_that_comes_back_is_used_again_without_anybody(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}/civil_status"
    more = {"sources.civil_status.url": url, "sources.civil_status.limits.breaker_failures": "5"}
    async with staged(tmp_path, {**IMPATIENT, **more}) as stage:
        for _ in range(6):
            assert found(await stage.ask())["civil_status"][0] == "unavailable"
        peer = stage.peers["civil_status"]
        server = await asyncio.start_server(peer.serve, "127.0.0.1", unused_tcp_port)
        async with asyncio.timeout(3):
            while found(await stage.ask())["civil_status"] != WELL:
                await asyncio.sleep(0.1)
        peer.close()
        server.close()
        await server.wait_closed()


async def test_token_that_ends_in_flight_is_renewed_once_for_a_hundred(tmp_path: Path) -> None:
    # a hundred at once on a busy machine: it is about the token, not about who connects in a second
    patience = {f"sources.civil_status.limits.{name}": "9000" for name in ("connect_ms", "total_ms")}
    async with staged(tmp_path, {"gateway.prefill.deadline_ms": "9000", **patience}) as stage:
        await stage.ask()
        peer = stage.peers["civil_status"]
        assert peer.tokens == 1
        ended = peer.calls[-1][1].partition(b"Bearer ")[2][:32]

        async def refusing(good: Good, writer: asyncio.StreamWriter) -> None:
            if ended in good.asked:
                refusal = b'{"fault": {"code": 900901, "message": "Invalid Credentials"}}'
                writer.write(http(refusal, status="401 Unauthorized"))
            else:
                writer.write(http(good.body, good.kind))

        stage.set("civil_status", refusing)
        await stage.house.session.post(f"{stage.house.control}/misbehave", json={
            "source": "civil_status", "mode": "slow", "seconds": 0.05, "operation": "token",
        })  # fmt: skip
        answers = await asyncio.gather(*(stage.ask() for _ in range(100)))
        assert {found(answer)["civil_status"] for answer in answers} == {WELL}
        assert peer.tokens == 2
        assert sum(ended in sent for _, sent in peer.calls) <= 100


async def test_one_hanging_source_leaves_the_others_and_the_deadline_alone(tmp_path: Path) -> None:
    """Promise P10, with three sources of one form."""
    limits = {"sources.social_insurance.limits.total_ms": "1100"}
    free = {
        f"sources.{source}.services.{service}.valid_seconds": "0"
        for source, service in (
            ("population", "TraCuuThongTinCongDan"),
            ("health_card", "KQNhanLichSuKCB2024"),
        )
    }
    async with build(tmp_path, limits | free) as house:

        async def asked(number: int) -> tuple[float, dict[str, tuple[str, str | None]]]:
            official = {"personal_id": f"033087{number:06}", "agency": "000.00.14.H31"}
            began = time.monotonic()
            answer = await house.prefill(
                "9.000001",
                {"applicant": house.subject("facts_example")},
                official=official,
                deadline_ms=1_000,
                account=CLAIMS,
            )
            return time.monotonic() - began, found(answer)

        calm = [await asked(number) for number in range(20)]
        await house.misbehave("social_insurance", "hang")
        hanging = [await asked(number) for number in range(100, 104)]
        await asyncio.gather(*(asked(number) for number in range(110, 120)))
        await asyncio.sleep(0.3)
        opened = [await asked(number) for number in range(200, 220)]
        assert len(calm[0][1]) == 4
        assert {one["social_insurance"] for _, one in hanging} == {("unavailable", "deadline_reached")}
        assert statistics.median(seconds for seconds, _ in hanging) < 1 + 0.1
        assert {one["social_insurance"] for _, one in opened} == {("unavailable", "breaker_open")}
        for _, one in hanging + opened:
            assert {other for name, other in one.items() if name != "social_insurance"} == {WELL}
        quiet, loud = (min(seconds for seconds, _ in some) for some in (calm, opened))
        assert loud < quiet * 1.1 + 0.01


def of_subjects(answer: Any) -> dict[tuple[str, str], tuple[str, str | None]]:
    """Subject and data service -> outcome and reason."""
    return {
        (one["subject"], one["data_service"]): (one["outcome"], one.get("reason"))
        for one in answer["sources"]
    }


async def test_source_that_waits_for_nobody_is_asked_while_another_hangs(
    make_house: Callable[..., Any],
) -> None:
    """Promise P10: the head of household is asked about as soon as he is known, whatever else hangs."""
    async with make_house(**{"sources.population.limits.total_ms": "5100"}) as house:
        await house.misbehave("population", "hang", operation=HOUSEHOLD)
        answer = await house.prefill("1.004222", {"applicant": house.subject("child")}, deadline_ms=5_000)
        outcomes = of_subjects(answer)
    assert outcomes.pop(("applicant", HOUSEHOLD)) == ("unavailable", "deadline_reached")
    assert outcomes["household_head", PERSON] == WELL
    assert outcomes["applicant", PERSON] == WELL
    assert proposed(answer, "chuHo.hoTen")


async def test_source_that_the_deadline_left_unasked_is_not_called_skipped(
    make_house: Callable[..., Any],
) -> None:
    """Nobody knows yet who the head of household is: whether he would have been asked about is not known either."""
    async with make_house(**{"sources.population.limits.total_ms": "2100"}) as house:
        await house.misbehave("population", "hang", operation=PERSON)
        answer = await house.prefill("1.004222", {"applicant": house.subject("child")}, deadline_ms=500)
        outcomes = of_subjects(answer)
        assert (await house.calls()).get(f"population.{PERSON}", 0) == 1
    assert outcomes["household_head", PERSON] == ("unavailable", "deadline_reached")
    assert outcomes["applicant", PERSON] == ("unavailable", "deadline_reached")


async def test_catcher_notes_a_call() -> None:
    """The server that nobody may call would tell."""
    async with between("catcher") as catcher:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", int(catcher.url.split(":")[2].split("/")[0])
        )
        writer.write(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)
        assert len(catcher.calls) == 1
        writer.close()
        del reader
