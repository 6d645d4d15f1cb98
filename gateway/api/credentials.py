"""What of an HTTP request bears on who asks: fields, the connection's certificate, and the address that was meant."""

from functools import cached_property

from aiohttp import web

from gateway.api.context import SERVICES
from gateway.settings import address_of


class Shown:
    """One request, as access looks at it."""

    def __init__(self, request: web.Request) -> None:
        """Reads nothing before it is asked."""
        self._request = request
        self.method = request.method
        self.path = request.rel_url.raw_path

    @property
    def authorization(self) -> tuple[str, ...]:
        """The fields Authorization."""
        return self._fields("Authorization")

    @property
    def proofs(self) -> tuple[str, ...]:
        """The fields DPoP."""
        return self._fields("DPoP")

    @property
    def issuer(self) -> str:
        """Our address."""
        return issuer_of(self._request)

    @cached_property
    def certificate(self) -> bytes | None:
        """DER of the caller's certificate: of a proxy's header, else of the connection."""
        request, known = self._request, self._request.app[SERVICES].proxies
        transport = request.transport
        if transport is None:
            return None
        peer = str((transport.get_extra_info("peername") or ("",))[0])
        handed = known.handed_over(self._fields, peer)
        if handed is not None or known.is_one(peer):
            return handed
        tls = transport.get_extra_info("ssl_object")
        found: bytes | None = tls.getpeercert(binary_form=True) if tls is not None else None
        return found

    def _fields(self, name: str) -> tuple[str, ...]:
        return tuple(self._request.headers.getall(name, ()))


def issuer_of(request: web.Request) -> str:
    """As configured; else where this very connection came in: what the caller writes into `Host` is his own word."""
    configured = request.app[SERVICES].configuration.gateway.issuer
    if configured:
        return configured.rstrip("/")
    transport = request.transport
    if transport is None:
        return ""
    host, port, *_ = transport.get_extra_info("sockname")
    scheme = "http" if transport.get_extra_info("ssl_object") is None else "https"
    return address_of(host, port, scheme)
