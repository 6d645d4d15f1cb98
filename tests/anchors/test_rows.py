"""Rows of the anchors' table that somebody else wrote: they make nothing ready, younger, or unreadable."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.anchors.witness import open_witness
from gateway.anchors.heads import Heads
from gateway.anchors.listing import Listing
from gateway.anchors.rounds import Rounds
from gateway.anchors.states import stamp
from gateway.anchors.verified import VerifiedAnchors
from gateway.exchange_log.note import COSIGNATURE, NoteSigner, split_note
from tests.keeping.shelf import HOT, URL, fill
from tests.stores.opened import open_anchors, open_keeping, open_reader

GRACE = 60.0
HOUR = 3_600.0
SIGNER = NoteSigner(
    "inspectorate.example/witness", Ed25519PrivateKey.from_private_bytes(bytes(range(9, 41))), COSIGNATURE
)


class Clock:
    def now(self) -> Any:
        raise AssertionError


class Shelf:
    """A log of three records, and rounds whose turn it is not to ask: they only look."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store, self.tree = open_anchors(URL, folder), open_reader(URL, folder)
        self.keeping = open_keeping(URL, folder)
        self.heads = Heads(self.tree, self.store, [SIGNER.vkey], time.time)

    def rounds(self) -> Rounds:
        anchor = open_witness(SIGNER.vkey, "http://127.0.0.1:9", self.tree.consistency, Clock())
        rows = VerifiedAnchors(self.store, self.tree, time.time)
        return Rounds(
            [anchor], self.store, rows, self.tree, self.keeping, self.heads, "nobody", 1.0, GRACE, HOUR
        )

    async def proof(self, at: float) -> bytes:
        text = split_note(await self.tree.checkpoint())[0]
        return SIGNER.line(text, int(at)).encode()

    def written(self, at: float | str, token: bytes, size: int = 3) -> None:
        text = at if isinstance(at, str) else stamp(at)
        with closing(sqlite3.connect(self.folder / "exchange.db", isolation_level=None)) as connection:
            # somebody numbers the records, so that these rounds ask nobody
            connection.execute("UPDATE log_state SET lease_owner = 'other', lease_until = ?", (time.time(),))
            connection.execute(
                "INSERT INTO log_anchors (size, kind, name, time, token) VALUES (?, 'witness', ?, ?, ?)",
                (size, SIGNER.verifier.name, text, token),
            )

    async def state(self) -> str:
        """As rounds see it that start now."""
        rounds = self.rounds()
        await rounds.ask_due()
        rounds._judge()
        return rounds.states[0].state


@pytest.fixture
async def shelf(tmp_path: Path) -> Any:
    await fill(tmp_path, (HOT,), 3)
    made = Shelf(tmp_path)
    yield made
    for one in (made.store, made.tree, made.keeping):
        await one.close()


async def test_proof_that_holds_makes_ready(shelf: Shelf) -> None:
    shelf.written(time.time() - HOUR, b"", 0)
    assert await shelf.state() == "refusing"
    shelf.written(time.time(), await shelf.proof(time.time()))
    assert await shelf.state() == "ready"


@pytest.mark.parametrize("ahead", [600.0, 30 * 86_400.0])
async def test_proof_from_a_time_to_come_is_no_success(shelf: Shelf, ahead: float) -> None:
    shelf.written(time.time() - HOUR, b"", 0)
    shelf.written(time.time() + ahead, await shelf.proof(time.time() + ahead))
    assert await shelf.state() == "refusing"


@pytest.mark.parametrize("time_", ["2099-01-01T00:00:00.000Z", "never", ""])
@pytest.mark.parametrize("token", [b"\0", b"\xff\n", b"x", b"no line\n"])
async def test_forged_row_makes_nothing_ready(shelf: Shelf, time_: str, token: bytes) -> None:
    shelf.written(time.time() - HOUR, b"", 0)
    shelf.written(time_, token)
    shelf.written(time.time(), token)
    assert await shelf.state() == "refusing"


async def test_old_proof_under_a_new_time_or_another_size_does_not_count(shelf: Shelf) -> None:
    old = await shelf.proof(time.time() - HOUR)
    shelf.written(time.time() - HOUR, b"", 0)
    shelf.written(time.time(), old)
    shelf.written(time.time(), await shelf.proof(time.time()), 2)
    shelf.written(time.time(), await shelf.proof(time.time()), 4)
    assert await shelf.state() == "refusing"


async def test_later_wish_makes_nothing_younger(shelf: Shelf) -> None:
    shelf.written(time.time() - HOUR, b"", 0)
    shelf.written(time.time(), b"", 0)
    assert await shelf.state() == "refusing"


async def test_forged_rows_hide_no_proof(shelf: Shelf) -> None:
    shelf.written(time.time() - HOUR, b"", 0)
    shelf.written(time.time(), await shelf.proof(time.time()))
    shelf.written(time.time() + 86_400, b"\0")
    assert await shelf.state() == "ready"


async def test_forged_line_stands_in_no_checkpoint_and_breaks_no_list(shelf: Shelf) -> None:
    good = await shelf.proof(time.time())
    shelf.written(time.time(), good)
    shelf.written(time.time(), b"\xff\n")
    shelf.written(time.time(), good + b"more\n")
    note = await shelf.tree.checkpoint()
    assert await shelf.heads.with_lines(note) == note + good.decode()
    rounds = shelf.rounds()
    await rounds.ask_due()
    listing = Listing(rounds, shelf.store, shelf.tree, [SIGNER.vkey])
    for size in (None, 3):
        assert [one["line"] for one in (await listing.anchors(size))["anchors"]] == [good.decode()]
