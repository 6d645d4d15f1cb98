"""A witness of logs as a server (C2SP tlog-witness): `POST /add-checkpoint` for the logs whose keys it was given.

It signs that a log only grew, and when. It never signs a fork or a rollback, for no caller and after no crash.
"""

import asyncio
import base64
import binascii
import re
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.anchors.witness_memory import Memory, Refusal, Submission
from adapters.schema.migration import NewerSchema
from gateway.domain.errors import ConfigError, GatewayError, Problem
from gateway.exchange_log.merkle import EMPTY_ROOT, HASH_BYTES
from gateway.exchange_log.note import (
    COSIGNATURE,
    Checkpoint,
    NoteBroken,
    NoteSigner,
    NoteVerifier,
    open_note,
    split_note,
)
from gateway.telemetry import log

VKEY: web.AppKey[str] = web.AppKey("vkey", str)
#: the whole body of a request within the limits of the door; a GatewayError when it is not sent so
Read = Callable[[web.Request], Awaitable[bytes]]

_BODY_BYTES = 65_536
_MOST_PROOF = 63
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})", re.ASCII)
_SIZE_KIND = "text/x.tlog.size"


class Unsigned(Exception):
    """A submission that is not signed: an HTTP status and why."""

    def __init__(self, status: int, why: str) -> None:
        """`why` quotes nothing of the request."""
        super().__init__(why)
        self.status = status


class WitnessDoor:
    """Takes checkpoints of the logs that it knows."""

    def __init__(self, signer: NoteSigner, logs: Sequence[NoteVerifier], memory: Memory, read: Read) -> None:
        """`logs`: public keys; several of one name while a log changes its key."""
        self._read_body = read
        self._signer = signer
        self._memory = memory
        self._logs: dict[str, list[NoteVerifier]] = {}
        for one in logs:
            self._logs.setdefault(one.name, []).append(one)

    async def add_checkpoint(self, request: web.Request) -> web.Response:
        """`POST /add-checkpoint`."""
        try:
            given = self._read(await self._read_body(request))
            refusal = await asyncio.to_thread(self._memory.add, given)
        except Unsigned as error:
            return web.Response(status=error.status, text=f"{error}\n")
        except GatewayError as error:
            return web.Response(status=error.http, text=f"{error}\n")
        except sqlite3.Error as error:
            log().error("witness.memory_failed", error=error)
            return web.Response(status=500, text="the memory of this witness cannot be used\n")
        if refusal is not None:
            return _refused(refusal)
        return web.Response(text=self._signer.line(given.head.text(), int(time.time())))

    def _read(self, body: bytes) -> Submission:
        """A submission by a log that is known, its signature verified; else Unsigned."""
        try:
            before, _, note = body.decode().partition("\n\n")
            first, *lines = before.split("\n")
            old = _OLD.fullmatch(first)
            head = Checkpoint.parse(split_note(note)[0])
            proof = tuple(_hash(line) for line in lines)
        except (UnicodeDecodeError, NoteBroken, binascii.Error, ValueError):
            raise Unsigned(400, "write an old size, hashes, an empty line and a checkpoint") from None
        if old is None or len(proof) > _MOST_PROOF:
            raise Unsigned(400, "the first line is the old size, and at most 63 hashes follow")
        known = self._logs.get(head.origin)
        if known is None:
            raise Unsigned(404, "this witness does not know that log")
        try:
            open_note(note, known)
        except NoteBroken:
            raise Unsigned(403, "no key of that log has signed this checkpoint") from None
        if int(old[1]) > head.size:
            raise Unsigned(400, "the old size is larger than that of the checkpoint")
        if head.size == 0 and head.root != EMPTY_ROOT:
            raise Unsigned(422, "an empty log has another root")
        return Submission(int(old[1]), proof, head, note, body)


def _hash(line: str) -> bytes:
    decoded = base64.b64decode(line, validate=True)
    if len(decoded) != HASH_BYTES:
        raise ValueError("a hash has 32 bytes")
    return decoded


def _refused(refusal: Refusal) -> web.Response:
    """The answer that the protocol has for it; a proof that shows nothing is its sender's fault, and no event."""
    if refusal.why == "size":
        # set by hand: aiohttp would write a character set behind it
        return web.Response(
            status=409, body=f"{refusal.known}\n".encode(), headers={"Content-Type": _SIZE_KIND}
        )
    if refusal.fork:
        log().error("witness.fork_seen", reason=refusal.why)
    if refusal.why == "root":
        return web.Response(status=409, text="another root was signed for this size\n")
    return web.Response(status=422, text="the proof does not show that the log only grew\n")


def build_witness(
    name: str, seed: bytes, log_vkeys: Sequence[str], memory: Path, read: Read = web.Request.read
) -> web.Application:
    """The witness as an application; ConfigError for keys that cannot be used or the memory of another witness.

    `read` guards the body, as the door that the application stands behind has it.
    """
    try:
        signer = NoteSigner(name, Ed25519PrivateKey.from_private_bytes(seed), COSIGNATURE)
        logs = [NoteVerifier.parse(vkey) for vkey in log_vkeys]
    except NoteBroken as error:
        raise _unfit(
            "--name and --log-vkey", f"a key cannot be used: {error}", "copy the whole key"
        ) from None
    if any(one.kind == COSIGNATURE for one in logs):
        raise _unfit("--log-vkey", "this is the key of a witness", "give the key of a log")
    kept = Memory(memory)
    try:
        kept.begin(signer.vkey)
    except NewerSchema as error:
        raise _unfit(memory.name, str(error.sentence), "") from None
    except (sqlite3.Error, OSError, ValueError) as error:
        why = str(error) if isinstance(error, ValueError) else "the disk refuses"
        what, remedy = (
            f"the memory cannot be used: {why}",
            "choose another --dir, or the key and name of this one",
        )
        raise _unfit(memory.name, what, remedy) from None
    door = WitnessDoor(signer, logs, kept, read)
    app = web.Application(client_max_size=_BODY_BYTES)
    app[VKEY] = signer.vkey
    app.router.add_post("/add-checkpoint", door.add_checkpoint)
    return app


def _unfit(place: str, what: str, remedy: str) -> ConfigError:
    return ConfigError([Problem(place, 0, what, remedy)])


def vkey_of(app: web.Application) -> str:
    """The public key of a witness that was built."""
    return app[VKEY]
