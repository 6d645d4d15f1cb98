"""The guards of `conftest.py` guard: no test reaches out, and in CI none is skipped unseen."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

SKIPPING = """
import pytest
def test_passes(): pass
def test_skips(): pytest.skip("no such thing here")
@pytest.mark.xfail(strict=True)
def test_fails_as_expected(): assert False
"""


def test_connection_beyond_this_machine_raises() -> None:
    with socket.socket() as client, pytest.raises(AssertionError, match="tried to reach"):
        client.connect(("192.0.2.1", 80))


def test_look_up_beyond_this_machine_raises() -> None:
    with pytest.raises(AssertionError, match="looked up"):
        socket.getaddrinfo("provider.example", 443)


def test_loopback_stays_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        assert socket.getaddrinfo("localhost", 80)


@pytest.mark.parametrize(("no_skip", "exit_code", "says"), [("0", 0, "1 skipped"), ("1", 1, "1 failed")])
def test_skip_is_a_failure_only_in_ci(tmp_path: Path, no_skip: str, exit_code: int, says: str) -> None:
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)
    (tmp_path / "test_some.py").write_text(SKIPPING)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        str(tmp_path),
    ]
    environment = {**os.environ, "MOTLAN_NO_SKIP": no_skip}
    run = subprocess.run(  # noqa: S603 -- our own interpreter
        [*command, "--rootdir", str(tmp_path)], check=False, capture_output=True, text=True, env=environment
    )
    assert run.returncode == exit_code, run.stdout
    assert says in run.stdout
    assert "1 xfailed" in run.stdout
