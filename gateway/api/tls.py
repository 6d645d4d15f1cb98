"""TLS that the door ends itself (RFC 8446, RFC 5246), and the certificates of requesters in the handshake (RFC 8705).

A certificate may be left out; one that is shown must be one of a requester's, or issued by an authority of the
configuration, and of this day, or the handshake fails. Certificates may be changed while the door is open: who
connects from then on meets the new ones, and connections that stand go on with theirs.
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
    """What a listener is given once: each connection is wrapped by the context of that moment."""

    _now: ssl.SSLContext

    def __new__(cls, now: ssl.SSLContext) -> Self:
        """`now` is the one that is used until another is put in its place."""
        made = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        made._now = now
        return made

    def renew(self, now: ssl.SSLContext) -> None:
        """From now on connections are wrapped by this one."""
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
        # an authority between, or a requester's own certificate, is an end of the chain
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _no_passphrase() -> str:
    raise ValueError("the key has a passphrase")
