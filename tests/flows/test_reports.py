"""`motlan log report` against a running gateway, as an auditor types it."""

import json
from pathlib import Path
from typing import Any

from tests.flows.test_audit import _motlan, _served

MISTAKES: tuple[tuple[str, int, str], ...] = (
    ("gossip --month 2026-11", 2, "requesters"),
    ("requesters", 2, "give month"),
    ("requesters --month november", 2, "month"),
    ("requesters --month 2026-11 --weeks 4", 2, "only the report volume"),
    ("hours --month 2026-11 --office late", 2, "07:00-18:00"),
    ("hours --month 2026-11 --weekdays Monday", 2, "12345"),
    ("hours --month 2026-11 --holiday 2.9.", 2, "2026-09-02"),
    ("requesters --month 2026-11 --out no/such/folder", 2, "cannot be written"),
    ("requesters --month 2026-11 --client-id portal", 1, "lacks the scope"),
)


async def test_reports_are_read_as_table_json_and_csv(tmp_path: Path) -> None:
    async with _served(tmp_path) as content:
        person = next(one for one in content["personas"] if "facts_example" in one["traits"])
        who = {key: person[key] for key in ("personal_id", "full_name", "birth_date")}
        words = "prefill 1.004873 --subject requester=- --subject person=same:requester --json"
        code, answer, _ = await _motlan(tmp_path, *words.split(), given=json.dumps(who))
        exchange = json.loads(answer)["exchange_id"]
        assert code == 0
        while not (found := await _report(tmp_path, "lookups"))["totals"]["on_duty"]:
            pass
        assert (found["rows"], found["totals"]["on_duty_without_dossier"]) == ([], 1)
        code, out, _ = await _motlan(tmp_path, *f"log report requesters {_SPAN}".split())
        assert (code, "hệ thống khai thác" in out) == (0, True)
        assert "Each exchange counts once" in out
        file = tmp_path / "hours.csv"
        words = f"log report hours {_SPAN} --office 00:00-00:01 --format csv --out {file}"
        code, out, _ = await _motlan(tmp_path, *words.split())
        assert (code, out) == (0, "")
        assert exchange in file.read_text("utf-8-sig")
        assert person["personal_id"] not in file.read_text("utf-8-sig")
        # the outcome has its place in the log a little later than the intent
        while not (outcomes := (await _report(tmp_path, "outcomes"))["rows"]):
            pass
        assert {"civil_status", "population"} <= {one["source"] for one in outcomes}
        for mistake, wanted, told in MISTAKES:
            got, out, err = await _motlan(tmp_path, *f"log report {mistake}".split())
            assert (got, told in err) == (wanted, True), mistake + out + err


_SPAN = "--since 2026-01-01 --until 2027-02-01"


async def _report(folder: Path, report: str) -> Any:
    code, out, err = await _motlan(folder, *f"log report {report} {_SPAN} --json".split())
    assert code == 0, err
    return json.loads(out)
