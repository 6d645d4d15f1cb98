"""A one-gate system as it calls the provincial platform today (national-portal.md: table of families, A.7, A.11).

It knows nothing of the gateway but one URL. It matches answers as such systems do: by "thành công" and "đã tồn tại".
"""

import json
from dataclasses import dataclass, field
from typing import Any

import aiohttp

_CHUNK = 10


@dataclass(slots=True)
class OneGateClient:
    """One system; `url`: the base address of the platform, `path`: where the operations are."""

    url: str
    key: str
    secret: str
    session: aiohttp.ClientSession
    path: str = "/KetNoiMotCuaQuocGia"
    token: str = ""
    #: operation and `isUpdating` of each call
    calls: list[tuple[str, str]] = field(default_factory=list)

    async def login(self) -> int:
        headers = {"Authorization": aiohttp.encode_basic_auth(self.key, self.secret)}
        form = {"grant_type": "client_credentials"}
        async with self.session.post(f"{self.url}/token", data=form, headers=headers) as answer:
            words = await answer.json()
            self.token = words.get("access_token", "")
            return answer.status

    async def sync(self, dossier: dict[str, Any]) -> bool:
        """Create, or update if it is there."""
        answer = await self.call("DongBoHoSoMC", [dossier], isUpdating="False")
        if "đã tồn tại" in answer["message"]:
            answer = await self.call("DongBoHoSoMC", [dossier], isUpdating="True")
        return str(answer["error_code"]) == "0" and "thành công" in answer["message"]

    async def progress(self, rows: list[dict[str, Any]]) -> bool:
        """In chunks, as such systems send it."""
        for at in range(0, len(rows), _CHUNK):
            answer = await self.call("CapNhatTienDoHoSoMC", rows[at : at + _CHUNK])
            if "thành công" not in answer["message"]:
                return False
        return True

    async def known(self, code: str) -> bool:
        answer = await self.ask("TraCuuHoSo", mahoso=code)
        return bool(answer["result"])

    async def call(self, operation: str, data: list[dict[str, Any]], **query: str) -> dict[str, Any]:
        """POST of the bare array; the answer is unwrapped twice."""
        self.calls.append((operation, query.get("isUpdating", "")))
        url = f"{self.url}{self.path}/{operation}"
        async with self.session.post(url, json=data, params=query, headers=self._headers()) as answer:
            return self._unwrapped(await answer.json(content_type=None))

    async def ask(self, operation: str, **query: str) -> dict[str, Any]:
        """GET with parameters."""
        url = f"{self.url}{self.path}/{operation}"
        async with self.session.get(url, params=query, headers=self._headers()) as answer:
            return self._unwrapped(await answer.json(content_type=None))

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}

    @staticmethod
    def _unwrapped(words: dict[str, Any]) -> dict[str, Any]:
        assert isinstance(words["error_code"], str)
        found: dict[str, Any] = json.loads(words["message"])
        return found
