"""T19, F35: the operator writes the whole log anew, signs it again or restores an older one (promise P5)."""

import asyncio
import base64
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.schema.migration import prepare
from adapters.schema.revision import DatabaseFile
from adapters.stores.sequencer import open_sequencer
from gateway.cli.client import GatewayClient
from gateway.cli.proving import check_growth
from gateway.domain.errors import ConfigError
from gateway.exchange_log.key_files import new_key_text
from gateway.exchange_log.note import Checkpoint, NoteSigner
from tests.stores.numbered import number
from tests.stores.sample import believe
from tests.tampering.conftest import Evidence, Served, Verify, operate, size_of
from tests.tampering.test_database import export

DATABASE = "exchange.db"
KEY = "exchange-log-signing.key"
MARK = "exchange-log.mark"
Leaves = list[bytes]


async def rewritten(state: Path, change: Callable[[Leaves], Leaves], origin: str) -> None:
    """A new log out of the leaves of the old one, numbered and signed by the gateway's own code and key.

    The operator has the whole machine: he also takes the mark away by which the gateway would refuse it.
    """
    (state / MARK).unlink()
    leaves = await asyncio.to_thread(_written_anew, state, change)
    sequencer = open_sequencer(f"sqlite:///{DATABASE}", state, origin)
    for place, leaf in enumerate(leaves):
        believe(sequencer.own, str(place), leaf)
    await number(sequencer)
    await sequencer.close()


def _written_anew(state: Path, change: Callable[[Leaves], Leaves]) -> Leaves:
    leaves_of = "SELECT a.leaf FROM append_log a JOIN log_entries e ON e.seq = a.seq ORDER BY e.idx"
    with closing(sqlite3.connect(state / DATABASE)) as database:
        leaves = [row[0] for row in database.execute(leaves_of)]
        keys = database.execute("SELECT period, wrapped FROM period_keys").fetchall()
    for old in state.glob(f"{DATABASE}*"):
        old.unlink()
    prepare(state / DATABASE, DatabaseFile.LOG)
    with closing(sqlite3.connect(state / DATABASE)) as database, database:
        new = [(str(place), leaf) for place, leaf in enumerate(change(leaves))]
        database.executemany("INSERT INTO append_log (id, leaf) VALUES (?, ?)", new)
        database.executemany("INSERT INTO period_keys (period, wrapped) VALUES (?, ?)", keys)
    return change(leaves)


def edited(leaves: Leaves) -> Leaves:
    return [*leaves[:77], leaves[77].replace(b"portal", b"p0rtal", 1), *leaves[78:]]


#: what an operator might want the past to have been
PASTS: dict[str, Callable[[Leaves], Leaves]] = {
    "one record edited": edited,
    "one removed": lambda leaves: leaves[:77] + leaves[78:],
    "one inserted": lambda leaves: leaves[:77] + leaves[10:11] + leaves[77:],
    "two swapped": lambda leaves: [*leaves[:77], leaves[78], leaves[77], *leaves[79:]],
    "the first ones removed": lambda leaves: leaves[10:],
    "all but the first removed": lambda leaves: leaves[:1],
}


@pytest.mark.parametrize("variant", PASTS)
async def test_log_that_was_rewritten_and_signed_again_did_not_grow_out_of_yesterdays(
    variant: str, evidence: Evidence, state: Path, served: Served, verify: Verify
) -> None:
    await rewritten(state, PASTS[variant], _origin(evidence))
    async with served(state) as (office, _):
        await office.settled(await office.plant())
        lines = await export(office, {})
        assert lines is not None
    # By itself it is a flawless log: whoever kept nothing can tell nothing, but of a record that stands twice.
    alone = await asyncio.to_thread(verify, lines)
    inserted = variant == "one inserted"
    twice = "WRONG twice: line 79, record 77: the same record stands at 10" in alone.text
    assert (alone.code, twice) == (inserted, inserted), alone.text
    told = await asyncio.to_thread(verify, lines, since=evidence.yesterday)
    assert (told.code, "WRONG since: " in told.text) == (1, True), told.text
    assert "are not those of the checkpoint that you kept" in told.text or "it was rolled back" in told.text


async def test_rewritten_log_is_told_by_the_gateways_own_proofs(
    evidence: Evidence, state: Path, served: Served
) -> None:
    await rewritten(state, edited, _origin(evidence))
    async with served(state) as (office, _):
        known = office.clients["auditor"]
        client = GatewayClient(office.url, known["client_id"], known["client_secret"])
        shown = await asyncio.to_thread(check_growth, client, evidence.yesterday, [evidence.vkey])
        status, raw = await office.get(f"/v1/audit/proof/inclusion?leaf_hash={evidence.receipt['leaf_hash']}")
    assert not getattr(shown, "good", True)
    assert "did NOT grow" in getattr(shown, "words", "")
    # that record was not touched; its proof leads to another root than the one that its holder may have kept
    assert (status, json.loads(raw)["root_hash"] != _root(evidence.today)) == (200, True)


async def test_log_under_another_key_is_not_that_log(
    evidence: Evidence, state: Path, served: Served, verify: Verify
) -> None:
    (state / KEY).unlink()
    await rewritten(state, lambda leaves: leaves, _origin(evidence))
    async with served(state) as (office, _):
        lines = await export(office, {})
        assert office.vkey != evidence.vkey
    assert lines is not None
    told = await asyncio.to_thread(verify, lines)
    assert (told.code, "WRONG signature: line 1:" in told.text) == (1, True)


async def test_log_of_another_origin_is_not_that_log(evidence: Evidence, state: Path, verify: Verify) -> None:
    """The same key signs under another name."""
    seed = base64.b64decode((state / KEY).read_text())
    signer = NoteSigner("log.example/other", Ed25519PrivateKey.from_private_bytes(seed))
    head = Checkpoint.parse(evidence.today.partition("\n\n")[0] + "\n")
    note = signer.sign(head._replace(origin="log.example/other").text())
    told = await asyncio.to_thread(verify, evidence.export, since=note)
    assert (told.code, "cannot be used" in told.text) == (1, True)


async def test_key_that_was_exchanged_under_a_standing_log_is_not_taken(state: Path, served: Served) -> None:
    (state / KEY).unlink()
    with pytest.raises(ConfigError, match="key file is missing"):
        async with served(state):
            pass
    assert not (state / KEY).exists()
    (state / KEY).write_bytes(new_key_text())
    with pytest.raises(ConfigError, match="another key"):
        async with served(state):
            pass


async def test_backup_of_an_hour_ago_is_told_by_whoever_kept_a_later_checkpoint(
    evidence: Evidence, state: Path, served: Served, verify: Verify, tmp_path: Path
) -> None:
    backup = shutil.copytree(state, tmp_path / "backup")
    async with served(state) as (office, _):
        await office.settled(*[await office.plant() for _ in range(5)])
        kept = (await office.get("/log/checkpoint"))[1].decode()
    async with served(backup) as (office, _):
        lines = await export(office, {})
        assert lines is not None
        assert (await asyncio.to_thread(verify, lines, since=evidence.today)).code == 0
        told = await asyncio.to_thread(verify, lines, since=kept)
        assert (told.code, "it was rolled back" in told.text) == (1, True), told.text
        # later it is as long again, with other records
        await office.settled(*[await office.plant() for _ in range(9)])
        lines = await export(office, {})
        assert lines is not None
    told = await asyncio.to_thread(verify, lines, since=kept)
    assert size_of(kept) > evidence.size
    assert (told.code, "are not those of the checkpoint that you kept" in told.text) == (1, True), told.text


async def test_backup_under_a_running_gateway_is_noticed_at_once_and_nothing_is_answered_over_it(
    state: Path, served: Served, tmp_path: Path
) -> None:
    with (
        closing(sqlite3.connect(state / DATABASE)) as database,
        closing(sqlite3.connect(tmp_path / "old.db")) as old,
    ):
        database.backup(old)
    async with served(state) as (office, sequencer):
        await office.settled(await office.plant())
        await office.settled(await office.plant())
        await asyncio.to_thread(_restore, tmp_path / "old.db", state / DATABASE)
        async with asyncio.timeout(60):
            while not getattr(sequencer, "fault", ""):
                await asyncio.sleep(0.05)
        assert "rolled back" in str(getattr(sequencer, "fault", ""))
        # no record would stand but on the old copy: none is taken, and the probe says so; public doors are served
        status, problem = await office.post(
            "/v1/prefill", {"procedure": "1.004873", "subjects": {}}, "portal"
        )
        assert (status, problem["code"]) == (503, "log_rolled_back")
        assert "đã quay về trạng thái cũ" in problem["title_vi"]
        async with office.session.get(f"{office.admin}/health/ready") as answer:
            told = await answer.json()
        assert (answer.status, told["status"], told["code"]) == (503, "not_ready", "log_rolled_back")
        assert told["dependencies"]["sequencer"] == "stuck"
        async with office.session.get(f"{office.admin}/metrics") as answer:
            assert "motlan_log_rolled_back 1.0" in await answer.text()
        assert (await office.get("/log/checkpoint"))[0] == 200


def _restore(backup: Path, file: Path) -> None:
    with closing(sqlite3.connect(backup)) as old, closing(sqlite3.connect(file, timeout=10)) as new:
        old.backup(new)


async def test_tail_that_was_cut_off_cleanly_is_told_by_whoever_kept_a_checkpoint(
    evidence: Evidence, state: Path, served: Served, verify: Verify
) -> None:
    """Every trace of the last records taken out, and the older checkpoint put back: what a backup would be."""
    size = size_of(evidence.yesterday)
    await rewritten(state, lambda leaves: leaves[:size], _origin(evidence))
    operate(state, "DELETE FROM log_pruned")
    async with served(state) as (office, _):
        lines = await export(office, {})
        assert lines is not None
    assert (await asyncio.to_thread(verify, lines, since=evidence.yesterday)).code == 0
    told = await asyncio.to_thread(verify, lines, since=evidence.today)
    assert (told.code, f"the log had {evidence.size} records then" in told.text) == (1, True), told.text


def _origin(evidence: Evidence) -> str:
    return evidence.today.partition("\n")[0]


def _root(note: str) -> str:
    return Checkpoint.parse(note.partition("\n\n")[0] + "\n").root.hex()
