"""SIGHUP while a gateway starts: it goes on to start, and reads its configuration once more when it is up."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.flows.conftest import ROOT

#: loaded by what `serve` needs first, long before anything answers
EARLY = b"/uvloop/"


def loaded(pid: int) -> bytes:
    return Path(f"/proc/{pid}/maps").read_bytes()


@pytest.mark.parametrize("words", [(), ("--workers", "2")], ids=["alone", "workers"])
async def test_gateway_that_is_hung_up_while_it_starts_starts_and_looks_again(
    tmp_path: Path, words: Sequence[str]
) -> None:
    ready, err = tmp_path / "ready.json", tmp_path / "err"
    command = [
        sys.executable, "-m", "gateway", "serve", "--port", "0", "--quiet", "--dir", str(tmp_path / "state"),
        "--ready-file", str(ready), *words,
    ]  # fmt: skip
    with err.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log
        )
    end = time.monotonic() + 120
    try:
        while EARLY not in loaded(process.pid):
            assert time.monotonic() < end
            await asyncio.sleep(0.002)
        while not ready.exists():
            assert (process.returncode, time.monotonic() < end) == (None, True), err.read_text("utf-8")
            os.kill(process.pid, signal.SIGHUP)
            await asyncio.sleep(0.05)
        while "configuration.unchanged" not in err.read_text("utf-8"):
            assert (process.returncode, time.monotonic() < end) == (None, True), err.read_text("utf-8")
            await asyncio.sleep(0.05)
        assert process.returncode is None
    finally:
        if process.returncode is None:
            process.terminate()
        code = await asyncio.wait_for(process.wait(), 30)
    assert code == 0
