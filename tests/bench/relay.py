"""Dossiers (BENCHMARKS): accepted over HTTP at 64 senders, durable; and a backlog that is delivered.

    python -m tests.bench.relay [--seconds 5] [--rounds 5] [--backlog 10000]

Three servers take the same small dossiers in turn: one that commits nothing, the product (concurrent senders share a
commit), one that commits each dossier for itself. No receiver is up meanwhile. Then the product's backlog is delivered
to the sandbox, beside what the sandbox takes from a client that only posts.
"""

import argparse
import base64
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.load import Target, measure

ROOT = Path(__file__).parents[2]
SENDERS = 64
BODY = json.dumps(
    {
        "code": "H31.14-260105-@n@", "procedure": "1.004873", "procedure_title": "Xác nhận tình trạng hôn nhân",
        "field_code": "G15-HT01", "field_title": "Hộ tịch", "channel": "online", "unit": "UBND phường Mẫu",
        "applicant": {"name": "Đỗ Thị Thử", "ids": [{"kind": "personal_id", "number": "033191@n@"}]},
        "filed_at": "2026-01-05T01:12:00Z", "received_at": "2026-01-05T01:30:00Z",
        "due_at": "2026-01-07T10:00:00Z", "status": "accepted", "abstract": "Xác nhận tình trạng hôn nhân",
    },
    ensure_ascii=False,
)  # fmt: skip
MODES = ("none", "group", "row")
_CLOSED = "http://127.0.0.1:9"


def main() -> None:
    """Print a table, then one JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--backlog", type=int, default=10_000)
    given = parser.parse_args()
    accepted: dict[str, list[float]] = {mode: [] for mode in MODES}
    for _ in range(given.rounds):
        for mode in MODES:
            with tempfile.TemporaryDirectory() as folder, served(mode, Path(folder), _CLOSED) as (ready, _):
                accepted[mode].append(_accept(ready, given.seconds, mode))
    medians = {mode: statistics.median(found) for mode, found in accepted.items()}
    for mode, found in medians.items():
        print(f"accepted, {mode:6}{found:9.0f}/s{found / medians['none']:7.2f} of none")
    delivered = _delivered(given.backlog) if given.backlog else {}
    for name, value in delivered.items():
        print(f"{name:20}{value:9.0f}/s")
    print(json.dumps({"bench": "relay", "cpus": os.cpu_count(), "accepted": medians, **delivered}))


@contextlib.contextmanager
def served(mode: str, folder: Path, bus: str) -> Iterator[tuple[dict[str, Any], subprocess.Popen[bytes]]]:
    """A gateway with one kind of writer; yields its ready file."""
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    command = [
        sys.executable, "-m", "tests.bench.relay_server", mode, "serve", "--quiet", "--port", "0", "--dir",
        str(folder / "state"), "--ready-file", str(ready), "--set", f"portals.national_bus.url={bus}",
        "--set", "gateway.admin.port=0",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield _ready(ready, process), process
    finally:
        process.terminate()
        process.wait(30)


def _ready(file: Path, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    end = time.monotonic() + 60
    while not file.exists():
        if process.poll() is not None or time.monotonic() > end:
            sys.exit("it did not become ready")
        time.sleep(0.05)
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def _accept(ready: dict[str, Any], seconds: float, mode: str) -> float:
    token = _token(ready)
    target = Target(
        name=mode, url=f"{ready['gateway']}/v1/dossiers", pids=[ready["pid"]], body=BODY, status=b"202",
        headers=lambda: [f"Authorization: Bearer {token}"],
    )  # fmt: skip
    figures = measure(target, seconds, SENDERS)
    if figures.wrong:
        sys.exit(f"{mode}: {figures.wrong} wrong answers")
    return figures.per_second


def _token(ready: dict[str, Any]) -> str:
    known = ready["clients"]["one_gate"]
    credentials = base64.b64encode(f"{known['client_id']}:{known['client_secret']}".encode()).decode()
    form = urllib.parse.urlencode({"grant_type": "client_credentials"}).encode()
    headers = {"Authorization": f"Basic {credentials}"}
    request = urllib.request.Request(f"{ready['gateway']}/oauth2/token", form, headers)  # noqa: S310 -- loopback
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 -- loopback
        return str(json.load(response)["access_token"])


def _delivered(backlog: int) -> dict[str, float]:
    """Dossiers a second from a backlog to the sandbox; and what the sandbox takes at most."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with served("group", folder, _CLOSED) as (ready, _):
            _fill(ready, backlog)
        with _sandbox(folder) as control:
            bus = control.removesuffix("/__sandbox") + "/national_bus"
            with served("group", folder, bus):
                began = _first(control)
                while _there(control) < backlog:
                    time.sleep(0.2)
                return {"delivered": backlog / (time.monotonic() - began)}


def _fill(ready: dict[str, Any], backlog: int) -> None:
    taken = 0.0
    while taken < backlog:
        seconds = 2.0
        taken += _accept(ready, seconds, "group") * seconds


def _first(control: str) -> float:
    while not _there(control):
        time.sleep(0.01)
    return time.monotonic()


def _there(control: str) -> int:
    with urllib.request.urlopen(f"{control}/portal/ledger?count=0", timeout=10) as response:  # noqa: S310 -- loopback
        return int(json.load(response)["totals"]["dossiers"])


@contextlib.contextmanager
def _sandbox(folder: Path) -> Iterator[str]:
    ready = folder / "sandbox.json"
    command = [
        sys.executable,
        "-m",
        "gateway",
        "sandbox",
        "--quiet",
        "--port",
        "0",
        "--ready-file",
        str(ready),
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        yield str(_ready(ready, process)["sandbox"]["control"])
    finally:
        process.terminate()
        process.wait(30)


if __name__ == "__main__":
    main()
