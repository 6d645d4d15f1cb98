"""A gateway whose requesters sign: their files were made by `motlan requesters add`, as a stranger makes them."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from gateway.serving.server import ServeOptions, running
from tests import fresh, typed, unhurried
from tests.access.signing import Key, assertion, p256, proof

ROOT = Path(__file__).parents[2]
AGENCY = "000.00.14.H31"
KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def add(config: Path, name: str, *words: str) -> typed.Said:
    return typed.motlan("requesters", "add", name, "--config", str(config), "--agency", AGENCY, *words)


def copied(folder: Path) -> Path:
    """The data of the project, in a folder of its own; gives its configuration."""
    for one in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / one, folder / one)
    return folder / "config"


def enrolled(folder: Path) -> tuple[Path, dict[str, Key]]:
    """A configuration with requesters that sign, and their private keys."""
    config, keys = copied(folder), {}
    made = add(config, "harbour", "--scope", "prefill", "--agreement", "portal", "--key-out",
               str(folder / "harbour.pem"))  # fmt: skip
    assert made.code == 0, made.err
    keys["harbour"] = read_key(folder / "harbour.pem")
    keys["coast"] = p256()
    pem = keys["coast"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "coast.pub.pem").write_bytes(pem)
    assert (
        add(
            config,
            "coast",
            "--scope",
            "prefill",
            "--scope",
            "dossiers",
            "--agreement",
            "portal",
            "--bearer",
            "--public-key",
            str(folder / "coast.pub.pem"),
        ).code
        == 0
    )
    made = add(config, "keeper", "--scope", "admin", "--bearer", "--key-out", str(folder / "keeper.pem"))
    assert made.code == 0, made.err
    keys["keeper"] = read_key(folder / "keeper.pem")
    return config, keys


def read_key(path: Path) -> Key:
    key = load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, Key)
    return key


@dataclass
class Answer:
    status: int
    headers: Any
    body: Any


@dataclass
class Port:
    """One requester of a running gateway, with every freedom that an attacker has."""

    url: str
    client: str
    key: Key
    session: aiohttp.ClientSession
    #: what it binds its tokens to
    bound: Key = field(default_factory=p256)
    issuer: str = ""
    nonce: str = ""

    def __post_init__(self) -> None:
        self.issuer = self.issuer or self.url

    def form(self, **more: Any) -> dict[str, str]:
        return {
            "client_assertion_type": KIND,
            "client_assertion": assertion(self.key, self.client, self.issuer, **more),
        }

    async def post(self, path: str, form: dict[str, str], **headers: str) -> Answer:
        async with self.session.post(self.url + path, data=form, headers=headers) as answer:
            return Answer(answer.status, answer.headers, await answer.json(content_type=None))

    async def fetch(self, form: dict[str, str] | None = None, **headers: str) -> Answer:
        """A token request, with what else is given."""
        grant = {"grant_type": "client_credentials"}
        return await self.post(
            "/oauth2/token", {**grant, **(self.form() if form is None else form)}, **headers
        )

    def proof(self, method: str, path: str, token: str = "", **more: Any) -> str:
        return proof(self.bound, method, self.issuer + path, self.nonce, token, **more)

    async def learn_nonce(self) -> str:
        answer = await self.fetch(DPoP=self.proof("POST", "/oauth2/token"))
        self.nonce = answer.headers["DPoP-Nonce"]
        return self.nonce

    async def token(self) -> str:
        """A token bound to its key."""
        await self.learn_nonce()
        answer = await self.fetch(DPoP=self.proof("POST", "/oauth2/token"))
        assert (answer.status, answer.body.get("token_type")) == (200, "DPoP"), answer.body
        return str(answer.body["access_token"])

    async def plain(self) -> str:
        """A token that the sandbox profile gives unbound."""
        answer = await self.fetch()
        assert (answer.status, answer.body.get("token_type")) == (200, "Bearer"), answer.body
        return str(answer.body["access_token"])

    async def call(self, path: str = "/v1/sources", **headers: str) -> Answer:
        async with self.session.get(self.url + path, headers=headers) as answer:
            return Answer(answer.status, answer.headers, await answer.json(content_type=None))

    async def bearer(self, token: str) -> Answer:
        return await self.call(Authorization=f"Bearer {token}")

    async def prove(self, token: str, **more: Any) -> Answer:
        """A call with a token and a proof for it."""
        shown = self.proof("GET", "/v1/sources", token, **more)
        return await self.call(Authorization=f"DPoP {token}", DPoP=shown)


@dataclass
class Harbourfront:
    """A running gateway and its requesters."""

    url: str
    state: Path
    config: Path
    keys: dict[str, Key]
    session: aiohttp.ClientSession
    described: dict[str, Any]

    def port(self, client: str = "harbour", issuer: str = "") -> Port:
        return Port(self.url, client, self.keys[client], self.session, issuer=issuer)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def front(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Harbourfront]:
    """One for all tests that leave it as it is."""
    folder = tmp_path_factory.mktemp("front")
    config, keys = enrolled(folder)
    state = folder / "state"
    fresh.log_in(state)
    ports = {f"gateway.{name}.port": "0" for name in ("api", "admin", "sandbox")} | unhurried.settings()
    plan = ServeOptions(root=folder, config=config, state=state, overrides=ports, with_sandbox=True)
    async with running(plan) as (gateway, content), aiohttp.ClientSession() as session:
        yield Harbourfront(gateway.api, state, config, keys, session, dict(content))
