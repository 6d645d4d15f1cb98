"""One connection to a provider over HTTP/1.1 (RFC 9110, 9112), with one exchange at a time.

Promises: an answer is complete and within its limits, or it is none; the listener hears of it at once, by a plain call.
A connection that says anything unasked, or more than it was asked, is closed and never used again.
"""

import asyncio
import ssl
from collections.abc import Mapping
from typing import NamedTuple, Protocol, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from adapters.transport.faults import invalid, of_tls, unreachable
from gateway.domain.fault_codes import FaultCode

_HEAD_BYTES, _FIELD_BYTES, _FIELDS = 65_536, 8_190, 128
#: a body in chunks of one byte is six times as long on the line
_CHUNKED_FACTOR = 8


class Broken(Exception):
    """No connection, or one that ended before the answer was complete: a repetition may help."""

    code = FaultCode.CONNECTION_LOST


class Unreached(Broken):
    """No connection could be made."""

    def __init__(self, code: FaultCode) -> None:
        """`code`: why."""
        super().__init__()
        self.code = code


class HttpAnswer(NamedTuple):
    """A complete answer."""

    status: int
    #: names in lower case; values of repeated names are joined by a comma
    fields: Mapping[bytes, bytes]
    body: bytes


class _AnswerRefused(Exception):
    """The answer is not what may be answered; ends the parsing."""


class _AnswerTooLarge(Exception):
    """The answer is over a limit; ends the parsing."""


class AnswerListener(Protocol):
    """Waits for one answer, and hears of it or of its failure, once; no method raises."""

    def connected(self, connection: "Connection") -> None:
        """A new connection, for this listener alone."""

    def answered(self, answer: HttpAnswer, now: float) -> None:
        """The complete answer, at a time of the loop's clock."""

    def failed(self, error: Exception) -> None:
        """Broken or ProviderError: there will be no answer."""


class Pool(Protocol):
    """Holds connections between exchanges."""

    def keep(self, connection: "Connection") -> None:
        """An exchange is over and its connection is sound."""

    def forget(self, connection: "Connection", *, gone: bool = False) -> None:
        """A connection is ending (or is `gone`): no listener may get it."""


class Connection(asyncio.Protocol):
    """One connection: idle, or with one exchange under way. The parser calls the `on_` methods."""

    __slots__ = (
        "_chunks", "_complete", "_fields", "_framed", "_headed", "_is_head", "_limit", "_listener", "_loop", "_parser",
        "_pool", "_received", "_size", "_sound", "_status", "_transport", "since",
    )  # fmt: skip

    _transport: asyncio.Transport

    def __init__(self, pool: Pool, limit: int) -> None:
        """`limit` bounds the body of an answer; `pool` hears when the connection is free, and when it ends."""
        self._pool = pool
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._parser = HttpResponseParser(self)
        self._listener: AnswerListener | None = None
        self._sound = True
        self.since = 0.0

    def send(self, data: bytes, listener: AnswerListener, *, is_head: bool) -> None:
        """Write a request; `listener` hears of its answer, perhaps before this returns."""
        self._listener = listener
        self._fields: dict[bytes, bytes] = {}
        self._chunks: list[bytes] = []
        self._received = self._size = self._status = 0
        self._headed = self._framed = self._complete = False
        self._is_head = is_head
        if self._transport.is_closing():
            self._fail(Broken())
        else:
            self._transport.write(data)

    def cancel(self) -> None:
        """Cut the connection; its answer is not awaited any more."""
        self._listener = None
        self.abort()

    def abort(self) -> None:
        """Cut the connection; its listener hears that it broke."""
        self._sound = False
        self._transport.abort()
        self._fail(Broken())

    # ------------------------------------------------------------ from the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """There is a way to write."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Read on; a server that speaks unasked is cut off."""
        if self._listener is None:
            self._pool.forget(self)
            self._transport.abort()
            return
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._sound = False
            if not self._complete:
                is_large = isinstance(error.__context__, _AnswerTooLarge)
                self._fail(invalid(code=FaultCode.ANSWER_TOO_LARGE if is_large else FaultCode.NOT_HTTP))
                return
        if self._complete:
            self._finish()
            return
        self._received += len(data)
        if self._received > (_CHUNKED_FACTOR * self._limit + _HEAD_BYTES if self._headed else _HEAD_BYTES):
            self._fail(invalid(code=FaultCode.ANSWER_TOO_LARGE))

    def eof_received(self) -> None:
        """The other side will say no more."""
        self._pool.forget(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended, which completes an answer of open length."""
        self._pool.forget(self, gone=True)
        self._sound = False
        if exc is None and self._headed and not self._framed and self._listener is not None:
            self._finish()
        else:
            self._fail(unreachable(of_tls(exc)) if isinstance(exc, ssl.SSLError) else Broken())

    # ------------------------------------------------------------ from the parser

    def on_message_begin(self) -> None:
        """Only one answer is expected."""
        if self._complete:
            raise _AnswerRefused

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field of the head, or of a trailer, which is passed over."""
        if self._headed:
            return
        fields = self._fields
        name = name.lower()
        value = fields[name] + b", " + value if name in fields else value
        if len(value) > _FIELD_BYTES or len(fields) >= _FIELDS:
            raise _AnswerTooLarge
        fields[name] = value

    def on_headers_complete(self) -> None:
        """The head is known: judge how the body is framed."""
        status = self._status = self._parser.get_status_code()
        if status < 200:
            if status == 101:
                raise _AnswerRefused
            return
        self._headed = True
        length, coding = self._fields.get(b"content-length"), self._fields.get(b"transfer-encoding")
        if coding is not None and coding.lower() != b"chunked":
            raise _AnswerRefused
        if length and int(length) > self._limit:
            raise _AnswerTooLarge
        self._framed = length is not None or coding is not None
        if self._is_head:
            self._complete, self._sound = True, False

    def on_body(self, chunk: bytes) -> None:
        """A piece of the body."""
        self._size += len(chunk)
        if self._size > self._limit:
            raise _AnswerTooLarge
        self._chunks.append(chunk)

    def on_message_complete(self) -> None:
        """An answer has ended, unless it only announced another (1xx)."""
        if self._status < 200:
            self._fields.clear()
            return
        self._complete = True
        if not self._parser.should_keep_alive():
            self._sound = False

    # ------------------------------------------------------------ to the listener

    def _finish(self) -> None:
        listener, self._listener = self._listener, None
        assert listener is not None
        chunks = self._chunks
        body = b"" if self._is_head else chunks[0] if len(chunks) == 1 else b"".join(chunks)
        self.since = now = self._loop.time()
        # an answer before the end of the request leaves the rest of it on the line
        if self._sound and not self._transport.get_write_buffer_size():
            self._pool.keep(self)
        else:
            self._transport.close()
        listener.answered(HttpAnswer(self._status, self._fields, body), now)

    def _fail(self, error: Exception) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            self._transport.abort()
            listener.failed(error)
