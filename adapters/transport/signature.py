"""XML signatures (W3C XML-DSig 1.1, RFC 4051/6931 algorithms) in the one form that is accepted here.

Exclusive canonicalisation, SHA-256, RSA or ECDSA; references to ids of the same document, each to exactly one
element; no other transform, so what was signed is what stands there. The key comes from the caller,
never from the message. What is read afterwards are the canonical bytes that were digested, parsed again.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from lxml import etree
from xmlsec import constants as known

from adapters.transport.xml import XmlRefused, parse

DS = "http://www.w3.org/2000/09/xmldsig#"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
WSU_ID = f"{{{WSU}}}Id"

_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_METHODS = frozenset(
    {
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    }
)
_ID_ATTRIBUTES = (WSU_ID, "Id", "ID", "id", "{http://www.w3.org/XML/1998/namespace}id")
_ID = re.compile(r"#([A-Za-z_][A-Za-z0-9_.-]*)\Z")
_MOST_REFERENCES = 16
_LEAST_RSA_BITS = 2_048


class SignatureRefused(Exception):
    """The message is not signed as it must be; `code` says why and holds nothing of the message."""

    def __init__(self, code: str) -> None:
        """`code` is one short word, such as `wrapped`, `replayed` or `algorithm`."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Reference:
    """One signed element: where it stands, and how it was turned into bytes."""

    element: etree._Element
    prefixes: tuple[str, ...]
    digest: bytes

    def content(self) -> etree._Element:
        """The element, parsed from the very bytes whose digest was signed."""
        data = etree.tostring(
            self.element,
            method="c14n",
            exclusive=True,
            with_comments=False,
            inclusive_ns_prefixes=list(self.prefixes) or None,
        )
        if hashlib.sha256(data).digest() != self.digest:
            raise SignatureRefused("digest")
        try:
            return parse(data)
        except XmlRefused:
            raise SignatureRefused("not_xml") from None


def ids_of(root: etree._Element) -> dict[str, etree._Element]:
    """Every element that has an id; a document in which two have the same one is refused."""
    found: dict[str, etree._Element] = {}
    for element in root.iter(etree.Element):
        values = [value for name in _ID_ATTRIBUTES if (value := element.get(name)) is not None]
        for value in values:
            if value in found:
                raise SignatureRefused("duplicate_id")
            found[value] = element
    return found


def read_references(signature: etree._Element, ids: Mapping[str, etree._Element]) -> list[Reference]:
    """What the signature claims to cover, after every part of SignedInfo was found to be of the one form."""
    info = _signed_info(signature)
    method, signing, *references = info
    if method.tag != f"{{{DS}}}CanonicalizationMethod" or signing.tag != f"{{{DS}}}SignatureMethod":
        raise SignatureRefused("form")
    if method.get("Algorithm") != _EXCLUSIVE or signing.get("Algorithm") not in _METHODS or len(signing):
        raise SignatureRefused("algorithm")
    if not 0 < len(references) <= _MOST_REFERENCES:
        raise SignatureRefused("form")
    out = [_reference(reference, ids) for reference in references]
    if len({id(reference.element) for reference in out}) != len(out):
        raise SignatureRefused("form")
    return out


def _reference(element: etree._Element, ids: Mapping[str, etree._Element]) -> Reference:
    parts = list(element.iterchildren(etree.Element))
    if [part.tag for part in parts] != [
        f"{{{DS}}}{name}" for name in ("Transforms", "DigestMethod", "DigestValue")
    ]:
        raise SignatureRefused("form")
    transforms, method, value = parts
    if element.tag != f"{{{DS}}}Reference" or method.get("Algorithm") != _SHA256:
        raise SignatureRefused("algorithm")
    uri = _ID.match(element.get("URI", ""))
    if uri is None or uri[1] not in ids:
        raise SignatureRefused("reference")
    return Reference(ids[uri[1]], _prefixes(transforms), _decoded(value))


def _prefixes(transforms: etree._Element) -> tuple[str, ...]:
    """Prefixes of the one transform that there may be, exclusive canonicalisation."""
    listed = list(transforms.iterchildren(etree.Element))
    if [(one.tag, one.get("Algorithm")) for one in listed] != [(f"{{{DS}}}Transform", _EXCLUSIVE)]:
        raise SignatureRefused("transform")
    inner = list(listed[0].iterchildren(etree.Element))
    if not inner:
        return ()
    if [one.tag for one in inner] != [f"{{{_EXCLUSIVE}}}InclusiveNamespaces"]:
        raise SignatureRefused("transform")
    return tuple(inner[0].get("PrefixList", "").split())


def _decoded(value: etree._Element) -> bytes:
    try:
        return base64.b64decode("".join((value.text or "").split()), validate=True)
    except binascii.Error:
        raise SignatureRefused("form") from None


def _signed_info(signature: etree._Element) -> etree._Element:
    """SignedInfo, which holds elements only, three at least."""
    found = signature.findall(f"{{{DS}}}SignedInfo")
    if len(found) != 1 or len(found[0]) < 3 or any(not isinstance(part.tag, str) for part in found[0]):
        raise SignatureRefused("form")
    return found[0]


def check(
    signature: etree._Element, references: Sequence[Reference], certificates: Sequence[x509.Certificate]
) -> x509.Certificate:
    """The certificate whose key made the signature. Raises SignatureRefused if it is none of these."""
    for certificate in certificates:
        pem = certificate.public_bytes(Encoding.PEM)
        context = _strict_context(xmlsec.Key.from_memory(pem, known.KeyDataFormatCertPem))
        for reference in references:
            _register(context, reference.element)
        try:
            context.verify(signature)
        except xmlsec.Error:
            continue
        return certificate
    raise SignatureRefused("signature")


def _strict_context(key: xmlsec.Key) -> xmlsec.SignatureContext:
    """The same allow-list once more, inside the library."""
    context = xmlsec.SignatureContext()
    context.key = key
    for transform in (known.TransformExclC14N, known.TransformSha256):
        context.enable_reference_transform(transform)
        context.enable_signature_transform(transform)
    for transform in (known.TransformRsaSha256, known.TransformEcdsaSha256):
        context.enable_signature_transform(transform)
    return context


def _register(context: xmlsec.SignatureContext, element: etree._Element) -> None:
    for name in _ID_ATTRIBUTES:
        if element.get(name) is not None:
            qname = etree.QName(name)
            context.register_id(element, qname.localname, qname.namespace)


def signed_digest(signature: etree._Element) -> str:
    """What tells one signed message from another, whichever signature value stands over it."""
    info = _signed_info(signature)
    data = etree.tostring(info, method="c14n", exclusive=True, with_comments=False)
    return hashlib.sha256(data).hexdigest()


def sign(parent: etree._Element, targets: Sequence[etree._Element], key: bytes) -> etree._Element:
    """Append a signature of the targets (each with a wsu:Id) to `parent`; `key` is PEM.

    The signature comes back with an empty KeyInfo, in which the caller says which key it was.
    """
    secret = xmlsec.Key.from_memory(key, known.KeyDataFormatPem)
    method = known.TransformEcdsaSha256 if _is_elliptic(key) else known.TransformRsaSha256
    signature = xmlsec.template.create(parent, known.TransformExclC14N, method, ns="ds")
    parent.append(signature)
    context = xmlsec.SignatureContext()
    context.key = secret
    for target in targets:
        context.register_id(target, "Id", WSU)
        reference = xmlsec.template.add_reference(
            signature, known.TransformSha256, uri=f"#{target.get(WSU_ID)}"
        )
        xmlsec.template.add_transform(reference, known.TransformExclC14N)
    context.sign(signature)
    etree.SubElement(signature, f"{{{DS}}}KeyInfo")
    return signature


def _is_elliptic(key: bytes) -> bool:
    return isinstance(load_pem_private_key(key, None), ec.EllipticCurvePrivateKey)


def strong(certificate: x509.Certificate) -> bool:
    """Whether its key may be used: RSA from 2048 bits on, or an elliptic curve."""
    key = certificate.public_key()
    return isinstance(key, ec.EllipticCurvePublicKey) or (
        isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_RSA_BITS
    )
