"""Providers for tests: servers on loopback that say exactly the bytes they are told to, and tools to call them."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from adapters.transport.tools import Tools

Say = Callable[[int, asyncio.StreamWriter], Awaitable[None]]


class FixedClock:
    """A wall clock that stands still."""

    def now(self) -> datetime:
        return datetime(2026, 1, 5, 3, 4, 5, 678_000, tzinfo=UTC)


class HandClock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def tools() -> Tools:
    return Tools(root=Path(), rng=random.Random(1), clock=FixedClock())


def soon(seconds: float = 25.0) -> float:
    return asyncio.get_running_loop().time() + seconds


class RawPeer:
    """What a raw server saw."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[bytes] = []


@asynccontextmanager
async def raw_peer(say: Say) -> AsyncIterator[RawPeer]:
    """A server that reads each request and lets `say` answer it; `say` gets the number of the request."""
    peer = RawPeer()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            tasks.add(task)
        try:
            while not writer.is_closing():
                peer.requests.append(await _request(reader))
                await say(len(peer.requests), writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    peer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/base"
    try:
        yield peer
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return head + await reader.readexactly(length)


def answer(body: bytes, *, status: str = "200 OK", kind: str = "application/json", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


def saying(raw: bytes, *, then_close: bool = False) -> Say:
    """Always the same bytes."""

    async def say(_number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()
        if then_close:
            writer.close()

    return say


def reset(writer: asyncio.StreamWriter) -> None:
    """Cut the connection with a TCP reset."""
    transport = writer.transport
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    transport.abort()


def free_port() -> int:
    """A port that nobody listens on now. Each Valkey takes one: its package gives two processes the same."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
