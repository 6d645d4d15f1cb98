"""Rows that no database of ours would hold: each is told by its place, and hides nothing else."""

import io
from pathlib import Path
from typing import Any

from gateway.exchange_log.verify import verify_export
from tests.tampering.conftest import Served, operate
from tests.tampering.test_database import export

#: what an operator puts into the place of a leaf
ODD = {3: "CAST(x'ff' AS TEXT)", 5: "5", 7: "5.5", 9: "'text'"}


async def test_row_of_another_kind_hides_no_other_record(state: Path, served: Served) -> None:
    operate(
        state,
        *(
            f"UPDATE append_log SET leaf = {odd} WHERE seq = (SELECT seq FROM log_entries WHERE idx = {place})"  # noqa: S608 -- ours
            for place, odd in ODD.items()
        ),
    )
    async with served(state) as (office, _):
        places: dict[int, bool] = {}
        cursor: dict[str, Any] = {}
        while True:
            status, page = await office.post("/v1/audit/search", {"limit": 200, **cursor})
            assert status == 200, page
            places |= {one["leaf_index"]: "unreadable" in one for one in page["records"]}
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        lines = await export(office, {"to": 12})
        found = await export(office, {"search": {"phase": "intent"}})
        vkey = office.vkey
    assert set(places) >= set(range(300))
    assert {place for place, unreadable in places.items() if unreadable} == set(ODD)
    assert lines is not None
    assert set(ODD) <= {one.index for one in verify_export(io.BytesIO(lines), [vkey]).findings}
    assert found is not None
    assert not verify_export(io.BytesIO(found), [vkey]).good
