"""WS-Security 1.0/1.1 (OASIS, SOAP Message Security; UsernameToken and X.509 token profiles).

`UsernameToken` makes a header. `EnvelopeSigner` signs Body, Timestamp, token and other header blocks of a message.
`Verifier` accepts a message only when Body, Timestamp and every other header are among the signed elements
and stand where SOAP reads them, the key is one of the pinned certificates, the time is right and the message
is new; it hands back the Body parsed from the signed bytes. Times and randomness are passed in.
"""

import base64
import hashlib
import re
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from adapters.transport.signature import (
    DS,
    WSU,
    WSU_ID,
    Reference,
    SignatureRefused,
    check,
    ids_of,
    read_references,
    sign,
    signed_digest,
    strong,
)
from adapters.transport.soap import NAMESPACES
from adapters.transport.xml import XmlLimits, XmlRefused, parse
from gateway.ports.clock import Clock

_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
WSSE = f"{_OASIS}-wssecurity-secext-1.0.xsd"
_PASSWORD = f"{_OASIS}-username-token-profile-1.0#Password"
_BASE64 = f"{_OASIS}-soap-message-security-1.0#Base64Binary"
_TOKEN = f"{{{WSSE}}}BinarySecurityToken"
_X509 = f"{_OASIS}-x509-token-profile-1.0#X509v3"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z\Z", re.ASCII)

#: called with a key and the time until which it must be remembered; False if the key was there before
FirstSeen = Callable[[str, datetime], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsernameToken:
    """Name and password of a system, as text or as a digest over nonce and time."""

    username: str
    password: str
    digest: bool = True

    def header(self, now: datetime, nonce: bytes) -> str:
        """The Security header as XML."""
        created, number = _instant(now), base64.b64encode(nonce).decode()
        secret, kind = escape(self.password), "Text"
        if self.digest:
            mixed = nonce + created.encode() + self.password.encode()
            # SHA-1 is what the profile prescribes for this digest
            secret, kind = base64.b64encode(hashlib.sha1(mixed).digest()).decode(), "Digest"  # noqa: S324
        return (
            f'<wsse:Security xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}"><wsse:UsernameToken>'
            f"<wsse:Username>{escape(self.username)}</wsse:Username>"
            f'<wsse:Password Type="{_PASSWORD}{kind}">{secret}</wsse:Password>'
            f'<wsse:Nonce EncodingType="{_BASE64}">{number}</wsse:Nonce>'
            f"<wsu:Created>{created}</wsu:Created></wsse:UsernameToken></wsse:Security>"
        )


def _instant(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class EnvelopeSigner:
    """Signs outgoing messages with one key."""

    def __init__(
        self,
        certificate: bytes,
        key: bytes,
        *,
        life: timedelta = timedelta(minutes=5),
        unique: Callable[[], str] = lambda: secrets.token_hex(12),
    ) -> None:
        """`certificate` and `key` are PEM; the key is not encrypted."""
        self._token = base64.b64encode(x509.load_pem_x509_certificate(certificate).public_bytes(Encoding.DER))
        self._key = key
        self._life = life
        self._unique = unique

    def sign(self, message: bytes, now: datetime) -> bytes:
        """The message with a Security header: token, timestamp, signature over both, the Body and other headers."""
        envelope = parse(message)
        space = etree.QName(envelope).namespace
        header, body = envelope.find(f"{{{space}}}Header"), envelope.find(f"{{{space}}}Body")
        if header is None or body is None:
            raise XmlRefused("not_an_envelope")
        blocks = list(header.iterchildren(etree.Element))
        names = {"wsse": WSSE, "wsu": WSU}
        security = etree.SubElement(header, f"{{{WSSE}}}Security", nsmap=names)
        security.set(f"{{{space}}}mustUnderstand", "1")
        token = etree.SubElement(security, f"{{{WSSE}}}BinarySecurityToken")
        token.set("EncodingType", _BASE64)
        token.set("ValueType", _X509)
        token.text = self._token.decode()
        stamp = etree.SubElement(security, f"{{{WSU}}}Timestamp")
        etree.SubElement(stamp, f"{{{WSU}}}Created").text = _instant(now)
        etree.SubElement(stamp, f"{{{WSU}}}Expires").text = _instant(now + self._life)
        unique = self._unique()
        marked = [("body", body), ("time", stamp), ("token", token)]
        marked += [(f"block{i}", block) for i, block in enumerate(blocks)]
        for prefix, element in marked:
            element.set(WSU_ID, f"{prefix}-{unique}")
        signature = sign(security, tuple(element for _, element in marked), self._key)
        pointer = etree.SubElement(signature[-1], f"{{{WSSE}}}SecurityTokenReference")
        place = etree.SubElement(pointer, f"{{{WSSE}}}Reference")
        place.set("URI", f"#token-{unique}")
        place.set("ValueType", _X509)
        return etree.tostring(envelope, encoding="utf-8", xml_declaration=True)


class Verifier:
    """Accepts messages signed by one of a few known certificates."""

    def __init__(
        self,
        certificates: Sequence[bytes],
        clock: Clock,
        first_seen: FirstSeen,
        *,
        tolerance: timedelta = timedelta(minutes=5),
        limits: XmlLimits | None = None,
    ) -> None:
        """`certificates` are PEM. Raises ValueError if there is none, or one with a weak key."""
        self._pinned = [x509.load_pem_x509_certificate(one) for one in certificates]
        if not self._pinned or not all(strong(one) for one in self._pinned):
            raise ValueError("certificates with RSA keys from 2048 bits on or elliptic keys are needed")
        self._clock = clock
        self._first_seen = first_seen
        self._tolerance = tolerance
        self._limits = limits

    def verify(self, message: bytes) -> etree._Element:
        """The Body, from the bytes that were signed; SignatureRefused or XmlRefused otherwise."""
        envelope = parse(message, self._limits)
        header, body = _parts(envelope)
        security = _one(header, f"{{{WSSE}}}Security")
        signature = _one(security, f"{{{DS}}}Signature")
        if sum(1 for _ in envelope.iter(f"{{{DS}}}Signature", f"{{{WSSE}}}Security")) != 2:
            raise SignatureRefused("wrapped")
        references = read_references(signature, ids_of(envelope))
        stamp = _one(security, f"{{{WSU}}}Timestamp")
        needed = [body, stamp]
        needed += [block for block in header.iterchildren(etree.Element) if block is not security]
        # a token may be unsigned, as many providers send it: it only chooses among the pinned certificates
        tokens = security.findall(_TOKEN)
        beside = [block for block in security.iterchildren(etree.Element) if block is not signature]
        needed += [block for block in beside if block not in tokens]
        signed = _all_signed(references, needed, tokens)
        certificate = check(signature, references, self._candidates(security))
        now = self._clock.now()
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise SignatureRefused("certificate_expired")
        until = self._fresh(signed[stamp].content(), now)
        content = signed[body].content()
        if not self._first_seen(signed_digest(signature), until):
            raise SignatureRefused("replayed")
        return content

    def _candidates(self, security: etree._Element) -> list[x509.Certificate]:
        """Which pinned certificates may have signed; the message can only choose among them."""
        tokens = security.findall(_TOKEN)
        if not tokens:
            return self._pinned
        if len(tokens) != 1 or tokens[0].get("ValueType", _X509) != _X509:
            raise SignatureRefused("token")
        given = "".join((tokens[0].text or "").split())
        known = [
            one for one in self._pinned if base64.b64encode(one.public_bytes(Encoding.DER)).decode() == given
        ]
        if not known:
            raise SignatureRefused("unknown_certificate")
        return known

    def _fresh(self, stamp: etree._Element, now: datetime) -> datetime:
        """The time until which a repetition would still look fresh."""
        created, expires = _time(stamp, "Created"), _time(stamp, "Expires")
        if created is None or abs(now - created) > self._tolerance:
            raise SignatureRefused("not_fresh")
        if expires is not None and (expires <= now or expires < created):
            raise SignatureRefused("expired")
        return created + self._tolerance


class Recent:
    """A `FirstSeen` in the memory of this process: as many keys as were accepted while they are fresh."""

    def __init__(self, clock: Clock) -> None:
        """Keys are forgotten once they are too old to be accepted anyway."""
        self._clock = clock
        self._until: dict[str, datetime] = {}
        # small messages are read on the loop, large ones in a thread
        self._lock = threading.Lock()

    def __call__(self, key: str, until: datetime) -> bool:
        """Whether the key is new; it is remembered until `until`."""
        now = self._clock.now()
        with self._lock:
            while self._until and next(iter(self._until.values())) < now:
                del self._until[next(iter(self._until))]
            if key in self._until:
                return False
            self._until[key] = until
            return True


def _parts(envelope: etree._Element) -> tuple[etree._Element, etree._Element]:
    for space in NAMESPACES.values():
        if envelope.tag == f"{{{space}}}Envelope":
            return _one(envelope, f"{{{space}}}Header"), _one(envelope, f"{{{space}}}Body")
    raise SignatureRefused("not_an_envelope")


def _one(parent: etree._Element, tag: str) -> etree._Element:
    found = parent.findall(tag)
    if len(found) != 1:
        raise SignatureRefused("missing" if not found else "wrapped")
    return found[0]


def _all_signed(
    references: Sequence[Reference], needed: Sequence[etree._Element], allowed: Sequence[etree._Element]
) -> dict[etree._Element, Reference]:
    """The references by element; what is needed must be there, and nothing else but what is allowed."""
    signed = {reference.element: reference for reference in references}
    if any(element not in signed for element in needed):
        raise SignatureRefused("not_signed")
    if not signed.keys() <= {*needed, *allowed}:
        raise SignatureRefused("wrapped")
    return signed


def _time(stamp: etree._Element, name: str) -> datetime | None:
    found = stamp.findall(f"{{{WSU}}}{name}")
    if not found:
        return None
    text = (found[0].text or "").strip()
    if len(found) != 1 or not _INSTANT.match(text):
        raise SignatureRefused("not_fresh")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise SignatureRefused("not_fresh") from None
