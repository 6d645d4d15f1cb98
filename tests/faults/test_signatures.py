"""A provider whose answers must be signed (WS-Security): forged ones are no answers at the gateway's door (T8, T11)."""

import base64
import copy
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import pytest
import pytest_asyncio
import xmlsec
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree
from xmlsec import constants as known

from adapters.transport.signature import DS, WSU, WSU_ID
from adapters.transport.wsse import WSSE, EnvelopeSigner
from tests.adapters.test_wsse import SHA1, _find, _pair, _wrap
from tests.faults.conftest import PERSON, Good, Say, Stage, assert_outcome, body, staged

pytestmark = pytest.mark.asyncio(loop_scope="module")

S11 = "http://schemas.xmlsoap.org/soap/envelope/"
INVALID = ("invalid", "source_answer_invalid")
FORGERY = "GIẢ MẠO"
Change = Callable[[etree._Element], object]
#: one answer as the sandbox gives it, taken before signatures were asked for
_answers: list[bytes] = []


@lru_cache(maxsize=4)
def pair(which: str) -> tuple[bytes, bytes]:
    """A certificate and its key."""
    del which
    return _pair(ec.generate_private_key(ec.SECP256R1()), 3_650)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def signed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A gateway that asks the population database with signatures and wants them back."""
    async with staged(tmp_path_factory.mktemp("plain"), {}) as plain:

        async def keep(good: Good, writer: object) -> None:
            del writer
            _answers[:] = [good.body.replace(b"<soapenv:Body>", b"<soapenv:Header/><soapenv:Body>")]

        plain.set("population", keep)
        await plain.ask(deadline_ms=200)
    async with _agreed(tmp_path_factory.mktemp("signed")) as stage:
        yield stage


@asynccontextmanager
async def _agreed(folder: Path) -> AsyncIterator[Stage]:
    (folder / "mine.pem").write_bytes(pair("mine")[0])
    (folder / "key.pem").write_bytes(pair("mine")[1])
    (folder / "theirs.pem").write_bytes(pair("theirs")[0])
    auth = {
        "kind": "wsse_x509", "certificate": str(folder / "mine.pem"), "key.file": str(folder / "key.pem"),
        "peer_certificate": str(folder / "theirs.pem"),
    }  # fmt: skip
    async with staged(
        folder, {f"sources.population.auth.{name}": value for name, value in auth.items()}
    ) as stage:
        yield stage


def sign(message: bytes | None = None, who: str = "theirs", minutes: float = 0) -> bytes:
    return EnvelopeSigner(*pair(who)).sign(
        message or _answers[0], datetime.now(UTC) + timedelta(minutes=minutes)
    )


def changed(change: Change) -> Say:
    def made(_good: Good) -> bytes:
        root = etree.fromstring(sign())
        change(root)
        return etree.tostring(root)

    return body(made, "text/xml; charset=utf-8")


def answering(make: Callable[[], bytes]) -> Say:
    return body(lambda _: make(), "text/xml; charset=utf-8")


def _text(root: etree._Element) -> None:
    """Another address: without the signature nobody would notice."""
    for element in root.iter("{*}ChiTiet"):
        element.text = FORGERY


def _wrapped(place: str, *, same_id: bool) -> Change:
    def change(root: etree._Element) -> None:
        answer = next(_find(root, "Body", S11).iterchildren())
        name = _find(root, "Body", S11).get(WSU_ID, "")
        _wrap(root, place)
        forged = copy.deepcopy(answer)
        _text(forged)
        evil = next(root.iter("{urn:a}a"))
        evil.addprevious(forged)
        parent = evil.getparent()
        assert parent is not None
        parent.remove(evil)
        if same_id:
            for one in root.iter(f"{{{S11}}}Body"):
                one.set(WSU_ID, name)

    return change


def _only_time(root: etree._Element) -> None:
    """Only the time stamp stays signed, by the owner of the key."""
    info = _find(root, "SignedInfo")
    for reference in info.findall(f"{{{DS}}}Reference"):
        if not reference.get("URI", "").startswith("#time"):
            info.remove(reference)
    _text(root)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(pair("theirs")[1], known.KeyDataFormatPem)
    context.register_id(_find(root, "Timestamp", WSU), "Id", WSU)
    context.sign(_find(root, "Signature"))


def _algorithm(tag: str, algorithm: str) -> Change:
    return lambda root: _find(root, tag).set("Algorithm", algorithm)


def _own_key(root: etree._Element) -> None:
    """A token with a certificate of the forger's own."""
    der = b"".join(pair("forger")[0].split(b"-----")[2].split())
    _find(root, "BinarySecurityToken", WSSE).text = base64.b64encode(base64.b64decode(der)).decode()


def _later(root: etree._Element) -> None:
    for name in ("Created", "Expires"):
        stamp = _find(root, name, WSU)
        assert stamp.text
        stamp.text = stamp.text.replace("20", "21", 1)


FORGED: dict[str, Say] = {
    "not signed": answering(lambda: _answers[0]),
    "text changed": changed(_text),
    "time changed": changed(_later),
    **{
        f"body wrapped, {place}{', same id' if same_id else ''}": changed(_wrapped(place, same_id=same_id))
        for place in ("header", "security", "object", "inside", "before")
        for same_id in (False, True)
    },
    "only the time signed": changed(_only_time),
    "XPath": changed(_algorithm("Transform", "http://www.w3.org/TR/1999/REC-xpath-19991116")),
    "XPath filter": changed(_algorithm("Transform", "http://www.w3.org/2002/06/xmldsig-filter2")),
    "XSLT": changed(_algorithm("Transform", "http://www.w3.org/TR/1999/REC-xslt-19991116")),
    "digest of SHA-1": changed(_algorithm("DigestMethod", SHA1)),
    "signature of SHA-1": changed(_algorithm("SignatureMethod", f"{DS}rsa-sha1")),
    "signature by a shared secret": changed(
        _algorithm("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
    ),
    "reference to a file": changed(lambda root: _find(root, "Reference").set("URI", "file:///etc/passwd")),
    "reference to the whole": changed(lambda root: _find(root, "Reference").set("URI", "")),
    "same id twice": changed(
        lambda root: next(root.iter("{*}CongDan")).set(WSU_ID, _find(root, "Body", S11).get(WSU_ID, ""))
    ),
    "other key": answering(lambda: sign(who="forger")),
    "other certificate in the message": changed(_own_key),
    "expired": answering(lambda: sign(minutes=-30)),
    "from the future": answering(lambda: sign(minutes=30)),
    "somebody else's, signed rightly": answering(
        lambda: sign(_answers[0].replace(PERSON.encode(), b"033190473862"))
    ),
    "document type before it": answering(lambda: b"<!DOCTYPE a>" + sign()),
}


@pytest.mark.parametrize("name", FORGED)
async def test_forged_answer_is_no_answer(signed: Stage, logged: io.BytesIO, name: str) -> None:
    signed.set("population", FORGED[name])
    outcome = ("invalid", "source_answer_other_person") if "somebody" in name else INVALID
    answer = await assert_outcome(signed, logged, "population", outcome)
    assert FORGERY not in str(answer)


async def test_signed_answer_is_read_once_and_its_replay_is_no_answer(
    signed: Stage, logged: io.BytesIO
) -> None:
    message = sign()
    peer = signed.set("population", answering(lambda: message))
    answer = await assert_outcome(signed, logged, "population", ("found", None))
    assert answer["form"]["nxnHoTen"] == "Trần Thị Mẫu"
    assert b"SignatureValue" in peer.calls[0][1]
    await assert_outcome(signed, logged, "population", INVALID)
