"""The lean client against servers that stretch HTTP/1.1, and what it puts on the line."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trustme

from adapters.transport import lean
from adapters.transport.connection import Broken, HttpAnswer
from adapters.transport.faults import ProviderError
from adapters.transport.lean import LeanHttpClient
from gateway.domain.evidence import Outcome
from gateway.domain.reasons import Reason
from tests.adapters.raw_peers import RawPeer, Say, answer, raw_peer, saying, soon

OK = b'{"a":1}'


@asynccontextmanager
async def calling(say: Say, *, limit: int = 10_000) -> AsyncIterator[tuple[LeanHttpClient, RawPeer]]:
    async with raw_peer(say) as raw:
        client = LeanHttpClient(raw.url, tls=None, connect_seconds=10, answer_bytes=limit)
        try:
            yield client, raw
        finally:
            await client.close()


async def ask(
    client: LeanHttpClient, method: str = "POST", path: str = "/x", seconds: float = 25, **more: str
) -> HttpAnswer:
    return await client.request(method, path, more, b"{}" if method == "POST" else None, soon(seconds))


def counting(raw: bytes) -> tuple[Say, set[asyncio.StreamWriter]]:
    """Always the same bytes; the set collects the connections that were used."""
    seen: set[asyncio.StreamWriter] = set()

    async def say(_number: int, writer: asyncio.StreamWriter) -> None:
        seen.add(writer)
        writer.write(raw)
        await writer.drain()

    return say, seen


async def test_request_is_framed_once_and_says_who_calls() -> None:
    async with calling(saying(answer(OK))) as (client, raw):
        await client.request("POST", "/x?a=1", {"X-A": "Đỗ"}, b"body", soon())
        await client.request("GET", "", {}, None, soon())
        await client.request("POST", "", {}, None, soon())
    host = raw.url.removeprefix("http://").removesuffix("/base")
    fixed = f"Host: {host}\r\nUser-Agent: motlan\r\nAccept-Encoding: identity\r\n"
    assert raw.requests == [
        f"POST /base/x?a=1 HTTP/1.1\r\n{fixed}X-A: Đỗ\r\nContent-Length: 4\r\n\r\nbody".encode(),
        f"GET /base HTTP/1.1\r\n{fixed}\r\n".encode(),
        f"POST /base HTTP/1.1\r\n{fixed}Content-Length: 0\r\n\r\n".encode(),
    ]


@pytest.mark.parametrize(
    "name", ["A\r\nB", "", "A B", "A:", "Host", "content-length", "Transfer-Encoding", "Đ"]
)
async def test_header_name_that_frames_is_refused(name: str) -> None:
    async with calling(saying(answer(OK))) as (client, raw):
        for _ in range(2):
            with pytest.raises(ProviderError) as caught:
                await client.request("POST", "/", {name: "x"}, b"", soon())
            assert (caught.value.outcome, caught.value.sent) == (Outcome.REFUSED, False)
    assert raw.requests == []


@pytest.mark.parametrize("word", ["\r", "\n", "\r\nX: y", "\0"])
async def test_value_path_or_method_cannot_begin_another_line(word: str) -> None:
    async with calling(saying(answer(OK))) as (client, raw):
        for method, path, value in (
            ("POST", "/", f"a{word}b"),
            ("POST", f"/{word}", "a"),
            (f"GET{word}", "/", "a"),
        ):
            with pytest.raises(ProviderError) as caught:
                await client.request(method, path, {"X-A": value, "X-B": "b"}, b"", soon())
            assert (caught.value.outcome, caught.value.sent) == (Outcome.REFUSED, False)
    assert raw.requests == []


@pytest.mark.parametrize("path", ["/a b", "/é", "/a\tb"])
async def test_path_that_is_not_encoded_is_refused(path: str) -> None:
    async with calling(saying(answer(OK))) as (client, _):
        with pytest.raises(ProviderError):
            await ask(client, path=path)


@pytest.mark.parametrize(
    "url", ["", "/x", "ftp://a", "http://", "http://a:b", "http://u:p@a/", "http://a/#x"]
)
def test_address_that_cannot_be_called_is_a_value_error(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- the text may be the library's
        LeanHttpClient(url, tls=None, connect_seconds=1, answer_bytes=1)


_READ = {
    "announced": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + answer(OK),
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=y\r\n" + OK[:3] + b"\r\n4\r\n" + OK[3:]
    + b"\r\n0\r\nContent-Type: text/html\r\n\r\n",
    "offers_upgrade": answer(OK, more="Connection: Upgrade\r\nUpgrade: h2c\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("raw", _READ.values(), ids=_READ)
async def test_answer_is_read_and_connection_kept(raw: bytes) -> None:
    say, seen = counting(raw)
    async with calling(say) as (client, _):
        for _number in range(3):
            got = await ask(client)
            assert (got.status, got.body, got.fields.get(b"link")) == (200, OK, None)
            assert got.fields.get(b"content-type") in {None, b"application/json"}
    assert len(seen) == 1


async def test_answer_in_single_bytes_is_read() -> None:
    async def drip(_number: int, writer: asyncio.StreamWriter) -> None:
        for byte in _READ["announced"]:
            writer.write(bytes([byte]))
            await asyncio.sleep(0)

    async with calling(drip) as (client, _):
        assert (await ask(client)).body == OK
        assert (await ask(client)).body == OK


_NOT_KEPT = {
    "asked_to_close": answer(OK, more="Connection: close\r\n"),
    "old_version": answer(OK).replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    "two_answers": answer(OK) + answer(b'{"b":2}'),
    "more_bytes": answer(OK) + b"HTTP",
    "more_rubbish": answer(OK) + b"\0\0",
}


@pytest.mark.parametrize("raw", _NOT_KEPT.values(), ids=_NOT_KEPT)
async def test_connection_that_says_more_or_wants_to_close_is_not_used_again(raw: bytes) -> None:
    say, seen = counting(raw)
    async with calling(say) as (client, _):
        assert (await ask(client)).body == OK
        assert (await ask(client)).body == OK
    assert len(seen) == 2


async def test_answer_before_its_request_is_not_taken_for_the_next_answer() -> None:
    seen: set[asyncio.StreamWriter] = set()

    async def say(_number: int, writer: asyncio.StreamWriter) -> None:
        seen.add(writer)
        writer.write(answer(OK))
        await asyncio.sleep(0.05)
        writer.write(answer(b'{"forged":1}'))

    async with calling(say) as (client, _):
        assert (await ask(client)).body == OK
        await asyncio.sleep(0.15)
        assert (await ask(client)).body == OK
    assert len(seen) == 2


async def test_body_of_open_length_ends_with_the_connection() -> None:
    async with calling(saying(b"HTTP/1.1 200 OK\r\n\r\n" + OK, then_close=True)) as (client, _):
        assert (await ask(client)).body == OK


async def test_head_and_304_have_no_body() -> None:
    async with calling(saying(answer(b"")[:-4] + b"\r\n\r\n")) as (client, _):
        assert (await ask(client, "HEAD")).body == b""
    plain = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"
    async with calling(saying(plain)) as (client, _):
        assert (await ask(client, "HEAD")).fields == {b"content-length": b"99"}
        assert (await ask(client, "HEAD")).status == 200
    say, seen = counting(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n")
    async with calling(say) as (client, _):
        assert (await ask(client, "GET")).status == (await ask(client, "GET")).status == 304
    assert len(seen) == 1


_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_INVALID = {
    "switching": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
    "length_and_chunks": _CHUNKED[:-2] + b"Content-Length: 1\r\n\r\n1\r\na\r\n0\r\n\r\n",
    "other_transfer_coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n" + gzip.compress(OK),
    "bad_chunk": _CHUNKED + b"zz\r\n",
    "negative_length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "endless_head": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20_000,
    "endless_announcing": b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000,
    "many_fields": b"HTTP/1.1 200 OK\r\n" + b"".join(b"A%d: b\r\n" % n for n in range(200)) + b"\r\n",
    "long_chunked": _CHUNKED + b"1000\r\n" + bytes(4096) + b"\r\n1000\r\na",
    "endless_trailer": _CHUNKED + b"0\r\n" + b"A: b\r\n" * 40_000,
}  # fmt: skip


@pytest.mark.parametrize("raw", _INVALID.values(), ids=_INVALID)
async def test_answer_against_the_rules_or_the_limits_is_invalid(raw: bytes) -> None:
    async with calling(saying(raw), limit=4_096) as (client, _):
        with pytest.raises(ProviderError) as caught:
            await ask(client)
    assert caught.value.reason is Reason.SOURCE_ANSWER_INVALID


@pytest.mark.parametrize("size", [0, 5, 40, 90])
async def test_answer_cut_short_is_broken(size: int) -> None:
    async with calling(saying(answer(OK)[:-1][:size], then_close=True)) as (client, _):
        with pytest.raises(Broken):
            await ask(client)


async def test_idle_connection_is_closed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lean, "_KEEP_ALIVE_SECONDS", 0.2)
    say, seen = counting(answer(OK))
    async with calling(say) as (client, _):
        await asyncio.gather(*(ask(client) for _ in range(5)))
        assert len(client._open) == 5
        await asyncio.sleep(0.1)
        await ask(client)
        await asyncio.sleep(0.15)
        assert len(client._open) == 1
        await asyncio.sleep(0.15)
        assert len(client._open) == 0
        await ask(client)
    assert len(seen) == 6


async def test_closing_ends_what_is_under_way() -> None:
    async def nothing(_number: int, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(10)

    async with calling(nothing) as (client, raw):
        task = asyncio.create_task(ask(client))
        while not raw.requests:
            await asyncio.sleep(0.01)
        await client.close()
        with pytest.raises(Broken):
            await task
        assert not client._open
        with pytest.raises(ProviderError):
            await ask(client)


async def test_closing_ends_a_request_that_is_connecting() -> None:
    async def nothing(_number: int, _writer: asyncio.StreamWriter) -> None:
        """Never shakes hands."""

    async with raw_peer(nothing) as raw:
        url = raw.url.replace("http:", "https:")
        client = LeanHttpClient(
            url, tls=ssl.create_default_context(), connect_seconds=120, answer_bytes=1_000
        )
        task = asyncio.create_task(ask(client, seconds=120))
        await asyncio.sleep(0.05)
        await client.close()
        with pytest.raises(ProviderError, match="source_unreachable"):
            async with asyncio.timeout(60):
                await task


async def test_connection_is_reused_over_tls() -> None:
    authority = trustme.CA()
    server_side, client_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(server_side)
    authority.configure_trust(client_side)
    opened = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        while await reader.read(10_000):
            writer.write(answer(OK))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_side)
    port = server.sockets[0].getsockname()[1]
    client = LeanHttpClient(
        f"https://localhost:{port}", tls=client_side, connect_seconds=10, answer_bytes=1_000
    )
    assert [(await ask(client)).body for _ in range(3)] == [OK] * 3
    await client.close()
    server.close()
    assert opened == 1
