"""JSON as a provider must write it (RFC 8259, I-JSON RFC 7493): one meaning or none.

Refused: duplicate keys, NaN and infinities, numbers beyond 64 bits, nesting over 40, anything but UTF-8
(or UTF-16 that says so by its byte order mark). The declared charset is not believed: the bytes decide.
Text comes back in Unicode normalisation form C.

Duplicate keys are found by counting, because a hook per object would cost ten times the parsing:
a text has as many members as it has colons outside strings, and the parsed tree has fewer members
than that exactly when a key stood twice. Bounds from above come first; strings are taken out only when those fail.
"""

import codecs
import re
import unicodedata

import orjson

_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
_COLONS = ('":', " :", "\n:", "\r:", "\t:")
_DEPTH = 40
#: whole numbers beyond 64 bits arrive as floats at least this large
_NUMBER = 2.0**63


class NotStrictJson(ValueError):
    """The bytes are not JSON with one meaning; says nothing of what they hold."""


def parse(body: bytes) -> object:
    """The tree (dict, list, str, int, float, bool, None) in `body`; NotStrictJson otherwise."""
    text = _decode(body)
    try:
        tree: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise NotStrictJson from None
    members = _walk(tree)
    if text.count(":") != members and _at_most(text) != members and _exactly(text) != members:
        raise NotStrictJson
    return _composed(tree) if "\\u" in text else tree


def _decode(body: bytes) -> str:
    try:
        if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text = body.decode("utf-16")
        else:
            text = body.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise NotStrictJson from None
    if text.isascii() or unicodedata.is_normalized("NFC", text):
        return text
    return unicodedata.normalize("NFC", text)


def _at_most(text: str) -> int:
    """No fewer than the members of the text: each has its colon after a quote or after white space."""
    return sum(map(text.count, _COLONS))


def _exactly(text: str) -> int:
    return _STRING.sub("", text).count(":")


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


def _composed(tree: object) -> object:
    """What NFC would change may hide in escapes; seen again after decoding."""
    text = orjson.dumps(tree).decode()
    if unicodedata.is_normalized("NFC", text):
        return tree
    # two keys may have become one
    return parse(unicodedata.normalize("NFC", text).encode())
