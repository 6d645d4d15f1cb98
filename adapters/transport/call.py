"""One call to a provider over HTTP/1.1 (RFC 9110, 9112), from the question to what its answer says.

Promises: a call lands exactly once, by its absolute end, with what was read or with the fault that says why there is
nothing; it never raises. No redirects, no cookies, no proxies, answers cut at their size limit after decompression,
at most one repetition of a read, and only under the budget. A place that is taken is given back once.
Refuses to know what is asked; a fault has nothing of a body or an address.
"""

import asyncio
import base64
import contextlib
import math
import ssl
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Protocol, Self, TypeVar, cast
from urllib.parse import unquote_plus

from adapters.transport.answers import FIRST_ERROR, checked
from adapters.transport.breaker import Behalf, Guard
from adapters.transport.connection import Broken, Connection, HttpAnswer, Unreached
from adapters.transport.dial import system_trust, tls_context
from adapters.transport.faults import (
    ProviderError,
    busy_here,
    defect_here,
    invalid,
    timed_out,
    token_refused,
    too_late,
    unreachable,
)
from adapters.transport.lean import FRAMING, LeanHttpClient
from adapters.transport.meanings import NO_MEANINGS, Meanings
from adapters.transport.tools import Tools
from gateway.domain.fault_codes import FaultCode
from gateway.domain.reasons import Reason
from gateway.domain.source_trace import MOST_BYTES, SourceTrace, TracedMessage

if TYPE_CHECKING:
    from gateway.config.configuration import SourceSettings
    from gateway.config.gateway import Limits

#: answers above this size are read in a thread, one at a time
LARGE_BYTES = 32_768
#: seconds before a repetition
_JITTER: Final = (0.01, 0.06)
#: so much too early a timer of the loop may ring
_TICK_SECONDS = 0.001

Asked = TypeVar("Asked")
_Asked_contra = TypeVar("_Asked_contra", contravariant=True)
Read = TypeVar("Read")
_CallStep = TypeVar("_CallStep", bound=Callable[..., None])


#: method, target as sent, headers, body -> headers that prove who sends it
Prove = Callable[[str, str, Mapping[str, str], bytes | None], Mapping[str, str]]


class Wire(NamedTuple):
    """One request, as it is sent."""

    method: str
    #: path and query, encoded
    target: str
    headers: Mapping[str, str]
    body: bytes | None
    #: SHA-256 of the body, of the target when there is no body
    digest: bytes = b""
    #: statuses from 400 on whose body is read (a SOAP fault in a 500), and successes whose body does not matter
    accepts: Collection[int] = ()
    #: the body of an error that means `not_found` is read: it may have a record
    reads_absence: bool = False
    #: a read may be sent again when its connection breaks
    repeatable: bool = True


class AnswerReading(NamedTuple, Generic[Read]):
    """What an answer says."""

    value: Read
    #: the provider is in trouble, although it answered
    at_fault: bool = False
    #: it took our token
    accepted: bool = True
    #: it says that our token has expired
    expired: bool = False


class Speech(Protocol[_Asked_contra, Read]):
    """What is said to one provider. All methods may raise ProviderError."""

    def write(self, asked: _Asked_contra) -> Wire:
        """The request."""

    def read(self, asked: _Asked_contra, answer: HttpAnswer) -> AnswerReading[Read]:
        """What a checked answer says; runs in a thread for large ones, and changes nothing."""

    def behalf(self, asked: _Asked_contra) -> Behalf:
        """For whom it is asked."""


class NeedsToken(Protocol):
    """A call that waits for a token."""

    def token_came(self, fault: ProviderError | None = None) -> None:
        """There is a new token, or `fault` says why there is none. Does not raise."""


class Auth(Protocol):
    """What a call needs so that the provider knows us."""

    #: the newest token was refused when it was new
    in_doubt: bool
    #: number of the token in force
    turn: int
    #: end of its use, a time of the loop's clock; infinite where nothing can be renewed
    good_until: float
    #: what the address of each call ends with (`token=…`), encoded; mostly empty. Never log it
    ending: str
    #: more headers of one call, made from all of it; mostly None
    prove: "Prove | None"

    def headers(self) -> Mapping[str, str]:
        """Headers of one call, with the token in force."""

    def renew(self, call: NeedsToken, turn: int) -> None:
        """Get a new token for a call, unless the one of `turn` has been replaced already."""

    async def close(self) -> None:
        """Free what only authentication uses."""


class CallState(StrEnum):
    """What a call waits for."""

    NEW = "new"
    TOKEN = "token"  # noqa: S105 -- a word
    #: its turn in the line
    PLACE = "place"
    #: the next turn of the loop, with a place
    PLACED = "placed"
    CONNECTION = "connection"
    ANSWER = "answer"
    #: the moment of its repetition
    REPETITION = "repetition"
    #: its answer is read in the thread
    THREAD = "thread"
    #: nothing: it has ended
    LANDED = "landed"


#: CPython 3.11 makes a call for each member that is read from the class of an enum
_NEW, _ANSWER, _LANDED = CallState.NEW, CallState.ANSWER, CallState.LANDED


def _step(method: _CallStep) -> _CallStep:
    """Where others call a call: it may have landed before, and whatever is raised ends this call and no other."""

    @wraps(method)
    def step(call: "ProviderCall[Any, Any]", *given: object) -> None:
        if call.state is _LANDED:
            return
        try:
            try:
                method(call, *given)
            except ProviderError as fault:
                call.end_with(fault)
        except Exception as error:  # noqa: BLE001 -- a defect here must not spoil other calls
            call.end_with_defect(error)

    return cast("_CallStep", step)


def secrets_in(value: str) -> Iterator[str]:
    """What proves who asks in the value of a header or of a member of an address, in each form it has there.

    The whole; a token or key without its scheme; the password of Basic; what was encoded for the address.
    """
    yield value
    yield unquote_plus(value)
    scheme, _, proof = value.partition(" ")
    yield proof
    if scheme.lower() == "basic":
        with contextlib.suppress(ValueError):
            yield base64.b64decode(proof).decode("utf-8", "replace").partition(":")[2]


class ProviderCall(Generic[Asked, Read]):
    """One question to one provider. Each method is a step; read them from top to bottom.

    begin, (wait for a token), sign, enter, (wait for a place), admitted, send, (connect), answered,
    (read in the thread), understood, land. Rare turns back: failed → repetition, refused or expired → new token.
    """

    __slots__ = (
        "_auth", "_began", "_data", "_deadline", "_done", "_guard", "_held", "_inside", "_peer", "_probe",
        "_renewed", "_repeated", "_speech", "_turn", "_waited", "_wire", "answer", "asked", "digest", "end", "fault",
        "reading", "sent", "state",
    )  # fmt: skip

    _began: float
    _data: bytes
    _turn: int
    _wire: Wire
    #: of a call that has landed without a fault: what was read, and from which answer
    reading: AnswerReading[Read]
    answer: HttpAnswer

    def __init__(
        self,
        peer: "HttpPeer",
        auth: Auth,
        speech: Speech[Asked, Read],
        asked: Asked,
        deadline: float,
        done: "Callable[[ProviderCall[Asked, Read]], None]",
    ) -> None:
        """`deadline` is a time of the loop's clock. `done` is called once, with this call."""
        self._peer, self._guard, self._auth, self._speech = peer, peer.guard, auth, speech
        self.asked = asked
        self._deadline = self.end = deadline
        self._done = done
        self.state = _NEW
        #: why nothing was read, once it has landed
        self.fault: ProviderError | None = None
        #: of the request, as far as it was written; and whether it was handed to a connection
        self.digest = b""
        self.sent = False
        #: what it waits for, if that can be cancelled
        self._held: Connection | asyncio.Handle | asyncio.Future[Any] | None = None
        #: it has been admitted to a place
        self._inside = False
        self._probe = self._waited = self._repeated = self._renewed = False

    @_step
    def begin(self) -> None:
        """Write the request; get a token first, where one is needed."""
        self._wire = self._speech.write(self.asked)
        self.digest = self._wire.digest
        peer = self._peer
        if not peer.is_open:
            peer.open()
        peer.under_way.add(self)
        now = peer.loop.time()
        if self._deadline <= now:
            raise too_late()
        if now < self._auth.good_until:
            self._sign(now)
        else:
            self._want_token(self._auth.turn)

    def _want_token(self, turn: int) -> None:
        self.state = CallState.TOKEN
        self._until(self._deadline)
        self._auth.renew(self, turn)

    @_step
    def token_came(self, fault: ProviderError | None = None) -> None:
        """A new token is there, or none can be had."""
        if fault is not None:
            raise fault
        self._sign(self._peer.loop.time())

    def _sign(self, now: float) -> None:
        """The bytes of the request, with proof of who we are."""
        wire, auth = self._wire, self._auth
        target = wire.target
        if auth.ending:
            target += ("&" if "?" in target else "?") + auth.ending
        self._turn = auth.turn
        headers = {**wire.headers, **auth.headers()}
        if auth.prove is not None:
            headers |= auth.prove(wire.method, target, headers, wire.body)
        self._data = self._peer.client.written(wire.method, target, headers, wire.body)
        self._enter(now)

    def _enter(self, now: float) -> None:
        """Take a place, or wait in the line of the requester."""
        peer, places = self._peer, self._guard.places
        self.end = min(self._deadline, now + peer.total_seconds)
        if self.end < peer.sweep_at:
            peer.sweep_by(self.end)
        self._waited = places.inside >= places.room
        if self._waited:
            behalf = self._behalf()
            self._guard.check(behalf)
            places.wait(self, behalf.requester)
            self.state = CallState.PLACE
        else:
            places.inside += 1
            self._admitted(now)

    def place_given(self) -> None:
        """Its turn has come. It goes on in the next turn of the loop, not within the call that has ended."""
        self.state = CallState.PLACED
        self._held = self._peer.loop.call_soon(self._placed)

    @_step
    def _placed(self) -> None:
        self._held = None
        self.state = CallState.NEW  # from here on the guard frees the place
        now = self._peer.loop.time()
        # the provider's time begins here: what the wait for a place took is not its fault
        self._until(min(self._deadline, now + self._peer.total_seconds))
        self._admitted(now)

    def _admitted(self, now: float) -> None:
        self._probe = self._guard.admit(self._behalf)
        self._inside = True
        self._repeated = False
        self._began = now
        self._send(self._peer.client.idle(now))

    def _send(self, connection: Connection | None) -> None:
        """Over a connection that is free, or over a new one."""
        if connection is None:
            self.state = CallState.CONNECTION
            self._held = self._peer.client.connect(self)
            return
        self.state = _ANSWER
        self.sent = True
        self._held = connection
        connection.send(self._data, self, is_head=self._wire.method == "HEAD")

    @_step
    def connected(self, connection: Connection) -> None:
        """A new connection is there."""
        self._send(connection)

    @_step
    def failed(self, error: Exception) -> None:
        """There is no answer. A repetition may help a read, after a pause, as seldom as the budget allows."""
        self._held = None
        if not isinstance(error, Broken):
            raise error
        unreached = unreachable(error.code, everybody=isinstance(error, Unreached))
        if self._repeated or self._probe or not self._wire.repeatable or not self._guard.budget.spend():
            raise unreached
        pause = self._peer.tools.rng.uniform(*_JITTER)
        if self._peer.loop.time() + 2 * pause >= self.end:
            raise unreached
        self._repeated = True
        self.state = CallState.REPETITION
        self._held = self._peer.loop.call_later(pause, self._repeat)

    @_step
    def _repeat(self) -> None:
        self._held = None
        self._send(self._peer.client.idle(self._peer.loop.time()))

    @_step
    def answered(self, answer: HttpAnswer, now: float) -> None:
        """A complete answer: judge it, give the place back, read it."""
        self._held = None
        peer = self._peer
        self.answer = answer
        answer = self.answer = checked(
            answer, self._wire.accepts, peer.answer_bytes, peer.tools.clock, peer.meanings,
            reads_absence=self._wire.reads_absence,
        )  # fmt: skip
        self._inside = False
        # an answer with an error status is no measure of how fast the provider is
        seconds = now - self._began if answer.status < FIRST_ERROR else None
        self._guard.leave(seconds, probe=self._probe)
        if len(answer.body) <= LARGE_BYTES:
            self._understood(self._speech.read(self.asked, answer))
            return
        self._until(self._deadline)
        self.state = CallState.THREAD
        reading = self._held = peer.tools.heavy.begin(self._speech.read, self.asked, answer)
        reading.add_done_callback(self._read_in_thread)

    @_step
    def _read_in_thread(self, reading: "asyncio.Future[AnswerReading[Read]]") -> None:
        self._held = None
        self._understood(reading.result())

    def _understood(self, reading: AnswerReading[Read]) -> None:
        """An answer was read: once more with a new token, if it says that ours has expired."""
        if reading.expired:
            if not self._can_renew():
                self._auth.in_doubt = True
                raise token_refused()
            self._renewed = True
            self._want_token(self._turn)
            return
        if reading.accepted:
            self._auth.in_doubt = False
        if reading.at_fault:
            self._guard.breaker.blame(self._behalf().person)
        self.reading = reading
        self._land(None)

    def _can_renew(self) -> bool:
        """Once a call, and while new tokens are refused as well, as seldom as repetitions."""
        auth = self._auth
        if self._renewed or auth.good_until == math.inf:
            return False
        return not auth.in_doubt or self._guard.budget.spend()

    def _behalf(self) -> Behalf:
        return self._speech.behalf(self.asked)

    # ------------------------------------------------------------ ends without an answer

    def end_with(self, fault: ProviderError) -> None:
        """A fault ends the call, unless a new token may help."""
        if self._inside:
            self._inside = False
            silent = fault.reason is Reason.SOURCE_TIMEOUT and not fault.status
            if silent and self._waited and self.end == self._deadline:
                self._guard.abandon(probe=self._probe)
                fault = busy_here(FaultCode.NO_PLACE_IN_TIME)
            else:
                self._guard.leave(None, probe=self._probe, fault=fault, behalf=self._behalf())
            if fault.expired and self._renewed:
                self._auth.in_doubt = True
                self._guard.breaker.blame(self._behalf().person)
            elif fault.expired and self._can_renew():
                self._renewed = True
                self._want_token(self._turn)
                return
        self._land(fault)

    def end_with_defect(self, error: Exception) -> None:
        """An error of our own ends the call; it says nothing about the provider."""
        fault = defect_here(self._behalf().service, error)
        self._stop_waiting()
        if self._inside:
            self._inside = False
            self._guard.abandon(probe=self._probe)
        self._land(fault)

    @_step
    def expire(self, fault: ProviderError | None = None) -> None:
        """Its time is over, or `fault` ends it, whatever it waits for."""
        late = self._stop_waiting()
        raise fault or late

    def _stop_waiting(self) -> ProviderError:
        """Wait for nothing any more; the fault if that is because time is over."""
        held, self._held = self._held, None
        if held is not None:
            held.cancel()
        match self.state:
            case CallState.PLACE:
                self._guard.places.leave(self, self._behalf().requester)
                return busy_here(FaultCode.NO_PLACE_IN_TIME, sent=False)
            case CallState.PLACED:
                self._guard.places.free()
                return busy_here(FaultCode.NO_PLACE_IN_TIME, sent=False)
            case CallState.THREAD:
                return busy_here(FaultCode.READING_LATE)
            case CallState.CONNECTION:
                return timed_out(self._peer.client.late, everybody=True)
            case CallState.TOKEN:
                return timed_out(FaultCode.DEADLINE, step="token")
            case _:
                is_cut = self.end == self._deadline
                return timed_out(FaultCode.DEADLINE if is_cut else FaultCode.ANSWER_TIMEOUT)

    # ------------------------------------------------------------ for the person who connects the provider

    def add_to(self, trace: SourceTrace) -> None:
        """Add what was sent and what came. Of what proves who we are, the names; its values are to be hidden."""
        wire: Wire | None = getattr(self, "_wire", None)
        if wire is None:
            return
        body = (wire.body if trace.bare_body is None else trace.bare_body) or b""
        proofs = self._proofs(wire)
        trace.secrets.update(secret for _, value in proofs for secret in secrets_in(value))
        message = TracedMessage(
            wire.method, self._peer.url + wire.target, wire.headers, tuple(name for name, _ in proofs),
            body[:MOST_BYTES], len(body),
        )  # fmt: skip
        answer: HttpAnswer | None = getattr(self, "answer", None)
        if answer is not None:
            kind = answer.fields.get(b"content-type", b"").decode("latin-1")
            packed = answer.fields.get(b"content-encoding") is not None and self.fault is not None
            message = message._replace(
                status=answer.status, content_type=kind, answer_size=len(answer.body),
                answer=b"" if packed else answer.body[:MOST_BYTES],
            )  # fmt: skip
        trace.messages.append(message)

    def _proofs(self, wire: Wire) -> list[tuple[str, str]]:
        """Names and values of headers, and of members of the address, that were added to the request."""
        head = getattr(self, "_data", b"").partition(b"\r\n\r\n")[0].decode("latin-1")
        ours = {*(name.lower() for name in wire.headers), *FRAMING}
        sent = [line.partition(":") for line in head.split("\r\n")[1:]]
        ending = [one.partition("=") for one in self._auth.ending.split("&")] if self._auth.ending else []
        return [
            *((name, value.strip()) for name, _, value in sent if name.lower() not in ours),
            *((name, value) for name, _, value in ending),
        ]

    def _until(self, end: float) -> None:
        self.end = end
        if end < self._peer.sweep_at:
            self._peer.sweep_by(end)

    def _land(self, fault: ProviderError | None) -> None:
        self.state = _LANDED
        self.fault = fault
        self._peer.under_way.discard(self)
        try:
            self._done(self)
        except Exception as error:  # noqa: BLE001 -- a defect of the asker is not one of this call
            defect_here(self._behalf().service, error)


class HttpPeer:
    """One provider's address, with its connections, its guards and the calls under way.

    Connections open on first use, in the loop. One timer rings when the first of all calls under way has to end.
    """

    client: LeanHttpClient
    loop: asyncio.AbstractEventLoop

    def __init__(
        self,
        url: str,
        limits: "Limits",
        tools: Tools,
        *,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
        meanings: Meanings = NO_MEANINGS,
        guard: Guard | None = None,
    ) -> None:
        """`url` is the base that every path is appended to; `tls` None: the system's authorities.

        `guard` None: its own.
        """
        self.url = url.rstrip("/")
        self._limits = limits
        self._tls = system_trust() if tls is None and url.startswith("https:") else tls
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        #: `client` and `loop` are there
        self.is_open = False
        self.tools = tools
        self.guard = guard or Guard(limits, clock)
        self.meanings = meanings
        #: the longest that one call may take
        self.total_seconds = limits.total_ms / 1_000
        self.answer_bytes = limits.answer_bytes
        self.under_way: set[ProviderCall[Any, Any]] = set()
        #: when the timer rings
        self.sweep_at = math.inf

    def sibling(self, url: str) -> Self:
        """A peer at another address (a token endpoint) with the same limits and TLS, and its own guards."""
        return type(self)(url, self._limits, self.tools, tls=self._tls, clock=self._clock)

    def open(self) -> None:
        """Be ready for calls from this loop; ProviderError where nothing can be called (any more)."""
        if self._closed:
            raise unreachable(FaultCode.CLOSING)
        try:
            self.client = LeanHttpClient(
                self.url,
                tls=self._tls,
                connect_seconds=self._limits.connect_ms / 1_000,
                answer_bytes=self.answer_bytes,
            )
        except ValueError:
            raise invalid(code=FaultCode.NOT_SENDABLE) from None
        self.loop = asyncio.get_running_loop()
        self.is_open = True

    def sweep_by(self, end: float) -> None:
        """See that calls which have to end by then do."""
        if end < self.sweep_at:
            if self._timer is not None:
                self._timer.cancel()
            self.sweep_at = end
            self._timer = self.loop.call_at(end, self._sweep)

    def _sweep(self) -> None:
        self.sweep_at, self._timer = math.inf, None
        now = self.loop.time() + _TICK_SECONDS
        for call in [call for call in self.under_way if call.end <= now]:
            call.expire()
        if self.under_way:
            self.sweep_by(min(call.end for call in self.under_way))

    async def close(self) -> None:
        """End all calls and close all connections; a later call is unreachable."""
        was_open, self.is_open, self._closed = self.is_open, False, True
        for call in tuple(self.under_way):
            call.expire(unreachable(FaultCode.CLOSING))
        if self._timer is not None:
            self._timer.cancel()
        if was_open:
            await self.client.close()


def open_peer(settings: "SourceSettings", tools: Tools, meanings: Meanings = NO_MEANINGS) -> HttpPeer:
    """The peer of a source: its address, limits and `options.tls`; ConfigError when they cannot be used."""
    tls = settings.options.get("tls")
    context = None if tls is None else tls_context(settings.source, tls, tools.root)
    known = (settings.source, settings.url, settings.limits)
    guard = tools.guards.setdefault(known, Guard(settings.limits, time.monotonic))
    return HttpPeer(settings.url, settings.limits, tools, tls=context, meanings=meanings, guard=guard)
