"""One provider over HTTP/1.1 (RFC 9110, 9112): complete answers in time, or a ProviderError.

Promises: one absolute deadline, no redirects, no cookies, no proxies, answers cut at their size limit
after decompression, at most one repetition of a read, and only under the budget.
Refuses to know what is asked; nothing of a body or an address stands in an error.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Collection, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, Self

from adapters.transport.answers import check_answer, retry_after, unpack
from adapters.transport.breaker import NOBODY, Behalf, Guard, GuardLimits
from adapters.transport.connection import Answer, Broken, Unreached
from adapters.transport.faults import ProviderError, busy_here, invalid, unreachable
from adapters.transport.lean import Client
from adapters.transport.tools import Tools
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.evidence import Outcome, Reason

if TYPE_CHECKING:
    from gateway.config import SourceSettings

_JITTER: Final = (0.01, 0.06)
_FIRST_ERROR = 400

HttpAnswer = Answer


class Wire(NamedTuple):
    """One request, ready to be sent."""

    method: str
    #: path and query, encoded
    target: str
    headers: Mapping[str, str]
    body: bytes | None
    #: SHA-256 of the body, of the target when there is no body
    digest: bytes = b""
    behalf: Behalf = NOBODY


class PeerLimits(GuardLimits, Protocol):
    """What a peer needs of a source's limits; times in milliseconds."""

    @property
    def connect_ms(self) -> int:
        """For name look-up, TCP and TLS together."""

    @property
    def total_ms(self) -> int:
        """For a whole call, its repetition included."""

    @property
    def answer_bytes(self) -> int:
        """For a body after decompression."""


class HttpPeer:
    """One provider's address with its connections and guards. Connections open on first use, in the loop."""

    def __init__(
        self,
        url: str,
        limits: PeerLimits,
        tools: Tools,
        *,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`url` is the base that every path is appended to; `tls` None: the system's authorities."""
        self._url = url.rstrip("/")
        self._limits = limits
        self._tools = tools
        self._tls = _system_trust() if tls is None and url.startswith("https:") else tls
        self._clock = clock
        self._client: Client | None = None
        self._total = limits.total_ms / 1_000
        self.guard = Guard(limits, clock)

    @property
    def total_seconds(self) -> float:
        """The longest that one call may take."""
        return self._total

    def sibling(self, url: str) -> Self:
        """A peer at another address (a token endpoint) with the same limits and TLS, and its own guards."""
        return type(self)(url, self._limits, self._tools, tls=self._tls, clock=self._clock)

    async def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: float,
        read_only: bool = True,
        accept_status: Collection[int] = (),
        behalf: Behalf = NOBODY,
    ) -> HttpAnswer:
        """The answer to one request; ProviderError for everything that is not a complete, usable one.

        `path` is already encoded and may carry a query. `deadline` is a time of the loop's clock.
        The provider's time begins with its place: what the wait for one took is not the provider's fault.
        `accept_status`: statuses from 400 on whose body the caller reads itself (a SOAP fault in a 500);
        what it finds there it tells the breaker, which until then knows of a call that went well.
        """
        loop, guard = asyncio.get_running_loop(), self.guard
        arrived = loop.time()
        if deadline <= arrived:
            raise ProviderError(Outcome.UNAVAILABLE, Reason.DEADLINE_REACHED, sent=False)
        waits = guard.places.full
        probe = await guard.enter(min(deadline, arrived + self._total), behalf)
        began = loop.time()
        end = min(deadline, began + self._total)
        try:
            answer = await self._asked(method, path, headers, body, end, repeatable=read_only and not probe)
            answer = self._checked(answer, accept_status)
        except ProviderError as fault:
            if waits and end == deadline and fault.reason is Reason.SOURCE_TIMEOUT and not fault.status:
                guard.abandon(probe=probe)
                raise busy_here() from None
            guard.leave(None, probe=probe, fault=fault, behalf=behalf)
            raise
        except BaseException:
            guard.abandon(probe=probe)
            raise
        guard.leave(loop.time() - began if answer.status < _FIRST_ERROR else None, probe=probe)
        return answer

    async def _asked(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        end: float,
        *,
        repeatable: bool,
    ) -> HttpAnswer:
        """The answer, perhaps to a repetition; ProviderError when there is none by `end`."""
        client = self._client or self._open()
        try:
            return await client.request(method, path, headers, body, end)
        except Broken as broken:
            if not repeatable or not self.guard.budget.spend():
                raise _unreachable(broken) from None
            pause = self._tools.rng.uniform(*_JITTER)
            if asyncio.get_running_loop().time() + 2 * pause >= end:
                raise _unreachable(broken) from None
        await asyncio.sleep(pause)
        try:
            return await client.request(method, path, headers, body, end)
        except Broken as broken:
            raise _unreachable(broken) from None

    def _checked(self, answer: HttpAnswer, accept_status: Collection[int]) -> HttpAnswer:
        """The answer without its coding; ProviderError when it says nothing about a person."""
        status, fields, body = answer
        coding = fields.get(b"content-encoding")
        if coding is not None:
            body = unpack(body, coding.decode("latin-1"), self._limits.answer_bytes, status)
            answer = HttpAnswer(status, fields, body)
        wait = fields.get(b"retry-after") if status >= _FIRST_ERROR else None
        check_answer(
            status,
            fields.get(b"content-type", b""),
            body,
            accepted=status in accept_status,
            retry_in=None if wait is None else retry_after(wait.decode("latin-1"), self._tools.clock),
        )
        return answer

    def _open(self) -> Client:
        try:
            self._client = Client(
                self._url,
                tls=self._tls,
                connect_seconds=self._limits.connect_ms / 1_000,
                answer_bytes=self._limits.answer_bytes,
            )
        except ValueError:
            raise invalid() from None
        return self._client

    async def close(self) -> None:
        """Close all connections; the peer may not be used afterwards."""
        if self._client is not None:
            await self._client.close()


def _unreachable(broken: Broken) -> ProviderError:
    return unreachable(everybody=isinstance(broken, Unreached))


@cache
def _system_trust() -> ssl.SSLContext:
    """The system's authorities, read once: it takes milliseconds."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def open_peer(settings: "SourceSettings", tools: Tools) -> HttpPeer:
    """The peer of a source: its address, limits and `options.tls`; ConfigError when they cannot be used."""
    tls = settings.options.get("tls")
    context = None if tls is None else tls_context(settings.source, tls, tools.root)
    return HttpPeer(settings.url, settings.limits, tools, tls=context)


def tls_context(source: str, tls: object, root: Path) -> ssl.SSLContext:
    """From `{ca, certificate, key}` (files below `root`, each optional); always verifies the other side."""
    if not isinstance(tls, Mapping) or not set(tls) <= {"ca", "certificate", "key"}:
        raise _config_error(source, "'options.tls' is not understood", "write ca, certificate, key")
    files = {name: str(root / str(path)) for name, path in tls.items()}
    try:
        context = ssl.create_default_context(cafile=files.get("ca"))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if "certificate" in files:
            context.load_cert_chain(files["certificate"], files.get("key"))
    except (OSError, ValueError):
        what, remedy = "the files of 'options.tls' cannot be used", "check that they exist and are PEM"
        raise _config_error(source, what, remedy) from None
    return context


def _config_error(source: str, what: str, remedy: str) -> ConfigError:
    return ConfigError([Problem(f"config/sources/{source}.yaml", 0, what, remedy, place=("options", "tls"))])
