"""Providers that are away, refuse, or end our sessions; one bad source beside good ones (F2, F13, F14, P10)."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.faults.conftest import Good, between, found, http, staged
from tests.flows.conftest import House, proposed

IMPATIENT = {
    "sources.civil_status.limits.breaker_failures": "5",
    "sources.civil_status.limits.breaker_probe_seconds": "1",
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
    limits = {"breaker_failures": "5", "breaker_probe_seconds": "4", "total_ms": "1500"}
    overrides = {f"sources.civil_status.limits.{name}": value for name, value in limits.items()}
    async with staged(tmp_path, overrides) as stage:
        silence = asyncio.Event()

        async def silent(good: Good, writer: asyncio.StreamWriter) -> None:
            await silence.wait()
            writer.write(http(good.body, good.kind))

        async def reasons(times: int) -> list[str | None]:
            """Why the silent source gave nothing; the other one did, each time."""
            many = [found(one) for one in await asyncio.gather(*(stage.ask() for _ in range(times)))]
            assert {one["population"] for one in many} == {WELL}
            return [one["civil_status"][1] for one in many]

        await stage.ask()
        peer = stage.set("civil_status", silent)
        assert await reasons(5) == ["source_timeout"] * 5
        assert await breaker_of(stage.house, "civil_status") == "open"
        assert len(peer.calls) == 5
        assert await reasons(10) == ["breaker_open"] * 10
        assert len(peer.calls) == 5, "nobody was asked, so nothing was waited for"
        await asyncio.sleep(4.05)
        assert sorted(map(str, await reasons(10))) == ["breaker_open"] * 9 + ["source_timeout"]
        assert len(peer.calls) == 6
        silence.set()
        async with asyncio.timeout(30):
            while await reasons(1) != [None]:
                await asyncio.sleep(0.1)
        assert await breaker_of(stage.house, "civil_status") == "closed"
        assert "breaker_open" not in await reasons(5)


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


async def test_provider_that_cannot_be_reached_is_told_before_its_time_is_over(
    make_house: Callable[..., Any], unused_tcp_port: int
) -> None:
    with full_backlog() as full:
        urls = {
            "population": f"http://127.0.0.1:{unused_tcp_port}/population",
            "social_insurance": "http://no-such-provider.invalid/social_insurance",
            "health_card": f"http://127.0.0.1:{full}/health_card",
        }
        overrides = {f"sources.{source}.url": url for source, url in urls.items()}
        for limit, value in {"total_ms": "120000", "connect_ms": "1000"}.items():
            overrides |= {f"sources.{source}.limits.{limit}": value for source in urls}
        async with make_house(**overrides) as house, asyncio.timeout(60):
            outcomes = found(
                await house.prefill(
                    "9.000001",
                    {"applicant": house.subject("facts_example")},
                    deadline_ms=10_000,
                    account=CLAIMS,
                )
            )
    assert outcomes.pop("account") == WELL
    # and not "deadline reached"
    assert outcomes == dict.fromkeys(urls, ("unavailable", "source_unreachable"))


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
        async with asyncio.timeout(30):
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
    """Promise P10, with three sources of one form; what an open breaker costs is measured in `make bench`."""
    async with staged(tmp_path, {"sources.civil_status.limits.total_ms": "120000"}) as stage:
        released = asyncio.Event()

        async def hang(good: Good, writer: asyncio.StreamWriter) -> None:
            await released.wait()
            writer.write(http(good.body, good.kind))

        assert set(found(await stage.ask(deadline_ms=10_000)).values()) == {WELL}
        peer = stage.set("civil_status", hang)
        async with asyncio.timeout(60):  # half of what the source has
            answers = await asyncio.gather(*(stage.ask(deadline_ms=4_000) for _ in range(4)))
        assert len(peer.calls) == 4
        for answer in answers:
            outcomes = found(answer)
            assert outcomes.pop("civil_status") == ("unavailable", "deadline_reached")
            assert outcomes == {"population": WELL, "account": WELL}
        released.set()


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
    async with make_house(**{"sources.population.limits.total_ms": "20000"}) as house:
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
    async with make_house(**{"sources.population.limits.total_ms": "20000"}) as house:
        await house.misbehave("population", "hang", operation=PERSON)
        answer = await house.prefill("1.004222", {"applicant": house.subject("child")}, deadline_ms=3_000)
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
