"""One HTTP request, with the facts known so far, and its credentials."""

from asyncio import Task
from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage

from gateway.api.context import Services
from gateway.domain.identifiers import ExchangeId, RequesterId
from gateway.domain.parties import Caller, Requester
from gateway.messages.verify import Signed

#: the requester before a token is verified
NOBODY = Requester(id=RequesterId(""), name="", scopes=frozenset())


class Request(web.BaseRequest):
    """The dispatcher sets the attributes, each when it is known."""

    services: Services
    exchange: ExchangeId
    #: the gateway's public URL, without a slash at the end
    issuer: str
    #: pattern of the path, never the path of the client
    route: str = "none"
    #: the parts of the path that match the braces of the route
    parameters: Mapping[str, str] = MappingProxyType({})
    requester: Requester = NOBODY
    #: the body, if it was read before the handler
    raw: bytes | None = None
    #: whether Content-Digest was verified
    digested: bool = False
    #: its verified signature
    signed: Signed | None = None
    #: code of the answered problem, for the canonical log line
    problem: str = ""
    #: of the page that is asked for (`gateway/pages/frame.py`); None: it is none
    frame: Any = None
    #: for the header DPoP-Nonce of the response
    nonce: str = ""

    def __init__(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: Any,  # noqa: ANN401 -- the connection of the door, which imports this
        writer: AbstractStreamWriter,
        task: "Task[None]",
    ) -> None:
        """With the arguments of aiohttp's server."""
        super().__init__(message, payload, protocol, writer, task, protocol._loop)  # noqa: SLF001 -- as aiohttp does
        #: where the connection came in
        self.address: str = protocol.address

    @property
    def caller(self) -> Caller:
        """The caller of this request."""
        agency = self.services.requesters.agency(self.requester)
        return Caller(requester=self.requester, agency=agency, exchange=self.exchange)

    @property
    def authorization(self) -> tuple[str, ...]:
        """The Authorization headers."""
        return tuple(self._headers.getall("Authorization", ()))

    @property
    def proofs(self) -> tuple[str, ...]:
        """The DPoP headers."""
        return self.fields("DPoP")

    @property
    def target(self) -> str:
        """The path as sent, without the query."""
        return self.rel_url.raw_path

    @cached_property
    def certificate(self) -> bytes | None:
        """DER of the client certificate: from a proxy's header, else from the connection."""
        known, transport = self.services.proxies, self.transport
        if transport is None:
            return None
        peer = str((transport.get_extra_info("peername") or ("",))[0])
        handed = known.handed_over(self.fields, peer)
        if handed is not None or known.is_one(peer):
            return handed
        tls = transport.get_extra_info("ssl_object")
        found: bytes | None = tls.getpeercert(binary_form=True) if tls is not None else None
        return found

    @property
    def client_address(self) -> str:
        """The address of the caller: of the connection, or the one that a trusted proxy names."""
        if self.transport is None:
            return ""
        peer = str((self.transport.get_extra_info("peername") or ("",))[0])
        return self.services.proxies.named_client(self.fields, peer)

    def fields(self, name: str) -> tuple[str, ...]:
        """The values of all headers with this name."""
        return tuple(self._headers.getall(name, ()))
