"""Certificates (RFC 8705, threat T24): TLS that the gateway ends itself, and a proxy that hands certificates over."""

import base64
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
import pytest_asyncio
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gateway.serving.server import ServeOptions, running
from tests import fresh
from tests.access.conftest import Harbourfront, add, enrolled
from tests.flows.conftest import on_session

HOST = "127.0.0.1"
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
SECRET = "between-the-proxy-and-us"


class Own:
    """A certificate that signed itself, or that `issuer` signed, and its key."""

    def __init__(
        self, name: str, issuer: "Own | None" = None, until: datetime = NOW + DAY, *, ca: bool = False
    ) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate: x509.Certificate
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        by = issuer or self
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if issuer is None else issuer.certificate.subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - 9 * DAY)
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        self.certificate = made.sign(by.key, SHA256())
        self.pem = self.certificate.public_bytes(Encoding.PEM)
        self.der = self.certificate.public_bytes(Encoding.DER)

    def written(self, folder: Path, name: str) -> tuple[Path, Path]:
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        paths = folder / f"{name}.crt", folder / f"{name}.key"
        for path, content in zip(paths, (self.pem, key), strict=True):
            path.write_bytes(content)
        return paths


class Quay(Harbourfront):
    """A gateway that ends TLS, and the certificates of its requesters."""

    folder: Path
    authority: trustme.CA
    ca: Own
    own: dict[str, Own]

    def context(self, name: str = "", authority: trustme.CA | None = None) -> ssl.SSLContext:
        """That of a client with the certificate of this name."""
        context = ssl.create_default_context()
        (authority or self.authority).configure_trust(context)
        if name:
            context.load_cert_chain(*self.own[name].written(self.folder, name))
        return context

    async def ask(
        self, path: str, name: str = "", form: dict[str, str] | None = None, **headers: str
    ) -> tuple[int, Any]:
        """Over a connection of its own."""
        method = "GET" if form is None else "POST"
        async with (
            aiohttp.TCPConnector(ssl=self.context(name)) as connector,
            aiohttp.ClientSession(connector=connector) as session,
            session.request(method, self.url + path, data=form, headers=headers) as answer,
        ):
            return answer.status, await answer.json(content_type=None)

    async def token(self, client: str, name: str) -> tuple[int, Any]:
        return await self.ask(
            "/oauth2/token", name, {"grant_type": "client_credentials", "client_id": client}
        )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def quay(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Quay]:
    folder = tmp_path_factory.mktemp("quay")
    config, keys = enrolled(folder)
    authority, ca = trustme.CA(), Own("Authority", ca=True)
    issued = authority.issue_cert(HOST)
    (config / "tls.crt").write_bytes(b"".join(one.bytes() for one in issued.cert_chain_pems))
    (config / "tls.key").write_bytes(issued.private_key_pem.bytes())
    (config / "client-ca.pem").write_bytes(ca.pem)
    # a requester whose certificate signed itself, and may sign others
    own = {"pier": Own("pier", ca=True), "stranger": Own("pier"), "old": Own("old", until=NOW - DAY)}
    own |= {"dock": Own("dock", ca), "late": Own("dock", ca, NOW - DAY), "other": Own("other", ca)}
    own["forged"] = Own("dock", own["pier"])
    proxied = Own("behind")
    own["behind"] = proxied
    settings = f"""
access:
  proxy:
    addresses: ["127.0.0.1/32"]
    certificate_header: X-Client-Cert
    secret: {{value: {SECRET}}}
    client_ca: client-ca.pem
"""
    tls = 'api: {host: 127.0.0.1, port: "8080", tls: {certificate: tls.crt, key: tls.key, client_ca: client-ca.pem}}'
    path = config / "gateway.yaml"
    plain = path.read_text("utf-8")
    path.write_text(plain.replace('api: {host: 127.0.0.1, port: "8080"}', tls) + settings, "utf-8")
    for name in ("pier", "old", "behind"):
        (folder / f"{name}.pem").write_bytes(own[name].pem)
        made = add(config, name, "--scope", "prefill", "--certificate", str(folder / f"{name}.pem"))
        assert made.code == 0, made.err
    made = add(config, "dock", "--scope", "prefill", "--subject", "CN=dock")
    assert made.code == 0, made.err
    # the listener of the tests without a proxy in front: nobody is let in as one
    path.write_text(path.read_text("utf-8").replace("127.0.0.1/32", "192.0.2.1"), "utf-8")
    async with opened(folder, config, "state") as (url, content), aiohttp.ClientSession() as session:
        made_quay = Quay(url, folder / "state", config, keys, session, content)
        made_quay.folder, made_quay.authority, made_quay.ca, made_quay.own = folder, authority, ca, own
        yield made_quay


def opened(folder: Path, config: Path, state: str) -> Any:
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def start() -> AsyncIterator[tuple[str, dict[str, Any]]]:
        fresh.log_in(folder / state)
        ports = {f"gateway.{name}.port": "0" for name in ("api", "admin")}
        plan = ServeOptions(root=folder, config=config, state=folder / state, overrides=ports)
        async with running(plan) as (gateway, content):
            yield gateway.api, dict(content)

    return start()


@on_session
@pytest.mark.parametrize("client", ["pier", "dock"])
async def test_token_is_bound_to_the_certificate_and_worth_nothing_without(quay: Quay, client: str) -> None:
    assert quay.url.startswith("https://")
    status, body = await quay.token(client, client)
    assert (status, body["token_type"]) == (200, "Bearer")
    bearer = f"Bearer {body['access_token']}"
    assert (await quay.ask("/v1/sources", client, Authorization=bearer))[0] == 200
    thief = "dock" if client == "pier" else "pier"
    for name in ("", thief):
        status, refused = await quay.ask("/v1/sources", name, Authorization=bearer)
        assert (status, "certificate" in refused["detail"]) == (401, True)
    assert (await quay.ask("/v1/sources", client, Authorization=bearer))[0] == 200


@on_session
@pytest.mark.parametrize(
    ("client", "name"),
    [("pier", ""), ("dock", ""), ("pier", "dock"), ("dock", "pier"), ("dock", "other"), ("dock", "forged"),
     ("portal", "dock"), ("harbour", "pier"), ("nobody", "dock")],
)  # fmt: skip
async def test_certificate_of_another_proves_nothing(quay: Quay, client: str, name: str) -> None:
    """`forged` was made by the requester pier, in the name of dock: the handshake takes it, the door does not."""
    status, body = await quay.token(client, name)
    assert (status, body["error"]) == (401, "invalid_client")


@on_session
@pytest.mark.parametrize("name", ["stranger", "old", "late"])
async def test_handshake_fails_for_what_nobody_vouches_for_and_what_is_over(quay: Quay, name: str) -> None:
    with pytest.raises((aiohttp.ClientError, OSError)):
        await quay.token("pier" if name == "stranger" else "dock", name)


def _elsewhere(context: ssl.SSLContext) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


async def _reached(session: aiohttp.ClientSession, url: str) -> int | None:
    try:
        async with session.get(url) as answer:
            return answer.status
    except (aiohttp.ClientError, OSError):
        return None


@on_session
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_client_that_looks_refuses_another_authority_another_host_and_old_versions(quay: Quay) -> None:
    bad: dict[str, tuple[Callable[[], ssl.SSLContext], str]] = {
        "authority": (lambda: quay.context(authority=trustme.CA()), quay.url),
        "host": (quay.context, quay.url.replace("127.0.0.1", "localhost")),
        "version": (lambda: _elsewhere(quay.context()), quay.url),
        "no TLS": (quay.context, quay.url.replace("https", "http")),
    }
    for name, (context, url) in bad.items():
        async with (
            aiohttp.TCPConnector(ssl=context()) as connector,
            aiohttp.ClientSession(connector=connector) as one,
        ):
            assert await _reached(one, f"{url}/health/live") is None, name
    assert (await quay.ask("/health/live"))[0] == 200


@on_session
async def test_certificate_in_a_header_is_refused_from_whoever_is_no_proxy(quay: Quay) -> None:
    """192.0.2.1 is the proxy here; this connection is not its own, whatever it says."""
    handed = {"X-Client-Cert": quote(quay.own["dock"].pem.decode()), "X-Proxy-Secret": SECRET}
    form = {"grant_type": "client_credentials", "client_id": "dock"}
    for name in ("", "pier"):
        status, body = await quay.ask(
            "/oauth2/token", name, form, **handed, **{"X-Forwarded-For": "192.0.2.1"}
        )
        assert (status, "not accepted from this address" in body["error_description"]) == (401, True)


@on_session
async def test_proxy_hands_a_certificate_over_and_nobody_else_does(quay: Quay) -> None:
    config = quay.config
    path = config / "gateway.yaml"
    kept = path.read_text("utf-8")
    start, end = kept.index(", tls: {"), kept.index("client-ca.pem}}") + len("client-ca.pem}")
    behind = (kept[:start] + kept[end:]).replace("192.0.2.1", "127.0.0.1/32")
    path.write_text(behind, "utf-8")
    try:
        async with opened(quay.folder, config, "behind") as (url, _), aiohttp.ClientSession() as session:
            await _behind(quay, url, session)
    finally:
        path.write_text(kept, "utf-8")


async def _behind(quay: Quay, url: str, session: aiohttp.ClientSession) -> None:
    def handed(name: str, secret: str = SECRET) -> dict[str, str]:
        return {"X-Client-Cert": quote(quay.own[name].pem.decode()), "X-Proxy-Secret": secret}

    async def fetch(client: str, headers: Any) -> tuple[int, Any]:
        form = {"grant_type": "client_credentials", "client_id": client}
        async with session.post(f"{url}/oauth2/token", data=form, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    tokens = {}
    for client in ("dock", "behind"):
        status, body = await fetch(client, handed(client))
        assert status == 200, body
        tokens[client] = body["access_token"]
    structured = f":{base64.b64encode(quay.own['dock'].der).decode()}:"
    assert (await fetch("dock", handed("dock") | {"X-Client-Cert": structured}))[0] == 200
    certificate = handed("dock")["X-Client-Cert"]
    forged: dict[str, tuple[str, Any]] = {
        "no secret": ("dock", {"X-Client-Cert": certificate}),
        "wrong secret": ("dock", handed("dock", "guessed")),
        "two secrets": ("dock", [*handed("dock").items(), ("X-Proxy-Secret", "x")]),
        "two certificates": ("dock", [*handed("dock").items(), ("X-Client-Cert", certificate)]),
        "of another": ("dock", handed("behind")),
        "of another name": ("dock", handed("other")),
        "by a requester": ("dock", handed("forged")),
        "over": ("dock", handed("late")),
        "over and pinned": ("old", handed("old")),
        "none": ("dock", {"X-Proxy-Secret": SECRET}),
        "blank": ("dock", {"X-Client-Cert": "", "X-Proxy-Secret": SECRET}),
        "no certificate": ("dock", {"X-Client-Cert": "-----BEGIN", "X-Proxy-Secret": SECRET}),
        "no base64": ("dock", {"X-Client-Cert": ":?:", "X-Proxy-Secret": SECRET}),
        "bytes": ("dock", {"X-Client-Cert": ":AAAA:", "X-Proxy-Secret": SECRET}),
        "huge": ("dock", {"X-Client-Cert": ":" + "A" * 7_000 + ":", "X-Proxy-Secret": SECRET}),
    }
    for name, (client, headers) in forged.items():
        status, body = await fetch(client, headers)
        assert status in {400, 401}, (name, body)
    for headers, expected in (
        (handed("dock"), 200),
        (handed("behind"), 401),
        ({}, 401),
        (handed("dock", "x"), 401),
    ):
        bearer = {"Authorization": f"Bearer {tokens['dock']}", **headers}
        async with session.get(f"{url}/v1/sources", headers=bearer) as answer:
            assert answer.status == expected
