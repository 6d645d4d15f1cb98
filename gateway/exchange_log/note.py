"""Signed notes, checkpoints and cosignatures (C2SP signed-note, tlog-checkpoint, tlog-cosignature v1); Ed25519 only.

A note is text, an empty line, and signature lines. A checkpoint is a note with the log's name, size and root. Each
further signature is one more line: of the old and the new key during a key change, and of witnesses.
Do not use the text of a note before `open_note` has returned.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.exchange_log.ed25519 import is_weak_key

#: signature types of C2SP signed-note: of a log, and of a witness with a time
ED25519 = 0x01
COSIGNATURE = 0x04

_KEY_BYTES = 32
_ROOT_BYTES = 32
_ID_BYTES = 4
_TIME_BYTES = 8
_MOST_SIGNATURES = 100
#: signatures named in an error
_NAMED = 5
_DASH = "— "
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
#: most records of a log: the largest integer of a database
_MOST_RECORDS = 2**63 - 1
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_HEX_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)
_NAME = re.compile(r"[^\s+\x00-\x1f\ud800-\udfff]+")


class NoteBroken(ValueError):
    """The note is malformed, or no known key has signed it."""


class Signature(NamedTuple):
    """A verified signature: its signer, and its time if it is a witness's."""

    name: str
    vkey: str
    #: POSIX seconds of a cosignature; None for a log's own signature
    time: int | None


class SigningKey(Protocol):
    """A private Ed25519 key, here or held elsewhere."""

    def public_key(self) -> object:
        """The public key."""
        ...

    def sign(self, data: bytes, /) -> bytes:
        """The signature, 64 bytes."""
        ...


class NoteSigner:
    """Signs as `name`: as a log, or as a witness when `kind` is COSIGNATURE."""

    __slots__ = ("_key", "_verifier", "vkey")

    def __init__(self, name: str, key: SigningKey, kind: int = ED25519) -> None:
        """Raises NoteBroken for a name that is empty or has a space, plus or control character, or another key type."""
        public = key.public_key()
        if not isinstance(public, Ed25519PublicKey):
            raise NoteBroken("notes are signed with Ed25519")
        self._key = key
        self._verifier = NoteVerifier(name, public, kind)
        #: the public key, for verifiers
        self.vkey = self._verifier.vkey

    @property
    def verifier(self) -> "NoteVerifier":
        """The verifier of its signatures."""
        return self._verifier

    def sign(self, text: str) -> str:
        """The signed note of a text, which must end with a newline."""
        _check_text(text)
        return f"{text}\n{self.line(text)}"

    def line(self, text: str, time: int | None = None) -> str:
        """The signature line over a text, for the end of its note; `time`: POSIX seconds, for a witness.

        Raises NoteBroken if the key (perhaps held elsewhere) returned an invalid signature.
        """
        known = self._verifier
        if (time is None) != (known.kind == ED25519):
            raise ValueError("a witness signs a time, a log does not")
        stamp = b"" if time is None else time.to_bytes(_TIME_BYTES)
        signed = stamp + self._key.sign(_message(text, time))
        known.verified(text, signed)
        return f"{_DASH}{known.name} {base64.b64encode(known.key_id + signed).decode()}\n"


class NoteVerifier:
    """A public key and its signer's name."""

    __slots__ = ("_key", "key_id", "kind", "name", "vkey")

    def __init__(self, name: str, key: Ed25519PublicKey, kind: int = ED25519) -> None:
        """Raises NoteBroken for a name that a signature line cannot contain."""
        if not _is_name(name) or kind not in {ED25519, COSIGNATURE}:
            raise NoteBroken("a key has a name without spaces and plus, and type 1 or 4")
        public = bytes([kind]) + key.public_bytes_raw()
        self._key = key
        self.name = name
        self.kind = kind
        self.key_id = hashlib.sha256(name.encode() + b"\n" + public).digest()[:_ID_BYTES]
        self.vkey = f"{name}+{self.key_id.hex()}+{base64.b64encode(public).decode()}"

    @classmethod
    def parse(cls, vkey: str) -> "NoteVerifier":
        """From `name+id+key`: id in 8 hex digits, key in base64 (type and 32 bytes). Raises NoteBroken."""
        name, _, rest = vkey.partition("+")
        key_id, _, encoded = rest.partition("+")
        public = _decoded(encoded)
        if not _HEX_ID.fullmatch(key_id) or len(public) != 1 + _KEY_BYTES:
            raise NoteBroken("a public key is written name+id+base64")
        if is_weak_key(public[1:]):
            raise NoteBroken(
                f"the public key of {name} is of low order and proves nothing: ask its owner for another"
            )
        known = cls(name, Ed25519PublicKey.from_public_bytes(public[1:]), public[0])
        if known.key_id.hex() != key_id:
            raise NoteBroken(f"the id in the public key of {name} does not belong to it: a slip in copying?")
        return known

    def verified(self, text: str, signed: bytes) -> Signature:
        """The signature, verified for this text. Raises NoteBroken. `signed`: the bytes after the key id."""
        stamp = signed[:_TIME_BYTES] if self.kind == COSIGNATURE else b""
        time = int.from_bytes(stamp) if stamp else None
        try:
            self._key.verify(signed[len(stamp) :], _message(text, time))
        except InvalidSignature:
            raise NoteBroken(f"the signature of {self.name} does not fit the text") from None
        return Signature(self.name, self.vkey, time)


class Checkpoint(NamedTuple):
    """The head of a log: its name, number of leaves and root (32 bytes)."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The text that is signed. Raises NoteBroken if it could not be read back."""
        lines = [self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions]
        text = "".join(f"{line}\n" for line in lines)
        if Checkpoint.parse(text) != self:
            raise NoteBroken("no line of a checkpoint is empty or has a line break in it")
        return text

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """From the text of a note: an origin, a size, a root and full lines. Raises NoteBroken."""
        lines = text.split("\n")
        # three full lines, and nothing after the last newline
        origin, size, root, *extensions, rest = lines if len(lines) > 3 else ["", "", "", ""]
        decoded = _decoded(root)
        good = origin and _SIZE.fullmatch(size) and int(size) <= _MOST_RECORDS
        if rest or not (good and len(decoded) == _ROOT_BYTES and all(extensions)):
            raise NoteBroken("a checkpoint has an origin, a size in digits and a root of 32 bytes in base64")
        return cls(origin, int(size), decoded, tuple(extensions))


def split_note(note: str) -> tuple[str, list[str]]:
    """The unverified text, and the signature lines. Raises NoteBroken."""
    body, gap, lines = note.rpartition("\n\n")
    if not gap or not lines.endswith("\n"):
        raise NoteBroken("a note is text, an empty line and signature lines, each with a newline at its end")
    _check_text(note)
    signatures = lines.removesuffix("\n").split("\n")
    if len(signatures) > _MOST_SIGNATURES:
        raise NoteBroken(f"a note has at most {_MOST_SIGNATURES} signatures")
    return f"{body}\n", signatures


def signatures_of(note: str, verifiers: Iterable[NoteVerifier]) -> list[Signature]:
    """All signatures by known keys, verified; unknown keys are ignored, as the standard demands.

    Raises NoteBroken if the note is malformed or a signature by a known key is invalid.
    """
    text, lines = split_note(note)
    known = {(one.name, one.key_id): one for one in verifiers}
    found: dict[Signature, None] = {}
    for line in lines:
        name, signed = _parts(line)
        verifier = known.get((name, signed[:_ID_BYTES]))
        if verifier is not None:
            found[verifier.verified(text, signed[_ID_BYTES:])] = None
    return list(found)


def open_note(note: str, verifiers: Sequence[NoteVerifier]) -> str:
    """The text of a note that at least one of these keys has signed. Raises NoteBroken."""
    if not signatures_of(note, verifiers):
        given = ", ".join(f"{one.name}+{one.key_id.hex()}" for one in verifiers)
        raise NoteBroken(
            f"none of its signatures is by a key that was given ({given}): it is signed by {_signed_by(note)}"
        )
    return split_note(note)[0]


def cosigned(note: str, line: bytes, witness: NoteVerifier) -> int:
    """The time of a witness's signature line over the text of a note. Raises NoteBroken if it is invalid."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise NoteBroken("a note is UTF-8") from None
    found = signatures_of(f"{split_note(note)[0]}\n{text}", [witness]) if text.count("\n") == 1 else []
    if not found or found[0].time is None:
        raise NoteBroken(f"it is not one line by {witness.name}")
    return found[0].time


def _signed_by(note: str) -> str:
    """Name and key id of the first signatures, in the form of public keys."""
    parts = [_parts(line) for line in split_note(note)[1]]
    names = list(dict.fromkeys(f"{name}+{signed[:_ID_BYTES].hex()}" for name, signed in parts))
    return ", ".join(names[:_NAMED]) + ", …" * (len(names) > _NAMED)


def _parts(line: str) -> tuple[str, bytes]:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    signed = _decoded(encoded)
    if not line.startswith(_DASH) or not _is_name(name) or len(signed) <= _ID_BYTES:
        raise NoteBroken("a signature line is a dash, a name and base64")
    return name, signed


def _message(text: str, time: int | None) -> bytes:
    return (text if time is None else f"cosignature/v1\ntime {time}\n{text}").encode()


def _check_text(text: str) -> None:
    """Raises NoteBroken unless it ends with a newline and is UTF-8 without control characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NoteBroken("a note is UTF-8") from None
    if not text.endswith("\n") or _CONTROL.search(text):
        raise NoteBroken("the text of a note ends with a newline and has no control characters")


def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def _decoded(encoded: str) -> bytes:
    """Bytes from canonical base64 (a signature has one form only); empty for other text."""
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return decoded if base64.b64encode(decoded).decode() == encoded else b""
