"""The proofs of the auditors' page, as its script computes them: every tree, and everything that is tampered with."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.exchange_log.merkle import Node, consistency_proof, inclusion_proof, leaf_hash, node_hash, root
from gateway.exchange_log.note import Checkpoint, NoteSigner

HERE = Path(__file__).parent
SCRIPT = HERE.parents[1] / "gateway" / "console" / "static" / "audit.js"
EXCHANGE = "01M8F0K355GDVAM6SEGVA9W798"
ORIGIN = "motlan.example/exchange-log"
LARGEST = 20
GOOD = [True, True, True, True]

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="needs node")


def ran(cases: list[dict[str, Any]], folder: Path) -> list[Any]:
    # Node takes a `.js` file without a package for CommonJS; browsers load it as a module
    script = shutil.copy(SCRIPT, folder / "audit.mjs")
    command = ["node", str(HERE / "page_proof_peer.mjs"), str(script)]
    done = subprocess.run(  # noqa: S603 -- our own files
        command, input=json.dumps(cases), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found


def nodes(leaves: list[str]) -> Node:
    hashes = [leaf_hash(one.encode()) for one in leaves]

    def node(level: int, index: int) -> bytes:
        if level == 0:
            return hashes[index]
        return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

    return node


def tree(size: int) -> list[str]:
    return [json.dumps({"exchange": EXCHANGE, "n": n, "x": "Ễ"}, ensure_ascii=False) for n in range(size)]


def evidence(size: int, places: list[int], signer: NoteSigner) -> dict[str, Any]:
    leaves = tree(size)
    top = root([leaf_hash(one.encode()) for one in leaves])
    proofs = [
        {
            "leaf": leaves[place], "leaf_index": place, "tree_size": size, "root_hash": top.hex(),
            "leaf_hash": leaf_hash(leaves[place].encode()).hex(),
            "hashes": [one.hex() for one in inclusion_proof(place, size, nodes(leaves))],
        }
        for place in places
    ]  # fmt: skip
    note = signer.sign(Checkpoint(ORIGIN, size, top).text())
    return {"checkpoint": note, "vkeys": [signer.vkey], "waiting": 0, "proofs": proofs}


def case(made: dict[str, Any], **changes: Any) -> dict[str, Any]:
    shown = [one["leaf_hash"] for one in made["proofs"]]
    return {"evidence": made, "exchange": EXCHANGE, "shown": shown, **changes}


@pytest.fixture(scope="module")
def signer() -> NoteSigner:
    return NoteSigner(ORIGIN, Ed25519PrivateKey.generate())


def test_every_record_of_every_small_tree_is_proven(signer: NoteSigner, tmp_path: Path) -> None:
    cases = [case(evidence(size, list(range(size)), signer)) for size in range(1, LARGEST)]
    assert ran(cases, tmp_path) == [GOOD] * len(cases)


def test_every_growth_is_proven_and_no_other(signer: NoteSigner, tmp_path: Path) -> None:
    del signer
    leaves = tree(LARGEST)
    roots = [root([leaf_hash(one.encode()) for one in leaves[:size]]).hex() for size in range(LARGEST + 1)]
    cases, expected = [], []
    for old in range(LARGEST + 1):
        for new in range(old, LARGEST + 1):
            proof = [one.hex() for one in consistency_proof(old, new, nodes(leaves))]
            grown = {
                "older": {"size": old, "root": roots[old]}, "newer": {"size": new, "root": roots[new]},
                "proof": proof,
            }  # fmt: skip
            cases += [{"growth": grown}]
            expected += [True]
            if 0 < old < new:
                other = {**grown, "older": {"size": old, "root": roots[old - 1]}}
                cases += [{"growth": other}, {"growth": {**grown, "proof": [*proof, proof[0]]}}]
                cases += [{"growth": {**grown, "proof": proof[:-1]}}]
                expected += [False, False, False]
    assert ran(cases, tmp_path) == expected


def test_whatever_is_tampered_with_is_not_proven(signer: NoteSigner, tmp_path: Path) -> None:
    made = evidence(13, [4, 9], signer)
    stranger = NoteSigner(ORIGIN, Ed25519PrivateKey.generate())
    first, second = made["proofs"]

    def changed(**one: Any) -> dict[str, Any]:
        return {**made, "proofs": [{**first, **one}, second]}

    other = evidence(13, [4, 9], stranger)
    grown = evidence(14, [4, 9], signer)
    wrong = first["hashes"][1], first["hashes"][0], *first["hashes"][2:]
    cases = [
        case(changed(leaf=first["leaf"].replace('"n": 4', '"n": 5'))),
        case(changed(leaf="no record")),
        case(changed(hashes=["zz", *first["hashes"][1:]])),
        case(changed(leaf_hash=second["leaf_hash"])),
        case(changed(leaf_index=5)),
        case(changed(hashes=list(wrong))),
        case(changed(hashes=first["hashes"][:-1])),
        case(changed(hashes=[*first["hashes"], first["hashes"][0]])),
        case({**made, "checkpoint": other["checkpoint"]}),
        case({**made, "checkpoint": grown["checkpoint"]}),
        case({**made, "checkpoint": made["checkpoint"].replace("\n13\n", "\n12\n")}),
        case({**made, "checkpoint": "not a note"}),
        case({**made, "vkeys": []}),
        case({**made, "vkeys": [stranger.vkey]}),
        case(made, exchange="01M8F0K355GDVAM6SEGVA9W799"),
        case(made, shown=[first["leaf_hash"]]),
        case(made, shown=[first["leaf_hash"], second["leaf_hash"], "00" * 32]),
        case({**made, "proofs": [first]}, shown=[first["leaf_hash"], second["leaf_hash"]]),
    ]
    for place, found in enumerate(ran(cases, tmp_path)):
        assert found != GOOD, place
        assert isinstance(found, list), (place, found)


def test_a_former_key_of_the_log_still_counts(signer: NoteSigner, tmp_path: Path) -> None:
    newer = NoteSigner(ORIGIN, Ed25519PrivateKey.generate())
    made = evidence(7, [3], signer)
    cases = [case({**made, "vkeys": [newer.vkey, signer.vkey]})]
    both = made["checkpoint"] + newer.line(made["checkpoint"].partition("\n\n")[0] + "\n")
    cases += [case({**made, "checkpoint": both, "vkeys": [newer.vkey]})]
    assert ran(cases, tmp_path) == [GOOD, GOOD]
