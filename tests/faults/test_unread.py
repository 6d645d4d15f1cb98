"""Clients that ask and do not read: memory stays bounded, newcomers are answered, and nobody holds a place for ever."""

import asyncio
import json
import resource
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.api.door import DoorRunner
from gateway.config.gateway import DoorLimits

#: the largest document that is given without a token, several times over one connection
ASKED = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 8
NEWCOMER = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@contextmanager
def serving(folder: Path) -> Iterator[tuple[int, int]]:
    """A gateway in a process of its own: its port and its process."""
    ready = folder / "ready.json"
    ports = [word for name in ("api", "admin") for word in ("--set", f"gateway.{name}.port=0")]
    command = [
        sys.executable,
        "-m",
        "gateway",
        "serve",
        "--dir",
        str(folder),
        "--ready-file",
        str(ready),
        *ports,
    ]
    nothing = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=nothing, stderr=nothing) as process:  # noqa: S603 -- our own
        try:
            end = time.monotonic() + 60
            while not ready.exists():
                assert process.poll() is None
                assert time.monotonic() < end
                time.sleep(0.1)
            content = json.loads(ready.read_text())
            yield int(content["gateway"].rpartition(":")[2]), content["pid"]
        finally:
            process.terminate()
            process.wait(40)


def megabytes(pid: int) -> float:
    """Resident memory of a process at its highest."""
    line = next(
        line for line in Path(f"/proc/{pid}/status").read_text().split("\n") if line.startswith("VmHWM")
    )
    return int(line.split()[1]) / 1024


async def client(port: int) -> socket.socket:
    """One that asks, and whose system takes little of the answer."""
    one, loop = socket.socket(), asyncio.get_running_loop()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    one.setblocking(False)
    await loop.sock_connect(one, ("127.0.0.1", port))
    await loop.sock_sendall(one, ASKED)
    return one


async def newcomer(port: int) -> bytes:
    """The beginning of the answer to somebody who comes now."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(NEWCOMER)
    received = await reader.read(12)
    writer.close()
    return received


@pytest.mark.parametrize("count", [400, pytest.param(2_000, marks=pytest.mark.slow)])
@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="reads the memory of a process as Linux tells it"
)
async def test_clients_that_do_not_read_take_little_memory_and_no_place(count: int, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(count + 512, hard)), hard))
    with serving(tmp_path) as (port, pid):
        assert await newcomer(port) == b"HTTP/1.1 200"
        before, held = megabytes(pid), []
        for _ in range(0, count, 100):
            made = await asyncio.gather(*(client(port) for _ in range(100)), return_exceptions=True)
            held += [one for one in made if isinstance(one, socket.socket)]
        async with asyncio.timeout(30):
            assert await newcomer(port) in {b"HTTP/1.1 200", b"HTTP/1.1 503"}
        assert megabytes(pid) - before < 100 * count / 4_000 + 20
        for one in held:
            one.close()
        async with asyncio.timeout(30):
            assert await newcomer(port) == b"HTTP/1.1 200"


# ------------------------------------------------------------------------------------------ the clock of one


class Unread(asyncio.Transport):
    """A connection of which a test says how much of it waits to be read."""

    def __init__(self, size: int) -> None:
        super().__init__({"sockname": ("127.0.0.1", 1), "socket": socket.socket()})
        self.size = size
        self.ended = False

    def get_write_buffer_size(self) -> int:
        return self.size

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert (high, low) == (1, 0)

    def is_closing(self) -> bool:
        return self.ended

    def abort(self) -> None:
        self.ended = True

    close = abort


class Idle:
    """Answers nobody."""

    under_way = 0

    async def dispatch(self, _request: Any) -> Any:
        raise AssertionError


@pytest.fixture
async def runner() -> AsyncIterator[DoorRunner]:
    made = DoorRunner(Idle(), DoorLimits(unread_seconds=2), drain_seconds=0.1)
    await made.setup()
    yield made
    await made.cleanup()


@pytest.mark.parametrize(("size", "cut"), [(1_000, True), (200_000, False)])
async def test_client_that_reads_now_and_then_is_cut_unless_it_reads_enough(
    runner: DoorRunner, size: int, cut: bool
) -> None:
    assert runner.server is not None
    protocol: Any = runner.server()
    transport = Unread(size)
    protocol.connection_made(transport)
    for _ in range(8):
        if not transport.ended:
            protocol.pause_writing()
            await asyncio.sleep(0.4)
            protocol.resume_writing()
    assert transport.ended == cut
    protocol.connection_lost(None)
    transport.get_extra_info("socket").close()
