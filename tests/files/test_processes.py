"""A gateway in a process of its own: what a large file costs, and what a kill in the middle of an upload leaves."""

import asyncio
import base64
import hashlib
import io
import json
import random
import signal
import subprocess
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.cli.client import GatewayClient
from tests.doors.conftest import SECRET
from tests.doors.messages import application, code, envelope
from tests.faults.test_processes import resident, served
from tests.files.assets import CONTENT_TYPES, pdf, xml

FIFTY = 52_428_800
MOST_GROWTH = 20


def bearer(content: dict[str, Any]) -> dict[str, str]:
    client = content["clients"]["one_gate"]
    return dict(GatewayClient(content["gateway"], client["client_id"], client["client_secret"])._headers())


async def pieces(content: bytes, pause: float = 0) -> AsyncIterator[bytes]:
    for at in range(0, len(content), 65_536):
        yield content[at : at + 65_536]
        if pause:
            await asyncio.sleep(pause)


def large(kind: str, noise: bytes) -> bytes:
    """Fifty megabytes that do not compress, but for their frame."""
    if kind == "pdf":
        return pdf(noise)
    if kind == "xml":
        return xml(b"<a>" + noise.hex()[: FIFTY - 100_000].encode() + b"</a>")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        out.writestr("[Content_Types].xml", CONTENT_TYPES)
        out.writestr("word/document.xml", b"<w/>")
        out.writestr("word/media/a.jpg", noise)
    return made.getvalue()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_file_of_fifty_megabytes_raises_the_memory_by_at_most_twenty(tmp_path: Path) -> None:
    with (tmp_path / "err").open("wb") as err, served(tmp_path, err=err) as (process, content):
        async with aiohttp.ClientSession() as session:
            headers = await asyncio.to_thread(bearer, content)
            await through(session, content, headers, pdf())
            before, noise = resident(process.pid), random.Random(14).randbytes(FIFTY - 100_000)
            for kind in ("pdf", "docx", "xml"):
                await through(session, content, headers, large(kind, noise))
                grown = resident(process.pid) - before
                assert grown <= MOST_GROWTH, (kind, grown)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_file_of_fifty_megabytes_in_a_message_of_a_door_raises_the_memory_by_at_most_twenty(
    tmp_path: Path,
) -> None:
    with (tmp_path / "err").open("wb") as err, served(tmp_path, err=err) as (process, content):
        async with aiohttp.ClientSession() as session:
            url = f"{content['gateway']}/portal/national_bus/nhanhsdvcqg"
            await forwarded(session, url, pdf(size=100_000), "plain")
            before, file = resident(process.pid), pdf(random.Random(15).randbytes(FIFTY - 100_000))
            for spelling in ("plain", "lines", "escaped"):
                await forwarded(session, url, file, spelling)
                grown = resident(process.pid) - before
                assert grown <= MOST_GROWTH, (spelling, grown)
        digest = hashlib.sha256(file).hexdigest()
        stored = tmp_path / "state" / "files" / digest[:2] / digest[2:4] / digest
        assert stored.stat().st_size == len(file)


async def forwarded(session: aiohttp.ClientSession, url: str, file: bytes, spelling: str) -> None:
    """A dossier with this file in base64, as the national portal sends it, piece by piece."""
    words = application(code())
    words["ThanhPhanHoSo"][0]["GiayToDinhKem"][0]["Base64"] = "#"
    head, tail = json.dumps(envelope(words)).encode().split(b"#")

    async def written() -> AsyncIterator[bytes]:
        yield head
        for at in range(0, len(file), 57_000):
            text = base64.b64encode(file[at : at + 57_000])
            if spelling == "lines":
                text = b"".join(text[line : line + 76] + b"\\r\\n" for line in range(0, len(text), 76))
            yield text.replace(b"/", b"\\/") if spelling == "escaped" else text
        yield tail

    headers = {"X-Portal-Secret": SECRET, "Content-Type": "application/json"}
    async with session.post(url, data=written(), headers=headers) as answer:
        assert (await answer.json())["error_code"] == 0, await answer.text()


async def through(
    session: aiohttp.ClientSession, content: dict[str, Any], headers: dict[str, str], file: bytes
) -> None:
    """In, linked, and out."""
    url = content["gateway"]
    async with session.post(f"{url}/v1/files", data=pieces(file), headers=headers) as answer:
        stored = json.loads(await answer.read())
        assert answer.status == 200, stored
    body = {"file": stored["file"], "name": "don", "seconds": 60}
    async with session.post(f"{url}/v1/files/link", json=body, headers=headers) as answer:
        link = (await answer.json())["url"]
    seen, size = hashlib.sha256(), 0
    async with session.get(link) as answer:
        async for piece in answer.content.iter_chunked(65_536):
            seen.update(piece)
            size += len(piece)
    assert (f"sha256:{seen.hexdigest()}", size) == (stored["file"], len(file))


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_kill_in_the_middle_of_an_upload_leaves_nothing_after_the_next_start(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "files"
    with served(tmp_path, err=subprocess.DEVNULL) as (process, content):
        async with aiohttp.ClientSession() as session:
            headers = await asyncio.to_thread(bearer, content)
            sent = asyncio.create_task(_sent(session, content, headers))
            while sum(one.stat().st_size for one in (folder / "drafts").iterdir()) < 1_000_000:
                await asyncio.sleep(0.02)
            process.send_signal(signal.SIGKILL)
            with pytest.raises(aiohttp.ClientError):
                await sent
        process.wait(10)
        assert len(list((folder / "drafts").iterdir())) == 1
    (tmp_path / "ready.json").unlink()
    with served(tmp_path, err=subprocess.DEVNULL) as (_, content):
        assert list((folder / "drafts").iterdir()) == []
        assert [one for one in folder.rglob("*") if one.is_file() and one.name != "lock"] == []


async def _sent(session: aiohttp.ClientSession, content: dict[str, Any], headers: dict[str, str]) -> None:
    url = f"{content['gateway']}/v1/files"
    async with session.post(url, data=pieces(pdf(size=40_000_000), pause=0.01), headers=headers) as answer:
        await answer.read()
