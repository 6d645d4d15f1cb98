"""A witness of the log, asked for its cosignature (C2SP tlog-witness, tlog-cosignature v1).

It signs a checkpoint once it has seen that the log only grew since the one that it signed before. When it finds that
the log did not, the word is `forked`: either this log was rewritten or the witness saw another one by our key.
"""

import base64
import re
from collections.abc import Awaitable, Callable, Sequence

from adapters.anchors.outside import Outside
from gateway.domain.anchoring import AnchorFailed
from gateway.domain.errors import ConfigError, GatewayError, Problem
from gateway.exchange_log.note import (
    COSIGNATURE,
    Checkpoint,
    NoteBroken,
    NoteVerifier,
    cosigned,
    signatures_of,
    split_note,
)
from gateway.ports.clock import Clock

#: from an older size to a newer one -> the consistency proof
Grow = Callable[[int, int], Awaitable[Sequence[bytes]]]

_PATH = "/add-checkpoint"
_KIND = "text/plain; charset=utf-8"
_SIZE_KIND = b"text/x.tlog.size"
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")
_MOST_PROOF = 63
#: asked once with what we believe that it knows, and once more with what it says
_ATTEMPTS = 2
_LONGEST = 16_384
#: how far its clock may stand from ours, in seconds
_DRIFT = 300


class Witness:
    """One witness."""

    kind = "witness"

    def __init__(self, verifier: NoteVerifier, outside: Outside, grow: Grow, clock: Clock) -> None:
        """`verifier` is its public key."""
        self.name = verifier.name
        self._verifier = verifier
        self._outside = outside
        self._grow = grow
        self._clock = clock
        #: size of the newest checkpoint that it is believed to have signed
        self._known = 0

    async def countersign(self, note: str) -> bytes:
        """Its signature lines, verified. Raises AnchorFailed if it gives none."""
        head = Checkpoint.parse(split_note(note)[0])
        for _ in range(_ATTEMPTS):
            # a size beyond this head is no old size: asking from nothing brings out what it knows
            old = self._known if self._known <= head.size else 0
            answer = await self._outside.post(_PATH, _KIND, await self._request(old, note, head))
            if answer.status == 200:
                self._known = head.size
                return self._lines(note, answer.body)
            size = _SIZE.fullmatch(answer.body)
            if answer.status != 409 or answer.fields.get(b"content-type") != _SIZE_KIND or size is None:
                raise AnchorFailed("forked" if answer.status in {409, 422} else "refused")
            self._known = int(size[1])
            if self._known > head.size:
                raise AnchorFailed("ahead", self._known)
        raise AnchorFailed("invalid")

    def proven(self, note: str, token: bytes) -> float:
        """When it signed. Raises AnchorFailed unless the line is its signature over this note."""
        try:
            return float(cosigned(note, token, self._verifier))
        except NoteBroken:
            raise AnchorFailed("invalid") from None

    async def close(self) -> None:
        """Cut connections."""
        await self._outside.close()

    async def _request(self, old: int, note: str, head: Checkpoint) -> bytes:
        try:
            proof = await self._grow(old, head.size) if old else []
        except (GatewayError, ValueError):
            raise AnchorFailed("log_unavailable") from None
        return add_checkpoint(old, proof, note)

    def _lines(self, note: str, body: bytes) -> bytes:
        """The lines by its key out of an answer; others are passed over."""
        try:
            lines = body.decode() if len(body) <= _LONGEST else ""
            for line in lines.splitlines(keepends=True):
                found = signatures_of(note.partition("\n\n")[0] + "\n\n" + line, [self._verifier])
                now = self._clock.now().timestamp()
                if found and found[0].time is not None and abs(found[0].time - now) <= _DRIFT:
                    return line.encode()
        except (NoteBroken, UnicodeDecodeError):
            pass
        raise AnchorFailed("invalid")


def add_checkpoint(old: int, proof: Sequence[bytes], note: str) -> bytes:
    """The body of a request."""
    if len(proof) > _MOST_PROOF:
        raise AnchorFailed("invalid")
    hashes = "".join(f"{base64.b64encode(one).decode()}\n" for one in proof)
    return f"old {old}\n{hashes}\n{note}".encode()


def open_witness(vkey: str, url: str, grow: Grow, clock: Clock) -> Witness:
    """The witness at `url` (its submission prefix); ConfigError for a key that is none of a witness."""
    try:
        verifier = NoteVerifier.parse(vkey)
    except NoteBroken as error:
        raise _unfit(str(error)) from None
    if verifier.kind != COSIGNATURE:
        raise _unfit("it is the key of a log")
    return Witness(verifier, Outside(url), grow, clock)


def _unfit(why: str) -> ConfigError:
    what, remedy = f"the key of a witness cannot be used: {why}", "copy the whole key, name+id+base64"
    return ConfigError([Problem("log.anchors.witnesses", 0, what, remedy)])
