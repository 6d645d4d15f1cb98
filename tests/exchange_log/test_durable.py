"""Files that appear whole or not at all."""

import os
import stat
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from gateway.exchange_log.durable import SHARED, create_file, replace_file, replacing


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_is_replaced_as_a_whole_and_is_for_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "key"
    replace_file(path, b"first")
    replace_file(path, b"second")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"second", 0o600)
    assert names(tmp_path) == ["key"]


def write_and_break_off(path: Path) -> None:
    with replacing(path) as file:
        file.write(b"half")
        raise KeyError(path.name)


def test_writing_that_breaks_off_leaves_what_was_there_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    with pytest.raises(KeyError):
        write_and_break_off(path)
    assert names(tmp_path) == []
    replace_file(path, b"whole")
    with pytest.raises(KeyError):
        write_and_break_off(path)
    assert (path.read_bytes(), names(tmp_path)) == (b"whole", ["archive"])


def calls_of(work: Callable[[], None]) -> list[str]:
    """In which order it syncs and names files."""
    calls: list[str] = []

    def note(_: FrameType, event: str, called: Any) -> None:
        if event == "c_call" and called.__name__ in {"fsync", "replace", "rename", "link"}:
            calls.append("sync" if called.__name__ == "fsync" else "name")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


def test_content_is_on_the_disk_before_the_file_has_its_name_and_the_name_before_it_counts(
    tmp_path: Path,
) -> None:
    """Else a loss of power leaves an empty key, or none that was used already."""
    assert calls_of(lambda: replace_file(tmp_path / "key", b"first")) == ["sync", "name", "sync"]
    assert calls_of(lambda: replace_file(tmp_path / "key", b"second")) == ["sync", "name", "sync"]
    assert calls_of(lambda: create_file(tmp_path / "day", b"first")) == ["sync", "name", "sync"]


def test_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with ThreadPoolExecutor(1) as threads:
        read = threads.submit(path.read_bytes)
        replace_file(path, b"through")
        assert read.result() == b"through"
    assert path.is_fifo()


@pytest.mark.parametrize("renames", [False, True])
def test_of_those_that_create_together_one_is_first_and_stays(tmp_path: Path, *, renames: bool) -> None:
    path = tmp_path / "day"

    def create(number: int) -> bytes:
        create_file(path, str(number).encode(), SHARED, renames=renames)
        return path.read_bytes()

    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(create, range(40)))
    assert len(found) == 1
    create_file(path, b"late")
    assert {path.read_bytes()} == found
    assert names(tmp_path) == ["day"]


def test_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for write in (replace_file, create_file):
        with pytest.raises(OSError, match="file"):
            write(tmp_path / "file" / "key", b"")
