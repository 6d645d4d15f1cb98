"""`motlan verify-log` as an auditor runs it: exit 0 good, 1 wrong and named, 2 with the remedy."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.exchange_log.sample import Log, joined

ROOT = Path(__file__).parents[2]
LOG = Log(300)


@pytest.fixture(name="export")
def _export(tmp_path: Path) -> Path:
    path = tmp_path / "day.jsonl"
    path.write_bytes(joined(LOG.range_lines()))
    return path


def run(*arguments: str | Path, given: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("MOTLAN_LOG")}
    return subprocess.run(  # noqa: S603 -- our own interpreter
        [sys.executable, "-m", "gateway", "verify-log", *map(str, arguments)],
        check=False,
        capture_output=True,
        cwd=ROOT,
        input=given,
        env=variables | environment,
    )


def test_good_export_is_said_to_be_good(export: Path) -> None:
    done = run(export, "--vkey", LOG.signer.vkey)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"GOOD: all 300 records of the log log.motlan.example/main\n")
    assert run(export, "--vkey", LOG.signer.vkey, "--quiet").stdout == b""


def test_export_comes_from_standard_input_and_key_from_the_environment(export: Path) -> None:
    done = run("-", "--json", given=export.read_bytes(), MOTLAN_LOG_VKEY=LOG.signer.vkey)
    assert done.returncode == 0
    assert json.loads(done.stdout) == LOG.verify(LOG.range_lines()).as_json()


def test_wrong_record_is_named(export: Path) -> None:
    export.write_bytes(export.read_bytes().replace(b"answered", b"refused!", 1))
    done = run(export, "--vkey", LOG.signer.vkey)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"WRONG changed: line 2, record 0: it is not the record" in done.stderr
    report_lines = json.loads(run(export, "--vkey", LOG.signer.vkey, "--json").stdout)
    assert report_lines["findings"][0] == {
        "code": "changed",
        "what": "it is not the record that the log keeps the hash of",
        "line": 2,
        "index": 0,
    }


def test_kept_checkpoints_are_files(export: Path, tmp_path: Path) -> None:
    kept = tmp_path / "yesterday"
    kept.write_bytes(LOG.checkpoint(200).encode())
    done = run(export, "--vkey", LOG.signer.vkey, "--since", kept)
    assert b"grown out of the log of 200 records" in done.stdout
    done = run(export, "--vkey", LOG.signer.vkey, "--checkpoint", kept)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"another checkpoint" in done.stderr
    kept.write_bytes(b"\xff")
    done = run(export, "--vkey", LOG.signer.vkey, "--since", kept)
    assert done.returncode == 2
    assert b"is no checkpoint" in done.stderr


def test_call_without_a_key_is_refused_with_the_remedy(export: Path) -> None:
    done = run(export)
    assert done.returncode == 2
    assert b"the key in the file itself proves nothing: give --vkey KEY or set MOTLAN_LOG_VKEY" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), b"give the FILE of an export, or --emit-standalone PATH"),
        (("nowhere.jsonl", "--vkey", "a"), b"does not exist"),
        (("README.md", "--vkey", "a"), b"copy the whole key, name+id+base64"),
        (("--emit-standalone", "nowhere/at/all.py"), b"choose a folder that is writable"),
    ],
)
def test_wrong_call_is_refused_with_the_remedy(arguments: tuple[str, ...], says: bytes) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert says in done.stderr


def test_file_that_is_no_export_is_wrong() -> None:
    done = run("README.md", "--vkey", LOG.signer.vkey)
    assert done.returncode == 1
    assert b"line 1 is not that of an export of the exchange log" in done.stderr


def test_standalone_verifier_is_written(export: Path, tmp_path: Path) -> None:
    path = tmp_path / "verifier.py"
    done = run("--emit-standalone", path)
    assert (done.returncode, done.stdout) == (0, f"{path}: python3 verifier.py --help\n".encode())
    verified = subprocess.run(  # noqa: S603 -- our own interpreter
        [sys.executable, "-I", str(path), str(export), "--vkey", LOG.signer.vkey],
        check=False,
        capture_output=True,
    )
    assert verified.returncode == 0
