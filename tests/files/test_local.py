"""The folder of files: holders, ages, deletions, and what a process that is gone leaves."""

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from adapters.files.local import LocalFiles, open_files
from gateway.app import SystemClock
from gateway.config.gateway import FileSettings
from gateway.domain.errors import ConsentsUnavailable
from gateway.domain.exchange import ExchangeRecord, Receipt
from gateway.domain.sentences import Sentence
from gateway.exchange_log.recorder import Recorder
from gateway.files.links import FileLinks
from gateway.files.service import KEEPER, DossierFiles
from gateway.telemetry import Metrics

DAY = 86_400


@pytest.fixture
def files(tmp_path: Path) -> LocalFiles:
    return open_files(tmp_path / "files")


async def kept(files: LocalFiles, content: bytes, holder: str = "one", days: float = 0) -> str:
    async with files.draft() as draft:
        await draft.write(content)
        digest = await draft.digest()
        await draft.settle()
        await draft.keep(holder)
    if days:
        place = files._folder / digest[:2] / digest[2:4] / digest
        os.utime(place, (time.time() - days * DAY,) * 2)
    return digest


async def test_holder_of_a_file_is_who_stored_it_or_was_given_it(files: LocalFiles) -> None:
    digest = await kept(files, b"a")
    assert await files.is_held(digest, "one")
    assert not await files.is_held(digest, "two")
    assert await files.hold(digest, "two")
    assert await files.is_held(digest, "two")
    assert not await files.hold("0" * 64, "two")
    assert not await files.is_held("0" * 64, "two")


async def test_deleted_file_is_gone_with_its_holders(files: LocalFiles) -> None:
    digest = await kept(files, b"a")
    assert await files.delete(digest)
    assert not await files.delete(digest)
    await kept(files, b"a", "two")
    assert not await files.is_held(digest, "one")
    async with files.open("0" * 64) as missing:
        assert missing is None


async def test_file_that_is_stored_or_held_anew_is_not_deleted_as_old(files: LocalFiles) -> None:
    held, again, old = [await kept(files, content, days=9) for content in (b"a", b"b", b"c")]
    before = time.time() - 7 * DAY
    await files.hold(held, "two")
    await kept(files, b"b", "two")
    assert await files.stored_before(before, "", 10) == [old]
    assert [await files.delete(one, before) for one in (held, again, old)] == [False, False, True]


async def test_old_files_come_in_pages_in_the_order_of_their_digests(files: LocalFiles) -> None:
    all_of_them = sorted([await kept(files, b"%d" % number, days=9) for number in range(40)])
    await kept(files, b"young")
    found: list[str] = []
    while page := await files.stored_before(time.time() - 7 * DAY, found[-1] if found else "", 7):
        found += page
    assert found == all_of_them


async def test_nothing_but_a_digest_becomes_a_path(files: LocalFiles) -> None:
    for name in ("../" * 21 + "x", "a" * 63 + "\n", "A" * 64, ""):
        with pytest.raises(ValueError, match="not a digest"):
            await files.hold(name, "one")


async def test_draft_of_a_living_process_stays_and_one_that_is_left_goes(files: LocalFiles) -> None:
    left = files._folder / "drafts" / "left"
    left.write_bytes(b"half")
    async with files.draft() as draft:
        await draft.write(b"a" * 300_000)
        assert await files.drop_interrupted() == 1
        assert not left.exists()
        assert await draft.digest()
        await draft.settle()
        await draft.keep("one")
    assert await files.drop_interrupted() == 0


async def test_drafts_that_begin_while_others_are_cleaned_are_whole(files: LocalFiles) -> None:
    async def cleaning() -> None:
        while True:
            await files.drop_interrupted()

    task = asyncio.create_task(cleaning())
    digests = await asyncio.gather(*(kept(files, b"%d" % number) for number in range(100)))
    task.cancel()
    assert len({one for one in digests if await files.is_held(one, "one")}) == 100


class NoLog:
    """Takes every record."""

    fault: Sentence | None = None

    async def append(self, _record: ExchangeRecord) -> Receipt:
        return Receipt("", "")


def service(files: LocalFiles) -> DossierFiles:
    recorder = Recorder(log=NoLog(), clock=SystemClock(), digest="", metrics=Metrics())  # type: ignore[arg-type]
    return DossierFiles(
        files=files, scanner=None, links=FileLinks(bytes(32)), settings=FileSettings(), recorder=recorder
    )


async def test_sweep_deletes_what_is_old_and_not_referred_to(files: LocalFiles) -> None:
    needed, unneeded, young = (
        await kept(files, b"a", days=9),
        await kept(files, b"b", days=9),
        await kept(files, b"c"),
    )
    asked: list[str] = []

    async def referred(digests: Sequence[str]) -> set[str]:
        asked.extend(digests)
        return {needed}

    async def of_papers(_digests: Sequence[str]) -> set[str]:
        return set()

    assert await service(files).sweep(referred, of_papers) == 1
    assert asked == sorted([needed, unneeded])
    assert [await files.is_held(one, "one") for one in (needed, unneeded, young)] == [True, False, True]


async def test_sweep_leaves_the_sealed_copies_that_kept_papers_have_and_deletes_those_that_were_left(
    files: LocalFiles,
) -> None:
    """A crash before its paper is stored, and a paper kept again, leave a copy that nothing names."""
    copy = await kept(files, b"sealed", holder=KEEPER, days=9)
    left = await kept(files, b"sealed under a key that is gone", holder=KEEPER, days=9)
    new = await kept(files, b"its paper is being stored", holder=KEEPER)

    async def of_dossiers(_digests: Sequence[str]) -> set[str]:
        return set()

    async def of_papers(digests: Sequence[str]) -> set[str]:
        return {copy} & set(digests)

    assert await service(files).sweep(of_dossiers, of_papers) == 1
    assert [await files.is_held(one, KEEPER) for one in (copy, left, new)] == [True, False, True]


async def test_sweep_deletes_nothing_while_it_is_unknown_which_papers_are_kept(files: LocalFiles) -> None:
    copy = await kept(files, b"sealed", holder=KEEPER, days=9)

    async def of_dossiers(_digests: Sequence[str]) -> set[str]:
        return set()

    async def unknown(_digests: Sequence[str]) -> set[str]:
        raise ConsentsUnavailable

    with pytest.raises(ConsentsUnavailable):
        await service(files).sweep(of_dossiers, unknown)
    assert await files.is_held(copy, KEEPER)


async def test_caller_that_is_gone_leaves_no_open_file_and_no_draft(
    files: LocalFiles, tmp_path: Path
) -> None:
    async def receive() -> None:
        async with files.draft():
            await asyncio.sleep(30)

    for _ in range(30):
        task = asyncio.create_task(receive())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    drafts = tmp_path / "files" / "drafts"
    async with asyncio.timeout(60):
        while os.listdir(drafts):  # noqa: PTH208 -- short, in a test
            await asyncio.sleep(0.01)
    assert opened_below(tmp_path) == []


def opened_below(folder: Path) -> list[str]:
    """Files of this process that are open below a folder."""
    links = [one for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
    found = [str(one.readlink()) for one in links if one.exists()]
    return [one for one in found if one.startswith(str(folder))]
