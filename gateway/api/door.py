"""The socket side of the door: what happens before a request exists (RFC 9112).

Cuts clients that are slow with their headers, holds a cap on connections,
and answers what cannot be parsed with a problem body instead of the server's own page.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_server import Server

from gateway.api.middleware import HEADERS
from gateway.api.problems import problem
from gateway.domain.errors import BadRequest, GatewayError, Overloaded
from gateway.domain.identifiers import new_exchange_id
from gateway.settings import DoorLimits

#: between two looks whether an application was left
_LEAVING_SECONDS = 0.1


class DoorProtocol(RequestHandler):
    """One connection. A request head must be complete within `header_seconds` of its first byte."""

    __slots__ = ("_door", "_head_timer", "_seconds", "_write_timer")

    def __init__(self, manager: "DoorServer", **kwargs: Any) -> None:  # noqa: ANN401 -- aiohttp's own
        """`manager` counts the connections."""
        super().__init__(manager, **kwargs)
        self._door = manager
        self._seconds = manager.limits.header_seconds
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuse at the cap; else the clock for the first head starts now."""
        super().connection_made(transport)
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

    def pause_writing(self) -> None:
        """The client does not read: he gets as long as for a body, then he is cut."""
        super().pause_writing()
        self._stop_writing_timer()
        seconds = self._door.limits.body_seconds
        self._write_timer = asyncio.get_running_loop().call_later(seconds, self._not_read)

    def resume_writing(self) -> None:
        """He reads on."""
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
    ) -> web.StreamResponse:
        """A problem body for what the HTTP parser refused; its text could quote the request, so it is dropped."""
        del request, exc, message
        error = BadRequest("the request is not valid HTTP") if status < 500 else GatewayError()
        answer = problem(error, new_exchange_id())
        answer.headers.update(HEADERS)
        answer.headers["Server"] = "motlan"
        answer.force_close()
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
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()

    def _too_slow(self) -> None:
        self._head_timer = None
        if not self._messages and not self._request_in_progress:
            self.force_close()

    def _refuse(self) -> None:
        answer = problem(Overloaded(retry_after=1), new_exchange_id())
        assert isinstance(answer.body, bytes)
        head = (
            f"HTTP/1.1 503 Service Unavailable\r\nContent-Length: {len(answer.body)}\r\nConnection: close\r\n"
        )
        lines = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
        if isinstance(self.transport, asyncio.Transport):
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


class DoorRunner(web.AppRunner):
    """An `AppRunner` whose connections are timed and capped, and whose application can be put in another's place.

    A request is answered to its end by the application that it met.
    """

    __slots__ = ("_closing", "_current", "_inside", "_limits")

    def __init__(
        self, app: web.Application, limits: DoorLimits, *, drain_seconds: float = 11,
        closing: Callable[[], Awaitable[None]] | None = None,
    ) -> None:  # fmt: skip
        """`closing` runs when nobody is served any more, before `app` is cleaned up.

        `drain_seconds`: how long requests may go on once shutdown begins; aiohttp waits twice at most.
        """
        super().__init__(
            app,
            access_log=None,
            keepalive_timeout=limits.idle_seconds,
            lingering_time=2,
            auto_decompress=False,
            shutdown_timeout=drain_seconds,
            max_headers=64,
            handler_cancellation=True,
        )
        self._limits = limits
        self._closing = closing
        self._current = app
        #: requests under way in each application
        self._inside: Counter[web.Application] = Counter()

    def serve(self, app: web.Application) -> web.Application:
        """From now on new requests go to `app`, which was started; gives the one before it."""
        former, self._current = self._current, app
        return former

    async def left(self, app: web.Application) -> None:
        """Wait until an application that is served no more has no request under way."""
        while self._inside[app]:  # noqa: ASYNC110 -- an event would cost every request, a reload is rare
            await asyncio.sleep(_LEAVING_SECONDS)
        del self._inside[app]

    async def _enter(self, request: web.Request) -> web.StreamResponse:
        app = self._current
        self._inside[app] += 1
        try:
            return await app._handle(request)  # noqa: SLF001 -- the application's entry
        finally:
            self._inside[app] -= 1

    async def _cleanup_server(self) -> None:
        if self._closing is not None:
            await self._closing()
        await super()._cleanup_server()

    async def _make_server(self) -> Server:
        app = self.app
        app._set_loop(asyncio.get_running_loop())  # noqa: SLF001 -- as AppRunner does
        app.on_startup.freeze()
        await app.startup()
        app.freeze()
        make: Any = app._make_handler(loop=asyncio.get_running_loop(), **self._kwargs)  # noqa: SLF001
        kwargs = make._kwargs  # noqa: SLF001 -- the settings that the application added
        return DoorServer(
            self._enter,
            request_factory=make.request_factory,
            handler_cancellation=make.handler_cancellation,
            loop=asyncio.get_running_loop(),
            limits=self._limits,
            **kwargs,
        )
