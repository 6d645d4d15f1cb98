"""Files of a draft: all or none, never over another, also when the process is killed."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.scaffold.house import write_all
from gateway.scaffold.leaves import NotScaffolded
from tests.scaffold.houses import ROOT, checked, drafted, files_of, house

__all__ = ("house",)

#: ends like a power cut, before this link
KILLED = """
import os, signal, sys
links = 0
def hear(event, about):
    global links
    if event == "os.link":
        links += 1
        if links == int(sys.argv[1]):
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hear)
from gateway.cli import run
run(["new", "source", "buoy", "--sample", sys.argv[2], "--config", sys.argv[3]])
"""


@pytest.fixture
def sample(tmp_path: Path) -> str:
    path = tmp_path / "answer.json"
    path.write_text(json.dumps({"cccd": "1", "soTau": "A"}))
    return str(path)


@pytest.mark.parametrize(
    "there", ["config/sources/buoy.yaml", "mappings/sources/buoy.yaml", "config/agreements/buoy.yaml"]
)
def test_file_that_is_there_is_named_and_nothing_is_written(house: Path, sample: str, there: str) -> None:
    (house / there).write_text("# mine")
    before = files_of(house)
    said = drafted(house, "source", "buoy", "--sample", sample, code=2)
    assert there in said
    assert "remedy: " in said
    assert files_of(house) == before


def test_link_that_leads_nowhere_is_there_too(tmp_path: Path) -> None:
    (tmp_path / "b").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotScaffolded, match="there already"):
        write_all({tmp_path / "a": b"1", tmp_path / "b": b"2"})
    assert [one.name for one in tmp_path.iterdir()] == ["b"]


def test_file_in_place_of_a_folder_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(NotScaffolded, match="there already"):
        write_all({tmp_path / "new/a": b"1", tmp_path / "file/b": b"2"})
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("link", [1, 2, 4])
def test_run_that_is_killed_midway_is_done_again(house: Path, sample: str, link: int) -> None:
    words = [sys.executable, "-c", KILLED, str(link), sample, str(house / "config")]
    done = subprocess.run(words, cwd=ROOT, check=False, capture_output=True)  # noqa: S603 -- our own interpreter
    assert done.returncode == -signal.SIGKILL, done
    assert not (house / "config/sources/buoy.yaml").exists()
    drafted(house, "source", "buoy", "--sample", sample)
    checked(house)


def test_edited_file_of_a_killed_run_stays(house: Path, sample: str) -> None:
    words = [sys.executable, "-c", KILLED, "4", sample, str(house / "config")]
    subprocess.run(words, cwd=ROOT, check=False, capture_output=True)  # noqa: S603 -- our own interpreter
    mapping = house / "mappings/sources/buoy.yaml"
    kept = mapping.with_suffix(".new")
    kept.write_text("# mine")
    kept.replace(mapping)
    drafted(house, "source", "buoy", "--sample", sample, code=2)
    assert mapping.read_text() == "# mine"
