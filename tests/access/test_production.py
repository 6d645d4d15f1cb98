"""Outside the sandbox profile every token is bound: none is given that is not, and none of before is taken."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from gateway.serving.server import ServeOptions, running
from tests import fresh
from tests.access.conftest import Harbourfront, enrolled
from tests.access.signing import Key
from tests.config.test_broken_files import replace
from tests.config.test_broken_production import GATEWAY, ISSUER, as_production

PORTS = {f"gateway.{name}.port": "0" for name in ("api", "admin")}


@asynccontextmanager
async def started(folder: Path, keys: dict[str, Key]) -> AsyncIterator[Harbourfront]:
    plan = ServeOptions(root=folder, config=folder / "config", state=folder / "state", overrides=PORTS)
    async with running(plan) as (gateway, content), aiohttp.ClientSession() as session:
        yield Harbourfront(gateway.api, plan.state, plan.config, keys, session, dict(content))


async def test_production_gives_no_unbound_token_and_takes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "a secret")
    issuer = ISSUER.split()[1]
    _, keys = enrolled(tmp_path)
    fresh.log_in(tmp_path / "state")
    replace(tmp_path, GATEWAY, "profile: sandbox\n", f"profile: sandbox\n{ISSUER}")
    async with started(tmp_path, keys) as front:
        port = front.port("coast", issuer)
        plain = await port.plain()
        assert (await port.bearer(plain)).status == 200
    replace(tmp_path, GATEWAY, f"profile: sandbox\n{ISSUER}", "profile: sandbox\n")
    as_production(tmp_path)
    async with started(tmp_path, keys) as front:
        port = front.port("coast", issuer)
        refused = await port.bearer(plain)
        assert (refused.status, refused.body["code"]) == (401, "invalid_token")
        unbound = await port.fetch()
        assert (unbound.status, unbound.body["error"]) == (400, "invalid_dpop_proof")
        assert (await port.prove(await port.token())).status == 200
