"""JSON as the log writes it: UTF-8, no spaces. By orjson where it is installed, else by the standard library.

Both read and write the lines of an export and the leaves of the log alike; orjson is several times as fast.
"""

import json
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

#: the value of JSON bytes; ValueError for anything else, NaN and what is not UTF-8 included
parsed: Callable[[bytes], Any]
#: the JSON of a value, its keys as they come; TypeError or ValueError for what JSON cannot hold
written: Callable[[object], bytes]
#: the same with all keys sorted
written_sorted: Callable[[object], bytes]


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_decode = json.JSONDecoder(parse_constant=_refuse).decode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_encode_sorted = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def _parsed(text: bytes) -> Any:  # noqa: ANN401 -- JSON
    try:
        return _decode(text.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _written(value: object, encode: Callable[[object], str] = _encode) -> bytes:
    try:
        return encode(value).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None


try:
    import orjson
except ImportError:
    parsed = _parsed
    written = _written
    written_sorted = partial(_written, encode=_encode_sorted)
else:
    parsed = orjson.loads
    written = orjson.dumps
    written_sorted = partial(orjson.dumps, option=orjson.OPT_SORT_KEYS)
