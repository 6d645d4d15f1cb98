"""I-JSON (RFC 7493): JSON with one meaning. Input that two parsers could read differently is refused.

Refused: encodings other than UTF-8, a byte-order mark, lone surrogates, duplicate keys, NaN and Infinity, numbers
beyond a limit, nesting beyond a limit.

Duplicate keys are found by counting, because a hook per object would cost ten times the parsing: every string has two
quotes, and the parsed tree has fewer strings exactly when a key is duplicate.
"""

from collections.abc import Mapping

import orjson

from gateway.domain import sentences as say
from gateway.domain.sentences import Sentence

_CONTAINERS = frozenset({dict, list})


class NotIJson(ValueError):
    """The bytes are not JSON with one meaning."""

    def __init__(self, sentence: Sentence) -> None:
        """`sentence`: why, without quoting the bytes."""
        super().__init__(sentence.en)
        self.sentence = sentence


def parse(raw: bytes, depth: int, integers: int, floats: float) -> tuple[object, bool]:
    """The value, and whether a number in it has a fraction or an exponent. Raises NotIJson.

    `integers`, `floats`: the largest permitted absolute values.
    """
    try:
        tree: object = orjson.loads(raw)
    except (orjson.JSONDecodeError, RecursionError):
        raise NotIJson(say.BODY_NO_JSON) from None
    strings, has_floats = _walk(tree, depth, {int: integers, float: floats})
    if (unescaped(raw) if b"\\" in raw else raw).count(b'"') != 2 * strings:
        raise NotIJson(say.MEMBER_TWICE)
    return tree, has_floats


def may_exceed(raw: bytes, most: int) -> bool:
    """Whether JSON text may have more than `most` values: counted before anything is built, signs in texts too."""
    return raw.count(b",") + raw.count(b"[") + raw.count(b"{") > most


def unescaped(raw: bytes) -> bytes:
    """The bytes without escaped characters: every quote that is left begins or ends a string."""
    return raw.replace(b"\\\\", b"").replace(b'\\"', b"")


def _walk(tree: object, depth: int, largest: Mapping[type, float]) -> tuple[int, bool]:
    """Number of all strings, with keys; and whether there are floats."""
    seen: set[type] = set()
    strings, level, left = 0, [tree], depth
    while level:
        below: list[object] = []
        kinds: set[type] = set()
        for node in level:
            kind = type(node)  # does not narrow, but `isinstance` is slower
            kinds.add(kind)
            if kind is str:
                strings += 1
            elif kind is dict:
                strings += len(node)  # type: ignore[arg-type]
                below.extend(node.values())  # type: ignore[attr-defined]
            elif kind is list:
                below.extend(node)  # type: ignore[arg-type]
            elif kind in largest and not -largest[kind] <= node <= largest[kind]:  # type: ignore[operator]
                raise NotIJson(say.NUMBER_TOO_LARGE)
        if left <= 0 and not kinds.isdisjoint(_CONTAINERS):
            raise NotIJson(say.BODY_TOO_DEEP(depth=depth))
        seen |= kinds
        level, left = below, left - 1
    return strings, float in seen
