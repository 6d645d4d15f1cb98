"""Client certificates (RFC 8705, 2.1, 2.2, 3.1): they authenticate requesters and bind tokens.

A pinned certificate is compared by its SHA-256. One that is known by its name must be issued directly by an authority
of the configuration: the handshake also trusts certificates of requesters, which must not issue others.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.config.access import CertificateSettings
from gateway.domain.errors import ConfigError, Problem
from gateway.jose.jwk import thumbprint_bytes
from gateway.jose.jws import encoded

_LARGEST = 16_384


@dataclass(frozen=True, slots=True)
class Pinned:
    """One certificate."""

    #: SHA-256 of its DER, base64url
    thumbprint: str
    #: PEM for the handshake; empty if only the thumbprint is known
    pem: str


def thumbprint(der: bytes) -> str:
    """`x5t#S256` (RFC 8705, 3.1)."""
    return encoded(hashlib.sha256(der).digest())


def pinned(settings: CertificateSettings, root: Path) -> Pinned | None:
    """The pinned certificate of the settings; None if they give a name. Raises ConfigError for its file."""
    if settings.thumbprint is not None:
        return Pinned(thumbprint_bytes(settings.thumbprint), "")
    if settings.file is None:
        name_of(settings)
        return None
    found = certificates_in(root / settings.file)
    pem = found[0].public_bytes(Encoding.PEM).decode()
    return Pinned(thumbprint(found[0].public_bytes(Encoding.DER)), pem)


def certificates_in(path: Path) -> list[x509.Certificate]:
    """The certificates of a PEM file. Raises ConfigError if there is none."""
    remedy = "name a PEM file of the configuration's folder"
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        what = f"the certificate '{path.name}' cannot be read ({error.strerror})"
    except ValueError:
        what = f"'{path.name}' holds no certificate in PEM"
    raise ConfigError([Problem("config", 0, what, remedy)])


def name_of(settings: CertificateSettings) -> x509.Name | None:
    """The subject in the settings. Raises ConfigError if it is not of RFC 4514."""
    if settings.subject is None:
        return None
    try:
        return x509.Name.from_rfc4514_string(settings.subject)
    except ValueError:
        what = f"the subject '{settings.subject}' is not written as RFC 4514 says"
        raise ConfigError([Problem("config", 0, what, "write 'CN=portal,O=Province,C=VN'")]) from None


class Certificates:
    """Checks the certificates of connections; caches its results."""

    def __init__(self, authorities: Sequence[x509.Certificate]) -> None:
        """`authorities` issue the certificates that are known by name."""
        self._authorities = tuple(authorities)
        self._read = lru_cache(256)(self._judged)

    def lives(self, der: bytes, now: float) -> bool:
        """Whether it is a certificate, valid today."""
        if len(der) > _LARGEST:
            return False
        found = self._read(der)[0]
        if found is None:
            return False
        moment = datetime.fromtimestamp(now, UTC)
        return found.not_valid_before_utc <= moment <= found.not_valid_after_utc

    def is_named(self, der: bytes, settings: CertificateSettings) -> bool:
        """Whether one of our authorities issued it to a client of the settings' name."""
        found, issued = self._read(der)
        if found is None or not issued:
            return False
        if settings.subject is not None:
            return found.subject == name_of(settings)
        names = _alternative_names(found)
        if settings.san_dns is not None:
            return settings.san_dns.lower() in (
                one.lower() for one in names.get_values_for_type(x509.DNSName)
            )
        return settings.san_uri in names.get_values_for_type(x509.UniformResourceIdentifier)

    def _judged(self, der: bytes) -> tuple[x509.Certificate | None, bool]:
        try:
            found = x509.load_der_x509_certificate(der)
            return found, _is_for_clients(found) and _issued_by(found, self._authorities)
        except ValueError:
            return None, False


def _issued_by(found: x509.Certificate, authorities: Iterable[x509.Certificate]) -> bool:
    for one in authorities:
        try:
            found.verify_directly_issued_by(one)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return True
    return False


def _is_for_clients(found: x509.Certificate) -> bool:
    """Whether its extended key usage, if present, includes clients."""
    try:
        usage = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return bool({ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(usage))


def _alternative_names(found: x509.Certificate) -> x509.SubjectAlternativeName:
    try:
        return found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return x509.SubjectAlternativeName([])
