"""Interlinked groups (F.1) are pulled, fetched, acknowledged; VNeID (F.2) calls; statuses go back to both."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from adapters.sandbox.interlinked import dossiers_of
from adapters.sandbox.people import load
from adapters.sandbox.portal import load_portal
from tests.doors.conftest import Street
from tests.doors.messages import application, code, step
from tests.flows.conftest import ROOT, build

PULL = "portals.interlinked.door.pull_seconds"
VNEID = "/portal/vneid_records"


async def ledger(street: Street, receiver: str) -> list[dict[str, Any]]:
    url = f"{street.house.control}/portal/ledger?receiver={receiver}"
    async with street.house.session.get(url) as answer:
        return list((await answer.json())["dossiers"])


def offered() -> dict[str, str]:
    """Code and procedure of each dossier that the sandbox offers."""
    dossiers = dossiers_of(load(ROOT), load_portal(ROOT).unit)
    return {one["maHoSo"]: one["maTTHC"] for one in dossiers}


async def until(found: Any) -> Any:
    """What a question gives, as soon as it gives something."""
    for _ in range(200):
        if result := await found():
            return result
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come")


@pytest_asyncio.fixture
async def pulling(tmp_path: Path) -> AsyncIterator[Street]:
    async with build(tmp_path, {PULL: "1"}) as house:
        yield Street(house)


async def test_interlinked_dossiers_are_stored_with_files_and_then_acknowledged(pulling: Street) -> None:
    wanted = offered()

    async def acknowledged() -> list[dict[str, Any]]:
        rows = await ledger(pulling, "interlinked")
        return rows if len(rows) == len(wanted) and all(one["acknowledged"] for one in rows) else []

    rows = await until(acknowledged)
    assert {row["code"] for row in rows} == set(wanted)
    for row in rows:
        (item,) = await pulling.inbox(row["code"])
        message = item["message"]["dossier"]
        assert item["origin"] == "interlinked"
        assert message["papers"][0]["file"].startswith("sha256:")
        assert "Base64" not in str(item)
    # acknowledged once; later rounds find nothing
    await asyncio.sleep(1.2)
    assert [one["acknowledged"] for one in await ledger(pulling, "interlinked")] == [1] * len(wanted)


async def test_status_of_an_interlinked_dossier_goes_back(pulling: Street) -> None:
    rows = await until(lambda: ledger(pulling, "interlinked"))
    dossier = rows[0]["code"]
    client = await pulling.one_gate()
    assert await client.progress([step(dossier, "2", "20261127093000")])

    async def told() -> list[Any]:
        found = [one for one in await ledger(pulling, "interlinked") if one["code"] == dossier]
        return list(found[0]["statuses"])

    assert (await until(told))[0][0] == "2"


async def test_dossier_is_not_acknowledged_while_it_cannot_be_stored(tmp_path: Path) -> None:
    overrides = {PULL: "1", "portals.interlinked.door.unknown_procedure": "refuse"}
    async with build(tmp_path, overrides) as house:
        street = Street(house)
        # births are configured (2.000986), deaths are not
        await until(lambda: ledger(street, "interlinked"))
        await asyncio.sleep(1.5)
        births = {one for one, procedure in offered().items() if procedure == "2.000986"}
        assert {row["code"] for row in await ledger(street, "interlinked")} == births
        assert births != set(offered())


async def vneid(street: Street, words: Any, **more: Any) -> tuple[str, str]:
    status, answer = await street.send("hoso", words, prefix=VNEID, **more)
    assert status == 200
    assert set(answer) == {"statusCode", "data", "errorDetail"}
    assert answer["data"] is None
    return answer["statusCode"], answer["errorDetail"] or ""


async def test_vneid_dossier_is_accepted_once_and_again_only_in_status_5(tmp_path: Path) -> None:
    async with build(tmp_path, {}) as house:
        street, dossier = Street(house), code()
        assert await vneid(street, application(dossier)) == ("00", "")
        (item,) = await street.inbox(dossier)
        assert item["message"]["dossier"]["papers"][0]["file"].startswith("sha256:")
        assert (await vneid(street, application(dossier)))[0] == "01"
        client = await street.one_gate()
        assert await client.progress([step(dossier, "5", "20261127093000")])
        assert await vneid(street, application(dossier, MaDonViTiepNhan="000.00.02.H31")) == ("00", "")
        assert len(await street.inbox(dossier)) == 2

        async def told() -> list[Any]:
            return [one["statuses"] for one in await ledger(street, "vneid_records") if one["statuses"]]

        assert (await until(told))[0][0][0] == "5"
        assert (await vneid(street, application(""), secret="x"))[0] == "01"
        status, answer = await street.send("hoso", b"{", prefix=VNEID)
        assert (status, answer["statusCode"]) == (400, "01")
