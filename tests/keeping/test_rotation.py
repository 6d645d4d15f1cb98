"""Keys that are changed under a running gateway: no proof fails, and nothing is lost by a kill."""

import asyncio
import base64
import contextlib
import io
import json
import os
import random
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from adapters.stores.opening import open_log
from gateway.domain.errors import LogUnavailable
from gateway.exchange_log.key_files import key_in
from gateway.exchange_log.keys import (
    RootKeys,
    next_root_key,
    rewrap,
    root_keys_in,
    settle_root_key,
    unwrap,
    wrap_new,
)
from gateway.exchange_log.note import NoteVerifier, signatures_of
from gateway.exchange_log.verify import verify_export
from tests import typed
from tests.api.office import Office
from tests.keeping.shelf import COLD, HOT, ORIGIN, URL, WHO, facts, fill, kill, motlan, opened
from tests.stores.opened import open_periods
from tests.stores.sample import some_record


async def load(office: Office, hashes: list[bytes], stop: asyncio.Event) -> None:
    while not stop.is_set():
        hashes.append(await office.plant())
        await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def under_load(office: Office, hashes: list[bytes]) -> AsyncIterator[None]:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(load(office, hashes, stop))
        yield
        stop.set()


async def test_signing_key_is_changed_under_load_without_a_failed_proof(tmp_path: Path) -> None:
    hashes: list[bytes] = []
    async with opened(tmp_path) as office:
        await office.settled(await office.plant())
        _, kept = await office.get("/log/checkpoint")
        old = office.vkey
        async with under_load(office, hashes):
            await asyncio.sleep(0.3)
            new = (await asyncio.to_thread(facts, tmp_path, "keys", "rotate", "signing"))["vkey"]
            await asyncio.sleep(0.8)
        await office.settled(*hashes[-3:])
        raw = await office.export()
        assert verify_export(io.BytesIO(raw), [old], since=kept.decode()).good
    before = len(hashes)
    async with opened(tmp_path) as office:
        assert office.vkey == new != old
        async with under_load(office, hashes):
            await asyncio.sleep(0.5)
        await office.settled(*hashes[before - 3 :])
        # one more checkpoint: the first one has both signatures
        await office.settled(await office.plant())
        for one in random.Random(1).sample(hashes, 30):
            status, _ = await office.get(f"/v1/audit/proof/inclusion?leaf_hash={one.hex()}")
            assert status == 200
        status, _ = await office.get(f"/v1/audit/proof/consistency?from=1&to={before}")
        assert status == 200
        raw = await office.export()
        head = json.loads(raw.partition(b"\n")[0])
        assert head["vkeys"] == [new, old]
        assert verify_export(io.BytesIO(raw), [new, old], since=kept.decode()).good
        assert verify_export(io.BytesIO(raw), [new]).good
        assert not verify_export(io.BytesIO(raw), [old]).good
    known = [NoteVerifier.parse(vkey) for vkey in (old, new)]
    signers = [{one.vkey for one in signatures_of(note, known)} for note in notes(tmp_path)]
    both = signers.index({old, new})
    assert signers == [{old}] * both + [{old, new}] + [{new}] * (len(signers) - both - 1)
    told = facts(tmp_path, "keys", "list")
    assert (told["signing"]["vkey"], told["former_signing"]) == (new, [old])


def notes(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "exchange.db")) as connection:
        return [
            row[0] for row in connection.execute("SELECT note FROM log_checkpoints ORDER BY size").fetchall()
        ]


async def test_verify_log_takes_an_older_checkpoint_of_the_former_key(tmp_path: Path) -> None:
    await fill(tmp_path, (HOT,), 3)
    older = tmp_path / "older.checkpoint"
    older.write_text(notes(tmp_path)[-1], "utf-8")
    changed = await asyncio.to_thread(facts, tmp_path, "keys", "rotate", "signing")
    await fill(tmp_path, (HOT,), 3)
    path, ready = tmp_path / "all.jsonl", tmp_path / "ready.json"
    async with opened(tmp_path) as office:
        path.write_bytes(await office.export())
        ready.write_bytes(
            orjson.dumps({"gateway": office.url, "clients": office.clients, "log": {"vkey": ""}})
        )
        both = f"{changed['vkey']} {changed['former']}"
        words = ("log", "checkpoint", "--since", str(older), "--ready-file", str(ready))
        said = await asyncio.to_thread(run, *words, "--vkey", both)
        assert "it only grew" in said
    for vkeys in ([changed["vkey"], changed["former"]], [changed["former"], changed["vkey"]]):
        more = (
            "verify-log",
            str(path),
            "--since",
            str(older),
            *(w for one in vkeys for w in ("--vkey", one)),
        )
        assert "GOOD" in run(*more)
    words = ("verify-log", str(path), "--since", str(older), "--vkey", changed["vkey"])
    assert "cannot be used" in run(*words, code=1)


def run(*words: str, code: int = 0) -> str:
    said = typed.motlan(*words)
    assert said.code == code, said.err
    return said.out + said.err


async def test_signing_key_that_has_not_signed_yet_is_not_changed_again(tmp_path: Path) -> None:
    await fill(tmp_path, (HOT,), 1)
    await asyncio.to_thread(motlan, tmp_path, "keys", "rotate", "signing")
    key = key_in(tmp_path / "exchange-log-signing.key")
    assert "restart" in motlan(tmp_path, "keys", "rotate", "signing", code=2)
    assert key_in(tmp_path / "exchange-log-signing.key") == key
    await fill(tmp_path, (HOT,), 1)
    motlan(tmp_path, "keys", "rotate", "signing")


async def test_configured_keys_are_told_which_settings_to_write(tmp_path: Path) -> None:
    seed = tmp_path / "seed"
    seed.write_text("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "utf-8")
    for name, key in (("signing_key", "signing"), ("root_key", "root")):
        words = ("keys", "rotate", key, "--set", f"gateway.log.{name}.file={seed}", "--json")
        done = await asyncio.to_thread(run, *words, "--dir", str(tmp_path), code=1)
        assert json.loads(done)["settings"] == [f"log.former_{name}", f"log.{name}"]


async def test_rotation_that_is_killed_leaves_every_period_readable_and_can_be_repeated(
    tmp_path: Path,
) -> None:
    months = [f"{year}-{month:02}" for year in (2022, 2023) for month in range(1, 13)]
    await fill(tmp_path, months, 1)
    rng = random.Random(11)
    first = key_in(tmp_path / "exchange-log-root.key")
    for kind in ("root", "root", "signing", "root", "signing"):
        await asyncio.to_thread(kill, tmp_path, rng.uniform(0.3, 1.3), "keys", "rotate", kind)
        roots = root_keys_in(tmp_path)
        assert (
            len([unreadable for unreadable in kept(tmp_path).items() if not opens(roots, *unreadable)]) == 0
        )
        await fill(tmp_path, (HOT,), 1)
    await asyncio.to_thread(motlan, tmp_path, "keys", "rotate", "root")
    last = key_in(tmp_path / "exchange-log-root.key")
    assert last != first
    assert not (tmp_path / "exchange-log-root-next.key").exists()
    for period, wrapped in kept(tmp_path).items():
        unwrap(last, period, wrapped)


def kept(folder: Path) -> dict[str, bytes]:
    with closing(sqlite3.connect(folder / "exchange.db")) as connection:
        return dict(connection.execute("SELECT period, wrapped FROM period_keys").fetchall())


def opens(roots: RootKeys, period: str, wrapped: bytes) -> bool:
    return roots.unwrap(period, wrapped).period == period


async def test_running_gateway_goes_on_with_the_new_root_key(tmp_path: Path) -> None:
    await fill(tmp_path, (COLD[0], HOT), 2)
    async with opened(tmp_path) as office:
        assert len(await office.found(subject={"personal_id": WHO}, phase="intent")) == 4
        await asyncio.to_thread(motlan, tmp_path, "keys", "rotate", "root")
        assert len(await office.found(subject={"personal_id": WHO}, phase="intent")) == 4
        # Keys of a new month, by a process that began under the former root key.
        await office.settled(await office.plant(time=f"{COLD[1]}-09T00:00:00.000Z"))
    root = key_in(tmp_path / "exchange-log-root.key")
    for period, wrapped in kept(tmp_path).items():
        unwrap(root, period, wrapped)
    log = open_log(URL, tmp_path, ORIGIN, None)
    await log.append(some_record(time=f"{COLD[0]}-09T00:00:00.000Z"))
    await log.close()


async def test_month_that_begins_while_the_root_key_is_changed_opens_without_the_former_one(
    tmp_path: Path,
) -> None:
    await fill(tmp_path, (COLD[0],), 1)
    log = open_log(URL, tmp_path, ORIGIN, None)  # a gateway that goes on
    await log.append(some_record(time=f"{COLD[0]}-09T00:00:00.000Z"))
    former, new, vault = root_keys_in(tmp_path).all, next_root_key(tmp_path), open_periods(URL, tmp_path)
    await vault.rewrap(lambda period, wrapped: rewrap(former, new, period, wrapped))
    await log.append(some_record(time=f"{COLD[1]}-09T00:00:00.000Z"))
    settle_root_key(tmp_path)
    await log.close()
    for period, wrapped in kept(tmp_path).items():
        unwrap(new, period, wrapped)


async def test_month_that_slipped_in_under_the_former_key_is_wrapped_anew_before_it_is_said_done(
    tmp_path: Path,
) -> None:
    await fill(tmp_path, (COLD[0],), 1)
    with closing(sqlite3.connect(tmp_path / "exchange.db")) as connection:
        # what a slow gateway writes the moment that the others are wrapped anew
        late = wrap_new(key_in(tmp_path / "exchange-log-root.key"), COLD[1]).hex()
        connection.execute(
            f"CREATE TRIGGER late AFTER UPDATE ON period_keys WHEN old.period = '{COLD[0]}'"  # noqa: S608 -- ours
            f" BEGIN INSERT INTO period_keys (period, wrapped) VALUES ('{COLD[1]}', x'{late}'); END"
        )
    done = await asyncio.to_thread(facts, tmp_path, "keys", "rotate", "root")
    listed = await asyncio.to_thread(facts, tmp_path, "keys", "list")
    under = {one["period"]: one["root"] for one in listed["periods"] if one["living"]}
    assert under == dict.fromkeys(kept(tmp_path), done["root"])
    assert COLD[1] in under


async def test_list_says_under_which_root_key_each_month_is(tmp_path: Path) -> None:
    await fill(tmp_path, (COLD[0],), 1)
    former = (tmp_path / "exchange-log-root.key").read_bytes()
    new = (await asyncio.to_thread(facts, tmp_path, "keys", "rotate", "root"))["root"]
    log = open_log(URL, tmp_path, ORIGIN, base64.b64decode(former))  # a gateway that was not restarted
    await log.append(some_record(time=f"{COLD[1]}-09T00:00:00.000Z"))
    await log.close()
    listed = await asyncio.to_thread(facts, tmp_path, "keys", "list")
    under = {one["period"]: one["root"] for one in listed["periods"]}
    assert (listed["root"]["id"], under[COLD[0]], [under[COLD[1]]]) == (new, new, listed["former_roots"])
    assert under[COLD[1]] in motlan(tmp_path, "keys", "list")


async def test_root_key_that_goes_missing_under_a_running_gateway_is_not_made_anew(tmp_path: Path) -> None:
    await fill(tmp_path, (COLD[0],), 1)
    log = open_log(URL, tmp_path, ORIGIN, None)
    os.unlink(tmp_path / "exchange-log-root.key")  # noqa: PTH108
    with pytest.raises(LogUnavailable):
        await log.append(some_record(time=f"{COLD[1]}-09T00:00:00.000Z"))
    assert "exchange-log-root.key" not in os.listdir(tmp_path)  # noqa: PTH208
    await log.close()


async def test_next_key_signs_tokens_at_once_and_those_of_the_former_key_are_taken_until_they_end(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as office:
        held = await office.bearer("auditor")
        old = facts(tmp_path, "keys", "list")["token"]["kid"]
        new = facts(tmp_path, "keys", "rotate", "token")["kid"]
        with closing(sqlite3.connect(tmp_path / "exchange.db")) as connection:
            leaves = connection.execute("SELECT leaf FROM append_log ORDER BY seq").fetchall()
        members = [orjson.loads(leaf) for (leaf,) in leaves]
        rotated = [
            one["notes"] for one in members if one["phase"] == "configuration" and "key" in one["notes"]
        ]
        assert rotated == [{"operation": "rotate-token", "key": new, "former": old}]
        assert old != new
        again = typed.motlan("keys", "rotate", "token", "--dir", str(tmp_path))
        assert (again.code, "live until" in again.out) == (1, True), again
        async with asyncio.timeout(60):
            while kid_of(await office.bearer("auditor")) != new:
                await asyncio.sleep(0.05)
        assert await status_of(office, held) == 200
    async with opened(tmp_path) as office:
        assert await status_of(office, held) == 401  # it was fetched at another address
        assert kid_of(await office.bearer("auditor")) == new


async def test_tokens_of_keys_in_wrong_hands_end_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as office:
        held = await office.bearer("auditor")
        facts(tmp_path, "keys", "rotate", "token", "--at-once")
        async with asyncio.timeout(60):
            while await status_of(office, held) != 401:
                await asyncio.sleep(0.05)
        assert (await office.post("/v1/audit/search", {}))[0] == 200


async def test_keys_of_id_tokens_rotate_by_command_with_a_record_and_not_twice_at_a_time(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path):
        old = facts(tmp_path, "keys", "list")["login"]["kids"]
        new = facts(tmp_path, "keys", "rotate", "login")["kids"]
        assert set(new) == {"RS256", "ES256", "EdDSA"}
        assert facts(tmp_path, "keys", "list")["login"] == {"kids": new}
        again = typed.motlan("keys", "rotate", "login", "--dir", str(tmp_path))
        assert (again.code, "live until" in again.out) == (1, True), again
        replaced = facts(tmp_path, "keys", "rotate", "login", "--at-once")["kids"]
        assert not set(replaced.values()) & set(new.values())
        with closing(sqlite3.connect(tmp_path / "exchange.db")) as connection:
            found = connection.execute("SELECT leaf FROM append_log ORDER BY seq DESC LIMIT 2").fetchall()
        assert [orjson.loads(leaf)["notes"] for (leaf,) in found] == [
            {"operation": "replace-login-keys", "former": new["RS256"]},
            {"operation": "rotate-login", "former": old["RS256"]},
        ]  # fmt: skip


def kid_of(headers: dict[str, str]) -> str:
    head = headers["Authorization"].split()[1].split(".")[0]
    return str(orjson.loads(base64.urlsafe_b64decode(head + "=="))["kid"])


async def status_of(office: Office, held: dict[str, str]) -> int:
    async with office.session.get(f"{office.url}/v1/audit/checkpoint", headers=held) as answer:
        return answer.status


@pytest.mark.parametrize("file", ["exchange-log-root.key", "exchange-log-signing.key"])
async def test_no_command_shows_a_secret(tmp_path: Path, file: str) -> None:
    await fill(tmp_path, (HOT,), 1)
    secret = (tmp_path / file).read_text("ascii").strip()
    for words in (
        ("list",),
        ("list", "--json"),
        ("rotate", "signing"),
        ("rotate", "root"),
        ("list", "--json"),
    ):
        assert secret not in motlan(tmp_path, "keys", *words)
