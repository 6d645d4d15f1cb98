"""A broken file of the sandbox is a message that names what to mend, never a traceback."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.sandbox.people import load
from gateway.domain.errors import ConfigError

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("  gender: female", "  gender: woman", "gender 'woman' is unknown"),
        ("- key: mau", "- key: [mau", "is not YAML"),
        ("  father: ", "  father: no-", "is nobody"),
        ("- key: mau\n", "- key: mau\n  fater: mau\n", "fater"),
        ("people:\n", "persons:\n", "'people' is no list of people"),
    ],
)
def test_broken_personas_are_explained(tmp_path: Path, old: str, new: str, says: str) -> None:
    shutil.copytree(ROOT / "config/sandbox", tmp_path / "config/sandbox")
    path = tmp_path / "config/sandbox/personas.yaml"
    content = path.read_text("utf-8")
    path.write_text(content.replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    (problem,) = caught.value.problems
    assert problem.file == "config/sandbox/personas.yaml"
    assert says in problem.what
    assert problem.remedy


def test_unknown_peer_is_a_message_and_exit_code_2() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "sandbox", "--only", "nope", "--port", "0"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert done.returncode == 2
    assert "no such peer: nope" in done.stderr
    assert "Traceback" not in done.stderr
