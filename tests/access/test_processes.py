"""Two gateways of one house, each a process of its own: what one remembers, the other knows (threats T11, T23)."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from gateway.access.keys import name_of
from gateway.documents.keys import CURRENT_FILE
from gateway.exchange_log.key_files import key_in
from tests import fresh, typed
from tests.access.conftest import Harbourfront, Port, enrolled
from tests.faults.test_processes import served
from tests.flows.conftest import on_session

#: the address at which both are known
ISSUER = "https://motlan.example"


@asynccontextmanager
async def house(folder: Path, config: Path, keys: Any, count: int) -> AsyncIterator[list[Harbourfront]]:
    """So many processes over one state folder."""
    state = folder / "state"
    fresh.log_in(state)
    with ExitStack() as stack, (folder / "log").open("ab") as log:
        urls = []
        for number in range(count):
            words = ["--config", str(config), "--dir", str(state), "--set", f"gateway.issuer={ISSUER}"]
            place = folder / f"process-{number}"
            urls.append(stack.enter_context(served(place, *words, err=log))[1])
            (place / "ready.json").unlink()
        async with aiohttp.ClientSession() as session:
            yield [Harbourfront(one["gateway"], state, config, keys, session, one) for one in urls]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[list[Harbourfront]]:
    folder = tmp_path_factory.mktemp("pair")
    config, keys = enrolled(folder)
    async with house(folder, config, keys, 2) as both:
        yield both


def beside(other: Harbourfront, port: Port) -> Port:
    """The same requester, with the same keys, at the other process."""
    return Port(other.url, port.client, port.key, other.session, port.bound, port.issuer, port.nonce)


@on_session
async def test_token_of_one_process_opens_the_other_and_what_was_shown_to_one_is_a_replay_there(
    pair: list[Harbourfront],
) -> None:
    here = pair[0].port("harbour", ISSUER)
    token = await here.token()
    there = beside(pair[1], here)
    assert (await there.prove(token)).status == 200
    headers = {"Authorization": f"DPoP {token}", "DPoP": here.proof("GET", "/v1/sources", token)}
    assert (await here.call(**headers)).status == 200
    again = await there.call(**headers)
    assert (again.status, "used before" in again.body["detail"]) == (401, True)
    form = pair[0].port("coast", ISSUER).form()
    first, second = (one.port("coast", ISSUER) for one in pair)
    assert (await first.fetch(form)).status == 200
    replayed = await second.fetch(form)
    assert (replayed.status, "used before" in replayed.body["error_description"]) == (401, True)


@on_session
async def test_of_many_at_once_who_show_the_same_to_both_one_is_let_in(pair: list[Harbourfront]) -> None:
    here = pair[0].port("harbour", ISSUER)
    token = await here.token()
    there = beside(pair[1], here)
    headers = {"Authorization": f"DPoP {token}", "DPoP": here.proof("GET", "/v1/sources", token)}
    answers = await asyncio.gather(*(one.call(**headers) for one in (here, there) * 10))
    assert sorted(one.status for one in answers) == [200] + [401] * 19


@on_session
async def test_token_revoked_at_one_is_refused_by_the_other_though_it_had_seen_it(
    pair: list[Harbourfront],
) -> None:
    here = pair[0].port("coast", ISSUER)
    token = await here.plain()
    there = beside(pair[1], here)
    assert (await there.bearer(token)).status == 200
    assert (await here.post("/oauth2/revoke", {**here.form(), "token": token})).status == 200
    assert (await here.bearer(token)).status == 401
    async with asyncio.timeout(60):
        while (await there.bearer(token)).status != 401:
            await asyncio.sleep(0.05)


@on_session
async def test_key_is_rotated_under_load_over_two_processes_without_a_failed_request(
    pair: list[Harbourfront],
) -> None:
    statuses: list[int] = []
    kids: set[str] = set()
    stop = asyncio.Event()

    async def load(first: int) -> None:
        here = pair[first].port("coast", ISSUER)
        there = beside(pair[1 - first], here)
        while not stop.is_set():
            token = await here.plain()
            kids.add(json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))["kid"])
            statuses.extend([(await one.bearer(token)).status for one in (there, here, there)])

    words = ["keys", "rotate", "token", "--config", str(pair[0].config), "--dir", str(pair[0].state)]
    async with asyncio.TaskGroup() as group:
        for number in (0, 1, 0, 1):
            group.create_task(load(number))
        await asyncio.sleep(0.3)
        said = await asyncio.to_thread(typed.motlan, *words)
        await asyncio.sleep(1.5)
        stop.set()
    assert said.code == 0, said
    assert len(kids) == 2
    assert len(statuses) > 50
    assert set(statuses) == {200}
    published = [key["kid"] for key in (await pair[1].port().call("/oauth2/jwks")).body["keys"]]
    documents = name_of(key_in(pair[0].state / CURRENT_FILE))  # signs receipts, and no tokens
    logins = 6  # of three kinds, the current and the next one: they sign ID tokens
    assert len(published) == 4 + logins
    assert len(set(published) - {documents}) == 3 + logins
    assert kids <= set(published) - {documents}


async def test_what_was_shown_before_a_restart_is_a_replay_after_it_and_a_revoked_requester_stays_out(
    tmp_path: Path,
) -> None:
    config, keys = enrolled(tmp_path)
    async with house(tmp_path, config, keys, 1) as [one]:
        port, form = one.port("harbour", ISSUER), one.port("coast", ISSUER).form()
        token = await port.token()
        headers = {"Authorization": f"DPoP {token}", "DPoP": port.proof("GET", "/v1/sources", token)}
        assert (await port.call(**headers)).status == 200
        assert (await port.fetch(form)).status == 200
    # the process was killed
    async with house(tmp_path, config, keys, 1) as [one]:
        port = beside(one, port)
        again = await port.call(**headers)
        assert (again.status, again.body["code"]) == (401, "invalid_dpop_proof")
        assert (await port.fetch(form)).status == 401
        assert (await beside(one, port).prove(token)).status == 200
        words = ["requesters", "revoke", "harbour", "--config", str(config), "--dir", str(one.state)]
        said = await asyncio.to_thread(typed.motlan, *words)
        assert said.code == 0, said
        async with asyncio.timeout(60):
            while (await port.prove(token)).status != 401:
                await asyncio.sleep(0.05)
        refused = await port.fetch(DPoP=port.proof("POST", "/oauth2/token"))
        assert (refused.status, refused.body["error"]) == (401, "invalid_client")
    text = (config / "requesters/harbour.yaml").read_text("utf-8")
    assert text.count("\nrevoked: ") == 1
    async with house(tmp_path, config, keys, 1) as [one]:
        port = beside(one, port)
        refused = await port.fetch(DPoP=port.proof("POST", "/oauth2/token"))
        assert (refused.status, "revoked" in refused.body["error_description"]) == (401, True)
        assert (await port.prove(token)).status == 401
        assert (await one.port("coast", ISSUER).fetch()).status == 200
