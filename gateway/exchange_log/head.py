"""Line 1 of an export (see verify.py), and its signatures."""

import base64
import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple

from gateway.exchange_log.json_text import parsed, written
from gateway.exchange_log.merkle import verify_consistency
from gateway.exchange_log.note import (
    COSIGNATURE,
    Checkpoint,
    NoteBroken,
    NoteVerifier,
    open_note,
    signatures_of,
    split_note,
)
from gateway.exchange_log.verdict import Verdict

_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MEMBERS = re.compile(
    "motlan_export origin vkeys checkpoint from to (edge|contiguous( searched)?)"
    "( consistency)?( since)?( until)? created",
    re.ASCII,
)
_TIME = re.compile(r"|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z", re.ASCII)
_SEARCHED = ("filters", "skipped_periods", "archives")
_PROOF = re.compile(r"old [0-9]+\n(?:[0-9A-Za-z+/=]+\n)*\n", re.ASCII)


class UnusableFile(Exception):
    """The file cannot be checked any further; `line`: where."""

    def __init__(self, what: str, line: int = 1) -> None:
        """`what`: the fault of this line."""
        super().__init__(what)
        self.line = line


class Head(NamedTuple):
    """Line 1 of an export."""

    origin: str
    note: str
    checkpoint: Checkpoint
    #: the records from `first` to before `end`
    first: int
    end: int
    contiguous: bool
    #: hashes of `subtrees(0, first)` and of `subtrees(end, size)`
    start_edge: list[bytes]
    end_edge: list[bytes]
    #: size of an older log -> its consistency proof
    consistency: dict[int, list[bytes]]
    #: the requested time range; empty for an open end
    asked: tuple[str, str]
    #: in a search: names of its filters, skipped months and archives; None if line 1 has none
    searched: dict[str, list[str]] | None
    digest: str
    #: whether it is in canonical form
    plain: bool


def read_head(line: bytes) -> Head:
    """Line 1, parsed but not verified. Raises Unusable."""
    try:
        members = parsed(line)
        form = members["motlan_export"]
        if type(form) is not int or form != 1:
            raise UnusableFile("this verifier reads exports of form 1 only")
        note = members["checkpoint"]
        checkpoint = Checkpoint.parse(split_note(note)[0])
        contiguous = members.get("contiguous", True) is not False
        edge = members["edge"] if contiguous else {"start": [], "end": []}
        head = Head(
            origin=members["origin"],
            note=note,
            checkpoint=checkpoint,
            first=members["from"],
            end=members["to"],
            contiguous=contiguous,
            start_edge=hashes_of(edge["start"]),
            end_edge=hashes_of(edge["end"]),
            consistency={
                int(size): hashes_of(proof) for size, proof in members.get("consistency", {}).items()
            },
            asked=(_time(members.get("since", "")), _time(members.get("until", ""))),
            searched=_searched(members["searched"]) if "searched" in members else None,
            digest=hashlib.sha256(line).hexdigest(),
            plain=_MEMBERS.fullmatch(" ".join(members)) is not None and written(members) == line,
        )
    except NoteBroken as error:
        raise UnusableFile(f"the checkpoint in line 1 cannot be read: {error}") from None
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UnusableFile("line 1 is not that of an export of the exchange log") from None
    if not (type(head.first) is type(head.end) is int and 0 <= head.first <= head.end <= checkpoint.size):
        raise UnusableFile(f"from and to do not lie within the log of {checkpoint.size} records")
    return head


def check_signature(head: Head, verifiers: Sequence[NoteVerifier], verdict: Verdict) -> None:
    """Copy line 1 into the verdict; a finding unless a key of the log signed it."""
    checkpoint = head.checkpoint
    verdict.origin, verdict.size, verdict.root = checkpoint.origin, checkpoint.size, checkpoint.root.hex()
    verdict.first, verdict.end, verdict.contiguous = head.first, head.end, head.contiguous
    verdict.asked, verdict.searched = head.asked, head.searched
    if not head.plain:
        verdict.conclude("line", "line 1 is not written as an export writes it", 1)
    if head.origin != checkpoint.origin:
        verdict.conclude(
            "origin", f"line 1 names the log {head.origin}, its checkpoint {checkpoint.origin}", 1
        )
    try:
        open_note(head.note, [one for one in verifiers if one.kind != COSIGNATURE])
        signatures = signatures_of(head.note, verifiers)
    except NoteBroken as error:
        verdict.conclude("signature", f"the checkpoint is not signed by the key that you gave: {error}", 1)
        return
    verdict.signers = sorted({one.name for one in signatures})
    if not any(one.time is None and one.name == checkpoint.origin for one in signatures):
        verdict.conclude("origin", f"the key that you gave signs for another log than {checkpoint.origin}", 1)


def check_witnesses(head: Head, witnesses: Sequence[NoteVerifier], verdict: Verdict) -> None:
    """Note when each of these witnesses signed the checkpoint; a finding if one has not."""
    for witness in witnesses:
        try:
            times = [one.time for one in signatures_of(head.note, [witness]) if one.time is not None]
        except NoteBroken as error:
            verdict.conclude("witness", f"the cosignature in the checkpoint does not hold: {error}", 1)
            continue
        if times:
            verdict.witnesses[witness.name] = max(times)
        else:
            verdict.conclude("witness", f"the witness {witness.name} has not signed the checkpoint", 1)


def kept_checkpoint(
    note: str | None, code: str, head: Head, verifiers: Sequence[NoteVerifier], verdict: Verdict
) -> Checkpoint | None:
    """The reader's own checkpoint, parsed; None if there is none or it is unusable."""
    if note is None:
        return None
    logs, stranger = [one for one in verifiers if one.kind != COSIGNATURE], False
    try:
        stranger = not signatures_of(note, logs)
        kept = Checkpoint.parse(open_note(note, logs))
    except NoteBroken as error:
        if stranger:
            hint = "if the log's key was changed, give the former one too, --vkey KEY for each"
            verdict.leave_open(code, f"the checkpoint that you gave cannot be used: {error}; {hint}")
            return None
        verdict.conclude(code, f"the checkpoint that you gave cannot be used: {error}")
        return None
    if kept.origin != head.checkpoint.origin:
        verdict.conclude(code, f"the checkpoint that you gave is of another log: {kept.origin}")
        return None
    return kept


def check_checkpoint(
    text: str | None, head: Head, verifiers: Sequence[NoteVerifier], verdict: Verdict
) -> None:
    """Compare with the reader's checkpoint: that of the file, or a later one with a consistency proof.

    The proof is before the note (as in C2SP tlog-witness): a line `old <size>`, a line of base64 for each hash, an
    empty line.
    """
    proof, note = _split_proof(text)
    wanted = kept_checkpoint(note, "checkpoint", head, verifiers, verdict)
    if wanted is None or wanted[:3] == head.checkpoint[:3]:
        return
    made = head.checkpoint
    if proof is None:
        hint = "; for a later one, prove it: motlan log prove-archive" if wanted.size > made.size else ""
        what = f"the file was made for another checkpoint than the one that you gave{hint}"
        verdict.conclude("checkpoint", what, 1)
    elif verify_consistency(made.size, made.root, wanted.size, wanted.root, proof):
        verdict.grown = wanted.size
    else:
        what = "the log of the checkpoint that you gave did not grow out of that of the file"
        verdict.conclude("checkpoint", what, 1)


def _split_proof(text: str | None) -> tuple[list[bytes] | None, str | None]:
    """The proof before a note, and the note; None if there is none."""
    if text is None or not _PROOF.match(text):
        return None, text
    lines, _, note = text.partition("\n\n")
    try:
        return [base64.b64decode(line, validate=True) for line in lines.split("\n")[1:]], note
    except ValueError:
        return [], note


def _searched(members: dict[str, list[str]]) -> dict[str, list[str]]:
    """Lists of words under their names; ValueError or TypeError for anything else."""
    if tuple(members) != _SEARCHED or not all(type(words) is list for words in members.values()):
        raise ValueError("not what a search says of itself")
    if not all(type(word) is str for words in members.values() for word in words):
        raise TypeError("no word")
    return members


def _time(text: str) -> str:
    """A time as records have it, or nothing; ValueError or TypeError for anything else."""
    if not _TIME.fullmatch(text):
        raise ValueError("no time")
    return text


def hashes_of(texts: Sequence[str]) -> list[bytes]:
    """Hashes out of their hex; ValueError or TypeError for anything else."""
    if type(texts) is not list or not all(_HASH.fullmatch(text) for text in texts):
        raise ValueError("a hash has 64 digits of hex")
    return [bytes.fromhex(text) for text in texts]
