"""`motlan witness` as a process: killed at any moment it remembers what it signed; without its memory it stays down."""

import base64
import json
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.anchors.witness import add_checkpoint
from gateway.exchange_log.merkle import consistency_proof
from gateway.exchange_log.note import NoteVerifier, signatures_of
from tests.exchange_log.sample import Log

ROOT = Path(__file__).parents[2]
LOG = Log(400)
NAME = "inspectorate.example/witness"


def command(folder: Path, *words: str) -> list[str]:
    ready = str(folder / "ready.json")
    return [sys.executable, "-m", "gateway", "witness", "--log-vkey", LOG.signer.vkey, "--name", NAME, "--quiet",
            "--dir", str(folder / "home"), "--port", "0", "--ready-file", ready, *words]  # fmt: skip


@contextmanager
def running(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[bytes], Any]]:
    """A witness, and what its ready file says; killed in the end."""
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    process = subprocess.Popen(command(folder, *words), cwd=ROOT, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        end = time.monotonic() + 30
        while not ready.exists():
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.01)
        yield process, json.loads(ready.read_bytes())
    finally:
        process.kill()
        process.wait(10)


def submit(url: str, old: int, size: int) -> tuple[int, bytes]:
    """Status and body; status 0 when the witness is gone."""
    content = add_checkpoint(old, consistency_proof(old, size, LOG.node), LOG.checkpoint(size))
    request = urllib.request.Request(f"{url}/add-checkpoint", content)  # noqa: S310 -- loopback
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except OSError:
        return 0, b""


def push(url: str, signed: dict[int, bytes], size: int) -> None:
    """Grow record by record until the witness is gone, noting what it signed."""
    old = size
    while old < len(LOG.leaves):
        status, body = submit(url, old, old + 1)
        if status == 409:
            old = int(body)
            continue
        if status != 200:
            return
        old += 1
        signed[old] = body


@pytest.mark.parametrize("kills", [5, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_at_any_moment_it_remembers_all_that_it_signed(tmp_path: Path, kills: int) -> None:
    chance = random.Random(kills)
    signed: dict[int, bytes] = {}
    vkeys = set()
    for _ in range(kills):
        with running(tmp_path) as (process, content):
            vkeys.add(content["vkey"])
            status, body = submit(content["url"], 399, 400)
            known = int(body)
            assert (status, known >= max(signed, default=0)) == (409, True)
            # nothing that it signed can be taken back
            if signed:
                assert submit(content["url"], 0, 1) == (409, body)
            pushing = threading.Thread(target=push, args=(content["url"], signed, known))
            pushing.start()
            time.sleep(chance.uniform(0.02, 0.15))
            process.send_signal(signal.SIGKILL)
            pushing.join(20)
            assert not pushing.is_alive()
    (vkey,) = vkeys
    assert len(signed) > kills
    for size, line in signed.items():
        found = signatures_of(LOG.checkpoint(size) + line.decode(), [NoteVerifier.parse(vkey)])
        assert [one.name for one in found] == [NAME]


def failed(folder: Path, *words: str) -> tuple[int, str]:
    done = subprocess.run(command(folder, *words), cwd=ROOT, capture_output=True, check=False, timeout=60)  # noqa: S603
    return done.returncode, done.stderr.decode()


def test_key_without_its_memory_stays_down_until_told_that_it_never_signed(tmp_path: Path) -> None:
    with running(tmp_path) as (_, content):
        assert submit(content["url"], 0, 5)[0] == 200
    (tmp_path / "home/witness.db").unlink()
    code, told = failed(tmp_path)
    assert (code, "might sign a fork" in told, "say --first" in told) == (2, True, True)
    key = tmp_path / "given.key"
    assert failed(tmp_path, "--key", str(key))[0] == 2
    key.write_bytes(base64.b64encode(bytes(32)))
    assert failed(tmp_path, "--key", str(key))[0] == 2
    with running(tmp_path, "--key", str(key), "--first") as (_, content):
        assert submit(content["url"], 0, 5)[0] == 200
    with running(tmp_path, "--key", str(key)) as (_, content):
        assert submit(content["url"], 0, 5) == (409, b"5\n")


def test_closed_terminal_ends_it_in_order(tmp_path: Path) -> None:
    former = signal.signal(
        signal.SIGHUP, signal.SIG_DFL
    )  # these tests may run under nohup, which is inherited
    try:
        with running(tmp_path) as (process, _):
            process.send_signal(signal.SIGHUP)
            assert process.wait(10) == 0
    finally:
        signal.signal(signal.SIGHUP, former)


def test_key_that_is_none_is_refused_with_the_remedy(tmp_path: Path) -> None:
    code, told = failed(tmp_path, "--log-vkey", "nonsense")
    assert (code, "copy the whole key" in told) == (2, True)
