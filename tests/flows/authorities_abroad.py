"""The five authorities of `mappings/examples` on loopback: strict about what they are sent; they answer its files.

Nothing of the product reads the requests here. `mode` says what comes: an answer file (`found`, `nobody`, `busy`), or
`broken`: bytes that mean nothing. What an authority did not like is in `complaints`, and is a plain refusal.
"""

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

from adapters.transport.wsse import EnvelopeSigner

EXAMPLES = Path(__file__).parents[2] / "mappings" / "examples"
S11, S12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
DS = "http://www.w3.org/2000/09/xmldsig#"
_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE, WSU = f"{_OASIS}wssecurity-secext-1.0.xsd", f"{_OASIS}wssecurity-utility-1.0.xsd"
MARRIAGE, ACTION = "urn:example:standesamt:daten:2", "urn:example:standesamt:dienst:2/Eheauskunft"
PENSION = "http://seguranca-social.example/pensoes"
BROKEN = b"<html><body>Bad gateway</body></html>"
#: how the same "nobody" comes from a framework or an old version
NOT_FOUND_BODIES = (b"", b"Not Found", b"[]", b'{"errors": []}')


class Refused(Exception):
    """What the authority does not like."""


def wants(what: str, found: object, *expected: object) -> None:
    if found not in expected:
        raise Refused(f"{what}: {found!r}")


@dataclass
class Authorities:
    """All five."""

    keys: Path
    url: str = ""
    #: name of the source -> what it answers; `found` where nothing stands
    mode: dict[str, str] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    #: requests that were answered, by source
    calls: dict[str, int] = field(default_factory=dict)
    nonces: set[str] = field(default_factory=set)
    #: token -> for how many requests it still is good
    tokens: dict[str, int] = field(default_factory=dict)
    bodies: int = 0

    def answer(self, example: str, source: str, ending: str, name: str = "") -> bytes:
        return (
            EXAMPLES
            / example
            / f"schemas/sources/{source}/answers/{name or self.mode.get(source, 'found')}{ending}"
        ).read_bytes()

    def is_broken(self, source: str) -> bool:
        self.calls[source] = self.calls.get(source, 0) + 1
        return self.mode.get(source) == "broken"

    # ---------------------------------------------------------------- soap_signed

    async def marriage(self, request: web.Request) -> web.Response:
        wants("content type", request.content_type, "application/soap+xml")
        envelope = etree.fromstring(await request.read())
        head, body = envelope.find(f"{{{S12}}}Header"), envelope.find(f"{{{S12}}}Body")
        assert head is not None
        assert body is not None
        said = {one: head.findtext(f"{{{WSA}}}{one}") for one in ("Action", "To", "MessageID")}
        wants("Action", said["Action"], ACTION)
        wants("To", said["To"], f"{self.url}/de/eheregister/v2")
        wants("ReplyTo", head.findtext(f"{{{WSA}}}ReplyTo/{{{WSA}}}Address"), f"{WSA}/anonymous")
        self._is_new(said["MessageID"])
        signed = _verified(envelope, (self.keys / "ours.pem").read_bytes())
        blocks = [one for one in head if not one.tag.startswith(f"{{{WSSE}}}")]
        wants("not signed", [one.tag for one in (*blocks, body) if one not in signed], [])
        [asked] = body
        wants("message", asked.tag, f"{{{MARRIAGE}}}EheauskunftAnfrage")
        wants("mandant", asked.get("mandant"), "VN-HY")
        names = ["Reisepassnummer", "Geburtsdatum", "Zweck"]
        wants("elements", [one.tag for one in asked], [f"{{{MARRIAGE}}}{name}" for name in names])
        wants("passport", asked[0].text, "C4718306")
        wants("birth date", asked[1].text, "1991-05-17")
        if self.is_broken("de_marriage"):
            return web.Response(body=BROKEN, content_type="text/html")
        answer = self.answer("soap_signed", "de_marriage", ".xml")
        block = f'<s:Header><a:RelatesTo xmlns:a="{WSA}">{said["MessageID"]}</a:RelatesTo></s:Header>'
        signer = EnvelopeSigner(*((self.keys / f"theirs.{one}").read_bytes() for one in ("pem", "key")))
        sent = signer.sign(answer.replace(b"<s:Header/>", block.encode()), datetime.now(UTC))
        return web.Response(
            status=500 if b"Fault" in answer else 200, body=sent, content_type="application/soap+xml"
        )

    def _is_new(self, number: str | None) -> None:
        wants("used before", number in self.nonces or not number, False)
        self.nonces.add(str(number))

    # ---------------------------------------------------------------- soap_rpc

    async def pension(self, request: web.Request) -> web.Response:
        wants("content type", request.content_type, "text/xml")
        wants("SOAPAction", request.headers["SOAPAction"], '"consultarPensao"')
        envelope = etree.fromstring(await request.read())
        token = envelope.find(f"{{{S11}}}Header/{{{WSSE}}}Security/{{{WSSE}}}UsernameToken")
        assert token is not None
        wants("user", token.findtext(f"{{{WSSE}}}Username"), "motlan")
        nonce, created = token.findtext(f"{{{WSSE}}}Nonce"), str(token.findtext(f"{{{WSU}}}Created"))
        self._is_new(nonce)
        wants("old", datetime.now(UTC) - datetime.fromisoformat(created) < timedelta(minutes=5), True)
        mixed = base64.b64decode(nonce or "") + created.encode() + b"pension-secret"
        digest = base64.b64encode(hashlib.sha1(mixed).digest()).decode()  # noqa: S324 -- as the profile has it
        wants("password", token.findtext(f"{{{WSSE}}}Password"), digest)
        body = envelope.find(f"{{{S11}}}Body")
        assert body is not None
        [asked] = body
        wants("wrapper", asked.tag, f"{{{PENSION}}}consultarPensao")
        parts = [(one.tag, one.text) for one in asked]  # parts of rpc have no namespace
        wants("parts", parts, [("tipoDocumento", "BI"), ("numeroDocumento", "033058407319"), ("pais", "VNM")])
        if self.is_broken("ao_pension"):
            return web.Response(body=BROKEN, content_type="text/xml")
        answer = self.answer("soap_rpc", "ao_pension", ".xml")
        return web.Response(status=500 if b"Fault" in answer else 200, body=answer, content_type="text/xml")

    # ---------------------------------------------------------------- rest_bearer

    async def branch(self, request: web.Request) -> web.Response:
        wants("key", request.headers.get("Authorization"), "Bearer branch-secret")
        wants("identifier", request.match_info["identifier"], "0308719252")
        wants("query", dict(request.query), {"objet": "business_registration"})
        if self.is_broken("fr_branch"):
            return web.Response(body=BROKEN, content_type="text/html")
        match self.mode.get("fr_branch", "found"):
            case "nobody":
                self.bodies += 1
                bodies = (self.answer("rest_bearer", "fr_branch", ".json"), *NOT_FOUND_BODIES)
                return web.Response(
                    status=404, body=bodies[self.bodies % len(bodies)], content_type="application/json"
                )
            case "busy":
                return web.Response(status=409, body=b"{}", content_type="application/json")
        return web.Response(
            body=self.answer("rest_bearer", "fr_branch", ".json"), content_type="application/json"
        )

    # ---------------------------------------------------------------- rest_pages

    async def token(self, request: web.Request) -> web.Response:
        form = dict(await request.post())
        wanted = {
            "grant_type": "client_credentials",
            "client_id": "motlan",
            "client_secret": "employment-secret",
        }
        wants("token", form, wanted | {"scope": "employment.read"})
        token = f"t{len(self.tokens)}"
        self.tokens[token] = 2
        return web.json_response({"access_token": token, "token_type": "bearer", "expires_in": 3600})

    async def employment(self, request: web.Request) -> web.Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not self.tokens.get(token):
            return web.json_response({"resultCode": "4010"}, status=401)
        self.tokens[token] -= 1
        asked = await request.json()
        page = asked.pop("pageKey", None)
        wants("page", page, None, "aWQ9Mg")
        wants("truth", asked.pop("includeEnded", None) is True, True)  # 1 is no truth of JSON
        question = {"idType": "VNM_CCCD", "foreignIdNo": "033093618427", "formatVersion": 2, "pageSize": 50}
        wants("question", asked, question)
        if self.is_broken("kr_employment"):
            return web.Response(body=BROKEN, content_type="text/html")
        name = "" if self.mode.get("kr_employment") else "page_1" if page is None else "page_2"
        answer = self.answer("rest_pages", "kr_employment", ".json", name)
        return web.Response(body=answer, content_type="application/json")

    # ---------------------------------------------------------------- rest_problem

    async def move(self, request: web.Request) -> web.Response:
        wants("key", request.headers.get("X-Juki-Key"), "move-secret")
        wants(
            "question",
            await request.json(),
            {"旅券番号": "P5830194", "生年月日": "19961102", "照会元": "000.00.14.H31"},
        )
        if self.is_broken("jp_move"):
            return web.Response(body=BROKEN, content_type="text/html")
        answer = self.answer("rest_problem", "jp_move", ".json")
        said = json.loads(answer)
        kind = "application/problem+json" if "type" in said else "application/json"
        return web.Response(status=said.get("status", 200), body=answer, content_type=kind)

    def strict(
        self, door: Callable[[web.Request], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            try:
                return await door(request)
            except (
                Refused,
                AssertionError,
                InvalidSignature,
                ValueError,
                LookupError,
                etree.XMLSyntaxError,
            ) as error:
                self.complaints.append(f"{request.path}: {error!r}")
                return web.Response(status=400)

        return handle


def _verified(envelope: etree._Element, certificate: bytes) -> list[etree._Element]:
    """The elements that the signature covers (XML Signature, ECDSA with SHA-256), once all of it is right."""
    security = envelope.find(f"{{{S12}}}Header/{{{WSSE}}}Security")
    assert security is not None
    expires = security.findtext(f"{{{WSU}}}Timestamp/{{{WSU}}}Expires")
    wants("over", datetime.fromisoformat(str(expires)) > datetime.now(UTC), True)
    signature = security.find(f"{{{DS}}}Signature")
    assert signature is not None
    info = signature.find(f"{{{DS}}}SignedInfo")
    assert info is not None
    value = base64.b64decode(str(signature.findtext(f"{{{DS}}}SignatureValue")))
    half = len(value) // 2
    numbers = (int.from_bytes(one) for one in (value[:half], value[half:]))
    key = x509.load_pem_x509_certificate(certificate).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    content = etree.tostring(info, method="c14n", exclusive=True)
    key.verify(encode_dss_signature(*numbers), content, ec.ECDSA(hashes.SHA256()))
    signed = []
    for reference in info.findall(f"{{{DS}}}Reference"):
        name = reference.get("URI", "").removeprefix("#")
        [found] = [one for one in envelope.iter() if one.get(f"{{{WSU}}}Id") == name]
        plain = etree.tostring(found, method="c14n", exclusive=True, with_tail=False)
        digest = base64.b64encode(hashlib.sha256(plain).digest()).decode()
        wants("digest", reference.findtext(f"{{{DS}}}DigestValue"), digest)
        signed.append(found)
    return signed


@asynccontextmanager
async def abroad(keys: Path) -> AsyncIterator[Authorities]:
    """The authorities at one address; `keys`: a folder for certificates and keys of both sides."""
    for who in ("ours", "theirs"):
        issued = trustme.CA().issue_cert(f"{who}.example")
        (keys / f"{who}.pem").write_bytes(issued.cert_chain_pems[0].bytes())
        (keys / f"{who}.key").write_bytes(issued.private_key_pem.bytes())
    all_five = Authorities(keys)
    app = web.Application()
    for path, door in (
        ("/de/eheregister/v2", all_five.marriage),
        ("/ao/ws/Pensoes", all_five.pension),
        ("/kr/oauth2/token", all_five.token),
        ("/kr/v1/history/search", all_five.employment),
        ("/jp/tenshutsu/search", all_five.move),
    ):
        app.router.add_post(path, all_five.strict(door))
    app.router.add_get("/fr/v3/etablissements/{identifier}", all_five.strict(all_five.branch))
    async with TestServer(app) as server:
        all_five.url = str(server.make_url("")).rstrip("/")
        yield all_five
