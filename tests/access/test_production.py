"""Outside the sandbox profile every token is bound: none is given that is not, and none of before is taken."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from gateway.domain.errors import ConfigError
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


OLD_GATE = """requester: old_gate
title: {vi: Hệ thống một cửa cũ, en: Former one-gate system}
agency: 000.00.14.H31
client_id: old_gate
client_secret: {env: A_SECRET}
scopes: [dossiers]
"""


async def test_secret_of_a_one_gate_system_opens_the_platforms_door_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "a secret")
    _, keys = enrolled(tmp_path)
    fresh.log_in(tmp_path / "state")
    as_production(tmp_path)
    (tmp_path / "config/requesters/old_gate.yaml").write_text(OLD_GATE, "utf-8")
    form = {"grant_type": "client_credentials"}
    headers = {"Authorization": aiohttp.encode_basic_auth("old_gate", "a secret")}
    async with started(tmp_path, keys) as front:
        async with front.session.post(f"{front.url}/oauth2/token", data=form, headers=headers) as answer:
            assert (answer.status, (await answer.json())["error"]) == (400, "unauthorized_client")
        async with front.session.post(f"{front.url}/token", data=form, headers=headers) as answer:
            token = (await answer.json())["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        look_up = f"{front.url}/KetNoiMotCuaQuocGia/TraCuuHoSo?mahoso=H31.14-261126-0001"
        async with front.session.get(look_up, headers=bearer) as answer:
            assert answer.status == 200
            assert (await answer.json())["error_code"] == "0"
        async with front.session.get(f"{front.url}/v1/dossiers/inbox", headers=bearer) as answer:
            assert answer.status == 401


@pytest.mark.parametrize("scopes", ["[dossiers, prefill]", "[prefill]"])
async def test_secret_for_more_than_dossiers_is_refused_at_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scopes: str
) -> None:
    monkeypatch.setenv("A_SECRET", "a secret")
    _, keys = enrolled(tmp_path)
    as_production(tmp_path)
    text = OLD_GATE.replace("[dossiers]", scopes)
    (tmp_path / "config/requesters/old_gate.yaml").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match="not by a secret"):
        async with started(tmp_path, keys):
            pass
