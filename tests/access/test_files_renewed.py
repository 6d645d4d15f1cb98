"""Certificates, keys and secrets in files of their own are renewed by a reload, as what names them is (F33)."""

import asyncio
import hashlib
import json
import os
import signal
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, get_args

import aiohttp
import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.config.access import RequesterSettings
from gateway.config.configuration import load
from gateway.config.gateway import GatewaySettings
from gateway.config.named_files import FILE_WORDS
from gateway.config.values import Settings
from gateway.exchange_log.key_files import new_key_text
from gateway.serving.listeners import Gateway
from gateway.serving.reloading import Reloader
from gateway.serving.server import ServeOptions, configured, running
from tests import fresh, typed
from tests.access.conftest import Harbourfront, add, enrolled
from tests.access.signing import p256
from tests.access.test_tls import HOST, Own
from tests.faults.test_processes import served
from tests.flows.test_reload import configurations

PORTS = {f"gateway.{name}.port": "0" for name in ("api", "admin")}
PLAIN = 'api: {host: 127.0.0.1, port: "8080"}'
TLS = 'api: {host: 127.0.0.1, port: "8080", tls: {certificate: tls.crt, key: tls.key}}'


class Port(Harbourfront):
    """A gateway whose files may be changed."""

    gateway: Gateway
    plan: ServeOptions
    authority: trustme.CA

    async def reload(self) -> bool:
        return await Reloader(self.gateway, lambda: configured(self.plan)).reload()

    def context(self, own: Own | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        if own is not None:
            context.load_cert_chain(*own.written(self.config.parent, "shown"))
        return context

    async def token(self, client: str, own: Own) -> int:
        """The status of a token request over a connection of its own; 0 when it does not come about."""
        form = {"grant_type": "client_credentials", "client_id": client}
        try:
            async with (
                aiohttp.TCPConnector(ssl=self.context(own)) as connector,
                aiohttp.ClientSession(connector=connector) as session,
                session.post(f"{self.url}/oauth2/token", data=form) as answer,
            ):
                return answer.status
        except (aiohttp.ClientError, OSError):
            return 0


class Line:
    """One connection that is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @property
    def certificate(self) -> bytes:
        """That of the gateway."""
        found: bytes = self._writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return found

    async def ask(self) -> bool:
        self._writer.write(b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await self._reader.readexactly(int(length.split(b":")[1]))
        return head.startswith(b"HTTP/1.1 200 ")


@asynccontextmanager
async def connected(url: str, context: ssl.SSLContext) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection(HOST, int(url.rpartition(":")[2]), ssl=context)
    try:
        yield Line(reader, writer)
    finally:
        writer.transport.abort()


def issue(authority: trustme.CA, config: Path) -> None:
    """A new certificate of the gateway, in its files."""
    issued = authority.issue_cert(HOST)
    (config / "tls.crt").write_bytes(b"".join(one.bytes() for one in issued.cert_chain_pems))
    (config / "tls.key").write_bytes(issued.private_key_pem.bytes())


def with_tls(config: Path, authority: trustme.CA) -> None:
    issue(authority, config)
    path = config / "gateway.yaml"
    text = path.read_text("utf-8")
    assert PLAIN in text
    path.write_text(text.replace(PLAIN, TLS), "utf-8")


@asynccontextmanager
async def opened(folder: Path, old: str = "", new: str = "") -> AsyncIterator[Port]:
    """Nobody has a certificate at first; in gateway.yaml `new` stands for `old`."""
    config, keys = enrolled(folder)
    authority = trustme.CA()
    with_tls(config, authority)
    settings = config / "gateway.yaml"
    settings.write_text(settings.read_text("utf-8").replace(old, new, 1), "utf-8")
    fresh.log_in(folder / "state")
    plan = ServeOptions(root=folder, config=config, state=folder / "state", overrides=PORTS)
    async with (
        running(plan) as (gateway, content),
        aiohttp.TCPConnector(ssl=False) as connector,
        aiohttp.ClientSession(connector=connector) as session,
    ):
        port = Port(gateway.api, folder / "state", config, keys, session, dict(content))
        port.gateway, port.plan, port.authority = gateway, plan, authority
        yield port


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[Port]:
    async with opened(tmp_path) as made:
        yield made


def pinned(config: Path, name: str, own: Own) -> None:
    """A requester that is known by its certificate."""
    (config.parent / f"{name}.pem").write_bytes(own.pem)
    made = add(config, name, "--scope", "prefill", "--certificate", str(config.parent / f"{name}.pem"))
    assert made.code == 0, made.err


def certificate_file(config: Path, name: str) -> Path:
    settings = load(config).requesters[name].certificate
    assert settings is not None
    assert settings.file is not None
    return config / settings.file


async def test_requester_that_is_added_with_a_certificate_is_let_in_after_a_reload(port: Port) -> None:
    own = Own("pier")
    async with connected(port.url, port.context()) as before:
        assert await before.ask()
        await asyncio.to_thread(pinned, port.config, "pier", own)
        assert await port.token("pier", own) == 401
        assert await port.reload()
        assert await port.token("pier", own) == 200
        assert await before.ask()
        # who is taken out is trusted no more, not even by the handshake
        (port.config / "requesters/pier.yaml").unlink()
        other = Own("dock")
        await asyncio.to_thread(pinned, port.config, "dock", other)
        assert await port.reload()
        assert (await port.token("pier", own), await port.token("dock", other)) == (0, 200)
        assert await before.ask()


async def test_certificate_of_the_gateway_is_renewed_and_connections_go_on(port: Port) -> None:
    async with connected(port.url, port.context()) as before:
        issue(port.authority, port.config)
        assert await port.reload()
        async with connected(port.url, port.context()) as after:
            assert await after.ask()
            assert after.certificate != before.certificate
            assert after.certificate == ssl.PEM_cert_to_DER_cert((port.config / "tls.crt").read_text("utf-8"))
        assert await before.ask()
        # a key of another certificate: what there was stays in force
        (port.config / "tls.key").write_bytes(port.authority.issue_cert(HOST).private_key_pem.bytes())
        assert not await port.reload()
        async with connected(port.url, port.context()) as still:
            assert still.certificate == after.certificate
    # the rules stayed as they were
    start, *reloads = configurations(port)  # type: ignore[arg-type]  # its state is all that is read
    assert [(one["result"], one["config"]) for one in reloads] == [("reload", start["config"])]


async def test_replaced_certificate_of_a_requester_lets_in_and_the_one_before_does_not(port: Port) -> None:
    first, second = Own("pier"), Own("pier")
    await asyncio.to_thread(pinned, port.config, "pier", first)
    assert await port.reload()
    certificate_file(port.config, "pier").write_bytes(second.pem)
    assert (await port.token("pier", first), await port.token("pier", second)) == (200, 0)
    assert await port.reload()
    assert (await port.token("pier", first), await port.token("pier", second)) == (0, 200)
    *_, added, replaced = configurations(port)  # type: ignore[arg-type]  # its state is all that is read
    differ = {name for name, one in replaced["notes"].items() if one != added["notes"].get(name)}
    assert differ - {"before"} == {"requesters"}
    said = await asyncio.to_thread(typed.motlan, "check-config", str(port.config), "--json")
    assert json.loads(said.out)["digests"]["requesters"] == replaced["notes"]["requesters"]


async def test_replaced_key_of_a_requester_proves_it_and_the_one_before_does_not(port: Port) -> None:
    file, old, new = port.config / "harbour.pub.pem", port.keys["harbour"], p256()

    def put(key: Any) -> None:
        file.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    settings = port.config / "requesters/harbour.yaml"
    lines = settings.read_text("utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("keys:"))
    end = next(n for n in range(start + 1, len(lines)) if not lines[n].startswith((" ", "-")))
    lines[start:end] = [f"keys: [{{file: {file.name}}}]"]
    settings.write_text("\n".join(lines) + "\n", "utf-8")
    put(old)
    assert await port.reload()
    one = port.port()
    await one.learn_nonce()
    shown = {"DPoP": one.proof("POST", "/oauth2/token")}
    assert (await one.fetch(None, **shown)).status == 200
    put(new)
    assert await port.reload()
    one = port.port()
    one.key = new
    await one.learn_nonce()
    assert (await one.fetch(DPoP=one.proof("POST", "/oauth2/token"))).status == 200
    one.key = old
    assert (await one.fetch(DPoP=one.proof("POST", "/oauth2/token"))).status == 401


async def test_source_whose_secret_was_replaced_is_opened_anew_and_no_record_tells_of_it(port: Port) -> None:
    secret = port.config.parent / "tax-secret"
    secret.write_text("first")
    source = port.config / "sources/tax.yaml"
    settings = load(port.config).documents["sources/tax.yaml"].data["auth"]
    text = source.read_text("utf-8")
    named = next(name for name, one in settings.items() if isinstance(one, dict) and "value" in one)
    assert text.count(settings[named]["value"]) == 1
    source.write_text(text.replace(f"value: {settings[named]['value']}", f"file: {secret}"), "utf-8")
    assert await port.reload()
    assert port.gateway.app is not None
    sources = port.gateway.app.sources
    before = dict(sources.items())
    secret.write_text("second")
    assert await port.reload()
    after = port.gateway.app.sources
    assert {name for name, one in after.items() if before[name] is not one} == {"tax"}
    *_, moved, replaced = configurations(port)  # type: ignore[arg-type]  # its state is all that is read
    assert moved["config"] == replaced["config"]
    assert hashlib.sha256(b"second").hexdigest() not in json.dumps(replaced)
    edition = port.gateway.app
    assert await port.reload()  # nothing changed since
    assert port.gateway.app is edition


async def test_title_that_is_spelt_like_a_file_names_none(port: Port, tmp_path: Path) -> None:
    requester = port.config / "requesters/harbour.yaml"
    text = requester.read_text("utf-8")
    said = load(port.config).documents["requesters/harbour.yaml"].data["title"]
    spelt = said if isinstance(said, str) else said["vi"]
    places = [folder / spelt for folder in (port.config, tmp_path)]
    for path in places:
        path.write_text("first", "utf-8")
    assert text.count(spelt) > 0
    requester.write_text(text + "# read again\n", "utf-8")
    await port.reload()
    assert not [path for path in places if path in {one.path for one in port.gateway.parts.files}]
    edition = port.gateway.app
    for path in places:
        path.write_text("second", "utf-8")
    assert await port.reload()
    assert port.gateway.app is edition


def test_every_word_of_settings_that_is_a_file_is_looked_at() -> None:
    folders = {"daily_folder", "archive_folder", "folder"}
    found = {name for model in (GatewaySettings, RequesterSettings) for name in _paths(model, set())}
    assert found - folders <= FILE_WORDS
    assert found >= {"file", "certificate", "key", "client_ca", "ca", "former_keys"} | folders


def _paths(kind: Any, seen: set[Any]) -> Iterator[str]:
    """Words of a model, and of those in it, whose value is a path."""
    for name, one in kind.model_fields.items():
        for inner in _kinds(one.annotation):
            if inner is Path:
                yield name
            elif isinstance(inner, type) and issubclass(inner, Settings) and inner not in seen:
                yield from _paths(inner, seen | {inner})


def _kinds(annotation: Any) -> Iterator[Any]:
    yield annotation
    for one in get_args(annotation):
        yield from _kinds(one)


async def test_key_of_the_log_is_not_changed_under_the_process(tmp_path: Path) -> None:
    key = tmp_path / "root-key"
    key.write_bytes(new_key_text())
    async with opened(tmp_path / "port", "\nlog:\n", f"\nlog:\n  root_key: {{file: {key}}}\n") as one:
        assert await one.reload()
        key.write_bytes(new_key_text())
        assert not await one.reload()
        assert one.gateway.app is not None
        loaded = one.gateway.app.services.loaded
        lines = (one.config / "gateway.yaml").read_text("utf-8").splitlines()
        line = next(number for number, words in enumerate(lines, 1) if words.startswith("  root_key:"))
        assert loaded is not None
        assert loaded.refused == (f"config/gateway.yaml:{line}",)


async def test_process_renews_its_certificate_and_its_requesters_at_sighup(tmp_path: Path) -> None:
    """With the loop and the signal of `motlan serve`."""
    config, keys = await asyncio.to_thread(enrolled, tmp_path)
    authority, own = trustme.CA(), Own("pier")
    with_tls(config, authority)
    words = ("--config", str(config))
    with served(tmp_path / "process", *words, err=subprocess.DEVNULL) as (process, content):
        async with aiohttp.ClientSession() as session:
            state = tmp_path / "process/state"
            port = Port(content["gateway"], state, config, keys, session, content)
            port.authority = authority
            async with connected(port.url, port.context()) as before:
                await asyncio.to_thread(pinned, config, "pier", own)
                issue(authority, config)
                assert await port.token("pier", own) == 401
                os.kill(process.pid, signal.SIGHUP)
                async with asyncio.timeout(20):
                    while await port.token("pier", own) != 200:
                        await asyncio.sleep(0.1)
                assert await before.ask()
                async with connected(port.url, port.context()) as after:
                    assert after.certificate != before.certificate
