"""Providers that are slow, silent, endless or broken off: limits, repetitions, storms."""

import asyncio
import gzip
import time
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from gateway.config.configuration import load
from gateway.config.gateway import Limits
from tests.faults.conftest import Good, Say, Stage, always, body, found, http
from tests.flows.conftest import ROOT

pytestmark = pytest.mark.asyncio(loop_scope="session")

CUT = ("unavailable", "deadline_reached")
BROKEN = ("unavailable", "source_unreachable")
INVALID = ("invalid", "source_answer_invalid")
WELL = ("found", None)


async def timed(stage: Stage, **more: object) -> tuple[float, dict[str, tuple[str, str | None]]]:
    began = time.monotonic()
    answer = await stage.ask(**more)
    return time.monotonic() - began, found(answer)


def dripping(first: bytes) -> Say:
    async def say(_good: Good, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    return say


async def ten_seconds(good: Good, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(10)
    writer.write(http(good.body, good.kind))


async def never(_good: Good, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


HANGING: dict[str, Say] = {
    "ten seconds": ten_seconds,
    "never": never,
    "dripping status": dripping(b"HTTP/1.1 200 O"),
    "dripping header": dripping(b"HTTP/1.1 200 OK\r\nX-A: "),
    "dripping body": dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"),
    "dripping chunks": dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n"),
}


@pytest.mark.parametrize("name", HANGING)
@pytest.mark.parametrize("source", ["population", "civil_status"])
async def test_source_that_keeps_us_waiting_is_cut_at_the_deadline(
    stage: Stage, source: str, name: str
) -> None:
    peer = stage.set(source, HANGING[name])
    async with asyncio.timeout(20):  # the source has longer
        seconds, outcomes = await timed(stage, deadline_ms=2_000)
    assert seconds >= 2
    assert outcomes[source] == CUT
    assert {one for other, one in outcomes.items() if other != source} == {WELL}
    assert len(peer.calls) == 1


# ------------------------------------------------------------------------------- broken off: F4


def broken(how: str, times: int) -> Say:
    """Break off so often, then answer well."""
    left = [times]

    async def say(good: Good, writer: asyncio.StreamWriter) -> None:
        if left[0] <= 0:
            writer.write(http(good.body, good.kind))
            return
        left[0] -= 1
        if how == "truncated":
            writer.write(http(good.body, good.kind)[:-20])
            await writer.drain()
        if how == "reset":
            writer.transport.abort()
        writer.close()

    return say


async def earn(stage: Stage, repetitions: int) -> None:
    """Calls that go well are what repetitions are paid from."""
    stage.set("population", None)
    for _ in range(repetitions * 10 + 1):
        await stage.ask()


@pytest.mark.parametrize("how", ["reset", "dropped", "truncated"])
@pytest.mark.parametrize("source", ["population", "civil_status"])
async def test_read_that_breaks_off_is_repeated_once_after_a_pause(
    stage: Stage, source: str, how: str
) -> None:
    await earn(stage, 2)
    peer = stage.set(source, broken(how, 1))
    _, outcomes = await timed(stage)
    assert set(outcomes.values()) == {WELL}
    (first, _), (second, _) = peer.calls
    assert second - first > 0.009
    peer = stage.set(source, broken(how, 1_000))
    _, outcomes = await timed(stage)
    assert outcomes[source] == BROKEN
    assert len(peer.calls) == 2


async def test_pauses_before_repetitions_differ(stage: Stage) -> None:
    pauses = set()
    for _ in range(3):
        await earn(stage, 1)
        peer = stage.set("civil_status", broken("reset", 1))
        await stage.ask()
        pauses.add(round(peer.calls[1][0] - peer.calls[0][0], 3))
    assert len(pauses) > 1


@pytest.mark.parametrize("how", ["reset", "dropped", "truncated", "status 503", "status 500"])
async def test_storm_is_hardly_amplified(stage: Stage, how: str) -> None:
    status = how.partition("status ")[2]
    say = body(lambda _: b"{}", status=f"{status} X") if status else broken(how, 1_000_000)
    peer = stage.set("civil_status", say)
    for _ in range(60):
        assert found(await stage.ask())["population"] == WELL
    assert len(peer.calls) <= 60 * 1.1 + 6
    assert Limits().retry_budget == 0.1


@pytest.mark.slow
async def test_storm_of_a_minute_is_hardly_amplified(stage: Stage) -> None:
    peer = stage.set("civil_status", broken("reset", 1_000_000))
    asked, end = 0, time.monotonic() + 60
    while time.monotonic() < end:
        await stage.ask()
        asked += 1
    assert len(peer.calls) <= asked * 1.1 + 6


# --------------------------------------------------------------------------- endless: F8, T5


def flood(head: bytes, chunk: bytes, sent: list[int], pause: float | None = None) -> Say:
    """Endless, until nobody takes it; with a pause the other side has taken most of what is sent."""

    async def say(_good: Good, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while sent[0] < 100_000_000:
            writer.write(chunk)
            await writer.drain()
            sent[0] += len(chunk)
            if pause is not None:
                await asyncio.sleep(pause)

    return say


MEGABYTE = b" " * 1_000_000
PIECE = MEGABYTE[:50_000]
#: of each, what is sent until it may be cut: two megabytes of body, the first 64 KB of a head, and what is under way
UNDER_WAY = 1_000_000
CUT_BY = {"declared": 0, "in chunks": 2_097_152, "in tiny chunks": 6 * 2_097_152, "until it closes": 2_097_152,
          "headers": 65_536}  # fmt: skip
FLOODS = {
    "declared": (b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n", PIECE),
    "in chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"c350\r\n" + PIECE + b"\r\n"),
    "in tiny chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 10_000),
    "until it closes": (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", PIECE),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-A: bbbbbbbbbb\r\n" * 3_000),
}


@pytest.mark.parametrize("name", FLOODS)
@pytest.mark.parametrize("source", ["population", "civil_status"])
async def test_endless_answer_is_cut_near_its_limit(stage: Stage, source: str, name: str) -> None:
    sent = [0]
    stage.set(source, flood(*FLOODS[name], sent, pause=0.001))
    _, outcomes = await timed(stage)
    assert outcomes[source] == INVALID  # and not "deadline reached"
    assert {one for other, one in outcomes.items() if other != source} == {WELL}
    assert sent[0] <= CUT_BY[name] + UNDER_WAY


def _deflated(size: int, window: int) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, window)
    return b"".join(packer.compress(MEGABYTE) for _ in range(size)) + packer.flush()


BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "gzip": ("gzip", lambda: _deflated(100, 31)),
    "zlib": ("deflate", lambda: _deflated(100, 15)),
    "bare deflate": ("deflate", lambda: _deflated(100, -15)),
    "gzip in gzip": ("gzip", lambda: gzip.compress(_deflated(100, 31), 1)),
    "gzip in gzip that says so": ("gzip, gzip", lambda: gzip.compress(_deflated(100, 31), 1)),
}


@pytest.mark.parametrize("name", BOMBS)
async def test_bomb_is_cut_before_it_swells(stage: Stage, name: str) -> None:
    coding, pack = BOMBS[name]
    stage.set("civil_status", always(await asyncio.to_thread(pack), f"Content-Encoding: {coding}\r\n"))
    tracemalloc.start()
    try:
        _, outcomes = await timed(stage)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert outcomes["civil_status"] == INVALID
    assert peak < 20_000_000


# ----------------------------------------------------------------------------- asked to wait: F11


@pytest.mark.parametrize("status", ["429 Too Many", "503 Busy"])
@pytest.mark.parametrize("source", ["population", "civil_status"])
async def test_provider_that_asks_for_a_pause_gets_it(stage: Stage, source: str, status: str) -> None:
    peer = stage.set(source, body(lambda _: b"{}", status=status, more="Retry-After: 1\r\n"))
    for _ in range(3):
        answer = await stage.ask()
        entry = next(one for one in answer["sources"] if one["source"] == source)
        assert (entry["outcome"], entry["reason"], entry["retry_in"]) == ("unavailable", "source_busy", 1)
    assert len(peer.calls) == 1
    peer.say = None
    await asyncio.sleep(1.05)
    assert set((found(await stage.ask())).values()) == {WELL}
    assert len(peer.calls) == 2


async def test_shipped_limits_are_the_promised_ones() -> None:
    promised = {
        "connect_ms": 1_000, "answer_bytes": 2_097_152, "breaker_failures": 5, "breaker_window_seconds": 10,
        "breaker_probe_seconds": 10, "retry_budget": 0.1,
    }  # fmt: skip
    for source in load(ROOT / "config").sources.values():
        assert source.limits.model_dump().items() >= promised.items(), source.source
