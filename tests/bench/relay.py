"""Dossiers (BENCHMARKS): accepted over HTTP at 64 senders, a backlog delivered, and what is passed through.

    python -m tests.bench.relay [--seconds 5] [--rounds 5] [--backlog 10000] [--only accepted|delivered|passed]

Three servers take the same small dossiers in turn: one that commits nothing, the product (concurrent senders share a
commit), one that commits each dossier for itself. No receiver is up meanwhile. Then the product's backlog is delivered
to the sandbox. Last, a file by its link and a read that the portal answers, beside nginx that passes as much on.
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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.bench.load import Target, cpu_seconds, measure
from tests.bench.peers import nginx_proxy

ROOT = Path(__file__).parents[2]
SENDERS = 64
_READERS = 16
_PATIENCE_SECONDS = 600
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
    parser.add_argument("--only", choices=("accepted", "delivered", "passed"), action="append")
    given = parser.parse_args()
    wanted = given.only or ("accepted", "delivered", "passed")
    found: dict[str, float] = {}
    if "accepted" in wanted:
        found |= _accepted(given.seconds, given.rounds)
    if "delivered" in wanted and given.backlog:
        found |= _delivered(given.backlog)
    if "passed" in wanted:
        found |= _passed_through(given.seconds, given.rounds)
    for name, value in found.items():
        print(f"{name:26}{value:10.3f}")
    print(json.dumps({"bench": "relay", "cpus": os.cpu_count(), **found}))


def _accepted(seconds: float, rounds: int) -> dict[str, float]:
    """Dossiers a second and CPU (ms) of each server, and what the product reaches of the one that commits nothing."""
    spent: dict[str, list[tuple[float, float]]] = {mode: [] for mode in MODES}
    for _ in range(rounds):
        for mode in MODES:
            with tempfile.TemporaryDirectory() as folder, served(mode, Path(folder), _CLOSED) as (ready, _):
                _accept(ready, 1, mode)
                spent[mode].append(_accept(ready, seconds, mode))
    found = {}
    for mode, rows in spent.items():
        found[f"accepted_{mode}_per_second"] = statistics.median(one for one, _ in rows)
        found[f"accepted_{mode}_cpu_ms"] = statistics.median(one for _, one in rows)
    pairs = list(zip(spent["group"], spent["none"], strict=True))
    found["accepted_part_of_none"] = statistics.median(mine[0] / other[0] for mine, other in pairs)
    found["accepted_part_of_none_by_cpu"] = statistics.median(other[1] / mine[1] for mine, other in pairs)
    return found


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


def _accept(ready: dict[str, Any], seconds: float, mode: str) -> tuple[float, float]:
    """Dossiers a second, and CPU in ms."""
    figures = measure(_target(ready, mode), seconds, SENDERS)
    if figures.wrong:
        sys.exit(f"{mode}: {figures.wrong} wrong answers")
    return figures.per_second, figures.cpu_ms


def _target(ready: dict[str, Any], name: str) -> Target:
    token = _token(ready)
    return Target(
        name=name, url=f"{ready['gateway']}/v1/dossiers", pids=[ready["pid"]], body=BODY, status=b"202",
        headers=lambda: [f"Authorization: Bearer {token}"],
    )  # fmt: skip


def _token(ready: dict[str, Any]) -> str:
    known = ready["clients"]["one_gate"]
    credentials = base64.b64encode(f"{known['client_id']}:{known['client_secret']}".encode()).decode()
    form = urllib.parse.urlencode({"grant_type": "client_credentials"}).encode()
    headers = {"Authorization": f"Basic {credentials}"}
    request = urllib.request.Request(f"{ready['gateway']}/oauth2/token", form, headers)  # noqa: S310 -- loopback
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 -- loopback
        return str(json.load(response)["access_token"])


def _delivered(backlog: int) -> dict[str, float]:
    """Dossiers a second from a backlog to the sandbox, and CPU in ms of both sides."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with served("group", folder, _CLOSED) as (ready, _):
            count = _fill(ready, backlog)
        with _sandbox(folder) as (control, pid), served("group", folder, _bus(control)) as (ready, _):
            began, before, receiver = _first(control), cpu_seconds([ready["pid"]]), cpu_seconds([pid])
            end = began + _PATIENCE_SECONDS
            while _there(control) < count:
                if time.monotonic() > end:
                    sys.exit(f"{_there(control)} of {count} dossiers arrived: see motlan outbox list")
                time.sleep(0.2)
            taken = time.monotonic() - began
            return {
                "delivered_per_second": count / taken,
                "delivered_cpu_ms": (cpu_seconds([ready["pid"]]) - before) * 1_000 / count,
                "receiver_cpu_ms": (cpu_seconds([pid]) - receiver) * 1_000 / count,
            }


def _fill(ready: dict[str, Any], backlog: int) -> int:
    """Send so many dossiers at least; how many."""
    taken = 0
    while taken < backlog:
        taken += measure(_target(ready, "fill"), 2.0, SENDERS).requests
    return taken


def _bus(control: str) -> str:
    return control.removesuffix("/__sandbox") + "/national_bus"


def _passed_through(seconds: float, rounds: int) -> dict[str, float]:
    """CPU in ms: a file by its link and a read that the portal answers, beside nginx that passes as much on."""
    if not nginx_proxy.program():
        print(f"no nginx here: {nginx_proxy.INSTALL}")
        return {}
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as opened:
        folder = Path(name)
        control, _ = opened.enter_context(_sandbox(folder))
        ready, _ = opened.enter_context(served("group", folder, _bus(control)))
        bearer = [f"Authorization: Bearer {_token(ready)}"]
        link, read = _link(ready, bearer), f"{ready['gateway']}/KetNoiMotCuaQuocGia/LayDanhMucGioiTinh"
        answers = {"file": _get(link), "read": _get(read, bearer)}
        proxy, pid = opened.enter_context(nginx_proxy.proxying(folder, answers))
        spent: dict[str, list[float]] = {}
        for _ in range(rounds):
            for kind, url in (("file", link), ("read", read)):
                for who, where, process in (
                    ("gateway", url, ready["pid"]),
                    ("nginx", f"{proxy}/{kind}", pid),
                ):
                    target = Target(
                        name=f"{kind} {who}",
                        url=where,
                        pids=[process],
                        body="",
                        method="GET",
                        headers=lambda: bearer,
                    )
                    figures = measure(target, seconds, _READERS)
                    if figures.wrong:
                        sys.exit(f"{target.name}: {figures.wrong} wrong answers")
                    spent.setdefault(f"{kind}_{who}_cpu_ms", []).append(figures.cpu_ms)
    return {name: statistics.median(found) for name, found in spent.items()}


def _link(ready: dict[str, Any], bearer: Sequence[str]) -> str:
    content = b"%PDF-1.4\n" + b"0" * 4_000 + b"\n%%EOF\n"
    stored = json.loads(
        _get(f"{ready['gateway']}/v1/files", [*bearer, "Content-Type: application/pdf"], content)
    )
    words = json.dumps({"file": stored["file"], "name": "don.pdf", "seconds": 3_600}).encode()
    link = _get(f"{ready['gateway']}/v1/files/link", [*bearer, "Content-Type: application/json"], words)
    return str(json.loads(link)["url"])


def _get(url: str, headers: Sequence[str] = (), body: bytes | None = None) -> bytes:
    named = dict(one.split(": ", 1) for one in headers)
    request = urllib.request.Request(url, body, named)  # noqa: S310 -- loopback
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 -- loopback
        found: bytes = response.read()
        return found


def _first(control: str) -> float:
    end = time.monotonic() + 60
    while not _there(control) and time.monotonic() < end:
        time.sleep(0.01)
    return time.monotonic()


def _there(control: str) -> int:
    with urllib.request.urlopen(f"{control}/portal/ledger?count=0", timeout=10) as response:  # noqa: S310 -- loopback
        return int(json.load(response)["totals"]["dossiers"])


@contextlib.contextmanager
def _sandbox(folder: Path) -> Iterator[tuple[str, int]]:
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
        yield str(_ready(ready, process)["sandbox"]["control"]), process.pid
    finally:
        process.terminate()
        process.wait(30)


if __name__ == "__main__":
    main()
