"""WS-Security: what our signer makes is accepted, and nothing that was tampered with is."""

import base64
import hashlib
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import pytest
import trustme
import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import NameOID
from lxml import etree
from xmlsec import constants as known

from adapters.transport.signature import DS, WSU, WSU_ID, SignatureRefused
from adapters.transport.wsse import WSSE, EnvelopeSigner, Recent, UsernameToken, Verifier
from adapters.transport.xml import XmlRefused

S11 = "http://schemas.xmlsoap.org/soap/envelope/"
NOW = datetime(2026, 1, 5, 3, 4, 5, tzinfo=UTC)
BODY = '<s:Body><a xmlns="urn:a">033917264058 Ngữ</a></s:Body>'
MESSAGE = f'<s:Envelope xmlns:s="{S11}"><s:Header/>{BODY}</s:Envelope>'.encode()
SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
NAMES = (("Body", S11), ("Timestamp", WSU), ("BinarySecurityToken", WSSE))
Change = Callable[[etree._Element], None]


class Clock:
    def __init__(self, now: datetime = NOW) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time


def _pair(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, days: int = 30) -> tuple[bytes, bytes]:
    """A self-signed certificate and its key, both PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "peer.example")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=30))
        .not_valid_after(NOW + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    return certificate.public_bytes(pem), key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)


@lru_cache(maxsize=4)
def _rsa(which: int = 0, days: int = 30) -> tuple[bytes, bytes]:
    del which
    return _pair(rsa.generate_private_key(65_537, 2_048), days)


@lru_cache(maxsize=1)
def _ec() -> tuple[bytes, bytes]:
    return _pair(ec.generate_private_key(ec.SECP256R1()))


def _signed(pair: tuple[bytes, bytes] | None = None, message: bytes = MESSAGE) -> bytes:
    return EnvelopeSigner(*(pair or _rsa())).sign(message, NOW)


def _verifier(*certificates: bytes, now: datetime = NOW) -> Verifier:
    clock = Clock(now)
    return Verifier(certificates or (_rsa()[0],), clock, Recent(clock))


def _refusal(message: bytes, verifier: Verifier | None = None) -> str:
    with pytest.raises(SignatureRefused) as caught:
        (verifier or _verifier()).verify(message)
    assert "033" not in repr(caught.value)
    return caught.value.code


def _changed(change: Change, message: bytes | None = None) -> bytes:
    root = etree.fromstring(message or _signed())
    change(root)
    return etree.tostring(root)


def _find(root: etree._Element, name: str, space: str = DS) -> etree._Element:
    found = root.find(f".//{{{space}}}{name}")
    assert found is not None
    return found


def _sign_again(root: etree._Element, *signed: etree._Element) -> None:
    """What the owner of the key could do: sign whatever the references name now."""
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(_rsa()[1], known.KeyDataFormatPem)
    for element in signed:
        context.register_id(element, "Id", WSU)
    context.sign(_find(root, "Signature"))


@pytest.mark.parametrize("pair", [_rsa, _ec])
def test_signed_message_is_accepted_and_its_body_handed_back(pair: Callable[[], tuple[bytes, bytes]]) -> None:
    body = _verifier(pair()[0]).verify(_signed(pair()))
    assert body.tag == f"{{{S11}}}Body"
    assert body.findtext("{urn:a}a") == "033917264058 Ngữ"
    assert body.getparent() is None, "read from the signed bytes, not from the document"


def test_elliptic_signature_is_right_for_another_library() -> None:
    """R and S beside one another over the canonical SignedInfo (RFC 4051 3.4), checked without xmlsec."""
    root = etree.fromstring(_signed(_ec()))
    content = etree.tostring(_find(root, "SignedInfo"), method="c14n", exclusive=True)
    value = base64.b64decode(_find(root, "SignatureValue").text or "")
    numbers = (int.from_bytes(half) for half in (value[:32], value[32:]))
    key = x509.load_pem_x509_certificate(_ec()[0]).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(encode_dss_signature(*numbers), content, ec.ECDSA(hashes.SHA256()))


def test_signature_is_made_with_strong_algorithms_over_body_time_and_token() -> None:
    root = etree.fromstring(_signed())
    algorithms = {e.get("Algorithm") for e in root.iter() if e.get("Algorithm")}
    assert algorithms == {
        "http://www.w3.org/2001/10/xml-exc-c14n#",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2001/04/xmlenc#sha256",
    }
    ids = {e.get(WSU_ID): etree.QName(e).localname for e in root.iter() if e.get(WSU_ID)}
    uris = [e.get("URI", "")[1:] for e in root.iter(f"{{{DS}}}Reference")]
    assert sorted(ids[uri] for uri in uris) == ["BinarySecurityToken", "Body", "Timestamp"]


def test_changed_body_or_time_is_refused() -> None:
    assert _refusal(_signed().replace(b"033917264058", b"033917264059")) == "signature"

    def later(root: etree._Element) -> None:
        _find(root, "Expires", WSU).text = "2026-01-05T04:04:05Z"

    assert _refusal(_changed(later)) == "signature"


def _wrap(root: etree._Element, place: str) -> None:
    """Move the signed body aside and put another one where SOAP reads it."""
    body = _find(root, "Body", S11)
    evil = etree.fromstring(f'<s:Body xmlns:s="{S11}"><a xmlns="urn:a">evil</a></s:Body>')
    root.replace(body, evil)
    if place == "header":
        etree.SubElement(_find(root, "Header", S11), "{urn:w}Wrapper").append(body)
    elif place == "security":
        _find(root, "Security", WSSE).append(body)
    elif place == "object":
        etree.SubElement(_find(root, "Signature"), f"{{{DS}}}Object").append(body)
    elif place == "inside":
        evil.append(body)
    else:
        root.insert(0, body)


@pytest.mark.parametrize("place", ["header", "security", "object", "inside", "before"])
@pytest.mark.parametrize("reuse_id", [False, True])
def test_wrapped_body_is_refused(place: str, reuse_id: bool) -> None:
    def change(root: etree._Element) -> None:
        name = _find(root, "Body", S11).get(WSU_ID, "")
        _wrap(root, place)
        if reuse_id:
            for body in root.iter(f"{{{S11}}}Body"):
                body.set(WSU_ID, name)

    expected = {"duplicate_id"} if reuse_id else {"not_signed", "wrapped"}
    assert _refusal(_changed(change)) in expected | ({"wrapped"} if place == "before" else set())


def test_body_outside_the_signed_elements_is_refused() -> None:
    """Only the time stamp is signed."""

    def change(root: etree._Element) -> None:
        info = _find(root, "SignedInfo")
        for reference in info.findall(f"{{{DS}}}Reference"):
            if not reference.get("URI", "").startswith("#time"):
                info.remove(reference)
        _sign_again(root, _find(root, "Timestamp", WSU))

    assert _refusal(_changed(change)) == "not_signed"


def test_header_that_was_added_is_refused() -> None:
    def change(root: etree._Element) -> None:
        etree.SubElement(
            _find(root, "Header", S11), "{http://www.w3.org/2005/08/addressing}To"
        ).text = "urn:x"

    assert _refusal(_changed(change)) == "not_signed"


@pytest.mark.parametrize(
    ("tag", "algorithm", "code"),
    [
        ("Transform", "http://www.w3.org/TR/1999/REC-xpath-19991116", "transform"),
        ("Transform", "http://www.w3.org/2002/06/xmldsig-filter2", "transform"),
        ("Transform", "http://www.w3.org/TR/1999/REC-xslt-19991116", "transform"),
        ("Transform", "http://www.w3.org/2000/09/xmldsig#enveloped-signature", "transform"),
        ("Transform", "http://www.w3.org/2001/10/xml-exc-c14n#WithComments", "transform"),
        ("DigestMethod", SHA1, "algorithm"),
        ("SignatureMethod", "http://www.w3.org/2000/09/xmldsig#rsa-sha1", "algorithm"),
        ("SignatureMethod", "http://www.w3.org/2000/09/xmldsig#hmac-sha1", "algorithm"),
        ("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", "algorithm"),
        ("CanonicalizationMethod", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "algorithm"),
    ],
)
def test_other_transforms_and_algorithms_are_refused(tag: str, algorithm: str, code: str) -> None:
    assert _refusal(_changed(lambda root: _find(root, tag).set("Algorithm", algorithm))) == code


def test_second_transform_is_refused() -> None:
    def change(root: etree._Element) -> None:
        extra = etree.SubElement(_find(root, "Transforms"), f"{{{DS}}}Transform")
        extra.set("Algorithm", "http://www.w3.org/TR/1999/REC-xpath-19991116")
        etree.SubElement(extra, f"{{{DS}}}XPath").text = "self::x"

    assert _refusal(_changed(change)) == "transform"


@pytest.mark.parametrize(
    "uri", ["", "#", "#xpointer(/)", "http://127.0.0.1/x", "file:///etc/passwd", "#nowhere", "cid:x"]
)
def test_reference_to_anything_but_an_id_of_the_message_is_refused(uri: str) -> None:
    assert _refusal(_changed(lambda root: _find(root, "Reference").set("URI", uri))) == "reference"


def test_same_id_twice_is_refused_whatever_the_attribute() -> None:
    for name in (WSU_ID, "Id", "ID", "id", "{http://www.w3.org/XML/1998/namespace}id"):

        def change(root: etree._Element, name: str = name) -> None:
            _find(root, "a", "urn:a").set(name, _find(root, "Body", S11).get(WSU_ID, ""))

        assert _refusal(_changed(change)) == "duplicate_id"


def test_repeated_references_comments_and_malformed_signed_info_are_refused() -> None:
    def repeat(root: etree._Element) -> None:
        info = _find(root, "SignedInfo")
        info.append(etree.fromstring(etree.tostring(_find(root, "Reference"))))

    def comment(root: etree._Element) -> None:
        _find(root, "SignedInfo").insert(0, etree.Comment("x"))

    def empty(root: etree._Element) -> None:
        _find(root, "SignedInfo").clear()

    def digest(root: etree._Element) -> None:
        _find(root, "DigestValue").text = "*"

    assert [_refusal(_changed(change)) for change in (repeat, comment, empty, digest)] == ["form"] * 4


def test_second_signature_or_security_header_is_refused() -> None:
    def signature(root: etree._Element) -> None:
        _find(root, "Body", S11).append(etree.fromstring(etree.tostring(_find(root, "Signature"))))

    def security(root: etree._Element) -> None:
        header = _find(root, "Header", S11)
        header.append(etree.fromstring(etree.tostring(header[0])))

    assert _refusal(_changed(signature)) == "wrapped"
    assert _refusal(_changed(security)) == "wrapped"


def test_message_without_signature_time_or_header_is_refused() -> None:
    assert _refusal(MESSAGE) == "missing"
    for name, space in (("Signature", DS), ("Timestamp", WSU)):

        def change(root: etree._Element, name: str = name, space: str = space) -> None:
            _find(root, "Security", WSSE).remove(_find(root, name, space))

        assert _refusal(_changed(change)) in {"missing", "reference"}
    assert _refusal(b"<a/>") == "not_an_envelope"


def test_unknown_certificate_is_refused_even_when_the_message_brings_it() -> None:
    assert _refusal(_signed(_rsa(1))) == "unknown_certificate"


def test_known_certificate_shown_with_another_key_is_refused() -> None:
    shown_but_not_used = (_rsa()[0], _rsa(1)[1])
    assert _refusal(_signed(shown_but_not_used)) == "signature"


def test_certificate_of_an_authority_is_no_pinned_certificate() -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("peer.example", key_type=trustme.KeyType.RSA)
    pair = issued.cert_chain_pems[0].bytes(), issued.private_key_pem.bytes()
    assert _refusal(_signed(pair), _verifier(authority.cert_pem.bytes())) == "unknown_certificate"


def test_message_without_token_is_checked_against_all_pinned_certificates() -> None:
    def change(root: etree._Element) -> None:
        token = _find(root, "BinarySecurityToken", WSSE)
        info = _find(root, "SignedInfo")
        info.remove(info[-1])
        _find(root, "Security", WSSE).remove(token)
        _sign_again(root, _find(root, "Timestamp", WSU), _find(root, "Body", S11))

    message = _changed(change)
    assert _verifier(_ec()[0], _rsa()[0]).verify(message) is not None
    assert _refusal(message, _verifier(_ec()[0])) == "signature"


def test_token_may_be_unsigned_and_chooses_among_the_pinned_certificates_only() -> None:
    """Servers that sign Body and Timestamp only send it so."""

    def change(root: etree._Element, shown: bytes = _rsa()[0]) -> None:
        token, info = _find(root, "BinarySecurityToken", WSSE), _find(root, "SignedInfo")
        token.text = "".join(shown.decode().splitlines()[1:-1])
        info.remove(info[-1])
        _sign_again(root, _find(root, "Timestamp", WSU), _find(root, "Body", S11))

    message = _changed(change)
    assert _verifier(_ec()[0], _rsa()[0]).verify(message) is not None
    assert (
        _refusal(_changed(lambda root: change(root, _ec()[0])), _verifier(_ec()[0], _rsa()[0])) == "signature"
    )
    assert _refusal(_changed(lambda root: change(root, _ec()[0]))) == "unknown_certificate"


def test_expired_certificate_is_refused() -> None:
    assert _refusal(_signed(_rsa(2, -1)), _verifier(_rsa(2, -1)[0])) == "certificate_expired"


@pytest.mark.parametrize(("minutes", "code"), [(-6, "not_fresh"), (6, "not_fresh"), (60, "not_fresh")])
def test_message_from_another_time_is_refused(minutes: int, code: str) -> None:
    assert _refusal(_signed(), _verifier(now=NOW + timedelta(minutes=minutes))) == code


def test_message_is_refused_once_it_has_expired() -> None:
    message = EnvelopeSigner(*_rsa(), life=timedelta(minutes=1)).sign(MESSAGE, NOW)
    assert _refusal(message, _verifier(now=NOW + timedelta(minutes=2))) == "expired"


def test_replayed_message_is_refused_as_long_as_it_is_fresh() -> None:
    clock = Clock()
    recent = Recent(clock)
    verifier = Verifier([_rsa()[0]], clock, recent)
    message = _signed()
    verifier.verify(message)
    assert _refusal(message, verifier) == "replayed"
    clock.time += timedelta(minutes=4)
    assert _refusal(message, verifier) == "replayed"
    clock.time += timedelta(minutes=2)
    assert _refusal(message, verifier) == "not_fresh"
    assert recent("other", clock.time), "old keys are forgotten"
    assert len(recent._until) == 1


def test_keys_are_forgotten_once_though_several_threads_ask() -> None:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            for _ in range(20):
                clock = Clock()
                recent = Recent(clock)
                for number in range(2_000):
                    recent(f"old {number}", clock.time)
                clock.time += timedelta(minutes=1)
                told = list(threads.map(lambda key: recent(key, clock.time), ["a", "b", "c", "d"] * 2))  # noqa: B023
                assert told.count(True) == len(recent._until) == 4
    finally:
        sys.setswitchinterval(usual)


def test_refused_message_does_not_use_up_its_key() -> None:
    clock = Clock()
    verifier = Verifier([_rsa()[0]], clock, Recent(clock))
    message = _signed()
    assert _refusal(message.replace(b"033917264058", b"033917264059"), verifier) == "signature"
    assert verifier.verify(message) is not None


def test_reference_that_is_not_needed_is_refused() -> None:
    """Signed by the right key, but covering an element inside the body as well."""

    def change(root: etree._Element) -> None:
        inner = _find(root, "a", "urn:a")
        inner.set(WSU_ID, "inner")
        extra = etree.fromstring(etree.tostring(_find(root, "Reference")))
        extra.set("URI", "#inner")
        _find(root, "SignedInfo").append(extra)
        _sign_again(root, inner, *(_find(root, *name) for name in NAMES))

    assert _refusal(_changed(change)) == "wrapped"


def test_document_type_is_refused_before_anything_else() -> None:
    with pytest.raises(XmlRefused):
        _verifier().verify(b'<!DOCTYPE a [<!ENTITY x "y">]>' + _signed().partition(b"?>")[2])


def test_weak_or_missing_certificates_are_refused_at_start() -> None:
    weak = _pair(rsa.generate_private_key(65_537, 1_024))  # noqa: S505 -- that is the point
    for certificates in ([], [weak[0]]):
        with pytest.raises(ValueError, match="needed"):
            Verifier(certificates, Clock(), Recent(Clock()))


def test_username_token_digest_follows_the_profile() -> None:
    token = UsernameToken(username="a&b", password="bí mật <1>")
    root = etree.fromstring(token.header(NOW, b"0123456789abcdef"))
    created = root.findtext(f".//{{{WSU}}}Created") or ""
    mixed = b"0123456789abcdef" + created.encode() + "bí mật <1>".encode()
    assert created == "2026-01-05T03:04:05.000Z"
    assert root.findtext(f".//{{{WSSE}}}Username") == "a&b"
    assert root.findtext(f".//{{{WSSE}}}Password") == base64.b64encode(hashlib.sha1(mixed).digest()).decode()  # noqa: S324
    assert "bí mật" not in repr(root)


def test_username_token_may_carry_the_password_as_text() -> None:
    header = UsernameToken(username="a", password="<&", digest=False).header(NOW, b"n")
    password = etree.fromstring(header).find(f".//{{{WSSE}}}Password")
    assert password is not None
    assert password.text == "<&"
    assert password.get("Type", "").endswith("#PasswordText")
