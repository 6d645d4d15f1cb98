"""Downloads by URL, piece by piece, from allowed origins only: a URL in a message leads nowhere else (SSRF).

Reasons of DownloadFailed: url, origin, address, unreachable, timeout, status, encoding, too_large.
Promises: no redirects, no proxies, no cookies, no decompression; a name is looked up once and every address of it must
be public, or inside a network that is configured; at most so many bytes in so many seconds. A fault is a code.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from gateway.domain.errors import DownloadFailed

_PIECE = 65_536
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Downloads:
    """Downloads from some origins."""

    def __init__(
        self, origins: Sequence[str], private: Sequence[str] = (), *, most_bytes: int, seconds: float,
        tls: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        """`origins`: `https://host[:port]`; `private`: networks whose addresses may be called although not public.

        Raises ValueError for an origin that is none.
        """
        self._origins = frozenset(map(_origin, origins))
        self._private = tuple(map(ip_network, private))
        self._most = most_bytes
        self._timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=min(seconds, 5))
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def open(
        self, url: str, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The content, in pieces, which may raise as well. Raises DownloadFailed."""
        self._check(url)
        if self._session is None:
            self._session = self._opened()
        sent = {"Accept-Encoding": "identity", **(headers or {})}
        try:
            async with self._session.get(url, headers=sent, allow_redirects=False) as answer:
                self._check_answer(answer)
                yield self._pieces(answer)
        except _NotAllowed:
            raise DownloadFailed("address", lasting=True) from None
        except TimeoutError:
            raise DownloadFailed("timeout") from None
        except (aiohttp.ClientError, OSError) as error:
            found = error.__cause__ or error.__context__
            if isinstance(found, _NotAllowed):
                raise DownloadFailed("address", lasting=True) from None
            raise DownloadFailed("unreachable") from None

    async def close(self) -> None:
        """Close connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=_GuardedResolver(self._is_allowed), use_dns_cache=False, limit=8, force_close=True,
            ssl=self._tls if self._tls is not None else True,
        )  # fmt: skip
        return aiohttp.ClientSession(
            connector=connector, timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False,
            auto_decompress=False,
        )  # fmt: skip

    def _check(self, url: str) -> None:
        try:
            origin = _origin(url)
            host = urlsplit(url).hostname or ""
        except ValueError:
            raise DownloadFailed("url", lasting=True) from None
        if origin not in self._origins:
            raise DownloadFailed("origin", lasting=True)
        # what is an address already is not looked up
        if _is_address(host) and not self._is_allowed(host):
            raise DownloadFailed("address", lasting=True)

    def _check_answer(self, answer: aiohttp.ClientResponse) -> None:
        if answer.status != 200:
            raise DownloadFailed(
                "status", lasting=answer.status in {400, 401, 403, 404, 410} or answer.status < 400
            )
        if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise DownloadFailed("encoding", lasting=True)
        if (answer.content_length or 0) > self._most:
            raise DownloadFailed("too_large", lasting=True)

    async def _pieces(self, answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        size = 0
        async for piece in answer.content.iter_chunked(_PIECE):
            size += len(piece)
            if size > self._most:
                raise DownloadFailed("too_large", lasting=True)
            yield piece

    def _is_allowed(self, address: str) -> bool:
        found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return (found.is_global and not found.is_multicast) or any(found in one for one in self._private)


class _NotAllowed(OSError):
    """A name leads to an address that may not be called."""


class _GuardedResolver(AbstractResolver):
    """Looks names up; one address that may not be called spoils the name."""

    def __init__(self, is_allowed: Any) -> None:  # noqa: ANN401 -- a method of Downloads
        self._is_allowed = is_allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        addresses = [(kind, protocol, str(where[0])) for kind, _, protocol, _, where in found]
        if not all(self._is_allowed(address) for _, _, address in addresses):
            raise _NotAllowed
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=protocol, flags=0)
            for kind, protocol, address in addresses
        ]

    async def close(self) -> None:
        """Nothing is open."""


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port. Raises ValueError for a URL with a user, without a host, or of another scheme."""
    parts = urlsplit(url)
    if (
        parts.scheme not in _DEFAULT_PORTS
        or not parts.hostname
        or "@" in parts.netloc
        or not url.isprintable()
    ):
        raise ValueError("no origin")
    return parts.scheme, parts.hostname.lower(), parts.port or _DEFAULT_PORTS[parts.scheme]


def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
