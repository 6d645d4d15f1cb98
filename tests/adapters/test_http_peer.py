"""HttpPeer and its guards against providers that misbehave."""

import asyncio
import gzip
import ssl
import traceback
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web

from adapters.transport.breaker import Behalf, Breaker, Guard, Latencies, Position, RetryBudget
from adapters.transport.call import HttpPeer, Wire
from adapters.transport.connection import HttpAnswer
from adapters.transport.dial import tls_context
from adapters.transport.faults import ProviderError, from_status, invalid, timed_out, unreachable
from adapters.transport.places import Places
from gateway.config.gateway import Limits
from gateway.domain.errors import ConfigError
from gateway.domain.evidence import Outcome
from gateway.domain.reasons import Reason
from tests import unhurried
from tests.adapters.asking import called
from tests.adapters.raw_peers import (
    HandClock,
    RawPeer,
    Say,
    answer,
    free_port,
    raw_peer,
    reset,
    saying,
    soon,
    tools,
)

CANARY = "033471902856"
OK = b'{"a":1}'


@asynccontextmanager
async def calling(
    say: Say, clock: HandClock | None = None, **limits: Any
) -> AsyncIterator[tuple[HttpPeer, RawPeer]]:
    async with raw_peer(say) as raw:
        more: dict[str, Any] = {} if clock is None else {"clock": clock}
        peer = HttpPeer(raw.url, Limits(**unhurried.limits(**limits)), tools(), **more)
        try:
            yield peer, raw
        finally:
            await peer.close()


async def ask(peer: HttpPeer, seconds: float = 25.0, **words: Any) -> HttpAnswer:
    what: dict[str, Any] = {"method": "POST", "headers": {}, "body": b"{}", **words}
    return await called(peer, Wire(target=f"/x/{CANARY}", **what), soon(seconds))


async def fault_of(peer: HttpPeer, seconds: float = 25.0, **words: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await ask(peer, seconds, **words)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert CANARY not in shown
    assert "secret-body" not in shown
    return caught.value


async def test_complete_answer_comes_back_with_status_headers_and_body() -> None:
    async with calling(saying(answer(OK, more="X-Kind: a\r\n"))) as (peer, raw):
        got = await ask(peer, headers={"X-Mine": "1"})
    assert (got.status, got.body, got.fields[b"x-kind"]) == (200, OK, b"a")
    assert raw.requests[0].startswith(f"POST /base/x/{CANARY} HTTP/1.1\r\n".encode())
    assert b"X-Mine: 1" in raw.requests[0]
    assert raw.requests[0].endswith(b"\r\n\r\n{}")
    assert peer.guard.latencies.quantiles().keys() == {"p50", "p95", "p99"}


async def test_connection_is_reused_and_cookies_are_forgotten() -> None:
    async with calling(saying(answer(OK, more="Set-Cookie: a=b\r\n"))) as (peer, raw):
        await ask(peer)
        await ask(peer)
    assert len(raw.requests) == 2
    assert b"Cookie" not in raw.requests[1]


async def test_redirect_is_not_followed() -> None:
    async with raw_peer(saying(answer(OK))) as other:
        moved = answer(b"x", status="302 Found", more=f"Location: {other.url}\r\n")
        async with calling(saying(moved)) as (peer, _):
            fault = await fault_of(peer, method="GET", body=None)
    assert (fault.outcome, fault.reason) == (Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID)
    assert other.requests == []


_SILENT = {
    "page": answer(b"<!DOCTYPE html><p>secret-body"),
    "page_that_claims_to_be_json": answer(b" \n<HTML>secret-body", kind="application/json"),
    "json_that_claims_to_be_a_page": answer(OK, kind="text/html; charset=utf-8"),
    "empty": answer(b""),
    "blank": answer(b" \r\n "),
    "status_204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "part": answer(b"{}", status="206 Partial Content"),
    "unknown_coding": answer(b"{}", more="Content-Encoding: br\r\n"),
    "not_gzip": answer(b"not gzip, secret-body", more="Content-Encoding: gzip\r\n"),
    "half_gzip": answer(gzip.compress(OK)[:-6], more="Content-Encoding: gzip\r\n"),
    "two_gzips": answer(gzip.compress(OK) * 2, more="Content-Encoding: gzip\r\n"),
    "no_http": b"secret-body, no HTTP at all\r\n\r\n",
    "two_lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "long_header": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("raw", _SILENT.values(), ids=_SILENT)
async def test_answer_that_says_nothing_about_a_person_is_invalid(raw: bytes) -> None:
    async with calling(saying(raw, then_close=True)) as (peer, _):
        fault = await fault_of(peer)
    assert (fault.outcome, fault.reason) == (Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID)


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(OK)),
        ("deflate", zlib.compress(OK)),
        ("deflate", zlib.compress(OK)[2:-4]),
        ("identity", OK),
    ],
    ids=["gzip", "zlib", "bare_deflate", "identity"],
)
async def test_compressed_answer_is_unpacked(coding: str, packed: bytes) -> None:
    async with calling(saying(answer(packed, more=f"Content-Encoding: {coding}\r\n"))) as (peer, _):
        assert (await ask(peer)).body == OK


async def test_decompression_bomb_is_cut_at_the_limit() -> None:
    bomb = gzip.compress(bytes(200_000_000), 9)
    async with calling(saying(answer(bomb, more="Content-Encoding: gzip\r\n"))) as (peer, _):
        fault = await fault_of(peer)
    assert fault.reason is Reason.SOURCE_ANSWER_INVALID


@pytest.mark.parametrize("declared", [True, False])
async def test_body_of_100_megabytes_is_cut_at_the_limit(declared: bool) -> None:
    sent = 0

    async def flood(_number: int, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        length = "Content-Length: 100000000" if declared else "Connection: close"
        writer.write(f"HTTP/1.1 200 OK\r\n{length}\r\n\r\n".encode())
        for _ in range(100):
            writer.write(bytes(1_000_000))
            await writer.drain()
            sent += 1

    async with calling(flood) as (peer, _):
        fault = await fault_of(peer)
    assert fault.reason is Reason.SOURCE_ANSWER_INVALID
    assert sent < 30


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"])
async def test_slow_drip_ends_at_the_deadline_and_is_not_repeated(sent: bytes) -> None:
    async def drip(_number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        while True:
            writer.write(b" " if sent else b"H")
            await asyncio.sleep(0.05)

    async with calling(drip, total_ms=120_000) as (peer, raw), asyncio.timeout(60):
        fault = await fault_of(peer, 0.3)
    if sent:
        assert (fault.outcome, fault.reason) == (Outcome.UNAVAILABLE, Reason.SOURCE_TIMEOUT)
    assert len(raw.requests) == 1


async def test_silent_provider_ends_at_its_own_limit() -> None:
    async def nothing(_number: int, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(10)

    async with calling(nothing, total_ms=200) as (peer, raw):
        assert (await fault_of(peer)).reason is Reason.SOURCE_TIMEOUT
    assert len(raw.requests) == 1


async def test_deadline_in_the_past_calls_nobody() -> None:
    async with calling(saying(answer(OK))) as (peer, raw):
        fault = await fault_of(peer, -0.001)
    assert (fault.reason, fault.sent, raw.requests) == (Reason.DEADLINE_REACHED, False, [])


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "no-such-provider.invalid"])
async def test_refused_port_and_unknown_name_are_unreachable_and_not_waited_for(host: str) -> None:
    peer = HttpPeer(f"http://{host.format(port=free_port())}", Limits(), tools())
    fault = await fault_of(peer)
    # and not "timed out"
    assert (fault.outcome, fault.reason) == (Outcome.UNAVAILABLE, Reason.SOURCE_UNREACHABLE)
    await peer.close()


# ---------------------------------------------------------------- repetition


def breaking(how: str, times: int) -> Say:
    async def say(number: int, writer: asyncio.StreamWriter) -> None:
        if number > times:
            writer.write(answer(OK))
        elif how == "reset":
            reset(writer)
        elif how == "truncate":
            writer.write(answer(OK)[:-2])
            writer.close()
        else:
            writer.close()

    return say


@pytest.mark.parametrize("how", ["reset", "drop", "truncate"])
async def test_broken_read_is_repeated_once(how: str) -> None:
    async with calling(breaking(how, 1)) as (peer, raw):
        assert (await ask(peer)).body == OK
    assert len(raw.requests) == 2
    async with calling(breaking(how, 2)) as (peer, raw):
        assert (await fault_of(peer)).reason is Reason.SOURCE_UNREACHABLE
    assert len(raw.requests) == 2


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
async def test_broken_write_is_never_repeated_not_even_by_the_library(method: str) -> None:
    async with calling(breaking("drop", 9)) as (peer, raw):
        await fault_of(peer, method=method, repeatable=False)
    assert len(raw.requests) == 1


async def test_storm_of_failures_is_hardly_amplified() -> None:
    async with calling(breaking("drop", 10_000), breaker_failures=10_000) as (peer, raw):
        for _ in range(150):
            await fault_of(peer)
    assert len(raw.requests) <= 150 * 1.1 + 5


async def test_budget_of_zero_never_repeats() -> None:
    async with calling(breaking("drop", 1), retry_budget=0) as (peer, raw):
        await fault_of(peer)
    assert len(raw.requests) == 1


# ---------------------------------------------------------------- busy, open, full


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_retry_after_is_honoured_without_calling(status: str) -> None:
    clock = HandClock()
    busy = answer(b"{}", status=status, more="Retry-After: 7\r\n")

    async def say(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(busy if number == 1 else answer(OK))

    async with calling(say, clock) as (peer, raw):
        first = await fault_of(peer)
        clock.seconds += 2
        second = await fault_of(peer)
        assert len(raw.requests) == 1
        clock.seconds += 5.1
        assert (await ask(peer)).body == OK
    assert (first.reason, first.retry_in) == (Reason.SOURCE_BUSY, 7)
    assert (second.reason, second.retry_in, second.sent) == (Reason.SOURCE_BUSY, 5, False)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("Mon, 05 Jan 2026 03:04:35 GMT", 30), ("0", 1), ("999999999", 3_600), ("soon", None), ("-5", None)],
)
async def test_retry_after_may_be_a_date_and_is_bounded(value: str, seconds: int | None) -> None:
    async with calling(saying(answer(b"{}", status="503 X", more=f"Retry-After: {value}\r\n"))) as (peer, _):
        assert (await fault_of(peer)).retry_in == seconds


async def test_full_bulkhead_waits_for_a_place_within_the_deadline() -> None:
    gate = asyncio.Event()

    async def wait(_number: int, writer: asyncio.StreamWriter) -> None:
        await gate.wait()
        writer.write(answer(OK))

    async with calling(wait, connections=2) as (peer, raw):
        inside = [asyncio.create_task(ask(peer)) for _ in range(2)]
        while len(raw.requests) < 2:
            await asyncio.sleep(0.01)
        fault = await fault_of(peer, 0.1)
        assert (fault.reason, fault.sent) == (Reason.SOURCE_BUSY, False)
        waiting = [asyncio.create_task(ask(peer)) for _ in range(8)]
        await asyncio.sleep(0.02)
        assert (await fault_of(peer)).reason is Reason.SOURCE_BUSY
        waiting.pop().cancel()  # its call goes on by itself
        gate.set()
        await asyncio.gather(*inside, *waiting)
        await ask(peer)
    assert len(raw.requests) == 11


class InLine:
    """A call that waits for a place."""

    def __init__(self, name: str, served: list[str]) -> None:
        self.name = name
        self._served = served

    def place_given(self) -> None:
        self._served.append(self.name)


def test_requesters_take_turns_for_a_place() -> None:
    """Whatever one of them asks, the other has the next place but one."""
    places, served = Places(2), list[str]()
    places.inside = 2
    for number in range(8):
        places.wait(InLine(f"greedy {number}", served), "greedy")
    with pytest.raises(ProviderError, match="source_busy"):
        places.wait(InLine("greedy 8", served), "greedy")
    for number in range(2):
        places.wait(InLine(f"modest {number}", served), "modest")
    for _ in range(5):
        places.free()
    assert served == ["greedy 0", "modest 0", "greedy 1", "modest 1", "greedy 2"]
    for _ in range(5):
        places.free()
    assert served[5:] == [f"greedy {number}" for number in range(3, 8)]
    assert places.inside == 2
    for _ in range(2):
        places.free()
    assert places.inside == 0


def test_call_that_stops_waiting_leaves_the_line() -> None:
    places, served = Places(1), list[str]()
    places.inside = 1
    waiting = [(InLine(f"{name} {number}", served), name) for number, name in enumerate("aba")]
    for one in waiting:
        places.wait(*one)
    for one in waiting[:2]:
        places.leave(*one)
    places.free()
    assert (served, places.inside) == (["a 2"], 1)
    places.free()
    assert places.inside == 0


async def test_wait_for_a_place_is_not_the_providers_fault() -> None:
    """What is cut by the caller's deadline after it stood in our line says nothing about the provider."""
    gate = asyncio.Event()

    async def say(number: int, writer: asyncio.StreamWriter) -> None:
        await (gate.wait() if number == 1 else asyncio.Event().wait())
        writer.write(answer(OK))

    async with calling(say, connections=1, breaker_failures=1) as (peer, raw):
        first = asyncio.create_task(ask(peer))
        while not raw.requests:
            await asyncio.sleep(0)
        second = asyncio.create_task(fault_of(peer, 0.2))
        await asyncio.sleep(0)
        gate.set()
        await first
        fault = await second
        assert len(raw.requests) == 2
        assert (fault.reason, fault.retry_in, fault.sent) == (Reason.SOURCE_BUSY, 1, True)
        assert peer.guard.breaker.position is Position.CLOSED
        assert (await fault_of(peer, 0.2)).reason is Reason.SOURCE_TIMEOUT
        assert position(peer.guard.breaker) is Position.OPEN


async def test_provider_has_its_whole_time_however_long_its_caller_waited_for_a_place() -> None:
    gates = [asyncio.Event(), asyncio.Event()]

    async def say(number: int, writer: asyncio.StreamWriter) -> None:
        await gates[number - 1].wait()
        writer.write(answer(OK))

    async with calling(say, connections=1, total_ms=2_000) as (peer, raw):
        loop = asyncio.get_running_loop()
        first = asyncio.create_task(ask(peer))
        while not raw.requests:
            await asyncio.sleep(0)
        second = asyncio.create_task(ask(peer))
        loop.call_later(1.2, gates[0].set)
        loop.call_later(2.3, gates[1].set)
        await first
        assert (await second).body == OK


async def test_breaker_opens_answers_at_once_and_lets_one_probe_through() -> None:
    clock, mood = HandClock(), {"status": "500 Down"}

    async def say(_number: int, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.02)
        writer.write(answer(OK, status=mood["status"]))

    async with calling(say, clock) as (peer, raw):
        for _ in range(5):
            assert (await fault_of(peer)).reason is Reason.SOURCE_UNREACHABLE
        fault = await fault_of(peer)
        assert (fault.reason, fault.retry_in) == (Reason.BREAKER_OPEN, 10)
        assert len(raw.requests) == 5, "nobody was asked, so nothing was waited for"
        clock.seconds += 10
        faults = await asyncio.gather(*(fault_of(peer) for _ in range(10)))
        assert [fault.reason for fault in faults].count(Reason.BREAKER_OPEN) == 9
        assert (len(raw.requests), peer.guard.breaker.position) == (6, Position.OPEN)
        clock.seconds += 9.9
        assert (await fault_of(peer)).reason is Reason.BREAKER_OPEN
        clock.seconds += 0.1
        mood["status"] = "200 OK"
        await ask(peer)
        assert peer.guard.breaker.position is Position.CLOSED
        await asyncio.gather(*(ask(peer) for _ in range(10)))


def test_call_that_was_cut_frees_its_place_and_its_probe() -> None:
    clock = HandClock()
    guard = Guard(Limits(connections=1, breaker_failures=1), clock)
    guard.places.inside += 1
    guard.leave(0.0, probe=guard.admit(), fault=timed_out())
    clock.seconds += 10
    guard.places.inside += 1
    guard.abandon(probe=guard.admit())
    guard.places.inside += 1
    assert guard.admit() is True


async def test_call_that_nobody_awaits_any_more_ends_by_itself() -> None:
    async def nothing(_number: int, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(10)

    async with calling(nothing, connections=1) as (peer, raw):
        task = asyncio.create_task(ask(peer, 0.3))
        while not raw.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await fault_of(peer, 0.1)).reason is Reason.SOURCE_BUSY
        await asyncio.sleep(0.2)
        assert not peer.under_way
        assert (await fault_of(peer, 0.1)).reason is Reason.SOURCE_TIMEOUT


async def test_closing_ends_all_calls_wherever_they_are() -> None:
    async def nothing(_number: int, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(10)

    async with calling(nothing, connections=1) as (peer, raw):
        tasks = [asyncio.create_task(fault_of(peer)) for _ in range(3)]
        while not raw.requests:
            await asyncio.sleep(0.01)
        await peer.close()
        assert {(await task).reason for task in tasks} == {Reason.SOURCE_UNREACHABLE}
        assert peer.guard.places.inside == 0
        assert (await fault_of(peer)).reason is Reason.SOURCE_UNREACHABLE


# ---------------------------------------------------------------- statuses


@pytest.mark.parametrize(
    ("status", "body", "outcome", "reason"),
    [
        (400, b"", Outcome.REFUSED, Reason.SOURCE_REFUSED),
        (401, b"", Outcome.REFUSED, Reason.SOURCE_REFUSED),
        (403, b"", Outcome.REFUSED, Reason.SOURCE_REFUSED),
        (404, b"", Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID),
        (408, b"", Outcome.UNAVAILABLE, Reason.SOURCE_TIMEOUT),
        (429, b"", Outcome.UNAVAILABLE, Reason.SOURCE_BUSY),
        (500, b"", Outcome.UNAVAILABLE, Reason.SOURCE_UNREACHABLE),
        (502, b"", Outcome.UNAVAILABLE, Reason.SOURCE_UNREACHABLE),
        (503, b"", Outcome.UNAVAILABLE, Reason.SOURCE_BUSY),
        (504, b"", Outcome.UNAVAILABLE, Reason.SOURCE_TIMEOUT),
        (500, b'{"fault":{"code":900801,"message":"x"}}', Outcome.UNAVAILABLE, Reason.SOURCE_BUSY),
        (500, b"<ams:fault><ams:code>900906</ams:code>", Outcome.REFUSED, Reason.SOURCE_REFUSED),
        (500, b'{"fault":{"code":"303001"}}', Outcome.UNAVAILABLE, Reason.SOURCE_BUSY),
        (500, b'{"code":9008011}', Outcome.UNAVAILABLE, Reason.SOURCE_UNREACHABLE),
    ],
)
def test_statuses_and_fault_codes_have_their_outcomes(
    status: int, body: bytes, outcome: Outcome, reason: Reason
) -> None:
    fault = from_status(status, body)
    assert (fault.outcome, fault.reason, fault.status) == (outcome, reason, status)


def test_only_a_token_that_was_sent_can_be_expired() -> None:
    assert from_status(401).expired
    assert from_status(401, b'{"code":"900901"}').expired
    assert not from_status(401, b'{"code":"900902"}').expired
    assert not from_status(403).expired


async def test_status_with_a_body_of_its_own_is_accepted_on_request() -> None:
    async with calling(saying(answer(b"<Fault/>", status="500 X", kind="text/xml"))) as (peer, _):
        got = await ask(peer, accepts=(500,))
        assert (got.status, got.body) == (500, b"<Fault/>")
        assert (await fault_of(peer)).status == 500
    async with calling(saying(answer(b"<html>", status="500 X"))) as (peer, _):
        assert (await fault_of(peer, accepts=(500,))).outcome is Outcome.UNAVAILABLE


# ---------------------------------------------------------------- TLS


@asynccontextmanager
async def tls_server(authority: trustme.CA, name: str, *, ask_client: bool) -> AsyncIterator[str]:
    async def hello(_request: web.Request) -> web.Response:
        return web.json_response({"a": 1})

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    if ask_client:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    app = web.Application()
    app.router.add_post("/{rest:.*}", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()
    try:
        yield f"https://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("trusted", "name", "client", "works"),
    [
        (True, "127.0.0.1", True, True),
        (False, "127.0.0.1", True, False),
        (True, "other.example", True, False),
        (True, "127.0.0.1", False, False),
    ],
)
async def test_tls_verifies_both_sides(
    tmp_path: Path, trusted: bool, name: str, client: bool, works: bool
) -> None:
    authority, other = trustme.CA(), trustme.CA()
    (authority if trusted else other).cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    tls = {"ca": "ca.pem"}
    if client:
        own = authority.issue_cert("gateway.example")
        own.cert_chain_pems[0].write_to_path(str(tmp_path / "own.pem"))
        own.private_key_pem.write_to_path(str(tmp_path / "own.key"))
        tls |= {"certificate": "own.pem", "key": "own.key"}
    async with tls_server(authority, name, ask_client=True) as url:
        peer = HttpPeer(url, Limits(**unhurried.limits()), tools(), tls=tls_context("x", tls, tmp_path))
        if works:
            assert (await ask(peer)).body == b'{"a": 1}'
        else:
            assert (await fault_of(peer)).reason is Reason.SOURCE_UNREACHABLE
        await peer.close()


def test_tls_settings_that_cannot_be_used_name_their_file(tmp_path: Path) -> None:
    for tls in ({"ca": "absent.pem"}, {"verify": "false"}, "off"):
        with pytest.raises(ConfigError, match=r"config/sources/x\.yaml"):
            tls_context("x", tls, tmp_path)


# ---------------------------------------------------------------- guards by themselves


def position(breaker: Breaker) -> Position:
    return breaker.position


def failing(breaker: Breaker, count: int) -> None:
    for _ in range(count):
        breaker.settle(probe=breaker.admit(), failed=True)


def test_failures_far_apart_do_not_open() -> None:
    clock = HandClock()
    breaker = Breaker(5, 10, 10, clock)
    for _ in range(20):
        failing(breaker, 1)
        clock.seconds += 2.6
    assert position(breaker) is Position.CLOSED
    failing(breaker, 2)
    assert position(breaker) is Position.OPEN


def test_few_failures_among_very_many_calls_do_not_open() -> None:
    breaker = Breaker(5, 10, 10, HandClock())
    for _ in range(50):
        for _ in range(99):
            breaker.settle(probe=breaker.admit(), failed=False)
        failing(breaker, 1)
    assert position(breaker) is Position.CLOSED
    for _ in range(600):
        if position(breaker) is Position.CLOSED:
            failing(breaker, 1)
    assert position(breaker) is Position.OPEN


def test_above_two_hundred_calls_a_tenth_of_them_must_fail() -> None:
    breaker = Breaker(5, 10, 10, HandClock())
    for _ in range(900):
        breaker.settle(probe=breaker.admit(), failed=False)
    failing(breaker, 99)
    assert position(breaker) is Position.CLOSED
    failing(breaker, 1)
    assert position(breaker) is Position.OPEN


def test_calls_from_before_the_window_are_no_share() -> None:
    clock = HandClock()
    breaker = Breaker(5, 10, 10, clock)
    for _ in range(900):
        breaker.settle(probe=breaker.admit(), failed=False)
    clock.seconds += 11
    failing(breaker, 5)
    assert position(breaker) is Position.OPEN


def test_one_probe_is_under_way_however_long_it_takes() -> None:
    clock = HandClock()
    breaker = Breaker(5, 10, 10, clock)
    failing(breaker, 5)
    clock.seconds += 10
    assert breaker.admit() is True
    for seconds, told in ((0, 10), (4, 6), (6, 1), (25, 1)):
        clock.seconds += seconds
        with pytest.raises(ProviderError) as caught:
            breaker.admit()
        assert (caught.value.reason, caught.value.retry_in) == (Reason.BREAKER_OPEN, told)
    breaker.settle(probe=True, failed=True)
    with pytest.raises(ProviderError) as caught:
        breaker.admit()
    assert caught.value.retry_in == 10
    clock.seconds += 10
    assert breaker.admit() is True
    breaker.settle(probe=True, failed=False)
    assert position(breaker) is Position.CLOSED
    failing(breaker, 4)
    assert position(breaker) is Position.CLOSED, "failures from before the outage count no more"


def test_five_failures_open_among_up_to_two_hundred_calls() -> None:
    breaker = Breaker(5, 10, 10, HandClock())
    for _ in range(195):
        breaker.settle(probe=breaker.admit(), failed=False)
    failing(breaker, 4)
    assert position(breaker) is Position.CLOSED
    failing(breaker, 1)
    assert position(breaker) is Position.OPEN
    larger = Breaker(5, 10, 10, HandClock())
    for _ in range(196):
        larger.settle(probe=larger.admit(), failed=False)
    failing(larger, 5)
    assert position(larger) is Position.CLOSED


def test_breaker_with_a_share_stays_closed_while_most_calls_go_well() -> None:
    clock = HandClock()
    breaker = Breaker(5, 10, 10, clock, 0.5)
    for number in range(100):
        breaker.settle(probe=breaker.admit(), failed=number % 10 == 0)
    assert position(breaker) is Position.CLOSED
    clock.seconds += 11
    failing(breaker, 5)
    assert position(breaker) is Position.OPEN


def test_answers_that_cannot_be_used_open_a_breaker() -> None:
    breaker = Breaker(5, 10, 10, HandClock())
    for _ in range(5):
        breaker.settle(probe=breaker.admit(), failed=False)
        breaker.blame()
    assert position(breaker) is Position.OPEN


def test_failures_of_one_person_do_not_open_and_do_not_hide_those_of_others() -> None:
    """An outage needs three people of whom something failed, when it needs five failures."""
    breaker = Breaker(5, 10, 10, HandClock())
    for _ in range(50):
        breaker.settle(probe=breaker.admit(), failed=True, due_to=1)
        breaker.blame(1)
    assert position(breaker) is Position.CLOSED
    for _ in range(50):
        breaker.blame(2)
        breaker.settle(probe=breaker.admit(), failed=True, due_to=1)
    assert position(breaker) is Position.CLOSED
    breaker.settle(probe=breaker.admit(), failed=True, due_to=3)
    assert position(breaker) is Position.OPEN


def test_newer_failure_of_the_same_person_replaces_his_oldest() -> None:
    clock = HandClock()
    breaker = Breaker(5, 10, 10, clock)

    def fail(*people: int) -> None:
        for person in people:
            breaker.settle(probe=breaker.admit(), failed=True, due_to=person)

    fail(1, 1)
    clock.seconds += 9
    fail(1, 1, 2, 2)
    clock.seconds += 9
    fail(3)
    assert position(breaker) is Position.OPEN


def test_repeated_failures_of_one_person_are_no_share_of_very_many_calls() -> None:
    breaker = Breaker(5, 10, 10, HandClock())
    for _ in range(900):
        breaker.settle(probe=breaker.admit(), failed=False)
        breaker.settle(probe=breaker.admit(), failed=True, due_to=1)
    for person in range(2, 8):
        breaker.settle(probe=breaker.admit(), failed=True, due_to=person)
    assert position(breaker) is Position.CLOSED


def test_person_whose_record_spoiled_a_probe_leaves_the_next_one_to_others() -> None:
    """Else whoever asks about him again and again would keep a source closed that is well again."""
    for spoil in ("failed", "blamed"):
        clock = HandClock()
        breaker = Breaker(5, 10, 10, clock)
        failing(breaker, 5)
        clock.seconds += 10
        his, hers = Behalf("a", 1, 2), Behalf("a", 3, 4)
        breaker.settle(probe=breaker.admit(his), failed=spoil == "failed", due_to=1)
        if spoil == "blamed":
            breaker.blame(1)
        clock.seconds += 10
        with pytest.raises(ProviderError) as caught:
            breaker.admit(his)
        assert (caught.value.reason, caught.value.retry_in) == (Reason.BREAKER_OPEN, 10)
        assert breaker.admit(hers) is True
        breaker.settle(probe=True, failed=True, due_to=3)
        clock.seconds += 20
        assert breaker.admit(hers) is True, "where nobody else asks he may"


def test_what_a_failure_may_be_due_to() -> None:
    behalf = Behalf("a", 1, 2)
    assert behalf.blamed(from_status(500)) == 1
    assert behalf.blamed(invalid()) == 1
    assert behalf.blamed(timed_out()) == 2
    assert behalf.blamed(unreachable()) == 2
    assert behalf.blamed(unreachable(everybody=True)) is None


def test_late_results_do_not_move_an_open_breaker() -> None:
    breaker = Breaker(2, 10, 10, HandClock())
    admitted = [breaker.admit() for _ in range(5)]
    for failed in (True, True, False, True, False):
        breaker.settle(probe=admitted.pop(), failed=failed)
    assert position(breaker) is Position.OPEN


def test_refusals_do_not_count_against_a_provider() -> None:
    guard = Guard(Limits(), HandClock())
    for status in (400, 401, 403, 404, 429):
        for _ in range(9):
            guard.places.inside += 1
            guard.leave(0.0, probe=guard.admit(), fault=from_status(status))
    assert position(guard.breaker) is Position.CLOSED


def test_budget_grows_with_calls_up_to_its_reserve() -> None:
    budget = RetryBudget(0.5)
    assert [budget.spend() for _ in range(6)] == [True] * 5 + [False]
    budget.earn()
    assert not budget.spend()
    budget.earn()
    assert budget.spend()


def test_latencies_keep_the_newest_and_give_quantiles() -> None:
    latencies = Latencies()
    assert latencies.quantiles() == {}
    for number in range(1_000):
        latencies.add(number / 1_000)
    found = latencies.quantiles()
    assert 744 <= found["p50"] <= 999
    assert found["p50"] < found["p95"] < found["p99"] <= 999


def test_error_speaks_in_codes_only() -> None:
    assert str(unreachable()) == "unavailable: source_unreachable"


def test_probe_with_an_answer_that_cannot_be_used_opens_the_breaker_again() -> None:
    now = [0.0]
    breaker = Breaker(2, 10, 5, lambda: now[0])
    for _ in range(2):
        breaker.settle(probe=breaker.admit(), failed=True)
    now[0] = 5.0
    breaker.settle(probe=breaker.admit(), failed=False)
    breaker.blame()
    with pytest.raises(ProviderError, match="breaker_open"):
        breaker.admit()
    now[0] = 10.0
    breaker.settle(probe=breaker.admit(), failed=False)
    breaker.settle(probe=breaker.admit(), failed=False)
    breaker.blame()
    assert breaker.position is Position.CLOSED, "a later answer counts like any other"
