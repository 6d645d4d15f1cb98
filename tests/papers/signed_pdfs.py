"""Signed PDF files for tests: an authority, its signers, and files with the defect that their name says."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.sandbox.served_files import tiny_pdf

NOW = datetime.now(UTC)


def _has_pades() -> bool:
    try:
        import pyhanko
    except ImportError:
        return False
    return bool(pyhanko)


needs_pades = pytest.mark.skipif(not _has_pades(), reason="the extra pades is not installed")


@dataclass(frozen=True)
class Authority:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def named(common: str, organisation: str = "Cơ quan Mẫu") -> x509.Name:
    return x509.Name([
        x509.NameAttribute(NameOID.COMMON_NAME, common),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
    ])  # fmt: skip


def authority(name: str = "CA Mẫu") -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(named(name), named(name), key.public_key(), NOW - timedelta(days=3_000), 6_000)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs=False), critical=True)
    return Authority(key, builder.sign(key, hashes.SHA256()))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Any, since: datetime, days: int
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(issuer_name=issuer, subject_name=subject, public_key=key)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(since)
    return builder.not_valid_after(since + timedelta(days=days))


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs, content_commitment=signs, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=not signs, crl_sign=not signs, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def signed(by: Authority, content: bytes = b"", *, since: datetime | None = None, days: int = 365) -> bytes:
    """A PDF signed by an official with a certificate of this authority."""
    from asn1crypto import keys
    from asn1crypto.x509 import Certificate
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import PdfSignatureMetadata, SimpleSigner, sign_pdf
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    key = ec.generate_private_key(ec.SECP256R1())
    subject = named("Nguyễn Văn Ký", "UBND phường Mẫu")
    builder = _builder(
        subject, by.certificate.subject, key.public_key(), since or NOW - timedelta(days=1), days
    )
    builder = builder.add_extension(_usage(signs=True), critical=True)
    certificate = builder.sign(by.key, hashes.SHA256())
    form = (serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    signer = SimpleSigner(
        signing_cert=Certificate.load(certificate.public_bytes(serialization.Encoding.DER)),
        signing_key=keys.PrivateKeyInfo.load(key.private_bytes(*form)),
        cert_registry=SimpleCertificateStore(),
    )
    writer = IncrementalPdfFileWriter(BytesIO(content or tiny_pdf("12/2026")))
    number = len(writer.prev.embedded_signatures)
    out = sign_pdf(writer, PdfSignatureMetadata(field_name=f"ChuKy{number}"), signer=signer)
    return bytes(out.getvalue())
