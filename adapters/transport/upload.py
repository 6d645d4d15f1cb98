"""Uploads of one file as `multipart/form-data` (RFC 7578), piece by piece: a file is never whole in memory.

Promises: no redirects, proxies, cookies or repetition; the answer is cut at its limit; a fault is a `ProviderError`.
"""

import asyncio
import secrets
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

import aiohttp

from adapters.transport.answers import checked
from adapters.transport.connection import HttpAnswer
from adapters.transport.faults import ProviderError, invalid, timed_out, unreachable
from adapters.transport.tools import Tools
from gateway.config.gateway import Limits

_PIECE = 65_536


class SentFile(NamedTuple):
    """One file of a form. `size` in bytes, of all pieces together."""

    field: str
    name: str
    media_type: str
    size: int
    pieces: AsyncIterator[bytes]


class Uploads:
    """Uploads to one address."""

    def __init__(self, url: str, limits: Limits, tools: Tools, tls: ssl.SSLContext | None = None) -> None:
        """Every path is appended to `url`; `tls` None: the system's authorities."""
        self._url = url.rstrip("/")
        self._limits = limits
        self._tools = tools
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def send(self, path: str, headers: Mapping[str, str], file: SentFile, end: float) -> HttpAnswer:
        """The checked answer. Raises ProviderError. `end`: a time of the loop's clock."""
        boundary = secrets.token_hex(16)
        head, tail = _head(file, boundary), f"\r\n--{boundary}--\r\n".encode()
        headers = {
            **headers,
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(head) + file.size + len(tail)),
            "Accept-Encoding": "identity",
        }
        with_limit = self._limits.answer_bytes
        async with self._faults(end):
            session = self._opened()
            posting = session.post(
                self._url + path, data=_body(head, file.pieces, tail), headers=headers, allow_redirects=False
            )
            async with posting as answer:
                body = b""
                async for piece in answer.content.iter_chunked(_PIECE):
                    body += piece
                    if len(body) > with_limit:
                        raise invalid(answer.status)
                fields = {name.lower().encode(): one.encode() for name, one in answer.headers.items()}
                return checked(HttpAnswer(answer.status, fields, body), (), with_limit, self._tools.clock)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._limits.connect_ms / 1_000),
                connector=aiohttp.TCPConnector(ssl=True if self._tls is None else self._tls),
            )
        return self._session

    @asynccontextmanager
    async def _faults(self, end: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout_at(end):
                yield
        except ProviderError:
            raise
        except TimeoutError:
            raise timed_out() from None
        except (aiohttp.ClientError, OSError):
            raise unreachable() from None

    async def close(self) -> None:
        """Close connections."""
        if self._session is not None:
            await self._session.close()


def _head(file: SentFile, boundary: str) -> bytes:
    """The head of the only part; what would end the name is written as browsers do (RFC 7578, 4.2)."""
    name = file.name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    disposition = f'Content-Disposition: form-data; name="{file.field}"; filename="{name}"'
    return f"--{boundary}\r\n{disposition}\r\nContent-Type: {file.media_type}\r\n\r\n".encode()


async def _body(head: bytes, pieces: AsyncIterator[bytes], tail: bytes) -> AsyncIterator[bytes]:
    yield head
    async for piece in pieces:
        yield piece
    yield tail
