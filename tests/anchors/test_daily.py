"""A checkpoint a day: whole files, each written once, with its time stamp beside it."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.anchors.daily import DailyFile, open_daily
from gateway.domain.anchoring import AnchorFailed

NOTE = "log.example/main\n3\nAAAA\n\n— log.example/main AAAA\n"


class Clock:
    """Half past midnight in Việt Nam, still the day before in UTC."""

    day = 25

    def now(self) -> datetime:
        return datetime(2026, 11, self.day - 1, 17, 30, tzinfo=UTC)


async def stamped(note: str) -> bytes:
    return b"stamp over " + note.encode()


async def broken(note: str) -> bytes:
    assert note
    raise AnchorFailed("timeout")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_file_has_the_date_of_viet_nam_and_a_stamp_over_its_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "days"
    one = open_daily(folder, Clock(), stamped)
    assert await one.countersign(NOTE) == NOTE.encode()
    assert names(folder) == ["2026-11-25.checkpoint", "2026-11-25.tsr"]
    assert (folder / "2026-11-25.checkpoint").read_bytes() == NOTE.encode()
    assert (folder / "2026-11-25.tsr").read_bytes() == b"stamp over " + NOTE.encode()


async def test_file_is_never_written_again(tmp_path: Path) -> None:
    one = DailyFile(tmp_path, Clock(), stamped)
    await one.countersign(NOTE)
    before = {name: (tmp_path / name).stat() for name in names(tmp_path)}
    assert await one.countersign(NOTE.replace("3", "4")) == NOTE.encode()
    assert {name: (tmp_path / name).stat() for name in names(tmp_path)} == before


async def test_next_day_gets_its_own(tmp_path: Path) -> None:
    clock = Clock()
    one = DailyFile(tmp_path, clock, None)
    await one.countersign(NOTE)
    clock.day = 26
    await one.countersign(NOTE.replace("3", "4"))
    assert names(tmp_path) == ["2026-11-25.checkpoint", "2026-11-26.checkpoint"]


async def test_stamp_that_could_not_be_had_comes_later_and_fits_the_file(tmp_path: Path) -> None:
    with pytest.raises(AnchorFailed, match="timeout"):
        await DailyFile(tmp_path, Clock(), broken).countersign(NOTE)
    assert names(tmp_path) == ["2026-11-25.checkpoint"]
    await DailyFile(tmp_path, Clock(), stamped).countersign(NOTE.replace("3", "4"))
    assert (tmp_path / "2026-11-25.tsr").read_bytes() == b"stamp over " + NOTE.encode()


async def test_of_processes_that_write_together_one_is_first(tmp_path: Path) -> None:
    notes = [NOTE.replace("3", str(number)) for number in range(10, 26)]
    written = await asyncio.gather(*(DailyFile(tmp_path, Clock(), None).countersign(note) for note in notes))
    assert len(set(written)) == 1
    assert names(tmp_path) == ["2026-11-25.checkpoint"]


async def test_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(AnchorFailed, match="not_writable"):
        await DailyFile(tmp_path / "file" / "days", Clock(), None).countersign(NOTE)
