"""A sealed file opens whole or not at all; without its key it is noise; and it is deleted when its paper ends."""

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from adapters.files.local import open_files
from gateway.domain.errors import FilesUnavailable
from gateway.files.service import DossierFiles
from gateway.papers.keep import erase_ended
from gateway.papers.sealed_files import opened, sealed, size_of
from gateway.ports.consents import ConsentRow
from gateway.ports.kept_papers import KeptPaperRow
from tests.stores.opened import open_kept_papers

PIECE = 262_144
KEY = bytes(range(32))


async def pieces(content: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(content), size):
        yield content[at : at + size]


async def joined(of: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in of])


@pytest.mark.parametrize("length", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
async def test_what_is_sealed_opens_again_however_it_is_cut_on_the_way(length: int) -> None:
    content = os.urandom(length)
    hidden = await joined(sealed(KEY, pieces(content, 1_000)))
    # one byte may be in any text by chance
    assert length < 16 or content[:100] not in hidden
    assert size_of(len(hidden)) == length
    for size in (777, PIECE + 16, len(hidden) + 1):
        assert await joined(opened(KEY, pieces(hidden, size))) == content


async def test_file_that_was_cut_swapped_or_changed_and_another_key_do_not_open() -> None:
    hidden = await joined(sealed(KEY, pieces(os.urandom(2 * PIECE + 50), PIECE)))
    whole = PIECE + 16
    swapped = hidden[whole : 2 * whole] + hidden[:whole] + hidden[2 * whole :]
    changed = hidden[:100] + bytes([hidden[100] ^ 1]) + hidden[101:]
    for wrong in (hidden[:whole], hidden[: 2 * whole], hidden[:-1], swapped, changed, b""):
        with pytest.raises(FilesUnavailable):
            await joined(opened(KEY, pieces(wrong, whole)))
    with pytest.raises(FilesUnavailable):
        await joined(opened(bytes(32), pieces(hidden, whole)))


async def test_file_of_an_ended_paper_is_deleted_with_its_row(tmp_path: Path) -> None:
    files = open_files(tmp_path / "files")
    now, digests = time.time(), []
    consents, kept = open_kept_papers("sqlite:///log.db", tmp_path)
    for name in ("a", "b"):
        async with files.draft() as draft:
            async for piece in sealed(KEY, pieces(name.encode() * 500, 100)):
                await draft.write(piece)
            digests.append(await draft.digest())
            await draft.settle()
            await draft.keep("kept papers")
        await consents.add(
            ConsentRow(
                0, name, "2026-11", b"p" * 16, "h", "h", "keep_papers", now - 1, now + 99, 0.0, "{}", b"s"
            )
        )
        row: Any = (name, name, "2026-11", b"p" * 16, "h", "1.1", "c", "", digests[-1], now, now + 99, b"s")
        assert await kept.add(KeptPaperRow(*row), now)
    await consents.withdraw("a", now)
    await erase_ended(kept, cast("DossierFiles", _Holding(files)), now)
    assert [await files.is_held(one, "kept papers") for one in digests] == [False, True]
    assert await kept.referred(digests) == {digests[1]}
    await consents.close()


class _Holding:
    """Only the stored files of the use cases."""

    def __init__(self, files: object) -> None:
        self.files = files
