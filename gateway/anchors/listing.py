"""The proofs of anchors, with everything needed to verify them elsewhere."""

import base64
from collections.abc import Sequence
from typing import Any

from gateway.anchors.rounds import Rounds
from gateway.domain import sentences as say
from gateway.domain.anchoring import Anchored
from gateway.domain.errors import NotFound
from gateway.domain.problems import ProblemCode
from gateway.ports.anchors import AnchorRows
from gateway.ports.exchange_log import LogTree

#: listed rows of one size, the newest
MOST_ROWS = 200


class Listing:
    """Answers are ready for JSON. Raises LogUnavailable."""

    def __init__(self, rounds: Rounds, rows: AnchorRows, tree: LogTree, keys: Sequence[str]) -> None:
        """`keys`: public keys of the configured witnesses."""
        self._rounds = rounds
        self._kept = rows
        self._tree = tree
        self._keys = list(keys)

    async def anchors(self, size: int | None) -> dict[str, Any]:
        """The proofs of the checkpoint of a size; without one, the newest proof of each anchor."""
        if size is None:
            last = [one.last for one in self._rounds.states]
            rows = [row for row in last if row is not None and row.token]
        else:
            rows = [row for row in await self._kept.of(size) if row.token][-MOST_ROWS:]
            rows = [row for row in rows if await self._rounds.counts(row)]
            if not rows and not await self._tree.checkpoint(size):
                raise NotFound(say.NO_CHECKPOINT_OF_SIZE, code=ProblemCode.SIZE_UNKNOWN)
        notes = {row.size: await self._tree.checkpoint(row.size) for row in rows}
        return {
            "configured": [{"name": name, **shown} for name, shown in self._rounds.shown().items()],
            "witnesses": self._keys,
            "anchors": [_shown(row, notes[row.size]) for row in rows],
        }


def _shown(row: Anchored, note: str) -> dict[str, Any]:
    """`note`: the anchored checkpoint; for `daily` the file itself."""
    found: dict[str, Any] = {"kind": row.kind, "name": row.name, "size": row.size, "time": row.time}
    match row.kind:
        case "tsa":
            return {**found, "note": note, "token": base64.b64encode(row.token).decode()}
        case "witness":
            return {**found, "note": note, "line": row.token.decode("utf-8", "replace")}
        case _:
            return {**found, "note": row.token.decode("utf-8", "replace")}
