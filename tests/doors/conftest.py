"""A whole gateway with the sandbox behind it; portals and one-gate systems call at its doors."""

import io
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.doors.one_gate_client import OneGateClient
from tests.flows.conftest import House, build

SECRET = "sandbox-secret-national_inbound"
BUS = "/portal/national_bus"


@dataclass(frozen=True, slots=True)
class Street:
    """A gateway, as the callers at its doors see it."""

    house: House

    async def send(
        self, path: str, words: Any, *, secret: str = SECRET, prefix: str = BUS, **headers: str
    ) -> tuple[int, Any]:
        """What the national portal gets for a message."""
        raw = words if isinstance(words, bytes) else json.dumps(words).encode()
        sent = {"X-Portal-Secret": secret, "Content-Type": "application/json", **headers}
        async with self.house.session.post(
            f"{self.house.url}{prefix}/{path}", data=io.BytesIO(raw), headers=sent
        ) as answer:
            text = await answer.text()
            is_json = answer.content_type == "application/json"
            return answer.status, json.loads(text) if is_json else text

    async def sent(self, path: str, words: Any, **more: Any) -> tuple[int, str]:
        """Code and message of an answer in the form of A.9."""
        status, answer = await self.send(path, words, **more)
        assert status == 200, (status, answer)
        assert set(answer) == {"error_code", "message"}
        assert type(answer["error_code"]) is int
        return answer["error_code"], answer["message"]

    async def get(self, path: str, client: str = "one_gate") -> Any:
        headers = {"Authorization": f"Bearer {await self.house.token(client)}"}
        async with self.house.session.get(self.house.url + path, headers=headers) as answer:
            return await answer.json()

    async def inbox(self, code: str) -> list[dict[str, Any]]:
        """What the provincial system finds about a dossier; nothing is acknowledged here."""
        items: list[dict[str, Any]] = []
        after = 0
        while True:
            page = await self.get(f"/v1/dossiers/inbox?after={after}&count=100")
            if not page["items"]:
                return [one for one in items if one["code"] == code]
            items += page["items"]
            after = page["next"]

    async def one_gate(self, client: str = "one_gate") -> OneGateClient:
        known = self.house.clients[client]
        found = OneGateClient(self.house.url, known["client_id"], known["client_secret"], self.house.session)
        assert await found.login() == 200
        return found

    def records(self, result: str) -> list[dict[str, Any]]:
        """Records of the log with this result."""
        return [one for one in leaves(self.house.state) if one["result"] == result]


def leaves(state: Path) -> list[dict[str, Any]]:
    """Every record, oldest first, sealed parts left sealed."""
    with closing(sqlite3.connect(state / "exchange.db")) as connection:
        return [json.loads(row[0]) for row in connection.execute("SELECT leaf FROM append_log ORDER BY seq")]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def standing_street(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Street]:
    """One for all tests that bring dossiers of their own."""
    async with build(tmp_path_factory.mktemp("street"), {}) as house:
        yield Street(house)


@pytest_asyncio.fixture(loop_scope="session")
async def street(standing_street: Street) -> Street:
    return standing_street
