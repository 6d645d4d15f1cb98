"""Several processes on one port (SO_REUSEPORT): a parent that forks, waits, restarts and passes signals on.

The first worker also holds the admin listener and the sandbox. Forking happens before any loop or thread exists.
"""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import orjson
import uvloop

from gateway.config import load
from gateway.serving import Plan, running, stop_event, with_ports, write_ready
from gateway.telemetry import set_up

_START_SECONDS = 30
_RESTART_PAUSE = 1.0


class WorkerFailed(Exception):
    """A worker did not start."""


def serve_many(plan: Plan, count: int, announce: Callable[[Mapping[str, object]], None]) -> int:
    """Run `count` workers until SIGTERM or SIGINT; the exit code is 0 when all drained."""
    settings = load(plan.config, plan.overrides).gateway
    with socket.create_server((settings.api.host, settings.api.port), reuse_port=True) as held:
        # Bound, and closed before anybody listens: it only fixed the port.
        port = held.getsockname()[1]
    peers = _free_port(settings.sandbox.host, settings.sandbox.port) if plan.with_sandbox else 0
    plan = replace(with_ports(plan, api=port, sandbox=peers), reuse_port=True)
    plan.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    children = {_start(plan, 0): 0}
    content = _wait_ready(plan, 0)
    for number in range(1, count):
        children[_start(_beside(plan, peers), number)] = number
    for number in range(1, count):
        _wait_ready(plan, number)
    content |= {"pid": os.getpid(), "workers": count}
    if plan.ready_file is not None:
        write_ready(plan.ready_file, content)
    announce(content)
    return _supervise(plan, peers, children)


def _beside(plan: Plan, peers: int) -> Plan:
    """A worker that uses the first one's sandbox."""
    if not plan.with_sandbox:
        return plan
    return replace(plan, with_sandbox=False, sandbox=f"http://127.0.0.1:{peers}")


def _free_port(host: str, port: int) -> int:
    with socket.create_server((host, port)) as held:
        return int(held.getsockname()[1])


def _start(plan: Plan, number: int) -> int:
    _ready_of(plan, number).unlink(missing_ok=True)
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        set_up(sys.stderr.buffer)
        uvloop.run(_worker(plan, number))
        code = 0
    finally:
        os._exit(code)


async def _worker(plan: Plan, number: int) -> None:
    stop = stop_event()
    async with running(plan, with_admin=number == 0) as (_, content):
        write_ready(_ready_of(plan, number), content)
        await stop.wait()


def _ready_of(plan: Plan, number: int) -> Path:
    return plan.state / f"worker-{number}.json"


def _wait_ready(plan: Plan, number: int) -> dict[str, object]:
    path, end = _ready_of(plan, number), time.monotonic() + _START_SECONDS
    while not path.exists():
        if time.monotonic() > end or os.waitpid(-1, os.WNOHANG)[0]:
            raise WorkerFailed(f"worker {number} did not start; the log on standard error says why")
        time.sleep(0.02)
    content: dict[str, object] = orjson.loads(path.read_bytes())
    path.unlink()
    return content


def _supervise(plan: Plan, peers: int, children: dict[int, int]) -> int:
    stopping = False

    def stop(number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True
        del number
        for child in children:
            os.kill(child, signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    failed = 0
    while children:
        child, status = os.wait()
        number = children.pop(child, -1)
        if stopping:
            failed |= os.waitstatus_to_exitcode(status) != 0
        elif number >= 0:
            time.sleep(_RESTART_PAUSE)
            children[_start(plan if number == 0 else _beside(plan, peers), number)] = number
    if plan.ready_file is not None:
        plan.ready_file.unlink(missing_ok=True)
    return int(failed)
