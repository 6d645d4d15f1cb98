"""`motlan log accept-rollback`: what a restored backup lost is said, asked twice, and recorded in the log."""

import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.exchange_log.key_files import MARK_FILE, SIGNING_FILE
from gateway.exchange_log.note import Checkpoint, NoteVerifier, open_note
from tests import typed
from tests.config.test_broken_anchors import VKEY as WITNESS
from tests.flows.anchored import configured
from tests.keeping.shelf import COLD, facts, fill, motlan, opened
from tests.keeping.test_archives import archived, prune
from tests.tampering.conftest import operate

DATABASE = "exchange.db"
COMMAND = ("log", "accept-rollback")


async def rolled_back(state: Path, backup: Path) -> tuple[int, int, str]:
    """A state folder whose database was restored from before; records of it and of the mark, and the log's key."""
    async with opened(state) as office:
        size = await office.settled(*[await office.plant() for _ in range(3)])
    shutil.copy(state / DATABASE, backup)
    async with opened(state) as office:
        await office.settled(*[await office.plant() for _ in range(4)])
        vkey = office.vkey
    mark = int((state / MARK_FILE).read_text().split("\n")[1])
    for left in ("", "-wal", "-shm"):
        (state / f"{DATABASE}{left}").unlink(missing_ok=True)
    shutil.copy(backup, state / DATABASE)
    return size, mark, vkey


async def test_rollback_is_accepted_by_number_only_and_stays_in_the_log(tmp_path: Path) -> None:
    state = tmp_path / "state"
    size, mark, vkey = await rolled_back(state, tmp_path / "backup.db")
    lost = mark - size
    kept, key = (state / MARK_FILE).read_text(), (state / SIGNING_FILE).read_bytes()
    # an act of the keeper is a record as well
    assert typed.motlan("keys", "rotate", "signing", "--dir", str(state)).code == 3
    assert (state / SIGNING_FILE).read_bytes() == key
    for given in ("n\n", "y\n1\n", f"y\n{lost + 1}\n"):
        said = typed.motlan(*COMMAND, "--dir", str(state), given=given)
        assert (
            said.code,
            f"at least {lost} numbered records are lost; newer records are unknown" in said.err,
        ) == (1, True), said.err
    assert "numbered records are lost" in motlan(state, *COMMAND, "--yes-lose", str(lost - 1), code=2)
    config = configured(tmp_path, f'witnesses: [{{vkey: "{WITNESS}", url: "http://127.0.0.1:9"}}]')
    said = typed.motlan(*COMMAND, "--dir", str(state), "--config", str(config), given="n\n")
    assert "witness inspectorate.example/witness will never sign the shorter log: begin a new log" in said.err
    assert (state / MARK_FILE).read_text() == kept
    said = typed.motlan(*COMMAND, "--json", "--dir", str(state), given=f"y\n{lost}\n")
    told = orjson.loads(said.out)
    assert (said.code, told["lost"], told["size"], told["mark"]) == (0, lost, size, mark)
    assert told["since"]
    assert told["until"]
    # what was lost is proven for ever: the log's own signature over it
    text = open_note((state / told["former_mark"]).read_text(), [NoteVerifier.parse(vkey)])
    assert Checkpoint.parse(text).size == mark
    async with opened(state) as office:
        await office.settled(await office.plant())
        recent: list[dict[str, Any]] = [*await office.log.recent(9)]
    [act] = [one["notes"] for one in recent if one["notes"].get("operation") == "accept-rollback"]
    assert (act["lost"], act["mark"], act["size"]) == (lost, mark, size)
    assert facts(state, *COMMAND) == {"lost": 0}


async def test_torn_mark_is_replaced_by_the_same_command(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with opened(state) as office:
        await office.settled(await office.plant())
    (state / MARK_FILE).write_text("torn")
    assert "nobody knows how many" in motlan(state, *COMMAND, "--yes-lose", "1", code=2)
    assert facts(state, *COMMAND, "--yes-lose", "0")["mark"] == 0
    async with opened(state) as office:
        await office.settled(await office.plant())


@pytest.mark.parametrize(
    "damage", ["UPDATE log_checkpoints SET note = 'spoilt'", "UPDATE log_state SET size = 0"]
)
async def test_database_that_nobody_can_sign_on_is_not_accepted_and_not_called_whole(
    tmp_path: Path, damage: str
) -> None:
    state = tmp_path / "state"
    async with opened(state) as office:
        await office.settled(await office.plant())
    kept = (state / MARK_FILE).read_bytes()
    operate(state, damage)
    said = typed.motlan(*COMMAND, "--dir", str(state), "--yes-lose", "0")
    assert (said.code, "nothing is lost" in said.out) == (3, False)
    assert "cannot be signed" in said.err
    (state / MARK_FILE).unlink()
    assert typed.motlan(*COMMAND, "--dir", str(state)).code == 3
    assert not (state / MARK_FILE).exists()
    (state / MARK_FILE).write_bytes(kept)


async def test_log_that_is_pruned_erased_and_signed_by_a_new_key_is_not_one_that_went_back(
    tmp_path: Path,
) -> None:
    state = tmp_path / "state"
    await fill(state)
    async with opened(state) as office:
        before = await office.settled(await office.plant())
    files = archived(state)
    prune(state, *files[:2])
    motlan(state, "erase-period", COLD[2], "--yes")
    motlan(state, "keys", "rotate", "signing")
    async with opened(state) as office:
        size = await office.settled(await office.plant())
        async with office.session.get(f"{office.admin}/health/ready") as answer:
            assert (await answer.json())["status"] == "ready"
    assert size > before
    assert int((state / MARK_FILE).read_text().split("\n")[1]) >= size
    assert facts(state, *COMMAND) == {"lost": 0}
    async with opened(state) as office:
        await office.settled(await office.plant())
