"""A running gateway that stores files, and a portal that sends them."""

import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from yarl import URL

from gateway.composition.log_keys import derived
from gateway.exchange_log.keys import root_keys_in
from gateway.files.links import LABEL, FileLinks
from tests.api.office import Office, fits, opened


@dataclass
class Room:
    """A gateway with a folder of files."""

    office: Office
    #: as the gateway seals and opens them
    links: FileLinks

    @property
    def folder(self) -> Path:
        return self.office.state / "files"

    async def send(
        self,
        content: Any,
        media: str = "application/octet-stream",
        name: str = "",
        client: str = "one_gate",
        **fields: str,
    ) -> tuple[int, Any]:
        headers = {**await self.office.bearer(client), "Content-Type": media, **fields}
        if name:
            headers["Content-Disposition"] = f'attachment; filename="{name}"'
        url = f"{self.office.url}/v1/files"
        if isinstance(content, bytes):
            content = io.BytesIO(content)
        async with self.office.session.post(url, data=content, headers=headers) as answer:
            return answer.status, json.loads(await answer.read())

    async def stored(self, content: Any, **more: Any) -> dict[str, Any]:
        status, answer = await self.send(content, **more)
        assert status == 200, answer
        fits("StoredFile", answer)
        return dict(answer)

    async def link(self, file: str, client: str = "one_gate", **more: Any) -> tuple[int, Any]:
        return await self.office.post(
            "/v1/files/link", {"file": file, "name": "don.pdf", "seconds": 60, **more}, client
        )

    async def get(self, url: str | URL, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
        async with self.office.session.request(method, url) as answer:
            return answer.status, dict(answer.headers), await answer.read()

    def kept(self) -> list[Path]:
        """Files and drafts that there are; not their holders."""
        return [
            one
            for one in self.folder.rglob("*")
            if one.is_file() and "." not in one.name and one.name != "lock"
        ]

    def records(self, *results: str) -> list[dict[str, Any]]:
        return [one for one in self.office.leaves() if one["result"] in results]


async def in_room(office: Office) -> Room:
    return Room(office, FileLinks(await derived(root_keys_in(office.state), LABEL)))


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with opened(tmp_path) as office:
        yield await in_room(office)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def standing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    """One for all files that are refused."""
    async with opened(tmp_path_factory.mktemp("files")) as office:
        yield await in_room(office)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def archives(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    """One that takes plain archives, and nothing else."""
    async with opened(tmp_path_factory.mktemp("archives"), gateway__files__kinds="zip") as office:
        yield await in_room(office)
