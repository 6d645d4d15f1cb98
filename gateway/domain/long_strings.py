"""Takes long strings in base64 (files) out of JSON text while it arrives, so that no file is ever whole in memory.

What stays is JSON with a mark in the place of each of them. Whether it is JSON at all is judged by the parser of what
stays; the content of a long string is only unescaped (RFC 8259, 7). A long string that does not begin as base64 stays.
"""

import base64
import binascii
import re
from typing import NamedTuple

#: the rest of a string up to its closing quote, or to the end of the piece
_CONTENT = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
#: how a file begins; some writers escape slashes, equal signs and line ends
_AS_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/=]|\\[/rn]|\\u00(?:2[bBfF]|3[dD]|0[aAdD]))*+")
_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
#: longest part of an escape that may go on in the next piece
_OPEN = 5
_SIMPLE = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
#: stands for a character that no base64 has
_FOREIGN = b"\x00"
_BLANKS = b"\r\n\t "


class TooMuchText(ValueError):
    """The text without its long strings is over the limit, or there are too many long strings."""


class LongPiece(NamedTuple):
    """A piece of a long string, unescaped; `ends`: its last one."""

    mark: str
    content: bytes
    ends: bool


class LongStrings:
    """Feed it pieces of JSON text. `rest` is what stays."""

    def __init__(self, nonce: str, *, longest: int, largest: int, most: int) -> None:
        """`nonce`: unguessable, begins each mark; `largest`: bytes of all that stays.

        A string in base64 of more than `longest` bytes is taken out; `most`: how many there may be.
        """
        self.rest = bytearray()
        self._nonce = nonce
        self._longest, self._largest, self._most = longest, largest, most
        #: where the current string begins in `rest`; -1: outside strings
        self._start = -1
        #: the current string is long, and no base64: it stays
        self._stays = False
        #: mark of the long string that is being read; blank: none
        self._mark = ""
        self._count = 0
        #: a backslash, or the beginning of an escape, whose end comes later
        self._held = b""

    def feed(self, piece: bytes) -> list[LongPiece]:
        """The pieces of long strings in this piece of text. Raises TooMuchText."""
        data, self._held = self._held + piece, b""
        out: list[LongPiece] = []
        at = 0
        while at < len(data):
            at = self._outside(data, at) if self._start < 0 else self._inside(data, at, out)
        if len(self.rest) > self._largest:
            raise TooMuchText
        return out

    def _outside(self, data: bytes, at: int) -> int:
        quote = data.find(b'"', at)
        end = len(data) if quote < 0 else quote + 1
        self.rest += data[at:end]
        if quote >= 0:
            self._start = len(self.rest)
        return end

    def _inside(self, data: bytes, at: int, out: list[LongPiece]) -> int:
        found = _CONTENT.match(data, at)
        assert found is not None
        end = found.end()
        if end < len(data) and data[end] != 0x22:  # a backslash at the end of the piece
            self._held = data[end:]
            self._take(data[at:end], out, ends=False)
            return len(data)
        closed = end < len(data)
        self._take(data[at:end], out, ends=closed)
        if closed:
            self.rest += b'"'
            self._start, self._stays = -1, False
        return end + closed

    def _take(self, content: bytes, out: list[LongPiece], *, ends: bool) -> None:
        if not self._mark:
            self.rest += content
            if self._stays or len(self.rest) - self._start <= self._longest:
                return
            content = bytes(self.rest[self._start :])
            begin = content[: _open_escape(content)]
            if _AS_BASE64.fullmatch(begin) is None:
                self._stays = True
                return
            del self.rest[self._start :]
            self._begin()
        if not ends and not self._held:
            cut = _open_escape(content)
            content, self._held = content[:cut], content[cut:]
        out.append(LongPiece(self._mark, _unescaped(content), ends))
        if ends:
            self._mark = ""

    def _begin(self) -> None:
        if self._count >= self._most:
            raise TooMuchText
        self._mark = f"{self._nonce}:{self._count}"
        self._count += 1
        self.rest += self._mark.encode()


def _open_escape(content: bytes) -> int:
    r"""Where an incomplete `\uXXXX` begins at the end of the content; its length if there is none."""
    at = content.rfind(b"\\u", -_OPEN)
    if at < 0:
        return len(content)
    backslashes = at + 1 - len(content[: at + 1].rstrip(b"\\"))
    return at if backslashes % 2 else len(content)


def _unescaped(content: bytes) -> bytes:
    return _ESCAPE.sub(_character, content) if b"\\" in content else content


def _character(found: re.Match[bytes]) -> bytes:
    if found[1] is None:
        return _SIMPLE.get(found[2], found[2])
    number = int(found[1], 16)
    return bytes((number,)) if number < 0x80 else _FOREIGN


class NotBase64(ValueError):
    """The text is not base64 (RFC 4648, 4)."""


class Base64Decoder:
    """Decodes base64 that comes in pieces; line breaks and blanks may be in it, padding may be left out."""

    def __init__(self) -> None:
        """Nothing came yet."""
        self._left = b""
        self._padded = False

    def feed(self, piece: bytes) -> bytes:
        """What the piece completes. Raises NotBase64."""
        text = self._left + piece.translate(None, _BLANKS)
        whole = len(text) - len(text) % 4
        self._left = text[whole:]
        return self._decoded(text[:whole])

    def end(self) -> bytes:
        """The last bytes. Raises NotBase64."""
        left, self._left = self._left, b""
        return self._decoded(left + b"=" * (-len(left) % 4)) if left else b""

    def _decoded(self, text: bytes) -> bytes:
        if text and self._padded:
            raise NotBase64
        try:
            out = base64.b64decode(text, validate=True)
        except binascii.Error:
            raise NotBase64 from None
        self._padded = self._padded or text.endswith(b"=")
        return out
