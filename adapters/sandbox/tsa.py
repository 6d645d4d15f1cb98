"""A time stamping authority of the sandbox (RFC 3161; CMS of RFC 5652): real stamps under keys made at the start.

Promises: its stamps verify under the certificate at `/tsa/ca.pem`, unless a fault is set.
It knows nothing of what it stamps but its digest.
"""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from adapters.sandbox.wire import Reply
from adapters.transport import der

SOURCE = "tsa"
#: an invented policy below the example arc
POLICY = "2.999.3161.1"
OTHER_POLICY = "2.999.3161.2"
#: what may be wrong in a stamp by the mode `wrong_person`
LIES = ("imprint", "nonce", "policy", "signer", "usage", "time")

_REPLY = "application/timestamp-reply"
_SHA256 = "2.16.840.1.101.3.4.2.1"
_ECDSA_SHA256 = "1.2.840.10045.4.3.2"
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_TST_INFO = "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE, _DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.47"
_REJECTED, _BAD_REQUEST = 2, b"\x02\x20"
_LONG_AGO = timedelta(days=1)
_LIFE = timedelta(days=3650)


class TimestampRequest(NamedTuple):
    """What a request says."""

    imprint: bytes
    #: INTEGER as it stood; empty for none
    nonce: bytes
    certificates: bool


class TsaIdentity(NamedTuple):
    """A key with its certificate, and the certificate of who issued it."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    issuer: x509.Certificate


class Authority:
    """Stamps. One for each sandbox."""

    def __init__(self) -> None:
        """Makes its keys."""
        self._root = _root()
        self._good = _issued(self._root, ExtendedKeyUsageOID.TIME_STAMPING)

    @property
    def ca(self) -> bytes:
        """The certificate in which chains end, PEM."""
        return self._good.issuer.public_bytes(Encoding.PEM)

    def answer(self, query: bytes, lie: str = "") -> Reply:
        """The response to a request; `lie` is one of LIES, or `status` for a refusal."""
        try:
            asked = _read(query)
        except ValueError:
            return _refusal("the request is not understood")
        if lie == "status":
            return _refusal("no stamps today")
        granted = der.sequence(der.integer(0))
        return _reply(der.sequence(granted, self._token(asked, lie)))

    def _token(self, asked: TimestampRequest, lie: str) -> bytes:
        signer = self._identity(lie)
        info = _info(asked, lie)
        content = der.sequence(der.oid(_TST_INFO), der.tagged(0, der.octets(info)))
        shown = (signer.certificate, signer.issuer) if asked.certificates else ()
        certificates = [one.public_bytes(Encoding.DER) for one in shown]
        parts = [
            der.integer(3),
            der.set_of(_algorithm(_SHA256)),
            content,
            der.tagged(0, *sorted(certificates)) if certificates else b"",
            der.set_of(_signer_info(signer, info)),
        ]
        return der.sequence(der.oid(_SIGNED_DATA), der.tagged(0, der.sequence(*parts)))

    def _identity(self, lie: str) -> TsaIdentity:
        if lie == "signer":
            return _issued(_root(), ExtendedKeyUsageOID.TIME_STAMPING)
        return _issued(self._root, ExtendedKeyUsageOID.SERVER_AUTH) if lie == "usage" else self._good


def _read(query: bytes) -> TimestampRequest:
    """A TimeStampReq. Raises ValueError for anything else and for other digests than SHA-256."""
    (whole,) = der.elements(query)
    version, imprint, *rest = der.elements(whole.content)
    algorithm, digest = der.elements(imprint.content)
    named = next(der.elements(algorithm.content))
    tags = (whole.tag, version.whole, imprint.tag, named.whole, digest.tag, len(digest.content))
    if tags != (der.SEQUENCE, der.integer(1), der.SEQUENCE, der.oid(_SHA256), der.OCTETS, 32):
        raise ValueError("not a request for SHA-256")
    optional = {one.tag: one for one in rest}
    nonce = optional.get(der.INTEGER)
    wanted = optional.get(der.BOOLEAN)
    return TimestampRequest(
        digest.content, nonce.whole if nonce else b"", bool(wanted and wanted.content != b"\0")
    )


def _info(asked: TimestampRequest, lie: str) -> bytes:
    """A TSTInfo, true or with one lie in it."""
    imprint = hashlib.sha256(asked.imprint).digest() if lie == "imprint" else asked.imprint
    made = datetime.now(UTC) - (_LONG_AGO if lie == "time" else timedelta())
    nonce = der.integer(secrets.randbits(62)) if lie == "nonce" else asked.nonce
    parts = [
        der.integer(1),
        der.oid(OTHER_POLICY if lie == "policy" else POLICY),
        der.sequence(_algorithm(_SHA256, der.element(der.NULL)), der.octets(imprint)),
        der.integer(secrets.randbits(62)),
        der.moment(made),
        der.sequence(der.integer(1)),
        nonce,
    ]
    return der.sequence(*parts)


def _signer_info(signer: TsaIdentity, info: bytes) -> bytes:
    certificate = signer.certificate
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    attributes = der.set_of(
        _attribute(_CONTENT_TYPE, der.oid(_TST_INFO)),
        _attribute(_DIGEST, der.octets(hashlib.sha256(info).digest())),
        _attribute(_SIGNING_CERTIFICATE, der.sequence(der.sequence(der.sequence(der.octets(digest))))),
    )
    (signed,) = der.elements(attributes)
    name = certificate.issuer.public_bytes()
    return der.sequence(
        der.integer(1),
        der.sequence(name, der.integer(certificate.serial_number)),
        _algorithm(_SHA256),
        der.tagged(0, signed.content),
        _algorithm(_ECDSA_SHA256),
        der.octets(signer.key.sign(attributes, ec.ECDSA(hashes.SHA256()))),
    )


def _attribute(kind: str, value: bytes) -> bytes:
    return der.sequence(der.oid(kind), der.set_of(value))


def _algorithm(name: str, *parameters: bytes) -> bytes:
    return der.sequence(der.oid(name), *parameters)


def _refusal(why: str) -> Reply:
    words = der.sequence(der.element(der.UTF8, why.encode()))
    return _reply(
        der.sequence(der.sequence(der.integer(_REJECTED), words, der.element(der.BITS, _BAD_REQUEST)))
    )


def _reply(body: bytes) -> Reply:
    return Reply(body=body, content_type=_REPLY)


def _root() -> TsaIdentity:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Một Lần sandbox authority")
    usage = _usage(signs_certificates=True)
    certificate = (
        _certificate(name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return TsaIdentity(key, certificate, certificate)


def _issued(root: TsaIdentity, use: x509.ObjectIdentifier) -> TsaIdentity:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _certificate(_name("Một Lần sandbox TSA"), root.certificate.subject, key)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([use]), critical=True)
        .sign(root.key, hashes.SHA256())
    )
    return TsaIdentity(key, certificate, root.certificate)


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - _LIFE).not_valid_after(now + _LIFE)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
