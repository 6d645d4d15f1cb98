"""Connecting to one provider: name look-up, TCP, TLS; looked-up addresses are remembered for a minute.

Promises: an address that does not answer is passed over while there are others. The caller sets the limit of time.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

_DNS_SECONDS = 60.0
_NEXT_ADDRESS_SECONDS = 0.25
_PORTS = {"http": 80, "https": 443}

_Made = TypeVar("_Made", bound=asyncio.Protocol)


class Dialer:
    """One `http` or `https` origin."""

    def __init__(self, url: str, tls: ssl.SSLContext | None) -> None:
        """ValueError when `url` cannot be called; `tls` is used for `https` only, None: the system's trust."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None or parts.fragment:
            raise ValueError("not an address")
        name = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode("ascii")
        shown = f"[{name}]" if ":" in name else name
        usual = _PORTS[parts.scheme]
        self.path = parts.path + (f"?{parts.query}" if parts.query else "")
        self.authority = shown if parts.port in {None, usual} else f"{shown}:{parts.port}"
        self._name, self._port = name, parts.port or usual
        self._tls: ssl.SSLContext | bool | None = (tls or True) if parts.scheme == "https" else None
        self._addresses: list[tuple[int, tuple[object, ...]]] = []
        self._known_until = 0.0

    async def connect(self, protocol: Callable[[], _Made]) -> _Made:
        """A new connection; OSError (ssl.SSLError among them) when there is none."""
        loop = asyncio.get_running_loop()
        sock = await self._reach(loop)
        name = self._name if self._tls else None
        _, made = await loop.create_connection(protocol, sock=sock, ssl=self._tls, server_hostname=name)
        return made

    async def _reach(self, loop: asyncio.AbstractEventLoop) -> socket.socket:
        addresses = await self._looked_up(loop)
        failure = OSError()
        for number, (family, address) in enumerate(addresses, 1):
            sock = socket.socket(family, socket.SOCK_STREAM)
            sock.setblocking(False)
            try:
                async with asyncio.timeout(None if number == len(addresses) else _NEXT_ADDRESS_SECONDS):
                    await loop.sock_connect(sock, address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                sock.close()
                failure = error
            except BaseException:
                sock.close()
                raise
            else:
                return sock
        self._known_until = 0.0
        raise failure

    async def _looked_up(self, loop: asyncio.AbstractEventLoop) -> list[tuple[int, tuple[object, ...]]]:
        if loop.time() >= self._known_until:
            found = await loop.getaddrinfo(self._name, self._port, type=socket.SOCK_STREAM)
            self._addresses = [(family, address) for family, *_, address in found]
            self._known_until = loop.time() + _DNS_SECONDS
        return self._addresses
