"""Bytes to plain JSON (RFC 8259, I-JSON RFC 7493), strictly: what two parsers could read differently is refused.

Refused: another media type, a compressed body, a byte-order mark, text that is not UTF-8, lone surrogates,
duplicate keys, NaN and Infinity, numbers that do not fit, and nesting beyond the limit.
"""

import asyncio
import math
import re
from typing import TypeVar

import orjson
from aiohttp import StreamReader, web
from pydantic import BaseModel, ValidationError

from gateway.api.problems import TooSlow, WrongMedia, from_validation
from gateway.api.request import Request
from gateway.domain import sentences as say
from gateway.domain.errors import BadRequest, TooLarge

_Model = TypeVar("_Model", bound=BaseModel)
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|([\[{])|([\]}])|(-?[0-9][0-9.eE+\-]*+)', re.DOTALL)
#: within a text
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_LARGEST = 2**53
_LONGEST_NUMBER = 32


async def read_model(request: Request, model: type[_Model]) -> _Model:
    """The body as `model`. Unprocessable when it is not one, and raises as `read_json_bytes` and `parse`."""
    data = parse(await read_json_bytes(request), request.services.configuration.gateway.limits.json_depth)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise from_validation(error, model) from None


async def read_json_bytes(request: Request) -> bytes:
    """The bytes of a JSON body. WrongMedia when it is of another type, and raises as `read_bytes`."""
    if request.headers.get("Content-Type") != "application/json":
        _check_media(request)
    if request.raw is not None:
        return request.raw
    limits = request.services.configuration.gateway.limits
    return await read_bytes(request, limits.body_bytes, limits.body_seconds)


def _check_media(request: Request) -> None:
    if request.content_type != "application/json":
        raise WrongMedia(say.SEND_JSON)
    if (request.charset or "utf-8").lower() not in {"utf-8", "utf8"}:
        raise WrongMedia(say.JSON_IS_UTF8)


async def read_bytes(request: web.BaseRequest, largest: int, seconds: float) -> bytes:
    """The whole body within its size and its time; the declared length is believed only to refuse early."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise WrongMedia(say.SEND_UNCOMPRESSED)
    try:
        if request.content.is_eof():  # all of it is here already, as with most requests
            body = request.content.read_nowait()
        elif (request.content_length or 0) > largest:
            raise TooLarge(say.AT_MOST_BYTES(largest=largest))
        else:
            async with asyncio.timeout(seconds):
                body = await _gathered(request.content, largest)
    except TimeoutError:
        raise TooSlow(say.SEND_WITHIN(seconds=f"{seconds:g}")) from None
    except (web.RequestPayloadError, ValueError):
        raise BadRequest(say.BODY_UNREADABLE) from None
    if len(body) > largest:
        raise TooLarge(say.AT_MOST_BYTES(largest=largest))
    return body


async def _gathered(stream: StreamReader, largest: int) -> bytes:
    """All that comes, or a little more than `largest` bytes of it."""
    parts = bytearray()
    while len(parts) <= largest and (chunk := await stream.readany()):
        parts += chunk
    return bytes(parts)


def parse(raw: bytes, depth: int) -> object:
    """The JSON value in `raw`; BadRequest says what is wrong with it, without quoting it."""
    if not raw.strip():
        raise BadRequest(say.BODY_EMPTY)
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise BadRequest(say.BODY_MARK)
    try:
        data: object = orjson.loads(raw)
    except (orjson.JSONDecodeError, RecursionError):
        raise BadRequest(say.BODY_NO_JSON) from None
    texts, is_plain = _walked(data, depth)
    # every text stands between two quotes; a member that stood twice is in `data` once
    quotes = (_ESCAPED.sub(b"", raw) if b"\\" in raw else raw).count(b'"')
    if not is_plain or quotes != 2 * texts:
        _check_tokens(raw, depth)
    if quotes != 2 * texts:
        raise BadRequest(say.MEMBER_TWICE, code="duplicate_member")
    return data if is_plain else _with_whole_numbers(data)


def _with_whole_numbers(data: object) -> object:
    """The same value (JSON Schema 2020-12, 6.1.1): `179.0` is an integer."""
    if isinstance(data, float) and data.is_integer():
        return int(data)
    if isinstance(data, dict):
        return {name: _with_whole_numbers(one) for name, one in data.items()}
    return [_with_whole_numbers(one) for one in data] if isinstance(data, list) else data


def _walked(data: object, depth: int) -> tuple[int, bool]:
    """How many texts stand in it, names of members too; whether nothing is too deep, and numbers whole and small."""
    texts, is_plain, level = 0, True, [data]
    while level:
        below: list[object] = []
        for one in level:
            if isinstance(one, str):
                texts += 1
            elif isinstance(one, dict):
                is_plain &= depth > 0
                texts += len(one)
                below += one.values()
            elif isinstance(one, list):
                is_plain &= depth > 0
                below += one
            elif one is not None:
                is_plain &= isinstance(one, int) and -_LARGEST <= one <= _LARGEST
        level, depth = below, depth - 1
    return texts, is_plain


def _check_tokens(raw: bytes, depth: int) -> None:
    """Refuses depth and numbers. `raw` is valid JSON already."""
    level = 0
    for opened, closed, number in _TOKEN.findall(raw):
        if opened:
            level += 1
            if level > depth:
                raise BadRequest(say.BODY_TOO_DEEP(depth=depth))
        elif closed:
            level -= 1
        elif number:
            _check_number(number)


def _check_number(text: bytes) -> None:
    if len(text) > _LONGEST_NUMBER:
        raise BadRequest(say.NUMBER_TOO_LONG)
    value = float(text)
    if not math.isfinite(value) or abs(value) > _LARGEST:
        raise BadRequest(say.NUMBER_TOO_LARGE)
