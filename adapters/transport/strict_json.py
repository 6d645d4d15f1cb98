"""JSON as a provider must write it (RFC 8259, I-JSON RFC 7493): one meaning or none.

Refused: duplicate keys, NaN and infinities, numbers beyond 64 bits, nesting over 40, more than 20 000 elements,
anything but UTF-8 (or UTF-16 that says so by its byte order mark). The declared charset is not believed: the bytes
decide. Text comes back in Unicode normalisation form C.

Nothing here holds the interpreter for long, whatever the bytes are: elements are counted before anything is made of
them, and long texts are composed piece by piece.

Duplicate keys are found by counting, because a hook per object would cost ten times the parsing:
a text has as many members as it has colons outside strings, and the parsed tree has fewer members
than that exactly when a key stood twice. Bounds from above come first; strings are taken out only when those fail.
"""

import codecs
import re
import unicodedata

import orjson

#: commas and opening brackets outside strings: as many as there are values, or a few more
_ELEMENTS = 20_000
_SIGNS = (",", "[", "{")
_LONG = 32_768
#: a piece of a long text ends where ASCII begins, which never composes with what stands before it
_PIECE = re.compile(rf"(?s).{{1,{_LONG}}}(?=[\x00-\x7f]|\Z)")
_COLONS = ('":', " :", "\n:", "\r:", "\t:")
_DEPTH = 40
#: whole numbers beyond 64 bits arrive as floats at least this large
_NUMBER = 2.0**63


class NotStrictJson(ValueError):
    """The bytes are not JSON with one meaning; says nothing of what they hold."""


def parse(body: bytes) -> object:
    """The tree (dict, list, str, int, float, bool, None) in `body`; NotStrictJson otherwise."""
    text = _decode(body)
    if len(text) > _ELEMENTS and _signs(text) > _ELEMENTS and _signs(_outside(text)) > _ELEMENTS:
        raise NotStrictJson
    try:
        tree: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise NotStrictJson from None
    members = _walk(tree)
    if text.count(":") != members and _at_most(text) != members and _outside(text).count(":") != members:
        raise NotStrictJson
    return _composed_tree(tree) if "\\u" in text else tree


def _decode(body: bytes) -> str:
    try:
        if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text = body.decode("utf-16")
        else:
            text = body.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise NotStrictJson from None
    if text.isascii():
        return text
    return _composed(text) if len(text) > _LONG else unicodedata.normalize("NFC", text)


def _composed(text: str) -> str:
    """In form C; NotStrictJson when there is a stretch without any ASCII that nobody writes."""
    pieces, at = [], 0
    while at < len(text):
        piece = _PIECE.match(text, at)
        if piece is None:
            raise NotStrictJson
        pieces.append(unicodedata.normalize("NFC", piece[0]))
        at = piece.end()
    return "".join(pieces)


def _signs(text: str) -> int:
    return sum(map(text.count, _SIGNS))


def _at_most(text: str) -> int:
    """No fewer than the members of the text: each has its colon after a quote or after white space."""
    return sum(map(text.count, _COLONS))


def _outside(text: str) -> str:
    """The text without its strings; NotStrictJson when it has more strings than elements may have."""
    if "\\" in text:
        text = text.replace("\\\\", "").replace('\\"', "")
    # two strings for an element, its key and its value
    if text.count('"') > 2 * 2 * _ELEMENTS:
        raise NotStrictJson
    return "".join(text.split('"')[::2])


def _walk(tree: object) -> int:
    """Number of members of all objects; NotStrictJson when too deep or when a number is too large."""
    members = 0
    level = [tree]
    for _ in range(_DEPTH + 1):
        below: list[object] = []
        for node in level:
            kind = type(node)
            if kind is dict:
                members += len(node)  # type: ignore[arg-type]  # type() does not narrow, isinstance is slower
                below.extend(node.values())  # type: ignore[attr-defined]
            elif kind is list:
                below.extend(node)  # type: ignore[arg-type]
            elif kind is float and not -_NUMBER < node < _NUMBER:  # type: ignore[operator]
                raise NotStrictJson
        if not below:
            return members
        level = below
    raise NotStrictJson


def _composed_tree(tree: object) -> object:
    """What NFC would change may hide in escapes; seen again after decoding."""
    text = orjson.dumps(tree).decode()
    composed = _composed(text)
    # two keys may have become one
    return tree if composed == text else parse(composed.encode())
