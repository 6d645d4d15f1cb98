"""TLS of the listener (RFC 8446, RFC 5246), and client certificates in the handshake (RFC 8705).

A client certificate is optional. It must be a requester's own, or issued by a configured authority, and valid today;
else the handshake fails. Certificates can be renewed while serving: new connections use the new ones, open
connections keep theirs.
"""

import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from gateway.config.gateway import TlsSettings
from gateway.domain.errors import ConfigError, Problem

_REMEDY = (
    "name PEM files of the configuration's folder: certificate (chain), and its key without a passphrase"
)


class Renewable(ssl.SSLContext):
    """The context of a listener: each connection uses the current inner context."""

    _now: ssl.SSLContext

    def __new__(cls, now: ssl.SSLContext) -> Self:
        """`now`: the first inner context."""
        made = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        made._now = now
        return made

    def renew(self, now: ssl.SSLContext) -> None:
        """Use another inner context for new connections."""
        self._now = now

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:  # noqa: ANN401 -- as asyncio and uvloop call it
        """One connection."""
        return self._now.wrap_bio(*args, **kwargs)


def server_context(settings: TlsSettings, root: Path, pinned: Iterable[str]) -> ssl.SSLContext:
    """TLS 1.2 and 1.3. `pinned`: PEM of certificates that requesters have. ConfigError when a file cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    trusted = [one for one in pinned if one]
    try:
        context.load_cert_chain(root / settings.certificate, root / settings.key, password=_no_passphrase)
        if settings.client_ca is not None:
            context.load_verify_locations(root / settings.client_ca)
        if trusted:
            context.load_verify_locations(cadata="\n".join(trusted))
    except (OSError, ValueError) as error:
        what = f"TLS cannot be set up: {getattr(error, 'strerror', None) or type(error).__name__}"
        raise ConfigError([Problem("config/gateway.yaml", 0, what, _REMEDY)]) from None
    if trusted or settings.client_ca is not None:
        context.verify_mode = ssl.CERT_OPTIONAL
        # an intermediate authority, or a requester's own certificate, may end the chain
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _no_passphrase() -> str:
    raise ValueError("the key has a passphrase")
