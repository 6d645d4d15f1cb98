"""Attest over what the log holds: answers that came late, and a month whose keys were destroyed."""

import asyncio
from pathlib import Path
from typing import Any

from adapters.stores.opening import open_log
from adapters.stores.sequencer import open_sequencer
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import new_exchange_id
from tests import fresh
from tests.api.office import fits
from tests.keeping.shelf import COLD, ORIGIN, URL, WHO, motlan, opened
from tests.stores.sample import some_record

MONTH = COLD[1]
EARLY, LATE = "Trịnh Thị Một", "Trịnh Thị Hai"


async def answered(folder: Path) -> str:
    """An exchange of a past month: what it answered, and what a late source made of it."""
    fresh.log_in(folder)
    log, sequencer = open_log(URL, folder, ORIGIN, None), open_sequencer(URL, folder, ORIGIN)
    exchange = new_exchange_id()
    for day, name in ((1, EARLY), (2, LATE)):
        await log.append(some_record(
            exchange=exchange, phase=Phase.OUTCOME, time=f"{MONTH}-{day:02}T03:04:05.678Z", procedure="1.004222",
            subjects={"applicant": f"person|{WHO}"},
            fields={"hoTen": f'"{name}"'.encode(), "gioiTinh": '"Nữ"'.encode(), "chuHo.quanHe": b'"Con"'},
            notes={"doubtful": "gioiTinh"},
        ))  # fmt: skip
    sequencer.start()
    await log.close()
    await sequencer.close()
    return exchange


async def test_attest_tells_what_a_late_answer_changed_and_says_when_nobody_can_tell_any_more(
    tmp_path: Path,
) -> None:
    exchange = await answered(tmp_path)
    form = {"hoTen": EARLY, "gioiTinh": "Nam", "chuHo": {"quanHe": "Con", "tuoi": "3"}, "email": "a@b.vn"}
    body: dict[str, Any] = {"exchange_id": exchange, "form": form}
    async with opened(tmp_path) as office:
        status, told = await office.post("/v1/attest", body, client="portal")
        assert status == 200
        fits("Attested", told)
        assert told["fields"] == {
            "hoTen": {"state": "source_changed"},
            "gioiTinh": {"state": "corrected_by_citizen"},  # its value was in doubt
            "chuHo.quanHe": {"state": "unchanged"},
            "email": {"state": "unknown_field", "detail": "typed_by_citizen"},
            "chuHo.tuoi": {"state": "unknown_field", "detail": "no_such_field"},
        }
        # what was in force then may have ended since: the papers of that day are to be decided again
        assert told["checked_at"] == f"{MONTH}-01T03:04:05.678Z"
        assert {*told["stale"].values()} == {"earlier_day"}
        assert told["stale"].keys() <= told["papers"].keys()
        _, told = await office.post("/v1/attest", {**body, "form": {"hoTen": LATE}}, client="portal")
        assert told["fields"]["hoTen"] == {"state": "unchanged"}
        assert told["fields"]["chuHo.quanHe"] == {"state": "corrected_by_citizen", "detail": "left_out"}
        await asyncio.to_thread(motlan, tmp_path, "erase-period", MONTH, "--yes")
        status, told = await office.post("/v1/attest", body, client="portal")
        assert (status, told["comparable"], told["reason"]) == (200, False, "period_keys_erased")
        fits("Attested", told)
        assert told["fields"]["hoTen"] == told["fields"]["gioiTinh"] == {"state": "cannot_tell"}
