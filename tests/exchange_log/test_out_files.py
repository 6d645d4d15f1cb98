"""`--out` of any command: plain files whole or not at all; links stay, pipes and devices are written into."""

import contextlib
import os
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.files import written
from tests.exchange_log.sample import joined
from tests.exchange_log.test_proving import LOG, answering, motlan

EXPORT = ("export", "--exchange", "01KB0000000000000000000001", "--out")
CHECKPOINT = ("checkpoint", "--vkey", LOG.signer.vkey, "--out")


@pytest.fixture(name="url", scope="module")
def _url() -> Iterator[str]:
    with answering([0, 2, 4]) as url:
        yield url


@pytest.mark.parametrize("words", [EXPORT, CHECKPOINT])
def test_pipe_is_written_into_and_stays(url: str, tmp_path: Path, words: tuple[str, ...]) -> None:
    pipe, read = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    code, report_lines = motlan(url, *words, str(pipe))
    if not pipe.is_fifo():  # else the reader waits for ever
        pipe.unlink()
        pytest.fail("the pipe was replaced")
    reader.join()
    assert (code, pipe.is_fifo()) == (0, True), report_lines
    assert LOG.checkpoint().encode() in read[0].replace(b"\\n", b"\n")


@pytest.mark.parametrize("words", [EXPORT, CHECKPOINT])
def test_link_stays_and_what_it_points_to_is_replaced(
    url: str, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "kept", tmp_path / "link"
    link.symlink_to("elsewhere/kept")
    for before in (None, b"older"):
        if before is not None:
            target.write_bytes(before)
            target.chmod(0o640)
        code, report_lines = motlan(url, *words, str(link))
        assert (code, link.readlink()) == (0, Path("elsewhere/kept")), report_lines
        assert LOG.checkpoint().encode() in target.read_bytes().replace(b"\\n", b"\n")
    assert target.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["kept"]


@pytest.mark.parametrize("words", [EXPORT, CHECKPOINT])
def test_places_that_cannot_be_written_are_refused(url: str, tmp_path: Path, words: tuple[str, ...]) -> None:
    ring = tmp_path / "ring"
    ring.symlink_to(ring)
    for place, why in (
        (tmp_path, "is a directory"),
        (ring, "symbolic links"),
        (tmp_path / "no" / "file", "No such file"),
    ):
        code, report_lines = motlan(url, *words, str(place))
        assert (code, why in report_lines) == (2, True), report_lines
    assert [path.name for path in tmp_path.iterdir()] == ["ring"]


def test_device_takes_it_and_stays(url: str) -> None:
    """A terminal of its own: below /dev/pts nobody can put a file, whatever a broken command tries."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    place = Path(os.ttyname(theirs))
    try:
        assert motlan(url, *CHECKPOINT, str(place))[0] == 0
        assert place.is_char_device()
        assert os.read(ours, 4096) == LOG.checkpoint().encode()
    finally:
        os.close(ours)
        os.close(theirs)


def test_what_broke_off_leaves_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_bytes(b"older")
    with contextlib.suppress(ZeroDivisionError), written(path) as file:
        file.write(b"newer")
        raise ZeroDivisionError
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("kept", b"older")]


def test_proof_for_an_archive_goes_through_a_link_too(url: str, tmp_path: Path) -> None:
    archive, link = tmp_path / "archive.jsonl", tmp_path / "link"
    archive.write_bytes(joined(LOG.range_lines()))
    link.symlink_to("kept")
    code, report_lines = motlan(url, "prove-archive", str(archive), "--out", str(link))
    assert (code, link.readlink()) == (0, Path("kept")), report_lines
    assert (tmp_path / "kept").read_text("utf-8") == f"old 6\n\n{LOG.checkpoint()}"
    assert motlan(url, "prove-archive", str(archive), "--out", str(tmp_path / "no" / "file"))[0] == 2
