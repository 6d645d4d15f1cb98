"""The minimisation report: agreed but never needed, needed but not agreed, as a table and for machines."""

import json
import shutil
from pathlib import Path
from typing import Any

from tests.typed import motlan

ROOT = Path(__file__).parents[2]
AGREED = "agreements.one_gate_land"


def reported(*words: str) -> Any:
    said = motlan("check-config", *words, "--json")
    assert said.code == 0, said.out
    return json.loads(said.out)["minimisation"]


def row(report: Any, requester: str, procedure: str) -> Any:
    [found] = [
        one for one in report["procedures"] if (one["requester"], one["procedure"]) == (requester, procedure)
    ]
    return found


def copied(folder: Path, *changes: tuple[str, str]) -> Path:
    """A project whose counters agreed on something else of land."""
    for room in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / room, folder / room)
    file = folder / "config/agreements/one_gate_land.yaml"
    text = file.read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, "utf-8")
    return file


VOUCHER = ("[voucher, paid_on, ", "[")


def test_report_says_what_a_procedure_gets_and_lacks_under_each_requester(tmp_path: Path) -> None:
    copied(tmp_path, VOUCHER)
    report = reported(str(tmp_path / "config"))
    mine = row(report, "one_gate", "1.012753")
    assert mine["lacks"] == ["financial_obligation.voucher", "financial_obligation.paid_on"]
    assert {"person.full_name", "land_parcel.area"} <= {*mine["gets"]}
    assert mine["demands"] == ["official:one_gate_land", "dossier:one_gate_land"]
    assert (mine["fields"], mine["filled"]) == (8, 8)
    assert row(report, "portal", "1.012753")["lacks"] == []
    assert not [one for one in report["procedures"] if one["requester"] in ("auditor", "citizen")]


def test_attribute_that_is_agreed_and_not_needed_by_its_own_procedures_is_told(tmp_path: Path) -> None:
    file = copied(tmp_path, VOUCHER, ("full_name, permanent", "full_name, ethnicity, permanent"))
    surplus = reported(str(tmp_path / "config"))["never_needed"]
    wanted = {
        "agreement": "one_gate_land", "data_service": "population.TraCuuThongTinCongDan", "attributes": ["ethnicity"],
    }  # fmt: skip
    assert wanted in surplus
    # trials try any attribute, for no procedure
    assert "source_trial" not in {one["agreement"] for one in surplus}
    file.write_text(
        file.read_text("utf-8").replace("full_name, ethnicity, permanent", "full_name, permanent"), "utf-8"
    )
    table = motlan("check-config", str(tmp_path / "config")).out
    assert "needed, not agreed" in table
    assert "financial_obligation.voucher" in table
