"""The keeper's commands over PostgreSQL, through the door of a running gateway."""

import asyncio
import io
from pathlib import Path

import orjson

from gateway.exchange_log.verify import verify_export
from tests.keeping.shelf import COLD, WHO, facts, fill, opened


async def test_months_are_erased_archived_and_pruned_beside_a_running_gateway(
    postgres_url: str, tmp_path: Path
) -> None:
    url = postgres_url
    hashes = await fill(tmp_path, count=20, url=url)
    store = ("--set", f"gateway.log.url={url}")
    async with opened(tmp_path, url) as office:
        said = await asyncio.to_thread(facts, tmp_path, "erase-period", COLD[2], "--yes", *store)
        assert said == {"period": COLD[2], "again": False, "clean": False, "remains": ["journal"]}
        _, page = await office.post(
            "/v1/audit/search", {"subject": {"personal_id": WHO}, "phase": "intent", "limit": 200}
        )
        places = [one["leaf_index"] for one in page["records"]]
        assert (places, page["skipped_periods"]) == ([*range(99, 59, -1), *range(39, -1, -1)], [COLD[2]])
        # The floor follows what has surely ended.
        await office.settled(await office.plant())
        await office.settled(await office.plant())
        made = await asyncio.to_thread(facts, tmp_path, "log", "archive", *store)
        files = [str(Path(made["folder"]) / one["name"]) for one in made["archives"]]
        assert [one["count"] for one in made["archives"]] == [20] * 4
        admin = (*store, "--set", f"gateway.log.admin_url={url}")
        words = ("--archive", files[0], "--archive", files[1])
        gone = await asyncio.to_thread(facts, tmp_path, "log", "prune", "--yes", *words, *admin)
        assert gone["pruned"] == 40
        for place in (0, 39, 40, 99):
            status, raw = await office.get(f"/v1/audit/proof/inclusion?leaf_hash={hashes[place]}")
            found = orjson.loads(raw)
            assert (status, found["leaf_index"], found.get("pruned", False)) == (200, place, place < 40)
        status, problem = await office.post("/v1/audit/export", {"from": 39})
        assert (status, problem["code"]) == (410, "log_pruned")
        raw = await office.export(**{"from": 40})
        assert verify_export(io.BytesIO(raw), [office.vkey]).good
        changed = await asyncio.to_thread(facts, tmp_path, "keys", "rotate", "root", *store)
        assert len(await office.found(subject={"personal_id": WHO}, phase="intent")) == 40
    told = facts(tmp_path, "keys", "list", *store)
    assert told["root"]["id"] == changed["root"]
    assert {one["period"]: one["living"] for one in told["periods"]}[COLD[2]] is False
