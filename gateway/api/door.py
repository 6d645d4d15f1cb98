"""The socket side of the door: what happens before a request exists (RFC 9112).

Cuts clients that are slow with their headers, holds a cap on connections,
and answers what cannot be parsed with a problem body instead of the server's own page.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_server import Server

from gateway.api.problems import NotHttp, problem
from gateway.api.request import Request
from gateway.domain.errors import GatewayError, Overloaded
from gateway.domain.identifiers import new_exchange_id
from gateway.settings import DoorLimits, address_of

#: between two looks whether a dispatcher has ended its last request
_LEAVING_SECONDS = 0.1
_LINGERING_SECONDS = 2
_MOST_FIELDS = 64


class Answering(Protocol):
    """Answers requests."""

    under_way: int

    def dispatch(self, request: Any, /) -> Awaitable[Any]:  # noqa: ANN401 -- of the type that the runner makes
        """The response to one request."""
        ...


class DoorProtocol(RequestHandler):
    """One connection. A request head must be complete within `header_seconds` of its first byte."""

    __slots__ = ("_door", "_head_timer", "_seconds", "_write_timer", "address")

    def __init__(self, manager: "DoorServer", **kwargs: Any) -> None:  # noqa: ANN401 -- aiohttp's own
        """`manager` counts the connections."""
        super().__init__(manager, **kwargs)
        self._door = manager
        self._seconds = manager.limits.header_seconds
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        #: where the connection came in, as a URL
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuse at the cap; else the clock for the first head starts now."""
        super().connection_made(transport)
        self.address = _address(transport)
        if len(self._door.connections) > self._door.limits.connections:
            self._refuse()
            return
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        """Bytes of a head that is not complete keep the clock running; a complete one stops it."""
        super().data_received(data)
        if self._messages or self._request_in_progress:
            self._stop_timer()
        elif self._head_timer is None:
            self._start_timer()

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002 -- aiohttp's own
        """Aiohttp asks after every piece of a body that was read; mostly nothing was paused."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def pause_writing(self) -> None:
        """The client does not read: it has as long as for a body, then it is cut."""
        super().pause_writing()
        self._stop_writing_timer()
        seconds = self._door.limits.body_seconds
        self._write_timer = asyncio.get_running_loop().call_later(seconds, self._not_read)

    def resume_writing(self) -> None:
        """The client reads again."""
        super().resume_writing()
        self._stop_writing_timer()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Nothing is left to time."""
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
        """A problem body for what the HTTP parser refused; its text could quote the request, so it is dropped."""
        del request, exc, message
        answer = problem(NotHttp() if status < 500 else GatewayError(), new_exchange_id())
        answer.keep_alive = False
        return answer

    def log_exception(self, *_args: object, **_kwargs: object) -> None:
        """A traceback could carry values; the canonical log line says what happened."""

    def _start_timer(self) -> None:
        self._head_timer = asyncio.get_running_loop().call_later(self._seconds, self._too_slow)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_writing_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _not_read(self) -> None:
        self._write_timer = None
        if self.transport is not None:
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

    def __call__(self) -> RequestHandler:
        """A new connection."""
        return DoorProtocol(self, loop=self._loop, **self._kwargs)


class DoorRunner(web.BaseRunner):
    """Serves a dispatcher on connections that are timed and capped; another can be put in its place meanwhile.

    A request is answered by the dispatcher that it met.
    """

    __slots__ = ("_current", "_limits", "_request_type")

    def __init__(
        self, dispatcher: Answering, limits: DoorLimits, *, drain_seconds: float = 11,
        request_type: Callable[..., web.BaseRequest] = Request,
    ) -> None:  # fmt: skip
        """`drain_seconds`: how long requests may go on once shutdown begins; aiohttp waits twice at most.

        `request_type` makes what `dispatcher` takes, as aiohttp's server does.
        """
        super().__init__(shutdown_timeout=drain_seconds)
        self._limits = limits
        self._current = dispatcher
        self._request_type = request_type

    def serve(self, dispatcher: Answering) -> Answering:
        """From now on `dispatcher` answers new requests; gives the one before it."""
        former, self._current = self._current, dispatcher
        return former

    async def left(self, dispatcher: Answering) -> None:
        """Wait until a dispatcher that is served no more has no request under way."""
        while dispatcher.under_way:  # noqa: ASYNC110 -- an event would cost every request, a reload is rare
            await asyncio.sleep(_LEAVING_SECONDS)

    async def shutdown(self) -> None:
        """Nothing happens before connections are closed."""

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
        """What the dispatcher uses is closed where it was opened."""


def _address(transport: asyncio.BaseTransport) -> str:
    """What the client writes in `Host` is its own word, so this says where the connection came in."""
    host, port, *_ = transport.get_extra_info("sockname")
    scheme = "http" if transport.get_extra_info("ssl_object") is None else "https"
    return address_of(host, port, scheme)
