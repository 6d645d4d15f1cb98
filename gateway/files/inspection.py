"""What a received file is, and whether its content may be accepted: one verb, `inspected`, over a readable file.

Files are read piece by piece and never rendered. The form of each kind is checked as far as its reader would need to
open it; what is dangerous by its structure is refused, what is unusual becomes a warning.
"""

import struct
from collections.abc import Callable, Collection
from typing import BinaryIO, NamedTuple, NoReturn
from xml.parsers import expat

from gateway.domain import sentences as say
from gateway.domain.errors import FileRefused
from gateway.domain.files import FileKind, FileWarning
from gateway.domain.problems import ProblemCode
from gateway.files.archives import check_archive, ends_as_archive, hostile, kind_of, names_in
from gateway.files.kinds import HEAD, ODT_MIMETYPE, PDF_MARK, sniffed

_PIECE = 65_536
#: in a PDF: name -> warning. Names inside compressed streams are not seen
_PDF_NAMES = {
    b"/JavaScript": FileWarning.JAVASCRIPT,
    b"/JS": FileWarning.JAVASCRIPT,
    b"/Launch": FileWarning.LAUNCH_ACTION,
    b"/EmbeddedFile": FileWarning.EMBEDDED_FILES,
    b"/Encrypt": FileWarning.PASSWORD,
}
_LONGEST_NAME = max(map(len, _PDF_NAMES))
#: a sheet of A1 at 600 dots per inch has 279 million
_MOST_MEGAPIXELS = 400
_MOST_CHUNKS = 100_000
_MOST_SEGMENTS = 1_000
#: of an XML: longest comment, tag or attribute; deepest and most elements
_LONGEST_TOKEN = 262_144
_DEEPEST, _MOST_ELEMENTS = 200, 1_000_000
#: markers of JPEG: the first scan, and those between 0xC0 and 0xCF that are no frame
_SCAN, _NO_FRAMES = 0xDA, {0xC4, 0xC8, 0xCC}
#: width and length in TIFF, and the type of 16 bits
_TIFF_SIDES, _TIFF_SHORT = (256, 257), 3
#: roots of what a browser runs
_PAGES = {"html", "svg"}
_MACROS = "vbaproject.bin"

FileWarnings = tuple[FileWarning, ...]


class InspectedFile(NamedTuple):
    """A file whose content may be accepted."""

    kind: FileKind
    warnings: FileWarnings = ()


def inspected(content: BinaryIO, size: int, allowed: Collection[FileKind]) -> InspectedFile:
    """The kind of a file and its warnings. Raises FileRefused. Blocks while it reads."""
    if not size:
        raise FileRefused(say.FILE_EMPTY, code=ProblemCode.FILE_DAMAGED)
    content.seek(0)
    head = content.read(HEAD)
    kind = sniffed(head)
    if kind is None:
        _not_allowed(allowed)
    if kind is FileKind.ZIP:
        found = _archive(content, size, head, allowed)
    else:
        _check_allowed(kind, allowed)
        found = InspectedFile(kind, _CHECKS[kind](content, size))
        if ends_as_archive(content, size):
            hostile(say.FILE_TWO_KINDS)
    if found.kind not in (FileKind.PDF, FileKind.ZIP, FileKind.XML) and PDF_MARK in head:
        hostile(say.FILE_TWO_KINDS)
    return found


def kind_in(content: BinaryIO, size: int) -> FileKind:
    """The kind of a file that was inspected before."""
    content.seek(0)
    head = content.read(HEAD)
    kind = sniffed(head)
    if kind is FileKind.ZIP:
        return kind_of(names_in(content, size), head, ODT_MIMETYPE)
    if kind is None:
        _not_allowed(())
    return kind


def _not_allowed(allowed: Collection[FileKind]) -> NoReturn:
    kinds = ", ".join(one.upper() for one in FileKind if one in allowed)
    raise FileRefused(say.FILE_KINDS(kinds=kinds), code=ProblemCode.FILE_KIND_NOT_ALLOWED)


def _check_allowed(kind: FileKind, allowed: Collection[FileKind]) -> None:
    if kind not in allowed:
        _not_allowed(allowed)


def _cut(kind: FileKind) -> NoReturn:
    raise FileRefused(say.FILE_CUT(kind=kind.upper()), code=ProblemCode.FILE_DAMAGED)


def _broken(kind: FileKind) -> NoReturn:
    raise FileRefused(say.FILE_BROKEN(kind=kind.upper()), code=ProblemCode.FILE_DAMAGED)


def _archive(content: BinaryIO, size: int, head: bytes, allowed: Collection[FileKind]) -> InspectedFile:
    members = check_archive(content, size)
    kind = kind_of(members, head, ODT_MIMETYPE)
    _check_allowed(kind, allowed)
    if kind is FileKind.ZIP:
        return InspectedFile(kind)
    if any(name.lower().endswith(_MACROS) for name in members):
        hostile(say.FILE_MACROS)
    if kind is FileKind.ODT:
        if not members["content.xml"].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
            raise FileRefused(say.FILE_PASSWORD, code=ProblemCode.FILE_ENCRYPTED)
        return InspectedFile(kind, (FileWarning.MACROS,) * any(name.startswith("Basic/") for name in members))
    return InspectedFile(
        kind, (FileWarning.EMBEDDED_FILES,) * any("/embeddings/" in name for name in members)
    )


def _pdf(content: BinaryIO, size: int) -> FileWarnings:
    """ISO 32000-1, 7.5: the end mark stands within the last 1024 bytes."""
    content.seek(max(0, size - HEAD))
    if b"%%EOF" not in content.read(HEAD):
        _cut(FileKind.PDF)
    content.seek(0)
    found, held = set(), b""
    while piece := content.read(_PIECE):
        held += piece
        found |= {warning for name, warning in _PDF_NAMES.items() if name in held}
        held = held[1 - _LONGEST_NAME :]
    return tuple(one for one in FileWarning if one in found)


def _png(content: BinaryIO, size: int) -> FileWarnings:
    """ISO/IEC 15948: chunks from the header to the end, and nothing behind them."""
    at = 8
    for number in range(_MOST_CHUNKS):
        content.seek(at)
        head = content.read(16)
        if len(head) < 8 or at > size:
            _cut(FileKind.PNG)
        length, kind = struct.unpack_from(">L4s", head)
        if (number == 0) != (kind == b"IHDR"):
            _broken(FileKind.PNG)
        if number == 0 and len(head) == 16:
            _check_pixels(*struct.unpack_from(">2L", head, 8))
        at += 12 + length
        if kind == b"IEND":
            break
    if at > size:
        _cut(FileKind.PNG)
    if at < size:
        hostile(say.FILE_TWO_KINDS)
    return ()


def _jpeg(content: BinaryIO, size: int) -> FileWarnings:
    """ITU-T T.81, annex B: segments to the first scan, and an end mark behind it; telephones append a film."""
    at = 2
    for _ in range(_MOST_SEGMENTS):
        content.seek(at)
        head = content.read(9)
        if len(head) < 4 or at > size:
            _cut(FileKind.JPEG)
        mark, kind, length = struct.unpack_from(">2BH", head)
        if mark != 0xFF or length < 2:
            _broken(FileKind.JPEG)
        if 0xC0 <= kind <= 0xCF and kind not in _NO_FRAMES and len(head) == 9:
            _check_pixels(*struct.unpack_from(">2H", head, 5))
        at += 2 + length
        if kind == _SCAN:
            break
    if not _has(content, at, b"\xff\xd9"):
        _cut(FileKind.JPEG)
    return ()


def _tiff(content: BinaryIO, _size: int) -> FileWarnings:
    """TIFF 6.0, section 2: the first directory lies in the file, and has width and length."""
    content.seek(0)
    head = content.read(8)
    order = "<" if head.startswith(b"II") else ">"
    entries = _tiff_entries(content, head, order)
    sides = {}
    for at in range(0, len(entries), 12):
        tag, kind = struct.unpack_from(f"{order}2H", entries, at)
        if tag in _TIFF_SIDES:
            (sides[tag],) = struct.unpack_from(
                f"{order}{'H' if kind == _TIFF_SHORT else 'L'}", entries, at + 8
            )
    if len(sides) < 2:
        _broken(FileKind.TIFF)
    _check_pixels(*sides.values())
    return ()


def _tiff_entries(content: BinaryIO, head: bytes, order: str) -> bytes:
    """The entries of the first directory."""
    if len(head) < 8:
        _cut(FileKind.TIFF)
    content.seek(*struct.unpack_from(f"{order}L", head, 4))
    counted = content.read(2)
    if len(counted) < 2:
        _cut(FileKind.TIFF)
    length = 12 * int(struct.unpack(f"{order}H", counted)[0])
    entries = content.read(length)
    if len(entries) < length:
        _cut(FileKind.TIFF)
    return entries


def _xml(content: BinaryIO, _size: int) -> FileWarnings:
    """XML 1.0, well-formed, without a DOCTYPE: no entity and no other file is ever named; no page of a browser."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refuse_doctype
    elements = _Elements()
    parser.StartElementHandler, parser.EndElementHandler = elements.start, elements.end
    content.seek(0)
    fed = 0
    try:
        while piece := content.read(_PIECE):
            parser.Parse(piece, False)
            fed += len(piece)
            # expat keeps what it has not reported: a tag or comment without an end would fill the memory
            if fed - parser.CurrentByteIndex > _LONGEST_TOKEN:
                hostile(say.FILE_TOKEN(most=_LONGEST_TOKEN))
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError):
        _broken(FileKind.XML)
    return ()


class _Elements:
    """Counts the elements of an XML: expat keeps each open one in memory."""

    __slots__ = ("_count", "_depth")

    def __init__(self) -> None:
        self._count = self._depth = 0

    def start(self, name: str, _attributes: object) -> None:
        self._count += 1
        self._depth += 1
        if self._count == 1 and name.rpartition(" ")[2].lower() in _PAGES:
            hostile(say.FILE_TWO_KINDS)
        if self._depth > _DEEPEST or self._count > _MOST_ELEMENTS:
            hostile(say.FILE_ELEMENTS(deepest=_DEEPEST, most=_MOST_ELEMENTS))

    def end(self, _name: str) -> None:
        self._depth -= 1


def _refuse_doctype(*_said: object) -> None:
    hostile(say.FILE_DOCTYPE)


def _has(content: BinaryIO, at: int, mark: bytes) -> bool:
    content.seek(at)
    held = b""
    while piece := content.read(_PIECE):
        if mark in held + piece:
            return True
        held = piece[1 - len(mark) :]
    return False


def _check_pixels(width: int, height: int) -> None:
    if width * height > _MOST_MEGAPIXELS * 1_000_000:
        hostile(say.FILE_PIXELS(most=_MOST_MEGAPIXELS))


_CHECKS: dict[FileKind, Callable[[BinaryIO, int], FileWarnings]] = {
    FileKind.PDF: _pdf, FileKind.PNG: _png, FileKind.JPEG: _jpeg, FileKind.TIFF: _tiff, FileKind.XML: _xml,
}  # fmt: skip
