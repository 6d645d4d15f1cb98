"""A fault in `log.anchors` is named with file, line and remedy, at the start and by `check-config`."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapters.sandbox.tsa import Authority
from gateway.cli.check import check_config
from gateway.exchange_log.note import COSIGNATURE, NoteSigner
from tests.exchange_log.sample import key

ROOT = Path(__file__).parents[2]
VKEY = NoteSigner("inspectorate.example/witness", key(5), COSIGNATURE).vkey
GOOD = f"""\
log:
  anchors:
    tsa:
      - name: national
        url: https://tsa.example
        ca: config/tsa.pem
        policy: "1.2.3"
    witnesses:
      - vkey: {VKEY}
        url: https://inspectorate.example
    every_seconds: "600"
    grace_seconds: "7200"
"""
BREAKS = {
    "address of an authority": ("https://tsa.example", "ftp://tsa.example", "'url' of an anchor is not an address"),
    "address of a witness": ("https://inspectorate", "inspectorate", "'url' of an anchor is not an address"),
    "address with a password": ("https://tsa", "https://a:b@tsa", "'url' of an anchor is not an address"),
    "no certificate": ("config/tsa.pem", "config/nowhere.pem", "name a PEM file below the data root"),
    "file that holds none": ("config/tsa.pem", "README.md", "put its root certificate there"),
    "policy": ('"1.2.3"', '"a policy"', "log.anchors.tsa.0.policy"),
    "name": ("name: national", "name: National TSA", "log.anchors.tsa.0.name"),
    "name that is taken": ("name: national", "name: daily", "two anchors are called 'daily'"),
    "key of a witness": (VKEY, VKEY[:-4], "'vkey' of a witness cannot be used"),
    "key of a log": (VKEY, NoteSigner("a.example", key(5)).vkey, "is the key of a log"),
    "unknown word": ("    every_seconds", "    evry_seconds", "did you mean 'every_seconds'?"),
    "grace shorter than the rhythm": ('"7200"', '"600"', "make it longer"),
    "rhythm of nothing": ('"600"', '"0"', "greater than 0"),
}  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of all that people write, with anchors."""
    for folder in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "README.md").write_text("no certificate")
    (tmp_path / "config/tsa.pem").write_bytes(Authority().ca)
    file = tmp_path / "config/gateway.yaml"
    file.write_text(file.read_text("utf-8").replace("log:\n", GOOD), "utf-8")
    return tmp_path


def test_good_anchors_are_good(root: Path) -> None:
    found = CliRunner().invoke(check_config, [str(root / "config")], standalone_mode=False)
    assert found.return_value == 0, found.output


@pytest.mark.parametrize(("old", "new", "says"), BREAKS.values(), ids=BREAKS)
def test_broken_anchors_are_named_with_line_and_remedy(root: Path, old: str, new: str, says: str) -> None:
    file = root / "config/gateway.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace(old, new, 1), "utf-8")
    found = CliRunner().invoke(check_config, [str(root / "config")], standalone_mode=False)
    assert found.return_value == 2
    assert says in found.output
    line = text[: text.index(old)].count("\n") + 1
    assert f"config/gateway.yaml:{line}: " in found.output, found.output
    assert "remedy" in found.output
