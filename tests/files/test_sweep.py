"""The running gateway deletes old files that nothing refers to: no dossier, no kept paper."""

import asyncio
import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from adapters.sandbox.served_files import tiny_pdf
from tests.flows.conftest import House, build
from tests.flows.test_dossiers import delivered, dossier, posted, progressed, step
from tests.flows.test_papers_kept import consented, keep, upload

DAY = 86_400
SETTINGS = {"gateway.files.sweep_seconds": "1", "gateway.files.unreferred_days": "1"}


def stored(house: House) -> dict[str, Path]:
    """Digest and place of each stored file."""
    found = (house.state / "files").rglob("*")
    return {one.name: one for one in found if one.is_file() and len(one.name) == 64}


def digest(file: str) -> str:
    return file.removeprefix("sha256:")


async def notified(house: House) -> str:
    """The file of a tax notice that waits in an inbox, for a dossier that nobody knows."""
    before = set(stored(house))
    order = {"to": house.url, "kind": "tax_notice", "count": 1}
    async with house.session.post(f"{house.control}/portal/submit", json=order) as answer:
        assert (await answer.json())["taken"] == 1
    [notice] = set(stored(house)) - before
    return notice


async def swept(house: House, name: str) -> None:
    """Make all files old, and wait until a new one that nothing refers to is deleted."""
    stray = digest(await upload(house, tiny_pdf(name), "one_gate"))
    old = time.time() - 2 * DAY
    for place in stored(house).values():
        os.utime(place, (old, old))
    async with asyncio.timeout(60):
        while stray in stored(house):
            await asyncio.sleep(0.1)


async def test_daily_sweep_deletes_what_nothing_refers_to_and_no_other_file(tmp_path: Path) -> None:
    async with build(tmp_path, SETTINGS) as house:
        named = await upload(house, tiny_pdf("of a dossier"), "one_gate")
        body = dossier(papers=[{"file": named, "file_name": "don.pdf"}])
        await posted(house, body)
        await delivered(house, body["code"])
        given = await upload(house, tiny_pdf("given once"))
        who = next(one for one in house.personas if one["key"] == "mau")
        owner = {name: who[name] for name in ("personal_id", "full_name", "birth_date")}
        stage: Any = SimpleNamespace(house=house)
        of_step = await upload(house, tiny_pdf("of a step"), "one_gate")
        await progressed(house, step(body["code"], papers=[{"file": of_step, "file_name": "phieu.pdf"}]))
        before = set(stored(house))
        notice = await notified(house)
        status, answer = await keep(stage, owner, await consented(house, owner), file=given)
        assert status == 200, answer
        [copy] = set(stored(house)) - before - {notice}
        await swept(house, "stray")
        # a second one, so that a whole sweep lies between
        await swept(house, "another stray")
        # of what is kept only the sealed copy is needed
        assert set(stored(house)) == {digest(named), digest(of_step), notice, copy}
