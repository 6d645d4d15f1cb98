"""The configuration in force is a record: an auditor with a copy of the files knows which rules allowed an exchange."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from gateway.cli.check import check_config
from gateway.serving.server import ServeOptions, running
from tests import fresh
from tests.flows.conftest import ROOT, House
from tests.flows.test_records import records

PORTS = {f"gateway.{name}.port": "0" for name in ("api", "admin")}


def configurations(house: House) -> list[dict[str, Any]]:
    return [record for record in records(house) if record["phase"] == "configuration"]


def digests(config: Path) -> dict[str, Any]:
    """What `motlan check-config --json` says of a folder."""
    done = CliRunner().invoke(check_config, [str(config), "--json"], standalone_mode=False)
    said: dict[str, Any] = json.loads(done.output)
    assert done.return_value == 0, said
    return said


async def test_every_exchange_names_a_configuration_that_was_recorded_before(house: House) -> None:
    who = house.subject("facts_example")
    await house.prefill("1.004873", {"requester": who, "person": {"same_as": "requester"}})
    first, *others = records(house)
    assert (first["phase"], first["result"]) == ("configuration", "start")
    assert {one["config"] for one in others} == {first["config"]}
    assert set(first["notes"]) == {
        "gateway", "settings", "agencies", "purposes", "published_scopes", "agreements", "requesters", "sources",
        "portals", "mappings", "schemas", "consents", "holidays", "communes", "refusal_grounds",
    }  # fmt: skip


async def test_changed_rule_is_seen_in_the_next_record_and_computed_from_the_files(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for folder in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / folder, root / folder)
    fresh.log_in(tmp_path / "state")
    said = []
    for step in range(3):
        if step == 2:
            agreement = root / "config" / "agreements" / "portal.yaml"
            agreement.write_text(agreement.read_text("utf-8").replace("2027-12-31", "2027-12-30"), "utf-8")
        async with running(
            ServeOptions(root=root, config=root / "config", state=tmp_path / "state", overrides=PORTS)
        ):
            pass
        said.append(await asyncio.to_thread(digests, root / "config"))
    house = type("Kept", (), {"state": tmp_path / "state"})
    kept = configurations(house)  # type: ignore[arg-type]  # its state is all that is read
    assert kept[0]["config"] == kept[1]["config"] != kept[2]["config"]
    differ = {name for name, digest in kept[1]["notes"].items() if kept[2]["notes"][name] != digest}
    assert differ == {"agreements"}
    # the ports above are overrides, which the files do not have
    for one, told in zip(kept, said, strict=True):
        assert {**told["digests"], "settings": ""} | {"gateway": one["notes"]["gateway"]} == {
            **one["notes"], "settings": ""
        }  # fmt: skip
