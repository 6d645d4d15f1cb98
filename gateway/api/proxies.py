"""Client certificates and addresses forwarded by trusted proxies (RFC 9440, or percent-encoded PEM).

A proxy is trusted if it connects from a configured address and sends the shared secret. From others the header is
refused, not ignored: it may be an attempt to act as another requester.
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import unquote_to_bytes

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from gateway.access.faults import TokenRefused
from gateway.config.gateway import ProxySettings
from gateway.domain import sentences as say

_LARGEST = 16_384


#: name of a header -> its values
Fields = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxies:
    """The proxies that may forward a certificate; none by default."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    certificate_header: str = ""
    secret_header: str = ""
    secret: bytes = b""

    def is_one(self, peer: str) -> bool:
        """Whether a proxy has this address."""
        if not self.networks:
            return False
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        return any(address in one for one in self.networks)

    def handed_over(self, fields: Fields, peer: str) -> bytes | None:
        """DER of the certificate in the header, or None. Raises TokenRefused from an untrusted address."""
        values = fields(self.certificate_header) if self.networks else ()
        if not values:
            return None
        if not self._trusted(fields, peer):
            raise TokenRefused(say.CERTIFICATE_NOT_TAKEN)
        if len(values) != 1 or len(values[0]) > _LARGEST:
            raise TokenRefused(say.CERTIFICATE_UNREADABLE)
        return _der(values[0]) if values[0] else None

    def named_client(self, fields: Fields, peer: str) -> str:
        """The address of a client: `peer`, unless it is a trusted proxy that names another in X-Forwarded-For.

        Addresses that the client itself wrote stand before the one that the proxy added.
        """
        if not self.networks or not self._trusted(fields, peer):
            return peer
        named = [one.strip() for value in fields("X-Forwarded-For") for one in value.split(",")]
        return next((one for one in reversed(named) if not self.is_one(one)), peer)

    def _trusted(self, fields: Fields, peer: str) -> bool:
        """Whether a proxy connects, with the shared secret."""
        shown = fields(self.secret_header)
        secret = shown[0].encode("utf-8", "surrogateescape") if len(shown) == 1 else b""
        return self.is_one(peer) and hmac.compare_digest(secret, self.secret)


def proxies(settings: ProxySettings | None) -> Proxies:
    """The configured proxies. Raises ValueError for a bad address."""
    if settings is None:
        return Proxies()
    return Proxies(
        networks=tuple(ip_network(one) for one in settings.addresses),
        certificate_header=settings.certificate_header,
        secret_header=settings.secret_header,
        secret=settings.secret.reveal().encode(),
    )


def _der(text: str) -> bytes:
    try:
        if text.startswith(":"):
            return base64.b64decode(text[1:].removesuffix(":"), validate=True)
        return load_pem_x509_certificate(unquote_to_bytes(text)).public_bytes(Encoding.DER)
    except (binascii.Error, ValueError):
        raise TokenRefused(say.CERTIFICATE_UNREADABLE) from None
