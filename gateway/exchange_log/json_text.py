"""JSON of the log: UTF-8, no spaces; by the standard library only, so that every verifier gives the same verdict.

The verifier stands alone and imports nothing else of the gateway, so gateway.domain.i_json does not serve here.

What is read is bounded whatever stands there: in depth, in the digits of a number, in the letters that there are.
"""

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

#: largest depth of brackets
_DEEPEST = 64
_INTEGERS = range(-(1 << 63), 1 << 64)
_MOST_DIGITS = 20
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BRACKET = re.compile(rb"[][{}]")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS or (number := int(digits)) not in _INTEGERS:
        raise ValueError("an integer has 64 bits")
    return number


_decode = json.JSONDecoder(parse_constant=_refuse, parse_int=_integer).decode
_compact = partial(json.JSONEncoder, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_encode = _compact().encode
_encode_sorted = _compact(sort_keys=True).encode


def parsed(text: bytes) -> Any:  # noqa: ANN401 -- JSON
    """The value of JSON bytes. Raises ValueError for anything else, NaN and what is not UTF-8 included."""
    if text.count(b"[") + text.count(b"{") > _DEEPEST and _depth(text) > _DEEPEST:
        raise ValueError("nested too deeply")
    value = _decode(text.decode())
    if b"\\u" in text:
        written(value)  # a lone surrogate can be escaped, but not written
    return value


def written(value: object, encode: Callable[[object], str] = _encode) -> bytes:
    """The JSON of a value, keys in their order. Raises TypeError or ValueError."""
    return encode(value).encode()


def written_sorted(value: object) -> bytes:
    """The same with all keys sorted."""
    return written(value, _encode_sorted)


def _depth(text: bytes) -> int:
    deepest = depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", text)):
        depth += 1 if bracket[0] in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest
