"""Uploads that end badly leave nothing: too large, too slow, hung up, too many, on a full disk, without a log."""

import asyncio
import contextlib
import io
import resource
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from gateway import telemetry
from tests.api.office import opened
from tests.faults.test_processes import served
from tests.files.assets import HOSTILE, pdf
from tests.files.conftest import Room, in_room
from tests.files.test_links import made
from tests.files.test_processes import bearer, pieces
from tests.flows.test_records import locked


async def test_file_over_the_limit_is_refused_by_its_length_and_by_its_pieces(tmp_path: Path) -> None:
    async with opened(tmp_path, gateway__files__most_bytes="300000") as office:
        room = await in_room(office)
        for content in (io.BytesIO(pdf(size=300_001)), pieces(pdf(size=300_001))):
            status, problem = await room.send(content)
            assert (status, problem["code"]) == (413, "too_large")
        assert room.kept() == []
        await room.stored(pieces(pdf(size=300_000)))


async def test_sender_that_stops_or_drips_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    async def stops() -> AsyncIterator[bytes]:
        yield pdf(size=300_000)[:200_000]
        await asyncio.sleep(30)

    async def drips() -> AsyncIterator[bytes]:
        for _ in range(300):
            yield b"%PDF-"
            await asyncio.sleep(0.1)

    async with opened(tmp_path, gateway__limits__body_seconds="1") as office:
        room = await in_room(office)
        for content in (stops(), drips()):
            async with asyncio.timeout(20):  # the sender takes thirty
                status, problem = await room.send(content)
            assert (status, problem["code"]) == (408, "request_timeout")
        assert room.kept() == []


async def test_sender_slower_than_the_limit_of_small_bodies_is_served_while_it_sends_enough(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, gateway__limits__body_seconds="1") as office:
        begun = time.monotonic()
        await (await in_room(office)).stored(pieces(pdf(size=1_000_000), pause=0.12))
        assert time.monotonic() - begun > 1.5


async def test_sender_that_hangs_up_leaves_nothing(room: Room) -> None:
    drafts = room.folder / "drafts"

    async def cut() -> AsyncIterator[bytes]:
        yield pdf(size=600_000)[:500_000]
        while not list(drafts.iterdir()):
            await asyncio.sleep(0.01)
        raise ConnectionResetError

    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await room.send(cut())
    async with asyncio.timeout(60):
        while list(drafts.iterdir()):
            await asyncio.sleep(0.01)
    assert room.kept() == []


async def test_one_requester_sends_few_files_at_a_time(tmp_path: Path) -> None:
    waiting = asyncio.Event()

    async def held() -> AsyncIterator[bytes]:
        yield pdf(size=300_000)[:100_000]
        await waiting.wait()
        yield pdf(size=300_000)[100_000:]

    async with opened(tmp_path, gateway__files__uploads_per_requester="2") as office:
        room = await in_room(office)
        two = [asyncio.create_task(room.send(held())) for _ in range(2)]
        while len(list((room.folder / "drafts").iterdir())) < 2:
            await asyncio.sleep(0.01)
        status, problem = await room.send(pdf())
        assert (status, problem["code"], problem["retry_after"]) == (429, "too_many_requests", 1)
        await room.stored(pdf(), client="national_portal")
        waiting.set()
        assert [status for status, _ in await asyncio.gather(*two)] == [200, 200]
        await room.stored(pdf())


async def test_compressed_body_is_refused(room: Room) -> None:
    status, problem = await room.send(pdf(), **{"Content-Encoding": "br"})
    assert (status, problem["code"]) == (415, "unsupported_media_type")


async def test_file_without_a_record_is_not_stored_and_not_read(room: Room) -> None:
    url = await made(room, pdf(size=5_000))
    before = room.kept()
    with locked(room.office.state / "exchange.db"):
        status, problem = await room.send(pdf())
        assert (status, problem["code"]) == (503, "log_unavailable")
        status, _, body = await room.get(url)
        assert status == 503
        assert b"PDF" not in body
    assert room.kept() == before


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_full_disk_is_told_and_leaves_nothing_half(tmp_path: Path) -> None:
    drafts = tmp_path / "state" / "files" / "drafts"
    with served(tmp_path, err=subprocess.DEVNULL) as (process, content):
        # files of this process end at eight megabytes: what the system says is what it says of a full disk
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (8_000_000, 8_000_000))
        async with aiohttp.ClientSession() as session:
            headers = await asyncio.to_thread(bearer, content)
            url = f"{content['gateway']}/v1/files"
            async with session.post(url, data=pieces(pdf(size=9_000_000)), headers=headers) as answer:
                problem = await answer.json()
                assert (answer.status, problem["code"]) == (503, "files_unavailable")
                assert "full" in problem["detail"]
                assert answer.headers["Retry-After"] == "30"
            assert list(drafts.iterdir()) == []
            async with session.post(url, data=pieces(pdf()), headers=headers) as answer:
                assert answer.status == 200


async def test_names_and_contents_are_in_no_log_and_no_record(tmp_path: Path) -> None:
    """A name of a file may have a person's name: the canary of these tests."""
    sink = io.BytesIO()
    telemetry.set_up(sink)
    canary, secret = "Canh Thị Giác", b"033174209186"
    async with opened(tmp_path) as office:
        room = await in_room(office)
        name = "attachment; filename*=UTF-8''Canh%20Th%E1%BB%8B%20Gi%C3%A1c.pdf"
        field = {"Content-Disposition": name}
        url = await made(room, pdf(secret), name=f"{canary}.pdf")
        answers = [str(await room.send(content, "image/png", **field)) for content, _ in HOSTILE.values()]
        answers.append(str(await room.send(pdf(secret), **field)))
        await room.get(url)
        await room.get(url + "x")
        with contextlib.suppress(aiohttp.ClientError):
            await room.get(f"{office.url}/files/{canary}")
        kept = str(office.leaves())
        async with office.session.get(f"{office.admin}/metrics") as response:
            metrics = await response.text()
    lines = sink.getvalue().decode()
    assert lines.count("http.answered") > len(HOSTILE)
    for seen in (lines, kept, metrics, *answers):
        assert "Canh" not in seen
        assert secret.decode() not in seen
        assert url.rpartition("/")[2] not in seen
