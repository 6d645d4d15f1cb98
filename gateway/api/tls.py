"""TLS that the door ends itself (RFC 8446, RFC 5246), and the certificates of requesters in the handshake (RFC 8705).

A certificate may be left out; one that is shown must be one of a requester's, or issued by an authority of the
configuration, and of this day, or the handshake fails.
"""

import ssl
from collections.abc import Iterable
from pathlib import Path

from gateway.domain.errors import ConfigError, Problem
from gateway.settings import TlsSettings

_REMEDY = (
    "name PEM files of the configuration's folder: certificate (chain), and its key without a passphrase"
)


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
    except (OSError, ValueError) as error:
        what = f"TLS cannot be set up: {getattr(error, 'strerror', None) or type(error).__name__}"
        raise ConfigError([Problem("config/gateway.yaml", 0, what, _REMEDY)]) from None
    if trusted:
        context.load_verify_locations(cadata="\n".join(trusted))
    if trusted or settings.client_ca is not None:
        context.verify_mode = ssl.CERT_OPTIONAL
        # an authority between, or a requester's own certificate, is an end of the chain
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _no_passphrase() -> str:
    raise ValueError("the key has a passphrase")
