"""One provider over HTTP/1.1 (RFC 9110, 9112): complete answers in time, or a ProviderError.

Promises: one absolute deadline, no redirects, no cookies, no proxies, answers cut at their size limit
after decompression, at most one repetition of a read, and only under the budget.
Refuses to know what is asked; nothing of a body or an address stands in an error.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, Self

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from adapters.transport.answers import check_answer, read_body, retry_after
from adapters.transport.breaker import Guard, GuardLimits
from adapters.transport.faults import ProviderError, invalid, timed_out, unreachable
from adapters.transport.tools import Tools
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.evidence import Outcome, Reason

if TYPE_CHECKING:
    from gateway.config import SourceSettings

#: shorter than what common servers keep an idle connection, so that a reused one is rarely dead
_KEEP_ALIVE_SECONDS = 4.0
_DNS_SECONDS = 60
_JITTER: Final = (0.01, 0.06)
_FIXED_HEADERS: Final = MappingProxyType({"User-Agent": "motlan", "Accept-Encoding": "identity"})


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


class HttpAnswer(NamedTuple):
    """A complete answer."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None
    #: time of the loop's clock
    end: float
    accept_status: Collection[int]


class HttpPeer:
    """One provider's address with its connections and guards. The session opens on first use, in the loop."""

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
        self._tls = tls
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self.guard = Guard(limits, clock)

    @property
    def total_seconds(self) -> float:
        """The longest that one call may take."""
        return self._limits.total_ms / 1_000

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
    ) -> HttpAnswer:
        """The answer to one request; ProviderError for everything that is not a complete, usable one.

        `path` is already encoded and may carry a query. `deadline` is a time of the loop's clock.
        `accept_status`: statuses from 400 on whose body the caller reads itself (a SOAP fault in a 500).
        """
        began = asyncio.get_running_loop().time()
        end = min(deadline, began + self.total_seconds)
        if end <= began:
            raise ProviderError(Outcome.UNAVAILABLE, Reason.DEADLINE_REACHED, sent=False)
        request = _Request(
            method=method, path=path, headers=headers, body=body, end=end, accept_status=accept_status
        )
        probe = self.guard.enter()
        try:
            answer = await self._attempts(request, repeatable=read_only and not probe)
        except ProviderError as fault:
            self.guard.leave(0.0, probe=probe, fault=fault)
            raise
        except BaseException:
            self.guard.abandon(probe=probe)
            raise
        self.guard.leave(asyncio.get_running_loop().time() - began, probe=probe)
        return answer

    async def _attempts(self, request: _Request, *, repeatable: bool) -> HttpAnswer:
        answer, fault, broken = await self._attempt(request)
        if broken and repeatable and self.guard.budget.spend():
            pause = self._tools.rng.uniform(*_JITTER)
            if asyncio.get_running_loop().time() + 2 * pause < request.end:
                await asyncio.sleep(pause)
                answer, fault, _ = await self._attempt(request)
        if answer is None:
            raise fault or unreachable()
        return answer

    async def _attempt(self, request: _Request) -> tuple[HttpAnswer | None, ProviderError | None, bool]:
        """Answer or fault, and whether the connection broke (a repetition may help)."""
        try:
            async with asyncio.timeout_at(request.end):
                return await self._exchange(request), None, False
        except ProviderError as error:
            return None, error, False
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return None, *_translate(error)

    async def _exchange(self, request: _Request) -> HttpAnswer:
        session = self._session or self._open()
        async with session.request(
            request.method,
            URL(self._url + request.path, encoded=True),
            data=request.body,
            headers={**_FIXED_HEADERS, **request.headers},
            allow_redirects=False,
        ) as response:
            body = await read_body(response, self._limits.answer_bytes)
        status = response.status
        check_answer(
            status,
            response.headers.get("Content-Type", ""),
            body,
            accepted=status in request.accept_status,
            retry_in=retry_after(response.headers.get("Retry-After"), self._tools.clock),
        )
        return HttpAnswer(status, response.headers, body)

    def _open(self) -> aiohttp.ClientSession:
        limit = self._limits.connections
        connector = aiohttp.TCPConnector(
            limit=limit,
            ssl=self._tls or True,
            ttl_dns_cache=_DNS_SECONDS,
            keepalive_timeout=_KEEP_ALIVE_SECONDS,
        )
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=self._limits.connect_ms / 1_000),
            skip_auto_headers=("Accept", "Content-Type"),
            auto_decompress=False,
            trust_env=False,
        )
        # aiohttp repeats idempotent methods by itself and has no public switch; repetition is ours to count
        session._retry_connection = False  # noqa: SLF001
        self._session = session
        return session

    async def close(self) -> None:
        """Close all connections; the peer may not be used afterwards."""
        if self._session is not None:
            await self._session.close()


def _translate(error: Exception) -> tuple[ProviderError, bool]:
    """Fault of a failed attempt, and whether a repetition may help."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            return unreachable(), False
        case TimeoutError():
            return timed_out(), False
        case aiohttp.ClientSSLError() | aiohttp.ServerFingerprintMismatch() | ssl.SSLError():
            return unreachable(), False
        case aiohttp.ClientConnectionError() | aiohttp.ClientPayloadError() | OSError():
            return unreachable(), True
        case _:
            return invalid(), False


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
    return ConfigError([Problem(f"config/sources/{source}.yaml", 0, what, remedy)])
