"""The connections of the API, before a request exists (RFC 9112).

Cuts clients that send headers slowly or do not read, limits connections and unread bytes, and answers
unparsable requests with a problem body instead of the server's own page.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, cast

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_server import Server

from gateway.api.problems import NotHttp, problem
from gateway.api.request import Request
from gateway.config.gateway import DoorLimits, address_of
from gateway.domain.errors import GatewayError, Overloaded
from gateway.domain.identifiers import new_exchange_id

#: pause between checks whether a dispatcher has running requests
_LEAVING_SECONDS = 0.1
_LINGERING_SECONDS = 2
_MOST_FIELDS = 64
#: SO_LINGER: a closed socket drops its unsent bytes
_AT_ONCE = struct.pack("ii", 1, 0)
#: bytes that a client must read per second, on average
_LEAST_RATE = 32_768


class RequestDispatcher(Protocol):
    """Answers requests."""

    under_way: int

    def dispatch(self, request: Any, /) -> Awaitable[Any]:  # noqa: ANN401 -- of the type that the runner makes
        """The response to one request."""
        ...


class DoorProtocol(RequestHandler):
    """One connection. A request head must be complete within `header_seconds` of its first byte."""

    __slots__ = ("_door", "_head_timer", "_patience", "_seconds", "_unread", "_write_timer", "address")

    def __init__(self, manager: "DoorServer", **kwargs: Any) -> None:  # noqa: ANN401 -- aiohttp's own
        """`manager` counts the connections."""
        super().__init__(manager, **kwargs)
        self._door = manager
        self._seconds = manager.limits.header_seconds
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        #: seconds that the client may still take; reading adds to them
        self._patience = manager.limits.unread_seconds
        #: (since when, how many) bytes are unread
        self._unread = (0.0, 0)
        #: local address of the connection, as a URL
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuse at the limit; else start the timer of the first head."""
        super().connection_made(transport)
        self.address = _address(transport)
        # Bytes that the system does not take at once are unread: they are counted and timed.
        cast("asyncio.Transport", transport).set_write_buffer_limits(high=1, low=0)
        if len(self._door.connections) > self._door.limits.connections:
            self._refuse()
            return
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        """An incomplete head keeps the timer running; a complete one stops it."""
        super().data_received(data)
        if self._messages or self._request_in_progress:
            self._stop_timer()
        elif self._head_timer is None:
            self._start_timer()

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002 -- aiohttp's own
        """Called by aiohttp after each piece of a body; usually nothing was paused."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def pause_writing(self) -> None:
        """The client does not read: cut it after its time, or when all clients have too many unread bytes."""
        super().pause_writing()
        self._stop_writing_timer()
        if self.transport is None:
            return
        loop = asyncio.get_running_loop()
        self._unread = (loop.time(), self.transport.get_write_buffer_size())
        self._write_timer = loop.call_later(self._patience, self.cut)
        self._door.hold(self, self._unread[1])

    def resume_writing(self) -> None:
        """The client has read everything: stop its timer, and add time for the bytes that it read."""
        super().resume_writing()
        self._stop_writing_timer()
        since, size = self._unread
        left = self._patience - (asyncio.get_running_loop().time() - since) + size / _LEAST_RATE
        self._patience = max(0.0, min(left, self._door.limits.unread_seconds))

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop the timers."""
        self._stop_timer()
        self._stop_writing_timer()
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> Any:  # noqa: ANN401 -- our response, which aiohttp sends as its own
        """A problem body for a parser error, without the parser's text, which could quote the request."""
        del request, exc, message
        answer = problem(NotHttp() if status < 500 else GatewayError(), new_exchange_id())
        answer.keep_alive = False
        return answer

    def log_exception(self, *_args: object, **_kwargs: object) -> None:
        """Log nothing: a traceback could contain values; the canonical log line has the error."""

    def _start_timer(self) -> None:
        self._head_timer = asyncio.get_running_loop().call_later(self._seconds, self._too_slow)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_writing_timer(self) -> None:
        self._door.release(self)
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def cut(self) -> None:
        """End the connection at once and drop unread bytes, in the system too."""
        self._stop_writing_timer()
        if self.transport is None:
            return
        # Else the system would go on sending what it took, megabytes for each client, long after the connection.
        with contextlib.suppress(OSError):
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()

    def _too_slow(self) -> None:
        self._head_timer = None
        if not self._messages and not self._request_in_progress:
            self.force_close()

    def _refuse(self) -> None:
        answer = problem(Overloaded(retry_after=1), new_exchange_id())
        head = (
            f"HTTP/1.1 503 Service Unavailable\r\nContent-Type: {answer.content_type}\r\n"
            f"Content-Length: {len(answer.body)}\r\nConnection: close\r\n"
        )
        lines = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
        if self.transport is not None:
            self.transport.write((head + lines + "\r\n").encode() + answer.body)
        self.force_close()


class DoorServer(Server):
    """Makes a `DoorProtocol` per connection."""

    def __init__(self, *args: Any, limits: DoorLimits, **kwargs: Any) -> None:  # noqa: ANN401 -- aiohttp's own
        """`limits` as configured."""
        super().__init__(*args, **kwargs)
        self.limits = limits
        #: connection whose client does not read, the longest first -> unread bytes
        self._held: dict[DoorProtocol, int] = {}
        self._held_bytes = 0

    def hold(self, connection: DoorProtocol, size: int) -> None:
        """Note unread bytes of a client; over the limit for all clients, cut the one waiting longest."""
        self._held[connection] = size
        self._held_bytes += size
        while self._held_bytes > self.limits.unread_bytes:
            longest = next(iter(self._held))
            self.release(longest)
            if longest is connection:  # in the middle of its write
                self._loop.call_soon(longest.cut)
            else:
                longest.cut()

    def release(self, connection: DoorProtocol) -> None:
        """The client has no unread bytes."""
        self._held_bytes -= self._held.pop(connection, 0)

    def __call__(self) -> RequestHandler:
        """A new connection."""
        return DoorProtocol(self, loop=self._loop, **self._kwargs)


class DoorRunner(web.BaseRunner):
    """Serves a dispatcher on connections with limits; the dispatcher can be replaced while it runs.

    A request is answered by the dispatcher at its arrival.
    """

    __slots__ = ("_current", "_limits", "_request_type")

    def __init__(
        self, dispatcher: RequestDispatcher, limits: DoorLimits, *, drain_seconds: float = 11,
        request_type: Callable[..., web.BaseRequest] = Request,
    ) -> None:  # fmt: skip
        """`drain_seconds`: how long requests may run after shutdown begins; aiohttp waits twice at most.

        `request_type` makes the requests of `dispatcher`.
        """
        super().__init__(shutdown_timeout=drain_seconds)
        self._limits = limits
        self._current = dispatcher
        self._request_type = request_type

    def serve(self, dispatcher: RequestDispatcher) -> RequestDispatcher:
        """Answer new requests with `dispatcher`; returns the previous one."""
        former, self._current = self._current, dispatcher
        return former

    async def left(self, dispatcher: RequestDispatcher) -> None:
        """Wait until a replaced dispatcher has no running request."""
        while dispatcher.under_way:  # noqa: ASYNC110 -- an event would cost every request, a reload is rare
            await asyncio.sleep(_LEAVING_SECONDS)

    async def shutdown(self) -> None:
        """Do nothing before connections are closed."""

    def _dispatch(self, request: web.BaseRequest) -> Awaitable[Any]:
        return self._current.dispatch(request)

    async def _make_server(self) -> Server:
        return DoorServer(
            self._dispatch,
            request_factory=self._request_type,
            handler_cancellation=True,
            limits=self._limits,
            access_log=None,
            keepalive_timeout=self._limits.idle_seconds,
            lingering_time=_LINGERING_SECONDS,
            auto_decompress=False,
            max_headers=_MOST_FIELDS,
        )

    async def _cleanup_server(self) -> None:
        """Do nothing: the opener closes the dispatcher's resources."""


def _address(transport: asyncio.BaseTransport) -> str:
    """The local address of a connection: the client's `Host` is not trusted."""
    host, port, *_ = transport.get_extra_info("sockname")
    scheme = "http" if transport.get_extra_info("ssl_object") is None else "https"
    return address_of(host, port, scheme)
