"""JSON as a provider must write it (RFC 8259, I-JSON RFC 7493): one meaning or none.

Refused: duplicate keys, NaN and infinities, numbers beyond 64 bits, nesting over 40, more than 20 000 elements,
anything but UTF-8 (or UTF-16 that says so by its byte order mark). The declared charset is not believed: the bytes
decide. Text comes back in Unicode normalisation form C.

Nothing here holds the interpreter for long, whatever the bytes are: elements are counted before anything is made of
them, and long texts are composed piece by piece.
"""

import codecs
import math
import re
import unicodedata

import orjson

from gateway.domain import i_json
from gateway.domain.i_json import NotIJson

#: commas and opening brackets outside strings: as many as there are values, or a few more
_ELEMENTS = 20_000
_SIGNS = (b",", b"[", b"{")
_LONG = 32_768
#: a piece of a long text ends where ASCII begins, which never composes with what stands before it
_PIECE = re.compile(rf"(?s).{{1,{_LONG}}}(?=[\x00-\x7f]|\Z)")
_DEPTH = 40
_INTEGER = 2**64
#: whole numbers beyond 64 bits arrive as floats at least as large as 2**63
_FLOAT = math.nextafter(2.0**63, 0)


class NotStrictJson(ValueError):
    """The bytes are not JSON with one meaning; says nothing of what they hold."""


def parse(body: bytes) -> object:
    """The tree (dict, list, str, int, float, bool, None) in `body`. Raises NotStrictJson."""
    text = _decode(body)
    if len(text) > _ELEMENTS and _signs(text) > _ELEMENTS and _signs(_outside(text)) > _ELEMENTS:
        raise NotStrictJson
    try:
        tree, _ = i_json.parse(text, _DEPTH, _INTEGER, _FLOAT)
    except NotIJson:
        raise NotStrictJson from None
    return _composed_tree(tree) if b"\\u" in text else tree


def _decode(body: bytes) -> bytes:
    """In UTF-8 and form C."""
    if body.isascii():
        return body
    try:
        if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text = body.decode("utf-16")
        else:
            text = body.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise NotStrictJson from None
    return (_composed(text) if len(text) > _LONG else unicodedata.normalize("NFC", text)).encode()


def _composed(text: str) -> str:
    """In form C. Raises NotStrictJson if there is a range without any ASCII that nobody writes."""
    pieces, at = [], 0
    while at < len(text):
        piece = _PIECE.match(text, at)
        if piece is None:
            raise NotStrictJson
        pieces.append(unicodedata.normalize("NFC", piece[0]))
        at = piece.end()
    return "".join(pieces)


def _signs(text: bytes) -> int:
    return sum(map(text.count, _SIGNS))


def _outside(text: bytes) -> bytes:
    """The text without its strings. Raises NotStrictJson if it has more strings than elements may have."""
    text = i_json.unescaped(text)
    # two strings for an element, its key and its value
    if text.count(b'"') > 2 * 2 * _ELEMENTS:
        raise NotStrictJson
    return b"".join(text.split(b'"')[::2])


def _composed_tree(tree: object) -> object:
    """What NFC would change may hide in escapes; seen again after decoding."""
    text = orjson.dumps(tree).decode()
    composed = _composed(text)
    # two keys may have become one
    return tree if composed == text else parse(composed.encode())
