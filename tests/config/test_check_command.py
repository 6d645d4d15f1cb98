"""`motlan check-config` as a process of its own: a package that is missing is a fault, files are read once."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.audit.in_force import in_force
from gateway.config.configuration import load
from tests.config.test_broken_anchors import ROOT, root

__all__ = ("root",)

#: what Python says where the package of the extra `tsa` is not installed
MISSING = "raise ModuleNotFoundError(\"No module named 'rfc3161_client'\", name='rfc3161_client')\n"
COUNTED = """
import sys
opened = []
sys.addaudithook(lambda event, about: opened.append(str(about[0])) if event == "open" else None)
from gateway.cli import run
code = run(["check-config", sys.argv[1], "--json"])
print(sum(name.endswith("config/gateway.yaml") for name in opened), file=sys.stderr)
sys.exit(code)
"""


def python(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 -- our own interpreter
        [sys.executable, *words], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False
    )  # fmt: skip


def test_time_stamps_without_their_package_are_a_fault(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    library = tmp_path_factory.mktemp("library")
    (library / "rfc3161_client.py").write_text(MISSING)
    command = ("-m", "gateway", "check-config", str(root / "config"))
    done = python(*command, PYTHONPATH=str(library))
    lines = (root / "config/gateway.yaml").read_text("utf-8").splitlines()
    place = next(number for number, text in enumerate(lines, 1) if text.strip() == "tsa:")
    assert done.returncode == 2, done
    assert f"config/gateway.yaml:{place}: " in done.stderr
    assert "no module 'rfc3161_client'" in done.stderr
    assert "remedy: pip install 'motlan[tsa]'" in done.stderr
    assert "1 to mend" in done.stderr
    assert python(*command).returncode == 0
    # the shipped configuration has no anchors, and needs nothing for them
    assert python("-m", "gateway", "check-config", PYTHONPATH=str(library)).returncode == 0


def test_configuration_is_read_once_and_its_digest_is_that_of_a_start() -> None:
    done = python("-c", COUNTED, str(ROOT / "config"))
    assert (done.returncode, done.stderr) == (0, "1\n")
    assert json.loads(done.stdout)["digest"] == in_force(load(ROOT / "config"), ROOT).digest
