"""A closed loop of N connections against one URL: requests a second, latency, CPU of the server's processes.

    python -m tests.bench.load http://127.0.0.1:8080/v1/prefill --pid 4242 --seconds 5 --connections 32 \
        [--body FILE] [--header "Authorization: Bearer …"]

In the body `@n@` becomes the running number of the request, six digits,
so that no two requests ask about the same person.
CPU is user and system time of the process `--pid` and of all its descendants.
"""

import argparse
import asyncio
import json
import os
import re
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
DEFAULT_BODY = json.dumps(
    {
        "procedure": "1.004194",
        "subject": {"personal_id": "033190@n@", "full_name": "TRẦN THỊ MẪU", "birth_date": "1990-02-15"},
        "spouse": {"personal_id": "033085@n@", "full_name": "PHẠM VĂN THỬ", "birth_date": "1985-11-02"},
        "official": {"personal_id": "033085004321", "account": "canbo.thu", "agency": "000.00.14.H31"},
    },
    ensure_ascii=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one run showed; times in milliseconds."""

    name: str
    requests: int
    failures: int
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float


class Caller(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    def __init__(self, run: "Run") -> None:
        """`run` hands out requests and takes the answers."""
        self.run = run
        self.buffer = b""
        self.sent = 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.run.closed(self)

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        head_end = self.buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        if (found := _LENGTH.search(self.buffer, 0, head_end + 2)) is not None:
            complete = len(self.buffer) - head_end - 4 >= int(found[1])
        else:
            complete = bool(_CHUNKED.search(self.buffer, 0, head_end + 2)) and self.buffer.endswith(
                b"\r\n0\r\n\r\n"
            )
        if complete:
            self.run.answered(time.perf_counter() - self.sent, ok=self.buffer[9:12] == b"200")
            self.buffer = b""
            self._ask()

    def _ask(self) -> None:
        assert self.transport
        if (request := self.run.next_request()) is None:
            self.transport.close()
            return
        self.sent = time.perf_counter()
        self.transport.write(request)


class Run:
    """One measured run."""

    def __init__(self, url: str, body: str, headers: Sequence[str], seconds: float, connections: int) -> None:
        """Nothing is sent before `go`."""
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        lines = [
            f"POST {parts.path or '/'} HTTP/1.1",
            f"Host: {parts.netloc}",
            "Content-Type: application/json",
        ]
        self.head = "\r\n".join([*lines, *headers]).encode() + b"\r\nContent-Length: %d\r\n\r\n"
        self.body = body.encode()
        self.seconds, self.connections = seconds, connections
        self.number = count(1)
        self.latencies: list[float] = []
        self.failures = 0
        self.open = 0
        self.end = 0.0
        self.done: asyncio.Future[None] | None = None

    async def go(self) -> None:
        """Open the connections, and return when the last one is closed."""
        loop = asyncio.get_running_loop()
        self.done, self.end = loop.create_future(), time.perf_counter() + self.seconds
        for _ in range(self.connections):
            self.open += 1
            await loop.create_connection(lambda: Caller(self), self.host, self.port)
        await self.done

    def next_request(self) -> bytes | None:
        """The next request, or None when the time is over."""
        if time.perf_counter() >= self.end:
            return None
        body = self.body.replace(b"@n@", b"%06d" % (next(self.number) % 1_000_000))
        return self.head % len(body) + body

    def answered(self, seconds: float, *, ok: bool) -> None:
        """An answer is complete."""
        self.latencies.append(seconds)
        self.failures += not ok

    def closed(self, caller: Caller) -> None:
        """A connection ended; in the middle of the run that is a failure."""
        self.failures += bool(caller.buffer) or time.perf_counter() < self.end
        self.open -= 1
        if not self.open and self.done and not self.done.done():
            self.done.set_result(None)


def measure(
    name: str,
    url: str,
    pid: int,
    seconds: float,
    connections: int = 32,
    body: str = DEFAULT_BODY,
    headers: Sequence[str] = (),
) -> Figures:
    """Load `url` for `seconds` and tell what it cost the processes below `pid`."""
    run = Run(url, body, headers, seconds, connections)
    before, start = cpu_seconds(pid), time.perf_counter()
    uvloop.run(run.go())
    spent, elapsed = cpu_seconds(pid) - before, time.perf_counter() - start
    taken = sorted(run.latencies) or [0.0]
    return Figures(
        name=name,
        requests=len(run.latencies),
        failures=run.failures,
        per_second=round(len(run.latencies) / elapsed, 1),
        p50_ms=round(statistics.median(taken) * 1000, 2),
        p99_ms=round(taken[int(len(taken) * 0.99)] * 1000, 2),
        cpu_ms=round(spent * 1000 / max(1, len(run.latencies)), 3),
    )


def cpu_seconds(pid: int) -> float:
    """User and system time of `pid` and its descendants; 0 when `pid` is 0."""
    if not pid:
        return 0.0
    ticks, family = 0, {pid}
    for process, parent, spent in sorted(_processes()):
        if process == pid or parent in family:
            family.add(process)
            ticks += spent
    return ticks / os.sysconf("SC_CLK_TCK")


def _processes() -> list[tuple[int, int, int]]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found.append((int(stat.parent.name), int(fields[1]), int(fields[11]) + int(fields[12])))
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Closed-loop load with CPU per request.")
    parser.add_argument("url")
    parser.add_argument("--name", default="server")
    parser.add_argument("--pid", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--body", type=Path)
    parser.add_argument("--header", action="append", default=[])
    given = parser.parse_args()
    body = given.body.read_text("utf-8") if given.body else DEFAULT_BODY
    figures = measure(given.name, given.url, given.pid, given.seconds, given.connections, body, given.header)
    print(
        f"{figures.name}: {figures.per_second}/s, p50 {figures.p50_ms} ms, p99 {figures.p99_ms} ms, "
        f"CPU {figures.cpu_ms} ms a request, {figures.failures} failures"
    )
    print(json.dumps(asdict(figures)))
    sys.exit(figures.failures > 0)


if __name__ == "__main__":
    main()
