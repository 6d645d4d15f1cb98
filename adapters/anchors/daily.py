"""A checkpoint per day, to be kept outside: `YYYY-MM-DD.checkpoint`, with `.tsr` (dates of Việt Nam).

Each file appears whole or not at all, and none is ever written again: an auditor who copies the folder day by day can
show later, with `motlan verify-log --since`, that nothing before that day was changed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from gateway.domain.anchoring import AnchorFailed
from gateway.domain.dates import VIETNAM
from gateway.exchange_log.durable import SHARED, create_file
from gateway.exchange_log.note import NoteBroken, split_note
from gateway.ports.clock import Clock

#: the bytes of a file -> a time stamp response over them
Stamp = Callable[[str], Awaitable[bytes]]


class DailyFile:
    """The folder of daily files."""

    kind = "daily"
    name = "daily"

    def __init__(self, folder: Path, clock: Clock, stamp: Stamp | None) -> None:
        """`stamp` None: no time stamps."""
        self._folder = folder
        self._clock = clock
        self._stamp = stamp

    async def countersign(self, note: str) -> bytes:
        """Write what today still lacks; gives the checkpoint of the file. AnchorFailed when it cannot be written."""
        day = self._clock.now().astimezone(VIETNAM).date().isoformat()
        path = self._folder / f"{day}.checkpoint"
        try:
            written = await asyncio.to_thread(_written_once, path, note.encode())
            stamped = path.with_suffix(".tsr")
            if self._stamp is not None and not await asyncio.to_thread(stamped.exists):
                token = await self._stamp(written.decode())
                await asyncio.to_thread(_written_once, stamped, token)
        except (OSError, UnicodeDecodeError):
            raise AnchorFailed("not_writable") from None
        return written

    def proven(self, note: str, token: bytes) -> None:
        """AnchorFailed unless the file is this checkpoint, signed by the log; it has no time of its own."""
        try:
            text, lines = split_note(note)
            filed, signed = split_note(token.decode())
        except (NoteBroken, UnicodeDecodeError):
            raise AnchorFailed("invalid") from None
        if filed != text or not set(lines) <= set(signed):
            raise AnchorFailed("invalid")

    async def close(self) -> None:
        """Nothing is open."""


def _written_once(path: Path, content: bytes) -> bytes:
    """Write a file durably unless it stands already; returns what it holds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        return path.read_bytes()
    create_file(path, content, SHARED, renames=True)
    return path.read_bytes()


def open_daily(folder: Path, clock: Clock, stamp: Stamp | None) -> DailyFile:
    """The daily files in `folder`, which is made where it is missing."""
    return DailyFile(folder, clock, stamp)
