"""`motlan log quarantine`: rows that no gateway wrote are listed, and marked once somebody has looked."""

from pathlib import Path

import orjson

from adapters.stores.sequencer import open_sequencer
from gateway.exchange_log.merkle import leaf_hash
from tests import typed
from tests.keeping.shelf import COLD, ORIGIN, URL, facts, fill
from tests.stores.numbered import number
from tests.stores.sample import put_leaf


async def test_rows_in_quarantine_are_listed_until_they_are_marked(tmp_path: Path) -> None:
    await fill(tmp_path, COLD[:1])
    await put_leaf(URL, tmp_path, b"invented")
    sequencer = open_sequencer(URL, tmp_path, ORIGIN)
    await number(sequencer)
    await sequencer.close()
    said = typed.motlan("log", "quarantine", "--json", "--dir", str(tmp_path))
    [row] = orjson.loads(said.out)
    assert (said.code, row["reason"], row["leaf_hash"]) == (1, "unreadable", leaf_hash(b"invented").hex())
    shown = typed.motlan("log", "quarantine", "--dir", str(tmp_path))
    assert (shown.code, "không phải bản ghi" in shown.out) == (1, True)
    assert facts(tmp_path, "log", "quarantine", "--seen") == [row]
    assert facts(tmp_path, "log", "quarantine") == []
