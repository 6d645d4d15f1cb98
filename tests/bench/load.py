"""The load generator: requests a second, latency, CPU and memory of the server's processes, and every answer checked.

    python -m tests.bench.load http://127.0.0.1:8080/v1/prefill --pid 4242 --seconds 5 --connections 32 \
        [--rate 20] [--body FILE] [--header "Authorization: Bearer …"]

In the body `@n@` becomes a number of six digits that no other request of this process has:
no two requests ask about the same person, so nobody is answered from a kept answer.
Without `--rate` each connection asks again as soon as it is answered (closed loop);
with it the requests start at fixed times, however long the answers take.
The answers of a round stay in memory and are checked after it, so a check costs the load generator nothing.
CPU is the time of the process `--pid` and of all its descendants, as the kernel's scheduler counts it.
"""

import argparse
import asyncio
import json
import random
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
#: a personal id has six free digits; a second run against the same server starts elsewhere
_NUMBERS = count(random.randrange(300_000))
#: how long the last answers may take; then they count as broken
_PATIENCE_SECONDS = 20
DEFAULT_BODY = json.dumps(
    {
        "procedure": "1.004194",
        "subject": {"personal_id": "033190@n@", "full_name": "TRẦN THỊ MẪU", "birth_date": "1990-02-15"},
        "spouse": {"personal_id": "033085@n@", "full_name": "PHẠM VĂN THỬ", "birth_date": "1985-11-02"},
        "official": {"personal_id": "033085004321", "account": "canbo.thu", "agency": "000.00.14.H31"},
    },
    ensure_ascii=False,
)


def _no_headers() -> Sequence[str]:
    return ()


def _any(_number: str, _body: bytes) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server to measure."""

    name: str
    url: str
    #: its processes; descendants count too
    pids: Sequence[int] = ()
    body: str = DEFAULT_BODY
    method: str = "POST"
    #: header lines, asked for before each round: a token is renewed there
    headers: Callable[[], Sequence[str]] = _no_headers
    #: status of a right answer
    status: bytes = b"200"
    #: the request's number and the answer's body -> whether it is the right answer
    right: Callable[[str, bytes], bool] = _any


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one round showed; times in milliseconds."""

    name: str
    requests: int
    #: answers of another status than 200, and connections that broke
    failures: int
    #: failures, and answers that are not about the people asked for
    wrong: int
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    #: proportional set size of all processes after the round
    memory_mb: float
    #: part of a core that the load generator took
    load_share: float


class Caller(asyncio.Protocol):
    """One kept connection."""

    def __init__(self, run: "Run") -> None:
        """`run` says what to ask and takes the answers."""
        self.run = run
        self.buffer = b""
        self.number = ""
        self.sent = 0.0
        self.finished = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.run.closed(self)

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        head_end = self.buffer.find(b"\r\n\r\n") + 4
        found = _LENGTH.search(self.buffer, 0, head_end)
        if head_end > 3 and found and len(self.buffer) - head_end >= int(found[1]):
            answer, self.buffer = self.buffer, b""
            self.run.answered(self, answer, head_end)

    def ask(self) -> None:
        """Send the next request."""
        assert self.transport
        self.number, request = self.run.next_request()
        self.sent = time.perf_counter()
        self.transport.write(request)

    def finish(self) -> None:
        """Ask nothing more."""
        assert self.transport
        self.finished = True
        self.transport.close()


class Run:
    """One round."""

    def __init__(self, target: Target, seconds: float, connections: int, rate: float) -> None:
        """Nothing is sent before `go`."""
        parts = urlsplit(target.url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        lines = [
            f"{target.method} {parts._replace(scheme='', netloc='').geturl() or '/'} HTTP/1.1",
            f"Host: {parts.netloc}",
            "Content-Type: application/json",
        ]
        self.head = "\r\n".join([*lines, *target.headers()]).encode() + b"\r\nContent-Length: %d\r\n\r\n"
        self.body = target.body.encode()
        self.seconds, self.connections, self.rate = seconds, connections, rate
        self.latencies: list[float] = []
        self.answers: list[tuple[str, bytes, int]] = []
        self.broken = 0
        self.idle: list[Caller] = []
        self.open = 0
        self.end = 0.0
        self.elapsed = 0.0
        self.done: asyncio.Future[None] | None = None

    async def go(self) -> None:
        """Open the connections, ask for `seconds`, and return when the last one is closed."""
        loop = asyncio.get_running_loop()
        self.done = loop.create_future()
        callers = []
        for _ in range(self.connections):
            self.open += 1
            callers.append((await loop.create_connection(lambda: Caller(self), self.host, self.port))[1])
        began = time.perf_counter()
        self.end = began + self.seconds
        if self.rate:
            self.idle = callers
            await self._ask_by_the_clock(began)
        else:
            for caller in callers:
                caller.ask()
        await asyncio.wait([self.done], timeout=self.seconds + _PATIENCE_SECONDS)
        self.broken += self.open
        self.elapsed = time.perf_counter() - began

    async def _ask_by_the_clock(self, began: float) -> None:
        for number in range(int(self.rate * self.seconds)):
            await asyncio.sleep(began + number / self.rate - time.perf_counter())
            if self.idle:
                self.idle.pop(0).ask()
            else:
                self.broken += 1
        await asyncio.sleep(self.end - time.perf_counter())
        for caller in self.idle:
            caller.finish()

    def next_request(self) -> tuple[str, bytes]:
        """Its number and its bytes."""
        number = f"{next(_NUMBERS):06}"
        if len(number) > 6:
            sys.exit("no people are left to ask about: start the bench again")
        body = self.body.replace(b"@n@", number.encode())
        return number, self.head % len(body) + body

    def answered(self, caller: Caller, answer: bytes, head_end: int) -> None:
        """An answer is complete."""
        now = time.perf_counter()
        self.latencies.append(now - caller.sent)
        self.answers.append((caller.number, answer, head_end))
        if now >= self.end:
            caller.finish()
        elif self.rate:
            self.idle.append(caller)
        else:
            caller.ask()

    def closed(self, caller: Caller) -> None:
        """A connection ended; by the server, that is a failure."""
        self.broken += not caller.finished
        self.open -= 1
        if not self.open and self.done and not self.done.done():
            self.done.set_result(None)


def measure(target: Target, seconds: float, connections: int = 32, rate: float = 0) -> Figures:
    """Load `target` for `seconds`; every answer is checked afterwards."""
    run = Run(target, seconds, connections, rate)
    before, own = cpu_seconds(target.pids), time.process_time()
    uvloop.run(run.go())
    spent, own = cpu_seconds(target.pids) - before, time.process_time() - own
    memory = memory_mb(target.pids)
    refused = sum(answer[9:12] != target.status for _, answer, _ in run.answers)
    wrong = sum(
        answer[9:12] != target.status or not target.right(number, answer[start:])
        for number, answer, start in run.answers
    )
    taken = sorted(run.latencies) or [0.0]
    return Figures(
        name=target.name,
        requests=len(taken),
        failures=run.broken + refused,
        wrong=run.broken + wrong,
        per_second=round(len(taken) / run.elapsed, 1),
        p50_ms=round(statistics.median(taken) * 1000, 2),
        p99_ms=round(taken[int(len(taken) * 0.99)] * 1000, 2),
        cpu_ms=round(spent * 1000 / len(taken), 3),
        memory_mb=memory,
        load_share=round(own / run.elapsed, 2),
    )


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time of the processes and their descendants; of those that ended meanwhile nothing."""
    spent = 0.0
    for pid in _family(pids):
        try:
            # the clock of another process, clock_getcpuclockid(3): nanoseconds, where /proc counts in hundredths
            spent += time.clock_gettime((~pid << 3) | 2)
        except OSError:
            continue
    return spent


def memory_mb(pids: Sequence[int]) -> float:
    """Proportional set size: pages that several processes share count once."""
    kilobytes = 0
    for pid in _family(pids):
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        kilobytes += int(text.partition("\nPss:")[2].split()[0])
    return round(kilobytes / 1024, 1)


def _family(pids: Sequence[int]) -> set[int]:
    """The processes and their descendants."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat") if pids else ():
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    family, more = set(pids), set(pids)
    while more:
        more = {pid for pid, parent in parents.items() if parent in more}
        family |= more
    return family


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Load with CPU per request; answers are checked for their status."
    )
    parser.add_argument("url")
    parser.add_argument("--name", default="server")
    parser.add_argument("--pid", type=int, action="append", default=[])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--rate", type=float, default=0, help="requests a second, at fixed times")
    parser.add_argument("--body", type=Path)
    parser.add_argument("--header", action="append", default=[])
    given = parser.parse_args()
    target = Target(
        name=given.name,
        url=given.url,
        pids=given.pid,
        body=given.body.read_text("utf-8") if given.body else DEFAULT_BODY,
        headers=lambda: given.header,
    )
    figures = measure(target, given.seconds, given.connections, given.rate)
    print(
        f"{figures.name}: {figures.per_second}/s, p50 {figures.p50_ms} ms, p99 {figures.p99_ms} ms, "
        f"CPU {figures.cpu_ms} ms a request, {figures.failures} failures"
    )
    print(json.dumps(asdict(figures)))
    sys.exit(figures.failures > 0)


if __name__ == "__main__":
    main()
