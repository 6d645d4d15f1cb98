"""Independent implementations of RFC 9162 trees and signed notes (Go, from Debian) and ours understand one another."""

import asyncio
import base64
import json
import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.exchange_log.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from gateway.exchange_log.note import Checkpoint, NoteSigner
from tests.exchange_log.sample import node_over
from tests.flows.conftest import House, build
from tests.flows.test_audit import redeemed

HERE = Path(__file__).parent
GO = shutil.which("go")
#: where Debian puts the sources of Go libraries
LIBRARIES = Path("/usr/share/gocode")
NEEDED = ("github.com/transparency-dev/merkle/proof", "golang.org/x/mod/sumdb/tlog")

pytestmark = pytest.mark.skipif(
    GO is None or not all((LIBRARIES / "src" / name).is_dir() for name in NEEDED),
    reason="needs apt-get install golang-go golang-github-transparency-dev-merkle-dev golang-golang-x-mod-dev",
)
Peer = Callable[..., Any]


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """Asks the other side one question."""
    folder = tmp_path_factory.mktemp("merkle_peer")
    program = folder / "peer"
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": str(LIBRARIES),
        "GOCACHE": str(Path(tempfile.gettempdir()) / "motlan-go-cache"),
        "GOFLAGS": "",
    }
    command = [str(GO), "build", "-o", str(program), "./main.go"]
    subprocess.run(command, check=True, env=environment, cwd=HERE / "merkle_peer")  # noqa: S603 -- our own program
    with subprocess.Popen(  # noqa: S603 -- our own program
        [str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        asked, told = running.stdin, running.stdout

        def ask(question: str, **more: Any) -> Any:
            asked.write(json.dumps({"Ask": question, **{k: _plain(v) for k, v in more.items()}}) + "\n")
            asked.flush()
            return json.loads(told.readline())

        yield ask
        running.stdin.close()


def _plain(value: Any) -> Any:
    """Bytes as Go reads them."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _proof(answer: Any) -> list[bytes]:
    return [base64.b64decode(one) for one in answer["Proof"] or ()]


def _leaves(rng: random.Random, size: int) -> list[bytes]:
    return [rng.randbytes(rng.randrange(40)) for _ in range(size)]


def _sizes(rng: random.Random) -> list[int]:
    """All small ones, those around powers of two and of tiles, and some at random."""
    return [*range(1, 18), 31, 32, 33, 255, 256, 257, 511, 513, *(rng.randrange(1, 1500) for _ in range(12))]


def test_peer_takes_our_proofs_and_no_altered_ones(peer: Peer) -> None:
    rng = random.Random(9162)
    for size in _sizes(rng):
        hashes = [leaf_hash(leaf) for leaf in _leaves(rng, size)]
        node, top = node_over(hashes), root(hashes)
        for index in {0, size - 1, rng.randrange(size), rng.randrange(size)}:
            proof = inclusion_proof(index, size, node)
            known = {"Index": index, "Size": size, "Leaf": hashes[index], "Root": top}
            assert peer("inclusion", Proof=proof, **known)["Good"]
            for wrong in _altered(rng, proof):
                assert not peer("inclusion", Proof=wrong, **known)["Good"]
                assert not verify_inclusion(hashes[index], index, size, wrong, top)
        for old in {1, size, rng.randrange(size) + 1}:
            proof = consistency_proof(old, size, node)
            known = {"Old": old, "Size": size, "Then": root(hashes[:old]), "Root": top}
            assert peer("consistency", Proof=proof, **known)["Good"]
            for wrong in _altered(rng, proof):
                assert not peer("consistency", Proof=wrong, **known)["Good"]
                assert not verify_consistency(old, root(hashes[:old]), size, top, wrong)


def _altered(rng: random.Random, proof: list[bytes]) -> Iterator[list[bytes]]:
    yield [*proof, bytes(32)]
    if proof:
        place = rng.randrange(len(proof))
        yield proof[:place] + proof[place + 1 :]
        yield [*proof[:place], rng.randbytes(32), *proof[place + 1 :]]


def test_we_take_the_proofs_of_the_peer_which_are_our_own(peer: Peer) -> None:
    rng = random.Random(6962)
    for size in _sizes(rng):
        leaves = _leaves(rng, size)
        hashes = [leaf_hash(leaf) for leaf in leaves]
        node, top = node_over(hashes), root(hashes)
        index, old = rng.randrange(size), rng.randrange(size) + 1
        made = peer("prove inclusion", Leaves=leaves, Index=index)
        assert base64.b64decode(made["Root"]) == top
        assert _proof(made) == inclusion_proof(index, size, node)
        assert verify_inclusion(hashes[index], index, size, _proof(made), top)
        made = peer("prove consistency", Leaves=leaves, Old=old)
        # tlog proves a tree against itself by nothing, as RFC 9162 does
        assert _proof(made) == consistency_proof(old, size, node)
        assert verify_consistency(old, root(hashes[:old]), size, top, _proof(made))


def test_peer_opens_our_notes_and_no_altered_ones(peer: Peer) -> None:
    signer = NoteSigner("log.example/peer", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
    text = Checkpoint("log.example/peer", 7, bytes(32)).text()
    note = signer.sign(text)
    assert peer("note", Note=note, Vkey=signer.vkey)["Text"] == text
    assert not peer("note", Note=note.replace("\n7\n", "\n8\n"), Vkey=signer.vkey)["Good"]
    other = NoteSigner("log.example/peer", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    assert not peer("note", Note=note, Vkey=other.vkey)["Good"]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A gateway with its sandbox."""
    async with build(tmp_path, {}) as made:
        yield made


async def test_receipt_of_an_answer_is_proven_to_the_peer_within_ten_seconds(
    house: House, peer: Peer
) -> None:
    who = house.subject("facts_example")
    subjects = {"requester": who, "person": {"same_as": "requester"}}
    async with asyncio.timeout(30):
        first = await house.prefill("1.004873", subjects)
        before = await redeemed(house, first["receipt"])
        answers = [await house.prefill("1.004873", subjects) for _ in range(5)]
        proofs = [await redeemed(house, answer["receipt"]) for answer in answers]
    for answer, proof in zip(answers, proofs, strict=True):
        told = await asyncio.to_thread(
            peer,
            "inclusion",
            Leaf=bytes.fromhex(answer["receipt"]["leaf_hash"]),
            Index=proof["leaf_index"],
            Size=proof["tree_size"],
            Root=bytes.fromhex(proof["root_hash"]),
            Proof=[bytes.fromhex(one) for one in proof["hashes"]],
        )
        assert told["Good"], told
    async with house.session.get(f"{house.url}/log/checkpoint") as got:
        note = await got.text()
    head = Checkpoint.parse(note.partition("\n\n")[0] + "\n")
    vkey = await _vkey(house)
    told = await asyncio.to_thread(peer, "note", Note=note, Vkey=vkey)
    assert told["Text"] == head.text()
    headers = {"Authorization": f"Bearer {await house.token()}"}
    path = f"{house.url}/v1/audit/proof/consistency?from={before['tree_size']}&to={head.size}"
    async with house.session.get(path, headers=headers) as got:
        grown = await got.json()
    told = await asyncio.to_thread(
        peer,
        "consistency",
        Old=before["tree_size"],
        Size=head.size,
        Then=bytes.fromhex(before["root_hash"]),
        Root=head.root,
        Proof=[bytes.fromhex(one) for one in grown["proof"]],
    )
    assert told["Good"], told


async def _vkey(house: House) -> str:
    headers = {"Authorization": f"Bearer {await house.token('auditor')}"}
    async with house.session.post(f"{house.url}/v1/audit/export", json={"to": 0}, headers=headers) as got:
        vkey: str = json.loads((await got.read()).partition(b"\n")[0])["vkeys"][0]
    return vkey
