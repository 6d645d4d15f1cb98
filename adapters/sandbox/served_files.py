"""Files of the portal's dossiers, served by URL: made when asked for, never held.

Promises: a file of any size costs a few words of memory; its bytes are the same each time.
"""

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

CHUNK_BYTES = 65_536
_NAMESPACE = uuid.UUID("5a1d2f5e-0000-4000-8000-000000000014")
_HEAD = b"%PDF-1.4\n"
#: a comment line of PDF, 64 bytes
_PADDING = b"%" + b"0" * 62 + b"\n"


@dataclass(frozen=True, slots=True)
class ServedFile:
    """A file: its 36-character id, name, size in bytes and SHA-256."""

    uid: str
    name: str
    size: int
    digest: str


class ServedFiles:
    """The files by id."""

    def __init__(self) -> None:
        """No files at first."""
        self._files: dict[str, ServedFile] = {}
        self._digests: dict[tuple[str, int], str] = {}

    def add(self, key: str, name: str, size: int = 0) -> ServedFile:
        """A PDF of about `size` bytes (the smallest when 0); the same key gives the same id."""
        uid = str(uuid.uuid5(_NAMESPACE, key))
        served = ServedFile(uid, name, 0, "")
        reference = uid[:8]
        length, digest = _measured(reference, size)
        served = ServedFile(uid, name, length, digest)
        self._files[uid] = served
        return served

    def get(self, uid: str) -> ServedFile | None:
        """The file with this id."""
        return self._files.get(uid)


def chunks(served: ServedFile) -> Iterator[bytes]:
    """The bytes of a file, piece by piece."""
    return _pieces(served.uid[:8], served.size)


def content(served: ServedFile) -> bytes:
    """The bytes of a file at once: for small ones."""
    return b"".join(chunks(served))


def _pieces(reference: str, size: int) -> Iterator[bytes]:
    padding = max(0, size - len(tiny_pdf(reference)))
    rest = _rest(reference, padding)
    padding = max(0, padding - (len(_HEAD) + padding + len(rest) - size)) if padding else 0
    yield _HEAD
    yield from _comments(padding)
    yield _rest(reference, padding)


def _comments(size: int) -> Iterator[bytes]:
    """Comment lines of together `size` bytes."""
    block = _PADDING * (CHUNK_BYTES // len(_PADDING))
    for _ in range(size // len(block)):
        yield block
    left = size % len(block)
    lines, odd = divmod(left, len(_PADDING))
    yield _PADDING * lines + (b"%" + b"0" * (odd - 2) + b"\n" if odd > 1 else b"\n" * odd)


def _measured(reference: str, size: int) -> tuple[int, str]:
    digest, length = hashlib.sha256(), 0
    for piece in _pieces(reference, size):
        digest.update(piece)
        length += len(piece)
    return length, digest.hexdigest()


def tiny_pdf(reference: str) -> bytes:
    """A one-page PDF 1.4 that shows an ASCII reference and nothing personal."""
    return _HEAD + _rest(reference, 0)


def _rest(reference: str, padding: int) -> bytes:
    """What stands after the head and `padding` bytes of comments."""
    shown = "".join(c for c in reference if c.isascii() and c not in "()\\")
    content = f"BT /F1 12 Tf 20 50 Td (SANDBOX {shown}) Tj ET".encode()
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 100] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    )
    before = len(_HEAD) + padding
    out, places = bytearray(), []
    for number, one in enumerate(objects, start=1):
        places.append(before + len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    start = before + len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
