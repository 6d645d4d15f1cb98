"""DER (X.690), as much of it as time stamps need: elements written out, and one level of them read at a time."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

BOOLEAN, INTEGER, BITS, OCTETS, NULL, OID, UTF8, TIME = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x18
SEQUENCE, SET = 0x30, 0x31

_CONTEXT, _CONSTRUCTED = 0x80, 0x20
_MULTIBYTE = 0x1F
_LONG = 0x80
_MOST_LENGTH_BYTES = 4


class Element(NamedTuple):
    """What was read: its tag, its content, and all of it as it stood."""

    tag: int
    content: bytes
    whole: bytes


def element(tag: int, *parts: bytes) -> bytes:
    """One element around the parts."""
    content = b"".join(parts)
    size = len(content)
    if size < _LONG:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, _LONG | len(length)]) + length + content


def sequence(*parts: bytes) -> bytes:
    """SEQUENCE."""
    return element(SEQUENCE, *parts)


def set_of(*parts: bytes) -> bytes:
    """SET OF, in the order that DER demands."""
    return element(SET, *sorted(parts))


def tagged(number: int, *parts: bytes) -> bytes:
    """A constructed element of the context, `[number]`."""
    return element(_CONTEXT | _CONSTRUCTED | number, *parts)


def integer(value: int) -> bytes:
    """INTEGER."""
    return element(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, signed=True))


def octets(value: bytes) -> bytes:
    """OCTET STRING."""
    return element(OCTETS, value)


def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER. Raises ValueError."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return element(OID, *(_arc(arc) for arc in (40 * first + second, *rest)))


def moment(value: datetime) -> bytes:
    """GeneralizedTime in whole seconds."""
    return element(TIME, value.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode())


def elements(data: bytes) -> Iterator[Element]:
    """The elements that stand side by side in `data`. Raises ValueError."""
    place = 0
    while place < len(data):
        start, tag = place, data[place]
        size, place = _length(data, place + 1)
        if tag & _MULTIBYTE == _MULTIBYTE or place + size > len(data):
            raise ValueError("no DER")
        content = data[place : place + size]
        place += size
        yield Element(tag, content, data[start:place])


def _arc(value: int) -> bytes:
    if value < 0:
        raise ValueError("an arc of an object identifier is not negative")
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(0x80 | (value & 0x7F))
    return bytes(reversed(groups))


def _length(data: bytes, place: int) -> tuple[int, int]:
    """The length that stands at `place`, and where the content begins."""
    if place >= len(data):
        raise ValueError("no DER")
    size = data[place]
    if size < _LONG:
        return size, place + 1
    count = size & ~_LONG
    if not 0 < count <= _MOST_LENGTH_BYTES or place + 1 + count > len(data):
        raise ValueError("no DER")
    return int.from_bytes(data[place + 1 : place + 1 + count]), place + 1 + count
