"""How a source proves by a key who it is: signed requests, assertions at a token endpoint, HMAC, certificates."""

import asyncio
import hashlib
import io
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as rsa_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from adapters.sources import rest
from adapters.transport.auth import build_auth
from adapters.transport.call import HttpPeer
from adapters.transport.request_proofs import hmac_requests
from gateway import telemetry
from gateway.config.gateway import Limits
from gateway.domain.errors import ConfigError
from gateway.domain.evidence import Outcome
from gateway.jose import issued, jwk
from gateway.messages.message import Message, signature_base
from gateway.messages.structured import InnerList, Item, dictionary
from gateway.messages.verify import fresh, verified
from tests.adapters.raw_peers import FixedClock, RawPeer, answer, saying, tools
from tests.adapters.test_auth import SECRET, Provider, call, opened, provider
from tests.adapters.test_rest import BY_ID, FOUND, ask, line_of, plan_of, said, settings_of
from tests.adapters.test_rest import opened as source_opened

__all__ = ["provider"]

KEYS: dict[str, Any] = {
    "EdDSA": Ed25519PrivateKey.generate(), "ES256": ec_key(SECP256R1()), "RS256": rsa_key(65_537, 2_048),
}  # fmt: skip
PROVED = list(KEYS.items())


def pem(key: Any, password: bytes = b"") -> str:
    closed = BestAvailableEncryption(password) if password else NoEncryption()
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, closed).decode())


WEAK = pem(rsa_key(65_537, 1_024))  # noqa: S505 -- it is refused


# ------------------------------------------------------------------ tokens and keys in words


async def test_token_that_was_given_once_is_sent_with_each_call(provider: Provider) -> None:
    provider.logins.append(({}, b""))
    async with opened(provider, {"kind": "bearer", "secret": {"value": "token-1"}}) as (peer, auth):
        assert (await call(peer, auth)).status == 200
    assert provider.calls[0].headers["Authorization"] == "Bearer token-1"


async def test_key_in_an_address_is_in_no_digest_log_metric_or_answer_of_ours() -> None:
    sink = io.BytesIO()
    telemetry.set_up(sink)
    auth = {"kind": "api_key", "in_query_as": "api key", "secret": {"value": f"{SECRET}&x"}}
    words = {"ten": {"from": "subject.full_name"}}
    for say in (said(FOUND), saying(answer(b"{", status="500 X")), saying(answer(SECRET.encode()))):
        async with source_opened(say, words, {"method": "GET"}, auth=auth) as (source, raw):
            got = await ask(source, full_name="Lê")
        assert line_of(raw.requests[0]) == f"GET /base/look?ten=L%C3%AA&api+key={SECRET}%26x HTTP/1.1"
        assert SECRET not in repr(got)
        assert got.request_digest == hashlib.sha256(b"/look?ten=L%C3%AA").digest()
    assert SECRET not in sink.getvalue().decode()


# ------------------------------------------------------------------ OAuth: the client proves itself


async def test_client_may_stand_in_the_form(provider: Provider) -> None:
    auth = {
        "kind": "oauth2",
        "client_id": "motlan",
        "client_auth": "form",
        "secret": {"value": SECRET},
        "token_path": "/token",
    }
    async with opened(provider, auth) as (peer, signer):
        assert (await call(peer, signer)).status == 200
    headers, body = provider.logins[0]
    form = {"grant_type": ["client_credentials"], "client_id": ["motlan"], "client_secret": [SECRET]}
    assert ("authorization" in headers, parse_qs(body.decode())) == (False, form)


@pytest.mark.parametrize(("algorithm", "key"), PROVED)
async def test_client_proves_itself_by_a_new_assertion_for_each_token(
    provider: Provider, algorithm: str, key: Any
) -> None:
    auth = {
        "kind": "oauth2", "client_id": "motlan", "client_auth": "private_key_jwt", "key": {"value": pem(key)},
        "kid": "k1", "token_path": "/token", "scope": "a",
    }  # fmt: skip
    async with opened(provider, auth) as (peer, signer):
        assert (await call(peer, signer)).status == 200
        provider.logins.append(({}, b""))  # the token is forgotten
        assert (await call(peer, signer)).status == 200
    seen = []
    for headers, body in (provider.logins[0], provider.logins[2]):
        form = {name: value[0] for name, value in parse_qs(body.decode()).items()}
        assert "authorization" not in headers
        assert form.pop("client_assertion_type") == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        token = issued.read(form.pop("client_assertion"))
        assert form == {"grant_type": "client_credentials", "scope": "a", "client_id": "motlan"}
        assert (token.algorithm, token.kid) == (algorithm, "k1")
        assert issued.is_signed_by(token, key.public_key())
        claims = dict(token.claims)
        seen.append(claims.pop("jti"))
        now = int(FixedClock().now().timestamp())
        assert claims == {
            "iss": "motlan", "sub": "motlan", "aud": f"{provider.url}/token", "iat": now, "exp": now + 60,
        }  # fmt: skip
    assert len(set(seen)) == 2


async def test_authority_may_want_another_audience(provider: Provider) -> None:
    auth = {
        "kind": "oauth2", "client_id": "motlan", "client_auth": "private_key_jwt", "audience": "https://a.example",
        "key": {"value": pem(KEYS["ES256"])}, "token_url": f"{provider.url}/token",
    }  # fmt: skip
    async with opened(provider, auth) as (peer, signer):
        await call(peer, signer)
    token = issued.read(parse_qs(provider.logins[0][1].decode())["client_assertion"][0])
    assert (token.claims["aud"], token.kid) == ("https://a.example", None)


# ------------------------------------------------------------------ signed requests


def arrived(raw: RawPeer) -> tuple[Message, bytes]:
    head, body = raw.requests[0].split(b"\r\n\r\n", 1)
    line, *fields = head.decode().split("\r\n")
    method, target, _ = line.split(" ")
    named = [field.partition(": ")[::2] for field in fields]
    shown = {name.lower(): [value] for name, value in named}
    return Message(shown, method, raw.url.removesuffix("/base"), target), body


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_request_is_signed_with_its_address_its_body_and_its_headers(
    algorithm: str, method: str
) -> None:
    key = KEYS[algorithm]
    auth = {"kind": "http_signature", "key": {"value": pem(key)}, "kid": "our key"}
    words = BY_ID if method == "POST" else {"ten": {"from": "subject.full_name"}}
    async with source_opened(said(FOUND), words, {"method": method}, auth=auth) as (source, raw):
        assert (await ask(source, full_name="Lê Thị")).outcome is Outcome.FOUND
    message, body = arrived(raw)
    known = jwk.of(key.public_key(), "our key")
    signed = verified(message, body, [known])
    fresh(signed, FixedClock().now().timestamp())
    covered = {"@method", "@target-uri", "content-digest", "accept"}
    inner = dictionary(message.fields["signature-input"][0])["motlan"]
    assert isinstance(inner, InnerList)
    assert {item.value for item in inner.items} == covered | ({"content-type"} if method == "POST" else set())
    with pytest.raises(Exception, match=r"digest|Digest"):
        verified(message, body + b" ", [known])


async def test_request_may_be_signed_by_rsa() -> None:
    key = KEYS["RS256"]
    auth = {"kind": "http_signature", "key": {"value": pem(key)}, "kid": "rsa"}
    async with source_opened(said(FOUND), auth=auth) as (source, raw):
        await ask(source)
    message, _ = arrived(raw)
    inner = dictionary(message.fields["signature-input"][0])["motlan"]
    item = dictionary(message.fields["signature"][0])["motlan"]
    assert isinstance(inner, InnerList)
    assert isinstance(item, Item)
    assert isinstance(item.value, bytes)
    assert inner.params["alg"] == "rsa-v1_5-sha256"
    public = key.public_key()
    assert isinstance(public, RSAPublicKey)
    public.verify(item.value, signature_base(inner, message), PKCS1v15(), SHA256())


class _Then:
    def now(self) -> datetime:
        return datetime(2015, 8, 30, 12, 36, tzinfo=UTC)


def test_hmac_is_the_one_of_the_published_example() -> None:
    """Documentation of AWS, "Signature Version 4", the call ListUsers."""
    secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    prove = hmac_requests("AKIDEXAMPLE", secret, "us-east-1", "iam", "https://iam.amazonaws.com/", _Then())
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    made = prove("GET", "/?Action=ListUsers&Version=2010-05-08", headers, None)
    signature = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    assert made == {
        "X-Amz-Date": "20150830T123600Z",
        "Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
        f"SignedHeaders=content-type;host;x-amz-date, Signature={signature}",
    }


async def test_hmac_goes_with_each_request() -> None:
    auth = {
        "kind": "aws_hmac", "access_key_id": "AK", "secret": {"value": SECRET}, "region": "vn",
        "service": "execute-api",
    }  # fmt: skip
    async with source_opened(said(FOUND), auth=auth) as (source, raw):
        assert (await ask(source)).outcome is Outcome.FOUND
    message, body = arrived(raw)
    sent = {"Accept": message.fields["accept"][0], "Content-Type": message.fields["content-type"][0]}
    prove = hmac_requests("AK", SECRET, "vn", "execute-api", raw.url, FixedClock())
    assert message.fields["authorization"] == [prove("POST", "/look", sent, body)["Authorization"]]


# ------------------------------------------------------------------ mutual TLS


@asynccontextmanager
async def demanding(authority: trustme.CA) -> AsyncIterator[tuple[str, list[Any]]]:
    """A provider that talks to those with a certificate of the authority only, and what certificates came."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    came: list[Any] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            came.append(writer.get_extra_info("peercert"))
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer(b'{"ten":"A","soDinhDanh":"033471902856"}', more="Connection: close\r\n"))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", came
    finally:
        server.close()


async def test_certificate_of_ours_is_shown_to_who_demands_it(tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    for name, issuer in (("ours", authority), ("other", stranger)):
        one = issuer.issue_cert(f"{name}.example")
        one.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / f"{name}.pem"))
    async with demanding(authority) as (url, came):
        for tls, outcome in (
            ({"certificate": str(tmp_path / "ours.pem")}, Outcome.FOUND),
            ({"certificate": str(tmp_path / "other.pem")}, Outcome.UNAVAILABLE),
            ({}, Outcome.UNAVAILABLE),
        ):
            settings = settings_of(url, options={"tls": {"ca": str(tmp_path / "ca.pem"), **tls}})
            source = rest.open_source(settings, {"look": plan_of(BY_ID)}, tools())
            assert (await ask(source)).outcome is outcome
            await source.close()
    assert [one["subjectAltName"] for one in came if one] == [(("DNS", "ours.example"),)]


def test_certificate_that_cannot_be_used_is_named_at_the_start(tmp_path: Path) -> None:
    closed = tmp_path / "closed.pem"
    closed.write_text(pem(KEYS["ES256"], b"password"))
    one = trustme.CA().issue_cert("ours.example")
    one.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    for tls, words in (
        ({"key": str(closed)}, "a key and no certificate"),
        ({"certificate": str(tmp_path / "cert.pem"), "key": str(closed)}, "cannot be used"),
        ({"certificate": "nowhere.pem"}, "cannot be used"),
    ):
        settings = settings_of("https://127.0.0.1:9", options={"tls": tls})
        with pytest.raises(ConfigError, match=words):
            rest.open_source(settings, {"look": plan_of(BY_ID)}, tools())


# ------------------------------------------------------------------ settings

SIGNED: dict[str, Any] = {"kind": "http_signature", "kid": "k"}
ASSERTED: dict[str, Any] = {
    "kind": "oauth2", "client_id": "c", "token_path": "/t", "client_auth": "private_key_jwt",
}  # fmt: skip


@pytest.mark.parametrize(
    ("auth", "words"),
    [
        ({"kind": "api_key", "secret": {"value": SECRET}}, "'auth.header' is missing"),
        ({"kind": "api_key", "header": "K", "in_query_as": "k", "secret": {"value": SECRET}}, "has two places"),
        ({"kind": "api_key", "in_qury_as": "k", "secret": {"value": SECRET}}, "in_qury_as"),
        ({"kind": "bearer", "token": {"value": SECRET}}, "'auth.secret' is not a secret"),
        ({**ASSERTED, "client_auth": "private_key_jwk", "key": {"value": "x"}}, "'auth.client_auth: private_key_jwk'"),
        ({**ASSERTED, "key": {"value": "no key"}}, "'auth.key' is no private key"),
        ({**ASSERTED, "key": {"value": pem(ec_key(SECP384R1()))}}, "'auth.key' is no private key"),
        ({**ASSERTED, "key": {"value": WEAK}}, "'auth.key' is no private key"),
        ({**ASSERTED, "key": {"value": pem(KEYS["ES256"], b"password")}}, "'auth.key' is no private key"),
        ({**ASSERTED, "secret": {"value": SECRET}}, "'auth.key' is not a secret"),
        ({**SIGNED, "key": {"file": "/no/such/file"}}, "file /no/such/file"),
        ({**SIGNED, "kid": "", "key": {"value": pem(KEYS["EdDSA"])}}, "'auth.kid' is missing"),
        ({"kind": "aws_hmac", "secret": {"value": SECRET}}, "'auth.region' is missing"),
    ],
)  # fmt: skip
def test_proof_that_cannot_be_made_is_named_at_the_start(auth: dict[str, Any], words: str) -> None:
    peer = HttpPeer("http://127.0.0.1:9", Limits(), tools())
    with pytest.raises(ConfigError) as refused:
        build_auth(auth, "http://127.0.0.1:9", peer=peer, tools=tools(), source="x")
    assert words in str(refused.value)
    assert SECRET not in str(refused.value)
    assert "BEGIN" not in str(refused.value)
