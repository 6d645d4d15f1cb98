"""Muted sources: recorded with who muted, seen by other processes, ended by time; nothing else changes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from gateway.api.context import Operation
from gateway.domain.errors import NotFound, Unprocessable
from gateway.domain.identifiers import RequesterId, new_exchange_id
from gateway.domain.parties import Caller, Requester
from gateway.operation.history import history
from gateway.operation.mutes import Mutes
from gateway.serving.listeners import Gateway
from gateway.serving.server import ServeOptions, running
from tests import fresh

ROOT = Path(__file__).parents[2]
PORTS = {f"gateway.{name}.port": "0" for name in ("api", "admin")}


@dataclass
class Moving:
    """A clock that a test moves."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    fresh.log_in(tmp_path)
    plan = ServeOptions(
        root=ROOT, config=ROOT / "config", state=tmp_path, overrides=PORTS, with_sandbox=False
    )
    async with running(plan) as (opened, _):
        yield opened


def operation(gateway: Gateway) -> Operation:
    assert gateway.app is not None
    found = gateway.app.services.operation
    assert found is not None
    return found


def caller(staff: str = "an.nguyen") -> Caller:
    whose = Requester(id=RequesterId("operator"), name="operator", scopes=frozenset())
    return Caller(requester=whose, agency="", exchange=new_exchange_id(), staff=staff)


async def until_seen(mutes: Mutes, source: str, *, muted: bool) -> None:
    async with asyncio.timeout(20):
        while (source in await mutes.refreshed()) is not muted:
            await asyncio.sleep(0.05)


async def test_mute_is_a_record_that_other_processes_see_until_it_is_ended(gateway: Gateway) -> None:
    ours = operation(gateway).mutes
    theirs = Mutes(recorder=ours.recorder, reader=ours.reader, sources=ours.sources)
    mute = await ours.mute(caller(), "land", timedelta(hours=1))
    assert ours.muted() == {"land": mute}
    await until_seen(theirs, "land", muted=True)
    assert theirs.muted()["land"].by == "an.nguyen"
    async with aiohttp.ClientSession() as session, session.get(f"{gateway.admin}/metrics") as answer:
        text = await answer.text()
    assert 'motlan_source_paused{alert="muted",source="land"} 0.0' in text
    assert 'motlan_source_paused{alert="on",source="tax"} 0.0' in text
    await ours.unmute(caller("binh.le"), "land")
    assert ours.muted() == {}
    await until_seen(theirs, "land", muted=False)


async def test_mute_ends_by_itself(gateway: Gateway) -> None:
    ours, clock = operation(gateway).mutes, Moving()
    mutes = Mutes(recorder=replace(ours.recorder, clock=clock), reader=ours.reader, sources=ours.sources)
    await mutes.mute(caller(), "tax", timedelta(minutes=15))
    clock.ahead = timedelta(minutes=14)
    assert "tax" in mutes.muted()
    clock.ahead = timedelta(minutes=16)
    assert mutes.muted() == {}
    assert await mutes.refreshed() == {}


@pytest.mark.parametrize("length", [timedelta(), timedelta(hours=-1), timedelta(hours=24, seconds=1)])
async def test_mute_of_more_than_a_day_or_of_no_time_is_refused(gateway: Gateway, length: timedelta) -> None:
    with pytest.raises(Unprocessable):
        await operation(gateway).mutes.mute(caller(), "land", length)
    assert operation(gateway).mutes.muted() == {}


async def test_source_that_is_not_there_cannot_be_muted(gateway: Gateway) -> None:
    for act in (operation(gateway).mutes.mute(caller(), "nothing", timedelta(hours=1)),
                operation(gateway).mutes.unmute(caller(), "nothing")):  # fmt: skip
        with pytest.raises(NotFound):
            await act


async def test_history_has_starts_and_no_mutes(gateway: Gateway) -> None:
    await operation(gateway).mutes.mute(caller(), "land", timedelta(hours=1))
    reader = operation(gateway).reader
    await until_seen(Mutes(recorder=operation(gateway).mutes.recorder, reader=reader,
                           sources=frozenset({"land"})), "land", muted=True)  # fmt: skip
    [start] = await history(reader, None, 10)
    assert start.event == "start"
    assert start.digest == gateway.parts.in_force.digest
    assert operation(gateway).configuration_texts.find(start.digest) is not None
    assert "agreements" in start.parts
