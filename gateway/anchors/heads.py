"""Checkpoints with the cosignatures that witnesses gave for them."""

from collections.abc import Callable, Sequence

from gateway.exchange_log.note import Checkpoint, split_note
from gateway.ports import AnchorStore, LogTree

#: an older checkpoint with cosignatures is shown instead of the newest one for so long, and no longer
FRESH_SECONDS = 300.0


class Heads:
    """Reads only; asks the store for rows only where there are witnesses."""

    def __init__(
        self, tree: LogTree, store: AnchorStore, witnesses: Sequence[str], now: Callable[[], float]
    ) -> None:
        """`witnesses` are the names of those that are configured."""
        self._tree = tree
        self._store = store
        self._witnesses = tuple(witnesses)
        self._now = now

    async def with_lines(self, note: str) -> str:
        """A note of this log with the newest cosignature of each witness at its end."""
        if not self._witnesses or not note:
            return note
        lines = await self._lines(Checkpoint.parse(split_note(note)[0]).size)
        return note + "".join(lines.values())

    async def witnessed(self, at_least: int = 0) -> str:
        """The checkpoint to be shown: of those that are minutes old at most, the one that most witnesses signed.

        The newest one where there is none, or none with `at_least` so many records.
        """
        found: tuple[int, int] = (0, 0)
        for size in {await self._size(name) for name in self._witnesses}:
            if size >= max(at_least, 1):
                found = max(found, (len(await self._lines(size)), size))
        note = await self._tree.checkpoint(found[1]) if found[0] else ""
        return await self.with_lines(note or await self._tree.checkpoint())

    async def _size(self, name: str) -> int:
        """Size of the checkpoint that a witness signed lately; 0 for none."""
        row = await self._store.last("witness", name)
        fresh = row is not None and row.token and self._now() - row.seconds <= FRESH_SECONDS
        return row.size if row is not None and fresh else 0

    async def _lines(self, size: int) -> dict[str, str]:
        """The cosignature lines of a size by name, the newest of each witness."""
        return {
            row.name: row.token.decode()
            for row in await self._store.of(size)
            if row.kind == "witness" and row.name in self._witnesses
        }
