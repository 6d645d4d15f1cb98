"""Compares two checkpoints of the log: whether the newer tree only adds records to the older one (RFC 9162, 2.1.4).

An end is a kept checkpoint (a signed note), or a size of this log. A note counts only with the signature of the log.
The answer has all that a reader needs to verify it anew; `grown` is what this server found.
"""

from typing import Any

from gateway.audit.proofs import TreeProofs
from gateway.audit.service import AuditContext
from gateway.domain import sentences as say
from gateway.domain.errors import BadRequest
from gateway.domain.parties import Caller
from gateway.domain.problems import ProblemCode
from gateway.exchange_log.merkle import verify_consistency
from gateway.exchange_log.note import Checkpoint, NoteBroken, NoteVerifier, open_note, split_note

#: a signed note, or a number of records
End = str | int


class CheckpointComparison:
    """Compares checkpoints for auditors."""

    def __init__(self, context: AuditContext) -> None:
        """Keeps nothing."""
        self._context = context

    @property
    def _proofs(self) -> TreeProofs:
        return self._context.proofs

    async def compare(self, caller: Caller, older: End, newer: End | None) -> dict[str, Any]:
        """Whether the log only grew between them; `newer`: default the newest checkpoint.

        Raises BadRequest for a text that is no checkpoint. A larger older end is exchanged with the newer one.
        """
        head_note, head = await self._proofs.checkpoint()
        ends = sorted([_read(older), _read(head_note if newer is None else newer)], key=lambda end: end[0])
        vkeys = await self._context.signers()
        await self._context.note(caller, "compare", older=ends[0][0], newer=ends[1][0])
        shown = [await self._shown(size, note, head, vkeys) for size, note in ends]
        answer = {
            "exchange_id": caller.exchange, "older": shown[0], "newer": shown[1], "vkeys": list(vkeys),
            "head": head_note, "proof": [], "tie": [], "grown": False,
        }  # fmt: skip
        if shown[1]["size"] > head.size or not all(one["signed"] for one in shown):
            return answer
        proof = (await self._proofs.consistency(shown[0]["size"], shown[1]["size"]))["proof"]
        tie = (await self._proofs.consistency(shown[1]["size"], head.size))["proof"]
        return {**answer, "proof": proof, "tie": tie, "grown": _grown(shown[0], shown[1], proof)}

    async def _shown(self, size: int, note: str, head: Checkpoint, vkeys: tuple[str, ...]) -> dict[str, Any]:
        """One end: its own root if it is a note, else the root of this log at that size."""
        if note:
            is_signed = _is_signed(note, vkeys, head.origin)
            root = Checkpoint.parse(split_note(note)[0]).root.hex()
            return {"size": size, "root": root, "note": note, "signed": is_signed}
        if size > head.size:
            raise BadRequest(say.SIZE_AT_MOST(size=head.size), code=ProblemCode.SIZE_WRONG)
        return {"size": size, "root": (await self._proofs.root(size)).hex(), "note": None, "signed": True}


def _read(end: End) -> tuple[int, str]:
    """Size and note."""
    if isinstance(end, int):
        return end, ""
    try:
        return Checkpoint.parse(split_note(end)[0]).size, end
    except NoteBroken:
        raise BadRequest(say.CHECKPOINT_AS_KEPT, code=ProblemCode.SIZE_WRONG) from None


def _is_signed(note: str, vkeys: tuple[str, ...], origin: str) -> bool:
    try:
        text = open_note(note, [NoteVerifier.parse(one) for one in vkeys])
    except NoteBroken:
        return False
    return Checkpoint.parse(text).origin == origin


def _grown(older: dict[str, Any], newer: dict[str, Any], proof: list[str]) -> bool:
    return verify_consistency(
        older["size"], bytes.fromhex(older["root"]), newer["size"], bytes.fromhex(newer["root"]),
        [bytes.fromhex(one) for one in proof],
    )  # fmt: skip
