"""Checkpoints with the cosignatures of witnesses."""

import contextlib
from collections.abc import Callable, Sequence

from gateway.exchange_log.note import Checkpoint, NoteBroken, NoteVerifier, cosigned, split_note
from gateway.ports.anchors import AnchorRows
from gateway.ports.exchange_log import LogTree

#: largest age of a checkpoint that is shown, for its cosignatures, instead of the newest one
FRESH_SECONDS = 300.0


class Heads:
    """Reads checkpoints; reads cosignatures only if witnesses are configured."""

    def __init__(
        self, tree: LogTree, rows: AnchorRows, vkeys: Sequence[str], now: Callable[[], float]
    ) -> None:
        """`vkeys`: keys of the configured witnesses. Raises NoteBroken for an unusable one."""
        self._tree = tree
        self._rows = rows
        self._witnesses = {one.name: one for one in map(NoteVerifier.parse, vkeys)}
        self._now = now

    async def with_lines(self, note: str) -> str:
        """A note of this log, with the newest cosignature of each witness appended."""
        if not self._witnesses or not note:
            return note
        lines = await self._lines(note)
        return note + "".join(lines.values())

    async def witnessed(self, at_least: int = 0) -> str:
        """The recent checkpoint (minutes old at most) with the most cosignatures.

        The newest checkpoint if there is none with at least `at_least` records.
        """
        found: tuple[int, int] = (0, 0)
        for size in {await self._size(name) for name in self._witnesses}:
            if size >= max(at_least, 1) and (signed := await self._tree.checkpoint(size)):
                found = max(found, (len(await self._lines(signed)), size))
        note = await self._tree.checkpoint(found[1]) if found[0] else ""
        return await self.with_lines(note or await self._tree.checkpoint())

    async def _size(self, name: str) -> int:
        """Size of the checkpoint that a witness signed last; 0 for none."""
        row = await self._rows.last("witness", name)
        if row is None or not row.token:
            return 0
        try:
            age = self._now() - row.seconds
        except ValueError:  # this gateway did not write that time
            return 0
        return row.size if abs(age) <= FRESH_SECONDS else 0

    async def _lines(self, note: str) -> dict[str, str]:
        """Witness name -> its newest valid cosignature line over a note."""
        lines: dict[str, str] = {}
        for row in reversed(await self._rows.of(Checkpoint.parse(split_note(note)[0]).size)):
            witness = self._witnesses.get(row.name) if row.kind == "witness" else None
            if witness is None or row.name in lines:
                continue
            with contextlib.suppress(NoteBroken):
                cosigned(note, row.token, witness)
                lines[row.name] = row.token.decode()
        return lines
