"""Bodies of HTTP answers: read up to a limit, decompressed within it, and judged (RFC 9110).

A page for people, an empty body or a 204 is never an answer about a person.
"""

import math
import zlib
from datetime import UTC
from email.utils import parsedate_to_datetime

import aiohttp

from adapters.transport.faults import from_status, invalid
from gateway.ports import Clock

_LONGEST_RETRY_AFTER = 3_600
_FIRST_ERROR = 400
_NO_CONTENT = frozenset({204, 205, 206})
#: zlib window: 32 + 15 accepts gzip and zlib headers, -15 is a bare deflate stream
_ANY_HEADER, _NO_HEADER = 47, -15
_DEFLATE_METHOD = 8


async def read_body(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The whole body; ProviderError(INVALID) when it is longer than `limit` bytes or not decodable."""
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    length = response.content_length
    if length is not None and length > limit:
        response.close()
        raise invalid(response.status)
    if coding in {"identity", ""}:
        return await response.read() if length is not None else await _read_open(response, limit)
    if coding not in {"gzip", "x-gzip", "deflate"}:
        response.close()
        raise invalid(response.status)
    return await _read_compressed(response, limit, bare_allowed=coding == "deflate")


async def _read_open(response: aiohttp.ClientResponse, limit: int) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limit:
            response.close()
            raise invalid(response.status)
    return bytes(body)


async def _read_compressed(response: aiohttp.ClientResponse, limit: int, *, bare_allowed: bool) -> bytes:
    body = bytearray()
    inflate = None
    try:
        async for chunk in response.content.iter_any():
            if inflate is None:
                bare = bare_allowed and chunk[0] & 0x0F != _DEFLATE_METHOD
                inflate = zlib.decompressobj(_NO_HEADER if bare else _ANY_HEADER)
            body += inflate.decompress(chunk, limit + 1 - len(body))
            if len(body) > limit or inflate.unused_data:
                raise invalid(response.status)
        if inflate is not None and not inflate.eof:
            raise invalid(response.status)
    except zlib.error:
        raise invalid(response.status) from None
    finally:
        if not response.content.at_eof():
            response.close()
    return bytes(body)


def check_answer(
    status: int, content_type: str, body: bytes, *, accepted: bool, retry_in: int | None
) -> None:
    """ProviderError unless this is a success with a body, or an `accepted` status with one."""
    if status >= _FIRST_ERROR:
        if not accepted or not body.strip() or _is_page(content_type, body):
            raise from_status(status, body, retry_in)
    elif status // 100 != 2 or status in _NO_CONTENT:
        raise from_status(status)
    elif not body or body.isspace() or _is_page(content_type, body):
        raise invalid(status)


def _is_page(content_type: str, body: bytes) -> bool:
    if content_type[:9].lower() == "text/html":
        return True
    head = body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower()
    return head.startswith((b"<!doctype html", b"<html"))


def retry_after(value: str | None, clock: Clock) -> int | None:
    """Seconds that a Retry-After asks for (number or HTTP date), within sensible bounds; None without one."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        seconds = int(text[:6])
    else:
        try:
            when = parsedate_to_datetime(text)
        except ValueError:
            return None
        aware = when if when.tzinfo else when.replace(tzinfo=UTC)
        seconds = math.ceil((aware - clock.now()).total_seconds())
    return min(max(seconds, 1), _LONGEST_RETRY_AFTER)
