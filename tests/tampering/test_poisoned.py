"""Rows that no database of ours would hold: each is told by its place, and hides nothing else."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.audit.inspector import InspectionPosition, Inspector
from gateway.audit.proofs import TreeProofs
from gateway.config.gateway import LogSettings
from gateway.exchange_log.verify import verify_export
from tests.api.office import fits
from tests.stores.opened import open_inspection, open_reader
from tests.tampering.conftest import Served, operate
from tests.tampering.test_database import export

URL = LogSettings().url
#: what an operator puts into the place of a leaf
ODD = {3: "CAST(x'ff' AS TEXT)", 5: "5", 7: "5.5", 9: "'text'"}
#: and one that is a record like any other, of another system
FORGED = (10, "CAST(replace(leaf, '\"portal\"', '\"p0rtal\"') AS BLOB)")

#: what an operator puts elsewhere, so that whoever compares it with what there should be has nothing to compare
POISON: dict[str, str] = {
    "edge": "UPDATE log_edge SET hashes = 5 WHERE level = 0",
    "tile": "UPDATE log_tiles SET hashes = 'abc'",
    "time": "UPDATE log_entries SET time = x'00' WHERE idx = 3",
    "block": "UPDATE log_state SET time_low = x'00'",
    "leaf": "UPDATE append_log SET leaf = 5.5 WHERE seq = (SELECT seq FROM log_entries WHERE idx = 3)",
    "column": "UPDATE log_entries SET exchange = CAST(x'ff' AS TEXT) WHERE idx = 3",
    "subject": "UPDATE log_subjects SET period = CAST(x'ff' AS TEXT), idx = 'x' WHERE idx = 3",
    "source": "UPDATE log_sources SET source = CAST(x'ff' || source AS TEXT) WHERE idx = 3",
    "archive": "INSERT INTO log_archives VALUES (0, 'x', 5, 5, 5, 5, 5)",
    "mark": "INSERT INTO log_pruned VALUES (5, 'x', x'ff')",
    "size": "UPDATE log_state SET size = 'x'",
    "end": "DELETE FROM log_entries WHERE idx > 298",
    "shorter": "DELETE FROM log_checkpoints WHERE size > 290",
}
#: and where nobody can know how long the log is
HEADLESS: dict[str, str] = {
    "checkpoint": "UPDATE log_checkpoints SET note = 'junk'",
    "no checkpoint": "DELETE FROM log_checkpoints",
}


@asynccontextmanager
async def _inspected(state: Path) -> AsyncIterator[Inspector]:
    """After one whole round."""
    inspection, reader = open_inspection(URL, state), open_reader(URL, state)
    inspector, place, steps = (
        Inspector(inspection, reader, TreeProofs(reader, reader)),
        InspectionPosition(),
        0,
    )
    while (following := await inspector.inspect(place)) is not None:
        place, steps = following, steps + 1
        assert steps < 20
    yield inspector
    await inspection.close()
    await reader.close()


@pytest.mark.parametrize("variant", POISON)
async def test_inspection_names_what_nobody_can_read_and_goes_on(
    variant: str, state: Path, logged: io.BytesIO
) -> None:
    if variant == "archive":
        operate(state, "INSERT INTO log_pruned VALUES (1, 0, '')")
    operate(state, POISON[variant], "UPDATE log_entries SET requester = 'nobody' WHERE idx = 110")
    async with _inspected(state) as inspector:
        assert (inspector.altered > 1, inspector.state) == (True, "altered")
    # A whole tile that is another one, or the times of a block, are more than is told in one round.
    assert variant in {"tile", "block"} or '"log_index":110' in logged.getvalue().decode()


@pytest.mark.parametrize("variant", HEADLESS)
async def test_log_without_its_end_is_altered_once(variant: str, state: Path) -> None:
    operate(state, HEADLESS[variant])
    async with _inspected(state) as inspector:
        assert (inspector.altered, inspector.state) == (1, "altered")
        assert await inspector.inspect(InspectionPosition()) is None
        assert inspector.altered == 1


async def test_row_of_another_kind_hides_no_other_record(state: Path, served: Served) -> None:
    operate(
        state,
        *(
            f"UPDATE append_log SET leaf = {odd} WHERE seq = (SELECT seq FROM log_entries WHERE idx = {place})"  # noqa: S608 -- ours
            for place, odd in (*ODD.items(), FORGED)
        ),
    )
    async with served(state) as (office, _):
        places: dict[int, tuple[bool, bool]] = {}
        cursor: dict[str, Any] = {}
        while True:
            status, page = await office.post("/v1/audit/search", {**cursor, "limit": 200})
            assert status == 200, page
            fits("AuditPage", page)
            places |= {one["leaf_index"]: ("unreadable" in one, "altered" in one) for one in page["records"]}
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        lines = await export(office, {"to": 12})
        found = await office.export(search={"phase": "intent"})
        vkey = office.vkey
    assert set(places) >= set(range(300))
    assert {place for place, (unreadable, _) in places.items() if unreadable} == set(ODD)
    assert {place for place, (_, altered) in places.items() if altered} == {*ODD, FORGED[0]}
    assert lines is not None
    assert set(ODD) <= {one.index for one in verify_export(io.BytesIO(lines), [vkey]).findings}
    assert not verify_export(io.BytesIO(found), [vkey]).good


async def test_tile_that_is_lost_is_named_and_reading_has_words_of_its_own(
    state: Path, served: Served
) -> None:
    operate(state, "DELETE FROM log_tiles")
    async with served(state) as (office, _):
        for path, client, body in (
            ("/v1/audit/export", "auditor", {"from": 10, "to": 20}),
            ("/v1/audit/export", "auditor", {"search": {"phase": "intent"}}),
        ):
            status, problem = await office.post(path, body, client)
            assert (status, problem["code"]) == (500, "log_altered")
            assert "tile 0/0" in problem["detail"]
        (state / "exchange.db").rename(state / "elsewhere.db")
        async with office.session.get(f"{office.url}/log/checkpoint") as answer:
            problem = await answer.json()
        assert (answer.status, problem["code"]) == (503, "log_unavailable")
        assert "cannot be read" in problem["title"]
        assert "record" not in problem["detail"]
        (state / "elsewhere.db").rename(state / "exchange.db")
