"""A revocation counts whenever it comes, also between the reading of a configuration and its coming into force."""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from gateway.access.revocations import Revocations
from gateway.app import App
from gateway.composition.composition import Composition, compose
from gateway.config.configuration import Configuration
from gateway.serving.listeners import Gateway
from gateway.serving.reloading import Reloader
from gateway.serving.server import ServeOptions, configured
from tests import fresh, typed
from tests.access.conftest import Harbourfront, Port, enrolled
from tests.access.test_processes import beside
from tests.stores.opened import open_revocations

#: what somebody is told at the token endpoint
OUT = (401, "the requester was revoked")
PORTS = {f"gateway.{name}.port": "0" for name in ("api", "admin")}


class Late(Gateway):
    """A gateway in which somebody is revoked after the new configuration was read, and before it is opened."""

    def __init__(self, parts: Composition, revoke: Callable[[], None]) -> None:
        super().__init__(parts)
        self._revoke = revoke

    async def opened(self, parts: Composition) -> App:
        await asyncio.to_thread(self._revoke)
        return await super().opened(parts)


class Gate:
    """One gateway, with the moments of its start and its reload apart."""

    def __init__(self, folder: Path) -> None:
        self.config, self.keys = enrolled(folder)
        self.state = folder / "state"
        fresh.log_in(self.state)
        self.plan = ServeOptions(root=folder, config=self.config, state=self.state, overrides=PORTS)

    def say(self, *words: str) -> str:
        said = typed.motlan("requesters", *words, "--config", str(self.config), "--dir", str(self.state))
        assert said.code == 0, said
        return said.out

    def revoke(self) -> None:
        self.say("revoke", "harbour")

    def listed(self) -> Any:
        found = json.loads(self.say("list", "--json"))
        assert found["store_asked"]
        return next(one for one in found["requesters"] if one["requester"] == "harbour")

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
        assert await asked(front) == OUT
        assert (await asked(front, "coast"))[0] == 200


async def test_requester_revoked_before_the_new_configuration_is_open_gets_no_token(tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    async with gate.started() as (gateway, front):
        assert (await asked(front))[0] == 200
        agreement = gate.config / "agreements/portal.yaml"
        agreement.write_text(agreement.read_text("utf-8").replace('"2027-12-31"', '"2027-12-30"'), "utf-8")
        assert await Reloader(gateway, lambda: configured(gate.plan)).reload()
        assert gateway.parts.configuration.requesters["harbour"].revoked is None
        assert await asked(front) == OUT


def _at(apart: float) -> float:
    return time.time() + apart


async def refused(port: Port, token: str) -> None:
    async with asyncio.timeout(60):
        while (await port.prove(token)).status != 401:
            await asyncio.sleep(0.05)


async def test_requester_revoked_over_another_copy_stays_out_until_it_is_restored(tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    gate.config = Path(shutil.copytree(gate.plan.config, tmp_path / "copy" / "config"))
    agreement = gate.plan.config / "agreements/portal.yaml"
    async with gate.started() as (gateway, front):
        reloader, port = Reloader(gateway, lambda: configured(gate.plan)), front.port("harbour")
        token = await port.token()
        await asyncio.to_thread(gate.revoke)
        await refused(port, token)
        assert await reloader.reload()  # nothing changed
        assert await asked(front) == OUT
        text = agreement.read_text("utf-8").replace('"2027-12-31"', '"2027-12-30"')
        agreement.write_text(text, "utf-8")
        assert await reloader.reload()
        assert await asked(front) == OUT
    gate.say("restore", "coast")  # of another: changes nothing
    async with gate.started() as (_, front):
        port = beside(front, port)
        assert await asked(front) == OUT
        assert (await port.prove(token)).status == 401
        assert (await asked(front, "coast"))[0] == 200


async def test_restored_requester_gets_new_tokens_and_its_old_ones_are_never_taken(tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    file = gate.config / "requesters/harbour.yaml"
    untouched = file.read_text("utf-8")
    async with gate.started() as (gateway, front):
        port = front.port("harbour")
        token = await port.token()
        await asyncio.to_thread(gate.revoke)
        await refused(port, token)
        assert (gate.listed()["revoked"] is None, gate.listed()["revoked_in_store"] is None) == (False, False)
        file.write_text(untouched, "utf-8")  # taken out by hand: the store goes on to say it
        assert (gate.listed()["revoked"] is None, gate.listed()["revoked_in_store"] is None) == (True, False)
        assert await Reloader(gateway, lambda: configured(gate.plan)).reload()
        assert await asked(front) == OUT
        await asyncio.to_thread(gate.revoke)
        await asyncio.to_thread(gate.say, "restore", "harbour")
        assert file.read_text("utf-8").strip() == untouched.strip()
        assert (gate.listed()["revoked"], gate.listed()["revoked_in_store"]) == (None, None)
        async with asyncio.timeout(60):
            while (await asked(front))[0] != 200:
                await asyncio.sleep(0.05)
        assert (await port.prove(token)).status == 401
        fresh_one = await port.token()
        assert (await port.prove(fresh_one)).status == 200
        assert '"store_changed":false' in gate.say(
            "restore", "harbour", "--json"
        )  # nothing is left to restore
        assert (await port.prove(fresh_one)).status == 200


async def test_requester_revoked_by_a_machine_whose_clock_is_behind_or_ahead_is_out(tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    async with gate.started() as (_, front):
        for client, apart in (("harbour", -300.0), ("coast", 300.0)):
            port = front.port(client)
            token = await port.token()
            rows = open_revocations("sqlite:///exchange.db", gate.state)
            revocations = Revocations(rows, partial(_at, apart))
            await revocations.revoke_requester(client)
            await refused(port, token)
            assert await asked(front, client) == OUT
            await revocations.restore_requester(client)
            await rows.close()
            async with asyncio.timeout(60):
                while (await asked(front, client))[0] != 200:
                    await asyncio.sleep(0.05)
            assert (await port.prove(await port.token())).status == 200
            assert (await port.prove(token)).status == 401


async def test_what_only_a_file_says_is_restored_in_the_file(tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    file = gate.config / "requesters/coast.yaml"
    text = file.read_text("utf-8")
    file.write_text('revoked: "2026-11-01T00:00:00Z"  # by hand\n' + text, "utf-8")
    async with gate.started() as (gateway, front):
        assert await asked(front, "coast") == OUT
        said = await asyncio.to_thread(gate.say, "restore", "coast", "--json")
        assert ('"file_changed":true,"store_changed":false' in said, file.read_text("utf-8")) == (True, text)
        assert await Reloader(gateway, lambda: configured(gate.plan)).reload()
        assert (await asked(front, "coast"))[0] == 200


async def test_token_opens_nothing_once_a_file_revokes_its_requester(tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    file = gate.config / "requesters/coast.yaml"
    async with gate.started() as (gateway, front):
        port = front.port("coast")
        token = await port.plain()
        assert (await port.bearer(token)).status == 200
        file.write_text('revoked: "2026-11-01T00:00:00Z"\n' + file.read_text("utf-8"), "utf-8")
        assert await Reloader(gateway, lambda: configured(gate.plan)).reload()
        refused = await port.bearer(token)
        assert (refused.status, refused.body["code"]) == (401, "token_revoked")
