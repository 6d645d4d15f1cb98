"""A configured scanner decides: nothing is accepted that it found something in, or could not look at."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests import typed
from tests.api.office import opened
from tests.files.assets import pdf
from tests.files.clamd import MARK, clamd
from tests.files.conftest import Room, in_room


@pytest.mark.parametrize("local", [False, True], ids=["over TCP", "over a local socket"])
async def test_file_is_stored_if_the_scanner_saw_all_of_it_and_found_nothing(
    tmp_path: Path, local: bool
) -> None:
    socket = tmp_path / "clamd.ctl" if local else None
    async with (
        clamd(socket) as fake,
        opened(tmp_path / "state", gateway__files__scanner__url=fake.url) as office,
    ):
        room = await in_room(office)
        await room.stored(pdf(size=700_000))
        assert fake.seen == [700_000]


async def test_file_with_malware_is_refused_and_recorded_with_its_name(tmp_path: Path) -> None:
    async with clamd() as fake, opened(tmp_path, gateway__files__scanner__url=fake.url) as office:
        room = await in_room(office)
        status, problem = await room.send(pdf(MARK))
        assert (status, problem["code"]) == (422, "file_infected")
        assert room.kept() == []
        (record,) = room.records("file_infected")
        assert record["phase"] == "refusal"
        assert record["notes"]["found"] == "Win.Test.EICAR_HDB-1"
        assert "EICAR" not in str(problem)


async def test_nothing_is_accepted_while_the_scanner_cannot_say(tmp_path: Path) -> None:
    settings = {"gateway__files__scanner__seconds": "0.5"}
    async with clamd() as fake, opened(tmp_path, gateway__files__scanner__url=fake.url, **settings) as office:
        room = await in_room(office)
        fake.most = 300_000
        await _away(room, pdf(size=900_000))
        for reply in (b"stream: cannot scan ERROR\0", b"nonsense\0", b"", b"x" * 5_000, b"stream: OK"):
            fake.reply = reply or b"\0"
            await _away(room, pdf())
        fake.reply, fake.silent = None, True
        await _away(room, pdf())
        fake.silent = False
        await room.stored(pdf())


async def test_scanner_that_is_not_there_refuses_with_a_time_to_come_again(tmp_path: Path) -> None:
    async with clamd() as fake:
        url = fake.url
    async with opened(tmp_path, gateway__files__scanner__url=url) as office:
        await _away(await in_room(office), pdf())


async def test_doctor_says_whether_the_scanner_answers(tmp_path: Path) -> None:
    async with clamd() as fake, clamd(tmp_path / "clamd.ctl") as local:
        urls = [fake.url, local.url]
        said = [await _findings(tmp_path, url) for url in urls]
    said += [await _findings(tmp_path, url) for url in urls]
    assert [(one["good"], one["text"].partition(" (")[0]) for one in said] == [
        (True, "answers"), (True, "answers"), (False, "does not answer"), (False, "does not answer"),
    ]  # fmt: skip


async def _findings(folder: Path, url: str) -> dict[str, Any]:
    words = ("doctor", "--json", "--dir", str(folder), "--set", f"gateway.files.scanner.url={url}")
    done = await asyncio.to_thread(typed.motlan, *words)
    return next(one for one in json.loads(done.out)["findings"] if one["kind"] == "scanner")


async def _away(room: Room, content: bytes) -> None:
    status, problem = await room.send(content)
    assert (status, problem["code"], problem["retry_after"]) == (503, "scanner_unavailable", 30)
    assert room.kept() == []
