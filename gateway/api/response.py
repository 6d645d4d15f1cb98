"""Responses (RFC 9110, RFC 9112): a whole response in one write, or a stream of pieces.

Every response has the security headers and the id of its exchange; a response may replace them.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus

import orjson
from aiohttp import hdrs, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.helpers import rfc822_formatted_time

from gateway.api.request import Request

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Server": "motlan",
}
#: of a body that is compressed
GZIPPED = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
JSON = "application/json"
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
#: a body from this size on is sent separately from its head
_LARGE = 16_384
#: characters that could end a header line
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Response:
    """A whole response. aiohttp's `RequestHandler` sends it by `prepare` and `write_eof`, and reads `keep_alive`."""

    __slots__ = ("_protocol", "body", "content_type", "cookies", "headers", "keep_alive", "status")

    def __init__(
        self,
        body: bytes,
        content_type: str = JSON,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`headers` are added to the security headers, or replace them."""
        self.status = status
        self.body = body
        self.content_type = content_type
        self.headers: dict[str, str] = {} if headers is None else dict(headers)
        #: headers Set-Cookie, of values that the gateway made
        self.cookies: tuple[tuple[str, str], ...] = ()
        #: None: as the request asks
        self.keep_alive: bool | None = None
        self._protocol: BaseProtocol | None = None

    async def prepare(self, request: web.BaseRequest) -> None:
        """Send it, to HEAD without its body. Raises ConnectionError if the client is gone."""
        headers = self.headers
        version = (1, 0) if request.version == (1, 0) else (1, 1)
        if _CONTROLS.search("".join(headers.values())):
            raise ValueError("a header has a control character")
        if self.keep_alive is None:
            # the parser takes what follows a request with Upgrade for another protocol: it must come again
            self.keep_alive = request.keep_alive and hdrs.UPGRADE not in request.headers
        head = (
            f"HTTP/{version[0]}.{version[1]} {self.status} {_PHRASES[self.status]}\r\n"
            f"Content-Type: {self.content_type}\r\nContent-Length: {len(self.body)}\r\n"
            f"Date: {rfc822_formatted_time()}\r\n"
        )
        for name, value in (*{**HEADERS, **headers}.items(), *self.cookies):
            head += f"{name}: {value}\r\n"
        if self.keep_alive and version == (1, 0):
            head += "Connection: keep-alive\r\n"
        elif not self.keep_alive and version == (1, 1):
            head += "Connection: close\r\n"
        sent = (head + "\r\n").encode()
        transport = request.protocol.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client is gone")
        body = b"" if request.method == hdrs.METH_HEAD else self.body
        if len(body) > _LARGE:
            # Not put together: a document that many ask for, and do not read, is in memory once.
            transport.writelines((sent, body))
        else:
            transport.write(sent + body)
        self._protocol = request.protocol

    async def write_eof(self) -> None:
        """Wait until a client that reads slowly has read enough."""
        if self._protocol is not None and self._protocol.writing_paused:
            await self._protocol._drain_helper()  # noqa: SLF001 -- as aiohttp's writer does


def takes_gzip(request: Request) -> bool:
    """Whether the client takes a compressed body. Only for what holds no secret beside foreign text (BREACH)."""
    accepted = request.headers.get("Accept-Encoding", "").replace(" ", "").lower().split(",")
    return "gzip" in accepted


def answer(body: object, status: int = 200) -> Response:
    """A JSON answer, of plain data or of ready bytes."""
    return Response(body if isinstance(body, bytes) else orjson.dumps(body), status=status)


async def begin_stream(request: Request, content_type: str, **headers: str) -> web.StreamResponse:
    """A response whose pieces follow; its head leaves now."""
    fields = {**HEADERS, "Content-Type": content_type, "X-Exchange-Id": request.exchange, **headers}
    if request.nonce:
        fields["DPoP-Nonce"] = request.nonce
    stream = web.StreamResponse(headers=fields)
    await stream.prepare(request)
    return stream
