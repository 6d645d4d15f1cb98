"""Connecting to one provider: name look-up, TCP, TLS; looked-up addresses are remembered for a minute.

Promises: an address that does not answer is passed over while there are others. The caller sets the limit of time.
A name server that is silent holds up nobody but those who wait for it: there is one look-up at a time per provider,
in a thread of its own, and addresses that were known stay in use until there are newer ones.
"""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from gateway.domain.errors import ConfigError, Problem

_DNS_SECONDS = 60.0
#: where addresses are known, newer ones are waited for so long, and then not for a while
_REFRESH_SECONDS, _STALE_SECONDS = 0.25, 5.0
_NEXT_ADDRESS_SECONDS = 0.25
_PORTS = {"http": 80, "https": 443}

_Made = TypeVar("_Made", bound=asyncio.Protocol)
_SocketAddress = tuple[int, tuple[Any, ...]]
#: of `socket.getaddrinfo`: host, port, family, kind -> what it gives; OSError; may block for long
LookUp = Callable[[str, int, int, int], Iterable[tuple[Any, ...]]]


class Dialer:
    """One `http` or `https` origin."""

    def __init__(self, url: str, tls: ssl.SSLContext | None, look_up: LookUp | None = None) -> None:
        """ValueError when `url` cannot be called; `tls` is used for `https` only, None: the system's trust.

        `look_up` None: the system's.
        """
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
        self._look_up = look_up
        self._addresses: list[_SocketAddress] = []
        self._known_until = 0.0
        #: the look-up under way, for all who want one
        self._looking: asyncio.Future[None] | None = None

    @property
    def is_located(self) -> bool:
        """Whether an address of its name is known."""
        return bool(self._addresses)

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

    async def _looked_up(self, loop: asyncio.AbstractEventLoop) -> list[_SocketAddress]:
        if loop.time() >= self._known_until:
            looking = self._looking or self._begin(loop)
            await asyncio.wait((looking,), timeout=_REFRESH_SECONDS if self._addresses else None)
            if not self._addresses:
                looking.result()
            self._known_until = max(self._known_until, loop.time() + _STALE_SECONDS)
        return self._addresses

    def _begin(self, loop: asyncio.AbstractEventLoop) -> "asyncio.Future[None]":
        """Look up in a daemon thread: the end of the process does not wait for it."""
        looking = self._looking = loop.create_future()

        def look() -> None:
            found: list[_SocketAddress] | Exception
            try:
                each = (self._look_up or socket.getaddrinfo)(self._name, self._port, 0, socket.SOCK_STREAM)
                found = [(family, address) for family, *_, address in each]
            except Exception as error:  # noqa: BLE001 -- it is for those who wait
                found = error
            # the loop may be gone by now
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._know, loop, looking, found)

        threading.Thread(target=look, name="look-up", daemon=True).start()
        return looking

    def _know(
        self,
        loop: asyncio.AbstractEventLoop,
        looking: "asyncio.Future[None]",
        found: list[_SocketAddress] | Exception,
    ) -> None:
        self._looking = None
        if isinstance(found, Exception):
            looking.set_exception(found)
            looking.exception()  # who waited may be gone
            return
        self._addresses = found
        self._known_until = loop.time() + _DNS_SECONDS
        looking.set_result(None)


def tls_context(source: str, tls: object, root: Path, folder: str = "sources") -> ssl.SSLContext:
    """From `{ca, certificate, key}` (files below `root`, each optional); always verifies the other side.

    `source` names the file below config/`folder` in messages.
    """
    file = f"config/{folder}/{source}.yaml"
    if not isinstance(tls, Mapping) or not set(tls) <= {"ca", "certificate", "key"}:
        raise _config_error(file, "'options.tls' is not understood", "write ca, certificate, key")
    if "key" in tls and "certificate" not in tls:
        raise _config_error(file, "'options.tls' has a key and no certificate", "add 'certificate: <file>'")
    files = {name: str(root / str(path)) for name, path in tls.items()}
    try:
        context = ssl.create_default_context(cafile=files.get("ca"))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if "certificate" in files:
            context.load_cert_chain(files["certificate"], files.get("key"), password=lambda: b"")
    except (OSError, ValueError):
        what, remedy = "the files of 'options.tls' cannot be used", "check that they exist and are PEM"
        raise _config_error(file, what, remedy) from None
    return context


def _config_error(file: str, what: str, remedy: str) -> ConfigError:
    return ConfigError([Problem(file, 0, what, remedy, place=("options", "tls"))])


@cache
def system_trust() -> ssl.SSLContext:
    """The system's authorities, read once: it takes milliseconds."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
