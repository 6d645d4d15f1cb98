"""What the tests of the sequencer share: one by hand, and a look at the whole log that believes nothing."""

import asyncio
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.stores.log_reader import SqlLogReader
from adapters.stores.sequencer import SqlSequencer, open_sequencer
from gateway.exchange_log.merkle import leaf_hash, root
from gateway.exchange_log.note import Checkpoint, NoteVerifier, open_note
from tests.stores.sample import ORIGIN, ROOT_KEY

SEED = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
OTHER_SEED = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def sequencer(url: str, folder: Path, *keys: str | None, limit: int | None = None) -> SqlSequencer:
    return open_sequencer(url, folder, ORIGIN, keys or (SEED,), limit, ROOT_KEY)


async def number(one: SqlSequencer) -> int:
    """All that there is to number now."""
    total = 0
    while numbered := await one._store.number():
        total += numbered
    return total


async def run_until(one: SqlSequencer, records: int) -> None:
    """Let it number so many by itself, then close it; its fault ends that early."""
    one.start()
    async with asyncio.timeout(120):
        while one.records < records and not one.fault:
            await asyncio.sleep(0.01)
    await one.close()


async def sees(reader: SqlLogReader) -> tuple[list[bytes], Checkpoint]:
    """Leaves in their order and the checkpoint over them, whose root is theirs."""
    leaves = [one async for one in reader.entries(0, 1 << 40)]
    assert [one.index for one in leaves] == list(range(len(leaves)))
    text = open_note(await reader.checkpoint(), [NoteVerifier.parse(vkey()), NoteVerifier.parse(vkey(31))])
    checkpoint = Checkpoint.parse(text)
    hashes = [leaf_hash(one.leaf) for one in leaves]
    assert (checkpoint.origin, checkpoint.size, checkpoint.root) == (ORIGIN, len(leaves), root(hashes))
    return [one.leaf for one in leaves], checkpoint


def vkey(first: int = 0) -> str:
    seed = bytes([first, *range(1, 32)])
    return NoteVerifier(ORIGIN, Ed25519PrivateKey.from_private_bytes(seed).public_key()).vkey
