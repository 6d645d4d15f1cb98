"""A whole gateway and a whole sandbox, over real HTTP on loopback."""

import itertools
import re
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from gateway.serving.server import ServeOptions, running
from tests import fresh, unhurried
from tests.config.test_broken_files import replace

ROOT = Path(__file__).parents[2]


#: for tests of the shared house
on_session = pytest.mark.asyncio(loop_scope="session")
_officials = itertools.count(1)


def new_official() -> dict[str, str]:
    """Nobody asked in his name before: nothing that a source answered is shared with him."""
    return {"personal_id": f"033093{next(_officials):06}", "agency": "000.00.14.H31"}


@dataclass(frozen=True, slots=True)
class House:
    """A running gateway with its sandbox, as a portal sees it."""

    url: str
    admin: str
    control: str
    state: Path
    clients: dict[str, Any]
    personas: list[dict[str, Any]]
    session: aiohttp.ClientSession
    #: sources that were made to misbehave
    misbehaved: set[str] = field(default_factory=set)

    async def token(self, client: str = "portal") -> str:
        known = self.clients[client]
        headers = {"Authorization": aiohttp.encode_basic_auth(known["client_id"], known["client_secret"])}
        form = {"grant_type": "client_credentials"}
        async with self.session.post(f"{self.url}/oauth2/token", data=form, headers=headers) as response:
            assert response.status == 200, await response.text()
            return str((await response.json())["access_token"])

    async def post(self, path: str, body: Any, client: str = "portal") -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {await self.token(client)}"}
        async with self.session.post(self.url + path, json=body, headers=headers) as response:
            return response.status, await response.json(content_type=None)

    async def prefill(self, procedure: str, subjects: dict[str, Any], **more: Any) -> Any:
        status, answer = await self.post(
            "/v1/prefill", {"procedure": procedure, "subjects": subjects, **more}
        )
        assert status == 200, answer
        return answer

    async def misbehave(self, source: str, mode: str, **more: Any) -> None:
        self.misbehaved.add(source)
        body = {"source": source, "mode": mode, **more}
        async with self.session.post(f"{self.control}/misbehave", json=body) as response:
            assert response.status in (200, 201, 204), await response.text()

    async def calls(self) -> dict[str, int]:
        """Calls to each operation of a source; those of the relay go on by themselves."""
        async with self.session.get(f"{self.control}/calls") as response:
            found: dict[str, int] = (await response.json())["calls"]
        return {name: count for name, count in found.items() if not name.startswith("national_bus.")}

    def persona(self, trait: str) -> dict[str, Any]:
        return next(one for one in self.personas if trait in one["traits"])

    def subject(self, trait: str) -> dict[str, Any]:
        one = self.persona(trait)
        return {key: one[key] for key in ("personal_id", "old_id", "full_name", "birth_date") if one.get(key)}


def proposed(answer: Any, *starts: str) -> dict[str, list[Any]]:
    """Field that begins so -> the values that it proposes, none of which is in the form."""
    found = {}
    for key, entry in answer["fields"].items():
        if key.startswith(starts) and entry["doubt"] and entry["doubt"]["kind"] == "proposed":
            assert (entry["state"], entry["value"], entry["evidence"]) == ("disputed", None, None)
            assert entry["editable"]
            assert entry["doubt"]["preferred"] is None
            candidates = entry["doubt"]["candidates"]
            assert {one["evidence"] for one in candidates} <= answer["evidence"].keys()
            found[key] = [one["value"] for one in candidates]
    return found


def changed(folder: Path, file: str, *changes: tuple[str, str]) -> Path:
    """A project like this one, with one file of it changed: what stood there, and what stands there now."""
    for room in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / room, folder / room)
    for old, new in changes:
        replace(folder, file, old, new)
    return folder


def without_insurance(folder: Path) -> Path:
    """A project whose counters agreed on nothing of social insurance."""
    file = "config/agreements/one_gate.yaml"
    agreed = re.findall(
        r"^  social_insurance\..*\n.*\n", (ROOT / file).read_text("utf-8"), flags=re.MULTILINE
    )
    return changed(folder, file, *((one, "") for one in agreed))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with build(tmp_path, {}) as made:
        yield made


def build(tmp_path: Path, overrides: dict[str, str], root: Path = ROOT) -> "Any":
    """A house with some settings overridden; `root` holds its configuration, mappings and schemas."""
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def opened() -> AsyncIterator[House]:
        fresh.log_in(tmp_path)
        ports = {f"gateway.{name}.port": "0" for name in ("api", "admin", "sandbox")}
        plan = ServeOptions(
            root=root,
            config=root / "config",
            state=tmp_path,
            overrides={**unhurried.settings(root), **ports, **overrides},
            with_sandbox=True,
        )
        async with running(plan) as (_, content), aiohttp.ClientSession() as session:
            described: dict[str, Any] = content
            yield House(
                described["gateway"], described["admin"], described["sandbox"]["control"], tmp_path,
                described["clients"], described["personas"], session,
            )  # fmt: skip

    return opened()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """One house for many tests: breakers never open, and no official asks or guesses too often."""
    sources = [path.stem for path in (ROOT / "config" / "sources").glob("*.yaml")]
    patient = {f"sources.{name}.limits.breaker_failures": "1000000" for name in sources}
    patient |= dict.fromkeys(("gateway.policy.exchanges", "gateway.policy.claims"), "1000000/hour")
    async with build(tmp_path_factory.mktemp("shared"), patient) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def patient(shared_house: House) -> AsyncIterator[House]:
    """The shared house, its sources well again afterwards."""
    yield shared_house
    async with shared_house.session.delete(f"{shared_house.control}/misbehave") as response:
        assert response.status == 204


@pytest.fixture
def make_house(tmp_path: Path) -> Callable[..., Any]:
    def make(**overrides: str) -> Any:
        return build(tmp_path, {key.replace("__", "."): value for key, value in overrides.items()})

    return make
