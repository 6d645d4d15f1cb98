"""What was shown or revoked cannot be looked up: nobody is let in, and everybody is again when it can."""

import asyncio
from pathlib import Path

import aiohttp

from gateway.access.revocations import Revocations
from tests.access import memory
from tests.flows.conftest import build


async def test_nobody_is_let_in_while_the_store_is_away(tmp_path: Path) -> None:
    """Not even with the secret of the sandbox: a token that was revoked would be taken."""
    file = tmp_path / "access.sqlite"
    file.write_bytes(b"no database" * 100)
    async with build(tmp_path, {}) as house:
        headers = {"Authorization": "Bearer nonsense"}
        async with house.session.get(f"{house.url}/v1/sources", headers=headers) as answer:
            assert (answer.status, (await answer.json())["code"]) == (503, "access_unavailable")
        known = house.clients["portal"]
        asked = {"Authorization": aiohttp.encode_basic_auth(known["client_id"], known["client_secret"])}
        form = {"grant_type": "client_credentials"}
        async with house.session.post(f"{house.url}/oauth2/token", data=form, headers=asked) as answer:
            assert answer.status == 503
        async with house.session.get(f"{house.url}/health/live") as answer:
            assert answer.status == 200
        file.unlink()
        async with asyncio.timeout(60):
            while True:
                async with house.session.post(
                    f"{house.url}/oauth2/token", data=form, headers=asked
                ) as answer:
                    if answer.status == 200:
                        break
                await asyncio.sleep(0.1)


async def test_process_that_stood_still_looks_before_it_lets_anybody_in() -> None:
    """A machine that slept has not looked for longer than it may trust what it knew."""
    rows = memory.Rows()
    revocations = Revocations(rows, lambda: 1_000.0)
    await rows.add("token", "an-id", 900.0, 2_000.0)
    await revocations.current()
    assert revocations.is_revoked("an-id", "portal", 0)
