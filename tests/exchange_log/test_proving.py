"""`motlan log prove` and `log checkpoint` believe no gateway: only the public key and what is computed here."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from gateway.exchange_log.merkle import inclusion_proof, leaf_hash
from gateway.exchange_log.note import COSIGNATURE, NoteSigner, split_note
from tests import typed
from tests.exchange_log.sample import Log, joined, key, leaf_of, node_over, record
from tests.exchange_log.serving_once import served

ROOT = Path(__file__).parents[2]
MINE, OTHER = "01KB0000000000000000000001", "01KB0000000000000000000002"


def log_of_two() -> Log:
    """Three records of each exchange, by turns."""
    log = Log(6)
    log.leaves = [leaf_of(record(number) | {"exchange": (MINE, OTHER)[number % 2]}) for number in range(6)]
    log.hashes = [leaf_hash(leaf) for leaf in log.leaves]
    log.node = node_over(log.hashes)
    return log


LOG = log_of_two()


def proof(place: int) -> dict[str, Any]:
    hashes = inclusion_proof(place, 6, LOG.node)
    return {"leaf_index": place, "tree_size": 6, "leaf_hash": LOG.hashes[place].hex(), "root_hash": "",
            "hashes": [one.hex() for one in hashes]}  # fmt: skip


@contextmanager
def answering(places: list[int]) -> Iterator[str]:
    """A gateway that shows the records at these places, whatever it is asked for."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            note = self.path.endswith("/checkpoint")
            proofs = proof(places[0]) if "leaf_hash" in self.path else {"proofs": [*map(proof, places)]}
            if "consistency" in self.path:  # a log of six records grew out of itself
                proofs = {"size1": 6, "size2": 6, "root1": "0" * 64, "root2": "0" * 64, "proof": []}
            self.say("text/plain" if note else "application/json",
                     LOG.checkpoint().encode() if note else json.dumps(proofs).encode(),
                     404 if self.path.endswith("/anchors") else 200)  # fmt: skip

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            token = b'{"access_token": "x", "expires_in": 300}'
            self.say("application/json", token if "oauth2" in self.path else joined(LOG.found(*places)))

        def say(self, kind: str, body: bytes, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with served(Door) as url:
        yield url


def motlan(url: str, *words: str, **environment: str) -> tuple[int, str]:
    known: dict[str, str | None] = dict.fromkeys(name for name in os.environ if name.startswith("MOTLAN_"))
    known.update(environment)
    said = typed.motlan("log", *words, "--gateway", url, "--client-secret", "x", environment=known)
    return said.code, said.out + said.err


@pytest.mark.parametrize(
    "words", [("prove", LOG.hashes[0].hex()), ("prove", "--exchange", MINE), ("checkpoint",)]
)
def test_without_a_key_nothing_is_proven(words: tuple[str, ...]) -> None:
    with answering([0, 2, 4]) as url:
        code, report_lines = motlan(url, *words)
        assert (code, "--vkey" in report_lines) == (1, True), report_lines
        code, report_lines = motlan(url, *words, "--vkey", LOG.signer.vkey)
        assert (code, "signed by its key" in report_lines) == (0, True), report_lines


@pytest.mark.parametrize("places", [[1, 3, 5], [0, 2, 5], []])
def test_records_of_another_exchange_prove_nothing(places: list[int]) -> None:
    with answering(places) as url:
        code, report_lines = motlan(url, "prove", "--exchange", MINE, "--vkey", LOG.signer.vkey)
    assert (code, "NOT proven" in report_lines) == (1, True), report_lines


def test_checkpoint_kept_before_the_key_was_changed_asks_for_the_key_that_is_missing(tmp_path: Path) -> None:
    former = NoteSigner(LOG.origin, key(7))
    older = tmp_path / "yesterday"
    older.write_text(former.sign(split_note(LOG.checkpoint())[0]), "utf-8")
    words = ("checkpoint", "--since", str(older), "--vkey")
    ids = [vkey.rpartition("+")[0] for vkey in (LOG.signer.vkey, former.vkey)]
    with answering([0]) as url:
        both = [("--vkey", former.vkey), (f"{former.vkey} {LOG.signer.vkey}",)]
        for code, report_lines in (
            motlan(url, *words, LOG.signer.vkey, *both[0]),
            motlan(url, *words, *both[1]),
            motlan(url, *words[:-1], MOTLAN_LOG_VKEY=both[1][0]),
        ):
            assert (code, "NOT" in report_lines, "signed by its key" in report_lines) == (0, False, True), (
                report_lines
            )
        for given, (held, missing) in ((LOG.signer.vkey, ids), (former.vkey, ids[::-1])):
            code, report_lines = motlan(url, *words, given)
            assert (code, f"given ({held}): it is signed by {missing};" in report_lines) == (1, True), (
                report_lines
            )
            assert "give the other one too, --vkey KEY for each or MOTLAN_LOG_VKEY" in report_lines
        code, report_lines = motlan(url, "prove", LOG.hashes[0].hex(), "--vkey", former.vkey)
        assert (code, f"is signed by {ids[0]};" in report_lines) == (1, True), report_lines


def test_key_of_a_witness_does_not_stand_for_that_of_the_log() -> None:
    witness = NoteSigner(LOG.origin, key(1), COSIGNATURE)
    with answering([0]) as url:
        code, report_lines = motlan(url, "checkpoint", "--vkey", witness.vkey)
    assert (code, "NOT signed" in report_lines) == (1, True), report_lines
