"""Faults F22 to F29 of the relay at the real door: a gateway and a receiver, each in a process of its own."""

import asyncio
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.faults.test_relay_storm import Storm, arrived, nothing_lost_or_doubled, storming
from tests.flows.test_dossiers import dossier

_HOUR = 3_600


def numbered(count: int) -> list[dict[str, Any]]:
    return [dossier(code=f"H31.77-260105-{number:05}") for number in range(count)]


async def post(
    storm: Storm, session: aiohttp.ClientSession, body: dict[str, Any], key: str = ""
) -> tuple[int, Any]:
    """One answer, whatever it is."""
    headers = {"Authorization": f"Bearer {await storm.token(session)}"} | (
        {"Idempotency-Key": key} if key else {}
    )
    async with session.post(f"{storm.url}/v1/dossiers", json=body, headers=headers) as response:
        return response.status, await response.json()


async def accepted(storm: Storm, session: aiohttp.ClientSession, bodies: Sequence[dict[str, Any]]) -> None:
    for status, answer in await asyncio.gather(*(post(storm, session, body) for body in bodies)):
        assert status == 202, answer
    storm.acknowledged |= {body["code"] for body in bodies}
    storm.dossiers = len(storm.acknowledged)


async def deliveries(storm: Storm, session: aiohttp.ClientSession, **wanted: str) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {await storm.token(session)}"}
    async with session.get(f"{storm.url}/v1/deliveries", params=wanted, headers=headers) as response:
        found: list[dict[str, Any]] = (await response.json())["deliveries"]
        return found


async def restart(storm: Storm, *program: str, how: int = signal.SIGKILL) -> float:
    """Start the gateway again; the seconds that the old one took to end."""
    assert storm.process is not None
    began = time.monotonic()
    storm.process.send_signal(how)
    await asyncio.to_thread(storm.process.wait, 60)
    ended = time.monotonic() - began
    storm.program = program or storm.program
    await asyncio.to_thread(storm.start)
    return ended


async def test_sigterm_ends_the_deliveries_under_way_and_gives_back_the_others(tmp_path: Path) -> None:
    async with storming(tmp_path, 0) as (storm, session):
        await storm.misbehave(session, mode="slow", seconds=2, operation="DongBoHoSoMC")
        await accepted(storm, session, numbered(100))
        await asyncio.sleep(1)
        assert await restart(storm, how=signal.SIGTERM) < 25
        # those under way were confirmed and not cut off; the others wait for no lease
        assert await deliveries(storm, session, state="delivered")
        rows = await arrived(storm, session, 50)
        nothing_lost_or_doubled(storm, rows)
        assert {row["updates"] for row in rows.values()} == {0}
        assert {one["attempts"] for one in await deliveries(storm, session)} == {1}


@pytest.mark.slow
async def test_attempt_that_outlasts_sigterm_is_cut_off_and_looked_up_later(tmp_path: Path) -> None:
    async with storming(tmp_path, 0, "--set", "gateway.relay.lease_seconds=20") as (storm, session):
        await storm.misbehave(session, mode="hang", operation="DongBoHoSoMC")
        await accepted(storm, session, numbered(5))
        await asyncio.sleep(1)
        assert await restart(storm, how=signal.SIGTERM) < 25
        async with session.delete(f"{storm.control}/misbehave") as response:
            assert response.status == 204
        nothing_lost_or_doubled(storm, await arrived(storm, session, 60))


async def test_dossier_that_its_receiver_refuses_is_dead_with_a_reason_and_the_others_go_on(
    tmp_path: Path,
) -> None:
    async with storming(tmp_path, 0) as (storm, session):
        bodies = numbered(30)
        # the portal takes it of online dossiers only
        poison = {**bodies.pop(7), "channel": "direct", "more": {"MaDoiTuong": "1"}}
        status, _ = await post(storm, session, poison)
        assert status == 202
        await accepted(storm, session, bodies)
        nothing_lost_or_doubled(storm, await arrived(storm, session, 30))
        [dead] = await deliveries(storm, session, state="dead")
        assert (dead["dossier"], dead["reason"]) == (poison["code"], "message_refused")


async def test_dossier_on_which_its_receiver_hangs_holds_up_no_other(tmp_path: Path) -> None:
    async with storming(tmp_path, 0) as (storm, session):
        await storm.misbehave(session, mode="hang", operation="DongBoHoSoMC", times=1)
        first, *others = numbered(200)
        assert (await post(storm, session, first))[0] == 202
        await asyncio.sleep(0.5)
        began = time.monotonic()
        await accepted(storm, session, others)
        await arrived(storm, session, 18)
        assert time.monotonic() - began < 18  # the attempt that hangs takes twenty
        [waiting] = await deliveries(storm, session, state="sending")
        assert waiting["dossier"] == first["code"]


async def test_dossier_sent_again_after_a_day_or_when_its_key_is_forgotten_changes_nothing(
    tmp_path: Path,
) -> None:
    async with storming(tmp_path, 0) as (storm, session):
        body = numbered(1)[0]
        assert (await post(storm, session, body, "one-key"))[1]["state"] == "stored"
        storm.acknowledged, storm.dossiers = {body["code"]}, 1
        await arrived(storm, session, 30)
        await restart(storm, "tests.faults.other_clock", str(25 * _HOUR))
        assert (await post(storm, session, body, "one-key"))[1]["state"] == "stored"
        status, problem = await post(storm, session, {**body, "note": "khác"}, "one-key")
        assert (status, problem["code"]) == (422, "idempotency_key_reused")
        assert (await post(storm, session, body, "other-key"))[1]["state"] == "repeated"
        await restart(storm, "tests.faults.other_clock", str(40 * 24 * _HOUR))
        await asyncio.sleep(1)
        # its content was erased after 30 days: it is taken in anew, and the portal gets the same content as an update
        assert (await post(storm, session, body, "one-key"))[1]["state"] == "updated"
        await asyncio.sleep(2)
        nothing_lost_or_doubled(storm, await storm.rows(session))


@pytest.mark.slow
async def test_clock_that_is_ahead_then_behind_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async with storming(tmp_path, 0) as (storm, session):
        await restart(storm, "tests.faults.other_clock", "300")
        await storm.misbehave(session, mode="drop_after_commit", percent=30)
        bodies = numbered(60)
        await accepted(storm, session, bodies[:20])
        await restart(storm, "tests.faults.other_clock", "-300")
        await accepted(storm, session, bodies[20:40])
        # what the clock that was ahead had under way waits as long as it was ahead
        await restart(storm, "tests.faults.other_clock", "900")
        await accepted(storm, session, bodies[40:])
        nothing_lost_or_doubled(storm, await arrived(storm, session, 90))
