"""Several processes on one port (SO_REUSEPORT): a parent forks, waits, restarts and forwards signals.

The first worker also holds the admin listener and the sandbox. Forking happens before any loop or thread exists.
Workers hold one end of a pipe, the parent the other: if the parent dies, the pipe closes, and the workers
drain and end.
"""

import asyncio
import contextlib
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

from gateway.config.configuration import load
from gateway.config.gateway import GatewaySettings
from gateway.domain.errors import ConfigError, Problem
from gateway.serving.hanging_up import remember_hang_up
from gateway.serving.server import (
    ServeOptions,
    reload_at_hang_up,
    running,
    stop_event,
    with_ports,
    write_ready,
)
from gateway.telemetry import log, set_up

_START_SECONDS = 30
_RESTART_PAUSE = 1.0


class WorkerFailed(Exception):
    """A worker did not start."""


def serve_many(plan: ServeOptions, count: int, announce: Callable[[Mapping[str, object]], None]) -> int:
    """Run `count` workers until SIGTERM or SIGINT; the exit code is 0 when all drained. WorkerFailed at start."""
    set_up()
    settings = load(plan.config, plan.overrides).gateway
    _check_cache(settings, count)
    port = _free_port(settings.api.host, settings.api.port)
    peers = _free_port(settings.sandbox.host, settings.sandbox.port) if plan.with_sandbox else 0
    admin = _free_port(settings.admin.host, settings.admin.port)
    plan = replace(with_ports(plan, api=port, admin=admin, sandbox=peers), reuse_port=True)
    plan.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    workers = _Workers(plan, peers)
    content = workers.start(count) | {"pid": os.getpid(), "workers": count}
    if plan.ready_file is not None:
        write_ready(plan.ready_file, content)
    announce(content)
    try:
        return workers.wait()
    finally:
        if plan.ready_file is not None:
            plan.ready_file.unlink(missing_ok=True)


def _check_cache(settings: GatewaySettings, workers: int) -> None:
    """Refuse workers without a shared cache: they would lose logins and late answers, and each would count alone."""
    if not settings.cache_url.startswith("memory:"):
        return
    what = (
        "'cache_url: memory://' is one process's: of several workers only one finds a late answer, and each counts"
        f" alone, so quotas and claims allow up to {workers} times as much and alerts come as much later; nobody can"
        " sign in, so pages of people and logins of systems are off"
    )
    if settings.profile == "production":
        remedy = "write redis://host:6379/0, or serve with one worker"
        raise ConfigError([Problem("config/gateway.yaml", 0, what, remedy)])
    log().warning("serve.workers_share_no_cache", configuration="cache_url", reason=what, count=workers)


def _free_port(host: str, port: int) -> int:
    """The port; for 0 a free one: bound and closed before listening."""
    try:
        with socket.create_server((host, port), reuse_port=True) as held:
            return int(held.getsockname()[1])
    except OSError as error:
        what = f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}"
        raise ConfigError([Problem("config/gateway.yaml", 0, what, "choose another port, or 0")]) from None


class _Workers:
    """The children, by process id."""

    def __init__(self, plan: ServeOptions, peers: int) -> None:
        self._plan = plan
        beside = replace(plan, with_sandbox=False, sandbox=f"http://127.0.0.1:{peers}")
        #: options of workers that use the first worker's sandbox
        self._beside = beside if plan.with_sandbox else plan
        self._children: dict[int, int] = {}
        self._stopping = False
        #: all answered once: a restarted worker does not report
        self._all_up = False
        self._at_terminal = remember_hang_up().at_terminal
        #: never written: workers read its end when the parent's end closes
        self._alive, self._held = os.pipe()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, self._pass_on)

    def start(self, count: int) -> dict[str, object]:
        """Start all workers, the first one first; returns its ready content when all answer."""
        self._fork(0)
        content = self._ready(0)
        for number in range(1, count):
            self._fork(number)
        for number in range(1, count):
            self._ready(number)
        self._all_up = True
        return content

    def wait(self) -> int:
        """Restart dead workers until a stop signal; 0 if all ended well."""
        failed = 0
        while self._children:
            child, status = os.wait()
            number = self._children.pop(child, None)
            if self._stopping:
                failed |= os.waitstatus_to_exitcode(status) != 0
            elif number is not None:
                time.sleep(_RESTART_PAUSE)
                self._fork(number)
        return int(failed)

    def _stop(self, *_: object) -> None:
        self._stopping = True
        for child in list(self._children):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)

    def _pass_on(self, *_: object) -> None:
        """Forward SIGHUP: all workers reload; if the terminal is gone, all end."""
        if self._at_terminal and not os.isatty(0):
            self._stop()
            return
        for child in list(self._children):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGHUP)

    def _fork(self, number: int) -> None:
        if self._stopping:
            return
        plan = self._plan if number == 0 else self._beside
        _ready_of(plan, number).unlink(missing_ok=True)
        child = os.fork()
        if child:
            self._children[child] = number
            return
        code = 1
        try:
            os.close(self._held)
            for name in (signal.SIGTERM, signal.SIGINT):
                signal.signal(name, signal.SIG_DFL)
            remember_hang_up()
            set_up()
            uvloop.run(_worker(plan, number, self._alive, tell=not self._all_up))
            code = 0
        except ConfigError as error:
            sys.stderr.write(f"{error}\n")
        except Exception as error:  # noqa: BLE001 -- the process ends here either way
            log().error("worker.failed", error=error)
        finally:
            os._exit(code)

    def _ready(self, number: int) -> dict[str, object]:
        path, end = _ready_of(self._plan, number), time.monotonic() + _START_SECONDS
        while not path.exists():
            if self._stopping or time.monotonic() > end or os.waitpid(-1, os.WNOHANG)[0]:
                self._stop()
                raise WorkerFailed(f"worker {number} did not start; the log on standard error says why")
            time.sleep(0.02)
        content: dict[str, object] = orjson.loads(path.read_bytes())
        path.unlink()
        return content


def _ready_of(plan: ServeOptions, number: int) -> Path:
    return plan.state / f"worker-{number}.json"


async def _worker(plan: ServeOptions, number: int, alive: int, *, tell: bool) -> None:
    stop = stop_event(hang_up=False)
    loop = asyncio.get_running_loop()

    def orphaned() -> None:
        loop.remove_reader(alive)
        log().error("worker.orphaned", pid=os.getpid())
        stop.set()

    loop.add_reader(alive, orphaned)
    async with running(plan, with_admin=number == 0) as (gateway, content):
        reload_at_hang_up(gateway)
        if tell:
            write_ready(_ready_of(plan, number), content)
        await stop.wait()
