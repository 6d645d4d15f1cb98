"""A revocation counts whenever it comes, also between the reading of a configuration and its coming into force."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from gateway.composition import Composition, compose
from gateway.config import Configuration
from gateway.listeners import Gateway
from gateway.reloading import Reloader
from gateway.serving import Plan, configured
from tests import fresh, typed
from tests.access.conftest import Harbourfront, enrolled

PORTS = {f"gateway.{name}.port": "0" for name in ("api", "admin")}


class Late(Gateway):
    """A gateway in which somebody is revoked after the new configuration was read, and before it is opened."""

    def __init__(self, parts: Composition, revoke: Callable[[], None]) -> None:
        super().__init__(parts)
        self._revoke = revoke

    async def opened(self, parts: Composition) -> web.Application:
        await asyncio.to_thread(self._revoke)
        return await super().opened(parts)


class Gate:
    """One gateway, with the moments of its start and its reload apart."""

    def __init__(self, folder: Path) -> None:
        self.config, self.keys = enrolled(folder)
        self.state = folder / "state"
        fresh.log_in(self.state)
        self.plan = Plan(root=folder, config=self.config, state=self.state, overrides=PORTS)

    def revoke(self) -> None:
        words = ("requesters", "revoke", "harbour", "--config", str(self.config), "--dir", str(self.state))
        said = typed.motlan(*words)
        assert said.code == 0, said

    @asynccontextmanager
    async def started(self, read: Configuration | None = None) -> AsyncIterator[tuple[Gateway, Harbourfront]]:
        if read is None:
            read = await asyncio.to_thread(configured, self.plan)
        gateway = Late(await asyncio.to_thread(compose, read, self.plan.root, self.state), self.revoke)
        try:
            await gateway.start()
            async with aiohttp.ClientSession() as session:
                yield gateway, Harbourfront(gateway.api, self.state, self.config, self.keys, session, {})
        finally:
            await gateway.stop()


async def asked(front: Harbourfront, client: str = "harbour") -> tuple[int, Any]:
    port = front.port(client)
    await port.learn_nonce()
    answer = await port.fetch(DPoP=port.proof("POST", "/oauth2/token"))
    return answer.status, answer.body.get("error_description")


async def test_requester_revoked_while_the_gateway_starts_gets_no_token(tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    async with gate.started() as (_, front):
        assert (await asked(front))[0] == 200
    read = await asyncio.to_thread(configured, gate.plan)
    await asyncio.to_thread(gate.revoke)
    assert read.requesters["harbour"].revoked is None
    async with gate.started(read) as (_, front):
        assert await asked(front) == (401, "the requester was revoked")
        assert (await asked(front, "coast"))[0] == 200


async def test_requester_revoked_before_the_new_configuration_is_open_gets_no_token(tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    async with gate.started() as (gateway, front):
        assert (await asked(front))[0] == 200
        agreement = gate.config / "agreements/portal.yaml"
        agreement.write_text(agreement.read_text("utf-8").replace('"2027-12-31"', '"2027-12-30"'), "utf-8")
        assert await Reloader(gateway, lambda: configured(gate.plan)).reload()
        assert gateway.parts.configuration.requesters["harbour"].revoked is None
        assert await asked(front) == (401, "the requester was revoked")


async def test_requester_let_in_again_is_let_in_with_the_next_reading(tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    async with gate.started() as (gateway, front):
        port = front.port("harbour")
        token = await port.token()
        await asyncio.to_thread(gate.revoke)
        async with asyncio.timeout(5):
            while (await port.prove(token)).status != 401:
                await asyncio.sleep(0.05)
        file = gate.config / "requesters/harbour.yaml"
        file.write_text(file.read_text("utf-8").partition("\nrevoked: ")[0] + "\n# again\n", "utf-8")
        assert await Reloader(gateway, lambda: configured(gate.plan)).reload()
        # the file says what it said when the gateway began: nothing is changed, and still it is read anew
        assert (await asked(front))[0] == 200
        assert (await port.prove(token)).status == 401
