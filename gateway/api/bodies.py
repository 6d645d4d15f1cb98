"""Bytes to plain JSON (RFC 8259, I-JSON RFC 7493), strictly: ambiguous JSON is refused.

Refused: another media type, a compressed body, a byte-order mark, text that is not UTF-8, lone surrogates,
duplicate keys, NaN and Infinity, numbers that do not fit, and nesting beyond the limit.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import TypeVar

from aiohttp import StreamReader, web
from pydantic import BaseModel, ValidationError

from gateway.api.problems import TooSlow, WrongMedia, from_validation
from gateway.api.request import Request
from gateway.domain import i_json
from gateway.domain import sentences as say
from gateway.domain.errors import BadRequest, TooLarge
from gateway.domain.i_json import NotIJson
from gateway.domain.problems import ProblemCode

_Model = TypeVar("_Model", bound=BaseModel)
#: or a string, in which there is none
_NUMBER = re.compile(rb'"(?:[^"\\]++|\\.)*+"|(-?[0-9][0-9.eE+\-]*+)', re.DOTALL)
_LARGEST = 2**53
#: of a body; more than the largest dossier has
MOST_VALUES = 20_000
_LONGEST_NUMBER = 32
#: bytes that the sender of a streamed body must send per second, on average
_LEAST_RATE = 32_768


async def read_model(request: Request, model: type[_Model]) -> _Model:
    """The body as `model`. Unprocessable when it is not one, and raises as `read_json_bytes` and `parse`."""
    data = parse(await read_json_bytes(request), request.services.configuration.gateway.limits.json_depth)
    return checked(data, model)


def checked(data: object, model: type[_Model]) -> _Model:
    """Plain JSON as `model`. Raises BadRequest, Unprocessable when it is not one."""
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
    """The whole body, within size and time limits; the declared length only serves to refuse early."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise WrongMedia(say.SEND_UNCOMPRESSED)
    try:
        if request.content.is_eof():  # already complete, as with most requests
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


async def body_pieces(request: web.BaseRequest, largest: int, seconds: float) -> AsyncIterator[bytes]:
    """The body as it comes. A sender that stops for `seconds`, or stays below the least rate, is refused."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise WrongMedia(say.SEND_UNCOMPRESSED)
    if (request.content_length or 0) > largest:
        raise TooLarge(say.AT_MOST_BYTES(largest=largest))
    now, patience = asyncio.get_running_loop().time, seconds
    while True:
        begun = now()
        try:
            async with asyncio.timeout(patience):
                piece = await request.content.readany()
        except TimeoutError:
            raise TooSlow(say.SEND_FASTER(rate=_LEAST_RATE)) from None
        except (web.RequestPayloadError, ValueError):
            raise BadRequest(say.BODY_UNREADABLE) from None
        if not piece:
            return
        patience = min(patience - (now() - begun) + len(piece) / _LEAST_RATE, seconds)
        yield piece


async def _gathered(stream: StreamReader, largest: int) -> bytes:
    """The body, or a little more than `largest` bytes of it."""
    parts = bytearray()
    while len(parts) <= largest and (chunk := await stream.readany()):
        parts += chunk
    return bytes(parts)


def parse(raw: bytes, depth: int, most: int = MOST_VALUES) -> object:
    """The JSON value in `raw`, of at most `most` values. Raises BadRequest, without a quotation."""
    if not raw.strip():
        raise BadRequest(say.BODY_EMPTY)
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise BadRequest(say.BODY_MARK)
    if len(raw) > most and i_json.may_exceed(raw, most):
        raise TooLarge(say.AT_MOST_VALUES(most=most))
    try:
        data, has_floats = i_json.parse(raw, depth, _LARGEST, _LARGEST)
    except NotIJson as error:
        code = ProblemCode.DUPLICATE_MEMBER if error.sentence is say.MEMBER_TWICE else None
        raise BadRequest(error.sentence, code=code) from None
    if not has_floats:
        return data
    if any(len(number) > _LONGEST_NUMBER for number in _NUMBER.findall(raw)):
        raise BadRequest(say.NUMBER_TOO_LONG)
    return _with_whole_numbers(data)


def _with_whole_numbers(data: object) -> object:
    """The same value (JSON Schema 2020-12, 6.1.1): `179.0` is an integer."""
    if isinstance(data, float) and data.is_integer():
        return int(data)
    if isinstance(data, dict):
        return {name: _with_whole_numbers(one) for name, one in data.items()}
    return [_with_whole_numbers(one) for one in data] if isinstance(data, list) else data
