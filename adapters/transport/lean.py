"""A lean client of one provider over HTTP/1.1 (RFC 9110, 9112): bytes out, one complete answer back.

Promises: no more connections than calls at a time, idle ones are kept for seconds only;
no redirects, cookies, proxies, upgrades or repetition.
Refuses to write a request whose words could be taken for other lines of it.
"""

import asyncio
import re
import ssl
from collections.abc import Mapping
from typing import Final

from adapters.transport.connection import AnswerListener, Connection, HttpAnswer, Unreached
from adapters.transport.dial import Dialer
from adapters.transport.faults import of_connecting, of_tls, refused_here, timed_out, unreachable
from gateway.domain.fault_codes import FaultCode

#: shorter than what common servers keep an idle connection, so that a reused one is rarely dead
_KEEP_ALIVE_SECONDS = 4.0
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_BODIED: Final = frozenset({"POST", "PUT", "PATCH"})
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: words that frame a message, and those that are written here
FRAMING: Final = frozenset(
    "host connection content-length transfer-encoding te trailer upgrade expect accept-encoding user-agent".split()
)


class LeanHttpClient:
    """One provider's connections. The caller limits how many calls there are at a time."""

    def __init__(
        self, url: str, *, tls: ssl.SSLContext | None, connect_seconds: float, answer_bytes: int
    ) -> None:
        """Every path is appended to `url`. Raises ValueError if that cannot be called."""
        self._dialer = Dialer(url, tls)
        self._connect_seconds = connect_seconds
        self._limit = answer_bytes
        self._base = self._dialer.path
        fixed = "User-Agent: motlan\r\nAccept-Encoding: identity\r\n"
        self._start = f" HTTP/1.1\r\nHost: {self._dialer.authority}\r\n{fixed}"
        #: names of headers that are known to stay within their lines
        self._names: set[str] = set()
        self._open: set[Connection] = set()
        #: oldest first
        self._idle: list[Connection] = []
        self._connecting: set[asyncio.Task[None]] = set()
        self._sweeping = False
        self._closed = False

    async def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, end: float
    ) -> HttpAnswer:
        """The answer; Broken or ProviderError when there is none by `end` (loop's clock)."""
        data = self.written(method, path, headers, body)
        waiting = _AwaitedExchange(data, is_head=method == "HEAD")
        if (connection := self.idle(asyncio.get_running_loop().time())) is None:
            waiting.carrier = self.connect(waiting)
        else:
            waiting.connected(connection)
        try:
            async with asyncio.timeout_at(end):
                return await waiting.answer
        except TimeoutError:
            raise timed_out() from None
        finally:
            if not waiting.heard:
                waiting.carrier.cancel()

    def written(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        """The bytes of a request. Raises ProviderError(REFUSED) if a word would not stay within its place."""
        target = self._base + path
        if target[:1] != "/":
            target = "/" + target
        lines = ""
        for name, value in headers.items():
            lines += f"{name}: {value}\r\n"
        if not self._names.issuperset(headers):
            self._learn(headers)
        count = len(headers)
        if lines.count("\r") != count or lines.count("\n") != count or "\0" in lines:
            raise refused_here()
        if method not in _METHODS or not target.isascii() or not target.isprintable() or " " in target:
            raise refused_here()
        if body is None:
            ending = "Content-Length: 0\r\n\r\n" if method in _BODIED else "\r\n"
            return f"{method} {target}{self._start}{lines}{ending}".encode()
        return f"{method} {target}{self._start}{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def _learn(self, names: Mapping[str, str]) -> None:
        for name in names:
            if not _NAME.fullmatch(name) or name.lower() in FRAMING:
                raise refused_here()
        self._names.update(names)

    def idle(self, now: float) -> Connection | None:
        """The newest connection that is free `now` (loop's clock); ProviderError after `close`."""
        if not self._idle:
            if self._closed:
                raise unreachable(FaultCode.CLOSING)
            return None
        connection = self._idle.pop()
        if now - connection.since <= _KEEP_ALIVE_SECONDS:
            return connection
        # the newest is too old, so are the others
        for old in (connection, *self._idle):
            old.cancel()
        self._idle.clear()
        return None

    def connect(self, listener: AnswerListener) -> "asyncio.Task[None]":
        """Connect for a listener, which hears of the outcome; the task may be cancelled."""

        def ended(task: "asyncio.Task[None]") -> None:
            self._connecting.discard(task)
            if task.cancelled():
                listener.failed(unreachable(FaultCode.CLOSING))

        task = asyncio.get_running_loop().create_task(self._connect(listener))
        self._connecting.add(task)
        task.add_done_callback(ended)
        return task

    @property
    def late(self) -> FaultCode:
        """Why there is no connection in time."""
        return FaultCode.CONNECT_TIMEOUT if self._dialer.is_located else FaultCode.NAME_NOT_FOUND

    async def _connect(self, listener: AnswerListener) -> None:
        try:
            async with asyncio.timeout(self._connect_seconds):
                connection = await self._dialer.connect(lambda: Connection(self, self._limit))
        except TimeoutError:
            listener.failed(unreachable(self.late, everybody=True))
        except ssl.SSLError as error:
            listener.failed(unreachable(of_tls(error), everybody=True))
        except OSError as error:
            listener.failed(Unreached(of_connecting(error)))
        except Exception as error:  # noqa: BLE001 -- a defect is for the listener, not for the loop
            listener.failed(error)
        else:
            self._open.add(connection)
            listener.connected(connection)

    async def close(self) -> None:
        """Cut all connections; there may be no requests afterwards."""
        self._closed = True
        for task in tuple(self._connecting):
            task.cancel()
        for connection in tuple(self._open):
            connection.abort()
        # transports and tasks report their end in the next turn of the loop
        await asyncio.sleep(0)

    def keep(self, connection: Connection) -> None:
        """An exchange is over and its connection is sound."""
        self._idle.append(connection)
        if not self._sweeping:
            self._sweeping = True
            asyncio.get_running_loop().call_later(_KEEP_ALIVE_SECONDS, self._sweep)

    def forget(self, connection: Connection, *, gone: bool = False) -> None:
        """A connection is ending (or is `gone`): no listener may get it."""
        if connection in self._idle:
            self._idle.remove(connection)
        if gone:
            self._open.discard(connection)

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        oldest = loop.time() - _KEEP_ALIVE_SECONDS + 0.01
        while self._idle and self._idle[0].since <= oldest:
            self._idle.pop(0).cancel()
        self._sweeping = bool(self._idle)
        if self._sweeping:
            loop.call_at(self._idle[0].since + _KEEP_ALIVE_SECONDS, self._sweep)


class _AwaitedExchange:
    """An exchange whose answer is awaited."""

    #: what is cut when it is awaited no more
    carrier: Connection | asyncio.Task[None]

    def __init__(self, data: bytes, *, is_head: bool) -> None:
        self.answer: asyncio.Future[HttpAnswer] = asyncio.get_running_loop().create_future()
        self.heard = False
        self._data = data
        self._is_head = is_head

    def connected(self, connection: Connection) -> None:
        self.carrier = connection
        connection.send(self._data, self, is_head=self._is_head)

    def answered(self, answer: HttpAnswer, now: float) -> None:
        del now
        self.heard = True
        if not self.answer.done():
            self.answer.set_result(answer)

    def failed(self, error: Exception) -> None:
        self.heard = True
        if not self.answer.done():
            self.answer.set_exception(error)
