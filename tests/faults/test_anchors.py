"""Fault F30: anchors that are down, slow or lie; witnesses that are down, and a log that was rewritten."""

import asyncio
import io
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway import telemetry
from gateway.exchange_log.key_files import MARK_FILE
from tests.flows import anchored
from tests.flows.conftest import ROOT, House

TSA = """\
tsa: [{{name: national, url: "{url}", ca: "{ca}"}}]
every_seconds: "1"
grace_seconds: "{grace}"
"""
WITNESS = """\
witnesses: [{{vkey: "{vkey}", url: "{url}"}}]
every_seconds: "1"
grace_seconds: "{grace}"
"""


@pytest.fixture
async def peers(tmp_path: Path) -> AsyncIterator[tuple[str, Path]]:
    """A sandbox and the certificate of its authority."""
    async with anchored.sandbox(tmp_path) as made:
        yield made


def rows(state: Path, kind: str) -> list[Any]:
    """Proofs that were kept."""
    with closing(sqlite3.connect(state / "exchange.db")) as connection:
        query = "SELECT size, time FROM log_anchors WHERE kind = ? AND size > 0 ORDER BY seq"
        return connection.execute(query, (kind,)).fetchall()


def states(shown: Any) -> set[str]:
    return {one["state"] for one in shown.values()}


async def order(house: House, mode: str | None, **more: Any) -> None:
    async with house.session.delete(f"{house.control}/misbehave") as answer:
        assert answer.status == 204
    if mode is not None:
        await house.misbehave("tsa", mode, **more)


@pytest.mark.parametrize(
    ("mode", "more", "fault"),
    [
        ("wrong_person", {"field": "imprint"}, "wrong_imprint"),
        ("fault200", {}, "refused"),
        ("garbage", {}, "invalid"),
        ("reset", {}, "unreachable"),
        ("hang", {}, "timeout"),
    ],
    ids=lambda one: one if isinstance(one, str) else one.get("field", "") if isinstance(one, dict) else "",
)
async def test_authority_that_lies_or_keeps_silent_gives_no_proof_and_is_seen(
    tmp_path: Path, peers: tuple[str, Path], mode: str, more: dict[str, Any], fault: str
) -> None:
    """Nothing of it is kept, prefill goes on within the grace, and it is used again by itself."""
    sandbox, ca = peers
    words = TSA.format(url=f"{sandbox}/tsa", ca=ca, grace=300)
    sink = io.BytesIO()
    telemetry.set_up(sink)
    # from before the start on: the record of the configuration is there to be stamped at once
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{sandbox}/__sandbox/misbehave", json={"source": "tsa", "mode": mode, **more}
        ) as answer,
    ):
        assert answer.status < 300
    async with anchored.gateway(anchored.configured(tmp_path, words), tmp_path / "state", sandbox) as house:
        assert (await anchored.ask(house))[0] == 200
        shown = await anchored.until(house, lambda shown: states(shown) == {"late"})
        shown = await anchored.until(house, lambda shown: "fault" in shown["national"])
        assert (shown["national"]["fault"], shown["national"]["size"]) == (fault, 0)
        assert rows(house.state, "tsa") == []
        assert (await anchored.ask(house, 1))[0] == 200
        await order(house, None)
        await anchored.until(house, anchored.ready)
        assert rows(house.state, "tsa")
    told = sink.getvalue().decode()
    assert '"event":"anchor.failed"' in told
    assert f'"reason":"{fault}"' in told
    assert '"event":"anchor.ready"' in told


async def test_prefill_is_refused_after_the_grace_across_a_restart_and_recovers_by_itself(
    tmp_path: Path, peers: tuple[str, Path]
) -> None:
    sandbox, ca = peers
    config = anchored.configured(tmp_path, TSA.format(url=f"{sandbox}/tsa", ca=ca, grace=4))
    async with anchored.gateway(config, tmp_path / "state", sandbox) as house:
        assert (await anchored.ask(house))[0] == 200
        await anchored.until(house, anchored.ready)
        await order(house, "fault200")
        assert (await anchored.ask(house, 1))[0] == 200
        shown = await anchored.until(house, lambda shown: states(shown) == {"refusing"})
        assert shown["national"]["since"] == rows(house.state, "tsa")[-1][1]
        await _refuses(house)
        status, answer = await house.post("/v1/audit/search", {"phase": "outcome"}, client="auditor")
        assert (status, len(answer["records"])) == (200, 2), answer
        refusals = {"phase": "refusal", "result": "log_not_anchored"}
        async with asyncio.timeout(60):
            while not (await house.post("/v1/audit/search", refusals, client="auditor"))[1]["records"]:
                await asyncio.sleep(0.05)
    async with anchored.gateway(config, tmp_path / "state", sandbox) as house:
        await _refuses(house)  # the first request already
        await order(house, None)
        await anchored.until(house, anchored.ready, 30)
        assert (await anchored.ask(house, 2))[0] == 200
        told = await anchored.health(house)
        assert (told["status"], "code" in told) == ("ready", False)


async def _refuses(house: House) -> None:
    status, problem, headers = await anchored.ask(house, 9)
    assert (status, problem["code"], headers["Retry-After"]) == (503, "log_not_anchored", "10")
    assert "neo ra bên ngoài" in problem["title_vi"]
    assert "not anchored" in problem["title"]
    assert "national" in problem["detail"]
    told = await anchored.health(house)
    assert (told["status"], told["code"]) == ("refusing", "log_not_anchored")
    async with house.session.get(f"{house.admin}/metrics") as answer:
        assert "motlan_log_anchor_refusing 1.0" in await answer.text()


async def test_one_process_asks_and_every_process_refuses_and_recovers(
    tmp_path: Path, peers: tuple[str, Path]
) -> None:
    sandbox, ca = peers
    config = anchored.configured(tmp_path, TSA.format(url=f"{sandbox}/tsa", ca=ca, grace=3))
    async with (
        anchored.gateway(config, tmp_path / "state", sandbox) as one,
        anchored.gateway(config, tmp_path / "state", sandbox) as other,
    ):
        assert (await anchored.ask(one))[0] == 200
        for house in (one, other):
            await anchored.until(house, anchored.ready)
        await asyncio.sleep(3)
        stamps = [time_ for _, time_ in rows(one.state, "tsa")]
        assert len(stamps) >= 2
        assert all(_seconds(after) - _seconds(before) > 0.9 for before, after in pairwise(stamps))
        await order(one, "fault200")
        for house in (one, other):
            await anchored.until(house, lambda shown: states(shown) == {"refusing"})
            assert (await anchored.ask(house, 3))[0] == 503
        await order(one, None)
        for house in (one, other):
            await anchored.until(house, anchored.ready)
            assert (await anchored.ask(house, 4))[0] == 200


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


async def test_witness_that_is_down_is_seen_and_used_again(tmp_path: Path, peers: tuple[str, Path]) -> None:
    sandbox, _ = peers
    async with anchored.witness(tmp_path / "witness.db") as (url, vkey):
        port = int(url.rpartition(":")[2])
        config = anchored.configured(tmp_path, WITNESS.format(vkey=vkey, url=url, grace=300))
    async with anchored.gateway(config, tmp_path / "state", sandbox) as house:
        assert (await anchored.ask(house))[0] == 200
        await anchored.until(house, lambda shown: shown[anchored.WITNESS_NAME].get("fault") == "unreachable")
        async with anchored.witness(tmp_path / "witness.db", port):
            await anchored.until(house, anchored.ready)
        assert rows(house.state, "witness")


async def test_witness_of_another_key_gives_no_proof(tmp_path: Path, peers: tuple[str, Path]) -> None:
    sandbox, _ = peers
    async with (
        anchored.witness(tmp_path / "one.db") as (_, vkey),
        anchored.witness(tmp_path / "other.db", seed=bytes(32)) as (url, _),
    ):
        config = anchored.configured(tmp_path, WITNESS.format(vkey=vkey, url=url, grace=300))
        async with anchored.gateway(config, tmp_path / "state", sandbox) as house:
            assert (await anchored.ask(house))[0] == 200
            await anchored.until(house, lambda shown: shown[anchored.WITNESS_NAME].get("fault") == "invalid")
            assert rows(house.state, "witness") == []


@pytest.mark.parametrize("more", [0, 3])
async def test_rewritten_log_is_signed_by_no_witness_and_cries_out(
    tmp_path: Path, peers: tuple[str, Path], more: int
) -> None:
    """The operator writes another log under the true key: shorter than the old one, or longer."""
    sandbox, _ = peers
    sink = io.BytesIO()
    telemetry.set_up(sink)
    async with anchored.witness(tmp_path / "witness.db") as (url, vkey):
        config = anchored.configured(tmp_path, WITNESS.format(vkey=vkey, url=url, grace=300))
        async with anchored.gateway(config, tmp_path / "state", sandbox) as house:
            for number in range(2):
                assert (await anchored.ask(house, number))[0] == 200
            await anchored.until(house, lambda shown: shown[anchored.WITNESS_NAME]["size"] == 5)
        # without the witness: with it, a shorter log would not grow any more
        async with anchored.gateway(ROOT / "config", tmp_path / "rewritten", sandbox) as house:
            for number in range(1 + more):
                assert (await anchored.ask(house, 20 + number))[0] == 200
        async with anchored.gateway(config, tmp_path / "rewritten", sandbox) as house:
            fault = "forked" if more else "ahead"
            await anchored.until(house, lambda shown: shown[anchored.WITNESS_NAME].get("fault") == fault)
            assert rows(house.state, "witness") == []
            if not more:  # a longer log was signed by its key: that records are missing is known at once
                async with asyncio.timeout(60):
                    while (await anchored.health(house)).get("code") != "log_rolled_back":
                        await asyncio.sleep(0.1)
                assert (await anchored.ask(house, 30))[0] == 503
    told = sink.getvalue().decode()
    assert f'"reason":"{fault}"' in told
    with closing(sqlite3.connect(tmp_path / "witness.db")) as memory:
        assert memory.execute("SELECT size FROM seen").fetchall() == [(5,)]
        assert bool(memory.execute("SELECT count(*) FROM evidence").fetchone()[0]) == bool(more)


async def test_host_that_never_saw_the_log_asks_the_witness_before_it_signs_a_copy_of_before(
    tmp_path: Path, peers: tuple[str, Path]
) -> None:
    """A new machine with a restored database and no mark: only the witness knows that records are missing."""
    sandbox, _ = peers
    state, restored = tmp_path / "state", tmp_path / "restored"
    async with anchored.witness(tmp_path / "witness.db") as (url, vkey):
        config = anchored.configured(tmp_path, WITNESS.format(vkey=vkey, url=url, grace=300))
        async with anchored.gateway(config, state, sandbox) as house:
            assert (await anchored.ask(house))[0] == 200
            await anchored.until(house, lambda shown: shown[anchored.WITNESS_NAME]["size"] == 3)
        await asyncio.to_thread(shutil.copytree, state, restored)
        (restored / MARK_FILE).unlink()
        async with anchored.gateway(config, state, sandbox) as house:
            assert (await anchored.ask(house, 1))[0] == 200
            await anchored.until(house, lambda shown: shown[anchored.WITNESS_NAME]["size"] > 4)
        async with anchored.gateway(config, restored, sandbox) as house:
            status, problem, _ = await anchored.ask(house, 2)
            assert (status, problem["code"]) == (503, "log_rolled_back")
            assert (await anchored.health(house))["code"] == "log_rolled_back"
    with closing(sqlite3.connect(restored / "exchange.db")) as database:
        assert database.execute("SELECT max(size) FROM log_checkpoints").fetchone() == (3,)
