"""ZIP archives (APPNOTE 6.3.10): the directory of an archive, and what makes it dangerous.

The directory is compared with the content, and every member is unpacked piece by piece: readers that trust one and
readers that trust the other must see the same.
"""

import struct
import tempfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from typing import BinaryIO, NamedTuple, NoReturn, cast

from gateway.domain import sentences as say
from gateway.domain.errors import FileRefused
from gateway.domain.files import FileKind
from gateway.domain.problems import ProblemCode
from gateway.domain.sentences import Sentence
from gateway.domain.signs import hides

MOST_MEMBERS = 2_000
MOST_UNPACKED = 268_435_456
#: an archive that unpacks to more than `_FREE_UNPACKED` may grow by this factor
MOST_RATIO = 100
_FREE_UNPACKED = 10_485_760
#: longest directory: names have some hundred bytes
_MOST_DIRECTORY = 1_048_576
_PIECE = 65_536
_MEMBER_HEAD = 512
#: a document in an archive is opened in memory up to this size
_IN_MEMORY = 2_097_152

_END = struct.Struct("<4s4H2LH")
_END64_PLACE = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_MOST16, _MOST32 = 0xFFFF, 0xFFFFFFFF
#: bits of a member's flags: encrypted, strong encryption, masked headers; UTF-8 name
_ENCRYPTED, _UTF8 = 0x2041, 0x800
#: encryption by AES (WinZip)
_AES = 99
_STORED, _DEFLATED = 0, 8
_LINK = 0o120000

_ARCHIVES = (
    b"PK\x03\x04",
    b"Rar!",
    b"7z\xbc\xaf\x27\x1c",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"\x28\xb5\x2f\xfd",
)
_PROGRAMS = (b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
#: compressed pictures of Office documents
_PACKED_PICTURES = (".emz", ".wmz")
#: documents that are archives themselves; those in another document are opened once
_DOCUMENTS = (".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".odg")


class ArchiveMember(NamedTuple):
    """One member of an archive, as the directory has it."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    #: bytes in the archive, and unpacked
    packed: int
    unpacked: int
    #: place of its local header
    offset: int


def check_archive(content: BinaryIO, size: int, *, nested: bool = False) -> dict[str, bytes]:
    """Names of the members and their first bytes. Raises FileRefused.

    `nested`: it is inside another archive, and has no archive in it.
    """
    members = _directory(content, size)
    _check_sizes(members)
    _check_places(content, members, size)
    heads: dict[str, bytes] = {}
    for member in members:
        heads[member.name] = _check_member(content, member, nested=nested)
    return heads


def names_in(content: BinaryIO, size: int) -> list[str]:
    """Names of the members of a checked archive."""
    return [one.name for one in _directory(content, size)]


def ends_as_archive(content: BinaryIO, size: int) -> bool:
    """Whether a reader of archives would find one at the end of a file."""
    content.seek(max(0, size - _END.size - _MOST16))
    return bool(_ends(content.read(_END.size + _MOST16)))


def kind_of(members: Collection[str], head: bytes, mimetype: bytes) -> FileKind:
    """The kind of an archive, by the names of its members. Raises FileRefused if two kinds claim it.

    `mimetype`: how an OpenDocument text begins, behind its local header.
    """
    claims = []
    if "[Content_Types].xml" in members:
        claims += [FileKind.DOCX] * ("word/document.xml" in members)
        claims += [FileKind.XLSX] * ("xl/workbook.xml" in members)
    if head[_LOCAL.size :].startswith(mimetype) and "content.xml" in members:
        claims.append(FileKind.ODT)
    if len(claims) > 1:
        hostile(say.FILE_TWO_KINDS)
    return claims[0] if claims else FileKind.ZIP


def hostile(why: Sentence) -> NoReturn:
    """Raise the refusal of a dangerous file."""
    raise FileRefused(why, code=ProblemCode.FILE_HOSTILE)


def _broken() -> NoReturn:
    raise FileRefused(say.FILE_BROKEN(kind="ZIP"), code=ProblemCode.FILE_DAMAGED)


def _ends(tail: bytes) -> list[int]:
    """Places of end records whose comment reaches exactly to the end."""
    found, at = [], tail.find(b"PK\5\6")
    while at >= 0:
        if at + _END.size <= len(tail) and at + _END.size + _END.unpack_from(tail, at)[7] == len(tail):
            found.append(at)
        at = tail.find(b"PK\5\6", at + 1)
    return found


def _directory(content: BinaryIO, size: int) -> list[ArchiveMember]:
    """The members that the directory lists; it lies directly before its end record."""
    start = max(0, size - _END.size - _MOST16)
    content.seek(start)
    tail = content.read(_END.size + _MOST16)
    ends = _ends(tail)
    if not ends:
        raise FileRefused(say.FILE_CUT(kind="ZIP"), code=ProblemCode.FILE_DAMAGED)
    if len(ends) > 1:
        hostile(say.FILE_MEMBER_LIES)
    _, disk, first_disk, here, count, length, offset, _ = _END.unpack_from(tail, ends[0])
    end = start + ends[0]
    if disk or first_disk or here != count:
        _broken()
    count, length, offset, end = _in_64_bits(content, end, (count, length, offset))
    if count > MOST_MEMBERS or length > _MOST_DIRECTORY:
        hostile(say.FILE_TOO_MANY_MEMBERS(most=MOST_MEMBERS))
    if not count:
        raise FileRefused(say.FILE_EMPTY, code=ProblemCode.FILE_DAMAGED)
    if offset + length != end:
        hostile(say.FILE_MEMBER_LIES)
    content.seek(offset)
    members = list(_entries(content.read(length), count))
    _check_names(members)
    return members


def _in_64_bits(content: BinaryIO, end: int, values: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Count, length and place of the directory, and where it ends: those of Zip64 where an archive has them."""
    if end < _END64_PLACE.size:
        return (*values, end)
    content.seek(end - _END64_PLACE.size)
    mark, _, place, _ = _END64_PLACE.unpack(content.read(_END64_PLACE.size))
    if mark != b"PK\6\7":
        return (*values, end)
    if place + _END64.size > end:
        _broken()
    content.seek(place)
    mark, _, _, _, _, _, here, count, length, offset = _END64.unpack(content.read(_END64.size))
    if mark != b"PK\6\6" or here != count:
        _broken()
    found = (count, length, offset)
    for one, other, most in zip(values, found, (_MOST16, _MOST32, _MOST32), strict=True):
        if one not in (other, most):
            hostile(say.FILE_MEMBER_LIES)
    return (*found, place)


def _entries(directory: bytes, count: int) -> Iterator[ArchiveMember]:
    at = 0
    for _ in range(count):
        if at + _ENTRY.size > len(directory):
            _broken()
        (mark, _, _, flags, method, _, _, crc, packed, unpacked, name_size, extra_size, comment_size, _, _, attributes,
         offset) = _ENTRY.unpack_from(directory, at)  # fmt: skip
        begin = at + _ENTRY.size
        raw, extra = directory[begin : begin + name_size], directory[begin + name_size :][:extra_size]
        if mark != b"PK\1\2" or len(extra) != extra_size:
            _broken()
        if attributes >> 16 & 0o170000 == _LINK:
            hostile(say.FILE_MEMBER_PATH)
        if flags & _ENCRYPTED or method == _AES:
            raise FileRefused(say.FILE_PASSWORD, code=ProblemCode.FILE_ENCRYPTED)
        unpacked, packed, offset = _wide(extra, (unpacked, packed, offset))
        name = raw.decode("utf-8" if flags & _UTF8 else "cp437", "replace")
        yield ArchiveMember(name, raw, flags, method, crc, packed, unpacked, offset)
        at = begin + name_size + extra_size + comment_size
    if at != len(directory):
        _broken()


def _wide(extra: bytes, values: tuple[int, int, int]) -> tuple[int, int, int]:
    """Sizes and place of a member; those that do not fit are in its Zip64 field, in this order."""
    wide: list[int] = []
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == 1:
            field = extra[4 : 4 + length]
            wide = [int.from_bytes(field[at : at + 8], "little") for at in range(0, len(field) - 7, 8)]
        extra = extra[4 + length :]
    found = []
    for one in values:
        if one == _MOST32:
            if not wide:
                _broken()
            found.append(wide.pop(0))
        else:
            found.append(one)
    return found[0], found[1], found[2]


def _check_names(members: Sequence[ArchiveMember]) -> None:
    """No name leads out of the folder into which the archive is unpacked, and none is there twice."""
    seen = set()
    for member in members:
        name = member.name
        parts = name.rstrip("/").split("/")
        if {"", ".", ".."} & set(parts) or "\\" in name or ":" in parts[0] or hides(name):
            hostile(say.FILE_MEMBER_PATH)
        if (same := name.casefold().rstrip("/")) in seen:
            hostile(say.FILE_MEMBER_PATH)
        seen.add(same)


def _check_sizes(members: Sequence[ArchiveMember]) -> None:
    packed, unpacked = sum(one.packed for one in members), sum(one.unpacked for one in members)
    if unpacked > MOST_UNPACKED or _grows(packed, unpacked):
        hostile(say.FILE_EXPANDS)


def _grows(packed: int, unpacked: int) -> bool:
    return unpacked > _FREE_UNPACKED and unpacked > packed * MOST_RATIO


def _check_places(content: BinaryIO, members: Sequence[ArchiveMember], size: int) -> None:
    """Members do not overlap, the first begins the file, and local headers say what the directory says."""
    end = 0
    for member in sorted(members, key=lambda one: one.offset):
        if member.offset < end or (not end and member.offset):
            hostile(say.FILE_MEMBER_LIES)
        end = _data_of(content, member) + member.packed
        if end > size:
            _broken()


def _data_of(content: BinaryIO, member: ArchiveMember) -> int:
    """Where the data of a member begin."""
    content.seek(member.offset)
    head = content.read(_LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
        _broken()
    _, _, flags, method, _, _, _, packed, unpacked, name_size, extra_size = _LOCAL.unpack(head)
    if content.read(name_size) != member.raw_name or method != member.method or flags & _ENCRYPTED:
        hostile(say.FILE_MEMBER_LIES)
    # zero, when they stand behind the data; largest, when they are in the Zip64 field
    if packed not in (0, _MOST32, member.packed) or unpacked not in (0, _MOST32, member.unpacked):
        hostile(say.FILE_MEMBER_LIES)
    return member.offset + _LOCAL.size + int(name_size) + int(extra_size)


def _check_member(content: BinaryIO, member: ArchiveMember, *, nested: bool) -> bytes:
    """Unpack a member, to nowhere unless it is a document; its first bytes."""
    head, name = bytearray(), member.name.lower()
    is_document = name.endswith(_DOCUMENTS) and not nested
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as document:
        for piece in _unpacked(content, member):
            head += piece[: _MEMBER_HEAD - len(head)]
            if is_document:
                document.write(piece)
        if is_document and head.startswith(_ARCHIVES[0]):
            check_archive(cast("BinaryIO", document), member.unpacked, nested=True)
            return bytes(head)
    is_archive = head.startswith(_ARCHIVES) and not name.endswith(_PACKED_PICTURES)
    if is_archive or head.startswith(_PROGRAMS) or head[257:262] == b"ustar":
        hostile(say.FILE_NESTED)
    return bytes(head)


def _unpacked(content: BinaryIO, member: ArchiveMember) -> Iterator[bytes]:
    """The content of a member in small pieces; it must be exactly as large as the directory says."""
    if member.method not in (_STORED, _DEFLATED):
        raise FileRefused(say.FILE_METHOD, code=ProblemCode.FILE_DAMAGED)
    at, left = _data_of(content, member), member.packed
    inflate = zlib.decompressobj(-15) if member.method == _DEFLATED else None
    crc = size = 0
    while left:
        content.seek(at)
        packed = content.read(min(_PIECE, left))
        if not packed:
            _broken()
        at, left = at + len(packed), left - len(packed)
        for piece in [packed] if inflate is None else _inflated(inflate, packed):
            size += len(piece)
            if size > member.unpacked:
                hostile(say.FILE_MEMBER_LIES)
            crc = zlib.crc32(piece, crc)
            yield piece
    if size != member.unpacked or crc != member.crc or (inflate is not None and not inflate.eof):
        _broken()


def _inflated(inflate: "zlib._Decompress", packed: bytes) -> Iterator[bytes]:
    try:
        while packed:
            if piece := inflate.decompress(packed, _PIECE):
                yield piece
            packed = inflate.unconsumed_tail
    except zlib.error:
        _broken()
