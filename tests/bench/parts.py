"""What one prefill of the bench's job is made of: CPU by stage, calls, tasks and timers.

    python -m tests.bench.parts [--seconds S] [--json]

Each half runs the command line of the gateway inside a process of its own, sources and clients in others.
CPU: under the load of the bench a signal looks at the loop's thread 250 times a second of its CPU time, and the time
since the last look goes to the innermost frame that STAGES knows: helpers count for the stage that calls them.
Calls: prefills one after another, counted by `sys.setprofile` in every thread (a coroutine that goes on is a call);
of the loop the prefill of the lower quartile, of the other threads the mean, with what comes every second. And what a
prefill leaves to the garbage collector: circles of objects, which it has to search for.
A stage that moves to another module: change its line in STAGES; what no line knows is `other`, and is listed.
"""

import argparse
import gc
import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import uvloop

from adapters.stores.sequencer_sqlite import SqliteSequence
from tests.bench import gateway_target
from tests.bench.load import Run, Target
from tests.bench.run import ROOT, bind, gateway, stubbed

RECORD = "record"
#: file, or folder, or `file:function` -> stage; the longest that fits holds
STAGES = {
    "aiohttp/": "server, door",
    "gateway/api/": "server, door",
    "gateway/access": "token",
    "gateway/api/context.py:demand": "token",
    "gateway/api/signing.py": "request body",
    "gateway/api/bodies.py": "request body",
    "gateway/domain/i_json.py": "request body",
    "gateway/api/grammar.py": "request body",
    "gateway/api/models.py": "request body",
    "gateway/api/prefill.py": "request body",
    "gateway/api/prefill_body.py": "request body",
    "gateway/api/procedures.py": "request body",
    "pydantic": "request body",
    "gateway/prefill/case.py": "request body",
    "gateway/prefill/roles.py": "request body",
    "gateway/policy/": "policy, admission",
    "gateway/prefill/admission.py": "policy, admission",
    "gateway/prefill/allowed.py": "policy, admission",
    "gateway/prefill/counting.py": "policy, admission",
    "gateway/prefill/consent_checks.py": "policy, admission",
    "adapters/stores/quotas.py": "policy, admission",
    "gateway/prefill/plans.py": "plan",
    "gateway/mapping/plan.py": "plan",
    "gateway/mapping/narrowing.py": "plan",
    "gateway/prefill/asking.py": "asking: exchange",
    "gateway/prefill/exchange.py": "asking: exchange",
    "gateway/prefill/gather.py": "asking: exchange",
    "gateway/prefill/service.py": "asking: exchange",
    "adapters/sources/": "asking: message",
    "adapters/transport/auth": "asking: message",
    "adapters/transport/tokens.py": "asking: message",
    "adapters/transport/soap.py:write": "asking: message",
    "adapters/transport/soap.py:_escape": "asking: message",
    "gateway/mapping/source.py:request": "asking: message",
    "gateway/mapping/values.py:written": "asking: message",
    "adapters/transport/": "asking: send, receive",
    "adapters/sources/provider.py": "asking: send, receive",
    "adapters/transport/soap.py": "reading: SOAP",
    "adapters/transport/xml.py": "reading: SOAP",
    "adapters/sources/soap.py:tree": "reading: SOAP",
    "adapters/transport/strict_json.py": "reading: JSON",
    "gateway/mapping/": "reading: evidence",
    "gateway/prefill/trust.py": "reading: evidence",
    "gateway/mapping/apply.py": "filling",
    "gateway/mapping/agreeing.py": "filling",
    "gateway/mapping/compiler.py": "filling",
    "gateway/mapping/form_transforms.py": "filling",
    "gateway/mapping/paper": "filling",
    "gateway/exchange_log/": RECORD,
    "adapters/stores/log": RECORD,
    "adapters/stores/batch.py": RECORD,
    "adapters/stores/sequence": RECORD,
    "gateway/prefill/records.py": RECORD,
    "gateway/exchange_log/recorder.py": RECORD,
    "gateway/mapping/answer.py": "answer",
    "gateway/prefill/answers.py": "answer",
    "gateway/api/response.py": "answer",
    "gateway/telemetry.py": "log line, metrics",
    "structlog/": "log line, metrics",
    "prometheus_client/": "log line, metrics",
}
#: which of the two records it is, by who writes it: the nearest of these further out
RECORDS = {
    "gateway/prefill/service.py:fill": "record: intent",
    "gateway/prefill/service.py:answer": "record: outcome",
}
LOOP = "event loop, sockets"
OTHER = "other"
#: frames below these are the loop's own
_BELOW = ("uvloop/__init__.py", "asyncio/runners.py")
_EVERY = 0.004
_WARM, _COUNTED = 20, 40
#: after an answer: what its request still does; and after all of them, until they have their places in the tree
_PAUSE_SECONDS, _SETTLED_SECONDS = 0.01, 1.2
#: `call_at` comes to `call_later` in uvloop
_OPENED = ("create_task", "create_future", "call_later")
#: once for each batch of records that get their places in the tree
_BATCH_WRITTEN = SqliteSequence._write.__code__


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="What a prefill is made of.")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--json", action="store_true", help="one JSON line and no table")
    parser.add_argument("--half", choices=("cpu", "calls"), help="only this half, in this process")
    given = parser.parse_args()
    if given.half:
        print(json.dumps(inside(_Cpu(given.seconds) if given.half == "cpu" else _Calls())))
        return
    found = {half: asked(half, given.seconds) for half in ("cpu", "calls")}
    if not given.json:
        report(found["cpu"], found["calls"])
    print(json.dumps({"bench": "parts", **found}))


def asked(half: str, seconds: float = 10) -> Any:
    """One half, measured in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.parts", "--half", half, "--seconds", str(seconds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if not line.startswith("{")]  # the gateway's log
        sys.exit("\n".join([f"no figures of {half}:", *said[-30:]]))
    return json.loads(done.stdout.splitlines()[-1])


def inside(half: "_Cpu | _Calls") -> Any:
    """Serve in this thread, as the command line does, while another one asks; what `half` has found."""
    found: list[Any] = []
    with stubbed() as at:
        folder = at.folder / "gateway"
        gateway_target.prepare(folder)
        words = gateway_target.command(folder, at.stub)[3:]

        def ask() -> None:
            bind(1)
            try:
                address = str(gateway_target.wait_ready(folder, None, 60)["gateway"])
                found.append(half.measured(gateway(address)))
            except SystemExit as stopped:  # a thread would keep it to itself
                print(stopped, file=sys.stderr)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)

        asking = threading.Thread(target=ask, name="asking")
        asking.start()
        bind(0)
        half.prepare()
        from gateway.cli import run

        code = run([*words, "--quiet"])
        asking.join()
    if code or not found:
        sys.exit(f"the gateway ended with {code}")
    return found[0]


class _Cpu:
    """CPU by stage."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._unknown: defaultdict[str, float] = defaultdict(float)
        self._last = 0.0
        self._counting = False

    def prepare(self) -> None:
        signal.signal(signal.SIGPROF, self._look)
        signal.setitimer(signal.ITIMER_PROF, _EVERY, _EVERY)

    def _look(self, _number: int, frame: FrameType | None) -> None:
        now = time.thread_time()
        if self._counting:
            stage, place = _stage_of(frame)
            self._spent[stage] += now - self._last
            if stage == OTHER:
                self._unknown[place] += now - self._last
        self._last = now

    def measured(self, target: Target) -> dict[str, Any]:
        load(target, 2)
        before = _threads()
        self._counting = True
        figures = load(target, self._seconds)
        self._counting = False
        signal.setitimer(signal.ITIMER_PROF, 0)  # at its end a process has no handler any more
        after = _threads()
        requests = figures["requests"]

        def each(seconds: Mapping[str, float]) -> dict[str, float]:
            """Microseconds of one request, most first."""
            return {
                name: round(spent * 1e6 / requests, 1)
                for name, spent in sorted(seconds.items(), key=lambda item: -item[1])
            }

        threads = each({name: spent - before.get(name, 0.0) for name, spent in after.items()})
        return {
            "requests": requests,
            "loop_us": threads.pop("MainThread"),
            "stages_us": each(self._spent),
            "threads_us": {name: spent for name, spent in threads.items() if name != "asking"},
            "unknown_us": each(self._unknown),
        }


def load(target: Target, seconds: float) -> dict[str, Any]:
    """The bench's load, out of another process."""
    body = Path(tempfile.mkstemp()[1])
    body.write_text(target.body, "utf-8")
    command = [sys.executable, "-m", "tests.bench.load", target.url, "--seconds", str(seconds)]
    command += ["--body", str(body), *(part for line in target.headers() for part in ("--header", line))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    body.unlink()
    if done.returncode:
        sys.exit(f"the load failed: {done.stdout} {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _threads() -> dict[str, float]:
    """CPU seconds of each thread, those of one pool together."""
    found: defaultdict[str, float] = defaultdict(float)
    for thread in threading.enumerate():
        if thread.ident:
            found[_pool(thread)] += time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
    return found


def _stage_of(frame: FrameType | None) -> tuple[str, str]:
    """The stage, and the innermost place."""
    found, innermost = "", ""
    while frame is not None:
        name, stage = _place(frame.f_code)
        if name.startswith(_BELOW):
            break
        innermost, found = innermost or name, found or stage
        if found and (found != RECORD or name in RECORDS):
            return RECORDS.get(name, found), innermost
        frame = frame.f_back
    return found or (OTHER if innermost else LOOP), innermost


@cache
def _place(code: CodeType) -> tuple[str, str]:
    """`folder/file.py:function` below the project or among the packages, and its stage or nothing."""
    parts = Path(code.co_filename).parts
    start = next((i + 1 for i, one in enumerate(parts) if one == "site-packages"), 0)
    path = Path(code.co_filename)
    name = str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else "/".join(parts[start or -2 :])
    name = f"{name}:{code.co_name}"
    fitting = [known for known in STAGES if name.startswith(known)]
    return name, STAGES[max(fitting, key=len)] if fitting else ""


class _Tally:
    """The calls of one thread, or of those of one pool."""

    __slots__ = ("batches", "c", "python")

    def __init__(self) -> None:
        self.python = self.c = self.batches = 0

    def see(self, frame: FrameType, event: str, _what: object) -> None:
        if event == "call":
            self.python += 1
            self.batches += frame.f_code is _BATCH_WRITTEN
        elif event == "c_call":
            self.c += 1


class _Calls:
    """Calls, tasks, futures and timers of one prefill."""

    def __init__(self) -> None:
        self._loop: Any = None
        self._main = _Tally()
        self._threads: defaultdict[str, _Tally] = defaultdict(_Tally)
        self._opened: Counter[str] = Counter()
        self._stages: Counter[str] = Counter()

    def prepare(self) -> None:
        for name in _OPENED:
            setattr(uvloop.Loop, name, self._counted(name, getattr(uvloop.Loop, name)))
        threading.setprofile(self._begin)

    def _begin(self, *_event: object) -> None:
        """The first event of a new thread."""
        sys.setprofile(self._threads[_pool(threading.current_thread())].see)

    def _see(self, frame: FrameType, event: str, what: object) -> None:
        """An event in the thread of the loop."""
        self._main.see(frame, event, what)
        if event == "call":
            self._stages[_stage_of(frame)[0]] += 1

    def _counted(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def opened(loop: Any, *given: Any, **more: Any) -> Any:
            self._loop = loop
            self._main.python -= 1  # this function's own call
            self._opened[name] += 1
            return original(loop, *given, **more)

        return opened

    def measured(self, target: Target) -> dict[str, Any]:
        run = Run(target, 0, 1, 0)
        connection = socket.create_connection((run.host, run.port))
        for _ in range(_WARM):
            one_prefill(run, connection, target)
        self._loop.call_soon_threadsafe(sys.setprofile, self._see)
        one_prefill(run, connection, target)
        time.sleep(_SETTLED_SECONDS)
        gc.collect()
        gc.disable()
        before, counts, stages = self._thread_counts(), [self._counts()], [self._stages.copy()]
        batches = self._threads["sequencer"].batches
        for _ in range(_COUNTED):
            one_prefill(run, connection, target)
            time.sleep(_PAUSE_SECONDS)
            counts.append(self._counts())
            stages.append(self._stages.copy())
        time.sleep(_SETTLED_SECONDS)
        threads = {
            name: {
                kind: round((count - before.get(name, {}).get(kind, 0)) / _COUNTED, 1)
                for kind, count in now.items()
            }
            for name, now in self._thread_counts().items()
        }
        return {
            "prefills": _COUNTED,
            "loop": _usual(counts),
            "stages": _usual(stages),
            "threads": threads,
            "batches": self._threads["sequencer"].batches - batches,
            "garbage": gc.collect() / _COUNTED,
        }

    def _counts(self) -> Counter[str]:
        opened = self._opened
        return Counter({
            "python": self._main.python,
            "c": self._main.c,
            "tasks": opened["create_task"],
            "futures": opened["create_future"],
            "timers": opened["call_later"],
        })  # fmt: skip

    def _thread_counts(self) -> dict[str, dict[str, int]]:
        return {name: {"python": tally.python, "c": tally.c} for name, tally in self._threads.items()}


def _usual(counts: list[Counter[str]]) -> dict[str, int]:
    """The prefill of the lower quartile: what comes every second, on a busy machine beside most, is not in it."""
    return {
        name: sorted(after[name] - then[name] for then, after in itertools.pairwise(counts))[len(counts) // 4]
        for name in counts[-1]
    }


def one_prefill(run: Run, connection: socket.socket, target: Target) -> None:
    """One prefill; SystemExit when its answer is wrong."""
    number, request = run.next_request()
    connection.sendall(request)
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    body = answer.read()
    if answer.status != 200 or not target.right(number, body):
        sys.exit(f"a wrong answer: {answer.status} {body[:500]!r}")


def _pool(thread: threading.Thread) -> str:
    return thread.name.rpartition("_")[0] or thread.name


def report(cpu: Any, calls: Any) -> None:
    """The tables."""
    print(f"{'a prefill':32}{'us of CPU':>12}{'Python calls':>14}{'C calls':>9}")
    for name, spent in cpu["stages_us"].items():
        print(f"{name:32}{spent:12.0f}{calls['stages'].get(name, 0):14}")
    loop, threads = calls["loop"], calls["threads"]
    print(f"{'loop in all':32}{cpu['loop_us']:12.0f}{loop['python']:14}{loop['c']:9}")
    for name, spent in cpu["threads_us"].items():
        made = threads.get(name, {"python": 0, "c": 0})
        print(f"{'thread ' + name:32}{spent:12.0f}{made['python']:14.0f}{made['c']:9.0f}")
    print(f"{'in all':32}{cpu['loop_us'] + sum(cpu['threads_us'].values()):12.0f}")
    print(f"tasks {loop['tasks']}, futures {loop['futures']}, timers {loop['timers']}")
    print(f"objects that the garbage collector has to find {calls['garbage']:.0f}")
    for name, spent in cpu["unknown_us"].items():
        print(f"  {OTHER}: {name} {spent:.0f}")
    for name in [*STAGES, *RECORDS]:
        if name.startswith(("gateway/", "adapters/")) and not any(ROOT.glob(name.partition(":")[0] + "*")):
            print(f"  no such file, change its line: {name}")


if __name__ == "__main__":
    main()
